"""The command line: its output and its exit codes."""

import errno
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from mock_clover import __version__
from mock_clover.cli.port_file import PortFile
from mock_clover.cli.serve import serve as serve_command
from mock_clover.cli.tls_setup import tls_setup
from mock_clover.clover.common.problems import ALL_ERRORS
from mock_clover.sandbox.credentials import derive_credentials
from tests.command_line import run_cli
from tests.in_process import SEED
from tests.raw_http import TIMEOUT_S, call, eventually
from tests.server_process import ServerProcess

CREDENTIALS = derive_credentials(SEED, "default")
ENV = {
    "CLOVER_BASE_URL": "http://x:1",
    "CLOVER_MERCHANT_ID": CREDENTIALS.merchant_id,
    "CLOVER_CLIENT_ID": CREDENTIALS.client_id,
    "CLOVER_CLIENT_SECRET": CREDENTIALS.client_secret,
    "CLOVER_ACCESS_TOKEN": CREDENTIALS.access_token,
    "CLOVER_API_KEY": CREDENTIALS.api_key,
}


def invoke(*args: str, **environment: str) -> tuple[int, str]:
    output = run_cli(*args, **{"MOCK_CLOVER_SEED": SEED, **environment})
    return output.code, output.stdout + output.stderr


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("json", json.dumps(ENV, indent=2) + "\n"),
        ("dotenv", "".join(f"{name}={value}\n" for name, value in ENV.items())),
        ("shell", "".join(f"export {name}={value}\n" for name, value in ENV.items())),
    ],
)
def test_env_prints_the_credentials(form: str, expected: str) -> None:
    assert invoke("env", "--url", "http://x:1/", "--format", form) == (0, expected)


def test_env_of_a_sandbox_has_its_own_address_and_credentials() -> None:
    code, out = invoke("env", "--sandbox", "a1", "--format", "json")
    result = json.loads(out)
    assert (code, result["CLOVER_BASE_URL"]) == (0, "http://127.0.0.1:4242/sandbox/a1")
    assert result["CLOVER_ACCESS_TOKEN"] == derive_credentials(SEED, "a1").access_token


@pytest.mark.parametrize(
    "command",
    [
        "serve",
        "tls-setup",
        "env",
        "token",
        "health",
        "journal",
        "next",
        "cards",
        "errors",
        "routes",
        "check",
        "scenarios",
        "schema",
        "conformance",
    ],
)
def test_every_help_shows_examples(command: str) -> None:
    code, out = invoke(command, "--help")
    assert code == 0
    assert "Examples:" in out
    assert f"mock-clover {command}" in out


def test_the_version_is_told() -> None:
    assert invoke("--version") == (0, f"mock-clover, version {__version__}\n")


def test_tables_match_code() -> None:
    assert {row["name"] for row in json.loads(invoke("errors", "--json")[1])} == {
        problem.name for problem in ALL_ERRORS
    }
    assert "4005571702222222" in invoke("cards")[1]
    assert re.search(r"^POST +/v1/charges +create_charge ", invoke("routes")[1], re.MULTILINE)


def test_next_arms_lists_and_disarms(shared_server: ServerProcess) -> None:
    def at(*args: str) -> tuple[int, str]:
        return invoke("next", *args, "--url", shared_server.url, "--sandbox", "cli-next")

    anywhere = "(the next charge, order payment or capture)"
    assert at("card_declined/lost_card") == (0, f"next-1  card_declined/lost_card  {anywhere}\n")
    lost = "next-2  drop after_commit  (create_refund, 2 times)\n"
    refund = ("--endpoint", "create_refund", "--times", "2")
    assert at("--fault", "drop after_commit", *refund) == (0, lost)
    assert at("--list")[1].splitlines()[1] + "\n" == lost
    assert at("--clear") == (0, "disarmed 2\n")
    code, said = at("card_declined/lost_crd")
    assert (code, said) == (
        1,
        "mock-clover: outcome: unknown outcome 'card_declined/lost_crd'; "
        "did you mean `card_declined/lost_card`?\n",
    )
    assert at()[0] == at("approve", "--clear")[0] == at("--list", "--times", "2")[0] == 2


def test_options_take_precedence_over_the_variables_of_env(shared_server: ServerProcess) -> None:
    _, printed = invoke("env", "--url", shared_server.url, "--sandbox", "mine", "--format", "json")
    mine = json.loads(printed)
    token = r"clv_1TSTS\w{19}\n"
    for args, expected in (
        (["token"], token),  # of the sandbox in CLOVER_BASE_URL
        (["token", "--sandbox", "other"], token),
        (["token", "--url", f"{shared_server.url}/sandbox/third"], token),
        (["health"], r"ready .*\n"),
        (["journal"], r"(?s) +1  GET /assets/keys.json 200 .* 2  POST /v1/tokens 200 .*"),
        (["journal", "--sandbox", "other"], r"(?s).* 2  POST /v1/tokens 200 .*"),
    ):
        code, out = invoke(*args, **mine)
        assert re.fullmatch(expected, out), (args, out)
        assert code == 0
    code, out = invoke("journal", "--sandbox", "othre", **mine)
    assert (code, "sandbox 'othre' not found; did you mean `other`?" in out) == (1, True)
    code, out = invoke("env", "--sandbox", "a b")
    assert (code, "use up to 64 letters" in out) == (2, True)


def test_https_at_the_http_port_is_named_in_the_log(start_server: Any) -> None:
    server = start_server()
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as connection:
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_hostname="localhost")
    eventually(lambda: "sent HTTPS to the HTTP port: use an http:// URL" in server.log.read_text())


def test_the_ipv6_loopback_address_is_served_too(start_server: Any) -> None:
    server = start_server("--log-format", "none")
    try:
        socket.create_connection(("::1", server.port), TIMEOUT_S).close()
    except OSError as error:
        assert error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # noqa: PT017 - no IPv6
    assert server.log.read_text() == ""


@pytest.mark.parametrize("plain", [[], ["--plain"]])
def test_token_makes_a_token_as_a_client_does(
    shared_server: ServerProcess, plain: list[str]
) -> None:
    code, out = invoke("token", "4005571702222222", "--url", shared_server.url, *plain)
    assert code == 0
    assert re.fullmatch(r"clv_1TSTS\w{19}\n", out)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--exp", "01/20"], '"code":"expired_card"'),
        (["4242424242424241"], '"code":"incorrect_number"'),
        (["4" * 300], "card.number has 300 characters; must be 13 to 19 digits"),
        (["\u0664" * 16], "card.number has 16 characters; must be 13 to 19 digits"),
        (["--url", "http://127.0.0.1:1"], "Connection refused"),
    ],
)
def test_token_prints_server_error(
    shared_server: ServerProcess, args: list[str], message: str
) -> None:
    code, out = invoke("token", "--url", shared_server.url, *args)
    assert code == 1
    assert message in out
    assert out.count("\n") == 1


def test_health_is_ready_or_not(shared_server: ServerProcess) -> None:
    assert invoke("health", shared_server.url) == (0, f"ready (sandbox, {__version__})\n")
    code, out = invoke("health", "http://127.0.0.1:1")
    assert code == 1
    assert out.startswith("mock-clover: not ready: http://127.0.0.1:1/readyz: ")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--scenario", "sandbx"], "did you mean `sandbox`?"),
        (["--scenario", "nowhere.yaml"], "nowhere.yaml: cannot read file"),
        (["--host", "not an address"], "cannot listen on not an address port 0"),
        (["--key-file", "key.pem"], "key.pem: not an unencrypted PEM private key"),
        (["--replica"], "mock-clover: --replica needs --key-file FILE"),
        (["--replica", "--key-file", "new.pem"], "mock-clover: --replica: new.pem does not exist"),
        (["--replica", "--key-file", "key.pem"], "--replica: key.pem.prod does not exist"),
        (["--port-file", "no/port"], "mock-clover: --port-file no/port: No such file or directory"),
        (["--port", "70000"], "Invalid value for '--port'"),
        (["--dialect", "spoken"], "'spoken' is not one of 'observed', 'documented'"),
    ],
)
def test_serve_refuses_a_bad_option_in_one_clear_line(
    tmp_path: Path, args: list[str], message: str
) -> None:
    (tmp_path / "key.pem").write_text("no key")
    completed = subprocess.run(
        [sys.executable, "-m", "mock_clover", "serve", "--port", "0", *args],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert completed.returncode == 2
    assert message in completed.stderr
    assert "Traceback" not in completed.stderr


EMPTY_OPTIONS = [
    (str(command.name), option.opts[0], value)
    for command in (serve_command, tls_setup)
    for option in command.params
    if isinstance(option, click.Option) and (not option.is_flag or option.multiple)
    for value in ("", " ")
]


@pytest.mark.parametrize(("command", "option", "value"), EMPTY_OPTIONS)
def test_an_empty_option_is_rejected(command: str, option: str, value: str) -> None:
    message = f"mock-clover: {option} is empty: set a value or omit the option\n"
    assert invoke(command, option, value) == (2, message)


GUARDS = {
    "MOCK_CLOVER_CONTROL",
    "MOCK_CLOVER_CONTROL_TOKEN",
    "MOCK_CLOVER_CONTROL_TOKEN_FILE",
}


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize("variable", sorted(GUARDS))
def test_an_empty_variable_that_restricts_control_calls_is_rejected(
    variable: str, value: str
) -> None:
    message = (
        f"mock-clover: {variable} is empty, which would leave the control API unprotected: "
        "set a value or unset the variable\n"
    )
    assert invoke("serve", **{variable: value}) == (2, message)


def test_any_other_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    def params() -> dict[str, Any]:
        return serve_command.make_context("serve", []).params

    unset = params()
    names = {str(option.envvar) for option in serve_command.params if option.envvar}
    for name in names - GUARDS:
        monkeypatch.setenv(name, "")
    assert params() == unset


def test_an_option_overrides_an_empty_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_CLOVER_CONTROL", "")
    monkeypatch.setenv("MOCK_CLOVER_CONTROL_TOKEN", "")
    given = ["--no-control", "--control-token", "s3cret"]
    params = serve_command.make_context("serve", given).params
    assert (params["control"], params["control_token"]) == (False, "s3cret")


@pytest.mark.parametrize("log_format", ["text", "none"])
@pytest.mark.parametrize("way", ["option", "file", "variable"])
def test_a_token_on_the_command_line_is_warned_of(
    start_server: Callable[..., ServerProcess],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    log_format: str,
) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    if way == "variable":
        monkeypatch.setenv("MOCK_CLOVER_CONTROL_TOKEN", "s3cret")
    options = {
        "option": ("--control-token", "s3cret"),
        "file": ("--control-token-file", str(tmp_path / "token")),
        "variable": (),
    }[way]
    server = start_server(*options, "--log-format", log_format)
    answers = [
        call(server.port, "GET", "/_mock/clock", **{"x-mock-clover-control": token}).status
        for token in ("s3cret", "s3cre", "")
    ]
    assert answers == [200, 403, 403]
    warns = "can read --control-token in the list of processes" in server.log.read_text()
    assert warns == (way == "option" and log_format == "text")


def test_an_empty_port_is_the_default_for_health_too() -> None:
    _, out = invoke("health", MOCK_CLOVER_PORT="")
    assert "http://127.0.0.1:4242/readyz" in out or out.startswith("ready ")


@pytest.fixture
def special_files(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file of each kind that must not be replaced; no devices."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        yield tmp_path


SPECIAL = [
    ("fifo", "fifo is a named pipe, not a regular file"),
    ("link", "link is a named pipe, not a regular file"),
    ("loop", "Too many levels of symbolic links"),
    ("socket", "socket is a socket, not a regular file"),
    ("file/port", "Not a directory"),
    ("none/port", "No such file or directory"),
]


COMPLETE = {
    "bash": """
eval "$(_MOCK_CLOVER_COMPLETE=bash_source mock-clover)"
function compopt { :; }
COMP_WORDS=(mock-clover "$@") COMP_CWORD=$#
_mock_clover_completion mock-clover
echo "${COMPREPLY[@]}"
""",
    "zsh": """
functions[compdef]=: functions[_path_files]=:
functions[compadd]='print -- $completions'
functions[_describe]='print -- ${completions_with_descriptions%%:*}'
eval "$(_MOCK_CLOVER_COMPLETE=zsh_source mock-clover)"
words=(mock-clover "$@") CURRENT=$((1 + $#))
_mock_clover_completion
""",
    "fish": """
_MOCK_CLOVER_COMPLETE=fish_source mock-clover | source
set told (complete -C "mock-clover $argv" | string replace -r '\\t.*' '')
string match -v './*' $told | string join ' '
""",
}
"""Runs the completion of each shell as the Tab key does; functions that need the key do nothing."""
ALL = "avs-and-cvc card-on-file declines expired-token flaky-network lost-replies phantom-decline"


@pytest.mark.parametrize("shell", COMPLETE)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["jou"], "journal"),
        (["serve", "--scenario", "dec"], "declines"),
        (["serve", "--scenario", ""], f"{ALL} rate-limited sandbox velocity"),
        (["journal", "--endpoint", "create_ref"], "create_refund"),
    ],
)
def test_shells_complete_names(shell: str, words: list[str], expected: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    completed = subprocess.run(
        [shell, "-c", COMPLETE[shell], *(["x"] if shell != "fish" else []), *words],
        capture_output=True,
        env=environment,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert completed.stdout.decode() == f"{expected}\n", completed.stderr.decode()


@pytest.mark.parametrize("option", ["--port-file", "--tls-port-file"])
@pytest.mark.parametrize(("name", "message"), SPECIAL)
def test_a_port_file_replaces_only_regular_files(
    special_files: Path, option: str, name: str, message: str
) -> None:
    before = {path.name: path.lstat() for path in special_files.iterdir()}
    path = special_files / name
    expected = (2, f"mock-clover: {option} {path}: {message}\n")
    assert invoke("serve", "--tls", option, str(path)) == expected
    assert {path.name: path.lstat() for path in special_files.iterdir()} == before


def test_two_ports_need_two_port_files(tmp_path: Path) -> None:
    options = ("--port-file", str(tmp_path / "port"), "--tls-port-file", f"{tmp_path}/./port")
    message = f"--tls-port-file {tmp_path}/port: must be a different file than --port-file"
    assert invoke("serve", "--tls", *options) == (2, f"mock-clover: {message}\n")


def test_a_port_file_that_is_a_directory_is_rejected(tmp_path: Path) -> None:
    code, message = invoke("serve", "--port-file", str(tmp_path))
    assert (code, f"File '{tmp_path}' is a directory." in message) == (2, True)


@pytest.mark.parametrize("is_stale", [True, False])
@pytest.mark.parametrize("is_link", [True, False])
def test_a_port_file_exists_only_while_the_server_listens(
    tmp_path: Path, is_stale: bool, is_link: bool
) -> None:
    named = target = tmp_path / "port"
    if is_link:
        target = tmp_path / "target"
        named.symlink_to(target)
    if is_stale:
        target.write_text("1\n")
    with click.Context(serve_command):
        file = PortFile("--port-file", named, "127.0.0.1")
        assert not target.exists()
        file.write(4_242)
        assert (target.read_text(), named.is_symlink()) == ("4242\n", is_link)
    assert [path.name for path in tmp_path.iterdir()] == (["port"] if is_link else [])


def test_the_port_file_of_another_server_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "port"
    with click.Context(serve_command):
        PortFile("--port-file", path, "127.0.0.1").write(4_242)
        path.write_text("5000\n")
    assert path.read_text() == "5000\n"


@pytest.mark.parametrize("is_running", [True, False])
def test_a_start_that_fails_keeps_only_the_port_file_of_a_running_server(
    start_server: Callable[..., ServerProcess], tmp_path: Path, is_running: bool
) -> None:
    path = tmp_path / "port-of-both"
    path.write_text(f"{start_server().port if is_running else 1}\n")
    command = [sys.executable, "-m", "mock_clover", "serve", "--port-file", str(path)]
    bad = ["--port", "0", "--scenario", "no-such-scenario"]
    completed = subprocess.run(
        [*command, *bad], capture_output=True, timeout=TIMEOUT_S, check=False
    )
    assert (completed.returncode, path.exists()) == (2, is_running)


def test_unknown_environment_variable_gets_suggestion(
    start_server: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCK_CLOVER_PROT", "1")
    log = start_server().log.read_text()
    assert "unknown environment variable MOCK_CLOVER_PROT; did you mean `MOCK_CLOVER_PORT`?" in log


def test_settings_come_from_the_environment(
    start_server: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCK_CLOVER_STRICT", "1")
    monkeypatch.setenv("MOCK_CLOVER_LOG_FORMAT", "json")
    server = start_server()
    assert invoke("token", "--url", server.url)[0] == 0
    lines = [line for line in _logged(server, "/v1/tokens") if line.startswith("{")]
    assert json.loads(lines[-1])["path"] == "/v1/tokens"


def test_the_banner_has_the_address_the_scenario_and_credentials(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server()  # which is back once the port file is there; the banner comes after it
    eventually(lambda: "CLOVER_API_KEY" in server.log.read_text())
    assert server.log.read_text().splitlines() == [
        f"mock-clover {__version__} listening on {server.url}",
        "  Scenario: sandbox. This is a mock; no money moves. Press Ctrl-C to stop.",
        f"  Dashboard: {server.url}/_mock/",
        *(
            f"  export {name}={server.url if name == 'CLOVER_BASE_URL' else value}"
            for name, value in ENV.items()
        ),
    ]


@pytest.mark.parametrize(
    ("host", "listens", "near"),
    [
        ("0.0.0.0", "0.0.0.0", "127.0.0.1"),
        ("::", "[::]", "[::1]"),
        ("0:0::0", "[0:0::0]", "[::1]"),
        ("::1", "[::1]", "[::1]"),
        ("localhost", "localhost", "localhost"),
    ],
)
def test_the_banner_has_an_address_that_a_client_can_use(
    start_server: Callable[..., ServerProcess], host: str, listens: str, near: str
) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    server = start_server("--host", host)
    eventually(lambda: "CLOVER_API_KEY" in server.log.read_text())
    text = server.log.read_text()
    assert f"listening on http://{listens}:{server.port}\n" in text
    assert f"Dashboard: http://{near}:{server.port}/_mock/" in text
    assert f"CLOVER_BASE_URL={shlex.quote(f'http://{near}:{server.port}')}\n" in text
    assert invoke("health", f"http://{near}:{server.port}")[0] == 0


def test_a_key_file_outlives_the_server(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    from mock_clover.client import get_json

    blobs = set()
    for _ in range(2):
        server = start_server("--key-file", str(tmp_path / "key.pem"))
        blobs.add(get_json(f"{server.url}/assets/keys.json")["TA_PUBLIC_KEY_DEV"])
        server.stop()
    assert len(blobs) == 1


def test_no_child_is_left_behind(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    invoke("health", server.url)
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list a process's children")
    assert children.read_text() == ""


_GONE = (
    "import os; r, w = os.pipe(); os.close(r); os.dup2(w, {0}); os.close(w)",
    "from mock_clover.cli import main",
    "main()",
)
STREAMS = {
    "no stdin": "<&-",
    "no stdout": ">&-",
    "no stderr": "2>&-",
    "no stream": "<&- >&- 2>&-",
}


@pytest.mark.parametrize("closed", STREAMS.values(), ids=STREAMS)
def test_a_server_runs_without_standard_streams(
    start_server: Callable[..., ServerProcess], closed: str
) -> None:
    shell = ("sh", "-c", f'exec "$0" "$@" {closed}', sys.executable, "-m", "mock_clover")
    server = start_server(python=shell)
    assert invoke("health", server.url)[0] == 0
    assert server.stop() == 0


@pytest.mark.parametrize("number", [1, 2])
def test_a_server_runs_after_the_reader_of_a_stream_is_gone(
    start_server: Callable[..., ServerProcess], number: int
) -> None:
    server = start_server(python=(sys.executable, "-c", "\n".join(_GONE).format(number)))
    assert invoke("health", server.url)[0] == 0
    assert server.stop() == 0


def test_ctrl_c_ends_it_with_success(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(TIMEOUT_S) == 0
    assert not server.log.with_name("port").exists()


def _logged(server: ServerProcess, text: str) -> list[str]:
    """Return the log's lines when it contains a text; it is written in batches."""
    eventually(lambda: text in server.log.read_text())
    return server.log.read_text().splitlines()
