"""Two shops that use the SDK, each on its own origin: plain HTML and React.

Both have the same pages and the same server, so one test covers both. Their Content-Security-Policy
allows only their own and Clover's scripts and Clover's frames, and nothing inline.
"""

import html
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shop import Shop
from shop_server import Backend

from mock_clover.testing import MockClover
from tests.clients import toolbox

HERE = Path(__file__).parent
PLAIN = HERE / "plain-shop"
REACT = HERE / "react-shop"
SCRIPTS = ("/sdk.js", "/clover3DS/clover3DS-sdk.js")
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


def open_plain(shop: Shop, clover: MockClover) -> str:
    """Publish the plain shop and return the URL of its checkout."""
    headers = _serve(shop, clover)
    page = (PLAIN / "checkout.html").read_text("utf-8")
    scripts = [f'<script src="{clover.url}{each}"></script>' for each in SCRIPTS]
    for name, value in (
        ("SCRIPTS", "\n".join(scripts)),
        ("PUBLIC_KEY", html.escape(clover.api_key)),
        ("MERCHANT", html.escape(clover.merchant_id)),
    ):
        page = page.replace(name, value)
    shop.put("/cart", (PLAIN / "cart.html").read_text("utf-8"), **headers)
    shop.put("/shop.js", (PLAIN / "shop.js").read_text("utf-8"), TYPES[".js"])
    shop.put("/shop.css", (REACT / "src" / "shop.css").read_text("utf-8"), TYPES[".css"])
    return shop.put("/checkout", page, **headers)


def open_react(shop: Shop, clover: MockClover) -> str:
    """Publish the React shop and return the URL of its checkout."""
    headers = _serve(shop, clover)
    built = built_react_shop()
    config = {
        "scripts": [clover.url + each for each in SCRIPTS],
        "publicKey": clover.api_key,
        "merchantId": clover.merchant_id,
        "locale": "en-US",
    }
    shop.put("/config.json", json.dumps(config), "application/json")
    for file in (built / "assets").iterdir():
        shop.put(f"/assets/{file.name}", file.read_bytes(), TYPES[file.suffix])
    page = (built / "index.html").read_text("utf-8")
    shop.put("/cart", page, **headers)
    return shop.put("/checkout", page, **headers)


SHOPS: dict[str, Callable[[Shop, MockClover], str]] = {"plain": open_plain, "react": open_react}


def built_react_shop() -> Path:
    """Return the built shop; the first call needs npm and the network.

    Raises toolbox.MissingError.
    """
    packages = toolbox.install_node_packages(REACT / "package.json", "react")
    sources = sorted(file for file in REACT.rglob("*") if file.is_file())
    recipe = "\n".join(f"{file.relative_to(REACT)}\n{file.read_text('utf-8')}" for file in sources)

    def make(folder: Path) -> None:
        shutil.copytree(REACT, folder, dirs_exist_ok=True)
        (folder / "node_modules").symlink_to(packages)
        vite = packages / "vite" / "bin" / "vite.js"
        toolbox.install("React shop", ["node", str(vite), "build"], cwd=folder)

    return toolbox.prepare("react-shop", recipe, make) / "dist"


def _serve(shop: Shop, clover: MockClover) -> dict[str, str]:
    """Connect the shop's server to a sandbox and return the headers of its pages."""
    shop_backend = ShopBackend(Backend(clover))
    shop.handlers = {"/pay": shop_backend.pay, "/finalize": shop_backend.finalize}
    mock = "/".join(clover.url.split("/")[:3])
    policy = (
        f"default-src 'none'; script-src 'self' {mock}; style-src 'self'; connect-src 'self'; "
        f"frame-src {mock}; img-src 'self'; base-uri 'none'; form-action 'self'"
    )
    return {"content_security_policy": policy}


class ShopBackend:
    """The shop's server: it charges, saves cards and finishes 3-D Secure."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def pay(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Charge a token or a saved customer, and return the result."""
        source, saved = asked.get("customer") or asked["token"], {}
        if asked.get("keep"):
            status, customer = self._backend.save_card(source)
            if status != 200:
                return {"error": customer["error"]["message"]}
            source = customer["id"]
            saved = {"customer": source}
        more: dict[str, Any] = {}
        if asked.get("browser"):
            browser = asked["browser"] | {"browser_ip": "203.0.113.7"}
            more["threeds"] = {"source": "CLOVER", "browser_info": browser}
        return saved | self._told(*self._backend.charge(source, asked["amount"], **more))

    def finalize(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Finalize a charge after the 3-D Secure challenge."""
        body = {
            "charge_id": asked["charge"],
            "threeds": {"source": "CLOVER", "flow_status": asked["status"]},
        }
        return self._told(*self._backend.send("POST", "/v1/charges/finalize_payment", body))

    def _told(self, status: int, charge: dict[str, Any]) -> dict[str, Any]:
        if status != 200:
            return {"error": charge["error"]["message"]}
        if charge["status"] == "pending":
            return {"pending": charge}
        return {"paid": charge["amount"]}
