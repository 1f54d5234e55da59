"""The second table: the functions that formulas call, a row each. What is made of others is a row of :mod:`autograd_lite.ops`.

A row says what a function is where Python's raises, and how each dialect of programs writes it. On floats it is the function of
its name, below or in `math`: programs in Python import them from here. To add a function, add its row.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Mapping, Sequence
from math import inf, nan
from typing import NamedTuple


class Function(NamedTuple):
    """A function of formulas.

    `poles` are the operands at which it is infinite and Python's raises, with the value that IEEE 754 has; `odd`: where it
    overflows, the sign is that of its operand. `on_floats` and `ieee` name functions of this module, where not said so.

    A spelling has ``{x}``, ``{y}``, ``{w}`` for the operands, or ``{all}`` for them and ``{n}`` for their number; "" is the
    function's own name. A dict has spellings by y, where that is a certain number, or any "number". A `Source` is the
    definition of the function. In the column numpy, np is the module; JAX has the same, with its own, unless it is given.

    `body` is what defines the function in a dialect that lacks it: steps and a result, formulas with Python's own choice. With
    `in_place` it is written where the function is called. `many`: it has any number of operands. `eager` is what the functions
    on Values write instead of a call; where that fails, the function decides. `twin` is a formula for tensors of PyTorch and
    JAX, where they lack the function, and `body` is none; or where its derivative is not ours: abs'(0) is 0.
    """

    poles: Mapping[float, float] = {}
    odd: bool = False
    on_floats: str = ""
    ieee: str = ""
    python: str | Mapping[float | str, str] = ""
    numpy: str | Mapping[float | str, str] = ""
    jax: str | Mapping[float | str, str] = ""
    c: str | Mapping[float | str, str] = ""
    javascript: str | Mapping[float | str, str] = ""
    body: str = ""
    in_place: bool = False
    many: bool = False
    eager: str = ""
    twin: str | Mapping[str, str] = ""


class Source(str):
    """The definition of a function in a dialect that lacks it."""


# fmt: off
FUNCTIONS: dict[str, Function] = {
    "abs":        Function(c="fabs({x})", twin={"jax": "x * sign(x)"}),
    "sign":       Function(numpy="np.sign({x})", body="1 if x > 0 else -1 if x < 0 else x"),
    "floor":      Function(),
    "ceil":       Function(),
    "round":      Function(numpy="np.rint({x})", c="rint({x})", javascript=Source("""
function round(x) {
    const near = Math.round(x); // a half goes up
    return near - x === 0.5 && near % 2 !== 0 ? near - 1 : near;
}
""")),
    "maximum":    Function(numpy="np.maximum({all})", body="x if x > y or x != x else y",
                           python={"number": "({y} if {x} <= {y} else {x})"}),
    "minimum":    Function(numpy="np.minimum({all})", body="x if x < y or x != x else y",
                           python={"number": "({y} if {x} >= {y} else {x})"}),
    "step":       Function(body="1 if x > 0 else 0",  in_place=True, twin="sign(relu(x))"),
    "relu":       Function(body="0 if x <= 0 else x", in_place=True, numpy="np.maximum({x}, 0.0)", jax="jax.nn.relu({x})"),
    "where":      Function(body="y if x != 0 else w", in_place=True, python="({y} if {x} else {w})",
                           twin={"torch": "torch.where(x != 0, y, w)", "jax": "jnp.where(x != 0, y, w)"}),
    "equal":      Function(body="1 if x == y else 0", in_place=True, twin="where(x == y, 0 * x + 1, 0 * x)"),
    "pow":        Function(on_floats="power", ieee="ieee_power", c={2.0: "({x} * {x})"},
                           python={"": "power({x}, {y})", 2.0: "{x}**2", 3.0: "{x}**3"},
                           numpy={"": "np.power({x}, {y})", 2.0: "{x}**2", 3.0: "{x}**3"}, javascript=Source("""
function pow(x, y) {
    if (y === 2) return x * x;
    return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y); // JavaScript has NaN
}
""")),
    "sqrt":       Function(),
    "cbrt":       Function(twin={"torch": "sign(x) * abs(x) ** (1 / 3)"}),
    "exp":        Function(),
    "expm1":      Function(),
    "log":        Function(poles={0.0: -inf}),
    "log2":       Function(poles={0.0: -inf}),
    "log10":      Function(poles={0.0: -inf}),
    "log1p":      Function(poles={-1.0: -inf}),
    "logaddexp":  Function(numpy="np.logaddexp({all})",
                           body="x + 0.6931471805599453 if x == y else maximum(x, y) + log1p(exp(-abs(x - y)))"),
    "sin":        Function(),
    "cos":        Function(),
    "tan":        Function(),
    "asin":       Function(numpy="np.arcsin({x})"),
    "acos":       Function(numpy="np.arccos({x})"),
    "asin_slope": Function(poles={1.0: inf, -1.0: inf}, body="1 / sqrt((1 - x) * (1 + x))"),
    "atan":       Function(numpy="np.arctan({x})"),
    "atan2":      Function(numpy="np.arctan2({all})"),
    "hypot":      Function(),
    "sinh":       Function(odd=True),
    "cosh":       Function(),
    "tanh":       Function(),
    "sech":       Function(eager="1 / cosh(x)", python="1.0 / cosh({x})", twin="1 / cosh(x)",
                           body="e = exp(-abs(x)); 2 * e / (1 + e * e)", javascript=Source("""
function sech(x) {
    const e = Math.cosh(x);
    return e === Infinity ? 2 * Math.exp(-Math.abs(x)) : 1 / e;
}
""")),
    "asinh":      Function(numpy="np.arcsinh({x})"),
    "acosh":      Function(numpy="np.arccosh({x})"),
    "atanh":      Function(numpy="np.arctanh({x})", poles={1.0: inf, -1.0: -inf}),
    "erf":        Function(jax="jax.scipy.special.erf({x})", numpy=Source("erf = np.vectorize(math.erf, otypes=[float])"),
                           javascript=Source("""
function erf(x, complement = false) {
    const h = Math.fround(x), size = Math.abs(x); // the square of h is exact
    const bell = Math.exp(-h * h) * Math.exp((h - x) * (h + x));
    if (size < (complement ? 0.5 : 1)) { // Abramowitz and Stegun, 7.1.6: all terms have one sign
        let total = 1;
        for (let n = 1, term = 1; term > 1e-17 * total; n++) total += term *= (2 * x * x) / (2 * n + 1);
        const z = 1.1283791670955126 * x * bell * total;
        return complement ? 1 - z : z;
    }
    let below = size; // 7.1.14: a continued fraction, from its depth up
    for (let n = Math.ceil(200 / (x * x)) + 10; n > 0; n--) below = size + (0.5 * n) / below;
    const tail = size > 28 ? 0 : (0.5641895835477563 * bell) / below;
    return complement ? (x < 0 ? 2 - tail : tail) : x < 0 ? tail - 1 : 1 - tail;
}
""")),
    "erfc":       Function(jax="jax.scipy.special.erfc({x})", numpy=Source("erfc = np.vectorize(math.erfc, otypes=[float])"),
                           javascript="erf({x}, true)"),
    "sigmoid":    Function(eager="1 / (1 + exp(-x))", jax="jax.nn.sigmoid({x})",
                           body="e = exp(-abs(x)); (1 if x >= 0 else e) / (1 + e)", javascript=Source("""
function sigmoid(x) {
    const e = Math.exp(-x);
    return e === Infinity ? Math.exp(x) : 1 / (1 + e);
}
""")),
    "softplus":   Function(numpy="np.logaddexp({x}, 0.0)", body="(x if x > 0 else 0) + log1p(exp(-abs(x)))",
                           twin={"torch": "maximum(x, 0 * x) + log1p(exp(-abs(x)))"}),
    "silu":       Function(eager="x / (1 + exp(-x))", twin="x * sigmoid(x)",
                           body="e = exp(-0.5 * abs(x)); u = 1 if x >= 0 else e; x * u / (1 + e * e) * u", javascript=Source("""
function silu(x) {
    const e = Math.exp(-x), root = Math.exp(0.5 * x);
    return e === Infinity ? x * root * root : x / (1 + e);
}
""")),
    # tanh(log(1 + u)) is (u*u + 2*u) / (u*u + 2*u + 2)
    "mish":       Function(twin="x * tanh(softplus(x))",
                           body="e = exp(-0.5 * abs(x)); u = e * e; x * ((1 + 2 * u) / (1 + 2 * u + 2 * u * u)) if x > 0 else "
                                "x * e * (e * (u + 2) / (u * (u + 2) + 2))"),
    # where erfc is among the subnormal numbers, the expansion of Mills' ratio
    "gelu":       Function(twin="0.5 * x * erfc(-0.7071067811865476 * x)",
                           body="u = 1 / maximum(x * x, 1); r = 1 - u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u * (1 - 9 * u)))); "
                                "-0.3989422804014327 * exp(-0.25 * x * x) * r * exp(-0.25 * x * x) if x < -37 else "
                                "0.5 * x * erfc(-0.7071067811865476 * x)"),
    "max_":       Function(many=True, twin={"torch": "torch.amax(torch.stack(xs), 0)", "jax": "jnp.max(jnp.stack(xs), 0)"},
                           numpy=Source("""
def max_(*xs):
    return functools.reduce(np.maximum, xs)
"""),                      c=Source("""
static inline double max_(int n, const double *x) {
    double largest = x[0];
    for (int i = 1; i < n; i++) largest = x[i] > largest || x[i] != x[i] ? x[i] : largest;
    return largest;
}
"""),                      javascript=Source("""
function max_(...xs) {
    return Math.max(...xs);
}
""")),
    "min_":       Function(many=True, twin={"torch": "torch.amin(torch.stack(xs), 0)", "jax": "jnp.min(jnp.stack(xs), 0)"},
                           numpy=Source("""
def min_(*xs):
    return functools.reduce(np.minimum, xs)
"""),                      c=Source("""
static inline double min_(int n, const double *x) {
    double smallest = x[0];
    for (int i = 1; i < n; i++) smallest = x[i] < smallest || x[i] != x[i] ? x[i] : smallest;
    return smallest;
}
"""),                      javascript=Source("""
function min_(...xs) {
    return Math.min(...xs);
}
""")),
    # exp(x1 - m) + ... + exp(xn - m) - 1 for the largest, m: without its term, which would round off the others
    "sumexpm1":   Function(many=True, numpy=Source("""
def sumexpm1(*xs):
    xs = np.stack(np.broadcast_arrays(*xs))
    largest = xs.max(axis=0)
    first = np.arange(len(xs)).reshape(-1, *[1] * largest.ndim) == xs.argmax(axis=0)
    return np.where(first, 0.0, np.exp(xs - largest)).sum(axis=0) + (largest - largest)
"""),                      c=Source("""
static inline double sumexpm1(int n, const double *x) {
    int k = 0;
    for (int i = 1; i < n; i++) if (x[i] > x[k]) k = i;
    double total = x[k] - x[k];
    for (int i = 0; i < n; i++) if (i != k) total += exp(x[i] - x[k]);
    return total;
}
"""),                      javascript=Source("""
function sumexpm1(...xs) {
    const largest = Math.max(...xs), first = xs.indexOf(largest);
    return xs.reduce((total, x, i) => (i === first ? total : total + Math.exp(x - largest)), largest - largest);
}
""")),
    "logsumexp":  Function(many=True, twin={"torch": "torch.logsumexp(torch.stack(xs), 0)",
                                            "jax": "jax.nn.logsumexp(jnp.stack(xs), 0)"},
                           numpy=Source("""
def logsumexp(*xs):
    largest = max_(*xs)
    return np.where(np.isfinite(largest), largest + np.log1p(sumexpm1(*xs)), largest)
"""),                      c=Source("""
static inline double logsumexp(int n, const double *x) {
    double largest = max_(n, x);
    return isfinite(largest) ? largest + log1p(sumexpm1(n, x)) : largest;
}
"""),                      javascript=Source("""
function logsumexp(...xs) {
    const largest = Math.max(...xs);
    return Number.isFinite(largest) ? largest + Math.log1p(sumexpm1(...xs)) : largest;
}
""")),
}
# fmt: on


# On floats -----------------------------------------------------------------------------------------------------------


def sigmoid(x: float) -> float:
    try:
        return 1.0 / (1.0 + math.exp(-x))
    except OverflowError:
        return math.exp(x)


def softplus(x: float) -> float:
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x)))


def silu(x: float) -> float:
    try:
        return x / (1.0 + math.exp(-x))
    except OverflowError:  # exp(x) alone is among the subnormal numbers, or below
        root = math.exp(0.5 * x)
        return x * root * root


def mish(x: float) -> float:
    """x * tanh(softplus(x)); tanh(log(1 + u)) is (u*u + 2*u) / (u*u + 2*u + 2)."""
    if x > 0:
        u = math.exp(-x)
        return x * ((1.0 + 2.0 * u) / (1.0 + 2.0 * u + 2.0 * u * u))
    root = math.exp(0.5 * x)
    u = root * root
    return x * root * (root * (u + 2.0) / (u * (u + 2.0) + 2.0))


def gelu(x: float) -> float:
    if x < -37.0:  # erfc is among the subnormal numbers: the expansion of Mills' ratio
        root, u = math.exp(-0.25 * x * x), 1.0 / (x * x)
        return (
            -0.3989422804014327 * root * (1.0 - u * (1.0 - 3.0 * u * (1.0 - 5.0 * u * (1.0 - 7.0 * u * (1.0 - 9.0 * u))))) * root
        )
    return 0.5 * x * math.erfc(-0.7071067811865476 * x)


def sech(x: float) -> float:
    try:
        return 1.0 / math.cosh(x)
    except OverflowError:
        return 2.0 * math.exp(-abs(x))


def relu(x: float) -> float:
    return 0.0 if x <= 0 else x  # in this order, nan stays nan


def step(x: float) -> float:
    return 1.0 if x > 0 else 0.0


def sign(x: float) -> float:
    return 1.0 if x > 0 else -1.0 if x < 0 else x  # 0.0, -0.0 and nan stay


def equal(x: float, y: float) -> float:
    return 1.0 if x == y else 0.0


def where(x: float, y: float, w: float) -> float:
    return y if x else w


def floor(x: float) -> float:
    return math.copysign(math.floor(x), x) if math.isfinite(x) else x  # -0.0 stays


def ceil(x: float) -> float:
    return math.copysign(math.ceil(x), x) if math.isfinite(x) else x


def round(x: float) -> float:
    return math.copysign(builtins.round(x), x) if math.isfinite(x) else x


def cbrt(x: float) -> float:
    if x == 0 or not math.isfinite(x):
        return x
    root = math.copysign(abs(x) ** (1 / 3), x)
    return root - (root - x / (root * root)) / 3  # one step of Newton's, for the last bit


def logaddexp(x: float, y: float) -> float:
    if x == y:  # also infinite
        return x + 0.6931471805599453
    return maximum(x, y) + math.log1p(math.exp(-abs(x - y)))


def maximum(x: float, y: float) -> float:
    return x if x > y or x != x else y


def minimum(x: float, y: float) -> float:
    return x if x < y or x != x else y


def power(x: float, y: float) -> float:
    if x == 0 and y < 0:
        raise ZeroDivisionError
    return math.pow(x, y)  # x ** y would turn complex


def ieee_power(x: float, y: float) -> float:
    odd = math.isfinite(y) and math.fmod(y, 2.0) in (1.0, -1.0)
    try:
        return power(x, y)
    except OverflowError:
        return -inf if x < 0 and odd else inf
    except ZeroDivisionError:
        return math.copysign(inf, x) if odd else inf
    except ValueError:
        return nan


def asin_slope(x: float) -> float:
    return 1.0 / math.sqrt((1.0 - x) * (1.0 + x))


def max_(*xs: float) -> float:
    return nan if any(map(math.isnan, xs)) else max(xs)


def min_(*xs: float) -> float:
    return nan if any(map(math.isnan, xs)) else min(xs)


def sumexpm1(*xs: float) -> float:
    """exp(x1 - m) + ... + exp(xn - m) - 1 for the largest, m: without its term, which would round off the others.

    nan if m is infinite.
    """
    return powers(xs)[2]


def powers(xs: Sequence[float]) -> tuple[float, list[float], float]:
    """The largest, the exponential of each x less it, and the sum of all of these but the first that is 1."""
    largest = max(xs)
    found = [math.exp(x - largest) for x in xs]
    k = xs.index(largest)
    # fsum: whatever the order. largest - largest is nan if it is infinite or nan
    return largest, found, math.fsum(found[:k] + found[k + 1 :]) + (largest - largest)


def logsumexp(*xs: float) -> float:
    largest = max_(*xs)
    return largest + math.log1p(sumexpm1(*xs)) if math.isfinite(largest) else largest


def _named(name: str) -> Callable[..., float]:
    """The function of that name: here, of `math`, or Python's own."""
    found: Callable[..., float] = globals().get(name) or getattr(math, name, None) or getattr(builtins, name)
    return found


FLOATS: dict[str, Callable[..., float]] = {name: _named(row.on_floats or name) for name, row in FUNCTIONS.items()}
