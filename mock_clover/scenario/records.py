"""A scenario: how a sandbox behaves, as data. Nothing in it is evaluated.

Adding a test card is one line in a scenario file.
"""

from typing import Annotated, Literal

import msgspec

from mock_clover.clover.checkout.records_settings import CheckoutSettings
from mock_clover.clover.common.cards import NO_CHECKS, Brand, Checks
from mock_clover.clover.common.permissions import Permission
from mock_clover.clover.common.verdict import (
    DECLINE_CODE,
    DECLINE_MESSAGE,
    Approval,
    Decline,
    Verdict,
)
from mock_clover.clover.oauth.records import Consent
from mock_clover.clover.threeds.records import LIFE_MS, CardFlow
from mock_clover.clover.webhooks.records import TARGETS_MAX, TargetSpec
from mock_clover.core.evidence import END, Evidence
from mock_clover.core.record import Record
from mock_clover.scenario.records_fault import Fault
from mock_clover.scenario.records_fixtures import Fixtures
from mock_clover.scenario.records_rule import CARD_NUMBER, Rule

Dialect = Literal["observed", "documented"]
DIALECTS: tuple[Dialect, ...] = ("observed", "documented")

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
"""Decline codes that every trigger knows, and their messages. Observed: issuer_declined (PayHub
2026-09-18, CC 30103); do_not_honor, "Do not honor", "REJECT 203" (bypassmobile), "CVV could not be
verified" (KES). The others are inferred from the field's common codes: Clover's list was not
found."""
CARDS_MAX = 2_000
RULES_MAX = 1_000
FAULTS_MAX = 100
MERCHANTS_MAX = 20
AHEAD_MS_MAX = 31_536_000_000
"""A year, for how long before or after something else a thing may happen."""


class ScenarioError(Exception):
    """A scenario that cannot be used; the message says where, why, and what was meant."""

    found: tuple[tuple[int, int, str, str], ...] = ()
    """Of a file: line, column, what is wrong, at which path; empty where no line is to blame."""


class ScenarioRecord(Record, frozen=True, forbid_unknown_fields=True):
    """The base of what a scenario file holds: an unknown member is a mistake there."""


class TestCard(ScenarioRecord, frozen=True, kw_only=True):
    """One card and how it ends."""

    __test__ = False  # pytest collects by name

    number: Annotated[str, msgspec.Meta(pattern=CARD_NUMBER, description="The PAN, quoted.")]
    outcome: Annotated[
        Literal["approve", "decline"], msgspec.Meta(description="What the issuer says.")
    ]
    evidence: Annotated[Evidence, msgspec.Meta(description="How we know.")] = "inferred"
    brand: Annotated[Brand, msgspec.Meta(description="Must be the PAN's own.")] | None = None
    source: Annotated[str, msgspec.Meta(description="Where it was read.")] | None = None
    note: Annotated[str, msgspec.Meta(description="Anything a reader should know.")] | None = None
    checks: Annotated[
        Checks, msgspec.Meta(description="Address and CVV checks, where the data is given.")
    ] = NO_CHECKS
    code: Annotated[str, msgspec.Meta(description="Of a decline.")] = "card_declined"
    decline_code: Annotated[str, msgspec.Meta(description="Of a decline.")] = DECLINE_CODE
    message: Annotated[
        str, msgspec.Meta(description="Of a decline.", min_length=1, max_length=500)
    ] = DECLINE_MESSAGE
    threeds: Annotated[
        CardFlow | None, msgspec.Meta(description="Of a payment that asks for 3-D Secure.")
    ] = None

    @property
    def label(self) -> str:
        """The card without its number, as `VISA ...4242`."""
        return f"{self.brand or 'card'} ...{self.number[-4:]}"

    def verdict(self, scenario: str) -> Verdict:
        """Return what the issuer says, and that this line is why."""
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


class Settings(ScenarioRecord, frozen=True, kw_only=True):
    """What a scenario or the command line may switch, where the evidence is thin or divided."""

    dialect: Annotated[
        Dialect,
        msgspec.Meta(description="How errors are worded: as recorded, or as Clover's pages say."),
    ] = "observed"
    strict: Annotated[
        bool,
        msgspec.Meta(
            description="Refuse what Clover's pages refuse and what only this mock serves."
        ),
    ] = False
    refuse_inferred: Annotated[
        bool,
        msgspec.Meta(
            description="Refuse, with 501, a call whose reply would lean on what is inferred."
        ),
    ] = False
    allow_inferred: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Names of behaviours, refusals and operations that may be inferred all "
            "the same.",
            max_length=1_000,
        ),
    ] = ()
    listed_cards_only: Annotated[
        bool, msgspec.Meta(description="Refuse numbers that the scenario does not list.")
    ] = False
    currency_echo: Annotated[
        Literal["upper", "lower", "as_sent"],
        msgspec.Meta(description="Answers since 2023 say USD, older ones usd."),
    ] = "upper"
    rate_limits: Annotated[
        bool,
        msgspec.Meta(description="Clover's own: 16 calls a second for a token, 50 for an app."),
    ] = False
    access_token_life_ms: Annotated[
        int,
        msgspec.Meta(
            ge=1, description="How long a bearer token is good; a year is documented for OAuth's."
        ),
    ] = 31_536_000_000
    permissions: Annotated[
        tuple[Permission, ...] | None,
        msgspec.Meta(
            description="What the merchant allows the app; a call that needs another gets 401. "
            "All of them where nothing is said."
        ),
    ] = None
    consent: Annotated[
        Consent,
        msgspec.Meta(
            description="Whether the merchant agrees to OAuth at once, or is asked on a page; "
            "`mock_clover_consent` of a call wins."
        ),
    ] = "auto"
    refresh_tokens_max: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=1_000,
            description="Refresh tokens of one merchant that work at a time; the oldest goes. "
            "Clover has a limit and does not publish it.",
        ),
    ] = 100
    upcoming_charge_notice_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=AHEAD_MS_MAX,
            description="How long before a subscription's charge its customer is told; 0: never. "
            "Not known of Clover.",
        ),
    ] = 259_200_000
    checkout: Annotated[
        CheckoutSettings, msgspec.Meta(description="Of the hosted checkout and its page.")
    ] = CheckoutSettings()
    subscription_retry_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=AHEAD_MS_MAX,
            description="When a failed payment of a subscription is tried again, if the next one "
            "is not due before; 0: not before that. Not known of Clover.",
        ),
    ] = 86_400_000
    decline_spends_token: Annotated[
        bool,
        msgspec.Meta(
            description="Whether a declined charge uses up a single-pay token; not known of Clover "
            "and shops ask for a new token after a decline."
        ),
    ] = True
    item_return_tip: Annotated[
        Literal["each", "first", "never"],
        msgspec.Meta(
            description="Whether the return of an order by item gives the tip back too: each time, "
            "as observed (CC 35618), the first time only, or never."
        ),
    ] = "each"
    over_capture_percent: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=1_000,
            description="How much more than was authorised may be captured, in percent of it. "
            "Clover's pages speak of hotels and cars, and of no limit.",
        ),
    ] = 0
    surcharge_rate: Annotated[
        int | None,
        msgspec.Meta(
            description="What a card's payment costs its payer beside it: 35000 is 3.5 %. Of cards "
            "without distinction: which are debit cards is not known here."
        ),
    ] = None
    purchase_cards: Annotated[
        bool,
        msgspec.Meta(description="Whether level 2 and 3 data is taken; false warns (documented)."),
    ] = True
    soft_descriptors: Annotated[
        bool, msgspec.Meta(description="Whether they are taken; false warns (documented).")
    ] = True
    void_window_ms: Annotated[
        int,
        msgspec.Meta(ge=0, description="So long a full refund is a void; 25 minutes (documented)."),
    ] = 1_500_000
    void_type: Annotated[
        Literal["AUTH", "VOID"],
        msgspec.Meta(
            description="What such a void says in metadata.refundType: AUTH, as observed of all "
            "captured charges, or VOID."
        ),
    ] = "AUTH"
    threeds_life_ms: Annotated[
        int,
        msgspec.Meta(
            ge=1, description="How long 3-D Secure may be pending; nothing is known of Clover's."
        ),
    ] = LIFE_MS
    gift_card_balance: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=99_999_999)] | None,
        msgspec.Meta(
            description="What a gift card that was never activated holds, in minor units; null: "
            "it is not active. Not known of Clover, whose page shows a card of 5000."
        ),
    ] = 5_000
    ach_pending_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=31_536_000_000,
            description="How long a bank debit is pending before it succeeds; 0: not at all. Not "
            "known of Clover.",
        ),
    ] = 259_200_000


_Word = Annotated[str, msgspec.Meta(pattern=f"^[!-~]{{1,200}}{END}")] | None


class Merchant(ScenarioRecord, frozen=True, kw_only=True):
    """A merchant with credentials, settings and rows of its own.

    Credentials that are left out follow from the seed; the app is that of the first merchant.
    """

    name: Annotated[
        str,
        msgspec.Meta(
            pattern=f"^[a-z0-9][a-z0-9-]{{0,19}}{END}", description="Lower case, digits, dashes."
        ),
    ]
    merchant_id: _Word = None
    client_id: _Word = None
    client_secret: _Word = None
    access_token: _Word = None
    api_key: _Word = None
    employee_id: _Word = None
    settings: Annotated[Settings | None, msgspec.Meta(description="Instead of the scenario's.")] = (
        None
    )
    data: Annotated[
        Fixtures | None, msgspec.Meta(description="What this one has from the start.")
    ] = None


class Scenario(ScenarioRecord, frozen=True, kw_only=True):
    """A whole scenario file."""

    name: Annotated[
        str,
        msgspec.Meta(
            pattern=f"^[a-z0-9][a-z0-9-]{{0,63}}{END}", description="Lower case, digits, dashes."
        ),
    ]
    about: Annotated[str, msgspec.Meta(description="One sentence for `mock-clover scenarios`.")] = (
        ""
    )
    settings: Annotated[
        Settings, msgspec.Meta(description="Switches; the command line wins over them.")
    ] = Settings()
    cards: Annotated[
        tuple[TestCard, ...],
        msgspec.Meta(description="First match wins.", max_length=CARDS_MAX),
    ] = ()
    rules: Annotated[
        tuple[Rule, ...],
        msgspec.Meta(description="First match wins; before the cards.", max_length=RULES_MAX),
    ] = ()
    faults: Annotated[
        tuple[Fault, ...],
        msgspec.Meta(description="In force from the start.", max_length=FAULTS_MAX),
    ] = ()
    webhooks: Annotated[
        tuple[TargetSpec, ...],
        msgspec.Meta(
            description="Targets from the start, without a handshake.", max_length=TARGETS_MAX
        ),
    ] = ()
    data: Annotated[
        Fixtures | None,
        msgspec.Meta(description="What a new sandbox has from the start, as saved cards."),
    ] = None
    merchants: Annotated[
        tuple[Merchant, ...],
        msgspec.Meta(
            description="The first is the sandbox itself; each further one is a sandbox beside it, "
            "on the same address and clock, chosen by the credential that is shown.",
            max_length=MERCHANTS_MAX,
        ),
    ] = ()
