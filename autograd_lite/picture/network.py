"""A multilayer perceptron as its layers: circles, lines coloured by weight or gradient, the matrices as heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..derivation.delta import is_weighted_sum, operands
from ..sentences import say
from ..value import Value
from .drawer import shade, shown
from .svg import escaped, in_language, style

COLUMN = 150.0
"""From one layer to the next."""
RADIUS = 13.0
CELL = 13.0
"""Of a heat map, at most."""


class Layer(NamedTuple):
    """Units that read the same inputs: their net inputs, and the weights of each, in the order of the inputs."""

    nets: list[Value]
    weights: list[Sequence[Value]]
    inputs: Sequence[Value]


def layers(order: Sequence[Value]) -> list[Layer]:
    """The layers of a network, of the first example where there are several. ValueError if there is none."""
    groups: dict[tuple[Value, ...], Layer] = {}
    seen: set[Value] = set()
    for node in order:
        if not is_weighted_sum(node):
            continue
        weights, inputs, _ = operands(node)
        if seen.isdisjoint(weights) or tuple(inputs) in groups:
            layer = groups.setdefault(tuple(inputs), Layer([], [], inputs))
            layer.nets.append(node)
            layer.weights.append(weights)
            seen.update(weights)
    if not groups:
        raise ValueError("layers=True is for a multilayer perceptron: no node is a weighted sum (`linear`) plus a bias")
    return list(groups.values())


def network_svg(order: Sequence[Value], grads: Mapping[Value, float], by: str, language: str) -> tuple[str, str]:
    """The layers as an SVG element: circles and lines by "data" or "grad", below W and the derivative by it; its title."""
    found = layers(order)
    by = by if grads else "data"
    number_of = {node: node.data if by == "data" else grads.get(node, 0.0) for node in order}
    weights = [w for layer in found for row in layer.weights for w in row]
    most = max([abs(number_of[w]) for w in weights], default=0.0)
    most_unit = max([abs(number_of[net]) for layer in found for net in layer.nets], default=0.0)
    columns = [list(found[0].inputs), *[layer.nets for layer in found]]
    pitch = max(2 * RADIUS + 6 if max(map(len, columns)) <= 24 else 640.0 / max(map(len, columns)), 7.0)
    radius = min(RADIUS, pitch * 0.42)
    high = pitch * max(map(len, columns)) + 40.0
    places = [
        [(60.0 + COLUMN * k, high / 2 + 10 + pitch * (j - (len(c) - 1) / 2)) for j in range(len(c))]
        for k, c in enumerate(columns)
    ]
    lines, circles, maps = [], [], []
    for k, layer in enumerate(found):
        for j, row in enumerate(layer.weights):
            for i, w in enumerate(row):
                if i < len(places[k]):
                    name = w.label or say(language, "tip-weight")
                    lines.append(_line(places[k][i], places[k + 1][j], w, number_of[w], most, grads, name))
    for column, points in zip(columns, places):
        for node, (x, y) in zip(column, points):
            tip = f"{node.label or say(language, 'tip-no-label')}: data {node.data!r}" + (
                f", grad {grads[node]!r}" if node in grads else ""
            )
            tint = shade(number_of[node], most_unit)
            circles.append(
                f'<circle class="unit {tint}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{escaped(tip)}</title></circle>'
            )
    low = high
    for k, layer in enumerate(found):
        y = high + 10.0
        for title, matrix in (("W", "data"), ("dE/dW", "grad")):
            if matrix == "data" or grads:
                numbers = [[w.data if matrix == "data" else grads.get(w, 0.0) for w in row] for row in layer.weights]
                named = say(language, "layers-matrix", matrix=title, number=k + 1)
                drawn, y = _heat_map(60.0 + COLUMN * k + 20, y, named, numbers)
                maps.append(drawn)
        low = max(low, y)
    wide = 120.0 + COLUMN * len(found) + 40
    words, whole = say(language, "layers-colours", by=by), say(language, "layers-title", count=len(found))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="autograd-lite" role="img" width="{wide:.0f}" height="{low + 30:.0f}" '
        f'viewBox="0 0 {wide:.0f} {low + 30:.0f}"{in_language(language)} style="max-width: 100%; height: auto">'
        f"<title>{escaped(whole)}</title><desc>{escaped(words)}</desc><style>{style()}"
        ".autograd-lite .unit { stroke: #666666 } .autograd-lite .line.pos { stroke: #d9822b }"
        ".autograd-lite .line.neg { stroke: #3f8fd0 }"
        "</style>"
        f'<rect class="page" width="{wide:.0f}" height="{low + 30:.0f}"/>{"".join([*lines, *circles, *maps])}'
        f'<text class="caption" x="12" y="{low + 20:.0f}">{escaped(words)}</text></svg>\n'
    )
    return svg, whole


def _line(
    start: tuple[float, float],
    end: tuple[float, float],
    w: Value,
    number: float,
    most: float,
    grads: Mapping[Value, float],
    name: str,
) -> str:
    part = abs(number) / most if most and number == number else 0.0
    tip = f"{name} = {shown(w.data)}" + (f", grad {shown(grads[w])}" if w in grads else "")
    look = f'stroke-width="{0.4 + 3.6 * part:.2f}" stroke-opacity="{0.25 + 0.75 * part:.2f}"'
    place = f'd="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"'
    return f'<path class="line {"neg" if number < 0 else "pos"}" {place} {look}><title>{escaped(tip)}</title></path>'


def _heat_map(x: float, y: float, title: str, numbers: Sequence[Sequence[float]]) -> tuple[str, float]:
    """A matrix as coloured cells, and how far down it reaches."""
    most = max([abs(number) for row in numbers for number in row], default=0.0)
    cell = min(CELL, (COLUMN - 30) / max(len(numbers[0]), 1), 160.0 / len(numbers))
    out = [f'<text class="title" x="{x:.1f}" y="{y + 12:.1f}">{escaped(title)}</text>']
    for j, row in enumerate(numbers):
        for i, number in enumerate(row):
            place = f'x="{x + cell * i:.1f}" y="{y + 18 + cell * j:.1f}" width="{cell:.1f}" height="{cell:.1f}"'
            out.append(f'<rect class="cell {shade(number, most)}" {place}><title>{escaped(shown(number))}</title></rect>')
    return "".join(out), y + 24 + cell * len(numbers)
