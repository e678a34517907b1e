"""What a scenario's merchant has from the start, made by the functions that answer requests.

Each thing is made as of its `ago`, on a clock that is held there; so an authorisation of eight days
ago has expired by itself. Scenario, faults and journal take no part. The issuer says what the state
asks for: a saved card may be one that every later charge declines.
"""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import msgspec

from mock_clover.clover.charges.endpoints import capture_charge, make_charge
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
from mock_clover.clover.refunds.endpoints import create_refund
from mock_clover.clover.refunds.records import RefundRequest
from mock_clover.clover.tokens.operations_expiry import end_of_month_ms
from mock_clover.clover.tokens.records import Token
from mock_clover.core.duration import parse_duration_ms
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.ids import PresetIds
from mock_clover.sandbox.people import people
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import DECLINE_CODES, ScenarioError
from mock_clover.scenario.records_fixtures import (
    DEFAULT_CARD,
    FixtureCard,
    FixtureCharge,
    FixtureCustomer,
    FixtureOrder,
    Fixtures,
)

_WHY = "it stands in the scenario's data"
_APPROVED = Approval(why=_WHY)
_AUTHORISED_FIRST = frozenset({"authorised", "voided", "expired"})

Told = Callable[[int], None]
"""Is called with the number of things that have been made since it was called last."""


def load_fixtures(sandbox: Sandbox, stock: Fixtures, told: Told = lambda _: None) -> None:
    """Make all of a stock in an empty sandbox. Raises ScenarioError for what cannot be made."""
    try:
        _sow(sandbox, stock, told)
    except ApiError as refusal:  # the laws of a scenario should have found it
        raise ScenarioError(f"data: cannot be made: {refusal.message}") from None


def _sow(sandbox: Sandbox, stock: Fixtures, told: Told) -> None:
    sandbox.ids = PresetIds(sandbox.seed)
    now_ms = sandbox.clock.now_ms()
    of_customer: dict[str, str] = {}
    crowd = _fake_customers(sandbox, stock.people)
    for asked in sorted((*crowd, *stock.customers), key=_age, reverse=True):
        with sandbox.clock.held_at(now_ms - _age(asked)):
            made = _customer(sandbox, asked)
        of_customer[asked.email] = of_customer[made] = made
        told(1)
    things: list[FixtureOrder | FixtureCharge] = [*stock.orders, *stock.charges]
    for thing in sorted(things, key=_age, reverse=True):
        whose = of_customer[thing.customer] if thing.customer is not None else None
        with sandbox.clock.held_at(now_ms - _age(thing)):
            if isinstance(thing, FixtureOrder):
                _order(sandbox, thing, whose)
            else:
                _charge(sandbox, thing, whose)
        told(1)


def _age(thing: FixtureCustomer | FixtureOrder | FixtureCharge) -> int:
    return parse_duration_ms(thing.ago)


def _fake_customers(sandbox: Sandbox, count: int) -> Iterator[FixtureCustomer]:
    """Yield customers by Faker, their cards in turn those that the scenario approves."""
    if not count:
        return
    listed = [
        FixtureCard(number=card.number)
        for card in sandbox.rules.scenario.cards
        if card.outcome == "approve" and brand_of(card.number)
    ]
    cards = cycle(listed or [DEFAULT_CARD])
    for person in people(sandbox.seed, count):
        yield FixtureCustomer(
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            phone=person.phone,
            cards=(next(cards),),
        )


def _customer(sandbox: Sandbox, asked: FixtureCustomer) -> str:
    """Save a customer's cards, one after another; return the customer's id."""
    cards, made = asked.cards or (DEFAULT_CARD,), ""
    for card in cards:
        source = _token(sandbox, card).id
        named: dict[str, Any] = {
            "email": asked.email,
            "source": source,
            "firstName": asked.first_name,
            "lastName": asked.last_name,
            "phone": asked.phone,
        }
        if made:
            _ids(sandbox).preset(card.id)
            update_customer(sandbox, _call(CustomerUpdate(**named), made))
        else:
            _ids(sandbox).preset(asked.id, card.id)
            made = create_customer(sandbox, _call(CustomerRequest(**named))).id
    if not asked.cards:
        revoke_card(sandbox, _call(None, made, _card_of(sandbox, made)))
    return made


def _card_of(sandbox: Sandbox, customer_id: str) -> str:
    customer = sandbox.customers.get(customer_id)
    return customer.cards[0].id if customer is not None else ""


def _order(sandbox: Sandbox, asked: FixtureOrder, customer: str | None) -> None:
    _ids(sandbox).preset(asked.id)
    order = create_order(
        sandbox,
        _call(OrderRequest(currency=asked.currency, items=list(asked.items), customer=customer)),
    )
    if asked.state == "created":
        return
    source = customer or _token(sandbox, asked.card or DEFAULT_CARD).id
    pay_order(sandbox, _call(PayRequest(source=source), order.id))
    if asked.state == "returned":
        return_order(sandbox, _call(ReturnRequest(), order.id))


def _charge(sandbox: Sandbox, asked: FixtureCharge, customer: str | None) -> None:
    token = _paying(sandbox, asked.card, customer)
    request = ChargeRequest(
        amount=asked.amount,
        currency=asked.currency,
        source=customer or token.id,
        capture=asked.state not in _AUTHORISED_FIRST and asked.captured is None,
        description=asked.description,
        external_reference_id=asked.external_reference_id,
        metadata=asked.metadata,
    )
    _ids(sandbox).preset(asked.id)
    payer = PaymentSource(token, customer, _verdict(asked))
    charge = make_charge(sandbox, request, payer, order=None)
    if asked.captured is not None:
        capture_charge(sandbox, _call(CaptureRequest(amount=asked.captured), charge.id))
    if asked.state in ("voided", "refunded") or asked.refunded is not None:
        create_refund(sandbox, _call(RefundRequest(charge=charge.id, amount=asked.refunded)))
    if asked.state == "expired":
        sandbox.charges.put(charge.id, msgspec.structs.replace(charge, state="expired"))


def _verdict(asked: FixtureCharge) -> Verdict:
    if asked.state != "failed":
        return _APPROVED
    code = asked.decline_code or DECLINE_CODE
    return Decline(why=_WHY, decline_code=code, message=DECLINE_CODES.get(code, code))


def _paying(sandbox: Sandbox, card: FixtureCard | None, customer_id: str | None) -> Token:
    customer = sandbox.customers.get(customer_id or "")
    if customer is not None and customer.cards:
        token = sandbox.tokens.get(customer.cards[-1].token)
        if token is not None:
            return token
    return _token(sandbox, card or DEFAULT_CARD)


def _token(sandbox: Sandbox, asked: FixtureCard) -> Token:
    """Make a token of a card, whether or not it has expired."""
    _ids(sandbox).preset(token=asked.token)
    listed = {line.number: line.brand for line in sandbox.rules.scenario.cards}
    card = Card(
        brand=brand_of(asked.number) or listed.get(asked.number) or "VISA",
        first6=asked.number[:6],
        last4=asked.number[-4:],
        exp_month=asked.exp_month,
        exp_year=asked.exp_year,
        fingerprint=fingerprint(sandbox.fingerprint_key, asked.number),
        good_until_ms=end_of_month_ms(int(asked.exp_year), int(asked.exp_month)),
        has_cvv=True,
        name=asked.name,
        address_line1=asked.address_line1,
        address_zip=asked.address_zip,
    )
    token = Token(id=sandbox.ids.token_id(), card=card, created_ms=sandbox.clock.now_ms())
    sandbox.tokens.put(token.id, token)
    return token


def _ids(sandbox: Sandbox) -> PresetIds:
    ids = sandbox.ids
    if not isinstance(ids, PresetIds):
        raise TypeError("only a sandbox that is being sown has ids that may be promised")
    return ids


def _call(body: Any, *ids: str) -> Call[Any, None]:
    return Call(body, None, ids, {}, _APPROVED)
