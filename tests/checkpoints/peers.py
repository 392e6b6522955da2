"""spikingjelly 2.0.0's own Spikformer and Spike-driven Transformer, small, in float64, every neuron layer recorded.

The names are those of the modules. Shapes of the spikes, for T timesteps, B images, D channels, N tokens, H heads:

| Spikformer | spikes |
|---|---|
| patch_embed.stages.0 to 3.neuron, patch_embed.positional_encoding.neuron | (T, B, C, Y, X) |
| blocks.i.attn.qkv_lif | (T, B, 3 D, N), q before k before v |
| blocks.i.attn.attn_lif | (T, B, H, D / H, N) |
| blocks.i.attn.proj_lif, blocks.i.mlp.neuron2 | (T, B, D, N) |
| blocks.i.mlp.neuron1 | (T, B, 4 D, N) |

| Spike-driven Transformer | spikes |
|---|---|
| patch_embed.stages.0 to 2.2, patch_embed.final_lif | (T, B, C, Y, X), before the max pool of a stage |
| blocks.i.attn.shortcut_lif, .q_lif, .k_lif, .v_lif | (T, B, D, Y, X) |
| blocks.i.attn.attn_lif | (T, B, H, 1, D / H) |
| blocks.i.mlp.lif1, .lif2 | (T, B, D, Y, X), (T, B, 4 D, Y, X) |
| head_lif | (T, B, D) |

This Spikformer pools membranes, before the neuron; the Spike-driven stem pools spikes in stages 0 to 2 and the membrane
in the last, and its four convolutions have biases. Channel h E + e belongs to head h.
"""

import numpy as np
import torch
from official_keys import spikingjelly_spike_driven, spikingjelly_spikformer
from recording import run_recorded
from spikingjelly.activation_based import functional, neuron
from spikingjelly.activation_based.model.spike_driven_transformer import SpikeDrivenTransformer
from spikingjelly.activation_based.model.spikformer import Spikformer
from synthetic import pixels, synthetic

CLASSES = 10


def spikformer(seed=3, embedding=32, depth=2, heads=4, side=32, patch=4, channels=3, timesteps=4, qkv_bias=0.0):
    """Build Spikformer with a dyadic checkpoint: (model in eval mode, its tensors).

    ``patch`` 4 pools in the last two stages, 16 in all four.
    """
    tensors = synthetic(spikingjelly_spikformer(embedding, depth, CLASSES, channels), seed, True, qkv_bias)
    model = Spikformer(timesteps, channels, side, side, patch, CLASSES, embedding, heads, 4.0, depth)
    return loaded(model, tensors), tensors


def spike_driven(seed=3, embedding=32, depth=2, heads=4, pooling="0011", channels=3, timesteps=4, qkv_bias=0.0):
    """Build the Spike-driven Transformer with a dyadic checkpoint: (model in eval mode, its tensors)."""
    tensors = synthetic(spikingjelly_spike_driven(embedding, depth, CLASSES, channels), seed, True, qkv_bias)
    model = SpikeDrivenTransformer(timesteps, channels, CLASSES, embedding, heads, depth, 4.0, pooling)
    return loaded(model, tensors), tensors


def loaded(model, tensors):
    """Put tensors in a model of float64, every key matched."""
    model.double().load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in tensors.items()})
    return model.eval()


def record(model, images):
    """Run on float images (B, C, Y, X), already normalised, from cleared states; see ``recording.Recording``.

    Logits are sums over the T timesteps: Spikformer gives logits of each timestep, the Spike-driven Transformer means.
    """
    functional.reset_net(model)
    neurons = [(name, module) for name, module in model.named_modules() if isinstance(module, neuron.BaseNode)]
    recording = run_recorded(model, images, neurons)
    functional.reset_net(model)
    of_each_timestep = recording.logits.ndim == 3
    recording.logits = recording.logits.sum(axis=0) if of_each_timestep else recording.logits * model.T
    return recording


CASES = {
    "spikformer, patch 4": (spikformer, 32, dict(side=32, patch=4, channels=3, seed=3)),
    "spikformer, patch 4, grey": (spikformer, 32, dict(side=32, patch=4, channels=1, seed=1, qkv_bias=-0.5)),
    "spikformer, patch 16": (spikformer, 64, dict(side=64, patch=16, channels=3, seed=1, qkv_bias=0.5)),
    "spikformer, patch 16, grey": (spikformer, 32, dict(side=32, patch=16, channels=1, seed=2, qkv_bias=1.5)),
    "spike_driven, 0011": (spike_driven, 32, dict(pooling="0011", channels=3, seed=3, qkv_bias=-1.0)),
    "spike_driven, 0011, grey": (spike_driven, 32, dict(pooling="0011", channels=1, seed=0, qkv_bias=-1.0)),
    "spike_driven, 1111": (spike_driven, 64, dict(pooling="1111", channels=3, seed=7, qkv_bias=-0.5)),
    "spike_driven, 1111, grey": (spike_driven, 32, dict(pooling="1111", channels=1, seed=11, qkv_bias=0.5)),
}
"""Builder, image side and settings of small models whose layers fire at 5 to 50 % on ``case_images``."""


def case_images(name, count):
    """Draw pixels of uint8 for a case; the model sees ``pixels / 64 - 2``."""
    _, side, settings = CASES[name]
    return pixels(1, count, settings["channels"], side)
