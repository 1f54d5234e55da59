"""Feed-forward parts as lines of a twin: an MLP, a layer, a readout."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from autograd_lite import DomainError, Value, trace

from ..dense import MLP, Layer, Neuron, prefix
from ..layers import Activation, Dropout, Embedding, Linear, Part, Sequential
from ..module import Module
from ..norms import LayerNorm, RMSNorm
from ..recurrent.model import Readout
from .equations import equations
from .kinds import computes_as


def feed_forward(part: Module, path: str, x: str, before: str = "") -> tuple[list[str], str]:
    """The lines that compute `part` of what is called `x`, and what its outputs are called then.

    path: of its parameters. before: what the names in the lines begin with. ValueError for a part that has no twin.
    """
    if computes_as(part, MLP):
        layers = part.layers  # type: ignore[attr-defined]
        lines: list[str] = []
        for k, layer in enumerate(layers):
            name = prefix(k + 1, len(layers)).rstrip("_")
            added, x = _layer(layer, f"{path}layers.{k}.", x, f"{before}net_{name}", f"{before}out_{name}")
            lines += added
        return lines, x
    if isinstance(part, (Part, Sequential)):
        return _layers(part, path, x, before)
    if computes_as(part, Layer):
        return _layer(part, path, x, f"{before}net", f"{before}out")
    if computes_as(part, Readout):
        return [f"{before}y = {x} @ p[{path + 'Wy'!r}].T + p[{path + 'by'!r}]"], f"{before}y"
    raise ValueError(f"a {type(part).__name__} has no twin: it is none of nn's feed-forward modules, or has a forward of its own")


def _layer(layer: Module, path: str, x: str, net: str, out: str) -> tuple[list[str], str]:
    neurons = layer.neurons  # type: ignore[attr-defined]
    activate = neurons[0]._activate
    alike = all([computes_as(neuron, Neuron) and neuron._activate == activate for neuron in neurons])
    if not (computes_as(layer, Layer) and alike):
        name = path.rstrip(".").replace("layers.", "layer ")
        raise ValueError(f"{name} has no twin: its units differ, or are of a kind with a forward of its own")
    softmax = layer.activation == "softmax"  # type: ignore[attr-defined]
    added = [f"{out} = softmax({net}, -1)"] if softmax else activation(activate, net, out)
    return [f"{net} = {x} @ p[{path + 'weights'!r}].T + p[{path + 'bias'!r}]", *added], out if added else net


def _layers(model: Module, path: str, x: str, before: str) -> tuple[list[str], str]:
    paths = {id(part): f"{path}{name}." for name, part in model.named_modules() if name} | {id(model): path}
    lines: list[str] = []

    def line(formula: str) -> str:
        lines.append(f"{before}out_{len(lines) + 1} = {formula}")
        return f"{before}out_{len(lines)}"

    def after(part: Any, x: str) -> str:
        """Adds the lines of a part that reads `x`, and returns the name of what it gives."""
        own = paths[id(part)]
        if computes_as(part, Sequential):
            for inner in part:
                x = after(inner, x)
        elif computes_as(part, Linear):
            x = line(f"{x} @ p['{own}weight'].T" + ("" if part.bias is None else f" + p['{own}bias']"))
        elif computes_as(part, Embedding):
            x = line(f"rows({x}, p['{own}weight'])")
        elif computes_as(part, LayerNorm) or computes_as(part, RMSNorm):
            if isinstance(part, LayerNorm):
                x = line(f"{x} - {x}.mean(-1, keepdims=True)")
            x = line(f"{x} * (({x} * {x}).mean(-1, keepdims=True) + {part.eps}) ** -0.5")
            for name, sign in (("weight", "*"), ("bias", "+")):
                if hasattr(part, name):
                    x = line(f"{x} {sign} p['{own}{name}']")
        elif computes_as(part, Activation) and part.activation == "softmax":
            x = line(f"softmax({x}, -1)")
        elif computes_as(part, Activation):
            found = activation(part._activate, x, out := f"{before}out_{len(lines) + 1}")
            lines.extend(found)
            x = out if found else x
        elif not computes_as(part, Dropout):
            raise ValueError(f"a {type(part).__name__} has no twin among layers, or has a forward of its own")
        elif part.draws:
            raise ValueError(f"{part.no_program()}: call eval() first")
        return x

    out = after(model, x)
    return lines, out


def activation(activate: Callable[[Value], Value], net: str, out: str) -> list[str]:
    """The equations of an activation. ValueError if they are others at other points."""
    why = ""
    for number in (0.5, -0.5, 3.0, -3.0):
        try:
            output, inputs = trace(activate, [number])
            return equations({out: output}, {x: ast.Name(net) for x in inputs.values()})
        except (DomainError, ArithmeticError) as error:
            why = str(error)
        except ValueError as error:
            why = f"its graph is another at other points: {error}"
            break
    raise ValueError(f"the activation {activate!r:.60} has no twin: {why}")
