"""The form of the hosted checkout page: tips, field errors and values to show again.

A PAN and a CVV are never shown again, nor is any value that could be one in the wrong field. Only a
month, a year, a name without digits, a postal code and a tip are sent back to the browser.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from mock_clover.clover.checkout.records import Checkout, CheckoutForm
from mock_clover.clover.common.problems import INCORRECT_CVC, INVALID_TIP_AMOUNT, ApiError
from mock_clover.clover.tokens.endpoints import read_card
from mock_clover.clover.tokens.operations_expiry import read_expiry
from mock_clover.clover.tokens.records import CardRequest
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.engine.html import FieldError
from mock_clover.sandbox.sandbox import Sandbox

OWN = "own"
_OWN_TIP = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,2})?", re.ASCII)
_CVV = re.compile(r"[0-9]{3,4}", re.ASCII)
_NEEDED = {
    "number": "Enter the card number",
    "exp_month": "Enter the month of expiry",
    "exp_year": "Enter the year of expiry",
    "cvv": "Enter the security code",
}
_WRONG = {
    "INVALID_PAN": ("number", "Check the card number"),
    "INCORRECT_NUMBER": ("number", "Check the card number"),
    "INVALID_CARD_TYPE": ("number", "This type of card is not accepted"),
    "CARD_NOT_LISTED": ("number", "This is not one of the test cards"),
    "INVALID_EXPIRY_MONTH": ("exp_month", "Enter the month as 01 to 12"),
    "INVALID_EXPIRY_YEAR": ("exp_year", "Enter the year as it is on the card"),
    "EXPIRED_CARD": ("exp_year", "The card has expired"),
    "INCORRECT_CVC": ("cvv", "Enter the three digits on the back, or four on an Amex"),
    "INVALID_TIP_AMOUNT": ("tip_own", "Enter a tip as 5.00"),
}
"""Field and message for the customer, by problem."""
_AGAIN = {
    "exp_month": re.compile(r"(0?[1-9]|1[0-2])", re.ASCII),
    "exp_year": re.compile(r"(20)?[2-9][0-9]", re.ASCII),
    "name": re.compile(r"[^0-9]{1,255}"),
    "address_zip": re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{3,8}[A-Za-z0-9]", re.ASCII),
    "tip": re.compile(r"[0-9]{1,3}|own", re.ASCII),
    "tip_own": _OWN_TIP,
}
"""Values that may be shown again, by field."""


class Choice(NamedTuple):
    """An offered tip: percentage, and amount in minor units."""

    percent: int
    amount: int


def choices(sandbox: Sandbox, checkout: Checkout) -> tuple[Choice, ...]:
    """Return the tips that a page offers, 0 first; empty if it does not ask for a tip.

    A percentage is of the goods without taxes, rounded half up (inferred).
    """
    settings = sandbox.settings.checkout
    if settings.tips == "never" or (settings.tips == "asked" and not checkout.tips):
        return ()
    goods = checkout.amount - (checkout.tax_amount or 0)
    return tuple(Choice(each, (goods * each + 50) // 100) for each in (0, *settings.tip_percents))


def read_tip(offered: tuple[Choice, ...], form: CheckoutForm) -> int | None:
    """Return the chosen tip, or None; ignore a tip that was not offered.

    Raises INVALID_TIP_AMOUNT.
    """
    if not offered or form.tip in ("", "0"):
        return None
    if form.tip != OWN:
        for each in offered:
            if form.tip == str(each.percent):
                return each.amount or None
        raise INVALID_TIP_AMOUNT.error()
    text = form.tip_own.strip()
    if not _OWN_TIP.fullmatch(text):
        raise INVALID_TIP_AMOUNT.error()
    units, _, cents = text.replace(",", ".").partition(".")
    amount = int(units) * 100 + int(cents.ljust(2, "0") or 0)
    if amount > AMOUNT_MAX:
        raise INVALID_TIP_AMOUNT.error()
    return amount or None


def faults(sandbox: Sandbox, form: CheckoutForm, error: ApiError) -> tuple[FieldError, ...]:
    """Return all field errors in the order of the page; empty if the error is not about a field.

    An API error has only the first problem; the customer should see all of them.
    """
    if error.problem.name not in _WRONG:
        return ()
    messages: dict[str, str] = {}
    problems = [error.problem]
    for check in _checks(sandbox, form):
        try:
            check()
        except ApiError as other:
            problems.append(other.problem)
    for problem in problems:
        name, message = _WRONG.get(problem.name, ("", ""))
        messages.setdefault(name, message)
    messages |= {
        name: message for name, message in _NEEDED.items() if not getattr(form, name).strip()
    }
    return tuple(
        FieldError(name, messages[name]) for name in ("tip_own", *_NEEDED) if name in messages
    )


def _checks(sandbox: Sandbox, form: CheckoutForm) -> tuple[Callable[[], object], ...]:
    """Return a check of each field by itself, with valid values for the others."""
    year, month = sandbox.clock.month()
    good = CardRequest(exp_month=f"{month:02d}", exp_year=str(year), number=form.number)
    return (
        lambda: read_card(sandbox, good),
        lambda: read_expiry(sandbox, form.exp_month, str(min(year + 1, 9_999))),
        lambda: read_expiry(sandbox, "12", form.exp_year),
        lambda: read_expiry(sandbox, form.exp_month, form.exp_year),
        lambda: _check_cvv(form.cvv),
    )


def _check_cvv(cvv: str) -> None:
    if not _CVV.fullmatch(cvv):
        raise INCORRECT_CVC.error()


def again(form: CheckoutForm) -> dict[str, str]:
    """Return the values that may be shown in their fields again."""
    values = {name: getattr(form, name).strip() for name in _AGAIN}
    return {name: value for name, value in values.items() if _AGAIN[name].fullmatch(value)}
