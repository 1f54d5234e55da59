"""Backpropagation, node by node."""

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
        send_back(node)


def send_back(node):
    """To each operand: the node's grad times its local derivative by the operand."""
    for parent, slope in edges(node):
        parent.grad += node.grad * slope
