"""Backpropagation, with an account for each bias."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order = topological_order(output)
    deltas = {bias: [] for bias in Graph(output).biases}
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for parent, slope in edges(node):
            if parent in deltas:
                deltas[parent].append(node.grad)
            else:
                parent.grad += node.grad * slope
    for bias, found in deltas.items():
        bias.grad += sum(found)
