"""Pages under Clover's own names, in a browser that trusts the authority; nothing is changed.

The names are mapped to the server by the browser itself; its own resolver is never asked.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import QUIET, chromium_path, do_without
from playwright.sync_api import Browser, Playwright, expect
from playwright.sync_api import Error as PlaywrightError
from shop import Shop
from till import Till, ask
from visitor import Visitor

from mock_clover.clover.common.hosts import NAMES
from tests.clients.toolbox import plain_environment
from tests.forged import HONEST, Signer, forgeries, presenting
from tests.secured import Secured, start
from tests.wire import KNOWN, request

SCRIPTS = "https://checkout.sandbox.dev.clover.com"
CHECKOUTS = "apisandbox.dev.clover.com"
PATH = "/invoicingcheckoutservice/v1/checkouts"
CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvv": "123"}
CART = {"lineItems": [{"name": "Mug", "price": 700, "unitQty": 1}]}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    made = start(tmp_path_factory.mktemp("names"))
    yield made
    made.server.stop()


def told(secured: Secured) -> str:
    """Return what is said to a browser."""
    folder = str(secured.folder / "tls")
    command = [sys.executable, "-m", "mock_clover", "tls-setup", "--for", "browser"]
    return subprocess.check_output([*command, "--tls-folder", folder], text=True)


def mapped(secured: Secured) -> str:
    rules = ", ".join(f"MAP {name} 127.0.0.1:{secured.port}" for name in NAMES)
    return f"--host-resolver-rules={rules}"


@pytest.fixture(scope="module")
def trusting(secured: Secured, launch: Callable[..., Browser]) -> Browser:
    """A browser that knows the authority's key by the option that `tls-setup` prints."""
    (option,) = re.findall(r"--ignore-certificate-errors-spki-list=\S+", told(secured))
    return launch(mapped(secured), option)


def hosts_asked(visitor: Visitor) -> set[str]:
    return {url.split("/")[2] for url in visitor.strangers}


def test_a_shops_page_with_clovers_own_script_address_takes_a_payment(
    secured: Secured, trusting: Browser, shop: Shop
) -> None:
    visitor = Visitor(trusting.new_context())
    till = Till(secured.server, shop)
    till.base = SCRIPTS
    till.known = {"api_key": KNOWN.api_key, "merchant_id": KNOWN.merchant_id}
    till.page = visitor.open(till.put())
    till.wait_ready()
    till.fill()
    token = till.tokenise()["token"]
    asked = {"amount": 1800, "currency": "usd", "source": token}
    auth = f"Bearer {KNOWN.access_token}"
    got = ask(f"{secured.server.url}/v1/charges", asked, authorization=auth)
    assert (got.status, got.json["status"]) == (200, "succeeded")
    assert till.frame("CARD_NUMBER").url.startswith(f"{SCRIPTS}/")
    assert hosts_asked(visitor) == {SCRIPTS.removeprefix("https://")}
    assert visitor.complaints == []


def test_a_checkouts_page_is_paid_under_clovers_name(secured: Secured, trusting: Browser) -> None:
    visitor = Visitor(trusting.new_context())
    named = {"host": CHECKOUTS, "x-clover-merchant-id": KNOWN.merchant_id}
    body = {"customer": {"email": "jo@example.com"}, "shoppingCart": CART}
    with secured.wire() as wire:
        made = wire.ask(request("POST", PATH, body, headers=named)).json
    assert made["href"].startswith(f"https://{CHECKOUTS}/")
    page = visitor.open(made["href"])
    for name, text in CARD.items():
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Paid")
    assert page.evaluate("[isSecureContext, location.protocol]") == [True, "https:"]
    assert hosts_asked(visitor) == {CHECKOUTS}
    assert visitor.complaints == []


class Home:
    """A home directory of Chromium whose database of certificates a shell command fills."""

    def __init__(self, playwright: Playwright, folder: Path, trust: str, rules: str) -> None:
        folder.mkdir()
        variables = plain_environment() | {"HOME": str(folder)}
        make = "mkdir -p $HOME/.pki/nssdb; certutil -d sql:$HOME/.pki/nssdb -N --empty-password"
        subprocess.run(["bash", "-euc", f"{make}; {trust}"], env=variables, check=True)
        rooted = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=[*QUIET, *rooted, rules], env=variables
        )

    def status_of(self, url: str) -> str:
        """Return the status of a page, or the error."""
        page = self.browser.new_page()
        try:
            answer = page.goto(url)
            return str(answer and answer.status)
        except PlaywrightError as error:
            return str(error).partition(" at ")[0]
        finally:
            page.close()


@pytest.fixture
def told_by_certutil(secured: Secured) -> str:
    """The line that `tls-setup` prints for Chromium on Linux."""
    if not shutil.which("certutil"):
        do_without("no certutil here (Debian's libnss3-tools)")
    (line,) = re.findall(r"^# +(certutil -d sql:.*)$", told(secured), re.MULTILINE)
    return str(line)


def test_chromium_trusts_ca_added_by_certutil(
    secured: Secured, told_by_certutil: str, tmp_path: Path, playwright: Playwright
) -> None:
    got = []
    for name, trust in (("told", told_by_certutil), ("not", "true")):
        home = Home(playwright, tmp_path / name, trust, mapped(secured))
        got.append(home.status_of("https://scl.clover.com/livez"))
        home.browser.close()
    assert got == ["200", "Page.goto: net::ERR_CERT_AUTHORITY_INVALID"]


def test_chromium_rejects_forged_certificates(
    secured: Secured, told_by_certutil: str, tmp_path: Path, playwright: Playwright
) -> None:
    """Certificates that a thief of the authority's file has made."""
    stolen = Signer.of((secured.folder / "tls" / "private" / "authority.pem").read_bytes())
    genuine = {"ours": (HONEST, stolen.sign((HONEST,)).to_pem())}
    rules = "--host-resolver-rules=MAP * 127.0.0.1"
    home = Home(playwright, tmp_path / "told", told_by_certutil, rules)
    with presenting(tmp_path, genuine | forgeries(stolen)) as places:
        got = {kind: home.status_of(f"https://{place}/") for kind, place in places.items()}
    home.browser.close()
    assert got.pop("ours") == "200"
    assert set(got.values()) == {"Page.goto: net::ERR_CERT_INVALID"}, got
