"""Derivatives of plain functions against closed forms; the check by differences."""

import copy
import io
import math
import threading
from collections import namedtuple
from math import cos, inf, sin

import pytest

import autograd_lite
from autograd_lite import (
    DomainError,
    Value,
    check_gradients,
    exp,
    grad,
    gradient,
    hessian,
    jacobian,
    jvp,
    log,
    no_grad,
    sqrt,
    tanh,
    value_and_grad,
)

ROUNDING = 1e-12  # a few dozen operations in double precision


def near(expected):
    return pytest.approx(expected, rel=ROUNDING, abs=ROUNDING)


# grad, value_and_grad ------------------------------------------------------------------------------------------------

CLOSED_FORMS = {
    "polynomial": (lambda x: 3 * x**4 - 2 * x + 7, lambda x: 12 * x**3 - 2),
    "quotient": (lambda x: (1 + x) / (1 + x * x), lambda x: (1 - 2 * x - x * x) / (1 + x * x) ** 2),
    "chain": (lambda x: exp(autograd_lite.sin(x * x)), lambda x: 2 * x * cos(x * x) * math.exp(sin(x * x))),
    "tanh": (tanh, lambda x: 1 - math.tanh(x) ** 2),
    "power": (lambda x: 2**x, lambda x: 2**x * math.log(2)),
    "newton": (lambda x: iterate(lambda y: 0.5 * (y + x / y), 1.0, 30), lambda x: 0.5 / math.sqrt(x)),
    "branch": (lambda x: x * x if x > 1 else 3 * x, lambda x: 2 * x if x > 1 else 3.0),
}


def iterate(f, y, times):
    for _ in range(times):
        y = f(y)
    return y


@pytest.mark.parametrize("x", [0.3, 1.7, 2])
@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_grad_and_value_and_grad_match_closed_forms(name, x):
    f, slope = CLOSED_FORMS[name]
    value, derivative = value_and_grad(f)(x)
    assert type(value) is type(derivative) is float
    assert derivative == grad(f)(x) == near(slope(x)) and value == near(float(f(float(x))))


def test_grad_takes_every_operation_of_the_table_itself():
    assert grad(sqrt)(4.0) == 0.25 and grad(sqrt)(0.0) == inf and grad(autograd_lite.relu)(0.0) == 0.0
    assert grad(autograd_lite.hypot, (0, 1))(3.0, 4.0) == near((0.6, 0.8))


def test_grad_of_grad_of_grad():
    derivatives = [lambda x: x**5 * 1.0]
    for _ in range(5):
        derivatives.append(grad(derivatives[-1]))
    assert [d(2.0) for d in derivatives] == near([32.0, 80.0, 160.0, 240.0, 240.0, 120.0])
    assert grad(grad(autograd_lite.sin))(0.7) == near(-sin(0.7))
    assert grad(grad(lambda x: x.tanh()))(0.5) == near(-2 * math.tanh(0.5) * (1 - math.tanh(0.5) ** 2))


@pytest.mark.parametrize(
    "argnums, expected",
    [
        (0, 48.0),
        (1, 48.0),
        (2, 22.0),
        (-1, 22.0),
        ((0,), (48.0,)),
        ((2, 0), (22.0, 48.0)),
        ([0, 1], (48.0, 48.0)),
        (range(3), (48.0, 48.0, 22.0)),
    ],
)
def test_argnums_select_the_arguments_and_give_the_form(argnums, expected):
    def f(x, y, z):
        return x * y * y * z - 2 * y * z * z / x * z / z

    # at (2, 4, 2): x y^2 z - 2 y z^2 / x; by x: y^2 z + 2 y z^2 / x^2, by y: 2 x y z - 2 z^2 / x, by z: x y^2 - 4 y z / x
    by = {0: 16 * 2 + 2 * 4 * 4 / 4, 1: 2 * 2 * 4 * 2 - 2 * 4 / 2, 2: 2 * 16 - 4 * 4 * 2 / 2}
    result = grad(f, argnums)(2.0, 4.0, 2.0)
    places = [argnums] if isinstance(argnums, int) else argnums
    exact = [by[place % 3] for place in places]
    assert result == near(exact[0] if isinstance(argnums, int) else tuple(exact))
    assert isinstance(result, float if isinstance(argnums, int) else tuple)


Point = namedtuple("Point", "x y")


def test_nested_arguments_give_nested_gradients_of_the_same_form():
    def loss(model, x):
        hidden = [tanh(w * x + model["b"][i]) for i, w in enumerate(model["w"])]
        return hidden[0] * model["out"].x + hidden[1] * model["out"].y + (model["scale"][0][0] if model["empty"] == [] else 0)

    model = {"w": [0.5, -1.0], "b": (0.1, 0.2), "out": Point(2.0, 3.0), "scale": [[4.0]], "empty": []}
    gradients = grad(loss)(model, 1.5)
    h = [math.tanh(0.5 * 1.5 + 0.1), math.tanh(-1.5 + 0.2)]
    d = [2.0 * (1 - h[0] ** 2), 3.0 * (1 - h[1] ** 2)]
    assert list(gradients) == list(model) and type(gradients["b"]) is tuple and type(gradients["out"]) is Point
    assert gradients["w"] == near([1.5 * u for u in d]) and gradients["b"] == near(tuple(d))
    assert gradients["out"] == near(Point(*h)) and gradients["scale"] == [[1.0]] and gradients["empty"] == []
    assert model["w"] == [0.5, -1.0]  # the arguments are left alone


@pytest.mark.parametrize(
    "f", [lambda x: 3, lambda x: 3.0, lambda x: x - x, lambda x: Value(5.0), lambda x: x.detach() * 2, lambda x: 0 * x]
)
def test_constant_functions_have_derivative_zero(f):
    for derivative in (grad(f)(2.0), jacobian(f)(2.0), hessian(f)(2.0), grad(grad(f))(2.0), jvp(f, (2.0,), (1.0,))[1]):
        assert derivative == 0.0 and type(derivative) is float


def test_an_argument_that_is_not_used_or_returned_as_it_is():
    assert grad(lambda w: w[0])([1.0, 2.0]) == [1.0, 0.0] and grad(lambda x: x)(3.0) == 1.0
    assert value_and_grad(lambda x: x)(3) == (3.0, 1.0) and grad(lambda w: 1.0)([]) == []


def test_values_in_give_values_out_that_can_be_differentiated():
    x = Value(2.0)
    derivative = grad(lambda u: u**3)(x)
    assert type(derivative) is Value and derivative.data == 12.0 and gradient(derivative, x).data == 12.0
    derivative.backward()
    assert x.grad == 12.0


def test_grads_of_values_in_the_closure_are_left_alone():
    w = Value(2.0, "w")
    assert grad(lambda x: w * x * x)(3.0) == 12.0 and type(grad(lambda x: w * x)(3.0)) is float and w.grad == 0.0


# Nested derivatives: no perturbation is mixed up with another ---------------------------------------------------------


@pytest.mark.parametrize(
    "derive",
    [
        lambda f: grad(f),
        lambda f: jacobian(f),
        lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
        lambda f: lambda x: value_and_grad(f)(x)[1],
    ],
    ids=["grad", "jacobian", "jvp", "value_and_grad"],
)
@pytest.mark.parametrize("outer", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]], ids=["in_grad", "in_jvp"])
def test_perturbations_are_not_confused(outer, derive):
    # Siskind and Pearlmutter, "Perturbation Confusion and Referential Transparency" (2005): 1, where confusion gives 2
    assert outer(lambda x: x * derive(lambda y: x + y)(1.0))(1.0) == 1.0
    assert outer(lambda x: x * derive(lambda y: x * y)(x))(3.0) == 6.0
    assert outer(lambda x: derive(lambda y: x * y * y)(2.0))(3.0) == 4.0  # d/dx 2 x y
    assert outer(lambda x: derive(lambda y: x * x)(x))(3.0) == 0.0  # x is a constant within
    assert outer(lambda x: derive(lambda y: x * y * y)(x) + derive(lambda y: y * x)(2.0))(3.0) == near(13.0)  # d/dx (2 x^2 + x)
    assert outer(lambda x: x * derive(lambda y: y * derive(lambda z: x * y * z)(y))(x))(2.0) == near(24.0)  # d/dx 2 x^3


def test_an_inner_derivative_alone_is_a_number_again():
    assert type(grad(lambda x: x * grad(lambda y: y * y)(3.0))(1.0)) is float
    seen = []
    grad(lambda x: seen.append(grad(lambda y: y * y)(3.0)) or x)(1.0)
    assert seen[0].data == 6.0 if isinstance(seen[0], Value) else seen[0] == 6.0


def test_a_function_that_fails_leaves_no_mode_behind():
    for derive in (grad, jacobian, hessian, lambda f: lambda x: jvp(f, (x,), (1.0,))):
        with pytest.raises(DomainError, match="log needs x > 0"):
            derive(log)(-1.0)
        assert type(grad(lambda x: x * x)(2.0)) is float
        assert (Value(1.0) * Value(2.0)).parents


@pytest.mark.parametrize("derivative", [
    lambda f: grad(f)(3.0), lambda f: value_and_grad(f)(3.0)[1], lambda f: jacobian(f)(3.0), lambda f: grad(grad(f))(3.0) * 3.0,
    lambda f: hessian(f)(3.0) * 3.0, lambda f: jvp(f, (3.0,), (1.0,))[1],
], ids=["grad", "value_and_grad", "jacobian", "grad_grad", "hessian", "jvp"])  # fmt: skip
def test_no_grad_around_a_derivative_does_not_make_it_zero(derivative):
    with no_grad():  # as in torch.func: grad respects a no_grad within its function, not one around it
        assert derivative(lambda x: x * x) == 6.0


def test_no_grad_within_the_function_is_respected():
    assert grad(lambda x: x * no_grad()(lambda: x * x)())(3.0) == 9.0


def test_derivatives_in_threads_do_not_disturb_each_other():
    results = [None] * 8

    def work(i):
        results[i] = [grad(lambda x: x * grad(lambda y: x * y)(x))(float(i)) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[2.0 * i] * 50 for i in range(8)]


# jacobian, hessian, jvp ----------------------------------------------------------------------------------------------


def test_jacobian_of_polar_coordinates():
    r, a = 2.0, 0.7
    J = jacobian(lambda p: [p[0] * p[1].cos(), p[0] * p[1].sin()])([r, a])
    assert list(J) == [near([cos(a), -r * sin(a)]), near([sin(a), r * cos(a)])]


def test_jacobian_has_the_form_of_the_result_of_the_form_of_the_argument():
    def f(p, s):
        return {"sum": p["a"] + p["b"][0] * s, "pair": (p["a"] * s, 7.0)}

    assert jacobian(f)({"a": 2.0, "b": [3.0]}, 5.0) == {
        "sum": {"a": 1.0, "b": [5.0]},
        "pair": ({"a": 5.0, "b": [0.0]}, {"a": 0.0, "b": [0.0]}),
    }
    assert jacobian(f, (1,))({"a": 2.0, "b": [3.0]}, 5.0) == {"sum": (3.0,), "pair": ((2.0,), (0.0,))}
    assert jacobian(lambda x: x**2)(3.0) == 6.0 and jacobian(lambda x: [])(3.0) == []


def rosenbrock(v):
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2


@pytest.mark.parametrize("x, y", [(1.0, 1.0), (-1.2, 1.0), (0.0, 0.0)])
def test_hessian_of_rosenbrock(x, y):
    assert grad(rosenbrock)([x, y]) == near([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
    H = hessian(rosenbrock)([x, y])
    assert list(H) == [near([2 - 400 * (y - 3 * x * x), -400 * x]), near([-400 * x, 200.0])]


def test_hessian_is_that_of_a_quadratic_form():
    A = [[2.0, -1.0, 0.5], [3.0, 0.25, 1.0], [0.0, 4.0, -2.0]]
    H = hessian(lambda v: sum(A[i][j] * v[i] * v[j] for i in range(3) for j in range(3)))([0.3, -0.7, 1.1])
    assert list(H) == [near([A[i][j] + A[j][i] for j in range(3)]) for i in range(3)]


def test_hessian_by_several_and_by_nested_arguments():
    assert hessian(lambda x, y: x * x * y, (0, 1))(2.0, 3.0) == ((6.0, 4.0), (4.0, 0.0))
    assert hessian(lambda d: d["a"] * d["b"][0])({"a": 2.0, "b": [3.0]}) == {
        "a": {"a": 0.0, "b": [1.0]},
        "b": [{"a": 1.0, "b": [0.0]}],
    }


@pytest.mark.parametrize("name", CLOSED_FORMS)
@pytest.mark.parametrize("x", [0.3, 1.7])
def test_jvp_matches_closed_forms(name, x):
    f, slope = CLOSED_FORMS[name]
    value, tangent = jvp(f, (x,), (2.0,))
    assert type(value) is type(tangent) is float and tangent == near(2 * slope(x)) and value == near(float(f(x)))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x**3,
        lambda x: x.leaky_relu(),
        lambda x: x.leaky_relu(0.2),
        lambda x: x.elu(),
        lambda x: x**-2,
        lambda x: (x * x) ** 0.5,
    ],
)
@pytest.mark.parametrize("x", [2.0, -2.0])
def test_jvp_of_an_operation_with_a_parameter(f, x):
    assert jvp(f, (x,), (1.0,))[1] == near(grad(f)(x)) != 0.0


# What does not depend on x, or does not move, contributes nothing, however infinite its own local derivatives are
STILL = [  # f, x, the derivative by hand
    (lambda x: x ** Value(3.0), -2.0, 12.0),
    (lambda x: x * sqrt(Value(0.0)), 2.0, 0.0),
    (lambda x: x + Value(0.0) ** 0.5, 2.0, 1.0),
    (lambda x: x * autograd_lite.asin(Value(1.0)), 2.0, math.pi / 2),
    (lambda x: x + 1 / Value(1e-200), 2.0, 1.0),
    (lambda x: x * Value(-2.0) ** Value(2.0), 3.0, 4.0),
    (lambda x: 2.0**x, 1023.9, 1.1626206203995922e308),
    (lambda x: autograd_lite.hypot(x, Value(0.0)), -3.0, -1.0),
]


@pytest.mark.parametrize("case", range(len(STILL)))
def test_what_is_constant_contributes_nothing(case):
    f, x, right = STILL[case]
    assert grad(f)(x) == pytest.approx(right, rel=1e-14)
    assert jvp(f, (x,), (1.0,))[1] == pytest.approx(right, rel=1e-14)


def test_jvp_along_a_direction_in_which_an_argument_does_not_move():
    assert jvp(lambda v: sqrt(v[0]) - v[1] ** 2, ([0.0, 1.0],), ([0.0, 1.0],))[1] == -2.0
    assert jvp(lambda v: v[0] ** v[1], ([-2.0, 3.0],), ([1.0, 0.0],))[1] == 12.0
    assert jvp(lambda x, y: [x * y, sqrt(y)], (2.0, 0.0), (1.0, 0.0))[1] == [0.0, 0.0]
    assert grad(lambda t: jvp(lambda x, y: x * y * y, (t, 3.0), (1.0, 0.0))[1])(5.0) == 0.0


def test_jvp_is_the_jacobian_times_the_tangent():
    def f(p, s):
        return [p[0] * p[1] * s, autograd_lite.sin(p[0]) + s**2.0, 4.0]

    point, direction = ([0.5, 2.0], 3.0), ([1.0, -2.0], 0.5)
    J = jacobian(f, (0, 1))(*point)
    values, tangents = jvp(f, point, direction)
    assert values == near([3.0, sin(0.5) + 9.0, 4.0])
    assert tangents == near([row[0][0] * 1.0 + row[0][1] * -2.0 + row[1] * 0.5 for row in J])


def test_jvp_pairs_the_entries_of_dicts_by_their_keys():
    def f(d):
        return d["a"] * 10 + d["b"]

    assert jvp(f, ({"a": 1.0, "b": 2.0},), ({"b": 0.0, "a": 1.0},)) == (12.0, 10.0)


@pytest.mark.parametrize("primals, tangents", [
    ((1.0, 2.0), (1.0,)), ((1.0,), (1.0, 2.0)), (([1.0, 2.0], 3.0), ([1.0], 1.0)), (([1.0, 2.0], 3.0), (1.0, [2.0, 5.0])),
    (({"a": 1.0}, 2.0), ({"b": 1.0}, 2.0)), (([1.0], 2.0), (1.0, 2.0)),
])  # fmt: skip
def test_jvp_refuses_tangents_of_another_form(primals, tangents):
    with pytest.raises(ValueError, match="jvp needs"):
        jvp(lambda *args: 1.0, primals, tangents)


@pytest.mark.parametrize("tangent", ["1", None, 1j])
def test_jvp_refuses_tangents_that_are_no_numbers(tangent):
    for f in (lambda x: x * x, lambda x: x, lambda x: 1.0):
        with pytest.raises(TypeError):
            jvp(f, (2.0,), (tangent,))


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("derive", [grad, value_and_grad, hessian])
@pytest.mark.parametrize("result", [[1.0], (1.0,), {"a": 1.0}], ids=["list", "tuple", "dict"])
def test_several_results_are_a_type_error_that_names_jacobian(derive, result):
    with pytest.raises(TypeError, match=rf"one number as its result, got a {type(result).__name__}; see jacobian"):
        derive(lambda x: result)(1.0)


@pytest.mark.parametrize("result", [None, "1", 1j])
def test_a_result_that_is_no_number_is_a_type_error(result):
    for derive in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(TypeError, match=rf"got {type(result).__name__}"):
            derive(lambda x: result)(1.0)


@pytest.mark.parametrize("argument", [None, "1", 1j, [1.0, "x"], {"a": None}], ids=repr)
def test_an_argument_that_is_no_number_is_a_type_error(argument):
    for derive in (grad, jacobian, hessian):
        with pytest.raises(TypeError, match=r"needs a real number, got (NoneType|str|complex)"):
            derive(lambda x: 1.0)(argument)


@pytest.mark.parametrize("argnums", [1, -2, (0, 5)])
def test_argnums_beyond_the_arguments_are_a_type_error(argnums):
    with pytest.raises(TypeError, match=r"argnums names argument -?[125], but there are 1 arguments"):
        grad(lambda x: x, argnums)(1.0)


def test_arguments_that_are_not_differentiated_may_be_anything():
    assert grad(lambda x, how: x * 2 if how == "twice" else x)(1.0, "twice") == 2.0


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "in a list": lambda x: copy.deepcopy([x])[0],
    "of what was computed": lambda x: copy.deepcopy({"x": x * 1})["x"],
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_within_a_differentiated_function_depends_on_its_original(copied):
    assert grad(lambda x: copied(x) + 2 * copied(x) * x)(3.0) == 13.0
    assert jvp(lambda x: copied(x) ** 2, (3.0,), (1.0,))[1] == 6.0
    assert hessian(lambda x: copied(x) ** 3)(2.0) == 12.0


def test_elsewhere_a_copy_of_a_leaf_is_a_leaf_of_its_own():
    x = Value(2.0, "x")
    for copied in (copy.copy(x), copy.deepcopy(x)):
        assert copied is not x and (copied.data, copied.label, copied.parents) == (2.0, "x", ())


# check_gradients -----------------------------------------------------------------------------------------------------


def test_check_gradients_prints_derivative_and_difference_side_by_side(capsys):
    x, y = Value(2.0, "x"), Value(-3.0)
    assert check_gradients(lambda x, y: x * y + x**2, [x, y]) is True
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["input", "data", "derivative", "difference"]
    assert first.split() == ["x", "2", "1", "1", "agrees"] and second.split() == ["input", "1", "-3", "2", "2", "agrees"]
    assert (x.data, x.grad, y.data, y.grad) == (2.0, 0.0, -3.0, 0.0)


def check(f, inputs, **options):
    file = io.StringIO()
    return check_gradients(f, inputs, file=file, **options), file.getvalue().splitlines()


def test_check_gradients_says_which_input_fails():
    a, b, c = Value(2.0, "a"), Value(3.0, "b"), Value(4.0, "c")
    agrees, (_, first, second, third, summary) = check(lambda a, b, c: a * b.detach() + c, [a, b, c])
    assert agrees is False and summary == "not in agreement: b"
    assert first.endswith("agrees") and third.endswith("agrees")
    assert second.split()[:4] == ["b", "3", "0", "2"] and "DIFFERS" in second


def test_check_gradients_calls_a_kink_a_kink():
    agrees, lines = check(lambda x: x.relu(), [0.0])
    assert agrees is False and "kink" in lines[1] and lines[-1] == "not in agreement: input 0"


def test_check_gradients_of_a_model_whose_function_ignores_its_arguments():
    w, b = Value(0.5, "w"), Value(-0.25, "b")
    agrees, lines = check(lambda *_: tanh(w * 2.0 + b), [w, b])
    assert agrees and len(lines) == 3
    assert check(lambda *_: tanh(w.detach() * 2.0 + b), [w, b])[0] is False
    assert check(lambda a, b: a * b, [w, w])[0]  # the same leaf twice


def test_check_gradients_uses_its_tolerance():
    def slightly_wrong(x):
        return x * x + 1e-4 * x.detach()

    assert check(slightly_wrong, [1.0])[0] is False
    assert check(slightly_wrong, [1.0], tolerance=1e-3)[0] is True


@pytest.mark.parametrize("x", [1e-4, 0.5, 3.0, 50.0, 1e6, -2.0])
def test_check_gradients_agrees_on_smooth_functions_of_any_size(x):
    assert check(lambda x: x * x * 3 + autograd_lite.sin(x / 10 if abs(x) < 100 else x / 1e6) + tanh(x), [x])[0]


@pytest.mark.parametrize("x", [1e-100, 1e-8, 1e-4, 0.01, 300.0])
def test_the_width_of_differences_goes_with_the_size_of_the_input(x):
    for f in (log, sqrt, lambda v: 1 / v, lambda v: v**1.5, lambda v: autograd_lite.atan2(v, Value(x)), lambda v: 1 + v):
        assert check(f, [x])[0]
    assert not check(lambda v: log(v) * log(v).detach(), [x])[0]  # half of it


def test_check_gradients_prints_why_there_is_no_difference_and_restores_the_data():
    x, y = Value(0.0, "x"), Value(1.0, "y")
    agrees, lines = check(lambda x, y: sqrt(x) + y, [x, y])
    assert agrees is False and "no difference: sqrt needs x >= 0" in lines[1] and lines[2].endswith("agrees")
    assert lines[-1] == "not in agreement: x" and (x.data, y.data) == (0.0, 1.0)


@pytest.mark.parametrize("call", [2, 3, 4, 5, 6, 9])
@pytest.mark.parametrize("kind", [KeyError, KeyboardInterrupt, MemoryError, SystemExit])
def test_check_gradients_restores_the_data_even_if_the_function_raises(call, kind):
    x, y, calls = Value(2.0), Value(3.0), []

    def f(x, y):
        calls.append((x.data, y.data))
        if len(calls) == call:
            raise kind
        return x * y

    with pytest.raises(kind):
        check(f, [x, y])
    assert len(calls) == call and calls[-1] != (2.0, 3.0)
    assert (x.data, y.data, x.grad, y.grad) == (2.0, 3.0, 0.0, 0.0)
    assert (x * y).parents == (x, y)  # recording is on again


def test_check_gradients_needs_leaves_and_a_value():
    x = Value(2.0, "x")
    with pytest.raises(ValueError, match=r"needs leaves as inputs, but input 1 .*was computed by mul"):
        check(lambda x, y: x, [x, x * x])
    for result in (1.0, None, [x]):
        with pytest.raises(TypeError, match=rf"with a Value as its result, got {type(result).__name__}"):
            check(lambda x, result=result: result, [x])
    with pytest.raises(TypeError, match="Value needs a real number, got str"):
        check(lambda x: x, ["2"])


def test_check_gradients_within_no_grad_does_not_blame_the_function():
    with no_grad():
        assert check(lambda x: x * x, [3.0])[0]


@pytest.mark.parametrize("label", ["two\nlines", "\x1b[2J", "x" * 10_000])
def test_check_gradients_prints_a_printable_line_for_any_label(label):
    agrees, lines = check(lambda x: x * x.detach(), [Value(3.0, label)])
    assert not agrees and len(lines) == 3 and all(line.isprintable() and len(line) < 200 for line in lines)
