"""What the issuer says to a card: approve, or decline with a reason. First match wins elsewhere."""

from mock_clover.clover.common.cards import NO_CHECKS, Checks
from mock_clover.core.evidence import Evidence
from mock_clover.core.record import Record

# Observed, PayHub 2026-09-18. A French-Canadian merchant reads "REFUSÉE : aucune raison fournie."
# (observed, E2E 2026).
DECLINE_MESSAGE = "DECLINED: No reason provided."
DECLINE_CODE = "issuer_declined"  # observed, CC 30103
EXPIRED_CARD_MESSAGE = "Expired card"  # inferred
CVV_NOT_PROVIDED = "CVV is not provided"  # observed, CC 30103


class Approval(Record, frozen=True, kw_only=True):
    """The issuer approves."""

    why: str
    """Which rule of which scenario decided."""
    evidence: Evidence = "inferred"
    based_on: str = "LISTED_CARD"
    """The behaviour that makes it so."""
    checks: Checks = NO_CHECKS
    amount: int | None = None
    """Approved is only so much, in minor units."""
    warning_message: str | None = None


class Decline(Record, frozen=True, kw_only=True):
    """The issuer declines."""

    why: str
    evidence: Evidence = "inferred"
    based_on: str = "LISTED_CARD"
    code: str = "card_declined"
    decline_code: str = DECLINE_CODE
    message: str = DECLINE_MESSAGE
    stands: bool = False
    """The client is told no, but the charge stands. Source: CC 39074, Clover's own void failed."""


Verdict = Approval | Decline
