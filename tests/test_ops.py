"""Every row of the table against SymPy's derivatives, evaluated by mpmath: neither knows anything of our rules."""

import inspect
import itertools
import math
from fractions import Fraction
from functools import lru_cache
from math import inf, isnan, nan, pi, sqrt

import mpmath
import pytest
import sympy
from sympy import Piecewise, S

from autograd_lite import DivisionByZeroError, DomainError, Value, gradient, log_softmax, logsumexp, mean, ops, softmax
from autograd_lite.value import OPERATIONS, _namespace

x, y = sympy.symbols("x y", real=True)

FORMULAS = {
    "add": x + y,
    "sub": x - y,
    "mul": x * y,
    "div": x / y,
    "neg": -x,
    "pow": x**y,
    "exp": sympy.exp(x),
    "expm1": sympy.exp(x) - 1,
    "log": sympy.log(x),
    "log1p": sympy.log(1 + x),
    "sqrt": sympy.sqrt(x),
    "sin": sympy.sin(x),
    "cos": sympy.cos(x),
    "tan": sympy.tan(x),
    "asin": sympy.asin(x),
    "acos": sympy.acos(x),
    "asin_slope": 1 / sympy.sqrt(1 - x**2),
    "atan": sympy.atan(x),
    "atan2": sympy.atan2(x, y),
    "hypot": sympy.sqrt(x**2 + y**2),
    "sinh": sympy.sinh(x),
    "cosh": sympy.cosh(x),
    "tanh": sympy.tanh(x),
    "sech": 1 / sympy.cosh(x),
    "erf": sympy.erf(x),
    "erfc": sympy.erfc(x),
    "sigmoid": 1 / (1 + sympy.exp(-x)),
    "softplus": sympy.log(1 + sympy.exp(x)),
    "silu": x / (1 + sympy.exp(-x)),
    "gelu": x * sympy.erfc(-x / sympy.sqrt(2)) / 2,
    "relu": Piecewise((x, x > 0), (S.Zero, True)),
    "leaky_relu": Piecewise((x, x > 0), (y * x, True)),
    "elu": Piecewise((x, x > 0), (y * (sympy.exp(x) - 1), True)),
    "abs": Piecewise((x, x > 0), (-x, True)),
    "sign": Piecewise((S.One, x > 0), (-S.One, True)),
    "step": Piecewise((S.One, x > 0), (S.Zero, True)),
    "maximum": Piecewise((x, x > y), (y, True)),
    "minimum": Piecewise((x, x < y), (y, True)),
}

# 1 - tanh(1000)**2 is 1e-868: so many digits cancel in SymPy's formulas, and some have to remain
DIGITS = 1000

ORDINARY = [(a,) for a in (0.3, -0.7, 0.9, 1.2, -2.5, 4.5)]
EXTREME = [
    (sign * a,)
    for a in (1e-300, 1e-10, 1 - 1e-10, 8.0, 26.0, 30.0, 36.8, 350.0, 700.0, 709.9, 745.0, 1000.0, 1e8, 1e155, 1e300)
    for sign in (1, -1)
]
ORDINARY_PAIRS = list(itertools.product((0.3, -0.7, 1.2, 2.5), (0.4, -0.6, 1.5, 3.0, -2.0)))
EXTREME_PAIRS = [
    *itertools.product((1e-300, -1e-300, 0.5, -1.7, 700.0, 1000.0, -1000.0, 1e300), (2e-300, -1e-10, 1.1, -5.0, 3.0, 1001.0)),
    *[(1000.0, 102.5), (1e-3, -101.5), (1.0000001, 1e9), (1 - 1e-10, 1e10), (2.0, -1074.0), (1e150, 2.0), (-1.5, 1701.0)],
    *[(1e200, 1e200), (3e-200, 4e-200), (1e8, 1.0), (-1.0, 1e-8), (1e-160, 2.0), (745.0, 1.0), (-745.0, 1.0), (-40.0, 1.5)],
]


@lru_cache(maxsize=None)
def exact_function(op, by=""):
    """SymPy's derivative of the row, by the letters in `by`, as a function of mpmath numbers."""
    formula = FORMULAS[op]
    for letter in by:
        formula = sympy.diff(formula, {"x": x, "y": y}[letter])
    return sympy.lambdify((x, y), formula, [{"erfc": erfc}, "mpmath"])


def erfc(number):
    return mpmath.erfc(number) if abs(number) < 1e6 else mpmath.mpf(0 if number > 0 else 2)  # mpmath's fails at 1e155


def exact(op, point, by=""):
    """The nearest float; nan where it is not real, ZeroDivisionError at a pole."""
    with mpmath.workdps(DIGITS):
        number = mpmath.mpmathify(exact_function(op, by)(mpmath.mpf(point[0]), mpmath.mpf(point[-1])))
        if isinstance(number, mpmath.mpc) and number.imag:
            return nan
        return nearest(number.real)


def nearest(number):
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


def arity(op):
    return len(ops.ROWS[op].derivatives)


def points(op, unary, binary):
    """Those where the row has a finite value: SymPy decides, not the package."""
    return [p for p in (unary if arity(op) == 1 else binary) if math.isfinite(exact(op, p))]


def condition(op, point):
    """By how much a row may multiply the rounding of its operands: an error of 1 ulp in u is one of |u| ulp in exp(u)."""
    a, b = point[0], point[-1]
    if op in ("erf", "erfc", "gelu"):  # exp(-x*x), of the rounded square
        return a * a if abs(a) < 40 else 0.0  # beyond, it is 0
    if op == "pow":  # pow(x, y - 1), of the rounded y - 1
        return abs(math.log(abs(a))) * max(1.0, abs(b))
    return 0.0


def cancels(op, point, order):
    """The size of the terms in a derivative that is their sum or difference: its digits are counted from there."""
    a, b = point[0], point[-1]
    if op == "sigmoid" and order == 2:
        return exact(op, point, "x")
    if op in ("silu", "gelu") and order == 2:
        return min(1.0, exact("sech", (a / 2,))) if op == "silu" else math.exp(-min(a * a / 2, 700))
    if op == "hypot" and order == 2:
        return 1 / exact(op, point)
    if op == "atan2" and order == 2:
        return nearest(1 / mpmath.hypot(a, b) ** 2)
    return 0.0


def differs(op, point, got, expected, order):
    """Whether more is lost than rounding loses: a few of the 53 bits (1e-14), times the condition, or what underflows."""
    if isnan(expected) or math.isinf(expected):
        return not (got == expected or isnan(got) and isnan(expected))
    tolerance = 1e-14 * (1 + condition(op, point)) * max(abs(expected), cancels(op, point, order)) + 1e-323
    return not abs(got - expected) <= tolerance


def letters(op):
    return "xy"[: arity(op)]


def values_at(point, op):
    return [Value(a) for a in point[: arity(op)]]


EVERY_ROW = pytest.mark.parametrize("op", ops.ROWS)
EVERY_FAMILY = pytest.mark.parametrize("op", ops.FAMILIES)


@EVERY_ROW
def test_value_matches_mpmath(op):
    places = points(op, ORDINARY + EXTREME, ORDINARY_PAIRS + EXTREME_PAIRS)
    assert len(places) >= 10
    results = [(p, OPERATIONS[op](*values_at(p, op)).data, exact(op, p)) for p in places]
    assert [r for r in results if differs(op, *r, order=0)] == []


@EVERY_ROW
def test_local_derivatives_match_sympy(op):
    wrong = []
    for point in points(op, ORDINARY + EXTREME, ORDINARY_PAIRS + EXTREME_PAIRS):
        inputs = values_at(point, op)
        node = OPERATIONS[op](*inputs)
        node.backward()
        for letter, leaf, local in zip(letters(op), inputs, node.local_derivatives):
            expected = exact(op, point, letter)
            assert local == leaf.grad or isnan(local) and isnan(leaf.grad)
            if differs(op, point, leaf.grad, expected, order=1):
                wrong.append((point, letter, leaf.grad, expected))
    assert wrong == []


@EVERY_ROW
def test_second_derivatives_match_sympy(op):
    wrong = []
    for point in points(op, ORDINARY + EXTREME, ORDINARY_PAIRS + EXTREME_PAIRS):
        inputs = values_at(point, op)
        for first, derivative in zip(letters(op), gradient(OPERATIONS[op](*inputs), inputs)):
            for second, got in zip(letters(op), gradient(derivative, inputs)):
                expected = exact(op, point, first + second)
                if differs(op, point, got.data, expected, order=2):
                    wrong.append((point, first + second, got.data, expected))
    assert wrong == []


