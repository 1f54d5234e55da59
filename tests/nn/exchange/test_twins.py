"""Twins in PyTorch and JAX: outputs and every gradient are those of the scalar engine."""

import gc
import linecache
import math
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from golden import flat

import autograd_lite
from autograd_lite import Value, log, maximum, relu, sum_
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
    Sequential,
    StackedRNN,
    Tanh,
)
from nn.exchange.twins import from_twin, parameter_nests, to_jax, to_torch, twin_source

ROOT = Path(__file__).parents[3]
# Sums of some hundred terms of size up to 10, in another order
CLOSE = dict(rel=1e-12, abs=1e-12)


class Torch:
    """What the tests do with a twin, in PyTorch."""

    def __init__(self):
        self.torch = pytest.importorskip("torch", reason="twins in PyTorch need the extra `torch`")
        self.error = ImportError

    def array(self, numbers):
        return self.torch.tensor(numbers, dtype=self.torch.float64, requires_grad=True)

    def integers(self, numbers):
        return self.torch.tensor(numbers)

    def differentiated(self, model, x, initial):
        """The outputs, the last states, and the gradients of the sum of (output + 0.5)**2: of parameters, x and initial."""
        twin = to_torch(model)
        x, initial = self.array(x), {name: self.array(numbers) for name, numbers in initial.items()}
        outputs, last = twin.run(x, initial) if hasattr(twin, "run") else (twin(x), {})
        assert self.torch.equal(outputs, twin(x, initial=initial) if initial else twin(x))
        ((outputs + 0.5) ** 2).sum().backward()
        parameters = {name: p.grad.tolist() for name, p in twin.named_parameters()}
        grads = parameters, x.grad.tolist(), {name: s.grad.tolist() for name, s in initial.items()}
        return outputs.tolist(), {name: state.tolist() for name, state in last.items()}, grads

    def twin(self, model):
        twin = to_torch(model)
        return twin.source, twin.state_dict(), twin


class Jax:
    """What the tests do with a twin, in JAX."""

    def __init__(self):
        self.jax = pytest.importorskip("jax", reason="twins in JAX need the extra `jax`")
        self.jax.config.update("jax_enable_x64", True)

    def array(self, numbers):
        return self.jax.numpy.array(numbers, dtype="float64")

    def integers(self, numbers):
        return self.jax.numpy.array(numbers)

    def differentiated(self, model, x, initial):
        twin = to_jax(model)
        args = twin.params, self.array(x), {name: self.array(numbers) for name, numbers in initial.items()}
        outputs, last = self.jax.jit(twin.run)(*args) if twin.run else (twin.apply(*args[:2]), {})
        kept = (lambda p, x, initial: twin.apply(p, x, initial)) if twin.run else (lambda p, x, initial: twin.apply(p, x))
        assert abs(outputs - kept(*args)).max() < 1e-14
        grads = self.jax.jit(self.jax.grad(lambda *args: ((kept(*args) + 0.5) ** 2).sum(), argnums=(0, 1, 2)))(*args)
        as_lists = self.jax.tree.map(lambda array: array.tolist(), (outputs, last, grads))
        return as_lists

    def twin(self, model):
        twin = to_jax(model)
        return twin.source, twin.params, lambda x: twin.apply(twin.params, x)


@pytest.fixture(params=[Torch, Jax])
def library(request):
    return request.param()


CELLS = {
    "rnn": lambda m, d, rng=0: RNNCell(m, d, rng=rng),
    "rnn sigmoid": lambda m, d, rng=0: RNNCell(m, d, "sigmoid", rng=rng),
    **{
        f"gru{' after' * after}{' on candidate' * on}": lambda m, d, rng=0, after=after, on=on: GRUCell(m, d, after, on, rng=rng)
        for after in (False, True)
        for on in (False, True)
    },
    **{
        " ".join(["lstm", *map(str, options.values())]): lambda m, d, rng=0, options=options: LSTMCell(m, d, **options, rng=rng)
        for options in (
            {},
            {"forget_bias": -0.5},
            *[
                {**kind, "peephole": peephole}
                for kind in ({}, {"coupled": True}, {"forget_gate": False})
                for peephole in (False, True, "previous")
            ],
        )
    },
}
NETWORKS = {
    **{name: lambda make=make: RNN(make(2, 3)) for name, make in CELLS.items()},
    "one unit, one input": lambda: RNN(LSTMCell(1, 1, peephole=True, rng=0)),
    "stack": lambda: StackedRNN([CELLS["lstm True"](2, 3), GRUCell(3, 2, rng=1), CELLS["lstm"](2, 4, rng=2)]),
    "bidirectional": lambda: BidirectionalRNN(GRUCell(2, 3, rng=0), LSTMCell(2, 2, rng=1)),
    "stack of bidirectional": lambda: StackedRNN(
        [BidirectionalRNN(RNNCell(2, 3, rng=0), RNNCell(2, 3, rng=1)), BidirectionalRNN(GRUCell(6, 2), GRUCell(6, 2, True))]
    ),
    "nests": lambda: BidirectionalRNN(
        StackedRNN([StackedRNN([RNNCell(2, 3, rng=0), GRUCell(3, 2, rng=1)]), LSTMCell(2, 2, rng=2)]),
        BidirectionalRNN(LSTMCell(2, 2, rng=3), StackedRNN([GRUCell(2, 2, rng=4), RNNCell(2, 3, rng=5)])),
    ),
    "one cell in two layers": lambda: StackedRNN([cell := LSTMCell(2, 2, rng=0), cell]),
    "one cell both ways": lambda: BidirectionalRNN(cell := GRUCell(2, 3, rng=0), cell),
    "readout": lambda: SequenceModel(LSTMCell(2, 3, rng=0), 4, rng=1),
    "deep within a time step": lambda: SequenceModel(
        StackedRNN(
            [
                LSTMCell(3, 3, peephole=True, transition=MLP([3, 4, 3], "relu", "tanh", rng=0), rng=1),
                GRUCell(3, 2, transition=Layer(2, 2, "tanh", rng=2), rng=3),
            ]
        ),
        MLP([2, 4, 3], ["softplus"], "softmax", rng=4),
        encoder=MLP([2, 4, 3], shared_bias=True, rng=5),
    ),
    "layers as encoder and readout": lambda: SequenceModel(
        RNNCell(3, 3, "relu", transition=Sequential(Linear(3, 4, rng=0), Tanh(), Linear(4, 3, rng=1)), rng=2),
        Sequential(Linear(3, 2, bias=False, rng=3), "sigmoid"),
        encoder=Sequential(Linear(2, 3, rng=4), Tanh()),
    ),
    "transitions alone": lambda: BidirectionalRNN(
        RNNCell(2, 3, transition=Layer(3, 3, "tanh", rng=0), rng=1), GRUCell(2, 2, True, transition=Layer(2, 2, rng=2), rng=3)
    ),
    "without bias": lambda: StackedRNN(
        [RNNCell(2, 3, "relu", bias=False, rng=0), GRUCell(3, 2, True, bias=False, rng=1), GRUCell(2, 2, bias=False, rng=2)]
    ),
    "LSTM without bias": lambda: RNN(LSTMCell(2, 3, bias=False, peephole=True, rng=0)),
    "readout of both ways": lambda: SequenceModel(BidirectionalRNN(LSTMCell(2, 3, rng=0), GRUCell(2, 3, rng=1)), 2, rng=1),
}


def randomised(model, seed):
    """The model, with biases and peepholes too that are not 0."""
    rng = random.Random(seed)
    for parameter in model.parameters():
        parameter.data = rng.uniform(-1, 1)
    return model


def numbers(nest):
    return [numbers(item) for item in nest] if isinstance(nest, (list, tuple)) else nest.grad


def close(found, expected):
    assert flat(found) == pytest.approx(flat(expected), **CLOSE)


@pytest.mark.parametrize("name", NETWORKS)
def test_recurrent_network_is_the_same_in_outputs_states_and_gradients(library, name):
    model, rng = randomised(NETWORKS[name](), 5), random.Random(6)
    network = model.network if isinstance(model, SequenceModel) else model
    n_in = 2 if getattr(model, "encoder", None) else network.n_in
    sizes = {name: len(units) for name, units in network.initial_state().items()}
    batch, steps = 3, 4
    xs = [[[rng.uniform(-2, 2) for _ in range(n_in)] for _ in range(steps)] for _ in range(batch)]
    initial = {name: [[rng.uniform(-1, 1) for _ in range(size)] for _ in range(batch)] for name, size in sizes.items()}
    outputs, last, (grads, grad_x, grad_initial) = library.differentiated(model, xs, initial)
    for b in range(batch):
        x = [[Value(number) for number in units] for units in xs[b]]
        before = {name: [Value(number) for number in rows[b]] for name, rows in initial.items()}
        run, out = model.run(x, before) if isinstance(model, SequenceModel) else (model(x, before),) * 2
        out = out.outputs if out is run else out
        close(outputs[b], [[unit.data for unit in units] for units in out])
        for state in before:
            ends = {tuple(unit.data for unit in run.states[state][k]) for k in (0, -1)}
            assert any(last[state][b] == pytest.approx(end, **CLOSE) for end in ends)
        sum_([(unit + 0.5) ** 2 for units in out for unit in units]).backward()
        close(grad_x[b], numbers(x))
        assert grad_initial.keys() == before.keys()
        for state, units in before.items():
            close(grad_initial[state][b], numbers(units))
    assert grads.keys() == parameter_nests(model).keys()
    assert any(".neurons." in key for key in model.state_dict()) or grads.keys() == model.state_dict().keys()
    for key, nest in parameter_nests(model).items():
        close([grads[key]], [numbers(nest)])


def test_the_last_states_are_those_after_the_last_step_of_each_way(library):
    model = randomised(BidirectionalRNN(GRUCell(2, 3), GRUCell(2, 3)), 0)
    x = [[0.5, -1.0], [1.0, 2.0], [-0.5, 0.25]]
    last, states = library.differentiated(model, x, {})[1], model(x).states
    close(last["h1"], [unit.data for unit in states["h1"][-1]])
    close(last["h2"], [unit.data for unit in states["h2"][0]])


UNARY = [
    name
    for name in autograd_lite.OPERATIONS
    if name in autograd_lite.ops.ROWS and (len(autograd_lite.ops.ROWS[name].derivatives) == 1 or name in ("leaky_relu", "elu"))
]
ACTIVATIONS = {
    **{name: name for name in UNARY},
    "a function": lambda v: v * v.tanh() / (v * v + 1),
    "of two operands": lambda v: autograd_lite.minimum(maximum(v, -0.25), autograd_lite.atan2(v, 1.5)),
    "over several operands": lambda v: autograd_lite.logsumexp([v, 1.0, v * v]),
    "used twice": lambda v: (v.exp() + 1) * v.exp() ** 2 + 2 ** v.exp(),
}


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_every_activation_is_the_same(library, activation):
    model = MLP([3, 4, 2], activation=activation, output_activation=None, rng=0)
    for p, k in zip(model.parameters(), range(100)):
        p.data = 0.05 + 0.01 * (k % 9) + (activation == "acosh")  # net inputs between 0 and 1, or above: in the domain
    check_mlp(library, model, [[0.25, 0.5, 0.125], [0.75, 0.125, 0.5]])


KINKED = ["relu", "leaky_relu", "elu", "abs", "softplus", "sigmoid", "silu", "gelu", "tanh", "sech", "step", "sign"]


@pytest.mark.parametrize("name", KINKED)
def test_activations_at_zero_and_far_out(library, name):
    model = MLP([1, 1], output_activation=name, weights=[[[1.0]]])
    check_mlp(library, model, [[x] for x in (0.0, 0.5, -0.5, 30.0, -30.0, 700.0, -700.0)])


MLPS = {
    "of many layers": lambda: MLP([3, 5, 4, 2], activation=["relu", "tanh"], output_activation=None, rng=0),
    "softmax": lambda: MLP([3, 4, 3], output_activation="softmax", rng=0),
    "softmax inside": lambda: MLP([3, 4, 1], activation="softmax", rng=0),
    "shared bias": lambda: MLP([3, 4, 2], biases=[0.35, 0.6], shared_bias=True, rng=0),
    "one unit": lambda: MLP([3, 1, 1], rng=0),
    "kinks": lambda: MLP([3, 4, 2], activation=lambda v: relu(v) + 0.1 * abs(v), rng=0),
}


@pytest.mark.parametrize("name", MLPS)
def test_mlp_is_the_same_in_outputs_and_gradients(library, name):
    rng = random.Random(1)
    check_mlp(library, MLPS[name](), [[rng.uniform(-2, 2) for _ in range(3)] for _ in range(5)])


def check_mlp(library, model, xs):
    outputs, _, (grads, grad_x, _) = library.differentiated(model, xs, {})
    for x, output, expected_grad in zip(xs, outputs, grad_x):
        x = [Value(number) for number in x]
        found = model(x)
        close(output, [unit.data for unit in found])
        sum_([(unit + 0.5) ** 2 for unit in found]).backward()
        close(expected_grad, numbers(x))
    assert grads.keys() == parameter_nests(model).keys()
    for key, nest in parameter_nests(model).items():
        close(
            flat(grads[key]) if isinstance(nest, list) else [grads[key]],
            flat(numbers(nest)) if isinstance(nest, list) else [nest.grad],
        )


def test_axes_before_the_last_are_the_batch(library):
    mlp, model = MLP([2, 3, 1], rng=0), RNN(GRUCell(2, 3, rng=0))
    _, _, twin = library.twin(mlp)
    assert [tuple(twin(library.array([[[0.5, 1.0]] * 4] * 3)).shape), tuple(twin(library.array([0.5, 1.0])).shape)] == [
        (3, 4, 1),
        (1,),
    ]
    _, _, twin = library.twin(model)
    one = twin(library.array([[0.5, 1.0], [1.0, 2.0]]))
    many = twin(library.array([[[[0.5, 1.0], [1.0, 2.0]]] * 4] * 3))
    assert tuple(one.shape) == (2, 3) and tuple(many.shape) == (3, 4, 2, 3)
    assert abs(many - one).max() < 1e-15


def test_whole_numbers_are_looked_up_by_an_encoder(library):
    model = SequenceModel(GRUCell(2, 3, rng=0), 5, encoder=Embedding(5, 2, rng=1), rng=2)
    _, _, twin = library.twin(model)
    found = twin(library.integers([[0, 4, 2], [1, 1, 3]])).tolist()
    close(found, [[[y.data for y in ys] for ys in model(xs)] for xs in ([0, 4, 2], [1, 1, 3])])


def test_an_input_of_zeros_is_none(library):
    model = SequenceModel(LSTMCell(2, 3, rng=0), 5, rng=0)
    _, _, twin = library.twin(model)
    found = twin(library.array([[0.5, -1.0], [0.0, 0.0], [0.0, 0.0]])).tolist()
    close(found, [[y.data for y in ys] for ys in model([[0.5, -1.0], None, None])])


def test_whole_numbers_are_places(library):
    model = SequenceModel(LSTMCell(5, 3, rng=0), 5, rng=0)
    _, _, twin = library.twin(model)
    found = twin(library.integers([[0, 4, 2], [1, 1, 3]])).tolist()
    close(found, [[[y.data for y in ys] for ys in model(xs)] for xs in ([0, 4, 2], [1, 1, 3])])


def test_a_cell_is_the_network_of_one_cell(library):
    cell = GRUCell(2, 3, rng=0)
    _, params, twin = library.twin(cell)
    assert list(params) == list(cell.state_dict())
    x = [[0.5, 1.0], [1.0, 2.0]]
    close(twin(library.array(x)).tolist(), [[unit.data for unit in units] for units in RNN(cell)(x).outputs])


def test_state_carries_a_sequence_on(library):
    model = SequenceModel(StackedRNN([GRUCell(2, 3, rng=0), LSTMCell(3, 2, rng=1)]), 2, rng=0)
    x = [[0.5, 1.0], [1.0, 2.0], [0.1, 0.2]]
    whole, _, _ = library.differentiated(model, x, {})
    first, last, _ = library.differentiated(model, x[:2], {})
    assert last.keys() == {"h1", "h2", "c2"}
    close(first + library.differentiated(model, x[2:], last)[0], whole)


def test_one_initial_state_serves_a_batch(library):
    model = RNN(LSTMCell(2, 2, rng=0))
    x = [[0.5, 1.0], [1.0, 2.0]]
    one, _, _ = library.differentiated(model, x, {"c": [0.5, -0.5]})
    both, _, _ = library.differentiated(model, [x, x], {"c": [0.5, -0.5]})
    close(both, [one, one])


def test_an_unknown_initial_state_is_named(library):
    with pytest.raises(ValueError, match=r"unknown initial states \['h'\]: there are h1, h2, c2"):
        library.differentiated(StackedRNN([GRUCell(2, 3), LSTMCell(3, 2)]), [[0.5, 1.0]], {"h": [0.0, 0.0, 0.0]})


@pytest.mark.parametrize(
    "make", [lambda rng: MLP([2, 3, 2], rng=rng), lambda rng: SequenceModel(LSTMCell(2, 3, rng=rng), 2, rng=rng)]
)
def test_parameters_come_back(library, make):
    model, other = make(0), make(1)
    _, params, _ = library.twin(model)
    from_twin(other, params)
    assert other.state_dict() == model.state_dict()
    before, (name, *_) = other.state_dict(), params
    with pytest.raises(ValueError, match=f"do not fit.*missing '{name}'; unexpected 'x'"):
        from_twin(other, {**{key: array for key, array in params.items() if key != name}, "x": params[name]})
    assert other.state_dict() == before


def test_the_source_is_what_runs(library):
    """Executed as a student would execute it, it computes the same."""
    model = randomised(SequenceModel(LSTMCell(2, 3, peephole=True), 2), 0)
    source, params, twin = library.twin(model)
    names = {}
    exec(source, names)
    x = library.array([[0.5, 1.0], [1.0, 2.0]])
    assert names["apply"](params, x).tolist() == twin(x).tolist()
    assert "net_i = x @ p['W_i'].T + h_before @ p['U_i'].T + p['V_i'] * c_before + p['b_i']" in source
    assert "c = f * c_before + i * c_tilde" in source
    assert "(cell): LSTMCell(2 -> 3, peephole)" in source


def test_both_libraries_run_the_same_equations():
    pytest.importorskip("torch")
    pytest.importorskip("jax")

    def equations(source):
        return re.findall(r"def \w+_cell.*?return[^\n]*", source, re.DOTALL)

    for make in CELLS.values():
        model = RNN(make(2, 3))
        found = equations(twin_source(model, "torch"))
        assert len(found) == 1 and found == equations(twin_source(model, "jax"))


def test_cells_of_one_kind_are_written_once(library):
    source, _, _ = library.twin(StackedRNN([LSTMCell(2, 3), LSTMCell(3, 2), LSTMCell(2, 2, coupled=True), GRUCell(2, 2)]))
    assert re.findall(r"def (\w+_cell\w*)", source) == ["lstm_cell", "lstm_cell_2", "gru_cell"]


def test_names_in_a_model_cannot_write_code(library):
    def hostile(v):
        return v.tanh()

    hostile.__name__ = 'x\nraise SystemExit("""\r\x0c\x00\ud800'
    model = MLP([2, 3, 1], activation=hostile, rng=0)
    model.layers[0].neurons[0].name = "\nimport os"
    check_mlp(library, model, [[0.5, 1.0]])


class Doubling(RNNCell):
    def forward(self, x, state, t=1, layer=""):
        found = super().forward(x, state, t, layer)
        return {**found, "h": [2 * unit for unit in found["h"]]}


class OfMine(MLP):
    def forward(self, inputs):
        return super().forward(inputs)[::-1]


class Backward(RNN):
    def forward(self, xs, initial=None, detach_every=None):
        return super().forward(xs[::-1], initial, detach_every)


def tied():
    model = RNN(RNNCell(2, 2, rng=0))
    model.cell.b[0] = model.cell.W[0][0]
    return model


def mixed():
    model = MLP([2, 2], rng=0)
    model.layers[0].neurons[1] = MLP([2, 2], output_activation="tanh", rng=0).layers[0].neurons[1]
    return model


REFUSED = {
    "branching": (lambda: MLP([2, 2], output_activation=lambda v: v if v > 0 else 0.1 * v), "graph is another at other points"),
    "branching far out": (lambda: MLP([2, 2], output_activation=lambda v: min(v, Value(50.0))), "another at other points"),
    "random": (lambda: MLP([2, 2], output_activation=lambda v: v * random.random()), "draws random numbers"),
    "nowhere": (lambda: MLP([2, 2], output_activation=lambda v: log(v - 9.0)), "log needs x > 0"),
    "reading data": (lambda: MLP([2, 2], output_activation=lambda v: v * v.data), "graph is another at other points"),
    "a cell of mine": (lambda: RNN(Doubling(2, 2)), "Doubling has no twin"),
    "a network of mine": (lambda: Backward(RNNCell(2, 2)), "Backward has no twin"),
    "a network of mine within": (lambda: SequenceModel(Backward(RNNCell(2, 2)), 2), "Backward has no twin"),
    "an MLP of mine": (lambda: OfMine([2, 2]), "OfMine has no twin"),
    "tied parameters": (tied, "each parameter must be in one place"),
    "two kinds of units": (mixed, "layer 0 has no twin"),
    "a layer": (lambda: Layer(2, 2), "Layer has no twin"),
    "a module": (Module, "Module has no twin"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_model_without_a_twin_is_refused(library, kind):
    make, message = REFUSED[kind]
    with pytest.raises(ValueError, match=message):
        library.twin(make())


def test_the_source_goes_when_the_twin_goes(library):
    def sources():
        gc.collect()
        return [file for file in linecache.cache if file.endswith(">") and " twin " in file]

    before = sources()
    twins = [library.twin(MLP([2, 2], rng=0)) for _ in range(2)]
    assert len(sources()) == len(before) + 2
    twins.pop()
    assert len(sources()) == len(before) + 1
    del twins
    assert sources() == before


@pytest.mark.parametrize("name, make", [("torch", to_torch), ("jax", to_jax)])
def test_a_missing_library_is_named_with_its_extra(monkeypatch, name, make):
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"needs {name}: pip install 'autograd_lite\[{name}\]'"):
        make(MLP([2, 2]))


def test_a_torch_module_is_in_doubles_and_trains():
    torch = pytest.importorskip("torch", reason="twins in PyTorch need the extra `torch`")
    twin = to_torch(MLP([2, 3, 1], rng=0))
    assert isinstance(twin, torch.nn.Module) and {p.dtype for p in twin.parameters()} == {torch.float64}
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.5)
    x, target = torch.tensor([[1.0, 2.0]], dtype=torch.float64), torch.tensor([[0.25]], dtype=torch.float64)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = ((twin(x) - target) ** 2).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 10


def test_twin_trains_data_parallel_on_eight_devices():
    pytest.importorskip("jax", reason="needs the extra `jax`")
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, str(ROOT / "notebooks" / "data_parallel.py")]
    done = subprocess.run(command, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("8 devices, 2 sequences each: 5 updates\n")
    assert all(float(number) < 1e-12 for number in re.findall(r"\d\.\de-\d+", done.stdout))
    assert not math.isnan(float(re.findall(r"by at most (\S+),", done.stdout)[0]))


def test_the_lines_of_the_readme_run():
    for name in ("torch", "jax"):
        pytest.importorskip(name, reason="the README's lines on twins need the extra `twins`")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = {}
    exec(next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "to_torch" in block), names)
    assert names["params"].keys() == names["twin"].state_dict().keys() == names["model"].state_dict().keys()
