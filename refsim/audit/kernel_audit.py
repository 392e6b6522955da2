"""The audit of a compiled numba function: what its machine code does with data."""

import hashlib
from dataclasses import dataclass

import llvmlite.binding as llvm
import numba

from refsim.audit.ir import read_functions
from refsim.audit.taint import Taint


@dataclass(frozen=True)
class KernelReport:
    """The verdict on one specialisation of a kernel.

    Attributes
    ----------
    name : str
    signature : str
    code_hash : str
        SHA-256 of the machine code.
    llvm_version, cpu : str
    instructions : int
        Of the optimised IR, called functions included.
    address_multiplications : int
        Products of values none of which is data; they serve addresses and loop bounds.
    violations : tuple of Violation
    """

    name: str
    signature: str
    code_hash: str
    llvm_version: str
    cpu: str
    instructions: int
    address_multiplications: int
    violations: tuple

    @property
    def passed(self):
        return not self.violations


def audit_kernel(dispatcher):
    """Audit every compiled specialisation of a numba function.

    Parameters
    ----------
    dispatcher : numba dispatcher
        Compiled in this process; code that numba loaded from its cache has no IR to read.

    Returns
    -------
    reports : list of KernelReport
    """
    return [audit_overload(dispatcher, signature) for signature in dispatcher.signatures]


def audit_overload(dispatcher, signature):
    """Audit one specialisation."""
    overload = dispatcher.overloads[signature]
    taint = Taint(read_functions(dispatcher.inspect_llvm(signature)), overload.fndesc.llvm_func_name)
    violations = taint.violations
    if violations:
        violations = located(dispatcher.py_func, signature) or violations
    return KernelReport(
        dispatcher.py_func.__name__,
        str(signature),
        hashlib.sha256(overload.library._get_compiled_object()).hexdigest(),
        ".".join(map(str, llvm.llvm_version_info)),
        llvm.get_host_cpu_name(),
        taint.instruction_count,
        taint.address_multiplications,
        tuple(violations),
    )


def located(function, signature):
    """Find the violations again in a build with debug information, which knows their source lines."""
    dispatcher = numba.njit(nogil=True, debug=True)(function)
    dispatcher.compile(signature)
    overload = dispatcher.overloads[signature]
    return Taint(read_functions(dispatcher.inspect_llvm(signature)), overload.fndesc.llvm_func_name).violations
