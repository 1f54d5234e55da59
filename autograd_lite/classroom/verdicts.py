"""What is said to an answer: right, rounded too early, or wrong, with the mistakes that give it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..sentences import say
from .questions import Pass, Question


class Checked(NamedTuple):
    """What became of an answer.

    verdict: "right", "rounded" (right but for its last digits) or "wrong". mistakes: the names of those that give the answer:
    one, or several where it is ambiguous. words: what the student reads.
    """

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


def checked(question: Question, answer: Any) -> Checked:
    """Whether an answer is right; if not, the mistakes that give it."""
    language = question.language
    typed = str(answer).strip()
    if question.kind == "order":
        x: Any = question.options[ord(typed) - ord("a")] if typed in "abcd"[: len(question.options)] and typed else typed
        if x not in question.options:
            words = say(language, "no-option", answer=typed, options=", ".join(question.options))
            return Checked("wrong", (), words)
        verdict = "right" if x == question.answer else "wrong"
    else:
        x = as_number(answer)
        if x is None:
            return Checked("wrong", (), say(language, "no-number", answer=typed))
        verdict = "right" if abs(x - question.answer) <= question.tolerance else "wrong"
    if verdict == "right":
        return Checked("right", (), say(language, "right", answer=typed))
    found = question.matches(x)
    if not found and question.kind != "order" and _is_near(x, question):
        return Checked("rounded", (), say(language, "rounded", answer=typed, digits=question.digits))
    return Checked("wrong", tuple(found), told(question, found, x if question.kind == "order" else typed))


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
    """The number that an answer is, with a decimal point or comma; None if it is none."""
    text = str(answer).strip().replace("−", "-").replace(",", ".").replace(" ", "")
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None
