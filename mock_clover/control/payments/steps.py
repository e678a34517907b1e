"""The steps of a payment: the events of its rows, with the requests and webhooks behind them.

An event is assigned to the exchange that created its row, or to the next one that changed it.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.webhooks.records_delivery import Delivery, DeliveryState
from mock_clover.control.rows.timeline import Link, TimelineEvent, charge_events
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps
from mock_clover.sandbox.exchange import Exchange, ExchangeOutcome
from mock_clover.sandbox.sandbox import Sandbox

_CREATE_SOURCE = "create_token"
_WORD = re.compile(rb"[0-9A-Za-z_]{13,64}")
"""What may be an id of a row. Searching for each id of a payment takes too long."""


class StepRequest(Record, frozen=True, kw_only=True):
    """The request that caused a step."""

    id: int
    method: str
    path: str
    status: int | None
    outcome: ExchangeOutcome
    why: str


class StepDelivery(Record, frozen=True, kw_only=True):
    """The webhook that a step is about."""

    id: str
    target: str
    event: str | None = None
    state: DeliveryState
    attempts: int


class PaymentStep(Record, frozen=True, kw_only=True):
    """One step: a change of the payment, a request that changed nothing, or a webhook."""

    at_ms: int
    what: str
    amount: int | None = None
    balance: int | None = None
    """Of the charge, after the step."""
    row: Link | None = None
    job: str | None = None
    """The kind of the scheduled job that caused it."""
    request: StepRequest | None = None
    delivery: StepDelivery | None = None


def words_of(text: str | bytes) -> set[str]:
    """Return the words of a text that may be ids."""
    data = text.encode() if isinstance(text, str) else text
    return {found.decode() for found in _WORD.findall(data)}


class RelatedExchange(NamedTuple):
    """An exchange, and the ids of the payment that it names."""

    exchange: Exchange
    ids: set[str]


class _OrderedStep(NamedTuple):
    """A step and its place: by time, then by the exchange that it follows, then by rank."""

    at_ms: int
    number: int
    rank: int
    step: PaymentStep


class StepBuilder:
    """Assigns the events of a payment to the exchanges that caused them."""

    def __init__(self, sandbox: Sandbox, related: list[RelatedExchange]) -> None:
        self.sandbox = sandbox
        self.related = related
        self.used: set[int] = set()
        self._changes = _Changes(related)

    def steps(
        self, charges: Iterable[Charge], tokens: set[str], ids: set[str]
    ) -> Steps[list[PaymentStep]]:
        """Return all steps in order; `ids` are those of all rows of the payment."""
        parts = chain(
            self._token_steps(tokens),
            *map(self._charge_steps, charges),
            self._other_requests(),
            self._deliveries(ids),
        )
        placed = []
        for each in parts:
            placed += [each] if each is not None else []
            yield
        return [each.step for each in sorted(placed, key=lambda each: each[:3])]

    def _token_steps(self, tokens: set[str]) -> Iterator[_OrderedStep]:
        for key in sorted(tokens):
            token = self.sandbox.tokens.get(key)
            if token is not None:
                event = TimelineEvent(at_ms=token.created_ms, what="token created", by=key)
                yield self._event_step(event, Link(kind="tokens", id=key), self._creator(key), 0)

    def _charge_steps(self, charge: Charge) -> Iterator[_OrderedStep]:
        exchange: Exchange | None = None
        number = 0
        for place, event in enumerate(charge_events(self.sandbox, charge)):
            row = None
            if event.by == charge.id:
                row = Link(kind="charges", id=charge.id)
                following = self._next_change(charge.id, event.at_ms) if place else None
                exchange = following or (exchange if place else self._creator(charge.id))
            elif event.by is not None and event.by in self.sandbox.refunds:
                row = Link(kind="refunds", id=event.by)
                is_cancel = event.what == "refund canceled"
                exchange = (
                    self._next_change(row.id, event.at_ms) if is_cancel else self._creator(row.id)
                )
            else:
                exchange = None
            number = number if exchange is None else exchange.number
            yield self._event_step(event, row, exchange, number)

    def _creator(self, key: str) -> Exchange | None:
        """Return the exchange that created a row, and mark it as used."""
        own = (f'"id":"{key}"'.encode(), f'"charge":"{key}"'.encode())
        for exchange, ids in self.related:
            is_new = exchange.committed and exchange.number not in self.used
            if key in ids and is_new and any(each in exchange.reply for each in own):
                self.used.add(exchange.number)
                return exchange
        return None

    def _next_change(self, key: str, at_ms: int) -> Exchange | None:
        """Return the next exchange that changed a row, and mark it as used."""
        for exchange, ids in self.related:
            is_new = exchange.committed and exchange.number not in self.used
            names = key in exchange.path or key.encode() in exchange.sent_body()
            if key in ids and is_new and names and exchange.at_ms >= at_ms:
                self.used.add(exchange.number)
                return exchange
        return None

    def _event_step(
        self, event: TimelineEvent, row: Link | None, exchange: Exchange | None, number: int
    ) -> _OrderedStep:
        step = PaymentStep(
            at_ms=event.at_ms,
            what=event.what,
            amount=event.amount,
            balance=event.balance,
            row=row,
            job=event.by if row is None else None,
            request=None if exchange is None else _request(exchange),
        )
        number = exchange.number if exchange else number
        return _OrderedStep(at_ms=event.at_ms, number=number, rank=0, step=step)

    def _other_requests(self) -> Iterator[_OrderedStep]:
        """Yield the requests that changed nothing of the payment."""
        for exchange, _ in self.related:
            if exchange.number not in self.used:
                what = "request" if exchange.outcome == "ok" else str(exchange.outcome)
                what = "retry" if exchange.idempotency == "replayed" else what
                step = PaymentStep(at_ms=exchange.at_ms, what=what, request=_request(exchange))
                at_ms, number = exchange.at_ms, exchange.number
                yield _OrderedStep(at_ms=at_ms, number=number, rank=1, step=step)

    def _deliveries(self, ids: set[str]) -> Iterator[_OrderedStep | None]:
        for delivery in tuple(self.sandbox.outbox or ()):
            if delivery.object_id not in ids and ids.isdisjoint(words_of(delivery.body)):
                yield None
                continue
            step = PaymentStep(
                at_ms=delivery.made_ms,
                what="webhook",
                delivery=StepDelivery(
                    id=delivery.id,
                    target=delivery.target,
                    event=delivery.event or None,
                    state=delivery.state,
                    attempts=len(delivery.attempts),
                ),
            )
            number = self._changes.before(delivery)
            yield _OrderedStep(at_ms=delivery.made_ms, number=number, rank=2, step=step)


class _NumberRange(NamedTuple):
    """The numbers of the first and the last of several exchanges."""

    first: int
    last: int


class _Changes:
    """The exchanges that changed something, by their time and by the ids that they name."""

    def __init__(self, related: list[RelatedExchange]) -> None:
        ranges: dict[tuple[int, str | None], _NumberRange] = {}
        changes = [each for each in related if each.exchange.committed]
        for exchange, ids in changes:
            number = exchange.number
            for key in (*ids, *(() if exchange.endpoint == _CREATE_SOURCE else (None,))):
                place = (exchange.at_ms, key)
                ranges[place] = _NumberRange(ranges.get(place, (number,))[0], number)
        self._ranges = ranges
        self._times = sorted({each.exchange.at_ms for each in changes})

    def before(self, delivery: Delivery) -> int:
        """Return the exchange that a delivery follows; of several at one time, one that fits."""
        place = bisect_left(self._times, delivery.made_ms)
        if place == len(self._times):
            return 0
        at_ms = self._times[place]
        found = self._ranges.get((at_ms, delivery.object_id)) or self._ranges.get((at_ms, None))
        if found is None:
            return 0
        return found.first if delivery.event.endswith("CREATE") else found.last


def _request(exchange: Exchange) -> StepRequest:
    return StepRequest(
        id=exchange.number,
        method=exchange.method,
        path=redact(exchange.path),
        status=exchange.status,
        outcome=exchange.outcome,
        why=redact(exchange.why),
    )
