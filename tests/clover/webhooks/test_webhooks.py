"""Webhooks without sockets: events, retries, faults, snapshots and errors."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.clover.webhooks.operations import send_checkout_event
from mock_clover.clover.webhooks.operations_deliveries import record_attempt, shown_response
from mock_clover.clover.webhooks.records import RETRY_AFTER_MS
from mock_clover.clover.webhooks.records_address import address_error, block_reason, url_error
from mock_clover.clover.webhooks.records_delivery import headers_of, shown_signature
from mock_clover.sandbox.outbox import DELIVERIES_MAX, PENDING_MAX
from mock_clover.scenario.load import ScenarioError, parse
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog
from tests.hostile import BROWSER
from tests.in_process import DECLINED_CARD, NOW_MS, VISA, InProcessServer, MakeServer
from tests.receiver import taken

MINUTE_MS = 60_000
HOOK = "http://127.0.0.1:9000/hooks"
PAN = "4539148803436467"


def hooked(server: InProcessServer, **members: Any) -> dict[str, Any]:
    """Register a target that needs no handshake, and return the response."""
    body = {"url": HOOK, "secret": "s3cret"} | members
    if body.get("kind", "platform") == "platform":
        body.setdefault("handshake", False)
    got = server.send("PUT", "/_mock/webhooks", body)
    assert got.status == 200, got
    return dict(got.json)


def deliveries(server: InProcessServer, query: str = "") -> list[dict[str, Any]]:
    return list(server.send("GET", f"/_mock/deliveries{query}").json["data"])


def refused(server: InProcessServer, method: str, path: str, body: Any = None) -> str:
    got = server.send(method, path, body)
    assert got.status in (400, 404), got
    return str(got.json["message"])


def test_public_webhook_hosts_need_an_option(server: InProcessServer) -> None:
    app = build(
        *(server.sandbox.rules.scenario, server.keys),
        seed="x",
        log=ExchangeLog(None, "none"),
        setting_overrides={},
        webhook_hosts=("Hooks.Example.COM",),
    )
    assert app._webhook_hosts == ("hooks.example.com",)


# Events -------------------------------------------------------------------------------------------


def do_sale(server: InProcessServer) -> str:
    return str(server.charge()["id"])


def do_authorize(server: InProcessServer) -> str:
    return str(server.charge(capture=False)["id"])


def do_decline(server: InProcessServer) -> None:
    body = {"amount": 1, "currency": "usd", "source": server.token(DECLINED_CARD)}
    assert server.send("POST", "/v1/charges", body).status == 402


def do_capture(server: InProcessServer) -> None:
    server.send("POST", f"/v1/charges/{do_authorize(server)}/capture", {"amount": 5})


def do_refund(server: InProcessServer) -> None:
    server.send("POST", "/v1/refunds", {"charge": do_sale(server)})


def do_void(server: InProcessServer) -> None:
    server.send("POST", "/v1/refunds", {"charge": do_authorize(server)})


def do_pay_and_return(server: InProcessServer) -> None:
    order = server.order(100, 200)["id"]
    server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    server.send("POST", f"/v1/orders/{order}/returns", {})


def do_customer(server: InProcessServer) -> None:
    created = server.customer()
    path, card = f"/v1/customers/{created['id']}", created["sources"]["data"][0]
    server.send("PUT", path, {"email": "a@example.com"})
    server.send("DELETE", f"{path}/sources/{card}")
    server.send("PUT", path, {"email": "a@example.com", "source": server.token()})
    server.send("DELETE", path)


def do_wrong_things(server: InProcessServer) -> None:
    for path, body in [
        ("/v1/charges", {"amount": 0, "currency": "usd", "source": "clv_none"}),
        ("/v1/refunds", {"charge": "ZZZZZZZZZZZZZ"}),
        ("/v1/orders/ZZZZZZZZZZZZZ/pay", {"source": "clv_none"}),
        ("/v1/customers", {"email": "a@example.com", "source": "clv_none"}),
    ]:
        assert server.send("POST", path, body).status >= 400


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (do_sale, ["O:CREATE charge", "P:CREATE charge"]),
        (do_authorize, ["O:CREATE charge", "P:CREATE charge"]),
        (do_decline, ["P:CREATE decline"]),
        (do_capture, ["O:CREATE charge", "P:CREATE charge", "P:UPDATE capture"]),
        (do_refund, ["O:CREATE charge", "P:CREATE charge", "P:UPDATE refund"]),
        (do_void, ["O:CREATE charge", "P:CREATE charge", "P:UPDATE void"]),
        (
            do_pay_and_return,
            [
                *("O:CREATE order", "P:CREATE charge", "O:UPDATE payment"),
                *("P:UPDATE refund", "O:UPDATE return"),
            ],
        ),
        (
            do_customer,
            [
                *("C:CREATE customer", "C:UPDATE customer", "C:UPDATE card"),
                *("C:UPDATE customer", "C:DELETE customer"),
            ],
        ),
        (do_wrong_things, []),
    ],
)
def test_events_are_sent_in_order(
    server: InProcessServer, act: Callable[[InProcessServer], Any], expected: list[str]
) -> None:
    hooked(server)
    act(server)
    assert [f"{each['event']} {each['about']}" for each in deliveries(server)] == expected
    assert [post.event for post in taken(server.sandbox)] == [e.split(" ")[0] for e in expected]


def test_platform_event_has_documented_format(server: InProcessServer) -> None:
    hooked(server, events=["P"])
    charge = do_sale(server)
    (post,) = taken(server.sandbox)
    assert post.headers == {"X-Clover-Auth": "s3cret"}
    event = {"objectId": f"P:{charge}", "type": "CREATE", "ts": NOW_MS}
    assert post.json == {
        "appId": server.known.client_id,
        "merchants": {server.known.merchant_id: [event]},
    }


PUBLISHED = (
    b'{"appId":"DRKVJT2ZRRRSC","merchants":{"XYZVJT2ZRRRSC":[{"objectId":"O:GHIVJT2ZRRRSC",'
    b'"type":"CREATE","ts":1537970958000}]}}'
)
"""The sample of Clover's webhooks page."""


def test_clovers_own_sample_is_sent_byte_for_byte(
    make_server: MakeServer,
) -> None:
    text = "name: s\nmerchants:\n  - {name: own, merchant_id: XYZVJT2ZRRRSC}\n"
    server = make_server(parse(text.encode(), "s.yaml"))
    hooked(server, app_id="DRKVJT2ZRRRSC")
    event = {"object": "O", "id": "GHIVJT2ZRRRSC", "type": "CREATE", "ts": 1_537_970_958_000}
    server.send("POST", "/_mock/webhooks/send", event)
    assert [post.body for post in taken(server.sandbox)] == [PUBLISHED]


@pytest.mark.parametrize(
    ("approved", "expected"),
    [
        (True, {"message": "Approved for 1800", "status": "APPROVED"}),
        (False, {"message": "Decline for 1800", "status": "DECLINED"}),
    ],
)
def test_a_hosted_checkout_event_is_signed_over_its_time_and_raw_body(
    server: InProcessServer, approved: bool, expected: dict[str, str]
) -> None:
    send_checkout_event(server.sandbox, "P1", approved=approved, amount=1800, session_id="a1b2-c3")
    assert server.sandbox.outbox is None, "without a target no event is created"
    hooked(server, kind="hosted_checkout", secret="whsec")
    hooked(server, id="other-kind")
    send_checkout_event(server.sandbox, "P1", approved=approved, amount=1800, session_id="a1b2-c3")
    (post,) = taken(server.sandbox)
    assert (
        post.json
        == {
            "createdTime": NOW_MS,
            "type": "PAYMENT",
            "id": "P1",
            "merchantId": server.known.merchant_id,
            "checkoutSessionId": "a1b2-c3",
        }
        | expected
    )
    parts = dict(each.split("=", 1) for each in post.headers["Clover-Signature"].split(","))
    assert parts["t"] == str(NOW_MS // 1000)
    signed = hmac.new(b"whsec", parts["t"].encode() + b"." + post.body, hashlib.sha256)
    assert parts["v1"] == signed.hexdigest()


def test_target_gets_only_subscribed_events(server: InProcessServer) -> None:
    hooked(server, id="all")
    hooked(server, id="some", events=["C", "P:UPDATE"])
    do_refund(server)
    server.customer()
    got = [(post.line, post.event) for post in taken(server.sandbox)]
    assert sorted(got) == [
        *(("all", "C:CREATE"), ("all", "O:CREATE"), ("all", "P:CREATE"), ("all", "P:UPDATE")),
        *(("some", "C:CREATE"), ("some", "P:UPDATE")),
    ]


def test_targets_do_not_change_responses(make_server: MakeServer) -> None:
    plain, heard = make_server(), make_server()
    hooked(heard)
    hooked(heard, id="generated", secret=None, handshake=True)
    assert [plain.charge(), plain.customer(), plain.order(5)] == [
        *(heard.charge(), heard.customer(), heard.order(5)),
    ]
    assert plain.sandbox.outbox is None


def test_replayed_request_sends_no_event(server: InProcessServer) -> None:
    hooked(server, events=["P"])
    body = {"amount": 1, "currency": "usd", "source": server.token()}
    for _ in range(3):
        server.send("POST", "/v1/charges", body, headers={"idempotency-key": "k"})
    assert len(deliveries(server)) == 1


def tls_server(server: InProcessServer) -> str:
    """Create a charge that waits for 3-D Secure, and return its id."""
    body = {
        "amount": 100,
        "currency": "usd",
        "source": server.token(),
        "threeds": {"source": "CLOVER", "browser_info": BROWSER},
    }
    got = server.send(
        "POST", "/v1/charges", body, headers={"x-mock-clover-outcome": "threeds/challenge"}
    )
    assert got.json.get("status") == "pending", got
    return str(got.json["id"])


@pytest.mark.parametrize(
    ("result", "expected"),
    [("approve", ["O:CREATE charge", "P:CREATE charge"]), ("fail", ["P:CREATE decline"])],
)
def test_event_is_sent_when_pending_charge_is_decided(
    server: InProcessServer, result: str, expected: list[str]
) -> None:
    hooked(server)
    charge = tls_server(server)
    assert deliveries(server) == []
    server.send("POST", f"/_mock/threeds/{charge}", {"result": result})
    body = {"charge_id": charge, "threeds": {"source": "CLOVER", "flow_status": "COMPLETED"}}
    server.send("POST", "/v1/charges/finalize_payment", body)
    assert [f"{each['event']} {each['about']}" for each in deliveries(server)] == expected


def test_why_sends_no_events(server: InProcessServer) -> None:
    hooked(server)
    body = {"amount": 1, "currency": "usd", "source": server.token()}
    assert server.send("POST", "/_mock/why", {"path": "/v1/charges", "body": body}).status == 200
    assert deliveries(server) == []


# Retries -----------------------------------------------------------------------------------------


def advance(server: InProcessServer, by: str) -> list[tuple[int, str, str]]:
    fired = server.send("PUT", "/_mock/clock", {"advance": by}).json["fired"]
    return [(each["at_ms"] - NOW_MS, each["kind"], each["id"]) for each in fired]


def attempts(server: InProcessServer) -> list[tuple[int, int | None]]:
    (delivery,) = deliveries(server)
    return [(each["due_ms"] - NOW_MS, each.get("status")) for each in delivery["attempts"]]


def test_failed_delivery_is_retried_on_schedule(server: InProcessServer) -> None:
    hooked(server, events=["P"])
    do_sale(server)
    assert len(taken(server.sandbox, 500)) == 1
    assert advance(server, "59s") == []
    assert taken(server.sandbox) == []
    assert advance(server, "1s") == [(MINUTE_MS, "webhook_due", "delivery-1")]
    assert len(taken(server.sandbox, 500)) == 1
    assert advance(server, "5m") == [(6 * MINUTE_MS, "webhook_due", "delivery-1")]
    assert len(taken(server.sandbox, 200)) == 1
    assert advance(server, "30d") == []
    assert attempts(server) == [(0, 500), (MINUTE_MS, 500), (6 * MINUTE_MS, 200)]
    assert deliveries(server)[0]["state"] == "delivered"


def test_the_schedule_ends(server: InProcessServer) -> None:
    hooked(server, events=["P"])
    do_sale(server)
    taken(server.sandbox, 503)
    for _ in RETRY_AFTER_MS:
        assert len(advance(server, "1d")) == 1
        taken(server.sandbox, 503)
    assert advance(server, "300d") == []
    elapsed = [sum(RETRY_AFTER_MS[:n]) for n in range(len(RETRY_AFTER_MS) + 1)]
    assert attempts(server) == [(at_ms, 503) for at_ms in elapsed], "a late request changes no time"
    assert deliveries(server)[0]["state"] == "failed"


def test_a_target_may_have_a_schedule_of_its_own(server: InProcessServer) -> None:
    hooked(server, events=["P"], retry_after_ms=[1])
    hooked(server, events=["P"], id="once", retry_after_ms=[])
    do_sale(server)
    taken(server.sandbox, 500)
    assert [each["state"] for each in deliveries(server)] == ["waiting", "failed"]
    advance(server, "1ms")
    taken(server.sandbox, 500)
    assert [each["state"] for each in deliveries(server)] == ["failed", "failed"]


def test_retry_is_signed_with_its_own_time(server: InProcessServer) -> None:
    hooked(server, kind="hosted_checkout")
    send_checkout_event(server.sandbox, "P1", approved=True, amount=1, session_id="a1b2-c3")
    first = taken(server.sandbox, 500)
    advance(server, "1m")
    second = taken(server.sandbox)
    times = [post.headers["Clover-Signature"].partition(",")[0] for post in (*first, *second)]
    assert times == [f"t={NOW_MS // 1000}", f"t={NOW_MS // 1000 + 60}"]
    assert first[0].body == second[0].body


def test_a_delivery_can_be_sent_again(server: InProcessServer) -> None:
    hooked(server, events=["P"])
    do_sale(server)
    (first,) = taken(server.sandbox)
    got = server.send("POST", "/_mock/deliveries/delivery-1/resend")
    assert (got.json["id"], got.json["resend_of"]) == ("delivery-2", "delivery-1")
    (again,) = taken(server.sandbox)
    assert again == first
    assert "no delivery has the id 'x'" in refused(server, "POST", "/_mock/deliveries/x/resend")
    server.send("DELETE", "/_mock/webhooks/target-1")
    result = refused(server, "POST", "/_mock/deliveries/delivery-1/resend")
    assert "its target 'target-1' no longer exists" in result


def test_a_delivery_is_sent_again_with_a_fault(server: InProcessServer) -> None:
    hooked(server, kind="hosted_checkout")
    send_checkout_event(server.sandbox, "P1", approved=True, amount=1, session_id="a1b2-c3")
    (first,) = taken(server.sandbox)
    path = "/_mock/deliveries/delivery-1/resend"
    facts: tuple[tuple[dict[str, Any], list[tuple[str, str, int]]], ...] = (
        ({"copies": 2}, [("under_way", "right", 0), ("under_way", "right", 0)]),
        ({"delay_ms": 5_000}, [("waiting", "right", 5_000)]),
        ({"after_next": True}, [("held", "right", 0)]),
        ({"signature": "wrong"}, [("under_way", "wrong", 0)]),
        ({"signature": "none"}, [("under_way", "none", 0)]),
    )
    for body, expected in facts:
        number = server.send("POST", path, body).json["number"]
        made = deliveries(server, f"?after={number - 1}&object_id=P1")
        result = [
            (each["state"], each["signature"], each.get("due_ms", NOW_MS) - NOW_MS) for each in made
        ]
        assert result == expected, body
    posts = taken(server.sandbox)
    assert [post.body for post in posts] == [first.body] * 4
    assert [post.headers == first.headers for post in posts] == [True, True, False, False]
    send_checkout_event(server.sandbox, "P2", approved=True, amount=1, session_id="a1b2-c3")
    assert [json.loads(post.body)["id"] for post in taken(server.sandbox)] == ["P2", "P1"]
    message = refused(server, "POST", path, {"delay_ms": 1, "after_next": True})
    assert message == "delay_ms and after_next cannot be combined"
    assert deliveries(server, "?object_id=NOBODY") == []


def test_an_attempt_has_its_signature_and_the_response(server: InProcessServer) -> None:
    outbox = server.sandbox.ensure_outbox()
    shown = []
    for kind, secret in (("platform", "0123456789abcdef"), ("hosted_checkout", "whsec")):
        hooked(server, id=kind, kind=kind, secret=secret)
    server.send("POST", "/_mock/webhooks/send", {"object": "P", "id": "X", "type": "CREATE"})
    send_checkout_event(server.sandbox, "P1", approved=True, amount=1, session_id="a1b2-c3")
    for name in ("platform", "hosted_checkout"):
        taken_pair = outbox.take(name)
        assert taken_pair is not None
        sent = shown_signature(*taken_pair)
        shown.append(sent)
        record_attempt(
            *(server.sandbox, taken_pair[1].id),
            status=500,
            error="500",
            signature=sent,
            response=shown_response(f"Card {PAN} declined{'.' * 2_000}".encode()),
        )
        pair = (name, dict(headers_of(*taken_pair)))
        if name == "hosted_checkout":
            assert sent == f"Clover-Signature: {pair[1]['Clover-Signature']}"
    assert shown[0] == "X-Clover-Auth: 0123…"
    attempts = [each["attempts"][0] for each in deliveries(server)]
    assert [each["signature"] for each in attempts] == shown
    assert {each["response"][:26] for each in attempts} == {"Card [card ...6467] declin"}
    assert {len(each["response"]) for each in attempts} == {1_000}


@pytest.mark.parametrize(
    ("url", "note"),
    [
        (HOOK, ""),
        ("http://localhost:3000/", ""),
        ("http://shop:3000/", ""),
        ("http://host.docker.internal/", ""),
        ("http://[::1]:3000/", ""),
        ("https://8.8.8.8/", "is not in a loopback or private network: events are sent only with"),
        ("https://example.com/hook", "only if example.com resolves to a loopback or private"),
    ],
)
def test_a_target_says_when_its_host_is_not_local(
    server: InProcessServer, url: str, note: str
) -> None:
    assert note in hooked(server, url=url).get("note", "")
    assert bool(note) == ("note" in server.send("GET", "/_mock/webhooks").json["data"][0])


# The handshake -----------------------------------------------------------------------------------


def test_platform_target_gets_events_after_verification(server: InProcessServer) -> None:
    created = hooked(server, handshake=True)
    assert created["state"] == "awaiting_code"
    (post,) = taken(server.sandbox)
    assert post.headers == {}
    assert list(post.json) == ["verificationCode"]
    do_sale(server)
    assert taken(server.sandbox) == []
    event = {"object": "I", "id": "X", "type": "CREATE"}
    assert "no active target" in refused(server, "POST", "/_mock/webhooks/send", event)
    assert server.send("GET", "/_mock/webhooks").json["data"][0]["withheld"] == 3
    path = "/_mock/webhooks/target-1/verify"
    result = refused(server, "POST", path, {"verificationCode": "guessed"})
    assert "does not match the last code sent" in result
    got = server.send("POST", path, post.json)
    assert (got.status, got.json["state"]) == (200, "active")
    do_sale(server)
    assert [each.event for each in taken(server.sandbox)] == ["O:CREATE", "P:CREATE"]
    assert "target-1 is not waiting for a verification code" in refused(
        server, "POST", path, post.json
    )


def test_a_code_is_good_for_one_registration(server: InProcessServer) -> None:
    hooked(server, handshake=True, id="a")
    (first,) = taken(server.sandbox)
    hooked(server, handshake=True, id="a")
    (second,) = taken(server.sandbox)
    assert first.json != second.json
    path = "/_mock/webhooks/a/verify"
    refused(server, "POST", path, first.json)
    for body in ({}, second.json | {"skip": True}):
        assert "exactly one of verificationCode and skip" in refused(server, "POST", path, body)
    assert server.send("POST", path, {"skip": True}).json["state"] == "active"


# Faults -------------------------------------------------------------------------------------------

REFUNDED = ["P:CREATE", "P:UPDATE"]


@pytest.mark.parametrize(
    ("plan", "at_once", "later"),
    [
        ([], REFUNDED, []),
        ([{"do": "duplicate"}], ["P:CREATE", "P:CREATE", "P:UPDATE", "P:UPDATE"], []),
        ([{"do": "duplicate", "copies": 3, "times": 1}], ["P:CREATE"] * 3 + ["P:UPDATE"], []),
        ([{"do": "drop", "event": "P:CREATE"}], ["P:UPDATE"], []),
        ([{"do": "drop"}], [], []),
        ([{"do": "reorder", "times": 1}], ["P:UPDATE", "P:CREATE"], []),
        ([{"do": "delay", "delay_ms": 1_000, "times": 1}], ["P:UPDATE"], ["P:CREATE"]),
        ([{"do": "delay", "delay_ms": 1_000}], [], REFUNDED),
        ([{"do": "late_after_refund", "event": "P:CREATE"}], ["P:UPDATE", "P:CREATE"], []),
        ([{"do": "drop", "times": 1}, {"do": "duplicate"}], ["P:UPDATE", "P:UPDATE"], []),
        ([{"do": "duplicate", "nth": 1}], ["P:CREATE", "P:CREATE", "P:UPDATE"], []),
        ([{"do": "drop", "nth": 2}], ["P:CREATE"], []),
        ([{"do": "drop", "nth": 3}, {"do": "duplicate", "nth": 2}], [*REFUNDED, "P:UPDATE"], []),
        ([{"do": "duplicate", "times": 1}, {"do": "drop", "nth": 2}], ["P:CREATE"] * 2, []),
    ],
)
def test_delivery_faults(
    server: InProcessServer, plan: list[dict[str, Any]], at_once: list[str], later: list[str]
) -> None:
    hooked(server, events=["P"], plan=plan)
    do_refund(server)
    assert [post.event for post in taken(server.sandbox)] == at_once
    fired = advance(server, "1s")
    assert [post.event for post in taken(server.sandbox)] == later
    assert [at_ms for at_ms, *_ in fired] == [1_000] * len(later)


def test_a_scenario_has_delivery_faults_of_every_target(
    make_server: MakeServer,
) -> None:
    """After those of the target's own plan; of a hosted checkout only those without an event."""
    text = "name: x\nwebhook_plan: [{do: drop, event: 'P:UPDATE'}, {do: duplicate, times: 1}]"
    server = make_server(parse(text.encode(), "x.yaml"))
    hooked(server, events=["P"], plan=[{"do": "reorder", "times": 1}])
    hooked(server, id="b", kind="hosted_checkout")
    do_refund(server)
    assert [post.event for post in taken(server.sandbox)] == []
    listed = server.send("GET", "/_mock/webhooks").json["data"]
    assert [target["left"] for target in listed] == [[0, None, 1], [1]]


def test_late_after_refund_waits_for_the_refund_of_its_own_payment(server: InProcessServer) -> None:
    hooked(server, events=["P"], plan=[{"do": "late_after_refund", "event": "P:CREATE"}])
    first, second = do_sale(server), do_sale(server)
    assert taken(server.sandbox) == []
    assert [each["held_for"] for each in deliveries(server)] == [first, second]
    server.send("POST", "/v1/refunds", {"charge": second})
    about = [
        (post.event, next(iter(post.json["merchants"].values()))[0]["objectId"])
        for post in taken(server.sandbox)
    ]
    assert about == [("P:UPDATE", f"P:{second}"), ("P:CREATE", f"P:{second}")]


def test_late_after_refund_for_checkout_event(server: InProcessServer) -> None:
    hooked(server, kind="hosted_checkout", plan=[{"do": "late_after_refund"}])
    hooked(server, id="p", events=["C"])
    charge = do_sale(server)
    send_checkout_event(server.sandbox, charge, approved=True, amount=1, session_id="a1b2-c3")
    assert taken(server.sandbox) == []
    server.send("POST", "/v1/refunds", {"charge": charge})
    assert [post.json["id"] for post in taken(server.sandbox)] == [charge]


def test_delivery_fault_times_are_counted_down(server: InProcessServer) -> None:
    hooked(server, events=["P"], plan=[{"do": "drop", "times": 3}, {"do": "duplicate"}])
    do_sale(server)
    (target,) = server.send("GET", "/_mock/webhooks").json["data"]
    assert target["left"] == [2, None]
    assert [each["state"] for each in deliveries(server)] == ["dropped"]


@pytest.mark.parametrize(
    ("order", "headers"),
    [
        ({"signature": "right"}, {"X-Clover-Auth": "s3cret"}),
        ({"signature": "wrong"}, {"X-Clover-Auth": "not-s3cret"}),
        ({"signature": "none"}, {}),
    ],
)
def test_manual_event_is_sent_as_requested(
    server: InProcessServer, order: dict[str, Any], headers: dict[str, str]
) -> None:
    hooked(server, plan=[{"do": "drop"}])
    body = {"object": "I", "id": "ITEM1", "type": "DELETE", "ts": 5, "copies": 2} | order
    got = server.send("POST", "/_mock/webhooks/send", body)
    assert [each["about"] for each in got.json["data"]] == ["sent", "sent"]
    posts = taken(server.sandbox)
    assert [post.headers for post in posts] == [headers, headers]
    happened = {"objectId": "I:ITEM1", "type": "DELETE", "ts": 5}
    assert posts[0].json["merchants"] == {server.known.merchant_id: [happened]}


def test_manual_payload_replaces_body(server: InProcessServer) -> None:
    hooked(server, kind="hosted_checkout", secret="k")
    body = {"kind": "hosted_checkout", "payload": {"a": ["é", 1.5, None]}, "delay_ms": 1_000}
    server.send("POST", "/_mock/webhooks/send", body)
    assert taken(server.sandbox) == []
    advance(server, "1s")
    (post,) = taken(server.sandbox)
    assert post.body == '{"a":["é",1.5,null]}'.encode()
    at = str(NOW_MS // 1000 + 1)
    signed = hmac.new(b"k", f"{at}.".encode() + post.body, hashlib.sha256).hexdigest()
    assert post.headers == {"Clover-Signature": f"t={at},v1={signed}"}


# Rules and scenarios -----------------------------------------------------------------------------

RULE = (
    "name: s\nwebhooks:\n  - {url: 'http://127.0.0.1:9/', secret: a, events: [P, C, O]}\nrules:\n"
)


def ruled(make_server: MakeServer, when: str, then: str) -> InProcessServer:
    text = f"{RULE}  - {{when: {{{when}}}, then: {{{then}}}}}\n"
    return make_server(parse(text.encode(), "s.yaml"))


@pytest.mark.parametrize(
    ("when", "then", "status", "expected"),
    [
        ("amount: 7", "webhook: {}", 200, ["P:CREATE charge", "P:CREATE rule"]),
        ("amount: 7", "webhook: {type: UPDATE}", 200, ["P:CREATE charge", "P:UPDATE rule"]),
        ("amount: 7", "decline: {}, webhook: {}", 402, ["P:CREATE decline", "P:CREATE rule"]),
        ("amount: 7", "approve: {}, webhook: {}", 200, ["P:CREATE charge", "P:CREATE rule"]),
        ("amount: 7", "problem: RATE_LIMITED, webhook: {id: X}", 429, ["P:CREATE rule"]),
        ("amount: 7", "problem: RATE_LIMITED, webhook: {payload: {a: 1}}", 429, [" rule"]),
        ("amount: 7", "raw: {body: {id: R1}}, webhook: {}", 200, ["P:CREATE rule"]),
        ("amount: 8", "webhook: {}", 200, ["P:CREATE charge"]),
        ("endpoint: get_charge", "webhook: {object: P, id: X}", 200, ["P:CREATE charge"]),
    ],
)
def test_rule_event_is_sent_for_every_outcome(
    make_server: MakeServer,
    when: str,
    then: str,
    status: int,
    expected: list[str],
) -> None:
    server = ruled(make_server, when, then)
    body = {"amount": 7, "currency": "usd", "source": server.token()}
    got = server.send("POST", "/v1/charges", body)
    assert got.status == status
    result = [f"{each.get('event') or ''} {each['about']}" for each in deliveries(server)]
    assert [each for each in result if not each.startswith("O:")] == expected
    if expected[-1] == "P:CREATE rule" and status != 429:
        tree = got.json
        created = tree.get("id") or tree["error"]["charge"]
        assert deliveries(server)[-1]["body"]["merchants"][server.known.merchant_id] == [
            {"objectId": f"P:{created}", "type": "CREATE", "ts": NOW_MS}
        ]


def test_rule_event_is_not_sent_for_invalid_request(
    make_server: MakeServer,
) -> None:
    server = ruled(make_server, "amount: 7", "webhook: {payload: {a: 1}}")
    body = {"amount": 7, "currency": "usd", "source": "clv_none"}
    assert server.send("POST", "/v1/charges", body).status == 400
    assert deliveries(server) == []


def test_a_rules_event_about_a_capture_names_its_charge(
    make_server: MakeServer,
) -> None:
    then = "problem: SANDBOX_FULL, webhook: {delay_ms: 1000}"
    server = ruled(make_server, "endpoint: capture_charge", then)
    charge = do_authorize(server)
    taken(server.sandbox)
    assert server.send("POST", f"/v1/charges/{charge}/capture", {}).status == 503
    assert taken(server.sandbox) == []
    assert advance(server, "1s") == [(1_000, "webhook_due", "delivery-3")]
    (post,) = taken(server.sandbox)
    event = {"objectId": f"P:{charge}", "type": "UPDATE", "ts": NOW_MS}
    assert post.json["merchants"] == {server.known.merchant_id: [event]}


def test_rule_can_send_hosted_checkout_event(make_server: MakeServer) -> None:
    server = ruled(make_server, "amount: 7", "decline: {}, webhook: {kind: hosted_checkout}")
    hooked(server, kind="hosted_checkout", id="hco")
    body = {"amount": 7, "currency": "usd", "source": server.token()}
    charge = server.send("POST", "/v1/charges", body).json["error"]["charge"]
    (event,) = deliveries(server, "?target=hco")
    assert event["body"] == {
        "createdTime": NOW_MS,
        "message": "Decline for 7",
        "status": "DECLINED",
        "type": "PAYMENT",
        "id": charge,
        "merchantId": server.known.merchant_id,
    }


def test_rule_with_fault_and_event(make_server: MakeServer) -> None:
    then = "fault: {kind: problem, problem: SERVICE_UNAVAILABLE, when: %s}, webhook: {%s}"
    after = ruled(make_server, "amount: 7", then % ("after_commit", ""))
    before = ruled(make_server, "amount: 7", then % ("before_commit", "id: X"))
    for server, expected in ((after, ["charge", "charge", "rule"]), (before, ["rule"])):
        body = {"amount": 7, "currency": "usd", "source": server.token()}
        assert server.send("POST", "/v1/charges", body).status == 503
        assert [each["about"] for each in deliveries(server)] == expected


WEBHOOK = "name: x\nwebhooks:\n  - {%s}"
THEN = "name: x\nrules:\n  - when: {%s}\n    then: {%s}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WEBHOOK % "url: ftp://127.0.0.1/", "3:6: must be an http:// or https:// URL"),
        (WEBHOOK % "url: 'http://169.254.169.254/'", "3:6: 169.254.169.254 is a link-local"),
        (WEBHOOK % f"url: 'http://a/{PAN}'", "3:6: contains what looks like a card number"),
        (
            WEBHOOK % "url: 'http://a/', secret: 'a b'",
            "3:24: The value does not have the form: platform: value of",
        ),
        (
            WEBHOOK % "url: 'http://a/', events: [Q]",
            "3:24: unknown event 'Q'; must be P (payments)",
        ),
        (
            WEBHOOK % "url: 'http://a/', kind: hosted_checkout, events: [P]",
            "3:47: is only allowed for kind platform",
        ),
        (
            WEBHOOK % "url: 'http://a/', plan: [{do: delay}]",
            "`delay_ms` is required with `do: delay` and not allowed otherwise",
        ),
        (
            "name: x\nwebhook_plan: [{do: drop, event: Q}]",
            "2:16: unknown event 'Q'; must be P (payments)",
        ),
        (WEBHOOK % "url: 'http://a/', scret: a", "did you mean `secret`?"),
        (
            "name: x\nwebhooks: [{id: a, url: 'http://a/'}, {id: a, url: 'http://b/'}]",
            "2:40: duplicate target id `a`",
        ),
        (
            THEN % ("endpoint: create_token", "webhook: {}"),
            "the only outcome allowed for create_token is `problem`",
        ),
        (
            THEN % ("endpoint: list_charges", "webhook: {id: X}"),
            "creates no object that the event could name; set `object`",
        ),
        (
            THEN % ("endpoint: list_charges", "webhook: {object: P}"),
            "creates no object that the event could name; set `id`",
        ),
        (
            THEN % ("endpoint: create_charge", "problem: RATE_LIMITED, webhook: {}"),
            "create_charge fails and creates no object; set `id`",
        ),
        (THEN % ("", "webhook: {status: APPROVED}"), "4:22: is not allowed for kind platform"),
        (THEN % ("", "webhook: {payload: {}, id: X}"), "cannot be combined with `payload`"),
        (THEN % ("", f"webhook: {{payload: {{a: {PAN}}}}}"), "looks like a card number"),
    ],
)
def test_webhook_error_has_line_number(text: str, message: str) -> None:
    from mock_clover.clover.surface import OPERATIONS

    with pytest.raises(ScenarioError) as error:
        parse(text.encode(), "s.yaml", OPERATIONS)
    assert message in str(error.value).splitlines()[0]


def test_fixtures_send_no_events(make_server: MakeServer) -> None:
    text = f"{RULE}  - {{then: {{approve: {{}}}}}}\ndata:\n  charges: [{{amount: 5}}]\n"
    server = make_server(parse(text.encode(), "s.yaml"))
    assert len(server.sandbox.charges) == 1
    assert deliveries(server) == []


def test_scenario_change_replaces_only_scenario_targets(
    make_server: MakeServer,
) -> None:
    server = make_server(parse(f"{RULE}  - {{then: {{approve: {{}}}}}}".encode(), "s.yaml"))
    hooked(server, id="mine")
    known = server.send("GET", "/_mock/webhooks").json["data"]
    assert [(each["id"], each.get("of_scenario")) for each in known] == [
        *(("target-1", True), ("mine", None)),
    ]
    do_sale(server)
    server.send("PUT", "/_mock/scenario", {"name": "sandbox"})
    (saved,) = server.send("GET", "/_mock/webhooks").json["data"]
    assert saved["id"] == "mine"
    assert {each["target"]: each["state"] for each in deliveries(server)} == {
        "target-1": "dropped",
        "mine": "under_way",
    }


def test_reloading_scenario_keeps_pending_deliveries(
    make_server: MakeServer,
) -> None:
    text = f"{RULE}  - {{then: {{approve: {{}}}}}}".encode()
    server = make_server(parse(text, "s.yaml"))
    do_sale(server)
    server.sandboxes.reload(parse(text + b"\nabout: changed", "s.yaml"))
    assert server.sandbox.rules.scenario.about == "changed"
    assert [post.event for post in taken(server.sandbox)] == ["P:CREATE", "O:CREATE"][::-1]


# Forks, snapshots, isolation ---------------------------------------------------------------------


def test_fork_has_targets_and_pending_deliveries_but_no_log(server: InProcessServer) -> None:
    hooked(server, events=["P"])
    do_sale(server)
    taken(server.sandbox)
    do_sale(server)
    taken(server.sandbox, 500)
    do_sale(server)
    twin = server.sandbox.fork("twin", server.known)
    assert twin.outbox is not None
    assert [(each.id, each.state) for each in twin.outbox] == [
        *(("delivery-2", "waiting"), ("delivery-3", "under_way")),
    ]
    assert [post.event for post in taken(twin)] == ["P:CREATE"]
    assert len(taken(server.sandbox)) == 1, "they are independent"


def test_snapshot_restores_targets_and_pending_deliveries(
    make_server: MakeServer,
) -> None:
    server, other = make_server(), make_server()
    plan = [{"do": "late_after_refund", "event": "P:CREATE", "times": 2}]
    hooked(server, events=["P"], plan=plan, secret=None)
    charge = do_sale(server)
    do_capture(server)
    taken(server.sandbox, 500)
    held = server.send("GET", "/_mock/snapshot")
    assert other.send("PUT", "/_mock/snapshot", raw=held.body).status == 200
    assert other.send("GET", "/_mock/snapshot").json["webhooks"] == held.json["webhooks"]
    assert other.send("GET", "/_mock/webhooks").json == server.send("GET", "/_mock/webhooks").json
    other.known = other.sandbox.credentials
    for each in (server, other):
        assert [at for at, *_ in advance(each, "1m")] == [MINUTE_MS]
        each.send("POST", "/v1/refunds", {"charge": charge})
    assert taken(other.sandbox) == taken(server.sandbox) != []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("targets", 0, "spec", "url"), "http://169.254.169.254/", "link-local"),
        (("targets", 0, "id"), "gone", "is not a valid pending delivery"),
        (("pending", 0, "state"), "delivered", "is not a valid pending delivery"),
        (("count",), 0, "is not a valid pending delivery"),
    ],
)
def test_a_snapshot_with_impossible_webhooks_changes_nothing(
    server: InProcessServer, path: tuple[Any, ...], value: Any, message: str
) -> None:
    hooked(server, events=["P"])
    do_sale(server)
    before = server.send("GET", "/_mock/snapshot").body
    tree = json.loads(before)
    node = tree["webhooks"]
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert message in refused(server, "PUT", "/_mock/snapshot", tree)
    assert server.send("GET", "/_mock/snapshot").body == before


def test_events_are_isolated_by_sandbox(server: InProcessServer) -> None:
    hooked(server)
    other = server.sandboxes.get_or_create("other")
    server.sandbox, mine = other, server.sandbox
    server.known = other.credentials
    do_sale(server)
    assert other.outbox is None
    assert taken(mine) == []


@pytest.mark.parametrize("end", ["delete", "create"])
def test_pending_deliveries_end_with_sandbox(server: InProcessServer, end: str) -> None:
    server.sandbox = gone = server.sandboxes.get_or_create("gone")
    server.known = gone.credentials
    hooked(server)
    do_sale(server)
    getattr(server.sandboxes, end)("gone")
    assert gone.outbox is None


# Limits and errors --------------------------------------------------------------------------------


def test_targets_and_deliveries_are_bounded(server: InProcessServer) -> None:
    for number in range(20):
        hooked(server, id=f"t{number}", events=["C"])
    result = refused(server, "PUT", "/_mock/webhooks", {"url": HOOK})
    assert "there are already 20 targets; delete one" in result
    hooked(server, id="t0", events=["I"])
    event = {"object": "I", "id": "X", "type": "CREATE", "copies": 10}
    for _ in range(PENDING_MAX // 10 + 1):
        server.send("POST", "/_mock/webhooks/send", event)
    outbox = server.sandbox.outbox
    assert outbox is not None
    assert len(outbox.pending()) == PENDING_MAX
    assert [each.state for each in outbox][:11] == ["dropped"] * 10 + ["under_way"]
    for _ in range(DELIVERIES_MAX // 10):
        server.send("POST", "/_mock/webhooks/send", event)
        taken(server.sandbox)
    assert len(list(outbox)) == DELIVERIES_MAX
    assert outbox.pending() == ()
    assert server.send("DELETE", "/_mock/webhooks").json == {"cleared": 20}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"url": "http://127.0.0.1:9/\r\nX: y"}, "url: must be an http:// or https:// URL"),
        ({"url": "http://127.0.0.1/a b"}, "url: must be an http:// or https:// URL"),
        ({"url": "file:///etc/passwd"}, "url: must be an http:// or https:// URL"),
        ({"url": "http://u:p@127.0.0.1/"}, "url: must not contain a user name"),
        ({"url": "http://127.0.0.1:99999/"}, "url: has an invalid host or port"),
        ({"url": "http://127.0.0.1/#a"}, "url: must not have a fragment"),
        ({"url": "http:///x"}, "url: has an invalid host or port"),
        ({"url": f"http://a/{'x' * 2_000}"}, "url: is longer than 2000"),
        ({"url": f"http://a/?card={PAN}"}, "url: contains what looks like a card number"),
        ({"url": HOOK, "secret": "a\r\nX-Injected: 1"}, "secret"),
        ({"url": HOOK, "secret": PAN}, "secret: contains what looks like a card number"),
        ({"url": HOOK, "id": "../x"}, "id"),
        ({"url": HOOK, "kind": "hosted_checkout", "handshake": True}, "handshake: only platform"),
        ({"url": HOOK, "evnts": ["P"]}, "evnts"),
        ({}, "url"),
    ],
)
def test_invalid_target_is_rejected(server: InProcessServer, body: Any, message: str) -> None:
    assert message in refused(server, "PUT", "/_mock/webhooks", body)
    assert server.sandbox.outbox is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"id": "X", "type": "CREATE"}, "object: is required unless `payload` is set"),
        ({"kind": "hosted_checkout", "id": "X"}, "status: is required"),
        ({"payload": {"n": int(PAN)}}, "payload: contains what looks like a card number"),
        ({"payload": {"n": "x" * 20_000}}, "payload: is longer than 16384 bytes"),
        ({"payload": {}, "target": "nobody"}, "no target has the id 'nobody'"),
        ({"kind": "hosted_checkout", "payload": {}}, "no active target of kind hosted_checkout"),
        ({"object": "C", "id": "X", "type": "CREATE"}, "that receives this event"),
    ],
)
def test_invalid_event_is_rejected(server: InProcessServer, body: Any, message: str) -> None:
    hooked(server, events=["P"])
    assert message in refused(server, "POST", "/_mock/webhooks/send", body)
    assert deliveries(server) == []


def test_secret_is_shown_only_on_creation(server: InProcessServer) -> None:
    assert hooked(server, secret="tell-nobody")["secret"] == "tell-nobody"
    generated = hooked(server, secret=None, id="b")["secret"]
    kept = hooked(server, secret=None, id="target-1", events=["P"])
    assert kept["secret"] == "tell-nobody", "a replaced target keeps its secret"
    do_sale(server)
    outbox = server.sandbox.outbox
    assert outbox is not None
    seen = [
        *(
            server.send("GET", f"/_mock/{path}").body
            for path in ("webhooks", "deliveries", "journal")
        ),
        repr(outbox.targets).encode(),
        repr(list(outbox)).encode(),
    ]
    assert not [text for text in seen if b"tell-nobody" in text or generated.encode() in text]


def test_a_generated_signing_secret_of_the_hosted_checkout_has_its_prefix(
    server: InProcessServer,
) -> None:
    """Observed: it begins with hcp_."""
    kinds = ("hosted_checkout", "platform")
    created = [hooked(server, id=kind, kind=kind, secret=None)["secret"] for kind in kinds]
    assert [secret.startswith("hcp_") for secret in created] == [True, False]
    send_checkout_event(server.sandbox, "P1", approved=True, amount=1, session_id="a1b2-c3")
    (post,) = taken(server.sandbox)
    parts = dict(each.split("=", 1) for each in post.headers["Clover-Signature"].split(","))
    signed = hmac.new(created[0].encode(), parts["t"].encode() + b"." + post.body, hashlib.sha256)
    assert parts["v1"] == signed.hexdigest()


def test_no_card_number_is_in_a_payload(server: InProcessServer) -> None:
    hooked(server)
    customer = server.customer(PAN)
    server.charge(source=customer["id"], description=f"card {PAN}", metadata={"n": PAN})
    do_decline(server)
    posts = taken(server.sandbox)
    assert len(posts) == 4
    digits = (PAN, VISA, DECLINED_CARD, PAN[:6], PAN[-4:])
    assert not [post for post in posts for text in digits if text.encode() in post.body]
    assert PAN.encode() not in server.send("GET", "/_mock/deliveries").body


# Blocked targets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe"),
        *("::169.254.169.254", "::ffff:0:169.254.169.254", "64:ff9b::169.254.169.254"),
        *("64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1"),
        *("2001:0:808:808::5601:5601", "fe80::5efe:a9fe:a9fe"),
        *("fe80::1", "febf::1", "fd00:ec2::254", "fd20:ce::254"),
        *("100.100.100.200", "::ffff:100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "255.255.255.255", "ff02::1"),
    ],
)
def test_some_addresses_are_refused_whatever_is_allowed(address: str) -> None:
    assert block_reason(address)
    assert address_error(address, address, (address,))
    shown = f"[{address}]" if ":" in address else address
    assert url_error(f"http://{shown}:80/") == block_reason(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.1.2.3", "172.16.0.1"),
        *("172.31.255.255", "192.168.1.1", "fd12:3456::1", "fc00::1"),
    ],
)
def test_loopback_and_private_networks_are_allowed(address: str) -> None:
    assert address_error(address, "shop", ()) == ""


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "::ffff:8.8.8.8", "172.32.0.1", "192.169.0.1", "100.64.0.1", "11.0.0.1"),
        *("2001:4860:4860::8888", "64:ff9b::8.8.8.8", "64:ff9b::127.0.0.1", "2002:7f00:1::"),
    ],
)
def test_other_addresses_are_allowed_by_name_only(address: str) -> None:
    assert "--webhook-host hooks.example.com" in address_error(address, "hooks.example.com", ())
    assert address_error(address, "hooks.example.com", ("hooks.example.com",)) == ""
    assert address_error(address, "hooks.example.com", ("example.com",)) != ""
