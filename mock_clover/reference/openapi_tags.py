"""A few groups of operations, by the resource that their path names."""

from typing import NamedTuple


class Tag(NamedTuple):
    """A group of operations: how their paths begin, and what they are about."""

    name: str
    about: str
    paths: tuple[str, ...]


TAGS: tuple[Tag, ...] = (
    Tag("OAuth", "Authorisation of an app by a merchant.", ("/oauth/",)),
    Tag(
        "Keys",
        "The public key for tokens, and the keys that card numbers are encrypted for.",
        ("/pakms/", "/v1/pakms/", "/assets/"),
    ),
    Tag("Tokens", "Cards and other instruments become tokens.", ("/v1/tokens",)),
    Tag("Charges", "Sales, authorisations, captures, 3-D Secure.", ("/v1/charges",)),
    Tag("Refunds", "Money given back; the void of an authorisation.", ("/v1/refunds",)),
    Tag("Customers", "Cards on file.", ("/v1/customers",)),
    Tag("Orders", "Items, payment in one or several parts, returns.", ("/v1/orders",)),
    Tag(
        "Gift cards",
        "Activation, reload, balance, cashout.",
        ("/v1/activate", "/v1/reload", "/v1/balance_inquiry", "/v1/cashout", "/v1/gift_cards/"),
    ),
    Tag("Recurring", "Plans and subscriptions.", ("/recurring/",)),
    Tag("Hosted Checkout", "Payments on Clover's own page.", ("/invoicingcheckoutservice/",)),
    Tag("Platform", "The merchant's data, by the platform API.", ("/v3/",)),
    Tag("Developer Pay", "The deprecated API of before 2021.", ("/v2/",)),
)


def tag_of(path: str) -> str:
    """Return the group of a path, or ''."""
    return next((tag.name for tag in TAGS if path.startswith(tag.paths)), "")
