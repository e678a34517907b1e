"""Every page, in light and dark, wide and narrow, as axe-core judges it, and whether it fits."""

from collections.abc import Callable

import pytest
from axe import grave_findings
from gallery import SCENES, Stage
from shop import Shop
from visitor import Visitor

from mock_clover.testing import MockClover

WIDTHS = {"desk": 1280, "phone": 360}
HEIGHT = 800


@pytest.mark.parametrize("name", SCENES)
def test_no_page_has_a_serious_finding_or_is_too_wide(
    name: str, clover: MockClover, shop: Shop, visit: Callable[..., Visitor], axe: str
) -> None:
    visitor = visit(viewport={"width": WIDTHS["desk"], "height": HEIGHT}, reduced_motion="reduce")
    page = SCENES[name](Stage(clover, shop, visitor))
    found = []
    for size, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            found += [f"{size}, {theme}: {each}" for each in grave_findings(page, axe)]
        for frame in page.frames:
            wide, room = frame.evaluate(
                "() => [document.documentElement.scrollWidth, window.innerWidth]"
            )
            if wide > room:
                found.append(f"{size}: {frame.url} is {wide} px wide where there are {room}")
    visitor.complaints.clear()  # of declines, which are answered 402
    assert not found, "\n".join(found)
