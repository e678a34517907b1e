"""The machine's clock, which may show any time."""

import ast
import datetime as dt
from collections.abc import Callable

import pytest

from mock_clover.sandbox.clock import machine_ms
from tests.failure_messages import assert_no_errors
from tests.test_architecture import name_of, sources


def too_late() -> int:
    raise OverflowError("timestamp out of range")


@pytest.mark.parametrize(
    ("read_ns", "date"),
    [(lambda: 0, "1970-01-01"), (lambda: -1, "1969-12-31"), (too_late, "2262-04-11")],
)
def test_the_clock_of_the_machine_shows_any_time(read_ns: Callable[[], int], date: str) -> None:
    read = machine_ms(read_ns)
    assert f"{dt.datetime.fromtimestamp(read / 1000, dt.UTC):%Y-%m-%d}" == date


def test_the_clock_of_the_machine_is_read_in_one_place() -> None:
    assert_no_errors(
        f"{source.name}:{node.lineno} reads the machine's clock: use machine_ms()"
        for source in sources()
        if source.name != "sandbox/clock.py"
        for node in source.nodes
        if isinstance(node, ast.Call)
        and name_of(node) in ("time", "time_ns", "now", "utcnow", "today")
    )
