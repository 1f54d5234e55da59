"""An answer to an exercise of a lesson, beside the right one: what is said to it is the result of its cell."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..sentences import known, say
from .questions import half_unit
from .verdicts import as_number, in_colour


class Answered(NamedTuple):
    """What became of an answer. verdict: "right", "wrong", or "open" (None is no answer yet). words: what the student reads."""

    verdict: str
    words: str

    @property
    def right(self) -> bool:
        return self.verdict == "right"

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return in_colour(self.verdict, self.words)


def check_answer(answer: Any, right: Any, hint: str = "", *, digits: int = 6, language: str | None = None) -> Answered:
    """Whether an answer to an exercise is right; nothing is raised, and the next cell runs.

    A number is right within half a unit of the last of `digits` significant digits, anything else if it is equal. hint: said
    to what is wrong. language: "en", "zh-TW" or "zh-CN".

    >>> check_answer(6.5, 13 / 2), check_answer(7, 6.5, "nudge x, and nothing else"), check_answer(None, 6.5)
    (Right: 6.5., 7 is not it yet.
    Hint: nudge x, and nothing else, Not answered yet.)
    """
    language = known(language)
    if answer is None:
        return Answered("open", say(language, "open", question="").strip())
    if _same(answer, right, digits):
        return Answered("right", say(language, "right", answer=answer))
    words = say(language, "wrong", answer=answer)
    return Answered("wrong", f"{words}\n{say(language, 'hint-is', hint=hint)}" if hint else words)


def _same(answer: Any, right: Any, digits: int) -> bool:
    if isinstance(right, (int, float)) and not isinstance(right, bool):
        number = as_number(answer)
        return number is not None and abs(number - right) <= half_unit(right, digits)
    return bool(answer == right)
