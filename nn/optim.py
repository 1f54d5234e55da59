"""Optimizers: they change the data of parameters by their grads. Names, defaults and steps are PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

from autograd_lite import Value


class Optimizer:
    """The common part: `step()` computes the new data of all parameters, then changes them, all or none.

    params: leaves, each once (else ValueError). lr: the learning rate, which may be changed between steps.
    `step()` raises ValueError, and changes nothing, if a grad is infinite, nan or not a number.
    """

    def __init__(self, params: Iterable[Value], lr: float) -> None:
        if not isinstance(params, Iterable):
            raise TypeError(f"{type(self).__name__} needs a list of parameters, such as model.parameters(), got {params!r:.60}")
        self.params = list(params)
        self.lr = _not_negative("lr", lr)
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

    def step(self) -> None:
        """Changes the parameters by one step."""
        grads = [parameter.grad for parameter in self.params]
        if not _all_finite(grads):
            for parameter, grad in zip(self.params, grads):
                if not isinstance(grad, Real) or not math.isfinite(grad):
                    raise ValueError(f"the grad of {parameter!r} is not a finite number: no parameter has been changed")
            grads = [float(grad) for grad in grads]
        before = dict(vars(self))
        try:
            data = self._new_data([p.data for p in self.params], grads)
            if not _all_finite(data):
                for parameter, number in zip(self.params, data):
                    if not math.isfinite(number):
                        raise OverflowError(f"{parameter!r} would become {number}")
        except BaseException as error:
            vars(self).update(before)
            if isinstance(error, ArithmeticError):
                raise ValueError(
                    f"{type(self).__name__} cannot make this step, no parameter has been changed: {error}"
                ) from error
            raise
        for parameter, number in zip(self.params, data):
            parameter.data = number

    def state_dict(self) -> dict[str, Any]:
        """What the optimizer remembers, its hyperparameters included, in numbers and lists of them."""
        return {name.lstrip("_"): value for name, value in vars(self).items() if name != "params"}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave. ValueError, with nothing changed, where it does not fit."""
        names = {name.lstrip("_"): name for name in vars(self) if name != "params"}
        problems = [f"missing {name!r}" for name in names if name not in state]
        problems += [f"unexpected {name!r}" for name in state if name not in names]
        for name, value in state.items():
            own = vars(self).get(names.get(name, ""))
            if isinstance(own, list) and (not isinstance(value, list) or len(value) not in (0, len(self.params))):
                problems.append(f"{name!r} needs {len(self.params)} numbers")
            numbers = value if isinstance(value, (list, tuple)) else [value]
            if not all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers):
                problems.append(f"{name!r} needs finite numbers")
        if problems:
            raise ValueError(f"this state does not fit this {type(self).__name__}: {'; '.join(problems)}")
        for name, value in state.items():
            setattr(self, names[name], list(value) if isinstance(value, list) else value)

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> list[float]:
        raise NotImplementedError

    def _zeros(self) -> list[float]:
        return [0.0] * len(self.params)


class SGD(Optimizer):
    """Gradient descent: p <- p - lr * g, the articles' update, with PyTorch's momentum, nesterov and weight_decay.

    With momentum, v <- momentum * v + (1 - dampening) * g replaces g (v = g at first); with nesterov, g + momentum * v does.
    weight_decay is added to g times p.
    """

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
        self.momentum = _not_negative("momentum", momentum)
        self.dampening = _not_negative("dampening", dampening)
        self.weight_decay = _not_negative("weight_decay", weight_decay)
        self.nesterov = nesterov
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        self._velocity: list[float] = []

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> list[float]:
        grads = _decayed(self.weight_decay, data, grads)
        if self.momentum:
            if self._velocity:
                self._velocity = [self.momentum * v + (1 - self.dampening) * g for v, g in zip(self._velocity, grads)]
            else:
                self._velocity = list(grads)
            if self.nesterov:
                grads = [g + self.momentum * v for g, v in zip(grads, self._velocity)]
            else:
                grads = self._velocity
        return [p - self.lr * g for p, g in zip(data, grads)]


class RMSprop(Optimizer):
    """p <- p - lr * g / (sqrt(s) + eps), s the running mean of g**2; centered, less the square of that of g. Hinton (2012)."""

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
        self.alpha = _not_negative("alpha", alpha)
        self.eps = _not_negative("eps", eps)
        self.weight_decay = _not_negative("weight_decay", weight_decay)
        self.momentum = _not_negative("momentum", momentum)
        self.centered = centered
        self._squares, self._means, self._velocity = self._zeros(), self._zeros(), self._zeros()

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> list[float]:
        grads = _decayed(self.weight_decay, data, grads)
        self._squares = [self.alpha * s + (1 - self.alpha) * g * g for s, g in zip(self._squares, grads)]
        variances = self._squares
        if self.centered:
            self._means = [self.alpha * m + (1 - self.alpha) * g for m, g in zip(self._means, grads)]
            variances = [max(0.0, s - m * m) for s, m in zip(self._squares, self._means)]  # below 0 by rounding alone
        steps = [g / (math.sqrt(s) + self.eps) for g, s in zip(grads, variances)]
        if self.momentum:
            self._velocity = steps = [self.momentum * v + d for v, d in zip(self._velocity, steps)]
        return [p - self.lr * d for p, d in zip(data, steps)]


class Adam(Optimizer):
    """p <- p - lr * m / (sqrt(s) + eps), with bias-corrected running means m of g and s of g**2. Kingma and Ba (2015).

    weight_decay is added to g times p.
    """

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr)
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas are two numbers of at least 0 and below 1, got {betas}")
        self.betas = betas
        self.eps = _not_negative("eps", eps)
        self.weight_decay = _not_negative("weight_decay", weight_decay)
        self.steps = 0
        self._means, self._squares = self._zeros(), self._zeros()

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> list[float]:
        grads = _decayed(self.weight_decay, data, grads)
        return self._adam(data, grads)

    def _adam(self, data: Sequence[float], grads: Sequence[float]) -> list[float]:
        beta1, beta2 = self.betas
        self.steps += 1
        self._means = [beta1 * m + (1 - beta1) * g for m, g in zip(self._means, grads)]
        self._squares = [beta2 * s + (1 - beta2) * g * g for s, g in zip(self._squares, grads)]
        lr = self.lr / (1 - beta1**self.steps)
        root = math.sqrt(1 - beta2**self.steps)
        return [p - lr * m / (math.sqrt(s) / root + self.eps) for p, m, s in zip(data, self._means, self._squares)]


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

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> list[float]:
        return self._adam([p * (1 - self.lr * self.weight_decay) for p in data], grads)


def _decayed(weight_decay: float, data: Sequence[float], grads: Sequence[float]) -> Sequence[float]:
    """The grads with weight_decay times the data added."""
    return [g + weight_decay * p for p, g in zip(data, grads)] if weight_decay else grads


def clip_grad_norm_(parameters: Iterable[Value], max_norm: float) -> float:
    """Scales the grads, as one vector, to 2-norm `max_norm` if theirs is larger; returns the norm before.

    If |g| > max_norm, g becomes g * max_norm / (|g| + 1e-6), as in PyTorch, so the norm ends a millionth below. NNDL (7.25)
    prints the condition as |g|**2 > max_norm, which would enlarge some gradients. ValueError, with nothing changed, if a
    grad is infinite or nan.
    """
    parameters = list(parameters)
    _not_negative("max_norm", max_norm)
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

    ValueError, with nothing changed, if a grad is nan or the bounds are no bounds.
    """
    parameters = list(parameters)
    if isinstance(clip_value, (tuple, list)):
        low, high = clip_value
        if not low <= high:
            raise ValueError(f"clip_value needs bounds a <= b, got {clip_value!r}")
    else:
        high = _not_negative("clip_value", clip_value)
        low = -high
    for parameter in parameters:
        if math.isnan(parameter.grad):
            raise ValueError(f"the grad of {parameter!r} is nan: nothing has been clipped")
    for parameter in parameters:
        parameter.grad = max(min(parameter.grad, high), low)


def _all_finite(numbers: Sequence[float]) -> bool:
    """Whether all are floats, and finite: their sum tells, in a fraction of the time, but False may be a sum that overflows."""
    return set(map(type, numbers)) == {float} and math.isfinite(sum(numbers))


def _not_negative(name: str, number: float) -> float:
    if not (isinstance(number, Real) and 0 <= number < math.inf):
        raise ValueError(f"{name} must be a finite number of at least 0, got {number!r}")
    return float(number)
