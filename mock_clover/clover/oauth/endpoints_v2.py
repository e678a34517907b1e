"""OAuth v2: a code, a pair of tokens that expire, and the ways to a new pair.

Each refusal has one body whatever is wrong, as Clover's has; why tells what it was.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.common.behaviours_other import MERCHANT_IS_ASKED
from mock_clover.clover.common.problems import (
    INVALID_REQUEST,
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
from mock_clover.core.evidence import Fact, documented
from mock_clover.core.problem import Problem
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, Page, Redirect
from mock_clover.engine.request import legacy_token_error
from mock_clover.sandbox.credentials import Credentials
from mock_clover.sandbox.sandbox import Sandbox

RECOVERY_HEADER = "X-Clover-Recovery-Available"


def authorize_v2(sandbox: Sandbox, call: Call[None, AuthorizeV2Query]) -> Redirect | Page:
    """Send the browser back with a one-time code, as if the merchant had agreed; or ask them.

    Where the app is not installed it goes to the App Market, without an error (observed).
    """
    asked = call.query
    merchant = merchant_of_app(sandbox, asked.client_id, asked.merchant_id)
    target = target_of(call, asked.redirect_uri)
    known = _merchant(merchant, asked.merchant_id)
    if known is None:
        return _to_market(merchant, asked, call)
    if is_asked(merchant, asked.mock_clover_consent):
        return show(choice(sandbox, merchant, asked.merchant_id), call, target)
    proof = "code_verifier" if asked.code_challenge else "client_secret"
    call.why = f"the merchant agrees at once; a code is good for ten minutes, once, with {proof}"
    return _agreed(merchant, known, asked, target)


def answer_consent_v2(sandbox: Sandbox, call: Call[ConsentV2Form, None]) -> Redirect:
    """Do what the merchant pressed on the consent page."""
    asked = call.body
    merchant = merchant_of_app(sandbox, asked.client_id, asked.merchant_id)
    target = target_of(call, asked.redirect_uri)
    if is_denied(call):
        return denied(call, target, asked.state, joined)
    known = _merchant(merchant, asked.merchant_id)
    if known is None:
        return _to_market(merchant, asked, call)
    call.basis = (MERCHANT_IS_ASKED,)
    call.why = "the merchant agrees on the page"
    return _agreed(merchant, known, asked, target)


def _to_market(sandbox: Sandbox, asked: AuthorizeV2Query, call: Call[Any, Any]) -> Redirect:
    """Send the browser to where the merchant would install the app."""
    call.why = "the app is not installed at this merchant: to the App Market, as Clover does"
    listing = f"{call.base_url}/appmarket/apps/{sandbox.credentials.client_id}"
    return Redirect(joined(listing, {"merchant_id": asked.merchant_id or ""}, None, ""))


def _agreed(sandbox: Sandbox, known: Credentials, asked: AuthorizeV2Query, target: str) -> Redirect:
    """Write a code and send the browser back with it."""
    code = make_code(sandbox, known.merchant_id, asked.code_challenge)
    told = {
        "merchant_id": known.merchant_id,
        "client_id": known.client_id,
        "employee_id": known.employee_id,
        "code": code,
    }
    return Redirect(joined(target, told, asked.state, ""))


def exchange_code(sandbox: Sandbox, call: Call[TokenV2Request, None]) -> TokenPair:
    """Give tokens for a code, once: against the app's secret, or the verifier of the code."""
    asked = call.body
    sandbox = sandbox.holder_of("codes_v2", asked.code)
    require_client(sandbox, asked.client_id, OAUTH_CODE_REFUSED)
    if asked.client_secret is not None:
        require_secret(sandbox, asked.client_secret, OAUTH_CODE_REFUSED)
    shown = asked.code or ""
    code = sandbox.codes_v2.get(shown)
    if code is None:
        of_v1 = "the code is of OAuth v1" if shown in sandbox.codes else ""
        raise OAUTH_CODE_REFUSED.error(reason=of_v1 or "the code is unknown or spent")
    if sandbox.clock.now_ms() - code.created_ms > CODE_LIFE_MS:
        raise OAUTH_CODE_REFUSED.error(reason="the code is older than ten minutes")
    require_proof(code, asked)
    sandbox.codes_v2.drop(shown)
    call.why = "the code is spent; tokens are given"
    subject = Subject(code.merchant_id, trusted=asked.client_secret is not None)
    return make_pair(sandbox, subject, renewable=not asked.no_refresh_token)


def refresh_tokens(sandbox: Sandbox, call: Call[RefreshRequest, None]) -> TokenPair:
    """Give new tokens for a refresh token, which dies at once; older access tokens live on."""
    asked = call.body
    shown = asked.refresh_token or ""
    sandbox = _holder(sandbox, shown)
    require_client(sandbox, asked.client_id, OAUTH_REFRESH_REFUSED)
    token = sandbox.refresh_tokens.get(shown)
    if token is None:
        lost = find_lost(sandbox, shown)
        if isinstance(lost, str):
            raise OAUTH_REFRESH_REFUSED.error(reason=f"the refresh token {lost}")
        raise OAUTH_REFRESH_REFUSED.error(
            reason="the refresh token is spent; if the answer was lost, recover it",
            headers={RECOVERY_HEADER: "true"},
        )
    if sandbox.clock.now_ms() >= token.expires_ms:
        raise OAUTH_REFRESH_REFUSED.error(reason="the refresh token is older than a year")
    call.why = "the refresh token is spent; new tokens are given"
    sandbox.refresh_tokens.drop(shown)
    pair = make_pair(sandbox, Subject(token.merchant_id, token.trusted))
    retire_refresh_token(sandbox, shown, "refreshed", pair.refresh_token or "")
    return pair


def recover_tokens(sandbox: Sandbox, call: Call[RecoveryRequest, None]) -> TokenPair:
    """Give new tokens for the refresh token before a lost one, which dies unused.

    It can be done again until the newest is used: this answer, too, may be lost (inferred).
    """
    asked = call.body
    shown = asked.recovery_token or ""
    sandbox = _holder(sandbox, shown)
    require_client(sandbox, asked.client_id, OAUTH_RECOVERY_REFUSED)
    require_secret(sandbox, asked.client_secret, OAUTH_RECOVERY_REFUSED)
    if shown in sandbox.refresh_tokens:
        raise OAUTH_RECOVERY_REFUSED.error(reason="the refresh token is unused: nothing is lost")
    lost = find_lost(sandbox, shown)
    if isinstance(lost, str):
        raise OAUTH_RECOVERY_REFUSED.error(reason=f"the refresh token {lost}")
    call.why = "the lost refresh token is dead; new tokens are given"
    sandbox.refresh_tokens.drop(lost.spent.successor)
    pair = make_pair(sandbox, Subject(lost.newest.merchant_id, lost.newest.trusted))
    retire_refresh_token(sandbox, lost.spent.successor, "recovered")
    again = replace(lost.spent, successor=pair.refresh_token or "")
    sandbox.spent_refresh_tokens.put_bounded(shown, again)
    return pair


def migrate_token(sandbox: Sandbox, call: Call[MigrateRequest, None]) -> MigrateAnswer:
    """Give a code of OAuth v2 for a legacy bearer token, which lives on (inferred)."""
    asked = call.body
    of_whom = (
        each for each in sandbox.merchants if each.credentials.merchant_id == asked.merchant_uuid
    )
    sandbox = next(of_whom, sandbox)
    require_client(sandbox, asked.app_uuid, OAUTH_MIGRATION_REFUSED)
    merchant = _merchant(sandbox, asked.merchant_uuid) if asked.merchant_uuid else None
    if merchant is None:
        raise OAUTH_MIGRATION_REFUSED.error(reason="merchant_uuid is not a merchant of this app")
    said = legacy_token_error(sandbox, asked.auth_token or "")
    if said:
        raise OAUTH_MIGRATION_REFUSED.error(reason=f"auth_token: {said}")
    code = make_code(sandbox, merchant.merchant_id, asked.code_challenge)
    proof = "code_verifier" if asked.code_challenge else "client_secret"
    call.why = f"a code is given for the legacy token; exchange it with {proof}"
    expires_ms = sandbox.clock.now_ms() + CODE_LIFE_MS
    return MigrateAnswer(authorization_code=code, expiration=expires_ms // 1000)


def _holder(sandbox: Sandbox, refresh_token: str) -> Sandbox:
    """Return the merchant at this address who has a refresh token, be it spent, or this one."""
    live = sandbox.holder_of("refresh_tokens", refresh_token)
    if refresh_token in live.refresh_tokens:
        return live
    return sandbox.holder_of("spent_refresh_tokens", refresh_token)


def _merchant(sandbox: Sandbox, asked: str | None) -> Credentials | None:
    """Return a merchant who has installed the app; the sandbox's own when none is named."""
    known = sandbox.credentials
    return known if asked in (None, known.merchant_id) else None


def _post(
    name: str,
    path: str,
    run: Callable[..., Any],
    request: type[Record],
    response: type[Record],
    refused: Problem,
    about: str,
    fact: Fact,
) -> Endpoint:
    return Endpoint(
        name=name,
        method="POST",
        path=path,
        run=run,
        auth="none",
        request=request,
        response=response,
        json_only=True,
        errors=(refused, OAUTH_MEDIA_TYPE, INVALID_REQUEST),
        about=about,
        fact=fact,
    )


ENDPOINTS = (
    Endpoint(
        name="authorize_v2",
        method="GET",
        path="/oauth/v2/authorize",
        run=authorize_v2,
        auth="none",
        query=AuthorizeV2Query,
        response=NoBody,
        page=True,
        errors=(OAUTH_UNKNOWN_CLIENT, OAUTH_INVALID_REDIRECT, INVALID_REQUEST),
        about="Redirect with a one-time code of OAuth v2, as if the merchant had agreed.",
        fact=documented("MD:high-trust-app-auth-flow"),
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
        "Get new tokens when the answer to a refresh was lost.",
        documented("DOCS:high-trust-app-auth-flow, 2026; the body is that of a client"),
    ),
    _post(
        "migrate_token",
        "/oauth/token/migrate_v2",
        migrate_token,
        MigrateRequest,
        MigrateAnswer,
        OAUTH_MIGRATION_REFUSED,
        "Exchange a legacy bearer token for a code of OAuth v2.",
        documented("MD: the page on migrating to OAuth v2"),
    ),
)
