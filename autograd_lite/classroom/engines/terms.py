"""Backpropagation from the sum of several terms, or from their average."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. terms: the edges of the sum, or that which divides it by n."""
    terms, n = Graph(output).terms
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            if (node, i) in terms:
                slope = 1.0 if slope == 1.0 else 1 / n
            parent.grad += node.grad * slope
