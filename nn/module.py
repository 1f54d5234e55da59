"""`Module`: something with parameters, found wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from autograd_lite import Value


class Module:
    """A part of a network. Its parameters are the leaves (Values without parents) among its attributes.

    They are found through lists, tuples, dicts, arrays and other modules; one that is shared counts once. A subclass
    defines `forward`; calling the module calls it.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offsets = Value(2.0), [Value(1.0), Value(3.0)]
    ...     def forward(self, x):
    ...         return self.slope * x + self.offsets[0]
    >>> line = Line()
    >>> line(5.0).data
    11.0
    >>> [name for name, parameter in line.named_parameters()]
    ['slope', 'offsets.0', 'offsets.1']
    """

    training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes from its inputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with its path, such as ``layers.0.neurons.1.bias``, in the order of the attributes."""
        for name, thing in self._walk():
            if isinstance(thing, Value) and not thing.parents:
                yield name, thing

    def parameters(self) -> list[Value]:
        """Every parameter, once."""
        return [parameter for _, parameter in self.named_parameters()]

    def modules(self) -> list[Module]:
        """This module and those within it, each once."""
        return [self, *(thing for _, thing in self._walk() if isinstance(thing, Module))]

    def zero_grad(self) -> None:
        """Sets the grad of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self, mode: bool = True) -> Module:
        """Sets `training` here and in all modules within; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """`train(False)`."""
        return self.train(False)

    def _walk(self) -> Iterator[tuple[str, Any]]:
        """Everything kept below the attributes, with its path, each thing once, containers before their contents."""
        seen = {id(self)}
        pending = [(name, thing) for name, thing in reversed(vars(self).items())]
        while pending:
            name, thing = pending.pop()
            contents: Iterable[tuple[Any, Any]] = ()
            if isinstance(thing, Module):
                contents = vars(thing).items()
            elif isinstance(thing, dict):
                contents = thing.items()
            elif isinstance(thing, (list, tuple)):
                contents = enumerate(thing)
            elif hasattr(thing, "tolist"):  # a NumPy array
                contents = [("", thing.tolist())]
            elif not isinstance(thing, Value):
                continue
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            yield name, thing
            pending += [(f"{name}.{key}".rstrip("."), item) for key, item in reversed(list(contents))]

    def extra_repr(self) -> str:
        """What the repr shows of this module itself."""
        return ""

    def __repr__(self) -> str:
        parts = [
            f"  ({name}): {thing!r}".replace("\n", "\n  ")
            for name, thing in self._walk()
            if isinstance(thing, Module) and not any(name.startswith(f"{outer}.") for outer in self._module_names())
        ]
        lines = [f"{type(self).__name__}({self.extra_repr()}", *parts]
        return "\n".join(lines) + ("\n)" if parts else ")")

    def _module_names(self) -> list[str]:
        return [name for name, thing in self._walk() if isinstance(thing, Module)]
