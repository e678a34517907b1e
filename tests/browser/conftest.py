"""A real Chromium, driven by Playwright: pages on other origins, and all that they complained of.

With MOCK_CLOVER_TEST_BROWSER=required a missing Chromium fails these tests; else they are skipped.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any, NoReturn
from zlib import crc32

import pytest
from axe import axe_source
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from shop import Shop
from till import Till
from visitor import WAIT_MS, SharedVisitor, Visitor

from mock_clover.testing import MockClover
from mock_clover.testing.http_transport import HttpTransport
from tests.clients import toolbox
from tests.served import Served

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",
)
"""Chromium asks nobody but the pages' own servers; a stranger has pointed its name at them."""


def chromium_path() -> str:
    """Return where Chromium is, or skip, or fail where it is required."""
    named = os.environ.get("MOCK_CLOVER_TEST_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        do_without("no Chromium here (set MOCK_CLOVER_TEST_CHROMIUM, or install Debian's chromium)")
    return found


def do_without(reason: str) -> NoReturn:
    """Skip a test, or fail it where browsers are required."""
    if os.environ.get("MOCK_CLOVER_TEST_BROWSER") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium_at() -> str:
    return chromium_path()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    chromium_path()
    expect.set_options(timeout=WAIT_MS)  # a machine may be busy: what is waited for comes late
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


@pytest.fixture(scope="module")
def shared_visitor(chromium: Browser) -> Iterator[SharedVisitor]:
    """The profile behind `visitor`."""
    made = SharedVisitor(chromium.new_context())
    yield made
    made.context.close()


@pytest.fixture
def visitor(shared_visitor: SharedVisitor, served: Served) -> Iterator[SharedVisitor]:
    """The module's shared visitor, reset after each test and held to the same rules as `visit`.

    A test takes `visit` instead when it needs other options of a context, a fake clock, several
    pages or a profile that no other test has used.
    """
    yield shared_visitor
    assert shared_visitor.reset(served.url) == ([], [])


@pytest.fixture(scope="session")
def axe() -> str:
    """The program of axe-core."""
    try:
        return axe_source()
    except toolbox.MissingError as missing:
        do_without(f"axe-core: {missing.reason}\n{missing.output}")


@pytest.fixture(scope="session")
def line(served: Served) -> Iterator[HttpTransport]:
    line = HttpTransport(served.url)
    yield line
    line.close()


@pytest.fixture
def clover(line: HttpTransport, request: pytest.FixtureRequest) -> Iterator[MockClover]:
    """A sandbox of one's own on the shared server, by its prefix."""
    # Short: a name of many digits would look like a card's number, and be masked.
    made = MockClover.create(line, f"b-{crc32(request.node.nodeid.encode()):x}", {})
    yield made
    made.drop()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A web server on another origin, whose pages a test writes."""
    opened = Shop()
    yield opened
    opened.close()


@pytest.fixture
def till(served: Served, shop: Shop) -> Till:
    return Till(served, shop)


@pytest.fixture
def open_till(visitor: Visitor) -> Callable[..., Till]:
    """Return an opener of a till's page; its options are those of the page."""

    def start(till: Till, **options: Any) -> Till:
        till.page = visitor.open(till.put(**options))
        return till

    return start
