"""Accepted members of a request that its response has, too: each must come back as it was sent."""

from typing import Any

import msgspec

from mock_clover.clover.surface import SURFACE
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Endpoint, UntypedBody
from tests.failure_messages import assert_names, assert_no_errors
from tests.hostile import FORWARDED, create_fixtures, filled, valid_body
from tests.in_process import InProcessServer

REFERENCES = frozenset({"source", "customer", "charge", "token", "refresh_token"})
"""Members that must name an existing object: made-up values are rejected."""
EXCEPTIONS = {
    "capture_charge.receipt_email": "no recorded response to a capture has it",
    "release_charge.amount": "the response has the authorized amount",
    "pay_order.amount": "the response has the amount of the order, and amount_paid",
    "pay_order.currency": "the response has the currency of the order",
    "update_plan.interval": "it cannot be changed",
    "update_plan.intervalCount": "it cannot be changed",
    "create_subscription.startDate": "a date comes back with its time",
    "create_subscription.endDate": "a date comes back with its time",
    "update_subscription.startDate": "a date comes back with its time",
    "platform_create_customer.marketingAllowed": "ignored, as recorded",
    "platform_update_customer.marketingAllowed": "ignored, as recorded",
    "platform_create_customer_card.first6": "that of the token",
    "platform_create_customer_card.last4": "that of the token",
    "platform_create_line_discount.amount": "the percentage of the body counts",
}
"""Members that do not come back, by operation, with the reason."""
SAMPLES: tuple[Any, ...] = (7, True, 1.5, "a@example.com", "CAD", "2033-01-01", "Abc 1", "ABC")
SCALARS = (str, int, bool, float)


def sample(kind: Any, before: Any) -> Any:
    """Return a valid value of a field that differs from `before`, or None if it is no scalar."""
    for value in (*literals(msgspec.inspect.type_info(kind)), *SAMPLES):
        if value == before or not isinstance(value, SCALARS):
            continue
        try:
            if msgspec.convert(value, kind) == value:
                return value
        except msgspec.ValidationError:
            continue
    return None


def literals(kind: msgspec.inspect.Type) -> tuple[Any, ...]:
    """Return the values of a type that is a choice."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return literals(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return tuple(value for each in kind.types for value in literals(each))
    return tuple(kind.values) if isinstance(kind, msgspec.inspect.LiteralType) else ()


def common_fields(endpoint: Endpoint) -> list[msgspec.structs.FieldInfo]:
    """Return the fields of a request that the response has, too."""
    request: type[Record] | None = endpoint.request
    if request in (None, UntypedBody) or endpoint.body_format == "json_or_form":
        return []
    assert request is not None
    names = {field.encode_name for field in msgspec.structs.fields(endpoint.response)}
    return [field for field in msgspec.structs.fields(request) if field.encode_name in names]


def test_accepted_members_come_back(server: InProcessServer) -> None:
    fixtures = create_fixtures(server)
    prepared = server.sandbox.fork(server.sandbox.name, server.known)
    errors, ignored = [], set()
    for endpoint in SURFACE:
        for field in common_fields(endpoint):
            body = valid_body(endpoint, fixtures)
            value = sample(field.type, body.get(field.encode_name))
            if value is None or field.encode_name in REFERENCES:
                continue
            server.copy(prepared)
            sent = body | {field.encode_name: value}
            got = server.send(endpoint.method, filled(endpoint, fixtures), sent, headers=FORWARDED)
            name = f"{endpoint.name}.{field.encode_name}"
            tree = got.json if got.body.startswith((b"{", b"[")) else {}
            first = tree[0] if isinstance(tree, list) else tree
            if got.status == 200 and first.get(field.encode_name) == value:
                continue
            ignored.add(name)
            if name not in EXCEPTIONS:
                errors.append(f"{name}: sent {value!r}: {got.status} {got.body[:300]!r} {got.why}")
    assert_no_errors(errors)
    assert_names(EXCEPTIONS, ignored, "EXCEPTIONS of this file", "the list of what is ignored")
