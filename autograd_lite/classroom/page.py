"""A quiz as a page: one HTML document that checks answers without a network, and what Jupyter shows of it."""

from __future__ import annotations

import base64
import hashlib
import html
from decimal import Decimal
from typing import Any

from ..pages import filled, framed, in_script, template
from ..sentences import LANGUAGES, in_html, say
from . import codes
from .pictures import picture
from .questions import Question, half_unit
from .sheet import Sheet
from .verdicts import agreeing_digits, told

HEIGHT = 640
"""Of the page in a notebook, in pixels."""
# The sentences that the script of the page fills in
# fmt: off
WORDS = (
    "of", "question", "question-right", "question-rounded", "question-wrong", "answer", "check", "score", "done", "right",
    "rounded", "wrong", "no-number",
)
# fmt: on
FINER = (0, 1, 2)
"""So many digits finer than a digit beyond those asked for are the cells of an answer."""
ANSWER = "{answer}"
"""Stands in a sentence for the answer as it will be typed."""


def document(quiz: Sheet, key: str | None) -> str:
    """The page. key: of the course, for the code that is handed in."""
    language, name = quiz.language, quiz.graph.name(quiz.graph.output)
    title = say(language, "title", output=name) + (f" · {quiz.student}" if quiz.student else "")
    parts = {
        "language": language,
        "title": html.escape(title),
        "picture": picture(quiz.graph, language=quiz.language),
        "data": in_script(_data(quiz, key)),
    }
    return filled(template("autograd_lite.classroom", "page.html"), {**in_html(language), **parts})


def _data(quiz: Sheet, key: str | None) -> dict[str, Any]:
    return {
        "questions": [_question(question, f"{quiz.seed} {quiz.student} {k}") for k, question in enumerate(quiz)],
        "words": {word: LANGUAGES[quiz.language][word] for word in WORDS},
        "student": quiz.student,
        "seed": str(quiz.seed),
        "key": codes.secret(quiz, key) if key is not None else "",
    }


def _question(question: Question, place: str) -> dict[str, Any]:
    """What the script knows of a question: hashes of what may be answered, and what is said to it, scrambled.

    cells: of each hash 0 for right, or the number of a sentence in `sealed`.
    """
    salt = hashlib.sha256(place.encode()).hexdigest()[:12]
    is_number = question.kind != "order"
    right, half = question.answer, question.half_unit if is_number else lambda _: 0.0
    cells = {_hashed(salt, text): 0 for text in _cells(right, half(right), question.digits)}
    places: dict[tuple[Any, ...], int] = {}
    sealed: list[str] = []
    for answer in question.wrong:
        for text in _cells(answer, half(answer), question.digits):
            found = question.matches(float(text) if is_number else text)
            typed = ANSWER if is_number else text
            said = (typed, *map(id, found.values()))
            if said not in places:
                sealed.append(_sealed(salt, told(question, found, typed)))
                places[said] = len(sealed)
            cells.setdefault(_hashed(salt, text), places[said])
    rough = agreeing_digits(question.digits)
    if is_number:
        near = half_unit(question.answer, rough)
        cells.update({_hashed(salt, f"~{text}"): -1 for text in _cells(question.answer, near, rough)})
    parts: dict[str, Any] = {
        "text": question.text("mathml"),
        "node": question.node.label if is_number else "",
        "salt": salt,
        "digits": question.digits,
        "rough": rough,
        "finer": FINER,
        "cells": cells,
        "sealed": sealed,
        "hints": [_sealed(salt, hint) for hint in question.hints("mathml")],
        "why": _sealed(salt, question.why("mathml")),
    }
    return {**parts, "options": question.options} if question.options else parts


def _cells(answer: Any, half: float, digits: int) -> list[str]:
    """What lies within half a unit of the answer, as texts of a digit more than asked for, and at the edges of up to three more.

    A text stands for all numbers that are rounded to it. Of the finest those are taken that lie within half a unit themselves.
    """
    if isinstance(answer, str):
        return [answer]
    if answer == 0.0:
        return ["0"]
    sign = "-" * (answer < 0.0)
    low, high = abs(Decimal(answer)) - Decimal(half), abs(Decimal(answer)) + Decimal(half)
    found, pending = list[str](), [(low, high, 0)]
    while pending:
        x, last, finer = pending.pop()
        while x <= last:
            text = _canonical(x, digits + finer)
            centre = Decimal(text)
            above = Decimal(1).scaleb(centre.adjusted() - digits - finer) / 2
            below = above / 10 if centre == Decimal(1).scaleb(centre.adjusted()) else above
            within = low <= centre <= high if finer == FINER[-1] else low <= centre - below and centre + above <= high
            if within:
                found.append(sign + text)
            elif finer < FINER[-1]:
                pending.append((max(low, centre - below), min(high, centre + above), finer + 1))
            x = centre + above * Decimal("1.001")
    return found


def _canonical(x: Decimal, digits: int) -> str:
    """A number as the script writes it: toExponential without a plus."""
    mantissa, _, exponent = f"{x:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}" if x else "0"


def _hashed(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt} {text}".encode()).hexdigest()[:12]


def _sealed(salt: str, text: str) -> str:
    """The text, scrambled: not to be read by chance."""
    data = text.encode()
    stream = b"".join([hashlib.sha256(f"{salt}/{at}".encode()).digest() for at in range(0, len(data), 32)])
    return base64.b64encode(bytes([a ^ b for a, b in zip(data, stream)])).decode()


def notebook_output(quiz: Sheet, text: str) -> str:
    """The page in a frame of its own, without any right but to run its script; where no frame is shown, the text."""
    frame = framed(document(quiz, None), say(quiz.language, "title", output=quiz.graph.name(quiz.graph.output)), HEIGHT)
    hidden = "<style>.autograd-lite-not-run { display: none !important }</style>"
    return f'{frame}{hidden}<pre class="autograd-lite-not-run">{html.escape(text)}</pre>'
