"""Every page, in light and dark, wide and narrow, as axe-core judges it, and whether it fits."""

from collections.abc import Callable
from typing import Literal

import pytest
from axe import grave_findings
from gallery import SCENES, Stage
from playwright.sync_api import ViewportSize
from shop import Shop
from visitor import Visitor

from mock_clover.testing import MockClover

LOOKS: tuple[tuple[str, Literal["light", "dark"], ViewportSize], ...] = (
    ("desk", "light", {"width": 1280, "height": 900}),
    ("phone", "dark", {"width": 360, "height": 740}),
)
"""The colours do not know the width: each is judged once on every page."""


@pytest.mark.parametrize("name", SCENES)
def test_no_page_has_a_serious_finding_or_is_too_wide(
    name: str, clover: MockClover, shop: Shop, visit: Callable[..., Visitor], axe: str
) -> None:
    visitor = visit(viewport=LOOKS[0][2], reduced_motion="reduce")
    page = SCENES[name](Stage(clover, shop, visitor))
    found: dict[str, list[str]] = {}
    for size, theme, view in LOOKS:
        page.set_viewport_size(view)
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for each in grave_findings(page, axe):
            found.setdefault(each, []).append(f"{size} {theme}")
        for frame in page.frames:
            wide, room = frame.evaluate(
                "() => [document.documentElement.scrollWidth, window.innerWidth]"
            )
            if wide > room:
                found[f"{frame.url} is {wide} px wide where there are {room}"] = [size]
    visitor.complaints.clear()  # of declines, which are answered 402
    assert not found, "\n".join(f"{', '.join(at)}: {each}" for each, at in found.items())
