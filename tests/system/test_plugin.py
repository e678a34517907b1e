"""The pytest plugin as users have it: from the wheel, in a separate project."""

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.clients.toolbox import MissingError, install, plain_environment, prepare
from tests.raw_http import COMMAND_TIMEOUT_S, TIMEOUT_S, eventually
from tests.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
BUILD_LOCK = ROOT / ".requirements/build.txt"
HEAVY = ("uvicorn", "starlette", "msgspec", "yaml", "cryptography", "faker", "click", "httptools")
OTHERS = ("schemathesis", "hypothesispytest", "faker", "anyio")
"""Plugins of our own tools, which a user's environment may not have."""
PYTEST = ("-P", "-m", "pytest", "-W", "error", "--color=no", *(f"-pno:{name}" for name in OTHERS))

README_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

CLIENT = '''
"""A shop's client, on the standard library."""
import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

def post(clover, path, body, **headers):
    headers |= {"authorization": f"Bearer {clover.access_token}"}
    request = Request(clover.url + path, json.dumps(body).encode(), headers)
    try:
        with urlopen(request, timeout=60) as reply:
            return reply.status, json.load(reply)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)

def charge(clover, amount=1800, token=None, **headers):
    body = {"amount": amount, "currency": "usd", "source": token or clover.card_token()}
    return post(clover, "/v1/charges", body, **headers)
'''

SHOP = """
import http.client
import threading
from pathlib import Path

import mock_clover
import pytest
from mock_clover.testing import MockCloverError, declines
from shop import charge, post

def test_the_package_is_the_wheels():
    assert "site-packages" in mock_clover.__file__

@pytest.mark.parametrize("number", range(12))
def test_parallel_tests_do_not_see_each_other(mock_clover, number):
    assert mock_clover.charges == []
    assert mock_clover.journal() == []
    for _ in range(number):
        charge(mock_clover, 100 + number)
    assert [each["amount"] for each in mock_clover.charges] == [100 + number] * number
    assert mock_clover.verify("create_charge", exactly=number) == number
    with (Path(__file__).parent / "urls").open("a") as urls:
        urls.write(mock_clover.url + "\\n")

@pytest.mark.parametrize("decline", declines())
def test_every_decline(mock_clover, decline):
    status, told = charge(mock_clover, **decline.headers)
    error = told["error"]
    assert (status, error["code"]) == (402, decline.code)
    assert error["declineCode"] == decline.decline_code
    assert error["message"] == decline.message
    assert mock_clover.charges[0]["status"] == "failed"

def test_lost_response_with_existing_charge(mock_clover):
    token = mock_clover.card_token()
    mock_clover.fault("drop", endpoint="create_charge", when="after_commit", times=1)
    with pytest.raises((OSError, http.client.HTTPException)):
        charge(mock_clover, token=token, **{"idempotency-key": "order-7"})
    status, told = charge(mock_clover, token=token, **{"idempotency-key": "order-7"})
    assert status == 200
    assert [each["id"] for each in mock_clover.charges] == [told["id"]]
    assert mock_clover.clear_faults() == 0

def test_next_payment_is_declined(mock_clover):
    mock_clover.next("card_declined/insufficient_funds")
    armed = mock_clover.next(fault="drop after_commit", endpoint="create_refund", times=2)
    assert (armed["id"], armed["fault"], armed["left"]) == ("next-2", "drop after_commit", 2)
    statuses = [charge(mock_clover, token=mock_clover.card_token())[0] for _ in range(2)]
    assert statuses == [402, 200]
    assert mock_clover.clear_next() == 1

def test_looking_leaves_no_trace(mock_clover):
    mock_clover.fault("problem", problem="RATE_LIMITED")
    assert (mock_clover.charges, mock_clover.refunds, mock_clover.orders) == ([], [], [])
    assert mock_clover.journal() == []
    assert mock_clover.clear_faults() == 1

def test_lists_contain_all_pages(mock_clover):
    body = {"email": "jo@example.com", "source": mock_clover.card_token(plain=True)}
    _, saved = post(mock_clover, "/v1/customers", body)
    ids = [charge(mock_clover, token=saved["id"])[1]["id"] for _ in range(201)]
    assert [each["id"] for each in mock_clover.charges] == ids[::-1]

def test_notices(mock_clover):
    body = {"email": "jo@example.com", "source": mock_clover.card_token(plain=True)}
    post(mock_clover, "/v1/customers", body)
    assert [each["to"] for each in mock_clover.notices(kind="card_saved")] == ["jo@example.com"]
    assert mock_clover.notices(channel="sms") == []

def test_clock_advance(mock_clover):
    mock_clover.clock.freeze()
    before_ms = mock_clover.clock.now_ms
    body = {"amount": 5, "currency": "usd", "capture": False, "source": mock_clover.card_token()}
    _, held = post(mock_clover, "/v1/charges", body)
    assert [each["id"] for each in mock_clover.clock.advance("8d")] == [held["id"]]
    assert mock_clover.clock.now_ms == before_ms + 8 * 86_400_000
    assert mock_clover.clock.set(before_ms + 9 * 86_400_000) == []
    mock_clover.clock.resume()
    with pytest.raises(MockCloverError, match="cannot move back"):
        mock_clover.clock.set(before_ms)

def test_a_fork_and_a_snapshot_go_their_own_ways(mock_clover):
    charge(mock_clover)
    kept, twin = mock_clover.snapshot(), mock_clover.fork()
    charge(twin)
    assert (len(mock_clover.charges), len(twin.charges)) == (1, 2)
    twin.restore(kept)
    assert twin.charges == mock_clover.charges

@pytest.mark.mock_clover(dialect="documented")
def test_a_marker_changes_the_dialect(mock_clover):
    _, told = charge(mock_clover, token=mock_clover.card_token("4005571702222222"))
    assert told["error"]["decline_code"] == "issuer_declined"
    assert told["error"]["type"] == "card_error"

@pytest.mark.mock_clover(scenario="declines")
class TestMarkersOfAClass:
    def test_count(self, mock_clover):
        assert charge(mock_clover, 10003)[1]["error"]["declineCode"] == "insufficient_funds"

    @pytest.mark.mock_clover(dialect="documented")
    def test_function_marker_overrides_class_marker(self, mock_clover):
        assert charge(mock_clover, 10003)[1]["error"]["decline_code"] == "insufficient_funds"

@pytest.mark.mock_clover(listed_cards_only=True)
def test_only_listed_cards(mock_clover):
    with pytest.raises(MockCloverError) as refused:
        mock_clover.card_token("4012888888881881")
    assert refused.value.status == 400
    assert "error" in refused.value.body

@pytest.mark.mock_clover(strict=True)
def test_strict(mock_clover):
    assert charge(mock_clover)[0] == 400
    assert charge(mock_clover, **{"x-forwarded-for": "192.0.2.7"})[0] == 200
    assert len(mock_clover.charges) == 1

@pytest.mark.mock_clover(refuse_inferred=True, allow_inferred=["ORDER_NOT_FOUND"])
def test_refuse_inferred(mock_clover):
    assert charge(mock_clover)[0] == 200
    asked = {"x-mock-clover-outcome": "card_declined/lost_card"}
    status, told = charge(mock_clover, **asked)
    assert (status, told["error"]["code"]) == (501, "evidence_inferred")

BUSY = {"name": "busy", "rules": [{"when": {"amount": 7}, "then": {"problem": "RATE_LIMITED"}}]}

@pytest.mark.mock_clover(scenario=BUSY, dialect="documented")
def test_custom_scenario(mock_clover):
    status, told = charge(mock_clover, 7)
    assert status == 429
    assert charge(mock_clover, 8)[0] == 200

@pytest.mark.mock_clover(scenario=str(Path(__file__).with_name("shop.yaml")))
def test_a_scenario_in_a_file(mock_clover):
    assert charge(mock_clover, 7)[1]["error"]["declineCode"] == "lost_card"
    assert mock_clover.scenario("sandbox")["name"] == "sandbox"
    assert charge(mock_clover, 7)[0] == 200

MARKET = {
    "name": "market",
    "data": {"customers": [{"email": "jo@example.com", "id": "J0000000000J0"}]},
    "merchants": [
        {"name": "market", "access_token": "fixed"},
        {"name": "bakery", "data": {"charges": [{"amount": 7, "state": "failed"}]}},
    ],
}

@pytest.mark.mock_clover(scenario=MARKET)
def test_a_scenario_with_merchants_and_data(mock_clover):
    assert mock_clover.access_token == "fixed"
    assert mock_clover.why("/v1/customers/J0000000000J0")["reply"]["email"] == "jo@example.com"
    (charge,) = mock_clover.merchant("bakery").charges
    assert (charge["amount"], charge["status"]) == (7, "failed")
    assert mock_clover.charges == []

def test_a_scenario_that_is_put_changes_the_credentials(mock_clover):
    mock_clover.scenario(MARKET)
    assert mock_clover.access_token == mock_clover.env()["CLOVER_ACCESS_TOKEN"] == "fixed"

def test_wait_for_later_requests(mock_clover):
    later = threading.Thread(target=charge, args=(mock_clover,))
    later.start()
    mock_clover.verify("create_charge", within_ms=60_000)
    assert mock_clover.journal(endpoint="create_charge", wait=1)[0]["status"] == 200
    later.join()

def test_failed_verification_lists_near_misses(mock_clover):
    charge(mock_clover, 1900)
    with pytest.raises(AssertionError, match="amount was 1900, expected 1800"):
        mock_clover.verify("create_charge", match={"amount": 1800})
    mock_clover.verify("create_refund", never=True)
    mock_clover.verify(in_order=["create_token", "create_charge"])

def test_why_performs_nothing(mock_clover):
    body = {"amount": 1, "currency": "usd", "source": mock_clover.card_token()}
    told = mock_clover.why("/v1/charges", body)
    assert told["status"] == 200
    assert mock_clover.charges == []

def test_env_is_that_of_the_command_line(mock_clover, monkeypatch):
    import json, subprocess, sys
    root = mock_clover.url.partition("/sandbox/")[0]
    command = ["env", "--url", root, "--sandbox", mock_clover.name, "--format", "json"]
    told = subprocess.check_output([sys.executable, "-m", "mock_clover", *command])
    assert json.loads(told) == mock_clover.env()

def test_in_process(mock_clover_app):
    import asyncio
    import httpx

    async def pay(amount):
        transport = httpx.ASGITransport(app=mock_clover_app)
        async with httpx.AsyncClient(transport=transport, base_url=mock_clover_app.url) as client:
            body = {"amount": amount, "currency": "usd", "source": mock_clover_app.card_token()}
            headers = {"authorization": f"Bearer {mock_clover_app.access_token}"}
            return await client.post("/v1/charges", json=body, headers=headers)

    assert mock_clover_app.charges == []
    assert asyncio.run(pay(1800)).status_code == 200
    assert mock_clover_app.verify("create_charge", exactly=1) == 1
    twin = mock_clover_app.fork()
    mock_clover_app.fault("problem", problem="RATE_LIMITED", endpoint="create_charge")
    assert asyncio.run(pay(1900)).status_code == 429
    assert [each["amount"] for each in twin.charges] == [1800]
    with pytest.raises(MockCloverError, match="mock-clover serve"):
        mock_clover_app.fault("drop")
    with pytest.raises(AssertionError):
        mock_clover_app.verify("create_refund", within_ms=1)

@pytest.mark.mock_clover(scenario="declines", dialect="documented")
def test_in_process_is_fresh_and_marked_too(mock_clover_app):
    import inspect

    assert mock_clover_app.charges == []
    assert inspect.iscoroutinefunction(mock_clover_app.__call__)  # so do frameworks look
    body = {"amount": 10003, "currency": "usd", "source": mock_clover_app.card_token()}
    told = mock_clover_app.why("/v1/charges", body)
    assert told["reply"]["error"]["decline_code"] == "insufficient_funds"
"""

SCENARIO = """
name: shop
rules:
  - {when: {amount: 7}, then: {decline: {decline_code: lost_card, message: Lost card}}}
"""

FAILS = """
import pytest
from shop import charge, post

def test_fails(mock_clover):
    charge(mock_clover, 1800)
    body = {"amout": 1, "currency": "usd", "description": "no 4242424242424242"}
    post(mock_clover, "/v1/charges", body)
    mock_clover.verify("create_charge", exactly=2, match={"amount": 1800})

@pytest.fixture
def paid(mock_clover):
    charge(mock_clover, 7)
    raise RuntimeError("a fixture fails")

def test_not_reached(paid):
    pass

@pytest.mark.mock_clover(dialekt="documented")
def test_of_a_misspelt_marker(mock_clover):
    pass
"""

UNUSED = f"""
import sys

def test_nothing_heavy_is_loaded():
    loaded = {{name.partition(".")[0] for name in sys.modules}}
    assert "mock_clover.testing.plugin" in sys.modules
    assert not loaded & set({HEAVY})

def test_plugin_imports_only_pytest_and_stdlib():
    import subprocess
    code = "import sys, pytest; before = set(sys.modules); import mock_clover.testing.plugin; "
    code += "print(*{{name.partition('.')[0] for name in set(sys.modules) - before}})"
    told = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert set(told.split()) - {{"mock_clover"}} <= sys.stdlib_module_names
"""

HANGS = """
import os, time
from pathlib import Path

def test_hangs(mock_clover):
    Path("url.part").write_text(mock_clover.url)
    Path("url.part").rename("url")
    time.sleep(60)
"""

SWEPT = """
import http.client
import sys
import pytest
from shop import charge, post

ONLY = "create_charge:drop:after_commit"

def pay(clover, keys):
    source = clover.card_token()
    customer = post(clover, "/v1/customers", {"email": "a@b.ca", "source": source})[1]["id"]
    for key in keys:
        try:
            return charge(clover, 1800, customer, **{"idempotency-key": key})[0]
        except (OSError, http.client.HTTPException):
            pass

@pytest.mark.mock_clover(currency_echo="lower")
@pytest.mark.mock_clover_sweep(only=ONLY, reconcile=f"'{sys.executable}' -c pass")
def test_one_key(mock_clover):
    assert pay(mock_clover, "aa") == 200
    assert mock_clover.charges[0]["currency"] == "usd"

@pytest.mark.mock_clover_sweep(only=ONLY)
def test_two_keys(mock_clover):
    assert pay(mock_clover, "ab") == 200

@pytest.mark.mock_clover_sweep(olny=ONLY)
def test_misspelt(mock_clover):
    pass

@pytest.mark.mock_clover_sweep(timeout="3")
def test_not_a_number(mock_clover):
    pass

@pytest.mark.mock_clover_sweep
def test_without_a_sandbox():
    pass
"""

STARTLESS = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_never_starts(mock_clover, number):
    pass
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the wheel and its dependencies, and without this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [*backend(), "-m", "hatchling", "build", "--target", "wheel"]
    completed = subprocess.run(
        [*command, "--directory", folder],
        cwd=ROOT,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    created = folder / "venv" / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "--python",
        created,
    ]
    get = [*pip, "install", "--no-index", "--no-deps", wheel]
    subprocess.run(get, env=plain_environment(), check=True)
    # Its dependencies are ours. The .pth files of a folder that a .pth file names are not read, so
    # the editable installation of the checkout is not seen.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return created


def backend() -> list[str]:
    """Return an interpreter with hatchling; the first call needs the package index."""

    def make(folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        interpreter = str(folder / "bin" / "python")
        pip = [sys.executable, "-m", "pip", "--quiet", "--python", interpreter, "install"]
        install("hatchling", [*pip, "--require-hashes", "-r", str(BUILD_LOCK)], cwd=folder)

    try:
        recipe = f"{BUILD_LOCK.read_text('utf-8')} {sys.version}"
        return [str(prepare("hatchling", recipe, make) / "bin" / "python")]
    except MissingError as missing:
        if os.environ.get("MOCK_CLOVER_TEST_CLIENTS") == "required":
            pytest.fail(f"the wheel cannot be built: {missing.reason}\n{missing.output}")
        pytest.skip(f"the wheel cannot be built: {missing.reason}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(CLIENT)
    (tmp_path / "shop.yaml").write_text(SCENARIO)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n")
    return tmp_path


@pytest.fixture
def run(python: Path, project: Path) -> Run:
    """Return a function that runs pytest with one test file of the project."""

    def pytest_over(
        test: str, *options: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        (project / "test_shop.py").write_text(test)
        return subprocess.run(
            [python, *PYTEST, *options],
            cwd=project,
            env=plain_environment() | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_TIMEOUT_S,
        )

    return pytest_over


def counted(completed: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return the number of tests by outcome; a run that ended otherwise is shown in full."""
    last = completed.stdout.strip().rpartition("\n")[2]
    result = {
        end.rstrip("s"): int(n) for n, end in re.findall(r"(\d+) (passed|failed|errors?)", last)
    }
    assert result, completed.stdout + completed.stderr
    return result


def test_the_readmes_first_test_passes(run: Run) -> None:
    (block,) = README_PYTHON.findall((ROOT / "README.md").read_text())
    assert len([line for line in block.splitlines() if line]) == 7
    assert counted(run(block)) == {"passed": 1}


def test_a_project_passes_in_parallel_on_one_server(run: Run, project: Path) -> None:
    completed = run(SHOP, "-n", "4")
    assert counted(completed).keys() == {"passed"}, completed.stdout
    urls = (project / "urls").read_text().split()
    assert len({urlsplit(url).netloc for url in urls}) == 1
    names = [url.rpartition("/")[2] for url in urls]
    assert len(set(names)) == 12
    assert {name.partition("-")[0] for name in names} <= {"gw0", "gw1", "gw2", "gw3"}
    assert is_gone(urls[0])


def test_a_failure_shows_the_journal(run: Run) -> None:
    completed = run(FAILS, "-n", "2")
    assert counted(completed) == {"failed": 1, "error": 2}
    shown = completed.stdout
    assert (
        'create_charge with {"amount":1800}: expected exactly 2 matching requests, found 1' in shown
    )
    assert "nearest: #3 create_charge: amount was null, expected 1800" in shown
    sections = re.findall(r"-+ mock-clover journal of (gw\d)-[0-9a-f]{8}-([\w-]+) -+", shown)
    assert sorted(test for _, test in sections) == ["test-fails", "test-not-reached"]
    assert "#2 POST /v1/charges 200 | sandbox: VISA ...4242 is listed to approve" in shown
    assert "#3 POST /v1/charges 400 | INVALID_CHARGE_AMOUNT" in shown
    assert "ignored amout" in shown
    journals = [line for line in shown.splitlines() if line.startswith("#")]
    assert not [line for line in journals if "4242424242424242" in line]
    assert "@pytest.mark.mock_clover has no setting 'dialekt'; did you mean `dialect`?" in shown


def test_a_marked_test_is_swept(run: Run) -> None:
    completed = run(SWEPT, "-rA")
    assert counted(completed) == {"passed": 1, "failed": 4}, completed.stdout
    shown = completed.stdout
    assert "1 survived (3 runs in " in shown
    assert "LOST MONEY  create_charge#1 drop:after_commit  (exit 0)" in shown
    assert "18.00 USD charged twice (card of a customer), without the fault once" in shown
    assert "@pytest.mark.mock_clover_sweep: the arguments are only=…, timeout=…" in shown
    assert "mock_clover_sweep: timeout must be a number above 0, not '3'" in shown
    assert "mock_clover_sweep: the test has no argument mock_clover" in shown


def test_a_running_server_is_used(run: Run, project: Path, shared_server: ServerProcess) -> None:
    for option in ("--mock-clover-url", "-o"):
        value = shared_server.url if option != "-o" else f"mock_clover_url={shared_server.url}"
        completed = run(SHOP, option, value, "-k", "do_not_see or dialect or lost", "-n", "2")
        assert counted(completed) == {"passed": 14 + 1}, completed.stdout
    urls = (project / "urls").read_text().split()
    assert {urlsplit(url).netloc for url in urls} == {urlsplit(shared_server.url).netloc}
    assert len(set(urls)) == 24  # two runs on one server are isolated


def test_a_control_token_is_shown_to_a_server_that_wants_one(
    run: Run, start_server: Callable[..., ServerProcess]
) -> None:
    url = start_server("--control-token", "s3cret").url
    options = ("--mock-clover-url", url, "-k", "lost_response")
    assert counted(run(SHOP, *options, MOCK_CLOVER_CONTROL_TOKEN="s3cret")) == {"passed": 1}
    refused = run(SHOP, *options)
    assert counted(refused) == {"error": 1}
    assert "the control token is missing" in refused.stdout


def test_an_empty_address_of_a_server_is_rejected(run: Run) -> None:
    completed = run(STARTLESS, "--mock-clover-url", "")
    assert completed.returncode == pytest.ExitCode.USAGE_ERROR
    assert completed.stderr == (
        "ERROR: --mock-clover-url is empty: set a value or omit the option\n\n"
    )


def test_unreachable_server_is_reported(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unheard:
        port = unheard.getsockname()[1]
    completed = run(STARTLESS, "--mock-clover-url", f"http://127.0.0.1:{port}")
    assert counted(completed) == {"error": 3}
    assert "Connection refused" in completed.stdout


def test_a_server_that_does_not_start_shows_its_log(run: Run, project: Path) -> None:
    broken = project / "broken"
    broken.mkdir()
    (broken / "uvicorn.py").write_text("raise ImportError('no uvicorn on this machine')")
    completed = run(STARTLESS, "-n", "2", PYTHONPATH=str(broken))
    assert counted(completed) == {"error": 3}
    assert "the mock-clover server did not start; its log:" in completed.stdout
    assert "no uvicorn on this machine" in completed.stdout


def test_the_plugin_unused_loads_nothing_heavy(run: Run) -> None:
    assert counted(run(UNUSED)) == {"passed": 2}


def test_server_stops_when_pytest_is_killed(python: Path, tmp_path: Path) -> None:
    ends = [(end, n) for end in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL) for n in ("0", "1")]
    with ExitStack() as stack:
        runs = [
            (end, stack.enter_context(hanging(python, tmp_path / f"{end}-{n}", n)))
            for end, n in ends
        ]
        for end, (run, url) in runs:
            eventually(url.exists)
            if end == signal.SIGINT:
                os.killpg(run.pid, end)  # Ctrl-C reaches all of a terminal's processes
            else:
                os.kill(run.pid, end)
        for _, (_, url) in runs:
            eventually(lambda url=url: is_gone(url.read_text()))
            eventually(lambda url=url: not [*url.parent.glob("mock-clover-*")])


@contextmanager
def hanging(
    python: Path, folder: Path, workers: str
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run pytest with a test that does not end, with this number of workers."""
    folder.mkdir()
    (folder / "test_shop.py").write_text(HANGS)
    with subprocess.Popen(
        [python, *PYTEST, "-n", workers],
        cwd=folder,
        env=plain_environment() | {"TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        yield run, folder / "url"
        os.killpg(run.pid, signal.SIGKILL)  # whatever of it is left


def is_gone(url: str) -> bool:
    """Return whether no plugin's server listens at an address; another test may have its port."""
    try:
        with urlopen(f"http://{urlsplit(url).netloc}/_mock/sandboxes", timeout=TIMEOUT_S) as answer:
            return urlsplit(url).path.rpartition("/")[2] not in answer.read().decode()
    except OSError as error:
        return isinstance(getattr(error, "reason", error), ConnectionRefusedError)
