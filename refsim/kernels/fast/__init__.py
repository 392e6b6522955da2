"""The tuned kernels of the fast engine: the same sums as the plain kernels, over spike trains, all timesteps at once.

A spike train is one byte a neuron: bit t is set where the neuron fires at timestep t. The plain kernels beside this
folder define what is computed; each departure from them is explained where it is made. The arrays that a tuned kernel
writes share no memory with any other of its arrays: see `tuned_kernel`.
"""
