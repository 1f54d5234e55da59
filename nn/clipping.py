"""Clipping of gradients, between `backward()` and the step of an optimizer. Names and results are PyTorch's.

parameters: Values, or one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd_lite import Value

from .nests import real


def clip_grad_norm_(parameters: Iterable[Value] | Value, max_norm: float, norm_type: float = 2.0) -> float:
    """Scales the grads, as one vector, to norm `max_norm` if theirs is larger; returns the norm before.

    norm_type: p of the norm (sum of |g_i|**p)**(1/p), above 0; `math.inf` for the largest |g_i|.
    If |g| > max_norm, g becomes g * max_norm / (|g| + 1e-6), as in PyTorch, so the norm ends a millionth below. NNDL (7.25)
    prints the condition as |g|**2 > max_norm, which would enlarge some gradients. With math.inf as `max_norm` the norm is
    returned and nothing scaled. ValueError, with nothing changed, if a grad is infinite or nan.
    """
    parameters = _with_grads("clip_grad_norm_", parameters)
    _bound("max_norm", max_norm)
    norm = _norm([parameter.grad for parameter in parameters], norm_type)
    if not math.isfinite(norm):
        raise ValueError(f"the norm of the gradient is {norm}: nothing has been clipped")
    scale = max_norm / (norm + 1e-6)
    if scale < 1:
        for parameter in parameters:
            parameter.grad *= scale
    return norm


def _with_grads(name: str, parameters: Any) -> list[Value]:
    """The parameters as a list, also a single one. TypeError for what is none."""
    several = [parameters] if isinstance(parameters, Value) or not isinstance(parameters, Iterable) else list(parameters)
    for parameter in several:
        if not isinstance(parameter, Value):
            raise TypeError(f"{name} needs parameters, such as model.parameters(), got {parameter!r:.60}")
    return several


def _norm(numbers: Sequence[float], p: float) -> float:
    """The p-norm, infinite or nan if a number is. ValueError where p is no number above 0."""
    if not real(p) > 0:
        raise ValueError(f"norm_type must be a number above 0, or infinite, got {p!r}")
    if p == 2 or not all(map(math.isfinite, numbers)):
        return math.hypot(*numbers)
    largest = max(map(abs, numbers), default=0.0)
    if p == math.inf or largest == 0:
        return largest
    try:
        return largest * float(math.fsum([(abs(x) / largest) ** p for x in numbers]) ** (1 / p))  # no power of a grad overflows
    except OverflowError:
        return math.inf


def clip_grad_value_(parameters: Iterable[Value] | Value, clip_value: float | tuple[float, float]) -> None:
    """Brings each grad between -clip_value and clip_value, or between two bounds a <= b: g becomes max(min(g, b), a) (NNDL 7.24).

    An infinite bound is none. ValueError, with nothing changed, if a grad is nan or the bounds are no bounds.
    """
    parameters = _with_grads("clip_grad_value_", parameters)
    if isinstance(clip_value, (tuple, list)):
        low, high = map(real, clip_value) if len(clip_value) == 2 else (math.nan, math.nan)
        if not low <= high:
            raise ValueError(f"clip_value needs bounds a <= b, got {clip_value!r}")
    else:
        high = _bound("clip_value", clip_value)
        low = -high
    for parameter in parameters:
        if math.isnan(parameter.grad):
            raise ValueError(f"the grad of {parameter!r} is nan: nothing has been clipped")
    for parameter in parameters:
        parameter.grad = max(min(parameter.grad, high), low)


def _bound(name: str, thing: Any) -> float:
    number = real(thing)
    if not number >= 0:
        raise ValueError(f"{name} must be a finite number of at least 0, or infinite, got {thing!r}")
    return number
