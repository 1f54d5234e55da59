"""Rows added at run time: an operation of one's own, as if it stood in the table."""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
import math
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .check import difference
from .engine import eager
from .engine.errors import is_real, shown
from .engine.modes import differentiating
from .engine.node import PLAIN_NUMBER
from .engine.on_floats import on_floats, on_ieee
from .floats import FUNCTIONS
from .formulas import OPERATORS, PARTS
from .ops import FAMILIES, ROWS, Row
from .value import OPERATIONS, Value

LONGEST = 2_000  # characters of a formula
# What derivatives are compared at: no two operands of a point are equal, for there may be a kink
SAMPLES = (0.3, -0.7, 1.2, 2.6, -2.3, 0.05, 7.1, -6.4, 31.7, -28.9)
OF_EACH = (1.0, 1.3, 0.7)
TOLERANCE = 1e-6

_registered: dict[str, frozenset[str]] = {}  # what each calls


def register(
    name: str,
    formula: str,
    *derivatives: str,
    what: str = "",
    needs: str = "",
    convention: str = "",
    names: str = "",
    parameter: bool = False,
    default: float | None = None,
    textbook: Sequence[str] = (),
) -> Callable[..., Any]:
    """The operation of a new row: from now on, in this process, one everywhere. A function, a method, and in every reader.

    formula: in the letters ``x``, ``y``, ``w`` of the operands, with numbers, ``+ - * /`` and calls of operations of one to three
    operands: ``pow(x, 2)`` for a power. derivatives: one by each operand, in which ``z`` is the result. The others are as in
    `autograd_lite.ops.Row`: what it is, what it needs where it has no value everywhere, the convention where it has no
    derivative, the `names` of its operands for who calls it, such as "x slope", and the rules as a textbook has them.

    Refused, with nothing registered: a name that is taken or is none (ValueError, TypeError if it is no str); a formula that
    cannot be read, calls what is no operation, or itself; another number of derivatives than of operands; a derivative that
    differs from differences at a point where the formula has a value (ValueError, which says where and by how much).

    `unregister` takes it back; `registered` is the same for the length of a ``with`` statement. A graph that was recorded with
    it then keeps its numbers and its backward(), and raises LookupError where the row is needed; programs are as before.

    >>> from autograd_lite import Value, unregister
    >>> bump = register("bump", "1 / (1 + x * x)", "-2 * x * z * z")
    >>> x = Value(1.0, "x")
    >>> y = x.bump()
    >>> y.backward()
    >>> y.data, x.grad
    (0.5, -0.5)
    >>> unregister("bump")
    """
    _check_name(name)
    _check_texts(what=what, needs=needs, convention=convention, names=names)
    entry = Row(what or name, formula, derivatives, needs, convention, tuple(names.split()), parameter, default, tuple(textbook))
    called = _check_formulas(name, entry)
    _check_operands(name, entry)
    entry = entry._replace(
        formula=_in_form(formula), derivatives=tuple(map(_in_form, derivatives)), textbook=tuple(map(_in_form, textbook))
    )
    _check_derivatives(name, entry)
    try:
        ROWS[name] = entry
        with differentiating():  # of which its example is none
            eager.add(name)
        OPERATIONS[name] = eager.functions[name]
        _registered[name] = called
    except BaseException:
        _forget(name)
        raise
    return OPERATIONS[name]


def unregister(name: str) -> None:
    """Takes back what `register` did. ValueError for an operation that was not registered, or that another one calls."""
    if name not in _registered:
        raise ValueError(f"{name!r:.60} was not registered" + (": it is in the table" if name in OPERATIONS else ""))
    users = [other for other, called in _registered.items() if name in called]
    if users:
        raise ValueError(f"{name} is called by {', '.join(users)}: unregister {'that' if len(users) == 1 else 'these'} first")
    _forget(name)


@contextmanager
def registered(name: str, formula: str, *derivatives: str, **more: Any) -> Iterator[Callable[..., Any]]:
    """Within it, the operation is registered, as by `register`.

    >>> from autograd_lite import Value
    >>> with registered("bump", "1 / (1 + x * x)", "-2 * x * z * z") as bump:
    ...     bump(Value(3.0)).data
    0.1
    """
    function = register(name, formula, *derivatives, **more)
    try:
        yield function
    finally:
        if OPERATIONS.get(name) is function:
            unregister(name)


def _forget(name: str) -> None:
    for table in (_registered, OPERATIONS, ROWS):
        table.pop(name, None)
    eager.remove(name)


# What is refused -----------------------------------------------------------------------------------------------------


def _check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"an operation needs a str as its name, got {shown(name)}")
    if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name or name.startswith("_"):
        raise ValueError(f"{name!r:.60} is no name for an operation: it needs letters, digits and _, and a letter first")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ValueError(f"{name} is a word of Python's own: choose another name")
    package, folder = sys.modules[__package__], os.path.dirname(__file__)
    takers = {
        "an operation": name in OPERATIONS or name in ROWS or name in FAMILIES or name in FUNCTIONS,
        "an attribute of Value": hasattr(Value, name),
        "a function of Python's own": hasattr(builtins, name),
        "a name of autograd_lite": hasattr(package, name) or os.path.exists(os.path.join(folder, f"{name}.py")),
        "a word that formulas or expressions have a meaning for": name in RESERVED,
        "a name that the functions of operations use": name in eager.NAMES or name.endswith("_parameter"),
    }
    for taker, is_taken in takers.items():
        if is_taken:
            raise ValueError(f"{name} is taken: it is {taker}")


# Operands, constants, and the attributes of what reads formulas, which are methods that formulas call
RESERVED = {*PARTS, "x", "y", "w", "z", "pi", "e", "total", "product", "compared", "either", "given", "formula", "function"}
RESERVED |= {"primitive", "tape", "made", "spelling", "syntax", "template", "definition"}
RESERVED |= {PLAIN_NUMBER}


def _in_form(text: str) -> str:
    """The formula as the table writes it."""
    return ast.unparse(ast.parse(text.strip(), mode="eval"))


def _check_texts(**texts: object) -> None:
    for key, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"{key} of an operation is a str, got {shown(text)}")


def _check_operands(name: str, entry: Row) -> None:
    count = len(entry.derivatives)
    taken = {*eager.NAMES, *FUNCTIONS, *ROWS, name, "node", "z"}
    for operand in entry.names:
        if not operand.isidentifier() or keyword.iskeyword(operand) or operand in taken or operand.startswith("_"):
            raise ValueError(f"{operand!r:.60} cannot be the name of an operand: it is no name, or is taken")
    if entry.names and len(set(entry.names)) != count:
        raise ValueError(f"{name} has {count} operands, so it needs {count} different names, got {' '.join(entry.names)!r:.100}")
    if not isinstance(entry.parameter, bool) or (entry.parameter and count != 2):
        raise ValueError("parameter=True is for two operands: a plain number as the second is not differentiated by")
    if entry.default is not None and not (entry.parameter and is_real(entry.default) and math.isfinite(entry.default)):
        raise ValueError(f"default is a finite number, for an operation with parameter=True; got {shown(entry.default)}")


def _check_formulas(name: str, entry: Row) -> frozenset[str]:
    """The operations that the formula and the rules call."""
    if entry.textbook and len(entry.textbook) != len(entry.derivatives):
        raise ValueError(f"textbook has as many rules as there are derivatives, in a tuple; got {entry.textbook!r:.100}")
    operands, called = _read(name, "formula", entry.formula)
    letters = "xyw"[: len(operands)]
    if sorted(operands) != sorted(letters) or not letters:
        raise ValueError(f"the formula of {name} needs operands named x, or x and y, or x, y and w; got {entry.formula!r:.100}")
    if len(entry.derivatives) != len(letters):
        by = " and ".join(letters) if len(letters) < 3 else "x, y and w"
        raise ValueError(f"{name} needs a derivative by {by}, so {len(letters)}; got {len(entry.derivatives)}")
    for text in (*entry.derivatives, *entry.textbook):
        used, others = _read(name, "derivative", text)
        if unknown := used - {*letters, "z"}:
            raise ValueError(f"the derivative {text!r:.100} of {name} has the unknown {', '.join(sorted(unknown))}")
        called |= others
    return frozenset(called)


def _read(name: str, what: str, text: Any) -> tuple[set[str], set[str]]:
    """The letters and the functions in a formula. ValueError for what is none, TypeError unless it is a str."""
    if not isinstance(text, str):
        raise TypeError(f"the {what} of {name} is a str such as 'x / (1 + abs(x))', got {shown(text)}")
    if len(text) > LONGEST:
        raise ValueError(f"the {what} of {name} has {len(text)} characters: at most {LONGEST} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        message = error.msg if isinstance(error, SyntaxError) else str(error) or "it is too deep"
        raise ValueError(f"the {what} {text!r:.100} of {name} cannot be read: {message}") from None
    letters: set[str] = set()
    called: set[str] = set()
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                _check_call(name, function, arguments)
                called.add(function)
            case ast.Name(id=letter):
                if id(node) not in functions:
                    letters.add(letter)
            case ast.BinOp(op=ast.Pow()):
                raise ValueError(f"{ast.unparse(node)} in the {what} of {name}: a power is written pow(x, y)")
            case ast.BinOp(op=operator) | ast.UnaryOp(op=operator) if type(operator) in OPERATORS:
                pass
            case ast.Constant(value=int() | float() as number) if type(number) is not bool and _is_finite(number):
                pass
            case ast.Expression() | ast.operator() | ast.unaryop() | ast.expr_context():
                pass
            case _:
                shown_part = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
                raise ValueError(f"{shown_part!r:.100} in the {what} of {name}: only numbers, + - * / and operations are read")
    return letters, called


def _check_call(name: str, function: str, arguments: Sequence[ast.expr]) -> None:
    if function == name:
        raise ValueError(f"{name} calls itself")
    if function not in ROWS:
        kind = "takes lists, which a row does not have" if function in OPERATIONS else "is no operation"
        raise ValueError(f"{name} calls {function}, which {kind}")
    if len(arguments) != len(ROWS[function].derivatives):
        raise ValueError(f"{name} calls {function} with {len(arguments)} operands: it has {len(ROWS[function].derivatives)}")


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _check_derivatives(name: str, entry: Row) -> None:
    """ValueError where a rule differs from differences, at points where the formula has a value."""
    count = len(entry.derivatives)
    letters = "xyw"[:count]

    def value(*nodes: Value) -> Value:
        return Value(on_floats(entry.formula, dict(zip(letters, [node.data for node in nodes]))))

    checked = False
    samples = SAMPLES if count == 1 else SAMPLES[: 10 - 2 * count]
    for point in itertools.product(samples, repeat=count):
        nodes = [Value(factor * number) for factor, number in zip(OF_EACH, point)]
        try:
            z = value(*nodes).data
        except (ValueError, ArithmeticError):
            continue
        if math.isfinite(z):
            checked = True
            _check_at(name, entry, dict(zip(letters, nodes)), z, value)
    if not checked:
        raise ValueError(f"the formula {entry.formula!r:.100} of {name} has no value at any of the points x = {SAMPLES}")


def _check_at(name: str, entry: Row, nodes: Mapping[str, Value], z: float, value: Callable[..., Value]) -> None:
    numbers = {letter: node.data for letter, node in nodes.items()}
    for rules in (entry.derivatives, entry.textbook):
        for letter, text in zip(nodes, rules):
            found = on_ieee(text, {**numbers, "z": z})
            try:
                expected, error = difference(value, [*nodes.values()], nodes[letter])
            except (ValueError, ArithmeticError):  # at the edge of the domain
                continue
            if not abs(found - expected) <= (TOLERANCE + error) * max(1.0, abs(found), abs(expected)):
                at = ", ".join([f"{key} = {number}" for key, number in numbers.items()])
                raise ValueError(
                    f"the derivative of {name} by {letter}, {text!r:.100}, is {found:.9g} at {at}, but differences give "
                    f"{expected:.9g}: it is off by {abs(found - expected):.3g}"
                )
