"""What refsim is timed against: the same network dense in PyTorch, and spikingjelly's own of the same size."""

from importlib.util import find_spec

from refsim.architectures.meta_spikeformer import MetaSpikeformerConfig
from refsim.architectures.spike_driven_transformer import SpikeDrivenTransformerConfig
from refsim.architectures.spikformer import SpikformerConfig
from refsim.bench.dense import DenseNetwork
from refsim.bench.machine import module_version
from refsim.bench.timing import interleaved

DENSE, SPIKINGJELLY = "PyTorch float32", "spikingjelly"

PATCHES = {(2, 3): 4, (0, 1, 2, 3): 16}
"""Pooled stages of the stem by spikingjelly's patch size."""


class Absent(Exception):
    """A peer that cannot be timed here; its message says why."""


def require_module(module):
    """Raise `Absent` where a module cannot be imported."""
    if find_spec(module) is None:
        raise Absent(f"{module} is not installed (pip install 'refsim[bench]')")


def set_threads(threads):
    """Give PyTorch, where it is there, as many threads as everything else."""
    if find_spec("torch") is not None:
        import torch

        torch.set_num_threads(threads)


def dense_peer(network, config, image):
    """Build the dense network in the faster of two memory layouts.

    Returns
    -------
    work : callable
        Runs the image and returns the logits.
    note : str
    dense : DenseNetwork

    Raises
    ------
    Absent
        Without PyTorch.
    """
    require_module("torch")
    layouts = {"channels last": True, "channels first": False}
    candidates = {name: DenseNetwork(network, channels_last) for name, channels_last in layouts.items()}
    times = interleaved({name: lambda dense=dense: dense.run(image) for name, dense in candidates.items()}, 2)
    faster = min(times, key=lambda name: min(times[name].seconds))
    note = f"same integers, {faster}"
    if isinstance(config, MetaSpikeformerConfig):
        note += ", convolutions fused as refsim has them: separable ones would be fewer multiplications"
    dense = candidates[faster]
    return lambda: dense.run(image), note, dense


def spikingjelly_peer(network, config, image):
    """Build spikingjelly's own model of the same size, in evaluation mode, with random weights of its own.

    Returns
    -------
    work : callable
    note : str

    Raises
    ------
    Absent
        Without spikingjelly, or where it has no such model.
    """
    require_module("spikingjelly")
    import torch
    from spikingjelly.activation_based import functional

    torch.manual_seed(0)
    model = spikingjelly_model(config).eval()
    values = torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0).to(torch.float32) / 255

    def work():
        with torch.inference_mode():
            functional.reset_net(model)
            return model(values)

    return work, f"{module_version('spikingjelly')}, its own random weights and firing rates: dense, for time alone"


def spikingjelly_model(config):
    """Return spikingjelly's model of a configuration.

    Raises
    ------
    Absent
        Where there is none.
    """
    if isinstance(config, SpikformerConfig):
        patch = PATCHES.get(config.pooled_stages)
        if patch is None or any(size % patch for size in config.image_size):
            raise Absent(f"has no Spikformer that pools stages {config.pooled_stages} of {config.image_size}")
        from spikingjelly.activation_based.model.spikformer import Spikformer

        image = (config.channels, *config.image_size, patch)
        width = (config.embedding, config.heads, float(config.mlp_ratio), config.depth)
        return Spikformer(config.timesteps, *image, config.classes, *width)
    if isinstance(config, SpikeDrivenTransformerConfig):
        from spikingjelly.activation_based.model.spike_driven_transformer import SpikeDrivenTransformer

        pooling = "".join("1" if stage in config.pooled_stages else "0" for stage in range(4))
        width = (config.embedding, config.heads, config.depth, float(config.mlp_ratio))
        return SpikeDrivenTransformer(config.timesteps, config.channels, config.classes, *width, pooling)
    raise Absent("has no model of this architecture")
