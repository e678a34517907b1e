"""Amounts of money, which are always in minor units."""

import re
from decimal import Decimal

AMOUNT_MAX = 99_999_999
"""$999,999.99. Source: DOCS:ecommerce-error-codes, amount_too_large."""
MERCHANT_CURRENCY = "USD"
"""The currency of all merchants: sandbox merchants are American (inferred)."""
_FRACTION = re.compile(r"-?[0-9]{1,15}\.[0-9]{0,15}")


def fraction_of_amount(value: object) -> str:
    """Describe an amount with a fraction; '' for any other value."""
    if not isinstance(value, str | float) or not _FRACTION.fullmatch(str(value)):
        return ""
    amount = Decimal(str(value))
    is_whole = amount == int(amount)
    meaning = f"is {int(amount)} cents" if is_whole else "is not a whole number of cents"
    is_in_dollars = len(str(value).partition(".")[2]) <= 2  # else it is the product of a float
    meant = round(amount * 100 if is_in_dollars else amount)
    suggestion = f"; did you mean {meant}?" if abs(meant) <= AMOUNT_MAX else ""
    return f"{value} {meaning}{suggestion}"


def amount_text(amount: int, currency: str = MERCHANT_CURRENCY) -> str:
    """Return an amount in minor units as text: `18.00 USD`. Clover's currencies have cents."""
    units, cents = divmod(abs(amount), 100)  # a float cannot represent every amount that is sent
    return f"{'-' if amount < 0 else ''}{units}.{cents:02} {currency.upper()}"


def minor_units_text(amount: int, currency: str = MERCHANT_CURRENCY) -> str:
    """Return an amount as it is sent, and as text: `1800 (18.00 USD)`. For rejected amounts."""
    return f"{amount} ({amount_text(amount, currency)})"
