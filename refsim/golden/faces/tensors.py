"""What the faces for hardware and C list: every tensor of a case, and the constants that describe it."""

import math
import re
from dataclasses import dataclass

import numpy as np

from refsim.errors import GoldenError
from refsim.golden.faces.content import content_hash, little_endian
from refsim.golden.faces.widths import tensor_width
from refsim.golden.sites import axes_of
from refsim.golden.splitmix import MASK

NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
WORD = re.compile(r"[A-Za-z0-9._/+-]+")


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of a case.

    Attributes
    ----------
    role : {"input", "param", "output", "trace"}
    name : str
        Words of letters, digits and underscores, joined by dots.
    dtype : numpy.dtype
        Little endian.
    shape : tuple of int
    bits : int
    signed : bool
        Width of a word, and whether it is two's complement.
    values : ndarray or None
        None for drawn inputs, and for sites whose answers are withheld.
    """

    role: str
    name: str
    dtype: np.dtype
    shape: tuple
    bits: int
    signed: bool
    values: np.ndarray | None

    @property
    def identifier(self):
        """The name of the array in C and of the memory in Verilog."""
        return "refsim_" + self.name.replace(".", "_")

    @property
    def words(self):
        return math.prod(self.shape)

    @property
    def is_loaded(self):
        """Whether there are values; neither C nor Verilog has arrays of none."""
        return self.values is not None and self.words > 0


def tensors(case, answers=True):
    """List the tensors of a case: inputs, parameters, sites in order of computation.

    Parameters
    ----------
    case : Case
    answers : bool
        Whether the sites have their values.

    Returns
    -------
    listed : list of Tensor

    Raises
    ------
    GoldenError
        If a name is no identifier or two become the same one, if a type is not one of a case, or if the answers asked
        for are not there or not of the declared form.
    """
    forms = [("input", name, values.dtype, values.shape, values) for name, values in case.inputs.items()]
    if case.draws:
        forms += [("input", name, draw[0], draw[1], None) for name, draw in case.draws.inputs.items()]
    forms += [("param", name, values.dtype, values.shape, values) for name, values in case.params.items()]
    for site, (dtype, shape) in ({} if case.reject_reason is not None else case.sites).items():
        values = expected_values(case, site, dtype, shape) if answers else None
        forms.append(("output" if site in case.outputs else "trace", site, dtype, shape, values))
    require_identifiers(case, [name for _, name, *_ in forms])
    return [
        Tensor(role, name, little_endian(dtype, name), tuple(shape), *tensor_width(case, role, name), values)
        for role, name, dtype, shape, values in forms
    ]


def expected_values(case, site, dtype, shape):
    """Return the expected values of a site."""
    if site not in case.expected:
        raise GoldenError(f"{case.id}: {site}: the case holds no answer; export it without answers, or answer it first")
    values = case.expected[site]
    if values.dtype != dtype or values.shape != tuple(shape):
        form = f"{np.dtype(dtype)} {tuple(shape)}"
        raise GoldenError(f"{case.id}: {site}: expected answers of {form}, got {values.dtype} {values.shape}")
    return values


def require_identifiers(case, names):
    """Refuse names that C and Verilog cannot have, or cannot tell apart in upper case."""
    taken = {}
    for name in names:
        if not NAME.fullmatch(name):
            raise GoldenError(
                f"{case.id}: {name!r}: expected letters, digits and underscores, joined by dots; rename it"
            )
        stem = macro(name)
        if stem in taken:
            raise GoldenError(f"{case.id}: {taken[stem]} and {name} both become {stem}; rename one")
        taken[stem] = name


def macro(name):
    """Return the stem of a tensor's constants."""
    return "REFSIM_" + name.replace(".", "_").upper()


def case_constants(case):
    """Return what is constant for the whole case.

    Returns
    -------
    constants : dict of str or int by name

    Raises
    ------
    GoldenError
        If the id or another word cannot stand in a string of C and Verilog as it is.
    """
    words = {
        "REFSIM_CASE_ID": case.id,
        "REFSIM_NUMERICS": case.numerics,
        "REFSIM_OP": case.op,
        "REFSIM_RESULT": case.result,
    }
    for word in words.values():
        if not WORD.fullmatch(word):
            raise GoldenError(f"{case.id!r}: expected letters, digits and any of . _ / + - in {word!r}")
    constants = {**words, "REFSIM_TIMESTEPS": case.timesteps, "REFSIM_SAMPLES": case.samples}
    if case.draws:
        constants |= {"REFSIM_SEED": case.draws.seed & MASK, "REFSIM_CHUNKS": case.draws.chunks}
    return constants


def node_constants(node):
    """Return what one node computes: its operator, the sites that it reads, and its settings.

    Widths of registers are told by the tensors.

    Parameters
    ----------
    node : dict
        Of a case.

    Returns
    -------
    constants : dict of str or int by name
    """
    stem = macro(node["name"])
    constants = {f"{stem}_OPERATOR": node["operator"]}
    constants |= {f"{stem}_INPUT_{place}": site for place, site in enumerate(node["inputs"])}
    for name, value in sorted(node["settings"].items()):
        if not name.endswith("_bits"):
            constants[f"{stem}_{name.upper()}"] = int(value) if isinstance(value, bool) else value
    return constants


def tensor_constants(case, tensor):
    """Return what describes one tensor.

    Parameters
    ----------
    case : Case
    tensor : Tensor

    Returns
    -------
    constants : dict of str or int by name
        Name, role, width, sign (1 or 0), number of words, rank, sizes and names of the axes; the content hash where there are values; the
        range where they are to be drawn.
    """
    constants = {
        "NAME": tensor.name,
        "ROLE": tensor.role,
        "BITS": tensor.bits,
        "SIGNED": int(tensor.signed),
        "WORDS": tensor.words,
        "RANK": len(tensor.shape),
    }
    constants |= {f"SIZE_{axis}": size for axis, size in enumerate(tensor.shape)}
    if not case.draws:
        constants["AXES"] = " ".join(axes_of(case, tensor.role, tensor.name, np.broadcast_to(0, tensor.shape)))
    if tensor.values is not None:
        constants["SHA256"] = content_hash(tensor.values)
    elif tensor.role == "input":
        constants["LOW"], constants["HIGH"] = case.draws.inputs[tensor.name][2:]
    return {f"{macro(tensor.name)}_{what}": value for what, value in constants.items()}
