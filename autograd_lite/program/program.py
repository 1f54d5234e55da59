"""A program: a graph that was recorded, in a dialect, to be called."""

from __future__ import annotations

import importlib
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO

from ..engine.modes import differentiating
from ..gradient import gradient
from ..value import Value
from .arguments import floats_of
from .names import listed
from .record import Loop, Nodes, Recorded, bundles_of, recorded_graph
from .tracing import as_inputs

DIALECTS = ("python", "numpy", "c", "jax", "javascript")
# Up to how many terms a sum is one operation: that of an expression has its depth
IN_A_LINE, TOTALS = 64, {"numpy": sys.maxsize, "c": sys.maxsize}


def compile_program(
    outputs: Nodes, inputs: Nodes, gradients_of: Value | None = None, wrt: Nodes | None = None, dialect: str = "python"
) -> Program:
    """The graph of `outputs`, and of the derivatives of one of them, as a straight-line program of the inputs.

    outputs, inputs: each a sequence, or a dict by name, of Values and of sequences of Values; such a sequence is one array of
    numbers as argument or result. Inputs are leaves, and take their names from their labels. **A leaf that is no input is a
    constant**, with the number that it has now: a parameter too. gradients_of: the Value whose derivatives by `wrt` (in a form
    as `inputs`, which it is unless given) follow the outputs as further results.

    dialect: "python" runs anywhere, "numpy" and "c" also take a batch, "jax" is for `jit`, `vmap` and `grad`, "javascript" for
    browsers. See `Program`.

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
    return Program(recorded_graph(outputs, inputs, gradients_of, wrt, TOTALS.get(dialect, IN_A_LINE)), dialect)


class Program:
    """A graph as a program: call it with a number or an array for each of `inputs`, by place or by name.

    It returns the number or array of its result, or a tuple of them, in the order of `results`. `source` is its text, in one
    of five dialects, which give the same numbers:

    * python: floats. An array is a list. Raises where the operations do; derivatives that have no value are inf or nan.
    * numpy, c: in the place of a number, an array of n of them is a batch of n examples; in the place of an array of k
      numbers, an array (n, k). The outputs are then (n,) and (n, k), and so are derivatives by such inputs. Derivatives by an
      input that all examples share, or by a constant, are summed over the batch. Outside a domain and at singular points the
      results are those of IEEE 754, infinite or nan. c reads a large batch of doubles where it is, without a copy; it answers
      with arrays of NumPy where it was given arrays, else with lists. It needs a C compiler once: what it made is kept in the
      user's cache directory. ``program.threads = 4`` shares each batch between four threads; there is one unless you ask.
    * jax: a function that `jax.jit`, `jax.vmap` and `jax.grad` accept; double precision is for you to switch on
      (``jax.config.update("jax_enable_x64", True)``). For small graphs.
    * javascript: an ES module of the function ``program``, for browsers and Node: numbers, and arrays of them. Infinite or nan
      as in numpy. A call runs Node, in some 50 ms; a browser runs `source` at its own speed.

    Arguments are read alike in every dialect: real numbers of every kind, alone, in sequences, in buffers (`array`, memoryviews,
    `ctypes`) of either byte order, and in arrays, tensors and tables that NumPy can read. Others, such as text, bytes and complex
    numbers, raise TypeError; what has no such shape, or masked numbers, raises ValueError.

    Make one with `compile_program`. `function` is what the source defines, None in C and JavaScript. Of a long program in Python
    it runs the same lines on fewer variables.
    """

    def __init__(self, recorded: Recorded, dialect: str, loop: Loop | None = None) -> None:
        self._recorded, self.dialect, self._loop = recorded, dialect, loop
        runtime = importlib.import_module(f".{dialect}", __package__)  # of those that are used only
        self.source, self.function, self._run = runtime.made(recorded, loop)
        self.inputs, self.results = [port.name for port in recorded.inputs], [port.name for port in recorded.results]
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
        self._run.threads = threads

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
                raise ValueError(f"result {result!r} is {source.kind}, but input {given!r} is {target.kind}")
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
            for name, port, mine, other in zip(self.results, self._recorded.results, found, expected):
                mine, other = (list(mine), other) if port.is_array else ([mine], [other])
                for j, (a, b) in enumerate(zip(mine, other)):
                    if not _agree(float(a), b, tolerance):
                        place = f"[{j}]" if port.is_array else ""
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
        inputs = [as_inputs(port.name, floats_of(port, x)) for port, x in zip(recorded.inputs, sample)]
        with differentiating():
            groups = bundles_of(f(*inputs), "output")
        if len(groups) != recorded.outputs:
            raise ValueError(f"the program has {recorded.outputs} outputs, but the function returned {len(groups)}")
        expected: list[Any] = [[node.data for node in nodes] if is_array else nodes[0].data for _, nodes, is_array in groups]
        node_at = {p: x for port, x in zip(recorded.inputs, inputs) for p, x in zip(port.places, x if port.is_array else [x])}
        output_at = {p: x for port, (_, nodes, _) in zip(recorded.results, groups) for p, x in zip(port.places, nodes)}
        if recorded.of in output_at:
            for port, places in zip(recorded.results[recorded.outputs :], recorded.wrt):
                if not all(place in node_at for place in places):
                    break
                derivatives = [d.data for d in gradient(output_at[recorded.of], [node_at[place] for place in places])]
                expected.append(derivatives if port.is_array else derivatives[0])
        return expected

    def __repr__(self) -> str:
        lines = self.source.count("\n")
        return f"<Program of {listed(self.inputs)}: {listed(self.results)}; {lines} lines of {self.dialect} in .source>"

    def _repr_html_(self) -> str:
        lines = self.source.splitlines(keepends=True)
        rest = f"\n... {len(lines) - MOST_LINES} more lines" if len(lines) > MOST_LINES else ""
        return f'<pre style="line-height: 1.3">{_highlighted("".join(lines[:MOST_LINES]))}{rest}</pre>'


def _agree(x: float, y: float, tolerance: float) -> bool:
    return x == y or abs(x - y) <= tolerance * max(1.0, abs(x), abs(y)) or (math.isnan(x) and math.isnan(y))


def _place(key: int | str, names: Sequence[str], what: str) -> int:
    if isinstance(key, int) and -len(names) <= key < len(names):
        return key % len(names)
    if key not in names:
        raise ValueError(f"no {what} {key!r}: there are {listed(names)}")
    return names.index(str(key))


MOST_LINES = 500
_COLOURS = {"comment": "#6a737d", "string": "#22863a", "keyword": "#a626a4", "number": "#986801"}
_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*|//[^\n]*|/\*.*?\*/)"
    r'|(?P<string>""".*?""")'
    r"|(?P<keyword>\b(?:def|return|from|import|for|in|range|if|else|static|inline|const|double|long|void|restrict|export|function|let)\b)"
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
