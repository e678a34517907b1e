"""A shop: a web server on an origin of its own, whose pages are texts that a test gives."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Served(NamedTuple):
    """What lies at a path."""

    body: bytes
    content_type: str
    headers: dict[str, str]
    status: int = 200


class Shop:
    """Serves as `localhost`, so that the mock at 127.0.0.1 is of another site."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.asked: list[str] = []
        """Targets that browsers asked for, in order."""
        self.posted: list[Any] = []
        """What pages posted to what is answered."""
        self.answers: dict[str, Callable[[Any], Any]] = {}
        """What the shop's server answers to JSON that is posted to a path."""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shop.asked.append(self.path)
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
                answer = shop.answers.get(self.path)
                if answer is None:
                    self.do_GET()
                    return
                shop.asked.append(self.path)
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                shop.posted.append(asked)
                body = json.dumps(answer(asked)).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

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
        """Put a file at a path and return its address; `_` in a header's name is `-`."""
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.files[path] = Served(data, content_type, named, status)
        return self.url + path

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
