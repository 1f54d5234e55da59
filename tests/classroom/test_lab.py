"""The bug lab: engines that are read and run, each wrong by one mistake of the catalogue, and what finds them out."""

import math
import random

import pytest

from autograd_lite import (
    Value,
    exp,
    linear,
    maximum,
    min_,
    relu,
    sigmoid,
    sum_,
    tanh,
    where,
)
from autograd_lite.classroom import BUGS, bug
from autograd_lite.classroom.graphs import Graph
from autograd_lite.classroom.mistakes import MISTAKES
from autograd_lite.classroom.watched import Run
from autograd_lite.classroom.wrong import adjoints
from autograd_lite.sources import execute
from nn import GRUCell, LSTMCell, RNNCell, SequenceModel
from nn.losses import sequence_cross_entropy
from nn.worked_example import WorkedExample


def recurrent(cell):
    return sequence_cross_entropy(SequenceModel(cell, 2, rng=2)([0, 1, 1]), [1, 0, 1])


def any_graph(seed):
    """A graph of a dozen operations, by chance."""
    rng = random.Random(seed)
    pool = [Value(rng.uniform(0.2, 1.5), f"x{k}") for k in range(4)]
    makers = [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / (y * y + 1),
        lambda x, y: tanh(y),
        lambda x, y: exp(-y * y),
        lambda x, y: sigmoid(x),
        lambda x, y: relu(y),
        lambda x, y: -y,
        lambda x, y: (y * y + 1).reciprocal(),
        maximum,
        lambda x, y: min_([x, y, x * y]),
        lambda x, y: where(x > y, x, y * y),
        lambda x, y: linear([x, y], [y, pool[0]], pool[1]),
    ]
    for _ in range(12):
        pool.append(rng.choice(makers)(rng.choice(pool), rng.choice(pool[-4:])))
    return sum_(pool[-3:])


GRAPHS = {
    "worked example": lambda: WorkedExample()(),
    "rnn": lambda: recurrent(RNNCell(2, 2, rng=3)),
    "gru": lambda: recurrent(GRUCell(2, 2, rng=1)),
    "lstm": lambda: recurrent(LSTMCell(2, 2, rng=1)),
    **{f"by chance {seed}": lambda seed=seed: any_graph(seed) for seed in range(25)},
}


def differing(graph, grads, others):
    """The nodes at which two passes differ."""
    nodes = [node for node in graph.nodes if not node.is_plain_number]
    return [node for node in nodes if not math.isclose(grads[node], others[node], rel_tol=1e-9, abs_tol=1e-12)]


@pytest.fixture(scope="module", params=GRAPHS)
def graph(request):
    return Graph(GRAPHS[request.param]())


def test_every_engine_is_right_before_a_bug_is_planted(graph):
    for engine in {one.planted.engine: one.mended for one in BUGS.values()}.values():
        right = Run(execute(engine, "<an engine>", {})["backward"], graph.output)
        assert right.problem is None and differing(graph, right.grads, graph.adjoint) == []


def test_a_bug_gives_the_numbers_of_its_mistake(graph):
    """Two ways to them: lines that run, and the hooks of the pass on the blackboard."""
    for name, one in BUGS.items():
        if name in ("forward-order", "ascent"):
            continue
        hooked = [adjoints(graph, wrong) for wrong in MISTAKES[name].passes(graph)]
        run = Run(one.backward, graph.output)
        if run.problem is not None or not hooked:
            assert (name == "recursive" and graph.recursion is None) or differing(graph, run.grads, graph.adjoint) == [], name
        else:
            assert any(not differing(graph, run.grads, numbers) for numbers in hooked), name


def test_ascent_is_the_update_uphill():
    example = WorkedExample()
    right, wrong = example(), example()
    right.backward()
    slopes = {label: p.grad for label, p in example.parameter.items()}
    for p in example.parameter.values():
        p.grad = 0.0
    bug("ascent").backward(wrong)
    (update,) = [wrong.update for wrong in MISTAKES["ascent"].passes(Graph(right))]
    for label, p in example.parameter.items():
        assert p.data - 0.5 * p.grad == pytest.approx(update(p.data, slopes[label], 0.5), rel=1e-15)


@pytest.mark.parametrize("one", BUGS.values(), ids=list(BUGS))
def test_a_source_can_be_read_and_does_not_name_the_mistake(one):
    assert 15 <= len(one.source.splitlines()) <= 25
    assert all(len(line) <= 120 for line in one.source.splitlines())
    assert one.name not in one.source and one.name not in repr(one) and "bug" not in one.source.lower()
    assert bug(one.number) is bug(str(one.number)) is bug(one.name) is one


def test_the_published_figure_of_updated_weights():
    def after_an_update(engine):
        example = WorkedExample()
        engine(example())
        for name in (f"w{k}" for k in range(1, 9)):
            example.parameter[name].data -= 0.5 * example.parameter[name].grad
        return f"{example().data:.9f}"

    assert after_an_update(Value.backward) == "0.291027774"
    assert after_an_update(bug("updated-weights").backward) == "0.291027924"


def test_a_bug_trains_as_an_engine_does():
    """The grads of leaves grow from pass to pass, those of all others are set."""
    x, w = Value(2.0, "x"), Value(3.0, "w")
    h = x * w
    y = h * h
    for times in (1, 2):
        bug("bias-zero").backward(y)
        assert (w.grad, h.grad, y.grad) == (times * 24.0, 12.0, 1.0)


def test_an_engine_that_would_not_end_is_stopped_and_changes_nothing():
    node = x = Value(1e-9, "x")
    for _ in range(60):
        node = node + node
    x.grad = 5.0
    with pytest.raises(RuntimeError, match="would not end"):
        bug("recursive").backward(node)
    assert x.grad == 5.0 and node.grad == 0.0


@pytest.mark.parametrize("name, said", [("overwite", "overwrite"), ("0", "1 to 29"), (30, "1 to 29"), ("", "by name overwrite")])
def test_a_bug_that_is_not_there(name, said):
    with pytest.raises(ValueError, match=said):
        bug(name)
