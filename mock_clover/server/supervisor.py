"""Run the work that belongs to no request, so that an error ends only that piece of work."""

import asyncio
from collections.abc import Awaitable, Callable

from mock_clover.core.error_text import error_location
from mock_clover.server.log import ExchangeLog

_REPORTED_MAX = 1_000


class Supervisor:
    """Run tasks and log their errors; an error that repeats is logged once."""

    def __init__(self, log: ExchangeLog) -> None:
        self._log = log
        self._reported: dict[str, str] = {}
        """The last error of each task that failed."""

    def run(self, name: str, task: Callable[[], object]) -> bool:
        """Run a task and log an error; return whether there was none.

        The name is part of the log line, so card numbers in it must be masked.
        """
        try:
            task()
        except Exception as error:  # noqa: BLE001 - must not end the server
            self._report(name, error)
            return False
        self._reported.pop(name, None)
        return True

    async def run_async(self, name: str, task: Callable[[], Awaitable[object]]) -> None:
        """Run a task to its end and log an error, like `run`."""
        try:
            await task()
        except Exception as error:  # noqa: BLE001 - must not end the server
            self._report(name, error)
        else:
            self._reported.pop(name, None)

    async def run_every_second(self, tasks: dict[str, Callable[[], object]]) -> None:
        """Run periodic tasks until cancelled."""
        while True:
            await asyncio.sleep(1)
            for name, task in tasks.items():
                self.run(name, task)

    def _report(self, name: str, error: Exception) -> None:
        text = error_location(error)
        if self._reported.get(name) == text:
            return
        if len(self._reported) >= _REPORTED_MAX:
            self._reported.clear()
        self._reported[name] = text
        self._log.write_message(f"{name} failed: {text}")
