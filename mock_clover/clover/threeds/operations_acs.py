"""The issuer's result for a charge that waits for 3-D Secure.

The control API and the buttons of the issuer's page both use this module. The state shown in the
browser depends only on the stored charge.
"""

from typing import Literal, NamedTuple

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.clover.threeds.operations import (
    ATTEMPTED,
    SUCCESSFUL,
    UNKNOWN,
    authentication_decline,
    fail_authentication,
)
from mock_clover.clover.threeds.records import FlowStatus, IssuerResult, ThreeDS
from mock_clover.sandbox.sandbox import Sandbox

AuthenticationState = Literal["method", "challenge", "answered", "over", "expired"]
"""State of an authentication: the method or challenge step is pending, the issuer has set a result,
the payment is complete (`over`), or the authentication has expired."""

_STATUS_BY_RESULT: dict[IssuerResult, FlowStatus] = {
    "approve": "SUCCESS",
    "attempt": "ATTEMPTED",
    "unavailable": "UNAVAILABLE",
    "fail": "FAILED",
    "timeout": "FAILED",
    "challenge": "SUCCESS",  # finalize_payment then requires the challenge
}
_STATUS_BY_VALIDATION_RESULT: dict[str, FlowStatus] = {
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
        """The status in the SDK's event; None while the step is pending."""
        if self.charge.state == "failed":
            return "FAILED"
        if self.charge.state != "pending":
            return _STATUS_BY_VALIDATION_RESULT.get(self.threeds.validation_result, "SUCCESS")
        return None if self.threeds.result is None else _STATUS_BY_RESULT[self.threeds.result]


def has_expired(charge: Charge) -> bool:
    """Return whether a charge has failed because its authentication expired."""
    return charge.decline is not None and "expired" in charge.decline.message


def find_authentication(sandbox: Sandbox, transaction: str) -> Authentication | None:
    """Return the authentication with this transaction id, of any merchant at this address.

    The newest charges come first, because pending ones are new. An unknown id scans all charges.
    """
    for merchant in sandbox.all_merchants:
        for _, charge in merchant.charges.items_newest_first():
            threeds = charge.threeds
            if threeds is not None and threeds.transaction == transaction:
                return Authentication(merchant, charge, threeds)
    return None


def set_result(sandbox: Sandbox, charge: Charge, result: IssuerResult) -> Authentication:
    """Store the issuer's result, which the client's finalize_payment then uses.

    `timeout` fails the charge immediately. Raises CONTROL_INVALID.
    """
    threeds = charge.threeds
    if charge.state != "pending" or threeds is None:
        raise CONTROL_INVALID.error(
            detail=f"charge {charge.id} is not waiting for 3-D Secure; its state is {charge.state}"
        )
    if result == "challenge" and threeds.step != "method":
        raise CONTROL_INVALID.error(
            detail="result: `challenge` is only allowed while the method step is pending"
        )
    if result == "timeout":
        why = "3-D Secure expired (result: timeout)"
        failed = fail_authentication(
            sandbox, charge, authentication_decline(why, "3-D Secure authentication has expired")
        )
        return Authentication(sandbox, failed, failed.threeds or threeds)
    answered = replace(threeds, result=result)
    sandbox.charges.put(charge.id, replace(charge, threeds=answered))
    return Authentication(sandbox, charge, answered)
