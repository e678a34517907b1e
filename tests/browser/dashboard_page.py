"""The open dashboard of a sandbox, and a shop that sends requests."""

import re
import socket
from typing import Any, Self

from browser_session import BrowserSession
from playwright.sync_api import Locator, Page, expect
from shop_server import Backend, Response

from mock_clover.testing import MockClover

BURST = 50
"""Requests that are sent before a response is read."""

KEEP_MESSAGES = """() => {
  const wait = window.setTimeout;
  window.setTimeout = (act, ms, ...given) =>
    [1500, 5000].includes(ms) ? 0 : wait(act, ms, ...given);
}"""
"""These are the times of "Copied" and of a toast; other timers run."""
SELECTED = "node => node.value.slice(node.selectionStart, node.selectionEnd)"
"""The selected part of a text area."""


class DashboardPage:
    """The open dashboard of a sandbox, and a shop that sends requests."""

    def __init__(self, clover: MockClover, session: BrowserSession) -> None:
        self.clover = clover
        self.session = session
        self.shop = Backend(clover)
        self.page: Page

    def open(self, view: str = "exchanges", at: str = "") -> Self:
        """Open the page at a view and wait until it is live; `at` is another base URL."""
        self.page = self.session.open(f"{at or self.clover.url}/_mock/#/{view}")
        self.wait_until_live()
        return self

    def move_to(self, clover: MockClover) -> None:
        """Use another sandbox from now on."""
        self.clover = clover
        self.shop = Backend(clover)

    def leave(self) -> None:
        """Leave the page and ignore the browser's console errors about rejected requests."""
        self.page.goto("about:blank")
        self.session.errors.clear()

    def wait_until_live(self) -> None:
        """Wait until the page receives live events."""
        expect(self.page.locator("#connection")).to_have_attribute("data-state", "live")

    def keep_messages(self) -> None:
        """Keep messages such as "Copied", which the page removes after a moment."""
        self.page.evaluate(KEEP_MESSAGES)

    def pay(self, amount: int = 1800, pan: str = "4242424242424242", **more: Any) -> Response:
        """Create a token and a charge: two exchanges."""
        return self.shop.charge(self.clover.card_token(pan), amount, **more)

    def burst(self, count: int) -> None:
        """Send `count` requests as fast as one connection allows; each gets a 404."""
        host, port, home = re.fullmatch(r"http://([^:]+):(\d+)(.*)", self.clover.url).groups()
        call = f"GET {home}/v1/charges/NOSUCHCHARGE1 HTTP/1.1\r\nhost: {host}:{port}\r\n"
        call += f"authorization: Bearer {self.clover.access_token}\r\n\r\n"
        with socket.create_connection((host, int(port))) as line:
            for _ in range(count // BURST):
                line.sendall(call.encode() * BURST)
                got = 0
                while got < BURST:
                    got += line.recv(65_536).count(b"HTTP/1.1 404")

    @property
    def rows(self) -> Locator:
        """The visible rows, which the page recycles."""
        return self.page.locator("#list [role=option]:visible")

    def row(self, *words: str, status: str = "") -> Locator:
        """Return the rows that contain all these words, and have this status, or "lost"."""
        found = self.rows
        for word in words:
            if not re.search(r"[^\W\d_]|\$", word):
                raise ValueError(
                    f"{word!r} may be part of a time, a duration, an ID or an amount of another "
                    'row; use status="402", or an amount as it is shown, with its sign'
                )
            found = found.filter(has_text=word)
        if status:
            cell = self.page.locator(".c-status", has_text=re.compile(rf" {status}$"))
            found = found.filter(has=cell)
        return found

    def exchange(self, number: int) -> Locator:
        """Return the row of an exchange; the order of the rows in the document is arbitrary."""
        return self.page.locator(f"#x-{number}")

    @property
    def newest_status(self) -> Locator:
        """The status in the row at the top."""
        return self.newest().locator(".c-status")

    def newest(self) -> Locator:
        """Return the row at the top."""
        return self.page.locator("#list [role=option][aria-posinset='1']")
