"""Endpoints for inventory: items, taxes, order types and tenders, limited to what shops use."""

from collections.abc import Iterator
from typing import Any

import msgspec

from mock_clover.clover.charges.operations_taxes import find_tax, no_tax_rate, taxes_of
from mock_clover.clover.platform.http import platform_endpoint, platform_list_endpoint
from mock_clover.clover.platform.listing import Fields, ListField, PlatformPage, list_page
from mock_clover.clover.platform.problems import PLATFORM_INVALID_ID, PLATFORM_INVALID_QUERY
from mock_clover.clover.platform.records import (
    ExpandQuery,
    PlatformQuery,
    truncate_to_seconds,
)
from mock_clover.clover.platform.records_inventory import (
    TENDERS,
    InventoryItem,
    ItemRequest,
    ItemResponse,
    MerchantTax,
    OrderType,
    OrderTypeRequest,
    OrderTypeResponse,
    TaxRateRequest,
    TaxRateResponse,
    TenderResponse,
    item_response,
    order_type_response,
    tax_response,
)
from mock_clover.clover.platform.records_row import PlatformRow
from mock_clover.clover.platform.records_tender_payment import TENDERS_MAX, TenderRequest
from mock_clover.clover.platform.view import (
    ResponseContext,
    nested_list,
    response_context,
)
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented, observed
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.sandbox import Sandbox

_TENDER_ROWS = "tenders"
_OBSERVED = observed("clover_sandbox_simulator, recorded in 2026-02")
_ITEM = documented("REF inventoryGetItem")
_TAX = documented("REF taxrates")
_TENDERS = observed("clover-mcp-server 2026-06: the sandbox has fourteen tenders; seven are known")

ITEM_FIELDS: Fields = {
    "id": ListField(str, lambda item: item.id),
    "name": ListField(str, lambda item: item.asked.name),
    "alternateName": ListField(str, lambda item: item.asked.alternateName),
    "itemCode": ListField(str, lambda item: item.asked.code),
    "sku": ListField(str, lambda item: item.asked.sku),
    "price": ListField(int, lambda item: item.asked.price),
    "hidden": ListField(bool, lambda item: item.asked.hidden),
    "available": ListField(bool, lambda item: item.asked.available),
    "autoManage": ListField(bool, lambda item: item.asked.autoManage),
    "defaultTaxRates": ListField(bool, lambda item: item.asked.defaultTaxRates),
    "isRevenue": ListField(bool, lambda item: item.asked.isRevenue),
    "deleted": ListField(bool, lambda _: False),
    "modifiedTime": ListField(int, lambda item: truncate_to_seconds(item.modified_ms)),
}
TAX_FIELDS: Fields = {
    "isDefault": ListField(bool, lambda tax: tax.asked.isDefault),
    "rate": ListField(int, lambda tax: tax.asked.rate),
    "name": ListField(str, lambda tax: tax.asked.name),
    "id": ListField(str, lambda tax: tax.id),
    "taxAmount": ListField(int, lambda tax: tax.asked.taxAmount),
    "taxType": ListField(str, lambda tax: tax.asked.taxType),
}
ORDER_TYPE_FIELDS: Fields = {
    "id": ListField(str, lambda order_type: order_type.id),
    "deletedTime": ListField(int, lambda _: None),
}
TENDER_FIELDS: Fields = {
    "id": ListField(str, lambda tender: tender.id),
    "label": ListField(str, lambda tender: tender.label),
    "labelKey": ListField(str, lambda tender: tender.labelKey),
    "enabled": ListField(bool, lambda tender: tender.enabled),
}

NO_TAX = "this sandbox has no tax with this id"


def tender_response(context: ResponseContext, label_key: str) -> TenderResponse:
    """Return a tender by its key."""
    tender_id = derived_id("tender", context.sandbox.seed, label_key)
    return TenderResponse(
        href=f"{context.root}/tenders/{tender_id}",
        id=tender_id,
        editable=False,
        labelKey=label_key,
        label=TENDERS[label_key],
        opensCashDrawer=label_key == "com.clover.tender.cash",
        enabled=True,
        visible=True,
        supportsCashDiscount=False,
    )


def tenders_of(context: ResponseContext) -> Iterator[TenderResponse]:
    """Iterate over the tenders: Clover's, and those that the merchant added."""
    yield from (tender_response(context, label_key) for label_key in TENDERS)
    for row in context.sandbox.platform_rows:
        if row.collection == _TENDER_ROWS:
            yield TenderResponse(
                href=f"{context.root}/tenders/{row.id}",
                id=row.id,
                editable=bool(row.fields.get("editable", True)),
                labelKey=str(row.fields.get("labelKey") or ""),
                label=str(row.fields.get("label") or ""),
                opensCashDrawer=bool(row.fields.get("opensCashDrawer")),
                enabled=bool(row.fields.get("enabled", True)),
                visible=bool(row.fields.get("visible", True)),
                supportsCashDiscount=False,
            )


def create_tender(sandbox: Sandbox, call: Call[TenderRequest, None]) -> TenderResponse:
    """Add a tender of the merchant."""
    context = response_context(sandbox, call)
    added = sum(row.collection == _TENDER_ROWS for row in sandbox.platform_rows)
    if added >= TENDERS_MAX:
        reason = f"this mock keeps at most {TENDERS_MAX} tenders"
        raise PLATFORM_INVALID_QUERY.error(param="tenders", reason=reason)
    sandbox.platform_rows.check_capacity()
    tender_id = sandbox.ids.object_id()
    fields = {"labelKey": f"com.clover.tender.custom.{tender_id}"} | _without_none(call.body)
    row = PlatformRow(collection=_TENDER_ROWS, id=tender_id, fields=fields)
    sandbox.platform_rows.put(row.key, row)
    call.why = "added a tender"
    return next(each for each in tenders_of(context) if each.id == tender_id)


def _without_none(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(record)
    return {name: value for name, value in fields.items() if value is not None}


def create_item(sandbox: Sandbox, call: Call[ItemRequest, ExpandQuery]) -> ItemResponse:
    """Create an item."""
    context = response_context(sandbox, call)
    sandbox.items.check_capacity()
    item = InventoryItem(
        id=sandbox.ids.object_id(), asked=call.body, modified_ms=sandbox.clock.now_ms()
    )
    sandbox.items.put(item.id, item)
    send_platform_event(sandbox, "I", item.id, "CREATE", "item")
    call.why = "created an item"
    return item_with_expansions(context, item)


def list_items(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List items."""
    context = response_context(sandbox, call)
    return list_page(
        context,
        call,
        "items",
        ITEM_FIELDS,
        sandbox.items.newest_first,
        lambda item: item_with_expansions(context, item),
    )


def get_item(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> ItemResponse:
    """Get one item."""
    item = require_item(sandbox, call.ids[1])
    return item_with_expansions(response_context(sandbox, call), item)


def require_item(sandbox: Sandbox, item_id: str) -> InventoryItem:
    """Return an item, or raise PLATFORM_INVALID_ID."""
    return sandbox.items.require(item_id, PLATFORM_INVALID_ID, "item")


def item_with_expansions(context: ResponseContext, item: InventoryItem) -> ItemResponse:
    """Return the response for an item; it has no modifier groups or categories."""
    expanded = {
        name: nested_list(()) for name in ("modifierGroups", "categories") if context.expands(name)
    }
    if context.expands("taxRates"):
        taxes = taxes_of(context.sandbox, item)
        expanded["taxRates"] = nested_list(tax_response(tax) for tax in taxes)
    return item_response(item, **expanded)


def create_tax_rate(sandbox: Sandbox, call: Call[TaxRateRequest, None]) -> TaxRateResponse:
    """Create a tax."""
    sandbox.tax_rates.check_capacity()
    tax = MerchantTax(id=sandbox.ids.object_id(), asked=call.body)
    sandbox.tax_rates.put(tax.id, tax)
    call.why = "created a tax"
    return tax_response(tax)


def list_tax_rates(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List taxes, including NO_TAX_APPLIED."""

    def rows(may_change: bool) -> Iterator[MerchantTax | None]:  # noqa: FBT001 - see `list_page`
        for tax in sandbox.tax_rates.newest_first(may_change):
            yield None if tax.is_deleted else tax
        yield no_tax_rate(sandbox)

    return list_page(
        response_context(sandbox, call),
        call,
        "tax_rates",
        TAX_FIELDS,
        rows,
        tax_response,
    )


def get_tax_rate(sandbox: Sandbox, call: Call[None, None]) -> TaxRateResponse:
    """Get one tax."""
    tax = find_tax(sandbox, call.ids[1])
    if tax is None:
        raise PLATFORM_INVALID_ID.error(rule=NO_TAX)
    return tax_response(tax)


def create_order_type(sandbox: Sandbox, call: Call[OrderTypeRequest, None]) -> OrderTypeResponse:
    """Create an order type; the first is the default."""
    sandbox.order_types.check_capacity()
    order_type = OrderType(
        id=sandbox.ids.object_id(), asked=call.body, is_default=not len(sandbox.order_types)
    )
    sandbox.order_types.put(order_type.id, order_type)
    call.why = "created an order type"
    return order_type_response(order_type)


def list_order_types(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List order types; a new sandbox has none."""
    return list_page(
        response_context(sandbox, call),
        call,
        "order_types",
        ORDER_TYPE_FIELDS,
        sandbox.order_types.newest_first,
        order_type_response,
    )


def list_tenders(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List tenders."""
    context = response_context(sandbox, call)
    return list_page(
        context, call, "tenders", TENDER_FIELDS, lambda _: tenders_of(context), lambda each: each
    )


ENDPOINTS = (
    platform_endpoint(
        *("POST", "/items", create_item, ItemResponse, "write_inventory", _OBSERVED),
        request=ItemRequest,
        query=ExpandQuery,
    ),
    platform_list_endpoint("/items", list_items, ITEM_FIELDS, "read_inventory", _OBSERVED),
    platform_endpoint(
        *("GET", "/items/{item_id}", get_item, ItemResponse, "read_inventory", _ITEM),
        query=ExpandQuery,
        errors=(PLATFORM_INVALID_ID,),
    ),
    platform_endpoint(
        *("POST", "/tax_rates", create_tax_rate, TaxRateResponse, "write_inventory", _OBSERVED),
        request=TaxRateRequest,
    ),
    platform_list_endpoint("/tax_rates", list_tax_rates, TAX_FIELDS, "read_inventory", _OBSERVED),
    platform_endpoint(
        *("GET", "/tax_rates/{tax_rate_id}", get_tax_rate, TaxRateResponse, "read_inventory", _TAX),
        errors=(PLATFORM_INVALID_ID,),
    ),
    # Order types and tenders belong to the merchant, not to the inventory. Source:
    # clover-mcp-server.
    platform_endpoint(
        *(
            "POST",
            "/order_types",
            create_order_type,
            OrderTypeResponse,
            "write_merchant",
            _OBSERVED,
        ),
        request=OrderTypeRequest,
    ),
    platform_list_endpoint(
        "/order_types", list_order_types, ORDER_TYPE_FIELDS, "read_merchant", _OBSERVED
    ),
    platform_endpoint(
        "POST",
        "/tenders",
        create_tender,
        TenderResponse,
        "write_merchant",
        documented("REF merchantCreateTender"),
        request=TenderRequest,
        errors=(PLATFORM_INVALID_QUERY,),
    ),
    platform_list_endpoint("/tenders", list_tenders, TENDER_FIELDS, "read_merchant", _TENDERS),
)
