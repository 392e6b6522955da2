"""Build the C template, and ask it in batch."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np

from refsim.golden.faces.text import case_text

SOURCES = Path(__file__).parents[2] / "golden" / "templates" / "c"
COMPILER = shutil.which("gcc")
FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover=all")


def compile_object(source, target, *flags):
    subprocess.run([COMPILER, *flags, f"-I{SOURCES}", "-c", source, "-o", target], check=True)
    return target


def link(objects, target, *flags):
    subprocess.run([COMPILER, *flags, *objects, "-o", target], check=True)
    return target


def build(folder, *flags):
    """Compile every source and link them; return the executable."""
    objects = [compile_object(path, folder / f"{path.stem}.o", *flags) for path in sorted(SOURCES.glob("*.c"))]
    return link(objects, folder / "a2os2a", *flags)


def write_texts(texts, folder):
    """Write text faces into folders of their own."""
    for place, text in enumerate(texts):
        (folder / str(place)).mkdir(parents=True)
        (folder / str(place) / "case.txt").write_text(text)
    return folder


def write_cases(cases, folder):
    return write_texts([case_text(case) for case in cases], folder)


def ask(executable, count, folder, out):
    """Ask for the first so many cases of a folder; return (status, sites) for each."""
    lines = "".join(f"{folder / str(place)}\t{out / str(place)}\n" for place in range(count))
    out.mkdir()
    process = subprocess.run([executable, "batch"], input=lines, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    replies = [json.loads(line) for line in process.stdout.splitlines()]
    return [
        (reply["status"], {path.stem: np.load(path) for path in (out / str(place)).glob("*.npy")})
        for place, reply in enumerate(replies)
    ]
