"""The eight tasks, and what is asked of an engine at each: nothing that a later one brings. And three for who goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ...value import Value
from ..mistakes import MISTAKES
from . import networks
from .judging import Ask, Finding, compared, failed, is_right, judged
from .ladder import SHARED, TINY, Case, Rows, case, deep, formula, ladder, letter, random_cases, right, single, twice, two_outputs
from .shrinking import shrunk

GRAPHS = 200
"""Random graphs."""
EXAMPLES = (([0.5, -1.0], 0.3), ([1.5, 0.25], -0.6), ([-0.75, 0.5], 0.9))
RATE = 0.1
STEPS = 3


class Engine(NamedTuple):
    """An engine that is asked: the operations it has, those that a plain number may stand on the left of, and the functions."""

    ask: Ask
    operations: Sequence[str]
    reflected: Sequence[str]
    has: Sequence[str]


class Task(NamedTuple):
    """A task: its name, what finds out what is wrong, and the function without which there is nothing to be checked."""

    name: str
    check: Callable[[Engine], Finding | None]
    function: str = ""


def _first(found: Iterable[Finding | None]) -> Finding | None:
    return next((one for one in found if one is not None), None)


def _node(engine: Engine) -> Finding | None:
    return _first(judged(engine.ask, Case((("", (x,)),), ())) for x in (2.0, -0.5, 3.25))


def _operation(*texts: str) -> Callable[[Engine], Finding | None]:
    def check(engine: Engine) -> Finding | None:
        return _first(found for text in texts for found in _alone(engine.ask, case(text).rows))

    return check


def _alone(ask: Ask, rows: Rows) -> Iterator[Finding | None]:
    """An operation alone: its number; then of nodes its parents and its local derivatives, if they can be seen."""
    shown = Case(rows, ())
    yield judged(ask, shown)
    op, operands = rows[-1]
    places = [i for i in operands if isinstance(i, int)]
    if len(places) < len(operands):
        return
    answer = ask("slopes", rows=rows)
    if (found := failed(answer, letter(len(rows) - 1), shown)) is not None:
        yield found
        return
    slopes, parents = answer["slopes"], answer["parents"]
    fields = {"node": letter(len(rows) - 1), "formula": formula(op, operands), "count": len(operands)}
    if parents is not None and not set(places) <= set(parents):
        got = ", ".join([letter(i) for i in parents if i >= 0])
        yield Finding("parents", {**fields, "right": ", ".join(map(letter, places)), "got": got or "()"}, shown)
    if slopes is None:
        return
    if len(slopes) != len(places):
        yield Finding("slopes", {**fields, "got": len(slopes)}, shown)
        return
    asked = shown._replace(outputs=(len(rows) - 1,))
    grad: list[Any] = [0.0] * (len(rows) - 1) + [1.0]
    for i, slope in zip(places, slopes):
        grad[i] = slope
    found = compared(asked, [node.data for node in right(asked)], grad)
    if found is not None:
        yield found._replace(
            key="slope" if found.key == "grad" else found.key, fields={**found.fields, **fields, "operand": found.fields["node"]}
        )


def _order(engine: Engine) -> Finding | None:
    found = _first(_ordered(engine.ask, one) for one in [*map(case, TINY), *map(case, SHARED), *deep()])
    if found is None:
        return None
    found = shrunk(found, lambda one: _ordered(engine.ask, one))
    return found._replace(case=found.case and found.case._replace(outputs=()))


def _ordered(ask: Ask, one: Case) -> Finding | None:
    if any(isinstance(i, float) for op, operands in one.rows if op for i in operands):
        return None  # nodes that the engine makes of plain numbers are its own affair
    last = len(one.rows) - 1
    call = f"topological_order({letter(last)})"
    answer = ask("order", rows=one.rows)
    if (found := failed(answer, call, one)) is not None:
        return found
    order = answer["order"]

    def wrong(key: str, **fields: Any) -> Finding:
        return Finding(f"order-{key}", {"call": call, "output": letter(last), **fields}, one)

    if order is None:
        return wrong("no-list", got=answer["got"])
    if -1 in order:
        return wrong("strange")
    if _is_ordered(one.rows, order):
        return None
    if _is_ordered(one.rows, order[::-1]):
        return wrong("reversed")
    for k in range(last + 1):
        if order.count(k) != 1:
            return wrong("missing" if k not in order else "again", node=letter(k), count=order.count(k))
    for k in order:
        for i in one.rows[k][1] if one.rows[k][0] else ():
            if order.index(int(i)) > order.index(k):
                return wrong("early", node=letter(k), parent=letter(int(i)), shown=", ".join(map(letter, order[:12])))
    return None


def _is_ordered(rows: Rows, order: Sequence[int]) -> bool:
    """Whether every node is there once, and after its parents."""
    place = {k: at for at, k in enumerate(order)}
    operands = [(place.get(int(i), len(order)), place.get(k, -1)) for k, (op, each) in enumerate(rows) if op for i in each]
    return len(place) == len(order) == len(rows) and all(before < after for before, after in operands)


def _backward(engine: Engine) -> Finding | None:
    def judge(one: Case) -> Finding | None:
        return judged(engine.ask, one)

    operations = [op for op in engine.operations if _is_written(engine.ask, op)]
    graphs = random_cases(GRAPHS, operations, engine.reflected)
    for cases in (ladder(operations, engine.reflected), graphs, twice(), two_outputs()):
        for one in cases:
            if (found := judge(one)) is not None:
                return shrunk(found, judge)
    return None


def _is_written(ask: Ask, op: str) -> bool:
    """Whether an operation beyond the tasks is there, and not a blank."""
    alone = single(op)
    return bool(alone) and ask("nodes", rows=alone[0].rows).get("raised", {}).get("kind") != "NotImplementedError"


def _piece(name: str) -> Callable[[Engine], Finding | None]:
    """Of what is built on an engine: the numbers of each graph by hand, then its grads; and graphs by chance."""

    def check(engine: Engine) -> Finding | None:
        def judge(one: Case) -> Finding | None:
            return judged(engine.ask, one)

        for one in networks.by_hand(name):
            found = judge(one._replace(outputs=())) or judge(one)
            if found is not None:
                return found._replace(key="grad-there") if found.key == "grad" else found
        found = _first(map(judge, networks.by_chance(name, GRAPHS // 4)))
        return shrunk(found, judge) if found is not None else None

    return check


def _zero_grad(engine: Engine) -> Finding | None:
    answer = engine.ask("zero_grad", grad=1.5)
    if (found := failed(answer, "model.zero_grad()")) is not None:
        return found
    for k, got in enumerate(answer["grad"]):
        if got != 0.0:
            return Finding("zero", {"what": f"model.parameters()[{k}].grad", "got": got})
    return None


def _training(engine: Engine) -> Finding | None:
    answer = engine.ask("steps", data=[], examples=EXAMPLES, rate=RATE, count=0)
    if (found := failed(answer, "MLP(2, [3, 1])")) is not None:
        return found
    count = len(answer["data"])
    if count != PARAMETERS:
        return Finding("parameters", {"right": PARAMETERS, "got": count})
    first = [round(0.9 - 0.37 * k % 1.9, 2) for k in range(count)]
    answer = engine.ask("steps", data=first, examples=EXAMPLES, rate=RATE, count=STEPS)
    if (found := failed(answer, "step(model, examples, 0.1)")) is not None:
        return found
    losses, data = trained(first)
    if answer["data"][0] == first:
        return Finding("step-nothing", {"call": "step(model, examples, 0.1)"})
    for k in range(STEPS):
        for i, (got, x) in enumerate(zip(answer["data"][k], data[k])):
            if not is_right(got, x):
                like = [name for name in UPDATES if _same(answer["data"], trained(first, name)[1])]
                fields = {"what": f"model.parameters()[{i}].data", "count": k + 1, "right": x, "got": got}
                return Finding("step-data", {**fields, "like": like, "node": f"model.parameters()[{i}]", "lr": RATE})
        if not is_right(answer["loss"][k], losses[k]):
            return Finding("step-loss", {"right": losses[k], "got": answer["loss"][k]})
    return None


PARAMETERS = 13
UPDATES = ("zero-grad", "ascent", "no-rate")
"""Mistakes of a step of training."""


def trained(first: Sequence[float], mistake: str = "") -> tuple[list[float], list[list[float]]]:
    """The losses and the parameters of each step of training MLP(2, [3, 1]); with one of the mistakes `UPDATES`."""
    update = next(iter(MISTAKES[mistake].passes(None))).update if mistake else None  # type: ignore[arg-type]
    parameters = [Value(x) for x in first]
    losses, data = [], []
    for _ in range(STEPS):
        loss = sum([error * error for xs, target in EXAMPLES for error in [_output(parameters, xs) - target]], Value(0.0))
        if mistake != "zero-grad":
            for parameter in parameters:
                parameter.grad = 0.0
        loss.backward()
        for w in parameters:
            w.data = update(w.data, w.grad, RATE) if update is not None else w.data - RATE * w.grad
        losses.append(loss.data)
        data.append([w.data for w in parameters])
    return losses, data


def _output(parameters: Sequence[Value], xs: Sequence[float]) -> Value:
    def unit(w: Sequence[Value], xs: Sequence[Any]) -> Value:
        return sum([a * x for a, x in zip(w, xs)], w[-1]).tanh()

    return unit(parameters[9:], [unit(parameters[k : k + 3], xs) for k in (0, 3, 6)])


def _same(got: Sequence[Sequence[Any]], data: Sequence[Sequence[float]]) -> bool:
    return all(is_right(a, b) for row, others in zip(got, data) for a, b in zip(row, others))


TASKS = (
    Task("node", _node),
    Task("add", _operation("a + b", "a + 2", "2 + b")),
    Task("mul", _operation("a * b", "a * 3", "3 * b")),
    Task("tanh", _operation("tanh(c)", "tanh(b)", "tanh(a)")),
    Task("order", _order, "topological_order"),
    Task("backward", _backward),
    Task("zero_grad", _zero_grad, "zero_grad"),
    Task("step", _training, "step"),
)
FURTHER = tuple([Task(name, _piece(name), name) for name in networks.GRAPHS])
"""Who goes on to networks may do these: each is asked for where the engine has the function."""
