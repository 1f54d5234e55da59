"""Losses of one example or of many, and the output deltas of the delta form.

outputs and targets: a number or Value, or a sequence of them (of one example), or a sequence of sequences (of several).
reduction: "sum" or "mean" over all terms, or "none": the terms themselves, in the form of the outputs. ValueError where outputs
and targets differ in number, or at an unknown reduction.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from autograd_lite import DomainError, Scope, Value, clamp, dot, log, log1p, mean, nll, peek, relu, softplus, sum_, where
from autograd_lite.nests import leaves

from .nests import real

Outputs = Any
Targets = Any


def half_squared_error(outputs: Outputs, targets: Targets, reduction: str = "sum") -> Any:
    """The articles' error: the sum of E_o = (t - out)**2 / 2. Its derivative by out is -(t - out).

    Labels follow the articles' notation: of an output labelled ``out_o1`` or ``net_o1`` the term is ``E_o1``, of ``y`` it is
    ``E_y``; the sum is ``E_total``.

    >>> half_squared_error([Value(3.0), Value(1.0)], [1.0, 1.0]).data
    2.0
    """

    def error(output: Any, target: Any) -> Any:
        term = 0.5 * (target - output) ** 2
        if isinstance(output, Value) and output.label:
            term.label = f"E_{output.label.removeprefix('out_').removeprefix('net_')}"
        return term

    total = _reduced(_terms(error, outputs, targets), reduction)
    if isinstance(total, Value) and reduction != "none":
        total.label = "E_total"
    return total


def mse(outputs: Outputs, targets: Targets, reduction: str = "mean") -> Any:
    """The mean squared error: the mean of (out - t)**2, without the articles' half."""
    return _reduced(_terms(lambda output, target: (output - target) ** 2, outputs, targets), reduction)


def mae(outputs: Outputs, targets: Targets, reduction: str = "mean") -> Any:
    """The mean absolute error: the mean of |out - t|, whose derivative at out = t is 0. PyTorch calls it `L1Loss`."""
    return _reduced(_terms(lambda output, target: abs(output - target), outputs, targets), reduction)


def huber(outputs: Outputs, targets: Targets, reduction: str = "mean", delta: float = 1.0) -> Any:
    """With d = out - t: d**2 / 2 where |d| <= delta, and beyond it the straight line that goes on, delta (|d| - delta / 2).

    delta: a finite number above 0 (else ValueError).

    >>> [huber(out, 0.0).data for out in (Value(0.5), Value(-3.0))]
    [0.125, 2.5]
    """
    if not 0 < real(delta) < math.inf:
        raise ValueError(f"huber needs a finite delta above 0, got {delta!r}")

    def error(output: Any, target: Any) -> Any:
        d = output - target
        c = clamp(d, -delta, delta)  # d itself, or the end of the straight line's side
        return c * (d - 0.5 * c)

    return _reduced(_terms(error, outputs, targets), reduction)


def binary_cross_entropy(
    outputs: Outputs, targets: Targets, reduction: str = "sum", logits: bool = False, *, pos_weight: float = 1.0
) -> Any:
    """-(w y ln a + (1 - y) ln(1 - a)) for probabilities a in (0, 1); with `logits`, for a = sigmoid(output), without overflow.

    targets: y between 0 and 1. pos_weight: w, what the class 1 counts for, a finite number of at least 0. ValueError for what is
    outside these. DomainError where the loss is infinite.
    """
    if not 0 <= real(pos_weight) < math.inf:
        raise ValueError(f"binary_cross_entropy needs a finite pos_weight of at least 0, got {pos_weight!r}")

    def entropy(a: Any, y: Any) -> Any:
        if not 0 <= peek(y) <= 1:
            raise ValueError(f"binary_cross_entropy needs targets between 0 and 1, got {y}")
        yes = y if pos_weight == 1 else pos_weight * y
        if logits:
            return _weighted([(yes, softplus, -a), (1 - y, softplus, a)])
        number = peek(a)
        if not 0 <= number <= 1 or (number == 0 and peek(yes) != 0) or (number == 1 and peek(y) != 1):
            what = "is infinite" if 0 <= number <= 1 else "needs probabilities"
            raise DomainError(f"binary_cross_entropy {what}, got {a!r} for target {y}: pass net inputs, with logits=True")
        return 0.0 - _weighted([(yes, log, a), (1 - y, log1p, -a)])  # a loss of 0 is not -0.0

    return _reduced(_terms(entropy, outputs, targets), reduction)


def cross_entropy(
    outputs: Outputs,
    targets: Targets,
    reduction: str = "sum",
    logits: bool = True,
    *,
    weight: Sequence[float] | None = None,
    ignore_index: int | None = -100,
    label_smoothing: float = 0.0,
) -> Any:
    """-sum_j y_j ln a_j with a = softmax(outputs); with ``logits=False`` the outputs are the probabilities a themselves.

    outputs: of one example, a sequence of C; targets: the index of a class, 0 to C-1, or C numbers y. Of several examples:
    sequences of these, and `reduction` is over the examples. Computed without overflow. The y need not sum to 1.
    weight: what each class counts for, C numbers of at least 0; in a mean, an example whose target is an index counts for that
    of its class. ignore_index: a target that costs nothing, and is left out of a mean (ValueError if all are). label_smoothing:
    a number e from 0 to 1: each y_j becomes (1 - e) y_j + e / C.

    >>> cross_entropy([Value(1000.0), Value(0.0)], 1).data
    1000.0
    """
    if not _is_sequence(outputs):
        raise _swapped(outputs)
    outputs = list(outputs)
    several = len(outputs) > 0 and _is_sequence(outputs[0])
    options = {"weight": weight, "ignore_index": ignore_index, "label_smoothing": label_smoothing}
    terms, shares = _cross_entropies(_zipped(outputs, targets) if several else [(outputs, targets)], logits, options)
    return _reduced(terms if several else terms[0], reduction, shares)


def sequence_cross_entropy(
    logits: Sequence[Sequence[Value]], targets: Sequence[Any], reduction: str = "sum", **options: Any
) -> Any:
    """The cross-entropy of each time step, ``L_1``, ``L_2``, ..., added up as in the articles, or their mean.

    logits, targets: of T time steps, as for `cross_entropy`, which has the options: ``weight``, ``ignore_index`` for steps that
    do not count, ``label_smoothing``.
    """
    losses, shares = _step_losses(logits, targets, options)
    total = _reduced(losses, reduction, shares)
    if len(losses) > 1 and reduction != "none":
        total.label = "L"
    return total


def last_cross_entropy(logits: Sequence[Sequence[Value]], target: Any, **options: Any) -> Any:
    """The cross-entropy of the last time step alone: many-to-one, such as a class for a whole sequence.

    logits: of T time steps. target: of the last, as for `cross_entropy`, which has the options too.
    """
    loss = cross_entropy(logits[-1], target, **options)
    return _at_time(loss, len(logits))


def step_losses(logits: Sequence[Sequence[Value]], targets: Sequence[Any]) -> list[Value]:
    """The cross-entropy of each time step, ``L_1``, ``L_2``, ..."""
    return _step_losses(logits, targets, {})[0]


def _step_losses(logits: Any, targets: Any, options: dict[str, Any]) -> tuple[list[Value], list[Any]]:
    losses, shares = _cross_entropies(_zipped(logits, targets), True, options)
    return [_at_time(loss, t) for t, loss in enumerate(losses, 1)], shares


def _at_time(loss: Value, t: int) -> Value:
    loss.label = f"L_{t}"
    loss.scope = Scope("loss", Scope(f"t = {t}", time=t), role="L")
    return loss


class ClassTarget(NamedTuple):
    """What a target asks of C outputs: the weight of each logarithm, or one class, and what it counts for in a mean."""

    weights: Any
    share: Any

    def dense(self, size: int) -> ClassTarget:
        """The same with a weight for each."""
        return self if _is_sequence(self.weights) else ClassTarget([float(k == self.weights) for k in range(size)], self.share)


def class_target(
    target: Any,
    size: int,
    weight: Sequence[float] | None = None,
    ignore_index: int | None = -100,
    label_smoothing: float = 0.0,
) -> ClassTarget:
    """The target of an example of `size` outputs, as `cross_entropy` has it."""
    if isinstance(target, ClassTarget):
        return target
    if not 0 <= real(label_smoothing) <= 1:
        raise ValueError(f"cross_entropy needs a label_smoothing from 0 to 1, got {label_smoothing!r}")
    counts = [1.0] * size if weight is None else [real(w) for w in weight] if _is_sequence(weight) else []
    if len(counts) != size or not all(0 <= w < math.inf for w in counts):
        raise ValueError(f"cross_entropy needs a finite weight of at least 0 for each of {size} classes, got {weight!r:.60}")
    try:
        place = operator.index(target)
    except TypeError:
        if not _is_sequence(target):
            raise TypeError(f"cross_entropy needs a class index or a sequence as target, got {target!r:.60}") from None
        ys, share = list(target), 1.0
        if len(ys) != size:
            raise ValueError(f"cross_entropy needs a target for each output, got {size} and {len(ys)}") from None
    else:
        if place == ignore_index:
            return ClassTarget([0.0] * size, 0.0)
        if not 0 <= place < size:
            raise ValueError(f"cross_entropy got class {place}, but the classes are 0 to {size - 1}")
        if weight is None and not label_smoothing:
            return ClassTarget(place, 1.0)
        ys, share = [float(k == place) for k in range(size)], counts[place]
    if label_smoothing:
        ys = [(1 - label_smoothing) * y + label_smoothing / size for y in ys]
    return ClassTarget(ys if weight is None else [w * y for w, y in zip(counts, ys)], share)


def _cross_entropies(examples: Sequence[tuple[Any, Any]], logits: bool, options: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The loss of each example, and what it counts for in a mean."""
    terms, shares = [], []
    for scores, target in examples:
        nested = _is_sequence(target) and not isinstance(target, ClassTarget) and any(map(_is_sequence, target))
        if nested or not _is_sequence(scores):
            raise _swapped(scores)
        if len(scores) == 0:
            raise ValueError("cross_entropy needs at least one output")
        asked = class_target(target, len(scores), **options)
        weights = asked.weights if logits else asked.dense(len(scores)).weights
        terms.append(nll(scores, weights) if logits else 0.0 - _weighted([(y, log, a) for y, a in zip(weights, scores)]))
        shares.append(asked.share)
    return terms, shares


def _swapped(outputs: Any) -> TypeError:
    return TypeError(
        f"cross_entropy takes the outputs first: cross_entropy([x, y], 1) for class 1; got {outputs!r:.60} as outputs"
    )


def hinge(outputs: Outputs, targets: Targets, reduction: str = "sum") -> Any:
    """max(0, 1 - y*s) for scores s and targets y = -1 or 1 (else ValueError)."""

    def error(score: Any, y: Any) -> Any:
        if peek(y) not in (-1, 1):
            raise ValueError(f"hinge needs targets -1 or 1, got {y}")
        return relu(1 - y * score)

    return _reduced(_terms(error, outputs, targets), reduction)


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


def _terms(term: Callable[[Any, Any], Any], outputs: Outputs, targets: Targets) -> Any:
    """The term of each output with its target, in the form of the outputs."""
    if not _is_sequence(outputs):
        return _terms(term, [outputs], targets if _is_sequence(targets) else [targets])[0]
    terms = []
    for output, target in _zipped(outputs, targets):
        if _is_sequence(output) != _is_sequence(target):
            raise ValueError("a loss needs outputs and targets of one form: sequences of the same lengths")
        terms.append(_terms(term, output, target) if _is_sequence(output) else term(output, target))
    return terms


def _zipped(outputs: Outputs, targets: Targets) -> list[tuple[Any, Any]]:
    outputs, targets = list(outputs), list(targets) if _is_sequence(targets) else [targets]
    if len(outputs) != len(targets):
        raise ValueError(f"a loss needs a target for each output, got {len(outputs)} outputs and {len(targets)} targets")
    if not outputs:
        raise ValueError("a loss needs at least one output")
    return list(zip(outputs, targets))


def _is_sequence(thing: Any) -> bool:
    return isinstance(thing, Iterable) and not isinstance(thing, (Value, str))


def _reduced(nest: Any, reduction: str, shares: Sequence[Any] = ()) -> Any:
    """The terms added up, or their mean, in which they count for their `shares` (all alike, if there are none); or the nest."""
    if reduction not in ("sum", "mean", "none"):
        raise ValueError(f"unknown reduction {reduction!r}: 'sum' or 'mean', or 'none' for the terms themselves")
    if reduction == "none":
        return nest
    terms = leaves(nest)
    alike = all(not isinstance(share, Value) and share == 1 for share in shares)
    if reduction == "mean" and alike and len(terms) > 1:
        return mean(terms)
    total = sum_(terms) if len(terms) > 1 else terms[0]
    if reduction == "sum" or alike:
        return total
    count = sum_(shares)
    if peek(count) == 0:
        raise ValueError("there is no mean of examples that all count for 0: their targets are ignored, or their classes weigh 0")
    return total / count
