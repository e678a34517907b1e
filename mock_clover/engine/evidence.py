"""The basis of a response, and its lowest evidence level.

The basis is the operation, the issuer's verdict, the error, and the behaviours that the handler
relied on. The text and the fields of a response have their own levels; see `docs/fidelity.md`.
"""

from collections.abc import Iterable, Iterator

from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.core.evidence import LOWER_OF, Behaviour, EvidenceLevel
from mock_clover.core.problem import Problem
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.overrides import Override

EvidencePart = Endpoint | Problem | Behaviour | Approval | Decline | Override


def lowest_evidence(
    basis: Iterable[EvidencePart], lowest: EvidenceLevel = "documented"
) -> EvidenceLevel:
    """Return the lowest evidence level of a basis, or `lowest` if that is lower."""
    for part in basis:
        level = part.evidence.level if type(part) is Behaviour else _level_of(part)
        if level != lowest:
            lowest = LOWER_OF[lowest, level]
    return lowest


def inferred_parts(basis: Iterable[EvidencePart]) -> Iterator[tuple[str, str]]:
    """Yield the inferred parts of a basis: the name for `allow_inferred`, and a description."""
    for part in basis:
        if _level_of(part) == "inferred":
            yield (
                (part.evidence_name, part.why)
                if isinstance(part, Approval | Decline | Override)
                else (part.name, part.evidence.source)
            )


def _level_of(part: EvidencePart) -> EvidenceLevel:
    return part.evidence if isinstance(part, Approval | Decline | Override) else part.evidence.level
