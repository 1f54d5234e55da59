"""Backpropagation where something is added to what it was computed from."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.attention import residuals
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. around: the edges that go around what is added."""
    around = residuals(Graph(output))
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            if (node, i) not in around:
                parent.grad += node.grad * slope
            else:
                parent.grad += node.grad
