"""The dashboard's views as axe-core judges them: light and dark, at a desk and on a phone."""

from collections.abc import Callable

from axe import grave_findings
from desk import Desk
from playwright.sync_api import expect
from visitor import Visitor

from mock_clover.testing import MockClover
from tests.test_threeds import BROWSER
from tests.world import DECLINES

VIEWS = {
    "exchanges": "#list [aria-posinset='1']",
    "exchanges/2": "#detail .facts",
    "data/charges": "#data-body tbody tr",
    "data/charges/{charge}": ".moment",
    "scenario": ".verdict.good",
    "try/2": "#try-body .outcome",
    "faults": "#faults-body tbody tr",
    "webhooks": ".attempts li",
    "cardholder": "#cardholder-body tbody tr",
    "sandboxes": "#sandboxes-body tbody tr",
}
"""Each with what is seen once it is all there."""
LOOKS = (("dark", 1280), ("light", 360))
"""The colours do not know the width: each is judged once in every view."""


def _work(desk: Desk) -> str:
    """Do what each view has something to show of; return the id of a charge."""
    clover, shop = desk.clover, desk.shop
    charge = str(desk.pay(1800, description="Lamp").body["id"])
    desk.pay(1800, pan=DECLINES)
    shop.ask("GET", "/v1/charges/NOSUCHCHARGE1")
    asks = {"source": "CLOVER", "browser_info": BROWSER}
    desk.pay(25001, pan="4012000033330026", threeds=asks)
    clover.fault("delay", delay_ms=1, endpoint="get_token")
    clover.webhook("http://127.0.0.1:9/hook", kind="hosted_checkout")
    clover.pay_checkout(shop.checkout().rpartition("/")[2])
    return charge


def test_no_view_has_a_serious_finding_or_is_too_wide(
    clover: MockClover, visit: Callable[..., Visitor], axe: str
) -> None:
    desk = Desk(clover, visit(reduced_motion="reduce"))
    charge = _work(desk)
    page = desk.open().page
    found = []
    for view, seen in VIEWS.items():
        page.goto(f"{clover.url}/_mock/#/{view.format(charge=charge)}")
        for theme, width in LOOKS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            expect(page.locator(seen).first).to_be_visible()
            found += [f"{view}, {theme}: {each}" for each in grave_findings(page, axe)]
            wide = page.evaluate("() => document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{view} is {wide} px wide where there are {width}")
    assert not found, "\n".join(found)
