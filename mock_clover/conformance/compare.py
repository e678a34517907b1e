"""Compare a response with the recorded one: missing or extra fields, types, formats and values.

`id_map` maps recorded identifiers to those of the server, because a repeated identifier must refer
to the same object. `variable_paths` are the paths of values that differ in each run.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from mock_clover.conformance.formats import format_of, has_format, is_identifier
from mock_clover.reference.flows import RecordedReply

_SUBSTRING_CHARS_MIN = 12
"""A shorter text could be a substring of another by chance."""


class Difference(NamedTuple):
    """A difference. `expected` and `got` are values, a `Format` or `ABSENT`."""

    path: str
    kind: str
    expected: Any
    got: Any


class Absent:
    """Marker for a missing field."""

    def __repr__(self) -> str:
        """Return the text used in reports."""
        return "(absent)"


ABSENT = Absent()


class Format(str):
    """The name of a format, in place of a value."""

    __slots__ = ()


def compare(
    expected: RecordedReply,
    got: RecordedReply,
    id_map: dict[str, str],
    variable_paths: Collection[str] = (),
    *,
    exact_lists: bool = True,
) -> list[Difference]:
    """Return all differences; if the status differs, only that one.

    Without `exact_lists`, lists may contain elements that the flow did not create (shared servers).
    """
    if expected.status != got.status:
        return [
            Difference(path="status", kind="status", expected=expected.status, got=_status(got))
        ]
    comparison = _Comparison(id_map, variable_paths, exact_lists=exact_lists)
    if expected.media and expected.media != got.media:
        comparison.add("content-type", "media type", expected.media, got.media or ABSENT)
        if expected.media == "application/json" and isinstance(got.body, str):
            return comparison.differences
    comparison.compare_object("headers", expected.headers, got.headers, reject_extra_fields=False)
    if expected.body is not None:
        comparison.compare_value("body", expected.body, got.body)
    return comparison.differences


def compare_exactly(path: str, expected: Any, got: Any) -> list[Difference]:
    """Return all differences of two JSON values; none of their values may vary."""
    comparison = _Comparison({}, (), exact_lists=True, exact_values=True)
    comparison.compare_value(path, expected, got)
    return comparison.differences


def replace_ids(text: str, id_map: dict[str, str], field: str = "") -> str:
    """Replace the recorded identifiers in a text with the server's."""
    if text in id_map and (len(text) >= _SUBSTRING_CHARS_MIN or field == "exp_year"):
        return id_map[text]
    for recorded, actual in id_map.items():
        if len(recorded) >= _SUBSTRING_CHARS_MIN and recorded in text:
            text = text.replace(recorded, actual)
    return text


def is_list_envelope(expected: Any) -> bool:
    """Return whether an object is the envelope of a list."""
    return isinstance(expected, dict) and (
        expected.get("object") == "list" or isinstance(expected.get("elements"), list)
    )


class _Comparison:
    def __init__(
        self,
        id_map: dict[str, str],
        variable_paths: Collection[str],
        *,
        exact_lists: bool,
        exact_values: bool = False,
    ) -> None:
        self._id_map = id_map
        self._variable_paths = variable_paths
        self._exact_lists = exact_lists
        self._exact_values = exact_values
        self.differences: list[Difference] = []

    def add(self, path: str, kind: str, expected: Any, got: Any) -> None:
        self.differences.append(Difference(path=path, kind=kind, expected=expected, got=got))

    def compare_value(self, path: str, expected: Any, got: Any) -> None:
        if type(expected) is not type(got):
            self.add(path, "type", Format(_type(expected)), Format(_type(got)))
        elif isinstance(expected, dict):
            self.compare_object(path, expected, got, reject_extra_fields=True)
        elif isinstance(expected, list) and path == "body":
            self._compare_elements(path, expected, got)
        elif isinstance(expected, list):
            self._compare_in_order(path, expected, got)
        else:
            self._compare_scalar(path, expected, got)

    def compare_object(
        self, path: str, expected: dict[str, Any], got: dict[str, Any], *, reject_extra_fields: bool
    ) -> None:
        for name, value in expected.items():
            field_path = f"{path}.{name}"
            if name not in got:
                self.add(field_path, "missing", self._describe(value), ABSENT)
            elif isinstance(value, list) and is_list_envelope(expected) and path == "body":
                self._compare_elements(field_path, value, got[name])
            else:
                self.compare_value(field_path, value, got[name])
        for name in got if reject_extra_fields else ():
            if name not in expected:
                self.add(f"{path}.{name}", "extra", ABSENT, self._describe(got[name]))

    def _compare_in_order(self, path: str, expected: list[Any], got: list[Any]) -> None:
        if len(expected) != len(got):
            self.add(path, "length", Format(_count(expected)), Format(_count(got)))
            return
        for index, (value, other) in enumerate(zip(expected, got, strict=True)):
            self.compare_value(f"{path}[{index}]", value, other)

    def _compare_elements(self, path: str, expected: list[Any], got: Any) -> None:
        """Compare a list. On a shared server, compare only the elements that this flow created."""
        if not isinstance(got, list):
            self.add(path, "type", Format("a list"), Format(_type(got)))
            return
        if self._exact_lists:
            self._compare_in_order(path, expected, got)
            return
        by_id = {str(each.get("id")): each for each in got if isinstance(each, dict)}
        for index, value in enumerate(expected):
            known = self._id_map.get(value.get("id", "")) if isinstance(value, dict) else None
            if known is not None and known in by_id:
                self.compare_value(f"{path}[{index}]", value, by_id[known])
            elif known is not None:
                self.add(f"{path}[{index}]", "missing", Format("an object of the flow"), ABSENT)

    def _compare_scalar(self, path: str, expected: Any, got: Any) -> None:
        if self._exact_values:
            if expected != got:
                self.add(path, "value", expected, got)
            return
        format_name = format_of(expected)
        if isinstance(expected, str):
            echo = replace_ids(expected, self._id_map, path.rpartition(".")[2])
            if echo == got:
                return
            known = echo != expected or expected in self._id_map
            if known and path not in self._variable_paths:
                value = (
                    Format("the identifier of an earlier step") if is_identifier(expected) else echo
                )
                self.add(path, "value", value, got)
                return
        if format_name:
            if not has_format(got, format_name):
                self.add(path, "format", Format(format_name), got)
        elif expected != got and path not in self._variable_paths:
            self.add(path, "value", expected, got)

    def _describe(self, value: Any) -> Any:
        if self._exact_values:
            return value
        format_name = format_of(value)
        return (
            Format(format_name or _type(value))
            if format_name or not isinstance(value, bool)
            else value
        )


def _status(got: RecordedReply) -> Any:
    """Return the status, with the error code if there is one."""
    error = got.body.get("error") if isinstance(got.body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return Format(f"{got.status} {code}") if isinstance(code, str) else got.status


def _type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    names |= {int: "an integer", float: "a number with decimals", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _count(values: list[Any]) -> str:
    return f"{len(values)} element{'' if len(values) == 1 else 's'}"
