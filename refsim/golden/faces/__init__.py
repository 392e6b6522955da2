"""One case, four faces with equal content: .npy, plain text, C and hex for Verilog."""
