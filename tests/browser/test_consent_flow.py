"""OAuth's consent page in Chromium: approve, deny, choose a merchant, cross-site pages."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session
from browser_session import SharedBrowserSession
from playwright.sync_api import Page, expect
from shop import Shop

from tests.raw_http import call
from tests.server_process import ServerProcess
from tests.system.test_oauth_client import VERIFIER, as_json

TWO = {"name": "two", "merchants": [{"name": "cafe"}, {"name": "bar"}]}
HOSTILE = "\"><img src=x onerror=document.title='hacked'>\r\n'&lt;"


class App:
    """An app with two merchants in one sandbox, and the page that its authorization opens."""

    def __init__(self, server: ServerProcess, shop: Shop, name: str) -> None:
        self.made = call(server.port, "PUT", f"/_mock/sandboxes/{name}", {"scenario": TWO}).json
        self.cafe, (self.bar,) = self.made["merchant_id"], self.made["merchants"]
        self.server, self.shop = server, shop
        shop.put("/cb", "<!DOCTYPE html><title>Shop</title><h1>Back at the shop</h1>")
        self.callback = f"{shop.url}/cb"

    def page(self, version: str = "v2/", place: str = "", **query: str) -> str:
        parameters = {"client_id": self.made["client_id"], "redirect_uri": self.callback} | query
        return f"{self.server.url}{place}/oauth/{version}authorize?{urlencode(parameters)}"

    def told(self, page: Page) -> dict[str, str]:
        """Return the parameters with which the browser came back to the shop."""
        expect(page.get_by_role("heading", level=1)).to_have_text("Back at the shop")
        return {k: v[0] for k, v in parse_qs(urlsplit(page.url).query).items()}


@pytest.fixture
def app(shared_server: ServerProcess, shop: Shop, request: pytest.FixtureRequest) -> App:
    return App(shared_server, shop, re.sub(r"\W+", "-", request.node.name)[:40])


ASK = {"mock_clover_consent": "ask"}


def test_a_merchant_is_chosen_by_keyboard_and_authlib_gets_its_tokens(
    app: App, session: SharedBrowserSession
) -> None:
    """With PKCE, and a state that contains markup."""
    oauth_session = OAuth2Session(
        client_id=app.made["client_id"],
        redirect_uri=app.callback,
        code_challenge_method="S256",
        token_endpoint_auth_method="json",
    )
    oauth_session.trust_env = False
    oauth_session.register_client_auth_method(("json", as_json))
    url, state = oauth_session.create_authorization_url(
        f"{app.server.url}/oauth/v2/authorize", HOSTILE, code_verifier=VERIFIER, **ASK
    )
    page = session.open(url)
    expect(page).to_have_title("Allow access? · mock-clover")
    expect(page.get_by_role("radio")).to_have_count(2)
    for key in ("Tab", "ArrowDown", "Tab", "Enter"):
        page.keyboard.press(key)
    result = app.told(page)
    assert (result["state"], result["merchant_id"]) == (state, app.bar["merchant_id"])
    assert session.context.cookies() == []
    token = oauth_session.fetch_token(
        f"{app.server.url}/oauth/v2/token",
        authorization_response=page.url,
        code_verifier=VERIFIER,
        state=state,
    )
    assert token["access_token"].count(".") == 2


def test_deny_redirects_and_back_shows_page_again(app: App, session: SharedBrowserSession) -> None:
    """Under the sandbox's own prefix, where the form's action is the page's URL."""
    place = f"/sandbox/{app.made['name']}"
    page = session.open(app.page("", place, state=HOSTILE, **ASK))
    page.get_by_role("button", name="Deny").click()
    assert app.told(page) == {
        "error": "access_denied",
        "error_description": "The merchant denied the request.",
        "state": HOSTILE,
    }
    page.go_back()
    page.get_by_role("radio", name=app.bar["merchant_id"]).check()
    page.get_by_role("button", name="Approve").click()
    result = app.told(page)
    assert (result["merchant_id"], result["state"]) == (app.bar["merchant_id"], HOSTILE)


def test_the_shops_own_redirect_is_followed(app: App, session: SharedBrowserSession) -> None:
    """A form-action policy applies to redirects too: the callback may lead to another origin."""
    other = Shop()
    try:
        app.shop.put("/cb", "", status=302, location=other.put("/home", "<h1>At home</h1>"))
        page = session.open(app.page(merchant_id=app.cafe, **ASK))
        expect(page.get_by_role("radio")).to_have_count(0)
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("At home")
    finally:
        other.close()


def test_cross_site_framing_and_posting_are_blocked(
    app: App, session: SharedBrowserSession
) -> None:
    page = session.open(app.shop.put("/frame", f'<iframe src="{app.page(**ASK)}"></iframe>'))
    session.wait_for_errors("frame-ancestors")
    expect(page.frame_locator("iframe").locator("main")).to_have_count(0)
    form = f'<form method="post" action="{app.page().replace("&", "&amp;")}"><input name="do" '
    form += 'value="approve"></form><script>document.forms[0].submit()</script>'
    page = session.context.new_page()
    with page.expect_response(lambda each: "/oauth/" in each.url) as answered:
        page.goto(app.shop.put("/evil", form))
    assert answered.value.status == 403
    expect(page.locator("body")).to_contain_text("from this server's own page")
    session.errors.clear()
