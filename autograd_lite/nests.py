"""Nests of lists, tuples and dicts: what has a form, and something else at each place of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def mapped(f: Callable[[Any], Any], nest: Any) -> Any:
    """The same nest of lists, tuples and dicts with `f` of everything else in it.

    >>> mapped(float, {"w": [1, 2], "b": (3,)})
    {'w': [1.0, 2.0], 'b': (3.0,)}
    """
    if isinstance(nest, dict):
        return {key: mapped(f, item) for key, item in nest.items()}
    if isinstance(nest, (list, tuple)):
        items = [mapped(f, item) for item in nest]
        return type(nest)(*items) if hasattr(nest, "_fields") else type(nest)(items)
    return f(nest)


def leaves(nest: Any) -> list[Any]:
    """Everything in a nest that is no list, tuple or dict, in order."""
    if isinstance(nest, dict):
        nest = list(nest.values())
    if not isinstance(nest, (list, tuple)):
        return [nest]
    is_flat = not any([issubclass(kind, (list, tuple, dict)) for kind in set(map(type, nest))])
    return list(nest) if is_flat else [leaf for item in nest for leaf in leaves(item)]


def shape(nest: Any) -> tuple[int, ...] | None:
    """The lengths of a nest of lists and tuples, from the outside; None if they differ within.

    >>> shape([[1, 2, 3], [4, 5, 6]]), shape(7), shape([[1], [2, 3]])
    ((2, 3), (), None)
    """
    if not isinstance(nest, (list, tuple)):
        return ()
    inner = {shape(item) for item in nest} or {()}
    first = inner.pop()
    return None if inner or first is None else (len(nest), *first)


def is_array(thing: Any) -> bool:
    """Whether it is a NumPy array or like one: something that turns into lists."""
    return hasattr(thing, "tolist") and hasattr(thing, "shape") and not isinstance(thing, type)
