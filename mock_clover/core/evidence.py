"""How we know a thing about Clover: every claim carries its evidence and its source.

A fact is *documented* (a Clover page says so), *observed* (somebody recorded it on the wire) or
*inferred* (our deduction where nothing was found). Sources are the keys of `docs/fidelity.md`.

A record that is sent out has one source as a rule: it says so once, as its `fact`, and names in
`facts` the members that another source shows.
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
"""Of two marks the one that says less; a table, for it is asked for with every reply."""


class Fact(NamedTuple):
    """One claim's evidence and where it was read."""

    evidence: Evidence
    source: str


def documented(source: str) -> Fact:
    """Mark a claim that a Clover page makes."""
    return Fact("documented", source)


def observed(source: str) -> Fact:
    """Mark a claim that was recorded on the wire or in a client written against it."""
    return Fact("observed", source)


def inferred(source: str) -> Fact:
    """Mark our own deduction; `source` says what it is deduced from."""
    return Fact("inferred", source)


def doc(text: str, fact: Fact, *, refused_as: str = "", **bounds: Any) -> msgspec.Meta:
    """Describe one field: what it means, how we know, its bounds.

    `refused_as` names the problem of the catalogue that a bad value of this field raises.
    """
    return msgspec.Meta(
        description=text,
        extra={"fact": fact, "refused_as": refused_as},
        extra_json_schema={"x-evidence": fact.evidence, "x-source": fact.source},
        **bounds,
    )


Facts = Mapping[str, Fact]


def evidence_for(fact: Fact, *members: str) -> dict[str, Fact]:
    """Mark members of a record whose source is not that of the record."""
    return dict.fromkeys(members, fact)


def fact_of(record: type[msgspec.Struct], member: str) -> Fact | None:
    """Return how we know a member of a record: by its own mark, or else its record's."""
    own = _mark_of(get_type_hints(record, include_extras=True)[member])
    if own is not None:
        return own
    told_here: Facts = getattr(record, "facts", {})
    whole = getattr(record, "fact", None)
    return told_here.get(member) or (whole if isinstance(whole, Fact) else None)


def _mark_of(hint: Any) -> Fact | None:
    """Return the mark in a type, or in a member of a union."""
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra and "fact" in meta.extra:
            mark: Fact = meta.extra["fact"]
            return mark
    marks = map(_mark_of, () if hasattr(hint, "__metadata__") else get_args(hint))
    return next(filter(None, marks), None)


class Behaviour(NamedTuple):
    """What is neither a member nor a refusal: how Clover goes on, as far as we know."""

    name: str
    said: str
    fact: Fact
    setting: str = ""
    """Of a scenario, where it can be had otherwise."""


END = "(?!\\n)$"
"""The end of a pattern, and not the place before a last line break, in Python's and JavaScript's
reading alike."""
EMAIL = f"^[^@ \\r\\n]+@[^@ \\r\\n]+{END}"
"""An e-mail address, as little checked as Clover does."""
CURRENCY = f"^[A-Za-z]{{3}}{END}"

# A number with a unit says which: these three are all the wire has.
Millis = Annotated[int, msgspec.Meta(description="Unix time in milliseconds, UTC.")]
Cents = Annotated[int, msgspec.Meta(description="Minor units of the currency.")]
