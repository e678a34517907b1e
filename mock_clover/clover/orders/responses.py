"""Build the response bodies of orders.

Clover returns different fields for created, retrieved, listed, paid and returned orders. Paid and
refunded amounts are computed from the charges, so they include every refund.
"""

from typing import ClassVar, Literal

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.records_on_file import SavedCredential
from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.charges.responses import ChargeResponse, Source, created_response
from mock_clover.clover.orders.records import Order, ReturnedItem
from mock_clover.clover.orders.records_item import Item, TaxRate
from mock_clover.clover.platform.records_inventory import NO_TAX_APPLIED
from mock_clover.clover.threeds.records import ThreeDSResponse
from mock_clover.core.evidence import (
    Cents,
    Evidence,
    FieldEvidence,
    Millis,
    documented,
    evidence_for_fields,
    inferred,
    observed,
)
from mock_clover.core.record import Record, Value


class OrderWithCharges(Value, frozen=True):
    """An order with its charges, oldest first."""

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
        """Surcharges of all captured charges. Documented: REF postordersidpay has the field."""
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
        """Time when the order was paid in full, or None."""
        if not self.charges or self.amount_paid < self.order.amount:
            return None
        return max(charge.paid_ms for charge in self.charges)

    @property
    def modified_ms(self) -> Millis:
        """Time when the order was last created, paid or changed."""
        platform = self.order.platform
        changed = self.order.created_ms if platform is None else platform.modified_ms
        return max(changed, *(charge.created_ms for charge in self.charges), 0)

    def tax_within(self, amount: Cents) -> Cents:
        """Return the share of the tax in the first `amount` cents of the order."""
        tax = self.order.tax_amount or 0
        return tax * amount // self.order.amount if self.order.amount else 0


class StatusTransitions(Record, frozen=True, kw_only=True):
    """Times when the status of an order changed."""

    evidence: ClassVar[Evidence] = documented("SEED 2025-05")

    paid: Millis | None = None


class ReturnResponse(Record, frozen=True, kw_only=True):
    """The response to a return: the order, under its own id. Source: GP CloverOrder, CC 35618."""

    evidence: ClassVar[Evidence] = observed("GP CloverOrder")
    field_evidence: ClassVar[FieldEvidence] = evidence_for_fields(
        documented("REF postordersidreturns"), "items"
    ) | evidence_for_fields(observed("CC 35618"), "tip_amount")

    id: str
    amount: Cents
    tip_amount: Cents | None = None
    amount_returned: Cents
    currency: str
    items: tuple[ReturnedItem, ...] | None = None
    status: Literal["returned"]
    status_transitions: StatusTransitions


class OrderResponse(Record, frozen=True, kw_only=True):
    """An order in responses."""

    evidence: ClassVar[Evidence] = documented("SEED 2025-05; the sample of REF createorder")
    field_evidence: ClassVar[FieldEvidence] = (
        evidence_for_fields(
            documented("REF postordersidpay"),
            *("tax_amount", "tax_amount_paid", "tip_amount", "amount_returned", "warning_message"),
            *("past_charges", "saved_credentials_on_file", "surcharge_amount"),
        )
        | evidence_for_fields(
            inferred("charges have the field; order payments accept the same"),
            *("threeds", "external_customer_reference"),
        )
        | evidence_for_fields(observed("CC 42331"), "external_reference_id")
        | evidence_for_fields(
            documented("SEED save-a-card, payment of an order with a subsequent charge"),
            *("payment_method_details", "stored_credentials"),
        )
    )

    id: str
    object: str | None = None
    amount: Cents
    payment_method_details: str | None = None
    tax_amount: Cents | None = None
    tax_amount_paid: Cents | None = None
    tip_amount: Cents | None = None
    surcharge_amount: Cents | None = None
    amount_paid: Cents | None = None
    amount_returned: Cents | None = None
    currency: str
    charge: str | None = None
    warning_message: str | None = None
    past_charges: tuple[ChargeResponse, ...] | None = None
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
    external_reference_id: str | None = None
    external_customer_reference: str | None = None
    saved_credentials_on_file: SavedCredential | None = None
    threeds: ThreeDSResponse | None = None
    stored_credentials: StoredCredentials | None = None


def created_order_response(order: Order) -> OrderResponse:
    """Return the response to a new order. Source: the 2021 sample of MD:ecommerce orders."""
    return OrderResponse(
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


def order_response(full_order: OrderWithCharges) -> OrderResponse:
    """Return an order as in GET responses: without a status; a paid order has a `charge`.

    Source: LiveCloverClient, sandbox 2026.
    """
    order = full_order.order
    return OrderResponse(
        id=order.id,
        object="order",
        amount=order.amount,
        tax_amount=order.tax_amount,
        tax_amount_paid=full_order.tax_within(full_order.amount_paid) or None,
        tip_amount=full_order.tip_amount or None,
        surcharge_amount=full_order.surcharge_amount or None,
        amount_paid=full_order.amount_paid or None,
        amount_returned=full_order.amount_returned or None,
        currency=order.currency,
        charge=order.charges[-1] if order.charges else None,
        created=order.created_ms // 1000 * 1000,
        customer=order.customer,
        email=order.email,
        items=order.items,
    )


def order_list_item(full_order: OrderWithCharges) -> OrderResponse:
    """Return an order as in list responses, with few fields. Source: REF getorders."""
    order = full_order.order
    return OrderResponse(
        id=order.id,
        amount=order.amount,
        currency=order.currency,
        charge=order.charges[-1] if order.charges else None,
        items=order.items,
    )


def payment_response(full_order: OrderWithCharges) -> OrderResponse:
    """Return the response to a payment: `source` has no id. Source: SEED 2025-05.

    A SUBSEQUENT payment with a saved token also has the fields of SEED's sample of 2020. With the
    id of a customer it does not (REF postordersidpay, sample of 2024). An order of inventory items
    has one item for each kind (CC 42331).
    """
    *past, charge = full_order.charges
    charge_view = created_response(charge)
    stored = charge.request.stored_credentials
    is_subsequent = (
        stored is not None
        and stored.sequence == "SUBSEQUENT"
        and charge.request.source == charge.token.id
    )
    return replace(
        order_response(full_order),
        amount_paid=full_order.amount_paid,
        charge=charge.id,
        warning_message=charge_view.warning_message,
        past_charges=tuple(created_response(earlier) for earlier in past) or None,
        amount_returned=None,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        source=replace(charge_view.source, id=None),
        status="created" if full_order.paid_ms is None else "paid",
        status_transitions=StatusTransitions(paid=full_order.paid_ms),
        ecomind=charge.request.ecomind,
        external_reference_id=charge.request.external_reference_id,
        external_customer_reference=charge.request.external_customer_reference,
        items=_paid_items(full_order.order),
        saved_credentials_on_file=charge_view.saved_credentials_on_file,
        threeds=charge_view.threeds,
        payment_method_details=charge_view.payment_method_details if is_subsequent else None,
        stored_credentials=StoredCredentials(sequence="SUBSEQUENT", initiator=stored.initiator)
        if stored is not None and is_subsequent
        else None,
    )


def _paid_items(order: Order) -> tuple[Item, ...]:
    """Return the items of a paid order: of the platform API's orders, one for each kind."""
    if order.platform is None:
        return order.items
    kinds: dict[str | int, Item] = {}
    for index, item in enumerate(order.items):
        kinds.setdefault(item.parent or index, item if item.parent is None else _kind_of(item))
    return tuple(kinds.values())


def _kind_of(item: Item) -> Item:
    """Return the item of a kind: its price, without a quantity."""
    taxes = item.tax_rates or [TaxRate(name=NO_TAX_APPLIED)]
    return replace(item, inventory_id=item.parent, quantity=None, tax_rates=taxes)


def return_response(
    full_order: OrderWithCharges, items: list[ReturnedItem] | None
) -> ReturnResponse:
    """Return the response to a return; `items` are those of the request."""
    return ReturnResponse(
        id=full_order.order.id,
        amount=full_order.order.amount,
        tip_amount=full_order.tip_amount or None,
        amount_returned=full_order.amount_returned,
        currency=full_order.order.currency,
        items=None if items is None else tuple(items),
        status="returned",
        status_transitions=StatusTransitions(),
    )
