"""Common records of the platform API: references, lists and the merchant.

Fields are in the order of recorded responses; those with the value false are included. Times are
whole seconds.
"""

from typing import Annotated, Any, ClassVar

from mock_clover.core.evidence import Evidence, Millis, doc, documented, inferred, observed
from mock_clover.core.record import Record

LIMIT_DEFAULT, LIMIT_MAX = 100, 1_000
NESTED_MAX = 100
"""Maximum rows of a nested list. Source: MD:paginating."""
OFFSET_MAX = 10_000_000
"""This mock's own limit: no table has so many rows."""

_PAGES = documented("MD:paginating; DOCS:expanding-fields; MD:applying-filters")
_QUERY = "PLATFORM_INVALID_QUERY"


class PlatformQuery(Record, frozen=True, kw_only=True):
    """Query of a platform list."""

    filter: (
        Annotated[
            str,
            doc(
                "`field=value`, also `!=`, `>`, `>=`, `<`, `<=`. Repeat it or separate clauses "
                "by commas; all must match. A string may end in `*`.",
                _PAGES,
            ),
        ]
        | None
    ) = None
    expand: (
        Annotated[
            str,
            doc("Fields, separated by commas; a dot selects a nested field.", _PAGES),
        ]
        | None
    ) = None
    orderBy: Annotated[str, doc("`field`, `field ASC` or `field DESC`.", _PAGES)] | None = None
    limit: Annotated[
        int, doc("Page size, at most 1,000.", _PAGES, problem_name=_QUERY, ge=1, le=LIMIT_MAX)
    ] = LIMIT_DEFAULT
    offset: Annotated[
        int, doc("Number of rows to skip.", _PAGES, problem_name=_QUERY, ge=0, le=OFFSET_MAX)
    ] = 0


class ExpandQuery(Record, frozen=True, kw_only=True):
    """Query of a platform request for one object."""

    expand: (
        Annotated[
            str,
            doc("Fields, separated by commas; a dot selects a nested field.", _PAGES),
        ]
        | None
    ) = None


class Elements(Record, frozen=True, kw_only=True):
    """Envelope of all platform lists; a nested list has no `href`."""

    evidence: ClassVar[Evidence] = observed("clover_sandbox_simulator, recorded in 2026-02")

    elements: tuple[Any, ...]
    href: str | None = None


class Reference(Record, frozen=True, kw_only=True):
    """Reference to another object by id, URL, or both."""

    evidence: ClassVar[Evidence] = observed("CC 27777")

    href: str | None = None
    id: str | None = None


class EmptyObject(Record, frozen=True, kw_only=True):
    """Response to a deletion: `{}`. Source: clover_sandbox_simulator."""

    evidence: ClassVar[Evidence] = observed("clover_sandbox_simulator, recorded in 2026-02")

    nothing: None = None


class Address(Record, frozen=True, kw_only=True):
    """`address` of a merchant; only `href` if it is not expanded."""

    evidence: ClassVar[Evidence] = inferred(
        "REF merchant lists the fields of an address; none was recorded"
    )

    href: str | None = None
    address1: str | None = None
    city: str | None = None
    country: str | None = None
    state: str | None = None
    zip: str | None = None


class Owner(Record, frozen=True, kw_only=True):
    """`owner` of a merchant, an employee."""

    evidence: ClassVar[Evidence] = inferred("clover-mcp-server reads these fields of an employee")

    href: str | None = None
    id: str | None = None
    name: str | None = None
    email: str | None = None
    role: str | None = None
    isOwner: bool | None = None


class Gateway(Record, frozen=True, kw_only=True):
    """`gateway` of a merchant. Source: GP for the fields, the multi-pay page for two."""

    evidence: ClassVar[Evidence] = observed(
        "GP reads these; the page on multi-pay tokens has two of them"
    )

    href: str | None = None
    accountName: str | None = None
    paymentProcessorName: str | None = None
    mid: str | None = None
    tokenType: str | None = None
    supportsTipping: bool | None = None
    supportsTipAdjust: bool | None = None
    supportsNakedCredit: bool | None = None
    supportsMultiPayToken: bool | None = None
    supportsPreauthOverage: bool | None = None
    newBatchCloseEnabled: bool | None = None
    production: bool | None = None


class Properties(Record, frozen=True, kw_only=True):
    """`properties` of a merchant; Clover's response also has bank accounts."""

    evidence: ClassVar[Evidence] = inferred("clover-mcp-server lists some of them")

    href: str | None = None
    defaultCurrency: str | None = None
    timezone: str | None = None
    locale: str | None = None
    tipsEnabled: bool | None = None
    trackStock: bool | None = None
    updateStock: bool | None = None
    vat: bool | None = None
    merchantRef: Reference | None = None


class MerchantResponse(Record, frozen=True, kw_only=True):
    """A merchant; fields that are not expanded are references."""

    evidence: ClassVar[Evidence] = inferred(
        "GP and clover-mcp-server read id, name, address and owner; no response was recorded"
    )

    href: str
    id: str
    name: str
    owner: Owner
    address: Address
    gateway: Gateway
    properties: Properties
    items: Reference
    orders: Reference
    payments: Reference
    customers: Reference
    taxRates: Reference
    tenders: Reference
    orderTypes: Reference
    createdTime: Millis


class Supported(Record, frozen=True, kw_only=True):
    """Whether a merchant has a capability; `rate` is a fraction."""

    evidence: ClassVar[Evidence] = documented("MD:surcharges; WOO")

    supported: bool
    rate: float | None = None


class PaymentConfigs(Record, frozen=True, kw_only=True):
    """Ecommerce capabilities of a merchant. Source: WOO, MD:level-2, MD:soft-descriptors."""

    evidence: ClassVar[Evidence] = documented(
        "MD:surcharges, purchase cards, soft descriptors; each page has one field"
    )

    surcharging: Supported
    purchase_card: Supported
    softDescriptors: Supported


def truncate_to_seconds(time_ms: Millis) -> Millis:
    """Return a time in ms rounded down to whole seconds, as in the platform API."""
    return time_ms // 1000 * 1000
