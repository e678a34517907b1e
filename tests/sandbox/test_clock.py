"""A sandbox's clock only moves forward, whatever time the machine's clock shows."""

import datetime as dt
from collections.abc import Callable

import pytest

from mock_clover.sandbox.clock import Clock, machine_ms
from mock_clover.sandbox.scheduler import Job


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


def test_its_times_are_related_to_those_of_the_machine() -> None:
    machine = Machine()
    clock = Clock(machine.read_ns)
    start_ms = machine.now_ms

    def pass_and_move(by_ms: int, *, freeze: bool = False) -> None:
        machine.now_ms += 10
        before_ms = clock.now_ms()
        clock.advance(by_ms)
        if freeze:
            clock.freeze()
        clock.note_move(before_ms)

    pass_and_move(HOUR_MS)
    pass_and_move(0, freeze=True)
    pass_and_move(HOUR_MS)
    related = [
        (clock.to_machine_ms(start_ms + at_ms) - start_ms)
        for at_ms in (-5, 0, 5, 10, 11, HOUR_MS + 10, HOUR_MS + 15, HOUR_MS + 20, 2 * HOUR_MS + 20)
    ]
    assert related == [-5, 0, 5, 10, 10, 10, 15, 20, 30]


def test_a_move_keeps_some_jobs_of_each_kind() -> None:
    clock = Clock(Machine().read_ns)
    rare, frequent = Job(2, "expiry", "A"), [Job(1, "delivery", f"D{n}") for n in range(60)]
    for _ in range(6):
        before_ms = clock.now_ms()
        clock.advance(1)
        assert clock.note_move(before_ms)
        clock.note_jobs([*frequent, rare])
    assert [len(move.jobs) for move in clock.moves] == [0, 0, 50, 50, 50, 50]
    assert clock.moves[0].due == clock.moves[-1].due == (("expiry", 1), ("delivery", 60))
    assert clock.moves[-1].jobs[:2] == (rare, frequent[0])
