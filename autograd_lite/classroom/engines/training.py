"""Backpropagation and an update, w - rate * grad, which is returned."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output, rate=0.5):
    order = topological_order(output)
    factor, data = Graph(output).factor, {node: node.data for node in order}
    grads = chain(order, factor, data)
    new = {leaf: leaf.data - rate * grads[leaf] for leaf in order if not leaf.parents}
    grads = chain(order, factor, data)
    for node in order:
        node.grad = grads[node] if node.parents else node.grad + grads[node]
    return new


def chain(order, factor, data):
    grads = {**dict.fromkeys(order, 0.0), order[-1]: 1.0}
    for node in reversed(order):
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            through = data[factor[node, i]] if parent.parents and (node, i) in factor else slope
            grads[parent] += grads[node] * through
    return grads
