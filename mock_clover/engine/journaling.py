"""Write an exchange to the journal of its sandbox, and reject a request without an endpoint."""

from msgspec.structs import replace

from mock_clover.clover.common.problems import ApiError
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Endpoint, RawRequest
from mock_clover.engine.remarks import add_remarks, may_have_remarks
from mock_clover.engine.reply import Reply, error_reply
from mock_clover.engine.unknown_path import CONTROL_PATH
from mock_clover.sandbox.clock import elapsed_ns
from mock_clover.sandbox.exchange import (
    EXCHANGE_BYTES,
    REQUEST_BYTES_MAX,
    TEXT_CHARS_MAX,
    Exchange,
    decoded_bytes,
    join_values,
)
from mock_clover.sandbox.masking import BODY_BYTES_MAX, captured_body, masked_body, masked_query
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_fault import LOSING_FAULTS

_OAUTH_PATH = "/oauth/"


def write_exchange(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    reply: Reply,
    request: Record | None,
    idempotency: str,
) -> Reply:
    """Add an exchange to the journal; return the response, with what its client should know."""
    body, headers, journal = raw.body, raw.headers, sandbox.journal
    names = journal.header_names
    if tuple(headers) != names.names:
        names = journal.new_header_names(headers)
    values = names.values_in(headers)
    ignored: tuple[str, ...] = ()
    # Most requests have nothing to remark on; then what was sent is what was read.
    is_simple = not (
        raw.query
        or names.has_remarks
        or b"" in values
        or (body and may_have_remarks(endpoint, raw, request, journal.count))
    )
    if not is_simple:
        reply, ignored = add_remarks(endpoint, raw, request, reply, names.misspelt)
    path, why, header_values = raw.path, reply.why, join_values(values)
    if header_values == journal.header_values:
        header_values = journal.header_values
    if endpoint.has_card_data:
        request = None
    request_bytes = 0 if request is None else decoded_bytes(body)
    size = len(path) + len(why) + len(header_values) + len(reply.body) + request_bytes
    is_plain = (
        is_simple
        and size <= TEXT_CHARS_MAX
        and reply.fault is None
        and reply.delayed is None
        and not (request is None and body)
    )
    # Python passes more than 15 arguments by keyword in a dict, which takes five times as long.
    exchange = Exchange(
        number=journal.count + 1,
        at_ms=sandbox.clock.now_ms(),
        endpoint=endpoint.name,
        method=raw.method,
        path=path,
        status=reply.status,
        why=why,
        idempotency=idempotency,
        request=request,
        headers=names,
        header_values=header_values,
        reply=reply.body,
        committed=reply.committed,
        duration_ns=elapsed_ns(raw.started_ns),
        size=EXCHANGE_BYTES + names.size + size if is_plain else request_bytes,
    )
    if is_plain:
        journal.header_values = header_values
        journal.append(exchange)
    else:
        journal.add(_with_details(exchange, raw, reply, endpoint, ignored))
    return reply


def _with_details(
    exchange: Exchange, raw: RawRequest, reply: Reply, endpoint: Endpoint, ignored: tuple[str, ...]
) -> Exchange:
    """Return an exchange with what only some have: a query, a masked body, a fault."""
    exchange = replace(
        exchange,
        body=_captured(raw, endpoint) if exchange.request is None else _sent_body(raw, exchange),
        query=masked_query(raw.query),
        ignored=ignored,
    )
    fault, delay_ms = reply.fault, reply.delay_ms
    if reply.delayed is not None:
        exchange = replace(exchange, fault=reply.delayed.label)
    if delay_ms:
        duration_ns = exchange.duration_ns + delay_ms * 1_000_000
        exchange = replace(exchange, delay_ms=delay_ms, duration_ns=duration_ns)
    if fault is None:
        return exchange
    was_made = fault.when == "after_commit" or reply.sent_status is not None
    return replace(
        exchange,
        status=reply.sent_status,
        reply=reply.body if was_made else b"",
        fault=fault.label,
        lost=fault.kind in LOSING_FAULTS,
    )


def _sent_body(raw: RawRequest, exchange: Exchange) -> bytes:
    """Return the masked body if it was read differently, else nothing."""
    if exchange.size > REQUEST_BYTES_MAX or len(raw.body) > BODY_BYTES_MAX:
        return b""
    sent = _captured(raw, None)
    return b"" if masked_body(sent) == exchange.shown_request() else sent


def _captured(raw: RawRequest, endpoint: Endpoint | None) -> bytes:
    if not raw.body:
        return b""
    return captured_body(
        raw.body,
        has_card_data=endpoint is not None and endpoint.has_card_data,
        has_secrets=raw.path.startswith(_OAUTH_PATH),
    )


def reject(
    sandbox: Sandbox,
    error: ApiError,
    raw: RawRequest,
    endpoint: Endpoint | None = None,
) -> Reply:
    """Return an error response without running an endpoint, and journal the exchange."""
    reply = error_reply(sandbox, error, raw.headers)
    names = sandbox.journal.new_header_names(raw.headers)
    sandbox.journal.add(
        Exchange(
            at_ms=sandbox.clock.now_ms(),
            endpoint=endpoint.name if endpoint is not None else "",
            method=raw.method,
            path=raw.path,
            status=reply.status,
            why=reply.why,
            body=_captured(raw, endpoint),
            query=masked_query(raw.query),
            headers=names,
            header_values=join_values(names.values_in(raw.headers)),
            reply=reply.body,
            unserved=endpoint is None and not raw.path.startswith(CONTROL_PATH),
            duration_ns=elapsed_ns(raw.started_ns),
        )
    )
    return reply
