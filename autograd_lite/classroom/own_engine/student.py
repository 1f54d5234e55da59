"""The student's side: an engine is loaded, and answers requests, whatever it does meanwhile.

A request is JSON, and so is an answer: numbers of nodes, or what went wrong instead. This file imports nothing of the package: it
runs as a script in a process of its own (the engine's path is its argument), or in this one where there are no processes, or the
engine is a class of a notebook. There, too, what runs is bounded in lines of Python, and what belongs to Python is put back.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import linecache
import math
import numbers
import operator
import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any, TextIO

MOST_STEPS = 2_000_000
"""So many instructions of Python may run for one request."""
LONGEST = 120
"""Characters of what an engine says of itself."""

PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "")
OPERATORS: dict[str, Callable[..., Any]] = {
    **{"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv},
    **{"pow": operator.pow, "neg": operator.neg},
}
METHODS = {name: f"__{'truediv' if name == 'div' else name}__" for name in OPERATORS}
"""By operation what a class has that has it, where it is not its name."""
PIECES = ("matvec", "softmax", "rnn")
"""What may be built on an engine: functions of Values and lists, each of which returns a list."""
LOCAL_DERIVATIVES = ("local_derivatives", "_local_derivatives", "local_grads", "_local_grads")


class TooLong(BaseException):
    """An engine that runs and runs."""


class NoValue(Exception):
    """Something else stands where a Value should: what it is."""


class NoList(Exception):
    """Something else is returned than a list of so many Values: what it is."""


class Changed(Exception):
    """A list that was given is another one afterwards."""


def result(op: str) -> tuple[str, int]:
    """The piece that a row is a result of, and which; an operation, and -1, for another row.

    >>> result("softmax[1]"), result("add")
    (('softmax', 1), ('add', -1))
    """
    name, _, at = op.rstrip("]").partition("[")
    return name, int(at or -1)


def applied(op: str, operands: Sequence[Any]) -> Any:
    """The operation on Values, of whichever engine: by its sign, or else as a method."""
    return OPERATORS[op](*operands) if op in OPERATORS else getattr(operands[0], op)(*operands[1:])


class Student:
    """An engine, of a file, a module or a class, and what it answers.

    engine: a path, a module, or a class like `Value`. guarded: the modules that it may change for the length of a request. alone:
    whether the process is its own, so that an interrupt is of its making.
    """

    def __init__(self, engine: Any, guarded: Sequence[types.ModuleType] = (builtins, math), alone: bool = False) -> None:
        self.engine, self.alone = engine, alone
        self.names: dict[str, Any] = {}
        self.file, self.lines = "", list[str]()
        self.at: list[Any] = []
        """What is being done: "load", an operation and its node, "backward" ..."""
        self.changed: list[str] = []
        """The names of Python's own that it has given another meaning."""
        self._guarded = [(vars(module), dict(vars(module))) for module in guarded]
        self._left, self._loading = 0, False

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the engine answers: {"do": "load"}, or "nodes", "slopes", "order", "zero_grad", "steps" with their fields.

        With "raised" in it, if it raises, does not end or gives what is no Value.
        """
        arguments = {**request}
        do = arguments.pop("do")
        self._loading = do == "load"
        try:
            found: dict[str, Any] = self._bounded(getattr(self, do), arguments)
            return found
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and not self.alone:
                raise
            return {"raised": self._described(error), "at": self.at}

    # Requests

    def load(self, operations: Sequence[str] = ()) -> dict[str, Any]:
        """Reads the engine; which of the names and operations it has, and which with a plain number on the left."""
        self.at = ["load"]
        if isinstance(self.engine, type):
            self.names = {"Value": self.engine}
            codes = [f.__code__ for f in vars(self.engine).values() if isinstance(f, types.FunctionType)]
            self.file = codes[0].co_filename if codes else ""
        elif isinstance(self.engine, types.ModuleType):
            self.names, self.file = vars(self.engine), str(getattr(self.engine, "__file__", ""))
        else:
            self._run(str(self.engine))
        value = self.names.get("Value")
        if not isinstance(value, type):
            return {"value": False}
        model = self.names.get("MLP")
        has = {
            "topological_order": callable(self.names.get("topological_order")),
            "zero_grad": callable(getattr(model, "zero_grad", None)),
            "step": callable(model) and callable(self.names.get("step")),
        }
        has |= {name: callable(self.names.get(name)) for name in PIECES}
        known = [op for op in operations if callable(getattr(value, METHODS.get(op, op), None))]
        reflected = [op for op in known if op in METHODS and callable(getattr(value, METHODS[op].replace("__", "__r", 1), None))]
        return {"value": True, "has": [name for name in has if has[name]], "operations": known, "reflected": reflected}

    def _run(self, path: str) -> None:
        with open(path, "rb") as file:
            source = file.read()
        self.file = path
        self.lines = source.decode("utf-8", "replace").splitlines()
        module = types.ModuleType("engine_of_a_student")
        module.__file__ = path
        sys.modules[module.__name__] = module  # where dataclasses look
        self.names = vars(module)
        try:
            exec(compile(source, path, "exec", dont_inherit=True), self.names)
        finally:
            self._put_back()

    def nodes(self, rows: Sequence[Sequence[Any]], outputs: Sequence[int] = (), times: int = 1) -> dict[str, Any]:
        """Data and grad of each node of a graph, after backward() from each of the outputs.

        rows: an operation and its operands for each node, the places of nodes or plain numbers (floats); "" and a number for a
        leaf; "softmax[1]" and lists of places for a result of a call. times: how often it is done.
        """
        made = self._made(rows)
        for output in [*outputs] * times:
            self.at = ["backward", output]
            made[output].backward()
        self.at = ["read"]
        return {"data": [_number(node.data) for node in made], "grad": [_number(node.grad) for node in made]}

    def _made(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        made: list[Any] = []
        results: dict[str, Sequence[Any]] = {}
        for k, (op, operands) in enumerate(rows):
            name, at = result(op)
            given = [_given(x, made) for x in operands]
            if at >= 0 and (call := f"{name} {operands}") not in results:
                self.at = ["call", k]
                results[call] = self._results(name, given)
            self.at = ["node", k]
            if at >= 0:
                node = results[call][at]
            else:
                node = applied(op, given) if op else self.names["Value"](*given)
            if not isinstance(node, self.names["Value"]):
                raise NoValue(_shown(node))
            made.append(node)
        return made

    def _results(self, name: str, given: Sequence[Any]) -> Sequence[Any]:
        """What a piece returns: as many Values as there are in the first list that it is given."""
        before, count = _ids(given), next(len(x) for x in given if isinstance(x, list))
        found = self.names[name](*given)
        if _ids(given) != before:
            raise Changed
        if not isinstance(found, (list, tuple)) or len(found) != count:
            raise NoList(_shown(found))
        return found

    def slopes(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """The local derivatives of the last node and the places of its parents; None for what cannot be seen."""
        made = self._made(rows)
        node = made[-1]
        self.at = ["slopes", len(made) - 1]
        operands = [made[i] for i in rows[-1][1]]
        return {"slopes": self._slopes(node, operands), "parents": self._parents(node, made)}

    def _slopes(self, node: Any, operands: Sequence[Any]) -> Any:
        for name in LOCAL_DERIVATIVES:
            found = getattr(node, name, None)
            if isinstance(found, (tuple, list)):
                slopes = [_number(x) for x in found]
                return slopes if all([isinstance(x, float) for x in slopes]) else None
        if not callable(send := getattr(node, "_backward", None)):
            return None
        node.grad = 1.0
        try:
            send()
        except TypeError:  # it is something else than in micrograd
            return None
        slopes = [_number(operand.grad) for operand in operands]
        return slopes if any(slopes) else None

    def _parents(self, node: Any, made: Sequence[Any]) -> Any:
        found = getattr(node, "parents", None)
        if not isinstance(found, (tuple, list, set)) or not all([isinstance(parent, self.names["Value"]) for parent in found]):
            return None
        return [_place(parent, made) for parent in found]

    def order(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """The places of the nodes in the order, -1 for what is none of them; None if it is no list."""
        made = self._made(rows)
        self.at = ["order", len(made) - 1]
        found = self.names["topological_order"](made[-1])
        if not isinstance(found, (list, tuple)):
            return {"order": None, "got": _shown(found)}
        return {"order": [_place(node, made) for node in found]}

    def zero_grad(self, grad: float) -> dict[str, Any]:
        """The grads of the parameters of a model, after zero_grad()."""
        model = self._model()
        for parameter in model.parameters():
            parameter.grad = grad
        self.at = ["zero_grad"]
        model.zero_grad()
        return {"grad": [_number(parameter.grad) for parameter in model.parameters()]}

    def _model(self) -> Any:
        self.at = ["model"]
        return self.names["MLP"](2, [3, 1])

    def steps(self, data: Sequence[float], examples: Any, rate: float, count: int) -> dict[str, Any]:
        """The losses and the parameters after each of some steps of training, from parameters of these data.

        Without data only the parameters are told.
        """
        model = self._model()
        for parameter, x in zip(model.parameters(), data):
            parameter.data = x
        losses, after = [], []
        for k in range(count):
            self.at = ["step", k]
            loss = self.names["step"](model, examples, rate)
            losses.append(_number(loss.data if isinstance(loss, self.names["Value"]) else loss))
            after.append([_number(parameter.data) for parameter in model.parameters()])
        return {"loss": losses, "data": after or [_number(parameter.data) for parameter in model.parameters()]}

    # Bounds

    def _bounded(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Calls it; only so many instructions run, and afterwards Python's names are what they were."""
        self._left = MOST_STEPS
        before = sys.gettrace()
        sys.settrace(self._count)
        try:
            return function(**arguments)
        finally:
            sys.settrace(before)
            self._put_back()

    def _count(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        if self._loading and frame.f_code.co_filename != self.file:
            return None  # what it imports
        self._left -= 1
        if self._left < 0:
            raise TooLong
        if frame.f_code.co_filename.startswith(PACKAGE):
            return None  # what comes to an end
        frame.f_trace_opcodes = True  # a loop may be of one line
        return self._count

    def _put_back(self) -> None:
        """No name of Python's is looked up before it is done."""
        for now, before in self._guarded:
            if now == before:
                continue
            self.changed += [name for name in before if name not in now or now[name] is not before[name]]
            now.update(before)

    # What went wrong

    def _described(self, error: BaseException) -> dict[str, Any]:
        line, text = self._line(error)
        if isinstance(error, SyntaxError) and error.filename == self.file and self.at == ["load"]:
            line, text = error.lineno or 0, self._text(error.lineno or 0)
        own = (TooLong, NoValue, NoList, Changed, NotImplementedError)
        kinds = (*own, SyntaxError, RecursionError, MemoryError, SystemExit, KeyboardInterrupt)
        kind = next((kind.__name__ for kind in kinds if isinstance(error, kind)), "")
        message = error.msg if isinstance(error, SyntaxError) else self._message(error)
        return {"kind": kind, "error": _clipped(type(error).__name__), "message": message, "line": line, "text": text}

    def _line(self, error: BaseException) -> tuple[int, str]:
        """The last line of the engine's own that an exception came through."""
        line, part = 0, error.__traceback__
        while part is not None:
            if part.tb_frame.f_code.co_filename == self.file:
                line = part.tb_lineno or line
            part = part.tb_next
        return line, self._text(line)

    def _text(self, line: int) -> str:
        if 0 < line <= len(self.lines):
            return _clipped(self.lines[line - 1].strip())
        return _clipped(linecache.getline(self.file, line).strip())  # of a cell, or a module

    def _message(self, error: BaseException) -> str:
        try:
            return _clipped(self._bounded(error.__str__, {}))
        except BaseException:
            return ""


def _given(operand: Any, made: Sequence[Any]) -> Any:
    """The node at a place, the list of those at several, or the number itself."""
    if isinstance(operand, (list, tuple)):
        return [_given(x, made) for x in operand]
    return made[operand] if isinstance(operand, int) else operand


def _ids(given: Sequence[Any]) -> list[Any]:
    """What the lists, and the lists in them, consist of."""
    return [[(id(y), [*map(id, y)] if isinstance(y, list) else []) for y in x] if isinstance(x, list) else [] for x in given]


def _place(node: Any, made: Sequence[Any]) -> int:
    """Where a node stands, by identity: an engine may compare as it likes."""
    return next((k for k, one in enumerate(made) if one is node), -1)


def _number(x: Any) -> Any:
    """A number as JSON; of what is none, what it is."""
    if isinstance(x, numbers.Real):
        with contextlib.suppress(OverflowError):
            return float(x)
    return _shown(x)


def _shown(x: Any) -> str:
    try:
        return _clipped("None" if x is None else f"{type(x).__name__} {x!r}")
    except Exception:
        return type(x).__name__


def _clipped(text: Any) -> str:
    line = " ".join(str.split(sayable(text[: 10 * LONGEST])))
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


def sayable(text: str) -> str:
    """The text as a file can hold it: without halves of characters of UTF-16."""
    return str.encode(text, "utf-8", "replace").decode()


def main(path: str, memory: int) -> None:
    """Answers the requests of standard input, one in each line, on what was standard output: that becomes standard error."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    bounded = _bound_memory(memory)
    sys.path[0] = os.path.dirname(path)
    dumps, loads, leave, number_of_process = json.dumps, json.loads, os._exit, os.getpid
    number = number_of_process()
    student = Student(path, alone=True)
    for line in requests:
        found = {**student.answer(loads(line)), "changed": sorted(set(student.changed)), "bounded": bounded}
        if number_of_process() != number:  # the engine has made another one
            break
        answers.write(dumps(found) + "\n")
        answers.flush()
    leave(0)


def _bound_memory(size: int) -> bool:
    """Whether this process gets no more than so many bytes."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    except (ImportError, ValueError, OSError):
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
