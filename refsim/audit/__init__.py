"""The proof that nothing multiplies."""
