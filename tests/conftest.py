"""Fixtures for all tests, and the slow kinds of test that `make test` skips.

A test belongs to a slow kind if it is in the folder of the kind (`tests/fuzz/`), has its marker
(`@pytest.mark.system`), starts its own server (the fixture `start_server`) or gets generated input
from Hypothesis. The tests of the source text, which parse all files, are a kind of their own.
Slow kinds run when `-m` or a path on the command line names them. The folder of a kind that is not
selected is not collected, so the inner loop does not need the packages of the slow kinds.
"""

import gc
import inspect
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.records import Scenario
from tests import rows
from tests.behaviour_tests import exercised_by
from tests.in_process import KEYS, SCENARIO, InProcessServer, MakeServer
from tests.logs import LogFile
from tests.server_process import ServerProcess

gc.disable()  # collection creates no garbage; see `pytest_collection_finish`
HERE = Path(__file__).parent
SLOW_KINDS = ("system", "fuzz", "browser", "clients", "source")
SOURCE_TESTS = (
    *("test_architecture.py", "test_browser_rules.py", "test_house_rules.py"),
    "test_regular_expressions.py",
)
"""The files of the kind `source`."""
SELECTED = pytest.StashKey[frozenset[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Deselect the slow kinds that the command line does not name."""
    requested = config.option.markexpr
    paths = [Path(config.invocation_params.dir, arg.partition("::")[0]) for arg in config.args]
    selected = frozenset(
        kind
        for kind in SLOW_KINDS
        if re.search(rf"\b{kind}\b", requested)
        or any(HERE / kind in (path, *path.parents) for path in paths)
        or (kind == "source" and any(path.name in SOURCE_TESTS for path in paths))
    )
    config.stash[SELECTED] = selected
    if not requested:
        config.option.markexpr = " and ".join(
            f"not {kind}" for kind in SLOW_KINDS if kind not in selected
        )


def pytest_report_header(config: pytest.Config) -> str:
    """Report which kinds this run skips."""
    left_out = ", ".join(kind for kind in SLOW_KINDS if kind not in config.stash[SELECTED])
    runs = "`make lint test-all` runs them"
    return f"left out: {left_out} ({runs})" if left_out else "nothing left out"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore the folder or the files of a slow kind that is not selected."""
    kind = "source" if collection_path.name in SOURCE_TESTS else collection_path.name
    if collection_path.parent != HERE or kind not in SLOW_KINDS:
        return None
    return None if kind in config.stash[SELECTED] else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the marker of its slow kind to each test that lacks it."""
    for item in items:
        kind = item.path.relative_to(HERE).parts[0]
        kind = "source" if kind in SOURCE_TESTS else kind
        if kind in SLOW_KINDS:
            item.add_marker(kind)
        elif "start_server" in getattr(item, "fixturenames", ()):
            item.add_marker("system")
        elif getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("fuzz")


def pytest_collection_finish() -> None:
    """Collect garbage from now on, rarely, and not among the collected tests."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Item | None:
    """Run the rows of a parametrized test as one test when all fast tests run."""
    config = collector.config
    if config.stash[SELECTED] or rows.selects_tests(config) or not inspect.isfunction(obj):
        return None
    is_test = isinstance(collector, pytest.Module) and name.startswith("test_")
    return rows.merged(collector, name, obj) if is_test else None


@pytest.fixture(scope="session")
def keys() -> KeyRing:
    return KEYS


@pytest.fixture(scope="session")
def default_scenario() -> Scenario:
    return SCENARIO


@pytest.fixture
def make_server(keys: KeyRing, default_scenario: Scenario) -> MakeServer:
    """Return a factory of servers in process; its arguments are settings."""

    def make(scenario: Scenario = default_scenario, **switched: Any) -> InProcessServer:
        return InProcessServer(keys, scenario, **switched)

    return make


@pytest.fixture
def server(make_server: MakeServer) -> InProcessServer:
    return make_server()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogFile]:
    with LogFile(tmp_path / "log") as log:
        yield log


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server shared by all tests; do not assume that it is empty."""
    server = ServerProcess(tmp_path_factory.mktemp("served"))
    yield server
    server.stop()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Return a function that starts a server; its arguments are options of `serve`."""
    started: list[ServerProcess] = []

    def start(*options: str, python: tuple[str, ...] = ()) -> ServerProcess:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        started.append(ServerProcess(folder, *options, python=python))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that is listed for a behaviour but never exercised it."""
    with exercised_by(pyfuncitem.path, pyfuncitem.originalname):
        return (yield)
