"""Endpoints of the Developer Pay API: public key, and payment with an encrypted PAN.

As in `clover/tokens/endpoints.py`, the PAN and the CVV do not leave this module. The payment is a
charge like any other: rules and cards decide it, and `GET /v1/charges` returns it.
"""

from typing import NamedTuple

from mock_clover.clover.charges.endpoints import make_charge
from mock_clover.clover.charges.operations_source import PaymentSource, ask_issuer
from mock_clover.clover.charges.records import ChargeRequest
from mock_clover.clover.common.cards import Card, brand_of
from mock_clover.clover.common.problems import BY_NAME, INVALID_REQUEST, UNAUTHORIZED
from mock_clover.clover.common.verdict import Decline, Verdict
from mock_clover.clover.developer_pay.records import (
    DeveloperPayAnswer,
    DeveloperPayRequest,
    PayKey,
    VaultedCard,
    avs_result,
    cvv_result,
)
from mock_clover.clover.orders.endpoints import record_payment, require_order
from mock_clover.clover.tokens.operations_expiry import end_of_month_ms
from mock_clover.clover.tokens.problems import (
    DEVELOPER_PAY_INVALID,
    DEVELOPER_PAY_ORDER_NOT_FOUND,
)
from mock_clover.clover.tokens.records import Token
from mock_clover.core.evidence import documented
from mock_clover.core.masking import passes_luhn
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.engine.overrides import find_override, may_be_overridden
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.keys import PREFIX
from mock_clover.sandbox.sandbox import Sandbox

_FACT = documented("cloverhackathons/DeveloperPayAPI; deprecated since October 2021")


class _CardSource(NamedTuple):
    """The card of a payment, and its token if it exists."""

    card: Card
    token: Token | None = None


def get_pay_key(sandbox: Sandbox, call: Call[None, None]) -> PayKey:
    """Return the server's public key in the three forms that clients read."""
    _check_merchant(sandbox, call.ids[0])
    modulus, exponent = sandbox.keys.public_numbers()
    return PayKey(
        pem=sandbox.keys.public_pem(),
        prefix=PREFIX,
        modulus=str(modulus),
        exponent=str(exponent),
        id=derived_id("pay key", str(modulus)),
    )


def developer_pay(sandbox: Sandbox, call: Call[DeveloperPayRequest, None]) -> DeveloperPayAnswer:
    """Pay with an encrypted PAN or with the card of an earlier payment."""
    body = call.body
    _check_merchant(sandbox, call.ids[0])
    if body.vaultedCard is not None:
        if body.cardEncrypted is not None:
            raise DEVELOPER_PAY_INVALID.error(param="vaultedCard")
        card_source = _from_vault(sandbox, body.vaultedCard)
    else:
        card_source = _CardSource(_decrypt_card(sandbox, body))
    _check_order(sandbox, body)
    forced = _forced_verdict(sandbox, call, card_source.card)
    for table in (sandbox.tokens, sandbox.charges, sandbox.sale_orders):
        table.require_room()
    token = card_source.token or Token(
        id=sandbox.ids.token_id(),
        created_ms=sandbox.clock.now_ms(),
        card=card_source.card,
        state="multipay",
        has_first=True,
    )
    source = PaymentSource(
        token=token, customer=token.customer, verdict=forced or ask_issuer(sandbox, token)
    )
    charge = make_charge(sandbox, _charge_request(body, token.id), source, body.orderId)
    verdict = source.verdict
    call.why, call.issuer_verdict = verdict.why, verdict
    if charge.decline is None:
        sandbox.tokens.put(token.id, token)
        if body.orderId is not None:
            record_payment(sandbox, require_order(sandbox, body.orderId).order, charge)
    declined = isinstance(verdict, Decline)
    return DeveloperPayAnswer(
        authCode=None if declined else charge.auth_code,
        failureMessage=verdict.message if isinstance(verdict, Decline) else None,
        token=None if declined else token.id,
        result="DECLINED" if declined else "APPROVED",
        avsResult=avs_result(verdict, has_zip=bool(body.zip)),
        paymentId=charge.id,
        cvvResult=cvv_result(verdict, has_cvv=body.cvv is not None),
    )


def _check_merchant(sandbox: Sandbox, merchant_id: str) -> None:
    """Raise UNAUTHORIZED for another merchant's path, the same error as for a wrong token."""
    if merchant_id != sandbox.credentials.merchant_id:
        raise UNAUTHORIZED.error()


def _decrypt_card(sandbox: Sandbox, request: DeveloperPayRequest) -> Card:
    """Decrypt a PAN and return its card without the PAN."""
    pan = sandbox.keys.decrypt_pan(request.cardEncrypted or "")
    brand = brand_of(pan) if pan and pan.isascii() and pan.isdigit() and passes_luhn(pan) else None
    if pan is None or brand is None:
        raise DEVELOPER_PAY_INVALID.error(param="cardEncrypted")
    if request.first6 not in (None, "", pan[:6]):
        raise DEVELOPER_PAY_INVALID.error(param="first6")
    if request.last4 not in (None, "", pan[-4:]):
        raise DEVELOPER_PAY_INVALID.error(param="last4")
    if request.expMonth is None:
        raise DEVELOPER_PAY_INVALID.error(param="expMonth")
    if request.expYear is None or 99 < request.expYear < 1970:
        raise DEVELOPER_PAY_INVALID.error(param="expYear")
    year = request.expYear + 2000 if request.expYear < 100 else request.expYear
    return Card(
        brand=brand,
        first6=pan[:6],
        last4=pan[-4:],
        exp_month=str(request.expMonth),
        exp_year=str(year),
        fingerprint=fingerprint(sandbox.fingerprint_key, pan),
        good_until_ms=end_of_month_ms(year, request.expMonth),
        has_cvv=request.cvv is not None,
        address_zip=request.zip,
    )


def _from_vault(sandbox: Sandbox, vaulted: VaultedCard) -> _CardSource:
    """Return the card and token of an earlier payment or a saved card."""
    token = sandbox.tokens.get(vaulted.token)
    if token is None or token.state != "multipay":
        raise DEVELOPER_PAY_INVALID.error(param="vaultedCard.token")
    card = token.card
    if vaulted.first6 not in (None, card.first6) or vaulted.last4 not in (None, card.last4):
        raise DEVELOPER_PAY_INVALID.error(param="vaultedCard")
    return _CardSource(card, token)


def _check_order(sandbox: Sandbox, request: DeveloperPayRequest) -> None:
    """Raise for an unknown order or an amount above its open balance (inferred)."""
    if request.orderId is None:
        return
    if request.orderId not in sandbox.orders:
        raise DEVELOPER_PAY_ORDER_NOT_FOUND.error()
    order = require_order(sandbox, request.orderId)
    if request.amount > order.order.amount - order.amount_paid:
        raise DEVELOPER_PAY_INVALID.error(param="amount")


def _forced_verdict(
    sandbox: Sandbox, call: Call[DeveloperPayRequest, None], card: Card
) -> Verdict | None:
    """Return the verdict of a rule or a header; only here is the card known for matching."""
    if not may_be_overridden(sandbox, call.headers, b""):
        return None
    override = find_override(sandbox, "developer_pay", call.body, (), call.headers, card)
    if override is None:
        return None
    if override.then.problem is not None:
        raise BY_NAME[override.then.problem].error(why=override.why)
    return override.verdict()


def _charge_request(request: DeveloperPayRequest, source: str) -> ChargeRequest:
    return ChargeRequest(
        amount=request.amount,
        currency=request.currency,
        source=source,
        tip_amount=request.tipAmount,
        tax_amount=request.taxAmount,
    )


ENDPOINTS = (
    Endpoint(
        name="get_pay_key",
        method="GET",
        path="/v2/merchant/{merchant_id}/pay/key",
        run=get_pay_key,
        response=PayKey,
        permissions=("read_payments",),
        about="Get the public key for the Developer Pay API.",
        fact=_FACT,
    ),
    Endpoint(
        name="developer_pay",
        method="POST",
        path="/v2/merchant/{merchant_id}/pay",
        run=developer_pay,
        request=DeveloperPayRequest,
        response=DeveloperPayAnswer,
        any_body=True,
        secret=True,
        permissions=("write_payments", "online_payments"),
        errors=(DEVELOPER_PAY_INVALID, DEVELOPER_PAY_ORDER_NOT_FOUND, INVALID_REQUEST),
        about="Pay with an encrypted card number; a decline is a 200 with `result: DECLINED`.",
        fact=_FACT,
    ),
)
