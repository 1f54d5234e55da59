"""Backpropagation through time: gradients, the articles' table of deltas, and how gradients vanish or explode."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from autograd_lite import Value, gradient, sum_, topological_order
from autograd_lite.sentences import known, say
from autograd_lite.sentences.widths import to_right

from ..curves import figure
from ..losses import step_losses
from .model import SequenceModel, check_model
from .networks import Run

Loss: TypeAlias = "Callable[[Any, Any], Any]"
"""Of the logits of all time steps and the targets."""


class BPTT(NamedTuple):
    """What `bptt` found. `loss` is L, the sum of `step_losses` L_1, ..., L_T (or of the one loss given, at T); `run` has the
    states; `gradients` has dL/dp by the names of `named_parameters`."""

    loss: float
    step_losses: list[Value]
    run: Run
    gradients: dict[str, float]

    def deltas(self, net: str = "z") -> dict[tuple[int, int], list[float]]:
        """delta_{t,k} = dL_t/dz_k, keys (t, k), each a list over the units: for 1 <= k <= t <= T, and for k >= t in a layer that
        reads backward.

        net: the name of the net inputs: "z" of an `RNNCell`, "net_i", "net_f", ... of a gate (with the layer, as in
        "z2"). Work: T passes over the graph. Source: NNDL 6.31 to 6.34.
        """
        if net not in self.run.nets:
            raise ValueError(f"no net inputs {net!r}: one of {', '.join(self.run.nets)}")
        table = {}
        for t, loss in enumerate(self.step_losses, len(self.run.outputs) - len(self.step_losses) + 1):
            below = set(topological_order(loss))
            wanted = {k: units for k, units in enumerate(self.run.states[net], 1) if not below.isdisjoint(units)}
            derivatives = iter(gradient(loss, [unit for units in wanted.values() for unit in units]))
            table.update({(t, k): [next(derivatives).item() for _ in units] for k, units in wanted.items()})
        return table


def bptt(
    model: SequenceModel,
    xs: Sequence[Any],
    targets: Any,
    initial: Mapping[str, Any] | None = None,
    truncate: int | None = None,
    loss: Loss | None = None,
) -> BPTT:
    """The gradients of the sum over time of the cross-entropies, by one pass back through time; grads are set as by `backward`.

    xs, targets, initial: as for `SequenceModel` and `sequence_cross_entropy`. truncate: k cuts the graph before each k-th
    step, so that no derivative reaches further back (truncated BPTT).
    loss: another loss of the logits of all time steps and the targets, as for `train`: `last_cross_entropy` is many-to-one.

    The grads of the model's parameters are set to 0 first.
    """
    check_model(model)
    if truncate is not None and truncate < 1:
        raise ValueError(f"truncate must be at least 1, got {truncate}")
    run, logits = model.run(xs, initial, truncate)
    losses = step_losses(logits, targets) if loss is None else [one_loss(loss, logits, targets)]
    model.zero_grad()
    total = sum_(losses)
    total.backward()
    return BPTT(total.item(), losses, run, {name: p.grad for name, p in model.named_parameters()})


def one_loss(loss: Loss, logits: Any, targets: Any) -> Value:
    """The loss. TypeError unless it is a Value."""
    if not callable(loss):
        raise TypeError(f"loss is a function of the logits and the targets, such as last_cross_entropy; got {loss!r:.60}")
    found = loss(logits, targets)
    if not isinstance(found, Value):
        raise TypeError(f"this needs a loss that is a Value, got {found!r:.60}")
    return found


class GradientFlow(NamedTuple):
    """`norms`: for each state (``h``, ``h1``, ``c``, ...), the 2-norm of the derivative of the loss by it, at t = 1, ..., T.
    Falling toward t = 1 it vanishes, rising it explodes. `loss` is what the loss is called: L_T is the last step's."""

    norms: dict[str, list[float]]
    loss: str = "L_T"

    def plot(self, ax: Any = None) -> Any:
        """Draws the norms over t, on a logarithmic axis; returns the matplotlib Axes. ImportError without matplotlib."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        for name, norms in self.norms.items():
            ax.plot(range(1, len(norms) + 1), norms, marker="o", label=self._title(name))
        ax.set(xlabel="t", ylabel="norm of the gradient")
        if all(norm > 0 for norms in self.norms.values() for norm in norms):
            ax.set_yscale("log")
        ax.legend()
        return ax

    def _repr_html_(self) -> str:
        norms = {self._title(name): norms for name, norms in self.norms.items()}
        return figure(norms, "t", say(known(None), "curve-norm"))

    def _title(self, name: str) -> str:
        return f"|d{self.loss}/d{name}_t|"

    def __str__(self) -> str:
        lines = [f"{'t':>5}" + "".join([to_right(self._title(name), 18) for name in self.norms])]
        for t, row in enumerate(zip(*self.norms.values()), 1):
            lines.append(f"{t:>5}" + "".join(f"{norm:>18.6g}" for norm in row))
        return "\n".join(lines)


def gradient_flow(
    model: SequenceModel,
    xs: Sequence[Any],
    targets: Any,
    initial: Mapping[str, Any] | None = None,
    loss: Loss | None = None,
) -> GradientFlow:
    """The norm of dL_T/dh_t for each t and each state of each layer: what vanishes and what explodes. Grads are left alone.

    L_T is the cross-entropy of the last step, unless another `loss` is given. Arguments as for `bptt`.
    """
    check_model(model)
    run, logits = model.run(xs, initial)
    last = step_losses(logits, targets)[-1] if loss is None else one_loss(loss, logits, targets)
    names = model.network.state_names()
    nodes = [unit for name in names for units in run.states[name] for unit in units]
    derivatives = iter(gradient(last, nodes))
    return GradientFlow(
        {name: [math.hypot(*[next(derivatives).item() for _ in units]) for units in run.states[name]] for name in names},
        "L_T" if loss is None else "L",
    )
