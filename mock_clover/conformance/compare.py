"""Compare a response with the recorded one: missing or extra members, types, formats and values.

`echoes` maps recorded identifiers to those of the server, because a repeated identifier must refer
to the same object. `loose` are paths with a different value in each run.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from mock_clover.conformance.formats import format_of, has_format, is_identifier
from mock_clover.reference.flows import RecordedReply

_SUBSTRING_CHARS_MIN = 12
"""Shorter texts may be a substring of another by chance."""


class Difference(NamedTuple):
    """A difference. `expected` and `got` are values, a `Format` or `ABSENT`."""

    path: str
    kind: str
    expected: Any
    got: Any


class Absent:
    """Marker for a missing member."""

    def __repr__(self) -> str:
        """Return the text used in reports."""
        return "nothing"


ABSENT = Absent()


class Format(str):
    """The name of a format, in place of a value."""

    __slots__ = ()


def compare(
    expected: RecordedReply,
    got: RecordedReply,
    echoes: dict[str, str],
    loose: Collection[str] = (),
    *,
    whole_lists: bool = True,
) -> list[Difference]:
    """Return all differences; if the status differs, only that one.

    Without `whole_lists`, lists may have elements that the flow did not create (shared servers).
    """
    if expected.status != got.status:
        return [
            Difference(path="status", kind="status", expected=expected.status, got=_status(got))
        ]
    comparison = _Comparison(echoes, loose, whole_lists=whole_lists)
    if expected.media and expected.media != got.media:
        comparison.add("content-type", "media type", expected.media, got.media or ABSENT)
        if expected.media == "application/json" and isinstance(got.body, str):
            return comparison.differences
    comparison.object("headers", expected.headers, got.headers, closed=False)
    if expected.body is not None:
        comparison.value("body", expected.body, got.body)
    return comparison.differences


def echoed(text: str, echoes: dict[str, str], member: str = "") -> str:
    """Return a recorded text with the identifiers of this server."""
    if text in echoes and (len(text) >= _SUBSTRING_CHARS_MIN or member == "exp_year"):
        return echoes[text]
    for recorded, actual in echoes.items():
        if len(recorded) >= _SUBSTRING_CHARS_MIN and recorded in text:
            text = text.replace(recorded, actual)
    return text


def is_open(expected: Any) -> bool:
    """Return whether an object is the envelope of a list."""
    return isinstance(expected, dict) and (
        expected.get("object") == "list" or isinstance(expected.get("elements"), list)
    )


class _Comparison:
    def __init__(
        self, echoes: dict[str, str], loose: Collection[str], *, whole_lists: bool
    ) -> None:
        self._echoes = echoes
        self._loose = loose
        self._whole_lists = whole_lists
        self.differences: list[Difference] = []

    def add(self, path: str, kind: str, expected: Any, got: Any) -> None:
        self.differences.append(Difference(path=path, kind=kind, expected=expected, got=got))

    def value(self, path: str, expected: Any, got: Any) -> None:
        if type(expected) is not type(got):
            self.add(path, "type", Format(_type(expected)), Format(_type(got)))
        elif isinstance(expected, dict):
            self.object(path, expected, got, closed=True)
        elif isinstance(expected, list):
            self._list(path, expected, got)
        else:
            self._leaf(path, expected, got)

    def object(
        self, path: str, expected: dict[str, Any], got: dict[str, Any], *, closed: bool
    ) -> None:
        for name, value in expected.items():
            at = f"{path}.{name}"
            if name not in got:
                self.add(at, "missing", self._shape(value), ABSENT)
            elif isinstance(value, list) and is_open(expected) and path == "body":
                self._elements(at, value, got[name])
            else:
                self.value(at, value, got[name])
        for name in got if closed else ():
            if name not in expected:
                self.add(f"{path}.{name}", "extra", ABSENT, self._shape(got[name]))

    def _list(self, path: str, expected: list[Any], got: list[Any]) -> None:
        if path == "body":
            self._elements(path, expected, got)
            return
        if len(expected) != len(got):
            self.add(path, "length", Format(_count(expected)), Format(_count(got)))
            return
        for index, (value, other) in enumerate(zip(expected, got, strict=True)):
            self.value(f"{path}[{index}]", value, other)

    def _elements(self, path: str, expected: list[Any], got: Any) -> None:
        """Compare a list. On a shared server, compare only the elements that this flow created."""
        if not isinstance(got, list):
            self.add(path, "type", Format("a list"), Format(_type(got)))
            return
        if self._whole_lists:
            if len(expected) != len(got):
                self.add(path, "length", Format(_count(expected)), Format(_count(got)))
                return
            for index, (value, other) in enumerate(zip(expected, got, strict=True)):
                self.value(f"{path}[{index}]", value, other)
            return
        by_id = {str(each.get("id")): each for each in got if isinstance(each, dict)}
        for index, value in enumerate(expected):
            known = self._echoes.get(value.get("id", "")) if isinstance(value, dict) else None
            if known is not None and known in by_id:
                self.value(f"{path}[{index}]", value, by_id[known])
            elif known is not None:
                self.add(f"{path}[{index}]", "missing", Format("a row of the flow"), ABSENT)

    def _leaf(self, path: str, expected: Any, got: Any) -> None:
        form = format_of(expected)
        if isinstance(expected, str):
            echo = echoed(expected, self._echoes, path.rpartition(".")[2])
            if echo == got:
                return
            known = echo != expected or expected in self._echoes
            if known and path not in self._loose:
                value = Format("the same as before") if is_identifier(expected) else echo
                self.add(path, "value", value, got)
                return
        if form:
            if not has_format(got, form):
                self.add(path, "format", Format(form), got)
        elif expected != got and path not in self._loose:
            self.add(path, "value", expected, got)

    def _shape(self, value: Any) -> Any:
        form = format_of(value)
        return Format(form or _type(value)) if form or not isinstance(value, bool) else value


def _status(got: RecordedReply) -> Any:
    """Return the status, with the error code if there is one."""
    error = got.body.get("error") if isinstance(got.body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return Format(f"{got.status} {code}") if isinstance(code, str) else got.status


def _type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    names |= {int: "a whole number", float: "a fraction", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _count(values: list[Any]) -> str:
    return f"{len(values)} element{'' if len(values) == 1 else 's'}"
