"""Errors of tokens of instruments other than cards."""

from mock_clover.core.evidence import documented
from mock_clover.core.problem import invalid_request_problem

MULTIPLE_INSTRUMENTS = invalid_request_problem(
    "MULTIPLE_INSTRUMENTS",
    "Please provide only one of card, gift_card, ach, external_token.",
    documented("OAS-TOK: a request has exactly one; the message is inferred"),
)
