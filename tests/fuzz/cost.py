"""Measure how the cost of some work grows with its input.

Processor time, not elapsed time, so that other processes hardly count. Only a cost above a floor is
judged, and only by its ratio to the cost of a quarter of the input: 4 for linear work, 16 for
quadratic. A ratio that is too high is measured again.
"""

import gc
import signal
from collections.abc import Callable
from time import process_time
from typing import Any

Work = Callable[[], Any]
FLOOR_S = 0.02
"""Work below this is not judged. The largest input of a test is large enough for quadratic work to
take seconds."""
RATIO_MAX = 8
TRIES = 4
READINGS_MAX = 1_000
"""The most that a byte may cost, as a multiple of reading one in Python."""


WORK_S_MAX = 5.0
"""Work is stopped after this processor time, or quadratic work could take hours."""


class TooLongError(BaseException):
    """Work was stopped. Not an Exception, so that no handler turns it into a response."""


def _stop(*_: object) -> None:
    raise TooLongError(f"more than {WORK_S_MAX} s")


def cost_s(prepare: Callable[[], Work]) -> float:
    """Return the processor time of some work; `prepare` is not measured."""
    work = prepare()
    signal.signal(signal.SIGVTALRM, _stop)
    gc.disable()
    signal.setitimer(signal.ITIMER_VIRTUAL, WORK_S_MAX)
    started = process_time()
    try:
        work()
        return process_time() - started
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        gc.enable()


def growth_error(prepare: Callable[[int], Work], size: int, *, is_bytes: bool = True) -> str:
    """Return an error message if work on `size` bytes takes much more than four times as long as
    work on a quarter of them, or much too long; else ''.
    """
    whole = [cost_s(lambda: prepare(size))]
    if whole[0] < FLOOR_S:
        return ""
    quarter = [cost_s(lambda: prepare(size // 4))]
    for _ in range(TRIES):
        if min(whole) <= RATIO_MAX * min(quarter):
            break
        quarter.append(cost_s(lambda: prepare(size // 4)))
        whole.append(cost_s(lambda: prepare(size)))
    else:
        half = cost_s(lambda: prepare(size // 2))
        shown = ", ".join(f"{1000 * cost:.1f} ms" for cost in (min(quarter), half, min(whole)))
        return f"for {size // 4}, {size // 2} and {size} bytes: {shown}"
    for _ in range(TRIES):  # both are measured again: a busy machine is slower
        if not is_bytes or min(whole) <= READINGS_MAX * reading_s() * size / 2**20:
            return ""
        whole.append(cost_s(lambda: prepare(size)))
    return f"{1000 * min(whole):.0f} ms for {size} bytes"


def reading_s() -> float:
    """Return the processor time of reading 1 MiB byte by byte: a few milliseconds."""
    data = bytes(2**20)

    def read() -> None:
        for _ in data:
            pass

    return min(cost_s(lambda: read) for _ in range(2))
