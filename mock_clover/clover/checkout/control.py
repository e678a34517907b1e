"""Control endpoints for the hosted checkout: list, get, pay and cancel sessions without the page.

The pages are not under /_mock, because a customer's browser sends no control requests.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import replace

from mock_clover.clover.checkout.endpoints import page_url
from mock_clover.clover.checkout.operations import (
    PAGE,
    PAGE_ALIAS,
    CheckoutPaymentResult,
    cancel,
    pay,
    require_checkout,
)
from mock_clover.clover.checkout.page import redirect_url_after, show_page, submit_page
from mock_clover.clover.checkout.records import Checkout, CheckoutForm, CheckoutState, Line
from mock_clover.clover.common.verdict import Decline
from mock_clover.clover.tokens.records import CardRequest
from mock_clover.control.endpoint import MOCK_ONLY, control_endpoint
from mock_clover.control.masking import masked_row
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record, SecretRecord
from mock_clover.engine.endpoint import UNJOURNALED_AFTER_JOBS, Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox

_PATH = "/_mock/checkouts"


class CheckoutQuery(Record, frozen=True, kw_only=True):
    """Query of the list of sessions."""

    state: Annotated[CheckoutState | None, doc("State of the session.", MOCK_ONLY)] = None
    limit: Annotated[
        int, doc("Maximum number; the newest are returned.", MOCK_ONLY, ge=1, le=1_000)
    ] = 100


class PayCheckoutRequest(SecretRecord, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Body of `POST /_mock/checkouts/{id}/pay`. Has a PAN and a CVV: never log or store it."""

    card: Annotated[CardRequest, doc("As in `/v1/tokens`; the CVV is required.", MOCK_ONLY)]
    tip: (
        Annotated[int, doc("In minor units, added to the amount.", MOCK_ONLY, ge=0, le=AMOUNT_MAX)]
        | None
    ) = None


class CheckoutSessionResponse(Record, frozen=True, kw_only=True):
    """A checkout session as the control API returns it."""

    id: str
    href: str
    state: CheckoutState
    created_ms: int
    expires_ms: int
    amount: int
    tax_amount: int | None = None
    lines: tuple[Line, ...]
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    success: str | None = None
    failure: str | None = None
    cancel: str | None = None
    metadata: dict[str, Any] | None = None
    tips: bool = False
    charge: str | None = None
    order: str | None = None
    declined: tuple[str, ...] = ()
    """Ids of the declined charges, oldest first."""


class CheckoutList(Record, frozen=True, kw_only=True):
    """Sessions, newest first."""

    data: tuple[CheckoutSessionResponse, ...]


class CheckoutActionResult(Record, frozen=True, kw_only=True):
    """Result of a customer's action."""

    result: Literal["approved", "declined", "cancelled"]
    charge: str | None = None
    order: str | None = None
    decline_code: str | None = None
    message: str | None = None
    location: str | None = None
    """Redirect URL, if there is one."""
    checkout: CheckoutSessionResponse


def list_checkouts(sandbox: Sandbox, call: Call[None, CheckoutQuery]) -> CheckoutList:
    """Return the newest sessions."""
    query, now_ms = call.query, sandbox.clock.now_ms()
    rows = []
    for _, row in sandbox.checkouts.items_newest_first():
        if query.state in (None, row.state(now_ms)):
            rows.append(_checkout_response(sandbox, row, call))
        if len(rows) >= query.limit:
            break
    return CheckoutList(data=tuple(rows))


def get_checkout(sandbox: Sandbox, call: Call[None, None]) -> CheckoutSessionResponse:
    """Return one session. Clover itself has no such endpoint: its GET returns 404."""
    sandbox = sandbox.merchant_with_row("checkouts", call.ids[0])
    return _checkout_response(sandbox, require_checkout(sandbox, call.ids[0]), call)


def pay_checkout(sandbox: Sandbox, call: Call[PayCheckoutRequest, None]) -> CheckoutActionResult:
    """Pay a session as its customer would on the page."""
    sandbox = sandbox.merchant_with_row("checkouts", call.ids[0])
    paid = pay(sandbox, call.ids[0], call.body.card, call.body.tip, call.headers)
    call.why = paid.verdict.why
    return _action_result(sandbox, paid, call)


def cancel_checkout(sandbox: Sandbox, call: Call[None, None]) -> CheckoutActionResult:
    """Cancel a session as its customer would on the page."""
    sandbox = sandbox.merchant_with_row("checkouts", call.ids[0])
    checkout = cancel(sandbox, call.ids[0])
    call.why = "the customer cancelled"
    return CheckoutActionResult(
        result="cancelled",
        location=_masked(checkout.cancel),
        checkout=_checkout_response(sandbox, checkout, call),
    )


def _action_result(
    sandbox: Sandbox, paid: CheckoutPaymentResult, call: Call[Any, Any]
) -> CheckoutActionResult:
    verdict, checkout = paid.verdict, paid.checkout
    declined = isinstance(verdict, Decline)
    return CheckoutActionResult(
        result="declined" if declined else "approved",
        charge=paid.charge.id,
        order=checkout.order,
        decline_code=verdict.decline_code if isinstance(verdict, Decline) else None,
        message=verdict.message if isinstance(verdict, Decline) else None,
        location=_masked(redirect_url_after(sandbox, paid)),
        checkout=_checkout_response(sandbox, checkout, call),
    )


def _masked(url: str | None) -> str | None:
    return None if url is None else redact(url)


def _checkout_response(
    sandbox: Sandbox, checkout: Checkout, call: Call[Any, Any]
) -> CheckoutSessionResponse:
    fields = {
        name: getattr(checkout, name)
        for name in CheckoutSessionResponse.__struct_fields__
        if name not in ("href", "state")
    }
    view = CheckoutSessionResponse(
        href=page_url(sandbox, call, checkout.id),
        state=checkout.state(sandbox.clock.now_ms()),
        **fields,
    )
    return msgspec.convert(masked_row(view), CheckoutSessionResponse)


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint(
        "list_checkouts", "GET", _PATH, list_checkouts, CheckoutList, query=CheckoutQuery
    ),
    control_endpoint(
        "get_checkout", "GET", f"{_PATH}/{{id}}", get_checkout, CheckoutSessionResponse
    ),
    replace(
        control_endpoint(
            *("pay_checkout", "POST", f"{_PATH}/{{id}}/pay", pay_checkout, CheckoutActionResult),
            request=PayCheckoutRequest,
            surface=UNJOURNALED_AFTER_JOBS,
        ),
        has_card_data=True,
    ),
    control_endpoint(
        "cancel_checkout", "POST", f"{_PATH}/{{id}}/cancel", cancel_checkout, CheckoutActionResult
    ),
    *(
        replace(
            control_endpoint(
                *(name, method, f"{PAGE}/{{id}}", run, Record),
                request=CheckoutForm,
                surface=UNJOURNALED_AFTER_JOBS,
            ),
            has_card_data=True,
            path_alias=f"{PAGE_ALIAS}/{{id}}",
            body_format="json_or_form",
        )
        for name, method, run in (
            ("checkout_page", "GET", show_page),
            ("checkout_submit", "POST", submit_page),
        )
    ),
)
