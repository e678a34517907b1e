"""The basis of a reply, and its lowest evidence level.

The basis is the operation, the issuer's verdict, the error, and the behaviours that the handler
relied on. The text and the members of a reply have their own levels, in `docs/fidelity.md`.
"""

from collections.abc import Iterable, Iterator

from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.core.evidence import LOWER_OF, Behaviour, EvidenceLevel
from mock_clover.core.problem import Problem
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.overrides import Override

Basis = Endpoint | Problem | Behaviour | Approval | Decline | Override


def lowest_evidence(basis: Iterable[Basis]) -> EvidenceLevel:
    """Return the lowest evidence level of a basis."""
    lowest: EvidenceLevel = "documented"
    for each in basis:
        lowest = LOWER_OF[lowest, _level_of(each)]
    return lowest


def inferred_in(basis: Iterable[Basis]) -> Iterator[tuple[str, str]]:
    """Yield the inferred parts of a basis: the name for `allow_inferred`, and a description."""
    for each in basis:
        if _level_of(each) == "inferred":
            yield (
                (each.based_on, each.why)
                if isinstance(each, Approval | Decline | Override)
                else (each.name, each.evidence.source)
            )


def _level_of(part: Basis) -> EvidenceLevel:
    return part.evidence if isinstance(part, Approval | Decline | Override) else part.evidence.level
