"""Evidence for claims about Clover: every claim carries a level and a source.

A fact is *documented* (in Clover's documentation), *observed* (recorded on the wire) or *inferred*
(our deduction where no source was found). `docs/fidelity.md` explains the keys of the sources.

Most response records have one source, in the class variable `fact`. `facts` maps the members that
have another source.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

Evidence = Literal["documented", "observed", "inferred"]


LOWER_OF: dict[tuple[Evidence, Evidence], Evidence] = {
    (one, other): max(one, other, key=get_args(Evidence).index)
    for one in get_args(Evidence)
    for other in get_args(Evidence)
}
"""The lower of two evidence levels. A table, because every reply needs it."""


class Fact(NamedTuple):
    """The evidence level of a claim, and its source."""

    evidence: Evidence
    source: str


def documented(source: str) -> Fact:
    """Mark a claim that Clover's documentation makes."""
    return Fact("documented", source)


def observed(source: str) -> Fact:
    """Mark a claim that was recorded on the wire, or in a client written against it."""
    return Fact("observed", source)


def inferred(source: str) -> Fact:
    """Mark our own deduction; `source` names what it is deduced from."""
    return Fact("inferred", source)


def doc(text: str, fact: Fact, *, refused_as: str = "", **bounds: Any) -> msgspec.Meta:
    """Return the metadata of a field: description, evidence and bounds.

    `refused_as` names the problem that an invalid value of this field raises.
    """
    return msgspec.Meta(
        description=text,
        extra={"fact": fact, "refused_as": refused_as},
        extra_json_schema={"x-evidence": fact.evidence, "x-source": fact.source},
        **bounds,
    )


Facts = Mapping[str, Fact]


def evidence_for(fact: Fact, *members: str) -> dict[str, Fact]:
    """Return the facts of members whose source differs from that of their record."""
    return dict.fromkeys(members, fact)


def fact_of(record: type[msgspec.Struct], member: str) -> Fact | None:
    """Return the evidence of a member: its own, or that of its record."""
    own = _fact_in(get_type_hints(record, include_extras=True)[member])
    if own is not None:
        return own
    member_facts: Facts = getattr(record, "facts", {})
    record_fact = getattr(record, "fact", None)
    return member_facts.get(member) or (record_fact if isinstance(record_fact, Fact) else None)


def _fact_in(hint: Any) -> Fact | None:
    """Return the fact in the metadata of a type, or of a member of a union."""
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra and "fact" in meta.extra:
            fact: Fact = meta.extra["fact"]
            return fact
    facts = map(_fact_in, () if hasattr(hint, "__metadata__") else get_args(hint))
    return next(filter(None, facts), None)


class Behaviour(NamedTuple):
    """A claim about Clover that is neither a member nor an error."""

    name: str
    said: str
    fact: Fact
    setting: str = ""
    """The scenario setting that changes the behaviour, if any."""


END = "(?!\\n)$"
"""The end of a text in a pattern, in Python and JavaScript. Does not match before a final line
break."""
EMAIL = f"^[^@ \\r\\n]+@[^@ \\r\\n]+{END}"
"""An e-mail address; the check is as loose as Clover's."""
CURRENCY = f"^[A-Za-z]{{3}}{END}"

# Types of numbers with a unit.
Millis = Annotated[int, msgspec.Meta(description="Unix time in milliseconds, UTC.")]
Cents = Annotated[int, msgspec.Meta(description="Minor units of the currency.")]
