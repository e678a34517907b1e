"""The pytest plugin: a separate sandbox for each test, with verification of its requests.

Loading the plugin imports only pytest and the standard library. The server or the in-process
application starts with the first test that uses it. One server serves the whole run, including all
pytest-xdist workers. Each test has its own sandbox, named after the test.
"""

import argparse
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import pytest

from mock_clover.core.suggestions import did_you_mean
from mock_clover.testing.handle import MockClover, sandbox_settings
from mock_clover.testing.names import SWEPT_OPTION, SWEPT_SANDBOX, sandbox_name
from mock_clover.testing.options import SandboxSettings
from mock_clover.testing.report import report_text
from mock_clover.testing.transport import Transport, request_json

if TYPE_CHECKING:
    from mock_clover.testing.capsules import CapsuleWriter
    from mock_clover.testing.in_process import MockCloverApp, SharedResources
    from mock_clover.testing.server import ServerBroker

Handle = TypeVar("Handle", bound=MockClover)

_BROKER_PORT = "mock_clover_broker_port"
_handles: pytest.StashKey[list[MockClover]] = pytest.StashKey()
_pending_findings: pytest.StashKey[list[dict[str, Any]]] = pytest.StashKey()
_broker: pytest.StashKey["ServerBroker"] = pytest.StashKey()
_capsules: pytest.StashKey["CapsuleWriter"] = pytest.StashKey()


class MockCloverFactory:
    """Creates sandboxes that live until the end of the run, or until their `drop`."""

    def __init__(self, transport: Transport, worker: str, *, shared: bool) -> None:
        self._transport = transport
        self._worker = worker
        self._shared = shared
        self.handles: list[MockClover] = []

    def __call__(
        self,
        scenario: str | Path | dict[str, Any] | None = None,
        *,
        seed: str | None = None,
        **settings: Unpack[SandboxSettings],
    ) -> MockClover:
        """Create a sandbox, with the arguments of the marker. Raises MockCloverError.

        By default, the seed is the number of the sandbox.
        """
        number = f"sandbox-{len(self.handles) + 1}"
        name = sandbox_name(number, number, self._worker, shared=self._shared)
        body = sandbox_settings(scenario, seed or number, settings)
        handle = MockClover.create(self._transport, name, body)
        self.handles.append(handle)
        handle.on_fork = self.handles.append
        return handle


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the ini settings of the same names."""
    help_text = "base URL of a running mock-clover to use instead of starting one"
    group = parser.getgroup("mock-clover")
    group.addoption("--mock-clover-url", metavar="URL", help=help_text)
    group.addoption(SWEPT_OPTION, action="store_true", help=argparse.SUPPRESS)
    parser.addini("mock_clover_url", help_text, default="")
    group.addoption(
        "--mock-clover-audit",
        action="store_true",
        help="audit the sandbox of each test, report at the end, and fail the run for an error",
    )
    help_text = "write a capsule of each failed test's sandbox here, for `mock-clover replay`"
    group.addoption("--mock-clover-capsules", metavar="DIR", help=help_text)
    parser.addini("mock_clover_capsules", help_text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker. Raises pytest.UsageError for an empty `--mock-clover-url`."""
    if config.getoption("--mock-clover-url") == "":
        raise pytest.UsageError("--mock-clover-url is empty: set a value or omit the option")
    config.addinivalue_line(
        "markers",
        "mock_clover(scenario, **settings): the scenario and the settings of the test's sandbox",
    )
    config.addinivalue_line(
        "markers",
        'mock_clover_audit(ignore={"CLV001": "reason"}): rules that --mock-clover-audit ignores',
    )
    config.addinivalue_line(
        "markers",
        "mock_clover_sweep(only, timeout, budget, jobs, reconcile): run the test once for each "
        "fault at each of its calls, as `mock-clover sweep` does",
    )
    if config.getoption("--mock-clover-audit") and not hasattr(config, "workerinput"):
        from mock_clover.testing.audit import AuditReports

        config.pluginmanager.register(AuditReports(), "mock-clover-audit")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the port of the server broker to a pytest-xdist worker."""
    if _url_option(node.config) or not node.gateway.spec.popen:  # remote workers start their own
        return
    if _broker not in node.config.stash:
        from mock_clover.testing.server import ServerBroker

        node.config.stash[_broker] = ServerBroker()
    node.workerinput[_BROKER_PORT] = node.config.stash[_broker].port


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server shared by the workers."""
    broker = config.stash.get(_broker, None)
    if broker is not None:
        broker.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the markers of the audit. Raises pytest.UsageError."""
    if config.getoption("--mock-clover-audit"):
        from mock_clover.testing.audit import check_markers

        check_markers(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Delete a test's sandboxes after it has been reported."""
    result = yield
    for handle in item.stash.get(_handles, ()):
        handle.drop()
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Sweep a marked test instead of running it once; in a run of a sweep, just run it."""
    if pyfuncitem.get_closest_marker("mock_clover_sweep") is None or SWEPT_SANDBOX in os.environ:
        return None
    from mock_clover.testing.swept import sweep_test

    sweep_test(pyfuncitem, _marker_settings(pyfuncitem))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add the journals of the test's sandboxes to a failure report, and write their capsules."""
    report: Any = yield
    if item.config.getoption("--mock-clover-audit"):
        from mock_clover.testing.audit import attach_findings

        attach_findings(item, report, item.stash.get(_handles, []), _pending(item.config))
    handles = _handles_of(item) if report.failed else []
    for handle in handles:
        report.sections.append((f"mock-clover journal of {handle.name}", report_text(handle)))
    if handles and (folder := _capsule_folder(item.config)):
        report.sections += _capsule_writer(item.config, folder).write(item.nodeid, handles)
    return report  # type: ignore[no-any-return] # untyped in pytest


@pytest.fixture(scope="session")
def _mock_clover_transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Yield the transport to the server of this run."""
    from mock_clover.testing.http_transport import HttpTransport
    from mock_clover.testing.server import ServerProcess, ask_broker

    url = _url_option(request.config) or _swept_url()
    token = os.environ.get("MOCK_CLOVER_CONTROL_TOKEN", "") if url else ""
    port: Any = getattr(request.config, "workerinput", {}).get(_BROKER_PORT)
    server = ServerProcess()
    try:
        root = url or (ask_broker(port) if port else server.url())
        with contextlib.closing(HttpTransport(root, token)) as transport:
            yield transport
    finally:
        server.stop()


@pytest.fixture
def mock_clover(request: pytest.FixtureRequest, _mock_clover_transport: Transport) -> MockClover:
    """Return this test's sandbox on a server with a real port."""
    item = request.node
    if SWEPT_SANDBOX in os.environ:
        return _swept_sandbox(item, _mock_clover_transport)
    shared = bool(_url_option(request.config))
    name = sandbox_name(item.nodeid, item.name, _worker(request.config), shared=shared)
    return _track(item, MockClover.create(_mock_clover_transport, name, _marker_settings(item)))


@pytest.fixture(scope="session")
def mock_clover_factory(
    request: pytest.FixtureRequest, _mock_clover_transport: Transport
) -> Iterator[MockCloverFactory]:
    """Return a function that creates sandboxes, for fixtures of a class, module or session."""
    shared = bool(_url_option(request.config) or _swept_url())
    factory = MockCloverFactory(_mock_clover_transport, _worker(request.config), shared=shared)
    yield factory
    if request.config.getoption("--mock-clover-audit"):
        from mock_clover.testing.audit import audit_of

        _pending(request.config).extend(each for one in factory.handles for each in audit_of(one))
    for handle in factory.handles:
        handle.drop()


@pytest.fixture(scope="session")
def _mock_clover_shared() -> "SharedResources":
    """Return the key pair and default scenario, shared by all in-process applications."""
    from mock_clover.testing.in_process import SharedResources

    return SharedResources()


@pytest.fixture
def mock_clover_app(
    request: pytest.FixtureRequest, _mock_clover_shared: "SharedResources"
) -> "MockCloverApp":
    """Return this test's sandbox as an in-process ASGI application, for example for httpx."""
    from mock_clover.testing.in_process import MockCloverApp

    item = request.node
    return _track(
        item, MockCloverApp.create_in_process(_mock_clover_shared, _marker_settings(item))
    )


def _pending(config: pytest.Config) -> list[dict[str, Any]]:
    """Return the findings of longer-lived fixtures; the last test that ran reports them."""
    return config.stash.setdefault(_pending_findings, [])


def _handles_of(item: pytest.Item) -> list[MockClover]:
    """Return the sandboxes of a test, and those of longer-lived fixtures that it uses."""
    arguments = getattr(item, "funcargs", {}).values()
    longer_lived = [each for each in arguments if isinstance(each, MockClover)]
    own = item.stash.get(_handles, [])
    return own + [each for each in longer_lived if each not in own]


def _track(item: pytest.Item, handle: Handle) -> Handle:
    """Record a sandbox and its forks, to delete them after the test."""
    handles = item.stash.setdefault(_handles, [])
    handles.append(handle)
    handle.on_fork = handles.append
    return handle


def _marker_settings(item: pytest.Item) -> dict[str, Any]:
    """Return the settings from a test's markers. The closest marker takes precedence."""
    settings: dict[str, Any] = {"seed": item.nodeid}
    for mark in reversed(list(item.iter_markers("mock_clover"))):
        for name in mark.kwargs:
            _check_setting(name)
        if mark.args:
            raise pytest.UsageError(
                "@pytest.mark.mock_clover accepts only keyword arguments, for example scenario=…"
            )
        settings |= mark.kwargs
    return sandbox_settings(settings.pop("scenario", None), settings.pop("seed"), settings)


def _check_setting(name: str) -> None:
    from mock_clover.scenario.records import Settings  # imports msgspec, for markers only

    known = ("scenario", *Settings.__struct_fields__)
    if name not in known:
        hint = did_you_mean(name, known) or f"; allowed: {', '.join(known)}"
        raise pytest.UsageError(f"@pytest.mark.mock_clover has no setting {name!r}{hint}")


def _swept_url() -> str:
    """Return the URL of the server in a run of `mock-clover sweep`, or ''."""
    return os.environ.get("MOCK_CLOVER_URL", "") if SWEPT_SANDBOX in os.environ else ""


def _swept_sandbox(item: pytest.Item, transport: Transport) -> MockClover:
    """Return the sandbox of a run of `mock-clover sweep`, which reads and deletes it."""
    if item.get_closest_marker("mock_clover") and not item.config.getoption(SWEPT_OPTION):
        raise pytest.UsageError(
            "`mock-clover sweep` creates the sandbox, without the settings of "
            "@pytest.mark.mock_clover: mark the test with mock_clover_sweep and run pytest"
        )
    path = f"/_mock/sandboxes/{os.environ[SWEPT_SANDBOX]}"
    return MockClover(transport, request_json(transport, "GET", path))


def _url_option(config: pytest.Config) -> str:
    return str(config.getoption("--mock-clover-url") or config.getini("mock_clover_url") or "")


def _capsule_folder(config: pytest.Config) -> str:
    option = config.getoption("--mock-clover-capsules") or config.getini("mock_clover_capsules")
    return str(option or "")


def _capsule_writer(config: pytest.Config, folder: str) -> "CapsuleWriter":
    """Return the writer of this process, which counts its files."""
    if _capsules not in config.stash:
        from mock_clover.testing.capsules import CapsuleWriter

        config.stash[_capsules] = CapsuleWriter(Path(folder))
    return config.stash[_capsules]


def _worker(config: pytest.Config) -> str:
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    return str(worker.get("workerid") or os.environ.get("PYTEST_XDIST_WORKER", ""))
