"""The issuer's pages of 3-D Secure: a browser's requests become an issuer's word.

- Any shop's page may frame them, as an issuer's, and so may one that has their buttons pressed
  unseen. That is no harm here: no money moves, and to be framed is what they are for.
- A GET changes nothing but what time has made due. Each page is made of the charge as it is then.
- Who does not ask for HTML (curl) is told in plain text how to answer.
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any, Literal, cast, get_args

import msgspec

from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.clover.threeds.operations_acs import (
    Authentication,
    State,
    find_authentication,
    resolve,
)
from mock_clover.clover.threeds.records import PROTOCOL_VERSION, Result
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Page, Text
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.sandbox import Sandbox

_CREQ_CHARS_MAX = 4_096
"""Of a challenge request; an honest one has some 250."""
_TEXT = """\
mock-clover: the {step} page of an issuer that does not exist. No money moves.

charge   {charge}, {amount} {currency}
said     {result}

Answer for the cardholder:

  curl {home}/_mock/threeds/{charge} -d '{{"result": "approve"}}'

Results: {results}
"""


class IssuerPost(Record, frozen=True, kw_only=True):
    """What a browser brings to the challenge, by form or query."""

    creq: str = ""


class ChallengeRequest(Record, frozen=True, kw_only=True, rename="camel"):
    """What is in a `creq`, as EMVCo has it. What is left out is not compared."""

    three_ds_server_trans_id: str | None = msgspec.field(default=None, name="threeDSServerTransID")
    acs_trans_id: str | None = msgspec.field(default=None, name="acsTransID")
    message_version: str | None = None


class IssuerAnswer(Record, frozen=True, kw_only=True):
    """What the challenge's form sends."""

    result: str = ""


class Seen(Record, frozen=True, kw_only=True):
    """How far an authentication is, for a page that waits."""

    state: State | Literal["unknown"]


Html = Callable[[Authentication], str]


def show_method(sandbox: Sandbox, call: Call[None, None]) -> Page | Text:
    """Look at a browser, which here is nothing, and send it on to the notification."""
    from mock_clover.clover.threeds.html import method_page  # most servers show no page

    return _shown(sandbox, call, method_page)


def show_notification(sandbox: Sandbox, call: Call[None, None]) -> Page | Text:
    """Have the browser's SDK told that it was looked at."""
    from mock_clover.clover.threeds.html import notification_page

    return _shown(sandbox, call, notification_page)


def show_challenge(sandbox: Sandbox, call: Call[IssuerPost, None]) -> Page | Text:
    """Ask the cardholder, or say what was answered."""
    from mock_clover.clover.threeds.html import challenge_page, mistaken_page

    def html(found: Authentication) -> str:
        wrong = _wrong_request(found, call.body.creq)
        return mistaken_page(found, wrong) if wrong else challenge_page(found)

    return _shown(sandbox, call, html)


def tell_status(sandbox: Sandbox, call: Call[None, None]) -> Seen:
    """Say how far an authentication is."""
    found = _found(sandbox, call.ids[0])
    return Seen(state=found.state if found else "unknown")


def take_answer(sandbox: Sandbox, call: Call[IssuerAnswer, None]) -> Page:
    """Take the cardholder's answer, and send the browser back to what came of it.

    One that was answered is not answered again: whoever goes back in a browser sees how it ended.
    """
    from mock_clover.clover.threeds import html

    if _is_from_elsewhere(call.headers):
        call.why = "the form was sent by a page of another origin"
        return Page(403, html.stray_page(), html.GUARDS)
    found = _found(sandbox, call.ids[0])
    if found is None:
        return Page(404, html.unknown_page(call.ids[0]), html.GUARDS)
    result = call.body.result
    if result not in get_args(Result) or result == "challenge":
        call.why = "the form says no result"
        return Page(400, html.unheard_page(), html.GUARDS)
    if found.state == "challenge":
        with found.sandbox.changes.because("threeds_answer"):
            resolve(found.sandbox, found.charge, cast("Result", result))
        call.why = f"3-D Secure: the cardholder's browser says {result}"
    back = (b"location", f"../{found.threeds.transaction}".encode("ascii"))
    return Page(303, html.moved_page(), (back, *html.GUARDS))


def _found(sandbox: Sandbox, transaction: str) -> Authentication | None:
    """Return a transaction as it is by the clock: a silent call finds what is due not yet done."""
    for each in sandbox.family:
        run_due_jobs(each)
    return find_authentication(sandbox, transaction)


def _shown(sandbox: Sandbox, call: Call[Any, None], html: Html) -> Page | Text:
    found = _found(sandbox, call.ids[0])
    if b"text/html" not in call.headers.get(b"accept", b""):
        return _text(found)
    from mock_clover.clover.threeds.html import GUARDS, unknown_page

    if found is None:
        call.why = "there is no such 3-D Secure transaction"
        return Page(404, unknown_page(call.ids[0]), GUARDS)
    call.why = f"3-D Secure of {found.charge.id}: {found.state}"
    return Page(200, html(found), GUARDS)


def _text(found: Authentication | None) -> Text:
    if found is None or found.charge.state != "pending":
        raise CONTROL_NOT_FOUND.error(said="no charge waits for this 3-D Secure transaction")
    charge, threeds = found.charge, found.threeds
    return Text(
        _TEXT.format(
            step=threeds.step,
            charge=charge.id,
            amount=charge.request.amount,
            currency=charge.currency,
            result=threeds.result or "nothing yet",
            home=threeds.home,
            results=", ".join(get_args(Result)),
        )
    )


def _wrong_request(found: Authentication, creq: str) -> tuple[str, ...]:
    """Say which members of a challenge request are not those of the charge's `threeds.data`.

    A real issuer knows no such challenge, and a mistake in a shop's page shows here first.
    """
    if not creq:
        return ()
    unread = ("creq: is no JSON object in base64url",)
    if len(creq) > _CREQ_CHARS_MAX:
        return unread
    try:
        raw = urlsafe_b64decode(creq.encode("ascii") + b"=" * (-len(creq) % 4))
        asked = msgspec.json.decode(raw, type=ChallengeRequest)
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        return unread
    threeds = found.threeds
    compared = (
        ("threeDSServerTransID", asked.three_ds_server_trans_id, threeds.transaction),
        ("acsTransID", asked.acs_trans_id, threeds.acs_transaction),
        ("messageVersion", asked.message_version, PROTOCOL_VERSION),
    )
    return tuple(
        f"{name}: is {given!r}, and the charge's threeds.data says {known!r}"
        for name, given, known in compared
        if given not in (None, known)
    )


def _is_from_elsewhere(headers: dict[bytes, bytes]) -> bool:
    """Tell whether a page of another origin sent a form; what is no browser sends neither header.

    Older browsers, and all of them where the page came by plain HTTP under a name, say the origin
    only.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site != b"same-origin"
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host", b"")
