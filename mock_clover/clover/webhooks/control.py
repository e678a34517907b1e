"""Webhooks as a tester sets them up: targets, what was delivered to them, events on demand.

A secret is shown in the answer to the call that sets it, and nowhere else but in a snapshot.
"""

from typing import Annotated, Any

import msgspec

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.webhooks.operations import send
from mock_clover.clover.webhooks.operations_deliveries import resend, verify_target
from mock_clover.clover.webhooks.records import (
    TARGETS_MAX,
    DeliveryFault,
    EventSpec,
    Kind,
    TargetSpec,
    wrong_event,
    wrong_target,
)
from mock_clover.clover.webhooks.records_delivery import Attempt, Delivery, State, Subscription
from mock_clover.control.endpoint import OURS, ControlRecord, control
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, Stated
from mock_clover.sandbox.journal import masked_body
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.sandbox import Sandbox

WAIT_MS_MAX = 60_000
_TARGETS, _DELIVERIES = "/_mock/webhooks", "/_mock/deliveries"


class TargetRequest(TargetSpec, frozen=True, kw_only=True):
    """Body of `PUT /_mock/webhooks`: a target, new or in place of the one with its id."""

    handshake: Annotated[
        bool | None,
        doc("Whether a code is sent that must be handed back; platform's are, without it.", OURS),
    ] = None


class TargetAnswer(Record, frozen=True, kw_only=True):
    """A target in force."""

    id: str
    kind: Kind
    url: str
    state: str
    """active, or awaiting_code until its verification code is handed back."""
    withheld: int
    """Events that it did not get because of that."""
    events: tuple[str, ...]
    retry_after_ms: tuple[int, ...]
    plan: tuple[DeliveryFault, ...]
    left: tuple[int | None, ...]
    of_scenario: bool = False
    secret: str | None = None
    """Only in the answer to the call that sets it."""


class TargetList(Record, frozen=True, kw_only=True):
    """The targets in force."""

    data: tuple[TargetAnswer, ...]


class TargetsGone(Record, frozen=True, kw_only=True):
    """How many targets are no more in force."""

    cleared: int


class CodeRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/webhooks/{id}/verify`."""

    verificationCode: Annotated[str, doc("As it was sent to the target.", OURS)]


class DeliveryQuery(Record, frozen=True, kw_only=True):
    """Query of the deliveries."""

    target: Annotated[str | None, doc("Id of a target.", OURS)] = None
    state: Annotated[State | None, doc("How far it has come.", OURS)] = None
    about: Annotated[str | None, doc("What happened: charge, refund, rule, …", OURS)] = None
    event: Annotated[str | None, doc("As P:CREATE.", OURS)] = None
    after: Annotated[int, doc("Only deliveries with a greater number.", OURS, ge=0)] = 0
    limit: Annotated[int, doc("The newest so many.", OURS, ge=1, le=1_000)] = 100
    wait: Annotated[
        int, doc("Wait until so many match, and none of them is under way.", OURS, ge=0, le=1_000)
    ] = 0
    wait_ms: Annotated[int, doc("But no longer.", OURS, ge=0, le=WAIT_MS_MAX)] = 10_000


class DeliveryAnswer(Record, frozen=True, kw_only=True):
    """A delivery and its attempts; times are the sandbox's."""

    id: str
    number: int
    target: str
    about: str
    event: str | None = None
    state: State
    made_ms: int
    due_ms: int | None = None
    """When a waiting one goes on."""
    attempts: tuple[Attempt, ...]
    resend_of: str | None = None
    held_for: str | None = None
    body: Any
    """What is sent, masked; a verification code is known to its receiver only."""


class DeliveryList(Record, frozen=True, kw_only=True):
    """Deliveries, oldest first."""

    data: tuple[DeliveryAnswer, ...]


def put_target(sandbox: Sandbox, call: Call[TargetRequest, None]) -> TargetAnswer:
    """Have events of one kind go to a URL; a platform target first gets a verification code."""
    asked = call.body
    members = {n: getattr(asked, n) for n in TargetSpec.__struct_fields__}
    spec = TargetSpec(**members)
    wrong = wrong_target(spec)
    if wrong is not None:
        raise CONTROL_INVALID.error(said=f"{wrong[0]}: {wrong[1]}")
    handshake = spec.kind == "platform" if asked.handshake is None else asked.handshake
    if handshake and spec.kind != "platform":
        raise CONTROL_INVALID.error(said="handshake: only platform targets are sent a code")
    outbox = sandbox.outbox
    if outbox is not None and outbox.is_full and spec.id not in outbox.subscriptions:
        raise CONTROL_INVALID.error(said=f"there are {TARGETS_MAX} targets already; delete one")
    outbox = sandbox.hooked()
    known = outbox.subscribe(spec, sandbox.seed, handshake=handshake)
    if handshake:
        verify_target(sandbox, outbox, known)
    sandbox.webhook_sender(sandbox)  # a server makes its courier now, and not within a payment
    return _target(known, secret=known.secret)


def list_targets(sandbox: Sandbox, _call: Call[None, None]) -> TargetList:
    """Return the targets in force, without their secrets."""
    return TargetList(data=tuple(map(_target, _outbox(sandbox).subscriptions.values())))


def clear_targets(sandbox: Sandbox, _call: Call[None, None]) -> TargetsGone:
    """Take all targets out of force; what was pending for them is dropped."""
    ids = list(_outbox(sandbox).subscriptions)
    return TargetsGone(cleared=sum(_outbox(sandbox).unsubscribe(each) for each in ids))


def delete_target(sandbox: Sandbox, call: Call[None, None]) -> TargetsGone:
    """Take one target out of force."""
    known = _known(sandbox, call.ids[0])
    return TargetsGone(cleared=int(_outbox(sandbox).unsubscribe(known.id)))


def verify_code(sandbox: Sandbox, call: Call[CodeRequest, None]) -> TargetAnswer:
    """Hand a verification code back; from then on the target gets events."""
    known = _known(sandbox, call.ids[0])
    if known.code is None:
        raise CONTROL_INVALID.error(said=f"{known.id} awaits no code")
    if call.body.verificationCode != known.code:
        raise CONTROL_INVALID.error(said="verificationCode: it is not the one that was sent last")
    active = msgspec.structs.replace(known, code=None)
    _outbox(sandbox).subscriptions[known.id] = active
    return _target(active)


def send_event(sandbox: Sandbox, call: Call[EventSpec, None]) -> DeliveryList:
    """Send an event that did not happen, as it is told; no target's plan applies to it."""
    asked = call.body
    wrong = wrong_event(asked)
    if wrong is not None:
        raise CONTROL_INVALID.error(said=f"{wrong[0]}: {wrong[1]}")
    needed = ("object", "id", "type") if asked.kind == "platform" else ("id", "status")
    missing = [name for name in needed if getattr(asked, name) is None]
    if asked.payload is None and missing:
        raise CONTROL_INVALID.error(said=f"{missing[0]}: is needed, or a whole `payload`")
    if asked.target is not None:
        _known(sandbox, asked.target)
    sent = send(sandbox, asked, "sent")
    if not sent:
        raise CONTROL_INVALID.error(
            said=f"there is no active target of kind {asked.kind} that takes this event"
        )
    return DeliveryList(data=tuple(map(_delivery, sent)))


def list_deliveries(sandbox: Sandbox, call: Call[None, DeliveryQuery]) -> DeliveryList | Stated:
    """Return the newest deliveries; `wait=n` waits until n match and none is under way."""
    asked, outbox = call.query, _outbox(sandbox)
    wanted = {
        name: value
        for name in ("target", "about", "event")
        if (value := getattr(asked, name)) is not None
    }
    meant = [
        each
        for each in outbox
        if each.number > asked.after
        and all(getattr(each, name) == value for name, value in wanted.items())
    ]
    found = [each for each in meant if asked.state in (None, each.state)]
    told_now = DeliveryList(data=tuple(map(_delivery, found[-asked.limit :])))
    if asked.wait and (len(found) < asked.wait or any(each.state == "under_way" for each in meant)):
        return Stated(200, told_now, pending_ms=asked.wait_ms)
    return told_now


def resend_delivery(sandbox: Sandbox, call: Call[None, None]) -> DeliveryAnswer:
    """Send a delivery's body once more, as a new delivery."""
    outbox = _outbox(sandbox)
    delivery = outbox.get(call.ids[0])
    if delivery is None:
        raise CONTROL_NOT_FOUND.error(said=f"there is no delivery {call.ids[0]!r}")
    if delivery.target not in outbox.subscriptions:
        raise CONTROL_INVALID.error(said=f"its target {delivery.target!r} is no more in force")
    return _delivery(resend(sandbox, outbox, delivery))


def _outbox(sandbox: Sandbox) -> Outbox:
    """Return the outbox, or an empty one: to look makes none."""
    return sandbox.outbox or Outbox()


def _known(sandbox: Sandbox, target_id: str) -> Subscription:
    known = _outbox(sandbox).subscriptions.get(target_id)
    if known is None:
        raise CONTROL_NOT_FOUND.error(said=f"there is no target {target_id!r}")
    return known


def _target(known: Subscription, secret: str | None = None) -> TargetAnswer:
    spec = known.spec
    return TargetAnswer(
        id=known.id,
        kind=spec.kind,
        url=spec.url,
        state="active" if known.code is None else "awaiting_code",
        withheld=known.withheld,
        events=spec.events,
        retry_after_ms=spec.retry_after_ms,
        plan=spec.plan,
        left=known.left,
        of_scenario=known.of_scenario,
        secret=secret,
    )


def _delivery(each: Delivery) -> DeliveryAnswer:
    is_code = each.about == "verification"
    return DeliveryAnswer(
        id=each.id,
        number=each.number,
        target=each.target,
        about=each.about,
        event=each.event or None,
        state=each.state,
        made_ms=each.made_ms,
        due_ms=each.due_ms if each.state == "waiting" else None,
        attempts=each.attempts,
        resend_of=each.resend_of,
        held_for=each.held_for or None,
        body={"verificationCode": "…"} if is_code else masked_body(each.body.encode()),
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    control("put_webhook", "PUT", _TARGETS, put_target, TargetAnswer, request=TargetRequest),
    control("list_webhooks", "GET", _TARGETS, list_targets, TargetList),
    control("clear_webhooks", "DELETE", _TARGETS, clear_targets, TargetsGone),
    control("delete_webhook", "DELETE", f"{_TARGETS}/{{id}}", delete_target, TargetsGone),
    control(
        *("verify_webhook", "POST", f"{_TARGETS}/{{id}}/verify", verify_code, TargetAnswer),
        request=CodeRequest,
    ),
    control(
        *("send_webhook", "POST", f"{_TARGETS}/send", send_event, DeliveryList), request=EventSpec
    ),
    control(
        *("list_deliveries", "GET", _DELIVERIES, list_deliveries, DeliveryList),
        query=DeliveryQuery,
    ),
    control(
        *("resend_delivery", "POST", f"{_DELIVERIES}/{{id}}/resend", resend_delivery),
        DeliveryAnswer,
    ),
)
