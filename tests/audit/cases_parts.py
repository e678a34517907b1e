"""Flows about payments of a part of an amount, and about responses that were stored."""

from typing import Any

from tests.audit.cases_keys import LATE, Case, Flow
from tests.audit.cases_money import printed
from tests.audit.shop_client import LOST, UNAVAILABLE, ShopClient
from tests.in_process import DECLINED_CARD, VISA

HALF = {"x-mock-clover-outcome": "approve/900"}


def approved_in_part(*more: int, reference: str | None = None, undo: bool = False) -> Flow:
    named = {"external_reference_id": reference} if reference else {}

    def flow(shop: ShopClient) -> None:
        charge = shop.charge(named, headers=HALF)
        for amount in more:
            shop.charge(named | {"amount": amount})
        if undo:
            shop.refund(charge)

    return flow


def order_approved_in_part(*amounts: int) -> Flow:
    def flow(shop: ShopClient) -> None:
        order = shop.order()
        for amount in amounts:
            shop.pay(order, {"source": shop.token(), "amount": amount}, headers=HALF)

    return flow


def split(*cards: tuple[int, str, str], undo: bool = False, prints: bool = False) -> Flow:
    """Pay parts of an order. `cards`: amount, card and fault of each."""

    def flow(shop: ShopClient) -> None:
        order, charge = shop.order(), ""
        for amount, pan, fault in cards:
            body = {"source": shop.token(pan), "amount": amount}
            reply = shop.pay(order, body, fault=fault)
            charge = charge or reply.json["charge"]
        if undo:
            shop.refund(charge)
        if prints:
            printed(shop, order)

    return flow


def parts() -> list[Case]:
    first, second = (1000, VISA, ""), (800, VISA, "")
    declined, failed = (800, DECLINED_CARD, ""), (800, VISA, UNAVAILABLE)
    return [
        ("half is approved", approved_in_part(), {"CLV030": [(2,)]}),
        ("half is approved, and a smaller charge follows", approved_in_part(100),
         {"CLV030": [(2,)]}),
        ("half is approved, and the rest is paid", approved_in_part(900), {}),
        ("half is approved, and the reference is paid", approved_in_part(500, 400, reference="a"),
         {}),
        ("half is approved and refunded", approved_in_part(undo=True), {}),
        ("half of an order is approved", order_approved_in_part(1800), {"CLV030": [(3,)]}),
        ("an order is approved in halves", order_approved_in_part(1800, 900), {}),
        ("a part of an order is paid", split(first), {}),
        ("an order is paid in parts", split(first, second, prints=True), {}),
        ("the rest is declined", split(first, declined), {"CLV031": [(3, 5)]}),
        ("the rest is not carried out", split(first, failed), {"CLV031": [(3, 5)]}),
        ("the rest is declined and the first part refunded", split(first, declined, undo=True), {}),
        ("the rest is declined, then paid", split(first, declined, second), {}),
        ("the rest is lost", split(first, (800, VISA, LOST)), {}),
        ("an order is paid in part and printed", split(first, prints=True), {"CLV031": [(3, 4)]}),
    ]  # fmt: skip


def charged_again(*faults: str, delay_ms: int = 0) -> Flow:
    """Send a charge with one key, with each of the faults."""

    def flow(shop: ShopClient) -> None:
        source = shop.token()
        for fault in faults:
            shop.charge({"source": source}, key="a", fault=fault)
            shop.server.clock.advance(delay_ms)

    return flow


def refunded_again(shop: ShopClient) -> None:
    charge = shop.charge()
    for _ in range(2):
        shop.refund(charge, {"amount": 500}, key="r")


def stored() -> list[Case]:
    return [
        ("a stored response", charged_again("", ""), {"CLV029": [(2, 3)]}),
        ("a stored response, a day later", charged_again("", "", delay_ms=86_400_000),
         {"CLV029": [(2, 3)]}),
        ("a stored response after a retry", charged_again(LOST, "", ""), {"CLV029": [(3, 4)]}),
        ("a stored response of a refund", refunded_again, {"CLV029": [(3, 4)]}),
        ("a retry after a late response", charged_again(LATE, ""), {}),
    ]  # fmt: skip


def priced(amount: int, *texts: Any, undo: bool = False, **more: Any) -> Flow:
    """Charge an amount, with a description or metadata."""
    metadata = {f"text {number}": text for number, text in enumerate(texts)}

    def flow(shop: ShopClient) -> None:
        charge = shop.charge({"amount": amount, "metadata": metadata} | more)
        if undo:
            shop.refund(charge)

    return flow


def order_named(amount: int) -> Flow:
    def flow(shop: ShopClient) -> None:
        shop.charge({"amount": amount, "description": f"Order {shop.order(1799)}"})

    return flow


def amounts() -> list[Case]:
    found: dict[str, list[tuple[int, ...]]] = {"CLV032": [(2,)]}
    in_order: dict[str, list[tuple[int, ...]]] = {"CLV032": [(3,)]}
    lamp = "Lamp, 17.99 USD"
    return [
        ("a price in dollars", priced(18, description="Lamp, $18.00"), found),
        ("a price in dollars, cut off", priced(17, description=lamp), found),
        ("a price in dollars, refunded", priced(18, description="Lamp, $18.00", undo=True), {}),
        ("a hundred times the price", priced(179900, lamp), found),
        ("a cent too little", priced(1798, {"total": [17.99]}), found),
        ("a cent too much", priced(1800, "17,99"), found),
        ("more than a thousand dollars", priced(1234, "Sofa, 1,234.00"), found),
        ("the price", priced(1799, "17.99"), {}),
        ("the price without the tip", priced(1599, "17.99", tip_amount=200), {}),
        ("the tip twice", priced(1999, "17.99", tip_amount=200), found),
        ("the price with the tip", priced(1999, "17.99, 19.99", tip_amount=200), {}),
        ("the price among others", priced(1799, "17.98", "17.99"), {}),
        ("a deposit", priced(500, "17.99"), {}),
        ("a hundred pieces", priced(15000, "100 stickers at 1.50"), {}),
        ("a cent more than a hundred pieces", priced(15001, "100 stickers at 1.50"), {}),
        ("a percent", priced(1800, "1% of 1,800.00"), {}),
        ("a price below a dollar", priced(1, "0.99"), {}),
        ("no price", priced(18, "18", 18, "1.18.00", "18.00%", "2026.18.00"), {}),
        ("the price of an order in dollars", order_named(18), in_order),
        ("the price of an order", order_named(1799), {}),
        ("an order paid in dollars", split((18, VISA, ""), prints=True), in_order),
        ("an order paid a cent too little", split((1799, VISA, "")), in_order),
        ("an order paid in two parts", split((1, VISA, ""), (1799, VISA, "")), {}),
    ]  # fmt: skip
