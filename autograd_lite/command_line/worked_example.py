"""``example``: the articles' worked example, figure by figure."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from .. import draw, steps
from ..nn.worked_example import (
    FIGURES,
    LEARNING_RATE,
    Judged,
    WorkedExample,
    first_pass,
    judged,
    judged_training,
    training,
)
from ..sentences import say
from ..sentences.widths import to_left, to_right

TITLES = ("forward-pass", "example-output", "example-hidden")
"""Of the parts of `FIGURES`."""


def example(
    updates: int, learning_rate: float, update_biases: bool, sequential: bool, out: Path, quiet: bool, language: str
) -> int:
    """The articles' worked example: every figure, the training, the graph, the steps. 1 if a right figure is not reproduced."""
    told: Callable[..., None] = _nothing if quiet else print
    told(say(language, "example-what"))
    out.mkdir(parents=True, exist_ok=True)
    rows, found = [], first_pass()
    for title, figures in zip(TITLES, FIGURES.values()):
        rows += _table(told, title, judged(figures, found), language)
    rows += _trained(told, updates, learning_rate, update_biases, sequential, language)
    differing = [row for row in rows if row.differs]
    for row in differing:
        print(f"autograd-lite: {row.figure.quantity} is {row.value!r}, not {row.figure.printed}", file=sys.stderr)
    told()
    error = WorkedExample()()
    files = {kind: out / f"worked_example.{kind}" for kind in ("dot", "svg", "html")}
    page = steps(error, language).save(files["html"])  # before the pass: else the page warns of grads that are there
    error.backward()
    drawing = draw(error, language=language)
    for written in (drawing.save(files["dot"]), drawing.save(files["svg"]), page):
        print(say(language, "wrote", path=written))
    told(say(language, "example-next", html=files["html"]))
    return 1 if differing else 0


def _nothing(*lines: str) -> None:
    pass


def _table(told: Callable[..., None], title: str, rows: list[Judged], language: str) -> list[Judged]:
    """The rows, which are also told."""
    quantity, computed, article, verdict = [
        say(language, f"example-{column}") for column in ("quantity", "computed", "article", "verdict")
    ]
    told(f"\n{say(language, title)}")
    told(f"  {to_left(quantity, 20)}{to_right(computed, 20)}{to_right(article, 15)}  {verdict}")
    for row in rows:
        told(f"  {row.figure.quantity:<20}{row.value:>20.12g}{row.figure.printed or '-':>15}  {row.said(language)}".rstrip())
    return rows


def _trained(
    told: Callable[..., None], updates: int, learning_rate: float, update_biases: bool, sequential: bool, language: str
) -> list[Judged]:
    """The figures of the training, where there are published ones: at the articles' settings, in either order of the updates."""
    run = training(updates, learning_rate, update_biases, sequential)
    key = "example-training" + "-sequential" * sequential + "-biases" * update_biases
    told(f"\n{say(language, key, updates=updates, rate=f'{learning_rate:g}')}")
    for quantity, value in run.items():
        told(f"  {quantity:<20}{value:>20.12g}")
    if learning_rate != LEARNING_RATE or update_biases:
        return []
    other = training(updates, sequential=not sequential)
    simultaneous, in_sequence = (other, run) if sequential else (run, other)
    rows: list[Judged] = judged_training(run, {"simultaneous": simultaneous, "sequential": in_sequence})
    if rows:
        _table(told, "example-published", rows, language)
    told(say(language, "example-orders"))
    return rows
