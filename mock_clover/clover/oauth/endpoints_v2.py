"""Endpoints of OAuth v2: authorization, token exchange, refresh, recovery and migration.

As in Clover, an error has the same body for every cause. `x-mock-clover-why` has the cause.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.oauth.behaviours import (
    CODE_LIFETIME,
    CONSENT_IS_AUTOMATIC,
    CONSENT_PAGE,
    LOST_TOKEN_IS_RECOVERED,
    REFRESH_TOKEN_WORKS_ONCE,
    REFRESH_TOKENS_ARE_LIMITED,
)
from mock_clover.clover.oauth.endpoints import (
    EmptyResponse,
    build_redirect_url,
    consent_endpoint,
    find_merchant_of_app,
    redirect_target,
    selectable_merchants,
)
from mock_clover.clover.oauth.operations_client_auth import (
    require_client,
    require_secret,
    verify_code_credentials,
)
from mock_clover.clover.oauth.operations_consent import (
    access_denied_redirect,
    consent_is_denied,
    consent_page_response,
    error_page_response,
    needs_consent,
)
from mock_clover.clover.oauth.operations_tokens import (
    Subject,
    create_code,
    find_recoverable_token,
    issue_tokens,
    retire_refresh_token,
)
from mock_clover.clover.oauth.problems import (
    OAUTH_CODE_REJECTED,
    OAUTH_INVALID_REDIRECT,
    OAUTH_MEDIA_TYPE,
    OAUTH_MIGRATION_REJECTED,
    OAUTH_RECOVERY_REJECTED,
    OAUTH_REFRESH_REJECTED,
    OAUTH_UNKNOWN_CLIENT,
)
from mock_clover.clover.oauth.records import CODE_LIFETIME_MS
from mock_clover.clover.oauth.records_v2 import (
    AuthorizeV2Query,
    ConsentV2Form,
    MigrateRequest,
    MigrateResponse,
    RecoveryRequest,
    RefreshRequest,
    TokenPair,
    TokenV2Request,
)
from mock_clover.core.evidence import Evidence, documented
from mock_clover.core.problem import Problem
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import NO_AUTH, Call, Endpoint, HtmlPage, Redirect
from mock_clover.engine.request import legacy_token_error
from mock_clover.sandbox.credentials import Credentials
from mock_clover.sandbox.sandbox import Sandbox

RECOVERY_HEADER = "X-Clover-Recovery-Available"


def authorize_v2(sandbox: Sandbox, call: Call[None, AuthorizeV2Query]) -> Redirect | HtmlPage:
    """Redirect with a one-time code, as if consent had been given, or show the consent page.

    If the app is not installed, redirect to the App Market without an error (observed).
    """
    query = call.query
    try:
        merchant = find_merchant_of_app(sandbox, call, query.client_id, query.merchant_id)
        target = redirect_target(call, query.redirect_uri)
    except ApiError as error:
        return error_page_response(error, call)
    credentials = _installed_merchant(merchant, query.merchant_id)
    if credentials is None:
        return _redirect_to_app_market(merchant, query, call)
    if needs_consent(merchant, query.mock_clover_consent):
        return consent_page_response(
            selectable_merchants(sandbox, merchant, query.merchant_id), call, target
        )
    call.basis = (CONSENT_IS_AUTOMATIC,)
    credential = "code_verifier" if query.code_challenge else "client_secret"
    call.why = (
        "consent was given automatically; the code can be used once within ten minutes "
        f"with {credential}"
    )
    return _redirect_with_code(merchant, credentials, query, target)


def answer_consent_v2(sandbox: Sandbox, call: Call[ConsentV2Form, None]) -> Redirect:
    """Redirect with the decision that the merchant submitted on the consent page."""
    form = call.body
    merchant = find_merchant_of_app(sandbox, call, form.client_id, form.merchant_id)
    target = redirect_target(call, form.redirect_uri)
    if consent_is_denied(call):
        return access_denied_redirect(call, target, form.state, build_redirect_url)
    credentials = _installed_merchant(merchant, form.merchant_id)
    if credentials is None:
        return _redirect_to_app_market(merchant, form, call)
    call.basis = (CONSENT_PAGE,)
    call.why = "the merchant approved on the consent page"
    return _redirect_with_code(merchant, credentials, form, target)


def _redirect_to_app_market(
    sandbox: Sandbox, query: AuthorizeV2Query, call: Call[Any, Any]
) -> Redirect:
    """Redirect to the App Market, where the merchant can install the app."""
    call.why = (
        "the merchant has not installed the app; redirected to the App Market, as Clover does"
    )
    listing = f"{call.base_url}/appmarket/apps/{sandbox.credentials.client_id}"
    return Redirect(build_redirect_url(listing, {"merchant_id": query.merchant_id or ""}, None, ""))


def _redirect_with_code(
    sandbox: Sandbox, credentials: Credentials, query: AuthorizeV2Query, target: str
) -> Redirect:
    """Create a code and redirect with it."""
    code = create_code(sandbox, credentials.merchant_id, query.code_challenge)
    params = {
        "merchant_id": credentials.merchant_id,
        "client_id": credentials.client_id,
        "employee_id": credentials.employee_id,
        "code": code,
    }
    return Redirect(build_redirect_url(target, params, query.state, ""))


def exchange_code(sandbox: Sandbox, call: Call[TokenV2Request, None]) -> TokenPair:
    """Exchange a code for tokens, once, with the client secret or the code verifier."""
    body = call.body
    sandbox = sandbox.merchant_with_row("codes_v2", body.code)
    require_client(sandbox, call, body.client_id, OAUTH_CODE_REJECTED)
    if body.client_secret is not None:
        require_secret(sandbox, body.client_secret, OAUTH_CODE_REJECTED)
    code_id = body.code or ""
    code = sandbox.codes_v2.get(code_id)
    if code is None:
        of_v1 = "the code is an OAuth v1 code" if code_id in sandbox.codes else ""
        raise OAUTH_CODE_REJECTED.error(
            reason=of_v1 or "the code is unknown or has already been used",
            basis=(CODE_LIFETIME,),
        )
    if sandbox.clock.now_ms() - code.created_ms > CODE_LIFETIME_MS:
        raise OAUTH_CODE_REJECTED.error(
            reason="the code is older than ten minutes", basis=(CODE_LIFETIME,)
        )
    verify_code_credentials(code, body)
    sandbox.codes_v2.delete(code_id)
    call.why = "consumed the code and issued tokens"
    subject = Subject(code.merchant_id, trusted=body.client_secret is not None)
    return issue_tokens(sandbox, subject, with_refresh_token=not body.no_refresh_token)


def refresh_tokens(sandbox: Sandbox, call: Call[RefreshRequest, None]) -> TokenPair:
    """Exchange a refresh token for new tokens, once; older access tokens stay valid."""
    body = call.body
    token_id = body.refresh_token or ""
    sandbox = _merchant_with_token(sandbox, token_id)
    require_client(sandbox, call, body.client_id, OAUTH_REFRESH_REJECTED)
    token = sandbox.refresh_tokens.get(token_id)
    if token is None:
        lost = find_recoverable_token(sandbox, token_id)
        if isinstance(lost, str):
            spent = sandbox.spent_refresh_tokens.get(token_id)
            crowded_out = spent is not None and spent.how == "crowded_out"
            raise OAUTH_REFRESH_REJECTED.error(
                reason=f"the refresh token {lost}",
                basis=(REFRESH_TOKENS_ARE_LIMITED if crowded_out else REFRESH_TOKEN_WORKS_ONCE,),
            )
        raise OAUTH_REFRESH_REJECTED.error(
            basis=(REFRESH_TOKEN_WORKS_ONCE,),
            reason="the refresh token has been used; "
            "if its response was lost, POST /oauth/v2/recovery",
            headers={RECOVERY_HEADER: "true"},
        )
    if sandbox.clock.now_ms() >= token.expires_ms:
        raise OAUTH_REFRESH_REJECTED.error(reason="the refresh token has expired (after one year)")
    call.why = "consumed the refresh token and issued new tokens"
    sandbox.refresh_tokens.delete(token_id)
    pair = issue_tokens(sandbox, Subject(token.merchant_id, token.trusted))
    retire_refresh_token(sandbox, token_id, "refreshed", pair.refresh_token or "")
    return pair


def recover_tokens(sandbox: Sandbox, call: Call[RecoveryRequest, None]) -> TokenPair:
    """Issue new tokens after the response to a refresh was lost; revoke the lost refresh token.

    Recovery can be repeated until the newest token is used, because its response may be lost too
    (inferred).
    """
    body = call.body
    token_id = body.recovery_token or ""
    sandbox = _merchant_with_token(sandbox, token_id)
    require_client(sandbox, call, body.client_id, OAUTH_RECOVERY_REJECTED)
    require_secret(sandbox, body.client_secret, OAUTH_RECOVERY_REJECTED)
    if token_id in sandbox.refresh_tokens:
        raise OAUTH_RECOVERY_REJECTED.error(
            reason="the refresh token has not been used, so there is nothing to recover"
        )
    lost = find_recoverable_token(sandbox, token_id)
    if isinstance(lost, str):
        raise OAUTH_RECOVERY_REJECTED.error(reason=f"the refresh token {lost}")
    call.basis = (LOST_TOKEN_IS_RECOVERED,)
    call.why = "revoked the lost refresh token and issued new tokens"
    sandbox.refresh_tokens.delete(lost.spent.successor)
    pair = issue_tokens(sandbox, Subject(lost.newest.merchant_id, lost.newest.trusted))
    retire_refresh_token(sandbox, lost.spent.successor, "recovered")
    spent = replace(lost.spent, successor=pair.refresh_token or "")
    sandbox.spent_refresh_tokens.put_bounded(token_id, spent)
    return pair


def migrate_token(sandbox: Sandbox, call: Call[MigrateRequest, None]) -> MigrateResponse:
    """Issue an OAuth v2 code for a legacy bearer token, which stays valid (inferred)."""
    body = call.body
    matches = (
        each for each in sandbox.merchants if each.credentials.merchant_id == body.merchant_uuid
    )
    sandbox = next(matches, sandbox)
    require_client(sandbox, call, body.app_uuid, OAUTH_MIGRATION_REJECTED)
    merchant = _installed_merchant(sandbox, body.merchant_uuid) if body.merchant_uuid else None
    if merchant is None:
        raise OAUTH_MIGRATION_REJECTED.error(reason="merchant_uuid is not a merchant of this app")
    error = legacy_token_error(sandbox, body.auth_token or "")
    if error:
        raise OAUTH_MIGRATION_REJECTED.error(reason=f"auth_token: {error}")
    code = create_code(sandbox, merchant.merchant_id, body.code_challenge)
    credential = "code_verifier" if body.code_challenge else "client_secret"
    call.why = f"issued a code for the legacy token; exchange it with {credential}"
    expires_ms = sandbox.clock.now_ms() + CODE_LIFETIME_MS
    return MigrateResponse(authorization_code=code, expiration=expires_ms // 1000)


def _merchant_with_token(sandbox: Sandbox, refresh_token: str) -> Sandbox:
    """Return the merchant that has the refresh token, valid or used; otherwise this one."""
    merchant = sandbox.merchant_with_row("refresh_tokens", refresh_token)
    if refresh_token in merchant.refresh_tokens:
        return merchant
    return sandbox.merchant_with_row("spent_refresh_tokens", refresh_token)


def _installed_merchant(sandbox: Sandbox, merchant_id: str | None) -> Credentials | None:
    """Return the merchant's credentials if it has installed the app, or None.

    Without an id it is the merchant of the sandbox.
    """
    credentials = sandbox.credentials
    return credentials if merchant_id in (None, credentials.merchant_id) else None


def _post_endpoint(
    name: str,
    path: str,
    run: Callable[..., Any],
    request: type[Record],
    response: type[Record],
    problem: Problem,
    about: str,
    evidence: Evidence,
) -> Endpoint:
    return Endpoint(
        name=name,
        method="POST",
        path=path,
        run=run,
        auth=NO_AUTH,
        body_format="json_only",
        request=request,
        response=response,
        errors=(problem, OAUTH_MEDIA_TYPE),
        about=about,
        evidence=evidence,
    )


ENDPOINTS = (
    Endpoint(
        name="authorize_v2",
        method="GET",
        path="/oauth/v2/authorize",
        run=authorize_v2,
        auth=NO_AUTH,
        response_format="page",
        query=AuthorizeV2Query,
        response=EmptyResponse,
        errors=(OAUTH_UNKNOWN_CLIENT, OAUTH_INVALID_REDIRECT),
        about="Redirect with a one-time OAuth v2 code, as if the merchant had given consent.",
        evidence=documented("MD:high-trust-app-auth-flow"),
    ),
    consent_endpoint(
        name="answer_consent_v2",
        path="/oauth/v2/authorize",
        run=answer_consent_v2,
        request=ConsentV2Form,
    ),
    _post_endpoint(
        "exchange_code",
        "/oauth/v2/token",
        exchange_code,
        TokenV2Request,
        TokenPair,
        OAUTH_CODE_REJECTED,
        "Exchange a code for tokens that expire; JSON only.",
        documented("MD:high-trust-app-auth-flow"),
    ),
    _post_endpoint(
        "refresh_tokens",
        "/oauth/v2/refresh",
        refresh_tokens,
        RefreshRequest,
        TokenPair,
        OAUTH_REFRESH_REJECTED,
        "Exchange a refresh token for new tokens, once.",
        documented("MD:refresh-access-tokens"),
    ),
    _post_endpoint(
        "recover_tokens",
        "/oauth/v2/recovery",
        recover_tokens,
        RecoveryRequest,
        TokenPair,
        OAUTH_RECOVERY_REJECTED,
        "Issue new tokens after the response to a refresh was lost.",
        documented("DOCS:high-trust-app-auth-flow, 2026; body from a client"),
    ),
    _post_endpoint(
        "migrate_token",
        "/oauth/token/migrate_v2",
        migrate_token,
        MigrateRequest,
        MigrateResponse,
        OAUTH_MIGRATION_REJECTED,
        "Exchange a legacy bearer token for an OAuth v2 code.",
        documented("MD: the page on migrating to OAuth v2"),
    ),
)
