"""Endpoints for legacy OAuth."""

import re
from typing import Any
from urllib.parse import quote, urlencode

from mock_clover.clover.common.problems import INVALID_REQUEST, ApiError
from mock_clover.clover.oauth.behaviours import CONSENT_IS_AUTOMATIC, CONSENT_PAGE
from mock_clover.clover.oauth.operations_consent import (
    access_denied_redirect,
    consent_is_denied,
    consent_page_response,
    error_page_response,
    needs_consent,
)
from mock_clover.clover.oauth.problems import (
    CONSENT_CROSS_SITE,
    OAUTH_INVALID_CREDENTIALS,
    OAUTH_INVALID_REDIRECT,
    OAUTH_UNKNOWN_CLIENT,
)
from mock_clover.clover.oauth.records import (
    CODE_LIFETIME_MS,
    AccessToken,
    AuthorizeQuery,
    Code,
    ConsentForm,
    TokenExchange,
)
from mock_clover.core.broken_rule import shown
from mock_clover.core.evidence import documented, inferred
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import (
    NO_AUTH,
    Call,
    Endpoint,
    HtmlPage,
    Redirect,
    sandbox_and_server,
)
from mock_clover.sandbox.sandbox import Sandbox

# Any scheme except those whose URLs a browser executes.
REDIRECT_URI_PATTERN = re.compile(
    r"(?!javascript:|data:|vbscript:)[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f]+$", re.IGNORECASE
)


_LOCATION_BYTES_MAX = 6_144
"""With a longer redirect, the head of the response would be too long for some clients: more than
8 KiB."""


class EmptyResponse(Record, frozen=True, kw_only=True):
    """A response without a body."""


def authorize(sandbox: Sandbox, call: Call[None, AuthorizeQuery]) -> Redirect | HtmlPage:
    """Redirect with a one-time code, as if consent had been given, or show the consent page.

    Without redirect_uri, Clover redirects to the app's site URL (documented); the mock
    redirects to the root of the server.
    """
    query = call.query
    try:
        merchant = find_merchant_of_app(sandbox, call, query.client_id, query.merchant_id)
        target = redirect_target(call, query.redirect_uri)
    except ApiError as error:
        return error_page_response(error, call)
    if needs_consent(merchant, query.mock_clover_consent):
        return consent_page_response(
            selectable_merchants(sandbox, merchant, query.merchant_id), call, target
        )
    redirect = _redirect_with_grant(merchant, query, target)
    call.basis = (CONSENT_IS_AUTOMATIC,)
    if query.response_type == "code":
        call.why = "consent was given automatically; the code can be used once within ten minutes"
    return redirect


def answer_consent(sandbox: Sandbox, call: Call[ConsentForm, None]) -> Redirect:
    """Redirect with the decision that the merchant submitted on the consent page."""
    form = call.body
    merchant = find_merchant_of_app(sandbox, call, form.client_id, form.merchant_id)
    target = redirect_target(call, form.redirect_uri)
    if consent_is_denied(call):
        return access_denied_redirect(call, target, form.state, build_redirect_url)
    call.basis = (CONSENT_PAGE,)
    call.why = "the merchant approved on the consent page"
    return _redirect_with_grant(merchant, form, target)


def redirect_target(call: Call[Any, Any], redirect_uri: str | None) -> str:
    """Return the redirect target, or raise OAUTH_INVALID_REDIRECT."""
    target = redirect_uri or f"{call.base_url}/"
    sent = call.query or call.body
    parts = (call.base_url, redirect_uri, sent.state, sent.merchant_id)
    length = sum(len(quote(part)) for part in parts if part)
    if length > _LOCATION_BYTES_MAX or not REDIRECT_URI_PATTERN.match(target):
        raise OAUTH_INVALID_REDIRECT.error(
            rule="redirect_uri must be an http:// or https:// URL without spaces; with state and "
            f"the other parameters at most {_LOCATION_BYTES_MAX} bytes"
        )
    return target


def selectable_merchants(
    sandbox: Sandbox, first: Sandbox, merchant_id: str | None
) -> list[Sandbox]:
    """Return the merchants that can give consent: the requested one, or all that have the app."""
    if merchant_id is not None:
        return [first]
    app = first.credentials.client_id
    return [each for each in sandbox.all_merchants if each.credentials.client_id == app]


def _redirect_with_grant(merchant: Sandbox, query: AuthorizeQuery, target: str) -> Redirect:
    """Create a code or a token and redirect with it."""
    credentials = merchant.credentials
    params = {
        "merchant_id": query.merchant_id or credentials.merchant_id,
        "employee_id": credentials.employee_id,
        "client_id": credentials.client_id,
    }
    if query.response_type == "token":
        return Redirect(
            build_redirect_url(
                target, params, query.state, f"access_token={_issue_token(merchant)}"
            )
        )
    code = merchant.ids.uuid()
    merchant.codes.put_bounded(code, Code(code=code, created_ms=merchant.clock.now_ms()))
    return Redirect(build_redirect_url(target, params | {"code": code}, query.state, ""))


def find_merchant_of_app(
    sandbox: Sandbox, call: Call[Any, Any], client_id: str | None, merchant_id: str | None
) -> Sandbox:
    """Return the requested merchant of an app, or its first. Raises OAUTH_UNKNOWN_CLIENT."""
    candidates = [each for each in sandbox.all_merchants if each.credentials.client_id == client_id]
    if not candidates:
        raise OAUTH_UNKNOWN_CLIENT.error(rule=_client_rule(sandbox, call, client_id))
    matches = (each for each in candidates if each.credentials.merchant_id == merchant_id)
    return next(matches, candidates[0])


def build_redirect_url(
    target: str, params: dict[str, str], state: str | None, fragment: str
) -> str:
    """Return the redirect URL with these parameters; `state` is last."""
    if state is not None:
        params = params | {"state": state}
    base, _, _ = target.partition("#")
    url = f"{base}{'&' if '?' in base else '?'}{urlencode(params)}"
    url = quote(url, safe="%/:?#[]@!$&'()*+,;=-._~")
    return f"{url}#{fragment}" if fragment else url


def _client_rule(sandbox: Sandbox, call: Call[Any, Any], client_id: str | None) -> str:
    """Return the sentence about a client id that no merchant of the sandbox has."""
    if client_id is None:
        return "client_id is missing; it is required"
    of_merchant = client_id == sandbox.credentials.merchant_id
    owner = sandbox_and_server(sandbox, call.headers)
    sent = "the merchant id" if of_merchant else shown(client_id)
    return f"client_id is {sent}; must be the app id of {owner}"


def exchange_token(sandbox: Sandbox, call: Call[TokenExchange, None]) -> AccessToken:
    """Exchange a one-time code for a bearer token."""
    body = call.body
    candidates = [
        each for each in sandbox.all_merchants if each.credentials.client_id == body.client_id
    ]
    if not candidates:
        raise OAUTH_UNKNOWN_CLIENT.error(rule=_client_rule(sandbox, call, body.client_id))
    merchant = next((each for each in candidates if (body.code or "") in each.codes), candidates[0])
    code = merchant.codes.get(body.code or "")
    if body.client_secret != merchant.credentials.client_secret:
        raise OAUTH_INVALID_CREDENTIALS.error(rule="client_secret is missing or wrong")
    if code is None:
        rule = "code is unknown or has already been used; get one from /oauth/authorize"
        raise OAUTH_INVALID_CREDENTIALS.error(rule=rule)
    if sandbox.clock.now_ms() - code.created_ms > CODE_LIFETIME_MS:
        raise OAUTH_INVALID_CREDENTIALS.error(rule="code is older than ten minutes")
    merchant.codes.delete(code.code)
    call.why = "consumed the code and issued a bearer token"
    return AccessToken(access_token=_issue_token(merchant))


def _issue_token(sandbox: Sandbox) -> str:
    token = sandbox.ids.uuid()
    sandbox.access_tokens.put_bounded(token, sandbox.clock.now_ms())
    return token


def consent_endpoint(**parts: Any) -> Endpoint:
    """Return the endpoint that the form of a consent page is submitted to."""
    return Endpoint(
        method="POST",
        auth=NO_AUTH,
        body_format="json_or_form",
        response=EmptyResponse,
        errors=(
            OAUTH_UNKNOWN_CLIENT,
            OAUTH_INVALID_REDIRECT,
            CONSENT_CROSS_SITE,
            INVALID_REQUEST,
        ),
        about="Submit the consent page: the query parameters of the page and the decision.",
        evidence=inferred("specific to this mock; the form of Clover's page is not known"),
        **parts,
    )


def _exchange_endpoint(method: str, name: str) -> Endpoint:
    return Endpoint(
        name=name,
        method=method,
        path="/oauth/token",
        run=exchange_token,
        auth=NO_AUTH,
        body_format="json_or_form",
        request=TokenExchange,
        response=AccessToken,
        errors=(OAUTH_UNKNOWN_CLIENT, OAUTH_INVALID_CREDENTIALS),
        about="Exchange a one-time code for a bearer token; query, form or JSON.",
        evidence=AccessToken.evidence,
    )


ENDPOINTS = (
    Endpoint(
        name="authorize",
        method="GET",
        path="/oauth/authorize",
        run=authorize,
        auth=NO_AUTH,
        response_format="page",
        query=AuthorizeQuery,
        response=EmptyResponse,
        errors=(OAUTH_UNKNOWN_CLIENT, OAUTH_INVALID_REDIRECT),
        about="Redirect with a one-time code, as if the merchant had given consent.",
        evidence=documented("MD:using-oauth-20"),
    ),
    consent_endpoint(
        name="answer_consent",
        path="/oauth/authorize",
        run=answer_consent,
        request=ConsentForm,
    ),
    _exchange_endpoint("GET", "exchange_token"),
    _exchange_endpoint("POST", "exchange_token_by_post"),
)
