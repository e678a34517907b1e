"""A small shop that takes payments with Clover's API, and makes no mistake with money.

`bugs.py` has its variants, each with one planted bug. Amounts are in cents.
"""

import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from mock_clover.sandbox.keys import encrypt_pan
from tests.audit.shops.base import VISA, DeclinedError, PaymentError, ShopBase

OTHER_CARD = "4111111111111111"
DECLINED = "4005571702222222"
PRICE = 1800
MONTH_S = 40 * 86_400
"""Longer than an access token lives."""
SECRET = "hook-secret"
"""Of the webhooks."""
FIRST = {"sequence": "FIRST", "initiator": "CARDHOLDER", "is_scheduled": False}
LATER = {"sequence": "SUBSEQUENT", "initiator": "MERCHANT", "is_scheduled": True}


class Shop(ShopBase):
    """What the shop sells, and how."""

    encryption_key = "TA_PUBLIC_KEY_DEV"

    # Sales ---------------------------------------------------------------------------------------

    def charge(
        self, reference: str, source: str, amount: int = PRICE, **more: Any
    ) -> dict[str, Any]:
        """Charge a card for a sale of the shop."""
        body = {"amount": amount, "currency": "usd", "source": source}
        body |= {"external_reference_id": reference} | more
        self.record(reference, state="pending", amount=amount)
        try:
            charge = self.send("POST", "/v1/charges", body, key=self.key(f"{reference} {source}"))
        except DeclinedError:
            self.record(reference, state="declined")
            raise
        if charge["amount"] != amount:
            self.refund(reference, charge["id"])
            self.record(reference, state="declined")
            raise DeclinedError(f"only {charge['amount']} was approved")
        self.record(reference, state="paid", charge=charge["id"])
        return charge

    def refund(self, reference: str, charge: str, amount: int | None = None) -> dict[str, Any]:
        """Refund a part of a charge, or what is left of it; an authorization is voided."""
        body = {"charge": charge} | ({"amount": amount} if amount is not None else {})
        number = self.records["sales"].get(reference, {}).get("refunds", 0)
        refund = self.send(
            "POST", "/v1/refunds", body, key=self.key(f"{reference} refund {number}")
        )
        self.record(reference, refunds=number + 1)
        return refund

    def capture(self, reference: str, charge: str, amount: int = PRICE) -> dict[str, Any]:
        return self.send(
            "POST",
            f"/v1/charges/{charge}/capture",
            {"amount": amount},
            key=self.key(f"{reference} capture"),
        )

    def platform(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return self.send(method, f"/v3/merchants/{self.merchant}/{path}", body)

    def fulfil(self, reference: str, order: str) -> None:
        """Print an order in the kitchen."""
        self.platform("POST", "print_event", {"orderRef": {"id": order}})
        self.record(reference, fulfilled=True)

    def order(self, *amounts: int) -> str:
        items = [{"amount": amount, "quantity": 1, "currency": "usd"} for amount in amounts]
        body = {"currency": "usd", "items": items}
        return str(self.send("POST", "/v1/orders", body, key=self.key(f"order {amounts}"))["id"])

    def pay(
        self, reference: str, order: str, pan: str, amount: int | None = None
    ) -> dict[str, Any]:
        """Pay an order, or a part of it."""
        part = {} if amount is None else {"amount": amount}
        body = {"source": self.token(pan)} | part
        return self.send(
            "POST", f"/v1/orders/{order}/pay", body, key=self.key(f"{reference} {pan}")
        )

    # Commands ------------------------------------------------------------------------------------

    def sell(self) -> None:
        """Sell once to a card."""
        self.charge("S1", self.token())

    def sell_lamp(self) -> None:
        """Sell a lamp; the description is on the receipt."""
        self.charge("L1", self.token(), round(17.99 * 100), description="Lamp, 17.99 USD")

    def sell_again(self) -> None:
        """Three customers, one after the other."""
        for number in range(1, 4):
            self.charge(f"S{number}", self.token())

    def second_card(self) -> None:
        """The first card of the customer is declined, the second one pays."""
        try:
            self.charge("C1", self.token(DECLINED))
        except DeclinedError:
            self.charge("C1", self.token(OTHER_CARD))

    def try_again(self) -> None:
        """After a decline that may pass, the customer enters the card again."""
        try:
            self.charge("T1", self.token())
        except DeclinedError:
            self.charge("T1", self.token())

    def customer(self) -> tuple[str, str]:
        """Save a card. Return the customer and the token of the card."""
        source = self.token()
        body = {"email": "jo@example.com", "source": source}
        customer = self.send("POST", "/v1/customers", body, key=self.key("customer"))
        return str(customer["id"]), source

    def subscribe(self) -> None:
        """Charge a saved card in three months."""
        _, source = self.customer()
        for month, stored in enumerate((FIRST, LATER, LATER), start=1):
            self.charge(f"M{month}", source, stored_credentials=stored)

    def renew(self) -> None:
        """Charge the card of a customer; a decline that is final ends the subscription."""
        customer, _ = self.customer()
        self.charge("R1", customer)

    def kitchen(self) -> None:
        """Create an order, pay it, and print it only if it is paid."""
        order = self.order(1000, 800)
        self.record("K1", state="pending", order=order)
        self.pay("K1", order, VISA)
        self.record("K1", state="paid")
        self.fulfil("K1", order)

    def split(self) -> None:
        """Two customers share an order; if the second card is declined, the first is refunded."""
        order = self.order(1000, 800)
        first = self.pay("P1", order, VISA, 1000)
        try:
            self.pay("P2", order, OTHER_CARD, 800)
        except PaymentError:
            self.refund("P1", str(first["charge"]))
            raise
        self.fulfil("P1", order)

    def reserve(self) -> dict[str, Any]:
        return self.charge("A1", self.token(), capture=False)

    def ship(self) -> None:
        """Authorize, and capture when the goods are sent."""
        charge = self.reserve()
        self.capture("A1", charge["id"])
        self.record("A1", state="shipped")

    def cancel(self) -> None:
        """Authorize, and void when the customer cancels."""
        self.refund("A1", self.reserve()["id"])
        self.record("A1", state="canceled")

    def give_back(self) -> None:
        """Refund a part of a charge, then what is left."""
        charge = self.charge("B1", self.token())["id"]
        self.refund("B1", charge, 500)
        self.refund("B1", charge)

    def give_back_part(self) -> None:
        """Refund a part of a charge."""
        self.refund("B1", self.charge("B1", self.token())["id"], 500)

    def look(self) -> None:
        """Read the charges more often than the limit of Clover allows in a second."""
        for _ in range(18):
            self.send("GET", "/v1/charges")

    def sell_encrypted(self) -> None:
        """Sell to a card whose number is encrypted in the browser."""
        blob = self.http.get("/assets/keys.json").json()[self.encryption_key]
        card = {"encrypted_pan": encrypt_pan(blob, VISA), "first6": VISA[:6], "last4": VISA[-4:]}
        card |= {"exp_month": "12", "exp_year": "2049", "cvv": "123"}
        headers = {"apikey": self.environment["CLOVER_API_KEY"]}
        response = self.http.post("/v1/tokens", json={"card": card}, headers=headers)
        if response.status_code != 200:
            raise PaymentError(response.text)
        self.charge("E1", response.json()["id"])

    # Webhooks and the hosted checkout ------------------------------------------------------------

    def listen(self) -> str:
        """Start the receiver of webhooks. Return its URL."""
        shop = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(shop.receive(body, self.headers.get("x-clover-auth", "")))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/hooks"

    def receive(self, body: bytes, secret: str) -> int:
        """Handle an event once. Return the status of the response."""
        if not self.is_genuine(secret):
            return 401
        for event in json.loads(body)["merchants"][self.merchant]:
            number = f"{event['objectId']} {event['type']} {event['ts']}"
            if self.is_new(number):
                self.records["events"].append(number)
                self.save()
                self.paid(event["objectId"].partition(":")[2])
        return 200

    def sell_and_listen(self) -> None:
        """Sell once, and print the order when the webhook of the payment has come."""
        target = {"id": "shop", "url": self.listen(), "secret": SECRET, "handshake": False}
        self.http.put("/_mock/webhooks", json=target | {"events": ["P:CREATE"]})
        self.sell()
        states = {"under_way"}
        while "under_way" in states:
            query = {"wait": 1, "wait_ms": 60_000}
            sent = self.http.get("/_mock/deliveries", params=query, timeout=90).json()["data"]
            states = {each["state"] for each in sent}
        self.server.shutdown()
        self.server.server_close()

    def is_genuine(self, secret: str) -> bool:
        return hmac.compare_digest(secret, SECRET)

    def is_new(self, number: str) -> bool:
        return number not in self.records["events"]

    def paid(self, payment: str) -> None:
        """Print the order of a payment."""
        charge = self.send("GET", f"/v1/charges/{payment}")
        self.fulfil("W1", charge["order"])

    def hosted(self) -> None:
        """Sell by Clover's own page, from which the browser returns."""
        order = self.platform("POST", "orders", {"total": PRICE, "state": "open"})["id"]
        address = "https://shop.example/"
        cart = {
            "customer": {},
            "shoppingCart": {"lineItems": [{"name": "Lamp", "unitQty": 1, "price": PRICE}]},
            "redirectUrls": {name: address + name for name in ("success", "failure", "cancel")},
        }
        session = self.send("POST", "/invoicingcheckoutservice/v1/checkouts", cart)
        self.record("H1", state="pending", order=order, session=session["checkoutSessionId"])
        self.returned("H1")

    def returned(self, reference: str) -> None:
        """Show the page of `success`. Only a webhook sets the state to paid."""
        sale = self.records["sales"][reference]
        if sale["state"] == "paid":
            self.fulfil(reference, sale["order"])

    # OAuth ---------------------------------------------------------------------------------------

    def oauth(self, path: str, **body: str) -> dict[str, Any]:
        names = {"client_id": self.environment["CLOVER_CLIENT_ID"]}
        response = self.http.post(f"/oauth/v2/{path}", json=names | body)
        if response.status_code != 200:
            raise PaymentError(response.text)
        return dict(response.json())

    def connect(self) -> None:
        """Get tokens for a merchant."""
        client = self.environment["CLOVER_CLIENT_ID"]
        sent = self.http.get("/oauth/v2/authorize", params={"client_id": client})
        code = httpx.URL(sent.headers["location"]).params["code"]
        secret = self.environment["CLOVER_CLIENT_SECRET"]
        self.keep(self.oauth("token", client_secret=secret, code=code))

    def keep(self, pair: dict[str, Any]) -> None:
        self.access_token = pair["access_token"]
        self.records["refresh_token"] = pair["refresh_token"]
        self.save()

    def refresh(self) -> None:
        self.keep(self.oauth("refresh", refresh_token=self.records["refresh_token"]))

    def months(self) -> None:
        """Read the charges in two months; the access token has expired each time."""
        self.connect()
        for _ in range(2):
            self.wait(MONTH_S)
            try:
                self.send("GET", "/v1/charges")
            except PaymentError:
                self.refresh()
                self.send("GET", "/v1/charges")

    def reconcile(self) -> None:
        """Find the charges of sales whose result is not known, and refund them."""
        pending = {
            reference
            for reference, sale in self.records["sales"].items()
            if sale.get("state") == "pending"
        }
        if not pending:
            return
        for charge in self.send("GET", "/v1/charges")["data"]:
            reference = charge.get("external_reference_id")
            if reference in pending and charge["status"] == "succeeded":
                self.refund(reference, charge["id"])
                self.record(reference, state="refunded")
