"""Accessibility checks with axe-core: serious and critical violations.

The debugger injects it into each frame, which no Content-Security-Policy prevents, and each frame
is checked separately, so that no messages are sent between frames.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Frame, Page

from tests.clients import toolbox

RECIPE = Path(__file__).parent / "package.json"
SERIOUS = ("serious", "critical")
_RUN = """async () => {
  const { violations, passes } = await axe.run(document, {
    iframes: false,
    resultTypes: ["violations"],
    elementRef: false,
  });
  return { violations, passed: passes.length };
}"""


def axe_source() -> str:
    """Return its source; the first call needs npm and the network. Raises toolbox.MissingError."""
    packages = toolbox.install_node_packages(RECIPE, "browser")
    return (packages / "axe-core" / "axe.min.js").read_text("utf-8")


def serious_violations(page: Page, axe: str, without: tuple[str, ...] = ()) -> list[str]:
    """Return the serious and critical violations in a page and its frames.

    Frames whose URL contains a text of `without` are skipped.
    """
    checked = [frame for frame in page.frames if not any(each in frame.url for each in without)]
    return [found for frame in checked for found in _check(frame, axe)]


def _check(frame: Frame, axe: str) -> list[str]:
    if not frame.evaluate("() => 'axe' in window"):
        frame.evaluate(axe)
    result: dict[str, Any] = frame.evaluate(_RUN)
    if not result["passed"]:
        raise AssertionError(f"{frame.url}: axe checked nothing")
    where = urlsplit(frame.url)
    return [
        f"{each['id']} ({each['impact']}) at {where.path}#{where.fragment}: {node['html']}\n    "
        + node["failureSummary"].replace("\n", "\n    ")
        for each in result["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
