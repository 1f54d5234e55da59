"""Expressions typed by a person: read over Python's syntax tree, by a list of what is allowed; nothing is ever run as code."""

from __future__ import annotations

import ast
import unicodedata
import warnings
from collections.abc import Mapping
from typing import Any

from .value import OPERATIONS, Value

LONGEST = 10_000  # characters
DEEPEST = 200
MOST = 2_000  # parts

_OPERATORS: dict[type[ast.AST], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}


def parse(text: str, numbers: Mapping[str, float]) -> Value:
    """The Value of an expression, with these numbers for its names: ``parse("tanh(x*w + b)", {"x": 1, "w": 2, "b": 0.5})``.

    It may have numbers, names, ``+ - * / **``, parentheses, the operations of the package with lists where they take them,
    and, before the last part, named steps: ``"net = x*w + b; out = tanh(net)"``. Names and steps become labels. ValueError for
    anything else, for a name without a number or a number without a use, and for an expression too long or too deep.

    >>> parse("net = x*w; out = tanh(net)", {"x": 0.5, "w": 0.0})
    Value(data=0.0, grad=0.0, op='tanh', label='out')
    """
    if len(text) > LONGEST:
        raise ValueError(f"the expression has {len(text)} characters: at most {LONGEST} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip())
    except SyntaxError as error:
        raise ValueError(f"the expression cannot be read: {error.msg}, at character {error.offset}") from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise ValueError(f"the expression cannot be read: {str(error) or 'it is too deep'}") from None
    _check_size(tree)
    if not tree.body:
        raise ValueError("the expression is empty: write one such as tanh(x*w + b)")
    named: dict[str, Value] = {}
    for name, x in numbers.items():
        name = as_read(name)
        if name in named:
            raise ValueError(f"{name} has two numbers")
        named[name] = Value(x, name)
    known: dict[str, Any] = dict(named)
    used: set[str] = set()
    output: Any = None
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=part):
                output = _value(part, known, used)
                if name in known:
                    raise ValueError(f"{name} is there already: give the step another name")
                if isinstance(output, Value) and not output.label:
                    output.label = name
                known[name] = output
            case ast.Expr(value=part) if statement is tree.body[-1]:
                output = _value(part, known, used)
            case _:
                raise ValueError(f"{_shown(statement)} is neither an expression nor a step such as net = x*w + b")
    unused = [name for name in named if name not in used]
    if unused:
        raise ValueError(f"{', '.join(unused)} has a number, but is not in the expression")
    if not isinstance(output, Value):
        raise ValueError("the expression is no Value: it needs a name with a number, such as x=1, and one result")
    if output.parents and not output.label:
        output.label = next(name for name in ("y", "z", "f", "out", "") if name not in known)
    return output


def as_read(name: str) -> str:
    """The name as Python reads it: letters that are written in other ways are one."""
    return unicodedata.normalize("NFKC", name)


def _check_size(tree: ast.AST) -> None:
    count, level = 0, [tree]
    depth = 0
    while level:
        count += len(level)
        depth += 1
        if depth > DEEPEST or count > 3 * MOST:  # a name and an operator have two nodes and more
            raise ValueError(f"the expression is too large: it may be {DEEPEST} levels deep and have about {MOST} parts")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _value(tree: ast.AST, known: Mapping[str, Any], used: set[str]) -> Any:
    match tree:
        case ast.Constant(value=int() | float() as x) if not isinstance(x, bool):
            return _as_float(x)
        case ast.Name(id=name):
            if name not in known:
                hint = f"{name} is an operation: write {name}(x)" if name in OPERATIONS else f"{name} has no number: add {name}=1"
                raise ValueError(hint)
            used.add(name)
            return known[name]
        case ast.UnaryOp(op=ast.UAdd(), operand=x):
            return _value(x, known, used)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as x)) if not isinstance(x, bool):
            return -_as_float(x)
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return _applied("neg", [_value(x, known, used)])
        case ast.BinOp(left=x, op=operator, right=y) if type(operator) in _OPERATORS:
            return _applied(_OPERATORS[type(operator)], [_value(x, known, used), _value(y, known, used)])
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(part, known, used) for part in parts]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]):
            if name not in OPERATIONS:
                raise ValueError(f"{name} is no operation: there are {', '.join(OPERATIONS)}")
            return _applied(name, [_value(part, known, used) for part in parts])
    raise ValueError(f"{_shown(tree)} is not allowed: only numbers, names, + - * / ** and the operations")


def _as_float(x: float) -> float:
    try:
        return float(x)
    except OverflowError:
        raise ValueError("a number in the expression is too large for a float") from None


def _applied(name: str, operands: list[Any]) -> Any:
    try:
        return OPERATIONS[name](*operands)
    except TypeError as error:
        raise ValueError(f"{name} does not take these operands: {error}") from None


def _shown(tree: ast.AST) -> str:
    text = ast.unparse(tree)
    return text if len(text) <= 60 else f"{text[:57]}..."
