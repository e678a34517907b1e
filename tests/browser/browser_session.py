"""A browser context that records console errors and external requests."""

from browsers import SELECTED
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

WAIT_MS = 20_000
"""Timeout for pages; only reached on an overloaded machine."""
VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
"""Playwright's default."""
LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "https://127.0.0.1:", "https://localhost:")

expect.set_options(timeout=WAIT_MS)


class BrowserSession:
    """A browser context that records console errors and external requests."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.errors: list[str] = []
        """Console errors and uncaught exceptions."""
        self.external_requests: list[str] = []
        """Requested URLs that are not on loopback."""
        context.set_default_timeout(WAIT_MS)
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
