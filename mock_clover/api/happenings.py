"""Each kind of an agenda's entries, and the function that does it when its time has come."""

from collections.abc import Callable

import msgspec

from mock_clover.api.posting import WEBHOOK_DUE, deliver_due
from mock_clover.api.redemption import settle_debit
from mock_clover.api.renewals import end_subscription, remind, run_subscription
from mock_clover.api.threeds import expire_threeds
from mock_clover.model.charge import AUTHORISATION_EXPIRES, DEBIT_SETTLES
from mock_clover.model.recurring import SUBSCRIPTION_ENDED, SUBSCRIPTION_RUN, UPCOMING_CHARGE
from mock_clover.model.threeds import EXPIRES
from mock_clover.sandbox.agenda import Due
from mock_clover.sandbox.sandbox import Sandbox


def expire_authorisation(sandbox: Sandbox, due: Due) -> bool:
    """Let an authorisation that nobody captured lapse."""
    charge = sandbox.charges.get(due.id)
    if charge is None or charge.state != "authorised":
        return False
    sandbox.charges.put(charge.id, msgspec.structs.replace(charge, state="expired"))
    return True


HAPPENINGS: dict[str, Callable[[Sandbox, Due], bool]] = {
    AUTHORISATION_EXPIRES: expire_authorisation,
    EXPIRES: expire_threeds,
    WEBHOOK_DUE: deliver_due,
    DEBIT_SETTLES: settle_debit,
    SUBSCRIPTION_RUN: run_subscription,
    SUBSCRIPTION_ENDED: end_subscription,
    UPCOMING_CHARGE: remind,
}
"""By kind. Each tells whether anything happened: a charge that was captured expires no more."""
