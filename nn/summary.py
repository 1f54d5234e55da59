"""What a model consists of, as a table."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any, NamedTuple

from autograd_lite.nests import leaves, shape
from autograd_lite.sentences.widths import to_left, width


class Summary(NamedTuple):
    """For each part its name, its shape and how many parameters it adds. In a console and in a notebook it is a table."""

    rows: list[tuple[str, str, int]]

    @classmethod
    def of(cls, arrays: Mapping[str, Any]) -> Summary:
        """The table of nests of parameters by name."""
        rows, seen = [], set[Any]()
        for name, nest in arrays.items():
            new = set(leaves(nest)) - seen
            seen |= new
            rows.append((name, _form(shape(nest)), len(new)))
        return cls(rows)

    @property
    def parameters(self) -> int:
        """How many parameters there are."""
        return sum(count for _, _, count in self.rows)

    def _lines(self) -> list[tuple[str, str, str]]:
        rows = [(name, shape, f"{count:,}") for name, shape, count in self.rows]
        return [("part", "shape", "parameters"), *rows, ("in all", "", f"{self.parameters:,}")]

    def __repr__(self) -> str:
        lines = self._lines()
        name, shape, count = [max(map(width, column)) for column in zip(*lines)]
        return "\n".join([f"{to_left(a, name)}  {b:<{shape}}  {c:>{count}}" for a, b, c in lines])

    def _repr_html_(self) -> str:
        cell = '<td style="text-align: {}">{}</td>'
        sides = ("left", "left", "right")
        rows = ["".join([cell.format(side, html.escape(x)) for side, x in zip(sides, line)]) for line in self._lines()]
        head, body = rows[0].replace("td>", "th>").replace("<td", "<th"), "".join([f"<tr>{row}</tr>" for row in rows[1:]])
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _form(lengths: tuple[int, ...] | None) -> str:
    return "uneven" if lengths is None else " × ".join(map(str, lengths)) or "number"
