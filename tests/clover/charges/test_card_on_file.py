"""Credentials on file: what an intent saves, what a sequence is warned of, what rules see of it."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.clover.charges.records_on_file import SUBSEQUENT_WITHOUT_FIRST, transarmor
from mock_clover.clover.common.cards import Card
from mock_clover.core.masking import redact
from mock_clover.scenario.load import ScenarioError, parse
from tests.clover.tokens.test_instruments import ACH
from tests.hostile import BROWSER
from tests.world import DECLINES, VISA, Answered, World

MakeWorld = Callable[..., World]
FIRST = {"sequence": "FIRST", "initiator": "MERCHANT", "is_scheduled": False}
SUBSEQUENT = FIRST | {"sequence": "SUBSEQUENT"}
SAVING = {"intent": "save_credential_on_file", "stored_credentials": FIRST}


def charge(world: World, source: str, **more: Any) -> Answered:
    asked = {"amount": 122, "currency": "usd", "source": source} | more
    return world.send("POST", "/v1/charges", asked)


def state(world: World, token: str) -> str:
    row = world.sandbox.tokens.get(token)
    assert row is not None
    return row.state


@pytest.mark.parametrize("intent", ["save_credential_on_file", "save_credentials_on_file"])
def test_an_intent_with_first_makes_a_token_multi_pay(world: World, intent: str) -> None:
    token = world.token()
    made = charge(world, token, **SAVING | {"intent": intent}).json
    saved = made["saved_credentials_on_file"]
    assert list(saved) == ["tokenType", "value"]
    assert (saved["tokenType"], saved["value"][:2], len(saved["value"])) == ("TRANSARMOR", "88", 16)
    assert state(world, token) == "multipay"
    later = charge(world, token, stored_credentials=SUBSEQUENT)
    assert (later.status, "warning_message" in later.json) == (200, False)
    assert "saved_credentials_on_file" not in later.json
    assert charge(world, token).json["error"]["message"] == "CVV is not provided"


@pytest.mark.parametrize(
    ("more", "after"),
    [
        ({"stored_credentials": FIRST}, "used"),
        ({"intent": "save_credential_on_file"}, "used"),
        ({"intent": "save_credential_on_file", "stored_credentials": SUBSEQUENT}, "used"),
        ({"intent": "save_credential_on_file", "stored_credentials": {}}, "used"),
    ],
)
def test_token_is_saved_only_with_intent_and_first(
    world: World, more: dict[str, Any], after: str
) -> None:
    token = world.token()
    assert charge(world, token, **more).status == 200
    assert state(world, token) == after


@pytest.mark.parametrize("instrument", [{"ach": ACH}, {"gift_card": {"number": "98765441066"}}])
def test_only_cards_can_be_saved_by_intent(world: World, instrument: dict[str, Any]) -> None:
    token = world.send("POST", "/v1/tokens", instrument).json["id"]
    got = charge(world, token, **SAVING)
    assert (got.status, "saved_credentials_on_file" in got.json) == (200, False)
    assert state(world, token) == "used"


@pytest.mark.parametrize(("spends", "after"), [(True, "used"), (False, "new")])
def test_a_decline_saves_nothing(make_world: MakeWorld, spends: bool, after: str) -> None:
    world = make_world(decline_spends_token=spends)
    token = world.token(DECLINES)
    got = charge(world, token, **SAVING)
    assert (got.status, "saved_credentials_on_file" in got.json) == (402, False)
    assert state(world, token) == after


def test_invalid_intent_is_rejected(world: World) -> None:
    got = charge(world, world.token(), intent="save")
    assert (got.status, got.json["error"]["message"]) == (400, "Please provide a valid intent.")


def test_order_payment_can_save_card(world: World) -> None:
    order, token = world.order(122)["id"], world.token()
    paid = world.send("POST", f"/v1/orders/{order}/pay", {"source": token} | SAVING).json
    assert paid["saved_credentials_on_file"]["tokenType"] == "TRANSARMOR"
    assert state(world, token) == "multipay"


def test_card_is_saved_after_successful_challenge(world: World) -> None:
    token = world.token()
    asked = {"threeds": {"source": "CLOVER", "browser_info": BROWSER}} | SAVING
    pending = charge(world, token, description="mock-clover:threeds/challenge", **asked).json
    assert ("saved_credentials_on_file" in pending, state(world, token)) == (False, "used")
    threeds = {"source": "CLOVER", "flow_status": "SUCCESS"}
    body = {"charge_id": pending["id"], "threeds": threeds}
    done = world.send("POST", "/v1/charges/finalize_payment", body).json
    assert done["saved_credentials_on_file"]["value"].startswith("88")
    assert state(world, token) == "multipay"


def test_card_removed_during_challenge_is_not_saved(world: World) -> None:
    customer = world.customer()
    ((token, _),) = world.sandbox.tokens.items_newest_first()
    asked = {
        "threeds": {"source": "CLOVER", "browser_info": BROWSER},
        "description": "mock-clover:threeds/challenge",
        "stored_credentials": FIRST,
    }
    pending = charge(world, token, **asked).json["id"]
    card = customer["sources"]["data"][0]
    world.send("DELETE", f"/v1/customers/{customer['id']}/sources/{card}")
    threeds = {"source": "CLOVER", "flow_status": "SUCCESS"}
    body = {"charge_id": pending, "threeds": threeds}
    assert world.send("POST", "/v1/charges/finalize_payment", body).status == 200
    assert state(world, token) == "revoked"


def test_one_card_has_one_transarmor_token(world: World) -> None:
    values = [
        charge(world, world.token(pan), **SAVING).json["saved_credentials_on_file"]["value"]
        for pan in (VISA, VISA, "4111111111111111")
    ]
    assert values[0] == values[1] != values[2]


def test_no_transarmor_token_looks_like_a_card_number() -> None:
    for n in range(500):
        letters = f"{n * 7919:024x}".translate(
            str.maketrans("0123456789abcdef", "abcdefghijklmnop")
        )
        card = Card(
            brand="VISA",
            first6="424242",
            last4="4242",
            exp_month="12",
            exp_year="2030",
            fingerprint=letters,
        )
        assert redact(transarmor(card)) == transarmor(card)


# The sequence -------------------------------------------------------------------------------------


def test_subsequent_without_first_gives_warning(world: World) -> None:
    world.customer()
    ((token, _),) = world.sandbox.tokens.items_newest_first()
    asked = {"stored_credentials": SUBSEQUENT}
    assert charge(world, token, **asked).json["warning_message"] == SUBSEQUENT_WITHOUT_FIRST
    assert "warning_message" not in charge(world, token, stored_credentials=FIRST).json
    assert "warning_message" not in charge(world, token, **asked).json
    order = world.order(122)["id"]
    fresh = world.token()
    paid = world.send("POST", f"/v1/orders/{order}/pay", {"source": fresh} | asked).json
    assert paid["warning_message"] == SUBSEQUENT_WITHOUT_FIRST


def test_declined_first_does_not_count(make_world: MakeWorld) -> None:
    text = b"name: t\nrules: [{when: {amount: 1}, then: {decline: {}}}]"
    world = make_world(parse(text, "t.yaml"))
    world.customer()
    ((token, _),) = world.sandbox.tokens.items_newest_first()
    assert charge(world, token, amount=1, stored_credentials=FIRST).status == 402
    later = charge(world, token, stored_credentials=SUBSEQUENT).json
    assert later["warning_message"] == SUBSEQUENT_WITHOUT_FIRST


def test_warning_of_rule_is_kept(make_world: MakeWorld) -> None:
    text = b"name: t\nrules: [{then: {approve: {warning_message: ours}}}]"
    world = make_world(parse(text, "t.yaml"))
    got = charge(world, world.token(), stored_credentials=SUBSEQUENT)
    assert got.json["warning_message"] == "ours"


def test_a_snapshot_knows_the_first(make_world: MakeWorld) -> None:
    world, other = make_world(), make_world()
    token = world.token()
    charge(world, token, **SAVING)
    snapshot = world.send("GET", "/_mock/snapshot").json
    assert other.send("PUT", "/_mock/snapshot", snapshot).status == 200
    later = charge(other, token, stored_credentials=SUBSEQUENT)
    assert (later.status, "warning_message" in later.json) == (200, False)


# Rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "stored", "met"),
    [
        ("{sequence: FIRST}", FIRST, True),
        ("{sequence: FIRST}", SUBSEQUENT, False),
        ("{sequence: FIRST}", {}, False),
        ("{sequence: FIRST}", None, False),
        ("{initiator: CARDHOLDER}", FIRST, False),
        ("{initiator: CARDHOLDER}", FIRST | {"initiator": "CARDHOLDER"}, True),
        ("{is_scheduled: true}", FIRST, False),
        ("{is_scheduled: true}", FIRST | {"is_scheduled": True}, True),
        ("{is_scheduled: false}", {"sequence": "FIRST"}, True),
        ("{sequence: SUBSEQUENT, initiator: MERCHANT, is_scheduled: false}", SUBSEQUENT, True),
        ("{sequence: SUBSEQUENT, initiator: MERCHANT, is_scheduled: true}", SUBSEQUENT, False),
        ("{given: true}", {}, True),
        ("{given: true}", None, False),
        ("{given: false}", None, True),
        ("{given: false}", FIRST, False),
    ],
)
def test_a_rule_sees_stored_credentials(
    make_world: MakeWorld, when: str, stored: dict[str, Any] | None, met: bool
) -> None:
    rule = f"{{when: {{stored_credentials: {when}}}, then: {{decline: {{}}}}}}"
    world = make_world(parse(f"name: t\nrules: [{rule}]".encode(), "t.yaml"))
    more = {} if stored is None else {"stored_credentials": stored}
    order = world.order(122)["id"]
    pay = {"source": world.token()} | more
    assert charge(world, world.token(), **more).status == (402 if met else 200)
    assert world.send("POST", f"/v1/orders/{order}/pay", pay).status == (402 if met else 200)


def test_why_names_the_condition_that_differs(make_world: MakeWorld) -> None:
    rule = "{when: {stored_credentials: {sequence: FIRST}}, then: {decline: {}}}"
    world = make_world(parse(f"name: t\nrules: [{rule}]".encode(), "t.yaml"))
    body = {"amount": 1, "currency": "usd", "source": world.token()}
    why = world.send("POST", "/_mock/why", {"path": "/v1/charges", "body": body}).json
    assert why["rules"][0]["because"] == "the condition `stored_credentials` is not met"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{stored_credentials: {}}", "is empty; set"),
        ("{stored_credentials: {given: false, sequence: FIRST}}", "cannot be combined with other"),
        ("{stored_credentials: {sequence: LAST}}", "LAST"),
        ("{stored_credentials: {sequense: FIRST}}", "did you mean `sequence`"),
        ("{endpoint: create_refund, stored_credentials: {given: true}}", "have no stored_credent"),
    ],
)
def test_invalid_condition_is_rejected(when: str, said: str) -> None:
    text = f"name: t\nrules: [{{when: {when}, then: {{decline: {{}}}}}}]"
    with pytest.raises(ScenarioError, match=said):
        parse(text.encode(), "t.yaml", ["create_refund"])


# Captures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "amount", "status"),
    [(0, 1_000, 200), (0, 1_001, 400), (15, 1_150, 200), (15, 1_151, 400), (1_000, 11_000, 200)],
)
def test_over_capture_percent_setting(
    make_world: MakeWorld, percent: int, amount: int, status: int
) -> None:
    """Clover's pages tell of hotels and cars, where another amount is captured, and of no limit."""
    world = make_world(over_capture_percent=percent)
    made = world.charge(amount=1_000, capture=False)["id"]
    got = world.send("POST", f"/v1/charges/{made}/capture", {"amount": amount})
    assert got.status == status
    if status == 200:
        assert got.json["amount_captured"] == amount
        refund = world.send("POST", "/v1/refunds", {"charge": made}).json
        assert refund["amount"] == amount


def test_a_capture_above_the_authorization_pays_the_order(make_world: MakeWorld) -> None:
    world = make_world(over_capture_percent=15)
    made = world.charge(amount=1_000, capture=False)["id"]
    world.send("POST", f"/v1/charges/{made}/capture", {"amount": 1_150})
    (paid,) = world.send("GET", "/v1/orders?status_transitions.paid.gte=0").json["data"]
    order = world.send("GET", f"/v1/orders/{paid['id']}").json
    assert (order["charge"], order["amount"], order["amount_paid"]) == (made, 1_000, 1_150)


def test_capture_is_limited_to_clovers_maximum(make_world: MakeWorld) -> None:
    world = make_world(over_capture_percent=100)
    made = world.charge(amount=99_999_999, capture=False)["id"]
    got = world.send("POST", f"/v1/charges/{made}/capture", {"amount": 100_000_000})
    assert got.status == 400
