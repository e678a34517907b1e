"""All control endpoints: no request ends in a 500, and the words that the dashboard needs."""

import json

import pytest

from mock_clover.scenario.records_fault import FIELDS_BY_KIND, Fault, FaultKind
from tests.canary import CVV
from tests.control.calls import ROOT, get_json
from tests.in_process import InProcessServer

PATHS = [
    ("PUT", "/_mock/sandboxes/x"),
    ("PUT", "/_mock/clock"),
    ("POST", "/_mock/faults"),
    ("PUT", "/_mock/scenario"),
    ("POST", "/_mock/scenario"),
    ("POST", "/_mock/verify"),
    ("POST", "/_mock/why"),
    ("POST", "/_mock/fork"),
    ("PUT", "/_mock/snapshot"),
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"5",
    b"\xff\xfe",
    b'{"name":null}',
    b'{"name":{}}',
    b'{"name":["x"]}',
    b'{"a":' * 100 + b"1" + b"}" * 100,
    b'{"path":"\\u0000","body":{"amount":NaN}}',
    b'{"path":"/v1/charges","headers":{"\\u00e9":"\\ud83d\\ude00"}}',
    b'{"match":{"a.b..c.":[1,{"x":null}],"":5}}',
    b'{"set":1e400}',
    b'{"kind":"drop","times":%b}' % (b"9" * 400),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("body", BODIES, ids=lambda each: each[:30].decode("latin-1"))
def test_no_body_ends_in_a_500(
    server: InProcessServer, method: str, path: str, body: bytes
) -> None:
    reply = server.send(method, path, raw=body)  # a bug would be raised here
    assert reply.status in {200, 400, 409}
    if reply.status == 400:
        assert reply.json["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/_mock/clock"), ("GET", "/_mock/fork"), ("POST", "/_mock/sandboxes/x")],
)
def test_unsupported_method(server: InProcessServer, method: str, path: str) -> None:
    assert server.send(method, path).status == 405


@pytest.mark.parametrize("path", ["/_mock/nothing", "/_mock/sandboxes/a/b"])
def test_unknown_path(server: InProcessServer, path: str) -> None:
    assert server.send("GET", path).status == 404


def test_dashboard_vocabulary_matches_code(server: InProcessServer) -> None:
    response = get_json(server, "/env")
    fields = set(Fault.__struct_fields__) - {"kind"}
    assert (response["sandbox"], response["base_url"], response["home"]) == ("default", ROOT, ROOT)
    assert response["credentials"] == get_json(server, "/sandboxes")["data"][0]
    assert (
        [each["kind"] for each in response["faults"]]
        == list(FaultKind.__args__)
        == list(FIELDS_BY_KIND)
    )
    assert {name for each in response["faults"] for name in each["members"]} == fields
    assert {each["name"] for each in response["fault_members"]} == {"kind", *fields}
    for problem in (response["problems"][0], response["problems"][-1]):
        fault = {"kind": "problem", "problem": problem["name"], "when": response["fault_times"][1]}
        assert server.send("POST", "/_mock/faults", fault).status == 200
    assert response["dialects"] == ["observed", "documented"]
    assert "issuer_declined" in [each["name"] for each in response["declines"]]


def test_a_delivery_is_shown_masked_and_resent(server: InProcessServer) -> None:
    """Its attempts and resending are tested in test_webhooks.py."""
    target = {"id": "t", "kind": "hosted_checkout", "url": "http://127.0.0.1:9/hook"}
    assert server.send("PUT", "/_mock/webhooks", target).status == 200
    payload = {"note": "a", "cvv": CVV}
    event = {"kind": "hosted_checkout", "payload": payload}
    sent = server.send("POST", "/_mock/webhooks/send", event)
    assert sent.status == 200, sent
    (created,) = sent.json["data"]
    assert created["body"] == {"note": "a", "cvv": "[cvv]"}
    again = server.send("POST", f"/_mock/deliveries/{created['id']}/resend").json
    assert (again["resend_of"], again["body"]) == (created["id"], created["body"])
    listed = get_json(server, "/deliveries")["data"]
    assert [each["id"] for each in listed] == [created["id"], again["id"]]
    saved = server.sandbox.outbox
    assert saved is not None
    assert json.loads(next(iter(saved)).body) == payload  # what is sent is what was asked for
