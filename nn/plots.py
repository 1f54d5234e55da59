"""Two plots for a class, with matplotlib, on axes of the caller: what a model decides, and what its layers' numbers are like."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

from autograd_lite import Scope, Value, peek, topological_order
from autograd_lite.nests import leaves

from .module import Module
from .nests import in_lists
from .validation import evaluated


def plot_decision(
    model: Module, X: Any, y: Any, ax: Any = None, *, threshold: float | None = None, points: int = 50, margin: float = 0.2
) -> Any:
    """What a model of two inputs decides in each place, and the examples on it; returns the matplotlib Axes.

    X: n pairs of numbers. y: of each the class, a whole number, or two numbers such as 0 and 1, -1 and 1; also in a list.
    A model of one output decides by `threshold`: halfway between the two numbers in y, unless given (0 for net inputs); how far
    it is from it is shown too. One of several outputs decides for the largest.
    points: how many of each coordinate are computed. margin: around the examples, as a share of their range. The model is
    computed as after `eval`, without a graph. ValueError for what does not fit; ImportError without matplotlib (the extra
    `notebook`).
    """
    places, labels, across, up, grid = decisions("plot_decision", model, X, y, points, margin)
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1]
    count = len(grid[0][0])
    if count > 1:
        for k in range(count):  # where this output is above all others
            heights = [[outs[k] - max(outs[:k] + outs[k + 1 :]) for outs in row] for row in grid]
            if (top := max(map(max, heights))) > 0:
                ax.contourf(across, up, heights, levels=[0.0, top], colors=[_light(k)])
        colours: dict[str, Any] = {"c": [f"C{int(label) % 10}" for label in labels]}
    else:
        middle = halfway(labels) if threshold is None else finite("plot_decision", threshold)
        heights = [[outs[0] - middle for outs in row] for row in grid]
        far = max([abs(height) for row in heights for height in row]) or 1.0
        levels = [far * k / 10 for k in range(-10, 11)]
        ax.contourf(across, up, heights, levels=levels, cmap="coolwarm", vmin=-2 * far, vmax=2 * far)
        if min(map(min, heights)) < 0 < max(map(max, heights)):
            ax.contour(across, up, heights, levels=[0.0], colors="black", linewidths=1.5)
        colours = {"c": labels, "cmap": "coolwarm"}
    ax.scatter(*zip(*places), edgecolors="black", linewidths=0.7, zorder=3, **colours)
    ax.set(xlabel="x1", ylabel="x2")
    return ax


def decisions(
    name: str, model: Module, X: Any, y: Any, points: int, margin: float
) -> tuple[Any, list[float], list[float], list[float], Any]:
    """The places of the examples and their labels, the coordinates at which the model is computed, and its outputs there by rows.

    name: of the function whose arguments these are, for errors. Arguments and errors as for `plot_decision`.
    """
    places = [_pair(name, x) for x in _rows(name, X)]
    labels = [_one(name, label) for label in _rows(name, y)]
    if not places or len(labels) != len(places):
        raise ValueError(f"{name} needs a label for each of at least one example, got {len(places)} and {len(labels)}")
    if not isinstance(points, Integral) or points < 2:
        raise ValueError(f"{name} needs at least 2 points of each coordinate, got {points!r:.60}")
    around = finite(name, margin)
    across, up = [_range([place[k] for place in places], around, points) for k in (0, 1)]
    with evaluated(model.modules()):
        grid = [[[peek(out) for out in leaves(model([a, b]))] for a in across] for b in up]
    return places, labels, across, up, grid


def halfway(labels: Sequence[float]) -> float:
    """Between the two numbers that the classes are."""
    return (min(labels) + max(labels)) / 2


def plot_layers(output: Any, of: str = "data", ax: Any = None, *, bins: int = 40) -> Any:
    """Histograms of what each layer gives to the next, a curve for each; returns the matplotlib Axes.

    output: a Value, such as the loss of a batch, or a nest of them. A layer is an outermost frame of their graph's picture:
    what nodes of others, or the output, are computed from. of: "data", the activations, or "grad", their derivatives after
    `backward()`. The legend has mean and standard deviation. ValueError for what does not fit, or without layers; ImportError
    without matplotlib (the extra `notebook`).
    """
    if of not in ("data", "grad"):
        raise ValueError(f"plot_layers is of 'data' or 'grad', got {of!r}")
    layers = layer_numbers(output, of)
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1]
    low, high = min([min(numbers) for numbers in layers.values()]), max([max(numbers) for numbers in layers.values()])
    if low == high:
        low, high = low - (abs(low) or 1.0), high + (abs(high) or 1.0)
    edges = [*[low + (high - low) * k / bins for k in range(bins)], high]
    for title, numbers in layers.items():
        mean = math.fsum(numbers) / len(numbers)
        deviation = math.sqrt(math.fsum([(x - mean) ** 2 for x in numbers]) / len(numbers))
        label = f"{title}: {mean:+.2g} ± {deviation:.2g}"
        ax.hist(numbers, bins=edges, weights=[1 / len(numbers)] * len(numbers), histtype="step", linewidth=1.5, label=label)
    ax.set(xlabel="activation" if of == "data" else "gradient", ylabel="share")
    ax.legend()
    return ax


def layer_numbers(output: Any, of: str = "data") -> dict[str, list[float]]:
    """The numbers of what each layer gives to others, by its title, in the order of the layers."""
    outputs = leaves(in_lists(output))
    if not outputs or not all(isinstance(node, Value) for node in outputs):
        raise ValueError(f"plot_layers needs a Value or a nest of Values, got {output!r:.60}")
    order = dict.fromkeys([node for value in outputs for node in topological_order(value)])
    given = dict.fromkeys([*_crossing(order), *outputs])
    found: dict[Scope, list[float]] = {}
    for node in order:
        if node in given and node.parents and _frame(node) is not None:
            found.setdefault(_frame(node), []).append(node.data if of == "data" else node.grad)
    if not found:
        raise ValueError("plot_layers found no layers: the graph is of no model, or was computed within no_grad()")
    if of == "grad" and not any(map(any, found.values())):
        raise ValueError("all derivatives are 0: call backward() first")
    return {scope.title: numbers for scope, numbers in found.items()}


def _crossing(order: Iterable[Value]) -> list[Value]:
    """The nodes that a node of another frame is computed from."""
    return [parent for node in order for parent in node.parents if _frame(parent) != _frame(node)]


def _frame(node: Value) -> Any:
    scope = getattr(node, "scope", None)
    return None if scope is None else scope.path[0]


def _rows(name: str, rows: Any) -> list[Any]:
    if not hasattr(rows, "__iter__"):
        raise ValueError(f"{name} needs a list of examples and a list of their labels, got {rows!r:.60}")
    return [*in_lists(list(rows))]


def _pair(name: str, x: Any) -> tuple[float, float]:
    if not isinstance(x, (list, tuple)) or len(x) != 2:
        raise ValueError(f"{name} needs examples of two inputs, got {x!r:.60}")
    return finite(name, x[0]), finite(name, x[1])


def _one(name: str, label: Any) -> float:
    (number,) = label if isinstance(label, list) and len(label) == 1 else [label]
    if isinstance(number, list) and number:
        scores = [finite(name, score) for score in number]
        return float(scores.index(max(scores)))
    return finite(name, number)


def finite(name: str, x: Any) -> float:
    """The number, or that of a Value. ValueError, in the name of a function, for one that is none, infinite or nan."""
    try:
        number = peek(x)
        if math.isfinite(number):
            return float(number)
    except TypeError:
        pass
    raise ValueError(f"{name} needs finite numbers, got {x!r:.60}")


def _range(numbers: Sequence[float], margin: float, points: int) -> list[float]:
    low, high = min(numbers), max(numbers)
    more = margin * ((high - low) or 1.0)
    return [low - more + (high - low + 2 * more) * k / (points - 1) for k in range(points)]


def _light(k: int) -> Any:
    """The colour of a class, as a background."""
    from matplotlib.colors import to_rgb

    return tuple([0.65 + 0.35 * part for part in to_rgb(f"C{k % 10}")])
