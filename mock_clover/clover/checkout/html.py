"""The HTML of the hosted checkout's page; skeleton, look and guards are those of all pages.

Whatever a shop wrote is text here and never markup: every value goes through `text`. A choice of
tip changes the sums without a script: all of them are there, and the style shows the chosen one.
Imported with the first page.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.checkout.operations_form import OWN, Choice
from mock_clover.clover.checkout.records import CURRENCY, Checkout, Line
from mock_clover.engine.html import Fault, Field, Headers, alert, field, guards, link, page, text

_CART = """\
<section class="sheet" aria-labelledby="cart">
<h2 id="cart">Your order</h2>
<table>
<caption>{count}</caption>
<thead><tr><th scope="col">Item</th><th scope="col">Price</th></tr></thead>
<tbody>
{rows}
</tbody>
<tfoot>
{sums}
</tfoot>
</table>
</section>
"""
_FORM = """\
<form class="sheet" method="post" novalidate>
{tips}<h2>Pay by card</h2>
{fields}<button class="main" name="do" value="pay">Pay {total}</button>
<button name="do" value="cancel">Cancel</button>
{back}</form>
"""
_TIPS = """\
<fieldset class="tips">
<legend>Add a tip</legend>
<div class="offers">
{offers}</div>
{own}</fieldset>
"""
_OFFER = """\
<div><input type="radio" id="tip-{place}" name="tip" value="{value}"{checked}>
<label for="tip-{place}">{words}</label></div>
"""
_NUMBER = Field(
    "number", "Card number", 'inputmode="numeric" autocomplete="cc-number" maxlength="30" required'
)
_ROW = (
    Field(
        "exp_month",
        "Month of expiry",
        'inputmode="numeric" autocomplete="cc-exp-month" maxlength="2" placeholder="MM" required',
    ),
    Field(
        "exp_year",
        "Year of expiry",
        'inputmode="numeric" autocomplete="cc-exp-year" maxlength="4" placeholder="YYYY" required',
    ),
    Field(
        "cvv",
        "Security code (CVV)",
        'inputmode="numeric" autocomplete="cc-csc" maxlength="4" required',
    ),
)
_REST = (
    Field("name", "Name on the card (optional)", 'autocomplete="cc-name" maxlength="255"'),
    Field("address_zip", "Postal code (optional)", 'autocomplete="postal-code" maxlength="20"'),
)
_OWN = Field(
    "tip_own", f"Your own tip in {CURRENCY}", 'inputmode="decimal" autocomplete="off" maxlength="9"'
)
_ADVICE = "Number and security code are not kept: enter them again."
_LAST_MS = 253_402_300_799_000
"""The end of the year 9999; a clock may be set beyond it."""


class Shown(NamedTuple):
    """All that a page shows of an open session."""

    checkout: Checkout
    shop: str
    now_ms: int
    offers: tuple[Choice, ...] = ()
    surcharge: int = 0
    """What a card costs its payer beside the amount."""
    hints: str = ""
    """Test cards, as HTML."""
    said: str = ""
    """Why the last try failed, where it was not a field."""
    faults: tuple[Fault, ...] = ()
    given: dict[str, str] = {}
    """What the customer entered and may see again."""

    @property
    def due(self) -> int:
        """What is to be paid before a tip."""
        return self.checkout.amount + self.surcharge


def form_page(shown: Shown) -> str:
    """Return the page on which a session is paid."""
    checkout, complaint = shown.checkout, ""
    if shown.faults:
        complaint = alert("Please check what you entered.", shown.faults, _ADVICE)
    elif shown.said:
        complaint = alert(f"{shown.said} Please try again.", (), _ADVICE)
    failed = bool(complaint)
    form = _FORM.format(
        tips=_tips(shown),
        fields=_fields(shown),
        total=_summed(shown.due, shown.offers, " and the tip"),
        back=link(checkout.failure, "Return to the shop without paying") if failed else "",
    )
    body = f'{complaint}<div class="columns">\n<div>\n{_cart(shown)}{_until(shown)}</div>\n'
    body += f"<div>\n{form}{shown.hints}</div>\n</div>"
    title = "Error: Checkout" if failed else "Checkout"
    return page("Checkout", body, shop=shown.shop, wide=True, title=title)


def end_page(
    title: str,
    said: str,
    url: str | None = None,
    *,
    charge: Charge | None = None,
    shop: str = "mock-clover",
) -> str:
    """Return a page that says how a session stands, with a way on if there is one."""
    told = f'<div class="{"good" if charge else "quiet"}">\n<p>{text(said)}</p>\n</div>\n'
    receipt = _receipt(charge) if charge is not None else ""
    back = link(url, "Return to the shop")
    return page(title, f'<div class="sheet">\n{told}{receipt}{back}</div>', shop=shop)


def guards_of(checkout: Checkout | None) -> Headers:
    """Return the headers of a session's page."""
    return guards((checkout.success, checkout.failure, checkout.cancel) if checkout else ())


def _cart(shown: Shown) -> str:
    checkout = shown.checkout
    tax = checkout.tax_amount or 0
    sums = [("Tax", _money(tax))] if tax else []
    if shown.surcharge:
        sums += [("Surcharge for cards", _money(shown.surcharge))]
    if shown.offers:
        sums += [("Tip", _summed(0, shown.offers, "", own="your own"))]
    sums += [("Total", _summed(shown.due, shown.offers, " + tip"))]
    count = sum(line.quantity for line in checkout.lines)
    return _CART.format(
        count="1 item" if count == 1 else f"{count} items",
        rows="\n".join(map(_row, checkout.lines)),
        sums="\n".join(
            f'<tr><th scope="row">{name}</th><td>{amount}</td></tr>' for name, amount in sums
        ),
    )


def _row(line: Line) -> str:
    each = f"\u00a0×\u00a0{line.quantity}" if line.quantity > 1 else ""  # noqa: RUF001 - a sign of times
    note = f"<small><bdi>{text(line.note)}</bdi></small>" if line.note else ""
    price = _money(line.price * line.quantity)
    return f'<tr><th scope="row"><bdi>{text(line.name)}</bdi>{each}{note}</th><td>{price}</td></tr>'


def _summed(amount: int, offers: tuple[Choice, ...], and_tip: str, own: str = "") -> str:
    """Return an amount with each tip that may be chosen, of which the style shows one."""
    if not offers:
        return _money(amount)
    sums = [
        f'<span class="t{place}">{_money(amount + each.amount)}</span>'
        for place, each in enumerate(offers)
    ]
    return "".join(sums) + f'<span class="t-own">{own or _money(amount) + and_tip}</span>'


def _until(shown: Shown) -> str:
    """Say how long a session is open, by the sandbox's clock."""
    left = -(-(shown.checkout.expires_ms - shown.now_ms) // 60_000)
    at = datetime.fromtimestamp(min(shown.checkout.expires_ms, _LAST_MS) / 1000, UTC)
    time = (
        f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%H:%M:%S} UTC on {at.day} {at:%B %Y}</time>'
    )
    minutes = f"{left} more minute{'' if left == 1 else 's'}"
    return f'<p class="quiet">Open for {minutes} by this sandbox\'s clock, until {time}.</p>\n'


def _tips(shown: Shown) -> str:
    if not shown.offers:
        return ""
    chosen = shown.given.get("tip", "0")
    offers = [
        (
            str(place),
            str(each.percent),
            f"{each.percent} %<small>{_money(each.amount)}</small>" if place else "No tip",
        )
        for place, each in enumerate(shown.offers)
    ]
    offers.append((OWN, OWN, "Own"))
    return _TIPS.format(
        offers="".join(
            _OFFER.format(
                place=place,
                value=value,
                checked=" checked" if value == chosen else "",
                words=words,
            )
            for place, value, words in offers
        ),
        own=_field(shown, _OWN),
    )


def _fields(shown: Shown) -> str:
    row = "".join(_field(shown, each) for each in _ROW)
    rest = "".join(_field(shown, each) for each in _REST)
    return f'{_field(shown, _NUMBER)}<div class="row">\n{row}</div>\n{rest}'


def _field(shown: Shown, asked: Field) -> str:
    """Return a field; the first that is wrong has the focus, or the number after a decline."""
    first = shown.faults[0].field if shown.faults else ("number" if shown.said else "")
    asked = asked._replace(value=shown.given.get(asked.name, ""))
    about = "alert" if asked.name == first and shown.said and not shown.faults else ""
    return field(asked, shown.faults, focus=asked.name == first, about=about)


def _receipt(charge: Charge) -> str:
    """Return what a customer may want to know of a payment."""
    tip = charge.request.tip_amount or 0
    card = charge.token.card
    added = charge.surcharge.amount if charge.surcharge is not None else 0
    facts = [
        ("Paid", _money(charge.amount_captured + added + tip)),
        *((("Surcharge included", _money(added)),) if added else ()),
        *((("Tip included", _money(tip)),) if tip else ()),
        ("Card", f"{card.brand} … {card.last4}"),
        ("Order", charge.order or ""),
    ]
    rows = "".join(f"<dt>{name}</dt>\n<dd>{text(value)}</dd>\n" for name, value in facts if value)
    return f"<dl>\n{rows}</dl>\n"


def _money(amount: int) -> str:
    return f"{amount // 100:,}.{amount % 100:02d} {CURRENCY}"
