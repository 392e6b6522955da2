"""The command line: demo, run, eval, inspect, audit, import, published, bench, and golden for the suite."""

import argparse
import io
import os
import sys

from refsim.cli.bench import add_bench_command
from refsim.cli.golden import add_golden_commands
from refsim.cli.importing import add_import_commands
from refsim.cli.models import add_model_commands
from refsim.errors import InputError, RefsimError
from refsim.version import VERSION

FAULT = 2
BROKEN_PIPE = 141


def main(arguments=None):
    """Run the command line and return its exit code: 0, or 2 for a fault that the caller can mend.

    ``golden verify`` has codes of its own, see `refsim.golden.verify`.
    """
    options, unknown = parser().parse_known_args(arguments)
    if unknown:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        if sys.stdout is None:
            raise InputError("the standard output is closed; where it is not wanted, send it to /dev/null")
        code = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
        return BROKEN_PIPE
    except OSError as error:
        if error.filename is None:
            discard_output()
        where = "the output cannot be written" if error.filename is None else error.filename
        print(f"refsim: error: {where}: {error.strerror or error}", file=sys.stderr)
        return options.fault
    except RefsimError as error:
        print(f"refsim: error: {error}", file=sys.stderr)
        return options.fault
    return code or 0


def discard_output():
    """Let what is still to be printed go nowhere, or Python would fail at it once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser():
    """Describe the commands."""
    top = argparse.ArgumentParser(
        prog="refsim", description="Spiking transformers in integers, without multiplication."
    )
    top.add_argument("--version", action="version", version=f"refsim {VERSION}")
    top.set_defaults(fault=FAULT)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    add_model_commands(commands)
    add_import_commands(commands)
    add_bench_command(commands)
    add_golden_commands(commands)
    return top
