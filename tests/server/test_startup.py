"""The work at start-up, with and without another process or thread for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mock_clover.sandbox.keys import KeyRing
from mock_clover.server.housekeeping import load_key
from mock_clover.server.startup import StartupWorker
from tests.fake_clock import FakeClockLoop, run


def fails() -> int:
    raise BlockingIOError(11, "Resource temporarily unavailable")


@pytest.mark.parametrize("fork", [fails, None])
def test_without_a_child_the_work_is_done_in_this_process(
    fork: Callable[[], int] | None, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys._load_key()
    monkeypatch.setattr("mock_clover.sandbox.keys._generate_key", lambda: key)
    worker = StartupWorker("sandbox", None, fork)
    assert worker.scenario().name == "sandbox"
    assert KeyRing(fetch=worker.key).public_blob() == keys.public_blob()


class NoThreads(ThreadPoolExecutor):
    """An executor of a process that may have no more threads."""

    def submit(self, *_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError("can't start new thread")


def test_without_a_thread_the_key_is_loaded_on_first_use(keys: KeyRing) -> None:
    ring = KeyRing(fetch=keys.export)

    async def main(loop: FakeClockLoop) -> None:
        loop.set_default_executor(NoThreads())
        loading = asyncio.ensure_future(load_key(ring))
        await loop.advance(1)
        await loading

    run(main)
    assert ring.public_blob() == keys.public_blob()
