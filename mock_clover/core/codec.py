"""Bytes become a record, or violations that say where and why. Past here there is no dict.

The quick way is one pass of msgspec. Only a body that fails it takes the slow way, which forgives
what real clients send (a number where a string is documented) and then collects every violation.
"""

import re
from functools import cache
from itertools import accumulate
from typing import Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from mock_clover.core.masking import masked_repr, redact, redact_name
from mock_clover.core.record import Record

T = TypeVar("T", bound=Record)

_FORGIVEN_ITEMS_MAX = 1_000
"""A longer list is not searched for what could be forgiven: that would hold the others up."""
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_WORD = re.compile(r"Invalid enum value '.*'", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_STEPS = tuple({91: 1, 123: 1, 93: -1, 125: -1}.get(byte, 0) for byte in range(256))
_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")


DEPTH_MAX = 64
"""Levels of nesting; an honest body has six."""


class MalformedError(Exception):
    """The body is no JSON object at all."""


class Violation(NamedTuple):
    """One thing that is wrong with a body: where (`card.exp_month`), and what."""

    path: str
    problem: str
    said: str

    def __repr__(self) -> str:
        """Show it, card numbers masked."""
        return masked_repr(self)


class ViolationsError(Exception):
    """The body is JSON but not this record; never empty, in the order of the record's fields."""

    def __init__(self, found: tuple[Violation, ...]) -> None:
        super().__init__("; ".join(f"{v.path}: {v.said}" if v.path else v.said for v in found))
        self.found = found


class Codec(Generic[T]):
    """Decodes one kind of record."""

    def __init__(self, record: type[T]) -> None:
        self.record = record
        self._strict = _forbid_unknown(record)
        self._decode = msgspec.json.Decoder(self._strict, strict=False).decode

    def decode(self, raw: bytes) -> T:
        """Decode a JSON body; an empty one is an empty object.

        What the quick way decodes is of the record's strict twin, whose outermost members are all
        known: `is_plain` tells. Raises MalformedError or ViolationsError.
        """
        check_depth(raw)
        try:
            return self._decode(raw or b"{}")
        except msgspec.ValidationError:
            pass  # outside of the handler, so that no later error carries this one's words
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise MalformedError(redact(str(error))) from None
        return self.convert(_parse(raw))

    def is_plain(self, decoded: object, raw: bytes) -> bool:
        """Tell, at no cost, that a body has no unknown members; False means that it may have."""
        return type(decoded) is self._strict and raw.count(b"{") <= 1

    def convert(self, tree: object) -> T:
        """Turn a parsed object into the record, forgiving numbers for strings."""
        if not isinstance(tree, dict):
            raise MalformedError(f"Expected an object, got {_kind(tree)}")
        forgiven = _coerce_leniently(tree, self.record)
        try:
            return msgspec.convert(forgiven, self.record, strict=False)
        except (msgspec.ValidationError, RecursionError, ValueError) as error:
            said = _reason(error)
        found = _violations(forgiven, self.record) or [
            Violation("", "", _meant(said, "", self.record))
        ]
        raise ViolationsError(tuple(found))


def check_depth(raw: bytes) -> None:
    """Reject a body that is nested too deep to be shown again. Raises MalformedError.

    Brackets within strings do not count; a string that never ends extends to the end of the body.
    The time is linear in the size of the body, whatever the body holds: a regular expression that
    must find the closing quote is quadratic where there is none.
    """
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:
        return
    # Without escaped backslashes and then escaped quotes, every quote left opens or ends a string.
    unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(unescaped.split(b'"')[::2]).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > DEPTH_MAX:
        raise MalformedError(f"Nested deeper than {DEPTH_MAX}")


def _reason(error: Exception) -> str:
    """Return an error's words without card numbers, and a wrong word of a list without digits."""
    return _WORD.sub(lambda found: redact_name(found[0]), redact(str(error)))


def _forbid_unknown(record: type[T]) -> type[T]:
    """Return a record's subclass that takes no unknown members."""
    twin: Any = msgspec.defstruct(
        record.__name__,
        (),
        bases=(record,),
        namespace={"__module__": record.__module__, "__doc__": record.__doc__},
        forbid_unknown_fields=True,
        frozen=True,
        gc=False,
    )
    strict: type[T] = twin
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


def unknown_members(tree: object, record: type[Record], at: str = "") -> list[str]:
    """Return the paths of members that the record does not know, outermost first."""
    if not isinstance(tree, dict):
        return []
    hints = _hints(record)
    found = [f"{at}{key}" for key in tree if key not in hints]
    for key, value in tree.items():
        inner = _record_in(hints.get(key))
        if inner is not None and isinstance(value, list):
            for place, each in enumerate(value[:_FORGIVEN_ITEMS_MAX]):
                found += unknown_members(each, inner, f"{at}{key}[{place}].")
        elif inner is not None:
            found += unknown_members(value, inner, f"{at}{key}.")
    return found


@cache
def problem_of(record: type[Record], field: str) -> str:
    """Return the name of the problem that a bad value of a field is refused as, or ''."""
    hint = get_type_hints(record, include_extras=True).get(field)
    for part in (hint, *get_args(hint)):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, msgspec.Meta) and meta.extra and "refused_as" in meta.extra:
                return str(meta.extra["refused_as"])
    return ""


@cache
def _hints(record: type[Record]) -> dict[str, Any]:
    """Return the types of a record's members; looking them up takes 100 microseconds."""
    hints = get_type_hints(record, include_extras=True)
    names = zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True)
    return {encoded: hints[name] for encoded, name in names}


def _violations(tree: dict[str, object], record: type[Record]) -> list[Violation]:
    found = []
    for field in msgspec.structs.fields(record):
        refused_as = problem_of(record, field.name)
        if field.encode_name not in tree:
            if field.required:
                found.append(Violation(field.encode_name, refused_as, "is missing"))
            continue
        try:
            msgspec.convert(tree[field.encode_name], field.type, strict=False)
        except (msgspec.ValidationError, RecursionError, ValueError) as error:
            said = _reason(error)
            place = _PLACE.search(said)
            path = field.encode_name + (place["path"] if place else "")
            said = _meant(_PLACE.sub("", said), path, record)
            found.append(Violation(path, refused_as, said))
    return found


def _meant(said: str, path: str, record: type[Record]) -> str:
    """Add to an unknown member what was perhaps meant."""
    unknown = _UNKNOWN.search(said)
    near = nearest(f"{path}.{unknown[1]}", record).rpartition(".")[2] if unknown else ""
    return f"{said}; did you mean `{near}`?" if near else said


def nearest(path: str, record: type[Record]) -> str:
    """Return the path of the known member that is nearest to an unknown one, or ''."""
    import difflib

    before, _, name = path.rpartition(".")
    inner: type[Record] | None = record
    for step in re.findall(r"[^.\[\]]+", before):
        if inner is not None and not step.isdigit():
            inner = _record_in(_hints(inner).get(step))
    near = difflib.get_close_matches(name, _hints(inner), n=1) if inner else []
    return f"{before}.{near[0]}".lstrip(".") if near else ""


def _coerce_leniently(tree: dict[str, object], record: type[Record]) -> dict[str, object]:
    hints = _hints(record)
    forgiven: dict[str, object] = {}
    for key, value in tree.items():
        hint = hints.get(key)
        inner = _record_in(hint)
        if inner is not None and isinstance(value, dict):
            forgiven[key] = _coerce_leniently(value, inner)
        elif inner is not None and isinstance(value, list) and len(value) <= _FORGIVEN_ITEMS_MAX:
            forgiven[key] = [
                _coerce_leniently(v, inner) if isinstance(v, dict) else v for v in value
            ]
        elif isinstance(value, int | float) and not isinstance(value, bool) and _is_text(hint):
            forgiven[key] = str(value)
        else:
            forgiven[key] = value
    return forgiven


def _plain(hint: Any) -> tuple[Any, ...]:
    """Strip Annotated and unfold a union into its members."""
    if hasattr(hint, "__metadata__"):
        return _plain(hint.__origin__)
    if get_origin(hint) is Union or type(hint).__name__ == "UnionType":
        return tuple(part for arg in get_args(hint) for part in _plain(arg))
    return (hint,)


@cache
def _is_text(hint: Any) -> bool:
    return str in _plain(hint)


@cache
def _record_in(hint: Any) -> type[Record] | None:
    """Return the record that a member holds, by itself or in a list."""
    for part in _plain(hint):
        if isinstance(part, type) and issubclass(part, Record):
            return part
        if get_origin(part) in (list, tuple):
            return _record_in(get_args(part)[0])
    return None


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = {list: "an array", str: "a string", bool: "a boolean", int: "a number"}
    return kinds.get(type(value), "a number")
