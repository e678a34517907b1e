"""Records for customers of the platform API, which are the same rows as in /v1."""

from typing import Annotated, ClassVar

from mock_clover.clover.platform.records import Elements, Reference
from mock_clover.core.evidence import EMAIL, Evidence, Millis, doc, documented, inferred, observed
from mock_clover.core.record import Record

_REF = documented("REF customersCreateCustomer")
_OBSERVED = observed("clover-mcp-server, sandbox 2026-06: sub-resources, not flat fields")
_QUERY = "PLATFORM_INVALID_QUERY"
_CARDS = documented("DOCS: a sandbox walk-through of cards on file; REF customersCreateCard")
CONTACTS_MAX = 20
"""Maximum number of contacts of each kind; the limit is this mock's own."""

_Name = Annotated[str, doc("Up to 64 characters.", _REF, problem_name=_QUERY, max_length=64)] | None
_Line = Annotated[str, doc("Free text.", _REF, max_length=255)] | None


class EmailRequest(Record, frozen=True, kw_only=True):
    """One of `emailAddresses`."""

    emailAddress: Annotated[str, doc("Any address.", _OBSERVED, pattern=EMAIL, max_length=254)]


class PhoneRequest(Record, frozen=True, kw_only=True):
    """One of `phoneNumbers`."""

    phoneNumber: Annotated[str, doc("Any number.", _OBSERVED, max_length=50)]


class PostalAddress(Record, frozen=True, kw_only=True):
    """One of `addresses`."""

    address1: _Line = None
    address2: _Line = None
    address3: _Line = None
    city: _Line = None
    country: _Line = None
    state: _Line = None
    zip: _Line = None


class CustomerCardRequest(Record, frozen=True, kw_only=True):
    """A card of a customer: a token of /v1/tokens."""

    token: Annotated[
        str, doc("A clv_ token.", _CARDS, problem_name="INVALID_CUSTOMER_SOURCE", min_length=1)
    ]
    tokenType: Annotated[
        str, doc("CTOKEN for a clv_ token.", _CARDS, problem_name=_QUERY, max_length=50)
    ] = "CTOKEN"
    first6: (
        Annotated[
            str,
            doc(
                "Ignored: the token has it.",
                _CARDS,
                problem_name=_QUERY,
                has_no_effect=True,
                max_length=6,
            ),
        ]
        | None
    ) = None
    last4: (
        Annotated[
            str,
            doc(
                "Ignored: the token has it.",
                _CARDS,
                problem_name=_QUERY,
                has_no_effect=True,
                max_length=4,
            ),
        ]
        | None
    ) = None


class PlatformCustomerUpdate(Record, frozen=True, kw_only=True):
    """Body of `POST …/customers/{id}`: absent fields stay unchanged."""

    firstName: _Name = None
    lastName: _Name = None
    marketingAllowed: (
        Annotated[
            bool,
            doc("Ignored, as on the sandbox.", _OBSERVED, problem_name=_QUERY, has_no_effect=True),
        ]
        | None
    ) = None


class PlatformCustomerRequest(PlatformCustomerUpdate, frozen=True, kw_only=True):
    """Body of `POST …/customers`."""

    emailAddresses: (
        Annotated[
            list[EmailRequest],
            doc("Addresses.", _OBSERVED, problem_name=_QUERY, max_length=CONTACTS_MAX),
        ]
        | None
    ) = None
    phoneNumbers: (
        Annotated[
            list[PhoneRequest],
            doc("Numbers.", _OBSERVED, problem_name=_QUERY, max_length=CONTACTS_MAX),
        ]
        | None
    ) = None
    addresses: (
        Annotated[
            list[PostalAddress],
            doc("Postal addresses.", _REF, problem_name=_QUERY, max_length=CONTACTS_MAX),
        ]
        | None
    ) = None
    cards: (
        Annotated[
            list[CustomerCardRequest],
            doc(
                "Cards on file; the last one pays.",
                _CARDS,
                problem_name=_QUERY,
                max_length=CONTACTS_MAX,
            ),
        ]
        | None
    ) = None


class EmailResponse(Record, frozen=True, kw_only=True):
    """One of `emailAddresses`."""

    evidence: ClassVar[Evidence] = observed(
        "clover-mcp-server, sandbox 2026-06; its id is inferred"
    )

    id: str
    emailAddress: str
    primaryEmail: bool


class PhoneResponse(Record, frozen=True, kw_only=True):
    """One of `phoneNumbers`."""

    evidence: ClassVar[Evidence] = observed(
        "clover-mcp-server, sandbox 2026-06; its id is inferred"
    )

    id: str
    phoneNumber: str


class AddressResponse(PostalAddress, frozen=True, kw_only=True):
    """One of `addresses`."""

    evidence: ClassVar[Evidence] = inferred(
        "REF customersCreateCustomer lists the fields of the request"
    )

    id: str


class CardInfo(Record, frozen=True, kw_only=True):
    """`additionalInfo` of a card on file: booleans as strings."""

    evidence: ClassVar[Evidence] = observed("GP")

    isPurchaseCard: str
    default: str


class CardResponse(Record, frozen=True, kw_only=True):
    """A card on file. Source: GP; `expirationDate` is MMYY."""

    evidence: ClassVar[Evidence] = observed("GP; the value of tokenType is inferred")

    id: str
    first6: str
    last4: str
    expirationDate: str
    additionalInfo: CardInfo
    cardType: str
    token: str
    tokenType: str
    modifiedTime: Millis
    customer: Reference


class PlatformCustomerResponse(Record, frozen=True, kw_only=True):
    """A customer. Source: CC 27777; contacts appear only if they are expanded."""

    evidence: ClassVar[Evidence] = observed("CC 27777")

    href: str
    id: str
    orderRef: Reference | None = None
    firstName: str | None = None
    lastName: str | None = None
    marketingAllowed: bool
    customerSince: Millis
    emailAddresses: Elements | None = None
    phoneNumbers: Elements | None = None
    addresses: Elements | None = None
    cards: Elements | None = None
    orders: Elements | None = None
