"""Two engines side by side on a graph: the first step at which they differ, as text and as a page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..files import write_whole
from ..value import Value
from .comparison import Compared


class Comparison(Compared):
    """Two backward passes over one graph, with their views. See `compare`."""

    def __repr__(self) -> str:
        return f"<Comparison: {next(self.lines())} print() says more, .save('compare.html') shows it>"

    def html(self) -> str:
        """Both passes side by side, in step, as one HTML document that needs nothing else; it opens where they differ first.

        ValueError for more steps than a browser can hold.
        """
        from .side_by_side import document  # with modules that few need

        return document(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page, ``.html``, or the text, ``.txt``, whole or not at all; returns the path. ValueError for others."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm", ".txt"):
            raise ValueError(f"a comparison is saved as .html or .txt, not as {path.name!r}")
        text = f"{self}\n" if path.suffix.lower() == ".txt" else self.html()
        write_whole(path, text.encode())
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from .side_by_side import notebook_output

        return {"text/html": notebook_output(self), "text/plain": str(self)}


def compare(right: Any, wrong: Any, output: Value, language: str | None = None) -> Comparison:
    """Two backward passes over the graph of `output`, side by side: the first step at which they differ.

    right, wrong: engines. None is that of autograd_lite; a bug is meant by itself, its name or its number; any function will do
    that takes the output and leaves in `grad` of each node the derivative by it, from grads of 0 (of leaves alone, if it keeps
    no others). Each runs on a copy of the graph, which is left as it is. `print` shows the step, the contributions that should
    arrive there, and what was written. TypeError for what is no engine.

    >>> a = Value(3.0, "a")
    >>> print(compare(None, 1, a * a))
    The passes differ first at step 6 of 6, in the grad of a.
        a is used 2 times: the contribution from v1 is added to the sum so far, and the grad is complete.
        ∂v1/∂a = 3 + 3 = 6
    The grad of a should be 6, and is 3.
    What should come back to a, from nodes on whose grads both agree:
        v1: 1 * 3 = 3
        v1: 1 * 3 = 3
    What is written into the grad, one after the other: 3, 3
    """
    return Comparison(right, wrong, output, language)


def kills(graph: Value, wrong: Any) -> bool:
    """Whether this graph shows a bug: an engine gives other grads than it should, or fails. graph: its output.

    >>> a = Value(3.0, "a")
    >>> kills(a + a, "overwrite"), kills(a + 1, "overwrite")
    (True, False)
    """
    return not Comparison(None, wrong, graph).agree
