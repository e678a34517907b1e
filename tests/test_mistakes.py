"""What mock-clover answers to mistakes that its users make: the rows of `tests/mistakes.txt`.

Add a row for each answer that did not help somebody.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from mock_clover.core.steps import finish
from mock_clover.scenario.records import Merchant
from tests.failure_messages import assert_no_errors
from tests.in_process import NOW_MS, InProcessServer, MakeServer

FILE = Path(__file__).parent / "mistakes.txt"
KEY = {"idempotency-key": "k"}
CREDENTIALS = ("access_token", "api_key", "client_secret", "client_id", "merchant_id")


class Mistake(NamedTuple):
    """A request with a mistake, and the words of the answer."""

    group: str
    target: str
    headers: dict[str, str]
    body: str
    words: str


def mistakes(text: str) -> Iterator[Mistake]:
    """Parse rows: `=` group, `>` request line and headers, `|` body, `<` words of the answer."""
    group, head, body = "", list[str](), list[str]()
    for line in text.splitlines():
        mark, rest = line[:1], line[2:]
        if mark == "=":
            group = rest
        elif mark in (">", "|"):
            (head if mark == ">" else body).append(rest)
        elif mark == "<":
            headers = dict(each.split(": ", 1) for each in head[1:])
            yield Mistake(group, head[0], headers, "\n".join(body), rest)
            head, body = [], []


MISTAKES = list(mistakes(FILE.read_text()))


def server_with_neighbors(make_server: MakeServer) -> InProcessServer:
    """Return a server with the sandboxes bakery and shop; shop has the merchant baker, too."""
    server = make_server()
    server.sandboxes.create("bakery")
    merchants = (Merchant(name="main"), Merchant(name="baker"))
    scenario = replace(server.sandbox.rules.scenario, merchants=merchants)
    finish(server.sandboxes.create_in_steps("shop", scenario))
    return server


def filled(server: InProcessServer, text: str) -> str:
    """Return a text with what the sandbox has, in place of `$token` and the like."""
    makers: dict[str, Callable[[], str]] = {
        **{f"${name}": lambda name=name: getattr(server.known, name) for name in CREDENTIALS},
        "$other_token": lambda: server.sandboxes.get_or_create("bakery").credentials.access_token,
        "$expired_token": lambda: expired_token(server),
        "$used": lambda: used_token(server),
        "$token": server.token,
        "$charge": lambda: str(server.charge()["id"]),
        "$authorization": lambda: str(server.charge(capture=False)["id"]),
        "$refunded": lambda: refunded_charge(server),
    }
    for mark, make in makers.items():
        if mark in text:
            text = text.replace(mark, make())
    return text


def expired_token(server: InProcessServer) -> str:
    """Return a legacy OAuth token that has expired."""
    life_ms = server.sandbox.settings.access_token_life_ms
    server.sandbox.access_tokens.put("old", NOW_MS - life_ms - 1)
    return "old"


def used_token(server: InProcessServer) -> str:
    """Return the token of a charge of 5 that has the idempotency key k."""
    stored = server.sandbox.idempotency.get(("", "k"))
    if stored is not None:
        return str(getattr(stored.request, "source", ""))
    token = server.token()
    body = {"amount": 5, "currency": "usd", "source": token}
    assert server.send("POST", "/v1/charges", body, headers=KEY).status == 200
    return token


def refunded_charge(server: InProcessServer) -> str:
    charge_id = str(server.charge()["id"])
    assert server.send("POST", "/v1/refunds", {"charge": charge_id}).status == 200
    return charge_id


def answer_to(server: InProcessServer, mistake: Mistake) -> str:
    """Return the status, then the reason and what was ignored, or the message of a control call."""
    method, _, target = mistake.target.partition(" ")
    path, _, query = filled(server, target).partition("?")
    headers = {
        "authorization": "Bearer $access_token",
        "apikey": "$api_key",
        "x-clover-merchant-id": "$merchant_id",
        **mistake.headers,
    }
    sent = {
        name.encode(): filled(server, value).encode()
        for name, value in headers.items()
        if value != "none"
    }
    body = filled(server, mistake.body).encode()
    reply = server.app.handle_now(method, path, query.encode(), sent, body)
    ignored = dict(reply.headers).get(b"x-mock-clover-ignored", b"").decode()
    words = f"{reply.why}; ignored {ignored}" if ignored else reply.why
    is_message = "/_mock/" in path or words.startswith("UNKNOWN_OUTCOME")
    if is_message and reply.body[:1] == b"{":
        words = json.loads(reply.body).get("message", "no error")
    return f"{reply.status} {words}"


@pytest.mark.parametrize("group", sorted({each.group for each in MISTAKES}))
def test_the_answer_to_a_mistake_helps(make_server: MakeServer, group: str) -> None:
    server = server_with_neighbors(make_server)
    errors = []
    for mistake in (each for each in MISTAKES if each.group == group):
        words = answer_to(server, mistake)
        if words != mistake.words:
            errors.append(f"{mistake.target}\n| {mistake.body}\n< {words}\n- {mistake.words}")
    assert_no_errors(errors)
