"""Whether a run delivered goods that nobody paid for, or twice, by rules of the audit."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mock_clover.core.record import Value

_TWICE = "CLV026"
"""A webhook that came twice was processed twice."""
_UNPAID = ("CLV027", "CLV028")
"""An order was printed or closed without a payment."""
AUDIT_QUERY = f"select={','.join((_TWICE, *_UNPAID))}"
"""The query of `GET /_mock/audit` for the findings that are judged."""


class GoodsCheck(Value, frozen=True, kw_only=True):
    """What a run delivered wrongly, as sentences, and the run without faults did not."""

    twice: tuple[str, ...] = ()
    unpaid: tuple[str, ...] = ()
    """Right again if the money is, because the payment came later."""


NO_GOODS = GoodsCheck()


def compare_goods(
    found: Sequence[dict[str, Any]], reference: Sequence[dict[str, Any]]
) -> GoodsCheck:
    """Compare the findings of a run with those of the run without faults."""
    known = Counter((each["rule"], each["subject"]) for each in reference)
    new: list[dict[str, Any]] = []
    for each in found:
        label = (each["rule"], each["subject"])
        if known[label]:
            known[label] -= 1
        else:
            new.append(each)
    return GoodsCheck(
        twice=tuple(each["message"] for each in new if each["rule"] == _TWICE),
        unpaid=tuple(each["message"] for each in new if each["rule"] in _UNPAID),
    )
