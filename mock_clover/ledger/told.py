"""What the exchanges of the journal told the client about each payment."""

import re
from collections.abc import Iterable, Mapping

from mock_clover.clover.charges.records import Charge
from mock_clover.core.object_id import OBJECT_ID
from mock_clover.core.record import Value
from mock_clover.core.steps import Steps
from mock_clover.ledger.records import LedgerEntry, Told
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


def exchanges_by_payment(
    exchanges: Iterable[Exchange], charges: Mapping[str, Charge], refunds: Mapping[str, str]
) -> Steps[dict[str, PaymentExchanges]]:
    """Return the exchanges about each charge. `refunds`: charge ids by refund id."""
    payments = {key: (key,) for key in charges} | {key: (to,) for key, to in refunds.items()}
    orders: dict[str, tuple[str, ...]] = {}
    for charge in charges.values():
        if charge.order is not None:
            orders[charge.order] = (*orders.get(charge.order, ()), charge.id)
    about: dict[str, list[Exchange]] = {}
    created: dict[str, Exchange] = {}
    unnamed: list[Exchange] = []
    for exchange in exchanges:
        answered = {to for key in _ids(exchange.reply) for to in payments.get(key, ())}
        asked = {to for key in _asked_ids(exchange) for to in payments.get(key, ())}
        if exchange.endpoint in _ABOUT_ORDERS:
            asked |= {to for key in _asked_ids(exchange) for to in orders.get(key, ())}
        for charge_id in answered | asked:
            about.setdefault(charge_id, []).append(exchange)
        if exchange.committed and exchange.endpoint in CREATES_PAYMENTS:
            new = [each for each in charges if each in answered and each not in created]
            created |= dict.fromkeys(new, exchange)
            if not new:
                unnamed.append(exchange)
        yield
    for exchange in unnamed:
        found = _find_created(exchange, charges, created)
        if found is not None:
            created[found] = exchange
            about[found] = sorted({*about.get(found, ()), exchange}, key=lambda each: each.number)
    return {
        charge_id: PaymentExchanges(
            created_by=created.get(charge_id), about=tuple(about.get(charge_id, ()))
        )
        for charge_id in charges
    }


def _ids(text: bytes) -> set[str]:
    return {found.decode() for found in _ID.findall(text)}


def _asked_ids(exchange: Exchange) -> set[str]:
    """Return the ids in the path, and the payment of a refund."""
    request = exchange.request
    refunded = getattr(request, "charge", None) or getattr(getattr(request, "payment", 0), "id", "")
    return _ids(f"{exchange.path} {refunded}".encode())


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


def answer_of(exchange: Exchange) -> Told:
    """Return what the client learned from an exchange about its operation."""
    if exchange.outcome == "lost":
        return "nothing"
    if exchange.outcome == "declined":
        return "declined"
    return "succeeded" if exchange.outcome == "ok" else "failed"


def told_of(charge: Charge, exchanges: PaymentExchanges) -> Told | None:
    """Return the last answer that reached the client about a payment.

    A later response that shows the payment, such as a list, counts like that of its creation.
    """
    creation = exchanges.created_by
    if creation is None:
        return None
    told = answer_of(creation)
    for exchange in exchanges.about:
        if exchange.number <= creation.number or not names_in_reply(exchange, charge.id):
            continue
        if exchange.outcome == "ok":
            told = "succeeded" if charge.decline is None else "declined"
        elif exchange.outcome == "declined":
            told = "declined"
    return told


def names_in_reply(exchange: Exchange, row_id: str) -> bool:
    """Return whether a complete response that reached the client names a row."""
    return exchange.outcome != "lost" and row_id.encode() in exchange.reply


def cause_of(
    entry: LedgerEntry, exchanges: PaymentExchanges, refund_charge: str
) -> tuple[Exchange | None, Told | None]:
    """Return the exchange that caused an entry, and what the client knows of the entry."""
    operations = _CAUSES.get(entry.kind)
    cause = exchanges.created_by
    if operations is not None and (found := _last_cause(entry, exchanges, operations)) is not None:
        cause = found
    elif entry.kind in ("expiry", "refund", "surcharge_refund", "refund_cancel", "void"):
        return None, None
    if cause is None:
        return None, None
    told = answer_of(cause)
    key = entry.refund or refund_charge
    for exchange in exchanges.about:
        is_later = exchange.number > cause.number and exchange.outcome == "ok"
        if is_later and names_in_reply(exchange, key):
            told = "succeeded"
    return cause, told


def _last_cause(
    entry: LedgerEntry, exchanges: PaymentExchanges, operations: frozenset[str]
) -> Exchange | None:
    fitting = [
        exchange
        for exchange in exchanges.about
        if exchange.committed and exchange.endpoint in operations and exchange.at_ms >= entry.at_ms
    ]
    named = [each for each in fitting if entry.refund and entry.refund.encode() in each.reply]
    found = named or [each for each in fitting if entry.refund is None or not _names_refund(each)]
    return found[-1] if found else None


def _names_refund(exchange: Exchange) -> bool:
    return b'"refundType"' in exchange.reply or exchange.endpoint == "cancel_refund"
