"""A quiz in the terminal: a question, an answer, what is to be said to it."""

from __future__ import annotations

import sys

from ..sentences import say
from ..stepping.terminal import shown
from .questions import Question
from .sheet import Sheet
from .verdicts import checked, marks


def ask(quiz: Sheet) -> None:
    """Asks every question until the answer is right, or it is skipped; h gives a hint, q ends.

    After an answer that several mistakes give, the one that tells them apart is asked first.
    """
    right = 0
    try:
        for number, question in enumerate(quiz, 1):
            tell(f"\n{say(quiz.language, 'of-terminal', number=number, count=len(quiz))}")
            right += _asked(quiz, question)
    except EOFError:
        tell("")
    tell(f"\n{say(quiz.language, 'score', right=right, count=len(quiz))}")


def _asked(quiz: Sheet, question: Question) -> bool:
    """Whether the answer was right in the end. EOFError where there is no more input, or it is "q"."""
    language = question.language
    tell(question.text())
    for mark, option in zip(marks(question.options), question.options):
        tell(f"  {mark}) {option}")
    hints = iter(question.hints())
    while True:
        if sys.stdin is None:  # closed before the start
            raise EOFError
        typed = input(fitting(say(language, "terminal"))).strip()
        match typed.lower():
            case "q":
                raise EOFError
            case "s":
                return False
            case "h":
                tell(next(hints, say(language, "no-hint")))
            case "":
                continue
            case _:
                found = checked(question, typed)
                tell(found.words)
                if found.right:
                    return True
                further = quiz.further(*found.mistakes) if len(found.mistakes) > 1 else None
                if further is not None:
                    tell(say(language, "further"))
                    _asked(quiz, further)
                    tell(question.text())


def tell(text: str) -> None:
    """Prints a text as this terminal can show it."""
    print(fitting(text))


def fitting(text: str) -> str:
    """The text as this terminal can show it, and is not steered by it."""
    return shown(text, getattr(sys.stdout, "encoding", None))
