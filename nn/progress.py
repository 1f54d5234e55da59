"""How far a training is: a bar if tqdm is installed, else ten lines."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable


def reporter(steps: int) -> Callable[[int, float], None]:
    """What shows progress: called with the number of updates and the loss, at the end with -1."""
    try:
        # a notebook shows errors in red: where it has no widgets the bar is text, on the ordinary output
        if plain := "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets") is None:
            from tqdm import tqdm
        else:
            from tqdm.auto import tqdm
    except ImportError:
        return _lines(steps)
    bar = tqdm(total=steps, unit="update", mininterval=0.2, file=sys.stdout if plain else None)

    def move(step: int, loss: float) -> None:
        if step < 0:
            bar.close()
        elif step > 0:
            bar.update()
            bar.set_postfix_str(f"loss {loss:.9g}", refresh=step == steps)

    return move


def _lines(steps: int) -> Callable[[int, float], None]:
    last = ""

    def line(step: int, loss: float) -> None:
        nonlocal last
        due = step < 0 or step == steps or step * 10 // steps > (step - 1) * 10 // steps
        last = f"after {step} of {steps} updates: loss {loss:.9g}" if step >= 0 else last
        if due and last:
            print(last, file=sys.stderr)
            last = ""

    return line
