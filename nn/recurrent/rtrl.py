"""Real-time recurrent learning: gradients forward in time, online, with memory that does not grow with the sequence.

For every parameter theta the sensitivities dh_t/dtheta are carried along with the state,
dh_t/dtheta = (the direct derivative) + dh_t/dh_{t-1} dh_{t-1}/dtheta, and the gradient of each step's loss is ready at that
step. The derivatives within a step are those of a backward pass through its graph, which is then dropped, for any cell. It costs
d |theta| numbers and about d |theta| (d + m) operations a step: BPTT is cheaper, but must keep the sequence. Source: NNDL 6.42 to
6.46.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd_lite import Value, dot, gradient, no_grad
from autograd_lite.backprop import adjoints
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
    start = model.network.initial_state(initial)  # which may be computed from parameters, or be some
    states = {name: [unit.item() for unit in units] for name, units in start.items()}
    vectors = {name: [_sensitivity(unit, parameters, {}) for unit in units] for name, units in start.items()}
    total, gradients = 0.0, [0.0] * len(names)
    for t, (x, target) in enumerate(examples, 1):
        before = {name: [Value(number, f"{name}_{t - 1}[{j}]") for j, number in enumerate(s)] for name, s in states.items()}
        known = {unit: vector for name in states for unit, vector in zip(before[name], vectors[name])}
        logits, after = model.step(x, before, t)
        loss = loss_of(logits, target)
        total += loss.item()
        gradients = [old + new for old, new in zip(gradients, _sensitivity(loss, parameters, known))]
        states = {name: [unit.item() for unit in after[name]] for name in states}
        vectors = {name: [_sensitivity(unit, parameters, known) for unit in after[name]] for name in states}
        yield RTRL(t, total, dict(zip(names, gradients)), states, vectors)


def _sensitivity(node: Value, parameters: Sequence[Value], known: Mapping[Value, list[float]]) -> list[float]:
    """The derivatives of a node of one time step by all parameters: directly, and by the states before, whose own are known."""
    slopes = adjoints(node)
    vector = [slopes.get(parameter, 0.0) for parameter in parameters]
    for unit, before in known.items():
        if slope := slopes.get(unit, 0.0):
            vector = [direct + slope * through for direct, through in zip(vector, before)]
    return vector
