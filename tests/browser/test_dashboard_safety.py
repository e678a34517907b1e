"""The dashboard where it matters: hostile texts, the token, other journals, lost connections."""

import contextlib
import re
from collections.abc import Callable, Iterator

import pytest
from cable import Cable
from desk import Desk
from playwright.sync_api import Page, expect
from visitor import SharedVisitor, Visitor

from mock_clover.testing import MockClover
from mock_clover.testing.http_transport import HttpTransport
from mock_clover.testing.transport import request_json
from tests.served import Served

HOSTILE = (
    "<img src=x onerror=\"window.bad='img'\">",
    "<script>window.bad='script'</script>",
    '"><svg onload="window.bad=\'svg\'">',
    "javascript:window.bad='url'",
    "</textarea><iframe srcdoc='<script>parent.bad=1</script>'>",
    "{{constructor.constructor('window.bad=1')()}}",
    "\u202egpj.exe\u2066 \x07",
)
CREATED = (
    "() => document.querySelectorAll('main :is(script, iframe, img, svg[onload], object)').length"
)


@pytest.fixture
def cable() -> Iterator[Callable[[int], Cable]]:
    """Return a maker of cables to a server's port."""
    with contextlib.ExitStack() as ends:

        def plug(port: int) -> Cable:
            made = Cable(port)
            ends.callback(made.cut)
            return made

        yield plug


@pytest.fixture
def of() -> Iterator[Callable[[Served], MockClover]]:
    """Return a maker of the default sandbox of a server of one's own."""
    with contextlib.ExitStack() as lines:

        def make(server: Served) -> MockClover:
            line = lines.enter_context(contextlib.closing(HttpTransport(server.url)))
            return MockClover.create(line, "default", {})

        yield make


PANS = ("4242424242424242", "4242 4242 4242 4242", "5555555555554444")


def _holds_no_harm(page: Page) -> None:
    assert page.evaluate("() => window.bad") is None
    assert page.evaluate(CREATED) == 0
    told = page.locator("main > section:visible").inner_text()
    assert not any(pan in told for pan in PANS)


def test_every_view_escapes_hostile_text(clover: MockClover, visitor: Visitor) -> None:
    desk = Desk(clover, visitor)
    for text in HOSTILE:
        metadata = {"k": text, text[:30]: "v"}
        desk.pay(description=text, metadata=metadata, receipt_email="a@example.com")
        headers = {"user_agent": re.sub(r"[^\x20-\x7e]", "", text)}
        desk.shop.ask("GET", "/v1/charges/%3Cimg%20src=x%20onerror=bad()%3E", **headers)
    for pan in PANS:
        desk.pay(description=f"card {pan}", metadata={"pan": pan})
        desk.shop.ask("GET", f"/v1/charges/{pan.replace(' ', '')}")
        desk.shop.charge(pan, 100)
    token = clover.card_token()
    hostile = {"firstName": HOSTILE[0], "lastName": HOSTILE[1], "email": "a@example.com"}
    customer = desk.shop.ask("POST", "/v1/customers", {"source": token, **hostile})
    assert customer.status == 200, customer
    clover.scenario(
        {
            "name": "hostile",
            "about": HOSTILE[0],
            "rules": [
                {
                    "name": HOSTILE[1],
                    "when": {"endpoint": "create_charge", "amount": 13},
                    "then": {"decline": {"decline_code": "insufficient_funds"}},
                }
            ],
        }
    )
    desk.pay(13, description=HOSTILE[0])
    journal = clover.journal()
    last = journal[-1]["id"]
    paid = [each["id"] for each in journal if each["endpoint"] == "create_charge"]

    desk.open("exchanges")
    page = desk.page
    expect(desk.rows.first).to_be_visible()
    for number in (3, *paid):  # of those that look for no charge, one tells all
        page.goto(f"{clover.url}/_mock/#/exchanges/{number}")
        expect(page.locator("#detail .facts")).to_contain_text(f"ID{number}")
        expect(page.get_by_role("button", name="Replay")).to_be_visible()
        _holds_no_harm(page)
    expect(page.locator("#detail")).to_contain_text("<img src=x onerror=")
    expect(page.locator("#detail")).to_contain_text(HOSTILE[1])
    for view in (
        "data/charges",
        f"data/customers/{customer.body['id']}",
        "scenario",
        "faults",
        "sandboxes",
        "webhooks",
        "cardholder",
        f"explain/{last}",
    ):
        page.goto(f"{clover.url}/_mock/#/{view}")
        expect(
            page.locator("main > section:visible [role=region], .card, textarea").first
        ).to_be_attached()
        expect(page.locator("main > section:visible")).not_to_have_text("…")
        _holds_no_harm(page)
    page.goto(f"{clover.url}/_mock/#/data/charges")
    expect(page.locator("#data-body tbody")).to_contain_text(HOSTILE[0])
    page.goto(f"{clover.url}/_mock/#/data/%3Cimg src=x onerror=bad()%3E/x")
    expect(page.get_by_role("alert")).to_contain_text("unknown name")
    page.goto(
        f"{clover.url}/_mock/?q=%3Cscript%3E#/%3Cscript%3E/%zz?show=%3Cb%3E&method=%3Ci%3E&op=%3Cu%3E"
    )
    desk.is_live()
    _holds_no_harm(page)
    desk.leave()


def test_control_token_is_entered_once(serve: Callable[..., Served], visitor: Visitor) -> None:
    server = serve("--control-token", "s3cret")
    page = visitor.open(f"{server.url}/_mock/")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Control token required")
    field = page.get_by_role("textbox", name="Control token")
    expect(field).to_be_focused()
    field.fill("wrong")
    field.press("Enter")
    expect(dialog).to_contain_text("Invalid control token.")
    page.keyboard.press("Escape")
    expect(page.locator("#banner")).to_contain_text("the control token is missing")
    page.get_by_role("button", name="Try again").click()
    field.fill("s3cret")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.reload()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    expect(dialog).to_have_count(0)
    assert page.evaluate("() => Object.keys(localStorage)") == []
    assert "s3cret" not in page.content()
    visitor.complaints.clear()  # of the calls that were refused


def test_reconnect_loads_missed_exchanges(
    served: Served, clover: MockClover, visitor: Visitor, cable: Callable[[int], Cable]
) -> None:
    between = cable(served.port)
    desk = Desk(clover, visitor)
    desk.open(at=f"http://127.0.0.1:{between.port}/sandbox/{clover.name}")
    page = desk.page
    desk.pay()
    expect(desk.rows).to_have_count(2)
    page.evaluate("() => (window.same = document.querySelector('#x-1'))")
    between.cut()
    expect(page.locator("#banner")).to_contain_text("Connection lost. Reconnecting")
    expect(page.locator("#connection")).to_contain_text("not connected")
    desk.pay()
    expect(desk.rows).to_have_count(2)
    between.mend()
    desk.is_live()
    expect(page.locator("#banner")).to_be_hidden()
    expect(desk.rows).to_have_count(4)
    assert page.evaluate("() => window.same === document.querySelector('#x-1')"), "it went on"
    desk.leave()


def test_server_restart_resets_the_list(
    serve: Callable[..., Served],
    of: Callable[[Served], MockClover],
    visitor: Visitor,
    cable: Callable[[int], Cable],
) -> None:
    first, second = serve(), serve()
    between = cable(first.port)
    desk = Desk(of(first), visitor)
    desk.open(at=f"http://127.0.0.1:{between.port}")
    for _ in range(4):
        desk.shop.ask("GET", "/v1/charges/NOSUCHCHARGE1")
    expect(desk.row("404")).to_have_count(4)
    desk.move_to(of(second))
    for _ in range(3):
        desk.pay()
    between.cut()
    between.mend(second.port)
    expect(desk.row("200")).to_have_count(6)
    expect(desk.row("404")).to_have_count(0)
    expect(desk.items_newest_first()).to_have_attribute("id", "x-6")
    expect(desk.page.locator("#sum-ok")).to_have_text("6")
    desk.leave()


def test_dashboard_does_not_recreate_deleted_sandbox(
    clover: MockClover, line: HttpTransport, visitor: Visitor
) -> None:
    other = MockClover.create(line, f"{clover.name}-gone", {})
    desk = Desk(other, visitor).open()
    page = desk.page
    desk.pay()
    expect(desk.rows).to_have_count(2)
    other.drop()
    expect(page.locator("#banner")).to_contain_text("was deleted")
    names = [each["name"] for each in request_json(line, "GET", "/_mock/sandboxes")["data"]]
    assert other.name not in names
    page.get_by_role("button", name="Recreate it").click()
    desk.is_live()
    expect(page.get_by_text("Waiting for the first request.")).to_be_visible()
    desk.leave()
    other.drop()


def test_the_theme_is_the_systems_or_the_chosen_one(
    clover: MockClover, visitor: SharedVisitor
) -> None:
    visitor.page.emulate_media(color_scheme="dark")
    page = visitor.open(f"{clover.url}/_mock/")
    colour = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.get_by_label("Theme").select_option("light")
    light = page.evaluate(colour)
    assert dark != light
    page.reload()
    assert page.evaluate(colour) == light
    page.get_by_label("Theme").select_option("system")
    assert page.evaluate(colour) == dark
