"""The picture of a computation graph: what a user calls, and what can be done with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..backprop import topological_order
from ..files import write_whole
from ..sentences import known
from ..value import Value
from . import dot as graphviz
from .drawer import Drawer
from .geometry import Layout
from .layout import layered
from .network import network_svg
from .printing import printed
from .rows import in_rows
from .scene import Picture
from .scopes import folded_units, paths_of, units
from .svg import XML, SVGPicture, image, svg

if TYPE_CHECKING:
    from pathlib import Path

MOST = 2000
"""More visible nodes than this are drawn only with ``force=True``."""
MOST_SPANNED = 200
"""Over so many columns, all together, the arrows of a picture may run that `dot` lays out: its time grows with them, from a
twentieth of a second there to minutes, and so does the height that it needs."""


class Drawing:
    """A graph's picture. Jupyter shows it as SVG; `source` is its DOT source.

    `element_of` gives for every node of the graph the id of the SVG element that shows it, its own (``n3``) or that of a
    collapsed part (``p0``); `edge_element_of` for (node, i) the id of the edge from its i-th parent, if it is visible. `sizes`
    has for a collapsed part, by its id, and for a frame, by its number, the texts before a size of the gradient, and whose it is.
    """

    def __init__(
        self,
        picture: Picture,
        element_of: dict[Value, str],
        edge_element_of: dict[tuple[Value, int], str],
        sizes: dict[int | str, dict[str, list[Value]]],
        dot: bool,
        opened: Callable[[], Picture] | None = None,
    ) -> None:
        self.picture = picture
        self.element_of = element_of
        self.edge_element_of = edge_element_of
        self.sizes = sizes
        self._dot = dot
        self._opened = opened  # makes the picture with every part open

    @cached_property
    def source(self) -> str:
        """The DOT source of the picture, for Graphviz and other viewers of it."""
        return graphviz.source(self.picture)

    @property
    def layout(self) -> Layout:
        """Where everything is."""
        return self._laid_out[0]

    @property
    def layout_by(self) -> str:
        """Which layout is used, and if it is the built-in one, why."""
        why = self._laid_out[1]
        return f"built-in: {why}" if why else "Graphviz's dot"

    @property
    def is_by_dot(self) -> bool:
        """Whether Graphviz's program `dot` has laid it out."""
        return not self._laid_out[1]

    @cached_property
    def _laid_out(self) -> tuple[Layout, str]:
        """Where everything is, and why it is not Graphviz's `dot` that says so; "" if it is."""
        shapes, groups, links = self.picture.graph
        built_in = layered(shapes, groups, links)
        pieces, wires, frames = self.picture.pieces, self.picture.wires, self.picture.frames
        if not self._dot:
            why = "as asked for with dot=False"
        elif len(frames) > 1:
            why = "Graphviz's dot would stack its frames"
        elif built_in.spanned > MOST_SPANNED:
            why = f"Graphviz's dot takes long where arrows span {built_in.spanned:,} columns, all together"
        else:
            try:
                ids = [piece.id for piece in pieces], [wire.id for wire in wires]
                return in_rows(graphviz.by_dot(self.source, *ids, len(frames)), shapes, links), ""
            except graphviz.NoDot as error:
                why = str(error)
        return in_rows(built_in, shapes, links), why

    def svg(self) -> str:
        """The picture as SVG text, an element that can be put into a page. It needs no other program."""
        return svg(self.picture, self.layout)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file named `*.svg`, `*.png`, `*.pdf` or `*.html`, or its source to `*.dot`; returns the path.

        The page has all parts, to open and close: pan by dragging, zoom by the wheel, search a label or a part, hover for
        numbers. Keys: arrows, + - 0; Enter opens or closes the part that was found.

        They look alike. png and pdf need Graphviz's `dot` or the package CairoSVG: RuntimeError, saying how to get them, without.
        ValueError for another ending. The file is written whole or not at all.
        """
        from pathlib import Path

        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".svg":
            data = f"{XML}{self.svg()}".encode()
        elif ending == ".dot":
            data = self.source.encode()
        elif ending == ".html":
            picture = self._opened() if self._opened else self.picture
            from .page import page  # with modules that few need

            data = page(picture).encode()
        elif ending in (".png", ".pdf"):
            data = printed(self.picture, self.layout, ending[1:], path.name)
        else:
            raise ValueError(f"a drawing is saved as .svg, .png, .pdf, .html or .dot, not as {path.name!r}")
        write_whole(path, data)
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            svg_text = self.svg()
            return {"text/html": image(svg_text, self.picture.title), "image/svg+xml": svg_text, "text/plain": repr(self)}
        except Exception as error:  # Jupyter would show a traceback in the place of everything else
            return {"text/plain": f"no picture: {type(error).__name__}: {error}"}

    def __repr__(self) -> str:
        count = len(self.element_of)
        return f"<Drawing of {count} node{'s' * (count != 1)}; .save('graph.svg') writes the picture, .source is its DOT source>"


class LayerDrawing(SVGPicture):
    """A network's picture by layers."""

    def __init__(self, svg_text: str, title: str) -> None:
        self._svg, self.title = svg_text, title

    def svg(self) -> str:
        return self._svg

    def __repr__(self) -> str:
        return "<LayerDrawing; .save('network.svg') writes the picture>"


def draw_layers(output: Value, by: str = "grad", *, language: str | None = None) -> LayerDrawing:
    """The layers of a multilayer perceptron: a circle for each unit, lines coloured by "data" or "grad" of the weights, and W and
    dE/dW as heat maps. Of a batch, the units are those of the first example.

    ValueError if `output` is not computed by layers. Before `backward()` colours are those of the data. language: of the words.
    """
    order = topological_order(output)
    if by not in ("grad", "data"):
        raise ValueError(f"a picture is coloured by 'grad' or by 'data', not by {by!r:.60}")
    return LayerDrawing(*network_svg(order, _grads(order, None), by, known(language)))


def draw(
    output: Value,
    *,
    by: str = "grad",
    grads: Mapping[Value, float] | None = None,
    names: Mapping[Value, str] | None = None,
    collapse: bool | str | Iterable[str] | None = None,
    depth: int | None = None,
    rolled: bool = False,
    frames: bool = True,
    force: bool = False,
    dot: bool = True,
    language: str | None = None,
) -> Drawing:
    """The graph that `output` was computed from: nodes with label, data and grad, edges with local derivatives.

    From left to right; a leaf is a box, an operation is rounded, a plain number has no frame. `a + a` has two edges. Blue is
    negative, orange positive, white 0, by "grad" or by "data"; an edge is the wider the larger its part of the gradient
    (adjoint times local derivative), or before `backward()` its local derivative. The graph is left as it is.

    Before `backward()` (all grads are 0, and that of the output is not 1) grads are shown as —. grads, names: shown in place of
    the nodes' own grads and labels.

    The parts that made the nodes (neuron, layer, time step: see `Scope`) have frames. Above 150 nodes they collapse, as many
    levels as it takes. collapse: True for all of them, or titles, or False for none. depth: how many levels stay open.
    rolled: folds the time steps of a recurrent network into one, with the edges from step to step dashed and marked with the
    delay; or the examples of a batch into one, each piece with how many there are. frames: False for none around the parts that
    are open. dot: False for the built-in layout also where Graphviz's `dot` is there, which otherwise lays out small pictures:
    those of short arrows and at most one frame. It has a second for it. language: of caption and descriptions, "en", "zh-TW" or
    "zh-CN".

    ValueError above 2,000 visible nodes, without ``force=True``.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> drawing = draw(x * w)
    >>> drawing.source.splitlines()[0], drawing.svg()[:4], drawing.element_of[w]
    ('digraph {', '<svg', 'n1')
    """
    order, language = topological_order(output), known(language)
    if by not in ("grad", "data"):
        raise ValueError(f"a picture is coloured by 'grad' or by 'data', not by {by!r:.60}")
    paths = paths_of(order)
    shown = folded_units(order, paths, language) if rolled else units(order, paths, collapse, depth)
    if len(shown) > MOST and not force:
        raise ValueError(
            f"{len(shown):,} nodes are too many to be seen, more than {MOST:,}: collapse parts with collapse=True or depth=1, "
            "draw a smaller graph, or insist with force=True"
        )
    shown_grads = _grads(order, grads)

    def opened() -> Picture:
        every = units(order, paths, False, None)
        return Drawer(order, paths, every, shown_grads, names or {}, by, False, True, language).picture()[0]

    drawer = Drawer(order, paths, shown, shown_grads, names or {}, by, rolled, frames, language)
    return Drawing(*drawer.picture(), drawer.sizes, dot, None if rolled else opened)


def _grads(order: Sequence[Value], given: Mapping[Value, float] | None) -> Mapping[Value, float]:
    """The grads to be shown: those given, or else the nodes' own, or none where no `backward()` went through this graph.

    Leaves may have grads of an earlier one, which are none of this graph's. That of the output is of the last.
    """
    if given is not None:
        return given
    return {node: node.grad for node in order} if order[-1].grad != 0 else {}
