"""The picture of a computation graph: DOT source, and SVG where Graphviz's `dot` program is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .backprop import topological_order
from .value import Value

ADVICE = (
    "no picture: Graphviz's program `dot` is not installed or does not run. Install Graphviz from your system's packages "
    "(`apt install graphviz`, `brew install graphviz`, `winget install graphviz`), or open the DOT source in any viewer of it."
)


class Drawing:
    """A graph's picture. Jupyter shows it as SVG; `source` is its DOT source, always there."""

    def __init__(self, source: str) -> None:
        self.source = source

    def svg(self) -> str:
        """The picture as SVG text. RuntimeError, saying how to get it, where `dot` is missing or does not run."""
        import graphviz

        try:
            return str(graphviz.Source(self.source).pipe(format="svg", encoding="utf-8"))
        except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError) as error:
            raise RuntimeError(ADVICE) from error

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file named `*.svg`, or its source to `*.dot`; returns the path.

        ValueError for another ending. Nothing is written if there is no picture.
        """
        path = Path(path)
        if path.suffix not in (".svg", ".dot"):
            raise ValueError(f"a drawing is saved as .svg or .dot, not as {path.name!r}")
        text = self.source if path.suffix == ".dot" else self.svg()
        path.write_text(text, encoding="utf-8")
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except RuntimeError:
            return {"text/plain": f"{ADVICE}\n\n{self.source}"}

    def __repr__(self) -> str:
        lines = self.source.count("\n")
        return f"<Drawing: {lines} lines of DOT source in .source; .save('graph.svg') writes the picture>"


def draw(output: Value) -> Drawing:
    """The graph that `output` was computed from: nodes with label, data and grad, edges with local derivatives.

    From left to right; a leaf is a box, an operation an ellipse, a plain number has no frame. `a + a` has two edges. The
    graph is left as it is.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> print(draw(x * w).source.splitlines()[0])
    digraph {
    """
    import graphviz

    graph = graphviz.Digraph(graph_attr={"rankdir": "LR"}, node_attr={"fontname": "Helvetica", "fontsize": "11"})
    graph.attr("edge", fontname="Helvetica", fontsize="9", color="#555555")
    order = topological_order(output)
    names = {node: f"n{i}" for i, node in enumerate(order)}
    for node in order:
        if node.op == "const":
            graph.node(names[node], graphviz.escape(f"{node.data:.6g}"), shape="plaintext")
            continue
        title = " = ".join(part for part in (str(node.label), node.op) if part)
        lines = ([title] if title else []) + [f"data {node.data:.6g}", f"grad {node.grad:.6g}"]
        label = "\n".join(_one_line(line) for line in lines)
        graph.node(names[node], graphviz.escape(label.replace("&", "&amp;")), shape="ellipse" if node.op else "box")
    for node in order:
        for parent, derivative in zip(node.parents, node.local_derivatives):
            label = "" if parent.op == "const" else f"{derivative:.4g}"
            graph.edge(names[parent], names[node], label)
    return Drawing(graph.source)


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
