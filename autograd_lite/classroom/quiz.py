"""A `Quiz`: a sheet of questions that is taken in a terminal, in Jupyter, as a page, on paper, and elsewhere."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..engine.errors import is_real
from ..sentences import known
from ..value import Value
from . import page, saving, terminal
from .choice import chosen
from .graphs import Graph
from .mistakes import MISTAKES
from .questions import KINDS
from .rows import rebuilt
from .sheet import Sheet
from .wrong import Mistake


class Quiz(Sheet):
    """Questions about the graph of `output`, numbered from 1. See `quiz`."""

    def ask(self) -> None:
        """Asks the questions in the terminal."""
        terminal.ask(self)

    def html(self, key: str | None = None) -> str:
        """The quiz as one page that needs nothing else. key: of the course; then the page shows a code to hand in at the end.

        The answers in it are salted hashes, and what is said to them is scrambled: that deters, it does not protect.
        """
        return page.document(self, key)

    def save(self, path: str | os.PathLike[str], form: str | None = None, key: str | None = None) -> Path:
        """Writes the quiz to a file, whole or not at all; returns the path.

        The form goes by the name: ``.html`` is the page, or where the name begins with ``worksheet`` or ``key`` these, for paper;
        ``.xml`` Moodle's, ``.gift``, ``.json`` jupyterquiz', ``.md`` text2qti's, ``.ipynb`` nbgrader's, or otter's where the name
        begins with ``otter``. form: "page", "worksheet", "key", "moodle", "gift", "jupyterquiz", "text2qti", "nbgrader", "otter".
        key: of the course, for the code that a page shows. ValueError for another ending or form.
        """
        return saving.saved(self, path, form, key)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        text = "\n".join([f"{number}. {question.text()}" for number, question in enumerate(self, 1)])
        return {"text/html": page.notebook_output(self, text), "text/plain": text}

    def __repr__(self) -> str:
        return f"<Quiz of {len(self)} questions about {self.graph.name(self.graph.output)}; .ask(), .save('quiz.html')>"


def quiz(
    output: Value,
    wrt: Iterable[Value | str] | None = None,
    *,
    ask: str | Sequence[str] = KINDS,
    count: int = 8,
    seed: object = 0,
    lr: float = 0.5,
    digits: int = 6,
    mistakes: str | Mistake | Iterable[str | Mistake] = MISTAKES,
    language: str | None = None,
) -> Quiz:
    """A quiz of up to `count` questions about the two passes over the graph of `output`.

    wrt: the nodes that are asked about, or their labels; without it those with labels. ask: the kinds of question. seed: another
    one gives other questions. lr: the learning rate of updates. digits: significant digits of an answer, 2 to 12. mistakes: those
    that the questions are to show, by name. language: "en", "zh-TW" or "zh-CN".

    The questions are chosen so that the mistakes differ from the right answer and from one another. ValueError for an unknown
    name or number, or where nothing can be asked.

    >>> from autograd_lite import tanh
    >>> x, w, b = Value(1.0, "x"), Value(2.0, "w"), Value(0.5, "b")
    >>> y = tanh(x * w + b)
    >>> y.label = "y"
    >>> asked = quiz(y, [w], ask=["adjoint"], count=1)
    >>> print(asked[0].text())
    What is ∂y/∂w, the derivative of y by w? (6 significant digits)
    >>> asked.check(1, "0.0265922").right
    True
    >>> print(asked.check(1, 0.986614).words)
    0.986614 has the value y where its slope belongs: the derivative by x * w + b is 1 - y**2.
    """
    graph = Graph(output, _rate(lr))
    those = [
        name if isinstance(name, Mistake) else _mistake(name)
        for name in ([mistakes] if isinstance(mistakes, (str, Mistake)) else mistakes)
    ]
    ask = [ask] if isinstance(ask, str) else ask
    for kind in ask:
        if kind not in KINDS:
            raise ValueError(f"no question is of the kind {kind!r}: there are {', '.join(KINDS)}")
    count, digits, language = _whole("count", count, 1, 10_000), _whole("digits", digits, 2, 12), known(language)
    nodes = graph.named if wrt is None else _among(graph, wrt)
    questions = chosen(graph, nodes, list(dict.fromkeys(ask)), count, seed, those, digits, language)
    if not questions:
        infinite = [f"{n.label or n.op} is {n.data}: choose smaller numbers" for n in graph.nodes if not math.isfinite(n.data)]
        why = infinite[0] if infinite else "ask others, or give its nodes labels"
        raise ValueError(f"nothing of the kinds {', '.join(ask)} can be asked of this graph: {why}")
    return Quiz(graph, questions, those, seed, digits, language)


def _mistake(name: Any) -> Mistake:
    if name not in MISTAKES:
        raise ValueError(f"no mistake is called {name!r:.80}: there are {', '.join(MISTAKES)}")
    return MISTAKES[name]


def _rate(lr: Any) -> float:
    if isinstance(lr, bool) or not is_real(lr) or not math.isfinite(lr):
        raise ValueError(f"the learning rate, lr, is a finite number, got {lr!r:.80}")
    return float(lr)


def _whole(what: str, number: Any, low: int, high: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise ValueError(f"{what} is a whole number from {low} to {high}, got {number!r:.80}")
    return number


def _among(graph: Graph, wrt: Iterable[Value | str]) -> list[Value]:
    """The nodes of the graph that are given, or have one of these labels."""
    by_label: dict[str, list[Value]] = {}
    for node in graph.nodes:
        by_label.setdefault(node.label, []).append(node)
    found = []
    for one in [wrt] if isinstance(wrt, (Value, str)) else wrt:
        nodes = by_label.get(one, []) if isinstance(one, str) else [one] if one in graph.place else []
        if not nodes:
            raise ValueError(
                f"{one!r:.80} is not in the graph: there are {', '.join([n.label for n in graph.nodes if n.label][:20])}"
            )
        found += nodes
    return found


def quiz_of(data: Mapping[str, Any]) -> Quiz:
    """The quiz of such data. ValueError for what is none."""
    try:
        graph = Graph(rebuilt(data["graph"]), _rate(data["lr"]))
        asked: list[tuple[str, Value, Value | None]] = [
            (kind, graph.nodes[node], None if by is None else graph.nodes[by]) for kind, node, by in data["questions"]
        ]
        mistakes = [_mistake(name) for name in data["mistakes"]]
        digits = _whole("digits", data["digits"], 2, 12)
        quiz = Quiz.about(graph, asked, mistakes, data["seed"], digits, known(data["language"]))
        quiz.student = data["student"]
        return quiz
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"this is not the file of a course, or it was changed: {error}") from None
