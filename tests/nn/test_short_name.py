"""`nn` is the short name of `autograd_lite.nn`; beside a file `nn.py` of one's own, the long name works."""

import importlib
import os
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_lite.nn
import nn
from autograd_lite.__main__ import main

ROOT = Path(__file__).parents[2]


def run(folder, *arguments):
    """A fresh process in that folder, in which Python looks first, as it does for `python FILE` and in a notebook."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), *sys.path])}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path):
    """A student's folder, with the `nn.py` that was written in the lecture."""
    (tmp_path / "nn.py").write_text("class Neuron:\n    mine = True\n", encoding="utf-8")
    return tmp_path


def test_every_module_is_the_same_under_both_names():
    names = [found.name for found in pkgutil.walk_packages(autograd_lite.nn.__path__, "nn.")]
    assert "nn.dense" in names and "nn.recurrent.cells" in names
    assert nn is autograd_lite.nn
    for name in names:
        assert importlib.import_module(name) is importlib.import_module(f"autograd_lite.{name}"), name


@pytest.mark.parametrize("first", ["nn", "autograd_lite.nn", "nn.dense", "autograd_lite.nn.worked_example"])
def test_whichever_name_is_imported_first(first, tmp_path):
    program = (
        f"import {first}, nn, autograd_lite.nn, nn.worked_example as a, autograd_lite.nn.worked_example as b\n"
        "from nn.dense import MLP\nfrom autograd_lite import nn as c\n"
        "assert nn is autograd_lite.nn is c and a is b and MLP is nn.MLP is autograd_lite.nn.dense.MLP\n"
    )
    assert run(tmp_path, "-c", program).stderr == ""


def test_beside_an_nn_of_one_s_own_the_long_name_works(folder):
    program = (
        "import pickle, nn\nfrom autograd_lite import draw, steps\n"
        "from autograd_lite.nn import MLP, Neuron, half_squared_error, train\n"
        "mlp = MLP([2, 2, 1], rng=0)\nassert nn.Neuron.mine and nn.Neuron is not Neuron\n"
        "copy = pickle.loads(pickle.dumps(mlp))\nassert type(copy) is MLP\n"
        "train(mlp, [([1.0, 2.0], [0.5])], steps=2, compiled='python', progress=False)\n"
        "mlp.save('mlp.json'); mlp.load('mlp.json')\n"
        "draw(half_squared_error(mlp([1.0, 2.0]), [0.5])).svg()\n"
    )
    assert run(folder, "-c", program).stderr == ""


@pytest.mark.parametrize("kind", ["to_torch", "to_jax"])
def test_beside_an_nn_of_one_s_own_twins_are_made(kind, folder):
    pytest.importorskip(kind.removeprefix("to_"))
    program = f"from autograd_lite.nn import MLP, {kind}\n{kind}(MLP([2, 1], rng=0))\n"
    assert run(folder, "-W", "ignore", "-c", program).stderr == ""


def test_beside_an_nn_of_one_s_own_the_command_line_works(folder):
    for arguments in (
        ["example", "--steps", "1"],
        ["train-char", "--hidden", "1", "--length", "5", "--updates", "1"],
        ["doctor"],
    ):
        done = run(folder, "-m", "autograd_lite", *arguments)
        assert done.returncode == 0 and done.stderr == "", arguments
    assert f"finds {folder / 'nn.py'}: write `from autograd_lite.nn import ...`" in done.stdout


def test_the_doctor_finds_nothing_where_there_is_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "nn").mkdir()  # a folder without modules hides nothing
    for place in (tmp_path, ROOT):
        monkeypatch.chdir(place)
        assert main(["doctor"]) == 0
        assert "import nn           is autograd_lite.nn\n" in capsys.readouterr().out


def test_an_error_names_the_file_that_stands_before(folder):
    for program in ("from nn import MLP\n", "import autograd_lite\nfrom nn import MLP\n"):
        assert str(folder / "nn.py") in run(folder, "-c", program).stderr.splitlines()[-1]


def test_pickles_of_either_name_are_read():
    mlp = nn.MLP([1, 1], rng=0)
    data = pickle.dumps(mlp)
    assert b"autograd_lite.nn.dense" in data
    old = pickle.dumps(mlp, protocol=0).replace(b"autograd_lite.nn.dense", b"nn.dense")
    assert type(pickle.loads(old)) is nn.MLP
