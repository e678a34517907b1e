"""Architecture tests: import direction, and where I/O and heavy imports are allowed."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import mock_clover
from tests.failure_messages import assert_no_errors

ROOT = Path(mock_clover.__file__).parent
TESTS = Path(__file__).parent
LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("core", ("core/",)),
    (
        "records",
        (
            "clover/common/",
            *(f"clover/*/{name}" for name in ("records", "responses", "problems", "behaviours")),
            "scenario/records",
        ),
    ),
    ("sandbox", ("sandbox/", "scenario/")),
    ("engine", ("engine/",)),
    (
        "operations",
        tuple(
            f"clover/*/{name}"
            for name in ("operations", "endpoints", "html", "http", "listing", "view")
        ),
    ),
    ("pages", ("clover/*/page", "clover/jobs")),
    ("reference", ("clover/", "reference/", "scenario/fixtures")),
    ("audit", ("ledger/", "audit/")),
    ("control", ("control/", "clover/*/control")),
    ("browser", ("browser/",)),
    ("server", ("server/",)),
    ("tools", ("",)),
)
"""The layers, lowest first, and the prefixes of their files' names; the longest match counts.

A module imports modules of its own layer and of lower ones, of any resource.
"""


PLACES = {
    "starlette": ("server/", "testing/in_process.py"),
    "uvicorn": ("server/",),
    "httptools": (),
    "h11": ("server/protocol/h11.py", "server/webhook_sender.py"),
    "uvloop": (),
    "yaml": ("scenario/",),
    # PAN encryption, and the certificates of `serve --tls`; neither is imported at startup.
    "cryptography": ("sandbox/keys.py", "server/tls/authority.py"),
    "faker": ("sandbox/people.py",),
    "click": ("cli/",),
    "mcp": ("cli/mcp_server.py",),
    "anyio": ("cli/mcp_server.py",),
    "random": ("sandbox/ids.py", "sandbox/faults.py", "server/app/render.py"),
    "time": ("sandbox/clock.py", "sandbox/ids.py", "server/"),
    "socket": ("server/", "testing/", "cli/port_file.py", "health.py"),
    "asyncio": ("server/", "testing/"),
    "subprocess": ("testing/",),
    "pickle": (),
    "secrets": (),
    "uuid": (),
}
DISTRIBUTIONS = {"yaml": "pyyaml"}
"""Packages whose distribution has another name."""
LOADED_BY_UVICORN = {"httptools", "uvloop"}
OF_EXTRAS = {"mcp", "anyio"}
"""Packages of the extra `mcp`, which requires `anyio`, too."""
LINES_MAX = {"clover/common/problems.py": 700}  # a catalogue: one thing, however long


class Source(NamedTuple):
    """A module, parsed once for all tests."""

    name: str
    text: str
    tree: ast.Module
    nodes: list[ast.AST]
    calls: list[ast.Call]

    @property
    def package(self) -> str:
        return self.name.removesuffix(".py").partition("/")[0]

    def imports(self) -> Iterator[str]:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield "." * node.level + (node.module or "")


@cache
def sources() -> list[Source]:
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(text := file.read_text())
        nodes = list(ast.walk(tree))
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        found.append(Source(file.relative_to(ROOT).as_posix(), text, tree, nodes, calls))
    return found


@cache
def layer_of(name: str) -> int:
    """Return the number of a file's layer, 0 for the lowest."""
    if name == "__init__.py":  # the version, which all may read
        return 0
    parts = name.split("/")
    general = "/".join(["clover/*", *parts[2:]]) if parts[0] == "clover" and parts[2:] else name
    fits = [
        (len(beginning), number)
        for number, (_, beginnings) in enumerate(LAYERS)
        for beginning in beginnings
        if name.startswith(beginning) or general.startswith(beginning)
    ]
    return max(fits)[1]


@cache
def modules() -> dict[str, str]:
    """Return the files of the package by their modules' names."""
    return {
        f"mock_clover/{source.name}".removesuffix(".py")
        .removesuffix("/__init__")
        .replace("/", "."): source.name
        for source in sources()
    }


def imported_files(source: Source) -> set[str]:
    """Return the files of this package that a module imports, not counting those for types only."""
    typing_only = {
        id(inner)
        for node in source.nodes
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and id(node) not in typing_only:
            module = node.module or ""
            for alias in node.names:
                found |= {modules().get(f"{module}.{alias.name}") or modules().get(module, "")}
        elif isinstance(node, ast.Import) and id(node) not in typing_only:
            found |= {modules().get(alias.name, "") for alias in node.names}
    return found - {"", source.name}


@cache
def all_imports() -> dict[str, set[str]]:
    """Return the files that each file imports."""
    return {source.name: imported_files(source) for source in sources()}


def test_imports_go_one_way() -> None:
    assert_no_errors(
        f"{name} ({LAYERS[layer_of(name)][0]}) imports {imported} "
        f"({LAYERS[layer_of(imported)][0]}), which is a higher layer: move what it needs down, or "
        "have the higher layer pass it in (see sandbox/hooks.py)"
        for name, found in all_imports().items()
        for imported in sorted(found)
        if layer_of(imported) > layer_of(name)
    )


def test_imports_are_absolute() -> None:
    assert_no_errors(
        f"{source.name} imports {imported}"
        for source in sources()
        for imported in source.imports()
        if imported.startswith(".")
    )


def test_each_imported_package_is_a_declared_dependency() -> None:
    """A package that only another package requires is lost when that one changes."""
    used = {each.partition(".")[0] for source in sources() for each in source.imports()}
    used -= sys.stdlib_module_names | {"mock_clover", "pytest"}  # pytest loads our plugin itself
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[>;]", each)[0] for each in project["dependencies"]}
    assert (
        declared == {DISTRIBUTIONS.get(each, each) for each in used - OF_EXTRAS} | LOADED_BY_UVICORN
    )


def imports_in_cycles(imports: dict[str, set[str]]) -> Iterator[str]:
    left, edge = imports, {""}
    while edge:  # drop modules that import none of the rest, and those that none of them imports
        needed = set().union(*left.values())
        edge = {name for name, found in left.items() if not found & left.keys()}
        edge |= left.keys() - needed
        left = {name: found for name, found in left.items() if name not in edge}
    yield from (f"{name} imports {sorted(found & left.keys())}" for name, found in left.items())


def test_there_are_no_import_cycles() -> None:
    assert_no_errors(imports_in_cycles(all_imports()))


def area_of(name: str) -> str:
    """Return the area of a file: the package or the module below its top-level package."""
    return "/".join(name.split("/")[:2])


@pytest.mark.parametrize("package", ["control/", "server/"])
def test_the_areas_of_a_package_form_no_cycle(package: str) -> None:
    areas: dict[str, set[str]] = {}
    for name, found in all_imports().items():
        if name.startswith(package):
            area = area_of(name)
            areas.setdefault(area, set()).update(set(map(area_of, found)) - {area})
    assert_no_errors(imports_in_cycles(areas))


DOCUMENTED = {
    "server": "Areas of the server",
    "sandbox": "Modules of the sandbox",
    "testing": "Modules of the test API",
}
"""Packages whose modules docs/architecture.md lists, and the headings of the lists."""


@pytest.mark.parametrize("package", DOCUMENTED)
def test_the_documentation_lists_the_modules_of_a_package(package: str) -> None:
    text = (ROOT.parent / "docs/architecture.md").read_text()
    section = text.partition(f"## {DOCUMENTED[package]}\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`(\w+\.py)`", section))
    modules = {file.name for file in (ROOT / package).glob("[a-z]*.py")}
    assert modules <= listed <= {file.name for file in (ROOT / package).rglob("*.py")}


def test_the_paths_of_the_documentation_exist() -> None:
    text = (ROOT.parent / "docs/architecture.md").read_text()
    assert_no_errors(
        f"docs/architecture.md names {path}, which does not exist"
        for path in re.findall(r"`([\w/]+/\w*(?:\.py|/))`", text)
        if not (ROOT / path).exists() and not (ROOT.parent / path).exists()
    )


def test_handlers_of_a_control_area_are_in_its_endpoints() -> None:
    assert_no_errors(
        f"{source.name} declares endpoints: move them to {area_of(source.name)}/endpoints.py"
        for source in sources()
        if re.fullmatch(r"control/\w+/(?!endpoints)\w+\.py", source.name)
        for node in source.calls
        if name_of(node) == "control_endpoint"
    )


def test_io_modules_are_imported_only_where_allowed() -> None:
    assert_no_errors(
        f"{source.name} imports {imported}: PLACES of tests/test_architecture.py allows it "
        f"in {allowed or 'no file'}"
        for source in sources()
        for imported in source.imports()
        if (allowed := PLACES.get(imported.partition(".")[0])) is not None
        and not source.name.startswith(allowed or "nowhere")
    )


NAMED_TWICE = {
    "Clock": "testing's is part of the plugin's interface, beside `mock_clover.clock`",
    "Decline": "testing's is part of the plugin's interface, the items of `declines`",
}
"""Names of two classes, with the reason; users of the plugin do not see the other one."""


def type_names(tree: ast.Module) -> Iterator[str]:
    """Yield the classes and type aliases of a module; a type variable means the same anywhere."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        if (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and name_of(node.value or node) != "TypeVar"
            and not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute))
        ):
            for name in bound_names(node):
                if re.fullmatch(r"_?[A-Z]\w*[a-z]\w*", name):
                    yield name


def test_a_type_name_has_one_meaning() -> None:
    found: dict[str, list[str]] = {}
    for source in sources():
        for name in type_names(source.tree):
            found.setdefault(name, []).append(source.name)
    twice = {name: files for name, files in found.items() if len(files) > 1}
    assert_no_errors(
        f"{name} is a class or a type in {' and in '.join(files)}: rename one of them"
        for name, files in twice.items()
        if name not in NAMED_TWICE
    )
    assert twice.keys() == NAMED_TWICE.keys()


def test_a_type_name_is_found() -> None:
    text = "class A: ...\nAb = str | None\n_Cd: TypeAlias = int\nRow = TypeVar('Row')\nMAX = 1"
    assert list(type_names(ast.parse(text))) == ["A", "Ab", "_Cd"]


def test_nothing_waits_outside_the_server() -> None:
    waits = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert_no_errors(
        f"{source.name}:{node.lineno} awaits; only server/, testing/ and cli/mcp_server.py may"
        for source in sources()
        if source.package not in ("server", "testing") and source.name != "cli/mcp_server.py"
        for node in source.nodes
        if isinstance(node, waits)
    )


def test_every_rejection_says_what_was_wrong() -> None:
    """`x-mock-clover-why` names the member, what was sent and the rule, not the problem alone."""
    assert_no_errors(
        f"{source.name}:{call.lineno} {ast.unparse(call)}: add rule=... or reason=..."
        for source in sources()
        if source.package in ("clover", "engine", "sandbox")
        for call in source.calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "error"
        and name_of(call.func.value).isupper()
        and not {"rule", "reason", "why", "detail", None} & {each.arg for each in call.keywords}
    )


STARTS = {
    *("create_task", "ensure_future", "call_at", "call_later", "call_soon", "call_soon_threadsafe"),
    *("run_in_executor", "to_thread", "submit", "TaskGroup", "Thread", "Timer", "Process"),
}
"""Functions that start work whose errors reach no caller."""
IN_PROCESSES_OF_CLIENTS = ("cli", "client", "conformance", "sweep", "testing")
STARTED = {
    ("server/app/app.py", "deliver_all_due"): "runs tasks that log their errors; the caller waits",
    ("server/housekeeping.py", "load_key"): "is a task of the supervisor",
    ("server/housekeeping.py", "run_periodic_tasks"): "starts the tasks of the supervisor",
    ("server/log.py", "_enqueue"): "the log cannot log its own errors",
    ("server/protocol/base.py", "_continue_soon"): "an error ends only this connection",
    ("server/serve.py", "startup"): "starts the tasks of the supervisor",
    ("server/starlette_app.py", "lifespan"): "starts the tasks of the supervisor",
    ("server/app/stream.py", "_send_events"): "the request waits for it",
    ("server/app/stream.py", "stream"): "the request waits for it",
    ("server/webhook_sender.py", "resolve"): "hands its result or its error to the waiting task",
    ("server/webhook_sender.py", "_addresses"): "the delivery waits for it",
    ("server/webhook_sender.py", "wake"): "the task logs its errors",
}
"""Functions of the server that start such work, and what happens to an error in it."""


def starters(source: Source) -> Iterator[str]:
    """Yield the innermost function of each call that starts work."""
    for call in source.calls:
        if name_of(call.func) in STARTS:
            around = [
                (node.lineno, node.name)
                for node in source.nodes
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and node.lineno <= call.lineno <= (node.end_lineno or 0)
            ]
            yield max(around)[1] if around else ""


def test_work_that_belongs_to_no_request_is_supervised() -> None:
    found = {
        (source.name, function)
        for source in sources()
        if source.package not in IN_PROCESSES_OF_CLIENTS
        for function in starters(source)
    }
    assert_no_errors(
        f"{function} of {file} starts work whose errors nobody sees: use server/supervisor.py, "
        "or add it to STARTED with the reason"
        for file, function in found - STARTED.keys()
    )
    assert_no_errors(f"{place} of STARTED starts nothing" for place in STARTED.keys() - found)


def test_a_start_of_work_is_found() -> None:
    text = "def a():\n  def b():\n    loop.create_task(c())\n  Thread(target=b)\ncall_later(1, d)"
    tree = ast.parse(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    source = Source("x.py", text, tree, list(ast.walk(tree)), calls)
    assert sorted(starters(source)) == ["", "a", "b"]


CACHED = {
    ("control/scenario/endpoints_editor.py", "_builtin_scenarios"): "the files of the package",
    ("core/codec.py", "problem_name_of_field"): "the annotations of a record",
    ("core/codec.py", "_hints"): "the annotations of a record",
    ("core/codec.py", "_names_without_effect"): "the annotations of a record",
    ("core/codec.py", "_amount_names"): "the annotations of a record",
    ("core/codec.py", "_accepts_str"): "the annotation of a member",
    ("core/codec.py", "_record_type_of"): "the annotation of a member",
    ("core/codec.py", "_fields"): "the annotations of a record",
    ("core/evidence.py", "type_hints"): "the annotations of a record",
    ("core/masking.py", "_any_run"): "a constant pattern",
    ("engine/router.py", "_parse"): "the path of an endpoint",
    ("reference/examples.py", "_by_handler"): "a file of the package",
    ("reference/openapi.py", "document"): "the endpoints of the code",
    ("sandbox/people.py", "merchant_name"): "a function of the seed; at most 1,000 entries",
    ("scenario/load.py", "_parse_root"): "the text of a file of the package; at most 16 entries",
    ("scenario/type_findings.py", "_schema"): "the schema of a record",
}
"""Cached functions, and the constants that their results depend on."""
CONTAINERS = {
    *("list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"),
    *(
        "WeakKeyDictionary",
        "WeakValueDictionary",
        "WeakSet",
        "ContextVar",
        "count",
        "Lock",
        "Event",
    ),
}
MUTATORS = {
    *("append", "appendleft", "extend", "insert", "add", "update", "setdefault", "__setitem__"),
    *("pop", "popleft", "popitem", "remove", "discard", "clear", "set", "sort"),
}


def name_of(node: ast.AST) -> str:
    """Return the last name of `f`, `m.f` or `m.f(...)`."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_fillable(value: ast.expr | None) -> bool:
    """Return whether a value is an empty container, `[None]`, a counter or a lock."""
    if isinstance(value, ast.List | ast.Set):
        return all(isinstance(each, ast.Constant) and each.value is None for each in value.elts)
    if isinstance(value, ast.Dict):
        return not value.keys
    if not isinstance(value, ast.Call) or name_of(value) not in CONTAINERS:
        return False
    return not value.args or name_of(value) not in {"list", "dict", "set", "bytearray"}


def bound_names(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds."""
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    found = {each.id for target in targets if target for each in ast.walk(target)
             if isinstance(each, ast.Name)}  # fmt: skip
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        found.add(node.name)
    return found


def changed_names(function: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield the places where a function changes an object that a name refers to."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            for target in getattr(node, "targets", [getattr(node, "target", None)]):
                if isinstance(target, ast.Subscript | ast.Attribute):
                    yield node, getattr(target.value, "id", "")
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in MUTATORS:
            yield node, getattr(getattr(node.func, "value", None), "id", "")


def module_state(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the lines of a module that hold or change state of the module."""
    own: set[str] = set()
    for node in tree.body:
        own |= bound_names(node)
        if is_fillable(getattr(node, "value", None)):
            yield node.lineno, f"{ast.unparse(node)} waits to be filled"
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(inner, ast.Assign) and is_fillable(inner.value):
                yield inner.lineno, f"{ast.unparse(inner)} is shared by all instances"
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, ast.unparse(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if any(name_of(each) in {"cache", "lru_cache"} for each in node.decorator_list):
                yield node.lineno, f"{node.name} is cached"
            changes = [change for change in changed_names(node) if change[1] in own]
            local = {each.arg for each in ast.walk(node) if isinstance(each, ast.arg) and changes}
            local |= {
                each.id
                for each in (ast.walk(node) if changes else ())
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            }
            for change, name in changes:
                if name not in local:
                    yield change.lineno, f"{node.name} changes {name}: {ast.unparse(change)}"


def test_the_clock_of_the_machine_is_read_in_one_place() -> None:
    assert_no_errors(
        f"{source.name}:{node.lineno} reads the machine's clock: use machine_ms()"
        for source in sources()
        if source.name != "sandbox/clock.py"
        for node in source.calls
        if name_of(node) in ("time", "time_ns", "now", "utcnow", "today")
    )


def test_modules_have_no_mutable_state() -> None:
    """All state is in a sandbox or in a server: modules contain only constants."""
    found = [(each.name, *state) for each in sources() for state in module_state(each.tree)]
    cached = {(name, what.split()[0]) for name, _, what in found if what.endswith(" is cached")}
    assert_no_errors(
        f"{name}:{line}: {what}; state belongs to a sandbox or to the server"
        for name, line, what in found
        if not (what.endswith(" is cached") and (name, what.split()[0]) in CACHED)
    )
    assert_no_errors(f"{place} of CACHED is not cached" for place in CACHED.keys() - cached)


@pytest.mark.parametrize(
    "code",
    [
        "seen = []",
        "seen: dict[str, int] = {}",
        "seen = dict()",
        "seen = defaultdict(list)",
        "last = [None]",
        "number = itertools.count()",
        "lock = threading.Lock()",
        "class A:\n    seen = {}",
        "def f():\n    global number\n    number = 1",
        "NAMES = {'a': 1}\ndef f(key):\n    NAMES[key] = 2",
        "NAMES = {'a': 1}\ndef f(key):\n    del NAMES[key]",
        "NAMES = {'a': 1}\ndef f(key):\n    NAMES.pop(key)",
        "class A:\n    x = 1\ndef f():\n    A.x = 2",
        "@cache\ndef f(): return Router()",
        "@functools.lru_cache(maxsize=9)\ndef f(x): return x",
    ],
)
def test_every_kind_of_module_state_is_found(code: str) -> None:
    assert [line for line, _ in module_state(ast.parse(code))], code


KINDS_OF_TESTS = {"bench", "browser", "clients", "fuzz", "golden", "image", "soak", "system"}
"""Folders of tests/ without a counterpart in the package: whole programs, and data."""


def test_tests_mirror_the_package() -> None:
    folders = {file.parent.relative_to(TESTS) for file in TESTS.rglob("test_*.py")}
    assert_no_errors(
        f"tests/{folder}: mock_clover/ has no such folder"
        for folder in folders
        if folder.parts and folder.parts[0] not in KINDS_OF_TESTS and not (ROOT / folder).is_dir()
    )


def last_name(node: ast.AST) -> str:
    """Return the name of a class in an expression: `Struct` of `msgspec.Struct`."""
    if isinstance(node, ast.Subscript):
        return last_name(node.value)
    return getattr(node, "attr", getattr(node, "id", ""))


def value_types() -> set[str]:
    """Return the names of all structs, named tuples and dataclasses of the package."""
    classes = [
        node for source in sources() for node in source.nodes if isinstance(node, ast.ClassDef)
    ]
    found, size = {"Struct", "NamedTuple"}, 0
    while size < len(found):
        size = len(found)
        found |= {
            node.name
            for node in classes
            if found & set(map(last_name, node.bases))
            or any("dataclass" in ast.unparse(each) for each in node.decorator_list)
        }
    return found


def test_values_of_many_fields_are_built_by_keyword() -> None:
    """A field that is added in the middle must not change the meaning of a positional call."""
    types = value_types()
    assert_no_errors(
        f"{source.name}:{node.lineno} builds {name} by position: name the fields"
        for source in sources()
        for node in source.calls
        if (name := last_name(node.func)) in types | {"cls", "__new__"}
        and (len(node.args) > 3 or any(isinstance(each, ast.Starred) for each in node.args))
    )
    assert_no_errors(
        f"{source.name}:{node.lineno} uses tuple.__new__: build a core.record.Value by keyword"
        for source in sources()
        for node in source.nodes
        if isinstance(node, ast.Attribute)
        and node.attr == "__new__"
        and ast.unparse(node) == "tuple.__new__"
    )


def test_files_are_short_and_have_a_docstring() -> None:
    assert_no_errors(
        f"{source.name} has no docstring"
        for source in sources()
        if not ast.get_docstring(source.tree)
    )
    assert_no_errors(
        f"{source.name} has {lines} lines; {most} are allowed"
        for source in sources()
        if (lines := source.text.count("\n")) > (most := LINES_MAX.get(source.name, 400))
    )


def test_functions_are_short() -> None:
    assert_no_errors(
        f"{source.name}:{node.lineno} {node.name} has {lines} lines; 70 are allowed"
        for source in sources()
        for node in source.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.body[0].lineno + 1) > 70
    )


UNUSED = (
    *("audit.run", "audit.catalogue", "ledger.build", "sweep", "control.capsule.build"),
    *("conformance", "testing.audit", "testing.capsules"),
)
"""What looks for mistakes costs nothing before it is used."""


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("mock_clover", ("msgspec", "click", "yaml")),
        ("mock_clover.cli", ("uvicorn", "starlette", "yaml", "cryptography", "faker", "msgspec")),
        ("mock_clover.server.build", ("starlette", "faker", "cryptography", "h11", "yaml")),
        *(
            (module, tuple(f"mock_clover.{name}" for name in UNUSED))
            for module in ("mock_clover.server.build", "mock_clover.testing.plugin")
        ),
    ],
)
def test_heavy_imports_are_lazy(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(completed.stdout.split()) & set(absent)
