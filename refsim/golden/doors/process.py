"""A foreign program under control: its time, its output and what it leaves running are bounded. POSIX only."""

import json
import os
import select
import signal
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path

from refsim.golden.doors.asking import Fault
from refsim.printable import one_line

CAPTURE = 1 << 16
"""Bytes of each stream that are kept: the first of the standard output, the last of the standard error."""
READ_SIZE = 1 << 16
TICK = 20
"""Milliseconds between two looks at a program that says nothing."""
SHORT_TICK = 1
LAST_READS = 4
KILL_ROUNDS = 16
MARK = "REFSIM_EXEC_MARK"
"""Variable in the environment of a program and its children, by which those that left its session are found."""


def milliseconds():
    """Return a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000


class Process:
    """A program that has been started, in a session of its own.

    Parameters
    ----------
    command : list of str
    seconds : int or float
        Within which it has to end, or to answer each request.
    listens : bool
        Whether requests are sent to its standard input, which is empty otherwise.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, command, seconds, listens=False):
        self.seconds = seconds
        self.mark = f"{MARK}={uuid.uuid4().hex}"
        self.output, self.complaints = bytearray(), bytearray()
        self.overflowed = self.closed = False
        self.popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env={**os.environ, MARK: self.mark.partition("=")[2]},
        )
        self.poller, self.streams = select.poll(), {}
        for stream, keep in ((self.popen.stdout, self.keep_output), (self.popen.stderr, self.keep_complaints)):
            os.set_blocking(stream.fileno(), False)
            self.poller.register(stream.fileno(), select.POLLIN)
            self.streams[stream.fileno()] = keep
        self.limit("RLIMIT_CORE", 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def has_ended(self):
        return self.popen.poll() is not None

    def limit(self, resource_name, amount):
        """Lower a limit of the program and of children that it starts from now on, where the system can."""
        import resource

        if not hasattr(resource, "prlimit"):
            return
        with suppress(OSError):
            number = getattr(resource, resource_name)
            hard = resource.prlimit(self.popen.pid, number)[1]
            soft = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.prlimit(self.popen.pid, number, (soft, hard))

    def wait(self, watch):
        """Let the program run to its end.

        Parameters
        ----------
        watch : callable
            Called again and again meanwhile; raises `Fault` where the program has gone too far.

        Raises
        ------
        Fault
            If it does not end in time. It is not killed here but by `close`.
        """
        end = self.deadline()
        while not self.has_ended:
            watch()
            self.require_time(end, "end")
            self.read(TICK if self.streams else SHORT_TICK)
        self.drain()

    def request(self, line, watch):
        """Send a line to the program and return the JSON value of the line that it answers.

        Raises
        ------
        Fault
            If it ends, gives no answer in time, or prints anything else; nothing more can be asked of it then.
        """
        end = self.deadline()
        self.send(line)
        while b"\n" not in self.output and not self.has_ended:
            watch()
            self.require_time(end, "answer")
            if self.overflowed:
                raise Fault(f"printed more than {CAPTURE} bytes instead of a line of JSON")
            self.read(TICK if self.streams else SHORT_TICK)
        self.drain()
        text, newline, rest = bytes(self.output).partition(b"\n")
        if not newline:
            raise Fault(f"{self.ending} before it answered{self.complaint}")
        if rest or self.overflowed:
            raise Fault("printed more than one line in answer to one case")
        self.output.clear()
        return parse_json(text)

    def stays_in_step(self):
        """Tell whether another request can be sent: the program lives and has said nothing unasked."""
        self.drain()
        return not self.has_ended and not self.output

    def send(self, line):
        """Write a line, without ever waiting for the program to take it."""
        os.set_blocking(self.popen.stdin.fileno(), False)
        try:
            written = os.write(self.popen.stdin.fileno(), line.encode())
        except BlockingIOError:
            written = 0
        except OSError:
            # It has closed its input; that it ends without an answer is seen, and said, by the caller.
            return
        if written != len(line.encode()):
            raise Fault("does not read its requests")

    def deadline(self):
        return milliseconds() + int(self.seconds * 1000)

    def require_time(self, end, what):
        if milliseconds() > end:
            raise Fault(f"no {what} within {self.seconds} s; killed{self.complaint}")

    def read(self, wait):
        """Take what has been printed, waiting at most so many milliseconds for it; return whether there was any."""
        ready = self.poller.poll(wait)
        for descriptor, _ in ready:
            try:
                data = os.read(descriptor, READ_SIZE)
            except BlockingIOError:
                continue
            if data:
                self.streams[descriptor](data)
            else:
                self.poller.unregister(descriptor)
                del self.streams[descriptor]
        return bool(ready)

    def drain(self):
        """Take what is there already; a child that prints on and on is not listened to for ever."""
        for _ in range(LAST_READS):
            if not self.read(0):
                break

    def keep_output(self, data):
        room = CAPTURE - len(self.output)
        self.output += data[:room]
        self.overflowed |= len(data) > room

    def keep_complaints(self, data):
        self.complaints = (self.complaints + data)[-CAPTURE:]

    @property
    def complaint(self):
        """The last line on the standard error, after a colon; nothing where there is none."""
        return f": {self.last_complaint}" if self.last_complaint else ""

    @property
    def last_complaint(self):
        lines = bytes(self.complaints).decode("utf-8", "replace").split("\n")
        return next(filter(None, map(one_line, reversed(lines))), "")

    @property
    def ending(self):
        """How the program ended, in words."""
        code = self.popen.poll()
        if code is None or code >= 0:
            return f"exit code {code}"
        return f"killed by {signal_name(-code)}"

    def close(self):
        """End the program with all that it started; once, since its number may belong to another one afterwards."""
        if self.closed:
            return
        self.closed = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        for _ in range(KILL_ROUNDS):
            strays = list(marked(self.mark.encode()))
            for stray in strays:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(stray, signal.SIGKILL)
            if not strays:
                break
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream:
                stream.close()
        self.streams.clear()


def marked(mark):
    """Yield the living processes that have the mark in their environment; Linux only, none elsewhere."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # A process that has been killed but not yet buried has an empty environment.
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:
            continue


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def parse_json(text):
    """Return the value of a JSON text of unknown origin.

    Raises
    ------
    Fault
        If it is none.
    """
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Fault(f"expected JSON, got {one_line(text.decode('utf-8', 'replace'), 80)!r}: {error}") from error
