"""The error for requests that would rely on inferred behaviour: of this mock, not of Clover."""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import problem

EVIDENCE_INFERRED = problem(
    "EVIDENCE_INFERRED",
    501,
    "evidence_inferred",
    (
        "This behaviour is only inferred: {detail}. To allow it, set allow_inferred: [{names}] "
        "in the scenario's settings."
    ),
    inferred("of this mock, not of Clover: raised only under --strict evidence"),
)
