"""The browsers of the tests: Debian's Chromium and Firefox, both driven by Playwright.

MOCK_CLOVER_TEST_ENGINE selects one; Chromium is the default. Firefox is a release build, to which
Playwright speaks WebDriver BiDi; the tests that also run there have the marker `firefox`.
"""

import os
import shutil
from typing import NamedTuple, NoReturn

import pytest
from playwright.sync_api import Browser, Playwright

QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",
)
"""Chromium sends no requests of its own; `rebound.example` simulates DNS rebinding."""
PREFERENCES = {
    # One process for a page and its frames: keys are otherwise not sent to frames of another site.
    "fission.autostart": False,
    "dom.ipc.processCount": 1,
}
DARK = {"layout.css.prefers-color-scheme.content-override": 0}
"""The dark theme in Firefox, whose BiDi has no command for it."""


class Engine(NamedTuple):
    """A browser: the environment variable of its path, and the names of its program."""

    variable: str
    programs: tuple[str, ...]
    package: str


ENGINES = {
    "chromium": Engine(
        "MOCK_CLOVER_TEST_CHROMIUM",
        ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        "chromium",
    ),
    "firefox": Engine("MOCK_CLOVER_TEST_FIREFOX", ("firefox-esr", "firefox"), "firefox-esr"),
}
SELECTED = os.environ.get("MOCK_CLOVER_TEST_ENGINE", "chromium")
"""The name of the browser that the tests use."""


def browser_path(name: str = SELECTED) -> str:
    """Return the path of a browser; without it skip, or fail if it is required."""
    engine = ENGINES[name]
    found = os.environ.get(engine.variable) or next(
        filter(None, map(shutil.which, engine.programs)), None
    )
    if not found:
        do_without(f"no {name} here (set {engine.variable}, or install Debian's {engine.package})")
    return found


def do_without(reason: str) -> NoReturn:
    """Skip a test, or fail it if browsers are required."""
    if os.environ.get("MOCK_CLOVER_TEST_BROWSER") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def start_browser(playwright: Playwright, *options: str) -> Browser:
    """Start the selected browser with command line options."""
    if SELECTED == "firefox":
        return start_firefox(playwright, *options)
    rooted = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    return playwright.chromium.launch(
        executable_path=browser_path("chromium"), args=[*QUIET, *rooted, *options]
    )


def start_firefox(playwright: Playwright, *options: str, is_dark: bool = False) -> Browser:
    """Start Firefox."""
    return playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=browser_path("firefox"),
        args=list(options),
        firefox_user_prefs=PREFERENCES | (DARK if is_dark else {}),
    )
