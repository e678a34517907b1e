"""The browser example of docs/testing.md, run as a separate project."""

import os
from pathlib import Path

import pytest

from tests.system.test_howto import blocks, run_pytest


def test_the_page_of_testing_drives_a_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chromium_at: str
) -> None:
    (block,) = [each for each in blocks("testing.md", "python") if "playwright" in each]
    monkeypatch.setenv("PATH", f"{Path(chromium_at).parent}:{os.environ['PATH']}")
    (tmp_path / "test_page.py").write_text(block)
    run_pytest(tmp_path)
