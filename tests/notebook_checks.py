"""What a notebook in git must be, and how its outputs are held against those of a fresh run."""

import json
import struct
from base64 import b64decode
from difflib import unified_diff

NAMES = (
    "01_spiking_neurons",
    "02_addition_only_attention",
    "03_where_multiplication_hides",
    "04_a_whole_network",
    "05_verify_your_implementation",
    "06_from_pytorch_to_integers",
)
"""In reading order."""

MOST_BYTES, MOST_VARYING, FEWEST_EXERCISES = 700_000, 2, 3
SOLUTION = "# Your turn: replace this solution by your own."
OF_A_MACHINE = ("/work/", "/root", "/home", "/tmp/", "site-packages", "object at 0x")
TEXT_TYPES = ("text/plain", "text/html")
PICTURE = "image/png"
SIZE_SLACK = 20
"""Another version of matplotlib trims a picture differently: a side may be off by one part in so many."""


def read_notebook(path):
    """Return a notebook as the JSON that it is."""
    return json.loads(path.read_text(encoding="utf-8"))


def text_of(value):
    """Return a text that notebooks keep whole or as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def source(cell):
    return text_of(cell["source"])


def is_code(cell):
    return cell["cell_type"] == "code"


def has_tag(cell, tag):
    return tag in cell["metadata"].get("tags", ())


def faults(notebook):
    """Return what is wrong with a notebook, each in a line; nothing if it is as it must be.

    Parameters
    ----------
    notebook : dict
        The file's JSON.
    """
    return [*faults_of_form(notebook), *faults_of_runs(notebook), *faults_of_exercises(notebook)]


def faults_of_form(notebook):
    """Look at title, first cell, headings, kernel, cell ids and traces of the machine."""
    cells = notebook["cells"]
    opening = source(cells[0]) if cells[0]["cell_type"] == "markdown" else ""
    headings = [
        line
        for cell in cells
        if cell["cell_type"] == "markdown"
        for line in source(cell).splitlines()
        if line.startswith("## ")
    ]
    kernel, ids = notebook["metadata"].get("kernelspec", {}), [cell.get("id") for cell in cells]
    everything = readable(notebook)
    found = {
        "it does not open with a title": not opening.startswith("# "),
        "the first cell lacks 'What you will understand'": "**What you will understand**" not in opening,
        "the last heading is not '## Exercises'": headings[-1:] != ["## Exercises"],
        "the kernel is not 'python3'": kernel.get("name") != "python3",
        "cells lack an id of their own": None in ids or len(set(ids)) < len(ids),
        **{f"it holds {trace!r}": trace in everything for trace in OF_A_MACHINE},
    }
    return [fault for fault, is_there in found.items() if is_there]


def readable(notebook):
    """Return all texts of a notebook, and no picture."""
    texts = [json.dumps(notebook["metadata"])]
    for cell in notebook["cells"]:
        outputs = cell.get("outputs", ())
        texts += [source(cell), json.dumps(cell["metadata"]), *(text_of(output.get("text", "")) for output in outputs)]
        data = [pair for output in outputs for pair in output.get("data", {}).items()]
        texts += [text_of(value) for kind, value in data if kind.startswith("text/")]
    return "\n".join(texts)


def faults_of_runs(notebook):
    """Look at the order of the runs, and at outputs that a reader should not meet."""
    code = [cell for cell in notebook["cells"] if is_code(cell)]
    counts = [cell["execution_count"] for cell in code]
    outputs = [output for cell in code for output in cell["outputs"]]
    found = {
        f"cells were run as {counts}, not from 1 to {len(code)}": counts != list(range(1, len(code) + 1)),
        "a cell failed": any(output["output_type"] == "error" for output in outputs),
        "there is an output on stderr": any(output.get("name") == "stderr" for output in outputs),
        "there is no picture": not any(PICTURE in output.get("data", ()) for output in outputs),
        "too many cells are tagged 'varies'": sum(has_tag(cell, "varies") for cell in code) > MOST_VARYING,
    }
    return [fault for fault, is_there in found.items() if is_there]


def faults_of_exercises(notebook):
    """Look at the readers' cells: how many, how they begin, and that each is checked right after it."""
    cells = notebook["cells"]
    places = [place for place, cell in enumerate(cells) if is_code(cell) and has_tag(cell, "solution")]
    found = [] if len(places) >= FEWEST_EXERCISES else [f"there are {len(places)} exercises"]
    for number, place in enumerate(places, 1):
        check = cells[place + 1] if place + 1 < len(cells) else None
        if source(cells[place]).splitlines()[:1] != [SOLUTION]:
            found.append(f"the reader's cell of exercise {number} does not begin with {SOLUTION!r}")
        if cells[place - 1]["cell_type"] != "markdown":
            found.append(f"exercise {number} has no statement before the reader's cell")
        if check is None or not is_code(check) or "assert" not in source(check) or not check["outputs"]:
            found.append(f"exercise {number} has no check after the reader's cell")
    return found


def differences(kept, fresh):
    """Compare the outputs of a notebook with those of a fresh run of it.

    Texts are compared but for blanks at the ends of lines, pictures by their being there and by their size. Cells
    tagged `varies` are left out.

    Parameters
    ----------
    kept, fresh : dict
        Two notebooks of the same cells, as JSON.

    Returns
    -------
    differences : str
        A unified diff for each cell that differs; empty if none does.
    """
    kept_cells, fresh_cells = ([cell for cell in notebook["cells"] if is_code(cell)] for notebook in (kept, fresh))
    if [source(cell) for cell in kept_cells] != [source(cell) for cell in fresh_cells]:
        return "the fresh run is not one of these cells"
    pairs = [
        (number, shown(cell), shown(again))
        for number, (cell, again) in enumerate(zip(kept_cells, fresh_cells), 1)
        if not has_tag(cell, "varies")
    ]
    return "\n".join(
        line
        for number, before, after in pairs
        if not alike(before, after)
        for line in unified_diff(
            words(before), words(after), f"code cell {number}, in git", f"code cell {number}, fresh run", lineterm=""
        )
    )


def shown(cell):
    """Return what the outputs of a cell show: lines of text, and (width, height) for a picture."""
    items, stream = [], None
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            if stream == output["name"]:
                items[-1] += text_of(output["text"])
            else:
                items.append(text_of(output["text"]))
            stream = output["name"]
            continue
        stream = None
        if output["output_type"] == "error":
            items.append(f"{output['ename']}: {output['evalue']}")
            continue
        data = output["data"]
        items += [text_of(data[kind]) for kind in TEXT_TYPES if kind in data and PICTURE not in data]
        items += [picture_size(text_of(data[PICTURE]))] if PICTURE in data else []
    lines = []
    for item in items:
        lines += [item] if isinstance(item, tuple) else [line.rstrip() for line in item.rstrip().split("\n")]
    return lines


def picture_size(encoded):
    """Return width and height of a PNG, which stand in its first 24 bytes."""
    return struct.unpack(">II", b64decode(encoded[:32])[16:24])


def alike(before, after):
    """Tell whether two cells show the same."""
    return len(before) == len(after) and all(map(item_alike, before, after))


def item_alike(before, after):
    if isinstance(before, tuple) and isinstance(after, tuple):
        return all(abs(one - other) * SIZE_SLACK <= one for one, other in zip(before, after))
    return before == after


def words(items):
    """Say in text what a cell shows."""
    return [f"[picture of {item[0]} x {item[1]} pixels]" if isinstance(item, tuple) else item for item in items]
