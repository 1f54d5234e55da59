"""What static tools, editors and type checkers, know of the operations: ``operations.pyi``, written from the tables.

    python -m autograd_lite.stub

writes it anew.
"""

from __future__ import annotations

import builtins
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .engine.documentation import names_of
from .engine.eager import OPERATORS, OTHER_NAMES
from .engine.many import MANY, affine, nll
from .ops import ROWS
from .value import OPERATIONS, Value

FILE = Path(__file__).with_name("operations.pyi")
FAMILIES = {**MANY, "affine": affine, "nll": nll}
OPERAND = "Value | float"
HOME = f"{__package__}.value"


def stub() -> str:
    """The text of the stub: a class of the methods of `Value`, and the functions, in the order of the tables."""
    given = [f for f in vars(Value).values() if inspect.isfunction(f) and f.__module__ not in (__package__, HOME)]
    readers = [f for f in given if not f.__name__.startswith("_")]
    methods = [*[_method(op) for op in ROWS], *_operators(), *[_reader(f) for f in readers]]
    functions = [overload for op in ROWS for overload in _overloads(op)]
    functions += [overload for name, f in FAMILIES.items() for overload in _family(name, f)]
    listed = [name for name in (*ROWS, *FAMILIES) if not hasattr(builtins, name)]
    return "\n".join(
        [
            "# Written from the tables by `python -m autograd_lite.stub`: not to be edited",
            "# mypy: disable-error-code=overload-overlap",
            *_imports(readers),
            "",
            "__all__: list[str] = [",
            *[f'    "{name}",' for name in listed],
            "]\n",
            "class Operations:",
            *[textwrap.indent(method, "    ") for method in methods],
            "",
            *functions,
            "",
        ]
    )


def _documented(head: str, function: Callable[..., Any], example: bool = True) -> str:
    doc = inspect.cleandoc(function.__doc__ or "")
    doc = textwrap.indent(doc if example else doc.partition("\n\n>>>")[0], "    ").strip()
    return f'{head}\n    """{doc}\n    """'


def _method(op: str) -> str:
    given = "" if ROWS[op].default is None else f" = {ROWS[op].default!r}"
    parameters = ", ".join(["self", *[f"{name}: {OPERAND}{given}" for name in names_of(op)[1:]]])
    return _documented(f"def {op}({parameters}) -> Value:", OPERATIONS[op], example=False)


def _operators() -> Iterator[str]:
    for method in OPERATORS.values():
        for name in (method, method.replace("__", "__r", 1)):
            yield f"def {name}(self, other: {OPERAND}) -> Value: ..."
    yield from [f"def {method}(self) -> Value: ..." for method in OTHER_NAMES if method.startswith("__")]


def _overloads(op: str) -> Iterator[str]:
    """Of floats a float; else a Value, by the first operand that is one."""
    names, default = names_of(op), ROWS[op].default
    kinds = [["float"] * len(names)]
    kinds += [["float"] * k + ["Value"] + [OPERAND] * (len(names) - k - 1) for k in range(len(names))]
    for k, of_each in enumerate(kinds):
        parameters = [f"{name}: {kind}" for name, kind in zip(names, of_each)]
        if default is not None and of_each[-1] != "Value":
            parameters[-1] += f" = {default!r}"
        head = f"@overload\ndef {op}({', '.join(parameters)}) -> {'Value' if k else 'float'}:"
        yield f"{head} ..." if k else _documented(head, OPERATIONS[op])


def _family(name: str, function: Callable[..., Any]) -> Iterator[str]:
    for operand, result in (("float", "float"), (OPERAND, "Value")):
        signature = inspect.signature(function)
        parameters = [_parameter(p, re.sub(r"\bAny\b", operand, p.annotation)) for p in signature.parameters.values()]
        returned = re.sub(r"\bAny\b", result, signature.return_annotation)
        head = f"@overload\ndef {name}({', '.join(parameters)}) -> {returned}:"
        yield f"{head} ..." if operand == OPERAND else _documented(head, function)


def _reader(function: Callable[..., Any]) -> str:
    """A function of a Value as its method."""
    signature = inspect.signature(function)
    parameters, star = ["self"], False
    for parameter in [*signature.parameters.values()][1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parameters, star = [*parameters, "*"], True
        parameters.append(_parameter(parameter, parameter.annotation))
    head = f"def {function.__name__}({', '.join(parameters)}) -> {signature.return_annotation}:"
    return f'{head}\n    """{inspect.cleandoc(function.__doc__ or "").splitlines()[0]}"""'


def _parameter(parameter: inspect.Parameter, annotation: str) -> str:
    given = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {annotation}{given}"


def _imports(functions: Iterable[Callable[..., Any]]) -> list[str]:
    """The lines that import what the annotations name: those of these functions, and ours."""
    named = {"Iterable": "collections.abc", "Sequence": "collections.abc", "overload": "typing", "Value": HOME}
    for function in functions:
        for name in re.findall(r"\w+", " ".join(function.__annotations__.values())):
            named.setdefault(name, getattr(function.__globals__.get(name), "__module__", "builtins"))
    return [f"from {module} import {name}" for module, name in sorted((m, n) for n, m in named.items()) if module != "builtins"]


if __name__ == "__main__":
    FILE.write_text(stub(), encoding="utf-8")
    print(FILE)
