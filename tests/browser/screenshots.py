"""Screenshots of every page, in light and dark, wide and narrow.

`make screenshots` writes them to `.work/screenshots/`.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from browser_session import BrowserSession  # noqa: E402 - after the paths that pytest would set
from conftest import QUIET, chromium_path  # noqa: E402 - as above
from gallery import SCENES, SceneContext  # noqa: E402 - as above
from playwright.sync_api import Page, ViewportSize, sync_playwright  # noqa: E402 - as above
from shop import Shop  # noqa: E402 - as above

from mock_clover.testing import MockClover  # noqa: E402 - as above
from mock_clover.testing.http_transport import HttpTransport  # noqa: E402 - as above
from tests.server_process import ServerProcess  # noqa: E402 - as above

FOLDER = ROOT / ".work" / "screenshots"
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 900},
    "phone": {"width": 360, "height": 740},
}


def main(*expected: str) -> None:
    """Take screenshots of the scenes whose names contain one of the words, or of all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    names = [name for name in SCENES if not expected or any(word in name for word in expected)]
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        server = ServerProcess(Path(folder))
        browser = driver.chromium.launch(
            executable_path=chromium_path(), args=[*QUIET, "--no-sandbox"]
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
        finally:
            server.stop()
    print(FOLDER)


def show_whole(page: Page, view: ViewportSize) -> None:
    """Set the viewport to the height of the page and repaint its frames."""
    page.set_viewport_size(view)
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": view["width"], "height": max(view["height"], height)})
    for frame in page.frames:
        frame.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done), 50))")


if __name__ == "__main__":
    main(*sys.argv[1:])
