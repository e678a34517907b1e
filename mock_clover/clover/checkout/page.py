"""The hosted checkout page: turn a browser's requests into payments, and results into HTML.

The handlers are synchronous like all others, so the pages need no framework.
"""

from msgspec.structs import replace

from mock_clover.clover.charges.records_surcharge import surcharge
from mock_clover.clover.checkout import html
from mock_clover.clover.checkout.html import PageContent
from mock_clover.clover.checkout.html_hints import card_hints
from mock_clover.clover.checkout.html_texts import FRENCH
from mock_clover.clover.checkout.operations import (
    CheckoutPaymentResult,
    cancel,
    pay,
    require_checkout,
    require_open_checkout,
)
from mock_clover.clover.checkout.operations_form import (
    field_errors,
    read_tip,
    redisplayed_values,
    split_expiry,
    tip_options,
    without_number,
)
from mock_clover.clover.checkout.records import Checkout, CheckoutForm, CheckoutState
from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.common.verdict import Decline
from mock_clover.clover.tokens.records import CardRequest
from mock_clover.engine.endpoint import Call, HtmlPage
from mock_clover.engine.html import location_header
from mock_clover.engine.language import ENGLISH, Language, prefers_french
from mock_clover.sandbox.people import merchant_name
from mock_clover.sandbox.sandbox import Sandbox

_TITLES = {"paid": "Paid", "cancelled": "Cancelled", "expired": "Expired"}
_MESSAGES = {
    "paid": "Thank you. Your payment was successful.",
    "cancelled": "The checkout was cancelled. You were not charged.",
    "expired": "This checkout has expired. You were not charged.",
}
_REPEAT_MESSAGES = _MESSAGES | {
    "paid": "This checkout has already been paid. You were not charged again."
}
_DECLINED = 402
_OPTIONAL_FIELDS = ("name", "address_line1", "address_city", "address_zip")


def show_page(sandbox: Sandbox, call: Call[CheckoutForm, None]) -> HtmlPage:
    """Return the page of a session; the status is 410 if it has expired (inferred)."""
    sandbox = sandbox.merchant_with_row("checkouts", call.ids[0])
    try:
        checkout = require_checkout(sandbox, call.ids[0])
    except ApiError as error:
        return _error_page(sandbox, error, call)
    state = checkout.state(sandbox.clock.now_ms())
    call.why = f"the checkout is {state}"
    if state == "open":
        return _form_page(200, _page_content(sandbox, checkout, call))
    return _closed_page(sandbox, checkout, 410 if state == "expired" else 200, state, call)


def submit_page(sandbox: Sandbox, call: Call[CheckoutForm, None]) -> HtmlPage:
    """Pay or cancel a session, then redirect."""
    form, checkout_id = call.body, call.ids[0]
    sandbox = sandbox.merchant_with_row("checkouts", checkout_id)
    try:
        if form.do == "cancel":
            cancelled = cancel(sandbox, checkout_id)
            call.why = "the customer cancelled"
            return _redirect(cancelled, cancelled.cancel, "cancelled", call)
        checkout = _open_checkout(sandbox, checkout_id)
        tip = None if checkout is None else read_tip(tip_options(sandbox, checkout), form)
        paid = pay(sandbox, checkout_id, _read_card(form), tip, call.headers)
    except ApiError as error:
        return _error_page(sandbox, error, call)
    return _paid_page(sandbox, paid, call)


def _read_card(form: CheckoutForm) -> CardRequest:
    month, year = split_expiry(form.expiry)
    optional = {name: text for name in _OPTIONAL_FIELDS if (text := without_number(form, name))}
    return CardRequest(
        number=form.number or None,
        cvv=form.cvv or None,
        exp_month=month or None,
        exp_year=year or None,
        **optional,
    )


def redirect_url_after(sandbox: Sandbox, paid: CheckoutPaymentResult) -> str | None:
    """Return the redirect URL after a payment, or None to stay on the page."""
    if not isinstance(paid.verdict, Decline):
        return paid.checkout.success
    settings = sandbox.settings.checkout
    return paid.checkout.failure if settings.after_decline == "redirect" else None


def _paid_page(
    sandbox: Sandbox, paid: CheckoutPaymentResult, call: Call[CheckoutForm, None]
) -> HtmlPage:
    call.why = paid.verdict.why
    url = redirect_url_after(sandbox, paid)
    if not isinstance(paid.verdict, Decline):
        return _redirect(paid.checkout, url, "paid", call)
    if url:
        return _redirect(paid.checkout, url, "open", call)
    content = _page_content(sandbox, paid.checkout, call, submitted=True)
    return _form_page(_DECLINED, replace(content, message=paid.verdict.message))


def _language(call: Call[CheckoutForm, None]) -> Language:
    return FRENCH if prefers_french(call.headers) else ENGLISH


def _open_checkout(sandbox: Sandbox, checkout_id: str) -> Checkout | None:
    """Return a session if it is open, or None."""
    try:
        return require_open_checkout(sandbox, checkout_id)
    except ApiError:
        return None


def _page_content(
    sandbox: Sandbox,
    checkout: Checkout,
    call: Call[CheckoutForm, None],
    *,
    submitted: bool = False,
) -> PageContent:
    """Return the page content of a session, with the form values if it was submitted."""
    form, rate = call.body, sandbox.settings.surcharge_rate
    return PageContent(
        checkout=checkout,
        shop=merchant_name(sandbox.seed),
        now_ms=sandbox.clock.now_ms(),
        tip_options=tip_options(sandbox, checkout),
        surcharge=surcharge(checkout.amount, rate) if rate is not None else 0,
        hints=card_hints(sandbox.rules.scenario) if form.mock_clover_cards == "1" else "",
        values=redisplayed_values(form) if submitted else {},
        language=_language(call),
    )


def _form_page(status: int, content: PageContent) -> HtmlPage:
    return HtmlPage(status, html.form_page(content), html.security_headers_for(content.checkout))


def _closed_page(
    sandbox: Sandbox,
    checkout: Checkout,
    status: int,
    state: CheckoutState,
    call: Call[CheckoutForm, None],
    messages: dict[str, str] = _MESSAGES,
) -> HtmlPage:
    url = {"paid": checkout.success, "cancelled": checkout.cancel}.get(state, checkout.failure)
    charge = sandbox.charges.get(checkout.charge or "") if state == "paid" else None
    shop = merchant_name(sandbox.seed)
    text = html.closed_page(
        *(_TITLES[state], messages[state], url),
        charge=charge,
        shop=shop,
        language=_language(call),
    )
    return HtmlPage(status, text, html.security_headers_for(checkout))


def _redirect(
    checkout: Checkout, url: str | None, state: str, call: Call[CheckoutForm, None]
) -> HtmlPage:
    """Redirect with GET; without a URL, to the session itself."""
    location = location_header(url) or ((b"location", b"?"),)
    title, message = _TITLES.get(state, "Declined"), _MESSAGES.get(state, "Declined.")
    text = html.closed_page(title, message, url, language=_language(call))
    return HtmlPage(303, text, (*location, *html.security_headers_for(checkout)))


def _error_page(sandbox: Sandbox, error: ApiError, call: Call[CheckoutForm, None]) -> HtmlPage:
    """Return the page of an error: the form with its field errors, or the state of the session."""
    problem = error.problem
    call.why = error.why
    checkout = sandbox.checkouts.get(call.ids[0])
    if checkout is None:
        return HtmlPage(
            problem.status,
            html.closed_page("Not found", error.message, language=_language(call)),
            html.security_headers_for(None),
        )
    state = checkout.state(sandbox.clock.now_ms())
    if state != "open":
        return _closed_page(sandbox, checkout, problem.status, state, call, _REPEAT_MESSAGES)
    content = _page_content(sandbox, checkout, call, submitted=True)
    wrong = tuple(
        each._replace(message=content.say(each.message))
        for each in field_errors(sandbox, call.body, error)
    )
    content = replace(content, message=error.message, field_errors=wrong)
    return _form_page(problem.status, content)
