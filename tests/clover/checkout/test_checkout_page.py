"""The page of a hosted checkout: what it shows and does, and its security."""

import json
import re
import threading
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import convert

from mock_clover.clover.checkout.records import CheckoutForm
from mock_clover.clover.checkout.records_settings import CheckoutSettings
from mock_clover.clover.tokens.records import CardRequest
from mock_clover.sandbox.credentials import derive_credentials
from tests.canary import CVV, PAN, PANS, find_leaks, spellings, texts_within
from tests.checkouts import (
    FORM,
    LAMP,
    PATH,
    URLS,
    ParsedPage,
    asked,
    fields,
    get_page,
    pay,
    selling,
    session,
    shown,
    skeleton,
    submit,
)
from tests.hostile import BODIES, HEADERS, IDS, QUERIES, error_in
from tests.in_process import DECLINED_CARD, SEED, VISA, InProcessServer, MakeServer
from tests.raw_http import RawConnection, RawResponse, call, command_with, head, request
from tests.receiver import Receiver
from tests.server_process import ServerProcess


def policy(headers: dict[str, str]) -> dict[str, list[str]]:
    """Return a content security policy by its directives."""
    parts = (part.split() for part in headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in parts}


# Content ------------------------------------------------------------------------------------------


def test_the_page_shows_cart_tax_and_total(server: InProcessServer) -> None:
    taxed = LAMP | {"unitQty": 2, "note": "brass", "taxRates": [{"rate": 1_000_000}]}
    got = get_page(
        server, session(server, shoppingCart={"lineItems": [taxed, LAMP | {"price": 5}]})
    )
    assert (got.status, got.content_type) == (200, "text/html; charset=utf-8")
    lines = [line for line in ParsedPage(got.body).text.split("\n") if line]
    assert lines == [
        *("Checkout · Robertson-Harris", "Robertson-Harris", "Test", "Checkout"),
        *("Your order", "3 items, in USD", "ItemPrice"),
        *("Floor lamp\u00a0×\u00a02brass$218.00", "Floor lamp$0.05"),  # noqa: RUF001 - as shown
        *("Tax$21.80", "Total$239.85"),
        "This page expires in 15 minutes (sandbox clock), at 10:37:50 UTC on 27 May 2025.",
        "Pay by card",
        *("Card number", "Expiry date", "Security code (CVV)"),
        *("Name on the card (optional)", "Billing address (optional)"),
        *("Street address", "City", "Postal code"),
        *("Pay $239.85", "Cancel"),
        "mock-clover, not Clover: no money moves. Do not enter a real card number.",
    ]


def test_every_field_has_its_label_and_the_keyboard_suffices(server: InProcessServer) -> None:
    seen = ParsedPage(get_page(server, session(server)).body)
    labels = [label["for"] for label in seen.all("label")]
    assert labels == [field["id"] for field in seen.all("input")] == list(fields_of_form())
    assert [button["value"] for button in seen.all("button")] == ["pay", "cancel"]
    assert not any("tabindex" in given or "autofocus" in given for _, given in seen.tags)
    assert "onclick" not in str(seen.tags)
    assert [(form["method"], "action" in form) for form in seen.all("form")] == [("post", False)]
    assert seen.all("html") == [{"lang": "en"}]
    autocomplete = [field["autocomplete"] for field in seen.all("input")]
    assert autocomplete == [
        *("cc-number", "cc-exp", "cc-csc", "cc-name", "billing address-line1"),
        *("billing address-level2", "billing postal-code"),
    ]


def fields_of_form() -> tuple[str, ...]:
    others = {"do", "tip", "tip_own", "mock_clover_cards"}
    return tuple(name for name in CheckoutForm.__struct_fields__ if name not in others)


ENDS: dict[str, tuple[str, int, str, str]] = {
    "paid": ("paid", 200, "Thank you. Your payment was successful.", URLS["success"]),
    "cancelled": (
        "cancelled",
        200,
        "The checkout was cancelled. You were not charged.",
        URLS["cancel"],
    ),
    "expired": (
        "expired",
        410,
        "This checkout has expired. You were not charged.",
        URLS["failure"],
    ),
}


def ended(server: InProcessServer, state: str) -> str:
    created = session(server)
    if state == "paid":
        submit(server, created)
    elif state == "cancelled":
        submit(server, created, do="cancel")
    else:
        server.send("PUT", "/_mock/clock", {"advance": "15m"})
    return created


@pytest.mark.parametrize(("state", "status", "message", "url"), ENDS.values(), ids=ENDS)
def test_closed_session_page_has_link_to_shop(
    server: InProcessServer, state: str, status: int, message: str, url: str
) -> None:
    got = get_page(server, ended(server, state))
    seen = ParsedPage(got.body)
    assert (got.status, message in seen.text, seen.all("form")) == (status, True, [])
    assert [link["href"] for link in seen.all("a")] == [url]


@pytest.mark.parametrize("state", ENDS)
@pytest.mark.parametrize("do", ["pay", "cancel"])
def test_a_session_that_is_over_is_neither_paid_nor_cancelled(
    server: InProcessServer, state: str, do: str
) -> None:
    created = ended(server, state)
    before = (server.sandbox.state(), server.sandbox.ids.state())
    got = submit(server, created, do=do)
    assert (got.status, "location" in got.headers) == (410 if state == "expired" else 409, False)
    assert ParsedPage(got.body).all("form") == []
    assert (server.sandbox.state(), server.sandbox.ids.state()) == before


def test_unknown_session_is_not_found(server: InProcessServer) -> None:
    unknown = "00000000-0000-4000-a000-000000000000"
    for got in (
        get_page(server, unknown),
        submit(server, unknown),
        submit(server, unknown, do="cancel"),
    ):
        assert (got.status, ParsedPage(got.body).all("form")) == (404, [])
        assert "Checkout session not found." in ParsedPage(got.body).text


# Actions ------------------------------------------------------------------------------------------


def test_a_payment_sends_the_browser_to_the_shop(server: InProcessServer) -> None:
    created = session(server)
    got = submit(server, created)
    assert (got.status, got.headers["location"]) == (303, URLS["success"])
    assert shown(server, created)["state"] == "paid"
    assert got.why == "sandbox: VISA ...4242 is listed to approve (documented)"


def test_a_cancellation_sends_the_browser_back_to_the_shop(server: InProcessServer) -> None:
    created = session(server)
    got = submit(server, created, number="", expiry="", do="cancel")
    assert (got.status, got.headers["location"]) == (303, URLS["cancel"])
    assert shown(server, created)["state"] == "cancelled"


@pytest.mark.parametrize("do", ["pay", "cancel"])
def test_without_a_url_the_browser_looks_at_the_session_again(
    server: InProcessServer, do: str
) -> None:
    got = submit(server, session(server, redirectUrls=...), do=do)
    assert (got.status, got.headers["location"]) == (303, "?")


def test_a_decline_is_told_and_another_card_pays(server: InProcessServer) -> None:
    created = session(server)
    got = submit(server, created, DECLINED_CARD)
    seen = ParsedPage(got.body)
    assert (got.status, seen.has_alert, len(seen.all("form"))) == (402, True, 1)
    assert "DECLINED: No reason provided. Please try again." in seen.text
    assert [link["href"] for link in seen.all("a")] == [URLS["failure"]]
    assert submit(server, created).headers["location"] == URLS["success"]
    charges = server.send("GET", "/v1/charges").json["data"]
    assert [charge["status"] for charge in charges] == ["succeeded", "failed"]


def test_a_decline_may_send_the_browser_to_the_shops_failure(make_server: MakeServer) -> None:
    server = make_server(checkout=convert({"after_decline": "redirect"}, CheckoutSettings))
    created = session(server)
    got = submit(server, created, DECLINED_CARD)
    assert (got.status, got.headers["location"]) == (303, URLS["failure"])
    assert shown(server, created)["state"] == "open"


SECRET = ("number", "cvv")
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "a wrong check digit": ({"number": "4242 4242 4242 4241"}, "INCORRECT_NUMBER"),
    "no number": ({"number": ""}, "INVALID_PAN"),
    "no expiry": ({"expiry": ""}, "INVALID_EXPIRY_MONTH"),
    "a year that is over": ({"expiry": "12/20"}, "EXPIRED_CARD"),
    "no CVV": ({"cvv": ""}, "INCORRECT_CVC"),
    "nothing at all": (dict.fromkeys(("number", "expiry", "cvv"), ""), "CVC"),
}


@pytest.mark.parametrize(("changes", "problem"), WRONG.values(), ids=WRONG)
def test_invalid_card_can_be_corrected(
    server: InProcessServer, changes: dict[str, str], problem: str
) -> None:
    created = session(server)
    got = submit(server, created, **changes)
    seen = ParsedPage(got.body)
    assert (got.status, seen.has_alert, problem in got.why) == (400, True, True)
    assert not any(field.get("value") for field in seen.all("input") if field["id"] in SECRET)
    assert submit(server, created).status == 303


def test_spaces_and_two_digit_year_are_accepted(server: InProcessServer) -> None:
    got = submit(server, session(server), "4242 4242-4242 4242", expiry="1/31")
    assert got.status == 303


def test_name_and_postal_code_are_kept_for_the_checks(server: InProcessServer) -> None:
    submit(server, session(server), name="Jo Döe", address_zip="94041")
    (charge,) = server.sandbox.state()["charges"]
    assert (charge.token.card.name, charge.token.card.address_zip) == ("Jo Döe", "94041")


def test_page_and_control_call_do_the_same(make_server: MakeServer) -> None:
    servers = make_server(), make_server()
    for server, way in zip(servers, (submit, pay), strict=True):
        created = session(server)
        way(server, created, DECLINED_CARD)
        way(server, created)
    one, other = (server.sandbox.state() for server in servers)
    assert one == other
    journals = [
        [(e.endpoint, e.status, e.why, e.reply) for e in w.sandbox.journal] for w in servers
    ]
    assert journals[0] == journals[1]


# Security -----------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    "</bdi></th></td></table><form action=//evil.example><input name=number>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "<!-- ", "--><svg onload=alert(1)>", "]]>", "<![CDATA[ <b>", "<?xml ?>", "<!DOCTYPE x>",
    "</title></style></script><b>",
    "\x00<\x00script>",
    "a\r\nb\tc\x0b\x1b[31m\x7f",
    "\u202eevil\u202c \u2028 \ufeff \U0001f4b3",
    "{title} {0} %s ${x} {{7*7}}",
    "javascript:alert(1)",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_shop_writes_is_shown_as_text(server: InProcessServer, text: str) -> None:
    plain, person = LAMP | {"note": "x"}, {"firstName": text, "lastName": text}
    tax = [{"name": text, "rate": 1_000_000}]
    mutated = plain | {"name": text, "note": text, "taxRates": tax, "itemRefUuid": text}
    expected = session(
        server, shoppingCart={"lineItems": [plain | {"taxRates": [{"rate": 10**6}]}]}
    )
    created = session(
        server, customer=person, shoppingCart={"lineItems": [mutated]}, metadata={text: text}
    )
    for send in (get_page, lambda server, each: submit(server, each, DECLINED_CARD)):
        got = send(server, created)
        assert skeleton(got.body) == skeleton(send(server, expected).body)
        assert ParsedPage(got.body).text.count(text.replace("\x00", "\ufffd").strip()) >= 2


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isprintable()])
def test_whatever_an_issuer_says_is_shown_as_text(make_server: MakeServer, text: str) -> None:
    from mock_clover.scenario.load import parse

    rule = {"when": {"amount": 666}, "then": {"decline": {"message": text}}}
    server = make_server(parse(json.dumps({"name": "x", "rules": [rule]}).encode(), "x.yaml"))
    got = submit(server, session(server, shoppingCart=selling(666)))
    usual = make_server()
    plain = submit(usual, session(usual, shoppingCart=selling(666)), DECLINED_CARD)
    assert skeleton(got.body) == skeleton(plain.body)
    assert f"{text} Please try again." in ParsedPage(got.body).text


REDIRECTS = {
    "a quote": "https://shop.example/\"onclick='x'",
    "markup": "https://shop.example/<script>",
    "a query": "https://shop.example/?a=1&amp;b=2&copy=3",
    "a policy": "https://shop.example/;script-src'unsafe-inline'",
    "a port": "https://shop.example:8443/paid",
    "capitals": "https://Shop.Example/Paid",
}


@pytest.mark.parametrize("url", REDIRECTS.values(), ids=REDIRECTS)
def test_url_is_escaped_in_link(server: InProcessServer, url: str) -> None:
    created = session(server, redirectUrls={"success": url, "failure": url})
    got = get_page(server, created)
    assert sorted(policy(got.headers)) == sorted(POLICY)
    assert policy(got.headers)["form-action"] == WEB
    paid = submit(server, created)
    assert paid.headers["location"] == url
    (link,) = ParsedPage(paid.body).all("a")
    assert (link["href"], list(link)) == (url, ["href"])


WEB = ["'self'", "http:", "https:"]
"""A form-action policy also applies to the redirects of the shop's own server."""
POLICY = ("default-src", "style-src", "img-src", "base-uri", "frame-ancestors", "form-action")
GUARDS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


def test_every_page_has_security_headers(server: InProcessServer) -> None:
    """No script and no frame; the form may redirect to the shop, and on from there."""
    created, cancelled = session(server), session(server)
    pages = [
        get_page(server, created),
        submit(server, created, DECLINED_CARD),
        submit(server, created, number="1"),
    ]
    pages += [
        submit(server, created),
        get_page(server, created),
        submit(server, cancelled, do="cancel"),
    ]
    pages += [
        get_page(server, cancelled),
        get_page(server, ended(server, "expired")),
        get_page(server, "none"),
    ]
    assert [page.status for page in pages] == [200, 402, 400, 303, 200, 303, 200, 410, 404]
    for page in pages:
        result = policy(page.headers)
        assert {name: result[name] for name in ("default-src", "base-uri", "frame-ancestors")} == {
            "default-src": ["'none'"],
            "base-uri": ["'none'"],
            "frame-ancestors": ["'none'"],
        }
        assert result["form-action"] in ((["'self'"],) if page.status == 404 else (["'self'"], WEB))
        assert GUARDS.items() <= page.headers.items()
        assert b"<script" not in page.body
        assert " style=" not in page.body.decode()


def test_the_style_is_the_one_that_the_policy_names(server: InProcessServer) -> None:
    from base64 import b64encode
    from hashlib import sha256

    got = get_page(server, session(server))
    (style,) = re.findall(r"<style>(.*?)</style>", got.body.decode(), re.DOTALL)
    digest = b64encode(sha256(unescape(style).encode()).digest()).decode()
    assert policy(got.headers)["style-src"] == [f"'sha256-{digest}'"]


def test_a_snapshot_with_a_url_that_was_never_taken_leads_nowhere(server: InProcessServer) -> None:
    created = session(server)
    snapshot = server.send("GET", "/_mock/snapshot").json
    for name in ("success", "failure"):
        snapshot["checkouts"][created][name] = "javascript:alert(1)//\r\nset-cookie: a=b"
    assert server.send("PUT", "/_mock/snapshot", snapshot).status == 200
    for got in (
        get_page(server, created),
        submit(server, created, DECLINED_CARD),
        submit(server, created),
    ):
        assert error_in(got) == ("" if got.status != 303 else "status 303")
        assert b"javascript" not in got.body
    assert got.headers["location"] == "?"


def test_malformed_form_posts(server: InProcessServer) -> None:
    created = session(server)
    path = f"/pay-checkout/{created}"
    table: dict[str, tuple[str, bytes, dict[str, str]]] = {
        **{f"body: {label}": (path, raw, {}) for label, raw in BODIES.items()},
        **{f"query: {label}": (f"{path}?{query}", b"", {}) for label, query in QUERIES.items()},
        **{f"header: {label}": (path, b"", result) for label, result in HEADERS.items()},
        **{f"id: {label}": (f"/pay-checkout/{each}", b"", {}) for label, each in IDS.items()},
    }
    received = {}
    for label, (where, raw, headers) in table.items():
        for method in ("GET", "POST", "HEAD", "PUT"):
            received[f"{method} {label}"] = error_in(
                server.send(method, where, raw=raw, headers=headers, auth=False)
            )
    assert {label: wrong for label, wrong in received.items() if wrong} == {}
    assert (shown(server, created)["state"], server.sandbox.state()["charges"]) == ("open", [])


# Card numbers ------------------------------------------------------------------------------------


def sung(server: InProcessServer) -> list[str]:
    """Pay and fail to pay with a canary in every way that a form allows; return all responses."""
    result = []
    for pan in PANS:
        for spelt in spellings(pan).values():
            created = session(server)
            wrong = spelt[:-1] + str((int(spelt[-1]) + 1) % 10)
            forms: list[dict[str, str]] = [
                {"number": wrong},
                {"number": f"{spelt} {spelt}"},
                {"expiry": spelt, "address_line1": spelt, "address_city": spelt},
                {"cvv": spelt},
                {"do": spelt, "cvv": CVV + CVV},
                {"expiry": "01/2001"},
            ]
            for changes in forms:
                got = submit(server, created, **({"number": spelt, "cvv": CVV} | changes))
                result.append(f"{got.why} {got.headers} {got.body.decode()}")
            bodies: tuple[Any, ...] = (
                {"card": {"number": spelt, "cvv": CVV, "exp_month": spelt}},
                {"card": {"number": [spelt], "cvv": [CVV]}},
                {"number": spelt, "cvv": CVV},
                {"card": spelt},
                {"card": {"number": spelt, "cvv": CVV}, spelt: 1},
            )
            for body in bodies:
                for path in (f"/_mock/checkouts/{created}/pay", f"/pay-checkout/{created}"):
                    got = server.send("POST", path, body)
                    result.append(f"{got.why} {got.headers} {got.body.decode()}")
            raw = f'{{"card":{{"number":"{spelt}","cvv":"{CVV}"'.encode()
            got = server.send("POST", f"/_mock/checkouts/{created}/pay", raw=raw)
            result.append(f"{got.why} {got.body.decode()}")
            got = submit(server, created, spelt, cvv=CVV, expiry="12/2035")
            assert got.status == 303
            result.append(f"{got.why} {got.headers} {got.body.decode()}")
            got = submit(server, created, spelt, cvv=CVV)
            assert got.status == 409
            result.append(got.body.decode())
    return result


@pytest.mark.parametrize("settings", [{}, {"strict": True, "dialect": "documented"}], ids=str)
def test_form_does_not_leak_number_or_cvv(
    make_server: MakeServer, settings: dict[str, Any]
) -> None:
    server = make_server(**settings)
    result = sung(server)
    looks = ("/_mock/journal?limit=1000", "/_mock/checkouts?limit=1000", "/_mock/snapshot")
    result += [server.send("GET", path).body.decode() for path in looks]
    result += [repr(row) for rows in server.sandbox.state().values() for row in rows]
    result += [repr(each) for each in server.sandbox.journal]
    auth = re.compile(r"\bOK\d{4}\b")
    assert [hit for text in result for hit in find_leaks(auth.sub("", text))] == []
    saved = [auth.sub("", text) for text in texts_within(server.sandboxes)]
    assert [text for text in saved if CVV in text or any(pan in text for pan in PANS)] == []


def test_what_holds_a_card_prints_nothing() -> None:
    from mock_clover.clover.checkout.control import PayCheckoutRequest

    form = CheckoutForm(number=PAN, cvv=CVV)
    order = PayCheckoutRequest(card=CardRequest(number=PAN, cvv=CVV))
    for each in (form, order):
        assert find_leaks(f"{each} {each!r} {[each]} {list(each.__rich_repr__())}") == []


# Over a socket -----------------------------------------------------------------------------------


def made_at(port: int, name: str, **changes: Any) -> str:
    """Create a session in a sandbox of a server and return the path of its page."""
    credentials = derive_credentials(SEED, name)
    opens = {"authorization": f"Bearer {credentials.access_token}"}
    opens |= {"x-clover-merchant-id": credentials.merchant_id, "host": f"127.0.0.1:{port}"}
    body = asked(**changes)
    with RawConnection(port) as connection:
        created = connection.exchange(
            request("POST", f"/sandbox/{name}{PATH}", body, headers=opens)
        )
    assert created.status == 200, created
    root = f"http://127.0.0.1:{port}"
    assert created.json["href"].startswith(f"{root}/sandbox/{name}/pay-checkout/")
    return str(created.json["href"]).removeprefix(root)


def post(port: int, path: str, raw: bytes) -> RawResponse:
    """Post a form as a browser does: without credentials, from the page's origin."""
    headers = {
        "host": f"127.0.0.1:{port}",
        "content-type": FORM,
        "content-length": str(len(raw)),
        "origin": f"http://127.0.0.1:{port}",
        "sec-fetch-site": "same-origin",
    }
    with RawConnection(port) as connection:
        return connection.exchange(head("POST", path, headers=headers, auth=False) + raw)


def filled(html: bytes, **values: str) -> bytes:
    """Fill in the fields of a page's form, and press its first button."""
    seen = ParsedPage(html)
    names = [str(field["name"]) for field in seen.all("input")]
    button = seen.all("button")[0]
    form = {name: values.get(name, "") for name in names}
    return urlencode(form | {str(button["name"]): str(button["value"])}).encode()


CARD = {"expiry": "12/35", "cvv": "123"}


@pytest.mark.parametrize("parser", ["httptools", "h11"])
def test_a_browser_pays_after_a_decline_and_the_shop_hears_of_both(
    start_server: Callable[..., ServerProcess], parser: str
) -> None:
    server = start_server(python=command_with(parser))
    port = server.port
    with Receiver() as shop:
        hook = {"kind": "hosted_checkout", "url": shop.url, "secret": "s3cret"}
        call(port, "PUT", "/sandbox/shop/_mock/webhooks", hook)
        path = made_at(port, "shop")
        page = call(port, "GET", path)
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert policy(page.headers)["default-src"] == ["'none'"]
        declined = post(port, path, filled(page.body, number=DECLINED_CARD, **CARD))
        assert (declined.status, ParsedPage(declined.body).has_alert) == (402, True)
        paid = post(port, path, filled(declined.body, number=VISA, **CARD))
        assert (paid.status, paid.headers["location"]) == (303, URLS["success"])
        heard = [each.json for each in shop.wait(2)]
    session = path.partition("?")[0].rpartition("/")[2]
    assert [(each["status"], each["message"]) for each in heard] == [
        ("DECLINED", "Decline for 10900"),
        ("APPROVED", "Approved for 10900"),
    ]
    assert {each["checkoutSessionId"] for each in heard} == {session}
    assert call(port, "GET", path).status == 200
    path = made_at(port, "shop")
    replies = [post(port, path, fields(PAN, cvv=CVV, expiry=each)) for each in (PAN, "12/30")]
    replies.append(call(port, "POST", f"{path}?number={PAN}&cvv={CVV}"))
    assert [reply.status for reply in replies] == [400, 303, 409]
    assert [hit for reply in replies for hit in find_leaks(f"{reply.headers} {reply.body!r}")] == []
    assert server.stop() == 0
    assert find_leaks(server.log.read_text()) == []


def test_a_form_that_is_sent_many_times_makes_one_charge(shared_server: ServerProcess) -> None:
    path, port = made_at(shared_server.port, "impatient"), shared_server.port
    result: list[RawResponse] = []
    raw = fields()
    clicks = [
        threading.Thread(target=lambda: result.append(post(port, path, raw))) for _ in range(8)
    ]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert sorted(each.status for each in result) == [303, *[409] * 7]
    credentials = derive_credentials(SEED, "impatient")
    bearer = {"authorization": f"Bearer {credentials.access_token}"}
    rows = call(port, "GET", "/sandbox/impatient/v1/charges", **bearer).json["data"]
    assert len(rows) == 1
