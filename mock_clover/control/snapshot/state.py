"""Snapshots: the complete state that determines a sandbox's responses, without card numbers.

Cards are fingerprints, and free text is masked on export. A snapshot that is restored on another
machine gives identical responses. An invalid snapshot is rejected before anything is changed.
"""

from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.checkout.records import Checkout
from mock_clover.clover.common.problems import SELECTABLE_ERRORS
from mock_clover.clover.customers.records import Customer
from mock_clover.clover.gift_cards.records import GiftCard
from mock_clover.clover.jobs import JOBS
from mock_clover.clover.oauth.records import Code
from mock_clover.clover.oauth.records_v2 import (
    AccessTokenV2,
    CodeV2,
    RefreshToken,
    SpentRefreshToken,
)
from mock_clover.clover.orders.records import Order
from mock_clover.clover.platform.records_inventory import InventoryItem, MerchantTax, OrderType
from mock_clover.clover.platform.records_row import PlatformRow
from mock_clover.clover.recurring import records as recurring
from mock_clover.clover.recurring.records_notice import Notice
from mock_clover.clover.refunds.records import Refund
from mock_clover.clover.surface import SURFACE
from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.records import event_error, target_error
from mock_clover.clover.webhooks.records_delivery import Delivery, WebhookTarget
from mock_clover.control.endpoint import ControlRecord, unknown_name
from mock_clover.control.faults.endpoints_next import check_armed
from mock_clover.control.masking import masked_snapshot
from mock_clover.control.snapshot.checks import check_rows
from mock_clover.core.evidence import OneLine
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps
from mock_clover.sandbox.armed import ARMED_MAX, ArmedOutcome
from mock_clover.sandbox.clock import LATEST_MS
from mock_clover.sandbox.credentials import decode_letters, encode_as_letters, fingerprint
from mock_clover.sandbox.faults import ActiveFault
from mock_clover.sandbox.idempotency import StoredResponse, hash_request
from mock_clover.sandbox.notices import NOTICES_MAX
from mock_clover.sandbox.outbox import Outbox, restore_outbox
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.tables import TABLES
from mock_clover.scenario.records import Scenario, Settings
from mock_clover.scenario.records_fault import Fault
from mock_clover.scenario.records_rule import CardMatch
from mock_clover.scenario.validation import faults_of

SNAPSHOT_VERSION = 3
SnapshotTime = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS + 31_536_000_000)]
"""Milliseconds; a clock that was set to its latest time goes on from there."""


class StoredResponseRow(Record, frozen=True, kw_only=True):
    """The stored response of an idempotency key."""

    credential: str
    key: str
    endpoint: OneLine
    target: OneLine
    request: Any
    """None if `request_hash` is set."""
    status: Annotated[int, msgspec.Meta(ge=200, le=599)]
    body: str
    why: OneLine
    request_hash: str = ""
    """Hash of a request with what looks like a card number."""


class ActiveFaultRow(ControlRecord, frozen=True, kw_only=True):
    """An active fault."""

    id: OneLine
    fault: Fault
    left: int | None = None
    until_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None
    used: Annotated[int, msgspec.Meta(ge=0)] = 0
    seen: Annotated[int, msgspec.Meta(ge=0)] = 0

    @property
    def active(self) -> ActiveFault:
        """The fault of the sandbox."""
        return ActiveFault(
            id=self.id,
            fault=self.fault,
            remaining=self.left,
            expires_ms=self.until_ms,
            used=self.used,
            seen=self.seen,
        )


class ArmedRow(ControlRecord, frozen=True, kw_only=True):
    """An armed outcome or fault."""

    id: OneLine
    outcome: OneLine | None = None
    fault: OneLine | None = None
    endpoint: OneLine | None = None
    left: Annotated[int, msgspec.Meta(ge=1)]


class Webhooks(ControlRecord, frozen=True, kw_only=True):
    """The webhook targets with their secrets, and the pending deliveries."""

    targets: tuple[WebhookTarget, ...]
    pending: tuple[Delivery, ...]
    count: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class Snapshot(ControlRecord, frozen=True, kw_only=True):
    """The state of a sandbox, without PANs: cards are fingerprints."""

    mock_clover_snapshot: int
    seed: str
    fingerprint_key: str
    made_ms: SnapshotTime
    now_ms: SnapshotTime
    frozen: bool
    ref_count: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    ids: tuple[int, ...]
    faults: tuple[ActiveFaultRow, ...] = ()
    fault_count: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    chances: tuple[int, ...] = ()
    armed: Annotated[tuple[ArmedRow, ...], msgspec.Meta(max_length=ARMED_MAX)] = ()
    armed_count: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    scenario: Scenario
    settings: Settings
    rule_counts: dict[str, int]
    tokens: dict[str, Token]
    charges: dict[str, Charge]
    refunds: dict[str, Refund]
    customers: dict[str, Customer]
    orders: dict[str, Order]
    sale_orders: dict[str, str]
    items: dict[str, InventoryItem] = {}
    tax_rates: dict[str, MerchantTax] = {}
    order_types: dict[str, OrderType] = {}
    platform_rows: dict[str, PlatformRow] = {}
    codes: dict[str, Code]
    access_tokens: dict[str, int]
    codes_v2: dict[str, CodeV2] = {}
    bearers: dict[str, AccessTokenV2] = {}
    refresh_tokens: dict[str, RefreshToken] = {}
    spent_refresh_tokens: dict[str, SpentRefreshToken] = {}
    plans: dict[str, recurring.Plan] = {}
    subscriptions: dict[str, recurring.Subscription] = {}
    checkouts: dict[str, Checkout] = {}
    notices: Annotated[tuple[Notice, ...], msgspec.Meta(max_length=NOTICES_MAX)] = ()
    notice_count: Annotated[int, msgspec.Meta(ge=0)] = 0
    answered: tuple[StoredResponseRow, ...]
    agenda: tuple[tuple[int, int, str, str], ...]
    webhooks: Webhooks | None = None
    gift_cards: dict[str, GiftCard] = {}


def take_head(sandbox: Sandbox) -> Snapshot:
    """Return a snapshot without the lists and tables that grow with the use of the sandbox."""
    ref_count, ids = sandbox.ids.state()
    return Snapshot(
        mock_clover_snapshot=SNAPSHOT_VERSION,
        seed=sandbox.seed,
        fingerprint_key=encode_as_letters(sandbox.fingerprint_key),
        made_ms=sandbox.created_ms,
        now_ms=sandbox.clock.now_ms(),
        frozen=sandbox.clock.frozen,
        ref_count=ref_count,
        ids=ids,
        scenario=without_pans(sandbox.rules.scenario, sandbox.fingerprint_key),
        settings=sandbox.settings,
        rule_counts=sandbox.rule_counts,
        faults=tuple(
            ActiveFaultRow(
                id=each.id,
                fault=each.fault,
                left=each.remaining,
                until_ms=each.expires_ms,
                used=each.used,
                seen=each.seen,
            )
            for each in sandbox.faults.unexpired(sandbox.clock.now_ms())
        ),
        fault_count=sandbox.faults.count,
        chances=sandbox.faults.random_state(),
        armed=tuple(
            ArmedRow(
                id=each.id,
                outcome=each.outcome,
                fault=each.fault,
                endpoint=each.endpoint,
                left=each.left,
            )
            for each in sandbox.armed.outcomes
        ),
        armed_count=sandbox.armed.count,
        notices=tuple(sandbox.notices),
        notice_count=sandbox.notices.count,
        answered=(),
        agenda=(),
        webhooks=_webhook_state(sandbox.outbox),
        **{table: {} for table in TABLES},
    )


def stored_response_row(
    fingerprint_key: bytes, credential_and_key: tuple[str, str], stored: StoredResponse
) -> StoredResponseRow:
    """Return the row of a stored response; a masked request could not be compared later."""
    request = None if stored.request is None else msgspec.to_builtins(stored.request)
    request_hash = stored.request_hash
    if not request_hash and masked_snapshot(request) != request:
        request, request_hash = None, hash_request(stored.request, fingerprint_key)
    return StoredResponseRow(
        credential=credential_and_key[0],
        key=credential_and_key[1],
        endpoint=stored.endpoint,
        target=stored.path,
        request=request,
        request_hash=request_hash,
        status=stored.status,
        body=stored.body.decode(),
        why=stored.why,
    )


def _webhook_state(outbox: Outbox | None) -> Webhooks | None:
    if outbox is None:
        return None
    targets = tuple(outbox.targets.values())
    return Webhooks(targets=targets, pending=outbox.pending(), count=outbox.count)


def restore(sandbox: Sandbox, snapshot: Snapshot) -> Steps[Sandbox]:
    """Return a new sandbox with the state of `snapshot`, and the keys and credentials of `sandbox`.

    Raises ValueError, KeyError or msgspec.ValidationError for an invalid snapshot.
    """
    _check_names(snapshot)
    _check_faults(sandbox, snapshot)
    webhooks = snapshot.webhooks
    outbox = (
        restore_outbox(webhooks.targets, webhooks.pending, webhooks.count) if webhooks else None
    )
    answered = []
    for each in snapshot.answered:
        stored = StoredResponse(
            endpoint=each.endpoint,
            path=each.target,
            request=_decode_request(each.endpoint, each.request),
            status=each.status,
            body=each.body.encode(),
            why=each.why,
            request_hash=each.request_hash,
        )
        answered.append(((each.credential, each.key), stored))
        yield
    new_sandbox = Sandbox(
        sandbox.name,
        sandbox.credentials,
        Rules(snapshot.scenario, decode_letters(snapshot.fingerprint_key)),
        snapshot.settings,
        sandbox.keys,
        seed=snapshot.seed,
        fingerprint_key=decode_letters(snapshot.fingerprint_key),
        hooks=sandbox.hooks,
    )
    new_sandbox.ids.restore((snapshot.ref_count, snapshot.ids))
    for table in TABLES:
        for key, row in getattr(snapshot, table).items():
            getattr(new_sandbox, table).put(key, row)
            yield
    yield from check_rows(new_sandbox)
    new_sandbox.scheduler.restore(snapshot.agenda)
    for key_pair, remembered in answered:
        new_sandbox.idempotency.store(key_pair, remembered)
    new_sandbox.faults.restore(
        [each.active for each in snapshot.faults],
        snapshot.fault_count,
        snapshot.chances,
    )
    new_sandbox.armed.restore(
        (
            ArmedOutcome(
                id=each.id,
                outcome=each.outcome,
                fault=each.fault,
                endpoint=each.endpoint,
                left=each.left,
            )
            for each in snapshot.armed
        ),
        snapshot.armed_count,
    )
    new_sandbox.notices.restore(snapshot.notices, snapshot.notice_count)
    new_sandbox.rule_counts = dict(snapshot.rule_counts)
    new_sandbox.created_ms = snapshot.made_ms
    new_sandbox.clock.restore(snapshot.now_ms, frozen=snapshot.frozen)
    new_sandbox.outbox = outbox
    return new_sandbox


def _faults(snapshot: Snapshot) -> list[Fault]:
    """Return the faults of a snapshot and of its scenario."""
    of_scenario = (fault for _, fault in faults_of(snapshot.scenario))
    return [*of_scenario, *(each.fault for each in snapshot.faults)]


def _check_faults(sandbox: Sandbox, snapshot: Snapshot) -> None:
    """Reject faults that the server cannot apply. Raises ValueError."""
    for each in snapshot.armed:
        check_armed(sandbox, each.outcome, each.fault, each.endpoint)
    for fault in _faults(snapshot):
        if obstacle := sandbox.hooks.unsupported_fault_reason(fault.kind):
            raise ValueError(obstacle)


def _check_names(snapshot: Snapshot) -> None:
    """Reject names that do not exist. Raises ValueError."""
    problems = [fault.problem for fault in _faults(snapshot)]
    problems += [rule.then.problem for rule in snapshot.scenario.rules]
    for name in problems:
        if name is not None and name not in SELECTABLE_ERRORS:
            raise ValueError(unknown_name(name, SELECTABLE_ERRORS, "problems"))
    events = [rule.then.webhook for rule in snapshot.scenario.rules if rule.then.webhook]
    targets = [known.spec for known in snapshot.webhooks.targets] if snapshot.webhooks else []
    errors = [event_error(event) for event in events]
    errors += [target_error(spec) for spec in (*targets, *snapshot.scenario.webhooks)]
    for field, message in filter(None, errors):
        raise ValueError(f"webhook: {field} {message}")
    for _, _, kind, _ in snapshot.agenda:
        if kind not in JOBS:
            raise ValueError(unknown_name(kind, JOBS))


_REQUEST_TYPES = {endpoint.name: endpoint.request for endpoint in SURFACE}


def _decode_request(endpoint: str, body: Any) -> Record | None:
    record = _REQUEST_TYPES.get(endpoint)
    if record is None or body is None:
        return None
    decoded: Record = msgspec.convert(body, record)
    return decoded


def without_pans(scenario: Scenario, key: bytes) -> Scenario:
    """Return a scenario without its data, and with fingerprints instead of card numbers."""
    return replace(
        scenario,
        data=None,
        merchants=(),
        cards=tuple(replace(card, number=_hash_pan(card.number, key)) for card in scenario.cards),
        rules=tuple(
            replace(rule, when=replace(rule.when, card=_match_without_pan(rule.when.card, key)))
            for rule in scenario.rules
        ),
    )


def _match_without_pan(card: CardMatch | None, key: bytes) -> CardMatch | None:
    if card is None or card.number is None:
        return card
    return replace(card, number=_hash_pan(card.number, key))


def _hash_pan(number: str, key: bytes) -> str:
    if number.startswith("#"):
        return number
    return f"#{fingerprint(key, number)}-{number[-4:]}"
