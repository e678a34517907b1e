"""Plans and subscriptions. Amounts are in minor units.

A subscription copies the amount and tip of its plan when it is created; a later update of the plan
does not change it (inferred). This module computes the next payment; `operations.py` makes it.
"""

from typing import Annotated, ClassVar, Literal

import msgspec

from mock_clover.clover.charges.records import ChargeRequest
from mock_clover.clover.charges.records_purchase import ChargeDescriptor
from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.recurring.records_interval import Interval, next_due_ms
from mock_clover.core.evidence import END_OF_STRING, Cents, Evidence, doc, documented, inferred
from mock_clover.core.iso8601 import LAST_MS, format_iso8601
from mock_clover.core.money import AMOUNT_MAX, MERCHANT_CURRENCY
from mock_clover.core.record import Record

FAILURES_MAX = 5
"""Consecutive failed payments after which a subscription is deactivated. Documented
MD:working-with-recurring; that a successful payment resets the count is inferred."""
TAX_RATES_MAX = 50
"""Maximum number of tax rates of a plan; the limit is this mock's own."""
_COUNT_MAX = 1_000
"""Maximum interval count; the limit is this mock's own."""

CHARGE_SUBSCRIPTION = "charge_subscription"
"""Operation name of a due payment, in rules and the journal."""
CHARGE_SUBSCRIPTION_JOB = "subscription_run"
END_SUBSCRIPTION_JOB = "subscription_ended"
UPCOMING_CHARGE_JOB = "upcoming_charge_notice"
"""Job kinds."""

_DOC = documented("MD:working-with-recurring")
_DATE, _TIME_OF_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
_ZONE = "(Z|[+-][0-9]{2}:?[0-9]{2})"
_CLOCK = f"[T@ ]{_TIME_OF_DAY}(:[0-9]{{2}}([.][0-9]{{1,6}})?)?{_ZONE}?"
_TIME = f"^([0-9]{{8}}|{_DATE}({_CLOCK})?){END_OF_STRING}"

Name = Annotated[
    str,
    doc("3 to 127 characters.", _DOC, problem_name="INVALID_REQUEST", min_length=3, max_length=127),
]
PlanAmount = Annotated[
    Cents, doc("Amount of each payment.", _DOC, problem_name="INVALID_CHARGE_AMOUNT", ge=0)
]
TipAmount = Annotated[
    Cents,
    doc("Added to the amount.", _DOC, problem_name="INVALID_TIP_AMOUNT", ge=0, le=AMOUNT_MAX),
]
IntervalCount = Annotated[
    int,
    doc(
        "Number of intervals between payments.",
        _DOC,
        problem_name="INVALID_REQUEST",
        ge=1,
        le=_COUNT_MAX,
    ),
]
IntervalUnit = Annotated[
    Literal[Interval, "Day", "Week", "Month", "Year"],
    doc(
        "Unit of the interval; both spellings are documented.",
        _DOC,
        problem_name="INVALID_REQUEST",
    ),
]
Note = Annotated[str, doc("Free text.", _DOC, problem_name="INVALID_REQUEST", max_length=255)]
TaxRates = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=64)]],
    doc(
        "Stored and returned. They are not applied: no tax is added to a payment (inferred).",
        _DOC,
        problem_name="INVALID_REQUEST",
        max_length=TAX_RATES_MAX,
    ),
]
Active = Annotated[
    bool, doc("Whether the subscription is charged.", _DOC, problem_name="INVALID_REQUEST")
]
IsoTime = Annotated[
    str,
    doc(
        "ISO 8601, a date such as 2027-01-07 or 20270107 too; UTC if it has no time zone.",
        _DOC,
        problem_name="INVALID_REQUEST",
        pattern=_TIME,
    ),
]
TimeMs = Annotated[int, msgspec.Meta(ge=0, le=LAST_MS)]


INTERVAL_OF: dict[str, Interval] = {
    "DAY": "DAY",
    "WEEK": "WEEK",
    "MONTH": "MONTH",
    "YEAR": "YEAR",
    "Day": "DAY",
    "Week": "WEEK",
    "Month": "MONTH",
    "Year": "YEAR",
}
"""The stored interval by its spelling in a request."""


class PlanRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /recurring/v1/plans`."""

    name: Name
    amount: PlanAmount
    interval: IntervalUnit
    intervalCount: IntervalCount
    note: Note | None = None
    taxRateUuids: TaxRates = []
    tipAmount: TipAmount | None = None


class PlanUpdate(Record, frozen=True, kw_only=True):
    """Body of `PUT /recurring/v1/plans/{id}`; absent fields stay unchanged."""

    name: Name | None = None
    amount: PlanAmount | None = None
    interval: IntervalUnit | None = None
    intervalCount: IntervalCount | None = None
    note: Note | None = None
    taxRateUuids: TaxRates | None = None
    tipAmount: TipAmount | None = None
    active: Active | None = None


class PlanQuery(Record, frozen=True, kw_only=True):
    """Query of `GET /recurring/v1/plans`."""

    interval: IntervalUnit | None = None
    intervalCount: IntervalCount | None = None


class SoftDescriptor(Record, frozen=True, kw_only=True):
    """Text on the cardholder's statement."""

    dbaName: (
        Annotated[
            str,
            doc(
                "Doing-business-as (DBA) name.",
                _DOC,
                problem_name="INVALID_REQUEST",
                max_length=255,
            ),
        ]
        | None
    ) = None


class SubscriptionRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /recurring/v1/plans/{id}/subscriptions`."""

    evidence: ClassVar[Evidence] = _DOC

    customerId: Annotated[
        str,
        doc(
            "A customer with a card on file; customerUuid in the response.",
            _DOC,
            problem_name="INVALID_REQUEST",
            min_length=1,
            max_length=64,
        ),
    ]
    collectionMethod: Annotated[
        Literal["CHARGE_AUTOMATICALLY"],
        doc("The only method.", _DOC, problem_name="INVALID_REQUEST"),
    ]
    startDate: IsoTime | None = None
    endDate: IsoTime | None = None
    softDescriptor: SoftDescriptor | None = None
    note: Note | None = None
    tipAmount: TipAmount | None = None
    amount: PlanAmount | None = None
    active: Active = True
    taxRateUuids: TaxRates | None = None


class SubscriptionUpdate(Record, frozen=True, kw_only=True):
    """Body of `PUT /recurring/v1/subscriptions/{id}`; absent fields stay unchanged."""

    active: Active | None = None
    amount: PlanAmount | None = None
    note: Note | None = None
    taxRateUuids: TaxRates | None = None
    startDate: IsoTime | None = None
    endDate: IsoTime | None = None


class Plan(Record, frozen=True, kw_only=True):
    """A stored plan."""

    id: str
    name: str
    amount: Cents
    interval: Interval
    interval_count: Annotated[int, msgspec.Meta(ge=1, le=_COUNT_MAX)]
    created_ms: TimeMs
    modified_ms: TimeMs
    active: bool = True
    note: str | None = None
    tax_rate_uuids: tuple[str, ...] = ()
    tip_amount: Cents | None = None


class Subscription(Record, frozen=True, kw_only=True):
    """A stored subscription and its state."""

    id: str
    plan: str
    customer: str
    amount: Cents
    start_ms: TimeMs
    created_ms: TimeMs
    modified_ms: TimeMs
    active: bool = True
    end_ms: TimeMs | None = None
    tip_amount: Cents | None = None
    note: str | None = None
    soft_descriptor: SoftDescriptor | None = None
    tax_rate_uuids: tuple[str, ...] = ()
    next_ms: TimeMs | None = None
    """Time of the next charge; a job for another time has no effect."""
    remind_ms: TimeMs | None = None
    """Time of the message about the next charge."""
    last_run_ms: TimeMs | None = None
    payments: int = 0
    failures: int = 0
    """Failed payments since the last successful one."""

    def due_after(self, plan: Plan, after_ms: int) -> int | None:
        """Return the time of the next payment, or None if it would be on or after the end date."""
        due_ms = next_due_ms(self.start_ms, plan.interval, plan.interval_count, after_ms)
        return self.before_end(due_ms)

    def before_end(self, at_ms: int | None) -> int | None:
        """Return a time if it is before the end date (exclusive, inferred), else None."""
        if at_ms is not None and self.end_ms is not None and at_ms >= self.end_ms:
            return None
        return at_ms


def charge_request(plan: Plan, subscription: Subscription) -> ChargeRequest:
    """Return the charge request for a due payment; its content is inferred."""
    descriptor = subscription.soft_descriptor
    return ChargeRequest(
        amount=subscription.amount,
        tip_amount=subscription.tip_amount,
        currency=MERCHANT_CURRENCY,  # a plan has none
        source=subscription.customer,
        description=subscription.note or plan.name,
        stored_credentials=StoredCredentials(
            sequence="SUBSEQUENT" if subscription.payments else "FIRST",
            is_scheduled=True,
            initiator="MERCHANT",
        ),
        soft_descriptor=_charge_descriptor(descriptor) if descriptor else None,
    )


def _charge_descriptor(descriptor: SoftDescriptor) -> ChargeDescriptor:
    """Return the descriptor for a charge, which is limited to 38 characters."""
    return ChargeDescriptor(dba_name=descriptor.dbaName and descriptor.dbaName[:38])


class PlanResponse(Record, frozen=True, kw_only=True):
    """Response for a plan; fields in the documented order."""

    evidence: ClassVar[Evidence] = _DOC

    name: str
    taxRateUuids: tuple[str, ...]
    tipAmount: Cents | None = None
    amount: Cents
    active: bool
    interval: Interval
    intervalCount: int
    note: str | None = None
    createdTime: str
    modifiedTime: str
    id: str
    merchantId: str
    developerAppId: str
    object: str | None = None


class SubscriptionResponse(Record, frozen=True, kw_only=True):
    """Response for a subscription; two fields are returned only by GET (documented)."""

    evidence: ClassVar[Evidence] = _DOC

    id: str
    customerUuid: str
    collectionMethod: str
    active: bool
    tipAmount: Cents | None = None
    amount: Cents
    total: Annotated[Cents, doc("Amount plus tip.", inferred("tax rates are not applied"))]
    note: str | None = None
    softDescriptor: SoftDescriptor | None = None
    taxRateUuids: tuple[str, ...]
    startDate: str
    endDate: str | None = None
    createdTime: str
    modifiedTime: str
    additionalCharges: tuple[str, ...] | None = None
    lastRunDate: str | None = None
    plan: PlanResponse
    object: str | None = None


def plan_response(plan: Plan, merchant_id: str, app_id: str) -> PlanResponse:
    """Return the response for a plan."""
    return PlanResponse(
        name=plan.name,
        taxRateUuids=plan.tax_rate_uuids,
        tipAmount=plan.tip_amount,
        amount=plan.amount,
        active=plan.active,
        interval=plan.interval,
        intervalCount=plan.interval_count,
        note=plan.note,
        createdTime=format_iso8601(plan.created_ms),
        modifiedTime=format_iso8601(plan.modified_ms),
        id=plan.id,
        merchantId=merchant_id,
        developerAppId=app_id,
        object="plan",
    )


def subscription_response(
    row: Subscription, plan: PlanResponse, *, include_get_fields: bool = False
) -> SubscriptionResponse:
    """Return the response for a subscription; `include_get_fields` adds the fields of GET."""
    return SubscriptionResponse(
        id=row.id,
        customerUuid=row.customer,
        collectionMethod="CHARGE_AUTOMATICALLY",
        active=row.active,
        tipAmount=row.tip_amount,
        amount=row.amount,
        total=row.amount + (row.tip_amount or 0),
        note=row.note,
        softDescriptor=row.soft_descriptor,
        taxRateUuids=row.tax_rate_uuids,
        startDate=format_iso8601(row.start_ms),
        endDate=format_iso8601(row.end_ms) if row.end_ms is not None else None,
        createdTime=format_iso8601(row.created_ms),
        modifiedTime=format_iso8601(row.modified_ms),
        additionalCharges=() if include_get_fields else None,
        lastRunDate=format_iso8601(row.last_run_ms)
        if include_get_fields and row.last_run_ms is not None
        else None,
        plan=plan,
        object="subscription",
    )
