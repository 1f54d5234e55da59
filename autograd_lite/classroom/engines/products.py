"""Backpropagation through products and all else."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. other: of each factor of a product, the other one."""
    other = Graph(output).factor
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for i, parent in enumerate(node.parents):
            if (node, i) in other:
                slope = other[node, i].data
            else:
                slope = node.local_derivatives[i]
            parent.grad += node.grad * slope
