"""Waits for what comes a little later: on a busy machine much later."""

import time

PATIENCE = 120
"""Seconds for what takes less than one on a quiet machine."""


def until(found, seconds=PATIENCE):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, f"waited in vain for {seconds} s"
        time.sleep(0.05)
    return answer
