"""The dialects of a program: how each spells the functions that the formulas of the table call."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .. import ops


class Spelling(NamedTuple):
    """How a dialect writes: a number; and a function where that is not ``name(x, y)``.

    A function's spelling has ``{x}``, ``{y}`` and ``{w}`` for its operands, or ``{all}`` for them and ``{n}`` for their number.
    Under a name and a number, (name, 2.0), it is for that number as y; under (name, "number") for any that is not nan.
    """

    number: Callable[[float], str]
    functions: dict[str | tuple[str, float | str], str]

    def of(self, op: str, y: float | None) -> str:
        """The spelling of an operation, where y is that number; "" where it has none of its own."""
        keys: list[str | tuple[str, float | str]] = [op] if y is None or y != y else [(op, y), (op, "number"), op]
        return next((self.functions[key] for key in keys if key in self.functions), "")


class Dialect(NamedTuple):
    """A dialect of straight-line source.

    imports: the line for each module or function that the spellings name. helpers: the source of the functions that no module
    has. array: what makes a list an array.
    """

    spelling: Spelling
    imports: Mapping[str, str]
    helpers: Mapping[str, str]
    array: str = ""

    def header(self, templates: Iterable[str]) -> str:
        """The imports and the functions that these lines need."""
        words: set[str] = set()
        helpers: list[str] = []
        for template in set(templates):
            words.update(WORD.findall(template))
        for name, source in reversed(list(self.helpers.items())):  # one that needs another stands after it
            if name in words:
                words.update(WORD.findall(source))
                helpers.insert(0, source)
        lines: dict[str, list[str]] = {}
        for name in sorted(words & self.imports.keys()):
            lines.setdefault(self.imports[name], []).append(name)
        imports = [f"{line} {', '.join(names)}" if line.endswith("import") else line for line, names in sorted(lines.items())]
        imports.sort(key=lambda line: "autograd_lite" in line)
        return "\n".join(imports) + "\n\n\n" * bool(imports) + "".join([helper.strip("\n") + "\n\n\n" for helper in helpers])


WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def _number(inf: str, nan: str, x: float) -> str:
    return repr(x) if math.isfinite(x) else nan if x != x else inf if x > 0 else f"-{inf}"


# A function of the formulas is one of Python's own, of `math`, or of `ops`
_IMPORTS = {
    name: "from math import" if f is getattr(math, name, None) else "from autograd_lite.ops import"
    for name, f in ops.FLOATS.items()
    if f is not abs
}

PYTHON = Dialect(
    Spelling(
        lambda x: _number("inf", "nan", x),
        {
            ("pow", 2.0): "{x}**2",
            ("pow", 3.0): "{x}**3",
            "pow": "power({x}, {y})",
            "relu": "(0.0 if {x} <= 0.0 else {x})",
            "step": "(1.0 if {x} > 0.0 else 0.0)",
            "equal": "(1.0 if {x} == {y} else 0.0)",
            "where": "({y} if {x} else {w})",
            "sech": "1.0 / cosh({x})",
            ("maximum", "number"): "({y} if {x} <= {y} else {x})",
            ("minimum", "number"): "({y} if {x} >= {y} else {x})",
        },
    ),
    {**_IMPORTS, "inf": "from math import", "nan": "from math import", "power": "from autograd_lite.ops import"},
    {},
)

# What NumPy and JAX call otherwise
_RENAMED = {
    **{name: f"arc{name[1:]}" for name in ("acos", "asin", "atan", "atan2", "acosh", "asinh", "atanh")},
    "round": "rint",
}
_UFUNCS = [
    *["abs", "cbrt", "ceil", "cos", "cosh", "exp", "expm1", "floor", "hypot", "log", "log10", "log1p", "log2", "logaddexp"],
    *["maximum", "minimum", "sign", "sin", "sinh", "sqrt", "tan", "tanh"],
]


def _of(module: str) -> dict[str | tuple[str, float | str], str]:
    functions = {name: name for name in _UFUNCS} | _RENAMED
    return {
        **{name: f"{module}.{function}({{all}})" for name, function in functions.items()},
        "pow": f"{module}.power({{x}}, {{y}})",
        ("pow", 2.0): "{x}**2",
        ("pow", 3.0): "{x}**3",
        "relu": f"{module}.maximum({{x}}, 0.0)",
        "step": f"{module}.where({{x}} > 0.0, 1.0, 0.0)",
        "equal": f"{module}.where({{x}} == {{y}}, 1.0, 0.0)",
        "where": f"{module}.where({{x}} != 0.0, {{y}}, {{w}})",
        "softplus": f"{module}.logaddexp({{x}}, 0.0)",
    }


def _helpers(np: str, helpers: Mapping[str, str]) -> dict[str, str]:
    """The functions that NumPy and JAX lack, and those that one of them lacks."""
    return {name: source.replace("np.", f"{np}.") for name, source in {**helpers, **_ARRAY_HELPERS}.items()}


_ARRAY_HELPERS = {
    "sech": """
def sech(x):
    e = np.exp(-np.abs(x))
    return 2.0 * e / (1.0 + e * e)
""",
    "asin_slope": """
def asin_slope(x):
    return 1.0 / np.sqrt((1.0 - x) * (1.0 + x))
""",
    "silu": """
def silu(x):
    e = np.exp(-0.5 * np.abs(x))
    e, total = np.where(x >= 0.0, 1.0, e), 1.0 + e * e
    return x * e / total * e
""",
    "mish": """
def mish(x):
    e = np.exp(-0.5 * np.abs(x))
    u = e * e
    positive = (1.0 + 2.0 * u) / (1.0 + 2.0 * u + 2.0 * u * u)
    return np.where(x > 0.0, x * positive, x * e * (e * (u + 2.0) / (u * (u + 2.0) + 2.0)))
""",
    "gelu": """
def gelu(x):
    e, u = np.exp(-0.25 * x * x), 1.0 / np.maximum(x * x, 1.0)
    ratio = 1.0 - u * (1.0 - 3.0 * u * (1.0 - 5.0 * u * (1.0 - 7.0 * u * (1.0 - 9.0 * u))))
    return np.where(x < -37.0, -0.3989422804014327 * e * ratio * e, 0.5 * x * erfc(-0.7071067811865476 * x))
""",
    "max_": """
def max_(*xs):
    return functools.reduce(np.maximum, xs)
""",
    "min_": """
def min_(*xs):
    return functools.reduce(np.minimum, xs)
""",
    # all terms but the first that is 1
    "sumexpm1": """
def sumexpm1(*xs):
    xs = np.stack(np.broadcast_arrays(*xs))
    largest = xs.max(axis=0)
    first = np.arange(len(xs)).reshape(-1, *[1] * largest.ndim) == xs.argmax(axis=0)
    return np.where(first, 0.0, np.exp(xs - largest)).sum(axis=0) + (largest - largest)
""",
    "logsumexp": """
def logsumexp(*xs):
    largest = max_(*xs)
    return np.where(np.isfinite(largest), largest + np.log1p(sumexpm1(*xs)), largest)
""",
}

NUMPY = Dialect(
    Spelling(lambda x: _number("np.inf", "np.nan", x), _of("np")),
    {"np": "import numpy as np", "math": "import math", "functools": "import functools"},
    _helpers(
        "np",
        {
            "sigmoid": """
def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, e) / (1.0 + e)
""",
            "erf": """
erf = np.vectorize(math.erf, otypes=[float])
""",
            "erfc": """
erfc = np.vectorize(math.erfc, otypes=[float])
""",
        },
    ),
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
    {"jnp": "import jax.numpy as jnp", "jax": "import jax", "functools": "import functools"},
    _helpers("jnp", {"sigmoid": "sigmoid = jax.nn.sigmoid", "erfc": "erfc = jax.scipy.special.erfc"}),
    "jnp.stack(",
)

# Operands in any number are an array, with their number before it
C = Dialect(
    Spelling(
        lambda x: _number("INFINITY", "NAN", x),
        {
            ("pow", 2.0): "({x} * {x})",
            "abs": "fabs({x})",
            "relu": "({x} <= 0.0 ? 0.0 : {x})",
            "step": "({x} > 0.0 ? 1.0 : 0.0)",
            "equal": "({x} == {y} ? 1.0 : 0.0)",
            "where": "({x} != 0.0 ? {y} : {w})",
            "round": "rint({x})",
            **{name: f"{name}({{n}}, (double[]){{{{all}}}})" for name in ("logsumexp", "sumexpm1", "max_", "min_")},
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
        "silu": """
static inline double silu(double x) {
    double e = exp(-0.5 * fabs(x)), root = x >= 0.0 ? 1.0 : e;
    return x * root / (1.0 + e * e) * root;
}
""",
        "mish": """
static inline double mish(double x) {
    double e = exp(-0.5 * fabs(x)), u = e * e;
    return x > 0.0 ? x * ((1.0 + 2.0 * u) / (1.0 + 2.0 * u + 2.0 * u * u))
                   : x * e * (e * (u + 2.0) / (u * (u + 2.0) + 2.0));
}
""",
        "gelu": """
static inline double gelu(double x) {
    if (!(x < -37.0)) return 0.5 * x * erfc(-0.7071067811865476 * x);
    double e = exp(-0.25 * x * x), u = 1.0 / (x * x);
    return -0.3989422804014327 * e * (1.0 - u * (1.0 - 3.0 * u * (1.0 - 5.0 * u * (1.0 - 7.0 * u * (1.0 - 9.0 * u))))) * e;
}
""",
        "logaddexp": """
static inline double logaddexp(double x, double y) {
    return x == y ? x + 0.6931471805599453 : maximum(x, y) + log1p(exp(-fabs(x - y)));
}
""",
        "max_": """
static inline double max_(int n, const double *x) {
    double largest = x[0];
    for (int i = 1; i < n; i++) largest = maximum(largest, x[i]);
    return largest;
}
""",
        "min_": """
static inline double min_(int n, const double *x) {
    double smallest = x[0];
    for (int i = 1; i < n; i++) smallest = minimum(smallest, x[i]);
    return smallest;
}
""",
        "sumexpm1": """
static inline double sumexpm1(int n, const double *x) {
    int k = 0;
    for (int i = 1; i < n; i++) if (x[i] > x[k]) k = i;
    double total = x[k] - x[k];
    for (int i = 0; i < n; i++) if (i != k) total += exp(x[i] - x[k]);
    return total;
}
""",
        "logsumexp": """
static inline double logsumexp(int n, const double *x) {
    double largest = max_(n, x);
    return isfinite(largest) ? largest + log1p(sumexpm1(n, x)) : largest;
}
""",
    },
)
