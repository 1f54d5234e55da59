"""Layers within a time step: encoders, readouts and transitions of any kind; many-to-one and one-to-many."""

import math
import random
from functools import partial

import pytest

from autograd_lite import Value, draw, gradient
from nn import (
    MLP,
    RNN,
    BidirectionalRNN,
    Embedding,
    GRUCell,
    Layer,
    Linear,
    LSTMCell,
    Module,
    RNNCell,
    SequenceModel,
    StackedRNN,
    bptt,
    cross_entropy,
    gradient_flow,
    half_squared_error,
    last_cross_entropy,
    rtrl,
    rtrl_steps,
    sequence_cross_entropy,
    train,
)

XS, TARGETS = [[0.5, -1.0], [1.0, 2.0], [0.25, 0.75], [-0.5, 0.1]], [0, 1, 1, 0]


def hidden(n, seed):
    """More layers from n units to n."""
    return MLP([n, n + 1, n], "tanh", "tanh", rng=seed)


class Skip(Module):
    """A module of one's own, without scopes or labels: x + tanh(w x), unit by unit."""

    def __init__(self, n):
        self.w = [Value(0.5 + 0.25 * j) for j in range(n)]

    def forward(self, xs):
        return [x + (w * x).tanh() for w, x in zip(self.w, xs)]


CELLS = {
    "rnn": lambda m, d, seed: RNNCell(m, d, transition=hidden(d, seed + 1), rng=seed),
    "rnn of relu": lambda m, d, seed: RNNCell(m, d, "relu", transition=Linear(d, d, rng=seed + 1), rng=seed),
    "gru": lambda m, d, seed: GRUCell(m, d, transition=Layer(d, d, "tanh", rng=seed + 1), rng=seed),
    "lstm": lambda m, d, seed: LSTMCell(m, d, transition=hidden(d, seed + 1), rng=seed),
    "of ones own": lambda m, d, seed: LSTMCell(m, d, transition=Skip(d), rng=seed),
}
NETWORKS = {
    **{name: lambda make=make: make(3, 3, 0) for name, make in CELLS.items()},
    "stack": lambda: StackedRNN([CELLS["rnn"](3, 2, 0), CELLS["lstm"](2, 3, 2)]),
}


def model_of(name):
    """A model that is deep in every place, with biases too that are not 0."""
    network = NETWORKS[name]()
    readout = Skip(3) if "own" in name else MLP([3, 4, 2], "softplus", None, rng=8)
    model = SequenceModel(network, readout, encoder=MLP([2, 4, 3], "tanh", rng=9))
    rng = random.Random(0)
    for parameter in model.parameters():
        parameter.data = rng.uniform(-1, 1)
    return model


names = pytest.mark.parametrize("name", NETWORKS)


@names
def test_rtrl_equals_bptt(name):
    model = model_of(name)
    back, ahead = bptt(model, XS, TARGETS), rtrl(model, XS, TARGETS)
    assert len(back.gradients) == len(model.parameters()) and ("relu" in name or all(back.gradients.values()))
    assert ahead.loss == pytest.approx(back.loss, rel=1e-14)
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-12, abs=1e-14)


@names
@pytest.mark.parametrize("loss", [sequence_cross_entropy, last_cross_entropy])
def test_a_program_computes_the_same(name, loss):
    model, target = model_of(name), TARGETS if loss is sequence_cross_entropy else 1
    found, gradients = model.compile(loss, (XS, target), dialect="python")(XS, target)
    back = bptt(model, XS, target, loss=loss)
    assert found == pytest.approx(back.loss, rel=1e-13)
    assert gradients == pytest.approx(list(back.gradients.values()), rel=1e-11, abs=1e-14)


@names
def test_files_keep_all_of_it(name, tmp_path):
    model, other = model_of(name), model_of(name)
    for parameter in other.parameters():
        parameter.data = 0.0
    model.save(tmp_path / "model.json")
    other.load(tmp_path / "model.json")
    assert other.state_dict() == model.state_dict()


def test_a_deep_transition_by_hand():
    """Pascanu et al. (2014): h_t = f(U_2 f(U h' + W x + b) + b_2), with scalars."""
    w, u, b, u2, b2 = 0.5, -0.25, 0.125, 0.75, -0.5
    transition = Layer(1, 1, "tanh", weights=[[u2]], bias=b2)
    cell = RNNCell(1, 1, parameters={"W": [[w]], "U": [[u]], "b": [b]}, transition=transition)
    found, h = RNN(cell)([[1.0], [2.0]]), 0.0
    for x, units, inner in zip((1.0, 2.0), found.outputs, found.states["a"]):
        a = math.tanh(u * h + w * x + b)
        h = math.tanh(u2 * a + b2)
        assert (inner[0].data, units[0].data) == (pytest.approx(a, rel=1e-15), pytest.approx(h, rel=1e-15))


def test_layers_that_change_nothing_leave_the_network_as_it_is():
    class Same(Module):
        def forward(self, xs):
            return xs

    cell = partial(GRUCell, 2, 3, rng=0)
    plain, deep = SequenceModel(cell(), 2, rng=1), SequenceModel(cell(transition=Same()), 2, encoder=Same(), rng=1)
    first, second = bptt(plain, XS, TARGETS), bptt(deep, XS, TARGETS)
    assert list(first.gradients.values()) == list(second.gradients.values())


@names
def test_states_and_logits_are_labelled_and_every_layer_is_in_its_time_step(name):
    model = model_of(name)
    run, logits = model.run(XS)
    for state in model.network.state_names():
        assert [units[1].label for units in run.states[state]] == [f"{state}_{t}[1]" for t in range(1, 5)]
    assert [[y.label for y in ys] for ys in logits] == [[f"y_{t}[{j}]" for j in range(len(logits[0]))] for t in range(1, 5)]
    loss = sequence_cross_entropy(logits, TARGETS)
    for t in (1, 4):
        below = {node for node in gradient_nodes(loss) if hasattr(node, "scope") and node.op}
        times = {node: [part.time for part in node.scope.path if part.time is not None] for node in below - {loss}}
        assert all(len(time) == 1 for time in times.values())
        inner = [node.label for node, time in times.items() if time == [t] and "_h1" in node.label]
        assert all(label.endswith(f"_{t}") for label in inner) and ("own" in name or inner)


def gradient_nodes(loss):
    from autograd_lite import topological_order

    return topological_order(loss)


@names
def test_pictures_rolled_and_unrolled(name):
    def pieces(length, **options):
        loss = sequence_cross_entropy(model_of(name)(XS * length), TARGETS * length)
        loss.backward()
        drawing = draw(loss, **options)
        return len(drawing.picture.pieces), drawing.svg()

    (few, picture), (many, _) = pieces(1, rolled=True), pieces(2, rolled=True)
    assert few == many
    for part in ("encoder", "readout", "parameters of the encoder"):
        assert f">{part}" in picture
    assert ">h4" not in picture  # a unit of a layer has no frame
    assert (">transition" in picture) == (name in ("rnn", "gru", "lstm", "stack"))  # the others have a last layer only
    one, unrolled = pieces(1, depth=1)
    assert "t = 4" in unrolled and pieces(2, depth=1)[0] > one


def test_places_are_looked_up_by_an_encoder():
    model = SequenceModel(LSTMCell(2, 3, rng=0), 4, encoder=Embedding(5, 2, rng=1), rng=2)
    xs, targets = [4, 0, 0], [1, 2, 3]
    back, ahead = bptt(model, xs, targets), rtrl(model, xs, targets)
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-12, abs=1e-15)
    assert {parameter.label for parameter in model.encoder.parameters()} == {
        f"weight[{i},{j}]" for i in range(5) for j in range(2)
    }
    found, gradients = model.compile(sequence_cross_entropy, (xs, targets), dialect="python")(xs, targets)
    assert found == pytest.approx(back.loss, rel=1e-13)
    assert gradients == pytest.approx(list(back.gradients.values()), rel=1e-11, abs=1e-15)


def test_arrays_are_read_by_an_encoder():
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    model = model_of("lstm")
    assert bptt(model, np.array(XS), TARGETS).gradients == bptt(model, XS, TARGETS).gradients
    looked_up = SequenceModel(RNNCell(2, 3, rng=0), 2, encoder=Embedding(5, 2, rng=1), rng=2)
    assert bptt(looked_up, np.array([4, 0]), [0, 1]).gradients == bptt(looked_up, [4, 0], [0, 1]).gradients


def test_both_ways_may_be_deep():
    model = SequenceModel(BidirectionalRNN(CELLS["rnn"](2, 3, 0), CELLS["gru"](2, 2, 3)), hidden(5, 5))
    back = bptt(model, XS, [0, 1, 2, 3])
    assert all(back.gradients.values()) and back.run.nets == ["z1", "net_z2", "net_r2", "net_h2"]


@pytest.mark.parametrize(
    ("mistake", "error", "message"),
    [
        (lambda: RNNCell(2, 3, transition=math.tanh), TypeError, "the transition is a Module, such as an MLP, got <built-in"),
        (lambda: SequenceModel(RNNCell(2, 3), "2"), TypeError, "the readout is a Module, such as an MLP, got '2'"),
        (lambda: SequenceModel(RNNCell(2, 3), 2, encoder=[1]), TypeError, "the encoder is a Module"),
        (lambda: RNNCell(2, 3, transition=MLP([3, 2]))([1.0, 2.0]), ValueError, "transition of a cell of 3 units made 2"),
        (lambda: SequenceModel(RNNCell(2, 3), MLP([4, 2]))([[1.0, 2.0]]), ValueError, "has 4 inputs, got 3"),
        (lambda: SequenceModel(RNNCell(2, 3), 2, encoder=MLP([2, 3]))([[1.0, 2.0]]), ValueError, "the cell has 2 inputs, got 3"),
        (
            lambda: SequenceModel(RNNCell(2, 3), Skip(0))([[1.0, 2.0]]),
            TypeError,
            "a Skip within a network makes a list of Values",
        ),
    ],
)
def test_mistakes_are_told(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


# Losses of ones own -------------------------------------------------------------------------------------------------

LOSSES = {
    "the last step": (last_cross_entropy, 1),
    "the last step, by hand": (lambda logits, targets: cross_entropy(logits[-1], targets[-1]), TARGETS),
    "the mean": (partial(sequence_cross_entropy, reduction="mean"), TARGETS),
    "some steps": (sequence_cross_entropy, [-100, 1, -100, 0]),
    "numbers": (half_squared_error, [[0.5, 0.25]] * 4),
    "the last numbers": (lambda logits, target: half_squared_error(logits[-1], target), [0.5, 0.25]),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("kind", ["lstm", "stack"])
def test_any_loss_backward_and_forward_in_time(name, kind):
    loss, targets = LOSSES[name]
    model = model_of(kind)
    ahead, back = rtrl(model, XS, targets, loss=loss), bptt(model, XS, targets, loss=loss)
    expected = loss(model(XS), targets)
    assert (back.loss, ahead.loss) == (expected.item(), pytest.approx(expected.item(), rel=1e-14))
    slopes = {name: slope.item() for (name, _), slope in zip(model.named_parameters(), gradient(expected, model.parameters()))}
    assert back.gradients == pytest.approx(slopes, rel=1e-13, abs=1e-15)
    assert ahead.gradients == pytest.approx(slopes, rel=1e-11, abs=1e-14)


def test_deltas_of_the_last_steps_loss_are_the_last_row_of_the_table():
    model = SequenceModel(RNNCell(2, 3, rng=0), 2, rng=1)
    whole = bptt(model, XS, TARGETS).deltas()
    last = bptt(model, XS, TARGETS[-1], loss=last_cross_entropy).deltas()
    assert last.keys() == {(4, k) for k in range(1, 5)}
    for key, delta in last.items():
        assert delta == pytest.approx(whole[key], rel=1e-13)


def test_the_flow_of_the_last_steps_loss_and_of_all():
    model = SequenceModel(LSTMCell(2, 3, rng=0), 2, rng=1)
    flow = gradient_flow(model, XS, TARGETS)
    last = gradient_flow(model, XS, TARGETS[-1], loss=last_cross_entropy)
    assert all(last.norms[state] == pytest.approx(flow.norms[state], rel=1e-13) for state in ("h", "c"))
    every = gradient_flow(model, XS, TARGETS, loss=sequence_cross_entropy)
    back = bptt(model, XS, TARGETS)
    for state, norms in every.norms.items():
        assert norms == pytest.approx([math.hypot(*[unit.grad for unit in units]) for units in back.run.states[state]], rel=1e-12)
    assert str(flow).split()[1] == "|dL_T/dh_t|" and str(every).split()[1] == "|dL/dh_t|"


@pytest.mark.parametrize("function", [bptt, gradient_flow, rtrl])
def test_a_loss_is_a_value(function):
    model = SequenceModel(RNNCell(2, 3, rng=0), 2, rng=1)
    with pytest.raises(TypeError, match="needs a loss that is a Value, got"):
        function(model, XS, TARGETS, loss=lambda logits, targets: 1.0)
    with pytest.raises(TypeError, match=r"loss is a function .* such as last_cross_entropy; got 'last'"):
        function(model, XS, TARGETS, loss="last")


def test_many_to_one_learns_whether_there_was_a_one():
    xs = [[k >> 2 & 1, k >> 1 & 1, k & 1] for k in range(8)]
    examples = [([[float(bit)] for bit in bits], int(any(bits))) for bits in xs]
    model = SequenceModel(GRUCell(1, 3, rng=0), 2, rng=1)
    history = train(model, examples, last_cross_entropy, steps=150, tolerance=0.1, progress=False, compiled="python")
    assert history.reached


# One input ----------------------------------------------------------------------------------------------------------

PLAIN = {
    "rnn": lambda: RNNCell(2, 3, rng=0),
    "gru": lambda: GRUCell(2, 3, rng=0),
    "gru, reset after": lambda: GRUCell(2, 3, reset_after=True, rng=0),
    "lstm": lambda: LSTMCell(2, 3, peephole=True, rng=0),
    "without bias": lambda: GRUCell(2, 3, reset_after=True, bias=False, rng=0),
    "both ways": lambda: BidirectionalRNN(RNNCell(2, 3, rng=0), GRUCell(2, 3, rng=1)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_no_input_is_an_input_of_zeros_without_its_nodes(name):
    model = SequenceModel(PLAIN[name](), 2, rng=1)
    one, zeros = [XS[0], None, None], [XS[0], [0.0, 0.0], [0.0, 0.0]]
    found, expected = bptt(model, one, [0, 1, 0]), bptt(model, zeros, [0, 1, 0])
    assert found.loss == pytest.approx(expected.loss, rel=1e-15)
    assert found.gradients == pytest.approx(expected.gradients, rel=1e-13, abs=1e-16)
    assert len(gradient_nodes(found.step_losses[-1])) < len(gradient_nodes(expected.step_losses[-1]))
    loss, gradients = model.compile(sequence_cross_entropy, (one, [0, 1, 0]), dialect="python")(one, [0, 1, 0])
    assert loss == pytest.approx(found.loss, rel=1e-13)
    assert gradients == pytest.approx(list(found.gradients.values()), rel=1e-11, abs=1e-15)


def test_no_input_passes_the_encoder_by():
    model = SequenceModel(RNNCell(3, 3, rng=0), 2, encoder=MLP([2, 3], rng=1), rng=2)
    back, ahead = bptt(model, [XS[0], None], [0, 1]), rtrl(model, [XS[0], None], [0, 1])
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-12, abs=1e-15)
    run = RNN(model.network.cell)([model.encoder(XS[0]), None])
    assert [unit.data for unit in back.run.outputs[1]] == [unit.data for unit in run.outputs[1]]
    for dialect in ("python", "numpy", "c"):
        step = model.compile(sequence_cross_entropy, ([XS[0], None], [0, 1]), dialect=dialect)
        loss, gradients = step([XS[0], None], [0, 1])
        assert loss == pytest.approx(back.loss, rel=1e-13)
        assert list(gradients) == pytest.approx(list(back.gradients.values()), rel=1e-11, abs=1e-15)


def test_the_steps_of_rtrl_read_the_encoder_too():
    model = model_of("lstm")
    *_, last = rtrl_steps(model, zip(XS, TARGETS))
    assert last.gradients == rtrl(model, XS, TARGETS).gradients
