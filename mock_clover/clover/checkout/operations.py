"""Pay and cancel sessions of the hosted checkout.

The page, the control API and tests use these functions. Rules match a payment as the operation
`pay_checkout`. Payments on the page do not use 3-D Secure (inferred).
"""

from typing import NamedTuple

from msgspec.structs import replace

from mock_clover.clover.charges.endpoints import store_charge
from mock_clover.clover.charges.operations_source import PaymentSource, ask_issuer
from mock_clover.clover.charges.records import Charge, ChargeRequest
from mock_clover.clover.charges.responses import created_response
from mock_clover.clover.checkout.problems import (
    CHECKOUT_ALREADY_PAID,
    CHECKOUT_CANCELLED,
    CHECKOUT_EXPIRED,
    CHECKOUT_NOT_FOUND,
)
from mock_clover.clover.checkout.records import (
    DECLINED_MAX,
    PAY_CHECKOUT,
    Checkout,
    HostedPayment,
)
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.problems import BY_NAME, INCORRECT_CVC, ApiError
from mock_clover.clover.common.verdict import Approval, Decline, Verdict
from mock_clover.clover.orders.endpoints import record_payment
from mock_clover.clover.orders.records import Order
from mock_clover.clover.tokens.endpoints import parse_card
from mock_clover.clover.tokens.records import CardRequest, Token
from mock_clover.clover.webhooks.operations import (
    send_checkout_event,
    send_platform_event,
    send_rule_event,
)
from mock_clover.clover.webhooks.records import EventSpec
from mock_clover.core.money import MERCHANT_CURRENCY
from mock_clover.core.record import encode
from mock_clover.engine.error_format import decline_body, error_format
from mock_clover.engine.overrides import find_override, spend_armed
from mock_clover.engine.reply import error_reply
from mock_clover.sandbox.exchange import Exchange
from mock_clover.sandbox.sandbox import Sandbox

PAGE = "/pay-checkout"
"""Path of the pages. Observed: Clover's URLs end in /pay-checkout/<uuid>?mode=checkout (2026)."""
PAGE_ALIAS = "/checkout"
"""The other recorded path of the pages."""
_ERROR_BY_STATE = {
    "paid": CHECKOUT_ALREADY_PAID,
    "cancelled": CHECKOUT_CANCELLED,
    "expired": CHECKOUT_EXPIRED,
}
_PARTIAL_APPROVAL_DECLINE = Decline(
    why="the issuer approved only part of the amount, and the page accepts no partial approval "
    "(inferred)",
    decline_code="insufficient_funds",
    message="Insufficient funds",
)


class CheckoutPaymentResult(NamedTuple):
    """Result of a payment on the page; `verdict` is what the customer sees."""

    checkout: Checkout
    charge: Charge
    verdict: Verdict


def require_checkout(sandbox: Sandbox, checkout_id: str) -> Checkout:
    """Return a session, or raise CHECKOUT_NOT_FOUND."""
    return sandbox.checkouts.require(checkout_id, CHECKOUT_NOT_FOUND, "checkout session")


def require_open_checkout(sandbox: Sandbox, checkout_id: str) -> Checkout:
    """Return a session that can be paid or cancelled now. Raises ApiError."""
    checkout = require_checkout(sandbox, checkout_id)
    closed = _ERROR_BY_STATE.get(checkout.state(sandbox.clock.now_ms()))
    if closed is not None:
        raise closed.error()
    return checkout


def cancel(sandbox: Sandbox, checkout_id: str) -> Checkout:
    """Cancel a session. Inferred: it cannot be paid afterwards."""
    cancelled = replace(require_open_checkout(sandbox, checkout_id), ended="cancelled")
    sandbox.checkouts.put(checkout_id, cancelled)
    return cancelled


def pay(
    sandbox: Sandbox,
    checkout_id: str,
    card: CardRequest | Card,
    tip_amount: int | None,
    headers: dict[bytes, bytes],
) -> CheckoutPaymentResult:
    """Pay a session with a card, and write the attempt to the journal as `pay_checkout`.

    A `Card` is one that was read before: a replay has no card number.
    Raises ApiError if the session is not open, or if the card is invalid, with the errors of
    `/v1/tokens`. A decline stores a charge and leaves the session open.
    """
    payment: HostedPayment | None = None
    try:
        checkout = require_open_checkout(sandbox, checkout_id)
        payment = _build_payment(checkout, tip_amount)
        if isinstance(card, CardRequest):
            if not card.cvv:
                raise INCORRECT_CVC.error(rule="card.cvv is missing; the hosted page requires it")
            card = parse_card(sandbox, card)
        token = Token(id="", created_ms=sandbox.clock.now_ms(), card=card, state="used")
        override = find_override(sandbox, PAY_CHECKOUT, payment, (), headers, token.card)
        if override is not None and override.action.problem is not None:
            spend_armed(sandbox, override)
            raise BY_NAME[override.action.problem].error(why=override.why)
        forced = override.verdict() if override is not None else None
        verdict = _decline_partial(forced or ask_issuer(sandbox, token), payment)
        for table in (sandbox.tokens, sandbox.orders, sandbox.charges):
            table.check_capacity()
    except ApiError as error:
        _journal_error(sandbox, checkout_id, payment, error)
        raise
    spend_armed(sandbox, override)
    paid = _store(sandbox, checkout, payment, token, verdict)
    _journal(sandbox, payment, paid, override.action.webhook if override is not None else None)
    return paid


def _build_payment(checkout: Checkout, tip_amount: int | None) -> HostedPayment:
    return HostedPayment(
        checkout=checkout.id,
        amount=checkout.amount,
        currency=MERCHANT_CURRENCY,
        tip_amount=tip_amount,
        email=checkout.email,
        description=", ".join(line.name for line in checkout.lines),
        metadata=checkout.metadata,
    )


def _decline_partial(verdict: Verdict, payment: HostedPayment) -> Verdict:
    """Return the verdict; a partial approval becomes a decline."""
    if isinstance(verdict, Approval) and verdict.amount is not None:
        if verdict.amount < payment.amount:
            return replace(
                _PARTIAL_APPROVAL_DECLINE, why=f"{verdict.why}; {_PARTIAL_APPROVAL_DECLINE.why}"
            )
        return replace(verdict, amount=None)
    return verdict


def _store(
    sandbox: Sandbox, checkout: Checkout, payment: HostedPayment, token: Token, verdict: Verdict
) -> CheckoutPaymentResult:
    """Store the token, order, charge and session of a payment.

    A phantom decline: order and charge are created, but the customer and the
    webhook get a decline, and the session stays open.
    """
    token = replace(token, id=sandbox.ids.token_id())
    sandbox.tokens.put(token.id, token)
    request = ChargeRequest(
        amount=payment.amount,
        currency=payment.currency,
        source=token.id,
        tip_amount=payment.tip_amount,
        tax_amount=checkout.tax_amount,
        receipt_email=checkout.email,
    )
    source = PaymentSource(token=token, verdict=verdict)
    if isinstance(verdict, Decline) and not verdict.phantom:
        charge = store_charge(sandbox, request, source, order=None)
    else:
        order = _create_order(sandbox, checkout, payment)
        charge = store_charge(sandbox, request, source, order.id)
        record_payment(sandbox, order, charge)
    if isinstance(verdict, Decline):
        declined = (*checkout.declined, charge.id)[-DECLINED_MAX:]
        checkout = replace(checkout, declined=declined)
    else:
        checkout = replace(checkout, ended="paid", charge=charge.id, order=charge.order)
    sandbox.checkouts.put(checkout.id, checkout)
    send_checkout_event(
        sandbox,
        charge.id,
        approved=checkout.ended == "paid",
        amount=payment.amount + (payment.tip_amount or 0),
        session_id=checkout.id,
    )
    return CheckoutPaymentResult(checkout, charge, verdict)


def _create_order(sandbox: Sandbox, checkout: Checkout, payment: HostedPayment) -> Order:
    """Create the order of a payment. Inferred: it does not exist before the payment."""
    order = Order(
        id=sandbox.ids.object_id(),
        currency=sandbox.format_currency(payment.currency),
        created_ms=sandbox.clock.now_ms(),
        amount=checkout.amount,
        items=tuple(line.as_order_item for line in checkout.lines),
        tax_amount=checkout.tax_amount,
        email=checkout.email,
    )
    sandbox.orders.put(order.id, order)
    send_platform_event(sandbox, "O", order.id, "CREATE", "order")
    return order


def _journal(
    sandbox: Sandbox, payment: HostedPayment, paid: CheckoutPaymentResult, event: EventSpec | None
) -> None:
    """Write the attempt to the journal with the method PAGE; then send the event of the rule."""
    if isinstance(paid.verdict, Decline):
        form = error_format(sandbox, {})
        status = form.card_error_status
        reply = decline_body(paid.verdict, paid.charge.id, form)
    else:
        status, reply = 200, encode(created_response(paid.charge))
    why = paid.verdict.why
    _write_exchange(sandbox, payment.checkout, payment, status, why, reply, committed=True)
    if event is not None:
        send_rule_event(sandbox, PAY_CHECKOUT, (), payment, event, status, reply)


def _journal_error(
    sandbox: Sandbox, checkout_id: str, payment: HostedPayment | None, error: ApiError
) -> None:
    reply = error_reply(sandbox, error, {})
    _write_exchange(sandbox, checkout_id, payment, reply.status, error.why, reply.body)


def _write_exchange(
    sandbox: Sandbox,
    checkout_id: str,
    payment: HostedPayment | None,
    status: int,
    why: str,
    reply: bytes,
    *,
    committed: bool = False,
) -> None:
    sandbox.journal.add(
        Exchange(
            at_ms=sandbox.clock.now_ms(),
            endpoint=PAY_CHECKOUT,
            method="PAGE",
            path=f"{PAGE}/{checkout_id}",
            status=status,
            committed=committed,
            why=why,
            request=payment,
            reply=reply,
        )
    )
