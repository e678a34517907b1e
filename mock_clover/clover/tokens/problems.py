"""Errors of tokens of instruments other than cards."""

from mock_clover.core.evidence import documented
from mock_clover.core.problem import invalid

MULTIPLE_INSTRUMENTS = invalid(
    "MULTIPLE_INSTRUMENTS",
    "Please provide only one of card, gift_card, ach, external_token.",
    documented("OAS-TOK: a request has exactly one; the message is inferred"),
)
