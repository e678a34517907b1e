"""HTTPS and HTTP, with both parsers: the same responses and access control, and https links."""

import datetime as dt
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from mock_clover import __version__
from mock_clover.cli.tls_setup import TRUST
from mock_clover.clover.common.hosts import NAMES
from mock_clover.server.app.app import BODY_BYTES_MAX
from mock_clover.server.serve import bind
from mock_clover.server.tls.authority import create_authority
from mock_clover.server.tls.transport import Tls
from tests.clients.toolbox import plain_environment
from tests.fake_clock import FAKE_CLOCK, advance_30_seconds
from tests.forged import own_authority
from tests.raw_http import (
    CREDENTIALS,
    PARSERS,
    TIMEOUT_S,
    RawConnection,
    call,
    chunked,
    command_with,
    eventually,
    head,
    request,
)
from tests.server_process import ServerProcess
from tests.system.test_sockets import CHUNKED, assert_clean, both_parsers
from tests.tls_server_process import TlsServerProcess, start

StartServer = Callable[..., "TlsServerProcess"]


@pytest.fixture(scope="module", params=PARSERS)
def tls_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TlsServerProcess]:
    """A server on each parser, shared by the tests of this file; its log must stay clean."""
    created = start(tmp_path_factory.mktemp("tls"), python=PARSERS[request.param])
    yield created
    created.server.stop()
    assert_clean(created.server)


@pytest.fixture
def start_tls_server(tmp_path: Path) -> Iterator[StartServer]:
    """Return a function that starts a server with HTTPS."""
    started: list[TlsServerProcess] = []

    def begin(*options: str, python: tuple[str, ...] = ()) -> TlsServerProcess:
        started.append(start(tmp_path, *options, python=python))
        return started[-1]

    yield begin
    for each in started:
        each.server.stop()


# Equal responses ----------------------------------------------------------------------------------


def varying(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in ("date", "x-request-id")}


ASKED = {
    "an answer": request("GET", "/v1/charges"),
    "a refusal": request("GET", "/v1/charges/ZZZZZZZZZZZZZ"),
    "a page of Starlette's": request("GET", "/"),
    "a method that is none": request("PATCH", "/v1/charges"),
    "one without a body": request("HEAD", "/livez"),
    "a body too large": request("POST", "/v1/tokens", b"x" * (BODY_BYTES_MAX + 1)),
    "chunks of one byte": CHUNKED + chunked(b'{"card":{}}', 1),
}


@pytest.mark.parametrize("requested", ASKED.values(), ids=ASKED)
def test_http_and_https_give_equal_replies(tls_server: TlsServerProcess, requested: bytes) -> None:
    replies = []
    for connection in (RawConnection(tls_server.server.port), tls_server.connect()):
        with connection:
            reply = connection.exchange(requested)
            replies.append((reply.status, varying(reply.headers), reply.body))
    assert replies[0] == replies[1]


def test_broken_bytes_get_the_same_answer(tls_server: TlsServerProcess) -> None:
    replies = []
    for connection in (RawConnection(tls_server.server.port), tls_server.connect()):
        with connection:
            connection.send(b"\x00\x01\x02\r\n\r\n")
            replies.append(re.sub(rb"date: [^\r]+", b"", connection.read_to_end()))
    assert replies[0] == replies[1]
    assert replies[0].startswith(b"HTTP/1.1 400")


def test_a_thousand_requests_of_one_connection_are_answered_in_turn(
    tls_server: TlsServerProcess,
) -> None:
    with tls_server.connect() as connection:
        connection.send(request("GET", "/livez") * 1_000)
        assert {connection.read_response().status for _ in range(1_000)} == {200}


def test_a_request_cut_into_single_bytes_is_one(tls_server: TlsServerProcess) -> None:
    with tls_server.connect() as connection:
        for byte in request("POST", "/v1/tokens", {"card": {}}):
            connection.send(bytes([byte]))
        assert connection.read_response().status == 400


def test_response_to_slow_reader_is_complete(tls_server: TlsServerProcess) -> None:
    """Ten megabytes of responses, more than any socket buffers, read after the last request."""
    requested = request("GET", "/_mock/openapi.json", headers={"host": "localhost"})
    with tls_server.connect() as connection:
        size = len(connection.exchange(requested).body)
        count = 10_000_000 // size + 1
        for _ in range(count):
            connection.send(requested)
        assert {len(connection.read_response().body) for _ in range(count)} == {size}


def test_only_tls_1_2_and_1_3_are_spoken(tls_server: TlsServerProcess) -> None:
    spoken = {}
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=str(tls_server.folder / "tls" / "ca.pem"))
        context.minimum_version = context.maximum_version = version
        with RawConnection(tls_server.port, context) as connection:
            tls_socket: Any = connection.socket
            spoken[version.name] = (
                tls_socket.version(),
                connection.exchange(request("GET", "/livez")).status,
            )
    assert spoken == {"TLSv1_2": ("TLSv1.2", 200), "TLSv1_3": ("TLSv1.3", 200)}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):  # an alert, not just the end
        RawConnection(tls_server.port, context)


def test_alpn_selects_http_1_1(tls_server: TlsServerProcess) -> None:
    context = ssl.create_default_context(cafile=str(tls_server.folder / "tls" / "ca.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with RawConnection(tls_server.port, context) as connection:
        tls_socket: Any = connection.socket
        assert tls_socket.selected_alpn_protocol() == "http/1.1"
        assert connection.exchange(request("GET", "/livez")).status == 200


# Links --------------------------------------------------------------------------------------------

CART = {
    "customer": {"email": "buyer@example.com"},
    "shoppingCart": {"lineItems": [{"name": "Mug", "price": 700, "unitQty": 1}]},
}


def links(connection: RawConnection, host: str, **more: str) -> dict[str, str]:
    """Return the target of each kind of link, for a client that uses a host name."""
    named = {"host": host, "x-clover-merchant-id": CREDENTIALS.merchant_id, **more}

    def get(method: str, path: str, body: Any = None) -> Any:
        return connection.exchange(request(method, path, body, headers=named)).json

    consent = f"/oauth/v2/authorize?client_id={CREDENTIALS.client_id}"
    item = get("POST", f"/v3/merchants/{CREDENTIALS.merchant_id}/customers", {"firstName": "Jo"})
    return {
        "checkout": get("POST", "/invoicingcheckoutservice/v1/checkouts", CART)["href"],
        "consent": connection.exchange(request("GET", consent, headers=named)).headers["location"],
        "customer": item["href"],
        "sandbox": get("PUT", "/_mock/sandboxes/linked", {})["base_url"],
    }


def test_links_use_https_for_https_requests(tls_server: TlsServerProcess) -> None:
    with RawConnection(tls_server.server.port) as plain, tls_server.connect() as sealed:
        by_http, by_https = (links(connection, "localhost:7") for connection in (plain, sealed))
    starts = {name: url.partition("localhost:7")[0] for name, url in by_http.items()}
    assert starts == dict.fromkeys(by_http, "http://")
    starts = {name: url.partition("localhost:7")[0] for name, url in by_https.items()}
    assert starts == dict.fromkeys(by_https, "https://")


SPOOFS: tuple[dict[str, str], ...] = (
    {"scheme": "https"},
    {"x-forwarded-proto": "https"},
    {"x-forwarded-scheme": "https", "forwarded": "proto=https"},
)


@pytest.mark.parametrize("spoof", SPOOFS)
def test_no_header_makes_it_say_https(tls_server: TlsServerProcess, spoof: dict[str, str]) -> None:
    with RawConnection(tls_server.server.port) as connection:
        assert {url[:7] for url in links(connection, "localhost", **spoof).values()} == {"http://"}


def test_scheme_pseudo_header_cannot_be_sent(tls_server: TlsServerProcess) -> None:
    with RawConnection(tls_server.server.port) as connection:
        result = connection.send_to_end(request("GET", "/livez", headers={":scheme": "https"}))
    assert result.startswith(b"HTTP/1.1 400")


def test_control_calls_by_a_name_of_clovers_are_refused(tls_server: TlsServerProcess) -> None:
    with tls_server.connect() as connection:
        requested = [{"host": host} for host in ("scl.clover.com", "localhost", "127.0.0.1")]
        result = [
            connection.exchange(request("GET", "/_mock/clock", headers=each)).status
            for each in requested
        ]
    assert result == [403, 200, 200]


# Limits -------------------------------------------------------------------------------------------

HELLO = bytes.fromhex("1603010200010001fc0303")
NO_TLS: dict[str, tuple[bytes, bytes]] = {
    "zeros": (bytes(64), b""),
    "garbage": (bytes(range(128, 256)), b""),
    "a record of another kind": (b"\x17\x03\x03\x00\x10" + bytes(16), b"\x15\x03"),
    "a broken hello": (HELLO + b"\xff" * 600, b"\x15\x03"),
    "lower case": (b"get / http/1.1\r\n\r\n", b""),
    "plain HTTP": (request("GET", "/livez"), b"HTTP/1.1 400 Bad Request\r\n"),
    "plain HTTP, a method of ours": (request("DELETE", "/livez"), b"HTTP/1.1 400 Bad Request\r\n"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
}


@pytest.mark.parametrize(("sent", "answered"), NO_TLS.values(), ids=NO_TLS)
def test_non_tls_connection_is_closed(
    tls_server: TlsServerProcess, sent: bytes, answered: bytes
) -> None:
    with RawConnection(tls_server.port) as connection:
        result = connection.send_to_end(sent)
    assert result[: len(answered) or 1] == answered
    with tls_server.connect() as connection:
        assert connection.exchange(request("GET", "/livez")).status == 200


def test_plain_http_on_tls_port_gets_explanation(tls_server: TlsServerProcess) -> None:
    with RawConnection(tls_server.port) as connection:
        response = connection.exchange(request("GET", "/livez"))
        assert connection.read_to_end() == b""
    assert (response.status, response.headers["connection"], response.body) == (
        400,
        "close",
        b"This is the HTTPS port of mock-clover: use https://\n",
    )


def test_corrupt_tls_record_closes_connection(tls_server: TlsServerProcess) -> None:
    with tls_server.connect() as connection:
        assert connection.exchange(request("GET", "/livez")).status == 200
        broken = b"\x17\x03\x03\x00\x20" + bytes(32) + request("GET", "/livez")
        os.write(connection.socket.fileno(), broken)
        under(connection)  # an alert, then the end


def test_disconnected_clients_leave_no_state(tls_server: TlsServerProcess) -> None:
    for _ in range(20):
        with tls_server.connect() as connection:
            connection.send(head("POST", "/v1/charges", headers={"content-length": "9"}))
            connection.reset()
        with RawConnection(tls_server.port) as connection:
            connection.send(HELLO)
            connection.reset()
    descriptors = Path(f"/proc/{tls_server.server.process.pid}/fd")
    if descriptors.exists():
        eventually(lambda: len(sockets_of(descriptors)) < 8)


RESIDENT_MIB_MAX = 40
"""What 600 failed handshakes and 200 connections may add; asyncio's own TLS adds 190 and 55."""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@both_parsers
def test_failed_handshakes_and_idle_connections_use_little_memory(
    start_tls_server: StartServer, parser: str
) -> None:
    tls_server = start_tls_server(python=command_with(parser))
    before = resident_mib(tls_server.server)
    for _ in range(600):
        with RawConnection(tls_server.port) as connection, suppress(OSError):
            connection.send_to_end(b"\x17\x03\x03\x00\x10" + bytes(16))
    with ExitStack() as stack:
        for connection in [stack.enter_context(tls_server.connect()) for _ in range(200)]:
            assert connection.exchange(request("GET", "/livez")).status == 200
        assert resident_mib(tls_server.server) - before < RESIDENT_MIB_MAX


def resident_mib(server: ServerProcess) -> float:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def sockets_of(descriptors: Path) -> list[str]:
    found = []
    for each in descriptors.iterdir():
        try:
            found.append(str(each.readlink()))
        except FileNotFoundError:
            continue
    return [name for name in found if name.startswith("socket:")]


@both_parsers
def test_half_open_connections_time_out(start_tls_server: StartServer, parser: str) -> None:
    tls_server = start_tls_server(python=command_with(parser, *FAKE_CLOCK))
    with ExitStack() as stack:
        silent = [stack.enter_context(RawConnection(tls_server.port)) for _ in range(100)]
        half = [stack.enter_context(RawConnection(tls_server.port)) for _ in range(100)]
        for each in half:
            each.send(HELLO)
        late = stack.enter_context(tls_server.connect())
        late.send(b"POST /v1/charges HTTP/1.1\r\n")
        with tls_server.connect() as other:
            assert other.exchange(request("GET", "/livez")).status == 200
        assert all(each.is_silent() for each in (*silent, *half))
        advance_30_seconds(tls_server.server)
        assert {each.read_to_end() for each in (*silent, *half)} == {b""}
        assert late.read_to_end().startswith(b"HTTP/1.1 408")
    assert tls_server.server.stop() == 0
    assert_clean(tls_server.server)


def test_handshakes_count_as_connections(start_tls_server: StartServer) -> None:
    """One limit for all: HTTP, HTTPS, and unfinished handshakes."""
    cap = ("from mock_clover.server.protocol import base", "base.CONNECTIONS_MAX = 4")
    tls_server = start_tls_server(python=command_with("httptools", *FAKE_CLOCK, *cap))
    port, knocking = tls_server.server.port, []

    def is_refused_after_a_knock(at: int) -> bool:
        knocking.append(
            RawConnection(tls_server.port)
        )  # one more: an earlier connection may still be counted
        return is_refused(at)

    assert not is_refused(port)
    eventually(lambda: is_refused_after_a_knock(port))
    eventually(lambda: is_refused_after_a_knock(tls_server.port))
    for each in knocking:
        each.reset()
    eventually(lambda: not is_refused(port))
    assert tls_server.server.stop() == 0
    assert_clean(tls_server.server)


def is_refused(port: int) -> bool:
    try:
        return call(port, "GET", "/livez").status != 200
    except ConnectionError:
        return True


@both_parsers
def test_the_server_ends_while_clients_are_connected(
    start_tls_server: StartServer, parser: str
) -> None:
    tls_server = start_tls_server(python=command_with(parser))
    with ExitStack() as stack:
        silent, half = (stack.enter_context(RawConnection(tls_server.port)) for _ in range(2))
        half.send(HELLO)
        idle, saved, late = (stack.enter_context(tls_server.connect()) for _ in range(3))
        late.send(head("POST", "/v1/charges", headers={"content-length": "9"}) + b"{")
        assert saved.exchange(request("GET", "/livez")).status == 200
        tls_server.server.process.terminate()
        assert tls_server.server.process.wait(TIMEOUT_S) == 0
        assert [each.read_to_end() for each in (silent, half, idle, saved, late)] == [b""] * 5
    assert_clean(tls_server.server)


@pytest.mark.parametrize("kind", ["drop", "truncate", "garbage", "dribble", "delay"])
def test_socket_faults_over_https(tls_server: TlsServerProcess, kind: str) -> None:
    fault = {"kind": kind, "endpoint": "list_charges", "times": 1, "when": "after_commit"}
    fault |= {"delay_ms": 1} if kind == "delay" else {}
    assert call(tls_server.server.port, "POST", "/_mock/faults", fault).status == 200
    with tls_server.connect() as connection:
        connection.send(request("GET", "/v1/charges"))
        result: Any
        try:
            # Below TLS: Python's ssl treats a reset as an end.
            result = under(connection) if kind == "drop" else connection.read_response().status
        except (ConnectionError, ValueError) as error:
            result = type(error).__name__
    assert result == {
        "drop": "ConnectionResetError",
        "truncate": "ConnectionError",
        "garbage": "ConnectionError",
        "dribble": 200,
        "delay": 200,
    }.get(kind)


def under(connection: RawConnection) -> None:
    """Read the bytes below TLS until the connection ends."""
    tls_socket: Any = connection.socket
    with socket.socket(fileno=tls_socket.detach()) as bare:
        bare.settimeout(TIMEOUT_S)
        while bare.recv(65_536):
            pass


def test_ca_certificate_is_served_but_not_its_key(
    tls_server: TlsServerProcess, shared_server: ServerProcess
) -> None:
    got = call(tls_server.server.port, "GET", "/_mock/ca.pem")
    assert (got.status, got.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert got.body == (tls_server.folder / "tls" / "ca.pem").read_bytes()
    assert got.body.count(b"-----BEGIN") == 1
    without = call(shared_server.port, "GET", "/_mock/ca.pem")
    result = {"message": "HTTPS is off: start the server with --tls"}
    assert (without.status, without.json) == (404, result)


NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CLOCKS: dict[str, tuple[tuple[dt.datetime, ...], tuple[bool, ...]]] = {
    "as it goes": ((NOW + 365 * DAY, NOW + 367 * DAY, NOW + 368 * DAY), (False, True, False)),
    "an hour back": ((NOW - DAY / 24,), (False,)),
    "a year back": ((NOW - 365 * DAY, NOW), (True, False)),
    "a dead battery": ((dt.datetime(1971, 6, 1, tzinfo=dt.UTC), NOW), (True, True)),
    "beyond the authority's end": ((NOW + 3_651 * DAY, NOW), (True, True)),
}


@pytest.mark.parametrize(("times", "renewed"), CLOCKS.values(), ids=CLOCKS)
def test_certificate_is_renewed_after_clock_jump(
    times: tuple[dt.datetime, ...], renewed: tuple[bool, ...]
) -> None:
    authority = create_authority((), NOW)
    with bind("127.0.0.1", 0) as listener:
        tls = Tls(listener, authority, ("localhost",), NOW)
        shown = shown_by(tls)
        for now, is_new in zip(times, renewed, strict=True):
            tls.renew(print, now)
            before, shown = shown, shown_by(tls)
            assert (shown != before) is is_new
            met = x509.load_der_x509_certificate(shown)
            at = authority.clamp_to_validity(now)
            assert met.not_valid_before_utc < at <= met.not_valid_after_utc


def test_ca_expiry_is_announced_daily() -> None:
    messages: list[str] = []
    with bind("127.0.0.1", 0) as listener:
        tls = Tls(listener, create_authority((), NOW), ("localhost",), NOW)
        for days in (3_619, 3_620.5, 3_620.6, 3_621.5, 3_650.5, 3_651.5):
            tls.renew(messages.append, NOW + days * DAY)
    creates = "the first start after that creates a new one, which clients must trust"
    restart = "restart the server to create a new one, which clients must trust"
    assert messages == [
        f"the certificate authority expires on 2036-11-27, in 29 days: {creates}",
        f"the certificate authority expires on 2036-11-27, in 28 days: {creates}",
        f"the certificate authority expired on 2036-11-27: {restart}",
    ]


def shown_by(tls: Tls) -> bytes:
    """Return the certificate that a client gets."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up)
    theirs = tls.context.wrap_bio(up, down, server_side=True)
    for side in (ours, theirs, ours):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    met = ours.getpeercert(binary_form=True)
    assert met is not None
    return met


# Output -------------------------------------------------------------------------------------------


def test_the_banner_has_both_addresses_and_where_the_certificate_is(
    start_tls_server: StartServer,
) -> None:
    tls_server = start_tls_server()
    server, certificate = tls_server.server, tls_server.folder / "tls" / "ca.pem"
    eventually(lambda: "CLOVER_API_KEY" in server.log.read_text())
    notice, *banner = server.log.read_text().splitlines()[:7]
    assert notice.endswith(f"Z created a new authority in {tls_server.folder / 'tls'}")
    assert banner == [
        f"mock-clover {__version__} listening on {server.url} and https://127.0.0.1:{tls_server.port}",
        "  Scenario: sandbox. This is a mock; no money moves. Press Ctrl-C to stop.",
        f"  HTTPS: clients must trust {certificate}: see `mock-clover tls-setup`",
        "  HTTPS: clients with hard-coded Clover URLs need --tls-port 443 and "
        "`mock-clover tls-setup --hosts`",
        f"  Dashboard: {server.url}/_mock/",
        f"  export CLOVER_BASE_URL={server.url}",
    ]


def test_a_second_start_has_the_same_authority_and_another_certificate(
    start_tls_server: StartServer,
) -> None:
    seen = []
    for _ in range(2):
        tls_server = start_tls_server()
        with tls_server.connect() as connection:
            tls_socket: Any = connection.socket
            seen.append(tls_socket.getpeercert(binary_form=True))
        tls_server.server.stop()
    assert seen[0] != seen[1]
    assert "a new authority" not in tls_server.server.log.read_text()


def test_corrupt_ca_is_reported_and_recreated(
    start_tls_server: StartServer, tmp_path: Path
) -> None:
    pair = tmp_path / "tls" / "private" / "authority.pem"
    pair.parent.mkdir(parents=True)
    pair.write_text("not PEM")
    tls_server = start_tls_server()
    line = tls_server.server.log.read_text().splitlines()[0]
    assert line.partition(" ")[2] == (
        f"{pair} does not contain an unencrypted key and an authority certificate: "
        "created a new authority; clients must trust the new one"
    )
    with tls_server.connect() as connection:
        assert connection.exchange(request("GET", "/livez")).status == 200


def test_ca_of_older_version_is_rejected(tmp_path: Path) -> None:
    """Its authority was a root with its key."""
    pair = tmp_path / "tls" / "private" / "authority.pem"
    pair.parent.mkdir(parents=True)
    pair.write_bytes(own_authority("mock-clover 1a2b3c4d"))
    message = f"mock-clover: {pair} was created by an older version of mock-clover: "
    for command in (("serve", "--tls", "--port", "0", "--tls-port", "0"), ("tls-setup",)):
        code, out, err = ours(*command, "--tls-folder", str(tmp_path / "tls"))
        assert (code, out, err[: len(message)], err.count("\n")) == (2, "", message, 1)


def ours(*words: str, **environment: str) -> tuple[int, str, str]:
    """Run a command and return its exit code and output."""
    completed = subprocess.run(
        [sys.executable, "-m", "mock_clover", *words],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env=plain_environment() | environment,
    )
    return completed.returncode, completed.stdout, completed.stderr


REFUSED = {
    ("--tls-port", "0"): "--tls-port requires --tls",
    ("--tls-name", "a.test"): "--tls-name requires --tls",
    ("--tls", "--tls-name", "a b"): "'a b' is neither a host name nor an IP address",
    ("--tls", "--tls-folder", "/dev/null/tls"): "--tls-folder /dev/null/tls: Not a directory",
}


@pytest.mark.parametrize(("options", "message"), REFUSED.items())
def test_a_bad_option_is_refused_in_one_line(options: tuple[str, ...], message: str) -> None:
    assert ours("serve", "--port", "0", *options) == (2, "", f"mock-clover: {message}\n")


def test_name_outside_ca_constraints_is_rejected(tmp_path: Path) -> None:
    folder = ("--tls-folder", str(tmp_path / "tls"))
    assert ours("tls-setup", "--for", "curl", *folder)[0] == 0
    ports = ("--port", "0", "--tls-port", "0")
    code, out, message = ours("serve", *ports, "--tls", "--tls-name", "shop.test", *folder)
    assert (code, out, message) == (
        2,
        "",
        "mock-clover: the authority does not cover the name shop.test; delete its folder, and "
        "make clients trust the new authority\n",
    )


def test_without_a_folder_the_authority_is_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    ports = ("--tls-port", "0", "--tls-port-file", str(tmp_path / "tls-port"))
    home = f"import os; os.environ['XDG_DATA_HOME'] = {str(file)!r}"
    server = ServerProcess(tmp_path, "--tls", *ports, python=command_with("httptools", home))
    try:
        eventually(lambda: "CLOVER_API_KEY" in server.log.read_text())
        got = call(server.port, "GET", "/_mock/ca.pem")
        context = ssl.create_default_context(cadata=got.body.decode())
        with RawConnection(server.tls_port, context) as connection:
            status = connection.exchange(request("GET", "/livez")).status
    finally:
        server.stop()
    lines = server.log.read_text().splitlines()
    assert status == 200
    said = f"{file}/mock-clover: Not a directory: the authority is in memory only"
    assert lines[0].endswith(f"Z {said}")
    assert lines[3].endswith(
        "in memory only; clients can download its certificate from /_mock/ca.pem"
    )


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can drop privileges")
def test_privileged_port_error_has_advice(tmp_path: Path) -> None:
    """As nobody, in a network namespace where low ports are root's."""
    code = (
        "import os, sys; from mock_clover.server.serve import BindError, bind\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: bind('127.0.0.1', 443)\n"
        "except BindError as error: print(error)"
    )
    command = ["unshare", "--net", sys.executable, "-c", code]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed.returncode:
        pytest.skip(f"cannot create a network namespace: {completed.stderr.strip()}")
    assert completed.stdout.splitlines() == [
        "cannot listen on 127.0.0.1 port 443: Permission denied",
        "  Ports below 1024 are privileged. Use another port, or, on Linux, make this one "
        "unprivileged:",
        "    sudo sysctl net.ipv4.ip_unprivileged_port_start=443",
        "  In a Docker container, neither is necessary.",
    ]


def test_tls_setup_output_for_each_client(tmp_path: Path) -> None:
    folder = ("--tls-folder", str(tmp_path / "my tls"))
    code, out, message = ours("tls-setup", *folder)
    assert (code, message) == (
        0,
        f"mock-clover: created a new authority in {tmp_path / 'my tls'}\n",
    )
    for client in TRUST:
        code, alone, message = ours("tls-setup", "--for", client, *folder)
        assert (code, message) == (0, "")
        result = alone.splitlines()[2:]
        assert f"# --- {client}\n" + "\n".join(result) in out
    checked = subprocess.run(["bash", "-n"], input=out, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_hosts_lines_and_aliases_have_every_name() -> None:
    code, out, message = ours("tls-setup", "--hosts", "--address", "172.17.0.2")
    first, *lines = out.splitlines()
    assert (code, message, first[:1]) == (0, "", "#")
    assert lines == [f"172.17.0.2 {name}" for name in NAMES]
    code, out, message = ours("tls-setup", "--compose", "clover")
    aliases = {"default": {"aliases": list(NAMES)}}
    assert (code, message) == (0, "")
    assert yaml.safe_load(out) == {"services": {"clover": {"networks": aliases}}}
