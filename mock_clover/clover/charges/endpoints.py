"""Charges: sale, authorisation, capture, and the issuer's no."""

import msgspec

from mock_clover.clover.charges.operations_on_file import update_token_use, warn
from mock_clover.clover.charges.operations_purchase import check_level2, check_tender, with_extras
from mock_clover.clover.charges.operations_source import (
    PaymentSource,
    check_amount,
    check_metadata,
    resolve_source,
)
from mock_clover.clover.charges.operations_taxes import with_tax
from mock_clover.clover.charges.records import (
    AUTHORISATION_EXPIRES,
    AUTHORISATION_LIFE_MS,
    CAPTURED_FROM,
    CaptureRequest,
    Charge,
    ChargeRequest,
)
from mock_clover.clover.charges.records_surcharge import AdditionalCharge, surcharge
from mock_clover.clover.charges.views import (
    ChargeAnswer,
    captured_answer,
    created_answer,
    pending_answer,
)
from mock_clover.clover.common.cards import NO_CHECKS, checks_seen
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    AUTHORISATION_EXPIRED,
    CAPTURE_TOO_LARGE,
    CARD_ON_FILE_MISSING,
    CHARGE_ALREADY_CAPTURED,
    CHARGE_NOT_FOUND,
    EMAIL_INVALID,
    IDEMPOTENCY_MISMATCH,
    INVALID_CHARGE_AMOUNT,
    INVALID_CHARGE_ID,
    INVALID_CURRENCY,
    INVALID_REQUEST,
    INVALID_SOURCE,
    INVALID_TAX_AMOUNT,
    INVALID_TAX_RATE,
    INVALID_TENDER,
    INVALID_TIP_AMOUNT,
    NOT_AN_AUTHORISATION,
    TOKEN_ALREADY_USED,
)
from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.clover.gift_cards.operations import (
    cap_to_balance,
    capture_gift_card_lock,
    record_redemption,
)
from mock_clover.clover.threeds.operations import THREEDS_REFUSALS, authenticate, begin_charge
from mock_clover.clover.webhooks.operations import announce
from mock_clover.core.evidence import documented
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.engine.endpoint import Call, Declined, Endpoint
from mock_clover.sandbox.sandbox import Sandbox

_replace = msgspec.structs.replace
_CROCKFORD = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def create_charge(sandbox: Sandbox, call: Call[ChargeRequest, None]) -> ChargeAnswer | Declined:
    """Charge a token or a customer's card; with `capture: false` authorise only."""
    asked = call.body
    check_amount(asked.amount)
    if asked.metadata is not None:
        check_metadata(asked.metadata)
    if asked.tax_rate_uuid is not None:
        asked = with_tax(sandbox, asked)
    payer = resolve_source(sandbox, asked.source, asked.stored_credentials, call.verdict)
    kind = payer.token.kind
    if asked.soft_descriptor is not None or asked.level2 is not None or asked.level3 is not None:
        asked, payer = with_extras(sandbox, asked, payer)
    if kind == "tender":
        check_tender(asked.tender, captures=asked.capture)
    sandbox.charges.require_room()
    if asked.threeds is not None and kind == "card":
        payer = authenticate(sandbox, call, asked.threeds, payer, asked.amount)
    charge = make_charge(sandbox, asked, payer, order=None)
    call.why = payer.why or payer.verdict.why
    call.issuer_verdict, call.basis = payer.verdict, payer.basis
    if charge.state == "pending":
        return pending_answer(charge)
    if isinstance(payer.verdict, Decline):
        return Declined(charge, payer.verdict)
    return created_answer(charge)


def make_charge(
    sandbox: Sandbox,
    asked: ChargeRequest,
    payer: PaymentSource,
    order: str | None,
    begun: Charge | None = None,
) -> Charge:
    """Write a charge, its order and its spent token: the only writes of a payment.

    A declined charge is kept too: it has an id that the error tells. A phantom decline stands: the
    charge is made as if it had been approved, and only the client is told otherwise. `begun` is a
    charge that was pending until now: it keeps its id and its time.
    """
    token, verdict = payer.token, payer.verdict
    ids, now_ms = sandbox.ids, sandbox.clock.now_ms()
    if payer.threeds is not None and payer.threeds.step is not None:
        return begin_charge(sandbox, asked, payer, order)
    if isinstance(verdict, Decline) and verdict.stands:
        verdict = Approval(why=verdict.why, evidence=verdict.evidence, based_on=verdict.based_on)
    if token.kind != "card":
        asked, verdict = cap_to_balance(sandbox, asked, token, verdict)
    charge_id = ids.object_id() if begun is None else begun.id
    created_ms = now_ms if begun is None else begun.created_ms
    currency = sandbox.currency_echo(asked.currency)
    spends = token.state == "new"
    if isinstance(verdict, Decline):
        spends = spends and sandbox.settings.decline_spends_token
        charge = Charge(
            id=charge_id,
            request=asked,
            token=token,
            created_ms=created_ms,
            state="failed",
            sale=False,
            currency=currency,
            order=order,
            customer=payer.customer,
            decline=verdict,
            threeds=payer.threeds,
        )
    else:
        if asked.stored_credentials is not None:
            verdict = warn(asked, token, verdict)
        checks = verdict.checks
        if checks is not NO_CHECKS:
            checks = checks_seen(checks, token.card)
        if verdict.amount is not None and verdict.amount < asked.amount:
            asked = _replace(asked, amount=verdict.amount)
        elif verdict.amount is not None:
            verdict = _replace(verdict, amount=None)
        charge = Charge(
            id=charge_id,
            request=asked,
            token=token,
            created_ms=created_ms,
            state="captured" if asked.capture else "authorised",
            sale=asked.capture,
            currency=currency,
            order=order or ids.object_id(),
            customer=payer.customer,
            amount_captured=asked.amount if asked.capture else 0,
            ref_num=ids.ref_num(now_ms),
            auth_code=ids.auth_code(),
            approval=verdict if checks is verdict.checks else _replace(verdict, checks=checks),
            threeds=payer.threeds,
        )
    if token.kind != "card" or sandbox.settings.surcharge_rate is not None:
        charge = _settled(sandbox, charge)
    _book(sandbox, charge, order, spends=spends)
    return charge


def _settled(sandbox: Sandbox, charge: Charge) -> Charge:
    """Return a charge as it is to be kept: of what is no card, or of a merchant who surcharges."""
    rate = sandbox.settings.surcharge_rate
    if charge.token.kind == "tender":
        return _replace(charge, ref_num=None, auth_code=None)
    if charge.token.kind != "card":
        return record_redemption(sandbox, charge)
    if charge.decline is not None or rate is None:
        return charge
    amount = surcharge(charge.request.amount, rate)
    added = AdditionalCharge(
        id=sandbox.ids.object_id(), type="CREDIT_SURCHARGE", amount=amount, rate=rate
    )
    return _replace(charge, surcharge=added)


def _book(sandbox: Sandbox, charge: Charge, order: str | None, *, spends: bool) -> None:
    """Write a charge that is made, and what follows from it; `order` is one that was there."""
    token = charge.token
    sandbox.charges.put(charge.id, charge)
    if charge.state == "authorised":
        life_ms = AUTHORISATION_LIFE_MS.get(token.card.brand, AUTHORISATION_LIFE_MS["VISA"])
        at_ms = sandbox.clock.now_ms() + life_ms
        sandbox.agenda.add(at_ms, AUTHORISATION_EXPIRES, charge.id)
    if order is None and charge.order is not None:
        sandbox.sale_orders.put(charge.order, charge.id)
    if charge.request.stored_credentials is not None:
        update_token_use(sandbox, charge.request, token, approved=charge.decline is None)
    elif spends:
        sandbox.tokens.put(token.id, _replace(token, state="used"))
    if sandbox.outbox is not None:
        _announce_charge(sandbox, charge, has_order=order is None)


def _announce_charge(sandbox: Sandbox, charge: Charge, *, has_order: bool) -> None:
    """Tell of a charge, and of the order that it made by itself."""
    if has_order and charge.order is not None:
        announce(sandbox, "O", charge.order, "CREATE", "charge")
    announce(sandbox, "P", charge.id, "CREATE", "decline" if charge.decline else "charge")


def capture_charge(sandbox: Sandbox, call: Call[CaptureRequest, None]) -> ChargeAnswer:
    """Capture an authorisation, in full or in part, once."""
    charge_id = call.ids[0]
    if len(charge_id) != 13 or not _CROCKFORD.issuperset(charge_id):
        raise INVALID_CHARGE_ID.error()
    charge = _require(sandbox, charge_id)
    if charge.state == "expired":
        raise AUTHORISATION_EXPIRED.error()
    if charge.state not in CAPTURED_FROM:
        already = charge.state == "captured" and not charge.sale
        raise (CHARGE_ALREADY_CAPTURED if already else NOT_AN_AUTHORISATION).error()
    amount = charge.request.amount if call.body.amount is None else call.body.amount
    if amount == 0 and charge.request.amount and charge.gift is None:
        raise INVALID_CHARGE_AMOUNT.error()
    if amount > _capturable(sandbox, charge):
        raise CAPTURE_TOO_LARGE.error()
    now_ms = sandbox.clock.now_ms()
    captured = _replace(charge, state="captured", amount_captured=amount, captured_ms=now_ms)
    if charge.gift is not None:
        captured = capture_gift_card_lock(sandbox, captured)
    if charge.surcharge is not None:
        share = surcharge(amount, charge.surcharge.rate)
        captured = _replace(captured, surcharge=_replace(charge.surcharge, amount=share))
    if call.body.level2 is not None:
        check_level2(call.body.level2)
        captured = _replace(captured, request=_replace(charge.request, level2=call.body.level2))
    sandbox.charges.put(charge.id, captured)
    if sandbox.outbox is not None:
        announce(sandbox, "P", charge.id, "UPDATE", "capture")
    call.why = f"an authorisation of {charge.request.amount} is captured for {amount}"
    return captured_answer(captured)


def _capturable(sandbox: Sandbox, charge: Charge) -> int:
    """Return how much of an authorisation may be captured; of a gift card, what is locked."""
    amount = charge.request.amount
    if charge.gift is not None:
        return amount
    return min(amount + amount * sandbox.settings.over_capture_percent // 100, AMOUNT_MAX)


def _require(sandbox: Sandbox, charge_id: str) -> Charge:
    charge = sandbox.charges.get(charge_id)
    if charge is None:
        raise CHARGE_NOT_FOUND.error(id=charge_id)
    return charge


ENDPOINTS = (
    Endpoint(
        name="create_charge",
        method="POST",
        path="/v1/charges",
        run=create_charge,
        request=ChargeRequest,
        permissions=("online_payments",),
        response=ChargeAnswer,
        idempotent=True,
        forwarded_for=True,
        errors=(
            INVALID_CHARGE_AMOUNT,
            AMOUNT_TOO_LARGE,
            INVALID_CURRENCY,
            INVALID_SOURCE,
            INVALID_TENDER,
            INVALID_TIP_AMOUNT,
            INVALID_TAX_AMOUNT,
            INVALID_TAX_RATE,
            INVALID_REQUEST,
            EMAIL_INVALID,
            TOKEN_ALREADY_USED,
            CARD_ON_FILE_MISSING,
            *THREEDS_REFUSALS,
            IDEMPOTENCY_MISMATCH,
        ),
        about="Charge a token or a customer's card on file; `capture: false` authorises only.",
        fact=documented("REF createcharge"),
    ),
    Endpoint(
        name="capture_charge",
        method="POST",
        path="/v1/charges/{charge_id}/capture",
        run=capture_charge,
        request=CaptureRequest,
        permissions=("read_payments", "write_payments", "online_payments"),
        response=ChargeAnswer,
        idempotent=True,
        forwarded_for=True,
        errors=(
            INVALID_CHARGE_ID,
            CHARGE_NOT_FOUND,
            NOT_AN_AUTHORISATION,
            CHARGE_ALREADY_CAPTURED,
            AUTHORISATION_EXPIRED,
            INVALID_CHARGE_AMOUNT,
            INVALID_REQUEST,
            CAPTURE_TOO_LARGE,
            IDEMPOTENCY_MISMATCH,
        ),
        about="Capture an authorisation, in full or in part; 0 releases a gift card's lock.",
        fact=documented("REF capturecharge"),
    ),
)
