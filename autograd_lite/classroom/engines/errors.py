"""Backpropagation from the error of outputs and targets."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. errors: differences of a target and an output, which is operand i."""
    errors = Graph(output).errors
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            if (node, i) in errors:
                slope = 1.0 if i == 0 else -1.0
            parent.grad += node.grad * slope
