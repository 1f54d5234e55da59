"""The operations on Values: functions written from the rows, and the slow path, where a straight line does not do.

Only where a line of a function fails (a plain number among the operands, a point outside the domain) does `slowly` look closer.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from ..backprop import not_taken
from ..floats import FLOATS
from ..formulas import forget, letters, split
from ..ops import FAMILIES, ROWS
from ..sources import execute
from ..sources import forget as forget_source
from ..table import Table
from .documentation import docstring
from .errors import as_float, described, domain_error, is_real
from .families import AT_ONCE, IN_TURN
from .modes import as_ieee, current, detect_anomaly, is_on, no_grad, quiet, special
from .node import PLAIN_NUMBER, new
from .on_floats import ieee_value, local_derivatives, on_floats, value
from .recording import live, note, user_line, watch
from .source import UNROLLED, family_source, row_source, rows_source

Value: Any = None  # the class of nodes, once `install` is called

# The slow path -------------------------------------------------------------------------------------------------------


def slowly(op: str, operands: Sequence[Any], written: Functions | None = None) -> Any:
    """The operation where its function failed: with plain numbers among the operands, or at a singular point.

    Of plain numbers alone it is a float. written: the functions to go on with, unless those that ask for modes.
    """
    written = functions if written is None else written
    are_values = [isinstance(operand, Value) for operand in operands]
    values = [x if is_value else constant(x, op) for x, is_value in zip(operands, are_values)]
    if any(are_values) and not all(are_values):
        if op in FAMILIES:
            return family(op, values, written)
        return written[f"{op}_parameter" if ROWS[op].parameter and not are_values[1] else op](*values)
    x = [operand._data for operand in values]
    try:
        z = value(op, x)
    except (ValueError, ArithmeticError) as error:
        if not is_on(as_ieee):
            if live:
                note(f"goes on where {op} fails at", *values)
            raise domain_error(op, values, error) from None
        z = ieee_value(op, x)
    if not any(are_values):
        return z
    node = _leaf(z)
    if not written.records:
        return node
    node.op, derivatives = op, local_derivatives(op, x, z)
    if is_parameter(op, 1, values):
        derivatives[1] = 0.0
    chooses = op in ROWS and len(values) > 2
    node._keep(values, [d or not_taken for d in derivatives] if chooses else derivatives, op in FAMILIES, chooses)
    return node


def _leaf(z: float) -> Any:
    """A node of that number, of which nothing else is known."""
    node = new(Value)
    node._data, node.grad, node.op, node.label, node._mark, node._x = z, 0.0, "", "", None, None
    return node


def operator_slowly(op: str, operands: Sequence[Any], written: Functions | None = None) -> Any:
    """As `slowly`, for an operator: an operand whose class may know about Values, a NumPy array, gets its turn."""
    p, q = operands
    if type(q) is float or type(q) is int:
        return (functions if written is None else written)[op](p, constant(q, op))
    for operand in operands:
        if not isinstance(operand, Value) and not is_real(operand) and type(operand).__module__ != "builtins":
            return NotImplemented
    return slowly(op, operands, written)


def within_mode(function: str, op: str, arguments: Sequence[Any]) -> Any:
    """The operation in a mode: computed as ever, then checked or cut off from its operands."""
    node = (_within[op][len(arguments[len(FAMILIES[op].head)])] if op in FAMILIES else _within[function])(*arguments)
    if not isinstance(node, Value):
        return node
    modes = current()
    if detect_anomaly in modes:
        node._origin = user_line()
        if not math.isfinite(node._data):
            raise FloatingPointError(f"{op} gives {node._data} for {described(op, node.parents)}, at {node._origin}")
    if no_grad in modes:
        if live:
            watch("detaches, by no_grad(),", node)
        node.op = ""
        node._x = node._y = node._dx = node._dy = None  # of what is let go of, nothing stays
    return node


def constant(number: Any, op: str) -> Any:
    """The leaf of a plain number that is an operand of `op`."""
    leaf = new(Value)
    leaf._data = number if type(number) is float else as_float(number, op)
    leaf.grad = 0.0
    leaf.op = PLAIN_NUMBER
    leaf.label = ""
    leaf._mark = leaf._x = None
    return leaf


def plain(number: Any) -> float:
    """A plain number beside a Value, where nothing is recorded; an error for what the slow path has to look at."""
    if type(number) is float or type(number) is int:
        return float(number)
    raise TypeError


def is_parameter(op: str, i: int, operands: Sequence[Any]) -> bool:
    """Whether the i-th operand is a plain number as a parameter, such as a constant exponent: not differentiated by."""
    return i == 1 < len(operands) and operands[1].is_plain_number and op in ROWS and ROWS[op].parameter


def family(op: str, operands: Sequence[Any], written: Functions | None = None) -> Any:
    """The operation of a family on its operands in one sequence: ``w1 .. wn x1 .. xn b``."""
    row = FAMILIES[op]
    arguments = [
        part[0] if letter in (row.head, row.tail) else part for letter, part in zip(row.derivatives, split(row, operands))
    ]
    counted = (functions if written is None else written)[op]
    return counted[(len(operands) - len(row.head + row.tail)) // len(letters(row))](*arguments)


def in_turn(op: str, xs: Sequence[Any]) -> list[Any]:
    """The operation of a family with each of the operands first, and the others after it."""
    orders = [(x, *xs[:i], *xs[i + 1 :]) for i, x in enumerate(xs)]
    if not special:
        try:
            nodes = []
            for order, (z, dx) in zip(orders, IN_TURN[op]([x._data for x in xs])):
                node = _leaf(z)
                node.op = op
                node._keep(order, dx, many=True, chooses=False)
                nodes.append(node)
            return nodes
        except Exception:  # as for each by itself
            pass
    return [family(op, order) for order in orders]


# Functions written from the table ------------------------------------------------------------------------------------

OPERATORS = {"add": "__add__", "sub": "__sub__", "mul": "__mul__", "div": "__truediv__", "pow": "__pow__"}
METHODS = {method: op for op, method in OPERATORS.items()}


class Functions(Table[Any]):
    """The functions of the table by name, written in terms of `names`, at the latest when they are asked for; of a family by
    their number of groups. kind: what tells them from others. records: whether their nodes keep operands and derivatives."""

    def __init__(self, names: dict[str, Any], kind: str = "", records: bool = True) -> None:
        self.names, self.kind, self.records = names, kind, records
        self.update({op: ByCount(op, self) for op in FAMILIES})

    def __missing__(self, name: str) -> Any:
        op = METHODS.get(name, name.removesuffix("_parameter"))
        if op in ROWS:
            self.write(op)
        return self[name] if name in self else super().__missing__(name)

    def write(self, *ops: str) -> None:
        """Writes the functions of these rows."""
        source = ""
        for op in ops:
            source += row_source(op, op, self.records)
            if ROWS[op].parameter:
                source += row_source(op, f"{op}_parameter", self.records)
            if op in OPERATORS:
                source += row_source(op, OPERATORS[op], self.records)
        found = self.execute(source, ops[0] if len(ops) == 1 else "operations")
        for name, function in found.items():
            if name.endswith("_parameter"):
                self.names[name] = function
            for called in function.__code__.co_names:
                if called in ROWS and called not in self.names:
                    self.names[called] = getattr(on_floats, called)
        self.update(found)

    def execute(self, source: str, title: str) -> dict[str, Any]:
        """The functions that a source defines, by name."""
        return execute(source, f"<autograd_lite {self.kind}{title}>", self.names, {})

    def forget(self, op: str) -> None:
        """Lets go of the functions of a row."""
        for name in (op, f"{op}_parameter"):
            self.pop(name, None)
            self.names.pop(name, None)
        forget_source(f"<autograd_lite {self.kind}{op}>")


class Rows(dict[int, Callable[..., Any]]):
    """The functions of a sum of products for the rows of a matrix, by their number of operands, written when first asked for."""

    def __init__(self, op: str) -> None:
        self.op = op

    def __missing__(self, count: int) -> Callable[..., Any]:
        if not 0 < count <= UNROLLED:
            raise KeyError(count)
        function = f"{self.op}_rows_{count}"
        self[count] = functions.execute(rows_source(self.op, function, count), function)[function]
        return self[count]


class ByCount(dict[int, Callable[..., Any]]):
    """The functions of a family by their number of groups, written when first asked for."""

    def __init__(self, op: str, functions: Functions) -> None:
        self.op, self.functions = op, functions

    def __missing__(self, count: int) -> Callable[..., Any]:
        if not 0 < count <= UNROLLED:
            return self.at_length
        if self.op in AT_ONCE and count > 1:
            return self[1]
        function = f"{self.op}_{count}"
        source = family_source(self.op, function, count, self.functions.records)
        self[count] = self.functions.execute(source, function)[function]
        return self[count]

    def at_length(self, *groups: Any) -> Any:
        """The operation without a function written for its number of operands."""
        if self.functions.names["special"]:
            return _quietly[self.op].at_length(*groups) if quiet.get()() and not live else within_mode("", self.op, groups)
        single = FAMILIES[self.op].head + FAMILIES[self.op].tail
        parts = [[part] if letter in single else part for letter, part in zip(FAMILIES[self.op].derivatives, groups)]
        return self.functions.names["slowly"](self.op, [x for part in parts for x in part])


# What the functions call: of floats, a function is that of its name in the tables. `pow` is faster than the table's, which says
# why it fails
NAMES: dict[str, Any] = {
    **FLOATS,
    "pow": math.pow,
    "data": attrgetter("_data"),
    "at_once": AT_ONCE,
    "not_taken": not_taken,
    "new": new,
    "special": special,
    "quiet": quiet.get,
    "live": live,
    "within_mode": within_mode,
    "slowly": slowly,
    "operator_slowly": operator_slowly,
    "constant": constant,
    "plain": plain,
    "__name__": "autograd_lite",  # where they are imported from
}
functions = Functions(NAMES)


def _for_modes(kind: str, records: bool) -> Functions:
    """The functions once more, for use within a mode: these never ask for it."""
    written = Functions({**NAMES, "special": ()}, kind, records)
    written.names["slowly"] = partial(slowly, written=written)
    written.names["operator_slowly"] = partial(operator_slowly, written=written)
    return written


_within, _quietly = _for_modes("in a mode: ", True), _for_modes("value of ", False)
NAMES["quietly"] = _quietly


# The class of nodes --------------------------------------------------------------------------------------------------


def install(node_class: type) -> dict[str, Callable[..., Any]]:
    """The operations of the rows by name, written for a class of nodes, which is given its operators and methods."""
    global Value
    Value = node_class
    for written in (functions, _within, _quietly):
        written.names["Value"] = Value
    functions.write(*ROWS)
    for op in ROWS:
        attach(op)
    for op, method in OPERATORS.items():
        for name, function in ((method, functions[method]), (method.replace("__", "__r", 1), _reflected(op))):
            function.__doc__, function.__name__, function.__qualname__ = functions[op].__doc__, name, f"Value.{name}"
            setattr(Value, name, function)
    for method, op in OTHER_NAMES.items():
        setattr(Value, method, functions[op])
    if sys.platform == "emscripten":  # CPython itself recurses, but no further than the stack reaches; not so in a browser
        Value.__del__ = release
    return {op: functions[op] for op in ROWS}


def attach(op: str) -> None:
    """Gives the class of nodes the function of a row as a method, and the function what `help` shows of it."""
    functions[op].__doc__ = docstring(op, functions[op], Value)
    setattr(Value, op, functions[op])


def add(op: str) -> None:
    """The function of a row that is new, and the method."""
    forget()
    functions.write(op)
    attach(op)


def remove(op: str) -> None:
    """Undoes `add`, however far it came."""
    for written in (functions, _within, _quietly):
        written.forget(op)
    if op in vars(Value):
        delattr(Value, op)
    forget()


# As Python calls them, and NumPy: np.arcsin(an array of Values) calls the method arcsin of each
OTHER_NAMES = {
    **{"__neg__": "neg", "__abs__": "abs", "__floor__": "floor", "__ceil__": "ceil", "fabs": "abs", "rint": "round"},
    **{f"arc{op[1:]}": op for op in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
}


def _reflected(op: str) -> Callable[[Any, Any], Any]:
    function = functions[op]

    def operator(self: Any, other: Any) -> Any:
        if type(other) is float or type(other) is int:
            return function(constant(other, op), self)
        return operator_slowly(op, (other, self))

    return operator


_operands: list[Any] = []  # of nodes that are gone
_releasing = False


def release(node: Any) -> None:
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
