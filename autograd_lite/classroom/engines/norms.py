"""Backpropagation through norms: numbers that are each scaled by what was computed from all of them."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.attention import norms
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. scaled: the edges to the scale from what it scales."""
    scaled = norms(Graph(output))
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    by_scale = dict.fromkeys(order, 0.0)
    for node in reversed(order):
        node.grad += by_scale[node]
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            if (node, i) in scaled:
                by_scale[parent] += node.grad * slope
            else:
                parent.grad += node.grad * slope
