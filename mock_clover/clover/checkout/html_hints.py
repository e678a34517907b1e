"""The test cards of a scenario on a page with `?mock_clover_cards=1`.

Numbers that Clover has published, those of the shipped scenario, are shown in full. For others only
the last four digits are shown, because they may be private.
"""

from mock_clover.engine.html import text
from mock_clover.scenario.records import Scenario, TestCard

HINTS_MAX = 100
"""Maximum number of cards shown; a scenario may have thousands."""
_HINTS = """\
<details class="sheet cards">
<summary>Test cards</summary>
<table>
<caption>With any security code of three digits, four for AMEX, and a future expiry date.</caption>
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
    """Return a scenario's cards as a closed `<details>`, or '' if it has none."""
    from mock_clover.scenario.load import load  # noqa: PLC0415 - yaml: 20 ms of every start

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
