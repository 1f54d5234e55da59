"""``example``: the articles' worked example, figure by figure."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from .. import draw, steps
from ..nn.worked_example import (
    FIGURES,
    LEARNING_RATE,
    Figure,
    WorkedExample,
    compared,
    compared_training,
    first_pass,
    training,
)

Compared = tuple[Figure, float, str]

WHAT_IT_IS = """\
A network of 2 inputs, 2 hidden and 2 output units, and one training example: Matt Mazur's "A Step by Step
Backpropagation Example" (2015), and its Chinese retelling. Every quantity of the two passes is computed, and compared with
the figure printed there; then the network is trained, and its graph (.svg, .dot for Graphviz) and steps (.html) are written."""

TWO_ORDERS = """
  Gradient descent takes every gradient at the same weights, then changes all of them (simultaneous).
  The program behind 0.291027924 changed w5..w8 first, then took the gradients of w1..w4 through the
  new ones (sequential): not the gradient of any error. The articles' own rule, and the w1+..w4+ that
  they print, give 0.291027774."""

WHAT_NEXT = """
What to do next:
  open {html} in a browser: both passes, step by step
  autograd-lite step "net = x*w + b; out = tanh(net)" x=1 w=2 b=0.5: the same of an expression of yours
  autograd-lite train-char: a network learns to write, letter by letter, in a minute or less"""


def example(updates: int, learning_rate: float, update_biases: bool, sequential: bool, out: Path, quiet: bool) -> int:
    """The articles' worked example: every figure, the training, the graph, the steps. 1 if a right figure is not reproduced."""
    say: Callable[..., None] = _nothing if quiet else print
    say(WHAT_IT_IS)
    out.mkdir(parents=True, exist_ok=True)
    rows, found = [], first_pass()
    for title, figures in FIGURES.items():
        rows += _table(say, title, compared(figures, found))
    rows += _trained(say, updates, learning_rate, update_biases, sequential)
    differing = [(figure, value) for figure, value, verdict in rows if verdict.startswith("DIFFERS")]
    for figure, value in differing:
        print(f"autograd-lite: {figure.quantity} is {value!r}, not {figure.printed}", file=sys.stderr)
    say()
    error = WorkedExample()()
    error.backward()
    drawing = draw(error)
    files = {kind: out / f"worked_example.{kind}" for kind in ("dot", "svg", "html")}
    print(f"wrote {drawing.save(files['dot'])}")
    print(f"wrote {drawing.save(files['svg'])}")
    print(f"wrote {steps(error).save(files['html'])}")
    say(WHAT_NEXT.format(**files))
    return 1 if differing else 0


def _nothing(*lines: str) -> None:
    pass


def _table(say: Callable[..., None], title: str, rows: list[Compared]) -> list[Compared]:
    """The rows, which are also said."""
    say(f"\n{title}\n  {'quantity':<20}{'computed':>20}{'article':>15}  verdict")
    for figure, value, verdict in rows:
        say(f"  {figure.quantity:<20}{value:>20.12g}{figure.printed or '-':>15}  {verdict}".rstrip())
    return rows


def _trained(
    say: Callable[..., None], updates: int, learning_rate: float, update_biases: bool, sequential: bool
) -> list[Compared]:
    """The figures of the training, where there are published ones: at the articles' settings, in either order of the updates."""
    run = training(updates, learning_rate, update_biases, sequential)
    order, biases = "sequential" if sequential else "simultaneous", "updated" if update_biases else "fixed"
    say(f"\nTraining: {updates} updates at learning rate {learning_rate:g}, {order}, biases {biases}")
    for quantity, value in run.items():
        say(f"  {quantity:<20}{value:>20.12g}")
    if learning_rate != LEARNING_RATE or update_biases:
        return []
    other = training(updates, sequential=not sequential)
    simultaneous, in_sequence = (other, run) if sequential else (run, other)
    rows: list[Compared] = compared_training(run, {"simultaneous": simultaneous, "sequential": in_sequence})
    if rows:
        _table(say, "The published figures of the training", rows)
    say(TWO_ORDERS)
    return rows
