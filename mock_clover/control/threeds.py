"""3-D Secure without a browser: what waits for its cardholder, and what the issuer says to it.

The pages that an SDK is sent to say only how to answer; they are not under /_mock, because a shop's
page posts to them from another origin.
"""

from typing import Annotated, Any, Literal

import msgspec

from mock_clover.api.endpoint import Call, Endpoint, Text
from mock_clover.api.threeds import give_up, refusal
from mock_clover.control.calls import OURS, ControlRecord, control
from mock_clover.model.charge import Charge
from mock_clover.model.problem import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.model.threeds import Result, Step, ThreeDS, threeds_answer
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.wire.fact import told
from mock_clover.wire.record import Record

_PAGE = """\
mock-clover: the {step} page of an issuer that does not exist. No money moves.

charge   {charge}, {amount} {currency}
said     {result}

Answer for the cardholder:

  curl {home}/_mock/threeds/{charge} -d '{{"result": "approve"}}'

Results: {results}
"""


class ResolveRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/threeds/{charge_id}`."""

    result: Annotated[
        Result,
        told(
            "approve, attempt, unavailable: it goes on. fail: it is declined. challenge: after the "
            "method the cardholder is asked. timeout: it fails now, as if its time were over.",
            OURS,
        ),
    ]


class Waiting(Record, frozen=True, kw_only=True):
    """A charge whose cardholder is to be authenticated."""

    charge: str
    status: Literal["pending", "failed"]
    step: Step | None
    result: Result | None
    amount: int
    currency: str
    order: str | None
    expires_ms: int
    data: Any


class WaitingList(Record, frozen=True, kw_only=True):
    """All that wait, newest first."""

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
    """Say what the issuer says; the client's finalize_payment then goes on from it."""
    charge_id, result = call.ids[0], call.body.result
    charge = sandbox.charges.get(charge_id)
    if charge is None:
        CONTROL_NOT_FOUND.refuse(said=f"there is no charge {charge_id!r}")
    threeds = charge.threeds
    if charge.state != "pending" or threeds is None:
        CONTROL_INVALID.refuse(said=f"charge {charge_id} waits for nothing: it is {charge.state}")
    if result == "challenge" and threeds.step != "method":
        CONTROL_INVALID.refuse(said="result: a challenge follows the method only")
    with sandbox.changes.because("resolve_threeds"):
        if result == "timeout":
            why = "3-D Secure expired by a control call"
            failed = give_up(sandbox, charge, refusal(why, "3-D Secure authentication has expired"))
            return _waiting(failed, failed.threeds or threeds)
        said = msgspec.structs.replace(threeds, result=result)
        sandbox.charges.put(charge.id, msgspec.structs.replace(charge, threeds=said))
    return _waiting(charge, said)


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


def page(sandbox: Sandbox, call: Call[None, None]) -> Text:
    """Say to a browser how its charge is answered."""
    for _, row in sandbox.charges.newest():
        threeds = row.threeds
        if threeds is not None and threeds.transaction == call.ids[0] and row.state == "pending":
            return Text(
                _PAGE.format(
                    step=threeds.step,
                    charge=row.id,
                    amount=row.request.amount,
                    currency=row.currency,
                    result=threeds.result or "nothing yet",
                    home=threeds.home,
                    results="approve, attempt, unavailable, fail, challenge, timeout",
                )
            )
    CONTROL_NOT_FOUND.refuse(said="no charge waits for this 3-D Secure transaction")


_PATH = "/_mock/threeds"

ENDPOINTS: tuple[Endpoint, ...] = (
    control("list_threeds", "GET", _PATH, list_threeds, WaitingList),
    control(
        "resolve_threeds",
        "POST",
        f"{_PATH}/{{charge_id}}",
        resolve_threeds,
        Waiting,
        takes=ResolveRequest,
    ),
    *(
        control(f"threeds_{step}", method, f"/3ds/{step}/{{transaction}}", page, Record)
        for step in ("method", "notification", "challenge")
        for method in ("GET", "POST")
    ),
)
