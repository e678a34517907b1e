"""Match requests against a scenario: rules first, then cards. The first match decides.

Requests are matched by fingerprint, because stored cards have no PAN.
All sandboxes of a scenario share the rules; each sandbox counts its own matches.
"""

from typing import NamedTuple

from mock_clover.clover.charges.behaviours import UNLISTED_CARD_APPROVED
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.verdict import Approval, Verdict
from mock_clover.clover.threeds.records import ThreeDSFlow
from mock_clover.core.masking import redact
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.scenario.records import Scenario
from mock_clover.scenario.records_card import TestCard
from mock_clover.scenario.records_rule import Rule, RuleInput

_COUNTERS_MAX = 10_000
"""Counters of a sandbox: one for each counting rule, or for each card or address of it. The oldest
is dropped first."""


class Matched(NamedTuple):
    """The rule that matched, and its name for `why`."""

    rule: Rule
    why: str


class RuleCheck(NamedTuple):
    """The result of checking one rule, for `/_mock/why`."""

    rule: str
    matched: bool
    reason: str


class Rules:
    """A scenario, compiled for matching requests."""

    def __init__(self, scenario: Scenario, key: bytes) -> None:
        self.scenario = scenario
        self.text = ""
        """The text of a scenario set by a control request; empty for one read from a file."""
        self._key = key
        self._by_card: dict[str, Verdict] = {}
        self._cards_with_flow: dict[str, TestCard] = {}
        for card in scenario.cards:
            card_fingerprint = fingerprint(key, card.number)
            self._by_card.setdefault(card_fingerprint, card.verdict(scenario.name))
            if card.threeds is not None:
                self._cards_with_flow.setdefault(card_fingerprint, card)
        self._unlisted_card_verdict = Approval(
            why=f"{scenario.name}: this number is not listed, and unlisted cards are approved",
            evidence_name=UNLISTED_CARD_APPROVED.name,
        )
        self._fingerprints = [self._fingerprint_of(rule) for rule in scenario.rules]

    def has_card(self, card_fingerprint: str) -> bool:
        """Return whether the scenario lists a card."""
        return card_fingerprint in self._by_card

    def verdict(self, card: Card) -> Verdict:
        """Return the issuer's verdict on a charge of this card, if no rule decides."""
        return self._by_card.get(card.fingerprint, self._unlisted_card_verdict)

    def flow(self, card: Card, amount: int) -> tuple[ThreeDSFlow, str]:
        """Return the 3-D Secure flow of a card, if no rule decides, and the reason."""
        listed = self._cards_with_flow.get(card.fingerprint)
        if listed is None or listed.threeds is None or listed.threeds.amount not in (None, amount):
            return "frictionless", f"{self.scenario.name}: no flow listed for the card (inferred)"
        reason = f"{listed.label} is listed for {listed.threeds.label} (inferred)"
        return listed.threeds.flow, f"{self.scenario.name}: {reason}"

    def find(
        self, rule_input: RuleInput, counts: dict[str, int], *, already_counted: bool = False
    ) -> Matched | None:
        """Return the first rule that matches, if any.

        Counts the match of counting rules, unless `already_counted`.
        """
        is_background = rule_input.endpoint in BACKGROUND_OPERATIONS
        for index, rule in enumerate(self.scenario.rules):
            if rule.when.first_unmet_condition(rule_input, self._fingerprints[index]):
                continue
            if is_background and rule.when.endpoint is None and not rule.then.is_issuer_outcome:
                continue  # the rule is about requests, and a background operation makes none
            if rule.when.uses_counter:
                key = self._counter(index, rule_input)
                if key is None:
                    continue
                if len(counts) >= _COUNTERS_MAX and key not in counts:
                    counts.pop(next(iter(counts)))
                counts[key] = counts.get(key, 0) + (0 if already_counted else 1)
                if not rule.when.matches_count(counts[key]):
                    continue
            return Matched(rule, self.name_of(index))
        return None

    def uncount(self, rule_input: RuleInput, counts: dict[str, int]) -> None:
        """Take back what `find` has just counted, for rules with an outcome of the issuer."""
        for index, rule in enumerate(self.scenario.rules):
            when = rule.when
            if when.first_unmet_condition(rule_input, self._fingerprints[index]):
                continue
            key = self._counter(index, rule_input)
            if not when.uses_counter:
                return  # `find` returned this rule
            if key is None:
                continue
            number = counts.get(key, 0)
            of_issuer = rule.then.is_issuer_outcome or rule.then.threeds is not None
            if of_issuer and number:
                counts[key] = number - 1
            if when.matches_count(number):
                return

    def explain(self, rule_input: RuleInput, counts: dict[str, int]) -> list[RuleCheck]:
        """Check the rules up to the first match, without counting the request."""
        checks = []
        for index, rule in enumerate(self.scenario.rules):
            unmet = rule.when.first_unmet_condition(rule_input, self._fingerprints[index])
            counter = self._counter(index, rule_input)
            number = counts.get(counter or "", 0) + 1
            if counter is None:
                unmet = "per"
            if unmet:
                checks.append(
                    RuleCheck(
                        self.name_of(index),
                        matched=False,
                        reason=f"the condition `{unmet}` is not met",
                    )
                )
            elif rule.when.uses_counter and not rule.when.matches_count(number):
                reason = f"not applied to matching request {number}"
                checks.append(RuleCheck(self.name_of(index), matched=False, reason=reason))
            else:
                checks.append(
                    RuleCheck(self.name_of(index), matched=True, reason="all conditions are met")
                )
                break
        return checks

    def _counter(self, index: int, rule_input: RuleInput) -> str | None:
        """Return the key of the counter of a rule; None if the request has no card or address."""
        per = self.scenario.rules[index].when.per
        if per is None:
            return str(index)
        if per == "card":
            return f"{index}/{rule_input.card.fingerprint}" if rule_input.card else None
        forwarded = rule_input.headers.get(b"x-forwarded-for", b"").decode("latin-1")
        address = forwarded.partition(",")[0].strip()
        return f"{index}/{fingerprint(self._key, f'address {address}')}" if address else None

    def name_of(self, index: int) -> str:
        """Return the name of a rule, for example `declines: rule 3 (no funds) (inferred)`."""
        rule = self.scenario.rules[index]
        label = f" ({redact(rule.name)})" if rule.name else ""
        return f"{self.scenario.name}: rule {index + 1}{label} ({rule.evidence})"

    def _fingerprint_of(self, rule: Rule) -> str | None:
        card = rule.when.card
        return fingerprint(self._key, card.number) if card and card.number else None
