"""A browser context that records console errors and external requests."""

import os
from collections.abc import Callable
from typing import Any

from browsers import SELECTED
from playwright.sync_api import Browser, BrowserContext, Frame, Page, ViewportSize, expect

from tests.raw_http import eventually

WAIT_MS = 20_000
"""Timeout for pages; only reached on an overloaded machine."""
VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
"""Playwright's default."""
LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "https://127.0.0.1:", "https://localhost:")

JITTER = os.environ.get("MOCK_CLOVER_TEST_JITTER", "")
"""A whole number, the seed of random delays before and after each `fetch`, which show races."""
DELAY_FETCH = """(() => {
  const { fetch, setTimeout } = window;
  let seed = %d;
  const delay = () => new Promise((resolve) => {
    seed = (seed * 48271) %% 2147483647;
    const random = seed / 2147483647;
    setTimeout(resolve, random < 0.3 ? 0 : random < 0.9 ? random * 200 : random * 1200);
  });
  window.fetch = async (...given) => {
    await delay();
    const response = await fetch(...given);
    await delay();
    return response;
  };
})()"""

expect.set_options(timeout=WAIT_MS)


def until(read: Callable[[], Any], is_right: Callable[[Any], object] = bool) -> Any:
    """Read until the value is right, and return it; for values that `expect` cannot wait for."""
    values: list[Any] = []

    def is_now_right() -> object:
        values[:] = [read()]
        return is_right(values[0])

    try:
        eventually(is_now_right)
    except AssertionError as late:
        raise AssertionError(f"{late}: {values[0]!r}") from None
    return values[0]


def resize(page: Page, size: ViewportSize) -> None:
    """Resize a page and wait until it has the size."""
    page.set_viewport_size(size)
    page.wait_for_function("width => innerWidth === width", arg=size["width"])


def wait_until_it_fits(page: Page | Frame) -> None:
    """Wait until a page is not wider than its window; a scroll bar may need some of it."""
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")


class BrowserSession:
    """A browser context that records console errors and external requests."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.errors: list[str] = []
        """Console errors and uncaught exceptions."""
        self.external_requests: list[str] = []
        """Requested URLs that are not on loopback."""
        context.set_default_timeout(WAIT_MS)
        if JITTER:
            context.add_init_script(DELAY_FETCH % (int(JITTER) + 1))
        context.on("page", self._watch)
        context.on("request", lambda request: self._record_external(request.url))

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on(
            "console",
            lambda message: self.errors.append(message.text) if message.type == "error" else None,
        )

    def _record_external(self, url: str) -> None:
        if not url.startswith((*LOOPBACK, "data:", "blob:", "about:")):
            self.external_requests.append(url)

    def wait_for_errors(self, words: str, count: int = 1) -> None:
        """Wait for console errors that contain words, and discard all errors."""

        def found() -> list[str]:
            self.context.pages[-1].evaluate("0")  # receives the browser's events
            return [each for each in self.errors if words in each]

        until(found, lambda each: len(each) >= count)
        assert len(found()) == count
        self.errors.clear()

    def open(self, url: str) -> Page:
        """Open a page."""
        page = self.context.new_page()
        page.goto(url)
        return page


class SharedBrowserSession(BrowserSession):
    """A context with one page that a module's tests share: a new one costs a renderer process."""

    def __init__(self, browser: Browser) -> None:
        super().__init__(browser.new_context())
        self._browser = browser
        self.page = self.context.new_page()

    def open(self, url: str) -> Page:
        """Navigate the shared page."""
        self.page.goto(url)
        return self.page

    def reset(self, origin: str) -> tuple[list[str], list[str]]:
        """Restore a blank page and the storage of an origin.

        Return the external requests and the errors since the last reset.
        """
        if SELECTED == "chromium":  # in Firefox, the context is closed below
            self.page.goto("about:blank")
        found = (self.external_requests, self.errors)
        if SELECTED == "chromium":
            self._clear(origin)
            self.external_requests, self.errors = [], []
        else:  # its protocol cannot clear the storage of an origin
            self.context.close()
            SharedBrowserSession.__init__(self, self._browser)
        return found

    def _clear(self, origin: str) -> None:
        for page in self.context.pages:
            if page != self.page:
                page.close()
        self.page.unroute_all()
        self.context.unroute_all()
        self.context.clear_cookies()
        self.page.set_viewport_size(VIEWPORT)
        self.page.emulate_media(color_scheme="null", reduced_motion="null")
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        devtools.detach()
