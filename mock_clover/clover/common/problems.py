"""The catalogue of errors, named by situation, because Clover uses one code for many situations.

An error has a status, code, type, message and evidence. The error format is chosen by the dialect
(`engine/error_format.py`). A handler raises an error before it changes the sandbox.
`docs/contributing.md` says how to add one.
"""

from mock_clover.clover.checkout import problems as checkout_problems
from mock_clover.clover.common import problems_evidence as evidence_problems
from mock_clover.clover.common.behaviours_service import STRICT_REFUSAL
from mock_clover.clover.gift_cards import problems as gift_cards_problems
from mock_clover.clover.oauth import problems as oauth_problems
from mock_clover.clover.platform import problems as platform_problems
from mock_clover.clover.recurring import problems as recurring_problems
from mock_clover.clover.refunds import problems as refunds_problems
from mock_clover.clover.threeds import problems as threeds_problems
from mock_clover.clover.tokens import problems as tokens_problems
from mock_clover.core.evidence import documented, inferred, observed
from mock_clover.core.problem import (
    ApiError,
    Problem,
    invalid_request_problem,
    message_only_problem,
    plain_text_problem,
    problem,
)

__all__ = ["ApiError", "Problem"]  # re-exported with the catalogue

_CODES = "DOCS:ecommerce-error-codes"


def strict_refusal(problem: Problem, **params: object) -> ApiError:
    """Return the error of a request that only the `strict` setting rejects.

    It relies on `STRICT_REFUSAL`: its evidence is inferred, and `refuse_inferred` lets it pass.
    """
    if "param" in params:
        params.setdefault(
            "rule", f"{params['param']} is {_STRICT_RULES.get(problem.name, 'wrong')}"
        )
    return problem.error(basis=(STRICT_REFUSAL,), **params)


_STRICT_RULES = {
    "PARAMETER_MISSING": "missing; the documentation requires it",
    "UNKNOWN_PARAMETER": "unknown; the documentation does not have it",
}


# Transport and authentication ---------------------------------------------------------------------

UNAUTHORIZED = message_only_problem(
    "UNAUTHORIZED",
    401,
    "401 Unauthorized",
    observed("GP on every endpoint; a live probe of the scl and token hosts"),
)
PAKMS_WITHOUT_AUTHORIZATION = plain_text_problem(
    "PAKMS_WITHOUT_AUTHORIZATION",
    401,
    "Unauthorized",
    observed("live probe of /pakms/apikey without the header"),
)
PATH_NOT_FOUND = plain_text_problem(
    "PATH_NOT_FOUND", 404, "404 Not Found", observed("scl host, unknown paths")
)
METHOD_NOT_ALLOWED = plain_text_problem(
    "METHOD_NOT_ALLOWED",
    405,
    "405 {method} not allowed.",
    observed("platform v3: a wrong method, and a POST to an unknown path"),
)
PAYLOAD_TOO_LARGE = message_only_problem(
    "PAYLOAD_TOO_LARGE",
    413,
    "413 Request Entity Too Large",
    inferred("no limit of Clover was found; this mock's limit is 1 MiB"),
)
SANDBOX_FULL = message_only_problem(
    "SANDBOX_FULL",
    503,
    "503 Service Unavailable",
    inferred("a limit of this mock, not of Clover; create a new sandbox"),
)
SERVICE_UNAVAILABLE = message_only_problem(
    "SERVICE_UNAVAILABLE",
    503,
    "503 Service Unavailable",
    inferred("no 5xx response of Clover was found; NODE retries on 503"),
)
RATE_LIMITED = message_only_problem(
    "RATE_LIMITED", 429, "429 Too Many Requests", observed("bypassmobile help page")
)
CONTROL_INVALID = message_only_problem(
    "CONTROL_INVALID",
    400,
    "{detail}",
    inferred("this mock's own error for an invalid control request"),
)
CONTROL_NOT_FOUND = message_only_problem(
    "CONTROL_NOT_FOUND",
    404,
    "{detail}",
    inferred("this mock's own error for a control request that names an unknown object"),
)
CONTROL_FORBIDDEN = message_only_problem(
    "CONTROL_FORBIDDEN",
    403,
    "{detail}",
    inferred("this mock's own error for a control request that is not allowed"),
)
REPLICA_NEEDS_PATH = message_only_problem(
    "REPLICA_NEEDS_PATH",
    421,
    "{detail}",
    inferred("this mock's own error for a request whose path selects no sandbox of a replica"),
)
UNKNOWN_OUTCOME = message_only_problem(
    "UNKNOWN_OUTCOME", 400, "{detail}", inferred("this mock's own error for an unknown outcome")
)
INVALID_JSON = invalid_request_problem(
    "INVALID_JSON",
    "Invalid JSON Format",
    documented("DOCS:ach-faqs, for the message; the error format is inferred"),
)
INVALID_REQUEST = invalid_request_problem(
    "INVALID_REQUEST",
    "Please provide a valid {param}.",
    inferred("the observed message for an invalid amount, currency or charge"),
)
UNKNOWN_PARAMETER = invalid_request_problem(
    "UNKNOWN_PARAMETER",
    "Received unknown parameter: {param}",
    inferred("OAS-TOK names the code; raised only with --strict"),
    code="parameter_unknown",
)
FORWARDED_FOR_MISSING = invalid_request_problem(
    "FORWARDED_FOR_MISSING",
    "Please provide a valid x-forwarded-for header.",
    inferred("REF createcharge requires the header; raised only with --strict"),
    code="parameter_missing",
    param="x-forwarded-for",
)
USER_AGENT_MISSING = invalid_request_problem(
    "USER_AGENT_MISSING",
    "Please provide a valid User-Agent header.",
    inferred(
        "REF createcharge requires the header, and an announcement of April 2026 makes it "
        "mandatory; raised only with --strict"
    ),
    code="parameter_missing",
    param="User-Agent",
)
PARAMETER_MISSING = invalid_request_problem(
    "PARAMETER_MISSING",
    "Please provide a valid {param}.",
    inferred("a page calls the field required; raised only with --strict"),
    code="parameter_missing",
)
IDEMPOTENCY_MISMATCH = problem(
    "IDEMPOTENCY_MISMATCH",
    400,
    "invalid_request",
    (
        "Keys for idempotent requests can only be used with the same parameters they were first "
        "used with."
    ),
    inferred("Clover documents only the type idempotency_error"),
    type="idempotency_error",
)

# Tokens. No error response of the token host was found: the codes are documented, the format is
# that of the charges host, and the messages follow the documented descriptions.

INCORRECT_NUMBER = invalid_request_problem(
    "INCORRECT_NUMBER",
    "Card number is invalid.",
    documented(_CODES),
    code="incorrect_number",
    param="card.number",
)
INVALID_NUMBER = invalid_request_problem(
    "INVALID_NUMBER",
    "Card number is invalid.",
    documented(_CODES),
    code="invalid_number",
    param="card.number",
)
INVALID_PAN = invalid_request_problem(
    "INVALID_PAN",
    "Card number is not a valid raw or encrypted PAN.",
    documented(_CODES),
    param="card.encrypted_pan",
)
PAN_MISMATCH = invalid_request_problem(
    "PAN_MISMATCH",
    "Card {param} does not match the card number.",
    inferred("OAS-TOK requires first6 and last4 with an encrypted PAN"),
    code="invalid_number",
)
CARD_NOT_LISTED = invalid_request_problem(
    "CARD_NOT_LISTED",
    "Card number is not a Clover test card.",
    inferred("raised only with --listed-cards-only"),
    code="incorrect_number",
    param="card.number",
)
INCORRECT_CVC = invalid_request_problem(
    "INCORRECT_CVC",
    "CVV must be three or four digits.",
    documented(_CODES),
    code="incorrect_cvc",
    param="card.cvv",
)
INVALID_EXPIRY_MONTH = invalid_request_problem(
    "INVALID_EXPIRY_MONTH",
    "Card expiry month is invalid.",
    documented(_CODES),
    code="invalid_expiry_month",
    param="card.exp_month",
)
INVALID_EXPIRY_YEAR = invalid_request_problem(
    "INVALID_EXPIRY_YEAR",
    "Card expiry year is invalid.",
    documented(_CODES),
    code="invalid_expiry_year",
    param="card.exp_year",
)
EXPIRED_CARD = invalid_request_problem(
    "EXPIRED_CARD", "Card expired.", documented(_CODES), code="expired_card", param="card.exp_year"
)
INVALID_CARD_TYPE = invalid_request_problem(
    "INVALID_CARD_TYPE",
    "Card brand is invalid or not supported.",
    documented(_CODES),
    code="invalid_card_type",
    param="card.brand",
)
TOKEN_UPSTREAM_FAILURE = problem(
    "TOKEN_UPSTREAM_FAILURE",
    400,
    "missing",
    "Token request failed.",
    documented(f"{_CODES}; the status is inferred"),
    type="api_error",
)
TOKEN_NOT_FOUND = invalid_request_problem(
    "TOKEN_NOT_FOUND",
    "Token with id {id} not found.",
    inferred("the message for customers and charges"),
    status=404,
    code="resource_missing",
)

# Charges ------------------------------------------------------------------------------------------

INVALID_CHARGE_AMOUNT = invalid_request_problem(
    "INVALID_CHARGE_AMOUNT",
    "Please provide a valid amount.",
    observed("GP CloverCharge"),
    code="invalid_charge_amount",
    param="amount",
)
AMOUNT_TOO_LARGE = invalid_request_problem(
    "AMOUNT_TOO_LARGE",
    "Amount exceeds the maximum of $999,999.99.",
    documented(f"{_CODES}; the message is inferred"),
    code="amount_too_large",
    param="amount",
)
INVALID_CURRENCY = invalid_request_problem(
    "INVALID_CURRENCY",
    "Please provide a valid currency.",
    observed("GP CloverCharge"),
    param="currency",
)
INVALID_SOURCE = invalid_request_problem(
    "INVALID_SOURCE",
    "Please provide a valid source for the charge.",
    observed("GP CloverCharge: no source; that an unknown source gets the same is inferred"),
    param="source",
)
INVALID_EXTERNAL_REFERENCE = invalid_request_problem(
    "INVALID_EXTERNAL_REFERENCE",
    "Please provide valid format or check allowable max length of 12.",
    observed("PayHub 2026-09-18: a UUID; that a wrong format alone gets the same is inferred"),
    param="external_reference_id",
)
INVALID_TENDER = invalid_request_problem(
    "INVALID_TENDER",
    "Please provide a valid tender.",
    inferred("the message for source; REF createcharge requires a tender with alternate_tender"),
    param="tender",
)
INVALID_TIP_AMOUNT = invalid_request_problem(
    "INVALID_TIP_AMOUNT",
    "Please provide a valid tip amount.",
    documented(f"{_CODES}; the message is inferred"),
    code="invalid_tip_amount",
    param="tip_amount",
)
INVALID_TAX_AMOUNT = invalid_request_problem(
    "INVALID_TAX_AMOUNT",
    "Please provide a valid tax amount.",
    documented(f"{_CODES}; the message is inferred"),
    code="invalid_tax_amount",
    param="tax_amount",
)
TOKEN_ALREADY_USED = problem(
    "TOKEN_ALREADY_USED",
    400,
    "token_already_used",
    "You cannot use a clover token more than once unless it is marked as multipay.",
    observed("PHP21, GP"),
    param="source",
)
CARD_ON_FILE_MISSING = invalid_request_problem(
    "CARD_ON_FILE_MISSING",
    "Customer has no card on file.",
    documented(f"{_CODES}; status and message are inferred"),
    code="card_on_file_missing",
    param="source",
)
CHARGE_NOT_FOUND = invalid_request_problem(
    "CHARGE_NOT_FOUND", "Charge with id {id} not found.", observed("GP CloverCharge"), status=404
)
INVALID_CHARGE_ID = invalid_request_problem(
    "INVALID_CHARGE_ID",
    "Please provide a valid charge id.",
    observed("GP CloverCharge e2e: capture, malformed id"),
)
NOT_AN_AUTHORIZATION = problem(
    "NOT_AN_AUTHORIZATION",
    400,
    "processing_error",
    "Invalid request: cannot capture a non AUTH payment",
    observed("GP CloverCharge: capture of a sale"),
)
CHARGE_ALREADY_CAPTURED = problem(
    "CHARGE_ALREADY_CAPTURED",
    400,
    "processing_error",
    "Invalid request: cannot capture a non AUTH payment",
    observed("GP CloverCharge: capture twice; the pages call it charge_already_captured"),
    documented_code="charge_already_captured",
)
AUTHORIZATION_EXPIRED = invalid_request_problem(
    "AUTHORIZATION_EXPIRED",
    "The authorization has expired.",
    documented("OAS-TOK names the code; status and message are inferred"),
    code="charge_expired_for_capture",
)
CAPTURE_TOO_LARGE = invalid_request_problem(
    "CAPTURE_TOO_LARGE",
    "Please provide a valid amount.",
    inferred("no rule was found; a capture above the authorized amount is rejected"),
    code="invalid_charge_amount",
    param="amount",
)

NOTHING_TO_RELEASE = problem(
    "NOTHING_TO_RELEASE",
    400,
    "processing_error",
    "Invalid request: no authorized amount is left",
    inferred("the page on split shipment has no error; the format is that of a second capture"),
)

# Refunds ------------------------------------------------------------------------------------------

INVALID_REFUND_CHARGE = invalid_request_problem(
    "INVALID_REFUND_CHARGE",
    "Please provide a valid charge.",
    observed("GP CloverRefund: no charge"),
    param="charge",
)
REFUND_OR_CHARGE_NOT_FOUND = problem(
    "REFUND_OR_CHARGE_NOT_FOUND",
    404,
    "processing_error",
    "Not Found",
    observed("GP CloverRefund: POST or GET with an unknown id"),
)
REFUND_TOO_LARGE = problem(
    "REFUND_TOO_LARGE",
    400,
    "processing_error",
    "This refund would make the order's total refunded amount greater than the original order's "
    "amount.",
    observed("GP CloverRefund"),
)
CHARGE_ALREADY_REFUNDED = problem(
    "CHARGE_ALREADY_REFUNDED",
    400,
    "processing_error",
    "This refund would make the order's total refunded amount greater than the original order's "
    "amount.",
    observed("GP CloverRefund; the pages call it charge_already_refunded"),
    documented_code="charge_already_refunded",
)
PARTIAL_REFUND_NOT_ALLOWED = problem(
    "PARTIAL_REFUND_NOT_ALLOWED",
    400,
    "processing_error",
    "Partial refunds are not allowed for charges with tax, tip, or more than one line item.",
    documented("REF create-refund has the rule; the message is inferred"),
)
PARTIAL_VOID_NOT_ALLOWED = problem(
    "PARTIAL_VOID_NOT_ALLOWED",
    400,
    "processing_error",
    "An authorization can only be voided in full.",
    inferred("WOO rejects a partial void before it sends a request"),
)

# Customers ----------------------------------------------------------------------------------------

EMAIL_INVALID = invalid_request_problem(
    "EMAIL_INVALID",
    "Please provide a valid email.",
    observed("CC 23365, GP CloverCustomer"),
    code="email_invalid",
    param="email",
)
INVALID_CUSTOMER_SOURCE = invalid_request_problem(
    "INVALID_CUSTOMER_SOURCE",
    "Please provide a valid source or token.",
    observed("GP CloverCustomer: no source; that an unknown source gets the same is inferred"),
    param="source",
)
CUSTOMER_RESOURCE_MISSING = problem(
    "CUSTOMER_RESOURCE_MISSING",
    404,
    "resource_missing",
    "Customer with id {id} not found.",
    observed("GP CloverCustomer: PUT"),
    type="validation_error",
)
MULTI_PAY_TOKENS_DISABLED = invalid_request_problem(
    "MULTI_PAY_TOKENS_DISABLED",
    "Multi-pay tokens are not enabled for this merchant.",
    inferred("SEED save-a-card: they must be enabled; only with the setting multi_pay_tokens"),
    param="source",
)
CUSTOMER_NOT_FOUND = invalid_request_problem(
    "CUSTOMER_NOT_FOUND",
    "Customer with id {id} not found.",
    observed("GP CloverCustomer: DELETE of a source"),
    status=404,
)
CARD_NOT_FOUND = invalid_request_problem(
    "CARD_NOT_FOUND",
    "Card with id {id} not found.",
    observed("GP CloverCustomer: DELETE of a source"),
    status=404,
)
CVV_NOT_FOUND = problem(
    "CVV_NOT_FOUND",
    400,
    "invalid_cvc",
    "CVV not found during card verification for Clover token {id}",
    observed("GP CloverCustomer"),
)
CARD_ALREADY_SAVED = invalid_request_problem(
    "CARD_ALREADY_SAVED",
    "Card already exists for customer {id}.",
    documented("DOCS:ecommerce-faqs has 409 Conflict; the response body is inferred"),
    status=409,
    param="source",
)
CARD_VERIFICATION_DECLINED = problem(
    "CARD_VERIFICATION_DECLINED",
    402,
    "card_declined",
    "{detail}",
    observed("ottstream CloverService checks for 402; the body is inferred from charges"),
    param="source",
)

# Orders -------------------------------------------------------------------------------------------

ORDER_NOT_FOUND = invalid_request_problem(
    "ORDER_NOT_FOUND",
    "Order with id {id} not found.",
    inferred("the message for charges"),
    status=404,
)
ORDER_ALREADY_PAID = invalid_request_problem(
    "ORDER_ALREADY_PAID",
    "Order with id {id} has been already paid.",
    observed("GP CloverOrder"),
    status=409,
    code="order_already_paid",
)
ORDER_WITHOUT_ITEMS = invalid_request_problem(
    "ORDER_WITHOUT_ITEMS",
    "Order with id {id} has no line items",
    observed("GP CloverOrder; the message has no final period"),
    status=404,
)
ORDER_NOT_PAID = invalid_request_problem(
    "ORDER_NOT_PAID",
    "Order has no payments. Nothing to refund",
    observed("GP CloverOrder: returns; the message has no final period"),
    status=404,
)
INVALID_ITEMS = invalid_request_problem(
    "INVALID_ITEMS",
    "Please provide valid items.",
    inferred("REF createorder marks items as required"),
    param="items",
)
INVALID_TAX_RATE = invalid_request_problem(
    "INVALID_TAX_RATE",
    "Please provide a valid tax_rate_uuid.",
    inferred("the message for amount; Clover's permissions page says that tax rates are read"),
    param="tax_rate_uuid",
)
ORDER_OVERPAID = invalid_request_problem(
    "ORDER_OVERPAID",
    "Please provide a valid amount.",
    inferred("a split payment above the remaining amount of the order"),
    code="invalid_charge_amount",
    param="amount",
)

_ERROR_MODULES = (
    evidence_problems,
    oauth_problems,
    recurring_problems,
    threeds_problems,
    tokens_problems,
    gift_cards_problems,
    refunds_problems,
    checkout_problems,
    platform_problems,
)
ALL_ERRORS: tuple[Problem, ...] = tuple(
    value
    for namespace in (dict(globals()), *map(vars, _ERROR_MODULES))
    for value in namespace.values()
    if isinstance(value, Problem)
)
BY_NAME: dict[str, Problem] = {problem.name: problem for problem in ALL_ERRORS}
SELECTABLE_ERRORS: dict[str, Problem] = {
    name: problem
    for name, problem in BY_NAME.items()
    if name not in ("UNKNOWN_OUTCOME", "EVIDENCE_INFERRED", "REPLICA_NEEDS_PATH")
    and not name.startswith("CONTROL_")
}
"""Clover's errors: those that a rule, a header, a trigger text or a fault can select."""
