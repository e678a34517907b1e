"""Names of operations without a request; `clover/surface.py` has the others."""

BACKGROUND_OPERATIONS = ("charge_subscription", "pay_checkout")
"""A scheduled charge, and a payment on Clover's own page. Rules treat them like requests."""
