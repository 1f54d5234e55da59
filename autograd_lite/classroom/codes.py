"""Codes that students hand in: who, whose numbers, what was answered, and a proof that a page of the course made it.

A code is ``payload.proof``: the payload is base64 of a list in JSON, of the student, the seed and the answers as they were typed;
the proof an HMAC of it. The page of a student carries the secret for that student alone, so that nobody makes a code for another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from .rows import listed
from .sheet import Sheet

PROOF = 16
"""So many characters of the proof are in a code."""
TEXTS = re.compile(r'\s*\[\s*"(?:[^"\\]|\\.)*"(?:\s*,\s*"(?:[^"\\]|\\.)*")*\s*\]\s*', re.DOTALL)
"""A list of texts in JSON."""


class Handed(NamedTuple):
    """What a code says. answers: as they were typed, "" where there is none."""

    student: str
    seed: str
    answers: list[str]


def secret(quiz: Sheet, key: str) -> str:
    """What the page of a student proves its codes with: of this course, this quiz and this student alone.

    ValueError for an empty key.
    """
    if not key.strip():
        raise ValueError("the key of the course is empty, and anyone could make codes with it: take a word that nobody guesses")
    rows = json.dumps([listed(quiz.graph.output), [[q.kind, quiz.graph.place[q.node], q.digits] for q in quiz], quiz.student])
    return hmac.new(key.encode(), rows.encode(), hashlib.sha256).hexdigest()


def code(quiz: Sheet, answers: Sequence[object], key: str) -> str:
    """The code of these answers to the quiz of a student, as the page makes it."""
    text = json.dumps([quiz.student, str(quiz.seed), *map(str, answers)], ensure_ascii=False, separators=(",", ":"))
    payload = _base64(text.encode())
    return f"{payload}.{_proof(quiz, payload, key)}"


def read(text: str) -> Handed:
    """What a code says, proved or not. ValueError for what is no code."""
    try:
        payload = text.strip().partition(".")[0]
        written = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
        if not TEXTS.fullmatch(written):  # lists within lists would be read by recursion
            raise ValueError
        student, seed, *answers = json.loads(written)
        "".join((student, seed, *answers)).encode()  # half a character of UTF-16 is no text
    except ValueError:
        raise ValueError(f"{text.strip()[:40]!r} is no code, or a part of it is missing") from None
    return Handed(student, seed, answers)


def is_proved(quiz: Sheet, text: str, key: str) -> bool:
    """Whether a page of this student and this course made the code."""
    payload, _, proof = text.strip().partition(".")
    return hmac.compare_digest(proof.encode(errors="replace"), _proof(quiz, payload, key).encode())


def _proof(quiz: Sheet, payload: str, key: str) -> str:
    return _base64(hmac.new(secret(quiz, key).encode(), payload.encode(), hashlib.sha256).digest())[:PROOF]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# The quiz of a course, as the teacher keeps it ------------------------------------------------------------------------


def course(quiz: Sheet) -> dict[str, Any]:
    """The quiz as data, for JSON: `quiz_of` makes it again, so that its codes can be graded later."""
    place = quiz.graph.place
    return {
        "graph": listed(quiz.graph.output),
        "questions": [[q.kind, place[q.node], None if q.by is None else place[q.by]] for q in quiz],
        "mistakes": [mistake.name for mistake in quiz.mistakes],
        "seed": str(quiz.seed),
        "lr": quiz.graph.lr,
        "digits": quiz.digits,
        "language": quiz.language,
        "student": quiz.student,
    }
