"""Groups of operations by resource, derived from their paths."""

from typing import NamedTuple


class Tag(NamedTuple):
    """A group of operations, with the prefixes of their paths."""

    name: str
    about: str
    paths: tuple[str, ...]


TAGS: tuple[Tag, ...] = (
    Tag("OAuth", "Authorisation of an app by a merchant.", ("/oauth/",)),
    Tag(
        "Keys",
        "The public API key for tokens, and the encryption keys for card numbers.",
        ("/pakms/", "/v1/pakms/", "/assets/"),
    ),
    Tag("Tokens", "Tokenization of cards and other payment sources.", ("/v1/tokens",)),
    Tag("Charges", "Sales, authorisations, captures, 3-D Secure.", ("/v1/charges",)),
    Tag("Refunds", "Refunds, and voids of authorisations.", ("/v1/refunds",)),
    Tag("Customers", "Cards on file.", ("/v1/customers",)),
    Tag("Orders", "Items, full or partial payments, returns.", ("/v1/orders",)),
    Tag(
        "Gift cards",
        "Activation, reload, balance, cashout.",
        ("/v1/activate", "/v1/reload", "/v1/balance_inquiry", "/v1/cashout", "/v1/gift_cards/"),
    ),
    Tag("Recurring", "Plans and subscriptions.", ("/recurring/",)),
    Tag("Hosted Checkout", "Payments on Clover's own page.", ("/invoicingcheckoutservice/",)),
    Tag("Platform", "The merchant's data in the platform API.", ("/v3/",)),
)


def tag_of(path: str) -> str:
    """Return the name of a path's group, or ''."""
    return next((tag.name for tag in TAGS if path.startswith(tag.paths)), "")
