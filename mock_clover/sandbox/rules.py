"""How a call ends by its scenario: rules first, then the cards' lines; first match wins, and why.

Cards are known by the fingerprint of their number, so no rule keeps a PAN beside a sandbox. Rules
are shared by all sandboxes of a scenario; how often each matched is each sandbox's own count.
"""

from typing import NamedTuple

from mock_clover.clover.charges.behaviours import UNLISTED_CARD_APPROVED
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.verdict import Approval, Verdict
from mock_clover.clover.threeds.records import Flow
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.scenario.records import Scenario, TestCard
from mock_clover.scenario.records_rule import Rule, RuleInput


class Matched(NamedTuple):
    """The rule that decided, and its name for `why`."""

    rule: Rule
    why: str


class RuleCheck(NamedTuple):
    """A rule that was looked at, for `/_mock/why`."""

    rule: str
    matched: bool
    because: str


class Rules:
    """A scenario, made ready to decide."""

    def __init__(self, scenario: Scenario, key: bytes) -> None:
        self.scenario = scenario
        self.text = ""
        """The text that a control call gave it as; empty for what was read from a file."""
        self._key = key
        self._by_card: dict[str, Verdict] = {}
        self._flows: dict[str, TestCard] = {}
        for line in scenario.cards:
            card = fingerprint(key, line.number)
            self._by_card.setdefault(card, line.verdict(scenario.name))
            if line.threeds is not None:
                self._flows.setdefault(card, line)
        self._unlisted = Approval(
            why=f"{scenario.name}: this number is not listed, and unlisted cards are approved",
            based_on=UNLISTED_CARD_APPROVED.name,
        )
        self._prints = [self._print_of(rule) for rule in scenario.rules]

    def lists(self, card_fingerprint: str) -> bool:
        """Tell whether the scenario has a line for a card."""
        return card_fingerprint in self._by_card

    def verdict(self, card: Card) -> Verdict:
        """Decide what the issuer says to a charge of this card, if no rule does."""
        return self._by_card.get(card.fingerprint, self._unlisted)

    def flow(self, card: Card, amount: int) -> tuple[Flow, str]:
        """Say how 3-D Secure goes for a card, if no rule does, and which line says so."""
        line = self._flows.get(card.fingerprint)
        if line is None or line.threeds is None or line.threeds.amount not in (None, amount):
            return "frictionless", f"{self.scenario.name}: no line says otherwise (inferred)"
        said = f"{self.scenario.name}: {line.label} is listed for {line.threeds.label} (inferred)"
        return line.threeds.flow, said

    def find(
        self, facts: RuleInput, counts: dict[int, int], *, again: bool = False
    ) -> Matched | None:
        """Return the first rule that matches, counting the calls of those that count, once."""
        uncalled = facts.endpoint in BACKGROUND_OPERATIONS
        for place, rule in enumerate(self.scenario.rules):
            if rule.when.unmet(facts, self._prints[place]):
                continue
            if uncalled and rule.when.endpoint is None and not rule.then.of_issuer:
                continue  # it speaks of calls, and nobody called
            if rule.when.counts:
                counts[place] = counts.get(place, 0) + (0 if again else 1)
                if not rule.when.counted(counts[place]):
                    continue
            return Matched(rule, self.name_of(place))
        return None

    def look(self, facts: RuleInput, counts: dict[int, int]) -> list[RuleCheck]:
        """Tell of each rule, up to the first that would match, whether it would; count nothing."""
        looked = []
        for place, rule in enumerate(self.scenario.rules):
            unmet = rule.when.unmet(facts, self._prints[place])
            number = counts.get(place, 0) + 1
            if unmet:
                looked.append(
                    RuleCheck(self.name_of(place), matched=False, because=f"{unmet} differs")
                )
            elif rule.when.counts and not rule.when.counted(number):
                because = f"it is matching call {number}"
                looked.append(RuleCheck(self.name_of(place), matched=False, because=because))
            else:
                looked.append(RuleCheck(self.name_of(place), matched=True, because="all is met"))
                break
        return looked

    def name_of(self, place: int) -> str:
        """Name a rule as `declines: rule 3 (insufficient funds by amount) (inferred)`."""
        rule = self.scenario.rules[place]
        named = f" ({rule.name})" if rule.name else ""
        return f"{self.scenario.name}: rule {place + 1}{named} ({rule.evidence})"

    def _print_of(self, rule: Rule) -> str | None:
        card = rule.when.card
        return fingerprint(self._key, card.number) if card and card.number else None
