"""Compare the responses and the webhooks of a repeated run with the recorded ones, exactly."""

from itertools import zip_longest
from typing import Any

from mock_clover.clover.webhooks.records_delivery import Delivery
from mock_clover.conformance.compare import ABSENT, Difference, Format, compare_exactly
from mock_clover.control.capsule.records import CapsuleReply
from mock_clover.core.codec import MalformedError, parse
from mock_clover.sandbox.outbox import Outbox

_FIELDS = ("status", "fault", "delay_ms", "lost", "idempotency")
_CONTEXT_CHARS = 40
_DELIVERY_FIELDS = ("id", "target", "about", "event", "body", "made_ms")


def difference(path: str, expected: object, got: object, *, kind: str = "value") -> Difference:
    """Return one difference."""
    return Difference(path=path, kind=kind, expected=expected, got=got)


def compare_replies(expected: CapsuleReply, got: CapsuleReply) -> tuple[Difference, ...]:
    """Return the differences of two responses; none if they are equal byte for byte.

    If the status differs, the reasons say more than the bodies.
    """
    differences = [
        difference(name, getattr(expected, name), getattr(got, name))
        for name in _FIELDS
        if getattr(expected, name) != getattr(got, name)
    ]
    if expected.status != got.status:
        return (*differences, difference("why", expected.why, got.why))
    return (*differences, *compare_texts("body", expected.body, got.body))


def compare_texts(path: str, expected: str, got: str) -> list[Difference]:
    """Return the differing members of two JSON texts, or where other texts differ first."""
    if expected == got:
        return []
    try:
        differences = compare_exactly(path, _tree(expected), _tree(got))
    except MalformedError:
        differences = []
    return differences or [_first_difference(path, expected, got)]


def _tree(text: str) -> Any:
    if text[:1] not in ("{", "["):
        raise MalformedError("not JSON")
    return parse(text.encode())


def _first_difference(path: str, expected: str, got: str) -> Difference:
    pairs = enumerate(zip_longest(expected, got))
    at = next(index for index, (one, other) in pairs if one != other)
    start = max(0, at - _CONTEXT_CHARS // 2)
    shown = (text[start : at + _CONTEXT_CHARS // 2] for text in (expected, got))
    return difference(f"{path}[{at}]", *shown, kind="text")


def compare_deliveries(
    expected: tuple[Delivery, ...], outbox: Outbox | None
) -> tuple[Difference, ...]:
    """Return the differences of the webhooks; what their receivers answered is not repeated."""
    got = {} if outbox is None else {each.id: each for each in outbox}
    differences: list[Difference] = []
    for delivery in expected:
        path = f"webhooks.{delivery.id}"
        other = got.pop(delivery.id, None)
        if other is None:
            differences.append(difference(path, Format(delivery.about), ABSENT, kind="missing"))
            continue
        for name in _DELIVERY_FIELDS:
            one, two = getattr(delivery, name), getattr(other, name)
            if name == "body":
                differences += compare_texts(f"{path}.body", one, two)
            elif one != two:
                differences.append(difference(f"{path}.{name}", one, two))
    differences += [
        difference(f"webhooks.{key}", ABSENT, Format(each.about), kind="extra")
        for key, each in got.items()
    ]
    return tuple(differences)
