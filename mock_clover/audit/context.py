"""What the rules of the audit read: exchanges, rows, the ledger and the time of each."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.checkout.records import Checkout
from mock_clover.clover.orders.records import Order
from mock_clover.clover.webhooks.records_delivery import Delivery
from mock_clover.core.steps import Steps
from mock_clover.ledger.build import build_ledger
from mock_clover.ledger.records import Ledger, LedgerPayment
from mock_clover.sandbox.exchange import Exchange, parse_object
from mock_clover.sandbox.sandbox import Sandbox

PAYING = ("create_charge", "pay_order")
"""Operations that charge a card."""
MOVING = (*PAYING, "capture_charge", "create_refund")
"""Operations that move money and accept an idempotency key."""
READING = frozenset(
    {
        *("list_charges", "get_charge", "get_order", "list_orders", "list_refunds", "get_refund"),
        *("platform_list_payments", "platform_get_payment", "platform_get_order"),
        *("platform_list_orders", "platform_list_order_payments", "platform_list_refunds"),
        "platform_get_refund",
    }
)
"""Operations with which a client finds out what happened to a payment."""
_OWN_CLIENTS = b"mock-clover"
"""User agents of this project: replays and the command line are not the integration."""
LATE_MS = 1_000
"""A client may have given up on a response that a fault delayed for longer."""


class AuditContext:
    """A sandbox at one moment, as the rules see it."""

    def __init__(self, sandbox: Sandbox, ledger: Ledger) -> None:
        self.ledger = ledger
        self.exchanges: tuple[Exchange, ...] = tuple(filter(_is_of_integration, sandbox.journal))
        self.payments: Mapping[str, LedgerPayment] = {each.id: each for each in ledger.payments}
        self.charges: dict[str, Charge] = {}
        for payment in ledger.payments:
            charge = sandbox.charges.get(payment.id)
            if charge is not None:
                self.charges[charge.id] = charge
        self.deliveries: tuple[Delivery, ...] = tuple(sandbox.outbox or ())
        self._sandbox = sandbox
        self._numbers = [each.number for each in self.exchanges]
        self._sent: dict[int, dict[str, Any]] = {}

    @cached_property
    def payment_of(self) -> dict[int, LedgerPayment]:
        """The payments by the number of the exchange that created them."""
        return {
            payment.entries[0].exchange: payment
            for payment in self.payments.values()
            if payment.created_by is not None
            and payment.entries
            and payment.entries[0].exchange is not None
        }

    @cached_property
    def payments_of(self) -> dict[str, list[LedgerPayment]]:
        """The payments by the id of their order."""
        found: dict[str, list[LedgerPayment]] = {}
        for payment in self.payments.values():
            found.setdefault(payment.order or "", []).append(payment)
        return found

    def kept_of(self, order_id: str | None) -> list[LedgerPayment]:
        """Return the payments of an order that were not voided or refunded as a whole."""
        payments = self.payments_of.get(order_id or "", ()) if order_id else ()
        return [each for each in payments if is_kept(each)]

    @cached_property
    def by_number(self) -> dict[int, Exchange]:
        """The exchanges by their number."""
        return {each.number: each for each in self.exchanges}

    def exchange(self, number: int) -> Exchange | None:
        """Return an exchange of the integration, or None if it was evicted."""
        return self.by_number.get(number)

    def of(self, *operations: str) -> Iterator[Exchange]:
        """Yield the exchanges of operations, oldest first."""
        return (each for each in self.exchanges if each.endpoint in operations)

    def between(self, first: Exchange, last: Exchange) -> Iterator[Exchange]:
        """Yield the exchanges after the first and before the last one."""
        numbers = self._numbers
        start, end = bisect_right(numbers, first.number), bisect_left(numbers, last.number)
        return iter(self.exchanges[start:end])

    def order(self, order_id: str) -> Order | None:
        """Return an order that is stored."""
        return self._sandbox.orders.get(order_id)

    def checkout(self, exchange: Exchange) -> Checkout | None:
        """Return the session of Hosted Checkout that an exchange created."""
        session_id = parse_object(exchange.reply).get("checkoutSessionId")
        return self._sandbox.checkouts.get(session_id) if isinstance(session_id, str) else None

    def sent(self, exchange: Exchange) -> dict[str, Any]:
        """Return the masked body of a request; empty if it was no object."""
        if exchange.number not in self._sent:
            self._sent[exchange.number] = parse_object(exchange.sent_body())
        return self._sent[exchange.number]

    def member(self, exchange: Exchange, path: str) -> Any:
        """Return a member of a body by its path, such as `a.b`; a rejected body has any form."""
        value: Any = self.sent(exchange)
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def payer_of(self, exchange: Exchange) -> str:
        """Return what identifies the card that a request charges; empty if it is not known."""
        payment = self.payment_of.get(exchange.number)
        charge = self.charges.get(payment.id) if payment is not None else None
        if charge is not None:
            return charge.token.card.fingerprint or charge.id
        body = self.sent(exchange)
        source = str(body.get("source") or body.get("customer") or "")
        customer = self._sandbox.customers.get(source)
        if customer is not None and customer.cards:
            source = customer.cards[-1].token
        token = self._sandbox.tokens.get(source)
        return token.card.fingerprint if token is not None else ""

    def is_saved_token(self, source: str) -> bool:
        """Return whether a source is the multi-pay token of a saved card."""
        token = self._sandbox.tokens.get(source)
        return token is not None and token.state == "multipay" and token.kind == "card"


def build_context(sandbox: Sandbox) -> Steps[AuditContext]:
    """Return the context of an audit."""
    ledger = yield from build_ledger(sandbox)
    return AuditContext(sandbox, ledger)


def _is_of_integration(exchange: Exchange) -> bool:
    return not header(exchange, b"user-agent").startswith(_OWN_CLIENTS)


def is_kept(payment: LedgerPayment) -> bool:
    """Return whether a payment was made and not voided or refunded as a whole."""
    return bool(payment.sums.outstanding or payment.sums.held)


def header(exchange: Exchange, name: bytes) -> bytes:
    """Return the stored value of a header; empty if it was not sent."""
    return exchange.kept_headers().get(name, b"")


def key_of(exchange: Exchange) -> bytes:
    """Return the idempotency key of a request."""
    return header(exchange, b"idempotency-key").strip()


def line_of(exchange: Exchange) -> str:
    """Return how messages name an exchange."""
    return f"exchange {exchange.number}"


def problem_of(exchange: Exchange) -> str:
    """Return the name of the error that the request itself caused; empty if a fault or rule did."""
    return exchange.why.partition(" ")[0] if exchange.outcome == "rejected" else ""


def start_ms(exchange: Exchange) -> int:
    """Return when a request arrived, by the sandbox's clock.

    A fault before the operation delays it, so the exchange has the time after the delay.
    """
    return exchange.at_ms - (exchange.delay_ms if "before_commit" in exchange.fault else 0)


def end_ms(exchange: Exchange) -> int:
    """Return when the response was sent, by the sandbox's clock."""
    return exchange.at_ms + (0 if "before_commit" in exchange.fault else exchange.delay_ms)


def is_accepted(delivery: Delivery) -> bool:
    """Return whether the last attempt of a delivery was answered with 2xx."""
    status = delivery.attempts[-1].status if delivery.attempts else None
    return status is not None and 200 <= status < 300


def is_unanswered(exchange: Exchange) -> bool:
    """Return whether the client cannot know what a request did: no response, or a server error."""
    if exchange.outcome in ("lost", "failed"):
        return True
    return exchange.committed and bool(exchange.fault) and exchange.outcome == "rejected"
