"""A graph, recorded once, as a straight-line program: the backpropagation that a student would have written by hand.

There is no second generator of derivatives: what is printed is the graph of the outputs and that of `gradient`.
"""

from __future__ import annotations

import builtins
import keyword
import linecache
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from . import native, ops
from .backprop import adjoints_of, as_value
from .dialects import PYTHON, WORD, Dialect
from .expressions import Expressions, Statement, filled, needed, statements
from .value import Value, as_float, domain_error, mode


class Item(NamedTuple):
    """An argument or a result: its name, its places among the expressions, and whether it is an array of numbers or one."""

    name: str
    places: list[int]
    is_array: bool

    @property
    def form(self) -> str:
        return f"an array of {len(self.places)}" if self.is_array else "one number"

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


# Names ---------------------------------------------------------------------------------------------------------------

KEPT = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
LONGEST = 40


class Names:
    """Gives out valid identifiers, all different: a label itself where it is one and free."""

    def __init__(self, used: Iterable[str]) -> None:
        self._used = KEPT | set(used)
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


# Source --------------------------------------------------------------------------------------------------------------

WIDTH = 110


class Writer:
    """Writes the function ``program`` of a recorded graph in Python: for `math`, NumPy or JAX."""

    def __init__(self, recorded: Recorded, dialect: Dialect, loop: Loop | None = None) -> None:
        self.recorded, self.loop = recorded, loop
        results = set(recorded.result_places)
        self.statements = statements(recorded.expressions, results, dialect.spelling, recorded.names.keys())
        self.header = dialect.header([statement.template for statement in self.statements])
        names = Names([*WORD.findall(self.header), "program"])
        self.arguments = [names.of(item.name) for item in recorded.inputs]
        self.variable: dict[int, str] = {}
        labels = recorded.expressions.labels
        for argument, item in zip(self.arguments, recorded.inputs):
            for k, place in enumerate(item.places):
                self.variable[place] = names.of(labels.get(place) or f"{item.name}_{k}") if item.is_array else argument
        # a result that is an input is kept before it is fed another
        self.kept = {place: names.temporary() for place in results & self.variable.keys()} if loop else {}
        targets = [statement.target for statement in self.statements]
        self.variable |= {place: names.of(recorded.names[place]) for place in targets if place in recorded.names}
        self.variable |= {place: names.temporary() for place in targets if place not in self.variable}

    def source(self) -> str:
        """The whole source, with its imports."""
        are_numbers = [not statement.places and statement.target < self.recorded.forward for statement in self.statements]
        constants = self._lines([line for line, is_number in zip(self.statements, are_numbers) if is_number])
        body = self._lines([line for line, is_number in zip(self.statements, are_numbers) if not is_number])
        if self.loop is not None:
            body = [f"for _ in range({self.loop.times}):", *[f"    {line}" for line in [*body, *self._fed_back(self.loop)]]]
        lines = [*self._docstring(), *self._unpacked(), *constants, *body, *self._returned()]
        signature = _filled("def program(", [f"{name}, " for name in self.arguments], "):")
        return self.header + "\n".join([*signature, *[f"    {line}".rstrip() for line in lines]]) + "\n"

    def result_names(self) -> list[str]:
        """The name of each result: that of its variable, or of the array."""
        items = self.recorded.results
        return [str(item) if item.is_array else self._result(item.places[0]) for item in items]

    def _result(self, place: int) -> str:
        return self.kept.get(place, self.variable[place])

    def _docstring(self) -> list[str]:
        arguments = _listed([str(item._replace(name=name)) for name, item in zip(self.arguments, self.recorded.inputs)])
        return [
            f'"""Of {arguments}: {_listed(self.result_names())}.',
            "",
            "Recorded from a graph: where Python branched or looped, this is the way that it took.",
            '"""',
        ]

    def _unpacked(self) -> list[str]:
        """The lines that take the numbers out of the arguments that are arrays."""
        lines = []
        for argument, item in zip(self.arguments, self.recorded.inputs):
            if item.is_array:
                lines += _filled("(", [f"{self.variable[place]}, " for place in item.places], f") = {argument}", ",")
        return lines

    def _lines(self, statements: Sequence[Statement]) -> list[str]:
        lines = []
        labels = self.recorded.expressions.labels
        before = 0
        for target, template, places in statements:
            if before < self.recorded.forward <= target:
                lines += ["", "# backward"]
            before = target
            variable = self.variable[target]
            pieces = re.split(r"(?<=\S )(?=[+-] )", filled(template, [self.variable[place] for place in places]))
            long = sum(map(len, pieces)) > WIDTH and len(pieces) > 1
            found = _filled(f"{variable} = (" if long else f"{variable} = ", pieces, ")" * long)
            if labels.get(target, variable) != variable:
                found[-1] += f"  # {comment(labels[target])}"
            lines += found
        return lines

    def _fed_back(self, loop: Loop) -> list[str]:
        """The lines that put results in the place of inputs, all at once."""
        lines = [f"{name} = {self.variable[place]}" for place, name in self.kept.items()]
        results = [f"{self._result(place)}, " for place, _ in loop.places]
        inputs = [f"{self.variable[place]}, " for _, place in loop.places]
        if len(inputs) == 1:
            return [*lines, f"{inputs[0][:-2]} = {results[0][:-2]}"]
        return [*lines, *_filled("(", inputs, ") = (", ","), *_filled("    ", results, ")", ",")]

    def _returned(self) -> list[str]:
        found = []
        for item in self.recorded.results:
            names = [self._result(place) for place in item.places]
            joined = [f"{name}, " for name in names]
            if item.is_array:
                joined[0], joined[-1] = f"[{joined[0]}", f"{names[-1]}], " if len(names) > 1 else f"[{names[0]}], "
            found += joined
        lines = _filled("return (", found, ")")
        return lines if len(lines) > 1 else [f"return {lines[0][8:-1]}"]


def _filled(start: str, pieces: Sequence[str], end: str, last: str = "") -> list[str]:
    """The pieces on as few lines as hold them, between `start` and `end`; a comma at the very end becomes `last`."""
    lines = [start]
    for k, piece in enumerate(pieces):
        if k == len(pieces) - 1:
            piece = (piece.rstrip(", ") + last if piece.endswith(", ") else piece) + end
        if len(lines[-1]) + len(piece.rstrip()) > WIDTH and lines[-1].strip():
            lines[-1] = lines[-1].rstrip()
            lines.append("    ")
        lines[-1] += piece
    return lines if pieces else [start + end]


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])}, ... ({len(names)} in all)"


# Programs ------------------------------------------------------------------------------------------------------------


def compile_program(
    outputs: Any, inputs: Any, gradients_of: Value | None = None, wrt: Any = None, dialect: str = "python"
) -> Program:
    """The graph of `outputs`, and of the derivatives of one of them, as a straight-line program of the inputs.

    outputs, inputs: each a sequence, or a dict by name, of Values or of sequences of Values; such a sequence is one array of
    numbers as argument or result. Inputs are leaves, and take their names from their labels. A leaf that is no input is a
    constant, with the number that it has now: a parameter too. gradients_of: the Value whose derivatives by `wrt` (in a form
    as `inputs`, which it is unless given) follow the outputs as further results.

    dialect: "python" runs anywhere, "numpy" and "c" also take a batch, "jax" is for `jit`, `vmap` and `grad`. See `Program`.

    Raises TypeError for what is no Value, ValueError for an input that is no leaf or is there twice.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> y = x * w
    >>> program = compile_program(y, [x, w], gradients_of=y)
    >>> program(5.0, 7.0)
    (35.0, 7.0, 5.0)
    """
    if dialect not in DIALECTS:
        raise ValueError(f"unknown dialect {dialect!r}: one of {', '.join(DIALECTS)}")
    return Program(_recorded(outputs, inputs, gradients_of, wrt), dialect)


def _recorded(outputs: Any, inputs: Any, gradients_of: Value | None, wrt: Any) -> Recorded:
    given = _groups(inputs, "input")
    leaves = [node for _, nodes, _ in given for node in nodes]
    for name, nodes, _ in given:
        for node in nodes:
            if node.op:
                raise ValueError(f"input {name!r} must be a leaf, but it is of {node.op}: {node!r:.80}")
    if len(set(leaves)) < len(leaves):
        raise ValueError("a Value is among the inputs twice: it is one argument")
    expressions = Expressions(leaves)

    def items(groups: Sequence[tuple[str, list[Value], bool]]) -> list[Item]:
        return [Item(name, [expressions.place(node) for node in nodes], is_array) for name, nodes, is_array in groups]

    results = items(_groups(outputs, "output"))
    if not results:
        raise ValueError("a program needs at least one output")
    forward, names = len(expressions.operations), dict(expressions.labels)
    recorded = Recorded(expressions, items(given), results, names, forward, len(results), -1, [])
    if gradients_of is None:
        if wrt is not None:
            raise ValueError("wrt needs gradients_of: the Value whose derivatives are wanted")
        return recorded
    if not isinstance(gradients_of, Value):
        raise TypeError(f"gradients_of is the Value whose derivatives are wanted, got {gradients_of!r:.60}")
    wanted = given if wrt is None else _groups(wrt, "wrt")
    return _with_derivatives(recorded, gradients_of, wanted)


def _with_derivatives(recorded: Recorded, output: Value, wanted: list[tuple[str, list[Value], bool]]) -> Recorded:
    """The recorded graph with the derivatives of `output` as further results. Adjoints of nodes with labels get names."""
    expressions, names = recorded.expressions, recorded.names
    of = expressions.place(output)
    forward = len(expressions.operations)
    above = f"d{output.label[: LONGEST // 2]}_d" if output.label else "d"
    with mode("program", special=False, without="no_grad"):
        adjoints = adjoints_of(output, [node for _, nodes, _ in wanted for node in nodes])
        places = {node: expressions.place(as_value(adjoint)) for node, adjoint in adjoints.items()}
        zero = expressions.place(as_value(0.0))
    for node, place in places.items():
        if node.label and place >= forward:
            net = node.label.startswith("net_")
            names.setdefault(place, f"delta_{node.label[4:]}" if net else above + node.label)
    derivatives = [Item(above + name, [places.get(node, zero) for node in nodes], is_array) for name, nodes, is_array in wanted]
    wrt = [[expressions.place(node) for node in nodes] for _, nodes, _ in wanted]
    return recorded._replace(results=recorded.results + derivatives, forward=forward, of=of, wrt=wrt)


def _groups(thing: Any, what: str) -> list[tuple[str, list[Value], bool]]:
    """The name of each item, its Values, and whether it is a sequence of them."""
    if isinstance(thing, Value):
        thing = [thing]
    if isinstance(thing, str) or not isinstance(thing, Iterable):
        raise TypeError(f"{what}s are Values, or sequences of Values, in a list or a dict; got {thing!r:.60}")
    pairs = thing.items() if isinstance(thing, Mapping) else [("", item) for item in thing]
    groups = []
    for k, (name, item) in enumerate(pairs, 1):
        is_array = not isinstance(item, Value)
        if is_array and (isinstance(item, str) or not isinstance(item, Iterable)):
            raise TypeError(f"{what} {name or k} is a Value or a sequence of Values, got {item!r:.60}")
        nodes = list(item) if is_array else [item]
        for node in nodes:
            if not isinstance(node, Value):
                raise TypeError(f"{what} {name or k} is a sequence of Values, but {node!r:.60} is in it")
        if not nodes:
            raise ValueError(f"{what} {name or k} is an empty sequence")
        groups.append((str(name) or ("" if is_array else nodes[0].label) or f"{what}{k}", nodes, is_array))
    return groups


class Program:
    """A graph as a program: call it with a number or an array for each of `inputs`, by place or by name.

    It returns the number or array of its result, or a tuple of them, in the order of `results`. `source` is its text, in one
    of four dialects, which give the same numbers:

    * python: floats. An array is a list. Raises where the operations do; derivatives that have no value are inf or nan.
    * numpy, c: in the place of a number, an array of n of them is a batch of n examples; in the place of an array of k
      numbers, an array (n, k). The outputs are then (n,) and (n, k), and so are derivatives by such inputs. Derivatives by an
      input that all examples share are summed over the batch. Outside a domain and at singular points the results are those
      of IEEE 754, infinite or nan.
    * jax: a function of arrays that `jax.jit`, `jax.vmap` and `jax.grad` accept. For small graphs.

    Make one with `compile_program`.
    """

    def __init__(self, recorded: Recorded, dialect: str, loop: Loop | None = None) -> None:
        self._recorded, self.dialect, self._loop = recorded, dialect, loop
        self.source, self.inputs, self.results, self._run = DIALECTS[dialect](recorded, loop)
        self.__doc__ = f"{self!r}\n\n{self.source}"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if named:
            arguments = self._placed(arguments, named)
        if len(arguments) != len(self.inputs):
            missing = f": {', '.join(self.inputs[len(arguments) :][:8])} missing" if len(arguments) < len(self.inputs) else ""
            raise TypeError(f"the program has {len(self.inputs)} inputs, got {len(arguments)}{missing}")
        return self._run(arguments)

    def _placed(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by place."""
        others = self.inputs[len(arguments) :]
        for name in named:
            if name not in others:
                known = "is there twice" if name in self.inputs else f"is unknown: there are {', '.join(self.inputs[:8])}"
                raise TypeError(f"input {name!r} {known}")
        for name in others:
            if name not in named:
                raise TypeError(f"input {name!r} is missing")
        return (*arguments, *[named[name] for name in others])

    def repeat(self, n: int, feedback: Mapping[int | str, int | str]) -> Program:
        """The program that runs this one n times, with results in the place of inputs from the second time on, as one call.

        feedback: for results, by place or by name, the input each is for, by place or by name. What it returns is of the
        last run. Where new weights are fed back, n runs are n updates.

        >>> x = Value(1.0, "x")
        >>> compile_program(x * 2, [x]).repeat(10, {0: "x"})(1.0)
        1024.0
        """
        if self._loop is not None:
            raise ValueError("the program is repeated already: repeat the one that it was made from")
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"a program is repeated a whole number of times, at least once; got {n!r:.60}")
        pairs = []
        for result, given in feedback.items():
            source = self._recorded.results[_place(result, self.results, "result")]
            target = self._recorded.inputs[_place(given, self.inputs, "input")]
            if (source.is_array, len(source.places)) != (target.is_array, len(target.places)):
                raise ValueError(f"result {result!r} is {source.form}, but input {given!r} is {target.form}")
            pairs.append((source, target))
        if len({target.name for _, target in pairs}) < len(pairs):
            raise ValueError("an input is fed back to twice")
        return Program(self._recorded, self.dialect, Loop(n, pairs))

    def __repr__(self) -> str:
        lines = self.source.count("\n")
        return f"<Program of {_listed(self.inputs)}: {_listed(self.results)}; {lines} lines of {self.dialect} in .source>"


def _place(key: int | str, names: Sequence[str], what: str) -> int:
    if isinstance(key, int) and -len(names) <= key < len(names):
        return key % len(names)
    if names.count(str(key)) != 1:
        raise ValueError(f"no {what} {key!r}: there are {_listed(names)}")
    return names.index(str(key))


# How each dialect runs -----------------------------------------------------------------------------------------------

_serial = count(1)


def _executed(source: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function that the source defines. Debuggers and tracebacks show its lines."""
    file = f"<autograd_lite program {next(_serial)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), names)
    return names["program"]  # type: ignore[no-any-return]


def _python(recorded: Recorded, loop: Loop | None) -> tuple[str, list[str], list[str], Callable[[Any], Any]]:
    writer = Writer(recorded, PYTHON, loop)
    source = writer.source()
    function = _executed(source, {})
    items = [(name, len(item.places) if item.is_array else 0) for name, item in zip(writer.arguments, recorded.inputs)]

    def run(arguments: Sequence[Any]) -> Any:
        numbers = [x if type(x) is float else _floats(name, size, x) for (name, size), x in zip(items, arguments)]
        try:
            return function(*numbers)
        except (ValueError, ArithmeticError):
            return _carefully(recorded, loop, numbers)

    return source, writer.arguments, writer.result_names(), run


def _floats(name: str, size: int, x: Any) -> Any:
    """An argument as a float, or as a list of `size` floats."""
    if not size:
        if isinstance(x, Sequence) or getattr(x, "ndim", 0):
            raise TypeError(f"input {name!r} is one number, got {x!r:.60}; a batch needs dialect='numpy' or 'c'")
        return as_float(x, f"input {name!r}")
    if isinstance(x, str) or not isinstance(x, Iterable):
        raise TypeError(f"input {name!r} is an array of {size} numbers, got {x!r:.60}")
    numbers = x.tolist() if hasattr(x, "tolist") else list(x)
    if len(numbers) != size:
        raise ValueError(f"input {name!r} is an array of {size} numbers, got {len(numbers)}")
    if set(map(type, numbers)) != {float}:
        numbers = [as_float(number, f"input {name!r}") for number in numbers]
    return numbers


def _carefully(recorded: Recorded, loop: Loop | None, numbers: Sequence[Any]) -> Any:
    """The results where the program's lines fail: DomainError as the operation raises it; for a derivative, inf or nan."""
    operations, labels = recorded.expressions.operations, recorded.expressions.labels
    order = [place for place in needed(recorded.expressions, recorded.result_places) if operations[place][1]]
    at: dict[int, float] = dict(recorded.expressions.numbers)
    for item, x in zip(recorded.inputs, numbers):
        at.update(zip(item.places, x if item.is_array else [x]))
    for k in range(loop.times if loop else 1):
        if k and loop:
            at.update({place: at[result] for result, place in loop.places})
        for place in order:
            op, x = operations[place]
            operands = [at[i] for i in x]
            try:
                at[place] = ops.value(op, operands)
            except (ValueError, ArithmeticError) as error:
                if place < recorded.forward:
                    raise domain_error(op, [Value(at[i], labels.get(i, "")) for i in x], error) from None
                at[place] = ops.value(op, operands, ops.IEEE)
    results = [[at[place] for place in item.places] if item.is_array else at[item.places[0]] for item in recorded.results]
    return results[0] if len(results) == 1 else tuple(results)


def _c(recorded: Recorded, loop: Loop | None) -> tuple[str, list[str], list[str], Callable[[Any], Any]]:
    layout = native.written(recorded, loop)
    run = native.Native(layout, loop.times if loop else 1)
    return layout.source, [name for name, _ in layout.inputs], [name for name, _ in layout.results], run


DIALECTS: dict[str, Callable[[Recorded, Loop | None], tuple[str, list[str], list[str], Callable[[Any], Any]]]] = {
    "python": _python,
    "c": _c,
}
