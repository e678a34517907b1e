"""The catalogue of errors, named by situation, because Clover uses one code for many situations.

A problem has a status, code, type, message and evidence. The format of a service's errors is a
dialect (`engine/error_format.py`). To add a problem, add an assignment here. A handler that raises
one changes nothing in the sandbox.
"""

from mock_clover.clover.checkout import problems as problem_checkout
from mock_clover.clover.common import problems_evidence as problem_evidence
from mock_clover.clover.oauth import problems as problem_oauth
from mock_clover.clover.platform import problems as problem_platform
from mock_clover.clover.recurring import problems as problem_recurring
from mock_clover.clover.threeds import problems as problem_threeds
from mock_clover.clover.tokens import problems as problem_instrument
from mock_clover.core.evidence import documented, inferred, observed
from mock_clover.core.problem import ApiError, Problem
from mock_clover.core.problem import problem as _problem

__all__ = ["ApiError", "Problem"]  # re-exported with the catalogue

_INVALID = "invalid_request_error"
_CODES = "DOCS:ecommerce-error-codes"

# Transport and authorisation ----------------------------------------------------------------------

UNAUTHORIZED = Problem(
    name="UNAUTHORIZED",
    status=401,
    message="401 Unauthorized",
    shape="bare",
    fact=observed("GP on every endpoint; live on scl and token hosts"),
)
PAKMS_WITHOUT_AUTHORIZATION = Problem(
    name="PAKMS_WITHOUT_AUTHORIZATION",
    status=401,
    message="Unauthorized",
    shape="plain",
    fact=observed("live probe of /pakms/apikey without the header"),
)
PATH_NOT_FOUND = Problem(
    name="PATH_NOT_FOUND",
    status=404,
    message="404 Not Found",
    shape="plain",
    fact=observed("scl host, unknown paths"),
)
METHOD_NOT_ALLOWED = Problem(
    name="METHOD_NOT_ALLOWED",
    status=405,
    message="405 {method} not allowed.",
    shape="plain",
    fact=observed("platform v3; that the ecommerce hosts use the same message is inferred"),
)
PAYLOAD_TOO_LARGE = Problem(
    name="PAYLOAD_TOO_LARGE",
    status=413,
    message="413 Request Entity Too Large",
    shape="bare",
    fact=inferred("no Clover limit was found; ours is 1 MiB"),
)
SANDBOX_FULL = Problem(
    name="SANDBOX_FULL",
    status=503,
    message="503 Service Unavailable",
    shape="bare",
    fact=inferred("a bound of this mock, not of Clover: start a fresh sandbox"),
)
SERVICE_UNAVAILABLE = Problem(
    name="SERVICE_UNAVAILABLE",
    status=503,
    message="503 Service Unavailable",
    shape="bare",
    fact=inferred("no 5xx body of Clover was found; NODE retries on 503"),
)
RATE_LIMITED = Problem(
    name="RATE_LIMITED",
    status=429,
    message="429 Too Many Requests",
    shape="bare",
    fact=observed("bypassmobile help page"),
)
CONTROL_INVALID = Problem(
    name="CONTROL_INVALID",
    status=400,
    message="{said}",
    shape="bare",
    fact=inferred("of this mock, not of Clover: an invalid control call"),
)
CONTROL_NOT_FOUND = Problem(
    name="CONTROL_NOT_FOUND",
    status=404,
    message="{said}",
    shape="bare",
    fact=inferred("of this mock, not of Clover: a control call names an unknown object"),
)
CONTROL_FORBIDDEN = Problem(
    name="CONTROL_FORBIDDEN",
    status=403,
    message="{said}",
    shape="bare",
    fact=inferred("of this mock, not of Clover: the guard of its control calls"),
)
UNKNOWN_OUTCOME = Problem(
    name="UNKNOWN_OUTCOME",
    status=400,
    message="{said}",
    shape="bare",
    fact=inferred("of this mock, not of Clover: an unknown trigger"),
)
INVALID_JSON = _problem(
    "INVALID_JSON",
    400,
    "invalid_request",
    "Invalid JSON Format",
    documented("DOCS:ach-faqs, for the message; the envelope is inferred"),
    type=_INVALID,
)
INVALID_REQUEST = _problem(
    "INVALID_REQUEST",
    400,
    "invalid_request",
    "Please provide a valid {param}.",
    inferred("the observed message for amount, currency and charge"),
    type=_INVALID,
)
UNKNOWN_PARAMETER = _problem(
    "UNKNOWN_PARAMETER",
    400,
    "parameter_unknown",
    "Received unknown parameter: {param}",
    inferred("OAS-TOK names the code; raised only under --strict"),
    type=_INVALID,
)
FORWARDED_FOR_MISSING = _problem(
    "FORWARDED_FOR_MISSING",
    400,
    "parameter_missing",
    "Please provide a valid x-forwarded-for header.",
    documented("REF createcharge: required; the body is inferred; raised only under --strict"),
    type=_INVALID,
    param="x-forwarded-for",
)
IDEMPOTENCY_MISMATCH = _problem(
    "IDEMPOTENCY_MISMATCH",
    400,
    "invalid_request",
    "Keys for idempotent requests can only be used with the same parameters they were first "
    "used with.",
    inferred("Clover documents only the type idempotency_error"),
    type="idempotency_error",
)

# OAuth --------------------------------------------------------------------------------------------

OAUTH_UNKNOWN_CLIENT = Problem(
    name="OAUTH_UNKNOWN_CLIENT",
    status=400,
    message="Unknown Client ID",
    shape="bare",
    fact=observed("GP CloverApiAuthorize e2e"),
)
OAUTH_INVALID_CREDENTIALS = Problem(
    name="OAUTH_INVALID_CREDENTIALS",
    status=400,
    message="Invalid OAuth credentials",
    shape="bare",
    fact=observed("GP CloverApiAuthorize e2e: wrong secret, wrong or spent code"),
)
OAUTH_INVALID_REDIRECT = Problem(
    name="OAUTH_INVALID_REDIRECT",
    status=400,
    message="Invalid redirect_uri",
    shape="bare",
    fact=inferred("nothing was found"),
)

# Tokens. No real error body of the token host was found: the codes are documented, the envelope is
# that of the charges host, and the messages follow the documented descriptions.

INCORRECT_NUMBER = _problem(
    "INCORRECT_NUMBER",
    400,
    "incorrect_number",
    "Card number is invalid.",
    documented(_CODES),
    type=_INVALID,
    param="card.number",
)
INVALID_NUMBER = _problem(
    "INVALID_NUMBER",
    400,
    "invalid_number",
    "Card number is invalid.",
    documented(_CODES),
    type=_INVALID,
    param="card.number",
)
INVALID_PAN = _problem(
    "INVALID_PAN",
    400,
    "invalid_request",
    "Card number is not a valid raw or encrypted PAN.",
    documented(_CODES),
    type=_INVALID,
    param="card.encrypted_pan",
)
PAN_CONTRADICTED = _problem(
    "PAN_CONTRADICTED",
    400,
    "invalid_number",
    "Card {param} does not match the card number.",
    inferred("OAS-TOK requires first6 and last4 with an encrypted PAN"),
    type=_INVALID,
)
CARD_NOT_LISTED = _problem(
    "CARD_NOT_LISTED",
    400,
    "incorrect_number",
    "Card number is not a Clover test card.",
    inferred("raised only under --listed-cards-only"),
    type=_INVALID,
    param="card.number",
)
INCORRECT_CVC = _problem(
    "INCORRECT_CVC",
    400,
    "incorrect_cvc",
    "CVV must be three or four digits.",
    documented(_CODES),
    type=_INVALID,
    param="card.cvv",
)
INVALID_EXPIRY_MONTH = _problem(
    "INVALID_EXPIRY_MONTH",
    400,
    "invalid_expiry_month",
    "Card expiry month is invalid.",
    documented(_CODES),
    type=_INVALID,
    param="card.exp_month",
)
INVALID_EXPIRY_YEAR = _problem(
    "INVALID_EXPIRY_YEAR",
    400,
    "invalid_expiry_year",
    "Card expiry year is invalid.",
    documented(_CODES),
    type=_INVALID,
    param="card.exp_year",
)
EXPIRED_CARD = _problem(
    "EXPIRED_CARD",
    400,
    "expired_card",
    "Card expired.",
    documented(_CODES),
    type=_INVALID,
    param="card.exp_year",
)
INVALID_CARD_TYPE = _problem(
    "INVALID_CARD_TYPE",
    400,
    "invalid_card_type",
    "Card brand is invalid or not supported.",
    documented(_CODES),
    type=_INVALID,
    param="card.brand",
)
TOKEN_UPSTREAM_FAILURE = _problem(
    "TOKEN_UPSTREAM_FAILURE",
    400,
    "missing",
    "Token request failed.",
    documented(f"{_CODES}; the status is inferred"),
    type="api_error",
)
TOKEN_NOT_FOUND = _problem(
    "TOKEN_NOT_FOUND",
    404,
    "resource_missing",
    "Token with id {id} not found.",
    inferred("the message for customers and charges"),
    type=_INVALID,
)

# Charges ------------------------------------------------------------------------------------------

INVALID_CHARGE_AMOUNT = _problem(
    "INVALID_CHARGE_AMOUNT",
    400,
    "invalid_charge_amount",
    "Please provide a valid amount.",
    observed("GP CloverCharge"),
    type=_INVALID,
    param="amount",
)
AMOUNT_TOO_LARGE = _problem(
    "AMOUNT_TOO_LARGE",
    400,
    "amount_too_large",
    "Amount exceeds the maximum of $999,999.99.",
    documented(f"{_CODES}; the message is inferred"),
    type=_INVALID,
    param="amount",
)
INVALID_CURRENCY = _problem(
    "INVALID_CURRENCY",
    400,
    "invalid_request",
    "Please provide a valid currency.",
    observed("GP CloverCharge"),
    type=_INVALID,
    param="currency",
)
INVALID_SOURCE = _problem(
    "INVALID_SOURCE",
    400,
    "invalid_request",
    "Please provide a valid source for the charge.",
    observed("GP CloverCharge: source missing; that an unknown one gets the same is inferred"),
    type=_INVALID,
    param="source",
)
INVALID_TENDER = _problem(
    "INVALID_TENDER",
    400,
    "invalid_request",
    "Please provide a valid tender.",
    inferred("the message for source; REF createcharge requires a tender with alternate_tender"),
    type=_INVALID,
    param="tender",
)
INVALID_TIP_AMOUNT = _problem(
    "INVALID_TIP_AMOUNT",
    400,
    "invalid_tip_amount",
    "Please provide a valid tip amount.",
    documented(f"{_CODES}; the message is inferred"),
    type=_INVALID,
    param="tip_amount",
)
INVALID_TAX_AMOUNT = _problem(
    "INVALID_TAX_AMOUNT",
    400,
    "invalid_tax_amount",
    "Please provide a valid tax amount.",
    documented(f"{_CODES}; the message is inferred"),
    type=_INVALID,
    param="tax_amount",
)
TOKEN_ALREADY_USED = _problem(
    "TOKEN_ALREADY_USED",
    400,
    "token_already_used",
    "You cannot use a clover token more than once unless it is marked as multipay.",
    observed("PHP21, GP"),
    param="source",
)
CARD_ON_FILE_MISSING = _problem(
    "CARD_ON_FILE_MISSING",
    400,
    "card_on_file_missing",
    "Customer has no card on file.",
    documented(f"{_CODES}; status and message are inferred"),
    type=_INVALID,
    param="source",
)
CHARGE_NOT_FOUND = _problem(
    "CHARGE_NOT_FOUND",
    404,
    "invalid_request",
    "Charge with id {id} not found.",
    observed("GP CloverCharge"),
    type=_INVALID,
)
INVALID_CHARGE_ID = _problem(
    "INVALID_CHARGE_ID",
    400,
    "invalid_request",
    "Please provide a valid charge id.",
    observed("GP CloverCharge e2e: capture, malformed id"),
    type=_INVALID,
)
NOT_AN_AUTHORISATION = _problem(
    "NOT_AN_AUTHORISATION",
    400,
    "processing_error",
    "Invalid request: cannot capture a non AUTH payment",
    observed("GP CloverCharge: capture of a sale"),
)
CHARGE_ALREADY_CAPTURED = _problem(
    "CHARGE_ALREADY_CAPTURED",
    400,
    "processing_error",
    "Invalid request: cannot capture a non AUTH payment",
    observed("GP CloverCharge: capture twice; the pages call it charge_already_captured"),
    documented_code="charge_already_captured",
)
AUTHORISATION_EXPIRED = _problem(
    "AUTHORISATION_EXPIRED",
    400,
    "charge_expired_for_capture",
    "The authorization has expired.",
    documented("OAS-TOK names the code; status and message are inferred"),
    type=_INVALID,
)
CAPTURE_TOO_LARGE = _problem(
    "CAPTURE_TOO_LARGE",
    400,
    "invalid_charge_amount",
    "Please provide a valid amount.",
    inferred("no over-capture rule was found; a capture above the authorization is rejected"),
    type=_INVALID,
    param="amount",
)

# Refunds ------------------------------------------------------------------------------------------

INVALID_REFUND_CHARGE = _problem(
    "INVALID_REFUND_CHARGE",
    400,
    "invalid_request",
    "Please provide a valid charge.",
    observed("GP CloverRefund: no charge"),
    type=_INVALID,
    param="charge",
)
REFUND_TARGET_NOT_FOUND = _problem(
    "REFUND_TARGET_NOT_FOUND",
    404,
    "processing_error",
    "Not Found",
    observed("GP CloverRefund: refund or get of an unknown id"),
)
REFUND_TOO_LARGE = _problem(
    "REFUND_TOO_LARGE",
    400,
    "processing_error",
    "This refund would make the order's total refunded amount greater than the original order's "
    "amount.",
    observed("GP CloverRefund"),
)
CHARGE_ALREADY_REFUNDED = _problem(
    "CHARGE_ALREADY_REFUNDED",
    400,
    "processing_error",
    "This refund would make the order's total refunded amount greater than the original order's "
    "amount.",
    observed("GP CloverRefund; the pages call it charge_already_refunded"),
    documented_code="charge_already_refunded",
)
PARTIAL_REFUND_NOT_ALLOWED = _problem(
    "PARTIAL_REFUND_NOT_ALLOWED",
    400,
    "processing_error",
    "Partial refunds are not allowed for charges with tax, tip, or more than one line item.",
    documented("REF create-refund states the rule; the message is inferred"),
)
PARTIAL_VOID_NOT_ALLOWED = _problem(
    "PARTIAL_VOID_NOT_ALLOWED",
    400,
    "processing_error",
    "An authorization can only be voided in full.",
    inferred("WOO rejects a partial void before it sends a request"),
)

# Customers ----------------------------------------------------------------------------------------

EMAIL_INVALID = _problem(
    "EMAIL_INVALID",
    400,
    "email_invalid",
    "Please provide a valid email.",
    observed("CC 23365, GP CloverCustomer"),
    type=_INVALID,
    param="email",
)
INVALID_CUSTOMER_SOURCE = _problem(
    "INVALID_CUSTOMER_SOURCE",
    400,
    "invalid_request",
    "Please provide a valid source or token.",
    observed("GP CloverCustomer: no source; that an unknown one gets the same is inferred"),
    type=_INVALID,
    param="source",
)
CUSTOMER_MISSING = _problem(
    "CUSTOMER_MISSING",
    404,
    "resource_missing",
    "Customer with id {id} not found.",
    observed("GP CloverCustomer: PUT"),
    type="validation_error",
)
CUSTOMER_NOT_FOUND = _problem(
    "CUSTOMER_NOT_FOUND",
    404,
    "invalid_request",
    "Customer with id {id} not found.",
    observed("GP CloverCustomer: DELETE of a source"),
    type=_INVALID,
)
CARD_NOT_FOUND = _problem(
    "CARD_NOT_FOUND",
    404,
    "invalid_request",
    "Card with id {id} not found.",
    observed("GP CloverCustomer: DELETE of a source"),
    type=_INVALID,
)
CVV_NOT_FOUND = _problem(
    "CVV_NOT_FOUND",
    400,
    "invalid_cvc",
    "CVV not found during card verification for Clover token {id}",
    observed("GP CloverCustomer"),
)
CARD_ALREADY_SAVED = _problem(
    "CARD_ALREADY_SAVED",
    409,
    "invalid_request",
    "Card already exists for customer {id}.",
    documented("DOCS:ecommerce-faqs states 409 Conflict; the body is inferred"),
    type=_INVALID,
    param="source",
)
CARD_VERIFICATION_DECLINED = _problem(
    "CARD_VERIFICATION_DECLINED",
    402,
    "card_declined",
    "{said}",
    observed("ottstream CloverService checks for 402; the body is inferred from that of a charge"),
    param="source",
)

# Orders -------------------------------------------------------------------------------------------

ORDER_NOT_FOUND = _problem(
    "ORDER_NOT_FOUND",
    404,
    "invalid_request",
    "Order with id {id} not found.",
    inferred("the message for charges"),
    type=_INVALID,
)
ORDER_ALREADY_PAID = _problem(
    "ORDER_ALREADY_PAID",
    409,
    "order_already_paid",
    "Order with id {id} has been already paid.",
    observed("GP CloverOrder"),
    type=_INVALID,
)
ORDER_WITHOUT_ITEMS = _problem(
    "ORDER_WITHOUT_ITEMS",
    404,
    "invalid_request",
    "Order with id {id} has no line items",
    observed("GP CloverOrder; no final dot"),
    type=_INVALID,
)
ORDER_NOT_PAID = _problem(
    "ORDER_NOT_PAID",
    404,
    "invalid_request",
    "Order has no payments. Nothing to refund",
    observed("GP CloverOrder: returns; no final dot"),
    type=_INVALID,
)
INVALID_ITEMS = _problem(
    "INVALID_ITEMS",
    400,
    "invalid_request",
    "Please provide valid items.",
    inferred("REF createorder marks items as required"),
    type=_INVALID,
    param="items",
)
INVALID_TAX_RATE = _problem(
    "INVALID_TAX_RATE",
    400,
    "invalid_request",
    "Please provide a valid tax_rate_uuid.",
    inferred("the message for amount; Clover's page on permissions says that it reads the tax"),
    type=_INVALID,
    param="tax_rate_uuid",
)
ORDER_OVERPAID = _problem(
    "ORDER_OVERPAID",
    400,
    "invalid_charge_amount",
    "Please provide a valid amount.",
    inferred("a split payment above the remaining amount of the order"),
    type=_INVALID,
    param="amount",
)

_PARTS = (
    problem_evidence,
    problem_oauth,
    problem_recurring,
    problem_threeds,
    problem_instrument,
    problem_checkout,
    problem_platform,
)
CATALOGUE: tuple[Problem, ...] = tuple(
    value
    for named in (dict(globals()), *map(vars, _PARTS))
    for value in named.values()
    if isinstance(value, Problem)
)
BY_NAME: dict[str, Problem] = {problem.name: problem for problem in CATALOGUE}
OUTCOMES: dict[str, Problem] = {
    name: problem
    for name, problem in BY_NAME.items()
    if name not in ("UNKNOWN_OUTCOME", "EVIDENCE_INFERRED") and not name.startswith("CONTROL_")
}
"""Clover's problems: those that a rule, a header, a trigger text or a fault can select."""
