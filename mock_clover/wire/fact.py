"""How we know a thing about Clover: every claim carries its evidence and its source.

A fact is *documented* (a Clover page says so), *observed* (somebody recorded it on the wire) or
*inferred* (our deduction where nothing was found). Sources are the keys of `docs/fidelity.md`.
"""

from typing import Annotated, Any, Literal, NamedTuple

import msgspec

Evidence = Literal["documented", "observed", "inferred"]


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


def told(text: str, fact: Fact, *, refused_as: str = "", **bounds: Any) -> msgspec.Meta:
    """Describe one field: what it means, how we know, its bounds.

    `refused_as` names the problem of the catalogue that a bad value of this field raises.
    """
    return msgspec.Meta(
        description=text,
        extra={"fact": fact, "refused_as": refused_as},
        extra_json_schema={"x-evidence": fact.evidence, "x-source": fact.source},
        **bounds,
    )


END = "(?!\\n)$"
"""The end of a pattern, and not the place before a last line break, in Python's and JavaScript's
reading alike."""
EMAIL = f"^[^@ \\r\\n]+@[^@ \\r\\n]+{END}"
"""An e-mail address, as little checked as Clover does."""
CURRENCY = f"^[A-Za-z]{{3}}{END}"

# A number with a unit says which: these three are all the wire has.
Millis = Annotated[int, msgspec.Meta(description="Unix time in milliseconds, UTC.")]
Cents = Annotated[int, msgspec.Meta(description="Minor units of the currency.")]
