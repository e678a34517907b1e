"""Look up and apply the tax rates of the merchant that orders, lines and charges refer to by id."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from mock_clover.clover.charges.records import ChargeRequest
from mock_clover.clover.common.problems import INVALID_TAX_RATE
from mock_clover.clover.orders.records_item import TAX_RATE_100_PERCENT, Item, TaxRate
from mock_clover.clover.platform.behaviours import TAX_RATE_BY_ID
from mock_clover.clover.platform.records_inventory import (
    NO_TAX_APPLIED,
    InventoryItem,
    MerchantTax,
    TaxRateRequest,
)
from mock_clover.core.broken_rule import shown
from mock_clover.core.evidence import Cents
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.sandbox import Sandbox


def find_tax(sandbox: Sandbox, tax_id: str) -> MerchantTax | None:
    """Return a tax rate of the merchant; every merchant has the tax rate "no tax applied"."""
    no_tax = no_tax_rate(sandbox)
    tax = no_tax if tax_id == no_tax.id else sandbox.tax_rates.get(tax_id)
    return None if tax is None or tax.is_deleted else tax


def no_tax_rate(sandbox: Sandbox) -> MerchantTax:
    """Return the tax rate of 0 %, with an id from the seed. Source: clover_sandbox_simulator."""
    return MerchantTax(
        id=derived_id("tax", sandbox.seed, NO_TAX_APPLIED),
        asked=TaxRateRequest(name=NO_TAX_APPLIED, rate=0),
    )


def taxes_of(sandbox: Sandbox, item: InventoryItem) -> tuple[MerchantTax, ...]:
    """Return the tax rates of an inventory item: the default ones, and those added to it."""
    return tuple(
        tax
        for tax in sandbox.tax_rates
        if not tax.is_deleted
        and (tax.id in item.tax_rates or (tax.asked.isDefault and item.asked.defaultTaxRates))
    )


def line_taxes(
    sandbox: Sandbox, items: Iterable[Item], prices: Sequence[Cents] = ()
) -> tuple[Cents, ...]:
    """Return the tax of each line.

    `prices` are those of an existing order whose lines change: its lines may have a tax rate that
    was deleted. Raise INVALID_TAX_RATE for an unknown tax rate.
    """
    return tuple(
        item.tax
        if not item.tax_rates
        else replace(
            item,
            tax_rates=[
                resolve_tax_rate(sandbox, rate, or_deleted=bool(prices)) for rate in item.tax_rates
            ],
        ).tax_on(prices[index] if prices else item.price)
        for index, item in enumerate(items)
    )


def resolve_tax_rate(sandbox: Sandbox, rate: TaxRate, *, or_deleted: bool = False) -> TaxRate:
    """Return a tax rate with the name and rate of the merchant's tax rate that it refers to."""
    if rate.tax_rate_uuid is None:
        return rate
    tax = find_tax(sandbox, rate.tax_rate_uuid)
    if tax is None and or_deleted:
        tax = sandbox.tax_rates.get(rate.tax_rate_uuid)
    if tax is None:
        rule = f"tax_rate_uuid is {shown(rate.tax_rate_uuid)}; the merchant has no such tax rate"
        raise INVALID_TAX_RATE.error(rule=rule, basis=(TAX_RATE_BY_ID,))
    return replace(
        rate,
        name=rate.name or tax.asked.name,
        rate=tax.asked.rate,
        tax_amount=tax.asked.taxAmount,
    )


def include_tax(sandbox: Sandbox, request: ChargeRequest) -> ChargeRequest:
    """Return a charge request with the tax that its amount includes at its `tax_rate_uuid`.

    Source: REF createcharge, an amount of 1100 with a tax of 100. Half a cent is rounded up
    (inferred).
    """
    rate = resolve_tax_rate(sandbox, TaxRate(tax_rate_uuid=request.tax_rate_uuid))
    divisor = TAX_RATE_100_PERCENT + (rate.rate or 0)
    tax = (request.amount * (rate.rate or 0) + divisor // 2) // divisor
    return replace(request, tax_amount=min(request.amount, rate.tax_amount or tax))
