"""The issuer's pages, without a browser: what they say in each state; buttons do as calls do.

What a browser makes of them is in browser/test_threeds_sdk.py.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.scenario.load import parse
from tests.checkouts import Seen
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
from tests.control.test_control import root
from tests.hostile import BROWSER
from tests.world import VISA, Answered, World

MakeWorld = Callable[..., World]
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OURS = {"origin": "http://localhost:4242"}
UNKNOWN = "00000000-0000-4000-a000-000000000000"


def transaction(made: dict[str, Any]) -> str:
    return str(made["threeds"]["data"]["threeds_server_transaction_id"])


def look(world: World, path: str, method: str = "GET", **headers: str) -> Answered:
    return world.send(method, f"/3ds/{path}", auth=False, headers=HTML | headers)


def press(world: World, which: str, result: str, headers: dict[str, str] = OURS) -> Answered:
    path = f"/3ds/challenge/{which}/answer"
    shown = HTML | {"content-type": "application/x-www-form-urlencoded"} | headers
    raw = f"result={result}".encode()
    return world.send("POST", path, raw=raw, auth=False, headers=shown)


def state(world: World, which: str) -> str:
    return str(world.send("GET", f"/3ds/challenge/{which}/status", auth=False).json["state"])


def told(page: Answered) -> tuple[int, str | None, str | None]:
    """Return a page's status, and the state and the status that its script tells."""
    (sheet,) = [each for each in Seen(page.body).all("div") if each.get("id") == "threeds"]
    return page.status, sheet["data-state"], sheet["data-status"]


# How a challenge stands ---------------------------------------------------------------------------


def wait(world: World, pan: str = CHALLENGE) -> dict[str, Any]:
    return dict(charge(world, pan).json)


def answered(result: str, pan: str = CHALLENGE) -> Callable[[World], dict[str, Any]]:
    def prepare(world: World) -> dict[str, Any]:
        made = wait(world, pan)
        say(world, made["id"], result)
        return made

    return prepare


def ended(result: str) -> Callable[[World], dict[str, Any]]:
    def prepare(world: World) -> dict[str, Any]:
        made = answered(result)(world)
        finalize(world, made["id"])
        return made

    return prepare


def overslept(world: World) -> dict[str, Any]:
    made = wait(world)
    world.clock.advance(600_000)  # and no call but the page's own
    return made


STANDS: dict[str, tuple[Callable[[World], dict[str, Any]], str, str, str]] = {
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
        lambda world: wait(world, METHOD_CHALLENGE),
        "method",
        "",
        "is still checking your browser",
    ),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("prepare", "stands", "status", "said"), STANDS.values(), ids=STANDS)
def test_challenge_page_shows_state(
    world: World,
    prepare: Callable[[World], dict[str, Any]],
    stands: str,
    status: str,
    said: str,
    method: str,
) -> None:
    which = transaction(prepare(world))
    page = look(world, f"challenge/{which}", method)
    assert told(page) == (200, stands, status)
    assert said in Seen(page.body).text
    assert bool(Seen(page.body).all("form")) is (stands == "challenge")
    assert state(world, which) == stands


def test_method_page_continues_and_reports(world: World) -> None:
    made = wait(world, METHOD_CHALLENGE)
    which = transaction(made)
    method = look(world, f"method/{which}")
    assert told(method) == (200, "method", "")
    (form,) = Seen(method.body).all("form")
    assert form == {"method": "post", "action": f"../notification/{which}", "id": "onward"}
    assert told(look(world, f"notification/{which}", "POST")) == (200, "method", "SUCCESS")
    say(world, made["id"], "challenge")
    assert told(look(world, f"notification/{which}", "POST")) == (200, "answered", "SUCCESS")
    assert finalize(world, made["id"]).json["status"] == "pending"
    assert told(look(world, f"method/{which}")) == (200, "challenge", "SUCCESS")
    say(world, made["id"], "fail")
    assert told(look(world, f"notification/{which}")) == (200, "answered", "FAILED")


@pytest.mark.parametrize("step", ["method", "notification", "challenge"])
def test_unknown_transaction_is_not_found(world: World, step: str) -> None:
    charge(world, FRICTIONLESS)
    for which in (UNKNOWN, "<script>x"):
        page = look(world, f"{step}/{which}")
        assert (page.status, "Payment not found" in page.body.decode()) == (404, True)
        assert Seen(page.body).all("form") == Seen(page.body).all("script") == []
    plain = world.send("GET", f"/3ds/{step}/{UNKNOWN}", auth=False, headers={"accept": "*/*"})
    assert (plain.status, plain.content_type) == (404, "application/json")
    assert state(world, UNKNOWN) == "unknown"


# What a button does -------------------------------------------------------------------------------


@pytest.mark.parametrize("result", ["approve", "attempt", "unavailable", "fail", "timeout"])
def test_a_button_does_what_the_control_call_does(make_world: MakeWorld, result: str) -> None:
    by_call, by_button = make_world(), make_world()
    made = wait(by_call)
    assert wait(by_button) == made
    say(by_call, made["id"], result)
    which = transaction(made)
    assert f'value="{result}"' in look(by_button, f"challenge/{which}").body.decode()
    got = press(by_button, which, result)
    assert (got.status, got.headers["location"]) == (303, f"../{which}")
    assert by_button.sandbox.state() == by_call.sandbox.state()
    ends = [finalize(world, made["id"]) for world in (by_call, by_button)]
    assert ends[0].body == ends[1].body
    assert by_button.sandbox.state() == by_call.sandbox.state()


def test_second_answer_is_ignored(world: World) -> None:
    made = wait(world)
    for result in ("fail", "approve", "timeout"):
        assert press(world, transaction(made), result).status == 303
    assert finalize(world, made["id"]).status == 402
    assert press(world, transaction(made), "approve").status == 303
    assert fetched(world, made["id"])["status"] == "failed"


@pytest.mark.parametrize(
    ("result", "headers", "status", "said"),
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
    world: World, result: str, headers: dict[str, str], status: int, said: str
) -> None:
    which = transaction(wait(world))
    before = world.sandbox.state()
    got = press(world, which, result, headers)
    assert (got.status, said in Seen(got.body).text) == (status, True)
    assert world.sandbox.state() == before
    assert press(world, UNKNOWN, "approve").status == 404


@pytest.mark.parametrize(
    "headers", [{}, OURS, {"origin": "http://other:1", "sec-fetch-site": "same-origin"}]
)
def test_same_origin_answer_is_accepted(world: World, headers: dict[str, str]) -> None:
    """The last behind a proxy that tells another host: the browser knows best."""
    which = transaction(wait(world))
    assert press(world, which, "approve", headers).status == 303
    assert state(world, which) == "answered"


# What is shown ------------------------------------------------------------------------------------

HOSTILE = "</dd><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u202e'\"\x00"


def test_shop_text_is_escaped(world: World) -> None:
    made = charge(world, CHALLENGE, description=HOSTILE).json
    page = look(world, f"challenge/{transaction(made)}")
    seen = Seen(page.body)
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
    world: World, pan: str, more: dict[str, Any], amount: str, card: str
) -> None:
    made = charge(world, pan, "threeds/challenge", **more).json
    page = look(world, f"challenge/{transaction(made)}")
    text = Seen(page.body).text
    assert [each for each in (amount, card, made["id"]) if each not in text] == []
    assert [each for each in (pan, pan[:6]) if each in page.body.decode()] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("step", ["method", "notification", "challenge"])
def test_pages_can_be_framed_and_load_only_own_files(world: World, step: str, method: str) -> None:
    page = look(world, f"{step}/{transaction(wait(world, METHOD_CHALLENGE))}", method)
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
        "base-uri 'none'; frame-ancestors *; form-action 'self'"
    )


# What the SDK brings ------------------------------------------------------------------------------


def creq(**members: Any) -> str:
    return urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("changed", "said"),
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
    world: World, changed: dict[str, Any], said: str
) -> None:
    data = wait(world)["threeds"]["data"]
    which = data["threeds_server_transaction_id"]
    right = {
        "threeDSServerTransID": which,
        "acsTransID": data["acs_transaction_id"],
        "messageVersion": data["threeds_protocol_version"],
        "messageType": "CReq",
    }
    asked = creq(**(right | changed))
    form = HTML | {"content-type": "application/x-www-form-urlencoded", "origin": "https://a.test"}
    posted = world.send(
        "POST", f"/3ds/challenge/{which}", raw=f"creq={asked}".encode(), headers=form
    )
    for page in (look(world, f"challenge/{which}?creq={asked}"), posted):
        assert told(page) == (200, "challenge", "")
        assert (said in Seen(page.body).text, bool(Seen(page.body).all("form"))) == (True, not said)


@pytest.mark.parametrize("raw", ["%", "e30", "W10", "bnVsbA", "é", "A" * 5_000, "e" * 3])
def test_no_challenge_request_breaks_the_page(world: World, raw: str) -> None:
    which = transaction(wait(world))
    page = look(world, f"challenge/{which}?creq={raw}")
    assert (page.status, "creq is not a base64url-encoded JSON" in page.body.decode()) == (
        200,
        raw != "e30",
    )


# Places -------------------------------------------------------------------------------------------


def test_polling_does_not_recreate_deleted_sandbox(world: World) -> None:
    base = world.send("PUT", "/_mock/sandboxes/gone", {}).json["base_url"]
    assert base.endswith("/sandbox/gone")
    world.send("DELETE", "/_mock/sandboxes/gone")
    assert root(world, "GET", f"/sandbox/gone/3ds/challenge/{UNKNOWN}/status").status == 200
    names = [each["name"] for each in world.send("GET", "/_mock/sandboxes").json["data"]]
    assert names == ["default"]


def test_a_merchant_at_the_same_address_is_found(make_world: MakeWorld) -> None:
    text = "name: t\nmerchants: [{name: first}, {name: second}]\n"
    world = make_world(parse(text.encode(), "t.yaml"))
    second = world.sandbox.merchants[0]
    first, world.sandbox, world.known = world.sandbox, second, second.credentials
    made = charge(world, CHALLENGE, "threeds/challenge").json
    world.sandbox = first
    which = transaction(made)
    assert told(look(world, f"challenge/{which}")) == (200, "challenge", "")
    assert press(world, which, "approve").status == 303
    row = second.charges.get(made["id"])
    assert row is not None
    assert row.threeds is not None
    assert row.threeds.result == "approve"


def test_the_sdk_is_a_script_for_any_page_under_a_sandbox_too(world: World) -> None:
    for prefix in ("", "/sandbox/shop-7"):
        path = f"{prefix}/clover3DS/clover3DS-sdk.js"
        got = root(world, "GET", path, origin="https://shop.example")
        headers = dict(got.headers)
        assert (got.status, got.content_type) == (200, b"text/javascript; charset=utf-8")
        assert headers[b"access-control-allow-origin"] == b"*"
    for member in BROWSER.keys() - {"browser_ip"}:
        assert f"{member}:".encode() in got.body
