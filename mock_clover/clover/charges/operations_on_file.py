"""Credentials on file: the token's state after a payment, and warnings.

A payment without `stored_credentials` does not use this module.
"""

from msgspec.structs import replace

from mock_clover.clover.charges.records import ChargeRequest
from mock_clover.clover.charges.records_on_file import MISSING_ORIGINAL, SUBSEQUENT_WITHOUT_FIRST
from mock_clover.clover.common.verdict import Approval
from mock_clover.clover.tokens.records import Token
from mock_clover.sandbox.sandbox import Sandbox


def warn(request: ChargeRequest, token: Token, verdict: Approval) -> Approval:
    """Return the approval, with Clover's warning if the sequence is wrong."""
    stored = request.stored_credentials
    if stored is None or stored.sequence != "SUBSEQUENT" or token.has_first:
        return verdict
    if verdict.warning_message is not None:
        return verdict
    warning = MISSING_ORIGINAL if token.foreign else SUBSEQUENT_WITHOUT_FIRST
    return replace(verdict, warning_message=warning)


def update_token_use(
    sandbox: Sandbox, request: ChargeRequest, token: Token, *, approved: bool
) -> None:
    """Update a token after a payment with stored credentials.

    Documented: FIRST with an `intent` makes it multi-pay. After a decline, the token is used or
    not as after any other decline.
    """
    row = sandbox.tokens.get(token.id)
    if row is not None and row.state == "revoked":
        return  # revoked while its charge was pending
    stored = request.stored_credentials
    single = token.state == "new"
    if not approved:
        if single and sandbox.settings.decline_spends_token:
            sandbox.tokens.put(token.id, replace(token, state="used"))
        return
    is_first = stored is not None and stored.sequence == "FIRST"
    state = token.state
    if single:
        saves = is_first and request.intent is not None and token.kind == "card"
        state = "multipay" if saves else "used"
    updated = replace(token, state=state, has_first=token.has_first or is_first)
    if updated != token:
        sandbox.tokens.put(token.id, updated)
