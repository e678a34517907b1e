"""The verdict of a run: how the command ended, and whether the money is right.

docs/sweep.md has the same table.
"""

from typing import Literal, NamedTuple

from mock_clover.sweep.goods import NO_GOODS, GoodsCheck
from mock_clover.sweep.money import MoneyCheck

CellVerdict = Literal["survived", "failed_safely", "unreconciled", "lost_money", "hung"]
End = Literal["succeeded", "failed", "hung"]
"""How the command ended: exit code 0, another one or a signal, or the time limit."""
BAD_VERDICTS: frozenset[CellVerdict] = frozenset({"lost_money", "hung"})
"""Verdicts that make a sweep fail."""
_LATE = "did not end within the time limit (--timeout)"


class Judgement(NamedTuple):
    """A verdict and the reasons for it."""

    verdict: CellVerdict
    reasons: tuple[str, ...] = ()


def judge(
    end: End,
    money: MoneyCheck,
    repaired: MoneyCheck | None = None,
    goods: GoodsCheck = NO_GOODS,
    *,
    repair_hung: bool = False,
) -> Judgement:
    """Return the verdict of a run.

    `repaired` is the money after the command of `--reconcile`, or None if that did not run.
    """
    if end == "hung":
        return Judgement("hung", (f"the command {_LATE}", *money.unsafe))
    if repair_hung:
        return Judgement("hung", (f"the reconcile command {_LATE}",))
    final = money if repaired is None else repaired
    wrong = goods.twice if final.same else (*goods.twice, *goods.unpaid)
    if end == "succeeded":
        if final.same and not wrong:
            return Judgement("survived")
        return Judgement("lost_money", ("the command reported success", *wrong, *final.differs))
    if wrong:
        return Judgement("lost_money", ("the command reported a failure", *wrong))
    if repaired is not None:
        if not repaired.safe:
            return Judgement("lost_money", ("after the reconcile command", *repaired.unsafe))
        money = repaired
    if money.safe and not money.in_part:
        return Judgement("failed_safely")
    why = (*money.unsafe, *money.in_part)
    return Judgement("unreconciled", ("the command reported a failure", *why))


def verdict_name(verdict: CellVerdict) -> str:
    """Return a verdict as text: `lost money`."""
    return verdict.replace("_", " ")
