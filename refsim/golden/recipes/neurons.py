"""Directed cases of neurons: one trap each, the answer worked out by hand.

With the default neuron (leak 1/2, halved input, exact) the charge is M + (x << t) and the level threshold << (t + 1).
"""

import numpy as np

from refsim.golden.recipes.recipe import directed
from refsim.ops import LIF, ReLU


def lif(name, title, currents, thresholds, spikes, membranes, /, **settings):
    """A case of one token: currents, spikes and membranes as lists over timesteps of lists over channels."""
    samples, kind = settings.pop("samples", 1), settings.pop("kind", "sums")
    operator = LIF(np.array(thresholds, np.int64 if kind == "membranes" else np.int32), **settings)
    token = -2
    wrapped = [np.expand_dims(np.array(values), token).tolist() for values in (currents, spikes, membranes)]
    hand = {"neuron": wrapped[1], "neuron.membrane": wrapped[2]}
    return directed(name, title, "lif", operator, [(kind, wrapped[0])], hand, samples=samples)


FLOOR = {"rounding": "floor", "halve_input": False}
SUBTRACT = {"reset": "subtract"}
TERNARY = {"spikes": "ternary"}


def recipes():
    yield from small_neurons()
    yield from large_numbers()


def small_neurons():
    yield lif(
        "threshold-met", "A charge that equals the level fires, one less does not", [[8, 7]], [4, 4], [[1, 0]], [[0, 7]]
    )
    yield lif("threshold-by-channel", "Each channel has a threshold of its own", [[8, 8]], [4, 5], [[1, 0]], [[0, 8]])
    yield lif("negative-charge", "A binary neuron does not fire at minus the threshold", [[-8]], [4], [[0]], [[-8]])
    yield lif(
        "negative-membrane",
        "A membrane far below zero is kept and must be paid back",
        [[-20], [30]],
        [4],
        [[0], [1]],
        [[-20], [0]],
    )
    yield lif(
        "negative-membrane-kept",
        "A negative membrane holds a later charge below the level",
        [[-20], [17]],
        [4],
        [[0], [0]],
        [[-20], [14]],
    )
    yield lif("reset-clears", "The reset clears what exceeds the level", [[11], [14]], [4], [[1], [1]], [[0], [0]])
    yield lif(
        "reset-clears-then-silent", "After the reset nothing is left to fire", [[11], [7]], [4], [[1], [0]], [[0], [14]]
    )
    yield lif(
        "reset-subtracts",
        "The reset leaves what exceeds the level",
        [[11], [0]],
        [4],
        [[1], [0]],
        [[3], [3]],
        **SUBTRACT,
    )
    yield lif(
        "reset-by-own-threshold",
        "Each channel subtracts its own threshold",
        [[12, 12]],
        [4, 6],
        [[1, 1]],
        [[4, 0]],
        **SUBTRACT,
    )
    yield lif(
        "second-spike-after-reset",
        "The second decision sees the membrane after the reset",
        [[12], [2]],
        [4],
        [[1], [0]],
        [[4], [8]],
        **SUBTRACT,
    )
    yield lif("membrane-of-9-bits", "A charge of 150 needs 9 bits", [[150]], [100], [[0]], [[150]])
    yield lif("fires-beyond-8-bits", "A charge of 150 fires at a level of 20", [[150]], [10], [[1]], [[0]])
    yield lif(
        "membrane-of-9-bits-kept",
        "150 is kept, and 260 more fire",
        [[150], [130]],
        [100],
        [[0], [1]],
        [[150], [0]],
    )
    yield lif("membrane-of-13-bits", "A charge of 2500 needs 13 bits", [[2500]], [2000], [[0]], [[2500]])
    yield lif("membrane-of-17-bits", "A charge of 40000 needs 17 bits", [[40000]], [30000], [[0]], [[40000]])
    yield lif(
        "leak",
        "Twice half the threshold does not fire, for half of the first has leaked",
        [[4], [4]],
        [4],
        [[0], [0]],
        [[4], [12]],
    )
    yield lif(
        "leak-of-a-quarter",
        "With leak 1/4 inputs and level grow by two bits a timestep",
        [[4], [3]],
        [4],
        [[0], [0]],
        [[4], [16]],
        leak_shift=2,
    )
    yield lif(
        "leak-of-none",
        "With leak shift 0 the membrane is a plain sum",
        [[3], [4], [1]],
        [4],
        [[0], [0], [1]],
        [[3], [7], [0]],
        leak_shift=0,
    )
    yield lif(
        "input-whole",
        "Without halving the level is the threshold itself",
        [[4, 3]],
        [4, 4],
        [[1, 0]],
        [[0, 3]],
        halve_input=False,
    )
    yield lif(
        "leak-before-the-input",
        "The new input does not leak",
        [[4], [3]],
        [5],
        [[0], [1]],
        [[4], [0]],
        halve_input=False,
    )
    yield lif("fires-twice", "A neuron that fired may fire again at once", [[8], [8]], [4], [[1], [1]], [[0], [0]])
    yield lif(
        "impulse-first",
        "An input in the first timestep counts once",
        [[7], [0], [0]],
        [4],
        [[0], [0], [0]],
        [[7], [7], [7]],
    )
    yield lif(
        "impulse-last",
        "An input in the last timestep still fires",
        [[0], [0], [8]],
        [4],
        [[0], [0], [1]],
        [[0], [0], [0]],
    )
    yield lif("subthreshold-twice", "What was kept fires later", [[6], [5]], [4], [[0], [1]], [[6], [0]])
    yield lif(
        "samples-are-cleared",
        "The same sample twice gives the same answer",
        [[[6], [4]], [[6], [4]]],
        [4],
        [[[0], [0]], [[0], [0]]],
        [[[6], [14]], [[6], [14]]],
        samples=2,
    )
    yield lif(
        "an-empty-sample",
        "A silent sample after a busy one is silent",
        [[[8]], [[0]]],
        [4],
        [[[1]], [[0]]],
        [[[0]], [[0]]],
        samples=2,
    )
    yield lif(
        "ternary-negative",
        "A ternary neuron fires -1 at minus the level",
        [[-8, -7]],
        [4, 4],
        [[-1, 0]],
        [[0, -7]],
        **TERNARY,
    )
    yield lif("ternary-both", "Both signs in one layer", [[9, -9, 0]], [4, 4, 4], [[1, -1, 0]], [[0, 0, 0]], **TERNARY)
    yield lif(
        "ternary-reset-clears",
        "A negative spike clears the membrane too",
        [[-11], [-3]],
        [4],
        [[-1], [0]],
        [[0], [-6]],
        **TERNARY,
    )
    yield lif(
        "ternary-reset-subtracts",
        "A negative spike leaves what exceeds the level",
        [[-11], [0]],
        [4],
        [[-1], [0]],
        [[-3], [-3]],
        **TERNARY,
        **SUBTRACT,
    )
    yield lif(
        "floor-rounds-down",
        "The arithmetic shift rounds -3/2 to -2 and 3/2 to 1",
        [[-3, 3], [0, 0]],
        [9, 9],
        [[0, 0], [0, 0]],
        [[-3, 3], [-2, 1]],
        **FLOOR,
    )
    yield lif(
        "floor-stalls-at-minus-one",
        "-1 shifted right stays -1: there is no linear tail",
        [[-1], [0]],
        [9],
        [[0], [0]],
        [[-1], [-1]],
        **FLOOR,
    )
    yield lif(
        "floor-halved",
        "Half of 5 is rounded down to 2, then (2 + 4) / 2 is 3",
        [[5], [4]],
        [4],
        [[0], [0]],
        [[2], [3]],
        rounding="floor",
    )
    yield lif(
        "floor-halves-the-sum",
        "(1 + 1) / 2 is 1, though each half of 1 is 0",
        [[3], [1]],
        [9],
        [[0], [0]],
        [[1], [1]],
        rounding="floor",
    )
    yield lif(
        "floor-leaks-before-the-input",
        "3 leaks to 1 before 2 is added",
        [[3], [2]],
        [9],
        [[0], [0]],
        [[3], [3]],
        **FLOOR,
    )
    yield lif(
        "floor-by-three",
        "A leak of 1/8 on -9 gives -2",
        [[-9], [0]],
        [99],
        [[0], [0]],
        [[-9], [-2]],
        **FLOOR,
        leak_shift=3,
    )
    yield relu("graded", "What is positive passes as it is", [9, 0, 1], [9, 0, 1])
    yield relu("negative", "What is negative gives 0", [-9, -1], [0, 0])
    yield relu("saturates", "200 saturates at the cap of 127", [200, 127, 128], [127, 127, 127])
    yield relu("declared-cap", "The cap is the declared one", [120, 100, 99], [100, 100, 99], cap=100)
    yield relu("shift-rounds-down", "3 >> 1 is 1", [3, 2], [1, 1], shift=1)
    yield relu("shift-then-cap", "The cap holds what has been shifted", [50, 90], [12, 20], shift=2, cap=20)
    yield relu("shift", "The shift is applied in full", [8, 7, 40], [2, 1, 10], shift=2)


def large_numbers():
    """Thresholds, levels, membranes and shifts that narrow registers cannot hold."""
    yield lif(
        "threshold-of-17-bits",
        "Thresholds of 65537 and 40000 are not 1 and not negative",
        [[300, 79999, 80000]],
        [65537, 40000, 40000],
        [[0, 0, 1]],
        [[300, 79999, 0]],
    )
    yield lif(
        "level-of-28-bits",
        "A charge of 2^24 meets its level, and stays far below a level of 2^26, then of 2^27",
        [[2**24, 2**24], [2**24 - 1, 2**24]],
        [2**23, 2**25],
        [[1, 0], [0, 0]],
        [[0, 2**24], [2**25 - 2, 2**24 + 2**25]],
    )
    yield lif(
        "thresholds-of-64-bits",
        "Thresholds and membranes go beyond 32 bits, and so do levels: 2^34 + 2 and 2^41, then twice that",
        [[2**34 + 1, 2**40, -(2**34) - 2], [2**33 + 2, -(2**40), 1]],
        [2**33 + 1, 2**40, 2**33 + 1],
        [[0, 0, -1], [1, 0, 0]],
        [[2**34 + 1, 2**40, 0], [1, -(2**40), 2]],
        kind="membranes",
        membrane_bits=64,
        **TERNARY,
        **SUBTRACT,
    )
    yield lif(
        "floor-membrane-of-17-bits",
        "40000 is kept and leaks to 20000, and a threshold of 99999 is met by no less",
        [[40000, 300, -40000, 100000], [20001, 0, 1, 3]],
        [99999] * 4,
        [[0, 0, 0, 1], [0, 0, 0, 0]],
        [[40000, 300, -40000, 0], [40001, 150, -19999, 3]],
        **FLOOR,
    )
    yield lif(
        "floor-halved-sum-of-18-bits",
        "40000 + 60001 is halved as a whole, and rounded down",
        [[80001, -80001, 300], [60001, -60000, 1]],
        [99999] * 3,
        [[0, 0, 0], [0, 0, 0]],
        [[40000, -40001, 150], [50000, -50001, 75]],
        rounding="floor",
    )
    yield lif(
        "eight-timesteps",
        "The eighth timestep shifts by 7: 7 stays below the level, 8 meets it, and a level of 2^32 is far",
        [[0, 0, 0]] * 7 + [[7, 8, 1]],
        [4, 4, 2**24],
        [[0, 0, 0]] * 7 + [[0, 1, 0]],
        [[0, 0, 0]] * 7 + [[896, 0, 128]],
        membrane_bits=40,
    )
    yield lif(
        "leak-of-an-eighth",
        "With leak 1/8 inputs and level grow by three bits a timestep: by 9 at the fourth",
        [[4, 0], [4, 0], [4, 0], [7, 3]],
        [4, 2**22],
        [[0, 0]] * 4,
        [[4, 0], [36, 0], [292, 0], [3876, 1536]],
        leak_shift=3,
        membrane_bits=40,
    )
    yield relu("shift-of-8", "70000 >> 8 is 273, 127 at the cap", [70000, 32000, 511, -1], [127, 125, 1, 0], shift=8)
    yield relu(
        "shift-of-31",
        "Currents of 41 bits, and the longest shift",
        [2**40, 2**37, 2**31 - 2**16, -(2**40)],
        [127, 64, 0, 0],
        kind="membranes",
        shift=31,
    )


def relu(name, title, currents, spikes, kind="sums", **settings):
    """A case of one token and one timestep."""
    return directed(name, title, "relu", ReLU(**settings), [(kind, [[currents]])], [[spikes]])
