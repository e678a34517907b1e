"""Every page shows hostile strings as plain text, whichever field they are in."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from browser_session import BrowserSession
from gallery import dashboard, places
from hostile_text import TEXTS, HostileSandbox, spellings
from playwright.sync_api import Page, expect
from shop import Shop

from mock_clover.testing import MockClover

NewSession = Callable[..., BrowserSession]

# Returns whether a string became markup or ran as a script, and all text that the page shows.
JUDGE = """() => {
  const wrong = 'pwned' in window ? ['a script ran'] : [];
  const shown = [document.title, document.body.textContent];
  for (const node of document.querySelectorAll('*')) {
    if (node.id === 'injected' || node.srcdoc) wrong.push(node.outerHTML.slice(0, 200));
    if ('value' in node) shown.push(String(node.value));
    for (const { name, value } of node.attributes) {
      if (name.startsWith('on')) wrong.push(`${node.localName} ${name}=${value}`);
      if (/^\\s*(javascript|vbscript|data):/i.test(value) && !/^(value|title|aria-)/.test(name))
        wrong.push(`${node.localName} ${name}=${value}`);
      if (/^(title|alt|placeholder|aria-label|content)$/.test(name)) shown.push(value);
    }
  }
  return { wrong, shown: shown.join('\\n') };
}"""


# Fills in all fields of a form, without validation.
TYPE = """(text) => {
  for (const field of document.querySelectorAll('form input:not([type=hidden])')) {
    field.form.noValidate = true;
    if (field.type === 'radio') continue;
    field.removeAttribute('maxlength');
    field.value = text;
  }
}"""


WHOLE_CHARS, CUT_CHARS = 300, 60
"""Strings up to the first length must be shown in full, and of longer ones the second length."""
CUT = {
    "header user_agent": 60,
    "address of a customer": 8,
    "name of a line": 60,
    "unknown member": 100,
}
"""Fields that cannot hold all characters, and the length to check."""


NOT_KEPT = {"header origin", "header x_request_id"}
"""Fields that no page shows."""


class PageChecker:
    """Checks pages for injected markup and records which strings were shown."""

    def __init__(self, session: BrowserSession) -> None:
        self.session = session
        self.wrong: list[str] = []
        self.seen: list[str] = []
        session.context.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))

    def get_page(self, page: Page) -> None:
        """Check a page and its frames."""
        for frame in page.frames:
            result: dict[str, Any] = frame.evaluate(JUDGE)
            self.wrong += [f"{page.url}: {each}" for each in result["wrong"]]
            self.seen.append(result["shown"])

    def judge(self) -> None:
        """Assert that there were no findings, no console errors and no cookies."""
        message = [each for each in self.session.errors if "status of 4" not in each]
        assert (self.wrong, message) == ([], [])
        self.session.errors.clear()
        assert self.session.context.cookies() == []

    def places_seen(self, sandbox: HostileSandbox) -> set[str]:
        """Return the fields whose strings were shown; each must be complete once, or cut."""
        everything = "\n".join(self.seen)
        found = {mark for mark in sandbox.texts if mark in everything}
        broken = {}
        for mark in found:
            text, place = sandbox.texts[mark], sandbox.places[mark]
            if len(text) > WHOLE_CHARS or place in CUT:
                text = text[: CUT.get(place, CUT_CHARS)]
            if not any(each in everything for each in spellings(text)):
                broken[f"{mark} {place}"] = text
        assert broken == {}
        return {sandbox.places[mark] for mark in found}


def test_customer_pages_escape_hostile_text(
    clover: MockClover, shop: Shop, new_session: NewSession
) -> None:
    sandbox = HostileSandbox(clover, shop)
    href = sandbox.backend.checkout(shoppingCart=sandbox.cart())
    checker = PageChecker(new_session())
    page = checker.session.open(href)
    checker.get_page(page)
    for text in TEXTS.values():
        page.evaluate(TYPE, text[:500])
        with page.expect_navigation():
            page.locator("button[value=pay]").click()
        checker.get_page(page)
        page.goto(href)
    for name, text in TEXTS.items():
        if name == "an address":
            continue  # a redirect to it is rejected, and shown as JSON
        page.goto(consent(clover, f"{shop.url}/{quote(text[:500], safe='')}", text[:500]))
        checker.get_page(page)
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert checker.places_seen(sandbox) == {"name of a line", "note of a line"}
    checker.judge()
    assert page.evaluate("() => localStorage.length + sessionStorage.length") == 0


def consent(clover: MockClover, redirect_uri: str, state: str) -> str:
    """Return the URL of a consent page; that of the other version differs by one line."""
    parameters = {"client_id": clover.client_id, "redirect_uri": redirect_uri, "state": state}
    query = urlencode(parameters | {"mock_clover_consent": "ask"})
    return f"{clover.url}/oauth/v2/authorize?{query}"


def test_dashboard_escapes_hostile_text(
    clover: MockClover, shop: Shop, new_session: NewSession
) -> None:
    sandbox = HostileSandbox(clover, shop)
    sandbox.insert_all()
    sandbox.scenario()
    assert sandbox.refused == {}
    checker = PageChecker(new_session())
    for place in places(clover, without=("tokens", "cards")):
        checker.get_page(dashboard(checker.session, clover, place))
    assert set(sandbox.places.values()) - checker.places_seen(sandbox) == NOT_KEPT
    checker.judge()
    page = dashboard(checker.session, clover)
    page.get_by_label("Theme").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    saved = page.evaluate("() => [Object.keys(localStorage), Object.keys(sessionStorage)]")
    assert saved == [["mock-clover.theme"], []]
