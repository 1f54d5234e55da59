"""A program in which each line that ends in `# wrong` is: a type checker says so of these, and of no other."""

import autograd_lite
from autograd_lite import Value, gradient, leaky_relu, linear, softmax, tanh
from autograd_lite import tnah  # wrong

v = Value(1.0)
v.tanhh()  # wrong
v.tanh(3)  # wrong
v.atan2()  # wrong
v.leaky_relu(slop=0.1)  # wrong
autograd_lite.tnah(v)  # wrong
tanh("a")  # wrong
tanh(v, v)  # wrong
leaky_relu(v, "a")  # wrong
print(v + "a")  # wrong
print("a" * v)  # wrong
Value("a")  # wrong
linear([v], [v])  # wrong
softmax(v)  # wrong
gradient(v, "x")  # wrong
v.grad = "a"  # wrong
text: str = tanh(v)  # wrong
number: float = v.tanh()  # wrong
node: Value = tanh(0.5)  # wrong
rows: list[float] = softmax([v])  # wrong
v.draw(collapsed=True)  # wrong
v.explain(3)  # wrong
tanh(v).exp().log1p().backward()
