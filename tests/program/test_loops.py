"""The loops of a long program: found, and the same numbers as the lines that they stand for."""

import functools
import math
import operator
import random

import pytest

import nn
from autograd_lite import Value, compile_program, dot, exp, gradient, linear, relu, sum_, tanh, topological_order
from autograd_lite.engine.on_floats import value
from autograd_lite.program.c_lines import looped
from autograd_lite.program.loops import Block, Repeat, rolled, scheduled
from autograd_lite.program.statements import Statement, Total


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache directory of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def unrolled(part):
    """The statements of a part, one by one."""
    return list(_unrolled(part.pattern, part.cells))


def _unrolled(form, cells):
    if isinstance(form, str):
        yield form, cells
        return
    for k in range(form.times):
        at = 0
        for inner, strides in form.body:
            own = cells[at : at + len(strides)]
            at += len(strides)
            yield from _unrolled(inner, tuple([cell + k * stride for cell, stride in zip(own, strides)]))


def lines_of(groups):
    return [(part.pattern, part.cells) for group in groups for part in group]


def test_units_of_a_layer_become_a_loop_of_independent_rounds():
    group = [Block("@ = @ * @", (100 + k, 3 * k, 50)) for k in range(16)]
    (part,) = rolled([group])
    assert part == Block(Repeat(16, (("@ = @ * @", (1, 3, 0)),), True), (100, 0, 50))
    assert looped(part) == [
        '    _Pragma("omp simd")',
        "    for (long i0 = 0; i0 < 16; i0++) {",
        "        v[100 + 1 * i0] = v[0 + 3 * i0] * v[50];",
        "    }",
    ]


def test_a_matrix_becomes_a_loop_of_loops():
    group = [Block("@ = @ * @", (100 + 5 * i + k, i, 10 + k)) for i in range(6) for k in range(5)]
    (part,) = rolled([group])
    assert isinstance(part.pattern, Repeat) and part.pattern.times == 6 and part.pattern.body[0][0].times == 5
    assert unrolled(part) == lines_of([group])


def test_time_steps_become_a_loop_of_loops_over_units():
    groups = []
    for t in range(25):
        groups.append([Block("@ = @ + @", (100 + 20 * t + k, 80 + 20 * t + k, 3)) for k in range(10)])
        groups.append([Block("@ = tanh(@)", (110 + 20 * t + k, 100 + 20 * t + k)) for k in range(10)])
    parts = rolled(groups)
    assert len(parts) == 1 and parts[0].pattern.times == 25 and not parts[0].pattern.independent
    assert unrolled(parts[0]) == lines_of(groups)


def test_what_does_not_repeat_stays_as_it_is():
    group = [Block("@ = @", (k, k * k)) for k in range(20)]
    assert rolled([group]) == group


@pytest.mark.parametrize("seed", range(30))
def test_rolling_any_lines_keeps_them(seed):
    """Lines with repetitions of all kinds, whole and broken: unrolled again, they are the same, in the same order."""
    rng = random.Random(seed)
    groups = []
    while len(groups) < 60:
        period, times, first = rng.randint(1, 4), rng.randint(1, 9), rng.randint(0, 99)
        pattern = [
            (rng.choice(["@ = @", "@ = -@", "@ = f(@)"]), rng.randint(0, 50), rng.choice([0, 1, 2, -3])) for _ in range(period)
        ]
        for t in range(times):
            groups += [[Block(form, (first + t, start + stride * t))] for form, start, stride in pattern]
            if rng.random() < 0.1:
                groups.append([Block("@ = 1.0", (rng.randint(0, 9),))])
    assert [line for part in rolled(groups) for line in unrolled(part)] == lines_of(groups)


def test_lines_are_scheduled_after_what_they_read_and_have_cells_of_their_own():
    rng = random.Random(3)
    lines = [Statement(k, rng.choice(["@ + @", "@ * @"]), (rng.randrange(k), rng.randrange(k))) for k in range(5, 400)]
    cell = {k: k for k in range(5)}
    known = set(cell.values())
    for group in scheduled(lines, cell):
        reads = {read for part in group for read in part.cells[1:]}
        writes = {part.cells[0] for part in group}
        assert reads <= known and len(writes) == len(group) and known.isdisjoint(writes)
        known |= writes
    assert sorted(cell.values()) == list(range(400))


def recurrent(length):
    rng = random.Random(0)
    model = nn.SequenceModel(nn.LSTMCell(4, 8, rng=1), 4, rng=2)
    xs = [[Value(rng.uniform(-1, 1)) for _ in range(4)] for _ in range(length)]
    targets = [[Value(float(k == t % 4)) for k in range(4)] for t in range(length)]
    loss = nn.sequence_cross_entropy(model(xs), targets)
    leaves = [model.parameters(), [x for row in xs for x in row], [y for row in targets for y in row]]
    return loss, leaves


def test_a_recurrent_network_is_a_program_whose_length_does_not_grow_with_the_sequence():
    sizes = []
    for length in (24, 48):
        loss, leaves = recurrent(length)
        program = compile_program(loss, leaves, gradients_of=loss, wrt=[leaves[0]], dialect="c")
        sizes.append(program.source.count("\n"))
        loss.backward()
        value, grads = program(*[[leaf.data for leaf in group] for group in leaves])
        assert value == pytest.approx(loss.data, rel=1e-14)
        assert grads == pytest.approx([p.grad for p in leaves[0]], rel=1e-12, abs=1e-14)
    assert sizes[1] < sizes[0] + 10


def test_a_long_irregular_program_is_right():
    rng = random.Random(1)
    leaves = [Value(rng.uniform(-1, 1)) for _ in range(20)]
    nodes = list(leaves)
    for _ in range(1000):
        a, b, c = rng.sample(nodes[-50:], 3)
        nodes.append(rng.choice([a * b + c, a - b * c, tanh(a + b) * c, (a + b + c) / 3.0]))
    total = sum_(nodes[-40:])
    program = compile_program(total, [leaves], gradients_of=total, dialect="c")
    value, grads = program([leaf.data for leaf in leaves])
    assert value == pytest.approx(total.data, rel=1e-13)
    derivatives = [d.data for d in gradient(total, leaves)]
    assert grads == pytest.approx(derivatives, rel=1e-11, abs=1e-12 * max(map(math.fabs, derivatives)))


def test_a_total_is_a_loop_over_its_terms_and_totals_of_one_form_stand_side_by_side():
    """A row of a matrix times a vector, plus a number, for each of 20 rows."""
    total = Total(("@ * @",) * 60 + ("@",))
    group = [Block(total, (5000 + i, *[c for k in range(60) for c in (60 * i + k, 2000 + k)], 3000 + i)) for i in range(20)]
    (part,) = rolled([group])
    each = '_Pragma("GCC unroll 8") for (int k = 0; k < 8; k++) '
    assert looped(part) == [
        "    for (long i0 = 0; i0 < 16; i0 += 8) {",
        "        {",
        "            double s[8];",
        f"            {each}s[k] = -0.0;",
        "            for (long i1 = 0; i1 < 60; i1++) {",
        f"                {each}s[k] += v[0 + 60 * (i0 + k) + 1 * i1] * v[2000 + 1 * i1];",
        "            }",
        f"            {each}s[k] += v[3000 + 1 * (i0 + k)];",
        f"            {each}v[5000 + 1 * (i0 + k)] = s[k];",
        "        }",
        "    }",
        "    for (long i0 = 16; i0 < 20; i0++) {",
        "        {",
        "            double s;",
        "            s = -0.0;",
        "            for (long i1 = 0; i1 < 60; i1++) {",
        "                s += v[0 + 60 * i0 + 1 * i1] * v[2000 + 1 * i1];",
        "            }",
        "            s += v[3000 + 1 * i0];",
        "            v[5000 + 1 * i0] = s;",
        "        }",
        "    }",
    ]


@pytest.mark.parametrize("dialect", ["numpy", "c"])
@pytest.mark.parametrize("seed", range(4))
def test_totals_of_any_terms_add_them_from_the_first_to_the_last(seed, dialect):
    """Terms of all kinds, in runs and not, some of them twice, of very different sizes: the last bit tells the order."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-1, 1) * 10 ** rng.randint(-8, 8)) for _ in range(100)]
    numbers = [rng.uniform(-1, 1) for _ in range(300)]
    outputs = []
    for _ in range(12):
        n = rng.choice([7, 8, 20, 21, 100, 250])
        start, stride = rng.randrange(20), rng.choice([1, 2, 0, -1])
        run = [leaves[(start + stride * k) % 100] for k in range(n)]
        others = rng.choice([run, rng.choices(leaves, k=n), [-x for x in run], [2.5 * x for x in run], numbers[:n]])
        outputs.append(rng.choice([dot(run, others), linear(run, others, leaves[3]), sum_([x * y for x, y in zip(run, others)])]))
    program = compile_program([outputs], [leaves], dialect=dialect)
    for _ in range(3):
        for leaf in leaves:
            leaf.data = rng.uniform(-1, 1) * 10 ** rng.randint(-8, 8)
        fresh = {id(leaf): leaf.data for leaf in leaves}
        expected = [again(node, fresh) for node in outputs]
        assert list(program([leaf.data for leaf in leaves])) == expected


def again(node, known):
    """The number of a node, computed from other numbers of the leaves."""
    for one in topological_order(node):
        if id(one) not in known:
            known[id(one)] = value(one.op, [known[id(x)] for x in one.parents]) if one.parents else one.data
    return known[id(node)]


def test_a_sum_of_negative_zeros_is_one_in_c_too():
    xs = [Value(-0.0) for _ in range(100)]
    for dialect in ("python", "c"):
        assert math.copysign(1.0, compile_program(sum_(xs), [xs], dialect=dialect)([-0.0] * 100)) == -1.0


def test_what_is_written_and_what_it_costs_grow_with_the_units_not_with_their_products():
    """A layer of n units on n inputs has n * n weights, but n statements."""
    x, w = [Value(0.1) for _ in range(64)], [[Value(0.1) for _ in range(64)] for _ in range(64)]
    out = sum_([tanh(dot(row, x)) for row in w])
    inputs = {"x": x, "w": [weight for row in w for weight in row]}
    recorded = compile_program(out, inputs, gradients_of=out, dialect="c")._recorded
    assert len(recorded.tape.operations) < 64 * 64 * 2 + 64 * 10


@pytest.mark.parametrize("units", [16, 32])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 31])
def test_examples_side_by_side_give_the_bits_of_each_by_itself_summed_from_the_first(n, units):
    rng = random.Random(n)
    w, v = [[Value(0.5) for _ in range(5)] for _ in range(units)], [Value(0.5) for _ in range(units)]
    x, y = [Value(1.0) for _ in range(4)], Value(1.0, "y")
    hidden = [tanh(linear(row[:4], x, row[4])) for row in w]
    loss = (dot(v, hidden) - y) * relu(dot(v, hidden) - y) + sum_([exp(h) for h in hidden]) * 0.5
    weights = [p for row in [*w, v] for p in row]
    inputs = {"weights": weights, "x": x, "y": y}
    program = compile_program({"loss": loss, "hidden": hidden}, inputs, gradients_of=loss, dialect="c")
    assert "in_lanes" in program.source
    numbers = [rng.uniform(-1, 1) for _ in weights]
    xs, ys = [[rng.uniform(-2, 2) for _ in range(4)] for _ in range(n)], [rng.uniform(-2, 2) for _ in range(n)]
    losses, hiddens, by_weights, by_x, by_y = program(numbers, xs, ys)
    each = [program(numbers, *example) for example in zip(xs, ys)]
    assert [losses, hiddens, by_x, by_y] == [[one[k] for one in each] for k in (0, 1, 3, 4)]
    assert by_weights == [functools.reduce(operator.add, terms) for terms in zip(*[one[2] for one in each])]


def test_a_program_on_few_lines_or_repeated_is_written_for_one_example():
    x = Value(2.0, "x")
    program = compile_program(x * x, [x], dialect="c")
    assert "in_lanes" not in program.source and program([1.0, 2.0, 3.0] * 6) == [1.0, 4.0, 9.0] * 6
    y = x
    for _ in range(1000):
        y = tanh(y) * x
    program = compile_program(y, [x], dialect="c")
    assert "in_lanes" in program.source
    repeated = program.repeat(2, {0: 0})
    assert "in_lanes" not in repeated.source
    xs = [0.9 + 0.01 * k for k in range(20)]
    assert repeated(xs) == [program(program(number)) for number in xs]
