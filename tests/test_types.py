"""What static tools know: the stub is that of the tables, and type checkers pass what is right and flag what is wrong."""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_lite
from autograd_lite import OPERATIONS, Value, stub

ROOT, PROGRAMS = Path(__file__).parents[1], Path(__file__).parent / "types"
WRONG = {i for i, line in enumerate((PROGRAMS / "wrong.py").read_text().splitlines(), 1) if line.endswith("# wrong")}


def test_the_stub_is_up_to_date():
    assert stub.FILE.read_text(encoding="utf-8") == stub.stub(), "python -m autograd_lite.stub writes it"


def test_the_stub_has_every_operation_as_function_and_method():
    tree = ast.parse(stub.stub())
    methods = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert set(functions) == {*OPERATIONS, "affine", "nll"}
    assert {node.name for node in methods} >= {op for op in OPERATIONS if hasattr(Value, op)} | {"draw", "explain", "steps"}
    assert all(hasattr(Value, node.name) for node in methods)


def test_what_is_written_in_the_program_that_is_right_runs():
    done = subprocess.run([sys.executable, PROGRAMS / "right.py"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_star_import_has_the_same_names_for_static_tools():
    listed = next(node.value for node in ast.parse(stub.stub()).body if isinstance(node, ast.AnnAssign))
    assert set(ast.literal_eval(listed)) == {name for name in autograd_lite.__all__ if name in {*OPERATIONS, "affine", "nll"}}


@pytest.mark.slow
def test_mypy_passes_what_is_right_and_flags_what_is_wrong(tmp_path):
    pytest.importorskip("mypy")
    for name, expected in (("right.py", set()), ("wrong.py", WRONG)):
        command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
        command += ["--cache-dir", str(tmp_path), "--config-file", os.devnull, str(PROGRAMS / name)]
        done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "MYPYPATH": str(ROOT)}, capture_output=True, text=True)
        assert {int(line) for line in re.findall(rf"{name}:(\d+): error", done.stdout)} == expected, done.stdout + done.stderr


@pytest.mark.slow
def test_pyright_passes_what_is_right_and_flags_what_is_wrong(tmp_path):
    command = [sys.executable, "-m", "pyright"] if importlib.util.find_spec("pyright") else [shutil.which("pyright")]
    if command == [None]:
        pytest.skip("needs pyright")
    for name in ("right.py", "wrong.py"):
        shutil.copy(PROGRAMS / name, tmp_path)
    settings = {"extraPaths": [str(ROOT)], "typeCheckingMode": "standard", "include": ["right.py", "wrong.py"]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run([*command, "--outputjson"], cwd=tmp_path, capture_output=True, text=True)
    found = json.loads(done.stdout)["generalDiagnostics"]
    errors = [(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in found if each["severity"] == "error"]
    assert set(errors) == {("wrong.py", line) for line in WRONG}, done.stdout
