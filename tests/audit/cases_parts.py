"""Flows about payments of a part of an amount, and about responses that were stored."""

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
