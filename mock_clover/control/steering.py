"""Steering a sandbox: its clock, its faults, its scenario, and the question why."""

import contextlib
from functools import cache
from typing import Annotated, Any

import msgspec

from mock_clover.clover.common.operation_names import OPERATIONS
from mock_clover.clover.common.problems import (
    CONTROL_INVALID,
    CONTROL_NOT_FOUND,
    OUTCOMES,
    ApiError,
)
from mock_clover.clover.places import lazy_loaders
from mock_clover.control.endpoint import OURS, ControlRecord, control, unknown
from mock_clover.control.scenario import (
    asked_scenario,
    check_scenario,
    made_of_scenario,
    unusable,
)
from mock_clover.core.codec import Codec, MalformedError, ViolationsError
from mock_clover.core.duration import SPAN_MS_MAX, parse_duration_ms
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import Call, Endpoint, OpenBody, Raw, Stated
from mock_clover.engine.evidence_gate import answer_if_supported
from mock_clover.engine.overrides import FAULT_HEADER, rule_input
from mock_clover.engine.pipeline import answer
from mock_clover.engine.router import Router
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.faults import Live
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import Scenario
from mock_clover.scenario.records_fault import Fault


class ClockRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `PUT /_mock/clock`; carried out in this order."""

    freeze: Annotated[bool | None, doc("Stand still.", OURS)] = None
    set: Annotated[int | None, doc("Go to this time, in ms; forward only.", OURS)] = None
    advance: Annotated[str | int | None, doc("Go on by so much, as 8d, 90m or ms.", OURS)] = None
    resume: Annotated[bool | None, doc("Run again.", OURS)] = None


class Fired(Record, frozen=True, kw_only=True):
    """Something that was due and happened."""

    at_ms: int
    kind: str
    id: str


class ClockAnswer(Record, frozen=True, kw_only=True):
    """What the clock shows, and what happened on the way there."""

    now_ms: int
    frozen: bool
    fired: tuple[Fired, ...]
    more: bool | None = None
    """Whether more is due than happens at one go; the next call, as a GET of this, goes on."""


class FaultAnswer(Record, frozen=True, kw_only=True):
    """A fault in force."""

    id: str
    fault: Fault
    left: int | None = None
    until_ms: int | None = None


class FaultList(Record, frozen=True, kw_only=True):
    """The faults in force, oldest first."""

    data: tuple[FaultAnswer, ...]


class Cleared(Record, frozen=True, kw_only=True):
    """How many faults are no more in force."""

    cleared: int


class InForce(Record, frozen=True, kw_only=True):
    """The scenario in force."""

    name: str
    about: str
    cards: int
    rules: tuple[str, ...]
    faults: int
    settings: Any


class WhyRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/why`: a request that is not performed."""

    method: Annotated[str, doc("As POST.", OURS)] = "POST"
    path: Annotated[str, doc("As /v1/charges, with its query.", OURS)]
    headers: Annotated[dict[str, str], doc("Its own credentials if it has none.", OURS)] = {}
    body: Annotated[Any, doc("The JSON body.", OURS)] = None


class WhyRule(Record, frozen=True, kw_only=True):
    """A rule that was looked at."""

    rule: str
    matched: bool
    because: str


class WhyAnswer(Record, frozen=True, kw_only=True):
    """Which rules were looked at, and what would be answered."""

    rules: tuple[WhyRule, ...]
    outcome: str
    fault: str | None = None
    """What is in force and would befall it, by chance or surely."""
    status: int
    reply: Any


def get_clock(sandbox: Sandbox, _call: Call[None, None]) -> ClockAnswer:
    """Return the time of a sandbox."""
    return _clock(sandbox)


def put_clock(sandbox: Sandbox, call: Call[ClockRequest, None]) -> ClockAnswer:
    """Freeze, set, advance or resume a sandbox's clock; what is due happens before the answer."""
    asked, clock = call.body, sandbox.clock
    by_ms = _span_ms(asked.advance) if asked.advance is not None else 0
    if asked.set is not None and asked.set < clock.now_ms():
        raise CONTROL_INVALID.error(
            said=f"set: the clock runs forward only; it is {clock.now_ms()}"
        )
    if asked.set is not None and asked.set - clock.now_ms() > SPAN_MS_MAX:
        raise CONTROL_INVALID.error(said="set: ten years at most lie ahead")
    if asked.freeze:
        clock.freeze()
    if asked.set is not None:
        clock.set(asked.set)
    clock.advance(by_ms)
    if asked.resume:
        clock.resume()
    return _clock(sandbox)


def _clock(sandbox: Sandbox) -> ClockAnswer:
    happened = sorted(
        (due for each in sandbox.family for due in run_due_jobs(each)), key=lambda due: due.at_ms
    )
    fired = tuple(Fired(at_ms=due.at_ms, kind=due.kind, id=due.id) for due in happened)
    now_ms = sandbox.clock.now_ms()
    more = sandbox.agenda.is_due(now_ms) or None
    return ClockAnswer(now_ms=now_ms, frozen=sandbox.clock.frozen, fired=fired, more=more)


def _span_ms(span: str | int) -> int:
    try:
        return parse_duration_ms(f"{span}ms" if isinstance(span, int) else span)
    except ValueError:
        raise CONTROL_INVALID.error(
            said=f"advance: {span!r} is no span of time; give it as 500ms, 30s, 10m, 2h or 8d"
        ) from None


def add_fault(sandbox: Sandbox, call: Call[Fault, None]) -> FaultAnswer:
    """Put a fault in force."""
    fault = call.body
    if fault.endpoint is not None and fault.endpoint not in OPERATIONS:
        raise CONTROL_INVALID.error(said=f"endpoint: {unknown(fault.endpoint, OPERATIONS)}")
    if (fault.kind == "problem") != (fault.problem is not None):
        raise CONTROL_INVALID.error(said="problem: is given with kind: problem, and only then")
    if fault.problem is not None and fault.problem not in OUTCOMES:
        raise CONTROL_INVALID.error(said=f"problem: {unknown(fault.problem, OUTCOMES)}")
    live = sandbox.faults.add(fault, sandbox.clock.now_ms())
    sandbox.stir()
    return _fault(live)


def list_faults(sandbox: Sandbox, _call: Call[None, None]) -> FaultList:
    """Return the faults in force."""
    return FaultList(data=tuple(map(_fault, sandbox.faults.live(sandbox.clock.now_ms()))))


def clear_faults(sandbox: Sandbox, _call: Call[None, None]) -> Cleared:
    """Take all faults out of force."""
    cleared = sandbox.faults.clear()
    sandbox.stir()
    return Cleared(cleared=cleared)


def delete_fault(sandbox: Sandbox, call: Call[None, None]) -> Cleared:
    """Take one fault out of force."""
    fault_id = call.ids[0]
    if not sandbox.faults.remove(fault_id):
        known = [live.id for live in sandbox.faults.live(sandbox.clock.now_ms())]
        said = f"there is no fault {fault_id!r} in force"
        near = unknown(fault_id, known).partition("; ")[2]
        raise CONTROL_NOT_FOUND.error(said=redact(f"{said}; {near}" if near else said))
    sandbox.stir()
    return Cleared(cleared=1)


def _fault(live: Live) -> FaultAnswer:
    return FaultAnswer(id=live.id, fault=live.fault, left=live.left, until_ms=live.until_ms)


def get_scenario(sandbox: Sandbox, _call: Call[None, None]) -> InForce:
    """Return what is in force."""
    return _in_force(sandbox)


def _in_force(sandbox: Sandbox) -> InForce:
    scenario = sandbox.rules.scenario
    return InForce(
        name=scenario.name,
        about=scenario.about,
        cards=len(scenario.cards),
        rules=tuple(sandbox.rules.name_of(place) for place in range(len(scenario.rules))),
        faults=len(sandbox.faults),
        settings=msgspec.to_builtins(sandbox.settings),
    )


class ScenarioName(ControlRecord, frozen=True, kw_only=True):
    """A shipped scenario by its name; or, instead, a whole scenario document."""

    name: str


_NAME = Codec(ScenarioName)


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints that steer one sandbox."""
    path = "/_mock/scenario"

    def put_scenario(sandbox: Sandbox, call: Call[OpenBody, None]) -> InForce | Stated:
        """Put another scenario in force: a shipped one by name, a whole document, or its YAML."""
        tree, text = call.body.tree, call.body.text
        scenario: Scenario | None
        if text:
            scenario, checked = check_scenario(text)
            if scenario is None:
                return Stated(400, unusable(checked.findings or ()))
        else:
            try:
                named = set(tree) == {"name"}
                scenario = asked_scenario(_NAME.convert(tree).name if named else tree)
            except (MalformedError, ViolationsError) as error:
                raise CONTROL_INVALID.error(said=str(error)) from None
        with made_of_scenario():
            sandboxes.steer(sandbox, scenario)
        with contextlib.suppress(UnicodeDecodeError):  # YAML may be UTF-16: then it is written anew
            sandbox.rules.text = text.decode()
        return _in_force(sandbox)

    return (
        control("get_clock", "GET", "/_mock/clock", get_clock, ClockAnswer),
        control("put_clock", "PUT", "/_mock/clock", put_clock, ClockAnswer, request=ClockRequest),
        control("add_fault", "POST", "/_mock/faults", add_fault, FaultAnswer, request=Fault),
        control("list_faults", "GET", "/_mock/faults", list_faults, FaultList),
        control("clear_faults", "DELETE", "/_mock/faults", clear_faults, Cleared),
        control("delete_fault", "DELETE", "/_mock/faults/{id}", delete_fault, Cleared),
        control("get_scenario", "GET", path, get_scenario, InForce),
        control("put_scenario", "PUT", path, put_scenario, InForce, request=OpenBody),
        control("post_scenario", "POST", path, put_scenario, InForce, request=OpenBody),
        control("why", "POST", "/_mock/why", why, WhyAnswer, request=WhyRequest),
    )


@cache
def _dispatch() -> Router:
    return Router(unmet=lazy_loaders())


def why(sandbox: Sandbox, call: Call[WhyRequest, None]) -> WhyAnswer:
    """Explain a request without performing it: it is answered by a copy that is thrown away."""
    asked = call.body
    path, _, query = asked.path.partition("?")
    known = sandbox.credentials
    headers = {
        b"authorization": sandbox.bearer_header,
        b"apikey": known.api_key.encode(),
        **{name.lower().encode(): value.encode() for name, value in asked.headers.items()},
    }
    body = b"" if asked.body is None else encode(asked.body)
    try:
        endpoint, ids = _dispatch().find(asked.method.upper(), path)
    except ApiError as refusal:
        raise CONTROL_INVALID.error(said=f"path: {refusal.message}") from None
    codec = endpoint.codec
    try:
        request = codec.decode(body) if codec and not endpoint.any_body else None
    except (MalformedError, ViolationsError):
        request = None
    facts_of = endpoint.rule_input_of or rule_input
    facts = facts_of(sandbox, endpoint.name, request, ids, headers, None)
    looked = [
        WhyRule(rule=each.rule, matched=each.matched, because=each.because)
        for each in sandbox.rules.look(facts, sandbox.rule_counts)
    ]
    befalls = next(
        (
            live.fault.label
            for live in sandbox.faults.live(sandbox.clock.now_ms())
            if live.fault.endpoint in (None, endpoint.name)
        ),
        None,
    )
    twin = sandbox.fork(f"{sandbox.name}-why", known)
    twin.faults.clear()  # what the work would answer, whatever befalls it
    twin.limits = None
    twin.stir()
    run_due_jobs(twin)
    headers.pop(FAULT_HEADER, None)
    raw = Raw(asked.method.upper(), path, ids, query.encode(), headers, body)
    respond = answer_if_supported if twin.settings.refuse_inferred else answer
    reply = respond(twin, endpoint, raw)
    if reply.why.startswith(("header: ", "text: ")):  # they precede all rules
        looked = [WhyRule(rule=reply.why, matched=True, because="it precedes the rules")]
    elif endpoint.secret:  # only the answer knows the card
        looked = [
            WhyRule(rule=name, matched=True, because="all is met")
            for place in range(len(sandbox.rules.scenario.rules))
            if reply.why.startswith(name := sandbox.rules.name_of(place))
        ]
    elif facts.card is not None and not any(each.matched for each in looked):
        verdict = sandbox.rules.verdict(facts.card)
        looked.append(WhyRule(rule=verdict.why, matched=True, because="of the card"))
    return WhyAnswer(
        rules=tuple(looked),
        outcome=reply.why,
        fault=befalls,
        status=reply.status,
        reply=_json(reply.body),
    )


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body.decode("utf-8", "replace")
