"""`POST /_mock/journal/{id}/replay` and `POST /_mock/send`: what is sent, and what is replaced."""

from typing import Any

import pytest

from mock_clover.scenario.load import parse
from tests.canary import CVV, PAN, find_leaks
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer

NEW_KEY = "a key has one response; this is a new key"


def newest(server: InProcessServer) -> int:
    return server.sandbox.journal.count


def replayed(server: InProcessServer, number: int, body: Any = None) -> Any:
    got = server.send("POST", f"/_mock/journal/{number}/replay", body or {})
    assert got.status == 200, got
    return got.json


def shown(server: InProcessServer, number: int) -> Any:
    return server.send("GET", f"/_mock/journal/{number}").json


def pay_charge(server: InProcessServer, source: str) -> tuple[str, str, Any]:
    return "POST", "/v1/charges", {"amount": 1800, "currency": "usd", "source": source}


def pay_order(server: InProcessServer, source: str) -> tuple[str, str, Any]:
    order = server.order(1000, 800)["id"]
    return "POST", f"/v1/orders/{order}/pay", {"source": source, "amount": 600}


def save_card(server: InProcessServer, source: str) -> tuple[str, str, Any]:
    return "POST", "/v1/customers", {"email": "jo@example.com", "source": source}


REPLAYS: dict[str, tuple[Any, str, int, str]] = {
    "a charge": (pay_charge, VISA, 200, "used"),
    "a declined charge": (pay_charge, DECLINED_CARD, 402, "used"),
    "an order payment": (pay_order, VISA, 200, "used"),
    "a saved card": (save_card, VISA, 200, "saved"),
}


@pytest.mark.parametrize(("make", "pan", "status", "was"), REPLAYS.values(), ids=REPLAYS)
def test_spent_token_is_copied(
    server: InProcessServer, make: Any, pan: str, status: int, was: str
) -> None:
    token = server.token(pan)
    method, path, body = make(server, token)
    first = server.send(method, path, body, headers={"idempotency-key": "k-1"})
    number = newest(server)
    got = replayed(server, number)
    source, key = got.pop("replaced")
    reply = got.pop("reply")
    assert got == {
        "id": number + 1,
        "status": status,
        "outcome": {200: "ok", 402: "declined"}[status],
        "why": first.why,
        "replay_of": number,
    }
    assert source == {
        "member": "source",
        "was": token,
        "sent": source["sent"],
        "because": f"the token was {was}; this is a copy of it",
    }
    assert key == {
        "member": "idempotency-key",
        "was": "k-1",
        "sent": key["sent"],
        "because": NEW_KEY,
    }
    assert source["sent"] != token
    assert reply.keys() - {"past_charges"} == first.json.keys()
    copied, original = (server.sandbox.tokens.get(each) for each in (source["sent"], token))
    assert copied is not None
    assert original is not None
    assert (copied.card, copied.kind, copied.state) == (
        original.card,
        original.kind,
        original.state,
    )
    sent = shown(server, number + 1)
    assert (sent["replay_of"], sent["replays"]) == (number, [])
    assert sent["exchange"]["request"]["source"] == source["sent"]
    assert (shown(server, number)["replay_of"], shown(server, number)["replays"]) == (
        None,
        [number + 1],
    )


def test_replay_of_a_refusal_for_its_token_is_refused_again(server: InProcessServer) -> None:
    token = server.token()
    server.charge(source=token)
    method, path, body = pay_charge(server, token)
    assert server.send(method, path, body).status == 400
    got = replayed(server, newest(server))
    assert (got["status"], got.get("replaced")) == (400, None)
    assert got["why"].startswith("TOKEN_ALREADY_USED")


def test_charge_of_a_saved_card_is_replayed_with_its_own_token(server: InProcessServer) -> None:
    token = server.token()
    server.send("POST", "/v1/customers", {"email": "jo@example.com", "source": token})
    declined = pay_charge(server, token)  # without stored_credentials
    assert server.send(*declined).status == 402
    got = replayed(server, newest(server))
    assert (got["status"], got.get("replaced")) == (402, None)


def test_replays_with_one_key_are_retries(server: InProcessServer) -> None:
    server.send(*pay_charge(server, server.token()))
    keyed = [replayed(server, 2, {"idempotency_key": "again"}) for _ in range(2)]
    assert [each["status"] for each in keyed] == [200, 200]
    assert keyed[0]["reply"] == keyed[1]["reply"]
    assert [len(each.get("replaced", ())) for each in keyed] == [1, 0]
    assert replayed(server, 2, {"idempotency_key": "other"})["reply"] != keyed[0]["reply"]


def test_refused_bodies_are_replayed_as_they_were(server: InProcessServer) -> None:
    for path, raw in (
        ("/v1/charges", b'{"amount":-5,}'),
        ("/v1/tokens", b'{"card":{}}'),
        ("/v1/tokens", b'{"card":{"exp_month":"13"}}'),
    ):
        first = server.send("POST", path, raw=raw)
        got = replayed(server, newest(server))
        assert (got["status"], got["reply"]) == (first.status, first.json)


NOT_STORED = {
    "a card": (
        {"card": {"number": VISA, "cvv": "123", "exp_month": "12", "exp_year": "2030"}},
        "card.number and card.cvv are not stored",
    ),
    "a misplaced member": ({"pin": "1"}, "pin is not stored"),
    "text": (f'{{"number":{VISA},', "the digits in its body are not stored"),
    "many": (
        {"card": dict.fromkeys("abcdefgh", "x")},
        "card.a, card.b, card.c, card.d, card.e and 3 more are not stored",
    ),
}


@pytest.mark.parametrize(("body", "reason"), NOT_STORED.values(), ids=NOT_STORED)
def test_token_call_says_what_is_not_stored(
    server: InProcessServer, body: Any, reason: str
) -> None:
    raw = {"raw": body.encode()} if isinstance(body, str) else {"body": body}
    server.send("POST", "/v1/tokens", **raw)
    got = shown(server, 1)
    assert got["hint"].partition(";")[0] == f"{reason}, so it cannot be replayed"
    assert got["replayable"] is False
    assert (got["template"] is None) == isinstance(body, str)


def test_request_of_your_own_is_carried_out(server: InProcessServer) -> None:
    card = server.card(VISA)
    created = server.send("POST", "/_mock/send", {"path": "/v1/tokens", "body": card}).json
    token = created["reply"]["id"]
    assert created == {
        "id": 1,
        "status": 200,
        "outcome": "ok",
        "why": "created a single-pay token for VISA ...4242",
        "reply": created["reply"],
    }
    body = {"amount": 5, "currency": "usd", "source": token}
    given = {"path": "/v1/charges", "headers": {"Idempotency-Key": "a"}, "body": body}
    replies = [server.send("POST", "/_mock/send", given).json for _ in range(2)]
    assert [each["status"] for each in replies] == [200, 200]
    assert replies[0]["reply"] == replies[1]["reply"]
    again = given | {"headers": {}, "replay_of": 2}
    edited = server.send("POST", "/_mock/send", again | {"body": body | {"amount": 6}}).json
    assert (edited["status"], edited["reply"]["amount"], edited["replay_of"]) == (200, 6, 2)
    assert [each["member"] for each in edited["replaced"]] == ["source"]
    refused = server.send("POST", "/_mock/send", again | {"replay_of": None}).json
    assert refused["why"].startswith("TOKEN_ALREADY_USED")
    for path, text, status in (("/v1/charges", '{"a"', 400), ("/v1/nothing", "", 404)):
        got = server.send("POST", "/_mock/send", {"path": path, "body": text}).json
        assert (got["id"], got["status"]) == (newest(server), status)
    journal = server.send("GET", "/_mock/journal").body.decode()
    assert find_leaks(journal) == []
    assert '"client":"mock-clover send"' in journal


def test_card_that_is_sent_is_shown_nowhere(server: InProcessServer) -> None:
    card = server.card(PAN, cvv=CVV)
    created = server.send("POST", "/_mock/send", {"path": "/v1/tokens", "body": card})
    source = created.json["reply"]["id"]
    body = {"amount": 1, "currency": "usd", "source": source, "description": PAN}
    paid = server.send("POST", "/_mock/send", {"path": "/v1/charges", "body": body})
    wrong = server.send("POST", "/_mock/send", {"path": "/v1/tokens", "boddy": card})
    assert (paid.json["status"], wrong.status) == (200, 400)
    paths = ("journal", "journal/1", "journal/2", "rows/tokens", f"payments/{source}")
    replies = [created, paid, wrong, *(server.send("GET", f"/_mock/{path}") for path in paths)]
    assert find_leaks("".join(each.body.decode() for each in replies)) == []


def test_lost_reply_of_a_replay_is_told(make_server: MakeServer) -> None:
    faults = b"name: lossy\nfaults: [{kind: drop, when: after_commit, endpoint: create_order}]\n"
    server = make_server(parse(faults, "lossy"))
    given = {"path": "/v1/orders", "body": {"currency": "usd", "items": []}}
    got = server.send("POST", "/_mock/send", given).json
    assert (got["status"], got["outcome"]) == (None, "lost")


REFUSALS = {
    "path": ({"path": "v1"}, "path: must start with a slash; at most 8192 characters"),
    "control": ({"path": "/_mock/journal"}, "path: only Clover's operations can be sent"),
    "method": ({"path": "/", "method": "P P"}, "method: must be letters, for example POST"),
    "header": (
        {"path": "/", "headers": {":scheme": "x"}},
        "headers: ':scheme' is not a header name",
    ),
    "value": (
        {"path": "/", "headers": {"a": "b\r\nc: d"}},
        "headers: the value of a must be printable Latin-1, at most 4096",
    ),
    "headers": ({"path": "/", "headers": {f"h{n}": "" for n in range(65)}}, "headers: at most 64"),
    "exchange": ({"path": "/", "replay_of": 9}, "there is no exchange '9'"),
}


@pytest.mark.parametrize(("body", "message"), REFUSALS.values(), ids=REFUSALS)
def test_invalid_request_is_not_sent(server: InProcessServer, body: Any, message: str) -> None:
    got = server.send("POST", "/_mock/send", body)
    assert (got.status in (400, 404), got.json["message"]) == (True, message)
    assert newest(server) == 0


def test_why_of_an_exchange_is_about_its_request(server: InProcessServer) -> None:
    request = pay_charge(server, server.token(DECLINED_CARD))
    declined = server.send(*request)
    asked = {"path": request[1], "body": request[2]}
    plain = server.send("POST", "/_mock/why", asked).json
    assert plain["outcome"].startswith("TOKEN_ALREADY_USED")
    same = server.send("POST", "/_mock/why", asked | {"exchange": newest(server)}).json
    assert (same["status"], same["outcome"]) == (402, declined.why)
    assert newest(server) == 2
