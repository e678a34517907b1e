"""3-D Secure: requests, stored records and responses. No browser is needed.

A flow is the sequence of steps of an authentication. Clover does not document which test card
triggers which flow, so scenarios choose it (inferred).
"""

from typing import Annotated, ClassVar, Literal

from mock_clover.clover.common.verdict import Approval, Decline, Verdict
from mock_clover.core.evidence import Cents, Evidence, Millis, doc, documented, inferred
from mock_clover.core.record import Record

_SDK = documented("3DS SDK page; initiate-3ds page")
_USE = documented("DOCS:use-3ds")

ThreeDSFlow = Literal[
    "frictionless", "unavailable", "method", "method_challenge", "challenge", "decline"
]
"""The sequence of steps of an authentication.

frictionless: immediate success. unavailable: no authentication; the charge continues without
liability protection. method: a browser check. method_challenge: a browser check, then a challenge.
challenge: a challenge for the cardholder. decline: the issuer rejects. Source: the four responses
of the 3DS SDK page.
"""
FLOWS_WITHOUT_BROWSER: frozenset[ThreeDSFlow] = frozenset(
    {"frictionless", "unavailable", "decline"}
)
"""Flows that a rule may set for an external authentication (NON_CLOVER)."""

Step = Literal["method", "challenge"]
"""What a pending charge waits for."""
IssuerResult = Literal["approve", "attempt", "unavailable", "fail", "challenge", "timeout"]
"""Results of the issuer for a pending authentication; `challenge` only for the method step."""

PROTOCOL_VERSION = "2.2.0"  # documented, 3DS SDK page
THREEDS_LIFETIME_MS = 600_000
"""Lifetime of a pending authentication (inferred: Clover does not document one)."""
THREEDS_EXPIRED_JOB = "threeds_expired"
"""Kind of the job that expires a pending authentication."""

_TEXT_MAX = 4_096
"""Maximum length of a browser field; a user agent may be long but fits in a header."""
_BrowserText = (
    Annotated[
        str,
        doc(
            "As the 3DS SDK returns it.", _SDK, problem_name="INVALID_REQUEST", max_length=_TEXT_MAX
        ),
    ]
    | None
)
_Flag = Annotated[bool, doc("As the 3DS SDK returns it.", _SDK)] | None


class BrowserInfo(Record, frozen=True, kw_only=True):
    """`threeds.browser_info`: what the SDK's getBrowserInfo() returns, and the client's address."""

    browser_ip: _BrowserText = None
    browser_accept_header: _BrowserText = None
    browser_javascript_enabled: _Flag = None
    browser_java_enabled: _Flag = None
    browser_language: _BrowserText = None
    browser_color_depth: _BrowserText = None
    browser_screen_height: _BrowserText = None
    browser_screen_width: _BrowserText = None
    browser_tz: _BrowserText = None
    browser_user_agent: _BrowserText = None
    browser_http_origin: _BrowserText = None

    @property
    def missing(self) -> list[str]:
        """The absent fields; the page's origin is not part of EMV and is optional.

        Documented: "with all the fields in the threeds object". Which are optional is inferred.
        """
        return [
            name
            for name in self.__struct_fields__
            if name != "browser_http_origin" and getattr(self, name) in (None, "")
        ]


class AuthenticationResult(Record, frozen=True, kw_only=True):
    """`threeds.authentication_result`: an external authentication."""

    authentication_status: (
        Annotated[
            str,
            doc("Success, Failed, Attempted, Unavailable or Rejected; case-insensitive.", _USE),
        ]
        | None
    ) = None
    transaction_id: Annotated[str, doc("Id of the 3DS server.", _USE, max_length=100)] | None = None
    cryptogram: Annotated[str, doc("Required for NON_CLOVER.", _USE, max_length=100)] | None = None
    threeds_version: (
        Annotated[str, doc("2 or higher; 1 is no longer supported.", _USE, max_length=20)] | None
    ) = None

    @property
    def is_complete(self) -> bool:
        """Whether the required fields are present and valid."""
        status = self.authentication_status
        known = status is None or status.upper() in AUTHENTICATION_STATUSES
        return bool(self.cryptogram) and known and not (self.threeds_version or "").startswith("1")

    @property
    def is_rejected(self) -> bool:
        """Whether the issuer rejected it. Inferred: the payment is then declined."""
        return (self.authentication_status or "").upper() in _REJECTED_STATUSES


AUTHENTICATION_STATUSES = frozenset({"SUCCESS", "FAILED", "ATTEMPTED", "UNAVAILABLE", "REJECTED"})
"""Documented DOCS:use-3ds; sent in upper case in CC 103957."""
_REJECTED_STATUSES = frozenset({"FAILED", "REJECTED"})

FlowStatus = Literal["SUCCESS", "ATTEMPTED", "UNAVAILABLE", "FAILED"]
"""Status of an authentication in the SDK's event (inferred; see below)."""
FLOW_STATUS_RESULT: dict[str, IssuerResult] = {
    "SUCCESS": "approve",
    "ATTEMPTED": "attempt",
    "UNAVAILABLE": "unavailable",
    "FAILED": "fail",
    "REJECTED": "fail",
}
"""Result for a `flow_status` if the issuer has set none. Clover does not document the values; these
are the documented ones of `authentication_status` (inferred)."""


class ThreeDSRequest(Record, frozen=True, kw_only=True):
    """`threeds` of a charge or of an order's payment."""

    source: Annotated[str, doc("CLOVER or NON_CLOVER.", _SDK, max_length=100)] | None = None
    browser_info: Annotated[BrowserInfo, doc("Required for CLOVER.", _SDK)] | None = None
    authentication_result: (
        Annotated[AuthenticationResult, doc("Required for NON_CLOVER.", _USE)] | None
    ) = None


ThreeDSField = (
    Annotated[
        ThreeDSRequest,
        doc("Requests 3-D Secure.", _SDK, problem_name="INVALID_REQUEST"),
    ]
    | None
)


class FinalizeThreeDS(Record, frozen=True, kw_only=True):
    """`threeds` of a finalization."""

    source: Annotated[str, doc("CLOVER.", _SDK, max_length=100)] | None = None
    flow_status: (
        Annotated[
            str,
            doc(
                "`detail._3DSStatus` of the SDK's event. Clover does not document its values. Here "
                "SUCCESS, ATTEMPTED, UNAVAILABLE, FAILED and REJECTED decide if the issuer has set "
                "no result.",
                inferred("the documented values of authentication_status"),
                max_length=100,
            ),
        ]
        | None
    ) = None


class FinalizeRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/charges/finalize_payment`."""

    charge_id: Annotated[
        str,
        doc("Id of the pending charge.", _SDK, problem_name="INVALID_CHARGE_ID", max_length=100),
    ]
    threeds: (
        Annotated[
            FinalizeThreeDS,
            doc("Result of the steps in the browser.", _SDK, problem_name="INVALID_REQUEST"),
        ]
        | None
    ) = None


class ThreeDS(Record, frozen=True, kw_only=True):
    """The stored 3-D Secure of a charge."""

    source: Literal["CLOVER", "NON_CLOVER"]
    validation_result: str
    is_protected: bool = False
    step: Step | None = None
    """The pending step; None when it is finished."""
    then_challenge: bool = False
    """Whether a challenge follows the method."""
    transaction: str = ""
    """Transaction id of the 3DS server; a UUID, like the transaction id of the ACS."""
    acs_transaction: str = ""
    home: str = ""
    """Base URL of the issuer's pages: this server's URL for the client."""
    result: IssuerResult | None = None
    """The issuer's result for the pending step."""
    expires_ms: Millis = 0
    ended_ms: Millis = 0
    """Time of the finalization."""
    approval: Approval | None = None
    """The issuer's approval of the payment; None if `decline` is set."""
    decline: Decline | None = None

    @property
    def verdict(self) -> Verdict:
        """The issuer's verdict on the payment."""
        return self.approval or self.decline or Approval(why="no verdict is stored")


class ThreeDSData(Record, frozen=True, kw_only=True):
    """`threeds.data`: data for the next step, with the fields of the 3DS SDK page."""

    evidence: ClassVar[Evidence] = _SDK

    method_url: str | None = None
    method_notification_url: str | None = None
    acs_url: str | None = None
    acs_transaction_id: str | None = None
    threeds_server_transaction_id: str
    threeds_protocol_version: str


class ThreeDSResponse(Record, frozen=True, kw_only=True):
    """`threeds` of a response. Source: the 3DS SDK page; DOCS:use-3ds for NON_CLOVER."""

    evidence: ClassVar[Evidence] = documented("3DS SDK page; DOCS:use-3ds for NON_CLOVER")

    validation_result: str
    liability_protection_status: Literal["PROTECTED", "NOT_PROTECTED"]
    source: str | None = None
    data: ThreeDSData | None = None


def threeds_response(threeds: ThreeDS) -> ThreeDSResponse:
    """Return `threeds` of a response; `source` and `data` only while pending (documented)."""
    data = None
    if threeds.step == "method":
        data = ThreeDSData(
            method_url=f"{threeds.home}/3ds/method/{threeds.transaction}",
            method_notification_url=f"{threeds.home}/3ds/notification/{threeds.transaction}",
            threeds_server_transaction_id=threeds.transaction,
            threeds_protocol_version=PROTOCOL_VERSION,
        )
    elif threeds.step == "challenge":
        data = ThreeDSData(
            acs_url=f"{threeds.home}/3ds/challenge/{threeds.transaction}",
            acs_transaction_id=threeds.acs_transaction,
            threeds_server_transaction_id=threeds.transaction,
            threeds_protocol_version=PROTOCOL_VERSION,
        )
    return ThreeDSResponse(
        validation_result=threeds.validation_result,
        liability_protection_status="PROTECTED" if threeds.is_protected else "NOT_PROTECTED",
        source=threeds.source if data else None,
        data=data,
    )


class CardFlow(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Flow of a card, for one amount or for all."""

    flow: ThreeDSFlow
    amount: Cents | None = None
    """The only amount with this flow; others are frictionless. Documented: exact amounts."""

    @property
    def label(self) -> str:
        """The flow and its amount, such as `challenge at 250.01`."""
        return self.flow if self.amount is None else f"{self.flow} at {self.amount / 100:.2f}"
