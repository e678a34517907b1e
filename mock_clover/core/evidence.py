"""Evidence for claims about Clover: every claim carries a level and a source.

A claim is *documented* (in Clover's documentation), *observed* (recorded on the wire) or *inferred*
(our deduction where no source was found). `docs/fidelity.md` explains the source keys.

Most response records have one source, in the class variable `evidence`. `field_evidence` maps
the fields that have another source.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

EvidenceLevel = Literal["documented", "observed", "inferred"]


LOWER_OF: dict[tuple[EvidenceLevel, EvidenceLevel], EvidenceLevel] = {
    (one, other): max(one, other, key=get_args(EvidenceLevel).index)
    for one in get_args(EvidenceLevel)
    for other in get_args(EvidenceLevel)
}
"""The lower of two evidence levels. Precomputed, because it is looked up for every response."""


class Evidence(NamedTuple):
    """The evidence level of a claim, and its source."""

    level: EvidenceLevel
    source: str


def documented(source: str) -> Evidence:
    """Mark a claim that Clover's documentation makes."""
    return Evidence("documented", source)


def observed(source: str) -> Evidence:
    """Mark a claim that was recorded on the wire, or in a client written against it."""
    return Evidence("observed", source)


def inferred(source: str) -> Evidence:
    """Mark our own deduction; `source` names what it is deduced from."""
    return Evidence("inferred", source)


def doc(
    text: str,
    evidence: Evidence,
    *,
    problem_name: str = "",
    has_no_effect: bool = False,
    rule: str = "",
    **bounds: Any,
) -> msgspec.Meta:
    """Return the metadata of a field: description, evidence and bounds.

    `problem_name` names the problem that an invalid value of this field raises. `has_no_effect`
    marks a field that is accepted and ignored; a response names those that the client sent. `rule`
    says what a pattern allows, in errors: "must be ...".
    """
    return msgspec.Meta(
        description=text,
        extra={
            "evidence": evidence,
            "problem_name": problem_name,
            "has_no_effect": has_no_effect,
            **({"rule": rule} if rule else {}),
        },
        extra_json_schema={"x-evidence": evidence.level, "x-source": evidence.source},
        **bounds,
    )


FieldEvidence = Mapping[str, Evidence]


def evidence_for_fields(evidence: Evidence, *fields: str) -> dict[str, Evidence]:
    """Return the evidence of fields whose source differs from that of their record."""
    return dict.fromkeys(fields, evidence)


@cache
def type_hints(record: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the types of a record's fields. Cached: `get_type_hints` takes 100 microseconds."""
    return get_type_hints(record, include_extras=True)


def evidence_of(record: type[msgspec.Struct], field: str) -> Evidence | None:
    """Return the evidence of a field: its own, or that of its record."""
    own = _evidence_from_annotation(type_hints(record)[field])
    if own is not None:
        return own
    fields: FieldEvidence = getattr(record, "field_evidence", {})
    record_evidence = getattr(record, "evidence", None)
    return fields.get(field) or (record_evidence if isinstance(record_evidence, Evidence) else None)


def _evidence_from_annotation(hint: Any) -> Evidence | None:
    """Return the evidence in the metadata of a type, or of a type in a union."""
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra and "evidence" in meta.extra:
            evidence: Evidence = meta.extra["evidence"]
            return evidence
    found = map(_evidence_from_annotation, () if hasattr(hint, "__metadata__") else get_args(hint))
    return next(filter(None, found), None)


class Behaviour(NamedTuple):
    """A claim about Clover that concerns neither a field nor an error."""

    name: str
    description: str
    evidence: Evidence
    setting: str = ""
    """The scenario setting that changes the behaviour, if any."""


END_OF_STRING = "(?!\\n)$"
"""Regular expression for the end of a string, in Python and JavaScript. Unlike `$` it does not
match before a trailing newline."""
OneLine = Annotated[str, msgspec.Meta(pattern=f"^[^\\x00-\\x1f\\x7f]*{END_OF_STRING}")]
"""A text that becomes part of a header or of a log line."""
EMAIL = f"^[^@ \\r\\n]+@[^@ \\r\\n]+{END_OF_STRING}"
"""An e-mail address; the check is as loose as Clover's."""
CURRENCY = f"^[A-Za-z]{{3}}{END_OF_STRING}"

# Types of numbers with a unit.
Millis = Annotated[int, msgspec.Meta(description="Unix time in milliseconds, UTC.")]
CENTS_META = msgspec.Meta(
    description="Minor units of the currency.",
    extra={"rule": "an integer in cents, such as 1850 for $18.50"},
)
Cents = Annotated[int, CENTS_META]
OR_DIGITS = msgspec.Meta(extra_json_schema={"x-or-digits": True})
"""For a number that is text in a sample of Clover. Every number of a request is accepted as text;
only these are described so."""
