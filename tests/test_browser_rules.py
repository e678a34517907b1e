"""Rules of the browser tests: read the state of a page only after waiting for it.

A page shows the result of an action later, and later still on a busy machine. `expect` waits for
it; a value that was read once is that of some moment. `until` (tests/browser/browser_session.py)
reads other values, such as sizes, until they are right.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.failure_messages import assert_no_errors
from tests.test_house_rules import last_name

BROWSER = Path(__file__).parent / "browser"

EXPECTED = {
    *("all_inner_texts", "all_text_contents", "count", "get_attribute", "inner_html"),
    *("inner_text", "input_value", "is_checked", "is_disabled", "is_editable", "is_enabled"),
    *("is_hidden", "is_visible", "text_content"),
}
"""Methods that read what `expect` can wait for."""
ACTIONS = {
    *("blur", "check", "click", "dblclick", "disconnect", "emulate_media", "fill", "focus"),
    *("go_back", "go_forward", "goto", "open", "press", "press_sequentially", "reconnect"),
    *("reload", "select_option", "set_viewport_size", "type", "uncheck"),
    *("advance", "burst", "charge", "checkout", "fault", "freeze", "next", "pay", "send"),
}
"""Methods after which a page changes."""
WAITS = re.compile(r"expect|wait|until$|eventually$|tokenize$")
"""Functions that wait; so does each function of `tests/browser` that calls `expect`."""
OF_PAGE = re.compile(r"document\.|inner(?:Width|Height)|getComputedStyle")
"""In a script: it reads the page, rather than call a function and return its result."""
CHANGES = re.compile(r"append\(|addEventListener|click\(|remove\(|\.(?:title|value) \+?= ")
"""In a script: it changes the page."""
DIGITS = re.compile(r"[^\w$€]*[\d.,]+[^\w$€]*")
"""A text that may be part of a time, a duration, a port, an ID or an amount."""
SEARCHES = {"get_by_text", "not_to_contain_text", "row", "to_contain_text"}
"""Methods that find a text anywhere in an element."""

SINGLE = re.compile(r"(?:not_)?to_(?:be|contain|have)_(?!count)")
"""Methods of `expect` for one element; Playwright fails at once if there are more."""

SETTLED = {
    ("test_dashboard_newcomer.py", "use"): "it presses Tab until a control has the focus",
}
"""Functions that may read at once, by file and name, with the reason."""


def steps(body: Iterable[ast.stmt]) -> Iterator[tuple[ast.AST, bool]]:
    """Yield the parts of a function in order, loops twice, and whether a part waits at its end."""
    for statement in body:
        match statement:
            case ast.With(items=items, body=inner):
                heads = [item.context_expr for item in items]
                yield from ((head, False) for head in heads)
                yield from steps(inner)
                yield from ((head, True) for head in heads)
            case ast.For(body=inner) | ast.While(body=inner):
                yield getattr(statement, "iter", None) or statement.test, False
                yield from steps([*inner, *inner])
            case ast.If(test=test, body=inner, orelse=other):
                yield test, False
                yield from steps([*inner, *other])
            case ast.Try(body=inner, finalbody=end):
                yield from steps([*inner, *end])
            case ast.FunctionDef() | ast.ClassDef():
                pass  # visited by itself
            case _:
                yield statement, False


def calls(part: ast.AST) -> list[ast.Call]:
    """Return the calls in a part, without those in a lambda: `until` repeats it."""
    found, rest = list[ast.Call](), [part]
    while rest:
        node = rest.pop()
        found += [node] if isinstance(node, ast.Call) else []
        rest += [] if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node)
    return found


class Reader:
    """Finds the reads of one file that do not wait."""

    def __init__(self, tree: ast.Module, waits: Iterable[str] = ()) -> None:
        self.found: dict[tuple[int, str], str] = {}
        """By line and function, what is wrong."""
        self._waits = set(waits)
        self._texts = {
            last_name(node.targets[0]): ast.unparse(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self._visit(node)

    def _visit(self, function: ast.FunctionDef) -> None:
        action = ""
        counts = dict[str, str]()
        for part, has_waited in steps(function.body):
            found = calls(part)
            names = [last_name(call.func) for call in found]
            asserts = isinstance(part, ast.Assert)
            place = (getattr(part, "lineno", 0), function.name)
            if has_waited or any(WAITS.match(name) or name in self._waits for name in names):
                action = ""
            if asserts and (reads_url(part) or any(map(is_expected, found))):
                self.found[place] = "use `expect`, which waits for this state"
            elif action and any(map(self._is_read, found)):
                self.found[place] = f"wait for a state after `{action}`, with `expect` or `until`"
            self.found |= {
                (call.lineno, function.name): "name the cell: other texts have these digits, too"
                for call in found
                if is_search_for_digits(call)
            }
            for call in found:
                self._check_count(call, counts, function.name)
            if not {"expect", "until"} & {*names}:
                action = next((name for name in names if name in ACTIONS), action)

    def _check_count(self, call: ast.Call, counts: dict[str, str], function: str) -> None:
        """Report an assertion about one element after the same locator had to match several."""
        if not (isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call)):
            return
        subject = call.func.value
        if last_name(subject.func) != "expect" or not subject.args:
            return
        locator = ast.unparse(subject.args[0])
        if call.func.attr == "to_have_count":
            counts[locator] = ast.unparse(call.args[0])
        elif (
            SINGLE.match(call.func.attr)
            and counts.get(locator, "1") not in "01"
            and not (call.args and isinstance(call.args[0], ast.List))
        ):
            wrong = "first expect that the locator matches one element: Playwright does not wait"
            self.found[call.lineno, function] = wrong

    def _is_read(self, call: ast.Call) -> bool:
        if not last_name(call.func).startswith("evaluate"):
            return is_expected(call) or last_name(call.func) == "bounding_box"
        script = ast.unparse(call.args[0])
        script = self._texts.get(script, script)
        of_page = re.search(r"(?:page|frame)$", ast.unparse(call.func).rpartition(".")[0])
        return not CHANGES.search(script) and bool(not of_page or OF_PAGE.search(script))


def is_expected(call: ast.Call) -> bool:
    """Return whether a call reads what `expect` can wait for; a list's `count` has an argument."""
    name = last_name(call.func)
    return name in EXPECTED and not (name == "count" and call.args)


def reads_url(part: ast.AST) -> bool:
    """Return whether a part reads the URL of a page."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "url" and last_name(node.value) == "page"
        for node in ast.walk(part)
    )


def is_search_for_digits(call: ast.Call) -> bool:
    """Return whether a call searches an element for digits only."""
    searched = [each.value for each in call.keywords if each.arg in ("has_text", "has_not_text")]
    if last_name(call.func) in SEARCHES:
        searched += call.args[:1]
    return any(
        isinstance(each, ast.Constant) and DIGITS.fullmatch(str(each.value)) for each in searched
    )


def test_rows_are_searched_among_the_visible_ones() -> None:
    """The page recycles rows, so the first one of the document may be hidden."""
    assert_no_errors(
        f"{file.name}:{number}: add `:visible` to `[role=option]`, or use `dashboard_page.rows`"
        for file in sorted(BROWSER.glob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if re.search(r"#list \[role=option\](?!:visible|\[)", line)
    )


def test_browser_tests_wait_for_the_state_that_they_read() -> None:
    trees = {file.name: ast.parse(file.read_text("utf-8")) for file in sorted(BROWSER.glob("*.py"))}
    waits = {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("test_")
        if any(WAITS.match(last_name(call.func)) for call in calls(node))
    }
    found = {
        (name, *place): wrong
        for name, tree in trees.items()
        for place, wrong in Reader(tree, waits - ACTIONS).found.items()
    }
    assert_no_errors(
        f"tests/browser/{name}:{line}: {wrong}"
        for (name, line, function), wrong in found.items()
        if (name, function) not in SETTLED
    )
    used = {(name, function) for name, _, function in found}
    assert SETTLED.keys() - used == set(), "these entries are unused"


OFFENCES = {
    "assert rows.count() == 2": "expect",
    "assert page.url.endswith('#/x')": "expect",
    "assert sorted(each.inner_text() for each in tabs) == []": "expect",
    "page.click('x')\nbox = head.bounding_box()": "click",
    "page.click('x')\nassert head.evaluate('e => e.title') == ''": "click",
    "expect(a).to_be_visible()\nshop.pay()\ntexts = rows.all_text_contents()": "pay",
    "page.reload()\nassert page.evaluate('document.title') == ''": "reload",
    "page.reload()\nassert page.evaluate(SIZE) == 1": "reload",
    "for each in x:\n    wide = each.evaluate('e => e.x')\n    page.press(each)": "press",
    "expect(row).to_contain_text('200')": "digits",
    "expect(row).not_to_contain_text('4.02')": "digits",
    "row.filter(has_text='● 402').click()": "digits",
    "expect(rows).to_have_count(2)\nexpect(rows).to_contain_text('a')": "one element",
}
SIZE = "SIZE = 'innerWidth'\n"


def reads(source: str) -> list[str]:
    """Return what is wrong in the body of a function."""
    body = "\n    ".join(source.splitlines())
    return [*Reader(ast.parse(f"{SIZE}def test():\n    {body}"), {"told"}).found.values()]


@pytest.mark.parametrize(("source", "wrong"), OFFENCES.items(), ids=OFFENCES)
def test_a_read_that_does_not_wait_is_reported(source: str, wrong: str) -> None:
    (found,) = reads(source)
    assert wrong in found


@pytest.mark.parametrize(
    "source",
    [
        "expect(rows).to_have_count(2)\nassert head.bounding_box() == before",
        "page.click('x')\nexpect(a).to_be_visible()\nbox = head.bounding_box()",
        "page.click('x')\nassert told(page) == {}\nbox = head.bounding_box()",
        "page.click('x')\nuntil(lambda: rows.count(), bool)",
        "with page.expect_response('x'):\n    page.click('x')\nseen = yaml.text_content()",
        "page.reload()\nassert page.evaluate('(await import(x)).sum(1)') == 1",
        "expect(row).to_contain_text('$12.00')",
        "expect(row).to_contain_text('40 rows')",
        "expect(cell).to_have_text('200')",
        "expect(rows).to_have_count(2)\nexpect(rows).to_have_text(['a', 'b'])",
        "expect(rows).to_have_count(2)\nexpect(rows).to_have_count(1)\nexpect(rows).to_be_visible()",
    ],
)
def test_a_read_that_waits_is_not_reported(source: str) -> None:
    assert reads(source) == []
