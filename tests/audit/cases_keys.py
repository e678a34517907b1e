"""Flows that break the rules about idempotency keys, and flows that only look like it."""

from collections.abc import Callable

from tests.audit.shop_client import CHARGE, LOST, UNAVAILABLE, UNSENT, ShopClient

Flow = Callable[[ShopClient], object]
Case = tuple[str, Flow, dict[str, list[tuple[int, ...]]]]
LATE = "delay after_commit delay_ms=5000"


def keys() -> list[Case]:
    reference = {"external_reference_id": "order 7"}
    noted = {"metadata": {"order": "7"}}

    def retry(first: str, **second: str | None) -> Flow:
        def flow(shop: ShopClient) -> None:
            shop.charge(key="a", fault=first)
            shop.charge(**second)

        return flow

    def checked(fault: str) -> Flow:
        def flow(shop: ShopClient) -> None:
            shop.charge(fault=fault)
            shop.send("GET", CHARGE)
            shop.charge()

        return flow

    def mended(shop: ShopClient) -> None:
        shop.charge(fault=LOST)
        shop.refund(shop.charge())

    def refund_again(shop: ShopClient, fault: str, key: str | None = None) -> None:
        charge = shop.charge()
        shop.refund(charge, {"amount": 500}, key="r", fault=fault)
        shop.refund(charge, {"amount": 500}, key=key)

    def same_key(shop: ShopClient, fault: str = LOST) -> None:
        source = shop.token()
        shop.charge({"source": source}, key="a", fault=fault)
        shop.charge({"source": source}, key="a")

    def paid_again(shop: ShopClient) -> None:
        order = shop.order(1000, 800)
        shop.pay(order, {"source": shop.token(), "amount": 500}, fault=LOST)
        shop.pay(order, {"source": shop.token(), "amount": 500})

    def after_rejection(shop: ShopClient) -> None:
        shop.charge({"amount": -1}, key="a")
        shop.charge(key="a")

    return [
        ("a charge", lambda shop: shop.charge(), {}),
        ("no key", lambda shop: shop.charge(key=""), {"CLV001": [(2,)]}),
        ("no key of a refund", lambda shop: shop.refund(shop.charge(), key=""), {"CLV001": [(3,)]}),
        ("no key, rejected", lambda shop: shop.charge({"amount": -1}, key=""), {}),
        ("lost, then another key", retry(LOST), {"CLV002": [(2, 4)]}),
        ("lost, then no key", retry(LOST, key=""), {"CLV001": [(4,)], "CLV002": [(2, 4)]}),
        ("not carried out, then another key", retry(UNSENT), {"CLV002": [(2, 4)]}),
        ("503, then another key", retry(UNAVAILABLE), {"CLV002": [(2, 4)]}),
        ("late, then another key", retry(LATE), {"CLV002": [(2, 4)]}),
        ("an order paid again", paid_again, {"CLV002": [(3, 5)]}),
        ("the same key", same_key, {}),
        ("the same key, not carried out before", lambda shop: same_key(shop, UNSENT), {}),
        ("looked, and there was no charge", checked(UNSENT), {}),
        ("looked, and charged again", checked(LOST), {"CLV002": [(2, 5)]}),
        ("the duplicate is refunded", mended, {}),
        ("a key of another payment", lambda shop: [shop.charge(noted, key="a") for _ in "ab"],
         {"CLV003": [(2, 4)]}),
        ("the key of a rejected request", after_rejection, {}),
        ("a reference twice", lambda shop: [shop.charge(reference), shop.charge(reference)],
         {"CLV004": [(2, 4)]}),
        ("the same amount twice", lambda shop: [shop.charge(), shop.charge()], {}),
        ("a refund again", lambda shop: refund_again(shop, LOST), {"CLV005": [(3, 4)]}),
        ("a refund again, same key", lambda shop: refund_again(shop, LOST, "r"), {}),
        ("two equal refunds", lambda shop: refund_again(shop, ""), {}),
    ]  # fmt: skip
