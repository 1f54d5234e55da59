"""Backpropagation with rules of its own: z = op(x, y), and dz/dx, dz/dy."""

from autograd_lite.backprop import topological_order

RULES = {
    "add": lambda z, x, y: (1.0, 1.0),
    "sub": lambda z, x, y: (1.0, -1.0),
    "neg": lambda z, x: (-1.0,),
    "mul": lambda z, x, y: (y, x),
    "div": lambda z, x, y: (1 / y, -x / y**2),
    "reciprocal": lambda z, x: (-1 / x**2,),
}


def backward(output):
    order = topological_order(output)
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for z in reversed(order):
        numbers = [parent.data for parent in z.parents]
        slopes = RULES[z.op](z.data, *numbers) if z.op in RULES else z.local_derivatives
        for parent, slope in zip(z.parents, slopes):
            parent.grad += z.grad * slope
