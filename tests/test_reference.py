"""The page of the whole API has all that is public, once each, in reading order."""

import re
import runpy
from pathlib import Path

import autograd_lite
import nn

SITE = Path(__file__).parents[1] / "notebooks" / "site"
PAGE = runpy.run_path(str(SITE / "reference.py"))["reference"]()
HEADINGS = re.findall(r"^### (\w+)", PAGE, re.MULTILINE)


def test_all_that_is_public_stands_there_once():
    public = [name for name in autograd_lite.__all__ if name != "OPERATIONS"] + ["abs", "pow", "round"] + nn.__all__
    assert sorted(HEADINGS) == sorted(public)


def test_it_is_in_reading_order():
    wanted = ["Value", "add", "tanh", "linear", "topological_order", "gradient", "grad", "explain", "draw", "steps"]
    wanted += [
        "compile_program",
        "no_grad",
        "register",
        "DomainError",
        "Module",
        "MLP",
        "mse",
        "SGD",
        "train",
        "LSTMCell",
        "bptt",
    ]
    assert [name for name in HEADINGS if name in wanted] == wanted


def test_each_has_its_signature_and_its_docstring():
    assert "### leaky_relu(x, slope=0.01)\n\nz = where(step(x), x, slope * x)" in PAGE
    assert "#### Value.backward()\n\nSets the grad" in PAGE
    assert "## The table of operations" in PAGE and "```python\n>>> from autograd_lite import Value, tanh" in PAGE
    assert PAGE.count("```") % 2 == 0
    bodies = re.split(r"^#{3,4} .*\n", PAGE, flags=re.MULTILINE)[1:]
    assert all(body.strip() and not body.strip().startswith("#") for body in bodies)
    assert " at 0x" not in PAGE
