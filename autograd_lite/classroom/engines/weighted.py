"""Backpropagation through units, out = f(net): to each weight, that of its net times the other factor."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. products: of a net, by edge, the other factor."""
    graph, way = Graph(output), {}
    weights = set(graph.leaves()) - graph.data
    for net, products in graph.sums.items():
        out = graph.activation_of(net)
        for edge, x in products.items():
            if out is not None and graph.operand(edge) in weights:
                way[edge] = x.data
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            parent.grad += node.grad * way.get((node, i), slope)
