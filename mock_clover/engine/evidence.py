"""What a reply leans on, and the weakest mark of it.

Weighed are the operation, what the issuer said, the refusal, and the behaviours that the handler
took for granted; the words and members of a reply have marks of their own, on the page of fidelity.
"""

from collections.abc import Iterable, Iterator

from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.core.evidence import LOWER_OF, Behaviour, Evidence
from mock_clover.core.problem import Problem
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.overrides import Override

Basis = Endpoint | Problem | Behaviour | Approval | Decline | Override


def lowest_evidence(basis: Iterable[Basis]) -> Evidence:
    """Return the weakest mark of what a reply leans on."""
    weak: Evidence = "documented"
    for lean in basis:
        weak = LOWER_OF[weak, _mark(lean)]
    return weak


def inferred_in(basis: Iterable[Basis]) -> Iterator[tuple[str, str]]:
    """Iterate what is inferred: the name by which it can be allowed, and what it says."""
    for lean in basis:
        if _mark(lean) == "inferred":
            yield (
                (lean.based_on, lean.why)
                if isinstance(lean, Approval | Decline | Override)
                else (lean.name, lean.fact.source)
            )


def _mark(lean: Basis) -> Evidence:
    return lean.evidence if isinstance(lean, Approval | Decline | Override) else lean.fact.evidence
