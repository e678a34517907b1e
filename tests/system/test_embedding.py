"""The test API without pytest's fixtures: in scripts, in unittest, and in the loop of a test."""

import asyncio
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from mock_clover.testing import AsyncMockClover, MockCloverApp, MockCloverError, serve
from mock_clover.testing.in_process import SharedResources
from mock_clover.testing.report import report_text

ROOT = Path(__file__).parents[2]
WITHOUT_PYTEST = """
import sys
sys.modules["pytest"] = None  # importing it fails
from mock_clover.testing import declines, serve
with serve("declines", seed="script", dialect="documented") as clover:
    body = {"amount": 1, "currency": "usd", "source": clover.card_token()}
    told = clover.why("/v1/charges", body, headers=declines()[0].headers)
    print(clover.url, told["reply"]["error"]["type"])
"""


def test_a_script_needs_no_pytest_and_leaves_no_server() -> None:
    command = [sys.executable, "-W", "error", "-c", WITHOUT_PYTEST]
    url, error = subprocess.check_output(command, text=True).split()
    assert error == "card_error"
    with pytest.raises(URLError, match="refused"):
        urlopen(url)


def test_mistakes_and_waits_are_explained() -> None:
    with serve(seed="mistakes") as clover:
        for call, expected in (
            (lambda: clover.card_token(exp="01/20"), "Card expired. [expired_card] (status 400"),
            (lambda: clover.card_token("4242424242424241"), "fails the Luhn check: a digit is"),
            (lambda: clover.card_token(exp="2030-12"), "must be MM/YY"),
            (lambda: clover.merchant("bakery"), "sandbox default has one merchant"),
            (lambda: clover.clock.set(datetime.fromisoformat("2031-01-01")), "has no time zone"),
            (
                lambda: clover.journal(endpoint="create_charge", wait=2, wait_ms=1),
                "waited for 2 requests with endpoint='create_charge', but 0 came; all requests:\n"
                "  #1 POST /v1/tokens 400",
            ),
            (lambda: clover.deliveries(wait=1, wait_ms=1), "but 0 came; all deliveries:\n  (none)"),
        ):
            with pytest.raises(
                (MockCloverError, AssertionError, ValueError), match=re.escape(expected)
            ):
                call()
        assert clover.clock.advance(timedelta(days=1)) == []
        assert clover.clock.set(datetime(2041, 1, 1, tzinfo=UTC) - timedelta(days=3650)) == []
        assert clover.card_token()  # the card expires after the clock's year
        clover.fault("drop", endpoint="create_refund", times=1)
        clover.fault("delay", endpoint="create_token", delay_ms=1)
        clover.card_token()
        clover.webhook("http://127.0.0.1:1/", retry_after_ms=[])
        clover.send_webhook(object="P", id="X", type="CREATE")
        clover.deliveries(wait=1)
        clover.next("card_declined", times=2)
        clover.clock.advance(8)
        lines = report_text(clover).splitlines()[-6:]
        assert lines.pop(4).startswith("the clock advanced by ")
        assert lines == [
            "webhook delivery-1 P:CREATE to target-1: failed (Connection refused)",
            "fault-1 (drop, create_refund) did not apply to a request",
            "next-1 (card_declined, 2 left) waits for the next payment",
            "the clock advanced by 1 day, 0:00:00",
            "the clock advanced by 8 ms",
        ]
        clover.clear_faults()
        clover.fault("drop", times=3)  # the client of the test API repeats a lost request
        told = re.escape(
            ": the fault `drop before_commit` applied to this request; give it an endpoint, such "
            "as create_charge, or create the token first"
        )
        with pytest.raises(MockCloverError, match=f"{told}$"):
            clover.card_token()
        told = re.escape("'MockClover' has no attribute 'charge'; did you mean `charges`?")
        with pytest.raises(AttributeError, match=told):
            clover.charge()  # type: ignore[attr-defined]  # the mistake


def test_a_handshake_is_finished_with_the_code_of_the_receiver() -> None:
    async def check(clover: AsyncMockClover) -> None:
        async with Receiver() as receiver:
            target = await clover.webhook(receiver.url, handshake=True)
            assert target["state"] == "awaiting_code"
            await clover.deliveries(about="verification", wait=1)
            (code,) = re.findall(r'"verificationCode":\s*"([^"]+)"', receiver.received)
            confirmed = await clover.confirm_webhook(target["id"], code)
            assert confirmed["state"] == "active"

    async def check_both() -> None:
        """The receiver and the application run in the loop that waits for the delivery."""
        app = MockCloverApp.create_in_process(SharedResources(), {})
        await check(AsyncMockClover(app))
        assert app.charges == []  # the blocking handle works in the thread of the loop, too
        fork = await AsyncMockClover(app).fork()
        assert await fork.charges() == []
        told = re.escape("'AsyncMockClover' has no attribute 'refund'; did you mean `refunds`?")
        with pytest.raises(AttributeError, match=told):
            await fork.refund()  # type: ignore[attr-defined]  # the mistake

    asyncio.run(check_both())


class Receiver:
    """A webhook receiver in the event loop of the test."""

    received = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._receive, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(re.findall(r"content-length: (\d+)", head)[0])
        self.received += (await reader.readexactly(length)).decode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()
