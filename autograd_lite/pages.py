"""Pages: one HTML document each, made from a template that lies beside the module that fills it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any


def template(package: str, name: str) -> str:
    """The template of that name, with the style sheets and scripts that lie beside it in the places of ``@@page.css@@``."""
    folder = resources.files(package)

    def read(name: str) -> str:
        return folder.joinpath(name).read_text(encoding="utf-8")

    return re.sub(r"@@(\w+\.(?:css|js))@@\n", lambda found: read(found[1]), read(name))


def filled(text: str, parts: Mapping[str, str]) -> str:
    """The template with its parts in the places of ``@@name@@``; "hash" is that of its first script, if any, which alone runs."""
    known = dict(parts)

    def put(text: str) -> str:
        return re.sub("@@([a-z-]+)@@", lambda found: known[found[1]], text)

    for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[:1]:
        known["hash"] = "sha256-" + base64.b64encode(hashlib.sha256(put(script).encode()).digest()).decode()
    return put(text)


def framed(page: str, title: str, height: int) -> str:
    """The page in a notebook: in a frame of its own, of so many pixels, without any right but to run its script."""
    return (
        f'<iframe title="{html.escape(title)}" sandbox="allow-scripts" width="100%" height="{height}" '
        f'style="border: 0; width: 100%; height: min({height}px, 80vh)" srcdoc="{html.escape(page)}"></iframe>'
    )


def in_script(data: Any) -> str:
    """JSON that can stand in a script element: without a character that could end it."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
