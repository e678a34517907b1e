"""3-D Secure: what a payment sends of it, what is kept, what is shown. No browser is needed.

A flow says how the issuer's authentication goes; which of Clover's test cards takes which flow is
stated nowhere, so scenarios choose it (inferred).
"""

from typing import Annotated, ClassVar, Literal

from mock_clover.clover.common.verdict import Approval, Decline, Verdict
from mock_clover.core.evidence import Cents, Fact, Millis, doc, documented, inferred
from mock_clover.core.record import Record

_SDK = documented("3DS SDK page; initiate-3ds page")
_USE = documented("DOCS:use-3ds")

Flow = Literal["frictionless", "unavailable", "method", "method_challenge", "challenge", "decline"]
"""How an authentication goes.

frictionless: at once. unavailable: not at all, and the charge goes on unprotected. method: the
browser is looked at first. method_challenge: and then the cardholder is asked. challenge: the
cardholder is asked. decline: the issuer refuses. Source: the four answers of the 3DS SDK page.
"""
BROWSERLESS: frozenset[Flow] = frozenset({"frictionless", "unavailable", "decline"})
"""Flows that an authentication made elsewhere (NON_CLOVER) may be given by a rule."""

Step = Literal["method", "challenge"]
"""What a pending charge waits for."""
Result = Literal["approve", "attempt", "unavailable", "fail", "challenge", "timeout"]
"""What an issuer may say to a pending authentication; `challenge` only after the method."""

PROTOCOL_VERSION = "2.2.0"  # documented, 3DS SDK page
LIFE_MS = 600_000
"""How long an authentication may be pending: inferred, nothing was found."""
EXPIRES = "threeds_expired"
"""The kind of an agenda's entry."""

_WORDS_MAX = 4_096
"""Characters of a browser's text; a user agent may be long, and none is longer than a header."""
_Text = (
    Annotated[
        str,
        doc("As the 3DS SDK gives it.", _SDK, refused_as="INVALID_REQUEST", max_length=_WORDS_MAX),
    ]
    | None
)
_Flag = Annotated[bool, doc("As the 3DS SDK gives it.", _SDK)] | None


class BrowserInfo(Record, frozen=True, kw_only=True):
    """`threeds.browser_info`: what the SDK's getBrowserInfo() returns, and the client's address."""

    browser_ip: _Text = None
    browser_accept_header: _Text = None
    browser_javascript_enabled: _Flag = None
    browser_java_enabled: _Flag = None
    browser_language: _Text = None
    browser_color_depth: _Text = None
    browser_screen_height: _Text = None
    browser_screen_width: _Text = None
    browser_tz: _Text = None
    browser_user_agent: _Text = None
    browser_http_origin: _Text = None

    @property
    def is_complete(self) -> bool:
        """Whether all members are there; the page's origin is none of EMV's, so it may be absent.

        Documented: "with all the fields in the threeds object"; which may be absent is inferred.
        """
        return all(
            getattr(self, name) not in (None, "")
            for name in self.__struct_fields__
            if name != "browser_http_origin"
        )


class AuthenticationResult(Record, frozen=True, kw_only=True):
    """`threeds.authentication_result`: an authentication that was made elsewhere."""

    authentication_status: (
        Annotated[
            str,
            doc("Success, Failed, Attempted, Unavailable or Rejected, in either case.", _USE),
        ]
        | None
    ) = None
    transaction_id: Annotated[str, doc("Of the 3DS server.", _USE, max_length=100)] | None = None
    cryptogram: Annotated[str, doc("Required for NON_CLOVER.", _USE, max_length=100)] | None = None
    threeds_version: (
        Annotated[str, doc("2 and up; 1 is no longer supported.", _USE, max_length=20)] | None
    ) = None

    @property
    def is_complete(self) -> bool:
        """Whether it can be used."""
        status = self.authentication_status
        known = status is None or status.upper() in AUTHENTICATION_STATUSES
        return bool(self.cryptogram) and known and not (self.threeds_version or "").startswith("1")

    @property
    def is_refusal(self) -> bool:
        """Whether the issuer wants no payment to follow: that it is declined then is inferred."""
        return (self.authentication_status or "").upper() in _REFUSALS


AUTHENTICATION_STATUSES = frozenset({"SUCCESS", "FAILED", "ATTEMPTED", "UNAVAILABLE", "REJECTED"})
"""Documented DOCS:use-3ds; sent in upper case in CC 103957."""
_REFUSALS = frozenset({"FAILED", "REJECTED"})

FlowStatus = Literal["SUCCESS", "ATTEMPTED", "UNAVAILABLE", "FAILED"]
"""What the SDK's event says of an authentication; see below (inferred)."""
FLOW_STATUS_RESULT: dict[str, Result] = {
    "SUCCESS": "approve",
    "ATTEMPTED": "attempt",
    "UNAVAILABLE": "unavailable",
    "FAILED": "fail",
    "REJECTED": "fail",
}
"""What a `flow_status` says where the issuer has not spoken. Clover's values were not found; these
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
        doc("Asks for 3-D Secure.", _SDK, refused_as="INVALID_REQUEST"),
    ]
    | None
)


class FinalizeThreeDS(Record, frozen=True, kw_only=True):
    """`threeds` of a finalisation."""

    source: Annotated[str, doc("CLOVER.", _SDK, max_length=100)] | None = None
    flow_status: (
        Annotated[
            str,
            doc(
                "`detail._3DSStatus` of the SDK's event. Its values were not found: here SUCCESS, "
                "ATTEMPTED, UNAVAILABLE, FAILED and REJECTED decide where the issuer has not.",
                inferred("the documented words of authentication_status"),
                max_length=100,
            ),
        ]
        | None
    ) = None


class FinalizeRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/charges/finalize_payment`."""

    charge_id: Annotated[
        str,
        doc("Of the pending charge.", _SDK, refused_as="INVALID_CHARGE_ID", max_length=100),
    ]
    threeds: (
        Annotated[
            FinalizeThreeDS,
            doc("How the browser's part ended.", _SDK, refused_as="INVALID_REQUEST"),
        ]
        | None
    ) = None


class ThreeDS(Record, frozen=True, kw_only=True):
    """The 3-D Secure of a charge as it is kept."""

    source: Literal["CLOVER", "NON_CLOVER"]
    validation_result: str
    is_protected: bool = False
    step: Step | None = None
    """What is waited for; None once it is done."""
    then_challenge: bool = False
    """Whether the method is followed by a challenge."""
    transaction: str = ""
    """The 3DS server's id of it, as the acs_ one a UUID."""
    acs_transaction: str = ""
    home: str = ""
    """Where the issuer's pages are: this server, as the client knows it."""
    result: Result | None = None
    """What the issuer has said to the pending step."""
    expires_ms: Millis = 0
    ended_ms: Millis = 0
    """When a pending one was finalised."""
    approval: Approval | None = None
    """What the issuer will say to the payment itself, once it knows who pays; or `decline`."""
    decline: Decline | None = None

    @property
    def verdict(self) -> Verdict:
        """What the issuer says to the payment itself."""
        return self.approval or self.decline or Approval(why="nothing else was said")


class ThreeDSData(Record, frozen=True, kw_only=True):
    """`threeds.data`: what the next step needs. Members as the 3DS SDK page has them."""

    fact: ClassVar[Fact] = _SDK

    method_url: str | None = None
    method_notification_url: str | None = None
    acs_url: str | None = None
    acs_transaction_id: str | None = None
    threeds_server_transaction_id: str
    threeds_protocol_version: str


class ThreeDSAnswer(Record, frozen=True, kw_only=True):
    """`threeds` of an answer. Source: the 3DS SDK page; DOCS:use-3ds for NON_CLOVER."""

    fact: ClassVar[Fact] = documented("3DS SDK page; DOCS:use-3ds for NON_CLOVER")

    validation_result: str
    liability_protection_status: Literal["PROTECTED", "NOT_PROTECTED"]
    source: str | None = None
    data: ThreeDSData | None = None


def threeds_answer(kept: ThreeDS) -> ThreeDSAnswer:
    """Show the 3-D Secure of a charge; `source` and `data` only while it waits (documented)."""
    data = None
    if kept.step == "method":
        data = ThreeDSData(
            method_url=f"{kept.home}/3ds/method/{kept.transaction}",
            method_notification_url=f"{kept.home}/3ds/notification/{kept.transaction}",
            threeds_server_transaction_id=kept.transaction,
            threeds_protocol_version=PROTOCOL_VERSION,
        )
    elif kept.step == "challenge":
        data = ThreeDSData(
            acs_url=f"{kept.home}/3ds/challenge/{kept.transaction}",
            acs_transaction_id=kept.acs_transaction,
            threeds_server_transaction_id=kept.transaction,
            threeds_protocol_version=PROTOCOL_VERSION,
        )
    return ThreeDSAnswer(
        validation_result=kept.validation_result,
        liability_protection_status="PROTECTED" if kept.is_protected else "NOT_PROTECTED",
        source=kept.source if data else None,
        data=data,
    )


class CardFlow(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which flow a card takes, at one amount or at all."""

    flow: Flow
    amount: Cents | None = None
    """At this amount only; at others it is frictionless. Documented: exact amounts."""

    @property
    def label(self) -> str:
        """The flow and its amount, as `challenge at 25001`."""
        return self.flow if self.amount is None else f"{self.flow} at {self.amount}"
