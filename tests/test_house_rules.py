"""Repository rules that linters do not check, about time in tests, reasons and unused names."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.failure_messages import assert_no_errors

TESTS = Path(__file__).parent
ROOT = TESTS.parent
ELSEWHERE = ("bench", "soak")
"""Folders of `tests` that may measure time: they assert no figures of time."""
PATIENCE_S_MIN = 60

CLOCKS = {
    "process_time",
    "process_time_ns",
    "thread_time",
    "thread_time_ns",
    "perf_counter",
    "perf_counter_ns",
    "monotonic",
    "monotonic_ns",
    "time",
    "time_ns",
    "timeit",
    "now",
    "utcnow",
    "today",
}
"""Functions that read a clock, by their last name: also `loop.time` and `datetime.now`."""
SUMS = {"abs", "float", "int", "len", "max", "mean", "median", "min", "round", "sorted", "sum"}
"""Functions whose value is a time when an argument is one."""
SLEEPS = {"sleep", "Timer"}
SUSPECT = re.compile(
    r"timeout|\b(?:time|now|today|utcnow)\(|\b(?:from|import) time|"
    r"sleep|Timer|timeit|perf_counter|monotonic|process_time|thread_time|time_ns"
)
"""Matches any source that may use time: most files need not be parsed."""

WAITING = {
    ("fuzz/cost.py", "growth_error"): (
        "compares processor times with each other: that of an input with that of a part of it"
    ),
    ("fuzz/test_mutations.py", "test_changed_requests"): "runs for a stated time",
    (
        "raw_http.py",
        "eventually",
    ): "waits for a condition; its deadline only ends a test that fails",
    (
        "server_process.py",
        "__init__",
    ): "waits for a port file; its deadline ends a start that hangs",
    (
        "clients/clover_server.py",
        "wait_for_port",
    ): "the same, for tests that import nothing of ours",
}
"""Functions that may compare times or sleep, by file and name, with the reason."""


class Timing(ast.NodeVisitor):
    """Finds comparisons of clock readings, sleeps, and short time-outs in one file."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[tuple[int, str, str]] = []
        """Line, function and what is wrong."""
        self._function = ""
        self._clocks, self._times = set(CLOCKS), set[str]()
        """Names of functions that return times, and of variables that hold them."""
        given = list(flows(tree))
        before = -1
        while before != (before := len(self._times) + len(self._clocks)):
            for into, names, values in given:
                if any(map(self._is_time, values)):
                    (self._clocks if into == "function" else self._times).update(names)
        self.visit(tree)

    def _is_time(self, node: ast.AST | None) -> bool:
        """Return whether an expression's value is a clock reading or computed from one."""
        match node:
            case ast.Call(func=func, args=args):
                name = last_name(func)
                return name in self._clocks or (
                    (name in SUMS and any(map(self._is_time, args)))
                    or (isinstance(func, ast.Attribute) and self._is_time(func.value))
                )
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name in self._times
            case ast.Compare() | ast.Constant() | None:
                return False
        return any(
            self._is_time(each)
            for each in ast.iter_child_nodes(node)
            if isinstance(each, (ast.expr, ast.comprehension))
        )

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Record the name of the function."""
        outer, self._function = self._function, node.name
        self.generic_visit(node)
        self._function = outer

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the name that ast calls

    def visit_Compare(self, node: ast.Compare) -> None:
        """Find a comparison with a time, in an assert or elsewhere."""
        if any(map(self._is_time, (node.left, *node.comparators))):
            self._report(node, "compares a clock reading")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Find a sleep, and a timeout that a slow machine may exceed."""
        name = last_name(node.func)
        waits = [each.value for each in node.keywords if each.arg == "timeout"]
        if name == "settimeout":
            waits += node.args
        if name in SLEEPS and not is_number(node.args[0] if node.args else None, 0, 0):
            self._report(node, "sleeps")
        if any(is_number(each, 0, PATIENCE_S_MIN - 0.001) for each in waits):
            self._report(node, f"waits less than {PATIENCE_S_MIN} s")
        self.generic_visit(node)

    def _report(self, node: ast.expr, wrong: str) -> None:
        self.found.append((node.lineno, self._function, wrong))


def is_number(node: ast.AST | None, least: float, most: float) -> bool:
    """Return whether an expression is a literal number within these bounds."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and least <= node.value <= most
    )


def last_name(node: ast.expr) -> str:
    """Return `c` of `a.b.c`."""
    return getattr(node, "attr", "") or getattr(node, "id", "")


def names(node: ast.expr) -> set[str]:
    """Return the variables of a target, or the last name of an attribute."""
    if isinstance(node, ast.Attribute):
        return {node.attr}
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def flows(tree: ast.Module) -> Iterator[tuple[str, set[str], list[ast.expr]]]:
    """Yield each assignment of values to names: the kind of the names, the names, the values."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield "variable", set().union(*map(names, targets)), [value]
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
                | ast.For(target=target, iter=value)
                | ast.comprehension(target=target, iter=value)
            ):
                yield "variable", names(target), [value]
            case ast.Call(
                func=ast.Attribute(value=holder, attr="append" | "add" | "extend"), args=args
            ):
                yield "variable", names(holder), args
            case ast.ImportFrom(module="time" | "timeit", names=imported):
                for each in imported:
                    called = ast.Call(ast.Name(each.name), [], [])
                    yield "function", {each.asname or each.name}, [called]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                returns = (each for each in ast.walk(node) if isinstance(each, ast.Return))
                yield "function", {name}, [each.value for each in returns if each.value]


def timing(source: str) -> list[tuple[int, str, str]]:
    """Return line, function and error of each use of time in a source."""
    return Timing(ast.parse(source)).found if SUSPECT.search(source) else []


SILENCED = re.compile(r"# (?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\])(?P<reason>.*)$")


def test_every_silenced_check_has_a_reason() -> None:
    assert_no_errors(
        f"{file.relative_to(ROOT)}:{number}: say after the code why the check does not apply"
        for folder in ("mock_clover", "tests")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if (found := SILENCED.search(line)) and not found["reason"].strip(" -#")
    )


CUT_BEFORE_MASKING = re.compile(r"\b(?:redact|mask)\([^()]*\[[^\]]*:(?!.*_MARGIN_CHARS)")


def test_no_text_is_cut_before_it_is_masked() -> None:
    """The beginning of a card number that is cut in two is not recognized as one."""
    files = sorted((ROOT / "mock_clover").rglob("*.py"))
    assert_no_errors(
        f"{file.relative_to(ROOT)}:{number}: cut the masked text, redact(text)[:n]"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if CUT_BEFORE_MASKING.search(line)
    )


WITHOUT_ENCODING = re.compile(r"\.read_text\(\)|\.write_text\((?!$|.*encoding=)|\btext=True")


def test_the_encoding_of_a_text_does_not_depend_on_the_machine() -> None:
    """Windows does not use UTF-8 unless a program says so."""
    assert_no_errors(
        f"{file.relative_to(ROOT)}:{number}: say which encoding, for example UTF-8"
        for file in sorted((ROOT / "mock_clover").rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if WITHOUT_ENCODING.search(line)
    )


DEFINED = re.compile(r"^(?:def |async def |class )?(\w+)(?=\(|:$|(?:: .*)? = )", re.MULTILINE)
FOUND_BY_NAME = re.compile(r"test_|Test|pytest_")


def test_each_name_of_a_module_is_used() -> None:
    files = [path for folder in ("mock_clover", "tests") for path in (ROOT / folder).rglob("*.py")]
    texts = {path.relative_to(ROOT): path.read_text("utf-8") for path in files}
    uses = Counter(word for text in texts.values() for word in re.findall(r"\w+", text))
    assert_no_errors(
        f"{path}: nothing uses {name}"
        for path, text in texts.items()
        for name in DEFINED.findall(text)
        if uses[name] == 1 and not FOUND_BY_NAME.match(name)
    )


def test_tests_do_not_measure_time_or_sleep() -> None:
    """Test limits with the order of events, call counts or a fake clock (tests/fake_clock.py)."""
    offenders, used = [], set()
    for file in sorted(TESTS.rglob("*.py")):
        place = file.relative_to(TESTS).as_posix()
        if place.startswith(tuple(f"{folder}/" for folder in ELSEWHERE)):
            continue
        for line, function, wrong in timing(file.read_text("utf-8")):
            if (place, function) in WAITING:
                used.add((place, function))
            else:
                offenders.append(f"tests/{place}:{line}: {wrong}")
    assert offenders == []
    assert sorted(WAITING.keys() - used) == [], "these entries are unused"


OFFENCES = {
    "assert time.perf_counter() - started < 1": "compares a clock reading",
    "took = perf_counter() - started\nassert took < 1": "compares a clock reading",
    "at = time.monotonic()\nassert 0.1 <= end - at < 2": "compares a clock reading",
    "took.append(time.process_time() - at)\nassert max(took) < 1": "compares a clock reading",
    "took = [time.time_ns() for _ in x]\nassert sum(took) / 2 < 1": "compares a clock reading",
    "self.at = loop.time()\nassert self.at < 1": "compares a clock reading",
    "def took():\n    return perf_counter() - at\nassert took() < 1": "compares a clock reading",
    "for each in (perf_counter(), 1):\n    assert each < 2": "compares a clock reading",
    "answer = reply.status, time.monotonic() - at\nassert answer < (200, 1)": (
        "compares a clock reading"
    ),
    "from time import perf_counter as clock\nassert clock() < 1": "compares a clock reading",
    "assert timeit.timeit(work) < 1": "compares a clock reading",
    "assert (datetime.now(UTC) - at).total_seconds() < 1": "compares a clock reading",
    "if monotonic() - at < 0.3:\n    pass": "compares a clock reading",
    "while time.monotonic() < deadline:\n    pass": "compares a clock reading",
    "time.sleep(0.1)": "sleeps",
    "await asyncio.sleep(1)": "sleeps",
    "threading.Timer(0.05, work).start()": "sleeps",
    "line.settimeout(0.02)": "waits less than 60 s",
    "subprocess.run(command, timeout=20)": "waits less than 60 s",
}


@pytest.mark.parametrize(("source", "wrong"), OFFENCES.items(), ids=OFFENCES)
def test_a_use_of_time_is_reported(source: str, wrong: str) -> None:
    assert Counter(found for _, _, found in timing(source)) == {wrong: 1}


@pytest.mark.parametrize(
    "source",
    [
        "server.clock.advance(1_000)\nassert fired == []",
        "now = time.time()\nshop.set(now)\nassert shop.get() == 200",
        "row = {'at': perf_counter()}\nassert reply.status == 200",
        "await asyncio.sleep(0)",
        "assert reply.headers['time'] == '1'",
        "assert server.clock.now_ms() == 5",
        "subprocess.run(command, timeout=TIMEOUT_S)",
        "line.settimeout(60)",
        "assert attempt['due_ms'] - made_ms == 60_000",
    ],
)
def test_other_code_is_not_reported(source: str) -> None:
    assert timing(source) == []


TOP_LEVEL = {
    *("pyproject.toml", "mock_clover", "scenarios", "tests", "docs"),
    *("Dockerfile", "Makefile", "README.md", "CHANGELOG.md", "LICENSE"),
}
MADE_BY_TOOLS = {"build", "dist"}


def test_the_top_level_has_no_other_entries() -> None:
    found = {each.name for each in ROOT.iterdir() if not each.name.startswith(".")}
    assert found - MADE_BY_TOOLS - TOP_LEVEL == set(), "move it to docs/, .github/ or a dotfile"
