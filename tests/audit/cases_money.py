"""Flows about authorizations, refunds, orders, webhooks and fulfilment."""

from typing import Any

from tests import checkouts
from tests.audit.cases_keys import Case, Flow
from tests.audit.shop_client import LOST, ShopClient
from tests.hostile import BROWSER
from tests.in_process import DECLINED_CARD
from tests.receiver import taken

HELD = {"capture": False}


def money() -> list[Case]:
    def expired(shop: ShopClient) -> None:
        charge = shop.charge(HELD)
        shop.server.clock.advance(8 * 86_400_000)
        shop.capture(charge)

    def captured(*bodies: dict[str, Any]) -> Flow:
        def flow(shop: ShopClient) -> None:
            charge = shop.charge(HELD)
            for body in bodies:
                shop.capture(charge, body)

        return flow

    def refunded(*bodies: dict[str, Any], fault: str = "") -> Flow:
        def flow(shop: ShopClient) -> None:
            charge, left = shop.charge(), fault
            for body in bodies:
                shop.refund(charge, body, fault=left, key="r" if fault else None)
                left = ""

        return flow

    def paid(*bodies: dict[str, Any], fault: str = "") -> Flow:
        def flow(shop: ShopClient) -> None:
            order, left = shop.order(1000, 800), fault
            for body in bodies:
                shop.pay(order, {"source": shop.token()} | body, fault=left)
                left = ""

        return flow

    half = {"amount": 900}
    return [
        ("an authorization is left open", lambda shop: shop.charge(HELD), {"CLV016": [(2,)]}),
        ("an authorization is captured", captured({}), {}),
        ("an authorization is voided", lambda shop: shop.refund(shop.charge(HELD)), {}),
        ("captured too late", expired, {"CLV016": [(2,)], "CLV017": [(3,)]}),
        ("captured too much", captured({"amount": 2000}, {}), {"CLV017": [(3,)]}),
        ("captured twice", captured({"amount": 1000}, {"amount": 800}), {"CLV017": [(4,)]}),
        ("refunded too much", refunded({"amount": 2000}), {"CLV018": [(3,)]}),
        ("refunded twice", refunded({}, {}), {"CLV018": [(4,)]}),
        ("refunded in parts", refunded(half, half), {}),
        ("refunded again after a lost reply", refunded({}, {}, fault=LOST), {}),
        ("an order paid twice", paid({}, {}), {"CLV019": [(3, 5)]}),
        ("an order paid in parts", paid(half, half), {}),
    ]  # fmt: skip


def webhooks() -> list[Case]:
    def target(shop: ShopClient, **changes: Any) -> None:
        spec = {"url": "http://127.0.0.1:9/hook", "events": ["P"], "handshake": False} | changes
        got = shop.server.send("PUT", "/_mock/webhooks", spec)
        assert got.status == 200, got

    def answered(*statuses: int, **changes: Any) -> Flow:
        def flow(shop: ShopClient) -> None:
            target(shop, **changes)
            shop.charge({"metadata": {"order": "7"}})
            taken(shop.server.sandbox, *statuses)

        return flow

    def sent(signature: str, status: int) -> Flow:
        def flow(shop: ShopClient) -> None:
            target(shop)
            event = {"object": "P", "type": "CREATE", "id": "X" * 13, "signature": signature}
            got = shop.server.send("POST", "/_mock/webhooks/send", event)
            assert got.status == 200, got
            taken(shop.server.sandbox, status)

        return flow

    def duplicate(effects: int) -> Flow:
        def flow(shop: ShopClient) -> None:
            target(shop, plan=[{"do": "duplicate"}])
            charge = shop.charge(HELD)
            taken(shop.server.sandbox)
            target(shop, events=["O"])
            for _ in range(effects):
                shop.capture(charge, {"split_shipment": "1/2", "amount": 900})

        return flow

    def printed_twice(shop: ShopClient) -> None:
        target(shop, plan=[{"do": "duplicate"}])
        charge = shop.charge()
        order = shop.send("GET", f"/v1/charges/{charge}").json["order"]
        taken(shop.server.sandbox)
        for _ in range(2):
            printed(shop, order)

    return [
        ("the order of a payment is printed twice", printed_twice, {"CLV026": [(4, 5)]}),
        ("a webhook is acknowledged", answered(200), {}),
        ("a webhook fails for good", answered(500, retry_after_ms=[]), {"CLV024": [(2,)]}),
        ("a webhook fails at first", answered(500), {}),
        ("a wrong signature is accepted", sent("wrong", 200), {"CLV025": [()]}),
        ("no signature is accepted", sent("none", 204), {"CLV025": [()]}),
        ("a wrong signature is rejected", sent("wrong", 401), {}),
        ("a duplicate is processed twice", duplicate(2), {"CLV026": [(3, 4)]}),
        ("a duplicate is processed once", duplicate(1), {"CLV016": [(2,)]}),
    ]


def order_of(shop: ShopClient) -> str:
    return str(shop.platform("POST", "orders", {"total": 1800, "state": "open"}).json["id"])


def printed(shop: ShopClient, order: str) -> None:
    shop.platform("POST", "print_event", {"orderRef": {"id": order}})


def cash(shop: ShopClient) -> None:
    order = order_of(shop)
    shop.charge({"source": shop.token(DECLINED_CARD)})
    tenders = shop.platform("GET", "tenders").json["elements"]
    payment = {"amount": 1800, "tender": {"id": tenders[0]["id"]}}
    shop.platform("POST", f"orders/{order}/payments", payment)
    printed(shop, order)


def redirected(*, pays: bool, reads: bool = False) -> Flow:
    def flow(shop: ShopClient) -> None:
        order = order_of(shop)
        named = {"x-clover-merchant-id": shop.server.known.merchant_id}
        created = shop.send("POST", checkouts.PATH, checkouts.asked(), headers=named)
        if pays:
            checkouts.pay(shop.server, created.json["checkoutSessionId"])
        if reads:
            shop.send("GET", "/v1/charges")
        printed(shop, order)

    return flow


def fulfilment() -> list[Case]:
    def pay_and_print(*pans: str, closes: bool = False, fault: str = "") -> Flow:
        def flow(shop: ShopClient) -> None:
            order = shop.order()
            for pan in pans:
                shop.pay(order, {"source": shop.token(pan)}, fault=fault)
            if closes:
                shop.platform("POST", f"orders/{order}", {"state": "locked"})
            else:
                printed(shop, order)

        return flow

    def charge_and_print(pan: str) -> Flow:
        def flow(shop: ShopClient) -> None:
            order = order_of(shop)
            shop.charge({"source": shop.token(pan)})
            printed(shop, order)

        return flow

    def give_up(shop: ShopClient) -> None:
        body = {"amount": 25001, "source": shop.token("4012000033330026")}
        shop.charge(body | {"threeds": {"source": "CLOVER", "browser_info": BROWSER}})

    def authenticate_and_print(*, finishes: bool) -> Flow:
        def flow(shop: ShopClient) -> None:
            order, body = order_of(shop), {"amount": 6677, "source": shop.token("6011000990139424")}
            charge = shop.charge(body | {"threeds": {"source": "CLOVER", "browser_info": BROWSER}})
            if finishes:
                done = {"source": "CLOVER", "flow_status": "METHOD_COMPLETE"}
                body = {"charge_id": charge, "threeds": done}
                assert shop.send("POST", "/v1/charges/finalize_payment", body).status == 200
            printed(shop, order)

        return flow

    approved = "4242424242424242"
    return [
        ("printed after a decline", pay_and_print(DECLINED_CARD), {"CLV027": [(3, 4)]}),
        ("closed after a decline", pay_and_print(DECLINED_CARD, closes=True),
         {"CLV027": [(3, 4)]}),
        ("printed after a 503", pay_and_print(approved, fault="problem before_commit status=503"),
         {"CLV027": [(3, 4)]}),
        ("printed after a second card", pay_and_print(DECLINED_CARD, approved), {}),
        ("printed after a lost reply", pay_and_print(approved, fault=LOST), {}),
        ("printed after a declined charge", charge_and_print(DECLINED_CARD),
         {"CLV027": [(3, 4)]}),
        ("printed after a charge", charge_and_print(approved), {}),
        ("printed before 3-D Secure", authenticate_and_print(finishes=False),
         {"CLV027": [(3, 4)], "CLV033": [(3,)]}),
        ("a challenge that the customer gives up", give_up, {}),
        ("printed after 3-D Secure", authenticate_and_print(finishes=True), {}),
        ("printed after cash", cash, {}),
        ("printed after an unpaid checkout", redirected(pays=False), {"CLV028": [(2, 3)]}),
        ("printed after a checkout that nobody read", redirected(pays=True),
         {"CLV028": [(2, 4)]}),
        ("printed after a checkout that was read", redirected(pays=True, reads=True), {}),
    ]  # fmt: skip
