"""The dialects of a program: how each spells the functions that the formulas of the table call."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .expressions import Spelling


class Dialect(NamedTuple):
    """A dialect of straight-line source.

    imports: the line for each module or function
    that the spellings name. helpers: the source of the functions that no module has. array: what makes a list an array.
    """

    spelling: Spelling
    imports: Mapping[str, str]
    helpers: Mapping[str, str]
    array: str = ""

    def header(self, templates: Iterable[str]) -> str:
        """The imports and the functions that these lines need."""
        words: set[str] = set()
        helpers = []
        for template in set(templates):
            words.update(WORD.findall(template))
        for name, source in self.helpers.items():
            if name in words:
                words.update(WORD.findall(source))
                helpers.append(source)
        lines: dict[str, list[str]] = {}
        for name in sorted(words & self.imports.keys()):
            lines.setdefault(self.imports[name], []).append(name)
        imports = [f"{line} {', '.join(names)}" if line.endswith("import") else line for line, names in sorted(lines.items())]
        imports.sort(key=lambda line: "autograd_lite" in line)
        return "\n".join(imports) + "\n\n\n" * bool(imports) + "".join([helper.strip("\n") + "\n\n\n" for helper in helpers])


WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def _number(inf: str, nan: str, x: float) -> str:
    return repr(x) if math.isfinite(x) else nan if x != x else inf if x > 0 else f"-{inf}"


_MATH = [name for name in dir(math) if not name.startswith("_") and name != "pow"]
_OURS = ["asin_slope", "logsumexp", "maximum", "minimum", "power", "relu", "sech", "sigmoid", "sign", "softplus", "step"]

PYTHON = Dialect(
    Spelling(
        lambda x: _number("inf", "nan", x),
        {
            ("pow", 2.0): "{x}**2",
            ("pow", 3.0): "{x}**3",
            "pow": "power({x}, {y})",
            "relu": "(0.0 if {x} <= 0.0 else {x})",
            "step": "(1.0 if {x} > 0.0 else 0.0)",
            "sech": "1.0 / cosh({x})",
            ("maximum", "number"): "({y} if {x} <= {y} else {x})",
            ("minimum", "number"): "({y} if {x} >= {y} else {x})",
        },
    ),
    {name: "from math import" for name in _MATH} | {name: "from autograd_lite.ops import" for name in _OURS},
    {},
)

_UFUNCS = [
    "cos",
    "cosh",
    "exp",
    "expm1",
    "hypot",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "abs",
]
_RENAMED = {"acos": "arccos", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2"}


def _of(module: str) -> dict[str | tuple[str, float | str], str]:
    functions = {name: name for name in _UFUNCS} | _RENAMED
    return {
        **{name: f"{module}.{function}({{all}})" for name, function in functions.items()},
        "pow": f"{module}.power({{x}}, {{y}})",
        ("pow", 2.0): "{x}**2",
        ("pow", 3.0): "{x}**3",
        "relu": f"{module}.maximum({{x}}, 0.0)",
        "step": f"{module}.where({{x}} > 0.0, 1.0, 0.0)",
        "softplus": f"{module}.logaddexp({{x}}, 0.0)",
    }


_SECH = """
def sech(x):
    e = {np}.exp(-{np}.abs(x))
    return 2.0 * e / (1.0 + e * e)
"""
_ASIN_SLOPE = """
def asin_slope(x):
    return 1.0 / {np}.sqrt((1.0 - x) * (1.0 + x))
"""

NUMPY = Dialect(
    Spelling(lambda x: _number("np.inf", "np.nan", x), _of("np")),
    {"np": "import numpy as np", "math": "import math", "functools": "import functools"},
    {
        "sigmoid": """
def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, e) / (1.0 + e)
""",
        "sech": _SECH.format(np="np"),
        "asin_slope": _ASIN_SLOPE.format(np="np"),
        "logsumexp": """
def logsumexp(*xs):
    largest = functools.reduce(np.maximum, xs)
    shift = np.where(np.isinf(largest), 0.0, largest)
    return shift + np.log(sum(np.exp(x - shift) for x in xs))
""",
        "erf": """
erf = np.vectorize(math.erf, otypes=[float])
""",
        "erfc": """
erfc = np.vectorize(math.erfc, otypes=[float])
""",
    },
)

JAX = Dialect(
    Spelling(
        lambda x: _number("jnp.inf", "jnp.nan", x),
        _of("jnp")
        | {
            "sigmoid": "jax.nn.sigmoid({x})",
            "relu": "jax.nn.relu({x})",
            "erf": "jax.scipy.special.erf({x})",
            "erfc": "jax.scipy.special.erfc({x})",
        },
    ),
    {"jnp": "import jax.numpy as jnp", "jax": "import jax"},
    {
        "sech": _SECH.format(np="jnp"),
        "asin_slope": _ASIN_SLOPE.format(np="jnp"),
        "logsumexp": """
def logsumexp(*xs):
    return jax.nn.logsumexp(jnp.stack(jnp.broadcast_arrays(*xs)), axis=0)
""",
    },
    "jnp.stack(",
)

# logsumexp's operands are an array, with their number before it
C = Dialect(
    Spelling(
        lambda x: _number("INFINITY", "NAN", x),
        {
            ("pow", 2.0): "({x} * {x})",
            "abs": "fabs({x})",
            "relu": "({x} <= 0.0 ? 0.0 : {x})",
            "step": "({x} > 0.0 ? 1.0 : 0.0)",
            "logsumexp": "logsumexp({n}, (double[]){{all}})",
        },
    ),
    {},
    {
        "asin_slope": """
static inline double asin_slope(double x) { return 1.0 / sqrt((1.0 - x) * (1.0 + x)); }
""",
        "maximum": """
static inline double maximum(double x, double y) { return x > y || x != x ? x : y; }
""",
        "minimum": """
static inline double minimum(double x, double y) { return x < y || x != x ? x : y; }
""",
        "sign": """
static inline double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }
""",
        "sigmoid": """
static inline double sigmoid(double x) { double e = exp(-fabs(x)); return (x >= 0.0 ? 1.0 : e) / (1.0 + e); }
""",
        "softplus": """
static inline double softplus(double x) { return (x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x))); }
""",
        "sech": """
static inline double sech(double x) { double e = exp(-fabs(x)); return 2.0 * e / (1.0 + e * e); }
""",
        "logsumexp": """
static double logsumexp(int n, const double *x) {
    double largest = x[0], total = 0.0;
    for (int i = 1; i < n; i++) if (x[i] > largest || x[i] != x[i]) largest = x[i];
    if (isinf(largest)) return largest;
    for (int i = 0; i < n; i++) total += exp(x[i] - largest);
    return largest + log(total);
}
""",
    },
)
