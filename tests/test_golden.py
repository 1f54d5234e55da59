"""The numbers of the engine and of feed-forward networks, computed elsewhere with 60 digits."""

import pytest
from golden import GOLDEN, flat

import nn
from autograd_lite import Value, exp, gradient, log, sigmoid, softmax, sum_, tanh, topological_order
from nn import MLP, cross_entropy, deltas, half_squared_error

# One pass: a handful of roundings of 1.1e-16 each
ONE_PASS = dict(rel=1e-15, abs=1e-17)
ENGINE = GOLDEN["engine"]


def diamond(a, b):
    s = a * b
    return (s + 1) * tanh(s) * sigmoid(s)


EXPRESSIONS = {
    "reused_node": lambda a, b: a * b + a * a + a,
    "diamond": diamond,
    "nndl_4_5_logistic": lambda x, w, b: 1 / (exp(-(w * x + b)) + 1),
    "power_div_log": lambda a, b: log(a**3 / (b + exp(a))) - (2 - a) / b,
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expression(name):
    case = ENGINE[name]
    inputs = {label: Value(data, label) for label, data in case["inputs"].items()}
    output = EXPRESSIONS[name](**inputs)
    output.backward()
    assert output.data == pytest.approx(case["value"], **ONE_PASS)
    assert {label: x.grad for label, x in inputs.items()} == pytest.approx(case["grad"], **ONE_PASS)
    derivatives = gradient(output, list(inputs.values()))
    assert [d.data for d in derivatives] == pytest.approx(list(case["grad"].values()), **ONE_PASS)


@pytest.mark.parametrize("function", [sigmoid, tanh])
def test_activation_and_derivative(function):
    for x, case in ENGINE[f"{function.__name__}_at"].items():
        node = Value(float(x))
        out = function(node)
        out.backward()
        assert (out.data, node.grad) == pytest.approx((case["value"], case["derivative"]), rel=1e-15, abs=0)


def test_softmax_of_large_logits():
    case = ENGINE["softmax_large_logits"]
    logits = [Value(x) for x in case["logits"]]
    assert [p.data for p in softmax(logits)] == case["softmax"]
    assert cross_entropy(logits, case["target"]).data == case["cross_entropy"]
    assert cross_entropy(logits, 1).data == case["cross_entropy_target_1"]


def network(case):
    """The MLP of a case and its loss as a function of the outputs and the targets."""
    losses = {
        "quadratic": half_squared_error,
        "ce": lambda a, y: cross_entropy(a, y, logits=False),
        "bce": nn.binary_cross_entropy,
    }
    mlp = MLP(case["sizes"], case["hidden_activation"], case["output_activation"], weights=case["w"], biases=case["b"])
    return mlp, losses[case["cost"]]


@pytest.mark.parametrize("name", GOLDEN["mlp"])
def test_mlp_forward_deltas_and_gradients(name):
    case = GOLDEN["mlp"][name]
    mlp, loss = network(case)
    x = [Value(number) for number in case["x"]]
    a = mlp(x)
    cost = loss(a, case["y"])
    assert [out.data for out in a] == pytest.approx(case["a"][-1], **ONE_PASS)
    assert cost.data == pytest.approx(case["C"], **ONE_PASS)
    # a difference of nearly equal terms loses a digit or two: 1e-15 of the largest delta
    assert list(deltas(mlp, cost).values()) == pytest.approx(flat(case["delta"]), rel=1e-15, abs=3e-16)
    # a - y: the rounding of a stays when most of it is subtracted
    assert [d.data for d in gradient(cost, a)] == pytest.approx(case["dC_da_output"], rel=1e-15, abs=1e-16)
    cost.backward()
    for layer, grad_w, grad_b in zip(mlp.layers, case["grad_w"], case["grad_b"]):
        assert [w.grad for neuron in layer.neurons for w in neuron.weights] == pytest.approx(flat(grad_w), rel=1e-15, abs=3e-16)
        assert [neuron.bias.grad for neuron in layer.neurons] == pytest.approx(grad_b, rel=1e-15, abs=3e-16)
    assert [node.grad for node in x] == pytest.approx(case["grad_x"], rel=1e-15, abs=3e-16)


@pytest.mark.parametrize("name", [name for name in GOLDEN["mlp"] if "softmax_ce" in name])
def test_cross_entropy_of_logits_is_that_of_probabilities(name):
    case = GOLDEN["mlp"][name]
    mlp = MLP(case["sizes"], case["hidden_activation"], None, weights=case["w"], biases=case["b"])
    cost = cross_entropy(mlp(case["x"]), case["y"])
    assert cost.data == pytest.approx(case["C"], **ONE_PASS)
    assert list(deltas(mlp, cost).values()) == pytest.approx(flat(case["delta"]), rel=1e-15, abs=3e-16)


@pytest.mark.parametrize("name", GOLDEN["mlp"])
def test_output_jacobian(name):
    case = GOLDEN["mlp"][name]
    mlp, _ = network(case)
    a = mlp(case["x"])
    nets = [out.parents[0] for out in a]
    if case["output_activation"] == "softmax":
        nets = [net for net in topological_order(sum_(a)) if net.label.startswith("net_o")]
    assert [d.data for out in a for d in gradient(out, nets)] == pytest.approx(
        flat(case["jacobian_da_k_dz_j_output"]), rel=1e-15, abs=1e-16
    )


@pytest.mark.parametrize("name", GOLDEN["mlp"])
def test_gradient_descent_on_weights_and_biases(name):
    case = GOLDEN["mlp"][name]
    mlp, loss = network(case)
    optimizer = nn.SGD(mlp.parameters(), lr=case["gradient_descent"]["eta"])
    history = nn.train(mlp, [(case["x"], case["y"])], loss, optimizer=optimizer, steps=10, progress=False)
    assert history.losses[1:] == pytest.approx(case["gradient_descent"]["C"], rel=1e-14)
