"""Programs: every dialect gives the numbers of the eager engine, and its source is what a student would have written."""

import ast
import builtins
import gc
import importlib.util
import io
import itertools
import keyword
import linecache
import math
import pydoc
import random
import re
import subprocess
import sys
import threading
import traceback
import unicodedata
import warnings
from array import array

import numpy as np
import pytest
from golden import GOLDEN, flat
from recurrent_cases import CASES, build, parameter
from test_golden import network

import autograd_lite
import nn
from autograd_lite import (
    OPERATIONS,
    DivisionByZeroError,
    DomainError,
    Value,
    compile_program,
    exp,
    gradient,
    linear,
    log,
    logsumexp,
    maximum,
    ops,
    relu,
    sigmoid,
    sqrt,
    sum_,
    tanh,
    trace,
)
from autograd_lite.engine.eager import family
from autograd_lite.formulas import is_composed, letters
from autograd_lite.program import c_source, dialects
from nn import sequence_cross_entropy
from nn.worked_example import WorkedExample

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


@pytest.fixture(scope="module", autouse=True)
def surroundings(tmp_path_factory):
    """A cache directory of the tests' own, and JAX in double precision."""
    if HAS_JAX:
        import jax

        jax.config.update("jax_enable_x64", True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def numbers(results):
    """The results of a program as floats, in order."""
    return [float(x) for item in (results if isinstance(results, tuple) else [results]) for x in np.ravel(item)]


def eager(f, point):
    """What the eager engine gives for f and its derivatives."""
    x = [Value(number) for number in point]
    with autograd_lite.engine.modes.as_ieee():
        z = f(*x)
    return [z.data, *[d.data for d in gradient(z, x)]]


def program_of(f, recorded_at, dialect):
    x = [Value(number, f"x{k}") for k, number in enumerate(recorded_at)]
    z = f(*x)
    return compile_program(z, x, gradients_of=z, dialect=dialect)


def test_sigmoid_and_its_derivative_have_the_bits_of_eager_at_any_size_in_python():
    x = Value(0.5, "x")
    z = sigmoid(x)
    program = compile_program(z, [x], gradients_of=z)
    assert "sigmoid(x)" in program.source
    for number in (-1e308, -745.2, -709.9, -709.7, -700.0, -40.0, -0.0, 1e-9, 36.9, 700.0, 709.9, 745.2, math.inf, -math.inf):
        x.data = number
        z = sigmoid(x)
        expected = (z.data.hex(), gradient(z, [x])[0].data.hex())
        assert tuple(found.hex() for found in program(number)) == expected
        assert tuple(found.hex() for found in program.function(number)) == expected


# Every row ------------------------------------------------------------------------------------------------------------

POINTS = [-1000.0, -745.0, -720.0, -100.0, -30.0, -2.5, -0.999, -0.7, -1e-9, 1e-9, 0.25, 0.999, 1.5, 20.0, 100.0, 720.0, 1000.0]
POINTS += [2.0**-30 - 1.0, 1.0 - 2.0**-30]  # where 1 - x*x has lost half of its digits
FEW = [-1000.0, -2.5, -0.7, 0.3, 2.0, 40.0, 1000.0]


def arguments(op):
    arity = len(ops.ROWS[op].derivatives)
    return POINTS if arity == 1 else list(itertools.product(FEW if arity == 2 else FEW[2:6], repeat=arity))


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
    inside = next((point for point, _ in points if all(0 < abs(x) < 1 for x in point)), points[0][0])
    program = program_of(OPERATIONS[op], inside, dialect)
    for point, expected in points:
        # XLA rounds to 0 what is below the smallest normal number; so do sums of squares on the way to it
        tolerance = CLOSE[dialect] if dialect == "python" or min(map(abs, expected)) > 1e-290 else dict(rel=1e-13, abs=1e-290)
        assert numbers(program(*point)) == pytest.approx(expected, **tolerance), point


@pytest.mark.parametrize("dialect", BATCHES)
@pytest.mark.parametrize("op", ops.ROWS)
def test_row_on_a_batch_equals_one_by_one(op, dialect):
    points = [point for point, _ in regular_points(op)]
    program = program_of(OPERATIONS[op], points[0], dialect)
    batch = program(*np.array(points).T)
    assert np.array(batch).T.tolist() == pytest.approx(np.array([numbers(program(*point)) for point in points]), rel=4e-15)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("count", [1, 3, 300])
@pytest.mark.parametrize("op", ops.FAMILIES)
def test_family_and_its_derivatives_equal_eager(op, count, dialect):
    if dialect == "jax" and count > 3:
        pytest.skip("for small graphs")
    rng = random.Random(count)

    def f(*x):
        return family(op, x)

    arity = len(letters(ops.FAMILIES[op])) * count + len(ops.FAMILIES[op].head + ops.FAMILIES[op].tail)
    point = [rng.uniform(-2, 2) for _ in range(arity)]
    program = program_of(f, [rng.uniform(-2, 2) for _ in range(arity)], dialect)
    assert numbers(program(*point)) == pytest.approx(eager(f, point), rel=1e-13 if dialect != "python" else 1e-15)


def test_every_function_of_the_table_has_a_spelling():
    texts = [text for row in ops.ROWS.values() for text in (row.formula, *row.derivatives)]
    texts += [family.stable or family.formula for family in ops.FAMILIES.values()]
    names = {name for text in texts for name in re.findall(r"(\w+)\(", text) if not is_composed(name)} - {"total", "product"}
    assert {"softplus", "sech", "pow", "where", "sumexpm1"} < names
    for dialect in (dialects.NUMPY, dialects.JAX):
        assert names - dialect.spelling.functions.keys() <= dialect.definitions.keys()
    for name in names - dialects.C.spelling.functions.keys() - dialects.C.definitions.keys():
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


# Logits at which a shift by the largest would be frozen
LOGITS = [
    [0.0, 1.0],
    [1.0, 2.0],
    [1e6, 1e6 + 1],
    [1e10, 1e10],
    [1e17, 0.0],
    [1e17, 1e17],
    [-1e300, 1e300],
    [37.4, 0.0],
    [-800.0, 1.0],
]
OF_LOGITS = {
    "softmax": lambda v: autograd_lite.softmax(v),
    "log_softmax": lambda v: autograd_lite.log_softmax(v),
    "cross_entropy": lambda v: nn.cross_entropy(v, 0),
    "of weights": lambda v: nn.cross_entropy(v, [0.25, 0.75]),
    "logsumexp": logsumexp,
}


@pytest.mark.parametrize("name", OF_LOGITS)
@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "jax"])
def test_a_program_holds_at_other_logits_than_those_it_was_recorded_at(name, dialect):
    for recorded in LOGITS[:: 1 if dialect == "python" else 4]:
        v = [Value(x) for x in recorded]
        outputs = OF_LOGITS[name](v)
        first = outputs[0] if isinstance(outputs, list) else outputs
        program = compile_program([outputs], [v], gradients_of=first, dialect=dialect)
        for used in LOGITS:
            inputs = [Value(x) for x in used]
            expected = OF_LOGITS[name](inputs)
            output = expected[0] if isinstance(expected, list) else expected
            values = [y.data for y in (expected if isinstance(expected, list) else [expected])]
            values += [d.data for d in gradient(output, inputs)]
            assert numbers(program(used)) == pytest.approx(values, rel=4e-15, abs=5e-324), (recorded, used)


NOT_FINITE = [
    [math.inf, 0.0],
    [math.inf, math.inf],
    [-math.inf, -math.inf],
    [-math.inf, 0.0],
    [math.nan, 0.0],
    [math.inf, math.nan],
]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_logits_that_are_not_finite_are_the_same_in_every_dialect(dialect):
    v = [Value(0.5), Value(-0.5)]
    outputs = [
        autograd_lite.softmax(v),
        autograd_lite.log_softmax(v),
        [logsumexp(v), autograd_lite.max_(v), autograd_lite.min_(v)],
    ]
    program = compile_program(outputs, [v], gradients_of=outputs[2][0], dialect=dialect)
    for xs in NOT_FINITE:
        found = [
            *autograd_lite.softmax(xs),
            *autograd_lite.log_softmax(xs),
            logsumexp(xs),
            autograd_lite.max_(xs),
            autograd_lite.min_(xs),
        ]
        inputs = [Value(x) for x in xs]
        logsumexp(inputs).backward()
        assert numbers(program(xs)) == pytest.approx([*found, *[x.grad for x in inputs]], nan_ok=True, rel=1e-15)


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
    (autograd_lite.hypot, [0.0, 0.0], [0.0, 0.0, 0.0]),
    (autograd_lite.atan2, [0.0, 0.0], [0.0, 0.0, 0.0]),
    (lambda x, y: x**y, [0.0, 2.0], [0.0, 0.0, 0.0]),
    (lambda x, y: x**y, [0.0, 0.0], [1.0, 0.0, 0.0]),
    (maximum, [math.inf, math.inf], [math.inf, 0.5, 0.5]),
    (autograd_lite.elu, [math.inf], [math.inf, 1.0]),
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


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sign_of_zero_arrives(dialect):
    x = Value(2.0, "x")
    assert math.copysign(1.0, float(compile_program(x * 3.0, [x], dialect=dialect)(-0.0))) == -1.0


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
        elif name == "affine":
            operands = [[operands[:count]], [operands[count:-1]], [operands[-1]]]
        elif name in ("dot", "linear"):
            operands = [operands[:count], operands[count:-1], operands[-1]][: 2 + (name == "linear")]
        else:
            operands = [operands[:count]]
        try:
            node = OPERATIONS[name](*operands)
        except (ValueError, ArithmeticError):
            continue
        while isinstance(node, list):
            node = node[0]
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
            assert numbers(program(*point)) == pytest.approx(result, rel=1e-15 if dialect == "python" else 1e-13, abs=1e-14)


@pytest.mark.slow
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
        assert numbers(program(*[leaf.data for leaf in leaves])) == pytest.approx(result, rel=1e-13, abs=1e-14)


# Networks ---------------------------------------------------------------------------------------------------------------


def of_cell(name, dialect):
    """The program of a golden case: its parameters, inputs and initial states, and what it gives for them."""
    model, case = build(name), CASES[name]
    xs = [[Value(number) for number in x] for x in case["x"]]
    run, logits = model.run(xs, case["init"])
    loss = sequence_cross_entropy(logits, case["targets"])
    inputs = {key: parameter(model, key) for key in case["grads"]} | {"x": flat(xs)}
    inputs |= {f"initial_{key}": units for key, units in run.initial.items()}
    program = compile_program({"loss": loss, "logits": flat(logits)}, inputs, gradients_of=loss, dialect=dialect)
    return program, [[leaf.data for leaf in leaves] for leaves in inputs.values()]


# The rounding of the sums is that of another order: 1e-15 of terms of size 1
GOLDEN_TOLERANCE = dict(rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("dialect", DIALECTS[:3])
@pytest.mark.parametrize("name", CASES)
def test_loss_logits_and_gradients_of_cells_are_golden(name, dialect):
    program, arguments = of_cell(name, dialect)
    case = CASES[name]
    loss, logits, *derivatives = program(*arguments)
    assert loss == pytest.approx(case["loss"], **GOLDEN_TOLERANCE)
    assert list(logits) == pytest.approx(flat(case["logits"]), **GOLDEN_TOLERANCE)
    expected = {**{key: flat(grad) for key, grad in case["grads"].items()}, "x": flat(case["grad_x"])}
    expected |= {f"initial_{key}": grad for key, grad in case["grad_init"].items()}
    for key, found in zip(program.inputs, derivatives):
        if key in expected:
            assert list(found) == pytest.approx(expected[key], **GOLDEN_TOLERANCE), key


@pytest.mark.skipif(not HAS_JAX, reason="JAX is not installed")
@pytest.mark.parametrize("name", ["rnn_tanh", "gru_reset_after", "lstm_peephole"])
def test_cells_in_jax_equal_python(name):
    program, arguments = of_cell(name, "python")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        twin, _ = of_cell(name, "jax")
    assert numbers_of(twin(*arguments)) == pytest.approx(numbers_of(program(*arguments)), rel=1e-13, abs=1e-15)


def numbers_of(results):
    return [float(x) for item in results for x in np.ravel(item)]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", GOLDEN["mlp"])
def test_gradients_of_mlps_are_golden(name, dialect):
    case = GOLDEN["mlp"][name]
    mlp, loss = network(case)
    x = [Value(number) for number in case["x"]]
    cost = loss(mlp(x), case["y"])
    weights = [[w for neuron in layer.neurons for w in neuron.weights] for layer in mlp.layers]
    program = compile_program(cost, [x, *weights], gradients_of=cost, dialect=dialect)
    value, grad_x, *grads = program(case["x"], *[[w.data for w in group] for group in weights])
    assert float(value) == pytest.approx(case["C"], rel=1e-15)
    assert list(grad_x) == pytest.approx(flat(case["grad_x"]), rel=1e-15, abs=5e-16)
    assert numbers_of(grads) == pytest.approx(flat(case["grad_w"]), rel=1e-15, abs=5e-16)


# The worked example -----------------------------------------------------------------------------------------------------


def worked_example():
    example = WorkedExample()
    weights = [example.parameter[f"w{k}"] for k in range(1, 9)]
    return example, weights, [*example.inputs, *weights, example.parameter["b1"], example.parameter["b2"], *example.targets]


def test_the_worked_example_is_the_page_of_a_student():
    example, weights, inputs = worked_example()
    error = example()
    program = compile_program(error, inputs, gradients_of=error, wrt=weights)
    for line in (
        "def program(i1, i2, w1, w2, w3, w4, w5, w6, w7, w8, b1, b2, t1, t2):",
        "net_h1 = w1 * i1 + w2 * i2 + b1",
        "out_h1 = sigmoid(net_h1)",
        "net_o1 = w5 * out_h1 + w6 * out_h2 + b2",
        "E_total = E_o1 + E_o2",
        "# backward",
        "dE_total_dout_o1 = -t",
        "delta_o1 = dE_total_dout_o1 * (out_o1 * sigmoid(-net_o1))",
        "dE_total_dw5 = delta_o1 * out_h1",
        "dE_total_dout_h1 = delta_o2 * w7 + delta_o1 * w5",
        "delta_h1 = dE_total_dout_h1 * (out_h1 * sigmoid(-net_h1))",
        "dE_total_dw1 = delta_h1 * i1",
    ):
        assert re.search(rf"^ *{re.escape(line)}$", program.source, re.MULTILINE), line
    assert program.source.count("\n") < 45
    expected = GOLDEN["example_222"]
    error, *gradients = program(*[leaf.data for leaf in inputs])
    assert error == pytest.approx(expected["forward"]["E_total"], rel=1e-15)
    assert gradients == pytest.approx([expected["grads"][w.label] for w in weights], rel=1e-15, abs=1e-18)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ten_thousand_updates_as_one_call(dialect):
    example, weights, _ = worked_example()
    error = example()
    new = [w - 0.5 * g for w, g in zip(weights, gradient(error, weights))]
    program = compile_program({"error": error, "new": new}, {"weights": weights}, dialect=dialect)
    training = program.repeat(10_000, {"new": "weights"})
    error, trained = training([w.data for w in weights])
    runs = GOLDEN["example_222"]["after_n_updates"]["simultaneous/bias_fixed"]
    assert float(error) == pytest.approx(runs["9999"]["E_total"], rel=1e-11)
    assert [float(w) for w in trained] == pytest.approx([runs["10000"][w.label] for w in weights], rel=1e-12)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_repeat_feeds_all_results_back_at_once(dialect):
    a, b = Value(1.0, "a"), Value(2.0, "b")
    swapped = compile_program([b, a, a * b], [a, b], dialect=dialect).repeat(3, {0: "a", 1: "b"})
    assert numbers(swapped(5.0, 7.0)) == [7.0, 5.0, 35.0]
    fibonacci = compile_program([b, a + b], [a, b], dialect=dialect)
    assert numbers(fibonacci.repeat(1, {0: "a", 1: "b"})(0.0, 1.0)) == [1.0, 1.0]
    assert numbers(fibonacci.repeat(30, {0: 0, -1: -1})(0.0, 1.0)) == [832040.0, 1346269.0]


@pytest.mark.parametrize("dialect", BATCHES)
def test_long_programs_repeat_too_for_each_example_of_a_batch(dialect):
    parameters, x, target, error = two_layers()
    new = [p - 0.05 * g for p, g in zip(parameters, gradient(error, parameters))]
    inputs = {"w": parameters, "x": x, "target": target}
    training = compile_program({"error": error, "w": new, "x": x}, inputs, dialect=dialect).repeat(5, {"w": "w"})
    alone = compile_program({"error": error, "w": new, "x": x}, inputs).repeat(5, {"w": "w"})
    w, xs = [p.data for p in parameters], np.array([[0.1, 0.2, 0.3], [0.5, -0.5, 1.0]])
    errors, weights, given = training(w, xs, 0.7)
    assert given.tolist() == xs.tolist()
    for k in range(2):
        expected = alone(w, xs[k].tolist(), 0.7)
        assert errors[k] == pytest.approx(expected[0], rel=1e-12)
        assert weights[k].tolist() == pytest.approx(expected[1], rel=1e-12)


def test_repeat_raises_where_the_operation_does():
    x = Value(1.0, "x")
    halved = compile_program(sqrt(x - 1.0), [x]).repeat(3, {0: "x"})
    with pytest.raises(DomainError, match=r"sqrt needs x >= 0, got -1\.0"):
        halved(2.0)
    big = compile_program(sigmoid(x) * 1500.0 - 1500.0, [x]).repeat(2, {0: "x"})
    assert big(-1000.0) == -1500.0


# Batches ----------------------------------------------------------------------------------------------------------------


def two_layers(inputs=3, hidden=25):
    """A network, long enough to be written as loops in C and as rows in NumPy, and its error on one example."""
    mlp = nn.MLP([inputs, hidden, hidden, 1], "tanh", None, rng=1)
    x = [Value(0.1 * k, f"x{k}") for k in range(inputs)]
    target = Value(0.5, "target")
    return mlp.parameters(), x, target, nn.half_squared_error(mlp(x), [target])


@pytest.mark.parametrize("hidden", [2, 25])
@pytest.mark.parametrize("dialect", BATCHES)
def test_a_batch_sums_the_gradients_of_what_all_examples_share(dialect, hidden):
    parameters, x, target, error = two_layers(hidden=hidden)
    program = compile_program(error, {"w": parameters, "x": x, "target": target}, gradients_of=error, dialect=dialect)
    alone = compile_program(error, {"w": parameters, "x": x, "target": target}, gradients_of=error)
    w = [p.data for p in parameters]
    rng = np.random.default_rng(0)
    xs, targets = rng.normal(size=(17, 3)), rng.normal(size=17)
    errors, dw, dx, dtarget = program(w, xs, targets)
    one_by_one = [alone(w, list(row), t) for row, t in zip(xs.tolist(), targets.tolist())]
    assert errors.tolist() == pytest.approx([result[0] for result in one_by_one], rel=1e-13)
    assert dw.tolist() == pytest.approx(np.sum([result[1] for result in one_by_one], axis=0), rel=1e-12, abs=1e-14)
    assert dx == pytest.approx(np.array([result[2] for result in one_by_one]), rel=1e-12, abs=1e-15)
    assert dtarget.tolist() == pytest.approx([result[3] for result in one_by_one], rel=1e-13)
    # one target for all: its gradient is summed, too
    errors, _, _, dtarget = program(w, xs, 0.5)
    assert errors.shape == (17,) and dtarget == pytest.approx(sum(alone(w, list(row), 0.5)[3] for row in xs.tolist()), rel=1e-12)
    # each example its own weights
    _, dw, _, _ = program([w] * 17, xs, targets)
    assert np.shape(dw) == (17, len(w))
    # and no example at all
    errors, dw, dx, _ = program(w, np.zeros((0, 3)), np.zeros(0))
    assert errors.shape == (0,) and dx.shape == (0, 3) and set(dw.tolist()) == {0.0}


def test_a_batch_in_c_needs_no_numpy():
    parameters, x, target, error = two_layers(hidden=2)
    program = compile_program(error, [parameters, *x, target], gradients_of=error, wrt=[parameters, x[0]], dialect="c")
    w = [p.data for p in parameters]
    errors, dw, dx = program(w, [0.1, 0.2], array("d", [0.3, 0.4]), 0.5, [1, 2])
    assert (type(errors), type(dw), type(dx), len(dw)) == (list, list, list, len(w))
    first, second = program(w, 0.1, 0.3, 0.5, 1.0), program(w, 0.2, 0.4, 0.5, 2.0)
    assert errors == [first[0], second[0]] and dx == [first[2], second[2]]
    assert dw == pytest.approx([a + b for a, b in zip(first[1], second[1])], rel=1e-14, abs=1e-16)


@pytest.mark.parametrize("dialect", BATCHES)
def test_derivatives_by_constants_are_summed_and_by_other_nodes_are_not(dialect):
    w, x = Value(2.0, "w"), Value(3.0, "x")
    net = w * x
    y = tanh(net) + w * w
    program = compile_program(y, [x], gradients_of=y, wrt=[w, net], dialect=dialect)
    _, dw, dnet = program(np.array([0.1, 0.2]))
    slopes = [1 / math.cosh(0.2) ** 2, 1 / math.cosh(0.4) ** 2]
    assert dw == pytest.approx(0.1 * slopes[0] + 4 + 0.2 * slopes[1] + 4)
    assert dnet.tolist() == pytest.approx(slopes)


@pytest.mark.parametrize("threads", [2, 3, 40])
def test_threads_share_a_batch(threads):
    parameters, x, target, error = two_layers(hidden=2)
    program = compile_program(error, {"w": parameters, "x": x, "target": target}, gradients_of=error, dialect="c")
    w, rng = np.array([p.data for p in parameters]), np.random.default_rng(0)
    xs, targets = rng.normal(size=(17, 3)), rng.normal(size=17)
    expected = program(w, xs, targets)
    assert program.threads == 1
    program.threads = threads
    for given in ((w, xs, targets), (w.tolist(), xs.tolist(), targets.tolist())):
        for found, one in zip(program(*given), expected):
            assert np.array(found) == pytest.approx(one, rel=1e-13, abs=1e-15)


def test_buffers_are_read_in_place_and_results_are_new():
    x = [Value(float(k)) for k in range(4)]
    program = compile_program([sum_(x)], [x], dialect="c")
    for given in (np.arange(4.0), array("d", range(4)), memoryview(array("d", range(4))), [0, 1, 2, 3], np.arange(4), range(4)):
        assert program(given) == 6.0
    readonly = np.arange(4.0)
    readonly.flags.writeable = False
    assert program(readonly) == program(np.arange(8.0)[::2] / 2) == 6.0
    assert program(array("f", range(4))) == program(array("B", range(4))) == 6.0


# Recording --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_inputs_by_name_and_arrays(dialect):
    w, b = [Value(1.0, "w1"), Value(2.0, "w2")], Value(3.0, "b")
    x = [Value(4.0, "x1"), Value(5.0, "x2")]
    y = linear(w, x, b)
    y.label = "y"
    program = compile_program({"y": y, "both": x}, {"w": w, "x": x, "b": b}, gradients_of=y, wrt=[b, w], dialect=dialect)
    assert (program.inputs == ["w", "x", "b"] and program.results == ["y", "both", "dy_db", "dy_dw"]) or program.results[2:] == [
        "dy_db",
        "dy_input2",
    ]
    assert numbers(program([1.0, 2.0], b=1.0, x=[10.0, 20.0])) == [51.0, 10.0, 20.0, 1.0, 10.0, 20.0]
    assert numbers(compile_program(y, b, dialect=dialect)(1.0)) == [15.0]  # the others are constants


def test_a_parameter_that_is_no_input_is_a_constant():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    program = compile_program(w * x, [x])
    w.data = 100.0
    assert program(3.0) == 6.0
    assert compile_program(w * x, [x])(3.0) == 300.0


def test_changed_data_is_told():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    y = w * x
    w.data = 100.0
    with pytest.raises(RuntimeError, match="has changed since the forward pass"):
        compile_program(y, [x], gradients_of=y)


def test_recording_ignores_no_grad():
    x = Value(2.0, "x")
    y = x**3
    with autograd_lite.no_grad():
        assert compile_program(y, [x], gradients_of=y)(3.0) == (27.0, 27.0)


def test_derivatives_of_derivatives_are_programs_like_any_other():
    x = Value(2.0, "x")
    second = gradient(gradient(x**3, x), x)
    assert compile_program(second, [x], gradients_of=second)(5.0) == (30.0, 6.0)


def body(output, inputs):
    """The lines of a program after its docstring."""
    return [line.strip() for line in compile_program(output, inputs).source.split('"""')[-1].splitlines() if line.strip()]


def test_common_subexpressions_once_and_dead_code_gone():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    dead = exp(x)
    assert dead.data > 0
    assert body(tanh(x * y) + tanh(y * x), [x, y]) == ["t = tanh(x * y)", "output1 = t + t", "return output1"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_order_of_operands_counts_in_a_difference_and_a_quotient(dialect):
    a, b = Value(2.0, "a"), Value(3.0, "b")
    program = compile_program([b - a, a - b, b / a, a / b, b**a, a**b], [a, b], dialect=dialect)
    assert numbers(program(4.0, 2.0)) == [-2.0, 2.0, 0.5, 2.0, 16.0, 16.0]
    assert numbers(program(1.0, 2.0)) == [1.0, -1.0, 2.0, 0.5, 2.0, 1.0]


FOLDED = [
    (lambda x: x * 1.0 / 1.0 - 0.0, "x"),
    (lambda x: (-x).neg() * -1.0, "-x"),
    (lambda x: x - (-x), "x + x"),
    (lambda x: 0.5 * (2.0 * (4.0 * exp(x))), "4.0 * exp(x)"),
    (lambda x: 3.0 * (-2.0 * exp(x)), "-6.0 * exp(x)"),
    (lambda x: -0.3 * (4.0 * (-8.0 * x)), "9.6 * x"),
    (lambda x: gradient(0.5 * (1.0 - x) ** 2, x), "-(1.0 - x)"),
]
# Not the same for every number: an infinite x, a rounding, -0.0
KEPT = [
    (lambda x: x * 0.0, "x * 0.0"),
    (lambda x: 0.1 * (0.3 * x), "0.1 * (0.3 * x)"),
    (lambda x: 2.0 * (0.5 * x), "2.0 * (0.5 * x)"),
    (lambda x: x + 0.0, "x + 0.0"),
    (lambda x: x - -0.0, "x + 0.0"),
    (lambda x: (x + 1.0) + 2.0, "x + 1.0 + 2.0"),
    (lambda x: x + (1.0 + x), "x + (1.0 + x)"),
    (lambda x: x / (x / 3.0), "x / (x / 3.0)"),
]


@pytest.mark.parametrize("k", range(len(FOLDED + KEPT)))
def test_constants_are_folded_only_where_exact(k):
    f, text = (FOLDED + KEPT)[k]
    x = Value(0.7, "x")
    z = f(x)
    if text == "x":
        assert body(z, [x]) == ["return x"]
    else:
        assert body(z, [x]) == [f"output1 = {text}", "return output1"]
    program = compile_program(z, [x])
    for number in (0.3, -1 / 3, 1e-320, 1e300, -0.0, 5e-324):
        try:
            expected = f(Value(number)).data
        except (ValueError, OverflowError):
            continue
        result = program(number)
        assert (result, math.copysign(1, result)) == (expected, math.copysign(1, expected))


def test_clipping_is_written_out_and_keeps_nan():
    x = Value(0.7, "x")
    clipped = autograd_lite.minimum(maximum(x * x, -5.0), 5.0)
    assert body(clipped, [x])[1:3] == ["t2 = (-5.0 if t <= -5.0 else t)", "output1 = (5.0 if t2 >= 5.0 else t2)"]
    program = compile_program(clipped, [x])
    assert [program(3.0), program(0.5)] == [5.0, 0.25] and math.isnan(program(math.nan))


def test_trace_names_inputs_and_check_finds_the_branch():
    def f(x, w):
        total = x * w[0]
        return [total + w[1] if total > 0 else total, w]

    outputs, inputs = trace(f, [1.0, [2.0, 3.0]], reads=True)
    program = compile_program(outputs, inputs, gradients_of=outputs[0])
    assert program.inputs == ["x", "w"] and "where Python branched" in program.source
    out = io.StringIO()
    assert program.check(f, [[2.0, [2.0, 3.0]], [0.5, [1.0, 1.0]]], file=out) and out.getvalue() == ""
    assert not program.check(f, [[2.0, [2.0, 3.0]], [-2.0, [2.0, 3.0]]], file=out)
    assert out.getvalue() == "sample 1 (-2.0, [2.0, 3.0]), result 'output1': -1.0 in the program, -4.0 by the function\n"


def test_check_compares_derivatives_and_arrays():
    program = compile_program(*trace(lambda x: [[x, x * x]], [2.0]))
    out = io.StringIO()
    assert not program.check(lambda x: [[x, x * 2]], [[2.0], [3.0]], file=out)
    assert out.getvalue() == "sample 1 (3.0), result 'output1'[1]: 9.0 in the program, 6.0 by the function\n"
    x = Value(2.0, "x")
    y = x * x
    program = compile_program(y, [x], gradients_of=y)
    out = io.StringIO()
    assert not program.check(lambda x: x * x.data, [[2.0]], file=out)
    assert "result 'dx': 4.0 in the program, 2.0 by the function" in out.getvalue()


# Source -----------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "lambda", "print", "t", "t1", "program", "exp", "sigmoid", "np", "jnp", "math", "__import__", "None", "x y", "1x", "-", "",
    "i_3[0]", "隱藏層", "ﬁ", "fi", "x\nimport os\nos.abort()", "x; raise SystemExit", '"""', "'''", '"""\nraise SystemExit\n"""',
    "#",
    "\\", "x\\", "x\\\n", "\0", "\ud800", "\u2028raise SystemExit", "\x85", "\r", "@", "@@", "{x}", "%s", "*/ }", "??/", "//",
    "\"></svg><script>", "linux", "double", "restrict", "v", "v[0]", "EOF", "for", "main", "a" * 10_000,
    "\U0001d431", "x", "e", "pi", "_", "é", "v1",
    "inf", "nan", "self", "n", "k", "i0",
]  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_labels_are_data(dialect):
    """Hostile labels, on inputs, on inner nodes and on outputs: the source compiles and gives the same numbers."""
    leaves = [Value(0.1 + 0.01 * k, label) for k, label in enumerate(HOSTILE)]
    nodes = []
    for label, a, b in zip(HOSTILE, leaves, leaves[1:] + leaves[:1]):
        node = sigmoid(a * b) + exp(a) / 100
        node.label = label
        nodes.append(node)
    output = sum_(nodes)
    output.label = HOSTILE[16]
    expected = [output.data, *[d.data for d in gradient(output, leaves)]]
    program = compile_program(
        {label: node for label, node in zip(HOSTILE, nodes)} | {"y": output}, leaves, output, dialect=dialect
    )
    point = [leaf.data for leaf in leaves]
    result = numbers(program(*point))
    assert result == pytest.approx([node.data for node in {h: n for h, n in zip(HOSTILE, nodes)}.values()] + expected, rel=1e-14)
    assert len(set(program.inputs)) == len(leaves) and all(name.isidentifier() for name in program.inputs)
    assert len(set(program.results)) == len(program.results)
    html = program._repr_html_()
    assert "<script" not in html and "\0" not in repr(program)
    grouped = compile_program([output], {"\n*/ x": leaves}, dialect=dialect)
    assert numbers(grouped(point)) == pytest.approx(expected[:1], rel=1e-14)


def test_names_are_never_those_that_python_or_the_program_needs():
    leaves = [Value(0.5, label) for label in HOSTILE]
    y = tanh(sum_([sigmoid(leaf) for leaf in leaves]))
    tree = ast.parse(compile_program(y, leaves, gradients_of=y).source)
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    function = tree.body[-1]
    bound = [a.arg for a in function.args.args] + [
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and type(n.ctx) is ast.Store
    ]
    assert len(bound) == len(set(bound)) and imported == {"tanh", "cosh", "sigmoid"}
    assert not {*imported, *keyword.kwlist, *dir(builtins), "program"} & set(bound)
    assert {unicodedata.normalize("NFKC", name) for name in bound} == set(bound)


def written(labels, dialect, rounds):
    """A graph of that many inputs as a program, long enough for every way of writing; with its numbers."""
    inputs, factors = [Value(0.5, label) for label in labels], [Value(0.1 * k, f"u{k}") for k in range(7)]
    y = inputs[0]
    for k in range(rounds):
        y = tanh(y * inputs[k % len(inputs)] + factors[k * k % 7]) + sigmoid(factors[(3 * k + k * k) % 5] * y)
    y = y + logsumexp(inputs)
    given = {**dict(zip(labels, inputs)), "factors": factors}
    program = compile_program(y, given, gradients_of=y, dialect=dialect)
    point = [*[0.6 - 0.01 * k for k in range(len(inputs))], [u.data for u in factors]]
    return program, point


def names_in(source):
    """Every name that the source defines, imports or uses."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.alias(asname=str(name)):
                found.add(name)
            case ast.alias(name=name):
                found.add(name)
    return found


@pytest.mark.parametrize("rounds", [3, 150])
@pytest.mark.parametrize("dialect", ["python", "numpy", DIALECTS[-1]])
def test_inputs_may_have_every_name_that_a_program_uses_by_itself(dialect, rounds):
    if dialect == "jax" and rounds > 3:
        pytest.skip("for small graphs")
    program, point = written(["one", "two"], dialect, rounds)
    own = names_in(program.source) | names_in(program.repeat(3, {0: 0}).source)
    own = sorted(own - {"one", "two", "factors"})
    assert ("np" in own) == (dialect == "numpy") and len(own) > 5
    program, point = written(own, dialect, rounds)
    expected, _ = written([f"other_{k}" for k in range(len(own))], "python", rounds)
    for times in (1, 3):
        found, right = (p.repeat(times, {0: 0}) for p in (program, expected))
        assert numbers(found(*point)) == pytest.approx(numbers(right(*point)), rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("rounds", [3, 60])
def test_names_do_not_reach_a_program_in_c(rounds):
    names = ["v", "i0", "t0", "run", "part0", "feed", "program", "memcpy", "constants", "double", "exp"]
    plain, _ = written([f"x{k}" for k in range(len(names))], "python", rounds)
    program, _ = written(names, "python", rounds)
    assert c_source.written(program._recorded, None).source == c_source.written(plain._recorded, None).source


def test_an_input_keeps_its_name_beside_those_that_a_program_uses():
    program, point = written(["v", "n", "k", "i0", "t"], "numpy", 150)
    assert program.inputs == ["v", "n", "k", "i0", "t", "factors"]
    v, n, k, i0, t, factors = point
    assert numbers(program(v, factors=factors, t=t, i0=i0, k=k, n=n)) == numbers(program(*point))


def test_a_changed_name_is_told_in_a_comment_of_one_line():
    x, y = Value(1.0, "i_3[0]"), Value(2.0, "a\nb")
    z = exp(x * y)
    z.label = "net_f_3[1]"
    out = z + x
    source = compile_program(out * out, [x, y]).source
    assert "    # i_3_0: i_3[0]\n" in source and r"    # a_b: 'a\nb'" in source
    assert "    net_f_3_1 = exp(i_3_0 * a_b)  # net_f_3[1]\n" in source


def test_long_expressions_go_over_several_lines():
    leaves = [Value(0.01 * k, f"weight_{k}") for k in range(100)]
    y = sum_([x * x for x in leaves])
    program = compile_program(y, leaves)
    assert max(map(len, program.source.splitlines())) <= 120
    assert program(*[x.data for x in leaves]) == y.data
    deep = leaves[0]
    for _ in range(3000):
        deep = tanh(deep * 1.5)
    assert compile_program(deep, [leaves[0]])(0.1) == pytest.approx(
        compile_program(deep, [leaves[0]], dialect="c")(0.1), rel=1e-13
    )


def test_source_runs_by_itself():
    example, weights, inputs = worked_example()
    error = example()
    for dialect in ("python", "numpy"):
        program = compile_program(error, inputs, gradients_of=error, wrt=weights, dialect=dialect)
        names = {}
        exec(program.source, names)
        assert numbers(names["program"](*[leaf.data for leaf in inputs])) == numbers(program(*[leaf.data for leaf in inputs]))
        assert program.function.__doc__.startswith("Of i1, i2, ")


def test_help_repr_html_and_tracebacks_show_the_source():
    x, y = Value(1.0, "x"), Value(2.0, "y<b>")
    program = compile_program(log(x) * y, [x, y], gradients_of=None)
    shown = pydoc.render_doc(program, renderer=pydoc.plaintext)
    assert all(line in shown for line in program.source.splitlines())
    assert repr(program) == f"<Program of x, y_b: output1; {program.source.count(chr(10))} lines of python in .source>"
    html = program._repr_html_()
    assert html.startswith("<pre") and "y&lt;b&gt;" in html and "<b>" not in html
    assert (
        re.sub(r"<[^>]*>", "", html).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&#x27;", "'")
        == program.source
    )
    try:
        program.function(-1.0, 2.0)
    except ValueError:
        assert "output1 = log(x) * y_b" in traceback.format_exc()


def test_the_source_goes_when_the_program_goes():
    def sources():
        return [file for file in linecache.cache if file.startswith("<autograd_lite program")]

    x = Value(1.0, "x")
    before = set(sources())
    for dialect in ("python", "numpy"):
        program = compile_program(logsumexp([sigmoid(x), x]), [x], dialect=dialect)
        function = program.function
        assert len(sources()) == len(before) + 1
        del program
        assert len(sources()) == len(before) + 1 and function(0.0) > 0  # who has the function may read it
        del function
        assert set(sources()) == before


@pytest.mark.parametrize("dialect", DIALECTS[:3])
def test_the_collector_makes_no_pass_while_a_program_is_made(dialect):
    x = [Value(0.001 * k) for k in range(2000)]
    y = sum_([tanh(v) * v for v in x])
    passes = []

    def noted(phase, _):
        passes.append(phase)

    gc.collect()
    gc.callbacks.append(noted)
    try:
        compile_program(y, [x], gradients_of=y, dialect=dialect)
    finally:
        gc.callbacks.remove(noted)
    assert gc.isenabled() and passes.count("start") < 20  # where it is on again, and not the 150 of all the time


def test_the_collector_is_as_it_was_after_an_error_and_among_threads():
    x = Value(0.5, "x")
    with pytest.raises(ValueError, match="at least one output"):
        compile_program([], [x])
    assert gc.isenabled()
    threads = [threading.Thread(target=lambda: [compile_program(x * x, [x]) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled()
    gc.disable()
    try:
        compile_program(x * x, [x])
        assert not gc.isenabled()
    finally:
        gc.enable()


# Mistakes -----------------------------------------------------------------------------------------------------------------


def mistakes():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    z = x * y
    c = compile_program
    return [
        (lambda: c(z, [x, z]), ValueError, "input '.*' must be a leaf, but it is of mul"),
        (lambda: c(z, [(x * 2.0).parents[1]]), ValueError, "must be a leaf, but it is of const"),
        (lambda: c(z, [x, x]), ValueError, "among the inputs twice"),
        (lambda: c(z, [x, 3.0]), TypeError, "input 2: needs a Value or a sequence of Values, got 3.0"),
        (lambda: c(z, [x, [y, "z"]]), TypeError, "input 2: needs a Value or a sequence of Values, got 'z'"),
        (lambda: c(z, [x, []]), ValueError, "input 2: is an empty sequence"),
        (lambda: c(z, 5), TypeError, "inputs: needs Values"),
        (lambda: c(z, "xy"), TypeError, "inputs: needs Values"),
        (lambda: c(3.0, [x]), TypeError, "outputs: needs Values"),
        (lambda: c([], [x]), ValueError, "at least one output"),
        (lambda: c(z, [x], wrt=[x]), ValueError, "wrt needs gradients_of"),
        (lambda: c(z, [x], gradients_of=[z]), TypeError, "gradients_of is the Value"),
        (lambda: c(z, [x], dialect="fortran"), ValueError, "unknown dialect 'fortran': one of python, numpy, c, jax"),
        (lambda: c(z, [x, y])(1.0), TypeError, "has 2 inputs, got 1: y missing"),
        (lambda: c(z, [x, y])(1.0, 2.0, 3.0), TypeError, "has 2 inputs, got 3: x, y"),
        (lambda: c(z, [x, y])(1.0, z=3.0), TypeError, "input 'z' is unknown: there are x, y"),
        (lambda: c(z, [x, y])(1.0, x=3.0), TypeError, "input 'x' is there twice"),
        (lambda: c(z, [x, y])(y=3.0), TypeError, "input 'x' is missing"),
        (lambda: c(z, [x, y]).repeat(0, {0: "x"}), ValueError, "at least once; got 0"),
        (lambda: c(z, [x, y]).repeat(2, {1: "x"}), ValueError, "no result 1: there are output1"),
        (lambda: c(z, [x, y]).repeat(2, {0: "w"}), ValueError, "no input 'w': there are x, y"),
        (lambda: c(z, [x, y]).repeat(2, {}), ValueError, "at least one; got {}"),
        (lambda: c([z, z], [x, y]).repeat(2, {0: "x", 1: "x"}), ValueError, "an input of its own"),
        (lambda: c([[z]], [x, y]).repeat(2, {0: "x"}), ValueError, "result 0 is an array of 1, but input 'x' is one number"),
        (lambda: c(z, [x, y]).repeat(2, {0: "x"}).repeat(2, {0: "x"}), ValueError, "repeated already"),
        (lambda: setattr(c(z, [x]), "threads", 2), ValueError, "a program in C has a whole number of threads"),
        (lambda: setattr(c(z, [x], dialect="c"), "threads", 0), ValueError, "at least one; got 0 for 'c'"),
        (lambda: c(z, [x]).check(lambda x: [x, x], [[1.0]]), ValueError, "1 outputs, but the function returned 2"),
    ]


@pytest.mark.parametrize("k", range(len(mistakes())))
def test_mistakes_are_told(k):
    call, error, message = mistakes()[k]
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_wrong_arguments_name_the_input(dialect):
    x, w = Value(1.0, "x"), [Value(2.0), Value(3.0)]
    program = compile_program(x * sum_(w), {"x": x, "w": w}, dialect=dialect)
    for wrong in ("1.0", None, 1j, Value(1.0), "a", object(), ["a"], {}):
        with pytest.raises((TypeError, ValueError), match="input 'x' "):
            program(wrong, [1.0, 2.0])
        with pytest.raises((TypeError, ValueError), match="input 'w' "):
            program(1.0, wrong)
        with pytest.raises((TypeError, ValueError), match="input 'w' "):
            program(1.0, [1.0, wrong])
    for wrong in ([1.0], [1.0, 2.0, 3.0], [[1.0], [2.0]], 5.0, [], [[1.0, 2.0], [3.0]], np.zeros((2, 2, 2))):
        with pytest.raises((TypeError, ValueError), match="input 'w' "):
            program(1.0, wrong)
    assert numbers(program(True, [1, np.float32(2)])) == [3.0]
    assert numbers(program(np.float64(2.0), np.array([1, 2]))) == [6.0]


@pytest.mark.parametrize("dialect", BATCHES)
def test_batches_of_different_sizes_are_told(dialect):
    x, y = Value(1.0, "x"), Value(2.0, "y")
    with pytest.raises(ValueError, match="batches of different numbers of examples: 2, 3"):
        compile_program(x * y, [x, y], dialect=dialect)([1.0, 2.0], [1.0, 2.0, 3.0])


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    x = Value(1.0)
    with pytest.raises(ImportError, match="dialect='jax' needs the package jax"):
        compile_program(x * 2, [x], dialect="jax")


# JAX ----------------------------------------------------------------------------------------------------------------------


def test_jit_vmap_and_grad_of_a_program():
    jax = pytest.importorskip("jax")
    example, weights, _ = worked_example()
    error = example()
    program = compile_program(error, {"w": weights}, dialect="jax")
    w = jax.numpy.array([p.data for p in weights])
    expected = [d.data for d in gradient(error, weights)]
    assert jax.grad(program)(w).tolist() == pytest.approx(expected, rel=1e-14)
    assert jax.jit(jax.grad(program))(w).tolist() == pytest.approx(expected, rel=1e-14)
    both = jax.vmap(program)(jax.numpy.stack([w, w]))
    assert both.tolist() == pytest.approx([error.data] * 2, rel=1e-15)
    x = Value(0.0, "x")
    for f in (relu, sigmoid, tanh, autograd_lite.softplus, autograd_lite.sech, autograd_lite.silu, autograd_lite.elu):
        for point in (-1000.0, -0.5, 0.5, 1000.0):
            z = f(x)
            derivative = jax.grad(compile_program(z, [x], dialect="jax"))(point)
            assert float(derivative) == pytest.approx(eager(f, [point])[1], rel=1e-13), (f, point)


@pytest.mark.skipif(not HAS_JAX, reason="JAX is not installed")
def test_a_long_program_for_jax_is_warned_of():
    x = y = Value(0.5, "x")
    for _ in range(500):
        y = tanh(y) * y
    with pytest.warns(UserWarning, match="is long for JAX: XLA takes about 40 ms a line"):
        compile_program(y, [x], dialect="jax")


# Size ---------------------------------------------------------------------------------------------------------------------


def chain(updates):
    x, a, b = Value(1.0, "x"), Value(0.999999, "a"), Value(1e-6, "b")
    y = x
    for _ in range(updates):
        y = y * a
        y = y + b
    return y, [x, a, b]


@pytest.mark.slow
def test_a_hundred_thousand_nodes_are_a_program_of_a_few_loops():
    y, inputs = chain(50_000)
    program = compile_program(y, inputs, gradients_of=y, dialect="c")
    result = program(1.0, 0.999999, 1e-6)
    assert result[0] == y.data and result[3] == pytest.approx(48770.5993, rel=1e-8)
    assert program.source.count("\n") < 200


def test_a_deep_graph_is_a_program_in_python():
    y, inputs = chain(10_000)
    program = compile_program(y, inputs, gradients_of=y)
    y.backward()
    assert program(1.0, 0.999999, 1e-6) == pytest.approx((y.data, *[x.grad for x in inputs]), rel=1e-12)


RARE = {"numpy", "jax", "torch", "graphviz", "subprocess", "ctypes", "concurrent", "inspect", "dataclasses"}


@pytest.mark.parametrize("package, rare", [("autograd_lite", RARE | {"pathlib", "html", "fractions", "json"}), ("nn", RARE)])
def test_importing_the_package_imports_nothing_that_few_use(package, rare):
    code = f"import sys; before = set(sys.modules); import {package}; print({rare} & set(sys.modules) - before)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
