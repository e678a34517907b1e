"""The form of the hosted checkout page: tips, field errors and values to show again.

A PAN and a CVV are never sent back to the browser, nor is a value in another field that could be
one: only an expiry date, a name and a city without digits, a street, a postal code and a tip are.
"""

import re
from collections.abc import Callable
from typing import NamedTuple
from unicodedata import normalize

from mock_clover.clover.checkout.records import Checkout, CheckoutForm
from mock_clover.clover.common.problems import INCORRECT_CVC, INVALID_TIP_AMOUNT, ApiError
from mock_clover.clover.tokens.endpoints import parse_card
from mock_clover.clover.tokens.operations_expiry import parse_expiry
from mock_clover.clover.tokens.records import CardRequest
from mock_clover.core.money import AMOUNT_MAX, amount_text
from mock_clover.engine.html import FieldError
from mock_clover.sandbox.sandbox import Sandbox

CUSTOM_TIP = "own"
_MONTH_AND_YEAR = re.compile(r"([0-9]{1,2}) {0,3}[/\-. ] {0,3}([0-9]{4}|[0-9]{2})", re.ASCII)
_DIGITS_ONLY = re.compile(r"([0-9]{2})([0-9]{4}|[0-9]{2})", re.ASCII)
_YEAR_AND_MONTH = re.compile(r"([0-9]{4})-([0-9]{1,2})", re.ASCII)
_CUSTOM_TIP_AMOUNT = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,2})?", re.ASCII)
_EXPIRY_CHARS_MAX = 20
_DIGITS_MAX = 9
"""In an optional value: a postal code of the United States has nine."""
_CVV = re.compile(r"[0-9]{3,4}", re.ASCII)
_MISSING_FIELD_MESSAGES = {
    "number": "Enter the card number",
    "expiry": "Enter the expiry date",
    "cvv": "Enter the security code",
}
_EXPIRY_MESSAGE = "Enter the expiry date as MM/YY"
_FIELD_ERRORS = {
    "INVALID_PAN": ("number", "Check the card number"),
    "INCORRECT_NUMBER": ("number", "Check the card number"),
    "INVALID_CARD_TYPE": ("number", "This type of card is not accepted"),
    "CARD_NOT_LISTED": ("number", "This is not one of the test cards"),
    "INVALID_EXPIRY_MONTH": ("expiry", _EXPIRY_MESSAGE),
    "INVALID_EXPIRY_YEAR": ("expiry", _EXPIRY_MESSAGE),
    "EXPIRED_CARD": ("expiry", "The card has expired"),
    "INCORRECT_CVC": ("cvv", "Enter the three digits on the back, or four on an Amex"),
    "INVALID_TIP_AMOUNT": ("tip_own", "Enter the tip as an amount, for example 5.00"),
}
"""Field and message for the customer, by problem."""
_REDISPLAYABLE = {
    "expiry": re.compile(r"(0?[1-9]|1[0-2]) ?/ ?(20)?[2-9][0-9]", re.ASCII),
    "name": re.compile(r"[^0-9]{1,255}"),
    "address_line1": re.compile(r"[0-9]{0,5}[^0-9]{1,100}"),
    "address_city": re.compile(r"[^0-9]{1,255}"),
    "address_zip": re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{3,8}[A-Za-z0-9]", re.ASCII),
    "tip": re.compile(r"[0-9]{1,3}|own", re.ASCII),
    "tip_own": _CUSTOM_TIP_AMOUNT,
}
"""Values that may be shown again, by field."""


class TipOption(NamedTuple):
    """An offered tip: percentage, and amount in minor units."""

    percent: int
    amount: int


def tip_options(sandbox: Sandbox, checkout: Checkout) -> tuple[TipOption, ...]:
    """Return the tips that a page offers, 0 first; empty if it does not ask for a tip.

    A percentage applies to the subtotal without tax, rounded half up (inferred).
    """
    settings = sandbox.settings.checkout
    if settings.tips == "never" or (settings.tips == "asked" and not checkout.tips):
        return ()
    subtotal = checkout.amount - (checkout.tax_amount or 0)
    return tuple(
        TipOption(percent, (subtotal * percent + 50) // 100)
        for percent in (0, *settings.tip_percents)
    )


def read_tip(offered: tuple[TipOption, ...], form: CheckoutForm) -> int | None:
    """Return the chosen tip, or None. Raises INVALID_TIP_AMOUNT.

    Tips are ignored if the page offers none. Otherwise a percentage must be one of those offered.
    """
    if not offered or form.tip in ("", "0"):
        return None
    if form.tip != CUSTOM_TIP:
        for option in offered:
            if form.tip == str(option.percent):
                return option.amount or None
        raise INVALID_TIP_AMOUNT.error(rule="tip is none of the offered percentages")
    text = form.tip_own.strip()
    if not _CUSTOM_TIP_AMOUNT.fullmatch(text):
        raise INVALID_TIP_AMOUNT.error(rule="tip_own is not an amount such as 2.50")
    units, _, cents = text.replace(",", ".").partition(".")
    amount = int(units) * 100 + int(cents.ljust(2, "0") or 0)
    if amount > AMOUNT_MAX:
        rule = f"tip_own is too large; at most {amount_text(AMOUNT_MAX)}"
        raise INVALID_TIP_AMOUNT.error(rule=rule)
    return amount or None


def split_expiry(text: str) -> tuple[str, str]:
    """Return month and year of what a customer typed, or two empty texts.

    `12/30`, `1/30`, `12 / 2030`, `12-30`, `1230` and `2030-12`; digits of any script.
    """
    plain = normalize("NFKC", text[:_EXPIRY_CHARS_MAX]).strip()
    found = _MONTH_AND_YEAR.fullmatch(plain) or _DIGITS_ONLY.fullmatch(plain)
    if found:
        return found[1], found[2]
    found = _YEAR_AND_MONTH.fullmatch(plain)
    return (found[2], found[1]) if found else ("", "")


def without_number(form: CheckoutForm, name: str) -> str:
    """Return an optional value, or '' if it could be a card number in the wrong field."""
    text: str = getattr(form, name)
    return "" if sum(map(str.isdigit, text)) > _DIGITS_MAX else text


def field_errors(sandbox: Sandbox, form: CheckoutForm, error: ApiError) -> tuple[FieldError, ...]:
    """Return all field errors in the order of the page; empty if the error is not about a field.

    An API error reports only the first invalid field; the customer should see all of them.
    """
    if error.problem.name not in _FIELD_ERRORS:
        return ()
    messages: dict[str, str] = {}
    problems = [error.problem]
    for check in _field_checks(sandbox, form):
        try:
            check()
        except ApiError as other:
            problems.append(other.problem)
    for problem in problems:
        name, message = _FIELD_ERRORS.get(problem.name, ("", ""))
        messages.setdefault(name, message)
    messages |= {
        name: message
        for name, message in _MISSING_FIELD_MESSAGES.items()
        if not getattr(form, name).strip()
    }
    return tuple(
        FieldError(name, messages[name])
        for name in ("tip_own", *_MISSING_FIELD_MESSAGES)
        if name in messages
    )


def _field_checks(sandbox: Sandbox, form: CheckoutForm) -> tuple[Callable[[], object], ...]:
    """Return one check per field; each uses valid values for the other fields."""
    year, month = sandbox.clock.year_and_month()
    valid_card = CardRequest(exp_month=f"{month:02d}", exp_year=str(year), number=form.number)
    return (
        lambda: parse_card(sandbox, valid_card),
        lambda: parse_expiry(sandbox, *split_expiry(form.expiry)),
        lambda: _check_cvv(form.cvv),
    )


def _check_cvv(cvv: str) -> None:
    if not _CVV.fullmatch(cvv):
        raise INCORRECT_CVC.error(rule="cvv must be 3 or 4 digits")


def redisplayed_values(form: CheckoutForm) -> dict[str, str]:
    """Return the values that may be shown in their fields again."""
    values = {name: getattr(form, name).strip() for name in _REDISPLAYABLE}
    return {name: value for name, value in values.items() if _REDISPLAYABLE[name].fullmatch(value)}
