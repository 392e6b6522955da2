"""The notebooks: what each must be, and that a fresh run shows what stands in git."""

import copy
from base64 import b64encode
from io import BytesIO
from pathlib import Path

import pytest
from notebook_checks import MOST_BYTES, NAMES, SOLUTION, differences, faults, picture_size, read_notebook
from PIL import Image

FOLDER = Path(__file__).parents[1] / "notebooks"


def notebook_path(name):
    return FOLDER / f"{name}.ipynb"


def test_there_are_these_notebooks_and_no_others():
    """Six lessons."""
    assert list(NAMES) == sorted(path.stem for path in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_as_it_must_be(name):
    """Titled, run once from top to bottom, without errors or traces of a machine, with exercises that are checked."""
    assert [] == faults(read_notebook(notebook_path(name)))
    assert notebook_path(name).stat().st_size < MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_run_shows_the_same(name, executed_notebooks):
    """Cell by cell; there only with ``--executed-notebooks FOLDER``."""
    found = differences(read_notebook(notebook_path(name)), read_notebook(executed_notebooks / f"{name}.ipynb"))
    assert not found, f"{name}\n{found}"


def markdown(text, place):
    return {"cell_type": "markdown", "id": f"m{place}", "metadata": {}, "source": text}


def code(text, place, *outputs, tags=()):
    return {
        "cell_type": "code",
        "id": f"c{place}",
        "metadata": {"tags": list(tags)},
        "source": text.splitlines(keepends=True),
        "execution_count": place,
        "outputs": list(outputs),
    }


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(**data):
    return {"output_type": "display_data", "data": {key.replace("_", "/"): text for key, text in data.items()}}


def picture(width, height, colour="white"):
    file = BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return b64encode(file.getvalue()).decode()


def lesson():
    """A notebook that is as it must be: one lesson of two cells, three exercises."""
    cells = [
        markdown("# A title\n\n**What you will understand**\n- one thing", 0),
        code("print(1)\nprint(2)", 1, stream("1\n"), stream("2\n")),
        code("draw()", 2, display(image_png=picture(400, 200), text_plain="<Figure size 400x200 with 1 Axes>")),
        markdown("## Exercises", 1),
    ]
    for number in range(3):
        place = 3 + 2 * number
        cells += [
            markdown(f"### {number}", place),
            code(f"{SOLUTION}\nanswer = 1", place, tags=["solution"]),
            code("assert answer == 1\nprint('right')", place + 1, stream("right\n")),
        ]
    return {"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}


def cell_of(notebook, place):
    return next(cell for cell in notebook["cells"] if cell["id"] == f"c{place}")


def test_a_good_notebook_has_no_faults():
    """So that the planted ones below are what is found."""
    assert [] == faults(lesson())


PLANTED = {
    "no title": (lambda cells: cells[0].update(source="**What you will understand**"), "title"),
    "no aims": (lambda cells: cells[0].update(source="# A title"), "What you will understand"),
    "no exercises heading": (lambda cells: cells.append(markdown("## Afterword", 99)), "last heading"),
    "a cell not run": (lambda cells: cells[1].update(execution_count=None), "cells were run as"),
    "run twice": (lambda cells: cells[1].update(execution_count=7), "cells were run as"),
    "an error": (lambda cells: cells[1].update(outputs=[{"output_type": "error"}]), "a cell failed"),
    "a warning": (lambda cells: cells[1].update(outputs=[stream("Warning", "stderr")]), "stderr"),
    "no picture": (lambda cells: cells[2].update(outputs=[]), "no picture"),
    "a path": (lambda cells: cells[1].update(outputs=[stream("saved in /home/me/x\n")]), "/home"),
    "a path of an install": (lambda cells: cells[-1].update(source="assert 'site-packages'"), "site-packages"),
    "an address in a value": (
        lambda cells: cells[1]["outputs"].append(display(text_plain="<thing object at 0x7f>")),
        "object at 0x",
    ),
    "an address": (lambda cells: cells[1].update(outputs=[stream("<thing object at 0x7f>\n")]), "object at 0x"),
    "two exercises": (lambda cells: cells[-2]["metadata"].update(tags=[]), "there are 2 exercises"),
    "another first line": (lambda cells: cells[-2].update(source="answer = 1"), "does not begin with"),
    "no statement": (lambda cells: cells.pop(-3), "no statement"),
    "no check": (lambda cells: cells[-1].update(source="print('right')"), "exercise 3 has no check"),
    "a silent check": (lambda cells: cells[-1].update(outputs=[]), "exercise 3 has no check"),
    "one id twice": (lambda cells: cells[1].update(id="m0"), "id of their own"),
    "too much varies": (
        lambda cells: [cells[place]["metadata"].update(tags=["varies"]) for place in (1, 2, -1)],
        "varies",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name):
    """That one, and no other."""
    plant, expected = PLANTED[name]
    notebook = lesson()
    plant(notebook["cells"])
    (found,) = faults(notebook)
    assert expected in found


def test_a_picture_may_hold_any_bytes():
    """Its encoding has slashes and letters, and is no path."""
    notebook = lesson()
    cell_of(notebook, 2)["outputs"][0]["data"]["image/png"] += "/home/work/"
    assert [] == faults(notebook)


def test_another_kernel_is_found():
    """A reader has a kernel named python3, not that of an environment."""
    notebook = lesson()
    notebook["metadata"]["kernelspec"]["name"] = "venv"
    assert ["the kernel is not 'python3'"] == faults(notebook)


def test_a_run_equals_itself():
    """Also where a stream comes in other pieces, lines end in blanks, and a picture has other bytes."""
    kept, fresh = lesson(), lesson()
    cell_of(fresh, 1)["outputs"] = [stream(["1  \n", "2\n"])]
    drawn = cell_of(fresh, 2)["outputs"][0]["data"]
    drawn["image/png"], drawn["text/plain"] = picture(404, 199, "black"), "<Figure size 404x199 with 1 Axes>"
    assert "" == differences(kept, kept) == differences(kept, fresh)


@pytest.mark.parametrize(
    ("place", "outputs", "expected"),
    [
        (1, [stream("1\n3\n")], ["-2", "+3"]),
        (1, [], ["-1", "-2"]),
        (1, [stream("1\n2\n"), display(text_plain="3")], ["+3"]),
        (1, [stream("1\n2\n"), display(text_html="<b>3</b>")], ["+<b>3</b>"]),
        (2, [], ["-[picture of 400 x 200 pixels]"]),
        (2, [display(image_png=picture(400, 400))], ["+[picture of 400 x 400 pixels]"]),
        (2, [display(text_plain="400")], ["-[picture of 400 x 200 pixels]", "+400"]),
        (1, [{"output_type": "error", "ename": "ValueError", "evalue": "no"}], ["+ValueError: no"]),
    ],
)
def test_an_altered_output_is_shown(place, outputs, expected):
    """As a unified diff that names the cell, and no cell beside it."""
    fresh = lesson()
    cell_of(fresh, place)["outputs"] = outputs
    lines = differences(lesson(), fresh).splitlines()
    assert f"--- code cell {place}, in git" == lines[0] and f"+++ code cell {place}, fresh run" == lines[1]
    assert set(expected) <= set(lines) and 1 == sum(line.startswith("---") for line in lines)


def test_cells_that_vary_are_left_out():
    """By their tag in git."""
    kept, fresh = lesson(), lesson()
    cell_of(fresh, 1)["outputs"] = [stream("0\n")]
    assert differences(kept, fresh)
    cell_of(kept, 1)["metadata"]["tags"] = ["varies"]
    assert "" == differences(kept, fresh)


def test_another_notebook_is_no_fresh_run():
    """Cells that were altered after the run, or are missing."""
    kept, fresh = lesson(), copy.deepcopy(lesson())
    cell_of(fresh, 1)["source"] = ["print(12)"]
    assert "not one of these cells" in differences(kept, fresh)
    assert "not one of these cells" in differences(kept, {**kept, "cells": kept["cells"][:-1]})


def test_the_size_of_a_picture_is_read_off_its_header():
    """Width before height."""
    assert (400, 200) == picture_size(picture(400, 200))


def test_the_comparison_is_collected_with_its_option_only(pytester):
    """Without it, such a test is not there, nor counted as skipped."""
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text())
    pytester.makepyfile(
        "def test_one(executed_notebooks):\n    assert executed_notebooks.name == 'run'\ndef test_two(): pass"
    )
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=1)
    pytester.runpytest("-p", "no:cacheprovider", "--executed-notebooks", "run").assert_outcomes(passed=2)
