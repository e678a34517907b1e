"""3-D Secure, headless: each flow from its charge to its end.

Which card takes which flow, the status of what waits and the words of flow_status are inferred.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.scenario.load import ScenarioError, parse
from tests.clover.webhooks.test_webhooks import deliveries, hooked
from tests.control.test_snapshots import Branch
from tests.hostile import BROWSER
from tests.world import DECLINES, NOW_MS, VISA, Answered, World

MakeWorld = Callable[..., World]
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


def asking(world: World, pan: str = VISA, amount: int | None = None, **more: Any) -> dict[str, Any]:
    """Return the body of a charge that asks for 3-D Secure."""
    cvv = "1234" if pan == AMEX else "123"
    return {
        "amount": amount or LISTED.get(pan, 1_800),
        "currency": "usd",
        "source": world.token(pan, cvv=cvv),
        "threeds": {"source": "CLOVER", "browser_info": BROWSER},
    } | more


def charge(world: World, pan: str = VISA, outcome: str = "", **more: Any) -> Answered:
    headers = {OUTCOME: outcome} if outcome else {}
    return world.send("POST", "/v1/charges", asking(world, pan, **more), headers=headers)


def finalize(world: World, charge_id: str, flow_status: str = "done", **headers: str) -> Answered:
    threeds = {"source": "CLOVER", "flow_status": flow_status}
    body = {"charge_id": charge_id, "threeds": threeds}
    return world.send("POST", "/v1/charges/finalize_payment", body, headers=headers)


def say(world: World, charge_id: str, result: str) -> Answered:
    return world.send("POST", f"/_mock/threeds/{charge_id}", {"result": result})


def fetched(world: World, charge_id: str) -> dict[str, Any]:
    return dict(world.send("GET", f"/v1/charges/{charge_id}").json)


# The flows ----------------------------------------------------------------------------------------


def test_frictionless_charge_succeeds_and_has_threeds(world: World) -> None:
    got = charge(world, FRICTIONLESS)
    plain = world.charge(source=world.token(FRICTIONLESS), amount=1_000)
    shown = dict(got.json)
    assert shown.pop("threeds") == PASSED
    assert list(shown) == list(plain)
    assert (shown["status"], shown["paid"]) == ("succeeded", True)
    assert got.why == (
        "sandbox: VISA ...0129 is listed to approve (inferred); 3-D Secure, frictionless: "
        "sandbox: VISA ...0129 is listed for frictionless at 1000 (inferred)"
    )


def test_challenged_charge_is_pending_until_finalized(world: World) -> None:
    got = charge(world, CHALLENGE)
    made = got.json
    data = made["threeds"]["data"]
    assert (got.status, made) == (
        200,
        {
            "id": made["id"],
            "amount": 25_001,
            "payment_method_details": "card",
            "amount_refunded": 0,
            "currency": "USD",
            "created": NOW_MS,
            "captured": False,
            "status": "pending",
            "source": made["source"],
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
    waiting = fetched(world, made["id"])
    assert waiting["threeds"] == made["threeds"]
    assert {"outcome", "paid", "order", "ref_num"}.isdisjoint(waiting)
    assert say(world, made["id"], "approve").json["result"] == "approve"
    done = finalize(world, made["id"])
    paid = done.json
    assert (done.status, paid["id"], paid["created"]) == (200, made["id"], NOW_MS)
    assert (paid["status"], paid["captured"], paid["paid"]) == ("succeeded", True, True)
    assert paid["threeds"] == PASSED
    assert paid["outcome"] == {"network_status": "approved_by_network", "type": "authorized"}
    assert done.why == (
        "sandbox: VISA ...0026 is listed to approve (inferred); "
        "3-D Secure challenge: issuer result 'approve'"
    )
    assert "order" in fetched(world, made["id"])


def test_method_flow_continues_for_any_flow_status(world: World) -> None:
    made = charge(world, METHOD).json
    data = made["threeds"]["data"]
    transaction = data["threeds_server_transaction_id"]
    assert (made["status"], made["threeds"]["validation_result"], data) == (
        "pending",
        "THREEDS_METHOD_FLOW_REQUIRED",
        {
            "method_url": f"http://localhost:4242/3ds/method/{transaction}",
            "method_notification_url": f"http://localhost:4242/3ds/notification/{transaction}",
            "threeds_server_transaction_id": transaction,
            "threeds_protocol_version": "2.2.0",
        },
    )
    assert finalize(world, made["id"]).json["threeds"] == PASSED


def test_a_method_may_be_followed_by_a_challenge(world: World) -> None:
    made = charge(world, METHOD_CHALLENGE).json
    challenged = finalize(world, made["id"], "SUCCESS").json
    assert (challenged["id"], challenged["status"]) == (made["id"], "pending")
    assert challenged["threeds"]["validation_result"] == "CHALLENGE_FLOW_REQUIRED"
    assert finalize(world, made["id"]).status == 400
    assert finalize(world, made["id"], "SUCCESS").json["threeds"] == PASSED


def test_an_issuer_may_refuse_at_once(world: World) -> None:
    got = charge(world, DECLINE)
    ((charge_id, _),) = world.sandbox.charges.items_newest_first()
    assert (got.status, got.json["error"]) == (402, REFUSED | {"charge": charge_id})
    shown = fetched(world, charge_id)
    assert (shown["status"], shown["threeds"]) == ("failed", FAILED)
    assert shown["failure_message"] == "3-D Secure authentication failed"


@pytest.mark.parametrize("pan", [CHALLENGE, AMEX, METHOD, METHOD_CHALLENGE, DECLINE])
@pytest.mark.parametrize("off", [-1, 1])
def test_another_amount_is_frictionless(world: World, pan: str, off: int) -> None:
    got = charge(world, pan, amount=LISTED[pan] + off)
    assert (got.json["status"], got.json["threeds"]) == ("succeeded", PASSED)


@pytest.mark.parametrize("pan", LISTED)
def test_card_without_threeds_request_is_approved(world: World, pan: str) -> None:
    made = world.charge(amount=LISTED[pan], source=world.token(pan))
    assert (made["status"], "threeds" in made) == ("succeeded", False)


def test_payment_can_be_declined_after_authentication(world: World) -> None:
    pending = charge(world, DECLINES, "threeds/challenge").json
    assert pending["status"] == "pending"
    got = finalize(world, pending["id"], "SUCCESS")
    assert (got.status, got.json["error"]["message"]) == (402, "DECLINED: No reason provided.")
    shown = fetched(world, pending["id"])
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
    world: World, status: str | None, http: int, threeds: dict[str, str]
) -> None:
    """Documented: even a success is answered with an unknown status; refusals are inferred."""
    result = {"authentication_status": status, "cryptogram": "11B5 2345", "threeds_version": "2"}
    asked = {"source": "NON_CLOVER", "authentication_result": result}
    got = charge(world, CHALLENGE, threeds=asked)
    ((charge_id, _),) = world.sandbox.charges.items_newest_first()
    assert (got.status, fetched(world, charge_id)["threeds"]) == (http, threeds)


# What decides -------------------------------------------------------------------------------------


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
    world: World, result: str, status: int, threeds: dict[str, str], flow_status: str
) -> None:
    pending = charge(world, CHALLENGE).json["id"]
    say(world, pending, result)
    assert finalize(world, pending, flow_status).status == status
    assert fetched(world, pending)["threeds"] == threeds


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
    world: World, flow_status: str, status: int, result: str
) -> None:
    pending = charge(world, CHALLENGE).json["id"]
    assert finalize(world, pending, flow_status).status == status
    assert fetched(world, pending)["threeds"]["validation_result"] == result


def test_an_unknown_flow_status_leaves_the_charge_pending(world: World) -> None:
    pending = charge(world, CHALLENGE).json["id"]
    assert finalize(world, pending, "done").status == 400
    result = fetched(world, pending)["threeds"]["validation_result"]
    assert result == "CHALLENGE_FLOW_REQUIRED"


@pytest.mark.parametrize("flow", ["frictionless", "unavailable", "method", "challenge", "decline"])
def test_flow_by_header_and_by_description(world: World, flow: str) -> None:
    by_header = charge(world, VISA, f"threeds/{flow}")
    by_text = charge(world, VISA, description=f"mock-clover:threeds/{flow}")
    shown = [
        fetched(world, key)["threeds"] for key, _ in world.sandbox.charges.items_newest_first()
    ]
    assert by_header.status == by_text.status == (402 if flow == "decline" else 200)
    assert shown[0]["validation_result"] == shown[1]["validation_result"]
    assert by_header.why.endswith(f"3-D Secure, {flow}: header: threeds/{flow}")
    assert by_text.why.endswith(f"3-D Secure, {flow}: text: mock-clover:threeds/{flow}")


def test_rule_sets_flow_and_payment_outcome(make_world: MakeWorld) -> None:
    rules = (
        "name: t\nrules:\n"
        "  - {when: {amount: 1}, then: {threeds: challenge}}\n"
        "  - {when: {amount: 2}, then: {threeds: challenge, decline: {decline_code: lost_card}}}\n"
        "  - {when: {amount: 3}, then: {threeds: unavailable, approve: {}}}\n"
        "  - {when: {endpoint: finalize_payment, amount: 4, card: {brand: VISA}},"
        " then: {decline: {decline_code: stolen_card}}}\n"
        "  - {when: {endpoint: create_charge, amount: 4}, then: {threeds: method}}\n"
    )
    world = make_world(parse(rules.encode(), "t.yaml"))
    one, two, three, four = (charge(world, amount=amount) for amount in (1, 2, 3, 4))
    assert finalize(world, one.json["id"], "SUCCESS").status == 200
    assert finalize(world, two.json["id"], "SUCCESS").json["error"]["declineCode"] == "lost_card"
    assert three.json["threeds"] == UNKNOWN
    assert finalize(world, four.json["id"]).json["error"]["declineCode"] == "stolen_card"
    assert world.charge(amount=1)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("rule", "said"),
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
def test_invalid_rule_is_rejected(rule: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        parse(
            f"name: t\nrules:\n  - {rule}\n".encode(), "t.yaml", ["create_refund", "create_token"]
        )


# The control calls --------------------------------------------------------------------------------


def test_pending_charges_are_listed_newest_first(world: World) -> None:
    assert world.send("GET", "/_mock/threeds").json == {"data": []}
    first, second = charge(world, CHALLENGE).json, charge(world, METHOD).json
    listed = world.send("GET", "/_mock/threeds").json["data"]
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
    finalize(world, first["id"], "FAILED")
    finalize(world, second["id"])
    assert world.send("GET", "/_mock/threeds").json == {"data": []}


def test_control_call_resolves_pending_charge(world: World) -> None:
    pending = charge(world, CHALLENGE).json["id"]
    assert say(world, pending, "timeout").json["status"] == "failed"
    assert "THREEDS_EXPIRED" in finalize(world, pending, "SUCCESS").why
    method = charge(world, METHOD).json["id"]
    say(world, method, "challenge")
    assert finalize(world, method).json["threeds"]["validation_result"] == "CHALLENGE_FLOW_REQUIRED"
    assert world.send("GET", "/_mock/threeds").json["data"][0]["result"] is None


@pytest.mark.parametrize(
    ("prepare", "result", "status", "said"),
    [
        (lambda _: "0000000000000", "approve", 404, "no charge has the id '0000000000000'"),
        (
            lambda world: world.charge()["id"],
            "approve",
            400,
            "is not waiting for 3-D Secure; its state is captured",
        ),
        (
            lambda world: charge(world, CHALLENGE).json["id"],
            "challenge",
            400,
            "result: `challenge` is only allowed while the method step is pending",
        ),
        (lambda world: charge(world, CHALLENGE).json["id"], "approved", 400, "'approved'"),
    ],
)
def test_invalid_control_call_explains_error(
    world: World, prepare: Callable[[World], str], result: str, status: int, said: str
) -> None:
    got = say(world, prepare(world), result)
    assert got.status == status
    assert said in got.json["message"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_issuer_pages_explain_how_to_answer(world: World, method: str) -> None:
    for pan, names in {
        CHALLENGE: ["acs_url"],
        METHOD: ["method_url", "method_notification_url"],
    }.items():
        made = charge(world, pan).json
        for name in names:
            path = made["threeds"]["data"][name].removeprefix("http://localhost:4242")
            page = world.send(method, path, auth=False, headers={"origin": "https://shop.example"})
            assert (page.status, page.content_type) == (200, "text/plain; charset=utf-8")
            assert f"/_mock/threeds/{made['id']} " in page.body.decode()
            finalize(world, made["id"], "FAILED")
            assert world.send(method, path).status == 404
            made = charge(world, pan).json


def test_finalize_path_lists_allowed_methods(world: World) -> None:
    got = world.send("DELETE", "/v1/charges/finalize_payment")
    assert (got.status, got.headers["allow"]) == (405, "GET, POST, OPTIONS")


# Time, keys, lists, snapshots ---------------------------------------------------------------------


def test_pending_charge_expires(world: World) -> None:
    pending = charge(world, CHALLENGE).json["id"]
    world.clock.advance(599_999)
    assert fetched(world, pending)["status"] == "pending"
    world.clock.advance(1)
    shown = fetched(world, pending)
    assert (shown["status"], shown["threeds"]) == ("failed", FAILED)
    assert shown["failure_message"] == "3-D Secure authentication has expired"
    fired = world.send("PUT", "/_mock/clock", {"advance": "1d"}).json["fired"]
    assert fired == []


def test_pending_time_is_configurable_and_reported(make_world: MakeWorld) -> None:
    world = make_world(threeds_life_ms=1_000)
    pending = charge(world, CHALLENGE).json["id"]
    fired = world.send("PUT", "/_mock/clock", {"advance": "1s"}).json["fired"]
    assert fired == [{"at_ms": NOW_MS + 1_000, "kind": "threeds_expired", "id": pending}]


def test_authorization_lifetime_starts_at_finalization(world: World) -> None:
    pending = charge(world, CHALLENGE, capture=False).json["id"]
    world.clock.advance(500_000)
    assert finalize(world, pending, "SUCCESS").json["captured"] is False
    world.clock.advance(7 * 86_400_000 - 1)
    assert world.send("POST", f"/v1/charges/{pending}/capture", {"amount": 5}).status == 200


def test_a_replay_is_the_same_and_changes_nothing(world: World) -> None:
    body = asking(world, CHALLENGE)
    key = {"idempotency-key": "k"}
    first, second = (world.send("POST", "/v1/charges", body, headers=key) for _ in range(2))
    assert first.body == second.body
    pending = first.json["id"]
    done = [finalize(world, pending, "SUCCESS", **{"idempotency-key": "f"}) for _ in range(2)]
    assert done[0].body == done[1].body
    state = world.sandbox.state()
    assert world.send("POST", "/v1/charges", body, headers=key).body == first.body
    assert world.sandbox.state() == state


@pytest.mark.parametrize(("spends", "again"), [(True, 400), (False, 200)])
def test_failed_authentication_uses_up_token(
    make_world: MakeWorld, spends: bool, again: int
) -> None:
    world = make_world(decline_spends_token=spends)
    for end in ("FAILED", "SUCCESS"):
        body = asking(world, DECLINES) | {"description": "mock-clover:threeds/challenge"}
        pending = world.send("POST", "/v1/charges", body).json["id"]
        assert world.send("POST", "/v1/charges", body).json["error"]["code"] == "token_already_used"
        assert finalize(world, pending, end).status == 402
        plain = {k: v for k, v in body.items() if k not in ("threeds", "description")}
        got = world.send("POST", "/v1/charges", plain, headers={OUTCOME: "approve"})
        assert got.status == again


def test_pending_or_failed_charge_cannot_be_captured_or_refunded(world: World) -> None:
    for end in ("", "FAILED"):
        pending = charge(world, CHALLENGE, capture=False).json["id"]
        if end:
            finalize(world, pending, end)
        state = world.sandbox.state()
        capture = world.send("POST", f"/v1/charges/{pending}/capture")
        refund = world.send("POST", "/v1/refunds", {"charge": pending})
        assert (capture.status, refund.status) == (400, 400)
        assert world.sandbox.state() == state


def test_charges_are_filtered_by_threeds_status(world: World) -> None:
    plain = world.charge()["id"]
    passed, waiting = charge(world).json["id"], charge(world, CHALLENGE).json["id"]

    def listed(query: str) -> list[str]:
        return [each["id"] for each in world.send("GET", f"/v1/charges?{query}").json["data"]]

    assert listed("is_threeds=true") == [waiting, passed]
    assert listed("is_threeds=false") == [plain]
    assert listed("threeds_validation_result=AUTHENTICATION_SUCCESSFUL") == [passed]
    assert listed("threeds_validation_result=CHALLENGE_FLOW_REQUIRED&is_threeds=true") == [waiting]
    assert listed("threeds_validation_result=NONE") == []
    assert world.send("GET", "/v1/charges?is_threeds=maybe").status == 400


def test_snapshot_and_fork_include_pending_charges(make_world: MakeWorld) -> None:
    world = make_world()
    pending = charge(world, CHALLENGE).json["id"]
    told = charge(world, CHALLENGE).json["id"]
    say(world, told, "fail")
    fork = world.send("POST", "/_mock/fork", {"name": "twin"})
    assert fork.status == 200
    snapshot = world.send("GET", "/_mock/snapshot").json
    other = make_world()
    assert other.send("PUT", "/_mock/snapshot", snapshot).status == 200
    threeds = {"source": "CLOVER", "flow_status": "SUCCESS"}
    branch = Branch(world, "twin")
    for charge_id, status in ((pending, 200), (told, 402)):
        body = {"charge_id": charge_id, "threeds": threeds}
        ends = [
            world.send("POST", "/v1/charges/finalize_payment", body),
            other.send("POST", "/v1/charges/finalize_payment", body),
            branch.send("POST", "/v1/charges/finalize_payment", body),
        ]
        assert [end.status for end in ends] == [status] * 3
        assert len({end.body for end in ends}) == 1
    again = charge(other, CHALLENGE).json["id"]
    other.send("PUT", "/_mock/clock", {"advance": "10m"})
    assert fetched(other, again)["status"] == "failed"


def test_issuer_pages_are_isolated_by_sandbox(world: World) -> None:
    world.send("PUT", "/_mock/sandboxes/shop", {})
    branch = Branch(world, "shop")
    body = {"amount": 25_001, "currency": "usd", "source": branch.token(CHALLENGE)}
    body["threeds"] = {"source": "CLOVER", "browser_info": BROWSER}
    url = branch.made("POST", "/v1/charges", body)["threeds"]["data"]["acs_url"]
    assert url.startswith("http://localhost:4242/sandbox/shop/3ds/challenge/")
    page = branch.send("GET", url.removeprefix("http://localhost:4242/sandbox/shop"))
    assert b"http://localhost:4242/sandbox/shop/_mock/threeds/" in page.body


# Orders -------------------------------------------------------------------------------------------


def pay(world: World, order: str, pan: str = CHALLENGE, **more: Any) -> Answered:
    body = {"source": world.token(pan), "threeds": {"source": "CLOVER", "browser_info": BROWSER}}
    return world.send("POST", f"/v1/orders/{order}/pay", body | more)


def test_an_order_is_paid_when_its_charge_is_finalised(world: World) -> None:
    order = world.order(25_000, 1)["id"]
    pending = pay(world, order, email="jo@example.com").json
    assert (pending["status"], pending["status_transitions"]) == ("created", {})
    assert (pending["amount_paid"], pending["threeds"]["source"]) == (0, "CLOVER")
    assert "charge" not in world.send("GET", f"/v1/orders/{order}").json
    world.clock.advance(1_000)
    done = finalize(world, pending["charge"], "SUCCESS").json
    assert (done["id"], done["status"]) == (pending["charge"], "succeeded")
    got = world.send("GET", f"/v1/orders?status_transitions.paid.gte={NOW_MS + 1_000}")
    assert [each["id"] for each in got.json["data"]] == [order]
    paid = world.send("GET", f"/v1/orders/{order}").json
    assert (paid["charge"], paid["amount_paid"], paid["email"]) == (
        pending["charge"],
        25_001,
        "jo@example.com",
    )


def test_order_paid_during_challenge_is_not_paid_twice(world: World) -> None:
    order = world.order(25_001)["id"]
    pending = [pay(world, order).json["charge"] for _ in range(2)]
    assert finalize(world, pending[0], "SUCCESS").status == 200
    got = finalize(world, pending[1], "SUCCESS")
    assert (got.status, got.json["error"]["code"]) == (409, "order_already_paid")
    assert fetched(world, pending[1])["status"] == "pending"


def test_partial_payment_exceeding_remaining_amount_is_rejected(world: World) -> None:
    order = world.order(30_000)["id"]
    pending = pay(world, order, amount=25_001).json["charge"]
    assert pay(world, order, VISA, amount=10_000).json["status"] == "created"
    got = finalize(world, pending, "SUCCESS")
    assert (got.status, got.json["error"]["code"]) == (400, "invalid_charge_amount")


def test_order_stays_unpaid_after_failed_authentication(world: World) -> None:
    order = world.order(25_001)["id"]
    pending = pay(world, order).json["charge"]
    assert finalize(world, pending, "FAILED").status == 402
    assert pay(world, order, FRICTIONLESS).json["status"] == "paid"


def test_phantom_decline_after_challenge(make_world: MakeWorld) -> None:
    rule = "{when: {amount: 5}, then: {threeds: challenge, decline: {phantom: true}}}"
    world = make_world(parse(f"name: t\nrules: [{rule}]".encode(), "t.yaml"))
    order = world.order(5)["id"]
    pending = pay(world, order).json["charge"]
    assert finalize(world, pending, "SUCCESS").status == 402
    assert fetched(world, pending)["status"] == "succeeded"
    assert json.loads(world.send("GET", f"/v1/orders/{order}").body)["amount_paid"] == 5


# Webhooks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pan", "end", "announced"),
    [
        (CHALLENGE, "", []),
        (CHALLENGE, "SUCCESS", ["O:CREATE charge", "P:CREATE charge"]),
        (CHALLENGE, "FAILED", ["P:CREATE decline"]),
        (DECLINES, "SUCCESS", ["P:CREATE decline"]),
    ],
)
def test_webhook_is_sent_once_when_payment_is_finalized(
    world: World, pan: str, end: str, announced: list[str]
) -> None:
    hooked(world)
    pending = charge(world, pan, "threeds/challenge").json["id"]
    if end:
        finalize(world, pending, end)
    assert [f"{each['event']} {each['about']}" for each in deliveries(world)] == announced
