"""The server of the client tests, and the tools that the clients need.

With MOCK_CLOVER_TEST_CLIENTS=required a missing client fails its tests; otherwise they are skipped
with the reason.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
import toolbox
from clover_server import Clover, run_server
from toolbox import Find, Run

T = TypeVar("T")


@pytest.fixture(scope="session")
def clover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clover]:
    """A server in the default dialect, with errors as observed."""
    with run_server(tmp_path_factory.mktemp("observed")) as server:
        yield server


@pytest.fixture(scope="session")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clover]:
    """A server in the dialect of Clover's documentation."""
    with run_server(tmp_path_factory.mktemp("documented"), "--dialect", "documented") as server:
        yield server


@pytest.fixture(scope="session")
def without_httptools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clover]:
    """A server without httptools, as on PyPy: h11 parses the requests."""
    with run_server(tmp_path_factory.mktemp("h11"), without=("httptools",)) as server:
        yield server


@pytest.fixture(scope="session")
def node() -> Run:
    """Run a file of `node/` with the pinned packages against a server."""
    packages = get_or_skip(toolbox.install_node_packages)
    return runner(["node"], "node", {"NODE_PATH": str(packages)})


@pytest.fixture(scope="session")
def python_sdk() -> Run:
    """Run a file of `python/` in the environment of Clover's Python SDK."""
    return runner([str(get_or_skip(toolbox.install_python_sdk)), "-I"], "python")


@pytest.fixture(scope="session")
def java() -> Run:
    """Run a source file of `java/` as a single-file program; the flags only shorten its start."""
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
    return runner([get_or_skip(toolbox.find_java), *quick], "java")


@pytest.fixture(scope="session")
def tool() -> Find:
    """Return a function that finds a program that a test needs."""
    return lambda name: get_or_skip(lambda: toolbox.require_tool(name))


def runner(command: list[str], folder: str, fixed: dict[str, str] | None = None) -> Run:
    """Return a function that runs a file of a folder, with credentials in the environment."""

    def run(file: str, server: Clover, **environment: str) -> Any:
        return toolbox.run_client(
            [*command, str(toolbox.HERE / folder / file)],
            {**server.credentials, **(fixed or {}), **environment},
        )

    return run


def get_or_skip(get: Callable[[], T]) -> T:
    """Return what `get` finds; without it skip, or fail if clients are required."""
    try:
        return get()
    except toolbox.MissingError as missing:
        result = missing
    if os.environ.get("MOCK_CLOVER_TEST_CLIENTS") == "required":
        pytest.fail(f"clients are required: {result.reason}\n{result.output}", pytrace=False)
    pytest.skip(result.reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add the server's output to the report of a failed test."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            server = getattr(value, "clover", value)
            if isinstance(server, Clover):
                report.sections.append((f"output of the server ({name})", server.output))
    return report
