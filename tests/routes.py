"""Run a kernel along both routes and hold them against each other."""

import numpy as np

from refsim.audit.counting import CountingArray, Tally


def both_routes(kernel, *arguments):
    """Run the machine code and the Python source of a kernel on copies of the arguments.

    Returns
    -------
    arrays : list of ndarray
        All array arguments after the machine code ran; the test fails if the source left others.
    census : Census
        What the source did.
    """
    compiled = [argument.copy() if isinstance(argument, np.ndarray) else argument for argument in arguments]
    kernel(*compiled)
    tally = Tally()
    counting = [
        CountingArray(argument, tally) if isinstance(argument, np.ndarray) else argument for argument in arguments
    ]
    kernel(*counting)
    arrays = [argument for argument in compiled if isinstance(argument, np.ndarray)]
    interpreted = [argument for argument in counting if isinstance(argument, np.ndarray)]
    for one, other in zip(arrays, interpreted):
        np.testing.assert_array_equal(one, other.plain(one.dtype))
    return arrays, tally.census
