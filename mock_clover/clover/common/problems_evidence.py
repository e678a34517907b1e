"""The refusal of what would lean on inferred behaviour, which is ours and not Clover's."""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import Problem

EVIDENCE_INFERRED = Problem(
    name="EVIDENCE_INFERRED",
    status=501,
    code="evidence_inferred",
    message="mock-clover only infers this: {said}. To allow it, give the scenario's settings "
    "allow_inferred: [{names}].",
    fact=inferred("of this mock, not of Clover: raised only under --strict evidence"),
)
