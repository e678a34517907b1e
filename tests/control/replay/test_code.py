"""Code that repeats a request, as complete texts, and the values that replace those not stored.

`tests/fuzz/test_copied_code.py` runs the code of hostile requests, `tests/clients` runs that of
payments.
"""

import shlex
from typing import Any

import pytest

from mock_clover.control.replay.code import code_samples
from mock_clover.control.replay.code_source import CodeSource
from mock_clover.control.replay.curl import curl_command
from mock_clover.control.replay.template import RequestTemplate
from tests.canary import PAN, find_leaks
from tests.in_process import DECLINED_CARD, VISA, InProcessServer

PYTHON = """\
import os
import uuid

import httpx

base_url = os.environ.get("CLOVER_BASE_URL", "http://localhost:4242")
created = httpx.post(
    base_url + "/v1/tokens",
    headers={"apikey": os.environ["CLOVER_API_KEY"]},
    json={
        "card": {
            "number": "4005571702222222",
            "exp_month": "12",
            "exp_year": "2030",
            "cvv": "123",
        },
    },
)
token = created.raise_for_status().json()["id"]
response = httpx.request(
    "POST",
    base_url + "/v1/charges",
    headers={
        "authorization": "Bearer " + os.environ["CLOVER_ACCESS_TOKEN"],
        "x-forwarded-for": "127.0.0.1",
        "idempotency-key": str(uuid.uuid4()),
    },
    json={"amount": 1800, "currency": "usd", "source": token},
)
print(response.status_code, response.text)
"""
NODE = """\
// Node 18 or later, as an ES module (.mjs)
const baseUrl = process.env.CLOVER_BASE_URL ?? "http://localhost:4242";
const created = await fetch(`${baseUrl}/v1/tokens`, {
    method: "POST",
    headers: {
        apikey: process.env.CLOVER_API_KEY,
        "content-type": "application/json",
    },
    body: JSON.stringify({
        "card": {
            "number": "4005571702222222",
            "exp_month": "12",
            "exp_year": "2030",
            "cvv": "123",
        },
    }),
});
const token = (await created.json()).id;
const response = await fetch(baseUrl + "/v1/charges", {
    method: "POST",
    headers: {
        "authorization": "Bearer " + process.env.CLOVER_ACCESS_TOKEN,
        "x-forwarded-for": "127.0.0.1",
        "content-type": "application/json",
        "idempotency-key": crypto.randomUUID(),
    },
    body: JSON.stringify({"amount": 1800, "currency": "usd", "source": token}),
});
console.log(response.status, await response.text());
"""
PYTEST = """\
import uuid

import httpx


def test_create_charge(mock_clover):
    token = mock_clover.card_token("4005571702222222")
    response = httpx.request(
        "POST",
        mock_clover.url + "/v1/charges",
        headers={
            "authorization": "Bearer " + mock_clover.access_token,
            "x-forwarded-for": "127.0.0.1",
            "idempotency-key": str(uuid.uuid4()),
        },
        json={"amount": 1800, "currency": "usd", "source": token},
    )
    assert response.status_code == 402, response.text
"""


def shown(server: InProcessServer) -> Any:
    number = server.sandbox.journal.count
    return server.send("GET", f"/_mock/journal/{number}").json


def test_code_of_a_declined_charge(server: InProcessServer) -> None:
    body = {"amount": 1800, "currency": "usd", "source": server.token(DECLINED_CARD)}
    server.send("POST", "/v1/charges", body, headers={"idempotency-key": "k-1"})
    assert shown(server)["code"] == {"python": PYTHON, "node": NODE, "pytest": PYTEST}


def test_masked_card_is_a_test_card(server: InProcessServer) -> None:
    server.send("POST", "/v1/tokens", server.encrypted(DECLINED_CARD, name="Jo", pin="1"))
    template = shown(server)["template"]
    assert template["has_test_card"] is True
    for word in (f'"number":"{DECLINED_CARD}"', '"cvv":"123"', '"exp_year":"2030"', '"name":"Jo"'):
        assert word in template["body"]
    assert "not stored" not in template["body"]
    source = {"amount": 1, "currency": "usd", "source": VISA}
    server.send("POST", "/v1/charges", source)
    assert f'"source":"{VISA}"' in shown(server)["template"]["body"]
    server.send("POST", "/v1/charges", source | {"source": PAN, "description": f"of {PAN}"})
    assert find_leaks(str(shown(server))) == []


TEXTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a key that is not stored": ({"needs_key": True}, "pytest", "str(uuid.uuid4())"),
    "an armed outcome": ({}, "pytest", 'mock_clover.next("card_declined/lost_card")'),
    "an id": (
        {},
        "pytest",
        "# Create these first, a new sandbox does not have them: ABCDEFGHIJKLM",
    ),
    "a scenario": ({}, "pytest", "# The request had the scenario 'shop'"),
    "a prototype": ({"body": '{"__proto__":1}'}, "node", 'body: "{\\"__proto__\\":1}"'),
    "a large number": ({"body": '{"a":9007199254740993}'}, "node", '"{\\"a\\":9007199254740993}"'),
    "a fraction": ({"body": '{"a":1.50}'}, "python", "content='{\"a\":1.50}'.encode()"),
    "a secret in text": (
        {"body": "a=SECRET"},
        "python",
        'content=("a=" + os.environ["CLOVER_CLIENT_SECRET"]).encode()',
    ),
    "a secret": (
        {"body": '{"client_secret":"SECRET"}'},
        "node",
        '"client_secret": process.env.CLOVER_CLIENT_SECRET',
    ),
}


@pytest.mark.parametrize(("members", "language", "text"), TEXTS.values(), ids=TEXTS)
def test_code_contains(
    server: InProcessServer, members: dict[str, Any], language: str, text: str
) -> None:
    secret = server.known.client_secret
    values = {name: str(each).replace("SECRET", secret) for name, each in members.items()}
    values |= {"needs_key": True} if "needs_key" in members else {}
    template = RequestTemplate(method="POST", path="/v1/charges/ABCDEFGHIJKLM/capture", **values)
    why = "next: card_declined/lost_card"
    source = CodeSource(template, "http://x", server.known, "capture_charge", 200, why, "shop")
    code = code_samples(source)
    assert text in getattr(code, language)
    assert secret not in "".join((code.python, code.node, code.pytest, curl_command(source)))


CURLS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a body that names a file": ({"body": "@/etc/passwd"}, ["--data-raw", "@/etc/passwd"]),
    "an empty header": ({"headers": {"accept": ""}}, ["-H", "accept;"]),
    "brackets": ({"method": "GET", "path": "/a?b[c]=1"}, ["curl", "-g", "http://x/a?b[c]=1"]),
}


@pytest.mark.parametrize(("members", "words"), CURLS.values(), ids=CURLS)
def test_curl_command_has_words(
    server: InProcessServer, members: dict[str, Any], words: list[str]
) -> None:
    template = RequestTemplate(**({"method": "POST", "path": "/a"} | members))
    got = shlex.split(curl_command(CodeSource(template, "http://x", server.known, "", 200, "")))
    start = got.index(words[0])
    assert got[start : start + len(words)] == words
