"""Idempotency: a retry gets the stored response, byte for byte; nothing happens twice."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_clover.sandbox import idempotency
from mock_clover.sandbox.idempotency import IdempotencyStore, StoredResponse
from tests.in_process import DECLINED_CARD, InProcessServer


@pytest.mark.parametrize(
    "header", ["idempotency-key", "Idempotency-Key", "X-Idempotency-Key", "idempotency_key"]
)
@pytest.mark.parametrize("key", ["7c9e6679-7425-40de-944b-e07fc1f90ae7", "charge-1", "42"])
def test_any_key_and_header_case(server: InProcessServer, header: str, key: str) -> None:
    body = {"amount": 100, "currency": "usd", "source": server.customer()["id"]}
    first, second = (
        server.send("POST", "/v1/charges", body, headers={header: key}) for _ in range(2)
    )
    assert first.body == second.body
    assert second.why == f"idempotency: replay of: {first.why}"
    assert len(server.sandbox.charges) == 1


def test_a_decline_is_replayed_too(server: InProcessServer) -> None:
    body = {"amount": 100, "currency": "usd", "source": server.token(DECLINED_CARD)}
    got = [server.send("POST", "/v1/charges", body, headers={"idempotency-key": "k"}) for _ in "ab"]
    assert [each.status for each in got] == [402, 402]
    assert got[0].body == got[1].body
    assert len(server.sandbox.charges) == 1


def test_the_same_key_of_another_credential_is_another_key(server: InProcessServer) -> None:
    server.sandbox.access_tokens.put("other", server.clock.now_ms())
    body = {"amount": 100, "currency": "usd", "source": server.customer()["id"]}
    for bearer in (server.known.access_token, "other"):
        headers = {"idempotency-key": "k", "authorization": f"Bearer {bearer}"}
        assert server.send("POST", "/v1/charges", body, headers=headers).status == 200
    assert len(server.sandbox.charges) == 2


def test_the_same_key_on_another_path_is_refused(server: InProcessServer) -> None:
    headers = {"idempotency-key": "k"}
    charge = server.send(
        "POST",
        "/v1/charges",
        {"amount": 100, "currency": "usd", "source": server.token()},
        headers=headers,
    ).json["id"]
    got = server.send("POST", "/v1/refunds", {"charge": charge}, headers=headers)
    assert (got.status, got.json["error"]["type"]) == (400, "idempotency_error")


def test_a_refund_that_is_sent_again_is_made_once(server: InProcessServer) -> None:
    charge, headers = server.charge()["id"], {"idempotency-key": "k"}
    body = {"charge": charge, "amount": 100}
    first, second = (server.send("POST", "/v1/refunds", body, headers=headers) for _ in range(2))
    assert (first.status, first.body) == (200, second.body)
    assert server.send("GET", f"/v1/charges/{charge}").json["amount_refunded"] == 100


def test_equivalent_json_is_the_same_request(server: InProcessServer) -> None:
    source, headers = server.customer()["id"], {"idempotency-key": "k"}
    spellings = [
        {"amount": 100, "currency": "usd", "source": source},
        {"source": source, "currency": "usd", "amount": "100", "capture": True},
    ]
    got = [server.send("POST", "/v1/charges", body, headers=headers) for body in spellings]
    assert got[0].body == got[1].body


def test_rejected_request_does_not_use_key(server: InProcessServer) -> None:
    headers = {"idempotency-key": "k"}
    body: dict[str, Any] = {"currency": "usd", "source": server.token()}
    assert server.send("POST", "/v1/charges", body, headers=headers).status == 400
    assert server.send("POST", "/v1/charges", body | {"amount": 1}, headers=headers).status == 200


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), max_size=30))
def test_key_charges_once_in_any_order(calls: list[tuple[str, int]]) -> None:
    """A model of the store: the first amount with a key wins, and a repetition is a replay."""
    server = InProcessServer()
    source = server.customer()["id"]
    first: dict[str, tuple[int, bytes]] = {}
    for key, amount in calls:
        body = {"amount": amount, "currency": "usd", "source": source}
        got = server.send("POST", "/v1/charges", body, headers={"idempotency-key": key})
        known = first.setdefault(key, (amount, got.body))
        assert got.status == (200 if known[0] == amount else 400)
        if known[0] == amount:
            assert got.body == known[1]
    assert len(server.sandbox.charges) == len(first)


def test_the_store_is_bounded_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "KEYS_MAX", 2)
    store = IdempotencyStore()
    for key in "abc":
        store.store(
            ("t", key),
            StoredResponse(
                endpoint="create_charge", path="/", request=None, status=200, body=b"", why=""
            ),
        )
    assert [store.get(("t", key)) is not None for key in "abc"] == [False, True, True]
    assert len(store) == 2
