"""docs/planted-bugs.md has the planted bugs and what finds them."""

import re
from pathlib import Path

from tests.audit.shops.planted import NODE_PLANTED, PLANTED

PAGE = Path(__file__).parents[2] / "docs" / "planted-bugs.md"
RULE = re.compile(r"\[(CLV\d{3})\]")


def test_the_page_has_what_the_tests_find() -> None:
    """The columns before the minutes, which `tests/audit/prove.py` measures."""
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    shown = [
        (row[1].strip(" `"), tuple(RULE.findall(row[-4])), row[-3].strip().replace("`", ""))
        for row in rows
    ]
    expected = [
        (each.bug, each.audit, f"{each.cell} {each.verdict.replace('_', ' ')}" if each.cell else "")
        for each in (*PLANTED, *NODE_PLANTED)
    ]
    assert sorted(shown) == sorted(expected)
