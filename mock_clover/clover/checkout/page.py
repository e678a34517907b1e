"""The page of a hosted checkout: a browser's requests become payments, and what came of them HTML.

An answer here awaits nothing, so pages go the way of every other answer and need no framework.
"""

from typing import TYPE_CHECKING

from mock_clover.clover.charges.records_surcharge import surcharge
from mock_clover.clover.checkout.endpoints import Paid, cancel, pay, require_checkout, require_open
from mock_clover.clover.checkout.records import Checkout, CheckoutForm, State
from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.common.verdict import Decline
from mock_clover.clover.tokens.records import CardRequest
from mock_clover.engine.endpoint import Call, Page
from mock_clover.sandbox.people import merchant_name
from mock_clover.sandbox.sandbox import Sandbox

if TYPE_CHECKING:  # most servers show no page
    from mock_clover.clover.checkout.html import Shown

_TITLES = {"paid": "Paid", "cancelled": "Cancelled", "expired": "Expired"}
_SAID = {
    "paid": "Thank you. The payment is made.",
    "cancelled": "The checkout was cancelled. Nothing was paid.",
    "expired": "This checkout has expired. Nothing was paid.",
}
_SAID_AGAIN = _SAID | {"paid": "This checkout is paid already. Nothing was charged again."}
_DECLINED = 402
_OF_CARD = ("number", "exp_month", "exp_year", "cvv", "name", "address_zip")


def show_page(sandbox: Sandbox, call: Call[CheckoutForm, None]) -> Page:
    """Show a session to its customer; an expired one is gone (inferred)."""
    sandbox = sandbox.holder_of("checkouts", call.ids[0])
    try:
        checkout = require_checkout(sandbox, call.ids[0])
    except ApiError as refusal:
        return _refused(sandbox, refusal, call)
    state = checkout.state(sandbox.clock.now_ms())
    call.why = f"the checkout is {state}"
    if state == "open":
        return _form(200, _shown(sandbox, checkout, call.body))
    return _end(sandbox, checkout, 410 if state == "expired" else 200, state)


def submit_page(sandbox: Sandbox, call: Call[CheckoutForm, None]) -> Page:
    """Pay a session, or cancel it, and send the browser on."""
    from mock_clover.clover.checkout.operations_form import choices, read_tip

    form, checkout_id = call.body, call.ids[0]
    sandbox = sandbox.holder_of("checkouts", checkout_id)
    try:
        if form.do == "cancel":
            ended = cancel(sandbox, checkout_id)
            call.why = "the customer cancelled"
            return _onward(ended, ended.cancel, "cancelled")
        checkout = _open(sandbox, checkout_id)
        tip = None if checkout is None else read_tip(choices(sandbox, checkout), form)
        card = CardRequest(**{name: getattr(form, name) or None for name in _OF_CARD})
        paid = pay(sandbox, checkout_id, card, tip, call.headers)
    except ApiError as refusal:
        return _refused(sandbox, refusal, call)
    return _paid(sandbox, paid, call)


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
    shown = _shown(sandbox, paid.checkout, call.body, tried=True)
    return _form(_DECLINED, shown._replace(said=paid.verdict.message))


def _open(sandbox: Sandbox, checkout_id: str) -> Checkout | None:
    """Return a session if its customer can go on with it."""
    try:
        return require_open(sandbox, checkout_id)
    except ApiError:
        return None


def _shown(
    sandbox: Sandbox, checkout: Checkout, form: CheckoutForm, *, tried: bool = False
) -> "Shown":
    """Return what a page shows of a session, and of a form that was `tried`."""
    from mock_clover.clover.checkout.html import Shown
    from mock_clover.clover.checkout.operations_form import again, choices

    rate = sandbox.settings.surcharge_rate
    return Shown(
        checkout=checkout,
        shop=merchant_name(sandbox.seed),
        now_ms=sandbox.clock.now_ms(),
        offers=choices(sandbox, checkout),
        surcharge=surcharge(checkout.amount, rate) if rate is not None else 0,
        hints=_hints(sandbox) if form.mock_clover_cards == "1" else "",
        given=again(form) if tried else {},
    )


def _hints(sandbox: Sandbox) -> str:
    from mock_clover.clover.checkout.html_hints import hints  # most pages show none

    return hints(sandbox.rules.scenario)


def _form(status: int, shown: "Shown") -> Page:
    from mock_clover.clover.checkout import html

    return Page(status, html.form_page(shown), html.guards_of(shown.checkout))


def _end(
    sandbox: Sandbox, checkout: Checkout, status: int, state: State, said: dict[str, str] = _SAID
) -> Page:
    from mock_clover.clover.checkout import html

    url = {"paid": checkout.success, "cancelled": checkout.cancel}.get(state, checkout.failure)
    charge = sandbox.charges.get(checkout.charge or "") if state == "paid" else None
    shop = merchant_name(sandbox.seed)
    text = html.end_page(_TITLES[state], said[state], url, charge=charge, shop=shop)
    return Page(status, text, html.guards_of(checkout))


def _onward(checkout: Checkout, url: str | None, state: str) -> Page:
    """Send the browser on with a GET; without a URL it looks at the session again."""
    from mock_clover.clover.checkout import html
    from mock_clover.engine.html import onward

    where = onward(url) or ((b"location", b"?"),)
    text = html.end_page(_TITLES.get(state, "Declined"), _SAID.get(state, "Declined."), url)
    return Page(303, text, (*where, *html.guards_of(checkout)))


def _refused(sandbox: Sandbox, refusal: ApiError, call: Call[CheckoutForm, None]) -> Page:
    """Say what is wrong: with the fields, or with the session, which then is shown as it is."""
    from mock_clover.clover.checkout import html
    from mock_clover.clover.checkout.operations_form import faults

    problem = refusal.problem
    said_by = refusal.words.get("why")
    call.why = f"{said_by}: {problem.name}" if said_by else problem.name
    checkout = sandbox.checkouts.get(call.ids[0])
    if checkout is None:
        return Page(
            problem.status, html.end_page("Not found", refusal.message), html.guards_of(None)
        )
    state = checkout.state(sandbox.clock.now_ms())
    if state != "open":
        return _end(sandbox, checkout, problem.status, state, _SAID_AGAIN)
    shown = _shown(sandbox, checkout, call.body, tried=True)
    shown = shown._replace(said=refusal.message, faults=faults(sandbox, call.body, refusal))
    return _form(problem.status, shown)
