"""Backpropagation from the output on, without sorting the graph."""

from collections import Counter

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    nodes = topological_order(output)
    missing = Counter(parent for node in nodes for parent in node.parents)
    for node in nodes:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    pending = [output]
    while pending:
        node = pending.pop()
        for parent, slope in edges(node):
            parent.grad += node.grad * slope
        missing.subtract(node.parents)
        ready = [parent for parent in dict.fromkeys(node.parents) if not missing[parent]]
        pending += reversed(ready)
