"""Endpoints for what belongs to a customer: addresses, phone numbers, e-mail addresses, cards."""

from msgspec.structs import replace

from mock_clover.clover.common.problems import CARD_ALREADY_SAVED
from mock_clover.clover.customers.endpoints import SAVE_CARD_ERRORS, savable_token, save_card
from mock_clover.clover.customers.records import Customer
from mock_clover.clover.platform.endpoints_customers import (
    address_response,
    card_response,
    email_response,
    phone_response,
    require_customer,
)
from mock_clover.clover.platform.http import platform_endpoint
from mock_clover.clover.platform.problems import (
    PLATFORM_CUSTOMER_NOT_FOUND,
    PLATFORM_INVALID_QUERY,
    PLATFORM_NOT_FOUND,
)
from mock_clover.clover.platform.records import EmptyObject
from mock_clover.clover.platform.records_customer import (
    CONTACTS_MAX,
    AddressResponse,
    CardResponse,
    CustomerCardRequest,
    EmailRequest,
    EmailResponse,
    PhoneRequest,
    PhoneResponse,
    PostalAddress,
)
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented, inferred
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox

CONTACTS = ("addresses", "phone_numbers", "email_addresses")


def create_customer_address(sandbox: Sandbox, call: Call[PostalAddress, None]) -> AddressResponse:
    """Add an address to a customer."""
    customer = require_customer(sandbox, call.ids[1])
    _check_count(customer.addresses)
    addresses = (*(each for each in customer.addresses if each != call.body), call.body)
    _store(sandbox, call, replace(customer, addresses=addresses))
    return address_response(customer, call.body)


def create_customer_phone_number(sandbox: Sandbox, call: Call[PhoneRequest, None]) -> PhoneResponse:
    """Add a phone number to a customer."""
    customer, number = require_customer(sandbox, call.ids[1]), call.body.phoneNumber
    _check_count(customer.phones)
    _store(sandbox, call, _with_phones(customer, (*customer.phones, number)))
    return phone_response(customer, number)


def create_customer_email_address(
    sandbox: Sandbox, call: Call[EmailRequest, None]
) -> EmailResponse:
    """Add an e-mail address to a customer; the first one stays the primary one."""
    customer, email = require_customer(sandbox, call.ids[1]), call.body.emailAddress
    _check_count(customer.emails)
    changed = _with_emails(customer, (*customer.emails, email))
    _store(sandbox, call, changed)
    return email_response(changed, email)


def delete_customer_contact(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete an address, a phone number or an e-mail address of a customer."""
    _, customer_id, kind, contact_id = call.ids
    customer = require_customer(sandbox, customer_id)
    changed = _without_contact(customer, kind, contact_id)
    if changed == customer:
        raise PLATFORM_NOT_FOUND.error(rule="the customer has no contact with this id")
    _store(sandbox, call, changed)
    return EmptyObject()


def _without_contact(customer: Customer, kind: str, contact_id: str) -> Customer:
    if kind == "addresses":
        left = (
            each for each in customer.addresses if address_response(customer, each).id != contact_id
        )
        return replace(customer, addresses=tuple(left))
    if kind == "phone_numbers":
        phones = (e for e in customer.phones if phone_response(customer, e).id != contact_id)
        return _with_phones(customer, tuple(phones))
    emails = (e for e in customer.emails if email_response(customer, e).id != contact_id)
    return _with_emails(customer, tuple(emails))


def _with_phones(customer: Customer, phones: tuple[str, ...]) -> Customer:
    """Return a customer with these numbers, each once; the first is the current one."""
    first, *others = (*dict.fromkeys(phones), None)
    return replace(customer, phone=first, other_phones=tuple(filter(None, others)))


def _with_emails(customer: Customer, emails: tuple[str, ...]) -> Customer:
    """Return a customer with these addresses, each once; the first is the current one."""
    first, *others = (*dict.fromkeys(emails), None)
    return replace(customer, email=first, other_emails=tuple(filter(None, others)))


def create_customer_card(sandbox: Sandbox, call: Call[CustomerCardRequest, None]) -> CardResponse:
    """Save a token of /v1/tokens as a card on file."""
    customer = require_customer(sandbox, call.ids[1])
    token = savable_token(sandbox, call, call.body.token, customer)
    customer = save_card(sandbox, customer, token, call.body.tokenType)
    call.why = f"saved {token.card.brand} ...{token.card.last4}; its token is now multi-pay"
    response = card_response(sandbox, customer, customer.cards[-1])
    if response is None:  # the token was stored by save_card
        raise PLATFORM_NOT_FOUND.error(rule="the customer has no card with this token")
    return response


def _check_count(rows: tuple[object, ...]) -> None:
    if len(rows) >= CONTACTS_MAX:
        raise PLATFORM_INVALID_QUERY.error(
            param="the request", reason=f"this mock keeps at most {CONTACTS_MAX}"
        )


def _store(
    sandbox: Sandbox,
    call: Call[PostalAddress, None]
    | Call[PhoneRequest, None]
    | Call[EmailRequest, None]
    | Call[None, None],
    customer: Customer,
) -> None:
    sandbox.customers.put(customer.id, customer)
    send_platform_event(sandbox, "C", customer.id, "UPDATE", "customer")
    call.why = "updated the customer"


_CUSTOMER = "/customers/{customer_id}"
_ERRORS = (PLATFORM_CUSTOMER_NOT_FOUND, PLATFORM_INVALID_QUERY)
ENDPOINTS = (
    platform_endpoint(
        "POST",
        f"{_CUSTOMER}/addresses",
        create_customer_address,
        AddressResponse,
        "write_customers",
        documented("REF customersCreateAddress"),
        request=PostalAddress,
        errors=_ERRORS,
    ),
    platform_endpoint(
        "POST",
        f"{_CUSTOMER}/phone_numbers",
        create_customer_phone_number,
        PhoneResponse,
        "write_customers",
        documented("REF customersCreatePhoneNumber"),
        request=PhoneRequest,
        errors=_ERRORS,
    ),
    platform_endpoint(
        "POST",
        f"{_CUSTOMER}/email_addresses",
        create_customer_email_address,
        EmailResponse,
        "write_customers",
        documented("REF customersCreateEmailAddress"),
        request=EmailRequest,
        errors=_ERRORS,
    ),
    platform_endpoint(
        "DELETE",
        f"{_CUSTOMER}/{{contacts}}/{{contact_id}}",
        delete_customer_contact,
        EmptyObject,
        "write_customers",
        documented("REF customersDeleteAddress and its siblings"),
        errors=(PLATFORM_CUSTOMER_NOT_FOUND, PLATFORM_NOT_FOUND),
        path_choices={"contacts": CONTACTS},
    ),
    platform_endpoint(
        "POST",
        f"{_CUSTOMER}/cards",
        create_customer_card,
        CardResponse,
        "write_customers",
        inferred("CloverSDK has the path; a sandbox walk-through saves cards with the customer"),
        request=CustomerCardRequest,
        errors=(*_ERRORS, CARD_ALREADY_SAVED, *SAVE_CARD_ERRORS),
    ),
)
