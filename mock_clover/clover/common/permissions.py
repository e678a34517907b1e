"""What a merchant allows an app to do: permissions by Clover's own words, and one 401 without them.

Clover keeps them with the app, not with the token: the switch is `permissions` of a scenario's
settings.
"""

from typing import Literal, get_args

from mock_clover.core.evidence import documented

Permission = Literal[
    "online_payments",
    "read_customers",
    "write_customers",
    "read_inventory",
    "write_inventory",
    "read_merchant",
    "write_merchant",
    "read_orders",
    "write_orders",
    "read_payments",
    "write_payments",
]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
PERMISSIONS_FACT = documented("MD:ecommerce-app-permissions; write_inventory is inferred")


def bitmap(granted: tuple[Permission, ...] | None) -> int:
    """Write permissions as bits, in the order above; None is all of them.

    That a token has such a number is observed; what its bits mean is not known.
    """
    held = PERMISSIONS if granted is None else granted
    return sum(1 << place for place, name in enumerate(PERMISSIONS) if name in held)


def missing(needed: tuple[Permission, ...], granted: tuple[Permission, ...]) -> list[Permission]:
    """Return what is needed and not granted."""
    return [name for name in needed if name not in granted]
