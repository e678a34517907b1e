"""The result of a sweep as text: a matrix of calls and faults, and the cells with problems."""

from collections.abc import Iterator, Sequence

from mock_clover.core.counted import counted
from mock_clover.sweep.faults import shown_faults
from mock_clover.sweep.records import Cell, SweepResult
from mock_clover.sweep.verdict import CellVerdict, verdict_name

_LABELS: dict[CellVerdict, str] = {
    "survived": "ok",
    "failed_safely": "safe",
    "unreconciled": "UNREC",
    "lost_money": "LOST",
    "hung": "HUNG",
}
MISSED = "?"
_OUTPUT_LINES_MAX = 10
_CALL_LINES_MAX = 12
_LINE_CHARS_MAX = 160


def matrix(result: SweepResult) -> list[list[str]]:
    """Return the rows of the matrix: two lines of headings, then one row for each call."""
    texts = {(cell.call, cell.fault): _LABELS[cell.verdict] for cell in result.cells}
    texts |= {(each.call, each.fault): MISSED for each in result.missed}
    faults = shown_faults(name for _, name in texts)
    calls = [name for name in result.calls if any(call == name for call, _ in texts)]
    merged = {cell.call: len(cell.merged) for cell in result.cells}
    rows = [["call", *(fault.columns[0] for fault in faults)]]
    rows.append(["", *(fault.columns[1] for fault in faults)])
    for call in calls:
        name = f"{call} (+{merged[call]})" if merged.get(call) else call
        rows.append([name, *(texts.get((call, fault.name), "") for fault in faults)])
    return rows


def summary(result: SweepResult) -> str:
    """Return the counts in one line."""
    counts = [f"{count} {verdict_name(each)}" for each in _LABELS if (count := result.count(each))]
    counts += [f"{len(result.missed)} did not apply"] if result.missed else []
    counts += [f"{len(result.left_out)} left out by --budget"] if result.left_out else []
    seconds = max(result.took_ms, 1) / 1000
    pace = f"{result.runs} runs in {seconds:.0f} s, {result.runs * 60 / seconds:.0f} a minute"
    return f"{', '.join(counts) or 'no cells'} ({pace})"


def as_text(result: SweepResult) -> str:
    """Return the whole report."""
    lines = [f"note: {each}" for each in notes(result)]
    lines += ["", *_table(matrix(result)), ""] if result.cells or result.missed else []
    for cells in _failure_groups(result):
        lines += [*details(cells[0], cells[1:]), ""]
    return "\n".join([*lines, summary(result)]).lstrip("\n")


def notes(result: SweepResult) -> list[str]:
    """Return what limits the result, as sentences."""
    found = [
        f"the calls differ between two runs without a fault: {each}"
        for each in result.nondeterminism
    ]
    found += [f"{each.name}: {each.why}" for each in result.missed]
    if result.left_out:
        found.append(f"left out by --budget: {', '.join(result.left_out)}")
    merged = {cell.call: cell.merged for cell in result.cells if cell.merged}
    found += [
        f"{call} stands for {counted(len(names), 'equivalent call')} "
        f"({', '.join(names)}); --all runs them, too"
        for call, names in merged.items()
    ]
    return found


def _table(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _failure_groups(result: SweepResult) -> list[list[Cell]]:
    """Return the cells with problems, bad ones first; those of one call and reason are together."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[Cell]] = {}
    for cell in sorted(result.cells, key=lambda each: not each.is_bad):
        if cell.verdict not in ("survived", "failed_safely"):
            groups.setdefault((cell.call, cell.verdict, cell.reasons), []).append(cell)
    return list(groups.values())


def details(cell: Cell, alike: Sequence[Cell] = ()) -> Iterator[str]:
    """Yield what is known of a cell: reasons, ledger, calls, output and how to repeat it.

    Cells that are `alike` have the same call, verdict and reasons.
    """
    ended = "time limit" if cell.exit is None else f"exit {cell.exit}"
    yield f"{verdict_name(cell.verdict).upper()}  {cell.call} {cell.fault}  ({ended})"
    if alike:
        yield f"  also with {', '.join(each.fault for each in alike)}"
    yield from (f"  {reason}" for reason in cell.reasons)
    yield from (f"  ledger  {position.text()}" for position in cell.ledger.positions)
    hidden = len(cell.journal) - _CALL_LINES_MAX
    if hidden > 0:
        yield f"  ({hidden} earlier calls)"
    yield from (f"  {shorten(line)}" for line in cell.journal[-_CALL_LINES_MAX:])
    yield from (f"  > {line}" for line in cell.output.splitlines()[-_OUTPUT_LINES_MAX:])
    yield from (f"  repeat: {each.repeat}" for each in (cell, *alike))


def shorten(line: str) -> str:
    """Return a line of the journal without what does not fit."""
    return line if len(line) <= _LINE_CHARS_MAX else f"{line[:_LINE_CHARS_MAX]}…"
