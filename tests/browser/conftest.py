"""Fixtures for tests in a browser with Playwright.

With MOCK_CLOVER_TEST_BROWSER=required a missing browser fails these tests; else it skips them.
MOCK_CLOVER_TEST_JITTER=7 delays requests of the pages at random, with this seed, to find races.
"""

from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import pytest
from axe import axe_source
from browser_session import WAIT_MS, BrowserSession, SharedBrowserSession
from browsers import browser_path, do_without, start_browser
from checkout_page import CheckoutPage
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from shop import Shop

from mock_clover.testing import MockClover
from mock_clover.testing.http_transport import HttpTransport
from tests.clients import toolbox
from tests.server_process import ServerProcess


@pytest.fixture(scope="session")
def chromium_at() -> str:
    return browser_path("chromium")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    browser_path()
    expect.set_options(timeout=WAIT_MS)  # a busy machine may be slow
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Return a function that starts a browser with command line options."""
    started: list[Browser] = []

    def start(*options: str) -> Browser:
        started.append(start_browser(playwright, *options))
        return started[-1]

    yield start
    for browser in started:
        browser.close()


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Browser:
    """The browser that tests share; each uses its own context."""
    return launch()


@pytest.fixture
def new_session(browser: Browser) -> Iterator[Callable[..., BrowserSession]]:
    """Return a factory of browser sessions; its arguments are options of a context.

    After a test there must be no external requests and no errors; a test that expects errors
    clears the list.
    """
    created: list[BrowserSession] = []

    def start(**options: Any) -> BrowserSession:
        created.append(BrowserSession(browser.new_context(**options)))
        return created[-1]

    yield start
    for session in created:
        session.context.close()
    for session in created:
        assert session.external_requests == []
        assert session.errors == []


@pytest.fixture(scope="module")
def shared_session(browser: Browser) -> Iterator[SharedBrowserSession]:
    """The session behind `session`."""
    created = SharedBrowserSession(browser)
    yield created
    created.context.close()


@pytest.fixture
def session(
    shared_session: SharedBrowserSession, shared_server: ServerProcess
) -> Iterator[SharedBrowserSession]:
    """The module's shared session, reset after each test, with the same checks as `new_session`.

    A test uses `new_session` instead if it needs other options of a context, a fake clock, several
    pages or an unused context.
    """
    yield shared_session
    assert shared_session.reset(shared_server.url) == ([], [])


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    try:
        return axe_source()
    except toolbox.MissingError as missing:
        do_without(f"axe-core: {missing.reason}\n{missing.output}")


@pytest.fixture(scope="session")
def line(shared_server: ServerProcess) -> Iterator[HttpTransport]:
    line = HttpTransport(shared_server.url)
    yield line
    line.close()


@pytest.fixture
def clover(line: HttpTransport, request: pytest.FixtureRequest) -> Iterator[MockClover]:
    """A new sandbox on the shared server."""
    # Short: a name of many digits would look like a card's number, and be masked.
    created = MockClover.create(line, f"b-{crc32(request.node.nodeid.encode()):x}", {})
    yield created
    created.drop()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A web server on another origin, with pages from the test."""
    opened = Shop()
    yield opened
    opened.close()


@pytest.fixture
def checkout_page(shared_server: ServerProcess, shop: Shop) -> Iterator[CheckoutPage]:
    created = CheckoutPage(shared_server, shop)
    yield created
    created.drop()


@pytest.fixture
def open_checkout_page(session: BrowserSession) -> Callable[..., CheckoutPage]:
    """Return a function that opens a checkout page; its options are those of `publish`."""

    def start(checkout_page: CheckoutPage, **options: Any) -> CheckoutPage:
        checkout_page.page = session.open(checkout_page.publish(**options))
        return checkout_page

    return start
