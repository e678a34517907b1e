"""The test API of webhooks, notices and the hosted checkout."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mock_clover.testing.calls import WAIT_MS, SandboxCalls, missed_text, without_none
from mock_clover.testing.report import delivery_line

if TYPE_CHECKING:
    from typing import Literal

    from mock_clover.clover.checkout.records import CheckoutState
    from mock_clover.clover.recurring.records_notice import Channel, NoticeKind
    from mock_clover.clover.webhooks.records import EventType, ObjectKind, Status, TargetKind
    from mock_clover.clover.webhooks.records_delivery import DeliveryState

__tracebackhide__ = True


class EventCalls(SandboxCalls):
    """Methods for what Clover sends to others, and for the pages that it shows to customers."""

    def webhook(
        self,
        url: str,
        *,
        id: str | None = None,  # noqa: A002 - the name of the field
        kind: "TargetKind" = "platform",
        secret: str | None = None,
        events: Sequence[str] = (),
        app_id: str | None = None,
        retry_after_ms: Sequence[int] | None = None,
        plan: Sequence[Mapping[str, Any]] = (),
        handshake: bool = False,
    ) -> dict[str, Any]:
        """Add a webhook target and return it with its secret.

        The URL is not verified unless `handshake`; then `confirm_webhook` finishes the handshake.
        """
        target = {
            "url": url,
            "id": id,
            "kind": kind,
            "secret": secret,
            "events": list(events) or None,
            "app_id": app_id,
            "retry_after_ms": None if retry_after_ms is None else list(retry_after_ms),
            "plan": list(plan) or None,
            "handshake": handshake,
        }
        return self._request("PUT", "/_mock/webhooks", without_none(target))

    def confirm_webhook(self, target: str, code: str) -> dict[str, Any]:
        """Confirm the verification code that a target received; it then gets events."""
        path = f"/_mock/webhooks/{target}/verify"
        return self._request("POST", path, {"verificationCode": code})

    def send_webhook(
        self,
        *,
        kind: "TargetKind" = "platform",
        target: str | None = None,
        object: "ObjectKind | None" = None,  # noqa: A002 - the name of the field
        id: str | None = None,  # noqa: A002 - the name of the field
        type: "EventType | None" = None,  # noqa: A002 - the name of the field
        ts: int | None = None,
        status: "Status | None" = None,
        amount: int | None = None,
        session: str | None = None,
        payload: Any = None,
        delay_ms: int | None = None,
        copies: int | None = None,
        signature: "Literal['right', 'wrong', 'none'] | None" = None,
    ) -> list[dict[str, Any]]:
        """Send a webhook event manually and return its deliveries."""
        event = {
            "kind": kind,
            "target": target,
            "object": object,
            "id": id,
            "type": type,
            "ts": ts,
            "status": status,
            "amount": amount,
            "session": session,
            "payload": payload,
            "delay_ms": delay_ms,
            "copies": copies,
            "signature": signature,
        }
        return list(self._request("POST", "/_mock/webhooks/send", without_none(event))["data"])

    def deliveries(
        self,
        *,
        target: str | None = None,
        state: "DeliveryState | None" = None,
        about: str | None = None,
        event: str | None = None,
        after: int = 0,
        limit: int = 100,
        wait: int = 0,
        wait_ms: int = WAIT_MS,
    ) -> list[dict[str, Any]]:
        """Return webhook deliveries, oldest first.

        `wait=2` waits until two have been attempted, at most `wait_ms`. Raises AssertionError if
        fewer were.
        """
        filters = {
            "target": target,
            "state": state,
            "about": about,
            "event": event,
            "after": after or None,
        }
        matching = self._read(
            "deliveries", filters, limit=max(limit, wait), wait=wait, wait_ms=wait_ms
        )
        if len(matching) < wait:
            came = [delivery_line(each) for each in self.deliveries(after=after)]
            raise AssertionError(missed_text(wait, "deliveries", filters, len(matching), came))
        return matching

    def notices(
        self,
        *,
        kind: "NoticeKind | None" = None,
        channel: "Channel | None" = None,
        customer: str | None = None,
        subscription: str | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return the e-mails and SMS to customers, oldest first."""
        filters = {
            "kind": kind,
            "channel": channel,
            "customer": customer,
            "subscription": subscription,
            "limit": limit,
        }
        return self._read("notices", filters)

    def checkouts(
        self, *, state: "CheckoutState | None" = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Return the sessions of the hosted checkout, newest first."""
        return self._read("checkouts", {"state": state, "limit": limit})

    def pay_checkout(
        self,
        session: str,
        pan: str = "4242424242424242",
        exp: str | None = None,
        cvv: str = "123",
        *,
        tip: int | None = None,
    ) -> dict[str, Any]:
        """Pay a session as its customer: result, charge, location, decline_code, checkout.

        A decline is returned, not raised. Raises MockCloverError if the card is invalid or the
        session is already paid, cancelled or expired.
        """
        month, year = self._expiry(exp)
        card = {"number": pan, "exp_month": month, "exp_year": year, "cvv": cvv}
        body = without_none({"card": card, "tip": tip})
        return self._request("POST", f"/_mock/checkouts/{session}/pay", body)

    def cancel_checkout(self, session: str) -> dict[str, Any]:
        """Cancel a session as its customer."""
        return self._request("POST", f"/_mock/checkouts/{session}/cancel", {})
