"""Soft descriptors and purchase card data: checked as far as documented, and passed through.

A merchant that does not support them is warned and charged all the same (documented).
"""

import msgspec

from mock_clover.clover.charges.operations_source import PaymentSource
from mock_clover.clover.charges.records import ChargeRequest
from mock_clover.clover.charges.records_on_file import (
    DESCRIPTORS_UNSUPPORTED,
    PURCHASE_CARDS_UNSUPPORTED,
)
from mock_clover.clover.charges.records_purchase import (
    CONTACT_CHARS_MAX,
    ChargeDescriptor,
    Level2,
    Level3,
    missing_of,
)
from mock_clover.clover.charges.records_tender import Tender
from mock_clover.clover.common.problems import INVALID_REQUEST, INVALID_TENDER
from mock_clover.clover.common.verdict import Approval
from mock_clover.sandbox.sandbox import Sandbox

_replace = msgspec.structs.replace
_SHORT_CONTACT = frozenset({"VISA", "DISCOVER"})


def with_extras(
    sandbox: Sandbox, asked: ChargeRequest, payer: PaymentSource
) -> tuple[ChargeRequest, PaymentSource]:
    """Return a request without what its merchant does not support, and a payer who is warned."""
    brand = payer.token.card.brand
    if asked.soft_descriptor is not None:
        _check_descriptor(asked.soft_descriptor, brand)
    if asked.level2 is not None:
        check_level2(asked.level2)
    if asked.level3 is not None:
        _check_level3(asked.level3, brand)
    warnings = []
    if asked.soft_descriptor is not None and not sandbox.settings.soft_descriptors:
        asked = _replace(asked, soft_descriptor=None)
        warnings.append(DESCRIPTORS_UNSUPPORTED)
    has_levels = asked.level2 is not None or asked.level3 is not None
    if has_levels and not sandbox.settings.purchase_cards:
        asked = _replace(asked, level2=None, level3=None)
        warnings.append(PURCHASE_CARDS_UNSUPPORTED)
    verdict = payer.verdict
    if warnings and isinstance(verdict, Approval) and verdict.warning_message is None:
        payer = payer._replace(verdict=_replace(verdict, warning_message=". ".join(warnings)))
    return asked, payer


def check_tender(tender: Tender | None, *, captures: bool) -> None:
    """Refuse a tender that does not say which, or one that is only to be authorised (inferred)."""
    if tender is None or not tender.says_which:
        raise INVALID_TENDER.error()
    if not captures:
        raise INVALID_REQUEST.error(param="capture")


def _check_descriptor(given: ChargeDescriptor, brand: str) -> None:
    contact = given.merchant_contact_info or ""
    if brand in _SHORT_CONTACT and len(contact) > CONTACT_CHARS_MAX:
        raise INVALID_REQUEST.error(param="soft_descriptor.merchant_contact_info")


def check_level2(given: Level2) -> None:
    """Refuse level 2 data with a tax and no order number, which the tax needs (documented)."""
    if given.tax_amount is not None and not given.pc_order_number:
        raise INVALID_REQUEST.error(param="level2.pc_order_number")


def _check_level3(given: Level3, brand: str) -> None:
    for place, item in enumerate(given.level3_line_items or ()):
        if missing := missing_of(item, brand):
            raise INVALID_REQUEST.error(param=f"level3.level3_line_items[{place}].{missing}")
