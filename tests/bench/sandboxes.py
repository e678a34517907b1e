"""Figures: the cost of a sandbox, a fork and a snapshot, in process, without HTTP.

Each test may create a sandbox, so this must be cheap. A prepared state is forked for each test, so
a fork must cost little time and almost no memory.
"""

import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

from mock_clover.clover.hooks import make_hooks
from mock_clover.control.snapshot.endpoints import encode_snapshot
from mock_clover.control.snapshot.records import Snapshot
from mock_clover.control.snapshot.state import restore
from mock_clover.core.codec import Codec
from mock_clover.core.steps import finish
from mock_clover.engine.endpoint import RawRequest
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.load import load
from mock_clover.server.app.app import App
from mock_clover.server.log import ExchangeLog
from tests.bench.plan import Plan, say
from tests.bench.report import Row

_MADE = 1_000
_FORKS = 1_000
_CHARGES = 1_000
_COPIES = 20
_RESTORES = 5
_TIMES_SMALLER = 20
_CARD = "4242424242424242"


class Shop:
    """A server without HTTP, and a sandbox of charges in it, each with its own key."""

    def __init__(self) -> None:
        scenario = load("sandbox")
        self.sandboxes = Sandboxes(scenario, KeyRing(), seed="bench", hooks=make_hooks())
        self._app = App(self.sandboxes, ExchangeLog(None, "none"))
        self.parent = self.sandboxes.default

    def fill(self, charges: int) -> None:
        """Save a card and charge it `count` times."""
        card = {"number": _CARD, "exp_month": "12", "exp_year": "2038", "cvv": "123"}
        source = self._post("/v1/tokens", {"card": card})["id"]
        saved = self._post("/v1/customers", {"email": "a@example.com", "source": source})
        for number in range(charges):
            body = {"amount": 1_000 + number, "currency": "usd", "source": saved["id"]}
            self._post("/v1/charges", body, str(number))

    def _post(self, path: str, body: Any, key: str = "") -> Any:
        credentials = self.parent.credentials
        headers = {
            b"authorization": self.parent.bearer_header,
            b"apikey": credentials.api_key.encode(),
            b"idempotency-key": key.encode(),
        }
        raw = RawRequest(
            method="POST",
            path=path,
            ids=(),
            query=b"",
            headers=headers,
            body=json.dumps(body).encode(),
        )
        reply, _ = self._app.handle_in_sandbox(self.parent, raw)
        if reply.status != 200:
            raise RuntimeError(f"{path}: {reply}")
        return json.loads(reply.body)


def measure(plan: Plan) -> list[Row]:
    """Create, fork, take and restore, in every round."""
    made_us, fork_s, parts, take_ms, restore_ms, sizes = [], [], [], [], [], []
    per_fork = []
    for number in range(plan.at_least(5)):
        made_us.append(_making_us())
        shop = Shop()
        shop.fill(_CHARGES)
        fork_s.append(_seconds(lambda shop=shop: _forks(shop, _FORKS)))
        each, part = _memory()
        parts.append(part)
        per_fork.append(each)
        taken, restored, size = _snapshot(shop.parent)
        take_ms.append(taken)
        restore_ms.append(restored)
        sizes.append(size)
        output = f"made in {made_us[-1]:.0f} us; {_FORKS:,} forks in {fork_s[-1]:.2f} s"
        say(f"  round {number + 1}: {output}, {part:.4f} of copies; restored in {restored:.0f} ms")
    return [
        Row(
            "creating a sandbox, microseconds",
            tuple(made_us),
            50,
            50,
            f"{_MADE:,} by name, with credentials; best of five runs per round",
            lower_is_better=True,
        ),
        Row(
            f"{_FORKS:,} forks of a sandbox of {_CHARGES:,} charges, seconds",
            tuple(fork_s),
            1,
            1,
            f"{median(fork_s) / _FORKS * 1e6:.0f} µs per fork",
            lower_is_better=True,
        ),
        Row(
            f"memory of {_FORKS:,} forks, relative to {_FORKS:,} full copies",
            tuple(parts),
            1 / _TIMES_SMALLER,
            1 / _TIMES_SMALLER,
            f"{median(per_fork) / 1024:.0f} KiB per fork",
            lower_is_better=True,
        ),
        Row(
            f"restoring a snapshot of {_CHARGES:,} charges, milliseconds",
            tuple(restore_ms),
            250,
            100,
            f"{median(sizes) / 1024:.0f} KiB of JSON; taken in {median(take_ms):.0f} ms",
            lower_is_better=True,
        ),
    ]


def _making_us() -> float:
    """Return the time of one sandbox, without that of dropping earlier ones."""

    def make() -> float:
        sandboxes = Sandboxes(load("sandbox"), KeyRing(), seed="bench", hooks=make_hooks())
        # The default sandbox counts, and none may be dropped here.
        return _seconds(lambda: [sandboxes.get_or_create(f"t{n}") for n in range(_MADE - 1)])

    return min(make() for _ in range(5)) / (_MADE - 1) * 1e6


def _forks(shop: Shop, count: int) -> list[Sandbox]:
    # Kept outside the table of sandboxes, which is bounded and would drop the oldest.
    sandbox, seed = shop.parent, shop.sandboxes.seed
    return [
        sandbox.fork(name, derive_credentials(seed, name))
        for name in (f"f{n}" for n in range(count))
    ]


def _memory() -> tuple[float, float]:
    """Return the bytes of a fork, and their ratio to those of a full copy."""
    shop = Shop()
    shop.fill(_CHARGES)
    raw = finish(encode_snapshot(shop.parent)).body
    codec = Codec(Snapshot)

    def copies() -> list[Sandbox]:
        return [finish(restore(shop.parent, codec.decode(raw))) for _ in range(_COPIES)]

    fork = _traced(lambda: _forks(shop, _FORKS)) / _FORKS
    copy = _traced(copies) / _COPIES
    return fork, fork / copy


def _traced(make: Callable[[], Any]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        saved = make()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del saved
    return size


def _snapshot(parent: Sandbox) -> tuple[float, float, int]:
    """Return the milliseconds of taking and of restoring, from bytes to bytes, and the size."""
    codec = Codec(Snapshot)
    raw = b""
    taken, restored = [], []
    for _ in range(_RESTORES):
        started = time.perf_counter()
        raw = finish(encode_snapshot(parent)).body
        between = time.perf_counter()
        finish(restore(parent, codec.decode(raw)))
        taken.append(between - started)
        restored.append(time.perf_counter() - between)
    return median(taken) * 1e3, median(restored) * 1e3, len(raw)


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    saved = work()
    took = time.perf_counter() - started
    del saved
    return took
