"""Endpoints that change items and taxes: update, delete, stock, and the taxes of items."""

from typing import Any

import msgspec
from msgspec.structs import replace

from mock_clover.clover.charges.operations_taxes import find_tax, taxes_of
from mock_clover.clover.platform.endpoints_inventory import (
    ITEM_FIELDS,
    NO_TAX,
    TAX_FIELDS,
    item_with_expansions,
    require_item,
)
from mock_clover.clover.platform.http import PLATFORM_PATH, platform_endpoint
from mock_clover.clover.platform.listing import PlatformPage, list_page
from mock_clover.clover.platform.problems import (
    PLATFORM_INVALID_FILTER,
    PLATFORM_INVALID_ID,
    PLATFORM_INVALID_QUERY,
)
from mock_clover.clover.platform.records import (
    Elements,
    EmptyObject,
    ExpandQuery,
    PlatformQuery,
    Reference,
    truncate_to_seconds,
)
from mock_clover.clover.platform.records_inventory import (
    DeleteQuery,
    ItemResponse,
    ItemUpdate,
    StockRequest,
    StockResponse,
    TaxItemsRequest,
    TaxOfItem,
    TaxOfItemResponse,
    tax_response,
)
from mock_clover.clover.platform.records_row import PlatformRow, row_key
from mock_clover.clover.platform.view import response_context
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented, observed
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox

_STOCKS = "item_stocks"


def update_item(sandbox: Sandbox, call: Call[ItemUpdate, ExpandQuery]) -> ItemResponse:
    """Update an item; absent fields stay unchanged."""
    item, body = require_item(sandbox, call.ids[1]), call.body
    context = response_context(sandbox, call)
    changes = {
        name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not None
    }
    updated = replace(
        item, asked=replace(item.asked, **changes), modified_ms=sandbox.clock.now_ms()
    )
    sandbox.items.put(item.id, updated)
    send_platform_event(sandbox, "I", item.id, "UPDATE", "item")
    call.why = "updated the item"
    return item_with_expansions(context, updated)


def put_item(sandbox: Sandbox, call: Call[ItemUpdate, ExpandQuery]) -> ItemResponse:
    """Update an item, like POST."""
    return update_item(sandbox, call)


def delete_item(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete an item and its stock; lines of orders keep its name and price."""
    item = require_item(sandbox, call.ids[1])
    sandbox.items.delete(item.id)
    key = row_key(_STOCKS, item.id)
    if key in sandbox.platform_rows:
        sandbox.platform_rows.delete(key)
    send_platform_event(sandbox, "I", item.id, "DELETE", "item")
    call.why = "deleted the item"
    return EmptyObject()


def update_item_stock(sandbox: Sandbox, call: Call[StockRequest, None]) -> StockResponse:
    """Set the stock of an item; sales do not change it."""
    item, quantity = require_item(sandbox, call.ids[1]), call.body.quantity
    key = row_key(_STOCKS, item.id)
    if key not in sandbox.platform_rows:
        sandbox.platform_rows.check_capacity()
    stock = StockResponse(
        item=Reference(id=item.id),
        stockCount=int(quantity),
        quantity=quantity,
        modifiedTime=truncate_to_seconds(sandbox.clock.now_ms()),
    )
    fields: dict[str, Any] = msgspec.to_builtins(stock)
    fields["item"] = {"id": item.id}
    sandbox.platform_rows.put(key, PlatformRow(collection=_STOCKS, id=item.id, fields=fields))
    send_platform_event(sandbox, "I", item.id, "UPDATE", "item")
    call.why = "set the stock"
    return stock


def put_item_stock(sandbox: Sandbox, call: Call[StockRequest, None]) -> StockResponse:
    """Set the stock of an item, like POST."""
    return update_item_stock(sandbox, call)


def delete_tax_rate(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete a tax; lines that have it keep it."""
    tax = sandbox.tax_rates.get(call.ids[1])
    if tax is None or tax.is_deleted:
        raise PLATFORM_INVALID_ID.error(rule=NO_TAX)
    sandbox.tax_rates.put(tax.id, replace(tax, is_deleted=True))
    call.why = "deleted the tax"
    return EmptyObject()


def change_tax_rate_items(
    sandbox: Sandbox, call: Call[TaxItemsRequest, DeleteQuery]
) -> EmptyObject:
    """Add taxes to items, or remove them with `delete=true`."""
    pairs = [_resolve_pair(sandbox, pair) for pair in call.body.elements]
    for item_id, tax_id in pairs:
        item = require_item(sandbox, item_id)
        taxes = tuple(each for each in item.tax_rates if each != tax_id)
        if not call.query.delete:
            taxes += (tax_id,)
        sandbox.items.put(item_id, replace(item, tax_rates=taxes))
    call.why = f"{'removed' if call.query.delete else 'added'} {len(pairs)} taxes of items"
    return EmptyObject()


def _resolve_pair(sandbox: Sandbox, pair: TaxOfItem) -> tuple[str, str]:
    item_id, tax_id = pair.item.id or "", pair.taxRate.id or ""
    if item_id not in sandbox.items or tax_id not in sandbox.tax_rates:
        raise PLATFORM_INVALID_QUERY.error(
            param="elements", reason="an item or a tax of the request does not exist"
        )
    return item_id, tax_id


def list_tax_rate_items(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List items with the taxes that were added to them."""
    return list_page(
        response_context(sandbox, call),
        call,
        "tax_rate_items",
        {},
        lambda may_change: (
            TaxOfItemResponse(item=Reference(id=item.id), taxRate=Reference(id=tax_id))
            if tax_id
            else None
            for item in sandbox.items.newest_first(may_change)
            for tax_id in item.tax_rates or ("",)
        ),
        lambda pair: pair,
    )


def list_item_tax_rates(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List the taxes of an item."""
    item, context = require_item(sandbox, call.ids[1]), response_context(sandbox, call)
    path, taxes = f"items/{item.id}/tax_rates", taxes_of(sandbox, item)
    return list_page(context, call, path, TAX_FIELDS, lambda _: taxes, tax_response)


def list_items_of_tax_rate(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List the items that have a tax."""
    tax = find_tax(sandbox, call.ids[1])
    if tax is None:
        raise PLATFORM_INVALID_ID.error(rule=NO_TAX)
    context = response_context(sandbox, call)
    return list_page(
        context,
        call,
        f"tax_rates/{tax.id}/items",
        ITEM_FIELDS,
        lambda may_change: (
            item if tax in taxes_of(sandbox, item) else None
            for item in sandbox.items.newest_first(may_change)
        ),
        lambda item: item_with_expansions(context, item),
    )


_ITEM, _STOCK, _TAX_ITEMS = "/items/{item_id}", "/item_stocks/{item_id}", "/tax_rate_items"
_ALIAS = f"{PLATFORM_PATH}{{merchant_id}}/item_tax_rates"
_PUT = observed("dan1d/clover_sandbox_simulator: items and item_stocks accept PUT")
ENDPOINTS = (
    *(
        platform_endpoint(
            method,
            _ITEM,
            run,
            ItemResponse,
            "write_inventory",
            evidence,
            request=ItemUpdate,
            query=ExpandQuery,
            errors=(PLATFORM_INVALID_ID,),
        )
        for method, run, evidence in (
            ("POST", update_item, documented("REF inventoryUpdateItem")),
            ("PUT", put_item, _PUT),
        )
    ),
    platform_endpoint(
        "DELETE",
        _ITEM,
        delete_item,
        EmptyObject,
        "write_inventory",
        documented("REF inventoryDeleteItem"),
        errors=(PLATFORM_INVALID_ID,),
    ),
    *(
        platform_endpoint(
            method,
            _STOCK,
            run,
            StockResponse,
            "write_inventory",
            evidence,
            request=StockRequest,
            errors=(PLATFORM_INVALID_ID, PLATFORM_INVALID_QUERY),
        )
        for method, run, evidence in (
            ("POST", update_item_stock, documented("REF inventoryUpdateItemStock")),
            ("PUT", put_item_stock, _PUT),
        )
    ),
    platform_endpoint(
        "DELETE",
        "/tax_rates/{tax_rate_id}",
        delete_tax_rate,
        EmptyObject,
        "write_inventory",
        documented("REF taxrateDeleteTaxRate"),
        errors=(PLATFORM_INVALID_ID,),
    ),
    platform_endpoint(
        "POST",
        _TAX_ITEMS,
        change_tax_rate_items,
        EmptyObject,
        "write_inventory",
        documented("REF taxrateCreateOrDeleteTaxRateItems"),
        request=TaxItemsRequest,
        query=DeleteQuery,
        path_alias=_ALIAS,
        errors=(PLATFORM_INVALID_QUERY,),
    ),
    platform_endpoint(
        "GET",
        _TAX_ITEMS,
        list_tax_rate_items,
        Elements,
        "read_inventory",
        observed("clover_sandbox_simulator, recorded in 2026-02; the fields are inferred"),
        query=PlatformQuery,
        path_alias=_ALIAS,
        errors=(PLATFORM_INVALID_FILTER,),
    ),
    platform_endpoint(
        "GET",
        f"{_ITEM}/tax_rates",
        list_item_tax_rates,
        Elements,
        "read_inventory",
        observed("clover_sandbox_simulator, recorded in 2026-02"),
        query=PlatformQuery,
        filters=tuple(TAX_FIELDS),
        errors=(PLATFORM_INVALID_FILTER, PLATFORM_INVALID_ID),
    ),
    platform_endpoint(
        "GET",
        "/tax_rates/{tax_rate_id}/items",
        list_items_of_tax_rate,
        Elements,
        "read_inventory",
        observed("clover_sandbox_simulator, recorded in 2026-02"),
        query=PlatformQuery,
        filters=tuple(ITEM_FIELDS),
        errors=(PLATFORM_INVALID_FILTER, PLATFORM_INVALID_ID),
    ),
)
