"""Which protocol class serves requests."""

from collections.abc import Callable

import pytest

from mock_clover.server.protocol import httptools
from mock_clover.server.serve import protocol_class
from tests.raw_http import call, command_with
from tests.server_process import ServerProcess
from tests.test_supply import locked

UNTESTED = (
    "from mock_clover.server.protocol import httptools",
    "httptools.TESTED['uvicorn'] = ('0.1',)",
)


@pytest.mark.parametrize("lock", ["serve", "lowest"])
@pytest.mark.parametrize("name", httptools.TESTED)
def test_the_locked_versions_are_tested_with_the_direct_way(name: str, lock: str) -> None:
    minor = ".".join(locked(lock)[name].split(".")[:2])
    assert minor in httptools.TESTED[name]


def test_other_versions_take_the_ordinary_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert protocol_class() is httptools.DirectHttpToolsProtocol
    monkeypatch.setitem(httptools.TESTED, "uvicorn", ("0.1",))
    assert protocol_class() is httptools.HardenedHttpToolsProtocol


def test_the_log_names_other_versions(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(python=command_with("httptools", *UNTESTED))
    assert call(server.port, "GET", "/v1/charges").status == 200
    assert server.stop() == 0
    lines = [line for line in server.log.read_text().splitlines() if "not tested with" in line]
    assert len(lines) == 1
    assert lines[0].endswith("requests take uvicorn's slower way")
