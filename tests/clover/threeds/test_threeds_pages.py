"""The issuer's pages without a browser: their content in each state, and their buttons.

Tests in a browser are in browser/test_threeds_sdk.py.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.scenario.load import parse
from tests.checkouts import ParsedPage
from tests.clover.threeds.test_threeds import (
    AMEX,
    CHALLENGE,
    FRICTIONLESS,
    METHOD_CHALLENGE,
    charge,
    fetched,
    finalize,
    say,
)
from tests.control.calls import root
from tests.hostile import BROWSER
from tests.in_process import VISA, InProcessServer, MakeServer, Response

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OURS = {"origin": "http://localhost:4242"}
UNKNOWN = "00000000-0000-4000-a000-000000000000"


def transaction(created: dict[str, Any]) -> str:
    return str(created["threeds"]["data"]["threeds_server_transaction_id"])


def look(server: InProcessServer, path: str, method: str = "GET", **headers: str) -> Response:
    return server.send(method, f"/3ds/{path}", auth=False, headers=HTML | headers)


def press(
    server: InProcessServer, which: str, result: str, headers: dict[str, str] = OURS
) -> Response:
    path = f"/3ds/challenge/{which}/answer"
    shown = HTML | {"content-type": "application/x-www-form-urlencoded"} | headers
    raw = f"result={result}".encode()
    return server.send("POST", path, raw=raw, auth=False, headers=shown)


def state(server: InProcessServer, which: str) -> str:
    return str(server.send("GET", f"/3ds/challenge/{which}/status", auth=False).json["state"])


def told(page: Response) -> tuple[int, str | None, str | None]:
    """Return a page's status, and the state and the status in its script."""
    (sheet,) = [each for each in ParsedPage(page.body).all("div") if each.get("id") == "threeds"]
    return page.status, sheet["data-state"], sheet["data-status"]


# States of a challenge ----------------------------------------------------------------------------


def wait(server: InProcessServer, pan: str = CHALLENGE) -> dict[str, Any]:
    return dict(charge(server, pan).json)


def answered(result: str, pan: str = CHALLENGE) -> Callable[[InProcessServer], dict[str, Any]]:
    def prepare(server: InProcessServer) -> dict[str, Any]:
        created = wait(server, pan)
        say(server, created["id"], result)
        return created

    return prepare


def ended(result: str) -> Callable[[InProcessServer], dict[str, Any]]:
    def prepare(server: InProcessServer) -> dict[str, Any]:
        created = answered(result)(server)
        finalize(server, created["id"])
        return created

    return prepare


def overslept(server: InProcessServer) -> dict[str, Any]:
    created = wait(server)
    server.clock.advance(600_000)  # and no request but the page's own
    return created


STANDS: dict[str, tuple[Callable[[InProcessServer], dict[str, Any]], str, str, str]] = {
    "it waits": (wait, "challenge", "", "Confirm your payment"),
    "approved": (answered("approve"), "answered", "SUCCESS", "The bank approved the payment."),
    "attempted": (answered("attempt"), "answered", "ATTEMPTED", "accepts liability"),
    "unavailable": (answered("unavailable"), "answered", "UNAVAILABLE", "was not available"),
    "failed": (answered("fail"), "answered", "FAILED", "The bank declined the authentication."),
    "timed out": (answered("timeout"), "expired", "FAILED", "You were not charged."),
    "expired": (overslept, "expired", "FAILED", "You were not charged."),
    "paid": (ended("approve"), "over", "SUCCESS", "already been processed"),
    "paid after an attempt": (ended("attempt"), "over", "ATTEMPTED", "already been processed"),
    "paid unprotected": (ended("unavailable"), "over", "UNAVAILABLE", "already been processed"),
    "declined": (ended("fail"), "over", "FAILED", "already been processed"),
    "not yet asked": (
        lambda server: wait(server, METHOD_CHALLENGE),
        "method",
        "",
        "is still checking your browser",
    ),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("prepare", "stands", "status", "message"), STANDS.values(), ids=STANDS)
def test_challenge_page_shows_state(
    server: InProcessServer,
    prepare: Callable[[InProcessServer], dict[str, Any]],
    stands: str,
    status: str,
    message: str,
    method: str,
) -> None:
    which = transaction(prepare(server))
    page = look(server, f"challenge/{which}", method)
    assert told(page) == (200, stands, status)
    assert message in ParsedPage(page.body).text
    assert bool(ParsedPage(page.body).all("form")) is (stands == "challenge")
    assert state(server, which) == stands


def test_method_page_continues_and_reports(server: InProcessServer) -> None:
    created = wait(server, METHOD_CHALLENGE)
    which = transaction(created)
    method = look(server, f"method/{which}")
    assert told(method) == (200, "method", "")
    (form,) = ParsedPage(method.body).all("form")
    assert form == {"method": "post", "action": f"../notification/{which}", "id": "onward"}
    assert told(look(server, f"notification/{which}", "POST")) == (200, "method", "SUCCESS")
    say(server, created["id"], "challenge")
    assert told(look(server, f"notification/{which}", "POST")) == (200, "answered", "SUCCESS")
    assert finalize(server, created["id"]).json["status"] == "pending"
    assert told(look(server, f"method/{which}")) == (200, "challenge", "SUCCESS")
    say(server, created["id"], "fail")
    assert told(look(server, f"notification/{which}")) == (200, "answered", "FAILED")


@pytest.mark.parametrize("step", ["method", "notification", "challenge"])
def test_unknown_transaction_is_not_found(server: InProcessServer, step: str) -> None:
    charge(server, FRICTIONLESS)
    for which in (UNKNOWN, "<script>x"):
        page = look(server, f"{step}/{which}")
        assert (page.status, "Payment not found" in page.body.decode()) == (404, True)
        assert ParsedPage(page.body).all("form") == ParsedPage(page.body).all("script") == []
    plain = server.send("GET", f"/3ds/{step}/{UNKNOWN}", auth=False, headers={"accept": "*/*"})
    assert (plain.status, plain.content_type) == (404, "application/json")
    assert state(server, UNKNOWN) == "unknown"


# Buttons ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", ["approve", "attempt", "unavailable", "fail", "timeout"])
def test_a_button_does_what_the_control_call_does(make_server: MakeServer, result: str) -> None:
    by_call, by_button = make_server(), make_server()
    created = wait(by_call)
    assert wait(by_button) == created
    say(by_call, created["id"], result)
    which = transaction(created)
    assert f'value="{result}"' in look(by_button, f"challenge/{which}").body.decode()
    got = press(by_button, which, result)
    assert (got.status, got.headers["location"]) == (303, f"../{which}")
    assert by_button.sandbox.state() == by_call.sandbox.state()
    ends = [finalize(server, created["id"]) for server in (by_call, by_button)]
    assert ends[0].body == ends[1].body
    assert by_button.sandbox.state() == by_call.sandbox.state()


def test_second_answer_is_ignored(server: InProcessServer) -> None:
    created = wait(server)
    for result in ("fail", "approve", "timeout"):
        assert press(server, transaction(created), result).status == 303
    assert finalize(server, created["id"]).status == 402
    assert press(server, transaction(created), "approve").status == 303
    assert fetched(server, created["id"])["status"] == "failed"


@pytest.mark.parametrize(
    ("result", "headers", "status", "message"),
    [
        (
            "approve",
            {"origin": "https://shop.example"},
            403,
            "only be submitted from the bank's own page",
        ),
        ("approve", {"origin": "null"}, 403, "only be submitted from the bank's own page"),
        (
            "approve",
            OURS | {"sec-fetch-site": "cross-site"},
            403,
            "only be submitted from the bank's own page",
        ),
        (
            "approve",
            OURS | {"sec-fetch-site": "same-site"},
            403,
            "only be submitted from the bank's own page",
        ),
        ("", OURS, 400, "Choose one of the results"),
        ("approved", OURS, 400, "Choose one of the results"),
        ("challenge", OURS, 400, "Choose one of the results"),
    ],
)
def test_invalid_answer_changes_nothing(
    server: InProcessServer, result: str, headers: dict[str, str], status: int, message: str
) -> None:
    which = transaction(wait(server))
    before = server.sandbox.state()
    got = press(server, which, result, headers)
    assert (got.status, message in ParsedPage(got.body).text) == (status, True)
    assert server.sandbox.state() == before
    assert press(server, UNKNOWN, "approve").status == 404


@pytest.mark.parametrize(
    "headers", [{}, OURS, {"origin": "http://other:1", "sec-fetch-site": "same-origin"}]
)
def test_same_origin_answer_is_accepted(server: InProcessServer, headers: dict[str, str]) -> None:
    """The last one is behind a proxy that sends another host: the browser's URL is right."""
    which = transaction(wait(server))
    assert press(server, which, "approve", headers).status == 303
    assert state(server, which) == "answered"


# Content ------------------------------------------------------------------------------------------

HOSTILE = "</dd><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u202e'\"\x00"


def test_shop_text_is_escaped(server: InProcessServer) -> None:
    created = charge(server, CHALLENGE, description=HOSTILE).json
    page = look(server, f"challenge/{transaction(created)}")
    seen = ParsedPage(page.body)
    assert HOSTILE.replace("\x00", "\ufffd") in seen.text
    assert [each.get("src") for each in seen.all("script")] == ["../static/issuer.js"]
    assert seen.all("img") == []


@pytest.mark.parametrize(
    ("pan", "more", "amount", "card"),
    [
        (CHALLENGE, {}, "250.01 USD", "Visa •••• 0026"),
        (CHALLENGE, {"tip_amount": 499}, "255.00 USD", "Visa •••• 0026"),
        (AMEX, {}, "250.01 USD", "American Express •••• 1004"),
        (VISA, {"amount": 1_234_567, "currency": "cad"}, "12,345.67 CAD", "Visa •••• 4242"),
        (VISA, {"amount": 1_800, "currency": "jpy"}, "1,800 JPY", "Visa •••• 4242"),
    ],
)
def test_the_cardholder_sees_what_is_paid_and_no_number(
    server: InProcessServer, pan: str, more: dict[str, Any], amount: str, card: str
) -> None:
    created = charge(server, pan, "threeds/challenge", **more).json
    page = look(server, f"challenge/{transaction(created)}")
    text = ParsedPage(page.body).text
    assert [each for each in (amount, card, created["id"]) if each not in text] == []
    assert [each for each in (pan, pan[:6]) if each in page.body.decode()] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("step", ["method", "notification", "challenge"])
def test_pages_can_be_framed_and_load_only_own_files(
    server: InProcessServer, step: str, method: str
) -> None:
    page = look(server, f"{step}/{transaction(wait(server, METHOD_CHALLENGE))}", method)
    style = page.headers["content-security-policy"].partition("style-src ")[2].partition(";")[0]
    assert style.endswith(" 'self'")
    assert page.headers | {"content-security-policy": ""} == {
        "content-security-policy": "",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }
    assert page.headers["content-security-policy"].replace(style, "...") == (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src ...; "
        "img-src 'self'; base-uri 'none'; frame-ancestors *; form-action 'self'"
    )


@pytest.mark.parametrize("corp", [None, "cross-origin"])
def test_corp_is_sent_if_asked_for(make_server: Any, corp: str | None) -> None:
    server = make_server(corp=corp)
    paths = ("/sdk.js", "/sdk/field", "/sdk/ach", "/clover3DS/clover3DS-sdk.js", "/3ds/challenge/0")
    html = {"accept": "text/html"}
    found = [server.send("GET", path, auth=False, headers=html).headers for path in paths]
    assert {each.get("cross-origin-resource-policy") for each in found} == {corp}
    policy = {each.get("cross-origin-embedder-policy") for each in found}
    assert policy == {corp and "require-corp"}
    private = server.send("GET", "/_mock", auth=False, headers=html).headers
    assert "cross-origin-resource-policy" not in private


# The SDK's parameters -----------------------------------------------------------------------------


def creq(**members: Any) -> str:
    return urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, ""),
        ({"threeDSServerTransID": "x"}, "threeDSServerTransID is 'x', but the charge's"),
        ({"acsTransID": ""}, "acsTransID is '', but the charge's threeds.data has '"),
        ({"messageVersion": "1.0"}, "messageVersion is '1.0', but the charge's threeds.data"),
        ({"messageVersion": 2}, "creq is not a base64url-encoded JSON object"),
        ({"messageVersion": "<b>"}, "messageVersion is '<b>', but"),
    ],
)
def test_challenge_request_is_compared_with_charge(
    server: InProcessServer, changed: dict[str, Any], message: str
) -> None:
    data = wait(server)["threeds"]["data"]
    which = data["threeds_server_transaction_id"]
    right = {
        "threeDSServerTransID": which,
        "acsTransID": data["acs_transaction_id"],
        "messageVersion": data["threeds_protocol_version"],
        "messageType": "CReq",
    }
    requested = creq(**(right | changed))
    form = HTML | {"content-type": "application/x-www-form-urlencoded", "origin": "https://a.test"}
    posted = server.send(
        "POST", f"/3ds/challenge/{which}", raw=f"creq={requested}".encode(), headers=form
    )
    for page in (look(server, f"challenge/{which}?creq={requested}"), posted):
        assert told(page) == (200, "challenge", "")
        assert (message in ParsedPage(page.body).text, bool(ParsedPage(page.body).all("form"))) == (
            True,
            not message,
        )


@pytest.mark.parametrize("raw", ["%", "e30", "W10", "bnVsbA", "é", "A" * 5_000, "e" * 3])
def test_no_challenge_request_breaks_the_page(server: InProcessServer, raw: str) -> None:
    which = transaction(wait(server))
    page = look(server, f"challenge/{which}?creq={raw}")
    assert (page.status, "creq is not a base64url-encoded JSON" in page.body.decode()) == (
        200,
        raw != "e30",
    )


# Prefixes and hosts -------------------------------------------------------------------------------


def test_polling_does_not_recreate_deleted_sandbox(server: InProcessServer) -> None:
    base = server.send("PUT", "/_mock/sandboxes/gone", {}).json["base_url"]
    assert base.endswith("/sandbox/gone")
    server.send("DELETE", "/_mock/sandboxes/gone")
    assert root(server, "GET", f"/sandbox/gone/3ds/challenge/{UNKNOWN}/status").status == 200
    names = [each["name"] for each in server.send("GET", "/_mock/sandboxes").json["data"]]
    assert names == ["default"]


def test_a_merchant_at_the_same_address_is_found(make_server: MakeServer) -> None:
    text = "name: t\nmerchants: [{name: first}, {name: second}]\n"
    server = make_server(parse(text.encode(), "t.yaml"))
    second = server.sandbox.merchants[0]
    first, server.sandbox, server.known = server.sandbox, second, second.credentials
    created = charge(server, CHALLENGE, "threeds/challenge").json
    server.sandbox = first
    which = transaction(created)
    assert told(look(server, f"challenge/{which}")) == (200, "challenge", "")
    assert press(server, which, "approve").status == 303
    row = second.charges.get(created["id"])
    assert row is not None
    assert row.threeds is not None
    assert row.threeds.result == "approve"


def test_the_sdk_is_a_script_for_any_page_under_a_sandbox_too(server: InProcessServer) -> None:
    for prefix in ("", "/sandbox/shop-7"):
        path = f"{prefix}/clover3DS/clover3DS-sdk.js"
        got = root(server, "GET", path, origin="https://shop.example")
        headers = dict(got.headers)
        assert (got.status, got.content_type) == (200, b"text/javascript; charset=utf-8")
        assert headers[b"access-control-allow-origin"] == b"*"
    for member in BROWSER.keys() - {"browser_ip"}:
        assert f"{member}:".encode() in got.body
