"""What a user calls: the two passes, and their views as text, in a terminal, in Jupyter, and as a page in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..files import write_whole
from ..value import Value
from .passes import Examples
from .terminal import show
from .words import WordedPasses

if TYPE_CHECKING:
    from pathlib import Path


class Steps(WordedPasses):
    """The steps of the two passes over a graph: a sequence, with its views. See `steps`."""

    def __repr__(self) -> str:
        return (
            f"<Steps: {len(self)} steps to the grads of {self.name(self.output)}, {self.forward} of them forward; "
            "print(), .terminal() and .save('lesson.html') show them>"
        )

    def html(self, code: bool = False) -> str:
        """The steps as one HTML document that needs nothing else: no network, no library. Arguments as of `save`."""
        from .page import document  # with modules that few need

        return document(self, code)

    def save(self, path: str | os.PathLike[str], code: bool = False) -> Path:
        """Writes the steps to a file; returns the path. ValueError for another ending, or for too many steps.

        `*.html` is a page, with `code` the program of the two passes beside it, its present line lit; `*.txt` the trace as text;
        `*.zip` an SVG for each step; `*.pptx` a slide for each, to be edited (with python-pptx); `*.gif` and `*.mp4` a film (with
        Pillow or imageio, and what `Drawing.save` needs for png). ImportError names what is missing. The file is written whole
        or not at all.

        The page is live up to 2,000 nodes: leaves with labels are changed by hand, trained, and nudged; checkboxes choose which
        are trained. In the page's console, and for tests of a page, there is an object ``lesson``. Steps have numbers from 1 on,
        nodes the names of the table:

        * ``lesson.set("w5", -1.2)`` sets a leaf;
        * ``lesson.update(rate, times)`` makes updates, w <- w - rate * grad;
        * ``lesson.go(step)`` goes to a step;
        * ``lesson.values()`` is ``{name: {data, grad}}``, of all nodes, to the last bit;
        * ``lesson.reset()`` sets all as it was recorded.

        Where the engine raises, the page says so in its words, and goes on with the numbers of IEEE 754, infinite or nan.
        """
        from pathlib import Path

        from .export import archive, film, slides  # which imports much

        path = Path(path)
        written: dict[str, Callable[[], bytes]] = {
            ".html": lambda: self.html(code).encode(),
            ".htm": lambda: self.html(code).encode(),
            ".txt": lambda: f"{self}\n".encode(),
            ".zip": lambda: archive(self),
            ".pptx": lambda: slides(self),
            ".gif": lambda: film(self, "gif"),
            ".mp4": lambda: film(self, "mp4"),
        }
        ending = path.suffix.lower()
        if ending not in written:
            raise ValueError(
                "steps are saved as .html, a page, or .txt, the trace as text, or .zip, .pptx, .gif or .mp4, pictures, "
                f"not as {path.name!r}"
            )
        write_whole(path, written[ending]())
        return path

    def terminal(self) -> None:
        """Shows the steps in the terminal, one at a time; where there is none, prints them all.

        n, space, right: forward; p, left: back; Home, End: first, last; b: the backward pass; g: to a number; q: quit.
        """
        show(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            from .page import notebook_output

            return {"text/html": notebook_output(self), "text/plain": self.text()}
        except Exception as error:  # Jupyter would show a traceback in the place of everything else
            return {"text/plain": f"no steps: {type(error).__name__}: {error}"}


def steps(
    output: Value,
    language: str | None = None,
    *,
    parameters: Iterable[Value] | None = None,
    examples: Examples | None = None,
) -> Steps:
    """The forward and the backward pass over the graph of `output`, step by step: a sequence of `Step`s.

    The forward pass, one node at a time; then the backward pass, edge by edge: adjoint times local derivative is a
    contribution, which is added to the sum so far if the operand has had one; and the grad of a node, once all have arrived.
    The order and the numbers are those of `backward()` from grads of 0. The graph is left as it is. `steps(output)[i]` and
    slices are steps, `find(label)` those of a node; `save("lesson.html")` writes a page to step through, `terminal()` steps
    through them here, `print` shows all; Jupyter shows the page. language: of the sentences, "en", "zh-TW" or "zh-CN".

    parameters: the leaves that the page trains at first; unless given, those that a part of a model uses, without inputs and
    constants. examples: further numbers of some leaves, for the page to train on their mean; see `nn.live`.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> y = w * x
    >>> y.label = "y"
    >>> print(steps(y).find("w")[1])
    5. From y back to w: adjoint times local derivative is the grad.
        ∂y/∂w = 1 * x = 1 * 2 = 2
    """
    found = Steps(output, language)
    found.examples = examples
    if parameters is not None:
        found.parameters = _leaves_of(found, parameters)
    return found


def _leaves_of(steps: Steps, parameters: Iterable[Value]) -> set[Value]:
    """TypeError for a parameter that is no Value, ValueError if none is a leaf of the graph."""
    found = set()
    for parameter in parameters:
        if not isinstance(parameter, Value):
            raise TypeError(f"parameters are Values, such as those of model.parameters(), got {parameter!r:.60}")
        found.add(parameter)
    if not any(node in found and not node.parents for node in steps.nodes):
        raise ValueError("none of the parameters is a leaf of this graph")
    return found
