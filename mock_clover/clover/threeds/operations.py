"""3-D Secure of a payment: by which flow the cardholder is known, and the charge that waits for it.

Checks come first and draw nothing. A pending charge holds what the issuer will say to the payment
itself; `clover/threeds/endpoints.py` goes on from there.
"""

from typing import Any

import msgspec

from mock_clover.clover.charges.operations_source import PaymentSource
from mock_clover.clover.charges.records import Charge, ChargeRequest
from mock_clover.clover.common.behaviours_other import FLOW_BY_CARD, PENDING_CHARGE_SHOWN
from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.clover.threeds.problems import (
    THREEDS_BROWSER_INFO_INVALID,
    THREEDS_RESULT_INVALID,
    THREEDS_SOURCE_INVALID,
)
from mock_clover.clover.threeds.records import BROWSERLESS, EXPIRES, Flow, ThreeDS, ThreeDSRequest
from mock_clover.clover.webhooks.operations import announce
from mock_clover.engine.endpoint import Call, home_of
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

THREEDS_REFUSALS = (
    THREEDS_SOURCE_INVALID,
    THREEDS_BROWSER_INFO_INVALID,
    THREEDS_RESULT_INVALID,
)
SUCCESSFUL = "AUTHENTICATION_SUCCESSFUL"  # documented, 3DS SDK page
UNKNOWN = "AUTHENTICATION_STATUS_UNKNOWN"  # documented DOCS:use-3ds, as the two that follow
ATTEMPTED = "AUTHENTICATION_ATTEMPTED"  # inferred
FAILED = "AUTHENTICATION_FAILED"  # inferred
METHOD_REQUIRED = "THREEDS_METHOD_FLOW_REQUIRED"  # documented, 3DS SDK page
CHALLENGE_REQUIRED = "CHALLENGE_FLOW_REQUIRED"  # documented, 3DS SDK page

_replace = msgspec.structs.replace


def refusal(why: str, message: str = "3-D Secure authentication failed") -> Decline:
    """Return the decline of a cardholder who was not authenticated; its words are inferred."""
    return Decline(
        why=why,
        based_on=FLOW_BY_CARD.name,
        decline_code="authentication_failed",
        message=message,
    )


def authenticate(
    sandbox: Sandbox, call: Call[Any, Any], asked: ThreeDSRequest, payer: PaymentSource, amount: int
) -> PaymentSource:
    """Return a payer with its 3-D Secure: done, or pending with a step to come. May refuse."""
    if asked.source not in ("CLOVER", "NON_CLOVER"):
        raise THREEDS_SOURCE_INVALID.error()
    if call.threeds is not None:
        flow, said = call.threeds, call.why
    else:
        flow, said = sandbox.rules.flow(payer.token.card, amount)
    if asked.source == "NON_CLOVER":
        return _made_elsewhere(call.threeds, asked, payer)
    if asked.browser_info is None or not asked.browser_info.is_complete:
        raise THREEDS_BROWSER_INFO_INVALID.error()
    why = f"{payer.verdict.why}; 3-D Secure, {flow}: {said}"
    if flow in BROWSERLESS:
        return _at_once(flow, ThreeDS(source="CLOVER", validation_result=""), payer, why)
    step = "challenge" if flow == "challenge" else "method"
    verdict = payer.verdict
    return payer._replace(
        why=why,
        basis=(*payer.basis, FLOW_BY_CARD, PENDING_CHARGE_SHOWN),
        threeds=ThreeDS(
            source="CLOVER",
            validation_result=CHALLENGE_REQUIRED if step == "challenge" else METHOD_REQUIRED,
            step="challenge" if flow == "challenge" else "method",
            then_challenge=flow == "method_challenge",
            transaction=sandbox.ids.uuid(),
            acs_transaction=sandbox.ids.uuid(),
            home=home_of(sandbox, call),
            expires_ms=sandbox.clock.now_ms() + sandbox.settings.threeds_life_ms,
            approval=verdict if isinstance(verdict, Approval) else None,
            decline=verdict if isinstance(verdict, Decline) else None,
        ),
    )


def _made_elsewhere(
    flow: Flow | None, asked: ThreeDSRequest, payer: PaymentSource
) -> PaymentSource:
    """Take an authentication that another has made.

    Documented DOCS:use-3ds: even a SUCCESS is answered with an unknown status and no protection.
    """
    made = asked.authentication_result
    if made is None or not made.is_complete:
        raise THREEDS_RESULT_INVALID.error()
    known = ThreeDS(source="NON_CLOVER", validation_result=UNKNOWN)
    if flow in BROWSERLESS and flow is not None:
        return _at_once(flow, known, payer, f"{payer.verdict.why}; 3-D Secure elsewhere, {flow}")
    if made.is_refusal:
        why = f"3-D Secure elsewhere: {made.authentication_status} (inferred)"
        return _at_once("decline", known, payer, why)
    return payer._replace(threeds=known)


def _at_once(flow: Flow, threeds: ThreeDS, payer: PaymentSource, why: str) -> PaymentSource:
    if flow == "decline":
        failed = _replace(threeds, validation_result=FAILED)
        return payer._replace(verdict=refusal(why), threeds=failed, why=why)
    good = flow == "frictionless"
    done = _replace(threeds, validation_result=SUCCESSFUL if good else UNKNOWN, is_protected=good)
    return payer._replace(threeds=done, why=why, basis=(*payer.basis, FLOW_BY_CARD))


def begin_charge(
    sandbox: Sandbox, asked: ChargeRequest, payer: PaymentSource, order: str | None
) -> Charge:
    """Write a charge that waits for its cardholder, and its spent token."""
    token, threeds = payer.token, payer.threeds
    charge = Charge(
        id=sandbox.ids.object_id(),
        request=asked,
        token=token,
        created_ms=sandbox.clock.now_ms(),
        state="pending",
        sale=False,
        currency=sandbox.currency_echo(asked.currency),
        order=order,
        customer=payer.customer,
        threeds=threeds,
    )
    sandbox.charges.put(charge.id, charge)
    if threeds is not None:
        sandbox.agenda.add(threeds.expires_ms, EXPIRES, charge.id)
    if token.state == "new":
        sandbox.tokens.put(token.id, _replace(token, state="used"))
    return charge


def fail_authentication(sandbox: Sandbox, charge: Charge, decline: Decline) -> Charge:
    """Write that a pending charge has failed: its cardholder was not authenticated."""
    threeds = charge.threeds and _replace(charge.threeds, step=None, validation_result=FAILED)
    failed = _replace(charge, state="failed", decline=decline, threeds=threeds)
    sandbox.charges.put(failed.id, failed)
    announce(sandbox, "P", failed.id, "CREATE", "decline")  # a pending one was not announced
    restore_token(sandbox, failed)
    return failed


def restore_token(sandbox: Sandbox, charge: Charge) -> None:
    """Give the token of a charge that was pending back, where a decline does not spend it."""
    if charge.token.state == "new" and not sandbox.settings.decline_spends_token:
        sandbox.tokens.put(charge.token.id, charge.token)


def expire_threeds(sandbox: Sandbox, due: Job) -> bool:
    """Let a charge fail whose cardholder did not come back in time (inferred)."""
    charge = sandbox.charges.get(due.id)
    if charge is None or charge.state != "pending":
        return False
    why = "3-D Secure expired by the sandbox's clock (inferred)"
    fail_authentication(sandbox, charge, refusal(why, "3-D Secure authentication has expired"))
    return True
