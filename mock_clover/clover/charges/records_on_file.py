"""Credentials on file: the `intent` of a payment, and warnings in its response.

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
            "With the sequence FIRST in stored_credentials, the token becomes multi-pay.",
            documented("TransArmor page; plural since April 2025 (API changelog)"),
            problem_name="INVALID_REQUEST",
        ),
    ]
    | None
)

SUBSEQUENT_WITHOUT_FIRST = (
    "Subsequent credential on file pay request sent for without Initial credential on file pay "
    "request."
)
"""Documented: a warning in the 2024 sample of REF postordersidpay. That its cause is a SUBSEQUENT
payment without an earlier FIRST payment of the same token is inferred."""
MISSING_ORIGINAL = "Missing original transaction identifer for c-token."
"""Documented, with this misspelling. That its cause is a SUBSEQUENT payment with a TransArmor token
without the `transactionId` of its first payment is inferred."""
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


_RETRY_INCREMENT = 12_345_678_901_237
"""Large enough to change all digits, because the first thirteen may look like a card number."""


def transarmor_token(card: Card) -> str:
    """Return the TransArmor token of a card: 16 digits that begin with 88.

    The same card always gets the same token. The length and the 88 are from the sample of the
    page, whose middle is masked; the other digits are inferred. No token looks like a card number,
    so the journal does not mask it.
    """
    number = 0
    for character in card.fingerprint:
        number = number * 16 + (ord(character) & 15)
    while (token := f"88{number % 10**14:014d}") != redact(token):
        number += _RETRY_INCREMENT
    return token
