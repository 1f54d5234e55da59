"""Serves the course's site to a room: python notebooks/site/serve.py FOLDER [--port 8000]

Any static server does. This one compresses what it sends, once, which makes the first visit of each student a third of its size.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import io
import socket
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

COMPRESSED = {".html", ".js", ".mjs", ".css", ".json", ".svg", ".wasm", ".ipynb", ".map", ".txt", ".py", ".zip", ".whl"}

ONE_AT_A_TIME = threading.Lock()
"""Who compresses: a class that comes at once waits for the first."""


@functools.cache
def _compressed(path: str, changed: float) -> bytes:
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)


class Handler(SimpleHTTPRequestHandler):
    """Sends files, those of text and of code compressed, and tells browsers to ask whether theirs are still the newest."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript", ".wasm": "application/wasm"}

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        path = Path(self.translate_path(self.path))
        is_compressed = path.suffix in COMPRESSED and path.is_file() and "gzip" in self.headers.get("Accept-Encoding", "")
        if not is_compressed:
            return super().send_head()
        changed = path.stat().st_mtime
        tag = f'"{changed:.6f}-{path.stat().st_size}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return None
        with ONE_AT_A_TIME:
            body = _compressed(str(path), changed)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", tag)
        self.send_header("Vary", "Accept-Encoding")
        self.end_headers()
        return io.BytesIO(body)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: a class makes thousands of requests."""


class Server(ThreadingHTTPServer):
    """A server for a class that comes at once, and whose windows are closed while something is on its way."""

    request_queue_size = 200

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def server(folder: Path, host: str = "", port: int = 0) -> Server:
    """A server of the folder, not running yet. port: 0 for any that is free."""
    return Server((host, port), functools.partial(Handler, directory=str(folder)))


def address() -> str:
    """That of this machine in its network, or 127.0.0.1 where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
            return str(asked.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="serve.py", description="Serves the course's site to a room.")
    parser.add_argument("folder", type=Path, help="what build.py wrote")
    parser.add_argument("--port", type=int, default=8000, help="the port (8000)")
    options = parser.parse_args(arguments)
    if not (options.folder / "index.html").exists():
        print(
            f"serve.py: {options.folder} has no site: build it with python notebooks/site/build.py {options.folder}",
            file=sys.stderr,
        )
        return 2
    try:
        served = server(options.folder, port=options.port)
    except OSError as error:
        print(f"serve.py: port {options.port}: {error.strerror}; take another with --port", file=sys.stderr)
        return 2
    port = served.server_port
    print(f"here: http://127.0.0.1:{port}    the room: http://{address()}:{port}    to stop: Ctrl-C", flush=True)
    try:
        served.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        served.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
