"""Programs for NumPy: on numbers, and on batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .arguments import numbers_of, one_batch, single
from .dialects import NUMPY
from .record import Loop, Port, Recorded, collector_off
from .rows import RowWriter
from .runtime import Made, executed, imported
from .writer import Writer, is_straight


@collector_off()
def made(recorded: Recorded, loop: Loop | None) -> Made:
    np = imported("numpy")
    writer = Writer(recorded, NUMPY, loop)
    in_rows = not is_straight(writer.statements)
    source = RowWriter(recorded, NUMPY, loop).source() if in_rows else writer.source()
    function = executed(source)
    derivative_by = recorded.by()

    def run(arguments: Sequence[Any]) -> Any:
        given = [in_array(np, port, x) for port, x in zip(recorded.inputs, arguments)]
        counts = [port.examples(x.shape) for port, x in zip(recorded.inputs, given)]
        n = one_batch(counts)
        batched = {k for k, examples in enumerate(counts) if examples is not None}
        columns = [x.T if x.ndim == 2 else x[()] for x in given]
        if in_rows:
            columns = [x[:, np.newaxis] if port.is_array and x.ndim == 1 else x for port, x in zip(recorded.inputs, columns)]
            columns.append(1 if n is None else n)
        found = []
        with np.errstate(all="ignore"):
            results = function(*columns)
            results = [results] if len(recorded.results) == 1 else results
            for port, x, by in zip(recorded.results, results, derivative_by):
                rows = np.empty((len(port.places), 1 if n is None else n))
                for k, row in enumerate(x if port.is_array else [x]):
                    rows[k] = row
                summed = n is None or (by is not None and batched.isdisjoint(by))
                x = rows[:, 0] if n is None else rows.sum(axis=1) if summed else rows.T.copy() if port.is_array else rows
                found.append(x if port.is_array else float(x[0]) if summed else x[0])
        return single(found)

    return Made(source, function, run)


def in_array(np: Any, port: Port, x: Any) -> Any:
    """An argument as an array of floats."""
    if type(x) is float or (type(x) is np.ndarray and x.dtype == np.float64):
        return np.asarray(x)
    numbers = numbers_of(port, x)
    return np.asarray(numbers.data).reshape(numbers.shape)
