"""A training step as a program: the loss and its gradient, recorded once for each shape of example, then run without a graph."""

from __future__ import annotations

import math
import warnings
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import islice
from typing import Any, Protocol

from autograd_lite import Value, compile_program, data_of, no_grad, peek, trace
from autograd_lite.nests import is_array, leaves

from .losses import ClassTarget, class_target, cross_entropy, last_cross_entropy, sequence_cross_entropy

# A pass over numbers and one over Values differ by rounding alone
SAME = 1e-9


class Step:
    """The loss of an example, and its gradient by the parameters as they are at the call, by programs.

    function: of nests of Values. It returns the loss, or a tuple of the loss and nests of further Values. It is recorded for
    each shape of arguments that comes along: `programs` has the program of each. ValueError, with the line, where it branches
    on data, or draws random numbers (see `trace`); errors of its own are passed on.
    dialect: of the programs. encode: what is made of the arguments first. Making a program takes seconds: `phase` makes a
    context for each part of that, from a word of what is going on, to show it by.

    >>> from nn import MLP, half_squared_error
    >>> mlp = MLP([2, 1], weights=[[[0.5, -0.5]]])
    >>> step = mlp.compile(half_squared_error, ([1.0, 2.0], [0.25]), dialect="python")
    >>> loss, gradients = step([1.0, 2.0], [0.25])
    >>> round(loss, 6), [round(derivative, 6) for derivative in gradients]
    (0.008133, [0.029973, 0.059945, 0.029973])
    """

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: Iterable[Value],
        dialect: str,
        encode: Callable[..., Sequence[Any]] = lambda *example: example,
    ) -> None:
        self.function, self.parameters, self.dialect, self.encode = function, list(parameters), dialect, encode
        self.phase: Callable[[str], AbstractContextManager[Any]] = nullcontext
        self.programs: dict[Any, Any] = {}
        self._others: dict[Any, list[Any]] = {}

    def __call__(self, *example: Any) -> tuple[Any, ...]:
        """The loss, the list of derivatives by `parameters`, and what else the function returns, in numbers."""
        key, numbers = self._prepared(example)
        loss, *others, gradients = self.programs[key](self._data(), *numbers)
        return (loss, gradients, *[_nested(shape, iter(flat)) for shape, flat in zip(self._others[key], others)])

    def mean(self, examples: Iterable[Sequence[Any]]) -> tuple[float, list[float]]:
        """The mean loss of the examples, and its gradient. In the dialects c and numpy, those of a shape are one batch."""
        by_shape: dict[Any, list[list[Any]]] = {}
        for example in examples:
            key, numbers = self._prepared(example)
            by_shape.setdefault(key, []).append(numbers)
        data = self._data()
        losses: list[float] = []
        gradients: list[list[float]] = []
        for key, several in by_shape.items():
            program = self.programs[key]
            if self.dialect in ("c", "numpy") and len(several) > 1:
                results = [program(data, *[_rows(rows) for rows in zip(*several)])]
                losses.extend(results[0][0])
            else:
                results = [program(data, *numbers) for numbers in several]
                losses += [result[0] for result in results]
            gradients += [result[-1] for result in results]
        return sum(losses) / len(losses), [float(sum(column)) / len(losses) for column in zip(*gradients)]

    def record(self, *example: Any) -> None:
        """Records the program for an example of this shape, unless it is there."""
        self._prepared(example)

    def _data(self) -> array[float]:
        return array("d", data_of(self.parameters))

    def _prepared(self, example: Sequence[Any]) -> tuple[Any, list[array[float]]]:
        """The shape of the arguments, with its program recorded, and the numbers of each argument that has any."""
        arguments = [plain(argument) for argument in self.encode(*example)]
        key = tuple([_shape(argument) for argument in arguments])
        if key not in self.programs:
            self._record(key, arguments)
        return key, _numbers(arguments)

    def _record(self, key: Any, arguments: list[Any]) -> None:
        with self.phase("recording the graph of an example"):
            found, given = trace(self.function, arguments, self.parameters)
            loss, *others = _results(found)
            self._check(loss, arguments)
        inputs = {f"input{k}": flat for k, nest in enumerate(given.values(), 1) if (flat := leaves(nest))}
        outputs = {f"output{k}": leaves(nest) for k, nest in enumerate(others, 1)}
        parameters = {"parameters": self.parameters}
        with self.phase(f"{'compiling' if self.dialect == 'c' else 'writing'} a program in the dialect {self.dialect}"):
            program = compile_program(
                {"loss": loss} | outputs, parameters | inputs, gradients_of=loss, wrt=parameters, dialect=self.dialect
            )
        self.programs[key], self._others[key] = program, [_shape(nest) for nest in others]

    def _check(self, recorded: Value, arguments: list[Any]) -> None:
        """ValueError unless the function does with numbers what it does with the Values that stand for them in a recording."""
        found = self.function(*arguments)
        loss = peek(found[0] if isinstance(found, tuple) else found)
        if not math.isclose(loss, recorded.item(), rel_tol=SAME, abs_tol=SAME) and loss == loss:
            raise ValueError(
                f"this function cannot be compiled: it asks what kind its inputs are, or looks them up. Of numbers its loss is "
                f"{loss!r}, of Values {recorded.item()!r}"
            )


class Model(Protocol):
    """What a step is made of: a `Module`."""

    def __call__(self, x: Any, /) -> Any: ...
    def parameters(self) -> list[Value]: ...
    def encoded(self, x: Any, /) -> Any: ...


def compiled_step(
    model: Model,
    loss: Callable[[Any, Any], Any],
    example: tuple[Any, Any],
    dialect: str | None = None,
    parameters: Iterable[Value] | None = None,
) -> Step:
    """The step of ``loss(model(x), target)``, as `Module.compile` has it. parameters: the model's, unless given."""
    encode, decode = coding(model, loss, example)
    parameters = model.parameters() if parameters is None else parameters
    step = Step(lambda x, target: loss(model(x), decode(target)), parameters, dialect or fastest_dialect(), encode)
    step.record(*example)
    return step


def coding(
    model: Model, loss: Callable[[Any, Any], Any], example: tuple[Any, Any]
) -> tuple[Callable[[Any, Any], tuple[Any, Any]], Callable[[Any], Any]]:
    """What makes numbers alone of an input and a target, and what makes a target of its numbers again."""
    classes, several = 0, False
    kind = getattr(loss, "func", loss)
    if kind in (cross_entropy, sequence_cross_entropy, last_cross_entropy):
        with no_grad():
            outputs = model(example[0])
        nested = isinstance(outputs[0], (list, tuple))
        several = nested and kind is not last_cross_entropy
        classes = len(outputs[0] if nested else outputs)
    given = getattr(loss, "keywords", {})
    options = {name: given[name] for name in ("weight", "ignore_index", "label_smoothing") if name in given}

    def encode(x: Any, target: Any) -> tuple[Any, Any]:
        if classes:
            targets = [class_target(item, classes, **options).dense(classes) for item in (target if several else [target])]
            target = targets if several else targets[0]
        return model.encoded(x), target

    def decode(target: Any) -> Any:
        if classes:
            return [ClassTarget(*item) for item in target] if several else ClassTarget(*target)
        return target

    return encode, decode


@cache
def fastest_dialect() -> str:
    """``c`` where there is a C compiler, else ``python``. Of a compiler that does not work, a warning says why."""
    try:
        compile_program(x := Value(1.0), [x], dialect="c")
    except RuntimeError as error:
        if error.__cause__ is not None:  # what failed; there is none without a compiler
            warnings.warn(f"programs are in Python, not in C: {error}", stacklevel=2)
        return "python"
    return "c"


def _results(found: Any) -> list[Any]:
    results = list(found) if isinstance(found, tuple) else [found]
    if not isinstance(results[0], Value):
        raise TypeError(f"a compiled step needs a loss that is a Value, got {results[0]!r:.60}")
    return results


def plain(nest: Any) -> Any:
    """The nest in lists of floats."""
    nest = nest.tolist() if is_array(nest) else nest
    if isinstance(nest, (list, tuple)):
        return list(nest) if set(map(type, nest)) == {float} else [plain(item) for item in nest]
    try:
        return nest.item() if isinstance(nest, Value) else Value(nest).item()
    except TypeError:
        raise TypeError(f"a compiled step needs numbers, or nests of lists of them, got {nest!r:.60}") from None


def _shape(nest: Any) -> Any:
    """None for a number, n for a list of n numbers, a tuple of shapes for a list of others."""
    if not isinstance(nest, (list, tuple)):
        return None
    return len(nest) if not {list, tuple} & set(map(type, nest)) else tuple([_shape(item) for item in nest])


def _nested(shape: Any, flat: Iterator[float]) -> Any:
    if shape is None:
        return next(flat)
    return list(islice(flat, shape)) if isinstance(shape, int) else [_nested(part, flat) for part in shape]


def _numbers(arguments: Sequence[Any]) -> list[array[float]]:
    return [array("d", flat) for argument in arguments if (flat := leaves(argument))]


def _rows(rows: Sequence[array[float]]) -> Any:
    """The numbers of several examples, a row each."""
    joined = array("d", b"".join([row.tobytes() for row in rows]))
    return memoryview(joined).cast("B").cast("d", shape=[len(rows), len(rows[0])])
