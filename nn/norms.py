"""Norms: what a transformer does to the numbers of a position before each of its parts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_lite import Scope, Value, dot, linear, mean, rsqrt

from .layers import Part
from .leaves import as_values
from .nests import at_least_one
from .recurrent.units import Place, Units, labelled, set_parameters

Given = Mapping[str, Any]
"""Parameters by name: nests of numbers or Values (Values are kept, so they may be shared)."""


class RMSNorm(Part):
    """x over the root of its mean square: x_j / sqrt(mean_i x_i**2 + eps), times weight_j where there are weights.

    A layer as those of :mod:`nn.layers`, and a part of a transformer. parameters: for ``weight``, n numbers or Values; else 1.
    Source: Zhang and Sennrich (2019).

    >>> [round(x.data, 4) for x in RMSNorm(2, elementwise_affine=False)([3.0, 4.0])]
    [0.8485, 1.1314]
    """

    prefix = "norm"
    what = "RMS norm"
    weight: Units

    def __init__(self, n: int, eps: float = 1e-5, elementwise_affine: bool = True, *, parameters: Given | None = None) -> None:
        if isinstance(eps, bool) or not isinstance(eps, (int, float)) or not 0 <= eps < math.inf:
            raise ValueError(f"a norm needs a finite eps of at least 0, got {eps!r:.60}")
        self.n, self.eps, self.elementwise_affine = at_least_one("a norm", "number", n), eps, elementwise_affine
        start = self._start()
        set_parameters(self, {name: (n,) for name in start}, start | dict(by_name(parameters)), "uniform", 0)
        super().__init__(f"{self.what} {n}")

    def _start(self) -> dict[str, list[float]]:
        return {"weight": [1.0] * self.n} if self.elementwise_affine else {}

    def forward(self, x: Any, t: int | str | None = None, layer: str = "", name: str = "norm") -> Any:
        """x: n numbers or Values, or a nest of such lists. Returns the same form: n Values ``norm[0]``, ..., of a common factor.

        t: of the position of a transformer, in a layer, as a part of that name: then they are ``norm_1[0]``, ... at t = 1, and
        ``norm_scale_1`` is the factor.
        """
        if t is None:
            return super().forward(x)
        at = place_of(t, layer, name)

        def shared(part: str, node: Value) -> Value:
            node.label, node.scope = f"{name}_{part}{layer}_{t}", at.scope._replace(role=f"{name}_{part}{layer}")
            return node

        return labelled(name, self._normed(as_vector(self, x), shared), at)

    def _row(self, xs: Units) -> Units:
        def shared(part: str, node: Value) -> Value:
            node.label, node.scope = self._label(f"{self.prefix}_{part}", ""), self._scope
            return node

        return self._normed(as_vector(self, xs), shared)

    def _normed(self, x: Units, shared: Callable[[str, Value], Value]) -> Units:
        """shared: what marks the nodes that all numbers share, by what they are."""
        out = self._scaled(x, shared)
        return [x_j * w for x_j, w in zip(out, self.weight)] if self.elementwise_affine else out

    def _scaled(self, x: Units, shared: Callable[[str, Value], Value]) -> Units:
        """Times 1 over the root of the mean square."""
        scale = shared("scale", rsqrt(dot(x, x) / len(x) + self.eps))
        return [x_j * scale for x_j in x]

    def extra_repr(self) -> str:
        return f"{self.n}" + ", without weights" * (not self.elementwise_affine)


class LayerNorm(RMSNorm):
    """x less its mean m, over its standard deviation: (x_j - m) / sqrt(mean_i (x_i - m)**2 + eps) * weight_j + bias_j.

    As `RMSNorm`; ``norm_mean_1`` is the mean. parameters: for ``weight`` (else 1) and, with `bias`, ``bias`` (else 0).
    Source: Ba, Kiros and Hinton (2016).

    >>> [round(x.data, 4) for x in LayerNorm(2)([3.0, 5.0])]
    [-1.0, 1.0]
    """

    what = "layer norm"
    bias: Units

    def __init__(
        self,
        n: int,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        parameters: Given | None = None,
    ) -> None:
        self.has_bias = bias and elementwise_affine
        super().__init__(n, eps, elementwise_affine, parameters=parameters)

    def _start(self) -> dict[str, list[float]]:
        return super()._start() | ({"bias": [0.0] * self.n} if self.has_bias else {})

    def _normed(self, x: Units, shared: Callable[[str, Value], Value]) -> Units:
        centre = shared("mean", mean(x))
        deviations = [x_j - centre for x_j in x]
        if not self.has_bias:
            return super()._normed(deviations, shared)
        return [linear([w], [x_j], b) for x_j, w, b in zip(self._scaled(deviations, shared), self.weight, self.bias)]

    def extra_repr(self) -> str:
        return super().extra_repr() + ", without bias" * (self.elementwise_affine and not self.has_bias)


def new_norm(norm: str, n: int, bias: bool, parameters: Given) -> RMSNorm:
    """The norm of a transformer, by its name. ValueError for an unknown name."""
    if norm == "layer":
        return LayerNorm(n, bias=bias, parameters=parameters)
    if norm != "rms":
        raise ValueError(f"unknown norm {norm!r}: 'rms' or 'layer'")
    return RMSNorm(n, elementwise_affine=False, parameters=parameters)


@functools.lru_cache(maxsize=4096)
def place_of(t: int | str, layer: str = "", *parts: str, head: int | None = None) -> Place:
    """The place of a position (or of any, which a letter stands for), in a block if it has a name, in parts of it, in a head."""
    scope = Scope(f"t = {t}")
    for title in [*[f"block {layer}"] * bool(layer), *parts]:
        scope = Scope(title, scope)
    return Place(layer, t, scope if head is None else Scope(f"head {head}", scope, head))  # type: ignore[arg-type]


def as_vector(module: Any, x: Sequence[Value | float]) -> Units:
    """The numbers of a position as Values. ValueError unless there are ``module.n``."""
    units = as_values(x)
    if len(units) != module.n:
        raise ValueError(f"this {type(module).__name__} is for {module.n} numbers a position, got {len(units)}")
    return units


def by_name(parameters: Given | None) -> Given:
    """The parameters that are given. TypeError for what has no names."""
    if parameters is not None and not isinstance(parameters, Mapping):
        raise TypeError(f"parameters are given by name, as in a state_dict; got a {type(parameters).__name__}")
    return parameters or {}


def below(given: Given, path: str) -> dict[str, Any]:
    """The parameters given below a path, by the rest of their names."""
    return {name.removeprefix(f"{path}."): x for name, x in given.items() if name.startswith(f"{path}.")}


def not_below(given: Given, *paths: str) -> dict[str, Any]:
    """The parameters given that are below none of these paths."""
    return {name: x for name, x in given.items() if not name.startswith(tuple([f"{path}." for path in paths]))}
