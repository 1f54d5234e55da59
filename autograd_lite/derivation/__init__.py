"""Derivations as a textbook prints them, of any graph: `explain`.

In reading order:

* `expressions`: what a person would write for a formula or a rule of the table;
* `markup`: plain text, LaTeX and MathML of names, numbers and the parts of an expression;
* `notation`: the names of the nodes of a graph, and how expressions of them are written;
* `equations`: symbolic = with the numbers in = result, and `derivation`: sections of them;
* `paths`: the derivative of an output by a node, put together along the paths between them;
* `delta`: the delta form of a multilayer perceptron;
* `explain`: what a user calls.
"""

from .derivation import Derivation
from .explain import explain

__all__ = ["Derivation", "explain"]
