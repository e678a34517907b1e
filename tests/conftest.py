"""What the tests share: a fresh world for each, and real servers where the socket is the point."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_clover.model.scenario import Scenario
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from tests import shown
from tests.served import Served
from tests.world import World


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
