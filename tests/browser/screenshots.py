"""Screenshots of every page, in light and dark, wide and narrow.

`make screenshots` writes them to `.work/screenshots/`, and the picture of the README to
`docs/dashboard.png`. `make screenshots ARGS=readme` writes only the latter.
"""

import contextlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from browser_session import BrowserSession, resize  # noqa: E402 - after the paths that pytest would set
from browsers import QUIET, browser_path  # noqa: E402 - as above
from gallery import SCENES, SceneContext, dashboard  # noqa: E402 - as above
from playwright.sync_api import (  # noqa: E402 - as above
    Browser,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)
from shop import Shop  # noqa: E402 - as above
from shop_server import Backend  # noqa: E402 - as above

from mock_clover.client import ClientError  # noqa: E402 - as above
from mock_clover.testing import MockClover  # noqa: E402 - as above
from mock_clover.testing.http_transport import HttpTransport  # noqa: E402 - as above
from tests.in_process import DECLINED_CARD, VISA  # noqa: E402 - as above
from tests.server_process import ServerProcess  # noqa: E402 - as above

FOLDER = ROOT / ".work" / "screenshots"
README_PICTURE = ROOT / "docs" / "dashboard.png"
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 900},
    "phone": {"width": 360, "height": 740},
}
SHOW_VIEW = "document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest' })"
"""On a phone the views are a line that scrolls."""
REPAINT = "new Promise((done) => setTimeout(() => requestAnimationFrame(done), 50))"


def main(*expected: str) -> None:
    """Take screenshots of the scenes whose names contain one of the words, or of all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    names = [name for name in SCENES if not expected or any(word in name for word in expected)]
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        server = ServerProcess(Path(folder))
        browser = driver.chromium.launch(
            executable_path=browser_path("chromium"), args=[*QUIET, "--no-sandbox"]
        )
        try:
            for number, name in enumerate(names):
                clover = MockClover.create(HttpTransport(server.url), f"picture-{number}", {})
                shop = Shop()
                session = BrowserSession(browser.new_context(reduced_motion="reduce"))
                page = SCENES[name](SceneContext(clover, shop, session))
                for size, view in SIZES.items():
                    for theme in ("light", "dark"):
                        page.emulate_media(color_scheme=theme)
                        show_whole(page, view)
                        page.screenshot(path=FOLDER / f"{name}-{size}-{theme}.png")
                print(name, flush=True)
                session.context.close()
                shop.close()
            if not expected or "readme" in expected:
                take_readme_picture(server, browser)
        finally:
            server.stop()
    print(FOLDER)


def take_readme_picture(server: ServerProcess, browser: Browser) -> None:
    """Write the picture of the README: the dashboard with a declined charge of a fixed sandbox."""
    clover = MockClover.create(HttpTransport(server.url), "my-shop", {})
    shop = Backend(clover)
    shop.charge(clover.card_token(VISA), 900)
    session = BrowserSession(browser.new_context(viewport={"width": 1290, "height": 680}))
    page = dashboard(session, clover)  # open, so that its chart shows the next requests
    for pan in (VISA, DECLINED_CARD):
        shop.charge(clover.card_token(pan), 1800, description="A lamp, brass")
    clover.fault("drop", endpoint="create_charge", when="after_commit", times=1)
    with contextlib.suppress(ClientError):
        shop.charge(clover.card_token(VISA), 2500)
    shop.send("POST", "/v1/refunds", {"charge": clover.charges[0]["id"], "amount": 500})
    declined = next(each["id"] for each in clover.journal() if each["status"] == 402)
    dashboard(session, clover, f"exchanges/{declined}")
    expect(page.locator("#sum-declined")).to_have_text("1")
    expect(page.locator("#chart-drawing title", has_text="lost")).to_have_count(1)  # it is drawn
    page.screenshot(path=README_PICTURE)
    session.context.close()
    print(README_PICTURE)


def show_whole(page: Page, view: ViewportSize) -> None:
    """Set the viewport to the height of the page and repaint its frames."""
    resize(page, view)
    for _ in range(2):  # a frame may become higher
        height = int(page.evaluate("document.documentElement.scrollHeight"))
        resize(page, {"width": view["width"], "height": max(view["height"], height)})
        page.evaluate(SHOW_VIEW)
        for frame in page.frames:
            frame.evaluate(REPAINT)


if __name__ == "__main__":
    main(*sys.argv[1:])
