"""What a training run leaves: `History`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .curves import figure


class History:
    """The loss of each forward pass of a training run. `reached` says whether it ended within the tolerance."""

    def __init__(self, losses: Iterable[float] = (), reached: bool = False, seconds: float = 0.0) -> None:
        self.losses = list(losses)
        self.reached = reached
        self.seconds = seconds

    def plot(self, ax: Any = None) -> Any:
        """Draws the losses over the steps, on a logarithmic axis if all are positive; returns the matplotlib Axes.

        ImportError where matplotlib is not installed (the extra `notebook` has it).
        """
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        ax.plot(self.losses)
        ax.set(xlabel="updates", ylabel="loss", yscale="log" if min(self.losses, default=0.0) > 0 else "linear")
        return ax

    def _repr_html_(self) -> str:
        return figure({"loss": self.losses}, "updates", "loss", first=0, caption=repr(self))

    def __repr__(self) -> str:
        if not self.losses:
            return "History(no steps)"
        end = "within the tolerance" if self.reached else "all steps done"
        first, last = self.losses[0], self.losses[-1]
        return f"History({len(self.losses)} losses, from {first:.6g} to {last:.6g} in {self.seconds:.1f} s, {end})"
