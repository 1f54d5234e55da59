"""Backpropagation through rectifiers: out is net above 0, else 0."""

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
        ways = edges(node)
        if node.op == "relu":
            net = node.parents[0]
            ways = [(net, 1.0)] if net.data > 0 else []
        for parent, slope in ways:
            parent.grad += node.grad * slope
