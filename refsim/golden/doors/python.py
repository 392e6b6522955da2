"""The door for a Python function: called with a case, it returns a dictionary of integer arrays by site."""

import copy
import importlib
import os
import sys
import traceback

import numpy as np

from refsim.errors import GoldenError
from refsim.golden.case import DIGEST_SITE, Rejected, Unsupported
from refsim.golden.doors.asking import Fault, asked, message_of, require_form
from refsim.golden.reference import digest
from refsim.printable import one_line

LONGEST_MESSAGE = 140
"""Characters of an exception's message that are repeated, so that the place still fits in the line."""


class PythonDoor:
    """An implementation that is a function, or anything else that can be called.

    It is called with a copy of a case, answers taken out: ``case.inputs``, ``case.params``, ``case.nodes``,
    ``case.profile`` and so on. It returns arrays by site, or raises `Unsupported` or `Rejected` of `refsim.golden`.

    Parameters
    ----------
    function : str or callable
        ``"module:function"``, where the function may be ``object.method``. The module is looked for in the current
        directory first.

    Raises
    ------
    GoldenError
        If there is no such function.
    """

    def __init__(self, function):
        self.function = load_function(function) if isinstance(function, str) else function
        self.name = function if isinstance(function, str) else name_of(function)
        if not callable(self.function):
            raise GoldenError(f"{self.name}: expected a function, got {type(self.function).__name__}")

    def answers(self, cases):
        """Yield each case with its `Answer`, in order.

        Parameters
        ----------
        cases : iterable of Case
        """
        for case in cases:
            yield case, asked(self.ask, case)

    def ask(self, case):
        """Return the answer to one case, arrays by site; raises as `asking.asked` expects."""
        question = case.without_answers()
        if case.draws:
            return {DIGEST_SITE: digest(question, self.ask_chunk)}
        return self.call(question)

    def ask_chunk(self, chunk):
        """Ask for one chunk of a digest case, whose bytes say nothing unless their type and shape are right."""
        sites = self.call(chunk)
        for site in chunk.outputs:
            if site not in sites:
                raise Fault(f"{chunk.id}: {site}: missing; the case asks for it")
            require_form(f"{chunk.id}: {site}", sites[site], *chunk.sites[site])
        return sites

    def call(self, case):
        """Call the function with a copy of everything, so that what it writes into its inputs stays its own."""
        question = copy.deepcopy(case)
        try:
            returned = self.function(question)
        except (Unsupported, Rejected):
            raise
        except (Exception, SystemExit) as error:
            raise Fault(describe(error)) from error
        if not isinstance(returned, dict):
            raise Fault(f"expected a dict of integer arrays by site, got {type(returned).__name__}")
        if not all(isinstance(site, str) for site in returned):
            raise Fault("expected a dict of integer arrays by site, got one with keys that are no text")
        return {site: own(site, values) for site, values in returned.items()}


def own(site, values):
    """Copy an array, which the implementation may use again; what is no array stays what it is."""
    if isinstance(values, np.ma.MaskedArray):
        raise Fault(f"{site}: got a masked array; every value must be there")
    return np.array(values) if isinstance(values, np.ndarray) else values


def describe(error):
    """Return type, message and place of an exception that a called function raised."""
    frames = list(traceback.walk_tb(error.__traceback__))
    place = ""
    if len(frames) > 1:
        frame, line = frames[-1]
        place = f" ({os.path.basename(frame.f_code.co_filename)}:{line})"
    return f"{type(error).__name__}: {one_line(message_of(error), LONGEST_MESSAGE)}{place}"


def name_of(function):
    """Return module and name of a function, or the type of another callable."""
    return f"{getattr(function, '__module__', None)}:{getattr(function, '__qualname__', type(function).__name__)}"


def load_function(path):
    """Import ``"module:function"``.

    Raises
    ------
    GoldenError
        If the module cannot be imported or has no such attribute.
    """
    module_name, _, function_name = path.partition(":")
    if not module_name or not function_name:
        raise GoldenError(f"{path or repr(path)}: expected MODULE:FUNCTION, as in my_kernels:answer")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise GoldenError(f"{path}: no module {error.name}, neither in {os.getcwd()} nor installed") from error
        raise GoldenError(f"{path}: cannot be imported: {describe(error)}") from error
    except (Exception, SystemExit) as error:
        raise GoldenError(f"{path}: cannot be imported: {describe(error)}") from error
    for name in function_name.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise GoldenError(f"{path}: {module_name} has no {function_name}") from None
    return found
