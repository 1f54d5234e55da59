"""Layers as PyTorch has them, to be put together: `Sequential`, `Linear`, `Embedding`, `Dropout`, and activations by name.

Each takes what one example gives, a list of numbers or Values, or a list of such lists (of tokens, of time steps), and does the
same with each of them. Parameters have PyTorch's names and shapes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autograd_lite import Value, data_of, dot, linear, softmax

from .dense import INPUTS, activation_function
from .leaves import Rng, as_values, initialisation, new_rng
from .module import Module, new_scope
from .nests import at_least_one, in_lists, place_as_vector
from .recurrent.units import Units, set_parameters


class Part(Module):
    """The common part: `_row` does the work on a list of Values. The nodes that it makes are in a frame of their own."""

    name = ""
    prefix = "out"

    def __init__(self, title: str) -> None:
        self.title = title
        self.set_name("")

    def set_name(self, name: str) -> None:
        """Its name in a network, for pictures and labels."""
        for start, nest in self._nests():
            for i, row in enumerate(nest):
                for j, parameter in enumerate(row if isinstance(row, list) else [row]):
                    index = f"[{i},{j}]" if isinstance(row, list) else f"[{i}]"
                    if parameter.label == self._label(start, index):
                        parameter.label = self._label(start, index, name)
        self.name, self._scope = name, new_scope(f"{name}: {self.title}" if name else self.title)

    def _label(self, start: str, index: str, name: str | None = None) -> str:
        name = self.name if name is None else name
        return f"{start}_{name}{index}" if name else f"{start}{index}"

    def forward(self, x: Any) -> Any:
        """x: a list of numbers or Values, or a nest of such lists. Returns the same form."""
        x = in_lists(x)
        if isinstance(x, list) and x and isinstance(x[0], list):
            return [self.forward(row) for row in x]
        return self._marked(self._row(_inputs(x)))

    def _row(self, xs: Units) -> Units:
        raise NotImplementedError

    def _marked(self, units: Units) -> Units:
        """The units; those that have just been made are labelled."""
        for j, unit in enumerate(units):
            if unit.parents and not unit.label:
                unit.label, unit.scope = self._label(self.prefix, f"[{j}]"), self._scope
        return units


class Linear(Part):
    """y = W x + b: n_out sums of n_in inputs, each weighted, plus its bias. `weight` is W, n_out rows of n_in; `bias` is b.

    bias: without it there is no b, and `bias` is None. parameters: numbers or Values by name (Values are kept, so they may be
    shared); else drawn by `init` (see `Neuron`): "uniform", PyTorch's, draws the biases too, with the others they are 0.
    ValueError for what does not fit.

    >>> line = Linear(2, 1, parameters={"weight": [[2.0, -1.0]], "bias": [0.5]})
    >>> [y.data for y in line([1.0, 3.0])]
    [-0.5]
    """

    prefix = "net"
    weight: list[Units]
    bias: Units | None

    def __init__(
        self,
        n_in: int,
        n_out: int,
        bias: bool = True,
        *,
        parameters: Mapping[str, Any] | None = None,
        init: str = "uniform",
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        n_in, n_out = at_least_one("Linear", "input", n_in), at_least_one("Linear", "output", n_out)
        self.n_in, self.n_out, rng = n_in, n_out, new_rng(rng, seed)
        given, shapes = dict(parameters or {}), {"weight": (n_out, n_in)} | ({"bias": (n_out,)} if bias else {})
        set_parameters(self, shapes, given, init, rng)
        if not bias:
            self.bias = None
        elif init == "uniform" and "bias" not in given:
            for b in self.bias or []:
                b.data = initialisation(init)(rng, n_in, n_out)
        super().__init__(f"linear {n_in} → {n_out}")

    def _row(self, xs: Units) -> Units:
        if len(xs) != self.n_in:
            raise ValueError(f"this Linear has {self.n_in} inputs, got {len(xs)}")
        if self.bias is None:
            return [dot(row, xs) for row in self.weight]
        return [linear(row, xs, b) for row, b in zip(self.weight, self.bias)]

    def extra_repr(self) -> str:
        return f"{self.n_in} -> {self.n_out}" + ", bias=False" * (self.bias is None)


class Embedding(Part):
    """A row of numbers for each of n places, such as the tokens of a vocabulary: `weight` has n rows of n_out.

    It is called with a place (a whole number from 0 to n - 1), a nest of places, or n numbers or Values (a list of those), which
    weigh the rows: 1 at a place and 0 elsewhere is the place, as in programs. What it gives for a place are the parameters of the
    row themselves. parameters: for ``weight``; else drawn by `init` (see `Neuron`): "standard", PyTorch's, is normal with
    deviation 1. ValueError for a place that there is not.

    >>> embedding = Embedding(3, 2, parameters={"weight": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]})
    >>> [[x.data for x in row] for row in embedding([2, 0])]
    [[5.0, 6.0], [1.0, 2.0]]
    """

    prefix = "embed"
    weight: list[Units]

    def __init__(
        self,
        n: int,
        n_out: int,
        *,
        parameters: Mapping[str, Any] | None = None,
        init: str = "standard",
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        self.n, self.n_out = n, n_out = at_least_one("Embedding", "place", n), at_least_one("Embedding", "output", n_out)
        set_parameters(self, {"weight": (n, n_out)}, parameters or {}, init, new_rng(rng, seed))
        super().__init__(f"embedding {n} → {n_out}")

    def forward(self, x: Any) -> Any:
        x = in_lists(x)
        if isinstance(x, list) and x and (isinstance(x[0], list) or _is_place(x[0])):
            return [self.forward(item) for item in x]
        if isinstance(x, list) and len(x) != self.n:
            raise ValueError(f"this Embedding has {self.n} places: it takes one, or {self.n} numbers; got {len(x)} numbers")
        return self._marked(row_at(self.weight, x, "place"))

    def encoded(self, x: Any) -> Any:
        x = in_lists(x)
        return [self.encoded(item) for item in x] if isinstance(x, list) else place_as_vector(x, self.n)

    def extra_repr(self) -> str:
        return f"{self.n} -> {self.n_out}"


def row_at(rows: Sequence[Units], place: Any, what: str) -> Units:
    """The row at that place; or the sum of all rows, each times the number given for it."""
    if not _is_place(place):
        numbers = as_values(place)
        if len(numbers) != len(rows):
            raise ValueError(f"a {what} is one of {len(rows)}, or as many numbers; got {len(numbers)} numbers")
        return [dot(column, numbers) for column in zip(*rows)]
    index = operator.index(place)
    if not 0 <= index < len(rows):
        raise ValueError(f"the {what} {index} is not a place from 0 to {len(rows) - 1}")
    return list(rows[index])


def _is_place(thing: Any) -> bool:
    return hasattr(thing, "__index__") and not isinstance(thing, Value)


class Dropout(Part):
    """While training, each number is left out (0) with probability p, and the others are divided by 1 - p; not after `eval`.

    rng: a `random.Random` or its seed. It draws other units in each pass, so that no program can be recorded of it while
    training: ValueError. Source: Srivastava et al. (2014).

    >>> dropout = Dropout(0.5, rng=1)
    >>> [x.data for x in dropout([1.0, 2.0, 3.0, 4.0])]
    [0.0, 4.0, 6.0, 0.0]
    >>> [x.data for x in dropout.eval()([1.0, 2.0, 3.0, 4.0])]
    [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None, seed: int | None = None) -> None:
        if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0 <= p <= 1:
            raise ValueError(f"Dropout needs a probability p from 0 to 1, got {p!r}")
        self.p, self.rng = p, new_rng(rng, seed)
        super().__init__(f"dropout {p:g}")

    @property
    def draws(self) -> bool:
        """Whether a pass draws what is left out."""
        return self.training and self.p > 0

    def _row(self, xs: Units) -> Units:
        if not self.draws:
            return xs
        try:
            data_of(xs)
        except ValueError:  # they stand for other numbers: a function is recorded
            raise ValueError(f"{self.no_program()}: call eval() first, or train without a program") from None
        return [x * (1 / (1 - self.p) if self.rng.random() >= self.p else 0.0) for x in xs]

    def no_program(self) -> str:
        """Why there is none."""
        return f"{self!r} leaves out other units in each pass, so a program of one of them is not all of it"

    def extra_repr(self) -> str:
        return f"p={self.p:g}"


class Activation(Part):
    """A function of each number: the name of an operation, any function of a Value, or None for the number itself; or "softmax",
    over the numbers of a list."""

    activation: str | Callable[[Value], Value] | None = None

    def __init__(self, activation: str | Callable[[Value], Value] | None = None) -> None:
        if activation is not None:
            self.activation = activation
        self._activate = None if self.activation == "softmax" else activation_function(self.activation)
        super().__init__(self.extra_repr() or type(self).__name__.lower())

    def forward(self, x: Any) -> Any:
        """x: a number or Value, a list of them, or a nest of such lists. Returns the same form."""
        return super().forward(x) if isinstance(in_lists(x), list) else super().forward([x])[0]

    def _row(self, xs: Units) -> Units:
        return softmax(xs) if self._activate is None else [self._activate(x) for x in xs]

    def extra_repr(self) -> str:
        own = self.activation is not type(self).activation
        return (self.activation if isinstance(self.activation, str) else getattr(self.activation, "__name__", "?")) if own else ""


class Identity(Activation):
    """x."""


class ReLU(Activation):
    """max(0, x)."""

    activation = "relu"


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    activation = "sigmoid"


class Tanh(Activation):
    """tanh(x)."""

    activation = "tanh"


class GELU(Activation):
    """x times the probability that a normal number is below x."""

    activation = "gelu"


class SiLU(Activation):
    """x sigmoid(x)."""

    activation = "silu"


class Softplus(Activation):
    """ln(1 + exp(x))."""

    activation = "softplus"


class Softmax(Activation):
    """exp(x_j) / sum_k exp(x_k), over the numbers of a list."""

    activation = "softmax"


class Sequential(Module):
    """Modules one after the other: each is called with what the one before gives.

    parts: modules, or for an activation its name or function. The parts are the attributes ``"0"``, ``"1"``, ..., as in
    PyTorch, so that parameters are ``0.weight``, ``0.bias``, ``2.weight``, ...

    >>> from autograd_lite import tanh
    >>> model = Sequential(Linear(2, 3, rng=0), tanh, Linear(3, 1, rng=1))
    >>> model
    Sequential(
      (0): Linear(2 -> 3)
      (1): Activation(tanh)
      (2): Linear(3 -> 1)
    )
    >>> list(model.state_dict()), [y.label for y in model([1.0, -1.0])]
    (['0.weight', '0.bias', '2.weight', '2.bias'], ['net_2[0]'])
    """

    def __init__(self, *parts: Module | str | Callable[[Value], Value]) -> None:
        for k, part in enumerate(parts):
            if not isinstance(part, (Module, str)) and not callable(part):
                raise TypeError(f"Sequential takes modules and activations one by one, but number {k} is {part!r:.60}")
            module = part if isinstance(part, Module) else Activation(part)
            setattr(self, str(k), module)
        self.set_name("")

    def set_name(self, name: str) -> None:
        """The name in a network that its parts are named after, for pictures and labels."""
        for k, part in enumerate(self):
            if isinstance(part, (Part, Sequential)):
                part.set_name(f"{name}.{k}" if name else str(k))

    def forward(self, x: Any) -> Any:
        """What the last part gives."""
        for part in self:
            x = part(x)
        return x

    def encoded(self, x: Any) -> Any:
        return self[0].encoded(x) if len(self) else x

    def __iter__(self) -> Iterator[Module]:
        return iter([part for name, part in vars(self).items() if name.isdecimal()])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __getitem__(self, k: int) -> Module:
        return list(self)[k]


def _inputs(x: Any) -> Units:
    """The numbers of a list as Values; those that are none yet are inputs of the network."""
    numbers = [not isinstance(item, Value) for item in x] if isinstance(x, list) else []
    values = as_values(x, "i")
    for value, is_number in zip(values, numbers):
        if is_number:
            value.scope = INPUTS
    return values
