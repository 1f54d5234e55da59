"""What a training run leaves: `History`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from autograd_lite.sentences import known, say

from .curves import figure


class History:
    """The loss of each forward pass of a training run. `reached` says whether it ended within the tolerance.

    Of what was looked at on the way (see `train`): `evaluated` has the numbers of updates after which, `validation` the losses
    on the examples held back, `metrics` by name what they gave, and `best` is the number of updates after which the loss in
    `validation` was lowest. `stopped` says what ended the run before its last step: "patience", "callback", or "".
    """

    def __init__(self, losses: Iterable[float] = (), reached: bool = False, seconds: float = 0.0) -> None:
        self.losses = list(losses)
        self.reached = reached
        self.seconds = seconds
        self.evaluated: list[int] = []
        self.validation: list[float] = []
        self.metrics: dict[str, list[float]] = {}
        self.best: int | None = None
        self.stopped = ""

    def plot(self, ax: Any = None) -> Any:
        """Draws the losses over the updates, on a logarithmic axis if all are positive; returns the matplotlib Axes.

        Metrics are drawn on an axis of their own, at the right. ImportError where matplotlib is not installed (the extra
        `notebook` has it).
        """
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        lines = ax.plot(self.losses, label="loss")
        if self.validation:
            lines += ax.plot(self.evaluated, self.validation, label="validation")
        positive = min([*self.losses, *self.validation], default=0.0) > 0
        ax.set(xlabel="updates", ylabel="loss", yscale="log" if positive else "linear")
        if self.metrics:
            right = ax.twinx()
            for k, (name, numbers) in enumerate(self.metrics.items(), 2):
                lines += right.plot(self.evaluated, numbers, f"C{k}--", label=name)
            right.set(ylabel=", ".join(self.metrics))
        if len(lines) > 1:
            ax.legend(lines, [line.get_label() for line in lines])
        return ax

    def _repr_html_(self) -> str:
        loss, validation, updates = [say(known(None), f"curve-{name}") for name in ("loss", "validation", "updates")]
        losses = {loss: self.losses} | ({validation: self._at_updates(self.validation)} if self.validation else {})
        shown = figure(losses, updates, loss, first=0, caption="" if self.metrics else repr(self))
        if self.metrics:
            metrics = {name: self._at_updates(numbers) for name, numbers in self.metrics.items()}
            shown += figure(metrics, updates, ", ".join(metrics), first=0, caption=repr(self))
        return shown

    def _at_updates(self, numbers: list[float]) -> list[float]:
        """A number for each number of updates: nan where nothing was looked at."""
        found = dict(zip(self.evaluated, numbers))
        return [found.get(step, math.nan) for step in range(len(self.losses))]

    def __repr__(self) -> str:
        if not self.losses:
            return "History(no steps)"
        end = f"stopped by {self.stopped}" if self.stopped else "within the tolerance" if self.reached else "all steps done"
        first, last = self.losses[0], self.losses[-1]
        best = "" if self.best is None else f", validation {min(self.validation):.6g} after {self.best}"
        return f"History({len(self.losses)} losses, from {first:.6g} to {last:.6g} in {self.seconds:.1f} s, {end}{best})"
