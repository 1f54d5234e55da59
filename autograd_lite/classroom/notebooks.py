"""A quiz as a notebook, for nbgrader and for otter: `quiz.answer` in a cell says what is wrong, and why."""

from __future__ import annotations

import json
from typing import Any

from ..sentences import say
from .codes import course
from .sheet import Sheet

Cell = dict[str, Any]


def nbgrader(quiz: Sheet) -> str:
    """The instructor's notebook of nbgrader: it makes the students' of it, without the answers."""
    cells = [_nbgrader(_code(f"setup_{_name(quiz)}", _setup(quiz)), locked=True)]
    for number, question in enumerate(quiz, 1):
        name = f"q{number}_{_name(quiz)}"
        blank, answer = f"answer_{number} = None", f"answer_{number} = {question.answer!r}"
        cells += [
            _nbgrader(_markdown(f"{name}_text", _asked(quiz, number)), locked=True),
            _nbgrader(_code(name, f"{blank}\n### BEGIN SOLUTION\n{answer}\n### END SOLUTION"), solution=True),
            _nbgrader(_code(f"{name}_check", f"quiz.answer({number}, answer_{number})"), grade=True, locked=True, points=1),
        ]
    return _notebook(cells)


def _nbgrader(cell: Cell, grade: bool = False, solution: bool = False, locked: bool = False, points: int = 0) -> Cell:
    metadata = {"grade": grade, "solution": solution, "locked": locked, "task": False, "schema_version": 3}
    metadata |= {"grade_id": cell["id"], "cell_type": cell["cell_type"]}
    if grade:
        metadata["points"] = points
    cell["metadata"] = {"nbgrader": metadata}
    return cell


def otter(quiz: Sheet) -> str:
    """The notebook that `otter assign` makes the students' and the autograder's of."""
    name = say(quiz.language, "title", output=quiz.graph.name(quiz.graph.output))
    config = f"# ASSIGNMENT CONFIG\nname: {json.dumps(name)}\nexport_cell: false\ncheck_all_cell: true\n"
    cells = [_raw("config", config), _code("setup", _setup(quiz))]
    for number, question in enumerate(quiz, 1):
        q = f"q{number}"
        cells += [
            _raw(f"{q}-begin", f"# BEGIN QUESTION\nname: {q}\npoints: 1"),
            _markdown(f"{q}-text", _asked(quiz, number)),
            _raw(f"{q}-solution", "# BEGIN SOLUTION"),
            _code(f"{q}-answer", f"answer_{number} = {question.answer!r} # SOLUTION"),
            _raw(f"{q}-solved", "# END SOLUTION"),
            _raw(f"{q}-tests", "# BEGIN TESTS"),
            _code(f"{q}-check", f"quiz.answer({number}, answer_{number})"),
            _raw(f"{q}-tested", "# END TESTS"),
            _raw(f"{q}-end", "# END QUESTION"),
        ]
    return _notebook(cells)


def _asked(quiz: Sheet, number: int) -> str:
    question = quiz.question(number)
    options = "".join([f"\n- `{json.dumps(option, ensure_ascii=False)}`" for option in question.options])
    return f"**{say(quiz.language, 'question-begins', number=number)}** {question.text('latex')}\n{options}".strip()


def _setup(quiz: Sheet) -> str:
    """The cell that makes the quiz: its graph and what is asked, not the answers."""
    data = json.dumps(course(quiz), ensure_ascii=False)
    return f"import json\n\nfrom autograd_lite.classroom import quiz_of\n\nquiz = quiz_of(json.loads({data!r}))"


def _name(quiz: Sheet) -> str:
    return f"{len(quiz)}_{quiz.seed}".replace(" ", "_")


def _code(name: str, source: str) -> Cell:
    return {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": source}


def _markdown(name: str, source: str) -> Cell:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _raw(name: str, source: str) -> Cell:
    return {"cell_type": "raw", "id": name, "metadata": {}, "source": source}


def _notebook(cells: list[Cell]) -> str:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
