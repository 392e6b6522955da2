"""Write a case's faces for hardware, C and people."""

from pathlib import Path

from refsim.errors import GoldenError
from refsim.golden.faces.c_header import c_header
from refsim.golden.faces.hex import hex_text
from refsim.golden.faces.tensors import tensors
from refsim.golden.faces.text import case_text
from refsim.golden.faces.verilog import hex_file, verilog_include

FACES = ("hex", "c", "text")
"""Each goes into a folder of its name."""


def export(case, folder, faces=FACES, answers=True):
    """Write faces of a case: ``hex/*.hex`` and ``hex/case.vh``, ``c/case.h``, ``text/case.txt``.

    Everything is rendered before anything is written. Other files of the folder are left alone.

    Parameters
    ----------
    case : Case
    folder : str or Path
        Made where it is not there.
    faces : sequence of str
        Of `FACES`.
    answers : bool
        Whether the expected values are written; if not, the sites' forms still are.

    Returns
    -------
    paths : list of Path
        What was written.

    Raises
    ------
    GoldenError
        If a face is unknown, if the folder of a face holds files already, if the case cannot be put into words of C
        and Verilog (see `tensors`), if a value does not fit its width, or if a file cannot be written.
    """
    if not faces or not set(faces) <= set(FACES):
        raise GoldenError(f"faces: expected some of {', '.join(FACES)}; got {', '.join(faces) or 'none'}")
    listed, texts = tensors(case, answers), {}
    if "hex" in faces:
        for tensor in listed:
            if tensor.values is not None:
                where = f"{case.id}: {tensor.name}"
                texts[f"hex/{hex_file(tensor)}"] = hex_text(tensor.values, tensor.bits, where)
        texts["hex/case.vh"] = verilog_include(case, listed)
    if "c" in faces:
        texts["c/case.h"] = c_header(case, listed)
    if "text" in faces:
        texts["text/case.txt"] = case_text(case, answers)
    try:
        return write(Path(folder), faces, texts)
    except OSError as error:
        raise GoldenError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error


def write(folder, faces, texts):
    """Write the texts by path; a stale file among them would be taken for a part of the case, so there must be none."""
    places = [folder.joinpath(face) for face in faces]
    for place in places:
        if place.exists() and any(place.iterdir()):
            raise GoldenError(f"{place}: not empty; remove it, or export to another folder")
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in texts.items():
        path = folder.joinpath(name)
        # bytes, since text mode would write other line ends on some systems
        path.write_bytes(text.encode("ascii"))
        paths.append(path)
    return paths
