"""What a class handed in: who answered what rightly, and which mistakes were made by how many."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..files import write_whole
from ..sentences import say
from ..sentences.widths import to_left, width
from . import codes
from .sheet import Sheet
from .verdicts import Checked


class Grade(NamedTuple):
    """What a student handed in. checked: of each question, None where there is no answer.

    mistakes: what explains the wrong answers: the mistakes that give all of those which have a name, or where no single one
    does, each that one answer names for certain.
    """

    student: str
    checked: list[Checked | None]
    mistakes: tuple[str, ...]

    @property
    def right(self) -> int:
        return sum([one is not None and one.right for one in self.checked])


class Grades:
    """The grades of a class. `problems` are the codes that were not graded, each with the reason. Printed it is a report."""

    def __init__(self, quiz: Sheet, grades: Sequence[Grade], problems: Sequence[str]) -> None:
        self.quiz, self.grades, self.problems = quiz, list(grades), list(problems)

    def by_mistake(self) -> dict[str, dict[int, int]]:
        """For each mistake, the most frequent first, how many students made it at each question, by its number.

        A wrong answer that more than one mistake gives counts for those that the student's other answers agree with.
        """
        found: dict[str, dict[int, int]] = {}
        for grade in self.grades:
            for number, one in enumerate(grade.checked, 1):
                for name in one.mistakes if one is not None else ():
                    if name in grade.mistakes:
                        counts = found.setdefault(name, {})
                        counts[number] = counts.get(number, 0) + 1
        students = {name: self.students(name) for name in found}
        return {name: found[name] for name in sorted(found, key=lambda name: (-students[name], name))}

    def students(self, mistake: str) -> int:
        """How many students made a mistake, as far as their answers tell."""
        return sum([mistake in grade.mistakes for grade in self.grades])

    def by_question(self) -> list[dict[str, int]]:
        """Of each question how many answers were right, rounded too early, wrong, and missing."""
        columns = zip(*[grade.checked for grade in self.grades]) if self.grades else [[] for _ in self.quiz]
        verdicts = [[one.verdict if one is not None else "missing" for one in column] for column in columns]
        return [{name: column.count(name) for name in ("right", "rounded", "wrong", "missing")} for column in verdicts]

    def __str__(self) -> str:
        language, count = self.quiz.language, len(self.quiz)
        questions = self.by_question()
        totals = {name: sum([row[name] for row in questions]) for name in ("right", "rounded")}
        lines = [say(language, "grades", students=len(self.grades), count=count * len(self.grades), **totals), ""]
        wide = max([width(grade.student) for grade in self.grades], default=0)
        signs = {"right": "✓", "rounded": "≈", "wrong": "✗"}
        for grade in self.grades:
            marks = "".join([signs[one.verdict] if one is not None else "·" for one in grade.checked])
            name, mistakes = to_left(grade.student, wide), ", ".join(grade.mistakes)
            lines.append(f"{name}  {grade.right:>3}/{count}  {marks}  {mistakes}".rstrip())
        lines += ["", say(language, "grades-mistakes")]
        for name, counts in self.by_mistake().items():
            where = ", ".join([f"{number}: {times}" for number, times in sorted(counts.items())])
            lines.append(f"  {name:<24}{self.students(name):>4}   ({where})")
        lines += ["", say(language, "grades-questions")]
        lines += [f"  {number:>3}  {' '.join([f'{x:>4}' for x in row.values()])}" for number, row in enumerate(questions, 1)]
        return "\n".join([*lines, *(["", *self.problems] if self.problems else [])])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the grades as CSV: a row for each student, with every verdict; returns the path."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["student", "right", *[f"question {k}" for k in range(1, len(self.quiz) + 1)], "mistakes"])
        for grade in self.grades:
            verdicts = ["" if one is None else one.verdict for one in grade.checked]
            # a spreadsheet would take a name that begins so for a formula
            student = f"'{grade.student}" if grade.student[:1] in tuple("=+-@") else grade.student
            writer.writerow([student, grade.right, *verdicts, " ".join(grade.mistakes)])
        path = Path(path)
        write_whole(path, text.getvalue().encode())
        return path


def grade(quiz: Sheet, handed_in: Iterable[str], key: str) -> Grades:
    """The grades of codes: of each student the last one handed in. key: of the course, which the pages were made with.

    A code that is none, that was changed, or that is of another quiz or key, is not graded but named in `problems`.
    """
    found: dict[str, Grade] = {}
    problems = []
    for text in handed_in:
        try:
            handed = codes.read(text)
            sheet = quiz.variants([handed.student], key)[handed.student]
        except ValueError as error:
            problems.append(str(error))
            continue
        if len(handed.answers) != len(sheet) or not codes.is_proved(sheet, text, key):
            problems.append(f"{handed.student!r:.60}: the code was changed, or is of another quiz or key")
            continue
        found.pop(handed.student, None)
        found[handed.student] = _grade(sheet, handed)
    return Grades(quiz, list(found.values()), problems)


def _grade(sheet: Sheet, handed: codes.Handed) -> Grade:
    checked = [sheet.check(number, answer) if answer else None for number, answer in enumerate(handed.answers, 1)]
    wrong = [set(one.mistakes) for one in checked if one is not None and one.mistakes]
    common = set.intersection(*wrong) if wrong else set()
    certain = {name for names in wrong if len(names) == 1 for name in names}
    return Grade(handed.student, checked, tuple(sorted(common or certain)))


def read_codes(text: str) -> list[str]:
    """The codes in a file: one in each line, or the column "code" of a table, between commas, semicolons or tabs.

    ValueError for a table without that column.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if line.strip()] or [""]
    separator = max(",;\t", key=lines[0].count)
    if separator not in lines[0]:  # no table: a quotation mark in a line does not swallow those after it
        found = [line.strip('"') for line in lines]
        return [code for code in found[found[0].lower() == "code" :] if code]
    limit = csv.field_size_limit(len(text) + 1)  # one cell that is too long is not to stop the others
    try:
        header, *rows = csv.reader(io.StringIO(text.lstrip("\ufeff \r\n")), delimiter=separator)
    except csv.Error as error:
        raise ValueError(f"this is no table of codes: {error}") from None
    finally:
        csv.field_size_limit(limit)
    titles = [cell.strip().lower() for cell in header]
    if "code" not in titles:
        raise ValueError("no column of the file is called code: give the one with the codes this title")
    column = titles.index("code")
    return [row[column].strip() for row in rows if len(row) > column and row[column].strip()]
