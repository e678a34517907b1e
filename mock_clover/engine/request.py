"""Authenticate a request and decode its body, query and idempotency key.

An invalid request gets Clover's error on Clover's API, and this mock's own on the control API.
"""

import re
from hashlib import blake2b
from typing import Never
from urllib.parse import parse_qsl

from mock_clover.clover.common.permissions import Permission, missing_permissions
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
    USER_AGENT_MISSING,
    strict_refusal,
)
from mock_clover.clover.oauth.behaviours import (
    ACCESS_TOKEN_LIFETIME,
    DEACTIVATED_KEY_IS_REJECTED,
    LEGACY_TOKEN_LIFETIME,
    PERMISSIONS_PER_REQUEST,
    TOKEN_HAS_INTEGRATION_TYPE,
)
from mock_clover.clover.oauth.problems import OAUTH_MEDIA_TYPE, PERMISSION_MISSING
from mock_clover.core.codec import (
    Codec,
    MalformedError,
    ViolationsError,
    nearest_known_path,
    parse,
    unknown_fields,
)
from mock_clover.core.masking import redact, redact_field_name
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import ECOMMERCE, Endpoint, RawBody, RawRequest, UntypedBody
from mock_clover.engine.malformed_body import content_encoding, malformed_reason
from mock_clover.engine.wrong_credential import api_key_reason, bearer_reason
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.idempotency import KEY_CHARS_MAX
from mock_clover.sandbox.sandbox import Sandbox

_QUERY_FIELDS_MAX = 100
_CHECKOUT_PATH = "/invoicingcheckoutservice/"
_CLIENT_HEADERS = (
    (b"x-forwarded-for", FORWARDED_FOR_MISSING),
    (b"user-agent", USER_AGENT_MISSING),
)
_QUERY_BYTES_MAX = 65_536
"""Maximum size of a query or form: 1 MiB of percent signs would take 0.2 s."""
_YAML_MEDIA_TYPES = (b"text/yaml", b"application/yaml", b"text/x-yaml", b"application/x-yaml")
_UNRELIABLE_MEDIA_TYPES = (b"text/plain", b"application/x-www-form-urlencoded")
_MISSING_FIELD = re.compile(r"missing required field `(\w+)`")


def authenticate(sandbox: Sandbox, endpoint: Endpoint, headers: dict[bytes, bytes]) -> str:
    """Return the credential of a request.

    Raises UNAUTHORIZED for any invalid credential, and PERMISSION_MISSING.
    """
    kind = endpoint.auth.kind
    if kind == "none":
        return ""
    if kind == "apikey":
        api_key = headers.get(b"apikey", b"").decode("latin-1").strip()
        if api_key != sandbox.credentials.api_key:
            raise UNAUTHORIZED.error(reason=api_key_reason(sandbox, headers))
        if not sandbox.settings.api_key_active:
            reason = "the apikey is deactivated (setting api_key_active)"
            raise UNAUTHORIZED.error(reason=reason, basis=(DEACTIVATED_KEY_IS_REJECTED,))
        if sandbox.settings.integration_type != "any":
            _check_integration_type(sandbox, endpoint)
        return api_key
    header = headers.get(b"authorization")
    if header == sandbox.bearer_header:
        token = sandbox.credentials.access_token
        if sandbox.settings.integration_type != "any":
            _check_integration_type(sandbox, endpoint)
    else:
        token = _oauth_token(sandbox, endpoint, headers)
    if sandbox.settings.permissions is not None:
        _check_permissions(endpoint, endpoint.auth.permissions, sandbox.settings.permissions)
    return token


def _check_integration_type(sandbox: Sandbox, endpoint: Endpoint) -> None:
    """Reject the merchant's Ecommerce token if its type does not include the endpoint."""
    if endpoint.surface is not ECOMMERCE:
        return
    integration = sandbox.settings.integration_type
    if (integration == "hosted_checkout") != endpoint.path.startswith(_CHECKOUT_PATH):
        raise UNAUTHORIZED.error(
            reason=f"the merchant's Ecommerce token is for {integration} (setting "
            "integration_type)",
            basis=(TOKEN_HAS_INTEGRATION_TYPE,),
        )


def _oauth_token(sandbox: Sandbox, endpoint: Endpoint, headers: dict[bytes, bytes]) -> str:
    """Return the token of an Authorization header if OAuth issued it and it is valid."""
    header = headers.get(b"authorization")
    if header is None and endpoint.auth.kind == "pakms":
        raise PAKMS_WITHOUT_AUTHORIZATION.error(rule="no Authorization header was sent")
    token = _parse_bearer_token(header)
    bearer = sandbox.bearers.get(token)
    if bearer is None:
        reason = legacy_token_error(sandbox, token)
        if reason:
            if token not in sandbox.access_tokens:
                raise UNAUTHORIZED.error(reason=bearer_reason(sandbox, headers))
            raise UNAUTHORIZED.error(reason=reason, basis=(LEGACY_TOKEN_LIFETIME,))
    elif sandbox.clock.now_ms() >= bearer.expires_ms:
        raise UNAUTHORIZED.error(
            reason="the access token has expired; POST /oauth/v2/refresh",
            basis=(ACCESS_TOKEN_LIFETIME,),
        )
    return token


def legacy_token_error(sandbox: Sandbox, token: str) -> str:
    """Return the reason why a legacy bearer token is invalid, or '' if it is valid."""
    if token == sandbox.credentials.access_token:
        return ""
    issued_ms = sandbox.access_tokens.get(token)
    if issued_ms is None:
        if not token:
            return "no bearer token was sent"
        return "the bearer token is not valid for this sandbox"
    if sandbox.clock.now_ms() - issued_ms > sandbox.settings.access_token_life_ms:
        return (
            "the bearer token has expired (access_token_life_ms); "
            "request a new one from /oauth/token"
        )
    return ""


def check_field_permissions(sandbox: Sandbox, endpoint: Endpoint, request: Record | None) -> None:
    """Reject a body with fields that the app has no permission for."""
    granted = sandbox.settings.permissions
    if granted is not None and request is not None:
        names = _set_fields(request)
        needed = tuple(name for field, name in endpoint.auth.field_permissions if field in names)
        _check_permissions(endpoint, needed, granted)


def _check_permissions(
    endpoint: Endpoint, needed: tuple[Permission, ...], granted: tuple[Permission, ...]
) -> None:
    lacking = missing_permissions(needed, granted)
    if lacking:
        noun = "permission" if len(lacking) == 1 else "permissions"
        raise PERMISSION_MISSING.error(
            basis=(PERMISSIONS_PER_REQUEST,),
            reason=f"{endpoint.name} needs the {noun} {', '.join(lacking)}",
        )


def _set_fields(request: Record) -> set[str]:
    """Return the names of the fields that are set, including those of items in lists."""
    names: set[str] = set()
    for name in request.__struct_fields__:
        value = getattr(request, name)
        if value is None or value == ():
            continue
        names.add(name)
        for item in value if isinstance(value, list | tuple) else ():
            names |= _set_fields(item) if isinstance(item, Record) else set()
    return names


def _parse_bearer_token(header: bytes | None) -> str:
    """Return the bearer token of an Authorization header, or ''."""
    if header is None or header[:7].lower() != b"bearer ":
        return ""
    return header[7:].decode("latin-1").strip()


def enforce_strict(endpoint: Endpoint, raw: RawRequest) -> None:
    """With --strict, reject whatever Clover's documentation does not allow.

    Raises PATH_NOT_FOUND, UNKNOWN_PARAMETER, FORWARDED_FOR_MISSING or USER_AGENT_MISSING. Handlers
    check what only they know.
    """
    if endpoint.extension:
        raise strict_refusal(PATH_NOT_FOUND)
    for name, problem in _CLIENT_HEADERS if endpoint.requires_client_headers else ():
        if not raw.headers.get(name):
            raise strict_refusal(problem)
    if endpoint.surface is ECOMMERCE and b"expand=" in raw.query:
        # DOCS:expanding-fields, newest text: "Ecommerce API: Does not support the expand query
        # parameter."
        raise strict_refusal(UNKNOWN_PARAMETER, param="expand")
    if endpoint.request and endpoint.body_format not in ("json_or_form", "raw"):
        try:
            unknown = next(unknown_fields(parse(raw.body), endpoint.request), None)
        except MalformedError:
            return  # `decode_body` raises a more precise error
        if unknown is not None:
            param = redact_field_name(unknown) if endpoint.has_card_data else unknown
            raise strict_refusal(UNKNOWN_PARAMETER, param=param)


def decode_body(endpoint: Endpoint, raw: RawRequest) -> Record | None:
    """Decode the body to the endpoint's request record. Raises ApiError if it is invalid."""
    codec: Codec[Record] | None = endpoint.codec
    if codec is None:
        return None
    if endpoint.body_format == "raw":
        return RawBody(data=raw.body)
    if endpoint.body_format == "json_only":
        _require_json(raw.headers)
    try:
        if endpoint.body_format == "json_or_form":
            return codec.convert(_merge_parameters(raw))
        if endpoint.request is UntypedBody:
            if _is_yaml(raw):
                _reject_compressed(raw)
                return UntypedBody(text=raw.body)
            tree = parse(raw.body)
            return UntypedBody(tree=tree) if isinstance(tree, dict) else codec.convert(tree)
        body = raw.body
        return codec.decode(body if body[:1] == b"{" or body.strip() else b"")
    except MalformedError as error:
        encoding = content_encoding(raw.headers)
        reason = malformed_reason(raw.body, str(error), encoding)
        if not endpoint.surface.journaled:
            raise CONTROL_INVALID.error(detail=reason) from None
        raise INVALID_JSON.error(rule=reason) from None
    except ViolationsError as violations:
        is_empty = not raw.body.strip() and endpoint.body_format == "json"
        _raise_violation(violations, control=not endpoint.surface.journaled, is_empty=is_empty)


def _is_yaml(raw: RawRequest) -> bool:
    """Return whether an untyped body is YAML: by its content type, or because it is not JSON.

    `curl --data-binary` sends every body with the content type of a form.
    """
    media_type = raw.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type in _YAML_MEDIA_TYPES:
        return True
    return media_type in _UNRELIABLE_MEDIA_TYPES and raw.body.lstrip()[:1] not in (b"{", b"[", b"")


def _reject_compressed(raw: RawRequest) -> None:
    """Reject a compressed form or YAML. Raises MalformedError."""
    encoding = content_encoding(raw.headers)
    if encoding and not raw.body.isascii():
        raise MalformedError(
            f"It is compressed with {encoding}, send it without a content-encoding"
        )


def _require_json(headers: dict[bytes, bytes]) -> None:
    """Reject a content type that is not JSON. A missing content type is accepted (inferred)."""
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type and media_type != b"application/json" and not media_type.endswith(b"+json"):
        raise OAUTH_MEDIA_TYPE.error(
            rule="the content type is not application/json; this operation requires it"
        )


def decode_query(endpoint: Endpoint, query: bytes) -> Record | None:
    """Decode the query to the endpoint's query record. Raises ApiError if it is invalid."""
    codec: Codec[Record] | None = endpoint.query_codec
    if codec is None:
        return None
    if not query:
        empty = endpoint.empty_query
        if empty is not None:
            return empty
    try:
        fields = (
            _join_repeated(query)
            if endpoint.surface.joins_repeated_parameters
            else query_fields(query)
        )
        if not endpoint.surface.journaled and endpoint.query is not None:
            _reject_unknown(fields, endpoint.query)
        return codec.convert(fields)
    except MalformedError:
        raise INVALID_REQUEST.error(
            param="query", rule=f"query has too many parameters; at most {_QUERY_FIELDS_MAX}"
        ) from None
    except ViolationsError as violations:
        _raise_violation(violations, control=not endpoint.surface.journaled)


def _reject_unknown(fields: dict[str, str], query: type[Record]) -> None:
    for name in unknown_fields(fields, query):
        near = nearest_known_path(name, query)
        suggestion = f"; did you mean `{near}`?" if near else ""
        raise CONTROL_INVALID.error(detail=f"unknown query parameter `{name}`{suggestion}")


def _raise_violation(
    error: ViolationsError, *, control: bool = False, is_empty: bool = False
) -> Never:
    if control:
        raise CONTROL_INVALID.error(detail=str(error))
    first = error.violations[0]
    problem = BY_NAME.get(first.problem_name, INVALID_REQUEST)
    field = _MISSING_FIELD.search(first.message)
    rule = f"the body is empty; {first.rule}" if is_empty else first.rule
    raise problem.error(param=f"{first.path}.{field[1]}" if field else first.path, rule=rule)


def _merge_parameters(raw: RawRequest) -> dict[str, object]:
    """Merge query, form and JSON: clients send a legacy OAuth exchange in all three ways."""
    merged: dict[str, object] = dict(query_fields(raw.query))
    if raw.body.lstrip()[:1] in (b"{", b"["):
        tree = parse(raw.body)
        if not isinstance(tree, dict):
            raise MalformedError("Expected an object")
        merged.update(tree)
    else:
        _reject_compressed(raw)
        merged.update(query_fields(raw.body))
    return merged


def _join_repeated(encoded: bytes) -> dict[str, str]:
    """Return the parameters of a platform query; repeated ones are joined by commas.

    Documented: a repeated `filter`. GP sends a single one, already joined by commas.
    """
    fields: dict[str, str] = {}
    for name, value in _parse_pairs(encoded):
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields


def query_fields(encoded: bytes) -> dict[str, str]:
    """Return the parameters of a query or a form. Raises MalformedError if there are too many."""
    return dict(_parse_pairs(encoded))


def _parse_pairs(encoded: bytes) -> list[tuple[str, str]]:
    if len(encoded) > _QUERY_BYTES_MAX:
        raise MalformedError(f"more than {_QUERY_BYTES_MAX} bytes of query or form")
    try:
        text = encoded.decode("ascii", "replace")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        raise MalformedError(f"more than {_QUERY_FIELDS_MAX} query parameters") from None


def idempotency_key(headers: dict[bytes, bytes], fingerprint_key: bytes) -> str:
    """Return the idempotency key from any of the header names that clients use, or ''.

    A key that contains what looks like a card number is replaced by its keyed hash: a snapshot
    could not return it otherwise.
    """
    key = (
        headers.get(b"idempotency-key")
        or headers.get(b"x-idempotency-key")
        or headers.get(b"idempotency_key")
        or b""
    )
    if not key:
        return ""
    if len(key) > KEY_CHARS_MAX:
        key = blake2b(key).hexdigest().encode()
    text = key.decode("latin-1").strip()
    if redact(text) == text:
        return text
    return f"hash-{fingerprint(fingerprint_key, f'idempotency key {text}')}"
