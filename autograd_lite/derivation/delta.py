"""The delta form: the error terms of a multilayer perceptron, from the last layer to the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from .. import ops
from ..backprop import topological_order
from ..formulas import letters, split
from ..gradient import gradient
from ..sentences import say
from ..value import Value
from .derivation import Derivation
from .equations import Equation, equation, forward, local, partial
from .expressions import Expression, Indexed, Partial, number, product, symbol, total, value_of
from .notation import Notation
from .paths import Paths, Term


class Layer(NamedTuple):
    """Layer `number` (the inputs are layer 1): of its units the net inputs z, activations a, weights and biases; the a it reads.

    An activation that the output does not depend on is None.
    """

    number: int
    z: list[Value]
    a: list[Value | None]
    weights: list[Sequence[Value]]
    biases: list[Value]
    inputs: tuple[Value, ...]


def delta_form(output: Value, wrt: Value | None, digits: int, language: str) -> Derivation:
    """The forward pass, the deltas of each layer, and the derivatives by the parameters, or by `wrt` alone."""
    return _DeltaForm(output, digits, language).derivation(wrt)


class _DeltaForm:
    def __init__(self, output: Value, digits: int, language: str) -> None:
        self.output, self.language = output, language
        self.order = topological_order(output)
        self.layers = _layers(output, self.order)
        self.paths = [Paths(output, a, digits) for a in self.layers[-1].a if a is not None]
        self.notation = Notation(
            self.order, digits, set(self.order).intersection(*[p.notation.inlined for p in self.paths]), _indexed(self.layers)
        )
        self.delta = {z: symbol(Indexed("δ", layer.number, (j,))) for layer in self.layers for j, z in enumerate(layer.z, 1)}
        # of each parameter, the products that its derivative is the sum of: the delta of a unit, and the input for a weight
        self.uses: dict[Value, list[Term]] = {}
        for layer in self.layers:
            for z, weights, bias in zip(layer.z, layer.weights, layer.biases):
                for weight, a in zip(weights, layer.inputs):
                    self.uses.setdefault(weight, []).append([z, a])
                self.uses.setdefault(bias, []).append([z])
        asked = [*self.delta, *self.uses]
        self.number_of = {node: d.item() for node, d in zip(asked, gradient(output, asked))}
        for z, left in self.delta.items():
            self.notation.numbers[left.parts[0]] = self.number_of[z]

    def derivation(self, wrt: Value | None) -> Derivation:
        if wrt is not None and wrt not in self.delta and wrt not in self.uses:
            raise ValueError("the delta form explains weights, biases and net inputs of the network: wrt is none of them")
        parameters = [p for p in self.uses if not p.is_plain_number and (wrt is None or p is wrt)]
        asked = set(parameters if wrt is None else [wrt])
        reached = [k for k, layer in enumerate(self.layers) for z in layer.z if z in asked or asked & set(z.parents)]
        backward = []
        above: Layer | None = None
        for layer in reversed(self.layers[min(reached, default=0) :]):
            backward.append(self._deltas(layer, above))
            above = layer
        values = [forward(self.notation, node) for node in self.order if node.parents and node not in self.notation.inlined]
        gradients = [self._gradient(p) for p in parameters]
        first, last = (say(self.language, "values"), values), (say(self.language, "parameters"), gradients)
        return Derivation(self.notation, [first, *backward, last], self.language)

    def _deltas(self, layer: Layer, above: Layer | None) -> tuple[str, list[Equation]]:
        """The section of a layer: the delta of each unit, and what it is the product of."""
        equations: list[Equation] = []
        causes = self._causes(layer, above, equations)
        deltas = []
        for z in layer.z:
            terms = []
            for a, cause in causes.items():
                derivative = gradient(a, z).item()
                if a is z:
                    terms.append([cause])
                elif derivative or a.parents == (z,):
                    slope = partial(self.notation, a, z, derivative)
                    equations.append(_slope(self.notation, slope, a, z, layer, derivative))
                    terms.append([cause, slope])
            deltas.append(self._verified(self.delta[z], terms or [[number(0.0)]], self.number_of[z]))
        heading = say(self.language, "layer-output" if above is None else "layer", number=layer.number)
        return heading, [*deltas, *equations]

    def _causes(self, layer: Layer, above: Layer | None, equations: list[Equation]) -> dict[Value, Expression]:
        """dC/da of each activation: through the next layer; of the output layer a symbol, whose equations are added."""
        if above is not None:
            return {
                a: total([product([self.notation.of(weights[k]), self.delta[z]]) for z, weights in zip(above.z, above.weights)])
                for k, a in enumerate(above.inputs)
            }
        causes = {}
        for path, a in zip(self.paths, [a for a in layer.a if a is not None]):
            path.notation = self.notation
            equations += [e for e in path.equations() if e not in equations]
            causes[a] = symbol(Partial(self.output, a))
        return causes

    def _gradient(self, p: Value) -> Equation:
        """The derivative by a parameter: delta times what comes in."""
        left = partial(self.notation, self.output, p, self.number_of[p])
        return self._verified(left, [[self.delta[z], *map(self.notation.of, a)] for z, *a in self.uses[p]], self.number_of[p])

    def _verified(self, left: Expression, terms: list[list[Expression]], expected: float) -> Equation:
        whole = total(map(product, terms))
        if not math.isclose(value_of(whole, self.notation.number_of), expected, rel_tol=1e-9, abs_tol=1e-300):
            left_side = self.notation.write(left)
            raise ValueError(
                f"the delta form does not apply: {left_side} is {expected!r}, other than through the next layer alone"
            )
        return equation(self.notation, left, [whole], expected)


def _slope(notation: Notation, left: Expression, a: Value, z: Value, layer: Layer, result: float) -> Equation:
    """The derivative of an activation by a net input: of one operation its rule, else that of softmax if it comes out."""
    if a.parents == (z,):
        return equation(notation, left, *local(notation, a, [0]))
    own = layer.a[layer.z.index(z)]
    one_less = total([number(1.0), Expression("negative", (symbol(a),))])
    if own is None:
        return Equation(left, None, result, notation.digits)
    softmax = product([symbol(a), one_less]) if a is own else Expression("negative", (product([symbol(a), symbol(own)]),))
    return equation(notation, left, [softmax], result)


def is_weighted_sum(node: Value) -> bool:
    """Whether it is a net input: of two letters of its family each is the derivative by the other, and by a third it is 1."""
    family = ops.FAMILIES.get(node.op)
    if family is None or len(letters(family)) != 2:
        return False
    w, x = letters(family)
    return family.derivatives == {w: x, x: w, family.tail: "1"}


def operands(net: Value) -> tuple[Sequence[Value], Sequence[Value], Value]:
    """Weights, inputs and bias of a net input."""
    weights, inputs, bias = split(ops.FAMILIES[net.op], net.parents)
    return weights, inputs, bias[0]


def _layers(output: Value, order: list[Value]) -> list[Layer]:
    """The layers of a multilayer perceptron: its net inputs are weighted sums, those of a layer with the same inputs."""
    nets: dict[tuple[Value, ...], list[Value]] = {}
    for node in order:
        if is_weighted_sum(node):
            nets.setdefault(tuple(operands(node)[1]), []).append(node)
    groups = list(nets.items())
    if not groups:
        raise ValueError("the delta form is for a multilayer perceptron: no node is a weighted sum (`linear`) plus a bias")
    layers = []
    for k, (inputs, zs) in enumerate(groups):
        if k + 1 < len(groups):
            outputs: list[Value | None] = list(groups[k + 1][0])
            below = [set(topological_order(a)) for a in groups[k + 1][0]]
            if any(not found.intersection(zs) for found in below):
                raise ValueError(
                    "the delta form is for one example through a multilayer perceptron: a layer reads what is not the one below"
                )
            own = [[j for j, z in enumerate(zs) if z in found] for found in below]
            if all(len(js) == 1 for js in own) and len({js[0] for js in own}) == len(zs):
                zs = [zs[js[0]] for js in own]
        else:
            outputs = _activations(zs, order)
        if len(outputs) != len(zs):
            raise ValueError("the delta form is for a multilayer perceptron: a layer has not as many units as the next reads")
        parts = [operands(z) for z in zs]
        layers.append(Layer(k + 2, zs, outputs, [w for w, _, _ in parts], [b for _, _, b in parts], inputs))
    return layers


def _activations(zs: list[Value], order: list[Value]) -> list[Value | None]:
    """Of the output units: the nodes whose scope says so; else what is computed from each net input alone, or for each from all
    of them, as softmax is; else these themselves."""
    scopes = {scope: node for node in order if (scope := getattr(node, "scope", None)) and scope.role == "out"}
    said = [scopes.get(z.scope._replace(role="out")) if hasattr(z, "scope") else None for z in zs]
    if any(a is not None for a in said):
        return list(said)
    reading: dict[Value, list[Value]] = {z: [] for z in zs}
    for node in order:
        for parent in set(node.parents).intersection(zs):
            reading[parent].append(node)
    notation = Notation(order)
    found: list[Value | None] = []
    for z, nodes in reading.items():
        own = [node for node in nodes if node.parents[0] is z]
        alike = {frozenset(node.parents) for node in nodes}
        # what has the same derivative everywhere, such as -z, belongs to the loss
        if len(own) != 1 or not alike <= {frozenset([z]), frozenset(zs)} or notation.local_derivative(own[0], 0).kind == "number":
            return list(zs)
        found += own
    return found


def _indexed(layers: list[Layer]) -> dict[Value, Indexed]:
    """The names of the delta form; a parameter that several units share keeps its label."""
    names: dict[Value, Indexed] = {}
    shared: set[Value] = set()

    def name(node: Value, letter: str, layer: int, *units: int) -> None:
        if node in names and names[node].letter in "wb":
            shared.add(node)
        names.setdefault(node, Indexed(letter, layer, units))

    for layer in layers:
        for k, a in enumerate(layer.inputs, 1):
            if a not in names:
                name(a, "a", layer.number - 1, k)
        for j, (z, weights, bias) in enumerate(zip(layer.z, layer.weights, layer.biases), 1):
            for k, weight in enumerate(weights, 1):
                name(weight, "w", layer.number, j, k)
            name(bias, "b", layer.number, j)
            name(z, "z", layer.number, j)
        for j, output in enumerate(layer.a, 1):
            if output is not None and output not in names:
                name(output, "a", layer.number, j)
    return {node: name for node, name in names.items() if node not in shared and not node.is_plain_number}
