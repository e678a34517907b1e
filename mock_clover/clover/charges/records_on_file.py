"""A credential on file: what a payment's `intent` saves, and what it is told of the sequence.

Source: the TransArmor page (2024-07) and REF createcharge. The intent's value is spelt in two ways;
both are taken.
"""

from typing import Annotated, ClassVar, Literal

from mock_clover.clover.common.cards import Card
from mock_clover.core.evidence import Fact, doc, documented
from mock_clover.core.masking import redact
from mock_clover.core.record import Record

Intent = (
    Annotated[
        Literal["save_credential_on_file", "save_credentials_on_file"],
        doc(
            "With stored_credentials.sequence FIRST the token becomes multi-pay.",
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
"""Documented: a warning in the sample of 2024 of REF postordersidpay. That it comes of SUBSEQUENT
with no FIRST of the same token before it is inferred."""
MISSING_ORIGINAL = "Missing original transaction identifer for c-token."
"""Documented, misspelt as printed. That it comes of SUBSEQUENT with a TransArmor token that was
given without the `transactionId` of its first payment is inferred."""
PURCHASE_CARDS_UNSUPPORTED = (
    "Purchase card Level2 Data disregarded, merchant account does not support purchase cards"
)
"""Documented."""
DESCRIPTORS_UNSUPPORTED = (
    "Soft descriptor disregarded, merchant account does not support soft descriptors"
)
"""Documented is that there is a warning (MD:setting-soft-descriptors); its words are inferred."""


class SavedCredential(Record, frozen=True, kw_only=True):
    """`saved_credentials_on_file` of an answer. Source: the TransArmor page."""

    fact: ClassVar[Fact] = documented("TransArmor page")

    tokenType: Literal["TRANSARMOR"]
    value: str


_STEP = 12_345_678_901_237
"""Changes all digits at once: a card number may hide in the first thirteen."""


def transarmor(card: Card) -> str:
    """Return a card's TransArmor token: 16 digits that begin with 88, one for each card.

    Source of length and 88: the page's sample, whose middle is masked; the digits between are
    inferred. None is one that could be taken for a card number, and so be masked in a journal.
    """
    number = 0
    for letter in card.fingerprint:
        number = number * 16 + (ord(letter) & 15)
    while (token := f"88{number % 10**14:014d}") != redact(token):
        number += _STEP
    return token
