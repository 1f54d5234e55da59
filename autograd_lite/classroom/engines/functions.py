"""Backpropagation with rules of its own: z = f(x), and dz/dx."""

from math import cos, exp

from autograd_lite.backprop import topological_order

RULES = {
    "exp": lambda z, x: (exp(x),),
    "sin": lambda z, x: (cos(x),),
    "tanh": lambda z, x: (1 - z**2,),
    "sigmoid": lambda z, x: (z * (1 - z),),
}


def backward(output):
    """The derivative of the output by every node: added to the grad of leaves, set for all others."""
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for z in reversed(order):
        slopes = RULES[z.op](z.data, z.parents[0].data) if z.op in RULES else z.local_derivatives
        for parent, slope in zip(z.parents, slopes):
            parent.grad += z.grad * slope
