"""Job handlers by kind."""

from collections.abc import Callable

from msgspec.structs import replace

from mock_clover.clover.charges.records import AUTHORIZATION_EXPIRY_JOB, DEBIT_SETTLEMENT_JOB
from mock_clover.clover.gift_cards.operations import settle_debit
from mock_clover.clover.recurring.operations import (
    end_subscription,
    run_subscription,
    send_upcoming_charge_notice,
)
from mock_clover.clover.recurring.records import (
    CHARGE_SUBSCRIPTION_JOB,
    END_SUBSCRIPTION_JOB,
    UPCOMING_CHARGE_JOB,
)
from mock_clover.clover.threeds.operations import expire_threeds
from mock_clover.clover.threeds.records import THREEDS_EXPIRED_JOB
from mock_clover.clover.webhooks.operations_deliveries import WEBHOOK_DELIVERY_JOB, deliver_due
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job


def expire_authorization(sandbox: Sandbox, job: Job) -> bool:
    """Expire an authorization that was not captured, or release the rest after its shipments."""
    charge = sandbox.charges.get(job.id)
    if charge is None:
        return False
    if charge.state == "authorized":
        sandbox.charges.put(charge.id, replace(charge, state="expired"))
        return True
    left = charge.amount_capturable
    if left:
        released = replace(charge, amount_released=charge.amount_released + left)
        sandbox.charges.put(charge.id, released)
    return left > 0


JOBS: dict[str, Callable[[Sandbox, Job], bool]] = {
    AUTHORIZATION_EXPIRY_JOB: expire_authorization,
    THREEDS_EXPIRED_JOB: expire_threeds,
    WEBHOOK_DELIVERY_JOB: deliver_due,
    DEBIT_SETTLEMENT_JOB: settle_debit,
    CHARGE_SUBSCRIPTION_JOB: run_subscription,
    END_SUBSCRIPTION_JOB: end_subscription,
    UPCOMING_CHARGE_JOB: send_upcoming_charge_notice,
}
"""Handlers by kind. Each returns whether it had an effect: a captured charge does not expire."""
