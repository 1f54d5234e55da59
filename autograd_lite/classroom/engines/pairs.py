"""Backpropagation, edge by edge."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges


def pairs(node):
    """From a node to its operands: each with the local derivative by it."""
    return edges(node)


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for parent, slope in pairs(node):
            parent.grad += node.grad * slope
