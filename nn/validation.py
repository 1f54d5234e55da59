"""Looks at a model while it is trained: the loss on examples held back, metrics, and the best parameters up to now."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_lite import Value, data_of, no_grad, peek, set_together

from .history import History
from .module import Module
from .nests import real

Metric = Callable[[Any, Any], Any]
Metrics = Metric | Iterable[Metric] | Mapping[str, Metric]


class Validation:
    """What is looked at, and how often: after 0, `every`, 2 `every`, ... updates, and at the end. See `train`."""

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Any],
        examples: Sequence[Any],
        held_back: Iterable[Any] | None,
        metrics: Metrics,
        every: int,
        patience: float | None,
        parameters: Sequence[Value],
    ) -> None:
        self.model, self.loss, self.parameters, self.patience = model, loss, parameters, patience
        self.held_back = None if held_back is None else pairs(held_back, "validation")
        self.examples = examples if self.held_back is None else self.held_back
        self.metrics = _by_name(metrics)
        self.every = every
        self.wanted = self.held_back is not None or bool(self.metrics)
        self.waited, self.lowest, self.best = 0, math.inf, [0.0]
        self._parts = model.modules()
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"train needs a whole number of at least 1 as every, got {every!r}")
        if patience is not None and not (self.held_back and real(patience) >= 0):
            raise ValueError(f"patience is a number of at least 0, and needs examples for validation; got {patience!r}")

    def look(self, history: History, step: int) -> bool:
        """Adds what is found after so many updates to the history. Whether there has been no better loss for too long."""
        total, found = 0.0, dict.fromkeys(self.metrics, 0.0)
        try:
            with evaluated(self._parts):
                for x, target in self.examples:
                    outputs = self.model(x)
                    total += peek(self.loss(outputs, target)) if self.held_back else 0.0
                    for name, metric in self.metrics.items():
                        found[name] += peek(metric(outputs, target))
        except OverflowError as error:
            raise FloatingPointError(f"what is looked at after {step} updates overflows: try a lower learning rate") from error
        count = len(self.examples)
        history.evaluated.append(step)
        for name, sums in found.items():
            history.metrics.setdefault(name, []).append(sums / count)
        return bool(self.held_back) and self._judge(history, step, total / count)

    def _judge(self, history: History, step: int, loss: float) -> bool:
        history.validation.append(loss)
        if history.best is None or loss < self.lowest:
            history.best, self.best, self.waited = step, data_of(self.parameters), 0
            self.lowest = loss if math.isfinite(loss) else math.inf
        else:
            self.waited += 1
        return self.patience is not None and self.waited > 0 and self.waited >= self.patience

    def restore(self) -> None:
        """With patience, sets the best parameters."""
        if self.patience is not None:
            set_together(self.parameters, self.best)


@contextmanager
def evaluated(parts: Sequence[Module]) -> Iterator[None]:
    """Within it the modules are as after `eval`, and nothing is recorded."""
    training = [part.training for part in parts]
    try:
        for part in parts:
            part.training = False
        with no_grad():
            yield
    finally:
        for part, mode in zip(parts, training):
            part.training = mode


def pairs(examples: Iterable[Any], what: str) -> list[Any]:
    """The examples as a list. ValueError, naming what they are for, if there is none, or one is no pair."""
    if not isinstance(examples, Iterable):
        raise TypeError(f"{what} needs pairs of an input and a target, as of zip(X, y), got {examples!r:.60}")
    if not (found := list(examples)):
        raise ValueError(f"{what} needs at least one example")
    for k, example in enumerate(found):
        if isinstance(example, str) or not hasattr(example, "__len__") or len(example) != 2:
            raise ValueError(f"{what} needs pairs of an input and a target, as of zip(X, y), but number {k} is {example!r:.60}")
    return found


def _by_name(metrics: Metrics) -> dict[str, Metric]:
    metrics = [metrics] if callable(metrics) else metrics
    # of a functools.partial, the name of what it is of
    given = (
        metrics.items()
        if isinstance(metrics, Mapping)
        else [(getattr(getattr(f, "func", f), "__name__", ""), f) for f in metrics]
    )
    found = dict(given)
    if len(found) < len(list(given)) or not all(map(callable, found.values())):
        raise ValueError(
            f"metrics are functions of outputs and target, of different names, or a dict of them; got {metrics!r:.60}"
        )
    return found
