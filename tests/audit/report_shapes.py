"""What the standards of the report formats require, as tables, and readers that use them.

SARIF: the members that reports have, in sarif-schema-2.1.0.json of OASIS, which allows no others.
JUnit: the elements and attributes of junit-10.xsd of Jenkins. GitHub: how its runner reads a
command.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

LEVELS = frozenset({"none", "note", "warning", "error"})
_URI = re.compile(r"https://[!-~]+")
_URI_REFERENCE = re.compile(r"(?!//)(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+")
_SEMVER = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_TEXT = {"text": re.compile(r"(?s).+")}
_POSITIVE = range(1, 2**31)
_INDEX = range(2**31)
LOCATION: dict[str, Any] = {
    "physicalLocation": {
        "artifactLocation": {"uri": _URI_REFERENCE},
        "region": {"startLine": _POSITIVE},
    },
    "logicalLocations": [{"name": str, "fullyQualifiedName": str, "kind": str}],
    "message": _TEXT,
}
RULE: dict[str, Any] = {
    "id": str,
    "name": str,
    "helpUri": _URI,
    "shortDescription": _TEXT,
    "fullDescription": _TEXT,
    "help": _TEXT,
    "defaultConfiguration": {"level": LEVELS},
}
RESULT: dict[str, Any] = {
    "ruleId": str,
    "ruleIndex": _INDEX,
    "level": LEVELS,
    "message": _TEXT,
    "locations": [LOCATION],
    "relatedLocations": [LOCATION],
    "partialFingerprints": {"ruleAndSubject/v1": str},
}
DRIVER = {"name": str, "semanticVersion": _SEMVER, "informationUri": _URI, "rules": [RULE]}
SARIF: dict[str, Any] = {
    "$schema": _URI,
    "version": frozenset({"2.1.0"}),
    "runs": [
        {
            "tool": {"driver": DRIVER},
            "results": [RESULT],
            "columnKind": frozenset({"utf16CodeUnits", "unicodeCodePoints"}),
        }
    ],
}


def sarif_errors(log: Any) -> list[str]:
    """Return how a log differs from the standard."""
    return [*_shape_errors(log, SARIF, "$"), *_index_errors(log)]


def _shape_errors(value: Any, shape: Any, path: str) -> Iterator[str]:
    if isinstance(shape, dict):
        if not isinstance(value, dict) or value.keys() != shape.keys():
            yield f"{path}: {value!r} does not have the members {', '.join(shape)}"
            return
        for name, inner in shape.items():
            yield from _shape_errors(value[name], inner, f"{path}.{name}")
    elif isinstance(shape, list):
        if not isinstance(value, list) or any(value.count(each) > 1 for each in value):
            yield f"{path}: not a list of unique values"
            return
        for number, each in enumerate(value):
            yield from _shape_errors(each, shape[0], f"{path}[{number}]")
    elif isinstance(shape, re.Pattern):
        if not isinstance(value, str) or not shape.fullmatch(value):
            yield f"{path}: {value!r} does not match {shape.pattern}"
    elif isinstance(shape, type):
        if type(value) is not shape:
            yield f"{path}: {value!r} is no {shape.__name__}"
    elif type(value) is bool or value not in shape:
        yield f"{path}: {value!r} is not allowed"


def _index_errors(log: Any) -> Iterator[str]:
    """Yield results whose rule is not the one at their index, and rules with one id."""
    for run in log["runs"]:
        ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        if len(set(ids)) < len(ids):
            yield "two rules have one id"
        for result in run["results"]:
            index = result["ruleIndex"]
            if index not in range(len(ids)) or ids[index] != result["ruleId"]:
                yield f"{result['ruleId']} is not the rule {index}"


class XmlElement(NamedTuple):
    """What an element of a report may have."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    has_text: bool = False


_COUNTS = ("tests", "failures", "errors")
_DETAILS = XmlElement(frozenset(), frozenset({"type", "message"}), has_text=True)
JUNIT = {
    "testsuites": XmlElement(
        frozenset(), frozenset({"name", "time", *_COUNTS}), frozenset({"testsuite"})
    ),
    "testsuite": XmlElement(
        frozenset({"name", *_COUNTS}), frozenset({"time", "skipped"}), frozenset({"testcase"})
    ),
    "testcase": XmlElement(
        frozenset({"name"}),
        frozenset({"time", "classname"}),
        frozenset({"failure", "skipped", "system-out"}),
    ),
    "failure": _DETAILS,
    "skipped": _DETAILS,
    "system-out": XmlElement(frozenset(), has_text=True),
}
_TIME = re.compile(r"[0-9]+\.[0-9]{3}")


def junit_errors(root: Element) -> Iterator[str]:
    """Yield how a report differs from the schema, and counts that are not true."""
    for element in root.iter():
        kind = JUNIT.get(element.tag)
        if kind is None:
            yield f"unknown element {element.tag}"
            continue
        names = element.attrib.keys()
        if not kind.required <= names <= kind.required | kind.optional:
            yield f"{element.tag} has the attributes {sorted(names)}"
        if wrong := {each.tag for each in element} - kind.children:
            yield f"{element.tag} has the elements {sorted(wrong)}"
        if not kind.has_text and (element.text or "").strip():
            yield f"{element.tag} has text"
        if not _TIME.fullmatch(element.get("time", "0.000")):
            yield f"{element.tag} has the time {element.get('time')}"
        if element.tag.startswith("testsuite"):
            counted = (("testcase", "tests"), ("failure", "failures"), ("skipped", "skipped"))
            for tag, name in counted:
                count = sum(1 for _ in element.iter(tag))
                if element.get(name, str(count)) != str(count):
                    yield f"{element.tag} has {count} {tag}, and not {element.get(name)}"


class GithubCommand(NamedTuple):
    """A workflow command as the runner reads it."""

    name: str
    properties: dict[str, str]
    message: str


def read_github_command(line: str) -> GithubCommand:
    """Read `::name key=value,key=value::message` as the runner does. Raises ValueError."""
    if not line.startswith("::") or "\n" in line or "\r" in line:
        raise ValueError(line)
    head, separator, data = line[2:].partition("::")
    if not separator:
        raise ValueError(line)
    name, _, pairs = head.partition(" ")
    properties = dict(pair.split("=", 1) for pair in pairs.split(",") if pair)
    read = {key.strip(): _unescaped(value, "\r\n:,") for key, value in properties.items()}
    return GithubCommand(name, read, _unescaped(data, "\r\n"))


def _unescaped(text: str, characters: str) -> str:
    for each in f"{characters}%":  # the percent sign last
        text = text.replace(f"%{ord(each):02X}", each)
    return text
