"""Backpropagation through softmax: p = exp(x) / (exp(x) + the sum of exp of the others)."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        ways, p = edges(node), node.data
        if node.op == "softmax" and ways:
            (x, _), *others = ways
            ways = [(x, p * (1 - p)), *others]
        for parent, slope in ways:
            parent.grad += node.grad * slope
