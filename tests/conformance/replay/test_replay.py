"""A capsule repeats the run of a sandbox elsewhere, byte for byte, and shows a changed response."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mock_clover.conformance.replay.file import decode_capsule
from mock_clover.conformance.replay.run import Replay
from mock_clover.conformance.replay.steps import ReplayedStep, ReplayError
from mock_clover.control.scenario.check import resolve_scenario
from mock_clover.core.masking import redact
from mock_clover.engine.control_calls import KEPT_CALLS
from mock_clover.engine.reply import Reply, Wait
from mock_clover.reference.flows import parse_examples
from mock_clover.sandbox.keys import KeyRing
from tests.canary import CVV, PAN
from tests.conformance.test_golden import FILES, server_of, shown
from tests.in_process import DECLINED_CARD, InProcessServer, MakeServer
from tests.oauth import authorize, exchange, migrate, post

DAY_MS = 86_400_000
SECRET = "a-secret-of-a-shop"
FAULT = {"kind": "drop", "when": "after_commit", "endpoint": "create_charge", "times": 1}


def capsule_of(server: InProcessServer) -> dict[str, Any]:
    answer = server.send("POST", "/_mock/capsule", auth=False)
    assert answer.status == 200, answer
    text = answer.body.decode()
    assert redact(text) == text
    assert SECRET not in text
    return dict(answer.json)


def replayed(capsule: dict[str, Any], keys: KeyRing, upto: int | None = None) -> list[ReplayedStep]:
    return list(Replay(decode_capsule(json.dumps(capsule).encode()), keys).run(upto))


def states(steps: list[ReplayedStep]) -> dict[str, int]:
    found = [step.state for step in steps]
    return {state: found.count(state) for state in dict.fromkeys(found)}


def run_payments(server: InProcessServer) -> None:
    """Make payments with a decline, a lost response, a repeated key, a delay and a masked text."""
    target = {"id": "shop", "url": "http://127.0.0.1:9/hook?key=x", "secret": SECRET}
    server.send("PUT", "/_mock/webhooks", target | {"handshake": False})
    charge = server.charge(capture=False)
    server.send("POST", f"/v1/charges/{charge['id']}/capture", {"amount": 1500})
    key = {"idempotency-key": "order-1"}
    declined = {"amount": 5, "currency": "usd", "source": server.token(DECLINED_CARD)}
    assert server.send("POST", "/v1/charges", declined).status == 402
    server.send("POST", "/_mock/faults", FAULT)
    body = {"amount": 700, "currency": "usd", "source": server.token(), "metadata": {"n": PAN}}
    for _ in range(2):
        server.send("POST", "/v1/charges", body, headers=key)
    server.send("POST", "/_mock/next", {"outcome": "card_declined/insufficient_funds"})
    server.send("POST", "/v1/charges", body | {"source": server.token(), "amount": 3})
    server.clock.advance(8 * DAY_MS)
    server.send("PUT", "/_mock/clock", {"advance": "1h"})
    server.send("POST", "/v1/refunds", {"charge": charge["id"], "amount": 100})
    server.send("POST", "/v1/charges", {"amount": -1}, auth=False)
    server.send("POST", "/v1/charges", raw=b"{", headers={"x-mock-clover-outcome": "approve"})
    oauth = {"client_id": server.known.client_id, "client_secret": SECRET, "code": SECRET}
    assert server.send("POST", "/oauth/v2/token", oauth).status == 401
    server.send("GET", "/v1/charges?limit=2")
    server.send("PUT", "/_mock/scenario", {"name": "declines"})
    server.send("POST", "/v1/tokens", server.card(cvv=CVV[:1]))
    server.charge(source=server.token("4242424242424242", exp_year="2031"), amount=900)


def test_a_run_is_repeated_byte_for_byte(server: InProcessServer, keys: KeyRing) -> None:
    run_payments(server)
    capsule = capsule_of(server)
    steps = replayed(capsule, keys)
    assert [step for step in steps if step.state == "different"] == []
    assert states(steps) == {"done": 5, "same": 19, "not_compared": 1}
    rebuilt = Replay(decode_capsule(json.dumps(capsule).encode()), keys)
    assert [step.number for step in rebuilt.run(3) if step.state == "same"] == [1, 2, 3]
    assert len(rebuilt.sandbox.charges) == 1


def test_a_request_that_overtakes_a_delayed_one_is_repeated(
    server: InProcessServer, keys: KeyRing
) -> None:
    delay = {"kind": "delay", "delay_ms": 2_000, "times": 1, "endpoint": "create_charge"}
    server.send("POST", "/_mock/faults", delay)
    body = {"amount": 700, "currency": "usd", "source": server.token()}
    server.clock.advance(10)
    headers = {b"authorization": server.sandbox.bearer_header, b"idempotency-key": b"a"}
    first = ("POST", "/v1/charges", b"", headers, json.dumps(body).encode())
    wait = server.app.handle(*first)
    assert isinstance(wait, Wait)
    server.clock.advance(1_000)
    retried = server.send("POST", "/v1/charges", body, headers={"idempotency-key": "a"})
    server.clock.advance(1_000)
    late = server.app.handle(*first, after_delay=wait)
    assert isinstance(late, Reply)
    assert late.body == retried.body
    steps = replayed(capsule_of(server), keys)
    assert states(steps) == {"done": 1, "same": 3}


def test_initial_data_and_a_rule_for_a_header_are_repeated(
    make_server: MakeServer, keys: KeyRing
) -> None:
    rule = {"when": {"header": {"X-Kind": "poor"}}, "then": {"decline": {}}}
    data = {"charges": [{"amount": 7, "ago": "2d", "state": "authorized"}]}
    server = make_server(resolve_scenario({"name": "shop", "data": data, "rules": [rule]}))
    server.clock.advance(60_000)
    for kind, status in (("poor", 402), ("rich", 200)):
        body = {"amount": 5, "currency": "usd", "source": server.token()}
        paid = server.send("POST", "/v1/charges", body, headers={"x-kind": kind})
        assert paid.status == status
    server.send("GET", "/v1/charges")
    server.send("POST", "/_mock/fork", {"name": "twin"})
    assert states(replayed(capsule_of(server), keys)) == {"same": 5}
    server.send("PUT", "/_mock/snapshot", server.send("GET", "/_mock/snapshot").json)
    server.send("GET", "/v1/charges")
    (step,) = replayed(capsule_of(server), keys)
    assert (step.number, step.state) == (6, "same")


MARKET = {
    "name": "market",
    "merchants": [{"name": "grocer"}, {"name": "bakery", "data": {"charges": [{"amount": 5}]}}],
}


def test_all_merchants_of_a_sandbox_are_repeated(
    make_server: Callable[..., InProcessServer], keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands still at first, so times do not tell the order of the requests."""
    monkeypatch.setattr("mock_clover.sandbox.sandboxes.START_EXCHANGES", 3)
    server = make_server(resolve_scenario(MARKET))
    grocer, (bakery,) = server.sandbox, server.sandbox.merchants
    ids = {"merchant_id": bakery.credentials.merchant_id}

    def as_bakery() -> None:
        server.sandbox, server.known = bakery, bakery.credentials
        server.charge()
        server.send("GET", "/v1/charges")
        server.sandbox, server.known = grocer, grocer.credentials

    hook = {"url": "http://127.0.0.1:9/", "handshake": False}
    for merchant in (grocer, bakery):
        server.sandbox = merchant
        server.send("PUT", "/_mock/webhooks", hook)
    server.sandbox = grocer
    pair = exchange(server, authorize(server, **ids)).json  # both take ids of the bakery
    as_bakery()
    server.sandboxes.keep_starts()
    assert [len(each.history.later) for each in grocer.all_merchants] == [1, 1]
    server.charge()
    body = {"client_id": server.known.client_id, "refresh_token": pair["refresh_token"]}
    assert post(server, "/oauth/v2/refresh", **body).status == 200
    server.clock.advance(5)
    as_bakery()
    capsule = capsule_of(server)
    steps = replayed(capsule, keys)
    (other,) = capsule["merchants"]
    spoilt = capsule | {"merchants": [other | {"state": other["state"] | {"ids": [1]}}]}
    with pytest.raises(ReplayError, match=r"^merchants.bakery.state: cannot be restored: "):
        replayed(spoilt, keys)
    assert [step for step in steps if step.state == "different"] == []
    assert [step.merchant for step in steps if step.title.endswith("/charges")] == [
        *("bakery", "bakery", "", "bakery", "bakery")
    ]
    assert states(steps) == {"done": 2, "same": 13}
    rebuilt = Replay(decode_capsule(json.dumps(capsule).encode()), keys)
    assert states(list(rebuilt.run(3))) == {"done": 2, "same": 6}
    assert [len(each.charges) for each in rebuilt.sandbox.all_merchants] == [0, 2]


@pytest.mark.parametrize("end", ["-of-a-shop", '"of\\a/sho&p', ""])
def test_credentials_of_the_scenario_are_not_kept(
    end: str,
    make_server: Callable[..., InProcessServer],
    keys: KeyRing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is a token that they sign; a short one is replaced where it is a credential."""
    monkeypatch.setattr("mock_clover.control.capsule.build._CHUNK_BYTES", 1)  # ends with a quote
    known = {"client_secret": f"sec{end}", "access_token": f"acc{end}", "api_key": f"key{end}"}
    bakery = {"name": "b", "client_id": "B123", "client_secret": f"other{end}"}
    merchants = [{"name": "a", "employee_id": "E1234567"} | known, bakery]
    server = make_server(resolve_scenario({"name": "shop", "merchants": merchants}))
    tokens = [exchange(server, authorize(server)).json["access_token"]]
    server.send("GET", "/pakms/apikey")
    migrate(server)
    if end:
        described = {"amount": 5, "currency": "usd", "description": " ".join(known.values())}
        server.send("POST", "/v1/charges", described | {"source": server.token()})
        for value in known.values():
            server.send("GET", f"/v1/charges/{quote(value, safe='')}")
            server.send("POST", "/v1/charges", described | {"source": value})
    grocer, (server.sandbox,) = server.sandbox, server.sandbox.merchants
    server.known = server.sandbox.credentials
    tokens.append(exchange(server, authorize(server)).json["access_token"])
    server.sandbox, server.known = grocer, grocer.credentials
    for _ in range(2):
        capsule = capsule_of(server)
        text = json.dumps(capsule).replace("\\", "")
        kept = [*known.values(), f"other{end}"] if end else [f'"{each}"' for each in known.values()]
        kept += [form for each in kept for form in (quote(each), quote(each, safe=""))]
        secrets = [*kept, *tokens]
        assert [each for each in secrets if each.replace("\\", "") in text] == []
        assert states(replayed(capsule, keys)).keys() <= {"same"}
        server.send("PUT", "/_mock/snapshot", server.send("GET", "/_mock/snapshot").json)


def test_a_long_run_is_repeated_from_a_later_state(
    server: InProcessServer, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_clover.sandbox.journal.ENTRIES_MAX", 7)
    monkeypatch.setattr("mock_clover.sandbox.sandboxes.START_EXCHANGES", 3)
    server.send("PUT", "/_mock/webhooks", {"url": "http://127.0.0.1:9/", "handshake": False})
    for _ in range(6):
        charge = server.charge()
        server.sandboxes.keep_starts()
        server.send("PUT", "/_mock/clock", {"advance": "1h"})
    capsule = capsule_of(server)
    steps = replayed(capsule, keys)
    assert (capsule["lost"], capsule["lost_calls"], states(steps)) == (8, 4, {"same": 5, "done": 3})
    assert capsule["note"] == (
        "It begins after the first 8 exchanges and 4 control requests of the sandbox."
    )
    server.sandbox.history.later = ()
    capsule = capsule_of(server)
    steps = replayed(capsule, keys)
    assert (capsule["lost"], states(steps)) == (5, {"not_compared": 14})
    rebuilt = Replay(decode_capsule(json.dumps(capsule).encode()), keys)
    assert capsule["note"].startswith(
        "It cannot be repeated, because the start of the run is lost (5 exchanges); it has the"
    )
    assert len(list(rebuilt.run())) == 14
    assert [each.number for each in rebuilt.sandbox.journal] == [6, 7, 8, 9, 10, 11, 12]
    assert charge["id"] in rebuilt.sandbox.charges


@pytest.mark.system  # twenty flows
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_golden_flows_are_repeated(file: Path, make_server: MakeServer, keys: KeyRing) -> None:
    server = server_of(file, make_server)
    for example in parse_examples(file.read_text()):
        shown(server, example)
    steps = replayed(capsule_of(server), keys)
    assert [step for step in steps if step.state == "different"] == []
    rejected_card = int(file.stem == "hosted-checkout")
    assert states(steps).get("not_compared", 0) == rejected_card


def test_a_changed_response_is_found(server: InProcessServer, keys: KeyRing) -> None:
    charge = server.charge()
    capsule = capsule_of(server)
    reply = capsule["steps"][1]["exchange"]["reply"]
    reply["body"] = reply["body"].replace('"amount":1800', '"amount":1801')
    _, step = replayed(capsule, keys)
    expected = [("body.amount", "value", 1801, 1800)]
    assert (step.state, list(step.differences)) == ("different", expected)
    assert charge["amount"] == 1800


def put(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a function that puts a value at a path of a capsule."""

    def change(capsule: dict[str, Any]) -> None:
        part: Any = capsule
        for name in path[:-1]:
            part = part[name]
        part[path[-1]] = value

    return change


HOSTILE: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another version": (
        put("mock_clover_capsule", value=2),
        "mock_clover_capsule: version 2; this mock-clover reads 1",
    ),
    "an unknown member": (put("path", value="/etc"), "unknown field `path`"),
    "a path as a name": (put("sandbox", value="../x"), 'sandbox is "../x"; must match'),
    "a text as a status": (
        put("steps", 1, "exchange", "reply", "status", value="x"),
        'steps[1].exchange.reply.status is "x"; must be an integer',
    ),
    "too many steps": (put("steps", value=[{"at_ms": 1}] * 40_001), "at most 40000"),
    "a step of an unknown merchant": (
        put("steps", 1, "merchant", value="x"),
        "steps: there is no merchant 'x'",
    ),
    "too deep": (put("steps", value=json.loads("[" * 90 + "]" * 90)), "more than 64 levels deep"),
    "another control request": (
        put("steps", 1, value={"at_ms": 1, "call": {"name": "put_snapshot"}}),
        "unknown control request 'put_snapshot'",
    ),
    "a control request without its id": (
        put("steps", 1, value={"at_ms": 1, "call": {"name": "delete_fault"}}),
        "the step at exchange 1 cannot be repeated: IndexError",
    ),
    "an empty step": (put("steps", 1, value={"at_ms": 1}), "neither an exchange nor a control"),
    "a state of the ids": (put("state", "ids", value=[1]), "state: cannot be restored"),
    "an unknown job": (put("state", "agenda", value=[[1, 1, "x", "y"]]), "unknown name 'x'"),
}
"""What is changed in a valid capsule, and a part of the error."""


def test_an_invalid_capsule_is_rejected(server: InProcessServer, keys: KeyRing) -> None:
    server.charge()
    valid = json.dumps(capsule_of(server))
    for name, (change, expected) in HOSTILE.items():
        capsule = json.loads(valid)
        change(capsule)
        with pytest.raises(ReplayError) as error:
            replayed(capsule, keys)
        assert expected in str(error.value), name
    for data, expected in ((b"[]", "is not a capsule"), (b" " * 17_000_000, "larger than 16 MiB")):
        with pytest.raises(ReplayError, match=expected):
            decode_capsule(data)


def test_a_path_of_the_control_api_is_not_requested(server: InProcessServer, keys: KeyRing) -> None:
    server.charge()
    capsule = capsule_of(server)
    capsule["steps"][1]["exchange"]["path"] = "/_mock/webhooks"
    _, step = replayed(capsule, keys)
    assert (step.state, step.reason) == (
        "not_compared",
        "requests to the control API are steps of their own",
    )


def test_no_sandbox_of_a_served_capsule_has_a_webhook_target(
    make_server: MakeServer, keys: KeyRing
) -> None:
    """The scenario of a capsule is that of new sandboxes, and its URLs are the author's."""
    hooks = [{"url": "http://127.0.0.1:9/"}]
    server = make_server(resolve_scenario({"name": "shop", "webhooks": hooks}))
    server.charge()
    run = Replay(decode_capsule(json.dumps(capsule_of(server)).encode()), keys)
    assert states(list(run.run())).keys() == {"same"}
    sandboxes = run.open_for_use().sandboxes
    for sandbox in (run.sandbox, sandboxes.get_or_create("another")):
        outbox = sandbox.outbox
        assert outbox is None or not outbox.targets


def test_a_capsule_that_could_not_be_read_is_not_made(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state, its steps and its deliveries are bounded together, too."""
    monkeypatch.setattr("mock_clover.control.capsule.build.CAPSULE_BYTES_MAX", 95_000)
    server.charge()
    assert server.send("POST", "/_mock/capsule").status == 200
    for _ in range(4):
        server.send("POST", "/v1/nothing", {"a": "x" * 7_000})
    refused = server.send("POST", "/_mock/capsule")
    assert refused.status == 400
    assert refused.json["message"].startswith("the capsule is larger than 0.09")


def test_a_request_that_was_repeated_from_the_journal_is_repeated(
    server: InProcessServer, keys: KeyRing
) -> None:
    """The repeated request pays with a copy of the token, and has a new idempotency key."""
    body = {"amount": 700, "currency": "usd", "source": server.token()}
    server.send("POST", "/v1/charges", body, headers={"idempotency-key": "order-1"})
    number = server.sandbox.journal.count
    repeated = server.send("POST", f"/_mock/journal/{number}/replay", {})
    assert [each["member"] for each in repeated.json["replaced"]] == ["source", "idempotency-key"]
    server.charge()
    assert states(replayed(capsule_of(server), keys)) == {"same": 5, "done": 2}


REPEATED_OTHERWISE = {
    *("put_scenario", "post_scenario", "fork", "put_snapshot", "put_sandbox"),  # History itself
    *("pay_checkout", "checkout_submit", "replay_exchange", "send_request"),  # the journal
}
CHANGES_NOTHING = {
    *("check_scenario", "post_capsule", "verify", "why", "delete_sandbox"),
    *("threeds_challenge", "threeds_method", "threeds_notification"),
}


def test_each_control_request_that_changes_a_sandbox_is_kept(server: InProcessServer) -> None:
    """Add a new endpoint to KEPT_CALLS, unless a capsule repeats it otherwise."""
    unjournaled = {
        each.name
        for each in server.app.endpoints
        if not each.surface.journaled and each.method != "GET"
    }
    assert unjournaled == KEPT_CALLS | REPEATED_OTHERWISE | CHANGES_NOTHING
