"""The server of the client tests and the tools that other people's clients need.

With MOCK_CLOVER_TEST_CLIENTS=required a client that is not to be had fails its tests; otherwise
they are skipped with the reason.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
import toolbox
from served import Clover, serving
from toolbox import Find, Run

T = TypeVar("T")


@pytest.fixture(scope="session")
def clover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clover]:
    """Serve in the default dialect: errors as they have been observed."""
    with serving(tmp_path_factory.mktemp("observed")) as server:
        yield server


@pytest.fixture(scope="session")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clover]:
    """Serve in the dialect of Clover's documentation."""
    with serving(tmp_path_factory.mktemp("documented"), "--dialect", "documented") as server:
        yield server


@pytest.fixture(scope="session")
def without_httptools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clover]:
    """Serve where httptools does not exist, as on PyPy: then h11 parses the requests."""
    with serving(tmp_path_factory.mktemp("h11"), without=("httptools",)) as server:
        yield server


@pytest.fixture(scope="session")
def node() -> Run:
    """Run a file of `node/` with the pinned packages against a server."""
    packages = have(toolbox.install_node_packages)
    return runner(["node"], "node", {"NODE_PATH": str(packages)})


@pytest.fixture(scope="session")
def python_sdk() -> Run:
    """Run a file of `python/` in the environment of Clover's Python SDK, and in no other."""
    return runner([str(have(toolbox.install_python_sdk)), "-I"], "python")


@pytest.fixture(scope="session")
def java() -> Run:
    """Run a source file of `java/` as Java runs single files; the flags only shorten its start."""
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
    return runner([have(toolbox.find_java), *quick], "java")


@pytest.fixture(scope="session")
def tool() -> Find:
    """Give the path of a program that a test needs."""
    return lambda name: have(lambda: toolbox.require_tool(name))


def runner(command: list[str], folder: str, fixed: dict[str, str] | None = None) -> Run:
    """Return what runs a file of a folder: credentials and settings go in by the environment."""

    def run(file: str, server: Clover, **environment: str) -> Any:
        return toolbox.run_client(
            [*command, str(toolbox.HERE / folder / file)],
            {**server.credentials, **(fixed or {}), **environment},
        )

    return run


def have(get: Callable[[], T]) -> T:
    """Return what `get` finds; without it skip, or fail where clients are required."""
    try:
        return get()
    except toolbox.MissingError as missing:
        told = missing
    if os.environ.get("MOCK_CLOVER_TEST_CLIENTS") == "required":
        pytest.fail(f"clients are required: {told.reason}\n{told.output}", pytrace=False)
    pytest.skip(told.reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the server's output with a test that failed."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            server = getattr(value, "clover", value)
            if isinstance(server, Clover):
                report.sections.append((f"output of the server ({name})", server.output))
    return report
