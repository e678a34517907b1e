"""The format of a snapshot. Cards are fingerprints."""

from typing import Annotated, Any

import msgspec

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.checkout.records import Checkout
from mock_clover.clover.customers.records import Customer
from mock_clover.clover.gift_cards.records import GiftCard
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
from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.records_delivery import Delivery, WebhookTarget
from mock_clover.control.endpoint import ControlRecord
from mock_clover.core.evidence import OneLine
from mock_clover.core.record import Record
from mock_clover.sandbox.armed import ARMED_MAX
from mock_clover.sandbox.clock import LATEST_MS
from mock_clover.sandbox.faults import ActiveFault
from mock_clover.sandbox.notices import NOTICES_MAX
from mock_clover.scenario.records import Scenario, Settings
from mock_clover.scenario.records_fault import Fault

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
