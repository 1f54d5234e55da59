"""Programs in JavaScript, run by Node: what they give is what eager Values give."""

import base64
import json
import math
import random
import shutil

import mpmath
import numpy as np
import pytest
from test_program import CASES, eager, of_cell, program_of, random_graph, regular_points

from autograd_lite import OPERATIONS, Value, compile_program, erf, erfc, gradient, leaky_relu, ops, prod, tanh, where
from autograd_lite.engine.eager import family
from autograd_lite.formulas import letters
from autograd_lite.program import javascript
from autograd_lite.program.javascript import functions
from autograd_lite.program.operation import recorded_operation
from nn.worked_example import WorkedExample

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")

# Functions of another mathematical library, and sums in another order
CLOSE = dict(rel=2e-13, abs=1e-300)


def results(jobs):
    """What each program gives for each of its lists of arguments, all in one run of Node."""
    modules = [base64.b64encode(program.source.encode()).decode() for program, _ in jobs]
    points = [[[repr(x) for x in point] for point in points] for _, points in jobs]
    script = f"""
const text = (_, x) => (typeof x !== "number" ? x : Object.is(x, -0) ? "-0" : String(x));
const modules = {json.dumps(modules)}, points = {json.dumps(points)}, found = [];
for (const [k, module] of modules.entries()) {{
    const {{ program }} = await import("data:text/javascript;base64," + module);
    found.push(points[k].map((point) => [program(...point.map((x) => Number(x.replace("inf", "Infinity"))))].flat(2)));
}}
console.log(JSON.stringify(found, text));
"""
    return [[[float(x) for x in one] for one in found] for found in json.loads(javascript.in_node(script))]


def test_every_row_and_its_derivatives_equal_eager():
    jobs, expected = [], []
    for op in ops.ROWS:
        points = list(regular_points(op))
        inside = next((point for point, _ in points if all(0 < abs(x) < 1 for x in point)), points[0][0])
        jobs.append((program_of(OPERATIONS[op], inside, "javascript"), [point for point, _ in points]))
        expected.append([numbers for _, numbers in points])
    for op, (_, points), found, numbers in zip(ops.ROWS, jobs, results(jobs), expected):
        for point, mine, other in zip(points, found, numbers):
            tolerance = CLOSE if min(map(abs, other)) > 1e-290 else dict(rel=1e-13, abs=1e-290)
            assert mine == pytest.approx(other, **tolerance), (op, point)


def test_every_family_and_its_derivatives_equal_eager():
    jobs, expected = [], []
    for op in ops.FAMILIES:
        for count in (1, 3, 300):
            rng = random.Random(count)
            arity = len(letters(ops.FAMILIES[op])) * count + len(ops.FAMILIES[op].head + ops.FAMILIES[op].tail)
            recorded_at, point = [[rng.uniform(-2, 2) for _ in range(arity)] for _ in range(2)]

            def f(*x, op=op):
                return family(op, x)

            jobs.append((program_of(f, recorded_at, "javascript"), [point]))
            expected.append(eager(f, point))
    for (found,), other in zip(results(jobs), expected):
        assert found == pytest.approx(other, **CLOSE)


def by_itself(nodes):
    """What the functions of operations give at their operands, in one run of Node: value and local derivatives."""
    definitions, arrows = functions([recorded_operation(node.op, node.parents) for node in nodes])
    calls = [f"({arrow})({', '.join([repr(x.data) for x in node.parents])})" for node, arrow in zip(nodes, arrows)]
    text = '(_, x) => (typeof x !== "number" ? x : String(x))'
    found = json.loads(javascript.in_node(f"{definitions}console.log(JSON.stringify([{', '.join(calls)}], {text}));"))
    return [(float(value), list(map(float, slopes))) for value, slopes in found]


def test_every_operation_by_itself_has_the_value_and_the_local_derivatives_of_its_node():
    rng = random.Random(5)
    nodes = []
    for op in ops.ROWS:
        for point, _ in list(regular_points(op))[:4]:
            nodes.append(OPERATIONS[op](*[Value(x, f"x{k}") for k, x in enumerate(point)]))
    for op, row in ops.FAMILIES.items():
        for count in (1, 2, 5):
            arity = len(letters(row)) * count + len(row.head + row.tail)
            nodes.append(family(op, [Value(rng.uniform(-2, 2), f"x{k}") for k in range(arity)]))
    nodes += [Value(3.0, "x") ** 2, Value(3.0, "x") ** -0.5, leaky_relu(Value(-2.0, "x"), 0.3), prod([Value(7.0, "x")])]
    for node, (value, slopes) in zip(nodes, by_itself(nodes)):
        assert value == pytest.approx(node.data, **CLOSE), node
        assert slopes == pytest.approx(list(node.local_derivatives), rel=1e-12, abs=1e-290), node


def test_an_array_of_one_is_an_array():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = compile_program({"y": [w * x]}, {"w": [w], "x": x}, gradients_of=w * x, dialect="javascript")
    assert program([5.0], 7.0) == ([35.0], [7.0], 5.0)


def test_random_graphs_equal_eager():
    rng = random.Random(7)
    graphs = [random_graph(rng)[:2] for _ in range(300)]
    jobs = [
        (compile_program(output, leaves, gradients_of=output, dialect="javascript"), [[leaf.data for leaf in leaves]])
        for leaves, output in graphs
    ]
    for (leaves, output), (found,) in zip(graphs, results(jobs)):
        assert found == pytest.approx([output.data, *[d.data for d in gradient(output, leaves)]], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_loss_and_gradients_of_cells_equal_python(name):
    program, arguments = of_cell(name, "javascript")
    python, _ = of_cell(name, "python")
    for found, other in zip(program(*arguments), python(*arguments)):
        assert found == pytest.approx(other, rel=1e-13, abs=1e-15)


def test_the_worked_example_has_the_bits_of_eager():
    example = WorkedExample()
    error, weights = example(), list(example.parameter.values())
    program = compile_program(error, weights, gradients_of=error, dialect="javascript")
    error.backward()
    assert program(*[w.data for w in weights]) == (error.data, *[w.grad for w in weights])


def test_error_functions_are_exact_to_rounding():
    rng = random.Random(3)
    points = [rng.uniform(-6, 26.5) for _ in range(2000)] + [10 ** rng.uniform(-300, 0.5) for _ in range(300)]
    points += [0.0, -0.0, 1.0, math.nextafter(1, 0), 0.5, math.inf, -math.inf, math.nan, 1e300]
    x = Value(0.3, "x")
    program = compile_program([erf(x), erfc(x)], [x], dialect="javascript")
    for point, pair in zip(points, results([(program, [[x] for x in points])])[0]):
        with mpmath.workdps(30):
            exact = [float(mpmath.erf(point)), float(mpmath.erfc(point))] if abs(point) < 100 else None
        if exact is None:
            assert pair == pytest.approx([math.erf(point), math.erfc(point)], nan_ok=True)
        else:
            assert pair == pytest.approx(exact, rel=1e-15, abs=1e-307), point


SINGULAR = {
    "round": (lambda x: OPERATIONS["round"](x), [0.5, -0.5, 1.5, 2.5, -1.5, -2.5, 0.49999999999999994, 1e300, -0.0]),
    "power": (lambda x: OPERATIONS["pow"](1.0, x), [math.inf, -math.inf, math.nan, 3.0]),
    "log": (lambda x: OPERATIONS["log"](x), [0.0, -1.0, math.inf]),
    "sign": (lambda x: OPERATIONS["sign"](x), [0.0, -0.0, math.nan, -3.0]),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_singular_points_are_those_of_ieee_754(name):
    f, points = SINGULAR[name]
    x = Value(0.3, "x")
    script, array = [compile_program(f(x), [x], dialect=dialect) for dialect in ("javascript", "numpy")]
    for point, (found,) in zip(points, results([(script, [[x] for x in points])])[0]):
        assert found == pytest.approx(array(point), rel=0, nan_ok=True), point


def test_results_are_fed_back_as_in_python():
    x, y, zs = Value(0.5, "x"), Value(-1.25, "y"), [Value(1.0), Value(2.0)]
    outputs = {"a": tanh(x * y), "b": where(x, x + y, y), "cs": [z * x for z in zs]}
    found = []
    for dialect in ("python", "javascript"):
        program = compile_program(outputs, {"x": x, "y": y, "zs": zs}, gradients_of=outputs["a"], dialect=dialect)
        found.append(program.repeat(3, {"a": "y", "b": "x", "cs": "zs"})(0.5, -1.25, [1.0, 2.0]))
    assert np.hstack(found[0]) == pytest.approx(np.hstack(found[1]), rel=1e-15)
    swapped = compile_program({"a": y, "b": x}, [x, y], dialect="javascript").repeat(3, {"a": "x", "b": "y"})
    assert swapped(1.0, 2.0) == (2.0, 1.0)


@pytest.mark.parametrize("label", ["new", "let", "arguments", "*/", "</script>", "隱藏層", "\u2028 alert(1)", "Math"])
def test_a_label_is_data(label):
    x = Value(2.0, label)
    assert compile_program(x * x, [x], gradients_of=x * x, dialect="javascript")(3.0) == (9.0, 6.0)


def test_where_node_is_missing_the_call_says_what_to_do(monkeypatch):
    x = Value(2.0, "x")
    program = compile_program(x * x, [x], dialect="javascript")
    monkeypatch.setattr(javascript.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match=r"needs Node\.js: install node"):
        program(1.0)
