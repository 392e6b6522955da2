"""The PyTorch twin and its training: an optional extra that nothing above imports."""
