"""What is going on in a training, from the first second: in a terminal a line that is written anew, elsewhere lines."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..sentences.widths import clip
from ..stepping.terminal import Control

TICK = 0.2  # seconds


class Progress:
    """The phases before the first of the updates, with the time so far, and the updates, with loss and speed.

    In a terminal that is one line, or with tqdm a bar. Lines that are to stay are `say`'s; where there is no terminal there are
    only those. first: updates that are done; last: those that will be. size: characters in one.
    """

    def __init__(self, first: int, last: int, size: float) -> None:
        self.done, self.last, self.size = first, last, size
        self.first, self.start = first, 0.0
        self.is_live = sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.bar: Any = None
        self.said = self.shown = 0.0
        self.width = 0

    @contextmanager
    def phase(self, what: str) -> Iterator[None]:
        """Within it, `what` is shown with the seconds so far; in the end with all of them."""
        start = time.perf_counter()
        if not self.is_live:
            print(f"{what} ...", end="", flush=True)
        try:
            with self._ticking(lambda: self._show(f"{what}: {time.perf_counter() - start:.0f} s")):
                yield
        finally:
            seconds = time.perf_counter() - start
            self.say(f"{what}: {seconds:.1f} s" if self.is_live else f" {seconds:.1f} s")

    @contextmanager
    def _ticking(self, show: Callable[[], None]) -> Iterator[None]:
        """Within it, `show` is called every so often by another thread, where there can be one."""
        ended = threading.Event()

        def tick() -> None:
            with suppress(OSError):
                while not ended.wait(TICK):
                    show()

        thread = threading.Thread(target=tick, daemon=True)
        if self.is_live:
            show()
            with suppress(RuntimeError):  # a browser has no threads
                thread.start()
        try:
            yield
        finally:
            ended.set()
            if thread.is_alive():
                thread.join()

    def updated(self, loss: float) -> None:
        """Shows that one update more is done, with the loss of its piece."""
        self.done += 1
        now = time.perf_counter()
        if self.done == self.first + 1:  # the first one may have made a program
            self.start = self.said = now
            self.bar = self._bar() if self.is_live else None
        speed = (self.done - self.first - 1) * self.size / max(now - self.start, 1e-9)
        how = f"loss {loss:#.4g} nats a character, {speed:,.0f} characters/s"
        line = f"update {self.done:>6} of {self.last}: {how}"
        if self.bar is not None:
            self.bar.update()
            self.bar.set_postfix_str(how, refresh=False)
        elif self.is_live and now > self.shown + TICK:
            self.shown = now
            self._show(line)
        elif not self.is_live and self.said == self.start and now > self.start + 1:
            self.say(line)

    def _bar(self) -> Any:
        try:
            from tqdm import tqdm
        except ImportError:
            return None
        columns = shutil.get_terminal_size().columns
        return tqdm(total=self.last, initial=self.first, unit="update", file=_Steering(), mininterval=TICK, ncols=columns)

    def say(self, line: str) -> None:
        """Prints a line that stays."""
        self.clear()
        print(line, flush=True)
        self.said = time.perf_counter()
        if self.bar is not None:
            self.bar.refresh()

    def _show(self, line: str) -> None:
        """Writes the line in the place of that before."""
        line = clip(line, shutil.get_terminal_size().columns - 1, "")
        sys.stdout.write(Control("\r"))
        sys.stdout.write(f"{line:<{self.width}}")
        sys.stdout.flush()
        self.width = len(line)

    def clear(self) -> None:
        """Leaves the place of the line, or of the bar, to what comes next."""
        if self.bar is not None:
            self.bar.clear()
        elif self.width:
            self._show("")
            sys.stdout.write(Control("\r"))

    def close(self) -> None:
        """Ends the bar."""
        self.clear()
        if self.bar is not None:
            self.bar.leave = False
            self.bar.close()
            self.bar = None


class _Steering:
    """Standard output for what moves in its line."""

    def write(self, text: str) -> None:
        sys.stdout.write(Control(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stdout, name)
