"""Rules of a scenario: a condition on a request and the resulting action. The first match wins.

Rules are data: they contain no code. Cards are matched by fingerprint, prefix, last four digits or
brand.
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
from mock_clover.clover.threeds.records import ThreeDSFlow
from mock_clover.clover.webhooks.records import EventSpec
from mock_clover.core.evidence import END_OF_STRING, EvidenceLevel
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record
from mock_clover.scenario.records_fault import Fault

ALTERNATE_TENDER = "alternate_tender"
"""The `source` of a charge that is paid by an alternate tender."""
SourceKind = Literal["token", "multipay", "customer", "gift_card", "ach", "tender"]


CARD_NUMBER = f"^([2-9][0-9]{{12,18}}|#[a-p]{{24}}-[0-9]{{4}}){END_OF_STRING}"
"""A PAN, or in a snapshot its fingerprint and last four digits."""


class RuleRecord(Record, frozen=True, forbid_unknown_fields=True):
    """Base of the records in a rule. Unknown fields are errors."""


class CardMatch(RuleRecord, frozen=True, kw_only=True):
    """Conditions on a card. All must match."""

    number: Annotated[str, msgspec.Meta(pattern=CARD_NUMBER)] | None = None
    prefix: Annotated[str, msgspec.Meta(pattern=f"^[0-9]{{1,6}}{END_OF_STRING}")] | None = None
    last4: Annotated[str, msgspec.Meta(pattern=f"^[0-9]{{4}}{END_OF_STRING}")] | None = None
    brand: Brand | None = None

    def matches(self, card: Card, fingerprint: str | None) -> bool:
        """Return whether a card matches; `fingerprint` is that of the rule's `number`."""
        return (
            (self.number is None or fingerprint == card.fingerprint)
            and (self.prefix is None or card.first6.startswith(self.prefix))
            and (self.last4 is None or card.last4 == self.last4)
            and (self.brand is None or card.brand == self.brand)
        )


class AmountMatch(RuleRecord, frozen=True, kw_only=True):
    """A range of amounts in minor units, inclusive."""

    min: Annotated[int, msgspec.Meta(ge=0)] = 0
    max: Annotated[int, msgspec.Meta(ge=0)] = AMOUNT_MAX


class StoredCredentialsMatch(RuleRecord, frozen=True, kw_only=True):
    """Conditions on the `stored_credentials` of a payment. All must match."""

    given: Annotated[
        bool | None, msgspec.Meta(description="false: the payment has no stored_credentials.")
    ] = None
    sequence: Literal["FIRST", "SUBSEQUENT"] | None = None
    initiator: Literal["MERCHANT", "CARDHOLDER"] | None = None
    is_scheduled: Annotated[
        bool | None, msgspec.Meta(description="A missing value counts as false.")
    ] = None

    def matches(self, stored: StoredCredentials | None) -> bool:
        """Return whether stored credentials match."""
        if stored is None:
            return self.given is False
        return (
            self.given is not False
            and self.sequence in (None, stored.sequence)
            and self.initiator in (None, stored.initiator)
            and self.is_scheduled in (None, bool(stored.is_scheduled))
        )


class RuleInput(NamedTuple):
    """The parts of a request that rules match on."""

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
    """Conditions on a request. All must match."""

    endpoint: Annotated[str | None, msgspec.Meta(description="Operation name.")] = None
    card: Annotated[
        CardMatch | None, msgspec.Meta(description="Card of the token or customer.")
    ] = None
    amount: Annotated[int | AmountMatch | None, msgspec.Meta(description="Minor units.")] = None
    currency: Annotated[str | None, msgspec.Meta(description="Currency, case-insensitive.")] = None
    email: Annotated[str | None, msgspec.Meta(description="E-mail of the request or customer.")] = (
        None
    )
    source: Annotated[SourceKind | None, msgspec.Meta(description="Kind of payment source.")] = None
    stored_credentials: Annotated[
        StoredCredentialsMatch | None,
        msgspec.Meta(description="Stored credentials of a payment with a saved card."),
    ] = None
    header: Annotated[
        dict[str, str] | None, msgspec.Meta(description="Header names and their exact values.")
    ] = None
    metadata: Annotated[
        dict[str, str] | None,
        msgspec.Meta(description="Metadata keys and their exact values, as text."),
    ] = None
    description: Annotated[
        str | None, msgspec.Meta(description="Substring of the description.")
    ] = None
    nth: (
        Annotated[int, msgspec.Meta(ge=1, description="Only the n-th matching request.")] | None
    ) = None
    first: (
        Annotated[int, msgspec.Meta(ge=1, description="Only the first n matching requests.")] | None
    ) = None
    every: Annotated[int, msgspec.Meta(ge=1, description="Every n-th matching request.")] | None = (
        None
    )
    after: (
        Annotated[int, msgspec.Meta(ge=1, description="All but the first n matching requests.")]
        | None
    ) = None

    per: Annotated[
        Literal["card", "address"] | None,
        msgspec.Meta(
            description="Count the matching requests of each card, or of each client address "
            "(x-forwarded-for), separately."
        ),
    ] = None

    def __post_init__(self) -> None:
        """Reject `per` without a counter: it would have no effect."""
        if self.per is not None and not self.uses_counter:
            raise ValueError("`per` needs `nth`, `first`, `every` or `after`")

    @property
    def uses_counter(self) -> bool:
        """Whether the rule counts matching requests."""
        return (self.nth or self.first or self.every or self.after) is not None

    def matches_count(self, number: int) -> bool:
        """Return whether the rule applies to the n-th matching request, counted from 1."""
        return (
            (self.nth is None or number == self.nth)
            and (self.first is None or number <= self.first)
            and (self.every is None or number % self.every == 0)
            and (self.after is None or number > self.after)
        )

    def first_unmet_condition(self, rule_input: RuleInput, fingerprint: str | None) -> str:
        """Return the first condition that a request does not meet, or '' if it meets all."""
        for name in _CONDITION_ORDER:
            if getattr(self, name) is not None and not _MATCHERS[name](
                self, rule_input, fingerprint
            ):
                return name
        if self.description is not None and self.description not in rule_input.description:
            return "description"
        for name, value in (self.metadata or {}).items():
            if str(rule_input.metadata.get(name)) != value:
                return f"metadata.{name}"
        for name, value in (self.header or {}).items():
            if rule_input.headers.get(name.lower().encode()) != value.encode():
                return f"header.{name}"
        return ""


def _equals_ignoring_case(one: str, other: str | None) -> bool:
    return other is not None and one.casefold() == other.casefold()


def _matches_amount(when: Condition, rule_input: RuleInput) -> bool:
    if rule_input.amount is None:
        return False
    if isinstance(when.amount, AmountMatch):
        return when.amount.min <= rule_input.amount <= when.amount.max
    return rule_input.amount == when.amount


_CONDITION_ORDER = (
    "endpoint",
    "currency",
    "email",
    "source",
    "amount",
    "card",
    "stored_credentials",
)
"""Fields of a condition in the order of evaluation."""

_MATCHERS: dict[str, Any] = {
    "endpoint": lambda when, rule_input, _: when.endpoint == rule_input.endpoint,
    "currency": lambda when, rule_input, _: _equals_ignoring_case(
        when.currency, rule_input.currency
    ),
    "email": lambda when, rule_input, _: _equals_ignoring_case(when.email, rule_input.email),
    "source": lambda when, rule_input, _: when.source == rule_input.source,
    "amount": lambda when, rule_input, _: _matches_amount(when, rule_input),
    "card": lambda when, rule_input, fingerprint: (
        rule_input.card is not None and when.card.matches(rule_input.card, fingerprint)
    ),
    "stored_credentials": lambda when, rule_input, _: when.stored_credentials.matches(
        rule_input.stored_credentials
    ),
}


class ApproveAction(RuleRecord, frozen=True, kw_only=True):
    """The issuer approves."""

    checks: Checks = NO_CHECKS
    amount: (
        Annotated[int, msgspec.Meta(ge=1, description="Approve only this part of the amount.")]
        | None
    ) = None
    warning_message: str | None = None


class DeclineAction(RuleRecord, frozen=True, kw_only=True):
    """The issuer declines."""

    code: str = "card_declined"
    decline_code: str = DECLINE_CODE
    message: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] = DECLINE_MESSAGE
    phantom: Annotated[
        bool,
        msgspec.Meta(
            description="A phantom decline: the response is 402, but the charge stands as approved."
        ),
    ] = False


_BODYLESS = frozenset({204, 205, 304})


class RawResponse(RuleRecord, frozen=True, kw_only=True):
    """A complete response, sent unchanged."""

    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 200
    body: Any = None
    content_type: Annotated[
        str, msgspec.Meta(pattern=f"^[ -~]+{END_OF_STRING}", max_length=100)
    ] = "application/json"

    def __post_init__(self) -> None:
        """Reject a body where HTTP allows none: it would become the start of the next response."""
        if self.status in _BODYLESS and self.body not in (None, ""):
            raise ValueError(f"a response with status {self.status} cannot have a body")


class Action(RuleRecord, frozen=True, kw_only=True):
    """At most one outcome, and optionally a fault, a webhook and a 3-D Secure flow; not empty."""

    approve: ApproveAction | None = None
    decline: DeclineAction | None = None
    problem: Annotated[str | None, msgspec.Meta(description="Name of an error.")] = None
    raw: RawResponse | None = None
    fault: Fault | None = None
    threeds: Annotated[
        ThreeDSFlow | None, msgspec.Meta(description="Flow of a payment that requests 3-D Secure.")
    ] = None
    webhook: Annotated[
        EventSpec | None,
        msgspec.Meta(description="A webhook event, sent whatever the outcome."),
    ] = None

    @property
    def is_issuer_outcome(self) -> bool:
        """Whether the outcome is an issuer's verdict, not an error or a fault."""
        return self.approve is not None or self.decline is not None

    def verdict(self, why: str, evidence: EvidenceLevel, evidence_name: str) -> Verdict | None:
        """Return the issuer's verdict, or None if there is none."""
        if self.approve is not None:
            return Approval(
                why=why,
                evidence=evidence,
                evidence_name=evidence_name,
                checks=self.approve.checks,
                amount=self.approve.amount,
                warning_message=self.approve.warning_message,
            )
        if self.decline is None:
            return None
        return Decline(
            why=why,
            evidence=evidence,
            evidence_name=evidence_name,
            code=self.decline.code,
            decline_code=self.decline.decline_code,
            message=self.decline.message,
            phantom=self.decline.phantom,
        )


class Rule(RuleRecord, frozen=True, kw_only=True):
    """A condition and the action that it triggers."""

    name: (
        Annotated[
            str,
            msgspec.Meta(
                max_length=80, pattern=f"^[ -~]*{END_OF_STRING}", description="Name shown in `why`."
            ),
        ]
        | None
    ) = None
    evidence: EvidenceLevel = "inferred"
    source: str | None = None
    when: Condition = Condition()
    then: Action
