"""The result of a sweep as one HTML file, without scripts and without requests.

The tree is built as elements, so all text is escaped when it is written.
"""

from base64 import b64encode
from hashlib import sha256
from xml.etree.ElementTree import Element, SubElement, tostring

from mock_clover import __version__
from mock_clover.core.printable import printable_lines
from mock_clover.sweep.faults import BY_NAME, shown_faults
from mock_clover.sweep.html_style import STYLE
from mock_clover.sweep.records import Cell, Missed, SweepResult
from mock_clover.sweep.report_text import MISSED, notes, summary
from mock_clover.sweep.verdict import CellVerdict, verdict_name

_MEANINGS: dict[CellVerdict, str] = {
    "survived": "the command succeeded, and the money is as without the fault",
    "failed_safely": "the command failed, and left no money that it does not know of",
    "unreconciled": "the command failed, and left money that it does not know of, or an order "
    "that is paid in part",
    "lost_money": "the money is wrong after the command succeeded, or after the reconcile command",
    "hung": "the command did not end within the time limit",
}
_FOCUSABLE = {"tabindex": "0"}
"""What scrolls can be scrolled with keys."""


def as_html(result: SweepResult) -> str:
    """Return the report as a page."""
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    page = Element("html", lang="en")
    head = SubElement(page, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    _add(head, "title", f"Sweep of {result.command}")
    SubElement(head, "style").text = STYLE
    body = SubElement(page, "body")
    _add(body, "h1", "Sweep")
    _add(_add(body, "p", ""), "code", result.command)
    _add(body, "p", summary(result), "wrong" if result.failed else "")
    _add_notes(body, result)
    _add_matrix(body, result)
    _add_legend(body)
    for cell in sorted(result.cells, key=lambda each: not each.is_bad):
        _add_cell(body, cell)
    _add(body, "footer", f"mock-clover {__version__}, seed {result.seed}")
    text = tostring(page, encoding="unicode", method="html")
    return f"<!DOCTYPE html>\n{text}\n"


def _add(parent: Element, tag: str, text: str, css: str = "") -> Element:
    """Add an element with text; an empty class is left out."""
    child = SubElement(parent, tag, {"class": css} if css else {})
    child.text = printable_lines(text)
    return child


def _add_notes(body: Element, result: SweepResult) -> None:
    found = notes(result)
    if found:
        items = SubElement(body, "ul", {"class": "notes"})
        for note in found:
            _add(items, "li", note)


def _add_matrix(body: Element, result: SweepResult) -> None:
    """Add the table of calls and faults; each verdict links to its details."""
    cells: dict[tuple[str, str], Cell | Missed] = {}
    cells |= {(cell.call, cell.fault): cell for cell in result.cells}
    cells |= {(missed.call, missed.fault): missed for missed in result.missed}
    faults = shown_faults(name for _, name in cells)
    scrolled = {"class": "scroll", "role": "region", "aria-label": "Calls and faults"}
    table = SubElement(SubElement(body, "div", scrolled | _FOCUSABLE), "table")
    row = SubElement(SubElement(table, "thead"), "tr")
    _add(row, "th", "call").set("scope", "col")
    for fault in faults:
        heading = _add(row, "th", "")
        heading.set("scope", "col")
        heading.set("title", fault.about)
        for number, text in enumerate(fault.columns):
            if number:
                SubElement(heading, "br").tail = text
            else:
                heading.text = text
    rows = SubElement(table, "tbody")
    for call in (name for name in result.calls if any(name == each for each, _ in cells)):
        row = SubElement(rows, "tr")
        _add(row, "th", call).set("scope", "row")
        for fault in faults:
            _add_verdict(SubElement(row, "td"), cells.get((call, fault.name)))


def _add_verdict(parent: Element, cell: Cell | Missed | None) -> None:
    if isinstance(cell, Cell):
        link = _add(parent, "a", verdict_name(cell.verdict), cell.verdict)
        link.set("href", f"#{_anchor(cell)}")
    elif cell is not None:
        parent.text = MISSED
        parent.set("title", cell.why)


def _add_legend(body: Element) -> None:
    legend = SubElement(body, "dl")
    for verdict, meaning in _MEANINGS.items():
        _add(SubElement(legend, "dt"), "span", verdict_name(verdict), verdict)
        _add(legend, "dd", meaning)


def _anchor(cell: Cell) -> str:
    return cell.name.replace("#", "-").replace(":", "-")


def _add_cell(body: Element, cell: Cell) -> None:
    """Add the details of a cell; those of a good one are folded."""
    part = SubElement(body, "details", {"id": _anchor(cell)})
    if cell.is_bad:
        part.set("open", "open")
    title = SubElement(part, "summary")
    _add(title, "span", verdict_name(cell.verdict), cell.verdict).tail = " "
    _add(title, "b", f"{cell.call} {cell.fault}")
    _add(part, "p", BY_NAME[cell.fault].about)
    if cell.reasons:
        reasons = SubElement(part, "ul")
        for reason in cell.reasons:
            _add(reasons, "li", reason)
    ended = "time limit" if cell.exit is None else f"exit code {cell.exit}"
    if cell.reconcile_exit is not None:
        ended += f", reconcile command {cell.reconcile_exit}"
    _add(part, "p", f"{ended}, {cell.took_ms / 1000:.1f} s")
    if cell.merged:
        _add(part, "p", f"Also for {', '.join(cell.merged)}")
    blocks = (
        ("Repeat", cell.repeat),
        ("Ledger", "\n".join(position.text() for position in cell.ledger.positions) or "empty"),
        ("Calls", "\n".join(cell.journal) or "none"),
        ("Output", cell.output.strip("\n") or "none"),
    )
    for heading, text in blocks:
        _add(part, "h2", heading)
        _add(part, "pre", text).attrib.update(_FOCUSABLE)
