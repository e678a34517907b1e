"""The dashboard of one sandbox, as a person at a desk uses it, and what a shop does meanwhile."""

import re
import socket
from typing import Any, Self

from playwright.sync_api import Locator, Page, expect
from shop_server import Backend, Said
from visitor import Visitor

from mock_clover.testing import MockClover

BURST = 50
"""Calls that are sent before an answer is read."""


class Desk:
    """A dashboard that is open, and a shop's server that works meanwhile."""

    def __init__(self, clover: MockClover, visitor: Visitor) -> None:
        self.clover = clover
        self.visitor = visitor
        self.shop = Backend(clover)
        self.page: Page

    def open(self, view: str = "exchanges", at: str = "") -> Self:
        """Open the page at a view, and wait until the stream is there; `at`: by another way."""
        self.page = self.visitor.open(f"{at or self.clover.url}/_mock/#/{view}")
        self.is_live()
        return self

    def move_to(self, clover: MockClover) -> None:
        """Work with another sandbox from now on."""
        self.clover = clover
        self.shop = Backend(clover)

    def leave(self) -> None:
        """Leave the page and ignore the browser's own complaints about refused calls."""
        self.page.goto("about:blank")
        self.visitor.complaints.clear()

    def is_live(self) -> None:
        """Wait until the page hears what happens."""
        expect(self.page.locator("#connection")).to_have_attribute("data-state", "live")

    def pay(self, amount: int = 1800, pan: str = "4242424242424242", **more: Any) -> Said:
        """Make a token and a charge: two exchanges."""
        return self.shop.charge(self.clover.card_token(pan), amount, **more)

    def burst(self, count: int) -> None:
        """Make so many calls as quickly as one connection takes them; each is refused."""
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
        """The rows that are seen, which the page recycles."""
        return self.page.locator("#list [role=option]:visible")

    def row(self, *words: str) -> Locator:
        """Return the rows that have all these words."""
        found = self.rows
        for word in words:
            found = found.filter(has_text=word)
        return found

    def newest(self) -> Locator:
        """Return the row at the top."""
        return self.page.locator("#list [role=option][aria-posinset='1']")
