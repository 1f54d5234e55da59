"""What is said of a model beside its loss, as a plain number."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from autograd_lite import Value, peek

from .nests import in_lists


def accuracy(outputs: Any, targets: Any, threshold: float = 0.5) -> float:
    """The share of examples whose class is found, from 0 to 1.

    outputs: of one example C scores, of which the largest counts (the first of several), and as its target the class, 0 to C-1,
    or C numbers of which one is the largest; or one number (also in a list), which says yes above `threshold`, as its target
    does: 0.5 for probabilities and targets 0 or 1, 0 for net inputs and for targets -1 or 1. Of several examples: lists of
    these. ValueError for what does not fit.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3]], [1, 0, 1])
    0.6666666666666666
    >>> accuracy([[2.5], [-1.0]], [1, -1], threshold=0)
    1.0
    """
    outputs, targets = _plain(outputs), _plain(targets)
    if not isinstance(outputs, list):
        outputs = [outputs]
    if not outputs or not isinstance(outputs[0], list):
        outputs, targets = [outputs], [targets]
    if not isinstance(targets, list) or len(targets) != len(outputs):
        got = len(targets) if isinstance(targets, list) else 1
        raise ValueError(f"accuracy needs a target for each example, got {len(outputs)} examples and {got} targets")
    return sum([_is_right(scores, target, threshold) for scores, target in zip(outputs, targets)]) / len(outputs)


def _is_right(scores: Sequence[float], target: Any, threshold: float) -> bool:
    if not scores:
        raise ValueError("accuracy needs at least one output")
    if len(scores) == 1:
        (wanted,) = target if isinstance(target, list) and len(target) == 1 else [target]
        if isinstance(wanted, list):
            raise ValueError(f"accuracy needs one target for one output, got {len(wanted)}")
        return bool((scores[0] > threshold) == (wanted > threshold))
    if isinstance(target, list):
        if len(target) != len(scores) or target.count(max(target)) != 1:
            raise ValueError(f"accuracy needs a class, or one largest of {len(scores)} numbers as target, got {target!r:.60}")
        target = target.index(max(target))
    try:
        place = operator.index(target)
    except TypeError:
        raise ValueError(f"accuracy needs a class of {len(scores)}, or as many numbers as target, got {target!r:.60}") from None
    if not 0 <= place < len(scores):
        raise ValueError(f"accuracy got class {place}, but the classes are 0 to {len(scores) - 1}")
    return list(scores).index(max(scores)) == place


def _plain(nest: Any) -> Any:
    """The nest in lists of numbers."""
    nest = in_lists(nest)
    if isinstance(nest, Iterable) and not isinstance(nest, (Value, str)):
        return [_plain(item) for item in nest]
    return peek(nest)
