"""Orders: items, payment in one or several parts."""

from typing import Annotated, Any, Literal

from mock_clover.model.charge import (
    AMOUNT_MAX,
    Charge,
    Ecomind,
    ExternalReference,
    Metadata,
    StoredCredentials,
    Tip,
)
from mock_clover.model.charge_answer import ChargeAnswer, Source, created_answer
from mock_clover.wire.fact import CURRENCY, EMAIL, Cents, Millis, documented, told
from mock_clover.wire.record import Record

_REF = documented("REF createorder")
_PAY = documented("REF postordersidpay")
_ITEMS = "INVALID_ITEMS"
_RETURN = documented("REF postordersidreturns")


class TaxRate(Record, frozen=True, kw_only=True):
    """A tax on one item; `rate` 1000000 is 10 %."""

    name: Annotated[str, told("Shown on receipts.", _REF)] | None = None
    tax_rate_uuid: Annotated[str, told("Of the inventory.", _REF)] | None = None
    rate: (
        Annotated[
            int,
            told("10,000,000 is 100 %.", _REF, refused_as=_ITEMS, ge=0, le=100_000_000),
        ]
        | None
    ) = None
    tax_amount: (
        Annotated[Cents, told("Fixed tax.", _REF, refused_as=_ITEMS, ge=0, le=AMOUNT_MAX)] | None
    ) = None


class Item(Record, frozen=True, kw_only=True):
    """One line of an order; `amount` is the unit price."""

    type: Annotated[str, told("sku, tax or shipping.", _REF)] | None = None
    parent: Annotated[str, told("Inventory item.", _REF)] | None = None
    quantity: Annotated[int, told("Defaults to 1.", _REF, ge=0, le=1_000_000)] | None = None
    amount: Annotated[
        Cents, told("Unit price.", _REF, refused_as="INVALID_ITEMS", ge=0, le=AMOUNT_MAX)
    ] = 0
    currency: Annotated[str, told("ISO 4217.", _REF)] | None = None
    description: Annotated[str, told("Free text.", _REF)] | None = None
    tax_rates: Annotated[list[TaxRate], told("Taxes of the item.", _REF)] | None = None


class OrderRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/orders`."""

    currency: Annotated[
        str,
        told("ISO 4217.", _REF, refused_as="INVALID_CURRENCY", pattern=CURRENCY),
    ]
    items: Annotated[
        list[Item],
        told(
            "The lines; an empty list cannot be paid.",
            _REF,
            refused_as="INVALID_ITEMS",
            max_length=500,
        ),
    ]
    email: (
        Annotated[
            str,
            told("Buyer.", _REF, refused_as="EMAIL_INVALID", pattern=EMAIL),
        ]
        | None
    ) = None
    customer: Annotated[str, told("Customer id.", _REF)] | None = None
    shipping: Annotated[dict[str, Any], told("Taken and not shown.", _REF)] | None = None
    metadata: Metadata = None


class PayRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/orders/{id}/pay`."""

    source: (
        Annotated[str, told("A clv_ token.", _PAY, refused_as="INVALID_SOURCE", max_length=5000)]
        | None
    ) = None
    customer: (
        Annotated[str, told("Customer id.", _PAY, refused_as="INVALID_SOURCE", max_length=5000)]
        | None
    ) = None
    amount: (
        Annotated[
            Cents,
            told("For a split payment.", _PAY, refused_as="INVALID_CHARGE_AMOUNT", ge=1),
        ]
        | None
    ) = None
    currency: (
        Annotated[
            str,
            told("ISO 4217.", _PAY, refused_as="INVALID_CURRENCY", pattern=CURRENCY),
        ]
        | None
    ) = None
    email: (
        Annotated[
            str,
            told("Buyer.", _PAY, refused_as="EMAIL_INVALID", pattern=EMAIL),
        ]
        | None
    ) = None
    ecomind: Annotated[Ecomind, told("Commerce indicator.", _PAY, refused_as="INVALID_REQUEST")] = (
        "ecom"
    )
    tip_amount: Tip = None
    external_reference_id: ExternalReference = None
    external_customer_reference: Annotated[str, told("Free text.", _PAY)] | None = None
    metadata: Metadata = None
    stored_credentials: (
        Annotated[
            StoredCredentials,
            told("Beside a saved card's token.", _PAY, refused_as="INVALID_REQUEST"),
        ]
        | None
    ) = None


class Order(Record, frozen=True, kw_only=True):
    """An order as it is kept."""

    id: str
    currency: str
    created_ms: Millis
    amount: Cents
    items: tuple[Item, ...] = ()
    tax_amount: Cents | None = None
    customer: str | None = None
    email: str | None = None
    charges: tuple[str, ...] = ()
    amount_paid: Cents = 0
    amount_returned: Cents = 0
    paid_ms: Millis | None = None
    metadata: dict[str, Any] | None = None


class ReturnedItem(Record, frozen=True, kw_only=True):
    """One line of a return."""

    parent: Annotated[str, told("Inventory item or SKU.", _RETURN)] | None = None
    type: Annotated[str, told("sku, tax or shipping.", _RETURN)] | None = None
    amount: Annotated[Cents, told("Unit price.", _RETURN, refused_as="INVALID_ITEMS", ge=0)] = 0
    quantity: Annotated[int, told("Defaults to 1.", _RETURN, ge=0, le=1_000_000)] | None = None
    description: Annotated[str, told("Free text.", _RETURN)] | None = None


class ReturnRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/orders/{id}/returns`; empty returns all."""

    items: (
        Annotated[
            list[ReturnedItem],
            told("What is returned.", _RETURN, refused_as="INVALID_ITEMS", max_length=500),
        ]
        | None
    ) = None


class StatusTransitions(Record, frozen=True, kw_only=True):
    """When an order changed its status."""

    paid: Millis | None = None


class ReturnAnswer(Record, frozen=True, kw_only=True):
    """What a return answers: the order, by its own id. Source: GP CloverOrder."""

    id: str
    amount: Cents
    amount_returned: Cents
    currency: str
    status: Literal["returned"]
    status_transitions: StatusTransitions


class OrderAnswer(Record, frozen=True, kw_only=True):
    """An order as it is shown."""

    id: str
    object: str | None = None
    amount: Cents
    tax_amount: Cents | None = None
    tip_amount: Cents | None = None
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


def order_totals(items: list[Item]) -> tuple[Cents, Cents | None]:
    """Return the total of the lines and the tax in it, None without tax.

    Source: the SDK page, where a line's amount is a unit price; `rate` after REF createorder,
    rounded half up to whole cents (inferred).
    """
    total, tax = 0, 0
    for item in items:
        line = item.amount * (1 if item.quantity is None else item.quantity)
        if item.type == "tax":
            tax += line
            continue
        total += line
        for rate in item.tax_rates or ():
            tax += rate.tax_amount or (line * (rate.rate or 0) + 5_000_000) // 10_000_000
    return total + tax, tax or None


def ordered_answer(order: Order) -> OrderAnswer:
    """Show an order as its creation does. Source: the 2021 sample of MD:ecommerce orders."""
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


def retrieved_answer(order: Order) -> OrderAnswer:
    """Show an order as GET does: without a status; a paid one is known by its `charge`.

    Source: LiveCloverClient, sandbox 2026.
    """
    return OrderAnswer(
        id=order.id,
        object="order",
        amount=order.amount,
        tax_amount=order.tax_amount,
        amount_paid=order.amount_paid or None,
        amount_returned=order.amount_returned or None,
        currency=order.currency,
        charge=order.charges[-1] if order.charges else None,
        created=order.created_ms // 1000 * 1000,
        customer=order.customer,
        email=order.email,
        items=order.items,
    )


def listed_answer(order: Order) -> OrderAnswer:
    """Show an order as the list does: sparse. Source: REF getorders."""
    return OrderAnswer(
        id=order.id,
        amount=order.amount,
        currency=order.currency,
        charge=order.charges[-1] if order.charges else None,
        items=order.items,
    )


def paid_answer(order: Order, charge: Charge, past: tuple[Charge, ...]) -> OrderAnswer:
    """Show an order as its payment does: `source` without an id. Source: SEED 2025-05.

    The document's older sample of 2020 has stored_credentials and no source; the newer one stands.
    """
    shown = created_answer(charge)
    source = shown.source
    return OrderAnswer(
        id=order.id,
        object="order",
        amount=order.amount,
        tax_amount=order.tax_amount,
        tip_amount=charge.request.tip_amount,
        amount_paid=order.amount_paid,
        currency=order.currency,
        charge=charge.id,
        warning_message=shown.warning_message,
        past_charges=tuple(created_answer(earlier) for earlier in past) or None,
        created=order.created_ms // 1000 * 1000,
        customer=order.customer,
        email=order.email,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        items=order.items,
        source=Source(
            brand=source.brand,
            address_line1_check=source.address_line1_check,
            address_zip_check=source.address_zip_check,
            cvc_check=source.cvc_check,
            exp_month=source.exp_month,
            exp_year=source.exp_year,
            first6=source.first6,
            last4=source.last4,
        ),
        status="paid" if order.paid_ms is not None else "created",
        status_transitions=StatusTransitions(paid=order.paid_ms),
        ecomind=charge.request.ecomind,
    )
