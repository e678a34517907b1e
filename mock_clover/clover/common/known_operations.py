"""Operations that Clover has and mock-clover does not serve.

A request for one of them gets the error of an unknown path; `x-mock-clover-why` then says that the
operation exists. A test fails if a listed operation is served.
"""

from collections.abc import Iterator
from typing import NamedTuple

_REF = "REF: the inventory operations, from a client generated from Clover's OpenAPI document"
_ORDERS = "REF: the order operations, from a client generated from Clover's OpenAPI document"
_SDK = "CloverSDK"
_MERCHANT = "/v3/merchants/{merchant_id}"


class KnownOperation(NamedTuple):
    """One of Clover's operations, and where it is documented."""

    method: str
    path: str
    source: str


_TABLE: tuple[tuple[str, str, str], ...] = (
    # Writes to the inventory, relative to the merchant's path.
    ("DELETE PUT", "/items", _REF),
    ("POST PUT DELETE", "/bulk_items", _REF),
    ("GET", "/items_no_revenue_class", _REF),
    ("DELETE", "/item_stocks/{item_id}", _REF),
    ("POST", "/item_groups", _REF),
    ("POST DELETE", "/item_groups/{item_group_id}", _REF),
    ("POST DELETE", "/tags", _REF),
    ("POST DELETE", "/tags/{tag_id}", _REF),
    ("POST", "/tag_items", _REF),
    ("POST DELETE", "/categories", _REF),
    ("POST DELETE", "/categories/{category_id}", _REF),
    ("POST", "/categories/bulk_sort_orders", _REF),
    ("POST", "/category_items", _REF),
    ("POST DELETE", "/modifier_groups", _REF),
    ("POST DELETE", "/modifier_groups/{modifier_group_id}", _REF),
    ("POST", "/modifier_group_sort_orders", _REF),
    ("PUT", "/modifier_groups/{modifier_group_id}/layout", _REF),
    ("POST", "/modifier_groups/{modifier_group_id}/modifiers", _REF),
    ("POST DELETE", "/modifier_groups/{modifier_group_id}/modifiers/{modifier_id}", _REF),
    ("POST", "/item_modifier_groups", _REF),
    ("POST", "/attributes", _REF),
    ("POST DELETE", "/attributes/{attribute_id}", _REF),
    ("POST", "/attributes/{attribute_id}/options", _REF),
    ("POST DELETE", "/attributes/{attribute_id}/options/{option_id}", _REF),
    ("POST", "/option_items", _REF),
    ("POST", "/discounts", _REF),
    ("POST DELETE", "/discounts/{discount_id}", _REF),
    ("GET", "/modifier_groups/{modifier_group_id}/modifiers/{modifier_id}", _REF),
    ("GET", "/attributes/{attribute_id}/options/{option_id}", _REF),
    ("GET", "/employees/{employee_id}/shifts/{shift_id}", _SDK),
    ("GET", "/items/{item_id}/tags", _REF),
    ("GET", "/items/{item_id}/categories", _REF),
    ("GET", "/categories/{category_id}/items", _REF),
    ("GET", "/tags/{tag_id}/items", _REF),
    ("GET", "/modifier_groups/{modifier_group_id}/items", _REF),
    # The merchant, employees and customers.
    ("POST", "/address", _SDK),
    ("POST", "/properties", _SDK),
    ("POST", "/default_service_charge", _SDK),
    ("POST", "/tip_suggestions", _SDK),
    ("POST DELETE", "/tip_suggestions/{tip_suggestion_id}", _SDK),
    ("GET", "/order_types/{order_type_id}", _SDK),
    ("POST DELETE", "/order_types/{order_type_id}", _SDK),
    ("POST", "/order_type_categories", _SDK),
    ("POST", "/tax_rates/{tax_rate_id}", _REF),
    ("POST", "/customers/{customer_id}/phone_numbers/{contact_id}", _SDK),
    ("POST", "/customers/{customer_id}/email_addresses/{contact_id}", _SDK),
    ("POST", "/customers/{customer_id}/addresses/{contact_id}", _SDK),
    ("PUT DELETE", "/customers/{customer_id}/cards/{card_id}", _SDK),
    ("POST", "/roles", _SDK),
    ("POST DELETE", "/roles/{role_id}", _SDK),
    ("POST DELETE", "/tenders/{tender_id}", _SDK),
    ("POST", "/opening_hours", _SDK),
    ("POST PUT DELETE", "/opening_hours/{opening_hours_id}", _SDK),
    ("GET", "/employees/{employee_id}/cash_events", _SDK),
    ("GET", "/devices/{device_id}/cash_events", _SDK),
    ("GET", "/customers.csv", _SDK),
    ("POST", "/employees", _SDK),
    ("POST DELETE", "/employees/{employee_id}", _SDK),
    ("POST", "/employees/{employee_id}/shifts", _SDK),
    ("PUT DELETE", "/employees/{employee_id}/shifts/{shift_id}", _SDK),
    ("GET", "/employees/{employee_id}/orders", _SDK),
    ("GET", "/employees/{employee_id}/payments", _SDK),
    ("GET", "/shifts.csv", _SDK),
    # Orders and payments.
    ("DELETE", "/orders_v2/{order_id}", _ORDERS),
    ("POST", "/orders/{order_id}/voided_line_items", _ORDERS),
    ("POST", "/orders/{order_id}/line_items/{line_item_id}/exchange/{other_id}", _SDK),
    ("POST", "/authorizations", _SDK),
    ("POST DELETE", "/authorizations/{authorization_id}", _SDK),
    ("POST", "/payments/{payment_id}", _SDK),
    ("POST", "/credits", _SDK),
    ("POST DELETE", "/credits/{credit_id}", _SDK),
)
_OTHER: tuple[tuple[str, str, str], ...] = (
    ("POST", "/v3/apps/{app_id}/merchants/{merchant_id}/notifications", _SDK),
    ("POST", "/v3/apps/{app_id}/devices/{device_id}/notifications", _SDK),
    ("GET", "/v3/apps/{app_id}/merchants/{merchant_id}/billing_info", _SDK),
    ("GET POST", "/v3/apps/{app_id}/merchants/{merchant_id}/metereds/{metered_id}", _SDK),
    ("PUT", "/v1/tokens/{token_id}", "OAS-TOK: set a token as reusable"),
)


def _expand() -> Iterator[KnownOperation]:
    for prefix, table in ((_MERCHANT, _TABLE), ("", _OTHER)):
        for methods, path, source in table:
            for method in methods.split():
                yield KnownOperation(method, prefix + path, source)


KNOWN_UNSERVED: tuple[KnownOperation, ...] = tuple(_expand())
