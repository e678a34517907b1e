"""Alternate tenders: cash, a check, or one of the merchant's own. No network is asked.

Source: REF createcharge; that an answer shows the tender and no reference or code is inferred.
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
    """`tender` of a charge or of an order's payment; one of the three says which."""

    id: Annotated[str, doc("Of the merchant's tender.", _REF, max_length=_WORDS_MAX)] | None = None
    label: Annotated[str, doc("Its name.", _REF, max_length=_WORDS_MAX)] | None = None
    label_key: (
        Annotated[str, doc("As com.clover.tender.cash.", _REF, max_length=_WORDS_MAX)] | None
    ) = None

    @property
    def says_which(self) -> bool:
        """Whether it says which tender."""
        return bool(self.id or self.label or self.label_key)


TENDER_TOKEN = Token(
    id=ALTERNATE_TENDER,
    card=Card(brand="", first6="", last4="", exp_month="", exp_year="", fingerprint=""),
    created_ms=0,
    state="multipay",
    kind="tender",
)
"""What stands for a token where nothing was tokenised."""
