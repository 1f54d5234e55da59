"""What CONTRIBUTING says of a new operation, primitive, reader, cell and loss is all that they need."""

import doctest
import math
import re
from collections.abc import Callable
from pathlib import Path

import mpmath
import pytest

import nn.losses
import nn.recurrent.cells
from autograd_lite import Value, draw, floats, ops, registered, sum_, topological_order
from autograd_lite.engine.on_floats import on_floats
from autograd_lite.formulas import Reading
from nn import (
    MLP,
    RNN,
    BidirectionalRNN,
    Layer,
    RNNCell,
    SequenceModel,
    StackedRNN,
    bptt,
    from_twin,
    gradient_flow,
    rtrl,
    sequence_cross_entropy,
    to_jax,
    to_torch,
    to_torch_state_dict,
)

TEXT = (Path(__file__).parents[2] / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(heading):
    """The Python below a heading."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def defined(heading, module, name):
    """What the Python below a heading defines where it is to stand."""
    names = dict(vars(module))
    exec(blocks(heading)[0], names)
    return names[name]


def rows(block, module):
    return eval(f"{{{block}}}", dict(vars(module)))


MGUCell = defined("A cell", nn.recurrent.cells, "MGUCell")
log_cosh = defined("A loss", nn.losses, "log_cosh")
XS, TARGETS = [[0.5, -1.0], [1.0, 2.0], [0.25, 0.75]], [0, 1, 1]


def by_hand(cell, xs):
    """The states in plain floats, as the article has them."""
    p, h, found = cell.state_dict(), [0.0] * cell.n_hidden, []

    def net(g, x, h):
        rows = zip(p[f"W_{g}"], p[f"U_{g}"], p[f"b_{g}"])
        return [math.fsum([*(a * b for a, b in zip(w, x)), *(a * b for a, b in zip(u, h)), bias]) for w, u, bias in rows]

    for x in xs:
        f = [1 / (1 + math.exp(-z)) for z in net("f", x, h)]
        candidate = [math.tanh(z) for z in net("h", x, [a * b for a, b in zip(f, h)])]
        h = [(1 - a) * old + a * new for a, old, new in zip(f, h, candidate)]
        found.append(h)
    return found


def test_a_new_cell_has_its_states_gates_and_names():
    cell = MGUCell(2, 3, rng=0)
    for bias in cell.b_f + cell.b_h:
        bias.data = 0.25
    run = RNN(cell)(XS)
    assert [[unit.data for unit in units] for units in run.outputs] == [pytest.approx(h, rel=1e-14) for h in by_hand(cell, XS)]
    assert list(cell.state_dict()) == ["W_f", "U_f", "b_f", "W_h", "U_h", "b_h"]
    assert {name: steps[1][2].label for name, steps in run.states.items()} == {
        name: f"{name}_2[2]" for name in ("net_f", "f", "net_h", "h_tilde", "h")
    }
    assert cell.summary().parameters == 2 * (6 + 9 + 3) and "MGUCell(2 -> 3)" in repr(cell)


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"transition": Layer(3, 3, "tanh", rng=5)}])
def test_a_new_cell_learns_backward_and_forward_in_time(options):
    stack = StackedRNN([MGUCell(2, 3, rng=0, **options), MGUCell(3, 3, rng=1)])
    model = SequenceModel(stack, 2, rng=2)
    back, ahead = bptt(model, XS, TARGETS), rtrl(model, XS, TARGETS)
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-12, abs=1e-15)
    for name, parameter in model.named_parameters():
        whole, h = parameter.data, 1e-5
        losses = []
        for parameter.data in (whole + h, whole - h):
            losses.append(sequence_cross_entropy(model(XS), TARGETS).data)
        parameter.data = whole
        assert back.gradients[name] == pytest.approx((losses[0] - losses[1]) / (2 * h), rel=1e-6, abs=1e-9)
    assert back.deltas("net_f1").keys() == {(t, k) for t in range(1, 4) for k in range(1, t + 1)}
    assert gradient_flow(model, XS, TARGETS).norms.keys() == {"h1", "h2"}


def test_a_new_cell_is_a_program_a_picture_and_a_file(tmp_path):
    model = SequenceModel(BidirectionalRNN(MGUCell(2, 3, rng=0), RNNCell(2, 3, rng=1)), 2, rng=2)
    back = bptt(model, XS, TARGETS)
    loss, gradients = model.compile(sequence_cross_entropy, (XS, TARGETS), dialect="python")(XS, TARGETS)
    assert loss == pytest.approx(back.loss, rel=1e-13)
    assert gradients == pytest.approx(list(back.gradients.values()), rel=1e-11, abs=1e-15)
    rolled = draw(sequence_cross_entropy(model(XS), TARGETS), rolled=True)
    assert len(rolled.picture.pieces) == len(draw(sequence_cross_entropy(model(XS * 2), TARGETS * 2), rolled=True).picture.pieces)
    assert "parameters of the MGUCell" in rolled.svg()
    other = SequenceModel(BidirectionalRNN(MGUCell(2, 3), RNNCell(2, 3)), 2)
    model.save(tmp_path / "model.json")
    other.load(tmp_path / "model.json")
    assert other.state_dict() == model.state_dict()


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_new_cell_has_the_twin_that_it_declares(library):
    framework = pytest.importorskip(library, reason="twins need PyTorch or JAX")
    cell = MGUCell(2, 3, rng=0)
    model = SequenceModel(cell, 2, rng=2)
    expected = [[y.data for y in ys] for ys in model(XS)]
    if library == "torch":
        twin = to_torch(model)
        found, params, source = twin(framework.tensor(XS, dtype=framework.float64)).tolist(), twin.state_dict(), twin.source
    else:
        framework.config.update("jax_enable_x64", True)
        twin = to_jax(model)
        found, params, source = twin.apply(twin.params, framework.numpy.array(XS)).tolist(), twin.params, twin.source
    assert found == [pytest.approx(ys, rel=1e-13) for ys in expected]
    assert "def mgu_cell(" in source and "h = (1.0 - f) * h_before + f * h_tilde" in source
    other = SequenceModel(MGUCell(2, 3), 2)
    from_twin(other, params)
    assert other.state_dict() == model.state_dict()
    with pytest.raises(ValueError, match="PyTorch has no module"):
        to_torch_state_dict(model)

    class Mine(MGUCell):
        def forward(self, x, state, t=1, layer=""):
            found = super().forward(x, state, t, layer)
            return {**found, "h": [2 * unit for unit in found["h"]]}

    with pytest.raises(ValueError, match="a Mine has no twin"):
        (to_torch if library == "torch" else to_jax)(RNN(Mine(2, 3)))


def test_a_cell_that_is_exported_is_one_that_characters_may_be_learned_by():
    from nn.characters import CELLS

    assert {kind.__name__ for kind in CELLS.values() if kind} == {name for name in nn.__all__ if name.endswith("Cell")}


def test_a_new_loss_is_trained_compiled_and_sent_through_time():
    finder = doctest.DocTestFinder()
    for test in finder.find(log_cosh, "log_cosh", globs={**vars(nn.losses), "log_cosh": log_cosh}):
        assert test.examples and doctest.DocTestRunner().run(test).failed == 0
    out = [Value(0.5), Value(-2.0), Value(1000.0)]
    expected = [math.log(math.cosh(0.25)), math.log(math.cosh(3.0)), 1000.0 - math.log(2)]
    terms = log_cosh(out, [0.25, 1.0, 0.0], reduction="none")
    assert [term.data for term in terms] == pytest.approx(expected, rel=1e-14)
    sum_(terms).backward()
    assert [x.grad for x in out] == pytest.approx([math.tanh(0.25), math.tanh(-3.0), 1.0], rel=1e-14)
    mlp = MLP([2, 3, 1], rng=0)
    loss = log_cosh(mlp([0.5, 1.0]), [0.25])
    assert mlp.compile(log_cosh, ([0.5, 1.0], [0.25]), dialect="python")([0.5, 1.0], [0.25])[0] == pytest.approx(loss.data)
    model, targets = SequenceModel(MGUCell(2, 3, rng=0), 1, rng=1), [[0.5], [0.25], [0.0]]
    back, ahead = bptt(model, XS, targets, loss=log_cosh), rtrl(model, XS, targets, loss=log_cosh)
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-11, abs=1e-15)


# An operation, a primitive, a reader ---------------------------------------------------------------------------------


def test_the_row_of_a_new_operation_is_one():
    ((name, row),) = rows(blocks("An operation")[0], ops).items()
    with registered(f"my_{name}", row.formula, *row.derivatives, what=row.what) as function:
        assert function(Value(3.0)).data == 0.75


def test_the_rows_of_a_new_primitive_are_its_function_its_derivative_and_its_source():
    in_floats, definition, in_ops = blocks("A primitive")
    ((name, function),) = rows(in_floats, floats).items()
    ((_, row),) = rows(in_ops, ops).items()
    names = dict(vars(floats))
    exec(definition, names)
    assert row.formula == f"{name}(x)"
    for x in (0.3, -2.0, 1e-9):
        with mpmath.workdps(50):
            assert names[name](x) == pytest.approx(float(mpmath.cos(x) - 1), rel=1e-14)
        assert on_floats(function.body, {"x": x}) == pytest.approx(names[name](x), rel=1e-15)
        assert on_floats(row.derivatives[0], {"x": x}) == pytest.approx(-math.sin(x), rel=1e-15)


def test_a_new_reader_reads_what_is_registered_later():
    names = {"Reading": Reading, "Callable": Callable, "Value": Value, "topological_order": topological_order}
    exec(blocks("A reader")[0], names)
    x = Value(0.5)
    assert names["depth"](x.tanh() * x + 1) == 3
    with registered("mine", "x / (1 + abs(x))", "1 / ((1 + abs(x)) * (1 + abs(x)))") as mine:
        assert names["depth"](mine(x)) == 3
