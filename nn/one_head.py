"""A worked example of attention: one head on three positions of two numbers each, between a norm and a residual.

x_t goes through a norm; q_t, k_t and v_t are made of it; head_t = sum_s att_t,s v_s over the positions s up to t; and what the
head gives is added to the stream: resid_t = x_t + W_o head_t. The error is the articles', half the squared distance of the
resid_t from targets y_t.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite import Value, topological_order

from .attention import SelfAttention
from .leaves import as_values
from .losses import half_squared_error
from .norms import RMSNorm, place_of
from .recurrent.networks import Run
from .recurrent.units import labelled

INPUTS = [[0.5, -1.2], [1.4, 0.3], [-0.8, 1.1]]
TARGETS = [[0.9, -0.4], [0.2, 1.3], [-0.6, 0.7]]
WEIGHTS = {
    "W_q": [[1.2, 0.4], [-0.3, 0.9]],
    "W_k": [[0.7, -0.6], [0.5, 1.1]],
    "W_v": [[0.8, 0.3], [-0.4, 1.3]],
    "W_o": [[1.1, -0.2], [0.3, 0.6]],
}


class OneHead:
    """The head, with its inputs and targets, numbers or Values, as labelled leaves.

    >>> head = OneHead()
    >>> error = head()
    >>> [f"{weight.label} = {weight.data:.3f}" for weight in head.run.states["att"][2][0]]
    ['att_3,1 = 0.040', 'att_3,2 = 0.334', 'att_3,3 = 0.626']
    """

    run: Run

    def __init__(self, inputs: Sequence[Any] = INPUTS, targets: Sequence[Any] = TARGETS) -> None:
        self.inputs, self.targets = [_leaves("x", inputs), _leaves("y", targets)]
        self.norm, self.attention = RMSNorm(2, elementwise_affine=False), SelfAttention(2, parameters=WEIGHTS)

    def __call__(self) -> Value:
        """The error, computed afresh; `run` is then that of the attention."""
        self.run = self.attention.run([self.norm(x, t) for t, x in enumerate(self.inputs, 1)])
        units, targets = [], []
        for t, (x, o, y) in enumerate(zip(self.inputs, self.run.outputs, self.targets), 1):
            units += labelled("resid", [o_j + x_j for o_j, x_j in zip(o, x)], place_of(t))
            targets += y
        error: Value = half_squared_error(units, targets)
        return error

    def nodes(self, error: Value) -> dict[str, Value]:
        """The nodes that `error` was computed from, by their labels: ``q_3[0]``, ``att_3,1``, ``resid_3[1]``, ..."""
        return {node.label: node for node in topological_order(error) if node.label}


def _leaves(name: str, rows: Sequence[Any]) -> list[list[Value]]:
    return [labelled(name, as_values(row), place_of(t)) for t, row in enumerate(rows, 1)]
