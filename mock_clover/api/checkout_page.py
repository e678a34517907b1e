"""The page of a hosted checkout: a browser's requests become payments, and what came of them HTML.

An answer here awaits nothing, so pages go the way of every other answer and need no framework.
"""

from typing import Any

from mock_clover.api.checkout import Paid, cancel, pay, require_checkout, require_open
from mock_clover.api.endpoint import Call, Page
from mock_clover.model.checkout import Checkout, CheckoutForm
from mock_clover.model.problem import Refusal
from mock_clover.model.problem_checkout import CHECKOUT_NOT_FOUND
from mock_clover.model.token import CardRequest
from mock_clover.model.verdict import Decline
from mock_clover.sandbox.sandbox import Sandbox

_TITLES = {"paid": "Paid", "cancelled": "Cancelled", "expired": "Expired"}
_SAID = {
    "paid": "Thank you. The payment is made.",
    "cancelled": "The checkout was cancelled. Nothing was paid.",
    "expired": "This checkout has expired. Nothing was paid.",
}
_DECLINED = 402


def show_page(sandbox: Sandbox, call: Call[None, None]) -> Page:
    """Show a session to its customer; an expired one is gone (inferred)."""
    sandbox = sandbox.holder_of("checkouts", call.ids[0])
    try:
        checkout = require_checkout(sandbox, call.ids[0])
    except Refusal as refusal:
        return _refused(None, refusal, call)
    state = checkout.state(sandbox.clock.now_ms())
    call.why = f"the checkout is {state}"
    if state == "open":
        return _form(checkout, 200)
    return _end(checkout, 410 if state == "expired" else 200, state)


def submit_page(sandbox: Sandbox, call: Call[CheckoutForm, None]) -> Page:
    """Pay a session, or cancel it, and send the browser on."""
    form, checkout_id = call.body, call.ids[0]
    sandbox = sandbox.holder_of("checkouts", checkout_id)
    try:
        if form.do == "cancel":
            ended = cancel(sandbox, checkout_id)
            call.why = "the customer cancelled"
            return _onward(ended, ended.cancel, "cancelled")
        card = CardRequest(**{name: getattr(form, name) or None for name in _OF_CARD})
        paid = pay(sandbox, checkout_id, card, None, call.headers)
    except Refusal as refusal:
        return _refused(_open(sandbox, checkout_id), refusal, call)
    return _paid(sandbox, paid, call)


_OF_CARD = ("number", "exp_month", "exp_year", "cvv", "name", "address_zip")


def leads_to(sandbox: Sandbox, paid: Paid) -> str | None:
    """Return where the browser is sent after a payment, None if it stays."""
    if not isinstance(paid.verdict, Decline):
        return paid.checkout.success
    switch = sandbox.settings.checkout
    return paid.checkout.failure if switch.after_decline == "redirect" else None


def _paid(sandbox: Sandbox, paid: Paid, call: Call[CheckoutForm, None]) -> Page:
    call.why = paid.verdict.why
    url = leads_to(sandbox, paid)
    if not isinstance(paid.verdict, Decline):
        return _onward(paid.checkout, url, "paid")
    if url:
        return _onward(paid.checkout, url, "open")
    return _form(paid.checkout, _DECLINED, paid.verdict.message)


def _open(sandbox: Sandbox, checkout_id: str) -> Checkout | None:
    """Return a session if its customer can go on with it."""
    try:
        return require_open(sandbox, checkout_id)
    except Refusal:
        return None


def _form(checkout: Checkout, status: int, said: str = "") -> Page:
    from mock_clover.api import checkout_html as html  # most servers show no page

    return Page(status, html.form_page(checkout, said), html.guards_of(checkout))


def _end(checkout: Checkout, status: int, state: str) -> Page:
    from mock_clover.api import checkout_html as html

    url = {"paid": checkout.success, "cancelled": checkout.cancel}.get(state, checkout.failure)
    return Page(status, html.end_page(_TITLES[state], _SAID[state], url), html.guards_of(checkout))


def _onward(checkout: Checkout, url: str | None, state: str) -> Page:
    """Send the browser on with a GET; without a URL it looks at the session again."""
    from mock_clover.api import checkout_html as html
    from mock_clover.api.page import onward

    where = onward(url) or ((b"location", b"?"),)
    text = html.end_page(_TITLES.get(state, "Declined"), _SAID.get(state, "Declined."), url)
    return Page(303, text, (*where, *html.guards_of(checkout)))


def _refused(checkout: Checkout | None, refusal: Refusal, call: Call[Any, None]) -> Page:
    from mock_clover.api import checkout_html as html

    problem = refusal.problem
    said_by = refusal.words.get("why")
    call.why = f"{said_by}: {problem.name}" if said_by else problem.name
    if checkout is not None:
        return _form(checkout, problem.status, refusal.message)
    title = "Not found" if problem is CHECKOUT_NOT_FOUND else "Closed"
    return Page(problem.status, html.end_page(title, refusal.message), html.guards_of(None))
