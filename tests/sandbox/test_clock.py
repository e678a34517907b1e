"""A sandbox's clock only moves forward, whatever time the machine's clock shows."""

import datetime as dt
from collections.abc import Callable

import pytest

from mock_clover.sandbox.clock import Clock, machine_ms


def too_late() -> int:
    raise OverflowError("timestamp out of range")


@pytest.mark.parametrize(
    ("read_ns", "date"),
    [(lambda: 0, "1970-01-01"), (lambda: -1, "1969-12-31"), (too_late, "2262-04-11")],
)
def test_the_clock_of_the_machine_shows_any_time(read_ns: Callable[[], int], date: str) -> None:
    read = machine_ms(read_ns)
    assert f"{dt.datetime.fromtimestamp(read / 1000, dt.UTC):%Y-%m-%d}" == date


HOUR_MS = 3_600_000


class Machine:
    """A machine's clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ms = 1_750_000_000_000

    def read_ns(self) -> int:
        return self.now_ms * 1_000_000


def test_a_machine_clock_that_goes_back_does_not_move_the_sandbox_back() -> None:
    machine = Machine()
    clock = Clock(machine.read_ns)
    start = clock.now_ms()
    steps = [5, -HOUR_MS, 7, HOUR_MS, -2 * HOUR_MS, 1]
    read = []
    for step in steps:
        machine.now_ms += step
        read.append(clock.now_ms() - start)
    assert read == [5, 5, 12, 12 + HOUR_MS, 12 + HOUR_MS, 13 + HOUR_MS]


def test_it_goes_on_after_all_that_sets_it() -> None:
    machine = Machine()
    clock = Clock(machine.read_ns)
    start = clock.now_ms()
    clock.freeze()
    clock.advance(HOUR_MS)
    machine.now_ms -= 9 * HOUR_MS
    clock.resume()
    clock.advance(1)
    assert clock.now_ms() == start + HOUR_MS + 1
    machine.now_ms -= 1
    assert clock.fork().now_ms() == clock.now_ms() == start + HOUR_MS + 1
    clock.restore(start - HOUR_MS, frozen=False)
    assert clock.now_ms() == start - HOUR_MS
