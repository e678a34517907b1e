"""HTML of the issuer's pages; skeleton, style and security headers are shared by all pages.

Every value of a shop goes through `text`, so it is never markup. `data-` attributes have the
transaction and its state, which the script reports to the SDK. The forms work without the script.
"""

from typing import NamedTuple

from mock_clover.clover.common.cards import Face
from mock_clover.clover.threeds.operations_acs import Authentication, AuthenticationState
from mock_clover.clover.threeds.records import IssuerResult
from mock_clover.engine.html import guards, page, text
from mock_clover.sandbox.people import merchant_name

_BANK = "Test bank"
GUARDS = guards(ancestors="*", filed=True)
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
<p class="quiet">A real bank asks for a code here. This test bank does what you press.</p>
<div class="choice">
{buttons}</div>
<details>
<summary>Other answers</summary>
{others}</details>
</form>
"""
_ONWARD = """\
<p>The bank is checking your browser.</p>
<form method="post" action="../notification/{transaction}" id="onward">
<button class="main">Continue</button>
</form>
"""


class _Button(NamedTuple):
    """A button for a result, with its explanation."""

    result: IssuerResult
    label: str
    about: str = ""
    look: str = ""


_BUTTONS = (_Button("approve", "Approve", look=' class="main"'), _Button("fail", "Fail"))
_OTHERS = (
    _Button("attempt", "Attempted", "The bank could not ask you, but it accepts liability."),
    _Button("unavailable", "Unavailable", "The payment continues without liability protection."),
    _Button("timeout", "Time out", "The charge fails now, as if it had expired."),
)
_BRANDS: dict[Face, str] = {
    "VISA": "Visa",
    "MC": "Mastercard",
    "AMEX": "American Express",
    "DISCOVER": "Discover",
    "DINERS_CLUB": "Diners Club",
    "JCB": "JCB",
}
_RESULTS: dict[IssuerResult, tuple[str, str]] = {
    "approve": ("Approved", "The bank has approved."),
    "attempt": ("Attempted", "The bank could not ask you, but it accepts liability."),
    "unavailable": ("Unavailable", "The bank was not available."),
    "fail": ("Refused", "The bank has refused."),
    "challenge": ("Checked", "The bank requires a challenge."),
}
"""Title and text by the issuer's result."""
_STATES: dict[AuthenticationState, tuple[str, str]] = {
    "method": ("Not yet", "The bank checks the browser first."),
    "over": ("Decided", "This payment is decided already."),
    "expired": ("Expired", "The time for this payment is over. Nothing was paid."),
}
_NO_MINOR_UNITS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
"""ISO 4217 currencies without minor units."""


def challenge_page(auth: Authentication) -> str:
    """Return the challenge page, or the state of the payment if no challenge is pending."""
    if auth.state != "challenge":
        return _state_page(auth)
    request = auth.charge.request
    body = _CHALLENGE.format(
        transaction=text(auth.threeds.transaction),
        amount=text(_money(request.amount + (request.tip_amount or 0), auth.charge.currency)),
        merchant=text(merchant_name(auth.sandbox.seed)),
        rows="\n".join(
            f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _rows(auth)
        ),
        buttons="".join(map(_button, _BUTTONS)),
        others="".join(map(_button, _OTHERS)),
    )
    return _page("Confirm your payment", _sheet(auth, body))


def method_page(auth: Authentication) -> str:
    """Return the method page, which posts to the notification page by itself."""
    if auth.state != "method":
        return notification_page(auth)
    body = _ONWARD.format(transaction=text(auth.threeds.transaction))
    return _page("Checking", _sheet(auth, body))


def notification_page(auth: Authentication) -> str:
    """Return the notification page, which the SDK reads; reaching it is the method's success."""
    body = "<p>The bank has checked your browser.</p>\n"
    return _page("Checked", _sheet(auth, body, auth.status or "SUCCESS"))


def mistaken_page(auth: Authentication, errors: tuple[str, ...]) -> str:
    """Return the page for a developer whose challenge request is wrong."""
    items = "".join(f"<li><bdi>{text(each)}</bdi></li>\n" for each in errors)
    body = f'<p>The request for this challenge is wrong.</p>\n<ul id="wrong">\n{items}</ul>\n'
    return _page("Wrong request", _sheet(auth, body, ""))


def unknown_page(transaction: str) -> str:
    """Return the page of an unknown transaction."""
    message = "There is no such payment here. Its sandbox may have been deleted."
    return _plain("Not found", message, transaction)


def stray_page() -> str:
    """Return the page for a form posted from another origin."""
    return _plain("Refused", "Only the bank's own page can answer.")


def unheard_page() -> str:
    """Return the page for a form without a valid result."""
    return _plain("Not understood", "That is not a valid answer.")


def moved_page() -> str:
    """Return the body of a redirect."""
    return _plain("Answered", "The answer was stored.")


def _state_page(auth: Authentication) -> str:
    state, result = auth.state, auth.threeds.result
    title, message = _RESULTS[result] if state == "answered" and result else _STATES[state]
    return _page(title, _sheet(auth, f"<p>{message} You can go back to the shop.</p>\n"))


def _page(title: str, body: str) -> str:
    return page(title, body, shop=_BANK)


def _plain(title: str, message: str, transaction: str = "") -> str:
    detail = f"<p><code>{text(transaction)}</code></p>\n" if transaction else ""
    return page(title, f'<div class="sheet">\n<p>{text(message)}</p>\n{detail}</div>', shop=_BANK)


def _sheet(auth: Authentication, body: str, status: str | None = None) -> str:
    return _SHEET.format(
        transaction=text(auth.threeds.transaction),
        state=auth.state,
        status=(auth.status or "") if status is None else status,
        body=body,
    )


def _rows(auth: Authentication) -> list[tuple[str, str]]:
    charge = auth.charge
    card = charge.token.card
    face = f"{_BRANDS.get(card.brand, 'Card')} \u2022\u2022\u2022\u2022 {card.last4}"
    rows = [("Card", text(face))]
    if charge.request.description:
        rows.append(("For", f"<bdi>{text(charge.request.description)}</bdi>"))
    return [*rows, ("Charge", f"<code>{text(charge.id)}</code>")]


def _money(amount: int, currency: str) -> str:
    if currency.upper() in _NO_MINOR_UNITS:
        return f"{amount:,} {currency}"
    return f"{amount // 100:,}.{amount % 100:02d} {currency}"


def _button(button: _Button) -> str:
    name = f"about-{button.result}"
    explanation = f'<p class="quiet" id="{name}">{button.about}</p>\n' if button.about else ""
    described = f' aria-describedby="{name}"' if button.about else ""
    return (
        f'<button name="result" value="{button.result}"{button.look}{described}>{button.label}'
        f"</button>\n{explanation}"
    )
