"""Every refusal of OAuth v2, and of a bearer that opens nothing: one body, many reasons in why."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from mock_clover.clover.oauth import problems as problem_oauth
from mock_clover.core.problem import Problem
from tests.oauth import (
    CHALLENGE,
    DAY_MS,
    MINUTE_MS,
    agree,
    bearing,
    by_verifier,
    exchange,
    legacy,
    migrate,
    pair,
    pass_time,
    recover,
    refresh,
)
from tests.world import Answered, World

Ask = Callable[[World], Answered]
UUID = "00000000-0000-4000-a000-000000000000"
CODE = b'{"status":"Unauthorized","message":"Failed to validate authentication code."}'
REFRESH = b'{"status":"Unauthorized","message":"Failed to validate refresh token."}'
RECOVERY = b'{"status":"Unauthorized","message":"Failed to validate recovery token."}'
MIGRATION = b'{"status":"Unauthorized","message":"Failed to validate auth token."}'
MEDIA = (
    b'{"status":"Unsupported Media Type","message":"The content type must be application/json."}'
)
BARE = b'{"message":"401 Unauthorized"}'
RECOVERABLE = {"X-Clover-Recovery-Available": "true"}
YEAR_MS = 365 * DAY_MS


class Case(NamedTuple):
    problem: str
    why: str
    ask: Ask
    body: bytes
    status: int = 401
    headers: dict[str, str] = {}
    permissions: tuple[str, ...] | None = None


def spent_code(world: World) -> Answered:
    code = agree(world)
    assert exchange(world, code).status == 200
    return exchange(world, code)


def old_code(world: World) -> Answered:
    code = agree(world)
    pass_time(world, 10 * MINUTE_MS + 1)
    return exchange(world, code)


def spent(world: World, times: int = 1, *, trusted: bool = True) -> str:
    """Return a refresh token that was used, and so often those that came of it."""
    first = (pair(world) if trusted else by_verifier(world).json)["refresh_token"]
    newest = first
    for _ in range(times):
        newest = refresh(world, newest).json["refresh_token"]
    return str(first)


def crowded_out(world: World) -> str:
    """Return the oldest refresh token of a merchant who has one too many."""
    first = str(pair(world)["refresh_token"])
    for _ in range(world.sandbox.settings.refresh_tokens_max):
        pair(world)
    return first


def lost(world: World) -> str:
    """Return a refresh token that was lost, and for which another was recovered."""
    first = pair(world)["refresh_token"]
    newest = refresh(world, first).json["refresh_token"]
    assert recover(world, first).status == 200
    return str(newest)


def old_refresh_token(world: World) -> Answered:
    token = pair(world)["refresh_token"]
    pass_time(world, YEAR_MS)
    return refresh(world, token)


def after_two_weeks(step: Callable[[World, str], Answered]) -> Ask:
    def ask(world: World) -> Answered:
        token = spent(world)
        pass_time(world, 14 * DAY_MS + 1)
        return step(world, token)

    return ask


def old_legacy_token(world: World) -> Answered:
    token = legacy(world)
    pass_time(world, YEAR_MS + 1)
    return migrate(world, auth_token=token)


def reading(token: str) -> Ask:
    return lambda world: world.send("GET", "/v1/charges", headers=bearing(token))


def other_scheme(world: World) -> Answered:
    """Send the access token under a scheme that is as long as `Bearer`."""
    header = {"authorization": f"Digest {world.known.access_token}"}
    return world.send("GET", "/v1/charges", headers=header)


def tokenising(key: str) -> Ask:
    return lambda world: world.send("POST", "/v1/tokens", world.card(), headers={"apikey": key})


def expired(world: World) -> Answered:
    token = pair(world)["access_token"]
    pass_time(world, 30 * MINUTE_MS)
    return reading(token)(world)


def old_bearer(world: World) -> Answered:
    token = legacy(world)
    pass_time(world, YEAR_MS + 1)
    return reading(token)(world)


def typed(path: str, content_type: str) -> Ask:
    return lambda world: world.send(
        "POST", path, raw=b"client_id=x", headers={"content-type": content_type}
    )


FORM = "application/x-www-form-urlencoded"
CASES = [
    # The code
    Case(
        "OAUTH_CODE_REJECTED",
        "the client id is missing",
        lambda world: exchange(world, agree(world), client_id=None),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "the client id is not the app id of this sandbox",
        lambda world: exchange(world, agree(world), client_id="0000000000000"),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "client_secret is wrong",
        lambda world: exchange(world, agree(world), client_secret=UUID),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "client_secret is wrong",
        lambda world: by_verifier(world, client_secret=UUID),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "client_secret is missing: the code was issued without a code_challenge",
        lambda world: exchange(world, agree(world), client_secret=None),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "the code is unknown or has already been used",
        lambda world: exchange(world, None),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "the code is unknown or has already been used",
        lambda world: exchange(world, UUID),
        CODE,
    ),
    Case("OAUTH_CODE_REJECTED", "the code is unknown or has already been used", spent_code, CODE),
    Case("OAUTH_CODE_REJECTED", "the code is older than ten minutes", old_code, CODE),
    Case(
        "OAUTH_CODE_REJECTED",
        "the code is an OAuth v1 code",
        lambda world: exchange(world, agree(world, "/oauth/authorize")),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "code_verifier is missing: the code was issued for a code_challenge",
        lambda world: by_verifier(world, None),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "code_verifier is missing: the code was issued for a code_challenge",
        lambda world: exchange(world, agree(world, code_challenge=CHALLENGE)),
        CODE,
    ),
    Case(
        "OAUTH_CODE_REJECTED",
        "code_verifier does not match the code_challenge",
        lambda world: by_verifier(world, "another-verifier"),
        CODE,
    ),
    # The refresh token
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the client id is missing",
        lambda world: refresh(world, pair(world)["refresh_token"], client_id=None),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the client id is not the app id of this sandbox",
        lambda world: refresh(world, pair(world)["refresh_token"], client_id="0000000000000"),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token is unknown",
        lambda world: refresh(world, None),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token is unknown",
        lambda world: refresh(world, f"clvroar-{'0' * 32}"),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token is unknown",
        lambda world: refresh(world, pair(world)["access_token"]),
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
        lambda world: refresh(world, spent(world)),
        REFRESH,
        headers=RECOVERABLE,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token has been used, and so has its successor",
        lambda world: refresh(world, spent(world, 2)),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token has been used, and an app without a client secret cannot recover tokens",
        lambda world: refresh(world, spent(world, trusted=False)),
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
        lambda world: refresh(world, lost(world)),
        REFRESH,
    ),
    Case(
        "OAUTH_REFRESH_REJECTED",
        "the refresh token was revoked: the app exceeded refresh_tokens_max for this merchant",
        lambda world: refresh(world, crowded_out(world)),
        REFRESH,
    ),
    # Recovery
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the client id is missing",
        lambda world: recover(world, spent(world), client_id=None),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "client_secret is missing",
        lambda world: recover(world, spent(world), client_secret=None),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "client_secret is wrong",
        lambda world: recover(world, spent(world), client_secret=UUID),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token is unknown",
        lambda world: recover(world, None),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token has not been used, so there is nothing to recover",
        lambda world: recover(world, pair(world)["refresh_token"]),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token has been used, and so has its successor",
        lambda world: recover(world, spent(world, 2)),
        RECOVERY,
    ),
    Case(
        "OAUTH_RECOVERY_REJECTED",
        "the refresh token has been used, and an app without a client secret cannot recover tokens",
        lambda world: recover(world, spent(world, trusted=False)),
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
        lambda world: migrate(world, app_uuid=None),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "merchant_uuid is not a merchant of this app",
        lambda world: migrate(world, merchant_uuid="0000000000000"),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "auth_token: no bearer token was sent",
        lambda world: migrate(world, auth_token=None),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "auth_token: the bearer token is not valid for this sandbox",
        lambda world: migrate(world, auth_token=UUID),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "auth_token: the bearer token is not valid for this sandbox",
        lambda world: migrate(world, auth_token=pair(world)["access_token"]),
        MIGRATION,
    ),
    Case(
        "OAUTH_MIGRATION_REJECTED",
        "auth_token: the bearer token has expired (access_token_life_ms); "
        "request a new one from /oauth/token",
        old_legacy_token,
        MIGRATION,
    ),
    # What is no JSON
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
    Case("UNAUTHORIZED", "no bearer token was sent", reading(""), BARE),
    Case("UNAUTHORIZED", "no bearer token was sent", other_scheme, BARE),
    *(
        Case("UNAUTHORIZED", "the bearer token is not valid for this sandbox", reading(token), BARE)
        for token in (UUID, "0", "z")
    ),
    Case("UNAUTHORIZED", "no apikey was sent", tokenising(""), BARE),
    Case("UNAUTHORIZED", "the apikey is not valid for this sandbox", tokenising("0" * 32), BARE),
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
        lambda world: world.send("GET", "/v1/charges"),
        BARE,
        permissions=("online_payments",),
    ),
    Case(
        "PERMISSION_MISSING",
        "capture_charge needs the permissions read_payments, write_payments",
        lambda world: world.send("POST", "/v1/charges/x/capture"),
        BARE,
        permissions=("online_payments",),
    ),
    Case(
        "CONSENT_CROSS_SITE",
        "",
        lambda world: world.send(
            "POST",
            f"/oauth/v2/authorize?client_id={world.known.client_id}",
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
def test_oauth_error_body_and_reason(
    case: Case, dialect: str, make_world: Callable[..., World]
) -> None:
    got = case.ask(make_world(permissions=case.permissions, dialect=dialect))
    assert (got.status, got.body, got.headers) == (case.status, case.body, case.headers)
    assert got.content_type == "application/json"
    assert got.why == f"{case.problem} ({case.why})" if case.why else case.problem in got.why


@every_case
def test_a_refusal_changes_nothing(case: Case, make_world: Callable[..., World]) -> None:
    """The refused request is the last that a case sends."""
    world = make_world(permissions=case.permissions)
    states: list[object] = []
    send = world.send

    def watched(*args: object, **named: object) -> Answered:
        states.append((world.sandbox.state(), world.sandbox.ids.state()))
        return send(*args, **named)  # type: ignore[arg-type] # a spy, for this test

    world.send = watched  # type: ignore[method-assign] # the same
    case.ask(world)
    assert (world.sandbox.state(), world.sandbox.ids.state()) == states[-1]


def test_every_oauth_error_is_tested() -> None:
    named = {each.name for each in vars(problem_oauth).values() if isinstance(each, Problem)}
    assert named == {case.problem for case in CASES} - {"UNAUTHORIZED"}
