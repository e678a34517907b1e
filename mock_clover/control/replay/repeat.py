"""How a request of the journal is repeated: its path, headers and body, and its payment source.

The request is repeated as it was sent, with the sandbox's own credentials. A token that pays once
is replaced with a copy of its stored record, because no card number is stored.
"""

import re
from typing import Any, NamedTuple

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import MISSING_CREDENTIALS_WHY
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.problems import (
    CARD_ALREADY_SAVED,
    CVV_NOT_FOUND,
    INVALID_CUSTOMER_SOURCE,
    INVALID_SOURCE,
    TOKEN_ALREADY_USED,
    ApiError,
)
from mock_clover.clover.surface import ROUTER
from mock_clover.clover.tokens.records import Token
from mock_clover.core.codec import MalformedError, parse
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import Endpoint
from mock_clover.sandbox.exchange import NOT_READ, Exchange, is_cut, parse_object
from mock_clover.sandbox.history import KeptCall
from mock_clover.sandbox.masking import NOT_STORED, mask
from mock_clover.sandbox.sandbox import Sandbox

IDEMPOTENCY_KEY = b"idempotency-key"
_REPEATED_HEADERS = (IDEMPOTENCY_KEY, b"x-forwarded-for", b"x-clover-merchant-id")
"""Stored headers that say more about a request than how it was sent."""
_MASKED = re.compile(r"\[(?:card [.]{3}[0-9]{4}|cvv|number|secret|digits|[0-9]{1,7} digits)\]")
_SOURCES = ("source", "token")
"""Members of a request that name a token."""
_REFUSED_FOR_ITS_SOURCE = tuple(
    problem.name
    for problem in (
        *(TOKEN_ALREADY_USED, INVALID_SOURCE, INVALID_CUSTOMER_SOURCE, CARD_ALREADY_SAVED),
        CVV_NOT_FOUND,
    )
)
_MEMBERS_NAMED_MAX = 5
_NEW_KEY, _COPY_TOKEN = "new_key", "copy_token"
"""Changes that a repeated request makes before it is carried out."""


class Replacement(Record, frozen=True, kw_only=True):
    """One value that a repeated request has in place of the original one."""

    member: str
    """`source`, `token` or `idempotency-key`."""
    was: str | None = None
    """None if it was not stored."""
    sent: str
    because: str


class RepeatPlan(NamedTuple):
    """Whether an exchange can be repeated; `obstacle` is empty if it can."""

    endpoint: Endpoint | None
    ids: tuple[str, ...] = ()
    obstacle: str = ""


class SourceToken(NamedTuple):
    """The token that a request pays with or saves, and the member that names it."""

    member: str
    token: Token


def repeat_plan(exchange: Exchange) -> RepeatPlan:
    """Return whether and how an exchange can be repeated."""
    if exchange.endpoint in BACKGROUND_OPERATIONS:
        return RepeatPlan(
            None, (), "it was not an API request: it ran in the background or on a page"
        )
    try:
        endpoint, ids = ROUTER.find(exchange.method, exchange.path)
    except ApiError:
        return RepeatPlan(None, (), "no operation handled it, so it cannot be replayed")
    if exchange.body == NOT_READ:
        obstacle = "its body was not read, because it was too long, so it cannot be replayed"
    elif is_cut(exchange):
        obstacle = "it is too long to be stored, so it cannot be replayed"
    else:
        obstacle = _missing_card_data(exchange) if endpoint.has_card_data else ""
    return RepeatPlan(endpoint, ids, obstacle)


def _missing_card_data(exchange: Exchange) -> str:
    """Return which parts of a body with card data are not stored, or ''."""
    try:
        names = _masked_members(parse(exchange.body), "") if exchange.body else []
    except MalformedError:
        names = ["the digits in its body"] if _is_lost(exchange.body.decode()) else []
    if not names:
        return ""
    more = len(names) - _MEMBERS_NAMED_MAX
    listed = [*names[:_MEMBERS_NAMED_MAX], *([f"{more} more"] if more > 0 else [])]
    *first, final = listed
    text = f"{', '.join(first)} and {final}" if first else final
    is_one = len(listed) == 1 and names != ["the digits in its body"]
    return redact(f"{text} {'is' if is_one else 'are'} not stored, so it cannot be replayed")


def _masked_members(tree: Any, path: str) -> list[str]:
    """Return the paths of the masked values."""
    if isinstance(tree, dict):
        parts = [(f"{path}.{name}" if path else name, each) for name, each in tree.items()]
        return [found for name, each in parts for found in _masked_members(each, name)]
    if isinstance(tree, list):
        return [found for each in tree for found in _masked_members(each, f"{path}[]")]
    return [path or "its body"] if isinstance(tree, str) and _is_lost(tree) else []


def _is_lost(text: str) -> bool:
    return NOT_STORED in text or is_masked(text)


def body_to_repeat(exchange: Exchange) -> bytes:
    """Return the body as it was sent; as it was read, if that had to be masked."""
    if exchange.request is None or (exchange.body and not _MASKED.search(exchange.body.decode())):
        return exchange.body
    return encode(exchange.request)


def has_masked_numbers(exchange: Exchange) -> bool:
    """Return whether card numbers in the decoded body of a request are masked when it is shown."""
    body = "" if exchange.request is None else encode(exchange.request).decode()
    return mask(body) != body


def is_masked(text: str) -> bool:
    """Return whether a part of a stored text was masked."""
    return _MASKED.search(text) is not None


def headers_to_repeat(
    sandbox: Sandbox, endpoint: Endpoint, exchange: Exchange
) -> dict[bytes, bytes]:
    """Return the headers that the operation needs, and those that were stored."""
    stored = exchange.kept_headers()
    return default_headers(sandbox, endpoint) | {
        name: stored[name] for name in _REPEATED_HEADERS if name in stored
    }


def default_headers(sandbox: Sandbox, endpoint: Endpoint) -> dict[bytes, bytes]:
    """Return the headers that an operation needs, with the sandbox's own credentials."""
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


def source_of(sandbox: Sandbox, body: bytes) -> SourceToken | None:
    """Return the token that a body names, if there is one."""
    tree = parse_object(body)
    for member in _SOURCES:
        value = tree.get(member)
        token = sandbox.tokens.get(value) if isinstance(value, str) else None
        if token is not None:
            return SourceToken(member, token)
    return None


def spent_source(sandbox: Sandbox, exchange: Exchange, body: bytes) -> SourceToken | None:
    """Return the token of a body, if it can no longer be used as the exchange used it.

    A token that had been used before the exchange is not returned: the exchange was refused for it.
    """
    source = source_of(sandbox, body)
    if source is None or exchange.why.startswith(
        (*_REFUSED_FOR_ITS_SOURCE, MISSING_CREDENTIALS_WHY)
    ):
        return None
    token = source.token
    is_saved = token.state == "multipay" and not token.is_transarmor
    is_spent = token.state in ("used", "revoked") or (is_saved and not _has_credentials(body))
    return source if is_spent else None


def _has_credentials(body: bytes) -> bool:
    """Return whether a body charges a saved card; only such a request has this member."""
    return b'"stored_credentials"' in body


def unspent(token: Token, body: bytes, *, token_id: str, now_ms: int) -> Token:
    """Return a copy of a token that can be used for a request, with the same card."""
    is_multi_pay = token.is_transarmor or _has_credentials(body)
    return _copied(token, token_id=token_id, now_ms=now_ms, is_multi_pay=is_multi_pay)


def _copied(token: Token, *, token_id: str, now_ms: int, is_multi_pay: bool) -> Token:
    return replace(
        token,
        id=token_id,
        created_ms=now_ms,
        state="multipay" if is_multi_pay else "new",
        customer=None,
        card_id=None,
        is_declined=False,
        has_first_payment=token.has_first_payment and is_multi_pay,
    )


def replace_source(
    sandbox: Sandbox, source: SourceToken, body: bytes
) -> tuple[bytes, tuple[Replacement, ...]]:
    """Store a copy of a token, and return the body with its id in place of the original one."""
    token, sent = source.token, sandbox.ids.token_id()
    changed = body.replace(f'"{token.id}"'.encode(), f'"{sent}"'.encode())
    if changed == body:  # its id was written with escapes
        return body, ()
    sandbox.tokens.check_capacity()
    copied = unspent(token, body, token_id=sent, now_ms=sandbox.clock.now_ms())
    sandbox.tokens.put(sent, copied)
    _keep(sandbox, _COPY_TOKEN, (token.id, sent, copied.state))
    because = f"the token was {_STATES[token.state]}; this is a copy of it"
    return changed, (Replacement(member=source.member, was=token.id, sent=sent, because=because),)


def new_key(sandbox: Sandbox) -> str:
    """Return a new idempotency key for a repeated request."""
    key = sandbox.ids.uuid()
    _keep(sandbox, _NEW_KEY, ())
    return key


def _keep(sandbox: Sandbox, name: str, ids: tuple[str, ...]) -> None:
    """Keep a change of the sandbox for its capsule: the journal has only the repeated request."""
    after, at_ms = sandbox.journal.last_place, sandbox.clock.now_ms()
    sandbox.history.add_call(KeptCall(after=after, at_ms=at_ms, name=name, ids=ids, body=b""))


def make_kept_change(sandbox: Sandbox, name: str, ids: tuple[str, ...]) -> bool:
    """Make a change that `new_key` or `replace_source` kept; return False for any other name."""
    if name == _NEW_KEY:
        sandbox.ids.uuid()
        return True
    if name != _COPY_TOKEN:
        return False
    token_id, sent, state = ids
    token = sandbox.tokens.get(token_id)
    if token is None:
        raise ValueError(f"there is no token {token_id!r} to copy")
    sandbox.ids.token_id()
    now_ms, is_multi_pay = sandbox.clock.now_ms(), state == "multipay"
    sandbox.tokens.put(
        sent, _copied(token, token_id=sent, now_ms=now_ms, is_multi_pay=is_multi_pay)
    )
    return True


_STATES = {"used": "used", "revoked": "revoked", "multipay": "saved"}
