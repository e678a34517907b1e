"""Run long operations in slices, so that other requests are handled in between."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import TypeVar

from mock_clover.core.steps import Steps, Work

T = TypeVar("T")

SLICE_NS = 2_000_000
"""Processor time of a slice: what a long operation may add to the latency of another request."""
RUNNING_MAX = 4
"""Operations in progress: each holds its intermediate results in memory."""


class _Lane:
    """The operations that run one after the other, or a few at a time."""

    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self.users = 0


class Slices:
    """The long operations of a server. Each pass of the event loop runs a slice of one of them."""

    def __init__(self, slice_ns: int = SLICE_NS) -> None:
        self._slice_ns = slice_ns
        self._lanes: dict[object, _Lane] = {}

    def is_busy(self, lane: object) -> bool:
        """Return whether an operation of a lane is running."""
        return lane in self._lanes

    async def run(self, work: Work[T]) -> T:
        """Run an operation and return its result. A short one is complete without a pause."""
        async with (
            self._turn(work if work.lane is None else work.lane),
            self._turn(Slices, RUNNING_MAX),
        ):
            ended: list[T] = []
            while not ended:
                async with self._turn(self):
                    ended = _run_slice(work.steps, self._slice_ns)
                    if not ended:
                        await asyncio.sleep(0)
            return ended[0]

    @contextlib.asynccontextmanager
    async def _turn(self, key: object, places: int = 1) -> AsyncIterator[None]:
        """Wait until a lane has a free place. Lanes are removed with their event loop."""
        lane = self._lanes.setdefault(key, _Lane(places))
        lane.users += 1
        try:
            async with lane.places:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[key]


def _run_slice(steps: Steps[T], slice_ns: int) -> list[T]:
    """Run steps for `slice_ns`; return the result, or nothing if there are more steps."""
    end_ns = time.thread_time_ns() + slice_ns
    try:
        next(steps)
        while time.thread_time_ns() < end_ns:
            next(steps)
    except StopIteration as end:
        return [end.value]
    return []
