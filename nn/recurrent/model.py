"""A recurrent network with what reads it out: `SequenceModel`."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, SupportsIndex

from autograd_lite import Scope, linear

from ..leaves import Rng, as_values, new_rng
from ..module import Module
from ..nests import at_least_one, in_lists
from .cells import Cell
from .networks import Recurrent, Run, as_network
from .units import Place, State, Units, labelled, made_by, over_time, place, set_parameters


class Readout(Module):
    """The linear layer that makes logits of a network's outputs: y = W_y h + b_y. Parameters Wy, by (NNDL's V, and a bias)."""

    Wy: list[Units]
    by: Units

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        parameters: Mapping[str, Any] | None = None,
        init: str = "uniform",
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        self.n_in, self.n_out = n_in, n_out = at_least_one("a readout", "input", n_in), at_least_one("a readout", "output", n_out)
        set_parameters(self, {"Wy": (n_out, n_in), "by": (n_out,)}, parameters or {}, init, new_rng(rng, seed))

    def forward(self, h: Units, t: int = 1) -> Units:
        """h: n_in Values. Returns n_out logits, ``y_1[0]``, ... at t = 1."""
        at = Place("", t, Scope("readout", place(t).scope))
        return labelled("y", [linear(w, h, b) for w, b in zip(self.Wy, self.by)], at)

    def extra_repr(self) -> str:
        return f"{self.n_in} -> {self.n_out}"


class SequenceModel(Module):
    """A recurrent network with a readout at every time step, and perhaps with an encoder before it.

    network: a cell or a network. readout: the number of classes, for a `Readout`; or any module, such as an MLP, from the
    outputs of the network at a time step to the logits. encoder: any module, from the inputs at a time step to those of the
    network. Layers in these places, or in a cell (see `Cell`), make a network deep within a time step; a `StackedRNN` makes it
    deep by its states.

    >>> from nn import MLP, LSTMCell
    >>> model = SequenceModel(LSTMCell(3, 4, rng=0), 2, rng=0)
    >>> logits = model([0, 2, 1])
    >>> len(logits), len(logits[0])
    (3, 2)
    >>> deep = SequenceModel(LSTMCell(3, 4), readout=MLP([4, 5, 2], "tanh", None), encoder=MLP([1, 3]))
    >>> [[unit.label for unit in units] for units in deep([[0.5], [0.25]])]
    [['y_1[0]', 'y_1[1]'], ['y_2[0]', 'y_2[1]']]
    """

    encoder: Module | None = None

    def __init__(
        self,
        network: Cell | Recurrent,
        readout: SupportsIndex | Module,
        *,
        encoder: Module | None = None,
        init: str = "uniform",
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        self.encoder = encoder if encoder is None else over_time(encoder, "encoder")
        self.network = as_network(network)
        n_out = self.network.n_out
        if hasattr(readout, "__index__"):
            readout = Readout(n_out, operator.index(readout), init=init, rng=rng, seed=seed)
        self.readout = over_time(readout, "readout")
        if isinstance(self.readout, Readout) and self.readout.n_in != n_out:
            raise ValueError(f"a readout of {self.readout.n_in} inputs cannot read a network of {n_out} outputs")

    def run(self, xs: Sequence[Any], initial: Any = None, detach_every: int | None = None) -> tuple[Run, list[Units]]:
        """The run of the network (arguments as there; an input may be whatever the encoder takes), and the logits of each time
        step."""
        run = self.network([self._encode(x, t) for t, x in enumerate(xs, 1)], initial, detach_every)
        return run, [self._read(h, t) for t, h in enumerate(run.outputs, 1)]

    def forward(self, xs: Sequence[Any], initial: Any = None, detach_every: int | None = None) -> list[Units]:
        """The logits of each time step."""
        return self.run(xs, initial, detach_every)[1]

    def step(self, x: Any, state: State, t: int = 1) -> tuple[Units, State]:
        """One time step: the logits and the new states by name. TypeError where that needs the whole sequence."""
        outputs, after = self.network.step(self._encode(x, t), state, t)
        return self._read(outputs, t), after

    def encoded(self, x: Any) -> Any:
        if self.encoder is None:
            return self.network.encoded(x)
        return [[] if item is None else self.encoder.encoded(item) for item in x]  # an array of no numbers: no input

    def _encode(self, x: Any, t: int) -> Any:
        if self.encoder is None or x is None:
            return x
        if isinstance(x, list) and not x:
            return None
        at = place(t)
        x = in_lists(x)
        if isinstance(x, list) and not any([isinstance(item, list) for item in x]):
            units = as_values(x)
            labelled("x", [unit for unit, number in zip(units, x) if unit is not number], at)
            x = units
        return made_by(self.encoder, x, Place("", t, Scope("encoder", at.scope)), "e")

    def _read(self, outputs: Units, t: int) -> Units:
        if isinstance(self.readout, Readout):
            logits: Units = self.readout(outputs, t)
            return logits
        return made_by(self.readout, outputs, Place("", t, Scope("readout", place(t).scope)), "y")


def check_model(model: Any) -> None:
    """TypeError unless it is a `SequenceModel`."""
    if not isinstance(model, SequenceModel):
        raise TypeError(f"this needs a SequenceModel, a network with its readout, got a {type(model).__name__}")
