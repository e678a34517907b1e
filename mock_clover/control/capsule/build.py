"""Put a sandbox into a capsule: its first state, and the steps since, masked.

Cards get numbers instead of fingerprints, so that no card number can be found by brute force: a
fingerprint is a keyed hash, but its key derives from the seed, which a capsule has.
"""

import re
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from msgspec.structs import replace

from mock_clover import __version__
from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.clover.webhooks.records_delivery import Delivery
from mock_clover.control.capsule.masking import CardNumbers, DeclaredCredentials
from mock_clover.control.capsule.records import (
    CAPSULE_BYTES_MAX,
    CAPSULE_VERSION,
    DELAY,
    CapsuleClock,
    CapsuleHead,
)
from mock_clover.control.capsule.steps import (
    make_step,
    scenario_without_secrets,
    target_without_secret,
)
from mock_clover.control.snapshot.endpoints import encode_snapshot
from mock_clover.core.counted import counted
from mock_clover.core.record import encode
from mock_clover.core.steps import Steps
from mock_clover.engine.endpoint import EncodedJson
from mock_clover.sandbox.clock import ManualClock
from mock_clover.sandbox.exchange import Exchange
from mock_clover.sandbox.history import KeptCall, ScenarioChange, Start
from mock_clover.sandbox.masking import mask_text_or_json
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox

NOT_KEPT = "not-kept"
"""Stands for the secret of a webhook target."""
_STATE_BYTES_MAX = CAPSULE_BYTES_MAX // 2
_HEAD_BYTES_MAX = 65_536
_CHUNK_BYTES = 65_536
_QUOTE = re.compile(rb'(?<!\\)"')
"""A quote that is not in a text, so that no credential is cut in two."""


class _Run(NamedTuple):
    """What a capsule has of one merchant."""

    merchant: Sandbox
    state: Sandbox
    exchanges: list[Exchange]
    calls: list[KeptCall | ScenarioChange]
    deliveries: list[Delivery]
    lost: int
    lost_calls: int

    @property
    def name(self) -> str:
        """The name of the merchant in the scenario."""
        return self.merchant.name.rpartition(".")[2]


def make_capsule(sandbox: Sandbox, seed: str) -> Steps[EncodedJson]:
    """Return the capsule of a sandbox as JSON. Raises CONTROL_INVALID if it is too large."""
    runs, is_repeatable = _runs_of(sandbox)
    own, *others = runs
    clock = CapsuleClock(
        started_ms=sandbox.created_ms, now_ms=sandbox.clock.now_ms(), frozen=sandbox.clock.frozen
    )
    lost, lost_calls = sum(run.lost for run in runs), sum(run.lost_calls for run in runs)
    head = CapsuleHead(
        mock_clover_capsule=CAPSULE_VERSION,
        made_by=__version__,
        sandbox=sandbox.name,
        seed=seed,
        clock=clock,
        lost=lost,
        lost_calls=lost_calls,
        repeatable=is_repeatable,
        note=_note(lost, lost_calls, is_repeatable=is_repeatable),
        merchant_id=sandbox.credentials.merchant_id,
        client_id=sandbox.credentials.client_id,
        employee_id=sandbox.credentials.employee_id,
    )
    credentials = DeclaredCredentials(seed, sandbox.all_merchants)
    parts = _Parts([encode(head)[:-1]], credentials)
    yield from parts.add_run(own)
    for index, run in enumerate(others):
        known = run.merchant.credentials
        ids = {name: getattr(known, name) for name in ("merchant_id", "client_id", "employee_id")}
        opening = b"," if index else b',"merchants":['
        parts.add(opening + encode({"name": run.name} | ids)[:-1])
        yield from parts.add_run(run)
        parts.add(b"}")
    parts.add(b"]" if others else b"")
    yield from parts.add_list(b"steps", _steps(runs))
    return EncodedJson(b"".join([*parts, b"}"]))


def _note(lost: int, lost_calls: int, *, is_repeatable: bool) -> str:
    """Return a sentence about what is lost, or an empty text."""
    counts = ((lost, "exchange"), (lost_calls, "control request"))
    parts = " and ".join(counted(count, what) for count, what in counts if count)
    if is_repeatable:
        return f"It begins after the first {parts} of the sandbox." if parts else ""
    return (
        f"It cannot be repeated, because the start of the run is lost ({parts or 'a request'}); it "
        "has the state of the end. Take a capsule earlier, or restore a snapshot in the sandbox, "
        "which starts its history again."
    )


def _runs_of(sandbox: Sandbox) -> tuple[list[_Run], bool]:
    """Return the runs of all merchants since one time, and whether they can be repeated.

    That is the earliest time whose state is known and since which nothing was lost. If there is
    none, the runs are what is left, and have the present state.
    """
    merchants = sandbox.all_merchants
    for starts in zip(*(each.history.starts for each in merchants), strict=False):
        runs = [_run_since(*each) for each in zip(merchants, starts, strict=True)]
        if all(map(_is_complete, runs, starts)):
            return runs, True
    return [_rest_of_run(each) for each in merchants], False


def _run_since(merchant: Sandbox, start: Start) -> _Run:
    history, journal = merchant.history, merchant.journal
    known = start.origin.outbox if start.origin is not None else None
    delivered = 0 if known is None else known.count
    pending = set() if known is None else {each.id for each in known.pending()}
    return _Run(
        merchant=merchant,
        state=first_state(merchant, start),
        exchanges=[each for each in journal.after(start.number) if each.number > start.number],
        calls=history.calls[max(0, start.calls - history.lost) :],
        deliveries=[
            each for each in merchant.outbox or () if each.number > delivered or each.id in pending
        ],
        lost=start.number - history.start,
        lost_calls=start.calls,
    )


def _is_complete(run: _Run, start: Start) -> bool:
    """Return whether nothing was lost since a start, and no request was under way at that time."""
    kept_from = run.exchanges[0].number if run.exchanges else run.merchant.journal.count + 1
    return (
        kept_from <= start.number + 1
        and run.merchant.history.lost <= start.calls
        and all(
            each.fault != DELAY or each.at_ms - each.delay_ms >= start.at_ms
            for each in run.exchanges
        )
    )


def _rest_of_run(merchant: Sandbox) -> _Run:
    history = merchant.history
    run = _run_since(merchant, history.starts[0])
    lost = merchant.journal.count - history.start - len(run.exchanges)
    return run._replace(state=_without_secrets(merchant), lost=lost, lost_calls=history.lost)


def first_state(sandbox: Sandbox, start: Start) -> Sandbox:
    """Return a copy of a sandbox as it was at a start of its history."""
    history = sandbox.history
    if start.origin is not None:
        return _without_secrets(start.origin)
    first = Sandbox(
        sandbox.name,
        sandbox.credentials,
        history.rules or sandbox.rules,
        history.settings or sandbox.settings,
        sandbox.keys,
        seed=sandbox.seed,
        fingerprint_key=sandbox.fingerprint_key,
        hooks=sandbox.hooks,
        clock=ManualClock(sandbox.created_ms),
    )
    for rows in history.fixtures:
        first.merge(rows)
    return _without_secrets(first)


def _without_secrets(sandbox: Sandbox) -> Sandbox:
    """Return a copy without the secrets and the paths of webhook targets."""
    copy = sandbox.fork(sandbox.name, sandbox.credentials)
    copy.rules = Rules(scenario_without_secrets(copy.rules.scenario), copy.fingerprint_key)
    if copy.outbox is not None:
        for key, target in copy.outbox.targets.items():
            spec = target_without_secret(target.spec)
            copy.outbox.targets[key] = replace(target, spec=spec, secret=NOT_KEPT)
    return copy


class _Parts(list[bytes]):
    """The parts of a capsule, which `replay` must be able to read."""

    size = 0

    def __init__(self, parts: Iterable[bytes], credentials: DeclaredCredentials) -> None:
        super().__init__(parts)
        self._cards, self._credentials = CardNumbers(), credentials

    def add(self, part: bytes) -> None:
        """Add a part. Raises CONTROL_INVALID if the capsule becomes too large."""
        self.append(part)
        self.size += len(part)
        if self.size > CAPSULE_BYTES_MAX - _HEAD_BYTES_MAX:
            raise CONTROL_INVALID.error(
                detail=f"the capsule is larger than {CAPSULE_BYTES_MAX / 2**20:g} MiB, so it could "
                "not be replayed; use a sandbox with fewer rows and requests"
            )

    def add_run(self, run: _Run) -> Steps[None]:
        """Add the state and the deliveries of a merchant. Raises CONTROL_INVALID."""
        state = (yield from encode_snapshot(run.state, _STATE_BYTES_MAX)).body
        self.append(b',"state":')
        for start, end in _chunks(state):
            self.add(self._masked(state[start:end]))
            yield
        masked = (
            encode(replace(each, body=mask_text_or_json(each.body))) for each in run.deliveries
        )
        yield from self.add_list(b"deliveries", masked)

    def add_list(self, name: bytes, values: Iterable[bytes]) -> Steps[None]:
        """Add a member with a list of values, one value a step. Raises CONTROL_INVALID."""
        self.append(b',"%b":[' % name)
        for index, value in enumerate(values):
            part = self._masked(value)
            self.add(b"," + part if index else part)
            yield
        self.append(b"]")

    def _masked(self, data: bytes) -> bytes:
        return self._credentials.replace_in(self._cards.replace_in(data))


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ends of the parts of JSON that are replaced in one step; each ends with a quote."""
    start = 0
    while start < len(data):
        quote = _QUOTE.search(data, start + _CHUNK_BYTES)
        end = quote.end() if quote else len(data)
        yield start, end
        start = end


def _steps(runs: list[_Run]) -> Iterator[bytes]:
    """Yield the steps of all merchants as JSON, in the order in which they were."""
    steps: list[tuple[int, bool, _Run, Exchange | KeptCall | ScenarioChange]] = []
    for run in runs:
        place_of = run.merchant.journal.place_of
        steps += ((place_of(each.number), False, run, each) for each in run.exchanges)
        steps += ((each.after, True, run, each) for each in run.calls)
    steps.sort(key=itemgetter(0, 1))
    for _, _, run, each in steps:
        name = "" if run is runs[0] else run.name
        yield encode(replace(make_step(run.merchant, each), merchant=name))
