"""Recurrent networks: cells, sequences of any length, stacked and bidirectional, read out to logits.

U multiplies the state and W the input, as in Qiu's "Neural Networks and Deep Learning" (NNDL), chapter 6; * is element-wise.
Every gate, candidate and state of a unit at a time step is a labelled node: ``i_3[0]`` is the input gate of unit 0 at t = 3
(time from 1, units from 0), ``net_i_3[0]`` its net input; in layer 2 of a stack they are ``i2_3[0]`` and ``net_i2_3[0]``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_lite import Scope, Value, dot, linear, sigmoid, tanh
from autograd_lite.nests import is_array

from ..dense import Rng, as_parameter, as_values, initialisation, new_rng
from ..module import Module, new_scope

Units = list[Value]
State = dict[str, Units]


class Place(NamedTuple):
    """Where in a network a node is made: the name of its layer, the time step, and its part in pictures."""

    layer: str
    t: int
    scope: Scope


def place(t: int, layer: str = "") -> Place:
    """The place of a time step, in a layer if it has a name."""
    scope = Scope(f"t = {t}", time=t)
    return Place(layer, t, Scope(f"layer {layer}", scope) if layer else scope)


class Cell(Module):
    """One step of a recurrent network: from an input and the state before to the gates, candidates and states after.

    n_in: m, the number of inputs; n_hidden: d, the number of units. parameters: for some or all of the names in `shapes`, a
    nest of numbers or Values (Values are kept, so they may be shared); the others are drawn by `init` ("uniform", "xavier"
    or "he", see `Neuron`), biases and peepholes being 0. rng: a `random.Random` or its seed.

    ValueError for an unknown name or a wrong shape.
    """

    states: tuple[str, ...] = ("h",)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the parameters

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        *,
        parameters: Mapping[str, Any] | None = None,
        init: str = "uniform",
        rng: Rng = None,
    ) -> None:
        if n_in < 1 or n_hidden < 1:
            raise ValueError(f"a cell needs at least one input and one unit, got {n_in} and {n_hidden}")
        self.n_in, self.n_hidden = n_in, n_hidden
        set_parameters(self, self.shapes(), parameters or {}, init, rng)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter: (d, m) for a W, (d, d) for a U, (d,) for a bias or a peephole."""
        raise NotImplementedError

    def forward(self, x: Units | int, state: State, t: int = 1, layer: str = "") -> State:
        """x: m Values or numbers, or an int k for the input that is 1 at place k and 0 elsewhere (m > 1).
        state: what `states` names; 0 unless it is given.

        Returns the new state, and with it every gate, candidate and net input, each by name: d Values.
        """
        raise NotImplementedError

    def __call__(self, x: Units | int, state: State | None = None, t: int = 1, layer: str = "") -> State:
        if state is None:
            state = {name: [Value(0.0) for _ in range(self.n_hidden)] for name in self.states}
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dict of lists of units, for {', '.join(self.states)}; got {state!r:.60}")
        return self.forward(x, state, t, layer)

    def _net(self, gate: str, x: Units | int, state: Units, at: Place, diagonal: tuple[Units, Units] | None = None) -> Units:
        """The net inputs W x + U h + b of a gate, and + V * c where the diagonal V and c are given: one node a unit."""
        suffix = f"_{gate}" if gate else ""
        W, U, b = getattr(self, f"W{suffix}"), getattr(self, f"U{suffix}"), getattr(self, f"b{suffix}")
        columns, ones = _columns(W, x)
        inputs = [*ones, *state]
        if diagonal is None:
            nets = [linear([*w, *u], inputs, bias) for w, u, bias in zip(columns, U, b)]
        else:
            nets = [linear([*w, *u, v], [*inputs, c], bias) for w, u, v, c, bias in zip(columns, U, *diagonal, b)]
        return labelled(f"net_{gate}" if gate else "z", nets, at)

    def _inputs(self, x: Units | int) -> Units | int:
        try:
            place = operator.index(x)  # type: ignore[arg-type]
        except TypeError:
            units = as_values(x)  # type: ignore[arg-type]
            if len(units) != self.n_in:
                raise ValueError(f"the cell has {self.n_in} inputs, got {len(units)}") from None
            return units
        if self.n_in == 1:
            raise ValueError(f"an int stands for one place of several: give the one input as [{x}]")
        if not 0 <= place < self.n_in:
            raise ValueError(f"the input {x} is not a place from 0 to {self.n_in - 1}")
        return place

    def extra_repr(self) -> str:
        return f"{self.n_in} -> {self.n_hidden}"


class RNNCell(Cell):
    """The simple recurrent network: z = U h' + W x + b, h = f(z), with h' the state before. Parameters W, U, b.

    activation: "tanh" or "sigmoid". Source: NNDL 6.5 to 6.9.

    >>> cell = RNNCell(1, 1, parameters={"W": [[1.0]], "U": [[0.5]], "b": [0.0]})
    >>> step = cell([0.0], {"h": [Value(2.0)]}, t=3)
    >>> step["z"]
    [Value(data=1.0, grad=0.0, op='linear', label='z_3[0]')]
    """

    def __init__(self, n_in: int, n_hidden: int, activation: str = "tanh", **options: Any) -> None:
        if activation not in ("tanh", "sigmoid"):
            raise ValueError(f"an RNNCell is of tanh or sigmoid units, not {activation!r}")
        self.activation = activation
        super().__init__(n_in, n_hidden, **options)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return gate_shapes("", self.n_in, self.n_hidden)

    def forward(self, x: Units | int, state: State, t: int = 1, layer: str = "") -> State:
        at = place(t, layer)
        z = self._net("", self._inputs(x), state["h"], at)
        f = tanh if self.activation == "tanh" else sigmoid
        return {"z": z, "h": labelled("h", [f(net) for net in z], at)}

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, {self.activation}"


class GRUCell(Cell):
    """The gated recurrent unit: update gate z, reset gate r, candidate h~. Parameters W_g, U_g, b_g for g = z, r, h.

    z = sigmoid(W_z x + U_z h' + b_z), r = sigmoid(W_r x + U_r h' + b_r), h~ = tanh(W_h x + U_h (r * h') + b_h),
    h = z * h' + (1 - z) * h~: z keeps the old state, as in NNDL (6.66 to 6.69) and in PyTorch.

    reset_after: PyTorch's form, h~ = tanh(W_h x + b_h + r * (U_h h' + b_hn)), with the further parameter b_hn.
    update_on_candidate: Ng's direction, h = z * h~ + (1 - z) * h'. His relevance gate is r.
    """

    def __init__(
        self, n_in: int, n_hidden: int, reset_after: bool = False, update_on_candidate: bool = False, **options: Any
    ) -> None:
        self.reset_after, self.update_on_candidate = reset_after, update_on_candidate
        super().__init__(n_in, n_hidden, **options)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for gate in "zrh":
            shapes |= gate_shapes(gate, self.n_in, self.n_hidden)
        return shapes | ({"b_hn": (self.n_hidden,)} if self.reset_after else {})

    def forward(self, x: Units | int, state: State, t: int = 1, layer: str = "") -> State:
        at = place(t, layer)
        x, before = self._inputs(x), state["h"]
        net_z, net_r = self._net("z", x, before, at), self._net("r", x, before, at)
        z = labelled("z", [sigmoid(net) for net in net_z], at)
        r = labelled("r", [sigmoid(net) for net in net_r], at)
        if self.reset_after:
            recurrent = [linear(u, before, b) for u, b in zip(self.U_h, self.b_hn)]
            w, inputs = _columns(self.W_h, x)
            net_h = [linear([*row, gate], [*inputs, u], b) for row, gate, u, b in zip(w, r, recurrent, self.b_h)]
            labelled("net_h", net_h, at)
        else:
            net_h = self._net("h", x, [gate * unit for gate, unit in zip(r, before)], at)
        candidate = labelled("h_tilde", [tanh(net) for net in net_h], at)
        kept, new = (candidate, before) if self.update_on_candidate else (before, candidate)
        h = labelled("h", [dot([gate, 1 - gate], [old, unit]) for gate, old, unit in zip(z, kept, new)], at)
        return {"net_r": net_r, "r": r, "net_z": net_z, "z": z, "net_h": net_h, "h_tilde": candidate, "h": h}

    def extra_repr(self) -> str:
        forms = ", reset_after" * self.reset_after + ", update_on_candidate" * self.update_on_candidate
        return super().extra_repr() + forms


class LSTMCell(Cell):
    """Long short-term memory: input gate i, forget gate f, output gate o, candidate c~; the states are c, within, and h.

    i, f, o = sigmoid(W_g x + U_g h' + b_g), c~ = tanh(W_c x + U_c h' + b_c), c = f * c' + i * c~, h = o * tanh(c).
    Source: NNDL 6.51 to 6.59. Parameters W_g, U_g, b_g for g = i, f, o, c.

    forget_bias: what every entry of b_f starts from; it is trained like any other.
    forget_gate=False: f is 1, c = c' + i * c~ (6.60). coupled: f = 1 - i (6.64, 6.65). Neither has W_f, U_f, b_f.
    peephole: i and f also see V_i * c' and V_f * c', o sees V_o * c, the new c; the V are diagonal, (d,) (6.61 to 6.63).
    With "previous", o sees c' too, as the sentence beside these equations has it, and the equations do not.
    """

    states = ("h", "c")

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        forget_bias: float = 1.0,
        peephole: bool | str = False,
        coupled: bool = False,
        forget_gate: bool = True,
        *,
        parameters: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if coupled and not forget_gate:
            raise ValueError("an LSTMCell is either coupled or without a forget gate, not both")
        if peephole not in (True, False, "previous"):
            raise ValueError(f"peephole is True, False or 'previous', not {peephole!r}")
        self.peephole, self.coupled, self.forget_gate = peephole, coupled, forget_gate
        start = {"b_f": [forget_bias] * n_hidden} if "f" in self._gates() else {}
        super().__init__(n_in, n_hidden, parameters=start | dict(parameters or {}), **options)

    def _gates(self) -> str:
        return "ioc" if self.coupled or not self.forget_gate else "ifoc"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for gate in self._gates():
            shapes |= gate_shapes(gate, self.n_in, self.n_hidden)
        if self.peephole:
            shapes |= {f"V_{gate}": (self.n_hidden,) for gate in self._gates() if gate != "c"}
        return shapes

    def forward(self, x: Units | int, state: State, t: int = 1, layer: str = "") -> State:
        at = place(t, layer)
        x, before, c_before = self._inputs(x), state["h"], state["c"]
        found: State = {}

        def gate(name: str, c: Units) -> Units:
            diagonal = (getattr(self, f"V_{name}"), c) if self.peephole else None
            net = found[f"net_{name}"] = self._net(name, x, before, at, diagonal)
            found[name] = labelled(name, [sigmoid(unit) for unit in net], at)
            return found[name]

        i = gate("i", c_before)
        net_c = found["net_c"] = self._net("c", x, before, at)
        candidate = found["c_tilde"] = labelled("c_tilde", [tanh(unit) for unit in net_c], at)
        if not self.forget_gate:
            c = [linear([g], [new], old) for g, new, old in zip(i, candidate, c_before)]
        else:
            f = found["f"] = labelled("f", [1 - g for g in i], at) if self.coupled else gate("f", c_before)
            c = [dot([g, h], [old, new]) for g, h, old, new in zip(f, i, c_before, candidate)]
        found["c"] = labelled("c", c, at)
        o = gate("o", c_before if self.peephole == "previous" else c)
        found["h"] = labelled("h", [g * tanh(unit) for g, unit in zip(o, c)], at)
        return found

    def extra_repr(self) -> str:
        forms = {"peephole": self.peephole, "coupled": self.coupled, "no forget gate": not self.forget_gate}
        return ", ".join([super().extra_repr(), *[form for form, on in forms.items() if on]])


class Run(NamedTuple):
    """What a recurrent network made of a sequence of T inputs."""

    outputs: list[Units]
    """For each time step, what the network hands on: h, or that of both directions."""
    states: dict[str, list[Units]]
    """By name (``h``, ``i``, ``c_tilde``, ...; ``h2`` in layer 2), for each time step, every gate, candidate and state."""
    initial: State
    """The state at t = 0 by name, for derivatives by it."""


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
        """xs: T inputs (see `Cell.forward`). initial: the state before the first, by name; 0 where it is not given.

        detach_every: k cuts the graph before each k-th step, so that derivatives reach back fewer than k steps.
        ValueError for an empty sequence or an unknown name.
        """
        if len(xs) == 0:
            raise ValueError("a recurrent network needs a sequence of at least one input")
        if detach_every is not None and detach_every < 1:
            raise ValueError(f"detach_every must be at least 1, got {detach_every}")
        return self._unroll(xs, self._given(initial), detach_every, "", range(1, len(xs) + 1))

    def step(self, x: Any, state: State, t: int = 1, layer: str = "") -> tuple[Units, State]:
        """One time step: the outputs and the new states by name. TypeError where that needs the whole sequence."""
        raise TypeError(f"a {type(self).__name__} reads its sequence backward too: it has no step forward in time")

    def initial_state(self, initial: Mapping[str, Sequence[Value | float]] | None = None) -> State:
        """The states at t = 0 by name, of the numbers or Values given, else 0."""
        return self._initial(self._given(initial), "", 0)

    def state_names(self, layer: str = "") -> list[str]:
        """The names that an initial state may have."""
        return [name for part, name_of_part in self._parts(layer) for name in part.state_names(name_of_part)]

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

    >>> stack = StackedRNN([RNNCell(2, 3, rng=0), RNNCell(3, 4, rng=1)])
    >>> list(stack([[1.0, 2.0]]).states)
    ['z1', 'h1', 'z2', 'h2']
    """

    def __init__(self, layers: Sequence[Cell | Recurrent]) -> None:
        if not layers:
            raise ValueError("a StackedRNN needs at least one layer")
        self.layers = [_network(layer) for layer in layers]
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
        self.forward_layer, self.backward_layer = _network(forward_layer), _network(backward_layer)
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

    >>> model = SequenceModel(LSTMCell(3, 4, rng=0), 2, rng=0)
    >>> logits = model([0, 2, 1])
    >>> len(logits), len(logits[0])
    (3, 2)
    """

    def __init__(self, network: Cell | Recurrent, n_out: int | Readout, *, init: str = "uniform", rng: Rng = None) -> None:
        self.network = _network(network)
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


def gate_shapes(gate: str, n_in: int, n_hidden: int) -> dict[str, tuple[int, ...]]:
    """The shapes of W, U and b of a gate."""
    suffix = f"_{gate}" if gate else ""
    return {f"W{suffix}": (n_hidden, n_in), f"U{suffix}": (n_hidden, n_hidden), f"b{suffix}": (n_hidden,)}


def set_parameters(module: Module, shapes: Mapping[str, tuple[int, ...]], given: Mapping[str, Any], init: str, rng: Rng) -> None:
    """Gives the module an attribute for each name: a list, or a list of rows, of the numbers or Values given, or drawn."""
    unknown = set(given) - set(shapes)
    if unknown:
        raise ValueError(f"unknown parameters {sorted(unknown)}: there are {', '.join(shapes)}")
    draw, rng = initialisation(init), new_rng(rng)
    part = new_scope(f"parameters of the {type(module).__name__}")
    for name, shape in shapes.items():
        scope = Scope(name, part, role=name)
        rows = [f"{name}[{i}" for i in range(shape[0])]
        if len(shape) == 1:
            numbers = given.get(name, [0.0] * shape[0])
            _check_length(name, numbers, shape[0])
            setattr(module, name, _in(scope, [as_parameter(x, f"{row}]") for row, x in zip(rows, numbers)]))
            continue
        drawn = [[draw(rng, shape[1], shape[0]) for _ in range(shape[1])] for _ in rows]
        matrix = given.get(name, drawn)
        _check_length(name, matrix, shape[0])
        for numbers in matrix:
            _check_length(name, numbers, shape[1])
        nest = [[as_parameter(x, f"{row},{j}]") for j, x in enumerate(r)] for row, r in zip(rows, matrix)]
        setattr(module, name, [_in(scope, row) for row in nest])


def check_model(model: Any) -> None:
    """TypeError unless it is a `SequenceModel`."""
    if not isinstance(model, SequenceModel):
        raise TypeError(f"this needs a SequenceModel, a network with its readout, got a {type(model).__name__}")


def _columns(W: list[Units], x: Units | int) -> tuple[list[Units], Units]:
    """W and x; or, where x is the place of a 1 among zeros, the column of W that it picks, and the 1."""
    return ([[row[x]] for row in W], [Value(1.0)]) if isinstance(x, int) else (W, x)


def labelled(name: str, units: Units, at: Place) -> Units:
    """The units, labelled ``name_t[0]``, ``name_t[1]``, ..., and with their part in pictures and their role in it."""
    role = name + at.layer
    scope = at.scope._replace(role=role)
    for j, unit in enumerate(units):
        unit.label = f"{role}_{at.t}[{j}]"
        unit.scope = scope
    return units


def _in(scope: Scope, units: Units) -> Units:
    """The units, those of no part before now of this one."""
    for unit in units:
        if not hasattr(unit, "scope"):
            unit.scope = scope
    return units


def _check_length(name: str, numbers: Sequence[Any], length: int) -> None:
    if len(numbers) != length:
        raise ValueError(f"the parameter {name!r} needs {length} numbers or rows of numbers here, got {len(numbers)}")


def _network(part: Cell | Recurrent) -> Recurrent:
    return RNN(part) if isinstance(part, Cell) else part


def _inner(layer: str, k: int) -> str:
    return f"{layer}.{k}" if layer else str(k)
