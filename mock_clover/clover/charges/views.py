"""Charges as they are shown.

The same row is shown in three ways (created, fetched, captured) because Clover does: see each one's
source.
"""

from typing import Any, ClassVar, Literal

import msgspec

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.records_on_file import SavedCredential, transarmor
from mock_clover.clover.charges.records_purchase import ChargeDescriptor, Level2, Level3
from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.charges.records_surcharge import AdditionalCharge
from mock_clover.clover.charges.records_tender import Tender
from mock_clover.clover.common.cards import NO_CHECKS, CheckResult
from mock_clover.clover.gift_cards.records import GiftCardView
from mock_clover.clover.threeds.records import ThreeDSAnswer, threeds_answer
from mock_clover.clover.tokens.records import Kind
from mock_clover.core.evidence import (
    Cents,
    Fact,
    Facts,
    Millis,
    documented,
    evidence_for,
    inferred,
    observed,
)
from mock_clover.core.record import Record


class Outcome(Record, frozen=True, kw_only=True):
    """`outcome` of a charge; no other values were ever seen."""

    fact: ClassVar[Fact] = observed("CCL, GP CloverCharge, PHP21: no other values were seen")

    network_status: str | None = None
    type: str | None = None


APPROVED = Outcome(network_status="approved_by_network", type="authorized")


class Source(Record, frozen=True, kw_only=True):
    """`source` of a charge or order."""

    fact: ClassVar[Fact] = observed("CCL, GP CloverCharge")
    facts: ClassVar[Facts] = evidence_for(
        documented("MD: fraud tools; the test-card page"),
        "address_line1_check",
        "address_zip_check",
    ) | evidence_for(documented("TransArmor page"), "address_zip")

    id: str | None = None
    brand: str | None = None
    address_line1_check: CheckResult | None = None
    address_zip: str | None = None
    """Beside its check, as in the sample of the TransArmor page (2024-07)."""
    address_zip_check: CheckResult | None = None
    cvc_check: CheckResult | None = None
    exp_month: str | None = None
    exp_year: str | None = None
    first6: str | None = None
    last4: str | None = None


PAYMENT_METHODS: dict[Kind, str | None] = {
    "card": "card",
    "gift_card": "giftCard",
    "ach": "ach",
    "tender": None,
}
"""`payment_method_details`. Source: AE's answer schema, which knows `paypal` too."""


class ChargeAnswer(Record, frozen=True, kw_only=True):
    """A charge as it is shown; members in the order of the recorded answers."""

    fact: ClassVar[Fact] = observed("CCL 2023-09, SEED 2025-05, GP CloverCharge")
    facts: ClassVar[Facts] = (
        evidence_for(
            documented("AE's schema of the answer"),
            *("tax_amount", "tip_amount", "description", "external_reference_id"),
            *("external_customer_reference", "failure_code", "failure_message", "refunded"),
            *("receipt_email", "metadata", "stored_credentials", "additional_charges"),
            *("soft_descriptor", "level2", "level3"),
        )
        | evidence_for(inferred("the request has it; no answer was found"), "tender")
        | evidence_for(documented("REF getcharges, sample of 2024"), "amount_captured")
        | evidence_for(documented("MD:gift-card-api"), "partial_auth", "gift_card")
        | evidence_for(documented("REF postordersidpay, sample of 2024"), "warning_message")
        | evidence_for(documented("TransArmor page"), "saved_credentials_on_file")
        | evidence_for(documented("3DS SDK page"), "threeds")
    )

    id: str
    amount: Cents
    tax_amount: Cents | None = None
    tip_amount: Cents | None = None
    additional_charges: tuple[AdditionalCharge, ...] | None = None
    payment_method_details: str | None = None
    amount_captured: Cents | None = None
    partial_auth: bool | None = None
    amount_refunded: Cents | None = None
    currency: str
    warning_message: str | None = None
    created: Millis
    captured: bool | None = None
    customer: str | dict[str, Any] | None = None
    description: str | None = None
    external_reference_id: str | None = None
    external_customer_reference: str | None = None
    ref_num: str | None = None
    auth_code: str | None = None
    order: str | dict[str, Any] | None = None
    outcome: Outcome | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    paid: bool | None = None
    refunded: bool | None = None
    receipt_email: str | None = None
    status: Literal["succeeded", "pending", "failed"]
    source: Source
    metadata: dict[str, Any] | None = None
    stored_credentials: StoredCredentials | None = None
    saved_credentials_on_file: SavedCredential | None = None
    ecomind: str | None = None
    threeds: ThreeDSAnswer | None = None
    gift_card: GiftCardView | None = None
    soft_descriptor: ChargeDescriptor | None = None
    level2: Level2 | None = None
    level3: Level3 | None = None
    tender: Tender | None = None


def created_answer(charge: Charge) -> ChargeAnswer:
    """Show a charge as its creation does: no `object`, no `order`; `paid` only for a sale.

    Source: SEED 2025-05 (sale), CCL 2023-09 (authorisation).
    """
    asked, approval = charge.request, charge.approval
    shown = ChargeAnswer(
        id=charge.id,
        amount=asked.amount,
        tax_amount=asked.tax_amount,
        tip_amount=asked.tip_amount,
        payment_method_details=PAYMENT_METHODS[charge.token.kind],
        amount_refunded=0,
        currency=charge.currency,
        created=charge.created_ms,
        captured=charge.sale,
        description=asked.description,
        external_reference_id=asked.external_reference_id,
        external_customer_reference=asked.external_customer_reference,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        outcome=APPROVED if charge.auth_code is not None else None,
        paid=True if charge.sale and not charge.settling else None,
        receipt_email=asked.receipt_email,
        status="pending" if charge.settling else "succeeded",
        source=_source(charge, with_expiry=True),
        ecomind=asked.ecomind,
    )
    if (
        charge.threeds is None
        and charge.surcharge is None
        and charge.gift is None
        and asked.intent is None
        and asked.tender is None
        and (approval is None or (approval.amount is None and approval.warning_message is None))
    ):
        return shown
    return _with_rest(charge, shown)


def _with_rest(charge: Charge, shown: ChargeAnswer) -> ChargeAnswer:
    """Add to a charge's answer what is rare."""
    asked, approval, gift = charge.request, charge.approval, charge.gift
    partial = approval is not None and approval.amount is not None
    return msgspec.structs.replace(
        shown,
        additional_charges=None if charge.surcharge is None else (charge.surcharge,),
        partial_auth=True if partial else None if gift is None else _locks(gift, charge),
        warning_message=approval.warning_message if approval else None,
        saved_credentials_on_file=None if asked.intent is None else _saved(charge),
        threeds=None if charge.threeds is None else threeds_answer(charge.threeds),
        gift_card=gift,
        tender=None if asked.tender is None else _tender(charge),
    )


def pending_answer(charge: Charge) -> ChargeAnswer:
    """Show a charge whose cardholder is to be authenticated first.

    Documented is its `threeds`; that its status is pending and it has no outcome is inferred.
    """
    return msgspec.structs.replace(created_answer(charge), outcome=None, status="pending")


def _locks(gift: GiftCardView, charge: Charge) -> Literal[True] | None:
    """Tell of a gift card's multi-lock, which always says `partial_auth`.

    Source: MD:gift-card-api.
    """
    return True if gift.lock_id and charge.request.partial_redemption else None


def fetched_answer(charge: Charge) -> ChargeAnswer:
    """Show a charge as GET and the list do: with `order`, whole seconds, no expiry in `source`.

    Source: GP CloverCharge, MD:pagination. A failed charge's body was never recorded: the
    documented members failure_code and failure_message stand in it.
    """
    asked, failed = charge.request, charge.decline
    captured, pending = charge.state == "captured", charge.state == "pending"
    shown = ChargeAnswer(
        id=charge.id,
        amount=asked.amount,
        tax_amount=asked.tax_amount,
        tip_amount=asked.tip_amount,
        additional_charges=None if charge.surcharge is None else (charge.surcharge,),
        payment_method_details=PAYMENT_METHODS[charge.token.kind],
        amount_captured=charge.amount_captured if captured else None,
        amount_refunded=charge.amount_refunded,
        currency=charge.currency,
        created=charge.created_ms // 1000 * 1000,
        captured=captured,
        customer=charge.customer,
        description=asked.description,
        external_reference_id=asked.external_reference_id,
        external_customer_reference=asked.external_customer_reference,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        order=charge.order,
        outcome=None if failed or charge.auth_code is None else APPROVED,
        failure_code=failed.code if failed else None,
        failure_message=failed.message if failed else None,
        paid=True if captured and not charge.settling else None,
        refunded=True if charge.amount_refunded and not charge.amount_refundable else None,
        receipt_email=asked.receipt_email,
        status="failed" if failed else "pending" if pending or charge.settling else "succeeded",
        source=_source(charge, with_expiry=False),
        metadata=asked.metadata,
        stored_credentials=asked.stored_credentials,
        ecomind=asked.ecomind,
        threeds=None if charge.threeds is None else threeds_answer(charge.threeds),
        gift_card=charge.gift,
    )
    if (
        asked.soft_descriptor is None
        and asked.level2 is None
        and asked.level3 is None
        and asked.tender is None
    ):
        return shown
    return msgspec.structs.replace(
        shown,
        soft_descriptor=asked.soft_descriptor,
        level2=asked.level2,
        level3=asked.level3,
        tender=_tender(charge),
    )


def captured_answer(charge: Charge) -> ChargeAnswer:
    """Show a charge as its capture does. Source: GP CloverCharge, REF capturecharge.

    A gift card's lock that was released (a capture of 0) is not captured.
    """
    captured = charge.state == "captured"
    return ChargeAnswer(
        id=charge.id,
        amount=charge.request.amount,
        amount_captured=charge.amount_captured,
        currency=charge.currency,
        created=charge.created_ms // 1000 * 1000,
        captured=captured,
        customer=charge.customer,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        order=charge.order,
        outcome=APPROVED,
        paid=True if captured else None,
        status="succeeded",
        source=_source(charge, with_expiry=False),
        gift_card=charge.gift,
    )


def _tender(charge: Charge) -> Tender | None:
    """Return the tender of a charge that has one; beside another source it says nothing."""
    return charge.request.tender if charge.token.kind == "tender" else None


def _saved(charge: Charge) -> SavedCredential | None:
    """Return what an intent has saved; nothing while the charge is pending, or of no card."""
    stored = charge.request.stored_credentials
    if charge.approval is None or stored is None or charge.token.kind != "card":
        return None
    return SavedCredential(tokenType="TRANSARMOR", value=transarmor(charge.token.card))


def _source(charge: Charge, *, with_expiry: bool) -> Source:
    token, card, approval = charge.token, charge.token.card, charge.approval
    exp_month = card.exp_month or None if with_expiry else None
    exp_year = card.exp_year or None if with_expiry else None
    if approval is None or approval.checks is NO_CHECKS:
        return Source(
            id=token.id,
            brand=card.brand or None,
            exp_month=exp_month,
            exp_year=exp_year,
            first6=card.first6 or None,
            last4=card.last4 or None,
        )
    checks = approval.checks
    return Source(
        id=token.id,
        brand=card.brand or None,
        address_line1_check=checks.address_line1_check,
        address_zip=card.address_zip if checks.address_zip_check else None,
        address_zip_check=checks.address_zip_check,
        cvc_check=checks.cvc_check,
        exp_month=exp_month,
        exp_year=exp_year,
        first6=card.first6 or None,
        last4=card.last4 or None,
    )


class ListAnswer(Record, frozen=True, kw_only=True):
    """The envelope of every list. `has_more` stands only where there is more.

    Source: MD:pagination, and the get-charges sample of 2024, which has none.
    """

    fact: ClassVar[Fact] = documented("MD:pagination")

    object: str | None = None
    url: str
    has_more: bool | None = None
    data: tuple[Any, ...]
