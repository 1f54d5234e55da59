"""Backpropagation through the larger and the smaller of two, or of many."""

from autograd_lite.backprop import topological_order

CHOICES = ("maximum", "minimum", "max_", "min_")


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        slopes = node.local_derivatives
        if node.op in CHOICES:
            chosen = [parent.data == node.data for parent in node.parents]
            slopes = [is_it / sum(chosen) for is_it in chosen]
        for parent, slope in zip(node.parents, slopes):
            parent.grad += node.grad * slope
