"""The folder in which an executable finds a case, and the one in which it leaves its answer."""

import math
import os
import stat

from refsim import npy
from refsim.golden.doors.asking import Fault
from refsim.golden.doors.safe_files import (
    SLACK,
    kind,
    listing,
    read_array,
    require_file_name,
    require_folder,
)
from refsim.golden.faces.text import case_text
from refsim.printable import one_line

ALLOWANCE = 1 << 24
"""Bytes that an answer may have beyond a multiple of those expected."""
SPARE_FILES = 16
SUFFIX = ".npy"


def write_question(case, folder):
    """Write a case without its answers: ``case.txt``, ``in/NAME.npy`` and ``param/SITE.FIELD.npy``.

    Parameters
    ----------
    case : Case
    folder : Path
        Made here.

    Raises
    ------
    GoldenError
        If a name of the case would leave the folder.
    """
    folder.mkdir()
    folder.joinpath("case.txt").write_text(case_text(case), encoding="ascii", newline="\n")
    for name, arrays in (("in", case.inputs), ("param", case.params)):
        inner = folder.joinpath(name)
        inner.mkdir()
        for array_name, array in arrays.items():
            inner.joinpath(require_file_name(array_name) + SUFFIX).write_bytes(npy.encode(array))


class AnswerFolder:
    """Where an executable leaves ``SITE.npy`` for the sites of a case, and nothing else.

    Parameters
    ----------
    case : Case
    path : Path
        Made here.

    Attributes
    ----------
    most_bytes : int
        Of all files together, and so of each.
    """

    def __init__(self, case, path):
        self.path = path
        path.mkdir()
        # Where a case has to be refused, what its sites would be cannot be said.
        self.counts = {} if case.reject_reason else {site: math.prod(shape) for site, (_, shape) in case.sites.items()}
        sizes = (
            [] if case.reject_reason else [dtype.itemsize * math.prod(shape) for dtype, shape in case.sites.values()]
        )
        self.most_bytes = SLACK * sum(sizes) + ALLOWANCE
        self.most_files = 2 * len(self.counts) + SPARE_FILES

    def watch(self):
        """Refuse more than there can be in an answer, while the program is still running.

        Raises
        ------
        Fault
            If there are too many bytes or files, or a folder.
        """
        total = 0
        for name in self.names():
            try:
                status = os.lstat(self.path.joinpath(name))
            except OSError:
                # It has been renamed since.
                continue
            if stat.S_ISDIR(status.st_mode):
                raise Fault(f"wrote the folder {one_line(name)} where only files SITE.npy belong")
            total += status.st_size
        if total > self.most_bytes:
            raise Fault(f"wrote {total} bytes, more than {self.most_bytes}; killed")

    def names(self):
        """Return the names of all files."""
        require_folder(self.path, "OUT")
        return listing(self.path, "OUT", self.most_files)

    def sites(self):
        """Read the answer.

        Returns
        -------
        sites : dict of ndarray by site
            In order of computation, as they were written.

        Raises
        ------
        Fault
            If there is any file that is not a site of the case, or none but a regular .npy of integers.
        """
        self.watch()
        names = self.names()
        for name in names:
            if not name.endswith(SUFFIX) or name.removesuffix(SUFFIX) not in self.counts:
                mode = os.lstat(self.path.joinpath(name)).st_mode
                raise Fault(f"wrote an unknown file, {one_line(name)} ({kind(mode)}); the case has no such site")
        given = [site for site in self.counts if site + SUFFIX in names]
        return {site: read_array(self.path.joinpath(site + SUFFIX), site + SUFFIX, self.counts[site]) for site in given}
