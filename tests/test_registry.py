"""A registered row is an operation everywhere, as if it stood in the table, and leaves nothing behind."""

import doctest
import inspect
import math

import pytest

import autograd_lite
import nn
from autograd_lite import (
    OPERATIONS,
    DomainError,
    Value,
    compile_program,
    detect_anomaly,
    draw,
    explain,
    gradient,
    no_grad,
    ops,
    register,
    registered,
    steps,
    unregister,
)
from autograd_lite.classroom.graphs import is_activation
from autograd_lite.engine import eager
from autograd_lite.formulas import Reading, is_composed
from autograd_lite.parse import parse

SOFTSIGN = ("x / (1 + abs(x))", "1 / ((1 + abs(x)) * (1 + abs(x)))")
DIALECTS = ("python", "numpy", "c", "jax", "javascript")


@pytest.fixture
def my_softsign():
    with registered("my_softsign", *SOFTSIGN, what="x over 1 + its size") as function:
        yield function


def everything():
    """All names by which operations are found."""
    return {
        "rows": [*ops.ROWS],
        "operations": [*OPERATIONS],
        "methods": dir(Value),
        "module": dir(autograd_lite),
        "functions": [*eager.functions],
        "names": [name for name in eager.NAMES if name not in ops.ROWS],
    }


def second(x):
    """The second derivative of x / (1 + |x|)."""
    return -2 * math.copysign(1, x) / (1 + abs(x)) ** 3


# As if it stood in the table -----------------------------------------------------------------------------------------


def test_a_registered_row_is_a_function_and_a_method(my_softsign):
    from autograd_lite import my_softsign as imported

    assert imported is my_softsign is OPERATIONS["my_softsign"] and "my_softsign" in dir(autograd_lite)
    x = Value(-0.5)
    for node in (my_softsign(x), x.my_softsign()):
        assert (node.op, node.data, node.parents) == ("my_softsign", -0.5 / 1.5, (x,))
        assert node.local_derivatives == (1 / (1.5 * 1.5),)
    assert my_softsign(-0.5) == -0.5 / 1.5
    assert (my_softsign.__module__, str(inspect.signature(my_softsign))) == ("autograd_lite", "(x)")
    assert inspect.getdoc(my_softsign).startswith("z = x / (1 + abs(x)): x over 1 + its size.")
    assert inspect.getsource(my_softsign).startswith("def my_softsign(x):")
    test = doctest.DocTestParser().get_doctest(my_softsign.__doc__, {}, "my_softsign", None, 0)
    assert test.examples and doctest.DocTestRunner().run(test).failed == 0


def test_a_registered_row_is_differentiated_twice(my_softsign):
    for number in (0.5, -2.0):
        x = Value(number)
        assert gradient(gradient(my_softsign(x), x), x).data == pytest.approx(second(number), rel=1e-14)


def test_a_registered_row_is_drawn_explained_and_stepped_through(my_softsign):
    x = Value(0.5, "x")
    y = my_softsign(x)
    y.label = "y"
    assert "my_softsign" in draw(y).svg()
    assert "y = x / (1 + abs(x))" in str(explain(y, x)) and "\\frac" in explain(y, x).latex()
    assert "by my_softsign" in str(steps(y))


def test_a_registered_row_obeys_modes(my_softsign):
    with no_grad():
        assert my_softsign(Value(1.0)).parents == ()
    with detect_anomaly(), pytest.raises(FloatingPointError, match="my_softsign gives nan for x = nan"):
        my_softsign(Value(math.nan))
    with no_grad(), registered("bump", "1 / (1 + x * x)", "-2 * x * z * z") as bump:
        assert bump(Value(1.0)).parents == () and "0.671141, 0.630602" in bump.__doc__
        assert my_softsign(Value(1.0)).data == 0.5


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_registered_row_is_a_program_in_every_dialect(my_softsign, dialect):
    if dialect == "jax":
        pytest.importorskip("jax").config.update("jax_enable_x64", True)
    x = Value(0.5, "x")
    program = compile_program(y := my_softsign(x), [x], gradients_of=y, dialect=dialect)
    for number in (0.25, -3.0):
        assert [float(a) for a in program(number)] == pytest.approx(
            [number / (1 + abs(number)), (1 + abs(number)) ** -2], rel=1e-15
        )


def test_a_registered_row_is_an_activation_by_name(my_softsign):
    mlp = nn.MLP([2, 3, 1], "my_softsign", rng=0)
    loss = nn.mse(mlp([0.5, -1.0]), [0.25])
    step = mlp.compile(nn.mse, ([0.5, -1.0], [0.25]), dialect="python")
    assert step([0.5, -1.0], [0.25])[0] == pytest.approx(loss.data, rel=1e-14)
    assert is_activation("my_softsign")


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_registered_row_has_a_twin(my_softsign, library):
    framework = pytest.importorskip(library)
    mlp = nn.MLP([2, 3, 1], "my_softsign", rng=0)
    expected = [y.data for y in mlp([0.5, -1.0])]
    if library == "torch":
        found = nn.to_torch(mlp)(framework.tensor([0.5, -1.0], dtype=framework.float64)).tolist()
    else:
        framework.config.update("jax_enable_x64", True)
        twin = nn.to_jax(mlp)
        found = twin.apply(twin.params, framework.numpy.array([0.5, -1.0])).tolist()
    assert found == pytest.approx(expected, rel=1e-13)


def test_a_registered_row_is_read_in_expressions(my_softsign):
    assert parse("net = 2*x; out = my_softsign(net)", {"x": 1}).data == 2 / 3


def test_a_row_may_call_a_registered_row(my_softsign):
    with registered("twosign", "2 * my_softsign(3 * x)", "6 / ((1 + abs(3 * x)) * (1 + abs(3 * x)))") as twosign:
        x = Value(0.5, "x")
        y = twosign(x)
        y.backward()
        assert (y.data, x.grad) == (1.2, 6 / 6.25)
        assert gradient(gradient(y, x), x).data == pytest.approx(18 * second(1.5), rel=1e-14)
        assert compile_program(y, [x])(0.5) == 1.2 == twosign(0.5)
        assert "abs(3 * x)" in str(explain(y, x))
        with pytest.raises(ValueError, match="my_softsign is called by twosign: unregister that first"):
            unregister("my_softsign")
        assert my_softsign(Value(1.0)).data == 0.5


def test_names_parameter_and_default_are_as_in_the_table():
    row = ("where(step(x), x, y * x)", "where(step(x), 1, y)", "where(step(x), 0, x)")
    with registered("leaky", *row, names="x slope", parameter=True, default=0.1, convention="at 0, the left side") as leaky:
        assert str(inspect.signature(leaky)) == "(x, slope=0.1)" and "Convention: at 0, the left side." in leaky.__doc__
        assert leaky(Value(-2.0)).data == -0.2 and Value(-2.0).leaky(slope=0.5).data == -1.0
        assert leaky(Value(-2.0), 0.5).local_derivatives == (0.5, 0.0)
        assert leaky(Value(-2.0), Value(0.5)).local_derivatives == (0.5, -2.0)
        assert nn.Layer(1, 1, "leaky", rng=0)([1.0])[0].op == "leaky"
    assert "leaky_parameter" not in eager.NAMES


def test_three_operands_are_registered_too():
    with registered("mix", "w * x + (1 - w) * y", "w", "1 - w", "x - y", names="x y share") as mix:
        x, y, share = Value(2.0), Value(4.0), Value(0.25)
        z = mix(x, y, share)
        z.backward()
        assert [z.data, x.grad, y.grad, share.grad] == [3.5, 0.25, 0.75, -2.0]
        assert mix(x, 4.0, share=0.25).data == 3.5


def test_small_and_large_numbers_are_read_as_python_reads_them():
    with registered("tiny", "1e-7 * x + 12000000000000000000000000 * x", "1e-07 + 1.2E25") as tiny:
        assert tiny(Value(2.0)).data == 2.4e25 and tiny(Value(2.0)).local_derivatives == (1.2e25,)


def test_outside_its_domain_the_error_says_what_it_needs():
    with registered("loglog", "log(log(x))", "1 / (x * log(x))", needs="x > 1") as loglog:
        with pytest.raises(DomainError, match=r"loglog needs x > 1, got 0.5 \(node 'p'\)"):
            loglog(Value(0.5, "p"))
        assert "Domain: x > 1." in loglog.__doc__
    with (
        registered("loglog", "log(log(x))", "1 / (x * log(x))") as loglog,
        pytest.raises(DomainError, match=r"loglog needs operands at which its formula has a value, got 0.5"),
    ):
        loglog(0.5)


# What is refused -----------------------------------------------------------------------------------------------------

TAKEN = ["tanh", "linear", "softmax", "nll", "grad", "label", "backward", "draw", "print", "max", "gradient", "register", "ops"]
TAKEN += ["parse", "registry", "pi", "e", "x", "y", "z", "sumexpm1", "number", "special", "slowly", "math_parameter", "Value"]
TAKEN += [(Value(2.0) + 1.0).parents[1].op]


@pytest.mark.parametrize("name", [*TAKEN, "lambda", "match", "", "2x", "a b", "_hidden", "__len__", "ﬁne", "x.y"])
def test_a_name_that_is_taken_or_none_is_refused(name):
    before = everything()
    with pytest.raises(ValueError, match=r"taken|no name|word of Python"):
        register(name, *SOFTSIGN)
    assert everything() == before


def test_what_formulas_are_read_by_has_no_name_that_can_be_registered():
    kinds, found = [Reading], set()
    while kinds:
        kind = kinds.pop()
        if kind.__module__.startswith("autograd_lite"):
            kinds += kind.__subclasses__()
            found |= {name for name in vars(kind) if not name.startswith("_")}
    assert len(found) > 15
    for name in found:
        with pytest.raises(ValueError, match="taken"):
            register(name, *SOFTSIGN)


REFUSED = {
    "cannot be read": ("x +", "1"),
    "a power is written pow": ("x**2", "2 * x"),
    "calls sinc, which is no operation": ("sinc(x)", "x"),
    "calls softmax, which takes lists": ("softmax(x, x)", "x"),
    "calls itself": ("x * mine(x)", "x"),
    "calls tanh with 2 operands: it has 1": ("tanh(x, x)", "x"),
    "needs a derivative by x and y, so 2; got 1": ("x * y", "y"),
    "needs a derivative by x, so 1; got 2": ("x * x", "2 * x", "0"),
    "needs a derivative by x, so 1; got 0": ("x * x",),
    "needs operands named x": ("3", "0"),
    "needs operands named x,": ("x * w", "w", "x"),
    "has the unknown q": ("x * x", "q * x"),
    "only numbers": ("x if x else 1", "1"),
    "'x.data' in the formula of mine": ("x.data", "1"),
    "'True'": ("x * True", "1"),
    "'*x' in the formula": ("abs(*x)", "1"),
    "'1e309'": ("x * 1e999", "1"),
    "has no value at any": ("log(-1 - x * x)", "1"),
    "characters": ("x" + " + x" * 1000, "1"),
    "__import__": ("__import__('os').system('true') * x", "1"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_no_row_is_refused_and_nothing_is_registered(message):
    before = everything()
    with pytest.raises(ValueError, match=r"(?s)mine.*" if message == "characters" else ".") as caught:
        register("mine", *REFUSED[message])
    assert message in str(caught.value)
    assert everything() == before and not hasattr(Value, "mine")


def test_a_wrong_derivative_is_refused_with_the_point_and_the_difference():
    with pytest.raises(
        ValueError, match=r"by x, '1 / \(1 \+ abs\(x\)\)', is 0.769230769 at x = 0.3, but differences give 0.59171"
    ):
        register("mine", "x / (1 + abs(x))", "1 / (1 + abs(x))")
    with pytest.raises(
        ValueError, match=r"by y, 'x \+ y', is 0.69 at x = 0.3, y = 0.39, but differences give 0.3: it is off by 0.39"
    ):
        register("mine", "x * y", "y", "x + y")
    with pytest.raises(ValueError, match=r"is nan at x = -0.7"):  # has no value where the formula has one
        register("mine", "x * x", "2 * x + 0 * log(x)")
    with pytest.raises(ValueError, match=r"'1 - z'"):
        register("mine", "tanh(x)", "sech(x) * sech(x)", textbook=["1 - z"])
    with pytest.raises(ValueError, match="off by"):  # right on one side only
        register("mine", "abs(x)", "1")
    assert not hasattr(Value, "mine")


@pytest.mark.parametrize("op", [op for op in ops.ROWS if is_composed(op)])
def test_every_composed_row_of_the_table_could_have_been_registered(op):
    row = ops.ROWS[op]
    with registered("mine", row.formula, *row.derivatives, textbook=row.textbook) as mine:
        operands = (0.75, 0.5, 2.0)[: len(row.derivatives)]
        assert mine(*operands) == OPERATIONS[op](*operands)


@pytest.mark.parametrize(
    "more, kind",
    [
        ({"what": 3}, TypeError),
        ({"names": "x y"}, ValueError),
        ({"names": "tanh"}, ValueError),
        ({"names": "node"}, ValueError),
        ({"names": "lambda"}, ValueError),
        ({"parameter": True}, ValueError),
        ({"default": 1.0}, ValueError),
        ({"textbook": ("1", "2")}, ValueError),
    ],
)
def test_what_does_not_fit_the_row_is_refused(more, kind):
    with pytest.raises(kind):
        register("mine", *SOFTSIGN, **more)
    assert "mine" not in ops.ROWS


def test_other_kinds_than_text_are_refused():
    for arguments in ((3, *SOFTSIGN), ("mine", math.sin, "1"), ("mine", "x", 1)):
        with pytest.raises(TypeError, match="a str"):
            register(*arguments)


# Taken back ----------------------------------------------------------------------------------------------------------


def test_nothing_is_left_of_what_was_registered():
    before = everything()
    function = register("my_softsign", *SOFTSIGN)
    x = Value(0.5, "x")
    y = function(x)
    program = compile_program(y, [x], gradients_of=y)
    with no_grad():
        function(x)
    for reader in (draw(y).svg, lambda: str(steps(y)), lambda: str(explain(y, x)), lambda: is_activation("my_softsign")):
        reader()
    unregister("my_softsign")
    assert everything() == before
    assert not hasattr(x, "my_softsign") and not hasattr(autograd_lite, "my_softsign")
    with pytest.raises(ImportError):
        from autograd_lite import my_softsign  # noqa: F401
    with pytest.raises(ValueError, match="my_softsign is no operation"):
        parse("my_softsign(x)", {"x": 1})
    with pytest.raises(ValueError, match="unknown activation"):
        nn.Layer(1, 1, "my_softsign")
    assert program(2.0) == (2 / 3, 1 / 9)
    y.backward()
    assert x.grad == 1 / (1.5 * 1.5)
    for reader in (
        lambda y: draw(y).svg(),
        steps,
        lambda y: explain(y, x),
        lambda y: gradient(y, x),
        lambda y: compile_program(y, [x]),
    ):
        with pytest.raises(LookupError, match="no operation 'my_softsign': if it was registered, register it again"):
            str(reader(y))
    with no_grad(), pytest.raises(LookupError, match="no operation 'my_softsign'"):
        function(x)


def test_a_name_is_free_again_for_another_row():
    numbers = []
    outer = ("mine(sin(x)) + mine(x)", "slope(sin(x)) * cos(x) + slope(x)")
    for formula, derivative, second in ((*SOFTSIGN, "-2 * sign(x) * z / (1 + abs(x))"), ("x * x", "2 * x", "2")):
        with (
            registered("slope", derivative, second),
            registered("mine", formula, "slope(x)") as mine,
            registered("outer", *outer),
        ):
            x = Value(0.5, "x")
            with no_grad():
                quick = mine(x)
            y = OPERATIONS["outer"](x)
            numbers.append((quick.data, y.data, gradient(y, x).data, compile_program(y, [x])(0.5), is_activation("mine")))
    s = math.sin(0.5)
    assert numbers[1] == (0.25, s * s + 0.25, pytest.approx(2 * s * math.cos(0.5) + 1), s * s + 0.25, False)
    assert numbers[0][0] == 1 / 3 and numbers[0][4]


def test_it_is_taken_back_however_the_lesson_ends():
    with pytest.raises(RuntimeError), registered("mine", *SOFTSIGN):
        raise RuntimeError
    assert not hasattr(Value, "mine")
    with registered("mine", *SOFTSIGN):
        unregister("mine")
    with pytest.raises(ValueError, match="was not registered: it is in the table"):
        unregister("tanh")
    with pytest.raises(ValueError, match="'mine' was not registered"):
        unregister("mine")
    with registered("mine", *SOFTSIGN), pytest.raises(ValueError, match="mine is taken: it is an operation"):
        register("mine", *SOFTSIGN)


def test_a_row_that_fails_late_leaves_nothing_behind(monkeypatch):
    before = everything()
    monkeypatch.setattr(eager, "attach", lambda op: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        register("mine", *SOFTSIGN)
    assert everything() == before
