"""Backpropagation through functions of functions: f(g(x))."""

from autograd_lite.backprop import topological_order
from autograd_lite.classroom.engines import edges, slope
from autograd_lite.classroom.graphs import Graph
from autograd_lite.ops import ROWS


def backward(output):
    """The derivative of the output by every node. variable(f): which operand of f is no plain number, if it is one."""
    order, variable = topological_order(output), Graph(output).variable
    for node in order:
        if node.parents:
            node.grad = 0.0
    output.grad += 1.0
    for f in reversed(order):
        ways, i = edges(f), variable(f)
        if i is not None and f.op in ROWS:
            g = f.parents[i]
            k = variable(g)
            if k is not None:
                ways = [(g, slope(f, g.data))]
        for parent, derivative in ways:
            parent.grad += f.grad * derivative
