"""A scalar reverse-mode automatic differentiation engine to be looked at: every step of backpropagation can be asked of it.

    >>> from autograd_lite import Value, tanh
    >>> x, w = Value(2.0, label="x"), Value(-0.5, label="w")
    >>> y = tanh(w * x)
    >>> y.backward()
    >>> print(f"{w.grad:.6f}")
    0.839949

Every operation of the table in :mod:`autograd_lite.ops` is a function here (``tanh(x)``, of a float too) and a method
(``x.tanh()``).
"""

import builtins
from typing import TYPE_CHECKING, Any, Protocol, overload

from .backprop import topological_order
from .check import check_gradients
from .derivation.explain import explain
from .engine.errors import DivisionByZeroError, DomainError
from .engine.many import dot, linear, log_softmax, logsumexp, max_, mean, min_, nll, prod, softmax, std, sum_, var
from .engine.modes import detect_anomaly, no_grad
from .engine.scope import Scope
from .functional import grad, hessian, jacobian, jvp, value_and_grad
from .gradient import gradient
from .picture.draw import draw, draw_layers
from .program import Program, compile_program, trace
from .registry import register, registered, unregister
from .stepping.steps import steps
from .value import OPERATIONS, Value, data_of, peek, set_together

__version__ = "0.1.0"

globals().update(OPERATIONS)

# y.draw(), y.explain(w), y.steps(): the class knows none of its readers
for _reader in (draw, explain, steps):
    setattr(Value, _reader.__name__, _reader)

__all__ = [
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
    "dot",
    "draw",
    "draw_layers",
    "explain",
    "grad",
    "gradient",
    "hessian",
    "jacobian",
    "jvp",
    "linear",
    "log_softmax",
    "logsumexp",
    "max_",
    "mean",
    "min_",
    "nll",
    "no_grad",
    "peek",
    "prod",
    "register",
    "registered",
    "set_together",
    "softmax",
    "std",
    "steps",
    "sum_",
    "topological_order",
    "trace",
    "unregister",
    "value_and_grad",
    "var",
]
# Python's own abs, pow and round stay what they are
__all__ += [name for name in OPERATIONS if name not in __all__ and not hasattr(builtins, name)]

if TYPE_CHECKING:

    class Operation(Protocol):
        """An operation of the table: of floats a float, else a Value."""

        @overload
        def __call__(self, x: float, y: float = ..., w: float = ..., /) -> float: ...
        @overload
        def __call__(self, x: Value, y: Any = ..., w: Any = ..., /) -> Value: ...
        @overload
        def __call__(self, x: float, y: Value, w: Any = ..., /) -> Value: ...

    def __getattr__(name: str) -> Operation: ...

else:

    def __getattr__(name):
        """An operation that was registered."""
        if name in OPERATIONS:
            return OPERATIONS[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *OPERATIONS})
