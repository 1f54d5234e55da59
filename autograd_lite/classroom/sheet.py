"""A `Sheet` of questions about a graph: checks answers, and makes the same questions with other numbers for each student."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from ..value import Value
from .choice import askable
from .graphs import Graph
from .mistakes import MISTAKES
from .questions import Question
from .rows import Row, listed, rebuilt
from .verdicts import Checked, checked
from .wrong import Mistake, passes

S = TypeVar("S", bound="Sheet")

DRAWS = 200
"""So many times numbers are drawn for a student, at most."""
STEEP = 0.03
"""A unit whose slope is less than this, and was not before, saturates."""


class Sheet(Sequence[Question]):
    """Questions about a graph, numbered from 1, and what is said to answers."""

    def __init__(
        self, graph: Graph, questions: Sequence[Question], mistakes: Sequence[Mistake], seed: object, digits: int, language: str
    ) -> None:
        self.graph, self.questions, self.mistakes = graph, list(questions), list(mistakes)
        self.seed, self.digits, self.language = seed, digits, language
        self.student = ""
        """Whose numbers these are."""

    @classmethod
    def about(
        cls: type[S],
        graph: Graph,
        asked: Iterable[tuple[str, Value, Value | None]],
        mistakes: Sequence[Mistake],
        seed: object,
        digits: int,
        language: str,
    ) -> S:
        """The sheet of these questions: of each the kind, the node, and what it is an operand of."""
        ran = passes(graph, mistakes)
        questions = [Question(graph, ran, kind, node, by, digits, language) for kind, node, by in asked]
        return cls(graph, questions, mistakes, seed, digits, language)

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
        """Whether an answer, a number or the text of one, is right; if not, the mistakes that give it, where that is certain.

        In a notebook the last line of a cell: it shows what is said to the answer, and to None the question.
        """
        return checked(self.question(number), answer)

    def answer(self, number: int, answer: Any) -> None:
        """An AssertionError, with what is to be said and the first hint, unless the answer is right. For a graded cell."""
        found = self.check(number, answer)
        if not found.right:
            raise AssertionError(str(found))

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

    def variants(self: S, ids: Iterable[str], key: str | None = None) -> dict[str, S]:
        """For each student the same questions with other numbers, the same ones whenever they are asked for.

        The leaves but those at 0 are drawn anew, with two decimals; numbers at which an operation has no value, a unit
        saturates, or mistakes are not told apart that were, are drawn again. key: with it, nobody else can tell the numbers.
        TypeError for an id that is no text, ValueError for one that is empty or there twice.
        """
        found: dict[str, S] = {}
        for student in [ids] if isinstance(ids, str) else ids:
            if not isinstance(student, str):
                raise TypeError(f"a student is named by a text, such as 'Ada' or '101', got {student!r:.60}")
            if not student.strip() or not _is_unicode(student):
                raise ValueError(f"{student!r:.60} is no name of a student")
            if student in found:
                raise ValueError(f"the student {student!r} is there twice: each needs a name of their own")
            found[student] = self._variant(student, key or "")
        return found

    def _variant(self: S, student: str, key: str) -> S:
        secret = hmac.new(key.encode(), f"{self.seed}\0{student}".encode(), hashlib.sha256).hexdigest()
        rng = random.Random(secret)
        rows = listed(self.graph.output)
        scopes = [getattr(node, "scope", None) for node in self.graph.nodes]
        best: S | None = None
        most = -1
        for _ in range(DRAWS):
            numbers = _drawn(rows, rng)
            try:
                graph = Graph(rebuilt(rows, numbers, scopes), self.graph.lr)
            except (ValueError, ArithmeticError):
                continue
            if self._saturates(graph):
                continue
            other = self._on(graph)
            if not all(question.can_be_asked for question in other):
                continue
            shown = sum([not set(a.told_apart) - set(b.told_apart) for a, b in zip(self, other)])
            if shown > most:
                best, most = other, shown
            if shown == len(self):
                break
        if best is None:
            raise ValueError(f"no numbers with two decimals for {student!r:.60}: this graph has no value at {DRAWS} drawn ones")
        best.student = student
        return best

    def _saturates(self, graph: Graph) -> bool:
        for node, other in zip(self.graph.nodes, graph.nodes):
            if node in self.graph.activations:
                before, after = self.graph.derivatives[node][0], graph.derivatives[other][0]
                if abs(after) < STEEP <= abs(before):
                    return True
        return False

    def _on(self: S, graph: Graph) -> S:
        """The same questions about a graph of the same shape."""
        place, nodes = self.graph.place, graph.nodes
        asked = [(q.kind, nodes[place[q.node]], None if q.by is None else nodes[place[q.by]]) for q in self]
        return type(self).about(graph, asked, self.mistakes, self.seed, self.digits, self.language)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _drawn(rows: Sequence[Row], rng: random.Random) -> dict[int, float]:
    """Other numbers for the leaves, by their place: of the same sign and about the same size, with two decimals."""
    found = {}
    for k, row in enumerate(rows):
        if row.op == "" and isinstance(row.content, float) and row.content != 0.0:
            size = abs(row.content)
            low, high = max(5, round(50 * size)), 95 if size < 1 else round(150 * size)
            found[k] = rng.randint(low, high) / 100 * (1 if row.content > 0 else -1)
    return found
