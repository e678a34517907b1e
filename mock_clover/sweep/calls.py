"""The calls of a run, from the sandbox's journal, and which of them are equivalent."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from mock_clover.core.record import Value

_UNAUTHORIZED = 401
_VERIFICATION = "verification"
_MOVES_MONEY = frozenset(
    {
        *("create_charge", "pay_order", "capture_charge", "release_charge", "create_refund"),
        *("cancel_refund", "finalize_payment", "return_order", "reload_gift_card"),
        *("platform_record_payment", "platform_create_refund"),
    }
)
_OF_CUSTOMERS = ("create_customer", "update_customer")
"""The issuer verifies a card that they save."""
Shape = tuple[str, ...]
"""What equivalent calls share: operation, status, names of headers, members of the body."""


class RecordedCall(Value, frozen=True, kw_only=True):
    """One call of a run, or a webhook that it caused.

    Calls without a valid credential get no fault and have no ordinal.
    """

    operation: str
    ordinal: int
    """The position among the calls of its operation, from 1."""
    method: str
    payment: int
    """For a call that reached the issuer, its position among those of its operation; else 0."""
    shape: Shape
    event: str | None = None
    """For a webhook, its event such as P:CREATE, empty if it has none; None for a call."""
    is_followed: bool = False
    """For a webhook, whether another one to the same target follows it."""

    @property
    def name(self) -> str:
        """The name in reports and in `--only`."""
        return f"{self.operation}#{self.ordinal}"


def recorded_calls(
    exchanges: Iterable[dict[str, Any]], operations: Collection[str]
) -> list[RecordedCall]:
    """Return the calls of a journal to some operations, in order."""
    ordinals: Counter[str] = Counter()
    payments: Counter[str] = Counter()
    calls = []
    for exchange in exchanges:
        operation = exchange["endpoint"]
        if operation not in operations or exchange["status"] == _UNAUTHORIZED:
            continue
        ordinals[operation] += 1
        payments[operation] += bool(exchange["committed"])
        reached_issuer = bool(exchange["committed"]) and _asks_issuer(exchange)
        calls.append(
            RecordedCall(
                operation=operation,
                ordinal=ordinals[operation],
                method=exchange["method"],
                payment=payments[operation] if reached_issuer else 0,
                shape=_shape(exchange),
            )
        )
    return calls


def _asks_issuer(exchange: dict[str, Any]) -> bool:
    """Return whether a request that was carried out asked the issuer for an authorization.

    One of a customer needs a card. After the method of 3-D Secure, a challenge may follow first.
    """
    operation, body, reply = (exchange.get(name) for name in ("endpoint", "request", "reply"))
    if operation in _OF_CUSTOMERS:
        return isinstance(body, dict) and "source" in body
    is_pending = isinstance(reply, dict) and reply.get("status") == "pending"
    return operation != "finalize_payment" or not is_pending


def recorded_webhooks(deliveries: Sequence[dict[str, Any]]) -> list[RecordedCall]:
    """Return the webhooks of each event, in the order of the deliveries.

    One that several targets get is one: a fault applies to each of them.
    """
    found: dict[tuple[str, int], RecordedCall] = {}
    ordinals: Counter[tuple[str, str]] = Counter()
    for number, delivery in enumerate(deliveries):
        event = delivery.get("event") or ""
        if delivery["about"] == _VERIFICATION:
            continue
        ordinals[delivery["target"], event] += 1
        ordinal = ordinals[delivery["target"], event]
        if (event, ordinal) in found:
            continue
        name = f"webhook_{event.lower().replace(':', '_') or 'checkout'}"
        later = deliveries[number + 1 :]
        is_followed = any(each["target"] == delivery["target"] for each in later)
        found[event, ordinal] = RecordedCall(
            operation=name,
            ordinal=ordinal,
            method="POST",
            payment=0,
            shape=(name, f"followed {is_followed}"),
            event=event,
            is_followed=is_followed,
        )
    return list(found.values())


def _shape(exchange: dict[str, Any]) -> Shape:
    body = exchange.get("sent") or exchange.get("request")
    return (
        exchange["endpoint"],
        f"{exchange['status']} {exchange.get('idempotency') or ''}",
        " ".join(sorted(exchange.get("headers") or ())),
        " ".join(sorted(set(_members(body)))),
    )


def _members(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of all members of a body."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from _members(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _members(inner, f"{path}[]")


def merge_equivalent(calls: Sequence[RecordedCall]) -> list[tuple[RecordedCall, tuple[str, ...]]]:
    """Return the first call of each shape, with the names of the others that it represents.

    A call that moved money represents only itself: what its failure means depends on what was
    paid before, such as the first part of an order.
    """
    groups: dict[Shape, list[RecordedCall]] = {}
    for call in calls:
        is_alone = call.operation in _MOVES_MONEY and call.payment
        groups.setdefault((*call.shape, call.name) if is_alone else call.shape, []).append(call)
    return [(first, tuple(each.name for each in rest)) for first, *rest in groups.values()]


def find_exchange(exchanges: Iterable[dict[str, Any]], call: RecordedCall) -> dict[str, Any] | None:
    """Return the exchange of a call in another run's journal, or None."""
    count = 0
    for exchange in exchanges:
        if exchange["endpoint"] == call.operation and exchange["status"] != _UNAUTHORIZED:
            count += 1
            if count == call.ordinal:
                return exchange
    return None


def differences_between(first: Sequence[RecordedCall], second: Sequence[RecordedCall]) -> list[str]:
    """Return how the calls of two runs without faults differ, as sentences; [] if they do not."""
    names = [[call.name for call in calls] for calls in (first, second)]
    for number, (one, other) in enumerate(zip(*names, strict=False), start=1):
        if one != other:
            return [f"call {number} was {one} in the first run and {other} in the second"]
    if len(first) != len(second):
        longer = names[0] if len(first) > len(second) else names[1]
        which = "first" if len(first) > len(second) else "second"
        extra = longer[min(len(first), len(second))]
        counts = f"the first run made {len(first)} calls and the second {len(second)}"
        return [f"{counts}: {extra} came in the {which} run only"]
    return [
        f"{one.name} has other headers, members or another result in the second run"
        for one, other in zip(first, second, strict=True)
        if one.shape != other.shape
    ]
