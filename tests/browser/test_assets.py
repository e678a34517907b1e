"""What browsers load from the mock: types, policies, and that they can be had by them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from shop import Shop

from mock_clover.web.surface import web_surface
from mock_clover.wire.record import Record
from tests.served import Served
from tests.world import World

FILES = tuple(each for each in web_surface() if each.gives is Record)


@pytest.mark.parametrize("endpoint", FILES, ids=lambda endpoint: endpoint.path)
def test_every_file_is_served_with_its_type_and_guards(endpoint, world: World) -> None:
    got = world.send("GET", endpoint.path, auth=False)
    assert got.status == 200
    assert got.content_type.partition("/")[0] in ("text", "image")
    assert got.headers["x-content-type-options"] == "nosniff"
    if got.content_type.startswith("text/html"):
        policy = got.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in policy
        framed = endpoint.path.startswith("/sdk/")
        assert ("frame-ancestors 'none'" in policy) is not framed
        text = got.body.decode()
        assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", text)


@pytest.mark.parametrize("endpoint", FILES, ids=lambda endpoint: endpoint.path)
def test_no_file_names_another_server(endpoint, world: World) -> None:
    got = world.send("GET", endpoint.path, auth=False)
    hosts = set(re.findall(r"https?://([\w.$-]+)", got.body.decode()))
    assert hosts <= {"127.0.0.1", "localhost", "www.w3.org"}


def test_the_dashboard_is_framed_by_nobody(
    served: Served, shop: Shop, visit: Callable[..., object]
) -> None:
    visitor = visit()
    page = visitor.open(shop.put("/", f'<iframe src="{served.url}/_mock/"></iframe>'))
    expect(page.frame_locator("iframe").locator("main")).to_have_count(0)
    assert any("frame-ancestors" in each for each in visitor.complaints)
    visitor.complaints.clear()
    page = visitor.open(f"{served.url}/_mock/")
    expect(page.locator("main")).to_have_count(1)
