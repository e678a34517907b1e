"""The core: how it reads the path of a request."""

import pytest

from mock_clover.server.app import BODY_BYTES_MAX, SNAPSHOT_BYTES_MAX
from tests.in_process import InProcessServer

AWAITED = ["/_mock/journal", "/_mock/verify", "/_mock/deliveries"]


@pytest.mark.parametrize("home", ["", "/sandbox/a1"])
@pytest.mark.parametrize("end", ["", "/", "//"])
def test_slashes_at_the_end_of_a_path_change_nothing(
    server: InProcessServer, home: str, end: str
) -> None:
    app = server.app
    assert [app.needs_asgi(f"{home}{path}{end}") for path in AWAITED] == [True] * len(AWAITED)
    assert app.body_bytes_max(f"{home}/_mock/snapshot{end}") == SNAPSHOT_BYTES_MAX
    assert app.body_bytes_max(f"{home}/v1/charges{end}") == BODY_BYTES_MAX
    assert app.resolve_sandbox(f"{home}/v1/charges{end}", {})[1] == "/v1/charges"
    assert app.resolve_sandbox(f"{home}/{end}", {})[1] == "/"


@pytest.mark.parametrize("path", ["/", "//", "/readyz", "/readyz/", "/livez/", "/nothing/"])
def test_a_probe_or_an_unknown_path_creates_no_sandbox(server: InProcessServer, path: str) -> None:
    server.app.resolve_sandbox(f"/sandbox/a1{path}", {})
    assert [each.name for each in server.sandboxes] == ["default"]
