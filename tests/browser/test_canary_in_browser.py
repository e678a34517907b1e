"""A card number that is typed into the fields does not leak: into no page, log or record.

The page around the fields records all that it can read. Everything that the server keeps, prints or
shows is searched too. A control test checks that a leaking script is detected.
"""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from browser_session import BrowserSession
from gallery import (
    PICKER,
    SceneContext,
    dashboard,
    field,
    pay_hosted,
    places,
    shop_fields,
    type_card,
)
from playwright.sync_api import Page, Route, expect
from shop import Shop
from shop_server import Backend

from mock_clover.client import stream_events
from mock_clover.testing import MockClover
from mock_clover.testing.http_transport import HttpTransport
from tests.core.test_canary import VERBOSE
from tests.hostile import KINDS
from tests.raw_http import command_with, eventually
from tests.server_process import ServerProcess

WATCH = (Path(__file__).parent / "watch.js").read_text("utf-8")
PAN, CVV = "375987654321079", "7391"
"""An American Express number that no scenario has, so that the CVV has four digits."""
DURATION = re.compile(r'"\w+_(us|ms)": ?\d+|\b\d+\.\d+ms\b')
"""In JSON and in the log; it may have any digits, the CVV's too."""
_PAN = re.compile("[^0-9]{0,3}".join(PAN))
_CVV = re.compile(rf"(?<![0-9A-Za-z.]){CVV}(?![0-9A-Za-z])")


def find_leaks(*texts: str) -> list[str]:
    """Return where texts contain the number or the CVV, each with its context."""
    text = DURATION.sub("", "\n".join((*texts, *map(unquote, texts))))
    found = (*_PAN.finditer(text), *_CVV.finditer(text))
    return [text[max(0, hit.start() - 60) : hit.end() + 20] for hit in found]


def told_to(page: Page) -> list[str]:
    """Return all that a watching page has recorded."""
    return list(page.evaluate("toldToThePage()"))


def watching(new_session: Callable[..., BrowserSession]) -> BrowserSession:
    session = new_session(viewport={"width": 1280, "height": 1400})
    session.context.add_init_script(WATCH)
    return session


def test_card_number_does_not_leak(
    start_server: Callable[..., ServerProcess],
    shop: Shop,
    new_session: Callable[..., BrowserSession],
) -> None:
    server = start_server(python=command_with("httptools", *VERBOSE))
    line = HttpTransport(server.url)
    clover, session = MockClover.create(line, "canary", {}), watching(new_session)
    seen: dict[str, list[str]] = {"console": []}
    session.context.on("console", lambda message: seen["console"].append(message.text))
    page = shop_fields(SceneContext(clover, shop, session))
    type_card(page, PAN, CVV)
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Paid 1800")
    field(page, "cvv").fill("1")
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Look at your card again")
    seen["the shop's page"] = told_to(page)
    for text in ("clv_1TST", "Card CVV is invalid"):
        assert any(text in each for each in seen["the shop's page"]), text
    seen["the shop's server"] = [*shop.requested_paths, *map(json.dumps, shop.posted_bodies)]
    hosted = session.open(Backend(clover).checkout())
    for cvv in ("1", CVV):
        with hosted.expect_navigation():
            pay_hosted(hosted, PAN, cvv)
        seen.setdefault("the hosted checkout", []).append(hosted.content())
    seen |= kept(clover)
    for place in places(clover):
        seen[f"the dashboard at {place}"] = [dashboard(session, clover, place).evaluate(WHOLE)]
    line.close()
    session.context.close()
    assert server.stop() == 0
    seen["the log"] = [server.log.read_text()]
    assert "/v1/tokens" in seen["the log"][0]
    assert {where: find_leaks(*texts) for where, texts in seen.items() if find_leaks(*texts)} == {}
    session.errors.clear()  # of rejected requests, which are 400 responses


WHOLE = """() => document.documentElement.outerHTML +
  [...document.querySelectorAll('input, textarea, select')].map(({ value }) => value).join('\\n')"""


def kept(clover: MockClover) -> dict[str, list[str]]:
    """Return everything that can be read from a sandbox."""
    backend = Backend(clover)
    journal = clover.journal(limit=1000)
    paths = ["journal?limit=1000", "rows", "webhooks", "deliveries", "checkouts", "threeds", "env"]
    paths += [f"journal/{each['id']}" for each in journal]
    paths += [f"rows/{kind}?limit=200" for kind in KINDS]
    answers = [backend.send("GET", f"/_mock/{path}") for path in paths]
    for answer in answers:  # these have a test card of the scenario on purpose
        for name in ("code", "curl", "template"):
            answer.body.pop(name, None)
    message = [json.dumps(answer) for answer in answers]
    stream = stream_events(f"{clover.url}/_mock/journal", 0, {})
    return {
        "control calls": message,
        "the snapshot": [json.dumps(clover.snapshot())],
        "the stream": [json.dumps(each) for each in itertools.islice(stream, len(journal))],
    }


def test_picked_test_card_does_not_leak(
    clover: MockClover, shop: Shop, new_session: Callable[..., BrowserSession]
) -> None:
    clover.scenario({"name": "canary", "cards": [{"number": PAN, "outcome": "approve"}]})
    session = watching(new_session)
    message: list[str] = []
    session.context.on("console", lambda line: message.append(line.text))
    page = shop_fields(SceneContext(clover, shop, session), "?mock_clover_cards=1")
    page.frame_locator(PICKER).get_by_role("button", name=PAN[-4:]).click()
    expect(field(page, "number")).to_have_value("3759 876543 21079")
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Paid 1800")
    page.frame_locator("#google-pay iframe").get_by_role("button").click()
    sheet = page.frame_locator("dialog[open] iframe")
    expect(sheet.get_by_role("option", name=PAN[-4:])).to_be_attached()
    sheet.locator(".pay").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    eventually(lambda: len(clover.charges) == 2)
    charges = Backend(clover).send("GET", "/v1/charges").body["data"]
    assert [each["source"]["last4"] for each in charges] == [PAN[-4:]] * 2
    seen = [*message, *told_to(page), *map(json.dumps, shop.posted_bodies)]
    assert find_leaks(*seen, *kept(clover)["control calls"]) == []


LEAKS = {
    "a message": "parent.postMessage(VALUE, '*')",
    "a message of single keys": "parent.postMessage({ typed: [...VALUE].join('-') }, '*')",
    "the console": "console.log('typed', VALUE)",
    "a picture at the shop": "new Image().src = `${location.ancestorOrigins[0]}/x?${VALUE}`",
}
"""Scripts that a field might run beside its own."""


@pytest.mark.parametrize("leak", LEAKS)
def test_leaking_field_is_detected(
    leak: str, clover: MockClover, shop: Shop, new_session: Callable[..., BrowserSession]
) -> None:
    session = watching(new_session)
    message: list[str] = []

    def leaky(route: Route) -> None:
        program = LEAKS[leak].replace("VALUE", "target.value")
        script = f"addEventListener('input', ({{ target }}) => {{ {program} }});"
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + script)

    session.context.on("console", lambda line: message.append(line.text))
    session.context.route("**/sdk/static/field.js", leaky)
    page = shop_fields(SceneContext(clover, shop, session))
    field(page, "number").fill(PAN)
    assert eventually(lambda: find_leaks(*message, *told_to(page))), leak
    session.errors.clear()  # of the image, which the frame's policy blocked
