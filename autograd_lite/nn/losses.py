"""Losses of one example or of many, and the output deltas of the delta form.

outputs and targets: a number or Value, or a sequence of them (of one example), or a sequence of sequences (of several).
reduction: "sum" or "mean" over all terms. ValueError where outputs and targets differ in number, or at an unknown reduction.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_lite import DomainError, Scope, Value, dot, log, log1p, mean, nll, peek, relu, softplus, sum_, where

Outputs = Any
Targets = Any


def half_squared_error(outputs: Outputs, targets: Targets, reduction: str = "sum") -> Value:
    """The articles' error: the sum of E_o = (t - out)**2 / 2. Its derivative by out is -(t - out).

    >>> half_squared_error([Value(3.0), Value(1.0)], [1.0, 1.0]).data
    2.0
    """
    terms = []
    for output, target in _pairs(outputs, targets):
        term = 0.5 * (target - output) ** 2
        if isinstance(output, Value) and output.label:
            term.label = f"E_{output.label.removeprefix('out_').removeprefix('net_')}"
        terms.append(term)
    total = _reduced(terms, reduction)
    if isinstance(total, Value):
        total.label = "E_total"
    return total


def mse(outputs: Outputs, targets: Targets, reduction: str = "mean") -> Value:
    """The mean squared error: the mean of (out - t)**2, without the articles' half."""
    return _reduced([(output - target) ** 2 for output, target in _pairs(outputs, targets)], reduction)


def binary_cross_entropy(outputs: Outputs, targets: Targets, reduction: str = "sum", logits: bool = False) -> Value:
    """-(y ln a + (1 - y) ln(1 - a)) for probabilities a in (0, 1); with `logits`, for a = sigmoid(output), without overflow.

    targets: y between 0 and 1 (else ValueError). DomainError where the loss is infinite.
    """
    terms = []
    for a, y in _pairs(outputs, targets):
        if not 0 <= peek(y) <= 1:
            raise ValueError(f"binary_cross_entropy needs targets between 0 and 1, got {y}")
        if logits:
            terms.append(_weighted([(y, softplus, -a), (1 - y, softplus, a)]))
            continue
        number = peek(a)
        if not 0 <= number <= 1 or (number == 0 and peek(y) != 0) or (number == 1 and peek(y) != 1):
            what = "is infinite" if 0 <= number <= 1 else "needs probabilities"
            raise DomainError(f"binary_cross_entropy {what}, got {a!r} for target {y}: pass net inputs, with logits=True")
        terms.append(0.0 - _weighted([(y, log, a), (1 - y, log1p, -a)]))  # a loss of 0 is not -0.0
    return _reduced(terms, reduction)


def cross_entropy(outputs: Outputs, targets: Targets, reduction: str = "sum", logits: bool = True) -> Value:
    """-sum_j y_j ln a_j with a = softmax(outputs); with ``logits=False`` the outputs are the probabilities a themselves.

    outputs: of one example, a sequence of C; targets: the index of a class, 0 to C-1, or C numbers y. Of several examples:
    sequences of these, and `reduction` is over the examples. Computed without overflow. The y need not sum to 1.

    >>> cross_entropy([Value(1000.0), Value(0.0)], 1).data
    1000.0
    """
    outputs = list(outputs)
    several = len(outputs) > 0 and _is_sequence(outputs[0])
    examples = _zipped(outputs, targets) if several else [(outputs, targets)]
    return _reduced([_cross_entropy(scores, target, logits) for scores, target in examples], reduction)


def sequence_cross_entropy(logits: Sequence[Sequence[Value]], targets: Sequence[Any], reduction: str = "sum") -> Value:
    """The cross-entropy of each time step, ``L_1``, ``L_2``, ..., added up as in the articles, or their mean.

    logits, targets: of T time steps, as for `cross_entropy`.
    """
    losses = step_losses(logits, targets)
    total = _reduced(losses, reduction)
    if len(losses) > 1:
        total.label = "L"
    return total


def step_losses(logits: Sequence[Sequence[Value]], targets: Sequence[Any]) -> list[Value]:
    """The cross-entropy of each time step, ``L_1``, ``L_2``, ..."""
    losses = [_cross_entropy(scores, target, True) for scores, target in _zipped(logits, targets)]
    for t, loss in enumerate(losses, 1):
        loss.label = f"L_{t}"
        loss.scope = Scope("loss", Scope(f"t = {t}", time=t), role="L")
    return losses


def _cross_entropy(scores: Sequence[Value], target: Any, logits: bool) -> Any:
    if len(scores) == 0:
        raise ValueError("cross_entropy needs at least one output")
    try:
        target = operator.index(target)
    except TypeError:
        if not _is_sequence(target):
            raise TypeError(f"cross_entropy needs a class index or a sequence as target, got {target!r:.60}") from None
        weights = list(target)
        if len(weights) != len(scores):
            raise ValueError(f"cross_entropy needs a target for each output, got {len(scores)} and {len(weights)}") from None
    else:
        if not 0 <= target < len(scores):
            raise ValueError(f"cross_entropy got class {target}, but the classes are 0 to {len(scores) - 1}")
        if logits:
            return nll(scores, target)
        weights = [float(k == target) for k in range(len(scores))]
    return nll(scores, weights) if logits else 0.0 - _weighted([(y, log, a) for y, a in zip(weights, scores)])


def hinge(outputs: Outputs, targets: Targets, reduction: str = "sum") -> Value:
    """max(0, 1 - y*s) for scores s and targets y = -1 or 1 (else ValueError)."""
    terms = []
    for score, y in _pairs(outputs, targets):
        if peek(y) not in (-1, 1):
            raise ValueError(f"hinge needs targets -1 or 1, got {y}")
        terms.append(relu(1 - y * score))
    return _reduced(terms, reduction)


def output_deltas(outputs: Sequence[float], targets: Sequence[float], pair: str) -> list[float]:
    """The deltas dC/dz of an output layer from its activations a and the targets y, by the formula of the delta form.

    pair: "sigmoid/quadratic", "softmax/cross-entropy", "softmax/quadratic" or "sigmoid/binary cross-entropy", with the
    quadratic cost sum (a - y)**2 / 2 and the cross-entropies summed. The general rule behind them is
    delta_j = sum_k dC/da_k da_k/dz_j: where softmax mixes the units, the sum over k is needed.

    >>> output_deltas([0.75, 0.5], [0.0, 1.0], "sigmoid/quadratic")
    [0.140625, -0.125]
    """
    if pair not in OUTPUT_DELTAS:
        raise ValueError(f"no output deltas for {pair!r}: one of {', '.join(OUTPUT_DELTAS)}")
    return OUTPUT_DELTAS[pair](*zip(*[(float(a), float(y)) for a, y in _zipped(outputs, targets)]))


OUTPUT_DELTAS: dict[str, Callable[[Any, Any], list[float]]] = {
    "sigmoid/quadratic": lambda a, y: [(a_j - y_j) * a_j * (1 - a_j) for a_j, y_j in zip(a, y)],
    # a_j - y_j if the y sum to 1
    "softmax/cross-entropy": lambda a, y: [a_j * sum(y) - y_j for a_j, y_j in zip(a, y)],
    "softmax/quadratic": lambda a, y: [
        a_j * ((a_j - y_j) - sum([(a_k - y_k) * a_k for a_k, y_k in zip(a, y)])) for a_j, y_j in zip(a, y)
    ],
    "sigmoid/binary cross-entropy": lambda a, y: [a_j - y_j for a_j, y_j in zip(a, y)],
}


def _weighted(terms: Iterable[tuple[Any, Callable[[Any], Any], Any]]) -> Any:
    """The sum of weight * function(x); where the weight is 0 the function is not computed, so that 0 ln 0 is 0."""
    kept = [(weight, function(x)) for weight, function, x in terms if isinstance(weight, Value) or weight != 0]
    if all(not isinstance(weight, Value) and weight == 1 for weight, _ in kept):
        return sum_([x for _, x in kept]) if len(kept) > 1 else kept[0][1] if kept else Value(0.0)
    if any([isinstance(weight, Value) for weight, _ in kept]):  # which may be 0 when a program runs, where log(0) is infinite
        return sum_([where(weight, weight * x, 0.0) for weight, x in kept])
    return dot([weight for weight, _ in kept], [x for _, x in kept])


def _pairs(outputs: Outputs, targets: Targets) -> list[tuple[Any, Any]]:
    """Each output with its target, from any of the forms."""
    if not _is_sequence(outputs):
        outputs, targets = [outputs], targets if _is_sequence(targets) else [targets]
    pairs = []
    for output, target in _zipped(outputs, targets):
        if _is_sequence(output) != _is_sequence(target):
            raise ValueError("a loss needs outputs and targets of one form: sequences of the same lengths")
        pairs += _pairs(output, target) if _is_sequence(output) else [(output, target)]
    return pairs


def _zipped(outputs: Outputs, targets: Targets) -> list[tuple[Any, Any]]:
    outputs, targets = list(outputs), list(targets) if _is_sequence(targets) else [targets]
    if len(outputs) != len(targets):
        raise ValueError(f"a loss needs a target for each output, got {len(outputs)} outputs and {len(targets)} targets")
    if not outputs:
        raise ValueError("a loss needs at least one output")
    return list(zip(outputs, targets))


def _is_sequence(thing: Any) -> bool:
    return isinstance(thing, Iterable) and not isinstance(thing, (Value, str))


def _reduced(terms: Sequence[Any], reduction: str) -> Value:
    if reduction not in ("sum", "mean"):
        raise ValueError(f"unknown reduction {reduction!r}: 'sum' or 'mean'")
    if len(terms) == 1:
        return terms[0]  # type: ignore[no-any-return]
    total: Value = sum_(terms) if reduction == "sum" else mean(terms)
    return total
