"""Backpropagation as in a training loop: two rounds, at the same numbers."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges


def backward(output):
    """The grads after the second round."""
    order = topological_order(output)
    for _ in range(2):
        forget(order)
        output.grad = 1.0
        for node in reversed(order):
            for parent, slope in edges(node):
                parent.grad += node.grad * slope


def forget(order):
    """What a round needs before it begins."""
    for node in order:
        node.grad = 0.0
