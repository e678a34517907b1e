"""Orders in responses: created, retrieved, listed, paid and returned orders have different forms.

Paid and refunded amounts are computed from the charges, so they include every refund.
"""

from typing import ClassVar, Literal

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.records_on_file import SavedCredential
from mock_clover.clover.charges.views import ChargeAnswer, Source, created_answer
from mock_clover.clover.orders.records import Order, ReturnedItem
from mock_clover.clover.orders.records_item import Item
from mock_clover.clover.threeds.records import ThreeDSAnswer
from mock_clover.core.evidence import (
    Cents,
    Evidence,
    MemberEvidence,
    Millis,
    documented,
    evidence_for,
    inferred,
    observed,
)
from mock_clover.core.record import Record, Value


class OrderWithCharges(Value, frozen=True):
    """An order with the charges that pay it, oldest first."""

    order: Order
    charges: tuple[Charge, ...]

    @property
    def amount_paid(self) -> Cents:
        """The amount paid, without tips; refunds are not subtracted."""
        return sum(charge.amount_captured for charge in self.charges)

    @property
    def tip_amount(self) -> Cents:
        """The tips of all captured charges."""
        return sum(
            charge.request.tip_amount or 0 for charge in self.charges if charge.state == "captured"
        )

    @property
    def surcharge_amount(self) -> Cents:
        """Surcharges of all captured charges. Documented: REF postordersidpay has the member."""
        return sum(
            charge.surcharge.amount
            for charge in self.charges
            if charge.surcharge is not None and charge.state == "captured"
        )

    @property
    def amount_returned(self) -> Cents:
        """The refunded amount, including tips."""
        return sum(charge.amount_refunded for charge in self.charges if charge.state == "captured")

    @property
    def amount_returnable(self) -> Cents:
        """The amount that can still be refunded, including tips."""
        return sum(
            charge.amount_refundable for charge in self.charges if charge.state == "captured"
        )

    @property
    def paid_ms(self) -> Millis | None:
        """When the order was paid in full, or None."""
        if not self.charges or self.amount_paid < self.order.amount:
            return None
        return max(charge.paid_ms for charge in self.charges)

    @property
    def modified_ms(self) -> Millis:
        """When the order was last created, paid or changed."""
        platform = self.order.platform
        changed = self.order.created_ms if platform is None else platform.modified_ms
        return max(changed, *(charge.created_ms for charge in self.charges), 0)

    def tax_within(self, amount: Cents) -> Cents:
        """Return the share of the order's tax in the first `amount` cents of the order."""
        tax = self.order.tax_amount or 0
        return tax * amount // self.order.amount if self.order.amount else 0


class StatusTransitions(Record, frozen=True, kw_only=True):
    """When an order changed its status."""

    evidence: ClassVar[Evidence] = documented("SEED 2025-05")

    paid: Millis | None = None


class ReturnAnswer(Record, frozen=True, kw_only=True):
    """The response to a return: the order, with its own id. Source: GP CloverOrder, CC 35618."""

    evidence: ClassVar[Evidence] = observed("GP CloverOrder")
    member_evidence: ClassVar[MemberEvidence] = evidence_for(
        documented("REF postordersidreturns"), "items"
    ) | evidence_for(observed("CC 35618"), "tip_amount")

    id: str
    amount: Cents
    tip_amount: Cents | None = None
    amount_returned: Cents
    currency: str
    items: tuple[ReturnedItem, ...] | None = None
    status: Literal["returned"]
    status_transitions: StatusTransitions


class OrderAnswer(Record, frozen=True, kw_only=True):
    """An order in responses."""

    evidence: ClassVar[Evidence] = documented("SEED 2025-05; the sample of REF createorder")
    member_evidence: ClassVar[MemberEvidence] = evidence_for(
        documented("REF postordersidpay"),
        *("tax_amount", "tax_amount_paid", "tip_amount", "amount_returned", "warning_message"),
        *("past_charges", "saved_credentials_on_file", "surcharge_amount"),
    ) | evidence_for(inferred("a charge has it; an order's payment accepts the same"), "threeds")

    id: str
    object: str | None = None
    amount: Cents
    tax_amount: Cents | None = None
    tax_amount_paid: Cents | None = None
    tip_amount: Cents | None = None
    surcharge_amount: Cents | None = None
    amount_paid: Cents | None = None
    amount_returned: Cents | None = None
    currency: str
    charge: str | None = None
    warning_message: str | None = None
    past_charges: tuple[ChargeAnswer, ...] | None = None
    created: Millis | None = None
    customer: str | None = None
    email: str | None = None
    ref_num: str | None = None
    auth_code: str | None = None
    items: tuple[Item, ...] | None = None
    source: Source | None = None
    status: Literal["created", "paid"] | None = None
    status_transitions: StatusTransitions | None = None
    ecomind: str | None = None
    saved_credentials_on_file: SavedCredential | None = None
    threeds: ThreeDSAnswer | None = None


def ordered_answer(order: Order) -> OrderAnswer:
    """Return the response to a new order. Source: the 2021 sample of MD:ecommerce orders."""
    return OrderAnswer(
        id=order.id,
        object="order",
        amount=order.amount,
        tax_amount=order.tax_amount,
        currency=order.currency,
        created=order.created_ms // 1000 * 1000,
        customer=order.customer,
        email=order.email,
        items=order.items,
        status="created",
    )


def retrieved_answer(sold: OrderWithCharges) -> OrderAnswer:
    """Return an order as GET does: without a status; a paid order has a `charge`.

    Source: LiveCloverClient, sandbox 2026.
    """
    order = sold.order
    return OrderAnswer(
        id=order.id,
        object="order",
        amount=order.amount,
        tax_amount=order.tax_amount,
        tax_amount_paid=sold.tax_within(sold.amount_paid) or None,
        tip_amount=sold.tip_amount or None,
        surcharge_amount=sold.surcharge_amount or None,
        amount_paid=sold.amount_paid or None,
        amount_returned=sold.amount_returned or None,
        currency=order.currency,
        charge=order.charges[-1] if order.charges else None,
        created=order.created_ms // 1000 * 1000,
        customer=order.customer,
        email=order.email,
        items=order.items,
    )


def listed_answer(sold: OrderWithCharges) -> OrderAnswer:
    """Return an order as lists do: with few members. Source: REF getorders."""
    order = sold.order
    return OrderAnswer(
        id=order.id,
        amount=order.amount,
        currency=order.currency,
        charge=order.charges[-1] if order.charges else None,
        items=order.items,
    )


def paid_answer(sold: OrderWithCharges) -> OrderAnswer:
    """Return the response to an order's payment: `source` without an id. Source: SEED 2025-05.

    The document's older sample of 2020 has stored_credentials and no source; this follows the
    newer one.
    """
    *past, charge = sold.charges
    charge_view = created_answer(charge)
    return replace(
        retrieved_answer(sold),
        amount_paid=sold.amount_paid,
        charge=charge.id,
        warning_message=charge_view.warning_message,
        past_charges=tuple(created_answer(earlier) for earlier in past) or None,
        amount_returned=None,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        source=replace(charge_view.source, id=None),
        status="created" if sold.paid_ms is None else "paid",
        status_transitions=StatusTransitions(paid=sold.paid_ms),
        ecomind=charge.request.ecomind,
        saved_credentials_on_file=charge_view.saved_credentials_on_file,
        threeds=charge_view.threeds,
    )


def returned_answer(sold: OrderWithCharges, items: list[ReturnedItem] | None) -> ReturnAnswer:
    """Return the response to an order's return; `items` are those of the request."""
    return ReturnAnswer(
        id=sold.order.id,
        amount=sold.order.amount,
        tip_amount=sold.tip_amount or None,
        amount_returned=sold.amount_returned,
        currency=sold.order.currency,
        items=None if items is None else tuple(items),
        status="returned",
        status_transitions=StatusTransitions(),
    )
