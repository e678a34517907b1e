"""Records for a merchant's inventory: items, taxes, order types and tenders."""

from typing import Annotated, ClassVar, Literal

from mock_clover.clover.platform.records import Elements, Reference, truncate_to_seconds
from mock_clover.clover.platform.records_cart import IdRequest
from mock_clover.clover.tokens.records import Instrument
from mock_clover.core.evidence import Cents, Evidence, Millis, doc, documented, inferred, observed
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_ITEM = documented("REF inventoryCreateItem")
_TAX = observed("clover_sandbox_simulator 2026-02: POST tax_rates")
_TYPE = observed("clover_sandbox_simulator 2026-02: POST order_types")
_STOCK = documented("REF inventoryUpdateItemStock")
_TAX_ITEMS = documented("REF taxrateCreateOrDeleteTaxRateItems")
_QUERY = "PLATFORM_INVALID_QUERY"
QUANTITY_MAX = 1_000_000_000
NAME_MAX = 127

PriceType = Literal["FIXED", "VARIABLE", "PER_UNIT"]
_ItemFlag = Annotated[bool, doc("A setting of the item.", _ITEM, problem_name=_QUERY)]
_ItemName = Annotated[
    str, doc("Name.", _ITEM, problem_name=_QUERY, min_length=1, max_length=NAME_MAX)
]
_Price = Annotated[Cents, doc("Price of a unit.", _ITEM, problem_name=_QUERY, ge=0, le=AMOUNT_MAX)]
_PriceType = Annotated[PriceType, doc("Type of price.", _ITEM, problem_name=_QUERY)]
_Code = (
    Annotated[str, doc("A code or another name.", _ITEM, problem_name=_QUERY, max_length=NAME_MAX)]
    | None
)


class ItemUpdate(Record, frozen=True, kw_only=True):
    """Body of `POST …/items/{id}`: absent fields stay unchanged."""

    name: _ItemName | None = None
    price: _Price | None = None
    priceType: _PriceType | None = None
    hidden: _ItemFlag | None = None
    available: _ItemFlag | None = None
    autoManage: _ItemFlag | None = None
    defaultTaxRates: _ItemFlag | None = None
    isRevenue: _ItemFlag | None = None
    sku: _Code = None
    code: _Code = None
    alternateName: _Code = None


class ItemRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/items`."""

    name: _ItemName
    price: _Price = 0
    priceType: _PriceType = "FIXED"
    hidden: Annotated[bool, doc("Hidden on the register.", _ITEM, problem_name=_QUERY)] = False
    available: Annotated[bool, doc("Available for sale.", _ITEM, problem_name=_QUERY)] = True
    autoManage: Annotated[
        bool, doc("Availability follows the stock level.", _ITEM, problem_name=_QUERY)
    ] = False
    defaultTaxRates: Annotated[
        bool, doc("The merchant's default taxes apply.", _ITEM, problem_name=_QUERY)
    ] = True
    isRevenue: Annotated[bool, doc("Counts as revenue.", _ITEM, problem_name=_QUERY)] = True
    sku: Annotated[str, doc("SKU.", _ITEM, problem_name=_QUERY, max_length=NAME_MAX)] | None = None
    code: (
        Annotated[str, doc("UPC or EAN.", _ITEM, problem_name=_QUERY, max_length=NAME_MAX)] | None
    ) = None
    alternateName: (
        Annotated[str, doc("Other name.", _ITEM, problem_name=_QUERY, max_length=NAME_MAX)] | None
    ) = None


class InventoryItem(Record, frozen=True, kw_only=True):
    """A stored item."""

    id: str
    asked: ItemRequest
    modified_ms: Millis
    tax_rates: tuple[str, ...] = ()
    """Ids of the taxes that were added to the item, in addition to the default ones."""


class StockRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/item_stocks/{id}`."""

    quantity: Annotated[
        float,
        doc("Number of units.", _STOCK, problem_name=_QUERY, ge=-QUANTITY_MAX, le=QUANTITY_MAX),
    ]


class StockResponse(Record, frozen=True, kw_only=True):
    """The stock of an item; sales do not change it."""

    evidence: ClassVar[Evidence] = documented("REF inventoryGetItemStock")

    item: Reference
    stockCount: int
    quantity: float
    modifiedTime: Millis


class TaxOfItem(Record, frozen=True, kw_only=True):
    """An item and a tax."""

    item: Annotated[IdRequest, doc("The item.", _TAX_ITEMS, problem_name=_QUERY)]
    taxRate: Annotated[IdRequest, doc("The tax.", _TAX_ITEMS, problem_name=_QUERY)]


class TaxOfItemResponse(Record, frozen=True, kw_only=True):
    """An item and a tax that was added to it."""

    evidence: ClassVar[Evidence] = inferred("the fields of the request")

    item: Reference
    taxRate: Reference


class TaxItemsRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/tax_rate_items`."""

    elements: Annotated[
        list[TaxOfItem],
        doc(
            "Items and their taxes.", _TAX_ITEMS, problem_name=_QUERY, min_length=1, max_length=100
        ),
    ]


class DeleteQuery(Record, frozen=True, kw_only=True):
    """Query of requests that add or remove associations."""

    delete: Annotated[bool, doc("Remove them.", _TAX_ITEMS, problem_name=_QUERY)] = False


class ItemResponse(Record, frozen=True, kw_only=True):
    """Response for an item. Source: clover_sandbox_simulator 2026-02."""

    evidence: ClassVar[Evidence] = observed("clover_sandbox_simulator, recorded in 2026-02")

    id: str
    hidden: bool
    available: bool
    autoManage: bool
    name: str
    alternateName: str | None = None
    code: str | None = None
    sku: str | None = None
    price: Cents
    priceType: PriceType
    defaultTaxRates: bool
    isRevenue: bool
    taxRates: Elements | None = None
    modifierGroups: Elements | None = None
    categories: Elements | None = None
    modifiedTime: Millis
    deleted: bool


def item_response(item: InventoryItem, **expanded: Elements) -> ItemResponse:
    """Return the response for an item with its expanded fields."""
    request = item.asked
    return ItemResponse(
        id=item.id,
        hidden=request.hidden,
        available=request.available,
        autoManage=request.autoManage,
        name=request.name,
        alternateName=request.alternateName,
        code=request.code,
        sku=request.sku,
        price=request.price,
        priceType=request.priceType,
        defaultTaxRates=request.defaultTaxRates,
        isRevenue=request.isRevenue,
        modifiedTime=truncate_to_seconds(item.modified_ms),
        deleted=False,
        **expanded,
    )


class TaxRateRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/tax_rates`."""

    name: Annotated[str, doc("Name.", _TAX, problem_name=_QUERY, min_length=1, max_length=NAME_MAX)]
    rate: (
        Annotated[
            int,
            doc("10,000,000 is 100%.", _TAX, problem_name=_QUERY, ge=0, le=100_000_000),
        ]
        | None
    ) = None
    taxAmount: (
        Annotated[
            Cents,
            doc(
                "A fixed tax amount.",
                documented("REF taxrates"),
                problem_name=_QUERY,
                ge=0,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None
    isDefault: Annotated[
        bool, doc("Applies to items that use the default taxes.", _TAX, problem_name=_QUERY)
    ] = False
    taxType: (
        Annotated[
            Literal["VAT_TAXABLE", "VAT_NON_TAXABLE", "VAT_EXEMPT", "INTERNAL_TAX", "PARTNER_TAX"],
            doc("Type of tax.", _TAX, problem_name=_QUERY),
        ]
        | None
    ) = None


class MerchantTax(Record, frozen=True, kw_only=True):
    """A stored tax of a merchant."""

    id: str
    asked: TaxRateRequest
    is_deleted: bool = False
    """A deleted tax still applies to the lines that have it."""


class TaxRateResponse(Record, frozen=True, kw_only=True):
    """Response for a tax of a merchant or of a line. Source: clover_sandbox_simulator."""

    evidence: ClassVar[Evidence] = observed(
        "clover_sandbox_simulator, recorded in 2026-02; for a line: community.clover.com 24054"
    )

    id: str | None = None
    lineItemRef: Reference | None = None
    name: str | None = None
    taxType: str | None = None
    rate: int | None = None
    taxAmount: Cents | None = None
    isDefault: bool


NO_TAX_APPLIED = "NO_TAX_APPLIED"
"""The tax that every merchant has. Source: clover_sandbox_simulator."""


def tax_response(tax: MerchantTax) -> TaxRateResponse:
    """Return the response for a merchant's tax."""
    request = tax.asked
    return TaxRateResponse(
        id=tax.id,
        name=request.name,
        taxType=request.taxType,
        rate=request.rate,
        taxAmount=request.taxAmount,
        isDefault=request.isDefault,
    )


class OrderTypeRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/order_types`."""

    label: Annotated[
        str, doc("Name.", _TYPE, problem_name=_QUERY, min_length=1, max_length=NAME_MAX)
    ]
    taxable: Annotated[bool, doc("Whether taxes apply.", _TYPE, problem_name=_QUERY)] = True
    fee: Annotated[Cents, doc("Minor units.", _TYPE, problem_name=_QUERY, ge=0, le=AMOUNT_MAX)] = 0
    minOrderAmount: Annotated[
        Cents, doc("Minor units.", _TYPE, problem_name=_QUERY, ge=0, le=AMOUNT_MAX)
    ] = 0
    avgOrderTime: Annotated[
        int, doc("Minutes.", _TYPE, problem_name=_QUERY, ge=0, le=1_000_000)
    ] = 0


class OrderType(Record, frozen=True, kw_only=True):
    """A stored order type; the first is the default (observed)."""

    id: str
    asked: OrderTypeRequest
    is_default: bool


class OrderTypeResponse(Record, frozen=True, kw_only=True):
    """Response for an order type. Source: clover_sandbox_simulator."""

    evidence: ClassVar[Evidence] = observed("clover_sandbox_simulator, recorded in 2026-02")

    id: str
    label: str
    taxable: bool
    isDefault: bool
    filterCategories: bool
    fee: Cents
    minOrderAmount: Cents
    avgOrderTime: int
    hoursAvailable: str
    isDeleted: bool


def order_type_response(order_type: OrderType) -> OrderTypeResponse:
    """Return the response for an order type."""
    return OrderTypeResponse(
        id=order_type.id,
        label=order_type.asked.label,
        taxable=order_type.asked.taxable,
        isDefault=order_type.is_default,
        filterCategories=False,
        fee=order_type.asked.fee,
        minOrderAmount=order_type.asked.minOrderAmount,
        avgOrderTime=order_type.asked.avgOrderTime,
        hoursAvailable="BUSINESS",
        isDeleted=False,
    )


class TenderResponse(Record, frozen=True, kw_only=True):
    """A tender. Source: clover-mcp-server for the fields, clover-android-sdk for the keys."""

    evidence: ClassVar[Evidence] = observed("clover-mcp-server, sandbox 2026-06")

    href: str
    id: str
    editable: bool
    labelKey: str
    label: str
    opensCashDrawer: bool
    enabled: bool
    visible: bool
    supportsCashDiscount: bool


TENDERS: dict[str, str] = {
    "com.clover.tender.credit_card": "Credit Card",
    "com.clover.tender.debit_card": "Debit Card",
    "com.clover.tender.cash": "Cash",
    "com.clover.tender.check": "Check",
    "com.clover.tender.external_gift_card": "External Gift Card",
    "com.clover.tender.external_payment": "External Payment",
    "com.clover.tender.external_pin_debit": "External PIN Debit",
}
"""Labels by key. Clover's sandbox has fourteen tenders; only these keys are known. All labels
except the first three are inferred."""
EXTERNAL_PAYMENT = "com.clover.tender.external_payment"
DEFAULT_TENDER_BY_KIND: dict[Instrument, str] = {
    "card": "com.clover.tender.credit_card",
    "gift_card": "com.clover.tender.external_gift_card",
    "ach": EXTERNAL_PAYMENT,
    "tender": EXTERNAL_PAYMENT,
}
"""Default tender by kind of payment; inferred except for cards."""
