"""Variants of the shop with one planted bug each; docs/planted-bugs.md has where each is from."""

import os
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx

from tests.audit.shops.base import VISA, DeclinedError, PaymentError
from tests.audit.shops.shop import FIRST, MONTH_S, OTHER_CARD, PRICE, Shop


class NoKey(Shop):
    def headers(self, key: str) -> dict[str, str]:
        return super().headers(key and "")


class NewKeyForEachAttempt(Shop):
    def headers(self, key: str) -> dict[str, str]:
        return super().headers(str(uuid.uuid4()) if key else "")


class KeyOfTheOrder(Shop):
    """The key does not change when the customer takes another card."""

    def key(self, action: str) -> str:
        return super().key(action.partition(" ")[0])


class KeyOfTheCustomer(Shop):
    """The second month gets the stored response of the first one."""

    def subscribe(self) -> None:
        customer, _ = self.customer()
        for month in range(2):
            body = {"amount": PRICE, "currency": "usd", "source": customer}
            self.send("POST", "/v1/charges", body, key=self.key(customer))
            self.record(f"M{month}", state="paid")


class DoubleClick(Shop):
    """The button is not disabled, and each click makes a key of its own."""

    def sell(self) -> None:
        for _ in range(2):
            self.charge("S1", self.token())


class NewKeyForEachRefund(NewKeyForEachAttempt):
    def headers(self, key: str) -> dict[str, str]:
        is_refund = key and key in [
            value for action, value in self.records["keys"].items() if "refund" in action
        ]
        return super().headers(key) if is_refund else Shop.headers(self, key)


class TokenKept(Shop):
    def try_again(self) -> None:
        source = self.token()
        try:
            self.charge("T1", source)
        except DeclinedError:
            self.records["keys"].clear()
            self.charge("T1", source)


class FinalDeclineRetried(Shop):
    def renew(self) -> None:
        customer, _ = self.customer()
        for _ in range(3):
            try:
                self.charge("R1", customer)
            except DeclinedError:
                self.records["keys"].clear()
            else:
                return


class NoPause(Shop):
    def pause_s(self, response: httpx.Response) -> float:
        return 0.0 * super().pause_s(response)


class CardNumberInMetadata(Shop):
    def sell(self) -> None:
        self.charge("S1", self.token(), metadata={"card": "4242 4242 4242 4242"})


class AmountAsFraction(Shop):
    def sell(self) -> None:
        self.charge("S1", self.token(), 17.99 * 100)


class AmountRoundedDown(Shop):
    def sell_lamp(self) -> None:
        self.charge("L1", self.token(), int(17.99 * 100), description="Lamp, 17.99 USD")


class AmountInDollars(Shop):
    def sell_lamp(self) -> None:
        self.charge("L1", self.token(), 18, description="Lamp, 18.00 USD")


class OrderPaidInDollars(Shop):
    """As AmountInDollars, and the order on Clover has the price."""

    def kitchen(self) -> None:
        order = self.order(1000, 800)
        self.pay("K1", order, VISA, 18)
        self.fulfil("K1", order)


class MisspeltMember(Shop):
    def reserve(self) -> dict[str, Any]:
        return self.charge("A1", self.token(), captured=False)


class NoStoredCredentials(Shop):
    def charge(self, *args: Any, **more: Any) -> dict[str, Any]:
        return super().charge(*args, **{**more, "stored_credentials": None})


class FirstEachMonth(Shop):
    def charge(self, *args: Any, **more: Any) -> dict[str, Any]:
        return super().charge(*args, **{**more, "stored_credentials": FIRST})


class NoCustomerAddress(Shop):
    def headers(self, key: str) -> dict[str, str]:
        headers = super().headers(key)
        del headers["x-forwarded-for"]
        return headers


class CanceledOnlyHere(Shop):
    def cancel(self) -> None:
        self.reserve()
        self.record("A1", state="canceled")


class CaptureOfEditedOrder(Shop):
    def capture(self, reference: str, charge: str, amount: int = PRICE) -> dict[str, Any]:
        return super().capture(reference, charge, amount + 200)


class RefundOfTheTotal(Shop):
    """The shop does not subtract what it refunded before."""

    def give_back(self) -> None:
        charge = self.charge("B1", self.token())["id"]
        self.refund("B1", charge, 500)
        self.refund("B1", charge, PRICE)


class OrderPaidAgain(Shop):
    """The payment link of an order works after the order is paid."""

    def kitchen(self) -> None:
        super().kitchen()
        self.pay("K2", self.records["sales"]["K1"]["order"], VISA)


class KeyFetchedEachTime(Shop):
    def token(self, pan: str = VISA) -> str:
        self.send("GET", "/pakms/apikey")
        return super().token(pan)


class FailureIgnored(Shop):
    """The order is printed whatever the payment returned."""

    def pay(self, *args: Any, **more: Any) -> dict[str, Any]:
        try:
            return super().pay(*args, **more)
        except PaymentError:
            return {}


class PrintedFirst(Shop):
    """The order is printed before the result of the payment is known."""

    def kitchen(self) -> None:
        order = self.order(1000, 800)
        try:
            self.pay("K1", order, VISA)
        finally:
            self.fulfil("K1", order)


class NoTimeout(Shop):
    timeout_s = None


class NoRetry(Shop):
    """A time-out counts as a failed payment."""

    attempts_max = 1


class NoRetryForgets(NoRetry):
    """As NoRetry, and its reconcile job reads only the shop's own records."""

    def reconcile(self) -> None:
        pass


class CaptureFailureIgnored(NoRetry):
    def ship(self) -> None:
        try:
            super().ship()
        except PaymentError:
            self.record("A1", state="shipped")


class RefundRecordedFirst(NoRetry):
    def give_back_part(self) -> None:
        try:
            super().give_back_part()
        except PaymentError:
            if self.records["sales"]["B1"]["state"] != "paid":
                raise


class FirstPartKept(Shop):
    """A declined second part leaves the first one paid."""

    def split(self) -> None:
        order = self.order(1000, 800)
        self.pay("P1", order, VISA, 1000)
        self.pay("P2", order, OTHER_CARD, 800)
        self.fulfil("P1", order)


class PartialApprovalTaken(Shop):
    """The shop does not compare the approved amount with the amount that it asked for."""

    def charge(
        self, reference: str, source: str, amount: int = PRICE, **more: Any
    ) -> dict[str, Any]:
        body = {"amount": amount, "currency": "usd", "source": source}
        body |= {"external_reference_id": reference} | more
        key = self.key(f"{reference} {source}")
        charge = self.send("POST", "/v1/charges", body, key=key)
        self.record(reference, state="paid", charge=charge["id"])
        return charge


class ProductionKey(Shop):
    encryption_key = "TA_PUBLIC_KEY_PROD"


class CapturedTooLate(Shop):
    """The goods are sent after the authorization has expired."""

    def capture(self, *args: Any) -> dict[str, Any]:
        self.wait(MONTH_S)
        return super().capture(*args)


class ForgedEventAccepted(Shop):
    def is_genuine(self, secret: str) -> bool:
        return bool(super().is_genuine(secret) or secret)


class EventProcessedTwice(Shop):
    def is_new(self, number: str) -> bool:
        return bool(super().is_new(number) or number)


class EventNotAcknowledged(Shop):
    def receive(self, *args: Any) -> int:
        return super().receive(*args) + 300


class RedirectTrusted(Shop):
    def returned(self, reference: str) -> None:
        self.fulfil(reference, self.records["sales"][reference]["order"])


class ExpiredTokenKept(Shop):
    def refresh(self) -> None:
        pass


class RefreshTokenKept(Shop):
    """The new refresh token is not stored."""

    def keep(self, pair: dict[str, Any]) -> None:
        kept = self.records.get("refresh_token", pair["refresh_token"])
        super().keep(pair | {"refresh_token": kept})


def main(command: str, variant: str) -> None:
    """Run a command of a variant; the exit code is 1 if a payment failed."""
    environment = dict(os.environ)
    folder = Path(environment["MOCK_CLOVER_SWEEP_DIR"])
    shop = {"Shop": Shop, **globals()}[variant](environment, folder)
    try:
        getattr(shop, command)()
    except PaymentError as error:
        sys.exit(f"payment failed: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
