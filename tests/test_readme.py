"""What the README shows is run."""

import doctest
import re
import warnings
from pathlib import Path

import pytest

import autograd_lite

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_examples_give_what_they_show():
    # in Markdown, the line that closes a block is not part of the output
    text = re.sub(r"^```.*$", "", TEXT, flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(text, {}, "README", str(README), 0)
    assert len(examples.examples) > 20
    runner = doctest.DocTestRunner()
    assert runner.run(examples).failed == 0


def test_every_operation_is_named():
    for name in autograd_lite.OPERATIONS:
        assert name == "asin_slope" or re.search(rf"\b{name}\b", TEXT), name


def test_two_commands():
    commands = re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL)
    assert [command.strip().split()[-1] for command in commands] == ["example", "pytest"]
    assert all(command.count("\n") == 1 for command in commands)


# What one types elsewhere, and here ------------------------------------------------------------------------------------

ROWS = [
    [cell.strip() for cell in line[1:-1].split("|")]
    for line in TEXT[TEXT.index("| | micrograd | PyTorch | JAX | here |") :].split("\n\n")[0].splitlines()[2:]
]
# What the cells are about, in each column
SETUPS = {
    "here": """
import os, tempfile
from autograd_lite import *
from nn import *
x = Value(2.0, "x"); y = x * x
f, v = lambda v: v[0] ** 2 * v[1], [1.0, 3.0]
logits, example = [Value(0.5), Value(-1.0)], ([1.0, 2.0], 0.5)
model = Sequential(Linear(2, 3, rng=0), Dropout(), Linear(3, 1, rng=0)).eval()
optimizer, path = SGD(model.parameters(), lr=0.1), os.path.join(tempfile.mkdtemp(), "model.json")
""",
    "micrograd": """
from micrograd.engine import Value
from micrograd.nn import MLP
x, model = Value(2.0), MLP(2, [3, 1])
""",
    "PyTorch": """
import os, tempfile
import torch
from torch import nn
import torch.nn.functional as F
torch.set_default_dtype(torch.float64)
x = torch.tensor(2.0, requires_grad=True)
f, v, one = lambda v: v[0] ** 2 * v[1], torch.tensor([1.0, 3.0]), torch.tensor(1.0)
logits, label = torch.tensor([0.5, -1.0]), torch.tensor(1)
model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(), nn.Linear(3, 1))
model(v).backward()
optimizer, path = torch.optim.SGD(model.parameters(), lr=0.1), os.path.join(tempfile.mkdtemp(), "model.pt")
optimizer.step()
""",
    "JAX": """
import jax
import jax.numpy as jnp
jax.config.update("jax_enable_x64", True)
x, f, v, logits = 2.0, lambda v: v[0] ** 2 * v[1], jnp.array([1.0, 3.0]), jnp.array([0.5, -1.0])
params = grads = [jnp.array([1.0, 2.0])]
""",
}
# The rows that have numbers, those of the others are of networks that are drawn
NUMBERS = {
    "the number": [2.0], "a derivative": [12.0], "a second one": [12.0], "all second ones": [6.0, 2.0, 2.0, 0.0],
    "an activation": [2.0], "no derivative": [2.0], "a loss": [1.0], "of classes": [1.7014132779827524],
    "many at once": [1.0, 27.0], "compiled": [3.0],
}  # fmt: skip


def typed(column, code):
    """What a cell gives, typed into a new session of that library: the value of its last expression."""
    names = {}
    exec(SETUPS[column], names)
    *statements, last = code.split("; ")
    for statement in statements:
        exec(statement, names)
    try:
        compile(last, "", "eval")
    except SyntaxError:
        return exec(last, names)
    return eval(last, names)


def numbers(thing):
    """The numbers of what was given, a list of them, or none."""
    thing = thing.detach() if hasattr(thing, "detach") else thing
    thing = thing.tolist() if hasattr(thing, "tolist") else getattr(thing, "data", thing)
    if isinstance(thing, (list, tuple)):
        return [number for item in thing for number in numbers(item)]
    return [thing] if isinstance(thing, float) else []


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
@pytest.mark.parametrize("column", SETUPS)
def test_what_one_types_gives_the_same(column, row):
    if column != "here":
        pytest.importorskip({"PyTorch": "torch", "JAX": "jax"}.get(column, column), reason=f"{column} is not installed")
    place = ["", "micrograd", "PyTorch", "JAX", "here"].index(column)
    assert len(row) == 5 and (row[4] or column != "here")
    for code in re.findall("`([^`]*)`", row[place]):
        with warnings.catch_warnings():
            if column != "here":  # what others are about to change is theirs
                warnings.simplefilter("ignore")
            found = typed(column, code)
        if row[0] in NUMBERS and not code.startswith(("torch.compile", "model.compile")):
            assert numbers(found) == pytest.approx(NUMBERS[row[0]], rel=1e-12), code
