"""The history of a payment: its token, charges, captures, refunds, requests and webhooks, by time.

Nothing is stored for this: it is derived from the rows (`control/rows/timeline.py`), the journal
and the outbox. Amounts are in minor units.
"""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.clover.orders.endpoints import find_order
from mock_clover.control.endpoint import control_endpoint
from mock_clover.control.payments.steps import PaymentStep, RelatedExchange, StepBuilder, words_of
from mock_clover.control.rows.kinds import ROW_KINDS, RowSummary, masked_summary
from mock_clover.control.rows.timeline import (
    SEARCHED_MAX,
    Link,
    charge_events,
    related_rows,
)
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult
from mock_clover.sandbox.exchange import Exchange, parse_object
from mock_clover.sandbox.sandbox import Sandbox

CHARGES_MAX = 100
"""Of one order; the newest are shown."""
STEPS_MAX = 500
_PAID, _RETURNED = ("captured", "tip added"), ("refunded", "voided")
_ID_MEMBERS = ("charge", "charge_id", "source", "token", "order", "id")


class PaymentStory(Record, frozen=True, kw_only=True):
    """A payment from its first to its last step."""

    kind: str
    """`charges` or `orders`."""
    id: str
    line: RowSummary
    held: int
    """Authorized, and not captured yet."""
    captured: int
    """What the customer was charged, with tips."""
    refunded: int
    stands: int
    """Captured and not refunded."""
    steps: tuple[PaymentStep, ...]
    reads: int
    """How often it was read by its id; such requests are not steps."""
    links: tuple[Link, ...]


class _Payment(NamedTuple):
    """The rows of a payment."""

    kind: str
    id: str
    charges: tuple[Charge, ...]

    def links(self, sandbox: Sandbox) -> tuple[Link, ...]:
        """Return the related rows; those of an order include those of its charges."""
        row = ROW_KINDS[self.kind].find(sandbox, self.id)
        found = dict.fromkeys(related_rows(sandbox, self.kind, row))
        if self.kind == "orders":
            for charge in self.charges:
                found |= dict.fromkeys(related_rows(sandbox, "charges", charge))
        return tuple(link for link in found if (link.kind, link.id) != (self.kind, self.id))


def payment_id(sandbox: Sandbox, key: str) -> str | None:
    """Return the id of the charge or the order that an id belongs to, or None."""
    payment = _find_payment(sandbox, key)
    return None if payment is None else payment.id


def payment_of(sandbox: Sandbox, exchange: Exchange, ids: Iterable[str]) -> str | None:
    """Return the id of the payment that an exchange is about; `ids` are those of its path."""
    trees = [parse_object(exchange.reply), parse_object(exchange.sent_body())]
    error = trees[0].get("error")
    trees += [error] if isinstance(error, dict) else []
    named = (tree.get(name) for name in _ID_MEMBERS for tree in trees)
    for key in (*ids, *named):
        if isinstance(key, str) and (found := payment_id(sandbox, key)):
            return found
    return None


def _find_payment(sandbox: Sandbox, key: str) -> _Payment | None:
    charge = sandbox.charges.get(key)
    if charge is None and (refund := sandbox.refunds.get(key)) is not None:
        charge = sandbox.charges.get(refund.charge)
    if charge is None and (token := sandbox.tokens.get(key)) is not None and token.state != "new":
        newest = islice(sandbox.charges.items_newest_first(), SEARCHED_MAX)
        charge = next((row for _, row in newest if row.token.id == key), None)
    if charge is None and (checkout := sandbox.checkouts.get(key)) is not None:
        charge = sandbox.charges.get(checkout.charge or "")
    if charge is not None:
        return _Payment("charges", charge.id, (charge,))
    order = find_order(sandbox, key)
    if order is None:
        return None
    return _Payment("orders", key, order.charges[-CHARGES_MAX:])


def get_payment(sandbox: Sandbox, call: Call[None, None]) -> LongResult:
    """Return a payment by the id of its charge, order, refund, token or checkout."""
    key = call.ids[0]
    payment = _find_payment(sandbox, key)
    if payment is None:
        raise CONTROL_NOT_FOUND.error(detail=f"no payment has the id {redact(key)!r}")
    return Work(_story_of(sandbox, payment))


def _story_of(sandbox: Sandbox, payment: _Payment) -> Steps[PaymentStory]:
    links = payment.links(sandbox)
    tokens = {link.id for link in links if link.kind == "tokens"}
    ids = {payment.id, *(each.id for each in payment.charges), *tokens}
    ids |= {link.id for link in links if link.kind in ("charges", "orders", "refunds")}
    related: list[RelatedExchange] = []
    reads = 0
    for exchange in sandbox.journal:
        found = ids & words_of(exchange.path)
        if exchange.method == "GET":
            reads += bool(found)
        else:
            found |= ids & (words_of(exchange.reply) | words_of(exchange.sent_body()))
            if found:
                related.append(RelatedExchange(exchange, found))
        yield
    steps = yield from StepBuilder(sandbox, related).steps(payment.charges, tokens, ids)
    events = [event for charge in payment.charges for event in charge_events(sandbox, charge)]
    captured = sum(event.amount or 0 for event in events if event.what in _PAID)
    refunded = _refunded(sandbox, payment.charges)
    row = ROW_KINDS[payment.kind].find(sandbox, payment.id)
    return PaymentStory(
        kind=payment.kind,
        id=payment.id,
        line=masked_summary(ROW_KINDS[payment.kind].summarize(sandbox, payment.id, row)),
        held=sum(each.amount_capturable for each in payment.charges if each.state == "authorized"),
        captured=captured,
        refunded=refunded,
        stands=captured - refunded,
        steps=tuple(steps[-STEPS_MAX:]),
        reads=reads,
        links=links,
    )


def _refunded(sandbox: Sandbox, charges: Iterable[Charge]) -> int:
    """Return the refunded part of captured amounts; a released hold was never charged."""
    total = 0
    for charge in charges:
        events = charge_events(sandbox, charge)
        if any(event.what in _PAID for event in events):
            total += sum(event.amount or 0 for event in events if event.what in _RETURNED)
            total -= sum(event.amount or 0 for event in events if event.what == "refund canceled")
    return total


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("get_payment", "GET", "/_mock/payments/{id}", get_payment, PaymentStory),
)
