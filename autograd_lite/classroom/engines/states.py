"""Backpropagation through time, from the last time step on."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. crossings: the edges back to the time step before."""
    crossings = set(Graph(output).crossings)
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    later = dict.fromkeys(order, 0.0)
    for node in reversed(order):
        node.grad += later[node]
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            if (node, i) in crossings:
                later[parent] += node.grad * slope
            else:
                parent.grad += node.grad * slope
