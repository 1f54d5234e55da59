"""Networks of cells: over sequences of any length, stacked, and in both directions of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from autograd_lite import Value
from autograd_lite.nests import is_array

from ..module import Module
from ..nests import place_as_vector
from .cells import Cell
from .units import State, Units, labelled, place


class Run(NamedTuple):
    """What a recurrent network made of a sequence of T inputs."""

    outputs: list[Units]
    """For each time step, what the network hands on: h, or that of both directions."""
    states: dict[str, list[Units]]
    """By name (``h``, ``i``, ``c_tilde``, ...; ``h2`` in layer 2), for each time step, every gate, candidate and state."""
    initial: State
    """The state at t = 0 by name, for derivatives by it."""
    nets: Sequence[str] = ()
    """Which of the states are net inputs."""


class Recurrent(Module):
    """A network over sequences: of any length T >= 1, with the same parameters."""

    n_in: int
    n_out: int

    def forward(
        self,
        xs: Sequence[Any],
        initial: Mapping[str, Sequence[Value | float]] | None = None,
        detach_every: int | None = None,
    ) -> Run:
        """xs: T inputs (see `Cell.forward`); a sequence from one input is ``[x, None, None]``.
        initial: the state before the first, by name; 0 where it is not given.

        detach_every: k cuts the graph before each k-th step, so that derivatives reach back fewer than k steps.
        ValueError for an empty sequence or an unknown name.
        """
        if len(xs) == 0:
            raise ValueError("a recurrent network needs a sequence of at least one input")
        if detach_every is not None and detach_every < 1:
            raise ValueError(f"detach_every must be at least 1, got {detach_every}")
        run = self._unroll(xs, self._given(initial), detach_every, "", range(1, len(xs) + 1))
        return run._replace(nets=[name for name in self.net_names() if name in run.states])

    def encoded(self, x: Any) -> Any:
        return [[0.0] * self.n_in if item is None else place_as_vector(item, self.n_in) for item in x]

    def step(self, x: Any, state: State, t: int = 1, layer: str = "") -> tuple[Units, State]:
        """One time step: the outputs and the new states by name. TypeError where that needs the whole sequence."""
        raise TypeError(f"a {type(self).__name__} reads its sequence backward too: it has no step forward in time")

    def initial_state(self, initial: Mapping[str, Sequence[Value | float]] | None = None) -> State:
        """The states at t = 0 by name, of the numbers or Values given, else 0."""
        return self._initial(self._given(initial), "", 0)

    def state_names(self, layer: str = "") -> list[str]:
        """The names that an initial state may have."""
        return [name for part, name_of_part in self._parts(layer) for name in part.state_names(name_of_part)]

    def net_names(self, layer: str = "") -> list[str]:
        """The names of the net inputs."""
        return [name for part, name_of_part in self._parts(layer) for name in part.net_names(name_of_part)]

    def _parts(self, layer: str) -> list[tuple[Recurrent, str]]:
        """The networks within, each with the name of its layer."""
        raise NotImplementedError

    def _initial(self, given: Mapping[str, Any], layer: str, t: int) -> State:
        return {name: x for part, inner in self._parts(layer) for name, x in part._initial(given, inner, t).items()}

    def _unroll(self, xs: Sequence[Any], given: Mapping[str, Any], detach_every: int | None, layer: str, times: range) -> Run:
        """The run over `xs`, which are at these times."""
        raise NotImplementedError

    def _given(self, initial: Mapping[str, Any] | None) -> Mapping[str, Any]:
        if initial is not None and not isinstance(initial, Mapping):
            raise TypeError(f"initial states are a dict, for {', '.join(self.state_names())}; got {initial!r:.60}")
        unknown = set(initial or ()) - set(self.state_names())
        if unknown:
            raise ValueError(f"unknown initial states {sorted(unknown)}: there are {', '.join(self.state_names())}")
        return initial or {}


class RNN(Recurrent):
    """One cell over a sequence.

    >>> from nn import GRUCell
    >>> run = RNN(GRUCell(2, 3, rng=0))([[1.0, 2.0], [3.0, 4.0]])
    >>> len(run.outputs), [unit.label for unit in run.states["h"][1]]
    (2, ['h_2[0]', 'h_2[1]', 'h_2[2]'])
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.n_in, self.n_out = cell.n_in, cell.n_hidden

    def step(self, x: Any, state: State, t: int = 1, layer: str = "") -> tuple[Units, State]:
        found = self.cell(x, {name: state[name + layer] for name in self.cell.states}, t, layer)
        return found["h"], {name + layer: found[name] for name in self.cell.states}

    def state_names(self, layer: str = "") -> list[str]:
        return [name + layer for name in self.cell.states]

    def net_names(self, layer: str = "") -> list[str]:
        return [name + layer for name in self.cell.net_names()]

    def _initial(self, given: Mapping[str, Any], layer: str, t: int) -> State:
        state = {}
        for name in self.state_names(layer):
            units = given.get(name, [0.0] * self.n_out)
            if not isinstance(units, Sequence) and not is_array(units):
                raise TypeError(f"the initial state {name!r} is a list of units, got {units!r:.60}")
            if len(units) != self.n_out:
                raise ValueError(f"the initial state {name!r} needs {self.n_out} units, got {len(units)}")
            new = [Value(0.0 if isinstance(u, Value) else u) for u in units]
            labelled(name.removesuffix(layer), new, place(t, layer))
            state[name] = [u if isinstance(u, Value) else leaf for u, leaf in zip(units, new)]
        return state

    def _unroll(self, xs: Sequence[Any], given: Mapping[str, Any], detach_every: int | None, layer: str, times: range) -> Run:
        initial = self._initial(given, layer, times[0] - times.step)
        state = {name: initial[name + layer] for name in self.cell.states}
        steps = []
        for k, (x, t) in enumerate(zip(xs, times)):
            if detach_every and k and k % detach_every == 0:
                state = {name: [unit.detach() for unit in state[name]] for name in self.cell.states}
            state = self.cell(x, state, t, layer)
            steps.append(state)
        states = {name + layer: [step[name] for step in steps] for name in steps[0]}
        return Run([step["h"] for step in steps], states, initial)


class StackedRNN(Recurrent):
    """Layers one above the other: each reads the outputs of the one below at the same time (NNDL 6.70).

    layers: cells, or networks such as `BidirectionalRNN`. The states of layer k are named ``h1``, ``h2``, ...; those of
    layers within a layer ``h1.2``.

    >>> from nn import RNNCell
    >>> stack = StackedRNN([RNNCell(2, 3, rng=0), RNNCell(3, 4, rng=1)])
    >>> list(stack([[1.0, 2.0]]).states)
    ['z1', 'h1', 'z2', 'h2']
    """

    def __init__(self, layers: Sequence[Cell | Recurrent]) -> None:
        if not isinstance(layers, Iterable):
            raise TypeError(f"a StackedRNN needs a list of layers, such as [RNNCell(2, 3), RNNCell(3, 4)], got {layers!r:.60}")
        if not (layers := list(layers)):
            raise ValueError("a StackedRNN needs at least one layer")
        self.layers = [as_network(layer) for layer in layers]
        for below, above in pairwise(self.layers):
            if below.n_out != above.n_in:
                raise ValueError(f"a layer of {above.n_in} inputs cannot read one of {below.n_out} outputs")
        self.n_in, self.n_out = self.layers[0].n_in, self.layers[-1].n_out

    def step(self, x: Any, state: State, t: int = 1, layer: str = "") -> tuple[Units, State]:
        after: State = {}
        for part, inner in self._parts(layer):
            x, states = part.step(x, state, t, inner)
            after |= states
        return x, after

    def _parts(self, layer: str) -> list[tuple[Recurrent, str]]:
        return [(part, _inner(layer, k)) for k, part in enumerate(self.layers, 1)]

    def _unroll(self, xs: Sequence[Any], given: Mapping[str, Any], detach_every: int | None, layer: str, times: range) -> Run:
        run = Run(list(xs), {}, {})
        for part, inner in self._parts(layer):
            above = part._unroll(run.outputs, given, detach_every, inner, times)
            run = Run(above.outputs, run.states | above.states, run.initial | above.initial)
        return run


class BidirectionalRNN(Recurrent):
    """Two networks on the same inputs, layer 1 forward in time and layer 2 backward; an output is both h, one after the other.

    Both read x: it is not a stack. States are as in `StackedRNN`, each at the time of its input, and ``h`` are the outputs;
    the initial state of layer 2 is that after the last input. Source: NNDL 6.71 to 6.73.
    """

    def __init__(self, forward_layer: Cell | Recurrent, backward_layer: Cell | Recurrent) -> None:
        self.forward_layer, self.backward_layer = as_network(forward_layer), as_network(backward_layer)
        if self.forward_layer.n_in != self.backward_layer.n_in:
            raise ValueError("both layers of a BidirectionalRNN read the same inputs: give them the same n_in")
        self.n_in, self.n_out = self.forward_layer.n_in, self.forward_layer.n_out + self.backward_layer.n_out

    def _parts(self, layer: str) -> list[tuple[Recurrent, str]]:
        return [(self.forward_layer, _inner(layer, 1)), (self.backward_layer, _inner(layer, 2))]

    def _unroll(self, xs: Sequence[Any], given: Mapping[str, Any], detach_every: int | None, layer: str, times: range) -> Run:
        ahead = self.forward_layer._unroll(xs, given, detach_every, _inner(layer, 1), times)
        back = self.backward_layer._unroll(xs[::-1], given, detach_every, _inner(layer, 2), times[::-1])
        outputs = [first + second for first, second in zip(ahead.outputs, back.outputs[::-1])]
        states = ahead.states | {name: steps[::-1] for name, steps in back.states.items()} | {f"h{layer}": outputs}
        return Run(outputs, states, ahead.initial | back.initial)


def as_network(part: Cell | Recurrent) -> Recurrent:
    return RNN(part) if isinstance(part, Cell) else part


def _inner(layer: str, k: int) -> str:
    return f"{layer}.{k}" if layer else str(k)
