"""/v1 and /v3 agree after random operations: order, charge, payment and refund."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from tests.in_process import DECLINED_CARD, InProcessServer

AMOUNTS = st.integers(1, 2_000)
TIPS = st.none() | st.integers(0, 200)
TAXES = st.sampled_from((None, 825_000, 1_000_000))


class Surfaces(RuleBasedStateMachine):
    """A shop that charges, captures, pays in parts, returns and refunds through /v1 and /v3."""

    charges: Bundle[str] = Bundle("charges")
    orders: Bundle[str] = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.server = InProcessServer()
        self.root = f"/v3/merchants/{self.server.known.merchant_id}"
        self.customer = self.server.customer()["id"]

    def send(self, method: str, path: str, body: Any = None) -> Any:
        got = self.server.send(method, path, body)
        assert got.status in (200, 400, 402, 404, 409), got
        return got

    def all(self, path: str) -> dict[str, dict[str, Any]]:
        """Return the elements of a platform list by id."""
        joint = "&" if "?" in path else "?"
        rows = self.server.send("GET", f"{self.root}{path}{joint}limit=1000").json["elements"]
        return {row["id"]: row for row in rows}

    @initialize(target=orders)
    def first(self) -> str:
        return str(self.server.order(100, 50)["id"])

    @rule(target=charges, amount=AMOUNTS, capture=st.booleans(), tip=TIPS)
    def charge(self, amount: int, capture: bool, tip: int | None) -> str:
        return str(
            self.server.charge(
                source=self.customer, amount=amount, capture=capture, tip_amount=tip
            )["id"]
        )

    @rule()
    def decline(self) -> None:
        body = {"amount": 5, "currency": "usd", "source": self.server.token(DECLINED_CARD)}
        assert self.send("POST", "/v1/charges", body).status == 402

    @rule(charge=charges, amount=st.none() | AMOUNTS)
    def capture(self, charge: str, amount: int | None) -> None:
        self.send("POST", f"/v1/charges/{charge}/capture", {"amount": amount})

    @rule(charge=charges, amount=st.none() | AMOUNTS)
    def refund(self, charge: str, amount: int | None) -> None:
        self.send("POST", "/v1/refunds", {"charge": charge, "amount": amount})

    @rule(target=orders, prices=st.lists(AMOUNTS, min_size=1, max_size=3), rate=TAXES)
    def order(self, prices: list[int], rate: int | None) -> str:
        taxes = [] if rate is None else [{"rate": rate}]
        items = [{"amount": price, "tax_rates": taxes, "parent": "CUP"} for price in prices]
        return str(self.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json["id"])

    @rule(target=orders, prices=st.lists(AMOUNTS, max_size=3), total=st.none() | AMOUNTS)
    def custom_order(self, prices: list[int], total: int | None) -> str:
        order = self.send("POST", f"{self.root}/orders", {"title": "A"}).json["id"]
        for price in prices:
            path = f"{self.root}/orders/{order}/line_items"
            assert self.send("POST", path, {"name": "Cup", "price": price}).status == 200
        assert self.send("POST", f"{self.root}/orders/{order}", {"total": total}).status == 200
        return str(order)

    @rule(order=orders, amount=st.none() | AMOUNTS, tip=TIPS, valid_request=st.booleans())
    def pay(self, order: str, amount: int | None, tip: int | None, valid_request: bool) -> None:
        source = self.customer if valid_request else self.server.token(DECLINED_CARD)
        body = {"source": source, "amount": amount, "tip_amount": tip}
        self.send("POST", f"/v1/orders/{order}/pay", body)

    @rule(order=orders, amount=st.none() | AMOUNTS, parent=st.sampled_from((None, "CUP")))
    def give_back(self, order: str, amount: int | None, parent: str | None) -> None:
        items = None if amount is None else [{"amount": amount, "parent": parent}]
        self.send("POST", f"/v1/orders/{order}/returns", {"items": items})

    @rule(charge=charges)
    def name_the_order_of(self, charge: str) -> None:
        order = self.server.sandbox.charges.get(charge)
        assert order is not None
        self.send("POST", f"{self.root}/orders/{order.order}", {"note": "n"})

    @invariant()
    def a_charge_is_its_payment(self) -> None:
        payments, refunds = self.all("/payments?expand=cardTransaction"), self.all("/refunds")
        listed = self.server.send("GET", "/v1/charges?limit=100").json
        assert listed.get("has_more") or {each["id"] for each in listed["data"]} == set(payments)
        for charge in listed["data"]:
            seen = payments[charge["id"]]
            taken = charge.get("amount_captured", charge["amount"])
            assert seen["amount"] == taken
            assert seen["tipAmount"] == charge.get("tip_amount", 0)
            assert seen.get("order", {}).get("id") == charge.get("order")
            assert seen["cardTransaction"].get("authCode") == charge.get("auth_code")
            back = sum(
                each["amount"] for each in refunds.values() if each["payment"]["id"] == charge["id"]
            )
            if charge["status"] == "failed":
                assert (seen["result"], back) == ("FAIL", 0)
            elif charge["captured"]:
                assert (seen["result"], back) == ("SUCCESS", charge["amount_refunded"])
            else:
                voided = charge["amount_refunded"] > 0
                assert (seen["result"], back) == ("VOIDED" if voided else "AUTH", 0)

    @invariant()
    def an_order_is_the_same_on_both_sides(self) -> None:
        seen = self.all("/orders?expand=payments,refunds,lineItems")
        listed = self.server.send("GET", "/v1/orders?limit=100").json
        assert [each["id"] for each in listed["data"]] == list(seen)
        for short in listed["data"]:
            order = self.server.send("GET", f"/v1/orders/{short['id']}").json
            there = seen[order["id"]]
            payments = there["payments"]["elements"]
            paid = sum(each["amount"] for each in payments if each["result"] == "SUCCESS")
            back = sum(each["amount"] for each in there["refunds"]["elements"])
            assert paid == order.get("amount_paid", 0)
            assert back == order.get("amount_returned", 0)
            assert there.get("total", order["amount"]) == order["amount"]
            assert paid <= order["amount"]
            assert back <= paid + order.get("tip_amount", 0)
            if "tax_amount" in order and paid == order["amount"]:
                assert sum(each["taxAmount"] for each in payments) == order["tax_amount"]
            state = there.get("paymentState")
            if back:
                assert state in ("REFUNDED", "PARTIALLY_REFUNDED")
                whole = back == paid + order.get("tip_amount", 0)
                assert (state == "REFUNDED") == whole
            elif payments and paid == order["amount"]:
                assert state == "PAID"
            elif paid:
                assert state == "PARTIALLY_PAID"
            else:
                assert state in ("OPEN", None)

    @invariant()
    def a_customer_is_the_same_on_both_sides(self) -> None:
        known = self.server.send("GET", f"/v1/customers/{self.customer}").json
        seen = self.all("/customers?expand=cards")[self.customer]
        assert [each["id"] for each in seen["cards"]["elements"]] == known["sources"]["data"]


Surfaces.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, derandomize=True, deadline=None
)
TestSurfaces = Surfaces.TestCase
