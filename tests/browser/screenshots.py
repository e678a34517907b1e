"""Pictures of every page, in light and dark, wide and narrow, for people to look at.

`make screenshots` writes them to `.work/screenshots/`.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from conftest import QUIET, chromium_path  # noqa: E402 - after the paths that pytest would set
from gallery import SCENES, Stage  # noqa: E402
from playwright.sync_api import Page, ViewportSize, sync_playwright  # noqa: E402
from shop import Shop  # noqa: E402
from visitor import Visitor  # noqa: E402

from mock_clover.testing import MockClover  # noqa: E402
from mock_clover.testing.http_transport import HttpTransport  # noqa: E402
from tests.served import Served  # noqa: E402

FOLDER = ROOT / ".work" / "screenshots"
SIZES: dict[str, ViewportSize] = {
    "desk": {"width": 1280, "height": 900},
    "phone": {"width": 360, "height": 740},
}


def main(*wanted: str) -> None:
    """Take the pictures of the scenes whose names have one of the words, or of all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    names = [name for name in SCENES if not wanted or any(word in name for word in wanted)]
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        server = Served(Path(folder))
        browser = driver.chromium.launch(
            executable_path=chromium_path(), args=[*QUIET, "--no-sandbox"]
        )
        try:
            for number, name in enumerate(names):
                clover = MockClover.create(HttpTransport(server.url), f"picture-{number}", {})
                shop = Shop()
                visitor = Visitor(browser.new_context(reduced_motion="reduce"))
                page = SCENES[name](Stage(clover, shop, visitor))
                for size, view in SIZES.items():
                    for theme in ("light", "dark"):
                        page.emulate_media(color_scheme=theme)
                        show_whole(page, view)
                        page.screenshot(path=FOLDER / f"{name}-{size}-{theme}.png")
                print(name, flush=True)
                visitor.context.close()
                shop.close()
        finally:
            server.stop()
    print(FOLDER)


def show_whole(page: Page, view: ViewportSize) -> None:
    """Have a page as high as it is, with its frames drawn anew."""
    page.set_viewport_size(view)
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": view["width"], "height": max(view["height"], height)})
    for frame in page.frames:
        frame.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done), 50))")


if __name__ == "__main__":
    main(*sys.argv[1:])
