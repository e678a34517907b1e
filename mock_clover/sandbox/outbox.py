"""A sandbox's outbox: its webhook targets and the most recent deliveries with their attempts.

It only stores and counts; it uses neither a clock nor a socket. A sandbox has no outbox until it
has a target, so that payments without one cost nothing. The oldest finished delivery is evicted.
"""

import hashlib
from collections.abc import Iterator

from msgspec.structs import replace

from mock_clover.clover.webhooks.records import (
    TARGETS_MAX,
    DeliveryFault,
    TargetSpec,
    matches_event,
)
from mock_clover.clover.webhooks.records_delivery import Delivery, WebhookTarget

DELIVERIES_MAX = 1_000
"""Maximum number of deliveries per sandbox, including pending ones."""
PENDING_MAX = 500
"""Maximum number of pending deliveries; if there are more, the oldest is dropped."""

_TO_LETTERS = str.maketrans("0123456789", "ghijkmnpqr")


class Outbox:
    """Webhook targets and their deliveries."""

    __slots__ = ("_deliveries", "_pending", "_ready", "count", "targets")

    def __init__(self) -> None:
        self.targets: dict[str, WebhookTarget] = {}
        self.count = 0
        """Total number of deliveries; ids and generated codes derive from it."""
        self._deliveries: dict[str, Delivery] = {}
        self._pending: dict[str, None] = {}
        self._ready: dict[str, list[str]] = {}
        """Ids of deliveries that may be sent now, by target, in order."""

    def __iter__(self) -> Iterator[Delivery]:
        """Iterate over the stored deliveries, oldest first."""
        return iter(self._deliveries.values())

    @property
    def is_full(self) -> bool:
        """Whether the number of targets is at its maximum."""
        return len(self.targets) >= TARGETS_MAX

    def get(self, delivery_id: str) -> Delivery | None:
        """Return a delivery, or None if it was evicted."""
        return self._deliveries.get(delivery_id)

    def pending(self) -> tuple[Delivery, ...]:
        """Return the pending deliveries, oldest first."""
        return tuple(self._deliveries[key] for key in self._pending)

    def add_target(
        self, spec: TargetSpec, seed: str, *, handshake: bool = False, of_scenario: bool = False
    ) -> WebhookTarget:
        """Add a target, replacing one of the same id. The seed determines a missing secret.

        With a handshake the target gets no events until it confirms its verification code.
        """
        target_id = spec.id or self._free_id()
        # Observed: the prefix of Clover's signing secrets for Hosted Checkout.
        prefix = "hcp_" if spec.kind == "hosted_checkout" else ""
        target = WebhookTarget(
            id=target_id,
            spec=spec,
            secret=spec.secret or prefix + _derive_letters(seed, f"secret of {target_id}"),
            of_scenario=of_scenario,
            code=_derive_letters(seed, f"code {self.count} of {target_id}") if handshake else None,
            left=tuple(fault.nth or fault.times for fault in spec.plan),
        )
        self.remove_target(target_id)
        self.targets[target_id] = target
        return target

    def _free_id(self) -> str:
        number = 1
        while f"target-{number}" in self.targets:
            number += 1
        return f"target-{number}"

    def remove_target(self, target_id: str) -> bool:
        """Remove a target and drop its pending deliveries; return False if there is none."""
        removed = self.targets.pop(target_id, None)
        for delivery in self.pending():
            if delivery.target == target_id:
                self.update(replace(delivery, state="dropped"))
        self._ready.pop(target_id, None)
        return removed is not None

    def add(self, delivery: Delivery) -> None:
        """Store a new delivery."""
        if len(self._pending) >= PENDING_MAX and delivery.is_pending:
            self.update(replace(self.pending()[0], state="dropped"))
        if len(self._deliveries) >= DELIVERIES_MAX:
            done = next(key for key in self._deliveries if key not in self._pending)
            del self._deliveries[done]
        self.update(delivery)

    def update(self, delivery: Delivery) -> None:
        """Store the new state of a delivery. One that is `under_way` may be sent now."""
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

    def ready_targets(self) -> list[str]:
        """Return the targets with deliveries that may be sent now."""
        return list(self._ready)

    def take(self, target_id: str) -> tuple[WebhookTarget, Delivery] | None:
        """Return the next delivery to a target, with the target, or None.

        The delivery keeps the state `under_way` until `update` is called.
        """
        ready = self._ready.get(target_id)
        target = self.targets.get(target_id)
        if not ready or target is None:
            return None
        delivery = self._deliveries[ready.pop(0)]
        if not ready:
            del self._ready[target_id]
        return target, delivery

    def held_deliveries(self, target_id: str, held_for: str) -> list[Delivery]:
        """Return the deliveries to a target that wait for the event `held_for`, oldest first."""
        return [
            delivery
            for delivery in self.pending()
            if delivery.state == "held"
            and delivery.target == target_id
            and delivery.held_for == held_for
        ]

    def next_fault(self, target_id: str, event: str) -> DeliveryFault | None:
        """Return the planned fault for an event, if any, and count the event in its entry.

        An entry with `nth` counts each of its events, even if an earlier entry applies.
        """
        target = self.targets[target_id]
        counts, found = list(target.left), None
        for index, fault in enumerate(target.spec.plan):
            left = counts[index]
            if left == 0 or (fault.event is not None and not matches_event(fault.event, event)):
                continue
            if left is not None and (found is None or fault.nth is not None):
                counts[index] = left - 1
            if found is None and (fault.nth is None or left == 1):
                found = fault
        if tuple(counts) != target.left:
            self.targets[target_id] = replace(target, left=tuple(counts))
        return found

    def copy(self) -> "Outbox":
        """Return a copy with all deliveries."""
        copy = Outbox()
        copy.restore(self)
        return copy

    def restore(self, other: "Outbox") -> None:
        """Take over the state of another outbox."""
        self.targets, self.count = dict(other.targets), other.count
        self._deliveries, self._pending = dict(other._deliveries), dict(other._pending)
        self._ready = {target: list(ids) for target, ids in other._ready.items()}

    def fork(self) -> "Outbox":
        """Return a copy with the targets and the pending deliveries."""
        return restore_outbox(tuple(self.targets.values()), self.pending(), self.count)


def restore_outbox(
    targets: tuple[WebhookTarget, ...], pending: tuple[Delivery, ...], count: int
) -> Outbox:
    """Return an outbox with this state. Raises ValueError for an invalid one."""
    outbox = Outbox()
    if len(targets) > TARGETS_MAX or len(pending) > PENDING_MAX:
        raise ValueError("too many webhook targets or pending deliveries")
    for known in targets:
        if len(known.left) != len(known.spec.plan):
            raise ValueError(f"{known.id}: left must have one entry for each fault of its plan")
    outbox.targets = {target.id: target for target in targets}
    outbox.count = count
    for delivery in pending:
        if (
            delivery.target not in outbox.targets
            or not delivery.is_pending
            or delivery.number > count
        ):
            raise ValueError(
                f"{delivery.id} is not a valid pending delivery: its target is unknown, "
                "it is not pending, or its number exceeds the count"
            )
        outbox.add(delivery)
    return outbox


def _derive_letters(seed: str, label: str) -> str:
    """Return 32 letters derived from the seed; not from `Ids`: targets must not change ids."""
    digest = hashlib.sha256(f"mock-clover\0{seed}\0webhook\0{label}".encode()).hexdigest()
    return digest[:32].translate(_TO_LETTERS)
