"""Customers and their cards on file."""

from typing import Annotated, Any, ClassVar

from msgspec.structs import replace

from mock_clover.clover.platform.records_customer import CONTACTS_MAX, PostalAddress
from mock_clover.core.evidence import (
    EMAIL,
    Evidence,
    FieldEvidence,
    Millis,
    doc,
    documented,
    evidence_for_fields,
    inferred,
    observed,
)
from mock_clover.core.money import MERCHANT_CURRENCY
from mock_clover.core.record import Record

_REF = documented("REF createcustomer")
_ECHO = documented("DOCS:create-a-card-on-file-customer")


class CustomerRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/customers`."""

    email: Annotated[
        str,
        doc(
            "Any address.",
            observed("CC 23365"),
            problem_name="EMAIL_INVALID",
            pattern=EMAIL,
            max_length=254,
        ),
    ]
    source: Annotated[
        str,
        doc("A clv_ token.", _REF, problem_name="INVALID_CUSTOMER_SOURCE", min_length=1),
    ]
    firstName: Annotated[str, doc("Given name.", _REF)] | None = None
    lastName: Annotated[str, doc("Family name.", _REF)] | None = None
    name: Annotated[str, doc("Full name; returned.", _ECHO)] | None = None
    phone: Annotated[str, doc("Phone; returned.", _ECHO)] | None = None
    ecomind: Annotated[str, doc("Ignored.", _REF, has_no_effect=True)] | None = None
    shipping: Annotated[dict[str, Any], doc("Its name and phone are returned.", _ECHO)] | None = (
        None
    )


class CustomerUpdate(Record, frozen=True, kw_only=True):
    """Body of `PUT /v1/customers/{id}`."""

    email: (
        Annotated[
            str,
            doc(
                "Any address; added to the customer's addresses. Required, unless a setting says "
                "otherwise.",
                observed("CC 23365, GP CloverCustomer"),
                problem_name="EMAIL_INVALID",
                pattern=EMAIL,
                max_length=254,
            ),
        ]
        | None
    ) = None
    source: (
        Annotated[str, doc("Token of a card.", _REF, problem_name="INVALID_CUSTOMER_SOURCE")] | None
    ) = None
    firstName: Annotated[str, doc("Given name.", _REF)] | None = None
    lastName: Annotated[str, doc("Family name.", _REF)] | None = None
    name: Annotated[str, doc("Full name; returned.", _ECHO)] | None = None
    phone: Annotated[str, doc("Phone; returned.", _ECHO)] | None = None
    ecomind: Annotated[str, doc("Ignored.", _REF, has_no_effect=True)] | None = None
    shipping: Annotated[dict[str, Any], doc("Its name and phone are returned.", _ECHO)] | None = (
        None
    )


class Shipping(Record, frozen=True, kw_only=True):
    """`shipping` of a customer: what was sent of it; the name is blank if none was."""

    evidence: ClassVar[Evidence] = documented("DOCS:create-a-card-on-file-customer; SEED 2025-05")

    name: str | None = None
    phone: str | None = None


class SavedCard(Record, frozen=True, kw_only=True):
    """A card on file: its id and its multi-pay token."""

    id: str
    token: str
    fingerprint: str
    platform_type: str = "MULTIPAY"
    """`tokenType` in the platform API."""


class Customer(Record, frozen=True, kw_only=True):
    """A stored customer; the newest card is last."""

    id: str
    email: str | None = None
    created_ms: Millis
    cards: tuple[SavedCard, ...] = ()
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    """The full name as it was sent; responses of `/v1` have no other name."""
    shipping: Shipping | None = None
    phone: str | None = None
    other_emails: tuple[str, ...] = ()
    """Earlier and additional e-mail addresses; an update adds one. Source: CC 23365."""
    other_phones: tuple[str, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()

    @property
    def emails(self) -> tuple[str, ...]:
        """All e-mail addresses, the current one first."""
        return (*((self.email,) if self.email else ()), *self.other_emails)

    @property
    def phones(self) -> tuple[str, ...]:
        """All phone numbers, the current one first."""
        return (*((self.phone,) if self.phone else ()), *self.other_phones)


def split_name(
    first: str | None, last: str | None, name: str | None
) -> tuple[str | None, str | None]:
    """Return the given and family names; a full name is split at its last space (inferred)."""
    if name and not first and not last:
        given, _, family = name.strip().rpartition(" ")
        return given or family or None, family if given else None
    return first, last


def shipping_contact(sent: dict[str, Any] | None) -> Shipping | None:
    """Return the name and phone of `shipping` in a request, if they are text."""
    if not sent:
        return None
    name, phone = (
        value if isinstance(value, str) else None for value in (sent.get("name"), sent.get("phone"))
    )
    return Shipping(name=name, phone=phone)


def with_current_email(customer: Customer, email: str | None) -> Customer:
    """Return a customer with a new current e-mail address; the old one becomes another address."""
    if email is None:
        return customer
    others = tuple(other for other in customer.emails if other != email)[: CONTACTS_MAX - 1]
    return replace(customer, email=email, other_emails=others)


class Sources(Record, frozen=True, kw_only=True):
    """`sources`: the ids of the cards, not objects."""

    evidence: ClassVar[Evidence] = documented("SEED 2025-05; GP CloverCustomer")

    object: str | None = None
    data: tuple[str, ...]


BLANK_NAME = " "
"""`name` and `shipping.name` if none was sent, even if firstName and lastName were. Source: SEED
2025-05."""


class CustomerResponse(Record, frozen=True, kw_only=True):
    """A customer in responses. Source: SEED 2025-05."""

    evidence: ClassVar[Evidence] = documented("SEED 2025-05")
    field_evidence: ClassVar[FieldEvidence] = evidence_for_fields(_ECHO, "phone")

    id: str
    object: str | None = None
    created: Millis
    currency: str
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    sources: Sources
    shipping: Shipping | None = None


def customer_response(customer: Customer) -> CustomerResponse:
    """Return the response for a customer."""
    shipping = customer.shipping
    return CustomerResponse(
        id=customer.id,
        object="customer",
        created=customer.created_ms,
        currency=MERCHANT_CURRENCY,  # documented SEED: not that of the request
        email=customer.email,
        phone=customer.phone,
        name=customer.name or BLANK_NAME,
        sources=Sources(object="list", data=tuple(card.id for card in customer.cards)),
        shipping=Shipping(
            name=(shipping.name if shipping else None) or BLANK_NAME,
            phone=shipping.phone if shipping else None,
        ),
    )


class DeletedResponse(Record, frozen=True, kw_only=True):
    """Response to the deletion of a card or customer. Source: REF, GP (deletedcard)."""

    evidence: ClassVar[Evidence] = documented("REF deletecustomersource; GP CloverCustomer")

    deleted: bool
    id: str
    object: str | None = None


CUSTOMER_EXTENSION_EVIDENCE = inferred("not in REF or the permissions page; NODE has the delete")
