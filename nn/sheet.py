"""A sheet to draw on, as SVG: texts, cells, boxes and wires."""

from __future__ import annotations

from autograd_lite.picture.scene import text_width
from autograd_lite.picture.svg import SVGPicture, escaped, in_language, style

MARGIN, LINE = 14.0, 20.0

MORE_STYLE = """\
.autograd-lite .left { text-anchor: start }
.autograd-lite .right { text-anchor: end }
.autograd-lite .small { font-size: 11px }
"""


class Sheet(SVGPicture):
    """A picture of shapes and texts, put on it one by one: places and sizes are in pixels, from the upper left corner."""

    def __init__(self, title: str, language: str) -> None:
        self.title, self.language, self.shapes = title, language, list[str]()
        self.wide = self.high = 0.0

    def svg(self, screen: bool = True) -> str:
        """The SVG element. On a screen it is no wider than the page, and dark where the page is."""
        wide, high = self.wide + MARGIN, self.high + MARGIN
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="autograd-lite" role="img" width="{wide:.0f}" height="{high:.0f}" '
            f'viewBox="0 0 {wide:.0f} {high:.0f}"{in_language(self.language)}'
            + ' style="max-width: 100%; height: auto"' * screen
            + ">",
            f"<title>{escaped(self.title)}</title>",
            f"<style>\n{style(screen)}{MORE_STYLE}</style>",
            f'<rect class="page" width="{wide:.0f}" height="{high:.0f}"/>',
            *self.shapes,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return f"<{self.title}; .save('picture.svg') writes it>"

    def text(self, x: float, y: float, text: str, kind: str = "", size: float = 13.0) -> None:
        """A line, centred on (x, y), or beginning ("left") or ending ("right") there."""
        width = text_width(text, size)
        self._reach(x + (width if "left" in kind else 0.0 if "right" in kind else width / 2), y + size / 2)
        self.shapes.append(f'<text class="{kind}" x="{x:.1f}" y="{y + 0.35 * size:.1f}">{escaped(text)}</text>')

    def cell(self, x: float, y: float, wide: float, high: float, share: float, tip: str) -> None:
        """A cell that is orange in so far as its share, from -1 to 1, is positive, blue where it is negative."""
        self._reach(x + wide, y + high)
        tint, seen = "neg4" if share < 0 else "pos4", min(1.0, abs(share))
        box = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
        self.shapes.append(
            f'<g class="node"><title>{escaped(tip)}</title>'
            f'<rect class="box {tint}" fill-opacity="{seen:.3f}" stroke-opacity="0.3" {box}/></g>'
        )

    def box(self, x: float, y: float, wide: float, high: float) -> None:
        self._reach(x + wide, y + high)
        self.shapes.append(
            f'<g class="node"><rect class="box part" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="5"/></g>'
        )

    def wire(self, x: float, y: float, to_x: float, to_y: float, width: float, text: str, tip: str) -> None:
        """A wire with a text on it, near its beginning."""
        bend = (to_x - x) / 2
        path = f"M {x:.1f} {y:.1f} C {x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        at_x, at_y, wide = x + 0.29 * (to_x - x), y + 0.216 * (to_y - y), text_width(text, 13.0) + 6  # at 0.3 of the curve
        self.shapes.append(
            f'<g class="edge"><title>{escaped(tip)}</title><path class="line" stroke-width="{width:.2f}" d="{path}"/></g>'
            f'<rect class="behind" x="{at_x - wide / 2:.1f}" y="{at_y - 9:.1f}" width="{wide:.1f}" height="18"/>'
        )
        self.text(at_x, at_y, text)

    def caption(self, *lines: str) -> None:
        """Lines below all that is there."""
        below = self.high + LINE
        for k, line in enumerate(lines):
            self.text(MARGIN, below + LINE * k, line, "caption left")

    def _reach(self, x: float, y: float) -> None:
        self.wide, self.high = max(self.wide, x), max(self.high, y)
