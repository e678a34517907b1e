"""What browsers load from the mock: types, policies, and that they can be had by them."""

import re

from playwright.sync_api import expect
from shop import Shop
from visitor import Visitor

from mock_clover.browser.surface import browser_endpoints
from mock_clover.core.record import Record
from tests.served import Served
from tests.world import Answered, World

FILES = tuple(each for each in browser_endpoints() if each.response is Record)


def test_every_file_is_served_with_its_type_and_guards(world: World) -> None:
    wrong = {
        endpoint.path: found
        for endpoint in FILES
        if (found := faults(endpoint.path, world.send("GET", endpoint.path, auth=False)))
    }
    assert wrong == {}


def faults(path: str, got: Answered) -> list[str]:
    """Return what is wrong with the response to a request for a file."""
    found = []
    if got.status != 200:
        found.append(f"status {got.status}")
    if got.content_type.partition("/")[0] not in ("text", "image"):
        found.append(f"type {got.content_type}")
    if got.headers["x-content-type-options"] != "nosniff":
        found.append("no nosniff")
    text = got.body.decode()
    hosts = set(re.findall(r"https?://([\w.$-]+)", text)) - {"127.0.0.1", "localhost", "www.w3.org"}
    found += [f"names the server {host}" for host in sorted(hosts)]
    if got.content_type.startswith("text/html"):
        policy = got.headers["content-security-policy"]
        own = "default-src 'none'; script-src 'self'; style-src 'self'; "
        if not policy.startswith(own) or "unsafe" in policy:
            found.append(f"policy {policy}")
        if ("frame-ancestors 'none'" in policy) is path.startswith("/sdk/"):
            found.append(f"framing by {policy}")
        found += re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", text)
    return found


def test_dashboard_cannot_be_framed(served: Served, shop: Shop, visitor: Visitor) -> None:
    page = visitor.open(shop.put("/", f'<iframe src="{served.url}/_mock/"></iframe>'))
    expect(page.frame_locator("iframe").locator("main")).to_have_count(0)
    assert any("frame-ancestors" in each for each in visitor.complaints)
    visitor.complaints.clear()
    page = visitor.open(f"{served.url}/_mock/")
    expect(page.locator("main")).to_have_count(1)
