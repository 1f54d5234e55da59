"""Backpropagation through time, over the crossings: the edges back to the time step before."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order, time, crossings = topological_order(output), Graph(output).time, set(Graph(output).crossings)
    times = sorted({time[node] for node, _ in crossings}, reverse=True)
    reached = times
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            if (node, i) not in crossings or time[node] in reached:
                parent.grad += node.grad * slope
