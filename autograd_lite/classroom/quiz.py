"""A `Quiz`: questions about a graph that check an answer and know which mistake gives it."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..sentences import known, say
from ..value import Value
from .choice import askable, chosen
from .graphs import Graph, Row, listed, rebuilt
from .mistakes import MISTAKES, Mistake
from .questions import KINDS, Question, passes
from .verdicts import Checked, checked

DRAWS = 200
"""So many times numbers are drawn for a student, at most."""
STEEP = 0.03
"""A unit whose slope is less than this, and was not before, saturates."""


class Quiz(Sequence[Question]):
    """Questions about the graph of `output`, numbered from 1. See `quiz`."""

    def __init__(
        self, graph: Graph, questions: Sequence[Question], mistakes: Sequence[Mistake], seed: object, digits: int, language: str
    ) -> None:
        self.graph, self.questions, self.mistakes = graph, list(questions), list(mistakes)
        self.seed, self.digits, self.language = seed, digits, language
        self.student = ""
        """Whose numbers these are."""

    def __len__(self) -> int:
        return len(self.questions)

    def __getitem__(self, k: Any) -> Any:
        return self.questions[k]

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    def question(self, number: int) -> Question:
        """The question of that number, from 1 on. ValueError for a number that is none."""
        if not isinstance(number, int) or not 1 <= number <= len(self):
            raise ValueError(f"the questions are numbered from 1 to {len(self)}, got {number!r}")
        return self.questions[number - 1]

    def check(self, number: int, answer: Any) -> Checked:
        """Whether an answer, a number or the text of one, is right; if not, the mistakes that give it, where that is certain."""
        return checked(self.question(number), answer)

    def answer(self, number: int, answer: Any) -> None:
        """An AssertionError, with what is to be said and the first hint, unless the answer is right. For a cell of a notebook."""
        found = self.check(number, answer)
        if not found.right:
            raise AssertionError(f"{found.words}\n{say(self.language, 'hint')}: {self.question(number).hints()[0]}")

    def further(self, *mistakes: str) -> Question | None:
        """A question that tells these mistakes apart, if this graph has one: their answers differ, and at most one is right."""
        ran = passes(self.graph, [MISTAKES[name] for name in mistakes])
        for kind in ("adjoint", "update", "contribution", "local", "delta"):
            for node, by in askable(self.graph, kind, self.graph.named):
                found = Question(self.graph, ran, kind, node, by, self.digits, self.language)
                right = set(mistakes).difference(*found.wrong.values())
                if len(set(found.told_apart) | right) == len(set(mistakes)) > len(right) <= 1:
                    return found
        return None

    def ask(self) -> None:
        """Asks the questions in the terminal."""
        from .terminal import ask

        ask(self)

    def variants(self, ids: Iterable[str], key: str | None = None) -> dict[str, Quiz]:
        """For each student the same questions with other numbers, the same ones whenever they are asked for.

        The leaves but those at 0 are drawn anew, with two decimals; numbers at which an operation has no value, a unit
        saturates, or mistakes are not told apart that were, are drawn again. key: with it, nobody else can tell the numbers.
        ValueError for an id that is there twice.
        """
        found: dict[str, Quiz] = {}
        taken: set[tuple[float, ...]] = set()
        for student in ids:
            if student in found:
                raise ValueError(f"the student {student!r} is there twice: each needs a name of their own")
            found[student] = self._variant(student, key or "", taken)
        return found

    def _variant(self, student: str, key: str, taken: set[tuple[float, ...]]) -> Quiz:
        secret = hmac.new(key.encode(), f"{self.seed}\0{student}".encode(), hashlib.sha256).hexdigest()
        rng = random.Random(secret)
        rows = listed(self.graph.output)
        scopes = [getattr(node, "scope", None) for node in self.graph.nodes]
        best: Quiz | None = None
        most = -1
        for _ in range(DRAWS):
            numbers = _drawn(rows, rng)
            if tuple(numbers.values()) in taken:
                continue
            try:
                graph = Graph(rebuilt(rows, numbers, scopes), self.graph.lr)
            except (ValueError, ArithmeticError):
                continue
            if self._saturates(graph):
                continue
            other = self._on(graph)
            shown = sum([not set(a.told_apart) - set(b.told_apart) for a, b in zip(self, other)])
            if shown > most:
                best, most, kept = other, shown, numbers
            if shown == len(self):
                break
        if best is None:
            raise ValueError(f"no numbers with two decimals for {student!r}: this graph has no value at {DRAWS} drawn ones")
        taken.add(tuple(kept.values()))
        best.student = student
        return best

    def _saturates(self, graph: Graph) -> bool:
        for node, other in zip(self.graph.nodes, graph.nodes):
            if node in self.graph.activations:
                before, after = self.graph.derivatives[node][0], graph.derivatives[other][0]
                if abs(after) < STEEP <= abs(before):
                    return True
        return False

    def _on(self, graph: Graph) -> Quiz:
        """The same questions about a graph of the same shape."""
        ran = passes(graph, self.mistakes)
        place, nodes = self.graph.place, graph.nodes
        questions = [
            Question(graph, ran, q.kind, nodes[place[q.node]], None if q.by is None else nodes[place[q.by]], q.digits, q.language)
            for q in self
        ]
        return Quiz(graph, questions, self.mistakes, self.seed, self.digits, self.language)

    def __repr__(self) -> str:
        return f"<Quiz of {len(self)} questions about {self.graph.name(self.graph.output)}; .ask() asks them>"


def _drawn(rows: Sequence[Row], rng: random.Random) -> dict[int, float]:
    """Other numbers for the leaves, by their place: of the same sign and about the same size, with two decimals."""
    found = {}
    for k, row in enumerate(rows):
        if row.op == "" and isinstance(row.content, float) and row.content != 0.0:
            size = abs(row.content)
            low, high = max(5, round(50 * size)), max(round(150 * size), 95)
            found[k] = rng.randint(low, high) / 100 * (1 if row.content > 0 else -1)
    return found


def quiz(
    output: Value,
    wrt: Iterable[Value | str] | None = None,
    *,
    ask: Sequence[str] = KINDS,
    count: int = 8,
    seed: object = 0,
    lr: float = 0.5,
    digits: int = 6,
    mistakes: Iterable[str | Mistake] | Mapping[str, Mistake] = MISTAKES,
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
    graph = Graph(output, lr)
    names = mistakes if isinstance(mistakes, Mapping) else list(mistakes)
    unknown = [name for name in names if isinstance(name, str) and name not in MISTAKES]
    if unknown:
        raise ValueError(f"no mistake is called {unknown[0]!r}: there are {', '.join(MISTAKES)}")
    for kind in ask:
        if kind not in KINDS:
            raise ValueError(f"no question is of the kind {kind!r}: there are {', '.join(KINDS)}")
    for what, number, low, high in (("count", count, 1, 10_000), ("digits", digits, 2, 12)):
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise ValueError(f"{what} is a whole number from {low} to {high}, got {number!r}")
    those = [MISTAKES[name] if isinstance(name, str) else name for name in names]
    language = known(language)
    nodes = graph.named if wrt is None else _among(graph, wrt)
    questions = chosen(graph, nodes, list(dict.fromkeys(ask)), count, seed, those, digits, language)
    if not questions:
        raise ValueError(
            f"nothing of the kinds {', '.join(ask)} can be asked of this graph: ask others, or give its nodes labels"
        )
    return Quiz(graph, questions, those, seed, digits, language)


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
