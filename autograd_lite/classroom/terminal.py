"""A quiz in the terminal: a question, an answer, what is to be said to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..sentences import say
from .questions import Question
from .verdicts import checked

if TYPE_CHECKING:
    from .quiz import Quiz


def ask(quiz: Quiz) -> None:
    """Asks every question until the answer is right, or it is skipped; h gives a hint, q ends."""
    right = 0
    try:
        for number, question in enumerate(quiz, 1):
            print(f"\n{say(quiz.language, 'of', number=number, count=len(quiz))}. {question.text()}")
            right += _asked(question)
    except EOFError:
        print()
    print(f"\n{say(quiz.language, 'score', right=right, count=len(quiz))}")


def _asked(question: Question) -> bool:
    """Whether the answer was right in the end. EOFError where there is no more input, or it is "q"."""
    language = question.language
    for letter, option in zip("abcd", question.options):
        print(f"  {letter}) {option}")
    hints = iter(question.hints())
    while True:
        typed = input(say(language, "terminal")).strip()
        match typed.lower():
            case "q":
                raise EOFError
            case "s":
                return False
            case "h":
                print(next(hints, say(language, "no-hint")))
            case "":
                continue
            case _:
                found = checked(question, typed)
                print(found.words)
                if found.right:
                    return True
