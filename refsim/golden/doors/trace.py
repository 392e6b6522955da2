"""The door for a trace that exists already, from a simulator of RTL, a board or another program.

A folder holds one folder a case, named by its id. In it, a site is given in one of these ways:

``SITE.npy``
    All timesteps, in the type and shape of the answer.
``SITE.hex``
    All timesteps, as ``$writememh`` writes a memory and the export writes what is expected.
``*.jsonl``, modes ``"ordered"`` and ``"unordered"``
    Lines ``{"t": 0, "site": "neuron", "values": [0, 1]}``, nested as the shape of one timestep or flat in C order, or
    ``{"t": 0, "site": "neuron", "hex": "03 fd", "bits": 8}``, two's complement; without ``bits``, the width that the
    export gives the site. ``"ordered"``: each file follows the computation, sample by sample, timestep by
    timestep, site by site. Each site is there once a timestep, in all timesteps or in none.
``*.jsonl``, mode ``"events"``
    Address events ``{"t": 0, "site": "neuron", "address": [token, channel], "value": -1}`` in any order; the address
    may be one integer in C order, the value is 1 where it is left out, and what is not named is 0. The last line of
    each file says how many events it has, ``{"events": 3}``: without it, a log that was cut short would be taken for
    silence. It may say which sites were logged, ``{"events": 3, "sites": ["neuron", "neuron.membrane"]}``. A site that
    no event names is 0 throughout where the case asks for it or a last line names it; otherwise it counts as not
    observed.

Where the case has several samples, each line says which: ``"sample": 0``. ``latency.json``, in the folder of a case or,
for all, above it, declares by site how many timesteps late a dump is: ``{"neuron": 2}``. What is written for t + 2 then
counts for t, and a file of a site has 2 timesteps more, of which the first 2 are left out.
"""

import math
import os
import sys
from pathlib import Path

from refsim.errors import GoldenError
from refsim.golden.case import Unsupported
from refsim.golden.doors import memory_files
from refsim.golden.doors.asking import Fault, asked
from refsim.golden.doors.recording import LATENCY_FILE, Recording
from refsim.golden.doors.safe_files import (
    listing,
    open_regular,
    read_array,
    read_bytes,
    require_file_name,
    require_folder,
)
from refsim.golden.doors.trace_lines import CLOSING_KEYS, ValueFault, integer, parse_line, require_keys
from refsim.printable import one_line

MODES = {"ordered": (0, 0, 0), "unordered": None, "events": 0}
"""By mode, what the first line of a file comes after: a place in the order of computation, anything, so many events."""

CLOSED = -1
"""What nothing comes after."""

MOST_FILES = 1 << 12
LATENCY_BYTES = 1 << 20
MOST_LATENCY = 1 << 16
LINE_BYTES = 1 << 12
VALUE_BYTES = 24
"""A value of 64 bits with its comma and blanks; each bracket around it may take as much again."""


class TraceDoor:
    """An implementation whose answers lie in a folder.

    Parameters
    ----------
    folder : str or Path
    mode : {"ordered", "unordered", "events"}
        How the lines of .jsonl files are to be read.
    partial : bool
        Whether cases without a folder are skipped, not failed.

    Raises
    ------
    GoldenError
        If there is no such folder, or its ``latency.json`` is damaged.
    """

    def __init__(self, folder, mode="ordered", partial=False):
        if mode not in MODES:
            raise GoldenError(f"mode: expected one of {', '.join(MODES)}; got {mode!r}")
        self.folder, self.mode, self.partial = Path(folder), mode, partial
        self.name = one_line(f"{folder} ({mode})")
        if not str(folder) or not self.folder.is_dir():
            raise GoldenError(
                f"{one_line(str(folder)) or repr(folder)}: expected a folder with one folder a case; there is none"
            )
        try:
            self.latency = read_latency(self.folder)
        except Fault as fault:
            raise GoldenError(f"{one_line(str(folder))}: {fault}") from fault

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
        folder = self.folder.joinpath(require_file_name(case.id))
        if case.reject_reason:
            raise Unsupported("a dump cannot refuse a case")
        if not os.path.lexists(folder):
            if self.partial:
                raise Unsupported("not in the dump")
            if case.requires:
                raise Unsupported(f"no folder {case.id}; the case requires {', '.join(case.requires)}")
            raise Fault(f"missing: no folder {case.id} in the dump; with --partial such cases are skipped")
        require_folder(folder, case.id)
        return self.read_case(case, folder)

    def read_case(self, case, folder):
        """Read the folder of a case; every file must be one that is understood."""
        names = listing(folder, case.id, MOST_FILES)
        own = read_latency(folder) if LATENCY_FILE in names else None
        for site in own or ():
            if site not in case.sites:
                raise Fault(f"{LATENCY_FILE}: {one_line(site, 60)} is not a site of this case")
        recording = Recording(case, self.latency if own is None else own)
        arrays, faults = {}, []
        for name in names:
            site, suffix = os.path.splitext(name)
            if site in case.sites and (suffix == ".npy" or suffix == memory_files.SUFFIX and not case.draws):
                if site in arrays:
                    raise Fault(f"{site}: given in two files")
                try:
                    arrays[site] = timed_array(folder.joinpath(name), name, site, recording)
                except ValueFault as fault:
                    faults.append(fault)
            elif name.endswith(".jsonl") and not case.draws:
                self.read_lines(folder.joinpath(name), one_line(name, 60), recording)
            elif name != LATENCY_FILE:
                raise Fault(f"unknown file {one_line(name, 60)}: no site of the case, nor lines")
        if faults:
            # Undefined values spread; the first in order of computation is the nearest to their cause.
            raise min(faults, key=lambda fault: fault.place)
        return self.finish(case, recording, arrays, any(name.endswith(".jsonl") for name in names))

    def finish(self, case, recording, arrays, has_lines):
        """Join what was read from arrays and from lines."""
        if not arrays and not has_lines:
            raise Fault("missing: the folder holds no dump")
        if self.mode == "events":
            recording.logged_sites([site for site in case.outputs if has_lines and site not in arrays])
        else:
            recording.require_all_timesteps()
        lines = recording.sites()
        for site in lines:
            if site in arrays:
                raise Fault(f"{site}: given both in a file of its own and in lines")
        return {site: (arrays | lines)[site] for site in case.sites if site in arrays or site in lines}

    def read_lines(self, path, label, recording):
        """Take all lines of a file."""
        longest = longest_line(recording.case)
        after = MODES[self.mode]
        with open_regular(path, label) as stream:
            number = 0
            while line := stream.readline(longest + 1):
                number += 1
                try:
                    if len(line) > longest:
                        raise Fault(f"longer than {longest} bytes")
                    after = self.take(parse_line(line.rstrip(b"\r\n")), recording, after)
                except Fault as fault:
                    raise Fault(f"{label}, line {number}: {fault}") from fault
        if self.mode == "events" and after != CLOSED:
            raise Fault(f'{label} does not end with {{"events": {after}}}: cut short, or never closed')

    def take(self, line, recording, after):
        """Take one line; return what the next one has to come after: a place in order, or so many events."""
        if self.mode != "events":
            place = recording.value_line(line, after)
            return place if self.mode == "ordered" else None
        if after == CLOSED:
            raise Fault("comes after the line that counts the events, which is the last")
        if "events" in line:
            require_keys(line, CLOSING_KEYS, ())
            if integer("events", line["events"], 0, sys.maxsize) != after:
                raise Fault(f"events: {line['events']} is not {after}, the number before this line")
            recording.logged_sites(line.get("sites", []))
            return CLOSED
        recording.event_line(line)
        return after + 1


def timed_array(path, name, site, recording):
    """Read the file of a site and take the declared latency off its front."""
    late, shape, axis = recording.latency.get(site, 0), recording.forms[site][1], int(recording.case.samples > 1)
    written = (*shape[:axis], shape[axis] + late, *shape[axis + 1 :])
    if name.endswith(memory_files.SUFFIX):
        array = memory_files.read_memory(path, name, recording, written)
    else:
        array = read_array(path, name, math.prod(written))
    if late and array.shape != written:
        raise Fault(
            f"{name}: expected the shape {written}, {late} timestep{'s' * (late != 1)} late as declared, got {array.shape}"
        )
    return array[(slice(None),) * axis + (slice(late, None),)] if late else array


def longest_line(case):
    """Return how many bytes a line about a case can have."""
    largest = max(math.prod(shape[1 + (case.samples > 1) :]) * (1 + len(shape)) for _, shape in case.sites.values())
    return LINE_BYTES + VALUE_BYTES * largest


def read_latency(folder):
    """Return the latencies that a folder declares, by site."""
    path = folder.joinpath(LATENCY_FILE)
    if not os.path.lexists(path):
        return {}
    content = read_bytes(path, LATENCY_FILE, LATENCY_BYTES)
    try:
        return {site: integer(one_line(site, 60), late, 0, MOST_LATENCY) for site, late in parse_line(content).items()}
    except Fault as fault:
        raise Fault(f"{LATENCY_FILE}: {fault}") from fault
