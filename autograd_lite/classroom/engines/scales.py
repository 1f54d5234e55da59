"""Backpropagation, with what only multiplies by a number apart: 0.5 * x, x / 3, -x."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. scaled: of an edge, the number that its operand is multiplied by."""
    scaled = Graph(output).scaled
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            if (node, i) in scaled:
                slope = scaled[node, i]
            parent.grad += node.grad * slope
