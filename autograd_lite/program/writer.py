"""A program as a function in Python: a line for each quantity, with the labels of its nodes as names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from .dialects import Dialect
from .names import Names, comment, listed
from .record import Loop, Recorded
from .statements import Statement, filled, statements

WIDTH = 110


class Writer:
    """Writes the function ``program`` of a recorded graph: a line for each quantity, for `math`, NumPy or JAX."""

    remark, end = "#", ""
    declared = ""  # before the name of what a line is to be
    reserved: Collection[str] = ()

    def __init__(self, recorded: Recorded, dialect: Dialect, loop: Loop | None = None) -> None:
        self.recorded, self.dialect, self.loop = recorded, dialect, loop
        results = set(recorded.result_places)
        self.statements = statements(recorded.tape, results, dialect.spelling, recorded.names.keys())
        names = Names(self.reserved)
        self.parameters = {port.name: names.of(port.name) for port in recorded.inputs}
        self.variable: dict[int, str] = {}
        self.height: dict[int, int] = {}  # of each target that is written: how many lines it has
        labels = recorded.tape.labels
        for port in recorded.inputs:
            for k, place in enumerate(port.places):
                name = self.parameters[port.name]
                self.variable[place] = names.of(labels.get(place) or f"{port.name}_{k}") if port.is_array else name
        # a result that is an input is kept before it is fed another
        self.kept = {place: names.temporary() for place in sorted(results & self.variable.keys())} if loop else {}
        targets = [statement.target for statement in self.statements]
        self.variable |= {place: names.of(recorded.names[place]) for place in targets if place in recorded.names}
        self.variable |= {place: names.temporary() for place in targets if place not in self.variable}

    def source(self) -> str:
        """The whole source, with its imports."""
        return self.dialect.header(self.templates()) + self.function() + "\n"

    def templates(self) -> list[str]:
        """Those of its lines."""
        return [self.dialect.array, *templates(self.statements)]

    def function(self) -> str:
        """The function, without what it needs."""
        constants, others = self.parts()
        numbers = [port for port in self.recorded.inputs if not port.is_array]
        renamed = [
            f"{self.remark} {port.name}: {comment(label)}" for port in numbers if (label := self._other_label(port.places[0]))
        ]
        lines = [*renamed, *self.unpacked(), *self._lines(constants)]
        body = self._lines(others)
        if self.loop is not None:
            body = self._repeated(self.loop, [f"    {line}" for line in [*body, *self._fed_back(self.loop)]])
        lines += [*body, *self.returned()]
        return "\n".join([line.rstrip() for line in self._function([f"    {line}" for line in lines])])

    def parts(self) -> tuple[list[Statement], list[Statement]]:
        """The statements in their order: those of constants, which stand before a loop, and the others."""
        constants = [line for line in self.statements if not line.places and line.target < self.recorded.forward]
        return constants, [line for line in self.statements if line.places or line.target >= self.recorded.forward]

    def _function(self, body: list[str]) -> list[str]:
        about = [f"    {line}" for line in docstring(self.recorded)]
        return [*spread("def program(", [f"{name}, " for name in self.parameters.values()], "):"), *about, *body]

    def _repeated(self, loop: Loop, body: list[str]) -> list[str]:
        return [f"for _ in range({loop.times}):", *body]

    def _other_label(self, place: int) -> str:
        """The label of a variable that has another name."""
        label = self.recorded.tape.labels.get(place, "")
        return label if self.variable[place] != label else ""

    def unpacked(self) -> list[str]:
        """The lines that take the numbers out of the arguments that are arrays."""
        lines = []
        for port in self.recorded.inputs:
            if port.is_array:
                comma, found = "," * (port.size == 1), [f"{self.variable[place]}, " for place in port.places]
                lines += spread("(", found, f") = {self.parameters[port.name]}", comma)
        return lines

    def _lines(self, statements: Sequence[Statement]) -> list[str]:
        lines: list[str] = []
        before = 0
        for statement in statements:
            if before < self.recorded.forward <= statement.target and lines:
                lines += ["", f"{self.remark} backward"]
            before = statement.target
            found = self.written(statement)
            self.height[statement.target] = len(found)
            lines += found
        return lines

    def written(self, statement: Statement) -> list[str]:
        """The lines of a statement."""
        target, template, places = statement
        assert isinstance(template, str)
        pieces = re.split(r"(?<=\S )(?=[+-] )", filled(template, [self.variable[place] for place in places]))
        start = f"{self.declared}{self.variable[target]} = "
        long = len(start) + sum(map(len, pieces)) > WIDTH and len(pieces) > 1
        lines = spread(start + "(" * long, pieces, ")" * long + self.end)
        if label := self._other_label(target):
            lines[-1] += f"  {self.remark} {comment(label)}"
        return lines

    def _fed_back(self, loop: Loop) -> list[str]:
        """The lines that put results in the place of inputs, all at once."""
        lines = [f"{name} = {self.variable[place]}" for place, name in self.kept.items()]
        results = [f"{self._result(place)}, " for place, _ in loop.places]
        inputs = [f"{self.variable[place]}, " for _, place in loop.places]
        if len(inputs) > 1:
            return [*lines, *spread("(", inputs, ") = ("), *spread("    ", results, ")")]
        return [*lines, f"{inputs[0][:-2]} = {results[0][:-2]}"]

    def _result(self, place: int) -> str:
        return self.kept.get(place, self.variable[place])

    def returned(self) -> list[str]:
        found = []
        for port in self.recorded.results:
            names = [f"{self._result(place)}, " for place in port.places]
            if port.is_array:
                names[0] = f"{self.dialect.array}[{names[0]}"
                names[-1] = f"{names[-1][:-2]}]{')' * self.dialect.array.count('(')}, "
            found += names
        lines = spread("return (", found, ")")
        return lines if len(lines) > 1 else [f"return {lines[0][8:-1]}"]


def docstring(recorded: Recorded) -> list[str]:
    return [
        f'"""Of {listed([str(port) for port in recorded.inputs])}: {listed([str(port) for port in recorded.results])}.',
        "",
        "Recorded from a graph: where Python branched or looped, this is the way that it took.",
        '"""',
    ]


def spread(start: str, pieces: Sequence[str], end: str, last: str = "") -> list[str]:
    """The pieces on as few lines as hold them, between `start` and `end`; a comma at the very end becomes `last`."""
    lines = [start]
    for k, piece in enumerate(pieces):
        if k == len(pieces) - 1:
            piece = (piece.rstrip(", ") + last if piece.endswith(", ") else piece) + end
        if len(lines[-1]) + len(piece.rstrip()) > WIDTH and k:
            lines[-1] = lines[-1].rstrip()
            lines.append("    ")
        lines[-1] += piece
    return lines if pieces else [start + end]


# Up to so many statements, a program for NumPy or in C has a line for each; a longer one is written as loops over memory
STRAIGHT = 400


def is_straight(lines: Sequence[Statement]) -> bool:
    """Whether the statements are few, and each a short one."""
    return len(lines) <= STRAIGHT and all([isinstance(line.template, str) for line in lines])


def templates(lines: Iterable[Statement]) -> Iterator[str]:
    """The templates, and those of the terms of totals."""
    for template in dict.fromkeys([line.template for line in lines]):
        yield from [template] if isinstance(template, str) else dict.fromkeys(template.terms)
