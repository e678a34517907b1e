"""Customers and their cards on file.

Saving a card makes its token multi-pay; each card can be saved once per customer. The card may be a
gift card or a bank account, too (documented: DOCS:save-a-card, changelog of October 2023).
"""

from typing import Any

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import (
    ask_issuer,
    check_usable,
    unknown_source_rule,
)
from mock_clover.clover.common.operations_merchant import require_multi_pay_tokens
from mock_clover.clover.common.problems import (
    CARD_ALREADY_SAVED,
    CARD_NOT_FOUND,
    CARD_VERIFICATION_DECLINED,
    CUSTOMER_NOT_FOUND,
    CUSTOMER_RESOURCE_MISSING,
    CVV_NOT_FOUND,
    EMAIL_INVALID,
    INVALID_CUSTOMER_SOURCE,
    INVALID_REQUEST,
    MULTI_PAY_TOKENS_DISABLED,
    TOKEN_ALREADY_USED,
)
from mock_clover.clover.common.verdict import Decline
from mock_clover.clover.customers.behaviours import (
    CUSTOMER_UPDATE_NEEDS_EMAIL,
    REVOKED_CARD_CANNOT_BE_CHARGED,
    SAVED_CARD_IS_VERIFIED,
)
from mock_clover.clover.customers.records import (
    CUSTOMER_EXTENSION_EVIDENCE,
    Customer,
    CustomerRequest,
    CustomerResponse,
    CustomerUpdate,
    DeletedResponse,
    SavedCard,
    customer_response,
    shipping_contact,
    split_name,
    with_current_email,
)
from mock_clover.clover.recurring.records_notice import card_saved_message
from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.clover.webhooks.records import EventType
from mock_clover.core.evidence import documented
from mock_clover.engine.endpoint import Call, Endpoint, bearer
from mock_clover.sandbox.sandbox import Sandbox

CARDS_MAX = 50
"""Maximum number of cards on file per customer; a limit of this mock."""


def create_customer(sandbox: Sandbox, call: Call[CustomerRequest, None]) -> CustomerResponse:
    """Create a customer with a card on file."""
    body = call.body
    token = savable_token(sandbox, call, body.source, None)
    sandbox.customers.check_capacity()
    first, last = split_name(body.firstName, body.lastName, body.name)
    customer = Customer(
        id=sandbox.ids.object_id(),
        email=body.email,
        created_ms=sandbox.clock.now_ms(),
        first_name=first,
        last_name=last,
        name=body.name,
        shipping=shipping_contact(body.shipping),
        phone=body.phone,
    )
    return _save(sandbox, call, customer, token)


def update_customer(sandbox: Sandbox, call: Call[CustomerUpdate, None]) -> CustomerResponse:
    """Update a customer, and save a card if the request has a source."""
    body = call.body
    customer = sandbox.customers.require(call.ids[0], CUSTOMER_RESOURCE_MISSING, "customer")
    if body.email is None and sandbox.settings.customer_update_email == "required":
        raise EMAIL_INVALID.error(
            rule="email is missing; see the setting customer_update_email",
            basis=(CUSTOMER_UPDATE_NEEDS_EMAIL,),
        )
    token = savable_token(sandbox, call, body.source, customer) if body.source else None
    first, last = split_name(body.firstName, body.lastName, body.name)
    changed = replace(
        with_current_email(customer, body.email),
        first_name=first or customer.first_name,
        last_name=last or customer.last_name,
        name=body.name or customer.name,
        shipping=shipping_contact(body.shipping) or customer.shipping,
        phone=body.phone or customer.phone,
    )
    if token is not None:
        return _save(sandbox, call, changed, token)
    sandbox.customers.put(changed.id, changed)
    send_platform_event(sandbox, "C", changed.id, "UPDATE", "customer")
    call.why = "updated the customer; no card was saved"
    return customer_response(changed)


def savable_token(
    sandbox: Sandbox, call: Call[Any, Any], source: str, customer: Customer | None
) -> Token:
    """Return the token to save, verified with the issuer, or raise an ApiError."""
    require_multi_pay_tokens(sandbox)
    token = sandbox.tokens.get(source)
    if token is None:
        raise INVALID_CUSTOMER_SOURCE.error(rule=unknown_source_rule(sandbox, source, "a token"))
    if token.state == "revoked":
        raise INVALID_CUSTOMER_SOURCE.error(
            rule="the card of the token was revoked", basis=(REVOKED_CARD_CANNOT_BE_CHARGED,)
        )
    if customer is not None and any(
        card.fingerprint == token.card.fingerprint for card in customer.cards
    ):
        raise CARD_ALREADY_SAVED.error(
            id=customer.id, rule="the card of source is on file for this customer"
        )
    check_usable(token)
    if token.state == "multipay" or (token.kind == "card" and not token.card.has_cvv):
        rule = "the token of source has no cvv; send card.cvv when you create it"
        raise CVV_NOT_FOUND.error(id=token.id, rule=rule, basis=(SAVED_CARD_IS_VERIFIED,))
    if customer is not None and len(customer.cards) >= CARDS_MAX:
        rule = f"the customer has {CARDS_MAX} cards on file; at most that, mock-clover's own limit"
        raise INVALID_REQUEST.error(param="source", rule=rule)
    verdict = call.verdict
    if verdict is None and token.kind == "card":  # nothing says that others are verified
        verdict = ask_issuer(sandbox, token)
    call.issuer_verdict = verdict
    if isinstance(verdict, Decline):
        raise CARD_VERIFICATION_DECLINED.error(
            detail=verdict.message, why=verdict.why, basis=(verdict,)
        )
    return token


def _save(
    sandbox: Sandbox,
    call: Call[CustomerRequest, None] | Call[CustomerUpdate, None],
    customer: Customer,
    token: Token,
) -> CustomerResponse:
    saved = save_card(sandbox, customer, token)
    what = token.card.brand or token.kind
    call.why = f"saved {what} ...{token.card.last4}; its token is now multi-pay"
    return customer_response(saved)


def save_card(
    sandbox: Sandbox, customer: Customer, token: Token, platform_type: str = "MULTIPAY"
) -> Customer:
    """Store a customer with one more card on file. The caller has checked the token."""
    card = SavedCard(
        id=sandbox.ids.object_id(),
        token=token.id,
        fingerprint=token.card.fingerprint,
        platform_type=platform_type,
    )
    saved = replace(customer, cards=(*customer.cards, card))
    event: EventType = "UPDATE" if saved.id in sandbox.customers else "CREATE"
    sandbox.customers.put(saved.id, saved)
    sandbox.tokens.put(
        token.id, replace(token, state="multipay", customer=saved.id, card_id=card.id)
    )
    send_platform_event(sandbox, "C", saved.id, event, "customer")
    sandbox.notices.add(sandbox.clock.now_ms(), saved, card_saved_message(token))
    return saved


def revoke_card(sandbox: Sandbox, call: Call[None, None]) -> DeletedResponse:
    """Remove a card from a customer; its token can no longer be charged (inferred)."""
    customer_id, card_id = call.ids
    customer = sandbox.customers.require(customer_id, CUSTOMER_NOT_FOUND, "customer")
    removed = next((card for card in customer.cards if card.id == card_id), None)
    if removed is None:
        raise CARD_NOT_FOUND.error(id=card_id, rule="this sandbox has no card with this id")
    _revoke_tokens(sandbox, (removed,))
    remaining = tuple(card for card in customer.cards if card is not removed)
    sandbox.customers.put(customer.id, replace(customer, cards=remaining))
    send_platform_event(sandbox, "C", customer.id, "UPDATE", "card")
    return DeletedResponse(deleted=True, id=card_id, object="deletedcard")


def get_customer(sandbox: Sandbox, call: Call[None, None]) -> CustomerResponse:
    """Return a customer. Clover has this operation only in its platform API."""
    customer = sandbox.customers.require(call.ids[0], CUSTOMER_RESOURCE_MISSING, "customer")
    return customer_response(customer)


def delete_customer(sandbox: Sandbox, call: Call[None, None]) -> DeletedResponse:
    """Delete a customer and the cards on file. Only Clover's Node SDK defines this operation."""
    customer = sandbox.customers.require(call.ids[0], CUSTOMER_RESOURCE_MISSING, "customer")
    delete_customer_and_cards(sandbox, customer)
    return DeletedResponse(deleted=True, id=customer.id, object="customer")


def delete_customer_and_cards(sandbox: Sandbox, customer: Customer) -> None:
    """Delete a customer; the cards on file can no longer be charged."""
    _revoke_tokens(sandbox, customer.cards)
    sandbox.customers.delete(customer.id)
    send_platform_event(sandbox, "C", customer.id, "DELETE", "customer")


def _revoke_tokens(sandbox: Sandbox, cards: tuple[SavedCard, ...]) -> None:
    for card in cards:
        token = sandbox.tokens.get(card.token)
        if token is not None:
            sandbox.tokens.put(token.id, replace(token, state="revoked"))


SAVE_CARD_ERRORS = (
    MULTI_PAY_TOKENS_DISABLED,
    INVALID_CUSTOMER_SOURCE,
    TOKEN_ALREADY_USED,
    CVV_NOT_FOUND,
    CARD_VERIFICATION_DECLINED,
)
"""What can be wrong with a token that is saved."""

ENDPOINTS = (
    Endpoint(
        name="create_customer",
        method="POST",
        path="/v1/customers",
        run=create_customer,
        request=CustomerRequest,
        auth=bearer("read_customers", "write_customers", "online_payments"),
        response=CustomerResponse,
        idempotent=True,
        errors=SAVE_CARD_ERRORS,
        about="Create a customer and save a card. The token of the card becomes multi-pay.",
        evidence=documented("REF createcustomer; SEED save-a-card"),
    ),
    Endpoint(
        name="update_customer",
        method="PUT",
        path="/v1/customers/{customer_id}",
        run=update_customer,
        request=CustomerUpdate,
        auth=bearer("read_customers", "write_customers", "online_payments"),
        response=CustomerResponse,
        errors=(CUSTOMER_RESOURCE_MISSING, CARD_ALREADY_SAVED, *SAVE_CARD_ERRORS),
        about="Update a customer; with a source, save a card.",
        evidence=documented("REF updatecustomer; SEED save-a-card"),
    ),
    Endpoint(
        name="revoke_card",
        method="DELETE",
        path="/v1/customers/{customer_id}/sources/{card_id}",
        run=revoke_card,
        auth=bearer("read_customers", "write_customers", "online_payments"),
        response=DeletedResponse,
        errors=(CUSTOMER_NOT_FOUND, CARD_NOT_FOUND),
        about="Remove a card on file.",
        evidence=documented("REF deletecustomersource"),
    ),
    Endpoint(
        name="get_customer",
        method="GET",
        path="/v1/customers/{customer_id}",
        run=get_customer,
        auth=bearer("read_customers"),
        response=CustomerResponse,
        extension=True,
        errors=(CUSTOMER_RESOURCE_MISSING,),
        about="Get a customer; Clover has this operation only in its platform API.",
        evidence=CUSTOMER_EXTENSION_EVIDENCE,
    ),
    Endpoint(
        name="delete_customer",
        method="DELETE",
        path="/v1/customers/{customer_id}",
        run=delete_customer,
        auth=bearer("read_customers", "write_customers"),
        response=DeletedResponse,
        extension=True,
        errors=(CUSTOMER_RESOURCE_MISSING,),
        about="Delete a customer; only Clover's Node SDK defines this operation.",
        evidence=CUSTOMER_EXTENSION_EVIDENCE,
    ),
)
