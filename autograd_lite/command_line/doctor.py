"""``doctor``: what is installed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from .. import Value, __version__, draw

OPTIONAL = {
    "numpy": "for programs in NumPy",
    "tqdm": "for a bar of progress in training",
    "matplotlib": "for plots",
    "torch": "for programs in PyTorch, and parameters to and from it",
    "jax": "for programs in JAX",
    "argcomplete": "to complete commands in a shell",
}


def doctor() -> int:
    """What is installed, how pictures are laid out and why, and what is missing for what."""
    drawing = draw(Value(1.0))
    drawing_by = drawing.layout_by
    if drawing.is_by_dot:
        drawing_by += f" ({shutil.which('dot')}, {_first_line('dot', '-V')}); built-in for long arrows and several frames"
    prints = drawing.is_by_dot or _version("cairosvg")
    compiler = next((path for name in ("cc", "gcc", "clang", "cl") if (path := shutil.which(name))), "")
    shadow = nn_of_this_folder()
    installed = "" if _version("autograd_lite") else ", not installed: run from its folder"
    rows = [
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {sys.platform})"),
        ("autograd_lite", __version__ + installed),
        ("import nn", f"finds {shadow}: write `from autograd_lite.nn import ...`" if shadow else "is autograd_lite.nn"),
        ("layout of pictures", drawing_by),
        ("png and pdf", "yes" if prints else "no: they need Graphviz's program `dot`, or CairoSVG"),
        ("package graphviz", _version("graphviz") or "missing: pip install graphviz"),
        *((f"package {name}", _version(name) or f"missing: {use}") for name, use in OPTIONAL.items()),
        ("C compiler", compiler or "missing: for programs in C"),
    ]
    for what, found in rows:
        print(f"{what:<20}{found}")
    return 0


def nn_of_this_folder() -> str:
    """The file of this folder that `import nn` finds in place of the package's, or ""."""
    spec = PathFinder.find_spec("nn", [os.getcwd()])
    if spec is None or spec.origin is None or Path(spec.origin).resolve().is_relative_to(Path(__file__).resolve().parents[2]):
        return ""
    return spec.origin


def _version(package: str) -> str:
    """The installed version of a package, or "". It is not imported."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _first_line(*command: str) -> str:
    """The first line that a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20)
    return (done.stdout + done.stderr).partition("\n")[0]
