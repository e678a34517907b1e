"""YAML files become scenarios; a mistake is told with its file, line and nearest right word.

Safe by construction: the safe loader only, no aliases, no repeated keys, bounded size and depth.
The only module that knows yaml.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Never

import msgspec
import yaml

from mock_clover.model.card import brand_of
from mock_clover.model.scenario import Scenario, ScenarioError, Settings, TestCard
from mock_clover.wire.redact import passes_luhn

FILE_BYTES_MAX = 1_048_576
DEPTH_MAX = 32

_yaml: Any = yaml  # its stubs know neither libyaml's marks nor its loader
_Loader = getattr(_yaml, "CSafeLoader", _yaml.SafeLoader)  # libyaml is eight times as fast
_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<field>[^`]*)`")
_ENUM = re.compile(r"Invalid enum value '(?P<value>[^']*)'")


def shipped_folder() -> Path:
    """Return the folder of shipped scenarios: in the wheel, or the checkout's."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def shipped_names() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(path.stem for path in shipped_folder().glob("*.yaml"))


def load(name_or_file: str) -> Scenario:
    """Load a shipped scenario by name, or any file. Raises ScenarioError."""
    if name_or_file.endswith((".yaml", ".yml")) or "/" in name_or_file:
        return load_file(Path(name_or_file))
    names = shipped_names()
    if name_or_file not in names:
        raise ScenarioError(
            f"there is no scenario {name_or_file!r}{_meant(name_or_file, names)}; shipped are: "
            f"{', '.join(names)}; a file's path ends in .yaml"
        )
    return load_file(shipped_folder() / f"{name_or_file}.yaml")


def load_file(path: Path) -> Scenario:
    """Load one file. Raises ScenarioError."""
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > FILE_BYTES_MAX:
        raise ScenarioError(f"{path}: is larger than {FILE_BYTES_MAX} bytes")
    return parse(raw, str(path))


def parse(raw: bytes, name: str) -> Scenario:
    """Parse a scenario's text; `name` stands in front of what is wrong. Raises ScenarioError."""
    try:
        _refuse_bombs(raw)
        tree = _yaml.load(raw, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{mark.line + 1}:{mark.column + 1}: " if mark else ""
        raise ScenarioError(f"{name}:{at or ' '}{error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ScenarioError(f"{name}: is no YAML: {error}") from None
    try:
        scenario = msgspec.convert(tree, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(_located(raw, name, str(error))) from None
    for place, card in enumerate(scenario.cards):
        wrong = _wrong_card(card)
        if wrong:
            path = f".cards[{place}].{'brand' if 'brand' in wrong else 'number'}"
            raise ScenarioError(f"{name}:{_line(raw, path)}: {wrong} - at `{path[1:]}`")
    return scenario


def _wrong_card(card: TestCard) -> str:
    if not passes_luhn(card.number):
        return "the number fails its check digit"
    brand = brand_of(card.number)
    if brand is None and card.brand is None:
        return "no known brand has this number; give its brand"
    if brand and card.brand and brand != card.brand:
        return f"the brand of this number is {brand}, not {card.brand}"
    return ""


def _refuse_bombs(raw: bytes) -> None:
    """Refuse aliases, repeated keys and deep nesting before anything is built."""
    open_nodes: list[_Open] = []
    for event in _yaml.parse(raw, Loader=_Loader):
        if isinstance(event, _yaml.CollectionEndEvent):
            open_nodes.pop()
            continue
        if not isinstance(event, _yaml.NodeEvent):
            continue
        if isinstance(event, _yaml.AliasEvent):
            _refuse(event, "aliases (*) are not allowed")
        if open_nodes and not open_nodes[-1].take(getattr(event, "value", None)):
            _refuse(event, f"the key `{event.value}` stands here twice")
        if isinstance(event, _yaml.CollectionStartEvent):
            if len(open_nodes) >= DEPTH_MAX:
                _refuse(event, f"nested deeper than {DEPTH_MAX}")
            open_nodes.append(_Open(mapping=isinstance(event, _yaml.MappingStartEvent)))


class _Open:
    """A collection whose end has not come; knows a mapping's keys."""

    def __init__(self, *, mapping: bool) -> None:
        self._keys: set[str] | None = set() if mapping else None
        self._key_next = mapping

    def take(self, value: str | None) -> bool:
        """Take the next child; False when it is a key that was there before."""
        if self._keys is None:
            return True
        is_key, self._key_next = self._key_next, not self._key_next
        if not is_key or value is None:
            return True
        new = value not in self._keys
        self._keys.add(value)
        return new


def _refuse(event: Any, said: str) -> Never:
    raise yaml.MarkedYAMLError(problem=said, problem_mark=event.start_mark)


def _located(raw: bytes, name: str, said: str) -> str:
    place = _PLACE.search(said)
    path = place["path"] if place else ""
    unknown, enum = _UNKNOWN.search(said), _ENUM.search(said)
    meant = ""
    if unknown:
        path = f"{path}.{unknown['field']}"
        meant = _meant(unknown["field"], _known_fields(path))
    elif enum:
        meant = _meant(enum["value"], _known_values(path))
    return f"{name}:{_line(raw, path)}: {_PLACE.sub('', said)}{meant} - at `{path.lstrip('.')}`"


def _known_fields(path: str) -> Iterable[str]:
    if path.startswith(".cards["):
        return TestCard.__struct_fields__
    return (
        Settings.__struct_fields__ if path.startswith(".settings.") else Scenario.__struct_fields__
    )


def _known_values(path: str) -> Iterable[str]:
    last = path.rsplit(".", 1)[-1]
    record = TestCard if path.startswith(".cards[") else Settings
    schema = msgspec.json.schema(record)["$defs"][record.__name__]["properties"].get(last, {})
    options = schema.get("anyOf", [schema])
    return [str(value) for option in options for value in option.get("enum", ())]


def _meant(word: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else ""


def _line(raw: bytes, path: str) -> str:
    """Return `line:column` of the node at a path such as `.cards[2].outcome`."""
    node: Any = _yaml.compose(raw, Loader=_Loader)
    if node is None:
        return "1:1"
    mark = node.start_mark
    for step in re.findall(r"\.([^.\[]+)|\[(\d+)\]", path):
        found = _step(node, *step)
        if found is None:
            break
        mark, node = found
    return f"{mark.line + 1}:{mark.column + 1}"


def _step(node: Any, member: str, index: str) -> tuple[Any, Any] | None:
    if index and isinstance(node, _yaml.SequenceNode) and int(index) < len(node.value):
        child = node.value[int(index)]
        return child.start_mark, child
    if isinstance(node, _yaml.MappingNode):
        for key, value in node.value:
            if key.value == member:
                return key.start_mark, value
    return None
