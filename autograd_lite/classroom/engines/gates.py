"""Backpropagation through gates: of a gate f and of 1 - f."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. factor: the other one of a product; complement: of f, 1 - f."""
    factor, complement = Graph(output).factor, Graph(output).complement
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            gate = factor.get((node, i))
            if gate in complement:
                slope = 1 - complement[gate].data
            parent.grad += node.grad * slope
