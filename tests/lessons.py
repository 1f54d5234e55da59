"""A lesson's notebook, run cell by cell without Jupyter, with answers put in where it says None."""

import ast
import contextlib
import io
import json
import re
from pathlib import Path

import autograd_lite.classroom
from autograd_lite.classroom.quiz import Quiz

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
TRANSLATED = sorted(NOTEBOOKS.glob("zh-*/*.ipynb"))


def cells_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code_of(path):
    return [cell for cell in cells_of(path) if cell["cell_type"] == "code"]


def is_exercise(cell):
    return "exercise" in cell["metadata"].get("tags", [])


def up_to_the_last_exercise(path):
    code = code_of(path)
    return code[: 1 + max([k for k, cell in enumerate(code) if is_exercise(cell)])]


def run(source, names):
    """What a cell prints, and the value of its last line if that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
    return printed.getvalue(), value


def shown(value):
    """What Jupyter shows of the result of a cell, as text; None if there is none."""
    if hasattr(value, "_repr_mimebundle_"):
        return value._repr_mimebundle_()["text/plain"]
    return None if value is None else repr(value)


def stored(cell):
    """What is kept of the same: the text that was printed, and the text of the result, or None."""
    printed = "".join(["".join(output["text"]) for output in cell["outputs"] if output["output_type"] == "stream"])
    results = ["".join(output["data"]["text/plain"]) for output in cell["outputs"] if output["output_type"] == "execute_result"]
    return printed, results[0] if results else None


def answered(source, answers):
    """The cell with these answers after the statements that leave them open."""
    lines = source.split("\n")
    for statement in ast.parse(source).body[::-1]:
        fitting = [text for text in answers if root(text) in defined(statement)]
        lines[statement.end_lineno : statement.end_lineno] = fitting
    return "\n".join(lines)


def defined(statement):
    """The names that a statement of a cell gives a value."""
    if isinstance(statement, ast.FunctionDef):
        return {statement.name}
    return {target.id for target in getattr(statement, "targets", []) if isinstance(target, ast.Name)}


def root(answer):
    """What an answer such as `answers[2] = 0.5` or a function's definition is about: `answers`, the function."""
    return re.match(r"(?:def )?(\w+)", answer)[1]


def instructor(path):
    """Of a lesson's page for the instructor: its text, the right answers, and the wrong ones, each with what names it."""
    text = (NOTEBOOKS / "instructor" / f"{path.stem}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    right = [ast.get_source_segment(block, statement) for block in blocks for statement in ast.parse(block).body]
    return text, right, re.findall(r"^\| `([^`]* = [^`]*)` \| ([\w-]+) \|$", text, re.M)


@contextlib.contextmanager
def verdicts(monkeypatch):
    """What is said to answers meanwhile."""
    found = []

    def kept(check):
        return lambda *args, **options: found.append(said := check(*args, **options)) or said

    with monkeypatch.context() as patched:
        patched.setattr(Quiz, "check", kept(Quiz.check))
        patched.setattr(autograd_lite.classroom, "check_answer", kept(autograd_lite.classroom.check_answer))
        yield found
