"""The whole API in reading order, as Markdown, built from the docstrings.

python notebooks/site/reference.py > reference.md
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import autograd_lite
import nn
from autograd_lite.ops import FAMILIES, ROWS

# Where the reader of the engine comes by, one after another; of nn, its own docstring says so
ENGINE = ("value", "ops", "engine.many", "backprop", "gradient", "functional", "check", "derivation.explain", "picture.draw")
ENGINE += ("engine.scope", "stepping.steps", "sentences", "program.program", "program.tracing", "engine.modes", "registry")
ENGINE += ("engine.errors", "engine.together")


def reference() -> str:
    """The Markdown: a section for each module, in it what is public, each with its signature and its docstring."""
    engine = {name: getattr(autograd_lite, name) for name in [*ROWS, *autograd_lite.__all__] if name != "OPERATIONS"}
    homes = {name: f"autograd_lite.{_home(name)}" for name in engine}
    parts = [f"# autograd_lite\n\n{_text(autograd_lite)}"]
    parts += _sections(engine, homes, [f"autograd_lite.{module}" for module in ENGINE])
    models = {name: getattr(nn, name) for name in nn.__all__}
    homes = {name: model.__module__ for name, model in models.items()}
    modules = sorted(set(homes.values()), key=_place)
    return "\n\n".join([*parts, f"# nn\n\n{_text(nn)}", *_sections(models, homes, modules)]) + "\n"


def _place(module: str) -> list[int]:
    """Where a module stands in the docstring of its package, and that in its own."""
    first, *rest = module.removeprefix("autograd_lite.").split(".")
    package, places = importlib.import_module(first), list[int]()
    for name in rest:
        places.append(re.findall(r"`(\w+)`", package.__doc__ or "").index(name))
        package = importlib.import_module(f"{package.__name__}.{name}")
    return places


def _sections(things: dict[str, Any], homes: dict[str, str], modules: Iterable[str]) -> Iterator[str]:
    for home in modules:
        module = importlib.import_module(home)
        yield f"## {_plain(module.__doc__ or home).splitlines()[0].rstrip('.')}"
        defined = [*vars(module)]
        own = [name for name in things if homes[name] == home]
        for name in sorted(own, key=lambda name: defined.index(name) if name in defined else 0):
            yield f"### {name}{_signature(things[name])}\n\n{_text(things[name])}"
            yield from _methods(name, things[name]) if inspect.isclass(things[name]) else ()


def _home(name: str) -> str:
    """The module in which one reads of it."""
    if name in ROWS:
        return "ops"
    if name in FAMILIES or name in vars(importlib.import_module("autograd_lite.engine.many")):
        return "engine.many"
    thing = getattr(autograd_lite, name)
    if thing.__module__ != "autograd_lite":
        return str(thing.__module__).removeprefix("autograd_lite.")
    engine = [module for module in ENGINE if module == "value" or module.startswith("engine.")]
    return next(module for module in engine if vars(importlib.import_module(f"autograd_lite.{module}")).get(name) is thing)


def _methods(of: str, kind: type) -> Iterator[str]:
    for name, member in vars(kind).items():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if name.startswith("_") or not inspect.isfunction(function) or function.__name__ in ROWS or not function.__doc__:
            continue
        signature = "" if isinstance(member, property) else _signature(function)
        yield f"#### {of}.{name}{signature}\n\n{_text(function)}"


def _signature(thing: Any) -> str:
    """As one calls it: without annotations, and without self."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return ""
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values() if p.name != "self"]
    text = str(signature.replace(parameters=parameters, return_annotation=signature.empty))
    return re.sub(r"<function (\w+) at \w+>", r"\1", text).replace("Ellipsis", "...")


def _text(thing: Any) -> str:
    """A docstring as Markdown: what is shown of Python stands in a block, and names have no role."""
    return "\n".join(_blocks(_plain(inspect.getdoc(thing) or "").splitlines()))


def _plain(text: str) -> str:
    return re.sub(r":\w+:(?=`)", "", text)


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        starts = line.lstrip().startswith(">>>")
        if starts and not inside:
            yield "```python"
            inside = True
        elif inside and not line.strip():
            yield "```"
            inside = False
        yield line
    if inside:
        yield "```"


if __name__ == "__main__":
    print(reference(), end="")
