"""The HTML of the hosted checkout's page; skeleton, look and guards are those of all pages.

Whatever a shop wrote is text here and never markup: every value goes through `text`. Imported with
the first page.
"""

from mock_clover.api.page import Field, Headers, alert, field, guards, link, page, text
from mock_clover.model.checkout import CURRENCY, Checkout, Line

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
<h2>Pay by card</h2>
{number}<div class="row">
{dates}</div>
{name}{zip}<button class="main" name="do" value="pay">Pay {total}</button>
<button name="do" value="cancel">Cancel</button>
{back}</form>
"""
_NUMBER = Field(
    "number",
    "Card number",
    'inputmode="numeric" autocomplete="cc-number" maxlength="30" required',
)
_DATES = (
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
_NAME = Field("name", "Name on the card (optional)", 'autocomplete="cc-name" maxlength="255"')
_ZIP = Field("address_zip", "Postal code (optional)", 'autocomplete="postal-code" maxlength="20"')


def form_page(checkout: Checkout, said: str = "") -> str:
    """Return the page on which a session is paid; `said` is why the last try failed."""
    complaint = alert(f"{said} Please try again.") if said else ""
    form = _FORM.format(
        number=field(_NUMBER, focus=bool(said)),
        dates="".join(map(field, _DATES)),
        name=field(_NAME),
        zip=field(_ZIP),
        total=_money(checkout.amount),
        back=link(checkout.failure, "Return to the shop without paying") if said else "",
    )
    body = f'{complaint}<div class="columns">\n{_cart(checkout)}{form}</div>'
    return page("Checkout", body, wide=True)


def end_page(title: str, said: str, url: str | None = None) -> str:
    """Return a page that says how a session stands, with a way on if there is one."""
    back = link(url, "Return to the shop")
    return page(title, f'<div class="sheet">\n<p>{text(said)}</p>\n{back}</div>')


def guards_of(checkout: Checkout | None) -> Headers:
    """Return the headers of a session's page."""
    return guards((checkout.success, checkout.failure, checkout.cancel) if checkout else ())


def _cart(checkout: Checkout) -> str:
    tax = checkout.tax_amount or 0
    sums = [("Tax", tax)] if tax else []
    sums += [("Total", checkout.amount)]
    count = sum(line.quantity for line in checkout.lines)
    return _CART.format(
        count="1 item" if count == 1 else f"{count} items",
        rows="\n".join(map(_row, checkout.lines)),
        sums="\n".join(
            f'<tr><th scope="row">{name}</th><td>{_money(amount)}</td></tr>'
            for name, amount in sums
        ),
    )


def _row(line: Line) -> str:
    each = f"\u00a0×\u00a0{line.quantity}" if line.quantity > 1 else ""  # noqa: RUF001 - a sign of times
    note = f"<small><bdi>{text(line.note)}</bdi></small>" if line.note else ""
    price = _money(line.price * line.quantity)
    return f'<tr><th scope="row"><bdi>{text(line.name)}</bdi>{each}{note}</th><td>{price}</td></tr>'


def _money(amount: int) -> str:
    return f"{amount // 100:,}.{amount % 100:02d} {CURRENCY}"
