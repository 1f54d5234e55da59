"""A terminal for the tests of what is typed and shown there."""

import os
import select
import subprocess
import sys

import pytest
from waiting import PATIENCE

IN_FRONT = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
"""Makes the terminal that of the process, which Ctrl-C ends."""


class Terminal:
    """Python with these arguments, in a terminal of its own. No process is forked: other threads of this one do not matter."""

    def __init__(self, *arguments):
        pty = pytest.importorskip("pty", reason="no terminals on this system")
        self.file, there = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_FRONT, sys.executable, *arguments],
            **{"stdin": there, "stdout": there, "stderr": there},
            env={**os.environ, "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(there)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.file)

    def type(self, text):
        os.write(self.file, text.encode())

    def until(self, text):
        """What is shown from now on until this is."""
        shown = b""
        while text.encode() not in shown:
            assert select.select([self.file], [], [], PATIENCE)[0], f"waited in vain for {text!r} after {shown!r}"
            try:
                shown += os.read(self.file, 65536)
            except OSError:  # its end
                raise AssertionError(f"it has ended, without {text!r}, after {shown!r}") from None
        return shown.decode(errors="replace")
