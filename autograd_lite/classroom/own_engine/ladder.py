"""Graphs to check an engine on: by hand from tiny to deep, by chance, and what they are in `autograd_lite`.

A graph is data: a row for each node, its operation and its operands, the places of nodes before it (int) or plain numbers
(float). A leaf is ``("", (2.0,))``. See `pieces` for rows of what is built on an engine.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ... import ops
from ...backprop import backward, topological_order
from ...parse import parse
from ...value import OPERATIONS, Value
from .pieces import PIECES, Operand, each, places
from .student import OPERATORS, result

Row = tuple[str, tuple[Operand, ...]]
Rows = tuple[Row, ...]

LARGEST = 50.0
"""Data and grads of random graphs are smaller."""
NUMBERS = {"a": 2.0, "b": -1.5, "c": 0.5, "d": 3.0}
DEPTH = 50 if sys.platform == "emscripten" else 150
"""Nodes of a deep graph: an order by recursion is right, and in a browser the stack is short."""


class Case(NamedTuple):
    """A graph with the places of its outputs, and how often backward() is called from each, one after the other."""

    rows: Rows
    outputs: tuple[int, ...]
    times: int = 1


def case(text: str, times: int = 1) -> Case:
    """The graph of an expression, or of several steps, in the letters of `NUMBERS`."""
    output = parse(text, {name: x for name, x in NUMBERS.items() if name in text.replace("tanh", "")})
    rows = rows_of(output)
    return Case(rows, (len(rows) - 1,), times)


def rows_of(output: Value) -> Rows:
    place: dict[Value, int] = {}
    rows: list[Row] = []
    for node in topological_order(output):
        if not node.is_plain_number:
            place[node] = len(rows)
            operands = tuple([p.data if p.is_plain_number else place[p] for p in node.parents])
            rows.append((node.op, operands) if operands else ("", (node.data,)))
    return tuple(rows)


def values(rows: Rows) -> list[Value]:
    """The nodes of a graph, with letters for labels. ValueError or ArithmeticError outside a domain."""
    nodes: list[Value] = []
    calls: dict[object, Sequence[Value]] = {}
    for k, (op, operands) in enumerate(rows):
        name, at = result(op)
        given = each(operands, nodes.__getitem__)
        if at >= 0:
            if (name, operands) not in calls:
                calls[name, operands] = PIECES[name](*given)
            node = calls[name, operands][at]
        else:
            node = OPERATIONS[op](*given) if op else Value(*given)
        node.label = letter(k)
        nodes.append(node)
    return nodes


def right(case: Case) -> list[Value]:
    """The nodes of a case, after its passes: those on the blackboard, which nothing that an engine changes reaches."""
    nodes = values(case.rows)
    for output in case.outputs * case.times:
        backward(nodes[output])
    return nodes


def letter(k: int) -> str:
    """a, b ... z, a1, b1 ...: without those that look like digits, or stand for numbers."""
    letters = "abcdfghijkmnpqrstuvwxyz"
    return letters[k % len(letters)] + (str(k // len(letters)) if k >= len(letters) else "")


def line(rows: Rows, k: int) -> str:
    """The node as a line of Python."""
    op, operands = rows[k]
    return f"{letter(k)} = {formula(op, operands)}"


SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "neg": "-"}


def formula(op: str, operands: Sequence[Operand]) -> str:
    """The operation as it is written in Python."""
    if not op:
        return f"Value({operands[0]!r})"
    if result(op)[1] >= 0:
        return f"{call(op, operands)}[{result(op)[1]}]"
    names = [*map(_written, operands)]
    if op not in OPERATORS:
        return f"{names[0]}.{op}({', '.join(names[1:])})"
    return f" {SIGNS[op]} ".join(names) if len(names) > 1 else SIGNS[op] + names[0]


def call(op: str, operands: Sequence[Operand]) -> str:
    """The call that a row is a result of, as it is written in Python."""
    return f"{result(op)[0]}({', '.join(map(_written, operands))})"


def _written(operand: Operand) -> str:
    if isinstance(operand, tuple):
        return f"[{', '.join(map(_written, operand))}]"
    return letter(operand) if isinstance(operand, int) else repr(operand)


def further_operations() -> list[str]:
    """What an engine may have beyond the tasks: the signs, and the operations of one operand or two that have a slope."""
    rows = [(op, row) for op, row in ops.ROWS.items() if len(row.derivatives) <= 2 and {*row.derivatives} != {"0"}]
    return [op for op, row in rows if op in OPERATORS or not row.parameter]


# By hand

TINY = ("a + b", "a * b", "tanh(c)", "a + 2", "2 * a", "a + a", "a * a")
SHARED = (
    *("a * b + a", "tanh(a * c + b)", "c + c + c", "x = a * b; x * x", "x = a + b; y = x * c; y + x", "x = a + a; x + x"),
    *("x = a + b; y = a * c; z = x * y; z + x", "x = tanh(a * c); y = x * b; x * y + x", "x = tanh(c); tanh(x * x + x)"),
    *("x = a * b; y = tanh(x + c); z = y * x; z * y + a * d", "x = a + b; y = x * x; z = y * x; (z + y) * c"),
    *("x = tanh(a * c + b); y = tanh(d * c + b); x * y", "x = a * c + b; x * d + b"),
)
LAYERS = (
    *("x = tanh(c); tanh(x)", "x = a + a * b; y = b + b * a; x * y"),  # what is added to what it was computed from
    "x = a * b; y = a * x; z = b * x; y * z",  # what is scaled by what was computed from all of it
)
"""As in networks of many layers."""
ERRORS = ("y = d - tanh(a * c + b); y * y", "y = tanh(a * c + b) - d; y * y", "x = a * c; y = d - x; z = b - x; y * y + z * z")
"""Of targets and what has been computed: for engines that subtract."""
GATES = ("a * (1 - a)", "x = tanh(a); x * b + (1 - x) * c")
"""Of a gate and what it leaves: for engines that subtract from a plain number."""


def deep() -> Iterator[Case]:
    """A long chain, and one in which every node is used twice: a pass along every path would not end."""
    chain: list[Row] = [("", (0.9,)), ("", (0.5,))]
    for k in range(DEPTH):
        chain.append((("mul", "add", "tanh")[k % 3], (len(chain) - 1, 0)[: 2 if k % 3 < 2 else 1]))
    doubled: list[Row] = [("", (0.5,)), ("", (0.5,))]
    for _ in range(DEPTH // 4):
        doubled.append(("add", (len(doubled) - 1, len(doubled) - 1)))
        doubled.append(("mul", (len(doubled) - 1, 0)))
    yield from [Case(tuple(rows), (len(rows) - 1,)) for rows in (chain, doubled)]


def ladder(operations: Sequence[str] = (), reflected: Sequence[str] = ()) -> list[Case]:
    """From tiny to deep. operations: that the engine has, each alone, first those that others are made of.

    reflected: those that have been given a plain number on the left, too.
    """
    operations = sorted(operations, key=lambda op: (len(ops.ROWS[op].derivatives), op != "pow"))
    alone = [*map(single, operations), *[single(op, left=2.0) for op in operations if op in reflected]]
    differences = (ERRORS if "sub" in operations else ()) + (GATES if "sub" in reflected else ())
    return [*map(case, TINY), *[one for found in alone for one in found[:2]], *map(case, SHARED + LAYERS + differences), *deep()]


def single(op: str, left: float | None = None) -> list[Case]:
    """An operation alone, at numbers at which it has a value and a slope. left: in the place of its first operand."""
    count = len(ops.ROWS[op].derivatives)
    found = []
    for x in (0.5, -0.75, 1.5, 2.0):
        rows: list[Row] = [("", (number,)) for number in (x, 3.0)[:count]]
        operands: tuple[int | float, ...] = tuple(range(count))
        if left is not None or op == "pow":
            rows, operands = rows[:1], (0, 3.0) if left is None else (left, 0)
        found.append(Case((*rows, (op, operands)), (len(rows),)))
    return [*filter(is_fit, found)]


def twice() -> list[Case]:
    """Two passes over the same graph."""
    return [case(text, times=2) for text in ("a * b", "a + a", "x = a * b; x * c", "x = tanh(a * c + b); x * x + x")]


def two_outputs() -> list[Case]:
    """Passes from two outputs that share what they were computed from."""
    rows = case("x = a * b; y = x * c; x + y").rows
    return [Case(rows, (len(rows) - 2, len(rows) - 1))]


# By chance


def random_cases(count: int, operations: Sequence[str], reflected: Sequence[str], seed: int = 0) -> Iterator[Case]:
    """Graphs of 3 to 20 nodes or so of these operations, at which values and slopes are of ordinary size."""
    rng = random.Random(seed)
    made = 0
    while made < count:
        found = _random_case(rng, operations, reflected, rng.randint(1, 3 + made // 12))
        if is_fit(found):
            made += 1
            yield found


def _random_case(rng: random.Random, operations: Sequence[str], reflected: Sequence[str], size: int) -> Case:
    rows: list[Row] = [("", (_number(rng),)) for _ in range(rng.randint(1, 4))]
    for _ in range(size):
        op = rng.choice(["add", "mul", "tanh", rng.choice(operations or ["add"])])
        operands: list[int | float] = [_place(rng, len(rows)) for _ in ops.ROWS[op].derivatives]
        if op == "pow":
            operands[1] = rng.choice([2.0, 3.0, -1.0, 0.5])
        elif op in OPERATORS and len(operands) == 2 and rng.random() < 0.15:
            operands[0 if op in reflected and rng.random() < 0.5 else 1] = _number(rng)
        rows.append((op, tuple(operands)))
    return joined(rows)


def joined(rows: Sequence[Row]) -> Case:
    """The graph whose output is the sum of all nodes that are not used otherwise."""
    rows = [*rows]
    while loose := sorted({*range(len(rows) - 1)}.difference(*[places(operands) for _, operands in rows])):
        rows.append(("add", (len(rows) - 1, loose[0])))
    return Case(tuple(rows), (len(rows) - 1,))


def _place(rng: random.Random, count: int) -> int:
    """A node, one of the last more often."""
    return count - 1 - min(int(rng.expovariate(0.5)), count - 1)


def _number(rng: random.Random) -> float:
    return rng.choice([-1, 1]) * rng.randint(20, 200) / 100


def is_fit(case: Case) -> bool:
    """Whether it has a value, all numbers in it are of ordinary size, and none is at a kink or between two sides."""
    try:
        nodes = right(case)
    except (ValueError, ArithmeticError):
        return False
    methods = [[nodes[i].data for i in places(operands)] for op, operands in case.rows if op in ops.ROWS and op not in OPERATORS]
    plain = any([0.0 in data or len({*data}) < len(data) for data in methods])
    return not plain and all([abs(node.data) < LARGEST and abs(node.grad) < LARGEST for node in nodes])
