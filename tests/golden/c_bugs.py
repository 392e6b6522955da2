"""Bugs that people write, each planted in one line of the C template."""

from typing import NamedTuple


class Bug(NamedTuple):
    """One bug.

    Attributes
    ----------
    name : str
    file : str
        In golden/templates/c.
    old, new : str
        The line as it stands, exactly once in the file, and as it is with the bug; without indentation.
    operators : tuple of str
        Where it is first seen, each of them in some case.
    description : str
    """

    name: str
    file: str
    old: str
    new: str
    operators: tuple
    description: str


BUGS = (
    Bug(
        "threshold-strict",
        "operators.c",
        "if (charge >= level)",
        "if (charge > level)",
        ("LIF",),
        "> for >= at the threshold: a charge that meets it exactly does not fire",
    ),
    Bug(
        "ternary-sign-lost",
        "operators.c",
        "return -1;",
        "return 1;",
        ("LIF",),
        "the sign of a ternary spike is lost",
    ),
    Bug(
        "reset-to-zero",
        "operators.c",
        "if (!lif->subtract)",
        "if (true)",
        ("LIF",),
        "the membrane is reset to zero where the level was to be subtracted",
    ),
    Bug(
        "negative-reset-direction",
        "operators.c",
        "return spike > 0 ? charge - level : charge + level;",
        "return charge - level;",
        ("LIF",),
        "after a spike of -1 the level is subtracted once more instead of added",
    ),
    Bug(
        "input-not-halved",
        "operators.c",
        "int level_shift = input_shift + (lif->halve_input ? 1 : 0);",
        "int level_shift = input_shift;",
        ("LIF",),
        "the halving of the input is left out of the level",
    ),
    Bug(
        "rounding-towards-zero",
        "operators.c",
        "return value >= 0 ? value >> by : ~(~value >> by);",
        "return value >= 0 ? value >> by : -(-value >> by);",
        ("LIF",),
        "negative membranes are rounded towards zero, as by a division, not down",
    ),
    Bug(
        "registers-kept-between-samples",
        "network.c",
        "clear_registers(network);",
        "if (sample == 0) clear_registers(network);",
        ("LIF", "TimeSum"),
        "membranes are not cleared between samples",
    ),
    Bug(
        "membrane-cleared-every-timestep",
        "network.c",
        "const int64_t *currents = node->inputs[0]->values;",
        "const int64_t *currents = node->inputs[0]->values; memset(node->state->values, 0, node->state->count * 8);",
        ("LIF",),
        "the membrane does not live from one timestep to the next",
    ),
    Bug(
        "relu-wraps",
        "operators.c",
        "spikes[i] = graded < neuron->cap ? graded : neuron->cap;",
        "spikes[i] = (int8_t)graded;",
        ("ReLU",),
        "a graded spike wraps in int8 where it had to saturate at the cap",
    ),
    Bug(
        "relu-rounds-to-nearest",
        "operators.c",
        "int64_t graded = shift_right(positive, neuron->shift);",
        "int64_t graded = shift_right(positive + shift_right(shift_left(1, neuron->shift), 1), neuron->shift);",
        ("ReLU",),
        "half of the last bit is added before the shift",
    ),
    Bug(
        "negative-spike-ignored",
        "operators.c",
        "sums[i] -= row[i];",
        "(void)row;",
        ("Linear", "Convolution"),
        "a spike of -1 does not subtract its row of weights",
    ),
    Bug(
        "bias-missing",
        "operators.c",
        "add_all(sums, map->outputs, map->bias);",
        "(void)add_all;",
        ("Linear",),
        "the bias of a linear map is left out",
    ),
    Bug(
        "lowest-plane-missing",
        "operators.c",
        "for (int plane = map->planes - 1; plane >= 0; plane--) {",
        "for (int plane = map->planes - 1; plane >= 1; plane--) {",
        ("Linear",),
        "the lowest bit plane is left out",
    ),
    Bug(
        "planes-as-spikes",
        "operators.c",
        "int64_t spike = plane < 0 ? values[channel] : shift_right(values[channel], plane) & 1;",
        "int64_t spike = plane < 0 ? values[channel] : values[channel] != 0;",
        ("Linear", "Convolution"),
        "every plane gathers all inputs that are not 0, not those whose bit is set",
    ),
    Bug(
        "kernel-flipped",
        "operators.c",
        "size_t tap = i * window->columns + j;",
        "size_t tap = (window->rows - 1 - i) * window->columns + (window->columns - 1 - j);",
        ("Convolution",),
        "the kernel is flipped, a convolution as in mathematics",
    ),
    Bug(
        "bias-before-planes",
        "operators.c",
        "for (int plane = map->taps.planes - 1; plane >= 0; plane--) {",
        "if (map->taps.planes) add_all(sums, outputs, map->taps.bias); "
        "for (int plane = map->taps.planes - 1; plane >= 0; plane--) {",
        ("Convolution",),
        "the bias is preloaded before the planes and doubled with them",
    ),
    Bug(
        "padding-wraps",
        "operators.c",
        "return place < (int64_t)length ? place : -1;",
        "return (place + (int64_t)length) % (int64_t)length;",
        ("Convolution", "MaxPool", "TapBias"),
        "the image goes on at its opposite edge",
    ),
    Bug(
        "pool-pads-with-zero",
        "operators.c",
        "int64_t largest = INT64_MIN;",
        "int64_t largest = window->padding > 0 && (y == 0 || x == 0) ? 0 : INT64_MIN;",
        ("MaxPool",),
        "max pooling takes places outside the image as 0, larger than a negative membrane",
    ),
    Bug(
        "scores-transposed",
        "operators.c",
        "const int64_t *q = query + n * channels + head * attention->width;",
        "const int64_t *q = query + m * channels + head * attention->width;",
        ("Scores",),
        "queries are read with the index of the key's token: every row of the scores is the diagonal",
    ),
    Bug(
        "heads-interleaved",
        "operators.c",
        "size_t head = channel / attention->width;",
        "size_t head = channel % attention->heads;",
        ("Context",),
        "head h is given the channels h, h + H, h + 2 H instead of a block of its own",
    ),
    Bug(
        "causal-mask",
        "operators.c",
        "for (size_t m = 0; m < attention->tokens; m++)",
        "for (size_t m = 0; m <= n; m++)",
        ("Context",),
        "a token attends to no token after it, as in a language model",
    ),
    Bug(
        "residual-shifts-swapped",
        "operators.c",
        "sums[i] = shift_left(stream[i], shifts->stream_shift) + shift_left(branch[i], shifts->branch_shift);",
        "sums[i] = shift_left(stream[i], shifts->branch_shift) + shift_left(branch[i], shifts->stream_shift);",
        ("Residual",),
        "each side of the residual is shifted by the other's amount",
    ),
    Bug(
        "last-token-missing",
        "operators.c",
        "for (size_t token = 0; token < tokens; token++)",
        "for (size_t token = 0; token + 1 < tokens; token++)",
        ("TokenSum",),
        "the last token is not counted",
    ),
    Bug(
        "no-sum-over-time",
        "operators.c",
        "add_all(totals, count, values);",
        "for (size_t i = 0; i < count; i++) totals[i] = values[i];",
        ("TimeSum",),
        "the logits are those of the last timestep, not summed over time",
    ),
    Bug(
        "highest-of-ties",
        "operators.c",
        "if (logits[class] > logits[best])",
        "if (logits[class] >= logits[best])",
        ("Argmax",),
        "of equal logits the last class is taken",
    ),
    Bug(
        "mask-inverted",
        "operators.c",
        "masked[channel] = row[channel] == 1 ? spikes[channel] : 0;",
        "masked[channel] = row[channel] == 0 ? spikes[channel] : 0;",
        ("Mask",),
        "spikes pass where the mask is 0",
    ),
    Bug(
        "mask-of-first-token",
        "operators.c",
        "const int64_t *row = form->one_row ? gates : gates + token * form->channels;",
        "const int64_t *row = gates;",
        ("Mask",),
        "every token is masked by the row of the first",
    ),
    Bug(
        "key-value-without-last-token",
        "operators.c",
        "for (size_t n = 0; n < attention->tokens; n++, k += channels, v += channels)",
        "for (size_t n = 0; n + 1 < attention->tokens; n++, k += channels, v += channels)",
        ("KeyValue",),
        "K^T V ends before the last token",
    ),
    Bug(
        "retrieval-transposed",
        "operators.c",
        "*sums += gated(query[e], rows[e * width + f]);",
        "*sums += gated(query[e], rows[f * width + e]);",
        ("Retrieval",),
        "K^T V is read column by row",
    ),
    Bug(
        "taps-everywhere",
        "operators.c",
        "if (row >= 0 && column >= 0)",
        "if (row >= -1)",
        ("TapBias",),
        "the biases of taps outside the image are added too",
    ),
    Bug(
        "sum-over-tokens-of-16-bits",
        "operators.c",
        "add_all(sums, channels, values + token * channels);",
        "for (size_t i = 0; i < channels; i++) sums[i] = (int16_t)(sums[i] + values[token * channels + i]);",
        ("TokenSum",),
        "the sum over tokens wraps at 16 bits",
    ),
)
