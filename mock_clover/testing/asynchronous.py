"""The test API for asyncio: the methods of `MockClover`, each of them awaitable.

The methods run in threads, so the event loop can serve the webhook receiver of the test meanwhile.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mock_clover.core.suggestions import did_you_mean
from mock_clover.testing.clock import Clock
from mock_clover.testing.handle import MockClover

__tracebackhide__ = True

P = ParamSpec("P")
T = TypeVar("T")


class AsyncClock:
    """The clock of a sandbox, awaitable; see `Clock`."""

    def __init__(self, clock: Clock) -> None:
        self.now_ms = _in_thread(lambda: clock.now_ms)
        self.freeze = _in_thread(clock.freeze)
        self.set = _in_thread(clock.set)
        self.advance = _in_thread(clock.advance)
        self.resume = _in_thread(clock.resume)


class AsyncMockClover:
    """A sandbox with awaitable methods; see `MockClover`. What is a property there is a method.

    Create it in a coroutine: calls of an in-process application run in the event loop of the test.
    """

    merchant_id: str
    client_id: str
    client_secret: str
    access_token: str
    api_key: str

    def __init__(self, sync: MockClover) -> None:
        sync.transport.use_event_loop(asyncio.get_running_loop())
        self.sync = sync
        """The handle for code that blocks, which must run in another thread."""
        self.name = sync.name
        self.url = sync.url
        self.env = sync.env
        self.clock = AsyncClock(sync.clock)
        self.card_token = _in_thread(sync.card_token)
        self.charges = _in_thread(lambda: sync.charges)
        self.refunds = _in_thread(lambda: sync.refunds)
        self.orders = _in_thread(lambda: sync.orders)
        self.fault = _in_thread(sync.fault)
        self.next = _in_thread(sync.next)
        self.clear_next = _in_thread(sync.clear_next)
        self.clear_faults = _in_thread(sync.clear_faults)
        self.unused_faults = _in_thread(sync.unused_faults)
        self.scenario = _in_thread(sync.scenario)
        self.verify = _in_thread(sync.verify)
        self.journal = _in_thread(sync.journal)
        self.audit = _in_thread(sync.audit)
        self.webhook = _in_thread(sync.webhook)
        self.confirm_webhook = _in_thread(sync.confirm_webhook)
        self.send_webhook = _in_thread(sync.send_webhook)
        self.deliveries = _in_thread(sync.deliveries)
        self.notices = _in_thread(sync.notices)
        self.checkouts = _in_thread(sync.checkouts)
        self.pay_checkout = _in_thread(sync.pay_checkout)
        self.cancel_checkout = _in_thread(sync.cancel_checkout)
        self.why = _in_thread(sync.why)
        self.snapshot = _in_thread(sync.snapshot)
        self.capsule = _in_thread(sync.capsule)
        self.restore = _in_thread(sync.restore)
        self.drop = _in_thread(sync.drop)

    def __repr__(self) -> str:
        """Return a repr with the base URL."""
        return f"<{type(self).__name__} {self.url}>"

    if not TYPE_CHECKING:  # the types are declared above

        def __getattr__(self, name: str) -> str:
            """Return a credential: a scenario can change it, so the handle has it."""
            if name.startswith("_") or name not in AsyncMockClover.__annotations__:
                hint = did_you_mean(name, vars(self))
                raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}{hint}")
            return getattr(self.sync, name)

    async def merchant(self, name: str) -> "AsyncMockClover":
        """Return another merchant of the scenario."""
        return AsyncMockClover(await _in_thread(self.sync.merchant)(name))

    async def fork(self, name: str | None = None) -> "AsyncMockClover":
        """Return a copy of the sandbox that is independent of this one."""
        return AsyncMockClover(await _in_thread(self.sync.fork)(name))


def _in_thread(run: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return a function that runs another one in a thread."""

    async def run_in_thread(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(run, *args, **kwargs)

    return run_in_thread
