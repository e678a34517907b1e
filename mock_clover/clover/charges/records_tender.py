"""Alternate tenders: cash, a check, or a tender of the merchant. No card network is involved.

Source: REF createcharge. That responses have the tender but no ref_num or auth_code is inferred.
"""

from typing import Annotated

from mock_clover.clover.common.cards import Card
from mock_clover.clover.tokens.records import Token
from mock_clover.core.evidence import doc, documented
from mock_clover.core.record import Record
from mock_clover.scenario.records_rule import ALTERNATE_TENDER

_REF = documented("REF createcharge")
_TEXT_CHARS_MAX = 127  # a limit of this mock


class Tender(Record, frozen=True, kw_only=True):
    """`tender` of a charge or an order payment; one of the three fields identifies it."""

    id: Annotated[str, doc("Id of the tender.", _REF, max_length=_TEXT_CHARS_MAX)] | None = None
    label: Annotated[str, doc("Name of the tender.", _REF, max_length=_TEXT_CHARS_MAX)] | None = (
        None
    )
    label_key: (
        Annotated[str, doc("For example com.clover.tender.cash.", _REF, max_length=_TEXT_CHARS_MAX)]
        | None
    ) = None

    @property
    def is_identified(self) -> bool:
        """Whether a field identifies the tender."""
        return bool(self.id or self.label or self.label_key)


TENDER_TOKEN = Token(
    id=ALTERNATE_TENDER,
    card=Card(brand="", first6="", last4="", exp_month="", exp_year="", fingerprint=""),
    created_ms=0,
    state="multipay",
    kind="tender",
)
"""A placeholder token for payments with an alternate tender, which have no token."""
