"""Control endpoints that take and restore snapshots, in steps of one row each.

Encoding and decoding a whole snapshot at once would delay all other requests for seconds.
"""

from typing import Any, get_args, get_type_hints

import msgspec

from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.control.endpoint import control_endpoint
from mock_clover.control.masking import masked_snapshot
from mock_clover.control.sandboxes.endpoints import SandboxResponse, sandbox_response
from mock_clover.control.snapshot.records import SNAPSHOT_VERSION, Snapshot
from mock_clover.control.snapshot.state import restore, stored_response_row, take_head
from mock_clover.core.codec import Codec, MalformedError, ViolationsError, check_depth
from mock_clover.core.masking import redact
from mock_clover.core.record import decode_json, encode
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, EncodedJson, Endpoint, LongResult, RawBody
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.sandbox.tables import TABLES

SNAPSHOT_BYTES_MAX = 67_108_864
"""64 MiB: about seventy thousand charges."""
_HEAD_BYTES_MAX = 4_194_304
"""Limit for the parts that are decoded in one step: scenario, settings, faults and counters."""
_SNAPSHOT = "/_mock/snapshot"
_LISTS = ("answered", "agenda")
_UNCOUNTED = ("notices", "webhooks")
"""Parts with a limit of their own; they are not part of the head."""
_FIELDS = msgspec.structs.fields(Snapshot)
_HINTS = get_type_hints(Snapshot, include_extras=True)
_ROWS = {
    **{name: msgspec.json.Decoder(get_args(_HINTS[name])[1], strict=False) for name in TABLES},
    **{name: msgspec.json.Decoder(get_args(_HINTS[name])[0], strict=False) for name in _LISTS},
}
"""The decoder of a row, by table or list."""
_SNAPSHOTS = Codec(Snapshot)
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def get_snapshot(sandbox: Sandbox, _call: Call[None, None]) -> LongResult:
    """Return the state of a sandbox."""
    return Work(encode_snapshot(sandbox))


def encode_snapshot(sandbox: Sandbox, bytes_max: int = SNAPSHOT_BYTES_MAX) -> Steps[EncodedJson]:
    """Return a masked snapshot of the present state. Raises CONTROL_INVALID if it is too large."""
    # Rows are frozen: references to them are enough to keep this state.
    rows: dict[str, Any] = {table: getattr(sandbox, table).by_key() for table in TABLES}
    rows["answered"] = tuple(sandbox.idempotency.entries())
    rows["agenda"] = tuple(sandbox.scheduler.entries())
    head = masked_snapshot(decode_json(encode(take_head(sandbox))))
    body = bytearray()
    for name in (field.encode_name for field in _FIELDS):
        if name not in head and not rows.get(name):
            continue
        body += b",%b:" % encode(name) if body else b"{%b:" % encode(name)
        if name not in rows:
            body += encode(head[name])
            continue
        opening, closing = b"[]" if name in _LISTS else b"{}"
        body.append(opening)
        start = len(body)
        for row in rows[name].items() if name in TABLES else rows[name]:
            body += b"," if len(body) > start else b""
            body += _encode_row(name, row, sandbox.fingerprint_key)
            if len(body) > bytes_max:
                raise CONTROL_INVALID.error(
                    detail=f"the snapshot is larger than {bytes_max / 2**20:g} MiB, so it could "
                    "not be restored; use a sandbox with fewer rows"
                )
            yield
        body.append(closing)
    return EncodedJson(bytes(body + b"}"))


def _encode_row(name: str, row: Any, fingerprint_key: bytes) -> bytes:
    """Return a masked entry of a list, or a masked row of a table with its key."""
    if name == "agenda":
        return _encode_masked(row)
    if name == "answered":
        return _encode_masked(stored_response_row(fingerprint_key, *row))
    key, value = row
    return b"%b:%b" % (encode(redact(key)), _encode_masked(value))


def _encode_masked(value: Any) -> bytes:
    return encode(masked_snapshot(decode_json(encode(value))))


def _decode(data: bytes) -> Steps[Snapshot]:
    """Decode a snapshot.

    Raises MalformedError or ViolationsError, like `Codec.decode`, and UnicodeDecodeError for a name
    of a member.
    """
    try:
        parts = _decode_members(data.strip() or b"{}")
    except msgspec.ValidationError:
        raise MalformedError("Expected an object") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedError(redact(str(error))) from None
    yield
    rows = {name: part for name, part in parts.items() if name in _ROWS}
    head = {name: part for name, part in parts.items() if name not in _ROWS}
    counted = (bytes(part) for name, part in head.items() if name not in _UNCOUNTED)
    if sum(map(len, counted)) > _HEAD_BYTES_MAX:
        raise MalformedError(f"scenario, settings and faults exceed {_HEAD_BYTES_MAX} bytes")
    empty: dict[str, Any] = {name: [] if name in _LISTS else {} for name in rows}
    snapshot = _SNAPSHOTS.decode(encode(head | empty))
    yield
    decoded: dict[str, Any] = {}
    for name, part in rows.items():
        decoded[name] = yield from _decode_rows(name, part, head | empty)
    return msgspec.structs.replace(snapshot, **decoded)


def _decode_rows(name: str, part: msgspec.Raw, others: dict[str, Any]) -> Steps[Any]:
    """Decode a table or a list. Raises the errors of `_decode`."""
    decode = _ROWS[name].decode
    is_list = name in _LISTS
    try:
        raw_rows: Any = _decode_items(part) if is_list else _decode_members(part).items()
    except msgspec.ValidationError:
        wrong = part if len(bytes(part)) <= _HEAD_BYTES_MAX else None
        return _SNAPSHOTS.decode(encode(others | {name: wrong}))  # raises the error
    yield
    rows: list[Any] = []
    for each in raw_rows:
        key, raw = ("", each) if is_list else each
        check_depth(bytes(raw))
        try:
            row = decode(raw)
        except (msgspec.ValidationError, RecursionError, ValueError):
            only: Any = [raw] if is_list else {key: raw}
            _SNAPSHOTS.decode(encode(others | {name: only}))  # raises the error
            raise
        rows.append(row if is_list else (key, row))
        yield
    return tuple(rows) if is_list else dict(rows)


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints that take and restore snapshots."""

    def put_snapshot(sandbox: Sandbox, call: Call[RawBody, None]) -> LongResult:
        """Restore the state of a sandbox from a snapshot."""
        return Work(put(sandbox, call))

    def put(sandbox: Sandbox, call: Call[RawBody, None]) -> Steps[SandboxResponse]:
        try:
            snapshot = yield from _decode(call.body.data)
        except (MalformedError, ViolationsError, UnicodeDecodeError) as error:
            raise CONTROL_INVALID.error(detail=str(error)) from None
        version = snapshot.mock_clover_snapshot
        if version != SNAPSHOT_VERSION:
            raise CONTROL_INVALID.error(
                detail=f"mock_clover_snapshot: unsupported version {version}; "
                f"this mock-clover reads {SNAPSHOT_VERSION}"
            )
        try:
            new_sandbox = yield from restore(sandbox, snapshot)
        except (ValueError, KeyError, msgspec.ValidationError) as error:
            raise CONTROL_INVALID.error(
                detail=f"the snapshot cannot be restored: {error}"
            ) from None
        sandboxes.replace(sandboxes.current_version_of(sandbox), new_sandbox)
        new_sandbox.webhook_sender(new_sandbox)
        return sandbox_response(new_sandbox, call)

    return (
        control_endpoint("get_snapshot", "GET", _SNAPSHOT, get_snapshot, Snapshot),
        msgspec.structs.replace(
            control_endpoint(
                "put_snapshot", "PUT", _SNAPSHOT, put_snapshot, SandboxResponse, request=Snapshot
            ),
            body_format="raw",
        ),
    )
