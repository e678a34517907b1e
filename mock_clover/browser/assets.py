"""Static files for browsers: one endpoint for each file under `static/`.

- Endpoints have fixed paths. No file name comes from a request, so path traversal is impossible.
- A file is read for each request, so an edit is visible on the next page load.
- Each page has a Content-Security-Policy: only its own scripts and styles, no other origins.
- Files contain no sandbox data. Pages fetch it through endpoints with their own access checks.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from mock_clover.control.endpoint import MOCK_ONLY
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import NO_AUTH, UNJOURNALED, Asset, Call, Endpoint
from mock_clover.engine.html import isolation_headers
from mock_clover.sandbox.sandbox import Sandbox

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_NO_FRAMING = "; frame-ancestors 'none'"
_COMMON_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


def asset(
    path: str, file: str, *, allow_framing: bool = False, cross_origin: bool = False
) -> Endpoint:
    """Return the endpoint of a file; with `allow_framing`, pages of any origin may frame it."""
    suffix = Path(file).suffix
    headers: tuple[tuple[bytes, bytes], ...] = _COMMON_HEADERS
    if suffix == ".html":
        # Not `frame-ancestors *`: it excludes file: pages, for example in apps.
        policy = _POLICY if allow_framing else _POLICY + _NO_FRAMING
        headers = ((b"content-security-policy", policy.encode("ascii")), *_COMMON_HEADERS)

    def read(sandbox: Sandbox, call: Call[None, None]) -> Asset:
        body = (STATIC / file).read_bytes()
        if call.root_path and suffix == ".html":  # the page's links are absolute
            body = body.replace(b'="/', b'="%b/' % call.root_path.encode())
        corp = sandbox.settings.corp if allow_framing or cross_origin else None
        return Asset(body, TYPES[suffix], (*headers, *isolation_headers(corp)))

    return _endpoint(path, file, read, cross_origin=cross_origin)


def script(path: str, *files: str) -> Endpoint:
    """Return the endpoint of a script that joins files in one function scope, for any origin."""

    def read(sandbox: Sandbox, _call: Call[None, None]) -> Asset:
        parts = (b"(() => {\n'use strict';\n", *_read_files(files), b"})();\n")
        headers = (*_COMMON_HEADERS, *isolation_headers(sandbox.settings.corp))
        return Asset(b"".join(parts), TYPES[".js"], headers)

    return _endpoint(path, path.strip("/"), read, cross_origin=True)


def _read_files(files: tuple[str, ...]) -> Iterator[bytes]:
    for file in files:
        yield (STATIC / file).read_bytes()


def _endpoint(
    path: str,
    name: str,
    read: Callable[[Sandbox, Call[None, None]], Asset],
    *,
    cross_origin: bool,
) -> Endpoint:
    return Endpoint(
        name=f"asset:{name}",
        method="GET",
        path=path,
        run=read,
        response=Record,
        evidence=MOCK_ONLY,
        auth=NO_AUTH,
        surface=UNJOURNALED,
        cross_origin=cross_origin,
    )


def folder_endpoints(path_prefix: str, name: str) -> tuple[Endpoint, ...]:
    """Return the endpoints of a folder's files except pages, which have their own paths."""
    suffixes = TYPES.keys() - {".html"}
    files = sorted(file for file in (STATIC / name).iterdir() if file.suffix in suffixes)
    return tuple(asset(f"{path_prefix}/{file.name}", f"{name}/{file.name}") for file in files)
