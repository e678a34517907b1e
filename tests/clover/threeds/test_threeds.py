"""3-D Secure without a browser: each flow from charge to result.

The flow of each card, the status of a waiting charge and the values of flow_status are inferred.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.scenario.load import ScenarioError, parse
from tests.clover.webhooks.test_webhooks import deliveries, hooked
from tests.control.snapshot.test_snapshots import SandboxClient
from tests.hostile import BROWSER
from tests.in_process import DECLINED_CARD, NOW_MS, VISA, InProcessServer, MakeServer, Response

OUTCOME = "x-mock-clover-outcome"
FRICTIONLESS, CHALLENGE, AMEX = "4001230000000129", "4012000033330026", "373953192351004"
METHOD, METHOD_CHALLENGE, DECLINE = "6011000990139424", "4043130007524792", "4811326490014875"
LISTED = {
    FRICTIONLESS: 1_000,
    CHALLENGE: 25_001,
    AMEX: 25_001,
    METHOD: 6_677,
    METHOD_CHALLENGE: 7_001,
    DECLINE: 1_009,
}
"""Clover's six 3-D Secure cards and the exact amounts that go with them (documented)."""

PASSED = {
    "validation_result": "AUTHENTICATION_SUCCESSFUL",
    "liability_protection_status": "PROTECTED",
}
UNKNOWN = {
    "validation_result": "AUTHENTICATION_STATUS_UNKNOWN",
    "liability_protection_status": "NOT_PROTECTED",
}
FAILED = {
    "validation_result": "AUTHENTICATION_FAILED",
    "liability_protection_status": "NOT_PROTECTED",
}
REFUSED = {
    "code": "card_declined",
    "message": "3-D Secure authentication failed",
    "declineCode": "authentication_failed",
}


def asking(
    server: InProcessServer, pan: str = VISA, amount: int | None = None, **more: Any
) -> dict[str, Any]:
    """Return the body of a charge that requests 3-D Secure."""
    cvv = "1234" if pan == AMEX else "123"
    return {
        "amount": amount or LISTED.get(pan, 1_800),
        "currency": "usd",
        "source": server.token(pan, cvv=cvv),
        "threeds": {"source": "CLOVER", "browser_info": BROWSER},
    } | more


def charge(server: InProcessServer, pan: str = VISA, outcome: str = "", **more: Any) -> Response:
    headers = {OUTCOME: outcome} if outcome else {}
    return server.send("POST", "/v1/charges", asking(server, pan, **more), headers=headers)


def finalize(
    server: InProcessServer, charge_id: str, flow_status: str = "done", **headers: str
) -> Response:
    threeds = {"source": "CLOVER", "flow_status": flow_status}
    body = {"charge_id": charge_id, "threeds": threeds}
    return server.send("POST", "/v1/charges/finalize_payment", body, headers=headers)


def say(server: InProcessServer, charge_id: str, result: str) -> Response:
    return server.send("POST", f"/_mock/threeds/{charge_id}", {"result": result})


def fetched(server: InProcessServer, charge_id: str) -> dict[str, Any]:
    return dict(server.send("GET", f"/v1/charges/{charge_id}").json)


# The flows ----------------------------------------------------------------------------------------


def test_frictionless_charge_succeeds_and_has_threeds(server: InProcessServer) -> None:
    got = charge(server, FRICTIONLESS)
    plain = server.charge(source=server.token(FRICTIONLESS), amount=1_000)
    shown = dict(got.json)
    assert shown.pop("threeds") == PASSED
    assert list(shown) == list(plain)
    assert (shown["status"], shown["paid"]) == ("succeeded", True)
    assert got.why == (
        "sandbox: VISA ...0129 is listed to approve (inferred); 3-D Secure, frictionless: "
        "sandbox: VISA ...0129 is listed for frictionless at 10.00 (inferred)"
    )


def test_challenged_charge_is_pending_until_finalized(server: InProcessServer) -> None:
    got = charge(server, CHALLENGE)
    created = got.json
    data = created["threeds"]["data"]
    assert (got.status, created) == (
        200,
        {
            "id": created["id"],
            "amount": 25_001,
            "payment_method_details": "card",
            "amount_refunded": 0,
            "currency": "USD",
            "created": NOW_MS,
            "captured": False,
            "status": "pending",
            "source": created["source"],
            "ecomind": "ecom",
            "threeds": {
                "validation_result": "CHALLENGE_FLOW_REQUIRED",
                "liability_protection_status": "NOT_PROTECTED",
                "source": "CLOVER",
                "data": {
                    "acs_url": "http://localhost:4242/3ds/challenge/"
                    + data["threeds_server_transaction_id"],
                    "acs_transaction_id": data["acs_transaction_id"],
                    "threeds_server_transaction_id": data["threeds_server_transaction_id"],
                    "threeds_protocol_version": "2.2.0",
                },
            },
        },
    )
    waiting = fetched(server, created["id"])
    assert waiting["threeds"] == created["threeds"]
    assert {"outcome", "paid", "order", "ref_num"}.isdisjoint(waiting)
    assert say(server, created["id"], "approve").json["result"] == "approve"
    result = finalize(server, created["id"])
    paid = result.json
    assert (result.status, paid["id"], paid["created"]) == (200, created["id"], NOW_MS)
    assert (paid["status"], paid["captured"], paid["paid"]) == ("succeeded", True, True)
    assert paid["threeds"] == PASSED
    assert paid["outcome"] == {"network_status": "approved_by_network", "type": "authorized"}
    assert result.why == (
        "sandbox: VISA ...0026 is listed to approve (inferred); "
        "3-D Secure challenge: issuer result 'approve'"
    )
    assert "order" in fetched(server, created["id"])


def test_method_flow_continues_for_any_flow_status(server: InProcessServer) -> None:
    created = charge(server, METHOD).json
    data = created["threeds"]["data"]
    transaction = data["threeds_server_transaction_id"]
    assert (created["status"], created["threeds"]["validation_result"], data) == (
        "pending",
        "THREEDS_METHOD_FLOW_REQUIRED",
        {
            "method_url": f"http://localhost:4242/3ds/method/{transaction}",
            "method_notification_url": f"http://localhost:4242/3ds/notification/{transaction}",
            "threeds_server_transaction_id": transaction,
            "threeds_protocol_version": "2.2.0",
        },
    )
    assert finalize(server, created["id"]).json["threeds"] == PASSED


def test_a_method_may_be_followed_by_a_challenge(server: InProcessServer) -> None:
    created = charge(server, METHOD_CHALLENGE).json
    challenged = finalize(server, created["id"], "SUCCESS").json
    assert (challenged["id"], challenged["status"]) == (created["id"], "pending")
    assert challenged["threeds"]["validation_result"] == "CHALLENGE_FLOW_REQUIRED"
    assert finalize(server, created["id"]).status == 400
    assert finalize(server, created["id"], "SUCCESS").json["threeds"] == PASSED


def test_an_issuer_may_refuse_at_once(server: InProcessServer) -> None:
    got = charge(server, DECLINE)
    ((charge_id, _),) = server.sandbox.charges.items_newest_first()
    assert (got.status, got.json["error"]) == (402, REFUSED | {"charge": charge_id})
    shown = fetched(server, charge_id)
    assert (shown["status"], shown["threeds"]) == ("failed", FAILED)
    assert shown["failure_message"] == "3-D Secure authentication failed"


@pytest.mark.parametrize("pan", [CHALLENGE, AMEX, METHOD, METHOD_CHALLENGE, DECLINE])
@pytest.mark.parametrize("off", [-1, 1])
def test_another_amount_is_frictionless(server: InProcessServer, pan: str, off: int) -> None:
    got = charge(server, pan, amount=LISTED[pan] + off)
    assert (got.json["status"], got.json["threeds"]) == ("succeeded", PASSED)


@pytest.mark.parametrize("pan", LISTED)
def test_card_without_threeds_request_is_approved(server: InProcessServer, pan: str) -> None:
    created = server.charge(amount=LISTED[pan], source=server.token(pan))
    assert (created["status"], "threeds" in created) == ("succeeded", False)


def test_payment_can_be_declined_after_authentication(server: InProcessServer) -> None:
    pending = charge(server, DECLINED_CARD, "threeds/challenge").json
    assert pending["status"] == "pending"
    got = finalize(server, pending["id"], "SUCCESS")
    assert (got.status, got.json["error"]["message"]) == (402, "DECLINED: No reason provided.")
    shown = fetched(server, pending["id"])
    assert (shown["status"], shown["threeds"]) == ("failed", PASSED)


@pytest.mark.parametrize(
    ("status", "http", "threeds"),
    [
        ("SUCCESS", 200, UNKNOWN),
        ("Success", 200, UNKNOWN),
        ("Attempted", 200, UNKNOWN),
        ("Unavailable", 200, UNKNOWN),
        (None, 200, UNKNOWN),
        ("Failed", 402, UNKNOWN | FAILED),
        ("REJECTED", 402, UNKNOWN | FAILED),
    ],
)
def test_external_authentication_is_accepted_unchanged(
    server: InProcessServer, status: str | None, http: int, threeds: dict[str, str]
) -> None:
    """Documented: even a success gets a response with unknown status; errors are inferred."""
    result = {"authentication_status": status, "cryptogram": "11B5 2345", "threeds_version": "2"}
    body = {"source": "NON_CLOVER", "authentication_result": result}
    got = charge(server, CHALLENGE, threeds=body)
    ((charge_id, _),) = server.sandbox.charges.items_newest_first()
    assert (got.status, fetched(server, charge_id)["threeds"]) == (http, threeds)


# What determines the result -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "status", "threeds"),
    [
        ("approve", 200, PASSED),
        ("attempt", 200, PASSED | {"validation_result": "AUTHENTICATION_ATTEMPTED"}),
        ("unavailable", 200, UNKNOWN),
        ("fail", 402, FAILED),
    ],
)
@pytest.mark.parametrize("flow_status", ["SUCCESS", "FAILED", "done"])
def test_issuer_result_overrides_flow_status(
    server: InProcessServer, result: str, status: int, threeds: dict[str, str], flow_status: str
) -> None:
    pending = charge(server, CHALLENGE).json["id"]
    say(server, pending, result)
    assert finalize(server, pending, flow_status).status == status
    assert fetched(server, pending)["threeds"] == threeds


@pytest.mark.parametrize(
    ("flow_status", "status", "result"),
    [
        ("success", 200, "AUTHENTICATION_SUCCESSFUL"),
        ("Attempted", 200, "AUTHENTICATION_ATTEMPTED"),
        ("UNAVAILABLE", 200, "AUTHENTICATION_STATUS_UNKNOWN"),
        ("FAILED", 402, "AUTHENTICATION_FAILED"),
        ("rejected", 402, "AUTHENTICATION_FAILED"),
    ],
)
def test_flow_status_decides_without_issuer_result(
    server: InProcessServer, flow_status: str, status: int, result: str
) -> None:
    pending = charge(server, CHALLENGE).json["id"]
    assert finalize(server, pending, flow_status).status == status
    assert fetched(server, pending)["threeds"]["validation_result"] == result


def test_an_unknown_flow_status_leaves_the_charge_pending(server: InProcessServer) -> None:
    pending = charge(server, CHALLENGE).json["id"]
    assert finalize(server, pending, "done").status == 400
    result = fetched(server, pending)["threeds"]["validation_result"]
    assert result == "CHALLENGE_FLOW_REQUIRED"


@pytest.mark.parametrize("flow", ["frictionless", "unavailable", "method", "challenge", "decline"])
def test_flow_by_header_and_by_description(server: InProcessServer, flow: str) -> None:
    by_header = charge(server, VISA, f"threeds/{flow}")
    by_text = charge(server, VISA, description=f"mock-clover:threeds/{flow}")
    shown = [
        fetched(server, key)["threeds"] for key, _ in server.sandbox.charges.items_newest_first()
    ]
    assert by_header.status == by_text.status == (402 if flow == "decline" else 200)
    assert shown[0]["validation_result"] == shown[1]["validation_result"]
    assert by_header.why.endswith(f"3-D Secure, {flow}: header: threeds/{flow}")
    assert by_text.why.endswith(f"3-D Secure, {flow}: text: mock-clover:threeds/{flow}")


def test_rule_sets_flow_and_payment_outcome(make_server: MakeServer) -> None:
    rules = (
        "name: t\nrules:\n"
        "  - {when: {amount: 1}, then: {threeds: challenge}}\n"
        "  - {when: {amount: 2}, then: {threeds: challenge, decline: {decline_code: lost_card}}}\n"
        "  - {when: {amount: 3}, then: {threeds: unavailable, approve: {}}}\n"
        "  - {when: {endpoint: finalize_payment, amount: 4, card: {brand: VISA}},"
        " then: {decline: {decline_code: stolen_card}}}\n"
        "  - {when: {endpoint: create_charge, amount: 4}, then: {threeds: method}}\n"
    )
    server = make_server(parse(rules.encode(), "t.yaml"))
    one, two, three, four = (charge(server, amount=amount) for amount in (1, 2, 3, 4))
    assert finalize(server, one.json["id"], "SUCCESS").status == 200
    assert finalize(server, two.json["id"], "SUCCESS").json["error"]["declineCode"] == "lost_card"
    assert three.json["threeds"] == UNKNOWN
    assert finalize(server, four.json["id"]).json["error"]["declineCode"] == "stolen_card"
    assert server.charge(amount=1)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{then: {threeds: challenged}}", "challenged"),
        ("{then: {threeds: method, problem: UNAUTHORIZED}}", "combined with approve or decline"),
        ("{when: {endpoint: create_refund}, then: {threeds: method}}", "is not supported for"),
        (
            "{when: {endpoint: create_token}, then: {threeds: method}}",
            "the only outcome allowed for create_token is `problem`",
        ),
    ],
)
def test_invalid_rule_is_rejected(rule: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parse(
            f"name: t\nrules:\n  - {rule}\n".encode(), "t.yaml", ["create_refund", "create_token"]
        )


# The control API ----------------------------------------------------------------------------------


def test_pending_charges_are_listed_newest_first(server: InProcessServer) -> None:
    assert server.send("GET", "/_mock/threeds").json == {"data": []}
    first, second = charge(server, CHALLENGE).json, charge(server, METHOD).json
    listed = server.send("GET", "/_mock/threeds").json["data"]
    assert [each["charge"] for each in listed] == [second["id"], first["id"]]
    assert listed[1] == {
        "charge": first["id"],
        "status": "pending",
        "step": "challenge",
        "result": None,
        "amount": 25_001,
        "currency": "USD",
        "order": None,
        "expires_ms": NOW_MS + 600_000,
        "data": first["threeds"]["data"],
    }
    finalize(server, first["id"], "FAILED")
    finalize(server, second["id"])
    assert server.send("GET", "/_mock/threeds").json == {"data": []}


def test_control_call_resolves_pending_charge(server: InProcessServer) -> None:
    pending = charge(server, CHALLENGE).json["id"]
    assert say(server, pending, "timeout").json["status"] == "failed"
    assert "THREEDS_EXPIRED" in finalize(server, pending, "SUCCESS").why
    method = charge(server, METHOD).json["id"]
    say(server, method, "challenge")
    assert (
        finalize(server, method).json["threeds"]["validation_result"] == "CHALLENGE_FLOW_REQUIRED"
    )
    assert server.send("GET", "/_mock/threeds").json["data"][0]["result"] is None


@pytest.mark.parametrize(
    ("prepare", "result", "status", "message"),
    [
        (lambda _: "0000000000000", "approve", 404, "no charge has the id '0000000000000'"),
        (
            lambda server: server.charge()["id"],
            "approve",
            400,
            "is not waiting for 3-D Secure; its state is captured",
        ),
        (
            lambda server: charge(server, CHALLENGE).json["id"],
            "challenge",
            400,
            "result: `challenge` is only allowed while the method step is pending",
        ),
        (
            lambda server: charge(server, CHALLENGE).json["id"],
            "approved",
            400,
            'result is "approved"; must be one of approve,',
        ),
    ],
)
def test_invalid_control_call_explains_error(
    server: InProcessServer,
    prepare: Callable[[InProcessServer], str],
    result: str,
    status: int,
    message: str,
) -> None:
    got = say(server, prepare(server), result)
    assert got.status == status
    assert message in got.json["message"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_issuer_pages_explain_how_to_answer(server: InProcessServer, method: str) -> None:
    for pan, names in {
        CHALLENGE: ["acs_url"],
        METHOD: ["method_url", "method_notification_url"],
    }.items():
        created = charge(server, pan).json
        for name in names:
            path = created["threeds"]["data"][name].removeprefix("http://localhost:4242")
            page = server.send(method, path, auth=False, headers={"origin": "https://shop.example"})
            assert (page.status, page.content_type) == (200, "text/plain; charset=utf-8")
            assert f"/_mock/threeds/{created['id']} " in page.body.decode()
            finalize(server, created["id"], "FAILED")
            assert server.send(method, path).status == 404
            created = charge(server, pan).json


def test_finalize_path_lists_allowed_methods(server: InProcessServer) -> None:
    got = server.send("DELETE", "/v1/charges/finalize_payment")
    assert (got.status, got.headers["allow"]) == (405, "PUT, GET, POST, OPTIONS")


# Time, keys, lists, snapshots ---------------------------------------------------------------------


def test_pending_charge_expires(server: InProcessServer) -> None:
    pending = charge(server, CHALLENGE).json["id"]
    server.clock.advance(599_999)
    assert fetched(server, pending)["status"] == "pending"
    server.clock.advance(1)
    shown = fetched(server, pending)
    assert (shown["status"], shown["threeds"]) == ("failed", FAILED)
    assert shown["failure_message"] == "3-D Secure authentication has expired"
    fired = server.send("PUT", "/_mock/clock", {"advance": "1d"}).json["fired"]
    assert fired == []


def test_pending_time_is_configurable_and_reported(make_server: MakeServer) -> None:
    server = make_server(threeds_life_ms=1_000)
    pending = charge(server, CHALLENGE).json["id"]
    fired = server.send("PUT", "/_mock/clock", {"advance": "1s"}).json["fired"]
    assert fired == [{"at_ms": NOW_MS + 1_000, "kind": "threeds_expired", "id": pending}]


def test_authorization_lifetime_starts_at_finalization(server: InProcessServer) -> None:
    pending = charge(server, CHALLENGE, capture=False).json["id"]
    server.clock.advance(500_000)
    assert finalize(server, pending, "SUCCESS").json["captured"] is False
    server.clock.advance(7 * 86_400_000 - 1)
    assert server.send("POST", f"/v1/charges/{pending}/capture", {"amount": 5}).status == 200


def test_a_replay_is_the_same_and_changes_nothing(server: InProcessServer) -> None:
    body = asking(server, CHALLENGE)
    key = {"idempotency-key": "k"}
    first, second = (server.send("POST", "/v1/charges", body, headers=key) for _ in range(2))
    assert first.body == second.body
    pending = first.json["id"]
    result = [finalize(server, pending, "SUCCESS", **{"idempotency-key": "f"}) for _ in range(2)]
    assert result[0].body == result[1].body
    state = server.sandbox.state()
    assert server.send("POST", "/v1/charges", body, headers=key).body == first.body
    assert server.sandbox.state() == state


@pytest.mark.parametrize(("spends", "again"), [(True, 400), (False, 200)])
def test_failed_authentication_uses_up_token(
    make_server: MakeServer, spends: bool, again: int
) -> None:
    server = make_server(decline_spends_token=spends)
    for end in ("FAILED", "SUCCESS"):
        body = asking(server, DECLINED_CARD) | {"description": "mock-clover:threeds/challenge"}
        pending = server.send("POST", "/v1/charges", body).json["id"]
        assert (
            server.send("POST", "/v1/charges", body).json["error"]["code"] == "token_already_used"
        )
        assert finalize(server, pending, end).status == 402
        plain = {k: v for k, v in body.items() if k not in ("threeds", "description")}
        got = server.send("POST", "/v1/charges", plain, headers={OUTCOME: "approve"})
        assert got.status == again


def test_pending_or_failed_charge_cannot_be_captured_or_refunded(server: InProcessServer) -> None:
    for end in ("", "FAILED"):
        pending = charge(server, CHALLENGE, capture=False).json["id"]
        if end:
            finalize(server, pending, end)
        state = server.sandbox.state()
        capture = server.send("POST", f"/v1/charges/{pending}/capture")
        refund = server.send("POST", "/v1/refunds", {"charge": pending})
        assert (capture.status, refund.status) == (400, 400)
        assert server.sandbox.state() == state


def test_charges_are_filtered_by_threeds_status(server: InProcessServer) -> None:
    plain = server.charge()["id"]
    passed, waiting = charge(server).json["id"], charge(server, CHALLENGE).json["id"]

    def listed(query: str) -> list[str]:
        return [each["id"] for each in server.send("GET", f"/v1/charges?{query}").json["data"]]

    assert listed("is_threeds=true") == [waiting, passed]
    assert listed("is_threeds=false") == [plain]
    assert listed("threeds_validation_result=AUTHENTICATION_SUCCESSFUL") == [passed]
    assert listed("threeds_validation_result=CHALLENGE_FLOW_REQUIRED&is_threeds=true") == [waiting]
    assert listed("threeds_validation_result=NONE") == []
    assert server.send("GET", "/v1/charges?is_threeds=maybe").status == 400


def test_snapshot_and_fork_include_pending_charges(make_server: MakeServer) -> None:
    server = make_server()
    pending = charge(server, CHALLENGE).json["id"]
    result = charge(server, CHALLENGE).json["id"]
    say(server, result, "fail")
    fork = server.send("POST", "/_mock/fork", {"name": "twin"})
    assert fork.status == 200
    snapshot = server.send("GET", "/_mock/snapshot").json
    other = make_server()
    assert other.send("PUT", "/_mock/snapshot", snapshot).status == 200
    threeds = {"source": "CLOVER", "flow_status": "SUCCESS"}
    branch = SandboxClient(server, "twin")
    for charge_id, status in ((pending, 200), (result, 402)):
        body = {"charge_id": charge_id, "threeds": threeds}
        ends = [
            server.send("POST", "/v1/charges/finalize_payment", body),
            other.send("POST", "/v1/charges/finalize_payment", body),
            branch.send("POST", "/v1/charges/finalize_payment", body),
        ]
        assert [end.status for end in ends] == [status] * 3
        assert len({end.body for end in ends}) == 1
    again = charge(other, CHALLENGE).json["id"]
    other.send("PUT", "/_mock/clock", {"advance": "10m"})
    assert fetched(other, again)["status"] == "failed"


def test_issuer_pages_are_isolated_by_sandbox(server: InProcessServer) -> None:
    server.send("PUT", "/_mock/sandboxes/shop", {})
    branch = SandboxClient(server, "shop")
    body = {"amount": 25_001, "currency": "usd", "source": branch.token(CHALLENGE)}
    body["threeds"] = {"source": "CLOVER", "browser_info": BROWSER}
    url = branch.send_ok("POST", "/v1/charges", body)["threeds"]["data"]["acs_url"]
    assert url.startswith("http://localhost:4242/sandbox/shop/3ds/challenge/")
    page = branch.send("GET", url.removeprefix("http://localhost:4242/sandbox/shop"))
    assert b"http://localhost:4242/sandbox/shop/_mock/threeds/" in page.body


# Orders -------------------------------------------------------------------------------------------


def pay(server: InProcessServer, order: str, pan: str = CHALLENGE, **more: Any) -> Response:
    body = {"source": server.token(pan), "threeds": {"source": "CLOVER", "browser_info": BROWSER}}
    return server.send("POST", f"/v1/orders/{order}/pay", body | more)


def test_an_order_is_paid_when_its_charge_is_finalised(server: InProcessServer) -> None:
    order = server.order(25_000, 1)["id"]
    pending = pay(server, order, email="jo@example.com").json
    assert (pending["status"], pending["status_transitions"]) == ("created", {})
    assert (pending["amount_paid"], pending["threeds"]["source"]) == (0, "CLOVER")
    assert "charge" not in server.send("GET", f"/v1/orders/{order}").json
    server.clock.advance(1_000)
    result = finalize(server, pending["charge"], "SUCCESS").json
    assert (result["id"], result["status"]) == (pending["charge"], "succeeded")
    got = server.send("GET", f"/v1/orders?status_transitions.paid.gte={NOW_MS + 1_000}")
    assert [each["id"] for each in got.json["data"]] == [order]
    paid = server.send("GET", f"/v1/orders/{order}").json
    assert (paid["charge"], paid["amount_paid"], paid["email"]) == (
        pending["charge"],
        25_001,
        "jo@example.com",
    )


def test_order_paid_during_challenge_is_not_paid_twice(server: InProcessServer) -> None:
    order = server.order(25_001)["id"]
    pending = [pay(server, order).json["charge"] for _ in range(2)]
    assert finalize(server, pending[0], "SUCCESS").status == 200
    got = finalize(server, pending[1], "SUCCESS")
    assert (got.status, got.json["error"]["code"]) == (409, "order_already_paid")
    assert fetched(server, pending[1])["status"] == "pending"


def test_partial_payment_exceeding_remaining_amount_is_rejected(server: InProcessServer) -> None:
    order = server.order(30_000)["id"]
    pending = pay(server, order, amount=25_001).json["charge"]
    assert pay(server, order, VISA, amount=10_000).json["status"] == "created"
    got = finalize(server, pending, "SUCCESS")
    assert (got.status, got.json["error"]["code"]) == (400, "invalid_charge_amount")


def test_order_stays_unpaid_after_failed_authentication(server: InProcessServer) -> None:
    order = server.order(25_001)["id"]
    pending = pay(server, order).json["charge"]
    assert finalize(server, pending, "FAILED").status == 402
    assert pay(server, order, FRICTIONLESS).json["status"] == "paid"


def test_phantom_decline_after_challenge(make_server: MakeServer) -> None:
    rule = "{when: {amount: 5}, then: {threeds: challenge, decline: {phantom: true}}}"
    server = make_server(parse(f"name: t\nrules: [{rule}]".encode(), "t.yaml"))
    order = server.order(5)["id"]
    pending = pay(server, order).json["charge"]
    assert finalize(server, pending, "SUCCESS").status == 402
    assert fetched(server, pending)["status"] == "succeeded"
    assert json.loads(server.send("GET", f"/v1/orders/{order}").body)["amount_paid"] == 5


# Webhooks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pan", "end", "announced"),
    [
        (CHALLENGE, "", []),
        (CHALLENGE, "SUCCESS", ["O:CREATE charge", "P:CREATE charge"]),
        (CHALLENGE, "FAILED", ["P:CREATE decline"]),
        (DECLINED_CARD, "SUCCESS", ["P:CREATE decline"]),
    ],
)
def test_webhook_is_sent_once_when_payment_is_finalized(
    server: InProcessServer, pan: str, end: str, announced: list[str]
) -> None:
    hooked(server)
    pending = charge(server, pan, "threeds/challenge").json["id"]
    if end:
        finalize(server, pending, end)
    assert [f"{each['event']} {each['about']}" for each in deliveries(server)] == announced
