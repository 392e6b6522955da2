"""The PyTorch twin in float64 and the integer network: every value at every site and timestep."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install .[train]")

from refsim.architectures.spiking_transformer import PRESETS, SpikingTransformerConfig  # noqa: E402
from refsim.checkpoints.spiking_transformer import import_spiking_transformer  # noqa: E402
from refsim.network import INPUT_KINDS  # noqa: E402
from refsim.shipped import load_digits, model_names  # noqa: E402
from refsim.simulator import run  # noqa: E402
from refsim.training.checkpoint import load_twin, save_checkpoint  # noqa: E402
from refsim.training.loop import time_first  # noqa: E402
from refsim.training.twin import Thresholds, Twin  # noqa: E402

CHECKPOINTS = Path(__file__).parents[2] / "golden" / "checkpoints"
MNIST = Path(__file__).parents[3] / "shared" / "data" / "mnist" / "test-first-5000.npz"
BATCH = 50


def assert_bit_exact(checkpoint, images):
    """Hold every site of both against each other, batch by batch.

    A site's real values are its integers on a dyadic step of each channel, so that one power of two for each channel
    must turn the integers into the reals; spikes of binary and ternary neurons must be equal as they are.
    """
    network, twin = import_spiking_transformer(checkpoint, "model"), load_twin(checkpoint)[0]
    compared = set()
    for start in range(0, len(images), BATCH):
        batch, trace = images[start : start + BATCH], {}
        with torch.no_grad():
            sums = twin(torch.from_numpy(batch).double()[:, None], trace).numpy()
        real = {site: channels_last(site, values.numpy()) for site, values in trace.items()}
        results = [run(network, image, record="*", threads=1) for image in batch]
        scale = network.logit_denominator // twin.logit_denominator
        np.testing.assert_array_equal(np.stack([result.logits for result in results]), sums * scale)
        for site, values in real.items():
            integers = np.stack([result.trace[site] for result in results], axis=1).reshape(values.shape)
            assert_same_on_dyadic_steps(site, integers, values, leak_shift=1)
            compared.add(site)
        for site, values in real.items():
            if f"{site}.membrane" in real and not site.endswith(".map"):
                spikes = np.stack([result.trace[site] for result in results], axis=1).reshape(values.shape)
                np.testing.assert_array_equal(spikes, values, err_msg=site)
    assert set(network.signals) - compared == {"input", "head.logits.total"}


def channels_last(site, values):
    """Bring the twin's frames (T, B, C, Y, X) to (T, B, Y, X, C); tokens and scores stay."""
    return values.transpose(0, 1, 3, 4, 2) if site.startswith("stem.") and values.ndim == 5 else values


def assert_same_on_dyadic_steps(site, integers, real, leak_shift):
    """Find each channel's power of two and demand equality everywhere."""
    integers = integers.astype(np.float64)
    if site.endswith(".membrane"):
        timesteps = np.arange(len(integers)).reshape(-1, *[1] * (integers.ndim - 1))
        integers = np.ldexp(integers, -leak_shift * timesteps)
    integers, real = integers.reshape(-1, integers.shape[-1]), real.reshape(-1, real.shape[-1])
    first = (integers != 0).argmax(axis=0)
    channels = np.arange(integers.shape[1])
    numerator, denominator = real[first, channels], integers[first, channels]
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(denominator != 0, numerator / denominator, 1.0)
    assert (np.frexp(scale)[0] == 0.5).all(), f"{site}: a channel's scale is no power of two"
    np.testing.assert_array_equal(integers * scale, real, err_msg=site)


@pytest.mark.parametrize("name", model_names())
def test_bit_exact_on_real_images(name):
    """Trained weights: spikes, membranes, sums and logits of every shipped model, the rows of the ablation on fewer."""
    count = 200 if "a2os2a" in name else 50
    assert_bit_exact(CHECKPOINTS / f"{name}.safetensors", images_of(name)[:count])


def images_of(name):
    """Return the images that a model was tested on: the embedded digits, or MNIST where it is at hand."""
    if name.startswith("digits"):
        return load_digits("test")[0]
    if not MNIST.exists():
        pytest.skip("the MNIST data set is not part of the repository")
    with np.load(MNIST) as mnist:
        return mnist["images"]


def perturbed_twin(**fields):
    """An untrained twin whose BatchNorms are far from the identity."""
    torch.manual_seed(0)
    twin = Twin(
        SpikingTransformerConfig(**{"image_size": (8, 8), "embedding": 32, "heads": 2, **fields}), Thresholds(0.5, 1.0)
    )
    with torch.no_grad():
        for module in twin.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(0.02, 0.1)
                module.weight.uniform_(-2, 2)
                module.bias.uniform_(-0.2, 0.8)
    return twin.eval()


def random_inputs(network, count):
    """Return images or frames of any value that a network takes."""
    dtype, low, high = INPUT_KINDS[network.input.kind]
    shape = network.input.shape if network.input.is_static else (network.timesteps, *network.input.shape)
    return np.random.default_rng(0).integers(low, high + 1, (count, *shape), dtype)


def test_a_checkpoint_has_the_rights_of_any_new_file(tmp_path):
    """As the umask leaves them, and nothing else is left beside it."""
    save_checkpoint(tmp_path / "twin.safetensors", perturbed_twin().fold(), {})
    (tmp_path / "another").touch()
    assert (tmp_path / "another").stat().st_mode == (tmp_path / "twin.safetensors").stat().st_mode
    assert {"another", "twin.safetensors"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "fields",
    [
        *({**kinds} for kinds in PRESETS.values()),
        {"reset": "subtract"},
        {"leak_shift": 2},
        {"halve_input": False},
        {"leak_shift": 2, "halve_input": False, "reset": "subtract"},
        {"timesteps": 1},
        {"timesteps": 7},
        {"q": "relu", "k": "ternary"},
        {"scores": "ternary", "v": "relu"},
        {"scores": "binary", "k": "relu"},
        {"pooled_stages": (0, 2)},
        {"image_size": (9, 13), "channels": 3},
        {"input": "binary", "channels": 2},
        {"input": "ternary", "timesteps": 3},
        {"input": "graded", "channels": 2},
    ],
    ids=str,
)
def test_bit_exact_on_every_option(tmp_path, fields):
    """Untrained weights, random images or frames: every preset, neuron constant, wiring and kind of input."""
    twin = perturbed_twin(**fields).fold()
    save_checkpoint(tmp_path / "twin.safetensors", twin, {})
    network, twin = (
        import_spiking_transformer(tmp_path / "twin.safetensors", "model"),
        load_twin(tmp_path / "twin.safetensors")[0],
    )
    for image in random_inputs(network, 3):
        trace = {}
        with torch.no_grad():
            twin(time_first(torch.from_numpy(np.moveaxis(image, -1, -3).astype(np.float64))[None]), trace)
        result = run(network, image, record="*")
        for site, values in trace.items():
            real = channels_last(site, values.numpy())
            integers = result.trace[site].reshape(real.shape)
            assert_same_on_dyadic_steps(site, integers, real, twin.config.leak_shift)


def test_folding_keeps_the_function():
    """Before rounding, the folded layer computes what convolution and BatchNorm did."""
    twin = perturbed_twin()
    layer = twin.stem.conv1
    frames = torch.rand(2, 4, 8, 8)
    with torch.no_grad():
        before = layer(frames)
        layer.fold()
        after = torch.nn.functional.conv2d(frames, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)
