"""Match the exchanges of the journal with payments: what they caused, and what the client knows."""

import re
from collections.abc import Iterable, Mapping

from mock_clover.clover.charges.records import Charge
from mock_clover.core.object_id import OBJECT_ID
from mock_clover.core.record import Value
from mock_clover.core.steps import Steps
from mock_clover.ledger.records import ClientResult, LedgerEntry
from mock_clover.sandbox.exchange import Exchange

CREATES_PAYMENTS = frozenset({"create_charge", "pay_order", "platform_record_payment"})
"""Operations that create a charge."""
_ABOUT_ORDERS = frozenset({"pay_order", "return_order", "platform_record_payment"})
"""Operations whose path names an order, and which change its payments."""
_CREATES_REFUNDS = frozenset({"create_refund", "return_order", "platform_create_refund"})
_CAUSES: Mapping[str, frozenset[str]] = {
    "capture": frozenset({"capture_charge"}),
    "over_capture": frozenset({"capture_charge"}),
    "tip": frozenset({"capture_charge"}),
    "surcharge": frozenset({"capture_charge"}),
    "release": frozenset({"release_charge", "capture_charge"}),
    "void": frozenset({"release_charge", "capture_charge"}) | _CREATES_REFUNDS,
    "refund": _CREATES_REFUNDS,
    "surcharge_refund": _CREATES_REFUNDS,
    "refund_cancel": frozenset({"cancel_refund"}),
}
"""The operations that cause an entry; the others are caused by the one that creates the payment."""
_ID = re.compile(rb"(?<![0-9A-Za-z_])" + OBJECT_ID.encode() + rb"(?![0-9A-Za-z_])")


class PaymentExchanges(Value, frozen=True, kw_only=True):
    """The exchanges about one payment, oldest first."""

    created_by: Exchange | None
    about: tuple[Exchange, ...]
    replies: "Replies"


class Replies(Value, frozen=True, kw_only=True):
    """The exchanges whose response names a row, by its id."""

    naming: dict[str, list[Exchange]]
    """Oldest first, also those whose response did not reach the client."""
    newest_ok: dict[str, int]
    """The number of the newest one with the outcome `ok`."""

    def add(self, row_id: str, exchange: Exchange) -> None:
        """Add an exchange that names a row."""
        self.naming.setdefault(row_id, []).append(exchange)
        if exchange.outcome == "ok":
            self.newest_ok[row_id] = exchange.number

    def received(self, row_id: str) -> list[Exchange]:
        """Return the exchanges that name a row and whose response reached the client."""
        return [each for each in self.naming.get(row_id, ()) if each.outcome != "lost"]


def exchanges_by_payment(
    exchanges: Iterable[Exchange], charges: Mapping[str, Charge], refunds: Mapping[str, str]
) -> Steps[dict[str, PaymentExchanges]]:
    """Return the exchanges about each charge. `refunds`: charge ids by refund id."""
    payments = {key: key for key in charges} | dict(refunds)
    orders: dict[str, list[str]] = {}
    for charge in charges.values():
        if charge.order is not None:
            orders.setdefault(charge.order, []).append(charge.id)
    places = {key: place for place, key in enumerate(charges)}
    replies = Replies(naming={}, newest_ok={})
    about: dict[str, list[Exchange]] = {}
    created: dict[str, Exchange] = {}
    unnamed: list[Exchange] = []
    for exchange in exchanges:
        named = [key for key in _ids_in(exchange.reply) if key in payments]
        returned = {payments[key] for key in named}
        for key in named:
            replies.add(key, exchange)
        ids = _requested_ids(exchange)
        requested = {payments[key] for key in ids if key in payments}
        if exchange.endpoint in _ABOUT_ORDERS:
            requested |= {charge_id for key in ids for charge_id in orders.get(key, ())}
        for charge_id in returned | requested:
            about.setdefault(charge_id, []).append(exchange)
        if exchange.committed and exchange.endpoint in CREATES_PAYMENTS:
            new = sorted((each for each in returned if each not in created), key=places.__getitem__)
            created |= dict.fromkeys(new, exchange)
            if not new:
                unnamed.append(exchange)
        yield
    for exchange in unnamed:
        found = _find_created(exchange, charges, created)
        if found is not None:
            created[found] = exchange
            about[found] = sorted({*about.get(found, ()), exchange}, key=lambda each: each.number)
        yield
    return {
        charge_id: PaymentExchanges(
            created_by=created.get(charge_id),
            about=tuple(about.get(charge_id, ())),
            replies=replies,
        )
        for charge_id in charges
    }


def _ids_in(text: bytes) -> set[str]:
    return {found.decode() for found in _ID.findall(text)}


def _requested_ids(exchange: Exchange) -> set[str]:
    """Return the ids in the path, and the payment of a refund."""
    request = exchange.request
    refunded = getattr(request, "charge", None) or getattr(getattr(request, "payment", 0), "id", "")
    return _ids_in(f"{exchange.path} {refunded}".encode())


def _find_created(
    exchange: Exchange, charges: Mapping[str, Charge], created: Mapping[str, Exchange]
) -> str | None:
    """Return the charge of an exchange whose response does not name it, because of a fault."""
    duration_ms = exchange.duration_ns // 1_000_000 + 1
    earliest_ms = exchange.at_ms - duration_ms
    for charge in charges.values():
        if charge.id in created or not earliest_ms <= charge.created_ms <= exchange.at_ms:
            continue
        is_same = exchange.request == charge.request
        if is_same or (charge.order is not None and charge.order in exchange.path):
            return charge.id
    return None


def result_of(exchange: Exchange) -> ClientResult:
    """Return what the client learned from an exchange about its operation."""
    if exchange.outcome == "lost":
        return "nothing"
    if exchange.outcome == "declined":
        return "declined"
    return "succeeded" if exchange.outcome == "ok" else "failed"


def last_result_of(charge: Charge, exchanges: PaymentExchanges) -> ClientResult | None:
    """Return the last answer that reached the client about a payment.

    A later response that shows the payment, such as a list, counts like that of its creation.
    """
    creation = exchanges.created_by
    if creation is None:
        return None
    result = result_of(creation)
    for exchange in exchanges.replies.received(charge.id):
        if exchange.number <= creation.number:
            continue
        if exchange.outcome == "ok":
            result = "succeeded" if charge.decline is None else "declined"
        elif exchange.outcome == "declined":
            result = "declined"
    return result


def cause_of(
    entry: LedgerEntry, exchanges: PaymentExchanges, charge_id: str
) -> tuple[Exchange | None, ClientResult | None]:
    """Return the exchange that caused an entry, and what the client knows of the entry."""
    operations = _CAUSES.get(entry.kind)
    cause = exchanges.created_by
    if operations is not None and (found := _last_cause(entry, exchanges, operations)) is not None:
        cause = found
    elif entry.kind in ("expiry", "refund", "surcharge_refund", "refund_cancel", "void"):
        return None, None
    if cause is None:
        return None, None
    newest_ok = exchanges.replies.newest_ok.get(entry.refund or charge_id, 0)
    return cause, "succeeded" if newest_ok > cause.number else result_of(cause)


def _last_cause(
    entry: LedgerEntry, exchanges: PaymentExchanges, operations: frozenset[str]
) -> Exchange | None:
    def is_cause(each: Exchange) -> bool:
        return each.committed and each.endpoint in operations and each.at_ms >= entry.at_ms

    named = exchanges.replies.naming.get(entry.refund or "", ())
    found = next(filter(is_cause, reversed(named)), None)
    if found is not None:
        return found
    rest = filter(is_cause, reversed(exchanges.about))
    return next((each for each in rest if entry.refund is None or not _names_refund(each)), None)


def _names_refund(exchange: Exchange) -> bool:
    return b'"refundType"' in exchange.reply or exchange.endpoint == "cancel_refund"
