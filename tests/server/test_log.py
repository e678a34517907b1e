"""The exchange log: one line for each exchange, whatever its path contains; never a query."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_clover.server.log import ExchangeLog, LogFormat
from mock_clover.server.log_capture import LogHandler
from tests.logs import LogFile
from tests.raw_http import PARSERS, RawConnection, command_with, eventually, head, request
from tests.server_process import ServerProcess

TEXT_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<method>[A-Z]+) (?P<path>\S.*) (?P<status>\d{3}) "
    r"(?P<took>\d+\.\d\d)ms (?P<sandbox>[A-Za-z0-9._-]+) \| (?P<why>.+)"
)
JSON_MEMBERS = ["at", "method", "path", "status", "took_ms", "sandbox", "why"]

FORGED = "%20200%200.01ms%20default%20|%20c"
PATHS = {
    "a line end": "/v1/charges/a%0ab",
    "a carriage return": "/v1/charges/a%0db",
    "a forged line": f"/v1/charges/a%0a2026-01-01T00:00:00Z%20GET%20/b{FORGED}",
    "a forged end of a line": f"/v1/charges/a{FORGED}",
    "all control characters": "/v1/charges/" + "".join(f"%{n:02x}" for n in [*range(1, 32), 127]),
    "NUL": "/v1/charges/%00",
    "controls of the second set": "/v1/charges/%c2%85%c2%9b31m",
    "line separators": "/v1/charges/%e2%80%a8%e2%80%a9",
    "letters turned round": "/v1/charges/%e2%80%ae",
    "colours of a terminal": "/v1/charges/%1b[31mred",
    "quotes": "/v1/charges/%22%27%5c",
    "JSON": "/v1/charges/%22,%22status%22:200,%22x%22:%22",
    "4 bytes": "/v1/charges/%f0%9f%92%b3",
    "no UTF-8": "/v1/charges/%ff%fe",
    "5,000 characters": "/v1/charges/" + "a" * 5_000,
    "no path of ours": "/nothing/here",
    "another sandbox": "/sandbox/log-7/v1/charges/x",
}
CONTROLS = tuple(map(chr, [*range(32), *range(127, 160), 0x2028, 0x2029, 0x202E, 0xFEFF]))
FORMATS: tuple[LogFormat, ...] = ("text", "json")


def logged(log: Path) -> list[str]:
    """Return the lines of exchanges, without the banner."""
    lines = log.read_text().split("\n")
    return [line for line in lines if line.startswith(("20", "{"))]


@pytest.fixture(scope="module", params=FORMATS)
def served_in(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ServerProcess]]:
    """A server for each format, and the format."""
    server = ServerProcess(tmp_path_factory.mktemp("log"), "--log-format", request.param)
    yield request.param, server
    server.stop()


def fields(log_format: str, line: str) -> dict[str, Any]:
    """Parse one line; a line in another format fails the test."""
    if log_format == "json":
        result: dict[str, Any] = json.loads(line)
        assert list(result) == JSON_MEMBERS
        assert isinstance(result["took_ms"], float)
        return result
    found = TEXT_LINE.fullmatch(line)
    assert found, line
    return found.groupdict() | {"status": int(found["status"])}


@pytest.mark.system
def test_each_exchange_is_one_line(served_in: tuple[str, ServerProcess]) -> None:
    log_format, server = served_in
    before = len(logged(server.log))
    with RawConnection(server.port) as connection:
        statuses = [connection.exchange(head("GET", path)).status for path in PATHS.values()]
    lines = eventually(lambda: (found := logged(server.log)[before:])[len(PATHS) - 1 :] and found)
    read = [fields(log_format, line) for line in lines]
    assert [each["status"] for each in read] == statuses
    assert statuses == [404] * (len(PATHS) - 1) + [401]
    assert {each["method"] for each in read} == {"GET"}
    assert [each["sandbox"] for each in read] == ["default"] * (len(PATHS) - 1) + ["log-7"]
    assert {each["why"].split(" ")[0] for each in read} == {
        "CHARGE_NOT_FOUND",
        "PATH_NOT_FOUND",
        "UNAUTHORIZED",
    }


@pytest.mark.system
def test_log_has_no_control_characters(served_in: tuple[str, ServerProcess]) -> None:
    _, server = served_in
    with RawConnection(server.port) as connection:
        for path in PATHS.values():
            connection.exchange(head("GET", path))
        connection.exchange(head("GET", "/v1/charges/the-last-of-them"))
    eventually(lambda: "the-last-of-them" in server.log.read_text())
    text = server.log.read_text()
    assert [char for char in set(text) if not char.isprintable() and char != "\n"] == []


@pytest.mark.system
def test_a_query_is_not_logged(served_in: tuple[str, ServerProcess]) -> None:
    _, server = served_in
    queries = ["/v1/charges?limit=5&customer=HUSH", "/oauth/token?client_secret=HUSH&code=HUSH"]
    with RawConnection(server.port) as connection:
        for target in [*queries, "/v1/charges/after-the-queries"]:
            connection.exchange(request("GET", target))
    eventually(lambda: "after-the-queries" in server.log.read_text())
    assert "HUSH" not in server.log.read_text()
    assert "?" not in "".join(logged(server.log))


@pytest.mark.system
def test_control_requests_are_not_logged(served_in: tuple[str, ServerProcess]) -> None:
    _, server = served_in
    with RawConnection(server.port) as connection:
        for target in ["/livez", "/readyz", "/_mock/journal", "/_mock/openapi.json"]:
            assert connection.exchange(request("GET", target)).status == 200
        connection.exchange(request("GET", "/v1/charges/after-control"))
    eventually(lambda: "after-control" in server.log.read_text())
    assert not re.search(r"livez|readyz|_mock", "".join(logged(server.log)))


def test_none_writes_nothing(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("--log-format", "none")
    with RawConnection(server.port) as connection:
        connection.exchange(request("GET", "/v1/charges/unlogged"))
    assert server.stop() == 0
    assert logged(server.log) == []
    assert "unlogged" not in server.log.read_text()


ABROAD = (
    "import gc, threading, warnings",
    "from mock_clover.server import serve",
    "from mock_clover.server.protocol import base",
    "before_feed = base.HardenedProtocol._feed_parser",
    "fails = lambda self, data: {}[data] if b'charges' in data else before_feed(self, data)",
    "base.HardenedProtocol._feed_parser = fails",
    "Bad = type('Bad', (), {'__del__': lambda _: 1 / 0})",
    "before = serve._tune_garbage_collection",
    "say = lambda: (warnings.warn('odd'), threading.Thread(target=Bad().__del__).start(), Bad())",
    "serve._tune_garbage_collection = lambda: (before(), say())",
)
"""Statements after which a server writes a warning, and errors of a thread, a finalizer and a
connection."""
SAID = [
    r"unknown environment variable MOCK_CLOVER_PROT; did you mean `MOCK_CLOVER_PORT`\?",
    r"py\.warnings: .*: UserWarning: odd",
    r"thread: ZeroDivisionError in <lambda>:1",
    r"finalizer: ZeroDivisionError in <lambda>:1",
    r"uvicorn\.error: Invalid HTTP request received\.",
    r"asyncio: KeyError in <lambda>:1",
]


@pytest.mark.system
@pytest.mark.parametrize("log_format", ["text", "json", "none"])
@pytest.mark.parametrize("parser", PARSERS)
def test_all_of_stderr_is_in_the_format(
    start_server: Callable[..., ServerProcess],
    monkeypatch: pytest.MonkeyPatch,
    parser: str,
    log_format: str,
) -> None:
    monkeypatch.setenv("MOCK_CLOVER_PROT", "1")
    server = start_server("--log-format", log_format, python=command_with(parser, *ABROAD))
    for data in (b"NOT HTTP\r\n\r\n", request("GET", "/v1/charges")):
        with RawConnection(server.port) as connection:
            connection.send(data)
            connection.read_to_end()
    assert server.stop() == 0
    lines = [line for line in server.log.read_text().splitlines() if not BANNER.match(line)]
    texts = [told_in(log_format, line) for line in lines]
    wanted = SAID if log_format != "none" else []
    missed = [said for said in wanted if not any(re.fullmatch(said, each) for each in texts)]
    assert missed == [], texts
    assert len(set(texts)) == len(wanted)


BANNER = re.compile(r"mock-clover .* listening on |  ")


def told_in(log_format: str, line: str) -> str:
    """Return the message of a line of the log; a line that is not of the format fails the test."""
    if log_format == "json":
        told = json.loads(line)
        assert list(told) == ["at", "message"]
        return str(told["message"])
    found = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (.+)", line)
    assert found, line
    return found[1]


# Without a server ---------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path: Path) -> Callable[[LogFormat, str, str], list[str]]:
    """Return a function that logs one exchange and returns its lines."""

    def write(log_format: LogFormat, path: str, why: str) -> list[str]:
        file = tmp_path / "log"
        with file.open("w+") as stream:
            log = ExchangeLog(stream, log_format)
            log.write("default", "GET", path, 200, why, 0.0)
            log.flush()
        return file.read_text().splitlines(keepends=True)

    return write


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize("char", CONTROLS, ids=ascii)
def test_path_cannot_inject_a_log_line(
    written: Callable[[LogFormat, str, str], list[str]], log_format: LogFormat, char: str
) -> None:
    lines = written(log_format, f"/a{char}b", "said")
    assert len(lines) == 1
    assert char not in lines[0].rstrip("\n")


def test_both_log_formats_have_the_same_content(
    written: Callable[[LogFormat, str, str], list[str]],
) -> None:
    text, data = (
        fields(log_format, written(log_format, "/v1/charges", "a rule decided")[0].rstrip("\n"))
        for log_format in FORMATS
    )
    names = ("method", "path", "status", "sandbox", "why")
    assert [text[name] for name in names] == [data[name] for name in names]
    assert [data[name] for name in names] == [
        "GET",
        "/v1/charges",
        200,
        "default",
        "a rule decided",
    ]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Invalid HTTP request received.", "uvicorn: Invalid HTTP request received."),
        ("card 4242424242424242", "uvicorn: card [card ...4242]"),
        ("first\nsecond 1234", "uvicorn: first"),
        ("\x1b[31m", "uvicorn: \\x1b[31m"),
        ("", "uvicorn: "),
    ],
)
def test_a_record_of_a_library_is_one_masked_line(tmp_path: Path, message: str, said: str) -> None:
    with LogFile(tmp_path / "log") as log:
        LogHandler(log.log).handle(logging.makeLogRecord({"name": "uvicorn", "msg": message}))
        assert log.lines() == [said]


def test_an_error_that_a_library_logs_is_its_location(tmp_path: Path) -> None:
    record = {"name": "asyncio", "msg": "in <Handle f('4242424242424242')>"}
    error = KeyError("4242424242424242")
    record_of_error = logging.makeLogRecord(record | {"exc_info": (KeyError, error, None)})
    with LogFile(tmp_path / "log") as log:
        LogHandler(log.log).handle(record_of_error)
        assert log.lines() == ["asyncio: KeyError in ?"]
