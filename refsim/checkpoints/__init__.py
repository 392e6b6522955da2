"""From trained checkpoints of floats to networks of integers."""
