"""Programs for JAX: functions that it can trace."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from .arguments import single
from .dialects import JAX
from .numpy import in_array
from .record import Loop, Port, Recorded, collector_off
from .runtime import Made, executed, imported
from .writer import STRAIGHT, Writer


@collector_off()
def made(recorded: Recorded, loop: Loop | None) -> Made:
    jax = imported("jax")
    writer = Writer(recorded, JAX)
    lines = len(writer.statements)
    if lines > STRAIGHT:
        warnings.warn(f"a program of {lines} lines is long for JAX: XLA takes about 40 ms a line to compile it", stacklevel=4)
    source = writer.source()
    function = executed(source)
    places = [] if loop is None else [(recorded.results.index(a), recorded.inputs.index(b)) for a, b in loop.feedback]

    def computed(arguments: Sequence[Any]) -> tuple[Any, ...]:
        results = function(*arguments)
        return tuple([jax.numpy.asarray(x, dtype=float) for x in ([results] if len(recorded.results) == 1 else results)])

    def once_more(_: Any, carried: Any) -> Any:
        arguments, results = list(carried[0]), carried[1]
        for result, argument in places:
            arguments[argument] = results[result]
        return tuple(arguments), computed(arguments)

    def run(arguments: Sequence[Any]) -> Any:
        given = tuple([_traced(jax, port, x) for port, x in zip(recorded.inputs, arguments)])
        results = computed(given)
        if loop is not None:
            results = jax.lax.fori_loop(1, loop.times, once_more, (given, results))[1]
        return single(results)

    return Made(source, function, run)


def _traced(jax: Any, port: Port, x: Any) -> Any:
    """An argument as an array of JAX. One of JAX may stand for numbers that are not known yet, and stays there."""
    jnp = jax.numpy
    if not (isinstance(x, jax.Array) and any([jnp.issubdtype(x.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)])):
        x = in_array(imported("numpy"), port, x)
    port.examples(x.shape, instead="jax.vmap")
    return jnp.asarray(x, dtype=float)
