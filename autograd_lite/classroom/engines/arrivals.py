"""Backpropagation: what arrives at a node is kept until all of it is there."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order = topological_order(output)
    arrived = {node: [] for node in order}
    arrived[output].append(1.0)
    for node in reversed(order):
        adjoint = together(arrived[node]) if arrived[node] else 0.0
        for parent, slope in edges(node):
            arrived[parent].append(adjoint * slope)
        node.grad = adjoint if node.parents else node.grad + adjoint


def together(amounts):
    """One number from all that has arrived."""
    return sum(amounts)
