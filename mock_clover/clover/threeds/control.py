"""Control endpoints for 3-D Secure: list pending authentications and set the issuer's result.

The issuer's pages are not under /_mock, because a shop's page frames them, and a cardholder's
browser sends no control requests.
"""

from typing import Annotated, Any, Literal

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.clover.threeds.operations_acs import set_result
from mock_clover.clover.threeds.page import (
    AuthenticationStatus,
    ChallengeForm,
    ChallengeResultForm,
    get_status,
    show_challenge,
    show_method,
    show_notification,
    submit_challenge,
)
from mock_clover.clover.threeds.records import IssuerResult, Step, ThreeDS, threeds_response
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import UNJOURNALED_AFTER_JOBS, Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox


class ResolveRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/threeds/{charge_id}`."""

    result: Annotated[
        IssuerResult,
        doc(
            "approve, attempt, unavailable: the payment continues. fail: it is declined. "
            "challenge: a challenge follows the method step. timeout: the payment fails "
            "immediately, as if the authentication had expired.",
            MOCK_ONLY,
        ),
    ]


class PendingAuthentication(Record, frozen=True, kw_only=True):
    """A charge whose cardholder is not yet authenticated."""

    charge: str
    status: Literal["pending", "failed"]
    step: Step | None
    result: IssuerResult | None
    amount: int
    currency: str
    order: str | None
    expires_ms: int
    data: Any


class PendingAuthenticationList(Record, frozen=True, kw_only=True):
    """Charges that wait for 3-D Secure, newest first."""

    data: tuple[PendingAuthentication, ...]


def list_threeds(sandbox: Sandbox, _call: Call[None, None]) -> PendingAuthenticationList:
    """Return the charges that wait for 3-D Secure, newest first."""
    return PendingAuthenticationList(
        data=tuple(
            _pending_authentication(row, row.threeds)
            for _, row in sandbox.charges.items_newest_first()
            if row.state == "pending" and row.threeds is not None
        )
    )


def resolve_threeds(sandbox: Sandbox, call: Call[ResolveRequest, None]) -> PendingAuthentication:
    """Set the issuer's result; the client's finalize_payment then uses it."""
    charge_id = call.ids[0]
    charge = sandbox.charges.get(charge_id)
    if charge is None:
        raise CONTROL_NOT_FOUND.error(detail=f"no charge has the id {charge_id!r}")
    with sandbox.changes.caused_by("resolve_threeds"):
        resolved = set_result(sandbox, charge, call.body.result)
    return _pending_authentication(resolved.charge, resolved.threeds)


def _pending_authentication(charge: Charge, threeds: ThreeDS) -> PendingAuthentication:
    return PendingAuthentication(
        charge=charge.id,
        status="pending" if charge.state == "pending" else "failed",
        step=threeds.step,
        result=threeds.result,
        amount=charge.request.amount,
        currency=charge.currency,
        order=charge.order,
        expires_ms=threeds.expires_ms,
        data=threeds_response(threeds).data,
    )


_PATH = "/_mock/threeds"
_CHALLENGE = "/3ds/challenge/{transaction}"

ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("list_threeds", "GET", _PATH, list_threeds, PendingAuthenticationList),
    control_endpoint(
        "resolve_threeds",
        "POST",
        f"{_PATH}/{{charge_id}}",
        resolve_threeds,
        PendingAuthentication,
        request=ResolveRequest,
    ),
    *(
        replace(
            control_endpoint(
                *(name, method, f"/3ds/{step}/{{transaction}}", run, Record),
                request=ChallengeForm,
                surface=UNJOURNALED_AFTER_JOBS,
            ),
            body_format="json_or_form",
        )
        for step, name, run in (
            ("method", "threeds_method", show_method),
            ("notification", "threeds_notification", show_notification),
            ("challenge", "threeds_challenge", show_challenge),
        )
        for method in ("GET", "POST")
    ),
    control_endpoint(
        *("threeds_status", "GET", f"{_CHALLENGE}/status", get_status, AuthenticationStatus),
        surface=UNJOURNALED_AFTER_JOBS,
    ),
    replace(
        control_endpoint(
            *("threeds_answer", "POST", f"{_CHALLENGE}/answer", submit_challenge, Record),
            request=ChallengeResultForm,
            surface=UNJOURNALED_AFTER_JOBS,
        ),
        body_format="json_or_form",
    ),
)
