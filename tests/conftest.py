"""Fixtures that all tests share, and the kinds of test that `make test` leaves out.

A test belongs to a slow kind by its folder (`tests/fuzz/`), by a marker (`@pytest.mark.system`),
because it starts a server of its own (the fixture `serve`) or because Hypothesis generates its
input.
Slow kinds run when `-m` or a path on the command line names them. The folder of a kind that is not
selected is not even collected, so the inner loop does not need the packages of the slow kinds.
"""

import gc
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from mock_clover.scenario.records import Scenario
from tests import shown
from tests.served import Served
from tests.world import World

HERE = Path(__file__).parent
SLOW_KINDS = ("system", "fuzz", "browser", "clients")
SELECTED = pytest.StashKey[frozenset[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Deselect the slow kinds that the command line does not name."""
    asked = config.option.markexpr
    paths = [Path(config.invocation_params.dir, arg.partition("::")[0]) for arg in config.args]
    selected = frozenset(
        kind
        for kind in SLOW_KINDS
        if re.search(rf"\b{kind}\b", asked)
        or any(HERE / kind in (path, *path.parents) for path in paths)
    )
    config.stash[SELECTED] = selected
    if not asked:
        config.option.markexpr = " and ".join(
            f"not {kind}" for kind in SLOW_KINDS if kind not in selected
        )


def pytest_report_header(config: pytest.Config) -> str:
    """Say which kinds this run leaves out."""
    left_out = ", ".join(kind for kind in SLOW_KINDS if kind not in config.stash[SELECTED])
    return f"left out: {left_out} (`make test-all` runs them)" if left_out else "nothing left out"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore the folder of a slow kind that is not selected."""
    kind = collection_path.name
    if collection_path.parent != HERE or kind not in SLOW_KINDS:
        return None
    return None if kind in config.stash[SELECTED] else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of a slow kind that do not say so themselves."""
    for item in items:
        kind = item.path.relative_to(HERE).parts[0]
        if kind in SLOW_KINDS:
            item.add_marker(kind)
        elif "serve" in getattr(item, "fixturenames", ()):
            item.add_marker("system")
        elif getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("fuzz")


def pytest_collection_finish() -> None:
    """Keep what is collected out of garbage collection, which saves a tenth of the run."""
    gc.freeze()


@pytest.fixture(scope="session")
def keys() -> KeyRing:
    return KeyRing()


@pytest.fixture(scope="session")
def default_scenario() -> Scenario:
    return load("sandbox")


@pytest.fixture
def make_world(keys: KeyRing, default_scenario: Scenario) -> Callable[..., World]:
    """Return a maker of worlds; its arguments are settings."""

    def make(scenario: Scenario = default_scenario, **switched: Any) -> World:
        return World(keys, scenario, **switched)

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that tests share; they must not rely on its being empty."""
    server = Served(tmp_path_factory.mktemp("served"))
    yield server
    server.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Return a starter of servers of one's own; its arguments are options of `serve`."""
    started: list[Served] = []

    def start(*options: str, python: tuple[str, ...] = ()) -> Served:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        started.append(Served(folder, *options, python=python))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that is to show a behaviour when no reply of it leaned on that behaviour."""
    shown.LEANED.clear()
    done = yield
    missed = shown.missed(pyfuncitem.path, pyfuncitem.originalname)
    assert not missed, (
        f"no reply of this test leans on {', '.join(sorted(missed))}: "
        "correct the test, or name another one in SHOWN of tests/shown.py"
    )
    return done
