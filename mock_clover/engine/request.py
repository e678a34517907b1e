"""Reading a request: who asks, what the body and the query say, under which idempotency key.

What cannot be read is refused in Clover's words on Clover's surface, and in ours on the control's.
"""

import re
from hashlib import blake2b
from typing import Never
from urllib.parse import parse_qsl

from mock_clover.clover.common.permissions import Permission, missing
from mock_clover.clover.common.problems import (
    BY_NAME,
    CONTROL_INVALID,
    FORWARDED_FOR_MISSING,
    INVALID_JSON,
    INVALID_REQUEST,
    PAKMS_WITHOUT_AUTHORIZATION,
    PATH_NOT_FOUND,
    UNAUTHORIZED,
    UNKNOWN_PARAMETER,
)
from mock_clover.clover.oauth.problems import OAUTH_MEDIA_TYPE, PERMISSION_MISSING
from mock_clover.core.codec import (
    Codec,
    MalformedError,
    ViolationsError,
    nearest,
    parse,
    unknown_members,
)
from mock_clover.core.masking import redact_name
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Endpoint, OpenBody, Raw
from mock_clover.sandbox.idempotency import KEY_CHARS_MAX
from mock_clover.sandbox.sandbox import Sandbox

_QUERY_FIELDS_MAX = 100
_YAML = (b"text/yaml", b"application/yaml", b"text/x-yaml", b"application/x-yaml")
_UNSAID = (b"text/plain", b"application/x-www-form-urlencoded")
_LACKING = re.compile(r"missing required field `(\w+)`")


def authorise(sandbox: Sandbox, endpoint: Endpoint, headers: dict[bytes, bytes]) -> str:
    """Return the credential that was shown, or refuse: one answer to all that may be wrong."""
    if endpoint.auth == "none":
        return ""
    if endpoint.auth == "apikey":
        shown = headers.get(b"apikey", b"").decode("latin-1").strip()
        if shown != sandbox.credentials.api_key:
            said = "the apikey is not of this sandbox" if shown else "no apikey is shown"
            raise UNAUTHORIZED.error(reason=said)
        return shown
    header = headers.get(b"authorization")
    if header == sandbox.bearer_header:
        shown = sandbox.credentials.access_token
    else:
        shown = _other_bearer(sandbox, endpoint, header)
    if sandbox.settings.permissions is not None:
        _refuse_unpermitted(endpoint, endpoint.permissions, sandbox.settings.permissions)
    return shown


def _other_bearer(sandbox: Sandbox, endpoint: Endpoint, header: bytes | None) -> str:
    """Return the token of an Authorization header that OAuth gave and that is good now."""
    if header is None and endpoint.auth == "pakms":
        raise PAKMS_WITHOUT_AUTHORIZATION.error()
    shown = _bearer(header)
    bearer = sandbox.bearers.get(shown)
    if bearer is None:
        said = legacy_token_error(sandbox, shown)
        if said:
            raise UNAUTHORIZED.error(reason=said)
    elif sandbox.clock.now_ms() >= bearer.expires_ms:
        raise UNAUTHORIZED.error(reason="the access token has expired; POST /oauth/v2/refresh")
    return shown


def legacy_token_error(sandbox: Sandbox, shown: str) -> str:
    """Say why a text is no legacy bearer token that is good now, or ''."""
    if shown == sandbox.credentials.access_token:
        return ""
    given_ms = sandbox.access_tokens.get(shown)
    if given_ms is None:
        return "the bearer token is not of this sandbox" if shown else "no bearer token is shown"
    if sandbox.clock.now_ms() - given_ms > sandbox.settings.access_token_life_ms:
        return "the bearer token is older than access_token_life_ms"
    return ""


def refuse_members(sandbox: Sandbox, endpoint: Endpoint, request: Record | None) -> None:
    """Refuse members of a body that the app has no permission for."""
    granted = sandbox.settings.permissions
    if granted is not None and request is not None:
        held = _set_fields(request)
        needed = tuple(name for member, name in endpoint.permissions_with if member in held)
        _refuse_unpermitted(endpoint, needed, granted)


def _refuse_unpermitted(
    endpoint: Endpoint, needed: tuple[Permission, ...], granted: tuple[Permission, ...]
) -> None:
    lacking = missing(needed, granted)
    if lacking:
        word = "permission" if len(lacking) == 1 else "permissions"
        raise PERMISSION_MISSING.error(
            reason=f"{endpoint.name} needs the {word} {', '.join(lacking)}"
        )


def _set_fields(request: Record) -> set[str]:
    """Return the names of the members that a body has, and those of its lists' items."""
    held: set[str] = set()
    for name in request.__struct_fields__:
        value = getattr(request, name)
        if value is None or value == ():
            continue
        held.add(name)
        for each in value if isinstance(value, list | tuple) else ():
            held |= _set_fields(each) if isinstance(each, Record) else set()
    return held


def _bearer(header: bytes | None) -> str:
    """Return the token of an Authorization header, or '' when it holds none."""
    if header is None or header[:7].lower() != b"bearer ":
        return ""
    return header[7:].decode("latin-1").strip()


def enforce_strict(endpoint: Endpoint, raw: Raw) -> None:
    """Under --strict refuse what this mock else forgives."""
    if endpoint.extension:
        raise PATH_NOT_FOUND.error()
    if endpoint.forwarded_for and not raw.headers.get(b"x-forwarded-for"):
        raise FORWARDED_FOR_MISSING.error()
    if endpoint.request and not endpoint.any_body:
        try:
            unknown = unknown_members(parse(raw.body), endpoint.request)
        except MalformedError:
            return  # the decoder says it better
        if unknown:
            param = redact_name(unknown[0]) if endpoint.secret else unknown[0]
            raise UNKNOWN_PARAMETER.error(param=param)


def decode_body(endpoint: Endpoint, raw: Raw) -> Record | None:
    """Return the body as its record, or refuse."""
    codec: Codec[Record] | None = endpoint.codec
    if codec is None:
        return None
    if endpoint.json_only:
        _refuse_other_media(raw.headers)
    try:
        if endpoint.any_body:
            return codec.convert(_merged(raw))
        if endpoint.request is OpenBody:
            if _is_text(raw):
                return OpenBody(text=raw.body)
            return codec.convert({"tree": parse(raw.body)})
        body = raw.body
        return codec.decode(body if body[:1] == b"{" or body.strip() else b"")
    except MalformedError as error:
        if endpoint.unjournaled:
            raise CONTROL_INVALID.error(said=str(error)) from None
        raise INVALID_JSON.error() from None
    except ViolationsError as violations:
        _refuse_violation(violations, control=endpoint.unjournaled)


def _is_text(raw: Raw) -> bool:
    """Tell whether an open body is a YAML text: it says so, or says nothing and is no JSON.

    `curl --data-binary` calls whatever it sends a form.
    """
    said = raw.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if said in _YAML:
        return True
    return said in _UNSAID and raw.body.lstrip()[:1] not in (b"{", b"[", b"")


def _refuse_other_media(headers: dict[bytes, bytes]) -> None:
    """Refuse what says that it is no JSON; what says nothing may be it (inferred)."""
    said = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if said and said != b"application/json" and not said.endswith(b"+json"):
        raise OAUTH_MEDIA_TYPE.error()


def decode_query(endpoint: Endpoint, query: bytes) -> Record | None:
    """Return the query as its record, or refuse."""
    codec: Codec[Record] | None = endpoint.query_codec
    if codec is None:
        return None
    if not query:
        nothing = endpoint.no_query
        if nothing is not None:
            return nothing
    try:
        fields = _gathered(query) if endpoint.surface.gathers_query else _fields(query)
        if endpoint.unjournaled and endpoint.query is not None:
            _refuse_unknown(fields, endpoint.query)
        return codec.convert(fields)
    except MalformedError:
        raise INVALID_REQUEST.error(param="query") from None
    except ViolationsError as violations:
        _refuse_violation(violations, control=endpoint.unjournaled)


def _refuse_unknown(fields: dict[str, str], query: type[Record]) -> None:
    for name in unknown_members(fields, query):
        near = nearest(name, query)
        meant = f"; did you mean `{near}`?" if near else ""
        raise CONTROL_INVALID.error(said=f"there is no query member `{name}`{meant}")


def _refuse_violation(violations: ViolationsError, *, control: bool = False) -> Never:
    if control:
        raise CONTROL_INVALID.error(said=str(violations))
    first = violations.found[0]
    problem = BY_NAME.get(first.problem, INVALID_REQUEST)
    lacking = _LACKING.search(first.said)
    raise problem.error(param=f"{first.path}.{lacking[1]}" if lacking else first.path)


def _merged(raw: Raw) -> dict[str, object]:
    """Merge query, form and JSON: real clients send a legacy exchange in all three ways."""
    merged: dict[str, object] = dict(_fields(raw.query))
    if raw.body.lstrip()[:1] in (b"{", b"["):
        tree = parse(raw.body)
        if not isinstance(tree, dict):
            raise MalformedError("Expected an object")
        merged.update(tree)
    else:
        merged.update(_fields(raw.body))
    return merged


def _gathered(encoded: bytes) -> dict[str, str]:
    """Return the fields of a platform query: what is given more than once is joined by commas.

    Documented is a repeated `filter`; goparrot sends one that is joined by commas already.
    """
    fields: dict[str, str] = {}
    for name, value in _pairs(encoded):
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields


def _fields(encoded: bytes) -> dict[str, str]:
    return dict(_pairs(encoded))


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        text = encoded.decode("ascii", "replace")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        raise MalformedError("too many fields") from None


def idempotency_key(headers: dict[bytes, bytes]) -> str:
    """Return the key under any spelling that clients use, or ''."""
    key = (
        headers.get(b"idempotency-key")
        or headers.get(b"x-idempotency-key")
        or headers.get(b"idempotency_key")
        or b""
    )
    if len(key) > KEY_CHARS_MAX:
        key = blake2b(key).hexdigest().encode()
    return key.decode("latin-1").strip()
