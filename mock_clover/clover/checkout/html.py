"""HTML of the hosted checkout page. All pages share the template, style and security headers.

Every value of a shop goes through `escape_html`, so it is never markup. Choosing a tip changes the
totals without a script: the page contains every total, and CSS shows the selected one.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.checkout.html_texts import format_amount
from mock_clover.clover.checkout.operations_form import CUSTOM_TIP, TipOption
from mock_clover.clover.checkout.records import Checkout, Line
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
from mock_clover.engine.language import ENGLISH, Language

_CART = """\
<section class="sheet" aria-labelledby="cart">
<h2 id="cart">{heading}</h2>
<table>
<caption>{count}</caption>
<thead><tr><th scope="col">{item}</th><th scope="col">{price}</th></tr></thead>
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
{tips}<h2>{heading}</h2>
{fields}<button class="main" name="do" value="pay">{pay} {total}</button>
<button name="do" value="cancel">{cancel}</button>
{back}</form>
"""
_TIPS = """\
<fieldset class="tips">
<legend>{legend}</legend>
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
        "expiry", "Expiry date", 'inputmode="numeric" autocomplete="cc-exp" maxlength="12" required'
    ),
    FormField(
        "cvv",
        "Security code (CVV)",
        'inputmode="numeric" autocomplete="cc-csc" maxlength="4" required',
    ),
)
_NAME_FIELD = FormField(
    "name", "Name on the card (optional)", 'autocomplete="cc-name" maxlength="255"'
)
_STREET_FIELD = FormField(
    "address_line1", "Street address", 'autocomplete="billing address-line1" maxlength="255"'
)
_CITY_AND_CODE_FIELDS = (
    FormField("address_city", "City", 'autocomplete="billing address-level2" maxlength="255"'),
    FormField("address_zip", "Postal code", 'autocomplete="billing postal-code" maxlength="20"'),
)
_ADDRESS = """\
<fieldset class="address">
<legend>{legend}</legend>
{street}<div class="row">
{place}</div>
</fieldset>
"""
_CUSTOM_TIP_FIELD = FormField(
    "tip_own", "Custom tip in USD", 'inputmode="decimal" autocomplete="off" maxlength="9"'
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
    language: Language = ENGLISH

    @property
    def amount_due(self) -> int:
        """Amount to pay without a tip."""
        return self.checkout.amount + self.surcharge

    def say(self, text: str) -> str:
        """Return a text in the language of the page."""
        return self.language.say(text)

    def money(self, amount: int) -> str:
        """Return an amount in the form of the language."""
        return format_amount(amount, self.language)


def form_page(content: PageContent) -> str:
    """Return the page on which a session is paid."""
    say, checkout, alert_html = content.say, content.checkout, ""
    if content.field_errors:
        alert_html = error_alert(
            say("Please correct the following fields."), content.field_errors, say(_ADVICE)
        )
    elif content.message:
        text = f"{content.message} {say('Please try again.')}"
        alert_html = error_alert(text, (), say(_ADVICE))
    failed = bool(alert_html)
    leave = say("Return to the shop without paying")
    form = _FORM.format(
        tips=_render_tips(content),
        heading=say("Pay by card"),
        fields=_render_fields(content),
        pay=say("Pay"),
        total=_amounts_by_tip(content, content.amount_due),
        cancel=say("Cancel"),
        back=link(checkout.failure, leave) if failed else "",
    )
    order = f"{_render_cart(content)}{_expiry_notice(content)}"
    body = f'{alert_html}<div class="columns">\n<div>\n{order}</div>\n'
    body += f"<div>\n{form}{content.hints}</div>\n</div>"
    title = say("Error: Checkout" if failed else "Checkout")
    return page(
        say("Checkout"),
        body,
        shop=content.shop,
        wide=True,
        title=title,
        language=content.language,
    )


def closed_page(
    title: str,
    message: str,
    url: str | None = None,
    *,
    charge: Charge | None = None,
    shop: str = "mock-clover",
    language: Language = ENGLISH,
) -> str:
    """Return the page of a session that is not open, with a link to the shop if there is a URL."""
    text = escape_html(language.say(message))
    notice = f"<p>{text}</p>\n"
    if charge is not None:
        notice = f'<div class="good">\n{notice}</div>\n'
    receipt = _render_receipt(charge, language) if charge is not None else ""
    back = link(url, language.say("Return to the shop"))
    body = f'<div class="sheet">\n{notice}{receipt}{back}</div>'
    return page(language.say(title), body, shop=shop, language=language)


def security_headers_for(checkout: Checkout | None) -> Headers:
    """Return the security headers of a session's page."""
    return security_headers(
        (checkout.success, checkout.failure, checkout.cancel) if checkout else ()
    )


def _render_cart(content: PageContent) -> str:
    checkout, say = content.checkout, content.say
    tax = checkout.tax_amount or 0
    sums = [("Tax", content.money(tax))] if tax else []
    if content.surcharge:
        sums += [("Card surcharge", content.money(content.surcharge))]
    if content.tip_options:
        sums += [("Tip", _amounts_by_tip(content, 0, custom=say("custom")))]
    sums += [("Total", _amounts_by_tip(content, content.amount_due))]
    count = sum(line.quantity for line in checkout.lines)
    caption = say("1 item, in USD" if count == 1 else "{count} items, in USD")
    return _CART.format(
        heading=say("Your order"),
        item=say("Item"),
        price=say("Price"),
        count=caption.format(count=count),
        rows="\n".join(_render_row(content, line) for line in checkout.lines),
        sums="\n".join(
            f'<tr><th scope="row">{say(name)}</th><td>{amount}</td></tr>' for name, amount in sums
        ),
    )


def _render_row(content: PageContent, line: Line) -> str:
    times = f"\u00a0×\u00a0{line.quantity}" if line.quantity > 1 else ""  # noqa: RUF001 - a multiplication sign
    note = f"<small><bdi>{escape_html(line.note)}</bdi></small>" if line.note else ""
    price = content.money(line.price * line.quantity)
    name = escape_html(line.name)
    return f'<tr><th scope="row"><bdi>{name}</bdi>{times}{note}</th><td>{price}</td></tr>'


def _amounts_by_tip(content: PageContent, amount: int, custom: str = "") -> str:
    """Return an amount with each possible tip; CSS shows the selected one."""
    if not content.tip_options:
        return content.money(amount)
    sums = [
        f'<span class="t{index}">{content.money(amount + option.amount)}</span>'
        for index, option in enumerate(content.tip_options)
    ]
    own = custom or f"{content.money(amount)} + {content.say('tip')}"
    return "".join(sums) + f'<span class="t-own">{own}</span>'


def _expiry_notice(content: PageContent) -> str:
    """Return the HTML that says when a session expires, by the sandbox's clock."""
    say, language = content.say, content.language
    left = -(-(content.checkout.expires_ms - content.now_ms) // 60_000)
    at = datetime.fromtimestamp(min(content.checkout.expires_ms, _LAST_MS) / 1000, UTC)
    date = f"{at:%Y-%m-%d}" if language.code == "fr" else f"{at.day} {at:%B %Y}"
    shown = say("{time} UTC on {date}").format(time=f"{at:%H:%M:%S}", date=date)
    time = f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{shown}</time>'
    minutes = say("1 minute" if left == 1 else "{count} minutes").format(count=left)
    notice = say("This page expires in {minutes} (sandbox clock), at {time}.")
    return f'<p class="quiet">{notice.format(minutes=minutes, time=time)}</p>\n'


def _render_tips(content: PageContent) -> str:
    if not content.tip_options:
        return ""
    say, chosen = content.say, content.values.get("tip", "0")
    tip_options = [
        (
            str(index),
            str(option.percent),
            f"{option.percent}%<small>{content.money(option.amount)}</small>"
            if index
            else say("No tip"),
        )
        for index, option in enumerate(content.tip_options)
    ]
    tip_options.append((CUSTOM_TIP, CUSTOM_TIP, say("Custom")))
    return _TIPS.format(
        legend=say("Add a tip"),
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
    secret = "".join(_render_field(content, spec) for spec in _EXPIRY_AND_CVV_FIELDS)
    address = _ADDRESS.format(
        legend=content.say("Billing address (optional)"),
        street=_render_field(content, _STREET_FIELD),
        place="".join(_render_field(content, spec) for spec in _CITY_AND_CODE_FIELDS),
    )
    number, name = (_render_field(content, spec) for spec in (_NUMBER_FIELD, _NAME_FIELD))
    return f'{number}<div class="row">\n{secret}</div>\n{name}{address}'


def _render_field(content: PageContent, spec: FormField) -> str:
    """Return a field. The first invalid one gets the focus, or the card number after a decline."""
    first = (
        content.field_errors[0].field
        if content.field_errors
        else ("number" if content.message else "")
    )
    attributes = spec.attributes
    if spec.name == "expiry":
        attributes += f' placeholder="{content.say("MM/YY")}"'
    spec = replace(
        spec,
        label=content.say(spec.label),
        attributes=attributes,
        value=content.values.get(spec.name, ""),
    )
    described_by = (
        "alert" if spec.name == first and content.message and not content.field_errors else ""
    )
    return field(spec, content.field_errors, focus=spec.name == first, described_by=described_by)


def _render_receipt(charge: Charge, language: Language) -> str:
    """Return the receipt of a payment."""
    tip = charge.request.tip_amount or 0
    card = charge.token.card
    added = charge.surcharge.amount if charge.surcharge is not None else 0
    rows = [
        ("Paid", format_amount(charge.amount_captured + added + tip, language)),
        *((("Surcharge included", format_amount(added, language)),) if added else ()),
        *((("Tip included", format_amount(tip, language)),) if tip else ()),
        ("Card", f"{card.brand} ••{card.last4}"),
        ("Order", charge.order or ""),
    ]
    details = "".join(
        f"<dt>{language.say(name)}</dt>\n<dd>{escape_html(value)}</dd>\n"
        for name, value in rows
        if value
    )
    return f"<dl>\n{details}</dl>\n"
