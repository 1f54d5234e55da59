"""Random graphs against differences in 50 digits, of functions that are written without a look at the table."""

import itertools
import math
import operator
import random
from fractions import Fraction
from functools import partial

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf

from autograd_lite import OPERATIONS, Value, gradient, ops, topological_order
from autograd_lite.formulas import Reading, is_composed

pytestmark = pytest.mark.slow


def variance(xs):
    centre = mpmath.fsum(xs) / len(xs)
    return mpmath.fsum([(x - centre) ** 2 for x in xs]) / (len(xs) - 1)


FUNCTIONS = {op: getattr(mpmath, op) for op in ops.ROWS if hasattr(mpmath, op)} | {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "pow": lambda x, y: x**y,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "exp2": lambda x: mpf(2) ** x,
    "log1p": lambda x: mpmath.log(1 + x),
    "log2": lambda x: mpmath.log(x, 2),
    "xlogy": lambda x, y: x * mpmath.log(y),
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "asin_slope": lambda x: 1 / mpmath.sqrt(1 - x * x),
    "hypot_slope": lambda x, y: x / mpmath.hypot(x, y),
    "sigmoid": lambda x: (1 + mpmath.tanh(x / 2)) / 2,
    "sigmoid_slope": lambda x: mpmath.sech(x / 2) ** 2 / 4,
    "logsigmoid": lambda x: -mpmath.log(1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "mish": lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "relu": lambda x: max(x, mpf(0)),
    "relu6": lambda x: min(max(x, mpf(0)), mpf(6)),
    "hardtanh": lambda x: min(max(x, mpf(-1)), mpf(1)),
    "selu": lambda x: mpf("1.0507009873554804934") * (x if x > 0 else mpf("1.6732632423543772848") * mpmath.expm1(x)),
    "leaky_relu": lambda x, y: x if x > 0 else y * x,
    "elu": lambda x, y: x if x > 0 else y * mpmath.expm1(x),
    "abs": lambda x: abs(x),
    "step": lambda x: mpf(x > 0),
    "round": mpmath.nint,
    "equal": lambda x, y: mpf(x == y),
    "maximum": max,
    "minimum": min,
    "clamp": lambda x, low, high: min(max(x, low), high),
    "where": lambda condition, x, y: x if condition else y,
    "sum_": lambda xs: mpmath.fsum(xs),
    "mean": lambda xs: mpmath.fsum(xs) / len(xs),
    "var": lambda xs: variance(xs),
    "std": lambda xs: mpmath.sqrt(variance(xs)),
    "prod": mpmath.fprod,
    "max_": max,
    "min_": min,
    "dot": mpmath.fdot,
    "linear": lambda ws, xs, b: mpmath.fdot(ws, xs) + b,
    "logsumexp": lambda xs: mpmath.log(mpmath.fsum(map(mpmath.exp, xs))),
    "softmax": lambda xs: mpmath.exp(xs[0]) / mpmath.fsum(map(mpmath.exp, xs)),
    "log_softmax": lambda xs: xs[0] - mpmath.log(mpmath.fsum(map(mpmath.exp, xs))),
}


class OnMpmath(Reading):
    """The formula of a row that is composed of others."""

    number = staticmethod(mpf)

    def primitive(self, name):
        return FUNCTIONS[name]


FUNCTIONS |= {
    op: partial(lambda op, *x: OnMpmath().formula(op, x), op) for op in ops.ROWS if op not in FUNCTIONS and is_composed(op)
}
OPERATORS = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow}

# An operand is the k-th last node, so that nodes are used again and again, or a plain number
plain_number = st.sampled_from([0.5, -1.25, 2, 3, -1, Fraction(1, 4)])
operand = st.integers(1, 5) | st.integers(1, 5) | plain_number.map(lambda number: [number])
instruction = st.tuples(
    st.sampled_from(sorted(OPERATIONS)),
    st.lists(operand, min_size=7, max_size=7),
    st.integers(1, 3),  # operands of a kind, in a family
    st.booleans(),  # as a method or with an operator
)
leaf = st.integers(-2000, 2000).map(lambda k: (k + 0.5) / 1000)  # between -2 and 2, never 0

H = mpf("1e-12")
DIGITS = 50


def displacements(leaves, order):
    """Where the graph is computed exactly: all leaves as they are, and up to `order` steps of one or two of them."""
    return [d for d in itertools.product((-1, 0, 1), repeat=leaves) if sum(map(abs, d)) <= order]


def slope(results, *moved):
    """The central difference by the leaves `moved`, of the results by displacement. Its error is about 1e-24."""
    n = len(next(iter(results)))
    if len(moved) == 2 and moved[0] == moved[1]:
        above, at, below = (results[tuple([s * (k == moved[0]) for k in range(n)])] for s in (1, 0, -1))
        return (above - 2 * at + below) / H**2
    total = 0
    for signs in itertools.product((1, -1), repeat=len(moved)):
        where = dict(zip(moved, signs))
        total += math.prod(signs) * results[tuple([where.get(k, 0) for k in range(n)])]
    return total / (2 * H) ** len(moved)


def arguments(op, operands, count):
    if op in ops.ROWS:
        return operands[: len(ops.ROWS[op].derivatives)]
    if op in ("dot", "linear"):
        return [operands[:count], operands[count : 2 * count], operands[2 * count]][: 3 if op == "linear" else 2]
    return [operands[:count]]


def used(op, count):
    return len(ops.ROWS[op].derivatives) if op in ops.ROWS else {"dot": 2 * count, "linear": 2 * count + 1}.get(op, count)


def is_smooth(op, operands, are_values, count):
    """Whether the operation is real, with a moderate slope and no kink near: elsewhere the conventions hold, see test_ops."""
    for i in range(used(op, count)):
        results = []
        for d in (-1, 0, 1) if are_values[i] else (0,):
            moved = [*operands[:i], operands[i] + d * mpf("1e-4"), *operands[i + 1 :]]
            results.append(FUNCTIONS[op](*arguments(op, moved, count)))
        if any(mpmath.im(z) or not abs(z) < 1000 for z in results):
            return False
        changes = [(b - a) * 10000 for a, b in itertools.pairwise(results)]
        if any(abs(change) > 100 for change in changes) or (changes and abs(changes[0] - changes[1]) > 0.02):
            return False
    return True


def computed(op, operands, count, otherwise_spelled):
    if otherwise_spelled and op in OPERATORS:
        return OPERATORS[op](*operands[:2])
    if otherwise_spelled and op in ops.ROWS and isinstance(operands[0], Value):
        return getattr(operands[0], op)(*arguments(op, operands, count)[1:])
    result = OPERATIONS[op](*arguments(op, operands, count))
    return result[0] if isinstance(result, list) else result


def graph(numbers, program, order, tried):
    """The leaves, all the nodes, and the last one's exact results by displacement. Instructions without a slope are left out."""
    leaves = [Value(a) for a in numbers]
    nodes = list(leaves)
    exact = [{d: mpf(a) + d[i] * H for d in displacements(len(leaves), order)} for i, a in enumerate(numbers)]
    here = (0,) * len(leaves)
    for op, places, count, otherwise_spelled in program:
        chosen = [place if isinstance(place, list) else -1 - (place - 1) % len(nodes) for place in places]
        are_values = [not isinstance(place, list) for place in chosen]
        at = [exact[place][here] if is_value else mpmath.mpmathify(place[0]) for place, is_value in zip(chosen, are_values)]
        try:
            if not any(are_values[: used(op, count)]) or not is_smooth(op, at, are_values, count):
                continue
        except (ValueError, ZeroDivisionError):
            continue
        results = {}
        for d in exact[0]:
            point = [exact[place][d] if is_value else a for place, is_value, a in zip(chosen, are_values, at)]
            results[d] = FUNCTIONS[op](*arguments(op, point, count))
        if any(abs(slope(results, i)) > 1000 for i in range(len(leaves))):
            continue
        operands = [nodes[place] if is_value else place[0] for place, is_value in zip(chosen, are_values)]
        nodes.append(computed(op, operands, count, otherwise_spelled))
        exact.append(results)
        tried.add(op)
    return leaves, nodes, exact[-1]


def fuzz(check, examples, leaves, steps, order):
    """Runs the check on the same random graphs each time, and sees to it that every operation was in one."""
    tried = set()

    @settings(max_examples=examples, derandomize=True, deadline=None, database=None)
    @given(st.lists(leaf, min_size=1, max_size=leaves), st.lists(instruction, min_size=steps // 2, max_size=steps))
    def run(numbers, program):
        with mpmath.workdps(DIGITS):
            check(*graph(numbers, program, order, tried))

    run()
    rng = random.Random(0)
    for _ in range(2000):  # which operations those were is chance
        if missing := sorted(set(OPERATIONS) - tried):
            numbers = [(rng.randint(-2000, 2000) + 0.5) / 1000 for _ in range(leaves)]
            program = [
                (rng.choice(missing), [rng.randint(1, 5) for _ in range(7)], rng.randint(1, 3), False) for _ in range(steps)
            ]
            with mpmath.workdps(DIGITS):
                check(*graph(numbers, program, order, tried))
    assert tried == set(OPERATIONS)


# The engine's slopes are products of 15 factors with the error of their operands in each: up to 1000 times 1000 ulp
def close(numbers):
    size = max(map(abs, numbers), default=0.0)
    return pytest.approx([float(a) for a in numbers], rel=1e-9, abs=1e-9 * (1 + float(size)))


def test_gradients_of_random_graphs_match_differences():
    def check(leaves, nodes, exact):
        output = nodes[-1]
        expected = [slope(exact, i) for i in range(len(leaves))]
        assert output.data == pytest.approx(float(exact[(0,) * len(leaves)]), rel=1e-10, abs=1e-10)
        output.backward()
        assert [leaf.grad for leaf in leaves] == close(expected)
        assert [derivative.data for derivative in gradient(output, leaves)] == close(expected)

    fuzz(check, examples=300, leaves=4, steps=24, order=1)


def test_second_derivatives_of_random_graphs_match_differences():
    def check(leaves, nodes, exact):
        for i, derivative in enumerate(gradient(nodes[-1], leaves)):
            expected = [slope(exact, i, j) for j in range(len(leaves))]
            assert [d.data for d in gradient(derivative, leaves)] == close(expected)

    fuzz(check, examples=700, leaves=3, steps=10, order=2)


def test_adjoint_is_the_sum_over_consumers_in_random_graphs():
    """grad = sum of the consumers' grad times their local derivative, at every node; and gradient() by a node is its grad."""

    def check(leaves, nodes, exact):
        output = nodes[-1]
        output.backward()
        order = topological_order(output)
        contributions = {node: [] for node in order}
        contributions[output].append(1.0)
        for node in order:
            for parent, derivative in zip(node.parents, node.local_derivatives):
                contributions[parent].append(node.grad * derivative)
        for node, parts in contributions.items():
            rounding = 1e-14 * math.fsum(map(abs, parts))
            assert node.grad == pytest.approx(math.fsum(parts), rel=0, abs=rounding)
        variables = [node for node in order if node.op != "const"]
        derivatives = gradient(output, variables)
        assert [derivative.data for derivative in derivatives] == close([node.grad for node in variables])

    fuzz(check, examples=300, leaves=4, steps=24, order=1)
