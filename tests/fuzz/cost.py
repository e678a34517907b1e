"""Measure how the cost of some work grows with its input.

Processor time, not elapsed time, so that other processes hardly count. Only a cost above SLACK_S is
judged, and only by its ratio to the cost of a quarter of the input: 4 for linear work, 16 for
quadratic. A ratio that is too high is measured again. How much a byte costs is not judged: that
depends on the machine. `make bench` measures it.
"""

import gc
import signal
from collections.abc import Callable
from time import process_time
from typing import Any

Work = Callable[[], Any]
SLACK_S = 0.04
"""This cost is always accepted: a small input fits into a cache, or into memory that is already
allocated. The largest input of a test is large enough for quadratic work to take seconds."""
RATIO_MAX = 8
TRIES = 4
WORK_S_MAX = 10.0
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


def growth_error(prepare: Callable[[int], Work], size: int) -> str:
    """Return an error message if work of a size takes much more than four times as long as work of
    a quarter of it, else ''. The size is in bytes, or a count.

    Raises TooLongError.
    """
    whole = [cost_s(lambda: prepare(size))]
    if whole[0] <= SLACK_S:
        return ""
    quarter = [cost_s(lambda: prepare(size // 4))]
    for _ in range(TRIES):
        if min(whole) <= SLACK_S + RATIO_MAX * min(quarter):
            return ""
        quarter.append(cost_s(lambda: prepare(size // 4)))
        whole.append(cost_s(lambda: prepare(size)))
    half = cost_s(lambda: prepare(size // 2))
    shown = ", ".join(f"{1000 * cost:.1f} ms" for cost in (min(quarter), half, min(whole)))
    return f"for {size // 4}, {size // 2} and {size}: {shown}"
