"""The loops of a long program: found, and the same numbers as the lines that they stand for."""

import math
import random

import pytest

import nn
from autograd_lite import Value, compile_program, gradient, sum_, tanh
from autograd_lite.program.expressions import Statement
from autograd_lite.program.loops import Part, Repeat, looped, rolled, scheduled


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache directory of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def unrolled(part):
    """The statements of a part, one by one."""
    return list(_unrolled(part.form, part.cells))


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
    return [(part.form, part.cells) for group in groups for part in group]


def test_units_of_a_layer_become_a_loop_of_independent_rounds():
    group = [Part("@ = @ * @", (100 + k, 3 * k, 50)) for k in range(16)]
    (part,) = rolled([group])
    assert part == Part(Repeat(16, (("@ = @ * @", (1, 3, 0)),), True), (100, 0, 50))
    assert looped(part) == [
        '    _Pragma("omp simd")',
        "    for (long i0 = 0; i0 < 16; i0++) {",
        "        v[100 + 1 * i0] = v[0 + 3 * i0] * v[50];",
        "    }",
    ]


def test_a_matrix_becomes_a_loop_of_loops():
    group = [Part("@ = @ * @", (100 + 5 * i + k, i, 10 + k)) for i in range(6) for k in range(5)]
    (part,) = rolled([group])
    assert isinstance(part.form, Repeat) and part.form.times == 6 and part.form.body[0][0].times == 5
    assert unrolled(part) == lines_of([group])


def test_time_steps_become_a_loop_of_loops_over_units():
    groups = []
    for t in range(25):
        groups.append([Part("@ = @ + @", (100 + 20 * t + k, 80 + 20 * t + k, 3)) for k in range(10)])
        groups.append([Part("@ = tanh(@)", (110 + 20 * t + k, 100 + 20 * t + k)) for k in range(10)])
    parts = rolled(groups)
    assert len(parts) == 1 and parts[0].form.times == 25 and not parts[0].form.independent
    assert unrolled(parts[0]) == lines_of(groups)


def test_what_does_not_repeat_stays_as_it_is():
    group = [Part("@ = @", (k, k * k)) for k in range(20)]
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
            groups += [[Part(form, (first + t, start + stride * t))] for form, start, stride in pattern]
            if rng.random() < 0.1:
                groups.append([Part("@ = 1.0", (rng.randint(0, 9),))])
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
    for length in (12, 24):
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
