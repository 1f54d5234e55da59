"""Backpropagation and an update, w - rate * grad, which is returned."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output, rate=0.5):
    order, factor = topological_order(output), Graph(output).factor
    data = {node: node.data for node in order}
    chain(order, factor, data)
    new = {leaf: leaf.data - rate * leaf.grad for leaf in order if not leaf.parents}
    chain(order, factor, data)
    return new


def chain(order, factor, data):
    for node in order:
        node.grad = 0.0
    order[-1].grad = 1.0
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            through = data[factor[node, i]] if parent.parents and (node, i) in factor else slope
            parent.grad += node.grad * through
