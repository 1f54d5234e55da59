"""Backpropagation through layers: units, and what is below."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. weight, product: of unit and input, what and where."""
    graph, way = Graph(output), {}
    for units, inputs, weight, product in graph.layers:
        for j, unit in enumerate(units):
            for k, below in enumerate(inputs):
                way[product[unit, below], below] = weight[units[j], inputs[k]].data
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for parent, slope in edges(node):
            parent.grad += node.grad * way.get((node, parent), slope)
