"""`Neuron`, `Layer`, `MLP` against formulas by hand; the deltas against the matrix recursion."""

import itertools
import math
import pickle
import random

import pytest

from autograd_lite import Value, topological_order
from nn import MLP, Layer, Module, Neuron, cross_entropy, deltas, half_squared_error

# a sum of up to six products of size 1, in another order
EXACT = dict(rel=1e-14, abs=1e-15)


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


# a and da/dz
ACTIVATIONS = {
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
    None: (lambda z: z, lambda z: 1.0),
}


def data(values):
    return [value.data for value in values]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_neuron_is_the_activation_of_the_weighted_sum(activation):
    neuron = Neuron(3, activation, weights=[0.5, -1.0, 2.0], bias=0.25)
    xs = [Value(1.0), Value(-2.0), Value(0.75)]
    z = 0.5 * 1.0 + 2.0 + 1.5 + 0.25
    a, slope = (f(z) for f in ACTIVATIONS[activation])
    out = neuron(xs)
    assert out.data == pytest.approx(a, rel=1e-15)
    out.backward()
    assert [w.grad for w in neuron.weights] == pytest.approx([slope * x.data for x in xs], **EXACT)
    assert neuron.bias.grad == pytest.approx(slope, **EXACT)
    assert [x.grad for x in xs] == pytest.approx([slope * w.data for w in neuron.weights], **EXACT)


def test_net_of_a_neuron_is_one_linear_node():
    neuron = Neuron(2, "tanh", name="h1", weights=[1.0, -1.0], bias=0.5)
    out = neuron([2.0, 3.0])
    (net,) = out.parents
    assert (out.op, out.label, net.op, net.label, net.data) == ("tanh", "out_h1", "linear", "net_h1", -0.5)
    assert {id(p) for p in neuron.parameters()} < {id(p) for p in net.parents}
    assert len(net.parents) == 5
    assert [p.label for p in neuron.parameters()] == ["w_h1_1", "w_h1_2", "b_h1"]


def test_activation_may_be_a_function_of_several_steps():
    neuron = Neuron(1, lambda z: z * z + 1.0, name="q", weights=[3.0])
    out = neuron([2.0])
    assert (out.data, out.label) == (37.0, "out_q")


def test_without_activation_the_out_is_the_net():
    out = Neuron(1, None, name="o1", weights=[3.0])([2.0])
    assert (out.data, out.op, out.label) == (6.0, "linear", "net_o1")


def test_layer_is_activation_of_w_a_plus_b():
    rows, biases = [[1.0, 2.0], [3.0, 4.0], [-5.0, 6.0]], [0.1, 0.2, 0.3]
    outs = Layer(2, 3, None, weights=rows, bias=biases)([0.5, -1.0])
    assert data(outs) == pytest.approx([0.5 - 2.0 + 0.1, 1.5 - 4.0 + 0.2, -2.5 - 6.0 + 0.3], rel=1e-15)


def test_layer_names_its_units():
    outs = Layer(1, 2, names=["left", "right"], weights=[[1.0], [2.0]])([1.0])
    assert [out.label for out in outs] == ["out_left", "out_right"]
    assert [out.parents[0].label for out in outs] == ["net_left", "net_right"]


def test_softmax_layer_is_over_all_units():
    outs = Layer(1, 3, "softmax", names=["o1", "o2", "o3"], weights=[[1.0], [2.0], [-1.0]], bias=[0.0, 0.5, 1.0])([2.0])
    exps = [math.exp(z) for z in (2.0, 4.5, -1.0)]
    assert data(outs) == pytest.approx([e / sum(exps) for e in exps], rel=1e-14)
    assert [out.label for out in outs] == ["out_o1", "out_o2", "out_o3"]


@pytest.mark.parametrize(
    "sizes, units",
    [
        ([2, 3], ["o1", "o2", "o3"]),
        ([2, 2, 2], ["h1", "h2", "o1", "o2"]),
        ([2, 2, 1, 2], ["h1_1", "h1_2", "h2_1", "o1", "o2"]),
        ([1, 1, 2, 1, 1], ["h1_1", "h2_1", "h2_2", "h3_1", "o1"]),
    ],
)
def test_labels_and_one_linear_node_for_each_unit(sizes, units):
    mlp = MLP(sizes, rng=0)
    nodes = topological_order(half_squared_error(mlp([1.0] * sizes[0]), [0.0] * sizes[-1]))
    assert [node.label for node in nodes if node.op == "linear"] == [f"net_{unit}" for unit in units]
    assert [node.label for node in nodes if node.op == "sigmoid"] == [f"out_{unit}" for unit in units]
    leaves = {node.label for node in nodes if not node.parents}
    assert {f"i{k + 1}" for k in range(sizes[0])} | {p.label for p in mlp.parameters()} <= leaves
    assert len(mlp.parameters()) == sum((m + 1) * n for m, n in itertools.pairwise(sizes))


def test_inputs_that_are_values_are_used_as_they_are():
    x = Value(2.0, "temperature")
    out = MLP([1, 1], output_activation=None, weights=[[[3.0]]])([x])[0]
    out.backward()
    assert (x.label, x.grad) == ("temperature", 3.0)


def test_activation_for_each_layer():
    mlp = MLP([1, 2, 1, 1], ["relu", "tanh"], None, rng=0)
    assert [layer.activation for layer in mlp.layers] == ["relu", "tanh", None]
    assert [layer.activation for layer in MLP([1, 2, 1, 1], "tanh").layers] == ["tanh", "tanh", "sigmoid"]


@pytest.mark.parametrize("bias", [0.35, Value(0.35, "b1")])
def test_shared_bias_is_one_parameter_with_the_summed_gradient(bias):
    layer = Layer(1, 3, None, weights=[[1.0], [2.0], [3.0]], bias=bias, shared_bias=True)
    assert len(layer.parameters()) == 4
    assert len({neuron.bias for neuron in layer.neurons}) == 1
    outs = layer([1.0])
    (2 * outs[0] + 3 * outs[1] - 7 * outs[2]).backward()
    assert layer.neurons[0].bias.grad == 2 + 3 - 7


def test_shared_bias_of_an_mlp_is_one_for_each_layer():
    mlp = MLP([2, 3, 2], shared_bias=True, biases=[0.35, 0.6], rng=0)
    assert len(mlp.parameters()) == 6 + 1 + 6 + 1
    assert [layer.neurons[-1].bias.data for layer in mlp.layers] == [0.35, 0.6]


def test_labels_of_shared_biases():
    assert Layer(1, 2, shared_bias=True).neurons[0].bias.label == "b"
    labels = [layer.neurons[0].bias.label for layer in MLP([1, 2, 2, 2], shared_bias=True).layers]
    assert labels == ["b_h1", "b_h2", "b_o"]


def test_weights_and_biases_may_be_arrays():
    np = pytest.importorskip("numpy", reason="arrays need NumPy")
    outs = Layer(2, 2, None, weights=np.array([[1.0, 2.0], [3.0, 4.0]]), bias=np.array([0.5, 0.25]))(np.array([1.0, -1.0]))
    assert data(outs) == [-0.5, -0.75]


def test_given_weights_are_kept_values_as_themselves():
    w, b = Value(0.5, "mine"), Value(0.0, "my b")
    mlp = MLP([2, 2, 1], weights=[[[w, 1.0], [w, 2.0]], [[3, w]]], biases=[[b, 0.0], b])
    assert [[data(neuron.weights) for neuron in layer.neurons] for layer in mlp.layers] == [
        [[0.5, 1.0], [0.5, 2.0]],
        [[3.0, 0.5]],
    ]
    assert mlp.layers[0].neurons[1].weights[0] is w is mlp.layers[1].neurons[0].weights[1]
    assert mlp.layers[0].neurons[0].bias is b is mlp.layers[1].neurons[0].bias
    assert (w.label, b.label, len(mlp.parameters())) == ("mine", "my b", 9 - 2 - 1)


@pytest.mark.parametrize("zero", [0, 0.0, [0.0, 0.0], Value(0.0)])
def test_a_bias_of_zero_stays_zero(zero):
    layer = Layer(1, 2, bias=zero, rng=3)
    assert [neuron.bias.data for neuron in layer.neurons] == [0.0, 0.0]
    assert data(Neuron(3, weights=[0.0, 0, 0.0]).weights) == [0.0] * 3


def test_biases_are_zero_and_not_shared_unless_given():
    biases = [neuron.bias for neuron in Layer(2, 3).neurons]
    assert data(biases) == [0.0] * 3 and len(set(biases)) == 3


def test_the_same_seed_gives_the_same_weights():
    def drawn(rng):
        return data(MLP([3, 4, 2], rng=rng).parameters())

    assert drawn(7) == drawn(7) == drawn(random.Random(7)) != drawn(8)
    assert drawn(None) != drawn(None)
    rng = random.Random(7)
    assert drawn(rng) != drawn(rng)
    random.seed(1)
    state = random.getstate()
    drawn(7), drawn(None)
    assert random.getstate() == state  # the global generator is left alone


@pytest.mark.parametrize(
    "init, largest, variance",
    [
        ("xavier", math.sqrt(6 / (100 + 50)), 2 / (100 + 50)),
        ("he", math.inf, 2 / 100),
        ("uniform", 1 / math.sqrt(100), 1 / (3 * 100)),
    ],
)
def test_spread_of_the_initial_weights(init, largest, variance):
    """Of 5000 draws the variance is within 4 % or so (two standard deviations of it, for the normal ones); twice that."""
    weights = [w.data for neuron in Layer(100, 50, init=init, rng=0).neurons for w in neuron.weights]
    assert len(set(weights)) == 5000
    assert sum(w * w for w in weights) / 5000 == pytest.approx(variance, rel=0.08)
    assert abs(sum(weights) / 5000) < 4 * math.sqrt(variance / 5000)  # four standard deviations
    assert max(map(abs, weights)) <= largest
    assert largest == math.inf or max(map(abs, weights)) > 0.98 * largest
    tails = sum(abs(w) > 2 * math.sqrt(variance) for w in weights)
    assert 150 < tails < 300 if init == "he" else tails == 0  # 4.6 % of a normal distribution, none of a uniform one


def test_init_is_xavier_unless_given():
    assert data(Layer(3, 2, rng=5).parameters()) == data(Layer(3, 2, init="xavier", rng=5).parameters())
    assert data(MLP([3, 2], rng=5).parameters()) != data(MLP([3, 2], init="he", rng=5).parameters())


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Neuron(0), r"neuron '1' needs at least one input, got 0"),
        (lambda: Neuron(2, weights=[1.0]), r"neuron '1' has 2 inputs, but 1 weights are given"),
        (lambda: Neuron(2, name="h7")([1.0]), r"neuron 'h7' has 2 inputs, got 1"),
        (lambda: Neuron(2).net([Value(1.0)] * 3), r"neuron '1' has 2 inputs, got 3"),
        (lambda: Neuron(2, init="zeros"), r"unknown init 'zeros': one of xavier, he, uniform"),
        (lambda: Neuron(2, "sigmoids"), r"unknown activation 'sigmoids': a name such as 'sigmoid', 'tanh' or 'relu'"),
        (lambda: Neuron(2, "softmax"), r"unknown activation 'softmax'"),
        (lambda: Neuron(2, "backward"), r"unknown activation 'backward'"),
        (lambda: Neuron(2, "mul"), r"unknown activation 'mul'"),
        (lambda: Neuron(2, 3), r"unknown activation 3"),
        (lambda: Layer(2, 0), r"a layer needs at least one unit, got 0"),
        (lambda: Layer(2, 2, names=["a"]), r"a layer of 2 units needs as many names, got 1"),
        (lambda: Layer(2, 2, weights=[[1.0, 2.0]]), r"a layer of 2 units needs as many rows of weights, got 1"),
        (lambda: Layer(2, 2, weights=[[1.0, 2.0], [1.0]]), r"neuron '2' has 2 inputs, but 1 weights are given"),
        (lambda: Layer(2, 2, bias=[0.0] * 3), r"a layer of 2 units needs as many biases, got 3"),
        (lambda: Layer(1, 2, bias=[1.0, 2.0], shared_bias=True), r"a layer with a shared bias has one bias, got 2"),
        (lambda: Layer(2, 2, "softmax")([1.0]), r"neuron '1' has 2 inputs, got 1"),
        (lambda: MLP([2]), r"an MLP needs the sizes of its input and of at least one layer, got \[2\]"),
        (lambda: MLP([2, 2, 1], ["tanh", "tanh"]), r"an MLP of 1 hidden layers needs as many activations, got 2"),
        (lambda: MLP([2, 1], weights=[]), r"an MLP of 1 layers needs as many weight matrices, got 0"),
        (lambda: MLP([2, 1], biases=[0.0, 0.0]), r"an MLP of 1 layers needs as many biases, got 2"),
        (lambda: MLP([2, 0, 1]), r"a layer of an MLP needs at least one unit, got 0"),
        (lambda: MLP([2, 2, 1])([1.0]), r"neuron 'h1' has 2 inputs, got 1"),
    ],
)
def test_what_does_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_repr_of_each():
    assert repr(Neuron(2, math.tanh, name="h1")) == "Neuron('h1', 2 inputs, tanh)"
    assert repr(Neuron(2, None)) == "Neuron('1', 2 inputs, linear)"
    assert repr(Layer(2, 3, "softmax")) == "Layer(2 -> 3, softmax)"
    assert repr(MLP([2, 3, 1], "relu")) == "MLP(\n  (layers.0): Layer(2 -> 3, relu)\n  (layers.1): Layer(3 -> 1, sigmoid)\n)"


# Deltas -------------------------------------------------------------------------------------------------------------


def matrix_recursion(mlp, x, y, hidden, output):
    """delta^L = (a - y) * act'(z), or for softmax with the cross-entropy a sum(y) - y;
    delta^l = (W^{l+1})^T delta^{l+1} * act'(z^l): in plain numbers, layer by layer. Also the outputs of all layers."""
    weights = [[data(neuron.weights) for neuron in layer.neurons] for layer in mlp.layers]
    zs, activations = [], [x]
    for k, (w, layer) in enumerate(zip(weights, mlp.layers)):
        a = activations[-1]
        zs.append([sum(w_jk * a_k for w_jk, a_k in zip(row, a)) + n.bias.data for row, n in zip(w, layer.neurons)])
        if k == len(weights) - 1 and output == "softmax":
            total = sum(math.exp(z) for z in zs[-1])
            activations.append([math.exp(z) / total for z in zs[-1]])
        else:
            act = ACTIVATIONS[output if k == len(weights) - 1 else hidden][0]
            activations.append([act(z) for z in zs[-1]])
    if output == "softmax":
        delta = [a_j * sum(y) - y_j for a_j, y_j in zip(activations[-1], y)]
    else:
        delta = [(a_j - y_j) * ACTIVATIONS[output][1](z_j) for a_j, y_j, z_j in zip(activations[-1], y, zs[-1])]
    found = [delta]
    for w, z in zip(reversed(weights[1:]), reversed(zs[:-1])):
        slopes = [ACTIVATIONS[hidden][1](z_j) for z_j in z]
        delta = [sum(w[k][j] * delta[k] for k in range(len(w))) * slopes[j] for j in range(len(z))]
        found.insert(0, delta)
    return found, activations


def example(sizes, hidden, output):
    rng = random.Random(11)
    biases = [[rng.uniform(-1, 1) for _ in range(n)] for n in sizes[1:]]
    mlp = MLP(sizes, hidden, output, rng=rng, biases=biases)
    x, y = [rng.uniform(-1, 1) for _ in range(sizes[0])], [rng.random() for _ in range(sizes[-1])]
    loss = (lambda a: cross_entropy(a, y, logits=False)) if output == "softmax" else (lambda a: half_squared_error(a, y))
    return mlp, x, y, loss


@pytest.mark.parametrize("hidden, output", [("sigmoid", "sigmoid"), ("tanh", None), ("relu", "softmax"), ("sigmoid", "softmax")])
@pytest.mark.parametrize("sizes", [[3, 2], [2, 2, 2], [2, 4, 3], [1, 5, 1], [3, 2, 4, 2], [2, 3, 1, 4, 3]], ids=str)
def test_deltas_are_those_of_the_matrix_recursion(sizes, hidden, output):
    mlp, x, y, loss = example(sizes, hidden, output)
    error = loss(mlp(x))
    found = deltas(mlp, error)
    expected, activations = matrix_recursion(mlp, x, y, hidden, output)
    assert list(found.values()) == pytest.approx([d for layer in expected for d in layer], **EXACT)
    assert list(found) == [f"net_{neuron.name}" for layer in mlp.layers for neuron in layer.neurons]
    # backward() gives the same at the nets, and from them the gradients: delta_j a_k for the weights, delta_j for the biases
    error.backward()
    nets = {node.label: node.grad for node in topological_order(error) if node.op == "linear"}
    assert found == pytest.approx(nets, **EXACT)
    for layer, delta, a in zip(mlp.layers, expected, activations):
        for neuron, d in zip(layer.neurons, delta):
            assert [w.grad for w in neuron.weights] == pytest.approx([d * a_k for a_k in a], **EXACT)
            assert neuron.bias.grad == pytest.approx(d, **EXACT)


def test_deltas_leave_grads_as_they_are():
    mlp, x, _, loss = example([2, 3, 2], "tanh", None)
    error = loss(mlp(x))
    nodes = topological_order(error)
    for k, node in enumerate(nodes):
        node.grad = float(k)
    deltas(mlp, error)
    assert [node.grad for node in nodes] == list(range(len(nodes)))


@pytest.mark.parametrize("sizes", [[2, 2], [2, 3, 2]], ids=str)
def test_deltas_refuse_a_loss_over_several_calls(sizes):
    mlp, x, _, loss = example(sizes, "tanh", None)
    with pytest.raises(ValueError, match=r"the loss is from several calls of the model: net_\w+ is there twice"):
        deltas(mlp, loss(mlp(x)) + loss(mlp([0.0, 1.0])))


def test_deltas_refuse_a_loss_of_different_units_in_two_calls():
    mlp = MLP([1, 2], rng=0)
    with pytest.raises(ValueError, match="several calls of the model: units of one layer have different inputs"):
        deltas(mlp, mlp([1.0])[0] + mlp([2.0])[1])


def test_deltas_refuse_a_loss_that_is_not_the_models():
    mlp, x, _, loss = example([2, 3, 2], "tanh", None)
    with pytest.raises(ValueError, match="the loss was not computed from this model"):
        deltas(mlp, Value(2.0) * 3)
    with pytest.raises(ValueError, match="the loss was not computed from this model"):
        deltas(MLP([2, 3, 2], "tanh", None, rng=1), loss(mlp(x)))


def test_delta_of_a_unit_that_the_loss_does_not_see_is_zero():
    mlp = MLP([1, 1, 2], None, None, weights=[[[2.0]], [[3.0], [5.0]]])
    assert deltas(mlp, mlp([1.0])[1]) == {"net_h1": 5.0, "net_o1": 0.0, "net_o2": 1.0}


def test_deltas_of_layers_in_a_module_of_ones_own():
    """Whose units have the names 1, 2, ... in each layer, unless given: then there is no telling them apart."""

    class Two(Module):
        def __init__(self):
            self.first, self.second = Layer(1, 2, None, weights=[[1.0], [2.0]]), Layer(2, 1, None, weights=[[3.0, 5.0]])

        def forward(self, x):
            return self.second(self.first(x))

    model = Two()
    with pytest.raises(ValueError, match="two units have the same name: give each layer its `names`"):
        deltas(model, model([1.0])[0])
    for letter, layer in zip("ho", (model.first, model.second)):
        for j, neuron in enumerate(layer.neurons, 1):
            neuron.name = f"{letter}{j}"
    assert deltas(model, model([1.0])[0]) == {"net_h1": 3.0, "net_h2": 5.0, "net_o1": 1.0}


def test_a_model_with_linear_outputs_pickles():
    model = MLP([2, 3, 1], None, None, rng=0)
    assert pickle.loads(pickle.dumps(model)).state_dict() == model.state_dict()


def test_sizes_and_inputs_are_lists():
    with pytest.raises(TypeError, match=r"sizes is one list.* MLP\(\[2, 16, 1\]\); got 2"):
        MLP(2, "relu")
    with pytest.raises(TypeError, match=r"the inputs are a list of numbers or Values, got 1\.0"):
        MLP([1, 1])(1.0)


@pytest.mark.parametrize("make", [lambda: MLP([2, 3, 1]), lambda: MLP(2, [3, 1]), lambda: Layer(2, 3), lambda: Neuron(2)])
def test_several_examples_at_once_are_said_to_be(make):
    with pytest.raises(TypeError, match=r"those of one example: \[model\(x\) for x in X\] of several; got \[\[1.0, "):
        make()([[1.0, 2.0], [3.0, 4.0]])
