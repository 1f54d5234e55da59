"""Attention, scalar by scalar: heads, blocks with residuals, and the small GPT that they make.

Position t looks, by its query q_t, at the keys k_s of all positions up to its own, and takes from their values v_s:
score_t,s = q_t . k_s / sqrt(d), att_t,s = softmax over s of score_t,s, head_t = sum_s att_t,s v_s, in each head on its own d
numbers of q, k and v; then o_t = W_o head_t + b_o. Source: Vaswani et al. (2017), "Attention Is All You Need", 3.2.

Every number on the way is a labelled node, positions counted from 1, units and heads from 0: ``q_2[0]`` is the first number of
the query at t = 2, ``att_3,1`` how much position 3 looks at position 1 (``att_3,1[0]`` in head 0 of several); in block 2 of
several they are ``q2_2[0]`` and ``att2_3,1[0]``. The residual stream is ``embed_2``, ``resid_mid_2`` after the attention of a
block and ``resid_post_2`` after its feed-forward layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd_lite import Value, affine, dot, exp, logsumexp, softmax
from autograd_lite.nests import is_array

from .compiled import Step, fastest_dialect
from .dense import Activation, activation_function
from .layers import row_at
from .leaves import Rng, new_rng
from .losses import sequence_cross_entropy
from .module import Module
from .nests import at_least_one, place_as_vector
from .norms import Given, as_vector, below, by_name, new_norm, not_below, place_of
from .positions import PositionStep, shares_parameters
from .recurrent.networks import Run
from .recurrent.units import Units, labelled, set_parameters

Steps = dict[str, Any]
"""What a position makes on its way, by name: lists of units; of ``score`` and ``att``, for each head those of the positions."""


class SelfAttention(Module):
    """Attention of the positions of a sequence to each other, by `heads` heads on n / heads numbers each.

    causal: a position looks at itself and those before it; else at all. bias: whether q, k, v and o have biases.
    parameters: for some or all of W_q, W_k, W_v, W_o, each n rows of n, and b_q, b_k, b_v, b_o; else drawn by `init` (see
    `Neuron`), biases 0. ValueError for what does not fit.

    >>> attention = SelfAttention(2, parameters={f"W_{name}": [[1.0, 0.0], [0.0, 1.0]] for name in "qkvo"})
    >>> (weights,) = attention.run([[1.0, 0.0], [0.0, 1.0]]).states["att"][1]
    >>> [(weight.label, round(weight.data, 4)) for weight in weights]
    [('att_2,1', 0.3302), ('att_2,2', 0.6698)]
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the parameters

    def __init__(
        self,
        n: int,
        heads: int = 1,
        causal: bool = True,
        bias: bool = False,
        *,
        parameters: Given | None = None,
        init: str = "uniform",
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        n, heads = at_least_one("attention", "number", n), at_least_one("attention", "head", heads)
        if n % heads:
            raise ValueError(f"{heads} heads cannot share {n} numbers: n must be a multiple of the heads")
        self.n, self.heads, self.causal, self.bias = n, heads, causal, bias
        set_parameters(self, _shapes({name: (n, n) for name in "qkvo"}, bias), by_name(parameters), init, new_rng(rng, seed))

    def forward(self, xs: Sequence[Any], past: Run | None = None) -> list[Units]:
        """The outputs of `run`."""
        return self.run(xs, past).outputs

    def run(self, xs: Sequence[Any], past: Run | None = None, layer: str = "") -> Run:
        """xs: for each position n Values or numbers. past: the run of the positions before these (causal only): their keys and
        values are looked at as they are, nodes of the graph.

        Returns the outputs of each position, those of the past first, and as states what is on the way: ``q``, ``k``, ``v``,
        ``head``, ``o`` as ``states[name][t - 1][unit]``, ``score`` and ``att`` as ``states[name][t - 1][head][s - 1]``.
        """
        before = _positions(self, xs, past)
        if past and past.states.keys().isdisjoint([f"k{layer}"]):
            raise ValueError(f"the past is a run of another model: it has no states {f'k{layer}'!r}")
        times = range(before + 1, before + len(xs) + 1)
        looking = _suffixed(layer, self._projected(xs, times, layer))
        keys, values = [(past.states[name] if past else []) + looking[name] for name in (f"k{layer}", f"v{layer}")]
        seen = [t if self.causal else len(keys) for t in times]
        queries = zip(looking[f"q{layer}"], seen, times)
        found = _by_name([self._looked(q, keys[:s], values[:s], t, layer) for q, s, t in queries])
        found["o"] = self._outputs(found["head"], times, layer)
        return _after(past, f"o{layer}", looking | _suffixed(layer, found))

    def project(self, x: Sequence[Value | float], t: int | str = 1, layer: str = "") -> Steps:
        """The query, key and value of a position of n numbers, ``q``, ``k`` and ``v``."""
        return _first(self._projected([x], [t], layer))

    def _projected(self, xs: Sequence[Any], times: Sequence[int | str], layer: str) -> Steps:
        xs = [as_vector(self, x) for x in xs]
        products = {name: zip(_products(self, name, xs), times) for name in "qkv"}
        return {name: [self._in_heads(name, units, t, layer) for units, t in found] for name, found in products.items()}

    def attend(
        self,
        q: Units,
        keys: Sequence[Units],
        values: Sequence[Units],
        t: int | str = 1,
        layer: str = "",
        mask: Sequence[Value | float] | None = None,
    ) -> Steps:
        """What the query q takes from the positions 1, 2, ... of these keys and values: ``score``, ``att``, ``head`` and ``o``.

        mask: for each of them a number that is added to its scores; of -1e30 nothing is taken.
        """
        found = self._looked(q, keys, values, t, layer, mask)
        return found | {"o": self._outputs([found["head"]], [t], layer)[0]}

    def _looked(self, q: Units, keys: Any, values: Any, t: int | str, layer: str, mask: Any = None) -> Steps:
        d = self.n // self.heads
        scores, weights, outputs = [], [], []
        for head in range(self.heads):
            own = slice(head * d, head * d + d)
            products = [dot(q[own], k[own]) for k in keys]
            scores.append([product / d**0.5 for product in products])
            weights.append(softmax(scores[-1]) if mask is None else _masked_softmax(scores[-1], mask))
            outputs += [dot(weights[-1], column) for column in zip(*[v[own] for v in values])]
            at, index = place_of(t, layer, "attention", head=self._head(head)), f"[{head}]" * (self.heads > 1)
            for name, nodes in (("qk", products), ("score", scores[-1]), ("att", weights[-1])):
                scope = at.scope._replace(role=name + layer)
                for s, node in enumerate(nodes, 1):
                    node.label, node.scope = f"{name}{layer}_{t},{s}{index}", scope
        return {"score": scores, "att": weights, "head": self._in_heads("head", outputs, t, layer)}

    def _outputs(self, heads: Sequence[Units], times: Sequence[int | str], layer: str) -> list[Units]:
        """``o`` of each position, from its heads."""
        return [labelled("o", o, place_of(t, layer, "attention")) for o, t in zip(_products(self, "o", heads), times)]

    def _head(self, head: int) -> int | None:
        """The number of a head where there are several."""
        return head if self.heads > 1 else None

    def _in_heads(self, name: str, units: Units, t: int | str, layer: str) -> Units:
        """The units, labelled, each in the part of its head."""
        d, at = self.n // self.heads, place_of(t, layer, "attention", head=self._head(0))
        role = labelled(name, units, at)[0].scope.role
        for head in range(1, self.heads):
            scope = place_of(t, layer, "attention", head=head).scope._replace(role=role)
            for unit in units[head * d : head * d + d]:
                unit.scope = scope
        return units

    def extra_repr(self) -> str:
        return f"{self.n}, heads: {self.heads}" + ", causal" * self.causal + ", bias" * self.bias


class Block(Module):
    """A block of a transformer: attention, then a feed-forward layer, each of the norm of the residual stream it is added to.

    mid = x + attention(norm_a(x)); post = mid + W_down f(W_up norm_f(mid) + b_up) + b_down.

    norm: "rms" (`RMSNorm` without weights) or "layer" (`LayerNorm`). n_hidden: of the feed-forward layer; 4 n unless given.
    activation: f, as for `Neuron`. parameters: by the names of `state_dict`, such as ``attention.W_q`` and ``W_up``.
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the parameters

    def __init__(
        self,
        n: int,
        heads: int = 1,
        n_hidden: int | None = None,
        *,
        activation: Activation = "relu",
        norm: str = "rms",
        bias: bool = False,
        causal: bool = True,
        parameters: Given | None = None,
        init: str = "uniform",
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        given, rng = by_name(parameters), new_rng(rng, seed)
        self.n = n = at_least_one("a block", "number", n)
        self.n_hidden = at_least_one("a block", "hidden unit", 4 * n if n_hidden is None else n_hidden)
        self.activation, self._activate, self.bias = activation, activation_function(activation), bias
        self.norm_a = new_norm(norm, n, bias, below(given, "norm_a"))
        self.attention = SelfAttention(n, heads, causal, bias, parameters=below(given, "attention"), init=init, rng=rng)
        self.norm_f = new_norm(norm, n, bias, below(given, "norm_f"))
        shapes = _shapes({"up": (self.n_hidden, n), "down": (n, self.n_hidden)}, bias)
        set_parameters(self, shapes, not_below(given, "norm_a", "attention", "norm_f"), init, rng)

    def forward(self, xs: Sequence[Any], past: Run | None = None) -> list[Units]:
        """The outputs of `run`."""
        return self.run(xs, past).outputs

    def run(self, xs: Sequence[Any], past: Run | None = None, layer: str = "") -> Run:
        """As of `SelfAttention`; on the way are ``resid_pre``, which goes in, ``norm_a``, ``resid_mid``, ``norm_f``, ``net_h``,
        ``h``, ``ff`` and ``resid_post`` too.
        """
        stream = [as_vector(self, x) for x in xs]
        times = range(_positions(self, xs, past) + 1, len(xs) + 1 + (len(past.outputs) if past else 0))
        normed = [self.norm_a(x, t, layer, "norm_a") for x, t in zip(stream, times)]
        looked = self.attention.run(normed, past, layer)
        found = {"resid_pre": stream, "norm_a": normed} | self._fed(stream, looked.outputs[-len(xs) :], times, layer)
        own = _after(past, f"resid_post{layer}", _suffixed(layer, found))
        return own._replace(states=looked.states | own.states)

    def feed(self, x: Sequence[Value | float], o: Units, t: int | str = 1, layer: str = "") -> Steps:
        """What follows the attention's output o, to which the stream x is added: from ``resid_mid`` to ``resid_post``."""
        return _first(self._fed([x], [o], [t], layer))

    def _fed(self, xs: Sequence[Any], outputs: Sequence[Units], times: Sequence[int | str], layer: str) -> Steps:
        def named(name: str, found: Iterable[Units], *parts: str) -> list[Units]:
            return [labelled(name, units, place_of(t, layer, *parts)) for units, t in zip(found, times)]

        mid = named("resid_mid", [_added(o, as_vector(self, x)) for o, x in zip(outputs, xs)])
        normed = [self.norm_f(x, t, layer, "norm_f") for x, t in zip(mid, times)]
        net = named("net_h", _products(self, "up", normed), "feed forward")
        h = [[self._activate(unit) for unit in units] for units in net]
        h = h if self.activation is None else named("h", h, "feed forward")
        ff = named("ff", _products(self, "down", h), "feed forward")
        found = {"resid_mid": mid, "norm_f": normed, "net_h": net, "h": h, "ff": ff}
        return found | {"resid_post": named("resid_post", map(_added, ff, mid))}

    def extra_repr(self) -> str:
        return f"{self.n}, hidden: {self.n_hidden}, {self.activation}" + ", bias" * self.bias


class GPT(Module):
    """A small GPT: at each token of a sequence, the logits of the next one.

    A token's row of wte and its position's row of wpe are added; the sum goes through the blocks; y = lm x are the logits.
    With norm "rms" the sum is normed too, as in the scalar GPTs of 2026; with "layer" it is what the last block gives, as in
    GPT-2 (Radford et al., 2019), and the norms have weights.

    vocabulary: the number of tokens. length: of positions. Other options: see `Block`; its `init` is "normal" unless given.
    parameters: by the names of `state_dict`, such as ``wte`` (vocabulary rows of n), ``wpe`` (length rows of n), ``lm``
    (vocabulary rows of n) and ``blocks.0.attention.W_q``.

    >>> gpt = GPT(27, 16, heads=4, blocks=1, length=16, rng=0)
    >>> len(gpt.parameters()), len(gpt([26, 0, 3])[-1])
    (4192, 27)
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the parameters

    def __init__(
        self,
        vocabulary: int,
        n: int = 16,
        heads: int = 4,
        blocks: int = 1,
        length: int = 16,
        *,
        norm: str = "rms",
        bias: bool = False,
        parameters: Given | None = None,
        init: str = "normal",
        rng: Rng = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        given, rng = by_name(parameters), new_rng(rng, seed)
        vocabulary, n = at_least_one("a GPT", "token", vocabulary), at_least_one("a GPT", "number", n)
        self.vocabulary, self.n, self.length = vocabulary, n, at_least_one("a GPT", "position", length)
        shapes = {"wte": (vocabulary, n), "wpe": (self.length, n), "lm": (vocabulary, n)}
        names = [f"blocks.{k}" for k in range(at_least_one("a GPT", "block", blocks))]
        set_parameters(self, shapes, not_below(given, "norm", *names), init, rng)
        options |= {"norm": norm, "bias": bias, "init": init, "rng": rng}
        self.blocks = [Block(n, heads, parameters=below(given, name), **options) for name in names]
        self.norm, self.norm_last = new_norm(norm, n, bias, below(given, "norm")), norm == "layer"

    def forward(self, tokens: Sequence[Any], past: Run | None = None) -> list[Units]:
        """The outputs of `run`."""
        return self.run(tokens, past).outputs

    def run(self, tokens: Sequence[Any], past: Run | None = None) -> Run:
        """tokens: for each position the place of a token, or `vocabulary` numbers or Values: 1 at that place, 0 elsewhere.
        past: the run of the tokens before these (causal only).

        Returns the logits of each position, those of the past first, and as states (see `Block`; ``q2``, ... in block 2 of
        several) what is on the way, ``embed``, ``norm`` and ``y``, the logits, too. ValueError for more than `length` positions.
        """
        before = _positions(self, tokens, past)
        if before + len(tokens) > self.length:
            raise ValueError(f"this GPT has {self.length} positions, got {before + len(tokens)} tokens")
        times = range(before + 1, before + len(tokens) + 1)
        found = _by_name([self.embed(token, t - 1, t) for token, t in zip(tokens, times)])
        stream, states = list(found.values())[-1], Steps()
        for block, layer in zip(self.blocks, self.layers()):
            run = block.run(stream, past, layer)
            stream, states = run.outputs[-len(tokens) :], states | run.states
        own = _after(past, "y", found | self._read(stream, times))
        return own._replace(states=states | own.states)

    def layers(self) -> list[str]:
        """The name of each block in the names of its nodes: its number where there are several."""
        return [str(k) if len(self.blocks) > 1 else "" for k in range(1, len(self.blocks) + 1)]

    def embed(self, token: Any, position: Any, t: int | str = 1) -> Steps:
        """``embed``, the sum of the rows of a token and of a position (from 0), each given by its place or by a 1 among zeros;
        and ``norm`` where that comes next."""
        both = zip(row_at(self.wte, token, "token"), row_at(self.wpe, position, "position"))
        found = {"embed": labelled("embed", [x + p for x, p in both], place_of(t, "", "embedding"))}
        return found if self.norm_last else found | {"norm": self.norm(found["embed"], t)}

    def read(self, x: Units, t: int | str = 1) -> Steps:
        """The logits ``y`` of the stream x after the last block; and ``norm`` before them where there is one."""
        return _first(self._read([x], [t]))

    def _read(self, xs: Sequence[Units], times: Sequence[int | str]) -> Steps:
        found = {"norm": [self.norm(x, t) for x, t in zip(xs, times)]} if self.norm_last else {}
        logits = affine(self.lm, found.get("norm", xs))
        return found | {"y": [labelled("y", y, place_of(t, "", "readout")) for y, t in zip(logits, times)]}

    def compile(
        self,
        loss: Callable[[Any, Any], Any],
        example: tuple[Any, Any],
        dialect: str | None = None,
        parameters: Iterable[Value] | None = None,
    ) -> Step:
        """As of `Module`. Of `sequence_cross_entropy`, sequences of all lengths have the same programs: see `PositionStep`."""
        own = self.parameters() if parameters is None else parameters
        options = {"reduction": "sum"} | getattr(loss, "keywords", {})
        if getattr(loss, "func", loss) is not sequence_cross_entropy or options["reduction"] == "none" or shares_parameters(self):
            return super().compile(loss, example, dialect, parameters)
        step = PositionStep(self, own, dialect or fastest_dialect(), **options)
        step.record(*example)
        return step

    def encoded(self, x: Any) -> Any:
        return [place_as_vector(token, self.vocabulary) for token in x]

    def extra_repr(self) -> str:
        return f"vocabulary: {self.vocabulary}, {self.n}, positions: {self.length}"


def _masked_softmax(scores: Units, mask: Sequence[Value | float]) -> Units:
    """softmax(scores + mask). By way of their logsumexp, T weights have T derivatives each way, and not T**2: for programs."""
    shown = _added(scores, mask)
    total = logsumexp(shown)
    return [exp(score - total) for score in shown]


def _products(module: Any, name: str, xs: Sequence[Units]) -> list[Units]:
    """W x + b of each x, or W x where there is no b."""
    return affine(getattr(module, f"W_{name}"), xs, getattr(module, f"b_{name}") if module.bias else None)


def _added(x: Sequence[Value], y: Iterable[Any]) -> Units:
    return [x_j + y_j for x_j, y_j in zip(x, y)]


def _shapes(matrices: Mapping[str, tuple[int, int]], bias: bool) -> dict[str, tuple[int, ...]]:
    """The shapes of W and, with bias, of b, by name."""
    shapes: dict[str, tuple[int, ...]] = {f"W_{name}": shape for name, shape in matrices.items()}
    return shapes | ({f"b_{name}": shape[:1] for name, shape in matrices.items()} if bias else {})


def _positions(module: Module, xs: Sequence[Any], past: Run | None) -> int:
    """How many positions there are before these. ValueError where there cannot be any, or if these are none."""
    if not isinstance(xs, Sequence) and not is_array(xs):
        raise TypeError(f"a {type(module).__name__} reads a sequence of positions, got {xs!r:.60}")
    if len(xs) == 0:
        raise ValueError(f"a {type(module).__name__} needs a sequence of at least one position")
    if past is None:
        return 0
    if not isinstance(past, Run):
        raise TypeError(f"past is what `run` gave for the positions before these, got {past!r:.60}")
    if not all(part.causal for part in module.modules() if isinstance(part, SelfAttention)):
        raise ValueError("without causal=True each position looks at all others: give them all at once, and no past")
    return len(past.outputs)


def _by_name(steps: Sequence[Steps]) -> Steps:
    """What each position makes, by name."""
    return {name: [step[name] for step in steps] for name in steps[0]}


def _first(found: Steps) -> Steps:
    """What the one position has made."""
    return {name: step for name, (step,) in found.items()}


def _suffixed(layer: str, found: Steps) -> Steps:
    """By name with that of the layer."""
    return {name + layer: steps for name, steps in found.items()}


def _after(past: Run | None, outputs: str, states: Steps) -> Run:
    """The run of the positions of the past and of those of these states; the outputs are those of that name."""
    states = {name: past.states[name] + steps for name, steps in states.items()} if past else states
    return Run(states[outputs], states, {})
