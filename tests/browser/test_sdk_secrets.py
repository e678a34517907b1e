"""Typed values stay in the frames: a hostile page cannot read them."""

import json
import re
from typing import Any

from browser_session import BrowserSession
from checkout_page import CODE, PAGE, TYPES, CheckoutPage, send
from playwright.sync_api import Route, expect

from tests.server_process import ServerProcess

PAN, CVV = "4761530001111126", "739"
SECRETS = (PAN, "4761 5300 0111 1126", "0111 1126", CVV)

# A page that listens to, frames, replaces and requests everything that it can.
PRY = """
window.seen = [];
window.addEventListener('message', (event) => seen.push([event.origin, event.data]));
new BroadcastChannel('mock-clover-checkout').onmessage = ({data}) => seen.push(['channel', data]);
const RealChannel = MessageChannel;
window.MessageChannel = function () {
  const made = new RealChannel();
  made.port1.addEventListener('message', ({data}) => seen.push(['port', data]));
  return made;
};
for (const name of ['parse', 'stringify']) {
  const real = JSON[name];
  JSON[name] = (...given) => { seen.push([name, given[0]]); return real(...given); };
}
"""


def test_page_cannot_read_typed_values(
    shared_server: ServerProcess, checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    message: list[str] = []
    page = PAGE.replace('<script src="%', '<script src="/pry.js"></script><script src="%')
    checkout_page.shop.put("/pry.js", PRY, "text/javascript")
    open_checkout_page(checkout_page, page=page)
    checkout_page.page.on("console", lambda line: message.append(line.text))
    checkout_page.fill(CARD_NUMBER=PAN, CARD_CVV=CVV)
    created = checkout_page.tokenize()
    saved = checkout_page.page.evaluate(
        "() => [seen, events, document.documentElement.outerHTML, {...localStorage},"
        " {...sessionStorage}, document.cookie, performance.getEntries().map(({name}) => name)]"
    )
    reads = checkout_page.page.evaluate(
        "() => [...document.querySelectorAll('iframe')].map((frame) => {"
        " try { return frame.contentWindow.document.body.innerHTML } catch (error) {"
        " return error.name } })"
    )
    assert reads == ["SecurityError"] * len(TYPES)
    journal = send(f"{checkout_page.base}/_mock/journal").json
    everything = (
        json.dumps([created, saved, message, journal, checkout_page.shop.requested_paths])
        + shared_server.log.read_text()
    )
    assert created["token"] in everything
    # Ids and times contain any three digits: these are the CVV only if they stand alone.
    untimed = re.sub(r'"(took_us|\w+_ms)": \d+|\b\d+\.\d+ms\b', "", everything)
    assert not re.search(rf"(?<![\w.]){CVV}(?!\w)", untimed)
    for secret in SECRETS[:-1]:
        assert secret not in everything, secret


# The page draws the random names itself, so that it knows the fields' channel: 1111.
FIXED = """
let drawn = 0;
crypto.getRandomValues = (numbers) => numbers.fill(drawn += 1);
window.got = [];
const CHANNEL = 'mock-clover-checkout-1111';
const channel = new BroadcastChannel(CHANNEL);
channel.onmessage = ({data}) => got.push(data);
addEventListener('message', ({data}) => got.push(data));
function put(src, place = document.body) {
  const frame = document.createElement('iframe');
  frame.src = src;
  place.append(frame);
  return frame;
}
const field = (type) => document.querySelector('#' + type + ' iframe');
"""
FORGED = """
channel.postMessage({what: 'ask', nonce: '1', ids: ['2222', '3333', '4444', '5555']});
for (const {contentWindow: frame} of document.querySelectorAll('iframe')) {
  const {port1, port2} = new MessageChannel();
  port1.onmessage = ({data}) => got.push(data);
  frame.postMessage({what: 'mock-clover-start', id: '9', group: '1111', styles: {}}, '*', [port2]);
  frame.postMessage({what: 'tokenize', id: '9', key: KEY, others: []}, '*');
  frame.postMessage({what: 'ask', nonce: '1', ids: ['2222']}, '*');
  port1.postMessage({what: 'tokenize', id: '9', key: KEY, others: []});
}
"""
EVIL = """<!doctype html><title>evil</title><script>
window.got = [];
new BroadcastChannel('mock-clover-checkout-1111').onmessage = ({data}) => got.push(data);
addEventListener('message', ({data, ports}) => {
  got.push(data);
  for (const port of ports) port.onmessage = ({data}) => got.push(data);
});
</script><input aria-label="CVV">"""

CHEATS = {
    # How the page cheats, and what `createToken` returns.
    "posts forged commands": (FORGED, "token"),
    "frames its own site beside the fields": ("put('/evil.html')", "token"),
    "puts a frame of its own in a field's place": (
        "const box = field('CARD_CVV').parentNode; box.textContent = ''; put('/evil.html', box)",
        "token",  # without a CVV: the field is gone
    ),
    "navigates a field to its own site": ("field('CARD_CVV').src = '/evil.html'", "rejected"),
    "frames a field itself, in the same group": (
        "window.more = put(field('CARD_NUMBER').src); more.onload = () => {"
        "const {port1, port2} = new MessageChannel(); port1.onmessage = ({data}) => got.push(data);"
        "more.contentWindow.postMessage({what: 'mock-clover-start', id: '9', group: '1111',"
        "styles: {}}, '*', [port2]);"
        "port1.postMessage({what: 'tokenize', id: '9', key: KEY, others: ['3333', '4444']}) }",
        "token",
    ),
}


def give_up_soon(route: Route) -> None:
    """Make a field wait 50 ms, not five seconds, for another field that does not answer."""
    reply = route.fetch()
    script = reply.text()
    assert "ANSWER_MS = 5_000" in script
    route.fulfill(response=reply, body=script.replace("ANSWER_MS = 5_000", "ANSWER_MS = 50"))


def test_malicious_page_gets_no_value(checkout_page: CheckoutPage, session: BrowserSession) -> None:
    checkout_page.shop.put("/evil.html", EVIL)
    for cheat, (script, end) in CHEATS.items():
        if end == "rejected":
            session.context.route("**/sdk/static/group.js", give_up_soon)
        checkout_page.page = session.open(checkout_page.publish(code=FIXED + CODE))
        checkout_page.fill(CARD_NUMBER=PAN, CARD_CVV=CVV)
        checkout_page.page.add_script_tag(content=script)
        if "evil" in script:
            evil = checkout_page.page.frame_locator("iframe[src='/evil.html']")
            expect(evil.locator("input")).to_be_attached()
        if "more" in script:
            checkout_page.page.wait_for_function("got.some(({what}) => what === 'done')")
        got = checkout_page.tokenize()
        assert set(got) & {"token", "errors", "rejected"} == {end}, cheat
        pages = [
            each
            for each in checkout_page.page.frames
            if each.url.startswith(checkout_page.shop.url)
        ]
        seen = json.dumps([each.evaluate("[window.got, window.events]") for each in pages])
        assert '"group": "1111"' not in seen
        for secret in SECRETS:
            assert secret not in seen, cheat
        session.context.unroute_all()
    session.errors.clear()  # of messages that found another origin in the frame
