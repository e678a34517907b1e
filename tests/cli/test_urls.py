"""Each option and argument that takes the URL of a server refuses another text at once."""

import urllib.request
from http.client import BadStatusLine

import pytest

from mock_clover.cli import COMMANDS
from mock_clover.cli.base import check_url
from mock_clover.cli.conformance import conformance
from tests.command_line import run_cli
from tests.failure_messages import assert_no_errors

OF_A_URL = [
    (command, param)
    for command in COMMANDS
    if command is not conformance  # its own check also knows Clover's production hosts
    for param in command.params
    if str(param.name).endswith("url") or param.metavar == "URL"
]
EXAMPLE = ", for example http://127.0.0.1:4242"
MISTAKES = {
    "nope": "; did you mean http://nope?",
    "localhost:4242": "; did you mean http://localhost:4242?",
    "file:///etc/passwd": EXAMPLE,
    "http:/x": EXAMPLE,
    "http://": EXAMPLE,
    "http://a b": EXAMPLE,
    "http://a:99999": EXAMPLE,
    "http://a\n": EXAMPLE,
}


def test_every_url_is_checked() -> None:
    assert len(OF_A_URL) == 8
    assert_no_errors(
        f"{command.name} {param.name}: callback=check_url"
        for command, param in OF_A_URL
        if param.callback is not check_url
    )


@pytest.mark.parametrize("url", MISTAKES)
def test_a_wrong_url_is_refused(url: str) -> None:
    run = run_cli("mcp", "--url", url)
    told = f"{url!r} must be an http:// or https:// URL{MISTAKES[url]}\n"
    if "\n" in url:
        told = told.replace(repr(url), r"'http://a\\n'")
    assert (run.code, run.stderr.partition("Error: ")[2]) == (
        2,
        f"Invalid value for '--url': {told}",
    )


@pytest.mark.parametrize(
    ("args", "variable", "where"),
    [
        (("mcp",), "CLOVER_BASE_URL", " for CLOVER_BASE_URL"),
        (("env",), "MOCK_CLOVER_URL", " for MOCK_CLOVER_URL"),
        (("audit",), "MOCK_CLOVER_URL", " for MOCK_CLOVER_URL"),
        (("health",), "CLOVER_BASE_URL", ""),
        (("audit", "nope"), "", " for '[URL]'"),
        (("sweep", "--url", "nope", "true"), "", " for '--url'"),
    ],
)
def test_the_option_or_the_variable_is_named(
    args: tuple[str, ...], variable: str, where: str
) -> None:
    unset: dict[str, str | None] = {"MOCK_CLOVER_URL": None, "CLOVER_BASE_URL": None}
    run = run_cli(*args, **unset | ({variable: "nope"} if variable else {}))
    told = "'nope' must be an http:// or https:// URL; did you mean http://nope?"
    assert (run.code, run.stderr.partition("Error: ")[2]) == (2, f"Invalid value{where}: {told}\n")


def test_a_server_that_does_not_speak_http_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BadStatusLine("SSH-2.0")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    run = run_cli("journal", "--url", "http://a")
    told = "mock-clover: http://a/_mock/sandboxes/default: SSH-2.0\n"
    assert (run.code, run.stdout, run.stderr) == (1, "", told)
