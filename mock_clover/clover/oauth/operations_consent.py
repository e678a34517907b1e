"""The OAuth consent page, which is off by default, and its two buttons.

The server stores nothing between the page and its form. The form posts to the URL of the page, and
the query is validated again: Approve does the same as automatic consent with that query. `state`
is not a form field, because submitting a form normalizes line breaks.
"""

from collections.abc import Callable
from typing import Any

from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.oauth import html_consent as html
from mock_clover.clover.oauth.behaviours import CONSENT_DENIED, CONSENT_PAGE
from mock_clover.clover.oauth.problems import CONSENT_CROSS_SITE
from mock_clover.clover.oauth.records import Consent
from mock_clover.engine.endpoint import Call, HtmlPage, Redirect
from mock_clover.engine.html import security_headers
from mock_clover.engine.origin import is_cross_origin
from mock_clover.sandbox.sandbox import Sandbox

BuildRedirectUrl = Callable[[str, dict[str, str], str | None, str], str]


def needs_consent(sandbox: Sandbox, consent: Consent | None) -> bool:
    """Return whether to show the consent page. The query parameter overrides the setting."""
    return (consent or sandbox.settings.consent) == "ask"


def consent_page_response(merchants: list[Sandbox], call: Call[None, Any], target: str) -> HtmlPage:
    """Return the page on which one of these merchants approves or denies access."""
    call.basis = (CONSENT_PAGE,)
    call.why = "consent is `ask`, so the consent page was shown"
    return HtmlPage(200, html.consent_page(merchants, target), html.security_headers_for(target))


def error_page_response(error: ApiError, call: Call[None, Any]) -> HtmlPage:
    """Return the page of an error for a browser; raise the error for any other client."""
    if b"text/html" not in call.headers.get(b"accept", b""):
        raise error
    call.why = error.why
    return HtmlPage(error.problem.status, html.error_page(error.message), security_headers())


def consent_is_denied(call: Call[Any, None]) -> bool:
    """Return whether the merchant denied access. Raises CONSENT_CROSS_SITE."""
    if is_cross_origin(call.headers):
        raise CONSENT_CROSS_SITE.error(rule="the form was sent from another site")
    return bool(call.body.do == "deny")


def access_denied_redirect(
    call: Call[Any, None], target: str, state: str | None, build_redirect_url: BuildRedirectUrl
) -> Redirect:
    """Redirect with the error `access_denied` of the OAuth standard."""
    call.basis = (CONSENT_DENIED,)
    call.why = "the merchant denied access"
    params = {
        "error": "access_denied",
        "error_description": "The merchant denied the request.",
    }
    return Redirect(build_redirect_url(target, params, state, ""))
