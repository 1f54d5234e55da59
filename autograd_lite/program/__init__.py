"""A graph, recorded once, as a straight-line program: the backpropagation that a student would have written by hand.

There is no second generator of derivatives: what is printed is the graph of the outputs and that of `gradient`. In the order to
read them:

* `tape`: the graph as operations on numbers; `record`: with inputs, results and derivatives; `tracing`: a function as a graph;
  `operation`: one operation with its local derivatives;
* `spelling`: how operations are written; `dialects`: in each; `statements`: operations as lines;
* `names`, `writer`: these as a function in Python; `slots`: as it runs, if it is long;
* `program`: what a user holds; `runtime`, one for each dialect (`python`, `numpy`, `jax`, `c`, `javascript`); `arguments`;
* for long programs: `loops` finds what repeats; `rows` writes it for NumPy, `c_lines` and `c_source` in C, `lanes` for batches;
* `compiler`, `calling`: C as it runs.
"""

from .program import Program, compile_program
from .tracing import trace

__all__ = ["Program", "compile_program", "trace"]
