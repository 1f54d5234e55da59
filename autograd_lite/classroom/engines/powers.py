"""Backpropagation through powers: z = x**n."""

from autograd_lite.backprop import topological_order


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        slopes = list(node.local_derivatives)
        if node.op in ("pow", "square"):
            x, n = [parent.data for parent in node.parents] if node.op == "pow" else (node.parents[0].data, 2)
            if x != 0:
                slopes[0] = n * x ** (n - 1)
        for parent, slope in zip(node.parents, slopes):
            parent.grad += node.grad * slope
