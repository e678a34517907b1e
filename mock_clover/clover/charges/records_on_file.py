"""Credentials on file: the `intent` of a payment, and the warnings of its response.

Source: the TransArmor page (2024-07) and REF createcharge. The value of `intent` has two spellings;
both are accepted.
"""

from typing import Annotated, ClassVar, Literal

from mock_clover.clover.common.cards import Card
from mock_clover.core.evidence import Evidence, doc, documented
from mock_clover.core.masking import redact
from mock_clover.core.record import Record

Intent = (
    Annotated[
        Literal["save_credential_on_file", "save_credentials_on_file"],
        doc(
            "With the sequence FIRST in stored_credentials the token becomes multi-pay.",
            documented("TransArmor page; plural since April 2025 (API changelog)"),
            refused_as="INVALID_REQUEST",
        ),
    ]
    | None
)

SUBSEQUENT_WITHOUT_FIRST = (
    "Subsequent credential on file pay request sent for without Initial credential on file pay "
    "request."
)
"""Documented: a warning in the 2024 sample of REF postordersidpay. That its cause is a SUBSEQUENT
without an earlier FIRST of the same token is inferred."""
MISSING_ORIGINAL = "Missing original transaction identifer for c-token."
"""Documented; misspelt as printed. That its cause is a SUBSEQUENT with a TransArmor token without
the `transactionId` of its first payment is inferred."""
PURCHASE_CARDS_UNSUPPORTED = (
    "Purchase card Level2 Data disregarded, merchant account does not support purchase cards"
)
"""Documented."""
DESCRIPTORS_UNSUPPORTED = (
    "Soft descriptor disregarded, merchant account does not support soft descriptors"
)
"""A warning is documented (MD:setting-soft-descriptors); its text is inferred."""


class SavedCredential(Record, frozen=True, kw_only=True):
    """`saved_credentials_on_file` of a response. Source: the TransArmor page."""

    evidence: ClassVar[Evidence] = documented("TransArmor page")

    tokenType: Literal["TRANSARMOR"]
    value: str


_STEP = 12_345_678_901_237
"""Large enough to change all digits: the first thirteen may look like a card number."""


def transarmor(card: Card) -> str:
    """Return a card's TransArmor token: 16 digits that begin with 88, always the same for a card.

    Source of the length and the 88: the page's sample, with its middle masked; the other digits
    are inferred. No token looks like a card number, so the journal does not mask it.
    """
    number = 0
    for character in card.fingerprint:
        number = number * 16 + (ord(character) & 15)
    while (token := f"88{number % 10**14:014d}") != redact(token):
        number += _STEP
    return token
