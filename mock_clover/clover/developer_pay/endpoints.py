"""The Developer Pay API: the public key, and a payment with a number encrypted under it.

As in `clover/tokens/endpoints.py`, the PAN and the CVV go no further. The payment is a charge like
any other: rules and cards decide it, and `GET /v1/charges` shows it.
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


class _Paying(NamedTuple):
    """The card of a payment, and its token if it has one already."""

    card: Card
    token: Token | None = None


def get_pay_key(sandbox: Sandbox, call: Call[None, None]) -> PayKey:
    """Return the server's public key, in the three forms that clients read."""
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
    """Pay with an encrypted number, or with the card of an earlier payment."""
    asked = call.body
    _check_merchant(sandbox, call.ids[0])
    if asked.vaultedCard is not None:
        if asked.cardEncrypted is not None:
            raise DEVELOPER_PAY_INVALID.error(param="vaultedCard")
        paying = _of_vault(sandbox, asked.vaultedCard)
    else:
        paying = _Paying(_opened(sandbox, asked))
    _check_order(sandbox, asked)
    decided = _decided(sandbox, call, paying.card)
    for table in (sandbox.tokens, sandbox.charges, sandbox.sale_orders):
        table.require_room()
    token = paying.token or Token(
        id=sandbox.ids.token_id(),
        created_ms=sandbox.clock.now_ms(),
        card=paying.card,
        state="multipay",
        has_first=True,
    )
    payer = PaymentSource(token, token.customer, decided or ask_issuer(sandbox, token))
    charge = make_charge(sandbox, _as_charge(asked, token.id), payer, asked.orderId)
    verdict = payer.verdict
    call.why, call.issuer_verdict = verdict.why, verdict
    if charge.decline is None:
        sandbox.tokens.put(token.id, token)
        if asked.orderId is not None:
            record_payment(sandbox, require_order(sandbox, asked.orderId).order, charge)
    declined = isinstance(verdict, Decline)
    return DeveloperPayAnswer(
        authCode=None if declined else charge.auth_code,
        failureMessage=verdict.message if isinstance(verdict, Decline) else None,
        token=None if declined else token.id,
        result="DECLINED" if declined else "APPROVED",
        avsResult=avs_result(verdict, has_zip=bool(asked.zip)),
        paymentId=charge.id,
        cvvResult=cvv_result(verdict, has_cvv=asked.cvv is not None),
    )


def _check_merchant(sandbox: Sandbox, merchant_id: str) -> None:
    """Refuse another merchant's path as a wrong token is: Clover does not tell the two apart."""
    if merchant_id != sandbox.credentials.merchant_id:
        raise UNAUTHORIZED.error()


def _opened(sandbox: Sandbox, asked: DeveloperPayRequest) -> Card:
    """Open an encrypted number and keep what may be kept of its card."""
    pan = sandbox.keys.decrypt_pan(asked.cardEncrypted or "")
    brand = brand_of(pan) if pan and pan.isascii() and pan.isdigit() and passes_luhn(pan) else None
    if pan is None or brand is None:
        raise DEVELOPER_PAY_INVALID.error(param="cardEncrypted")
    if asked.first6 not in (None, "", pan[:6]):
        raise DEVELOPER_PAY_INVALID.error(param="first6")
    if asked.last4 not in (None, "", pan[-4:]):
        raise DEVELOPER_PAY_INVALID.error(param="last4")
    if asked.expMonth is None:
        raise DEVELOPER_PAY_INVALID.error(param="expMonth")
    if asked.expYear is None or 99 < asked.expYear < 1970:
        raise DEVELOPER_PAY_INVALID.error(param="expYear")
    year = asked.expYear + 2000 if asked.expYear < 100 else asked.expYear
    return Card(
        brand=brand,
        first6=pan[:6],
        last4=pan[-4:],
        exp_month=str(asked.expMonth),
        exp_year=str(year),
        fingerprint=fingerprint(sandbox.fingerprint_key, pan),
        good_until_ms=end_of_month_ms(year, asked.expMonth),
        has_cvv=asked.cvv is not None,
        address_zip=asked.zip,
    )


def _of_vault(sandbox: Sandbox, vaulted: VaultedCard) -> _Paying:
    """Find the token that an earlier payment, or a saved card, has left."""
    token = sandbox.tokens.get(vaulted.token)
    if token is None or token.state != "multipay":
        raise DEVELOPER_PAY_INVALID.error(param="vaultedCard.token")
    card = token.card
    if vaulted.first6 not in (None, card.first6) or vaulted.last4 not in (None, card.last4):
        raise DEVELOPER_PAY_INVALID.error(param="vaultedCard")
    return _Paying(card, token)


def _check_order(sandbox: Sandbox, asked: DeveloperPayRequest) -> None:
    """Refuse an order that is not there, or an amount above what is left of it (inferred)."""
    if asked.orderId is None:
        return
    if asked.orderId not in sandbox.orders:
        raise DEVELOPER_PAY_ORDER_NOT_FOUND.error()
    sold = require_order(sandbox, asked.orderId)
    if asked.amount > sold.order.amount - sold.amount_paid:
        raise DEVELOPER_PAY_INVALID.error(param="amount")


def _decided(sandbox: Sandbox, call: Call[DeveloperPayRequest, None], card: Card) -> Verdict | None:
    """Return what a rule or a header has the issuer say: only here is the card known to match."""
    if not may_be_overridden(sandbox, call.headers, b""):
        return None
    step = find_override(sandbox, "developer_pay", call.body, (), call.headers, card)
    if step is None:
        return None
    if step.then.problem is not None:
        raise BY_NAME[step.then.problem].error(why=step.why)
    return step.verdict()


def _as_charge(asked: DeveloperPayRequest, source: str) -> ChargeRequest:
    return ChargeRequest(
        amount=asked.amount,
        currency=asked.currency,
        source=source,
        tip_amount=asked.tipAmount,
        tax_amount=asked.taxAmount,
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
