"""The values of a sweep: its options, one run, one cell, and the whole result."""

from typing import Any

from mock_clover.core.record import Record, Value
from mock_clover.sweep.calls import RecordedCall
from mock_clover.sweep.money import Money
from mock_clover.sweep.selection import Selection
from mock_clover.sweep.verdict import BAD_VERDICTS, CellVerdict


class SweepError(Exception):
    """The sweep cannot start or continue. The message is for the user."""


class Options(Value, frozen=True, kw_only=True):
    """What the user asked for."""

    command: tuple[str, ...]
    reconcile: tuple[str, ...] = ()
    timeout_s: float = 60.0
    jobs: int = 1
    budget: int | None = None
    """Maximum number of runs with a fault."""
    only: tuple[Selection, ...] = ()
    all_calls: bool = False
    """Whether equivalent calls are swept, too."""
    seed: str = "mock-clover"
    settings: dict[str, Any] = {}
    """Scenario and settings of each run's sandbox."""
    repeat: tuple[str, ...] = ()
    """The words of the command that repeats a cell, without `--only` and COMMAND."""


class PlannedRun(Value, frozen=True, kw_only=True):
    """One run with a fault."""

    call: RecordedCall
    fault: str
    merged: tuple[str, ...] = ()
    """The equivalent calls that it represents."""

    @property
    def name(self) -> str:
        """The name of the cell, as in `--only`."""
        return f"{self.call.name}:{self.fault}"


class RunResult(Value, frozen=True, kw_only=True):
    """What one run of the command did."""

    exit: int | None
    """None if it did not end within the time limit."""
    output: str
    exchanges: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    money: Money
    goods: list[dict[str, Any]]
    """The findings of the audit about goods that were delivered."""
    repaired: Money | None = None
    """The money after the reconcile command, if that ran."""
    repair_exit: int | None = None
    took_ms: int = 0


class Cell(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The result of one run with a fault."""

    call: str
    fault: str
    verdict: CellVerdict
    reasons: tuple[str, ...]
    exit: int | None
    """The exit code of the command, negative for a signal; None at the time limit."""
    reconcile_exit: int | None
    ledger: Money
    """After the reconcile command, if that ran."""
    repeat: str
    """The command that repeats the cell."""
    merged: tuple[str, ...]
    journal: tuple[str, ...]
    output: str
    took_ms: int

    @property
    def name(self) -> str:
        """The name of the cell, as in `--only`."""
        return f"{self.call}:{self.fault}"

    @property
    def is_bad(self) -> bool:
        """Whether it makes the sweep fail."""
        return self.verdict in BAD_VERDICTS


class Missed(Record, frozen=True, kw_only=True):
    """A cell without a verdict, and why."""

    call: str
    fault: str
    why: str

    @property
    def name(self) -> str:
        """The name of the cell, as in `--only`."""
        return f"{self.call}:{self.fault}"


class SweepResult(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The result of a sweep."""

    command: str
    seed: str
    calls: tuple[str, ...]
    """The calls of the run without faults, in order."""
    reference: Money
    nondeterminism: tuple[str, ...]
    """How the calls of the two runs without faults differ."""
    cells: tuple[Cell, ...]
    missed: tuple[Missed, ...]
    """Cells whose fault did not apply, because the call did not come."""
    left_out: tuple[str, ...]
    """Cells beyond the budget."""
    runs: int
    took_ms: int

    @property
    def failed(self) -> bool:
        """Whether a cell lost money or hung."""
        return any(cell.is_bad for cell in self.cells)

    def count(self, verdict: CellVerdict) -> int:
        """Return the number of cells with a verdict."""
        return sum(cell.verdict == verdict for cell in self.cells)
