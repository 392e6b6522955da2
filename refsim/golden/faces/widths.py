"""How many bits each tensor of a case has in hardware."""

import numpy as np

from refsim.errors import GoldenError
from refsim.golden.case import DIGEST_SITE
from refsim.numerics import bits_needed

ROLES = ("input", "param", "output", "trace")
"""As in the text face; an output must be given, a trace is compared where it is given."""

REGISTER_WIDTHS = ("accumulator_bits", "membrane_bits")


def tensor_width(case, role, name):
    """Return the width of a tensor's words.

    An input has the width of its declared range; weights, biases and thresholds that of their type; spikes that of
    their worst case; a register its declared width, or that of its type where none is declared. Where the case must be
    refused, nothing that it declares can be relied on, and every width is that of the type.

    Parameters
    ----------
    case : Case
    role : {"input", "param", "output", "trace"}
    name : str
        Of an input, ``site.field`` of a parameter, or a site.

    Returns
    -------
    bits : int
        1 to 64.
    signed : bool
        Whether the words are two's complement.

    Raises
    ------
    GoldenError
        If the case has no such tensor.
    """
    if role == "param":
        return storage_width(member(case, role, name, case.params).dtype)
    if role == "input":
        return input_width(case, name)
    if role in ROLES:
        return site_width(case, role, name)
    raise GoldenError(f"{case.id}: {name}: expected a role of {', '.join(ROLES)}; got {role!r}")


def input_width(case, name):
    """Return width and sign of an input: of its declared range, unsigned for pixels."""
    if case.draws:
        dtype = np.dtype(member(case, "input", name, case.draws.inputs)[0])
    else:
        dtype = member(case, "input", name, case.inputs).dtype
    bits, signed = storage_width(dtype)
    if case.reject_reason is not None:
        return bits, signed
    low, high = case.ranges[name]
    return (bits_needed(low, high) if signed else unsigned_bits(high)), signed


def site_width(case, role, name):
    """Return width and sign of a site: spikes by their worst case, registers as declared."""
    if case.reject_reason is not None:
        raise GoldenError(f"{case.id}: {name}: the case must be refused and has no sites")
    dtype, _ = member(case, role, name, case.sites)
    bits, signed = storage_width(dtype)
    if name == DIGEST_SITE and case.draws:
        return bits, signed
    if dtype.itemsize == 1:
        low, high = case.fragment.signals[name].interval
        return (bits_needed(low, high) if signed else unsigned_bits(high)), signed
    node = next(node for node in case.fragment.nodes if name in (node.name, node.register_site))
    settings = node.operator.settings()
    return next((settings[width] for width in REGISTER_WIDTHS if width in settings), bits), signed


def storage_width(dtype):
    """Return width and sign of a NumPy type of integers."""
    return 8 * dtype.itemsize, dtype.kind != "u"


def unsigned_bits(high):
    """Return the width that holds 0 to `high`; one bit at least, since there is no memory of none."""
    return max(1, int(high).bit_length())


def member(case, role, name, members):
    """Return one member by name."""
    if name not in members:
        raise GoldenError(f"{case.id}: has no {role} {name!r}; it has {', '.join(members) or 'none'}")
    return members[name]
