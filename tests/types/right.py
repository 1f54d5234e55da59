"""A program of a user's, all of it right: a type checker has nothing to say."""

from collections.abc import Callable

import autograd_lite
from autograd_lite import (
    Program,
    Value,
    atan2,
    check_gradients,
    clamp,
    compile_program,
    detect_anomaly,
    dot,
    draw,
    explain,
    gradient,
    leaky_relu,
    linear,
    log_softmax,
    nll,
    no_grad,
    register,
    registered,
    softmax,
    sum_,
    tanh,
    topological_order,
    unregister,
)
from nn import MLP, mse

x, w, b = Value(2.0, "x"), Value(-0.5, label="w"), Value(1)
y: Value = tanh(w * x + b)
plain: float = tanh(0.5)
z: Value = y.leaky_relu(0.1) + y.tanh() - 2 * y**2 / 3.5 + abs(-y)
z = leaky_relu(y) + leaky_relu(y, slope=0.2) + atan2(x=x, y=2.0) + clamp(x, 0, high=w) + autograd_lite.abs(y)
net: Value = linear([w, w], [x, 1.0], b)
plain = dot([1.0, 2.0], [3.0, 4.0])
shares: list[Value] = softmax([x, w, 0.0])
total: Value = sum_(shares) + log_softmax([x, w])[0] + nll([x, w], 0)
mixed: list[Value | float] = [x, 1.0]
largest: Value = autograd_lite.max_(mixed)
total.backward()
first: Value = gradient(total, x)
both: list[Value] = gradient(total, [x, w])
number: float = first.data + x.grad + x.item()
nodes: list[Value] = topological_order(total)
text: str = str(explain(total, x)) + draw(total).svg() + str(total.steps()) + total.explain(w).latex()
with no_grad(), detect_anomaly():
    tanh(x)
table: dict[str, Callable[..., object]] = dict(autograd_lite.OPERATIONS)
bump = register("bump", "1 / (1 + x * x)", "-2 * x * z * z")
unregister("bump")
with registered("bump", "1 / (1 + x * x)", "-2 * x * z * z") as again:
    again(x)
program: Program = compile_program(total, [x, w], gradients_of=total)
compile_program({"z": z, "both": both}, {"x": x, "rest": [w, b]})
agree: bool = check_gradients(lambda x, y: x * y + x.tanh(), [x, 2.0])
for node in total.parents:
    print(node.label, node.op, node.local_derivatives, node < 2.0, f"{node:.3f}")
loss = mse(MLP([2, 3, 1], "tanh", rng=0)([0.5, 1.0]), [0.25])
loss.backward()
