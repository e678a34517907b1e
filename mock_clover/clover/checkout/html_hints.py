"""The test cards of a scenario on a page with `?mock_clover_cards=1`.

Numbers published by Clover (those of the built-in scenario) are shown in full. Other numbers may be
private, so only their last four digits are shown.
"""

from mock_clover.engine.html import escape_html
from mock_clover.scenario.records import Scenario
from mock_clover.scenario.records_card import TestCard

HINTS_MAX = 100
"""Maximum number of cards shown; a scenario may have thousands."""
_HINTS = """\
<details class="sheet cards">
<summary>Test cards</summary>
<table>
<caption>Use any 3-digit security code (4 digits for Amex) and any future expiry date.</caption>
<thead><tr><th scope="col">Number</th><th scope="col">Outcome</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</details>
"""
_ROW = """\
<tr><th scope="row"><code>{number}</code> <small>{brand}</small></th><td>{outcome}</td></tr>"""


def card_hints(scenario: Scenario) -> str:
    """Return a scenario's cards as a closed `<details>`, or '' if it has none."""
    from mock_clover.scenario.load import load  # noqa: PLC0415 - importing yaml would add 20 ms to every startup

    published = {card.number for card in load("sandbox").cards}
    rows = [
        _row(card, show_full_number=card.number in published) for card in scenario.cards[:HINTS_MAX]
    ]
    return _HINTS.format(rows="\n".join(rows)) if rows else ""


def _row(card: TestCard, *, show_full_number: bool) -> str:
    number = card.number
    spaced = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    outcome = "approved" if card.outcome == "approve" else f"declined: {card.decline_code}"
    return _ROW.format(
        number=spaced if show_full_number else f"••{number[-4:]}",
        brand=escape_html(card.brand or ""),
        outcome=escape_html(outcome),
    )
