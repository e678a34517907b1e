"""Requests that no endpoint handles: by host, with the reason, and under --strict evidence."""

from mock_clover.clover.common.known_operations import KNOWN_UNSERVED
from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.surface import ROUTER, SURFACE
from mock_clover.engine.unknown_path import path_error
from tests.failure_messages import assert_no_errors
from tests.in_process import InProcessServer, MakeServer

V3 = "/v3/merchants/{merchant}"
UNKNOWN = "Clover has no such path"
UNSERVED = "Clover has this, mock-clover does not serve it"
CASES = [
    # method, path, status, evidence, reason
    ("GET", "/v1/nothing", 404, "observed", UNKNOWN),
    ("POST", "/v1/charge", 404, "observed", f"{UNKNOWN}; did you mean POST /v1/charges?"),
    ("POST", "/v2/charges", 404, "inferred", f"{UNKNOWN}; did you mean POST /v1/charges?"),
    ("POST", "/V1/Charges", 404, "inferred", f"{UNKNOWN}; did you mean POST /v1/charges?"),
    ("POST", "/charges", 404, "inferred", f"{UNKNOWN}; did you mean POST /v1/charges?"),
    ("POST", "//v1/charges", 404, "inferred", f"{UNKNOWN}; did you mean POST /v1/charges?"),
    ("POST", "/v1/v1/charges", 404, "observed", f"{UNKNOWN}; did you mean POST /v1/charges?"),
    (
        "POST",
        "/v1/charges/X/captures",
        404,
        "observed",
        f"{UNKNOWN}; did you mean POST /v1/charges/{{charge_id}}/capture?",
    ),
    ("GET", f"{V3}/zzz", 404, "inferred", UNKNOWN),
    ("DELETE", f"{V3}/zzz", 404, "inferred", UNKNOWN),
    ("POST", f"{V3}/made_up", 405, "observed", f"{UNKNOWN})"),
    (
        "POST",
        f"{V3}/order",
        405,
        "observed",
        f"{UNKNOWN}; did you mean POST /v3/merchants/{{merchant_id}}/orders?",
    ),
    ("GET", "/recurring/v1/zzz", 404, "inferred", UNKNOWN),
    ("POST", "/recurring/v1/zzz", 404, "inferred", UNKNOWN),
    ("GET", "/" + "v1/" * 30, 404, "observed", UNKNOWN),
    ("DELETE", "/v1/charges", 405, "inferred", "the path has POST, GET"),
    ("PUT", f"{V3}/payments", 405, "observed", "the path has GET"),
    ("GET", f"{V3}/customers.csv", 404, "inferred", UNSERVED),
    ("POST", f"{V3}/categories", 405, "inferred", UNSERVED),
    ("DELETE", f"{V3}/categories/X", 404, "inferred", UNSERVED),
    ("PUT", "/v1/tokens/X", 404, "inferred", UNSERVED),
    ("GET", "/_mock/jornal", 404, "inferred", "mock-clover has no such path; did you mean GET "),
]


def test_unknown_paths_by_host(server: InProcessServer) -> None:
    errors = []
    for method, path, status, evidence, reason in CASES:
        got = server.send(method, path.replace("{merchant}", server.known.merchant_id))
        body = {404: "404 Not Found", 405: f"405 {method} not allowed."}[status].encode()
        is_right = (got.status, got.body, got.evidence) == (status, body, evidence)
        if not is_right or f"({reason}" not in got.why:
            errors.append(f"{method} {path}: {got}")
    assert_no_errors(errors)


def test_unknown_paths_under_strict_evidence(make_server: MakeServer) -> None:
    server = make_server(refuse_inferred=True)
    errors = []
    for method, path, status, evidence, _ in CASES:
        got = server.send(method, path.replace("{merchant}", server.known.merchant_id))
        is_refused = evidence == "inferred" and not path.startswith("/_mock")
        if got.status != (501 if is_refused else status):
            errors.append(f"{method} {path}: {got}")
    assert_no_errors(errors)


def test_listed_operations_are_not_served() -> None:
    """An operation that is served now must be deleted from `clover/common/known_operations.py`."""
    served = []
    for operation in KNOWN_UNSERVED:
        try:
            ROUTER.find(operation.method, operation.path)
        except ApiError:
            continue
        served.append(f"{operation.method} {operation.path}")
    assert_no_errors(served)
    assert len({each[:2] for each in KNOWN_UNSERVED}) == len(KNOWN_UNSERVED)


def test_a_suggestion_compares_few_characters() -> None:
    """The cost of a suggestion does not grow with the path: a long path has none."""
    served = [(each.method, each.path) for each in SURFACE]
    long = path_error("GET", "/v1/charge" + "s" * 10_000, served)
    assert long.params["reason"] == UNKNOWN
