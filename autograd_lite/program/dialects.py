"""The dialects of a program: their syntax. How each spells a function is said in its row of :mod:`autograd_lite.floats`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from ..floats import FLOATS, FUNCTIONS, Function, Source
from ..formulas import Reading
from .spelling import NAME, SUM, Spelling, Text, written


class Dialect(NamedTuple):
    """A dialect of straight-line source.

    definitions: of the functions that it lacks. imports: the line for each module or function that the spellings name. array:
    what makes a list an array.
    """

    spelling: Spelling
    definitions: Mapping[str, str]
    imports: Mapping[str, str]
    array: str = ""

    def header(self, templates: Iterable[str]) -> str:
        """The imports and the functions that these lines need."""
        words: set[str] = set()
        defined: list[str] = []
        for template in set(templates):
            words.update(WORD.findall(template))
        for name, source in reversed(list(self.definitions.items())):  # one that needs another stands after it
            if name in words:
                words.update(WORD.findall(source))
                defined.insert(0, source)
        lines: dict[str, list[str]] = {}
        for name in sorted(words & self.imports.keys()):
            lines.setdefault(self.imports[name], []).append(name)
        imports = [f"{line} {', '.join(names)}" if line.endswith("import") else line for line, names in sorted(lines.items())]
        imports.sort(key=lambda line: "autograd_lite" in line)
        return "\n".join(imports) + "\n\n\n" * bool(imports) + "".join([helper.strip("\n") + "\n\n\n" for helper in defined])


WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


class Syntax(NamedTuple):
    """How a dialect calls a function of its own, and one of many operands; how it chooses; how it defines a function."""

    column: str
    """Of the table of functions."""
    module: str
    own: str
    many: str
    choice: str
    either: str
    definition: str
    parameter: str
    step: str


class Body(Reading):
    """The lines that define a function, as texts."""

    def __init__(self, spelling: Spelling, syntax: Syntax) -> None:
        self.spelling, self.syntax = spelling, syntax

    add, sub, mul, div = [staticmethod(partial(lambda op, *x: written(op, "", x), op)) for op in ("add", "sub", "mul", "div")]

    def neg(self, x: Text) -> Text:
        return written("neg", "", [x])

    def number(self, x: float) -> Text:
        return Text(self.spelling.number(x), NAME, ())

    def choice(self, condition: Text, x: Text, y: Text) -> Text:
        return written("choice", self.syntax.choice, [condition, x, y])

    def compared(self, sign: str, x: Text, y: Text) -> Text:
        return Text(f"{x.within(SUM)} {sign} {y.within(SUM)}", 0, ())

    def either(self, x: Text, y: Text) -> Text:
        return written("either", self.syntax.either, [x, y])

    def function(self, name: str) -> Callable[..., Text]:
        return lambda *operands: written(name, self.spelling.of(name, None), operands)

    def template(self, row: Function) -> str:
        """What is written in place of a call."""
        return str(self(row.body, {letter: Text(f"{{{letter}}}", NAME, ()) for letter in "xyw"}).template)

    def definition(self, name: str, row: Function) -> str:
        """The definition of a function."""
        *steps, result = row.body.split("; ")
        parameters = [letter for letter in "xyw" if re.search(rf"\b{letter}\b", row.body)]
        names = {letter: Text(letter, NAME, ()) for letter in parameters}
        lines = ""
        for step in steps:
            target, _, formula = step.partition(" = ")
            lines += self.syntax.step.format(name=target, value=self(formula, names).template)
            names[target] = Text(target, NAME, ())
        listed = ", ".join([self.syntax.parameter + letter for letter in parameters])
        return self.syntax.definition.format(name=name, parameters=listed, steps=lines, value=self(result, names).template)


def _spelled(syntax: Syntax, number: Callable[[float], str]) -> tuple[Spelling, dict[str, str]]:
    """The spelling of a dialect, and the definitions of the functions that it lacks, from the table."""
    spelling, definitions = Spelling(number, {}), dict[str, str]()
    body = Body(spelling, syntax)
    for name, row in FUNCTIONS.items():
        found = getattr(row, syntax.column) or (syntax.column == "jax" and row.numpy) or (row.in_place and body.template(row))
        templates: Mapping[float | str, str] = {"": syntax.many if row.many else syntax.own}
        if isinstance(found, Source) or (not found and row.body and syntax.definition):
            definitions[name] = found or body.definition(name, row)
            templates = {"": syntax.many} if row.many and syntax.column == "c" else {}
        elif found:
            templates = {"": found} if isinstance(found, str) else found
        spelling.functions.update(
            {(name, y) if y else name: text.replace("{name}", name) for y, text in templates.items() if text}
        )
    if syntax.module:
        for texts in cast("list[dict[Any, str]]", [spelling.functions, definitions]):
            for key, text in texts.items():
                texts[key] = re.sub(r"\bnp\.", f"{syntax.module}.", text)
    return spelling, definitions


def _number(inf: str, nan: str, x: float) -> str:
    return repr(x) if math.isfinite(x) else nan if x != x else inf if x > 0 else f"-{inf}"


_IN_PYTHON = "def {name}({parameters}):\n{steps}    return {value}\n"
_STEP = "    {name} = {value}\n"

# On floats, a function is one of Python's own, of `math`, or of `floats`
_IMPORTS = {
    FUNCTIONS[name].on_floats or name: f"from {'math' if f is getattr(math, name, None) else 'autograd_lite.floats'} import"
    for name, f in FLOATS.items()
    if f is not abs
}
_PYTHON = Syntax("python", "", "", "", "({y} if {x} else {w})", "", "", "", "")
PYTHON = Dialect(
    *_spelled(_PYTHON, partial(_number, "inf", "nan")),
    {**_IMPORTS, "inf": "from math import", "nan": "from math import"},
)

_ARRAYS = Syntax("numpy", "np", "np.{name}({all})", "", "np.where({x}, {y}, {w})", "({x}) | ({y})", _IN_PYTHON, "", _STEP)
NUMPY = Dialect(
    *_spelled(_ARRAYS, partial(_number, "np.inf", "np.nan")),
    {"np": "import numpy as np", "math": "import math", "functools": "import functools"},
)
JAX = Dialect(
    *_spelled(_ARRAYS._replace(column="jax", module="jnp"), partial(_number, "jnp.inf", "jnp.nan")),
    {"jnp": "import jax.numpy as jnp", "jax": "import jax", "functools": "import functools"},
    "jnp.stack(",
)

# Operands in any number are an array, with their number before it
_C = Syntax(
    *("c", "", "", "{name}({n}, (double[]){{all}})", "({x} ? {y} : {w})", "{x} || {y}"),
    *(
        "static inline double {name}({parameters}) {{\n{steps}    return {value};\n}}\n",
        "double ",
        "    double {name} = {value};\n",
    ),
)
C = Dialect(*_spelled(_C, partial(_number, "INFINITY", "NAN")), {})

_JAVASCRIPT = Syntax(
    *("javascript", "", "Math.{name}({all})", "{name}({all})", "({x} ? {y} : {w})", "{x} || {y}"),
    *("function {name}({parameters}) {{\n{steps}    return {value};\n}}\n", "", "    const {name} = {value};\n"),
)
JAVASCRIPT = Dialect(*_spelled(_JAVASCRIPT, partial(_number, "Infinity", "NaN")), {})
