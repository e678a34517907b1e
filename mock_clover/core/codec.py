"""Decode bytes to a record, or to violations with a path and a message.

The fast path is one pass of msgspec. A body that fails it takes the slow path, which accepts what
real clients send (a number where a string is documented) and otherwise collects every violation.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec

from mock_clover.core.broken_rule import OWN_LIMIT, broken_rule
from mock_clover.core.evidence import CENTS_META, type_hints
from mock_clover.core.masking import redact, redact_field_name
from mock_clover.core.money import fraction_of_amount
from mock_clover.core.printable import printable
from mock_clover.core.record import Record, SecretRecord, Value
from mock_clover.core.suggestions import RATIO_MIN, nearest_word

T = TypeVar("T", bound=Record)

_LENIENT_ITEMS_MAX = 1_000
"""Items of a longer list are not coerced: that would block other requests."""
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_ENUM_ERROR = "Invalid enum value "
_MESSAGE_CHARS_MAX = 300
"""A longer message quotes a text of the client; it is cut before the quote."""
_UNQUOTED = re.compile(r"[^'\"`]*")
_UNKNOWN_FIELD_ERROR = re.compile(r"unknown field `([^`]*)`")
_DEPTH_DELTA_BY_BYTE = tuple({91: 1, 123: 1, 93: -1, 125: -1}.get(byte, 0) for byte in range(256))
_ERROR_PATH = re.compile(r" - at `\$(?P<path>[^`]{0,300})`$")
DEPTH_MAX = 64
"""Maximum nesting depth of a body. Real bodies have at most six levels."""


class MalformedError(Exception):
    """The body is not a JSON object."""


class Violation(Value, frozen=True):
    """One invalid field of a body: its path, such as `card.exp_month`, and a message."""

    path: str
    problem_name: str
    message: str
    rule: str
    """The member, what was sent, and the rule that it broke."""


class ViolationsError(Exception):
    """The body is valid JSON but does not match the record.

    `violations` is never empty and follows the order of the record's fields.
    """

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__("; ".join(v.rule.removesuffix(OWN_LIMIT) for v in violations))
        self.violations = violations


class Codec(Generic[T]):
    """Decodes one type of record."""

    def __init__(self, record: type[T]) -> None:
        self.record = record
        self.strict = _forbid_unknown(record)
        """The type of a body in which all top-level fields have their type and an effect."""
        self._decode = msgspec.json.Decoder(self.strict).decode

    def decode(self, raw: bytes) -> T:
        """Decode a JSON body; an empty body counts as an empty object.

        The fast path returns an instance of the strict subclass. A number in quotes takes the slow
        path. Raises MalformedError or ViolationsError.
        """
        check_depth(raw)
        try:
            return self._decode(raw or b"{}")
        except msgspec.ValidationError:
            pass  # convert outside the handler, so that no later error chains to this one
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise MalformedError(redact(str(error))) from None
        return self.convert(_parse(raw))

    def convert(self, tree: object) -> T:
        """Convert a parsed object to the record, accepting numbers for strings.

        Raises MalformedError or ViolationsError.
        """
        if not isinstance(tree, dict):
            raise MalformedError(f"Expected an object, got {_json_type(tree)}")
        coerced = _coerce_leniently(tree, self.record)
        try:
            return msgspec.convert(coerced, self.record, strict=False)
        except (msgspec.ValidationError, RecursionError, ValueError) as error:
            message = _with_suggestion(error_message(error), "", self.record)
        violations = _violations(coerced, self.record, tree) or [
            Violation(path="", problem_name="", message=message, rule=message)
        ]
        raise ViolationsError(tuple(violations))


def check_depth(raw: bytes) -> None:
    """Raise MalformedError for a body that is nested too deeply to be encoded again.

    Brackets within strings do not count; an unterminated string extends to the end of the body.
    The time is always linear in the size of the body: a regular expression that must find the
    closing quote would be quadratic if there is none.
    """
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:
        return
    # Without escaped backslashes and then escaped quotes, every remaining quote opens or closes
    # a string.
    unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(unescaped.split(b'"')[::2]).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_DEPTH_DELTA_BY_BYTE.__getitem__, brackets)), default=0) > DEPTH_MAX:
        raise MalformedError(f"JSON is nested more than {DEPTH_MAX} levels deep")


def error_message(error: Exception) -> str:
    """Return a decoder's message without card numbers, and an invalid enum value without digits.

    It does not quote a long value, which would also be in headers and logs.
    """
    message = str(error)
    path = _ERROR_PATH.search(message)
    text, location = message[: path.start()] if path else message, path[0] if path else ""
    if len(text) > _MESSAGE_CHARS_MAX and (before := _UNQUOTED.match(text)):
        text = f"{before[0]}of more than {_MESSAGE_CHARS_MAX} characters"
    elif text.startswith(_ENUM_ERROR):
        text = redact_field_name(text)
    return redact(f"{text}{location}")


def _forbid_unknown(record: type[T]) -> type[T]:
    """Return a subclass that rejects unknown fields, and those that have no effect."""
    subclass: Any = msgspec.defstruct(
        record.__name__,
        [(name, None, None) for name in _names_without_effect(record)],
        bases=(record,),
        namespace={"__module__": record.__module__, "__doc__": record.__doc__},
        forbid_unknown_fields=True,
        frozen=True,
        gc=False,
    )
    strict: type[T] = subclass
    return strict


def parse(raw: bytes) -> object:
    """Parse JSON of any shape. Raises MalformedError."""
    check_depth(raw)
    return _parse(raw)


def _parse(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise MalformedError(redact(str(error))) from None


Objects = Iterator[tuple[str, dict[str, Any], type[Record]]]
"""Objects of a body: the prefix of the paths of its members, the object and its record."""


def _objects(tree: object, record: type[Record], prefix: str = "") -> Objects:
    """Yield the objects of a body that have a record, outermost first."""
    if not isinstance(tree, dict):
        return
    yield prefix, tree, record
    hints = _hints(record)
    for key, value in tree.items():
        hint = hints.get(key)
        inner = _record_type_of(hint, isinstance(value, list)) or _record_type_of(hint)
        if inner is not None and isinstance(value, list):
            for index, item in enumerate(value[:_LENIENT_ITEMS_MAX]):
                yield from _objects(item, inner, f"{prefix}{key}[{index}].")
        elif inner is not None:
            yield from _objects(value, inner, f"{prefix}{key}.")


def unknown_fields(tree: object, record: type[Record]) -> Iterator[str]:
    """Yield the paths of fields that the record does not have, outermost first."""
    for prefix, members, inner in _objects(tree, record):
        hints = _hints(inner)
        yield from (f"{prefix}{key}" for key in members if key not in hints)


def fields_without_effect(tree: object, record: type[Record]) -> Iterator[str]:
    """Yield the paths of fields that are accepted but have no effect."""
    for prefix, members, inner in _objects(tree, record):
        for name in _names_without_effect(inner):
            if members.get(name) is not None:
                yield f"{prefix}{name}"


def fractional_amounts(tree: object, record: type[Record]) -> Iterator[str]:
    """Yield a sentence about each amount in minor units that is written with a fraction."""
    for prefix, members, inner in _objects(tree, record):
        for name in _amount_names(inner):
            values = members.get(name)
            for value in values if isinstance(values, list) else (values,):
                if text := fraction_of_amount(value):
                    yield f"{prefix}{name}: {text}"


def _metas(hint: Any) -> Iterator[msgspec.Meta]:
    """Yield the metadata of a type, of the members of a union and of the items of a list."""
    metadata = getattr(hint, "__metadata__", None)
    if metadata is not None:
        yield from (meta for meta in metadata if isinstance(meta, msgspec.Meta))
        hint = hint.__origin__
    if get_origin(hint) is not dict:
        for part in get_args(hint):
            yield from _metas(part)


@cache
def _names_without_effect(record: type[Record]) -> tuple[str, ...]:
    return tuple(
        name
        for name, hint in _hints(record).items()
        if any(meta.extra and meta.extra.get("has_no_effect") for meta in _metas(hint))
    )


@cache
def _amount_names(record: type[Record]) -> tuple[str, ...]:
    """Return the names of the fields that are amounts in minor units, by their type."""
    return tuple(
        name
        for name, hint in _hints(record).items()
        if any(meta is CENTS_META for meta in _metas(hint))
    )


@cache
def problem_name_of_field(record: type[Record], field: str) -> str:
    """Return the name of the problem that an invalid value of a field raises, or ''."""
    hint = type_hints(record).get(field)
    for part in (hint, *get_args(hint)):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, msgspec.Meta) and meta.extra and "problem_name" in meta.extra:
                return str(meta.extra["problem_name"])
    return ""


@cache
def _hints(record: type[Record]) -> dict[str, Any]:
    """Return the types of a record's fields by encoded name."""
    hints = type_hints(record)
    names = zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True)
    return {encoded: hints[name] for encoded, name in names}


@cache
def _fields(record: type[Record]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the fields of a record. Cached, because msgspec resolves all types again."""
    return msgspec.structs.fields(record)


def _violations(
    tree: dict[str, object], record: type[Record], sent: dict[str, object]
) -> list[Violation]:
    """Return the violations of a coerced tree; `sent` is the tree before it was coerced."""
    violations = []
    for field in _fields(record):
        problem_name = problem_name_of_field(record, field.name)
        if field.encode_name not in tree:
            if field.required:
                violations.append(_violation(field, "", problem_name, "is missing", record, sent))
            continue
        try:
            msgspec.convert(tree[field.encode_name], field.type, strict=False)
        except (msgspec.ValidationError, RecursionError, ValueError) as error:
            message = error_message(error)
            match = _ERROR_PATH.search(message)
            below = match["path"] if match else ""
            message = _ERROR_PATH.sub("", message)
            violations.append(_violation(field, below, problem_name, message, record, sent))
    return violations


def _violation(
    field: msgspec.structs.FieldInfo,
    below: str,
    problem_name: str,
    message: str,
    record: type[Record],
    sent: dict[str, object],
) -> Violation:
    """Return a violation at a path below a field, with the sentence about the broken rule."""
    path = field.encode_name + below
    hint: Any = field.type
    value: Any = sent.get(field.encode_name)
    is_secret = issubclass(record, SecretRecord)
    for step in re.findall(r"[^.\[\]]+", below):
        inner = _record_type_of(hint)
        is_secret = is_secret or (inner is not None and issubclass(inner, SecretRecord))
        if isinstance(value, list):
            value = value[int(step)]
        else:
            hint = _hints(inner).get(step) if inner is not None else None
            value = value.get(step) if isinstance(value, dict) else None
    message = _with_suggestion(message, path, record)
    return Violation(
        path=path,
        problem_name=problem_name,
        message=message,
        rule=printable(broken_rule(path, message, value, hint, is_secret=is_secret)),
    )


def _with_suggestion(message: str, path: str, record: type[Record]) -> str:
    """Append a suggestion to the message about an unknown field."""
    unknown = _UNKNOWN_FIELD_ERROR.search(message)
    if unknown is None:
        return message
    inner = _record_at(path, record)
    known = () if inner is None else sorted(_hints(inner))
    near = nearest_word(unknown[1], known)
    choices = f"; allowed: {', '.join(known)}" if known else ""
    return f"{message}; did you mean `{near}`?" if near else f"{message}{choices}"


def nearest_known_path(path: str, record: type[Record], ratio_min: float = RATIO_MIN) -> str:
    """Return the path of the known field with the most similar name, or ''."""
    before, _, name = path.rpartition(".")
    inner = _record_at(before, record)
    near = nearest_word(name, _hints(inner), ratio_min) if inner else ""
    return f"{before}.{near}".lstrip(".") if near else ""


def _record_at(path: str, record: type[Record]) -> type[Record] | None:
    """Return the record at a path within another, or None."""
    inner: type[Record] | None = record
    for step in re.findall(r"[^.\[\]]+", path):
        if inner is not None and not step.isdigit():
            inner = _record_type_of(_hints(inner).get(step))
    return inner


def _coerce_leniently(tree: dict[str, object], record: type[Record]) -> dict[str, object]:
    hints = _hints(record)
    coerced: dict[str, object] = {}
    for key, value in tree.items():
        hint = hints.get(key)
        inner = _record_type_of(hint)
        if inner is not None and isinstance(value, dict):
            coerced[key] = _coerce_leniently(value, inner)
        elif inner is not None and isinstance(value, list) and len(value) <= _LENIENT_ITEMS_MAX:
            coerced[key] = [
                _coerce_leniently(v, inner) if isinstance(v, dict) else v for v in value
            ]
        elif isinstance(value, int | float) and not isinstance(value, bool) and _accepts_str(hint):
            coerced[key] = str(value)
        else:
            coerced[key] = value
    return coerced


def _union_members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself, without Annotated."""
    if hasattr(hint, "__metadata__"):
        return _union_members(hint.__origin__)
    if get_origin(hint) is Union or type(hint).__name__ == "UnionType":
        return tuple(part for arg in get_args(hint) for part in _union_members(arg))
    return (hint,)


@cache
def _accepts_str(hint: Any) -> bool:
    return str in _union_members(hint)


@cache
def _record_type_of(hint: Any, is_list: bool | None = None) -> type[Record] | None:  # noqa: FBT001 - a cache key
    """Return the record of a field or of the items of its list; None allows both."""
    for part in _union_members(hint):
        if not is_list and isinstance(part, type) and issubclass(part, Record):
            return part
        if is_list is not False and get_origin(part) in (list, tuple):
            return _record_type_of(get_args(part)[0])
    return None


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number"}
    return names.get(type(value), "a number")
