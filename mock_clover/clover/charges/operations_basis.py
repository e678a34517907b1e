"""The behaviours that decided a payment, in addition to those of its source."""

from mock_clover.clover.charges.behaviours import (
    FIRST_WITH_INTENT_SAVES_CARD,
    SUBSEQUENT_WITHOUT_FIRST_WARNS,
)
from mock_clover.clover.charges.behaviours_purchase import (
    DESCRIPTOR_ACCEPTED,
    PURCHASE_DATA_ACCEPTED,
    SURCHARGE_IS_SEPARATE,
    ZERO_AUTHORIZATION_CHECKS_CARD,
    ZERO_SALE_IS_APPROVED,
)
from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.records_on_file import (
    DESCRIPTORS_UNSUPPORTED,
    MISSING_ORIGINAL,
    PURCHASE_CARDS_UNSUPPORTED,
    SUBSEQUENT_WITHOUT_FIRST,
)
from mock_clover.clover.gift_cards.behaviours import DEBIT_IS_PENDING
from mock_clover.core.evidence import Behaviour


def basis_of(charge: Charge) -> tuple[Behaviour, ...]:
    """Return the behaviours that decided a stored charge.

    Data that the merchant does not support is gone from the request, but its warning is there.
    """
    request, approval, stored = charge.request, charge.approval, charge.request.stored_credentials
    basis: tuple[Behaviour, ...] = ()
    if not request.amount and charge.decline is None:
        basis = (ZERO_SALE_IS_APPROVED if request.capture else ZERO_AUTHORIZATION_CHECKS_CARD,)
    if charge.surcharge is not None:
        basis += (SURCHARGE_IS_SEPARATE,)
    if charge.is_debit_pending:
        basis += (DEBIT_IS_PENDING,)
    if request.level2 is not None or request.level3 is not None:
        basis += (PURCHASE_DATA_ACCEPTED,)
    if request.soft_descriptor is not None:
        basis += (DESCRIPTOR_ACCEPTED,)
    if request.intent is not None and stored is not None and stored.sequence == "FIRST":
        basis += (FIRST_WITH_INTENT_SAVES_CARD,)
    if approval is not None and approval.warning_message is not None:
        basis += tuple(
            behaviour
            for text, behaviour in _BEHAVIOUR_BY_WARNING.items()
            if text in approval.warning_message
        )
    return basis


_BEHAVIOUR_BY_WARNING = {
    PURCHASE_CARDS_UNSUPPORTED: PURCHASE_DATA_ACCEPTED,
    DESCRIPTORS_UNSUPPORTED: DESCRIPTOR_ACCEPTED,
    SUBSEQUENT_WITHOUT_FIRST: SUBSEQUENT_WITHOUT_FIRST_WARNS,
    MISSING_ORIGINAL: SUBSEQUENT_WITHOUT_FIRST_WARNS,
}
