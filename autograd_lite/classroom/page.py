"""A quiz as a page: one HTML document that checks answers without a network, and what Jupyter shows of it."""

from __future__ import annotations

import base64
import hashlib
import html
import math
from decimal import Decimal
from typing import Any

from ..pages import filled, framed, in_script, template
from ..sentences import LANGUAGES, in_html, say
from . import codes
from .pictures import picture
from .questions import Question
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
    cells: dict[str, int] = {}
    sealed: list[str] = []
    for answer in (question.answer, *question.wrong):
        if sealed or answer != question.answer:
            said = told(question, question.matches(answer), answer if question.kind == "order" else ANSWER)
            sealed.append(_sealed(salt, said))
        for text in _cells(question, answer):
            cells.setdefault(_hashed(salt, text), len(sealed))
    rough = agreeing_digits(question.digits)
    if question.kind != "order":
        cells.update({_hashed(salt, f"~{text}"): -1 for text in _rough(question.answer, rough)})
    found: dict[str, Any] = {
        "text": question.text("mathml"),
        "node": "" if question.kind == "order" else question.node.label,
        "salt": salt,
        "digits": question.digits,
        "rough": rough,
        "cells": cells,
        "sealed": sealed,
        "hints": [_sealed(salt, hint) for hint in question.hints("mathml")],
        "why": _sealed(salt, question.why("mathml")),
    }
    return {**found, "options": question.options} if question.options else found


def _cells(question: Question, answer: Any) -> list[str]:
    """The numbers within half a unit of the answer, and at the edges a tenth beyond, as texts of a digit more than asked for."""
    if isinstance(answer, str):
        return [answer]
    digits, half = question.digits, Decimal(question.half_unit(answer))
    unit = Decimal(1).scaleb(math.floor(math.log10(abs(answer) or 1)) - digits)
    low, high = ((Decimal(answer) + sign * half) / unit for sign in (-1, 1))
    return list(dict.fromkeys(_canonical(float(k * unit), digits) for k in range(round(low), round(high) + 1)))


def _rough(answer: float, digits: int) -> list[str]:
    """The answer in few digits, rounded up and down where it is between."""
    return list(dict.fromkeys(_canonical(answer * (1 + sign * 1e-9), digits - 1) for sign in (-1, 0, 1)))


def _canonical(x: float, digits: int) -> str:
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
    without = (
        f'<style>.autograd-lite-not-run {{ display: none }}</style><pre class="autograd-lite-not-run">{html.escape(text)}</pre>'
    )
    return frame + without
