"""Hostile texts, left wherever a client can leave one, are shown as texts by every page."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from gallery import dashboard, places
from planting import TEXTS, Garden, spellings
from playwright.sync_api import Page
from shop import Shop
from visitor import Visitor

from mock_clover.testing import MockClover

Visit = Callable[..., Visitor]

# What a page came to: whether anything of a text became more than text, and all that it shows.
JUDGE = """() => {
  const wrong = 'pwned' in window ? ['a script ran'] : [];
  const shown = [document.title, document.body.textContent];
  for (const node of document.querySelectorAll('*')) {
    if (node.id === 'planted' || node.srcdoc) wrong.push(node.outerHTML.slice(0, 200));
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


# Types into all fields of a form, whatever they want.
TYPE = """(text) => {
  for (const field of document.querySelectorAll('form input:not([type=hidden])')) {
    field.form.noValidate = true;
    if (field.type === 'radio') continue;
    field.removeAttribute('maxlength');
    field.value = text;
  }
}"""


WHOLE_CHARS, CUT_CHARS = 300, 60
"""Up to so long a text is shown whole somewhere; of a longer one at least so much is."""
CUT = {"header user_agent": 60, "address of a customer": 8}
"""Places whose texts lose what no header or address can hold, and what is shown of them."""


NOT_KEPT = {
    *("header origin", "header x_request_id", "query", "authorization"),
    "tax of a line",
}
"""Places whose texts no page shows."""


class Witness:
    """Looks at pages, and remembers what was wrong and which texts were seen."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.wrong: list[str] = []
        self.seen: list[str] = []
        visitor.context.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))

    def look(self, page: Page) -> None:
        """Judge a page with its frames."""
        for frame in page.frames:
            told: dict[str, Any] = frame.evaluate(JUDGE)
            self.wrong += [f"{page.url}: {each}" for each in told["wrong"]]
            self.seen.append(told["shown"])

    def judge(self) -> None:
        """Assert that nothing went wrong, in the browser's own eyes too, and nothing was kept."""
        said = [each for each in self.visitor.complaints if "status of 4" not in each]
        assert (self.wrong, said) == ([], [])
        self.visitor.complaints.clear()
        assert self.visitor.context.cookies() == []

    def places_seen(self, garden: Garden) -> set[str]:
        """Return whose texts were seen; what is seen at all is seen whole once, or cut."""
        everything = "\n".join(self.seen)
        found = {mark for mark in garden.texts if mark in everything}
        broken = {}
        for mark in found:
            text, place = garden.texts[mark], garden.places[mark]
            if len(text) > WHOLE_CHARS or place in CUT:
                text = text[: CUT.get(place, CUT_CHARS)]
            if not any(each in everything for each in spellings(text)):
                broken[f"{mark} {place}"] = text
        assert broken == {}
        return {garden.places[mark] for mark in found}


def test_customer_pages_escape_hostile_text(clover: MockClover, shop: Shop, visit: Visit) -> None:
    garden = Garden(clover, shop)
    href = garden.backend.checkout(shoppingCart=garden.cart())
    witness = Witness(visit())
    page = witness.visitor.open(href)
    witness.look(page)
    for text in TEXTS.values():
        page.evaluate(TYPE, text[:500])
        page.locator("button[value=pay]").click()
        witness.look(page)
        page.goto(href)
    for name, text in TEXTS.items():
        if name == "an address":
            continue  # a redirect to it is refused, and shown as JSON
        page.goto(consent(clover, f"{shop.url}/{quote(text[:500], safe='')}", text[:500]))
        witness.look(page)
        assert page.get_by_role("button", name="Approve").is_visible()
    assert witness.places_seen(garden) == {"name of a line", "note of a line"}
    witness.judge()
    assert page.evaluate("() => localStorage.length + sessionStorage.length") == 0


def consent(clover: MockClover, redirect_uri: str, state: str) -> str:
    """Return the address of a consent page; that of the other version differs by one line."""
    asked = {"client_id": clover.client_id, "redirect_uri": redirect_uri, "state": state}
    query = urlencode(asked | {"mock_clover_consent": "ask"})
    return f"{clover.url}/oauth/v2/authorize?{query}"


def test_dashboard_escapes_hostile_text(clover: MockClover, shop: Shop, visit: Visit) -> None:
    garden = Garden(clover, shop)
    garden.plant()
    garden.scenario()
    assert garden.refused == {}
    witness = Witness(visit())
    for place in places(clover, without=("tokens", "cards")):
        witness.look(dashboard(witness.visitor, clover, place))
    assert set(garden.places.values()) - witness.places_seen(garden) == NOT_KEPT
    witness.judge()
    page = dashboard(witness.visitor, clover)
    page.get_by_label("Theme").select_option("dark")
    kept = page.evaluate("() => [Object.keys(localStorage), Object.keys(sessionStorage)]")
    assert kept == [["mock-clover.theme"], []]
