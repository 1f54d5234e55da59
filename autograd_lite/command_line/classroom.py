"""``quiz``, ``worksheet`` and ``grade``: a quiz of an expression or a worked example, one for each student, and their codes."""

from __future__ import annotations

import json
import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..classroom import LESSONS, MISTAKES, Quiz, codes, grades, paper, quiz, quiz_of
from ..files import write_whole
from ..nn.one_head import OneHead
from ..nn.worked_example import WorkedExample
from ..sentences import say
from ..value import Value
from .expressions import parsed

COURSE = "course.json"
EXAMPLES: dict[str, Callable[[], Callable[[], Value]]] = {"example": WorkedExample, "attention": OneHead}


def ask_quiz(expression: str, numbers: Sequence[str], save: Path | None, form: str | None, **choice: Any) -> int:
    """A quiz in the terminal, or in a file."""
    asked = _quiz(expression, numbers, **choice)
    if save is None:
        asked.ask()
    else:
        print(say(asked.language, "wrote", path=asked.save(save, form)))
    return 0


def write_worksheets(expression: str, numbers: Sequence[str], students: Path, key: str, out: Path, **choice: Any) -> int:
    """For each student a worksheet and a page, with numbers of their own; the key, and what `grade` needs."""
    asked = _quiz(expression, numbers, **choice)
    names = [name for line in _text_of(students).splitlines() if (name := " ".join(line.split()))]
    if not names:
        raise ValueError(f"{students} has no names: write one in each line")
    variants = asked.variants(names, key)
    pages = out / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    encoding = sys.getfilesystemencoding()
    for number, (name, variant) in enumerate(variants.items(), 1):
        known = name.encode(encoding, "replace").decode(encoding)  # ? for what a name of a file cannot have here
        safe = re.sub(r"[^\w.-]+", "_", known)[:40]
        variant.save(pages / f"{number:0{len(str(len(names)))}}-{safe}.html", "page", key)
    sheets = list(variants.values())
    write_whole(out / "worksheets.html", paper.worksheets(sheets).encode())
    write_whole(out / "key.html", paper.key(sheets).encode())
    write_whole(out / COURSE, json.dumps(codes.course(asked), ensure_ascii=False, indent=1).encode())
    written = {"worksheets": out / "worksheets.html", "answers": out / "key.html", "course": out / COURSE}
    print(say(asked.language, "wrote-class", **written, count=len(names), pages=pages))
    return 0


def grade_codes(handed_in: Path, key: str, course: Path | None, save: Path | None) -> int:
    """The grades of a file of codes, and the mistakes of the class."""
    course = handed_in.parent / COURSE if course is None else course
    if not course.exists():
        raise ValueError(f"{course} is not there: name the {COURSE} that `worksheet` wrote, with --course")
    try:
        asked = quiz_of(json.loads(_text_of(course)))
    except json.JSONDecodeError as error:
        raise ValueError(f"{course} is not the file of a course: {error}") from None
    found = grades.grade(asked, grades.read_codes(_text_of(handed_in)), key)
    print(found)
    if save is not None:
        print(say(asked.language, "wrote", path=found.save(save)))
    return 0


def _quiz(
    expression: str,
    numbers: Sequence[str],
    *,
    ask: str,
    count: int,
    seed: int,
    digits: int,
    learning_rate: float,
    lesson: int | None,
    mistakes: str | None,
    language: str,
) -> Quiz:
    output = EXAMPLES[expression]()() if expression in EXAMPLES and not numbers else parsed(expression, numbers)
    names = _listed(mistakes) if mistakes is not None else LESSONS[lesson] if lesson is not None else MISTAKES
    return quiz(
        output, ask=_listed(ask), count=count, seed=seed, lr=learning_rate, digits=digits, mistakes=names, language=language
    )


def _listed(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _text_of(path: Path) -> str:
    """The text of a file, in UTF-8, or in UTF-16 as spreadsheets save it, with a mark that says so."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-16" if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError(f"{path} is not text in UTF-8: save it as that, in a spreadsheet as CSV in UTF-8")
    return text
