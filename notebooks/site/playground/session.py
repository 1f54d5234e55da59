"""The playground's Python: a question in JSON is answered in JSON, or with the bytes of a file.

A question has "kind": "expression", with "expression" and "numbers", or "network", with "sizes", "activation", "output",
"inputs", "targets" and "weights"; "wrt", a label; "language"; and "view", or "file", a name. All are texts, as they are typed.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograd_lite import Value, draw, explain, steps, topological_order
from autograd_lite.classroom import quiz
from autograd_lite.command_line.expressions import parsed
from autograd_lite.parse import number

MOST_PARAMETERS = 500
"""Of a network: of more, nothing can be seen."""
FIELDS = {"expression": ("expression", "numbers"), "network": ("sizes", "activation", "output", "inputs", "targets", "weights")}
"""By kind what a graph is made of."""

VIEWS: dict[str, Callable[[Value, Value, str], str]] = {
    "picture": lambda output, wrt, language: FILES["graph"](output, wrt, language).svg(),
    "derivation": lambda output, wrt, language: explain(output, wrt, language=language).mathml(),
    "steps": lambda output, wrt, language: steps(output, language).html(),
    "quiz": lambda output, wrt, language: quiz(output, language=language).html(),
}
FILES: dict[str, Callable[[Value, Value, str], Any]] = {
    "graph": lambda output, wrt, language: draw(_after_a_pass(output), language=language),
    "derivation": lambda output, wrt, language: explain(output, wrt, language=language),
    "steps": lambda output, wrt, language: steps(output, language),
    "quiz": lambda output, wrt, language: quiz(output, language=language),
    "worksheet": lambda output, wrt, language: quiz(output, language=language),
}
"""By the name without its ending what is saved."""


def answer(question: str) -> str:
    """A view, with what stands beside it; or {"error": a sentence}."""
    asked = json.loads(question)
    try:
        return json.dumps(_answer(asked))
    except (ValueError, ArithmeticError) as error:
        return json.dumps({"error": str(error)})


def file(question: str) -> bytes | str:
    """The file of that name; or the sentence of an error."""
    asked = json.loads(question)
    try:
        output, _ = _graph(asked)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, asked["file"])
            FILES[path.stem](output, _wrt(output, asked["wrt"]), asked["language"]).save(path)
            return path.read_bytes()
    except (ValueError, ArithmeticError) as error:
        return str(error)


def _answer(asked: Mapping[str, str]) -> dict[str, Any]:
    output, model = _graph(asked)
    nodes, wrt = _labelled(output), _wrt(output, asked["wrt"])
    found: dict[str, Any] = {"html": VIEWS[asked["view"]](output, wrt, asked["language"]), "wrt": wrt.label, "names": list(nodes)}
    passed = _after_a_pass(_graph(asked)[0])
    found["rows"] = [[n.label, f"{n.data:.6g}", f"{n.grad:.6g}"] for n in (*_labelled(passed).values(), passed)]
    return found if model is None else {**found, "weights": _written(model)}


def _graph(asked: Mapping[str, str]) -> tuple[Value, Any]:
    """The last node of a graph, before its backward pass, and the network that it is about, if it is about one."""
    form = [asked[field] for field in FIELDS[asked["kind"]]]
    return _network(*form) if asked["kind"] == "network" else (_expression(*form), None)


def _after_a_pass(output: Value) -> Value:
    output.backward()
    return output


def _labelled(output: Value) -> dict[str, Value]:
    """The nodes with labels but the output, the leaves first."""
    found = [node for node in topological_order(output) if node.label and node is not output]
    return {node.label: node for node in sorted(found, key=lambda node: bool(node.parents))}


def _wrt(output: Value, label: str) -> Value:
    """By what the derivation differentiates: the node of that label, or where there is none the first."""
    nodes = _labelled(output)
    return nodes.get(label) or next(iter(nodes.values()), output)


def _expression(expression: str, numbers: str) -> Value:
    return parsed(expression, numbers.replace(",", " ").split())


def _network(sizes: str, activation: str, output: str, inputs: str, targets: str, weights: str) -> tuple[Value, Any]:
    """The error of a network, and the network."""
    from nn import MLP, half_squared_error  # here: an expression is shown sooner without it

    units = _sizes(sizes)
    if weights.strip().isdigit():
        given: dict[str, Any] = {"seed": int(weights)}
    else:
        given = dict(zip(("weights", "biases"), _by_hand(weights, units)))
    model = MLP(units, activation or None, output or None, **given)
    outputs = model(_numbers("inputs", inputs, units[0]))
    return half_squared_error(outputs, _numbers("targets", targets, units[-1])), model


def _sizes(text: str) -> list[int]:
    parts = text.replace("-", " ").replace(",", " ").split()
    if len(parts) < 2 or not all([part.isdecimal() and len(part) < 5 and int(part) for part in parts]):
        raise ValueError(f"the units are whole numbers from the inputs to the outputs, such as 2 3 1, not {text!r:.60}")
    sizes = [int(part) for part in parts]
    count = sum([(before + 1) * after for before, after in itertools.pairwise(sizes)])
    if count > MOST_PARAMETERS:
        raise ValueError(f"a network of {text:.60} units has {count:,} parameters: at most {MOST_PARAMETERS} are shown")
    return sizes


def _numbers(what: str, text: str, count: int) -> list[float]:
    found = text.replace(",", " ").split()
    if len(found) != count:
        raise ValueError(f"{what}: {count} {'number is' if count == 1 else 'numbers are'} needed, got {len(found)}")
    try:
        return [number(part) for part in found]
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _by_hand(text: str, sizes: Sequence[int]) -> tuple[list[list[list[float]]], list[list[float]]]:
    """By layers the weights and the biases, from a line for each unit: ``h1: 0.15 0.2 | 0.35``, with the bias last."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) != sum(sizes[1:]):
        raise ValueError(
            f"weights: a line is needed for each of the {sum(sizes[1:])} units, or a seed, one whole number; got {len(lines)}"
        )
    rest = iter(lines)
    weights: list[list[list[float]]] = []
    biases: list[list[float]] = []
    for before, count in itertools.pairwise(sizes):
        rows = [(line, *line.rpartition(":")[2].partition("|")) for line in itertools.islice(rest, count)]
        weights.append([_numbers(f"weights in {line!r:.60}", own, before) for line, own, _, _ in rows])
        biases.append([_numbers(f"bias, after the bar in {line!r:.60}", bias, 1)[0] for line, _, _, bias in rows])
    return weights, biases


def _written(model: Any) -> str:
    """The weights and biases of a network, as one writes them by hand."""
    units = [unit for layer in model.layers for unit in layer.neurons]
    return "\n".join([f"{u.name}: {' '.join([f'{w.data:.4g}' for w in u.weights])} | {u.bias.data:.4g}" for u in units])
