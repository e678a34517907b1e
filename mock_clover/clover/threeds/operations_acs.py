"""What an issuer says to a charge that waits for 3-D Secure, whoever speaks for it.

A control call and a button of the issuer's page do the very same thing here. What a browser is told
of it follows from the charge's row alone, so an answer is heard wherever it came from.
"""

from typing import Literal, NamedTuple

import msgspec

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.clover.threeds.operations import (
    ATTEMPTED,
    SUCCESSFUL,
    UNKNOWN,
    fail_authentication,
    refusal,
)
from mock_clover.clover.threeds.records import FlowStatus, Result, ThreeDS
from mock_clover.sandbox.sandbox import Sandbox

State = Literal["method", "challenge", "answered", "over", "expired"]
"""How far an authentication is: its method or its challenge waits for the browser, the issuer has
answered, the payment is decided, or nobody came in time."""

_STATUS_OF: dict[Result, FlowStatus] = {
    "approve": "SUCCESS",
    "attempt": "ATTEMPTED",
    "unavailable": "UNAVAILABLE",
    "fail": "FAILED",
    "timeout": "FAILED",
    "challenge": "SUCCESS",  # the method went well; what follows it, the finalisation says
}
_STATUS_ENDED: dict[str, FlowStatus] = {
    SUCCESSFUL: "SUCCESS",
    ATTEMPTED: "ATTEMPTED",
    UNKNOWN: "UNAVAILABLE",
}


class Authentication(NamedTuple):
    """A charge, its 3-D Secure, and the merchant at this address who asked for it."""

    sandbox: Sandbox
    charge: Charge
    threeds: ThreeDS

    @property
    def state(self) -> State:
        """How far it is."""
        if self.charge.state == "pending" and self.threeds.step is not None:
            return self.threeds.step if self.threeds.result is None else "answered"
        return "expired" if has_expired(self.charge) else "over"

    @property
    def status(self) -> FlowStatus | None:
        """What the SDK's event says of it; None while the cardholder is awaited."""
        if self.charge.state == "failed":
            return "FAILED"
        if self.charge.state != "pending":
            return _STATUS_ENDED.get(self.threeds.validation_result, "SUCCESS")
        return None if self.threeds.result is None else _STATUS_OF[self.threeds.result]


def has_expired(charge: Charge) -> bool:
    """Tell whether a charge has failed because its cardholder did not come in time."""
    return charge.decline is not None and "expired" in charge.decline.message


def find_authentication(sandbox: Sandbox, transaction: str) -> Authentication | None:
    """Return what has a transaction at this address, the newest first.

    One that waits is among the newest charges; one that nobody knows costs a look at all of them.
    """
    for each in sandbox.family:
        for _, charge in each.charges.newest():
            threeds = charge.threeds
            if threeds is not None and threeds.transaction == transaction:
                return Authentication(each, charge, threeds)
    return None


def resolve(sandbox: Sandbox, charge: Charge, result: Result) -> Authentication:
    """Write what the issuer says; the client's finalize_payment then goes on from it. May refuse.

    `timeout` lets the charge fail at once.
    """
    threeds = charge.threeds
    if charge.state != "pending" or threeds is None:
        raise CONTROL_INVALID.error(
            said=f"charge {charge.id} waits for nothing: it is {charge.state}"
        )
    if result == "challenge" and threeds.step != "method":
        raise CONTROL_INVALID.error(said="result: a challenge follows the method only")
    if result == "timeout":
        why = "3-D Secure expired, as the tester said"
        failed = fail_authentication(
            sandbox, charge, refusal(why, "3-D Secure authentication has expired")
        )
        return Authentication(sandbox, failed, failed.threeds or threeds)
    said = msgspec.structs.replace(threeds, result=result)
    sandbox.charges.put(charge.id, msgspec.structs.replace(charge, threeds=said))
    return Authentication(sandbox, charge, said)
