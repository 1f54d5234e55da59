"""A Value: what it takes, what it records, what it refuses and how it says so."""

import asyncio
import copy
import gc
import math
import operator
import pickle
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction
from math import inf, nan

import pytest
from waiting import PATIENCE

import autograd_lite
from autograd_lite import (
    DivisionByZeroError,
    DomainError,
    Value,
    detect_anomaly,
    exp,
    gradient,
    linear,
    log,
    logsumexp,
    no_grad,
    sqrt,
    sum_,
    tanh,
)

ARITHMETIC = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow}
NOT_REAL = [1j, "2", b"2", None, [2.0], (2.0,), {}, float, object]
REAL = [2, 2.0, True, Fraction(3, 2), Decimal("0.25"), -0.0, inf]
NUMPY = ["float16", "float32", "float64", "longdouble", "int8", "int64", "uint8", "uint64"]


@pytest.fixture
def np():
    return pytest.importorskip("numpy", reason="NumPy is not installed: arrays of Values are not tested")


# What a Value is made of ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", REAL, ids=repr)
def test_real_data_becomes_a_float(number):
    v = Value(number)
    assert type(v.data) is float and v.data == float(number)
    v = Value(0.0)
    v.data = number
    assert type(v.data) is float and v.data == float(number)


def test_nan_is_data_too():
    assert math.isnan(Value(nan).data) and math.isnan(Value(Decimal("NaN")).data)


@pytest.mark.parametrize("thing", [*NOT_REAL, Value(1.0)], ids=lambda thing: type(thing).__name__ + repr(thing)[:9])
def test_other_data_is_a_type_error(thing):
    with pytest.raises(TypeError, match=rf"^Value needs a real number, got {type(thing).__name__}"):
        Value(thing)
    v = Value(3.0)
    with pytest.raises(TypeError, match=rf"^Value\.data needs a real number, got {type(thing).__name__}"):
        v.data = thing
    assert v.data == 3.0


def test_value_of_a_value_says_what_to_do_instead():
    with pytest.raises(TypeError, match="detach"):
        Value(Value(1.0))


@pytest.mark.parametrize(
    "number", [10**400, 10**5000, -(10**400), Fraction(10**400, 3)], ids=["1e400", "1e5000", "-1e400", "fraction"]
)
def test_data_beyond_a_float_is_an_overflow_error(number):
    with pytest.raises(OverflowError, match=r"^Value: .*too large for a float") as error:
        Value(number)
    assert len(str(error.value)) < 200
    with pytest.raises(OverflowError, match=r"^add: .*too large for a float"):
        Value(1.0) + number
    with pytest.raises(OverflowError, match=r"^add: .*too large for a float"):
        number + Value(1.0)


def test_a_label_is_a_str():
    assert Value(1.0).label == "" and Value(1.0, "w").label == Value(1.0, label="w").label == "w"
    for label in (5, None, b"w"):
        with pytest.raises(TypeError, match=rf"Value needs a str as label, got {type(label).__name__}"):
            Value(1.0, label)


def test_a_new_value_is_a_leaf():
    v = Value(1.5)
    assert (v.data, v.grad, v.op, v.label, v.parents, v.local_derivatives) == (1.5, 0.0, "", "", (), ())
    with pytest.raises(AttributeError):
        v.lable  # noqa: B018  # a typing mistake


def test_item_is_the_float():
    assert type(Value(3).item()) is float and Value(3).item() == 3.0 and (Value(3) * 2).item() == 6.0


# Operators -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2, 3.0, True, Fraction(3, 2), Decimal("0.5")], ids=repr)
@pytest.mark.parametrize("op", ARITHMETIC)
def test_a_plain_number_may_stand_on_either_side(op, number):
    f, v, c = ARITHMETIC[op], Value(0.75, "v"), float(number)
    for node, result, place in ((f(v, number), f(0.75, c), 0), (f(number, v), f(c, 0.75), 1)):
        assert (node.op, node.data) == (op, result)
        assert node.parents[place] is v
        other = node.parents[1 - place]
        assert (other.op, other.data, type(other.data)) == ("const", c, float)
        h = 1e-6
        slope = (f(0.75 + h, c) - f(0.75 - h, c) if place == 0 else f(c, 0.75 + h) - f(c, 0.75 - h)) / (2 * h)
        assert node.local_derivatives[place] == pytest.approx(slope, rel=1e-8)  # the error of the difference: h**2


@pytest.mark.parametrize("op", ARITHMETIC)
def test_the_order_of_operands_counts(op):
    f, a, b = ARITHMETIC[op], Value(3.0), Value(2.0)
    assert f(a, b).data == f(3.0, 2.0) and f(a, b).parents == (a, b)
    assert f(b, a).data == f(2.0, 3.0) and f(b, a).parents == (b, a)


@pytest.mark.parametrize("thing", NOT_REAL, ids=lambda thing: type(thing).__name__)
@pytest.mark.parametrize("op", ARITHMETIC)
def test_other_operands_are_a_type_error_that_names_the_operation(op, thing):
    message = rf"^{op} needs real numbers or Values, got {type(thing).__name__}"
    for call in (lambda: ARITHMETIC[op](Value(2.0), thing), lambda: ARITHMETIC[op](thing, Value(2.0))):
        with pytest.raises(TypeError, match=message):
            call()


@pytest.mark.parametrize("thing", ["2", None, 1j, [2.0]], ids=lambda thing: type(thing).__name__)
@pytest.mark.parametrize("op", ["tanh", "exp", "relu", "log", "sigmoid", "abs"])
def test_functions_refuse_other_operands(op, thing):
    with pytest.raises(TypeError, match=rf"^{op} needs real numbers or Values, got {type(thing).__name__}"):
        getattr(autograd_lite, op)(thing)


@pytest.mark.parametrize("thing", ["2", None, 1j], ids=lambda thing: type(thing).__name__)
def test_families_refuse_other_operands(thing):
    v = Value(1.0)
    for name, call in {
        "linear": lambda: linear([v, v], [1.0, thing], v),
        "sum_": lambda: sum_([v, thing]),
        "logsumexp": lambda: logsumexp([thing, v]),
    }.items():
        with pytest.raises(TypeError, match=rf"^{name} needs real numbers or Values, got {type(thing).__name__}"):
            call()


def test_unary_operators():
    v = Value(-2.0)
    assert (-v).data == 2.0 and (-v).op == "neg" and abs(v).data == 2.0 and abs(v).op == "abs" and +v is v


def test_an_operand_that_knows_about_values_gets_its_turn():
    class Polite:
        def __radd__(self, other):
            return ("my turn", other)

    v = Value(1.0)
    assert v + Polite() == ("my turn", v)
    with pytest.raises(TypeError, match=r"unsupported operand type.*\*: 'Value' and 'Polite'"):
        v * Polite()


@pytest.mark.parametrize("call", [lambda v: v // 2, lambda v: v % 2, lambda v: pow(v, 2, 3), lambda v: v @ v, lambda v: v[0]])
def test_what_has_no_derivative_here_is_refused(call):
    with pytest.raises(TypeError):
        call(Value(2.0))


@pytest.mark.parametrize("op", ["iadd", "isub", "imul", "itruediv", "ipow"])
def test_augmented_assignment_rebinds_and_leaves_the_old_node_alone(op):
    a = old = Value(3.0, "a")
    a = getattr(operator, op)(a, 2.0)
    assert a is not old and a.parents[0] is old and a.data == getattr(operator, op)(3.0, 2.0)
    assert (old.data, old.label, old.op, old.parents) == (3.0, "a", "", ())
    a.backward()
    assert old.grad == a.local_derivatives[0]


# Identity and order --------------------------------------------------------------------------------------------------


def test_equality_and_hash_are_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == a and a != b and a != 1.0 and a != 1.0
    assert len({a, b, a}) == 2 and {a: "a", b: "b"}[a] == "a" and [b, a].index(a) == 1
    before = hash(a)
    a.data, a.grad, a.label = 5.0, 2.0, "a"
    assert hash(a) == before


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
@pytest.mark.parametrize("x, y", [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (1.0, nan)])
def test_comparisons_compare_data(compare, x, y):
    expected = compare(x, y)
    assert compare(Value(x), Value(y)) is compare(Value(x), y) is compare(x, Value(y)) is expected


@pytest.mark.parametrize("x", [0.0, -0.0, 5e-324, -2.0, inf, nan])
def test_the_truth_of_a_value_is_that_of_its_number(x):
    assert bool(Value(x)) is bool(x)


def test_comparisons_take_every_real_number_and_nothing_else():
    v = Value(1.5)
    assert v < 2 and v > True and v <= Fraction(3, 2) and Decimal("1.25") < v and v < 10**400
    assert min(Value(3.0), Value(1.0), 2.0).data == 1.0 and max(Value(1.0), Value(4.0)).data == 4.0
    for thing in ("2", None, 1j, [1.0]):
        with pytest.raises(TypeError, match="not supported between instances"):
            v < thing  # noqa: B015


@pytest.mark.parametrize("convert", [float, int, complex, math.exp, math.sqrt, round, range, lambda v: [0][v], "%f".__mod__])
def test_nothing_turns_a_value_into_a_number_silently(convert):
    with pytest.raises(TypeError):
        convert(Value(1.0))


# What is recorded ----------------------------------------------------------------------------------------------------


def test_parents_and_local_derivatives_are_in_order_with_duplicates():
    a, b = Value(3.0), Value(4.0)
    assert (a * b).parents == (a, b) and (a * b).local_derivatives == (4.0, 3.0)
    assert (a - a).parents == (a, a) and (a - a).local_derivatives == (1.0, -1.0)
    assert tanh(a).parents == (a,) and exp(b).local_derivatives == (math.exp(4.0),)
    net = linear([a, b], [b, b], a)
    assert net.parents == (a, b, b, b, a) and net.local_derivatives == (4.0, 4.0, 3.0, 4.0, 1.0)
    total = sum_([a, a, b])
    assert total.parents == (a, a, b) and total.local_derivatives == (1.0, 1.0, 1.0)


def test_local_derivatives_are_those_of_the_forward_pass():
    a = Value(3.0)
    y = a * a
    a.data = 100.0
    assert y.data == 9.0 and y.local_derivatives == (3.0, 3.0)


@pytest.mark.parametrize("v, shown", [
    (Value(2.0), "Value(data=2.0, grad=0.0)"),
    (Value(2, "w"), "Value(data=2.0, grad=0.0, label='w')"),
    (Value(2.0) * 3, "Value(data=6.0, grad=0.0, op='mul')"),
    ((Value(2.0) * 3).parents[1], "Value(data=3.0, grad=0.0, op='const')"),
    (Value(nan, "隱藏層"), "Value(data=nan, grad=0.0, label='隱藏層')"),
])  # fmt: skip
def test_repr_documents(v, shown):
    assert repr(v) == shown


def test_repr_shows_the_label_of_an_interior_node():
    v = Value(2.0) * 3
    v.label = "net"
    v.grad = 0.5
    assert repr(v) == "Value(data=6.0, grad=0.5, op='mul', label='net')"


@pytest.mark.parametrize(
    "label",
    [
        "x" * 10_000,
        "隱" * 10_000,
        "\n" * 10_000,
        "'\"\\" * 3000,
        "</svg><script>\n\r\x1b[2J\x00",
        "\ud800",
        "lambda",
        "t0",
        "\u202e\u2028",
    ],
    ids=lambda label: ascii(label)[:16],
)
def test_repr_of_any_label_is_one_short_printable_line(label):
    shown = repr(Value(1.0, label))
    assert shown.startswith("Value(data=1.0, grad=0.0, label=") and len(shown) < 110
    assert len(shown.splitlines()) == 1 and shown.isprintable()
    v = Value(-1.0, label)
    with pytest.raises(DomainError) as error:
        log(v)
    assert len(str(error.value)) < 150 and str(error.value).isprintable()


def test_detach_is_a_leaf_that_stops_derivatives():
    x = Value(3.0)
    y = x * x
    y.label = "square"
    d = y.detach()
    assert d is not y and (d.data, d.label, d.op, d.grad, d.parents) == (9.0, "square", "", 0.0, ())
    (d * x).backward()
    assert (x.grad, y.grad, d.grad) == (9.0, 0.0, 3.0)


# no_grad -------------------------------------------------------------------------------------------------------------


def recorded(v):
    return (v * v).parents == (v, v)


@pytest.mark.parametrize(
    "f",
    [
        lambda v: v + v,
        lambda v: v * 2,
        lambda v: 2 / v,
        lambda v: v**2,
        lambda v: -v,
        tanh,
        Value.exp,
        lambda v: Value.leaky_relu(v),
        lambda v: sum_([v, 1.0]),
        lambda v: linear([v], [v], 1.0),
        lambda v: sum_([v] * 300),
        lambda v: logsumexp([v, v]),
    ],
)
def test_no_grad_records_nothing_and_computes_the_same(f):
    v = Value(0.75)
    with no_grad():
        y = f(v)
    assert (y.data, y.parents, y.op, y.local_derivatives) == (f(v).data, (), "", ())
    assert f(v).parents
    y.backward()
    assert v.grad == 0.0


def test_no_grad_is_a_decorator_that_can_be_called_often():
    @no_grad()
    def f(v):
        return v * v

    v = Value(2.0)
    assert f(v).parents == f(v).parents == () and f(v).data == 4.0 and recorded(v) and f.__name__ == "f"


def test_no_grad_nests_and_ends_with_an_exception():
    v = Value(2.0)
    with no_grad():
        with no_grad():
            assert not recorded(v)
        assert not recorded(v)
    assert recorded(v)
    with pytest.raises(DomainError), no_grad():
        log(Value(-1.0))
    assert recorded(v)
    with no_grad(), detect_anomaly(), pytest.raises(FloatingPointError):
        v * inf
    assert recorded(v) and (v * inf).data == inf


def test_no_grad_in_one_thread_does_not_affect_another():
    v, inside, done, seen = Value(2.0), threading.Event(), threading.Event(), []

    def other():
        with no_grad():
            seen.append(recorded(v))
            inside.set()
            done.wait(PATIENCE)
            seen.append(recorded(v))

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(PATIENCE)
    y = v * v * 3.0 + sum_([v, v])
    seen_here = recorded(v)
    done.set()
    thread.join()
    assert seen == [False, False] and seen_here and len(y.parents) == 2
    y.backward()
    assert v.grad == 14.0


def test_no_grad_in_one_task_does_not_affect_another():
    async def main():
        async def without():
            with no_grad():
                await asyncio.sleep(0)
                seen.append(recorded(v))
                await asyncio.sleep(0)

        async def ordinary():
            for _ in range(3):
                seen.append(recorded(v))
                await asyncio.sleep(0)

        await asyncio.gather(without(), ordinary())

    v, seen = Value(2.0), []
    asyncio.run(main())
    assert sorted(seen) == [False, True, True, True]


# detect_anomaly ------------------------------------------------------------------------------------------------------


def line_after():
    return sys._getframe(1).f_lineno + 1


def test_detect_anomaly_names_node_operation_operands_and_line_of_a_value():
    x = Value(1e200, "x")
    with detect_anomaly():
        line = line_after()
        with pytest.raises(FloatingPointError) as error:
            x * x
    assert str(error.value) == f"mul gives inf for x = 1e+200 (node 'x'), y = 1e+200 (node 'x'), at {__file__}:{line + 1}"


@pytest.mark.parametrize("f, message", [
    (lambda v: v - v, "sub gives nan for x = inf (node 'v'), y = inf (node 'v'), at "),
    (lambda v: 2 * v, "mul gives inf for x = 2.0, y = inf (node 'v'), at "),
    (lambda v: v**2, "pow gives inf for x = inf (node 'v'), y = 2.0, at "),
    (lambda v: sum_([v, 1.0]), "sum_ gives inf for x1 = inf (node 'v'), x2 = 1.0, at "),
    (lambda v: sum_([v] * 300), "sum_ gives inf for x1 = inf (node 'v'), x2 = "),
    (lambda v: linear([v], [2.0], v), "linear gives inf for w1 = inf (node 'v'), x1 = 2.0, b = inf (node 'v'), at "),
])  # fmt: skip
def test_detect_anomaly_watches_every_kind_of_operation(f, message):
    v = Value(inf, "v")
    with pytest.raises(FloatingPointError) as error, detect_anomaly():
        f(v)
    assert str(error.value).startswith(message) and __file__ in str(error.value)
    assert not math.isfinite(f(v).data)  # without it, nothing is raised


def test_detect_anomaly_names_node_operation_operands_and_line_of_an_adjoint():
    x = Value(0.0, "x")
    with detect_anomaly():
        line = line_after()
        y = sqrt(x) + 1.0
        with pytest.raises(FloatingPointError) as error:
            y.backward()
    for part in ("backward through sqrt", "adjoint 1.0", "local derivative inf", "label='x'", "x = 0.0 (node 'x')"):
        assert part in str(error.value)
    assert str(error.value).endswith(f"made at {__file__}:{line}")
    y.backward()
    assert x.grad == inf


def test_detect_anomaly_finds_a_sum_of_finite_adjoints_that_is_not_finite():
    x = Value(0.0, "x")
    y = x * 1e308 + x * 1e308
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"makes the adjoint of .*label='x'\) inf"):
        y.backward()
    assert x.grad == 0.0


def test_detect_anomaly_finds_adjoints_of_a_graph_made_before():
    x = Value(0.0, "x")
    y = sqrt(x)
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"backward through sqrt.*before detect_anomaly"):
        y.backward()


def test_detect_anomaly_names_the_line_of_a_gradient_too():
    x = Value(0.0, "x")
    y = sqrt(x)
    with detect_anomaly(), pytest.raises(FloatingPointError) as error:
        line = line_after()
        gradient(y, x)
    assert str(error.value).endswith(f", at {__file__}:{line}")


def test_detect_anomaly_lets_finite_numbers_pass():
    x = Value(2.0)
    with detect_anomaly():
        y = tanh(x * x + 1) / 3 + sum_([x, 2.0])
        y.backward()
    z = Value(2.0)
    (tanh(z * z + 1) / 3 + sum_([z, 2.0])).backward()
    assert x.grad == z.grad != 0.0


# Singular points and bad input ---------------------------------------------------------------------------------------

POW = "x > 0, or x = 0 with y >= 0, or x < 0 with a whole number y"
OUTSIDE = [
    ("log", (-1.0,), "x > 0"),
    ("log", (0.0,), "x > 0"),
    ("log", (-inf,), "x > 0"),
    ("log1p", (-1.0,), "x > -1"),
    ("log1p", (-2.0,), "x > -1"),
    ("sqrt", (-1.0,), "x >= 0"),
    ("sqrt", (-5e-324,), "x >= 0"),
    ("sin", (inf,), "a finite x"),
    ("cos", (-inf,), "a finite x"),
    ("tan", (inf,), "a finite x"),
    ("asin", (1.5,), "-1 <= x <= 1"),
    ("acos", (-1.5,), "-1 <= x <= 1"),
    ("div", (1.0, 0.0), "y != 0"),
    ("div", (0.0, 0.0), "y != 0"),
    ("div", (1.0, -0.0), "y != 0"),
    ("pow", (0.0, -1.0), POW),
    ("pow", (0.0, -0.5), POW),
    ("pow", (-8.0, 0.5), POW),
    ("pow", (-8.0, 1.5), POW),
]
OVERFLOWING = [("exp", (1000.0,)), ("expm1", (710.0,)), ("sinh", (-1000.0,)), ("cosh", (1000.0,)), ("pow", (10.0, 400.0))]


def operands_shown(numbers, labels):
    shown = [f"{number!r} (node {label!r})" if label else repr(number) for number, label in zip(numbers, labels)]
    return shown[0] if len(shown) == 1 else f"x = {shown[0]}, y = {shown[1]}"


@pytest.mark.parametrize("op, numbers, needs", OUTSIDE)
@pytest.mark.parametrize("labels", [("p", "q"), ("p", ""), ("", ""), None], ids=["labels", "one", "none", "floats"])
def test_outside_its_domain_an_operation_raises_and_names_the_rule(op, numbers, needs, labels):
    operands = numbers if labels is None else [Value(x, label) for x, label in zip(numbers, labels)]
    with pytest.raises(DomainError) as error:
        getattr(autograd_lite, op)(*operands)
    assert str(error.value) == f"{op} needs {needs}, got {operands_shown(numbers, labels or ('', ''))}"
    assert isinstance(error.value, ValueError)
    by_zero = op == "div" or (op == "pow" and numbers[0] == 0)
    assert isinstance(error.value, ZeroDivisionError) == isinstance(error.value, DivisionByZeroError) == by_zero
    assert error.value.__suppress_context__  # no "During handling of the above exception": one cause, one message


@pytest.mark.parametrize("op, numbers", OVERFLOWING)
@pytest.mark.parametrize("label", ["p", "", None], ids=["label", "none", "floats"])
def test_overflow_is_an_overflow_error_that_names_the_operands(op, numbers, label):
    operands = numbers if label is None else [Value(x, label) for x in numbers]
    with pytest.raises(OverflowError) as error:
        getattr(autograd_lite, op)(*operands)
    named = f" (node {label!r})" if label else ""
    shown = ", ".join(f"{letter} = {x!r}{named}" for letter, x in zip("xy", numbers))
    assert str(error.value) == f"{op} overflows for {shown}: the result is beyond 1.8e308"


@pytest.mark.parametrize("call, message", [
    (lambda p: p / 0, "div needs y != 0, got x = -1.0 (node 'p'), y = 0.0"),
    (lambda p: 1 / (p + 1), "div needs y != 0, got x = 1.0, y = 0.0"),
    (lambda p: (p + 1) ** -2, f"pow needs {POW}, got x = 0.0, y = -2.0"),
    (lambda p: p**0.5, f"pow needs {POW}, got x = -1.0 (node 'p'), y = 0.5"),
    (lambda p: (-8) ** (p / 3), f"pow needs {POW}, got x = -8.0, y = -0.3333333333333333"),
    (lambda p: p.log(), "log needs x > 0, got -1.0 (node 'p')"),
    (lambda p: p.sqrt(), "sqrt needs x >= 0, got -1.0 (node 'p')"),
])  # fmt: skip
def test_operators_and_methods_raise_as_the_functions_do(call, message):
    p = Value(-1.0, "p")
    for run in (call, no_grad()(call), detect_anomaly()(call)):
        with pytest.raises(DomainError) as error:
            run(p)
        assert str(error.value) == message


@pytest.mark.parametrize(
    "numbers", [(inf, 1.0), (1.0, inf), (-inf, -inf), (-inf, 2.0), (nan, 1.0), (1000.0, 1000.0), (3.0,)], ids=str
)
def test_logsumexp_of_values_is_that_of_floats(numbers):
    assert logsumexp([Value(x) for x in numbers]).data == pytest.approx(logsumexp(numbers), rel=1e-15, nan_ok=True)


def test_a_failed_operation_leaves_its_operands_alone():
    p = Value(-1.0, "p")
    with pytest.raises(DomainError):
        log(p)
    assert (p.data, p.grad, p.parents) == (-1.0, 0.0, ()) and recorded(p)


# Arrays of Values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NUMPY, "bool_"])
def test_numpy_scalars_are_real_numbers(np, name):
    number = getattr(np, name)(1)
    assert type(Value(number).data) is float and Value(number).data == 1.0


@pytest.mark.parametrize("name", NUMPY)
@pytest.mark.parametrize("op", ARITHMETIC)
def test_a_numpy_scalar_may_stand_on_either_side(np, op, name):
    v, two, f = Value(0.5), getattr(np, name)(2), ARITHMETIC[op]
    for node, result in ((f(v, two), f(0.5, 2.0)), (f(two, v), f(2.0, 0.5))):
        assert type(node) is Value and node.op == op and node.data == result and type(node.data) is float and v in node.parents


def test_other_numpy_things_are_a_type_error(np):
    for thing in (np.complex64(1), np.array(2.0), np.array([2.0]), np.datetime64(1, "s"), np.str_("2")):
        with pytest.raises(TypeError, match=rf"^Value needs a real number, got {type(thing).__name__}"):
            Value(thing)
        with pytest.raises(TypeError, match=rf"^tanh needs real numbers or Values, got {type(thing).__name__}"):
            tanh(thing)


def test_a_layer_of_object_arrays(np):
    rng = np.random.default_rng(0)
    W, x, b = rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=2)
    Wv, xv, bv = (np.vectorize(Value, otypes=[object])(a) for a in (W, x, b))
    z = np.tanh(Wv @ xv + bv)
    loss = z.sum() + (z * z).mean()
    loss.backward()
    h = np.tanh(W @ x + b)
    delta = (1 + h) * (1 - h * h)  # the mean of the two squares: 2 h / 2
    data, grads = np.vectorize(lambda v: v.data), np.vectorize(lambda v: v.grad)
    assert loss.data == pytest.approx(h.sum() + (h * h).mean(), rel=1e-14)
    np.testing.assert_allclose(data(z).astype(float), h, rtol=1e-14)  # a few roundings
    np.testing.assert_allclose(grads(bv).astype(float), delta, rtol=1e-13)
    np.testing.assert_allclose(grads(Wv).astype(float), np.outer(delta, x), rtol=1e-13)
    np.testing.assert_allclose(grads(xv).astype(float), delta @ W, rtol=1e-13)


UFUNCS = {
    "tanh": "tanh", "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sqrt": "sqrt", "sin": "sin", "cos": "cos",
    "tan": "tan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "sinh": "sinh", "cosh": "cosh", "absolute": "abs",
    "negative": "neg",
}  # fmt: skip


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_call_the_operation_of_each_element(np, name):
    ufunc, op = getattr(np, name), UFUNCS[name]
    z = np.array([Value(0.5), Value(0.25)])
    for x, y in zip([*z, z[0]], [*ufunc(z), ufunc(z[0])]):
        assert y.op == op and y.parents == (x,) and y.data == pytest.approx(float(ufunc(x.data)), rel=1e-14)


@pytest.mark.parametrize("name, op", [("arctan2", "atan2"), ("hypot", "hypot"), ("power", "pow"), ("true_divide", "div")])
def test_binary_ufuncs_call_the_operation_of_each_pair(np, name, op):
    a, b = Value(0.5), Value(0.25)
    (y,) = getattr(np, name)(np.array([a]), np.array([b]))
    assert y.op == op and y.parents == (a, b) and y.data == pytest.approx(float(getattr(np, name)(0.5, 0.25)), rel=1e-14)


@pytest.mark.parametrize("op", ARITHMETIC)
def test_a_value_and_an_array_combine_elementwise_in_both_orders(np, op):
    f, numbers = ARITHMETIC[op], np.array([2.0, 4.0])
    for swap in (False, True):
        v = Value(0.5, "v")
        array = f(numbers, v) if swap else f(v, numbers)
        assert array.shape == (2,) and [y.op for y in array] == [op, op] and all(v in y.parents for y in array)
        expected = f(numbers, 0.5) if swap else f(0.5, numbers)
        assert [y.data for y in array] == pytest.approx(expected.tolist(), rel=1e-15)
        array.sum().backward()
        assert v.grad == pytest.approx(sum(y.local_derivatives[swap] for y in array), rel=1e-15) and v.grad != 0.0


def test_sum_mean_and_dot_of_an_array(np):
    z = np.array([Value(1.0), Value(2.0), Value(4.0)])
    for total, data, grads in ((z.sum(), 7.0, [1, 1, 1]), (z.mean(), 7 / 3, [1 / 3] * 3), (z @ [1.0, 2.0, 3.0], 17.0, [1, 2, 3])):
        for v in z:
            v.grad = 0.0
        total.backward()
        assert total.data == pytest.approx(data, rel=1e-15) and [v.grad for v in z] == pytest.approx(grads, rel=1e-15)


def test_an_array_of_values_does_not_turn_into_floats(np):
    with pytest.raises(TypeError):
        np.array([Value(1.0)]).astype(float)


def test_format_is_that_of_the_number():
    assert f"{Value(0.12345):.3f}" == "0.123" and f"{Value(1.0)}" == "Value(data=1.0, grad=0.0)"


def test_statistics_of_numpy_on_arrays_of_values(np):
    v = np.array([Value(1.0), Value(2.0)])
    spread = np.std(v)
    spread.backward()
    assert (np.var(v).data, spread.data, [x.grad for x in v]) == (0.25, 0.5, [-0.5, 0.5])
    assert [x.data for x in np.conjugate(v)] == [1.0, 2.0] and np.linalg.norm(v).data == pytest.approx(5**0.5, rel=1e-15)


OTHERS = ["log2", "log10", "exp2", "cbrt", "square", "reciprocal", "arcsinh", "arctanh", "floor", "ceil", "rint", "fabs"]


@pytest.mark.parametrize("name", OTHERS)
def test_ufuncs_of_numpy_on_arrays_of_values(np, name):
    x = Value(0.7)
    (y,) = getattr(np, name)(np.array([x]))
    assert isinstance(y, Value) and y.data == pytest.approx(float(getattr(np, name)(0.7)), rel=1e-15)
    y.backward()
    h = 1e-6
    slope = (getattr(np, name)(0.7 + h) - getattr(np, name)(0.7 - h)) / (2 * h)
    assert x.grad == pytest.approx(float(slope), rel=1e-8)


def test_python_rounds_values_through_the_table():
    x = Value(2.5, "x")
    assert [(y.op, y.data) for y in (math.floor(x), math.ceil(x))] == [("floor", 2.0), ("ceil", 3.0)]


def test_a_star_import_leaves_pythons_own_functions_alone():
    names = {}
    exec("from autograd_lite import *", names)
    assert "tanh" in names and not {"abs", "pow", "round"} & names.keys()


def test_a_decimal_beyond_the_largest_float_overflows():
    for number in (Decimal("1e400"), -Decimal("1e400"), 10**400, Fraction(10**400)):
        with pytest.raises(OverflowError, match="too large for a float"):
            Value(number)
    assert Value(Decimal("-Infinity")).data == -inf


# What people try first ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("convert", [float, int, complex, math.exp, math.sqrt, math.isfinite])
def test_a_value_does_not_become_a_float_and_says_what_to_write(convert):
    for v, name in ((Value(2.0, "v"), "node 'v'"), (Value(2.0) * 3.0, "a node without a label")):
        with pytest.raises(TypeError, match=rf"got {name}\. v\.data or v\.item\(\) is its number; functions of autograd_lite"):
            convert(v)


def test_arrays_of_floats_are_not_made_of_values_silently(np):
    for make in (lambda v: np.array([v], dtype=float), lambda v: np.float64(v), lambda v: np.zeros(1).__setitem__(0, v)):
        with pytest.raises((TypeError, ValueError)) as caught:
            make(Value(2.0, "v"))
        assert "v.data or v.item() is its number" in str(caught.value) + str(caught.value.__cause__)
    assert np.array([Value(2.0)])[0].data == 2.0


def test_plotting_values_says_what_to_write():
    matplotlib = pytest.importorskip("matplotlib", reason="the plot is drawn by it")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1]
    try:
        for draw in (lambda v: ax.plot([v]), lambda v: ax.plot([1.0, 2.0], [1.0, v]), lambda v: ax.scatter([v], [v])):
            with pytest.raises(TypeError, match=r"got node 'v'\. v\.data or v\.item\(\) is its number"):
                draw(Value(2.0, "v"))
    finally:
        plt.close("all")


def test_zero_grad_is_of_a_node_and_all_it_was_computed_from():
    x, w, other = Value(2.0), Value(3.0), Value(5.0)
    y = (x * w).tanh() + x
    (y * other).backward()
    y.zero_grad()
    assert [x.grad, w.grad, y.grad, y.parents[0].grad] == [0.0] * 4 and other.grad == y.data
    x.grad = 1.0
    x.zero_grad()
    assert x.grad == 0.0
    deep = x
    for _ in range(100_000):
        deep = deep + x
    deep.backward()
    deep.zero_grad()
    assert x.grad == 0.0


def test_a_node_shows_itself():
    """y.draw(), y.explain(w) and y.steps() are draw(y), explain(y, w) and steps(y)."""
    w, x = Value(-3.0, "w"), Value(0.5, "x")
    y = tanh(w * x)
    assert str(y.explain(w)) == str(autograd_lite.explain(y, w))
    assert y.draw(depth=1).svg() == autograd_lite.draw(y, depth=1).svg()
    assert [str(step) for step in y.steps()] == [str(step) for step in autograd_lite.steps(y)]
    assert Value.draw.__doc__ == autograd_lite.draw.__doc__


# Attributes of one's own ------------------------------------------------------------------------------------------------


def test_a_node_takes_attributes_of_ones_own():
    p, q = Value(2.0, "p"), Value(3.0)
    loss = p * q
    for node in (p, loss):
        node.velocity = 0.0
        node.velocity += 1.5
        assert node.velocity == 1.5
    assert not hasattr(q, "velocity")
    del p.velocity
    with pytest.raises(AttributeError, match="velocity"):
        p.velocity  # noqa: B018


def test_a_copy_keeps_attributes_of_ones_own():
    p = Value(2.0, "p")
    p.velocity = [1.5]
    loss = p * 3.0
    loss.color = "blue"
    twin = copy.deepcopy(loss)
    assert (twin.color, twin.parents[0].velocity, vars(twin.parents[1])) == ("blue", [1.5], {})
    assert twin.parents[0].velocity is not p.velocity
    assert copy.copy(p).velocity is p.velocity
    assert pickle.loads(pickle.dumps(p)).velocity == [1.5]


def test_attributes_of_ones_own_cost_nothing_where_there_are_none():
    bare, own = Value(2.0), Value(2.0)
    own.velocity = 0.0
    assert [type(thing) is dict for thing in gc.get_referents(bare)].count(True) == 0
    assert [type(thing) is dict for thing in gc.get_referents(own)].count(True) == 1


def test_operands_and_their_derivatives_by_the_names_of_scalar_gpts():
    x, y = Value(2.0), Value(3.0)
    z = x * y
    assert z._children == z.parents == (x, y) and z._local_grads == z.local_derivatives == (3.0, 2.0)
    assert x._children == x._local_grads == ()


@pytest.mark.parametrize("name", ["parents", "local_derivatives"])
def test_what_was_recorded_cannot_be_set_and_the_error_names_it(name):
    with pytest.raises(AttributeError, match=f"'{name}'"):
        setattr(Value(2.0) * 3.0, name, ())


def test_another_interpreter_is_refused_by_name():
    code = "import sys; sys.implementation.name = 'pypy'; import autograd_lite"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ImportError: autograd_lite needs CPython, 3.10 or later, and this is pypy" in done.stderr


def test_classes_and_errors_show_where_they_are_imported_from():
    for name in ("Value", "Scope", "DomainError", "DivisionByZeroError", "no_grad"):
        assert repr(getattr(autograd_lite, name)) == f"<class 'autograd_lite.{name}'>"
    assert pickle.loads(pickle.dumps(Value)) is Value


def test_a_star_leaves_pythons_own_functions_alone():
    names = {}
    exec("from autograd_lite import *", names)
    assert "tanh" in names and not {"abs", "pow", "round"} & names.keys()
