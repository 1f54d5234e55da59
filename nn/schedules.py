"""Schedules: they set the learning rate of an optimizer, step by step. Names and rates are PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from autograd_lite import set_together

from .groups import ParamGroup
from .nests import Kind, checked, not_negative, one_each, whole
from .optim import Optimizer


class LRScheduler:
    """The common part: `step()`, after that of the optimizer, sets the rate of each of its groups for the next one.

    The rates of the groups when the schedule is made are `base_lrs`; `last_epoch` is the number of steps. `kinds` says what each
    entry of the state, an attribute of its name, must be. Two schedules of one optimizer multiply, except for `LambdaLR`.
    TypeError or ValueError for what does not fit.
    """

    kinds: ClassVar[dict[str, Kind]] = {"last_epoch": whole, "base_lrs": one_each}
    last_epoch: int
    base_lrs: list[float]

    def __init__(self, optimizer: Optimizer, **options: Any) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__} needs an optimizer, such as SGD(model.parameters()), got {optimizer!r:.60}")
        self.optimizer = optimizer
        started = {"last_epoch": 0, "base_lrs": [group.lr for group in optimizer.param_groups]}
        vars(self).update(self._checked({**started, **options}))

    def step(self) -> None:
        """Sets the rates for the next step. An interrupt finds all of them set, or none."""
        set_together([], [], *self.next_changes())

    def next_changes(self) -> list[tuple[object, str, object]]:
        """The attributes that `step` sets, for `set_together` or `Optimizer.step`. ValueError for a rate that is none."""
        return [(self, "last_epoch", self.last_epoch + 1), *self._rates_set(self.last_epoch + 1)]

    def _rates_set(self, t: int) -> list[tuple[object, str, object]]:
        changes: list[tuple[object, str, object]] = []
        if len(self.base_lrs) != len(self.optimizer.param_groups):
            raise ValueError("the optimizer has got another group since: make the schedule again")
        for k, group in enumerate(self.optimizer.param_groups):
            try:
                changes.append((group, "lr", not_negative(rate := self._rate(k, group, t), 1)))
            except ValueError as must_be:
                raise ValueError(f"the rate that {type(self).__name__} sets for step {t} {must_be}, got {rate!r:.60}") from None
        return changes

    def _rate(self, k: int, group: ParamGroup, t: int) -> Any:
        """The rate of group number k after t steps, from that before: the formula."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """The rate of each group."""
        return [group.lr for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What the schedule remembers, in numbers and a list of them. (The rates now are in the optimizer's state.)"""
        return {name: list(entry) if isinstance(entry := getattr(self, name), list) else entry for name in self.kinds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave. ValueError, with nothing changed, where it does not fit."""
        try:
            kept = self._checked(state)
        except ValueError as error:
            raise ValueError(f"this state does not fit this {type(self).__name__}: {error}") from None
        set_together([], [], *[(self, name, entry) for name, entry in kept.items()])

    def _checked(self, state: Any) -> dict[str, Any]:
        return checked(state, self.kinds, len(self.optimizer.param_groups))


def at_least_one(thing: Any, count: int) -> int:
    if (number := whole(thing, count)) < 1:
        raise ValueError("must be a whole number of at least 1")
    return number


class StepLR(LRScheduler):
    """The rate times gamma after every `step_size` steps."""

    kinds = LRScheduler.kinds | {"step_size": at_least_one, "gamma": not_negative}
    step_size: int
    gamma: float

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer, step_size=step_size, gamma=gamma)

    def _rate(self, k: int, group: ParamGroup, t: int) -> Any:
        return group.lr if t % self.step_size else group.lr * self.gamma


class ExponentialLR(LRScheduler):
    """The rate times gamma after every step."""

    kinds = LRScheduler.kinds | {"gamma": not_negative}
    gamma: float

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        super().__init__(optimizer, gamma=gamma)

    def _rate(self, k: int, group: ParamGroup, t: int) -> Any:
        return group.lr * self.gamma


class CosineAnnealingLR(LRScheduler):
    """eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2 after t steps: down to eta_min, and up again.

    Loshchilov and Hutter (2017), eq. 5, without restarts. It is computed from the rate before, as in PyTorch, so that it goes
    with other changes of the rate.
    """

    kinds = LRScheduler.kinds | {"T_max": at_least_one, "eta_min": not_negative}
    T_max: int
    eta_min: float

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        super().__init__(optimizer, T_max=T_max, eta_min=eta_min)

    def _rate(self, k: int, group: ParamGroup, t: int) -> Any:
        low, before = self.eta_min, 1 + math.cos(math.pi * (t - 1) / self.T_max)
        if (t - 1 - self.T_max) % (2 * self.T_max) == 0:  # before is 0
            return group.lr + (self.base_lrs[k] - low) * (1 - math.cos(math.pi / self.T_max)) / 2
        return (1 + math.cos(math.pi * t / self.T_max)) / before * (group.lr - low) + low


class LambdaLR(LRScheduler):
    """base * lr_lambda(t) after t steps, from t = 0 on. lr_lambda: a function, or a list of one for each group.

    Functions are not in the state: they are given again.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]]) -> None:
        super().__init__(optimizer)
        count = len(optimizer.param_groups)
        self.lr_lambdas: list[Any] = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * count
        if len(self.lr_lambdas) != count or not all(map(callable, self.lr_lambdas)):
            raise ValueError(f"LambdaLR needs a function, or one for each of {count} groups, got {lr_lambda!r:.60}")
        set_together([], [], *self._rates_set(0))

    def _rate(self, k: int, group: ParamGroup, t: int) -> Any:
        return self.base_lrs[k] * self.lr_lambdas[k](t)
