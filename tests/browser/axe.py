"""axe-core, which judges a page as accessibility testers do: what of it is serious or critical.

It is put into each frame by the debugger, which no policy of a page stops, and each frame is judged
alone, so that it says nothing into the page.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Frame, Page

from tests.clients import toolbox

RECIPE = Path(__file__).parent / "package.json"
GRAVE = ("serious", "critical")
_RUN = """async () => {
  const { violations, passes } = await axe.run(document, {
    iframes: false,
    resultTypes: ["violations"],
    elementRef: false,
  });
  return { violations, passed: passes.length };
}"""


def axe_source() -> str:
    """Return the program; once needs npm and the network. Raises toolbox.MissingError."""
    packages = toolbox.install_node_packages(RECIPE, "browser")
    return (packages / "axe-core" / "axe.min.js").read_text("utf-8")


def grave_findings(page: Page, axe: str, without: tuple[str, ...] = ()) -> list[str]:
    """Return what is serious or critical in a page and its frames, each with where it is.

    Frames whose address contains a text of `without` are left out.
    """
    judged = [frame for frame in page.frames if not any(each in frame.url for each in without)]
    return [found for frame in judged for found in _judge(frame, axe)]


def _judge(frame: Frame, axe: str) -> list[str]:
    if not frame.evaluate("() => 'axe' in window"):
        frame.evaluate(axe)
    said: dict[str, Any] = frame.evaluate(_RUN)
    if not said["passed"]:
        raise AssertionError(f"{frame.url}: axe looked at nothing")
    where = urlsplit(frame.url)
    return [
        f"{each['id']} ({each['impact']}) at {where.path}#{where.fragment}: {node['html']}\n    "
        + node["failureSummary"].replace("\n", "\n    ")
        for each in said["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
