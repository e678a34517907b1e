"""Read path and headers of an ASGI request."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from mock_clover.engine.endpoint import ROOT_PATH, SCHEME

if TYPE_CHECKING:
    from starlette.types import Scope


def path_in_app(scope: "Scope") -> str:
    """Return the path below the root path; some servers omit the root path from the path."""
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    if "://" in path and path[:1] != "/":  # absolute form; uvicorn with h11 passes it on
        path = "/" + path.partition("://")[2].partition("/")[2]
    outer = scope.get("app_root_path", "").rstrip("/")  # Starlette: that of the outer app
    for prefix in (root, root.removeprefix(outer)):
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            return path[len(prefix) :] or "/"
    return str(path)


def headers_of(scope: "Scope") -> dict[bytes, bytes]:
    """Return the headers, with pseudo-headers for other facts that a handler needs."""
    headers = {name: value for name, value in scope["headers"] if name[:1] != b":"}
    if scope.get("scheme") == "https":
        headers[SCHEME] = b"https"
    if root := scope.get("root_path", "").rstrip("/"):
        headers[ROOT_PATH] = quote(root).encode()
    return headers


def has_body(headers: dict[bytes, bytes]) -> bool:
    """Return whether a request announces a body."""
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
