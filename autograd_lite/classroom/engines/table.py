"""Backpropagation with a table of what has been found so far."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order = topological_order(output)
    found = {output: 1.0}
    for node in reversed(order):
        for parent, slope in edges(node):
            amount = found[node] * slope
            if parent in found:
                found[parent] += amount
            else:
                found[parent] = amount
    for node in order:
        if node.parents:
            node.grad = found.get(node, 0.0)
        else:
            node.grad += found.get(node, 0.0)
