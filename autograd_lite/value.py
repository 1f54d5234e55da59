"""A `Value` and the recording of operations on it.

The eager functions are straight-line Python, written from the rows: see `row_source` in :mod:`autograd_lite.ops`.
Only where a line of theirs fails (a plain number among the operands, a point outside the domain) does `otherwise` look closer.
"""

from __future__ import annotations

import linecache
import math
import numbers
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain, repeat, starmap
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from . import ops
from .engine.modes import current, in_mode, mode, special
from .engine.recording import live, note, user_line, watch

Operand = Union["Value", float]


class DomainError(ValueError):
    """An operand outside the domain of its operation, such as the logarithm of a negative number."""


class DivisionByZeroError(DomainError, ZeroDivisionError):
    """A division by zero, or zero to a negative power."""


class _Scope(NamedTuple):
    title: str
    parent: Scope | None = None
    key: Any = None
    time: int | None = None
    role: str = ""


class Scope(_Scope):
    """The part of a model that made a node, for pictures: a title, the part it lies in, and what tells it from its like.

    Compared by value. `key` tells apart two parts of one title. `time`: of a time step, its number; a part titled ``t = 3`` is
    one too. `role`: what the node is in its part, the same at each time and for each unit of a vector: the net input, the input
    gate. Tag a node of your own module with ``node.scope = Scope("my part")``; what it was computed from and no other part uses
    is shown with it.

    >>> [scope.title for scope in Scope("h1", Scope("layer 1")).path]
    ['layer 1', 'h1']
    >>> Scope("t = 3", role="h").time
    3
    """

    __slots__ = ()

    def __new__(cls, title: str, parent: Scope | None = None, key: Any = None, time: int | None = None, role: str = "") -> Scope:
        number = title[4:] if time is None and isinstance(title, str) and title.startswith("t = ") else ""
        if number and number.removeprefix("-").isdecimal() and len(number) < 10:
            time = int(number)
        return super().__new__(cls, title, parent, key, time, role)

    @property
    def path(self) -> tuple[Scope, ...]:
        """The parts that it lies in, from the outermost on, and itself."""
        path = [self]
        while path[-1].parent is not None:
            path.append(path[-1].parent)
        return tuple(path[::-1])


class Value:
    """A number that remembers how it was computed: a node of the computation graph.

    >>> x = Value(2.0, label="x")
    >>> y = x * x + 3 * x
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 7.0)

    `data` is a real number (int, float, Fraction, a NumPy scalar: it becomes a float); `label` is its name in pictures and
    errors. TypeError for any other kind of data, OverflowError for an int that no float holds.

    `grad` is the derivative of the last `backward()`'s output by this node: summed up over calls for a leaf, of the last call
    for an interior node. `op` names the operation that made the node: ``""`` for a leaf, ``"const"`` for a plain number that
    was an operand. Equality and hash are identity; ``<`` and ``>`` compare data, and the truth of a Value is that of its data.
    """

    # The operands are x and y, as in the table, and dx, dy the local derivatives by them. For an operation over many
    # operands, y is `...`, x is the tuple of operands and dx that of their derivatives. One of three operands chooses: dy is
    # True, and the derivative by a side that was not taken None, which is more than 0: not even infinity comes through. A
    # leaf has no x. Everything is in slots of one object, for the garbage collector's time goes by the number of objects.
    __slots__ = ("_data", "grad", "op", "label", "_x", "_y", "_dx", "_dy", "_origin", "scope")

    _data: float
    grad: float
    op: str
    label: str
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _origin: str
    scope: Scope  # where it is set: nodes that no module made have none

    def __init__(self, data: float, label: str = "") -> None:
        self._data = as_float(data, "Value")
        self.grad = 0.0
        self.op = ""
        if not isinstance(label, str):
            raise TypeError(f"Value needs a str as label, got {_shown(label)}")
        self.label = label
        self._x = self._y = self._dx = self._dy = None

    @property
    def data(self) -> float:
        """The number itself. It may be set: recorded local derivatives keep the forward pass that was run."""
        if live:
            watch("reads the data of", self)
        return self._data

    @data.setter
    def data(self, data: float) -> None:
        if live:
            watch("sets the data of", self)
        self._data = as_float(data, "Value.data")

    def item(self) -> float:
        """The number itself, a float."""
        if live:
            watch("reads the data of", self)
        return self._data

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands, in order, with duplicates; empty for a leaf."""
        if self._y is ...:
            return tuple(self._x)
        return () if self._x is None else (self._x,) if self._y is None else (self._x, self._y)

    @property
    def local_derivatives(self) -> tuple[float, ...]:
        """The derivative of this node by each of its `parents`, at the operands of the forward pass."""
        watch("reads the local derivatives of", self)
        return self._derivatives()

    def _derivatives(self) -> tuple[float, ...]:
        if self._y is ...:
            return tuple([derivative or 0.0 for derivative in self._dx] if self._dy else self._dx)
        return () if self._x is None else (self._dx,) if self._y is None else (self._dx, self._dy)

    def backward(self) -> None:
        """Sets the grad of every interior node below, and adds to the grad of every leaf, the derivative of this node by it."""
        from .backprop import backward

        backward(self)

    def detach(self) -> Value:
        """A leaf with the same data and label: derivatives do not flow through it."""
        watch("detaches", self)
        return Value(self._data, self.label)

    def __repr__(self) -> str:
        name = f", label={_quoted(self.label)}" if self.label else ""
        made = f", op={self.op!r}" if self.op else ""
        return f"Value(data={self._data!r}, grad={self.grad!r}{made}{name})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __bool__(self) -> bool:
        if live:
            watch("asks for the truth of", self)
        return self._data != 0.0

    def __pos__(self) -> Value:
        return self

    def conjugate(self) -> Value:
        return self

    # An operand that knows about Values itself (a NumPy array of them) gets its turn: NotImplemented

    def __lt__(self, other: Operand) -> bool:
        number = _compared(self, other)
        return self._data < number if number is not None else NotImplemented

    def __le__(self, other: Operand) -> bool:
        number = _compared(self, other)
        return self._data <= number if number is not None else NotImplemented

    def __gt__(self, other: Operand) -> bool:
        number = _compared(self, other)
        return self._data > number if number is not None else NotImplemented

    def __ge__(self, other: Operand) -> bool:
        number = _compared(self, other)
        return self._data >= number if number is not None else NotImplemented

    def __copy__(self) -> Value:
        watch("copies", self)
        if in_mode("derivative"):
            return sum_([self])  # type: ignore[no-any-return]
        copied, arguments = self.__reduce__()
        return copied(*arguments)  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from .backprop import topological_order

        watch("copies", self)
        if in_mode("derivative"):  # within a function that is differentiated, a copy depends on what it is a copy of
            memo[id(self)] = sum_([self])
            return memo[id(self)]  # type: ignore[no-any-return]

        for node in topological_order(self, memo):
            copy = new(type(node))
            copy._data, copy.grad, copy.op, copy.label = node._data, node.grad, node.op, node.label
            copy._dx, copy._dy = node._dx, node._dy
            for name in ("_origin", "scope"):
                if hasattr(node, name):
                    setattr(copy, name, getattr(node, name))
            if node._y is ...:
                copy._x, copy._y = tuple([memo[id(parent)] for parent in node._x]), ...
            else:
                copy._x = None if node._x is None else memo[id(node._x)]
                copy._y = None if node._y is None else memo[id(node._y)]
            memo[id(node)] = copy
        result: Value = memo[id(self)]
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        watch("copies", self)
        if self._x is not None:
            raise TypeError(
                f"{_named(self)} was computed by {self.op} and cannot be pickled, or copied without its graph: "
                "pickle its leaves (a model's parameters) and run the forward pass again, or use detach() or deepcopy"
            )
        return _leaf, (self._data, self.grad, self.op, self.label)

    if TYPE_CHECKING:  # made from the table, at the end of this module

        def __add__(self, other: Operand) -> Value: ...
        def __radd__(self, other: Operand) -> Value: ...
        def __sub__(self, other: Operand) -> Value: ...
        def __rsub__(self, other: Operand) -> Value: ...
        def __mul__(self, other: Operand) -> Value: ...
        def __rmul__(self, other: Operand) -> Value: ...
        def __truediv__(self, other: Operand) -> Value: ...
        def __rtruediv__(self, other: Operand) -> Value: ...
        def __pow__(self, other: Operand) -> Value: ...
        def __rpow__(self, other: Operand) -> Value: ...
        def __neg__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def __getattr__(self, name: str) -> Callable[..., Value]: ...  # tanh, exp, ...


def data_of(nodes: Iterable[Value]) -> list[float]:
    """The data of each node: as a list of `Value.data`, in a fraction of the time."""
    nodes = list(nodes)
    if live:
        watch("reads the data of", *nodes)
    return [node._data for node in nodes]


def set_together(nodes: Sequence[Value], data: Sequence[float], *others: tuple[object, str, object]) -> None:
    """Sets the data of nodes, a number each, and further attributes (object, name, value): an interrupt finds all set, or none.

    TypeError or OverflowError, with nothing set, as for `Value.data`.

    >>> w, b = Value(1.0), Value(2.0)
    >>> set_together([w, b], [3.0, 4.0])
    >>> w.data, b.data
    (3.0, 4.0)
    """
    if len(nodes) != len(data):
        raise ValueError(f"set_together needs a number for each node, got {len(data)} for {len(nodes)}")
    if live:
        for node in nodes:
            watch("sets the data of", node)
    numbers = data if set(map(type, data)) == {float} else [as_float(number, "Value.data") for number in data]
    # One call, all of it in C: Python looks for interrupts between its own instructions only
    deque(chain(map(setattr, nodes, repeat("_data"), numbers), starmap(setattr, others)), maxlen=0)


new = object.__new__


def _leaf(data: float, grad: float, op: str = "", label: str = "") -> Value:
    leaf = Value(data, label)
    leaf.grad, leaf.op = grad, op
    return leaf


# Operands ------------------------------------------------------------------------------------------------------------


def is_real(number: object) -> bool:
    """Whether it is a real number: int, float, Fraction, Decimal, a NumPy scalar; not complex, not text."""
    if isinstance(number, numbers.Real):
        return True
    if isinstance(number, numbers.Number):  # Decimal, complex
        return not isinstance(number, numbers.Complex)
    return type(number).__module__ == "numpy" and type(number).__name__ in ("bool", "bool_")


def as_float(number: Any, operation: str) -> float:
    """The number as a float. TypeError or OverflowError, naming the operation, where there is none."""
    if type(number) is float:
        return number
    if type(number) is not int and not is_real(number):
        kinds = "a real number" if operation.startswith("Value") else "real numbers or Values"
        hint = "; value.detach() makes a new leaf of it" if isinstance(number, Value) else ""
        raise TypeError(f"{operation} needs {kinds}, got {_shown(number)}{hint}") from None
    try:
        found = float(number)
        if math.isinf(found) and number != found:  # a Decimal or a long double is not asked whether it fits
            raise OverflowError
        return found
    except OverflowError:
        raise OverflowError(f"{operation}: {_shown(number)} is too large for a float") from None
    except ValueError:
        raise ValueError(f"{operation}: {_shown(number)} is no number") from None


def _compared(node: Value, other: Any) -> float | None:
    """The number that the node is compared with, None if `other` is none."""
    is_value = isinstance(other, Value)
    if live:
        watch("compares", node, other if is_value else node)
    return other._data if is_value else other if is_real(other) else None


def peek(x: Operand) -> float:
    """The number of a Value, or the number itself, to look at: for a check that may raise, or a print.

    What is computed must not depend on it. In a function that is recorded, where reading ``x.data`` is refused, this is not.
    """
    return x._data if isinstance(x, Value) else x


class Input(Value):
    """A leaf that stands for a number, in a function that is recorded: ``x == 1.0`` asks for that number, as ``x > 1.0`` does."""

    __slots__ = ()
    __hash__ = Value.__hash__

    def __eq__(self, other: object) -> bool:
        if live and is_real(other):
            watch("compares", self)
        return super().__eq__(other)


def _clipped(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:40]}...{text[-10:]}"


def _shown(thing: object) -> str:
    try:
        return f"{type(thing).__name__} {_clipped(repr(thing))}"
    except Exception:  # a number of too many digits, or a repr of the user's own that fails
        return type(thing).__name__


def _quoted(label: object) -> str:
    return _clipped(repr(label)) if type(label) is str else _shown(label)


def _named(node: Value) -> str:
    return f"node {_quoted(node.label)}" if node.label else "a node without a label"


def described(op: str, operands: Sequence[Value]) -> str:
    """The operands of `op` for an error message: ``x = 1.0 (node 'a'), y = 0.0``."""
    letters = ops.operands(op, len(operands))
    shown = [
        f"{letter} = {operand._data!r}" + (f" ({_named(operand)})" if operand.label else "")
        for letter, operand in zip(letters[:6], operands)
    ]
    return ", ".join(shown + ["..."] * (len(letters) > 6))


def domain_error(op: str, operands: Sequence[Value], error: Exception) -> Exception:
    """What an operation raises outside its domain: names it, its operands and their labels, and what it needs."""
    if isinstance(error, OverflowError):
        return OverflowError(f"{op} overflows for {described(op, operands)}: the result is beyond 1.8e308")
    got = described(op, operands)
    needs = ops.ROWS[op].needs if op in ops.ROWS else "finite operands"
    kind = DivisionByZeroError if isinstance(error, ZeroDivisionError) else DomainError
    return kind(f"{op} needs {needs}, got {got.removeprefix('x = ') if len(operands) == 1 else got}")


# Modes ---------------------------------------------------------------------------------------------------------------


def no_grad() -> mode:
    """Within it, operations record nothing: their results are leaves. A context manager, and a decorator.

    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    return mode("no_grad")


def detect_anomaly() -> mode:
    """Within it, the first value or adjoint that is infinite or nan raises FloatingPointError, also in `backward()`.

    The message names node, operation, operands, and the file and line that made the node. For finding a mistake: slow.

    >>> x = Value(1e200, label="x")
    >>> with detect_anomaly():
    ...     y = x * x  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: mul gives inf for x = 1e+200 (node 'x'), y = 1e+200 (node 'x'), at ...
    """
    return mode("detect_anomaly")


# The ways other than straight ahead ----------------------------------------------------------------------------------


def special_way(function: str, op: str, arguments: Sequence[Any]) -> Any:
    """The operation in a mode: computed as ever, then checked or cut off from its operands."""
    plain = _plain()[op][len(arguments[len(ops.FAMILIES[op].head)])] if op in ops.FAMILIES else _plain()[function]
    node = plain(*arguments)
    if not isinstance(node, Value):
        return node
    modes = current()
    if "detect_anomaly" in modes:
        node._origin = user_line()
        if not math.isfinite(node._data):
            raise FloatingPointError(f"{op} gives {node._data} for {described(op, node.parents)}, at {node._origin}")
    if "no_grad" in modes:
        if live:
            watch("detaches, by no_grad(),", node)
        node.op = ""
        node._x = node._y = node._dx = node._dy = None
    return node


def otherwise(op: str, operands: Sequence[Any]) -> Any:
    """The operation where the straight way failed: with plain numbers among the operands, or at a singular point.

    Of plain numbers alone it is a float.
    """
    parameter = ops.ROWS[op].parameter if op in ops.ROWS else None
    are_values = [isinstance(operand, Value) for operand in operands]
    values = [x if is_value else constant(x, op) for x, is_value in zip(operands, are_values)]
    if any(are_values) and not all(are_values):
        if op in ops.FAMILIES:
            return family(op, values)
        return _functions[f"{op}_parameter" if parameter is not None and not are_values[1] else op](*values)
    x = [operand._data for operand in values]
    try:
        z = ops.value(op, x)
    except (ValueError, ArithmeticError) as error:
        if not in_mode("ieee"):
            if live:
                note(f"goes on where {op} fails at", *values)
            raise domain_error(op, values, error) from None
        z = ops.value(op, x, ops.IEEE)
    if not any(are_values):
        return z
    derivatives = ops.local_derivatives(op, x, z)
    if is_parameter(op, 1, values):
        derivatives[1] = 0.0
    node = new(Value)
    node._data, node.grad, node.op, node.label = z, 0.0, op, ""
    if op in ops.FAMILIES:
        node._x, node._y, node._dx, node._dy = tuple(values), ..., tuple(derivatives), None
    elif len(values) > 2:
        node._x, node._y, node._dx, node._dy = tuple(values), ..., tuple([d or None for d in derivatives]), True
    else:
        node._x, node._y = values if len(values) == 2 else (values[0], None)
        node._dx, node._dy = derivatives if len(values) == 2 else (derivatives[0], None)
    return node


def is_parameter(op: str, i: int, operands: Sequence[Value]) -> bool:
    """Whether the i-th operand is a plain number as a parameter, such as a constant exponent: not differentiated by."""
    return i == 1 < len(operands) and operands[1].op == "const" and op in ops.ROWS and ops.ROWS[op].parameter is not None


def otherwise_operator(op: str, operands: Sequence[Any]) -> Any:
    """As `otherwise`, for an operator: an operand whose class may know about Values, a NumPy array, gets its turn."""
    p, q = operands
    if type(q) is float or type(q) is int:
        return _functions[op](p, constant(q, op))
    for operand in operands:
        if not isinstance(operand, Value) and not is_real(operand) and type(operand).__module__ != "builtins":
            return NotImplemented
    return otherwise(op, operands)


def family(op: str, operands: Sequence[Any]) -> Any:
    """The operation of a family on its operands in one sequence: ``w1 .. wn x1 .. xn b``."""
    rows = ops.FAMILIES[op]
    parts = rows.split(operands)
    arguments = [part[0] if letter in (rows.head, rows.tail) else part for letter, part in zip(rows.derivatives, parts)]
    return _functions[op][(len(operands) - len(rows.head + rows.tail)) // len(rows.letters)](*arguments)


# The straight way: functions written from the table ------------------------------------------------------------------

# Up to this many groups of operands, an operation of a family is written out; above, it is a loop.
UNROLLED = 256


class Written(dict[int, Callable[..., Any]]):
    """The eager functions of a family by their number of groups, written when first asked for."""

    def __init__(self, op: str, names: dict[str, Any]) -> None:
        self.op, self.names = op, names

    def __missing__(self, count: int) -> Callable[..., Any]:
        if not 0 < count <= UNROLLED:
            return self.at_length
        if self.op in ops.PARTS and count > 1:
            return self[1]
        function = f"{self.op}_{count}"
        written = _execute(ops.family_source(self.op, function, count), f"<autograd_lite {function}>", self.names)
        self[count] = written[function]
        return self[count]

    def at_length(self, *groups: Any) -> Any:
        """The operation without a function written for its number of operands."""
        if self.names["special"]:
            return special_way("", self.op, groups)
        single = ops.FAMILIES[self.op].head + ops.FAMILIES[self.op].tail
        parts = [[part] if letter in single else part for letter, part in zip(ops.FAMILIES[self.op].derivatives, groups)]
        return otherwise(self.op, [x for part in parts for x in part])


def constant(number: Any, op: str) -> Value:
    """The leaf of a plain number that is an operand of `op`."""
    leaf = Value(as_float(number, op))
    leaf.op = "const"
    return leaf


def _execute(source: str, name: str, names: dict[str, Any]) -> dict[str, Any]:
    """The functions that the source defines, using these names. Debuggers and tracebacks show its lines."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    functions: dict[str, Any] = {}
    exec(compile(source, name, "exec"), names, functions)
    return functions


_OPERATORS = {"add": "__add__", "sub": "__sub__", "mul": "__mul__", "div": "__truediv__", "pow": "__pow__"}
_SOURCE = "".join(
    [ops.row_source(op, op) for op in ops.ROWS]
    + [ops.row_source(op, f"{op}_parameter") for op in ops.ROWS if ops.ROWS[op].parameter is not None]
    + [ops.row_source(op, method, "otherwise_operator") for op, method in _OPERATORS.items()]
)


def _written(names: dict[str, Any]) -> dict[str, Any]:
    """Every eager function by its name, using these names. In them, ``exp`` is that of `math`."""
    functions = _execute(_SOURCE, "<autograd_lite operations>", names)
    names.update({name: f for name, f in functions.items() if name.endswith("_parameter")})
    return {**functions, **{op: Written(op, names) for op in ops.FAMILIES}}


_names: dict[str, Any] = {
    **ops.FLOATS,
    **{f"{op}_parts": parts for op, parts in ops.PARTS.items()},
    "data": attrgetter("_data"),
    "pow": math.pow,
    "Value": Value,
    "new": new,
    "special": special,
    "special_way": special_way,
    "otherwise": otherwise,
    "otherwise_operator": otherwise_operator,
    "constant": constant,
}
_functions = _written(_names)


@cache
def _plain() -> dict[str, Any]:
    """The eager functions once more, for use within a mode: these never ask for it."""
    return _written({**_names, "special": ()})


def _reflected(op: str) -> Callable[[Value, Any], Any]:
    function = _functions[op]

    def operator(self: Value, other: Any) -> Any:
        if type(other) is float or type(other) is int:
            return function(constant(other, op), self)
        return otherwise_operator(op, (other, self))

    return operator


for _op, _method in _OPERATORS.items():
    setattr(Value, _method, _functions[_method])
    setattr(Value, _method.replace("__", "__r", 1), _reflected(_op))
OPERATIONS: dict[str, Callable[..., Any]] = {op: _functions[op] for op in ops.ROWS}
for _op, _function in OPERATIONS.items():
    setattr(Value, _op, _function)
Value.__neg__ = OPERATIONS["neg"]  # type: ignore[method-assign]
Value.__abs__ = OPERATIONS["abs"]  # type: ignore[method-assign]
# np.arcsin(an array of Values) calls the method arcsin of each, np.var the conjugate
for _op in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh"):
    setattr(Value, "arc" + _op[1:], OPERATIONS[_op])
for _method, _op in {"rint": "round", "fabs": "abs", "__floor__": "floor", "__ceil__": "ceil"}.items():
    setattr(Value, _method, OPERATIONS[_op])


# Release -------------------------------------------------------------------------------------------------------------

_operands: list[Any] = []  # of nodes that are gone
_releasing = False


def release(node: Value) -> None:
    """Lets go of the operands of a node that is gone, and of what is below them, without recursion."""
    global _releasing
    try:
        if node._x is None:
            return
        _operands.append((node._x, node._y))
        node._x = node._y = None
    except AttributeError:  # not even made
        return
    if not _releasing:
        _releasing = True
        try:
            while _operands:
                _operands.pop()
        finally:
            _releasing = False


if sys.platform == "emscripten":  # CPython itself recurses, but no further than the stack reaches; not so in a browser
    Value.__del__ = release  # type: ignore[attr-defined]


# Over many operands --------------------------------------------------------------------------------------------------


def _groups(op: str, *groups: Iterable[Operand]) -> list[list[Operand]]:
    lists = [list(group) for group in groups]
    if len(lists[0]) != len(lists[-1]):
        raise ValueError(f"{op} needs as many weights as inputs, got {len(lists[0])} and {len(lists[-1])}")
    return lists


def linear(weights: Sequence[Operand], inputs: Sequence[Operand], bias: Operand) -> Any:
    """w1*x1 + ... + wn*xn + b as one node: the net input of a neuron. Its parents are the w, the x and b, in this order.

    weights, inputs: n operands each (else ValueError). A float if all operands are plain numbers.

    >>> linear([Value(2.0), Value(3.0)], [10.0, 100.0], Value(1.0)).data
    321.0
    """
    try:
        function = _linear[len(weights)]
        if len(inputs) == len(weights):
            return function(weights, inputs, bias)
    except TypeError:
        pass
    weights, inputs = _groups("linear", weights, inputs)
    return _linear[len(weights)](weights, inputs, bias)


def dot(xs: Iterable[Operand], ys: Iterable[Operand]) -> Any:
    """x1*y1 + ... + xn*yn as one node. ValueError unless there are as many x as y; 0.0 if there are none."""
    xs, ys = _groups("dot", xs, ys)
    return _functions["dot"][len(xs)](xs, ys)


def sum_(xs: Iterable[Operand]) -> Any:
    """x1 + ... + xn as one node, added from left to right; 0.0 if there are none."""
    xs = list(xs)
    return _functions["sum_"][len(xs)](xs)


def mean(xs: Iterable[Operand]) -> Any:
    """(x1 + ... + xn) / n. ValueError if there are none."""
    xs = _some("mean", xs)
    return sum_(xs) / len(xs)


def var(xs: Iterable[Operand], correction: float = 1) -> Any:
    """The variance of n numbers: the sum of (x_i - mean(x))**2, divided by n - correction. ValueError for too few.

    The default is that of a sample, as in PyTorch; with ``correction=0``, NumPy's default, it is that of the numbers themselves.
    """
    xs = _some("var", xs)
    if len(xs) <= correction:
        raise ValueError(f"var with correction={correction} needs more than {correction} operands, got {len(xs)}")
    centre = mean(xs)
    return sum_([OPERATIONS["square"](x - centre) for x in xs]) / (len(xs) - correction)


def std(xs: Iterable[Operand], correction: float = 1) -> Any:
    """The standard deviation: the square root of `var`."""
    return OPERATIONS["sqrt"](var(xs, correction))


def prod(xs: Iterable[Operand]) -> Any:
    """x1 * ... * xn as one node; 1.0 if there are none."""
    xs = list(xs)
    return family("prod", xs) if xs else 1.0


def max_(xs: Iterable[Operand]) -> Any:
    """The largest as one node; a tie splits the derivative evenly. nan if one is nan. ValueError if there are none."""
    return family("max_", _some("max_", xs))


def min_(xs: Iterable[Operand]) -> Any:
    """The smallest as one node; a tie splits the derivative evenly. nan if one is nan. ValueError if there are none."""
    return family("min_", _some("min_", xs))


def logsumexp(xs: Iterable[Operand]) -> Any:
    """log(exp(x1) + ... + exp(xn)) as one node, without overflow. ValueError if there are none."""
    return family("logsumexp", _some("logsumexp", xs))


def log_softmax(xs: Iterable[Operand]) -> list[Any]:
    """The logarithm of each of `softmax(xs)`, also where that underflows: x_i - logsumexp(x). ValueError if there are none."""
    return [family("log_softmax", operands) for operands in _each_first(_some("log_softmax", xs))]


def softmax(xs: Iterable[Operand]) -> list[Any]:
    """exp(x_i) / (exp(x1) + ... + exp(xn)) for each i: positive, of sum 1, without overflow. ValueError if there are none.

    Each is one node of all operands, x_i the first of them. Its local derivatives are a row of the Jacobian,
    p_i * ((i == j) - p_j).

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    return [family("softmax", operands) for operands in _each_first(_some("softmax", xs))]


def nll(logits: Iterable[Operand], target: int | Iterable[Operand]) -> Any:
    """The negative log-likelihood, or cross-entropy, of a target under p = softmax(logits), as one node.

    target: the index k of a class, for -log(p_k); or n weights, for -(w1 * log(p1) + ... + wn * log(pn)), where a weight of 0
    leaves its term out. The local derivative by logit i is p_i - (i == k), or p_i * (w1 + ... + wn) - w_i. ValueError unless
    there is at least one logit, and a weight for each.
    """
    logits = _some("nll", logits)
    if isinstance(target, int):
        return family("nll", _each_first(logits)[target])
    weights, logits = _groups("nll", target, logits)
    return family("weighted_nll", [*weights, *logits])


def _each_first(xs: Sequence[Operand]) -> list[list[Operand]]:
    """The operands once for each, with that one first."""
    return [[x, *xs[:i], *xs[i + 1 :]] for i, x in enumerate(xs)]


def _some(op: str, xs: Iterable[Operand]) -> list[Operand]:
    xs = list(xs)
    if not xs:
        raise ValueError(f"{op} needs at least one operand")
    return xs


_linear = _functions["linear"]
OPERATIONS.update({f.__name__: f for f in (linear, dot, sum_, mean, var, std, prod, max_, min_, logsumexp, log_softmax, softmax)})
