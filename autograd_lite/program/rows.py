"""A long program for NumPy: many statements of one pattern as one line."""

from __future__ import annotations

from collections.abc import Sequence

from .dialects import Dialect
from .loops import Block, Cells, scheduled
from .names import Names
from .record import Loop, Recorded
from .statements import Total, filled, statements
from .writer import docstring, spread, templates


class RowWriter:
    """Writes a long program for NumPy: statements of one pattern are one line on rows of an array, an example in each column."""

    def __init__(self, recorded: Recorded, dialect: Dialect, loop: Loop | None = None) -> None:
        self.recorded, self.dialect, self.loop = recorded, dialect, loop
        self.lines = statements(recorded.tape, set(recorded.result_places), dialect.spelling, (), constants=True)
        self._indices: list[str] = []
        self._names = Names([port.name for port in recorded.inputs])
        self.v, self.n, self.k = [self._names.of(name) for name in "vnk"]

    def source(self) -> str:
        """The whole source. Its arguments are arrays (k, 1) or (k, n), or numbers or arrays (n,); the last one is n."""
        recorded, cells = self.recorded, Cells(self.recorded, self.lines)
        body = [line for group in scheduled(self.lines, cells.of) for line in self._group(group)]
        start = [f"{self.v} = np.empty(({len(cells.of)}, {self.n}))"]
        start += [f"{self.v}[{f'{at}:{at + port.size}' if port.size else at}] = {port.name}" for at, port in cells.inputs]
        if cells.constants:
            numbers = [f"{self.dialect.spelling.number(number)}, " for number in cells.numbers]
            start += spread(f"{self.v}[{cells.first}:{cells.first + len(numbers)}] = np.array([[", numbers, "]]).T")
        if self.loop is not None:
            results, inputs = zip(*self.loop.places)
            fed = (
                f"{self._picked([cells.of[place] for place in inputs])} = {self._picked([cells.of[place] for place in results])}"
            )
            rounds = f"for {self.k} in range({self.loop.times}):"
            body = [rounds, f"    if {self.k}:", f"        {fed}", *[f"    {line}" for line in body]]
        found = [f"{self._rows([cells.of[place] for place in port.places], port.is_array)}, " for port in recorded.results]
        lines = [*docstring(recorded), *start, *body, *spread("return (", found, ")")]
        signature = spread("def program(", [*[f"{port.name}, " for port in recorded.inputs], self.n], "):")
        header = self.dialect.header(["np", *templates(self.lines)])
        return header + "\n".join([*self._indices, "", "", *signature, *[f"    {line}".rstrip() for line in lines]]) + "\n"

    def _group(self, group: Sequence[Block]) -> list[str]:
        columns = [self._rows(list(column), len(group) > 1) for column in zip(*[block.cells for block in group])]
        pattern = group[0].pattern
        if isinstance(pattern, str):
            return [filled(pattern, columns)]
        assert isinstance(pattern, Total)
        target, *columns = columns
        lines: list[str] = []
        for term in pattern.terms:
            count = term.count("@")
            lines.append(f"{target} {'+=' if lines else '='} {filled(term, columns[:count])}")
            del columns[:count]
        return lines

    def _rows(self, cells: list[int], several: bool) -> str:
        """Rows of the array: one, a slice, or those that an index array picks."""
        if not several or len(set(cells)) == 1 < len(cells):
            return f"{self.v}[{cells[0]}]"
        step = cells[1] - cells[0] if len(cells) > 1 else 1
        if step and cells == list(range(cells[0], cells[-1] + (1 if step > 0 else -1), step)):
            end = cells[-1] + (1 if step > 0 else -1)
            return f"{self.v}[{cells[0]}:{end if end >= 0 else ''}{f':{step}' * (step != 1)}]"
        return self._picked(cells)

    def _picked(self, cells: Sequence[int]) -> str:
        name = self._names.of(f"i{len(self._indices)}")
        self._indices.append("\n".join(spread(f"{name} = np.array([", [f"{cell}, " for cell in cells], "])")))
        return f"{self.v}[{name}]"
