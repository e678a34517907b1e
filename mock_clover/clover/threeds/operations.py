"""3-D Secure of a payment: choose the flow and create the pending charge.

Everything is validated before any id is generated. A pending charge stores the issuer's verdict
on the payment; `clover/threeds/endpoints.py` finalizes it.
"""

from typing import Any

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import PaymentSource
from mock_clover.clover.charges.records import Charge, ChargeRequest
from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.clover.threeds.behaviours import (
    EXTERNAL_AUTHENTICATION,
    FLOW_BY_CARD,
    PENDING_CHARGE_IS_RETRIEVABLE,
)
from mock_clover.clover.threeds.problems import (
    THREEDS_BROWSER_INFO_INVALID,
    THREEDS_RESULT_INVALID,
    THREEDS_SOURCE_INVALID,
)
from mock_clover.clover.threeds.records import (
    FLOWS_WITHOUT_BROWSER,
    THREEDS_EXPIRED_JOB,
    ThreeDS,
    ThreeDSFlow,
    ThreeDSRequest,
)
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.engine.endpoint import Call, sandbox_base_url
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

THREEDS_ERRORS = (
    THREEDS_SOURCE_INVALID,
    THREEDS_BROWSER_INFO_INVALID,
    THREEDS_RESULT_INVALID,
)
SUCCESSFUL = "AUTHENTICATION_SUCCESSFUL"  # documented, 3DS SDK page
UNKNOWN = "AUTHENTICATION_STATUS_UNKNOWN"  # documented, DOCS:use-3ds
ATTEMPTED = "AUTHENTICATION_ATTEMPTED"  # inferred
FAILED = "AUTHENTICATION_FAILED"  # inferred
METHOD_REQUIRED = "THREEDS_METHOD_FLOW_REQUIRED"  # documented, 3DS SDK page
CHALLENGE_REQUIRED = "CHALLENGE_FLOW_REQUIRED"  # documented, 3DS SDK page


def authentication_decline(why: str, message: str = "3-D Secure authentication failed") -> Decline:
    """Return the decline for a failed authentication; its message is inferred."""
    return Decline(
        why=why,
        evidence_name=FLOW_BY_CARD.name,
        decline_code="authentication_failed",
        message=message,
    )


def start_threeds(
    sandbox: Sandbox,
    call: Call[Any, Any],
    request: ThreeDSRequest,
    source: PaymentSource,
    amount: int,
) -> PaymentSource:
    """Return the payment source with its 3-D Secure, finished or pending. Raises ApiError."""
    if request.source not in ("CLOVER", "NON_CLOVER"):
        raise THREEDS_SOURCE_INVALID.error(rule="threeds.source must be CLOVER or NON_CLOVER")
    if call.threeds is not None:
        flow, reason = call.threeds, call.why
    else:
        flow, reason = sandbox.rules.flow(source.token.card, amount)
    if request.source == "NON_CLOVER":
        return _external_authentication(call.threeds, request, source)
    if request.browser_info is None:
        raise THREEDS_BROWSER_INFO_INVALID.error(rule="threeds.browser_info is missing")
    if missing := request.browser_info.missing:
        rule = f"threeds.browser_info lacks {', '.join(missing)}"
        raise THREEDS_BROWSER_INFO_INVALID.error(rule=rule)
    why = f"{source.verdict.why}; 3-D Secure, {flow}: {reason}"
    if flow in FLOWS_WITHOUT_BROWSER:
        return _without_browser(flow, ThreeDS(source="CLOVER", validation_result=""), source, why)
    step = "challenge" if flow == "challenge" else "method"
    verdict = source.verdict
    return replace(
        source,
        why=why,
        basis=(*source.basis, FLOW_BY_CARD, PENDING_CHARGE_IS_RETRIEVABLE),
        threeds=ThreeDS(
            source="CLOVER",
            validation_result=CHALLENGE_REQUIRED if step == "challenge" else METHOD_REQUIRED,
            step="challenge" if flow == "challenge" else "method",
            then_challenge=flow == "method_challenge",
            transaction=sandbox.ids.uuid(),
            acs_transaction=sandbox.ids.uuid(),
            home=sandbox_base_url(sandbox, call),
            expires_ms=sandbox.clock.now_ms() + sandbox.settings.threeds_life_ms,
            approval=verdict if isinstance(verdict, Approval) else None,
            decline=verdict if isinstance(verdict, Decline) else None,
        ),
    )


def _external_authentication(
    flow: ThreeDSFlow | None, request: ThreeDSRequest, source: PaymentSource
) -> PaymentSource:
    """Accept an authentication by another provider.

    Documented DOCS:use-3ds: even SUCCESS results in an unknown status and no liability protection.
    """
    result = request.authentication_result
    if result is None or not result.is_complete:
        raise THREEDS_RESULT_INVALID.error(
            rule="threeds.authentication_result needs a cryptogram, version 2, a known status"
        )
    source = replace(source, basis=(*source.basis, EXTERNAL_AUTHENTICATION))
    threeds = ThreeDS(source="NON_CLOVER", validation_result=UNKNOWN)
    if flow in FLOWS_WITHOUT_BROWSER and flow is not None:
        return _without_browser(
            flow, threeds, source, f"{source.verdict.why}; external 3-D Secure, {flow}"
        )
    if result.is_rejected:
        why = f"external 3-D Secure: {result.authentication_status} (inferred)"
        return _without_browser("decline", threeds, source, why)
    return replace(source, threeds=threeds)


def _without_browser(
    flow: ThreeDSFlow, threeds: ThreeDS, source: PaymentSource, why: str
) -> PaymentSource:
    if flow == "decline":
        failed = replace(threeds, validation_result=FAILED)
        return replace(source, verdict=authentication_decline(why), threeds=failed, why=why)
    successful = flow == "frictionless"
    finished = replace(
        threeds, validation_result=SUCCESSFUL if successful else UNKNOWN, is_protected=successful
    )
    return replace(source, threeds=finished, why=why, basis=(*source.basis, FLOW_BY_CARD))


def store_pending_charge(
    sandbox: Sandbox, request: ChargeRequest, source: PaymentSource, order: str | None
) -> Charge:
    """Store a pending charge and mark its token as used."""
    token, threeds = source.token, source.threeds
    charge = Charge(
        id=sandbox.ids.object_id(),
        request=request,
        token=token,
        created_ms=sandbox.clock.now_ms(),
        state="pending",
        sale=False,
        currency=sandbox.format_currency(request.currency),
        order=order,
        customer=source.customer,
        threeds=threeds,
    )
    sandbox.charges.put(charge.id, charge)
    if threeds is not None:
        sandbox.scheduler.add(threeds.expires_ms, THREEDS_EXPIRED_JOB, charge.id)
    if token.state == "new":
        sandbox.tokens.put(token.id, replace(token, state="used"))
    return charge


def fail_authentication(sandbox: Sandbox, charge: Charge, decline: Decline) -> Charge:
    """Store the failure of a pending charge whose cardholder was not authenticated."""
    threeds = charge.threeds and replace(charge.threeds, step=None, validation_result=FAILED)
    failed = replace(charge, state="failed", decline=decline, threeds=threeds)
    sandbox.charges.put(failed.id, failed)
    send_platform_event(
        sandbox, "P", failed.id, "CREATE", "decline"
    )  # no event was sent for the pending charge
    restore_token(sandbox, failed)
    return failed


def restore_token(sandbox: Sandbox, charge: Charge) -> None:
    """Make the token of a failed pending charge usable again, unless declines consume tokens."""
    if charge.token.state == "new" and not sandbox.settings.decline_spends_token:
        sandbox.tokens.put(charge.token.id, charge.token)


def expire_threeds(sandbox: Sandbox, job: Job) -> bool:
    """Fail a charge whose authentication has expired (inferred)."""
    charge = sandbox.charges.get(job.id)
    if charge is None or charge.state != "pending":
        return False
    why = "3-D Secure authentication expired by the sandbox's clock (inferred)"
    fail_authentication(
        sandbox, charge, authentication_decline(why, "3-D Secure authentication has expired")
    )
    return True
