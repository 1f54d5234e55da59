"""Attention, norms, blocks and GPTs elsewhere: PyTorch's names of their parameters, and the functions of their twins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..attention import GPT, Block, SelfAttention
from ..module import Module
from ..norms import LayerNorm, RMSNorm
from .kinds import computes_as
from .libraries import PART

KINDS = (SelfAttention, Block, GPT)


def torch_names(model: Any) -> dict[str, list[str]]:
    """For each parameter of the module in PyTorch, those here whose rows it has, one after the other."""
    if isinstance(model, RMSNorm):
        return {name: [name] for name in model.state_dict()}
    if isinstance(model, SelfAttention):
        names = {"in_proj_weight": ["W_q", "W_k", "W_v"], "out_proj.weight": ["W_o"]}
        return names | ({"in_proj_bias": ["b_q", "b_k", "b_v"], "out_proj.bias": ["b_o"]} if model.bias else {})
    parts: dict[str, tuple[str, Any]]
    if isinstance(model, Block):
        parts = {
            "self_attn": ("attention", model.attention),
            "norm1": ("norm_a", model.norm_a),
            "norm2": ("norm_f", model.norm_f),
        }
        names = {"linear1.weight": ["W_up"], "linear2.weight": ["W_down"]}
        names |= {"linear1.bias": ["b_up"], "linear2.bias": ["b_down"]} if model.bias else {}
    else:
        parts = {f"blocks.{k}": (f"blocks.{k}", block) for k, block in enumerate(model.blocks)} | {"norm": ("norm", model.norm)}
        names = {f"{name}.weight": [name] for name in ("wte", "wpe", "lm")}
    for theirs, (ours, part) in parts.items():
        names |= {f"{theirs}.{name}": [f"{ours}.{own}" for own in owns] for name, owns in torch_names(part).items()}
    return names


def to_theirs(model: Module) -> dict[str, Any]:
    """The parameters under PyTorch's names."""
    state = model.state_dict()
    return {name: [row for own in owns for row in state[own]] for name, owns in torch_names(model).items()}


def to_ours(model: Module, given: Any) -> dict[str, Any]:
    """The parameters under our names, from nests under PyTorch's."""
    found: dict[str, Any] = {}
    for name, owns in torch_names(model).items():
        size = len(given[name]) // len(owns)
        found |= {own: given[name][k * size : (k + 1) * size] for k, own in enumerate(owns)}
    return found


# Twins ----------------------------------------------------------------------------------------------------------------

NORM = '''
def norm(p, x):
    """x: (..., n)."""{centred}
    x = x * ((x * x).mean(-1, keepdims=True) + {eps}) ** -0.5
    x = x * p["weight"] if "weight" in p else x
    return x + p["bias"] if "bias" in p else x

'''

ATTENTION = '''
def linear(p, x, name):
    y = x @ p["W_" + name].T
    return y + p["b_" + name] if "b_" + name in p else y


def attention(p, x):
    """x: (..., T, n). Each of {heads} heads on its own numbers of q, k and v: (..., {heads}, T, {d})."""
    q, k, v = [linear(p, x, name).reshape(*x.shape[:-1], {heads}, {d}).swapaxes(-3, -2) for name in "qkv"]
    score = q @ k.swapaxes(-1, -2) / {d} ** 0.5{masked}
    head = (softmax(score, -1) @ v).swapaxes(-3, -2).reshape(x.shape)
    return linear(p, head, "o")

'''

MASKED = """
    t = arange(x.shape[-2])
    score = where(t[:, None] < t, -1e30, score)"""

BLOCK = '''
def block(p, x):
    """x: (..., T, n)."""
    x = x + attention(part(p, "attention."), norm(part(p, "norm_a."), x))
    net_h = linear(p, norm(part(p, "norm_f."), x), "up")
    {activation}
    return x + linear(p, h, "down")

'''


def transformer(model: Any, activation: Callable[..., list[str]]) -> str:
    """The functions of the twin. activation: the lines of an activation, from it and the names of the net and of the output."""
    for part in model.modules():
        kinds = [kind for kind in (SelfAttention, Block, GPT, LayerNorm, RMSNorm) if isinstance(part, kind)]
        if not kinds or not computes_as(part, kinds[0]):
            raise ValueError(f"a {type(part).__name__} has no twin: it has a forward of its own, or parts of another kind")
    text, x = PART, "x"
    lines = ['"""x: (..., T, n). The outputs, of the same shape."""']
    norm = getattr(model, "norm_a", getattr(model, "norm", None))
    if norm is not None:
        centred = "\n    x = x - x.mean(-1, keepdims=True)" * isinstance(norm, LayerNorm)
        text += NORM.format(centred=centred, eps=norm.eps)
    blocks = model.blocks if isinstance(model, GPT) else [model] * isinstance(model, Block)
    attention = model if isinstance(model, SelfAttention) else blocks[0].attention if blocks else None
    if attention is not None:
        masked = MASKED * attention.causal
        text += ATTENTION.format(heads=attention.heads, d=attention.n // attention.heads, masked=masked)
    if blocks:
        own = activation(blocks[0]._activate, "net_h", "h") or ["h = net_h"]
        text += BLOCK.format(activation="\n    ".join(own))
    if isinstance(model, GPT):
        lines = ['"""tokens: (..., T) of whole numbers, or (..., T, vocabulary). The logits, (..., T, vocabulary)."""']
        lines += ["x = rows(tokens, p['wte'])", "x = x + p['wpe'][: x.shape[-2]]"]
        between = [f"x = block(part(p, 'blocks.{k}.'), x)" for k in range(len(blocks))]
        normed = ["x = norm(part(p, 'norm.'), x)"]
        lines += [*between, *normed] if model.norm_last else [*normed, *between]
        lines, x = [*lines, "return x @ p['lm'].T"], "tokens"
    else:
        lines.append(f"return {'block' if blocks else 'attention'}(p, x)")
    return text + f"\ndef apply(p, {x}):\n" + "".join([f"    {line}\n" for line in lines])
