"""The HTML of the issuer's pages; skeleton, look and guards are those of all pages.

Whatever a shop wrote is text here and never markup: every value goes through `text`. Each page
says in `data-` attributes which transaction it shows and how it stands: its script tells that to
the SDK. The forms work without the script.
"""

from typing import NamedTuple

from mock_clover.clover.common.cards import Face
from mock_clover.clover.threeds.operations_acs import Authentication, State
from mock_clover.clover.threeds.records import Result
from mock_clover.engine.html import guards, page, text
from mock_clover.sandbox.people import merchant_name

_BANK = "Test bank"
GUARDS = guards(ancestors="*", filed=True)
"""Any shop's page may frame these: see `threeds_page.py`."""
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
<p class="quiet">A bank would ask for a code here. This one does as you press.</p>
<div class="choice">
{buttons}</div>
<details>
<summary>Other answers of a bank</summary>
{others}</details>
</form>
"""
_ONWARD = """\
<p>The bank looks at your browser.</p>
<form method="post" action="../notification/{transaction}" id="onward">
<button class="main">Continue</button>
</form>
"""


class _Button(NamedTuple):
    """An answer that can be pressed, and what comes of it."""

    result: Result
    label: str
    about: str = ""
    look: str = ""


_BUTTONS = (_Button("approve", "Approve", look=' class="main"'), _Button("fail", "Fail"))
_OTHERS = (
    _Button("attempt", "Attempted", "The bank could not ask, and vouches all the same."),
    _Button("unavailable", "Unavailable", "The payment goes on, and nobody vouches for it."),
    _Button("timeout", "Time out", "The charge fails now, as if nobody had come."),
)
_BRANDS: dict[Face, str] = {
    "VISA": "Visa",
    "MC": "Mastercard",
    "AMEX": "American Express",
    "DISCOVER": "Discover",
    "DINERS_CLUB": "Diners Club",
    "JCB": "JCB",
}
_ANSWERED: dict[Result, tuple[str, str]] = {
    "approve": ("Approved", "The bank has approved."),
    "attempt": ("Attempted", "The bank could not ask, and vouches all the same."),
    "unavailable": ("Unavailable", "The bank was not available."),
    "fail": ("Refused", "The bank has refused."),
    "challenge": ("Checked", "The bank wants to ask you."),
}
"""By what the issuer said: a title, and words."""
_SAID: dict[State, tuple[str, str]] = {
    "method": ("Not yet", "The bank has asked nothing yet: it looks at the browser first."),
    "over": ("Decided", "This payment is decided already. Nothing more is asked."),
    "expired": ("Expired", "The time for this payment is over. Nothing was paid."),
}
_WHOLE = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
"""Currencies without cents, of ISO 4217."""


def challenge_page(found: Authentication) -> str:
    """Return the page that asks the cardholder, or says why it asks nothing."""
    if found.state != "challenge":
        return _stands(found)
    asked = found.charge.request
    body = _CHALLENGE.format(
        transaction=text(found.threeds.transaction),
        amount=text(_money(asked.amount + (asked.tip_amount or 0), found.charge.currency)),
        merchant=text(merchant_name(found.sandbox.seed)),
        rows="\n".join(
            f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _rows(found)
        ),
        buttons="".join(map(_button, _BUTTONS)),
        others="".join(map(_button, _OTHERS)),
    )
    return _page("Confirm your payment", _sheet(found, body))


def method_page(found: Authentication) -> str:
    """Return the page that goes on by itself to the notification."""
    if found.state != "method":
        return notification_page(found)
    body = _ONWARD.format(transaction=text(found.threeds.transaction))
    return _page("Checking", _sheet(found, body))


def notification_page(found: Authentication) -> str:
    """Return the page that the SDK hears of; that it was reached is the method's success."""
    body = "<p>The bank has looked at your browser.</p>\n"
    return _page("Checked", _sheet(found, body, found.status or "SUCCESS"))


def mistaken_page(found: Authentication, wrong: tuple[str, ...]) -> str:
    """Return what a shop's developer sees whose page asks for a challenge in the wrong way."""
    items = "".join(f"<li><bdi>{text(each)}</bdi></li>\n" for each in wrong)
    body = f'<p>The request for this challenge is wrong.</p>\n<ul id="wrong">\n{items}</ul>\n'
    return _page("Wrong request", _sheet(found, body, ""))


def unknown_page(transaction: str) -> str:
    """Return the page of what nobody waits for."""
    said = "There is no such payment here. Was the sandbox dropped, or is it another's?"
    return _plain("Not found", said, transaction)


def stray_page() -> str:
    """Return the page of a form that another origin sent."""
    return _plain("Refused", "Only the bank's own page can answer.")


def unheard_page() -> str:
    """Return the page of a form that says nothing."""
    return _plain("Not understood", "That is no answer of a bank.")


def moved_page() -> str:
    """Return what stands beside a redirect."""
    return _plain("Answered", "The answer was taken.")


def _stands(found: Authentication) -> str:
    state, result = found.state, found.threeds.result
    title, said = _ANSWERED[result] if state == "answered" and result else _SAID[state]
    return _page(title, _sheet(found, f"<p>{said} You can go back to the shop.</p>\n"))


def _page(title: str, body: str) -> str:
    return page(title, body, shop=_BANK)


def _plain(title: str, said: str, transaction: str = "") -> str:
    seen = f"<p><code>{text(transaction)}</code></p>\n" if transaction else ""
    return page(title, f'<div class="sheet">\n<p>{text(said)}</p>\n{seen}</div>', shop=_BANK)


def _sheet(found: Authentication, body: str, status: str | None = None) -> str:
    return _SHEET.format(
        transaction=text(found.threeds.transaction),
        state=found.state,
        status=(found.status or "") if status is None else status,
        body=body,
    )


def _rows(found: Authentication) -> list[tuple[str, str]]:
    charge = found.charge
    card = charge.token.card
    face = f"{_BRANDS.get(card.brand, 'Card')} \u2022\u2022\u2022\u2022 {card.last4}"
    rows = [("Card", text(face))]
    if charge.request.description:
        rows.append(("For", f"<bdi>{text(charge.request.description)}</bdi>"))
    return [*rows, ("Charge", f"<code>{text(charge.id)}</code>")]


def _money(amount: int, currency: str) -> str:
    if currency.upper() in _WHOLE:
        return f"{amount:,} {currency}"
    return f"{amount // 100:,}.{amount % 100:02d} {currency}"


def _button(button: _Button) -> str:
    name = f"about-{button.result}"
    about = f'<p class="quiet" id="{name}">{button.about}</p>\n' if button.about else ""
    described = f' aria-describedby="{name}"' if button.about else ""
    return (
        f'<button name="result" value="{button.result}"{button.look}{described}>{button.label}'
        f"</button>\n{about}"
    )
