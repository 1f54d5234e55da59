"""Programs with the calls of the famous notebooks on micrograd: what they use is here by the same names, with the same numbers.

They are of karpathy/micrograd (its demo, and the drawing of a graph), of the lecture on it (the pass by hand, a network of
one's own) with its exercises, and of EurekaLabsAI/micrograd (a loss of classes, an optimizer that keeps its state on nodes).
"""

import importlib
import itertools
import math
import random

import pytest

import nn
from autograd_lite import Value

NEAR = {"rel": 1e-11, "abs": 1e-13}


def both():
    """The classes of micrograd, and ours."""
    engine = pytest.importorskip("micrograd.engine", reason="micrograd is not installed: it is in the extra `test`")
    return [(engine.Value, importlib.import_module("micrograd.nn")), (Value, nn)]


# The demo: two moons, a network of two hidden layers, a margin and a penalty


def trained(Value, nn):
    """Losses, accuracies and parameters of a training of a few steps."""
    numpy = pytest.importorskip("numpy")
    numpy.random.seed(1337)
    random.seed(1337)
    X = numpy.random.uniform(-1, 1, (16, 2))
    y = numpy.where(X[:, 0] * X[:, 1] > 0, 1, -1)  # of NumPy's whole numbers
    model = nn.MLP(2, [8, 8, 1])

    def loss(batch_size=None):
        rows = numpy.random.permutation(X.shape[0])[:batch_size]
        inputs = [list(map(Value, row)) for row in X[rows]]
        scores = list(map(model, inputs))
        losses = [(1 + -target * score).relu() for target, score in zip(y[rows], scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        hits = [(target > 0) == (score.data > 0) for target, score in zip(y[rows], scores)]
        return total, sum(hits) / len(hits)

    history = []
    for k in range(8):
        total, accuracy = loss(None if k % 2 else 12)
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 8) * p.grad
        history += [total.data, accuracy]
    return [len(model.parameters()), *history, *[p.data for p in model.parameters()]]


def test_the_demo_gives_the_same_numbers():
    theirs, ours = [trained(*classes) for classes in both()]
    assert ours == pytest.approx(theirs, **NEAR) and theirs[0] == 105
    assert theirs[15] < theirs[1]  # it learns


# The drawing of a graph, from the names that the nodes have within


def drawn(root):
    """What a drawing of one's own is made of: for each node its data, grad and operation, and how many edges there are."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return sorted([(round(n.data, 4), round(n.grad, 4), n._op.lower()) for n in nodes]), len(edges)


@pytest.mark.parametrize("seed", [1337, 4])
def test_a_graph_is_walked_as_there(seed):
    found = []
    for number, peer in both():
        random.seed(seed)
        neuron, x = peer.Neuron(2, nonlin=False), [number(1.0), number(-2.0)]
        # the net of ours is one node; what is around it is node for node the same
        y = (x[0] * 2 + 1).relu() * x[1] + x[0] * x[0]
        y.backward()
        found.append(drawn(y))
        net = neuron(x)
        net.backward()
        found.append([net.data, *[p.grad for p in [*neuron.parameters(), *x]]])
    assert found[2] == found[0] and found[3] == pytest.approx(found[1], **NEAR)
    assert {op for *_, op in found[2][0]} == {"", "+", "*", "relu"} and found[2][1] == 10


def test_a_graph_of_ones_own_drawing_is_a_dot_source():
    graphviz = pytest.importorskip("graphviz")
    a = Value(2.0, label="a")
    b = a * a + 1
    b.label = "b"
    b.backward()
    dot = graphviz.Digraph(format="svg", graph_attr={"rankdir": "LR"})
    for n in (b, *b._prev, *b._prev[0]._prev):
        dot.node(name=str(id(n)), label=f"{n.label} | data {n.data:.4f} | grad {n.grad:.4f}", shape="record")
        if n._op:
            dot.node(name=str(id(n)) + n._op, label=n._op)
            dot.edge(str(id(n)) + n._op, str(id(n)))
    assert dot.source.count("shape=record") == 5 and "a | data 2.0000 | grad 4.0000" in dot.source


# The lecture: a neuron by hand


def neuron_by_hand():
    x1, x2, w1, w2 = Value(2.0, label="x1"), Value(0.0, label="x2"), Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    x1w1, x2w2 = x1 * w1, x2 * w2
    both = x1w1 + x2w2
    n = both + b
    o = n.tanh()
    return x1, x2, w1, w2, b, x1w1, x2w2, both, n, o


# By PyTorch 2.13, in doubles: the output, and its derivatives by x1, x2, w1, w2, b
BY_TORCH = [0.7071067811865476, -1.4999999999999998, 0.49999999999999994, 0.9999999999999999, 0.0, 0.49999999999999994]


def test_the_pass_by_hand_gives_the_grads():
    """Node by node, from the output on; the steps of the lecture, in its order."""
    *leaves, x1w1, x2w2, both, n, o = neuron_by_hand()
    o.grad = 1.0
    for node in (o, n, leaves[4], both, x2w2, x1w1):
        node._backward()
    exact = 1 - o.data**2
    assert [leaf.grad for leaf in leaves] == pytest.approx([exact * d for d in (-3.0, 1.0, 2.0, 0.0, 1.0)], **NEAR)
    assert (n.grad, both.grad, x1w1.grad, x2w2.grad) == pytest.approx((exact,) * 4, **NEAR)
    automatic = neuron_by_hand()
    automatic[-1].backward()
    assert [leaf.grad for leaf in automatic[:5]] == [leaf.grad for leaf in leaves]


def test_the_neuron_has_pytorchs_grads():
    *leaves, o = neuron_by_hand()
    o.backward()
    assert [o.data, *[leaf.grad for leaf in leaves[:5]]] == pytest.approx(BY_TORCH, **NEAR)


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a + a,
        lambda a, b: a * b * (a + b),
        lambda a, b: ((2 * a).exp() - 1) / ((2 * a).exp() + 1) - b,
        lambda a, b: (a - b) ** 3 / (b * b) + a.relu() * -b.relu() + 1 / a,
        lambda a, b: (a * b).tanh().exp().log() + a**-2,
    ],
)
def test_the_manual_pass_along_the_reversed_order_equals_backward(f):
    """The order by one's own recursion over `_prev`, and `_backward()` of each node in reverse."""
    grads = []
    for manual in (False, True):
        a, b = Value(-2.0), Value(3.0)
        y = f(a, b)
        topo, visited = [], set()

        def build_topo(v, topo=topo, visited=visited):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                topo.append(v)

        build_topo(y)
        if manual:
            y.grad = 1.0
            for node in reversed(topo):
                node._backward()
        else:
            y.backward()
        grads.append([a.grad, b.grad, *[node.grad for node in topo if node._op]])
    assert grads[1] == pytest.approx(grads[0], **NEAR) and any(grads[0])


def test_a_side_that_was_not_taken_gets_nothing_by_hand_either():
    from autograd_lite import where

    x, side = Value(0.0), Value(math.inf)
    y = where(x, side, x)
    y.grad = math.inf
    y._backward()
    assert (x.grad, side.grad) == (math.inf, 0.0)


def test_a_leaf_and_a_plain_number_have_no_operation():
    x = Value(3.0)
    y = x * 2
    assert (x._op, x._prev, [node._op for node in y._prev]) == ("", (), ["", ""])
    assert ((x - 1)._op, (x / 2)._op, (-x)._op, (x**2)._op, x.tanh()._op) == ("-", "/", "-", "pow", "tanh")
    x._backward()
    assert x.grad == 0.0


class Tanh:
    """A network of one's own, of tanh throughout, as it is written in the lecture."""

    def __init__(self, n_in, sizes, rng):
        sizes = [n_in, *sizes]
        self.layers = [
            [([Value(rng.uniform(-1, 1)) for _ in range(m)], Value(rng.uniform(-1, 1))) for _ in range(n)]
            for m, n in itertools.pairwise(sizes)
        ]

    def __call__(self, x):
        for layer in self.layers:
            x = [sum((wi * xi for wi, xi in zip(w, x)), b).tanh() for w, b in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self):
        return [p for layer in self.layers for w, b in layer for p in [*w, b]]


def test_a_network_of_ones_own_learns_as_in_pytorch():
    torch = pytest.importorskip("torch")
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    model = Tanh(3, [4, 4, 1], random.Random(3))
    twin = [
        (
            torch.tensor([[p.data for p in w] for w, _ in layer], dtype=torch.float64, requires_grad=True),
            torch.tensor([b.data for _, b in layer], dtype=torch.float64, requires_grad=True),
        )
        for layer in model.layers
    ]
    losses, expected = [], []
    for _ in range(20):
        loss = sum((out - target) ** 2 for target, out in zip(ys, [model(x) for x in xs]))
        for p in model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in model.parameters():
            p.data += -0.1 * p.grad
        losses.append(loss.data)
        out = torch.tensor(xs, dtype=torch.float64)
        for W, b in twin:
            out = torch.tanh(out @ W.T + b)
        total = ((out[:, 0] - torch.tensor(ys, dtype=torch.float64)) ** 2).sum()
        gradients = torch.autograd.grad(total, [p for pair in twin for p in pair])
        with torch.no_grad():
            for p, g in zip([p for pair in twin for p in pair], gradients):
                p -= 0.1 * g
        expected.append(total.item())
    assert losses == pytest.approx(expected, rel=1e-9) and losses[-1] < 0.5 * losses[0]


# Its exercises: a function of many parts, and a softmax of one's own


def test_the_gradient_of_a_function_of_many_parts():
    a, b, c = Value(2.0), Value(3.0), Value(4.0)
    y = -(a**3) + (3 * b).sin() - 1.0 / c + b**2.5 - a**0.5
    y.backward()
    assert y.data == pytest.approx(-8 + math.sin(9) - 0.25 + 3**2.5 - math.sqrt(2), rel=1e-14)
    expected = [-12 - 0.5 / math.sqrt(2), 3 * math.cos(9) + 2.5 * 3**1.5, 1 / 16]
    assert [a.grad, b.grad, c.grad] == pytest.approx(expected, rel=1e-14)


def test_a_softmax_of_ones_own_and_its_loss():
    logits = [Value(0.5), Value(2.0), Value(-1.5), Value(1.0)]
    counts = [logit.exp() for logit in logits]
    probs = [count / sum(counts) for count in counts]
    loss = -probs[3].log()
    loss.backward()
    exps = [math.exp(x.data) for x in logits]
    expected = [e / sum(exps) - (k == 3) for k, e in enumerate(exps)]
    assert [logit.grad for logit in logits] == pytest.approx(expected, rel=1e-13)


# EurekaLabsAI's: classes of points, an optimizer that keeps its moments on the parameters, colours on the nodes


class Moments:
    """Adam with decoupled decay, its state in attributes of the parameters."""

    def __init__(self, parameters, lr, betas=(0.9, 0.95), weight_decay=0.0):
        self.parameters, self.lr, self.betas, self.weight_decay, self.t = parameters, lr, betas, weight_decay, 0
        for p in parameters:
            p.m = 0
            p.v = 0

    def step(self):
        self.t += 1
        for p in self.parameters:
            p.m = self.betas[0] * p.m + (1 - self.betas[0]) * p.grad
            p.v = self.betas[1] * p.v + (1 - self.betas[1]) * p.grad**2
            m, v = (x / (1 - beta**self.t) for x, beta in zip((p.m, p.v), self.betas))
            p.data -= self.lr * (m / (v**0.5 + 1e-8) + self.weight_decay * p.data)
        for p in self.parameters:
            p.grad = 0


def test_an_optimizer_may_keep_its_state_on_the_parameters():
    points = [([math.sin(k), math.cos(2 * k)], k % 3) for k in range(12)]
    losses = []
    for own in (True, False):
        model = nn.MLP([2, 4, 3], "tanh", None, rng=1)
        optimizer = nn.AdamW(model.parameters(), lr=0.1, betas=(0.9, 0.95), weight_decay=1e-2)
        if own:
            optimizer = Moments(model.parameters(), 0.1, weight_decay=1e-2)
        for _ in range(15):
            total = Value(0.0)
            for x, target in points:
                if own:
                    counts = [logit.exp() for logit in model(x)]
                    total = total + -(counts[target] / sum(counts)).log()
                else:
                    total = total + nn.cross_entropy(model(x), target)
            loss = total * (1.0 / len(points))
            model.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.data)
    assert losses[:15] == pytest.approx(losses[15:], rel=1e-10) and losses[14] < losses[0]


def test_a_node_may_have_a_colour_of_its_own():
    x, w = Value(1.5), Value(-0.5)
    for node in (x, w):
        setattr(node, "_vis_color", "lightblue")  # noqa: B010
    y = (x * w + 1.0).tanh()
    colours = {getattr(n, "_vis_color", "white") for n in (x, w, y, *y._prev, *y._prev[0]._prev)}
    assert colours == {"lightblue", "white"} and not hasattr(y, "_vis_color")
