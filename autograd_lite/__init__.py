"""A scalar reverse-mode automatic differentiation engine to be looked at: every step of backpropagation can be asked of it.

    >>> from autograd_lite import Value, tanh
    >>> x, w = Value(2.0, label="x"), Value(-0.5, label="w")
    >>> y = tanh(w * x)
    >>> y.backward()
    >>> print(f"{w.grad:.6f}")
    0.839949

Every operation of the table in :mod:`autograd_lite.ops` is a function here (``tanh(x)``, of a float too) and a method
(``x.tanh()``). Whoever has read three files has read the engine:

* `ops`: the table of operations; `backprop`: the order of a graph, and the chain rule along it; `value`: a node, as it is seen.

What makes them run, which a learner may skip:

* `floats`: what formulas call; `formulas`: how they are read; `engine`: operations written from rows, modes, errors, the
  fast pass.

What is made of graphs:

* `gradient`: the derivatives as a graph of their own; `functional`: of plain functions; `check`: held against differences;
  `registry`: rows added at run time;
* `derivation`: `explain`; `picture`: `draw`; `stepping`: `steps`; `program`: a graph as code in five dialects;
* `classroom`: mistakes that have names, quizzes, the bug lab, an engine of one's own; in the languages of `sentences`;
* `parse`: expressions that are typed; `command_line`, and `__main__`, where it begins;
* `nn`: the package of networks that lies beside this one, by a name that nothing hides.

Small tools: `table`, `nests`, `files`, `pages`, `sources`; `stub` writes what editors and type checkers know of the operations.
"""

import builtins
from typing import TYPE_CHECKING

from .backprop import topological_order
from .check import check_gradients
from .derivation.explain import explain
from .engine.errors import DivisionByZeroError, DomainError
from .engine.modes import detect_anomaly, no_grad
from .engine.scope import Scope
from .engine.together import data_of, set_together
from .functional import grad, hessian, jacobian, jvp, value_and_grad
from .gradient import gradient
from .picture.draw import draw, draw_layers
from .program import Program, compile_program, trace
from .registry import register, registered, unregister
from .sentences import set_language
from .stepping.steps import steps
from .value import OPERATIONS, Value, peek

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import operations
    from .operations import *
    from .operations import abs as abs
    from .operations import pow as pow
    from .operations import round as round
else:
    from .engine.many import affine as affine
    from .engine.many import nll as nll

    globals().update(OPERATIONS)

# y.draw(), y.explain(w), y.steps(): the class knows none of its readers
for _reader in (draw, explain, steps):
    setattr(Value, _reader.__name__, _reader)

__all__: list[str] = [
    "OPERATIONS",
    "DivisionByZeroError",
    "DomainError",
    "Program",
    "Scope",
    "Value",
    "check_gradients",
    "compile_program",
    "data_of",
    "detect_anomaly",
    "draw",
    "draw_layers",
    "explain",
    "grad",
    "gradient",
    "hessian",
    "jacobian",
    "jvp",
    "no_grad",
    "peek",
    "register",
    "registered",
    "set_language",
    "set_together",
    "steps",
    "topological_order",
    "trace",
    "unregister",
    "value_and_grad",
]
# Python's own abs, pow and round stay what they are
if TYPE_CHECKING:
    __all__ += operations.__all__
else:
    __all__ += [name for name in (*OPERATIONS, "affine", "nll") if not hasattr(builtins, name)]

    def __getattr__(name):
        """An operation that was registered."""
        if name in OPERATIONS:
            return OPERATIONS[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *OPERATIONS})
