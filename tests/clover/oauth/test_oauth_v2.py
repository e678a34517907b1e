"""OAuth v2: tokens that expire by the sandbox's clock, refresh, recovery and permissions."""

import json
import re
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_clover.clover.common.permissions import PERMISSIONS
from mock_clover.clover.surface import SURFACE
from mock_clover.engine.endpoint import Endpoint
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import parse
from mock_clover.scenario.records import Scenario
from tests.hostile import (
    FORWARDED,
    MAY_HAVE_CHANGED_STATE,
    Fixtures,
    create_fixtures,
    filled,
    valid_body,
)
from tests.in_process import NOW_MS, InProcessServer, MakeServer, Response
from tests.oauth import (
    CHALLENGE,
    DAY_MS,
    HERE,
    MINUTE_MS,
    VERIFIER,
    advance,
    auth_header,
    authorize,
    by_verifier,
    exchange,
    legacy,
    migrate,
    recover,
    refresh,
    token_pair,
)

NOW_S = NOW_MS // 1000
REFRESH_TOKEN = re.compile(r"clvroar-[0-9a-f]{32}")
WITH_BEARER = [each for each in SURFACE if each.auth.kind in ("bearer", "pakms")]
by_bearer = pytest.mark.parametrize("endpoint", WITH_BEARER, ids=lambda each: each.name)


def claims_of(token: str) -> dict[str, Any]:
    """Decode a token without verifying it, as a client does."""
    payload = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def send(server: InProcessServer, endpoint: Endpoint, fixtures: Fixtures, token: str) -> Response:
    """Send a request that succeeds if the token is valid."""
    body = valid_body(endpoint, fixtures) if endpoint.request else None
    path = filled(endpoint, fixtures)
    headers = auth_header(token) | FORWARDED
    return server.send(endpoint.method, path, body, headers=headers, auth=False)


# Codes --------------------------------------------------------------------------------------------


def test_redirect_has_merchant_and_state(server: InProcessServer) -> None:
    credentials = server.known
    query = (
        f"client_id={credentials.client_id}&redirect_uri=https://shop.example/cb?a=1&state=x%26y"
    )
    sent = server.send("GET", f"/oauth/v2/authorize?{query}&response_type=code", auth=False)
    code = sent.headers["location"].partition("&code=")[2].partition("&")[0]
    assert sent == Response(
        302,
        b"",
        "consent was given automatically; "
        "the code can be used once within ten minutes with client_secret",
        "application/json",
        {
            "location": f"https://shop.example/cb?a=1&merchant_id={credentials.merchant_id}"
            f"&client_id={credentials.client_id}&employee_id={credentials.employee_id}&code={code}&state=x%26y"
        },
        "inferred",
    )
    assert exchange(server, code).status == 200


def test_without_a_redirect_uri_the_sites_root_is_meant(server: InProcessServer) -> None:
    sent = server.send("GET", f"/oauth/v2/authorize?client_id={server.known.client_id}")
    assert sent.headers["location"].startswith("http://localhost:4242/?merchant_id=")


@pytest.mark.parametrize("version", ["", "v2/"])
@pytest.mark.parametrize(
    ("state", "merchant_id", "host", "status"),
    [
        ("x" * 2_000, "", "localhost", 302),
        ("\u00e9" * 900, "", "localhost", 302),
        ("\u00e9" * 2_000, "", "localhost", 400),
        ("", "x" * 7_000, "localhost", 400),
        ("", "", "x" * 7_000, 400),
    ],
)
def test_a_redirect_longer_than_6_kib_is_rejected(
    server: InProcessServer, version: str, state: str, merchant_id: str, host: str, status: int
) -> None:
    fields = {"client_id": server.known.client_id, "state": state, "merchant_id": merchant_id}
    query = urlencode({name: value for name, value in fields.items() if value})
    path = f"/oauth/{version}authorize?{query}"
    sent = server.send("GET", path, auth=False, headers={"host": host})
    assert (sent.status, len(sent.headers.get("location", "")) < 7_000) == (status, True)


def test_a_form_longer_than_64_kib_is_rejected(server: InProcessServer) -> None:
    form = f"client_id={server.known.client_id}&client_secret={server.known.client_secret}&code="
    sent = [
        server.send("POST", "/oauth/token", raw=f"{form}{'x' * size}".encode(), auth=False)
        for size in (65_536 - len(form), 65_537 - len(form))
    ]
    assert [(each.status, each.why.partition(" ")[0]) for each in sent] == [
        (400, "OAUTH_INVALID_CREDENTIALS"),
        (400, "INVALID_JSON"),
    ]


def test_a_merchant_without_the_app_is_sent_to_the_app_market_without_an_error(
    server: InProcessServer,
) -> None:
    client = server.known.client_id
    before = server.sandbox.state()
    sent = server.send("GET", f"/oauth/v2/authorize?client_id={client}&merchant_id=0000000000000")
    assert (sent.status, sent.headers) == (
        302,
        {"location": f"http://localhost:4242/appmarket/apps/{client}?merchant_id=0000000000000"},
    )
    assert server.sandbox.state() == before


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("client_id=0000000000000", 400),
        ("", 400),
        ("client_id={client_id}&redirect_uri=javascript:alert(1)", 400),
        ("client_id={client_id}&redirect_uri=no-address", 400),
        ("client_id={client_id}&response_type=token", 400),
        ("client_id={client_id}&code_challenge=x&code_challenge_method=plain", 400),
        ("client_id={client_id}&scope=anything&merchant_id={merchant_id}", 302),
    ],
)
def test_an_agreement_that_is_asked_for_wrongly_is_refused(
    query: str, status: int, server: InProcessServer
) -> None:
    known = {"client_id": server.known.client_id, "merchant_id": server.known.merchant_id}
    assert server.send("GET", f"/oauth/v2/authorize?{query.format(**known)}").status == status


def test_a_code_is_good_until_its_tenth_minute_is_over(server: InProcessServer) -> None:
    code = authorize(server)
    advance(server, 10 * MINUTE_MS)
    assert exchange(server, code).status == 200


@pytest.mark.parametrize("challenge", [CHALLENGE, CHALLENGE + "="])
def test_a_code_of_pkce_needs_its_verifier_and_no_secret(
    challenge: str, server: InProcessServer
) -> None:
    code = authorize(server, code_challenge=challenge)
    got = exchange(server, code, client_secret=None, code_verifier=VERIFIER)
    assert got.status == 200


def test_extra_fields_are_ignored(server: InProcessServer) -> None:
    beside = {"grant_type": "authorization_code", "redirect_uri": "https://x.example", "x": 1}
    assert exchange(server, authorize(server), **beside).status == 200


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_json_is_taken_by_that_name(content_type: str, server: InProcessServer) -> None:
    credentials = server.known
    request_body = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    body = request_body | {"code": authorize(server)}
    got = server.send("POST", "/oauth/v2/token", body, headers={"content-type": content_type})
    assert got.status == 200


def test_v2_code_is_rejected_by_v1(server: InProcessServer) -> None:
    credentials = server.known
    body = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    got = server.send("POST", "/oauth/token", body | {"code": authorize(server)})
    assert (got.status, got.json) == (400, {"message": "Invalid OAuth credentials"})


# Tokens -------------------------------------------------------------------------------------------


def test_the_answer_has_four_members_and_its_times_are_those_of_real_payloads(
    server: InProcessServer,
) -> None:
    got = exchange(server, authorize(server)).json
    access, renewal = got["access_token"], got["refresh_token"]
    assert got == {
        "access_token": access,
        "access_token_expiration": NOW_S + 1_800,
        "refresh_token": renewal,
        "refresh_token_expiration": NOW_S + 31_536_000,
    }
    assert list(got) == [
        *("access_token", "access_token_expiration"),
        *("refresh_token", "refresh_token_expiration"),
    ]
    assert REFRESH_TOKEN.fullmatch(renewal)
    assert got["refresh_token_expiration"] - got["access_token_expiration"] == 31_534_200


def test_an_access_token_is_a_jwt_of_clovers_claims(server: InProcessServer) -> None:
    token = token_pair(server)["access_token"]
    claims = claims_of(token)
    assert token.startswith("eyJ")
    assert claims == {
        "merchant_uuid": server.known.merchant_id,
        "app_uuid": server.known.client_id,
        "iat": NOW_S,
        "exp": NOW_S + 1_800,
        "permission_bitmap": 2 ** len(PERMISSIONS) - 1,
        "jti": claims["jti"],
    }


@pytest.mark.system
def test_a_jwt_library_decodes_it_under_the_apps_secret(server: InProcessServer) -> None:
    # joserfc comes with Authlib, which `make test` does not install.
    from joserfc import errors, jwt
    from joserfc.jwk import OctKey

    token = token_pair(server)["access_token"]
    key = OctKey.import_key(server.known.client_secret)
    read = jwt.decode(token, key, algorithms=["HS256"])
    assert read.header == {"alg": "HS256", "typ": "JWT"}
    assert read.claims == claims_of(token)
    with pytest.raises(errors.BadSignatureError):
        jwt.decode(token, OctKey.import_key("x" * 36), algorithms=["HS256"])


def test_its_permissions_are_those_of_the_app(make_server: MakeServer) -> None:
    server = make_server(permissions=("read_customers", "online_payments"))
    assert claims_of(token_pair(server)["access_token"])["permission_bitmap"] == 0b11


def test_without_a_refresh_token_if_none_is_wanted(server: InProcessServer) -> None:
    got = exchange(server, authorize(server), no_refresh_token=True).json
    assert list(got) == ["access_token", "access_token_expiration"]
    assert list(server.sandbox.refresh_tokens.items()) == []


def test_equal_flows_give_equal_tokens_and_no_two_in_a_flow_are_equal(
    make_server: MakeServer,
) -> None:
    one, other = make_server(), make_server()
    flows = [[token_pair(server) for _ in range(3)] for server in (one, other)]
    assert flows[0] == flows[1]
    assert len({each["access_token"] for each in flows[0]}) == 3


@pytest.fixture(scope="module")
def with_old_token(
    keys: KeyRing, default_scenario: Scenario
) -> tuple[InProcessServer, Fixtures, str]:
    """A server with one of each object and a token that expires in 1 ms, for copying only."""
    server = InProcessServer(keys, default_scenario)
    token = token_pair(server)["access_token"]
    advance(server, 30 * MINUTE_MS - NOW_MS % 1000 - 1)  # it expires at a whole second
    return server, create_fixtures(server), token


@by_bearer
def test_an_access_token_opens_every_call_until_it_expires(
    endpoint: Endpoint,
    server: InProcessServer,
    with_old_token: tuple[InProcessServer, Fixtures, str],
) -> None:
    prepared, fixtures, token = with_old_token
    server.copy(prepared.sandbox)
    assert send(server, endpoint, fixtures, token).status in MAY_HAVE_CHANGED_STATE
    advance(server, 1)
    before = server.sandbox.state()
    late = send(server, endpoint, fixtures, token)
    assert late._replace(content_type="", headers={}, evidence=None) == Response(
        401,
        b'{"message":"401 Unauthorized"}',
        "UNAUTHORIZED (the access token has expired; POST /oauth/v2/refresh)",
        "",
        {},
    )
    assert late.content_type.startswith("application/json")
    assert (
        bool(late.headers) is endpoint.surface.platform_errors
    )  # which adds headers to every response
    assert server.sandbox.state() == before


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_case_of_the_bearer_scheme_is_ignored(server: InProcessServer, scheme: str) -> None:
    header = {"authorization": f"{scheme} {token_pair(server)['access_token']}"}
    assert server.send("GET", "/v1/charges", headers=header).status == 200


def test_the_sandboxes_own_token_never_expires(server: InProcessServer) -> None:
    advance(server, 10 * 365 * DAY_MS)
    assert server.send("GET", "/v1/charges").status == 200


def test_an_idempotency_key_belongs_to_the_access_token(server: InProcessServer) -> None:
    first, second = (token_pair(server)["access_token"] for _ in range(2))
    customer = server.customer()["id"]

    def charge(token: str) -> str:
        headers = auth_header(token) | {"idempotency-key": "k"}
        body = {"amount": 100, "currency": "usd", "source": customer}
        return str(server.send("POST", "/v1/charges", body, headers=headers).json["id"])

    assert charge(first) == charge(first) != charge(second)


# Refresh and recovery -----------------------------------------------------------------------------


def test_refresh_token_is_single_use(server: InProcessServer) -> None:
    first = token_pair(server)
    advance(server, 5_000)
    got = refresh(server, first["refresh_token"])
    assert got.json["access_token_expiration"] == NOW_S + 5 + 1_800
    assert got.json["refresh_token_expiration"] == NOW_S + 5 + 31_536_000
    assert refresh(server, first["refresh_token"]).status == 401
    assert refresh(server, got.json["refresh_token"]).status == 200


def test_older_access_tokens_live_on_after_a_refresh(server: InProcessServer) -> None:
    first = token_pair(server)
    refresh(server, first["refresh_token"])
    assert (
        server.send("GET", "/v1/charges", headers=auth_header(first["access_token"])).status == 200
    )


def test_a_refresh_token_is_good_for_a_year_less_a_moment(server: InProcessServer) -> None:
    first, second = (token_pair(server)["refresh_token"] for _ in range(2))
    advance(server, 365 * DAY_MS - NOW_MS % 1000 - 1)
    assert refresh(server, first).status == 200
    advance(server, 1)
    late = refresh(server, second)
    assert late.why == "OAUTH_REFRESH_REJECTED (the refresh token has expired (after one year))"


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=12))
def test_whatever_the_order_only_the_newest_refresh_token_works(
    steps: list[tuple[bool, int]],
) -> None:
    """Each step refreshes or recovers with one of all issued tokens, the last first."""
    server = InProcessServer()
    given_out = [token_pair(server)["refresh_token"]]
    before_newest: str | None = None
    for recovers, back in steps:
        shown = given_out[-1 - back % len(given_out)]
        got = (recover if recovers else refresh)(server, shown)
        right = before_newest if recovers else given_out[-1]
        assert (got.status == 200) == (shown == right), (recovers, back)
        recoverable = not recovers and shown == before_newest
        assert got.headers == ({"X-Clover-Recovery-Available": "true"} if recoverable else {})
        if got.status == 200:
            given_out.append(got.json["refresh_token"])
            before_newest = shown
    assert [key for key, _ in server.sandbox.refresh_tokens.items()] == given_out[-1:]


def test_recovery_replaces_lost_tokens(server: InProcessServer) -> None:
    first = token_pair(server)["refresh_token"]
    lost = refresh(server, first).json
    advance(server, 14 * DAY_MS)
    got = recover(server, first)
    assert got.status == 200
    assert list(got.json) == list(lost)
    assert refresh(server, lost["refresh_token"]).status == 401
    assert refresh(server, got.json["refresh_token"]).status == 200


def test_a_recovery_can_be_recovered_too_until_the_newest_is_used(server: InProcessServer) -> None:
    first = token_pair(server)["refresh_token"]
    refresh(server, first)
    recover(server, first)
    newest = recover(server, first).json["refresh_token"]
    assert refresh(server, newest).status == 200
    assert recover(server, first).status == 401


def test_refresh_tokens_are_limited(make_server: MakeServer) -> None:
    server = make_server(refresh_tokens_max=2)
    one, two, three = (token_pair(server)["refresh_token"] for _ in range(3))
    assert [refresh(server, each).status for each in (one, two, three)] == [401, 200, 200]


def test_with_one_refresh_token_at_a_time_a_refresh_still_works(make_server: MakeServer) -> None:
    server = make_server(refresh_tokens_max=1)
    token = token_pair(server)["refresh_token"]
    for _ in range(3):
        token = refresh(server, token).json["refresh_token"]


# Migration ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("of_oauth", [True, False])
def test_a_legacy_token_becomes_a_code(of_oauth: bool, server: InProcessServer) -> None:
    token = legacy(server) if of_oauth else server.known.access_token
    got = migrate(server, auth_token=token)
    code = got.json["authorization_code"]
    assert (got.status, got.json) == (200, {"authorization_code": code, "expiration": NOW_S + 600})
    assert exchange(server, code).status == 200
    assert server.send("GET", "/v1/charges", headers=auth_header(token)).status == 200


def test_an_app_without_a_secret_migrates_by_pkce(server: InProcessServer) -> None:
    code = migrate(server, code_challenge=CHALLENGE).json["authorization_code"]
    got = exchange(server, code, client_secret=None, code_verifier=VERIFIER)
    assert got.status == 200


# At the root and under a prefix -------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "sandbox.dev.clover.com",
        "apisandbox.dev.clover.com",
        "scl-sandbox.dev.clover.com",
        "localhost:4242",
    ],
)
def test_every_step_is_taken_on_every_host(host: str, server: InProcessServer) -> None:
    send = server.send

    def at_host(*args: Any, headers: dict[str, str] | None = None, **more: Any) -> Response:
        return send(*args, headers={"host": host} | (headers or {}), **more)

    server.send = at_host  # type: ignore[method-assign] # for this test
    first = by_verifier(server).json
    assert refresh(server, first["refresh_token"]).status == 200
    second = token_pair(server)["refresh_token"]
    refresh(server, second)
    assert recover(server, second).status == 200
    assert migrate(server).status == 200


def at_root(
    server: InProcessServer, method: str, path: str, body: Any = None, **headers: str
) -> Any:
    """Send a request to the root, where the credentials select the sandbox."""
    path, _, query = path.partition("?")
    sent = {name.encode(): value.encode() for name, value in headers.items()}
    raw = b"" if body is None else json.dumps(body).encode()
    return server.app.handle_now(method, path, query.encode(), sent, raw)


@pytest.mark.parametrize("version", ["", "v2/"])
def test_at_the_root_the_apps_id_and_the_tokens_select_the_sandbox(
    version: str, server: InProcessServer
) -> None:
    shop, other = server.sandboxes.get_or_create("shop"), server.sandboxes.get_or_create("other")
    credentials = shop.credentials
    sent = at_root(
        server, "GET", f"/oauth/{version}authorize?state=1&client_id={credentials.client_id}"
    )
    code = dict(sent.headers)[b"location"].decode().partition("&code=")[2].partition("&")[0]
    body = {
        "code": code,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
    }
    result = json.loads(at_root(server, "POST", f"/oauth/{version}token", body).body)
    told_to = {"authorization": f"Bearer {result['access_token']}"}
    key = json.loads(at_root(server, "GET", "/pakms/apikey", **told_to).body)
    assert key["merchantUuid"] == credentials.merchant_id
    assert [len(list(each.journal)) for each in (shop, other, server.sandbox)] == [3, 0, 0]


def test_unknown_token_at_root_uses_default_sandbox(server: InProcessServer) -> None:
    server.sandboxes.get_or_create("shop")
    got = at_root(server, "GET", "/v1/charges", authorization="Bearer eyJ.eyJ.x")
    assert got.status == 401
    assert len(list(server.sandbox.journal)) == 1


def test_under_a_path_the_path_selects_whatever_app_is_named(server: InProcessServer) -> None:
    shop = server.sandboxes.get_or_create("shop")
    body = {"client_id": shop.credentials.client_id, "refresh_token": "x"}
    got = at_root(server, "POST", "/sandbox/default/oauth/v2/refresh", body)
    here = HERE.removesuffix(":4242")  # without a host header
    assert got.why == f"OAUTH_REFRESH_REJECTED (the client id is not the app id of {here})"


MARKET = """
name: market
merchants:
  - name: market
    client_id: an+app
  - name: bakery
"""


@pytest.mark.parametrize("prefix", ["", "/sandbox/shop"])
def test_each_merchant_of_a_scenario_has_its_own_codes_and_tokens(
    prefix: str, make_server: MakeServer
) -> None:
    server = make_server(parse(MARKET.encode(), "market.yaml"))
    shop = server.sandboxes.get_or_create("shop")
    credentials = (server.sandbox if not prefix else shop).merchants[0].credentials
    query = f"client_id=an%2Bapp&merchant_id={credentials.merchant_id}"
    app = {"client_id": "an+app", "client_secret": credentials.client_secret}

    def posted(path: str, **body: str) -> Any:
        return at_root(server, "POST", f"{prefix}{path}", body)

    sent = at_root(server, "GET", f"{prefix}/oauth/v2/authorize?{query}", host="x")
    back = parse_qs(urlsplit(dict(sent.headers)[b"location"].decode()).query)
    assert back["merchant_id"] == [credentials.merchant_id]
    first = json.loads(posted("/oauth/v2/token", **app, code=back["code"][0]).body)
    assert claims_of(first["access_token"])["merchant_uuid"] == credentials.merchant_id
    told_to = {"authorization": f"Bearer {first['access_token']}"}
    key = json.loads(at_root(server, "GET", f"{prefix}/pakms/apikey", **told_to).body)
    assert key["merchantUuid"] == credentials.merchant_id

    renewal = {"client_id": "an+app", "refresh_token": first["refresh_token"]}
    assert posted("/oauth/v2/refresh", **renewal).status == 200
    refused = posted("/oauth/v2/refresh", **renewal)
    assert dict(refused.headers) == {b"X-Clover-Recovery-Available": b"true"}
    recovered = posted("/oauth/v2/recovery", **app, recovery_token=first["refresh_token"])
    assert recovered.status == 200
    legacy_of = {"merchant_uuid": credentials.merchant_id, "auth_token": credentials.access_token}
    migrated = posted("/oauth/token/migrate_v2", app_uuid="an+app", **legacy_of)
    code = json.loads(migrated.body)["authorization_code"]
    token = json.loads(posted("/oauth/v2/token", **app, code=code).body)["access_token"]
    assert claims_of(token)["merchant_uuid"] == credentials.merchant_id


def test_a_token_is_looked_for_again_when_its_sandbox_is_made_anew(server: InProcessServer) -> None:
    shop = server.sandboxes.get_or_create("shop")
    server.sandbox, server.known = shop, shop.credentials
    told_to = {"authorization": f"Bearer {token_pair(server)['access_token']}"}
    for _ in range(2):
        assert at_root(server, "GET", "/v1/charges", **told_to).status == 200
    server.sandboxes.create("shop")
    assert at_root(server, "GET", "/v1/charges", **told_to).status == 401


# Forks and snapshots ------------------------------------------------------------------------------


def test_a_fork_has_the_codes_and_tokens_and_each_goes_its_own_way(server: InProcessServer) -> None:
    first, code = token_pair(server), authorize(server)
    spent = token_pair(server)["refresh_token"]
    refresh(server, spent)
    parent, twin = server.sandbox, server.sandboxes.fork(server.sandbox, "twin")
    for sandbox in (parent, twin):
        server.sandbox, server.known = sandbox, sandbox.credentials
        read = server.send("GET", "/v1/charges", headers=auth_header(first["access_token"]))
        assert read.status == 200
        assert exchange(server, code).status == 200
        assert refresh(server, first["refresh_token"]).status == 200
        assert recover(server, spent).status == 200


def test_a_spent_code_of_a_fork_stays_spent_however_many_come_after(
    server: InProcessServer,
) -> None:
    code = authorize(server)
    twin = server.sandboxes.fork(server.sandbox, "twin")
    server.sandbox, server.known = twin, twin.credentials
    twin.codes_v2.rows_max = 3
    assert exchange(server, code).status == 200
    newest = [authorize(server) for _ in range(5)]
    assert exchange(server, code).status == 401
    assert [exchange(server, each).status for each in newest] == [401, 401, 401, 200, 200]


def test_a_snapshot_restores_codes_and_tokens(
    server: InProcessServer, make_server: MakeServer
) -> None:
    first, code = token_pair(server), authorize(server, code_challenge=CHALLENGE)
    spent = token_pair(server)["refresh_token"]
    refresh(server, spent)
    taken = server.send("GET", "/_mock/snapshot")
    other = make_server()
    assert other.send("PUT", "/_mock/snapshot", raw=taken.body).status == 200
    assert other.send("GET", "/_mock/snapshot").body == taken.body
    assert other.sandbox.state() == server.sandbox.state()
    read = other.send("GET", "/v1/charges", headers=auth_header(first["access_token"]))
    assert read.status == 200
    assert exchange(other, code, client_secret=None, code_verifier=VERIFIER).status == 200
    assert refresh(other, first["refresh_token"]).status == 200
    assert recover(other, spent).status == 200


def test_no_token_looks_like_a_card_number_to_a_snapshot(server: InProcessServer) -> None:
    """One in some hundred texts of 32 hex digits would be masked, and could not be restored."""
    from mock_clover.core.masking import redact

    drawn = [server.sandbox.ids.refresh_token() for _ in range(5_000)]
    drawn += [server.sandbox.ids.uuid() for _ in range(5_000)]
    assert [each for each in drawn if redact(each) != each] == []


# Permissions --------------------------------------------------------------------------------------

ONLINE, READS = "online_payments", "read_customers read_merchant read_orders read_payments"
DOCUMENTED = {
    "GET /pakms/apikey": ONLINE,
    "GET /v1/pakms/apikey": ONLINE,
    "POST /v1/tokens": "",
    "POST /v1/charges": ONLINE,
    "POST /v1/charges/{charge_id}/capture": f"read_payments write_payments {ONLINE}",
    "GET /v1/charges": "read_payments",
    "GET /v1/charges/{charge_id}": "read_payments",
    "POST /v1/customers": f"read_customers write_customers {ONLINE}",
    "PUT /v1/customers/{customer_id}": f"read_customers write_customers {ONLINE}",
    "DELETE /v1/customers/{customer_id}/sources/{card_id}": (
        f"read_customers write_customers {ONLINE}"
    ),
    "POST /v1/orders": "read_merchant read_orders write_orders",
    "GET /v1/orders": "read_orders read_payments",
    "GET /v1/orders/{order_id}": READS,
    "POST /v1/orders/{order_id}/pay": f"{READS} read_inventory {ONLINE}",
    "POST /v1/orders/{order_id}/returns": f"{READS} {ONLINE}",
    "GET /v1/refunds": "read_payments",
    "GET /v1/refunds/{refund_id}": "read_payments",
    "POST /v1/refunds": f"{READS} {ONLINE}",
    "GET /recurring/v1/plans": "read_merchant",
    "POST /recurring/v1/plans": "read_merchant write_merchant",
}
"""The table of Clover's page on app permissions; a set has no order."""


def test_each_call_needs_the_permissions_of_clovers_page() -> None:
    declared = {f"{each.method} {each.path}": set(each.auth.permissions) for each in SURFACE}
    assert {call: declared[call] for call in DOCUMENTED} == {
        call: set(words.split()) for call, words in DOCUMENTED.items()
    }


@pytest.fixture(scope="module")
def stocked(keys: KeyRing, default_scenario: Scenario) -> tuple[InProcessServer, Fixtures]:
    """A server with one of each object, for copying only."""
    server = InProcessServer(keys, default_scenario)
    return server, create_fixtures(server)


@pytest.mark.parametrize(
    "endpoint", [each for each in WITH_BEARER if each.auth.permissions], ids=lambda each: each.name
)
def test_a_call_needs_each_of_its_permissions_and_no_other(
    endpoint: Endpoint, make_server: MakeServer, stocked: tuple[InProcessServer, Fixtures]
) -> None:
    prepared, fixtures = stocked
    for lacking in (*endpoint.auth.permissions, None):
        granted = {
            *endpoint.auth.permissions,
            *(name for _, name in endpoint.auth.field_permissions),
        }
        server = make_server(permissions=tuple(granted - {lacking}))
        settings_of = server.sandbox.settings
        server.copy(prepared.sandbox)
        server.sandbox.settings = settings_of
        got = send(server, endpoint, fixtures, server.known.access_token)
        if lacking is None:
            assert got.status in MAY_HAVE_CHANGED_STATE
            continue
        assert (got.status, got.json) == (401, {"message": "401 Unauthorized"})
        assert got.why == f"PERMISSION_MISSING ({endpoint.name} needs the permission {lacking})"


@pytest.mark.parametrize(
    ("member", "value", "lacking"),
    [
        ("customer", "0000000000000", "read_customers"),
        ("items", [{"amount": 1, "tax_rates": [{}]}], "read_inventory"),
        ("items", [{"amount": 1}], None),
    ],
)
def test_an_order_with_a_customer_or_with_taxes_needs_more(
    member: str, value: Any, lacking: str | None, make_server: MakeServer
) -> None:
    server = make_server(permissions=("read_merchant", "read_orders", "write_orders"))
    body = {"currency": "usd", "items": [{"amount": 1}]} | {member: value}
    got = server.send("POST", "/v1/orders", body)
    if lacking is None:
        assert got.status == 200
        return
    assert got.status == 401
    assert got.why == f"PERMISSION_MISSING (create_order needs the permission {lacking})"


def test_a_token_is_checked_before_its_permissions(make_server: MakeServer) -> None:
    server = make_server(permissions=())
    got = server.send("GET", "/v1/charges", headers=auth_header("x"))
    assert got.why == f"UNAUTHORIZED (the bearer token is not valid for {HERE})"
    plain = server.send("GET", "/pakms/apikey", auth=False)
    assert (plain.status, plain.body) == (401, b"Unauthorized")


def test_a_sandbox_can_be_asked_for_by_its_permissions(server: InProcessServer) -> None:
    body = {"permissions": ["read_payments"]}
    assert server.send("PUT", "/_mock/sandboxes/reader", body).status == 200
    reader = server.sandboxes.get_or_create("reader")
    server.sandbox, server.known = reader, reader.credentials
    assert server.send("GET", "/v1/charges").status == 200
    assert server.send("GET", "/v1/orders").status == 401


def test_unknown_permission_error_lists_permissions(server: InProcessServer) -> None:
    got = server.send("PUT", "/_mock/sandboxes/x", {"permissions": ["read_everything"]})
    assert got.status == 400
    assert "permissions" in got.json["message"]
