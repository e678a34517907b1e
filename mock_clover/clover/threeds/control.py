"""Control calls of 3-D Secure: list pending authentications and set the issuer's result.

The issuer's pages are not under /_mock: a shop's page frames them, and a cardholder's browser makes
no control calls.
"""

from typing import Annotated, Any, Literal

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.clover.threeds.operations_acs import resolve
from mock_clover.clover.threeds.page import (
    IssuerAnswer,
    IssuerPost,
    Seen,
    show_challenge,
    show_method,
    show_notification,
    take_answer,
    tell_status,
)
from mock_clover.clover.threeds.records import IssuerResult, Step, ThreeDS, threeds_answer
from mock_clover.control.endpoint import OURS, ControlRecord, control
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox


class ResolveRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/threeds/{charge_id}`."""

    result: Annotated[
        IssuerResult,
        doc(
            "approve, attempt, unavailable: the payment continues. fail: it is declined. "
            "challenge: a challenge follows the method. timeout: it fails now, as if it had "
            "expired.",
            OURS,
        ),
    ]


class Waiting(Record, frozen=True, kw_only=True):
    """A charge that waits for authentication of its cardholder."""

    charge: str
    status: Literal["pending", "failed"]
    step: Step | None
    result: IssuerResult | None
    amount: int
    currency: str
    order: str | None
    expires_ms: int
    data: Any


class WaitingList(Record, frozen=True, kw_only=True):
    """Waiting charges, newest first."""

    data: tuple[Waiting, ...]


def list_threeds(sandbox: Sandbox, _call: Call[None, None]) -> WaitingList:
    """Return the charges that wait for 3-D Secure, newest first."""
    return WaitingList(
        data=tuple(
            _waiting(row, row.threeds)
            for _, row in sandbox.charges.newest()
            if row.state == "pending" and row.threeds is not None
        )
    )


def resolve_threeds(sandbox: Sandbox, call: Call[ResolveRequest, None]) -> Waiting:
    """Set the issuer's result; the client's finalize_payment then uses it."""
    charge_id = call.ids[0]
    charge = sandbox.charges.get(charge_id)
    if charge is None:
        raise CONTROL_NOT_FOUND.error(detail=f"there is no charge {charge_id!r}")
    with sandbox.changes.because("resolve_threeds"):
        resolved = resolve(sandbox, charge, call.body.result)
    return _waiting(resolved.charge, resolved.threeds)


def _waiting(charge: Charge, threeds: ThreeDS) -> Waiting:
    return Waiting(
        charge=charge.id,
        status="pending" if charge.state == "pending" else "failed",
        step=threeds.step,
        result=threeds.result,
        amount=charge.request.amount,
        currency=charge.currency,
        order=charge.order,
        expires_ms=threeds.expires_ms,
        data=threeds_answer(threeds).data,
    )


_PATH = "/_mock/threeds"
_CHALLENGE = "/3ds/challenge/{transaction}"

ENDPOINTS: tuple[Endpoint, ...] = (
    control("list_threeds", "GET", _PATH, list_threeds, WaitingList),
    control(
        "resolve_threeds",
        "POST",
        f"{_PATH}/{{charge_id}}",
        resolve_threeds,
        Waiting,
        request=ResolveRequest,
    ),
    *(
        replace(
            control(name, method, f"/3ds/{step}/{{transaction}}", run, Record, request=IssuerPost),
            body_format="json_or_form",
        )
        for step, name, run in (
            ("method", "threeds_method", show_method),
            ("notification", "threeds_notification", show_notification),
            ("challenge", "threeds_challenge", show_challenge),
        )
        for method in ("GET", "POST")
    ),
    control(
        *("threeds_status", "GET", f"{_CHALLENGE}/status", tell_status, Seen),
    ),
    replace(
        control(
            *("threeds_answer", "POST", f"{_CHALLENGE}/answer", take_answer, Record),
            request=IssuerAnswer,
        ),
        body_format="json_or_form",
    ),
)
