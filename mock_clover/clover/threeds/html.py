"""HTML of the issuer's pages. All pages share the template, style and security headers.

Every value of a shop goes through `escape_html`, so it is never markup. The script reports the
transaction and its state, which are in `data-` attributes, to the SDK. The forms work without the
script.
"""

from typing import NamedTuple

from mock_clover.clover.common.cards import SourceBrand
from mock_clover.clover.threeds.operations_acs import Authentication, AuthenticationState
from mock_clover.clover.threeds.records import IssuerResult
from mock_clover.engine.html import escape_html, page, security_headers
from mock_clover.sandbox.people import merchant_name

_BANK = "Test bank"
SECURITY_HEADERS = security_headers(ancestors="*", with_scripts=True)
"""Any shop's page may frame these: see `page.py`."""
_SHEET = """\
<div class="sheet" id="threeds" data-transaction="{transaction}" data-state="{state}"
 data-status="{status}">
{body}</div>
<link rel="stylesheet" href="../static/issuer.css">
<script src="../static/issuer.js" defer></script>"""
_CHALLENGE = """\
<p class="sum"><strong>{amount}</strong> to <bdi>{merchant}</bdi></p>
<dl>
{rows}
</dl>
<form method="post" action="{transaction}/answer" id="answer">
<p class="quiet">A real bank would ask for a code. Here, choose the result to simulate.</p>
<div class="choice">
{buttons}</div>
<details>
<summary>Other results</summary>
{others}</details>
</form>
"""
_METHOD_FORM = """\
<p>The bank is checking your browser.</p>
<form method="post" action="../notification/{transaction}" id="onward">
<button class="main">Continue</button>
</form>
"""


class _Button(NamedTuple):
    """A button for a result, with its explanation."""

    result: IssuerResult
    label: str
    description: str = ""
    attributes: str = ""


_BUTTONS = (_Button("approve", "Approve", attributes=' class="main"'), _Button("fail", "Fail"))
_OTHER_BUTTONS = (
    _Button(
        "attempt", "Attempted", "The bank could not authenticate you, but it accepts liability."
    ),
    _Button("unavailable", "Unavailable", "The payment continues without liability protection."),
    _Button(
        "timeout", "Time out", "The charge fails immediately, as if the authentication had expired."
    ),
)
_BRANDS: dict[SourceBrand, str] = {
    "VISA": "Visa",
    "MC": "Mastercard",
    "AMEX": "American Express",
    "DISCOVER": "Discover",
    "DINERS_CLUB": "Diners Club",
    "JCB": "JCB",
}
_RESULTS: dict[IssuerResult, tuple[str, str]] = {
    "approve": ("Approved", "The bank approved the payment."),
    "attempt": ("Attempted", "The bank could not authenticate you, but it accepts liability."),
    "unavailable": ("Unavailable", "The bank was not available."),
    "fail": ("Declined", "The bank declined the authentication."),
    "challenge": ("Challenge required", "The bank requires a challenge."),
}
"""Title and text by the issuer's result."""
_STATES: dict[AuthenticationState, tuple[str, str]] = {
    "method": ("Not ready", "The bank is still checking your browser."),
    "over": ("Completed", "This payment has already been processed."),
    "expired": ("Expired", "The authentication has expired. You were not charged."),
}
_NO_MINOR_UNITS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905 - shorter
)
"""ISO 4217 currencies without minor units."""


def challenge_page(authentication: Authentication) -> str:
    """Return the challenge page, or the state of the payment if no challenge is pending."""
    if authentication.state != "challenge":
        return _state_page(authentication)
    request = authentication.charge.request
    body = _CHALLENGE.format(
        transaction=escape_html(authentication.threeds.transaction),
        amount=escape_html(
            _money(request.amount + (request.tip_amount or 0), authentication.charge.currency)
        ),
        merchant=escape_html(merchant_name(authentication.sandbox.seed)),
        rows="\n".join(
            f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _rows(authentication)
        ),
        buttons="".join(map(_button, _BUTTONS)),
        others="".join(map(_button, _OTHER_BUTTONS)),
    )
    return _bank_page("Confirm your payment", _sheet(authentication, body))


def method_page(authentication: Authentication) -> str:
    """Return the method page, which automatically posts to the notification page."""
    if authentication.state != "method":
        return notification_page(authentication)
    body = _METHOD_FORM.format(transaction=escape_html(authentication.threeds.transaction))
    return _bank_page("Checking", _sheet(authentication, body))


def notification_page(authentication: Authentication) -> str:
    """Return the notification page: the method step has succeeded. The SDK reads it."""
    body = "<p>The bank has checked your browser.</p>\n"
    return _bank_page("Checked", _sheet(authentication, body, authentication.status or "SUCCESS"))


def invalid_request_page(authentication: Authentication, errors: tuple[str, ...]) -> str:
    """Return the page for an invalid challenge request."""
    items = "".join(f"<li><bdi>{escape_html(error)}</bdi></li>\n" for error in errors)
    body = f'<p>The challenge request (creq) is invalid:</p>\n<ul id="wrong">\n{items}</ul>\n'
    return _bank_page("Invalid request", _sheet(authentication, body, ""))


def unknown_page(transaction: str) -> str:
    """Return the page of an unknown transaction."""
    message = "Payment not found. Its sandbox may have been deleted."
    return _message_page("Not found", message, transaction)


def cross_origin_page() -> str:
    """Return the page for a form posted from another origin."""
    return _message_page("Rejected", "This form can only be submitted from the bank's own page.")


def invalid_result_page() -> str:
    """Return the page for a form without a valid result."""
    return _message_page("Invalid result", "Choose one of the results on the challenge page.")


def redirect_page() -> str:
    """Return the body of a redirect."""
    return _message_page("Submitted", "Your response was saved.")


def _state_page(authentication: Authentication) -> str:
    state, result = authentication.state, authentication.threeds.result
    title, message = _RESULTS[result] if state == "answered" and result else _STATES[state]
    return _bank_page(
        title, _sheet(authentication, f"<p>{message} You can return to the shop.</p>\n")
    )


def _bank_page(title: str, body: str) -> str:
    return page(title, body, shop=_BANK)


def _message_page(title: str, message: str, transaction: str = "") -> str:
    detail = f"<p>Transaction <code>{escape_html(transaction)}</code></p>\n" if transaction else ""
    return page(
        title, f'<div class="sheet">\n<p>{escape_html(message)}</p>\n{detail}</div>', shop=_BANK
    )


def _sheet(authentication: Authentication, body: str, status: str | None = None) -> str:
    return _SHEET.format(
        transaction=escape_html(authentication.threeds.transaction),
        state=authentication.state,
        status=(authentication.status or "") if status is None else status,
        body=body,
    )


def _rows(authentication: Authentication) -> list[tuple[str, str]]:
    charge = authentication.charge
    card = charge.token.card
    masked_card = f"{_BRANDS.get(card.brand, 'Card')} \u2022\u2022\u2022\u2022 {card.last4}"
    rows = [("Card", escape_html(masked_card))]
    if charge.request.description:
        rows.append(("For", f"<bdi>{escape_html(charge.request.description)}</bdi>"))
    return [*rows, ("Charge", f"<code>{escape_html(charge.id)}</code>")]


def _money(amount: int, currency: str) -> str:
    if currency.upper() in _NO_MINOR_UNITS:
        return f"{amount:,} {currency}"
    return f"{amount // 100:,}.{amount % 100:02d} {currency}"


def _button(button: _Button) -> str:
    name = f"about-{button.result}"
    explanation = (
        f'<p class="quiet" id="{name}">{button.description}</p>\n' if button.description else ""
    )
    described = f' aria-describedby="{name}"' if button.description else ""
    return (
        f'<button name="result" value="{button.result}"{button.attributes}{described}>'
        f"{button.label}</button>\n{explanation}"
    )
