"""What PyTorch and JAX call things, and what stands around the equations of a twin in each."""

from __future__ import annotations

import re
from typing import NamedTuple

from autograd_lite.floats import FUNCTIONS

# What stands around the equations: of a recurrent network in both libraries, and in each

PART = '''
def part(p, path):
    """The parameters below that path, by the rest of their names."""
    return {name.removeprefix(path): x for name, x in p.items() if name.startswith(path)}

'''

RECURRENT = (
    PART
    + '''
def started(initial, x, units):
    """The states before the first step by name: what is given, else 0."""
    unknown = set(initial or ()) - set(units)
    if unknown:
        raise ValueError(f"unknown initial states {sorted(unknown)}: there are {', '.join(units)}")
    return {name: zeros(x, n) + (initial or {}).get(name, 0.0) for name, n in units.items()}

'''
)

TORCH_RECURRENT = '''
def inputs(x, W):
    """x; of whole numbers, for each the vector that is 1 at this place and 0 elsewhere."""
    return x if x.is_floating_point() else torch.nn.functional.one_hot(x, W.shape[1]).to(W.dtype)


def zeros(x, units):
    return x.new_zeros(*x.shape[:-2], units)


def unrolled(cell, p, x, states, names, reverse=False):
    """The first state, h, after each time step; in `states`, those of the cell become those after the last step."""
    state = [states[name] for name in names]
    times = range(x.shape[-2])
    outputs = []
    for t in reversed(times) if reverse else times:
        state = cell(p, x[..., t, :], *state)
        outputs.append(state[0])
    states.update(zip(names, state))
    return torch.stack(outputs[::-1] if reverse else outputs, -2)

'''

TORCH_MODULE = """

class Twin(torch.nn.Module):
    def __init__(self, parameters):
        super().__init__()
        for name, x in parameters.items():
            *path, last = name.split(".")
            module = self
            for key in path:
                if not hasattr(module, key):
                    module.add_module(key, torch.nn.Module())
                module = getattr(module, key)
            module.register_parameter(last, torch.nn.Parameter(torch.tensor(x, dtype=torch.float64)))

    def forward(self, *inputs, **options):
        return apply(dict(self.named_parameters()), *inputs, **options)
"""

TORCH_RUN = """
    def run(self, *inputs, **options):
        return run(dict(self.named_parameters()), *inputs, **options)
"""

JAX_RECURRENT = '''
def inputs(x, W):
    """x; of whole numbers, for each the vector that is 1 at this place and 0 elsewhere."""
    return x if jnp.issubdtype(x.dtype, jnp.floating) else jax.nn.one_hot(x, W.shape[1], dtype=W.dtype)


def zeros(x, units):
    return jnp.zeros((*x.shape[:-2], units), x.dtype)


def unrolled(cell, p, x, states, names, reverse=False):
    """The first state, h, after each time step; in `states`, those of the cell become those after the last step."""

    def step(state, x):
        state = cell(p, x, *state)
        return state, state[0]

    state, outputs = jax.lax.scan(step, tuple([states[name] for name in names]), jnp.moveaxis(x, -2, 0), reverse=reverse)
    states.update(zip(names, state))
    return jnp.moveaxis(outputs, 0, -2)

'''


class Library(NamedTuple):
    """What a library calls things."""

    imports: str
    modules: tuple[str, ...]
    """Where the functions of the rows are."""
    functions: dict[str, str]
    """Those that it lacks, or whose values or derivatives are not ours: abs'(0) is 0."""
    concatenate: str
    recurrent: str


def _functions(library: str) -> dict[str, str]:
    """The formulas of the table of functions for this library, by what is called: ``sech(x)``."""
    found = {}
    for name, row in reversed(FUNCTIONS.items()):  # one that calls another stands after it
        text = row.twin if isinstance(row.twin, str) else row.twin.get(library, "")
        text = text or ("" if row.twin or ";" in row.body or " if " in row.body else row.body)
        if text:
            letters = "*xs" if row.many else ", ".join([letter for letter in "xyw" if re.search(rf"\b{letter}\b", text)])
            found[f"{name}({letters})"] = text
    return found


LIBRARIES = {
    "torch": Library(
        "import torch",
        ("torch",),
        {"rows(x, W)": "x @ W if x.is_floating_point() else W[x]", **_functions("torch")},
        "torch.cat",
        TORCH_RECURRENT,
    ),
    "jax": Library(
        "import jax\nimport jax.numpy as jnp",
        ("jax.numpy", "jax.nn", "jax.scipy.special"),
        {"rows(x, W)": "x @ W if jnp.issubdtype(x.dtype, jnp.floating) else W[x]", **_functions("jax")},
        "jnp.concatenate",
        JAX_RECURRENT,
    ),
}
