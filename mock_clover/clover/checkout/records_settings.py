"""Settings of the hosted checkout; a separate module, because every scenario load imports it."""

from typing import Annotated, Literal

import msgspec

from mock_clover.core.record import Record


class DashboardUrls(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Redirect URLs that the merchant has set for all sessions in the dashboard."""

    success: str | None = None
    failure: str | None = None
    cancel: str | None = None


class CheckoutSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the hosted checkout, for behaviour of Clover that is not known."""

    redirects: Annotated[
        Literal["https", "any"],
        msgspec.Meta(
            description="https: only https (documented) and no localhost (observed). any: also "
            "http and localhost, for a shop that runs on the same machine."
        ),
    ] = "https"
    dashboard: Annotated[
        DashboardUrls, msgspec.Meta(description="Override the URLs of a request (documented).")
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
            "redirectUrls.failure. Clover's behaviour is not known."
        ),
    ] = "try_again"
    tips: Annotated[
        Literal["asked", "always", "never"],
        msgspec.Meta(
            description="Whether the page asks for a tip: if `tips.enabled` of the session is "
            "true (as a public client sends it), always, or never. Clover's behaviour is not known."
        ),
    ] = "asked"
    tip_percents: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=100)], ...],
        msgspec.Meta(
            max_length=4,
            description="Tip percentages that the page offers in addition to no tip and a custom "
            "amount. They apply to the subtotal without tax. Clover's behaviour is not known.",
        ),
    ] = (15, 18, 20)
    webhook_data: Annotated[
        bool | None,
        msgspec.Meta(
            description="Whether the webhook has the session id in `data` (documented) in "
            "addition to `checkoutSessionId` (observed). Default: only in the documented dialect."
        ),
    ] = None
