"""The issuer's result for a charge that waits for 3-D Secure.

A control call and a button of the issuer's page both end here. The state that a browser sees
follows from the stored charge alone, so it does not matter where the result came from.
"""

from typing import Literal, NamedTuple

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.clover.threeds.operations import (
    ATTEMPTED,
    SUCCESSFUL,
    UNKNOWN,
    fail_authentication,
    refusal,
)
from mock_clover.clover.threeds.records import FlowStatus, IssuerResult, ThreeDS
from mock_clover.sandbox.sandbox import Sandbox

AuthenticationState = Literal["method", "challenge", "answered", "over", "expired"]
"""State of an authentication: the method or the challenge waits for the browser, the issuer has
answered, the payment is decided, or the time has expired."""

_STATUS_OF: dict[IssuerResult, FlowStatus] = {
    "approve": "SUCCESS",
    "attempt": "ATTEMPTED",
    "unavailable": "UNAVAILABLE",
    "fail": "FAILED",
    "timeout": "FAILED",
    "challenge": "SUCCESS",  # the method succeeded; the finalization says what follows
}
_STATUS_ENDED: dict[str, FlowStatus] = {
    SUCCESSFUL: "SUCCESS",
    ATTEMPTED: "ATTEMPTED",
    UNKNOWN: "UNAVAILABLE",
}


class Authentication(NamedTuple):
    """A charge, its 3-D Secure, and the sandbox of its merchant."""

    sandbox: Sandbox
    charge: Charge
    threeds: ThreeDS

    @property
    def state(self) -> AuthenticationState:
        """The state of the authentication."""
        if self.charge.state == "pending" and self.threeds.step is not None:
            return self.threeds.step if self.threeds.result is None else "answered"
        return "expired" if has_expired(self.charge) else "over"

    @property
    def status(self) -> FlowStatus | None:
        """The status in the SDK's event; None while it waits for the cardholder."""
        if self.charge.state == "failed":
            return "FAILED"
        if self.charge.state != "pending":
            return _STATUS_ENDED.get(self.threeds.validation_result, "SUCCESS")
        return None if self.threeds.result is None else _STATUS_OF[self.threeds.result]


def has_expired(charge: Charge) -> bool:
    """Return whether a charge has failed because its authentication expired."""
    return charge.decline is not None and "expired" in charge.decline.message


def find_authentication(sandbox: Sandbox, transaction: str) -> Authentication | None:
    """Return the authentication of a transaction in this family of sandboxes, newest first.

    A pending one is among the newest charges. An unknown id scans all charges.
    """
    for each in sandbox.family:
        for _, charge in each.charges.newest():
            threeds = charge.threeds
            if threeds is not None and threeds.transaction == transaction:
                return Authentication(each, charge, threeds)
    return None


def resolve(sandbox: Sandbox, charge: Charge, result: IssuerResult) -> Authentication:
    """Store the issuer's result for the client's finalize_payment; raise CONTROL_INVALID.

    `timeout` fails the charge immediately.
    """
    threeds = charge.threeds
    if charge.state != "pending" or threeds is None:
        raise CONTROL_INVALID.error(
            detail=f"charge {charge.id} is not pending 3-D Secure: it is {charge.state}"
        )
    if result == "challenge" and threeds.step != "method":
        raise CONTROL_INVALID.error(detail="result: a challenge can follow only the method")
    if result == "timeout":
        why = "3-D Secure expired: result is timeout"
        failed = fail_authentication(
            sandbox, charge, refusal(why, "3-D Secure authentication has expired")
        )
        return Authentication(sandbox, failed, failed.threeds or threeds)
    answered = replace(threeds, result=result)
    sandbox.charges.put(charge.id, replace(charge, threeds=answered))
    return Authentication(sandbox, charge, answered)
