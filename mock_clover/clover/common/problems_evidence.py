"""The error for requests that would rely on inferred behaviour: an error of this mock only."""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import problem

EVIDENCE_INFERRED = problem(
    "EVIDENCE_INFERRED",
    501,
    "evidence_inferred",
    (
        "The response would rely on inferred behaviour: {detail}. To allow it, add "
        "allow_inferred: [{names}] to the scenario's settings."
    ),
    inferred("an error of this mock, not of Clover; raised only with --strict evidence"),
)
