"""The ways in which an implementation answers cases: a Python function, an executable, a dumped trace."""
