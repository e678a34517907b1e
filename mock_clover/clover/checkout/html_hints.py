"""The test cards of a scenario as a page shows them, where `?mock_clover_cards=1` asks for them.

A number is shown that Clover has published, as the shipped scenario has it; of any other its last
four digits: it may be one that somebody keeps to himself.
"""

from mock_clover.engine.html import text
from mock_clover.scenario.load import load
from mock_clover.scenario.records import Scenario, TestCard

HINTS_MAX = 100
"""A scenario may have thousands of cards."""
_HINTS = """\
<details class="sheet cards">
<summary>Test cards</summary>
<table>
<caption>With any security code of three digits, four for AMEX, and a date to come.</caption>
<thead><tr><th scope="col">Number</th><th scope="col">Outcome</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</details>
"""
_ROW = """\
<tr><th scope="row"><code>{number}</code> <small>{brand}</small></th><td>{outcome}</td></tr>"""


def hints(scenario: Scenario) -> str:
    """Return a scenario's cards as HTML that is closed at first, or nothing if it has none."""
    published = {card.number for card in load("sandbox").cards}
    rows = [_row(card, whole=card.number in published) for card in scenario.cards[:HINTS_MAX]]
    return _HINTS.format(rows="\n".join(rows)) if rows else ""


def _row(card: TestCard, *, whole: bool) -> str:
    number = card.number
    spaced = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    outcome = "approved" if card.outcome == "approve" else f"declined: {card.decline_code}"
    return _ROW.format(
        number=spaced if whole else f"… {number[-4:]}",
        brand=text(card.brand or ""),
        outcome=text(outcome),
    )
