"""Groups of parameters, each with the hyperparameters that its optimizer uses for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd_lite import Value


class ParamGroup:
    """Parameters that share their hyperparameters, and the state of each: attributes, or as in PyTorch ``group["lr"]``."""

    def __init__(self, params: list[Value], entries: Mapping[str, Any]) -> None:
        self.params = params
        vars(self).update(entries)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setitem__(self, name: str, entry: Any) -> None:
        setattr(self, name, entry)

    def __repr__(self) -> str:
        shown = {name: entry for name, entry in vars(self).items() if not isinstance(entry, list)}
        return f"ParamGroup({len(self.params)} parameters, {', '.join([f'{name}={entry!r}' for name, entry in shown.items()])})"


def written(optimizer: str, groups: Sequence[ParamGroup], names: Sequence[str]) -> str:
    """The entries of these names of each group, a line each, as PyTorch writes them."""
    lines = [f"{optimizer} ("]
    for k, group in enumerate(groups):
        lines += [*[""] * (k > 0), f"Parameter Group {k}", *[f"    {name}: {group[name]}" for name in names]]
    return "\n".join([*lines, ")"])


class Entry:
    """An entry of all groups. AttributeError where it is read and they differ; set, it is set in all of them."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, kind: type) -> Any:
        if optimizer is None:
            return self
        first, *others = [group[self.name] for group in optimizer.param_groups]
        if any(other != first for other in others):
            raise AttributeError(f"the groups differ in {self.name}: it is optimizer.param_groups[0][{self.name!r}], and so on")
        return first

    def __set__(self, optimizer: Any, entry: Any) -> None:
        for group in optimizer.param_groups:
            group[self.name] = entry
