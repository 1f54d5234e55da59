"""What was recorded, and how it is written as a function in Python: with the labels of its nodes as names."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .. import ops
from .dialects import Dialect
from .expressions import Expressions, Statement, Total, filled, statements
from .loops import Part, scheduled


class Item(NamedTuple):
    """An argument or a result: its name, its places among the expressions, and whether it is an array of numbers or one."""

    name: str
    places: list[int]
    is_array: bool

    @property
    def size(self) -> int:
        """The length of an array; 0 for one number."""
        return len(self.places) if self.is_array else 0

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.size,) if self.is_array else ()

    @property
    def form(self) -> str:
        return f"an array of {len(self.places)}" if self.is_array else "one number"

    def examples(self, shape: Sequence[int], instead: str = "") -> int | None:
        """How many examples an argument of this shape has, or None if it is one. ValueError for a shape that it cannot have.

        instead: what takes a batch, where the dialect takes none.
        """
        if tuple(shape) == self.shape:
            return None
        hint = f"; a batch needs {instead}" if instead else f"; a batch of n has the shape (n, {self.size})"
        is_batch = len(shape) == len(self.shape) + 1
        if is_batch and not instead and tuple(shape[1:]) == self.shape:
            return shape[0]
        raise ValueError(f"input {self.name!r} is {self.form}, got the shape {tuple(shape)}{hint * is_batch}")

    def __str__(self) -> str:
        return f"{self.name}[{len(self.places)}]" if self.is_array else self.name


class Recorded(NamedTuple):
    """What a program is printed from.

    names: of the places that are to have a line of their own. Places from `forward` on are those of derivatives; so are the
    results from `outputs` on: of the result `of`, by the nodes in `wrt`, an item each.
    """

    expressions: Expressions
    inputs: list[Item]
    results: list[Item]
    names: dict[int, str]
    forward: int
    outputs: int
    of: int
    wrt: list[list[int]]

    @property
    def result_places(self) -> list[int]:
        return [place for item in self.results for place in item.places]

    def by(self) -> list[frozenset[int] | None]:
        """Of each result, which of the inputs it is a derivative by; None for an output, and for a derivative by other nodes."""
        owner = {place: k for k, item in enumerate(self.inputs) for place in item.places}
        found: list[frozenset[int] | None] = [None] * self.outputs
        for places in self.wrt:
            are_leaves = all(self.expressions.operations[place][0] in ("input", "leaf") for place in places)
            found.append(frozenset([owner[place] for place in places if place in owner]) if are_leaves else None)
        return found


class Loop(NamedTuple):
    """A program that runs `times` times, from the second time on with results in the place of inputs: pairs of these items."""

    times: int
    feedback: list[tuple[Item, Item]]

    @property
    def places(self) -> list[tuple[int, int]]:
        """The place of each result with that of the input."""
        return [pair for result, item in self.feedback for pair in zip(result.places, item.places)]


def one_batch(counts: Iterable[int | None]) -> int | None:
    """How many examples the batch has, None if it is one. ValueError where the inputs differ."""
    batches = {count for count in counts if count is not None}
    if len(batches) > 1:
        raise ValueError(f"the inputs are batches of different numbers of examples: {', '.join(map(str, sorted(batches)))}")
    return batches.pop() if batches else None


def single(results: Sequence[Any]) -> Any:
    """What a program returns: a tuple of its results, or the one that it has."""
    return results[0] if len(results) == 1 else tuple(results)


# Names ---------------------------------------------------------------------------------------------------------------

# What a program may call or import, in any dialect
RESERVED = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *ops.FLOATS}
RESERVED |= {"program", "power", "inf", "nan", "math", "functools", "np", "jnp", "jax"}
LONGEST = 40


class Names:
    """Gives out valid identifiers, all different and none reserved: a label itself where it is one and free."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        self._used = RESERVED | set(used)
        self._tried: dict[str, int] = {}

    def of(self, label: str, separator: str = "_") -> str:
        # Python takes names for the same that are so in this form
        name = unicodedata.normalize("NFKC", label[:LONGEST])
        if not name.isidentifier():
            name = re.sub(r"\W+", "_", name).strip("_")
            name = name if name.isidentifier() else f"v_{name}" if f"v_{name}".isidentifier() else "v"
        while True:
            tries = self._tried[name] = self._tried.get(name, 0) + 1
            free = name if tries == 1 else f"{name}{separator}{tries}"
            if free not in self._used:
                self._used.add(free)
                return free

    def temporary(self) -> str:
        """A name for what has no label: t, t2, t3, ..."""
        return self.of("t", "")


def comment(label: str) -> str:
    """A label as part of one line."""
    label = label if len(label) <= 2 * LONGEST else label[: 2 * LONGEST] + "..."
    return label if label.isprintable() else ascii(label)


def listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])}, ... ({len(names)} in all)"


# The function --------------------------------------------------------------------------------------------------------

WIDTH = 110


class Writer:
    """Writes the function ``program`` of a recorded graph: a line for each quantity, for `math`, NumPy or JAX."""

    def __init__(self, recorded: Recorded, dialect: Dialect, loop: Loop | None = None) -> None:
        self.recorded, self.dialect, self.loop = recorded, dialect, loop
        results = set(recorded.result_places)
        self.statements = statements(recorded.expressions, results, dialect.spelling, recorded.names.keys())
        names = Names([item.name for item in recorded.inputs])
        self.variable: dict[int, str] = {}
        labels = recorded.expressions.labels
        for item in recorded.inputs:
            for k, place in enumerate(item.places):
                self.variable[place] = names.of(labels.get(place) or f"{item.name}_{k}") if item.is_array else item.name
        # a result that is an input is kept before it is fed another
        self.kept = {place: names.temporary() for place in sorted(results & self.variable.keys())} if loop else {}
        targets = [statement.target for statement in self.statements]
        self.variable |= {place: names.of(recorded.names[place]) for place in targets if place in recorded.names}
        self.variable |= {place: names.temporary() for place in targets if place not in self.variable}

    def source(self) -> str:
        """The whole source, with its imports."""
        constants = [line for line in self.statements if not line.places and line.target < self.recorded.forward]
        others = [line for line in self.statements if line.places or line.target >= self.recorded.forward]
        body = self._lines(others)
        if self.loop is not None:
            body = [f"for _ in range({self.loop.times}):", *[f"    {line}" for line in [*body, *self._fed_back(self.loop)]]]
        numbers = [item for item in self.recorded.inputs if not item.is_array]
        renamed = [f"# {item.name}: {comment(label)}" for item in numbers if (label := self._other_label(item.places[0]))]
        lines = [*docstring(self.recorded), *renamed, *self._unpacked(), *self._lines(constants), *body, *self._returned()]
        signature = spread("def program(", [f"{item.name}, " for item in self.recorded.inputs], "):")
        header = self.dialect.header([self.dialect.array, *templates(self.statements)])
        return header + "\n".join([*signature, *[f"    {line}".rstrip() for line in lines]]) + "\n"

    def _other_label(self, place: int) -> str:
        """The label of a variable that has another name."""
        label = self.recorded.expressions.labels.get(place, "")
        return label if self.variable[place] != label else ""

    def _unpacked(self) -> list[str]:
        """The lines that take the numbers out of the arguments that are arrays."""
        lines = []
        for item in self.recorded.inputs:
            if item.is_array:
                comma = "," * (item.size == 1)
                lines += spread("(", [f"{self.variable[place]}, " for place in item.places], f") = {item.name}", comma)
        return lines

    def _lines(self, statements: Sequence[Statement]) -> list[str]:
        lines: list[str] = []
        before = 0
        for target, template, places in statements:
            if before < self.recorded.forward <= target and lines:
                lines += ["", "# backward"]
            before = target
            assert isinstance(template, str)
            pieces = re.split(r"(?<=\S )(?=[+-] )", filled(template, [self.variable[place] for place in places]))
            start = f"{self.variable[target]} = "
            long = len(start) + sum(map(len, pieces)) > WIDTH and len(pieces) > 1
            found = spread(start + "(" * long, pieces, ")" * long)
            if label := self._other_label(target):
                found[-1] += f"  # {comment(label)}"
            lines += found
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

    def _returned(self) -> list[str]:
        found = []
        for item in self.recorded.results:
            names = [f"{self._result(place)}, " for place in item.places]
            if item.is_array:
                names[0] = f"{self.dialect.array}[{names[0]}"
                names[-1] = f"{names[-1][:-2]}]{')' * self.dialect.array.count('(')}, "
            found += names
        lines = spread("return (", found, ")")
        return lines if len(lines) > 1 else [f"return {lines[0][8:-1]}"]


def docstring(recorded: Recorded) -> list[str]:
    return [
        f'"""Of {listed([str(item) for item in recorded.inputs])}: {listed([str(item) for item in recorded.results])}.',
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


# Many statements of one form as one line ------------------------------------------------------------------------------


class RowWriter:
    """Writes a long program for NumPy: statements of one form are one line over rows of an array, an example in each column."""

    def __init__(self, recorded: Recorded, dialect: Dialect, loop: Loop | None = None) -> None:
        self.recorded, self.dialect, self.loop = recorded, dialect, loop
        self.lines = statements(recorded.expressions, set(recorded.result_places), dialect.spelling, (), constants=True)
        self._indices: list[str] = []
        self._names = Names([item.name for item in recorded.inputs])
        self.v, self.n, self.k = [self._names.of(name) for name in "vnk"]

    def source(self) -> str:
        """The whole source. Its arguments are arrays (k, 1) or (k, n), or numbers or arrays (n,); the last one is n."""
        recorded, cells = self.recorded, Cells(self.recorded, self.lines)
        body = [line for group in scheduled(self.lines, cells.of) for line in self._group(group)]
        start = [f"{self.v} = np.empty(({len(cells.of)}, {self.n}))"]
        start += [f"{self.v}[{f'{at}:{at + item.size}' if item.size else at}] = {item.name}" for at, item in cells.inputs]
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
        found = [f"{self._rows([cells.of[place] for place in item.places], item.is_array)}, " for item in recorded.results]
        lines = [*docstring(recorded), *start, *body, *spread("return (", found, ")")]
        signature = spread("def program(", [*[f"{item.name}, " for item in recorded.inputs], self.n], "):")
        header = self.dialect.header(["np", *templates(self.lines)])
        return header + "\n".join([*self._indices, "", "", *signature, *[f"    {line}".rstrip() for line in lines]]) + "\n"

    def _group(self, group: Sequence[Part]) -> list[str]:
        columns = [self._rows(list(column), len(group) > 1) for column in zip(*[part.cells for part in group])]
        form = group[0].form
        if isinstance(form, str):
            return [filled(form, columns)]
        assert isinstance(form, Total)
        target, *columns = columns
        lines: list[str] = []
        for term in form.terms:
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


class Cells:
    """Which cell of memory each variable has: the inputs, then the constants; the others follow."""

    def __init__(self, recorded: Recorded, lines: Sequence[Statement]) -> None:
        expressions = recorded.expressions
        self.of: dict[int, int] = {}
        self.inputs: list[tuple[int, Item]] = []
        for item in recorded.inputs:
            self.inputs.append((len(self.of), item))
            self.of.update({place: len(self.of) + k for k, place in enumerate(item.places)})
        self.first = len(self.of)
        read = {place for line in lines for place in line.places} | set(recorded.result_places)
        self.constants = [place for place in sorted(read) if expressions.operations[place][0] == "leaf"]
        self.numbers = [expressions.numbers[place] for place in self.constants]
        self.of.update({place: self.first + k for k, place in enumerate(self.constants)})
