"""What is wrong with an answer: a finding, which is a sentence with its numbers, and the graph that shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...value import Value
from .ladder import Case, call, formula, letter, line, right
from .pieces import places

Ask = Callable[..., dict[str, Any]]

TOLERANCE = 1e-9
"""Of a number, in its own size if that is above 1."""
KINDS = {"TooLong": "too-long", "NoValue": "no-value", "NotImplementedError": "open", "SyntaxError": "syntax"}
KINDS |= {"NoList": "no-list", "Changed": "changes-list"}
KINDS |= {"RecursionError": "recursion", "MemoryError": "memory", "SystemExit": "exit"}


class Finding(NamedTuple):
    """What is wrong: the key of its sentence (without ``engine-``) and the fields of that.

    case, data, grad: the graph that shows it, and what the engine has at each node, if it came so far: a number, or a text that
    says what it is instead. line, text: where in the engine.
    """

    key: str
    fields: Mapping[str, Any]
    case: Case | None = None
    data: Sequence[Any] = ()
    grad: Sequence[Any] = ()
    line: int = 0
    text: str = ""

    def is_like(self, other: Finding | None) -> bool:
        """Whether another one is of the same kind."""
        return other is not None and (self.key, self.fields.get("error")) == (other.key, other.fields.get("error"))


def failed(answer: Mapping[str, Any], asked: str, case: Case | None = None) -> Finding | None:
    """What an engine did in the place of an answer. asked: what was asked of it, where the answer does not say it."""
    if "ended" in answer:
        how = answer["ended"]
        key = {"time": "time", "exit": "exit"}.get(how, "killed")
        return Finding(key, {"call": asked, "how": how, "seconds": answer.get("seconds", 0)}, case)
    if "raised" not in answer:
        return None
    raised = answer["raised"]
    fields = {"call": _call(answer["at"], case) or asked, "error": raised["error"], "message": raised["message"]}
    key = KINDS.get(raised["kind"], "raised")
    if key == "no-list" and case is not None:
        _, operands = case.rows[answer["at"][1]]
        fields["count"] = len(next(x for x in operands if isinstance(x, tuple)))
    if key == "no-value" and raised["message"] == "None":
        key = "nothing"
    elif key == "syntax" and answer["at"] != ["load"]:
        key = "raised"
    elif key == "syntax" and not raised["line"]:
        key = "unread"
    return Finding(
        key, {**fields, "got": raised["message"], "line": raised["line"]}, case, line=raised["line"], text=raised["text"]
    )


def _call(at: Sequence[Any], case: Case | None) -> str:
    """What was being done, as a line of Python."""
    match at:
        case ["node", int(k)] if case is not None:
            return line(case.rows, k)
        case ["call", int(k)] if case is not None:
            return call(*case.rows[k])
        case ["backward", int(k)]:
            return f"{letter(k)}.backward()"
        case ["order", int(k)]:
            return f"topological_order({letter(k)})"
        case ["slopes", int(k)]:
            return f"{letter(k)}._backward()"
        case ["model"]:
            return "MLP(2, [3, 1])"
        case ["zero_grad"]:
            return "model.zero_grad()"
        case ["step", _]:
            return "step(model, examples, 0.1)"
    return ""


def is_right(got: Any, x: float) -> bool:
    return isinstance(got, float) and (got == x or abs(got - x) <= TOLERANCE * max(1.0, abs(x)))


def judged(ask: Ask, case: Case) -> Finding | None:
    """What is wrong with the passes of an engine over a graph; None if all numbers are right."""
    answer = ask("nodes", rows=case.rows, outputs=case.outputs, times=case.times)
    last = len(case.rows) - 1
    asked = f"{letter(case.outputs[-1])}.backward()" if case.outputs else line(case.rows, last)
    if (found := failed(answer, asked, case)) is not None:
        return found
    return compared(case, answer["data"], answer["grad"])


def compared(case: Case, data: Sequence[Any], grad: Sequence[Any]) -> Finding | None:
    """The first number that is wrong: of the data forward, of the grads from the output on back."""
    nodes = right(case)
    found = Finding("", {}, case, data, grad)
    for k, node in enumerate(nodes):
        if not is_right(data[k], node.data):
            return _wrong(found, k, "data", data[k], node.data)
    for k in first_wrong_grads(case, nodes, grad):
        return _wrong(found, k, "grad", grad[k], nodes[k].grad)
    return None


def first_wrong_grads(case: Case, nodes: Sequence[Value], grad: Sequence[Any]) -> list[int]:
    """The places of the wrong grads in the order of the backward pass; with several outputs, of the leaves alone."""
    asked = [k for k, (op, _) in enumerate(case.rows) if not op or len(case.outputs) < 2]
    return [k for k in reversed(asked) if not is_right(grad[k], nodes[k].grad)]


def _wrong(found: Finding, k: int, name: str, got: Any, x: float) -> Finding:
    assert found.case is not None
    case = found.case
    what = f"{letter(k)}.{name}"
    fields = {"what": what, "node": letter(k), "call": line(case.rows, k), "right": x, "got": got}
    if case.outputs:
        fields["output"] = letter(case.outputs[-1])
    if not isinstance(got, float):
        return found._replace(key="number", fields=fields)
    if name == "data":
        op, operands = case.rows[k]
        if not op and not case.outputs:
            fields["call"] = line(case.rows, len(case.rows) - 1)
        numbers = {letter(i): found.data[i] for i in places(operands)}
        if op and all(isinstance(x, float) and math.isfinite(x) for x in numbers.values()):
            fields["given"] = numbers
            fields["formula"] = formula(op, operands)
        return found._replace(key="data" if op else "leaf", fields=fields)
    key = "two-outputs" if len(case.outputs) > 1 else "second" if case.times > 1 else "grad" if case.outputs else "no-grad"
    return found._replace(key=key, fields=fields)
