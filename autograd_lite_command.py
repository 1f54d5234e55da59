# PYTHON_ARGCOMPLETE_OK
"""The command ``autograd-lite``, beside the package: an interrupt while that is imported ends with a line too."""

import sys


def main() -> int:
    """Runs the command, and returns its exit status."""
    try:
        from autograd_lite.__main__ import main

        return main()
    except KeyboardInterrupt:
        print("autograd-lite: interrupted", file=sys.stderr)
        return 130
