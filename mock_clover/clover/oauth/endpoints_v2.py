"""Endpoints of OAuth v2: authorization, token exchange, refresh, recovery and migration.

Each error has the same body for all causes, as at Clover. `why` has the cause.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.common.behaviours_other import MERCHANT_IS_ASKED
from mock_clover.clover.common.problems import (
    OAUTH_INVALID_REDIRECT,
    OAUTH_UNKNOWN_CLIENT,
)
from mock_clover.clover.oauth.endpoints import (
    NoBody,
    choice,
    consent,
    joined,
    merchant_of_app,
    target_of,
)
from mock_clover.clover.oauth.operations_client_auth import (
    require_client,
    require_proof,
    require_secret,
)
from mock_clover.clover.oauth.operations_consent import denied, is_asked, is_denied, show
from mock_clover.clover.oauth.operations_tokens import (
    Subject,
    find_lost,
    make_code,
    make_pair,
    retire_refresh_token,
)
from mock_clover.clover.oauth.problems import (
    OAUTH_CODE_REFUSED,
    OAUTH_MEDIA_TYPE,
    OAUTH_MIGRATION_REFUSED,
    OAUTH_RECOVERY_REFUSED,
    OAUTH_REFRESH_REFUSED,
)
from mock_clover.clover.oauth.records import CODE_LIFE_MS
from mock_clover.clover.oauth.records_v2 import (
    AuthorizeV2Query,
    ConsentV2Form,
    MigrateAnswer,
    MigrateRequest,
    RecoveryRequest,
    RefreshRequest,
    TokenPair,
    TokenV2Request,
)
from mock_clover.core.evidence import Evidence, documented
from mock_clover.core.problem import Problem
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import NO_AUTH, Call, Endpoint, Page, Redirect
from mock_clover.engine.request import legacy_token_error
from mock_clover.sandbox.credentials import Credentials
from mock_clover.sandbox.sandbox import Sandbox

RECOVERY_HEADER = "X-Clover-Recovery-Available"


def authorize_v2(sandbox: Sandbox, call: Call[None, AuthorizeV2Query]) -> Redirect | Page:
    """Redirect with a one-time code as if the merchant had agreed, or show the consent page.

    If the app is not installed, redirect to the App Market without an error (observed).
    """
    query = call.query
    merchant = merchant_of_app(sandbox, query.client_id, query.merchant_id)
    target = target_of(call, query.redirect_uri)
    credentials = _installed_merchant(merchant, query.merchant_id)
    if credentials is None:
        return _to_market(merchant, query, call)
    if is_asked(merchant, query.mock_clover_consent):
        return show(choice(sandbox, merchant, query.merchant_id), call, target)
    proof = "code_verifier" if query.code_challenge else "client_secret"
    call.why = (
        f"the merchant agrees automatically; the code works once within ten minutes with {proof}"
    )
    return _approve(merchant, credentials, query, target)


def answer_consent_v2(sandbox: Sandbox, call: Call[ConsentV2Form, None]) -> Redirect:
    """Handle the button that the merchant pressed on the consent page."""
    form = call.body
    merchant = merchant_of_app(sandbox, form.client_id, form.merchant_id)
    target = target_of(call, form.redirect_uri)
    if is_denied(call):
        return denied(call, target, form.state, joined)
    credentials = _installed_merchant(merchant, form.merchant_id)
    if credentials is None:
        return _to_market(merchant, form, call)
    call.basis = (MERCHANT_IS_ASKED,)
    call.why = "the merchant agrees on the page"
    return _approve(merchant, credentials, form, target)


def _to_market(sandbox: Sandbox, query: AuthorizeV2Query, call: Call[Any, Any]) -> Redirect:
    """Redirect to the App Market, where the merchant can install the app."""
    call.why = "the merchant has not installed the app; redirect to the App Market, as Clover does"
    listing = f"{call.base_url}/appmarket/apps/{sandbox.credentials.client_id}"
    return Redirect(joined(listing, {"merchant_id": query.merchant_id or ""}, None, ""))


def _approve(
    sandbox: Sandbox, credentials: Credentials, query: AuthorizeV2Query, target: str
) -> Redirect:
    """Create a code and redirect with it."""
    code = make_code(sandbox, credentials.merchant_id, query.code_challenge)
    params = {
        "merchant_id": credentials.merchant_id,
        "client_id": credentials.client_id,
        "employee_id": credentials.employee_id,
        "code": code,
    }
    return Redirect(joined(target, params, query.state, ""))


def exchange_code(sandbox: Sandbox, call: Call[TokenV2Request, None]) -> TokenPair:
    """Exchange a code, once, for tokens, with the app's secret or the code verifier."""
    body = call.body
    sandbox = sandbox.holder_of("codes_v2", body.code)
    require_client(sandbox, body.client_id, OAUTH_CODE_REFUSED)
    if body.client_secret is not None:
        require_secret(sandbox, body.client_secret, OAUTH_CODE_REFUSED)
    code_id = body.code or ""
    code = sandbox.codes_v2.get(code_id)
    if code is None:
        of_v1 = "the code is an OAuth v1 code" if code_id in sandbox.codes else ""
        raise OAUTH_CODE_REFUSED.error(reason=of_v1 or "the code is unknown or used")
    if sandbox.clock.now_ms() - code.created_ms > CODE_LIFE_MS:
        raise OAUTH_CODE_REFUSED.error(reason="the code is older than ten minutes")
    require_proof(code, body)
    sandbox.codes_v2.drop(code_id)
    call.why = "the code is consumed; tokens are issued"
    subject = Subject(code.merchant_id, trusted=body.client_secret is not None)
    return make_pair(sandbox, subject, renewable=not body.no_refresh_token)


def refresh_tokens(sandbox: Sandbox, call: Call[RefreshRequest, None]) -> TokenPair:
    """Exchange a refresh token, once, for new tokens; older access tokens stay valid."""
    body = call.body
    token_id = body.refresh_token or ""
    sandbox = _holder(sandbox, token_id)
    require_client(sandbox, body.client_id, OAUTH_REFRESH_REFUSED)
    token = sandbox.refresh_tokens.get(token_id)
    if token is None:
        lost = find_lost(sandbox, token_id)
        if isinstance(lost, str):
            raise OAUTH_REFRESH_REFUSED.error(reason=f"the refresh token {lost}")
        raise OAUTH_REFRESH_REFUSED.error(
            reason="the refresh token is used; if the response was lost, recover it",
            headers={RECOVERY_HEADER: "true"},
        )
    if sandbox.clock.now_ms() >= token.expires_ms:
        raise OAUTH_REFRESH_REFUSED.error(reason="the refresh token is older than a year")
    call.why = "the refresh token is consumed; new tokens are issued"
    sandbox.refresh_tokens.drop(token_id)
    pair = make_pair(sandbox, Subject(token.merchant_id, token.trusted))
    retire_refresh_token(sandbox, token_id, "refreshed", pair.refresh_token or "")
    return pair


def recover_tokens(sandbox: Sandbox, call: Call[RecoveryRequest, None]) -> TokenPair:
    """Issue new tokens for the refresh token before a lost one; revoke the lost one.

    This can be repeated until the newest is used, as this response may be lost too (inferred).
    """
    body = call.body
    token_id = body.recovery_token or ""
    sandbox = _holder(sandbox, token_id)
    require_client(sandbox, body.client_id, OAUTH_RECOVERY_REFUSED)
    require_secret(sandbox, body.client_secret, OAUTH_RECOVERY_REFUSED)
    if token_id in sandbox.refresh_tokens:
        raise OAUTH_RECOVERY_REFUSED.error(
            reason="the refresh token is unused; there is nothing to recover"
        )
    lost = find_lost(sandbox, token_id)
    if isinstance(lost, str):
        raise OAUTH_RECOVERY_REFUSED.error(reason=f"the refresh token {lost}")
    call.why = "the lost refresh token is revoked; new tokens are issued"
    sandbox.refresh_tokens.drop(lost.spent.successor)
    pair = make_pair(sandbox, Subject(lost.newest.merchant_id, lost.newest.trusted))
    retire_refresh_token(sandbox, lost.spent.successor, "recovered")
    spent = replace(lost.spent, successor=pair.refresh_token or "")
    sandbox.spent_refresh_tokens.put_bounded(token_id, spent)
    return pair


def migrate_token(sandbox: Sandbox, call: Call[MigrateRequest, None]) -> MigrateAnswer:
    """Issue an OAuth v2 code for a legacy bearer token, which stays valid (inferred)."""
    body = call.body
    matches = (
        each for each in sandbox.merchants if each.credentials.merchant_id == body.merchant_uuid
    )
    sandbox = next(matches, sandbox)
    require_client(sandbox, body.app_uuid, OAUTH_MIGRATION_REFUSED)
    merchant = _installed_merchant(sandbox, body.merchant_uuid) if body.merchant_uuid else None
    if merchant is None:
        raise OAUTH_MIGRATION_REFUSED.error(reason="merchant_uuid is not a merchant of this app")
    error = legacy_token_error(sandbox, body.auth_token or "")
    if error:
        raise OAUTH_MIGRATION_REFUSED.error(reason=f"auth_token: {error}")
    code = make_code(sandbox, merchant.merchant_id, body.code_challenge)
    proof = "code_verifier" if body.code_challenge else "client_secret"
    call.why = f"a code is issued for the legacy token; exchange it with {proof}"
    expires_ms = sandbox.clock.now_ms() + CODE_LIFE_MS
    return MigrateAnswer(authorization_code=code, expiration=expires_ms // 1000)


def _holder(sandbox: Sandbox, refresh_token: str) -> Sandbox:
    """Return the merchant that has a live or used refresh token; default: this one."""
    live = sandbox.holder_of("refresh_tokens", refresh_token)
    if refresh_token in live.refresh_tokens:
        return live
    return sandbox.holder_of("spent_refresh_tokens", refresh_token)


def _installed_merchant(sandbox: Sandbox, merchant_id: str | None) -> Credentials | None:
    """Return the merchant if it has installed the app, or None; default: the sandbox's own."""
    credentials = sandbox.credentials
    return credentials if merchant_id in (None, credentials.merchant_id) else None


def _post(
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
        response=NoBody,
        errors=(OAUTH_UNKNOWN_CLIENT, OAUTH_INVALID_REDIRECT),
        about="Redirect with a one-time OAuth v2 code, as if the merchant had agreed.",
        evidence=documented("MD:high-trust-app-auth-flow"),
    ),
    consent(
        name="answer_consent_v2",
        path="/oauth/v2/authorize",
        run=answer_consent_v2,
        request=ConsentV2Form,
    ),
    _post(
        "exchange_code",
        "/oauth/v2/token",
        exchange_code,
        TokenV2Request,
        TokenPair,
        OAUTH_CODE_REFUSED,
        "Exchange a code for tokens that expire; JSON only.",
        documented("MD:high-trust-app-auth-flow"),
    ),
    _post(
        "refresh_tokens",
        "/oauth/v2/refresh",
        refresh_tokens,
        RefreshRequest,
        TokenPair,
        OAUTH_REFRESH_REFUSED,
        "Exchange a refresh token, once, for new tokens.",
        documented("MD:refresh-access-tokens"),
    ),
    _post(
        "recover_tokens",
        "/oauth/v2/recovery",
        recover_tokens,
        RecoveryRequest,
        TokenPair,
        OAUTH_RECOVERY_REFUSED,
        "Get new tokens when the response to a refresh was lost.",
        documented("DOCS:high-trust-app-auth-flow, 2026; body from a client"),
    ),
    _post(
        "migrate_token",
        "/oauth/token/migrate_v2",
        migrate_token,
        MigrateRequest,
        MigrateAnswer,
        OAUTH_MIGRATION_REFUSED,
        "Exchange a legacy bearer token for an OAuth v2 code.",
        documented("MD: the page on migrating to OAuth v2"),
    ),
)
