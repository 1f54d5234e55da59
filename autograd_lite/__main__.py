# PYTHON_ARGCOMPLETE_OK
"""The command line, ``autograd-lite`` or ``python -m autograd_lite``: runs a command, and says in a line how it went wrong."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from .parse import did_you_mean
from .stepping.terminal import OUTPUT, for_people


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 2 for bad input, 130 when interrupted, 141 when nobody reads the output."""
    with for_people():
        try:
            from .command_line.arguments import run  # here, for an interrupt meanwhile ends with a line too

            return run(sys.argv[1:] if arguments is None else arguments)
        except KeyboardInterrupt:
            problem, status = "interrupted", 130
        except ValueError as error:
            problem, status = str(error), 2
        except MemoryError:
            problem, status = "there is not so much memory: ask for less", 2
        except OSError as error:
            if isinstance(error, BrokenPipeError) and error.filename == OUTPUT:
                return 141
            problem, status = _problem(error), 2
        with contextlib.suppress(OSError):  # there is nowhere else to say it
            print("autograd-lite:", *problem.splitlines(), file=sys.stderr)
        return status


def _problem(error: OSError) -> str:
    """What an error of the system says, and of which file; of one that is not there, which was likely meant."""
    problem = error.strerror or str(error)
    if error.filename is None:
        return problem
    hint = ""
    if isinstance(error, FileNotFoundError):
        folder, name = os.path.split(str(error.filename))
        with contextlib.suppress(OSError):
            hint = did_you_mean(name, [each for each in os.listdir(folder or ".") if each[:1] == name[:1] or each[:1] != "."])
    return f"{problem}: {error.filename}{hint}"


if __name__ == "__main__":
    sys.exit(main())
