"""Hosted checkout: a shop creates a session; its customer pays or cancels on Clover's page.

The page is in `page.py`. Its logic is here, so tests need no page. Rules match a payment as the
operation `pay_checkout`. Payments on the page do not use 3-D Secure (inferred).
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
    CHECKOUT_INVALID,
    CHECKOUT_NOT_FOUND,
)
from mock_clover.clover.checkout.records import (
    CHECKOUT_LIFETIME_MS,
    CURRENCY,
    DECLINED_MAX,
    DOC,
    METADATA_BYTES_MAX,
    PAY_CHECKOUT,
    CartItem,
    Checkout,
    CheckoutCustomer,
    CheckoutRequest,
    CheckoutResponse,
    HostedPayment,
    Line,
    RedirectUrls,
    redirect_url_error,
    requests_tip,
)
from mock_clover.clover.common.operations_merchant import require_merchant_header
from mock_clover.clover.common.problems import BY_NAME, INCORRECT_CVC, UNAUTHORIZED, ApiError
from mock_clover.clover.common.verdict import Approval, Decline, Verdict
from mock_clover.clover.orders.endpoints import record_payment
from mock_clover.clover.orders.records import Order, order_totals
from mock_clover.clover.orders.records_item import TaxRate
from mock_clover.clover.tokens.endpoints import parse_card
from mock_clover.clover.tokens.records import CardRequest, Token
from mock_clover.clover.webhooks.operations import (
    send_checkout_event,
    send_platform_event,
    send_rule_event,
)
from mock_clover.clover.webhooks.records import EventSpec
from mock_clover.core.iso8601 import format_iso8601
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import encode
from mock_clover.engine.endpoint import Call, Endpoint, bearer, sandbox_base_url
from mock_clover.engine.error_format import decline_body, error_dialect, error_format
from mock_clover.engine.overrides import find_override
from mock_clover.engine.reply import error_reply
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.journal import Exchange
from mock_clover.sandbox.sandbox import Sandbox

PAGE = "/hosted/checkout"
"""Path of the pages; Clover's URLs end in /checkout/<uuid> too."""
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


def create_checkout(sandbox: Sandbox, call: Call[CheckoutRequest, None]) -> CheckoutResponse:
    """Create a session that can be paid for fifteen minutes.

    Times are ISO 8601 strings (observed: PayHub 2026-09-17); Unix time in the documented dialect.
    """
    require_merchant_header(sandbox, call)
    body, customer = call.body, call.body.customer
    _check_customer(sandbox, customer)
    lines = tuple(
        _build_line(sandbox, f"shoppingCart.lineItems[{index}]", item)
        for index, item in enumerate(body.shoppingCart.lineItems)
    )
    amount, tax_amount = order_totals(line.as_order_item for line in lines)
    if amount > AMOUNT_MAX:
        raise CHECKOUT_INVALID.error(param="shoppingCart")
    urls = _redirect_urls(sandbox, body.redirectUrls or RedirectUrls())
    if body.metadata and len(encode(body.metadata)) > METADATA_BYTES_MAX:
        raise CHECKOUT_INVALID.error(param="metadata")
    now_ms = sandbox.clock.now_ms()
    checkout = Checkout(
        id=sandbox.ids.uuid(),
        created_ms=now_ms,
        expires_ms=now_ms + CHECKOUT_LIFETIME_MS,
        lines=lines,
        amount=amount,
        tax_amount=tax_amount,
        first_name=customer.firstName,
        last_name=customer.lastName,
        email=customer.email,
        phone=customer.phoneNumber,
        success=urls.success,
        failure=urls.failure,
        cancel=urls.cancel,
        metadata=body.metadata,
        tips=requests_tip(body.tips),
    )
    sandbox.checkouts.put_bounded(checkout.id, checkout)
    call.why = f"created a checkout session for {amount}"
    documented = error_dialect(sandbox, call.headers) == "documented"
    created, expires = (
        at_ms if documented else format_iso8601(at_ms, "Z")
        for at_ms in (checkout.created_ms, checkout.expires_ms)
    )
    return CheckoutResponse(
        href=f"{sandbox_base_url(sandbox, call)}{PAGE}/{checkout.id}",
        checkoutSessionId=checkout.id,
        createdTime=created,
        expirationTime=expires,
    )


def _check_customer(sandbox: Sandbox, customer: CheckoutCustomer) -> None:
    """Raise CHECKOUT_INVALID if a required field is missing. Source: DOCS hosted checkout."""
    required = sandbox.settings.checkout.customer
    values = {name: getattr(customer, name) for name in ("firstName", "lastName", "email")}
    missing = [name for name, value in values.items() if not value]
    if required == "all" and missing:
        raise CHECKOUT_INVALID.error(param=f"customer.{missing[0]}")
    if required == "any" and len(missing) == len(values):
        raise CHECKOUT_INVALID.error(param="customer")


def _build_line(sandbox: Sandbox, path: str, cart_item: CartItem) -> Line:
    """Return the line to store; a missing name or price comes from the inventory item.

    Observed: an item instead of name and price. Inferred: an unknown item in addition to name and
    price is accepted, and the merchant's default taxes do not apply.
    """
    item = sandbox.items.get(cart_item.itemRefUuid or "")
    name, price = cart_item.name, cart_item.price
    if item is not None:
        name, price = name or item.asked.name, item.asked.price if price is None else price
    missing = "price" if name else "name"
    if name is None or price is None:
        raise CHECKOUT_INVALID.error(
            param=f"{path}.{'itemRefUuid' if cart_item.itemRefUuid else missing}"
        )
    return Line(
        name=name,
        price=price,
        quantity=cart_item.unitQty,
        note=cart_item.note,
        taxes=tuple(TaxRate(name=tax.name, rate=tax.rate) for tax in cart_item.taxRates or ()),
        item=cart_item.itemRefUuid,
    )


def _redirect_urls(sandbox: Sandbox, requested: RedirectUrls) -> RedirectUrls:
    """Return the redirect URLs of a session; dashboard URLs override them (documented)."""
    settings, urls = sandbox.settings.checkout, {}
    for name in RedirectUrls.__struct_fields__:
        url = getattr(requested, name)
        error = (
            redirect_url_error(url, allow_http_and_localhost=settings.redirects == "any")
            if url is not None
            else ""
        )
        if error:
            raise CHECKOUT_INVALID.error(
                param=f"redirectUrls.{name}",
                reason=f"redirectUrls.{name} {error}; to allow http and "
                "localhost, set settings.checkout.redirects to any",
            )
        urls[name] = getattr(settings.dashboard, name) or url
    return RedirectUrls(**urls)


def require_checkout(sandbox: Sandbox, checkout_id: str) -> Checkout:
    """Return a session, or raise CHECKOUT_NOT_FOUND."""
    checkout = sandbox.checkouts.get(checkout_id)
    if checkout is None:
        raise CHECKOUT_NOT_FOUND.error()
    return checkout


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
    card: CardRequest,
    tip_amount: int | None,
    headers: dict[bytes, bytes],
) -> CheckoutPaymentResult:
    """Pay a session with a card, and write the attempt to the journal as `pay_checkout`.

    Raises ApiError if the session is not open, or if the card is invalid, with the errors of
    `/v1/tokens`. A decline stores a charge and leaves the session open.
    """
    run_due_jobs(sandbox)
    payment: HostedPayment | None = None
    try:
        checkout = require_open_checkout(sandbox, checkout_id)
        payment = _build_payment(checkout, tip_amount)
        if not card.cvv:
            raise INCORRECT_CVC.error()
        token = Token(
            id="",
            created_ms=sandbox.clock.now_ms(),
            card=parse_card(sandbox, card),
            state="used",
        )
        override = find_override(sandbox, PAY_CHECKOUT, payment, (), headers, token.card)
        if override is not None and override.action.problem is not None:
            raise BY_NAME[override.action.problem].error(why=override.why)
        forced = override.verdict() if override is not None else None
        verdict = _decline_partial(forced or ask_issuer(sandbox, token), payment)
        for table in (sandbox.tokens, sandbox.orders, sandbox.charges):
            table.check_capacity()
    except ApiError as error:
        _journal_error(sandbox, checkout_id, payment, error)
        raise
    paid = _store(sandbox, checkout, payment, token, verdict)
    _journal(sandbox, payment, paid, override.action.webhook if override is not None else None)
    return paid


def _build_payment(checkout: Checkout, tip_amount: int | None) -> HostedPayment:
    return HostedPayment(
        checkout=checkout.id,
        amount=checkout.amount,
        currency=CURRENCY,
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
    _write_exchange(sandbox, payment.checkout, payment, status, paid.verdict.why, reply)
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
) -> None:
    sandbox.journal.add(
        Exchange(
            at_ms=sandbox.clock.now_ms(),
            endpoint=PAY_CHECKOUT,
            method="PAGE",
            path=f"{PAGE}/{checkout_id}",
            status=status,
            why=why,
            request=payment,
            reply=reply,
        )
    )


ENDPOINTS = (
    Endpoint(
        name="create_checkout",
        method="POST",
        path="/invoicingcheckoutservice/v1/checkouts",
        run=create_checkout,
        request=CheckoutRequest,
        response=CheckoutResponse,
        auth=bearer(requires_merchant_id=True),
        errors=(UNAUTHORIZED,),
        about="Create a hosted checkout session; the customer pays on the page at `href`.",
        evidence=DOC,
    ),
)
