"""Pages with Clover's host names, in a browser that trusts the certificate authority.

The browser maps the names to the server without DNS.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser_session import BrowserSession
from browsers import QUIET, browser_path, do_without
from checkout_page import CheckoutPage, send
from playwright.sync_api import Browser, Playwright, expect
from playwright.sync_api import Error as PlaywrightError
from shop import Shop

from tests.clients.toolbox import plain_environment
from tests.forged import HONEST, Signer, forgeries, presenting
from tests.raw_http import CREDENTIALS, request
from tests.tls_server_process import TlsServerProcess, start

SCRIPTS = "https://checkout.sandbox.dev.clover.com"
CHECKOUTS = "apisandbox.dev.clover.com"
PATH = "/invoicingcheckoutservice/v1/checkouts"
CARD = {"number": "4242424242424242", "expiry": "12/30", "cvv": "123"}
CART = {"lineItems": [{"name": "Mug", "price": 700, "unitQty": 1}]}


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServerProcess]:
    created = start(tmp_path_factory.mktemp("names"))
    yield created
    created.server.stop()


def setup_output(tls_server: TlsServerProcess) -> str:
    """Return what `tls-setup` prints for a browser."""
    folder = str(tls_server.folder / "tls")
    command = [sys.executable, "-m", "mock_clover", "tls-setup", "--for", "browser"]
    return subprocess.check_output([*command, "--tls-folder", folder], text=True)


def mapped(tls_server: TlsServerProcess) -> str:
    """Return the option that `tls-setup` prints, with the port of the server."""
    (rules,) = re.findall(r'--host-resolver-rules="([^"]+)"', setup_output(tls_server))
    return f"--host-resolver-rules={rules}".replace("4243", str(tls_server.port))


@pytest.fixture(scope="module")
def trusting(tls_server: TlsServerProcess, launch: Callable[..., Browser]) -> Browser:
    """A browser that trusts the authority by the option that `tls-setup` prints."""
    (option,) = re.findall(r"--ignore-certificate-errors-spki-list=\S+", setup_output(tls_server))
    return launch(mapped(tls_server), option)


def hosts_asked(session: BrowserSession) -> set[str]:
    return {url.split("/")[2] for url in session.external_requests}


def test_a_shops_page_with_clovers_own_script_address_takes_a_payment(
    tls_server: TlsServerProcess, trusting: Browser, shop: Shop
) -> None:
    session = BrowserSession(trusting.new_context())
    checkout_page = CheckoutPage(tls_server.server, shop)
    checkout_page.base = SCRIPTS
    checkout_page.known = {"api_key": CREDENTIALS.api_key, "merchant_id": CREDENTIALS.merchant_id}
    checkout_page.page = session.open(checkout_page.publish())
    checkout_page.wait_ready()
    checkout_page.fill()
    token = checkout_page.tokenize()["token"]
    body = {"amount": 1800, "currency": "usd", "source": token}
    auth = f"Bearer {CREDENTIALS.access_token}"
    got = send(f"{tls_server.server.url}/v1/charges", body, authorization=auth)
    assert (got.status, got.json["status"]) == (200, "succeeded")
    assert checkout_page.frame("CARD_NUMBER").url.startswith(f"{SCRIPTS}/")
    assert hosts_asked(session) == {SCRIPTS.removeprefix("https://")}
    assert session.errors == []


def test_a_checkouts_page_is_paid_under_clovers_name(
    tls_server: TlsServerProcess, trusting: Browser
) -> None:
    session = BrowserSession(trusting.new_context())
    named = {"host": CHECKOUTS, "x-clover-merchant-id": CREDENTIALS.merchant_id}
    body = {"customer": {"email": "jo@example.com"}, "shoppingCart": CART}
    with tls_server.connect() as connection:
        created = connection.exchange(request("POST", PATH, body, headers=named)).json
    assert created["href"].startswith(f"https://{CHECKOUTS}/")
    page = session.open(created["href"])
    for name, text in CARD.items():
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Paid")
    assert page.evaluate("[isSecureContext, location.protocol]") == [True, "https:"]
    assert hosts_asked(session) == {CHECKOUTS}
    assert session.errors == []


class Home:
    """A home directory of Chromium whose database of certificates a shell command fills."""

    def __init__(self, playwright: Playwright, folder: Path, trust: str, rules: str) -> None:
        folder.mkdir()
        variables = plain_environment() | {"HOME": str(folder)}
        subprocess.run(["bash", "-euc", trust], env=variables, check=True)
        rooted = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.browser = playwright.chromium.launch(
            executable_path=browser_path("chromium"), args=[*QUIET, *rooted, rules], env=variables
        )

    def status_of(self, url: str) -> str:
        """Return the status of a page, or the error."""
        page = self.browser.new_page()
        try:
            response = page.goto(url)
            return str(response and response.status)
        except PlaywrightError as error:
            return str(error).partition(" at ")[0]
        finally:
            page.close()


@pytest.fixture
def certutil_command(tls_server: TlsServerProcess) -> str:
    """The lines that `tls-setup` prints for Chromium on Linux."""
    if not shutil.which("certutil"):
        do_without("no certutil here (Debian's libnss3-tools)")
    pattern = r"^# +((?:mkdir|certutil -d sql:).*)$"
    return "\n".join(re.findall(pattern, setup_output(tls_server), re.MULTILINE))


def test_chromium_trusts_ca_added_by_certutil(
    tls_server: TlsServerProcess, certutil_command: str, tmp_path: Path, playwright: Playwright
) -> None:
    got = []
    for name, trust in (("trusting", certutil_command), ("untrusting", "true")):
        home = Home(playwright, tmp_path / name, trust, mapped(tls_server))
        got.append(home.status_of("https://scl.clover.com/livez"))
        home.browser.close()
    assert got == ["200", "Page.goto: net::ERR_CERT_AUTHORITY_INVALID"]


def test_dashboard_under_clovers_name_links_to_its_address(
    tls_server: TlsServerProcess, trusting: Browser
) -> None:
    session = BrowserSession(trusting.new_context())
    page = session.open(f"https://scl.clover.com:{tls_server.port}/_mock/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not under this name")
    link = page.get_by_role("link", name=f"https://localhost:{tls_server.port}/_mock/")
    link.click()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    session.context.close()


def test_chromium_rejects_forged_certificates(
    tls_server: TlsServerProcess, certutil_command: str, tmp_path: Path, playwright: Playwright
) -> None:
    """Certificates that a thief of the authority's file has made."""
    stolen = Signer.of((tls_server.folder / "tls" / "private" / "authority.pem").read_bytes())
    genuine = {"ours": (HONEST, stolen.sign((HONEST,)).to_pem())}
    rules = "--host-resolver-rules=MAP * 127.0.0.1"
    home = Home(playwright, tmp_path / "trusting", certutil_command, rules)
    with presenting(tmp_path, genuine | forgeries(stolen)) as places:
        got = {kind: home.status_of(f"https://{place}/") for kind, place in places.items()}
    home.browser.close()
    assert got.pop("ours") == "200"
    assert set(got.values()) == {"Page.goto: net::ERR_CERT_INVALID"}, got
