"""The table of operations: a row each, in the letters of a calculus book. ``x`` and ``y`` are the operands, ``z`` is the result.

Everything else is read from here: the functions on Values, derivatives of derivatives, pictures, derivations, programs, tests.
To add an operation, add its row.

A rule uses numbers, ``+ - * /``, and functions that are rows themselves, so that it can be differentiated again; what is not
made of others is in :mod:`autograd_lite.floats`. Among equal formulas the one that stays accurate for large ``|x|`` is chosen:
``sigmoid(-x)`` for ``1 - z``, ``sech(x) * sech(x)`` for ``1 - z * z``. `textbook` has the rules as a textbook writes them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .table import Table


class Row(NamedTuple):
    """An operation of one to three operands: what it is, its formula, its local derivative by each.

    `needs` is its domain, where that is not every number. `convention` is what holds where there is a value, but no derivative,
    or more than one. `names` are those of the operands for who calls it, where they are not x, y, w. With `parameter`, a plain
    number as second operand, such as its `default`, is not differentiated by: its local derivative is recorded as 0. What is
    `for_rules` is called by these, not by a person.
    """

    what: str
    formula: str
    derivatives: tuple[str, ...]
    needs: str = ""
    convention: str = ""
    names: tuple[str, ...] = ()
    parameter: bool = False
    default: float | None = None
    textbook: tuple[str, ...] = ()
    for_rules: bool = False


class Family(NamedTuple):
    """An operation over any number of operands, in groups ``w1 x1, w2 x2, ...`` and perhaps a single one: `head` or `tail`.

    The operands are ``head, w1 .. wn, x1 .. xn, tail``. `formula` has a letter for that of a group, and for the single one;
    ``total(...)`` is the sum of what is in it over the groups, ``product(...)`` the product, ``*xs`` are all the x, ``*all`` all
    operands. `derivatives` has one rule for each letter; in it, a letter is the operand of the same group, ``*others`` are the
    head and the other x, ``*before`` the x before it, and ``*after`` those after it, from the last on. `stable` is what programs
    compute, where that is another formula; what several nodes share (the largest operand) is computed once.
    """

    what: str
    formula: str
    derivatives: dict[str, str]
    head: str = ""
    tail: str = ""
    stable: str = ""
    convention: str = ""


def row(what: str, formula: str, *rules: str, names: str = "", textbook: str | tuple[str, ...] = (), **more: Any) -> Row:
    textbook = (textbook,) if isinstance(textbook, str) else textbook
    return Row(what, formula, rules, names=tuple(names.split()), textbook=textbook, **more)


# fmt: off
ROWS: Table[Row] = Table({
    #                   what                         z                dz/dx                             dz/dy
    "add":          row("sum",                       "x + y",         "1",                              "1"),
    "sub":          row("difference",                "x - y",         "1",                              "-1"),
    "mul":          row("product",                   "x * y",         "y",                              "x"),
    "div":          row("quotient",                  "x / y",         "1 / y", "-z / y", needs="y != 0"),
    "neg":          row("negative",                  "-x",            "-1"),
    "pow":          row("power",                     "pow(x, y)",     "where(where(y, 1, x), y * pow(x, y - 1), 0)",
                        "where(x, z * log(x), 0)", names="x exponent", parameter=True,
                        needs="x > 0, or x = 0 with y >= 0, or x < 0 with a whole number y",
                        convention="x**0 has slope 0, also at 0; by y, 0**y has slope 0, and for x < 0 it is nan",
                        textbook=("y * pow(x, y - 1)", "z * log(x)")),
    "square":       row("square",                    "x * x",         "2 * x"),
    "reciprocal":   row("reciprocal",                "1 / x",         "-z / x",                         needs="x != 0"),
    "exp":          row("exponential function",      "exp(x)",        "z"),
    "exp2":         row("power of 2",                "pow(2, x)",     "0.6931471805599453 * z"),  # log(2)
    "expm1":        row("exp(x) - 1, exact near 0",  "expm1(x)",      "exp(x)"),
    "log":          row("natural logarithm",         "log(x)",        "1 / x",                          needs="x > 0"),
    "log2":         row("logarithm to base 2",       "log2(x)",       "1.4426950408889634 / x",         needs="x > 0"),
    "log10":        row("logarithm to base 10",      "log10(x)",      "0.4342944819032518 / x",         needs="x > 0"),
    "log1p":        row("log(1 + x), exact near 0",  "log1p(x)",      "1 / (1 + x)",                    needs="x > -1"),
    "xlogy":        row("x * log(y), 0 at x = 0",    "where(x, x * log(y), 0)", "where(where(x, 1, y), log(y), 0)",
                        "where(where(x, 1, y), x / y, 0)",                                              needs="y > 0, or x = 0",
                        convention="slopes 0 at x = y = 0", textbook=("log(y)", "x / y")),
    "logaddexp":    row("log(exp(x) + exp(y))",      "logaddexp(x, y)", "sigmoid(x - y)",               "sigmoid(y - x)"),
    "sqrt":         row("square root",               "sqrt(x)",       "0.5 / z", needs="x >= 0", convention="slope inf at 0"),
    "rsqrt":        row("1 over the square root",    "1 / sqrt(x)",   "-0.5 * z / x",                   needs="x > 0"),
    "cbrt":         row("cube root",                 "cbrt(x)",       "1 / (3 * z * z)", convention="slope inf at 0"),
    "sin":          row("sine, of radians",          "sin(x)",        "cos(x)",                         needs="a finite x"),
    "cos":          row("cosine, of radians",        "cos(x)",        "-sin(x)",                        needs="a finite x"),
    "tan":          row("tangent, of radians",       "tan(x)",        "1 + z * z", needs="a finite x", textbook="1 + pow(z, 2)"),
    "asin":         row("arcsine, in radians",       "asin(x)",       "asin_slope(x)",                  needs="-1 <= x <= 1",
                        convention="slope inf at -1 and 1", textbook="1 / sqrt(1 - pow(x, 2))"),
    "acos":         row("arccosine, in radians",     "acos(x)",       "-asin_slope(x)",                 needs="-1 <= x <= 1",
                        convention="slope -inf at -1 and 1", textbook="-1 / sqrt(1 - pow(x, 2))"),
    "asin_slope":   row("1 / sqrt(1 - x * x)",       "asin_slope(x)", "x * z * z * z", needs="-1 < x < 1", for_rules=True),
    "atan":         row("arctangent, in radians",    "atan(x)",       "1 / hypot(1, x) / hypot(1, x)",
                        textbook="1 / (1 + pow(x, 2))"),
    "atan2":        row("angle of a point, in radians", "atan2(x, y)", "where(hypot(x, y), y / hypot(x, y) / hypot(x, y), 0)",
                        "where(hypot(x, y), -x / hypot(x, y) / hypot(x, y), 0)", names="y x",
                        convention="slopes 0 at x = y = 0",
                        textbook=("y / (pow(x, 2) + pow(y, 2))", "-x / (pow(x, 2) + pow(y, 2))")),
    "hypot":        row("length of a vector",        "hypot(x, y)",   "hypot_slope(x, y)",              "hypot_slope(y, x)",
                        convention="slopes 0 at x = y = 0", textbook=("x / z", "y / z")),
    "hypot_slope":  row("x / hypot(x, y)",           "where(hypot(x, y), x / hypot(x, y), 0)",
                        "where(hypot(x, y), hypot_slope(y, x) * hypot_slope(y, x) / hypot(x, y), 0)",
                        "where(hypot(x, y), -z * hypot_slope(y, x) / hypot(x, y), 0)", for_rules=True),
    "sinh":         row("hyperbolic sine",           "sinh(x)",       "cosh(x)"),
    "cosh":         row("hyperbolic cosine",         "cosh(x)",       "sinh(x)"),
    "tanh":         row("hyperbolic tangent",        "tanh(x)",       "sech(x) * sech(x)", textbook="1 - pow(z, 2)"),
    "sech":         row("hyperbolic secant",         "sech(x)",       "-z * tanh(x)"),
    "asinh":        row("inverse hyperbolic sine",   "asinh(x)",      "1 / hypot(1, x)", textbook="1 / sqrt(1 + pow(x, 2))"),
    "acosh":        row("inverse hyperbolic cosine", "acosh(x)",      "1 / (sqrt(x - 1) * sqrt(x + 1))", needs="x >= 1",
                        convention="slope inf at 1", textbook="1 / sqrt(pow(x, 2) - 1)"),
    "atanh":        row("inverse hyperbolic tangent", "atanh(x)",     "asin_slope(x) * asin_slope(x)",  needs="-1 < x < 1",
                        textbook="1 / (1 - pow(x, 2))"),
    "erf":          row("error function",            "erf(x)",        "1.1283791670955126 * exp(-x * x)"),  # 2 / sqrt(pi)
    "erfc":         row("1 - erf(x)",                "erfc(x)",       "-1.1283791670955126 * exp(-x * x)"),
    "sigmoid":      row("logistic function",         "sigmoid(x)",    "sigmoid_slope(x)", textbook="z * (1 - z)"),
    "sigmoid_slope":row("slope of the sigmoid",      "sigmoid(x) * sigmoid(-x)", "-z * tanh(0.5 * x)", for_rules=True),
    "logsigmoid":   row("logarithm of the sigmoid",  "-softplus(-x)", "sigmoid(-x)"),
    "softplus":     row("log(1 + exp(x))",           "softplus(x)",   "sigmoid(x)"),
    "softsign":     row("x over 1 + its size",       "x / (1 + abs(x))", "1 / (1 + abs(x)) / (1 + abs(x))",
                        textbook="1 / pow(1 + abs(x), 2)"),
    "silu":         row("x * sigmoid(x)",            "silu(x)",       "sigmoid(x) + z * sigmoid(-x)",
                        textbook="z + sigmoid(x) * (1 - z)"),
    "mish":         row("x * tanh(softplus(x))",     "mish(x)",
                        "tanh(softplus(x)) + sech(softplus(x)) * sech(softplus(x)) * silu(x)"),
    "gelu":         row("x times the normal distribution", "gelu(x)",
                        "0.5 * erfc(-0.7071067811865476 * x) + 0.3989422804014327 * x * exp(-0.25 * x * x) * exp(-0.25 * x * x)",
                        textbook="0.5 * erfc(-x / sqrt(2)) + x * exp(-pow(x, 2) / 2) / sqrt(2 * 3.141592653589793)"),
    "relu":         row("x above 0, else 0",         "relu(x)",       "step(x)", convention="slope 0 at 0"),
    "relu6":        row("x between 0 and 6",         "minimum(relu(x), 6)", "step(x) * step(6 - x)",
                        convention="slope 0 at 0 and 6"),
    "hardtanh":     row("x between -1 and 1",        "minimum(maximum(x, -1), 1)", "step(x + 1) * step(1 - x)",
                        convention="slope 0 at -1 and 1"),
    "leaky_relu":   row("x above 0, else slope * x", "where(step(x), x, y * x)", "where(step(x), 1, y)", "where(step(x), 0, x)",
                        names="x slope", parameter=True, default=0.01, convention="at 0, the slope of the left side"),
    "elu":          row("exponential linear unit",   "where(step(x), x, y * expm1(where(step(x), 0, x)))",
                        "where(step(x), 1, y * exp(where(step(x), 0, x)))", "expm1(where(step(x), 0, x))", names="x alpha",
                        parameter=True, default=1.0, convention="at 0, the slope of the left side"),
    "selu":         row("scaled elu",
                        "1.0507009873554805 * where(step(x), x, 1.6732632423543772 * expm1(where(step(x), 0, x)))",
                        "1.0507009873554805 * where(step(x), 1, 1.6732632423543772 * exp(where(step(x), 0, x)))",
                        convention="at 0, the slope of the left side"),
    "abs":          row("absolute value",            "abs(x)",        "sign(x)", convention="slope 0 at 0"),
    "sign":         row("1, -1 or 0",                "sign(x)",       "0"),
    "step":         row("1 above 0, else 0",         "step(x)",       "0"),
    "equal":        row("1 where x = y, else 0",     "equal(x, y)",   "0",                              "0"),
    "floor":        row("next whole number below",   "floor(x)",      "0"),
    "ceil":         row("next whole number above",   "ceil(x)",       "0"),
    "round":        row("nearest whole number",      "round(x)",      "0", convention="a half goes to the even one"),
    "maximum":      row("larger of two",             "maximum(x, y)", "equal(x, z) / (1 + equal(x, y))",
                        "equal(y, z) / (1 + equal(x, y))", convention="a tie is halved"),
    "minimum":      row("smaller of two",            "minimum(x, y)", "equal(x, z) / (1 + equal(x, y))",
                        "equal(y, z) / (1 + equal(x, y))", convention="a tie is halved"),
    "clamp":        row("x between two bounds",      "minimum(maximum(x, y), w)",
                        "where(step(y - x), 0, where(step(x - w), 0, 1))", "where(step(y - x), where(step(w - y), 1, 0), 0)",
                        "where(step(maximum(x, y) - w), 1, 0)", names="x low high",
                        convention="slope 1 by x at a bound; high where low > high"),
    "where":        row("y where x is not 0, else w", "where(x, y, w)", "0",                            "where(x, 1, 0)",
                        "where(x, 0, 1)", names="condition x y"),
})

FAMILIES: Table[Family] = Table({
    "sum_":         Family("sum",                         "total(x)",            {"x": "1"}),
    "dot":          Family("dot product",                 "total(w * x)",        {"w": "x", "x": "w"}),
    "linear":       Family("net input of a neuron",       "total(w * x) + b",    {"w": "x", "x": "w", "b": "1"}, tail="b"),
    "prod":         Family("product",                     "product(x)",          {"x": "prod(*before) * prod(*after)"}),
    "max_":         Family("largest",                     "max_(*xs)",           {"x": "equal(x, z) / count(z, *xs)"},
                           convention="a tie is split evenly"),
    "min_":         Family("smallest",                    "min_(*xs)",           {"x": "equal(x, z) / count(z, *xs)"},
                           convention="a tie is split evenly"),
    "count":        Family("how many x equal b",          "total(equal(x, b))",  {"b": "0", "x": "0"}, head="b"),
    "logsumexp":    Family("logarithm of a sum of exp",   "logsumexp(*xs)",      {"x": "softmax(x, *others)"}),
    "softmax":      Family("share of b among the others", "exp(b) / (exp(b) + total(exp(x)))",
                           {"b": "z * unlike(b, *others)", "x": "-z * softmax(x, *others)"}, head="b",
                           stable="exp(b - max_(*all)) / (1 + sumexpm1(*all))"),
    "unlike":       Family("1 - softmax",                 "total(exp(x)) / (exp(b) + total(exp(x)))",
                           {"b": "-z * softmax(b, *others)", "x": "softmax(x, *others) * softmax(b, *xs)"}, head="b",
                           stable="(sumexpm1(*all) + (1 - exp(b - max_(*all)))) / (1 + sumexpm1(*all))"),
    "log_softmax":  Family("logarithm of softmax",        "b - logsumexp(*all)",
                           {"b": "unlike(b, *others)", "x": "-softmax(x, *others)"}, head="b",
                           stable="(b - max_(*all)) - log1p(sumexpm1(*all))"),
    "nll":          Family("cross-entropy of class b",    "logsumexp(*all) - b",
                           {"b": "-unlike(b, *others)", "x": "softmax(x, *others)"}, head="b",
                           stable="log1p(sumexpm1(*all)) + (max_(*all) - b)"),
    "weighted_nll": Family("cross-entropy of weights w",  "total(w * (logsumexp(*xs) - x))",
                           {"w": "nll(x, *others)", "x": "softmax(x, *others) * (sum_(*ws) - w) - w * unlike(x, *others)"},
                           stable="total(where(w, w * (log1p(sumexpm1(*xs)) + (max_(*xs) - x)), 0))"),
})
# fmt: on
