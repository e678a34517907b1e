"""Control endpoints that send a request: a replay of an exchange, or a request of your own.

Both are carried out and journaled like any other request, without a delay or a pause.
"""

import re
from typing import Annotated, Any
from urllib.parse import unquote

from msgspec.structs import replace

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND, ApiError
from mock_clover.clover.surface import ROUTER
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.control.replay.repeat import (
    IDEMPOTENCY_KEY,
    Replacement,
    body_to_repeat,
    default_headers,
    headers_to_repeat,
    new_key,
    repeat_plan,
    replace_source,
    spent_source,
)
from mock_clover.core.evidence import END_OF_STRING, doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, SecretRecord, encode
from mock_clover.engine.endpoint import (
    ROOT_PATH,
    SCHEME,
    UNJOURNALED_AFTER_JOBS,
    Call,
    Endpoint,
    RawRequest,
)
from mock_clover.engine.evidence_gate import reject_unless_inferred, reply_now
from mock_clover.engine.unknown_path import CONTROL_PATH
from mock_clover.sandbox.exchange import Exchange, ExchangeOutcome, mask_exchange
from mock_clover.sandbox.idempotency import KEY_CHARS_MAX
from mock_clover.sandbox.sandbox import Sandbox

REPLAY_USER_AGENT = b"mock-clover replay"
"""The User-Agent of a replay, as shown in the journal."""
_SENT_USER_AGENT = b"mock-clover send"
_ID_DIGITS_MAX = 15
_HEADERS_MAX = 64
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_CHARS_MAX = 4_096
_METHOD = re.compile(r"[A-Z]{1,16}")
_TARGET_CHARS_MAX = 8_192


class ReplayRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/journal/{id}/replay`."""

    idempotency_key: (
        Annotated[
            str,
            doc(
                "Idempotency key to send; by default a new one, if the request had one.",
                MOCK_ONLY,
                max_length=KEY_CHARS_MAX,
                pattern=f"^[ -~]*{END_OF_STRING}",
            ),
        ]
        | None
    ) = None


class SendRequest(SecretRecord, ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/send`: a request that is carried out. It may contain card data."""

    method: Annotated[str, doc("HTTP method.", MOCK_ONLY)] = "POST"
    path: Annotated[str, doc("Path with query, for example /v1/charges.", MOCK_ONLY)]
    headers: Annotated[
        dict[str, str],
        doc("Headers; the sandbox's credentials are the default.", MOCK_ONLY),
    ] = {}
    body: Annotated[
        Any, doc("The JSON body. A text is sent as it is, even if it is not JSON.", MOCK_ONLY)
    ] = None
    replay_of: Annotated[
        int | None,
        doc(
            "Id of the exchange that this request repeats; a token that was used since is copied.",
            MOCK_ONLY,
        ),
    ] = None


class SendResult(Record, frozen=True, kw_only=True):
    """The response to a request that was sent; the journal has it as exchange `id`."""

    id: int
    status: int | None
    """null if a fault sent no status line."""
    outcome: ExchangeOutcome
    why: str
    fault: str | None = None
    reply: Any = None
    """The masked body; null if the client got none."""
    replay_of: int | None = None
    replaced: tuple[Replacement, ...] = ()
    """What was sent in place of values that cannot be used again."""


def find_exchange(sandbox: Sandbox, number: str) -> Exchange:
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


def replay(sandbox: Sandbox, call: Call[ReplayRequest, None]) -> SendResult:
    """Repeat the request of an exchange; a token that was used since is copied."""
    exchange = find_exchange(sandbox, call.ids[0])
    plan = repeat_plan(exchange)
    if plan.endpoint is None or plan.obstacle:
        raise CONTROL_INVALID.error(detail=f"exchange {exchange.number}: {plan.obstacle}")
    headers = headers_to_repeat(sandbox, plan.endpoint, exchange)
    replaced: tuple[Replacement, ...] = ()
    key = call.body.idempotency_key
    if IDEMPOTENCY_KEY in exchange.headers.names and key is None:
        kept = headers.get(IDEMPOTENCY_KEY)
        key = new_key(sandbox)
        replaced += (
            Replacement(
                member="idempotency-key",
                was=None if kept is None else redact(kept.decode("latin-1")),
                sent=key,
                because="a key has one response; this is a new key",
            ),
        )
    if key:
        headers[IDEMPOTENCY_KEY] = key.encode()
    retried = _replay_with_key(sandbox, exchange, key)
    raw = RawRequest(
        method=exchange.method,
        path=exchange.path,
        ids=plan.ids,
        query=exchange.query.encode(),
        headers={b"user-agent": REPLAY_USER_AGENT} | headers,
        body=body_to_repeat(retried or exchange),
    )
    if retried is None:
        raw, copied = _with_unspent_source(sandbox, exchange, raw)
        replaced = (*copied, *replaced)
    return _perform(sandbox, call, plan.endpoint, raw, exchange, replaced)


def _replay_with_key(sandbox: Sandbox, origin: Exchange, key: str | None) -> Exchange | None:
    """Return an earlier replay with the same key: a retry has the same body, so the same token."""
    found = map(sandbox.journal.find, sandbox.journal.replays_of(origin.number))
    wanted = (key or "").encode()
    return next(
        (each for each in found if each and key and wanted in each.kept_headers().values()), None
    )


def _with_unspent_source(
    sandbox: Sandbox, origin: Exchange, raw: RawRequest
) -> tuple[RawRequest, tuple[Replacement, ...]]:
    """Return a request with a copy of its token, if the token was used since `origin`."""
    source = spent_source(sandbox, origin, raw.body)
    if source is None:
        return raw, ()
    body, copied = replace_source(sandbox, source, raw.body)
    return replace(raw, body=body), copied


def send(sandbox: Sandbox, call: Call[SendRequest, None]) -> SendResult:
    """Send a request of your own, with the sandbox's credentials by default."""
    body = call.body
    path, _, query = body.path.partition("?")
    path, method = unquote(path), body.method.upper()
    if not path.startswith("/") or len(body.path) > _TARGET_CHARS_MAX:
        raise CONTROL_INVALID.error(detail="path: must start with a slash; at most 8192 characters")
    if path.startswith(CONTROL_PATH):
        raise CONTROL_INVALID.error(detail="path: only Clover's operations can be sent")
    if not _METHOD.fullmatch(method):
        raise CONTROL_INVALID.error(detail="method: must be letters, for example POST")
    origin = None if body.replay_of is None else find_exchange(sandbox, str(body.replay_of))
    headers = {b"user-agent": _SENT_USER_AGENT, **_headers_of(body.headers)}
    data = body.body.encode() if isinstance(body.body, str) else b""
    if body.body is not None and not data:
        data = b"" if body.body == "" else encode(body.body)
    raw = RawRequest(method=method, path=path, query=query.encode(), headers=headers, body=data)
    try:
        endpoint, ids = ROUTER.find(method, path)
    except ApiError as error:
        reject_unless_inferred(sandbox, error, raw, None)
        return _result(sandbox, origin, ())
    raw = replace(raw, ids=ids, headers=default_headers(sandbox, endpoint) | headers)
    copied: tuple[Replacement, ...] = ()
    if origin is not None:
        raw, copied = _with_unspent_source(sandbox, origin, raw)
    return _perform(sandbox, call, endpoint, raw, origin, copied)


def _headers_of(given: dict[str, str]) -> dict[bytes, bytes]:
    """Return the headers of a request. Raises CONTROL_INVALID."""
    if len(given) > _HEADERS_MAX:
        raise CONTROL_INVALID.error(detail=f"headers: at most {_HEADERS_MAX}")
    for name, value in given.items():
        if not _HEADER_NAME.fullmatch(name):
            raise CONTROL_INVALID.error(detail=f"headers: {redact(name)!r} is not a header name")
        is_latin = value.isprintable() and all(each <= "\xff" for each in value)
        if not is_latin or len(value) > _HEADER_CHARS_MAX:
            message = f"headers: the value of {name} must be printable Latin-1, at most 4096"
            raise CONTROL_INVALID.error(detail=redact(message))
    return {name.lower().encode(): value.encode("latin-1") for name, value in given.items()}


def _perform(
    sandbox: Sandbox,
    call: Call[Any, None],
    endpoint: Endpoint,
    raw: RawRequest,
    origin: Exchange | None,
    replaced: tuple[Replacement, ...],
) -> SendResult:
    """Carry out a request at the address of the control call."""
    address = {
        name: value for name in (b"host", SCHEME, ROOT_PATH) if (value := call.headers.get(name))
    }
    reply_now(sandbox, endpoint, replace(raw, headers=address | raw.headers))
    return _result(sandbox, origin, replaced)


def _result(
    sandbox: Sandbox, origin: Exchange | None, replaced: tuple[Replacement, ...]
) -> SendResult:
    """Return the newest exchange as the result, and note which exchange it repeats."""
    journal = sandbox.journal
    if origin is not None:
        journal.note_replay(origin.number)
    exchange = next(journal.after(journal.count - 1))
    shown = mask_exchange(exchange)
    return SendResult(
        id=shown.id,
        status=shown.status,
        outcome=shown.outcome,
        why=shown.why,
        fault=shown.fault,
        reply=shown.reply,
        replay_of=None if origin is None else origin.number,
        replaced=replaced,
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint(
        *("replay_exchange", "POST", "/_mock/journal/{id}/replay", replay, SendResult),
        request=ReplayRequest,
        surface=UNJOURNALED_AFTER_JOBS,
    ),
    replace(
        control_endpoint(
            *("send_request", "POST", "/_mock/send", send, SendResult),
            request=SendRequest,
            surface=UNJOURNALED_AFTER_JOBS,
        ),
        has_card_data=True,
    ),
)
