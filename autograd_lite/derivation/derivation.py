"""A `Derivation`: equations in sections, written as plain text, LaTeX, Markdown or MathML."""

from __future__ import annotations

from collections.abc import Sequence

from .equations import Equation
from .expressions import number
from .notation import Notation


class Derivation:
    """Equations in sections, each with a heading. `text`, `latex`, `markdown` and `mathml` write it; Jupyter shows it."""

    def __init__(self, notation: Notation, sections: Sequence[tuple[str, list[Equation]]]) -> None:
        self.notation = notation
        self.sections = [(heading, equations) for heading, equations in sections if equations]

    def _rows(self, equations: list[Equation], markup: str) -> list[list[str]]:
        """Of each equation, what stands between its equals signs."""
        write, rows = self.notation.write, []
        for left, symbolic, result, digits in equations:
            sides = [write(left, markup)]
            if symbolic is not None:
                sides += [write(symbolic, markup), write(symbolic, markup, values=True, digits=digits)]
            sides.append(write(number(result), markup, digits=digits))
            rows.append([side for side, before in zip(sides, ["", *sides]) if side != before])
        return rows

    def text(self) -> str:
        """Plain text: an equation a line, with the operators and functions of Python on the side of the numbers."""
        lines = []
        for heading, equations in self.sections:
            rows = self._rows(equations, "text")
            width = max([len(row[0]) for row in rows if len(row[0]) <= 40], default=0)
            lines += [f"\n{heading}"] if heading else []
            lines += [" = ".join([row[0].ljust(width), *row[1:]]) for row in rows]
        return "\n".join(lines).lstrip("\n")

    def latex(self) -> str:
        r"""One ``$$\begin{aligned} ... \end{aligned}$$`` for all equations."""
        return self._aligned([equation for _, equations in self.sections for equation in equations])

    def markdown(self) -> str:
        """The equations in LaTeX, the headings between them as text."""
        return "\n\n".join([part for heading, equations in self.sections for part in (heading, self._aligned(equations)) if part])

    def mathml(self) -> str:
        """MathML for HTML pages, without a library."""
        parts = []
        for heading, equations in self.sections:
            rows = [
                f'<mtr><mtd style="text-align:right">{left}</mtd><mtd style="text-align:left"><mo>=</mo>'
                f"{'<mo>=</mo>'.join(sides)}</mtd></mtr>"
                for left, *sides in self._rows(equations, "mathml")
            ]
            parts += [f"<p>{heading}</p>"] * bool(heading) + [
                f'<math display="block"><mtable displaystyle="true">{"".join(rows)}</mtable></math>'
            ]
        return "\n".join(parts)

    def _aligned(self, equations: list[Equation]) -> str:
        lines = []
        for left, first, *others in self._rows(equations, "latex"):
            lines.append(f"{left} &= {first}" + (r" \\ &= " + " = ".join(others) if others else ""))
        return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_latex_(self) -> str:
        return self.latex()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()
