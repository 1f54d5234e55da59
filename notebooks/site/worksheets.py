"""Worksheets for the lessons, for a lesson without a computer: sheets with different numbers, and their key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from autograd_lite import Value
from autograd_lite.classroom import LESSONS, Quiz, paper, quiz
from autograd_lite.parse import parse
from nn import LSTMCell, RNNCell, SelfAttention, SequenceModel, half_squared_error
from nn.worked_example import WorkedExample

EXPRESSIONS = {
    1: ("u = w*x; y = u**2 + b", {"x": 0.5, "w": 1.5, "b": 0.25}),
    2: ("q = a / b; p = x**3; s = exp(q); y = s * p - c", {"a": 0.4, "b": 1.6, "x": 1.2, "c": 0.7}),
    4: ("p = a*b; q = a*a; net = p + q + c; y = tanh(net)", {"a": 0.6, "b": -0.8, "c": 0.3}),
    5: ("b = a*w; c = b + b; d = c*b; y = d + c", {"a": 0.7, "w": 0.4}),
}
"""By lesson the graph that its sheet is about, where it is that of an expression."""
NETWORKS: dict[int, Callable[[], Value]] = {
    7: lambda: _last(SequenceModel(RNNCell(1, 1, rng=7), 1, rng=7)([[0.5], [-0.25], [0.75]]), [0.4]),
    8: lambda: _last(SequenceModel(LSTMCell(1, 1, rng=8), 1, rng=8)([[0.5], [-0.25], [0.75]]), [0.4]),
    10: lambda: _last(SelfAttention(2, 1, rng=10)([[0.5, -0.25], [0.75, 0.4]]), [0.4, 0.1]),
}
"""By lesson the error of a network on a sequence. The sheets of all others are about the worked example."""


def _last(outputs: Sequence[Sequence[Value]], target: Sequence[float]) -> Value:
    """The error of what a network gives at the end of a sequence."""
    error = half_squared_error(outputs[-1], target)
    error.label = "E"
    return error


def graph(lesson: int) -> Value:
    """What the sheet of a lesson is about: the last node of its graph."""
    if lesson in EXPRESSIONS:
        return parse(*EXPRESSIONS[lesson])
    return NETWORKS.get(lesson, WorkedExample())()


def sheets(lesson: int, count: int, language: str) -> list[Quiz]:
    """The sheets of a lesson: the same questions, on each with other numbers. They are numbered from 1."""
    asked = quiz(graph(lesson), mistakes=LESSONS[lesson], seed=lesson, language=language)
    return list(asked.variants(map(str, range(1, count + 1))).values())


def write_worksheets(out: Path, count: int, language: str, keys: Path | None) -> dict[int, str]:
    """Writes a file for each lesson, and to `keys` their keys. Returns their names, by lesson."""
    out.mkdir(parents=True)
    found = {}
    for lesson in LESSONS:
        found[lesson] = f"lesson-{lesson}.html"
        numbered = sheets(lesson, count, language)
        (out / found[lesson]).write_text(paper.worksheets(numbered), encoding="utf-8")
        if keys is not None:
            keys.mkdir(parents=True, exist_ok=True)
            (keys / found[lesson]).write_text(paper.key(numbered), encoding="utf-8")
    return found
