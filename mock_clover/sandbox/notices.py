"""The notices of a sandbox: a ring of what its customers would have been told."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mock_clover.core.masking import redact

if TYPE_CHECKING:  # imported with the first notice
    from mock_clover.clover.customers.records import Customer
    from mock_clover.clover.recurring.records_notice import Channel, News, Notice

NOTICES_MAX = 2_000
"""Notices kept for each sandbox, about 1 MB: five years of a weekly subscription by both ways."""


class Notices:
    """Messages to customers, oldest first; a card number that somebody put in a name is masked."""

    __slots__ = ("_kept", "count")

    def __init__(self) -> None:
        self._kept: deque[Notice] = deque(maxlen=NOTICES_MAX)
        self.count = 0
        """Notices ever written."""

    def __iter__(self) -> Iterator["Notice"]:
        """Iterate from the oldest that is kept."""
        return iter(self._kept)

    def tell(self, at_ms: int, customer: "Customer", news: "News") -> None:
        """Write an e-mail and an SMS to a customer, as far as the address of each is known."""
        if customer.email:
            self._add(at_ms, "email", customer, customer.email, news)
        if customer.phone:
            self._add(at_ms, "sms", customer, customer.phone, news)

    def _add(
        self, at_ms: int, channel: "Channel", customer: "Customer", to: str, news: "News"
    ) -> None:
        from mock_clover.clover.recurring.records_notice import Notice

        self.count += 1
        self._kept.append(
            Notice(
                id=f"notice-{self.count}",
                at_ms=at_ms,
                channel=channel,
                kind=news.kind,
                customer=customer.id,
                to=redact(to),
                subject=redact(news.subject) if channel == "email" else None,
                text=redact(news.text),
                subscription=news.subscription,
                charge=news.charge,
                amount=news.amount,
            )
        )

    def fork(self) -> "Notices":
        """Return a copy that goes its own way."""
        twin = Notices()
        twin.restore(self._kept, self.count)
        return twin

    def restore(self, kept: Iterable["Notice"], count: int) -> None:
        """Go on from a state."""
        self._kept.extend(kept)
        self.count = count
