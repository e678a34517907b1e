"""A real Chromium, driven by Playwright: pages on other origins, and all that they complained of.

With MOCK_CLOVER_TEST_BROWSER=required a missing Chromium fails these tests; else they are skipped.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from shop import Shop

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
"""Chromium asks nobody but the pages' own servers."""
WAIT_MS = 10_000
LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "https://127.0.0.1:", "https://localhost:")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str:
    """Return where Chromium is, or skip, or fail where it is required."""
    named = os.environ.get("MOCK_CLOVER_TEST_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    reason = "no Chromium here (set MOCK_CLOVER_TEST_CHROMIUM, or install Debian's chromium)"
    if os.environ.get("MOCK_CLOVER_TEST_BROWSER") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    chromium_path()
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Return a starter of browsers with options of one's own."""
    started: list[Browser] = []

    def start(*options: str) -> Browser:
        rooted = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=[*QUIET, *rooted, *options]
        )
        started.append(browser)
        return browser

    yield start
    for browser in started:
        browser.close()


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Browser]) -> Browser:
    """The browser that tests share; each takes a context of its own."""
    return launch()


class Visitor:
    """A browser's profile: its pages, and what they complained of or asked of others."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        """Errors on the console and exceptions that nobody caught."""
        self.strangers: list[str] = []
        """Addresses beyond loopback that a page asked for."""
        context.set_default_timeout(WAIT_MS)
        context.on("page", self._watch)
        context.on("request", lambda request: self._meet(request.url))

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )

    def _meet(self, url: str) -> None:
        if not url.startswith((*LOOPBACK, "data:", "blob:", "about:")):
            self.strangers.append(url)

    def open(self, url: str) -> Page:
        """Open a page."""
        page = self.context.new_page()
        page.goto(url)
        return page


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return a maker of visitors; its arguments are those of a context, as `color_scheme`.

    At a test's end no page may have asked anything of a stranger, nor complained; a test that
    expects complaints empties the list.
    """
    made: list[Visitor] = []

    def start(**options: Any) -> Visitor:
        made.append(Visitor(chromium.new_context(**options)))
        return made[-1]

    yield start
    for visitor in made:
        visitor.context.close()
    for visitor in made:
        assert visitor.strangers == []
        assert visitor.complaints == []


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A web server on another origin, whose pages a test writes."""
    opened = Shop()
    yield opened
    opened.close()
