"""Checkpoints of the seven layouts become networks; what is wrong with one is refused by name."""

from dataclasses import asdict

import numpy as np
import official_keys
import pytest
from layouts import CLASSES, DEPTH, EMBEDDING, LAYOUTS, NAMES, checkpoint, imported, saved
from synthetic import pixels

from refsim import model_file
from refsim.architectures import meta_spikeformer, spike_driven_transformer, spikformer
from refsim.checkpoints.conventions import Conventions
from refsim.checkpoints.lineage import ARCHITECTURES, VARIANTS, variant_of
from refsim.checkpoints.tensors import Tensors
from refsim.simulator import run

of_every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=NAMES)


def operators(network, kind):
    """The operators of one kind by site."""
    return {node.name: node.operator for node in network.nodes if node.operator.kind() == kind}


def weights_of(network):
    """All weights by site."""
    return {node.name: node.operator.weights for node in network.nodes if hasattr(node.operator, "weights")}


def shown(network):
    """An image of 32 x 32 pixels, or as many frames of counts as the network has timesteps."""
    images = pixels(0, 1 if network.input.is_static else network.timesteps, 3, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images[0]) if network.input.is_static else (images >> 6).astype(np.int8)


def test_every_layout_is_tested():
    """The layouts here are those that can be imported."""
    variants = [(variant.architecture, variant.layout) for variant in VARIANTS]
    assert sorted(variants) == sorted((layout.architecture, layout.name) for layout in LAYOUTS)
    assert ("spikformer", "spike-driven-transformer", "meta-spikeformer") == ARCHITECTURES


@of_every_layout
def test_a_checkpoint_becomes_a_network(layout, tmp_path):
    """Of its classes and image; its provenance states what it is, and an image makes nine layers of ten fire."""
    outcome = imported(layout, checkpoint(layout), tmp_path)
    network = outcome.network
    assert (4, (32, 32, 3)) == (network.timesteps, network.input.shape)
    assert (layout.architecture, layout.name) == (network.provenance["architecture"], network.provenance["layout"])
    seen = network.provenance["pixel_mean" if network.input.is_static else "frames"]
    assert seen == ([0.4914, 0.4822, 0.4465] if network.input.is_static else "graded")
    result = run(
        network, shown(network), record=[node.name for node in network.nodes if node.operator.is_neuron], threads=1
    )
    assert (1, CLASSES) == network.signals[network.nodes[-1].name].shape
    fired = [spikes.any() for spikes in result.trace.values()]
    assert len(fired) > 15 and sum(fired) > 0.9 * len(fired)


@of_every_layout
@pytest.mark.parametrize("timesteps", [1, 2, 3, 4])
def test_every_number_of_timesteps(layout, timesteps, tmp_path):
    """The logits are those of as many timesteps, and so is their denominator: T for each unit of the head."""
    one = imported(layout, checkpoint(layout), tmp_path, timesteps=1).network
    network = imported(layout, checkpoint(layout), tmp_path, timesteps=timesteps).network
    assert timesteps * one.logit_denominator == network.logit_denominator
    neuron = next(node.name for node in network.nodes if node.operator.is_neuron)
    assert timesteps == len(run(network, shown(network), record=[neuron], threads=1).trace[neuron])


@of_every_layout
def test_widths_of_weights(layout, tmp_path):
    """16 bits give int16 and the smallest errors of rounding, 4 bits none beyond 7 and the largest, at every site.

    BatchNorms of a quarter keep what is folded below 7, as 4 bits before a neuron ask.
    """
    tensors = checkpoint(layout)
    tensors |= {name: values / 4 for name, values in tensors.items() if name.endswith("bn1.weight")}
    errors, largest = {}, {}
    for bits, dtype in ((4, np.int8), (8, np.int8), (16, np.int16)):
        outcome = imported(layout, tensors, tmp_path, bits=bits)
        weights = weights_of(outcome.network)
        assert all(values.dtype == dtype for values in weights.values())
        largest[bits] = max(int(np.abs(values).max()) for values in weights.values())
        errors[bits] = {rounding.site: rounding.largest_error for rounding in outcome.roundings}
        assert sorted(errors[bits]) == sorted(weights)
    assert all(errors[16][site] < errors[8][site] < errors[4][site] for site in errors[8])
    assert largest[4] <= 7 and 64 <= largest[8] <= 127 and 2**14 <= largest[16] <= 2**15 - 1


@of_every_layout
def test_the_same_checkpoint_gives_the_same_bytes(layout, tmp_path):
    """Also read from another folder; another checkpoint gives others."""
    (tmp_path / "again").mkdir()
    hashes = [
        model_file.content_hash(imported(layout, checkpoint(layout, seed), folder).network)
        for seed, folder in ((0, tmp_path), (0, tmp_path / "again"), (1, tmp_path))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


@of_every_layout
def test_neurons_on_the_whole_input_with_twice_the_threshold_are_the_same(layout, tmp_path):
    """(v + x) / 2 >= 1 for v + x >= 2: the papers' form, U = H + X, fires the same spikes at twice the thresholds."""
    tensors = checkpoint(layout)
    halved = imported(layout, tensors, tmp_path).network
    whole = imported(layout, tensors, tmp_path, halve_input=False, threshold=2.0, attention_threshold=1.0).network
    neurons = [node.name for node in halved.nodes if node.operator.is_neuron]
    assert not any(operator.halve_input for operator in operators(whole, "LIF").values())
    first, second = (run(network, shown(network), record=neurons, threads=1) for network in (halved, whole))
    for site in neurons:
        np.testing.assert_array_equal(first.trace[site], second.trace[site], err_msg=site)
    assert np.array_equal(first.logits, second.logits)


@of_every_layout
def test_neurons_on_the_whole_input_fire_more(layout, tmp_path):
    """With thresholds as they are the first layer needs half the current; gates at a half are those at one spike."""
    tensors = checkpoint(layout)
    halved = imported(layout, tensors, tmp_path).network
    whole = imported(layout, tensors, tmp_path, halve_input=False).network
    gates = [operator for site, operator in operators(whole, "LIF").items() if site.endswith("gate")]
    assert all((gate.thresholds == 1).all() for gate in gates)
    assert len(gates) == (DEPTH if layout.architecture == "spike-driven-transformer" else 0)
    first = next(node.name for node in halved.nodes if node.operator.is_neuron)
    few, many = (run(network, shown(network), record=[first], threads=1).trace[first] for network in (halved, whole))
    assert few.sum() < many.sum()


@pytest.mark.parametrize(
    "table",
    [official_keys.spikformer_imagenet, official_keys.spikformer_cifar, official_keys.spikingjelly_spikformer],
)
@pytest.mark.parametrize("size", [size for size in spikformer.SIZES if not size.endswith("-dvs")])
def test_published_sizes_of_spikformer(table, size):
    """The shapes alone tell the published configuration."""
    published = spikformer.SIZES[size]
    config = detected("spikformer", table(published["embedding"], published["depth"], published["classes"]))
    assert published.items() <= asdict(config).items()
    assert (224 if published["classes"] == 1000 else 32) == config.image_size[0]
    assert {224: 196, 32: 64}[config.image_size[0]] == config.tokens


def test_the_published_size_of_spikformer_for_event_cameras():
    """The shapes and the kind of frames tell it: 128 x 128 places, 16 timesteps and heads, attention by a quarter."""
    published = spikformer.SIZES["2-256-dvs"]
    config = detected("spikformer", official_keys.spikformer_dvs(256, 2), frames="graded")
    assert published.items() <= asdict(config).items()
    assert (64, 2_566_666) == (config.tokens, config.trained_parameters)


@pytest.mark.parametrize("size", spike_driven_transformer.SIZES)
@pytest.mark.parametrize("layout", ["authors", "spikingjelly"])
def test_published_sizes_of_the_spike_driven_transformer(layout, size):
    """The shapes alone tell the published configuration; its heads are always eight."""
    published = spike_driven_transformer.SIZES[size]
    sizes = {"embedding": published["embedding"], "depth": published["depth"], "classes": published["classes"]}
    table = official_keys.spike_driven if layout == "authors" else official_keys.spikingjelly_spike_driven
    assert published.items() <= asdict(detected("spike-driven-transformer", table(**sizes))).items()


@pytest.mark.parametrize("size", meta_spikeformer.SIZES)
@pytest.mark.parametrize("distilled", [False, True])
def test_published_sizes_of_meta_spikeformer(size, distilled):
    """The shapes alone tell the published configuration: six and two transformer blocks, eight heads, 196 tokens."""
    published = meta_spikeformer.SIZES[size]
    table = official_keys.meta_spikeformer(published["widths"], head_kd=distilled)
    config = detected("meta-spikeformer", table)
    assert (published | {"depths": (6, 2), "heads": 8}).items() <= asdict(config).items()
    assert 196 == config.tokens


def detected(architecture, table, **conventions):
    """The configuration of a checkpoint of full size, whose tensors take no memory."""
    tensors = {name: np.broadcast_to(np.float32(0), shape) for name, shape in table.items()}
    variant = variant_of("file", architecture, tensors)
    return variant.importer(Tensors("file", tensors), Conventions(**conventions)).config


def same_but_for_provenance(first, second):
    """Whether two networks are equal but for the hash of the file that they come from."""
    members = [model_file.members_of(network) for network in (first, second)]
    described = [members_of.pop(model_file.NETWORK_MEMBER).tobytes() for members_of in members]
    hashes = [network.provenance["checkpoint_sha256"].encode() for network in (first, second)]
    return (
        members[0].keys() == members[1].keys()
        and all(np.array_equal(members[0][name], members[1][name]) for name in members[0])
        and described[0].replace(hashes[0], b"") == described[1].replace(hashes[1], b"")
    )


def wrapped_forms(tensors, other):
    """Contents of PyTorch files with the same weights, and whether to ask for the average."""
    import torch

    plain, averaged = ({name: torch.from_numpy(np.array(value)) for name, value in t.items()} for t in (tensors, other))
    parallel = {f"module.{name}": value for name, value in plain.items()}
    return {
        "plain.pt": plain,
        "parallel.pth": parallel,
        "timm.pth.tar": {"epoch": 3, "arch": "spikformer", "state_dict": plain, "metric": 0.5},
        "timm-parallel.pth.tar": {"state_dict": parallel, "state_dict_ema": averaged},
        "model.pth": {"model": plain, "epoch": 3},
    }


@of_every_layout
def test_containers_and_wrappings_give_the_same_network(layout, tmp_path):
    """.npz, .safetensors, .pt; module. before every name; timm's state_dict and the model of the Spike-driven V2."""
    torch, numpy_file = pytest.importorskip("torch"), pytest.importorskip("safetensors.numpy")
    from refsim.checkpoints.lineage import import_lineage

    tensors, other = checkpoint(layout), checkpoint(layout, seed=1)
    expected, average = (imported(layout, values, tmp_path).network for values in (tensors, other))
    numpy_file.save_file(tensors, tmp_path / "same.safetensors")
    for name, content in wrapped_forms(tensors, other).items():
        torch.save(content, tmp_path / name)
    conventions = Conventions(**layout.conventions)
    for name in ("same.safetensors", *wrapped_forms(tensors, other)):
        network = import_lineage(layout.architecture, tmp_path / name, "imported", conventions).network
        assert same_but_for_provenance(expected, network), name
        assert not same_but_for_provenance(average, network)
    path = tmp_path / "timm-parallel.pth.tar"
    network = import_lineage(layout.architecture, path, "imported", conventions, ema=True).network
    assert "exponential moving average" == network.provenance["weights"]
    for site, weights in weights_of(average).items():
        assert np.array_equal(weights, weights_of(network)[site])


def test_unused_tensors_do_not_matter(tmp_path):
    """What the released code holds and never calls, and counters of batches, may differ or be absent."""
    never_called = {"norm1", "norm2", "talking_heads", "norm", "pos_embed"}
    for layout, ignored in (
        (LAYOUTS[0], "norm1"),
        (LAYOUTS[1], "norm2"),
        (LAYOUTS[3], "talking_heads"),
        (LAYOUTS[5], "pos_embed"),
    ):
        tensors = checkpoint(layout)
        unused = [
            name for name in tensors if name.endswith("num_batches_tracked") or never_called & set(name.split(".")[-2:])
        ]
        assert any(ignored in name for name in unused)
        without = {name: values for name, values in tensors.items() if name not in unused}
        other = {name: values + 1 if name in unused else values for name, values in tensors.items()}
        first, *rest = (imported(layout, values, tmp_path).network for values in (tensors, without, other))
        assert all(same_but_for_provenance(first, network) for network in rest)


def test_a_distilled_head_is_the_mean_of_both(tmp_path):
    """Two equal heads are one; a second of the opposite sign leaves nothing of it."""
    layout = LAYOUTS[-1]
    tensors = checkpoint(layout)
    head = {name: tensors[name] for name in ("head.weight", "head.bias")}
    twice = tensors | {name.replace("head", "head_kd"): values for name, values in head.items()}
    opposed = tensors | {name.replace("head", "head_kd"): -values for name, values in head.items()}
    single, same, none = (imported(layout, values, tmp_path).network for values in (tensors, twice, opposed))
    assert same_but_for_provenance(single, same)
    assert not weights_of(none)["head.linear"].any() and weights_of(single)["head.linear"].any()


def test_the_file_is_in_the_provenance(tmp_path):
    """Its SHA-256, as another program computes it."""
    import hashlib

    network = imported(LAYOUTS[0], checkpoint(LAYOUTS[0]), tmp_path).network
    content = saved(checkpoint(LAYOUTS[0]), tmp_path, "again.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == network.provenance["checkpoint_sha256"]
    assert EMBEDDING == network.signals["block0.attention.q"].channels
