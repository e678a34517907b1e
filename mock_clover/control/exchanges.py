"""One exchange of the journal: what it changed, which rule decided, how to repeat it.

A call is repeated from what the journal keeps, the decoded body: neither its headers nor its query,
nor members that nobody reads. A request that held a card was never kept, so it is not repeated.
"""

import re
import shlex
from functools import cache
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec

from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND, ApiError
from mock_clover.clover.places import lazy_loaders
from mock_clover.control.endpoint import OURS, ControlRecord, control
from mock_clover.control.masking import plain_key, plain_row
from mock_clover.core.evidence import END, doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import SCHEME, Call, Endpoint, Raw, home_of
from mock_clover.engine.evidence_gate import answer_if_supported
from mock_clover.engine.pipeline import answer
from mock_clover.engine.router import Router
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.changes import Change
from mock_clover.sandbox.idempotency import KEY_CHARS_MAX
from mock_clover.sandbox.journal import Exchange, Shown, mask, masked_body, shown
from mock_clover.sandbox.sandbox import Sandbox

CLIENT = b"mock-clover replay"
"""Who repeated a call, in the journal."""
CHANGES_SHOWN_MAX = 200
"""Of one exchange: ten years of a daily subscription, passed at one go, are thousands."""
_ID_DIGITS_MAX = 15
_HARMLESS = re.compile(r"[A-Za-z: -]*")
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_VARIABLES = (
    ("CLOVER_CLIENT_SECRET", "client_secret"),
    ("CLOVER_ACCESS_TOKEN", "access_token"),
    ("CLOVER_API_KEY", "api_key"),
)
"""Credentials as a shell has them after `eval "$(mock-clover env)"`."""


class Decided(Record, frozen=True, kw_only=True):
    """What decided how a call ended, and what made it apply."""

    name: str
    because: str


class Changed(Record, frozen=True, kw_only=True):
    """One row, before and after; null where there was or is none."""

    table: str
    id: str
    before: Any
    after: Any
    cause: str
    """`call`, or what time or a control call brought about since the exchange before."""


class ExchangeAnswer(Record, frozen=True, kw_only=True):
    """One exchange, whole."""

    exchange: Shown
    rule: Decided | None
    changes: tuple[Changed, ...]
    noted: bool
    """Whether these are all; changes are noted from the first look at the live journal on."""
    curl: str | None
    """A command that repeats it; credentials are variables of `mock-clover env`."""
    replayable: bool
    hint: str | None
    """What is not shown, or would not be repeated, and why."""


class ReplayRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/journal/{id}/replay`."""

    idempotency_key: (
        Annotated[
            str,
            doc(
                "Sent with it; none without this.",
                OURS,
                max_length=KEY_CHARS_MAX,
                pattern=f"^[ -~]*{END}",
            ),
        ]
        | None
    ) = None


class Replayed(Record, frozen=True, kw_only=True):
    """What came of a repeated call, journaled like any other."""

    id: int
    status: int
    why: str
    reply: Any


class Kept(NamedTuple):
    """How an exchange can be repeated; `obstacle` says why not, if it cannot."""

    endpoint: Endpoint | None
    ids: tuple[str, ...] = ()
    obstacle: str = ""


def get_exchange(sandbox: Sandbox, call: Call[None, None]) -> ExchangeAnswer:
    """Return one exchange: what it changed, which rule decided, a command that repeats it."""
    exchange = _required(sandbox, call.ids[0])
    kept = _kept(exchange)
    sandbox.note_changes()
    found = sandbox.changes.of(exchange.number)
    hints = list(filter(None, [kept.obstacle, *_left_out(exchange, kept)]))
    noted = exchange.method == "GET" or sandbox.changes.has_all_of(exchange.number)
    if not noted:
        hints.append(_unnoted(sandbox, exchange))
    if len(found) > CHANGES_SHOWN_MAX:
        hints.append(f"of its {len(found)} changes the last {CHANGES_SHOWN_MAX} are shown")
    return ExchangeAnswer(
        exchange=shown(exchange),
        rule=_decided(sandbox, exchange),
        changes=tuple(map(_changed, found[-CHANGES_SHOWN_MAX:])),
        noted=noted,
        curl=None if kept.obstacle else _curl(sandbox, call, exchange, kept),
        replayable=not kept.obstacle,
        hint="; ".join(hints) or None,
    )


def replay(sandbox: Sandbox, call: Call[ReplayRequest, None]) -> Replayed:
    """Make the call of an exchange once more, with the sandbox's own credentials."""
    exchange = _required(sandbox, call.ids[0])
    kept = _kept(exchange)
    if kept.endpoint is None or kept.obstacle:
        raise CONTROL_INVALID.error(said=f"exchange {exchange.number}: {kept.obstacle}")
    headers = _headers(sandbox, kept.endpoint) | {b"user-agent": CLIENT}
    headers |= {name: value for name in (b"host", SCHEME) if (value := call.headers.get(name))}
    if call.body.idempotency_key:
        headers[b"idempotency-key"] = call.body.idempotency_key.encode()
    body = b"" if exchange.request is None else encode(exchange.request)
    raw = Raw(exchange.method, exchange.path, kept.ids, b"", headers, body)
    run_due_jobs(sandbox)
    respond = answer_if_supported if sandbox.settings.refuse_inferred else answer
    reply = respond(sandbox, kept.endpoint, raw)
    if not reply.status:  # a fault delays it: nobody is kept waiting
        reply = respond(sandbox, kept.endpoint, raw, waited=True)
    return Replayed(
        id=sandbox.journal.count,
        status=reply.status,
        why=redact(reply.why),
        reply=masked_body(reply.body),
    )


def _required(sandbox: Sandbox, number: str) -> Exchange:
    """Return an exchange that is still kept, or refuse."""
    if not (number.isascii() and number.isdigit() and len(number) <= _ID_DIGITS_MAX):
        raise CONTROL_NOT_FOUND.error(
            said=f"there is no exchange {redact(number)!r}: ids are numbers"
        )
    found = sandbox.journal.find(int(number))
    if found is not None:
        return found
    if 0 < int(number) <= sandbox.journal.count:
        raise CONTROL_NOT_FOUND.error(said=f"exchange {int(number)} has left the journal")
    raise CONTROL_NOT_FOUND.error(said=f"there is no exchange {redact(number)!r}")


@cache
def _dispatch() -> Router:
    return Router(unmet=lazy_loaders())


def _kept(exchange: Exchange) -> Kept:
    """Find out whether and how an exchange can be repeated."""
    if exchange.endpoint in BACKGROUND_OPERATIONS:
        return Kept(None, (), "nobody called: it happened by itself, or on a page")
    try:
        endpoint, ids = _dispatch().find(exchange.method, exchange.path)
    except ApiError:
        return Kept(None, (), "it reached no operation, so there is nothing to repeat")
    if endpoint.secret:
        said = "its request held a card, so it was not kept and cannot be repeated"
        return Kept(endpoint, ids, said)
    if endpoint.request is not None and exchange.request is None:
        return Kept(endpoint, ids, "its body was not read, so there is none to repeat")
    return Kept(endpoint, ids)


def _unnoted(sandbox: Sandbox, exchange: Exchange) -> str:
    """Say why it is not known, or not wholly, what an exchange changed."""
    if exchange.number <= sandbox.changes.began_after:
        return "what it changed was not noted: that begins with the first look at the live journal"
    return "what it changed is no more kept, or not all of it"


def _left_out(exchange: Exchange, kept: Kept) -> list[str]:
    """Say what of a call would not be repeated, or is not shown."""
    endpoint = kept.endpoint
    if endpoint is None or kept.obstacle:
        return []
    said = []
    if endpoint.query is not None:
        said.append("it is repeated without its query, which is not kept")
    if exchange.ignored:
        said.append("members that nobody reads are not repeated")
    body = "" if exchange.request is None else encode(exchange.request).decode()
    if mask(body) != body:
        said.append("numbers of cards are masked in the command")
    return said


def _headers(sandbox: Sandbox, endpoint: Endpoint) -> dict[bytes, bytes]:
    """Return the headers that a call needs; none of them is the first caller's."""
    headers: dict[bytes, bytes] = {}
    if endpoint.auth == "apikey":
        headers[b"apikey"] = sandbox.credentials.api_key.encode()
    elif endpoint.auth != "none":
        headers[b"authorization"] = sandbox.bearer_header
    if endpoint.merchant:
        headers[b"x-clover-merchant-id"] = sandbox.credentials.merchant_id.encode()
    if endpoint.forwarded_for:
        headers[b"x-forwarded-for"] = b"127.0.0.1"
    if endpoint.request is not None:
        headers[b"content-type"] = b"application/json"
    return headers


def _curl(sandbox: Sandbox, call: Call[Any, Any], exchange: Exchange, kept: Kept) -> str:
    """Return a command that repeats a call, for a shell."""
    url = home_of(sandbox, call) + quote(redact(exchange.path), safe=_PATH_SAFE)
    method = f" -X {exchange.method}"
    if exchange.request is None:
        method = {"GET": "", "HEAD": " --head"}.get(exchange.method, method)
    parts = [f"curl{method} {shlex.quote(url)}"]
    if kept.endpoint is not None:
        parts += [
            "-H " + _with_variables(sandbox, f"{name.decode()}: {value.decode()}")
            for name, value in _headers(sandbox, kept.endpoint).items()
        ]
    if exchange.request is not None:
        parts.append("-d " + _with_variables(sandbox, mask(encode(exchange.request).decode())))
    return " ".join(parts)


def _with_variables(sandbox: Sandbox, text: str) -> str:
    """Quote a text for a shell; this sandbox's secrets in it are variables."""
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
    """Tell what decided, if it was the scenario, a text, a header or a fault."""
    why, rules = exchange.why, sandbox.rules
    for place, rule in enumerate(rules.scenario.rules):
        name = rules.name_of(place)
        if name in why:
            return Decided(name=redact(name), because=_met(msgspec.to_builtins(rule.when)))
    for start in ("header: ", "text: "):
        if why.startswith(start):
            return Decided(name=redact(why), because="it precedes the rules")
    if exchange.fault:
        return Decided(name=f"fault: {exchange.fault}", because="it was in force")
    if f"{rules.scenario.name}: " in why:
        return Decided(name=redact(why), because="of the card")
    return None


def _met(when: dict[str, Any]) -> str:
    """Say which conditions of a rule were met; a card's number is none to be told."""
    said = []
    for name, value in when.items():
        for inner, wanted in value.items() if isinstance(value, dict) else [("", value)]:
            shown = f"...{wanted[-4:]}" if (name, inner) == ("card", "number") else wanted
            said.append(f"{name}.{inner} is {shown}" if inner else f"{name} is {shown}")
    return redact(", ".join(said)) or "it has no conditions"


_PATH = "/_mock/journal/{id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    control("get_exchange", "GET", _PATH, get_exchange, ExchangeAnswer),
    control("replay_exchange", "POST", f"{_PATH}/replay", replay, Replayed, request=ReplayRequest),
)
