"""A web page of another origin cannot control a mock on the visitor's machine.

The page may be on another site, on another port of the same host, or under a name that it pointed
at this machine (DNS rebinding). It may frame only the pages that shops frame.
"""

import json
import re
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import urlencode

import pytest
from browser_session import WAIT_MS, BrowserSession, until
from gallery import CART
from playwright.sync_api import Page, expect
from shop import Shop
from shop_server import THREEDS, Backend

from mock_clover.testing import MockClover
from tests.in_process import CONTROL
from tests.server_process import ServerProcess

NewSession = Callable[..., BrowserSession]

STEERING: dict[str, dict[str, Any]] = {
    "/_mock/faults": {"kind": "problem", "problem": "RATE_LIMIT"},
    "/_mock/fork": {"name": "stolen"},
    "/_mock/scenario": {"name": "declines"},
    "/_mock/clock": {"advance": "1h"},
    "/_mock/webhooks": {"url": "http://127.0.0.1:9/stolen", "handshake": False},
    "/_mock/webhooks/send": {"event": "P:CREATE"},
    "/_mock/sandboxes/{name}": {},
}
"""Bodies with which a call would succeed if it were allowed."""

# Every way in which a page can send a request.
ATTACK = """async ({ base, calls, waitMs }) => {
  const read = [];
  const settle = (start) => new Promise((done, late) => {
    start(done);
    setTimeout(() => late(Error(`no event: ${start}`)), waitMs);
  });
  const load = (element, url) => settle((done) => {
    element.onload = element.onerror = done;
    element[element.localName === 'link' ? 'href' : 'src'] = url;
    document.body.append(element);
  });
  const ask = async (url, options) => {
    try {
      const reply = await fetch(url, options);
      if (reply.type !== 'opaque') read.push(`${options.method} ${url} ${reply.status}`);
    } catch { /* blocked, as expected */ }
  };
  const plain = { 'content-type': 'text/plain' };
  await Promise.all(calls.map(async ({ method, path, body }) => {
    const url = base + path;
    const given = method === 'GET' ? {} : { body, headers: plain };
    await ask(url, { method, mode: 'cors', ...given });
    await ask(url, { method, mode: 'cors', credentials: 'include', ...given });
    await ask(url, { method, mode: 'no-cors', ...given });
    if (method !== 'GET') {
      await ask(url, { method, body, headers: { 'content-type': 'application/json' } });
      navigator.sendBeacon(url, body);
    }
    if (method === 'POST') {
      const frame = document.createElement('iframe');
      frame.name = `frame-${path}`;
      document.body.append(frame);
      const form = document.body.appendChild(document.createElement('form'));
      Object.assign(form, { method: 'post', enctype: 'text/plain', action: url });
      form.target = frame.name;
      // A form can send JSON: the name is the JSON up to the value that closes it.
      const input = form.appendChild(document.createElement('input'));
      input.name = `${body.slice(0, -1)}${body === '{}' ? '' : ','}"x":"`;
      input.value = '"}';
      await settle((done) => { frame.onload = done; form.submit(); });
    }
  }));
  for (const name of ['img', 'script']) {
    await load(document.createElement(name), `${base}/_mock/journal`);
  }
  await settle((done) => {
    const events = new EventSource(`${base}/_mock/journal`);
    events.onerror = done;
    events.onopen = events.onmessage = () => { read.push('events'); done(); };
  });
  await settle((done) => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/_mock/journal`);
    socket.onerror = done;
    socket.onopen = () => { read.push('a socket'); done(); };
  });
  return read;
}"""


def calls() -> list[dict[str, str]]:
    """Return every control request, with a body with which it would succeed."""
    created = []
    for endpoint in CONTROL:
        if not endpoint.path.startswith("/_mock/") or endpoint.name == "openapi":
            continue
        path = re.sub(r"{\w+}", "stolen", endpoint.path)
        body = json.dumps(STEERING.get(endpoint.path, {}))
        created.append({"method": endpoint.method, "path": path, "body": body})
    return created


def state(clover: MockClover) -> dict[str, Any]:
    """Return everything that a control request can change."""
    result = {
        path: Backend(clover).send("GET", path).body
        for path in ("/_mock/faults", "/_mock/scenario", "/_mock/webhooks", "/_mock/deliveries")
    }
    servers = Backend(clover).send("GET", "/_mock/sandboxes").body["data"]
    taken = [each["name"] for each in servers if "stolen" in each["name"]]
    return result | {"snapshot": clover.snapshot(), "stolen": taken}


@pytest.mark.parametrize("origin", ["another site", "another port", "a name that was rebound"])
def test_foreign_page_cannot_make_control_calls(
    origin: str,
    shared_server: ServerProcess,
    clover: MockClover,
    shop: Shop,
    new_session: NewSession,
) -> None:
    clover.clock.freeze()
    before = state(clover)
    session = new_session()
    base = clover.url
    if origin == "a name that was rebound":
        # For the browser this is the same origin as the mock; only the Host header differs.
        base = base.replace("127.0.0.1", "rebound.example")
        page = session.open(f"http://rebound.example:{shared_server.port}/livez")
    else:
        url = shop.put("/", "<!doctype html><title>Attacker</title><body></body>")
        page = session.open(
            url if origin == "another site" else url.replace("localhost", "127.0.0.1")
        )
    expected = calls()
    answered: list[tuple[str, str, int]] = []
    session.context.on(
        "response", lambda got: answered.append((got.request.method, got.url, got.status))
    )
    own = page.url
    read = page.evaluate(ATTACK, {"base": base, "calls": expected, "waitMs": WAIT_MS})
    # Other methods than GET and POST need a preflight, which is rejected.
    sent = [each for each in expected if each["method"] in ("GET", "POST")]
    wanted = {(each["method"], base + each["path"]) for each in sent}
    until(lambda: (page.title(), wanted - {each[:2] for each in answered})[1], set().__eq__)
    assert {url for _, url, status in answered if status != 403} <= {own}
    if origin == "a name that was rebound":
        assert {each.rpartition(" ")[2] for each in read} == {"403"}
        session.external_requests.clear()
    else:
        assert read == []
    assert state(clover) == before
    session.errors.clear()


# Frames -------------------------------------------------------------------------------------------

ANYONE, NOBODY = True, False


def framed_pages(clover: MockClover, shop: Shop) -> dict[str, bool]:
    """Return URLs, and whether a page of another origin may frame them."""
    root = clover.url.partition("/sandbox/")[0]
    result = Backend(clover)
    query = {
        "client_id": clover.client_id,
        "redirect_uri": f"{shop.url}/cb",
        "mock_clover_consent": "ask",
    }
    pending = result.charge(clover.card_token("4012000033330026"), 25001, threeds=THREEDS).body
    fields = [f"{clover.url}/sdk/{page}" for page in ("field", "button", "wallet", "test-cards")]
    return dict.fromkeys((*fields, pending["threeds"]["data"]["acs_url"]), ANYONE) | dict.fromkeys(
        (
            f"{root}/",
            f"{root}/_mock/",
            f"{clover.url}/_mock/",
            result.checkout(shoppingCart=CART),
            f"{clover.url}/oauth/authorize?{urlencode(query)}",
            f"{clover.url}/oauth/v2/authorize?{urlencode(query)}",
        ),
        NOBODY,
    )


def test_frame_ancestors_of_every_page(
    clover: MockClover, shop: Shop, new_session: NewSession
) -> None:
    result = framed_pages(clover, shop)
    frames = "".join(f'<iframe src="{escape(url)}"></iframe>' for url in result)
    session = new_session()
    for origin in (shop.url, shop.url.replace("localhost", "127.0.0.1")):
        shop.put("/", f"<!doctype html><title>Attacker</title>{frames}")
        page = session.open(f"{origin}/")
        assert {url: is_shown(page, number) for number, url in enumerate(result)} == result
    session.wait_for_errors("frame-ancestors", 2 * list(result.values()).count(NOBODY))


def is_shown(page: Page, number: int) -> bool:
    """Return whether a frame shows its page and not the browser's error page."""
    handle = page.locator("iframe").nth(number).element_handle()
    frame = handle and handle.content_frame()
    assert frame
    frame.wait_for_load_state()
    expect(page.locator("iframe").nth(number)).to_be_visible()
    return not frame.url.startswith("chrome-error:")
