"""YAML files become scenarios; a mistake is told with its file, line and nearest right word.

Safe by construction: the safe loader only, no aliases, no tags, no repeated keys, bounded size,
depth and number of values. What a record cannot say by its types, the laws below do: each finding
is a path and a sentence, and all of them are told at once. The only module that knows yaml.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, Never

import msgspec
import yaml

from mock_clover.scenario.records import Scenario, ScenarioError
from mock_clover.scenario.suggestions import Finding, Located, did_you_mean
from mock_clover.scenario.validation import find_errors, find_warnings

FILE_BYTES_MAX = 1_048_576
DEPTH_MAX = 32
VALUES_MAX = 60_000
"""Keys and values of a file: two thousand cards and a thousand rules have fewer."""
FINDINGS_MAX = 20

_yaml: Any = yaml  # its stubs know neither libyaml's marks nor its loader
_Loader = getattr(_yaml, "CSafeLoader", _yaml.SafeLoader)  # libyaml is eight times as fast
_PLACE = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<field>[^`]*)`")
_ENUM = re.compile(r"Invalid enum value '(?P<value>[^']*)'")
_UNQUOTED = re.compile(r"Expected `str(?: \| null)?`(?:, got `(?:int|float|bool)`)?$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_MISREAD = re.compile(
    r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$|\d{4}-\d\d?-\d\d?([Tt \t].*)?$", re.ASCII | re.DOTALL
)


def shipped_folder() -> Path:
    """Return the folder of shipped scenarios: in the wheel, or the checkout's."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def shipped_names() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(path.stem for path in shipped_folder().glob("*.yaml"))


def load(name_or_file: str, endpoints: Collection[str] = ()) -> Scenario:
    """Load a shipped scenario by name, or any file. Raises ScenarioError.

    `endpoints` are the operation names that rules and faults may have; any, when there are none.
    """
    return parse(*_read(name_or_file), endpoints)


def check(name_or_file: str, endpoints: Collection[str] = ()) -> tuple[Scenario, list[str]]:
    """Load as `load` does, and tell what may not be meant, a located line each."""
    raw, name = _read(name_or_file)
    scenario, doubts = check_text(raw, name, endpoints)
    return scenario, [each.told(name) for each in doubts]


def check_text(
    raw: bytes, name: str, endpoints: Collection[str] = ()
) -> tuple[Scenario, list[Located]]:
    """Parse as `parse` does, and tell what may not be meant."""
    scenario, node = _parse(raw, name, endpoints)
    doubts = ((path, f"warning: {said}") for path, said in find_warnings(scenario))
    return scenario, _located(node, doubts)


def text_of(name_or_file: str) -> bytes:
    """Return the text of a shipped scenario, or of a file. Raises ScenarioError."""
    return _read(name_or_file)[0]


def parse(raw: bytes, name: str, endpoints: Collection[str] = ()) -> Scenario:
    """Parse a scenario's text; `name` stands in front of what is wrong. Raises ScenarioError."""
    return _parse(raw, name, endpoints)[0]


def file_of(name_or_file: str) -> Path:
    """Return the file of a shipped scenario's name, or of a path. Raises ScenarioError."""
    if name_or_file.endswith((".yaml", ".yml")) or "/" in name_or_file:
        return Path(name_or_file)
    names = shipped_names()
    if name_or_file not in names:
        raise ScenarioError(
            f"there is no scenario {name_or_file!r}{did_you_mean(name_or_file, names)}; "
            f"shipped are: {', '.join(names)}; a file's path ends in .yaml"
        )
    return shipped_folder() / f"{name_or_file}.yaml"


def _read(name_or_file: str) -> tuple[bytes, str]:
    """Return a file's bytes and its name for messages."""
    path = file_of(name_or_file)
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > FILE_BYTES_MAX:
        raise ScenarioError(f"{path}: is larger than {FILE_BYTES_MAX} bytes")
    return raw, str(path)


def _parse(raw: bytes, name: str, endpoints: Collection[str]) -> tuple[Scenario, Any]:
    """Return a scenario and its YAML nodes, which know their places."""
    try:
        _refuse_bombs(raw)
        loader = _Loader(raw)
        node = loader.get_single_node()
        tree = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            raise ScenarioError(f"{name}: {error.problem}") from None
        raise _wrong(
            name, [Located(mark.line + 1, mark.column + 1, str(error.problem), "")]
        ) from None
    except (yaml.YAMLError, ArithmeticError, RecursionError, ValueError) as error:
        raise ScenarioError(f"{name}: is no YAML: {error}") from None
    try:
        scenario = msgspec.convert(tree, Scenario)
    except msgspec.ValidationError as error:
        raise _wrong(name, _located(node, [_mistyped(str(error))])) from None
    findings = list(
        islice(chain(_empty(node), find_errors(scenario, tree, endpoints)), FINDINGS_MAX)
    )
    if findings:
        raise _wrong(name, _located(node, findings))
    return scenario, node


def _wrong(name: str, found: list[Located]) -> ScenarioError:
    error = ScenarioError("\n".join(each.told(name) for each in found))
    error.found = tuple(found)
    return error


def _refuse_bombs(raw: bytes) -> None:
    """Refuse aliases, tags, repeated keys, deep nesting and floods before anything is built."""
    open_nodes: list[_Open] = []
    values = 0
    for event in _yaml.parse(raw, Loader=_Loader):
        if isinstance(event, _yaml.CollectionEndEvent):
            open_nodes.pop()
            continue
        if not isinstance(event, _yaml.NodeEvent):
            continue
        values += 1
        if values > VALUES_MAX:
            _refuse(event, f"more than {VALUES_MAX} values")
        if isinstance(event, _yaml.AliasEvent):
            _refuse(event, "aliases (*) are not allowed")
        if event.tag is not None:
            _refuse(event, f"tags (!) are not allowed: {event.tag[:80]}")
        value = getattr(event, "value", None)
        if open_nodes and not open_nodes[-1].take(value):
            _refuse(event, f"the key `{value}` stands here twice")
        if value is None:
            if len(open_nodes) >= DEPTH_MAX:
                _refuse(event, f"nested deeper than {DEPTH_MAX}")
            open_nodes.append(_Open(mapping=isinstance(event, _yaml.MappingStartEvent)))
        elif event.implicit[0] and (value == "<<" or _is_misread(value)):
            _refuse(event, f"YAML reads `{value[:40]}` as something else; put it in quotes")


def _is_misread(text: str) -> bool:
    """Tell what YAML 1.1 reads as a date or to the base of 60: a long one takes it minutes."""
    return not text.strip("+-0123456789_:.") if len(text) > 100 else bool(_MISREAD.match(text))


class _Open:
    """A collection whose end has not come; knows a mapping's keys."""

    def __init__(self, *, mapping: bool) -> None:
        self._keys: set[str] = set()
        self._mapping = self._key_next = mapping

    def take(self, value: str | None) -> bool:
        """Take the next child; False when it is a key that was there before."""
        is_key, self._key_next = self._key_next, self._mapping and not self._key_next
        if not is_key or value is None:
            return True
        new = value not in self._keys
        self._keys.add(value)
        return new


def _refuse(event: Any, said: str) -> Never:
    raise yaml.MarkedYAMLError(problem=said, problem_mark=event.start_mark)


def _mistyped(said: str) -> Finding:
    """Return where msgspec's complaint points, with what was meant."""
    place = _PLACE.search(said)
    path = place["path"] if place else ""
    said = _PLACE.sub("", said)
    unknown, enum = _UNKNOWN.search(said), _ENUM.search(said)
    if unknown:
        return f"{path}.{unknown['field']}", said + _belongs(unknown["field"], path)
    if enum:
        known = [word for shape in _shapes(path) for word in shape.get("enum", ())]
        return path, said + (
            did_you_mean(enum["value"], known) or f"; known are {', '.join(known)}"
        )
    if path.endswith("amount") and "got `float`" in said:
        return path, f"{said}; amounts are whole minor units: 1050 is $10.50"
    return path, said + ("; put it in quotes" if _UNQUOTED.search(said) else "")


def _belongs(field: str, path: str) -> str:
    """Say of an unknown member where it belongs, or which known one is near."""
    known = {name for shape in _shapes(path) for name in shape.get("properties", ())}
    for sibling in sorted(known):
        inner = _shapes(f"{path}.{sibling}")
        if any(field in shape.get("properties", ()) for shape in inner):
            return f"; it belongs in `{sibling}`"
    return did_you_mean(field, known) or f"; known are {', '.join(sorted(known))}"


def _shapes(path: str) -> list[dict[str, Any]]:
    """Return the JSON Schemas that a value at a path may meet."""
    whole = _schema()
    here = _options(whole, whole["$defs"])
    for member, index in _STEP.findall(path):
        inner = [
            shape.get("items", {}) if index else shape.get("properties", {}).get(member, {})
            for shape in here
        ]
        here = [option for each in inner for option in _options(each, whole["$defs"])]
    return here


@cache
def _schema() -> dict[str, Any]:
    return msgspec.json.schema(Scenario)


def _options(shape: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in shape:
        return _options(defs[shape["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in shape:
        return [option for each in shape["anyOf"] for option in _options(each, defs)]
    return [shape]


def _empty(node: Any, at: str = "") -> Iterator[Finding]:
    """Find members without a value: `when:` with nothing behind it would match every call."""
    if isinstance(node, _yaml.SequenceNode):
        for place, child in enumerate(node.value):
            yield from _empty(child, f"{at}[{place}]")
    elif isinstance(node, _yaml.MappingNode) and not at.endswith("].then.raw"):
        for key, value in node.value:
            if value.tag == "tag:yaml.org,2002:null":
                yield f"{at}.{key.value}", "is empty; give it a value, or {}, or leave it out"
            yield from _empty(value, f"{at}.{key.value}")


def _located(node: Any, findings: Iterable[Finding]) -> list[Located]:
    """Return findings with their places, in the file's order."""
    return sorted(
        Located(*_mark(node, path), said[:500], path[:200].lstrip(".")) for path, said in findings
    )


def _mark(node: Any, path: str) -> tuple[int, int]:
    """Return line and column of the node at a path such as `.cards[2].outcome`."""
    mark = node.start_mark if node else yaml.Mark("", 0, 0, 0, None, 0)
    for step in _STEP.findall(path):
        found = _step(node, *step)
        if found is None:
            break
        mark, node = found
    return mark.line + 1, mark.column + 1


def _step(node: Any, member: str, index: str) -> tuple[Any, Any] | None:
    if isinstance(node, _yaml.SequenceNode) and index.isdigit() and int(index) < len(node.value):
        child = node.value[int(index)]
        return child.start_mark, child
    if isinstance(node, _yaml.MappingNode):
        for key, value in node.value:
            is_text = value.tag == "tag:yaml.org,2002:str"  # msgspec tells no key of a dict: [...]
            if key.value == member if member else not is_text:
                return key.start_mark, value
    return None
