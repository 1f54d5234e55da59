"""DOT source of a picture, and what Graphviz's program `dot` makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..derivation.markup import cleaned
from .geometry import Layout, Point
from .scene import Picture, wrapped
from .svg import COLORS, TINTS


def source(picture: Picture) -> str:
    """The picture as DOT source: from left to right, in the colours of a light page."""
    contents: list[list[str]] = [[] for _ in range(len(picture.frames) + 1)]
    for piece in picture.pieces:
        width, height = piece.size
        shape = "plaintext" if piece.kind == "const" else "box3d" if piece.kind == "part" else "box"
        style = "rounded,filled" if piece.kind == "operation" else "filled"
        fill = f'fillcolor="{TINTS[piece.tint][0]}", style="{style}", ' if piece.kind != "const" else ""
        lines = [dot_text(line.text) for line in piece.lines] + ["".join(blocks(piece.bars))] * bool(piece.bars)
        label = "\\n".join(lines)
        size = f", width={width / 72:.3f}, height={height / 72:.3f}, fixedsize=true"
        contents[piece.group].append(f'{piece.id} [shape={shape}, {fill}label="{label}"{size}];')
    for k in range(len(picture.frames) - 1, -1, -1):
        inner = "\n".join([f'label="{dot_text(picture.frames[k].title)}";', *contents[k]]).replace("\n", "\n  ")
        contents[picture.frames[k].parent].append(f"subgraph cluster_{k} {{\n  {inner}\n}}")
    for wire in picture.wires:
        label = f', label="{dot_text(wire.text)}"' if wire.text else ""
        # dashed, the loop of a delay does not decide what stands to the left
        delay = f', style=dashed, constraint=false, color="{COLORS["loop"][0]}"' if "delay" in wire.kind else ""
        tail, head = picture.pieces[wire.tail].id, picture.pieces[wire.head].id
        contents[-1].append(f'{tail} -> {head} [id="{wire.id}", penwidth={wire.thickness:.2f}{label}{delay}];')
    font = 'fontname="Helvetica,Arial,sans-serif"'
    caption = "\\l".join(dot_text(line) for text in picture.caption for line in wrapped(text, 600.0)) + "\\l"
    defaults = [
        f"graph [rankdir=LR, {font}, fontsize=15, labeljust=l, labelloc=t, nodesep=0.15, ranksep=0.3, style=rounded];",
        f"node [{font}, fontsize=13];",
        f'edge [{font}, fontsize=12, color="#6b6b6b", arrowsize=0.7];',
    ]
    body = "\n".join([*defaults, *contents[-1], f'label="{caption}"; labelloc=b;']).replace("\n", "\n  ")
    return f"digraph {{\n  {body}\n}}\n"


def blocks(bars: Sequence[tuple[int, float]]) -> list[str]:
    """The size of the gradient by time step, as characters."""
    most = max([size for _, size in bars if size < float("inf")], default=0.0)
    return ["▁▂▃▄▅▆▇█"[round(7 * min(size / most, 1.0)) if most and size == size else 0] for _, size in bars]


def dot_text(text: str) -> str:
    """A text in quotes of DOT source."""
    return cleaned(text, 400).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


class NoDot(RuntimeError):
    """Graphviz's program `dot` is missing, does not run, or does not give what it should: the message says which."""


def run_dot(source: str, kind: str, seconds: float = 5.0, engine: str = "dot", options: Sequence[str] = ()) -> bytes:
    """What `dot` makes of DOT source, in one of its formats, with an engine. NoDot, saying why, if it makes nothing."""
    import subprocess

    try:
        from graphviz.backend.execute import run_check

        command = ["dot", f"-K{engine}", *options, f"-T{kind}"]
        done = run_check(command, input=source.encode(), capture_output=True, quiet=True, timeout=seconds)
    except ImportError as error:
        raise NoDot(f"the Python package graphviz cannot be imported ({error})") from None
    except subprocess.TimeoutExpired:
        raise NoDot(f"Graphviz's program `dot` took more than {seconds:g} s") from None
    except subprocess.CalledProcessError as error:
        raise NoDot(f"Graphviz's program `dot` failed with exit status {error.returncode}") from None
    except RuntimeError:
        raise NoDot("Graphviz's program `dot` is not installed, or not on the PATH") from None
    except OSError as error:
        raise NoDot(f"Graphviz's program `dot` cannot be started ({error})") from None
    return bytes(done.stdout)


def by_dot(source: str, shapes: Sequence[str], links: Sequence[str], groups: int) -> Layout:
    """The layout that `dot` gives for the source, in which shapes and links have these ids. NoDot if it gives none."""
    import json

    raw = run_dot(source, "json0")
    try:
        found = json.loads(raw.decode("utf-8", "replace"), strict=False)
        named = {thing["name"]: thing for thing in found.get("objects", [])}
        edges = {edge["id"]: edge for edge in found.get("edges", [])}
        _, _, _, high = _numbers(found["bb"])

        def turned(text: str) -> Point:
            x, y = _numbers(text)
            return x, high - y

        centers = [turned(named[name]["pos"]) for name in shapes]
        paths, labels = [], []
        for name in links:
            tip, start, *rest = edges[name]["pos"].removeprefix("e,").split(" ")
            paths.append([turned(point) for point in [start, *rest, rest[-1], tip, tip]])
            labels.append(turned(edges[name].get("lp", "0,0")))
        frames = []
        for k in range(groups):
            x0, y0, x1, y1 = _numbers(named[f"cluster_{k}"]["bb"])
            frames.append((x0, high - y1, x1, high - y0))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NoDot(f"Graphviz's program `dot` gave no layout that can be read ({type(error).__name__}: {error})") from None
    return Layout(centers, paths, labels, frames)


def _numbers(text: str) -> list[float]:
    numbers = [float(number) for number in text.split(",")]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a coordinate is not finite")
    return numbers
