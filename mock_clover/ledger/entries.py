"""The movements of one charge, derived from its rows."""

from collections.abc import Iterator, Sequence

from mock_clover.clover.charges.records import Charge, lifetime_ms
from mock_clover.clover.refunds.records import Refund
from mock_clover.ledger.records import EntryKind, LedgerEntry, LedgerTotals


def entries_of(charge: Charge, refunds: Sequence[Refund]) -> list[LedgerEntry]:
    """Return the movements of a charge with its refunds, oldest first.

    A void of an authorization is a refund in Clover's API, but moves no captured money.
    """
    if charge.state == "pending":
        return []
    amount = charge.request.amount
    if charge.decline is not None:
        return [LedgerEntry(at_ms=charge.paid_ms, kind="decline", amount=amount)]
    entries = [*_entries_until_capture(charge, refunds)]
    if charge.state == "captured":
        entries += _refund_entries(refunds)
    return sorted(entries, key=lambda each: each.at_ms)


def authorized_amount(charge: Charge) -> int:
    """Return what was authorized. A gift card is locked with the tip, a card without it."""
    if charge.state == "pending" or charge.decline is not None:
        return 0
    tip = charge.request.tip_amount or 0
    return charge.request.amount + (tip if charge.gift is not None else 0)


def held_amount(charge: Charge) -> int:
    """Return what is authorized now and neither captured nor released."""
    if charge.gift is not None:
        return authorized_amount(charge) if charge.state == "authorized" else 0
    return charge.amount_capturable


def _entries_until_capture(charge: Charge, refunds: Sequence[Refund]) -> Iterator[LedgerEntry]:
    authorized, tip = authorized_amount(charge), charge.request.tip_amount or 0
    yield LedgerEntry(
        at_ms=charge.paid_ms,
        kind="authorization",
        amount=authorized,
        debit="held",
        credit="customer",
    )
    changed_ms = charge.captured_ms or charge.paid_ms
    from_held = 0
    if charge.state == "captured":
        captured = charge.amount_captured + (tip if charge.gift is not None else 0)
        from_held = min(captured, authorized)
        yield LedgerEntry(
            at_ms=changed_ms, kind="capture", amount=from_held, debit="merchant", credit="held"
        )
        added: list[tuple[EntryKind, int]] = [
            ("over_capture", captured - from_held),
            ("tip", tip if charge.gift is None else 0),
            ("surcharge", charge.surcharge.amount if charge.surcharge is not None else 0),
        ]
        for kind, amount in added:
            if amount:
                yield LedgerEntry(
                    at_ms=changed_ms, kind=kind, amount=amount, debit="merchant", credit="customer"
                )
    released = authorized - from_held - held_amount(charge)
    if released:
        yield _release(charge, refunds, released, changed_ms)


def _release(
    charge: Charge, refunds: Sequence[Refund], amount: int, changed_ms: int
) -> LedgerEntry:
    kind: EntryKind = "release"
    at_ms, refund = changed_ms, None
    if charge.state == "expired":
        kind, at_ms = "expiry", charge.paid_ms + lifetime_ms(charge)
    elif charge.state == "voided":
        kind = "void"
        refund = refunds[-1] if refunds else None
        at_ms = refund.created_ms if refund is not None else changed_ms
    return LedgerEntry(
        at_ms=at_ms,
        kind=kind,
        amount=amount,
        debit="customer",
        credit="held",
        refund=refund.id if refund is not None else None,
    )


def _refund_entries(refunds: Sequence[Refund]) -> Iterator[LedgerEntry]:
    for refund in refunds:
        surcharge = refund.surcharge.amount if refund.surcharge is not None else 0
        back: list[tuple[EntryKind, int]] = [
            ("refund", refund.amount),
            ("surcharge_refund", surcharge),
        ]
        for kind, amount in back:
            if amount:
                yield LedgerEntry(
                    at_ms=refund.created_ms,
                    kind=kind,
                    amount=amount,
                    debit="customer",
                    credit="merchant",
                    refund=refund.id,
                )
        if refund.canceled_ms is not None:
            yield LedgerEntry(
                at_ms=refund.canceled_ms,
                kind="refund_cancel",
                amount=refund.amount,
                debit="merchant",
                credit="customer",
                refund=refund.id,
            )


def sums_of(currency: str, entries: Sequence[LedgerEntry]) -> LedgerTotals:
    """Return the sums of the entries of one payment."""

    def total(*kinds: EntryKind) -> int:
        return sum(each.amount for each in entries if each.kind in kinds)

    captured = total("capture", "over_capture", "tip")
    refunded = total("refund") - total("refund_cancel")
    surcharges = total("surcharge") - total("surcharge_refund")
    authorized, released = total("authorization"), total("release", "void", "expiry")
    return LedgerTotals(
        currency=currency,
        payments=1,
        declines=sum(each.kind == "decline" for each in entries),
        authorized=authorized,
        captured=captured,
        surcharges=surcharges,
        released=released,
        refunded=refunded,
        held=authorized - total("capture") - released,
        outstanding=captured + surcharges - refunded,
    )
