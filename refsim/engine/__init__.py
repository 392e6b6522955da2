"""The fast engine: a network as a plan of steps, each over all timesteps, on spike trains kept as bytes."""
