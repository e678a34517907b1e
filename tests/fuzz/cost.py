"""Measure how the cost of some work grows with its input.

Processor time, not elapsed time, so that other processes hardly count. Only a cost above a floor is
judged, and only by its ratio to the cost of a quarter of the input: 4 for linear work, 16 for
quadratic. A ratio that is too high is measured again.
"""

import gc
from collections.abc import Callable
from functools import cache
from time import process_time
from typing import Any

Work = Callable[[], Any]
FLOOR_S = 0.02
"""Work below this is not judged. The largest input of a test is large enough for quadratic work to
take seconds."""
RATIO_MAX = 8
TRIES = 4
READINGS_MAX = 200
"""The most that one input may cost, as a multiple of reading 1 MiB byte by byte in Python."""


def cost_s(prepare: Callable[[], Work]) -> float:
    """Return the processor time of some work; `prepare` is not measured."""
    work = prepare()
    gc.disable()
    started = process_time()
    work()
    spent = process_time() - started
    gc.enable()
    return spent


def growth_error(prepare: Callable[[int], Work], size: int) -> str:
    """Return an error message if work on `size` bytes takes much more than four times as long as
    work on a quarter of them, or much too long; else ''.
    """
    cost = cost_s(lambda: prepare(size))
    if cost < FLOOR_S:
        return ""
    quarter, half, whole = (
        [cost_s(lambda at=at: prepare(at))] for at in (size // 4, size // 2, size)
    )
    for _ in range(TRIES):
        if min(whole) <= RATIO_MAX * min(quarter) or min(whole) < FLOOR_S:
            break
        quarter.append(cost_s(lambda: prepare(size // 4)))
        whole.append(cost_s(lambda: prepare(size)))
    else:
        shown = ", ".join(f"{1000 * min(costs):.1f} ms" for costs in (quarter, half, whole))
        return f"for {size // 4}, {size // 2} and {size} bytes: {shown}"
    if min(whole) > READINGS_MAX * reading_s():
        return f"{1000 * min(whole):.0f} ms for {size} bytes"
    return ""


@cache
def reading_s() -> float:
    """Return the processor time of reading 1 MiB byte by byte: a few milliseconds."""
    data = bytes(2**20)

    def read() -> None:
        for _ in data:
            pass

    return min(cost_s(lambda: read) for _ in range(5))
