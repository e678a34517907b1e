"""The webhook sender over real sockets: what a receiver gets, and what a bad one cannot do."""

import asyncio
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mock_clover.clover.webhooks.records import TargetSpec
from mock_clover.clover.webhooks.records_delivery import Delivery
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.server.webhook_sender import ATTEMPT_S_MAX, REPLY_BYTES_MAX, WebhookSender
from mock_clover.testing.in_process import MockCloverApp, SharedResources
from tests.fake_clock import FakeClockLoop, run
from tests.in_process import SEED, VISA, InProcessServer
from tests.raw_http import PARSERS, TIMEOUT_S, RawResponse, call
from tests.receiver import OK, Receiver
from tests.server_process import ServerProcess

StartServer = Callable[..., ServerProcess]


class Shop:
    """A sandbox of a server, by name."""

    def __init__(self, port: int, name: str) -> None:
        self._port, self.name, self.known = port, name, derive_credentials(SEED, name)
        assert self.send("PUT", f"/_mock/sandboxes/{name}", {}, base="").status == 200
        assert self.send("PUT", "/_mock/clock", {"freeze": True}).status == 200

    def send(
        self, method: str, path: str, body: Any = None, base: str | None = None
    ) -> RawResponse:
        base = f"/sandbox/{self.name}" if base is None else base
        opens = {"authorization": f"Bearer {self.known.access_token}", "apikey": self.known.api_key}
        return call(self._port, method, f"{base}{path}", body, **opens)

    def hook(self, url: str, **members: Any) -> None:
        body = {"url": url, "secret": "s3cret", "events": ["P"], "handshake": False} | members
        response = self.send("PUT", "/_mock/webhooks", body)
        assert response.status == 200, response

    def charge(self) -> str:
        card = {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        token = self.send("POST", "/v1/tokens", {"card": card}).json["id"]
        body = {"amount": 100, "currency": "usd", "source": token}
        return str(self.send("POST", "/v1/charges", body).json["id"])

    def deliveries(self, query: str = "wait=1") -> list[dict[str, Any]]:
        return list(self.send("GET", f"/_mock/deliveries?{query}").json["data"])

    def advance(self, by: str) -> list[str]:
        return [
            each["id"] for each in self.send("PUT", "/_mock/clock", {"advance": by}).json["fired"]
        ]


def test_a_receiver_that_fails_twice_sees_three_deliveries_at_their_times(
    shared_server: ServerProcess,
) -> None:
    with Receiver(500, 500, 200) as receiver:
        shop = Shop(shared_server.port, "retries")
        shop.hook(receiver.url)
        charge = shop.charge()
        (first,) = shop.deliveries()
        assert (first["state"], first["due_ms"] - first["made_ms"]) == ("waiting", 60_000)
        assert shop.advance("1m") == ["delivery-1"]
        (second,) = shop.deliveries()
        assert (second["state"], second["due_ms"] - second["made_ms"]) == ("waiting", 360_000)
        assert shop.advance("5m") == ["delivery-1"]
        (third,) = shop.deliveries()
        assert shop.advance("30d") == []
        posts = receiver.wait(3)
        assert len(receiver.posts) == 3
    result = [(a["due_ms"] - third["made_ms"], a["status"]) for a in third["attempts"]]
    assert result == [(0, 500), (60_000, 500), (360_000, 200)]
    assert [a["sent_ms"] - a["due_ms"] for a in third["attempts"]] == [0, 0, 0]
    assert third["state"] == "delivered"
    assert {post.line for post in posts} == {"POST /hooks?shop=1 HTTP/1.1"}
    assert {post.headers["X-Clover-Auth"] for post in posts} == {"s3cret"}
    assert {post.headers["Content-Type"] for post in posts} == {"application/json"}
    event = {"objectId": f"P:{charge}", "type": "CREATE", "ts": third["made_ms"]}
    assert [post.json["merchants"] for post in posts] == [{shop.known.merchant_id: [event]}] * 3


def test_advancing_the_clock_sends_every_retry_with_its_time(shared_server: ServerProcess) -> None:
    with Receiver(500, 500, 200) as receiver:
        shop = Shop(shared_server.port, "one-step")
        shop.hook(receiver.url)
        shop.charge()
        shop.deliveries()
        shop.advance("10h")
        receiver.wait(3)
        (result,) = shop.deliveries()
    assert [a["due_ms"] - result["made_ms"] for a in result["attempts"]] == [0, 60_000, 360_000]


def test_a_rules_event_reaches_the_receiver_signed(shared_server: ServerProcess) -> None:
    with Receiver() as receiver:
        shop = Shop(shared_server.port, "by-rule")
        target = {"kind": "hosted_checkout", "url": receiver.url, "secret": "whsec"}
        rule = {
            "when": {"endpoint": "create_charge"},
            "then": {"decline": {}, "webhook": {"kind": "hosted_checkout", "session": "c0ffee"}},
        }
        document = {"name": "by-rule", "webhooks": [target], "rules": [rule]}
        assert shop.send("PUT", "/_mock/scenario", document).status == 200
        card = {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        token = shop.send("POST", "/v1/tokens", {"card": card}).json["id"]
        body = {"amount": 100, "currency": "usd", "source": token}
        declined = shop.send("POST", "/v1/charges", body)
        assert declined.status == 402
        (post,) = receiver.wait(1)
    assert (post.json["status"], post.json["message"], post.json["checkoutSessionId"]) == (
        *("DECLINED", "Decline for 100", "c0ffee"),
    )
    assert post.json["id"] == declined.json["error"]["charge"]
    at, _, proof = post.headers["Clover-Signature"].removeprefix("t=").partition(",v1=")
    signed = hmac.new(b"whsec", at.encode() + b"." + post.body, hashlib.sha256)
    assert proof == signed.hexdigest()
    assert int(at) == post.json["createdTime"] // 1000


def test_the_handshake_goes_through_the_receiver(shared_server: ServerProcess) -> None:
    with Receiver() as receiver:
        shop = Shop(shared_server.port, "handshake")
        shop.hook(receiver.url, handshake=True)
        (post,) = receiver.wait(1)
        assert "X-Clover-Auth" not in post.headers
        shop.charge()
        response = shop.send("POST", "/_mock/webhooks/target-1/verify", post.json)
        assert response.json["state"] == "active"
        shop.charge()
        assert [each.event for each in receiver.wait(2)[1:]] == ["P:CREATE"]
        (code, _) = shop.deliveries("wait=2")
    assert code["body"] == {"verificationCode": "…"}


@pytest.mark.parametrize(
    ("step", "seen"),
    [
        ({"do": "duplicate"}, ["P:CREATE", "P:CREATE", "P:UPDATE"]),
        ({"do": "reorder"}, ["P:UPDATE", "P:CREATE"]),
        ({"do": "late_after_refund"}, ["P:UPDATE", "P:CREATE"]),
        ({"do": "drop"}, ["P:UPDATE"]),
        ({"do": "delay", "delay_ms": 1_000}, ["P:UPDATE", "P:CREATE"]),
    ],
)
def test_delivery_faults_reach_the_receiver(
    shared_server: ServerProcess, step: dict[str, Any], seen: list[str]
) -> None:
    with Receiver() as receiver:
        shop = Shop(shared_server.port, f"plan-{step['do']}")
        shop.hook(receiver.url, plan=[step | {"times": 1}])
        shop.send("POST", "/v1/refunds", {"charge": shop.charge()})
        shop.deliveries("wait=2")
        shop.advance("1s")
        shop.deliveries("wait=2")
        assert [post.event for post in receiver.posts] == seen


def test_two_sandboxes_deliver_beside_each_other(shared_server: ServerProcess) -> None:
    with Receiver() as one, Receiver() as other:
        first, second = Shop(shared_server.port, "hear-1"), Shop(shared_server.port, "hear-2")
        first.hook(one.url)
        second.hook(other.url)
        charges = [first.charge(), second.charge()]
        (mine,), (theirs,) = one.wait(1), other.wait(1)
        assert len(first.deliveries()) == len(second.deliveries()) == 1
    assert [list(post.json["merchants"]) for post in (mine, theirs)] == [
        *([first.known.merchant_id], [second.known.merchant_id]),
    ]
    events = [next(iter(post.json["merchants"].values()))[0]["objectId"] for post in (mine, theirs)]
    assert events == [f"P:{charge}" for charge in charges]


def test_a_fork_delivers_what_was_pending_too(shared_server: ServerProcess) -> None:
    with Receiver(500) as receiver:
        shop = Shop(shared_server.port, "before-fork")
        shop.hook(receiver.url)
        shop.charge()
        shop.deliveries()
        shop.send("POST", "/_mock/fork", {"name": "after-fork"})
        response = shop.send("PUT", "/_mock/clock", {"advance": "1m"}, base="/sandbox/after-fork")
        assert [each["id"] for each in response.json["fired"]] == ["delivery-1"]
        assert len(receiver.wait(2)) == 2
        assert shop.deliveries()[0]["state"] == "waiting"


def test_what_is_pending_in_a_snapshot_is_delivered_where_it_is_put(
    shared_server: ServerProcess, server: InProcessServer
) -> None:
    with Receiver(500, 200) as receiver:
        server.sandbox.ensure_outbox().add_target(TargetSpec(url=receiver.url), SEED)
        event = {"object": "P", "id": "X", "type": "CREATE"}
        server.send("POST", "/_mock/webhooks/send", event)
        shop = Shop(shared_server.port, "put-back")
        pending = server.send("GET", "/_mock/snapshot").json
        assert shop.send("PUT", "/_mock/snapshot", pending).status == 200
        assert len(receiver.wait(1)) == 1
        shop.deliveries()
        assert shop.advance("1m") == ["delivery-1"]
        assert len(receiver.wait(2)) == 2


def test_a_redirect_is_not_followed(shared_server: ServerProcess) -> None:
    with Receiver() as elsewhere:
        away = b"HTTP/1.1 302 Found\r\nlocation: %b\r\ncontent-length: 0\r\n\r\n"
        with Receiver(away % elsewhere.url.encode()) as receiver:
            shop = Shop(shared_server.port, "redirect")
            shop.hook(receiver.url, retry_after_ms=[])
            shop.charge()
            (failed,) = shop.deliveries()
        assert elsewhere.posts == []
    (attempt,) = failed["attempts"]
    assert (failed["state"], attempt["status"]) == ("failed", 302)
    assert (
        attempt["error"]
        == "the target responded with status 302, expected 2xx; redirects are not followed"
    )


def test_the_body_of_a_response_is_kept(server: InProcessServer) -> None:
    body = b"x" * 9_000
    reply = b"HTTP/1.1 422 No\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    with Receiver(reply) as receiver:
        (failed,) = attempt(server, receiver.url, secret="0123456789abcdef").attempts
    assert (failed.status, failed.response) == (422, "x" * 1_000)
    assert failed.signature == "X-Clover-Auth: 0123…"


@pytest.mark.parametrize("parser", PARSERS)
def test_shutdown_during_delivery(start_server: StartServer, parser: str) -> None:
    """By order: had it waited for the second answer, the log would say how that delivery ended."""
    server = start_server("--log-format", "json", python=PARSERS[parser])
    with Receiver(500, None) as receiver:
        shop = Shop(server.port, "ends")
        shop.hook(f"{receiver.url}&key=in-the-query", secret="tell-nobody")
        shop.charge()
        receiver.wait(1)
        shop.deliveries()
        shop.charge()
        receiver.wait(2)
        assert server.stop() == 0
    log = server.log.read_text()
    assert "Traceback" not in log
    error = "the target responded with status 500"
    assert f"webhook delivery-1 of ends: charge to target-1 (127.0.0.1): {error}" in log
    assert "webhook delivery-2" not in log
    assert "tell-nobody" not in log
    assert "in-the-query" not in log


# A courier by itself: receivers that nobody should have ------------------------------------------


def attempt(
    server: InProcessServer,
    url: str,
    *,
    hosts: tuple[str, ...] = (),
    answerless: Receiver | None = None,
    **more: Any,
) -> Delivery:
    """Deliver once to a URL that was not checked at registration; return the result.

    An attempt at a receiver that is `answerless` is let time out, once its POST has come.
    """
    spec = TargetSpec(url=url, retry_after_ms=(), **more)
    server.sandbox.ensure_outbox().add_target(spec, SEED)
    result = asyncio.Event()

    async def deliver(loop: FakeClockLoop) -> None:
        server.sandbox.webhook_sender = WebhookSender(hosts).wake
        server.sandbox.journal.watchers.add(result.set)
        event = {"object": "P", "id": "X", "type": "CREATE"}
        assert server.send("POST", "/_mock/webhooks/send", event).status == 200
        if answerless is not None:
            await asyncio.to_thread(answerless.wait, 1)
            await loop.advance(ATTEMPT_S_MAX - 0.001)
            assert not result.is_set()
            await loop.advance(0.001)
        await result.wait()

    run(deliver)
    assert server.sandbox.outbox is not None
    (ended,) = server.sandbox.outbox
    return ended


@pytest.mark.parametrize(
    ("answers", "endless", "error"),
    [
        ((None,), False, "no complete response within 10 s"),
        ((b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",), False, "peer closed connection"),
        ((b"HTTP/1.1 200 OK\r\n\r\nx",), True, f"longer than {REPLY_BYTES_MAX} bytes"),
        ((b"HTTP/1.1 200 OK\r\nx: y",), True, "Receive buffer too long"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n" * 9,), True, "no response line received"),
        ((b"\x00\x01 no HTTP\r\n\r\n",), False, "illegal status line"),
        ((b"",), False, "the connection was closed without a response"),
    ],
)
def test_slow_endless_and_malformed_responses_are_aborted(
    server: InProcessServer, answers: tuple[bytes | None, ...], endless: bool, error: str
) -> None:
    with Receiver(*answers, endless=endless) as receiver:
        answerless = receiver if answers == (None,) else None
        ended = attempt(server, receiver.url, answerless=answerless)
    assert ended.state == "failed"
    assert error in (ended.attempts[0].error or "")


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.0 201 Created\r\n\r\nuntil the end",
    ],
)
def test_every_whole_answer_of_2xx_is_a_delivery(server: InProcessServer, answer: bytes) -> None:
    with Receiver(answer) as receiver:
        assert attempt(server, receiver.url).state == "delivered"


@pytest.mark.parametrize(
    ("url", "hosts", "error"),
    [
        ("http://169.254.169.254/latest", (), "not sent: 169.254.169.254 is a link-local"),
        ("http://169.254.169.254/", ("169.254.169.254",), "not sent: 169.254.169.254"),
        ("http://2852039166/", (), "not sent: 169.254.169.254"),
        ("http://0xa9.0xfe.0xa9.0xfe/", (), "not sent: 169.254.169.254"),
        ("http://0251.0376.0251.0376/", (), "not sent: 169.254.169.254"),
        ("http://[::ffff:169.254.169.254]/", (), "not sent: ::ffff:169.254.169.254"),
        ("http://0/", (), "not sent: 0.0.0.0 is not a host address"),
        ("http://8.8.8.8/", (), "allow it with `mock-clover serve --webhook-host 8.8.8.8`"),
        ("http://0x08080808/", (), "not sent: 8.8.8.8 is not in a loopback"),
        ("http://no-such-host.invalid/", (), "no-such-host.invalid: "),
        ("http://x..y/", (), "x..y is not a host name"),
        (f"http://{'x' * 64}/", (), f"{'x' * 64} is not a host name"),
    ],
)
def test_resolved_address_is_checked_before_sending(
    server: InProcessServer, url: str, hosts: tuple[str, ...], error: str
) -> None:
    ended = attempt(server, url, hosts=hosts)
    assert (ended.state, ended.attempts[0].status) == ("failed", None)
    assert (ended.attempts[0].error or "").startswith(error) or error in str(
        ended.attempts[0].error
    )


def test_localhost_is_tried_by_all_its_addresses(server: InProcessServer) -> None:
    with Receiver() as receiver:
        ended = attempt(server, f"http://localhost:{receiver.port}/")
    assert ended.state == "delivered"


def test_a_line_break_in_a_header_is_refused_by_the_courier_itself(server: InProcessServer) -> None:
    with Receiver() as receiver:
        ended = attempt(server, receiver.url, secret="a\r\nX-Injected: 1")
        assert receiver.posts == []
    assert "Illegal header value" in (ended.attempts[0].error or "")


def test_a_target_that_nobody_serves_is_a_failed_attempt(server: InProcessServer) -> None:
    with Receiver() as receiver:
        port = receiver.port
    ended = attempt(server, f"http://127.0.0.1:{port}/")
    assert ended.state == "failed"
    assert ended.attempts[0].error == "Connection refused"


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("other.test", ""),
        (
            "testserver",
            "; test clients of Starlette, FastAPI and Django use this name, but no server listens "
            "there: run the app on a port",
        ),
    ],
)
def test_the_name_of_a_test_client_is_explained(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch, host: str, hint: str
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    ended = attempt(server, f"http://{host}/hook", hosts=(host,))
    assert (ended.state, ended.attempts[0].error) == ("failed", f"{host}: no such name{hint}")


def test_a_server_without_tls_is_a_failed_attempt(server: InProcessServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as line:
                line.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")
                line.recv(65_536)

        thread = threading.Thread(target=answer)
        thread.start()
        ended = attempt(server, f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(TIMEOUT_S)
    (failed,) = ended.attempts
    assert (ended.state, failed.status) == ("failed", None)
    assert (failed.error or "").startswith("[SSL")


@pytest.mark.parametrize("within_a_loop", [False, True])
def test_in_process_deliveries_are_sent_on_wait(within_a_loop: bool) -> None:
    async def within(clover: MockCloverApp) -> list[dict[str, Any]]:
        return clover.deliveries(wait=1)

    with Receiver(500, 200) as receiver:
        clover = MockCloverApp.create_in_process(SharedResources(), {})
        clover.webhook(receiver.url, retry_after_ms=[1])
        clover.clock.freeze()
        clover.send_webhook(object="I", id="X", type="CREATE")
        assert clover.deliveries(state="delivered") == []
        (once,) = asyncio.run(within(clover)) if within_a_loop else clover.deliveries(wait=1)
        assert once["state"] == "waiting"
        clover.clock.advance(1)
        (result,) = clover.deliveries(wait=1)
    assert [each["status"] for each in result["attempts"]] == [500, 200]


async def post(server: InProcessServer, count: int = 1) -> "asyncio.Task[None]":
    """Send events within a loop and return the task that delivers them."""
    server.sandbox.webhook_sender = WebhookSender(attempt_s_max=TIMEOUT_S).wake
    event = {"object": "P", "id": "X", "type": "CREATE"}
    for _ in range(count):
        assert server.send("POST", "/_mock/webhooks/send", event).status == 200
    (task,) = asyncio.all_tasks() - {asyncio.current_task()}
    return task


def test_deliveries_to_one_target_are_sequential(server: InProcessServer) -> None:
    with Receiver() as receiver:
        server.sandbox.ensure_outbox().add_target(TargetSpec(url=receiver.url), SEED)

        async def deliver() -> None:
            await (await post(server, count=3))

        asyncio.run(deliver())
        assert len(receiver.posts) == 3


def test_retries_that_the_clock_has_passed_follow_at_once(server: InProcessServer) -> None:
    with Receiver(500, 500, 200) as receiver:
        spec = TargetSpec(url=receiver.url, retry_after_ms=(1_000, 2_000))
        server.sandbox.ensure_outbox().add_target(spec, SEED)

        async def deliver() -> None:
            going = await post(server)
            server.clock.advance(10_000)
            await going

        asyncio.run(deliver())
    (result,) = list(server.sandbox.outbox or ())
    assert [each.due_ms - result.made_ms for each in result.attempts] == [0, 1_000, 3_000]
    assert [each.sent_ms - result.made_ms for each in result.attempts] == [10_000] * 3


@pytest.mark.parametrize("change", ["restore", "delete"])
def test_late_result_does_not_affect_other_delivery(server: InProcessServer, change: str) -> None:
    """After a restore the same delivery starts again; without its target it is dropped."""
    gate = threading.Event()
    with Receiver(500, gate=gate) as receiver:
        server.sandbox.ensure_outbox().add_target(TargetSpec(url=receiver.url, id="t"), SEED)

        async def deliver() -> None:
            going = await post(server)
            await asyncio.to_thread(receiver.wait, 1)
            server.sandbox.webhook_sender = lambda _: None
            if change == "restore":
                before = server.send("GET", "/_mock/snapshot").body
                assert server.send("PUT", "/_mock/snapshot", raw=before).status == 200
            else:
                server.send("DELETE", "/_mock/webhooks/t")
            gate.set()
            await going

        asyncio.run(deliver())
    (saved,) = list(server.sandbox.outbox or ())
    state = "under_way" if change == "restore" else "dropped"
    assert (saved.id, saved.state, saved.attempts) == ("delivery-1", state, ())


def test_events_without_event_loop_are_sent_on_wait(server: InProcessServer) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    with Receiver() as receiver:
        assert server.app._sender is None, "a server without webhooks creates none"
        body = {"url": receiver.url, "handshake": False}
        assert server.send("PUT", "/_mock/webhooks", body).status == 200
        assert server.app._sender is not None, "it is created now, and not during a payment"
        event = {"object": "P", "id": "X", "type": "CREATE"}
        server.send("POST", "/_mock/webhooks/send", event)
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/_mock/deliveries",
            "query_string": b"wait=1",
            "headers": [(b"host", b"localhost")],
        }
        asyncio.run(server.app(scope, receive, send))
    (delivered,) = json.loads(sent[1]["body"])["data"]
    assert delivered["state"] == "delivered"


def test_closed_event_loop_loses_no_deliveries() -> None:
    gate = threading.Event()
    with Receiver(gate=gate) as receiver:
        clover = MockCloverApp.create_in_process(SharedResources(), {})
        clover.webhook(receiver.url)

        async def within() -> None:
            clover.send_webhook(object="I", id="X", type="CREATE")
            await asyncio.to_thread(receiver.wait, 1)

        asyncio.run(within())
        gate.set()
        (result,) = clover.deliveries(wait=1)
    assert (result["state"], len(result["attempts"]), len(receiver.posts)) == ("delivered", 1, 2)


def test_delivery_result_after_restore_is_ignored(server: InProcessServer) -> None:
    """A sandbox that is restored during a delivery does not get its result."""
    with Receiver() as receiver:
        before = server.send("GET", "/_mock/snapshot").body
        server.sandbox.ensure_outbox().add_target(TargetSpec(url=receiver.url), SEED)

        async def deliver() -> None:
            server.sandbox.webhook_sender = WebhookSender().wake
            event = {"object": "P", "id": "X", "type": "CREATE"}
            server.send("POST", "/_mock/webhooks/send", event)
            assert server.send("PUT", "/_mock/snapshot", raw=before).status == 200
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*tasks)

        asyncio.run(deliver())
        assert server.sandbox.outbox is None
        assert receiver.posts == []
    assert msgspec.json.decode(before).get("webhooks") is None
