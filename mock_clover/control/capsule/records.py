"""The format of a capsule: what a sandbox started from, and all that happened in it since.

A capsule has no card number, no CVV, no secret of a webhook, and no credential except those that
derive from the seed. `docs/capsule.schema.json` is generated from these records.
"""

from typing import Annotated

import msgspec

from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.records_delivery import Delivery
from mock_clover.control.endpoint import ControlRecord
from mock_clover.control.snapshot.records import Snapshot, SnapshotTime
from mock_clover.core.evidence import OneLine
from mock_clover.sandbox.history import CALLS_MAX
from mock_clover.sandbox.journal import ENTRIES_MAX
from mock_clover.sandbox.names import WHOLE_NAME
from mock_clover.sandbox.outbox import DELIVERIES_MAX
from mock_clover.scenario.records import MERCHANT_NAME, MERCHANTS_MAX, Scenario, Settings

CAPSULE_VERSION = 1
CAPSULE_BYTES_MAX = 16 * 1_048_576
DELAY = "delay before_commit"
"""The fault of a request that others may overtake."""
STEPS_MAX = MERCHANTS_MAX * (ENTRIES_MAX + CALLS_MAX)
_HEADERS_MAX = 64

_Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class CapsuleReply(ControlRecord, frozen=True, kw_only=True):
    """The response to a request, as the journal has it."""

    status: Annotated[int, msgspec.Meta(ge=100, le=599)] | None = None
    """None if no status line was sent."""
    body: str = ""
    """Masked, but otherwise byte for byte."""
    why: str = ""
    idempotency: str = ""
    fault: str = ""
    delay_ms: _Count = 0
    lost: bool = False


class CapsuleExchange(ControlRecord, frozen=True, kw_only=True):
    """One request and its response."""

    number: _Count
    endpoint: str
    method: OneLine
    path: OneLine
    query: str = ""
    headers: Annotated[dict[str, str | None], msgspec.Meta(max_length=_HEADERS_MAX)] = {}
    """All names; the values of those that determine a response."""
    body: str = ""
    """Masked."""
    token: Token | None = None
    """The token that the request created: its card without the number, which is not known."""
    card: str = ""
    """The card of the scenario that it is, if it is one."""
    masked: str = ""
    """Why the request is not the one that was sent, if so."""
    reply: CapsuleReply


class CapsuleCall(ControlRecord, frozen=True, kw_only=True):
    """A control request that changed something: a fault, the clock, an outcome, a target."""

    name: OneLine
    ids: Annotated[tuple[OneLine, ...], msgspec.Meta(max_length=4)] = ()
    body: str = ""


class CapsuleScenario(ControlRecord, frozen=True, kw_only=True):
    """Another scenario that was applied."""

    scenario: Scenario
    settings: Settings


class CapsuleStep(ControlRecord, frozen=True, kw_only=True):
    """Exactly one of these, and the time of the sandbox's clock."""

    at_ms: SnapshotTime
    merchant: str = ""
    """The name of the merchant; empty for the first one."""
    exchange: CapsuleExchange | None = None
    call: CapsuleCall | None = None
    scenario: CapsuleScenario | None = None


class CapsuleClock(ControlRecord, frozen=True, kw_only=True):
    """The clock at the start and at the end; each step has its time."""

    started_ms: SnapshotTime
    now_ms: SnapshotTime
    frozen: bool


class CapsuleMerchant(ControlRecord, frozen=True, kw_only=True):
    """Another merchant at the address of the sandbox."""

    name: Annotated[str, msgspec.Meta(pattern=MERCHANT_NAME)]
    merchant_id: OneLine
    client_id: OneLine
    employee_id: OneLine
    state: Snapshot
    deliveries: Annotated[tuple[Delivery, ...], msgspec.Meta(max_length=DELIVERIES_MAX)] = ()


class CapsuleHead(ControlRecord, frozen=True, kw_only=True):
    """What a capsule says about itself."""

    mock_clover_capsule: int
    """The version of the format."""
    made_by: OneLine
    """The version of mock-clover."""
    sandbox: Annotated[str, msgspec.Meta(pattern=WHOLE_NAME)]
    seed: OneLine
    """The seed of the server: credentials derive from it and from the name of the sandbox."""
    clock: CapsuleClock
    lost: _Count = 0
    """Exchanges before the first step that the journal no longer has, of all merchants."""
    lost_calls: _Count = 0
    """Control requests before the first step that are no longer kept."""
    repeatable: bool = True
    """Whether `state` is the one before the first step. If not, it is the one at the end: the state
    before the oldest exchange of the journal is not known."""
    note: OneLine = ""
    """A sentence about what is lost, if anything is."""
    merchant_id: OneLine
    client_id: OneLine
    employee_id: OneLine
    """They derive from the seed too, unless the scenario declares them."""


class Capsule(CapsuleHead, frozen=True, kw_only=True):
    """A run of a sandbox, to repeat it elsewhere."""

    state: Snapshot
    """The sandbox before the first step, with its scenario and settings."""
    merchants: Annotated[
        tuple[CapsuleMerchant, ...], msgspec.Meta(max_length=MERCHANTS_MAX - 1)
    ] = ()
    steps: Annotated[tuple[CapsuleStep, ...], msgspec.Meta(max_length=STEPS_MAX)]
    deliveries: Annotated[tuple[Delivery, ...], msgspec.Meta(max_length=DELIVERIES_MAX)] = ()
