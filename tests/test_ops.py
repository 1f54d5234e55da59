"""Every row of the table against SymPy's derivatives, evaluated by mpmath: neither knows anything of our rules."""

import inspect
import itertools
import math
import sys
from fractions import Fraction
from functools import cache
from math import inf, isnan, nan

import mpmath
import pytest
import sympy
from sympy import Piecewise, S

from autograd_lite import OPERATIONS, DomainError, Value, clamp, compile_program, gradient, jvp, nll, ops, where
from autograd_lite.engine.eager import NAMES, UNROLLED, family
from autograd_lite.engine.families import AT_ONCE
from autograd_lite.formulas import Reading, split
from autograd_lite.formulas import letters as letters_of

x, y, w = sympy.symbols("x y w", real=True)


class Constant(sympy.Function):
    """A function of mpmath that is constant between its steps."""

    def fdiff(self, argindex=1):
        return S.Zero


class Floor(Constant):
    pass


class Ceiling(Constant):
    pass


class Nearest(Constant):
    pass


# Of the self-normalizing networks (Klambauer et al. 2017)
SCALE, ALPHA = "1.0507009873554804934193349852946", "1.6732632423543772848170429916717"

# What SymPy has not under the row's name, or with another derivative where there are conventions
FORMULAS = {
    "add": x + y,
    "sub": x - y,
    "mul": x * y,
    "div": x / y,
    "neg": -x,
    "pow": x**y,
    "square": x**2,
    "reciprocal": 1 / x,
    "exp2": 2**x,
    "expm1": sympy.exp(x) - 1,
    "log1p": sympy.log(1 + x),
    "log2": sympy.log(x) / sympy.log(2),
    "log10": sympy.log(x) / sympy.log(10),
    "xlogy": Piecewise((x * sympy.log(y), sympy.Ne(x, 0)), (S.Zero, True)),
    "logaddexp": sympy.log(sympy.exp(x) + sympy.exp(y)),
    "rsqrt": 1 / sympy.sqrt(x),
    "cbrt": Piecewise((x ** sympy.Rational(1, 3), x > 0), (-((-x) ** sympy.Rational(1, 3)), True)),
    "asin_slope": 1 / sympy.sqrt(1 - x**2),
    "hypot": sympy.sqrt(x**2 + y**2),
    "hypot_slope": x / sympy.sqrt(x**2 + y**2),
    "sigmoid": 1 / (1 + sympy.exp(-x)),
    "sigmoid_slope": 1 / (1 + sympy.exp(-x)) / (1 + sympy.exp(x)),
    "logsigmoid": -sympy.log(1 + sympy.exp(-x)),
    "softplus": sympy.log(1 + sympy.exp(x)),
    "silu": x / (1 + sympy.exp(-x)),
    "gelu": x * sympy.erfc(-x / sympy.sqrt(2)) / 2,
    "mish": x * (1 - 2 / ((1 + sympy.exp(x)) ** 2 + 1)),
    "relu": Piecewise((x, x > 0), (S.Zero, True)),
    "leaky_relu": Piecewise((x, x > 0), (y * x, True)),
    "elu": Piecewise((x, x > 0), (y * (sympy.exp(x) - 1), True)),
    "relu6": Piecewise((S.Zero, x <= 0), (x, x < 6), (S(6), True)),
    "hardtanh": Piecewise((-S.One, x <= -1), (x, x < 1), (S.One, True)),
    "selu": Piecewise((S(SCALE) * x, x > 0), (S(SCALE) * S(ALPHA) * (sympy.exp(x) - 1), True)),
    "abs": Piecewise((x, x > 0), (-x, True)),
    "sign": Piecewise((S.One, x > 0), (-S.One, True)),
    "step": Piecewise((S.One, x > 0), (S.Zero, True)),
    "equal": Piecewise((S.One, sympy.Eq(x, y)), (S.Zero, True)),
    "floor": Floor(x),
    "ceil": Ceiling(x),
    "round": Nearest(x),
    "maximum": Piecewise((x, x > y), (y, True)),
    "minimum": Piecewise((x, x < y), (y, True)),
    "clamp": Piecewise((w, y > w), (y, x < y), (w, x > w), (x, True)),
    "where": Piecewise((y, sympy.Ne(x, 0)), (w, True)),
}


class OnSymPy(Reading):
    """The formula of a row that is composed of others: SymPy differentiates it by itself."""

    where = staticmethod(lambda condition, yes, no: Piecewise((yes, sympy.Ne(condition, 0)), (no, True)))
    number = staticmethod(sympy.Rational)

    def primitive(self, name):
        if name not in FORMULAS:
            return getattr(sympy, name)
        return lambda *operands: FORMULAS[name].subs(dict(zip((x, y, w), operands)), simultaneous=True)


# 1 - tanh(1000)**2 is 1e-868: so many digits cancel in SymPy's formulas, and some have to remain
DIGITS = 1000

ORDINARY = [(a,) for a in (0.3, 0.9, 1.2, 4.4, -0.05, -0.7, -2.6)]
EXTREME = [
    (sign * a,)
    for a in (1e-300, 1e-10, 1 - 1e-10, 8.0, 26.0, 30.0, 36.8, 350.0, 700.0, 709.9, 745.0, 1000.0, 1e8, 1e155, 1e300)
    for sign in (1, -1)
]
ORDINARY_PAIRS = list(itertools.product((0.3, -0.7, 1.2, 2.5), (0.4, -0.6, 1.5, 3.0, -2.0)))
EXTREME_PAIRS = [
    *itertools.product((1e-300, -1e-300, 0.5, -1.7, 700.0, 1000.0, -1000.0, 1e300), (2e-300, -1e-10, 1.1, -5.0, 3.0, 1001.0)),
    *[(1000.0, 102.5), (1e-3, -101.5), (1.0000001, 1e9), (1 - 1e-10, 1e10), (2.0, -1074.0), (1e150, 2.0), (-1.5, 1701.0)],
    *[(1e200, 2e200), (3e-200, 4e-200), (1e8, 1.0), (-1.0, 1e-8), (1e-160, 2.0), (745.0, 1.0), (-745.0, 1.0), (-40.0, 1.5)],
]
ORDINARY_TRIPLES = list(itertools.product((0.3, -0.7, 1.2), (0.4, -2.0), (1.5, 0.6, -0.5)))
EXTREME_TRIPLES = list(itertools.product((1e-300, 0.0, -1e300, 700.0), (-inf, -1e-10, 2.0), (inf, 1e300, 3.0, -5.0)))
INSIDE = ORDINARY, ORDINARY_PAIRS, ORDINARY_TRIPLES
EVERYWHERE = ORDINARY + EXTREME, ORDINARY_PAIRS + EXTREME_PAIRS, ORDINARY_TRIPLES + EXTREME_TRIPLES


@cache
def exact_function(op, by=""):
    """SymPy's derivative of the row, by the letters in `by`, as a function of mpmath numbers."""
    is_known = op in FORMULAS or hasattr(sympy, op)
    operands = [x, y, w][: arity(op)]
    formula = OnSymPy().primitive(op)(*operands) if is_known else OnSymPy().formula(op, operands)
    for letter in by:
        formula = sympy.diff(formula, {"x": x, "y": y, "w": w}[letter])
    steps = {"Floor": mpmath.floor, "Ceiling": mpmath.ceil, "Nearest": mpmath.nint}
    return sympy.lambdify((x, y, w), formula, [{"erfc": erfc, **steps}, "mpmath"])


def erfc(number):
    return mpmath.erfc(number) if abs(number) < 1e6 else mpmath.mpf(0 if number > 0 else 2)  # mpmath's fails at 1e155


@cache
def exact(op, point, by=""):
    """The nearest float; nan where it is not real, ZeroDivisionError at a pole."""
    with mpmath.workdps(DIGITS):
        number = mpmath.mpmathify(exact_function(op, by)(*[mpmath.mpf(a) for a in (*point, 0, 0)[:3]]))
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


def points(op, unary, binary, ternary):
    """Those where the row has a finite value: SymPy decides, not the package."""
    return [p for p in (unary, binary, ternary)[arity(op) - 1] if math.isfinite(exact(op, p))]


def condition(op, point, by):
    """By how much a row may multiply the rounding of its operands: an error of 1 ulp in u is one of |u| ulp in exp(u)."""
    a, b = point[0], point[-1]
    if op in ("erf", "erfc", "gelu"):  # exp(-x*x), of the rounded square
        return a * a if abs(a) < 40 else 0.0  # beyond, it is 0
    if op == "pow" and by:  # pow(x, y - 1), of the rounded y - 1
        logarithm = math.log(abs(a))
        if b * logarithm < -708 or (b - 2) * logarithm > 709:
            return inf  # pow(x, y) underflows or pow(x, y - 2) overflows, and what they are multiplied with does not help
        return abs(logarithm) * max(1.0, abs(b))
    return 0.0


def terms(op, point, by):
    """The size of the terms in a derivative that is their sum or difference: its digits are counted from there."""
    a, b = point[0], point[-1]
    if op == "sech" and by == "xx":  # z * (tanh(x)**2 - z*z)
        return exact(op, point)
    if op == "silu" and by == "xx":
        return exact("sech", (a / 2,))
    if op == "gelu" and by == "xx":  # (2 - x*x) * the density
        return math.exp(-min(a * a / 2, 700))
    if op == "atan2" and len(by) == 2:  # (x*x - y*y) / z**4
        return nearest(1 / mpmath.hypot(a, b) ** 2)
    if op == "pow" and by in ("xy", "yx"):  # (1 + y * log(x)) * pow(x, y - 1)
        return abs(exact(op, point, "x") / b)
    return 0.0


def differs(op, point, by, got, expected):
    """Whether more is lost than rounding must lose: 1e-14, a few of the 53 bits, times the condition; or what underflows."""
    losses = 1 + condition(op, point, by)
    if math.isinf(losses):
        return False
    if isnan(expected):
        return not isnan(got)
    if math.isinf(expected):
        return math.isfinite(got)  # beyond 1.8e308; inf - inf among its terms is nan
    return not abs(got - expected) <= 1e-14 * losses * max(abs(expected), terms(op, point, by)) + sys.float_info.min


def letters(op):
    return "xyw"[: arity(op)]


def values_at(point, op):
    return [Value(a) for a in point[: arity(op)]]


def backpropagated(op, inputs):
    """The derivatives that backward() leaves behind."""
    OPERATIONS[op](*inputs).backward()
    return [leaf.grad for leaf in inputs]


def none(mistakes):
    assert not mistakes, "\n".join(["", *map(str, mistakes)])


EVERY_ROW = pytest.mark.parametrize("op", ops.ROWS)
EVERY_FAMILY = pytest.mark.parametrize("op", ops.FAMILIES)

# The rows ------------------------------------------------------------------------------------------------------------


@EVERY_ROW
def test_value_matches_mpmath(op):
    places = points(op, *EVERYWHERE)
    assert len(places) >= 10
    results = [(p, "", OPERATIONS[op](*values_at(p, op)).data, exact(op, p)) for p in places]
    none([r for r in results if differs(op, *r)])


@EVERY_ROW
def test_local_derivatives_match_sympy(op):
    mistakes = []
    for point in points(op, *EVERYWHERE):
        inputs = values_at(point, op)
        for letter, got in zip(letters(op), backpropagated(op, inputs)):
            result = (point, letter, got, exact(op, point, letter))
            mistakes += [result] * differs(op, *result)
    none(mistakes)


@EVERY_ROW
def test_local_derivatives_match_differences(op):
    mistakes = []
    for point in points(op, *INSIDE):
        for i, derivative in enumerate(backpropagated(op, values_at(point, op))):
            if isnan(derivative):  # pow by y for x < 0
                continue
            h = 6e-6  # the error, h*h/6 times the third derivative and the rounding divided by h, is below 1e-9 to 1e-8
            above, below = ([a + sign * h * (k == i) for k, a in enumerate(point)] for sign in (1, -1))
            difference = (OPERATIONS[op](*above) - OPERATIONS[op](*below)) / (above[i] - below[i])
            if abs(difference - derivative) > 1e-7 * max(1, abs(derivative)):
                mistakes.append((point, i, derivative, difference))
    none(mistakes)


@EVERY_ROW
def test_second_derivatives_match_sympy(op):
    mistakes = []
    for point in points(op, *EVERYWHERE):
        inputs = values_at(point, op)
        for first, derivative in zip(letters(op), gradient(OPERATIONS[op](*inputs), inputs)):
            for second, got in zip(letters(op), gradient(derivative, inputs)):
                result = (point, first + second, got.data, exact(op, point, first + second))
                mistakes += [result] * differs(op, *result)
    none(mistakes)


@EVERY_ROW
def test_of_plain_numbers_is_the_float_that_a_value_holds(op):
    mistakes = []
    for point in points(op, *EVERYWHERE):
        plain, node = OPERATIONS[op](*point), OPERATIONS[op](*values_at(point, op))
        method = getattr(Value(point[0]), op)(*point[1:])
        if type(plain) is not float or not repr(plain) == repr(node.data) == repr(method.data):
            mistakes.append((point, plain, node.data, method.data))
    none(mistakes)
    whole = (1, 2, 3) if op not in ("asin_slope", "atanh") else (0,)
    assert type(OPERATIONS[op](*whole[: arity(op)])) is float


PLAIN = pytest.mark.parametrize("number", [2.5, 3, Fraction(1, 3)], ids=["float", "int", "Fraction"])


@PLAIN
@pytest.mark.parametrize("op, symbol", [("add", "+"), ("sub", "-"), ("mul", "*"), ("div", "/"), ("pow", "**")])
def test_operator_matches_its_function(op, symbol, number):
    a, b = Value(1.5), Value(0.7)
    for operands in ((a, b), (a, number), (number, a)):
        by_operator = eval(f"x {symbol} y", dict(zip("xy", operands)))
        by_function = OPERATIONS[op](*operands)
        assert (by_operator.op, by_operator.data) == (op, by_function.data)
        assert by_operator.local_derivatives == by_function.local_derivatives


@PLAIN
@pytest.mark.parametrize("op", [op for op in ops.ROWS if arity(op) == 2])
def test_a_plain_operand_is_a_constant(op, number):
    a, b = Value(1.5), Value(float(number))
    both = OPERATIONS[op](a, b)
    second_plain, first_plain = OPERATIONS[op](a, number), OPERATIONS[op](number, a)
    assert second_plain.data == both.data
    assert second_plain.local_derivatives[0] == both.local_derivatives[0]
    assert [parent.op for parent in second_plain.parents] == ["", "const"]
    assert first_plain.local_derivatives == OPERATIONS[op](b, a).local_derivatives
    assert [parent.op for parent in first_plain.parents] == ["const", ""]


@pytest.mark.parametrize("op", [op for op in ops.ROWS if ops.ROWS[op].parameter])
def test_a_plain_parameter_has_no_derivative(op):
    assert OPERATIONS[op](Value(-1.5), 3.0).local_derivatives[1] == 0
    assert OPERATIONS[op](Value(-1.5), Fraction(3)).local_derivatives[1] == 0
    assert OPERATIONS[op](Value(0.0), 3.0).local_derivatives[1] == 0
    assert OPERATIONS[op](Value(1.5), Value(3.0)).local_derivatives[1] == exact(op, (1.5, 3.0), "y")
    if ops.ROWS[op].default is not None:
        default = OPERATIONS[op](Value(-1.5))
        assert default.data == OPERATIONS[op](-1.5) == OPERATIONS[op](-1.5, ops.ROWS[op].default)
        assert (default.parents[1].data, default.local_derivatives[1]) == (ops.ROWS[op].default, 0)


@pytest.mark.parametrize("op", [op for op in ops.ROWS if ops.ROWS[op].parameter])
def test_gradient_by_a_plain_parameter_is_what_backward_gives(op):
    node = OPERATIONS[op](Value(-1.5), 3.0)
    assert [derivative.data for derivative in gradient(node, node.parents)] == list(node.local_derivatives)


@EVERY_ROW
def test_where_no_float_is_the_result_it_raises_or_overflows(op):
    """Not real: DomainError, of Values and of floats; above 1.8e308: OverflowError, or inf as the arithmetic of floats."""
    for point in set(EVERYWHERE[arity(op) - 1]) - set(points(op, *EVERYWHERE)):
        for operands in (point, values_at(point, op)):
            if isnan(exact(op, point)):
                with pytest.raises(DomainError, match=f"{op} needs"):
                    OPERATIONS[op](*operands)
                continue
            try:
                result = OPERATIONS[op](*operands)
            except OverflowError:
                continue
            assert (result.item() if isinstance(result, Value) else result) == exact(op, point)


@pytest.mark.parametrize("op, point", [("exp", 710), ("expm1", 710), ("sinh", -711), ("cosh", 711), ("pow", 2)])
def test_exponential_overflow_raises(op, point):
    for x in (point, Value(point)):
        with pytest.raises(OverflowError, match=f"{op} overflows for x = {point}"):
            OPERATIONS[op](*[x, 1024.0][: arity(op)])


@EVERY_ROW
def test_source_can_be_shown(op):
    source = inspect.getsource(OPERATIONS[op])
    assert source.startswith(f"def {op}(")
    assert "z = " in source and source.count("\ndef ") == 0  # this function's lines, and no other's


# Singular points: the conventions beside the rows --------------------------------------------------------------------

CONVENTIONS = {
    "relu6 at 0 and 6": (lambda x, y: x.relu6() + y.relu6(), [0.0, 6.0], [0, 0], [0, 0, 0, 0]),
    "hardtanh at -1 and 1": (lambda x, y: x.hardtanh() + y.hardtanh(), [-1.0, 1.0], [0, 0], [0, 0, 0, 0]),
    "selu at 0": (lambda x: x.selu(), [0.0], [1.7580993408473766], [1.7580993408473766]),
    "elu at inf": (lambda x: x.elu(), [inf], [1], [0]),
    "selu at inf": (lambda x: x.selu(), [inf], [1.0507009873554805], [0]),
    "leaky_relu at inf": (lambda x: x.leaky_relu(), [inf], [1], [0]),
    "maximum of infinities": (lambda x, y: x.maximum(y), [inf, inf], [0.5, 0.5], [0, 0, 0, 0]),
    "minimum of infinities": (lambda x, y: x.minimum(y), [inf, inf], [0.5, 0.5], [0, 0, 0, 0]),
    "maximum of -inf": (lambda x, y: x.maximum(y), [-inf, -inf], [0.5, 0.5], [0, 0, 0, 0]),
    "cbrt at 0": (lambda x: x.cbrt(), [0.0], [inf], [nan]),
    "acosh at 1": (lambda x: x.acosh(), [1.0], [inf], [nan]),
    "xlogy at 0, 0": (lambda x, y: x.xlogy(y), [0.0, 0.0], [0, 0], [0, 0, 0, 0]),
    "xlogy at 0, 2": (lambda x, y: x.xlogy(y), [0.0, 2.0], [math.log(2.0), 0], [0, 0.5, 0.5, 0]),
    "clamp at its bounds": (lambda x, y: x.clamp(1.0, 2.0) + y.clamp(1.0, 2.0), [1.0, 2.0], [1, 1], [0, 0, 0, 0]),
    "clamp between infinities": (lambda x: x.clamp(-inf, inf), [inf], [1], [0]),
    "max_, a tie": (lambda x, y, w: OPERATIONS["max_"]([x, y, w]), [2.0, 2.0, 1.0], [0.5, 0.5, 0], [0] * 9),
    "min_, a tie of infinities": (lambda x, y: OPERATIONS["min_"]([x, y]), [-inf, -inf], [0.5, 0.5], [0] * 4),
    "prod with zeros": (lambda x, y, w: OPERATIONS["prod"]([x, y, w]), [0.0, 3.0, 0.0], [0, 0, 0], [0, 0, 3, 0, 0, 0, 3, 0, 0]),
    "relu at 0": (lambda x: x.relu(), [0.0], [0], [0]),
    "relu at -0": (lambda x: x.relu(), [-0.0], [0], [0]),
    "abs at 0": (abs, [0.0], [0], [0]),
    "sign at 0": (lambda x: x.sign(), [0.0], [0], [0]),
    "step at 0": (lambda x: x.step(), [0.0], [0], [0]),
    "maximum, a tie": (lambda x, y: x.maximum(y), [1.5, 1.5], [0.5, 0.5], [0, 0, 0, 0]),
    "minimum, a tie": (lambda x, y: x.minimum(y), [1.5, 1.5], [0.5, 0.5], [0, 0, 0, 0]),
    "maximum, a tie of 0 and -0": (lambda x, y: x.maximum(y), [0.0, -0.0], [0.5, 0.5], [0, 0, 0, 0]),
    "maximum of a node and itself": (lambda x: x.maximum(x), [1.5], [1], [0]),
    "sqrt at 0": (lambda x: x.sqrt(), [0.0], [inf], [-inf]),
    "asin at 1": (lambda x: x.asin(), [1.0], [inf], [inf]),
    "asin at -1": (lambda x: x.asin(), [-1.0], [inf], [-inf]),
    "acos at 1": (lambda x: x.acos(), [1.0], [-inf], [-inf]),
    "acos at -1": (lambda x: x.acos(), [-1.0], [-inf], [inf]),
    "leaky_relu at 0": (lambda x: x.leaky_relu(), [0.0], [0.01], [0]),
    "leaky_relu(x, y) at 0": (lambda x, y: x.leaky_relu(y), [0.0, 0.3], [0.3, 0], [0, 1, 1, 0]),
    "elu at 0": (lambda x: x.elu(), [0.0], [1], [1]),
    "elu(x, y) at 0": (lambda x, y: x.elu(y), [0.0, 0.3], [0.3, 0], [0.3, 1, 1, 0]),
    "hypot at 0, 0": (lambda x, y: x.hypot(y), [0.0, 0.0], [0, 0], [0, 0, 0, 0]),
    "atan2 at 0, 0": (lambda x, y: x.atan2(y), [0.0, 0.0], [0, 0], [0, 0, 0, 0]),
    "x**0": (lambda x: x**0, [2.0], [0], [0]),
    "x**0 at 0": (lambda x: x**0, [0.0], [0], [0]),
    "x**1 at 0": (lambda x: x**1, [0.0], [1], [0]),
    "x**2 at 0": (lambda x: x**2, [0.0], [0], [2]),
    "x**0.5 at 0": (lambda x: x**0.5, [0.0], [inf], [-inf]),
    "x**y at 0, 0": (lambda x, y: x**y, [0.0, 0.0], [0, 0], [0, 0, 0, 0]),
    "x**y at 0, 2": (lambda x, y: x**y, [0.0, 2.0], [0, 0], [2, 0, 0, 0]),
    "0**y": (lambda y: 0**y, [2.0], [0], [0]),
    "0**y at 0": (lambda y: 0**y, [0.0], [0], [0]),
    "x**y at -2, 3": (lambda x, y: x**y, [-2.0, 3.0], [12, nan], [-12, nan, nan, nan]),
    "(-2)**y": (lambda y: (-2) ** y, [3.0], [nan], [nan]),
    "x**3 at -2": (lambda x: x**3, [-2.0], [12], [-12]),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_convention_at_singular_point(name):
    f, point, first, second = CONVENTIONS[name]
    inputs = [Value(a) for a in point]
    output = f(*inputs)
    output.backward()
    derivatives = gradient(output, inputs)
    assert [leaf.grad for leaf in inputs] == pytest.approx(first, rel=0, abs=0, nan_ok=True)
    assert [derivative.data for derivative in derivatives] == pytest.approx(first, rel=0, abs=0, nan_ok=True)
    again = [d.data for derivative in derivatives for d in gradient(derivative, inputs)]
    assert again == pytest.approx(second, rel=0, abs=0, nan_ok=True)


def test_second_derivatives_of_a_power_where_the_exponent_is_zero():
    x, y = Value(2.0), Value(0.0)
    second = [d.data for first in gradient(x**y, [x, y]) for d in gradient(first, [x, y])]
    assert second == pytest.approx([0.0, 0.5, 0.5, math.log(2) ** 2], rel=1e-15)


@pytest.mark.parametrize("exponent, third", [(0, 0), (1, 0), (2, 0), (3, 6), (4, 0)])
@pytest.mark.parametrize("at", [0.0, -0.0])
def test_third_derivative_of_a_power_at_zero(exponent, third, at):
    x = Value(at)
    derivative = x**exponent
    for _ in range(3):
        derivative = gradient(derivative, x)
    assert derivative.data == third


# The families --------------------------------------------------------------------------------------------------------


def share(b, x):
    return mpmath.exp(b[0]) / mpmath.fsum(map(mpmath.exp, [*b, *x]))


def loss(b, x):
    return mpmath.log(mpmath.fsum(map(mpmath.exp, [*b, *x]))) - b[0]


FAMILY_FORMULAS = {
    "sum_": mpmath.fsum,
    "dot": mpmath.fdot,
    "linear": lambda w, x, b: mpmath.fdot(w, x) + b[0],
    "prod": mpmath.fprod,
    "max_": max,
    "min_": min,
    "count": lambda b, x: sum(a == b[0] for a in x),
    "logsumexp": lambda x: mpmath.log(mpmath.fsum(map(mpmath.exp, x))),
    "softmax": share,
    "unlike": lambda b, x: 1 - share(b, x),
    "log_softmax": lambda b, x: -loss(b, x),
    "nll": loss,
    "weighted_nll": lambda w, x: mpmath.fsum(w) * mpmath.log(mpmath.fsum(map(mpmath.exp, x))) - mpmath.fdot(w, x),
}


def family_operands(op, groups):
    """Numbers of both signs, neither equal nor in order."""
    single = ops.FAMILIES[op].head + ops.FAMILIES[op].tail
    return [2.0 * math.sin(3.0 * k + 1.0) for k in range(groups * len(letters_of(ops.FAMILIES[op])) + len(single))]


def exact_family(op, operands):
    return FAMILY_FORMULAS[op](*split(ops.FAMILIES[op], operands))


def exact_difference(op, operands, *moved):
    """A derivative, by central differences in 100 digits: h*h = 1e-50 of it is lost."""
    with mpmath.workdps(100):
        h = mpmath.mpf("1e-25")
        total = 0
        for signs in itertools.product((1, -1), repeat=len(moved)):
            point = [mpmath.mpf(a) for a in operands]
            for sign, i in zip(signs, moved):
                point[i] += sign * h
            total += math.prod(signs) * exact_family(op, point)
        return float(total / (2 * h) ** len(moved))


FAMILY_POINTS = [pytest.param(n, lambda a: a, id=str(n)) for n in (1, 2, 7, 300)]
FAMILY_POINTS += [pytest.param(7, lambda a: 500 * a, id="large"), pytest.param(300, lambda a: 500 * a, id="300 large")]


def rounding(op, operands):
    """A few ulp of every partial sum; in logsumexp, exp(x - z) has the ulp of z as its relative error."""
    size = mpmath.fsum([abs(a) for a in operands]) if op == "sum_" else abs(exact_family(op, operands))
    if op == "prod":
        return 1e-15 * len(operands) * float(size)
    if op in ("dot", "linear"):
        size = exact_family(op, [abs(a) for a in operands])
    return 1e-15 * float(1 + size)


@EVERY_FAMILY
@pytest.mark.parametrize("groups, scaled", FAMILY_POINTS)
def test_family_value_and_local_derivatives(op, groups, scaled):
    operands = [scaled(a) for a in family_operands(op, groups)]
    inputs = [Value(a) for a in operands]
    node = family(op, inputs)
    assert (node.op, list(node.parents)) == (op, inputs)
    assert node.data == pytest.approx(float(exact_family(op, operands)), rel=0, abs=rounding(op, operands))
    node.backward()
    some = range(0, len(inputs), 1 + len(inputs) // 20)
    expected = [exact_difference(op, operands, i) for i in some]
    tolerance = rounding(op, operands) if op in AT_ONCE else 0  # the others' are operands, as they are
    rounded = 1e-15 * (len(inputs) if op == "prod" else 1)  # each factor rounds
    assert [inputs[i].grad for i in some] == pytest.approx(expected, rel=rounded, abs=tolerance)
    assert [leaf.grad for leaf in inputs] == list(node.local_derivatives)
    assert [derivative.data for derivative in gradient(node, inputs)] == list(node.local_derivatives)


@EVERY_FAMILY
@pytest.mark.parametrize("groups, scaled", FAMILY_POINTS[:3])
def test_family_second_derivatives(op, groups, scaled):
    operands = family_operands(op, groups)
    inputs = [Value(a) for a in operands]
    for i, derivative in enumerate(gradient(family(op, inputs), inputs)):
        expected = [exact_difference(op, operands, i, j) for j in range(len(inputs))]
        assert [d.data for d in gradient(derivative, inputs)] == pytest.approx(expected, rel=1e-14, abs=2e-15)


@EVERY_FAMILY
@pytest.mark.parametrize("groups", [1, 2, 7, 300])
def test_family_of_partly_plain_numbers(op, groups):
    numbers = [Fraction(a) if k % 4 == 1 else round(a) if k % 4 == 3 else a for k, a in enumerate(family_operands(op, groups))]
    everywhere = family(op, [Value(a) for a in numbers])
    for kept in (0, 1):
        mixed = [Value(a) if k % 2 == kept or len(numbers) == 1 else a for k, a in enumerate(numbers)]
        node = family(op, mixed)
        assert (node.data, node.local_derivatives) == (everywhere.data, everywhere.local_derivatives)
        assert [parent.op for parent in node.parents] == ["" if isinstance(a, Value) else "const" for a in mixed]
    plain = family(op, numbers)
    assert type(plain) is float and plain == everywhere.data


@EVERY_FAMILY
def test_family_source_can_be_shown(op):
    ran = []
    inputs = [Value(a) for a in family_operands(op, 3)]
    sys.setprofile(lambda frame, event, _: ran.append(frame.f_code) if event == "call" else None)
    try:
        family(op, inputs)
    finally:
        sys.setprofile(None)
    generated = [code for code in ran if code.co_filename.startswith("<autograd_lite") and code.co_name != "<module>"]
    assert len(generated) == 1
    assert inspect.getsource(generated[0]).startswith(f"def {generated[0].co_name}(")


# Stability -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "op, point, value, derivative",
    [
        ("sigmoid", -745.0, 5e-324, 5e-324),
        ("sigmoid", 745.0, 1.0, 5e-324),
        ("sigmoid", -1000.0, 0.0, 0.0),
        ("sigmoid", 1000.0, 1.0, 0.0),
        ("softplus", -745.0, 5e-324, 5e-324),
        ("softplus", -1000.0, 0.0, 0.0),
        ("softplus", 1000.0, 1000.0, 1.0),
        ("tanh", 1000.0, 1.0, 0.0),
        ("tanh", -1000.0, -1.0, 0.0),
        ("exp", -745.0, 5e-324, 5e-324),
    ],
)
def test_saturates_without_overflow(op, point, value, derivative):
    x = Value(point)
    node = OPERATIONS[op](x)
    node.backward()
    assert (node.data, x.grad, OPERATIONS[op](point)) == (value, derivative, value)


def test_a_half_is_rounded_to_the_even_neighbour():
    assert [OPERATIONS["round"](x) for x in (0.5, 1.5, 2.5, -0.5, -2.5, 1e300)] == [0.0, 2.0, 2.0, 0.0, -2.0, 1e300]
    assert [math.copysign(1.0, OPERATIONS[op](x)) for op, x in (("round", -0.3), ("ceil", -0.3), ("floor", -0.0))] == [-1, -1, -1]
    assert [OPERATIONS[op](x) for op in ("floor", "ceil", "round") for x in (inf, -inf)] == [inf, -inf] * 3


# Where a factor alone is below the smallest normal number, and has lost its digits: 5e-324 is the unit of what is left
SUBNORMAL = [
    *[("silu", x, by) for x in (-745.2, -740.0, -748.0) for by in ("", "x", "xx")],
    *[("mish", x, "") for x in (-745.2, -740.0)],
    *[("gelu", x, by) for x in (-38.5, -37.7, -37.1) for by in ("", "x")],
    ("atan", 1.9e161, "x"),
    ("softsign", 1e157, "x"),
]


@pytest.mark.parametrize("op, at, by", SUBNORMAL)
def test_no_digits_are_lost_among_subnormal_numbers(op, at, by):
    x = Value(at)
    node = OPERATIONS[op](x)
    for _ in by:
        node = gradient(node, x)
    rounding = 1e-15 * (2 + condition(op, (at,), by) + (at * at if op == "gelu" else 0))
    assert node.data == pytest.approx(exact(op, (at,), by), rel=rounding, abs=3 * 5e-324)


@pytest.mark.parametrize("at", [1e-20, -1e-20, 1e-10, 1e-300, 1.0, 40.0])
def test_second_derivatives_near_their_zero(at):
    """-p * (1 - p) * (2 * p - 1), lost where 2 * p - 1 is a difference."""
    for op in ("sigmoid", "tanh", "atan", "asinh", "softsign", "hypot_slope"):
        x = Value(at)
        point = (at,) if arity(op) == 1 else (at, 1.0)
        second = gradient(gradient(OPERATIONS[op](x, *point[1:]), x), x).data
        assert second == pytest.approx(exact(op, point, "xx"), rel=1e-14, abs=0)


@pytest.mark.parametrize("size", [1e3, 1e5, 1e8, 1.8e15, 1e50, 1e300, -1e50])
@pytest.mark.parametrize("count", [2, 3])
def test_shares_of_equal_logits_at_any_size(size, count):
    inputs = [Value(size) for _ in range(count)]
    node = OPERATIONS["logsumexp"](inputs)
    assert list(node.local_derivatives) == [d.data for d in gradient(node, inputs)] == [1 / count] * count
    assert [a.data for a in OPERATIONS["softmax"](inputs)] == [1 / count] * count
    assert [a.data for a in OPERATIONS["log_softmax"](inputs)] == pytest.approx([-math.log(count)] * count, rel=1e-15)
    assert nll(inputs, 0).data == nll(inputs, [1.0] + [0.0] * (count - 1)).data == pytest.approx(math.log(count), rel=1e-15)


def test_the_dominating_logit_keeps_its_derivative():
    """1 - p is the sum of the others' shares, not a difference: sigmoid(-x) for two."""
    x = 37.42994775023705
    right = 5.551115123125776e-17
    for make, sign in (
        (lambda v: OPERATIONS["log_softmax"](v)[0], 1),
        (lambda v: OPERATIONS["softmax"](v)[0], 1),
        (lambda v: nll(v, 0), -1),
        (lambda v: nll(v, [1.0, 0.0]), -1),
        (lambda v: nll(v, [Value(1.0), Value(0.0)]), -1),
    ):
        v = [Value(x), Value(0.0)]
        output = make(v)
        output.backward()
        assert [a.grad for a in v] == pytest.approx([sign * right, -sign * right], rel=1e-15)
        assert [d.data for d in gradient(output, v)] == [a.grad for a in v]
    assert OPERATIONS["log_softmax"]([x, 0.0]) == [pytest.approx(-right, rel=1e-15), -x]
    second = gradient(gradient(OPERATIONS["logsumexp"](v), v[0]), v)
    assert [d.data for d in second] == pytest.approx([right, -right], rel=1e-15)


# What PyTorch gives (recorded from 2.13): the value of logsumexp, and the first of log_softmax and of softmax
NOT_FINITE = [
    ([inf, 0.0], inf, nan, nan),
    ([inf, inf], inf, nan, nan),
    ([-inf, -inf], -inf, nan, nan),
    ([-inf, 0.0], 0.0, -inf, 0.0),
    ([nan, 0.0], nan, nan, nan),
    ([0.0, nan], nan, nan, nan),
    ([inf, nan], nan, nan, nan),
    ([nan, inf], nan, nan, nan),
    ([-inf, nan], nan, nan, nan),
    ([inf, -inf], inf, nan, nan),
    ([-inf], -inf, nan, nan),
]


@pytest.mark.parametrize("xs, total, log, share", NOT_FINITE, ids=str)
def test_logits_that_are_not_finite_are_as_in_pytorch(xs, total, log, share):
    for kind in (float, Value):
        found = [OPERATIONS["logsumexp"](map(kind, xs)), *[OPERATIONS[op](map(kind, xs))[0] for op in ("log_softmax", "softmax")]]
        assert [getattr(a, "data", a) for a in found] == pytest.approx([total, log, share], nan_ok=True, abs=0)


@pytest.mark.parametrize("count", [1, 2, 256, 257])
def test_a_sum_of_negative_zeros_is_negative(count):
    for operands in ([-0.0] * count, [Value(-0.0) for _ in range(count)]):
        found = [OPERATIONS["sum_"](operands), OPERATIONS["dot"](operands, [1.0] * count)]
        found.append(OPERATIONS["linear"](operands, [1.0] * count, -0.0))
        assert [math.copysign(1.0, getattr(a, "data", a)) for a in found] == [-1.0] * 3


@pytest.mark.parametrize("op", ["max_", "min_"])
def test_an_extreme_of_nan_has_no_derivative(op):
    for xs in ([nan, 1.0], [1.0, nan, 2.0], [-1e200, 6.0, float("nan")]):
        inputs = [Value(x) for x in xs]
        node = OPERATIONS[op](inputs)
        assert all(map(isnan, [node.data, *node.local_derivatives, *[d.data for d in gradient(node, inputs)]]))


def test_of_no_operands():
    assert (OPERATIONS["sum_"]([]), OPERATIONS["prod"]([]), OPERATIONS["dot"]([], [])) == (0.0, 1.0, 0.0)
    for op in ("max_", "min_", "mean", "var", "std", "logsumexp", "softmax"):
        with pytest.raises(ValueError, match="at least one operand"):
            OPERATIONS[op]([])
    with pytest.raises(ValueError, match="var with correction=1 needs more than 1 operands, got 1"):
        OPERATIONS["std"]([1.0])


@pytest.mark.parametrize("correction", [0, 1])
def test_variance_and_its_derivatives(correction):
    """2 * (x_i - mean) / (n - correction)."""
    inputs = [Value(x) for x in (1.0, 2.5, -4.0)]
    node = OPERATIONS["var"](inputs, correction)
    node.backward()
    centre = -0.5 / 3
    assert node.data == pytest.approx(sum([(x.data - centre) ** 2 for x in inputs]) / (3 - correction), rel=1e-15)
    assert [x.grad for x in inputs] == pytest.approx([2 * (x.data - centre) / (3 - correction) for x in inputs], rel=1e-14)
    assert OPERATIONS["std"](inputs, correction).data == pytest.approx(math.sqrt(node.data), rel=1e-15)


# Operations that choose ----------------------------------------------------------------------------------------------

NOT_TAKEN = {
    "where": lambda x, side: where(1.0, x, side),
    "where, a condition that varies": lambda x, side: where(x > 0, x, side),
    "where, the other side": lambda x, side: where(Value(0.0), side, x),
    "clamp": lambda x, side: clamp(-1.0, x, side),
    "where, used twice": lambda x, side: where(1.0, x, side * side + side),
    "where, negated": lambda x, side: -where(1.0, -x, side),
    "where, subtracted": lambda x, side: 2 * x - where(Value(1.0), x, -side),
    "where, divided": lambda x, side: 3 / where(Value(1.0), 3 / x, side / 2),
    "where, nested": lambda x, side: where(1.0, where(1.0, x, side), side),
    "a sum of two": lambda x, side: 0.5 * where(0.0, side, x) + where(1.0, 0.5 * x, side * 2),
}
SIDES = {
    "infinite derivative": lambda w: w.sqrt() + 7.0,
    "infinite": lambda w: (w + 1.0) * inf,
    "nan": lambda w: (w + nan).log(),
    "nan by nan": lambda w: w * nan,
}


# a bound that is nan makes nan of what it bounds
BOTH = [(choose, side) for choose in NOT_TAKEN for side in SIDES if not (choose == "clamp" and "nan" in side)]


@pytest.mark.parametrize("choose, side", BOTH)
def test_a_side_that_is_not_taken_does_no_harm(choose, side):
    choose, side = NOT_TAKEN[choose], SIDES[side]
    x, w = Value(3.0), Value(0.0)
    output = choose(x, side(w))
    output.backward()
    assert (output.data, x.grad, w.grad) == (3.0, 1.0, 0.0)
    assert [d.data for d in gradient(output, [x, w])] == [1.0, 0.0]
    again = gradient(gradient(output * output, x), [x, w])
    assert [d.data for d in again] == [2.0, 0.0]
    assert jvp(lambda x, w: choose(x, side(w)), (3.0, 0.0), (1.0, 1.0))[1] == 1.0
    for dialect in ("python", "numpy"):
        program = compile_program(output, [x, w], gradients_of=output, dialect=dialect)
        assert program(3.0, 0.0) == (3.0, 1.0, 0.0)


SOFTMAX_POINTS = [[1000, 999.5], [-1000, -999.5, -1001], [1000, -1000, 0.5], [-745, 0], [0.1, 0.2], [3.9, -3.9], [7.0], [5, 5, 5]]


def exact_log_softmax(xs):
    return [x - exact_family("logsumexp", xs) for x in xs]


@pytest.mark.parametrize("kind", [float, Value], ids=["float", "Value"])
@pytest.mark.parametrize("xs", SOFTMAX_POINTS, ids=str)
def test_softmax_is_accurate(xs, kind):
    """To a few ulp, but that those of its exponent, x - logsumexp(x), are multiplied by its size."""
    with mpmath.workdps(1000):
        logs = exact_log_softmax([mpmath.mpf(x) for x in xs])
        shares = [float(mpmath.exp(a)) for a in logs]
    got, got_logs = ([getattr(a, "data", a) for a in OPERATIONS[op](map(kind, xs))] for op in ("softmax", "log_softmax"))
    for a, b, share, log in zip(got, got_logs, shares, logs):
        assert a == pytest.approx(share, rel=1e-15 * (1 + abs(float(log))), abs=5e-324)
        assert b == pytest.approx(float(log), rel=1e-15, abs=4e-16)
    assert sum(got) == pytest.approx(1, rel=0, abs=1e-15)


@pytest.mark.parametrize("xs", SOFTMAX_POINTS, ids=str)
def test_softmax_derivatives_are_accurate(xs):
    """p_i * ((i == j) - p_j), from p of mpmath."""
    with mpmath.workdps(1000):
        p = [float(mpmath.exp(a)) for a in exact_log_softmax([mpmath.mpf(x) for x in xs])]
    inputs = [Value(x) for x in xs]
    for i, share in enumerate(OPERATIONS["softmax"](inputs)):
        expected = [p[i] * ((i == j) - p[j]) for j in range(len(xs))]
        assert [d.data for d in gradient(share, inputs)] == pytest.approx(expected, rel=1e-14, abs=1e-15)


LARGE = [[1000, 1000, 999], [-740, -741.5], [-1000, -1000.5], [1000, -1000], [-1e308, -1.7e308], [1.7e308, 1.7e308], [-inf, -inf]]


@pytest.mark.parametrize("xs", LARGE, ids=str)
def test_logsumexp_does_not_overflow(xs):
    inputs = [Value(x) for x in xs]
    node = OPERATIONS["logsumexp"](inputs)
    node.backward()
    largest = max(xs)
    powers = [math.exp(x - largest) if largest > -inf else 0.0 for x in xs]
    expected = largest + math.log(sum(powers)) if any(powers) else -inf
    assert node.data == pytest.approx(expected, rel=1e-15)
    assert OPERATIONS["logsumexp"](xs) == node.data
    if abs(largest) < 1e300:  # else x - z is 0, whatever the number of the largest
        assert [leaf.grad for leaf in inputs] == pytest.approx([power / sum(powers) for power in powers], rel=1e-12)


# The straight way ----------------------------------------------------------------------------------------------------


@pytest.fixture
def straight_way_only(monkeypatch):
    def leave(op, operands):
        pytest.fail(f"{op} left the straight way at {operands}")

    for name in ("slowly", "operator_slowly"):
        monkeypatch.setitem(NAMES, name, leave)


@EVERY_ROW
def test_ordinary_points_take_the_straight_way(straight_way_only, op):
    for point in points(op, *INSIDE):
        if op == "pow" and point[0] < 0:  # its derivative by y is nan, by convention
            continue
        inputs = values_at(point, op)
        OPERATIONS[op](*inputs)
        getattr(inputs[0], op)(*inputs[1:])


@pytest.mark.parametrize("method", ["__add__", "__sub__", "__mul__", "__truediv__", "__pow__"])
def test_operators_of_values_take_the_straight_way(straight_way_only, method):
    getattr(Value(1.5), method)(Value(2.5))


@EVERY_FAMILY
@pytest.mark.parametrize("groups", [1, 2, 7, UNROLLED])
def test_families_take_the_straight_way(straight_way_only, op, groups):
    family(op, [Value(a) for a in family_operands(op, groups)])


@pytest.mark.parametrize("op", ["relu", "step", "sign", "abs", "leaky_relu", "elu"])
def test_zero_as_a_plain_number_follows_the_convention(op):
    assert OPERATIONS[op](0.0) == OPERATIONS[op](Value(0.0)).data == 0


def test_constant_exponent_records_0_also_off_the_straight_way():
    node = Value(1e-300) ** -1  # pow(x, -2) overflows; z * log(x), the derivative by an exponent that varies, is not 0
    assert node.local_derivatives == (-inf, 0)


def test_second_derivative_of_the_first_power_is_0_where_x_equals_the_first():
    """gradient() takes a rule that differs from the recorded derivative as a constant: only at 1 is x mistaken for 1."""
    x = Value(1.0)
    assert gradient(gradient(x**1, x), x).data == 0
