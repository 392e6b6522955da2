"""Which machine code a kernel runs, and who hears of its proof."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from strategies import seeded_network

from refsim.certificate import certified_run
from refsim.cli.models import blank
from refsim.engine.pool import Pool
from refsim.kernels.kernel import kernel
from refsim.kernels.witness import witnessed


@kernel
def copy_rows(values, out):
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            out[row, column] = values[row, column]


@kernel
def copy_all(values, out):
    for place in range(values.shape[0]):
        out[place] = values[place]


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "neither": lambda values: np.pad(values, ((0, 0), (0, 2)))[:, :3],
    "backwards": lambda values: values[::-1].copy()[::-1],
}


@pytest.mark.parametrize("names", [list(LAYOUTS), list(LAYOUTS)[::-1]])
def test_code_for_one_layout_never_runs_on_another(names):
    """Whatever order of memory comes first, each array is read as it lies."""
    values = np.arange(6, dtype=np.int32).reshape(2, 3)
    for name in names:
        out = np.zeros((2, 3), np.int32)
        copy_rows(LAYOUTS[name](values), out)
        assert values.tolist() == out.tolist(), name


def copied():
    copy_all(np.zeros(2, np.int32), np.zeros(2, np.int32))


@njit
def up(value):
    return value + 1


@njit
def down(value):
    return value - 1


def test_code_for_one_argument_that_is_no_array_never_runs_on_another():
    """Functions, and records whose fields stand in another order: both are of one class each."""

    @kernel
    def each(function, record, values, out):
        for place in range(values.shape[0]):
            out[place] = function(values[place]) + record.x

    found = []
    for function in (up, down):
        for fields in ("xy", "yx"):
            records, out = np.zeros(1, [(name, np.int64) for name in fields]), np.zeros(1, np.int64)
            records["x"], records["y"] = 30, 90
            each(function, records[0], np.array([5]), out)
            found.append(out.item())
    assert [36, 36, 34, 34] == found


def test_blocks_within_blocks_each_hear_of_a_proof():
    """The inner block ends without taking the outer one with it."""
    with witnessed() as outer:
        with witnessed() as inner:
            pass
        copied()
    assert {} == inner and 1 == len(outer)


def test_a_block_hears_of_its_own_threads_and_of_no_others():
    """What a pool lends belongs to the block, a thread of somebody else does not."""
    with ThreadPoolExecutor(1) as others:
        others.submit(copied).result()
        with witnessed() as reports:
            others.submit(copied).result()
            assert {} == reports
            with Pool(2) as pool:
                pool.share([str, copied])
    assert 1 == len(reports)


def test_certificates_that_are_made_side_by_side_are_those_made_alone():
    """Each names the code of its own run."""
    networks = [seeded_network(), seeded_network("binary")]

    def identity(network):
        return certified_run(network, blank(network), threads=1, engine="reference")[1].id

    alone = [identity(network) for network in networks]
    with ThreadPoolExecutor(2) as threads:
        assert alone * 10 == list(threads.map(identity, networks * 10))
