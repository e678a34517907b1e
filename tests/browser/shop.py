"""A shop: a web server on its own origin that serves pages given by a test."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class File(NamedTuple):
    """The response for a path."""

    body: bytes
    content_type: str
    headers: dict[str, str]
    status: int = 200


class Shop:
    """Serves on `localhost`, so that the mock at 127.0.0.1 is another site."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.requested_paths: list[str] = []
        """Paths of the requests, in order."""
        self.posted_bodies: list[Any] = []
        """Bodies that pages posted to paths with a handler."""
        self.handlers: dict[str, Callable[[Any], Any]] = {}
        """By path, a function from the posted JSON to the JSON response."""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shop.requested_paths.append(self.path)
                found = shop.files.get(self.path.partition("?")[0])
                body = found.body if found else b""
                self.send_response(found.status if found else 204)
                if found:
                    self.send_header("content-type", found.content_type)
                    for name, value in found.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                answer = shop.handlers.get(self.path)
                if answer is None:
                    self.do_GET()
                    return
                shop.requested_paths.append(self.path)
                requested = json.loads(self.rfile.read(int(self.headers["content-length"])))
                shop.posted_bodies.append(requested)
                body = json.dumps(answer(requested)).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://localhost:{self._server.server_port}"

    def put(
        self,
        path: str,
        body: str | bytes,
        content_type: str = "text/html; charset=utf-8",
        status: int = 200,
        **headers: str,
    ) -> str:
        """Put a file at a path and return its URL; `_` in a header's name becomes `-`."""
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.files[path] = File(data, content_type, named, status)
        return self.url + path

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
