"""What the passing of time does: each kind of an agenda's entries, and the function that does it.

Things happen in the order of their times, and each sees the clock stand at its own time: a
subscription that was due a week ago charges as of a week ago. All of it happens before a request is
looked at, so no reply is older than the clock.
"""

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

_HAPPENINGS_MAX = 20_000
"""At one go: ten years of a daily subscription are 3,650. What is left happens at the next call."""


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


def settle(sandbox: Sandbox) -> list[Due]:
    """Let what is due by the clock happen, in order, and return it."""
    fired: list[Due] = []
    now_ms = sandbox.clock.now_ms()
    while len(fired) < _HAPPENINGS_MAX and (due := sandbox.agenda.take(now_ms)) is not None:
        with sandbox.clock.held_at(due.at_ms):
            if HAPPENINGS[due.kind](sandbox, due):
                fired.append(due)
    return fired
