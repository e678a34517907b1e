"""HTML of the hosted checkout page; skeleton, style and security headers are shared by all pages.

Every value of a shop goes through `text`, so it is never markup. The choice of a tip changes the
sums without a script: the page has all sums, and CSS shows the chosen one. The module is imported
when the first page is shown.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.checkout.operations_form import OWN, Choice
from mock_clover.clover.checkout.records import CURRENCY, Checkout, Line
from mock_clover.core.record import Value
from mock_clover.engine.html import (
    FieldError,
    FormField,
    Headers,
    alert,
    field,
    guards,
    link,
    page,
    text,
)

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
_NUMBER = FormField(
    "number", "Card number", 'inputmode="numeric" autocomplete="cc-number" maxlength="30" required'
)
_ROW = (
    FormField(
        "exp_month",
        "Month of expiry",
        'inputmode="numeric" autocomplete="cc-exp-month" maxlength="2" placeholder="MM" required',
    ),
    FormField(
        "exp_year",
        "Year of expiry",
        'inputmode="numeric" autocomplete="cc-exp-year" maxlength="4" placeholder="YYYY" required',
    ),
    FormField(
        "cvv",
        "Security code (CVV)",
        'inputmode="numeric" autocomplete="cc-csc" maxlength="4" required',
    ),
)
_REST = (
    FormField("name", "Name on the card (optional)", 'autocomplete="cc-name" maxlength="255"'),
    FormField("address_zip", "Postal code (optional)", 'autocomplete="postal-code" maxlength="20"'),
)
_OWN = FormField(
    "tip_own", f"Your own tip in {CURRENCY}", 'inputmode="decimal" autocomplete="off" maxlength="9"'
)
_ADVICE = "Number and security code are not kept: enter them again."
_LAST_MS = 253_402_300_799_000
"""The end of the year 9999; a clock may be set beyond it."""


class PageContent(Value, frozen=True, kw_only=True):
    """The content of the page of an open session."""

    checkout: Checkout
    shop: str
    now_ms: int
    offers: tuple[Choice, ...] = ()
    surcharge: int = 0
    """Surcharge for cards, on top of the amount."""
    hints: str = ""
    """Test cards, as HTML."""
    message: str = ""
    """Why the last attempt failed, if no field was wrong."""
    faults: tuple[FieldError, ...] = ()
    values: dict[str, str] = {}
    """Values that the customer entered and that may be shown again."""

    @property
    def due(self) -> int:
        """Amount to pay without a tip."""
        return self.checkout.amount + self.surcharge


def form_page(content: PageContent) -> str:
    """Return the page on which a session is paid."""
    checkout, alert_html = content.checkout, ""
    if content.faults:
        alert_html = alert("Please check what you entered.", content.faults, _ADVICE)
    elif content.message:
        alert_html = alert(f"{content.message} Please try again.", (), _ADVICE)
    failed = bool(alert_html)
    form = _FORM.format(
        tips=_tips(content),
        fields=_fields(content),
        total=_summed(content.due, content.offers, " and the tip"),
        back=link(checkout.failure, "Return to the shop without paying") if failed else "",
    )
    body = f'{alert_html}<div class="columns">\n<div>\n{_cart(content)}{_until(content)}</div>\n'
    body += f"<div>\n{form}{content.hints}</div>\n</div>"
    title = "Error: Checkout" if failed else "Checkout"
    return page("Checkout", body, shop=content.shop, wide=True, title=title)


def end_page(
    title: str,
    message: str,
    url: str | None = None,
    *,
    charge: Charge | None = None,
    shop: str = "mock-clover",
) -> str:
    """Return the page of a session that is not open, with a link back if there is a URL."""
    notice = f'<div class="{"good" if charge else "quiet"}">\n<p>{text(message)}</p>\n</div>\n'
    receipt = _receipt(charge) if charge is not None else ""
    back = link(url, "Return to the shop")
    return page(title, f'<div class="sheet">\n{notice}{receipt}{back}</div>', shop=shop)


def guards_of(checkout: Checkout | None) -> Headers:
    """Return the security headers of a session's page."""
    return guards((checkout.success, checkout.failure, checkout.cancel) if checkout else ())


def _cart(content: PageContent) -> str:
    checkout = content.checkout
    tax = checkout.tax_amount or 0
    sums = [("Tax", _money(tax))] if tax else []
    if content.surcharge:
        sums += [("Surcharge for cards", _money(content.surcharge))]
    if content.offers:
        sums += [("Tip", _summed(0, content.offers, "", own="your own"))]
    sums += [("Total", _summed(content.due, content.offers, " + tip"))]
    count = sum(line.quantity for line in checkout.lines)
    return _CART.format(
        count="1 item" if count == 1 else f"{count} items",
        rows="\n".join(map(_row, checkout.lines)),
        sums="\n".join(
            f'<tr><th scope="row">{name}</th><td>{amount}</td></tr>' for name, amount in sums
        ),
    )


def _row(line: Line) -> str:
    times = f"\u00a0×\u00a0{line.quantity}" if line.quantity > 1 else ""  # noqa: RUF001 - a multiplication sign
    note = f"<small><bdi>{text(line.note)}</bdi></small>" if line.note else ""
    price = _money(line.price * line.quantity)
    return (
        f'<tr><th scope="row"><bdi>{text(line.name)}</bdi>{times}{note}</th><td>{price}</td></tr>'
    )


def _summed(amount: int, offers: tuple[Choice, ...], and_tip: str, own: str = "") -> str:
    """Return an amount with each possible tip; CSS shows one of them."""
    if not offers:
        return _money(amount)
    sums = [
        f'<span class="t{place}">{_money(amount + each.amount)}</span>'
        for place, each in enumerate(offers)
    ]
    return "".join(sums) + f'<span class="t-own">{own or _money(amount) + and_tip}</span>'


def _until(content: PageContent) -> str:
    """Return the HTML that says how long a session is open, by the sandbox's clock."""
    left = -(-(content.checkout.expires_ms - content.now_ms) // 60_000)
    at = datetime.fromtimestamp(min(content.checkout.expires_ms, _LAST_MS) / 1000, UTC)
    time = (
        f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%H:%M:%S} UTC on {at.day} {at:%B %Y}</time>'
    )
    minutes = f"{left} more minute{'' if left == 1 else 's'}"
    return f'<p class="quiet">Open for {minutes} by this sandbox\'s clock, until {time}.</p>\n'


def _tips(content: PageContent) -> str:
    if not content.offers:
        return ""
    chosen = content.values.get("tip", "0")
    offers = [
        (
            str(index),
            str(each.percent),
            f"{each.percent} %<small>{_money(each.amount)}</small>" if index else "No tip",
        )
        for index, each in enumerate(content.offers)
    ]
    offers.append((OWN, OWN, "Own"))
    return _TIPS.format(
        offers="".join(
            _OFFER.format(
                place=index,
                value=value,
                checked=" checked" if value == chosen else "",
                words=words,
            )
            for index, value, words in offers
        ),
        own=_field(content, _OWN),
    )


def _fields(content: PageContent) -> str:
    row = "".join(_field(content, each) for each in _ROW)
    rest = "".join(_field(content, each) for each in _REST)
    return f'{_field(content, _NUMBER)}<div class="row">\n{row}</div>\n{rest}'


def _field(content: PageContent, spec: FormField) -> str:
    """Return a field; the first wrong one has the focus, or the number after a decline."""
    first = content.faults[0].field if content.faults else ("number" if content.message else "")
    spec = replace(spec, value=content.values.get(spec.name, ""))
    described_by = "alert" if spec.name == first and content.message and not content.faults else ""
    return field(spec, content.faults, focus=spec.name == first, about=described_by)


def _receipt(charge: Charge) -> str:
    """Return the receipt of a payment."""
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
