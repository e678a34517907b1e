"""What of the hosted checkout may be switched; apart, for every scenario has it."""

from typing import Annotated, Literal

import msgspec

from mock_clover.core.record import Record


class DashboardUrls(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """URLs that a merchant has set for all sessions."""

    success: str | None = None
    failure: str | None = None
    cancel: str | None = None


class CheckoutSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of the hosted checkout may be switched, where little is known of Clover's."""

    redirects: Annotated[
        Literal["https", "any"],
        msgspec.Meta(
            description="https: as documented, and localhost is refused, as observed. any: http "
            "and this machine too, for a shop that runs beside the mock."
        ),
    ] = "https"
    dashboard: Annotated[
        DashboardUrls, msgspec.Meta(description="Win over those of a request (documented).")
    ] = DashboardUrls()
    customer: Annotated[
        Literal["optional", "any", "all"],
        msgspec.Meta(
            description="What of first name, last name and e-mail a request must have; Clover's "
            "pages differ, and have a feature by which all are demanded."
        ),
    ] = "optional"
    after_decline: Annotated[
        Literal["try_again", "redirect"],
        msgspec.Meta(
            description="Whether the page asks again, or sends the browser to "
            "redirectUrls.failure; not known of Clover."
        ),
    ] = "try_again"
    tips: Annotated[
        Literal["asked", "always", "never"],
        msgspec.Meta(
            description="Whether the page asks for a tip: where the session's `tips.enabled` is "
            "true, as a public client sends it, or always, or never. Not known of Clover."
        ),
    ] = "asked"
    tip_percents: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=100)], ...],
        msgspec.Meta(
            max_length=4,
            description="Tips that the page offers, of the goods without taxes, beside none and "
            "an amount of one's own. Not known of Clover.",
        ),
    ] = (15, 18, 20)
    webhook_data: Annotated[
        bool | None,
        msgspec.Meta(
            description="Whether the webhook names the session in `data` too (documented), beside "
            "`checkoutSessionId` (observed). Without it: only under the documented dialect."
        ),
    ] = None
