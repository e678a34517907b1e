"""The refunds that responses of the platform API contain."""

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import itemgetter

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.platform.view import ResponseContext
from mock_clover.clover.refunds.records import Refund
from mock_clover.core.steps import Steps, finish
from mock_clover.engine.pagination import in_steps
from mock_clover.sandbox.sandbox import Sandbox


def index_refunds(context: ResponseContext, *, may_change: bool = True) -> Steps[None]:
    """Read all refunds for a response that expands those of many charges."""
    refunds = all_refunds(context.sandbox, may_change=may_change) if context.expands_refunds else ()
    for number, refund in enumerate(in_steps(refunds)):
        if refund is None:
            yield
        else:
            context.refunds.setdefault(refund.charge, []).append((number, refund))
    context.refunds[""] = []  # they were read, even if there are none


def refunds_of(context: ResponseContext, charges: Iterable[Charge]) -> Iterator[Refund]:
    """Iterate over the refunds of the charges, newest first."""
    if not context.refunds:
        finish(index_refunds(context, may_change=False))
    found = (context.refunds.get(charge.id, ()) for charge in charges)
    return (refund for _, refund in sorted(chain.from_iterable(found), key=itemgetter(0)))


def all_refunds(sandbox: Sandbox, *, may_change: bool) -> Iterator[Refund | None]:
    """Iterate over the refunds, newest first, with None in place of a void of an authorization.

    `may_change`: rows may change while they are read.
    """
    return (
        refund if refund.refund_type != "PREAUTH" else None
        for refund in sandbox.refunds.newest_first(may_change)
    )
