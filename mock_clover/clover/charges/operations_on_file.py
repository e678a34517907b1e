"""Credentials on file: the state of a token after a payment, warnings and notices."""

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge, ChargeRequest
from mock_clover.clover.charges.records_on_file import MISSING_ORIGINAL, SUBSEQUENT_WITHOUT_FIRST
from mock_clover.clover.common.verdict import Approval
from mock_clover.clover.recurring.records_notice import failed_charge_message
from mock_clover.clover.tokens.records import Token
from mock_clover.sandbox.sandbox import Sandbox


def add_sequence_warning(request: ChargeRequest, token: Token, verdict: Approval) -> Approval:
    """Return the approval, with a warning if a SUBSEQUENT payment has no FIRST payment."""
    stored = request.stored_credentials
    if stored is None or stored.sequence != "SUBSEQUENT" or token.has_first_payment:
        return verdict
    if verdict.warning_message is not None:
        return verdict
    warning = MISSING_ORIGINAL if token.is_transarmor else SUBSEQUENT_WITHOUT_FIRST
    return replace(verdict, warning_message=warning)


def update_token_use(
    sandbox: Sandbox, request: ChargeRequest, token: Token, *, approved: bool
) -> None:
    """Update a token after a payment with stored credentials.

    Documented: FIRST with an `intent` makes it multi-pay. After a decline, the setting
    `decline_spends_token` decides whether the token is used, as for any other payment.
    """
    row = sandbox.tokens.get(token.id)
    if row is not None and row.state == "revoked":
        return  # revoked while its charge was pending
    stored = request.stored_credentials
    is_single_use = token.is_single_pay
    if not approved:
        if is_single_use and sandbox.settings.decline_spends_token:
            sandbox.tokens.put(token.id, replace(token, state="used", is_declined=True))
        return
    is_first = stored is not None and stored.sequence == "FIRST"
    state = token.state
    if is_single_use:
        saves = is_first and request.intent is not None and token.kind == "card"
        state = "multipay" if saves else "used"
    updated = replace(token, state=state, has_first_payment=token.has_first_payment or is_first)
    if updated != token:
        sandbox.tokens.put(token.id, updated)


def notify_failed_payment(sandbox: Sandbox, charge: Charge) -> None:
    """Notify the customer if a payment with a card on file was declined."""
    customer = sandbox.customers.get(charge.customer or "")
    if charge.decline is None or customer is None:
        return
    amount = charge.request.amount + (charge.request.tip_amount or 0)
    message = failed_charge_message(charge.id, amount, charge.decline.message, charge.token)
    sandbox.notices.add(sandbox.clock.now_ms(), customer, message)
