"""Safety of the dashboard: hostile text, the control token, other journals, lost connections."""

import contextlib
import re
from collections.abc import Callable, Iterator

import pytest
from browser_session import BrowserSession, SharedBrowserSession, until
from dashboard_page import DashboardPage
from gallery import VIEWS
from playwright.sync_api import Page, Route, expect
from tcp_proxy import TcpProxy

from mock_clover.testing import MockClover
from mock_clover.testing.http_transport import HttpTransport
from mock_clover.testing.transport import request_json
from tests.server_process import ServerProcess

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
def start_proxy() -> Iterator[Callable[[int], TcpProxy]]:
    """Return a function that starts a proxy to a server's port."""
    with contextlib.ExitStack() as ends:

        def plug(port: int) -> TcpProxy:
            created = TcpProxy(port)
            ends.callback(created.disconnect)
            return created

        yield plug


@pytest.fixture
def of() -> Iterator[Callable[[ServerProcess], MockClover]]:
    """Return a function that starts a server and returns its default sandbox."""
    with contextlib.ExitStack() as lines:

        def make(server: ServerProcess) -> MockClover:
            line = lines.enter_context(contextlib.closing(HttpTransport(server.url)))
            return MockClover.create(line, "default", {})

        yield make


PANS = ("4111111111111111", "4111 1111 1111 1111", "5555555555554444")
"""None is in the templates of the scenario view."""


def _holds_no_harm(page: Page) -> None:
    assert page.evaluate("() => window.bad") is None
    assert page.evaluate(CREATED) == 0
    result = page.locator("main > section:visible").inner_text()
    assert not any(pan in result for pan in PANS)


def test_every_view_escapes_hostile_text(clover: MockClover, session: BrowserSession) -> None:
    dashboard_page = DashboardPage(clover, session)
    for text in HOSTILE:
        metadata = {"k": text, text[:30]: "v"}
        dashboard_page.pay(description=text, metadata=metadata, receipt_email="a@example.com")
        headers = {"user_agent": re.sub(r"[^\x20-\x7e]", "", text)}
        dashboard_page.shop.send("GET", "/v1/charges/%3Cimg%20src=x%20onerror=bad()%3E", **headers)
    for pan in PANS:
        dashboard_page.pay(description=f"card {pan}", metadata={"pan": pan})
        dashboard_page.shop.send("GET", f"/v1/charges/{pan.replace(' ', '')}")
        dashboard_page.shop.charge(pan, 100)
    token = clover.card_token()
    hostile = {"firstName": HOSTILE[0], "lastName": HOSTILE[1], "email": "a@example.com"}
    customer = dashboard_page.shop.send("POST", "/v1/customers", {"source": token, **hostile})
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
    dashboard_page.pay(13, description=HOSTILE[0])
    journal = clover.journal()
    last = journal[-1]["id"]
    paid = [each["id"] for each in journal if each["endpoint"] == "create_charge"]

    dashboard_page.open("exchanges")
    page = dashboard_page.page
    expect(dashboard_page.rows.first).to_be_visible()
    for number in (3, *paid):  # one of those that read no existing charge shows all
        page.goto(f"{clover.url}/_mock/#/exchanges/{number}")
        expect(page.locator("#detail .facts")).to_contain_text(f"ID{number}")
        expect(page.get_by_role("button", name="Replay")).to_be_visible()
        _holds_no_harm(page)
    expect(page.locator("#detail")).to_contain_text("<img src=x onerror=")
    expect(page.locator("#detail")).to_contain_text(HOSTILE[1])
    for view in (
        "audit",
        "data/charges",
        f"data/customers/{customer.body['id']}",
        "scenario",
        "faults",
        "sandboxes",
        "webhooks",
        "cardholder",
        f"explain/{last}/why",
        f"payment/{clover.charges[0]['id']}",
    ):
        page.goto(f"{clover.url}/_mock/#/{view}")
        loaded = VIEWS.get(view.partition("/")[0], "#payment-body .event")
        expect(page.locator(loaded).first).to_be_visible()
        _holds_no_harm(page)
    page.goto(f"{clover.url}/_mock/#/data/charges")
    expect(page.locator("#data-body tbody")).to_contain_text(HOSTILE[0])
    page.goto(f"{clover.url}/_mock/#/data/%3Cimg src=x onerror=bad()%3E/x")
    expect(page.get_by_role("alert")).to_contain_text("unknown name")
    page.goto(
        f"{clover.url}/_mock/?q=%3Cscript%3E#/%3Cscript%3E/%zz?show=%3Cb%3E&method=%3Ci%3E&op=%3Cu%3E"
    )
    dashboard_page.wait_until_live()
    _holds_no_harm(page)
    dashboard_page.leave()


def test_control_token_is_entered_once(
    start_server: Callable[..., ServerProcess], session: BrowserSession
) -> None:
    server = start_server("--control-token", "s3cret")
    page = session.open(f"{server.url}/_mock/")
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
    session.errors.clear()  # of the rejected requests


def test_page_is_live_once_its_stream_is_open(
    clover: MockClover, session: SharedBrowserSession
) -> None:
    """The server records changes while a stream is open."""
    dashboard_page = DashboardPage(clover, session)
    dashboard_page.pay()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    session.page.route("**/_mock/journal", hold)  # the stream: the list has a query
    page = dashboard_page.page = session.open(f"{clover.url}/_mock/")
    expect(dashboard_page.rows).to_have_count(2)
    until(lambda: page.title() and held)
    expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    held[0].continue_()
    dashboard_page.wait_until_live()


def test_reconnect_loads_missed_exchanges(
    shared_server: ServerProcess,
    clover: MockClover,
    session: BrowserSession,
    start_proxy: Callable[[int], TcpProxy],
) -> None:
    between = start_proxy(shared_server.port)
    dashboard_page = DashboardPage(clover, session)
    dashboard_page.open(at=f"http://127.0.0.1:{between.port}/sandbox/{clover.name}")
    page = dashboard_page.page
    dashboard_page.pay()
    expect(dashboard_page.rows).to_have_count(2)
    page.evaluate("() => (window.same = document.querySelector('#x-1'))")
    between.disconnect()
    expect(page.locator("#banner")).to_contain_text("Connection lost. Reconnecting")
    expect(page.locator("#connection")).to_contain_text("not connected")
    dashboard_page.pay()
    expect(dashboard_page.rows).to_have_count(2)
    between.reconnect()
    dashboard_page.wait_until_live()
    expect(page.locator("#banner")).to_be_hidden()
    expect(dashboard_page.rows).to_have_count(4)
    assert page.evaluate("() => window.same === document.querySelector('#x-1')"), "it continued"
    dashboard_page.leave()


def test_server_restart_resets_the_list(
    start_server: Callable[..., ServerProcess],
    of: Callable[[ServerProcess], MockClover],
    session: BrowserSession,
    start_proxy: Callable[[int], TcpProxy],
) -> None:
    first, second = start_server(), start_server()
    between = start_proxy(first.port)
    dashboard_page = DashboardPage(of(first), session)
    dashboard_page.open(at=f"http://127.0.0.1:{between.port}")
    for _ in range(4):
        dashboard_page.shop.send("GET", "/v1/charges/NOSUCHCHARGE1")
    expect(dashboard_page.row(status="404")).to_have_count(4)
    dashboard_page.move_to(of(second))
    for _ in range(3):
        dashboard_page.pay()
    between.disconnect()
    between.reconnect(second.port)
    expect(dashboard_page.row(status="200")).to_have_count(6)
    expect(dashboard_page.row(status="404")).to_have_count(0)
    expect(dashboard_page.newest()).to_have_attribute("id", "x-6")
    expect(dashboard_page.page.locator("#sum-ok")).to_have_text("6")
    dashboard_page.leave()


def test_dashboard_does_not_recreate_deleted_sandbox(
    clover: MockClover, line: HttpTransport, session: BrowserSession
) -> None:
    other = MockClover.create(line, f"{clover.name}-gone", {})
    dashboard_page = DashboardPage(other, session).open()
    page = dashboard_page.page
    dashboard_page.pay()
    expect(dashboard_page.rows).to_have_count(2)
    other.drop()
    expect(page.locator("#banner")).to_contain_text("was deleted")
    names = [each["name"] for each in request_json(line, "GET", "/_mock/sandboxes")["data"]]
    assert other.name not in names
    page.get_by_role("button", name="Recreate it").click()
    dashboard_page.wait_until_live()
    expect(page.get_by_text("Waiting for the first request.")).to_be_visible()
    dashboard_page.leave()
    other.drop()


def test_the_theme_is_the_systems_or_the_chosen_one(
    clover: MockClover, session: SharedBrowserSession
) -> None:
    session.page.emulate_media(color_scheme="dark")
    page = session.open(f"{clover.url}/_mock/")
    body, dark, light = page.locator("body"), "rgb(15, 20, 19)", "rgb(243, 245, 242)"
    expect(body).to_have_css("background-color", dark)
    page.get_by_label("Theme").select_option("light")
    expect(body).to_have_css("background-color", light)
    page.reload()
    expect(body).to_have_css("background-color", light)
    page.get_by_label("Theme").select_option("system")
    expect(body).to_have_css("background-color", dark)
