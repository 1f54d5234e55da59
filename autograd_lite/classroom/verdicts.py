"""What is said to an answer: right, rounded too early, or wrong, with the mistakes that give it."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..engine.errors import is_real
from ..sentences import say
from .questions import Question
from .wrong import Pass

# Those of Okabe and Ito (2008), which the colour-blind tell apart, and grey
COLOURS = {"right": "#009e73", "rounded": "#e69f00", "wrong": "#d55e00", "open": "#8a8a8a"}


def in_colour(verdict: str, text: str) -> str:
    """What is said to an answer, as HTML with a bar in the colour of the verdict."""
    lines = html.escape(text).replace("\n", "<br>")
    return f'<div style="border-left: 5px solid {COLOURS[verdict]}; padding-left: 0.7em">{lines}</div>'


_WIDE = {chr(0xFEE0 + k): chr(k) for k in range(0x21, 0x7F)}
"""Signs as wide as Chinese characters."""
_PLAIN = str.maketrans({**_WIDE, **dict.fromkeys("−﹣‐‑‒–—", "-"), ",": ".", "，": "."})
_NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:/(\d+\.?\d*|\.\d+))?"


class Checked(NamedTuple):
    """What became of an answer.

    verdict: "right", "rounded" (right but for its last digits), "wrong", or "open" (None is no answer yet). mistakes: the names
    of those that give the answer: one, or several where it is ambiguous. words: what the student reads.

    As the result of a cell it shows the words, and to a wrong answer the first hint: nothing is raised, and the next cell runs.
    """

    question: Question
    verdict: str
    mistakes: tuple[str, ...]
    words: str

    @property
    def right(self) -> bool:
        return self.verdict == "right"

    @property
    def diagnosis(self) -> str | None:
        """The mistake, if only one gives the answer."""
        return self.mistakes[0] if len(self.mistakes) == 1 else None

    @property
    def why(self) -> str:
        """The derivation of the right answer."""
        return self.question.why()

    def __str__(self) -> str:
        if self.verdict in ("right", "open"):
            return self.words
        return f"{self.words}\n{say(self.question.language, 'hint-is', hint=self.question.hints()[0])}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return in_colour(self.verdict, str(self))


def checked(question: Question, answer: Any) -> Checked:
    """Whether an answer is right; if not, the mistakes that give it."""
    typed = str(answer).strip()

    def verdict(name: str, key: str, **fields: object) -> Checked:
        return Checked(question, name, (), say(question.language, key, answer=typed, **fields))

    if answer is None:
        return verdict("open", "open", question=question.text())
    x = _option(question, typed) if question.kind == "order" else as_number(answer)
    if x is None and question.kind == "order":
        return verdict("wrong", "no-option", options=say(question.language, "list-comma").join(question.options))
    if x is None:
        return verdict("wrong", "no-number")
    if x == question.answer or (question.kind != "order" and abs(x - question.answer) <= question.tolerance):
        return verdict("right", "right")
    found = question.matches(x)
    if not found and question.kind != "order" and _is_near(x, question):
        return verdict("rounded", "rounded", digits=question.digits)
    return Checked(question, "wrong", tuple(found), told(question, found, str(x) if question.kind == "order" else typed))


def marks(options: Sequence[str]) -> str:
    """What stands before each of the options of a question, and is none of them."""
    taken = {option.lower() for option in options}
    return next((signs for signs in ("abcd", "1234") if taken.isdisjoint(signs)), "wxyz")


def _option(question: Question, typed: str) -> Any:
    """The option that is meant, by its name or by what stands before it."""
    marked = dict(zip(marks(question.options), question.options))
    return typed if typed in question.options else marked.get(typed.lower())


def told(question: Question, found: Mapping[str, Pass], answer: str) -> str:
    """What is said to a wrong answer that these mistakes give."""
    sentences = [question.diagnosis(one, answer) for one in found.values()]
    if len(sentences) == 1:
        return sentences[0]
    return "\n".join([say(question.language, "ambiguous" if found else "wrong", answer=answer), *sentences])


def _is_near(x: float, question: Question) -> bool:
    """Whether a number agrees with the right one in its first digits."""
    return bool(abs(x - question.answer) <= question.tolerance * 10.0 ** (question.digits - agreeing_digits(question.digits)))


def agreeing_digits(digits: int) -> int:
    """In how many digits an answer that was rounded too early agrees: half of those asked for, and two at least."""
    return max(2, digits // 2)


def as_number(answer: Any) -> float | None:
    """The number that an answer is, with a decimal point or comma, or a fraction of such; None if it is none.

    Its signs may be as wide as Chinese characters, and any dash is a minus. The script of the page reads it so too.

    >>> [as_number(typed) for typed in (".5", "5e-1", "1/2", "0,5", "−1/2", "1,000.5", "half", 0.5)]
    [0.5, 0.5, 0.5, 0.5, -0.5, None, None, 0.5]
    """
    try:
        text = answer if isinstance(answer, str) else str(float(answer) if is_real(answer) else answer)
        found = re.fullmatch(_NUMBER, "".join(text.translate(_PLAIN).split()), re.ASCII)
        number = float(found[1]) / float(found[2] or 1) if found else math.nan
    except (ValueError, ArithmeticError):
        return None
    return number if math.isfinite(number) else None
