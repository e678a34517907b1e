"""The types of the arguments of the test API. Only type checkers read them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from typing import Literal

    from mock_clover.clover.common.permissions import Permission
    from mock_clover.clover.oauth.records import Consent
    from mock_clover.scenario.records import Dialect


class SandboxSettings(TypedDict, total=False):
    """The settings of a scenario, as keyword arguments; docs/scenarios.md describes them."""

    dialect: "Dialect"
    corp: "Literal['cross-origin'] | None"
    card_error_status: "Literal[400, 402] | None"
    strict: bool
    refuse_inferred: bool
    allow_inferred: Sequence[str]
    listed_cards_only: bool
    currency_echo: "Literal['upper', 'lower', 'as_sent']"
    rate_limits: bool
    access_token_life_ms: int
    permissions: "Sequence[Permission] | None"
    consent: "Consent"
    refresh_tokens_max: int
    upcoming_charge_notice_ms: int
    checkout: dict[str, Any]
    subscription_retry_ms: int
    decline_spends_token: bool
    item_return_tip: "Literal['each', 'first', 'never']"
    over_capture_percent: int
    surcharge_rate: int | None
    purchase_cards: bool
    soft_descriptors: bool
    void_window_ms: int
    void_type: "Literal['AUTH', 'VOID']"
    refund_amount_max: int | None
    threeds_life_ms: int
    gift_card_balance: int | None
    ach_pending_ms: int
    multi_pay_tokens: bool
    api_key_active: bool
    integration_type: "Literal['any', 'hosted_checkout', 'iframe', 'api']"
    customer_update_email: "Literal['required', 'optional']"
