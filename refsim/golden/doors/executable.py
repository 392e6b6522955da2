"""The door for an executable in any language, by the protocol ``refsim-exec/1``.

``IMPL --capabilities`` prints one JSON object::

    {"protocol": "refsim-exec/1", "operators": ["LIF", ...], "requires": ["samples", ...], "batch": true}

``IMPL run --case CASE_DIR --out OUT_DIR`` answers one case. CASE_DIR holds ``case.txt``, the text face, and the same
arrays as ``in/NAME.npy`` and ``param/SITE.FIELD.npy``. OUT_DIR exists and is empty; ``SITE.npy`` is written there, and
nothing else. Exit code 0 says answered, 75 unsupported, 65 rejected; the last line on the standard error is the reason.

``IMPL batch`` reads lines ``CASE_DIR<TAB>OUT_DIR`` and prints one line for each, at once::

    {"status": "answered"}      or "unsupported", "rejected", "failed", with a "reason"

Each program runs in a session of its own and is killed, with what it started, when it has ended, when its time is over
or when it writes too much. What escapes on purpose, by leaving its session with an empty environment, is not found.
"""

import os
import shutil
from contextlib import closing, nullcontext

from refsim.errors import GoldenError
from refsim.golden.case import Rejected, Unsupported
from refsim.golden.doors.asking import Fault, asked
from refsim.golden.doors.door import ANSWERED, FAILED, REJECTED, UNSUPPORTED
from refsim.golden.doors.process import CAPTURE, Process, parse_json
from refsim.golden.doors.question import AnswerFolder, write_question
from refsim.golden.doors.scratch import scratch_folder
from refsim.printable import one_line

PROTOCOL = "refsim-exec/1"
EXIT_CODES = {0: ANSWERED, 75: UNSUPPORTED, 65: REJECTED}
CAPABILITIES = {"protocol": str, "operators": list, "requires": list, "batch": bool}


class ExecutableDoor:
    """An implementation that is a program.

    Parameters
    ----------
    command : str, Path or list of str
        A path, or a program with its first arguments.
    timeout_seconds : int or float
        For each case.
    batch : bool, optional
        Whether one process answers many cases; by default, if the program says that it can.

    Raises
    ------
    GoldenError
        If there is no such program.
    """

    def __init__(self, command, timeout_seconds=60, batch=None):
        command = list(map(str, command)) if isinstance(command, (list, tuple)) else [str(command)]
        self.name = one_line(" ".join(command))
        self.command = [*located(command), *command[1:]]
        self.timeout_seconds = timeout_seconds
        self.batch = batch

    def answers(self, cases):
        """Yield each case with its `Answer`, in order.

        Parameters
        ----------
        cases : iterable of Case

        Raises
        ------
        GoldenError
            If the program does not tell its capabilities, or was to answer in batches and cannot.
        """
        capabilities = self.capabilities()
        if self.batch and not capabilities["batch"]:
            raise GoldenError(f"{self.name}: cannot answer in batches, by its --capabilities")
        in_batches = capabilities["batch"] if self.batch is None else self.batch
        with closing(Batch(self)) if in_batches else nullcontext() as batch:
            for case in cases:
                yield case, asked(lambda case: self.ask(capabilities, batch, case), case)

    def capabilities(self):
        """Ask the program what it can do.

        Returns
        -------
        capabilities : dict
            ``protocol``, ``operators``, ``requires``, ``batch``.

        Raises
        ------
        GoldenError
            If it does not say so in one JSON object.
        """
        try:
            with self.start("--capabilities") as process:
                process.wait(watch=lambda: None)
                if process.popen.returncode != 0:
                    raise Fault(f"{process.ending}{process.complaint}")
                if process.overflowed:
                    raise Fault(f"printed more than {CAPTURE} bytes")
                return require_capabilities(parse_json(bytes(process.output)))
        except Fault as fault:
            raise GoldenError(f"{self.name} --capabilities: {fault}") from fault

    def start(self, *arguments, listens=False):
        """Start the program with more arguments."""
        try:
            return Process([*self.command, *arguments], self.timeout_seconds, listens)
        except (OSError, ValueError) as error:
            raise Fault(f"cannot be started: {error}") from error

    def ask(self, capabilities, batch, case):
        """Return the answer to one case, arrays by site; raises as `asking.asked` expects."""
        require_capable(capabilities, case)
        with scratch_folder() as folder:
            question, answer = folder.joinpath("case"), AnswerFolder(case, folder.joinpath("out"))
            write_question(case.without_answers(), question)
            status, reason = self.run(question, answer) if batch is None else batch.run(question, answer)
            if status == UNSUPPORTED:
                raise Unsupported(reason)
            if status == REJECTED:
                raise Rejected(reason)
            if status == FAILED:
                raise Fault(reason)
            return {} if case.reject_reason else answer.sites()

    def run(self, question, answer):
        """Answer one case in a process of its own; return status and reason."""
        with self.start("run", "--case", str(question), "--out", str(answer.path)) as process:
            process.limit("RLIMIT_FSIZE", answer.most_bytes)
            process.wait(answer.watch)
            status = EXIT_CODES.get(process.popen.returncode, FAILED)
            return status, f"{process.ending}{process.complaint}" if status == FAILED else process.last_complaint


class Batch:
    """The process that answers case after case; a new one after each that died, hung or lost step.

    Parameters
    ----------
    door : ExecutableDoor
    """

    def __init__(self, door):
        self.door, self.process = door, None

    def run(self, question, answer):
        """Answer one case; return status and reason."""
        if self.process and not self.process.stays_in_step():
            self.close()
        self.process = self.process or self.door.start("batch", listens=True)
        self.process.limit("RLIMIT_FSIZE", answer.most_bytes)
        try:
            return verdict(self.process.request(f"{question}\t{answer.path}\n", answer.watch))
        except Fault:
            self.close()
            raise

    def close(self):
        """End the process, if there is one."""
        process, self.process = self.process, None
        if process:
            process.close()


def located(command):
    """Return the path of a program, as a list.

    Raises
    ------
    GoldenError
        If there is none, or if it cannot be executed here.
    """
    if os.name != "posix":
        raise GoldenError("executables can be asked on POSIX systems only")
    if not command or not command[0]:
        raise GoldenError("expected a program to ask, got an empty command")
    path = os.path.abspath(command[0]) if os.path.exists(command[0]) else shutil.which(command[0])
    if path is None:
        raise GoldenError(f"{one_line(command[0])}: no such program, neither here nor on the PATH")
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise GoldenError(f"{one_line(command[0])}: not a program that may be executed; is it chmod +x?")
    return [path]


def require_capabilities(value):
    """Refuse what is no description of capabilities."""
    if not isinstance(value, dict):
        raise Fault(f"expected a JSON object, got {type(value).__name__}")
    for name, wanted in CAPABILITIES.items():
        if type(value.get(name)) is not wanted:
            raise Fault(f"expected {name!r} as {wanted.__name__}, got {one_line(repr(value.get(name)), 60)}")
    for name in ("operators", "requires"):
        if not all(isinstance(word, str) for word in value[name]):
            raise Fault(f"expected {name!r} as a list of words")
    if value["protocol"] != PROTOCOL:
        raise Fault(f"expected the protocol {PROTOCOL}, got {one_line(value['protocol'], 60)}")
    return value


def require_capable(capabilities, case):
    """Skip a case that asks for what the program did not declare."""
    for node in case.nodes:
        if node["operator"] not in capabilities["operators"]:
            raise Unsupported(f"the operator {node['operator']} is not declared")
    for requirement in case.requires:
        if requirement not in capabilities["requires"]:
            raise Unsupported(f"the case requires {requirement}, which is not declared")


def verdict(value):
    """Return status and reason of a line of JSON."""
    status, reason = (value.get("status"), value.get("reason", "")) if isinstance(value, dict) else (None, "")
    if status not in (ANSWERED, UNSUPPORTED, REJECTED, FAILED) or not isinstance(reason, str):
        raise Fault(f"expected a line with a status, got {one_line(repr(value), 100)}")
    return status, reason
