"""refsim runs spiking transformers in integers, event by event, without a single multiplication."""

from refsim import model_file
from refsim.audit.kernel_audit import audit_kernel
from refsim.errors import RefsimError
from refsim.shipped import model_path
from refsim.simulator import Result, interpret, run
from refsim.version import VERSION as __version__

__all__ = ["RefsimError", "Result", "__version__", "audit_kernel", "interpret", "load", "run"]


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
    """
    return model_file.load(model_path(path_or_name))
