"""The maximum amount. Amounts are always in minor units."""

AMOUNT_MAX = 99_999_999
"""$999,999.99. Source: DOCS:ecommerce-error-codes, amount_too_large."""
