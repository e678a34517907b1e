"""The issuer's pages of 3-D Secure: turn a browser's requests into the issuer's result.

- Any shop's page may frame them, as it may frame a real issuer's. Clickjacking does no harm,
  because no money moves.
- A GET runs due jobs and changes nothing else. Each page shows the current state.
- A client that does not accept HTML (curl) gets plain text that explains how to set the result.
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any, Literal, cast, get_args

import msgspec

from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.clover.threeds import html
from mock_clover.clover.threeds.html import (
    SECURITY_HEADERS,
    challenge_page,
    invalid_request_page,
    method_page,
    notification_page,
    unknown_page,
)
from mock_clover.clover.threeds.operations_acs import (
    Authentication,
    AuthenticationState,
    find_authentication,
    set_result,
)
from mock_clover.clover.threeds.records import PROTOCOL_VERSION, IssuerResult
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, HtmlPage, Text
from mock_clover.engine.html import Headers, isolation_headers
from mock_clover.engine.origin import is_cross_origin
from mock_clover.sandbox.sandbox import Sandbox

_CREQ_CHARS_MAX = 4_096
"""Maximum length of a challenge request; a valid one has about 250 characters."""
_PLAIN_TEXT = """\
mock-clover: {step} page of a simulated issuer. No money moves.

charge   {charge}, {amount} {currency}
result   {result}

To set the result:

  curl {home}/_mock/threeds/{charge} -d '{{"result": "approve"}}'

Results: {results}
"""


class ChallengeForm(Record, frozen=True, kw_only=True):
    """Form or query of a challenge request."""

    creq: str = ""


class ChallengeRequest(Record, frozen=True, kw_only=True, rename="camel"):
    """Content of a `creq` as EMVCo defines it. Absent fields are not compared."""

    three_ds_server_trans_id: str | None = msgspec.field(default=None, name="threeDSServerTransID")
    acs_trans_id: str | None = msgspec.field(default=None, name="acsTransID")
    message_version: str | None = None


class ChallengeResultForm(Record, frozen=True, kw_only=True):
    """Form of the challenge page."""

    result: str = ""


class AuthenticationStatus(Record, frozen=True, kw_only=True):
    """State of an authentication; the challenge page polls it."""

    state: AuthenticationState | Literal["unknown"]


Html = Callable[[Authentication], str]


def show_method(sandbox: Sandbox, call: Call[None, None]) -> HtmlPage | Text:
    """Return the method page, which continues to the notification page without a browser check."""
    return _render(sandbox, call, method_page)


def show_notification(sandbox: Sandbox, call: Call[None, None]) -> HtmlPage | Text:
    """Return the notification page, which reports to the SDK that the method step is complete."""
    return _render(sandbox, call, notification_page)


def show_challenge(sandbox: Sandbox, call: Call[ChallengeForm, None]) -> HtmlPage | Text:
    """Return the challenge page, or the state of the payment."""

    def html(authentication: Authentication) -> str:
        errors = _request_errors(authentication, call.body.creq)
        return (
            invalid_request_page(authentication, errors)
            if errors
            else challenge_page(authentication)
        )

    return _render(sandbox, call, html)


def get_status(sandbox: Sandbox, call: Call[None, None]) -> AuthenticationStatus:
    """Return the state of an authentication."""
    authentication = find_authentication(sandbox, call.ids[0])
    return AuthenticationStatus(state=authentication.state if authentication else "unknown")


def submit_challenge(sandbox: Sandbox, call: Call[ChallengeResultForm, None]) -> HtmlPage:
    """Store the result that the cardholder chose, and redirect to the page that shows it.

    Only the first result is stored. A cardholder who goes back in the browser sees it.
    """
    if is_cross_origin(call.headers):
        call.why = "the form was sent by a page of another origin"
        return HtmlPage(403, html.cross_origin_page(), _headers(sandbox))
    authentication = find_authentication(sandbox, call.ids[0])
    if authentication is None:
        return HtmlPage(404, html.unknown_page(call.ids[0]), _headers(sandbox))
    result = call.body.result
    if result not in get_args(IssuerResult) or result == "challenge":
        call.why = "the form has no valid result"
        return HtmlPage(400, html.invalid_result_page(), _headers(sandbox))
    if authentication.state == "challenge":
        with authentication.sandbox.changes.caused_by("threeds_answer"):
            set_result(authentication.sandbox, authentication.charge, cast("IssuerResult", result))
        call.why = f"3-D Secure: result {result} submitted by the browser"
    back = (b"location", f"../{authentication.threeds.transaction}".encode("ascii"))
    return HtmlPage(303, html.redirect_page(), (back, *_headers(sandbox)))


def _headers(sandbox: Sandbox) -> Headers:
    return (*SECURITY_HEADERS, *isolation_headers(sandbox.settings.corp))


def _render(sandbox: Sandbox, call: Call[Any, None], html: Html) -> HtmlPage | Text:
    authentication = find_authentication(sandbox, call.ids[0])
    if b"text/html" not in call.headers.get(b"accept", b""):
        return _plain_text(authentication)

    if authentication is None:
        call.why = "unknown 3-D Secure transaction"
        return HtmlPage(404, unknown_page(call.ids[0]), _headers(sandbox))
    call.why = f"3-D Secure of {authentication.charge.id}: {authentication.state}"
    return HtmlPage(200, html(authentication), _headers(sandbox))


def _plain_text(authentication: Authentication | None) -> Text:
    if authentication is None or authentication.charge.state != "pending":
        raise CONTROL_NOT_FOUND.error(detail="no pending charge has this 3-D Secure transaction id")
    charge, threeds = authentication.charge, authentication.threeds
    return Text(
        _PLAIN_TEXT.format(
            step=threeds.step,
            charge=charge.id,
            amount=charge.request.amount,
            currency=charge.currency,
            result=threeds.result or "none yet",
            home=threeds.home,
            results=", ".join(get_args(IssuerResult)),
        )
    )


def _request_errors(authentication: Authentication, creq: str) -> tuple[str, ...]:
    """Return the fields of a challenge request that differ from the charge's `threeds.data`.

    A real issuer rejects such a challenge. The page shows the error early.
    """
    if not creq:
        return ()
    unreadable = ("creq is not a base64url-encoded JSON object",)
    if len(creq) > _CREQ_CHARS_MAX:
        return unreadable
    try:
        raw = urlsafe_b64decode(creq.encode("ascii") + b"=" * (-len(creq) % 4))
        request = msgspec.json.decode(raw, type=ChallengeRequest)
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        return unreadable
    threeds = authentication.threeds
    compared = (
        ("threeDSServerTransID", request.three_ds_server_trans_id, threeds.transaction),
        ("acsTransID", request.acs_trans_id, threeds.acs_transaction),
        ("messageVersion", request.message_version, PROTOCOL_VERSION),
    )
    return tuple(
        f"{name} is {sent!r}, but the charge's threeds.data has {expected!r}"
        for name, sent, expected in compared
        if sent not in (None, expected)
    )
