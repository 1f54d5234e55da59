"""Cells: a time step of a recurrent network.

U multiplies the state and W the input, as in Qiu's "Neural Networks and Deep Learning" (NNDL), chapter 6; * is element-wise.
Every gate, candidate and state of a unit at a time step is a labelled node: ``i_3[0]`` is the input gate of unit 0 at t = 3
(time from 1, units from 0), ``net_i_3[0]`` its net input; in layer 2 of a stack they are ``i2_3[0]`` and ``net_i2_3[0]``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from autograd_lite import Scope, Value, dot, linear, relu, sigmoid, tanh

from ..leaves import Rng, as_values, new_rng
from ..module import Module
from ..nests import at_least_one
from .units import Place, State, Units, labelled, made_by, over_time, place, set_parameters

Inputs: TypeAlias = "Units | int | None"


class TorchModule(NamedTuple):
    """The module of PyTorch that computes what a cell computes."""

    name: str
    rows: tuple[tuple[str, str], ...]
    """The gates in the order of its rows, each with the parameter that is its second bias there, "" for one of 0."""


class Cell(Module):
    """One step of a recurrent network: from an input and the state before to the gates, candidates and states after.

    n_in: m, the number of inputs; n_hidden: d, the number of units. bias=False: there is none. parameters: for some or all of
    the names in `shapes`, a nest of numbers or Values (Values are kept, so they may be shared); the others are drawn by `init`
    ("uniform", "xavier" or "he", see `Neuron`), biases and peepholes being 0. rng: a `random.Random` or its seed, or `seed` its
    seed.

    transition: a module from d units to d, such as an MLP or a `Layer`: more layers between one state and the next. What
    `forward` calls h is then a, and h = transition(a). Source: Pascanu et al. (2014), "How to construct deep recurrent neural
    networks", the deep transition (DT-RNN); their deep input and output are `SequenceModel`'s encoder and readout.

    A new kind of cell is a subclass: its `gates`, and `forward`. ValueError for an unknown name or a wrong shape.

    >>> class Leaky(Cell):
    ...     gates = ("a",)
    ...     def forward(self, x, state, t=1, layer=""):
    ...         net = self.net("a", x, state["h"])
    ...         return {"net_a": net, "h": [0.9 * old + 0.1 * z.tanh() for old, z in zip(state["h"], net)]}
    >>> cell = Leaky(2, 3, rng=0)
    >>> cell.shapes()
    {'W_a': (3, 2), 'U_a': (3, 3), 'b_a': (3,)}
    >>> [unit.label for unit in cell([1.0, 2.0], t=4)["net_a"]]
    ['net_a_4[0]', 'net_a_4[1]', 'net_a_4[2]']
    """

    gates: Sequence[str] = ()
    """Of each gate or candidate g there are W_g, U_g and b_g, and its net input ``net_g``; of ``""``, W, U, b and ``z``."""
    states: tuple[str, ...] = ("h",)
    bias: bool = True
    transition: Module | None = None
    twin: ClassVar[str] = ""
    """In twins, the name of a step of this cell. Declared beside a `forward` that does with each unit what it does with any:
    the twin's equations are read off one unit, and a matrix is there for each weight with two indices."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the parameters

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        *,
        bias: bool = True,
        transition: Module | None = None,
        parameters: Mapping[str, Any] | None = None,
        init: str = "uniform",
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        self.n_in, self.n_hidden = at_least_one("a cell", "input", n_in), at_least_one("a cell", "unit", n_hidden)
        self.bias = bias
        set_parameters(self, self.shapes(), parameters or {}, init, new_rng(rng, seed))
        self.transition = transition if transition is None else over_time(transition, "transition")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter: (d, m) for a W, (d, d) for a U, (d,) for a bias or a peephole."""
        shapes: dict[str, tuple[int, ...]] = {}
        for end in [f"_{gate}" if gate else "" for gate in self.gates]:
            shapes |= {f"W{end}": (self.n_hidden, self.n_in), f"U{end}": (self.n_hidden, self.n_hidden)}
            shapes |= {f"b{end}": (self.n_hidden,)} if self.bias else {}
        return shapes

    def net_names(self) -> list[str]:
        """The names of the net inputs."""
        return [f"net_{gate}" if gate else "z" for gate in self.gates]

    def torch(self) -> TorchModule | None:
        """Its module in PyTorch, if there is one. Declared beside `forward`."""
        return None

    def forward(self, x: Inputs, state: State, t: int = 1, layer: str = "") -> State:
        """x: m Values; or an int k for the input that is 1 at place k and 0 elsewhere (m > 1); or None for no input.
        state: what `states` names.

        Returns the new state, and with it every gate, candidate and net input, each by name: d Values. Those without a label
        get one from their name, the layer and the time step t.
        """
        raise NotImplementedError

    def __call__(self, x: Any, state: State | None = None, t: int = 1, layer: str = "") -> State:
        """`forward`. The inputs may be numbers; a state that is not given is 0."""
        if state is None:
            state = {name: [Value(0.0) for _ in range(self.n_hidden)] for name in self.states}
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dict of lists of units, for {', '.join(self.states)}; got {state!r:.60}")
        found: State = self.forward(self._inputs(x), state, t, layer)
        at = place(t, layer)
        if self.transition is not None:
            found["a"] = labelled("a", found.pop("h"), at)
            within = Place(layer, t, Scope("transition", at.scope))
            found["h"] = made_by(self.transition, found["a"], within, "h", outputs_at=at)
            if len(found["h"]) != self.n_hidden:
                raise ValueError(f"the transition of a cell of {self.n_hidden} units made {len(found['h'])}")
        for name, units in found.items():
            if not units[0].label:
                labelled(name, units, at)
        return found

    def net(self, gate: str, x: Inputs, state: Units, diagonal: tuple[Units, Units] | None = None) -> Units:
        """The net inputs W x + U h + b of a gate, and + V * c where the diagonal V and c are given: one node a unit."""
        end = f"_{gate}" if gate else ""
        weights, inputs = columns(getattr(self, f"W{end}"), x)
        weights = [[*w, *u] for w, u in zip(weights, getattr(self, f"U{end}"))]
        operands = [[*inputs, *state]] * len(weights)
        if diagonal is not None:
            weights = [[*w, v] for w, v in zip(weights, diagonal[0])]
            operands = [[*units, c] for units, c in zip(operands, diagonal[1])]
        if not self.bias:
            return [dot(w, units) for w, units in zip(weights, operands)]
        return [linear(w, units, b) for w, units, b in zip(weights, operands, getattr(self, f"b{end}"))]

    def _inputs(self, x: Any) -> Inputs:
        if x is None:
            return None
        try:
            place = operator.index(x)
        except TypeError:
            units = as_values(x)
            if len(units) != self.n_in:
                raise ValueError(f"the cell has {self.n_in} inputs, got {len(units)}") from None
            return units
        if self.n_in == 1:
            raise ValueError(f"an int stands for one place of several: give the one input as [{x}]")
        if not 0 <= place < self.n_in:
            raise ValueError(f"the input {x} is not a place from 0 to {self.n_in - 1}")
        return place

    def extra_repr(self) -> str:
        return f"{self.n_in} -> {self.n_hidden}" + ", no bias" * (not self.bias)


class RNNCell(Cell):
    """The simple recurrent network: z = U h' + W x + b, h = f(z), with h' the state before. Parameters W, U, b.

    activation: "tanh", "sigmoid" or "relu". Source: NNDL 6.5 to 6.9.

    >>> cell = RNNCell(1, 1, parameters={"W": [[1.0]], "U": [[0.5]], "b": [0.0]})
    >>> step = cell([0.0], {"h": [Value(2.0)]}, t=3)
    >>> step["z"]
    [Value(data=1.0, grad=0.0, op='linear', label='z_3[0]')]
    """

    gates = ("",)
    twin = "rnn_cell"
    activations = {"tanh": tanh, "sigmoid": sigmoid, "relu": relu}

    def __init__(self, n_in: int, n_hidden: int, activation: str = "tanh", **options: Any) -> None:
        if activation not in self.activations:
            raise ValueError(f"an RNNCell is of {' or '.join(self.activations)} units, not {activation!r:.60}")
        self.activation = activation
        super().__init__(n_in, n_hidden, **options)

    def torch(self) -> TorchModule | None:
        there = self.activation in ("tanh", "relu")
        return TorchModule(f"nn.RNN(nonlinearity={self.activation!r})", (("", ""),)) if there else None

    def forward(self, x: Inputs, state: State, t: int = 1, layer: str = "") -> State:
        f = self.activations[self.activation]
        z = self.net("", x, state["h"])
        return {"z": z, "h": [f(net) for net in z]}

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, {self.activation}"


class GRUCell(Cell):
    """The gated recurrent unit: update gate z, reset gate r, candidate h~. Parameters W_g, U_g, b_g for g = z, r, h.

    z = sigmoid(W_z x + U_z h' + b_z), r = sigmoid(W_r x + U_r h' + b_r), h~ = tanh(W_h x + U_h (r * h') + b_h),
    h = z * h' + (1 - z) * h~: z keeps the old state, as in NNDL (6.66 to 6.69) and in PyTorch.

    reset_after: PyTorch's form, h~ = tanh(W_h x + b_h + r * (U_h h' + b_hn)), with the further parameter b_hn.
    update_on_candidate: Ng's direction, h = z * h~ + (1 - z) * h'. His relevance gate is r.
    """

    gates = ("z", "r", "h")
    twin = "gru_cell"

    def __init__(
        self, n_in: int, n_hidden: int, reset_after: bool = False, update_on_candidate: bool = False, **options: Any
    ) -> None:
        self.reset_after, self.update_on_candidate = reset_after, update_on_candidate
        super().__init__(n_in, n_hidden, **options)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return super().shapes() | ({"b_hn": (self.n_hidden,)} if self.reset_after and self.bias else {})

    def torch(self) -> TorchModule | None:
        there = self.reset_after and not self.update_on_candidate
        return TorchModule("nn.GRU", (("r", ""), ("z", ""), ("h", "b_hn"))) if there else None

    def forward(self, x: Inputs, state: State, t: int = 1, layer: str = "") -> State:
        before = state["h"]
        net_z, net_r = self.net("z", x, before), self.net("r", x, before)
        z, r = [sigmoid(net) for net in net_z], [sigmoid(net) for net in net_r]
        net_h = self._net_after(x, r, before) if self.reset_after else self.net("h", x, [g * unit for g, unit in zip(r, before)])
        candidate = [tanh(net) for net in net_h]
        kept, new = (candidate, before) if self.update_on_candidate else (before, candidate)
        h = [dot([gate, 1 - gate], [old, unit]) for gate, old, unit in zip(z, kept, new)]
        return {"net_r": net_r, "r": r, "net_z": net_z, "z": z, "net_h": net_h, "h_tilde": candidate, "h": h}

    def _net_after(self, x: Inputs, r: Units, before: Units) -> Units:
        w, inputs = columns(self.W_h, x)
        if not self.bias:
            recurrent = [dot(u, before) for u in self.U_h]
            return [dot([*row, gate], [*inputs, u]) for row, gate, u in zip(w, r, recurrent)]
        recurrent = [linear(u, before, b) for u, b in zip(self.U_h, self.b_hn)]
        return [linear([*row, gate], [*inputs, u], b) for row, gate, u, b in zip(w, r, recurrent, self.b_h)]

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

    gates: Sequence[str] = ("i", "f", "o", "c")
    states = ("h", "c")
    twin = "lstm_cell"

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        forget_bias: float = 1.0,
        peephole: bool | str = False,
        coupled: bool = False,
        forget_gate: bool = True,
        *,
        bias: bool = True,
        parameters: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if coupled and not forget_gate:
            raise ValueError("an LSTMCell is either coupled or without a forget gate, not both")
        if peephole not in (True, False, "previous"):
            raise ValueError(f"peephole is True, False or 'previous', not {peephole!r}")
        self.peephole, self.coupled, self.forget_gate = peephole, coupled, forget_gate
        if coupled or not forget_gate:
            self.gates = ("i", "o", "c")
        if not bias and forget_bias != 1.0:
            raise ValueError(f"an LSTMCell without bias has no forget_bias, got {forget_bias!r:.60}")
        start = {"b_f": [forget_bias] * at_least_one("a cell", "unit", n_hidden)} if "f" in self.gates and bias else {}
        super().__init__(n_in, n_hidden, bias=bias, parameters=start | dict(parameters or {}), **options)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        seeing = [gate for gate in self.gates if gate != "c"] if self.peephole else []
        return super().shapes() | {f"V_{gate}": (self.n_hidden,) for gate in seeing}

    def torch(self) -> TorchModule | None:
        there = self.forget_gate and not self.coupled and not self.peephole
        return TorchModule("nn.LSTM", (("i", ""), ("f", ""), ("c", ""), ("o", ""))) if there else None

    def forward(self, x: Inputs, state: State, t: int = 1, layer: str = "") -> State:
        before, c_before = state["h"], state["c"]
        found: State = {}

        def gate(name: str, c: Units) -> Units:
            diagonal = (getattr(self, f"V_{name}"), c) if self.peephole else None
            net = found[f"net_{name}"] = self.net(name, x, before, diagonal)
            found[name] = [sigmoid(unit) for unit in net]
            return found[name]

        i = gate("i", c_before)
        net_c = found["net_c"] = self.net("c", x, before)
        candidate = found["c_tilde"] = [tanh(unit) for unit in net_c]
        if not self.forget_gate:
            c = [linear([g], [new], old) for g, new, old in zip(i, candidate, c_before)]
        else:
            f = found["f"] = [1 - g for g in i] if self.coupled else gate("f", c_before)
            c = [dot([g, h], [old, new]) for g, h, old, new in zip(f, i, c_before, candidate)]
        o = gate("o", c_before if self.peephole == "previous" else c)
        return found | {"c": c, "h": [g * tanh(unit) for g, unit in zip(o, c)]}

    def extra_repr(self) -> str:
        forms = {"peephole": self.peephole, "coupled": self.coupled, "no forget gate": not self.forget_gate}
        return ", ".join([super().extra_repr(), *[form for form, on in forms.items() if on]])


def columns(W: list[Units], x: Inputs) -> tuple[list[Units], Units]:
    """W and x; or, where x is the place of a 1 among zeros, the column of W that it picks, and the 1; without x, neither."""
    if x is None:
        return [[] for _ in W], []
    return ([[row[x]] for row in W], [Value(1.0)]) if isinstance(x, int) else (W, x)
