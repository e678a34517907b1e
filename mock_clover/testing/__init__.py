"""The pytest plugin: a fresh Clover for each test, and proof of what happened in it.

Loading it imports nothing but pytest and the standard library; the server, or what the in-process
application needs, is brought when the first test asks. One server serves a whole run, the workers
of pytest-xdist among it; each test has a sandbox of its own, named after the test.
"""

import contextlib
import difflib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from mock_clover.testing.clock import Clock
from mock_clover.testing.declines import Decline, declines
from mock_clover.testing.handle import MockClover, document
from mock_clover.testing.line import MockCloverError, Transport
from mock_clover.testing.names import sandbox_name
from mock_clover.testing.report import journal_text

if TYPE_CHECKING:
    from mock_clover.testing.inside import MockCloverApp, Parts
    from mock_clover.testing.server import ServerBroker

__all__ = ["Clock", "Decline", "MockClover", "MockCloverError", "declines"]

Held = TypeVar("Held", bound=MockClover)

_SWITCHES = (
    *("scenario", "dialect", "strict", "refuse_inferred", "allow_inferred"),
    *("listed_cards_only", "permissions", "consent", "checkout"),
)
_DESK_PORT = "mock_clover_desk_port"
_held: pytest.StashKey[list[MockClover]] = pytest.StashKey()
_desk: pytest.StashKey["ServerBroker"] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option and the setting of the same name."""
    about = "root of a running mock-clover to use instead of starting one"
    group = parser.getgroup("mock-clover")
    group.addoption("--mock-clover-url", metavar="URL", help=about)
    parser.addini("mock_clover_url", about, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker. Raises pytest.UsageError for an empty address of a server."""
    if config.getoption("--mock-clover-url") == "":
        raise pytest.UsageError("--mock-clover-url is empty: give it a value, or leave it out")
    config.addinivalue_line(
        "markers",
        f"mock_clover({', '.join(_SWITCHES)}): of a test's sandbox",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where to ask for the one server of this run."""
    if _url_option(node.config) or not node.gateway.spec.popen:  # another machine starts its own
        return
    if _desk not in node.config.stash:
        from mock_clover.testing.server import ServerBroker

        node.config.stash[_desk] = ServerBroker()
    node.workerinput[_DESK_PORT] = node.config.stash[_desk].port


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the server that the workers shared."""
    desk = config.stash.get(_desk, None)
    if desk is not None:
        desk.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Drop a test's sandboxes once it is over and reported."""
    result = yield
    for held in item.stash.get(_held, ()):
        held.drop()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show with a failure what the test's sandboxes saw."""
    report: Any = yield
    for held in item.stash.get(_held, ()) if report.failed else ():
        report.sections.append((f"mock-clover journal of {held.name}", journal_text(held)))
    return report  # type: ignore[no-any-return] # pytest gives it untyped


@pytest.fixture(scope="session")
def _mock_clover_line(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Give the way to the server of this run."""
    from mock_clover.testing.server import Server, ask_broker
    from mock_clover.testing.wired import HttpTransport

    url = _url_option(request.config)
    token = os.environ.get("MOCK_CLOVER_CONTROL_TOKEN", "") if url else ""
    port: Any = getattr(request.config, "workerinput", {}).get(_DESK_PORT)
    server = Server()
    try:
        root = url or (ask_broker(port) if port else server.url())
        with contextlib.closing(HttpTransport(root, token)) as line:
            yield line
    finally:
        server.stop()


@pytest.fixture
def mock_clover(request: pytest.FixtureRequest, _mock_clover_line: Transport) -> MockClover:
    """Give a Clover of this test's own, on a real port."""
    item = request.node
    shared = bool(_url_option(request.config))
    name = sandbox_name(item.nodeid, item.name, _worker(request.config), shared=shared)
    return _held_by(item, MockClover.make(_mock_clover_line, name, _marked(item)))


@pytest.fixture(scope="session")
def _mock_clover_parts() -> "Parts":
    """Give what all in-process applications share: the key pair and the default scenario."""
    from mock_clover.testing.inside import Parts

    return Parts()


@pytest.fixture
def mock_clover_app(request: pytest.FixtureRequest, _mock_clover_parts: "Parts") -> "MockCloverApp":
    """Give a Clover of this test's own without a socket: an ASGI application, as for httpx."""
    from mock_clover.testing.inside import MockCloverApp

    item = request.node
    return _held_by(item, MockCloverApp.inside(_mock_clover_parts, _marked(item)))


def _held_by(item: pytest.Item, made: Held) -> Held:
    """Note a sandbox as the test's own."""
    held = item.stash.setdefault(_held, [])
    held.append(made)
    made.on_fork = held.append
    return made


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Return what to ask of a test's sandbox by its markers, the nearest first."""
    told: dict[str, Any] = {"seed": item.nodeid}
    for mark in reversed(list(item.iter_markers("mock_clover"))):
        for name in mark.kwargs:
            if name not in _SWITCHES:
                near = difflib.get_close_matches(name, _SWITCHES, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(_SWITCHES)}"
                raise pytest.UsageError(f"@pytest.mark.mock_clover has no {name!r}; {hint}")
        if mark.args:
            raise pytest.UsageError("@pytest.mark.mock_clover takes names only, as scenario=…")
        told |= mark.kwargs
    if told.get("scenario") is not None:
        scenario = document(told["scenario"])
        told["scenario"] = scenario["name"] if scenario.keys() == {"name"} else scenario
    return told


def _url_option(config: pytest.Config) -> str:
    return str(config.getoption("--mock-clover-url") or config.getini("mock_clover_url") or "")


def _worker(config: pytest.Config) -> str:
    told: dict[str, Any] = getattr(config, "workerinput", {})
    return str(told.get("workerid") or os.environ.get("PYTEST_XDIST_WORKER", ""))
