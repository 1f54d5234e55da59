"""The dialects of a program: their syntax. How each spells a function is said in its row of :mod:`autograd_lite.floats`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import NamedTuple

from ..floats import FLOATS, FUNCTIONS, Function, Source
from ..formulas import Reading
from .spelling import NAME, SUM, Spelling, Text, written


class Syntax(NamedTuple):
    """How a dialect writes numbers; calls, of a function of its own and of one of many operands; choices; definitions."""

    column: str
    """That of the table of functions."""
    inf: str
    nan: str
    choice: str
    own: str = ""
    many: str = ""
    either: str = ""
    definition: str = ""
    parameter: str = ""
    step: str = ""
    like: str = ""
    """The column that holds where its own says nothing."""

    def number(self, x: float) -> str:
        return repr(x) if math.isfinite(x) else self.nan if x != x else self.inf if x > 0 else f"-{self.inf}"


class Dialect:
    """A dialect of straight-line source.

    imports: the line for each module or function that the spellings name. module: of arrays, what the table calls np. array: what
    makes a list an array.
    """

    def __init__(self, syntax: Syntax, imports: Mapping[str, str] = {}, module: str = "np", array: str = "") -> None:
        self.syntax, self.imports, self.module, self.array = syntax, imports, module, array

    @property
    def spelling(self) -> Spelling:
        """How it spells the functions of the table."""
        return self._from_table[0]

    @property
    def definitions(self) -> dict[str, str]:
        """Those that it lacks: their definitions, one that needs another after it."""
        return self._from_table[1]

    @cached_property
    def _from_table(self) -> tuple[Spelling, dict[str, str]]:
        syntax, definitions = self.syntax, dict[str, str]()
        spelling = Spelling(syntax.number, {})
        body = Body(spelling, syntax)
        for name, row in FUNCTIONS.items():
            found = getattr(row, syntax.column) or (syntax.like and getattr(row, syntax.like))
            found = found or (row.in_place and body.template(row))
            templates: Mapping[float | str, str] = {"": syntax.many if row.many else syntax.own}
            if isinstance(found, Source) or (not found and row.body and syntax.definition):
                definitions[name] = self._own(found or body.definition(name, row))
                templates = {"": syntax.many} if row.many else {}
            elif found:
                templates = {"": found} if isinstance(found, str) else found
            for y, text in templates.items():
                if text:
                    spelling.functions[(name, y) if y else name] = self._own(text.replace("{name}", name))
        return spelling, definitions

    def _own(self, text: str) -> str:
        """With the module of this dialect for np."""
        return re.sub(r"\bnp\.", f"{self.module}.", text)

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


# On floats, a function is one of Python's own, of `math`, or of `floats`
_IMPORTS = {
    FUNCTIONS[name].on_floats or name: f"from {'math' if f is getattr(math, name, None) else 'autograd_lite.floats'} import"
    for name, f in FLOATS.items()
    if f is not abs
}
PYTHON = Dialect(
    Syntax("python", "inf", "nan", choice="({y} if {x} else {w})"),
    {**_IMPORTS, "inf": "from math import", "nan": "from math import"},
)

ARRAYS = Syntax(
    *("numpy", "np.inf", "np.nan"),
    own="np.{name}({all})",
    choice="np.where({x}, {y}, {w})",
    either="({x}) | ({y})",
    definition="def {name}({parameters}):\n{steps}    return {value}\n",
    step="    {name} = {value}\n",
)
NUMPY = Dialect(ARRAYS, {"np": "import numpy as np", "math": "import math", "functools": "import functools"})
JAX = Dialect(
    ARRAYS._replace(column="jax", like="numpy", inf="jnp.inf", nan="jnp.nan"),
    {"jnp": "import jax.numpy as jnp", "jax": "import jax", "functools": "import functools"},
    module="jnp",
    array="jnp.stack(",
)

# Operands in any number are an array, with their number before it
C = Dialect(
    Syntax(
        *("c", "INFINITY", "NAN"),
        many="{name}({n}, (double[]){{all}})",
        choice="({x} ? {y} : {w})",
        either="{x} || {y}",
        definition="static inline double {name}({parameters}) {{\n{steps}    return {value};\n}}\n",
        parameter="double ",
        step="    double {name} = {value};\n",
    )
)

JAVASCRIPT = Dialect(
    Syntax(
        *("javascript", "Infinity", "NaN"),
        own="Math.{name}({all})",
        many="{name}({all})",
        choice="({x} ? {y} : {w})",
        either="{x} || {y}",
        definition="function {name}({parameters}) {{\n{steps}    return {value};\n}}\n",
        step="    const {name} = {value};\n",
    )
)
