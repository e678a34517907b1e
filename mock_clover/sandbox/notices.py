"""The notices of a sandbox: the e-mails and SMS that its customers would have received."""

from collections import deque
from collections.abc import Iterable, Iterator

from mock_clover.clover.customers.records import Customer
from mock_clover.clover.recurring.records_notice import Channel, MessageContent, Notice
from mock_clover.sandbox.masking import mask

NOTICES_MAX = 2_000
"""Notices per sandbox, about 1 MB: five years of a weekly subscription, by e-mail and SMS."""


class Notices:
    """Messages to customers, oldest first; card numbers in names are masked."""

    __slots__ = ("_notices", "count")

    def __init__(self) -> None:
        self._notices: deque[Notice] = deque(maxlen=NOTICES_MAX)
        self.count = 0
        """Total number of notices written."""

    def __iter__(self) -> Iterator["Notice"]:
        """Iterate over the stored notices, oldest first."""
        return iter(self._notices)

    def add(self, at_ms: int, customer: Customer, content: MessageContent) -> None:
        """Add an e-mail and an SMS to a customer, each if the customer has an address for it."""
        if customer.email:
            self._add(at_ms, "email", customer, customer.email, content)
        if customer.phone:
            self._add(at_ms, "sms", customer, customer.phone, content)

    def forget_after(self, count: int) -> None:
        """Remove the notices that were added since `count` had this value."""
        while self.count > count:
            self._notices.pop()
            self.count -= 1

    def _add(
        self, at_ms: int, channel: "Channel", customer: Customer, to: str, content: MessageContent
    ) -> None:

        self.count += 1
        self._notices.append(
            Notice(
                id=f"notice-{self.count}",
                at_ms=at_ms,
                channel=channel,
                kind=content.kind,
                customer=customer.id,
                to=mask(to),
                subject=mask(content.subject) if channel == "email" else None,
                text=mask(content.text),
                subscription=content.subscription,
                charge=content.charge,
                amount=content.amount,
            )
        )

    def fork(self) -> "Notices":
        """Return an independent copy."""
        copy = Notices()
        copy.restore(self._notices, self.count)
        return copy

    def restore(self, notices: Iterable["Notice"], count: int) -> None:
        """Restore a state."""
        self._notices.extend(notices)
        self.count = count
