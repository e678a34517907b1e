"""Create charges: sales, authorizations and declines."""

from msgspec.structs import replace

from mock_clover.clover.charges.operations_basis import basis_of
from mock_clover.clover.charges.operations_on_file import (
    add_sequence_warning,
    notify_failed_payment,
    update_token_use,
)
from mock_clover.clover.charges.operations_purchase import (
    check_and_strip_unsupported_data,
    check_site_url,
    check_tender,
)
from mock_clover.clover.charges.operations_source import (
    PaymentSource,
    check_amount,
    check_metadata,
    resolve_source,
)
from mock_clover.clover.charges.operations_taxes import include_tax
from mock_clover.clover.charges.records import (
    AUTHORIZATION_EXPIRY_JOB,
    Charge,
    ChargeRequest,
    lifetime_ms,
)
from mock_clover.clover.charges.records_surcharge import AdditionalCharge, surcharge
from mock_clover.clover.charges.responses import (
    ChargeResponse,
    created_response,
    pending_response,
)
from mock_clover.clover.common.cards import NO_CHECKS, applicable_checks
from mock_clover.clover.common.operations_merchant import require_multi_pay_tokens
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    CARD_ON_FILE_MISSING,
    INVALID_TAX_RATE,
    MULTI_PAY_TOKENS_DISABLED,
    TOKEN_ALREADY_USED,
)
from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.clover.gift_cards.operations import (
    cap_to_balance,
    record_redemption,
)
from mock_clover.clover.threeds.operations import (
    THREEDS_ERRORS,
    start_threeds,
    store_pending_charge,
)
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented
from mock_clover.engine.endpoint import Call, Declined, Endpoint, bearer
from mock_clover.sandbox.sandbox import Sandbox


def create_charge(sandbox: Sandbox, call: Call[ChargeRequest, None]) -> ChargeResponse | Declined:
    """Charge a token or the card of a customer; with `capture: false`, only authorize."""
    request = call.body
    check_amount(request.amount, request.currency)
    if request.metadata is not None:
        check_metadata(request.metadata)
    if request.tax_rate_uuid is not None:
        request = include_tax(sandbox, request)
    if request.intent is not None:
        require_multi_pay_tokens(sandbox)
    source = resolve_source(sandbox, request.source, request.stored_credentials, call.verdict)
    kind = source.token.kind
    if request.site_url is not None and sandbox.settings.strict:
        check_site_url(request.site_url)
    if (
        request.soft_descriptor is not None
        or request.level2 is not None
        or request.level3 is not None
    ):
        request, source = check_and_strip_unsupported_data(sandbox, request, source)
    if kind == "tender":
        check_tender(request.tender, captures=request.capture)
    sandbox.charges.check_capacity()
    if request.threeds is not None and kind == "card":
        source = start_threeds(sandbox, call, request.threeds, source, request.amount)
    charge = store_charge(sandbox, request, source, order=None)
    call.why = source.why or source.verdict.why
    call.issuer_verdict, call.basis = source.verdict, source.basis + basis_of(charge)
    if charge.state == "pending":
        return pending_response(charge)
    if isinstance(source.verdict, Decline):
        notify_failed_payment(sandbox, charge)
        return Declined(charge, source.verdict)
    return created_response(charge)


def store_charge(
    sandbox: Sandbox,
    request: ChargeRequest,
    source: PaymentSource,
    order: str | None,
    pending: Charge | None = None,
) -> Charge:
    """Store a charge, its order and the state of its token. All payments are written here.

    A declined charge is stored too, because the error contains its id. A phantom decline stores an
    approved charge; only the client sees a decline. `order` is the existing order that the charge
    pays, if any. `pending` is the charge that waited for 3-D Secure; the new charge keeps its id
    and creation time.
    """
    token, verdict = source.token, source.verdict
    ids, now_ms = sandbox.ids, sandbox.clock.now_ms()
    if source.threeds is not None and source.threeds.step is not None:
        return store_pending_charge(sandbox, request, source, order)
    if isinstance(verdict, Decline) and verdict.phantom:
        verdict = Approval(
            why=verdict.why, evidence=verdict.evidence, evidence_name=verdict.evidence_name
        )
    if token.kind != "card":
        request, verdict = cap_to_balance(sandbox, request, token, verdict)
    charge_id = ids.object_id() if pending is None else pending.id
    created_ms = now_ms if pending is None else pending.created_ms
    currency = sandbox.format_currency(request.currency)
    uses_token = token.is_single_pay
    if isinstance(verdict, Decline):
        uses_token = uses_token and sandbox.settings.decline_spends_token
        charge = Charge(
            id=charge_id,
            request=request,
            token=token,
            created_ms=created_ms,
            state="failed",
            sale=False,
            currency=currency,
            order=order,
            customer=source.customer,
            decline=verdict,
            threeds=source.threeds,
        )
    else:
        if request.stored_credentials is not None:
            verdict = add_sequence_warning(request, token, verdict)
        checks = verdict.checks
        if checks is not NO_CHECKS:
            checks = applicable_checks(checks, token.card)
        if verdict.amount is not None and verdict.amount < request.amount:
            request = replace(request, amount=verdict.amount)
        elif verdict.amount is not None:
            verdict = replace(verdict, amount=None)
        charge = Charge(
            id=charge_id,
            request=request,
            token=token,
            created_ms=created_ms,
            state="captured" if request.capture else "authorized",
            sale=request.capture,
            currency=currency,
            order=order or ids.object_id(),
            customer=source.customer,
            amount_captured=request.amount if request.capture else 0,
            ref_num=ids.ref_num(now_ms),
            auth_code=ids.auth_code(),
            approval=verdict if checks is verdict.checks else replace(verdict, checks=checks),
            threeds=source.threeds,
        )
    if token.kind != "card" or sandbox.settings.surcharge_rate is not None:
        charge = _apply_kind_and_surcharge(sandbox, charge)
    _store_with_effects(sandbox, charge, order, uses_token=uses_token)
    return charge


def _apply_kind_and_surcharge(sandbox: Sandbox, charge: Charge) -> Charge:
    """Return the charge to store for a payment without a card, or with a surcharge."""
    rate = sandbox.settings.surcharge_rate
    if charge.token.kind == "tender":
        return replace(charge, ref_num=None, auth_code=None)
    if charge.token.kind != "card":
        return record_redemption(sandbox, charge)
    if charge.decline is not None or rate is None:
        return charge
    amount = surcharge(charge.request.amount, rate)
    added = AdditionalCharge(
        id=sandbox.ids.object_id(), type="CREDIT_SURCHARGE", amount=amount, rate=rate
    )
    return replace(charge, surcharge=added)


def _store_with_effects(
    sandbox: Sandbox, charge: Charge, order: str | None, *, uses_token: bool
) -> None:
    """Store a charge and its effects; `order` is the existing order that it pays, if any."""
    token = charge.token
    sandbox.charges.put(charge.id, charge)
    if charge.state == "authorized":
        at_ms = sandbox.clock.now_ms() + lifetime_ms(charge)
        sandbox.scheduler.add(at_ms, AUTHORIZATION_EXPIRY_JOB, charge.id)
    if order is None and charge.order is not None:
        sandbox.sale_orders.put(charge.order, charge.id)
    if charge.request.stored_credentials is not None:
        update_token_use(sandbox, charge.request, token, approved=charge.decline is None)
    elif uses_token:
        is_declined = charge.decline is not None
        sandbox.tokens.put(token.id, replace(token, state="used", is_declined=is_declined))
    if sandbox.outbox is not None:
        _send_charge_events(sandbox, charge, has_order=order is None)


def _send_charge_events(sandbox: Sandbox, charge: Charge, *, has_order: bool) -> None:
    """Send the events of a charge and, if `has_order`, of the order that it created."""
    if has_order and charge.order is not None:
        send_platform_event(sandbox, "O", charge.order, "CREATE", "charge")
    send_platform_event(
        sandbox, "P", charge.id, "CREATE", "decline" if charge.decline else "charge"
    )


ENDPOINTS = (
    Endpoint(
        name="create_charge",
        method="POST",
        path="/v1/charges",
        run=create_charge,
        request=ChargeRequest,
        auth=bearer("online_payments"),
        response=ChargeResponse,
        idempotent=True,
        requires_client_headers=True,
        errors=(
            AMOUNT_TOO_LARGE,
            INVALID_TAX_RATE,
            MULTI_PAY_TOKENS_DISABLED,
            TOKEN_ALREADY_USED,
            CARD_ON_FILE_MISSING,
            *THREEDS_ERRORS,
        ),
        about="Charge a token or a card on file; `capture: false` only authorizes.",
        evidence=documented("REF createcharge"),
    ),
)
