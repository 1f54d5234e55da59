# Written from the tables by `python -m autograd_lite.stub`: not to be edited
# mypy: disable-error-code=overload-overlap
from autograd_lite.derivation.derivation import Derivation
from autograd_lite.picture.draw import Drawing
from autograd_lite.stepping.passes import Examples
from autograd_lite.stepping.steps import Steps
from autograd_lite.value import Value
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import overload

__all__: list[str] = [
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "square",
    "reciprocal",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "xlogy",
    "logaddexp",
    "sqrt",
    "rsqrt",
    "cbrt",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "asin_slope",
    "atan",
    "atan2",
    "hypot",
    "hypot_slope",
    "sinh",
    "cosh",
    "tanh",
    "sech",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "erfc",
    "sigmoid",
    "sigmoid_slope",
    "logsigmoid",
    "softplus",
    "softsign",
    "silu",
    "mish",
    "gelu",
    "relu",
    "relu6",
    "hardtanh",
    "leaky_relu",
    "elu",
    "selu",
    "sign",
    "step",
    "equal",
    "floor",
    "ceil",
    "maximum",
    "minimum",
    "clamp",
    "where",
    "linear",
    "dot",
    "sum_",
    "mean",
    "var",
    "std",
    "prod",
    "max_",
    "min_",
    "logsumexp",
    "log_softmax",
    "softmax",
    "affine",
    "nll",
]

class Operations:
    def add(self, y: Value | float) -> Value:
        """z = x + y: sum.

        dz/dx = 1
        dz/dy = 1
        """
    def sub(self, y: Value | float) -> Value:
        """z = x - y: difference.

        dz/dx = 1
        dz/dy = -1
        """
    def mul(self, y: Value | float) -> Value:
        """z = x * y: product.

        dz/dx = y
        dz/dy = x
        """
    def div(self, y: Value | float) -> Value:
        """z = x / y: quotient.

        dz/dx = 1 / y
        dz/dy = -z / y

        Domain: y != 0. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.
        """
    def neg(self) -> Value:
        """z = -x: negative.

        dz/dx = -1
        """
    def pow(self, exponent: Value | float) -> Value:
        """z = x**exponent: power.

        dz/dx = exponent * x**(exponent - 1)
        dz/dexponent = z * log(x)

        A plain number as exponent is a parameter: it is not differentiated by.

        Domain: x > 0, or x = 0 with exponent >= 0, or x < 0 with a whole number exponent. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.

        Convention: x**0 has slope 0, also at 0; by exponent, 0**exponent has slope 0, and for x < 0 it is nan.
        """
    def square(self) -> Value:
        """z = x * x: square.

        dz/dx = 2 * x
        """
    def reciprocal(self) -> Value:
        """z = 1 / x: reciprocal.

        dz/dx = -z / x

        Domain: x != 0. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.
        """
    def exp(self) -> Value:
        """z = exp(x): exponential function.

        dz/dx = z
        """
    def exp2(self) -> Value:
        """z = 2**x: power of 2.

        dz/dx = 0.6931471805599453 * z
        """
    def expm1(self) -> Value:
        """z = expm1(x): exp(x) - 1, exact near 0.

        dz/dx = exp(x)
        """
    def log(self) -> Value:
        """z = log(x): natural logarithm.

        dz/dx = 1 / x

        Domain: x > 0. Outside, DomainError, a ValueError.
        """
    def log2(self) -> Value:
        """z = log2(x): logarithm to base 2.

        dz/dx = 1.4426950408889634 / x

        Domain: x > 0. Outside, DomainError, a ValueError.
        """
    def log10(self) -> Value:
        """z = log10(x): logarithm to base 10.

        dz/dx = 0.4342944819032518 / x

        Domain: x > 0. Outside, DomainError, a ValueError.
        """
    def log1p(self) -> Value:
        """z = log1p(x): log(1 + x), exact near 0.

        dz/dx = 1 / (1 + x)

        Domain: x > -1. Outside, DomainError, a ValueError.
        """
    def xlogy(self, y: Value | float) -> Value:
        """z = where(x, x * log(y), 0): x * log(y), 0 at x = 0.

        dz/dx = log(y)
        dz/dy = x / y

        Domain: y > 0, or x = 0. Outside, DomainError, a ValueError.

        Convention: slopes 0 at x = y = 0.
        """
    def logaddexp(self, y: Value | float) -> Value:
        """z = logaddexp(x, y): log(exp(x) + exp(y)).

        dz/dx = sigmoid(x - y)
        dz/dy = sigmoid(y - x)
        """
    def sqrt(self) -> Value:
        """z = sqrt(x): square root.

        dz/dx = 0.5 / z

        Domain: x >= 0. Outside, DomainError, a ValueError.

        Convention: slope inf at 0.
        """
    def rsqrt(self) -> Value:
        """z = 1 / sqrt(x): 1 over the square root.

        dz/dx = -0.5 * z / x

        Domain: x > 0. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.
        """
    def cbrt(self) -> Value:
        """z = cbrt(x): cube root.

        dz/dx = 1 / (3 * z * z)

        Convention: slope inf at 0.
        """
    def sin(self) -> Value:
        """z = sin(x): sine, of radians.

        dz/dx = cos(x)

        Domain: a finite x. Outside, DomainError, a ValueError.
        """
    def cos(self) -> Value:
        """z = cos(x): cosine, of radians.

        dz/dx = -sin(x)

        Domain: a finite x. Outside, DomainError, a ValueError.
        """
    def tan(self) -> Value:
        """z = tan(x): tangent, of radians.

        dz/dx = 1 + z**2, computed as 1 + z * z

        Domain: a finite x. Outside, DomainError, a ValueError.
        """
    def asin(self) -> Value:
        """z = asin(x): arcsine, in radians.

        dz/dx = 1 / sqrt(1 - x**2), computed as asin_slope(x)

        Domain: -1 <= x <= 1. Outside, DomainError, a ValueError.

        Convention: slope inf at -1 and 1.
        """
    def acos(self) -> Value:
        """z = acos(x): arccosine, in radians.

        dz/dx = -1 / sqrt(1 - x**2), computed as -asin_slope(x)

        Domain: -1 <= x <= 1. Outside, DomainError, a ValueError.

        Convention: slope -inf at -1 and 1.
        """
    def asin_slope(self) -> Value:
        """z = asin_slope(x): 1 / sqrt(1 - x * x).

        dz/dx = x * z * z * z

        Domain: -1 < x < 1. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.
        """
    def atan(self) -> Value:
        """z = atan(x): arctangent, in radians.

        dz/dx = 1 / (1 + x**2), computed as 1 / hypot(1, x) / hypot(1, x)
        """
    def atan2(self, x: Value | float) -> Value:
        """z = atan2(y, x): angle of a point, in radians.

        dz/dy = x / (y**2 + x**2)
        dz/dx = -y / (y**2 + x**2)

        Convention: slopes 0 at y = x = 0.
        """
    def hypot(self, y: Value | float) -> Value:
        """z = hypot(x, y): length of a vector.

        dz/dx = x / z, computed as hypot_slope(x, y)
        dz/dy = y / z, computed as hypot_slope(y, x)

        Convention: slopes 0 at x = y = 0.
        """
    def hypot_slope(self, y: Value | float) -> Value:
        """z = where(hypot(x, y), x / hypot(x, y), 0): x / hypot(x, y).

        dz/dx = where(hypot(x, y), hypot_slope(y, x) * hypot_slope(y, x) / hypot(x, y), 0)
        dz/dy = where(hypot(x, y), -z * hypot_slope(y, x) / hypot(x, y), 0)
        """
    def sinh(self) -> Value:
        """z = sinh(x): hyperbolic sine.

        dz/dx = cosh(x)
        """
    def cosh(self) -> Value:
        """z = cosh(x): hyperbolic cosine.

        dz/dx = sinh(x)
        """
    def tanh(self) -> Value:
        """z = tanh(x): hyperbolic tangent.

        dz/dx = 1 - z**2, computed as sech(x) * sech(x)
        """
    def sech(self) -> Value:
        """z = sech(x): hyperbolic secant.

        dz/dx = -z * tanh(x)
        """
    def asinh(self) -> Value:
        """z = asinh(x): inverse hyperbolic sine.

        dz/dx = 1 / sqrt(1 + x**2), computed as 1 / hypot(1, x)
        """
    def acosh(self) -> Value:
        """z = acosh(x): inverse hyperbolic cosine.

        dz/dx = 1 / sqrt(x**2 - 1), computed as 1 / (sqrt(x - 1) * sqrt(x + 1))

        Domain: x >= 1. Outside, DomainError, a ValueError.

        Convention: slope inf at 1.
        """
    def atanh(self) -> Value:
        """z = atanh(x): inverse hyperbolic tangent.

        dz/dx = 1 / (1 - x**2), computed as asin_slope(x) * asin_slope(x)

        Domain: -1 < x < 1. Outside, DomainError, a ValueError.
        """
    def erf(self) -> Value:
        """z = erf(x): error function.

        dz/dx = 1.1283791670955126 * exp(-x * x)
        """
    def erfc(self) -> Value:
        """z = erfc(x): 1 - erf(x).

        dz/dx = -1.1283791670955126 * exp(-x * x)
        """
    def sigmoid(self) -> Value:
        """z = sigmoid(x): logistic function.

        dz/dx = z * (1 - z), computed as sigmoid_slope(x)
        """
    def sigmoid_slope(self) -> Value:
        """z = sigmoid(x) * sigmoid(-x): slope of the sigmoid.

        dz/dx = -z * tanh(0.5 * x)
        """
    def logsigmoid(self) -> Value:
        """z = -softplus(-x): logarithm of the sigmoid.

        dz/dx = sigmoid(-x)
        """
    def softplus(self) -> Value:
        """z = softplus(x): log(1 + exp(x)).

        dz/dx = sigmoid(x)
        """
    def softsign(self) -> Value:
        """z = x / (1 + abs(x)): x over 1 + its size.

        dz/dx = 1 / (1 + abs(x))**2, computed as 1 / (1 + abs(x)) / (1 + abs(x))
        """
    def silu(self) -> Value:
        """z = silu(x): x * sigmoid(x).

        dz/dx = z + sigmoid(x) * (1 - z), computed as sigmoid(x) + z * sigmoid(-x)
        """
    def mish(self) -> Value:
        """z = mish(x): x * tanh(softplus(x)).

        dz/dx = tanh(softplus(x)) + sech(softplus(x)) * sech(softplus(x)) * silu(x)
        """
    def gelu(self) -> Value:
        """z = gelu(x): x times the normal distribution.

        dz/dx = 0.5 * erfc(-x / sqrt(2)) + x * exp(-x**2 / 2) / sqrt(2 * 3.141592653589793), computed as 0.5 * erfc(-0.7071067811865476 * x) + 0.3989422804014327 * x * exp(-0.25 * x * x) * exp(-0.25 * x * x)
        """
    def relu(self) -> Value:
        """z = relu(x): x above 0, else 0.

        dz/dx = step(x)

        Convention: slope 0 at 0.
        """
    def relu6(self) -> Value:
        """z = minimum(relu(x), 6): x between 0 and 6.

        dz/dx = step(x) * step(6 - x)

        Convention: slope 0 at 0 and 6.
        """
    def hardtanh(self) -> Value:
        """z = minimum(maximum(x, -1), 1): x between -1 and 1.

        dz/dx = step(x + 1) * step(1 - x)

        Convention: slope 0 at -1 and 1.
        """
    def leaky_relu(self, slope: Value | float = 0.01) -> Value:
        """z = where(step(x), x, slope * x): x above 0, else slope * x.

        dz/dx = where(step(x), 1, slope)
        dz/dslope = where(step(x), 0, x)

        A plain number as slope is a parameter: it is not differentiated by.

        Convention: at 0, the slope of the left side.
        """
    def elu(self, alpha: Value | float = 1.0) -> Value:
        """z = where(step(x), x, alpha * expm1(where(step(x), 0, x))): exponential linear unit.

        dz/dx = where(step(x), 1, alpha * exp(where(step(x), 0, x)))
        dz/dalpha = expm1(where(step(x), 0, x))

        A plain number as alpha is a parameter: it is not differentiated by.

        Convention: at 0, the slope of the left side.
        """
    def selu(self) -> Value:
        """z = 1.0507009873554805 * where(step(x), x, 1.6732632423543772 * expm1(where(step(x), 0, x))): scaled elu.

        dz/dx = 1.0507009873554805 * where(step(x), 1, 1.6732632423543772 * exp(where(step(x), 0, x)))

        Convention: at 0, the slope of the left side.
        """
    def abs(self) -> Value:
        """z = abs(x): absolute value.

        dz/dx = sign(x)

        Convention: slope 0 at 0.
        """
    def sign(self) -> Value:
        """z = sign(x): 1, -1 or 0.

        dz/dx = 0
        """
    def step(self) -> Value:
        """z = step(x): 1 above 0, else 0.

        dz/dx = 0
        """
    def equal(self, y: Value | float) -> Value:
        """z = equal(x, y): 1 where x = y, else 0.

        dz/dx = 0
        dz/dy = 0
        """
    def floor(self) -> Value:
        """z = floor(x): next whole number below.

        dz/dx = 0
        """
    def ceil(self) -> Value:
        """z = ceil(x): next whole number above.

        dz/dx = 0
        """
    def round(self) -> Value:
        """z = round(x): nearest whole number.

        dz/dx = 0

        Convention: a half goes to the even one.
        """
    def maximum(self, y: Value | float) -> Value:
        """z = maximum(x, y): larger of two.

        dz/dx = equal(x, z) / (1 + equal(x, y))
        dz/dy = equal(y, z) / (1 + equal(x, y))

        Convention: a tie is halved.
        """
    def minimum(self, y: Value | float) -> Value:
        """z = minimum(x, y): smaller of two.

        dz/dx = equal(x, z) / (1 + equal(x, y))
        dz/dy = equal(y, z) / (1 + equal(x, y))

        Convention: a tie is halved.
        """
    def clamp(self, low: Value | float, high: Value | float) -> Value:
        """z = minimum(maximum(x, low), high): x between two bounds.

        dz/dx = where(step(low - x), 0, where(step(x - high), 0, 1))
        dz/dlow = where(step(low - x), where(step(high - low), 1, 0), 0)
        dz/dhigh = where(step(maximum(x, low) - high), 1, 0)

        Convention: slope 1 by x at a bound; high where low > high.
        """
    def where(self, x: Value | float, y: Value | float) -> Value:
        """z = where(condition, x, y): x where condition is not 0, else y.

        dz/dcondition = 0
        dz/dx = where(condition, 1, 0)
        dz/dy = where(condition, 0, 1)
        """
    def __add__(self, other: Value | float) -> Value: ...
    def __radd__(self, other: Value | float) -> Value: ...
    def __sub__(self, other: Value | float) -> Value: ...
    def __rsub__(self, other: Value | float) -> Value: ...
    def __mul__(self, other: Value | float) -> Value: ...
    def __rmul__(self, other: Value | float) -> Value: ...
    def __truediv__(self, other: Value | float) -> Value: ...
    def __rtruediv__(self, other: Value | float) -> Value: ...
    def __pow__(self, other: Value | float) -> Value: ...
    def __rpow__(self, other: Value | float) -> Value: ...
    def __neg__(self) -> Value: ...
    def __abs__(self) -> Value: ...
    def __floor__(self) -> Value: ...
    def __ceil__(self) -> Value: ...
    def draw(self, *, by: str = 'grad', grads: Mapping[Value, float] | None = None, names: Mapping[Value, str] | None = None, collapse: bool | str | Iterable[str] | None = None, depth: int | None = None, rolled: bool = False, frames: bool = True, force: bool = False, dot: bool = True, language: str | None = None) -> Drawing:
        """The graph that `output` was computed from: nodes with label, data and grad, edges with local derivatives."""
    def explain(self, wrt: Value | None = None, form: str = 'partials', digits: int = 9, *, language: str | None = None) -> Derivation:
        """The derivation of the derivative of `output` by `wrt`, with the numbers in; of a node alone, its operation."""
    def steps(self, language: str | None = None, *, parameters: Iterable[Value] | None = None, examples: Examples | None = None) -> Steps:
        """The forward and the backward pass over the graph of `output`, step by step: a sequence of `Step`s."""

@overload
def add(x: float, y: float) -> float:
    """z = x + y: sum.

    dz/dx = 1
    dz/dy = 1

    >>> from autograd_lite import Value, add
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = add(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    1.3, 1, 1
    """
@overload
def add(x: Value, y: Value | float) -> Value: ...
@overload
def add(x: float, y: Value) -> Value: ...
@overload
def sub(x: float, y: float) -> float:
    """z = x - y: difference.

    dz/dx = 1
    dz/dy = -1

    >>> from autograd_lite import Value, sub
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = sub(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    -2.7, 1, -1
    """
@overload
def sub(x: Value, y: Value | float) -> Value: ...
@overload
def sub(x: float, y: Value) -> Value: ...
@overload
def mul(x: float, y: float) -> float:
    """z = x * y: product.

    dz/dx = y
    dz/dy = x

    >>> from autograd_lite import Value, mul
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = mul(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    -1.4, 2, -0.7
    """
@overload
def mul(x: Value, y: Value | float) -> Value: ...
@overload
def mul(x: float, y: Value) -> Value: ...
@overload
def div(x: float, y: float) -> float:
    """z = x / y: quotient.

    dz/dx = 1 / y
    dz/dy = -z / y

    Domain: y != 0. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.

    >>> from autograd_lite import Value, div
    >>> x, y = Value(0.7), Value(2.0)
    >>> z = div(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    0.35, 0.5, -0.175
    """
@overload
def div(x: Value, y: Value | float) -> Value: ...
@overload
def div(x: float, y: Value) -> Value: ...
@overload
def neg(x: float) -> float:
    """z = -x: negative.

    dz/dx = -1

    >>> from autograd_lite import Value, neg
    >>> x = Value(-0.7)
    >>> z = neg(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.7, -1
    """
@overload
def neg(x: Value) -> Value: ...
@overload
def pow(x: float, exponent: float) -> float:
    """z = x**exponent: power.

    dz/dx = exponent * x**(exponent - 1)
    dz/dexponent = z * log(x)

    A plain number as exponent is a parameter: it is not differentiated by.

    Domain: x > 0, or x = 0 with exponent >= 0, or x < 0 with a whole number exponent. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.

    Convention: x**0 has slope 0, also at 0; by exponent, 0**exponent has slope 0, and for x < 0 it is nan.

    >>> from autograd_lite import Value, pow
    >>> x, exponent = Value(0.7), Value(2.0)
    >>> z = pow(x, exponent)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {exponent.grad:.6g}")
    0.49, 1.4, -0.174771
    """
@overload
def pow(x: Value, exponent: Value | float) -> Value: ...
@overload
def pow(x: float, exponent: Value) -> Value: ...
@overload
def square(x: float) -> float:
    """z = x * x: square.

    dz/dx = 2 * x

    >>> from autograd_lite import Value, square
    >>> x = Value(-0.7)
    >>> z = square(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.49, -1.4
    """
@overload
def square(x: Value) -> Value: ...
@overload
def reciprocal(x: float) -> float:
    """z = 1 / x: reciprocal.

    dz/dx = -z / x

    Domain: x != 0. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.

    >>> from autograd_lite import Value, reciprocal
    >>> x = Value(0.7)
    >>> z = reciprocal(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    1.42857, -2.04082
    """
@overload
def reciprocal(x: Value) -> Value: ...
@overload
def exp(x: float) -> float:
    """z = exp(x): exponential function.

    dz/dx = z

    >>> from autograd_lite import Value, exp
    >>> x = Value(-0.7)
    >>> z = exp(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.496585, 0.496585
    """
@overload
def exp(x: Value) -> Value: ...
@overload
def exp2(x: float) -> float:
    """z = 2**x: power of 2.

    dz/dx = 0.6931471805599453 * z

    >>> from autograd_lite import Value, exp2
    >>> x = Value(-0.7)
    >>> z = exp2(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.615572, 0.426682
    """
@overload
def exp2(x: Value) -> Value: ...
@overload
def expm1(x: float) -> float:
    """z = expm1(x): exp(x) - 1, exact near 0.

    dz/dx = exp(x)

    >>> from autograd_lite import Value, expm1
    >>> x = Value(-0.7)
    >>> z = expm1(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.503415, 0.496585
    """
@overload
def expm1(x: Value) -> Value: ...
@overload
def log(x: float) -> float:
    """z = log(x): natural logarithm.

    dz/dx = 1 / x

    Domain: x > 0. Outside, DomainError, a ValueError.

    >>> from autograd_lite import Value, log
    >>> x = Value(0.7)
    >>> z = log(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.356675, 1.42857
    """
@overload
def log(x: Value) -> Value: ...
@overload
def log2(x: float) -> float:
    """z = log2(x): logarithm to base 2.

    dz/dx = 1.4426950408889634 / x

    Domain: x > 0. Outside, DomainError, a ValueError.

    >>> from autograd_lite import Value, log2
    >>> x = Value(0.7)
    >>> z = log2(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.514573, 2.06099
    """
@overload
def log2(x: Value) -> Value: ...
@overload
def log10(x: float) -> float:
    """z = log10(x): logarithm to base 10.

    dz/dx = 0.4342944819032518 / x

    Domain: x > 0. Outside, DomainError, a ValueError.

    >>> from autograd_lite import Value, log10
    >>> x = Value(0.7)
    >>> z = log10(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.154902, 0.620421
    """
@overload
def log10(x: Value) -> Value: ...
@overload
def log1p(x: float) -> float:
    """z = log1p(x): log(1 + x), exact near 0.

    dz/dx = 1 / (1 + x)

    Domain: x > -1. Outside, DomainError, a ValueError.

    >>> from autograd_lite import Value, log1p
    >>> x = Value(0.7)
    >>> z = log1p(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.530628, 0.588235
    """
@overload
def log1p(x: Value) -> Value: ...
@overload
def xlogy(x: float, y: float) -> float:
    """z = where(x, x * log(y), 0): x * log(y), 0 at x = 0.

    dz/dx = log(y)
    dz/dy = x / y

    Domain: y > 0, or x = 0. Outside, DomainError, a ValueError.

    Convention: slopes 0 at x = y = 0.

    >>> from autograd_lite import Value, xlogy
    >>> x, y = Value(0.7), Value(2.0)
    >>> z = xlogy(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    0.485203, 0.693147, 0.35
    """
@overload
def xlogy(x: Value, y: Value | float) -> Value: ...
@overload
def xlogy(x: float, y: Value) -> Value: ...
@overload
def logaddexp(x: float, y: float) -> float:
    """z = logaddexp(x, y): log(exp(x) + exp(y)).

    dz/dx = sigmoid(x - y)
    dz/dy = sigmoid(y - x)

    >>> from autograd_lite import Value, logaddexp
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = logaddexp(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    2.06504, 0.0629734, 0.937027
    """
@overload
def logaddexp(x: Value, y: Value | float) -> Value: ...
@overload
def logaddexp(x: float, y: Value) -> Value: ...
@overload
def sqrt(x: float) -> float:
    """z = sqrt(x): square root.

    dz/dx = 0.5 / z

    Domain: x >= 0. Outside, DomainError, a ValueError.

    Convention: slope inf at 0.

    >>> from autograd_lite import Value, sqrt
    >>> x = Value(0.7)
    >>> z = sqrt(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.83666, 0.597614
    """
@overload
def sqrt(x: Value) -> Value: ...
@overload
def rsqrt(x: float) -> float:
    """z = 1 / sqrt(x): 1 over the square root.

    dz/dx = -0.5 * z / x

    Domain: x > 0. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.

    >>> from autograd_lite import Value, rsqrt
    >>> x = Value(0.7)
    >>> z = rsqrt(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    1.19523, -0.853735
    """
@overload
def rsqrt(x: Value) -> Value: ...
@overload
def cbrt(x: float) -> float:
    """z = cbrt(x): cube root.

    dz/dx = 1 / (3 * z * z)

    Convention: slope inf at 0.

    >>> from autograd_lite import Value, cbrt
    >>> x = Value(-0.7)
    >>> z = cbrt(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.887904, 0.422811
    """
@overload
def cbrt(x: Value) -> Value: ...
@overload
def sin(x: float) -> float:
    """z = sin(x): sine, of radians.

    dz/dx = cos(x)

    Domain: a finite x. Outside, DomainError, a ValueError.

    >>> from autograd_lite import Value, sin
    >>> x = Value(0.7)
    >>> z = sin(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.644218, 0.764842
    """
@overload
def sin(x: Value) -> Value: ...
@overload
def cos(x: float) -> float:
    """z = cos(x): cosine, of radians.

    dz/dx = -sin(x)

    Domain: a finite x. Outside, DomainError, a ValueError.

    >>> from autograd_lite import Value, cos
    >>> x = Value(0.7)
    >>> z = cos(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.764842, -0.644218
    """
@overload
def cos(x: Value) -> Value: ...
@overload
def tan(x: float) -> float:
    """z = tan(x): tangent, of radians.

    dz/dx = 1 + z**2, computed as 1 + z * z

    Domain: a finite x. Outside, DomainError, a ValueError.

    >>> from autograd_lite import Value, tan
    >>> x = Value(0.7)
    >>> z = tan(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.842288, 1.70945
    """
@overload
def tan(x: Value) -> Value: ...
@overload
def asin(x: float) -> float:
    """z = asin(x): arcsine, in radians.

    dz/dx = 1 / sqrt(1 - x**2), computed as asin_slope(x)

    Domain: -1 <= x <= 1. Outside, DomainError, a ValueError.

    Convention: slope inf at -1 and 1.

    >>> from autograd_lite import Value, asin
    >>> x = Value(0.7)
    >>> z = asin(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.775397, 1.40028
    """
@overload
def asin(x: Value) -> Value: ...
@overload
def acos(x: float) -> float:
    """z = acos(x): arccosine, in radians.

    dz/dx = -1 / sqrt(1 - x**2), computed as -asin_slope(x)

    Domain: -1 <= x <= 1. Outside, DomainError, a ValueError.

    Convention: slope -inf at -1 and 1.

    >>> from autograd_lite import Value, acos
    >>> x = Value(0.7)
    >>> z = acos(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.795399, -1.40028
    """
@overload
def acos(x: Value) -> Value: ...
@overload
def asin_slope(x: float) -> float:
    """z = asin_slope(x): 1 / sqrt(1 - x * x).

    dz/dx = x * z * z * z

    Domain: -1 < x < 1. Outside, DomainError, a ValueError; where it divides by zero, DivisionByZeroError.

    >>> from autograd_lite import Value, asin_slope
    >>> x = Value(0.7)
    >>> z = asin_slope(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    1.40028, 1.92195
    """
@overload
def asin_slope(x: Value) -> Value: ...
@overload
def atan(x: float) -> float:
    """z = atan(x): arctangent, in radians.

    dz/dx = 1 / (1 + x**2), computed as 1 / hypot(1, x) / hypot(1, x)

    >>> from autograd_lite import Value, atan
    >>> x = Value(-0.7)
    >>> z = atan(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.610726, 0.671141
    """
@overload
def atan(x: Value) -> Value: ...
@overload
def atan2(y: float, x: float) -> float:
    """z = atan2(y, x): angle of a point, in radians.

    dz/dy = x / (y**2 + x**2)
    dz/dx = -y / (y**2 + x**2)

    Convention: slopes 0 at y = x = 0.

    >>> from autograd_lite import Value, atan2
    >>> y, x = Value(-0.7), Value(2.0)
    >>> z = atan2(y, x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {y.grad:.6g}, {x.grad:.6g}")
    -0.336675, 0.445434, 0.155902
    """
@overload
def atan2(y: Value, x: Value | float) -> Value: ...
@overload
def atan2(y: float, x: Value) -> Value: ...
@overload
def hypot(x: float, y: float) -> float:
    """z = hypot(x, y): length of a vector.

    dz/dx = x / z, computed as hypot_slope(x, y)
    dz/dy = y / z, computed as hypot_slope(y, x)

    Convention: slopes 0 at x = y = 0.

    >>> from autograd_lite import Value, hypot
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = hypot(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    2.11896, -0.33035, 0.943858
    """
@overload
def hypot(x: Value, y: Value | float) -> Value: ...
@overload
def hypot(x: float, y: Value) -> Value: ...
@overload
def hypot_slope(x: float, y: float) -> float:
    """z = where(hypot(x, y), x / hypot(x, y), 0): x / hypot(x, y).

    dz/dx = where(hypot(x, y), hypot_slope(y, x) * hypot_slope(y, x) / hypot(x, y), 0)
    dz/dy = where(hypot(x, y), -z * hypot_slope(y, x) / hypot(x, y), 0)

    >>> from autograd_lite import Value, hypot_slope
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = hypot_slope(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    -0.33035, 0.420427, 0.147149
    """
@overload
def hypot_slope(x: Value, y: Value | float) -> Value: ...
@overload
def hypot_slope(x: float, y: Value) -> Value: ...
@overload
def sinh(x: float) -> float:
    """z = sinh(x): hyperbolic sine.

    dz/dx = cosh(x)

    >>> from autograd_lite import Value, sinh
    >>> x = Value(-0.7)
    >>> z = sinh(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.758584, 1.25517
    """
@overload
def sinh(x: Value) -> Value: ...
@overload
def cosh(x: float) -> float:
    """z = cosh(x): hyperbolic cosine.

    dz/dx = sinh(x)

    >>> from autograd_lite import Value, cosh
    >>> x = Value(-0.7)
    >>> z = cosh(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    1.25517, -0.758584
    """
@overload
def cosh(x: Value) -> Value: ...
@overload
def tanh(x: float) -> float:
    """z = tanh(x): hyperbolic tangent.

    dz/dx = 1 - z**2, computed as sech(x) * sech(x)

    >>> from autograd_lite import Value, tanh
    >>> x = Value(-0.7)
    >>> z = tanh(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.604368, 0.63474
    """
@overload
def tanh(x: Value) -> Value: ...
@overload
def sech(x: float) -> float:
    """z = sech(x): hyperbolic secant.

    dz/dx = -z * tanh(x)

    >>> from autograd_lite import Value, sech
    >>> x = Value(-0.7)
    >>> z = sech(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.796705, 0.481503
    """
@overload
def sech(x: Value) -> Value: ...
@overload
def asinh(x: float) -> float:
    """z = asinh(x): inverse hyperbolic sine.

    dz/dx = 1 / sqrt(1 + x**2), computed as 1 / hypot(1, x)

    >>> from autograd_lite import Value, asinh
    >>> x = Value(-0.7)
    >>> z = asinh(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.652667, 0.819232
    """
@overload
def asinh(x: Value) -> Value: ...
@overload
def acosh(x: float) -> float:
    """z = acosh(x): inverse hyperbolic cosine.

    dz/dx = 1 / sqrt(x**2 - 1), computed as 1 / (sqrt(x - 1) * sqrt(x + 1))

    Domain: x >= 1. Outside, DomainError, a ValueError.

    Convention: slope inf at 1.

    >>> from autograd_lite import Value, acosh
    >>> x = Value(2.0)
    >>> z = acosh(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    1.31696, 0.57735
    """
@overload
def acosh(x: Value) -> Value: ...
@overload
def atanh(x: float) -> float:
    """z = atanh(x): inverse hyperbolic tangent.

    dz/dx = 1 / (1 - x**2), computed as asin_slope(x) * asin_slope(x)

    Domain: -1 < x < 1. Outside, DomainError, a ValueError.

    >>> from autograd_lite import Value, atanh
    >>> x = Value(0.7)
    >>> z = atanh(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.867301, 1.96078
    """
@overload
def atanh(x: Value) -> Value: ...
@overload
def erf(x: float) -> float:
    """z = erf(x): error function.

    dz/dx = 1.1283791670955126 * exp(-x * x)

    >>> from autograd_lite import Value, erf
    >>> x = Value(-0.7)
    >>> z = erf(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.677801, 0.691275
    """
@overload
def erf(x: Value) -> Value: ...
@overload
def erfc(x: float) -> float:
    """z = erfc(x): 1 - erf(x).

    dz/dx = -1.1283791670955126 * exp(-x * x)

    >>> from autograd_lite import Value, erfc
    >>> x = Value(-0.7)
    >>> z = erfc(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    1.6778, -0.691275
    """
@overload
def erfc(x: Value) -> Value: ...
@overload
def sigmoid(x: float) -> float:
    """z = sigmoid(x): logistic function.

    dz/dx = z * (1 - z), computed as sigmoid_slope(x)

    >>> from autograd_lite import Value, sigmoid
    >>> x = Value(-0.7)
    >>> z = sigmoid(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.331812, 0.221713
    """
@overload
def sigmoid(x: Value) -> Value: ...
@overload
def sigmoid_slope(x: float) -> float:
    """z = sigmoid(x) * sigmoid(-x): slope of the sigmoid.

    dz/dx = -z * tanh(0.5 * x)

    >>> from autograd_lite import Value, sigmoid_slope
    >>> x = Value(-0.7)
    >>> z = sigmoid_slope(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.221713, 0.0745788
    """
@overload
def sigmoid_slope(x: Value) -> Value: ...
@overload
def logsigmoid(x: float) -> float:
    """z = -softplus(-x): logarithm of the sigmoid.

    dz/dx = sigmoid(-x)

    >>> from autograd_lite import Value, logsigmoid
    >>> x = Value(-0.7)
    >>> z = logsigmoid(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -1.10319, 0.668188
    """
@overload
def logsigmoid(x: Value) -> Value: ...
@overload
def softplus(x: float) -> float:
    """z = softplus(x): log(1 + exp(x)).

    dz/dx = sigmoid(x)

    >>> from autograd_lite import Value, softplus
    >>> x = Value(-0.7)
    >>> z = softplus(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.403186, 0.331812
    """
@overload
def softplus(x: Value) -> Value: ...
@overload
def softsign(x: float) -> float:
    """z = x / (1 + abs(x)): x over 1 + its size.

    dz/dx = 1 / (1 + abs(x))**2, computed as 1 / (1 + abs(x)) / (1 + abs(x))

    >>> from autograd_lite import Value, softsign
    >>> x = Value(-0.7)
    >>> z = softsign(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.411765, 0.346021
    """
@overload
def softsign(x: Value) -> Value: ...
@overload
def silu(x: float) -> float:
    """z = silu(x): x * sigmoid(x).

    dz/dx = z + sigmoid(x) * (1 - z), computed as sigmoid(x) + z * sigmoid(-x)

    >>> from autograd_lite import Value, silu
    >>> x = Value(-0.7)
    >>> z = silu(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.232269, 0.176613
    """
@overload
def silu(x: Value) -> Value: ...
@overload
def mish(x: float) -> float:
    """z = mish(x): x * tanh(softplus(x)).

    dz/dx = tanh(softplus(x)) + sech(softplus(x)) * sech(softplus(x)) * silu(x)

    >>> from autograd_lite import Value, mish
    >>> x = Value(-0.7)
    >>> z = mish(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.26787, 0.184416
    """
@overload
def mish(x: Value) -> Value: ...
@overload
def gelu(x: float) -> float:
    """z = gelu(x): x times the normal distribution.

    dz/dx = 0.5 * erfc(-x / sqrt(2)) + x * exp(-x**2 / 2) / sqrt(2 * 3.141592653589793), computed as 0.5 * erfc(-0.7071067811865476 * x) + 0.3989422804014327 * x * exp(-0.25 * x * x) * exp(-0.25 * x * x)

    >>> from autograd_lite import Value, gelu
    >>> x = Value(-0.7)
    >>> z = gelu(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.169375, 0.0233859
    """
@overload
def gelu(x: Value) -> Value: ...
@overload
def relu(x: float) -> float:
    """z = relu(x): x above 0, else 0.

    dz/dx = step(x)

    Convention: slope 0 at 0.

    >>> from autograd_lite import Value, relu
    >>> x = Value(-0.7)
    >>> z = relu(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0, 0
    """
@overload
def relu(x: Value) -> Value: ...
@overload
def relu6(x: float) -> float:
    """z = minimum(relu(x), 6): x between 0 and 6.

    dz/dx = step(x) * step(6 - x)

    Convention: slope 0 at 0 and 6.

    >>> from autograd_lite import Value, relu6
    >>> x = Value(-0.7)
    >>> z = relu6(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0, 0
    """
@overload
def relu6(x: Value) -> Value: ...
@overload
def hardtanh(x: float) -> float:
    """z = minimum(maximum(x, -1), 1): x between -1 and 1.

    dz/dx = step(x + 1) * step(1 - x)

    Convention: slope 0 at -1 and 1.

    >>> from autograd_lite import Value, hardtanh
    >>> x = Value(-0.7)
    >>> z = hardtanh(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.7, 1
    """
@overload
def hardtanh(x: Value) -> Value: ...
@overload
def leaky_relu(x: float, slope: float = 0.01) -> float:
    """z = where(step(x), x, slope * x): x above 0, else slope * x.

    dz/dx = where(step(x), 1, slope)
    dz/dslope = where(step(x), 0, x)

    A plain number as slope is a parameter: it is not differentiated by.

    Convention: at 0, the slope of the left side.

    >>> from autograd_lite import Value, leaky_relu
    >>> x = Value(-0.7)
    >>> z = leaky_relu(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.007, 0.01
    """
@overload
def leaky_relu(x: Value, slope: Value | float = 0.01) -> Value: ...
@overload
def leaky_relu(x: float, slope: Value) -> Value: ...
@overload
def elu(x: float, alpha: float = 1.0) -> float:
    """z = where(step(x), x, alpha * expm1(where(step(x), 0, x))): exponential linear unit.

    dz/dx = where(step(x), 1, alpha * exp(where(step(x), 0, x)))
    dz/dalpha = expm1(where(step(x), 0, x))

    A plain number as alpha is a parameter: it is not differentiated by.

    Convention: at 0, the slope of the left side.

    >>> from autograd_lite import Value, elu
    >>> x = Value(-0.7)
    >>> z = elu(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.503415, 0.496585
    """
@overload
def elu(x: Value, alpha: Value | float = 1.0) -> Value: ...
@overload
def elu(x: float, alpha: Value) -> Value: ...
@overload
def selu(x: float) -> float:
    """z = 1.0507009873554805 * where(step(x), x, 1.6732632423543772 * expm1(where(step(x), 0, x))): scaled elu.

    dz/dx = 1.0507009873554805 * where(step(x), 1, 1.6732632423543772 * exp(where(step(x), 0, x)))

    Convention: at 0, the slope of the left side.

    >>> from autograd_lite import Value, selu
    >>> x = Value(-0.7)
    >>> z = selu(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0.885053, 0.873046
    """
@overload
def selu(x: Value) -> Value: ...
@overload
def abs(x: float) -> float:
    """z = abs(x): absolute value.

    dz/dx = sign(x)

    Convention: slope 0 at 0.

    >>> from autograd_lite import Value, abs
    >>> x = Value(-0.7)
    >>> z = abs(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0.7, -1
    """
@overload
def abs(x: Value) -> Value: ...
@overload
def sign(x: float) -> float:
    """z = sign(x): 1, -1 or 0.

    dz/dx = 0

    >>> from autograd_lite import Value, sign
    >>> x = Value(-0.7)
    >>> z = sign(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -1, 0
    """
@overload
def sign(x: Value) -> Value: ...
@overload
def step(x: float) -> float:
    """z = step(x): 1 above 0, else 0.

    dz/dx = 0

    >>> from autograd_lite import Value, step
    >>> x = Value(-0.7)
    >>> z = step(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    0, 0
    """
@overload
def step(x: Value) -> Value: ...
@overload
def equal(x: float, y: float) -> float:
    """z = equal(x, y): 1 where x = y, else 0.

    dz/dx = 0
    dz/dy = 0

    >>> from autograd_lite import Value, equal
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = equal(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    0, 0, 0
    """
@overload
def equal(x: Value, y: Value | float) -> Value: ...
@overload
def equal(x: float, y: Value) -> Value: ...
@overload
def floor(x: float) -> float:
    """z = floor(x): next whole number below.

    dz/dx = 0

    >>> from autograd_lite import Value, floor
    >>> x = Value(-0.7)
    >>> z = floor(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -1, 0
    """
@overload
def floor(x: Value) -> Value: ...
@overload
def ceil(x: float) -> float:
    """z = ceil(x): next whole number above.

    dz/dx = 0

    >>> from autograd_lite import Value, ceil
    >>> x = Value(-0.7)
    >>> z = ceil(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -0, 0
    """
@overload
def ceil(x: Value) -> Value: ...
@overload
def round(x: float) -> float:
    """z = round(x): nearest whole number.

    dz/dx = 0

    Convention: a half goes to the even one.

    >>> from autograd_lite import Value, round
    >>> x = Value(-0.7)
    >>> z = round(x)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}")
    -1, 0
    """
@overload
def round(x: Value) -> Value: ...
@overload
def maximum(x: float, y: float) -> float:
    """z = maximum(x, y): larger of two.

    dz/dx = equal(x, z) / (1 + equal(x, y))
    dz/dy = equal(y, z) / (1 + equal(x, y))

    Convention: a tie is halved.

    >>> from autograd_lite import Value, maximum
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = maximum(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    2, 0, 1
    """
@overload
def maximum(x: Value, y: Value | float) -> Value: ...
@overload
def maximum(x: float, y: Value) -> Value: ...
@overload
def minimum(x: float, y: float) -> float:
    """z = minimum(x, y): smaller of two.

    dz/dx = equal(x, z) / (1 + equal(x, y))
    dz/dy = equal(y, z) / (1 + equal(x, y))

    Convention: a tie is halved.

    >>> from autograd_lite import Value, minimum
    >>> x, y = Value(-0.7), Value(2.0)
    >>> z = minimum(x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    -0.7, 1, 0
    """
@overload
def minimum(x: Value, y: Value | float) -> Value: ...
@overload
def minimum(x: float, y: Value) -> Value: ...
@overload
def clamp(x: float, low: float, high: float) -> float:
    """z = minimum(maximum(x, low), high): x between two bounds.

    dz/dx = where(step(low - x), 0, where(step(x - high), 0, 1))
    dz/dlow = where(step(low - x), where(step(high - low), 1, 0), 0)
    dz/dhigh = where(step(maximum(x, low) - high), 1, 0)

    Convention: slope 1 by x at a bound; high where low > high.

    >>> from autograd_lite import Value, clamp
    >>> x, low, high = Value(-0.7), Value(2.0), Value(3.0)
    >>> z = clamp(x, low, high)
    >>> z.backward()
    >>> print(f"{z:.6g}, {x.grad:.6g}, {low.grad:.6g}, {high.grad:.6g}")
    2, 0, 1, 0
    """
@overload
def clamp(x: Value, low: Value | float, high: Value | float) -> Value: ...
@overload
def clamp(x: float, low: Value, high: Value | float) -> Value: ...
@overload
def clamp(x: float, low: float, high: Value) -> Value: ...
@overload
def where(condition: float, x: float, y: float) -> float:
    """z = where(condition, x, y): x where condition is not 0, else y.

    dz/dcondition = 0
    dz/dx = where(condition, 1, 0)
    dz/dy = where(condition, 0, 1)

    >>> from autograd_lite import Value, where
    >>> condition, x, y = Value(-0.7), Value(2.0), Value(3.0)
    >>> z = where(condition, x, y)
    >>> z.backward()
    >>> print(f"{z:.6g}, {condition.grad:.6g}, {x.grad:.6g}, {y.grad:.6g}")
    2, 0, 1, 0
    """
@overload
def where(condition: Value, x: Value | float, y: Value | float) -> Value: ...
@overload
def where(condition: float, x: Value, y: Value | float) -> Value: ...
@overload
def where(condition: float, x: float, y: Value) -> Value: ...
@overload
def linear(weights: Sequence[float], inputs: Sequence[float], bias: float) -> float:
    """w1*x1 + ... + wn*xn + b as one node: the net input of a neuron. Its parents are the w, the x and b, in this order.

    weights, inputs: n operands each (else ValueError). A float if all operands are plain numbers. The derivative by w_i is x_i,
    by x_i it is w_i, and by b it is 1.

    >>> from autograd_lite import Value
    >>> linear([Value(2.0), Value(3.0)], [10.0, 100.0], Value(1.0)).data
    321.0
    """
@overload
def linear(weights: Sequence[Value | float], inputs: Sequence[Value | float], bias: Value | float) -> Value: ...
@overload
def dot(xs: Iterable[float], ys: Iterable[float]) -> float:
    """x1*y1 + ... + xn*yn as one node. ValueError unless there are as many x as y; 0.0 if there are none.

    The derivative by x_i is y_i, and by y_i it is x_i.

    >>> dot([1.0, 2.0], [10.0, 100.0])
    210.0
    """
@overload
def dot(xs: Iterable[Value | float], ys: Iterable[Value | float]) -> Value: ...
@overload
def sum_(xs: Iterable[float]) -> float:
    """x1 + ... + xn as one node, added from left to right; 0.0 if there are none. The derivative by each is 1.

    >>> sum_([1.0, 2.0, 3.0])
    6.0
    """
@overload
def sum_(xs: Iterable[Value | float]) -> Value: ...
@overload
def mean(xs: Iterable[float]) -> float:
    """(x1 + ... + xn) / n. ValueError if there are none.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
@overload
def mean(xs: Iterable[Value | float]) -> Value: ...
@overload
def var(xs: Iterable[float], correction: float = 1) -> float:
    """The variance of n numbers: the sum of (x_i - mean(x))**2, divided by n - correction. ValueError for too few.

    The default is that of a sample, as in PyTorch; with ``correction=0``, NumPy's default, it is that of the numbers themselves.

    >>> var([1.0, 2.0, 3.0]), var([1.0, 2.0, 3.0, 4.0], correction=0)
    (1.0, 1.25)
    """
@overload
def var(xs: Iterable[Value | float], correction: float = 1) -> Value: ...
@overload
def std(xs: Iterable[float], correction: float = 1) -> float:
    """The standard deviation: the square root of `var`.

    >>> std([1.0, 3.0, 5.0])
    2.0
    """
@overload
def std(xs: Iterable[Value | float], correction: float = 1) -> Value: ...
@overload
def prod(xs: Iterable[float]) -> float:
    """x1 * ... * xn as one node; 1.0 if there are none. The derivative by each is the product of the others.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
@overload
def prod(xs: Iterable[Value | float]) -> Value: ...
@overload
def max_(xs: Iterable[float]) -> float:
    """The largest as one node; nan if one is nan. ValueError if there are none.

    The derivative by the largest is 1, and by the others 0; a tie splits it evenly.

    >>> max_([3.0, 7.0, -2.0])
    7.0
    """
@overload
def max_(xs: Iterable[Value | float]) -> Value: ...
@overload
def min_(xs: Iterable[float]) -> float:
    """The smallest as one node; nan if one is nan. ValueError if there are none.

    The derivative by the smallest is 1, and by the others 0; a tie splits it evenly.

    >>> min_([3.0, 7.0, -2.0])
    -2.0
    """
@overload
def min_(xs: Iterable[Value | float]) -> Value: ...
@overload
def logsumexp(xs: Iterable[float]) -> float:
    """log(exp(x1) + ... + exp(xn)) as one node, without overflow. ValueError if there are none.

    The derivatives are `softmax(xs)`.

    >>> print(f"{logsumexp([1000.0, 1000.0]):.6f}")  # 1000 + log(2)
    1000.693147
    """
@overload
def logsumexp(xs: Iterable[Value | float]) -> Value: ...
@overload
def log_softmax(xs: Iterable[float]) -> list[float]:
    """The logarithm of each of `softmax(xs)`, also where that underflows: x_i - logsumexp(x). ValueError if there are none.

    Each is one node of all operands, x_i the first of them. Its derivative by x_j is (i == j) - p_j.

    >>> log_softmax([0.0, 1000.0])
    [-1000.0, 0.0]
    """
@overload
def log_softmax(xs: Iterable[Value | float]) -> list[Value]: ...
@overload
def softmax(xs: Iterable[float]) -> list[float]:
    """exp(x_i) / (exp(x1) + ... + exp(xn)) for each i: positive, of sum 1, without overflow. ValueError if there are none.

    Each is one node of all operands, x_i the first of them. Its local derivatives are a row of the Jacobian,
    p_i * ((i == j) - p_j).

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
@overload
def softmax(xs: Iterable[Value | float]) -> list[Value]: ...
@overload
def affine(weights: Iterable[Iterable[float]], vectors: Iterable[Iterable[float]], biases: Iterable[float] | None = None) -> list[list[float]]:
    """W x + b for each x of several vectors: for each, a `linear` of every row of weights, or a `dot` where there are no biases.

    weights: m rows of n operands; vectors: each of n; biases: m. ValueError for other numbers of them. The nodes are those of so
    many calls; in one, what a row or a vector has in common is read and kept once for all of its nodes.

    >>> affine([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [10.0, 100.0]], [0.5, -0.5])
    [[1.5, 2.5], [210.5, 429.5]]
    """
@overload
def affine(weights: Iterable[Iterable[Value | float]], vectors: Iterable[Iterable[Value | float]], biases: Iterable[Value | float] | None = None) -> list[list[Value]]: ...
@overload
def nll(logits: Iterable[float], target: int | Iterable[float]) -> float:
    """The negative log-likelihood, or cross-entropy, of a target under p = softmax(logits), as one node.

    target: the index k of a class, for -log(p_k); or n weights, for -(w1 * log(p1) + ... + wn * log(pn)), where a weight of 0
    leaves its term out. The local derivative by logit i is p_i - (i == k), or p_i * (w1 + ... + wn) - w_i. ValueError unless
    there is at least one logit, and a weight for each.

    >>> print(f"{nll([2.0, 1.0, 0.0], 0):.6f}")
    0.407606
    """
@overload
def nll(logits: Iterable[Value | float], target: int | Iterable[Value | float]) -> Value: ...
