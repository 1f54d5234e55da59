"""Backpropagation from cross-entropies: of classes, with p = softmax(x), and of yes or no, with p = sigmoid(x)."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph
from autograd_lite.engine.many import softmax


def backward(output):
    """The derivative of the output by every node. nll: of the first class, softplus: of no. t: the target."""
    order, costs = topological_order(output), Graph(output).costs
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        slopes = node.local_derivatives
        if node in costs and node.op in ("nll", "softplus"):
            xs = [x.data for x in node.parents] + [0.0] * (node.op == "softplus")
            ts = [float(node.op == "nll")] + [0.0] * len(xs)
            slopes = [p - t for p, t in zip(softmax(xs), ts)]
        for parent, slope in zip(node.parents, slopes):
            parent.grad += node.grad * slope
