"""The operations on Values: functions written from the rows, and the slow path, where a straight line does not do.

Only where a line of a function fails (a plain number among the operands, a point outside the domain) does `slowly` look closer.
"""

from __future__ import annotations

import linecache
import math
import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from types import CodeType
from typing import Any

from ..backprop import not_taken
from ..floats import FLOATS
from ..formulas import forget, letters, of_the_table, split
from ..ops import FAMILIES, ROWS, Table
from .documentation import docstring
from .errors import as_float, described, domain_error, is_real
from .families import AT_ONCE
from .modes import current, in_mode, special
from .node import new
from .on_floats import ieee_value, local_derivatives, on_floats, value
from .recording import live, note, user_line, watch
from .source import family_source, row_source

Value: Any = None  # the class of nodes, once `install` is called

# The slow path -------------------------------------------------------------------------------------------------------


def slowly(op: str, operands: Sequence[Any]) -> Any:
    """The operation where its function failed: with plain numbers among the operands, or at a singular point.

    Of plain numbers alone it is a float.
    """
    are_values = [isinstance(operand, Value) for operand in operands]
    values = [x if is_value else constant(x, op) for x, is_value in zip(operands, are_values)]
    if any(are_values) and not all(are_values):
        if op in FAMILIES:
            return family(op, values)
        return functions[f"{op}_parameter" if ROWS[op].parameter and not are_values[1] else op](*values)
    x = [operand._data for operand in values]
    try:
        z = value(op, x)
    except (ValueError, ArithmeticError) as error:
        if not in_mode("ieee"):
            if live:
                note(f"goes on where {op} fails at", *values)
            raise domain_error(op, values, error) from None
        z = ieee_value(op, x)
    if not any(are_values):
        return z
    derivatives = local_derivatives(op, x, z)
    if is_parameter(op, 1, values):
        derivatives[1] = 0.0
    node = new(Value)
    node._data, node.grad, node.op, node.label, node._mark = z, 0.0, op, "", None
    chooses = op in ROWS and len(values) > 2
    node._keep(values, [d or not_taken for d in derivatives] if chooses else derivatives, op in FAMILIES, chooses)
    return node


def operator_slowly(op: str, operands: Sequence[Any]) -> Any:
    """As `slowly`, for an operator: an operand whose class may know about Values, a NumPy array, gets its turn."""
    p, q = operands
    if type(q) is float or type(q) is int:
        return functions[op](p, constant(q, op))
    for operand in operands:
        if not isinstance(operand, Value) and not is_real(operand) and type(operand).__module__ != "builtins":
            return NotImplemented
    return slowly(op, operands)


def within_mode(function: str, op: str, arguments: Sequence[Any]) -> Any:
    """The operation in a mode: computed as ever, then checked or cut off from its operands."""
    written = _for_modes()
    node = (written[op][len(arguments[len(FAMILIES[op].head)])] if op in FAMILIES else written[function])(*arguments)
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
        node._x = node._y = node._dx = node._dy = None  # of what is let go of, nothing stays
    return node


def constant(number: Any, op: str) -> Any:
    """The leaf of a plain number that is an operand of `op`."""
    leaf = new(Value)
    leaf._data = number if type(number) is float else as_float(number, op)
    leaf.grad = 0.0
    leaf.op = "const"
    leaf.label = ""
    leaf._mark = leaf._x = None
    return leaf


def is_parameter(op: str, i: int, operands: Sequence[Any]) -> bool:
    """Whether the i-th operand is a plain number as a parameter, such as a constant exponent: not differentiated by."""
    return i == 1 < len(operands) and operands[1].op == "const" and op in ROWS and ROWS[op].parameter


def family(op: str, operands: Sequence[Any]) -> Any:
    """The operation of a family on its operands in one sequence: ``w1 .. wn x1 .. xn b``."""
    row = FAMILIES[op]
    arguments = [
        part[0] if letter in (row.head, row.tail) else part for letter, part in zip(row.derivatives, split(row, operands))
    ]
    return functions[op][(len(operands) - len(row.head + row.tail)) // len(letters(row))](*arguments)


# Functions written from the table ------------------------------------------------------------------------------------

OPERATORS = {"add": "__add__", "sub": "__sub__", "mul": "__mul__", "div": "__truediv__", "pow": "__pow__"}
# Up to this many groups of operands, the function of a family is written out; above, it is a loop.
UNROLLED = 256


class Functions(Table[Any]):
    """The functions of the table by name, written in terms of `names`; of a family by their number of groups."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.update({op: ByCount(op, names) for op in FAMILIES})

    def write(self, *ops: str) -> None:
        """Writes the functions of these rows."""
        source = ""
        for op in ops:
            source += row_source(op, op)
            if ROWS[op].parameter:
                source += row_source(op, f"{op}_parameter")
            if op in OPERATORS:
                source += row_source(op, OPERATORS[op], "operator_slowly")
        found = _execute(source, f"<autograd_lite {ops[0] if len(ops) == 1 else 'operations'}>", self.names)
        self.names.update({name: f for name, f in found.items() if name.endswith("_parameter")})
        self.update(found)


class ByCount(dict[int, Callable[..., Any]]):
    """The functions of a family by their number of groups, written when first asked for."""

    def __init__(self, op: str, names: dict[str, Any]) -> None:
        self.op, self.names = op, names

    def __missing__(self, count: int) -> Callable[..., Any]:
        if not 0 < count <= UNROLLED:
            return self.at_length
        if self.op in AT_ONCE and count > 1:
            return self[1]
        function = f"{self.op}_{count}"
        self[count] = _execute(family_source(self.op, function, count), f"<autograd_lite {function}>", self.names)[function]
        return self[count]

    def at_length(self, *groups: Any) -> Any:
        """The operation without a function written for its number of operands."""
        if self.names["special"]:
            return within_mode("", self.op, groups)
        single = FAMILIES[self.op].head + FAMILIES[self.op].tail
        parts = [[part] if letter in single else part for letter, part in zip(FAMILIES[self.op].derivatives, groups)]
        return slowly(self.op, [x for part in parts for x in part])


def _execute(source: str, name: str, names: dict[str, Any]) -> dict[str, Any]:
    """The functions that the source defines, using these names. Debuggers and tracebacks show its lines."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    code = compile(source, name, "exec")
    for function in code.co_consts:
        if isinstance(function, CodeType):
            for called in function.co_names:
                if called in ROWS and called not in names:
                    names[called] = getattr(on_floats, called)
    found: dict[str, Any] = {}
    exec(code, names, found)
    return found


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
    "within_mode": within_mode,
    "slowly": slowly,
    "operator_slowly": operator_slowly,
    "constant": constant,
    "__name__": "autograd_lite",  # where they are imported from
}
functions = Functions(NAMES)


@of_the_table
def _for_modes() -> Functions:
    """The functions once more, for use within a mode: these never ask for it."""
    written = Functions({**NAMES, "special": ()})
    written.write(*ROWS)
    return written


# The class of nodes --------------------------------------------------------------------------------------------------


def install(node_class: type) -> dict[str, Callable[..., Any]]:
    """The operations of the rows by name, written for a class of nodes, which is given its operators and methods."""
    global Value
    NAMES["Value"] = Value = node_class
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
    for name in (op, f"{op}_parameter"):
        functions.pop(name, None)
        NAMES.pop(name, None)
    if op in vars(Value):
        delattr(Value, op)
    linecache.cache.pop(f"<autograd_lite {op}>", None)
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
