"""The HTML report of a sweep: it fits a phone, and its table keeps the calls in view."""

from browser_session import SharedBrowserSession
from msgspec.structs import replace
from test_accessibility import check_page

from mock_clover.sweep.faults import FAULTS
from mock_clover.sweep.report_html import as_html
from mock_clover.sweep.verdict import CellVerdict
from tests.sweep.test_sweep_reports import LOST, RESULT

VERDICTS: tuple[CellVerdict, ...] = (
    *("survived", "failed_safely", "unreconciled", "lost_money", "hung"),
)
LONG_NAME = "platform_create_print_event#1"
LEFT_OF = "node => Math.round(node.getBoundingClientRect().left)"


def test_the_report_of_a_sweep_fits_a_phone_and_is_accessible(
    session: SharedBrowserSession, axe: str
) -> None:
    cells = [
        replace(LOST, call=call, fault=fault.name, verdict=VERDICTS[number % len(VERDICTS)])
        for call in ("create_charge#1", LONG_NAME)
        for number, fault in enumerate(FAULTS)
    ]
    result = replace(RESULT, calls=("create_charge#1", LONG_NAME), cells=tuple(cells))
    page = session.page
    page.set_content(as_html(result))
    assert check_page(page, axe) == []
    table = page.get_by_role("region", name="Calls and faults")
    call = page.get_by_role("rowheader", name=LONG_NAME)
    before = call.evaluate(LEFT_OF)
    table.evaluate("node => { node.scrollLeft = node.scrollWidth; }")
    assert table.evaluate("node => node.scrollLeft") > 0, "the table is not wider than a phone"
    assert call.evaluate(LEFT_OF) == before
    width = call.evaluate("node => node.getBoundingClientRect().width / innerWidth")
    assert 0.25 < width < 0.5, "the names of the calls cover the verdicts, or are not readable"
