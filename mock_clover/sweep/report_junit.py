"""The result of a sweep as JUnit XML: one test case for each cell."""

from mock_clover.core.junit import JUnitCase, junit_report
from mock_clover.sweep.records import Cell, SweepResult
from mock_clover.sweep.report_text import details
from mock_clover.sweep.verdict import verdict_name


def as_junit(result: SweepResult) -> str:
    """Return the report as JUnit XML; a cell that lost money or hung is a failure."""
    cases = [_case(cell) for cell in result.cells]
    cases += [
        JUnitCase(classname=missed.call, name=missed.fault, skipped=missed.why)
        for missed in result.missed
    ]
    report = junit_report("mock-clover sweep", result.command, cases, took_ms=result.took_ms)
    return f"{report}\n"


def _case(cell: Cell) -> JUnitCase:
    reasons = (verdict_name(cell.verdict), *cell.reasons)
    return JUnitCase(
        classname=cell.call,
        name=cell.fault,
        took_ms=cell.took_ms,
        failure=cell.verdict if cell.is_bad else "",
        message=": ".join(reasons),
        output="\n".join(details(cell) if cell.is_bad else reasons),
    )
