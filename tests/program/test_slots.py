"""Long programs in Python run on few variables; the numbers, the lines and the errors are those of the program that is shown."""

import math
import random
import traceback

import pytest

from autograd_lite import DomainError, Value, compile_program, dot, log, tanh
from autograd_lite.program.python import PYTHON
from autograd_lite.program.record import recorded_graph
from autograd_lite.program.slots import FIRST, SlotWriter, planned
from autograd_lite.program.statements import Statement
from autograd_lite.program.writer import Writer


def network(n: int = 20, layers: int = 3) -> tuple[Value, list[Value], list[Value], Value]:
    """A loss of n * n * layers weights, of inputs and a scale; the last weight is read by nothing."""
    rng = random.Random(7)
    weights = [Value(rng.uniform(-1, 1), f"w{k}") for k in range(n * n * layers + 1)]
    x = inputs = [Value(rng.uniform(-1, 1), f"x{k}") for k in range(n)]
    scale = Value(0.5, "scale")
    for layer in range(layers):
        rows = [weights[(layer * n + i) * n : (layer * n + i + 1) * n] for i in range(n)]
        x = [tanh(dot(row, x) * scale) for row in rows]
    return dot(x, x), weights, inputs, scale


def test_a_long_program_gives_the_numbers_of_the_graph_to_the_last_bit():
    loss, weights, inputs, scale = network()
    outputs = {"loss": loss, "again": [loss, inputs[3], loss], "same": inputs[0]}
    program = compile_program(outputs, {"w": weights, "x": inputs, "s": scale}, loss)
    loss.backward()
    slots = program.function.__code__.co_nlocals
    assert FIRST < slots < 0.8 * (len(weights) + program.source.count(" = "))
    found = program([w.data for w in weights], [x.data for x in inputs], scale.data)
    leaves = [[w.grad for w in weights], [x.grad for x in inputs]]
    assert found == (loss.data, [loss.data, inputs[3].data, loss.data], inputs[0].data, *leaves, scale.grad)


def test_a_long_program_runs_on_the_lines_that_are_shown():
    loss, weights, inputs, scale = network()
    w = Value(1.0, "w")
    program = compile_program(log(loss * w), {"w": weights, "x": inputs, "s": scale, "r": w}, loss)
    with pytest.raises(ValueError) as failed:
        program.function([0.0] * len(weights), [1.0] * len(inputs), 1.0, -1.0)
    (frame,) = traceback.extract_tb(failed.tb)[1:]
    assert "log(" in frame.line
    assert frame.line == program.source.split("\n")[frame.lineno - 1].strip()
    with pytest.raises(DomainError, match="log needs x > 0"):
        program([0.0] * len(weights), [1.0] * len(inputs), 1.0, -1.0)


def test_a_long_sum_beside_a_derivative_without_a_value():
    x = [Value(float(k), f"x{k}") for k in range(9)]
    L = dot(x, x) + x[0] ** 0.5
    loss, gradient = compile_program(L, {"x": x}, L)([0.0] + [1.0] * 8)
    assert loss == 8.0
    assert gradient == [math.inf, *[2.0] * 8]


@pytest.mark.parametrize("seed", range(20))
def test_any_graph_on_any_number_of_variables_gives_the_same(seed, monkeypatch):
    rng = random.Random(seed)
    numbers, rows = [[Value(rng.uniform(0.5, 1), f"{name}{k}") for k in range(6)] for name in "nr"]
    nodes = [*numbers, *rows]
    for _ in range(80):
        x, y = rng.choice(nodes), rng.choice(nodes[-9:])
        nodes.append(rng.choice([x * y, x + y, x - 0.5 * y, tanh(x)]))
    inputs = {"rows": rows, **{x.label: x for x in numbers}}
    outputs = {"out": nodes[-8:], "in": [rows[2], numbers[1]], "one": nodes[40]}
    writer = Writer(recorded_graph(outputs, inputs, nodes[-1], None), PYTHON)
    monkeypatch.setattr("autograd_lite.program.slots.FIRST", 7 + rng.randrange(2, 20))
    sources = [writer.source(), SlotWriter(writer).source()]
    found = []
    for source in sources:
        names = {}
        exec(source, names)
        found.append(names["program"]([x.data for x in rows], *[x.data for x in numbers]))
    assert found[0] == found[1]
    assert sources[0].count("\n") == sources[1].count("\n")


def interpreted(lines, plans, beyond, inputs, first):
    """Runs the plan on memory of `first` variables: what every line reads is where the plan says."""
    registers, own = [None] * first, set(inputs)
    where = {}
    for (target, _, places), plan in zip(lines, plans):
        for place, variable in plan.brought:
            assert place in own
            registers[variable], where[place] = place, variable
        for place in places:
            assert place in own or registers[where[place]] == place
        if plan.target is not None:
            registers[plan.target], where[target] = target, plan.target
        if target in beyond:
            own.add(target)
        assert plan.target is not None or target in beyond


@pytest.mark.parametrize("seed", range(20))
def test_what_a_line_reads_is_in_a_variable(seed):
    rng = random.Random(seed)
    inputs = range(30)
    lines = [Statement(30 + k, "@ + @ + @", tuple(rng.randrange(max(0, k - 5), 30 + k) for _ in range(3))) for k in range(200)]
    read = {place for line in lines for place in line.places}
    results = {3, *[rng.randrange(230) for _ in range(10)], *[line.target for line in lines if line.target not in read]}
    plans, beyond = planned(lines, results, 7)
    interpreted(lines, plans, beyond, inputs, 7)
    assert results - set(inputs) <= beyond
    assert max(plan.target for plan in plans if plan.target is not None) < 7


def test_what_is_read_again_and_again_is_among_the_first_variables():
    lines = [Statement(100 + k, "@ * @", (k % 3, 3 + k % 97)) for k in range(300)]
    plans, _ = planned(lines, {line.target for line in lines}, 3)
    brought = [place for plan in plans for place, _ in plan.brought]
    assert {0, 1, 2} <= set(brought) and len(brought) < 10


def test_labels_may_be_names_of_the_variables():
    loss, weights, inputs, scale = network()
    recorded = recorded_graph(loss, {"r": weights, "m": inputs, "r2": scale}, loss, None)
    writer = Writer(recorded, PYTHON)
    writer.source()
    source = SlotWriter(writer).source()
    names = {}
    exec(source, names)
    numbers = [[w.data for w in weights], [x.data for x in inputs], scale.data]
    assert names["program"](*numbers)[0] == loss.data
