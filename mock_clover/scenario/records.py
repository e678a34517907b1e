"""The scenario file format: the behaviour of a sandbox as data, without code or expressions.

Adding a test card takes one line in a scenario file.
"""

from typing import Annotated, Literal

import msgspec

from mock_clover.clover.checkout.records_settings import CheckoutSettings
from mock_clover.clover.common.permissions import Permission
from mock_clover.clover.oauth.records import Consent
from mock_clover.clover.threeds.records import THREEDS_LIFETIME_MS
from mock_clover.clover.webhooks.records import PLAN_MAX, TARGETS_MAX, DeliveryFault, TargetSpec
from mock_clover.core.evidence import END_OF_STRING
from mock_clover.core.masking import redact
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.scenario.records_audit import AuditSettings
from mock_clover.scenario.records_card import ScenarioRecord, TestCard
from mock_clover.scenario.records_fault import Fault
from mock_clover.scenario.records_fixtures import Fixtures
from mock_clover.scenario.records_rule import Rule

Dialect = Literal["observed", "documented"]
DIALECTS: tuple[Dialect, ...] = ("observed", "documented")

CARDS_MAX = 2_000
RULES_MAX = 1_000
FAULTS_MAX = 100
MERCHANTS_MAX = 20
MERCHANT_NAME = f"^[a-z0-9][a-z0-9-]{{0,19}}{END_OF_STRING}"
SCHEDULE_OFFSET_MS_MAX = 31_536_000_000
"""One year: the maximum of settings that schedule a job before or after another event."""


class ScenarioError(ValueError):
    """An invalid scenario. The message gives the location, the reason and a suggestion."""

    findings: tuple[tuple[int, int, str, str], ...] = ()
    """Findings in a file: line, column, message, path. Empty if the error has no position in it."""


ScenarioError.__module__ = "mock_clover"  # the public name, in tracebacks


class Settings(ScenarioRecord, frozen=True, kw_only=True):
    """Settings of a scenario, for behaviour where the evidence is weak or contradictory."""

    dialect: Annotated[
        Dialect,
        msgspec.Meta(
            description="Error format: as recorded from Clover or as in its documentation."
        ),
    ] = "observed"
    corp: Annotated[
        Literal["cross-origin"] | None,
        msgspec.Meta(
            description="Headers for shops' pages with Cross-Origin-Embedder-Policy: require-corp. "
            "cross-origin: the SDK's scripts and frames and the 3-D Secure pages have "
            "Cross-Origin-Resource-Policy, and the pages Cross-Origin-Embedder-Policy."
        ),
    ] = None
    card_error_status: Annotated[
        Literal[400, 402] | None,
        msgspec.Meta(
            description="Status of a card error: 402, as observed, or 400, as in the documented "
            "table. Default: that of the dialect."
        ),
    ] = None
    strict: Annotated[
        bool,
        msgspec.Meta(
            description="Reject what Clover's documentation says is rejected, and endpoints that "
            "Clover does not have."
        ),
    ] = False
    refuse_inferred: Annotated[
        bool,
        msgspec.Meta(
            description="Reject requests that would rely on inferred behaviour, with 501."
        ),
    ] = False
    allow_inferred: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Behaviours, errors and operations that `refuse_inferred` allows "
            "although they are inferred.",
            max_length=1_000,
        ),
    ] = ()
    listed_cards_only: Annotated[
        bool, msgspec.Meta(description="Reject card numbers that the scenario does not list.")
    ] = False
    currency_echo: Annotated[
        Literal["upper", "lower", "as_sent"],
        msgspec.Meta(
            description="Case of `currency` in responses: USD since 2023, usd in older ones."
        ),
    ] = "upper"
    rate_limits: Annotated[
        bool,
        msgspec.Meta(
            description="Apply Clover's rate limits: 16 requests per second per token, 50 per app."
        ),
    ] = False
    access_token_life_ms: Annotated[
        int,
        msgspec.Meta(
            ge=1, description="Lifetime of an access token; a year is documented for OAuth tokens."
        ),
    ] = 31_536_000_000
    permissions: Annotated[
        tuple[Permission, ...] | None,
        msgspec.Meta(
            description="Permissions of the app. A request that needs another one gets 401. "
            "Default: all permissions."
        ),
    ] = None
    consent: Annotated[
        Consent,
        msgspec.Meta(
            description="OAuth consent: granted immediately, or requested on a page. The query "
            "parameter `mock_clover_consent` takes precedence."
        ),
    ] = "auto"
    refresh_tokens_max: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=1_000,
            description="Maximum number of valid refresh tokens per merchant; the oldest is "
            "revoked. Clover has a limit but does not publish it.",
        ),
    ] = 100
    upcoming_charge_notice_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=SCHEDULE_OFFSET_MS_MAX,
            description="How long before the next charge of a subscription the customer is "
            "notified; 0 disables the notice. Clover's value is unknown.",
        ),
    ] = 259_200_000
    checkout: Annotated[
        CheckoutSettings, msgspec.Meta(description="Settings of the hosted checkout and its page.")
    ] = CheckoutSettings()
    subscription_retry_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=SCHEDULE_OFFSET_MS_MAX,
            description="Delay before a failed subscription payment is retried, unless the next "
            "payment is due earlier; 0: no retry. Clover's value is unknown.",
        ),
    ] = 86_400_000
    decline_spends_token: Annotated[
        bool,
        msgspec.Meta(
            description="Whether a declined charge consumes a single-pay token. Clover's behaviour "
            "is unknown; shops request a new token after a decline."
        ),
    ] = True
    item_return_tip: Annotated[
        Literal["each", "first", "never"],
        msgspec.Meta(
            description="Whether returning order items also refunds the tip: each time, as "
            "observed (CC 35618), only the first time, or never."
        ),
    ] = "each"
    over_capture_percent: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=1_000,
            description="Maximum capture above the authorized amount, in percent of it. Clover's "
            "documentation mentions hotels and car rentals, but no limit.",
        ),
    ] = 0
    surcharge_rate: Annotated[
        int | None,
        msgspec.Meta(
            description="Surcharge on card payments: 35000 is 3.5%. It applies to all cards, "
            "because the mock cannot tell debit cards from credit cards."
        ),
    ] = None
    purchase_cards: Annotated[
        bool,
        msgspec.Meta(
            description="Whether level 2 and 3 data is accepted; false: a warning (documented)."
        ),
    ] = True
    soft_descriptors: Annotated[
        bool,
        msgspec.Meta(
            description="Whether soft descriptors are accepted; false: a warning (documented)."
        ),
    ] = True
    void_window_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="How long after a charge a full refund is a void; 25 minutes (documented).",
        ),
    ] = 1_500_000
    void_type: Annotated[
        Literal["AUTH", "VOID"],
        msgspec.Meta(
            description="metadata.refundType of a void within `void_window_ms`: AUTH, as observed "
            "for all captured charges, or VOID."
        ),
    ] = "AUTH"
    refund_amount_max: Annotated[
        Annotated[int, msgspec.Meta(ge=1)] | None,
        msgspec.Meta(
            description="Transaction limit of the merchant: the maximum amount of a refund, in "
            "minor units; null: none."
        ),
    ] = None
    threeds_life_ms: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            description="How long 3-D Secure may stay pending. Clover's value is unknown.",
        ),
    ] = THREEDS_LIFETIME_MS
    gift_card_balance: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)] | None,
        msgspec.Meta(
            description="Balance of a gift card that was never activated, in minor units; null: "
            "the card is inactive. Unknown for Clover; its page shows a card with 5000."
        ),
    ] = 5_000
    ach_pending_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=31_536_000_000,
            description="How long an ACH debit stays pending before it succeeds; 0: it succeeds "
            "immediately. Clover's value is unknown.",
        ),
    ] = 259_200_000
    multi_pay_tokens: Annotated[
        bool,
        msgspec.Meta(
            description="Whether the merchant's gateway has multi-pay tokens (documented). Without "
            "them no card can be saved; Clover's error is not known."
        ),
    ] = True
    api_key_active: Annotated[
        bool,
        msgspec.Meta(
            description="Whether the apikey is active. Clover deactivates keys (documented); a "
            "deactivated one gets 401 here."
        ),
    ] = True
    integration_type: Annotated[
        Literal["any", "hosted_checkout", "iframe", "api"],
        msgspec.Meta(
            description="Type of the merchant's Ecommerce tokens. hosted_checkout: valid only for "
            "the hosted checkout. iframe, api: not valid for it (observed). any: valid for all."
        ),
    ] = "any"
    customer_update_email: Annotated[
        Literal["required", "optional"],
        msgspec.Meta(
            description="Whether an update of a customer must have the e-mail (observed). Clover's "
            "page on cards on file says so too, but its curl command sends only the source."
        ),
    ] = "required"


_Credential = Annotated[str, msgspec.Meta(pattern=f"^[!-~]{{1,200}}{END_OF_STRING}")] | None


class Merchant(ScenarioRecord, frozen=True, kw_only=True):
    """A merchant. Missing credentials derive from the seed; its app is the first merchant's."""

    name: Annotated[
        str,
        msgspec.Meta(
            pattern=MERCHANT_NAME,
            description="Lower-case letters, digits and dashes.",
        ),
    ]
    merchant_id: _Credential = None
    client_id: _Credential = None
    client_secret: _Credential = None
    access_token: _Credential = None
    api_key: _Credential = None
    employee_id: _Credential = None
    settings: Annotated[
        Settings | None, msgspec.Meta(description="Replaces the scenario's settings.")
    ] = None
    data: Annotated[Fixtures | None, msgspec.Meta(description="Initial data of this merchant.")] = (
        None
    )


class Scenario(ScenarioRecord, frozen=True, kw_only=True):
    """A complete scenario, merged with the one that its file extends."""

    name: Annotated[
        str,
        msgspec.Meta(
            pattern=f"^[a-z0-9][a-z0-9-]{{0,63}}{END_OF_STRING}",
            description="Lower-case letters, digits and dashes.",
        ),
    ]
    about: Annotated[
        str, msgspec.Meta(description="One sentence, printed by `mock-clover scenarios`.")
    ] = ""
    settings: Annotated[
        Settings, msgspec.Meta(description="Settings; options of the command line take precedence.")
    ] = Settings()
    cards: Annotated[
        tuple[TestCard, ...],
        msgspec.Meta(description="Test cards; the first match wins.", max_length=CARDS_MAX),
    ] = ()
    rules: Annotated[
        tuple[Rule, ...],
        msgspec.Meta(
            description="Rules, checked before the cards; the first match wins.",
            max_length=RULES_MAX,
        ),
    ] = ()
    faults: Annotated[
        tuple[Fault, ...],
        msgspec.Meta(description="Faults active from the start.", max_length=FAULTS_MAX),
    ] = ()
    webhooks: Annotated[
        tuple[TargetSpec, ...],
        msgspec.Meta(
            description="Webhook targets that are active from the start, without verification.",
            max_length=TARGETS_MAX,
        ),
    ] = ()
    webhook_plan: Annotated[
        tuple[DeliveryFault, ...],
        msgspec.Meta(
            description="Delivery faults of each target, after those of its own plan.",
            max_length=PLAN_MAX,
        ),
    ] = ()
    audit: Annotated[
        AuditSettings, msgspec.Meta(description="What the audit of a sandbox does not check.")
    ] = AuditSettings()
    data: Annotated[
        Fixtures | None,
        msgspec.Meta(description="Initial data of a new sandbox, for example saved cards."),
    ] = None
    merchants: Annotated[
        tuple[Merchant, ...],
        msgspec.Meta(
            description="The first merchant is the sandbox itself. Each other one is a separate "
            "sandbox at the same address and clock, selected by the credential of the request.",
            max_length=MERCHANTS_MAX,
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Reject a name that logs, headers and snapshots would mask."""
        if redact(self.name) != self.name:
            raise ValueError("the name looks like a card number")


class ScenarioFile(Scenario, frozen=True, kw_only=True):
    """A scenario file."""

    extends: Annotated[
        str | None,
        msgspec.Meta(
            description="The scenario that this one extends: the name of a built-in one, or, in a "
            "file, a relative path that ends in .yaml. The fields of this one take precedence."
        ),
    ] = None
