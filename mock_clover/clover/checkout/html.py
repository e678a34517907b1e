"""HTML of the hosted checkout page. All pages share the template, style and security headers.

Every value of a shop goes through `escape_html`, so it is never markup. Choosing a tip changes the
totals without a script: the page contains every total, and CSS shows the selected one.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.checkout.operations_form import CUSTOM_TIP, TipOption
from mock_clover.clover.checkout.records import CURRENCY, Checkout, Line
from mock_clover.core.record import Value
from mock_clover.engine.html import (
    FieldError,
    FormField,
    Headers,
    error_alert,
    escape_html,
    field,
    link,
    page,
    security_headers,
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
{tip_options}</div>
{custom_tip}</fieldset>
"""
_TIP_OPTION = """\
<div><input type="radio" id="tip-{index}" name="tip" value="{value}"{checked}>
<label for="tip-{index}">{label}</label></div>
"""
_NUMBER_FIELD = FormField(
    "number", "Card number", 'inputmode="numeric" autocomplete="cc-number" maxlength="30" required'
)
_EXPIRY_AND_CVV_FIELDS = (
    FormField(
        "exp_month",
        "Expiry month",
        'inputmode="numeric" autocomplete="cc-exp-month" maxlength="2" placeholder="MM" required',
    ),
    FormField(
        "exp_year",
        "Expiry year",
        'inputmode="numeric" autocomplete="cc-exp-year" maxlength="4" placeholder="YYYY" required',
    ),
    FormField(
        "cvv",
        "Security code (CVV)",
        'inputmode="numeric" autocomplete="cc-csc" maxlength="4" required',
    ),
)
_OPTIONAL_FIELDS = (
    FormField("name", "Name on the card (optional)", 'autocomplete="cc-name" maxlength="255"'),
    FormField("address_zip", "Postal code (optional)", 'autocomplete="postal-code" maxlength="20"'),
)
_CUSTOM_TIP_FIELD = FormField(
    "tip_own", f"Custom tip in {CURRENCY}", 'inputmode="decimal" autocomplete="off" maxlength="9"'
)
_ADVICE = "For your security, please enter the card number and security code again."
_LAST_MS = 253_402_300_799_000
"""The end of the year 9999; a sandbox's clock may be later."""


class PageContent(Value, frozen=True, kw_only=True):
    """The content of the page of an open session."""

    checkout: Checkout
    shop: str
    now_ms: int
    tip_options: tuple[TipOption, ...] = ()
    surcharge: int = 0
    """Card surcharge, added to the amount."""
    hints: str = ""
    """Test cards, as HTML."""
    message: str = ""
    """Why the last attempt failed, if all fields were valid."""
    field_errors: tuple[FieldError, ...] = ()
    values: dict[str, str] = {}
    """The values of the form that may be shown again."""

    @property
    def amount_due(self) -> int:
        """Amount to pay without a tip."""
        return self.checkout.amount + self.surcharge


def form_page(content: PageContent) -> str:
    """Return the page on which a session is paid."""
    checkout, alert_html = content.checkout, ""
    if content.field_errors:
        alert_html = error_alert(
            "Please correct the following fields.", content.field_errors, _ADVICE
        )
    elif content.message:
        alert_html = error_alert(f"{content.message} Please try again.", (), _ADVICE)
    failed = bool(alert_html)
    form = _FORM.format(
        tips=_render_tips(content),
        fields=_render_fields(content),
        total=_amounts_by_tip(content.amount_due, content.tip_options),
        back=link(checkout.failure, "Return to the shop without paying") if failed else "",
    )
    order = f"{_render_cart(content)}{_expiry_notice(content)}"
    body = f'{alert_html}<div class="columns">\n<div>\n{order}</div>\n'
    body += f"<div>\n{form}{content.hints}</div>\n</div>"
    title = "Error: Checkout" if failed else "Checkout"
    return page("Checkout", body, shop=content.shop, wide=True, title=title)


def closed_page(
    title: str,
    message: str,
    url: str | None = None,
    *,
    charge: Charge | None = None,
    shop: str = "mock-clover",
) -> str:
    """Return the page of a session that is not open, with a link to the shop if there is a URL."""
    notice = (
        f'<div class="{"good" if charge else "quiet"}">\n<p>{escape_html(message)}</p>\n</div>\n'
    )
    receipt = _render_receipt(charge) if charge is not None else ""
    back = link(url, "Return to the shop")
    return page(title, f'<div class="sheet">\n{notice}{receipt}{back}</div>', shop=shop)


def security_headers_for(checkout: Checkout | None) -> Headers:
    """Return the security headers of a session's page."""
    return security_headers(
        (checkout.success, checkout.failure, checkout.cancel) if checkout else ()
    )


def _render_cart(content: PageContent) -> str:
    checkout = content.checkout
    tax = checkout.tax_amount or 0
    sums = [("Tax", _money(tax))] if tax else []
    if content.surcharge:
        sums += [("Card surcharge", _money(content.surcharge))]
    if content.tip_options:
        sums += [("Tip", _amounts_by_tip(0, content.tip_options, custom="custom"))]
    sums += [("Total", _amounts_by_tip(content.amount_due, content.tip_options))]
    count = sum(line.quantity for line in checkout.lines)
    return _CART.format(
        count="1 item" if count == 1 else f"{count} items",
        rows="\n".join(map(_render_row, checkout.lines)),
        sums="\n".join(
            f'<tr><th scope="row">{name}</th><td>{amount}</td></tr>' for name, amount in sums
        ),
    )


def _render_row(line: Line) -> str:
    times = f"\u00a0×\u00a0{line.quantity}" if line.quantity > 1 else ""  # noqa: RUF001 - a multiplication sign
    note = f"<small><bdi>{escape_html(line.note)}</bdi></small>" if line.note else ""
    price = _money(line.price * line.quantity)
    name = escape_html(line.name)
    return f'<tr><th scope="row"><bdi>{name}</bdi>{times}{note}</th><td>{price}</td></tr>'


def _amounts_by_tip(amount: int, tip_options: tuple[TipOption, ...], custom: str = "") -> str:
    """Return an amount with each possible tip; CSS shows the selected one."""
    if not tip_options:
        return _money(amount)
    sums = [
        f'<span class="t{index}">{_money(amount + option.amount)}</span>'
        for index, option in enumerate(tip_options)
    ]
    return "".join(sums) + f'<span class="t-own">{custom or f"{_money(amount)} + tip"}</span>'


def _expiry_notice(content: PageContent) -> str:
    """Return the HTML that says when a session expires, by the sandbox's clock."""
    minutes_left = -(-(content.checkout.expires_ms - content.now_ms) // 60_000)
    at = datetime.fromtimestamp(min(content.checkout.expires_ms, _LAST_MS) / 1000, UTC)
    time = (
        f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%H:%M:%S} UTC on {at.day} {at:%B %Y}</time>'
    )
    minutes = f"{minutes_left} minute{'' if minutes_left == 1 else 's'}"
    return f'<p class="quiet">This page expires in {minutes} (sandbox clock), at {time}.</p>\n'


def _render_tips(content: PageContent) -> str:
    if not content.tip_options:
        return ""
    chosen = content.values.get("tip", "0")
    tip_options = [
        (
            str(index),
            str(option.percent),
            f"{option.percent}%<small>{_money(option.amount)}</small>" if index else "No tip",
        )
        for index, option in enumerate(content.tip_options)
    ]
    tip_options.append((CUSTOM_TIP, CUSTOM_TIP, "Custom"))
    return _TIPS.format(
        tip_options="".join(
            _TIP_OPTION.format(
                index=index,
                value=value,
                checked=" checked" if value == chosen else "",
                label=label,
            )
            for index, value, label in tip_options
        ),
        custom_tip=_render_field(content, _CUSTOM_TIP_FIELD),
    )


def _render_fields(content: PageContent) -> str:
    row = "".join(_render_field(content, spec) for spec in _EXPIRY_AND_CVV_FIELDS)
    rest = "".join(_render_field(content, spec) for spec in _OPTIONAL_FIELDS)
    return f'{_render_field(content, _NUMBER_FIELD)}<div class="row">\n{row}</div>\n{rest}'


def _render_field(content: PageContent, spec: FormField) -> str:
    """Return a field. The first invalid one gets the focus, or the card number after a decline."""
    first = (
        content.field_errors[0].field
        if content.field_errors
        else ("number" if content.message else "")
    )
    spec = replace(spec, value=content.values.get(spec.name, ""))
    described_by = (
        "alert" if spec.name == first and content.message and not content.field_errors else ""
    )
    return field(spec, content.field_errors, focus=spec.name == first, described_by=described_by)


def _render_receipt(charge: Charge) -> str:
    """Return the receipt of a payment."""
    tip = charge.request.tip_amount or 0
    card = charge.token.card
    added = charge.surcharge.amount if charge.surcharge is not None else 0
    rows = [
        ("Paid", _money(charge.amount_captured + added + tip)),
        *((("Surcharge included", _money(added)),) if added else ()),
        *((("Tip included", _money(tip)),) if tip else ()),
        ("Card", f"{card.brand} … {card.last4}"),
        ("Order", charge.order or ""),
    ]
    details = "".join(
        f"<dt>{name}</dt>\n<dd>{escape_html(value)}</dd>\n" for name, value in rows if value
    )
    return f"<dl>\n{details}</dl>\n"


def _money(amount: int) -> str:
    return f"{amount // 100:,}.{amount % 100:02d} {CURRENCY}"
