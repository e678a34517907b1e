"""Hosted checkout: requests, responses and the stored session.

Field names and the required minimum come from Clover's documentation, the rest from clients and
their recordings. A session stores no card: each attempt stores a charge, and the session its id.
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from mock_clover.clover.orders.records_item import (
    TAX_RATE_100_PERCENT,
    TAX_RATES_MAX,
    Item,
    TaxRate,
)
from mock_clover.clover.webhooks.records_address import url_error
from mock_clover.core.evidence import EMAIL, Cents, Millis, doc, documented, observed
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record, SecretRecord

DOC = documented("DOCS: hosted checkout")
_OBSERVED = observed("public clients of the hosted checkout")
_TIMES = observed(
    "PayHub 2026-09-17; recordings of 2022 and 2025 end in +0000; the documentation has Unix time"
)
_INVALID = "CHECKOUT_INVALID"
_OUR_LIMIT = "; the limit is this mock's own"

CHECKOUT_LIFETIME_MS = 900_000
"""Documented: a session can be paid for fifteen minutes."""
ITEMS_MAX = 500
ITEM_NAME_CHARS_MAX = 126
"""Inferred: two public clients shorten names, because Clover rejects 127 characters and more."""
METADATA_BYTES_MAX = 4_096
DECLINED_MAX = 20
"""Maximum number of declined charges that a session lists (the newest); no charge is deleted."""
PAY_CHECKOUT = "pay_checkout"
"""Operation name of a payment on the page, in rules and the journal."""

_CheckoutText = Annotated[
    str, doc(f"Free text{_OUR_LIMIT}.", DOC, problem_name=_INVALID, max_length=255)
]


class CheckoutCustomer(Record, frozen=True, kw_only=True):
    """`customer` of a session; may be empty."""

    firstName: _CheckoutText | None = None
    lastName: _CheckoutText | None = None
    email: (
        Annotated[
            str, doc("For receipts.", DOC, problem_name=_INVALID, pattern=EMAIL, max_length=255)
        ]
        | None
    ) = None
    phoneNumber: _CheckoutText | None = None


class CartTax(Record, frozen=True, kw_only=True):
    """A tax of one line."""

    name: _CheckoutText | None = None
    rate: (
        Annotated[
            int,
            doc(
                "Required; 10,000,000 is 100%.",
                DOC,
                problem_name=_INVALID,
                ge=0,
                le=10 * TAX_RATE_100_PERCENT,
            ),
        ]
        | None
    ) = None


class CartItem(Record, frozen=True, kw_only=True):
    """One line of a cart: name and price, or an item of the inventory."""

    name: (
        Annotated[
            str,
            doc(
                f"Shown on the page; at most {ITEM_NAME_CHARS_MAX} characters.",
                documented("DOCS: hosted checkout; the limit is inferred from two public clients"),
                problem_name=_INVALID,
                max_length=ITEM_NAME_CHARS_MAX,
            ),
        ]
        | None
    ) = None
    price: (
        Annotated[
            Cents,
            doc("Price of one unit; not negative.", DOC, problem_name=_INVALID, le=AMOUNT_MAX),
        ]
        | None
    ) = None
    unitQty: Annotated[int, doc("Number of units.", DOC, problem_name=_INVALID, ge=1, le=1_000_000)]
    note: (
        Annotated[
            str,
            doc(f"Shown on the page{_OUR_LIMIT}.", DOC, problem_name=_INVALID, max_length=2_000),
        ]
        | None
    ) = None
    taxRates: (
        Annotated[
            list[CartTax], doc("Taxes.", DOC, problem_name=_INVALID, max_length=TAX_RATES_MAX)
        ]
        | None
    ) = None
    itemRefUuid: (
        Annotated[
            str,
            doc(
                "An inventory item, instead of or in addition to name and price.",
                _OBSERVED,
                max_length=255,
            ),
        ]
        | None
    ) = None


class Cart(Record, frozen=True, kw_only=True):
    """`shoppingCart` of a session."""

    lineItems: Annotated[
        list[CartItem],
        doc(
            f"One or more{_OUR_LIMIT}.",
            DOC,
            problem_name=_INVALID,
            min_length=1,
            max_length=ITEMS_MAX,
        ),
    ]
    discounts: Annotated[Any, doc("Rejected with a 400.", _OBSERVED)] = None


class RedirectUrls(Record, frozen=True, kw_only=True):
    """Where the browser is redirected at the end of a session."""

    success: Annotated[str, doc("Used after a payment.", DOC, problem_name=_INVALID)] | None = None
    failure: Annotated[str, doc("Used after a decline.", DOC, problem_name=_INVALID)] | None = None
    cancel: Annotated[str, doc("Used after a cancellation.", DOC, problem_name=_INVALID)] | None = (
        None
    )


class CheckoutRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /invoicingcheckoutservice/v1/checkouts`."""

    customer: (
        Annotated[CheckoutCustomer, doc("Required, but may be empty.", DOC, problem_name=_INVALID)]
        | None
    ) = None
    shoppingCart: Annotated[Cart, doc("Items to pay.", DOC, problem_name=_INVALID)]
    redirectUrls: (
        Annotated[RedirectUrls, doc("Must be https and not localhost.", DOC, problem_name=_INVALID)]
        | None
    ) = None
    tips: Annotated[Any, doc("`enabled: true` asks for a tip; otherwise ignored.", _OBSERVED)] = (
        None
    )
    metadata: (
        Annotated[
            dict[str, Any],
            doc("Stored, not interpreted; at most 4,096 bytes.", _OBSERVED, problem_name=_INVALID),
        ]
        | None
    ) = None


def requests_tip(tips: Any) -> bool:
    """Return whether `tips` of a request asks for a tip, in the format of a public client."""
    return isinstance(tips, dict) and tips.get("enabled") is True


class CheckoutResponse(Record, frozen=True, kw_only=True):
    """Response to the creation of a session."""

    href: Annotated[str, doc("URL of the page for the customer's browser.", DOC)]
    checkoutSessionId: Annotated[str, doc("A UUID.", DOC)]
    createdTime: Annotated[
        str | int,
        doc(
            "Such as 2026-09-17T09:52:05.377Z. Documented dialect: Unix time in milliseconds.",
            _TIMES,
        ),
    ]
    expirationTime: Annotated[
        str | int, doc("Fifteen minutes later (documented), in the same format.", _TIMES)
    ]


class Line(Record, frozen=True, kw_only=True):
    """A stored line of a session's cart."""

    name: str
    price: Cents
    quantity: int
    note: str | None = None
    taxes: tuple[TaxRate, ...] = ()
    item: str | None = None

    @property
    def as_order_item(self) -> Item:
        """The line as an order item, to compute totals as orders do."""
        return Item(
            type="sku",
            parent=self.item,
            quantity=self.quantity,
            amount=self.price,
            description=self.name,
            tax_rates=list(self.taxes) or None,
        )


class CheckoutForm(SecretRecord, frozen=True, kw_only=True):
    """Form of the page. Contains a PAN and a CVV: never log or store it."""

    do: str = "pay"
    number: str = ""
    expiry: str = ""
    """As the customer types it: 12/30, 1/30, 12 / 2030."""
    cvv: str = ""
    name: str = ""
    address_line1: str = ""
    address_city: str = ""
    address_zip: str = ""
    tip: str = ""
    """A percentage, or `own` for the amount in `tip_own`."""
    tip_own: str = ""
    mock_clover_cards: str = ""
    """Query parameter of the page; 1 shows the test cards."""


CheckoutState = Literal["open", "paid", "cancelled", "expired"]


class Checkout(Record, frozen=True, kw_only=True):
    """A stored session; expiry is computed from the clock."""

    id: str
    created_ms: Millis
    expires_ms: Millis
    lines: tuple[Line, ...]
    amount: Cents
    """Sum of all lines, taxes included."""
    tax_amount: Cents | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    success: str | None = None
    failure: str | None = None
    cancel: str | None = None
    metadata: dict[str, Any] | None = None
    tips: bool = False
    """Whether the shop requests a tip prompt."""
    ended: Literal["paid", "cancelled"] | None = None
    charge: str | None = None
    order: str | None = None
    declined: tuple[str, ...] = ()

    def state(self, now_ms: Millis) -> CheckoutState:
        """Return the state at a time."""
        if self.ended is not None:
            return self.ended
        return "expired" if now_ms >= self.expires_ms else "open"


class HostedPayment(Record, frozen=True, kw_only=True):
    """A payment on the page, without the card, for rules and the journal."""

    checkout: str
    amount: Cents
    currency: str
    tip_amount: Cents | None = None
    email: str | None = None
    description: str | None = None
    """Names of the items."""
    metadata: dict[str, Any] | None = None


_LOCAL = frozenset({"localhost", "::1"})


def redirect_url_error(url: str, *, allow_http_and_localhost: bool = False) -> str:
    """Return why a redirect URL is invalid, or ''.

    Observed: localhost is rejected. Inferred: its other names are too.
    """
    error = url_error(url.partition("#")[0])
    if error:
        return error
    if not url.isascii() or not url.isprintable() or " " in url:
        return "must contain only printable ASCII characters and no spaces"
    parts = urlsplit(url)
    if allow_http_and_localhost:
        return ""
    if parts.scheme != "https":
        return "must be https"
    host = (parts.hostname or "").rstrip(".")
    if host in _LOCAL or host.endswith(".localhost") or host.startswith("127."):
        return "must not point to localhost, which Clover rejects"
    return ""
