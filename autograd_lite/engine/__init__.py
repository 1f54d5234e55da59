"""What makes the table run, fast and safely: a room that a learner may skip. It is given the class of nodes.

In the order of reading:

* `node`: how a node keeps its operands; `scope`: the part of a model that it is of; `errors`: errors that teach, and what counts
  as a number; `elsewhere`: what other engines call the parts of a node;
* `on_floats`: operations on floats, also at singular points; `families`: those over many operands;
* `source`: a row as a function in Python; `eager`: these functions on Values, and what they do where a straight line does not;
  `many`: operations over many operands; `together`: many nodes, read and set at once; `documentation`: what `help` says of them;
* `backward`: the pass of `Value.backward`; `modes`: `no_grad` and others; `recording`: the guard of a function that is recorded.
"""

import sys

if sys.implementation.name != "cpython":
    raise ImportError(
        f"autograd_lite needs CPython, 3.10 or later, and this is {sys.implementation.name}: graphs and modes have to end "
        "as soon as nothing refers to them. Python from python.org, and Pyodide in a browser, are CPython"
    )
