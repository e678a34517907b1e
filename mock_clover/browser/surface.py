"""The endpoints of all files that browsers load."""

from mock_clover.browser.assets import asset, folder_endpoints, script
from mock_clover.browser.cards import ENDPOINT as CARDS
from mock_clover.clover.surface import ROUTER
from mock_clover.control.surface import CONTROL_ENDPOINTS
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.router import Router

SDK_PARTS = ("frames", "fields", "wallets", "clover")
"""The parts of the SDK script, in the order of their dependencies."""
SDK_PAGES = ("field", "ach", "button", "wallet", "test-cards")
"""The pages that the SDK loads in iframes."""
BROWSER_SURFACE: tuple[Endpoint, ...] = (
    asset("/favicon.ico", "icon.svg"),
    asset("/_mock", "dashboard/index.html"),
    *folder_endpoints("/_mock/static", "dashboard"),
    script("/sdk.js", *(f"sdk/page/{part}.js" for part in SDK_PARTS)),
    *(asset(f"/sdk/{page}", f"sdk/{page}.html", allow_framing=True) for page in SDK_PAGES),
    CARDS,
    *folder_endpoints("/sdk/static", "sdk"),
    asset("/clover3DS/clover3DS-sdk.js", "threeds/clover3DS-sdk.js", cross_origin=True),
    asset("/3ds/static/issuer.js", "threeds/issuer.js"),
    asset("/3ds/static/issuer.css", "threeds/issuer.css"),
)
STATIC_ROUTER = Router((*BROWSER_SURFACE, *CONTROL_ENDPOINTS), base=ROUTER)
"""The routes that all servers share: Clover's API, control calls, and files of browsers."""
