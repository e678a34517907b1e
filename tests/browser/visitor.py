"""A browser's profile, which remembers what its pages complained of and whom they asked."""

from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

WAIT_MS = 20_000
"""So long a page may take; it never does but where the machine has much else to do."""
VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
"""The default of Playwright."""
LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "https://127.0.0.1:", "https://localhost:")

expect.set_options(timeout=WAIT_MS)


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
        context.on("request", lambda request: self._load_lazily(request.url))

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )

    def _load_lazily(self, url: str) -> None:
        if not url.startswith((*LOOPBACK, "data:", "blob:", "about:")):
            self.strangers.append(url)

    def open(self, url: str) -> Page:
        """Open a page."""
        page = self.context.new_page()
        page.goto(url)
        return page


class SharedVisitor(Visitor):
    """A profile with one page that a module's tests share: a new one costs a renderer process."""

    def __init__(self, context: BrowserContext) -> None:
        super().__init__(context)
        self.page = context.new_page()

    def open(self, url: str) -> Page:
        """Navigate the shared page."""
        self.page.goto(url)
        return self.page

    def reset(self, origin: str) -> tuple[list[str], list[str]]:
        """Restore a blank page and the storage of an origin.

        Return the strangers and the complaints since the last reset.
        """
        for page in self.context.pages:
            if page != self.page:
                page.close()
        self.page.goto("about:blank")
        self.page.unroute_all()
        self.context.unroute_all()
        self.context.clear_cookies()
        self.page.set_viewport_size(VIEWPORT)
        self.page.emulate_media(color_scheme="null", reduced_motion="null")
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        devtools.detach()
        said = (self.strangers[:], self.complaints[:])
        self.strangers.clear()
        self.complaints.clear()
        return said
