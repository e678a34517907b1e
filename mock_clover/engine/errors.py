"""The errors that an endpoint can return: those it declares and those its fields imply."""

from collections.abc import Iterator

import msgspec

from mock_clover.clover.common.problems import (
    BY_NAME,
    IDEMPOTENCY_MISMATCH,
    INVALID_JSON,
    INVALID_REQUEST,
    METHOD_NOT_ALLOWED,
    PAKMS_WITHOUT_AUTHORIZATION,
    PATH_NOT_FOUND,
    PAYLOAD_TOO_LARGE,
    SANDBOX_FULL,
    UNAUTHORIZED,
    Problem,
)
from mock_clover.clover.oauth.problems import PERMISSION_MISSING
from mock_clover.clover.recurring.problems import MERCHANT_ID_MISSING
from mock_clover.core.codec import problem_name_of_field
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Endpoint


def errors_of(endpoint: Endpoint) -> tuple[Problem, ...]:
    """Return all errors of an endpoint, except those that only a sandbox's settings cause."""
    implied = {
        METHOD_NOT_ALLOWED: True,
        PATH_NOT_FOUND: bool(endpoint.path_choices),
        PAYLOAD_TOO_LARGE: True,
        SANDBOX_FULL: True,
        UNAUTHORIZED: endpoint.auth.kind != "none",
        PAKMS_WITHOUT_AUTHORIZATION: endpoint.auth.kind == "pakms",
        PERMISSION_MISSING: bool(endpoint.auth.permissions or endpoint.auth.field_permissions),
        INVALID_JSON: bool(endpoint.request or endpoint.query),
        INVALID_REQUEST: endpoint.query is not None,  # too many query fields
        IDEMPOTENCY_MISMATCH: endpoint.idempotent,
        MERCHANT_ID_MISSING: endpoint.auth.requires_merchant_id,
    }
    found = [*endpoint.errors, *_errors_of_fields(endpoint.request)]
    found += _errors_of_fields(endpoint.query)
    found += (problem for problem, applies in implied.items() if applies)
    return tuple(dict.fromkeys(found))


def _errors_of_fields(record: type[Record] | None) -> Iterator[Problem]:
    """Yield the errors of invalid fields, which `doc(...)` names in `problem_name`."""
    for field in msgspec.structs.fields(record) if record is not None else ():
        yield BY_NAME.get(problem_name_of_field(record, field.name), INVALID_REQUEST)
