"""The outcomes and faults that are armed for the next payments of a sandbox."""

from collections.abc import Iterable

from msgspec.structs import replace

from mock_clover.clover.checkout.records import PAY_CHECKOUT
from mock_clover.clover.recurring.records import CHARGE_SUBSCRIPTION
from mock_clover.core.record import Value

PAYMENTS = ("create_charge", "pay_order", "capture_charge", PAY_CHECKOUT)
"""The operations of an armed outcome that names none."""
ISSUER_OPERATIONS = (
    *("create_charge", "pay_order", "finalize_payment", "create_customer", "update_customer"),
    *(PAY_CHECKOUT, CHARGE_SUBSCRIPTION),
)
"""The operations that ask the issuer. An outcome of the issuer would stay armed for any other."""
ARMED_MAX = 100


class ArmedOutcome(Value, frozen=True, kw_only=True):
    """An outcome or a fault of the next payments, as it was requested."""

    id: str
    outcome: str | None = None
    """An outcome as in the header `x-mock-clover-outcome`."""
    fault: str | None = None
    """A fault as in the header `x-mock-clover-fault`."""
    endpoint: str | None = None
    """None: any of `PAYMENTS`."""
    left: int
    """How many payments it still applies to."""

    def applies_to(self, endpoint: str) -> bool:
        """Return whether it is armed for an operation."""
        return endpoint in PAYMENTS if self.endpoint is None else endpoint == self.endpoint


class Armed:
    """The armed outcomes and faults, oldest first; the first that applies is used.

    They are looked up without effect, and spent by the payment that they apply to: a request that
    is rejected before spends none.
    """

    __slots__ = ("count", "outcomes")

    def __init__(self) -> None:
        self.outcomes: list[ArmedOutcome] = []
        self.count = 0

    def add(
        self, outcome: str | None, fault: str | None, endpoint: str | None, times: int
    ) -> ArmedOutcome:
        """Arm an outcome or a fault; the oldest is removed if there are too many."""
        self.count += 1
        added = ArmedOutcome(
            id=f"next-{self.count}", outcome=outcome, fault=fault, endpoint=endpoint, left=times
        )
        self.outcomes.append(added)
        del self.outcomes[:-ARMED_MAX]
        return added

    def find_fault(self, endpoint: str) -> ArmedOutcome | None:
        """Return the fault of a request, if any."""
        for each in self.outcomes:
            if each.fault is not None and each.applies_to(endpoint):
                return each
        return None

    def spend(self, armed_id: str) -> None:
        """Count one use."""
        self.outcomes = [
            replace(each, left=each.left - 1) if each.id == armed_id else each
            for each in self.outcomes
            if each.id != armed_id or each.left > 1
        ]

    def remove(self, armed_id: str) -> bool:
        """Disarm one; return False if there is none with that id."""
        before = len(self.outcomes)
        self.outcomes = [each for each in self.outcomes if each.id != armed_id]
        return len(self.outcomes) < before

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self.outcomes = [each for each in self.outcomes if each.fault is None]

    def clear(self) -> int:
        """Disarm all and return their number."""
        count = len(self.outcomes)
        self.outcomes = []
        return count

    def restore(self, outcomes: Iterable[ArmedOutcome], count: int) -> None:
        """Restore the state of a snapshot or of another sandbox."""
        self.outcomes, self.count = list(outcomes), count
