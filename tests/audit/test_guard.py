"""Arrays on which nothing multiplies."""

from functools import partial
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from strategies import seeded_network

from refsim.audit.guard import GuardedArray, guarded, unguarded
from refsim.errors import MultiplicationError
from refsim.simulator import run


def data(*shape):
    size = shape or (6,)
    return guarded(np.arange(1, 1 + int(np.prod(size)), dtype=np.int32).reshape(size), "block0.attention.scores")


def in_place(operation):
    def run():
        array = data()
        operation(array)

    return run


FORBIDDEN = {
    "a * b": lambda: data() * data(),
    "a * 2": lambda: data() * 2,
    "2 * a": lambda: 2 * data(),
    "array * a": lambda: np.arange(6) * data(),
    "a *= 2": in_place(lambda a: a.__imul__(2)),
    "a / 2": lambda: data() / 2,
    "a // 2": lambda: data() // 2,
    "a % 2": lambda: data() % 2,
    "divmod": lambda: divmod(data(), 2),
    "a ** 2": lambda: data() ** 2,
    "a @ b": lambda: data() @ data(),
    "multiply(out=)": lambda: np.multiply(np.arange(6), 2, out=data()),
    "multiply.reduce": lambda: np.multiply.reduce(data()),
    "multiply.at": lambda: np.multiply.at(data(), [0], 3),
    "multiply.outer": lambda: np.multiply.outer(data(), data()),
    "multiply.accumulate": lambda: np.multiply.accumulate(data()),
    "power": lambda: np.power(data(), 2),
    "square": lambda: np.square(data()),
    "matmul": lambda: np.matmul(data(), data()),
    "np.dot": lambda: np.dot(data(), data()),
    "a.dot": lambda: data().dot(data()),
    "vdot": lambda: np.vdot(data(), data()),
    "inner": lambda: np.inner(data(), data()),
    "outer": lambda: np.outer(data(), data()),
    "kron": lambda: np.kron(data(), data()),
    "tensordot": lambda: np.tensordot(data(), data(), 1),
    "einsum": lambda: np.einsum("i,i", data(), data()),
    "convolve": lambda: np.convolve(data(), data()),
    "np.mean": lambda: np.mean(data()),
    "a.mean": lambda: data().mean(),
    "a.std": lambda: data().std(),
    "np.var": lambda: np.var(data()),
    "np.prod": lambda: np.prod(data()),
    "a.prod": lambda: data().prod(),
    "a.cumprod": lambda: data().cumprod(),
    "average": lambda: np.average(data()),
    "interp": lambda: np.interp(2, data(), data()),
    "linalg.norm": lambda: np.linalg.norm(data()),
    "fft": lambda: np.fft.fft(data()),
    "add float": lambda: data() + 0.5,
    "add float array": lambda: np.add(data(), np.ones(6)),
    "astype float": lambda: data().astype(np.float32),
    "float()": lambda: float(data()[0]),
    "store a float": in_place(lambda a: a.__setitem__(0, 0.5)),
    "sum into float": lambda: data().sum(dtype=float),
    "sum in float": lambda: data().sum(dtype=float, out=np.zeros((), int)),
    "np.sum in float": lambda: np.sum(data(), 0, float, np.zeros((), int)),
    "cumsum in float": lambda: data().cumsum(dtype=float, out=np.zeros(6, int)),
    "sum from a float": lambda: data().sum(initial=0.5),
    "add in float into integers": lambda: np.add(data(), 1, out=np.zeros(6, int), dtype=float, casting="unsafe"),
    "add by a loop of floats": lambda: np.add(data(), 1, out=np.zeros(6, int), signature="dd->d", casting="unsafe"),
    "compare by a loop of floats": lambda: np.less(data(), 1, sig="dd->?", casting="unsafe"),
    "left_shift.reduce": lambda: np.left_shift.reduce(data()),
    "right_shift.accumulate": lambda: np.right_shift.accumulate(data()),
    "left_shift.reduceat": lambda: np.left_shift.reduceat(data(), [0]),
    "add in float": lambda: np.add(data(), 1, dtype=np.float64),
    "add into float": lambda: np.add(data(), 1, out=np.zeros(6)),
    "where float": lambda: np.where(data() > 2, 0.5, data()),
    "view as float": lambda: data().view(np.float32),
    "copy into float": lambda: np.copyto(np.zeros(6), data()),
    "join with floats": lambda: np.concatenate([data(), np.ones(2)]),
    "empty floats": lambda: np.empty_like(data(), dtype=float),
    "fill with a float": in_place(lambda a: a.fill(2.5)),
    "shift by data": lambda: 1 << data(),
    "shift by a list of data": lambda: data() << list(data()),
    "repeat by data": lambda: np.repeat(data(), data()),
    "a.repeat": lambda: data().repeat(2),
    "copy into a named float": lambda: np.copyto(dst=np.zeros(6), src=data()),
    "join into floats": lambda: np.concatenate([data(), data()], out=np.zeros(12)),
    "another dtype": in_place(lambda a: setattr(a, "dtype", np.float32)),
    "put a float": in_place(lambda a: a.put([0], [2.5])),
    "set a field": in_place(lambda a: a.setfield(1.5, np.float32)),
    "add objects": lambda: np.add(data(), np.array([0.5] * 6, object)),
    "where objects": lambda: np.where(data() > 2, np.array([0.5] * 6, object), data()),
    "flat * 3": lambda: data().flat[2] * 3,
    "argmax * 3": lambda: data().argmax() * 3,
    "argmin * 3": lambda: data().argmin() * 3,
    "nonzero": lambda: data().nonzero(),
    "searchsorted": lambda: data().searchsorted(3),
    "element * 3": lambda: data()[2] * 3,
    "slice * 3": lambda: data()[1:4] * 3,
    "reshaped * 3": lambda: data().reshape(2, 3).T * 3,
    "view * 3": lambda: data().view() * 3,
    "fancy * 3": lambda: data()[[0, 2]] * 3,
    "masked * 3": lambda: data()[data() > 2] * 3,
    "sum of slices * 3": lambda: (data()[1:] + data()[:-1]) * 3,
}


@pytest.mark.parametrize("deed", FORBIDDEN)
def test_what_multiplies_raises_at_its_site(deed):
    """Operators, ufuncs and their methods, array functions, array methods, floats, and all of them on views."""
    with pytest.raises(MultiplicationError, match="block0.attention.scores: "):
        FORBIDDEN[deed]()


ALLOWED = {
    "sum from a number": (lambda a: a.sum(dtype=np.int64, initial=3), 24),
    "shift at": (lambda a: np.left_shift.at(a, [0], 1) or a, [2, 2, 3, 4, 5, 6]),
    "add": (lambda a: a + a, [2, 4, 6, 8, 10, 12]),
    "subtract": (lambda a: 10 - a, [9, 8, 7, 6, 5, 4]),
    "negate": (lambda a: -a, [-1, -2, -3, -4, -5, -6]),
    "shift": (lambda a: (a << 2) >> 1, [2, 4, 6, 8, 10, 12]),
    "logic": (lambda a: (a & 3) ^ 1 | 4, [4, 7, 6, 5, 4, 7]),
    "where": (lambda a: np.where(a > 3, a, 0), [0, 0, 0, 4, 5, 6]),
    "maximum": (lambda a: np.maximum(a, 4), [4, 4, 4, 4, 5, 6]),
    "sum": (lambda a: a.sum(), 21),
    "add where": (lambda a: np.add(a, 1, out=a, where=a > 2), [1, 2, 4, 5, 6, 7]),
    "place of the largest": (lambda a: a.argmax(), 5),
    "place of the smallest": (lambda a: np.argmin(a), 0),
    "move": (lambda a: a.reshape(2, 3).transpose(1, 0).copy().reshape(-1), [1, 4, 2, 5, 3, 6]),
    "in place": (lambda a: a.__iadd__(1), [2, 3, 4, 5, 6, 7]),
    "out": (lambda a: np.add(a, 1, out=a), [2, 3, 4, 5, 6, 7]),
    "astype": (lambda a: a.astype(np.int64), [1, 2, 3, 4, 5, 6]),
}


@pytest.mark.parametrize("deed", ALLOWED)
def test_what_adds_works_and_stays_under_guard(deed):
    """The operations of rule N1 give what NumPy gives, as a guarded array of the same site."""
    function, expected = ALLOWED[deed]
    result = function(data())
    assert isinstance(result, GuardedArray) and "block0.attention.scores" == result.site
    assert expected == unguarded(result).tolist()


def test_an_unproved_compiled_function_gets_no_data():
    """A numba function in the place of a kernel, as by monkey-patching, is refused before it runs."""
    with pytest.raises(
        MultiplicationError, match="block0.attention.scores: handed to a compiled function without a proof"
    ):
        numba.njit(lambda values: values)(data())


def test_nor_does_one_that_knows_plain_arrays_of_that_type():
    """numba remembers the types of arrays that it has seen; one under guard is not taken for one of them."""
    function = numba.njit(lambda values: values)
    assert function(unguarded(data())).tolist() == unguarded(data()).tolist()
    with pytest.raises(MultiplicationError, match="handed to a compiled function without a proof"):
        function(data())


REPLACED = {
    "reference": ("refsim.ops.linear.accumulate_spikes", lambda values, weights, bias, sums: weights * 2),
    "fast": ("refsim.engine.gathering.gather_sums", lambda *arguments: arguments[6] * 2),
}


@pytest.mark.parametrize("engine", REPLACED)
@pytest.mark.parametrize("compiled", [False, True], ids=["not compiled", "compiled"])
def test_a_kernel_replaced_is_noticed(monkeypatch, engine, compiled):
    """Whether compiled or not, in either engine, what stands in for a kernel meets the guard at its site."""
    kernel, replacement = REPLACED[engine]
    function = numba.njit(lambda *arguments: None) if compiled else replacement
    stand_in = SimpleNamespace(
        ranged=lambda *arguments: SimpleNamespace(over=lambda first, last: partial(function, *arguments))
    )
    monkeypatch.setattr(kernel, stand_in if engine == "fast" else function)
    with pytest.raises(MultiplicationError, match=r"block0\.attention\.(q_linear|input)|stem\.(position|conv|neuron)"):
        run(seeded_network(), np.zeros((8, 8), np.uint8), engine=engine)
