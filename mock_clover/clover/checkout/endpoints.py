"""Hosted checkout: a shop makes a session, and its customer pays it on Clover's page, or cancels.

The page is `page.py` beside this file. What it does is here, so that a test needs no page.
To rules a payment is the operation `pay_checkout`; 3-D Secure takes no part in it (inferred).
"""

from typing import NamedTuple

import msgspec

from mock_clover.clover.charges.endpoints import make_charge
from mock_clover.clover.charges.operations_source import PaymentSource, ask_issuer
from mock_clover.clover.charges.records import Charge, ChargeRequest
from mock_clover.clover.charges.views import created_answer
from mock_clover.clover.checkout.problems import (
    CHECKOUT_ALREADY_PAID,
    CHECKOUT_CANCELLED,
    CHECKOUT_EXPIRED,
    CHECKOUT_INVALID,
    CHECKOUT_NOT_FOUND,
)
from mock_clover.clover.checkout.records import (
    CURRENCY,
    DECLINED_MAX,
    DOC,
    LIFE_MS,
    METADATA_BYTES_MAX,
    PAY_CHECKOUT,
    CartItem,
    Checkout,
    CheckoutAnswer,
    CheckoutCustomer,
    CheckoutRequest,
    HostedPayment,
    Line,
    RedirectUrls,
    asks_tip,
    wrong_redirect,
)
from mock_clover.clover.common.problems import BY_NAME, INCORRECT_CVC, UNAUTHORIZED, ApiError
from mock_clover.clover.common.verdict import Approval, Decline, Verdict
from mock_clover.clover.orders.endpoints import record_payment
from mock_clover.clover.orders.records import Order, order_totals
from mock_clover.clover.orders.records_item import TaxRate
from mock_clover.clover.recurring.endpoints_plans import check_merchant
from mock_clover.clover.recurring.problems import MERCHANT_ID_MISSING
from mock_clover.clover.recurring.records_interval import written
from mock_clover.clover.tokens.endpoints import read_card
from mock_clover.clover.tokens.records import CardRequest, Token
from mock_clover.clover.webhooks.operations import announce, announce_checkout, send_rule_event
from mock_clover.clover.webhooks.records import EventSpec
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import encode
from mock_clover.engine.endpoint import Call, Endpoint, home_of
from mock_clover.engine.error_format import DECLINED_STATUS, decline_body, dialect_of, problem_body
from mock_clover.engine.overrides import find_override
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.sandbox import Sandbox

PAGE = "/hosted/checkout"
"""Where the pages are; Clover's addresses end in /checkout/<uuid> too."""
_CLOSED = {
    "paid": CHECKOUT_ALREADY_PAID,
    "cancelled": CHECKOUT_CANCELLED,
    "expired": CHECKOUT_EXPIRED,
}
_IN_PART = Decline(
    why="only a part is approved, and the page takes no part of an amount (inferred)",
    decline_code="insufficient_funds",
    message="Insufficient funds",
)
_replace = msgspec.structs.replace


class Paid(NamedTuple):
    """What came of a payment on the page; a decline is what the customer is told."""

    checkout: Checkout
    charge: Charge
    verdict: Verdict


def create_checkout(sandbox: Sandbox, call: Call[CheckoutRequest, None]) -> CheckoutAnswer:
    """Make a session that can be paid for fifteen minutes.

    Times are ISO 8601 strings (observed: PayHub 2026-09-17); Unix time in the documented dialect.
    """
    check_merchant(sandbox, call)
    asked, person = call.body, call.body.customer
    _check_customer(sandbox, person)
    lines = tuple(
        _line(sandbox, f"shoppingCart.lineItems[{place}]", each)
        for place, each in enumerate(asked.shoppingCart.lineItems)
    )
    amount, tax_amount = order_totals(line.as_ordered for line in lines)
    if amount > AMOUNT_MAX:
        raise CHECKOUT_INVALID.error(param="shoppingCart")
    urls = _urls(sandbox, asked.redirectUrls or RedirectUrls())
    if asked.metadata and len(encode(asked.metadata)) > METADATA_BYTES_MAX:
        raise CHECKOUT_INVALID.error(param="metadata")
    now_ms = sandbox.clock.now_ms()
    made = Checkout(
        id=sandbox.ids.uuid(),
        created_ms=now_ms,
        expires_ms=now_ms + LIFE_MS,
        lines=lines,
        amount=amount,
        tax_amount=tax_amount,
        first_name=person.firstName,
        last_name=person.lastName,
        email=person.email,
        phone=person.phoneNumber,
        success=urls.success,
        failure=urls.failure,
        cancel=urls.cancel,
        metadata=asked.metadata,
        tips=asks_tip(asked.tips),
    )
    sandbox.checkouts.put_bounded(made.id, made)
    call.why = f"a checkout of {amount} is made"
    documented = dialect_of(sandbox, call.headers) == "documented"
    created, expires = (
        at_ms if documented else written(at_ms, "Z") for at_ms in (made.created_ms, made.expires_ms)
    )
    return CheckoutAnswer(
        href=f"{home_of(sandbox, call)}{PAGE}/{made.id}",
        checkoutSessionId=made.id,
        createdTime=created,
        expirationTime=expires,
    )


def _check_customer(sandbox: Sandbox, person: CheckoutCustomer) -> None:
    """Refuse a customer without what the merchant demands. Source: DOCS hosted checkout."""
    needed = sandbox.settings.checkout.customer
    given = {name: getattr(person, name) for name in ("firstName", "lastName", "email")}
    lacking = [name for name, value in given.items() if not value]
    if needed == "all" and lacking:
        raise CHECKOUT_INVALID.error(param=f"customer.{lacking[0]}")
    if needed == "any" and len(lacking) == len(given):
        raise CHECKOUT_INVALID.error(param="customer")


def _line(sandbox: Sandbox, at: str, asked: CartItem) -> Line:
    """Return a line as it is kept; an item of the inventory gives the name and price it has not.

    Observed as an alternative to both. That an unknown item beside them is taken, and that no
    default tax of the merchant applies, is inferred.
    """
    item = sandbox.items.get(asked.itemRefUuid or "")
    name, price = asked.name, asked.price
    if item is not None:
        name, price = name or item.asked.name, item.asked.price if price is None else price
    lacking = "price" if name else "name"
    if name is None or price is None:
        raise CHECKOUT_INVALID.error(
            param=f"{at}.{'itemRefUuid' if asked.itemRefUuid else lacking}"
        )
    return Line(
        name=name,
        price=price,
        quantity=asked.unitQty,
        note=asked.note,
        taxes=tuple(TaxRate(name=tax.name, rate=tax.rate) for tax in asked.taxRates or ()),
        item=asked.itemRefUuid,
    )


def _urls(sandbox: Sandbox, asked: RedirectUrls) -> RedirectUrls:
    """Return where a session leads; the merchant's own URLs win (documented)."""
    switch, found = sandbox.settings.checkout, {}
    for name in RedirectUrls.__struct_fields__:
        url = getattr(asked, name)
        said = wrong_redirect(url, anywhere=switch.redirects == "any") if url is not None else ""
        if said:
            raise CHECKOUT_INVALID.error(
                param=f"redirectUrls.{name}",
                reason=f"redirectUrls.{name} {said}; settings.checkout.redirects: any takes "
                "http and this machine",
            )
        found[name] = getattr(switch.dashboard, name) or url
    return RedirectUrls(**found)


def require_checkout(sandbox: Sandbox, checkout_id: str) -> Checkout:
    """Return a session, or refuse."""
    checkout = sandbox.checkouts.get(checkout_id)
    if checkout is None:
        raise CHECKOUT_NOT_FOUND.error()
    return checkout


def require_open(sandbox: Sandbox, checkout_id: str) -> Checkout:
    """Return a session that can be paid or cancelled now, or refuse."""
    checkout = require_checkout(sandbox, checkout_id)
    closed = _CLOSED.get(checkout.state(sandbox.clock.now_ms()))
    if closed is not None:
        raise closed.error()
    return checkout


def cancel(sandbox: Sandbox, checkout_id: str) -> Checkout:
    """End a session unpaid; that it cannot be paid afterwards is inferred."""
    cancelled = _replace(require_open(sandbox, checkout_id), ended="cancelled")
    sandbox.checkouts.put(checkout_id, cancelled)
    return cancelled


def pay(
    sandbox: Sandbox,
    checkout_id: str,
    asked: CardRequest,
    tip_amount: int | None,
    headers: dict[bytes, bytes],
) -> Paid:
    """Pay a session with a card, and journal the attempt as `pay_checkout`.

    Refuses a session that is not open, and a card as `/v1/tokens` does. A declined card leaves a
    charge and the session open.
    """
    run_due_jobs(sandbox)
    payment: HostedPayment | None = None
    try:
        checkout = require_open(sandbox, checkout_id)
        payment = _payment(checkout, tip_amount)
        if not asked.cvv:
            raise INCORRECT_CVC.error()
        token = Token(
            id="",
            created_ms=sandbox.clock.now_ms(),
            card=read_card(sandbox, asked),
            state="used",
        )
        step = find_override(sandbox, PAY_CHECKOUT, payment, (), headers, token.card)
        if step is not None and step.then.problem is not None:
            raise BY_NAME[step.then.problem].error(why=step.why)
        decided = step.verdict() if step is not None else None
        verdict = _whole(decided or ask_issuer(sandbox, token), payment)
        for table in (sandbox.tokens, sandbox.orders, sandbox.charges):
            table.require_room()
    except ApiError as refusal:
        _journal_refusal(sandbox, checkout_id, payment, refusal)
        raise
    paid = _write(sandbox, checkout, payment, token, verdict)
    _journal(sandbox, payment, paid, step.then.webhook if step is not None else None)
    return paid


def _payment(checkout: Checkout, tip_amount: int | None) -> HostedPayment:
    return HostedPayment(
        checkout=checkout.id,
        amount=checkout.amount,
        currency=CURRENCY,
        tip_amount=tip_amount,
        email=checkout.email,
        description=", ".join(line.name for line in checkout.lines),
        metadata=checkout.metadata,
    )


def _whole(verdict: Verdict, payment: HostedPayment) -> Verdict:
    """Return the verdict, an approval of only a part being none."""
    if isinstance(verdict, Approval) and verdict.amount is not None:
        if verdict.amount < payment.amount:
            return _replace(_IN_PART, why=f"{verdict.why}; {_IN_PART.why}")
        return _replace(verdict, amount=None)
    return verdict


def _write(
    sandbox: Sandbox, checkout: Checkout, payment: HostedPayment, token: Token, verdict: Verdict
) -> Paid:
    """Write token, order, charge and session: all that a payment changes.

    A decline that stands is a phantom: order and charge are made, and all the same the customer is
    told no, the webhook too, and the session stays open.
    """
    token = _replace(token, id=sandbox.ids.token_id())
    sandbox.tokens.put(token.id, token)
    request = ChargeRequest(
        amount=payment.amount,
        currency=payment.currency,
        source=token.id,
        tip_amount=payment.tip_amount,
        tax_amount=checkout.tax_amount,
        receipt_email=checkout.email,
    )
    payer = PaymentSource(token, None, verdict)
    if isinstance(verdict, Decline) and not verdict.stands:
        charge = make_charge(sandbox, request, payer, order=None)
    else:
        order = _order(sandbox, checkout, payment)
        charge = make_charge(sandbox, request, payer, order.id)
        record_payment(sandbox, order, charge)
    if isinstance(verdict, Decline):
        declined = (*checkout.declined, charge.id)[-DECLINED_MAX:]
        checkout = _replace(checkout, declined=declined)
    else:
        checkout = _replace(checkout, ended="paid", charge=charge.id, order=charge.order)
    sandbox.checkouts.put(checkout.id, checkout)
    announce_checkout(
        sandbox,
        charge.id,
        approved=checkout.ended == "paid",
        amount=payment.amount + (payment.tip_amount or 0),
        session_id=checkout.id,
    )
    return Paid(checkout, charge, verdict)


def _order(sandbox: Sandbox, checkout: Checkout, payment: HostedPayment) -> Order:
    """Make the order that a payment pays; that it is made then, and not before, is inferred."""
    order = Order(
        id=sandbox.ids.object_id(),
        currency=sandbox.currency_echo(payment.currency),
        created_ms=sandbox.clock.now_ms(),
        amount=checkout.amount,
        items=tuple(line.as_ordered for line in checkout.lines),
        tax_amount=checkout.tax_amount,
        email=checkout.email,
    )
    sandbox.orders.put(order.id, order)
    announce(sandbox, "O", order.id, "CREATE", "order")
    return order


def _journal(sandbox: Sandbox, payment: HostedPayment, paid: Paid, event: EventSpec | None) -> None:
    """Write the attempt as an exchange that a page began; then what a rule has follow it."""
    if isinstance(paid.verdict, Decline):
        status = DECLINED_STATUS
        reply = decline_body(paid.verdict, paid.charge.id, sandbox.settings.dialect)
    else:
        status, reply = 200, encode(created_answer(paid.charge))
    _exchange(sandbox, payment.checkout, payment, status, paid.verdict.why, reply)
    if event is not None:
        send_rule_event(sandbox, PAY_CHECKOUT, (), payment, event, status, reply)


def _journal_refusal(
    sandbox: Sandbox, checkout_id: str, payment: HostedPayment | None, refusal: ApiError
) -> None:
    problem, said_by = refusal.problem, refusal.words.get("why")
    reply, _ = problem_body(problem, refusal.message, sandbox.settings.dialect)
    why = f"{said_by}: {problem.name}" if said_by else problem.name
    _exchange(sandbox, checkout_id, payment, problem.status, why, reply)


def _exchange(
    sandbox: Sandbox,
    checkout_id: str,
    payment: HostedPayment | None,
    status: int,
    why: str,
    reply: bytes,
) -> None:
    path, now_ms = f"{PAGE}/{checkout_id}", sandbox.clock.now_ms()
    sandbox.journal.write(
        now_ms, PAY_CHECKOUT, "PAGE", path, status, why, "", payment, reply, "", b"", (), 0
    )


ENDPOINTS = (
    Endpoint(
        name="create_checkout",
        method="POST",
        path="/invoicingcheckoutservice/v1/checkouts",
        run=create_checkout,
        request=CheckoutRequest,
        response=CheckoutAnswer,
        merchant=True,
        errors=(CHECKOUT_INVALID, MERCHANT_ID_MISSING, UNAUTHORIZED),
        about="Make a session of the hosted checkout; its customer pays on the page at `href`.",
        fact=DOC,
    ),
)
