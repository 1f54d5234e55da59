"""A `Derivation`: equations in sections, written as plain text, LaTeX, Markdown or MathML."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..files import write_whole
from ..sentences import say
from ..sentences.widths import to_left, width
from .equations import Equation
from .expressions import number
from .notation import Notation

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_LINE = 100
"""A longer side of an equation is broken in LaTeX, between the terms of a sum."""
TEX = r"""\documentclass{article}
\usepackage%s
\usepackage[landscape, margin=1cm]{geometry}
\usepackage{amsmath, amssymb}
\allowdisplaybreaks
\begin{document}
%s
\end{document}
"""
ENCODINGS = {"en": "[utf8]{inputenc}"}
OTHER = "[scheme=plain]{ctex} % for XeLaTeX or LuaLaTeX"
"""Where Latin letters are not enough."""
SIGNS = {r"\text{＄}": r"\$", r"\text{ˋ}": r"\text{\textasciigrave}"}
"""Signs that MathJax and Markdown would take for their own, and LaTeX itself has."""
PAGE = """<!DOCTYPE html>
<html lang="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>%s</title>
<style>body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 1rem } math { font-size: 1.15em }</style></head>
<body><main><h1>%s</h1>
%s
</main></body></html>
"""


class Derivation:
    """Equations in sections, each with a heading. `text`, `latex`, `markdown` and `mathml` write it; Jupyter shows it."""

    def __init__(self, notation: Notation, sections: Sequence[tuple[str, list[Equation]]], language: str = "en") -> None:
        self.notation, self.language = notation, language
        self.sections = [(heading, equations) for heading, equations in sections if equations]

    def _sides(self, equations: list[Equation], markup: str) -> list[list[list[str]]]:
        """Of each equation, what stands between its equals signs, in the pieces between which a line may break."""
        pieces, rows = self.notation.pieces, []
        for left, symbolic, result, digits in equations:
            sides = [pieces(left, markup)]
            if symbolic is not None:
                sides += [pieces(symbolic, markup), pieces(symbolic, markup, values=True, digits=digits)]
            sides.append(pieces(number(result), markup, digits=digits))
            rows.append([side for side, before in zip(sides, [[], *sides]) if side != before])
        return rows

    def _rows(self, equations: list[Equation], markup: str) -> list[list[str]]:
        return [["".join(side) for side in row] for row in self._sides(equations, markup)]

    def text(self) -> str:
        """Plain text: an equation a line, with the operators and functions of Python on the side of the numbers."""
        lines = []
        for heading, equations in self.sections:
            rows = self._rows(equations, "text")
            wide = max([left for row in rows if (left := width(row[0])) <= 40], default=0)
            lines += [f"\n{heading}"] if heading else []
            lines += [" = ".join([to_left(row[0], wide), *row[1:]]) for row in rows]
        return "\n".join(lines).lstrip("\n")

    def latex(self) -> str:
        r"""One ``$$\begin{aligned} ... \end{aligned}$$`` for all equations; long sums are broken."""
        return f"$${self._aligned([equation for _, equations in self.sections for equation in equations])}$$"

    def markdown(self) -> str:
        """The equations in LaTeX, the headings between them as text."""
        return "\n\n".join([part for heading, own in self.sections for part in (heading, f"$${self._aligned(own)}$$") if part])

    def mathml(self) -> str:
        """MathML for HTML pages, without a library."""
        return self._in_html("mathml", _mathml_table)

    def _in_html(self, markup: str, table: Callable[[list[list[str]]], str]) -> str:
        """Each heading, and below it the table of its equations."""
        parts = []
        for heading, equations in self.sections:
            parts += [f"<p>{heading}</p>"] * bool(heading) + [table(self._rows(equations, markup))]
        return "\n".join(parts)

    def _aligned(self, equations: list[Equation], environment: str = "aligned") -> str:
        lines = []
        for left, first, *others in self._sides(equations, "latex"):
            start = f"{''.join(left)} &= "
            lines.append(start + _broken(first) + (r" \\ &= " + " = ".join(map(_broken, others)) if others else ""))
        return f"\\begin{{{environment}}}\n" + " \\\\\n".join(lines) + f"\n\\end{{{environment}}}"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes it to a file named `*.tex`, a document, `*.html`, a page, `*.md` or `*.txt`; returns the path.

        ValueError for another ending. The file is written whole or not at all.
        """
        from pathlib import Path

        path = Path(path)
        written = {".tex": self._document, ".html": self._page, ".md": self.markdown, ".txt": self.text}
        if path.suffix.lower() not in written:
            raise ValueError(f"a derivation is saved as .tex, .html, .md or .txt, not as {path.name!r}")
        write_whole(path, (written[path.suffix.lower()]().rstrip("\n") + "\n").encode())
        return path

    def _document(self) -> str:
        parts = [part for heading, own in self.sections for part in (heading, self._aligned(own, "align*")) if part]
        body = "\n\n".join(parts)
        for sign, command in SIGNS.items():
            body = body.replace(sign, command)
        return TEX % (ENCODINGS.get(self.language, OTHER) if _is_western(body) else OTHER, body)

    def _page(self) -> str:
        title = say(self.language, "derivation")
        return PAGE % (self.language, title, title, self.mathml())

    def _repr_html_(self) -> str:
        # for readers without MathJax; where all tags of MathML are taken away, what is left are lines that can be read
        return self._in_html("notebook", _table_of_cells)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_latex_(self) -> str:
        return self.latex()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()


def _mathml_table(rows: list[list[str]]) -> str:
    """One formula, which is a table."""
    lines = [
        f'<mtr><mtd style="text-align:right">{left}</mtd><mtd style="text-align:left">{_equal_to(sides)}</mtd></mtr>'
        for left, *sides in rows
    ]
    return f'<math display="block"><mtable displaystyle="true">{"".join(lines)}</mtable></math>'


def _table_of_cells(rows: list[list[str]]) -> str:
    """A table of HTML, with a formula in each cell."""
    lines = [
        f'<div style="display: table-row">{_cell(left, "; text-align: right")}{_cell(_equal_to(sides))}</div>'
        for left, *sides in rows
    ]
    return f'<div style="display: table">{"".join(lines)}</div>'


def _equal_to(sides: list[str]) -> str:
    return "".join([f"<mo>=</mo>{side}" for side in sides])


def _cell(mathml: str, look: str = "") -> str:
    math = f'<math displaystyle="true"><mrow>{mathml}</mrow></math>'
    return f'<span style="display: table-cell; padding: .2em 0{look}">{math}</span>'


def _is_western(text: str) -> bool:
    """Whether pdfLaTeX knows all letters."""
    try:
        return bool(text.encode("cp1252"))
    except UnicodeEncodeError:
        return False


def _visible(latex: str) -> str:
    """About the characters that are seen of LaTeX."""
    return re.sub(r"\\[a-zA-Z]+|[{}\\]", "", latex)


def _broken(pieces: Sequence[str]) -> str:
    """A side of an equation, in lines of about `LONGEST_LINE` characters."""
    lines, length = [""], 0
    for piece in pieces:
        seen = len(_visible(piece))
        if length and length + seen > LONGEST_LINE:
            lines.append("")
            length = 0
        lines[-1] += piece
        length += seen
    return r" \\ &\quad ".join([line.strip() if k else line for k, line in enumerate(lines)])
