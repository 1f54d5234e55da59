"""A node of the graph, as it is seen: a `Value`. Its operations are written from the table, see :mod:`autograd_lite.engine`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Union

from .backprop import topological_order
from .engine import eager
from .engine.backward import backward
from .engine.elsewhere import Elsewhere
from .engine.errors import as_float, is_real, named, quoted, shown
from .engine.many import MANY, sum_
from .engine.modes import differentiating, is_on
from .engine.node import Node
from .engine.recording import live, watch

if TYPE_CHECKING:
    from .operations import Operations  # a stub, written from the table
else:
    Operations = object  # the methods are given to the class by `install` below

Operand = Union["Value", float]


class Value(Node, Elsewhere, Operations):
    """A number that remembers how it was computed: a node of the computation graph.

    >>> x = Value(2.0, label="x")
    >>> y = x * x + 3 * x
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 7.0)

    `data` is a real number (int, float, Fraction, a NumPy scalar: it becomes a float); `label` is its name in pictures and
    errors. TypeError for any other kind of data, OverflowError for an int that no float holds.

    `grad` is the derivative of the last `backward()`'s output by this node: summed up over calls for a leaf, of the last call
    for an interior node. `op` names the operation that made the node: ``""`` for a leaf, ``"const"`` for a plain number that
    was an operand. Equality and hash are identity; ``<`` and ``>`` compare data, and the truth of a Value is that of its data.
    """

    __slots__ = ()
    __module__ = "autograd_lite"  # where it is imported from, as errors and `help` show it

    def __init__(self, data: float, label: str = "") -> None:
        self._data = as_float(data, "Value")
        self.grad = 0.0
        self.op = ""
        if not isinstance(label, str):
            raise TypeError(f"Value needs a str as label, got {shown(label)}")
        self.label = label
        self._mark = self._x = None

    @property
    def data(self) -> float:
        """The number itself. It may be set: recorded local derivatives keep the forward pass that was run."""
        if live:
            watch("reads the data of", self)
        return self._data

    @data.setter
    def data(self, data: float) -> None:
        if live:
            watch("sets the data of", self)
        self._data = as_float(data, "Value.data")

    def item(self) -> float:
        """The number itself, a float."""
        if live:
            watch("reads the data of", self)
        return self._data

    def backward(self) -> None:
        """Sets the grad of every interior node below, and adds to the grad of every leaf, the derivative of this node by it."""
        backward(self)

    def detach(self) -> Value:
        """A leaf with the same data and label: derivatives do not flow through it."""
        watch("detaches", self)
        return Value(self._data, self.label)

    def __repr__(self) -> str:
        name = f", label={quoted(self.label)}" if self.label else ""
        made = f", op={self.op!r}" if self.op else ""
        return f"Value(data={self._data!r}, grad={self.grad!r}{made}{name})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __bool__(self) -> bool:
        if live:
            watch("asks for the truth of", self)
        return self._data != 0.0

    def __pos__(self) -> Value:
        return self

    def conjugate(self) -> Value:
        return self

    def zero_grad(self) -> None:
        """Sets the grad of this node, and of every node that it was computed from, to 0."""
        for node in topological_order(self):
            node.grad = 0.0

    def __float__(self) -> float:
        """A TypeError: what Python computes from the number alone has no derivative."""
        raise TypeError(
            f"a Value does not become a float by itself, for no derivative flows through a float: got {named(self)}. "
            "v.data or v.item() is its number; functions of autograd_lite, such as exp, take Values"
        )

    __int__ = __float__

    # An operand that knows about Values itself (a NumPy array of them) gets its turn: NotImplemented

    def __lt__(self, other: Operand) -> bool:
        number = _compared(self, other)
        return self._data < number if number is not None else NotImplemented

    def __le__(self, other: Operand) -> bool:
        number = _compared(self, other)
        return self._data <= number if number is not None else NotImplemented

    def __gt__(self, other: Operand) -> bool:
        number = _compared(self, other)
        return self._data > number if number is not None else NotImplemented

    def __ge__(self, other: Operand) -> bool:
        number = _compared(self, other)
        return self._data >= number if number is not None else NotImplemented

    def __copy__(self) -> Value:
        watch("copies", self)
        if is_on(differentiating):
            return sum_([self])  # type: ignore[no-any-return]
        copied, arguments, own = self.__reduce__()
        copy: Value = copied(*arguments)
        vars(copy).update(own or {})
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        watch("copies", self)
        if is_on(differentiating):  # within a function that is differentiated, a copy depends on what it is a copy of
            memo[id(self)] = sum_([self])
            return memo[id(self)]  # type: ignore[no-any-return]

        for node in topological_order(self, memo):
            memo[id(node)] = twin = node._copied([memo[id(parent)] for parent in node.parents])
            if own := node._own():
                vars(twin).update(deepcopy(own, memo))
        result: Value = memo[id(self)]
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        watch("copies", self)
        if self._x is not None:
            raise TypeError(
                f"{named(self)} was computed by {self.op} and cannot be pickled, or copied without its graph: "
                "pickle its leaves (a model's parameters) and run the forward pass again, or use detach() or deepcopy"
            )
        return _leaf, (self._data, self.grad, self.op, self.label), self._own() or None


def _leaf(data: float, grad: float, op: str = "", label: str = "") -> Value:
    leaf = Value(data, label)
    leaf.grad, leaf.op = grad, op
    return leaf


def _compared(node: Value, other: Any) -> float | None:
    """The number that the node is compared with, None if `other` is none."""
    is_value = isinstance(other, Value)
    if live:
        watch("compares", node, other if is_value else node)
    return other._data if is_value else other if is_real(other) else None


def peek(x: Operand) -> float:
    """The number of a Value, or the number itself, to look at: for a check that may raise, or a print.

    What is computed must not depend on it. In a function that is recorded, where reading ``x.data`` is refused, this is not.
    """
    return x._data if isinstance(x, Value) else x


OPERATIONS: dict[str, Callable[..., Any]] = {**eager.install(Value), **MANY}
