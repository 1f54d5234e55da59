"""What runs in the browser: a folder with Pyodide, the packages of a notebook's kernel and our own wheel, that needs no network.

The npm package has Pyodide itself. Its lock names the packages, with the hashes of Pyodide's own wheels. Those of the same
versions are taken from pip instead, so the lock is written anew, with their hashes and with the packages that it lacks. What is
in the lock is loaded by its import, without an installation.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

PYODIDE = "314.0.6"
"""The version that the kernel names: another one it does not load."""
PYTHON = "3.14"
"""Of that version."""
PATIENCE = 15
"""Seconds to wait for an answer of npm's and pip's registries."""
LIBRARY = "python_stdlib.zip"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", LIBRARY)
KERNEL = ("ipython", "micropip")
"""What a kernel loads from the lock, with all that these need."""
NOT_IN_THE_LOCK = {"comm": ("0.2.3", []), "parso": ("0.8.7", []), "jedi": ("0.20.1", ["parso"]), "graphviz": ("0.21", [])}
"""Of packages that a notebook needs too, and the lock lacks: the version, and what it needs."""
NOT_IN_A_PAGE = {
    *("_pyrepl", "doctest", "ftplib", "imaplib", "mailbox", "multiprocessing", "pdb", "poplib", "pydoc", "pydoc_data", "smtplib"),
    *("turtle", "unittest", "wsgiref", "xmlrpc"),
}
"""Of Python's library: for terminals, processes, servers, mail and tests."""
ENCODINGS = ("__init__", "aliases", "ascii", "cp437", "cp1252", "idna", "latin_1", "unicode_escape", "utf_8", "utf_8_sig")
"""Of texts, of TeX, and of names in archives."""
OURS = "autograd_lite"
"""Loaded by its import, and by that of nn."""


class Missing(Exception):
    """What the site is built from cannot be had. The message says what, and what to do."""


class Failed(Exception):
    """A part of the site was not built. The message says which, and what its builder said."""


def npm_packages(folder: Path, *packages: str) -> Path:
    """Installs packages of npm in a folder, and returns where they lie. `Missing` where npm, or its registry, is not there."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing(f"npm is not installed, which brings {' and '.join(packages)}: install Node.js, for this build alone")
    # Asked first, once, and not npm's cache, which would answer: an installation that reaches nobody tries for minutes
    once = ("--fetch-retries=0", f"--fetch-timeout={1000 * PATIENCE}", "--cache", str(folder / "cache"))
    _npm(npm, "view", packages[0], "version", *once)
    _npm(npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), *packages)
    return folder / "node_modules"


def _npm(npm: str, *arguments: str) -> None:
    found = subprocess.run([npm, *arguments, "--json"], capture_output=True, text=True)
    if found.returncode:
        try:
            said = json.loads(found.stdout)["error"]["summary"]
        except (ValueError, KeyError):
            said = found.stderr.strip() or "no reason given"
        raise Missing(f"npm {arguments[0]} did not succeed; is there a network? It says: {said}")


def write_runtime(out: Path, pyodide: Path) -> None:
    """Writes the folder, from the npm package pyodide."""
    out.mkdir(parents=True)
    for name in CORE:
        shutil.copy(pyodide / name, out)
    lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    known = {_normal(name): package for name, package in lock["packages"].items()}
    packages = {name: known[name] for name in needed(known, KERNEL)}
    for name, (version, depends) in NOT_IN_THE_LOCK.items():
        packages[name] = _entry(name, version, depends, [name])
    _download(out, [f"{package['name']}=={package['version']}" for package in packages.values()])
    wheel = _our_wheel(out)
    packages[_normal(OURS)] = _entry(OURS, wheel.name.split("-")[1], ["graphviz"], [OURS, "nn"])
    files = {_normal(path.name.split("-")[0]): path for path in out.glob("*.whl")}
    for name, package in packages.items():
        path = files[name]
        package.update(file_name=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    (out / "pyodide-lock.json").write_text(json.dumps({**lock, "packages": packages}), encoding="utf-8")


def write_small_library(out: Path, library: Path) -> None:
    """Writes Python's library without what a page does not use: a quarter less to wait for."""
    with zipfile.ZipFile(library) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as small:
        for file in whole.infolist():
            first, _, rest = file.filename.partition("/")
            is_used = first.removesuffix(".py") not in NOT_IN_A_PAGE
            if is_used and (first != "encodings" or not rest or rest.removesuffix(".py") in ENCODINGS):
                small.writestr(file.filename, whole.read(file))


def needed(packages: dict[str, dict[str, Any]], first: Iterable[str]) -> list[str]:
    """The names of these packages and of all that they need, by a lock."""
    found: list[str] = []
    names = [_normal(name) for name in first]
    while names:
        name = names.pop()
        if name not in found:
            found.append(name)
            names += map(_normal, packages[name]["depends"])
    return found


def _normal(name: str) -> str:
    """The one spelling of a package's name by which a lock knows it."""
    return re.sub("[-_.]+", "-", name).lower()


def _entry(name: str, version: str, depends: list[str], imports: list[str]) -> dict[str, Any]:
    own = {"name": name, "version": version, "depends": depends, "imports": imports}
    return {**own, "install_dir": "site", "package_type": "package", "unvendored_tests": False}


def _download(out: Path, requirements: list[str]) -> None:
    target = ["--no-deps", "--only-binary=:all:", "--platform", "any", "--python-version", PYTHON]
    _pip("download", "--retries", "2", "--timeout", str(PATIENCE), "-d", str(out), *target, *requirements)


def _our_wheel(out: Path) -> Path:
    _pip("wheel", "--no-deps", "-w", str(out), str(ROOT))
    return next(out.glob(f"{OURS}-*.whl"))


def _pip(*arguments: str) -> None:
    found = subprocess.run([sys.executable, "-m", "pip", *arguments, "-q"], capture_output=True, text=True)
    if found.returncode:
        said = found.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise Missing(f"pip {arguments[0]} did not succeed; is there a network? It says: {said[0]}")
