"""HTTPS beside HTTP, on both parsers: the same answers, the same guards, links that say https."""

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
from mock_clover.server.app import BODY_BYTES_MAX
from mock_clover.server.authority import make
from mock_clover.server.serve import bind
from mock_clover.server.tls import Tls
from tests.clients.toolbox import plain_environment
from tests.forged import own_authority
from tests.held import HELD_CLOCK, pass_half_a_minute
from tests.secured import Secured, start
from tests.served import Served
from tests.system.test_sockets import CHUNKED, assert_clean, both_parsers
from tests.wire import (
    KNOWN,
    PARSERS,
    PATIENCE_S,
    Wire,
    call,
    chunked,
    eventually,
    head,
    on,
    request,
)

Serve = Callable[..., "Secured"]


@pytest.fixture(scope="module", params=PARSERS)
def secured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Secured]:
    """A server on each parser, shared by the tests of this file; its log must stay clean."""
    made = start(tmp_path_factory.mktemp("tls"), python=PARSERS[request.param])
    yield made
    made.server.stop()
    assert_clean(made.server)


@pytest.fixture
def serve_tls(tmp_path: Path) -> Iterator[Serve]:
    """Return a starter of servers of one's own with HTTPS."""
    started: list[Secured] = []

    def begin(*options: str, python: tuple[str, ...] = ()) -> Secured:
        started.append(start(tmp_path, *options, python=python))
        return started[-1]

    yield begin
    for each in started:
        each.server.stop()


# The same answers ---------------------------------------------------------------------------------


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


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_http_and_https_give_equal_replies(secured: Secured, asked: bytes) -> None:
    told = []
    for wire in (Wire(secured.server.port), secured.wire()):
        with wire:
            reply = wire.ask(asked)
            told.append((reply.status, varying(reply.headers), reply.body))
    assert told[0] == told[1]


def test_broken_bytes_get_the_same_answer(secured: Secured) -> None:
    told = []
    for wire in (Wire(secured.server.port), secured.wire()):
        with wire:
            wire.send(b"\x00\x01\x02\r\n\r\n")
            told.append(re.sub(rb"date: [^\r]+", b"", wire.rest()))
    assert told[0] == told[1]
    assert told[0].startswith(b"HTTP/1.1 400")


def test_a_thousand_requests_of_one_connection_are_answered_in_turn(secured: Secured) -> None:
    with secured.wire() as wire:
        wire.send(request("GET", "/livez") * 1_000)
        assert {wire.reply().status for _ in range(1_000)} == {200}


def test_a_request_cut_into_single_bytes_is_one(secured: Secured) -> None:
    with secured.wire() as wire:
        for byte in request("POST", "/v1/tokens", {"card": {}}):
            wire.send(bytes([byte]))
        assert wire.reply().status == 400


def test_response_to_slow_reader_is_complete(secured: Secured) -> None:
    """Ten megabytes of answers, more than any socket holds, read only when all was asked."""
    asked = request("GET", "/_mock/openapi.json", headers={"host": "localhost"})
    with secured.wire() as wire:
        size = len(wire.ask(asked).body)
        count = 10_000_000 // size + 1
        for _ in range(count):
            wire.send(asked)
        assert {len(wire.reply().body) for _ in range(count)} == {size}


def test_only_tls_1_2_and_1_3_are_spoken(secured: Secured) -> None:
    spoken = {}
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=str(secured.folder / "tls" / "ca.pem"))
        context.minimum_version = context.maximum_version = version
        with Wire(secured.port, context) as wire:
            line: Any = wire.line
            spoken[version.name] = (line.version(), wire.ask(request("GET", "/livez")).status)
    assert spoken == {"TLSv1_2": ("TLSv1.2", 200), "TLSv1_3": ("TLSv1.3", 200)}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):  # an alert, not just the end
        Wire(secured.port, context)


def test_alpn_selects_http_1_1(secured: Secured) -> None:
    context = ssl.create_default_context(cafile=str(secured.folder / "tls" / "ca.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Wire(secured.port, context) as wire:
        line: Any = wire.line
        assert line.selected_alpn_protocol() == "http/1.1"
        assert wire.ask(request("GET", "/livez")).status == 200


# Links --------------------------------------------------------------------------------------------

CART = {
    "customer": {"email": "buyer@example.com"},
    "shoppingCart": {"lineItems": [{"name": "Mug", "price": 700, "unitQty": 1}]},
}


def links(wire: Wire, host: str, **more: str) -> dict[str, str]:
    """Return where each kind of link leads, for a client that knows the server by a name."""
    named = {"host": host, "x-clover-merchant-id": KNOWN.merchant_id, **more}

    def get(method: str, path: str, body: Any = None) -> Any:
        return wire.ask(request(method, path, body, headers=named)).json

    consent = f"/oauth/v2/authorize?client_id={KNOWN.client_id}"
    item = get("POST", f"/v3/merchants/{KNOWN.merchant_id}/customers", {"firstName": "Jo"})
    return {
        "checkout": get("POST", "/invoicingcheckoutservice/v1/checkouts", CART)["href"],
        "consent": wire.ask(request("GET", consent, headers=named)).headers["location"],
        "customer": item["href"],
        "sandbox": get("PUT", "/_mock/sandboxes/linked", {})["base_url"],
    }


def test_links_use_https_for_https_requests(secured: Secured) -> None:
    with Wire(secured.server.port) as plain, secured.wire() as sealed:
        by_http, by_https = (links(wire, "localhost:7") for wire in (plain, sealed))
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
def test_no_header_makes_it_say_https(secured: Secured, spoof: dict[str, str]) -> None:
    with Wire(secured.server.port) as wire:
        assert {url[:7] for url in links(wire, "localhost", **spoof).values()} == {"http://"}


def test_scheme_pseudo_header_cannot_be_sent(secured: Secured) -> None:
    with Wire(secured.server.port) as wire:
        told = wire.pour_once(request("GET", "/livez", headers={":scheme": "https"}))
    assert told.startswith(b"HTTP/1.1 400")


def test_control_calls_by_a_name_of_clovers_are_refused(secured: Secured) -> None:
    with secured.wire() as wire:
        asked = [{"host": host} for host in ("scl.clover.com", "localhost", "127.0.0.1")]
        told = [wire.ask(request("GET", "/_mock/clock", headers=each)).status for each in asked]
    assert told == [403, 200, 200]


# Bounds -------------------------------------------------------------------------------------------

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
def test_non_tls_connection_is_closed(secured: Secured, sent: bytes, answered: bytes) -> None:
    with Wire(secured.port) as wire:
        told = wire.pour_once(sent)
    assert told[: len(answered) or 1] == answered
    with secured.wire() as wire:
        assert wire.ask(request("GET", "/livez")).status == 200


def test_plain_http_on_tls_port_gets_explanation(secured: Secured) -> None:
    with Wire(secured.port) as wire:
        told = wire.ask(request("GET", "/livez"))
        assert wire.rest() == b""
    assert (told.status, told.headers["connection"], told.body) == (
        400,
        "close",
        b"This is the HTTPS port of mock-clover: use https://\n",
    )


def test_corrupt_tls_record_closes_connection(secured: Secured) -> None:
    with secured.wire() as wire:
        assert wire.ask(request("GET", "/livez")).status == 200
        broken = b"\x17\x03\x03\x00\x20" + bytes(32) + request("GET", "/livez")
        os.write(wire.line.fileno(), broken)
        under(wire)  # an alert, then the end


def test_disconnected_clients_leave_no_state(secured: Secured) -> None:
    for _ in range(20):
        with secured.wire() as wire:
            wire.send(head("POST", "/v1/charges", headers={"content-length": "9"}))
            wire.vanish()
        with Wire(secured.port) as wire:
            wire.send(HELLO)
            wire.vanish()
    descriptors = Path(f"/proc/{secured.server.process.pid}/fd")
    if descriptors.exists():
        eventually(lambda: len(sockets_of(descriptors)) < 8)


RESIDENT_MIB_MAX = 40
"""What 600 failed handshakes and 200 connections may add; asyncio's own TLS adds 190 and 55."""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@both_parsers
def test_failed_handshakes_and_idle_connections_use_little_memory(
    serve_tls: Serve, parser: str
) -> None:
    secured = serve_tls(python=on(parser))
    before = resident_mib(secured.server)
    for _ in range(600):
        with Wire(secured.port) as wire, suppress(OSError):
            wire.pour_once(b"\x17\x03\x03\x00\x10" + bytes(16))
    with ExitStack() as stack:
        for wire in [stack.enter_context(secured.wire()) for _ in range(200)]:
            assert wire.ask(request("GET", "/livez")).status == 200
        assert resident_mib(secured.server) - before < RESIDENT_MIB_MAX


def resident_mib(server: Served) -> float:
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
def test_half_open_connections_time_out(serve_tls: Serve, parser: str) -> None:
    secured = serve_tls(python=on(parser, *HELD_CLOCK))
    with ExitStack() as stack:
        unjournaled = [stack.enter_context(Wire(secured.port)) for _ in range(100)]
        half = [stack.enter_context(Wire(secured.port)) for _ in range(100)]
        for each in half:
            each.send(HELLO)
        late = stack.enter_context(secured.wire())
        late.send(b"POST /v1/charges HTTP/1.1\r\n")
        with secured.wire() as good:
            assert good.ask(request("GET", "/livez")).status == 200
        assert all(each.is_silent() for each in (*unjournaled, *half))
        pass_half_a_minute(secured.server)
        assert {each.rest() for each in (*unjournaled, *half)} == {b""}
        assert late.rest().startswith(b"HTTP/1.1 408")
    assert secured.server.stop() == 0
    assert_clean(secured.server)


def test_handshakes_count_as_connections(serve_tls: Serve) -> None:
    """One cap holds for all: HTTP, HTTPS, and unfinished handshakes."""
    cap = ("from mock_clover.server import protocol", "protocol.CONNECTIONS_MAX = 4")
    secured = serve_tls(python=on("httptools", *HELD_CLOCK, *cap))
    port, knocking = secured.server.port, []

    def is_refused_after_a_knock(at: int) -> bool:
        knocking.append(Wire(secured.port))  # one more: a call before may have been counted still
        return is_refused(at)

    assert not is_refused(port)
    eventually(lambda: is_refused_after_a_knock(port))
    eventually(lambda: is_refused_after_a_knock(secured.port))
    for each in knocking:
        each.vanish()
    eventually(lambda: not is_refused(port))
    assert secured.server.stop() == 0
    assert_clean(secured.server)


def is_refused(port: int) -> bool:
    try:
        return call(port, "GET", "/livez").status != 200
    except ConnectionError:
        return True


@both_parsers
def test_the_server_ends_while_clients_are_connected(serve_tls: Serve, parser: str) -> None:
    secured = serve_tls(python=on(parser))
    with ExitStack() as stack:
        unjournaled, half = (stack.enter_context(Wire(secured.port)) for _ in range(2))
        half.send(HELLO)
        idle, kept, late = (stack.enter_context(secured.wire()) for _ in range(3))
        late.send(head("POST", "/v1/charges", headers={"content-length": "9"}) + b"{")
        assert kept.ask(request("GET", "/livez")).status == 200
        secured.server.process.terminate()
        assert secured.server.process.wait(PATIENCE_S) == 0
        assert [each.rest() for each in (unjournaled, half, idle, kept, late)] == [b""] * 5
    assert_clean(secured.server)


@pytest.mark.parametrize("kind", ["drop", "truncate", "garbage", "dribble", "delay"])
def test_socket_faults_over_https(secured: Secured, kind: str) -> None:
    fault = {"kind": kind, "endpoint": "list_charges", "times": 1, "when": "after_commit"}
    fault |= {"delay_ms": 1} if kind == "delay" else {}
    assert call(secured.server.port, "POST", "/_mock/faults", fault).status == 200
    with secured.wire() as wire:
        wire.send(request("GET", "/v1/charges"))
        told: Any
        try:
            # Below TLS: Python's ssl makes an end of a reset.
            told = under(wire) if kind == "drop" else wire.reply().status
        except (ConnectionError, ValueError) as error:
            told = type(error).__name__
    assert told == {
        "drop": "ConnectionResetError",
        "truncate": "ConnectionError",
        "garbage": "ConnectionError",
        "dribble": 200,
        "delay": 200,
    }.get(kind)


def under(wire: Wire) -> None:
    """Read what comes below TLS until the connection ends."""
    line: Any = wire.line
    with socket.socket(fileno=line.detach()) as bare:
        bare.settimeout(PATIENCE_S)
        while bare.recv(65_536):
            pass


def test_ca_certificate_is_served_but_not_its_key(secured: Secured, served: Served) -> None:
    got = call(secured.server.port, "GET", "/_mock/ca.pem")
    assert (got.status, got.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert got.body == (secured.folder / "tls" / "ca.pem").read_bytes()
    assert got.body.count(b"-----BEGIN") == 1
    without = call(served.port, "GET", "/_mock/ca.pem")
    said = {"message": "HTTPS is off: start the server with --tls"}
    assert (without.status, without.json) == (404, said)


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
    authority = make((), NOW)
    with bind("127.0.0.1", 0) as listener:
        tls = Tls(listener, authority, ("localhost",))
        tls.renew(print, NOW)
        shown = shown_by(tls)
        for now, is_new in zip(times, renewed, strict=True):
            tls.renew(print, now)
            before, shown = shown, shown_by(tls)
            assert (shown != before) is is_new
            met = x509.load_der_x509_certificate(shown)
            at = authority.nearest(now)
            assert met.not_valid_before_utc < at <= met.not_valid_after_utc


def test_ca_expiry_is_announced_daily() -> None:
    told: list[str] = []
    with bind("127.0.0.1", 0) as listener:
        tls = Tls(listener, make((), NOW), ("localhost",))
        for days in (3_619, 3_620.5, 3_620.6, 3_621.5, 3_650.5, 3_651.5):
            tls.renew(told.append, NOW + days * DAY)
    creates = "the first start after that creates a new one, which clients must trust"
    restart = "restart the server to create a new one, which clients must trust"
    assert told == [
        f"the certificate authority expires on 2036-11-27, in 29 days: {creates}",
        f"the certificate authority expires on 2036-11-27, in 28 days: {creates}",
        f"the certificate authority expired on 2036-11-27: {restart}",
    ]


def shown_by(tls: Tls) -> bytes:
    """Return the certificate that a client meets."""
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


# What is told -------------------------------------------------------------------------------------


def test_the_banner_has_both_addresses_and_where_the_certificate_is(serve_tls: Serve) -> None:
    secured = serve_tls()
    server, certificate = secured.server, secured.folder / "tls" / "ca.pem"
    eventually(lambda: "CLOVER_API_KEY" in server.log.read_text())
    assert server.log.read_text().splitlines()[:7] == [
        f"mock-clover: created a new authority in {secured.folder / 'tls'}",
        f"mock-clover {__version__} listening on {server.url} and https://127.0.0.1:{secured.port}",
        "  Scenario: sandbox. This is a mock; no money moves. Press Ctrl-C to stop.",
        f"  HTTPS: clients must trust {certificate}: see `mock-clover tls-setup`",
        "  HTTPS: clients with hard-coded Clover URLs need --tls-port 443 and "
        "`mock-clover tls-setup --hosts`",
        f"  Dashboard: {server.url}/_mock/",
        f"  export CLOVER_BASE_URL={server.url}",
    ]


def test_a_second_start_has_the_same_authority_and_another_certificate(serve_tls: Serve) -> None:
    seen = []
    for _ in range(2):
        secured = serve_tls()
        with secured.wire() as wire:
            line: Any = wire.line
            seen.append(line.getpeercert(binary_form=True))
        secured.server.stop()
    assert seen[0] != seen[1]
    assert "a new authority" not in secured.server.log.read_text()


def test_corrupt_ca_is_reported_and_recreated(serve_tls: Serve, tmp_path: Path) -> None:
    pair = tmp_path / "tls" / "private" / "authority.pem"
    pair.parent.mkdir(parents=True)
    pair.write_text("not PEM")
    secured = serve_tls()
    assert secured.server.log.read_text().splitlines()[0] == (
        f"mock-clover: {pair} does not contain an unencrypted key and an authority certificate: "
        "created a new authority; clients must trust the new one"
    )
    with secured.wire() as wire:
        assert wire.ask(request("GET", "/livez")).status == 200


def test_ca_of_older_version_is_rejected(tmp_path: Path) -> None:
    """Its authority was a root with its key."""
    pair = tmp_path / "tls" / "private" / "authority.pem"
    pair.parent.mkdir(parents=True)
    pair.write_bytes(own_authority("mock-clover 1a2b3c4d"))
    said = f"mock-clover: {pair} was created by an older version of mock-clover: "
    for command in (("serve", "--tls", "--port", "0", "--tls-port", "0"), ("tls-setup",)):
        code, out, told = ours(*command, "--tls-folder", str(tmp_path / "tls"))
        assert (code, out, told[: len(said)], told.count("\n")) == (2, "", said, 1)


def ours(*words: str, **environment: str) -> tuple[int, str, str]:
    """Run a command of ours and return its code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "mock_clover", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env=plain_environment() | environment,
    )
    return done.returncode, done.stdout, done.stderr


REFUSED = {
    ("--tls-port", "0"): "--tls-port requires --tls",
    ("--tls-name", "a.test"): "--tls-name requires --tls",
    ("--tls", "--tls-name", "a b"): "'a b' is neither a host name nor an IP address",
    ("--tls", "--tls-folder", "/dev/null/tls"): "--tls-folder /dev/null/tls: Not a directory",
}


@pytest.mark.parametrize(("options", "said"), REFUSED.items())
def test_a_bad_option_is_refused_in_one_line(options: tuple[str, ...], said: str) -> None:
    assert ours("serve", "--port", "0", *options) == (2, "", f"mock-clover: {said}\n")


def test_name_outside_ca_constraints_is_rejected(tmp_path: Path) -> None:
    folder = ("--tls-folder", str(tmp_path / "tls"))
    assert ours("tls-setup", "--for", "curl", *folder)[0] == 0
    ports = ("--port", "0", "--tls-port", "0")
    code, out, said = ours("serve", *ports, "--tls", "--tls-name", "shop.test", *folder)
    assert (code, out, said) == (
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
    server = Served(tmp_path, "--tls", *ports, python=on("httptools", home))
    try:
        eventually(lambda: "CLOVER_API_KEY" in server.log.read_text())
        got = call(server.port, "GET", "/_mock/ca.pem")
        context = ssl.create_default_context(cadata=got.body.decode())
        with Wire(server.tls_port, context) as wire:
            status = wire.ask(request("GET", "/livez")).status
    finally:
        server.stop()
    lines = server.log.read_text().splitlines()
    assert status == 200
    said = f"{file}/mock-clover: Not a directory: the authority is in memory only"
    assert lines[0] == f"mock-clover: {said}"
    assert lines[3].endswith(
        "in memory only; clients can download its certificate from /_mock/ca.pem"
    )


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give rights up")
def test_privileged_port_error_has_advice(tmp_path: Path) -> None:
    """As nobody, in a network of its own where low ports are root's."""
    code = (
        "import os, sys; from mock_clover.server.serve import BindError, bind\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: bind('127.0.0.1', 443)\n"
        "except BindError as error: print(error)"
    )
    command = ["unshare", "--net", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no network of its own can be made: {done.stderr.strip()}")
    assert done.stdout.splitlines() == [
        "cannot listen on 127.0.0.1 port 443: Permission denied",
        "  Ports below 1024 are privileged. Use another port, or, on Linux, make this one "
        "unprivileged:",
        "    sudo sysctl net.ipv4.ip_unprivileged_port_start=443",
        "  In a Docker container, neither is necessary.",
    ]


def test_tls_setup_output_for_each_client(tmp_path: Path) -> None:
    folder = ("--tls-folder", str(tmp_path / "my tls"))
    code, out, said = ours("tls-setup", *folder)
    assert (code, said) == (0, f"mock-clover: created a new authority in {tmp_path / 'my tls'}\n")
    for client in TRUST:
        code, alone, said = ours("tls-setup", "--for", client, *folder)
        assert (code, said) == (0, "")
        told = alone.splitlines()[2:]
        assert f"# --- {client}\n" + "\n".join(told) in out
    checked = subprocess.run(["bash", "-n"], input=out, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_hosts_lines_and_aliases_have_every_name() -> None:
    code, out, said = ours("tls-setup", "--hosts", "--address", "172.17.0.2")
    first, *lines = out.splitlines()
    assert (code, said, first[:1]) == (0, "", "#")
    assert lines == [f"172.17.0.2 {name}" for name in NAMES]
    code, out, said = ours("tls-setup", "--compose", "clover")
    aliases = {"default": {"aliases": list(NAMES)}}
    assert (code, said) == (0, "")
    assert yaml.safe_load(out) == {"services": {"clover": {"networks": aliases}}}
