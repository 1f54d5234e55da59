"""Expressions typed by a person: read over Python's syntax tree, by a list of what is allowed; nothing is ever run as code."""

from __future__ import annotations

import ast
import difflib
import math
import re
import unicodedata
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from .ops import ROWS
from .value import OPERATIONS, Value

LONGEST = 10_000  # characters
LONGEST_NUMBER = 100
DEEPEST = 200
MOST = 2_000  # parts

CONSTANTS = {"pi": math.pi, "e": math.e}

_OPERATORS: dict[type[ast.AST], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}

# What is written otherwise on paper and elsewhere
SIGNS = str.maketrans({"^": "**", "²": "**2", "³": "**3", "×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-"})
ELSEWHERE = {"ln": "log", "lg": "log2 or log10", "max": "maximum or max_", "min": "minimum or min_", "sum": "sum_"}
ELSEWHERE |= {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arsinh": "asinh", "arcosh": "acosh"}
ELSEWHERE |= {"artanh": "atanh", "logistic": "sigmoid", "swish": "silu", "power": "pow", "heaviside": "step"}


def parse(text: str, numbers: Mapping[str, float]) -> Value:
    """The Value of an expression, with these numbers for its names: ``parse("tanh(x*w + b)", {"x": 1, "w": 2, "b": 0.5})``.

    It may have numbers, names, ``+ - * / **``, parentheses, the operations of the package with lists where they take them,
    and, before the last part, named steps: ``"net = x*w + b; out = tanh(net)"``, of which some may be numbers: ``"x = 2; y =
    x*3"``. Names and steps become labels. `pi` and `e` are the constants, unless they are given another number. ValueError,
    with what was likely meant, for anything else, for a name without a number or a number without a use, and for an
    expression too long or too deep.

    >>> parse("net = x*w; out = tanh(net)", {"x": 0.5, "w": 0.0})
    Value(data=0.0, grad=0.0, op='tanh', label='out')
    """
    tree = _read(text)
    named = _leaves(numbers)
    known: dict[str, Any] = dict(named)
    used: set[str] = set()
    output: Any = None
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=part):
                output = known[name] = _step(name, part, known, used)
            case ast.Expr(value=part) if statement is tree.body[-1]:
                output = _value(part, known, used)
            case _:
                raise ValueError(f"{_shown(statement)} is neither an expression nor a step such as net = x*w + b")
    unused = [name for name in named if name not in used]
    if unused:
        hint = did_you_mean(unused[0], [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)])
        raise ValueError(f"{', '.join(unused)} has a number, but is not in the expression{hint}")
    if not isinstance(output, Value):
        raise ValueError("the expression is no Value: it needs a name with a number, such as x=1, and one result")
    if output.parents and not output.label:
        output.label = next(name for name in ("y", "z", "f", "out", "") if name not in known)
    return output


def number(text: str) -> float:
    """The number that is written: ``-1e-3``, ``1/3``, ``pi/2``. ValueError where it is none.

    >>> number("1/4"), number("-e")
    (0.25, -2.718281828459045)
    """
    try:
        return _number(text)
    except ValueError as error:
        raise ValueError(f"{error}{_meant(text)}") from None


def as_read(name: str) -> str:
    """The name as Python reads it: letters that are written in other ways are one."""
    return unicodedata.normalize("NFKC", name)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """The end of a message about a word that is not among the words: which of them it is like, or nothing.

    >>> did_you_mean("Tahn", ["tanh", "sigmoid"])
    '; did you mean tanh?'
    """
    spelled = {each.lower().lstrip("-"): each for each in words}  # that two words are both options makes them no more alike
    like = [spelled[each] for each in difflib.get_close_matches(word.lower().lstrip("-"), spelled, 3, 0.65)]
    return f"; did you mean {' or '.join(like)}?" if like else ""


def _read(text: str) -> ast.Module:
    """The syntax tree of an expression. ValueError for what is none, too long or too deep."""
    if len(text) > LONGEST:
        raise ValueError(f"the expression has {len(text)} characters: at most {LONGEST} are read")
    if (ours := text.translate(SIGNS)) != text:
        sign = next(sign for sign in text if ord(sign) in SIGNS)
        raise ValueError(f"{sign} is not read; did you mean {_clipped(ours)}?")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip())
    except SyntaxError as error:
        product = re.sub(r"(?<![\w.])([\d.]+)([^\W\d_])", r"\1*\2", text)
        hint = f"; did you mean {_clipped(product)}?" if product != text else ""
        raise ValueError(f"the expression cannot be read: {error.msg}, at character {error.offset}{hint}") from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise ValueError(f"the expression cannot be read: {str(error) or 'it is too deep'}") from None
    _check_size(tree)
    if not tree.body:
        raise ValueError("the expression is empty: write one such as tanh(x*w + b)")
    return tree


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        try:
            found = _value(ast.parse(text.strip(), mode="eval").body, {}, set()) if len(text) <= LONGEST_NUMBER else None
        except (SyntaxError, RecursionError, MemoryError):
            raise ValueError(f"{_clipped(text)!r} is no number") from None
        except ValueError as error:
            raise ValueError(f"{_clipped(text)!r} is no number: {error}") from None
    if not isinstance(found, float):
        raise ValueError(f"{_clipped(text)!r} is no number")
    return found


def _meant(text: str) -> str:
    """The end of a message about what is no number: it in the signs that are read here, if that is one; or nothing."""
    meant = as_read(text).translate(SIGNS).replace(",", ".")
    try:
        _number(meant)
    except ValueError:
        return ""
    return f"; did you mean {meant}?"


def _leaves(numbers: Mapping[str, float]) -> dict[str, Value]:
    """The leaves of these names, as Python reads them."""
    named: dict[str, Value] = {}
    for name, x in numbers.items():
        name = as_read(name)
        if name in named:
            raise ValueError(f"{name} has two numbers")
        named[name] = Value(x, name)
    return named


def _step(name: str, part: ast.expr, known: Mapping[str, Any], used: set[str]) -> Any:
    """What a named step is: a Value that has the name as its label, unless it has one, or a list."""
    output = _value(part, known, used)
    if name in known:
        raise ValueError(f"{name} is there already: give the step another name")
    if isinstance(output, float):
        output = Value(output)
    if isinstance(output, Value) and not output.label:
        output.label = name
    return output


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
            if name in known:
                used.add(name)
                return known[name]
            if name in CONSTANTS:
                return CONSTANTS[name]
            if name in OPERATIONS:
                raise ValueError(f"{name} is an operation: write {name}(x)")
            raise ValueError(f"{name} has no number: add {name}=1{did_you_mean(name, known)}")
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
            if name not in _operations():
                raise ValueError(_no_operation(name, known))
            return _applied(name, [_value(part, known, used) for part in parts])
        case ast.Call(func=ast.Attribute(value=x, attr=name), args=parts, keywords=[]) if name in _operations():
            operands = parts if isinstance(x, ast.Name) and x.id not in known else [x, *parts]  # np.exp(x), or x.exp()
            raise ValueError(f"{_shown(tree)} is not read; did you mean {name}({', '.join(map(_shown, operands))})?")
    raise ValueError(f"{_shown(tree)} is not allowed: only numbers, names, + - * / ** and the operations")


def _no_operation(name: str, known: Mapping[str, Any]) -> str:
    """What to say of a name that is called like an operation."""
    if name in known:
        return f"{name} is no operation; a product is written {name} * (...)"
    if name in ELSEWHERE:
        return f"{name} is no operation; did you mean {ELSEWHERE[name]}?"
    names = _operations()
    return f"{name} is no operation" + (did_you_mean(name, names) or f": there are {', '.join(names)}")


def _operations() -> list[str]:
    """The operations that a person would use: not those that rules alone call."""
    return [op for op in OPERATIONS if not (op in ROWS and ROWS[op].for_rules)]


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
    return _clipped(ast.unparse(tree))


def _clipped(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
