"""The house: imports run one way, numba and floats stay in their rooms, names are found where they are expected."""

import ast
from pathlib import Path

import pytest

import refsim

PACKAGE = Path(refsim.__file__).parent
LAYERS = [
    {"version"},
    {"errors", "npy", "printable", "whole_file"},
    {"numerics", "named_arrays"},
    {"audit"},
    {"kernels"},
    {"ops"},
    {"network"},
    {"engine", "events"},
    {"simulator"},
    {"architectures", "model_file", "energy", "shipped"},
    {"certificate"},
    {"refsim"},
    {"images", "evaluation", "checkpoints", "render", "report", "golden"},
    {"bench", "dataset"},
    {"cli"},
    {"__main__"},
]
"""Each room imports from rooms before its own, or within itself; ``refsim`` is the package's front door."""

FLOAT_ROOMS = {"checkpoints", "training", "energy", "render", "report", "cli", "evaluation", "bench"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "golden_files" not in path.parts)


def room(name):
    """Return the room of a dotted module name: its part below refsim."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "refsim"


def imported(path):
    """Return every module that a file imports, lazily or not."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = {"refsim." + alias.name for alias in node.names if (PACKAGE / f"{alias.name}.py").exists()}
            names += modules if node.module == "refsim" and modules else [node.module]
    return names


def imported_at_once(path):
    """Return the modules that a file imports when it is imported itself: those outside of functions."""
    names = []
    nodes = [ast.parse(path.read_text())]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)
    return names


def room_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "refsim" if parts == ("__init__",) else parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    """No room imports from one above it, and nothing imports training."""
    height = {name: place for place, layer in enumerate(LAYERS) for name in layer}
    here = room_of(path)
    for name in imported(path):
        if name.split(".")[0] == "refsim" and here != "training" and room(name) != here:
            assert room(name) in height, f"{path.name} imports {name}"
            assert height[room(name)] < height[here], f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_numba_and_torch_stay_in_their_rooms(path):
    """numba in kernels and audit, scikit-learn in training, torch there and in functions of checkpoints and bench."""
    tops = {name.split(".")[0] for name in imported(path)}
    assert "numba" not in tops or room_of(path) in {"kernels", "audit"}
    assert "sklearn" not in tops or room_of(path) == "training"
    assert "torch" not in tops or room_of(path) in {"training", "checkpoints", "bench"}
    if room_of(path) in {"checkpoints", "bench"}:
        at_once = {name.split(".")[0] for name in imported_at_once(path)}
        assert not at_once & {"torch", "scipy", "matplotlib", "spikingjelly"}, "needed to import the module"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_floats_stay_in_their_rooms(path):
    """No float literal, true division or float type in the rooms between pixel and logit."""
    if room_of(path) in FLOAT_ROOMS:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"line {node.lineno}"
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and is_arithmetic(node)), (
            f"line {node.lineno}"
        )
        assert not (isinstance(node, ast.Attribute) and node.attr.startswith("float")), f"line {node.lineno}"


def is_arithmetic(node):
    """Tell a division from the joining of paths: a path is joined to a text or a name."""
    text = (ast.Constant, ast.JoinedStr)
    return not isinstance(node.right, text)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_short_and_documented(path):
    """At most 350 lines; every module opens with what it is."""
    source = path.read_text()
    assert len(source.splitlines()) <= 350
    assert ast.get_docstring(ast.parse(source))


@pytest.mark.parametrize(
    ("source", "at_once"),
    [
        ("import torch", True),
        ("from torch import nn", True),
        ("try:\n    import torch\nexcept ImportError:\n    torch = None", True),
        ("class Reader:\n    import torch", True),
        ("def read():\n    import torch", False),
        ("class Reader:\n    def read(self):\n        from torch import load", False),
    ],
)
def test_an_import_outside_of_functions_is_seen(tmp_path, source, at_once):
    """Under a try and in a class, too; only a function puts it off."""
    (tmp_path / "module.py").write_text(source)
    assert at_once == (imported_at_once(tmp_path / "module.py") == ["torch"])
