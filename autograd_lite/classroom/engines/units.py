"""Backpropagation, unit by unit: out = f(net)."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges, slope
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. slope(out, x): that of the activation of `out` at x."""
    activations = Graph(output).activations
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for out in reversed(order):
        if out in activations:
            net = out.parents[0]
            net.grad += out.grad * slope(out, net.data)
        else:
            for parent, derivative in edges(out):
                parent.grad += out.grad * derivative
