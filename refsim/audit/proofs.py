"""Proofs bound to machine code: nothing runs whose proof is not held.

A proof is stored beside numba's cache, under the hash of the machine code that it is of. When numba loads code from its
cache, the hash of exactly the bytes that it loads is taken, and the stored proof of that hash demanded; where it is
missing, stale or edited, the cache entry counts as absent, and the kernel is compiled and proved afresh.
"""

import hashlib
import inspect
import json
import os
from contextlib import suppress
from dataclasses import asdict
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.runtime import rtsys
from tqdm import tqdm

from refsim.audit import compilers
from refsim.audit.advice import advice
from refsim.audit.guard import unguarded
from refsim.audit.kernel_audit import RULES_VERSION, KernelReport, audit_specialisation
from refsim.errors import MultiplicationError
from refsim.whole_file import write_whole


class ProvedCacheImpl(CompileResultCacheImpl):
    """Loads machine code from numba's cache only with its proof.

    Attributes
    ----------
    function : function
        The kernel's Python source.
    apart : bool
        As for `compile_proved`.
    folder : Path
        Of the cache.
    wanted : tuple of numba types
        The specialisation that is asked for.
    report : KernelReport or None
        The proof of what was loaded last.
    """

    function = apart = folder = wanted = report = None

    def rebuild(self, target_context, payload):
        """Load a specialisation, or return None, as if there were none, where its proof is not held.

        Two processes that fill the cache at once may write one's machine code where the other's is looked for.
        """
        (_, _, (machine_code, _)), signature = payload[0], payload[3]
        if signature.args == self.wanted:
            self.report = read_proof(self.folder, self.function, self.apart, signature.args, machine_code)
        return None if self.report is None else super().rebuild(target_context, payload)


class ProvedCache(FunctionCache):
    """numba's cache of one function, with `ProvedCacheImpl`.

    Raises
    ------
    RuntimeError
        If numba finds no folder that it may write to.
    """

    _impl_class = ProvedCacheImpl

    def __init__(self, function, apart):
        super().__init__(function)
        self.proofs = self._impl
        self.proofs.function, self.proofs.apart, self.proofs.folder = function, apart, Path(self.cache_path)

    def load_overload(self, sig, target_context):
        """Load a specialisation, or return None where there is none or a file of the cache is damaged."""
        self.proofs.wanted = tuple(sig)
        # numba would import all that it compiles with; machine code that is there needs its runtime alone.
        rtsys.initialize(target_context)
        # What a damaged file raises is for pickle to say: anything.
        with suppress(Exception):
            return self._load_overload(sig, target_context)
        self.proofs.report = None
        with suppress(OSError):
            self.flush()
        return None

    def save_overload(self, sig, data):
        """Store a specialisation where that can be done."""
        with suppress(OSError):
            super().save_overload(sig, data)


class Proved(NamedTuple):
    """Machine code whose proof is held.

    Attributes
    ----------
    call : callable
        Takes the arguments, as numba does from the interpreter; keeps the machine code alive.
    entry : int
        Address of what takes them from a frame; see `refsim.audit.compilers`.
    report : KernelReport
    """

    call: object
    entry: int
    report: KernelReport


def compile_proved(function, arguments, apart=False):
    """Compile a kernel for some arguments, or load it from the cache with its proof.

    Parameters
    ----------
    function : function
        The Python source.
    arguments : tuple
        Of the first call; their types choose the specialisation.
    apart : bool
        Whether none of the arrays that it writes shares memory with another.

    Returns
    -------
    proved : Proved

    Raises
    ------
    MultiplicationError
        If the audit refuses the kernel.
    RefsimError
        If numba is set to compile otherwise.
    """
    compilers.require_settings()
    signature = tuple(numba.typeof(unguarded(argument)) for argument in arguments)
    # The first run of a network is silent otherwise, for half a minute.
    with tqdm(desc=f"preparing the kernel {function.__name__}", bar_format="{desc} ...", disable=None, leave=False):
        return loaded_or_proved(function, signature, apart)


def loaded_or_proved(function, signature, apart):
    """Return one specialisation with its proof, as `compile_proved`."""
    pipeline = compilers.ArraysApart if apart else compilers.WholeRegisters
    dispatcher = numba.njit(nogil=True, pipeline_class=pipeline)(function)
    proofs = None
    # Where no folder can be written to, nothing is kept: each process compiles and proves for itself.
    with suppress(RuntimeError):
        dispatcher._cache = ProvedCache(function, apart)
        proofs = dispatcher._cache.proofs
    dispatcher.compile(signature)
    compiled, report = dispatcher.overloads[signature], proofs and proofs.report
    if report is None:
        report = audit_specialisation(dispatcher, signature)
        require_passed(report)
        if proofs is not None:
            machine_code = compiled.library._get_compiled_object()
            write_proof(proofs.folder, function, apart, signature, machine_code, report)
    entry = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)
    return Proved(compiled.entry_point, entry, report)


def require_passed(report):
    """Refuse a kernel whose audit found a violation."""
    if not report.passed:
        first = report.violations[0]
        where = f" at line {first.line}" if first.line is not None else ""
        instead = f" ({advice(first)})" if advice(first) else ""
        raise MultiplicationError(f"{report.name}{where}: {first.reason}: {first.instruction}{instead}")


def proof_path(folder, function, machine_code):
    """Return the file of the proof of one piece of machine code."""
    return folder / f"{function.__qualname__}.{hashlib.sha256(machine_code).hexdigest()[:32]}.proof.json"


def identity(function, apart, signature, machine_code):
    """Return what a proof must be of to hold."""
    return {
        "name": f"{function.__module__}.{function.__qualname__}",
        "apart": apart,
        "signature": str(tuple(signature)),
        "code_hash": hashlib.sha256(machine_code).hexdigest(),
        "source_hash": hashlib.sha256(repr(ingredients(function, set())).encode()).hexdigest(),
        "compiler_hash": checksum_of(compilers.__file__),
        "rules_version": RULES_VERSION,
        "numba": numba.__version__,
    }


def ingredients(function, known):
    """Return what machine code is made of: what a function says, and all that it names.

    numba asks only whether the file of the function itself was changed, and would load code with an older version of
    what another file has. Of a file the whole text counts: what is compiled in place of a function stands beside it.
    """
    known.add(function)
    found, codes = [checksum_of(function.__code__.co_filename)], [function.__code__]
    found += (meant_by(cell.cell_contents, (), known) for cell in function.__closure__ or ())
    for code in codes:
        codes += (constant for constant in code.co_consts if inspect.iscode(constant))
        said = [constant for constant in code.co_consts if not inspect.iscode(constant)]
        found.append((code.co_code, code.co_names, code.co_varnames, said))
        found += (meant_by(function.__globals__.get(name), code.co_names, known) for name in code.co_names)
    return found


def meant_by(value, names, known):
    """Return what machine code is made of where a source names a value: what numba freezes, and does not ask for again.

    Parameters
    ----------
    value : object
    names : tuple of str
        All names of that source: of a module, those of its attributes that may be meant.
    known : set
        What was met before.
    """
    value = getattr(value, "py_func", value)
    met = (value.__name__, names) if inspect.ismodule(value) else value if inspect.isfunction(value) else None
    if met is not None:
        if met in known:
            return None
        known.add(met)
    if inspect.isfunction(value):
        return value.__name__, ingredients(value, known)
    if inspect.ismodule(value):
        return [(name, meant_by(getattr(value, name, None), names, known)) for name in names]
    if isinstance(value, np.ndarray):
        return value.dtype.descr, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
    if inspect.isclass(value) and issubclass(value, Enum):
        return [(member.name, meant_by(member.value, (), known)) for member in value]
    if isinstance(value, tuple):
        return [meant_by(part, names, known) for part in value]
    return repr(value) if isinstance(value, (int, float, complex, str, bytes, np.generic)) else None


def checksum_of(path):
    """Return the checksum of what a file is now, or none where a function was not read from a file."""
    try:
        return checksum_since(path, os.stat(path).st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=None)
def checksum_since(path, _):
    """Return the checksum of what a file has been since some moment."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def write_proof(folder, function, apart, signature, machine_code, report):
    """Store a proof, whole or not at all, where that can be done."""
    content = {"identity": identity(function, apart, signature, machine_code), "report": asdict(report)}
    text = json.dumps({"seal": seal(content), **content}, indent=1)
    with suppress(OSError):
        write_whole(proof_path(folder, function, machine_code), text.encode())


def read_proof(folder, function, apart, signature, machine_code):
    """Return the stored report on machine code, or None where it is missing, stale or edited."""
    try:
        stored = json.loads(proof_path(folder, function, machine_code).read_text())
        content = {"identity": stored["identity"], "report": stored["report"]}
        if stored["seal"] != seal(content) or content["identity"] != identity(function, apart, signature, machine_code):
            return None
        report = KernelReport(**{**content["report"], "violations": tuple(content["report"]["violations"])})
        return report if report.passed else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def seal(content):
    """Return the checksum by which an edited proof is noticed."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
