"""Cells: a time step of a recurrent network.

U multiplies the state and W the input, as in Qiu's "Neural Networks and Deep Learning" (NNDL), chapter 6; * is element-wise.
Every gate, candidate and state of a unit at a time step is a labelled node: ``i_3[0]`` is the input gate of unit 0 at t = 3
(time from 1, units from 0), ``net_i_3[0]`` its net input; in layer 2 of a stack they are ``i2_3[0]`` and ``net_i2_3[0]``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autograd_lite import Value, dot, linear, sigmoid, tanh

from ..leaves import Rng, as_values
from ..module import Module
from .units import Place, State, Units, labelled, place, set_parameters


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


def gate_shapes(gate: str, n_in: int, n_hidden: int) -> dict[str, tuple[int, ...]]:
    """The shapes of W, U and b of a gate."""
    suffix = f"_{gate}" if gate else ""
    return {f"W{suffix}": (n_hidden, n_in), f"U{suffix}": (n_hidden, n_hidden), f"b{suffix}": (n_hidden,)}


def _columns(W: list[Units], x: Units | int) -> tuple[list[Units], Units]:
    """W and x; or, where x is the place of a 1 among zeros, the column of W that it picks, and the 1."""
    return ([[row[x]] for row in W], [Value(1.0)]) if isinstance(x, int) else (W, x)
