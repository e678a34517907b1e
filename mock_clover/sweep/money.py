"""What a run did with the customers' money, and how it differs from the run without faults.

All amounts are in minor units, except in texts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from mock_clover.core.counted import counted
from mock_clover.core.money import amount_text
from mock_clover.core.record import Record, Value

_REFUND_KINDS = frozenset({"refund", "surcharge_refund"})
MoneyKey = tuple[str, str, int]
"""Payer, currency and amount."""


class Position(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The money of one payment that moves or holds some."""

    charge: str
    payer: str
    """The digits of the card, or that it is one of a customer."""
    currency: str
    captured: int = 0
    """With tips and surcharges."""
    refunds: tuple[int, ...] = ()
    held: int = 0
    """What is authorized, and neither captured nor released."""
    told: bool = True
    """Whether the client was told of each movement."""
    order: str | None = None

    @property
    def kept(self) -> int:
        """What the customer has paid: captured and not refunded."""
        return self.captured - sum(self.refunds)

    def text(self) -> str:
        """Return the position in one line."""
        amounts = [("captured", self.captured), *(("refunded", each) for each in self.refunds)]
        parts = [
            f"{amount_text(amount, self.currency)} {verb}"
            for verb, amount in (*amounts, ("authorized", self.held))
            if amount
        ]
        return f"{self.charge}: {', '.join(parts)}, {self.payer}"


class Money(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The positions of a run, oldest first."""

    positions: tuple[Position, ...] = ()

    @property
    def paid_orders(self) -> dict[str, Counter[MoneyKey]]:
        """What was paid of each order, by its id."""
        orders: dict[str, Counter[MoneyKey]] = {}
        for each in self.positions:
            if each.order is not None and each.kept:
                orders.setdefault(each.order, Counter())[_captured_key(each)] += 1
        return orders

    @property
    def kept(self) -> Counter[MoneyKey]:
        """How often each amount was paid."""
        return Counter(
            (each.payer, each.currency, each.kept) for each in self.positions if each.kept
        )

    @property
    def held(self) -> Counter[MoneyKey]:
        """How often each amount is held."""
        return Counter(
            (each.payer, each.currency, each.held) for each in self.positions if each.held
        )


def read_money(ledger: dict[str, Any]) -> Money:
    """Return the money of a run from its ledger (`GET /_mock/ledger`)."""
    positions = map(_position, ledger["payments"])
    return Money(positions=tuple(each for each in positions if each.captured or each.held))


def _position(payment: dict[str, Any]) -> Position:
    sums = payment["sums"]
    refunds = _refunds(payment["entries"])
    told = (each["told"] for each in payment["entries"] if each.get("told") is not None)
    return Position(
        charge=payment["id"],
        payer=_payer(payment["customer"]),
        currency=sums["currency"],
        captured=sums["outstanding"] + sum(refunds),
        refunds=refunds,
        held=sums["held"],
        told=all(each == "succeeded" for each in told),
        order=payment.get("order"),
    )


def _refunds(entries: Iterable[dict[str, Any]]) -> tuple[int, ...]:
    """Return the amount of each refund, with its surcharge, without canceled ones."""
    amounts: Counter[str] = Counter()
    for entry in entries:
        if entry["kind"] in _REFUND_KINDS:
            amounts[entry["refund"]] += entry["amount"]
        elif entry["kind"] == "refund_cancel":
            amounts[entry["refund"]] -= entry["amount"]
    return tuple(amount for amount in amounts.values() if amount)


def _payer(key: str) -> str:
    """Return a name that is the same in each run: ids of customers are not."""
    return key.partition(" (")[0] if "..." in key else "card of a customer"


class MoneyCheck(Value, frozen=True, kw_only=True):
    """How the money of a run differs from that of the run without faults."""

    differs: tuple[str, ...] = ()
    """Why it is not the same."""
    unsafe: tuple[str, ...] = ()
    """Why it is wrong for a client that reported a failure."""
    in_part: tuple[str, ...] = ()
    """The orders that are paid in part, and as a whole without the fault."""

    @property
    def same(self) -> bool:
        """Whether each customer has paid what it paid without faults."""
        return not self.differs

    @property
    def safe(self) -> bool:
        """Whether a client that reported a failure left no money that it does not know of."""
        return not self.unsafe


def compare_money(money: Money, reference: Money) -> MoneyCheck:
    """Compare the money of a run with that of the run without faults."""
    return MoneyCheck(
        differs=tuple(_differences(money, reference)),
        unsafe=tuple(_unsafe(money, reference)),
        in_part=tuple(_orders_in_part(money, reference)),
    )


def _orders_in_part(money: Money, reference: Money) -> Iterator[str]:
    """Yield the orders of which some of the payments of the run without faults are missing."""
    whole = list(reference.paid_orders.values())
    for order, paid in money.paid_orders.items():
        if paid not in whole and any(paid < each for each in whole):
            payments = counted(paid.total(), "payment")
            most = max(each.total() for each in whole if paid < each)
            yield f"the order {order} has {payments}, without the fault {most}"


def _differences(money: Money, reference: Money) -> list[str]:
    refunded, expected_refunds = _refunded(money), _refunded(reference)
    are_charges_same = refunded.keys() == expected_refunds.keys() and all(
        len(amounts) == len(expected_refunds[key]) for key, amounts in refunded.items()
    )
    pairs = [("authorized and left open", money.held, reference.held)]
    texts = []
    if are_charges_same:
        texts = [
            f"of {amount_text(charged, currency)} ({payer}), {amount_text(found, currency)} "
            f"refunded, without the fault {amount_text(expected, currency)}"
            for key, amounts in sorted(refunded.items())
            for payer, currency, charged in [key]
            for found, expected in zip(amounts, expected_refunds[key], strict=True)
            if found != expected
        ]
    else:
        pairs = [("charged", money.kept, reference.kept), *pairs]
    return texts + [
        f"{amount_text(amount, currency)} {verb} {_times(found[key])} ({payer}), "
        f"without the fault {_times(expected[key])}"
        for verb, found, expected in pairs
        for key in sorted(found.keys() | expected.keys())
        if found[key] != expected[key]
        for payer, currency, amount in [key]
    ]


def _refunded(money: Money) -> dict[MoneyKey, list[int]]:
    """Return what was refunded of each payment, by what was captured."""
    found: dict[MoneyKey, list[int]] = {}
    for each in money.positions:
        if each.captured:
            found.setdefault(_captured_key(each), []).append(sum(each.refunds))
    return {key: sorted(amounts) for key, amounts in found.items()}


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _unsafe(money: Money, reference: Money) -> list[str]:
    """Return what is wrong for a client that reported a failure."""
    found = [
        f"{amount_text(amount, currency)} ({payer}) is authorized, "
        "and neither captured nor released"
        for payer, currency, amount in (money.held - reference.held).elements()
    ]
    captured = Counter(map(_captured_key, (each for each in money.positions if each.kept)))
    allowed = Counter(map(_captured_key, reference.positions))
    found += [
        f"{amount_text(amount, currency)} ({payer}) is charged "
        f"{_times(captured[payer, currency, amount])}, "
        f"without the fault {_times(allowed[payer, currency, amount])}"
        for payer, currency, amount in captured - allowed
    ]
    refunded: dict[MoneyKey, int] = {}
    for each in reference.positions:
        key = _captured_key(each)
        refunded[key] = max(refunded.get(key, 0), sum(each.refunds))
    for each in money.positions:
        expected = refunded.get(_captured_key(each), 0)
        is_undone = not each.kept and len(each.refunds) == 1
        if sum(each.refunds) > expected and not is_undone:
            found.append(f"{each.text()}: more is refunded than without the fault")
        elif not each.told and (each.kept or each.held or expected):
            found.append(f"{each.text()}: no reply told the client")
    return found


def _captured_key(position: Position) -> MoneyKey:
    return position.payer, position.currency, position.captured
