"""Every error of OAuth v2, and of an invalid bearer token: one body, with the reason in `why`."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from mock_clover.clover.oauth import problems as oauth_problems
from mock_clover.core.problem import Problem
from tests.in_process import InProcessServer, MakeServer, Response
from tests.oauth import (
    CHALLENGE,
    DAY_MS,
    HERE,
    MINUTE_MS,
    advance,
    auth_header,
    authorize,
    by_verifier,
    exchange,
    legacy,
    migrate,
    old_code,
    recover,
    refresh,
    token_pair,
)

Ask = Callable[[InProcessServer], Response]
UUID = "00000000-0000-4000-a000-000000000000"
CODE = b'{"status":"Unauthorized","message":"Failed to validate authentication code."}'
REFRESH = b'{"status":"Unauthorized","message":"Failed to validate refresh token."}'
RECOVERY = b'{"status":"Unauthorized","message":"Failed to validate recovery token."}'
MIGRATION = b'{"status":"Unauthorized","message":"Failed to validate auth token."}'
MEDIA = (
    b'{"status":"Unsupported Media Type","message":"The content type must be application/json."}'
)
BARE = b'{"message":"401 Unauthorized"}'
BARE_AS_DOCUMENTED = (
    b'{"message":"401 Unauthorized","error":{"type":"authentication_error","code":"unauthorized",'
    b'"message":"401 Unauthorized","doc_url":"https://docs.clover.com/docs/ecommerce-error-codes"}}'
)
RECOVERABLE = {"X-Clover-Recovery-Available": "true"}
YEAR_MS = 365 * DAY_MS


class Case(NamedTuple):
    problem: str
    why: str
    send: Ask
    body: bytes
    status: int = 401
    headers: dict[str, str] = {}
    permissions: tuple[str, ...] | None = None


def spent_code(server: InProcessServer) -> Response:
    code = authorize(server)
    assert exchange(server, code).status == 200
    return exchange(server, code)


def spent(server: InProcessServer, times: int = 1, *, trusted: bool = True) -> str:
    """Return a used refresh token that has this number of successors."""
    first = (token_pair(server) if trusted else by_verifier(server).json)["refresh_token"]
    newest = first
    for _ in range(times):
        newest = refresh(server, newest).json["refresh_token"]
    return str(first)


def crowded_out(server: InProcessServer) -> str:
    """Return the oldest refresh token of a merchant with one too many."""
    first = str(token_pair(server)["refresh_token"])
    for _ in range(server.sandbox.settings.refresh_tokens_max):
        token_pair(server)
    return first


def lost(server: InProcessServer) -> str:
    """Return a lost refresh token that was recovered."""
    first = token_pair(server)["refresh_token"]
    newest = refresh(server, first).json["refresh_token"]
    assert recover(server, first).status == 200
    return str(newest)


def old_refresh_token(server: InProcessServer) -> Response:
    token = token_pair(server)["refresh_token"]
    advance(server, YEAR_MS)
    return refresh(server, token)


def after_two_weeks(step: Callable[[InProcessServer, str], Response]) -> Ask:
    def send(server: InProcessServer) -> Response:
        token = spent(server)
        advance(server, 14 * DAY_MS + 1)
        return step(server, token)

    return send


def old_legacy_token(server: InProcessServer) -> Response:
    token = legacy(server)
    advance(server, YEAR_MS + 1)
    return migrate(server, auth_token=token)


def reading(token: str) -> Ask:
    return lambda server: server.send("GET", "/v1/charges", headers=auth_header(token))


def other_scheme(server: InProcessServer) -> Response:
    """Send the access token with a scheme that is as long as `AccessTokenV2`."""
    header = {"authorization": f"Digest {server.known.access_token}"}
    return server.send("GET", "/v1/charges", headers=header)


def tokenising(key: str) -> Ask:
    return lambda server: server.send("POST", "/v1/tokens", server.card(), headers={"apikey": key})


def expired(server: InProcessServer) -> Response:
    token = token_pair(server)["access_token"]
    advance(server, 30 * MINUTE_MS)
    return reading(token)(server)


def old_bearer(server: InProcessServer) -> Response:
    token = legacy(server)
    advance(server, YEAR_MS + 1)
    return reading(token)(server)


def typed(path: str, content_type: str) -> Ask:
    return lambda server: server.send(
        "POST", path, raw=b"client_id=x", headers={"content-type": content_type}
    )


FORM = "application/x-www-form-urlencoded"
CASES = [
    # The code
    Case(
        "OAUTH_CODE_REJECTED",
        "the client id is missing",
        lambda server: exchange(server, authorize(server), client_id=None),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        f"the client id is not the app id of {HERE}",
        lambda server: exchange(server, authorize(server), client_id="0000000000000"),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "client_secret is wrong",
        lambda server: exchange(server, authorize(server), client_secret=UUID),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "client_secret is wrong",
        lambda server: by_verifier(server, client_secret=UUID),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "client_secret is missing: the code was issued without a code_challenge",
        lambda server: exchange(server, authorize(server), client_secret=None),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "the code is unknown or has already been used",
        lambda server: exchange(server, None),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "the code is unknown or has already been used",
        lambda server: exchange(server, UUID),
        CODE,
    ),
    Case("OAUTH_CODE_REJECTED", "the code is unknown or has already been used", spent_code, CODE),
    Case("OAUTH_CODE_REJECTED", "the code is older than ten minutes", old_code, CODE),
    Case(
        "OAUTH_CODE_REJECTED",
        "the code is an OAuth v1 code",
        lambda server: exchange(server, authorize(server, "/oauth/authorize")),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "code_verifier is missing: the code was issued for a code_challenge",
        lambda server: by_verifier(server, None),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "code_verifier is missing: the code was issued for a code_challenge",
        lambda server: exchange(server, authorize(server, code_challenge=CHALLENGE)),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "code_verifier does not match the code_challenge",
        lambda server: by_verifier(server, "another-verifier"),
        CODE,
    ),
    # The refresh token
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the client id is missing",
        lambda server: refresh(server, token_pair(server)["refresh_token"], client_id=None),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        f"the client id is not the app id of {HERE}",
        lambda server: refresh(
            server, token_pair(server)["refresh_token"], client_id="0000000000000"
        ),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token is unknown",
        lambda server: refresh(server, None),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token is unknown",
        lambda server: refresh(server, f"clvroar-{'0' * 32}"),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token is unknown",
        lambda server: refresh(server, token_pair(server)["access_token"]),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token has expired (after one year)",
        old_refresh_token,
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token has been used; if its response was lost, POST /oauth/v2/recovery",
        lambda server: refresh(server, spent(server)),
        REFRESH,
        headers=RECOVERABLE,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token has been used, and so has its successor",
        lambda server: refresh(server, spent(server, 2)),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token has been used, and an app without a client secret cannot recover tokens",
        lambda server: refresh(server, spent(server, trusted=False)),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token was used more than two weeks ago",
        after_two_weeks(refresh),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token was lost and then replaced by a recovery",
        lambda server: refresh(server, lost(server)),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token was revoked: the app exceeded refresh_tokens_max for this merchant",
        lambda server: refresh(server, crowded_out(server)),
        REFRESH,
    ),
    # Recovery
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the client id is missing",
        lambda server: recover(server, spent(server), client_id=None),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "client_secret is missing",
        lambda server: recover(server, spent(server), client_secret=None),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "client_secret is wrong",
        lambda server: recover(server, spent(server), client_secret=UUID),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token is unknown",
        lambda server: recover(server, None),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token has not been used, so there is nothing to recover",
        lambda server: recover(server, token_pair(server)["refresh_token"]),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token has been used, and so has its successor",
        lambda server: recover(server, spent(server, 2)),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token has been used, and an app without a client secret cannot recover tokens",
        lambda server: recover(server, spent(server, trusted=False)),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token was used more than two weeks ago",
        after_two_weeks(recover),
        RECOVERY,
    ),
    # Migration
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "the client id is missing",
        lambda server: migrate(server, app_uuid=None),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "merchant_uuid is not a merchant of this app",
        lambda server: migrate(server, merchant_uuid="0000000000000"),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "auth_token: no bearer token was sent",
        lambda server: migrate(server, auth_token=None),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "auth_token: the bearer token is not valid for this sandbox",
        lambda server: migrate(server, auth_token=UUID),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "auth_token: the bearer token is not valid for this sandbox",
        lambda server: migrate(server, auth_token=token_pair(server)["access_token"]),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "auth_token: the bearer token has expired (access_token_life_ms); "
        "request a new one from /oauth/token",
        old_legacy_token,
        MIGRATION,
    ),
    # Bodies that are not JSON
    *(
        Case("OAUTH_MEDIA_TYPE", "", typed(path, content_type), MEDIA, 415)
        for path in (
            "/oauth/v2/token",
            "/oauth/v2/refresh",
            "/oauth/v2/recovery",
            "/oauth/token/migrate_v2",
        )
        for content_type in (FORM, f"{FORM}; charset=utf-8", "text/plain", "multipart/form-data")
    ),
    # The bearer
    Case(
        "UNAUTHORIZED",
        "the bearer token is a placeholder or empty: a variable is not set; "
        "send the access token as `Authorization: Bearer ...`",
        reading(""),
        BARE,
    ),
    Case(
        "UNAUTHORIZED",
        "no bearer token was sent; the Authorization header must begin with `Bearer `",
        other_scheme,
        BARE,
    ),
    *(
        Case(
            "UNAUTHORIZED",
            f"the bearer token is not valid for {HERE}",
            reading(token),
            BARE,
        )
        for token in (UUID, "0", "z")
    ),
    Case(
        "UNAUTHORIZED",
        "no apikey was sent; the Authorization header has this sandbox's access token; "
        "send the API key in the header `apikey`",
        tokenising(""),
        BARE,
    ),
    Case(
        "UNAUTHORIZED",
        f"the apikey is not valid for {HERE}",
        tokenising("0" * 32),
        BARE,
    ),
    Case(
        "UNAUTHORIZED",
        "the access token has expired; POST /oauth/v2/refresh",
        expired,
        BARE,
    ),
    Case(
        "UNAUTHORIZED",
        "the bearer token has expired (access_token_life_ms); request a new one from /oauth/token",
        old_bearer,
        BARE,
    ),
    Case(
        "PERMISSION_MISSING",
        "list_charges needs the permission read_payments",
        lambda server: server.send("GET", "/v1/charges"),
        BARE,
        permissions=("online_payments",),
    ),
    Case(
        "PERMISSION_MISSING",
        "capture_charge needs the permissions read_payments, write_payments",
        lambda server: server.send("POST", "/v1/charges/x/capture"),
        BARE,
        permissions=("online_payments",),
    ),
    Case(
        "CONSENT_CROSS_SITE",
        "",
        lambda server: server.send(
            "POST",
            f"/oauth/v2/authorize?client_id={server.known.client_id}",
            raw=b"do=approve",
            headers={"origin": "https://shop.example"},
        ),
        b'{"message":"The consent form must be posted from this server\'s own page."}',
        403,
    ),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.problem}: {case.why}")


@every_case
@pytest.mark.parametrize("dialect", ["observed", "documented"])
def test_oauth_error_body_and_reason(case: Case, dialect: str, make_server: MakeServer) -> None:
    got = case.send(make_server(permissions=case.permissions, dialect=dialect))
    body = BARE_AS_DOCUMENTED if (dialect, case.body) == ("documented", BARE) else case.body
    assert (got.status, got.body, got.headers) == (case.status, body, case.headers)
    assert got.content_type == "application/json"
    assert got.why == f"{case.problem} ({case.why})" if case.why else case.problem in got.why


@every_case
def test_a_refusal_changes_nothing(case: Case, make_server: MakeServer) -> None:
    """The rejected request is the last one of a case."""
    server = make_server(permissions=case.permissions)
    states: list[object] = []
    send = server.send

    def watched(*args: object, **named: object) -> Response:
        states.append((server.sandbox.state(), server.sandbox.ids.state()))
        return send(*args, **named)  # type: ignore[arg-type] # a spy, for this test

    server.send = watched  # type: ignore[method-assign] # the same
    case.send(server)
    assert (server.sandbox.state(), server.sandbox.ids.state()) == states[-1]


def test_every_oauth_error_is_tested() -> None:
    named = {each.name for each in vars(oauth_problems).values() if isinstance(each, Problem)}
    legacy = {
        f"OAUTH_{name}" for name in ("UNKNOWN_CLIENT", "INVALID_CREDENTIALS", "INVALID_REDIRECT")
    }
    assert named - legacy == {case.problem for case in CASES} - {"UNAUTHORIZED"}
