"""`live`: a network on a few examples, as a page that reacts to the hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite import Value, steps, topological_order, trace
from autograd_lite.nests import leaves, mapped
from autograd_lite.stepping import Examples, Steps

from .compiled import coding, plain
from .dense import INPUTS
from .losses import half_squared_error
from .module import Module
from .validation import pairs

MOST = 2_000
"""So many nodes may the graph of one example have."""


def live(
    model: Callable[[Any], Any],
    examples: Sequence[tuple[Any, Any]],
    loss: Callable[[Any, Any], Value] = half_squared_error,
    language: str | None = None,
) -> Steps:
    """The steps of ``loss(model(x), target)``, whose page trains the model on all examples.

    The page is that of `steps`: Jupyter shows it, ``.save("lesson.html")`` writes it. In it a slider chooses the example that is
    shown, updates go down the mean loss of all, and of two inputs the plane is seen, with what the model makes of every point of
    it, while it trains.

    model: a Module, or any function of lists of Values. examples, loss: as for `train`; all examples are of one shape. language:
    as for `steps`. The model stays as it is.

    ValueError for a graph of more than 2,000 nodes, for examples of different shapes, and, with the line, for a model that
    branches on data, or draws random numbers: see `autograd_lite.trace`.

    >>> from nn import MLP, xor
    >>> live(MLP([2, 2, 1], "tanh", rng=0), [*zip(*xor())])
    <Steps: 46 steps to the grads of E_total, 21 of them forward; print(), .terminal() and .save('lesson.html') show them>
    """
    if not callable(model) or not callable(loss):
        raise TypeError(f"live takes a model, pairs of input and target, and a loss, got {model!r:.60} and {loss!r:.60}")
    examples = pairs(examples, "live")
    encode, decode = (
        coding(model, loss, examples[0]) if isinstance(model, Module) else (lambda *pair: pair, lambda target: target)
    )
    rows = [[plain(argument) for argument in encode(*example)] for example in examples]
    forms = [mapped(lambda number: None, row) for row in rows]
    if forms.count(forms[0]) < len(forms):
        k = next(k for k, form in enumerate(forms) if form != forms[0])
        raise ValueError(f"live needs examples of one form, but number {k}, {examples[k]!r:.60}, is of another than the first")

    def loss_and_outputs(x: Any, t: Any) -> list[Any]:
        outputs = model(x)
        return [loss(outputs, decode(t)), *leaves(outputs)]

    parameters = model.parameters() if isinstance(model, Module) else None
    (total, *outputs), given = trace(loss_and_outputs, rows[0], parameters or ())
    if not isinstance(total, Value):
        raise TypeError(f"live needs a loss that is a Value, got {total!r:.60}")
    inputs, targets = ([nodes] if isinstance(nodes, Value) else nodes for nodes in given.values())
    order = topological_order(total)
    if len(order) > MOST:
        raise ValueError(
            f"live shows up to {MOST:,} nodes, and the graph of one example has {len(order):,}: take a smaller model"
        )
    total.label = total.label or "loss"
    for leaf in (*inputs, *targets):
        leaf.scope = INPUTS
    numbers = [leaves(row) for row in rows]
    kinds = [_kind(leaves(target), len(outputs)) for _, target in rows]
    known = Examples([*inputs, *targets], numbers, inputs, outputs, kinds)
    return steps(total, language, parameters=parameters, examples=known)


def _kind(target: list[float], outputs: int) -> float:
    """The target of one output; the class that is the target of several."""
    scores = target[:outputs]
    return target[0] if outputs == 1 else float(scores.index(max(scores)))
