"""Errors of 3-D Secure. The list of all errors is in `clover/common/problems.py`."""

from mock_clover.core.evidence import documented, inferred, observed
from mock_clover.core.problem import invalid_request_problem, problem

THREEDS_SOURCE_INVALID = invalid_request_problem(
    "THREEDS_SOURCE_INVALID",
    "Missing or invalid source (CLOVER / NON_CLOVER) for 3DSecure",
    observed("CC 103957; the message has no final period"),
    param="threeds.source",
)
THREEDS_BROWSER_INFO_INVALID = invalid_request_problem(
    "THREEDS_BROWSER_INFO_INVALID",
    "Missing or invalid/incomplete browser_info for 3DSecure via source (CLOVER)",
    observed("CC 103957; which fields make it complete is inferred from the 3DS SDK page"),
    param="threeds.browser_info",
)
THREEDS_RESULT_INVALID = invalid_request_problem(
    "THREEDS_RESULT_INVALID",
    "Missing or invalid/incomplete authentication_result for 3DSecure via source (NON_CLOVER)",
    documented("DOCS:use-3ds: the cryptogram is required; the message is that for browser_info"),
    param="threeds.authentication_result",
)
THREEDS_FLOW_STATUS_MISSING = invalid_request_problem(
    "THREEDS_FLOW_STATUS_MISSING",
    "Missing or invalid flow_status for 3DSecure",
    inferred("the message for source and browser_info; Clover does not document the values"),
    param="threeds.flow_status",
)
THREEDS_UNFINISHED = problem(
    "THREEDS_UNFINISHED",
    400,
    "processing_error",
    "3DSecure challenge has not been completed",
    inferred("the issuer has set no result, and flow_status has no known value"),
)
THREEDS_NOT_PENDING = problem(
    "THREEDS_NOT_PENDING",
    400,
    "processing_error",
    "Invalid request: cannot finalize a payment that is not pending 3DSecure",
    inferred("the message for a capture in the wrong state"),
)
THREEDS_ALREADY_FINALIZED = problem(
    "THREEDS_ALREADY_FINALIZED",
    400,
    "processing_error",
    "Invalid request: cannot finalize a payment twice",
    inferred("the message for a capture in the wrong state"),
)
THREEDS_EXPIRED = problem(
    "THREEDS_EXPIRED",
    400,
    "processing_error",
    "3DSecure authentication has expired",
    inferred("Clover does not document a lifetime"),
)
