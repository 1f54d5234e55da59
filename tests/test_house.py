"""The house: three files to be read, a room for every part, and imports that run one way."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = {path.relative_to(ROOT).as_posix(): path for part in ("autograd_lite", "nn") for path in (ROOT / part).rglob("*.py")}


def module(file):
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module(file): file for file in FILES}


def imported(file):
    """The modules of the project that a file imports, also within functions and for types only."""
    inside = module(file).split(".")[: None if file.endswith("__init__.py") else -1]
    found = set()
    for node in ast.walk(ast.parse(FILES[file].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(
                [*inside[: len(inside) + 1 - node.level], *filter(None, [node.module])] if node.level else [node.module]
            )
            found.update(f"{start}.{alias.name}" if f"{start}.{alias.name}" in MODULES else start for alias in node.names)
    return {name for name in found if name in MODULES} - {module(file)}


IMPORTS = {module(file): imported(file) for file in FILES}


def test_imports_go_round_in_no_circle():
    left = {name: set(others) for name, others in IMPORTS.items()}
    while done := [name for name, others in left.items() if not others & left.keys()]:
        for name in done:
            del left[name]
    assert left == {}


# From the first to the last: a file imports what stands before its own room, or in it
ROOMS = [
    ["table", "files", "nests", "pages", "sources", "backprop"],
    ["ops"],
    ["floats", "formulas"],
    ["engine"],
    ["value"],
    ["gradient"],
    ["functional", "check", "registry", "program", "derivation", "sentences"],
    ["picture"],
    ["stepping"],
    ["parse", "classroom"],
    [""],
    ["nn", "stub"],
    ["command_line"],
    ["__main__"],
]
ROOM = {name: k for k, names in enumerate(ROOMS) for name in names}


def room(name):
    first, *rest = name.split(".")
    return ROOM["nn" if first == "nn" else rest[0] if rest else ""]


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_from_its_own_room_and_those_before_it(file):
    name = module(file)
    assert {other for other in IMPORTS[name] if room(other) > room(name)} == set()


LONGEST = {"autograd_lite/ops.py": 200, "autograd_lite/backprop.py": 115, "autograd_lite/value.py": 220}
OF_SPEED = re.compile(
    r"\b(speed|fast\w*|slow\w*|quick\w*|lock\w*|marks?|cach\w+|thread\w*|microseconds?|nanoseconds?)\b", re.IGNORECASE
)


@pytest.mark.parametrize("file", FILES)
def test_no_file_is_too_long_to_be_read(file):
    assert len(FILES[file].read_text(encoding="utf-8").splitlines()) <= LONGEST.get(file, 400)


@pytest.mark.parametrize("file", LONGEST)
def test_the_files_that_are_read_first_say_nothing_of_speed(file):
    assert OF_SPEED.findall(FILES[file].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", [file for file in FILES if file.endswith("/__init__.py") and file.count("/") <= 2])
def test_a_package_says_what_lies_in_it_and_in_which_order_to_read(file):
    text = ast.get_docstring(ast.parse(FILES[file].read_text(encoding="utf-8")))
    folder = FILES[file].parent
    files = {path.stem for path in folder.glob("*.py")} | {
        path.name for path in folder.iterdir() if (path / "__init__.py").exists()
    }
    assert files - {"__init__"} <= set(re.findall(r"`[~\w.]*?(\w+)`", text)), file
