"""Endpoints for payments and refunds: each charge is a payment with the same id.

Here the void of an authorization is not a refund, because no money was captured; the payment is
VOIDED.
"""

from mock_clover.clover.platform.http import platform_endpoint, platform_list_endpoint
from mock_clover.clover.platform.listing import Fields, ListField, list_page
from mock_clover.clover.platform.problems import PLATFORM_PAYMENT_NOT_FOUND
from mock_clover.clover.platform.records import (
    Elements,
    ExpandQuery,
    PlatformQuery,
    truncate_to_seconds,
)
from mock_clover.clover.platform.records_payment import PaymentResponse
from mock_clover.clover.platform.view import response_context
from mock_clover.clover.platform.view_order import (
    all_refunds,
    payment_amount,
    payment_result,
    platform_payment_response,
    platform_refund_response,
)
from mock_clover.core.evidence import documented, observed
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox

PAYMENT_FIELDS: Fields = {
    "id": ListField(str, lambda charge: charge.id),
    "amount": ListField(int, payment_amount),
    "result": ListField(str, payment_result),
    "voided": ListField(bool, lambda charge: payment_result(charge) == "VOIDED"),
    "offline": ListField(bool, lambda _: False),
    "cardType": ListField(str, lambda charge: charge.token.card.brand or None),
    "externalReferenceId": ListField(str, lambda charge: charge.request.external_reference_id),
    "externalPaymentId": ListField(str, lambda _: None),
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


def list_payments(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> Elements:
    """List payments: all charges, including declined ones."""
    context = response_context(sandbox, call)
    rows = (charge for _, charge in sandbox.charges.items_newest_first())
    return list_page(
        context,
        call,
        "payments",
        PAYMENT_FIELDS,
        rows,
        lambda charge: platform_payment_response(context, charge),
    )


def get_payment(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> PaymentResponse:
    """Get one payment by the id of its charge."""
    charge = sandbox.charges.get(call.ids[1])
    if charge is None:
        raise PLATFORM_PAYMENT_NOT_FOUND.error()
    return platform_payment_response(response_context(sandbox, call), charge)


def list_refunds(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> Elements:
    """List refunds; voids of authorizations are not included."""
    context = response_context(sandbox, call)
    return list_page(
        context,
        call,
        "refunds",
        REFUND_FIELDS,
        all_refunds(sandbox),
        lambda refund: platform_refund_response(context, refund),
    )


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
)
