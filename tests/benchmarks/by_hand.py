"""The workloads without a library: in C (by_hand.c, compiled when asked for), and as straight-line Python."""

from __future__ import annotations

import ctypes
import math
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from . import workloads as w
from .scalars import Run


def flat(nest: Any) -> list[float]:
    return [x for item in nest for x in flat(item)] if isinstance(nest, (list, tuple)) else [nest]


def doubles(nest: Any) -> Any:
    numbers = flat(nest)
    return (ctypes.c_double * len(numbers))(*numbers)


def copied(numbers: Any) -> Any:
    return type(numbers).from_buffer_copy(numbers)


def compiled() -> ctypes.CDLL:
    """by_hand.c as a library. ImportError without a C compiler."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    if compiler is None:
        raise ImportError("C needs a C compiler, `cc`")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "by_hand.so"
        options = ["-O3", "-shared", "-fPIC"]
        subprocess.run([compiler, *options, str(Path(__file__).with_name("by_hand.c")), "-o", str(library), "-lm"], check=True)
        return ctypes.CDLL(str(library))


def in_c(workload: str) -> Run:
    library = compiled()
    letters = (ctypes.c_int * (w.LENGTH + 1))(*w.sequence())
    points = w.moons_points()
    x, labels = doubles([[point[k] for point, _ in points] for k in (0, 1)]), doubles([float(label) for _, label in points])

    def chain() -> tuple[float, ...]:
        found = (ctypes.c_double * 2)()
        library.chain(*[ctypes.c_double(number) for number in (w.X, w.Y, w.A, w.B, w.C)], found)
        return tuple(found)

    def moons() -> tuple[float, ...]:
        losses = (ctypes.c_double * 20)()
        library.moons(copied(first), x, labels, losses)
        return tuple(losses[k] for k in w.CHECKED_MOONS)

    def mazur() -> tuple[float, ...]:
        found = (ctypes.c_double * 2)()
        library.mazur(copied(first), found)
        return tuple(found)

    def characters() -> tuple[float, ...]:
        losses = (ctypes.c_double * 10)()
        getattr(library, workload)(copied(first), letters, losses)
        return tuple(losses[k] for k in w.CHECKED_CHARACTERS)

    parameters: list[Any] = [w.HIDDEN, w.OUTPUT]
    if workload == "moons":
        parameters = [[rows, [0.0] * len(rows)] for rows in w.moons_weights()]
    elif workload in ("rnn", "lstm"):
        cell, readout = w.character_weights(1 if workload == "rnn" else 4)
        parameters = [[Wx, Wh, [0.0] * len(Wx)] for Wx, Wh in cell] + [readout, [0.0] * len(readout)]
    first = doubles(parameters)
    return {"chain": chain, "moons": moons, "mazur": mazur}.get(workload, characters)


def in_python(workload: str) -> Run:
    return {"chain": chain, "mazur": mazur}[workload]


def chain() -> tuple[float, ...]:
    tanh = math.tanh
    x, y, a, b, c, L = w.X, w.Y, w.A, w.B, w.C, 0.0
    tape = []
    for _ in range(w.ROUNDS):
        t = tanh(x * a + b)
        v = t * x + y
        after = tanh(v * a * t + c)
        tape.append((x, t, v, after))
        y, x = x, after
        L += x
    dx = dy = da = 0.0
    for x, t, v, after in reversed(tape):
        dm = (dx + 1.0) * (1.0 - after * after)
        dr = dm * t
        dv = dr * a
        dq = (dm * v * a + dv * x) * (1.0 - t * t)
        da += dr * v + dq * x
        dx = dy + dv * t + dq * a
        dy = dv
    return L, da


def mazur() -> tuple[float, ...]:
    exp = math.exp
    (i1, i2), (t1, t2), (b1, b2), lr = w.INPUTS, w.TARGETS, w.BIASES, w.MAZUR_RATE
    w1, w2, w3, w4, w5, w6, w7, w8 = flat([w.HIDDEN, w.OUTPUT])
    first = loss = 0.0
    for k in range(w.MAZUR_UPDATES):
        h1 = 1.0 / (1.0 + exp(-(w1 * i1 + w2 * i2 + b1)))
        h2 = 1.0 / (1.0 + exp(-(w3 * i1 + w4 * i2 + b1)))
        o1 = 1.0 / (1.0 + exp(-(w5 * h1 + w6 * h2 + b2)))
        o2 = 1.0 / (1.0 + exp(-(w7 * h1 + w8 * h2 + b2)))
        e1, e2 = o1 - t1, o2 - t2
        loss = 0.5 * e1 * e1 + 0.5 * e2 * e2
        if k == 0:
            first = loss
        d1, d2 = e1 * o1 * (1.0 - o1), e2 * o2 * (1.0 - o2)
        c1, c2 = (d1 * w5 + d2 * w7) * h1 * (1.0 - h1), (d1 * w6 + d2 * w8) * h2 * (1.0 - h2)
        w5, w6, w7, w8 = w5 - lr * d1 * h1, w6 - lr * d1 * h2, w7 - lr * d2 * h1, w8 - lr * d2 * h2
        w1, w2, w3, w4 = w1 - lr * c1 * i1, w2 - lr * c1 * i2, w3 - lr * c2 * i1, w4 - lr * c2 * i2
    return first, loss
