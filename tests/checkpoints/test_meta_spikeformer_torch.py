"""The PyTorch rendering of Meta-SpikeFormer, held against hands and plain loops."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from meta_spikeformer_torch import Lif, MetaSpikeformer, build, record, repconv  # noqa: E402
from official_keys import meta_spikeformer, parameter_count  # noqa: E402
from recording import float64_is_exact, fraction_bits  # noqa: E402
from synthetic import pixels, synthetic, variance_of_root, with_extra, without  # noqa: E402
from torch.nn import functional  # noqa: E402

DIMS, DEPTHS, HEADS, TIMESTEPS = (16, 32, 48, 64), (2, 1), 4, 4


def tensors_of(head_kd=False, seed=3):
    return synthetic(meta_spikeformer(DIMS, DEPTHS, 10, head_kd), seed, dyadic=True, qkv_bias=1.25)


@pytest.fixture(scope="module")
def small():
    """A recorded run of a small model on 50 images: (tensors, recording)."""
    tensors = tensors_of(head_kd=True)
    return tensors, record(build(tensors, HEADS, TIMESTEPS), pixels(1, 50, 3, 32) / 64 - 2)


@pytest.mark.parametrize(
    ("threshold", "currents", "spikes"),
    [
        (1.0, [1.0, 1.0, 1.25, 1.0], [0, 0, 1, 0]),
        (1.0, [2.0, 1.75, -3.0, 3.0], [1, 0, 0, 0]),
        (1.0, [1.75, -1.0, 2.25, 2.0], [0, 0, 1, 1]),
        (0.5, [1.0, 0.875, 0.5, 0.75], [1, 0, 0, 1]),
    ],
)
def test_a_neuron_by_hand(threshold, currents, spikes):
    """Half of membrane plus current; equality fires; a spike clears the membrane; a negative membrane stays.

    By hand: 1/2, 3/4, 1 fires, 1/2. 1 fires, 7/8, -17/16, 31/32. 7/8, -1/16, 35/32 fires, 1 fires.
    With 1/2: 1/2 fires, 7/16, 15/32, 39/64 fires.
    """
    given = Lif(threshold)(torch.tensor(currents, dtype=torch.float64).reshape(4, 1, 1))
    assert given.flatten().tolist() == spikes


def test_the_ring_of_repconv_holds_the_answer_to_zero():
    """On no spikes at all, with BatchNorm's answer 1 and weights 1, each of nine taps counts, also at the border."""
    module = repconv(1).double().eval()
    for name, parameter in module.state_dict().items():
        unit = "running_var" in name
        zero = name.endswith(("bias", "running_mean")) and name != "0.body.1.bn.bias"
        parameter.copy_(torch.from_numpy(variance_of_root(np.ones(1))) if unit else torch.tensor(0.0 if zero else 1.0))
    with torch.no_grad():
        assert torch.equal(module(torch.zeros(1, 1, 3, 4).double()), torch.full((1, 1, 3, 4), 9.0).double())
        one = torch.zeros(1, 1, 3, 3).double()
        one[..., 0, 0] = 1
        expected = torch.tensor([[10.0, 10, 9], [10, 10, 9], [9, 9, 9]]).double()
        assert torch.equal(module(one)[0, 0], expected)


def impulse_response(module, channels):
    """Give (kernel, answer to zero) of a map of 3x3 windows: its answers to single spikes in the middle of 5x5."""
    impulses = torch.zeros(channels, channels, 5, 5).double()
    impulses[range(channels), range(channels), 2, 2] = 1
    with torch.no_grad():
        constant = module(torch.zeros(1, channels, 5, 5).double())
        answers = module(impulses) - constant
    assert torch.equal(constant, constant[:, :, :1, :1].expand_as(constant)), "the answer to zero has a border"
    kernel = answers[:, :, 1:4, 1:4].flip(-1, -2).transpose(0, 1)
    return kernel, constant[0, :, 0, 0]


@pytest.mark.parametrize("part", ["q_conv", "proj_conv"])
def test_repconv_is_a_convolution_of_int8(part):
    """The dyadic RepConv equals a zero-padded 3x3 convolution of integers of at most 127, border included."""
    module = getattr(build(tensors_of(), HEADS, 1).block3[1].attn, part)
    kernel, constant = impulse_response(module, 48)
    spikes = torch.from_numpy(np.random.default_rng(5).integers(0, 2, (3, 48, 4, 5))).double()
    with torch.no_grad():
        assert torch.equal(module(spikes), functional.conv2d(spikes, kernel, constant, padding=1))
    largest = kernel.flatten(1).abs().amax(1)
    if part == "proj_conv":
        largest = largest.max().expand(48)
    steps = torch.exp2(torch.floor(torch.log2(127 / largest)))
    integers = kernel * steps.reshape(-1, 1, 1, 1)
    assert torch.equal(integers, integers.round()) and torch.equal(constant * steps, (constant * steps).round())
    assert (len(set(steps.tolist())) > 1) == (part == "q_conv")


@pytest.mark.parametrize(("block", "wide"), [("1_1", 16), ("1_2", 32), ("2_1", 64), ("2_2", 64)])
def test_the_separable_convolution_is_one_of_int8(block, wide):
    """Depthwise 7x7 and 1x1 of the dyadic checkpoint make one 7x7 convolution of integers of at most 127."""
    chain = getattr(build(tensors_of(), HEADS, 1), f"ConvBlock{block}")[0].Conv
    product = torch.einsum("om,mij->omij", chain.pwconv2.weight[:, :, 0, 0], chain.dwconv.weight[:, 0])
    gain = chain.bn2.weight / torch.sqrt(chain.bn2.running_var + chain.bn2.eps)
    kernel = (product * gain.reshape(-1, 1, 1, 1)).detach()
    integers = kernel * torch.exp2(torch.floor(torch.log2(127 / kernel.abs().max())))
    assert torch.equal(integers, integers.round())
    spikes = torch.from_numpy(np.random.default_rng(5).integers(0, 2, (2, wide, 5, 4))).double()
    with torch.no_grad():
        unfused = chain.bn2(chain.pwconv2(chain.dwconv(spikes)))
        constant = chain.bn2.bias - chain.bn2.running_mean * gain
        assert torch.equal(unfused, functional.conv2d(spikes, kernel, constant, padding=3))


def test_the_strides():
    """224 pixels a side become 112, 56, 28, 14 and 14."""
    recording = record(build(tensors_of(), HEADS, 1), pixels(1, 1, 3, 224) / 64 - 2)
    sides = {name: stream.shape[2:] for name, stream in recording.streams.items()}
    assert sides["downsample1_1"] == sides["ConvBlock1_1.0"] == (8, 112, 112)
    assert sides["downsample1_2"] == sides["ConvBlock1_2.0"] == (16, 56, 56)
    assert sides["downsample2"] == sides["ConvBlock2_2.0"] == (32, 28, 28)
    assert sides["downsample3"] == sides["block3.1"] == (48, 14, 14)
    assert sides["downsample4"] == sides["block4.0"] == (64, 14, 14)


@pytest.mark.parametrize("head_kd", [False, True])
def test_the_keys_are_the_official_ones(head_kd):
    """The state_dict is the table's, key for key and shape for shape, and so is the number of parameters."""
    table = meta_spikeformer(DIMS, DEPTHS, 10, head_kd)
    model = MetaSpikeformer(DIMS, DEPTHS, 10, HEADS, TIMESTEPS, head_kd)
    assert {key: tuple(values.shape) for key, values in model.state_dict().items()} == table
    assert sum(parameter.numel() for parameter in model.parameters()) == parameter_count(table)


@pytest.mark.parametrize("change", [without, with_extra])
def test_every_key_must_match(change):
    """A checkpoint that lacks a tensor or has one too many is not loaded."""
    key = "block3.1.attn.q_conv.0.body.2.0.weight" if change is without else "block3.1.attn.surplus"
    with pytest.raises(RuntimeError, match=key):
        build(change(tensors_of(), key), HEADS, 1)


def test_every_neuron_layer_is_recorded(small):
    """Names come in the order of evaluation, four a convolution block and seven a transformer block."""
    names = list(small[1].spikes)
    assert len(names) == 4 * 4 + 4 + 3 * 7 + 1
    assert names[:3] == ["ConvBlock1_1.0.Conv.lif1", "ConvBlock1_1.0.Conv.lif2", "ConvBlock1_1.0.lif1"]
    attention = [f"attn.{part}_lif" for part in ("head", "q", "k", "v", "attn")]
    assert names[20:29] == [
        *(f"block3.0.{part}" for part in [*attention[1:], "mlp.fc1_lif", "mlp.fc2_lif"]),
        *(f"block3.1.{part}" for part in attention[:3]),
    ]
    assert names[-1] == "lif"


def test_no_neuron_layer_is_silent_or_saturated(small):
    """With the dyadic checkpoint every layer fires at 5 to 50 % of all neurons and timesteps."""
    rates = small[1].rates()
    assert min(rates.values()) > 0.05 and max(rates.values()) < 0.5, rates


def test_float64_is_exact_on_the_dyadic_checkpoint(small):
    """All currents are integers on a step of at least 2**-20, and all membranes stay below 53 bits."""
    recording = small[1]
    assert max(bits for bits, _ in recording.currents.values()) <= 20
    assert float64_is_exact(recording, TIMESTEPS)
    assert max(fraction_bits(stream) for stream in recording.streams.values()) <= 20


def lif_in_plain_python(currents, threshold):
    """The neuron on (T, places) in a loop over places."""
    spikes = np.zeros(currents.shape, np.uint8)
    for place in range(currents.shape[1]):
        membrane = 0.0
        for timestep, current in enumerate(currents[:, place]):
            charged = membrane + (current - membrane) / 2.0
            spikes[timestep, place] = charged >= threshold
            membrane = 0.0 if charged >= threshold else charged
    return spikes


def test_attention_in_plain_loops(small):
    """The attention's spikes are those of Q (K^T V) / 8 in loops over heads, channels and tokens."""
    spikes = small[1].spikes
    q, k, v, given = (spikes[f"block3.1.attn.{part}_lif"][:, 7].astype(int) for part in ("q", "k", "v", "attn"))
    width, context = 48 // HEADS, np.zeros(q.shape)
    for channel in range(48):
        head = slice(channel // width * width, (channel // width + 1) * width)
        for row in range(2):
            for column in range(2):
                scores = np.einsum("tc,tcyx->tyx", q[:, head, row, column], k[:, head])
                context[:, channel, row, column] = (scores * v[:, channel]).sum(axis=(1, 2))
    expected = lif_in_plain_python(context.reshape(TIMESTEPS, -1) / 8, 0.5)
    assert np.array_equal(given.reshape(TIMESTEPS, -1), expected) and expected.any()


def test_the_heads_in_plain_numpy(small):
    """Token means of the last stream, a neuron, and the mean over time and over both heads."""
    tensors, recording = small
    means = recording.streams["block4.0"].mean(axis=(3, 4)).reshape(TIMESTEPS, -1)
    spikes = lif_in_plain_python(means, 1.0).reshape(TIMESTEPS, 50, 64)
    assert np.array_equal(recording.spikes["lif"], spikes)
    weight = tensors["head.weight"].astype(float) + tensors["head_kd.weight"]
    bias = tensors["head.bias"].astype(float) + tensors["head_kd.bias"]
    assert np.array_equal(recording.logits, (spikes @ weight.T + bias).sum(axis=0) / (2 * TIMESTEPS))
    assert len(set(recording.logits.argmax(axis=1))) > 1
