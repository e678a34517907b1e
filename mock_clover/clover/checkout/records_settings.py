"""Settings of the hosted checkout; a separate module, because every scenario imports it."""

from typing import Annotated, Literal

import msgspec

from mock_clover.core.record import Record


class DashboardUrls(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Redirect URLs that the merchant has set in the dashboard for all sessions."""

    success: str | None = None
    failure: str | None = None
    cancel: str | None = None


class CheckoutSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the hosted checkout, where little is known of Clover's."""

    redirects: Annotated[
        Literal["https", "any"],
        msgspec.Meta(
            description="https: only https (documented) and no localhost (observed). any: also "
            "http and this machine, for a shop that runs on the same machine."
        ),
    ] = "https"
    dashboard: Annotated[
        DashboardUrls, msgspec.Meta(description="Override those of a request (documented).")
    ] = DashboardUrls()
    customer: Annotated[
        Literal["optional", "any", "all"],
        msgspec.Meta(
            description="Which of first name, last name and e-mail a request must have. Clover's "
            "pages differ and have a feature that requires all."
        ),
    ] = "optional"
    after_decline: Annotated[
        Literal["try_again", "redirect"],
        msgspec.Meta(
            description="Whether the page asks for another card or redirects to "
            "redirectUrls.failure. Not known of Clover."
        ),
    ] = "try_again"
    tips: Annotated[
        Literal["asked", "always", "never"],
        msgspec.Meta(
            description="Whether the page asks for a tip: if `tips.enabled` of the session is "
            "true (as a public client sends it), always, or never. Not known of Clover."
        ),
    ] = "asked"
    tip_percents: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=100)], ...],
        msgspec.Meta(
            max_length=4,
            description="Tips in percent of the goods without taxes that the page offers, beside "
            "no tip and a custom amount. Not known of Clover.",
        ),
    ] = (15, 18, 20)
    webhook_data: Annotated[
        bool | None,
        msgspec.Meta(
            description="Whether the webhook has the session id in `data` (documented), beside "
            "`checkoutSessionId` (observed). Default: only in the documented dialect."
        ),
    ] = None
