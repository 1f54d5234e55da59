"""The table of operations: a row each, in the letters of a calculus book.

``x`` and ``y`` are the operands, ``z`` is the result. Everything else is read from here: the eager functions
(:mod:`autograd_lite.value`), derivatives of derivatives (:mod:`autograd_lite.backprop`), pictures and programs.
To add an operation, add its row.

A rule uses numbers, ``+ - * /`` and functions that are rows themselves, so that it can be differentiated again. Among equal
formulas the one that stays accurate for large ``|x|`` is chosen: ``sigmoid(-x)`` for ``1 - z``, ``sech(x)**2`` for ``1 - z**2``.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """An operation over any number of operands, in groups ``w1 x1, w2 x2, ...`` and perhaps a single one: `head` or `tail`.

    The operands are ``head, w1 .. wn, x1 .. xn, tail``. `formula` has a letter for that of a group, and for the single one;
    ``total(...)`` is the sum of what is in it over the groups, ``product(...)`` the product, ``*xs`` are all the x, ``*all`` all
    operands. `derivatives` has one rule for each letter; in it, a letter is the operand of the same group, ``*others`` are the
    head and the other x, ``*before`` the x before it, and ``*after`` those after it, from the last on. `stable` is what programs
    compute, where that is another formula; what several nodes share (the largest operand) is computed once.
    """

    formula: str
    derivatives: dict[str, str]
    head: str = ""
    tail: str = ""
    stable: str = ""

    @property
    def letters(self) -> list[str]:
        """The letters of a group."""
        return [letter for letter in self.derivatives if letter not in (self.head, self.tail)]

    def split(self, x: Sequence[T]) -> list[Sequence[T]]:
        """The operands by letter: the head if there is one, ``w1 .. wn``, ``x1 .. xn``, and the tail if there is one."""
        inner = x[len(self.head) : len(x) - len(self.tail)]
        count = len(inner) // len(self.letters)
        parts = [inner[k * count : (k + 1) * count] for k in range(len(self.letters))]
        return [*[x[:1]] * len(self.head), *parts, *[x[len(x) - 1 :]] * len(self.tail)]


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
    "pow":          row("pow(x, y)",         "where(where(y, 1, x), y * pow(x, y - 1), 0)", "where(x, z * log(x), 0)",
                        needs="x > 0, or x = 0 with y >= 0, or x < 0 with a whole number y", parameter=nan,
                        textbook=("y * pow(x, y - 1)", "z * log(x)")),
    "square":       row("x * x",             "2 * x"),
    "reciprocal":   row("1 / x",             "-z / x",                                needs="x != 0"),
    "exp":          row("exp(x)",            "z"),
    "exp2":         row("pow(2, x)",         "0.6931471805599453 * z"),               # log(2)
    "expm1":        row("expm1(x)",          "exp(x)"),
    "log":          row("log(x)",            "1 / x",                                 needs="x > 0"),
    "log2":         row("log2(x)",           "1.4426950408889634 / x",                needs="x > 0"),       # 1/log(2)
    "log10":        row("log10(x)",          "0.4342944819032518 / x",                needs="x > 0"),       # 1/log(10)
    "log1p":        row("log1p(x)",          "1 / (1 + x)",                           needs="x > -1"),
    "xlogy":        row("where(x, x * log(y), 0)",
                        "where(where(x, 1, y), log(y), 0)",      "where(where(x, 1, y), x / y, 0)",
                        needs="y > 0, or x = 0", textbook=("log(y)", "x / y")),       # 0 at x = y = 0
    "logaddexp":    row("logaddexp(x, y)",   "sigmoid(x - y)",                        "sigmoid(y - x)"),
    "sqrt":         row("sqrt(x)",           "0.5 / z",                               needs="x >= 0"),        # inf at 0
    "rsqrt":        row("1 / sqrt(x)",       "-0.5 * z / x",                          needs="x > 0"),
    "cbrt":         row("cbrt(x)",           "1 / (3 * z * z)"),                      # inf at 0
    "sin":          row("sin(x)",            "cos(x)",                                needs="a finite x"),
    "cos":          row("cos(x)",            "-sin(x)",                               needs="a finite x"),
    "tan":          row("tan(x)",            "1 + z * z",                             needs="a finite x",
                        textbook=("1 + pow(z, 2)",)),
    "asin":         row("asin(x)",           "asin_slope(x)",                         needs="-1 <= x <= 1",   # inf at -1, 1
                        textbook=("1 / sqrt(1 - pow(x, 2))",)),
    "acos":         row("acos(x)",           "-asin_slope(x)",                        needs="-1 <= x <= 1",
                        textbook=("-1 / sqrt(1 - pow(x, 2))",)),
    "asin_slope":   row("asin_slope(x)",     "x * z * z * z",                         needs="-1 < x < 1"),    # 1/sqrt(1 - x*x)
    "atan":         row("atan(x)",           "1 / hypot(1, x) / hypot(1, x)",         textbook=("1 / (1 + pow(x, 2))",)),
    # by convention 0 at x = y = 0, as in hypot
    "atan2":        row("atan2(x, y)",       "where(hypot(x, y), y / hypot(x, y) / hypot(x, y), 0)",
                                             "where(hypot(x, y), -x / hypot(x, y) / hypot(x, y), 0)",
                        textbook=("y / (pow(x, 2) + pow(y, 2))", "-x / (pow(x, 2) + pow(y, 2))")),
    "hypot":        row("hypot(x, y)",       "hypot_slope(x, y)",                     "hypot_slope(y, x)",
                        textbook=("x / z", "y / z")),
    "hypot_slope":  row("where(hypot(x, y), x / hypot(x, y), 0)",
                        "where(hypot(x, y), hypot_slope(y, x) * hypot_slope(y, x) / hypot(x, y), 0)",
                        "where(hypot(x, y), -z * hypot_slope(y, x) / hypot(x, y), 0)"),
    "sinh":         row("sinh(x)",           "cosh(x)"),
    "cosh":         row("cosh(x)",           "sinh(x)"),
    "tanh":         row("tanh(x)",           "sech(x) * sech(x)",                     textbook=("1 - pow(z, 2)",)),
    "sech":         row("sech(x)",           "-z * tanh(x)"),
    "asinh":        row("asinh(x)",          "1 / hypot(1, x)",                       textbook=("1 / sqrt(1 + pow(x, 2))",)),
    "acosh":        row("acosh(x)",          "1 / (sqrt(x - 1) * sqrt(x + 1))",       needs="x >= 1",         # inf at 1
                        textbook=("1 / sqrt(pow(x, 2) - 1)",)),
    "atanh":        row("atanh(x)",          "asin_slope(x) * asin_slope(x)",         needs="-1 < x < 1",
                        textbook=("1 / (1 - pow(x, 2))",)),
    "erf":          row("erf(x)",            "1.1283791670955126 * exp(-x * x)"),     # 2/sqrt(pi)
    "erfc":         row("erfc(x)",           "-1.1283791670955126 * exp(-x * x)"),
    "sigmoid":      row("sigmoid(x)",        "sigmoid_slope(x)",                      textbook=("z * (1 - z)",)),
    "sigmoid_slope": row("sigmoid(x) * sigmoid(-x)", "-z * tanh(0.5 * x)"),
    "logsigmoid":   row("-softplus(-x)",     "sigmoid(-x)"),
    "softplus":     row("softplus(x)",       "sigmoid(x)"),
    "softsign":     row("x / (1 + abs(x))",  "1 / (1 + abs(x)) / (1 + abs(x))",       textbook=("1 / pow(1 + abs(x), 2)",)),
    "silu":         row("silu(x)",           "sigmoid(x) + z * sigmoid(-x)",          textbook=("z + sigmoid(x) * (1 - z)",)),
    "mish":         row("mish(x)",           "tanh(softplus(x)) + sech(softplus(x)) * sech(softplus(x)) * silu(x)"),
    # the normal distribution function, 1/2 erfc(-x/sqrt(2)), plus x times its density
    "gelu":         row("gelu(x)",           "0.5 * erfc(-0.7071067811865476 * x) + "
                                             "0.3989422804014327 * x * exp(-0.25 * x * x) * exp(-0.25 * x * x)",
                        textbook=("0.5 * erfc(-x / sqrt(2)) + x * exp(-pow(x, 2) / 2) / sqrt(2 * 3.141592653589793)",)),
    "relu":         row("relu(x)",           "step(x)"),                              # 0 at 0
    "relu6":        row("minimum(relu(x), 6)", "step(x) * step(6 - x)"),              # 0 at 0 and at 6
    "hardtanh":     row("minimum(maximum(x, -1), 1)", "step(x + 1) * step(1 - x)"),   # 0 at -1 and at 1
    # at 0 the derivative is that of the left side
    "leaky_relu":   row("where(step(x), x, y * x)",
                        "where(step(x), 1, y)",               "where(step(x), 0, x)",       parameter=0.01),
    "elu":          row("where(step(x), x, y * expm1(where(step(x), 0, x)))",
                        "where(step(x), 1, y * exp(where(step(x), 0, x)))",
                        "expm1(where(step(x), 0, x))",                                      parameter=1.0),
    "selu":         row("1.0507009873554805 * where(step(x), x, 1.6732632423543772 * expm1(where(step(x), 0, x)))",
                        "1.0507009873554805 * where(step(x), 1, 1.6732632423543772 * exp(where(step(x), 0, x)))"),
    "abs":          row("abs(x)",            "sign(x)"),                              # 0 at 0
    "sign":         row("sign(x)",           "0"),
    "step":         row("step(x)",           "0"),                                    # 0 at 0
    "equal":        row("equal(x, y)",       "0",                                     "0"),
    "floor":        row("floor(x)",          "0"),
    "ceil":         row("ceil(x)",           "0"),
    "round":        row("round(x)",          "0"),                                    # a half goes to the even neighbour
    # a tie is split in halves
    "maximum":      row("maximum(x, y)",     "equal(x, z) / (1 + equal(x, y))",       "equal(y, z) / (1 + equal(x, y))"),
    "minimum":      row("minimum(x, y)",     "equal(x, z) / (1 + equal(x, y))",       "equal(y, z) / (1 + equal(x, y))"),
    # x between the bounds y and w, where its derivative is 1; w if y > w
    "clamp":        row("minimum(maximum(x, y), w)",
                        "where(step(y - x), 0, where(step(x - w), 0, 1))",
                        "where(step(y - x), where(step(w - y), 1, 0), 0)",
                        "where(step(maximum(x, y) - w), 1, 0)"),
    # y where x is not 0, else w
    "where":        row("where(x, y, w)",    "0",    "where(x, 1, 0)",    "where(x, 0, 1)"),
}

FAMILIES: dict[str, Family] = {
    "sum_":         Family("total(x)",               {"x": "1"}),
    "dot":          Family("total(w * x)",           {"w": "x", "x": "w"}),
    "linear":       Family("total(w * x) + b",       {"w": "x", "x": "w", "b": "1"},     tail="b"),
    "prod":         Family("product(x)",             {"x": "prod(*before) * prod(*after)"}),
    # a tie is split evenly
    "max_":         Family("max_(*xs)",              {"x": "equal(x, z) / count(z, *xs)"}),
    "min_":         Family("min_(*xs)",              {"x": "equal(x, z) / count(z, *xs)"}),
    # how many of the x are equal to b
    "count":        Family("total(equal(x, b))",     {"b": "0", "x": "0"},               head="b"),
    "logsumexp":    Family("logsumexp(*xs)",         {"x": "softmax(x, *others)"}),
    # the share of b; the x are the others
    "softmax":      Family("exp(b) / (exp(b) + total(exp(x)))",
                           {"b": "z * unlike(b, *others)", "x": "-z * softmax(x, *others)"},  head="b",
                           stable="exp(b - max_(*all)) / (1 + sumexpm1(*all))"),
    # 1 - softmax
    "unlike":       Family("total(exp(x)) / (exp(b) + total(exp(x)))",
                           {"b": "-z * softmax(b, *others)", "x": "softmax(x, *others) * softmax(b, *xs)"},  head="b",
                           stable="(sumexpm1(*all) + (1 - exp(b - max_(*all)))) / (1 + sumexpm1(*all))"),
    "log_softmax":  Family("b - logsumexp(*all)",    {"b": "unlike(b, *others)", "x": "-softmax(x, *others)"},  head="b",
                           stable="(b - max_(*all)) - log1p(sumexpm1(*all))"),
    # the cross-entropy of a class: minus the logarithm of its share
    "nll":          Family("logsumexp(*all) - b",    {"b": "-unlike(b, *others)", "x": "softmax(x, *others)"},  head="b",
                           stable="log1p(sumexpm1(*all)) + (max_(*all) - b)"),
    # with a weight, the target, for each class
    "weighted_nll": Family("total(w * (logsumexp(*xs) - x))",
                           {"w": "nll(x, *others)", "x": "softmax(x, *others) * (sum_(*ws) - w) - w * unlike(x, *others)"},
                           stable="total(where(w, w * (log1p(sumexpm1(*xs)) + (max_(*xs) - x)), 0))"),
}
# fmt: on


# What is taken over the groups of a family, and the operator that does it
OVER_GROUPS: dict[str, type[ast.operator]] = {"total": ast.Add, "product": ast.Mult}


def operands(op: str, arity: int) -> list[str]:
    """The name of each operand of `op` in its formula: ``x y w``, or ``w1 w2 x1 x2 b`` for a family of that many operands."""
    if op in ROWS:
        return ["x", "y", "w"][:arity]
    family = FAMILIES[op]
    count = (arity - len(family.head + family.tail)) // len(family.letters)
    return [*family.head, *[f"{letter}{i}" for letter in family.letters for i in range(1, count + 1)], *family.tail]


def named(op: str, x: Sequence[T]) -> dict[str, Any]:
    """What each name in the formula of `op` stands for, of these operands."""
    if op in ROWS:
        return dict(zip("xyw", x))
    return {**_together(FAMILIES[op], x), "all": tuple(x)}


def groups(names: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a total is over: of names in which ``xs`` are all the x, what the letters of each group stand for."""
    letters = [name[0] for name in names if name[1:] == "s"]
    return [dict(zip(letters, group)) for group in zip(*[names[f"{letter}s"] for letter in letters])]


def _together(family: Family, x: Sequence[T]) -> dict[str, Any]:
    """The operands of each letter of a group, as ``xs``, and the single one."""
    single = family.head + family.tail
    parts = zip(family.derivatives, family.split(x))
    return dict([(letter, part[0]) if letter in single else (f"{letter}s", tuple(part)) for letter, part in parts])


def derivative(op: str, x: Sequence[T], i: int) -> tuple[str, dict[str, Any]]:
    """The text of the derivative by the i-th operand, and what each name in it stands for, of these operands."""
    if op in ROWS:
        return ROWS[op].derivatives[i], dict(zip("xyw", x))
    family = FAMILIES[op]
    head, letters = len(family.head), family.letters
    count = (len(x) - head - len(family.tail)) // len(letters)
    k, at = divmod(i - head, count) if count else (-head, 0)
    if not 0 <= k < len(letters):
        text = family.derivatives[family.head or family.tail]
        return text, {**_together(family, x), "others": tuple(x[head : len(x) - len(family.tail)])}
    text, group = family.derivatives[letters[k]], {letter: x[head + j * count + at] for j, letter in enumerate(letters)}
    if "*" not in text:
        return text, group
    names = _together(family, x)
    before, after = names["xs"][:at], names["xs"][at + 1 :]
    return text, {**names, **group, "others": (*x[:head], *before, *after), "before": before, "after": after[::-1]}


def other_factors(op: str, x: Sequence[T]) -> list[T | float]:
    """The derivatives by these operands of a family that is a sum of products: each by a rule that is a letter or a number."""
    parts = dict(zip(FAMILIES[op].derivatives, FAMILIES[op].split(x)))
    found: list[T | float] = []
    for letter, text in FAMILIES[op].derivatives.items():
        found += parts[text] if text in parts else [float(text)] * len(parts[letter])
    return found


class _Named(ast.NodeTransformer):
    """Writes out what the names of a formula stand for."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.get(node.id, node.id))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id  # type: ignore[attr-defined]
        if name in OVER_GROUPS:
            terms = [_Named({**self.names, **group}).visit(copy.deepcopy(node.args[0])) for group in groups(self.names)]
            return functools.reduce(lambda total, term: ast.BinOp(total, OVER_GROUPS[name](), term), terms)  # type: ignore
        operands: list[ast.AST] = []
        for operand in node.args:
            if isinstance(operand, ast.Starred):
                operands += [ast.Name(of) for of in self.names[operand.value.id]]  # type: ignore[attr-defined]
            else:
                operands.append(self.visit(operand))
        return ast.Call(node.func, operands, [])  # type: ignore[arg-type]


def formula(op: str, arity: int) -> str:
    """The formula of `op` with that many operands, in the letters of `operands`.

    >>> formula("linear", 5), formula("softmax", 2)
    ('w1 * x1 + w2 * x2 + b', 'exp(b) / (exp(b) + exp(x1))')
    """
    tree = ast.parse((ROWS.get(op) or FAMILIES[op]).formula, mode="eval")
    return ast.unparse(ast.fix_missing_locations(_Named(named(op, operands(op, arity))).visit(tree)))


def is_composed(name: str) -> bool:
    """Whether it is an operation whose formula is made of others; if not, each dialect has a function of this name."""
    entry = ROWS.get(name) or FAMILIES.get(name)
    return entry is not None and not entry.formula.startswith(f"{name}(")


# Numbers: the functions of the rows, on floats -----------------------------------------------------------------------


def sigmoid(x: float) -> float:
    try:
        return 1.0 / (1.0 + math.exp(-x))
    except OverflowError:
        return math.exp(x)


def softplus(x: float) -> float:
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x)))


def silu(x: float) -> float:
    try:
        return x / (1.0 + math.exp(-x))
    except OverflowError:  # exp(x) alone is among the subnormal numbers, or below
        root = math.exp(0.5 * x)
        return x * root * root


def mish(x: float) -> float:
    """x * tanh(softplus(x)); tanh(log(1 + u)) is (u*u + 2*u) / (u*u + 2*u + 2)."""
    if x > 0:
        u = math.exp(-x)
        return x * ((1.0 + 2.0 * u) / (1.0 + 2.0 * u + 2.0 * u * u))
    root = math.exp(0.5 * x)
    u = root * root
    return x * root * (root * (u + 2.0) / (u * (u + 2.0) + 2.0))


def gelu(x: float) -> float:
    if x < -37.0:  # erfc is among the subnormal numbers: the expansion of Mills' ratio
        root, u = math.exp(-0.25 * x * x), 1.0 / (x * x)
        return (
            -0.3989422804014327 * root * (1.0 - u * (1.0 - 3.0 * u * (1.0 - 5.0 * u * (1.0 - 7.0 * u * (1.0 - 9.0 * u))))) * root
        )
    return 0.5 * x * math.erfc(-0.7071067811865476 * x)


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


def equal(x: float, y: float) -> float:
    return 1.0 if x == y else 0.0


def where(x: float, y: float, w: float) -> float:
    return y if x else w


def floor(x: float) -> float:
    return math.copysign(math.floor(x), x) if math.isfinite(x) else x  # -0.0 stays


def ceil(x: float) -> float:
    return math.copysign(math.ceil(x), x) if math.isfinite(x) else x


def round(x: float) -> float:
    return math.copysign(builtins.round(x), x) if math.isfinite(x) else x


def cbrt(x: float) -> float:
    if x == 0 or not math.isfinite(x):
        return x
    root = math.copysign(abs(x) ** (1 / 3), x)
    return root - (root - x / (root * root)) / 3  # one step of Newton's, for the last bit


def logaddexp(x: float, y: float) -> float:
    if x == y:  # also infinite
        return x + 0.6931471805599453
    return maximum(x, y) + math.log1p(math.exp(-abs(x - y)))


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


# Numbers: families, each with its value and its local derivatives -----------------------------------------------------


def max_(*xs: float) -> float:
    return nan if any(map(math.isnan, xs)) else max(xs)


def min_(*xs: float) -> float:
    return nan if any(map(math.isnan, xs)) else min(xs)


def sumexpm1(*xs: float) -> float:
    """exp(x1 - m) + ... + exp(xn - m) - 1 for the largest, m: without its term, which would round off the others.

    nan if m is infinite.
    """
    return _powers(xs)[2]


def logsumexp(*xs: float) -> float:
    largest = max_(*xs)
    return largest + math.log1p(sumexpm1(*xs)) if math.isfinite(largest) else largest


def _powers(xs: Sequence[float]) -> tuple[float, list[float], float]:
    """The largest, the exponential of each x less it, and the sum of all of these but the first that is 1."""
    largest = max(xs)
    powers = [math.exp(x - largest) for x in xs]
    k = xs.index(largest)
    # fsum: whatever the order. largest - largest is nan if it is infinite or nan
    return largest, powers, math.fsum(powers[:k] + powers[k + 1 :]) + (largest - largest)


def _shares(xs: Sequence[float]) -> tuple[float, float, list[float], list[float]]:
    """The largest, log(sum) less it, the share of each, and 1 less each, as the sum of the others."""
    largest, powers, rest = _powers(xs)
    total = 1.0 + rest
    return largest, math.log1p(rest), [p / total for p in powers], [(rest + (1.0 - p)) / total for p in powers]


def _logsumexp(xs: Sequence[float]) -> tuple[float, list[float]]:
    return logsumexp(*xs), _shares(xs)[2]


def _softmax(xs: Sequence[float]) -> tuple[float, list[float]]:
    _, _, (z, *shares), (rest, *_) = _shares(xs)
    return z, [z * rest, *[-z * share for share in shares]]


def _unlike(xs: Sequence[float]) -> tuple[float, list[float]]:
    _, _, (share, *shares), (z, *_) = _shares(xs)
    return z, [-z * share, *[other * share for other in shares]]


def _log_softmax(xs: Sequence[float]) -> tuple[float, list[float]]:
    largest, log, (_, *shares), (rest, *_) = _shares(xs)
    return (xs[0] - largest) - log, [rest, *[-share for share in shares]]


def _nll(xs: Sequence[float]) -> tuple[float, list[float]]:
    largest, log, (_, *shares), (rest, *_) = _shares(xs)
    return log + (largest - xs[0]), [-rest, *shares]


def _weighted_nll(operands: Sequence[float]) -> tuple[float, list[float]]:
    ws, xs = operands[: len(operands) // 2], operands[len(operands) // 2 :]
    largest, log, shares, unlike = _shares(xs)
    losses = [log + (largest - x) for x in xs]
    weight = _sum(ws)
    derivatives = [share * (weight - w) - w * rest for w, share, rest in zip(ws, shares, unlike)]
    return _sum([w * loss if w else 0.0 for w, loss in zip(ws, losses)]), losses + derivatives


def _extreme(extreme: Callable[..., float], xs: Sequence[float]) -> tuple[float, list[float]]:
    z = extreme(*xs)
    return z, [divide(equal(x, z), _count(z, xs)) for x in xs]


def _count(b: float, xs: Sequence[float]) -> float:
    return float(sum([x == b for x in xs]))  # list.count finds a nan that is the same object


def _prod(xs: Sequence[float]) -> tuple[float, list[float]]:
    below = itertools.accumulate(xs, operator.mul, initial=1.0)
    above = [*itertools.accumulate(xs[:0:-1], operator.mul, initial=1.0)][::-1]
    return math.prod(xs, start=1.0), [a * b for a, b in zip(below, above)]


def _sum(terms: Iterable[float]) -> float:
    """From left to right, as the formulas have it, so that every program gives the same. Of no terms, 0.0."""
    terms = iter(terms)
    total = next(terms, 0.0)  # begun with 0.0, a sum of -0.0 would be 0.0
    for term in terms:
        total += term
    return total


PARTS: dict[str, Callable[[Sequence[float]], tuple[float, list[float]]]] = {
    "prod": _prod,
    "max_": functools.partial(_extreme, max_),
    "min_": functools.partial(_extreme, min_),
    "count": lambda xs: (_count(xs[0], xs[1:]), [0.0] * len(xs)),
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "unlike": _unlike,
    "log_softmax": _log_softmax,
    "nll": _nll,
    "weighted_nll": _weighted_nll,
}

FLOATS: dict[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in ROWS if hasattr(math, name)},
    **{f.__name__: f for f in (sigmoid, softplus, silu, mish, gelu, sech, relu, step, sign, equal, where, floor, ceil, round)},
    **{f.__name__: f for f in (cbrt, logaddexp, maximum, minimum, asin_slope, max_, min_, sumexpm1, logsumexp)},
    "abs": abs,
    "pow": power,
}


class _Spell(ast.NodeTransformer):
    """Writes numbers as floats, these operators as calls (``x / y`` as ``divide(x, y)``), and `where` as Python's own ``if``."""

    def __init__(self, spellings: Mapping[type[ast.AST], str], choose: bool) -> None:
        self.spellings, self.choose = spellings, choose

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(float(node.value))  # type: ignore[arg-type]

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = self.spellings.get(type(node.op))
        return ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], []) if name else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not self.choose or node.func.id != "where":  # type: ignore[attr-defined]
            return node
        condition, x, y = node.args
        return ast.IfExp(condition, x, y)


Operators = tuple[tuple[type[ast.AST], str], ...]


def _tree(text: str, operators: Operators, choose: bool) -> ast.Expression:
    tree: ast.Expression = _Spell(dict(operators), choose).visit(ast.parse(text, mode="eval"))
    return ast.fix_missing_locations(tree)


@cache
def rule(text: str, operators: Operators = (), choose: bool = True) -> CodeType:
    """The code of an expression, with its numbers as floats and these operators written as calls of these names."""
    return compile(_tree(text, operators, choose), f"<rule {text}>", "eval")


def _with_composed(functions: dict[str, Any], operators: Operators = ()) -> dict[str, Any]:
    """The functions, and with them the rows that are composed of these."""
    for name in filter(is_composed, ROWS):
        body = ast.unparse(_tree(ROWS[name].formula, operators, True))
        functions[name] = eval(f"lambda {', '.join(operands(name, len(ROWS[name].derivatives)))}: {body}", functions)
    return functions


_with_composed(FLOATS)


# Speed: what the eager functions write in place of a call. Where one of these fails, the function above decides.
INLINE = {
    "sech(x) * sech(x)": "(1.0 / cosh(x)) ** 2",
    "silu(x)": "x / (1.0 + exp(-x))",
    "sigmoid_slope(x)": "(1.0 / (1.0 + exp(-x))) * (1.0 / (1.0 + exp(x)))",
    "sigmoid(x)": "(1.0 / (1.0 + exp(-x)))",
    "sigmoid(-x)": "(1.0 / (1.0 + exp(x)))",
    "relu(x)": "(0.0 if x <= 0.0 else x)",
    " if step(x) else ": " if x > 0.0 else ",
    " if (1.0 if y else x) else ": " if y or x else ",
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


@cache
def _spelled(text: str) -> str:
    """A rule as the eager functions write it: a number as a float, `where` as an ``if``, some calls inline."""
    if "where" in text or any(map(str.isdigit, text)):
        text = ast.unparse(_tree(text, (), True))
    for call, spelling in INLINE.items():
        text = text.replace(call, spelling)
    return text


def row_source(op: str, function: str, otherwise: str = "otherwise") -> str:
    """The eager function of a row as Python source, in the letters of the table; p, q and r are the Values of x, y and w.

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
    formula = _spelled(row.formula)
    derivatives = [_spelled(text).replace(formula, "z") for text in row.derivatives]
    lines = ["x = p._data", "y = q._data", "w = r._data"][: len(derivatives)]
    default = ""
    if function.endswith("_parameter"):
        derivatives[1] = "0.0"
    elif function.startswith("__") and row.parameter is None:
        lines.insert(1, f"if type(q) is not Value: return {otherwise}({op!r}, (p, q))")
    elif row.parameter is not None:
        lines.insert(1, f"if type(q) is float or type(q) is int: return {op}_parameter(p, constant(q, {op!r}))")
        default = "" if math.isnan(row.parameter) else f"={row.parameter}"
    lines.append(f"z = {formula}")
    for i, (name, text) in enumerate(zip(("dx", "dy", "dw"), derivatives)):
        if text not in ("x", "y", "z", "0.0", "1.0", "-1.0"):
            lines.append(f"{name} = {text}")
            derivatives[i] = name
    values = ", ".join(["p", "q", "r"][: len(derivatives)])
    slots = {
        1: ("p", "None", derivatives[0], "None"),
        2: ("p", "q", derivatives[0], derivatives[-1]),
        3: ("(p, q, r)", "...", f"({', '.join([f'{d} or None' for d in derivatives])})", "True"),
    }
    return _FUNCTION.format(
        function=function,
        op=op,
        parameters=values + default,
        arguments=values,
        operands=values,
        otherwise=otherwise,
        lines="\n        ".join(lines),
        **dict(zip(("x", "y", "dx", "dy"), slots[len(derivatives)])),
    )


def family_source(op: str, function: str, count: int) -> str:
    """The eager function of a family for `count` groups of operands, of those in `PARTS` for any.

    ws, xs and p are the Values; w1, x1, b the numbers.
    """
    family = FAMILIES[op]
    single = family.head + family.tail
    parts = ["p" if letter in single else f"{letter}s" for letter in family.derivatives]
    arguments, values = ", ".join(parts), ", ".join([part if part == "p" else f"*{part}" for part in parts])
    if op in PARTS:
        lines = [f"z, dx = {op}_parts([*map(data, ({values},))])"]
    else:
        names = operands(op, len(family.letters) * count + len(single))
        lines = []
        for letter, group in zip(family.derivatives, family.split(names)):
            lines += [f"{letter} = p._data"] if letter in single else [f"{', '.join(group)}, = {letter}s"]
            lines += [f"{name} = {name}._data" for name in group if letter not in single]
        terms = map(" * ".join, zip(*family.split(names)[: len(family.letters)]))
        lines.append("z = " + " + ".join([*terms, *family.tail]))
        lines.append(f"dx = ({', '.join(map(str, other_factors(op, names)))},)")
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


# Where an operation has no value in Python ---------------------------------------------------------------------------


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
        if (function, args[0]) in _POLES:
            return _POLES[function, args[0]]
        if function is power and args[0] == 0:
            return copysign(inf, args[0]) if math.fmod(args[1], 2.0) in (1.0, -1.0) else inf
        return nan


_POLES: dict[tuple[Callable[..., float], float], float] = {
    **{(logarithm, 0.0): -inf for logarithm in (math.log, math.log2, math.log10)},
    (math.log1p, -1.0): -inf,
    (math.atanh, 1.0): inf,
    (math.atanh, -1.0): -inf,
    (asin_slope, 1.0): inf,
    (asin_slope, -1.0): inf,
}


def divide(x: float, y: float) -> float:
    """x / y as IEEE 754 has it."""
    if y:
        return x / y
    return nan if x != x or x == 0 else copysign(inf, x) * copysign(1.0, y)


_DIVIDE = ((ast.Div, "divide"),)
IEEE: dict[str, Any] = {
    **{name: (lambda *args, _f=function: _ieee(_f, *args)) for name, function in FLOATS.items()},
    "divide": divide,
}
_with_composed(IEEE, _DIVIDE)


def value(op: str, x: Sequence[float], functions: dict[str, Any] = FLOATS) -> float:
    """The value of `op` for floats; with the functions `IEEE` it is infinite or nan where Python raises."""
    if op in ROWS:
        return float(eval(rule(ROWS[op].formula, _DIVIDE if functions is IEEE else ()), functions, named(op, x)))
    if op in PARTS:
        return PARTS[op](x)[0]
    family = FAMILIES[op]
    terms = map(functools.partial(math.prod, start=1.0), zip(*family.split(x)[: len(family.letters)]))
    return _sum([*terms, *x[len(x) - len(family.tail) :]])


def local_derivatives(op: str, x: Sequence[float], z: float) -> list[float]:
    """The local derivatives of `op` at any point: infinite or nan where the rules are."""
    if op in PARTS:
        return PARTS[op](x)[1]
    if op in FAMILIES:
        return list(other_factors(op, x))
    rules = [derivative(op, x, i) for i in range(len(x))]
    return [float(eval(rule(text, _DIVIDE), IEEE, {"z": z, **names})) for text, names in rules]
