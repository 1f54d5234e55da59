"""The table of operations: a row each, in the letters of a calculus book.

``x`` and ``y`` are the operands, ``z`` is the result. Everything else is read from here: the eager functions
(:mod:`autograd_lite.value`), derivatives of derivatives (:mod:`autograd_lite.backprop`), pictures and programs.
To add an operation, add its row.

A rule uses numbers, ``+ - * /`` and functions that are rows themselves, so that it can be differentiated again. Among equal
formulas the one that stays accurate for large ``|x|`` is chosen: ``sigmoid(-x)`` for ``1 - z``, ``sech(x)**2`` for ``1 - z**2``.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import copysign, inf, nan
from types import CodeType
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Row(NamedTuple):
    """An operation: its formula, its local derivative by each operand, and what it needs of them.

    `textbook` has the local derivatives as a textbook writes them, for showing, where those are other formulas.
    With a `parameter`, a plain number as y is a parameter, not a variable: its local derivative is recorded as 0.
    The parameter's value is the default for y, nan if there is no default.
    """

    formula: str
    derivatives: tuple[str, ...]
    needs: str = ""
    parameter: float | None = None
    textbook: tuple[str, ...] = ()


class Family(NamedTuple):
    """An operation over any number of operands, in groups ``w1 x1, w2 x2, ...`` and perhaps a last one, ``tail``.

    Its formula is the sum over the groups of the product of each, plus ``tail``; or ``call`` of all the operands.
    `derivatives` has one rule for each letter; in it, a letter is the operand of the same group.
    """

    derivatives: dict[str, str]
    tail: str = ""
    call: str = ""

    @property
    def letters(self) -> list[str]:
        """The letters of a group."""
        return [letter for letter in self.derivatives if letter != self.tail]

    def split(self, x: Sequence[T]) -> list[Sequence[T]]:
        """The operands by letter: ``w1 .. wn``, ``x1 .. xn``, and the last one if there is a tail."""
        count = (len(x) - len(self.tail)) // len(self.letters)
        parts = [x[k * count : (k + 1) * count] for k in range(len(self.letters))]
        return parts + [x[len(x) - 1 :]] * len(self.tail)


def row(formula: str, *derivatives: str, needs: str = "", parameter: float | None = None, textbook: tuple[str, ...] = ()) -> Row:
    return Row(formula, derivatives, needs, parameter, textbook)


# fmt: off
ROWS: dict[str, Row] = {
    #                   z                    dz/dx                                    dz/dy
    "add":          row("x + y",             "1",                                     "1"),
    "sub":          row("x - y",             "1",                                     "-1"),
    "mul":          row("x * y",             "y",                                     "x"),
    "div":          row("x / y",             "1 / y",                                 "-z / y",
                        needs="y != 0"),
    "neg":          row("-x",                "-1"),
    # x**0 has derivative 0, also at 0; 0**y has derivative 0 by y; by y it is nan for x < 0; a constant exponent has none
    "pow":          row("pow(x, y)",         "y * pow(x, y - 1)",                     "z * log(x)",
                        needs="x > 0, or x = 0 with y >= 0, or x < 0 with a whole number y", parameter=nan),
    "exp":          row("exp(x)",            "z"),
    "expm1":        row("expm1(x)",          "exp(x)"),
    "log":          row("log(x)",            "1 / x",                                 needs="x > 0"),
    "log1p":        row("log1p(x)",          "1 / (1 + x)",                           needs="x > -1"),
    "sqrt":         row("sqrt(x)",           "0.5 / z",                               needs="x >= 0"),        # inf at 0
    "sin":          row("sin(x)",            "cos(x)",                                needs="a finite x"),
    "cos":          row("cos(x)",            "-sin(x)",                               needs="a finite x"),
    "tan":          row("tan(x)",            "1 + z * z",                             needs="a finite x",
                        textbook=("1 + pow(z, 2)",)),
    "asin":         row("asin(x)",           "asin_slope(x)",                         needs="-1 <= x <= 1",   # inf at -1, 1
                        textbook=("1 / sqrt(1 - pow(x, 2))",)),
    "acos":         row("acos(x)",           "-asin_slope(x)",                        needs="-1 <= x <= 1",
                        textbook=("-1 / sqrt(1 - pow(x, 2))",)),
    "asin_slope":   row("asin_slope(x)",     "x * z * z * z",                         needs="-1 < x < 1"),    # 1/sqrt(1 - x*x)
    "atan":         row("atan(x)",           "1 / (1 + x * x)",                       textbook=("1 / (1 + pow(x, 2))",)),
    # by convention 0 at x = y = 0, as in hypot
    "atan2":        row("atan2(x, y)",       "y / hypot(x, y) / hypot(x, y)",         "-x / hypot(x, y) / hypot(x, y)",
                        textbook=("y / (pow(x, 2) + pow(y, 2))", "-x / (pow(x, 2) + pow(y, 2))")),
    "hypot":        row("hypot(x, y)",       "x / z",                                 "y / z"),
    "sinh":         row("sinh(x)",           "cosh(x)"),
    "cosh":         row("cosh(x)",           "sinh(x)"),
    "tanh":         row("tanh(x)",           "sech(x) * sech(x)",                     textbook=("1 - pow(z, 2)",)),
    "sech":         row("sech(x)",           "-z * tanh(x)"),
    "erf":          row("erf(x)",            "1.1283791670955126 * exp(-x * x)"),     # 2/sqrt(pi)
    "erfc":         row("erfc(x)",           "-1.1283791670955126 * exp(-x * x)"),
    "sigmoid":      row("sigmoid(x)",        "z * sigmoid(-x)",                       textbook=("z * (1 - z)",)),
    "softplus":     row("softplus(x)",       "sigmoid(x)"),
    "silu":         row("x * sigmoid(x)",    "sigmoid(x) * (1 + x * sigmoid(-x))",    textbook=("z + sigmoid(x) * (1 - z)",)),
    # 1/sqrt(2) and 1/sqrt(2*pi): x times the normal distribution function, and that function plus x times its density
    "gelu":         row("0.5 * x * erfc(-0.7071067811865476 * x)",
                        "0.5 * erfc(-0.7071067811865476 * x) + 0.3989422804014327 * x * exp(-0.5 * x * x)"),
    "relu":         row("relu(x)",           "step(x)"),                              # 0 at 0
    "leaky_relu":   row("x * (step(x) + y * (1 - step(x)))",
                        "step(x) + y * (1 - step(x))",            "x * (1 - step(x))",      parameter=0.01),    # y at 0
    "elu":          row("relu(x) + y * expm1(-relu(-x))",
                        "step(x) + y * (1 - step(x)) * exp(x * (1 - step(x)))",
                        "expm1(x * (1 - step(x)))",                                         parameter=1.0),     # y at 0
    "abs":          row("abs(x)",            "sign(x)"),                              # 0 at 0
    "sign":         row("sign(x)",           "0"),
    "step":         row("step(x)",           "0"),                                    # 0 at 0
    # a tie is split in halves
    "maximum":      row("maximum(x, y)",     "0.5 + 0.5 * sign(x - y)",               "0.5 - 0.5 * sign(x - y)"),
    "minimum":      row("minimum(x, y)",     "0.5 - 0.5 * sign(x - y)",               "0.5 + 0.5 * sign(x - y)"),
}

FAMILIES: dict[str, Family] = {
    "sum_":         Family({"x": "1"}),
    "dot":          Family({"w": "x", "x": "w"}),
    "linear":       Family({"w": "x", "x": "w", "b": "1"},     tail="b"),
    "logsumexp":    Family({"x": "exp(x - z)"},                call="logsumexp"),
}
# fmt: on


def operands(op: str, arity: int) -> list[str]:
    """The name of each operand of `op` in its formula: ``x y``, or ``w1 w2 x1 x2 b`` for a family of that many operands."""
    if op in ROWS:
        return ["x", "y"][:arity]
    family = FAMILIES[op]
    count = (arity - len(family.tail)) // len(family.letters)
    return [f"{letter}{i}" for letter in family.letters for i in range(1, count + 1)] + list(family.tail)


def formula(op: str, arity: int) -> str:
    """The formula of `op` with that many operands, in the letters of `operands`."""
    if op in ROWS:
        return ROWS[op].formula
    family = FAMILIES[op]
    names = operands(op, arity)
    if family.call:
        return f"{family.call}({', '.join(names)})"
    groups = zip(*family.split(names)[: len(family.letters)])
    return " + ".join([" * ".join(group) for group in groups] + list(family.tail))


def derivative_rules(op: str, arity: int) -> list[tuple[str, dict[str, int]]]:
    """For each operand, its derivative's text and which operand each letter in it stands for."""
    if op in ROWS:
        return [(text, {"x": 0, "y": arity - 1}) for text in ROWS[op].derivatives]
    family = FAMILIES[op]
    parts = family.split(range(arity))
    groups = [dict(zip(family.letters, group)) for group in zip(*parts[: len(family.letters)])]
    rules = [(family.derivatives[letter], group) for letter in family.letters for group in groups]
    return rules + [(family.derivatives[letter], {}) for letter in family.tail]


# Numbers: the functions of the rows, on floats -----------------------------------------------------------------------


def sigmoid(x: float) -> float:
    try:
        return 1.0 / (1.0 + math.exp(-x))
    except OverflowError:
        return math.exp(x)


def softplus(x: float) -> float:
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x)))


def sech(x: float) -> float:
    try:
        return 1.0 / math.cosh(x)
    except OverflowError:
        return 2.0 * math.exp(-abs(x))


def relu(x: float) -> float:
    return 0.0 if x <= 0 else x  # in this order, nan stays nan


def step(x: float) -> float:
    return 1.0 if x > 0 else 0.0


def sign(x: float) -> float:
    return 1.0 if x > 0 else -1.0 if x < 0 else x  # 0.0, -0.0 and nan stay


def maximum(x: float, y: float) -> float:
    return x if x > y or x != x else y


def minimum(x: float, y: float) -> float:
    return x if x < y or x != x else y


def power(x: float, y: float) -> float:
    if x == 0 and y < 0:
        raise ZeroDivisionError
    return math.pow(x, y)  # x ** y would turn complex


def asin_slope(x: float) -> float:
    return 1.0 / math.sqrt((1.0 - x) * (1.0 + x))


def logsumexp(*xs: float) -> float:
    largest = max(xs)
    if math.isinf(largest):
        return largest
    return largest + math.log(sum([math.exp(x - largest) for x in xs]))


FLOATS: dict[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in ROWS if hasattr(math, name)},
    **{f.__name__: f for f in (sigmoid, softplus, sech, relu, step, sign, maximum, minimum, asin_slope, logsumexp)},
    "abs": abs,
    "pow": power,
}

# Speed: what the eager functions write in place of a call. Where one of these fails, the function above decides.
INLINE = {
    "sech(x) * sech(x)": "(1.0 / cosh(x)) ** 2",
    "sigmoid(x)": "(1.0 / (1.0 + exp(-x)))",
    "sigmoid(-x)": "(1.0 / (1.0 + exp(x)))",
    "relu(x)": "(0.0 if x <= 0.0 else x)",
    "step(x)": "(1.0 if x > 0.0 else 0.0)",
}


# What compiles a row: the eager function as Python source -------------------------------------------------------------

_FUNCTION = """
def {function}({parameters}):
    if special:
        return special_way({function!r}, {op!r}, ({arguments},))
    try:
        {lines}
    except Exception:
        return {otherwise}({op!r}, ({operands},))
    node = new(Value)
    node._data = z
    node.grad = 0.0
    node.op = {op!r}
    node.label = ""
    node._x = {x}
    node._y = {y}
    node._dx = {dx}
    node._dy = {dy}
    return node
"""


def _spelled(text: str) -> str:
    """A rule as the eager functions write it: a number as a float, some calls inline."""
    if text.lstrip("-").isdigit():
        return repr(float(text))
    for call, spelling in INLINE.items():
        text = text.replace(call, spelling)
    return text


def row_source(op: str, function: str, otherwise: str = "otherwise") -> str:
    """The eager function of a row as Python source, in the letters of the table; p and q are the Values of x and y.

    >>> print(row_source("tanh", "tanh"))
    <BLANKLINE>
    def tanh(p):
        if special:
            return special_way('tanh', 'tanh', (p,))
        try:
            x = p._data
            z = tanh(x)
            dx = (1.0 / cosh(x)) ** 2
        except Exception:
            return otherwise('tanh', (p,))
        node = new(Value)
        node._data = z
        node.grad = 0.0
        node.op = 'tanh'
        node.label = ""
        node._x = p
        node._y = None
        node._dx = dx
        node._dy = None
        return node
    <BLANKLINE>

    `special` is true in a mode such as `no_grad`. A function named ``..._parameter`` is for a plain number as y; one named
    ``__...__`` is an operator, for which `otherwise` leaves an unknown operand its turn.
    """
    row = ROWS[op]
    derivatives = [_spelled(text) for text in row.derivatives]
    lines = ["x = p._data", "y = q._data"][: len(derivatives)]
    default = ""
    if function.endswith("_parameter"):
        derivatives[1] = "0.0"
    elif function.startswith("__") and row.parameter is None:
        lines.insert(1, f"if type(q) is not Value: return {otherwise}({op!r}, (p, q))")
    elif row.parameter is not None:
        lines.insert(1, f"if type(q) is float or type(q) is int: return {op}_parameter(p, constant(q, {op!r}))")
        default = "" if math.isnan(row.parameter) else f"={row.parameter}"
    lines.append(f"z = {_spelled(row.formula)}")
    for i, (name, text) in enumerate(zip(("dx", "dy"), derivatives)):
        if text not in ("x", "y", "z", "0.0", "1.0", "-1.0"):
            lines.append(f"{name} = {text}")
            derivatives[i] = name
    binary = len(derivatives) == 2
    values = "p, q" if binary else "p"
    return _FUNCTION.format(
        function=function,
        op=op,
        parameters=values + default,
        arguments=values,
        operands=values,
        otherwise=otherwise,
        lines="\n        ".join(lines),
        x="p",
        y="q" if binary else "None",
        dx=derivatives[0],
        dy=derivatives[1] if binary else "None",
    )


def family_source(op: str, function: str, count: int) -> str:
    """The eager function of a family for `count` groups of operands: ws, xs and p are the Values; w1, x1, b the numbers."""
    family = FAMILIES[op]
    letters = family.letters
    arity = len(letters) * count + len(family.tail)
    names = operands(op, arity)
    lines = []
    for k, letter in enumerate(letters):
        group = names[k * count : (k + 1) * count]
        lines += [f"{', '.join(group)}, = {letter}s"] + [f"{name} = {name}._data" for name in group]
    lines += [f"{family.tail} = p._data"] * bool(family.tail)
    if family.call == "logsumexp":
        lines += [f"largest = max(({', '.join(names)},))", "if largest - largest: raise ValueError  # infinite"]
        lines += [f"z = largest + log({' + '.join(f'exp({name} - largest)' for name in names)})"]
    else:
        lines += [f"z = {formula(op, arity)}"]
    derivatives = []
    for text, places in derivative_rules(op, arity):
        own_names = {letter: names[i] for letter, i in places.items()}
        derivatives.append(re.sub(r"\b[wxb]\b", lambda letter, own=own_names: own[letter[0]], _spelled(text)))  # type: ignore
    lines.append(f"dx = ({', '.join(derivatives)},)")
    arguments = ", ".join([f"{letter}s" for letter in letters] + ["p"] * bool(family.tail))
    values = ", ".join([f"*{letter}s" for letter in letters] + ["p"] * bool(family.tail))
    return _FUNCTION.format(
        function=function,
        op=op,
        parameters=arguments,
        arguments=arguments,
        operands=values,
        otherwise="otherwise",
        lines="\n        ".join(lines),
        x=f"({values},)",
        y="...",
        dx="dx",
        dy="None",
    )


# Where a derivative does not exist -----------------------------------------------------------------------------------


def _ieee(function: Callable[..., float], *args: float) -> float:
    """The function as IEEE 754 has it: infinite or nan where Python's raises."""
    try:
        return function(*args)
    except OverflowError:
        odd = args[0] if function is math.sinh else 1.0
        if function is power and args[0] < 0 and math.fmod(args[1], 2.0):
            odd = -1.0
        return copysign(inf, odd)
    except (ValueError, ZeroDivisionError):
        if (function, args[0]) in ((math.log, 0.0), (math.log1p, -1.0)):
            return -inf
        if function is asin_slope and abs(args[0]) == 1:
            return inf
        if function is power and args[0] == 0:
            return copysign(inf, args[0]) if math.fmod(args[1], 2.0) in (1.0, -1.0) else inf
        return nan


def divide(x: float, y: float) -> float:
    """x / y as IEEE 754 has it."""
    if y:
        return x / y
    return nan if x != x or x == 0 else copysign(inf, x) * copysign(1.0, y)


IEEE: dict[str, Any] = {
    **{name: (lambda *args, _f=function: _ieee(_f, *args)) for name, function in FLOATS.items()},
    "divide": divide,
}

# Local derivatives at a singular point: 0 times or over anything is 0, and 0**y does not depend on y. So are x**0, hypot and
# atan2 at 0 what PyTorch and JAX make of them (or, where these disagree, 0, as for abs).
SINGULAR: dict[str, Any] = {
    **IEEE,
    "times": lambda x, y: 0.0 if x == 0 or y == 0 else x * y,
    "divide": lambda x, y: 0.0 if x == 0 else divide(x, y),
    "log": lambda x: 0.0 if x == 0 else _ieee(math.log, x),
}


class _Spell(ast.NodeTransformer):
    """Writes the operators of an expression as calls: ``x / y`` as ``divide(x, y)``."""

    def __init__(self, spellings: Mapping[type[ast.AST], str]) -> None:
        self.spellings = spellings

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(float(node.value))  # type: ignore[arg-type]

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = self.spellings.get(type(node.op))
        return ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], []) if name else node


@cache
def rule(text: str, operators: tuple[tuple[type[ast.AST], str], ...]) -> CodeType:
    """The code of an expression, with its numbers as floats and these operators written as calls of these names."""
    tree = _Spell(dict(operators)).visit(ast.parse(text, mode="eval"))
    return compile(ast.fix_missing_locations(tree), f"<rule {text}>", "eval")


def value(op: str, x: Sequence[float], functions: dict[str, Any] = FLOATS) -> float:
    """The value of `op` for floats; with the functions `IEEE` it is infinite or nan where Python raises."""
    if op in ROWS:
        operators = ((ast.Div, "divide"),) if functions is IEEE else ()
        return float(eval(rule(ROWS[op].formula, operators), functions, {"x": x[0], "y": x[-1]}))
    family = FAMILIES[op]
    if family.call:
        return float(functions[family.call](*x))
    parts = family.split(x)
    total = 0.0  # from left to right, as the formula has it, so that every program gives the same
    for term in itertools.chain(map(math.prod, zip(*parts[: len(family.letters)])), *parts[len(family.letters) :]):
        total += term
    return total


def local_derivatives(op: str, x: Sequence[float], z: float) -> list[float]:
    """The local derivatives of `op` at any point."""
    if op in FAMILIES and not FAMILIES[op].call:  # by a rule that is a letter or a number
        parts: dict[str, Sequence[float]] = dict(zip(FAMILIES[op].derivatives, FAMILIES[op].split(x)))
        return [d for letter, text in FAMILIES[op].derivatives.items() for d in parts.get(text) or [1.0] * len(parts[letter])]
    rules = derivative_rules(op, len(x))
    return [derivative(text, {"z": z, **{letter: x[i] for letter, i in letters.items()}}) for text, letters in rules]


def derivative(text: str, numbers: dict[str, float]) -> float:
    """A rule on floats, by the conventions beside the rows where it has no value."""
    return float(eval(rule(text, ((ast.Div, "divide"), (ast.Mult, "times"))), SINGULAR, numbers))
