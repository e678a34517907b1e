"""What a page of a stranger can do to the mock that runs on its reader's machine: nothing.

It may be on another site, on another port of the same host, or under a name of its own that it has
had pointed at this machine. It may frame what shops frame, and nothing else.
"""

import json
import re
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import urlencode

import pytest
from gallery import CART
from playwright.sync_api import Page, expect
from shop import Shop
from shop_server import SECURE, Backend
from visitor import WAIT_MS, Visitor

from mock_clover.control.surface import all_control_endpoints
from mock_clover.testing import MockClover
from tests.served import Served
from tests.world import World

Visit = Callable[..., Visitor]

STEERING: dict[str, dict[str, Any]] = {
    "/_mock/faults": {"kind": "problem", "problem": "RATE_LIMIT"},
    "/_mock/fork": {"name": "stolen"},
    "/_mock/scenario": {"name": "declines"},
    "/_mock/clock": {"advance": "1h"},
    "/_mock/webhooks": {"url": "http://127.0.0.1:9/stolen", "handshake": False},
    "/_mock/webhooks/send": {"event": "P:CREATE"},
    "/_mock/sandboxes/{name}": {},
}
"""Bodies with which a call would succeed, were it allowed."""

# Each way in which a page can make a call, by the words of its own program.
ATTACK = """async ({ base, calls, waitMs }) => {
  const read = [];
  const settle = (start) => new Promise((done, late) => {
    start(done);
    setTimeout(() => late(Error(`nothing came: ${start}`)), waitMs);
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
    } catch { /* refused, as it should be */ }
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
      // As forms smuggle JSON: all of it is the name, but for a value that closes it.
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


def calls(world: World) -> list[dict[str, str]]:
    """Return every control call, with a body by which it would succeed where there is one."""
    made = []
    for endpoint in all_control_endpoints(world.sandboxes):
        if not endpoint.path.startswith("/_mock/") or endpoint.name == "openapi":
            continue
        path = re.sub(r"{\w+}", "stolen", endpoint.path)
        body = json.dumps(STEERING.get(endpoint.path, {}))
        made.append({"method": endpoint.method, "path": path, "body": body})
    return made


def state(clover: MockClover) -> dict[str, Any]:
    """Return all of a sandbox that a control call could have changed."""
    told = {
        path: Backend(clover).ask("GET", path).body
        for path in ("/_mock/faults", "/_mock/scenario", "/_mock/webhooks", "/_mock/deliveries")
    }
    worlds = Backend(clover).ask("GET", "/_mock/sandboxes").body["data"]
    taken = [each["name"] for each in worlds if "stolen" in each["name"]]
    return told | {"snapshot": clover.snapshot(), "stolen": taken}


@pytest.mark.parametrize("origin", ["another site", "another port", "a name that was rebound"])
def test_foreign_page_cannot_make_control_calls(
    origin: str, world: World, served: Served, clover: MockClover, shop: Shop, visit: Visit
) -> None:
    clover.clock.freeze()
    before = state(clover)
    visitor = visit()
    base = clover.url
    if origin == "a name that was rebound":
        # To the browser this is one origin with what it attacks: only the Host tells.
        base = base.replace("127.0.0.1", "rebound.example")
        page = visitor.open(f"http://rebound.example:{served.port}/livez")
    else:
        url = shop.put("/", "<!doctype html><title>A stranger</title><body></body>")
        page = visitor.open(
            url if origin == "another site" else url.replace("localhost", "127.0.0.1")
        )
    expected = calls(world)
    answered: list[tuple[str, str, int]] = []
    visitor.context.on(
        "response", lambda got: answered.append((got.request.method, got.url, got.status))
    )
    read = page.evaluate(ATTACK, {"base": base, "calls": expected, "waitMs": WAIT_MS})
    assert {url for _, url, status in answered if status != 403} <= {page.url}
    # What is neither GET nor POST is asked for first, and not sent when that is refused.
    sent = [each for each in expected if each["method"] in ("GET", "POST")]
    wanted = {(each["method"], base + each["path"]) for each in sent}
    assert wanted - {each[:2] for each in answered} == set()
    if origin == "a name that was rebound":
        assert {each.rpartition(" ")[2] for each in read} == {"403"}
        visitor.strangers.clear()
    else:
        assert read == []
    assert state(clover) == before
    visitor.complaints.clear()


# Frames -------------------------------------------------------------------------------------------

ANYONE, NOBODY = True, False


def framed_pages(clover: MockClover, shop: Shop) -> dict[str, bool]:
    """Return pages, and whether a page of any origin may frame them."""
    root = clover.url.partition("/sandbox/")[0]
    told = Backend(clover)
    asked = {
        "client_id": clover.client_id,
        "redirect_uri": f"{shop.url}/cb",
        "mock_clover_consent": "ask",
    }
    pending = told.charge(clover.card_token("4012000033330026"), 25001, threeds=SECURE).body
    fields = [f"{clover.url}/sdk/{page}" for page in ("field", "button", "wallet", "test-cards")]
    return dict.fromkeys((*fields, pending["threeds"]["data"]["acs_url"]), ANYONE) | dict.fromkeys(
        (
            f"{root}/",
            f"{root}/_mock/",
            f"{clover.url}/_mock/",
            told.checkout(shoppingCart=CART),
            f"{clover.url}/oauth/authorize?{urlencode(asked)}",
            f"{clover.url}/oauth/v2/authorize?{urlencode(asked)}",
        ),
        NOBODY,
    )


def test_frame_ancestors_of_every_page(clover: MockClover, shop: Shop, visit: Visit) -> None:
    told = framed_pages(clover, shop)
    frames = "".join(f'<iframe src="{escape(url)}"></iframe>' for url in told)
    visitor = visit()
    for origin in (shop.url, shop.url.replace("localhost", "127.0.0.1")):
        shop.put("/", f"<!doctype html><title>A stranger</title>{frames}")
        page = visitor.open(f"{origin}/")
        assert {url: is_shown(page, number) for number, url in enumerate(told)} == told
    refused = [each for each in visitor.complaints if "frame-ancestors" in each]
    assert len(refused) == 2 * list(told.values()).count(NOBODY)
    visitor.complaints.clear()


def is_shown(page: Page, number: int) -> bool:
    """Tell whether a frame shows its page and not the browser's own refusal."""
    handle = page.locator("iframe").nth(number).element_handle()
    frame = handle and handle.content_frame()
    assert frame
    frame.wait_for_load_state()
    expect(page.locator("iframe").nth(number)).to_be_visible()
    return not frame.url.startswith("chrome-error:")
