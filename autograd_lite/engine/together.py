"""Many nodes at once: their numbers read, and set all or none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, repeat, starmap

from .errors import as_float
from .node import Node
from .recording import live, watch


def data_of(nodes: Iterable[Node]) -> list[float]:
    """The data of each node, as a list."""
    nodes = list(nodes)
    if live:
        watch("reads the data of", *nodes)
    return [node._data for node in nodes]


def set_together(nodes: Sequence[Node], data: Sequence[float], *others: tuple[object, str, object]) -> None:
    """Sets the data of nodes, a number each, and further attributes (object, name, value): an interrupt finds all set, or none.

    TypeError or OverflowError, with nothing set, as for `Value.data`.

    >>> from autograd_lite import Value
    >>> w, b = Value(1.0), Value(2.0)
    >>> set_together([w, b], [3.0, 4.0])
    >>> w.data, b.data
    (3.0, 4.0)
    """
    if len(nodes) != len(data):
        raise ValueError(f"set_together needs a number for each node, got {len(data)} for {len(nodes)}")
    if live:
        for node in nodes:
            watch("sets the data of", node)
    numbers = data if set(map(type, data)) == {float} else [as_float(number, "Value.data") for number in data]
    # One call, all of it in C: Python looks for interrupts between its own instructions only
    deque(chain(map(setattr, nodes, repeat("_data"), numbers), starmap(setattr, others)), maxlen=0)
