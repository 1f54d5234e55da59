"""The graph of a quiz as a picture that gives nothing away: the numbers of the leaves, and of nothing that is computed."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from ..picture.draw import draw
from .graphs import Graph

SVG = "http://www.w3.org/2000/svg"
FRAMED = 60
"""Up to this number of nodes there are no frames, so that the rest is large."""


def picture(graph: Graph, blank: str = "", language: str = "en", widest: float = math.inf) -> str:
    """The graph as SVG, without colours. blank: stands for the grads, and the data of what is computed; else these are left out.

    "" where the graph is too large for a picture, or that is wider, in pixels, than the widest.
    """
    try:
        drawn = draw(graph.output, grads={}, frames=len(graph.nodes) > FRAMED, language=language).svg()
    except ValueError:
        return ""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(drawn)
    if float(root.get("width", 0)) > widest:
        return ""
    root.set("style", f"{root.get('style')}; --wide: {root.get('width')}px; --high: {root.get('height')}px")
    for group in root.iter():
        kinds = _classes(group)
        for part in list(group):
            classes, tag = _classes(part), part.tag.removeprefix(f"{{{SVG}}}")
            if tag == "desc" or not {"legend", "delta", "behind"}.isdisjoint(classes):
                group.remove(part)
            elif tag == "title":
                part.text = (part.text or "").partition(", data")[0]
            elif "grad" in classes or ("data" in classes and not {"operation", "part"}.isdisjoint(kinds)):
                if blank:
                    part.text = f"{(part.text or '').partition(' ')[0]} {blank}"
                else:
                    group.remove(part)
            elif "box" in classes:
                part.set("class", "box none")
            elif "line" in classes:
                part.set("stroke-width", "1.5")
    return ElementTree.tostring(root, encoding="unicode")


def _classes(part: ElementTree.Element) -> list[str]:
    return part.get("class", "").split()
