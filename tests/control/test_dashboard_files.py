"""Static checks of the dashboard's files: nothing parses markup, and no file is too long."""

import re

import pytest

from mock_clover.browser.assets import STATIC

FILES = sorted(each for each in (STATIC / "dashboard").iterdir() if each.is_file())
LINES_MAX = 400
CHARS_MAX = 120
FORBIDDEN = {
    "reads markup": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser"
    r"|createContextualFragment|setHTMLUnsafe|srcdoc(?!\$)",
    "runs a text": r"\beval\s*\(|\bFunction\s*\(|javascript:|set(?:Timeout|Interval)\(\s*[\"'`]",
    "listens by an attribute": r"setAttribute\(\s*[\"'`]on|<[^>]+\son[a-z]+=",
    "asks another": r"\bimportScripts|https?://(?!www\.w3\.org/2000/svg|localhost:3000/)|\bWebSocket|sendBeacon",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_uses_forbidden_apis(what: str) -> None:
    found = {
        file.name: hit[0]
        for file in FILES
        if (hit := re.search(FORBIDDEN[what], file.read_text("utf-8")))
    }
    assert found == {}, what


def test_files_are_short_and_have_a_comment() -> None:
    result = [(file, file.read_text("utf-8").splitlines()) for file in FILES]
    assert [file.name for file, lines in result if len(lines) > LINES_MAX] == []
    assert [
        f"{file.name}:{number}"
        for file, lines in result
        for number, line in enumerate(lines, 1)
        if len(line) > CHARS_MAX and file.suffix == ".js"
    ] == []
    first = {".js": "// ", ".css": "/* ", ".html": "<!DOCTYPE html>"}
    assert [
        file.name for file, lines in result if not lines[0].startswith(first[file.suffix])
    ] == []


def test_no_function_of_the_scripts_is_long() -> None:
    long = [
        f"{file.name}: {hit[0].splitlines()[0]}"
        for file in FILES
        if file.suffix == ".js"
        for hit in re.finditer(
            r"^(?:export )?(?:async )?function .*?^}",
            file.read_text("utf-8"),
            re.DOTALL | re.MULTILINE,
        )
        if hit[0].count("\n") > 70
    ]
    assert long == []


def test_imported_modules_exist() -> None:
    names = {file.name for file in FILES}
    requested = {
        name
        for file in FILES
        if file.suffix in (".js", ".html")
        for name in re.findall(
            r"[\"'](?:\./|/_mock/static/)([\w.-]+)[\"']", file.read_text("utf-8")
        )
    }
    assert requested <= names
    assert names - requested == {"index.html"}
