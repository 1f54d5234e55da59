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
from reprlib import repr as shown
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from autograd_lite import Program, Value, compile_program, data_of, maximum, set_together, sqrt

from .compiled import fastest_dialect
from .groups import Entry, ParamGroup, written
from .nests import Kind, betas, checked, flag, not_negative, one_each, one_each_or_none, share, squares, whole

# From so many parameters on, the update is a program, where there is a C compiler
MANY = 1000
_programs: dict[Any, Program] = {}


class Optimizer:
    """The common part: `step()` computes the new data of all parameters, then changes them, all or none.

    params: leaves, each once (else ValueError); or groups of them, with hyperparameters of their own in place of those given for
    all: ``[{"params": [...], "lr": 0.1}, {"params": [...]}]``. They are in `param_groups`. lr: the learning rate, which may be
    changed between steps, for all (``optimizer.lr = 0.1``) or in a group. maximize: up the gradient instead of down. `kinds` says
    what each hyperparameter and entry of the state, an attribute of its name, must be.
    """

    kinds: ClassVar[dict[str, Kind]] = {"lr": not_negative, "maximize": flag}

    def __init_subclass__(cls) -> None:
        for name in cls.kinds:
            setattr(cls, name, Entry(name))

    if TYPE_CHECKING:
        lr: Any

    def __init__(self, params: Iterable[Any], lr: float, **options: Any) -> None:
        if not isinstance(params, Iterable):
            raise TypeError(f"{type(self).__name__} needs a list of parameters, such as model.parameters(), got {params!r:.60}")
        params = list(params)
        self.defaults = {"lr": lr, "maximize": False, **options}
        self.params: list[Value] = []
        self.param_groups: list[ParamGroup] = []
        for group in params if params and all(isinstance(item, Mapping) for item in params) else [{"params": params}]:
            self.add_param_group(group)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Adds parameters, with hyperparameters of their own where given. Errors, with nothing added, where they do not fit."""
        kind, which = type(self).__name__, f"group {len(self.param_groups)}: " if len(group) > 1 or self.param_groups else ""
        unknown = [name for name in group if name not in self.defaults and name != "params"]
        if unknown or not isinstance(group.get("params"), Iterable):
            wrong = f"got {', '.join(map(repr, unknown))}" if unknown else "'params' must be a list of parameters"
            raise ValueError(f"{which}a group of {kind} has 'params', and may have {', '.join(self.defaults)}; {wrong}")
        params = list(group["params"])
        if not params:
            raise ValueError(f"{which}{kind} got no parameters")
        for i, parameter in enumerate(params):
            if not isinstance(parameter, Value):
                raise TypeError(f"{which}{kind} needs Values as parameters, but number {i} is {parameter!r:.60}")
            if parameter.parents:
                raise ValueError(f"{which}{kind} needs leaves as parameters, but number {i} is {parameter!r}")
        if len({*self.params, *params}) < len(self.params) + len(params):
            raise ValueError(f"{which}{kind} got a parameter twice")
        options = {name: group.get(name, default) for name, default in self.defaults.items()}
        try:
            entries = self._checked({**options, **self._started(len(params))}, len(params))
        except ValueError as error:
            raise ValueError(f"{which}{error}") from None
        set_together(
            [], [],
            (self, "param_groups", [*self.param_groups, ParamGroup(params, entries)]), (self, "params", [*self.params, *params]),
        )  # fmt: skip

    def __repr__(self) -> str:
        return written(type(self).__name__, self.param_groups, sorted(self.defaults))

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
            data, changes = self._new_data(data_of(self.params), grads)
            for group, name, numbers in [(self, "data", data), *changes]:
                if isinstance(numbers, list) and not math.isfinite(sum(numbers)):
                    self._refuse_infinite(name, numbers, group.params)
        except ArithmeticError as error:
            raise ValueError(f"{type(self).__name__} cannot make this step, no parameter has been changed: {error}") from error
        set_together(self.params, data, *changes, *others)

    def _refuse_infinite(self, name: str, numbers: Sequence[float], params: Sequence[Value]) -> None:
        for parameter, number in zip(params, numbers):
            if not math.isfinite(number):
                raise OverflowError(f"the {name} of {parameter!r} would become {number}")

    def state_dict(self) -> dict[str, Any]:
        """What the optimizer remembers, its hyperparameters included, in numbers and lists of them.

        Of several groups, what it remembers of each: ``{"param_groups": [...]}``.
        """
        states = [
            {name: list(group[name]) if isinstance(group[name], list) else group[name] for name in self.kinds}
            for group in self.param_groups
        ]
        return states[0] if len(states) == 1 else {"param_groups": states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave. ValueError, with nothing changed, where it does not fit."""
        set_together([], [], *self.changes(state))

    def changes(self, state: Any) -> list[tuple[object, str, object]]:
        """The attributes that `load_state_dict` sets, for `set_together`. ValueError where the state does not fit."""
        count = len(self.param_groups)
        try:
            if count == 1:
                states = [state]
            elif (
                not isinstance(state, Mapping) or state.keys() != {"param_groups"} or not isinstance(state["param_groups"], list)
            ):
                raise ValueError(f"it must be a dict of 'param_groups', a list of {count}, got {shown(state)}")
            elif len(states := state["param_groups"]) != count:
                raise ValueError(f"it has {len(states)} groups, not {count}")
            found: list[tuple[object, str, object]] = []
            for group, part in zip(self.param_groups, states):
                found += [(group, name, entry) for name, entry in self._checked(part, len(group.params)).items()]
            return found
        except ValueError as error:
            raise ValueError(f"this state does not fit this {type(self).__name__}: {error}") from None

    def _checked(self, state: Any, count: int) -> dict[str, Any]:
        """The entries of the state of `count` parameters as they are kept. ValueError lists those that are missing, unexpected
        or not of their kind."""
        return checked(state, self.kinds, count)

    def _started(self, count: int) -> dict[str, Any]:
        """The state before the first step."""
        return {}

    def _new_data(self, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], list[tuple[Any, str, Any]]]:
        """The data of the parameters after a step, and the entries of the groups that change."""
        new: list[float] = []
        changes: list[tuple[Any, str, Any]] = []
        for group in self.param_groups:
            part = slice(len(new), len(new) + len(group.params))
            numbers, state = self._updated(group, data[part], grads[part])
            new += numbers
            changes += [(group, name, entry) for name, entry in state.items()]
        return new, changes

    def _updated(self, group: ParamGroup, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], dict[str, Any]]:
        """The same of one group."""
        names = self._moving(group)
        grads = [-grad for grad in grads] if group.maximize else grads
        columns = [data, grads, *[group[name] or [0.0] * len(data) for name in names]]
        numbers = self._numbers(group)
        if len(data) >= MANY and fastest_dialect() == "c":
            found = self._program(group, names, numbers)(*[array("d", column) for column in columns], *numbers.values())
            found = found if names else [found]
        else:
            update = partial(self._update, group, SimpleNamespace(**numbers, sqrt=math.sqrt, maximum=max))
            found = map(list, zip(*map(update, *columns)))
        new, *state = found
        return new, dict(zip(names, state))

    def _program(self, group: ParamGroup, names: Sequence[str], numbers: Mapping[str, float]) -> Program:
        """The update of one parameter as a program of its data, grad and state, and of the numbers of the step."""
        key = type(self), *[bool(group[name]) for name in self.kinds]
        if key not in _programs:
            one = [Value(0.5, name) for name in ("p", "g", *names)]
            given = {name: Value(0.5, name) for name in numbers}
            results = self._update(group, SimpleNamespace(**given, sqrt=sqrt, maximum=maximum), *one)
            _programs[key] = compile_program(list(results), [*one, *given.values()], dialect="c")
        return _programs[key]

    def _moving(self, group: ParamGroup) -> list[str]:
        """The entries of the state that have a number for each parameter, and change with it."""
        return []

    def _numbers(self, group: ParamGroup) -> dict[str, float]:
        """The numbers of this step, the same for all parameters of the group."""
        return {name: float(group[name]) for name in self.kinds if isinstance(group[name], (int, float))}

    def _update(self, group: ParamGroup, h: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """The data of one parameter after a step, and what `_moving` names: the formula.

        h: the numbers of this step, `sqrt` and `maximum`. Which terms there are is up to the hyperparameters of the group being
        0, or not.
        """
        raise NotImplementedError

    def _decayed(self, group: ParamGroup, h: Any, p: Any, g: Any) -> Any:
        """The grad with weight_decay times the data added."""
        return g + h.weight_decay * p if group.weight_decay else g


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
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, maximize=maximize, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )

    def _started(self, count: int) -> dict[str, Any]:
        return {"velocity": []}

    def _checked(self, state: Any, count: int) -> dict[str, Any]:
        kept = super()._checked(state, count)
        if kept["nesterov"] and (kept["momentum"] == 0 or kept["dampening"] != 0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        return kept

    def _moving(self, group: ParamGroup) -> list[str]:
        return ["velocity"] if group.momentum else []

    def _update(self, group: ParamGroup, h: Any, p: Any, g: Any, *velocity: Any) -> tuple[Any, ...]:
        g = self._decayed(group, h, p, g)
        if not group.momentum:
            return (p - h.lr * g,)
        v = h.momentum * velocity[0] + (1 - h.dampening) * g if group.velocity else g
        return p - h.lr * (g + h.momentum * v if group.nesterov else v), v


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
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            maximize=maximize,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    def _started(self, count: int) -> dict[str, Any]:
        return {name: [0.0] * count for name in ("squares", "means", "velocity")}

    def _moving(self, group: ParamGroup) -> list[str]:
        return ["squares"] + ["means"] * group.centered + ["velocity"] * bool(group.momentum)

    def _update(self, group: ParamGroup, h: Any, p: Any, g: Any, s: Any, *state: Any) -> tuple[Any, ...]:
        g = self._decayed(group, h, p, g)
        variance = s = h.alpha * s + (1 - h.alpha) * g * g
        new = [s]
        if group.centered:
            m = h.alpha * state[0] + (1 - h.alpha) * g
            new.append(m)
            variance = h.maximum(0.0, s - m * m)  # below 0 by rounding alone
        move = g / (h.sqrt(variance) + h.eps)
        if group.momentum:
            move = h.momentum * state[-1] + move
            new.append(move)
        return p - h.lr * move, *new


class Adam(Optimizer):
    """p <- p - lr * m / (sqrt(s) + eps), with bias-corrected running means m of g and s of g**2. Kingma and Ba (2015).

    weight_decay is added to g times p. amsgrad: the largest s up to now is in the place of s. Reddi, Kale and Kumar (2018).
    """

    kinds = Optimizer.kinds | {
        "betas": betas,
        "eps": not_negative,
        "weight_decay": not_negative,
        "amsgrad": flag,
        "steps": whole,
        "means": one_each,
        "squares": squares,
        "largest": squares,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, maximize=maximize, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    def _started(self, count: int) -> dict[str, Any]:
        return {"steps": 0, **{name: [0.0] * count for name in ("means", "squares", "largest")}}

    def _updated(self, group: ParamGroup, data: Sequence[float], grads: Sequence[float]) -> tuple[list[float], dict[str, Any]]:
        new, state = super()._updated(group, data, grads)
        return new, {"steps": group.steps + 1, **state}

    def _moving(self, group: ParamGroup) -> list[str]:
        return ["means", "squares"] + ["largest"] * group.amsgrad

    def _numbers(self, group: ParamGroup) -> dict[str, float]:
        beta1, beta2 = group.betas
        steps = group.steps + 1
        corrected = {"rate": group.lr / (1 - beta1**steps), "root": math.sqrt(1 - beta2**steps)}
        return {**super()._numbers(group), **corrected, "beta1": beta1, "beta2": beta2}

    def _update(self, group: ParamGroup, h: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        return self._adam(h, p, self._decayed(group, h, p, g), *state)

    def _adam(self, h: Any, p: Any, g: Any, m: Any, s: Any, *largest: Any) -> tuple[Any, ...]:
        m = h.beta1 * m + (1 - h.beta1) * g
        s = h.beta2 * s + (1 - h.beta2) * g * g
        new = [h.maximum(*largest, s)] if largest else []
        return p - h.rate * m / (h.sqrt(new[0] if new else s) / h.root + h.eps), m, s, *new


class AdamW(Adam):
    """Adam with decoupled weight decay: p <- p - lr * weight_decay * p, then the step of Adam. Loshchilov and Hutter (2019)."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def _update(self, group: ParamGroup, h: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        return self._adam(h, p * (1 - h.lr * h.weight_decay), g, *state)
