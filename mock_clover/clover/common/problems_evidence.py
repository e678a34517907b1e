"""The error for requests that would rely on inferred behaviour: of this mock, not of Clover."""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import Problem

EVIDENCE_INFERRED = Problem(
    name="EVIDENCE_INFERRED",
    status=501,
    code="evidence_inferred",
    message="This behaviour is only inferred: {said}. To allow it, set allow_inferred: [{names}] "
    "in the scenario's settings.",
    fact=inferred("of this mock, not of Clover: raised only under --strict evidence"),
)
