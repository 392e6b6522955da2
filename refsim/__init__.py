"""refsim runs spiking transformers in integers, event by event, without a single multiplication."""

import importlib

from refsim.errors import RefsimError
from refsim.version import VERSION as __version__

__all__ = [
    "RefsimError",
    "Result",
    "__version__",
    "audit_kernel",
    "event_frames",
    "interpret",
    "load",
    "run",
    "run_operator",
]

HOMES = {
    "Result": "refsim.simulator",
    "audit_kernel": "refsim.audit.kernel_audit",
    "event_frames": "refsim.events",
    "interpret": "refsim.simulator",
    "run": "refsim.simulator",
    "run_operator": "refsim.simulator",
}
"""Names that bring the compiler with them and are imported when first used: pytest imports refsim in every run."""


def __getattr__(name):
    """Import a name from its home."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(HOMES[name]), name)
    return value


def __dir__():
    """Name what can be imported beside what has been."""
    return sorted({*globals(), *HOMES})


def load(path_or_name):
    """Load a model file, or a model that comes with the package.

    Parameters
    ----------
    path_or_name : str or Path
        A file, or a name such as ``"digits-a2os2a"``.

    Returns
    -------
    network : Network

    Raises
    ------
    RefsimError
        If there is no such model, or if it is damaged or invalid.

    Examples
    --------
    >>> network = load("digits-a2os2a")
    >>> network.timesteps, network.classes, network["head.input"].operator.spikes
    (4, 10, 'binary')
    """
    from refsim import model_file
    from refsim.shipped import model_path

    return model_file.load(model_path(path_or_name))
