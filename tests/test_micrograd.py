"""micrograd as an independent peer: the same expressions give the same data and grads, with only the import changed."""

import importlib
import random

import pytest

import autograd_lite
import nn

engine = pytest.importorskip("micrograd.engine", reason="micrograd is not installed: it is in the extra `test`")

# micrograd computes x / y as x * y**-1 and x - y as x + y * -1, and sums adjoints in another order
ROUNDING = 1e-11


def near(numbers):
    return pytest.approx(numbers, rel=ROUNDING, abs=ROUNDING)


def results(Value, f, numbers):
    """The data of f at these leaves, and the grad of each leaf."""
    leaves = [Value(number) for number in numbers]
    y = f(*leaves)
    y.backward()
    return [y.data, *[leaf.grad for leaf in leaves]]


EXPRESSIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a, b: -a * b,
    "pow": lambda a, b: a**3 + b**2,
    "pow -1": lambda a, b: a**-1 - b**-2,
    "pow 0": lambda a, b: a**0 + b**1,
    "pow half": lambda a, b: (a * a) ** 0.5 * b,
    "relu": lambda a, b: a.relu() + 3 * b.relu() + a,
    "relu of both": lambda a, b: (a * b).relu() - (-a).relu() + b,
    "radd": lambda a, b: 2 + a + 0.5 * b,
    "rsub": lambda a, b: 2 - a - (1 - b),
    "rmul": lambda a, b: 2 * a * b,
    "rdiv": lambda a, b: 2 / a + 1 / b,
    "number last": lambda a, b: ((a + 2) * 3 - 1) / 4 + b,
    "a + a": lambda a, b: a + a + b,
    "a * a": lambda a, b: a * a * b * b,
    "a - a": lambda a, b: a - a + b,
    "a / a": lambda a, b: a / a + b,
    "sum": lambda a, b: sum([a, b, a * b, 1.0]),
    "sum with a start": lambda a, b: sum((x * y for x, y in zip([a, b], [0.5, -2.0])), b),
    "shared": lambda a, b: (lambda c: c * c + c * a + c.relu())(a * b + a),
    "ladder": lambda a, b: doubled(a, 30) * b,
    "quotient": lambda a, b: (a * a - b) / (b * b + 1) * (a - 3 * b) ** 2,
}


def doubled(x, times):
    for _ in range(times):
        x = x + x
    return x


@pytest.mark.parametrize("numbers", [(2.0, 3.0), (-1.5, 0.25), (0.1, -7.0), (-3, -2)], ids=str)
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_same_expression_gives_the_same_data_and_grads(name, numbers):
    f = EXPRESSIONS[name]
    expected = results(engine.Value, f, numbers)
    assert results(autograd_lite.Value, f, numbers) == near(expected)
    assert any(expected[1:])  # the comparison is not one of zeros


def test_relu_has_derivative_zero_at_zero_in_both():
    for Value in (engine.Value, autograd_lite.Value):
        assert results(Value, lambda a: a.relu(), [0.0]) == [0.0, 0.0]


STEPS = [
    lambda a, b, c: (a + b) * 0.5,
    lambda a, b, c: a - b,
    lambda a, b, c: a * b / (a * a + b * b + 1),
    lambda a, b, c: a / (b * b + 1),
    lambda a, b, c: -a,
    lambda a, b, c: a.relu(),
    lambda a, b, c: (a * 0.5) ** 2,
    lambda a, b, c: (a * a + 1) ** -0.5,
    lambda a, b, c: (c + a) * 0.25,
    lambda a, b, c: c - b,
    lambda a, b, c: c * a * 0.25,
    lambda a, b, c: c / (b * b + 2),
    lambda a, b, c: a + c,
    lambda a, b, c: b / c,
    lambda a, b, c: a - c,
]


def random_expression(seed, leaves):
    """An expression of thirty operations, drawn by `seed` alone; every intermediate result stays near 1."""
    rng = random.Random(seed)
    nodes = list(leaves)
    for _ in range(30):
        nodes.append(rng.choice(STEPS)(rng.choice(nodes), rng.choice(nodes[-4:]), rng.choice([-2, -0.5, 0.75, 3])))
    return sum(nodes)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_expression_gives_the_same_data_and_grads(seed):
    numbers = [random.Random(seed + 1000).uniform(-2, 2) for _ in range(3)]
    expected = results(engine.Value, lambda *leaves: random_expression(seed, leaves), numbers)
    assert results(autograd_lite.Value, lambda *leaves: random_expression(seed, leaves), numbers) == near(expected)
    assert sum(map(bool, expected)) > 2


def test_leaf_grads_accumulate_over_several_outputs_in_both():
    grads = []
    for Value in (engine.Value, autograd_lite.Value):
        w = Value(1.5)
        for x in (1.0, -2.0, 4.0):
            ((w * x - 1) ** 2).backward()
        grads.append(w.grad)
    assert grads[0] == near(grads[1]) != 0


# Programs as a micrograd user writes them: only the first line differs -------------------------------------------------

TRAINING = """
from micrograd.engine import Value
import random


class Unit:
    def __init__(self, size, rng, bends):
        self.w = [Value(rng.uniform(-1, 1)) for _ in range(size)]
        self.b = Value(0)
        self.bends = bends

    def __call__(self, xs):
        net = sum((w * x for w, x in zip(self.w, xs)), self.b)
        return net.relu() if self.bends else net

    def parameters(self):
        return self.w + [self.b]


rng = random.Random(7)
hidden, last = [Unit(2, rng, True) for _ in range(6)], Unit(6, rng, False)
parameters = [p for unit in hidden + [last] for p in unit.parameters()]
points = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(12)]
examples = [(xs, 1 if xs[0] > xs[1] else -1) for xs in points]
losses, grads = [], []
for step in range(25):
    scores = [last([unit(list(map(Value, xs))) for unit in hidden]) for xs, _ in examples]
    margins = [(1 + -target * score).relu() for (_, target), score in zip(examples, scores)]
    loss = sum(margins) * (1.0 / len(margins)) + 1e-3 * sum((p * p for p in parameters))
    for p in parameters:
        p.grad = 0
    loss.backward()
    for p in parameters:
        p.data -= (0.5 - 0.01 * step) * p.grad
    losses.append(loss.data)
    grads += [p.grad for p in parameters]
accuracy = sum((score.data > 0) == (target > 0) for (_, target), score in zip(examples, scores)) / len(examples)
data = [p.data for p in parameters]
"""

FITTING = """
from micrograd.engine import Value

slope, offset = Value(0.0), Value(0.0)
points = [(x / 4, 3 * x / 4 - 2) for x in range(-8, 9)]
losses = []
for _ in range(200):
    loss = Value(0)
    for x, y in points:
        loss += (slope * x + offset - y) ** 2
    loss = loss / len(points)
    slope.grad, offset.grad = 0.0, 0.0
    loss.backward()
    slope.data += -0.2 * slope.grad
    offset.data += -0.2 * offset.grad
    losses.append(loss.data)
data = [slope.data, offset.data]
"""


def run(program, imported):
    assert program.count("from micrograd.engine import") == 1
    names = {"__name__": "program"}
    exec(program.replace("from micrograd.engine import", f"from {imported} import"), names)
    return names


@pytest.mark.parametrize("program", [TRAINING, FITTING], ids=["training", "fitting"])
def test_a_micrograd_program_runs_with_only_the_import_changed(program):
    theirs, ours = run(program, "micrograd.engine"), run(program, "autograd_lite")
    assert ours["Value"] is autograd_lite.Value and theirs["Value"] is engine.Value
    # up to two hundred steps, each of which passes the last one's roundings on
    for name in theirs.keys() & {"losses", "grads", "data", "accuracy"}:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-8, abs=1e-12)
    assert theirs["losses"][-1] < 0.5 * theirs["losses"][0]  # it did learn


def test_its_networks_are_ours_where_nothing_else_is_said():
    """With one seed, weight by weight and grad by grad; one output is no list."""
    peer = importlib.import_module("micrograd.nn")
    for make, xs in [
        (lambda of: of.Neuron(3), [0.5, -1.0, 2.0]),
        (lambda of: of.Neuron(2, nonlin=False), [0.5, -1.0]),
        (lambda of: of.Layer(2, 3), [1.5, -0.25]),
        (lambda of: of.Layer(2, 1), [1.5, 0.25]),
        (lambda of: of.Layer(2, 2, nonlin=False), [1.5, -0.25]),
        (lambda of: of.MLP(2, [16, 16, 1]), [1.0, -2.0]),
        (lambda of: of.MLP(3, [4, 2]), [1.0, -2.0, 0.5]),
        (lambda of: of.MLP(2, [1]), [1.0, -2.0]),
    ]:
        found = []
        for of in (peer, nn):
            random.seed(1337)
            model = make(of)
            y = model(xs)
            found.append(isinstance(y, list))
            total = sum(y, engine.Value(0.0) if of is peer else autograd_lite.Value(0.0)) if isinstance(y, list) else y
            (total * total).backward()
            found.append([total.data, *[p.data for p in model.parameters()], *[p.grad for p in model.parameters()]])
        is_list, expected, ours_is_list, ours = found
        assert ours_is_list == is_list and ours == near(expected)
        neurons = [model] if hasattr(model, "w") else [n for layer in getattr(model, "layers", [model]) for n in layer.neurons]
        assert [p for n in neurons for p in [*n.w, n.b]] == model.parameters()


def test_a_neuron_of_which_more_is_said_is_the_articles():
    assert nn.Neuron(2, weights=[1.0, 2.0])([0.5, 0.25]).op == "sigmoid" == nn.Layer(2, 1, rng=0)([0.5, 0.25])[0].op
    assert isinstance(nn.MLP([2, 1])([0.5, 0.25]), list)
    with pytest.raises(TypeError, match="either activation or nonlin"):
        nn.Neuron(2, "tanh", nonlin=True)


def test_micrograd_s_own_network_runs_on_our_values(monkeypatch):
    peer = importlib.import_module("micrograd.nn")
    expected = None
    for Value in (engine.Value, autograd_lite.Value):
        monkeypatch.setattr(peer, "Value", Value)
        random.seed(2)
        model = peer.MLP(3, [4, 4, 1])
        y = model([0.5, -1.0, 2.0]) ** 2
        model.zero_grad()
        y.backward()
        found = [y.data, *[p.grad for p in model.parameters()]]
        expected = expected or found
        assert isinstance(model.layers[0].neurons[0].b, Value)
    assert found == near(expected) and sum(map(bool, found)) > 10


def test_the_repr_begins_as_micrograd_s():
    for Value in (engine.Value, autograd_lite.Value):
        v = Value(2.0)
        v.grad = 0.5
        assert repr(v) == "Value(data=2.0, grad=0.5)"
