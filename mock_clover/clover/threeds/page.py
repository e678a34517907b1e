"""The issuer's pages of 3-D Secure: turn a browser's requests into the issuer's result.

- Any shop's page may frame them, as it may frame a real issuer's. Clickjacking does no harm here:
  no money moves.
- A GET only runs due jobs. Each page shows the charge as it is then.
- A client that does not accept HTML (curl) gets plain text that explains how to answer.
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any, Literal, cast, get_args

import msgspec

from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.clover.threeds import html
from mock_clover.clover.threeds.html import (
    GUARDS,
    challenge_page,
    method_page,
    mistaken_page,
    notification_page,
    unknown_page,
)
from mock_clover.clover.threeds.operations_acs import (
    Authentication,
    AuthenticationState,
    find_authentication,
    resolve,
)
from mock_clover.clover.threeds.records import PROTOCOL_VERSION, IssuerResult
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Page, Text
from mock_clover.engine.origin import is_cross_origin
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.sandbox import Sandbox

_CREQ_CHARS_MAX = 4_096
"""Maximum length of a challenge request; a valid one has about 250 characters."""
_PLAIN_TEXT = """\
mock-clover: the {step} page of an issuer that does not exist. No money moves.

charge   {charge}, {amount} {currency}
result   {result}

Answer for the cardholder:

  curl {home}/_mock/threeds/{charge} -d '{{"result": "approve"}}'

Results: {results}
"""


class IssuerPost(Record, frozen=True, kw_only=True):
    """Form or query of a challenge request."""

    creq: str = ""


class ChallengeRequest(Record, frozen=True, kw_only=True, rename="camel"):
    """Content of a `creq` as EMVCo defines it. Absent members are not compared."""

    three_ds_server_trans_id: str | None = msgspec.field(default=None, name="threeDSServerTransID")
    acs_trans_id: str | None = msgspec.field(default=None, name="acsTransID")
    message_version: str | None = None


class IssuerAnswer(Record, frozen=True, kw_only=True):
    """Form of the challenge page."""

    result: str = ""


class Seen(Record, frozen=True, kw_only=True):
    """State of an authentication, for a page that polls."""

    state: AuthenticationState | Literal["unknown"]


Html = Callable[[Authentication], str]


def show_method(sandbox: Sandbox, call: Call[None, None]) -> Page | Text:
    """Return the method page, which continues to the notification page; it checks nothing."""
    return _show(sandbox, call, method_page)


def show_notification(sandbox: Sandbox, call: Call[None, None]) -> Page | Text:
    """Return the notification page, which reports to the SDK that the method is done."""
    return _show(sandbox, call, notification_page)


def show_challenge(sandbox: Sandbox, call: Call[IssuerPost, None]) -> Page | Text:
    """Return the challenge page, or the state of the payment."""

    def html(auth: Authentication) -> str:
        errors = _request_errors(auth, call.body.creq)
        return mistaken_page(auth, errors) if errors else challenge_page(auth)

    return _show(sandbox, call, html)


def tell_status(sandbox: Sandbox, call: Call[None, None]) -> Seen:
    """Return the state of an authentication."""
    auth = _find(sandbox, call.ids[0])
    return Seen(state=auth.state if auth else "unknown")


def take_answer(sandbox: Sandbox, call: Call[IssuerAnswer, None]) -> Page:
    """Store the cardholder's answer and redirect to the result.

    An answer is stored once. A user who goes back in the browser sees the result.
    """
    if is_cross_origin(call.headers):
        call.why = "the form was sent by a page of another origin"
        return Page(403, html.stray_page(), html.GUARDS)
    auth = _find(sandbox, call.ids[0])
    if auth is None:
        return Page(404, html.unknown_page(call.ids[0]), html.GUARDS)
    result = call.body.result
    if result not in get_args(IssuerResult) or result == "challenge":
        call.why = "the form has no valid result"
        return Page(400, html.unheard_page(), html.GUARDS)
    if auth.state == "challenge":
        with auth.sandbox.changes.because("threeds_answer"):
            resolve(auth.sandbox, auth.charge, cast("IssuerResult", result))
        call.why = f"3-D Secure: the cardholder's browser says {result}"
    back = (b"location", f"../{auth.threeds.transaction}".encode("ascii"))
    return Page(303, html.moved_page(), (back, *html.GUARDS))


def _find(sandbox: Sandbox, transaction: str) -> Authentication | None:
    """Return a transaction after due jobs have run, which these calls do not do by themselves."""
    for each in sandbox.family:
        run_due_jobs(each)
    return find_authentication(sandbox, transaction)


def _show(sandbox: Sandbox, call: Call[Any, None], html: Html) -> Page | Text:
    auth = _find(sandbox, call.ids[0])
    if b"text/html" not in call.headers.get(b"accept", b""):
        return _plain_text(auth)

    if auth is None:
        call.why = "unknown 3-D Secure transaction"
        return Page(404, unknown_page(call.ids[0]), GUARDS)
    call.why = f"3-D Secure of {auth.charge.id}: {auth.state}"
    return Page(200, html(auth), GUARDS)


def _plain_text(auth: Authentication | None) -> Text:
    if auth is None or auth.charge.state != "pending":
        raise CONTROL_NOT_FOUND.error(detail="no charge waits for this 3-D Secure transaction")
    charge, threeds = auth.charge, auth.threeds
    return Text(
        _PLAIN_TEXT.format(
            step=threeds.step,
            charge=charge.id,
            amount=charge.request.amount,
            currency=charge.currency,
            result=threeds.result or "nothing yet",
            home=threeds.home,
            results=", ".join(get_args(IssuerResult)),
        )
    )


def _request_errors(auth: Authentication, creq: str) -> tuple[str, ...]:
    """Return which members of a challenge request differ from the charge's `threeds.data`.

    A real issuer rejects such a challenge. The page shows the mistake early.
    """
    if not creq:
        return ()
    unreadable = ("creq: is not a base64url JSON object",)
    if len(creq) > _CREQ_CHARS_MAX:
        return unreadable
    try:
        raw = urlsafe_b64decode(creq.encode("ascii") + b"=" * (-len(creq) % 4))
        request = msgspec.json.decode(raw, type=ChallengeRequest)
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        return unreadable
    threeds = auth.threeds
    compared = (
        ("threeDSServerTransID", request.three_ds_server_trans_id, threeds.transaction),
        ("acsTransID", request.acs_trans_id, threeds.acs_transaction),
        ("messageVersion", request.message_version, PROTOCOL_VERSION),
    )
    return tuple(
        f"{name}: is {sent!r}, but the charge's threeds.data has {expected!r}"
        for name, sent, expected in compared
        if sent not in (None, expected)
    )
