"""Derivations as a textbook prints them: symbolic = with the numbers in = result, for any graph."""

from __future__ import annotations

from ..backprop import topological_order
from ..gradient import check_recorded
from ..sentences import known, say
from ..value import Value
from .delta import delta_form
from .derivation import Derivation
from .equations import Equation, forward, inlined_nodes, local_derivatives, partial
from .expressions import symbol
from .notation import Notation
from .paths import Paths


def explain(
    output: Value, wrt: Value | None = None, form: str = "partials", digits: int = 9, *, language: str | None = None
) -> Derivation:
    """The derivation of the derivative of `output` by `wrt`, with the numbers in; of a node alone, its operation.

    The first equation is the one asked for. Each further one explains a factor of one above it: a derivative is the product
    of those along its path, or the sum over its paths; a node without a label is written as its formula, or, where that is
    long, named v1, v2, .... Their number grows with the nodes on the way, not with the paths. Of a node alone: its formula,
    and its local derivative by each operand.

    form: "delta" is for a multilayer perceptron: the error terms delta of every unit, from the last layer to the first, and
    the derivatives by the weights and biases (by `wrt` alone, if it is given), in the letters of the delta form.
    digits: decimals, 1 to 17; small and large numbers have as many significant digits, and an equation that does not come
    out with so few has all digits. language: of the headings, "en", "zh-TW" or "zh-CN".

    Grads are neither needed nor changed. ValueError for another form or number of digits, or where the delta form does not
    apply; RuntimeError if data on the way has changed since the forward pass.

    >>> x, w = Value(2.0, "x"), Value(-0.5, "w")
    >>> y = (w * x).tanh()
    >>> y.label = "y"
    >>> print(explain(y, w))
    ∂y/∂w = (1 - y**2) * x = (1 - (-0.761594156)**2) * 2 = 0.839948683
    <BLANKLINE>
    with
    y = tanh(w * x) = tanh((-0.5) * 2) = -0.761594156
    """
    for name, node in (("output", output), ("wrt", wrt)):
        if not isinstance(node, Value) and (node is not None or name == "output"):
            raise TypeError(f"explain needs a Value as {name}, got {type(node).__name__} {node!r:.60}")
    if form not in ("partials", "delta"):
        raise ValueError(f"a derivation has the form 'partials' or 'delta', not {form!r}")
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ValueError(f"digits is a whole number from 1 to 17, got {digits!r}")
    language = known(language)
    if form == "delta":
        return delta_form(output, wrt, digits, language)
    return _node(output, digits, language) if wrt is None else _along_paths(output, wrt, digits, language)


def _node(node: Value, digits: int, language: str) -> Derivation:
    """A node's own operation and local derivatives."""
    order = topological_order(node)
    notation = Notation(order, digits, inlined_nodes(order, {node, *node.parents}))
    if not node.parents:
        return Derivation(notation, [("", [Equation(symbol(node), None, node.data, digits)])], language)
    check_recorded(node)
    unlabelled = [parent for parent in dict.fromkeys(node.parents) if parent.parents and not parent.label]
    return Derivation(
        notation,
        [
            ("", [forward(notation, node)]),
            (say(language, "local-derivatives"), local_derivatives(notation, node)),
            (say(language, "with"), [forward(notation, parent) for parent in unlabelled]),
        ],
        language,
    )


def _along_paths(output: Value, wrt: Value, digits: int, language: str) -> Derivation:
    """The derivative of `output` by `wrt`."""
    paths = Paths(output, wrt, digits)
    notation = paths.notation
    if output is wrt or wrt not in paths.place:
        if output is not wrt:
            notation = Notation([wrt, *paths.order], digits)
        result = float(output is wrt)
        return Derivation(notation, [("", [Equation(partial(notation, output, wrt, result), None, result, digits)])], language)
    first, *others = paths.equations()
    shown = [forward(notation, node) for node in paths.way if node is not wrt and node not in notation.inlined]
    sections = [("", [first]), (say(language, "where"), others), (say(language, "with"), shown)]
    return Derivation(notation, sections, language)
