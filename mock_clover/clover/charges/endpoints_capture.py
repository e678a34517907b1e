"""Capture authorizations, also in several shipments, and release what is left of them."""

import re

from msgspec.structs import replace

from mock_clover.clover.charges.behaviours import (
    AUTHORIZATION_LIFETIME,
    AUTHORIZATION_LIFETIME_OTHER_BRANDS,
)
from mock_clover.clover.charges.behaviours_capture import (
    CAPTURE_WITHIN_AUTHORIZATION,
    PARTIAL_CAPTURE_RETURNS_ITS_AMOUNT,
    PLAIN_CAPTURE_IS_FINAL,
    RELEASE_OF_ANY_PART,
    SPLIT_REST_EXPIRES,
    SPLIT_SHIPMENT,
)
from mock_clover.clover.charges.operations_purchase import check_level2
from mock_clover.clover.charges.records import (
    AUTHORIZATION_LIFETIME_MS,
    CaptureRequest,
    Charge,
    ReleaseRequest,
    lifetime_ms,
)
from mock_clover.clover.charges.records_surcharge import surcharge
from mock_clover.clover.charges.responses import (
    ChargeResponse,
    captured_response,
    released_response,
)
from mock_clover.clover.common.problems import (
    AUTHORIZATION_EXPIRED,
    CAPTURE_TOO_LARGE,
    CHARGE_ALREADY_CAPTURED,
    CHARGE_NOT_FOUND,
    INVALID_CHARGE_AMOUNT,
    INVALID_CHARGE_ID,
    INVALID_REQUEST,
    NOT_AN_AUTHORIZATION,
    NOTHING_TO_RELEASE,
)
from mock_clover.clover.gift_cards.operations import capture_gift_card_lock
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.broken_rule import shown
from mock_clover.core.evidence import Behaviour, documented
from mock_clover.core.money import AMOUNT_MAX, amount_text, minor_units_text
from mock_clover.core.object_id import OBJECT_ID
from mock_clover.engine.endpoint import Call, Endpoint, bearer
from mock_clover.sandbox.sandbox import Sandbox


def capture_charge(sandbox: Sandbox, call: Call[CaptureRequest, None]) -> ChargeResponse:
    """Capture an authorization: once, in full or in part, or in several shipments."""
    charge, body = _find_charge(sandbox, call.ids[0]), call.body
    is_split = body.split_shipment is not None
    if body.split_shipment is not None:
        _check_shipment(charge, body.split_shipment)
    _check_capturable(sandbox, charge, is_split=is_split)
    left = charge.amount_capturable
    amount = left if body.amount is None else body.amount
    if amount == 0 and charge.request.amount and charge.gift is None:
        raise INVALID_CHARGE_AMOUNT.error(
            rule="amount is 0; more than 0 unless a gift card is locked"
        )
    most = left if is_split else _capturable(sandbox, charge)
    if amount > most:
        raise CAPTURE_TOO_LARGE.error(
            rule=_too_large(charge, amount, most),
            basis=(CAPTURE_WITHIN_AUTHORIZATION,),
        )
    captured = replace(
        charge,
        state="captured",
        amount_captured=charge.amount_captured + amount,
        captured_ms=sandbox.clock.now_ms(),
        is_split=is_split,
    )
    if charge.gift is not None:
        captured = capture_gift_card_lock(sandbox, captured)
    if charge.surcharge is not None:
        share = surcharge(captured.amount_captured, charge.surcharge.rate)
        captured = replace(captured, surcharge=replace(charge.surcharge, amount=share))
    if body.level2 is not None:
        check_level2(body.level2)
        captured = replace(captured, request=replace(charge.request, level2=body.level2))
    sandbox.charges.put(charge.id, captured)
    send_platform_event(sandbox, "P", charge.id, "UPDATE", "capture")
    if is_split:
        call.basis = (SPLIT_SHIPMENT,)
    elif amount > charge.request.amount:
        call.basis = (CAPTURE_WITHIN_AUTHORIZATION,)
    elif amount < charge.request.amount and charge.gift is None:
        call.basis = (PARTIAL_CAPTURE_RETURNS_ITS_AMOUNT,)
    call.why = _of_authorization("captured", charge, amount)
    if is_split:
        rest = amount_text(captured.amount_capturable, charge.currency)
        call.why += f", shipment {body.split_shipment}; {rest} left"
    return captured_response(captured, amount)


def release_charge(sandbox: Sandbox, call: Call[ReleaseRequest, None]) -> ChargeResponse:
    """Release what is left of an authorization after its shipments."""
    charge = _find_charge(sandbox, call.ids[0])
    if charge.state == "expired":
        raise AUTHORIZATION_EXPIRED.error(rule=_EXPIRED, basis=(_lifetime_behaviour(charge),))
    left = charge.amount_capturable
    if not left or charge.token.kind != "card":
        rest = amount_text(left, charge.currency)
        rule = f"the charge is {charge.state} and has {rest} left; only a rest can be released"
        raise NOTHING_TO_RELEASE.error(rule=rule)
    amount = left if call.body.amount is None else call.body.amount
    if amount > left:
        raise CAPTURE_TOO_LARGE.error(
            rule=_too_large(charge, amount, left),
            basis=(RELEASE_OF_ANY_PART,),
        )
    released = replace(charge, amount_released=charge.amount_released + amount)
    if charge.state == "authorized" and amount == left:
        released = replace(released, state="voided", captured_ms=sandbox.clock.now_ms())
    sandbox.charges.put(charge.id, released)
    send_platform_event(sandbox, "P", charge.id, "UPDATE", "void")
    call.basis = (SPLIT_SHIPMENT,)
    if amount < left or not charge.is_split:
        call.basis += (RELEASE_OF_ANY_PART,)
    call.why = _of_authorization("released", charge, amount)
    return released_response(released)


_EXPIRED = "the authorization has expired by the sandbox's clock"


def _texts(charge: Charge, *amounts: int) -> list[str]:
    return [amount_text(each, charge.currency) for each in amounts]


def _too_large(charge: Charge, amount: int, most: int) -> str:
    """Return the rule that an amount above the rest of an authorization breaks."""
    given, rest = (minor_units_text(each, charge.currency) for each in (amount, most))
    return f"amount is {given}; at most {rest}, the rest of the authorization"


def _of_authorization(verb: str, charge: Charge, amount: int) -> str:
    part, total = _texts(charge, amount, charge.request.amount)
    return f"{verb} {part} of an authorization of {total}"


def _find_charge(sandbox: Sandbox, charge_id: str) -> Charge:
    if not re.fullmatch(OBJECT_ID, charge_id):
        rule = f"the charge id is {shown(charge_id)}; must be 13 digits and capital letters"
        raise INVALID_CHARGE_ID.error(rule=rule)
    return sandbox.charges.require(charge_id, CHARGE_NOT_FOUND, "charge")


def _check_shipment(charge: Charge, text: str) -> None:
    """Reject a shipment after the last one, or of a gift card; whether Clover does is inferred."""
    if charge.token.kind != "card":
        raise INVALID_REQUEST.error(
            param="split_shipment", rule=f"split_shipment is {text}; a gift card has one capture"
        )
    number, _, count = text.partition("/")
    if int(number) > int(count):
        raise INVALID_REQUEST.error(
            param="split_shipment", rule=f"split_shipment is {text}; the number is above the count"
        )


def _check_capturable(sandbox: Sandbox, charge: Charge, *, is_split: bool) -> None:
    """Raise the error of a charge that cannot be captured, or not any more."""
    if charge.state == "expired":
        raise AUTHORIZATION_EXPIRED.error(rule=_EXPIRED, basis=(_lifetime_behaviour(charge),))
    if charge.state == "authorized" or (is_split and charge.is_split and charge.amount_capturable):
        return
    if charge.state != "captured" or charge.sale:
        rule = f"the charge is {charge.state}; create it with capture=false to capture it later"
        raise NOT_AN_AUTHORIZATION.error(rule=rule)
    basis: tuple[Behaviour, ...] = ()
    if (
        is_split
        and charge.is_split
        and sandbox.clock.now_ms() >= charge.paid_ms + lifetime_ms(charge)
    ):
        basis = (SPLIT_REST_EXPIRES,)
    elif charge.amount_captured < charge.request.amount:
        basis = (PLAIN_CAPTURE_IS_FINAL,)
    captured, total = _texts(charge, charge.amount_captured, charge.request.amount)
    rule = f"{captured} of {total} was captured already"
    raise CHARGE_ALREADY_CAPTURED.error(rule=rule, basis=basis)


def _lifetime_behaviour(charge: Charge) -> Behaviour:
    is_listed = charge.token.card.brand in AUTHORIZATION_LIFETIME_MS
    return AUTHORIZATION_LIFETIME if is_listed else AUTHORIZATION_LIFETIME_OTHER_BRANDS


def _capturable(sandbox: Sandbox, charge: Charge) -> int:
    """Return the maximum amount that can be captured; for a gift card, the locked amount."""
    amount = charge.amount_capturable
    if charge.gift is not None:
        return amount
    return min(amount + amount * sandbox.settings.over_capture_percent // 100, AMOUNT_MAX)


ENDPOINTS = (
    Endpoint(
        name="capture_charge",
        method="POST",
        path="/v1/charges/{charge_id}/capture",
        run=capture_charge,
        request=CaptureRequest,
        auth=bearer("read_payments", "write_payments", "online_payments"),
        response=ChargeResponse,
        idempotent=True,
        requires_client_headers=True,
        errors=(
            INVALID_CHARGE_ID,
            CHARGE_NOT_FOUND,
            NOT_AN_AUTHORIZATION,
            CHARGE_ALREADY_CAPTURED,
            AUTHORIZATION_EXPIRED,
            CAPTURE_TOO_LARGE,
        ),
        about="Capture an authorization, in full, in part or in several shipments; 0 releases the "
        "lock of a gift card.",
        evidence=documented("REF capturecharge"),
    ),
    Endpoint(
        name="release_charge",
        method="PUT",
        path="/v1/charges/{charge_id}",
        run=release_charge,
        request=ReleaseRequest,
        auth=bearer("read_payments", "write_payments", "online_payments"),
        response=ChargeResponse,
        idempotent=True,
        errors=(
            INVALID_CHARGE_ID,
            CHARGE_NOT_FOUND,
            AUTHORIZATION_EXPIRED,
            NOTHING_TO_RELEASE,
            CAPTURE_TOO_LARGE,
        ),
        about="Release what is left of an authorization after its shipments.",
        evidence=documented("DOCS:capture-charge-for-split-shipment"),
    ),
)
