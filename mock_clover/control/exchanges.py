"""One exchange of the journal: its changes, the rule that determined its outcome, and replays.

A replay uses the body and the query in the journal, with the sandbox's own credentials. Unknown
fields of a decoded body are not stored. A request with card data is stored masked, so it cannot be
replayed.
"""

import re
import shlex
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec

from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND, ApiError
from mock_clover.clover.surface import ROUTER
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.control.masking import masked_key, masked_row
from mock_clover.core.evidence import END_OF_STRING, doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import (
    ROOT_PATH,
    SCHEME,
    UNJOURNALED_AFTER_JOBS,
    Call,
    Endpoint,
    RawRequest,
    sandbox_base_url,
)
from mock_clover.engine.evidence_gate import reply_now
from mock_clover.engine.overrides import OVERRIDE_PREFIXES
from mock_clover.sandbox.changes import Change
from mock_clover.sandbox.exchange import Exchange, ExchangeSummary, is_cut, mask_exchange
from mock_clover.sandbox.idempotency import KEY_CHARS_MAX
from mock_clover.sandbox.masking import mask, masked_body
from mock_clover.sandbox.sandbox import Sandbox

REPLAY_USER_AGENT = b"mock-clover replay"
"""The User-Agent of a replay, as shown in the journal."""
CHANGES_SHOWN_MAX = 200
"""Per exchange: advancing the clock by ten years with a daily subscription makes thousands."""
_ID_DIGITS_MAX = 15
_MASKED = re.compile(rb"\[(?:card [.]{3}[0-9]{4}|cvv|number|secret|[0-9]+ digits)\]")
_NEEDS_NO_QUOTING = re.compile(r"[A-Za-z: -]*")
_REPEATED_HEADERS = (b"idempotency-key", b"x-forwarded-for", b"x-clover-merchant-id")
"""Stored headers that say more about a request than how it was sent."""
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_VARIABLES = (
    ("CLOVER_CLIENT_SECRET", "client_secret"),
    ("CLOVER_ACCESS_TOKEN", "access_token"),
    ("CLOVER_API_KEY", "api_key"),
)
"""Shell variables for the credentials, as set by `eval "$(mock-clover env)"`."""


class DecidingRule(Record, frozen=True, kw_only=True):
    """What determined the outcome of a request, and why it applied."""

    name: str
    because: str


class RowChange(Record, frozen=True, kw_only=True):
    """One row before and after; null if it was created or deleted."""

    table: str
    id: str
    before: Any
    after: Any
    cause: str
    """`call`, or the job or control request that changed the row since the previous exchange."""


class ExchangeResponse(Record, frozen=True, kw_only=True):
    """One exchange with its details."""

    exchange: ExchangeSummary
    rule: DecidingRule | None
    changes: tuple[RowChange, ...]
    noted: bool
    """Whether `changes` is complete; recording starts with the first use of the live journal."""
    curl: str | None
    """A command that repeats the request; credentials are variables of `mock-clover env`."""
    replayable: bool
    hint: str | None
    """What the response or a replay omits, and why."""


class ReplayRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/journal/{id}/replay`."""

    idempotency_key: (
        Annotated[
            str,
            doc(
                "Idempotency key to send; none by default.",
                MOCK_ONLY,
                max_length=KEY_CHARS_MAX,
                pattern=f"^[ -~]*{END_OF_STRING}",
            ),
        ]
        | None
    ) = None


class ReplayResult(Record, frozen=True, kw_only=True):
    """The result of a replay, which is journaled like any other request."""

    id: int
    status: int
    why: str
    reply: Any


class ReplayPlan(NamedTuple):
    """How to replay an exchange; `reason_not_replayable` is empty if that is possible."""

    endpoint: Endpoint | None
    ids: tuple[str, ...] = ()
    reason_not_replayable: str = ""


def get_exchange(sandbox: Sandbox, call: Call[None, None]) -> ExchangeResponse:
    """Return one exchange: its changes, the rule that determined its outcome, and a command."""
    exchange = _get_exchange(sandbox, call.ids[0])
    plan = _replay_plan(exchange)
    sandbox.enable_change_recording()
    changes = sandbox.changes.for_exchange(exchange.number)
    hints = list(filter(None, [plan.reason_not_replayable, *_omissions(exchange, plan)]))
    noted = exchange.method == "GET" or sandbox.changes.is_complete_for(exchange.number)
    if not noted:
        hints.append(_why_not_recorded(sandbox, exchange))
    if len(changes) > CHANGES_SHOWN_MAX:
        hints.append(f"only the last {CHANGES_SHOWN_MAX} of {len(changes)} changes are shown")
    return ExchangeResponse(
        exchange=mask_exchange(exchange),
        rule=_deciding_rule(sandbox, exchange),
        changes=tuple(map(_change_response, changes[-CHANGES_SHOWN_MAX:])),
        noted=noted,
        curl=None if plan.reason_not_replayable else _curl_command(sandbox, call, exchange, plan),
        replayable=not plan.reason_not_replayable,
        hint="; ".join(hints) or None,
    )


def replay(sandbox: Sandbox, call: Call[ReplayRequest, None]) -> ReplayResult:
    """Repeat the request of an exchange with the sandbox's own credentials."""
    exchange = _get_exchange(sandbox, call.ids[0])
    plan = _replay_plan(exchange)
    if plan.endpoint is None or plan.reason_not_replayable:
        raise CONTROL_INVALID.error(
            detail=f"exchange {exchange.number}: {plan.reason_not_replayable}"
        )
    headers = _replay_headers(sandbox, plan.endpoint) | {b"user-agent": REPLAY_USER_AGENT}
    headers |= {
        name: value for name in (b"host", SCHEME, ROOT_PATH) if (value := call.headers.get(name))
    }
    if call.body.idempotency_key:
        headers[b"idempotency-key"] = call.body.idempotency_key.encode()
    raw = RawRequest(
        method=exchange.method,
        path=exchange.path,
        ids=plan.ids,
        query=exchange.query.encode(),
        headers=headers,
        body=_body_to_repeat(exchange),
    )
    reply = reply_now(sandbox, plan.endpoint, raw)
    return ReplayResult(
        id=sandbox.journal.count,
        status=reply.status,
        why=redact(reply.why),
        reply=masked_body(reply.body),
    )


def _get_exchange(sandbox: Sandbox, number: str) -> Exchange:
    """Return an exchange of the journal. Raises ApiError."""
    if not (number.isascii() and number.isdigit() and len(number) <= _ID_DIGITS_MAX):
        raise CONTROL_NOT_FOUND.error(
            detail=f"{redact(number)!r} is not an exchange id; ids are integers"
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
        return ReplayPlan(
            None, (), "it was not an API request: it ran in the background or on a page"
        )
    try:
        endpoint, ids = ROUTER.find(exchange.method, exchange.path)
    except ApiError:
        return ReplayPlan(None, (), "no operation handled it, so it cannot be replayed")
    if endpoint.has_card_data:
        reason_not_replayable = (
            "its request contained card data, which is stored masked, so it cannot be replayed"
        )
        return ReplayPlan(endpoint, ids, reason_not_replayable)
    if is_cut(exchange):
        return ReplayPlan(endpoint, ids, "it is too long to be stored, so it cannot be replayed")
    return ReplayPlan(endpoint, ids)


def _why_not_recorded(sandbox: Sandbox, exchange: Exchange) -> str:
    """Return why the changes of an exchange are unknown or incomplete."""
    if exchange.number <= sandbox.changes.started_after:
        return "its changes were not recorded; recording starts when the live journal is first used"
    return "some or all of its changes are no longer stored"


def _omissions(exchange: Exchange, plan: ReplayPlan) -> list[str]:
    """Return what a replay omits, and what the command does not show."""
    endpoint = plan.endpoint
    if endpoint is None or plan.reason_not_replayable:
        return []
    hints = []
    body = "" if exchange.request is None else encode(exchange.request).decode()
    if mask(body) != body:
        hints.append("card numbers are masked in the command")
    if _MASKED.search(_body_to_repeat(exchange)) or "[" in exchange.query:
        hints.append("card numbers and secrets are masked in the replay")
    return hints


def _replay_headers(sandbox: Sandbox, endpoint: Endpoint) -> dict[bytes, bytes]:
    """Return the headers that a replay needs; the original headers are not stored."""
    headers: dict[bytes, bytes] = {}
    if endpoint.auth.kind == "apikey":
        headers[b"apikey"] = sandbox.credentials.api_key.encode()
    elif endpoint.auth.kind != "none":
        headers[b"authorization"] = sandbox.bearer_header
    if endpoint.auth.requires_merchant_id:
        headers[b"x-clover-merchant-id"] = sandbox.credentials.merchant_id.encode()
    if endpoint.requires_client_headers:
        headers[b"x-forwarded-for"] = b"127.0.0.1"
    if endpoint.request is not None:
        headers[b"content-type"] = b"application/json"
    return headers


def _repeated_headers(exchange: Exchange) -> dict[bytes, bytes]:
    """Return the stored headers that a command repeats, masked."""
    stored = dict(zip(exchange.headers.kept, exchange.header_values, strict=True))
    return {
        name: redact(stored[name].decode("latin-1")).encode("latin-1", "replace")
        for name in _REPEATED_HEADERS
        if name in stored
    }


def _body_to_repeat(exchange: Exchange) -> bytes:
    """Return the body as it was sent; as it was read, if that had to be masked."""
    if exchange.request is None or (exchange.body and not _MASKED.search(exchange.body)):
        return exchange.body
    return encode(exchange.request)


def _curl_command(
    sandbox: Sandbox, call: Call[Any, Any], exchange: Exchange, plan: ReplayPlan
) -> str:
    """Return a shell command that repeats a request."""
    url = sandbox_base_url(sandbox, call) + quote(redact(exchange.path), safe=_PATH_SAFE)
    if exchange.query:
        url += f"?{redact(exchange.query)}"
    method = f" -X {exchange.method}"
    body = _body_to_repeat(exchange)
    if not body:
        method = {"GET": "", "HEAD": " --head"}.get(exchange.method, method)
    parts = [f"curl{method} {shlex.quote(url)}"]
    if plan.endpoint is not None:
        headers = _replay_headers(sandbox, plan.endpoint) | _repeated_headers(exchange)
        parts += [
            "-H " + _with_variables(sandbox, f"{name.decode()}: {value.decode()}")
            for name, value in headers.items()
        ]
    if body:
        parts.append("-d " + _with_variables(sandbox, mask(body.decode())))
    return " ".join(parts)


def _with_variables(sandbox: Sandbox, text: str) -> str:
    """Quote a text for a shell; replace the sandbox's secrets with variables."""
    names = {getattr(sandbox.credentials, member): name for name, member in _VARIABLES}
    split = re.split("(" + "|".join(map(re.escape, names)) + ")", text)
    if len(split) == 3 and not split[2] and _NEEDS_NO_QUOTING.fullmatch(split[0]):
        return f'"{split[0]}${names[split[1]]}"'
    quoted = (f'"${names[part]}"' if part in names else shlex.quote(part) for part in split if part)
    return "".join(quoted)


def _change_response(change: Change) -> RowChange:
    return RowChange(
        table=change.table,
        id=masked_key(change.table, change.key),
        before=masked_row(change.before),
        after=masked_row(change.after),
        cause=change.cause,
    )


def _deciding_rule(sandbox: Sandbox, exchange: Exchange) -> DecidingRule | None:
    """Return the rule, card, text, header or fault that determined the outcome, or None."""
    why, rules = exchange.why, sandbox.rules
    for index, rule in enumerate(rules.scenario.rules):
        name = rules.name_of(index)
        if name in why:
            return DecidingRule(
                name=redact(name), because=_describe_conditions(msgspec.to_builtins(rule.when))
            )
    if why.startswith(OVERRIDE_PREFIXES):
        return DecidingRule(name=redact(why), because="it overrides all rules")
    if exchange.fault:
        return DecidingRule(name=f"fault: {exchange.fault}", because="the fault was active")
    if f"{rules.scenario.name}: " in why:
        return DecidingRule(name=redact(why), because="the scenario lists the card")
    return None


def _describe_conditions(when: dict[str, Any]) -> str:
    """Return the conditions of a rule as text; shorten a card number to its last four digits."""
    texts = []
    for name, value in when.items():
        for inner, expected in value.items() if isinstance(value, dict) else [("", value)]:
            text = f"...{expected[-4:]}" if (name, inner) == ("card", "number") else expected
            texts.append(f"{name}.{inner} is {text}" if inner else f"{name} is {text}")
    return redact(", ".join(texts)) or "the rule has no conditions"


_PATH = "/_mock/journal/{id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("get_exchange", "GET", _PATH, get_exchange, ExchangeResponse),
    control_endpoint(
        *("replay_exchange", "POST", f"{_PATH}/replay", replay, ReplayResult),
        request=ReplayRequest,
        surface=UNJOURNALED_AFTER_JOBS,
    ),
)
