"""Flows about the content of requests, cards, declines and credentials."""

from typing import Any

from mock_clover.sandbox.keys import encrypt_pan
from tests import oauth
from tests.audit.cases_keys import Case, Flow
from tests.audit.shop_client import LOST, ShopClient
from tests.in_process import VISA

SAVED = {"sequence": "FIRST", "initiator": "CARDHOLDER", "is_scheduled": False}


def declined(code: str) -> dict[str, Any]:
    return {"x-mock-clover-outcome": f"card_declined/{code}"}


def requests() -> list[Case]:
    def without(name: str) -> Flow:
        return lambda shop: shop.charge(headers={name: None})

    def with_body(**members: Any) -> Flow:
        return lambda shop: shop.charge(members)

    return [
        ("no x-forwarded-for", without("x-forwarded-for"), {"CLV014": [(2,)]}),
        ("no User-Agent", without("user-agent"), {"CLV015": [(2,)]}),
        ("a card number in a description", with_body(description=f"card {VISA}"),
         {"CLV009": [(2,)]}),
        ("a CVV in the metadata", with_body(metadata={"cvv": "123"}), {"CLV009": [(2,)]}),
        ("a card number as the source", with_body(source=VISA), {"CLV009": [(1,)]}),
        ("an order number in the metadata", with_body(metadata={"order": "4242424242424241"}), {}),
        ("an amount as a text with a point", with_body(amount="18.00"), {"CLV010": [(2,)]}),
        ("an amount with a fraction", with_body(amount=18.5), {"CLV010": [(2,)]}),
        ("an amount with the error of a float", with_body(amount=17.99 * 100), {"CLV010": [(2,)]}),
        ("an amount in quotes", with_body(amount="1800"), {}),
        ("a misspelt member", with_body(captur=False), {"CLV011": [(2,)]}),
        ("a name in another style", with_body(externalReferenceId="a"), {"CLV011": [(2,)]}),
        ("members that resemble others a little", with_body(items=[], shipping={}), {}),
        ("a key in the body", lambda shop: shop.charge({"idempotencyKey": "a"}, key=""),
         {"CLV001": [(2,)], "CLV011": [(2,)]}),
        ("a member that resembles none", with_body(warehouse="north"), {}),
        ("a member without effect", with_body(customer={"email": "jo@example.com"}), {}),
    ]  # fmt: skip


def cards() -> list[Case]:
    def again(code: str, **second: Any) -> Flow:
        def flow(shop: ShopClient) -> None:
            source = shop.token()
            shop.charge({"source": source}, headers=declined(code))
            shop.charge({"source": second.get("source", source)})

        return flow

    def same_token(shop: ShopClient) -> None:
        source = shop.token()
        shop.charge({"source": source})
        shop.charge({"source": source})

    def customer_again(shop: ShopClient, *, mended: bool = False) -> None:
        customer = shop.customer()
        shop.charge({"source": customer}, headers=declined("stolen_card"))
        if mended:
            update = {"email": "jo@example.com", "source": shop.token("4111111111111111")}
            shop.send("PUT", f"/v1/customers/{customer}", update)
        shop.charge({"source": customer})

    def new_token(shop: ShopClient) -> None:
        shop.charge(headers=declined("expired_card"))
        shop.charge()

    def replayed(shop: ShopClient) -> None:
        source = shop.token()
        shop.charge({"source": source}, key="a", headers=declined("lost_card"))
        shop.charge({"source": source}, key="a")

    def saved_token(shop: ShopClient, *stored: dict[str, Any] | None) -> None:
        source = shop.token()
        shop.send("POST", "/v1/customers", {"email": "jo@example.com", "source": source})
        for amount, each in enumerate(stored, 1800):
            shop.charge({"source": source, "amount": amount, "stored_credentials": each})

    def limited(shop: ShopClient, wait_ms: int) -> None:
        shop.server.send("PUT", "/_mock/scenario", {"name": "a", "settings": {"rate_limits": True}})
        shop.server.clock.advance(10_000)
        for _ in range(17):
            shop.send("GET", "/v1/charges", headers={"idempotency-key": None})
        shop.server.clock.advance(wait_ms)
        shop.send("GET", "/v1/charges")

    later = SAVED | {"sequence": "SUBSEQUENT"}
    return [
        ("a token twice", same_token, {"CLV006": [(2, 3)]}),
        ("a token after a decline that may pass", again("insufficient_funds"),
         {"CLV006": [(2, 3)]}),
        ("a token after a final decline", again("expired_card"), {"CLV007": [(2, 3)]}),
        ("a customer after a final decline", customer_again, {"CLV007": [(3, 4)]}),
        ("a customer with another card", lambda shop: customer_again(shop, mended=True), {}),
        ("a new token after a decline", new_token, {}),
        ("a decline with the same key", replayed, {}),
        ("a saved card without stored_credentials", lambda shop: saved_token(shop, None),
         {"CLV012": [(3,)]}),
        ("a saved card with FIRST twice", lambda shop: saved_token(shop, SAVED, SAVED),
         {"CLV013": [(3, 4)]}),
        ("a saved card in order", lambda shop: saved_token(shop, SAVED, later, later), {}),
        ("the id of a customer", lambda shop: shop.charge({"source": shop.customer()}), {}),
        ("too early after a 429", lambda shop: limited(shop, 100), {"CLV008": [(17, 18)]}),
        ("after the wait", lambda shop: limited(shop, 1_000), {}),
    ]  # fmt: skip


def access() -> list[Case]:
    def fetches(each_time: int) -> Flow:
        def flow(shop: ShopClient) -> None:
            for number in range(3):
                if number in (0, each_time, 2 * each_time):
                    shop.send("GET", "/pakms/apikey")
                shop.charge({"amount": 1800 + number})

        return flow

    def expired(shop: ShopClient, *, refreshes: bool) -> None:
        pair = oauth.token_pair(shop.server)
        token = oauth.auth_header(pair["access_token"])
        oauth.advance(shop.server, 40 * oauth.DAY_MS)
        shop.send("GET", "/v1/charges", headers=token)
        if refreshes:
            fresh = oauth.refresh(shop.server, pair["refresh_token"]).json
            token = oauth.auth_header(fresh["access_token"])
        shop.send("GET", "/v1/charges", headers=token)

    def refreshed(shop: ShopClient, *, recovers: bool = False, pause_ms: int = 0) -> None:
        pair = oauth.token_pair(shop.server)
        for _ in range(2):
            oauth.refresh(shop.server, pair["refresh_token"])
            oauth.advance(shop.server, pause_ms)
        if recovers:
            oauth.recover(shop.server, pair["refresh_token"])

    def refresh_lost(shop: ShopClient) -> None:
        pair = oauth.token_pair(shop.server)
        body = {"client_id": shop.server.known.client_id, "refresh_token": pair["refresh_token"]}
        shop.send("POST", "/oauth/v2/refresh", body, fault=LOST)
        shop.send("POST", "/oauth/v2/refresh", body)

    return [
        ("the key for each token", fetches(1), {"CLV020": [(1, 4, 7)]}),
        ("the key once", fetches(9), {}),
        ("an expired token used on", lambda shop: expired(shop, refreshes=False),
         {"CLV022": [(3, 4)]}),
        ("an expired token refreshed", lambda shop: expired(shop, refreshes=True), {}),
        ("a refresh token twice", refreshed, {"CLV023": [(3, 4)]}),
        ("a refresh token twice in a month",
         lambda shop: refreshed(shop, pause_ms=30 * oauth.DAY_MS), {"CLV023": [(3, 4)]}),
        ("a refresh token recovered", lambda shop: refreshed(shop, recovers=True), {}),
        ("a refresh whose reply was lost", refresh_lost, {}),
    ]  # fmt: skip


def production_key() -> list[Case]:
    def production(shop: ShopClient) -> None:
        keys = shop.send("GET", "/assets/keys.json").json
        encrypted = encrypt_pan(keys["TA_PUBLIC_KEY_PROD"], VISA)
        body = shop.server.encrypted()
        body["card"]["encrypted_pan"] = encrypted
        shop.send("POST", "/v1/tokens", body)

    return [("the production key", production, {"CLV021": [(2,)]})]
