"""OAuth's consent page: what a merchant sees, what the buttons do, and who may press them."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mock_clover.scenario.load import parse
from tests.checkouts import FORM, ParsedPage, skeleton
from tests.in_process import InProcessServer, MakeServer, Response
from tests.oauth import CHALLENGE, VERIFIER, exchange

CALLBACK = "https://shop.example/cb"
PATHS = ("/oauth/authorize", "/oauth/v2/authorize")
each_version = pytest.mark.parametrize("path", PATHS, ids=["v1", "v2"])
ASK = {"mock_clover_consent": "ask"}


def target(server: InProcessServer, path: str, **query: str) -> str:
    """Return the URL of the consent page."""
    body = {"client_id": server.known.client_id, "redirect_uri": CALLBACK} | query
    return f"{path}?{urlencode({k: v for k, v in body.items() if v != ''})}"


def send(server: InProcessServer, path: str, **query: str) -> Response:
    """Open the consent page."""
    return server.send("GET", target(server, path, **ASK | query), auth=False)


def press(
    server: InProcessServer, path: str, do: str = "approve", merchant_id: str = "", **query: str
) -> Response:
    """Press a button of the consent page, as a browser without Sec-Fetch-Site does."""
    form = {"do": do} | ({"merchant_id": merchant_id} if merchant_id else {})
    headers = {"content-type": FORM, "origin": "http://localhost:4242"}
    where = target(server, path, **ASK | query)
    return server.send("POST", where, raw=urlencode(form).encode(), headers=headers, auth=False)


def told(got: Response) -> dict[str, str]:
    """Return the parameters of a redirect."""
    assert got.status == 302, got
    return dict(parse_qsl(urlsplit(got.headers["location"]).query, keep_blank_values=True))


# The page ----------------------------------------------------------------------------------------


@each_version
def test_page_shows_app_merchant_and_permissions(server: InProcessServer, path: str) -> None:
    before = (server.sandbox.state(), server.sandbox.ids.state())
    got = send(server, path)
    assert (got.status, got.content_type) == (200, "text/html; charset=utf-8")
    assert (got.why, got.evidence) == (
        "consent is `ask`, so the consent page was shown",
        "inferred",
    )
    credentials, seen = server.known, ParsedPage(got.body)
    shop = server.send("GET", f"/v3/merchants/{credentials.merchant_id}?expand=owner").json
    assert [line for line in seen.text.split("\n") if line] == [
        *("Allow access? · mock-clover", "mock-clover", "Test", "Allow access?"),
        f"The app {credentials.client_id} requests access to the data of this merchant.",
        *("Merchant", f"{shop['name']} {credentials.merchant_id}"),
        *("Approved by its owner", f"{shop['owner']['name']} {credentials.employee_id}"),
        *("Permissions", "Accept payments online", "View and change customers"),
        *("View and change inventory", "View and change merchant data", "View and change orders"),
        *(
            "View and change payments",
            "In either case, you will be redirected to https://shop.example.",
        ),
        *("Approve", "Deny"),
        "mock-clover, not Clover: no money moves. Do not enter a real card number.",
    ]
    assert [(form["method"], "action" in form) for form in seen.all("form")] == [("post", False)]
    assert [(each["name"], each["value"]) for each in seen.all("button")] == [
        ("do", "approve"),
        ("do", "deny"),
    ]
    assert (server.sandbox.state(), server.sandbox.ids.state()) == before


@each_version
def test_page_cannot_be_framed_and_form_may_redirect(server: InProcessServer, path: str) -> None:
    for query, leads in (
        ({}, "'self' http: https:"),
        ({"redirect_uri": "my-app.x:/cb"}, "'self' my-app.x:"),
        ({"redirect_uri": ""}, "'self' http: https:"),
        ({"redirect_uri": "http://[x"}, "'self' http: https:"),
    ):
        got = send(server, path, **query)
        assert got.headers["content-security-policy"].startswith("default-src 'none'; style-src")
        assert got.headers["content-security-policy"].endswith(
            f"; base-uri 'none'; frame-ancestors 'none'; form-action {leads}"
        )
        assert got.headers["x-frame-options"] == "DENY"
        assert got.headers["cache-control"] == "no-store"


@each_version
def test_consent_setting_and_override_by_query(make_server: MakeServer, path: str) -> None:
    asking = make_server(consent="ask")
    for server, query, status in (
        (asking, {}, 200),
        (asking, {"mock_clover_consent": "auto"}, 302),
        (make_server(), {}, 302),
        (make_server(), ASK, 200),
        (make_server(), {"mock_clover_consent": "perhaps"}, 400),
    ):
        assert server.send("GET", target(server, path, **query), auth=False).status == status


PERMITTED: dict[str, tuple[list[str], list[str]]] = {
    "one": (["read_payments"], ["View payments"]),
    "two of a kind": (["read_orders", "write_orders"], ["View and change orders"]),
    "none": ([], ["None: this sandbox grants no permissions"]),
}


@pytest.mark.parametrize(("granted", "lines"), PERMITTED.values(), ids=PERMITTED)
def test_the_page_tells_the_permissions_of_the_sandbox(
    make_server: MakeServer, granted: list[str], lines: list[str]
) -> None:
    text = ParsedPage(send(make_server(permissions=tuple(granted)), PATHS[0]).body).text.split("\n")
    listed = text[text.index("Permissions") + 1 : text.index("Approve")]
    assert [line for line in listed if line][:-1] == lines


# Approve and deny ---------------------------------------------------------------------------------

STATES = ("s1", "", "a b+c&d=e#f", "line\nbreak\r\nreturn\rend", 'é"<\x7f', "%41%2541", "x" * 2000)


@each_version
@pytest.mark.parametrize("state", STATES, ids=lambda each: repr(each[:12]))
def test_approve_redirects_like_automatic_consent(
    make_server: MakeServer, path: str, state: str
) -> None:
    pressed, auto = make_server(), make_server()
    query = {"redirect_uri": f"{CALLBACK}?a=1"} | ({"state": state} if state else {})
    got = press(pressed, path, **query)
    expected = auto.send("GET", target(auto, path, **query), auth=False)
    assert (got.status, got.headers, got.body) == (302, expected.headers, b"")
    assert told(got).get("state", "") == state
    assert pressed.sandbox.state() == auto.sandbox.state()
    assert (got.why, got.evidence) == ("the merchant approved on the consent page", "inferred")


def test_approve_returns_token_for_implicit_flow(make_server: MakeServer) -> None:
    server, auto = make_server(), make_server()
    got = press(server, PATHS[0], response_type="token")
    expected = auto.send("GET", target(auto, PATHS[0], response_type="token"), auth=False)
    assert got.headers == expected.headers
    bearer = got.headers["location"].partition("#access_token=")[2]
    reads = {"authorization": f"Bearer {bearer}"}
    assert server.send("GET", "/v1/charges", headers=reads, auth=False).status == 200


@each_version
def test_a_code_of_the_page_is_exchanged(server: InProcessServer, path: str) -> None:
    code = told(press(server, path))["code"]
    credentials = server.known
    if path == PATHS[0]:
        app = {
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "code": code,
        }
        got = server.send("GET", f"/oauth/token?{urlencode(app)}", auth=False)
    else:
        got = exchange(server, code)
    assert got.status == 200


def test_a_code_of_the_page_keeps_its_challenge(server: InProcessServer) -> None:
    body = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = told(press(server, PATHS[1], **body))["code"]
    assert exchange(server, code, client_secret=None, code_verifier="x" * 43).status == 401
    assert exchange(server, code, client_secret=None, code_verifier=VERIFIER).status == 200


@each_version
def test_deny_sends_the_browser_back_with_an_error_and_the_state(
    server: InProcessServer, path: str
) -> None:
    before = (server.sandbox.state(), server.sandbox.ids.state())
    got = press(server, path, "deny", redirect_uri=f"{CALLBACK}?a=1", state="a&b c")
    assert (got.status, got.why, got.evidence) == (302, "the merchant denied access", "inferred")
    assert got.headers == {
        "location": f"{CALLBACK}?a=1&error=access_denied"
        "&error_description=The+merchant+denied+the+request.&state=a%26b+c"
    }
    assert (server.sandbox.state(), server.sandbox.ids.state()) == before


# Several merchants --------------------------------------------------------------------------------

TWO = {
    "name": "two",
    "merchants": [{"name": "cafe"}, {"name": "bar"}, {"name": "other", "client_id": "OTHERAPP"}],
}


@pytest.fixture
def family(make_server: MakeServer) -> InProcessServer:
    """Two merchants of one app at one server, and one of another app."""
    return make_server(parse(json.dumps(TWO).encode(), "two.yaml"))


@each_version
def test_the_merchant_is_chosen_among_those_of_the_app(family: InProcessServer, path: str) -> None:
    cafe, bar = (each.credentials for each in family.sandbox.all_merchants[:2])
    family.known = cafe
    seen = ParsedPage(send(family, path).body)
    radios = [each for each in seen.all("input") if each.get("type") == "radio"]
    assert [each["value"] for each in radios] == [cafe.merchant_id, bar.merchant_id]
    assert ["checked" in each for each in radios] == [True, False]
    assert [label["for"] for label in seen.all("label")] == [each["id"] for each in radios]
    assert "OTHERAPP" not in seen.text
    sent = told(press(family, path, merchant_id=bar.merchant_id))
    assert (sent["merchant_id"], sent["employee_id"]) == (bar.merchant_id, bar.employee_id)
    rows = "codes" if path == PATHS[0] else "codes_v2"
    assert [len(getattr(each, rows)) for each in family.sandbox.all_merchants] == [0, 1, 0]


def test_permissions_are_listed_by_merchant_if_different(make_server: MakeServer) -> None:
    merchants = [{"name": "cafe"}, {"name": "bar", "settings": {"permissions": ["read_orders"]}}]
    server = make_server(
        parse(json.dumps({"name": "x", "merchants": merchants}).encode(), "x.yaml")
    )
    server.known = server.sandbox.credentials
    text = ParsedPage(send(server, PATHS[1]).body).text
    assert "Permissions" not in text
    lines = [line for line in text.split("\n") if line.startswith(("Accept", "View"))]
    assert [line.split("; ")[-1] for line in lines] == ["View and change payments", "View orders"]


@each_version
def test_merchant_id_in_query_removes_choice(family: InProcessServer, path: str) -> None:
    bar = family.sandbox.all_merchants[1].credentials
    family.known = family.sandbox.all_merchants[0].credentials
    seen = ParsedPage(send(family, path, merchant_id=bar.merchant_id).body)
    assert seen.all("input") == []
    assert bar.merchant_id in seen.text
    assert bar.employee_id in seen.text


@pytest.mark.parametrize("send_request", [send, press])
def test_unknown_merchant_redirects_to_app_market(
    server: InProcessServer, send_request: Callable[..., Response]
) -> None:
    got = send_request(server, PATHS[1], merchant_id="0000000000000")
    assert got.status == 302
    assert got.headers["location"].startswith("http://localhost:4242/appmarket/apps/")


# Who may open the page, and who may press a button ------------------------------------------------

WRONG: dict[str, tuple[dict[str, str], str]] = {
    "an unknown app": ({"client_id": "0000000000000"}, "OAUTH_UNKNOWN_CLIENT"),
    "no app": ({"client_id": ""}, "OAUTH_UNKNOWN_CLIENT"),
    "a redirect that runs": ({"redirect_uri": "javascript:alert(1)"}, "OAUTH_INVALID_REDIRECT"),
    "a redirect with a break": (
        {"redirect_uri": "https://shop.example/\r\nx: y"},
        "OAUTH_INVALID_REDIRECT",
    ),
    "no redirect at all": ({"redirect_uri": "shop"}, "OAUTH_INVALID_REDIRECT"),
    "another kind of answer": ({"response_type": "cookie"}, "INVALID_REQUEST"),
    "a state without end": ({"state": "x" * 2001}, "INVALID_REQUEST"),
}


@each_version
@pytest.mark.parametrize("send_request", [send, press])
@pytest.mark.parametrize(("query", "problem"), WRONG.values(), ids=WRONG)
def test_invalid_query_is_rejected_on_get_and_post(
    server: InProcessServer,
    path: str,
    send_request: Callable[..., Response],
    query: dict[str, str],
    problem: str,
) -> None:
    before = (server.sandbox.state(), server.sandbox.ids.state())
    got = send_request(server, path, **query)
    assert (got.status, got.why.partition(" ")[0]) == (400, problem)
    assert "location" not in got.headers
    assert (server.sandbox.state(), server.sandbox.ids.state()) == before


@each_version
def test_browser_gets_a_page_for_a_wrong_app(server: InProcessServer, path: str) -> None:
    html = {"accept": "text/html,*/*;q=0.8"}
    query = {"client_id": "0000000000000"}
    got = server.send("GET", f"{path}?{urlencode(query)}", auth=False, headers=html)
    assert (got.status, got.content_type) == (400, "text/html; charset=utf-8")
    assert got.why.startswith("OAUTH_UNKNOWN_CLIENT")
    assert "Cannot connect the app" in ParsedPage(got.body).text
    program = server.send("GET", f"{path}?{urlencode(query)}", auth=False)
    assert (program.status, program.content_type) == (400, "application/json")


@each_version
@pytest.mark.parametrize("do", ["", "perhaps", "Approve"])
def test_only_approve_and_deny_are_accepted(server: InProcessServer, path: str, do: str) -> None:
    got = press(server, path, do)
    assert (got.status, got.why.partition(" ")[0]) == (400, "INVALID_REQUEST")


@each_version
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_served(server: InProcessServer, path: str, method: str) -> None:
    got = server.send(method, target(server, path), auth=False)
    assert (got.status, got.headers["allow"]) == (405, "GET, POST, OPTIONS")


OURS = "http://localhost:4242"
PRESSERS: dict[str, tuple[dict[str, str], int]] = {
    "no browser": ({}, 302),
    "our page": ({"origin": OURS, "sec-fetch-site": "same-origin"}, 302),
    "our page at a name without TLS": ({"origin": OURS}, 302),
    "our page behind a proxy": (
        {"origin": "https://clover.example", "sec-fetch-site": "same-origin"},
        302,
    ),
    "the address bar": ({"sec-fetch-site": "none"}, 302),
    "another site": ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
    "another port": ({"origin": "http://localhost:3000", "sec-fetch-site": "same-site"}, 403),
    "another site, told by its origin": ({"origin": "https://evil.example"}, 403),
    "another port, told by its origin": ({"origin": "http://localhost:3000"}, 403),
    "a frame without an origin": ({"origin": "null"}, 403),
    "our origin within a name": ({"origin": "http://localhost:4242.evil.example"}, 403),
    "who lies about the origin": ({"origin": OURS, "sec-fetch-site": "cross-site"}, 403),
}


@each_version
@pytest.mark.parametrize("do", ["approve", "deny"])
@pytest.mark.parametrize(("headers", "status"), PRESSERS.values(), ids=PRESSERS)
def test_cross_site_post_is_rejected(
    server: InProcessServer, path: str, do: str, headers: dict[str, str], status: int
) -> None:
    before = (server.sandbox.state(), server.sandbox.ids.state())
    sent = headers | {"content-type": FORM}
    got = server.send(
        "POST", target(server, path), raw=f"do={do}".encode(), headers=sent, auth=False
    )
    assert got.status == status
    if status == 403:
        assert got.json == {
            "message": "The consent form must be posted from this server's own page."
        }
        assert (server.sandbox.state(), server.sandbox.ids.state()) == before


# Hostile text -------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img/src=x/onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "&lt;b&gt;&amp;&#60;i&#62;",
    "</title></style></main><form/action=//evil.example>",
    "{app}{0}%s${x}{{7*7}}",
)


@each_version
@pytest.mark.parametrize("text", HOSTILE)
def test_ids_of_a_scenario_are_shown_as_text(make_server: MakeServer, path: str, text: str) -> None:
    names = ("client_id", "merchant_id", "employee_id")
    merchants: list[dict[str, Any]] = [
        {"name": "a", **dict.fromkeys(names, text)},
        {"name": "b", "client_id": text, "merchant_id": f"{text}b"},
    ]
    mutated = make_server(
        parse(json.dumps({"name": "x", "merchants": merchants}).encode(), "x.yaml")
    )
    plain = make_server(parse(json.dumps(TWO).encode(), "two.yaml"))
    mutated.known, plain.known = (each.sandbox.credentials for each in (mutated, plain))
    got = send(mutated, path, state=text)
    assert skeleton(got.body) == skeleton(send(plain, path).body)
    assert ParsedPage(got.body).text.count(text) == 4


@each_version
@pytest.mark.parametrize("text", HOSTILE)
def test_a_redirect_is_shown_as_text_and_no_more_than_its_host(
    server: InProcessServer, path: str, text: str
) -> None:
    plain = send(server, path)
    got = send(server, path, redirect_uri=f"https://{text}@shop.example/{text}?{text}#{text}")
    assert got.headers == plain.headers
    if not {*"/?#"} & {*text}:
        assert got.body == plain.body
    got = send(server, path, redirect_uri=f"https://{text}")
    assert got.headers == plain.headers
    assert skeleton(got.body) == skeleton(plain.body)
