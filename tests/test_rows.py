"""The rows of a parametrized test run as one test, and nothing is lost (`tests/rows.py`)."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.records import Scenario
from tests.in_process import InProcessServer
from tests.rows import merged


@pytest.mark.parametrize("letter", ["a", "b"])
@pytest.mark.parametrize(("number", "is_odd"), [(1, True), (2, True), (3, False)])
def odd(number: int, is_odd: bool, letter: str) -> None:
    assert (bool(number % 2), letter) == (is_odd, "a")


@pytest.mark.parametrize("count", [1, 2])
def charged(server: InProcessServer, count: int) -> None:
    for _ in range(count):
        server.charge()
    assert len(server.sandbox.charges) == count


@pytest.mark.parametrize("number", [1, 2])
def skipping(number: int) -> None:
    pytest.skip(f"row {number}")


@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.system)])
def marked(number: int) -> None:
    """A row with a mark."""


@pytest.mark.parametrize("number", [1, 2])
def cleaned_up(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixture that ends after each row."""


@pytest.mark.parametrize("server", [1, 2], indirect=True)
def indirect(server: InProcessServer) -> None:
    """Values that a fixture takes."""


def plain() -> None:
    """No table."""


def run(request: pytest.FixtureRequest, function: Callable[..., None], **fixtures: Any) -> None:
    test = merged(request.node.parent, function.__name__, function)
    assert test is not None
    test.obj(**fixtures)


def test_each_row_that_fails_is_named_with_its_command(request: pytest.FixtureRequest) -> None:
    with pytest.raises(AssertionError) as raised:
        run(request, odd)
    lines = str(raised.value).splitlines()
    assert lines[0] == "5 of 6 rows fail; the first is shown above"
    assert [each for each in lines if each.startswith(".venv")] == [
        f".venv/bin/pytest 'tests/test_rows.py::odd[{row}]'"
        for row in ("1-True-b", "2-True-a", "2-True-b", "3-False-a", "3-False-b")
    ]
    assert "    AssertionError: assert (True, 'b') == (True, 'a')" in lines
    assert str(raised.value.__cause__).startswith("assert (True, 'b') == (True, 'a')")


def test_each_row_has_a_server_of_its_own(
    request: pytest.FixtureRequest, keys: KeyRing, default_scenario: Scenario
) -> None:
    run(request, charged, keys=keys, default_scenario=default_scenario)


def test_a_row_that_skips_fails(request: pytest.FixtureRequest) -> None:
    with pytest.raises(AssertionError, match=r"^2 of 2 rows fail"):
        run(request, skipping)


def test_other_tests_are_left_as_they_are(request: pytest.FixtureRequest) -> None:
    module = request.node.parent
    functions = (marked, cleaned_up, indirect, plain)
    assert [merged(module, each.__name__, each) for each in functions] == [None] * 4
