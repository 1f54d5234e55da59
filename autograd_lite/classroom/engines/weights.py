"""Backpropagation through time: what each time step gives for a weight, and then the weight's grad."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges
from autograd_lite.classroom.graphs import Graph


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order, time, uses = topological_order(output), Graph(output).time, Graph(output).uses
    times = {leaf: {time[use] for use, _ in uses[leaf] if use in time} for leaf in order if not leaf.parents}
    shares = {leaf: dict.fromkeys(several, 0.0) for leaf, several in times.items() if len(several) > 1}
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        for parent, slope in edges(node):
            if node in time and parent in shares:
                shares[parent][time[node]] += node.grad * slope
            else:
                parent.grad += node.grad * slope
    for leaf, share in shares.items():
        leaf.grad += sum(share.values())
