"""An engine made of a function that goes back through Values, as the bugs of the lab do: so it is checked as any other."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ... import ops
from ...value import OPERATIONS, Value
from .ladder import further_operations
from .pieces import PIECES
from .student import METHODS


def engine_of(backward: Callable[[Value], Any]) -> types.ModuleType:
    """A module with a class like `Value`, whose `backward()` is the function, and with all that is built on it.

    backward: takes the output of a graph, and leaves in the grad of each node the derivative by it.
    """

    class Own:
        def __init__(self, data: float) -> None:
            self.node = Value(data, "v")

        @property
        def data(self) -> float:
            return self.node.data

        @property
        def grad(self) -> float:
            return self.node.grad

        def backward(self) -> None:
            backward(self.node)

    def node_of(x: Any) -> Any:
        return [node_of(part) for part in x] if isinstance(x, list) else x.node if isinstance(x, Own) else x

    def own(node: Value) -> Own:
        made = Own(0.0)
        made.node, node.label = node, "v"  # what has a name is no mere term of a sum
        return made

    def method(op: str) -> Callable[..., Own]:
        return lambda *operands: own(OPERATIONS[op](*map(node_of, operands)))

    def piece(name: str) -> Callable[..., list[Own]]:
        return lambda *operands: [own(node) for node in PIECES[name](*map(node_of, operands))]

    def reflected(op: str) -> Callable[..., Own]:
        return lambda b, a: method(op)(a, b)

    for op in further_operations():
        setattr(Own, METHODS.get(op, op), method(op))
        if op in METHODS and len(ops.ROWS[op].derivatives) == 2:
            setattr(Own, METHODS[op].replace("__", "__r", 1), reflected(op))
    module = types.ModuleType("engine")
    vars(module).update({"Value": Own, **{name: piece(name) for name in PIECES}})
    return module
