"""Create a scenario's initial data with the same functions that handle requests.

Each row is created with the clock frozen at the time given by its `ago`, so an authorization from
eight days ago has expired. Rules, faults and the journal are not involved. The issuer always
returns the outcome that the row's state requires, so later charges of a saved card may be declined.
"""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.charges.endpoints import store_charge
from mock_clover.clover.charges.endpoints_capture import capture_charge
from mock_clover.clover.charges.operations_source import PaymentSource
from mock_clover.clover.charges.records import CaptureRequest, ChargeRequest
from mock_clover.clover.common.cards import Card, brand_of
from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.common.verdict import DECLINE_CODE, Approval, Decline, Verdict
from mock_clover.clover.customers.endpoints import create_customer, revoke_card, update_customer
from mock_clover.clover.customers.records import CustomerRequest, CustomerUpdate
from mock_clover.clover.orders.endpoints import create_order, pay_order
from mock_clover.clover.orders.endpoints_returns import return_order
from mock_clover.clover.orders.records import OrderRequest, PayRequest, ReturnRequest
from mock_clover.clover.platform.records_row import PlatformRow
from mock_clover.clover.refunds.endpoints import create_refund
from mock_clover.clover.refunds.records import RefundRequest
from mock_clover.clover.tokens.operations_expiry import end_of_month_ms
from mock_clover.clover.tokens.records import Token
from mock_clover.core.duration import parse_duration_ms
from mock_clover.core.steps import Steps
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.ids import PresetIds
from mock_clover.sandbox.people import generate_people
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import ScenarioError
from mock_clover.scenario.records_card import DECLINE_CODES
from mock_clover.scenario.records_fixtures import (
    DEFAULT_CARD,
    FixtureCard,
    FixtureCharge,
    FixtureCustomer,
    FixtureOrder,
    Fixtures,
)

_REASON = "part of the scenario's data"
_APPROVED = Approval(why=_REASON)
_STATES_AFTER_AUTHORIZATION = frozenset({"authorized", "voided", "expired"})

Progress = Callable[[int], None]
"""Called with the number of rows created since the last call."""


def load_fixtures(
    sandbox: Sandbox, fixtures: Fixtures, progress: Progress = lambda _: None
) -> Steps[None]:
    """Create the fixtures in an empty sandbox. Raises ScenarioError."""
    try:
        yield from _create_fixtures(sandbox, fixtures, progress)
    except ApiError as error:  # validation should have found it
        raise ScenarioError(f"data: cannot be created: {error.message}") from None


def _create_fixtures(sandbox: Sandbox, fixtures: Fixtures, progress: Progress) -> Steps[None]:
    sandbox.ids = PresetIds(sandbox.seed)
    now_ms = sandbox.clock.now_ms()
    customer_ids: dict[str, str] = {}  # by e-mail and by id
    customers: list[FixtureCustomer] = []
    for generated in _generated_customers(sandbox, fixtures.people):
        customers.append(generated)
        yield
    customers += fixtures.customers
    for fixture in sorted(customers, key=_age_ms, reverse=True):
        with sandbox.clock.frozen_at(now_ms - _age_ms(fixture)):
            customer_id = _create_customer(sandbox, fixture)
        customer_ids[fixture.email] = customer_ids[customer_id] = customer_id
        progress(1)
        yield
    yield from _create_platform_rows(sandbox, fixtures, progress)
    rows: list[FixtureOrder | FixtureCharge] = [*fixtures.orders, *fixtures.charges]
    for row in sorted(rows, key=_age_ms, reverse=True):
        customer = customer_ids[row.customer] if row.customer is not None else None
        with sandbox.clock.frozen_at(now_ms - _age_ms(row)):
            if isinstance(row, FixtureOrder):
                _create_order(sandbox, row, customer)
            else:
                _create_charge(sandbox, row, customer)
        progress(1)
        yield


def _create_platform_rows(sandbox: Sandbox, fixtures: Fixtures, progress: Progress) -> Steps[None]:
    for collection, rows in fixtures.platform.items():
        for fields in reversed(rows):  # lists show the newest first
            row_id = str(fields.get("id") or sandbox.ids.object_id())
            row = PlatformRow(collection=collection, id=row_id, fields=fields)
            sandbox.platform_rows.put(row.key, row)
            progress(1)
            yield


def _age_ms(row: FixtureCustomer | FixtureOrder | FixtureCharge) -> int:
    return parse_duration_ms(row.ago)


def _generated_customers(sandbox: Sandbox, count: int) -> Iterator[FixtureCustomer]:
    """Yield customers generated by Faker, with the cards that the scenario approves in turn."""
    if not count:
        return
    approved = [
        FixtureCard(number=card.number)
        for card in sandbox.rules.scenario.cards
        if card.outcome == "approve" and brand_of(card.number)
    ]
    cards = cycle(approved or [DEFAULT_CARD])
    for person in generate_people(sandbox.seed, count):
        yield FixtureCustomer(
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            phone=person.phone,
            cards=(next(cards),),
        )


def _create_customer(sandbox: Sandbox, fixture: FixtureCustomer) -> str:
    """Create a customer, save the cards in order and return the customer's id."""
    cards, customer_id = fixture.cards or (DEFAULT_CARD,), ""
    for card in cards:
        source = _create_token(sandbox, card).id
        body: dict[str, Any] = {
            "email": fixture.email,
            "source": source,
            "firstName": fixture.first_name,
            "lastName": fixture.last_name,
            "phone": fixture.phone,
        }
        if customer_id:
            _preset_ids(sandbox).preset(card.id)
            update_customer(sandbox, _request(CustomerUpdate(**body), customer_id))
        else:
            _preset_ids(sandbox).preset(fixture.id, card.id)
            customer_id = create_customer(sandbox, _request(CustomerRequest(**body))).id
    if not fixture.cards:
        revoke_card(sandbox, _request(None, customer_id, _first_card_id(sandbox, customer_id)))
    return customer_id


def _first_card_id(sandbox: Sandbox, customer_id: str) -> str:
    customer = sandbox.customers.get(customer_id)
    return customer.cards[0].id if customer is not None else ""


def _create_order(sandbox: Sandbox, fixture: FixtureOrder, customer: str | None) -> None:
    _preset_ids(sandbox).preset(fixture.id)
    order = create_order(
        sandbox,
        _request(
            OrderRequest(currency=fixture.currency, items=list(fixture.items), customer=customer)
        ),
    )
    if fixture.state == "created":
        return
    source = customer or _create_token(sandbox, fixture.card or DEFAULT_CARD).id
    pay_order(sandbox, _request(PayRequest(source=source), order.id))
    if fixture.state == "returned":
        return_order(sandbox, _request(ReturnRequest(), order.id))


def _create_charge(sandbox: Sandbox, fixture: FixtureCharge, customer: str | None) -> None:
    token = _payment_token(sandbox, fixture.card, customer)
    request = ChargeRequest(
        amount=fixture.amount,
        currency=fixture.currency,
        source=customer or token.id,
        capture=fixture.state not in _STATES_AFTER_AUTHORIZATION and fixture.captured is None,
        description=fixture.description,
        external_reference_id=fixture.external_reference_id,
        metadata=fixture.metadata,
    )
    _preset_ids(sandbox).preset(fixture.id)
    payer = PaymentSource(token=token, customer=customer, verdict=_verdict_for_state(fixture))
    charge = store_charge(sandbox, request, payer, order=None)
    if fixture.captured is not None:
        capture_charge(sandbox, _request(CaptureRequest(amount=fixture.captured), charge.id))
    if fixture.state in ("voided", "refunded") or fixture.refunded is not None:
        create_refund(sandbox, _request(RefundRequest(charge=charge.id, amount=fixture.refunded)))
    if fixture.state == "expired":
        sandbox.charges.put(charge.id, replace(charge, state="expired"))


def _verdict_for_state(fixture: FixtureCharge) -> Verdict:
    if fixture.state != "failed":
        return _APPROVED
    code = fixture.decline_code or DECLINE_CODE
    return Decline(why=_REASON, decline_code=code, message=DECLINE_CODES.get(code, code))


def _payment_token(sandbox: Sandbox, card: FixtureCard | None, customer_id: str | None) -> Token:
    customer = sandbox.customers.get(customer_id or "")
    if customer is not None and customer.cards:
        token = sandbox.tokens.get(customer.cards[-1].token)
        if token is not None:
            return token
    return _create_token(sandbox, card or DEFAULT_CARD)


def _create_token(sandbox: Sandbox, fixture: FixtureCard) -> Token:
    """Create a card token, even for an expired card."""
    _preset_ids(sandbox).preset(token=fixture.token)
    brands = {card.number: card.brand for card in sandbox.rules.scenario.cards}
    card = Card(
        brand=brand_of(fixture.number) or brands.get(fixture.number) or "VISA",
        first6=fixture.number[:6],
        last4=fixture.number[-4:],
        exp_month=fixture.exp_month,
        exp_year=fixture.exp_year,
        fingerprint=fingerprint(sandbox.fingerprint_key, fixture.number),
        expires_ms=end_of_month_ms(int(fixture.exp_year), int(fixture.exp_month)),
        has_cvv=True,
        name=fixture.name,
        address_line1=fixture.address_line1,
        address_zip=fixture.address_zip,
    )
    token = Token(id=sandbox.ids.token_id(), card=card, created_ms=sandbox.clock.now_ms())
    sandbox.tokens.put(token.id, token)
    return token


def _preset_ids(sandbox: Sandbox) -> PresetIds:
    ids = sandbox.ids
    if not isinstance(ids, PresetIds):
        raise TypeError("ids can be preset only while fixtures are created")
    return ids


def _request(body: Any, *ids: str) -> Call[Any, None]:
    return Call(body, None, ids, {}, _APPROVED)
