"""A rule of a scenario: when a call looks so, then it ends so. First match wins.

Rules are data: matching compares, nothing is evaluated. Cards are matched by fingerprint, prefix or
brand, never by a number that is kept.
"""

from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.common.cards import NO_CHECKS, Brand, Card, Checks
from mock_clover.clover.common.verdict import (
    DECLINE_CODE,
    DECLINE_MESSAGE,
    Approval,
    Decline,
    Verdict,
)
from mock_clover.clover.threeds.records import Flow
from mock_clover.clover.webhooks.records import EventSpec
from mock_clover.core.evidence import END, Evidence
from mock_clover.core.record import Record
from mock_clover.scenario.records_fault import Fault

ALTERNATE_TENDER = "alternate_tender"
"""What a charge names as its source when no card pays."""
SourceKind = Literal["token", "multipay", "customer", "gift_card", "ach", "tender"]


CARD_NUMBER = f"^([2-9][0-9]{{12,18}}|#[a-p]{{24}}-[0-9]{{4}}){END}"
"""A PAN, or, in a snapshot, its fingerprint and last four digits."""


class RuleRecord(Record, frozen=True, forbid_unknown_fields=True):
    """The base of what a rule holds: an unknown member is a mistake."""


class CardMatch(RuleRecord, frozen=True, kw_only=True):
    """Which cards; all that is given must match."""

    number: Annotated[str, msgspec.Meta(pattern=CARD_NUMBER)] | None = None
    prefix: Annotated[str, msgspec.Meta(pattern=f"^[0-9]{{1,6}}{END}")] | None = None
    last4: Annotated[str, msgspec.Meta(pattern=f"^[0-9]{{4}}{END}")] | None = None
    brand: Brand | None = None

    def matches(self, card: Card, fingerprint: str | None) -> bool:
        """Tell whether a card is meant; `fingerprint` is that of the rule's own number."""
        return (
            (self.number is None or fingerprint == card.fingerprint)
            and (self.prefix is None or card.first6.startswith(self.prefix))
            and (self.last4 is None or card.last4 == self.last4)
            and (self.brand is None or card.brand == self.brand)
        )


class AmountMatch(RuleRecord, frozen=True, kw_only=True):
    """A range of amounts in minor units, both ends in it."""

    min: Annotated[int, msgspec.Meta(ge=0)] = 0
    max: Annotated[int, msgspec.Meta(ge=0)] = 99_999_999


class StoredMatch(RuleRecord, frozen=True, kw_only=True):
    """Which `stored_credentials` of a payment; all that is given must match."""

    given: Annotated[
        bool | None, msgspec.Meta(description="false: the payment has none at all.")
    ] = None
    sequence: Literal["FIRST", "SUBSEQUENT"] | None = None
    initiator: Literal["MERCHANT", "CARDHOLDER"] | None = None
    is_scheduled: Annotated[
        bool | None, msgspec.Meta(description="What is not said counts as false.")
    ] = None

    def matches(self, stored: StoredCredentials | None) -> bool:
        """Tell whether these are meant."""
        if stored is None:
            return self.given is False
        return (
            self.given is not False
            and self.sequence in (None, stored.sequence)
            and self.initiator in (None, stored.initiator)
            and self.is_scheduled in (None, bool(stored.is_scheduled))
        )


class RuleInput(NamedTuple):
    """What a rule can see of a call."""

    endpoint: str
    card: Card | None
    amount: int | None
    currency: str | None
    email: str | None
    source: SourceKind | None
    description: str
    metadata: dict[str, Any]
    headers: dict[bytes, bytes]
    stored_credentials: StoredCredentials | None = None


class Condition(RuleRecord, frozen=True, kw_only=True):
    """What a call must look like; all that is given must match."""

    endpoint: Annotated[str | None, msgspec.Meta(description="Operation name.")] = None
    card: Annotated[CardMatch | None, msgspec.Meta(description="Of the token or customer.")] = None
    amount: Annotated[int | AmountMatch | None, msgspec.Meta(description="Minor units.")] = None
    currency: Annotated[str | None, msgspec.Meta(description="Either case.")] = None
    email: Annotated[str | None, msgspec.Meta(description="Of the request or customer.")] = None
    source: Annotated[SourceKind | None, msgspec.Meta(description="What pays.")] = None
    stored_credentials: Annotated[
        StoredMatch | None, msgspec.Meta(description="Of a payment with a saved card.")
    ] = None
    header: Annotated[
        dict[str, str] | None, msgspec.Meta(description="Header names and their whole values.")
    ] = None
    metadata: Annotated[
        dict[str, str] | None, msgspec.Meta(description="Members and their whole values, as text.")
    ] = None
    description: Annotated[str | None, msgspec.Meta(description="Text that it contains.")] = None
    nth: Annotated[int, msgspec.Meta(ge=1, description="Only this one.")] | None = None
    first: Annotated[int, msgspec.Meta(ge=1, description="Only so many.")] | None = None
    every: Annotated[int, msgspec.Meta(ge=1, description="Each so manieth.")] | None = None
    after: Annotated[int, msgspec.Meta(ge=1, description="Not the first so many.")] | None = None

    @property
    def counts(self) -> bool:
        """Whether it matters how many calls matched before."""
        return (self.nth or self.first or self.every or self.after) is not None

    def counted(self, number: int) -> bool:
        """Tell whether the number-th matching call, from 1, is meant."""
        return (
            (self.nth is None or number == self.nth)
            and (self.first is None or number <= self.first)
            and (self.every is None or number % self.every == 0)
            and (self.after is None or number > self.after)
        )

    def unmet(self, facts: RuleInput, fingerprint: str | None) -> str:
        """Return which condition a call does not meet, or '' when it meets all."""
        for name in _CHECKED:
            if getattr(self, name) is not None and not _MEETS[name](self, facts, fingerprint):
                return name
        if self.description is not None and self.description not in facts.description:
            return "description"
        for name, value in (self.metadata or {}).items():
            if str(facts.metadata.get(name)) != value:
                return f"metadata.{name}"
        for name, value in (self.header or {}).items():
            if facts.headers.get(name.lower().encode()) != value.encode():
                return f"header.{name}"
        return ""


def _same_word(one: str, other: str | None) -> bool:
    return other is not None and one.casefold() == other.casefold()


def _meets_amount(when: Condition, facts: RuleInput) -> bool:
    if facts.amount is None:
        return False
    if isinstance(when.amount, AmountMatch):
        return when.amount.min <= facts.amount <= when.amount.max
    return facts.amount == when.amount


_CHECKED = ("endpoint", "currency", "email", "source", "amount", "card", "stored_credentials")
"""Members of a condition in the order in which they are looked at."""

_MEETS: dict[str, Any] = {
    "endpoint": lambda when, facts, _: when.endpoint == facts.endpoint,
    "currency": lambda when, facts, _: _same_word(when.currency, facts.currency),
    "email": lambda when, facts, _: _same_word(when.email, facts.email),
    "source": lambda when, facts, _: when.source == facts.source,
    "amount": lambda when, facts, _: _meets_amount(when, facts),
    "card": lambda when, facts, fingerprint: (
        facts.card is not None and when.card.matches(facts.card, fingerprint)
    ),
    "stored_credentials": lambda when, facts, _: when.stored_credentials.matches(
        facts.stored_credentials
    ),
}


class Approve(RuleRecord, frozen=True, kw_only=True):
    """The issuer approves."""

    checks: Checks = NO_CHECKS
    amount: Annotated[int, msgspec.Meta(ge=1, description="Approve only so much.")] | None = None
    warning_message: str | None = None


class DeclineAs(RuleRecord, frozen=True, kw_only=True):
    """The issuer declines."""

    code: str = "card_declined"
    decline_code: str = DECLINE_CODE
    message: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] = DECLINE_MESSAGE
    stands: Annotated[
        bool,
        msgspec.Meta(
            description="A phantom: the client is told no, and the charge stands after all."
        ),
    ] = False


class RawReply(RuleRecord, frozen=True, kw_only=True):
    """A whole reply, as it is."""

    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 200
    body: Any = None
    content_type: Annotated[str, msgspec.Meta(pattern=f"^[ -~]+{END}", max_length=100)] = (
        "application/json"
    )


class Action(RuleRecord, frozen=True, kw_only=True):
    """How a call ends: one of these; 3-D Secure, a fault and an event beside it if wanted."""

    approve: Approve | None = None
    decline: DeclineAs | None = None
    problem: Annotated[str | None, msgspec.Meta(description="Name of a refusal.")] = None
    raw: RawReply | None = None
    fault: Fault | None = None
    threeds: Annotated[
        Flow | None, msgspec.Meta(description="Of a payment that asks for 3-D Secure.")
    ] = None
    webhook: Annotated[
        EventSpec | None, msgspec.Meta(description="An event that follows, whatever the end.")
    ] = None

    @property
    def of_issuer(self) -> bool:
        """Whether it is what the issuer says, and no refusal or mishap of a call."""
        return self.approve is not None or self.decline is not None

    def verdict(self, why: str, evidence: Evidence, based_on: str) -> Verdict | None:
        """Return what the issuer says, if this is about that."""
        if self.approve is not None:
            return Approval(
                why=why,
                evidence=evidence,
                based_on=based_on,
                checks=self.approve.checks,
                amount=self.approve.amount,
                warning_message=self.approve.warning_message,
            )
        if self.decline is None:
            return None
        return Decline(
            why=why,
            evidence=evidence,
            based_on=based_on,
            code=self.decline.code,
            decline_code=self.decline.decline_code,
            message=self.decline.message,
            stands=self.decline.stands,
        )


class Rule(RuleRecord, frozen=True, kw_only=True):
    """When, then."""

    name: (
        Annotated[
            str, msgspec.Meta(max_length=80, pattern=f"^[ -~]*{END}", description="For `why`.")
        ]
        | None
    ) = None
    evidence: Evidence = "inferred"
    source: str | None = None
    when: Condition = Condition()
    then: Action
