"""A sandbox's outbox: where its events go, and the newest deliveries, each with its attempts.

It keeps and counts, and knows neither clock nor socket. A sandbox has none until it has a target,
so that payments of one without cost nothing. Bounded: the oldest delivery that is done goes first.
"""

import hashlib
from collections.abc import Iterator

import msgspec

from mock_clover.clover.webhooks.records import TARGETS_MAX, DeliveryFault, TargetSpec, fits
from mock_clover.clover.webhooks.records_delivery import Delivery, Subscription

DELIVERIES_MAX = 1_000
"""Deliveries kept for each sandbox, those that are pending among them."""
PENDING_MAX = 500
"""Deliveries that may be pending; the oldest is given up: nobody takes them."""

_replace = msgspec.structs.replace
_TO_LETTERS = str.maketrans("0123456789", "ghijkmnpqr")


class Outbox:
    """Targets, and what is or was on its way to them."""

    __slots__ = ("_deliveries", "_pending", "_ready", "count", "subscriptions")

    def __init__(self) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self.count = 0
        """Deliveries ever made; ids and generated secrets count on."""
        self._deliveries: dict[str, Delivery] = {}
        self._pending: dict[str, None] = {}
        self._ready: dict[str, list[str]] = {}
        """What may go now, by target, in its order."""

    def __iter__(self) -> Iterator[Delivery]:
        """Iterate deliveries from the oldest that is kept."""
        return iter(self._deliveries.values())

    @property
    def is_full(self) -> bool:
        """Whether no further target fits."""
        return len(self.subscriptions) >= TARGETS_MAX

    def get(self, delivery_id: str) -> Delivery | None:
        """Return a delivery that is kept."""
        return self._deliveries.get(delivery_id)

    def pending(self) -> tuple[Delivery, ...]:
        """Return what is still to be delivered, oldest first."""
        return tuple(self._deliveries[key] for key in self._pending)

    def subscribe(
        self, spec: TargetSpec, seed: str, *, handshake: bool = False, of_scenario: bool = False
    ) -> Subscription:
        """Put a target in force; one of the same id goes. A secret not given follows from the seed.

        With a handshake it gets no events until its code is handed back.
        """
        target_id = spec.id or self._free_id()
        # Observed: Clover's signing secrets of the hosted checkout begin so.
        prefix = "hcp_" if spec.kind == "hosted_checkout" else ""
        known = Subscription(
            id=target_id,
            spec=spec,
            secret=spec.secret or prefix + _drawn(seed, f"secret of {target_id}"),
            of_scenario=of_scenario,
            code=_drawn(seed, f"code {self.count} of {target_id}") if handshake else None,
            left=tuple(step.times for step in spec.plan),
        )
        self.unsubscribe(target_id)
        self.subscriptions[target_id] = known
        return known

    def _free_id(self) -> str:
        number = 1
        while f"target-{number}" in self.subscriptions:
            number += 1
        return f"target-{number}"

    def unsubscribe(self, target_id: str) -> bool:
        """Take a target away, and what was pending for it; tell whether there was one."""
        gone = self.subscriptions.pop(target_id, None)
        for each in self.pending():
            if each.target == target_id:
                self.put(_replace(each, state="dropped"))
        self._ready.pop(target_id, None)
        return gone is not None

    def add(self, delivery: Delivery) -> None:
        """Keep a new delivery."""
        if len(self._pending) >= PENDING_MAX and delivery.is_pending:
            self.put(_replace(self.pending()[0], state="dropped"))
        if len(self._deliveries) >= DELIVERIES_MAX:
            done = next(key for key in self._deliveries if key not in self._pending)
            del self._deliveries[done]
        self.put(delivery)

    def put(self, delivery: Delivery) -> None:
        """Write a delivery's new state; what is under way may go to its target now."""
        self._deliveries[delivery.id] = delivery
        ready = self._ready.setdefault(delivery.target, [])
        if delivery.id in ready:
            ready.remove(delivery.id)
        if delivery.is_pending:
            self._pending[delivery.id] = None
        else:
            self._pending.pop(delivery.id, None)
        if delivery.state == "under_way":
            ready.append(delivery.id)
        if not ready:
            del self._ready[delivery.target]

    def targets_ready(self) -> list[str]:
        """Return the targets for which something may go now."""
        return list(self._ready)

    def take(self, target_id: str) -> tuple[Subscription, Delivery] | None:
        """Take what goes to a target next; it stays under way until it is put again."""
        ready = self._ready.get(target_id)
        subscription = self.subscriptions.get(target_id)
        if not ready or subscription is None:
            return None
        delivery = self._deliveries[ready.pop(0)]
        if not ready:
            del self._ready[target_id]
        return subscription, delivery

    def held(self, target_id: str, held_for: str) -> list[Delivery]:
        """Return what is held for a target until something happens, oldest first."""
        return [
            each
            for each in self.pending()
            if each.state == "held" and each.target == target_id and each.held_for == held_for
        ]

    def mischief(self, target_id: str, event: str) -> DeliveryFault | None:
        """Return what goes wrong with an event of a target by its plan, and count it."""
        known = self.subscriptions[target_id]
        for place, step in enumerate(known.spec.plan):
            left = known.left[place]
            if left == 0 or (step.event is not None and not fits(step.event, event)):
                continue
            if left is not None:
                counted = (*known.left[:place], left - 1, *known.left[place + 1 :])
                self.subscriptions[target_id] = _replace(known, left=counted)
            return step
        return None

    def fork(self) -> "Outbox":
        """Return a copy with the targets and what is pending; what is done stays here."""
        return restored(tuple(self.subscriptions.values()), self.pending(), self.count)


def restored(
    subscriptions: tuple[Subscription, ...], pending: tuple[Delivery, ...], count: int
) -> Outbox:
    """Return an outbox in a state. Raises ValueError for what is none."""
    made = Outbox()
    if len(subscriptions) > TARGETS_MAX or len(pending) > PENDING_MAX:
        raise ValueError("there are more webhooks than a sandbox keeps")
    made.subscriptions = {each.id: each for each in subscriptions}
    made.count = count
    for each in pending:
        if each.target not in made.subscriptions or not each.is_pending or each.number > count:
            raise ValueError(f"{each.id} is no delivery that is pending here")
        made.add(each)
    return made


def _drawn(seed: str, what: str) -> str:
    """Draw 32 letters; not from the ids, for payments must not change with who listens."""
    digest = hashlib.sha256(f"mock-clover\0{seed}\0webhook\0{what}".encode()).hexdigest()
    return digest[:32].translate(_TO_LETTERS)
