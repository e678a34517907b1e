"""Endpoints for customers: the customers of /v1. A customer created here has no card on file."""

import msgspec
from msgspec.structs import replace

from mock_clover.clover.customers.endpoints import (
    SAVE_CARD_ERRORS,
    delete_customer_and_cards,
    savable_token,
    save_card,
)
from mock_clover.clover.customers.records import Customer, SavedCard
from mock_clover.clover.platform.behaviours import CARDS_OF_NEW_CUSTOMER
from mock_clover.clover.platform.http import platform_endpoint, platform_list_endpoint
from mock_clover.clover.platform.listing import Fields, ListField, PlatformPage, list_page
from mock_clover.clover.platform.problems import (
    PLATFORM_CUSTOMER_NOT_FOUND,
    PLATFORM_INVALID_QUERY,
)
from mock_clover.clover.platform.records import (
    Elements,
    EmptyObject,
    ExpandQuery,
    PlatformQuery,
    Reference,
    truncate_to_seconds,
)
from mock_clover.clover.platform.records_customer import (
    AddressResponse,
    CardInfo,
    CardResponse,
    EmailResponse,
    PhoneResponse,
    PlatformCustomerRequest,
    PlatformCustomerResponse,
    PlatformCustomerUpdate,
    PostalAddress,
)
from mock_clover.clover.platform.view import (
    ResponseContext,
    nested_list,
    response_context,
)
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented, observed
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.sandbox import Sandbox


def platform_customer_response(
    context: ResponseContext, customer: Customer, order: str | None = None
) -> PlatformCustomerResponse:
    """Return the response for a customer; `order` is the id of the order that contains it."""
    return PlatformCustomerResponse(
        href=f"{context.root}/customers/{customer.id}",
        id=customer.id,
        orderRef=None if order is None else Reference(id=order),
        firstName=customer.first_name,
        lastName=customer.last_name,
        marketingAllowed=False,
        customerSince=truncate_to_seconds(customer.created_ms),
        emailAddresses=_emails(customer) if context.expands("emailAddresses") else None,
        phoneNumbers=_phones(customer) if context.expands("phoneNumbers") else None,
        addresses=_addresses(customer) if context.expands("addresses") else None,
        cards=_cards(context, customer) if context.expands("cards") else None,
    )


def _emails(customer: Customer) -> Elements:
    return nested_list(email_response(customer, email) for email in customer.emails)


def email_response(customer: Customer, email: str) -> EmailResponse:
    """Return the response for an e-mail address."""
    return EmailResponse(
        id=derived_id("email", customer.id, email),
        emailAddress=email,
        primaryEmail=email == customer.email,
    )


def _phones(customer: Customer) -> Elements:
    return nested_list(phone_response(customer, phone) for phone in customer.phones)


def phone_response(customer: Customer, phone: str) -> PhoneResponse:
    """Return the response for a phone number."""
    return PhoneResponse(id=derived_id("phone", customer.id, phone), phoneNumber=phone)


def _addresses(customer: Customer) -> Elements:
    return nested_list(address_response(customer, address) for address in customer.addresses)


def address_response(customer: Customer, address: PostalAddress) -> AddressResponse:
    """Return the response for an address; its id is derived from its content."""
    fields = msgspec.structs.asdict(address)
    address_id = derived_id("address", customer.id, repr(sorted(fields.items(), key=str)))
    return AddressResponse(id=address_id, **fields)


def _cards(context: ResponseContext, customer: Customer) -> Elements:
    """Return the cards on file, newest first; payments use the newest card."""
    cards = (card_response(context.sandbox, customer, saved) for saved in reversed(customer.cards))
    return nested_list(card for card in cards if card is not None)


def card_response(sandbox: Sandbox, customer: Customer, saved: SavedCard) -> CardResponse | None:
    """Return the response for a card on file."""
    token = sandbox.tokens.get(saved.token)
    if token is None or token.kind != "card":
        return None
    card = token.card
    return CardResponse(
        id=saved.id,
        first6=card.first6,
        last4=card.last4,
        expirationDate=f"{card.exp_month}{card.exp_year[-2:]}",
        additionalInfo=CardInfo(
            isPurchaseCard="false", default="true" if saved is customer.cards[-1] else "false"
        ),
        cardType=card.brand,
        token=token.id,
        tokenType=saved.platform_type,
        modifiedTime=truncate_to_seconds(customer.created_ms),
        customer=Reference(id=customer.id),
    )


FIELDS: Fields = {
    "customerSince": ListField(int, lambda customer: truncate_to_seconds(customer.created_ms)),
    "firstName": ListField(str, lambda customer: customer.first_name),
    "lastName": ListField(str, lambda customer: customer.last_name),
    "emailAddress": ListField(str, lambda customer: customer.emails),
    "phoneNumber": ListField(str, lambda customer: customer.phones),
    "marketingAllowed": ListField(bool, lambda _: False),
    "fullName": ListField(
        str,
        lambda customer: " ".join(filter(None, (customer.first_name, customer.last_name))) or None,
    ),
    "id": ListField(str, lambda customer: customer.id),
    "deletedTime": ListField(int, lambda _: None),
}


def list_customers(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List customers; `expand=cards` includes their cards on file."""
    context = response_context(sandbox, call)
    return list_page(
        context,
        call,
        "customers",
        FIELDS,
        sandbox.customers.newest_first,
        lambda customer: platform_customer_response(context, customer),
    )


def get_customer(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> PlatformCustomerResponse:
    """Get one customer; `expand=cards` includes the ids needed to delete a card through /v1."""
    return platform_customer_response(
        response_context(sandbox, call), require_customer(sandbox, call.ids[1])
    )


def create_customer(
    sandbox: Sandbox, call: Call[PlatformCustomerRequest, ExpandQuery]
) -> PlatformCustomerResponse:
    """Create a customer; `cards` saves tokens of /v1/tokens as cards on file."""
    body, context = call.body, response_context(sandbox, call)
    cards = body.cards or ()
    tokens = [savable_token(sandbox, call, card.token, None) for card in cards]
    if len({token.card.fingerprint for token in tokens}) < len(tokens):
        raise PLATFORM_INVALID_QUERY.error(param="cards", reason="a card occurs twice")
    emails = tuple(address.emailAddress for address in body.emailAddresses or ())
    phones = tuple(phone.phoneNumber for phone in body.phoneNumbers or ())
    sandbox.customers.check_capacity()
    customer = Customer(
        id=sandbox.ids.object_id(),
        created_ms=sandbox.clock.now_ms(),
        first_name=body.firstName,
        last_name=body.lastName,
        email=next(iter(emails), None),
        other_emails=emails[1:],
        phone=next(iter(phones), None),
        other_phones=phones[1:],
        addresses=tuple(body.addresses or ()),
    )
    sandbox.customers.put(customer.id, customer)
    send_platform_event(sandbox, "C", customer.id, "CREATE", "customer")
    if cards:
        call.basis += (CARDS_OF_NEW_CUSTOMER,)
    for card, token in zip(cards, tokens, strict=True):
        customer = save_card(sandbox, customer, token, card.tokenType)
    call.why = f"created a customer with {len(cards) or 'no'} cards on file"
    return platform_customer_response(context, customer)


def update_customer(
    sandbox: Sandbox, call: Call[PlatformCustomerUpdate, ExpandQuery]
) -> PlatformCustomerResponse:
    """Update a customer's names; PUT and PATCH are not supported."""
    customer, body = require_customer(sandbox, call.ids[1]), call.body
    context = response_context(sandbox, call)
    updated = replace(
        customer,
        first_name=customer.first_name if body.firstName is None else body.firstName,
        last_name=customer.last_name if body.lastName is None else body.lastName,
    )
    sandbox.customers.put(updated.id, updated)
    send_platform_event(sandbox, "C", updated.id, "UPDATE", "customer")
    call.why = "updated the customer"
    return platform_customer_response(context, updated)


def delete_customer(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete a customer and its cards on file."""
    delete_customer_and_cards(sandbox, require_customer(sandbox, call.ids[1]))
    call.why = "deleted the customer"
    return EmptyObject()


def require_customer(sandbox: Sandbox, customer_id: str) -> Customer:
    """Return a customer, or raise PLATFORM_CUSTOMER_NOT_FOUND."""
    return sandbox.customers.require(customer_id, PLATFORM_CUSTOMER_NOT_FOUND, "customer")


_OBSERVED = observed("clover-mcp-server, sandbox 2026-06")
ENDPOINTS = (
    platform_endpoint(
        "POST",
        "/customers",
        create_customer,
        PlatformCustomerResponse,
        "write_customers",
        _OBSERVED,
        request=PlatformCustomerRequest,
        query=ExpandQuery,
        errors=SAVE_CARD_ERRORS,
    ),
    platform_list_endpoint("/customers", list_customers, FIELDS, "read_customers", _OBSERVED),
    platform_endpoint(
        "GET",
        "/customers/{customer_id}",
        get_customer,
        PlatformCustomerResponse,
        "read_customers",
        documented("DOCS:ecommerce-faqs"),
        query=ExpandQuery,
        errors=(PLATFORM_CUSTOMER_NOT_FOUND,),
    ),
    platform_endpoint(
        "POST",
        "/customers/{customer_id}",
        update_customer,
        PlatformCustomerResponse,
        "write_customers",
        _OBSERVED,
        request=PlatformCustomerUpdate,
        query=ExpandQuery,
        errors=(PLATFORM_CUSTOMER_NOT_FOUND,),
    ),
    platform_endpoint(
        "DELETE",
        "/customers/{customer_id}",
        delete_customer,
        EmptyObject,
        "write_customers",
        documented("REF customersDeleteCustomer; the empty response is observed"),
        errors=(PLATFORM_CUSTOMER_NOT_FOUND,),
    ),
)
