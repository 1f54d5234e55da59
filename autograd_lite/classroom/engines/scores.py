"""Backpropagation through attention: a score is the product of a query and a key, scaled."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.attention import scales
from autograd_lite.classroom.engines import edges
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. scale: of a score, the number that the product is multiplied by."""
    scale = scales(Graph(output))
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for parent, slope in edges(node):
            if node in scale:
                slope = scale[node]
            parent.grad += node.grad * slope
