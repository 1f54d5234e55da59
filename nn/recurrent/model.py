"""A recurrent network with what reads it out: `SequenceModel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd_lite import Scope, linear

from ..leaves import Rng
from ..module import Module
from .cells import Cell
from .networks import Recurrent, Run, as_network
from .units import Place, Units, labelled, place, set_parameters


class Readout(Module):
    """The linear layer that makes logits of a network's outputs: y = W_y h + b_y. Parameters Wy, by (NNDL's V, and a bias)."""

    Wy: list[Units]
    by: Units

    def __init__(
        self, n_in: int, n_out: int, *, parameters: Mapping[str, Any] | None = None, init: str = "uniform", rng: Rng = None
    ) -> None:
        if n_in < 1 or n_out < 1:
            raise ValueError(f"a readout needs at least one input and one output, got {n_in} and {n_out}")
        self.n_in, self.n_out = n_in, n_out
        set_parameters(self, {"Wy": (n_out, n_in), "by": (n_out,)}, parameters or {}, init, rng)

    def forward(self, h: Units, t: int = 1) -> Units:
        """h: n_in Values. Returns n_out logits, ``y_1[0]``, ... at t = 1."""
        at = Place("", t, Scope("readout", place(t).scope))
        return labelled("y", [linear(w, h, b) for w, b in zip(self.Wy, self.by)], at)

    def extra_repr(self) -> str:
        return f"{self.n_in} -> {self.n_out}"


class SequenceModel(Module):
    """A recurrent network with a readout at every time step.

    network: a cell or a network. n_out: the number of classes; or a `Readout` in its place.

    >>> from nn import LSTMCell
    >>> model = SequenceModel(LSTMCell(3, 4, rng=0), 2, rng=0)
    >>> logits = model([0, 2, 1])
    >>> len(logits), len(logits[0])
    (3, 2)
    """

    def __init__(self, network: Cell | Recurrent, n_out: int | Readout, *, init: str = "uniform", rng: Rng = None) -> None:
        self.network = as_network(network)
        readout = n_out if isinstance(n_out, Readout) else Readout(self.network.n_out, n_out, init=init, rng=rng)
        if readout.n_in != self.network.n_out:
            raise ValueError(f"a readout of {readout.n_in} inputs cannot read a network of {self.network.n_out} outputs")
        self.readout = readout

    def run(self, xs: Sequence[Any], initial: Any = None, detach_every: int | None = None) -> tuple[Run, list[Units]]:
        """The run of the network (arguments as there), and the logits of each time step."""
        run = self.network(xs, initial, detach_every)
        return run, [self.readout(h, t) for t, h in enumerate(run.outputs, 1)]

    def forward(self, xs: Sequence[Any], initial: Any = None, detach_every: int | None = None) -> list[Units]:
        """The logits of each time step."""
        return self.run(xs, initial, detach_every)[1]

    def encoded(self, x: Any) -> Any:
        return self.network.encoded(x)


def check_model(model: Any) -> None:
    """TypeError unless it is a `SequenceModel`."""
    if not isinstance(model, SequenceModel):
        raise TypeError(f"this needs a SequenceModel, a network with its readout, got a {type(model).__name__}")
