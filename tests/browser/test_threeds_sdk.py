"""3-D Secure in a browser: the how-to's page on another origin, from charge to result."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from browser_session import BrowserSession, SharedBrowserSession
from playwright.sync_api import APIResponse, FrameLocator, Page, Route, expect
from shop import Shop

from tests.clover.threeds.test_threeds import (
    CHALLENGE,
    FRICTIONLESS,
    LISTED,
    METHOD,
    METHOD_CHALLENGE,
)
from tests.hostile import BROWSER
from tests.server_process import ServerProcess

HOWTO = Path(__file__).parents[2] / "docs/howto/three-d-secure.md"
DOCUMENTED_ADDRESS = "http://127.0.0.1:4242"
HEARD = """
window.events = [];
for (const target of [document, window]) {
  target.addEventListener("executePatch", ({ detail }) => events.push(JSON.stringify(detail)));
}
"""
"""Records events of a listener at the document and one at the window."""
FAILED = "3-D Secure authentication failed"
EXPIRED = "3DSecure authentication has expired"


def example(language: str) -> str:
    """Return the how-to's block in a language."""
    (text,) = re.findall(
        rf"^```{language}\n(.*?)^```$", HOWTO.read_text(), re.MULTILINE | re.DOTALL
    )
    return str(text)


class ShopServer:
    """A shop's server with its own sandbox: it handles the page's requests and calls the mock."""

    def __init__(self, root: str, name: str, **created: Any) -> None:
        known = _call("PUT", f"{root}/_mock/sandboxes/{name}", created)
        self.base = known["base_url"]
        self.known = known
        self.host = ""
        """The Host header that the shop's server sends to the mock; that of its URL if empty."""
        self.card, self.more = FRICTIONLESS, dict[str, Any]()
        self.browser: list[dict[str, Any]] = []
        self.statuses: list[str] = []
        self.responses: list[dict[str, Any]] = []

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        shown = {"authorization": f"Bearer {self.known['access_token']}"}
        shown["content-type"] = "application/json"
        shown |= {"apikey": self.known["api_key"]} | ({"host": self.host} if self.host else {})
        return _call(method, self.base + path, body, shown)

    def pay(self, browser_info: dict[str, Any]) -> dict[str, Any]:
        self.browser.append(browser_info)
        card = {"number": self.card, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        threeds = {"source": "CLOVER", "browser_info": browser_info | {"browser_ip": "203.0.113.7"}}
        body = {
            "amount": LISTED[self.card],
            "currency": "usd",
            "source": self.call("POST", "/v1/tokens", {"card": card})["id"],
            "threeds": threeds,
        }
        return self.call("POST", "/v1/charges", body | self.more)

    def finalize(self, charge: str, flow_status: str) -> dict[str, Any]:
        threeds = {"source": "CLOVER", "flow_status": flow_status}
        body = {"charge_id": charge, "threeds": threeds}
        return self.call("POST", "/v1/charges/finalize_payment", body)

    def handle_pay(self, body: dict[str, Any]) -> dict[str, Any]:
        """Respond to the page's request to pay."""
        self.responses.append(self.pay(body["browser_info"]))
        return self.responses[-1]

    def handle_finalize(self, body: dict[str, Any]) -> dict[str, Any]:
        """Respond to the page's request to finalize a charge."""
        self.statuses.append(body["flow_status"])
        self.responses.append(self.finalize(body["charge"], body["flow_status"]))
        return self.responses[-1]

    def answer_challenge(self, result: str) -> None:
        """Answer the pending challenge with the control API."""
        (waiting,) = self.call("GET", "/_mock/threeds")["data"]
        self.call("POST", f"/_mock/threeds/{waiting['charge']}", {"result": result})


def _call(method: str, url: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data, headers or {}, method=method), timeout=60) as reply:
            return json.load(reply)
    except HTTPError as refused:
        with refused:
            return json.load(refused)


class Purchase(NamedTuple):
    """A shop page in a browser, the shop's server, and the browser's console errors."""

    page: Page
    backend: ShopServer
    errors: list[str]

    @property
    def bank(self) -> FrameLocator:
        return self.page.frame_locator("iframe[title='Your bank']")

    def buy(self, pan: str, **more: Any) -> None:
        self.backend.card, self.backend.more = pan, more
        self.page.click("#pay")

    def press(self, name: str) -> None:
        self.bank.get_by_role("button", name=name, exact=True).click()

    def is_asked(self) -> None:
        """Wait until the bank's page is loaded."""
        expect(self.bank.get_by_role("button", name="Approve")).to_be_visible()
        self.page.frames[-1].wait_for_load_state()

    def ends(self, message: str) -> None:
        """Wait for the final message of the page; the SDK must have removed its elements."""
        expect(self.page.locator("#message")).to_have_text(message)
        expect(self.page.locator("iframe, dialog")).to_have_count(0)
        self.page.evaluate("message.textContent = ''")


@pytest.fixture
def buying(
    request: pytest.FixtureRequest,
    shared_server: ServerProcess,
    shop: Shop,
    session: BrowserSession,
) -> Callable[..., Purchase]:
    """Return a function that opens the how-to's page, in a shop with a strict policy."""

    def start(*, by: BrowserSession = session, sdk: str = "") -> Purchase:
        backend = ShopServer(shared_server.url, re.sub(r"\W+", "-", request.node.name)[:60])
        html = example("html").replace(DOCUMENTED_ADDRESS, sdk or backend.base)
        policy = (
            f"default-src 'none'; script-src 'self' {shared_server.url}; connect-src 'self'; "
            f"frame-src {shared_server.url}; style-src 'none'; form-action 'none'; img-src 'self'"
        )
        url = shop.put("/", html, content_security_policy=policy)
        shop.put("/shop.js", HEARD + example("js"), "text/javascript")
        shop.handlers = {"/pay": backend.handle_pay, "/finalize": backend.handle_finalize}
        return Purchase(by.open(url), backend, by.errors)

    return start


def detail(*statuses: str) -> list[str]:
    """Return the expected events of statuses: each at the document and at the window."""
    message = [json.dumps({"_3DSStatus": each, "3DSStatus": each}) for each in statuses]
    return [each.replace(": ", ":").replace(", ", ",") for each in message for _ in range(2)]


# Complete flows -----------------------------------------------------------------------------------


@pytest.mark.firefox
def test_each_flow_goes_from_its_charge_to_its_end(buying: Callable[..., Purchase]) -> None:
    shopping = buying()
    backend, page = shopping.backend, shopping.page
    length = page.evaluate("history.length")
    shopping.buy(FRICTIONLESS)
    shopping.ends("succeeded")
    assert backend.statuses == []
    shopping.buy(METHOD)
    shopping.ends("succeeded")
    assert backend.statuses == ["SUCCESS"]
    shopping.buy(METHOD_CHALLENGE)
    expect(page.get_by_role("dialog", name="Verify your payment")).to_be_visible()
    expect(shopping.bank.locator(".sum strong")).to_have_text("70.01 USD")
    expect(shopping.bank.locator("dl")).to_contain_text("Visa •••• 4792")
    shopping.press("Approve")
    shopping.ends("succeeded")
    assert backend.responses[-1]["threeds"]["validation_result"] == "AUTHENTICATION_SUCCESSFUL"
    shopping.buy(CHALLENGE)
    shopping.press("Fail")
    shopping.ends(FAILED)
    assert backend.statuses == ["SUCCESS", "SUCCESS", "SUCCESS", "FAILED"]
    assert page.evaluate("events") == detail(*backend.statuses)
    assert page.evaluate("window._3DSUtil === window.clover3DSUtil")
    assert page.evaluate("history.length") == length  # so that Back leaves the shop's page


def test_page_of_the_bank_stays_until_its_answer_arrived(buying: Callable[..., Purchase]) -> None:
    shopping = buying()
    page = shopping.page
    loads, held = list[str](), list[tuple[Route, APIResponse]]()
    page.route("**/answer", lambda route: held.append((route, route.fetch(max_redirects=0))))
    shopping.buy(CHALLENGE)
    shopping.is_asked()
    page.on("request", lambda each: loads.append(each.url) if each.is_navigation_request() else 0)
    shopping.press("Approve")
    for _ in range(3):  # the first ones may be older than the answer
        with page.expect_response("**/status"):
            pass
    assert loads == []
    ((route, response),) = held
    route.fulfill(response=response)
    shopping.ends("succeeded")


def test_browser_info_has_documented_fields(
    buying: Callable[..., Purchase], new_session: Callable[..., BrowserSession]
) -> None:
    shopping = buying(by=new_session(locale="fr-CA", timezone_id="America/Los_Angeles"))
    shopping.buy(FRICTIONLESS)
    shopping.ends("succeeded")
    (result,) = shopping.backend.browser
    origin = shopping.page.url.rstrip("/")
    agent = result.pop("browser_user_agent")
    assert agent == shopping.page.evaluate("navigator.userAgent")
    assert result == {
        "browser_accept_header": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "browser_javascript_enabled": True,
        "browser_screen_width": "1280",
        "browser_screen_height": "720",
        "browser_tz": shopping.page.evaluate("String(new Date().getTimezoneOffset())"),
        "browser_color_depth": shopping.page.evaluate("String(screen.colorDepth)"),
        "browser_language": "fr-CA",
        "browser_java_enabled": False,
        "browser_http_origin": origin,
    }
    assert result["browser_tz"] in ("420", "480")


@pytest.mark.firefox
def test_a_bank_has_other_answers(buying: Callable[..., Purchase]) -> None:
    shopping = buying()
    ends = [
        ("Attempted", "ATTEMPTED", "succeeded"),
        ("Unavailable", "UNAVAILABLE", "succeeded"),
        ("Time out", "FAILED", EXPIRED),
    ]
    for name, status, message in ends:
        shopping.buy(CHALLENGE)
        shopping.bank.get_by_text("Other results").click()
        shopping.press(name)
        shopping.ends(message)
        assert shopping.backend.statuses.pop() == status


# Cancel and close ---------------------------------------------------------------------------------


def test_cancelling_challenge_rejects_payment(buying: Callable[..., Purchase]) -> None:
    """Clover's server uses its own status, whatever status the shop's page sends."""
    shopping = buying()
    page, backend = shopping.page, shopping.backend
    ways: list[Callable[[], None]] = [
        lambda: page.get_by_role("button", name="Cancel").click(),
        lambda: page.get_by_role("button", name="Cancel").press("Escape"),
        lambda: shopping.bank.get_by_role("button", name="Approve").press("Escape"),
    ]
    for leave in ways:
        shopping.buy(CHALLENGE)
        shopping.is_asked()
        leave()
        shopping.ends(FAILED)
        expect(page.locator("#pay")).to_be_focused()
        journal = backend.call("GET", "/_mock/journal?limit=1")["data"]
        assert journal[-1]["why"] == "3-D Secure challenge: issuer result 'fail'"
    assert backend.statuses == ["FAILED"] * len(ways)


def test_open_challenge_reacts_to_control_call(buying: Callable[..., Purchase]) -> None:
    shopping = buying()
    backend = shopping.backend
    happenings: list[tuple[Callable[[], Any], str, str]] = [
        (lambda: backend.answer_challenge("approve"), "SUCCESS", "succeeded"),
        (lambda: backend.answer_challenge("timeout"), "FAILED", EXPIRED),
        (lambda: backend.call("PUT", "/_mock/clock", {"advance": "10m"}), "FAILED", EXPIRED),
    ]
    for happen, status, message in happenings:
        shopping.buy(CHALLENGE)
        shopping.is_asked()
        happen()
        shopping.ends(message)
        assert backend.statuses.pop() == status


def test_method_timeout_is_unavailable(
    buying: Callable[..., Purchase], new_session: Callable[..., BrowserSession]
) -> None:
    shopping = buying(by=new_session())  # whose clock is replaced
    page = shopping.page
    page.clock.install(time=0)
    page.clock.pause_at(1_000)
    page.route("**/3ds/notification/*", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        shopping.buy(METHOD)
    page.clock.fast_forward(9_900)
    assert page.evaluate("events") == []
    page.clock.fast_forward(100)
    shopping.ends("succeeded")
    assert shopping.backend.statuses == ["UNAVAILABLE"]
    threeds = shopping.backend.responses[-1]["threeds"]
    assert threeds["liability_protection_status"] == "NOT_PROTECTED"
    shopping.errors.clear()  # of the page that did not load


@pytest.mark.firefox
def test_focus_is_trapped_in_challenge_dialog(buying: Callable[..., Purchase]) -> None:
    """Each focus stop is awaited: the bank's frame has its own process."""
    shopping = buying()
    page, bank = shopping.page, shopping.bank
    shopping.buy(CHALLENGE)
    shopping.is_asked()
    approve, fail = (bank.get_by_role("button", name=name) for name in ("Approve", "Fail"))
    others = bank.locator("summary")
    cancel = page.get_by_role("button", name="Cancel")
    approve.focus()
    for stop in (fail, others, cancel, approve) * 2:
        page.keyboard.press("Tab")
        expect(stop).to_be_focused()
    # Backwards, the bank's page itself is a stop between Cancel and its last control.
    for stop in (cancel, page.locator("iframe"), others, fail, approve, cancel):
        page.keyboard.press("Shift+Tab")
        expect(stop).to_be_focused()
    fail.press("Enter")
    shopping.ends(FAILED)


def test_a_bank_that_loads_late_leaves_the_focus_on_cancel(buying: Callable[..., Purchase]) -> None:
    shopping = buying()
    page = shopping.page
    cancel = page.get_by_role("button", name="Cancel")

    def load_late(route: Route) -> None:
        cancel.focus()
        page.locator("iframe").evaluate(
            "frame => { frame.addEventListener('load', () => { document.title = 'Loaded' }) }"
        )
        route.continue_()

    page.route("**/3ds/challenge/*", load_late)
    shopping.buy(CHALLENGE)
    expect(page).to_have_title("Loaded")
    expect(cancel).to_be_focused()
    cancel.press("Enter")
    shopping.ends(FAILED)


# Other windows and errors -------------------------------------------------------------------------


def test_concurrent_challenges_are_independent(buying: Callable[..., Purchase]) -> None:
    """The second one is on top; the promises show whose event it is."""
    shopping = buying()
    page, backend = shopping.page, shopping.backend
    page.route("**/finalize", lambda route: route.fulfill(json={}))
    backend.card = CHALLENGE
    browser = page.evaluate("_3DSUtil.getBrowserInfo()")
    both = [backend.pay(browser) for _ in range(2)]
    page.evaluate(
        """both => { both.forEach(({ threeds: { data } }, at) =>
          _3DSUtil.perform3DSChallenge({ messageVersion: data.threeds_protocol_version,
            acsTransID: data.acs_transaction_id, acsUrl: data.acs_url,
            threeDSServerTransID: data.threeds_server_transaction_id,
          }).then(({ _3DSStatus }) => { document.title += `, ${at} ${_3DSStatus}` })) }""",
        both,
    )
    expect(page.get_by_role("dialog")).to_have_count(2)
    page.frame_locator("iframe").last.get_by_role("button", name="Fail").click()
    expect(page.locator("iframe")).to_have_count(1)
    backend.call("POST", f"/_mock/threeds/{both[0]['id']}", {"result": "approve"})
    expect(page).to_have_title("Shop, 1 FAILED, 0 SUCCESS")


FORGED = """
([transaction, home]) => {
  const said = { transaction, status: "SUCCESS" };
  window.postMessage(said, "*");
  const bank = document.querySelector("div").shadowRoot.querySelector("iframe").contentWindow;
  for (const word of ["approve", "hello", { clover3DS: "approve" }, { ...said, clover3DS: 1 }]) {
    bank.postMessage(word, home);
  }
  const stranger = document.createElement("iframe");
  stranger.src = home + "/3ds/static/issuer.js";
  stranger.title = "stranger";
  document.body.append(stranger);
}
"""
STRANGER = """<script>
parent.postMessage({ transaction: location.hash.slice(1), status: "SUCCESS" }, "*");
parent.said = 1;
</script>"""
"""A page of the shop, in the bank's frame."""
LAST_MESSAGE = """new Promise((received) => {
  addEventListener("message", ({ data }) => data === "last" && received());
  postMessage("last");
})"""
"""Messages arrive in the order in which they were posted: all earlier ones were received."""


def test_forged_messages_cannot_approve(
    buying: Callable[..., Purchase], shared_server: ServerProcess, shop: Shop
) -> None:
    """Messages from the page, another frame of the mock, or another page in the bank's frame."""
    shopping = buying()
    page, backend = shopping.page, shopping.backend
    shop.files["/"] = shop.files["/"]._replace(headers={})  # whose policy allows no other frames
    shop.put("/stranger", STRANGER)
    page.reload()
    hostile = "</dd><script>parent.hacked = 1</script>&amp;\u202e"
    shopping.buy(CHALLENGE, description=hostile)
    expect(shopping.bank.locator("dl")).to_contain_text(hostile)
    shopping.is_asked()
    (waiting,) = backend.call("GET", "/_mock/threeds")["data"]
    transaction = waiting["data"]["threeds_server_transaction_id"]
    page.evaluate(FORGED, [transaction, shared_server.url])
    expect(page.frame_locator("[title=stranger]").locator("body")).to_contain_text("use strict")
    page.frames[-1].evaluate(
        "said => parent.postMessage(said, '*')", {"transaction": transaction, "status": "SUCCESS"}
    )
    expect(shopping.bank.get_by_role("button", name="Approve")).to_be_visible()
    page.locator("iframe[title='Your bank']").evaluate(
        "(frame, transaction) => frame.src = '/stranger#' + transaction", transaction
    )
    page.wait_for_function("window.said")
    page.evaluate(LAST_MESSAGE)
    assert page.evaluate("events") == []
    (waiting,) = backend.call("GET", "/_mock/threeds")["data"]
    assert waiting["result"] is None
    shopping.errors.clear()  # of the greeting, which is for our origin only


def test_invalid_sdk_arguments_throw(buying: Callable[..., Purchase]) -> None:
    shopping = buying()
    page, backend = shopping.page, shopping.backend
    backend.card = CHALLENGE
    data = backend.pay(page.evaluate("_3DSUtil.getBrowserInfo()"))["threeds"]["data"]
    body = {
        "messageVersion": data["threeds_protocol_version"],
        "acsTransID": data["acs_transaction_id"],
        "acsUrl": data["acs_url"],
        "threeDSServerTransID": data["threeds_server_transaction_id"],
    }
    method = data["acs_url"].replace("challenge", "method")
    mistakes = [
        ({"acsUrl": None}, "acsUrl is missing"),
        ({"threeDSServerTransID": ""}, "threeDSServerTransID is missing"),
        ({"acsUrl": "https://bank.example/acs"}, "acsUrl is not a mock-clover challenge page"),
        ({"acsUrl": method}, "acsUrl is not a mock-clover challenge page"),
        ({"threeDSServerTransID": "x"}, "threeDSServerTransID does not match acsUrl"),
    ]
    attempt = (
        "asked => { try { _3DSUtil.perform3DSChallenge(asked) } catch (e) { return e.message } }"
    )
    for wrong, message in mistakes:
        expected = f"Clover3DS.perform3DSChallenge: {message}"
        assert page.evaluate(attempt, body | wrong) == expected
    expect(page.locator("iframe")).to_have_count(0)
    with page.expect_console_message(lambda message: "acsTransID" in message.text):
        page.evaluate(attempt, body | {"acsTransID": "x"})
    shopping.errors.clear()
    expect(shopping.bank.locator("#wrong")).to_have_text(
        f"acsTransID is 'x', but the charge's threeds.data has '{body['acsTransID']}'"
    )
    page.route("**/finalize", lambda route: route.fulfill(json={"status": "left"}))
    page.get_by_role("button", name="Cancel").click()
    shopping.ends("left")
    assert page.evaluate("events") == detail("FAILED")


# Other host names ---------------------------------------------------------------------------------


def test_a_page_opens_where_the_script_came_from(
    buying: Callable[..., Purchase], shared_server: ServerProcess, session: SharedBrowserSession
) -> None:
    """A shop in a container knows the mock by a host name that no browser can resolve."""
    session.page.set_viewport_size({"width": 360, "height": 640})
    shopping = buying(sdk=shared_server.url)
    shopping.backend.host = "mock-clover:4242"
    shopping.buy(METHOD_CHALLENGE)
    approve = shopping.bank.get_by_role("button", name="Approve")
    expect(approve).to_be_in_viewport(ratio=1)
    (waiting,) = shopping.backend.call("GET", "/_mock/threeds")["data"]
    assert waiting["data"]["acs_url"].startswith("http://mock-clover:4242/sandbox/")
    box = shopping.page.get_by_role("dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 360, "height": 640}
    fits = "() => document.documentElement.scrollWidth <= innerWidth"
    assert all(frame.evaluate(fits) for frame in shopping.page.frames)
    approve.click()
    shopping.ends("succeeded")


def test_a_bank_needs_no_script(
    shared_server: ServerProcess, new_session: Callable[..., Any]
) -> None:
    backend = ShopServer(shared_server.url, "no-script")
    backend.card = METHOD_CHALLENGE
    pending = backend.pay(BROWSER)
    page = new_session(java_script_enabled=False).open(pending["threeds"]["data"]["method_url"])
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("The bank has checked your browser.")
    pending = backend.finalize(pending["id"], "SUCCESS")
    page.goto(pending["threeds"]["data"]["acs_url"])
    page.get_by_role("button", name="Fail").click()
    expect(page.locator("main")).to_contain_text("The bank declined the authentication.")
    page.go_back()
    expect(page.locator("main")).to_contain_text("The bank declined the authentication.")
    assert backend.finalize(pending["id"], "SUCCESS")["error"]["message"] == FAILED
    page.reload()
    expect(page.locator("main")).to_contain_text("This payment has already been processed.")
