"""Credentials on file: what a payment makes of its token, and what it is warned of.

Nothing here is asked for a plain payment: `make_charge` looks at `stored_credentials` first.
"""

import msgspec

from mock_clover.clover.charges.records import ChargeRequest
from mock_clover.clover.charges.records_on_file import MISSING_ORIGINAL, SUBSEQUENT_WITHOUT_FIRST
from mock_clover.clover.common.verdict import Approval
from mock_clover.clover.tokens.records import Token
from mock_clover.sandbox.sandbox import Sandbox

_replace = msgspec.structs.replace


def warn(asked: ChargeRequest, token: Token, verdict: Approval) -> Approval:
    """Return an approval with Clover's warning of the sequence, if there is one to give."""
    stored = asked.stored_credentials
    if stored is None or stored.sequence != "SUBSEQUENT" or token.has_first:
        return verdict
    if verdict.warning_message is not None:
        return verdict
    warning = MISSING_ORIGINAL if token.foreign else SUBSEQUENT_WITHOUT_FIRST
    return _replace(verdict, warning_message=warning)


def update_token_use(
    sandbox: Sandbox, asked: ChargeRequest, token: Token, *, approved: bool
) -> None:
    """Write what a payment with stored credentials makes of its token.

    Documented: FIRST with the intent makes it multi-pay. A decline leaves it as any decline does.
    """
    row = sandbox.tokens.get(token.id)
    if row is not None and row.state == "revoked":
        return  # while its charge was pending
    stored = asked.stored_credentials
    single = token.state == "new"
    if not approved:
        if single and sandbox.settings.decline_spends_token:
            sandbox.tokens.put(token.id, _replace(token, state="used"))
        return
    is_first = stored is not None and stored.sequence == "FIRST"
    state = token.state
    if single:
        saves = is_first and asked.intent is not None and token.kind == "card"
        state = "multipay" if saves else "used"
    kept = _replace(token, state=state, has_first=token.has_first or is_first)
    if kept != token:
        sandbox.tokens.put(token.id, kept)
