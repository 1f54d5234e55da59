"""A graph, recorded once, as a straight-line program: the backpropagation that a student would have written by hand.

There is no second generator of derivatives: what is printed is the graph of the outputs and that of `gradient`.

* `expressions`: the graph as operations on numbers, and these as statements;
* `dialects`: the spelling of each dialect; `writer`: statements with names, as a function in Python;
* `loops`: the loops in a long program; `native`: programs in C;
* `arguments`: what programs are called with; `compiler`, `calling`: how those in C are compiled and called.
"""

from __future__ import annotations

import gc
import importlib
import linecache
import math
import re
import sys
import warnings
import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple, TextIO

from .. import ops
from ..backprop import adjoints_of, as_value, gradient, topological_order
from ..engine.modes import mode
from ..engine.recording import REFUSED, record
from ..value import Input, Value, as_float, domain_error
from .arguments import numbers_of
from .dialects import JAX, NUMPY, PYTHON
from .expressions import Expressions, needed
from .writer import LONGEST, STRAIGHT, Item, Loop, Names, Recorded, RowWriter, Writer, is_straight, listed, one_batch, single

# Items of inputs, outputs or wrt: a name, some nodes, and whether they were given as a sequence
Group = tuple[str, list[Value], bool]


def compile_program(
    outputs: Any, inputs: Any, gradients_of: Value | None = None, wrt: Any = None, dialect: str = "python"
) -> Program:
    """The graph of `outputs`, and of the derivatives of one of them, as a straight-line program of the inputs.

    outputs, inputs: each a sequence, or a dict by name, of Values and of sequences of Values; such a sequence is one array of
    numbers as argument or result. Inputs are leaves, and take their names from their labels. **A leaf that is no input is a
    constant**, with the number that it has now: a parameter too. gradients_of: the Value whose derivatives by `wrt` (in a form
    as `inputs`, which it is unless given) follow the outputs as further results.

    dialect: "python" runs anywhere, "numpy" and "c" also take a batch, "jax" is for `jit`, `vmap` and `grad`. See `Program`.

    Raises TypeError for what is no Value, ValueError for an input that is no leaf or is there twice, RuntimeError if data has
    been changed since the forward pass.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> y = x * w
    >>> program = compile_program(y, [x, w], gradients_of=y)
    >>> program(5.0, 7.0)
    (35.0, 7.0, 5.0)
    """
    if dialect not in DIALECTS:
        raise ValueError(f"unknown dialect {dialect!r}: one of {', '.join(DIALECTS)}")
    return Program(_recorded(outputs, inputs, gradients_of, wrt, totals=dialect in ("c", "numpy")), dialect)


def trace(
    f: Callable[..., Any], example_inputs: Sequence[Any], parameters: Iterable[Value] = (), reads: bool = False
) -> tuple[Any, dict[str, Any]]:
    """The outputs and the inputs of `f`, recorded for `compile_program`, from calls with Values of the example inputs.

    example_inputs: for each argument a number or a nest of sequences of numbers; the inputs take the names of the arguments,
    and those of a nest are one list. What `f` returns are the outputs: a Value, or a sequence or dict of them. parameters:
    further leaves whose numbers will be others when the program runs.

    What is recorded is to hold for any numbers. ValueError, with the line, where `f` asks for a number that depends on inputs
    or parameters: compares, reads `data`, detaches. Write ``relu(x)`` or ``maximum(x, y)`` for Python's `if` and `max`;
    ``peek(x)`` and a print may look. ValueError too if a further call records something else, for it draws random numbers.
    With ``reads=True`` `f` is called once and may read; what it then does with `if`, `while` and `for` is fixed as it goes for
    these inputs, and `Program.check` finds where it matters:

    >>> def slope(x, w):
    ...     return x * w if x > 0 else 0.01 * x * w
    >>> program = compile_program(*trace(slope, [2.0, 3.0], reads=True))
    >>> program.check(slope, [[1.0, 2.0], [-1.0, 2.0]], file=sys.stdout)
    sample 1 (-1.0, 2.0), result 'output1': -2.0 in the program, -0.02 by the function
    False
    """
    names = _argument_names(f, len(example_inputs))
    arguments = [_as_inputs(name, x) for name, x in zip(names, example_inputs)]
    inputs = {name: _flat(x) if isinstance(x, list) else x for name, x in zip(names, arguments)}
    leaves, parameters = _flat(arguments), list(parameters)
    varying = {*leaves, *parameters}

    def call() -> Any:
        with mode("derivative", special=False, without="no_grad"):
            found = f(*[_copied(x) for x in arguments])
            return list(found) if isinstance(found, Iterator) else found

    if reads:
        return record(call, ()), inputs
    with _collector_off():
        outputs = record(call, leaves, parameters)
        graph = _signature(outputs, varying)
        for _ in range(AGAIN):
            if _signature(record(call, leaves, parameters), varying) != graph:
                raise ValueError(f"{REFUSED} Two recordings of it differ, at the same inputs")
    return outputs, inputs


# How often a function is recorded again: of a coin that it tosses, nothing is seen in one case of 128
AGAIN = 7


def _argument_names(f: Callable[..., Any], n: int) -> list[str]:
    import inspect

    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return [f"input{k}" for k in range(1, n + 1)]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*names[:n], *[f"input{k}" for k in range(len(names) + 1, n + 1)]]


def _as_inputs(name: str, x: Any, order: Iterator[int] | None = None) -> Any:
    """A leaf of a number; of a nest of sequences, lists of leaves, which are numbered in their order."""
    if isinstance(x, Iterable) and not isinstance(x, (Value, str)):
        order = order or count(1)
        return [_as_inputs(name, item, order) for item in x]
    return Input(x.data if isinstance(x, Value) else x, f"{name}{next(order)}" if order else name)


def _copied(nest: Any) -> Any:
    return [_copied(item) for item in nest] if isinstance(nest, list) else nest


def _flat(nest: Any) -> list[Any]:
    """Everything in a nest of sequences and dicts."""
    if isinstance(nest, Mapping):
        nest = nest.values()
    if isinstance(nest, (Value, str)) or not isinstance(nest, Iterable):
        return [nest]
    return [x for item in nest for x in _flat(item)]


def _signature(outputs: Any, varying: Container[Value]) -> list[Any]:
    """The graph of some outputs as data: the same for the same operations on the same leaves and constants."""
    places: dict[int, int] = {}
    place = places.__getitem__
    lines: list[Any] = []
    for output in _flat(outputs):
        for node in topological_order(output, places) if isinstance(output, Value) else ():
            places[id(node)] = len(places)
            leaf = id(node) if node in varying else repr(node._data)
            lines.append((node.op, list(map(place, map(id, node.parents))) or leaf))
        lines.append(places.get(id(output), type(output)))
    return lines


# Recording -----------------------------------------------------------------------------------------------------------


@contextmanager
def _collector_off() -> Iterator[None]:
    """Within it, Python's garbage collector makes no passes: the many objects that a program is made from are all in use.

    Of threads that are in it at once, the one that found the collector on puts it on again.
    """
    was_on = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was_on:
            gc.enable()


@_collector_off()
def _recorded(outputs: Any, inputs: Any, gradients_of: Value | None, wrt: Any, totals: bool) -> Recorded:
    given = _groups(inputs, "input")
    leaves = [node for _, nodes, _ in given for node in nodes]
    for name, nodes, _ in given:
        for node in nodes:
            if node.op:
                raise ValueError(f"input {name!r:.60} must be a leaf, but it is of {node.op}: {node!r:.80}")
    if len(set(leaves)) < len(leaves):
        raise ValueError("a Value is among the inputs twice: it is one argument")
    expressions = Expressions(leaves, totals)
    results = _items(expressions, _groups(outputs, "output"), Names())
    if not results:
        raise ValueError("a program needs at least one output")
    names, forward = dict(expressions.labels), len(expressions.operations)
    recorded = Recorded(expressions, _items(expressions, given, Names()), results, names, forward, len(results), -1, [])
    if gradients_of is not None:
        if not isinstance(gradients_of, Value):
            raise TypeError(f"gradients_of is the Value whose derivatives are wanted, got {gradients_of!r:.60}")
        recorded = _with_derivatives(recorded, gradients_of, given if wrt is None else _groups(wrt, "wrt"))
    elif wrt is not None:
        raise ValueError("wrt needs gradients_of: the Value whose derivatives are wanted")
    for item in recorded.results:
        if not item.is_array:
            names.setdefault(item.places[0], item.name)
    return recorded


def _with_derivatives(recorded: Recorded, output: Value, wanted: list[Group]) -> Recorded:
    """With the derivatives of `output` as further results. Adjoints of nodes with labels get names."""
    expressions = recorded.expressions
    of = expressions.place(output)
    wrt = [[expressions.place(node) for node in nodes] for _, nodes, _ in wanted]
    forward = len(expressions.operations)
    above = f"d{output.label[: LONGEST // 2]}_d" if output.label else "d"
    with mode("derivative", special=False, without="no_grad"):
        adjoints = adjoints_of(output, [node for _, nodes, _ in wanted for node in nodes])
        places = {node: expressions.place(as_value(adjoint)) for node, adjoint in adjoints.items()}
        zero = expressions.place(as_value(0.0))
    for node, place in places.items():
        if node.label and place >= forward:
            net = node.label.startswith("net_")
            recorded.names.setdefault(place, f"delta_{node.label[4:]}" if net else above + node.label)
    free = Names([item.name for item in recorded.results])
    known = {tuple(item.places): item.name for item in recorded.inputs}
    derivatives = []
    for (name, nodes, is_array), at in zip(wanted, wrt):
        name = free.of(above + known.get(tuple(at), name))
        derivatives.append(Item(name, [places.get(node, zero) for node in nodes], is_array))
    return recorded._replace(results=recorded.results + derivatives, forward=forward, of=of, wrt=wrt)


def _items(expressions: Expressions, groups: Sequence[Group], names: Names) -> list[Item]:
    return [Item(names.of(name), [expressions.place(node) for node in nodes], is_array) for name, nodes, is_array in groups]


def _groups(thing: Any, what: str) -> list[Group]:
    """The items of inputs, outputs or wrt."""
    if isinstance(thing, Value):
        thing = [thing]
    if isinstance(thing, str) or not isinstance(thing, Iterable):
        raise TypeError(f"{what}s: needs Values, or sequences of Values, in a list or a dict; got {thing!r:.60}")
    pairs = thing.items() if isinstance(thing, Mapping) else [("", item) for item in thing]
    groups = []
    for k, (name, item) in enumerate(pairs, 1):
        is_array = isinstance(item, Iterable) and not isinstance(item, (str, Value))
        nodes = list(item) if is_array else [item]
        for node in nodes:
            if not isinstance(node, Value):
                raise TypeError(f"{what} {name or k}: needs a Value or a sequence of Values, got {node!r:.60}")
        if not nodes:
            raise ValueError(f"{what} {name or k}: is an empty sequence")
        groups.append((str(name) or ("" if is_array else nodes[0].label) or f"{what}{k}", nodes, is_array))
    return groups


# Programs ------------------------------------------------------------------------------------------------------------


class Program:
    """A graph as a program: call it with a number or an array for each of `inputs`, by place or by name.

    It returns the number or array of its result, or a tuple of them, in the order of `results`. `source` is its text, in one
    of four dialects, which give the same numbers:

    * python: floats. An array is a list. Raises where the operations do; derivatives that have no value are inf or nan.
    * numpy, c: in the place of a number, an array of n of them is a batch of n examples; in the place of an array of k
      numbers, an array (n, k). The outputs are then (n,) and (n, k), and so are derivatives by such inputs. Derivatives by an
      input that all examples share, or by a constant, are summed over the batch. Outside a domain and at singular points the
      results are those of IEEE 754, infinite or nan. c reads a batch of doubles where it is, without a copy; it answers with
      arrays of NumPy where it was given arrays, else with lists. It needs a C compiler once: what it made is kept in the
      user's cache directory. ``program.threads = 4`` shares each batch between four threads; there is one unless you ask.
    * jax: a function that `jax.jit`, `jax.vmap` and `jax.grad` accept; double precision is for you to switch on
      (``jax.config.update("jax_enable_x64", True)``). For small graphs.

    Arguments are read alike in every dialect: real numbers of every kind, alone, in sequences, in buffers (`array`, memoryviews,
    `ctypes`) of either byte order, and in arrays, tensors and tables that NumPy can read. Others, such as text, bytes and complex
    numbers, raise TypeError; what has no such shape, or masked numbers, raises ValueError.

    Make one with `compile_program`. `function` is what the source defines, None in C.
    """

    def __init__(self, recorded: Recorded, dialect: str, loop: Loop | None = None) -> None:
        self._recorded, self.dialect, self._loop = recorded, dialect, loop
        self.source, self.function, self._run = DIALECTS[dialect](recorded, loop)
        self.inputs, self.results = [item.name for item in recorded.inputs], [item.name for item in recorded.results]
        self.__doc__ = f"{self!r}\n\n{self.source}"

    @property
    def threads(self) -> int:
        """Between how many threads a batch is shared; more than one is for the dialect c only."""
        return int(getattr(self._run, "threads", 1))

    @threads.setter
    def threads(self, threads: int) -> None:
        if self.dialect != "c" or isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise ValueError(
                f"a program in C has a whole number of threads, at least one; got {threads!r:.60} for {self.dialect!r}"
            )
        self._run.threads = threads  # type: ignore[attr-defined]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if named:
            arguments = self._placed(arguments, named)
        if len(arguments) != len(self.inputs):
            missing = self.inputs[len(arguments) :]
            hint = f": {listed(missing)} missing" if missing else f": {listed(self.inputs)}"
            raise TypeError(f"the program has {len(self.inputs)} inputs, got {len(arguments)}{hint}")
        return self._run(arguments)

    def _placed(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by place."""
        others = self.inputs[len(arguments) :]
        for name in named:
            if name not in others:
                known = "is there twice" if name in self.inputs else f"is unknown: there are {listed(self.inputs)}"
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
            if source.size != target.size:
                raise ValueError(f"result {result!r} is {source.form}, but input {given!r} is {target.form}")
            pairs.append((source, target))
        if not pairs or len({target.name for _, target in pairs}) < len(pairs):
            raise ValueError(f"each result is fed back to an input of its own, and at least one; got {feedback!r:.100}")
        return Program(self._recorded, self.dialect, Loop(n, pairs))

    def check(
        self, f: Callable[..., Any], samples: Iterable[Sequence[Any]], tolerance: float = 1e-9, file: TextIO | None = None
    ) -> bool:
        """Whether the program gives what `f`, the eager function, gives for all samples; prints the first difference.

        f: takes the program's arguments as Values, and lists of Values, and returns its outputs. Its derivatives are compared
        too, where they are of an output by inputs. samples: sequences of arguments. Two numbers agree if they differ by at
        most `tolerance` times the larger of 1 and their size, or are both nan.
        """
        for k, sample in enumerate(samples):
            found = self(*sample)
            found = [found] if len(self.results) == 1 else found
            expected = self._eager(f, sample)
            for name, item, mine, other in zip(self.results, self._recorded.results, found, expected):
                mine, other = (list(mine), other) if item.is_array else ([mine], [other])
                for j, (a, b) in enumerate(zip(mine, other)):
                    if not _agree(float(a), b, tolerance):
                        place = f"[{j}]" if item.is_array else ""
                        shown = f"({', '.join([repr(x) for x in sample])})" if len(sample) < 9 else ""
                        print(
                            f"sample {k} {shown}, result {name!r}{place}: {float(a)!r} in the program, {b!r} by the function",
                            file=file or sys.stdout,
                        )
                        return False
        return True

    def _eager(self, f: Callable[..., Any], sample: Sequence[Any]) -> list[Any]:
        """The results that are outputs of `f`, and derivatives of them by inputs, as numbers and lists of numbers."""
        recorded = self._recorded
        inputs = [_as_inputs(item.name, _floats(item, item.size, x)) for item, x in zip(recorded.inputs, sample)]
        with mode("derivative", special=False, without="no_grad"):
            groups = _groups(f(*inputs), "output")
        if len(groups) != recorded.outputs:
            raise ValueError(f"the program has {recorded.outputs} outputs, but the function returned {len(groups)}")
        expected: list[Any] = [[node.data for node in nodes] if is_array else nodes[0].data for _, nodes, is_array in groups]
        node_at = {p: x for item, x in zip(recorded.inputs, inputs) for p, x in zip(item.places, x if item.is_array else [x])}
        output_at = {p: x for item, (_, nodes, _) in zip(recorded.results, groups) for p, x in zip(item.places, nodes)}
        if recorded.of in output_at:
            for item, places in zip(recorded.results[recorded.outputs :], recorded.wrt):
                if not all(place in node_at for place in places):
                    break
                derivatives = [d.data for d in gradient(output_at[recorded.of], [node_at[place] for place in places])]
                expected.append(derivatives if item.is_array else derivatives[0])
        return expected

    def __repr__(self) -> str:
        lines = self.source.count("\n")
        return f"<Program of {listed(self.inputs)}: {listed(self.results)}; {lines} lines of {self.dialect} in .source>"

    def _repr_html_(self) -> str:
        lines = self.source.splitlines(keepends=True)
        rest = f"\n... {len(lines) - MOST_LINES} more lines" if len(lines) > MOST_LINES else ""
        return f'<pre style="line-height: 1.3">{_highlighted("".join(lines[:MOST_LINES]))}{rest}</pre>'


MOST_LINES = 500
_COLOURS = {"comment": "#6a737d", "string": "#22863a", "keyword": "#a626a4", "number": "#986801"}
_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*|/\*.*?\*/)"
    r'|(?P<string>""".*?""")'
    r"|(?P<keyword>\b(?:def|return|from|import|for|in|range|if|else|static|inline|const|double|long|void|restrict)\b)"
    r"|(?P<number>(?<![\w.])\d[\w.]*(?:(?<=e)[-+]\d+)?)",
    re.DOTALL,
)


def _highlighted(source: str) -> str:
    """The source as HTML, in colours."""
    import html

    found, at = "", 0
    for token in _TOKEN.finditer(source):
        found += html.escape(source[at : token.start()])
        found += f'<span style="color: {_COLOURS[token.lastgroup or ""]}">{html.escape(token.group())}</span>'
        at = token.end()
    return found + html.escape(source[at:])


def _agree(x: float, y: float, tolerance: float) -> bool:
    return x == y or abs(x - y) <= tolerance * max(1.0, abs(x), abs(y)) or (math.isnan(x) and math.isnan(y))


def _place(key: int | str, names: Sequence[str], what: str) -> int:
    if isinstance(key, int) and -len(names) <= key < len(names):
        return key % len(names)
    if key not in names:
        raise ValueError(f"no {what} {key!r}: there are {listed(names)}")
    return names.index(str(key))


# How each dialect runs -----------------------------------------------------------------------------------------------


class Made(NamedTuple):
    """A program in a dialect: its source, the function that the source defines (none in C), and what runs it on arguments."""

    source: str
    function: Callable[..., Any] | None
    run: Callable[[Sequence[Any]], Any]


_serial = count(1)


def _executed(source: str) -> Callable[..., Any]:
    """The function that the source defines. Debuggers and tracebacks show its lines, as long as it is there."""
    file = f"<autograd_lite program {next(_serial)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names: dict[str, Any] = {}
    exec(compile(source, file, "exec"), names)
    function: Callable[..., Any] = names.pop("program")  # or it would be one of the names that it sees, a cycle
    weakref.finalize(function, _forget, file, names).atexit = False
    return function


def _forget(file: str, names: dict[str, Any]) -> None:
    linecache.cache.pop(file, None)
    names.clear()  # its helpers see each other


@_collector_off()
def _python(recorded: Recorded, loop: Loop | None) -> Made:
    source = Writer(recorded, PYTHON, loop).source()
    function = _executed(source)
    items = [(item, item.size) for item in recorded.inputs]

    def run(arguments: Sequence[Any]) -> Any:
        numbers = [x if type(x) is float and not size else _floats(item, size, x) for (item, size), x in zip(items, arguments)]
        try:
            return function(*numbers)
        except (ValueError, ArithmeticError):
            return _carefully(recorded, loop, numbers)

    return Made(source, function, run)


def _floats(item: Item, size: int, x: Any) -> Any:
    """An argument as a float, or as a list of `size` floats."""
    if size and type(x) is list and len(x) == size and set(map(type, x)) == {float}:
        return x
    if not size and isinstance(x, (float, int)):
        return as_float(x, f"input {item.name!r}")
    numbers = numbers_of(item, x)
    item.examples(numbers.shape, instead="dialect='numpy' or 'c'")
    return numbers.data.tolist() if size else numbers.flat[0]


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
    return single([[at[place] for place in item.places] if item.is_array else at[item.places[0]] for item in recorded.results])


@_collector_off()
def _numpy(recorded: Recorded, loop: Loop | None) -> Made:
    np = _imported("numpy")
    writer = Writer(recorded, NUMPY, loop)
    in_rows = not is_straight(writer.statements)
    source = RowWriter(recorded, NUMPY, loop).source() if in_rows else writer.source()
    function = _executed(source)
    derivative_by = recorded.by()

    def run(arguments: Sequence[Any]) -> Any:
        given = [_in_array(np, item, x) for item, x in zip(recorded.inputs, arguments)]
        counts = [item.examples(x.shape) for item, x in zip(recorded.inputs, given)]
        n = one_batch(counts)
        batched = {k for k, examples in enumerate(counts) if examples is not None}
        columns = [x.T if x.ndim == 2 else x[()] for x in given]
        if in_rows:
            columns = [x[:, np.newaxis] if item.is_array and x.ndim == 1 else x for item, x in zip(recorded.inputs, columns)]
            columns.append(1 if n is None else n)
        found = []
        with np.errstate(all="ignore"):
            results = function(*columns)
            results = [results] if len(recorded.results) == 1 else results
            for item, x, by in zip(recorded.results, results, derivative_by):
                rows = np.empty((len(item.places), 1 if n is None else n))
                for k, row in enumerate(x if item.is_array else [x]):
                    rows[k] = row
                summed = n is None or (by is not None and batched.isdisjoint(by))
                x = rows[:, 0] if n is None else rows.sum(axis=1) if summed else rows.T.copy() if item.is_array else rows
                found.append(x if item.is_array else float(x[0]) if summed else x[0])
        return single(found)

    return Made(source, function, run)


def _in_array(np: Any, item: Item, x: Any) -> Any:
    """An argument as an array of floats."""
    if type(x) is float or (type(x) is np.ndarray and x.dtype == np.float64):
        return np.asarray(x)
    numbers = numbers_of(item, x)
    return np.asarray(numbers.data).reshape(numbers.shape)


@_collector_off()
def _jax(recorded: Recorded, loop: Loop | None) -> Made:
    jax = _imported("jax")
    writer = Writer(recorded, JAX)
    lines = len(writer.statements)
    if lines > STRAIGHT:
        warnings.warn(f"a program of {lines} lines is long for JAX: XLA takes about 40 ms a line to compile it", stacklevel=4)
    source = writer.source()
    function = _executed(source)
    places = [] if loop is None else [(recorded.results.index(a), recorded.inputs.index(b)) for a, b in loop.feedback]

    def computed(arguments: Sequence[Any]) -> tuple[Any, ...]:
        results = function(*arguments)
        return tuple([jax.numpy.asarray(x, dtype=float) for x in ([results] if len(recorded.results) == 1 else results)])

    def once_more(_: Any, carried: Any) -> Any:
        arguments, results = list(carried[0]), carried[1]
        for result, argument in places:
            arguments[argument] = results[result]
        return tuple(arguments), computed(arguments)

    def run(arguments: Sequence[Any]) -> Any:
        given = tuple([_traced(jax, item, x) for item, x in zip(recorded.inputs, arguments)])
        results = computed(given)
        if loop is not None:
            results = jax.lax.fori_loop(1, loop.times, once_more, (given, results))[1]
        return single(results)

    return Made(source, function, run)


def _traced(jax: Any, item: Item, x: Any) -> Any:
    """An argument as an array of JAX. One of JAX may stand for numbers that are not known yet, and stays there."""
    jnp = jax.numpy
    if not (isinstance(x, jax.Array) and any([jnp.issubdtype(x.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)])):
        x = _in_array(_imported("numpy"), item, x)
    item.examples(x.shape, instead="jax.vmap")
    return jnp.asarray(x, dtype=float)


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ImportError(f"dialect={module!r} needs the package {module}: pip install {module}") from None


def _c(recorded: Recorded, loop: Loop | None) -> Made:
    from . import calling, native

    with _collector_off():
        layout = native.written(recorded, loop)
    return Made(layout.source, None, calling.Native(layout, loop.times if loop else 1))


DIALECTS: dict[str, Callable[[Recorded, Loop | None], Made]] = {"python": _python, "numpy": _numpy, "c": _c, "jax": _jax}
