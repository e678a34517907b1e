"""Validate soft descriptors, purchase card data and tenders.

If the merchant does not support such data, the charge succeeds with a warning (documented).
"""

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import PaymentSource
from mock_clover.clover.charges.records import SITE_URL_LENGTHS, ChargeRequest
from mock_clover.clover.charges.records_on_file import (
    DESCRIPTORS_UNSUPPORTED,
    PURCHASE_CARDS_UNSUPPORTED,
)
from mock_clover.clover.charges.records_purchase import (
    CONTACT_CHARS_MAX,
    ChargeDescriptor,
    Level2,
    Level3,
    first_missing_field,
)
from mock_clover.clover.charges.records_tender import Tender
from mock_clover.clover.common.problems import INVALID_REQUEST, INVALID_TENDER, strict_refusal
from mock_clover.clover.common.verdict import Approval
from mock_clover.sandbox.sandbox import Sandbox

_BRANDS_WITH_SHORT_CONTACT = frozenset({"VISA", "DISCOVER"})


def check_and_strip_unsupported_data(
    sandbox: Sandbox, request: ChargeRequest, source: PaymentSource
) -> tuple[ChargeRequest, PaymentSource]:
    """Validate the data, remove what the merchant does not support, and warn in the approval."""
    brand = source.token.card.brand
    if request.soft_descriptor is not None:
        _check_descriptor(request.soft_descriptor, brand)
    if request.level2 is not None:
        check_level2(request.level2)
    if request.level3 is not None:
        _check_level3(request.level3, brand)
    warnings = []
    if request.soft_descriptor is not None and not sandbox.settings.soft_descriptors:
        request = replace(request, soft_descriptor=None)
        warnings.append(DESCRIPTORS_UNSUPPORTED)
    has_levels = request.level2 is not None or request.level3 is not None
    if has_levels and not sandbox.settings.purchase_cards:
        request = replace(request, level2=None, level3=None)
        warnings.append(PURCHASE_CARDS_UNSUPPORTED)
    verdict = source.verdict
    if warnings and isinstance(verdict, Approval) and verdict.warning_message is None:
        source = replace(source, verdict=replace(verdict, warning_message=". ".join(warnings)))
    return request, source


def check_tender(tender: Tender | None, *, captures: bool) -> None:
    """Reject a tender that is not identified, and a tender charge without capture (inferred)."""
    if tender is None or not tender.is_identified:
        raise INVALID_TENDER.error(rule="tender has none of id, label and label_key")
    if not captures:
        raise INVALID_REQUEST.error(
            param="capture", rule="capture is false; must be true for a tender"
        )


def _check_descriptor(data: ChargeDescriptor, brand: str) -> None:
    contact = data.merchant_contact_info or ""
    if brand in _BRANDS_WITH_SHORT_CONTACT and len(contact) > CONTACT_CHARS_MAX:
        raise INVALID_REQUEST.error(
            param="soft_descriptor.merchant_contact_info",
            rule=f"soft_descriptor.merchant_contact_info has {len(contact)} characters; at most "
            f"{CONTACT_CHARS_MAX} for {brand}",
        )


def check_site_url(url: str) -> None:
    """Reject a site_url of another length than documented; called only with `strict`."""
    low, high = SITE_URL_LENGTHS
    if not low <= len(url) <= high:
        raise strict_refusal(
            INVALID_REQUEST,
            param="site_url",
            rule=f"site_url has {len(url)} characters; {low} to {high} are documented",
        )


def check_level2(data: Level2) -> None:
    """Reject level 2 data with a tax but no order number (documented)."""
    if data.tax_amount is not None and not data.pc_order_number:
        raise INVALID_REQUEST.error(
            param="level2.pc_order_number",
            rule="level2.pc_order_number is missing; it is required with level2.tax_amount",
        )


def _check_level3(data: Level3, brand: str) -> None:
    for index, item in enumerate(data.level3_line_items or ()):
        if missing := first_missing_field(item, brand):
            name = f"level3.level3_line_items[{index}].{missing}"
            raise INVALID_REQUEST.error(
                param=name, rule=f"{name} is missing; it is required for {brand}"
            )
