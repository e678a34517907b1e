"""The files that browsers load from the mock: media types, policies, and that they load."""

import re

from browser_session import BrowserSession
from playwright.sync_api import expect
from shop import Shop

from mock_clover.browser.surface import BROWSER_SURFACE
from mock_clover.core.record import Record
from tests.in_process import InProcessServer, Response
from tests.server_process import ServerProcess

FILES = tuple(each for each in BROWSER_SURFACE if each.response is Record)


def test_every_file_is_served_with_its_type_and_guards(server: InProcessServer) -> None:
    wrong = {
        endpoint.path: found
        for endpoint in FILES
        if (found := faults(endpoint.path, server.send("GET", endpoint.path, auth=False)))
    }
    assert wrong == {}


def faults(path: str, got: Response) -> list[str]:
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


def test_dashboard_cannot_be_framed(
    shared_server: ServerProcess, shop: Shop, session: BrowserSession
) -> None:
    page = session.open(shop.put("/", f'<iframe src="{shared_server.url}/_mock/"></iframe>'))
    session.wait_for_errors("frame-ancestors")
    expect(page.frame_locator("iframe").locator("main")).to_have_count(0)
    page = session.open(f"{shared_server.url}/_mock/")
    expect(page.locator("main")).to_have_count(1)
