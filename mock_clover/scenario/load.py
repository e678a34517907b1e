"""YAML files become scenarios; a mistake is told with its file, line and nearest right word.

Safe by construction: the safe loader only, no aliases, no tags, no repeated keys, bounded size,
depth and number of values. What a record cannot say by its types, the laws below do: each finding
is a path and a sentence, and all of them are told at once. The only module that knows yaml.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Never

import msgspec
import yaml

from mock_clover.model.card import Brand, Checks, brand_of
from mock_clover.model.fault import Fault
from mock_clover.model.problem import BY_NAME
from mock_clover.model.rule import AmountMatch, CardMatch, Condition, Rule
from mock_clover.model.scenario import DECLINE_CODES, Scenario, ScenarioError, TestCard
from mock_clover.wire.redact import passes_luhn

FILE_BYTES_MAX = 1_048_576
DEPTH_MAX = 32
VALUES_MAX = 60_000
"""Keys and values of a file: two thousand cards and a thousand rules have fewer."""
FINDINGS_MAX = 20
PAYERS = frozenset({"create_charge", "pay_order", "create_customer", "update_customer"})
"""Operations in which the issuer is asked, so that it can decline."""
_CHECKS = Checks.__struct_fields__

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
"""What YAML 1.1 reads as a number to the base of 60 (a long one for minutes) or a date."""

Finding = tuple[str, str]
"""A path such as `.rules[2].when.nth`, and what is wrong there."""


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
    scenario, node = _parse(raw, name, endpoints)
    doubts = ((path, f"warning: {said}") for path, said in _doubts(scenario))
    return scenario, _lines(node, name, doubts)


def parse(raw: bytes, name: str, endpoints: Collection[str] = ()) -> Scenario:
    """Parse a scenario's text; `name` stands in front of what is wrong. Raises ScenarioError."""
    return _parse(raw, name, endpoints)[0]


def _read(name_or_file: str) -> tuple[bytes, str]:
    """Return a file's bytes and its name for messages."""
    path = Path(name_or_file)
    if not name_or_file.endswith((".yaml", ".yml")) and "/" not in name_or_file:
        names = shipped_names()
        if name_or_file not in names:
            raise ScenarioError(
                f"there is no scenario {name_or_file!r}{_meant(name_or_file, names)}; shipped are: "
                f"{', '.join(names)}; a file's path ends in .yaml"
            )
        path = shipped_folder() / f"{name_or_file}.yaml"
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
        at = f"{mark.line + 1}:{mark.column + 1}: " if mark else " "
        raise ScenarioError(f"{name}:{at}{error.problem}") from None
    except (yaml.YAMLError, ArithmeticError, RecursionError, ValueError) as error:
        raise ScenarioError(f"{name}: is no YAML: {error}") from None
    try:
        scenario = msgspec.convert(tree, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(_lines(node, name, [_mistyped(str(error))])[0]) from None
    findings = list(islice(chain(_empty(node), _wrong(scenario, tree, endpoints)), FINDINGS_MAX))
    if findings:
        raise ScenarioError("\n".join(_lines(node, name, findings)))
    return scenario, node


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
    if len(text) > 100:  # no date, and too long for a pattern
        return not text.strip("+-0123456789_:.")
    return _MISREAD.match(text) is not None


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
        return path, said + (_meant(enum["value"], known) or f"; known are {', '.join(known)}")
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
    return _meant(field, known) or f"; known are {', '.join(sorted(known))}"


def _shapes(path: str) -> list[dict[str, Any]]:
    """Return the JSON Schemas that a value at a path may meet."""
    whole = msgspec.json.schema(Scenario)
    here = _options(whole, whole["$defs"])
    for member, index in _STEP.findall(path):
        inner = [
            shape.get("items", {}) if index else shape.get("properties", {}).get(member, {})
            for shape in here
        ]
        here = [option for each in inner for option in _options(each, whole["$defs"])]
    return here


def _options(shape: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in shape:
        return _options(defs[shape["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in shape:
        return [option for each in shape["anyOf"] for option in _options(each, defs)]
    return [shape]


def _meant(word: str, known: Iterable[str]) -> str:
    import difflib

    by_fold = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word[:100].casefold(), by_fold, n=1, cutoff=0.5)
    return f"; did you mean `{by_fold[near[0]]}`?" if near else ""


def _wrong(scenario: Scenario, tree: Any, endpoints: Collection[str]) -> Iterator[Finding]:
    for place, card in enumerate(scenario.cards):
        yield from _wrong_card(card, tree["cards"][place], f".cards[{place}]")
    for place, rule in enumerate(scenario.rules):
        yield from _wrong_when(rule.when, endpoints, f".rules[{place}].when")
        yield from _wrong_then(rule, endpoints, f".rules[{place}].then")
        for name in (tree["rules"][place]["then"].get("approve") or {}).get("checks", ()):
            at = f".rules[{place}].then.approve.checks.{name}"
            yield from _wrong_name(name, "check", _CHECKS, at)
    for place, fault in enumerate(scenario.faults):
        yield from _wrong_fault(fault, endpoints, f".faults[{place}]")


def _wrong_card(card: TestCard, given: dict[str, Any], at: str) -> Iterator[Finding]:
    yield from _wrong_number(card.number, card.brand, at)
    if card.brand is None and card.number.isdigit() and brand_of(card.number) is None:
        yield f"{at}.number", "no known brand has this number; give its brand"
    for check_name in given.get("checks", ()):
        yield from _wrong_name(check_name, "check", _CHECKS, f"{at}.checks.{check_name}")
    others = ("checks",) if card.outcome == "decline" else ("code", "decline_code", "message")
    for member in others:
        if member in given:
            yield f"{at}.{member}", f"a card that is to {card.outcome} has no `{member}`"


def _wrong_number(number: str, said_brand: Brand | None, at: str) -> Iterator[Finding]:
    if not number.isdigit() or not passes_luhn(number):
        yield f"{at}.number", "the number fails its check digit"
    elif said_brand and (brand := brand_of(number)) not in (None, said_brand):
        yield f"{at}.brand", f"the brand of this number is {brand}, not {said_brand}"


def _wrong_when(when: Condition, endpoints: Collection[str], at: str) -> Iterator[Finding]:
    yield from _wrong_name(when.endpoint, "operation", endpoints, f"{at}.endpoint")
    if isinstance(when.amount, AmountMatch) and when.amount.min > when.amount.max:
        yield f"{at}.amount", f"no amount is from {when.amount.min} to {when.amount.max}"
    elif isinstance(when.amount, int) and when.amount < 0:
        yield f"{at}.amount", "no amount is below 0"
    if when.currency is not None and not re.fullmatch("[A-Za-z]{3}", when.currency):
        yield f"{at}.currency", "a currency has three letters, as usd"
    if when.card is not None:
        yield from _wrong_match(when.card, f"{at}.card")
    every, after = when.every or 1, when.after or 0
    number = when.nth or (after // every + 1) * every
    if not when.counted(number):
        given = [name for name in ("nth", "first", "every", "after") if getattr(when, name)]
        said = ", ".join(f"{name}: {getattr(when, name)}" for name in given)
        yield f"{at}.{given[0]}", f"no call is all of {said}"


def _wrong_match(card: CardMatch, at: str) -> Iterator[Finding]:
    if card.number is None:
        return
    yield from _wrong_number(card.number, card.brand, at)
    if card.prefix and not card.number.startswith(card.prefix):
        yield f"{at}.prefix", "the number does not begin so"
    if card.last4 and not card.number.endswith(card.last4):
        yield f"{at}.last4", "the number does not end so"


def _wrong_then(rule: Rule, endpoints: Collection[str], at: str) -> Iterator[Finding]:
    then, when = rule.then, rule.when
    ends = [n for n in ("approve", "decline", "problem", "raw") if getattr(then, n) is not None]
    if not ends and then.fault is None:
        yield at, "nothing follows; give approve, decline, problem, raw or fault"
    elif len(ends) > 1:
        yield f"{at}.{ends[1]}", f"`{ends[0]}` stands here too; a call ends in one way"
    yield from _wrong_name(then.problem, "problem", BY_NAME, f"{at}.problem")
    if then.decline is not None and when.endpoint in set(endpoints) - PAYERS:
        said = f"the issuer is not asked in {when.endpoint}, but in {', '.join(sorted(PAYERS))}"
        yield f"{at}.decline", said
    part = then.approve.amount if then.approve else None
    if part and isinstance(when.amount, int) and part >= when.amount:
        yield f"{at}.approve.amount", f"is no part of the {when.amount} of `when`"
    if then.fault is None:
        return
    yield from _wrong_fault(then.fault, endpoints, f"{at}.fault")
    for member, instead in (("endpoint", "when.endpoint"), ("times", "when.first"), ("ttl_ms", "")):
        if getattr(then.fault, member) is not None:
            meant = f"; use `{instead}`" if instead else ""
            yield f"{at}.fault.{member}", f"a rule's fault has no `{member}`{meant}"


def _wrong_fault(fault: Fault, endpoints: Collection[str], at: str) -> Iterator[Finding]:
    yield from _wrong_name(fault.endpoint, "operation", endpoints, f"{at}.endpoint")
    yield from _wrong_name(fault.problem, "problem", BY_NAME, f"{at}.problem")
    if fault.kind == "problem" and fault.problem is None:
        yield f"{at}.kind", "say which; give `problem`"
    if fault.kind != "problem" and fault.problem is not None:
        yield f"{at}.problem", f"a fault of kind {fault.kind} has no `problem`"
    if fault.kind == "delay" and not fault.delay_ms + fault.jitter_ms:
        yield f"{at}.kind", "by how much? give `delay_ms` or `jitter_ms`"


def _wrong_name(given: str | None, what: str, known: Collection[str], at: str) -> Iterator[Finding]:
    if given is not None and known and given not in known:
        yield at, f"there is no {what} `{given}`{_meant(given, known)}"


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


def _doubts(scenario: Scenario) -> Iterator[Finding]:
    numbers: dict[str, int] = {}
    for place, card in enumerate(scenario.cards):
        if numbers.setdefault(card.number, place) != place:
            said = f"never reached: card {numbers[card.number] + 1} has the same number"
            yield f".cards[{place}].number", said
        yield from _doubtful_code(card.decline_code, f".cards[{place}].decline_code")
    given = [msgspec.to_builtins(rule.when) for rule in scenario.rules]
    conditions = [frozenset((name, repr(value)) for name, value in each.items()) for each in given]
    for place, rule in enumerate(scenario.rules):
        earlier = (n for n in range(place) if not scenario.rules[n].when.counts)
        covering = next((n for n in earlier if conditions[n] <= conditions[place]), None)
        if covering is not None:
            every = "" if conditions[covering] else ", which matches every call"
            yield f".rules[{place}]", f"never reached: rule {covering + 1} comes first{every}"
        if rule.then.decline is not None:
            at = f".rules[{place}].then.decline.decline_code"
            yield from _doubtful_code(rule.then.decline.decline_code, at)


def _doubtful_code(code: str, at: str) -> Iterator[Finding]:
    near = "" if code in DECLINE_CODES else _meant(code, DECLINE_CODES)
    if near:
        yield at, f"`{code}` is none of the known decline codes{near}"


def _lines(node: Any, name: str, findings: Iterable[Finding]) -> list[str]:
    """Return findings as `file:line:column: what - at `path``, in the file's order."""
    found = sorted((*_mark(node, path), said[:500], path[:200]) for path, said in findings)
    return [
        f"{name}:{line}:{column}: {said} - at `{path.lstrip('.')}`"
        for line, column, said, path in found
    ]


def _mark(node: Any, path: str) -> tuple[int, int]:
    """Return line and column of the node at a path such as `.cards[2].outcome`."""
    if node is None:
        return 1, 1
    mark = node.start_mark
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
