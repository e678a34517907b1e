"""Test cards of a scenario and their outcomes, and the known decline codes."""

from typing import Annotated, Literal

import msgspec

from mock_clover.clover.common.cards import NO_CHECKS, Brand, Checks
from mock_clover.clover.common.verdict import (
    DECLINE_CODE,
    DECLINE_MESSAGE,
    Approval,
    Decline,
    Verdict,
)
from mock_clover.clover.threeds.records import CardFlow
from mock_clover.core.evidence import EvidenceLevel
from mock_clover.core.record import Record
from mock_clover.scenario.records_rule import CARD_NUMBER

DECLINE_CODES: dict[str, str] = {
    "issuer_declined": DECLINE_MESSAGE,
    "do_not_honor": "Do not honor",
    "insufficient_funds": "Insufficient funds",
    "expired_card": "Expired card",
    "incorrect_cvc": "CVV could not be verified",
    "incorrect_zip": "Postal code could not be verified",
    "lost_card": "Lost card",
    "stolen_card": "Stolen card",
    "pickup_card": "Pick up card",
    "fraudulent": "Suspected fraud",
    "card_velocity_exceeded": "Exceeds withdrawal frequency",
    "withdrawal_count_limit_exceeded": "Exceeds withdrawal amount",
    "processing_error": "REJECT 203",
    "try_again_later": "Issuer unavailable",
    "transaction_not_allowed": "Transaction not permitted",
}
"""Known decline codes and their messages. Observed: issuer_declined (PayHub 2026-09-18, CC 30103);
do_not_honor, "Do not honor", "REJECT 203" (bypassmobile), "CVV could not be verified" (KES). The
others are inferred from codes that are common among processors: no list of Clover's was found."""


ISSUER_DECLINES: dict[str, str] = {
    "sale_count_per_card": "Declined as sale count per card is greater than configured amount",
    "sale_count_per_ip": "Declined as sale count per IP address is greater than configured amount",
    "not_entitled": "NOT ENTITLED",
}
"""Declines with the decline code issuer_declined and a message of their own, by outcome. Observed,
PayHub 2026-09: too many payments of one card or from one address, and a brand that the merchant
does not accept."""


class ScenarioRecord(Record, frozen=True, forbid_unknown_fields=True):
    """Base of the records in a scenario file. Unknown fields are errors."""


class TestCard(ScenarioRecord, frozen=True, kw_only=True):
    """A test card and its outcome."""

    __test__ = False  # the name starts with Test, but this is not a test class

    number: Annotated[
        str, msgspec.Meta(pattern=CARD_NUMBER, description="The PAN, quoted, digits only.")
    ]
    outcome: Annotated[
        Literal["approve", "decline"],
        msgspec.Meta(description="Whether the issuer approves or declines."),
    ]
    evidence: Annotated[EvidenceLevel, msgspec.Meta(description="Evidence level.")] = "inferred"
    brand: (
        Annotated[
            Brand, msgspec.Meta(description="Must match the PAN's range, if that is a known one.")
        ]
        | None
    ) = None
    source: Annotated[str, msgspec.Meta(description="Source of the evidence.")] | None = None
    note: Annotated[str, msgspec.Meta(description="Free text.")] | None = None
    checks: Annotated[
        Checks,
        msgspec.Meta(
            description="Results of the address and CVV checks, used if the token has the data."
        ),
    ] = NO_CHECKS
    code: Annotated[str, msgspec.Meta(description="`code` of the error for a decline.")] = (
        "card_declined"
    )
    decline_code: Annotated[
        str,
        msgspec.Meta(description="`decline_code` of the error, for example insufficient_funds."),
    ] = DECLINE_CODE
    message: Annotated[
        str, msgspec.Meta(description="Message of a decline.", min_length=1, max_length=500)
    ] = DECLINE_MESSAGE
    threeds: Annotated[
        CardFlow | None, msgspec.Meta(description="Flow of a payment that requests 3-D Secure.")
    ] = None

    @property
    def label(self) -> str:
        """The card with its number masked, for example `VISA ...4242`."""
        return f"{self.brand or 'card'} ...{self.number[-4:]}"

    def verdict(self, scenario: str) -> Verdict:
        """Return the issuer's verdict, with this card as the reason."""
        why = f"{scenario}: {self.label} is listed to {self.outcome} ({self.evidence})"
        if self.outcome == "approve":
            return Approval(why=why, evidence=self.evidence, checks=self.checks)
        return Decline(
            why=why,
            evidence=self.evidence,
            code=self.code,
            decline_code=self.decline_code,
            message=self.message,
        )
