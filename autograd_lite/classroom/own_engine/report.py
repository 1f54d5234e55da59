"""What a student reads: how the tasks stand, what is wrong with the first that is not done, and the graph that shows it."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...backprop import topological_order
from ...derivation.markup import rounded
from ...files import write_whole
from ...pages import filled, template
from ...picture.draw import draw
from ...sentences import say
from ...sentences.widths import clip, to_left, to_right, width, wrapped
from .judging import Finding, first_wrong_grads, is_right
from .ladder import letter, line, right, values
from .shrinking import COSTLY
from .tasks import FURTHER, GRAPHS, TASKS, Task

COLUMNS = 79
MOST_LINES = 14
"""A longer graph without numbers is shown by its first and last lines."""
MOST_DRAWN = 60
LONGEST_CELL = 20
HINTS = 3


class Report:
    """How an engine stands. It shows itself: as text, and in Jupyter with both graphs.

    passed: whether nothing is wrong. states: of the eight tasks, and of the further ones as far as there are any, "done", "open"
    or "absent", not in the file; none of them where it cannot be loaded. task: the number of the first that is open, or None.
    mistakes: the names of those that give its numbers, several if they cannot be told apart.
    """

    def __init__(
        self,
        name: str,
        states: Sequence[str],
        found: Finding | None,
        like: Mapping[str, str],
        printed: str,
        changed: Sequence[str],
        memory: int,
        language: str,
    ) -> None:
        self.name, self.states, self.found, self.language = name, tuple(states), found, language
        self.like, self.printed, self.changed, self.memory = like, printed, tuple(changed), memory

    @property
    def passed(self) -> bool:
        return self.found is None

    @property
    def task(self) -> int | None:
        return self.states.index("open") + 1 if "open" in self.states else None

    @property
    def tasks(self) -> Sequence[Task]:
        """The tasks that the states are of."""
        return (TASKS + FURTHER)[: len(self.states)]

    @property
    def mistakes(self) -> tuple[str, ...]:
        return tuple(self.like)

    @property
    def has_graph(self) -> bool:
        """Whether there is a graph with numbers that are wrong."""
        return self.found is not None and bool(self.found.grad)

    def say(self, key: str, **fields: object) -> str:
        return say(self.language, f"engine-{key}", **fields)

    def hint(self, number: int) -> str:
        """The number-th hint for the open task, from 1 to 3: the idea, the formula, what it looks like with numbers in.

        Where there is none, what is to be said.
        """
        if self.task is None:
            return self.paragraphs()[0]
        return self.say(f"hint-{self.tasks[self.task - 1].name}-{min(number, HINTS)}")

    # As text

    def text(self, columns: int = COLUMNS) -> str:
        """All of it, in lines of at most so many columns."""
        lines = [self._head(), "", *self._tasks(columns)]
        for paragraph in self.paragraphs():
            lines += [*wrapped(paragraph, columns), ""]
        if self.found is not None and self.found.line:
            lines += [f"  {self.say('line', line=self.found.line)}  {self.found.text}"[:columns], ""]
        if self.found is not None and self.found.case is not None:
            lines += [*self._graph(self.found), ""]
        if self.printed:
            lines += [self.say("printed"), *[f"  | {part}"[:columns] for part in self.printed.splitlines()[:8]], ""]
        return "\n".join(lines).rstrip()

    def _head(self) -> str:
        if not self.states:
            return self.say("unloaded", file=self.name)
        done = self.states.count("done")
        return self.say("tasks", file=self.name, done=done, count=len(self.states))

    def _tasks(self, columns: int) -> list[str]:
        marks = {"done": "[x]", "open": "[ ]", "absent": "[-]"}
        names = [
            f"{marks[state]} {k} {self.say(f'name-{task.name}')}"
            for k, (task, state) in enumerate(zip(self.tasks, self.states), 1)
        ]
        if not names:
            return []
        size = max(map(width, names)) + 2
        per_line = 4 if 4 * size <= columns else 2
        padded = [to_left(name, size) for name in names]
        return [*["  " + "".join(padded[k : k + per_line]).rstrip() for k in range(0, len(padded), per_line)], ""]

    def paragraphs(self) -> list[str]:
        """What is to be said, apart from numbers."""
        said = []
        if self.found is None:
            said.append(self.say("all", graphs=GRAPHS))
            said += [self.say("further")] * (self.states == ("done",) * len(TASKS))
        else:
            name = "" if self.task is None else self.tasks[self.task - 1].name
            if name:
                said.append(self.say("task", number=self.task, task=self.say(f"name-{name}")))
            said.append(self.say(f"todo-{name}") if name and self.found.key == "open" else self._said(self.found))
            if len(self.like) == 1:
                said += [self.say("like", name=name, sentence=sentence) for name, sentence in self.like.items()]
                said += [self.say("micrograd")] * ("stale-interior" in self.like)
            elif self.like:
                said += [self.say("likes"), *[f"- {name}: {sentence}" for name, sentence in self.like.items()]]
        absent = [self.say(f"name-{task.name}") for task, state in zip(self.tasks, self.states) if state == "absent"]
        if absent:
            said.append(self.say("absent", names=", ".join(absent)))
        if self.changed:
            said.append(self.say("changed", names=", ".join(self.changed)))
        if self.found is not None and self.found.key in COSTLY and not self.memory:
            said.append(self.say("unbounded"))
        return said

    def _said(self, found: Finding) -> str:
        fields = {**found.fields, "file": self.name, "megabytes": self.memory >> 20, "given": self._given(found)}
        x = fields.get("right")
        if isinstance(x, float):
            fields["right"], fields["got"] = _pair(x, fields["got"])
        if isinstance(fields.get("seconds"), float):
            fields["seconds"] = f"{fields['seconds']:g}"
        if found.case is not None and found.case.outputs:
            fields.setdefault("output", letter(found.case.outputs[-1]))
        message = fields.get("message")
        fields["message"] = f": {message}" if message else ""
        return self.say(found.key, **fields)

    @staticmethod
    def _given(found: Finding) -> str:
        given = found.fields.get("given", {})
        return ", ".join([f"{name} = {rounded(x, 9)}" for name, x in given.items()])

    def _graph(self, found: Finding) -> list[str]:
        """The graph, a line of Python for each node; with its numbers where there are any."""
        assert found.case is not None
        rows = found.case.rows
        code = [line(rows, k) for k in range(len(rows))]
        if not found.grad:
            passes = [f"{letter(k)}.backward()" for k in found.case.outputs * found.case.times]
            if len(code) > MOST_LINES:
                code = [*code[: MOST_LINES // 2], "...", *code[-2:]]
            return [f"  {text}" for text in [*code, *passes]]
        table = self.table()
        sizes = [max([width(row[k]) for row in table]) for k in range(len(table[0]))]
        sides = [to_left, to_left, *[to_right] * (len(sizes) - 2)]
        return ["  ".join([side(cell, size) for side, cell, size in zip(sides, row, sizes)]).rstrip() for row in table]

    def table(self) -> list[list[str]]:
        """A row of titles, then for each node: ">" at the first wrong number, the node, its numbers, the engine's and those that
        are right."""
        found = self.found
        assert found is not None and found.case is not None
        nodes = right(found.case)
        wrong = [k for k, node in enumerate(nodes) if not is_right(found.data[k], node.data)]
        first = wrong[0] if wrong else first_wrong_grads(found.case, nodes, found.grad)[0]
        yours, ours = self.say("yours"), self.say("right")
        data = [f"data, {yours}", ours] if wrong else ["data"]
        grads = [f"grad, {yours}", ours] if found.case.outputs else []
        table = [["", "", *data, *grads]]
        for k, node in enumerate(nodes):
            numbers = [*_pair(node.data, found.data[k])[::-1]][: len(data)]
            numbers += [*_pair(node.grad, found.grad[k])[::-1]][: len(grads)]
            table.append([">" if k == first else " ", line(found.case.rows, k), *numbers])
        return table

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    # As a page

    def pictures(self) -> list[tuple[str, str]]:
        """The graph with the numbers of the engine, and with those that are right: titles and SVG. None where there are none."""
        found = self.found
        if found is None or found.case is None or not found.grad or len(found.case.rows) > MOST_DRAWN:
            return []
        theirs, ours = values(found.case.rows), right(found.case)
        for node, x in zip(theirs, found.data):
            node.data = _as_float(x)
        inner = topological_order(ours[-1])  # more than rows, where a row is a result of a call
        grads = {node: _as_float(x) for node, x in zip(theirs, found.grad)}, {node: node.grad for node in inner}
        drawn = [
            draw(nodes[-1], grads=each if found.case.outputs else {}, language=self.language)
            for nodes, each in zip((theirs, ours), grads)
        ]
        return [(self.say(title), drawing.svg()) for title, drawing in zip(("yours", "right"), drawn)]

    def html(self) -> str:
        """A page that needs nothing else: what is said, both graphs side by side, and every number."""
        parts = {"language": self.language, "title": html.escape(self._head()), "body": self._body()}
        return filled(template(__package__, "report.html"), parts)

    def _body(self) -> str:
        said = "".join([f"<p>{html.escape(paragraph)}</p>" for paragraph in self.paragraphs()])
        pictures = "".join(
            [f"<figure><figcaption>{html.escape(title)}</figcaption>{svg}</figure>" for title, svg in self.pictures()]
        )
        table = ""
        if self.has_graph:
            head, *rows = self.table()
            cells = "<td></td>" + "".join([f'<th scope="col">{html.escape(cell)}</th>' for cell in head[2:]])
            lines = "".join([self._row(row) for row in rows])
            table = f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table></div>'
        return f"{said}<div class='pair'>{pictures}</div>{table}"

    @staticmethod
    def _row(row: Sequence[str]) -> str:
        mark, code, *numbers = row
        cells = "".join([f"<td>{html.escape(x)}</td>" for x in numbers])
        return f'<tr{" class=first" * (mark == ">")}><th scope="row"><code>{html.escape(code)}</code></th>{cells}</tr>'

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page, whole or not at all; returns the path."""
        path = Path(path)
        write_whole(path, self.html().encode())
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        shown = {"text/plain": self.text()}
        if self.has_graph:
            figures = [
                f"<figure style='margin: 0'><figcaption>{html.escape(t)}</figcaption>{svg}</figure>" for t, svg in self.pictures()
            ]
            text = f"<pre>{html.escape(shown['text/plain'])}</pre>"
            shown["text/html"] = f"{text}<div style='display: flex; flex-wrap: wrap; gap: 1em'>{''.join(figures)}</div>"
        return shown


def _pair(x: float, got: Any) -> tuple[str, str]:
    """The right number and the one there is, with so many digits that they differ if they do."""
    if not isinstance(got, float):
        return rounded(x, 6), clip(str(got), LONGEST_CELL)
    shown = rounded(x, 6), rounded(got, 6)
    return shown if float(shown[0]) != float(shown[1]) or is_right(got, x) else (repr(x), repr(got))


def _as_float(x: Any) -> float:
    return x if isinstance(x, float) else float("nan")
