"""Sandboxes as things to make, copy and drop: each test takes a fresh one."""

import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from mock_clover.api.endpoint import Call, Document, Endpoint
from mock_clover.api.surface import SURFACE
from mock_clover.model.charge import Charge
from mock_clover.model.customer import Customer
from mock_clover.model.oauth import Code
from mock_clover.model.order import Order
from mock_clover.model.problem import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.model.refund import Refund
from mock_clover.model.rule import CardMatch
from mock_clover.model.scenario import Dialect, Scenario, ScenarioError, Settings
from mock_clover.model.token import Token
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.idempotency import Remembered
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import TABLES, Sandbox
from mock_clover.sandbox.sandboxes import DEFAULT, NAME_CHARS_MAX, Sandboxes
from mock_clover.scenario.load import load
from mock_clover.wire.fact import END, inferred, told
from mock_clover.wire.record import Record, encode

OURS = inferred("of this mock, not of Clover")
SNAPSHOT_VERSION = 1
_SNAPSHOT = "/_mock/snapshot"
NAME = f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{NAME_CHARS_MAX - 1}}}{END}"

_replace = msgspec.structs.replace


class ControlRecord(Record, frozen=True, forbid_unknown_fields=True):
    """The base of control bodies: an unknown member is a mistake there."""


class SandboxRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `PUT /_mock/sandboxes/{name}`."""

    scenario: Annotated[str | None, told("Name of a shipped scenario.", OURS)] = None
    dialect: Annotated[Dialect | None, told("How errors are worded.", OURS)] = None
    seed: Annotated[str | None, told("Ids follow from it.", OURS)] = None
    strict: Annotated[bool | None, told("Refuse what Clover refuses.", OURS)] = None
    listed_cards_only: Annotated[bool | None, told("Refuse unlisted numbers.", OURS)] = None


class SandboxAnswer(Record, frozen=True, kw_only=True):
    """A sandbox: where it is, and what opens it."""

    name: str
    base_url: str
    scenario: str
    merchant_id: str
    client_id: str
    client_secret: str
    access_token: str
    api_key: str


class SandboxList(Record, frozen=True, kw_only=True):
    """All sandboxes, in the order of their making."""

    data: tuple[SandboxAnswer, ...]


class Dropped(Record, frozen=True, kw_only=True):
    """A sandbox that is no more."""

    dropped: str


class ForkRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/fork`."""

    name: Annotated[str, told("Of the new sandbox.", OURS, pattern=NAME)]


class Answered(Record, frozen=True, kw_only=True):
    """An answered idempotency key, in a snapshot."""

    credential: str
    key: str
    endpoint: str
    target: str
    request: Any
    status: int
    body: str
    why: str


class Snapshot(Record, frozen=True, kw_only=True):
    """All of a sandbox that decides its replies, without a PAN: cards are fingerprints."""

    mock_clover_snapshot: int
    seed: str
    fingerprint_key: str
    made_ms: int
    now_ms: int
    frozen: bool
    ref_count: int
    ids: tuple[int, ...]
    scenario: Scenario
    settings: Settings
    rule_counts: dict[int, int]
    tokens: dict[str, Token]
    charges: dict[str, Charge]
    refunds: dict[str, Refund]
    customers: dict[str, Customer]
    orders: dict[str, Order]
    sale_orders: dict[str, str]
    codes: dict[str, Code]
    access_tokens: dict[str, int]
    answered: tuple[Answered, ...]
    agenda: tuple[tuple[int, int, str], ...]


_TAKES = {endpoint.name: endpoint.takes for endpoint in SURFACE}


def shown(sandbox: Sandbox, call: Call[Any, Any]) -> SandboxAnswer:
    """Show a sandbox."""
    known, root = sandbox.credentials, call.base_url
    return SandboxAnswer(
        name=sandbox.name,
        base_url=root if sandbox.name == DEFAULT else f"{root}/sandbox/{sandbox.name}",
        scenario=sandbox.rules.scenario.name,
        merchant_id=known.merchant_id,
        client_id=known.client_id,
        client_secret=known.client_secret,
        access_token=known.access_token,
        api_key=known.api_key,
    )


def shipped(name: str) -> Scenario:
    """Return a shipped scenario, or refuse: a control call names no files."""
    if "/" in name or name.endswith((".yaml", ".yml")):
        CONTROL_INVALID.refuse(said=f"scenario: {name!r} is no name of a shipped scenario")
    try:
        return load(name)
    except ScenarioError as error:
        CONTROL_INVALID.refuse(said=f"scenario: {error}")


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints over all sandboxes of a server."""

    def put_sandbox(_: Sandbox, call: Call[SandboxRequest, None]) -> SandboxAnswer:
        asked, name = call.body, call.ids[0]
        if not re.search(NAME, name):
            CONTROL_INVALID.refuse(said="name: give letters, digits, dots and dashes, up to 64")
        switched = {
            field: value
            for field in ("dialect", "strict", "listed_cards_only")
            if (value := getattr(asked, field)) is not None
        }
        scenario = shipped(asked.scenario) if asked.scenario else None
        made = sandboxes.make(name, scenario, switched, asked.seed)
        return shown(made, call)

    def get_sandbox(_: Sandbox, call: Call[None, None]) -> SandboxAnswer:
        return shown(_required(sandboxes, call.ids[0]), call)

    def delete_sandbox(_: Sandbox, call: Call[None, None]) -> Dropped:
        name = _required(sandboxes, call.ids[0]).name
        sandboxes.drop(name)
        return Dropped(dropped=name)

    def list_sandboxes(_: Sandbox, call: Call[None, None]) -> SandboxList:
        return SandboxList(data=tuple(shown(each, call) for each in sandboxes))

    def fork(sandbox: Sandbox, call: Call[ForkRequest, None]) -> SandboxAnswer:
        if call.body.name == sandbox.name:
            CONTROL_INVALID.refuse(said="name: a sandbox is not forked into itself")
        return shown(sandboxes.fork(sandbox, call.body.name), call)

    def named(method: str, run: Callable[..., Any], gives: type[Record], **more: Any) -> Endpoint:
        return control(
            f"{method.lower()}_sandbox", method, "/_mock/sandboxes/{name}", run, gives, **more
        )

    return (
        named("PUT", put_sandbox, SandboxAnswer, takes=SandboxRequest),
        named("GET", get_sandbox, SandboxAnswer),
        named("DELETE", delete_sandbox, Dropped),
        control("list_sandboxes", "GET", "/_mock/sandboxes", list_sandboxes, SandboxList),
        control("fork", "POST", "/_mock/fork", fork, SandboxAnswer, takes=ForkRequest),
        control("get_snapshot", "GET", _SNAPSHOT, get_snapshot, Snapshot),
        control(
            "put_snapshot", "PUT", "/_mock/snapshot", put_snapshot, SandboxAnswer, takes=Snapshot
        ),
    )


def control(
    name: str,
    method: str,
    path: str,
    run: Callable[..., Any],
    gives: type[Record],
    *,
    takes: type[Record] | None = None,
    query: type[Record] | None = None,
) -> Endpoint:
    """Return an endpoint of the control surface."""
    return Endpoint(
        name=name,
        method=method,
        path=path,
        run=run,
        auth="none",
        gives=gives,
        takes=takes,
        query=query,
        fact=OURS,
        silent=True,
        about=(run.__doc__ or "").partition("\n")[0],
    )


def _required(sandboxes: Sandboxes, name: str) -> Sandbox:
    found = sandboxes.find(name)
    if found is None:
        CONTROL_NOT_FOUND.refuse(said=f"there is no sandbox {name!r}")
    return found


def get_snapshot(sandbox: Sandbox, _call: Call[None, None]) -> Document:
    """Return all of a sandbox that decides its replies."""
    return Document(encode(take(sandbox)))


def put_snapshot(sandbox: Sandbox, call: Call[Snapshot, None]) -> SandboxAnswer:
    """Put a sandbox into the state of a snapshot."""
    if call.body.mock_clover_snapshot != SNAPSHOT_VERSION:
        CONTROL_INVALID.refuse(
            said=f"mock_clover_snapshot: version {SNAPSHOT_VERSION} is read here"
        )
    try:
        restore(sandbox, call.body)
    except (ValueError, KeyError, msgspec.ValidationError) as error:
        CONTROL_INVALID.refuse(said=f"this snapshot cannot be restored: {error}")
    return shown(sandbox, call)


def take(sandbox: Sandbox) -> Snapshot:
    """Take a snapshot."""
    ref_count, ids = sandbox.ids.state()
    return Snapshot(
        mock_clover_snapshot=SNAPSHOT_VERSION,
        seed=sandbox.seed,
        fingerprint_key=sandbox.fingerprint_key.hex(),
        made_ms=sandbox.made_ms,
        now_ms=sandbox.clock.now_ms(),
        frozen=sandbox.clock.frozen,
        ref_count=ref_count,
        ids=ids,
        scenario=_unnumbered(sandbox.rules.scenario, sandbox.fingerprint_key),
        settings=sandbox.settings,
        rule_counts=sandbox.rule_counts,
        answered=tuple(
            Answered(
                credential=credential,
                key=key,
                endpoint=each.endpoint,
                target=each.target,
                request=None if each.request is None else msgspec.to_builtins(each.request),
                status=each.status,
                body=each.body.decode(),
                why=each.why,
            )
            for (credential, key), each in sandbox.idempotency.entries()
        ),
        agenda=tuple(sandbox.agenda.entries()),
        **{table: dict(getattr(sandbox, table).items()) for table in TABLES},
    )


def restore(sandbox: Sandbox, snapshot: Snapshot) -> None:
    """Put a sandbox into a snapshot's state. Raises before anything is changed."""
    answered = [
        (
            (each.credential, each.key),
            Remembered(
                each.endpoint,
                each.target,
                _as_request(each.endpoint, each.request),
                each.status,
                each.body.encode(),
                each.why,
            ),
        )
        for each in snapshot.answered
    ]
    fresh = Sandbox(
        sandbox.name,
        sandbox.credentials,
        Rules(snapshot.scenario, bytes.fromhex(snapshot.fingerprint_key)),
        snapshot.settings,
        sandbox.keys,
        seed=snapshot.seed,
        fingerprint_key=bytes.fromhex(snapshot.fingerprint_key),
    )
    fresh.ids.restore((snapshot.ref_count, snapshot.ids))
    for table in TABLES:
        for key, row in getattr(snapshot, table).items():
            getattr(fresh, table).put(key, row)
    for at_ms, _, charge_id in snapshot.agenda:
        fresh.agenda.add(at_ms, charge_id)
    for key_pair, remembered in answered:
        fresh.idempotency.remember(key_pair, remembered)
    fresh.rule_counts = dict(snapshot.rule_counts)
    fresh.made_ms = snapshot.made_ms
    fresh.clock.jump(snapshot.now_ms)
    if snapshot.frozen:
        fresh.clock.freeze()
    sandbox.become(fresh)


def _as_request(endpoint: str, request: Any) -> Record | None:
    takes = _TAKES.get(endpoint)
    if takes is None or request is None:
        return None
    return msgspec.convert(request, takes)


def _unnumbered(scenario: Scenario, key: bytes) -> Scenario:
    """Return a scenario whose card numbers are fingerprints."""
    return _replace(
        scenario,
        cards=tuple(_replace(card, number=_unnumber(card.number, key)) for card in scenario.cards),
        rules=tuple(
            _replace(rule, when=_replace(rule.when, card=_unnumber_match(rule.when.card, key)))
            for rule in scenario.rules
        ),
    )


def _unnumber_match(card: CardMatch | None, key: bytes) -> CardMatch | None:
    if card is None or card.number is None:
        return card
    return _replace(card, number=_unnumber(card.number, key))


def _unnumber(number: str, key: bytes) -> str:
    if number.startswith("#"):
        return number
    return f"#{fingerprint(key, number)}-{number[-4:]}"
