"""Endpoints for payments and refunds: each charge is a payment with the same id.

Here the void of an authorization is not a refund, because no money was captured; the payment is
VOIDED.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from mock_clover.clover.charges.endpoints import store_charge
from mock_clover.clover.charges.operations_source import resolve_source
from mock_clover.clover.charges.records import ChargeRequest
from mock_clover.clover.charges.records_tender import Tender
from mock_clover.clover.orders.endpoints import record_payment as record_order_payment
from mock_clover.clover.platform.endpoints_inventory import tenders_of
from mock_clover.clover.platform.endpoints_lines import require_order
from mock_clover.clover.platform.http import platform_endpoint, platform_list_endpoint
from mock_clover.clover.platform.listing import Fields, ListField, PlatformPage, list_page
from mock_clover.clover.platform.problems import (
    PLATFORM_INVALID_QUERY,
    PLATFORM_NOT_FOUND,
    PLATFORM_ORDER_NOT_FOUND,
    PLATFORM_ORDER_PAID,
    PLATFORM_PAYMENT_NOT_FOUND,
)
from mock_clover.clover.platform.records import (
    ExpandQuery,
    PlatformQuery,
    Reference,
    truncate_to_seconds,
)
from mock_clover.clover.platform.records_payment import (
    PaymentResponse,
    PlatformRefundResponse,
)
from mock_clover.clover.platform.records_row import PlatformRow
from mock_clover.clover.platform.records_tender_payment import (
    PrintEventRequest,
    PrintEventResponse,
    RecordedPayment,
    RecordPaymentRequest,
    RefundPaymentRequest,
)
from mock_clover.clover.platform.view import response_context
from mock_clover.clover.platform.view_order import (
    payment_amount,
    payment_result,
    platform_payment_response,
    platform_refund_response,
)
from mock_clover.clover.platform.view_refunds import all_refunds, index_refunds
from mock_clover.clover.refunds.endpoints import refund_charge, refund_text
from mock_clover.core.evidence import documented, observed
from mock_clover.core.money import amount_text
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_rule import ALTERNATE_TENDER

PAYMENT_FIELDS: Fields = {
    "id": ListField(str, lambda charge: charge.id),
    "amount": ListField(int, payment_amount),
    "result": ListField(str, payment_result),
    "voided": ListField(bool, lambda charge: payment_result(charge) == "VOIDED"),
    "offline": ListField(bool, lambda _: False),
    "cardType": ListField(str, lambda charge: charge.token.card.brand or None),
    "externalReferenceId": ListField(
        str,
        lambda charge: (
            (charge.recorded and charge.recorded.externalReferenceId)
            or charge.request.external_reference_id
        ),
    ),
    "externalPaymentId": ListField(
        str, lambda charge: charge.recorded and charge.recorded.externalPaymentId
    ),
    "createdTime": ListField(int, lambda charge: truncate_to_seconds(charge.created_ms)),
    "clientCreatedTime": ListField(int, lambda charge: truncate_to_seconds(charge.created_ms)),
    "modifiedTime": ListField(int, lambda charge: truncate_to_seconds(charge.created_ms)),
}
REFUND_FIELDS: Fields = {
    "id": ListField(str, lambda refund: refund.id),
    "amount": ListField(int, lambda refund: refund.amount),
    "voided": ListField(bool, lambda refund: refund.canceled),
    "payment.id": ListField(str, lambda refund: refund.charge),
    "createdTime": ListField(int, lambda refund: truncate_to_seconds(refund.created_ms)),
    "clientCreatedTime": ListField(int, lambda refund: truncate_to_seconds(refund.created_ms)),
}

_NO_PAYMENT = "this sandbox has no payment with this id"


def list_payments(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List payments: all charges, including declined ones."""
    context = response_context(sandbox, call)
    return list_page(
        context,
        call,
        "payments",
        PAYMENT_FIELDS,
        sandbox.charges.newest_first,
        lambda charge: platform_payment_response(context, charge),
        prepare=lambda: index_refunds(context),
    )


def get_payment(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> PaymentResponse:
    """Get one payment by the id of its charge."""
    charge = sandbox.charges.get(call.ids[1])
    if charge is None:
        raise PLATFORM_PAYMENT_NOT_FOUND.error(rule=_NO_PAYMENT)
    return platform_payment_response(response_context(sandbox, call), charge)


def list_refunds(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List refunds; voids of authorizations are not included."""
    context = response_context(sandbox, call)
    return list_page(
        context,
        call,
        "refunds",
        REFUND_FIELDS,
        lambda may_change: all_refunds(sandbox, may_change=may_change),
        lambda refund: platform_refund_response(context, refund),
        prepare=lambda: index_refunds(context),
    )


def record_payment(
    sandbox: Sandbox, call: Call[RecordPaymentRequest, ExpandQuery]
) -> PaymentResponse:
    """Record a payment with a tender of the merchant, such as cash; it closes a paid order."""
    full_order, body = require_order(sandbox, call.ids[1]), call.body
    context = response_context(sandbox, call)
    if full_order.paid_ms is not None:
        raise PLATFORM_ORDER_PAID.error(reason="the order is paid")
    tender = next((each for each in tenders_of(context) if each.id == body.tender.id), None)
    if tender is None:
        raise PLATFORM_INVALID_QUERY.error(param="tender", reason="GET …/tenders lists the ids")
    sandbox.charges.check_capacity()
    order = full_order.order
    request = ChargeRequest(
        amount=body.amount,
        currency=order.currency,
        source=ALTERNATE_TENDER,
        tender=Tender(id=tender.id, label_key=tender.labelKey),
        tip_amount=body.tipAmount,
        tax_amount=body.taxAmount,
    )
    source = resolve_source(sandbox, ALTERNATE_TENDER, None)
    charge = store_charge(sandbox, request, source, order.id)
    charge = replace(
        charge,
        recorded=RecordedPayment(
            externalPaymentId=body.externalPaymentId,
            externalReferenceId=body.externalReferenceId,
            note=body.note,
            cashTendered=body.cashTendered,
        ),
    )
    sandbox.charges.put(charge.id, charge)
    is_paid = full_order.amount_paid + body.amount >= order.amount
    if is_paid and order.platform is not None and order.platform.asked.state is not None:
        asked = replace(order.platform.asked, state="locked")
        order = replace(order, platform=replace(order.platform, asked=asked))
    record_order_payment(sandbox, order, charge)
    call.why = f"recorded a payment with the tender {tender.id}"
    call.issuer_verdict, call.basis = source.verdict, source.basis
    return platform_payment_response(context, charge)


def create_refund(
    sandbox: Sandbox, call: Call[RefundPaymentRequest, ExpandQuery]
) -> PlatformRefundResponse:
    """Refund a payment, in full or in part."""
    body, context = call.body, response_context(sandbox, call)
    charge = sandbox.charges.get(body.payment.id or "")
    if charge is None:
        raise PLATFORM_PAYMENT_NOT_FOUND.error(rule=_NO_PAYMENT)
    refundable = charge.amount_refundable if charge.state == "captured" else 0
    amount = refundable if body.fullRefund or body.amount is None else body.amount
    if not 0 < amount <= refundable:
        reason = f"{amount_text(refundable, charge.currency)} of this payment can be refunded"
        raise PLATFORM_INVALID_QUERY.error(param="amount", reason=reason)
    sandbox.refunds.check_capacity()
    refund = refund_charge(sandbox, charge, amount)
    call.why = refund_text("refunded", charge, amount, refundable)
    return platform_refund_response(context, refund)


def get_refund(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> PlatformRefundResponse:
    """Get one refund."""
    refund = sandbox.refunds.get(call.ids[1])
    if refund is None or refund.refund_type == "PREAUTH":
        raise PLATFORM_NOT_FOUND.error(rule="this sandbox has no refund with this id")
    return platform_refund_response(response_context(sandbox, call), refund)


def create_print_event(sandbox: Sandbox, call: Call[PrintEventRequest, None]) -> PrintEventResponse:
    """Request that an order is printed; nothing is printed here."""
    order = require_order(sandbox, call.body.orderRef.id or "").order
    device = call.body.deviceRef
    sandbox.platform_rows.check_capacity()
    response = PrintEventResponse(
        id=sandbox.ids.object_id(),
        orderRef=Reference(id=order.id),
        deviceRef=None if device is None else Reference(id=device.id),
        state="CREATED",
    )
    fields: dict[str, Any] = msgspec.to_builtins(response)
    row = PlatformRow(
        collection="print_event",
        id=response.id,
        fields={name: value for name, value in fields.items() if value is not None},
    )
    sandbox.platform_rows.put(row.key, row)
    call.why = "created a print event; nothing is printed"
    return response


_OBSERVED = observed("clover-mcp-server 2026-06; CC 27777")
ENDPOINTS = (
    platform_list_endpoint("/payments", list_payments, PAYMENT_FIELDS, "read_payments", _OBSERVED),
    platform_endpoint(
        "GET",
        "/payments/{payment_id}",
        get_payment,
        PaymentResponse,
        "read_payments",
        documented("REF payGetPayment"),
        query=ExpandQuery,
        errors=(PLATFORM_PAYMENT_NOT_FOUND,),
    ),
    platform_list_endpoint("/refunds", list_refunds, REFUND_FIELDS, "read_payments", _OBSERVED),
    platform_endpoint(
        "POST",
        "/orders/{order_id}/payments",
        record_payment,
        PaymentResponse,
        "write_payments",
        documented("REF orderCreatePaymentForOrder"),
        request=RecordPaymentRequest,
        query=ExpandQuery,
        errors=(PLATFORM_ORDER_NOT_FOUND, PLATFORM_ORDER_PAID, PLATFORM_INVALID_QUERY),
    ),
    platform_endpoint(
        "POST",
        "/refunds",
        create_refund,
        PlatformRefundResponse,
        "write_payments",
        documented("REF payCreateRefund"),
        request=RefundPaymentRequest,
        query=ExpandQuery,
        errors=(PLATFORM_PAYMENT_NOT_FOUND, PLATFORM_INVALID_QUERY),
    ),
    platform_endpoint(
        "GET",
        "/refunds/{refund_id}",
        get_refund,
        PlatformRefundResponse,
        "read_payments",
        documented("REF payGetRefund"),
        query=ExpandQuery,
        errors=(PLATFORM_NOT_FOUND,),
    ),
    platform_endpoint(
        "POST",
        "/print_event",
        create_print_event,
        PrintEventResponse,
        "write_orders",
        observed("a public shop, live in June 2026"),
        request=PrintEventRequest,
        errors=(PLATFORM_ORDER_NOT_FOUND,),
    ),
)
