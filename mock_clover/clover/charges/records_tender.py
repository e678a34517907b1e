"""Alternate tenders: cash, a check, or a tender of the merchant. No card network is involved.

Source: REF createcharge. That a response has the tender and no ref_num or auth_code is inferred.
"""

from typing import Annotated

from mock_clover.clover.common.cards import Card
from mock_clover.clover.tokens.records import Token
from mock_clover.core.evidence import doc, documented
from mock_clover.core.record import Record
from mock_clover.scenario.records_rule import ALTERNATE_TENDER

_REF = documented("REF createcharge")
_WORDS_MAX = 127  # a bound of this mock


class Tender(Record, frozen=True, kw_only=True):
    """`tender` of a charge or of an order's payment; one of the three members identifies it."""

    id: Annotated[str, doc("Id of a tender.", _REF, max_length=_WORDS_MAX)] | None = None
    label: Annotated[str, doc("Its name.", _REF, max_length=_WORDS_MAX)] | None = None
    label_key: (
        Annotated[str, doc("E.g. com.clover.tender.cash.", _REF, max_length=_WORDS_MAX)] | None
    ) = None

    @property
    def says_which(self) -> bool:
        """Whether a member identifies the tender."""
        return bool(self.id or self.label or self.label_key)


TENDER_TOKEN = Token(
    id=ALTERNATE_TENDER,
    card=Card(brand="", first6="", last4="", exp_month="", exp_year="", fingerprint=""),
    created_ms=0,
    state="multipay",
    kind="tender",
)
"""The token of a payment with an alternate tender, which was never tokenized."""
