"""The lessons to run in a browser: JupyterLite, with the kernel of the folder `runtime.py` writes, and menus in each language."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from runtime import Failed

from autograd_lite.sentences import LANGUAGES

KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
COMMAND = "from jupyterlite_core.app import main; main()"
APPS = ("notebooks", "lab")
"""A notebook in a page of its own, and all of them side by side."""
MENUS = "@jupyterlab/translation-extension:plugin"


def app(name: str, language: str) -> str:
    """The folder of an app whose menus are in that language."""
    return name if language == "en" else f"{name}-{language}"


def write_lite(out: Path, notebooks: Mapping[str, Path], pyodide: str) -> None:
    """Writes JupyterLite with these notebooks, by their paths in it. pyodide: the address of pyodide.mjs, seen from `out`."""
    with tempfile.TemporaryDirectory() as folder:
        for name, path in notebooks.items():
            copy = Path(folder, "files", name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        settings = {"pyodideUrl": f"./{pyodide}", "disablePyPIFallback": True}
        data = {"litePluginSettings": {KERNEL: settings}, "exposeAppInBrowser": True, "appName": "autograd_lite"}
        config = {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}
        Path(folder, "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
        options = ["--lite-dir", folder, "--contents", "files", "--output-dir", str(out)]
        options += ["--no-sourcemaps", "--no-unused-shared-packages", *[part for app in APPS for part in ("--apps", app)]]
        found = subprocess.run([sys.executable, "-c", COMMAND, "build", *options], cwd=folder, capture_output=True, text=True)
    if found.returncode:
        raise Failed(f"JupyterLite was not built:\n{found.stdout[-2000:]}{found.stderr[-2000:]}")
    _complete_menus(out / "api" / "translations")
    for language in set(LANGUAGES) - {"en"}:
        for name in APPS:
            _write_app(out / name, out / app(name, language), language)


def _complete_menus(translations: Path) -> None:
    """Puts what the pack of traditional Chinese lacks, three quarters, from that of simplified, in Taiwan's words."""
    from opencc import OpenCC

    converted = OpenCC("s2twp").convert
    traditional, simplified = [translations / f"{locale}.json" for locale in ("zh_TW", "zh_CN")]
    pack = json.loads(traditional.read_text(encoding="utf-8"))
    for part, texts in json.loads(simplified.read_text(encoding="utf-8"))["data"].items():
        own = pack["data"].setdefault(part, {})
        for key, said in texts.items():
            own.setdefault(key, [converted(text) for text in said] if key else said)
    traditional.write_text(json.dumps(pack), encoding="utf-8")


def _write_app(english: Path, out: Path, language: str) -> None:
    """Writes the page of an app once more, which differs in the setting of its language alone."""
    out.mkdir()
    for path in english.iterdir():
        if path.is_file():
            shutil.copy(path, out)
    config = json.loads((out / "jupyter-lite.json").read_text(encoding="utf-8"))
    config["jupyter-config-data"]["settingsOverrides"] = {MENUS: {"locale": language.replace("-", "_")}}
    (out / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
