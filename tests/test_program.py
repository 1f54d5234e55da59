"""Programs: every dialect gives the numbers of the eager engine, and its source is what a student would have written."""

import importlib.util
import itertools
import math
import random
import re

import numpy as np
import pytest

import autograd_lite
from autograd_lite import (
    OPERATIONS,
    DivisionByZeroError,
    DomainError,
    Value,
    compile_program,
    exp,
    gradient,
    log,
    logsumexp,
    maximum,
    ops,
    relu,
    sigmoid,
    sqrt,
    sum_,
)
from autograd_lite.program import dialects

HAS_JAX = importlib.util.find_spec("jax") is not None
DIALECTS = [
    "python",
    "numpy",
    "c",
    pytest.param("jax", marks=pytest.mark.skipif(not HAS_JAX, reason="JAX is not installed")),
]
ARRAYS = DIALECTS[1:]
BATCHES = ["numpy", "c"]
# Python's program does the eager engine's operations; the others have another mathematical library, or another stable form
CLOSE = {"python": dict(rel=1e-15, abs=0), "numpy": dict(rel=1e-13, abs=1e-300), "c": dict(rel=1e-13, abs=1e-300)}
CLOSE["jax"] = dict(rel=1e-13, abs=1e-300)

if HAS_JAX:
    import jax

    jax.config.update("jax_enable_x64", True)


def numbers(results):
    """The results of a program as floats, in order."""
    return [float(x) for item in (results if isinstance(results, tuple) else [results]) for x in np.ravel(item)]


def eager(f, point):
    """What the eager engine gives for f and its derivatives."""
    x = [Value(number) for number in point]
    with autograd_lite.value.mode("ieee"):
        z = f(*x)
    return [z.data, *[d.data for d in gradient(z, x)]]


def program_of(f, recorded_at, dialect):
    x = [Value(number, f"x{k}") for k, number in enumerate(recorded_at)]
    z = f(*x)
    return compile_program(z, x, gradients_of=z, dialect=dialect)


# Every row ------------------------------------------------------------------------------------------------------------

POINTS = [-1000.0, -745.0, -720.0, -100.0, -30.0, -2.5, -0.999, -0.7, -1e-9, 1e-9, 0.25, 0.999, 1.5, 20.0, 100.0, 720.0, 1000.0]
FEW = [-1000.0, -2.5, -0.7, 0.3, 2.0, 40.0, 1000.0]


def arguments(op):
    return POINTS if len(ops.ROWS[op].derivatives) == 1 else list(itertools.product(FEW, repeat=2))


def regular_points(op):
    """The points at which the eager engine has a value and finite derivatives, with what it gives."""
    f = OPERATIONS[op]
    for point in arguments(op):
        point = point if isinstance(point, tuple) else (point,)
        if op == "pow" and point[0] < 0:  # by the exponent there is no derivative
            continue
        try:
            f(*[Value(x) for x in point])
        except (ValueError, ArithmeticError):
            continue
        expected = eager(f, point)
        if all(map(math.isfinite, expected)):
            yield point, expected


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("op", ops.ROWS)
def test_row_and_its_derivatives_equal_eager(op, dialect):
    points = list(regular_points(op))
    assert len(points) >= 5
    inside = next(point for point, _ in points if all(0 < abs(x) < 1 for x in point))
    program = program_of(OPERATIONS[op], inside, dialect)
    for point, expected in points:
        # XLA rounds to 0 what is below the smallest normal number; so do sums of squares on the way to it
        tolerance = CLOSE[dialect] if dialect == "python" or min(map(abs, expected)) > 1e-290 else dict(rel=1e-13, abs=1e-290)
        assert numbers(program(*point)) == pytest.approx(expected, **tolerance), point


@pytest.mark.parametrize("dialect", BATCHES)
@pytest.mark.parametrize("op", ops.ROWS)
def test_row_on_a_batch_equals_one_by_one(op, dialect):
    points = [point for point, _ in regular_points(op)]
    program = program_of(OPERATIONS[op], next(p for p in points if all(0 < abs(x) < 1 for x in p)), dialect)
    batch = program(*np.array(points).T)
    assert np.array(batch).T.tolist() == pytest.approx(np.array([numbers(program(*point)) for point in points]), rel=4e-15)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("count", [1, 3, 300])
@pytest.mark.parametrize("op", ops.FAMILIES)
def test_family_and_its_derivatives_equal_eager(op, count, dialect):
    if dialect == "jax" and count > 3:
        pytest.skip("for small graphs")
    rng = random.Random(count)
    family = ops.FAMILIES[op]

    def f(*x):
        *groups, last = family.split(x)
        return OPERATIONS[op](*groups, last[0] if family.tail else last)

    arity = len(family.letters) * count + len(family.tail)
    point = [rng.uniform(-2, 2) for _ in range(arity)]
    program = program_of(f, [rng.uniform(-2, 2) for _ in range(arity)], dialect)
    assert numbers(program(*point)) == pytest.approx(eager(f, point), rel=1e-13 if dialect != "python" else 1e-15)


def test_every_function_of_the_table_has_a_spelling():
    names = {
        name for row in ops.ROWS.values() for text in (row.formula, *row.derivatives) for name in re.findall(r"(\w+)\(", text)
    }
    assert {"softplus", "sech", "pow"} < names
    for dialect in (dialects.NUMPY, dialects.JAX):
        assert names - dialect.spelling.functions.keys() <= dialect.helpers.keys()
    for name in names - dialects.C.spelling.functions.keys() - dialects.C.helpers.keys():
        assert hasattr(math, name)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_stable_forms_at_a_thousand(dialect):
    for op, values in {
        "sigmoid": (0.0, 1.0),
        "tanh": (-1.0, 1.0),
        "sech": (0.0, 0.0),
        "softplus": (0.0, 1000.0),
        "silu": (0.0, 1000.0),
        "elu": (-1.0, 1000.0),
        "gelu": (0.0, 1000.0),
    }.items():
        program = program_of(OPERATIONS[op], [0.5], dialect)
        for x, value in zip((-1000.0, 1000.0), values):
            result = numbers(program(x))
            assert result[0] == value and all(map(math.isfinite, result)), (op, x, result)
    program = program_of(lambda *x: logsumexp(x), [0.0, 1.0], dialect)
    assert numbers(program(1000.0, 1000.0)) == pytest.approx([1000 + math.log(2), 0.5, 0.5], rel=1e-15)
    assert numbers(program(-1000.0, 1000.0)) == [1000.0, 0.0, 1.0]


# Singular points ------------------------------------------------------------------------------------------------------

# The convention of the rows, from programs that were recorded elsewhere
CONVENTIONS = [
    (relu, 0.0, [0.0, 0.0]),
    (abs, 0.0, [0.0, 0.0]),
    (lambda x: x**0, 0.0, [1.0, 0.0]),
    (lambda x: x**2, 0.0, [0.0, 0.0]),
    (lambda x: maximum(x, 1.0), 1.0, [1.0, 0.5]),
    (lambda x: autograd_lite.minimum(x, 1.0), 1.0, [1.0, 0.5]),
    (lambda x: autograd_lite.leaky_relu(x), 0.0, [0.0, 0.01]),
    (sqrt, 0.0, [0.0, math.inf]),
    (autograd_lite.asin, 1.0, [math.pi / 2, math.inf]),
]


@pytest.mark.parametrize("at_the_point", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_conventions_hold_wherever_the_graph_was_recorded(dialect, at_the_point):
    for f, x, expected in CONVENTIONS:
        program = program_of(f, [x if at_the_point else 0.75], dialect)
        assert numbers(program(x)) == pytest.approx(expected, rel=1e-15)
        assert numbers(program(0.6)) == pytest.approx(eager(f, [0.6]), rel=1e-14)


# Recorded at the singular point, where the eager derivative is a convention: right at every other input
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("op, at", [("hypot", (0.0, 0.0)), ("atan2", (0.0, 0.0)), ("pow", (0.0, 0.0)), ("maximum", (1.0, 1.0))])
def test_no_convention_of_the_recorded_point_is_baked_in(op, at, dialect):
    program = program_of(OPERATIONS[op], at, dialect)
    for point in ((0.5, 2.0), (3.0, 1.0)):
        assert numbers(program(*point)) == pytest.approx(eager(OPERATIONS[op], point), rel=1e-14)


IEEE = [
    (log, [0.0], [-math.inf, math.inf]),
    (log, [-1.0], [math.nan, -1.0]),
    (lambda x, y: x / y, [1.0, 0.0], [math.inf, math.inf, -math.inf]),
    (lambda x, y: x / y, [0.0, 0.0], [math.nan, math.inf, math.nan]),
    (sqrt, [-1.0], [math.nan, math.nan]),
    (exp, [1000.0], [math.inf, math.inf]),
    (autograd_lite.asin, [2.0], [math.nan, math.nan]),
    (autograd_lite.hypot, [0.0, 0.0], [0.0, math.nan, math.nan]),
    (lambda x: x**-1, [0.0], [math.inf, -math.inf]),
    (lambda x: x * x, [math.nan], [math.nan, math.nan]),
    (relu, [math.nan], [math.nan, 0.0]),
    (lambda x: x * 2, [math.inf], [math.inf, 2.0]),
]


@pytest.mark.parametrize("case", range(len(IEEE)))
@pytest.mark.parametrize("dialect", ARRAYS)
def test_array_dialects_follow_ieee(dialect, case):
    f, x, expected = IEEE[case]
    program = program_of(f, [0.5] * len(x), dialect)
    assert numbers(program(*x)) == pytest.approx(expected, nan_ok=True)


def test_python_raises_as_the_eager_engine():
    x, p = Value(1.0, "x"), Value(2.0, "p")
    program = compile_program(log(x * p), [x, p])
    with pytest.raises(DomainError, match=r"log needs x > 0, got -2.0"):
        program(1.0, -2.0)
    program = compile_program(log(p), [p])
    with pytest.raises(DomainError, match=r"got -1.0 \(node 'p'\)"):
        program(-1.0)
    with pytest.raises(DivisionByZeroError, match=r"div needs y != 0, got x = 1.0 \(node 'x'\), y = 0.0 \(node 'p'\)"):
        compile_program(x / p, [x, p])(1.0, 0.0)
    with pytest.raises(OverflowError, match="exp overflows"):
        compile_program(exp(x), [x])(1000.0)
    assert compile_program(sigmoid(x), [x])(-1000.0) == 0.0


def test_python_gives_derivatives_that_are_infinite_as_the_eager_engine():
    assert program_of(sqrt, [4.0], "python")(0.0) == (0.0, math.inf)
    assert numbers(program_of(lambda x: sqrt(x) * 0.0 + x, [4.0], "python")(0.0))[0] == 0.0


# Random graphs --------------------------------------------------------------------------------------------------------


def random_graph(rng):
    """Some leaves and a node over 24 operations on them, none of them steep; and which operations these are."""
    leaves = [Value(rng.uniform(-2, 2), f"x{k}") for k in range(rng.randint(1, 4))]
    nodes, tried = list(leaves), set()
    while len(nodes) < 24:
        name, count = rng.choice(sorted(OPERATIONS)), rng.randint(1, 3)
        operands = [
            rng.choice(nodes[-6:]) if rng.random() < 0.8 else rng.choice([0.5, -1.25, 2, 3]) for _ in range(2 * count + 1)
        ]
        if name in ops.ROWS:
            operands = operands[: len(ops.ROWS[name].derivatives)]
        elif name in ("dot", "linear"):
            operands = [operands[:count], operands[count:-1], operands[-1]][: 2 + (name == "linear")]
        else:
            operands = [operands[:count]]
        try:
            node = OPERATIONS[name](*operands)
        except (ValueError, ArithmeticError):
            continue
        node = node[0] if isinstance(node, list) else node
        # at 0 some derivatives are conventions
        if isinstance(node, Value) and 1e-6 < abs(node.data) < 100 and all([abs(d) < 10 for d in node.local_derivatives]):
            nodes.append(node)
            tried.add(name)
    return leaves, sum_(nodes[-3:]), tried


@pytest.fixture(scope="module")
def random_graphs():
    rng = random.Random(5)
    found = [random_graph(rng) for _ in range(300)]
    assert set().union(*[tried for _, _, tried in found]) == set(OPERATIONS)
    return [(leaves, output) for leaves, output, _ in found]


@pytest.fixture(scope="module")
def expected(random_graphs):
    return [[output.data, *[d.data for d in gradient(output, leaves)]] for leaves, output in random_graphs]


def test_random_graphs_equal_eager_in_python_and_numpy(random_graphs, expected):
    for (leaves, output), result in zip(random_graphs, expected):
        point = [leaf.data for leaf in leaves]
        for dialect in ("python", "numpy"):
            program = compile_program(output, leaves, gradients_of=output, dialect=dialect)
            assert numbers(program(*point)) == pytest.approx(result, rel=1e-15 if dialect == "python" else 1e-12, abs=1e-14)


def test_random_graphs_equal_eager_in_c(random_graphs, expected):
    """All in one program, which is long enough to be written as loops over memory."""
    leaves = [leaf for inputs, _ in random_graphs for leaf in inputs]
    outputs = [node for inputs, output in random_graphs for node in [output, *gradient(output, inputs)]]
    program = compile_program([outputs], [leaves], dialect="c")
    result = program([leaf.data for leaf in leaves])
    assert result == pytest.approx([x for one in expected for x in one], rel=1e-13, abs=1e-14)


@pytest.mark.skipif(not HAS_JAX, reason="JAX is not installed")
def test_random_graphs_equal_eager_in_jax(random_graphs, expected):
    for (leaves, output), result in list(zip(random_graphs, expected))[::10]:
        program = compile_program(output, leaves, gradients_of=output, dialect="jax")
        assert numbers(program(*[leaf.data for leaf in leaves])) == pytest.approx(result, rel=1e-12, abs=1e-14)
