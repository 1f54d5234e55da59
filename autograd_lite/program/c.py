"""Programs in C: written, compiled and called."""

from __future__ import annotations

from . import c_source, calling
from .record import Loop, Recorded, collector_off
from .runtime import Made


def made(recorded: Recorded, loop: Loop | None) -> Made:
    with collector_off():
        written = c_source.written(recorded, loop)
    return Made(written.source, None, calling.Native(written, loop.times if loop else 1))
