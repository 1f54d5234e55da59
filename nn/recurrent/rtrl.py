"""Real-time recurrent learning: gradients forward in time, online, with memory that does not grow with the sequence.

For every parameter theta the sensitivities dh_t/dtheta are carried along with the state,
dh_t/dtheta = (the direct derivative) + dh_t/dh_{t-1} dh_{t-1}/dtheta, and the gradient of each step's loss is ready at that
step. The derivatives within a step are those of a backward pass from each of the d units through its graph, for any cell; the
graph is then dropped. It costs d |theta| numbers, and up to d^2 |theta| operations a step: BPTT is cheaper, but must keep the
sequence. Source: NNDL 6.42 to 6.46.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from autograd_lite import Value, dot, gradient, no_grad, topological_order
from autograd_lite.backprop import contributions
from autograd_lite.nests import leaves

from ..losses import step_losses
from .bptt import Loss, one_loss
from .model import SequenceModel, check_model


class RTRL(NamedTuple):
    """What real-time recurrent learning has after step t. Parameters go by the names of `named_parameters`."""

    t: int
    loss: float
    """The sum of the losses up to step t."""
    gradients: dict[str, float]
    """The derivative of `loss` by each parameter."""
    states: dict[str, list[float]]
    """The states at t, by name."""
    vectors: dict[str, list[list[float]]]
    """For each state and unit, its derivatives by all parameters, in the order of `gradients`."""

    def sensitivities(self, parameter: str, state: str = "h") -> list[float]:
        """The derivative of each unit of a state at t by one parameter: dh_t/dtheta. ValueError if there is no such parameter."""
        if parameter not in self.gradients:
            raise ValueError(f"no parameter is named {parameter!r}: there are {', '.join(self.gradients)}")
        place = list(self.gradients).index(parameter)
        return [vector[place] for vector in self.vectors[state]]


def rtrl(
    model: SequenceModel,
    xs: Sequence[Any],
    targets: Any,
    initial: Mapping[str, Any] | None = None,
    loss: Loss | None = None,
) -> RTRL:
    """The gradients of the sum over time of the cross-entropies, forward in time: equal to those of `bptt`, to rounding.

    Arguments as for `bptt`. With another `loss`, the sequence is read twice: for the derivatives of the loss by the logits,
    then forward in time. Grads are left alone. TypeError for a network that reads its sequence backward too.
    """
    check_model(model)
    if len(xs) == 0:
        raise ValueError("rtrl needs a sequence of at least one input")
    if loss is None:
        if len(xs) != len(targets):
            raise ValueError(f"rtrl needs a target for each input, got {len(xs)} inputs and {len(targets)} targets")
        *_, last = deque(rtrl_steps(model, zip(xs, targets), initial), maxlen=1)
        return last
    with no_grad():
        logits = [[Value(y.item()) for y in ys] for ys in model(xs, initial)]
    total = one_loss(loss, logits, targets)
    slopes = iter(gradient(total, leaves(logits)))
    weights = [[next(slopes).item() for _ in ys] for ys in logits]
    *_, last = deque(_steps(model, zip(xs, weights), initial, lambda ys, slopes: dot(slopes, ys)), maxlen=1)
    return last._replace(loss=total.item())


def rtrl_steps(
    model: SequenceModel, examples: Iterable[tuple[Any, Any]], initial: Mapping[str, Any] | None = None
) -> Iterator[RTRL]:
    """`rtrl`, online: after each (input, target) what is known by then. The examples may be without end.

    The model's parameters may be changed between steps, as in online learning; the sensitivities are then approximate.
    """
    check_model(model)
    return _steps(model, examples, initial, lambda logits, target: step_losses([logits], [target])[0])


def _steps(
    model: SequenceModel, examples: Iterable[tuple[Any, Any]], initial: Mapping[str, Any] | None, loss_of: Loss
) -> Iterator[RTRL]:
    """loss_of: of the logits of a time step and what stands beside the input."""
    names, parameters = zip(*model.named_parameters())
    after = model.network.initial_state(initial)  # which may be computed from parameters, or be some
    known = {unit: _sensitivity(unit, parameters, {}) for units in after.values() for unit in units}
    total, gradients = 0.0, [0.0] * len(names)
    for t, (x, target) in enumerate(examples, 1):
        before = {
            name: [Value(unit.item(), f"{name}_{t - 1}[{j}]") for j, unit in enumerate(units)] for name, units in after.items()
        }
        known = {leaf: known[unit] for name, units in after.items() for leaf, unit in zip(before[name], units)}
        logits, states = model.step(x, before, t)
        loss = loss_of(logits, target)
        after = {name: states[name] for name in before}
        known |= {unit: _sensitivity(unit, parameters, known) for units in after.values() for unit in units}
        total += loss.item()
        gradients = [so_far + new for so_far, new in zip(gradients, _sensitivity(loss, parameters, known))]
        yield RTRL(
            t,
            total,
            dict(zip(names, gradients)),
            {name: [unit.item() for unit in units] for name, units in after.items()},
            {name: [known[unit] for unit in units] for name, units in after.items()},
        )


def _sensitivity(node: Value, parameters: Sequence[Value], known: Mapping[Value, list[float]]) -> list[float]:
    """The derivatives of a node by all parameters: directly, and by the units whose own are known, where the pass back ends."""
    derivatives = {node: 1.0}
    for one in contributions(node, order=partial(topological_order, known=set(map(id, known)))):
        derivatives[one.parent] = derivatives.get(one.parent, 0.0) + one.amount
    vector = [derivatives.get(parameter, 0.0) for parameter in parameters]
    for unit, sensitivity in known.items():
        if by_unit := derivatives.get(unit, 0.0):
            vector = [so_far + by_unit * further for so_far, further in zip(vector, sensitivity)]
    return vector
