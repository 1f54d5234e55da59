"""Optimizers: they change the data of parameters by their grads. Names, defaults and steps are PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar

from autograd_lite import Value, set_together

from .kinds import Kind, betas, checked, flag, not_negative, one_each, one_each_or_none, real, share, squares, whole


class Optimizer:
    """The common part: `step()` computes the new data of all parameters, then changes them, all or none.

    params: leaves, each once (else ValueError). lr: the learning rate, which may be changed between steps. `kinds` says what
    each entry of the state, an attribute of its name, must be.
    """

    kinds: ClassVar[dict[str, Kind]] = {"lr": not_negative}

    def __init__(self, params: Iterable[Value], lr: float) -> None:
        if not isinstance(params, Iterable):
            raise TypeError(f"{type(self).__name__} needs a list of parameters, such as model.parameters(), got {params!r:.60}")
        self.params, self.lr = list(params), lr
        if not self.params:
            raise ValueError(f"{type(self).__name__} got no parameters")
        for i, parameter in enumerate(self.params):
            if not isinstance(parameter, Value):
                raise TypeError(f"{type(self).__name__} needs Values as parameters, but number {i} is {parameter!r:.60}")
            if parameter.parents:
                raise ValueError(f"{type(self).__name__} needs leaves as parameters, but number {i} is {parameter!r}")
        if len(set(self.params)) < len(self.params):
            raise ValueError(f"{type(self).__name__} got a parameter twice")

    def zero_grad(self) -> None:
        """Sets the grad of every parameter to 0."""
        for parameter in self.params:
            parameter.grad = 0.0

    def step(self, *others: tuple[object, str, object]) -> None:
        """Changes the parameters and the state by one step. An interrupt finds all of it done, or nothing.

        others: attributes that change with them, each (object, name, value). ValueError, with nothing changed, if a grad is
        infinite, nan or not a number, or a parameter or the state would become so.
        """
        grads = [parameter.grad for parameter in self.params]
        if not _all_finite(grads):
            for parameter, grad in zip(self.params, grads):
                if not isinstance(grad, Real) or not math.isfinite(grad):
                    raise ValueError(f"the grad of {parameter!r} is not a finite number: no parameter has been changed")
            grads = [float(grad) for grad in grads]
        try:
            data, state = self._new_data([p.data for p in self.params], grads)
            for name, numbers in {"data": data, **state}.items():
                if isinstance(numbers, list) and not _all_finite(numbers):
                    self._refuse_infinite(name, numbers)
        except ArithmeticError as error:
            raise ValueError(f"{type(self).__name__} cannot make this step, no parameter has been changed: {error}") from error
        set_together(self.params, data, *[(self, name, entry) for name, entry in state.items()], *others)

    def _refuse_infinite(self, name: str, numbers: Sequence[float]) -> None:
        for parameter, number in zip(self.params, numbers):
            if not math.isfinite(number):
                raise OverflowError(f"the {name} of {parameter!r} would become {number}")

    def state_dict(self) -> dict[str, Any]:
        """What the optimizer remembers, its hyperparameters included, in numbers and lists of them."""
        return {name: list(entry) if isinstance(entry := getattr(self, name), list) else entry for name in self.kinds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave. ValueError, with nothing changed, where it does not fit."""
        set_together([], [], *self.changes(state))

    def changes(self, state: Any) -> list[tuple[object, str, object]]:
        """The attributes that `load_state_dict` sets, for `set_together`. ValueError where the state does not fit."""
        try:
            return [(self, name, entry) for name, entry in self._checked(state).items()]
        except ValueError as error:
            raise ValueError(f"this state does not fit this {type(self).__name__}: {error}") from None

    def _checked(self, state: Any) -> dict[str, Any]:
        """The entries of a state as they are kept. ValueError lists those that are missing, unexpected or not of their kind."""
        return checked(state, self.kinds, len(self.params))

    def _check(self) -> None:
        vars(self).update(self._checked(self.state_dict()))

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], dict[str, Any]]:
        """The data of the parameters after a step, and the entries of the state that change."""
        raise NotImplementedError

    def _zeros(self) -> list[float]:
        return [0.0] * len(self.params)


class SGD(Optimizer):
    """Gradient descent: p <- p - lr * g, the articles' update, with PyTorch's momentum, nesterov and weight_decay.

    With momentum, v <- momentum * v + (1 - dampening) * g replaces g (v = g at first); with nesterov, g + momentum * v does.
    weight_decay is added to g times p.
    """

    kinds = Optimizer.kinds | {
        "momentum": not_negative,
        "dampening": not_negative,
        "weight_decay": not_negative,
        "nesterov": flag,
        "velocity": one_each_or_none,
    }

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.momentum, self.dampening, self.weight_decay, self.nesterov = momentum, dampening, weight_decay, nesterov
        self.velocity: list[float] = []
        self._check()

    def _checked(self, state: Any) -> dict[str, Any]:
        kept = super()._checked(state)
        if kept["nesterov"] and (kept["momentum"] == 0 or kept["dampening"] != 0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        return kept

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], dict[str, Any]]:
        grads = velocity = _decayed(self.weight_decay, data, grads)
        if not self.momentum:
            return [p - self.lr * g for p, g in zip(data, grads)], {}
        if self.velocity:
            velocity = [self.momentum * v + (1 - self.dampening) * g for v, g in zip(self.velocity, grads)]
        moves = [g + self.momentum * v for g, v in zip(grads, velocity)] if self.nesterov else velocity
        return [p - self.lr * d for p, d in zip(data, moves)], {"velocity": list(velocity)}


class RMSprop(Optimizer):
    """p <- p - lr * g / (sqrt(s) + eps), s the running mean of g**2; centered, less the square of that of g. Hinton (2012)."""

    kinds = Optimizer.kinds | {
        "alpha": share,
        "eps": not_negative,
        "weight_decay": not_negative,
        "momentum": not_negative,
        "centered": flag,
        "squares": squares,
        "means": one_each,
        "velocity": one_each,
    }

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.alpha, self.eps, self.weight_decay, self.momentum, self.centered = alpha, eps, weight_decay, momentum, centered
        self.squares, self.means, self.velocity = self._zeros(), self._zeros(), self._zeros()
        self._check()

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], dict[str, Any]]:
        grads = _decayed(self.weight_decay, data, grads)
        variances = squares = [self.alpha * s + (1 - self.alpha) * g * g for s, g in zip(self.squares, grads)]
        state = {"squares": squares}
        if self.centered:
            state["means"] = means = [self.alpha * m + (1 - self.alpha) * g for m, g in zip(self.means, grads)]
            variances = [max(0.0, s - m * m) for s, m in zip(squares, means)]  # below 0 by rounding alone
        moves = [g / (math.sqrt(s) + self.eps) for g, s in zip(grads, variances)]
        if self.momentum:
            state["velocity"] = moves = [self.momentum * v + d for v, d in zip(self.velocity, moves)]
        return [p - self.lr * d for p, d in zip(data, moves)], state


class Adam(Optimizer):
    """p <- p - lr * m / (sqrt(s) + eps), with bias-corrected running means m of g and s of g**2. Kingma and Ba (2015).

    weight_decay is added to g times p.
    """

    kinds = Optimizer.kinds | {
        "betas": betas,
        "eps": not_negative,
        "weight_decay": not_negative,
        "steps": whole,
        "means": one_each,
        "squares": squares,
    }

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr)
        self.betas, self.eps, self.weight_decay, self.steps = betas, eps, weight_decay, 0
        self.means, self.squares = self._zeros(), self._zeros()
        self._check()

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], dict[str, Any]]:
        return self._adam(data, _decayed(self.weight_decay, data, grads))

    def _adam(self, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], dict[str, Any]]:
        beta1, beta2 = self.betas
        steps = self.steps + 1
        means = [beta1 * m + (1 - beta1) * g for m, g in zip(self.means, grads)]
        squares = [beta2 * s + (1 - beta2) * g * g for s, g in zip(self.squares, grads)]
        lr = self.lr / (1 - beta1**steps)
        root = math.sqrt(1 - beta2**steps)
        new = [p - lr * m / (math.sqrt(s) / root + self.eps) for p, m, s in zip(data, means, squares)]
        return new, {"steps": steps, "means": means, "squares": squares}


class AdamW(Adam):
    """Adam with decoupled weight decay: p <- p - lr * weight_decay * p, then the step of Adam. Loshchilov and Hutter (2019)."""

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], dict[str, Any]]:
        return self._adam([p * (1 - self.lr * self.weight_decay) for p in data], grads)


def _decayed(weight_decay: float, data: Sequence[float], grads: Sequence[float]) -> Sequence[float]:
    """The grads with weight_decay times the data added."""
    return [g + weight_decay * p for p, g in zip(data, grads)] if weight_decay else grads


def clip_grad_norm_(parameters: Iterable[Value], max_norm: float) -> float:
    """Scales the grads, as one vector, to 2-norm `max_norm` if theirs is larger; returns the norm before.

    If |g| > max_norm, g becomes g * max_norm / (|g| + 1e-6), as in PyTorch, so the norm ends a millionth below. NNDL (7.25)
    prints the condition as |g|**2 > max_norm, which would enlarge some gradients. With math.inf as `max_norm` the norm is
    returned and nothing scaled. ValueError, with nothing changed, if a grad is infinite or nan.
    """
    parameters = list(parameters)
    _bound("max_norm", max_norm)
    norm = math.hypot(*[parameter.grad for parameter in parameters])
    if not math.isfinite(norm):
        raise ValueError(f"the norm of the gradient is {norm}: nothing has been clipped")
    scale = max_norm / (norm + 1e-6)
    if scale < 1:
        for parameter in parameters:
            parameter.grad *= scale
    return norm


def clip_grad_value_(parameters: Iterable[Value], clip_value: float | tuple[float, float]) -> None:
    """Brings each grad between -clip_value and clip_value, or between two bounds a <= b: g becomes max(min(g, b), a) (NNDL 7.24).

    An infinite bound is none. ValueError, with nothing changed, if a grad is nan or the bounds are no bounds.
    """
    parameters = list(parameters)
    if isinstance(clip_value, (tuple, list)):
        low, high = map(real, clip_value) if len(clip_value) == 2 else (math.nan, math.nan)
        if not low <= high:
            raise ValueError(f"clip_value needs bounds a <= b, got {clip_value!r}")
    else:
        high = _bound("clip_value", clip_value)
        low = -high
    for parameter in parameters:
        if math.isnan(parameter.grad):
            raise ValueError(f"the grad of {parameter!r} is nan: nothing has been clipped")
    for parameter in parameters:
        parameter.grad = max(min(parameter.grad, high), low)


def _all_finite(numbers: Sequence[float]) -> bool:
    """Whether all are floats, and finite: their sum tells, in a fraction of the time, but False may be a sum that overflows."""
    return set(map(type, numbers)) == {float} and math.isfinite(sum(numbers))


def _bound(name: str, thing: Any) -> float:
    number = real(thing)
    if not number >= 0:
        raise ValueError(f"{name} must be a finite number of at least 0, or infinite, got {thing!r}")
    return number
