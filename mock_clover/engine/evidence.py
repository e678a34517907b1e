"""What a reply leans on, and the weakest mark of it.

Weighed are the operation, what the issuer said, the refusal, and the behaviours that the handler
took for granted; the words and members of a reply have marks of their own, on the page of fidelity.
"""

from collections.abc import Iterable, Iterator

from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.core.evidence import WEAKER, Behaviour, Evidence
from mock_clover.core.problem import Problem
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.overrides import Step

Lean = Endpoint | Problem | Behaviour | Approval | Decline | Step


def weakest(leans: Iterable[Lean]) -> Evidence:
    """Return the weakest mark of what a reply leans on."""
    weak: Evidence = "documented"
    for lean in leans:
        weak = WEAKER[weak, _mark(lean)]
    return weak


def inferred_in(leans: Iterable[Lean]) -> Iterator[tuple[str, str]]:
    """Iterate what is inferred: the name by which it can be allowed, and what it says."""
    for lean in leans:
        if _mark(lean) == "inferred":
            yield (
                (lean.leans_on, lean.why)
                if isinstance(lean, Approval | Decline | Step)
                else (lean.name, lean.fact.source)
            )


def _mark(lean: Lean) -> Evidence:
    return lean.evidence if isinstance(lean, Approval | Decline | Step) else lean.fact.evidence
