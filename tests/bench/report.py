"""The report of the benchmark: rows of ratios as a markdown table in the documentation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.bench import machine

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
_NEW_FILE = f"# Performance\n\nWritten by `make bench`.\n\n{BEGIN}\n{END}\n"
_WHY_CHARACTERS_MAX = 200
_HEAD = (
    "| figure | median (min-max) | target (stretch) | verdict | by server CPU time | details |",
    "|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Row:
    """One figure: the ratio of every round, its target, and an explanation.

    Without a stretch target, the target is used.
    """

    says: str
    ratios: tuple[float, ...]
    target: float
    stretch: float
    beside: str
    by_cpu: tuple[float, ...] = ()
    lower_is_better: bool = False

    @property
    def verdict(self) -> str:
        """Say whether the median meets the target, or the stretch target."""
        sign = -1 if self.lower_is_better else 1
        reached = sign * median(self.ratios)
        if self.stretch != self.target and reached >= sign * self.stretch:
            return "stretch target met"
        return "met" if reached >= sign * self.target else "**missed**"

    def line(self) -> str:
        """Return the row of the table."""
        bound = "≤" if self.lower_is_better else "≥"
        hope = f"{bound} {self.target:g}"
        if self.stretch != self.target:
            hope += f" ({self.stretch:g})"
        by_cpu = spread(self.by_cpu) if self.by_cpu else ""
        cells = (self.says, spread(self.ratios), hope, self.verdict, by_cpu, self.beside)
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True)
class Unmeasured:
    """A figure without a ratio, and the reason."""

    says: str
    why: str

    def line(self) -> str:
        """Return the row of the table."""
        # The last line of a log is the error; earlier ones contain paths of this machine.
        why = self.why.strip().rpartition("\n")[2].replace("|", "/")[:_WHY_CHARACTERS_MAX]
        return f"| {self.says} | | | not measured | | {why} |"


def spread(ratios: Sequence[float]) -> str:
    """Format a median with its minimum and maximum."""
    return f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def table(rows: Sequence[Row | Unmeasured], rounds: int) -> str:
    """Format the facts of the machine and the rows."""
    day = datetime.now(tz=UTC).date().isoformat()
    facts = [f"- {what}: {value}" for what, value in machine.facts()]
    message = (
        f"Measured on {day}, {rounds} rounds or more; each ratio is computed within a round; "
        "the table shows the median over all rounds, with minimum and maximum."
    )
    return "\n".join([message, "", *facts, "", *_HEAD, *(row.line() for row in rows)])


def write(path: Path, text: str) -> None:
    """Put `text` between the markers and keep the text around them; create the file if missing."""
    old = path.read_text(encoding="utf-8") if path.exists() else _NEW_FILE
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise RuntimeError(f"{path.name} has no {BEGIN} … {END} to write between")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
