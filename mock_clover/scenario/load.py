"""Load scenarios from YAML. Errors are reported with file, line, column and suggestions.

Parsing is restricted: safe loader, no aliases, tags or duplicate keys, and a maximum size, depth
and number of values. Types check the fields; `validation.py` checks the other rules and reports all
findings together.

A file may extend a built-in scenario or another file. A text that is not from a file, for example
that of a control request, may only extend built-in scenarios, so that clients cannot read files.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, Never

import msgspec
import yaml

from mock_clover.core.suggestions import did_you_mean
from mock_clover.scenario.extend import Tree, merge
from mock_clover.scenario.findings import Finding, LocatedFinding
from mock_clover.scenario.records import Scenario, ScenarioError, ScenarioFile
from mock_clover.scenario.type_findings import PATH_STEP, type_finding
from mock_clover.scenario.validation import find_errors, find_warnings

FILE_BYTES_MAX = 1_048_576
DEPTH_MAX = 32
VALUES_MAX = 60_000
"""Maximum number of keys and values in a file; 2,000 cards and 1,000 rules need fewer."""
FINDINGS_MAX = 20
EXAMPLE = "for example `name: mine`; docs/scenarios.md lists the members"
EMPTY = f"the scenario is empty; it needs at least a name, {EXAMPLE}"
CHAIN_MAX = 5
"""Maximum length of a chain of scenarios that extend each other; it also bounds the bytes read."""

_yaml: Any = yaml  # the stubs lack libyaml's marks and loader
_YAML_HINTS = {
    "mapping values are not allowed": "; put a text that contains `: ` in quotes, "
    "or correct the indentation",
    "did not find expected '-' indicator": "; lines of one item start in the same column",
    "did not find expected key": "; members of one object start in the same column",
    "did not find expected node content": "; a bracket may not be closed",
    "did not find expected ',' or": "; a comma is missing, or a bracket is not closed",
    "found unexpected end of stream": "; a quote is not closed",
}
"""The probable mistake, by the start of libyaml's message."""
_Loader = getattr(_yaml, "CSafeLoader", _yaml.SafeLoader)  # libyaml is eight times faster
_YAML_ERRORS = (yaml.YAMLError, ArithmeticError, RecursionError, ValueError)
_SUFFIXES = (".yaml", ".yml")
_MISREAD = re.compile(
    r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$|\d{4}-\d\d?-\d\d?([Tt \t].*)?$", re.ASCII | re.DOTALL
)


def builtin_folder() -> Path:
    """Return the folder of the built-in scenarios, in the wheel or the checkout."""
    package = Path(__file__).resolve().parent.parent
    in_wheel = package / "scenarios"
    return in_wheel if in_wheel.is_dir() else package.parent / "scenarios"


def builtin_names() -> list[str]:
    """Return the names of the built-in scenarios."""
    return sorted(path.stem for path in builtin_folder().glob("*.yaml"))


def is_builtin(name_or_file: str) -> bool:
    """Return whether this is the name of a built-in scenario, not a file."""
    return not (name_or_file.endswith(_SUFFIXES) or "/" in name_or_file)


def load(name_or_file: str, endpoints: Collection[str] = ()) -> Scenario:
    """Load a built-in scenario by name, or a file. Raises ScenarioError.

    `endpoints` are the operation names allowed in rules and faults; empty allows any.
    """
    return _load(resolve_scenario_path(name_or_file), endpoints).scenario


def load_with_warnings(
    name_or_file: str, endpoints: Collection[str] = ()
) -> tuple[Scenario, list[str]]:
    """Load like `load`, and return the warnings as lines with file, line and column."""
    file = resolve_scenario_path(name_or_file)
    parsed = _load(file, endpoints)
    return parsed.scenario, [warning.format(str(file)) for warning in parsed.warnings()]


def parse_with_warnings(
    raw: bytes, name: str, endpoints: Collection[str] = ()
) -> tuple[Scenario, list[LocatedFinding]]:
    """Parse like `parse`, and return the warnings."""
    parsed = _parse(raw, name, endpoints)
    return parsed.scenario, parsed.warnings()


def read_scenario(name_or_file: str) -> bytes:
    """Return the text of a built-in scenario or a file. Raises ScenarioError."""
    return _read(resolve_scenario_path(name_or_file))


def parse(raw: bytes, name: str, endpoints: Collection[str] = ()) -> Scenario:
    """Parse the text of a scenario, which may only extend built-in ones. Raises ScenarioError.

    `name` prefixes error messages.
    """
    return _parse(raw, name, endpoints).scenario


def with_parent(tree: Tree) -> Tree:
    """Return a valid document, merged with the built-in scenario that it extends.

    Raises ScenarioError.
    """
    extends = tree.get("extends")
    return merge(tree, _load(_parent_file(extends, None)).tree) if extends else tree


def scenario_files(name_or_file: str) -> tuple[Path, ...]:
    """Return the files of a scenario and of those it extends, up to one that cannot be read."""
    files = [resolve_scenario_path(name_or_file)]
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


def resolve_scenario_path(name_or_file: str) -> Path:
    """Return the file of a built-in scenario, or the given path. Raises ScenarioError."""
    if not is_builtin(name_or_file):
        return Path(name_or_file)
    names = builtin_names()
    if name_or_file not in names:
        raise ScenarioError(
            f"unknown scenario {name_or_file!r}{did_you_mean(name_or_file, names)}; "
            f"built-in: {', '.join(names)}; a path to a file must end in .yaml"
        )
    return builtin_folder() / f"{name_or_file}.yaml"


def _parent_file(extends: str, child: Path | None) -> Path:
    """Return the file that a scenario extends; `child` is its own file. Raises ScenarioError."""
    if not extends.endswith(_SUFFIXES) and "/" not in extends:
        return resolve_scenario_path(extends)
    if child is None:
        raise ScenarioError(
            f"`{extends}` is not a built-in scenario; only a file can extend a file"
        )
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
        raise ScenarioError(
            f"{path}: the file is larger than the maximum of {FILE_BYTES_MAX} bytes"
        )
    return raw


class _Parsed(NamedTuple):
    """A scenario, its tree merged with that of its parent, and the content of its own file."""

    scenario: Scenario
    tree: Tree
    own: Scenario
    node: Any
    """The root YAML node of its own file, which has the line numbers."""

    def warnings(self) -> list[LocatedFinding]:
        """Return the warnings about its own file: rules that hide the parent's are intended."""
        found = find_warnings(self.own)
        return _locate_findings(
            self.node, ((path, f"warning: {message}") for path, message in found)
        )


def _load(file: Path, endpoints: Collection[str] = (), children: tuple[Path, ...] = ()) -> _Parsed:
    """Load a file; `children` are the files that extend it, starting with the first one."""
    if len(children) >= CHAIN_MAX:
        raise ScenarioError(f"more than {CHAIN_MAX} scenarios extend each other")
    if file.resolve() in (child.resolve() for child in children):
        chain = " extends ".join(child.name for child in (*children, file))
        raise ScenarioError(f"a scenario cannot extend itself: {chain}")
    raw = _read(file)
    if file.parent == builtin_folder() and b"\nextends:" not in raw:
        return _parse_root(raw, str(file), tuple(endpoints))
    return _parse(raw, str(file), endpoints, (*children, file))


@lru_cache(maxsize=16)
def _parse_root(raw: bytes, name: str, endpoints: tuple[str, ...]) -> _Parsed:
    """Parse a built-in scenario that extends none. Cached, because most scenarios extend it."""
    return _parse(raw, name, endpoints)


def _parse(
    raw: bytes, name: str, endpoints: Collection[str], files: tuple[Path, ...] = ()
) -> _Parsed:
    """Parse a text. `files` are those that extend it, followed by its own, if it has one."""
    try:
        _check_safe(raw)
        loader = _Loader(raw)
        node = loader.get_single_node()
        tree: Any = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            raise ScenarioError(f"{name}: {error.problem}") from None
        raise _scenario_error(
            name,
            [
                LocatedFinding(
                    line=mark.line + 1,
                    column=mark.column + 1,
                    message=_yaml_message(raw, mark, str(error.problem)),
                    path="",
                )
            ],
        ) from None
    except _YAML_ERRORS as error:
        raise ScenarioError(f"{name}: invalid YAML: {' '.join(str(error).split())}") from None
    if tree is None:
        raise _scenario_error(name, _locate_findings(node, [("", EMPTY)]))
    if not isinstance(tree, dict):
        kind = "a list" if isinstance(tree, list) else "a text"
        message = f"a scenario consists of `member: value`, and this is {kind}; {EXAMPLE}"
        raise _scenario_error(name, _locate_findings(node, [("", message)]))
    has_parent = "extends" in tree
    try:
        own = scenario = msgspec.convert(tree, ScenarioFile if has_parent else Scenario)
    except msgspec.ValidationError as error:
        raise _scenario_error(name, _locate_findings(node, [type_finding(str(error))])) from None
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
        islice(
            chain(_find_empty_values(node), find_errors(scenario, tree, endpoints)), FINDINGS_MAX
        )
    )
    if findings:
        raise _scenario_error(name, _locate_findings(node, findings))
    return _Parsed(scenario=scenario, tree=tree, own=own, node=node)


def _yaml_message(raw: bytes, mark: Any, problem: str) -> str:
    """Return the parser's message, or that a line is indented with a tab."""
    lines = raw.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else b""
    if b"\t" in line[: len(line) - len(line.lstrip())]:
        return "the line is indented with a tab; YAML allows spaces only"
    hint = next((hint for start, hint in _YAML_HINTS.items() if problem.startswith(start)), "")
    return f"{problem}{hint}"


def _parent_error(name: str, node: Any, extends: str, error: Exception) -> ScenarioError:
    """Return the error of a scenario whose parent is invalid, preceded by the parent's errors."""
    lines, reason = "", str(error)
    if isinstance(error, ScenarioError) and error.findings:
        lines, reason = f"{error}\n", f"`{extends}` is invalid"
    elif isinstance(error, msgspec.ValidationError):
        reason = f"together with `{extends}`: {reason}"
    located = _scenario_error(name, _locate_findings(node, [(".extends", reason)]))
    complete = ScenarioError(f"{lines}{located}")
    complete.findings = located.findings
    return complete


def _scenario_error(name: str, findings: list[LocatedFinding]) -> ScenarioError:
    error = ScenarioError("\n".join(finding.format(name) for finding in findings))
    error.findings = tuple(findings)
    return error


def _check_safe(raw: bytes) -> None:
    """Reject aliases, tags, duplicate keys, deep nesting and too many values."""
    open_nodes: list[_OpenCollection] = []
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
                _reject(event, f"nested more than {DEPTH_MAX} levels deep")
            open_nodes.append(_OpenCollection(mapping=isinstance(event, _yaml.MappingStartEvent)))
        elif event.implicit[0] and (value == "<<" or _is_misread(value)):
            message = f"YAML does not read `{value[:40]}` as text, but as a date or a number"
            _reject(event, f"{message}; put it in quotes")


def _is_misread(text: str) -> bool:
    """Return whether YAML 1.1 reads a text as a date or a base-60 number.

    Long numbers are not matched: converting them would take minutes.
    """
    return not text.strip("+-0123456789_:.") if len(text) > 100 else bool(_MISREAD.match(text))


class _OpenCollection:
    """A collection that is not closed yet, with the keys of a mapping."""

    def __init__(self, *, mapping: bool) -> None:
        self._keys: set[str] = set()
        self._mapping = self._expects_key = mapping

    def add(self, value: str | None) -> bool:
        """Record the next child. Return False for a duplicate key."""
        is_key, self._expects_key = self._expects_key, self._mapping and not self._expects_key
        if not is_key or value is None:
            return True
        new = value not in self._keys
        self._keys.add(value)
        return new


def _reject(event: Any, message: str) -> Never:
    raise yaml.MarkedYAMLError(problem=message, problem_mark=event.start_mark)


def _find_empty_values(node: Any, path: str = "") -> Iterator[Finding]:
    """Find keys without a value: an empty `when:` would match every request."""
    if isinstance(node, _yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield from _find_empty_values(child, f"{path}[{index}]")
    elif isinstance(node, _yaml.MappingNode) and not path.endswith("].then.raw"):
        for key, value in node.value:
            if value.tag == "tag:yaml.org,2002:null":
                yield f"{path}.{key.value}", "has no value; set one, write {} or remove the key"
            yield from _find_empty_values(value, f"{path}.{key.value}")


def _locate_findings(node: Any, findings: Iterable[Finding]) -> list[LocatedFinding]:
    """Return findings with their line and column, in file order."""
    return sorted(_locate(node, *finding) for finding in findings)


def _locate(node: Any, path: str, message: str) -> LocatedFinding:
    """Return a finding with the line and column of the node at its path, `.cards[2].outcome`."""
    mark = node.start_mark if node else yaml.Mark("", 0, 0, 0, None, 0)
    for step in PATH_STEP.findall(path):
        child = _find_child_node(node, *step)
        if child is None:
            break
        mark, node = child
    line, column = mark.line + 1, mark.column + 1
    return LocatedFinding(
        line=line, column=column, message=message[:500], path=path[:200].lstrip(".")
    )


def _find_child_node(node: Any, field: str, index: str) -> tuple[Any, Any] | None:
    if isinstance(node, _yaml.SequenceNode) and index.isdigit() and int(index) < len(node.value):
        child = node.value[int(index)]
        return child.start_mark, child
    if isinstance(node, _yaml.MappingNode):
        for key, value in node.value:
            is_text = value.tag == "tag:yaml.org,2002:str"  # msgspec reports a dict's key as [...]
            if key.value == field if field else not is_text:
                return key.start_mark, value
    return None
