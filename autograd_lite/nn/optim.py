"""Optimizers: they change the data of parameters by their grads. Names, defaults and steps are PyTorch's.

The update of an optimizer is a formula for one parameter. It is computed with floats, or for many parameters recorded once and
run on all of them as a batch, as a program in C: the same numbers, to the last bit.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from numbers import Real
from types import SimpleNamespace
from typing import Any, ClassVar

from autograd_lite import Program, Value, compile_program, data_of, maximum, set_together, sqrt

from .compiled import fastest_dialect
from .nests import Kind, betas, checked, flag, not_negative, one_each, one_each_or_none, real, share, squares, whole

# From so many parameters on, the update is a program, where there is a C compiler
MANY = 1000
_programs: dict[Any, Program] = {}


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
        # their sum tells, in a fraction of the time; if it overflows, each is looked at
        if set(map(type, grads)) != {float} or not math.isfinite(sum(grads)):
            for parameter, grad in zip(self.params, grads):
                if not isinstance(grad, Real) or not math.isfinite(grad):
                    raise ValueError(f"the grad of {parameter!r} is not a finite number: no parameter has been changed")
            grads = [float(grad) for grad in grads]
        try:
            data, state = self._new_data(data_of(self.params), grads)
            for name, numbers in {"data": data, **state}.items():
                if isinstance(numbers, list) and not math.isfinite(sum(numbers)):
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
        names = self._moving()
        columns = [data, grads, *[getattr(self, name) or self._zeros() for name in names]]
        numbers = self._numbers()
        if len(data) >= MANY and fastest_dialect() == "c":
            found = self._program(names, numbers)(*[array("d", column) for column in columns], *numbers.values())
            found = found if names else [found]
        else:
            update = partial(self._update, SimpleNamespace(**numbers, sqrt=math.sqrt, maximum=max))
            found = map(list, zip(*map(update, *columns)))
        new, *state = found
        return new, dict(zip(names, state))

    def _program(self, names: Sequence[str], numbers: Mapping[str, float]) -> Program:
        """The update of one parameter as a program of its data, grad and state, and of the numbers of the step."""
        key = type(self), *[bool(getattr(self, name)) for name in self.kinds]
        if key not in _programs:
            one = [Value(0.5, name) for name in ("p", "g", *names)]
            given = {name: Value(0.5, name) for name in numbers}
            results = self._update(SimpleNamespace(**given, sqrt=sqrt, maximum=maximum), *one)
            _programs[key] = compile_program(list(results), [*one, *given.values()], dialect="c")
        return _programs[key]

    def _moving(self) -> list[str]:
        """The entries of the state that have a number for each parameter, and change with it."""
        return []

    def _numbers(self) -> dict[str, float]:
        """The numbers of this step, the same for all parameters."""
        return {name: float(entry) for name in self.kinds if isinstance(entry := getattr(self, name), (int, float))}

    def _update(self, h: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """The data of one parameter after a step, and what `_moving` names: the formula.

        h: the numbers of this step, `sqrt` and `maximum`. Which terms there are is up to the hyperparameters being 0, or not.
        """
        raise NotImplementedError

    def _decayed(self, h: Any, p: Any, g: Any) -> Any:
        """The grad with weight_decay times the data added."""
        return g + h.weight_decay * p if self.weight_decay else g  # type: ignore[attr-defined]

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

    def _moving(self) -> list[str]:
        return ["velocity"] if self.momentum else []

    def _update(self, h: Any, p: Any, g: Any, *velocity: Any) -> tuple[Any, ...]:
        g = self._decayed(h, p, g)
        if not self.momentum:
            return (p - h.lr * g,)
        v = h.momentum * velocity[0] + (1 - h.dampening) * g if self.velocity else g
        return p - h.lr * (g + h.momentum * v if self.nesterov else v), v


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

    def _moving(self) -> list[str]:
        return ["squares"] + ["means"] * self.centered + ["velocity"] * bool(self.momentum)

    def _update(self, h: Any, p: Any, g: Any, s: Any, *state: Any) -> tuple[Any, ...]:
        g = self._decayed(h, p, g)
        variance = s = h.alpha * s + (1 - h.alpha) * g * g
        new = [s]
        if self.centered:
            m = h.alpha * state[0] + (1 - h.alpha) * g
            new.append(m)
            variance = h.maximum(0.0, s - m * m)  # below 0 by rounding alone
        move = g / (h.sqrt(variance) + h.eps)
        if self.momentum:
            move = h.momentum * state[-1] + move
            new.append(move)
        return p - h.lr * move, *new


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
        new, state = super()._new_data(data, grads)
        return new, {"steps": self.steps + 1, **state}

    def _moving(self) -> list[str]:
        return ["means", "squares"]

    def _numbers(self) -> dict[str, float]:
        beta1, beta2 = self.betas
        steps = self.steps + 1
        corrected = {"rate": self.lr / (1 - beta1**steps), "root": math.sqrt(1 - beta2**steps)}
        return {**super()._numbers(), **corrected, "beta1": beta1, "beta2": beta2}

    def _update(self, h: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        return self._adam(h, p, self._decayed(h, p, g), *state)

    def _adam(self, h: Any, p: Any, g: Any, m: Any, s: Any) -> tuple[Any, ...]:
        m = h.beta1 * m + (1 - h.beta1) * g
        s = h.beta2 * s + (1 - h.beta2) * g * g
        return p - h.rate * m / (h.sqrt(s) / h.root + h.eps), m, s


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

    def _update(self, h: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        return self._adam(h, p * (1 - h.lr * h.weight_decay), g, *state)


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


def _bound(name: str, thing: Any) -> float:
    number = real(thing)
    if not number >= 0:
        raise ValueError(f"{name} must be a finite number of at least 0, or infinite, got {thing!r}")
    return number
