"""The commands on the golden suite: check, list, show, export, verify, mutants, build."""

import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path

from tqdm import tqdm

from refsim.cli.common import command, counted, positive, print_json, require_writable, write
from refsim.errors import GoldenError
from refsim.golden.build import build
from refsim.golden.case_page import case_page
from refsim.golden.diagnosis import diagnose
from refsim.golden.difference_map import picture_rows
from refsim.golden.doors.executable import ExecutableDoor
from refsim.golden.doors.python import PythonDoor
from refsim.golden.doors.trace import MODES, TraceDoor
from refsim.golden.faces.export import FACES, export
from refsim.golden.faces.text import word
from refsim.golden.freeze import KILLS, differing_files, freeze, root_of
from refsim.golden.junit import junit_xml
from refsim.golden.kills import UNSEEN, kills_csv, read_kills, weak_mutants
from refsim.golden.mutants import EQUIVALENT, MUTANTS, describe
from refsim.golden.recipes import all_recipes
from refsim.golden.report import chosen_failure, junit_rows, report_json, report_text
from refsim.golden.suite import SELECTIONS, faults_of, load_suite
from refsim.golden.verify import HARNESS_ERROR, exit_code, readable, verify
from refsim.render import difference_picture
from refsim.shipped import golden_folder
from refsim.whole_file import whole_folder

SELECTION = "how much of the suite: quick (the default), full, which adds to it, or nightly, which adds to that"

SECONDS_A_CASE = 60
"""How long an executable may take, unless ``--timeout`` says otherwise."""


def add_golden_commands(commands):
    """Describe the commands to a parser."""
    golden = commands.add_parser("golden", help="the golden suite: verify an implementation, read and build cases")
    inner = golden.add_subparsers(required=True, metavar="COMMAND")

    add_verification(inner)

    listing = command(inner, "list", list_cases, "list the cases and the profile of each")
    add_selection(listing)

    page = command(inner, "show", show_case, "show a case: question, answer, calculation, the bugs it catches")
    page.add_argument("case", metavar="CASE")
    add_suite(page)

    exported = command(inner, "export", export_cases, "write cases as hex and Verilog, C headers, plain text")
    exported.add_argument("-o", "--output", required=True, metavar="DIR", help="an empty or new folder")
    exported.add_argument("--faces", nargs="+", choices=FACES, default=list(FACES))
    add_selection(exported)

    checked = command(inner, "check", check_suite, "look at every bit of the suite")
    add_suite(checked)

    mutants = command(inner, "mutants", print_mutants, "print which cases notice which known bug")
    mutants.add_argument("--csv", action="store_true", help="the whole matrix")

    building = command(inner, "build", build_suite, "make the suite again from its recipes")
    building.add_argument("--check", action="store_true", help="write nothing; compare with the frozen files")
    building.add_argument("--threads", type=positive, help="for the kernels; the bits do not depend on it")


def add_verification(commands):
    """Describe the command that asks an implementation."""
    verification = command(commands, "verify", verify_implementation, "hold an implementation against the suite")
    door = verification.add_mutually_exclusive_group(required=True)
    door.add_argument("--python", metavar="MODULE:FUNCTION", help="a function called with each case")
    door.add_argument("--exec", metavar="COMMAND", help="an executable that follows the directory protocol")
    door.add_argument("--trace", metavar="DIR", help="a dump of an implementation, one folder a case")
    verification.add_argument("--mode", choices=MODES, help="order of the lines of --trace (default ordered)")
    verification.add_argument(
        "--partial", action="store_true", help="skip cases that --trace has no folder for, and count them"
    )
    verification.add_argument(
        "--timeout", type=positive, metavar="SECONDS", help="for each case of --exec (default 60)"
    )
    verification.add_argument("--junit", metavar="FILE.xml", help="write the verdicts as JUnit XML")
    verification.add_argument("--map", metavar="FILE.png", help="draw sites by timesteps of the case that is shown")
    verification.set_defaults(fault=HARNESS_ERROR)
    verification.error = lambda message: refuse_words(verification, message)
    add_selection(verification)


def refuse_words(parser, message):
    """Leave with the code of a harness error: that of the parser, 2, says that nothing is supported."""
    parser.print_usage(sys.stderr)
    parser.exit(HARNESS_ERROR, f"{parser.prog}: error: {message}\n")


def add_suite(added):
    added.add_argument("--suite", metavar="DIR", help="a suite (default: the one that comes with refsim)")


def add_selection(added):
    add_suite(added)
    added.add_argument("--select", choices=SELECTIONS, default="quick", help=SELECTION)
    added.add_argument(
        "--cases", action="append", metavar="PATTERN", help="only cases whose id matches, as in 'l1.lif.*'; repeatable"
    )


def selected(options):
    """Return the suite and the cases that the options ask for; they are read one by one."""
    suite = load_suite(options.suite)
    return suite, suite.entries(options.select, *(options.cases or ()))


def verify_implementation(options):
    """Hold an implementation against the suite; return the exit code."""
    require_writable(options, words(options.exec), junit=".xml", map=".png")
    suite, entries = selected(options)
    with redirect_stdout(sys.stderr):  # What an implementation prints is no part of the report.
        door = door_of(options)
        cases, unreadable = readable(suite, entries)
        progress = tqdm(verify(door, cases), total=len(cases), unit="case", disable=None, leave=False)
        verdicts = [*unreadable, *progress]
    with tqdm(desc="diagnosing", bar_format="{desc} ...", disable=None, leave=False):
        diagnosis = diagnose(verdicts)
    try:
        write_files(options, door.name, verdicts)
    finally:
        if options.json:
            print_json(report_json(suite, door.name, verdicts, diagnosis))
        else:
            print("\n".join(report_text(suite, door.name, verdicts, diagnosis)))
    return exit_code(verdicts)


def door_of(options):
    """Return the door to the implementation."""
    for name, door in (("mode", "trace"), ("partial", "trace"), ("timeout", "exec")):
        if getattr(options, name) and getattr(options, door) is None:
            raise GoldenError(f"--{name}: is for --{door} alone; leave it out")
    if options.python is not None:
        return PythonDoor(options.python)
    if options.trace is not None:
        return TraceDoor(options.trace, options.mode or "ordered", options.partial)
    return ExecutableDoor(words(options.exec), options.timeout or SECONDS_A_CASE)


def words(command):
    """Split the command of ``--exec`` as a shell does; none where there is no command."""
    try:
        return shlex.split(command or "")
    except ValueError as error:
        raise GoldenError(f"--exec {command}: cannot be split into words: {error}") from error


def write_files(options, implementation, verdicts):
    """Write the verdicts and the map where the options ask for them, and say so where there is no map to draw."""
    if options.junit is not None:
        write(options.junit, lambda path: Path(path).write_bytes(junit_xml(junit_rows(verdicts), implementation)))
    if options.map is None:
        return
    shown = chosen_failure(verdicts)
    if shown is not None and shown.comparison is not None:
        write(options.map, difference_picture(picture_rows(shown.comparison), shown.case.timesteps).save)
        return
    reason = "no case fails" if shown is None else f"{shown.case.id} gave nothing to compare"
    older = "; what is there is older" if Path(options.map).exists() else ""
    print(f"refsim: --map {options.map}: not written, since {reason}{older}", file=sys.stderr)


def list_cases(options):
    """List the cases of a selection, with every choice of the numerics that each makes."""
    suite, entries = selected(options)
    listed = [{**entry, "profile": suite.manifest(entry)["profile"]} for entry in entries]
    if options.json:
        print_json(listed)
    else:
        print("\n".join(map(case_line, listed)))


def case_line(entry):
    """Return what `list` says of a case in one line, for eyes and for grep: ``reset=zero rounding=exact``."""
    choices = " ".join(f"{name}={word(value)}" for name, value in sorted(entry["profile"].items()))
    return f"{entry['id']:<50} {entry['op']:<16} {entry['selection']:<7} {choices}"


def show_case(options):
    """Show one case."""
    suite = load_suite(options.suite)
    case = suite.case(options.case)
    entry = next(entry for entry in suite.index["cases"] if entry["id"] == case.id)
    manifest = suite.manifest(entry)
    if options.json:
        print_json(manifest)
    else:
        print(case_page(case, manifest["coverage"]["kills"]), end="")


def export_cases(options):
    """Write the faces of cases, a folder each; all of them or, where anything fails or interrupts, none."""
    suite, entries = selected(options)
    output, written = Path(options.output), []
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise GoldenError(f"{output}: not an empty folder; name a new one")
    try:
        with whole_folder(output) as part:
            for entry in tqdm(entries, unit="case", disable=None, leave=False):
                written += export(suite.read(entry), part / entry["id"], options.faces)
    except OSError as error:
        raise GoldenError(f"{output}: cannot be written: {error.strerror}") from error
    if options.json:
        print_json([str(output / path.relative_to(part)) for path in written])
    else:
        print(f"{output}: {counted(len(entries), 'case')}, {counted(len(written), 'file')}")


def check_suite(options):
    """Look at every bit of a suite; return 1 where it is not whole."""
    suite = load_suite(options.suite)
    faults = faults_of(suite, lambda paths: tqdm(paths, unit="file", disable=None, leave=False))
    if options.json:
        print_json({"root_sha256": suite.root_hash, "cases": len(suite.index["cases"]), "faults": faults})
    else:
        counts = ", ".join(f"{count} {level}" for level, count in suite.index["counts"].items())
        verdict = counted(len(faults), "fault") if faults else "whole"
        print("\n".join([f"suite {suite.root_hash}: {verdict}; {counts}", *(f"  {fault}" for fault in faults)]))
    return int(bool(faults))


def print_mutants(options):
    """Print the kill matrix."""
    if options.csv and options.json:
        raise GoldenError("--csv: prints another form than --json; give one of them")
    text = (golden_folder() / KILLS).read_text()
    marks = read_kills(text)
    levels = {entry["id"]: entry["level"] for entry in load_suite().index["cases"]}
    if options.csv:
        print(text, end="")
    elif options.json:
        killers = {bug: [case for case, mark in marks[bug].items() if mark != UNSEEN] for bug in MUTANTS}
        print_json({bug: {"bug": describe(bug), "cases": killers[bug]} for bug in MUTANTS})
    else:
        print("\n".join(mutant_lines(marks, levels)))


def mutant_lines(marks, levels):
    """Return a line for each bug: in how many cases of each level it is noticed, and what it is."""
    columns = sorted({levels[case] for row in marks.values() for case in row})
    lines = ["cases that notice each bug, by level", "     " + "".join(f"{level:>4}" for level in columns)]
    for bug in MUTANTS:
        found = [levels[case] for case, mark in marks[bug].items() if mark != UNSEEN]
        counts = (found.count(level) for level in columns)
        lines.append(f"{bug:<5}" + "".join(f"{count or '.':>4}" for count in counts) + f"  {describe(bug)}")
    lines += ["", "changes that can never be seen, by proof (refsim/golden/mutants/equivalent.py)"]
    return lines + [f"{bug:<5}  {describe(bug)}" for bug in EQUIVALENT]


def build_suite(options):
    """Make the suite again, and freeze it or compare it with what is frozen; return 1 where something is amiss."""
    recipes = tqdm(list(all_recipes()), unit="case", disable=None, leave=False)
    files, kills = build(recipes, options.threads)
    matrix, folder = kills_csv(kills), golden_folder()
    weak = weak_mutants(read_kills(matrix), {case for case in kills if case.startswith("l1.")})
    changed = differing_files(folder, files, matrix) if options.check else freeze(folder, files, matrix)
    root = root_of(files)
    if options.json:
        print_json({"root_sha256": root, "files": len(files), "changed": changed, "weak": weak})
    else:
        print(f"suite {root}: {len(files)} files, {len(changed)} {'differ' if options.check else 'written'}")
        for line in [*(changed if options.check else []), *(f"{bug}: {reason}" for bug, reason in weak.items())]:
            print(f"  {line}", file=sys.stderr)
    return int(bool(weak or (options.check and changed)))
