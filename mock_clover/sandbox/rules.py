"""Which verdict a card gets: the scenario's lines, first match wins, and why.

Cards are known by the fingerprint of their number, so no rule keeps a PAN beside a sandbox.
"""

from mock_clover.model.card import Card
from mock_clover.model.scenario import Scenario
from mock_clover.model.verdict import Approval, Verdict
from mock_clover.sandbox.credentials import fingerprint


class Rules:
    """A scenario, made ready to decide."""

    def __init__(self, scenario: Scenario, key: bytes) -> None:
        self.scenario = scenario
        self._by_card: dict[str, Verdict] = {}
        for line in scenario.cards:
            self._by_card.setdefault(fingerprint(key, line.number), line.verdict(scenario.name))
        self._unlisted = Approval(
            why=f"{scenario.name}: this number is not listed, and unlisted cards are approved"
        )

    def lists(self, card_fingerprint: str) -> bool:
        """Tell whether the scenario has a line for a card."""
        return card_fingerprint in self._by_card

    def verdict(self, card: Card) -> Verdict:
        """Decide what the issuer says to a charge of this card."""
        return self._by_card.get(card.fingerprint, self._unlisted)
