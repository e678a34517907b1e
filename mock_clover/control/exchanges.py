"""One exchange of the journal: its changes, the rule that decided, and how to replay it.

A replay uses the decoded body in the journal. The original headers, the query and unknown fields
are not stored. A request with card data is never stored, so it cannot be replayed.
"""

import re
import shlex
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec

from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND, ApiError
from mock_clover.clover.surface import ROUTER
from mock_clover.control.endpoint import OURS, ControlRecord, control
from mock_clover.control.masking import plain_key, plain_row
from mock_clover.core.evidence import END, doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import ROOT_PATH, SCHEME, Call, Endpoint, Raw, home_of
from mock_clover.engine.evidence_gate import reply_now
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.changes import Change
from mock_clover.sandbox.idempotency import KEY_CHARS_MAX
from mock_clover.sandbox.journal import Exchange, Shown, mask, masked_body, shown
from mock_clover.sandbox.sandbox import Sandbox

CLIENT = b"mock-clover replay"
"""The User-Agent of a replay, as shown in the journal."""
CHANGES_SHOWN_MAX = 200
"""Per exchange: advancing past ten years of a daily subscription makes thousands of changes."""
_ID_DIGITS_MAX = 15
_HARMLESS = re.compile(r"[A-Za-z: -]*")
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_VARIABLES = (
    ("CLOVER_CLIENT_SECRET", "client_secret"),
    ("CLOVER_ACCESS_TOKEN", "access_token"),
    ("CLOVER_API_KEY", "api_key"),
)
"""Shell variables for the credentials, as set by `eval "$(mock-clover env)"`."""


class Decided(Record, frozen=True, kw_only=True):
    """What decided the outcome of a call, and why it applied."""

    name: str
    because: str


class Changed(Record, frozen=True, kw_only=True):
    """One row, before and after; null if it did not or does not exist."""

    table: str
    id: str
    before: Any
    after: Any
    cause: str
    """`call`, or the job or control call that changed the row since the previous exchange."""


class ExchangeAnswer(Record, frozen=True, kw_only=True):
    """One exchange with its details."""

    exchange: Shown
    rule: Decided | None
    changes: tuple[Changed, ...]
    noted: bool
    """Whether `changes` is complete; recording starts with the first use of the live journal."""
    curl: str | None
    """A command that repeats the call; credentials are variables of `mock-clover env`."""
    replayable: bool
    hint: str | None
    """What is not shown or not replayed, and why."""


class ReplayRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/journal/{id}/replay`."""

    idempotency_key: (
        Annotated[
            str,
            doc(
                "Idempotency key to send; none by default.",
                OURS,
                max_length=KEY_CHARS_MAX,
                pattern=f"^[ -~]*{END}",
            ),
        ]
        | None
    ) = None


class Replayed(Record, frozen=True, kw_only=True):
    """The result of a replay, which is journaled like any other call."""

    id: int
    status: int
    why: str
    reply: Any


class ReplayPlan(NamedTuple):
    """How to replay an exchange; `obstacle` gives the reason if that is impossible."""

    endpoint: Endpoint | None
    ids: tuple[str, ...] = ()
    obstacle: str = ""


def get_exchange(sandbox: Sandbox, call: Call[None, None]) -> ExchangeAnswer:
    """Return one exchange: its changes, the rule that decided, and a command that repeats it."""
    exchange = _required(sandbox, call.ids[0])
    plan = _replay_plan(exchange)
    sandbox.note_changes()
    changes = sandbox.changes.of(exchange.number)
    hints = list(filter(None, [plan.obstacle, *_omissions(exchange, plan)]))
    noted = exchange.method == "GET" or sandbox.changes.has_all_of(exchange.number)
    if not noted:
        hints.append(_why_not_recorded(sandbox, exchange))
    if len(changes) > CHANGES_SHOWN_MAX:
        hints.append(f"only the last {CHANGES_SHOWN_MAX} of {len(changes)} changes are shown")
    return ExchangeAnswer(
        exchange=shown(exchange),
        rule=_decided(sandbox, exchange),
        changes=tuple(map(_changed, changes[-CHANGES_SHOWN_MAX:])),
        noted=noted,
        curl=None if plan.obstacle else _curl(sandbox, call, exchange, plan),
        replayable=not plan.obstacle,
        hint="; ".join(hints) or None,
    )


def replay(sandbox: Sandbox, call: Call[ReplayRequest, None]) -> Replayed:
    """Replay the call of an exchange with the sandbox's own credentials."""
    exchange = _required(sandbox, call.ids[0])
    plan = _replay_plan(exchange)
    if plan.endpoint is None or plan.obstacle:
        raise CONTROL_INVALID.error(detail=f"exchange {exchange.number}: {plan.obstacle}")
    headers = _headers(sandbox, plan.endpoint) | {b"user-agent": CLIENT}
    headers |= {
        name: value for name in (b"host", SCHEME, ROOT_PATH) if (value := call.headers.get(name))
    }
    if call.body.idempotency_key:
        headers[b"idempotency-key"] = call.body.idempotency_key.encode()
    body = b"" if exchange.request is None else encode(exchange.request)
    raw = Raw(method=exchange.method, path=exchange.path, ids=plan.ids, headers=headers, body=body)
    run_due_jobs(sandbox)
    reply = reply_now(sandbox, plan.endpoint, raw)
    return Replayed(
        id=sandbox.journal.count,
        status=reply.status,
        why=redact(reply.why),
        reply=masked_body(reply.body),
    )


def _required(sandbox: Sandbox, number: str) -> Exchange:
    """Return an exchange of the journal. Raises ApiError."""
    if not (number.isascii() and number.isdigit() and len(number) <= _ID_DIGITS_MAX):
        raise CONTROL_NOT_FOUND.error(
            detail=f"there is no exchange {redact(number)!r}: ids are numbers"
        )
    exchange = sandbox.journal.find(int(number))
    if exchange is not None:
        return exchange
    if 0 < int(number) <= sandbox.journal.count:
        raise CONTROL_NOT_FOUND.error(detail=f"exchange {int(number)} is no longer in the journal")
    raise CONTROL_NOT_FOUND.error(detail=f"there is no exchange {redact(number)!r}")


def _replay_plan(exchange: Exchange) -> ReplayPlan:
    """Return whether and how an exchange can be replayed."""
    if exchange.endpoint in BACKGROUND_OPERATIONS:
        return ReplayPlan(None, (), "it was not a call: it ran in the background or on a page")
    try:
        endpoint, ids = ROUTER.find(exchange.method, exchange.path)
    except ApiError:
        return ReplayPlan(None, (), "it did not reach an operation, so it cannot be replayed")
    if endpoint.secret:
        obstacle = "its request contained card data, so it was not stored and cannot be replayed"
        return ReplayPlan(endpoint, ids, obstacle)
    if endpoint.request is not None and exchange.request is None:
        return ReplayPlan(endpoint, ids, "its body was not parsed, so it cannot be replayed")
    return ReplayPlan(endpoint, ids)


def _why_not_recorded(sandbox: Sandbox, exchange: Exchange) -> str:
    """Return why the changes of an exchange are unknown or incomplete."""
    if exchange.number <= sandbox.changes.began_after:
        return "its changes were not recorded: that starts with the first use of the live journal"
    return "its changes are no longer stored, or not all of them"


def _omissions(exchange: Exchange, plan: ReplayPlan) -> list[str]:
    """Return what a replay leaves out, and what the command does not show."""
    endpoint = plan.endpoint
    if endpoint is None or plan.obstacle:
        return []
    hints = []
    if endpoint.query is not None:
        hints.append("the query is not stored, so the replay has none")
    if exchange.ignored:
        hints.append("unknown fields are not replayed")
    body = "" if exchange.request is None else encode(exchange.request).decode()
    if mask(body) != body:
        hints.append("card numbers are masked in the command")
    return hints


def _headers(sandbox: Sandbox, endpoint: Endpoint) -> dict[bytes, bytes]:
    """Return the headers that a call needs; the original headers are not used."""
    headers: dict[bytes, bytes] = {}
    if endpoint.auth.kind == "apikey":
        headers[b"apikey"] = sandbox.credentials.api_key.encode()
    elif endpoint.auth.kind != "none":
        headers[b"authorization"] = sandbox.bearer_header
    if endpoint.auth.merchant:
        headers[b"x-clover-merchant-id"] = sandbox.credentials.merchant_id.encode()
    if endpoint.forwarded_for:
        headers[b"x-forwarded-for"] = b"127.0.0.1"
    if endpoint.request is not None:
        headers[b"content-type"] = b"application/json"
    return headers


def _curl(sandbox: Sandbox, call: Call[Any, Any], exchange: Exchange, plan: ReplayPlan) -> str:
    """Return a shell command that repeats a call."""
    url = home_of(sandbox, call) + quote(redact(exchange.path), safe=_PATH_SAFE)
    method = f" -X {exchange.method}"
    if exchange.request is None:
        method = {"GET": "", "HEAD": " --head"}.get(exchange.method, method)
    parts = [f"curl{method} {shlex.quote(url)}"]
    if plan.endpoint is not None:
        parts += [
            "-H " + _with_variables(sandbox, f"{name.decode()}: {value.decode()}")
            for name, value in _headers(sandbox, plan.endpoint).items()
        ]
    if exchange.request is not None:
        parts.append("-d " + _with_variables(sandbox, mask(encode(exchange.request).decode())))
    return " ".join(parts)


def _with_variables(sandbox: Sandbox, text: str) -> str:
    """Quote a text for a shell; replace the sandbox's secrets with variables."""
    names = {getattr(sandbox.credentials, member): name for name, member in _VARIABLES}
    split = re.split("(" + "|".join(map(re.escape, names)) + ")", text)
    if len(split) == 3 and not split[2] and _HARMLESS.fullmatch(split[0]):
        return f'"{split[0]}${names[split[1]]}"'
    quoted = (f'"${names[part]}"' if part in names else shlex.quote(part) for part in split if part)
    return "".join(quoted)


def _changed(change: Change) -> Changed:
    return Changed(
        table=change.table,
        id=plain_key(change.table, change.key),
        before=plain_row(change.before),
        after=plain_row(change.after),
        cause=change.cause,
    )


def _decided(sandbox: Sandbox, exchange: Exchange) -> Decided | None:
    """Return what decided: the scenario, a text, a header or a fault; otherwise None."""
    why, rules = exchange.why, sandbox.rules
    for place, rule in enumerate(rules.scenario.rules):
        name = rules.name_of(place)
        if name in why:
            return Decided(name=redact(name), because=_conditions(msgspec.to_builtins(rule.when)))
    for start in ("header: ", "text: "):
        if why.startswith(start):
            return Decided(name=redact(why), because="it overrides the rules")
    if exchange.fault:
        return Decided(name=f"fault: {exchange.fault}", because="it was in force")
    if f"{rules.scenario.name}: " in why:
        return Decided(name=redact(why), because="the card decides")
    return None


def _conditions(when: dict[str, Any]) -> str:
    """Return the conditions of a rule as text; shorten a card number to its last four digits."""
    texts = []
    for name, value in when.items():
        for inner, expected in value.items() if isinstance(value, dict) else [("", value)]:
            text = f"...{expected[-4:]}" if (name, inner) == ("card", "number") else expected
            texts.append(f"{name}.{inner} is {text}" if inner else f"{name} is {text}")
    return redact(", ".join(texts)) or "it has no conditions"


_PATH = "/_mock/journal/{id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    control("get_exchange", "GET", _PATH, get_exchange, ExchangeAnswer),
    control("replay_exchange", "POST", f"{_PATH}/replay", replay, Replayed, request=ReplayRequest),
)
