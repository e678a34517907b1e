"""The issuer's verdict: an approval, or a decline with a reason."""

from mock_clover.clover.common.cards import NO_CHECKS, Checks
from mock_clover.core.evidence import EvidenceLevel
from mock_clover.core.record import Record

# Observed, PayHub 2026-09-18. French-Canadian merchants get "REFUSÉE : aucune raison fournie."
# (observed, E2E 2026).
DECLINE_MESSAGE = "DECLINED: No reason provided."
DECLINE_CODE = "issuer_declined"  # observed, CC 30103
EXPIRED_CARD_MESSAGE = "Expired card"  # inferred
CVV_NOT_PROVIDED = "CVV is not provided"  # observed, CC 30103


class Approval(Record, frozen=True, kw_only=True):
    """The issuer approves the payment."""

    why: str
    """Reason of the verdict, such as the rule and scenario that set it."""
    evidence: EvidenceLevel = "inferred"
    evidence_name: str = "LISTED_CARD"
    """Name of the behaviour or error that the verdict relies on."""
    checks: Checks = NO_CHECKS
    amount: int | None = None
    """For a partial approval, the approved amount in minor units."""
    warning_message: str | None = None


class Decline(Record, frozen=True, kw_only=True):
    """The issuer declines the payment."""

    why: str
    evidence: EvidenceLevel = "inferred"
    evidence_name: str = "LISTED_CARD"
    code: str = "card_declined"
    decline_code: str = DECLINE_CODE
    message: str = DECLINE_MESSAGE
    phantom: bool = False
    """Whether the charge is stored as approved although the client gets a decline.
    Source: CC 39074, where Clover's own void failed."""


Verdict = Approval | Decline
