"""Feed-forward networks: `Neuron`, `Layer`, `MLP`, and the delta form of backpropagation on them.

Of a unit named ``h1``, ``net_h1`` is the weighted sum of its inputs plus the bias (z in the delta form), one `linear` node,
and ``out_h1`` is the activation of that (a in the delta form).

``Neuron(2)``, ``Layer(2, 3)`` and ``MLP(2, [16, 16, 1])``, where nothing else is said, are what they are in micrograd: units of
relu (or linear, where `nonlin` is False; so are the outputs of the MLP), of weights from -1 to 1, drawn by the generator that
``random.seed`` seeds; one output is no list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import EllipsisType
from typing import Any, TypeAlias

import autograd_lite
from autograd_lite import Scope, Value, gradient, linear, softmax, topological_order
from autograd_lite.nests import is_array

from .leaves import COMMON, Rng, as_parameter, as_values, initialisation, new_rng, seeded
from .module import Module, new_scope
from .nests import at_least_one

Activation: TypeAlias = "str | Callable[[Value], Value] | None"

INPUTS = Scope("inputs", role="input")


def _meant(
    activation: Activation | EllipsisType, nonlin: bool | None, weights: Any, init: str | None, rng: Rng
) -> tuple[Activation, str, Rng, bool]:
    """The activation, init and rng of units, and whether they are micrograd's: where nothing is said, or `nonlin`."""
    if nonlin is not None and activation is not ...:
        raise TypeError(f"either activation or nonlin, got {activation!r:.60} and {nonlin!r}")
    if nonlin is None and not (activation is ... and weights is None and init is None and rng is None):
        return ("sigmoid" if isinstance(activation, EllipsisType) else activation), init or "xavier", rng, False
    return ("relu" if nonlin is not False else None), init or "micrograd", COMMON if rng is None else rng, True


class Neuron(Module):
    """One unit: activation(w1*x1 + ... + wn*xn + b).

    activation: the name of a one-operand operation of `autograd_lite`, any function of a Value, or None for the net itself.
    weights: n_in numbers or Values (Values are kept, so they may be shared), or drawn by `init`: "xavier", "he" or "uniform".
    bias: a number or a Value; 0 unless given. rng: a `random.Random` or its seed, or `seed` its seed. ValueError for what does
    not fit. ``Neuron(2)`` alone, or with `nonlin`, is micrograd's.

    >>> neuron = Neuron(2, "tanh", name="h1", weights=[1.0, -1.0], bias=0.5)
    >>> neuron([0.25, 0.75])
    Value(data=0.0, grad=0.0, op='tanh', label='out_h1')
    """

    def __init__(
        self,
        n_in: int,
        activation: Activation | EllipsisType = ...,
        *,
        nonlin: bool | None = None,
        name: str = "1",
        weights: Sequence[Value | float] | None = None,
        bias: Value | float = 0.0,
        init: str | None = None,
        rng: Rng = None,
        seed: int | None = None,
        n_out: int = 1,
    ) -> None:
        n_in = at_least_one(f"neuron {name!r}", "input", n_in)
        activation, init, rng, _ = _meant(activation, nonlin, weights, init, seeded(rng, seed))
        if weights is None:
            draw, rng = initialisation(init), new_rng(rng)
            weights = [draw(rng, n_in, n_out) for _ in range(n_in)]
        if len(weights) != n_in:
            raise ValueError(f"neuron {name!r} has {n_in} inputs, but {len(weights)} weights are given")
        self.weights = [as_parameter(w, f"w_{name}_{i}") for i, w in enumerate(weights, 1)]
        self.bias = as_parameter(bias, f"b_{name}")
        self.name = name
        self.activation = activation
        self._activate = activation_function(activation)
        self._set_scope(new_scope(f"unit {name}" if name.isdigit() else name))

    @property
    def w(self) -> list[Value]:
        """The weights."""
        return self.weights

    @property
    def b(self) -> Value:
        """The bias."""
        return self.bias

    def _set_scope(self, scope: Scope) -> None:
        self._net_scope, self._out_scope = scope._replace(role="net"), scope._replace(role="out")

    def net(self, inputs: Sequence[Value]) -> Value:
        """The net input, w1*x1 + ... + wn*xn + b."""
        if len(inputs) != len(self.weights):
            raise ValueError(f"neuron {self.name!r} has {len(self.weights)} inputs, got {len(inputs)}")
        net: Value = linear(self.weights, inputs, self.bias)
        net.label = f"net_{self.name}"
        net.scope = self._net_scope
        return net

    def forward(self, inputs: Sequence[Value | float]) -> Value:
        """inputs: n_in Values or numbers."""
        return self._out(self._activate(self.net(as_values(inputs))))

    def _out(self, out: Value) -> Value:
        if not out.label:
            out.label = f"out_{self.name}"
            out.scope = self._out_scope
        return out

    def extra_repr(self) -> str:
        return f"{self.name!r}, {len(self.weights)} inputs, {_name(self.activation)}"


class Layer(Module):
    """Units that read the same inputs. The activation is as for `Neuron`, or "softmax", over all units of the layer.

    weights: n_out rows of n_in (row j belongs to unit j: W in z = W a + b), or drawn. bias: a number or Value for all units,
    or n_out of them. shared_bias: all units have one and the same bias. names: of the units. ``Layer(2, 3)`` alone, or with
    `nonlin`, is micrograd's: one output is no list.

    >>> layer = Layer(2, 3, "softmax", rng=1)
    >>> round(sum(out.data for out in layer([1.0, 2.0])), 12)
    1.0
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: Activation | EllipsisType = ...,
        *,
        nonlin: bool | None = None,
        names: Sequence[str] | None = None,
        weights: Sequence[Sequence[Value | float]] | None = None,
        bias: Value | float | Sequence[Value | float] = 0.0,
        shared_bias: bool = False,
        init: str | None = None,
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        n_in, n_out = at_least_one("a layer", "input", n_in), at_least_one("a layer", "unit", n_out)
        names = [str(j) for j in range(1, n_out + 1)] if names is None else list(names)
        activation, init, rng, self.unwraps = _meant(activation, nonlin, weights, init, seeded(rng, seed))
        rng = new_rng(rng)
        given: Any = bias.tolist() if is_array(bias) else bias  # type: ignore[union-attr]
        if shared_bias:
            if isinstance(given, (list, tuple)):
                raise ValueError(f"a layer with a shared bias has one bias, got {len(given)}")
            given = as_parameter(given, "_".join(["b", names[0].rstrip("0123456789")]).rstrip("_"))
        biases = list(given) if isinstance(given, (list, tuple)) else [given] * n_out
        rows = [None] * n_out if weights is None else list(weights)
        for what, items in (("names", names), ("rows of weights", rows), ("biases", biases)):
            if len(items) != n_out:
                raise ValueError(f"a layer of {n_out} units needs as many {what}, got {len(items)}")
        if len(set(names)) < n_out:
            raise ValueError(f"the units of a layer need different names, got {names}")
        inner = None if activation == "softmax" else activation
        self.neurons = [
            Neuron(n_in, inner, name=name, weights=row, bias=b, init=init, rng=rng, n_out=n_out)
            for name, row, b in zip(names, rows, biases)
        ]
        self.activation = activation
        self._set_scope(new_scope(f"layer {n_in} → {n_out}, {_name(activation)}"))

    def _set_scope(self, scope: Scope) -> None:
        self._scope = scope
        for neuron in self.neurons:
            neuron._set_scope(neuron._net_scope._replace(parent=scope))

    def as_vector(self) -> None:
        """In pictures from now on its units are one vector, without a frame for each."""
        for neuron in self.neurons:
            neuron._set_scope(self._scope)

    def _matrices(self) -> dict[str, Any]:
        biases = [neuron.bias for neuron in self.neurons]
        shared = len(set(biases)) < len(biases)
        return {"weights": [neuron.weights for neuron in self.neurons], "bias": biases[0] if shared else biases}

    def forward(self, inputs: Sequence[Value | float]) -> Any:
        """inputs: n_in Values or numbers. Returns n_out Values."""
        values = as_values(inputs)
        if self.activation != "softmax":
            outs = [neuron(values) for neuron in self.neurons]
            return outs[0] if self.unwraps and len(outs) == 1 else outs
        outs = softmax([neuron.net(values) for neuron in self.neurons])
        return [neuron._out(out) for neuron, out in zip(self.neurons, outs)]

    def extra_repr(self) -> str:
        return f"{len(self.neurons[0].weights)} -> {len(self.neurons)}, {_name(self.activation)}"

    def _parts_shown(self) -> list[tuple[str, Module]]:
        return []


class MLP(Module):
    """A multilayer perceptron: layers of sizes[1], sizes[2], ... units, on sizes[0] inputs.

    activation is that of the hidden layers, or a list with one for each of them. The units are named h1, h2, ... in one
    hidden layer, h1_1, h1_2, ..., h2_1, ... in several, and o1, o2, ... at the output; numbers as inputs become i1, i2, ...
    weights, biases: for each layer, as for `Layer`. init, rng, shared_bias: as for `Layer`. ``MLP(2, [16, 16, 1])`` is
    micrograd's: relu, a linear output, and one output is no list.

    >>> mlp = MLP([2, 3, 1], activation="tanh", output_activation=None, rng=0)
    >>> mlp
    MLP(
      (layers.0): Layer(2 -> 3, tanh)
      (layers.1): Layer(3 -> 1, linear)
    )
    >>> [out.label for out in mlp([1.0, -1.0])], len(mlp.parameters())
    (['net_o1'], 13)
    """

    def __init__(
        self,
        sizes: Sequence[int] | int,
        activation: Activation | Sequence[Activation] | Sequence[int] = "sigmoid",
        output_activation: Activation | EllipsisType = ...,
        rng: Rng = None,
        *,
        weights: Sequence[Sequence[Sequence[Value | float]]] | None = None,
        biases: Sequence[Value | float | Sequence[Value | float]] | None = None,
        shared_bias: bool = False,
        init: str | None = None,
        seed: int | None = None,
    ) -> None:
        self.unwraps, rng = not isinstance(sizes, Iterable), seeded(rng, seed)
        if not isinstance(sizes, Iterable):
            sizes, activation, init = _sizes(sizes, activation), "relu", init or "micrograd"
            rng = COMMON if rng is None else rng
        if isinstance(output_activation, EllipsisType):
            output_activation = None if self.unwraps else "sigmoid"
        sizes, init = [at_least_one("a layer of an MLP", "unit", size) for size in sizes], init or "xavier"
        count = len(sizes) - 1
        if count < 1:
            raise ValueError(f"an MLP needs the sizes of its input and of at least one layer, got {sizes}")
        hidden: list[Any] = list(activation) if isinstance(activation, (list, tuple)) else [activation] * (count - 1)
        if len(hidden) != count - 1:
            raise ValueError(f"an MLP of {count - 1} hidden layers needs as many activations, got {len(hidden)}")
        for what, given in (("weight matrices", weights), ("biases", biases)):
            if given is not None and len(given) != count:
                raise ValueError(f"an MLP of {count} layers needs as many {what}, got {len(given)}")
        rng = new_rng(rng)
        self.layers = [
            Layer(
                sizes[k],
                sizes[k + 1],
                [*hidden, output_activation][k],
                names=[f"{prefix(k + 1, count)}{j}" for j in range(1, sizes[k + 1] + 1)],
                weights=None if weights is None else weights[k],
                bias=0.0 if biases is None else biases[k],
                shared_bias=shared_bias,
                init=init,
                rng=rng,
            )
            for k in range(count)
        ]
        for k, layer in enumerate(self.layers, 1):
            layer._set_scope(new_scope(f"layer {k}"))

    def forward(self, inputs: Sequence[Value | float]) -> Any:
        """inputs: sizes[0] Values or numbers. Returns sizes[-1] Values."""
        values = as_values(inputs, "i")
        for x in values:
            if not hasattr(x, "scope") and not x.parents:
                x.scope = INPUTS
        for layer in self.layers:
            values = layer(values)
        return values[0] if self.unwraps and len(values) == 1 else values


def _sizes(n_in: Any, others: Any) -> list[int]:
    """The sizes of ``MLP(2, [16, 16, 1])``. TypeError if that is not its form."""
    if not isinstance(n_in, int) or not isinstance(others, (list, tuple)) or not all(isinstance(n, int) for n in others):
        forms = "MLP(2, [16, 1]), as in micrograd, or MLP([2, 16, 1])"
        raise TypeError(f"sizes is one list, from the inputs to the outputs, such as {forms}; got {n_in!r:.60}")
    return [n_in, *others]


def deltas(model: Module, loss: Value) -> dict[str, float]:
    """The delta of every unit of `model`: the derivative of `loss` by its net input, by the label of that (``net_h1``).

    loss: computed from one call of the model. In the order of the layers; 0 for a unit that the loss does not see.
    ValueError if the loss was not computed from the model, or from several calls of it (take the deltas of each example's
    loss by itself), or if two units have one name. Grads are left as they are.

    Source: the delta form, delta_j = dC/dz_j.
    """
    layers = [module.neurons for module in model.modules() if isinstance(module, Layer)]
    units = {tuple([*neuron.weights, neuron.bias]): neuron for neuron in model.modules() if isinstance(neuron, Neuron)}
    nets: dict[Neuron, Value] = {}
    for node in topological_order(loss):
        if node.op == "linear":
            unit = units.get((*node.parents[: len(node.parents) // 2], node.parents[-1]))
            if unit in nets:
                raise ValueError(f"the loss is from several calls of the model: {node.label} is there twice")
            if unit is not None:
                nets[unit] = node
    if not nets:
        raise ValueError("the loss was not computed from this model")
    for layer in layers:
        if len({nets[unit].parents[len(unit.weights) : -1] for unit in layer if unit in nets}) > 1:
            raise ValueError("the loss is from several calls of the model: units of one layer have different inputs")
    derivatives = dict(zip(nets, gradient(loss, nets.values())))
    found = {f"net_{unit.name}": derivatives[unit].item() if unit in nets else 0.0 for unit in units.values()}
    if len(found) < len(units):
        raise ValueError("two units have the same name: give each layer its `names`")
    return found


def prefix(layer: int, count: int) -> str:
    return "o" if layer == count else "h" if count == 2 else f"h{layer}_"


def activation_function(activation: Any) -> Callable[[Value], Value]:
    if activation is None:
        return _identity
    if isinstance(activation, type):
        raise TypeError(
            f"{activation.__name__} is a class: an activation is a function or a module, such as {activation.__name__}()"
        )
    if callable(activation):
        return activation  # type: ignore[no-any-return]
    function = autograd_lite.OPERATIONS.get(activation) if isinstance(activation, str) else None
    if function is None or not hasattr(Value, activation) or _needed(function) != 1:
        raise ValueError(f"unknown activation {activation!r}: a name such as 'sigmoid', 'tanh' or 'relu', a function, or None")
    return function


def _identity(net: Value) -> Value:
    return net


def _needed(function: Callable[..., Any]) -> int:
    """How many arguments it needs."""
    import inspect  # which few need, and takes a while

    return sum(parameter.default is parameter.empty for parameter in inspect.signature(function).parameters.values())


def _name(activation: Any) -> str:
    return "linear" if activation is None else activation if isinstance(activation, str) else getattr(activation, "__name__", "?")
