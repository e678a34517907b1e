"""Load scenarios from YAML. Errors are reported with file, line, column and suggestions.

Parsing is limited to be safe: safe loader, no aliases, tags or repeated keys, and a maximum size,
depth and number of values. Types check the fields; `validation.py` checks the other rules and
reports all its findings together.

A file may extend a built-in scenario or a file beside it. A text that is not from a file, for
example of a control call, may extend built-in ones only: nobody reads files through a server.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, Never

import msgspec
import yaml

from mock_clover.core.suggestions import did_you_mean
from mock_clover.scenario.extend import Tree, merge
from mock_clover.scenario.findings import Finding, Located
from mock_clover.scenario.records import Scenario, ScenarioError, ScenarioFile
from mock_clover.scenario.validation import find_errors, find_warnings

FILE_BYTES_MAX = 1_048_576
DEPTH_MAX = 32
VALUES_MAX = 60_000
"""Maximum number of keys and values in a file; 2000 cards and 1000 rules need fewer."""
FINDINGS_MAX = 20
CHAIN_MAX = 5
"""Maximum number of scenarios of which each extends the next; it also bounds the bytes read."""

_yaml: Any = yaml  # the stubs lack libyaml's marks and loader
_Loader = getattr(_yaml, "CSafeLoader", _yaml.SafeLoader)  # libyaml is eight times faster
_YAML_ERRORS = (yaml.YAMLError, ArithmeticError, RecursionError, ValueError)
_SUFFIXES = (".yaml", ".yml")
_ERROR_PATH = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<field>[^`]*)`")
_ENUM = re.compile(r"Invalid enum value '(?P<value>[^']*)'")
_UNQUOTED = re.compile(r"Expected `str(?: \| null)?`(?:, got `(?:int|float|bool)`)?$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_MISREAD = re.compile(
    r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$|\d{4}-\d\d?-\d\d?([Tt \t].*)?$", re.ASCII | re.DOTALL
)


def shipped_folder() -> Path:
    """Return the folder of the built-in scenarios, in the wheel or in the checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def shipped_names() -> list[str]:
    """Return the names of the built-in scenarios."""
    return sorted(path.stem for path in shipped_folder().glob("*.yaml"))


def is_shipped(name_or_file: str) -> bool:
    """Return whether this is the name of a built-in scenario, not a file."""
    return not (name_or_file.endswith(_SUFFIXES) or "/" in name_or_file)


def load(name_or_file: str, endpoints: Collection[str] = ()) -> Scenario:
    """Load a built-in scenario by name, or a file. Raises ScenarioError.

    `endpoints` are the operation names allowed in rules and faults; empty allows any.
    """
    return _load(file_of(name_or_file), endpoints).scenario


def check(name_or_file: str, endpoints: Collection[str] = ()) -> tuple[Scenario, list[str]]:
    """Load like `load`, and return the warnings as lines with file, line and column."""
    file = file_of(name_or_file)
    parsed = _load(file, endpoints)
    return parsed.scenario, [each.format(str(file)) for each in parsed.warnings()]


def check_text(
    raw: bytes, name: str, endpoints: Collection[str] = ()
) -> tuple[Scenario, list[Located]]:
    """Parse like `parse`, and return the warnings."""
    parsed = _parse(raw, name, endpoints)
    return parsed.scenario, parsed.warnings()


def text_of(name_or_file: str) -> bytes:
    """Return the text of a built-in scenario or a file. Raises ScenarioError."""
    return _read(file_of(name_or_file))


def parse(raw: bytes, name: str, endpoints: Collection[str] = ()) -> Scenario:
    """Parse the text of a scenario, which may extend built-in ones only. Raises ScenarioError.

    `name` prefixes error messages.
    """
    return _parse(raw, name, endpoints).scenario


def with_parent(tree: Tree) -> Tree:
    """Return a valid document with the members of the built-in scenario that it extends.

    Raises ScenarioError.
    """
    extends = tree.get("extends")
    return merge(tree, _load(_parent_file(extends, None)).tree) if extends else tree


def files_of(name_or_file: str) -> tuple[Path, ...]:
    """Return the file of a scenario and those that it extends, up to one that cannot be read."""
    files = [file_of(name_or_file)]
    try:
        while len(files) <= CHAIN_MAX:
            loader = _Loader(raw := _read(files[-1]))
            _check_safe(raw)
            tree = loader.get_single_data()
            if not isinstance(tree, dict) or not isinstance(extends := tree.get("extends"), str):
                break
            files.append(_parent_file(extends, files[-1]))
    except (ScenarioError, *_YAML_ERRORS):
        pass  # loading the scenario reports it
    return tuple(files)


def file_of(name_or_file: str) -> Path:
    """Return the file of a built-in scenario, or a path as given. Raises ScenarioError."""
    if not is_shipped(name_or_file):
        return Path(name_or_file)
    names = shipped_names()
    if name_or_file not in names:
        raise ScenarioError(
            f"unknown scenario {name_or_file!r}{did_you_mean(name_or_file, names)}; "
            f"built-in: {', '.join(names)}; a path to a file must end in .yaml"
        )
    return shipped_folder() / f"{name_or_file}.yaml"


def _parent_file(extends: str, child: Path | None) -> Path:
    """Return the file that a scenario extends; `child` is its own file. Raises ScenarioError."""
    if not extends.endswith(_SUFFIXES) and "/" not in extends:
        return file_of(extends)
    if child is None:
        raise ScenarioError(f"`{extends}` is not a built-in scenario; only a file extends a file")
    if Path(extends).is_absolute() or not extends.endswith(_SUFFIXES):
        raise ScenarioError(f"`{extends}` is not a relative path that ends in .yaml")
    return child.parent / extends


def _read(path: Path) -> bytes:
    """Return the bytes of a file."""
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot read file: {error.strerror}") from None
    if len(raw) > FILE_BYTES_MAX:
        raise ScenarioError(f"{path}: larger than {FILE_BYTES_MAX} bytes")
    return raw


class _Parsed(NamedTuple):
    """A scenario, its tree with the members of its parent, and what its own file has."""

    scenario: Scenario
    tree: Tree
    own: Scenario
    node: Any
    """The root YAML node of its own file, which has the line numbers."""

    def warnings(self) -> list[Located]:
        """Return the warnings about its own file; a rule before the parent's is intended."""
        found = find_warnings(self.own)
        return _located(self.node, ((path, f"warning: {message}") for path, message in found))


def _load(file: Path, endpoints: Collection[str] = (), children: tuple[Path, ...] = ()) -> _Parsed:
    """Load a file; `children` are those that extend it, the first one first."""
    if len(children) >= CHAIN_MAX:
        raise ScenarioError(f"more than {CHAIN_MAX} scenarios extend each other")
    if file.resolve() in (child.resolve() for child in children):
        chain = " extends ".join(child.name for child in (*children, file))
        raise ScenarioError(f"a scenario cannot extend itself: {chain}")
    return _parse(_read(file), str(file), endpoints, (*children, file))


def _parse(
    raw: bytes, name: str, endpoints: Collection[str], files: tuple[Path, ...] = ()
) -> _Parsed:
    """Parse a text; `files` end with its own file, if it has one, after those that extend it."""
    try:
        _check_safe(raw)
        loader = _Loader(raw)
        node = loader.get_single_node()
        tree: Any = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            raise ScenarioError(f"{name}: {error.problem}") from None
        raise _error(
            name,
            [
                Located(
                    line=mark.line + 1, column=mark.column + 1, message=str(error.problem), path=""
                )
            ],
        ) from None
    except _YAML_ERRORS as error:
        raise ScenarioError(f"{name}: invalid YAML: {error}") from None
    has_parent = isinstance(tree, dict) and "extends" in tree
    try:
        own = scenario = msgspec.convert(tree, ScenarioFile if has_parent else Scenario)
    except msgspec.ValidationError as error:
        raise _error(name, _located(node, [type_finding(str(error))])) from None
    if isinstance(own, ScenarioFile) and own.extends is not None:
        try:
            parent = _load(
                _parent_file(own.extends, files[-1] if files else None), endpoints, files
            )
            tree = merge(tree, parent.tree)
            scenario = msgspec.convert(tree, Scenario)
        except (ScenarioError, msgspec.ValidationError) as error:
            raise _parent_error(name, node, own.extends, error) from None
    findings = list(
        islice(chain(_empty_values(node), find_errors(scenario, tree, endpoints)), FINDINGS_MAX)
    )
    if findings:
        raise _error(name, _located(node, findings))
    return _Parsed(scenario=scenario, tree=tree, own=own, node=node)


def _parent_error(name: str, node: Any, extends: str, error: Exception) -> ScenarioError:
    """Return the error of a scenario whose parent is invalid, after the parent's errors."""
    lines, reason = "", str(error)
    if isinstance(error, ScenarioError) and error.found:
        lines, reason = f"{error}\n", f"`{extends}` is invalid"
    elif isinstance(error, msgspec.ValidationError):
        reason = f"together with `{extends}`: {reason}"
    located = _error(name, _located(node, [(".extends", reason)]))
    complete = ScenarioError(f"{lines}{located}")
    complete.found = located.found
    return complete


def _error(name: str, findings: list[Located]) -> ScenarioError:
    error = ScenarioError("\n".join(each.format(name) for each in findings))
    error.found = tuple(findings)
    return error


def _check_safe(raw: bytes) -> None:
    """Reject aliases, tags, repeated keys, deep nesting and too many values before construction."""
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
            _reject(event, f"more than {VALUES_MAX} values")
        if isinstance(event, _yaml.AliasEvent):
            _reject(event, "aliases (*) are not allowed")
        if event.tag is not None:
            _reject(event, f"tags (!) are not allowed: {event.tag[:80]}")
        value = getattr(event, "value", None)
        if open_nodes and not open_nodes[-1].add(value):
            _reject(event, f"duplicate key `{value}`")
        if value is None:
            if len(open_nodes) >= DEPTH_MAX:
                _reject(event, f"nested deeper than {DEPTH_MAX}")
            open_nodes.append(_Open(mapping=isinstance(event, _yaml.MappingStartEvent)))
        elif event.implicit[0] and (value == "<<" or _is_misread(value)):
            _reject(event, f"YAML does not read `{value[:40]}` as text; quote it")


def _is_misread(text: str) -> bool:
    """Return whether YAML 1.1 reads a text as a date or base-60 number; long ones take minutes."""
    return not text.strip("+-0123456789_:.") if len(text) > 100 else bool(_MISREAD.match(text))


class _Open:
    """A collection that is not closed yet, with the keys of a mapping."""

    def __init__(self, *, mapping: bool) -> None:
        self._keys: set[str] = set()
        self._mapping = self._key_next = mapping

    def add(self, value: str | None) -> bool:
        """Record the next child. Return False for a repeated key."""
        is_key, self._key_next = self._key_next, self._mapping and not self._key_next
        if not is_key or value is None:
            return True
        new = value not in self._keys
        self._keys.add(value)
        return new


def _reject(event: Any, message: str) -> Never:
    raise yaml.MarkedYAMLError(problem=message, problem_mark=event.start_mark)


def type_finding(message: str) -> Finding:
    """Return the path of a msgspec error, and its message with a suggestion."""
    match = _ERROR_PATH.search(message)
    path = match["path"] if match else ""
    message = _ERROR_PATH.sub("", message)
    unknown, enum = _UNKNOWN.search(message), _ENUM.search(message)
    if unknown:
        return f"{path}.{unknown['field']}", message + _field_hint(unknown["field"], path)
    if enum:
        known = [word for shape in _schemas_at(path) for word in shape.get("enum", ())]
        return path, message + (
            did_you_mean(enum["value"], known) or f"; allowed: {', '.join(known)}"
        )
    if path.endswith("amount") and "got `float`" in message:
        return path, f"{message}; amounts are integers in minor units: 1050 is $10.50"
    return path, message + ("; quote it" if _UNQUOTED.search(message) else "")


def _field_hint(field: str, path: str) -> str:
    """Return where an unknown field belongs, or the most similar known field."""
    known = {name for shape in _schemas_at(path) for name in shape.get("properties", ())}
    for sibling in sorted(known):
        inner = _schemas_at(f"{path}.{sibling}")
        if any(field in shape.get("properties", ()) for shape in inner):
            return f"; it belongs in `{sibling}`"
    return did_you_mean(field, known) or f"; allowed: {', '.join(sorted(known))}"


def _schemas_at(path: str) -> list[dict[str, Any]]:
    """Return the JSON Schemas that apply to a path."""
    root = _schema()
    schemas = _options(root, root["$defs"])
    for member, index in _STEP.findall(path):
        inner = [
            shape.get("items", {}) if index else shape.get("properties", {}).get(member, {})
            for shape in schemas
        ]
        schemas = [option for each in inner for option in _options(each, root["$defs"])]
    return schemas


@cache
def _schema() -> dict[str, Any]:
    return msgspec.json.schema(ScenarioFile)


def _options(shape: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in shape:
        return _options(defs[shape["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in shape:
        return [option for each in shape["anyOf"] for option in _options(each, defs)]
    return [shape]


def _empty_values(node: Any, at: str = "") -> Iterator[Finding]:
    """Find keys without a value: an empty `when:` would match every call."""
    if isinstance(node, _yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield from _empty_values(child, f"{at}[{index}]")
    elif isinstance(node, _yaml.MappingNode) and not at.endswith("].then.raw"):
        for key, value in node.value:
            if value.tag == "tag:yaml.org,2002:null":
                yield f"{at}.{key.value}", "is empty; set a value or {}, or omit it"
            yield from _empty_values(value, f"{at}.{key.value}")


def _located(node: Any, findings: Iterable[Finding]) -> list[Located]:
    """Return findings with line and column, in file order."""
    return sorted(_locate(node, *finding) for finding in findings)


def _locate(node: Any, path: str, message: str) -> Located:
    """Return a finding with the line and column of the node at its path, `.cards[2].outcome`."""
    mark = node.start_mark if node else yaml.Mark("", 0, 0, 0, None, 0)
    for step in _STEP.findall(path):
        child = _child(node, *step)
        if child is None:
            break
        mark, node = child
    line, column = mark.line + 1, mark.column + 1
    return Located(line=line, column=column, message=message[:500], path=path[:200].lstrip("."))


def _child(node: Any, member: str, index: str) -> tuple[Any, Any] | None:
    if isinstance(node, _yaml.SequenceNode) and index.isdigit() and int(index) < len(node.value):
        child = node.value[int(index)]
        return child.start_mark, child
    if isinstance(node, _yaml.MappingNode):
        for key, value in node.value:
            is_text = value.tag == "tag:yaml.org,2002:str"  # msgspec reports a dict's key as [...]
            if key.value == member if member else not is_text:
                return key.start_mark, value
    return None
