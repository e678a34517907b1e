"""Closed sets of values in requests: each is reviewed, because one sample does not make a rule."""

from collections.abc import Iterator
from typing import Any

import msgspec

from mock_clover.clover.surface import SURFACE
from mock_clover.core.record import Record
from tests.engine.test_echo import literals
from tests.failure_messages import assert_no_errors
from tests.hostile import record_in

OURS = "an invention of this mock: the buttons and the mode of its consent page"
ECOMIND = "ecom moto", "REF lists both values"
INTENT = "save_credential_on_file save_credentials_on_file", "the page and its payload, both served"
INTERVAL = "DAY Day MONTH Month WEEK Week YEAR Year", "MD:working-with-recurring and its 2026 table"
ITEM_TYPE = "sku tax shipping", "GP; others act on money in a way that is unknown: rejected"
PRICE_TYPE = "FIXED VARIABLE PER_UNIT", "REF: the values in Clover's OpenAPI document"
CODE = "code", "MD:high-trust-app-auth-flow: v2 has no implicit flow"
CODE_OR_TOKEN = "code token", "MD:using-oauth-20 lists both values"
REVIEWED: dict[str, tuple[str, str]] = {
    "AchRequest.account_type": ("checking savings", "OAS-TOK lists both values"),
    "AchRequest.check_type": ("personal_check corporate_check", "OAS-TOK lists both values"),
    "AchRequest.customer_id_type": (
        "driver_license ssn tax_id military_id",
        "OAS-TOK lists four values",
    ),
    "Agreement.type": (
        "E_CHECK_GENERIC E_CHECK_ICA_BUSINESS_WARRANTY E_CHECK_ICA_PERSONAL_WARRANTY "
        "E_CHECK_ICA_BUSINESS_SETTLEMENT E_CHECK_ICA_PERSONAL_SETTLEMENT",
        "DOCS:internet-check-acceptance lists all; one sample had the first only",
    ),
    "AuthorizeQuery.mock_clover_consent": ("auto ask", OURS),
    "AuthorizeQuery.response_type": CODE_OR_TOKEN,
    "AuthorizeV2Query.code_challenge_method": ("S256", "the pages: SHA-256 is the only algorithm"),
    "AuthorizeV2Query.mock_clover_consent": ("auto ask", OURS),
    "AuthorizeV2Query.response_type": CODE,
    "ChargeRequest.ecomind": ECOMIND,
    "ChargeRequest.intent": INTENT,
    "ConsentForm.do": ("approve deny", OURS),
    "ConsentForm.mock_clover_consent": ("auto ask", OURS),
    "ConsentForm.response_type": CODE_OR_TOKEN,
    "ConsentV2Form.code_challenge_method": ("S256", "the pages: SHA-256 is the only algorithm"),
    "ConsentV2Form.do": ("approve deny", OURS),
    "ConsentV2Form.mock_clover_consent": ("auto ask", OURS),
    "ConsentV2Form.response_type": CODE,
    "ExternalTokenRequest.token_type": ("TRANSARMOR", "OAS-TOK; optional, as the pilot page says"),
    "Item.type": ITEM_TYPE,
    "ItemRequest.priceType": PRICE_TYPE,
    "ItemUpdate.priceType": PRICE_TYPE,
    "Level2.tax_indicator": ("0 1 2", "MD:understanding-level-2-data lists three values"),
    "PayRequest.ecomind": ECOMIND,
    "PayRequest.intent": INTENT,
    "PlanQuery.interval": INTERVAL,
    "PlanRequest.interval": INTERVAL,
    "PlanUpdate.interval": INTERVAL,
    "RefundRequest.reason": (
        "duplicate fraudulent requested_by_customer",
        "REF create-refund lists them; WooCommerce sends free words",
    ),
    "ReturnedItem.type": ITEM_TYPE,
    "StoredCredentials.initiator": ("MERCHANT CARDHOLDER", "REF createcharge lists both values"),
    "StoredCredentials.sequence": ("FIRST SUBSEQUENT", "REF createcharge lists both values"),
    "SubscriptionRequest.collectionMethod": (
        "CHARGE_AUTOMATICALLY",
        "MD:working-with-recurring: required, and the only method that Clover has",
    ),
    "TaxRateRequest.taxType": (
        "VAT_TAXABLE VAT_NON_TAXABLE VAT_EXEMPT INTERNAL_TAX PARTNER_TAX",
        "REF: the values in Clover's OpenAPI document",
    ),
}
"""By field: the values, and what shows that there are no others or why others are rejected.

Open by design: order states, tender labels and keys, `tokenType` of a customer's card, and the
collections of the platform API. Webhook objects are the twelve of DOCS:webhooks.
"""


def closed_sets(record: type[Record], seen: set[Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the fields of a record, and of the records in it, that allow only some values."""
    if record in seen:
        return
    seen.add(record)
    for field in msgspec.structs.fields(record):
        kind = msgspec.inspect.type_info(field.type)
        if values := literals(kind):
            yield f"{record.__name__}.{field.encode_name}", frozenset(map(str, values))
        inner, _ = record_in(kind)
        if inner is not None:
            yield from closed_sets(inner, seen)


def test_closed_sets_of_requests_are_reviewed() -> None:
    seen: set[Any] = set()
    errors = []
    for endpoint in SURFACE:
        for record in filter(None, (endpoint.request, endpoint.query)):
            for name, values in closed_sets(record, seen):
                listed = frozenset(REVIEWED.get(name, ("", ""))[0].split())
                if values != listed:
                    errors.append(
                        f"{name} allows {sorted(values)}: look for other values in Clover's "
                        "reference, then list them in REVIEWED with their source"
                    )
    assert_no_errors(errors)
