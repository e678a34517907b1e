"""The consent page of OAuth, shown only when it is asked for, and what its two buttons do.

Nothing is kept between the page and its answer. The form posts to the page's own address, whose
query is judged anew: so Approve does what the automatic way would do with that query, and `state`
needs no field of a form, which would change its line breaks.
"""

from collections.abc import Callable
from typing import Any

from mock_clover.clover.common.behaviours_other import CONSENT_DENIED, MERCHANT_IS_ASKED
from mock_clover.clover.oauth.problems import CONSENT_FROM_ELSEWHERE
from mock_clover.clover.oauth.records import Consent
from mock_clover.engine.endpoint import Call, Page, Redirect
from mock_clover.sandbox.sandbox import Sandbox

Join = Callable[[str, dict[str, str], str | None, str], str]


def is_asked(sandbox: Sandbox, said: Consent | None) -> bool:
    """Tell whether the merchant is asked: as the call says, or else as the sandbox does."""
    return (said or sandbox.settings.consent) == "ask"


def show(merchants: list[Sandbox], call: Call[None, Any], target: str) -> Page:
    """Ask these merchants, of whom one may agree; the browser then goes on to the target."""
    from mock_clover.clover.oauth import html_consent as html

    call.basis = (MERCHANT_IS_ASKED,)
    call.why = "the merchant is asked: consent is `ask`"
    return Page(200, html.consent_page(merchants, target), html.guards_of(target))


def is_denied(call: Call[Any, None]) -> bool:
    """Tell whether the merchant denies; refuse an answer that another site's page gives.

    Browsers say where a post comes from; who says nothing is no browser and acts for itself.
    """
    site, origin = call.headers.get(b"sec-fetch-site"), call.headers.get(b"origin")
    if site is not None:
        ours = site in (b"same-origin", b"none")
    else:
        host = call.headers.get(b"host", b"")
        ours = origin is None or origin.partition(b"://")[2].lower() == host.lower()
    if not ours:
        raise CONSENT_FROM_ELSEWHERE.error()
    return bool(call.body.do == "deny")


def denied(call: Call[Any, None], target: str, state: str | None, join: Join) -> Redirect:
    """Send the browser back with an error, as OAuth's own standard has it."""
    call.basis = (CONSENT_DENIED,)
    call.why = "the merchant denies"
    told = {
        "error": "access_denied",
        "error_description": "The merchant denied the request.",
    }
    return Redirect(join(target, told, state, ""))
