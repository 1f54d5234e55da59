"""A training step of a GPT, for sequences of every length, by programs of one position.

Positions know of each other only where they look at each other. There a GPT is cut into stages: what a position does by itself,
from its own numbers and the keys and values of all. A stage is recorded once, with room for the keys and values of the longest
sequence, and runs on the positions of a sequence as on the examples of a batch. Back through the stages, its program gives the
adjoints of what it reads from those of what it hands on; those of parameters, keys and values are sums over the positions.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from operator import add
from typing import Any, NamedTuple

from autograd_lite import Program, Value, compile_program, data_of, dot, nll, trace
from autograd_lite.nests import is_array, leaves

from .compiled import Step
from .losses import ClassTarget, class_target
from .nests import in_lists, one_hot, place_as_vector

HIDDEN = -1e30
"""Added to a score, it leaves nothing of the weight."""
Rows = list[list[float]]
"""For each position, some numbers."""


class Stage(NamedTuple):
    """What a position does between two looks at the others. Stages of one `form` differ in their parameters alone.

    function: the first stage is given a token and a position (vectors with 1 at one place), the others the stream x and the query
    q of the position, the keys and values of all positions, and a mask that is added to its scores. It returns the lists x, q, k
    and v for the next stage, the last one the logits. parameters: those that it reads, by name.
    """

    form: str
    function: Callable[..., Any]
    parameters: dict[str, list[Value]]


def stages_of(gpt: Any) -> list[Stage]:
    """The stages of a GPT, one more than it has blocks."""
    nests = {name: leaves(nest) for name, nest in gpt._nests()}
    layers, final = gpt.layers(), len(gpt.blocks) - 1

    def read_by(*paths: str) -> dict[str, list[Value]]:
        return {name: values for name, values in nests.items() if name.startswith(paths)}

    def before(k: int) -> list[str]:
        path = f"blocks.{k}."
        return [f"{path}norm_a.", *[f"{path}attention.{kind}_{name}" for kind in "Wb" for name in "qkv"]]

    def after(k: int) -> list[str]:
        path = f"blocks.{k}."
        return [f"{path}attention.W_o", f"{path}attention.b_o", f"{path}norm_f.", f"{path}W_", f"{path}b_"]

    def looking(k: int, x: Any) -> tuple[Any, ...]:
        block, layer = gpt.blocks[k], layers[k]
        found = block.attention.project(block.norm_a(x, "t", layer, "norm_a"), "t", layer)
        return x, found["q"], found["k"], found["v"]

    def looked(k: int, x: Any, q: Any, keys: Any, values: Any, mask: Any) -> Any:
        block, layer = gpt.blocks[k], layers[k]
        found = block.attention.attend(q, keys, values, "t", layer, mask)
        return block.feed(x, found["o"], "t", layer)["resid_post"]

    def first(token: Any, position: Any) -> Any:
        return looking(0, list(gpt.embed(token, position, "t").values())[-1])

    def between(k: int, *given: Any) -> Any:
        return looking(k + 1, looked(k, *given))

    def last(*given: Any) -> Any:
        return gpt.read(looked(final, *given), "t")["y"]

    norm = ["norm."]
    stages = [Stage("first", first, read_by("wte", "wpe", *norm * (not gpt.norm_last), *before(0)))]
    stages += [Stage("between", partial(between, k), read_by(*after(k), *before(k + 1))) for k in range(final)]
    return [*stages, Stage("last", last, read_by(*after(final), *norm * gpt.norm_last, "lm"))]


def shares_parameters(gpt: Any) -> bool:
    """Whether a stage reads a parameter in two places."""
    bundles = [leaves(list(stage.parameters.values())) for stage in stages_of(gpt)]
    return any(len(set(values)) < len(values) for values in bundles)


class Programs(NamedTuple):
    """The programs of the stages of a form: forward, where it hands something on, and backward."""

    forward: Program | None
    backward: Program


class PositionStep(Step):
    """The loss of a sequence of tokens and its gradient, as by `Step`, for sequences of every length by the same `programs`.

    options: those of `sequence_cross_entropy`, which the loss is.
    """

    def __init__(self, gpt: Any, parameters: Iterable[Value], dialect: str, reduction: str = "sum", **options: Any) -> None:
        super().__init__(gpt, parameters, dialect)
        self.vocabulary, self.length, self.n = gpt.vocabulary, gpt.length, gpt.n
        self.causal, self.stages = gpt.blocks[0].attention.causal, stages_of(gpt)
        self.reduction, self.options = reduction, options
        bundles = {name: values for stage in self.stages for name, values in stage.parameters.items()}
        places = {value: k for k, value in enumerate(self.parameters)}
        order = sorted(bundles, key=lambda name: places.get(bundles[name][0], -1))
        alike = [value for name in order for value in bundles[name]] == self.parameters
        self._order = order if alike else None
        self._vectors = [one_hot(k, self.vocabulary) for k in range(self.vocabulary)]
        self._targets = [self._asked_anew(k) for k in range(self.vocabulary)]
        self._places = [one_hot(t, self.length) for t in range(self.length)]

    def __call__(self, *example: Any) -> tuple[Any, ...]:
        """The loss, and the list of derivatives by `parameters`, of tokens and their targets."""
        own, targets = self._encoded(*example)
        if not self.programs:
            self._make()
        stages, common, kept = self.stages, list[Any](), []
        data = [[array("d", data_of(values)) for values in stage.parameters.values()] for stage in stages]
        mask = self._mask(len(targets))
        for stage, numbers in zip(stages[:-1], data):
            kept.append((own, common))
            x, q, keys, values = self._run(self.programs[stage.form].forward, [*numbers, *common], own, 4)
            own, common = [x, q, mask], [self._together(keys), self._together(values)]
        kept.append((own, common))
        found: dict[str, list[float]] = {}
        adjoints, loss = targets, 0.0
        for k in range(len(stages) - 1, -1, -1):
            own, common = kept[k]
            program = self.programs[stages[k].form].backward
            losses, *results = self._run(program, [*data[k], *common], [*own, adjoints], 3 if k else 1)
            loss = loss if found else float(sum(losses))
            if k:
                dx, dq, *results, dkeys, dvalues = results
                n = self.n
                at = range(0, n * len(dx), n)
                adjoints = [[*x, *q, *dkeys[i : i + n], *dvalues[i : i + n]] for x, q, i in zip(dx, dq, at)]
            found |= zip(stages[k].parameters, results)
        return loss, self._gradient(found)

    def mean(self, examples: Iterable[Sequence[Any]]) -> tuple[float, list[float]]:
        """The mean loss of the examples, and its gradient."""
        losses, gradients = zip(*[self(*example) for example in examples])
        return sum(losses) / len(losses), [sum(column) / len(losses) for column in zip(*gradients)]

    def record(self, *example: Any) -> None:
        """Records the programs, unless they are there; they are for any example. ValueError for one that does not fit."""
        self._encoded(*example)
        if not self.programs:
            self._make()

    def _make(self) -> None:
        programs: dict[str, Programs] = {}
        last = len(self.stages) - 1
        with self.phase(f"{'compiling' if self.dialect == 'c' else 'writing'} programs in the dialect {self.dialect}"):
            for k, stage in enumerate(self.stages):
                if stage.form not in programs:
                    programs[stage.form] = self._made(stage, k == 0, k == last)
        self.programs = programs

    def _made(self, stage: Stage, first: bool, last: bool) -> Programs:
        """The programs of a form, recorded from a stage of it. Back, it is asked for the adjoints of what it hands on, or as the
        last one for the weights of the logarithms in the loss."""

        def total(asked: Any, *given: Any) -> dict[str, Any]:
            handed = stage.function(*given)
            if last:
                return {"total": nll(handed, asked)}
            return {"total": dot(asked, leaves(list(handed))), **dict(zip("xqkv", handed))}

        def of_first(token: Any, position: Any, asked: Any) -> dict[str, Any]:
            return total(asked, token, position)

        def of_other(x: Any, q: Any, keys: Any, values: Any, mask: Any, asked: Any) -> dict[str, Any]:
            return total(asked, x, q, keys, values, mask)

        n, some = self.n, [[0.5] * self.n for _ in range(self.length)]
        given = [[0.5] * self.vocabulary, [0.5] * self.length] if first else [some[0], some[0], some, some, [0.0] * self.length]
        asked = [0.5] * (self.vocabulary if last else 4 * n)
        parameters = leaves(list(stage.parameters.values()))
        found, inputs = trace(of_first if first else of_other, [*given, asked], parameters)
        own = {name: inputs[name] for name in ("x", "q") if name in inputs}
        common = stage.parameters | {name: inputs.pop(name) for name in ("keys", "values") if name in inputs}
        loss = found.pop("total")
        backward = compile_program({"total": loss}, common | inputs, gradients_of=loss, wrt=own | common, dialect=self.dialect)
        del inputs["asked"]
        return Programs(compile_program(found, common | inputs, dialect=self.dialect) if found else None, backward)

    def _run(self, program: Any, common: list[Any], own: list[Rows], count: int) -> list[Any]:
        """The results of a program of one position for several: of the first `count` a row each, of the others the sums."""
        if self.dialect in ("c", "numpy"):
            return [_listed(result) for result in program(*common, *map(_table, own))]
        columns = list(zip(*[map(_listed, program(*common, *rows)) for rows in zip(*own)]))
        return [*map(list, columns[:count]), *[_sum(column) for column in columns[count:]]]

    def _encoded(self, tokens: Sequence[Any], targets: Sequence[Any]) -> tuple[list[Rows], Rows]:
        """The vectors of tokens and positions; and of the targets, the weight of each logarithm in the loss."""
        length = self.length
        for what, given in (("tokens", tokens), ("targets", targets)):
            if not isinstance(given, Sequence) and not is_array(given):
                raise TypeError(f"a step of a GPT is of sequences of tokens and of targets, got the {what} {given!r:.60}")
        if not 0 < len(tokens) <= length or len(targets) != len(tokens):
            raise ValueError(
                f"this step is of 1 to {length} tokens and as many targets, got {len(tokens)} tokens and {len(targets)} targets"
            )
        asked = [self._asked(target) for target in targets]
        count = sum([target.share for target in asked]) if self.reduction == "mean" else 1.0
        if count == 0:
            raise ValueError("there is no mean of steps that all count for 0: see their targets and the weights of classes")
        weights = [[y / count for y in target.weights] for target in asked]
        return [list(map(self._vector, tokens)), self._places[: len(tokens)]], weights

    def _vector(self, token: Any) -> list[float]:
        known = type(token) is int and 0 <= token < len(self._vectors)
        return self._vectors[token] if known else in_lists(place_as_vector(token, len(self._vectors)))

    def _asked(self, target: Any) -> ClassTarget:
        known = type(target) is int and 0 <= target < len(self._targets)
        return self._targets[target] if known else self._asked_anew(target)

    def _asked_anew(self, target: Any) -> ClassTarget:
        vocabulary = self.vocabulary
        return class_target(target, vocabulary, **self.options).dense(vocabulary)

    def _mask(self, count: int) -> Rows:
        """What is added to the scores of each position, of which there are `count`."""
        seen = [t + 1 if self.causal else count for t in range(count)]
        return [[0.0] * s + [HIDDEN] * (self.length - s) for s in seen]

    def _together(self, rows: Rows) -> array[float]:
        """The rows in one, with 0 for the positions that there are not."""
        n = self.n
        return array("d", chain(chain.from_iterable(rows), [0.0] * (n * (self.length - len(rows)))))

    def _gradient(self, found: dict[str, list[float]]) -> list[float]:
        """The derivatives in the order of the parameters; what is in several places has the sum of those."""
        if self._order is not None:
            return list(chain.from_iterable(map(found.__getitem__, self._order)))
        total: dict[Value, float] = {}
        for stage in self.stages:
            for name, values in stage.parameters.items():
                for value, derivative in zip(values, found[name]):
                    total[value] = total.get(value, 0.0) + derivative
        return [total.get(parameter, 0.0) for parameter in self.parameters]


def _table(rows: Rows) -> Any:
    """The rows as a batch."""
    flat = array("d", chain.from_iterable(rows))
    return memoryview(flat).cast("B").cast("d", shape=[len(rows), len(rows[0])])


def _listed(result: Any) -> Any:
    return result.tolist() if is_array(result) else result


def _sum(rows: Sequence[Any]) -> Any:
    total = rows[0]
    for row in rows[1:]:
        total = list(map(add, total, row))
    return total
