"""The audit of a compiled numba function: what its machine code does with data."""

import re
from dataclasses import dataclass, replace

import llvmlite.binding as llvm
import numba
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError
from numba.np.ufunc.dufunc import DUFunc
from numba.np.ufunc.gufunc import GUFunc

from refsim.audit.assembly import read_assembly
from refsim.audit.ir import read_functions
from refsim.audit.object_code import code_hash
from refsim.audit.taint import Taint, Violation
from refsim.errors import MultiplicationError

RULES_VERSION = 7
"""Raised whenever the audit becomes stricter or a report says something else, so that older proofs no longer hold."""


FINALIZER = "finalize_"
"""What numba puts before the name of a generator's body to name its end."""


@dataclass(frozen=True)
class KernelReport:
    """The verdict on one specialisation of a kernel.

    Attributes
    ----------
    name : str
        Module and function.
    signature : str
        Types of the arguments.
    code_hash : str
        SHA-256 of the machine code, whatever was compiled before it; see `refsim.audit.object_code`.
    llvm_version, cpu : str
    instructions : int
        Of the machine code, called functions included.
    address_multiplications : int
        Products in the optimised IR, none of them of data: they serve addresses and loop bounds.
    scalar_multiplies : int
        Multiplications and divisions on general registers in the machine code; no more than those of addresses.
    violations : tuple of Violation
    """

    name: str
    signature: str
    code_hash: str
    llvm_version: str
    cpu: str
    instructions: int
    address_multiplications: int
    scalar_multiplies: int
    violations: tuple

    @property
    def passed(self):
        return not self.violations

    @property
    def data_multiplications(self):
        """How many violations there are; 0 for a kernel that passed."""
        return len(self.violations)


@dataclass(frozen=True)
class Audit:
    """The verdict on a numba function.

    Attributes
    ----------
    specialisations : tuple of KernelReport
        One for each combination of types that it was compiled for.
    """

    specialisations: tuple

    @property
    def passed(self):
        return all(report.passed for report in self.specialisations)

    @property
    def violations(self):
        """All violations, each with ``line``, ``instruction``, ``reason`` and ``path``."""
        return tuple(violation for report in self.specialisations for violation in report.violations)

    @property
    def address_multiplications(self):
        return sum(report.address_multiplications for report in self.specialisations)


def audit_kernel(dispatcher):
    """Audit a compiled numba function of yours; a kernel of refsim carries its proofs with it, as `reports`.

    Parameters
    ----------
    dispatcher : numba dispatcher
        Compiled in this process; of code loaded from numba's cache there is no IR to read.

    Returns
    -------
    audit : Audit

    Raises
    ------
    MultiplicationError
        If there is nothing to audit: no numba function, no compiled specialisation, or no IR to read.

    Examples
    --------
    >>> import numba, numpy as np
    >>> @numba.njit
    ... def add_rows(rows, total):
    ...     for row in range(rows.shape[0]):
    ...         for channel in range(rows.shape[1]):
    ...             total[channel] += rows[row, channel]
    >>> @numba.njit
    ... def threefold(values):
    ...     for place in range(values.size):
    ...         values[place] = values[place] + values[place] + values[place]
    >>> add_rows(np.ones((2, 3), np.int32), np.zeros(3, np.int32))
    >>> audit_kernel(add_rows).passed
    True
    >>> threefold(np.ones(3, np.int32))
    >>> audit_kernel(threefold).violations[0].reason  # the source says additions; LLVM made a product of them
    'a value loaded from memory is multiplied'
    """
    require_compiled(dispatcher)
    return Audit(tuple(audit_specialisation(dispatcher, signature) for signature in dispatcher.signatures))


def require_compiled(dispatcher):
    """Refuse what is no numba function, and one of which there is no machine code yet."""
    if not isinstance(dispatcher, Dispatcher):
        name = getattr(dispatcher, "__qualname__", None) or getattr(dispatcher, "__name__", repr(dispatcher))
        is_ufunc = isinstance(dispatcher, (DUFunc, GUFunc))
        found = "a function of arrays, made by vectorize or guvectorize" if is_ufunc else "not a numba function"
        raise MultiplicationError(f"{name}: {found}: decorate it with numba.njit")
    if not dispatcher.signatures:
        raise MultiplicationError(
            f"{dispatcher.py_func.__qualname__}: not compiled yet: call it, or give it a signature"
        )


def audit_specialisation(dispatcher, signature):
    """Audit one specialisation."""
    name = f"{dispatcher.py_func.__module__}.{dispatcher.py_func.__qualname__}"
    if dispatcher.stats.cache_hits[signature]:
        raise MultiplicationError(
            f"{name}: was loaded from numba's cache, which holds no IR; compile it with cache=False"
        )
    machine_code = dispatcher.overloads[signature].library._get_compiled_object()
    taint = taint_of(dispatcher, signature)
    assembly = read_assembly(dispatcher.inspect_asm(signature), taint.reached)
    violations = homed(taint)
    if violations:
        violations = located(dispatcher.py_func, signature) or violations
    return KernelReport(
        name,
        str(signature),
        code_hash(machine_code),
        ".".join(map(str, llvm.llvm_version_info)),
        llvm.get_host_cpu_name(),
        assembly.instructions,
        taint.address_multiplications,
        assembly.scalar_multiplies,
        (*violations, *second_opinion(taint, assembly)),
    )


def taint_of(dispatcher, signature):
    """Run the analysis of one specialisation; the body of a generator is a function of its own, and so is its end."""
    functions = read_functions(dispatcher.inspect_llvm(signature))
    ends = {name.removeprefix(FINALIZER): name for name in functions if name.startswith(FINALIZER)}
    others = [name for body, end in ends.items() for name in (body, end)]
    return Taint(functions, dispatcher.overloads[signature].fndesc.llvm_func_name, others)


def second_opinion(taint, assembly):
    """Yield what the machine code holds and the IR does not account for."""
    for text in assembly.forbidden:
        yield unexplained(text, "a vector multiplication or floating point in the machine code")
    for text in assembly.spreading:
        yield unexplained(text, "the machine code multiplies to spread a byte over a word, or to count ones")
    if assembly.scalar_multiplies > taint.address_multiplications and not taint.violations:
        counts = f"{assembly.scalar_multiplies} multiplications, the IR {taint.address_multiplications}"
        yield Violation(None, "", f"the machine code has {counts}", ())


def unexplained(text, reason):
    """Describe an instruction of the machine code, which says nothing of source lines."""
    return Violation(None, text, reason, ())


def located(function, signature):
    """Find the violations again in a build with debug information, which knows their source lines, if there is one."""
    try:
        return homed(taint_of(debug_build(function, signature), signature))
    except NumbaError:
        return []


def homed(taint):
    """Return the violations; of those without a source line the reason says in which other function they are."""
    homes = {}
    for name in taint.reached:
        for instruction in taint.functions[name].instructions:
            homes.setdefault(instruction.text, name)
    return [
        violation
        if violation.line is not None or homes[violation.instruction] == taint.root
        else replace(violation, reason=f"{violation.reason}, in {readable(homes[violation.instruction])}")
        for violation in taint.violations
    ]


def readable(name):
    """Return the dotted name of a function of which numba made a name for the linker.

    Examples
    --------
    >>> readable("_ZN5numba2np8arrayobj12_3clocals_3e4implB8v1000001B42c8tJTIeFIjxB2I")
    'numba.np.arrayobj.<locals>.impl'
    """
    parts, rest = [], name.removeprefix("_ZN")
    while length := re.match(r"\d+", rest):
        end = length.end() + int(length[0])
        parts.append(rest[length.end() : end].replace("_3c", "<").replace("_3e", ">"))
        rest = rest[end:]
    return ".".join(parts) or name


def debug_build(function, signature):
    """Compile a function once more, as optimised as before, with source lines."""
    dispatcher = numba.njit(nogil=True, debug=True)(function)
    dispatcher.compile(signature)
    return dispatcher
