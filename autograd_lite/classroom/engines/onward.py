"""Forward in time. P: how a node changes with each that it was computed from."""

from collections import defaultdict

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node. crossings: the edges from the time step before."""
    order, crossings, P = topological_order(output), set(Graph(output).crossings), {}
    for node in order:
        direct, before = defaultdict(float), defaultdict(float)
        for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
            part = before if (node, i) in crossings else direct
            for x, change in P[parent].items():
                part[x] += slope * change
        P[node] = {x: direct[x] + before[x] for x in [*direct, *before]}
        P[node][node] = 1.0
    for node in order:
        if node.parents:
            node.grad = 0.0
        node.grad += P[output].get(node, 0.0)
