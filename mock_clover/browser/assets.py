"""Files for browsers: what lies under `static/`, as endpoints that are read off the folder.

- A file is found by its whole path and never by a name in a request, so none leads elsewhere.
- It is read anew for each request: whoever edits one sees it with the next load of the page.
- Each page has a policy: no script or style but its own files, no request to another place.
- Nothing of a sandbox is in a file. What a page shows, it asks for by calls that guard themselves.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from mock_clover.control.endpoint import OURS
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Asset, Call, Endpoint
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
_UNFRAMED = "; frame-ancestors 'none'"
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


def asset(path: str, file: str, *, framed: bool = False, cross_origin: bool = False) -> Endpoint:
    """Return the endpoint of a file; `framed`: a page of any origin may frame it."""
    suffix = Path(file).suffix
    headers: tuple[tuple[bytes, bytes], ...] = _ALWAYS
    if suffix == ".html":
        # Not `frame-ancestors *`: that leaves out pages from files, as of apps.
        policy = _POLICY if framed else _POLICY + _UNFRAMED
        headers = ((b"content-security-policy", policy.encode("ascii")), *_ALWAYS)

    def read(_sandbox: Sandbox, _call: Call[None, None]) -> Asset:
        return Asset((STATIC / file).read_bytes(), TYPES[suffix], headers)

    return _endpoint(path, file, read, cross_origin=cross_origin)


def script(path: str, *files: str) -> Endpoint:
    """Return the endpoint of one classic script for pages of others, made of files in one scope."""

    def read(_sandbox: Sandbox, _call: Call[None, None]) -> Asset:
        parts = (b"(() => {\n'use strict';\n", *_each(files), b"})();\n")
        return Asset(b"".join(parts), TYPES[".js"], _ALWAYS)

    return _endpoint(path, path.strip("/"), read, cross_origin=True)


def _each(files: tuple[str, ...]) -> Iterator[bytes]:
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
        fact=OURS,
        auth="none",
        unjournaled=True,
        cross_origin=cross_origin,
    )


def folder(place: str, name: str) -> tuple[Endpoint, ...]:
    """Return the endpoints of a folder's files, by their names under a place; pages have others."""
    loaded = TYPES.keys() - {".html"}
    files = sorted(file for file in (STATIC / name).iterdir() if file.suffix in loaded)
    return tuple(asset(f"{place}/{file.name}", f"{name}/{file.name}") for file in files)
