"""Legacy OAuth, the PAKMS key, and the keys of the fake CDN: how a client gets its credentials."""

import re
from typing import Any
from urllib.parse import quote, urlencode

from mock_clover.clover.common.behaviours_other import MERCHANT_IS_ASKED
from mock_clover.clover.common.problems import (
    INVALID_REQUEST,
    OAUTH_INVALID_CREDENTIALS,
    OAUTH_INVALID_REDIRECT,
    OAUTH_UNKNOWN_CLIENT,
)
from mock_clover.clover.oauth.operations_consent import denied, is_asked, is_denied, show
from mock_clover.clover.oauth.problems import CONSENT_FROM_ELSEWHERE
from mock_clover.clover.oauth.records import (
    CODE_LIFE_MS,
    AccessToken,
    ApiKeyAnswer,
    AuthorizeQuery,
    Code,
    ConsentForm,
    KeysAnswer,
    TokenExchange,
)
from mock_clover.core.evidence import documented, inferred, observed
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, Page, Redirect
from mock_clover.sandbox.sandbox import Sandbox

# A scheme of an app or of the web, never one that a browser would run.
TARGET = re.compile(
    r"(?!javascript:|data:|vbscript:)[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f]+$", re.IGNORECASE
)


class NoBody(Record, frozen=True, kw_only=True):
    """An answer without a body."""


def authorize(sandbox: Sandbox, call: Call[None, AuthorizeQuery]) -> Redirect | Page:
    """Send the browser back with a one-time code, as if the merchant had agreed; or ask them.

    Without redirect_uri the app's site URL is the target (documented): here, this server's root.
    """
    asked = call.query
    merchant = merchant_of_app(sandbox, asked.client_id, asked.merchant_id)
    target = target_of(call, asked.redirect_uri)
    if is_asked(merchant, asked.mock_clover_consent):
        return show(choice(sandbox, merchant, asked.merchant_id), call, target)
    sent = _agreed(merchant, asked, target)
    if asked.response_type == "code":
        call.why = "the merchant agrees at once; a code is good for ten minutes, once"
    return sent


def answer_consent(sandbox: Sandbox, call: Call[ConsentForm, None]) -> Redirect:
    """Do what the merchant pressed on the consent page."""
    asked = call.body
    merchant = merchant_of_app(sandbox, asked.client_id, asked.merchant_id)
    target = target_of(call, asked.redirect_uri)
    if is_denied(call):
        return denied(call, target, asked.state, joined)
    call.basis = (MERCHANT_IS_ASKED,)
    call.why = "the merchant agrees on the page"
    return _agreed(merchant, asked, target)


def target_of(call: Call[Any, Any], asked: str | None) -> str:
    """Return where the browser is sent back to, or refuse."""
    target = asked or f"{call.base_url}/"
    if not TARGET.match(target):
        raise OAUTH_INVALID_REDIRECT.error()
    return target


def choice(sandbox: Sandbox, first: Sandbox, asked: str | None) -> list[Sandbox]:
    """Return the merchants of an app who may agree: one that is asked for is the only one."""
    if asked is not None:
        return [first]
    app = first.credentials.client_id
    return [each for each in sandbox.family if each.credentials.client_id == app]


def _agreed(merchant: Sandbox, asked: AuthorizeQuery, target: str) -> Redirect:
    """Write a code, or a token, and send the browser back with it."""
    known = merchant.credentials
    told = {
        "merchant_id": asked.merchant_id or known.merchant_id,
        "employee_id": known.employee_id,
        "client_id": known.client_id,
    }
    if asked.response_type == "token":
        return Redirect(joined(target, told, asked.state, f"access_token={_grant(merchant)}"))
    code = merchant.ids.uuid()
    merchant.codes.put_bounded(code, Code(code=code, created_ms=merchant.clock.now_ms()))
    return Redirect(joined(target, told | {"code": code}, asked.state, ""))


def merchant_of_app(sandbox: Sandbox, client_id: str | None, merchant_id: str | None) -> Sandbox:
    """Return the merchant that agrees: the one that is asked for, or the app's first; or refuse."""
    of_app = [each for each in sandbox.family if each.credentials.client_id == client_id]
    if not of_app:
        raise OAUTH_UNKNOWN_CLIENT.error()
    meant = (each for each in of_app if each.credentials.merchant_id == merchant_id)
    return next(meant, of_app[0])


def joined(target: str, told: dict[str, str], state: str | None, fragment: str) -> str:
    """Return the address that a browser is sent back to, state last."""
    if state is not None:
        told = told | {"state": state}
    base, _, _ = target.partition("#")
    url = f"{base}{'&' if '?' in base else '?'}{urlencode(told)}"
    url = quote(url, safe="%/:?#[]@!$&'()*+,;=-._~")
    return f"{url}#{fragment}" if fragment else url


def exchange_token(sandbox: Sandbox, call: Call[TokenExchange, None]) -> AccessToken:
    """Give a bearer token for a code, once."""
    asked = call.body
    of_app = [each for each in sandbox.family if each.credentials.client_id == asked.client_id]
    if not of_app:
        raise OAUTH_UNKNOWN_CLIENT.error()
    merchant = next((each for each in of_app if (asked.code or "") in each.codes), of_app[0])
    code = merchant.codes.get(asked.code or "")
    if (
        asked.client_secret != merchant.credentials.client_secret
        or code is None
        or sandbox.clock.now_ms() - code.created_ms > CODE_LIFE_MS
    ):
        raise OAUTH_INVALID_CREDENTIALS.error()
    merchant.codes.drop(code.code)
    call.why = "the code is spent; a bearer token is given"
    return AccessToken(access_token=_grant(merchant))


def _grant(sandbox: Sandbox) -> str:
    token = sandbox.ids.uuid()
    sandbox.access_tokens.put_bounded(token, sandbox.clock.now_ms())
    return token


def get_api_key(sandbox: Sandbox, _call: Call[None, None]) -> ApiKeyAnswer:
    """Return the merchant's key for tokenising cards; it never changes."""
    known = sandbox.credentials
    return ApiKeyAnswer(
        active=True,
        apiAccessKey=known.api_key,
        createdTime=sandbox.made_ms,
        developerAppUuid=known.client_id,
        merchantUuid=known.merchant_id,
        modifiedTime=sandbox.made_ms,
    )


def get_keys(sandbox: Sandbox, _call: Call[None, None]) -> KeysAnswer:
    """Return the public keys as Clover's CDN does. Both are one pair: samples mix them up."""
    blob = sandbox.keys.public_blob()
    return KeysAnswer(TA_PUBLIC_KEY_DEV=blob, TA_PUBLIC_KEY_PROD=blob)


def consent(**parts: Any) -> Endpoint:
    """Return the operation of a consent page's form."""
    return Endpoint(
        method="POST",
        auth="none",
        response=NoBody,
        any_body=True,
        errors=(
            OAUTH_UNKNOWN_CLIENT,
            OAUTH_INVALID_REDIRECT,
            CONSENT_FROM_ELSEWHERE,
            INVALID_REQUEST,
        ),
        about="Approve or deny on the consent page; the query is that of the page.",
        fact=inferred("of this mock: how Clover's page posts is not known"),
        **parts,
    )


def _exchange(method: str, name: str) -> Endpoint:
    return Endpoint(
        name=name,
        method=method,
        path="/oauth/token",
        run=exchange_token,
        auth="none",
        request=TokenExchange,
        response=AccessToken,
        any_body=True,
        errors=(OAUTH_UNKNOWN_CLIENT, OAUTH_INVALID_CREDENTIALS),
        about="Exchange a one-time code for a bearer token; query, form or JSON.",
        fact=AccessToken.fact,
    )


def _api_key(path: str, name: str) -> Endpoint:
    return Endpoint(
        name=name,
        method="GET",
        path=path,
        run=get_api_key,
        auth="pakms",
        permissions=("online_payments",),
        response=ApiKeyAnswer,
        about="Get the key for tokenising cards.",
        fact=documented("SEED accept-payments flow; both paths stand in it"),
    )


ENDPOINTS = (
    Endpoint(
        name="authorize",
        method="GET",
        path="/oauth/authorize",
        run=authorize,
        auth="none",
        query=AuthorizeQuery,
        response=NoBody,
        page=True,
        errors=(OAUTH_UNKNOWN_CLIENT, OAUTH_INVALID_REDIRECT, INVALID_REQUEST),
        about="Redirect with a one-time code, as if the merchant had agreed.",
        fact=documented("MD:using-oauth-20"),
    ),
    consent(
        name="answer_consent",
        path="/oauth/authorize",
        run=answer_consent,
        request=ConsentForm,
    ),
    _exchange("GET", "exchange_token"),
    _exchange("POST", "exchange_token_by_post"),
    _api_key("/pakms/apikey", "get_api_key"),
    _api_key("/v1/pakms/apikey", "get_api_key_v1"),
    Endpoint(
        name="get_keys",
        method="GET",
        path="/assets/keys.json",
        run=get_keys,
        auth="none",
        response=KeysAnswer,
        cross_origin=True,
        about="Get the public keys for encrypting card numbers (the fake CDN).",
        fact=observed("five public ports fetch and slice it"),
    ),
)
