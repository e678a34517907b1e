"""Responses of the gift card endpoints."""

from typing import ClassVar, Literal

from mock_clover.clover.charges.responses import Outcome, Source
from mock_clover.clover.gift_cards.records import GiftCardBalances
from mock_clover.core.evidence import Cents, Evidence, documented
from mock_clover.core.record import Record


class GiftCardResponse(Record, frozen=True, kw_only=True):
    """Response to an activation or reload; that a cashout has the same is inferred.

    Source: MD:gift-card-api.
    """

    evidence: ClassVar[Evidence] = documented("MD:gift-card-api")

    id: str
    amount: Cents
    ref_num: str
    outcome: Outcome
    paid: bool
    status: Literal["succeeded"]
    source: Source
    gift_card: GiftCardBalances


class BalanceResponse(Record, frozen=True, kw_only=True):
    """Response to a balance inquiry. Source: MD:gift-card-api."""

    evidence: ClassVar[Evidence] = documented("MD:gift-card-api")

    status: Literal["succeeded"]
    gift_card: GiftCardBalances
