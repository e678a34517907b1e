"""`why` names the member that is invalid, what was sent, and the rule that it broke."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

import mock_clover
from mock_clover.clover.surface import SURFACE
from mock_clover.core.broken_rule import PATTERNS
from mock_clover.core.codec import Codec, ViolationsError, _record_type_of
from mock_clover.core.evidence import END_OF_STRING
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record, SecretRecord
from mock_clover.engine.endpoint import UntypedBody
from tests.failure_messages import assert_names, assert_no_errors
from tests.in_process import InProcessServer, MakeServer

PACKAGE = Path(mock_clover.__file__).parent
_TYPES: dict[type, tuple[Any, str]] = {
    str: ([], "a string"),
    int: ("word", "an integer"),
    float: ("word", "a number"),
    bool: ("word", "true or false"),
    dict: ([], "an object"),
    list: ({}, "an array"),
    tuple: ({}, "an array"),
}
"""By type of a member: a value of another type, and the rule."""


def request_records() -> set[type[Record]]:
    """Return all records of requests and queries, with those of their members."""
    found: set[type[Record]] = set()
    new = {each for at in SURFACE for each in (at.request, at.query) if each} - {UntypedBody}
    while new:
        found |= new
        inner = {_record_type_of(f.type) for each in new for f in msgspec.structs.fields(each)}
        new = {each for each in inner if each is not None} - found
    return found


def wrong_values(hint: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yield values that break one rule of a type each, and what the sentence must contain."""
    if get_origin(hint) is Literal:
        yield "word", ('"word"', *map(str, get_args(hint)))
        return
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta):
            yield from _wrong_by_bounds(meta, get_origin(hint.__origin__) or hint.__origin__)
    inner = (hint.__origin__,) if hasattr(hint, "__metadata__") else get_args(hint)
    kind = get_origin(hint) or hint
    if kind in _TYPES:
        value, rule = _TYPES[kind]
        shown = {list: "an array of 0 items", dict: "an object"}.get(type(value), '"word"')
        yield value, (shown, rule)
    elif isinstance(kind, type) and issubclass(kind, Record):
        yield "word", ('"word"', "an object")
    else:
        for part in inner:
            yield from wrong_values(part)


def _wrong_by_bounds(meta: msgspec.Meta, kind: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    is_text = kind is str
    unit = "characters" if is_text else "items"
    if meta.max_length is not None and meta.max_length < 10_000:
        size = meta.max_length + 1
        value: Any = "1" * size if is_text else [{}] * size
        yield value, ("", f"{size} {unit}", f"at most {meta.max_length}")
    if meta.min_length:
        yield "" if is_text else [], ("", f"0 {unit}", f"at least {meta.min_length}")
    if meta.pattern is not None:
        pattern = str(meta.pattern)
        yield "\n", (r'"\n"', PATTERNS.get(pattern, pattern.replace(END_OF_STRING, "$")))
    if meta.ge is not None:
        yield int(meta.ge) - 1, (str(int(meta.ge) - 1), f"at least {meta.ge}")
    if meta.le is not None:
        yield int(meta.le) + 1, (str(int(meta.le) + 1), f"at most {meta.le}")


def rule_of(record: type[Record], member: str, sent: dict[str, Any]) -> str | None:
    """Return the sentence about a member, or None if the value is valid."""
    try:
        Codec(record).convert(sent)
    except ViolationsError as error:
        found = (v for v in error.violations if v.path.partition("[")[0] == member)
        return next((v.rule for v in found), None)
    return None


def errors(record: type[Record]) -> Iterator[str]:
    is_secret = issubclass(record, SecretRecord)
    for field in msgspec.structs.fields(record):
        name, label = field.encode_name, f"{record.__name__}.{field.encode_name}"
        missing = f"{name} is missing; it is required"
        if field.required and not (rule_of(record, name, {}) or "").startswith(missing):
            yield f"{label} missing: {rule_of(record, name, {})}"
        for value, words in wrong_values(field.type):
            rule = rule_of(record, name, {name: value})
            if rule is None:
                continue  # another type of a union accepts the value
            sent, *rules = words
            is_hidden = is_secret or len(sent) > 12
            wanted = (name, *rules) if is_hidden else (name, sent, *rules)
            if not all(word in rule for word in wanted) or "Expected" in rule:
                yield f"{label}: {rule!r} lacks one of {wanted}"
            if not rule.isprintable():
                yield f"{label}: {rule!r} has control characters"


def test_every_rule_of_every_request_is_named() -> None:
    records = request_records()
    assert len(records) > 40
    assert_no_errors(error for record in records for error in errors(record))


CLOVERS_MAXIMUMS = """
CartItem.name 126
ChargeDescriptor.dba_name 38
ChargeRequest.description 255
ChargeRequest.external_reference_id 12
ChargeRequest.source 5000
ChargesQuery.limit 100
DiscountRequest.percentage 100
InstallmentInfo.invoice_number 12
Level2.destination_country_code 999
ListQuery.limit 100
OrderCart.currency 3
OrdersQuery.limit 100
PayRequest.customer 5000
PayRequest.external_reference_id 12
PayRequest.source 5000
PlanRequest.name 127
PlanUpdate.name 127
PlatformCustomerRequest.firstName 64
PlatformCustomerRequest.lastName 64
PlatformCustomerUpdate.firstName 64
PlatformCustomerUpdate.lastName 64
PlatformOrderRequest.currency 3
PlatformQuery.limit 1000
RefundRequest.external_reference_id 12
ServiceChargeRequest.percentage 100
"""
"""Maximums that Clover's pages or clients state. The replies call all others this mock's own."""


def test_a_maximum_is_stated_by_a_source_or_called_our_own() -> None:
    stated: dict[str, str] = {}
    for record in request_records():
        for field in msgspec.structs.fields(record):
            for value, _ in wrong_values(field.type):
                rule = rule_of(record, field.encode_name, {field.encode_name: value}) or ""
                limit = re.search(r"; at most ([0-9]+)$", rule)
                if limit and limit[1] != str(AMOUNT_MAX):
                    stated[f"{record.__name__}.{field.encode_name}"] = limit[1]
    found = [f"{name} {limit}" for name, limit in stated.items()]
    place = "CLOVERS_MAXIMUMS, with a source that states it"
    assert_names(CLOVERS_MAXIMUMS.strip().splitlines(), found, place, "the records of requests")


NAMING = ("charges", "customers", "orders", "refunds", "tokens")
"""Resources whose handlers name the rule for each error; others for errors with many causes."""


def test_handlers_name_the_rule_too() -> None:
    errors = []
    for file in PACKAGE.rglob("*.py"):
        names = r"\w+" if file.parent.name in NAMING else "INVALID_REQUEST|CHECKOUT_INVALID"
        text = file.read_text()
        if not re.search(rf"\b({names})[.]error", text):
            continue
        for call in ast.walk(ast.parse(text)):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            raised = ast.unparse(call.func)
            named = {"rule", "reason", "why"} & {each.arg for each in call.keywords}
            if re.fullmatch(f"({names})[.]error", raised) and not named:
                errors.append(f"{file.name}:{call.lineno}: pass rule= to {raised}(...)")
    assert_no_errors(errors)


def test_why_has_member_value_rule_and_then_provenance(server: InProcessServer) -> None:
    charge = {"amount": 1800, "currency": "usd", "source": "clv_1"}
    item = {"amount": 100, "quantity": 1}
    for path, body, rule, problem, level in (
        (
            "/v1/charges",
            charge | {"external_reference_id": "x" * 36},
            "external_reference_id has 36 characters; at most 12",
            *("INVALID_EXTERNAL_REFERENCE", "observed"),
        ),
        (
            "/v1/charges",
            charge | {"external_reference_id": "ORDER-12"},
            'external_reference_id is "ORDER-12"; must match ^([A-Za-z0-9]+( +[A-Za-z0-9]+)*)?$ '
            "(Up to 12 letters, digits and spaces between them)",
            *("INVALID_EXTERNAL_REFERENCE", "observed"),
        ),
        (
            "/v1/charges",
            charge | {"amount": "4242 4242 4242 4242 x"},
            'amount is "[card ...[digits]] x"; must be an integer in cents, such as 1850 for '
            "$18.50",
            *("INVALID_CHARGE_AMOUNT", "observed"),
        ),
        (
            "/v1/orders",
            {"currency": "usd", "items": [item, item | {"quantity": "two"}]},
            'items[1].quantity is "two"; must be an integer',
            *("INVALID_ITEMS", "inferred"),
        ),
        (
            "/v1/orders",
            {"currency": "usd", "items": [item, item | {"amount": "-1"}]},
            "items[1].amount is -1; at least 0",
            *("INVALID_ITEMS", "inferred"),
        ),
        (
            "/v1/tokens",
            {"card": {"number": "4242424242424242", "cvv": [1, 2, 3]}},
            "card.cvv is an array of 3 items; must be a string",
            *("INVALID_PAN", "documented"),
        ),
    ):
        got = server.send("POST", path, body)
        assert (got.status, got.why.startswith(f"{problem} ({rule}) ({level}: ")) == (400, True), (
            got.why
        )


def test_a_rule_of_a_query_is_named(make_server: MakeServer) -> None:
    got = make_server().send("GET", "/v1/charges?limit=101")
    assert got.why.startswith("INVALID_REQUEST (limit is 101; at most 100) (inferred: ")


COMPRESSED = "it is compressed with {}, send it without a content-encoding"


def test_why_says_what_a_body_is_that_is_not_json(server: InProcessServer) -> None:
    for raw, encoding, hint in (
        (b"amount=1&currency=usd", "", "it is a form, send JSON"),
        (b"amount=1", "identity", "it is a form, send JSON"),
        (b"\x1f\x8b\x08", "", COMPRESSED.format("gzip")),
        (b"\x28\xb5\x2f\xfd\x04", "", COMPRESSED.format("zstd")),
        (b"\x0b\x01\x80{}\x03", "br", COMPRESSED.format("br")),
        (b"x\x9c\xab\xae\x05\x00", "deflate", COMPRESSED.format("deflate")),
        (b"\xef\xbb\xbf{}", "", "send UTF-8 without a byte order mark"),
        ("{}".encode("utf-16"), "", "it is UTF-16, send UTF-8"),
    ):
        headers = {"content-encoding": encoding} if encoding else {}
        reply = server.send("POST", "/v1/charges", raw=raw, headers=headers)
        assert f"line 1, column 1; {hint}) (documented: " in reply.why, reply.why
