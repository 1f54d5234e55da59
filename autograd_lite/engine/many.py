"""Operations over many operands, as one calls them: with sequences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .eager import Rows, family, functions, in_turn
from .modes import special

LINEAR, DOT = functions["linear"], functions["dot"]
ROWS_OF = {op: Rows(op) for op in ("linear", "dot")}


def _groups(op: str, *groups: Iterable[Any]) -> list[list[Any]]:
    lists = [list(group) for group in groups]
    if len(lists[0]) != len(lists[-1]):
        raise ValueError(f"{op} needs as many weights as inputs, got {len(lists[0])} and {len(lists[-1])}")
    return lists


def linear(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
    """w1*x1 + ... + wn*xn + b as one node: the net input of a neuron. Its parents are the w, the x and b, in this order.

    weights, inputs: n operands each (else ValueError). A float if all operands are plain numbers. The derivative by w_i is x_i,
    by x_i it is w_i, and by b it is 1.

    >>> from autograd_lite import Value
    >>> linear([Value(2.0), Value(3.0)], [10.0, 100.0], Value(1.0)).data
    321.0
    """
    try:
        function = LINEAR[len(weights)]
        if len(inputs) == len(weights):
            return function(weights, inputs, bias)
    except TypeError:
        pass
    weights, inputs = _groups("linear", weights, inputs)
    return LINEAR[len(weights)](weights, inputs, bias)


def dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """x1*y1 + ... + xn*yn as one node. ValueError unless there are as many x as y; 0.0 if there are none.

    The derivative by x_i is y_i, and by y_i it is x_i.

    >>> dot([1.0, 2.0], [10.0, 100.0])
    210.0
    """
    try:
        function = DOT[len(xs)]  # type: ignore[arg-type]
        if len(xs) == len(ys):  # type: ignore[arg-type]
            return function(xs, ys)
    except TypeError:
        pass
    xs, ys = _groups("dot", xs, ys)
    return DOT[len(xs)](xs, ys)


def affine(
    weights: Iterable[Iterable[Any]], vectors: Iterable[Iterable[Any]], biases: Iterable[Any] | None = None
) -> list[list[Any]]:
    """W x + b for each x of several vectors: for each, a `linear` of every row of weights, or a `dot` where there are no biases.

    weights: m rows of n operands; vectors: each of n; biases: m. ValueError for other numbers of them. The nodes are those of so
    many calls; in one, what a row or a vector has in common is read and kept once for all of its nodes.

    >>> affine([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [10.0, 100.0]], [0.5, -0.5])
    [[1.5, 2.5], [210.5, 429.5]]
    """
    rows, xs = [tuple(row) for row in weights], [tuple(x) for x in vectors]
    ps = () if biases is None else (list(biases),)
    if ps and len(ps[0]) != len(rows):
        raise ValueError(f"affine needs a bias for each row of weights, got {len(ps[0])} and {len(rows)}")
    if rows and not special:
        try:
            made: list[list[Any]] = ROWS_OF["linear" if ps else "dot"][len(rows[0])](rows, xs, *ps)
            return made
        except Exception:  # as for each by itself, below: plain numbers among the operands, or a mistake
            pass
    if not ps:
        return [[dot(row, x) for row in rows] for x in xs]
    return [[linear(row, x, b) for row, b in zip(rows, ps[0])] for x in xs]


def sum_(xs: Iterable[Any]) -> Any:
    """x1 + ... + xn as one node, added from left to right; 0.0 if there are none. The derivative by each is 1.

    >>> sum_([1.0, 2.0, 3.0])
    6.0
    """
    xs = list(xs)
    return functions["sum_"][len(xs)](xs)


def mean(xs: Iterable[Any]) -> Any:
    """(x1 + ... + xn) / n. ValueError if there are none.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    xs = _some("mean", xs)
    return sum_(xs) / len(xs)


def var(xs: Iterable[Any], correction: float = 1) -> Any:
    """The variance of n numbers: the sum of (x_i - mean(x))**2, divided by n - correction. ValueError for too few.

    The default is that of a sample, as in PyTorch; with ``correction=0``, NumPy's default, it is that of the numbers themselves.

    >>> var([1.0, 2.0, 3.0]), var([1.0, 2.0, 3.0, 4.0], correction=0)
    (1.0, 1.25)
    """
    xs = _some("var", xs)
    if len(xs) <= correction:
        raise ValueError(f"var with correction={correction} needs more than {correction} operands, got {len(xs)}")
    centre = mean(xs)
    return sum_([functions["square"](x - centre) for x in xs]) / (len(xs) - correction)


def std(xs: Iterable[Any], correction: float = 1) -> Any:
    """The standard deviation: the square root of `var`.

    >>> std([1.0, 3.0, 5.0])
    2.0
    """
    return functions["sqrt"](var(xs, correction))


def prod(xs: Iterable[Any]) -> Any:
    """x1 * ... * xn as one node; 1.0 if there are none. The derivative by each is the product of the others.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    xs = list(xs)
    return family("prod", xs) if xs else 1.0


def max_(xs: Iterable[Any]) -> Any:
    """The largest as one node; nan if one is nan. ValueError if there are none.

    The derivative by the largest is 1, and by the others 0; a tie splits it evenly.

    >>> max_([3.0, 7.0, -2.0])
    7.0
    """
    return family("max_", _some("max_", xs))


def min_(xs: Iterable[Any]) -> Any:
    """The smallest as one node; nan if one is nan. ValueError if there are none.

    The derivative by the smallest is 1, and by the others 0; a tie splits it evenly.

    >>> min_([3.0, 7.0, -2.0])
    -2.0
    """
    return family("min_", _some("min_", xs))


def logsumexp(xs: Iterable[Any]) -> Any:
    """log(exp(x1) + ... + exp(xn)) as one node, without overflow. ValueError if there are none.

    The derivatives are `softmax(xs)`.

    >>> print(f"{logsumexp([1000.0, 1000.0]):.6f}")  # 1000 + log(2)
    1000.693147
    """
    return family("logsumexp", _some("logsumexp", xs))


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """The logarithm of each of `softmax(xs)`, also where that underflows: x_i - logsumexp(x). ValueError if there are none.

    Each is one node of all operands, x_i the first of them. Its derivative by x_j is (i == j) - p_j.

    >>> log_softmax([0.0, 1000.0])
    [-1000.0, 0.0]
    """
    return in_turn("log_softmax", _some("log_softmax", xs))


def softmax(xs: Iterable[Any]) -> list[Any]:
    """exp(x_i) / (exp(x1) + ... + exp(xn)) for each i: positive, of sum 1, without overflow. ValueError if there are none.

    Each is one node of all operands, x_i the first of them. Its local derivatives are a row of the Jacobian,
    p_i * ((i == j) - p_j).

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    return in_turn("softmax", _some("softmax", xs))


def nll(logits: Iterable[Any], target: int | Iterable[Any]) -> Any:
    """The negative log-likelihood, or cross-entropy, of a target under p = softmax(logits), as one node.

    target: the index k of a class, for -log(p_k); or n weights, for -(w1 * log(p1) + ... + wn * log(pn)), where a weight of 0
    leaves its term out. The local derivative by logit i is p_i - (i == k), or p_i * (w1 + ... + wn) - w_i. ValueError unless
    there is at least one logit, and a weight for each.

    >>> print(f"{nll([2.0, 1.0, 0.0], 0):.6f}")
    0.407606
    """
    logits = _some("nll", logits)
    if isinstance(target, int):
        k = range(len(logits))[target]
        return family("nll", [logits[k], *logits[:k], *logits[k + 1 :]])
    weights, logits = _groups("nll", target, logits)
    return family("weighted_nll", [*weights, *logits])


def _some(op: str, xs: Iterable[Any]) -> list[Any]:
    xs = list(xs)
    if not xs:
        raise ValueError(f"{op} needs at least one operand")
    return xs


# Those of operands alone, of one sequence or two; the target of `nll` may be the index of a class
MANY = {f.__name__: f for f in (linear, dot, sum_, mean, var, std, prod, max_, min_, logsumexp, log_softmax, softmax)}
for _function in (*MANY.values(), affine, nll):
    _function.__module__ = "autograd_lite"  # where they are imported from
