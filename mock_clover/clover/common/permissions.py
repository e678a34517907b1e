"""Permissions that a merchant grants to an app, by Clover's names.

A request without a required permission gets 401. Clover stores the permissions with the app, not
with the token. A scenario sets them in the setting `permissions`.
"""

from typing import Literal, get_args

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
"""Documented in MD:ecommerce-app-permissions; write_inventory is inferred."""


def permission_bitmap(granted: tuple[Permission, ...] | None) -> int:
    """Return permissions as a bitmap, in the order of PERMISSIONS; None means all permissions.

    That tokens have such a number is observed; the meaning of the bits is unknown.
    """
    granted_names = PERMISSIONS if granted is None else granted
    return sum(1 << bit for bit, name in enumerate(PERMISSIONS) if name in granted_names)


def missing_permissions(
    needed: tuple[Permission, ...], granted: tuple[Permission, ...]
) -> list[Permission]:
    """Return the needed permissions that are not granted."""
    return [name for name in needed if name not in granted]
