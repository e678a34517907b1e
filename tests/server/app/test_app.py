"""The core: how it reads the path of a request, and what it does with an error."""

from typing import Any

import pytest

from mock_clover.control.snapshot.endpoints import SNAPSHOT_BYTES_MAX
from mock_clover.engine.reply import Reply
from mock_clover.server.app.app import BODY_BYTES_MAX, App
from mock_clover.server.app.control_guard import ControlGuard
from tests.in_process import InProcessServer, Way
from tests.ways import through_starlette, through_the_parser


@pytest.mark.parametrize("home", ["", "/sandbox/a1"])
@pytest.mark.parametrize("end", ["", "/", "//"])
def test_slashes_at_the_end_of_a_path_change_nothing(
    server: InProcessServer, home: str, end: str
) -> None:
    app = server.app
    assert app.body_bytes_max(f"{home}/_mock/snapshot{end}") == SNAPSHOT_BYTES_MAX
    assert app.body_bytes_max(f"{home}/v1/charges{end}") == BODY_BYTES_MAX
    assert app.resolve_sandbox(f"{home}/v1/charges{end}", {})[1] == "/v1/charges"
    assert app.resolve_sandbox(f"{home}/{end}", {})[1] == "/"


@pytest.mark.parametrize("path", ["/", "//", "/readyz", "/readyz/", "/livez/", "/nothing/"])
def test_a_probe_or_an_unknown_path_creates_no_sandbox(server: InProcessServer, path: str) -> None:
    server.app.resolve_sandbox(f"/sandbox/a1{path}", {})
    assert [each.name for each in server.sandboxes] == ["default"]


BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "accept", "guard", "status", "location"),
    [
        ("/", BROWSER, ControlGuard(), 302, "/_mock/"),
        ("/sandbox/a1/", BROWSER, ControlGuard(), 302, "/sandbox/a1/_mock/"),
        ("/", "*/*", ControlGuard(), 200, ""),
        ("/", BROWSER, ControlGuard(enabled=False), 200, ""),
        ("/", BROWSER, ControlGuard(token="s3cret"), 302, "/_mock/"),
        ("/sandbox/a1/", "*/*", ControlGuard(), 200, ""),
    ],
)
def test_a_browser_is_sent_to_the_dashboard(
    server: InProcessServer, path: str, accept: str, guard: ControlGuard, status: int, location: str
) -> None:
    app = App(server.sandboxes, server.app.log, guard)
    headers = {b"host": b"localhost", b"accept": accept.encode()}
    reply = app.handle("GET", path, b"", headers, b"")
    assert isinstance(reply, Reply)
    assert (reply.status, dict(reply.headers).get(b"location", b"").decode()) == (status, location)
    assert (b"mock-clover" in reply.body) == (status == 200)


def fail(*_: object) -> Any:
    raise KeyError("4539148803436467")


@pytest.mark.parametrize("way", [through_starlette, through_the_parser])
@pytest.mark.parametrize(
    ("step", "path", "accept"),
    [
        ("for_request", "/v1/charges", "*/*"),
        ("find", "/sandbox/a1/v1/charges", "*/*"),
        ("lacks_fixtures", "/sandbox/a1/v1/charges", "*/*"),
        ("prepare", "/sandbox/a1/v1/charges", "*/*"),
        ("register", "/sandbox/a1/_mock/clock", "*/*"),
        ("for_oauth_client", "/oauth/authorize", "*/*"),
        ("for_merchant", "/v3/merchants/a1/orders", "*/*"),
        ("find", "/sandbox/a1/_mock/journal", "*/*"),
        ("find", "/sandbox/a1/_mock/journal", "text/event-stream"),
    ],
)
def test_an_error_while_the_sandbox_is_found_is_a_500(
    server: InProcessServer,
    monkeypatch: pytest.MonkeyPatch,
    way: Way,
    step: str,
    path: str,
    accept: str,
) -> None:
    monkeypatch.setattr(server.sandboxes, step, fail)
    response = way(server, "GET", path, {"host": "localhost", "accept": accept}, b"")
    expected = (500, b'{"message":"500 Internal Server Error"}', "internal error of mock-clover")
    assert response[:3] == expected


@pytest.mark.parametrize("way", [through_starlette, through_the_parser])
def test_an_error_while_the_first_rows_are_made_is_a_500(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    monkeypatch.setattr(server.sandboxes, "lacks_fixtures", lambda _: True)
    monkeypatch.setattr(server.sandboxes.factory, "load_own_fixtures", fail)
    response = way(server, "GET", "/sandbox/a1/v1/charges", {"host": "localhost"}, b"")
    assert response[:2] == (500, b'{"message":"500 Internal Server Error"}')


def test_an_error_while_a_request_waits_is_a_500(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter([server.app.resolve_sandbox, fail])

    def resolve(*request: Any) -> Any:
        return next(steps)(*request)

    monkeypatch.setattr(server.app, "resolve_sandbox", resolve)
    path = "/_mock/journal?wait=1"
    response = through_starlette(server, "GET", path, {"host": "localhost"}, b"")
    assert response[:2] == (500, b'{"message":"500 Internal Server Error"}')
