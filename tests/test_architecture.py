"""The architecture holds: imports go one way, and heavy or worldly things stay in their places."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mock_clover
from mock_clover.api.dispatch import place_of
from mock_clover.api.places import places
from mock_clover.api.surface import SURFACE
from mock_clover.control.places import places as control_places
from mock_clover.control.surface import control_surface
from mock_clover.model.operation import OPERATIONS
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from mock_clover.server import warm
from mock_clover.web.surface import PLACES as WEB_PLACES
from mock_clover.web.surface import places as web_places
from mock_clover.web.surface import web_surface
from tests.world import World

SANDBOXES = World(KeyRing(), load("sandbox")).sandboxes
ROOT = Path(mock_clover.__file__).parent
ORDER = (
    *("wire", "model", "sandbox", "scenario", "api"),
    *("control", "web", "server", "client", "conformance", "cli", "testing"),
)
PLACES = {
    "starlette": ("server/",),
    "uvicorn": ("server/",),
    "httptools": (),
    "h11": ("server/plain.py", "server/courier.py"),
    "uvloop": (),
    "yaml": ("scenario/",),
    # PAN encryption, and what `serve --tls` certifies itself with; neither is imported by a start.
    "cryptography": ("sandbox/keys.py", "server/authority.py"),
    "faker": ("sandbox/people.py",),
    "click": ("cli/",),
    "random": ("sandbox/ids.py", "sandbox/faults.py", "server/render.py"),
    "time": ("sandbox/clock.py", "sandbox/ids.py", "server/"),
    "socket": ("server/", "testing/"),
    "asyncio": ("server/",),
    "subprocess": ("testing/",),
    "pickle": (),
    "secrets": (),
    "uuid": (),
}
LINES_MAX = {"model/problem.py": 700}  # a catalogue: one thing, however long
FILES = sorted(ROOT.rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_go_one_way(file: Path) -> None:
    here = name_of(file).removesuffix(".py").partition("/")[0]
    if here not in ORDER:
        return
    for imported in imports(file):
        package, _, rest = imported.partition(".")
        if package != "mock_clover" or not rest:
            continue
        there = rest.partition(".")[0]
        assert ORDER.index(there) <= ORDER.index(here), f"{here} imports {imported}"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_worldly_things_stay_in_their_places(file: Path) -> None:
    for imported in imports(file):
        places = PLACES.get(imported.partition(".")[0])
        if places is not None:
            assert name_of(file).startswith(places or "nowhere"), imported


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nothing_waits_outside_the_server(file: Path) -> None:
    if name_of(file).startswith("server/"):
        return
    waits = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, waits)]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_module_holds_state(file: Path) -> None:
    """A module's own values are constants: no empty list, dict or set waits to be filled."""
    for node in ast.parse(file.read_text()).body:
        value = getattr(node, "value", None)
        empty = isinstance(value, ast.List | ast.Dict | ast.Set) and not ast.unparse(value)[1:-1]
        assert not empty, ast.unparse(node)
        assert not isinstance(node, ast.Global)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_files_are_short_and_open_with_their_rule(file: Path) -> None:
    text = file.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= LINES_MAX.get(name_of(file), 400)


def test_the_names_of_operations_are_those_of_the_surface() -> None:
    assert tuple(endpoint.name for endpoint in SURFACE) == OPERATIONS


def test_every_endpoint_is_at_its_place() -> None:
    """What a server imports with a first call is what the tuples hold, that can be read."""
    told, control = places(), control_places(SANDBOXES)
    for endpoint in (*SURFACE, *control_surface(SANDBOXES)):
        for path in filter(None, (endpoint.path, endpoint.also)):
            place = place_of(path.split("/")[1:])
            found = [each.name for each in (told | control)[place]()]
            assert endpoint.name in found, path
    wanted = {place_of(p.split("/")[1:]) for e in SURFACE for p in (e.path, e.also) if p}
    assert told.keys() == wanted
    for endpoint in web_surface():
        found = web_places()[place_of(endpoint.path.split("/")[1:])]()
        assert endpoint.path in [each.path for each in found]
    assert set(WEB_PLACES) == {place_of(e.path.split("/")[1:]) for e in web_surface()}


def test_a_start_imports_no_operation() -> None:
    code = "import sys, mock_clover.server.build as _; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("mock_clover.")}
    operations = {endpoint.run.__module__ for endpoint in SURFACE}
    assert not loaded & operations
    assert "mock_clover.control.worlds" not in loaded


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_functions_are_short(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.body[0].lineno + 1
            assert lines <= 70, f"{node.name} has {lines} lines"


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("mock_clover", ("msgspec", "click", "yaml")),
        ("mock_clover.cli", ("uvicorn", "starlette", "yaml", "cryptography", "faker", "msgspec")),
        ("mock_clover.server.build", ("starlette", "faker", "cryptography", "h11", "html")),
    ],
)
def test_heavy_imports_are_late(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & set(absent)


def test_what_is_made_ready_beside_the_first_answers_exists(keys: KeyRing) -> None:
    """All of it is imported here already; a name that is none would raise."""
    warm._warm(keys)
