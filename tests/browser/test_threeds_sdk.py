"""3-D Secure in a browser: the how-to's page on another origin, from its charge to its end."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import FrameLocator, Page, Route, expect
from shop import Shop
from visitor import SharedVisitor, Visitor

from tests.clover.threeds.test_threeds import (
    CHALLENGE,
    FRICTIONLESS,
    LISTED,
    METHOD,
    METHOD_CHALLENGE,
)
from tests.hostile import BROWSER
from tests.served import Served

HOWTO = Path(__file__).parents[2] / "docs/howto/three-d-secure.md"
DOCUMENTED_ADDRESS = "http://127.0.0.1:4242"
HEARD = """
window.heard = [];
for (const target of [document, window]) {
  target.addEventListener("executePatch", ({ detail }) => heard.push(JSON.stringify(detail)));
}
"""
"""Counts what reaches a listener at the document and one at the window."""
FAILED = "3-D Secure authentication failed"
EXPIRED = "3DSecure authentication has expired"


def example(language: str) -> str:
    """Return the how-to's block in a language."""
    (text,) = re.findall(
        rf"^```{language}\n(.*?)^```$", HOWTO.read_text(), re.MULTILINE | re.DOTALL
    )
    return str(text)


class ShopServer:
    """What a shop's page asks of its server, that asks of the mock; a sandbox of its own."""

    def __init__(self, root: str, name: str, **made: Any) -> None:
        known = _call("PUT", f"{root}/_mock/sandboxes/{name}", made)
        self.base = known["base_url"]
        self.known = known
        self.host = ""
        """By which name the shop's server knows the mock; its address if empty."""
        self.card, self.more = FRICTIONLESS, dict[str, Any]()
        self.browser: list[dict[str, Any]] = []
        self.statuses: list[str] = []
        self.answers: list[dict[str, Any]] = []

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        shown = {"authorization": f"Bearer {self.known['access_token']}"}
        shown |= {"apikey": self.known["api_key"]} | ({"host": self.host} if self.host else {})
        return _call(method, self.base + path, body, shown)

    def pay(self, browser_info: dict[str, Any]) -> dict[str, Any]:
        self.browser.append(browser_info)
        card = {"number": self.card, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        threeds = {"source": "CLOVER", "browser_info": browser_info | {"browser_ip": "203.0.113.7"}}
        asked = {
            "amount": LISTED[self.card],
            "currency": "usd",
            "source": self.call("POST", "/v1/tokens", {"card": card})["id"],
            "threeds": threeds,
        }
        return self.call("POST", "/v1/charges", asked | self.more)

    def finalize(self, charge: str, flow_status: str) -> dict[str, Any]:
        threeds = {"source": "CLOVER", "flow_status": flow_status}
        asked = {"charge_id": charge, "threeds": threeds}
        return self.call("POST", "/v1/charges/finalize_payment", asked)

    def answer(self, route: Route) -> None:
        """Answer the page."""
        body = route.request.post_data_json
        if route.request.url.endswith("/pay"):
            got = self.pay(body["browser_info"])
        else:
            self.statuses.append(body["flow_status"])
            got = self.finalize(body["charge"], body["flow_status"])
        self.answers.append(got)
        route.fulfill(json=got)

    def say(self, result: str) -> None:
        """Answer for the cardholder of what waits, by control call."""
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


class Visit(NamedTuple):
    """A shop's page in a browser, the shop's server behind it, and the browser's complaints."""

    page: Page
    till: ShopServer
    complaints: list[str]

    @property
    def bank(self) -> FrameLocator:
        return self.page.frame_locator("iframe[title='Your bank']")

    def buy(self, pan: str, **more: Any) -> None:
        self.till.card, self.till.more = pan, more
        self.page.click("#pay")

    def press(self, name: str) -> None:
        self.bank.get_by_role("button", name=name, exact=True).click()

    def is_asked(self) -> None:
        """Wait for the bank's page, whole."""
        expect(self.bank.get_by_role("button", name="Approve")).to_be_visible()
        self.page.frames[-1].wait_for_load_state()

    def ends(self, said: str) -> None:
        """Wait for what the page says in the end; nothing of the SDK's is left in it then."""
        expect(self.page.locator("#message")).to_have_text(said)
        expect(self.page.locator("iframe, dialog")).to_have_count(0)
        self.page.evaluate("message.textContent = ''")


@pytest.fixture
def buying(
    request: pytest.FixtureRequest, served: Served, shop: Shop, visitor: Visitor
) -> Callable[..., Visit]:
    """Return an opener of the how-to's page, whose shop allows as little as can be."""

    def start(*, by: Visitor = visitor, sdk: str = "") -> Visit:
        till = ShopServer(served.url, re.sub(r"\W+", "-", request.node.name)[:60])
        html = example("html").replace(DOCUMENTED_ADDRESS, sdk or till.base)
        policy = (
            f"default-src 'none'; script-src 'self' {served.url}; connect-src 'self'; "
            f"frame-src {served.url}; style-src 'none'; form-action 'none'; img-src 'self'"
        )
        url = shop.put("/", html, content_security_policy=policy)
        shop.put("/shop.js", HEARD + example("js"), "text/javascript")
        by.context.route(re.compile(r"/(pay|finalize)$"), till.answer)
        return Visit(by.open(url), till, by.complaints)

    return start


def detail(*statuses: str) -> list[str]:
    """Return what is heard of statuses: each by the document's listener and by the window's."""
    said = [json.dumps({"_3DSStatus": each, "3DSStatus": each}) for each in statuses]
    return [each.replace(": ", ":").replace(", ", ",") for each in said for _ in range(2)]


# Whole walks --------------------------------------------------------------------------------------


def test_each_flow_goes_from_its_charge_to_its_end(buying: Callable[..., Visit]) -> None:
    shopping = buying()
    till, page = shopping.till, shopping.page
    length = page.evaluate("history.length")
    shopping.buy(FRICTIONLESS)
    shopping.ends("succeeded")
    assert till.statuses == []
    shopping.buy(METHOD)
    shopping.ends("succeeded")
    assert till.statuses == ["SUCCESS"]
    shopping.buy(METHOD_CHALLENGE)
    expect(page.get_by_role("dialog", name="Verify your payment")).to_be_visible()
    expect(shopping.bank.locator(".sum strong")).to_have_text("70.01 USD")
    expect(shopping.bank.locator("dl")).to_contain_text("Visa •••• 4792")
    shopping.press("Approve")
    shopping.ends("succeeded")
    assert till.answers[-1]["threeds"]["validation_result"] == "AUTHENTICATION_SUCCESSFUL"
    shopping.buy(CHALLENGE)
    shopping.press("Fail")
    shopping.ends(FAILED)
    assert till.statuses == ["SUCCESS", "SUCCESS", "SUCCESS", "FAILED"]
    assert page.evaluate("heard") == detail(*till.statuses)
    assert page.evaluate("window._3DSUtil === window.clover3DSUtil")
    assert page.evaluate("history.length") == length  # so that Back leads out of the shop's page


def test_browser_info_has_documented_fields(
    buying: Callable[..., Visit], visit: Callable[..., Visitor]
) -> None:
    shopping = buying(by=visit(locale="fr-CA", timezone_id="America/Los_Angeles"))
    shopping.buy(FRICTIONLESS)
    shopping.ends("succeeded")
    (told,) = shopping.till.browser
    agent = told.pop("browser_user_agent")
    assert agent == shopping.page.evaluate("navigator.userAgent")
    assert told == {
        "browser_accept_header": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "browser_javascript_enabled": True,
        "browser_screen_width": "1280",
        "browser_screen_height": "720",
        "browser_tz": shopping.page.evaluate("String(new Date().getTimezoneOffset())"),
        "browser_color_depth": shopping.page.evaluate("String(screen.colorDepth)"),
        "browser_language": "fr-CA",
        "browser_java_enabled": False,
        "browser_http_origin": shopping.page.url.rstrip("/"),
    }
    assert told["browser_tz"] in ("420", "480")


def test_a_bank_has_other_answers(buying: Callable[..., Visit]) -> None:
    shopping = buying()
    ends = [
        ("Attempted", "ATTEMPTED", "succeeded"),
        ("Unavailable", "UNAVAILABLE", "succeeded"),
        ("Time out", "FAILED", EXPIRED),
    ]
    for name, status, said in ends:
        shopping.buy(CHALLENGE)
        shopping.bank.get_by_text("Other results").click()
        shopping.press(name)
        shopping.ends(said)
        assert shopping.till.statuses.pop() == status


# Ways out -----------------------------------------------------------------------------------------


def test_cancelling_challenge_rejects_payment(buying: Callable[..., Visit]) -> None:
    """Whatever status the shop's page sends on: so does Clover's, whose server knows."""
    shopping = buying()
    page, till = shopping.page, shopping.till
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
        assert page.evaluate("document.activeElement.id") == "pay"
        journal = till.call("GET", "/_mock/journal?limit=1")["data"]
        assert journal[-1]["why"] == "3-D Secure challenge: issuer result 'fail'"
    assert till.statuses == ["FAILED"] * len(ways)


def test_open_challenge_reacts_to_control_call(buying: Callable[..., Visit]) -> None:
    shopping = buying()
    till = shopping.till
    happenings: list[tuple[Callable[[], Any], str, str]] = [
        (lambda: till.say("approve"), "SUCCESS", "succeeded"),
        (lambda: till.say("timeout"), "FAILED", EXPIRED),
        (lambda: till.call("PUT", "/_mock/clock", {"advance": "10m"}), "FAILED", EXPIRED),
    ]
    for happen, status, said in happenings:
        shopping.buy(CHALLENGE)
        shopping.is_asked()
        happen()
        shopping.ends(said)
        assert till.statuses.pop() == status


def test_method_timeout_is_unavailable(
    buying: Callable[..., Visit], visit: Callable[..., Visitor]
) -> None:
    shopping = buying(by=visit())  # whose clock is replaced
    page = shopping.page
    page.clock.install(time=0)
    page.clock.pause_at(1_000)
    page.route("**/3ds/notification/*", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        shopping.buy(METHOD)
    page.clock.fast_forward(9_900)
    assert page.evaluate("heard") == []
    page.clock.fast_forward(100)
    shopping.ends("succeeded")
    assert shopping.till.statuses == ["UNAVAILABLE"]
    threeds = shopping.till.answers[-1]["threeds"]
    assert threeds["liability_protection_status"] == "NOT_PROTECTED"
    shopping.complaints.clear()  # of the page that did not load


def test_focus_is_trapped_in_challenge_dialog(buying: Callable[..., Visit]) -> None:
    """Each stop is awaited: the bank's frame has its own process, so focus moves after the key."""
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
    # Backwards, the bank's page itself is a stop on the way from Cancel to its last control.
    for stop in (cancel, page.locator("iframe"), others, fail, approve, cancel):
        page.keyboard.press("Shift+Tab")
        expect(stop).to_be_focused()
    fail.press("Enter")
    shopping.ends(FAILED)


def test_a_bank_that_loads_late_leaves_the_focus_on_cancel(buying: Callable[..., Visit]) -> None:
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


# Strangers and mistakes ---------------------------------------------------------------------------


def test_concurrent_challenges_are_independent(buying: Callable[..., Visit]) -> None:
    """The second lies over the first; the promises tell whose event it is."""
    shopping = buying()
    page, till = shopping.page, shopping.till
    page.route("**/finalize", lambda route: route.fulfill(json={}))
    till.card = CHALLENGE
    browser = page.evaluate("_3DSUtil.getBrowserInfo()")
    both = [till.pay(browser) for _ in range(2)]
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
    till.call("POST", f"/_mock/threeds/{both[0]['id']}", {"result": "approve"})
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
"""A page of the shop's own, in the frame that was the bank's."""
LAST_MESSAGE = """new Promise((received) => {
  addEventListener("message", ({ data }) => data === "last" && received());
  postMessage("last");
})"""
"""Messages arrive in the order in which they were posted: all earlier ones were received."""


def test_forged_messages_cannot_approve(
    buying: Callable[..., Visit], served: Served, shop: Shop
) -> None:
    """Not the page, not another frame of the mock, not another page in the bank's frame."""
    shopping = buying()
    page, till = shopping.page, shopping.till
    shop.files["/"] = shop.files["/"]._replace(headers={})  # whose policy frames strangers
    shop.put("/stranger", STRANGER)
    page.reload()
    hostile = "</dd><script>parent.hacked = 1</script>&amp;\u202e"
    shopping.buy(CHALLENGE, description=hostile)
    expect(shopping.bank.locator("dl")).to_contain_text(hostile)
    shopping.is_asked()
    (waiting,) = till.call("GET", "/_mock/threeds")["data"]
    transaction = waiting["data"]["threeds_server_transaction_id"]
    page.evaluate(FORGED, [transaction, served.url])
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
    assert page.evaluate("heard") == []
    (waiting,) = till.call("GET", "/_mock/threeds")["data"]
    assert waiting["result"] is None
    shopping.complaints.clear()  # of the greeting, which is for our own origin only


def test_invalid_sdk_arguments_throw(buying: Callable[..., Visit]) -> None:
    shopping = buying()
    page, till = shopping.page, shopping.till
    till.card = CHALLENGE
    data = till.pay(page.evaluate("_3DSUtil.getBrowserInfo()"))["threeds"]["data"]
    asked = {
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
    for wrong, said in mistakes:
        expected = f"Clover3DS.perform3DSChallenge: {said}"
        assert page.evaluate(attempt, asked | wrong) == expected
    expect(page.locator("iframe")).to_have_count(0)
    with page.expect_console_message(lambda said: "acsTransID" in said.text):
        page.evaluate(attempt, asked | {"acsTransID": "x"})
    shopping.complaints.clear()
    expect(shopping.bank.locator("#wrong")).to_have_text(
        f"acsTransID is 'x', but the charge's threeds.data has '{asked['acsTransID']}'"
    )
    page.route("**/finalize", lambda route: route.fulfill(json={"status": "left"}))
    page.get_by_role("button", name="Cancel").click()
    shopping.ends("left")
    assert page.evaluate("heard") == detail("FAILED")


# Other places -------------------------------------------------------------------------------------


def test_a_page_opens_where_the_script_came_from(
    buying: Callable[..., Visit], served: Served, visitor: SharedVisitor
) -> None:
    """A shop in a container knows the mock by a name that no browser does."""
    visitor.page.set_viewport_size({"width": 360, "height": 640})
    shopping = buying(sdk=served.url)
    shopping.till.host = "mock-clover:4242"
    shopping.buy(METHOD_CHALLENGE)
    approve = shopping.bank.get_by_role("button", name="Approve")
    expect(approve).to_be_in_viewport(ratio=1)
    (waiting,) = shopping.till.call("GET", "/_mock/threeds")["data"]
    assert waiting["data"]["acs_url"].startswith("http://mock-clover:4242/sandbox/")
    box = shopping.page.get_by_role("dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 360, "height": 640}
    fits = "() => document.documentElement.scrollWidth <= innerWidth"
    assert all(frame.evaluate(fits) for frame in shopping.page.frames)
    approve.click()
    shopping.ends("succeeded")


def test_a_bank_needs_no_script(served: Served, visit: Callable[..., Any]) -> None:
    till = ShopServer(served.url, "no-script")
    till.card = METHOD_CHALLENGE
    pending = till.pay(BROWSER)
    page = visit(java_script_enabled=False).open(pending["threeds"]["data"]["method_url"])
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("The bank has checked your browser.")
    pending = till.finalize(pending["id"], "SUCCESS")
    page.goto(pending["threeds"]["data"]["acs_url"])
    page.get_by_role("button", name="Fail").click()
    expect(page.locator("main")).to_contain_text("The bank declined the authentication.")
    page.go_back()
    expect(page.locator("main")).to_contain_text("The bank declined the authentication.")
    assert till.finalize(pending["id"], "SUCCESS")["error"]["message"] == FAILED
    page.reload()
    expect(page.locator("main")).to_contain_text("This payment has already been processed.")
