"""Four ways to say how a call ends, and what may be said: whole bodies, and why each time.

Precedence: the header, then the text, then the scenario's rules in their order, then its cards.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.clover.common.problems import SELECTABLE_ERRORS
from mock_clover.core.masking import passes_luhn
from mock_clover.scenario.load import builtin_names, load, parse, read_scenario
from mock_clover.scenario.records import DECLINE_CODES
from tests.guidance import check_none
from tests.world import DECLINES, VISA, Answered, World

DAY_MS = 86_400_000
OUTCOME = "x-mock-clover-outcome"
LISTED = load("declines")
RULE_AT = {
    (
        rule.then.decline.decline_code if rule.then.decline else rule.then.problem,
        rule.when.amount,
    ): at
    for at, rule in enumerate(LISTED.rules, 1)
}
"""The number of a rule, by its decline code or problem and its amount; None stands for a card."""
AMOUNTS = {code: amount for amount, code in enumerate(DECLINE_CODES, 10_001)}
CARDS = {
    code: card.number
    for card in LISTED.cards
    for code, amount in AMOUNTS.items()
    if card.number.startswith(f"4000000000{amount}") and card.decline_code == code
}
TRIGGERED = [code for code in DECLINE_CODES if code in CARDS and (code, AMOUNTS[code]) in RULE_AT]
"""What declines.yaml lacks is the failure of one test, and not of all those below."""
TOKEN_ERRORS = {
    "INCORRECT_NUMBER": 10_101,
    "INVALID_NUMBER": 10_102,
    "INVALID_PAN": 10_103,
    "CARD_NOT_LISTED": 10_104,
    "INVALID_CARD_TYPE": 10_105,
    "INCORRECT_CVC": 10_106,
    "INVALID_EXPIRY_MONTH": 10_107,
    "INVALID_EXPIRY_YEAR": 10_108,
    "EXPIRED_CARD": 10_109,
    "TOKEN_UPSTREAM_FAILURE": 10_110,
    "TOKEN_ALREADY_USED": 10_111,
}
MakeWorld = Callable[..., World]


@pytest.fixture(scope="module")
def declines() -> Any:
    return LISTED


def test_every_decline_code_of_a_shipped_scenario_is_known() -> None:
    used = {
        each.decline_code: name
        for name in builtin_names()
        for scenario in [load(name)]
        for each in (*scenario.cards, *(rule.then.decline for rule in scenario.rules))
        if each is not None
    }
    check_none(
        f"mock_clover/scenario/records.py: add `{code}` and its message to the end of "
        f"DECLINE_CODES; scenarios/{name}.yaml has it"
        for code, name in used.items()
        if code not in DECLINE_CODES
    )


def test_every_decline_code_has_an_amount_and_a_card() -> None:
    """The amounts are counted from 10001 in the order of DECLINE_CODES of scenario/records.py."""
    numbers = {
        code: next(n for d in range(10) if passes_luhn(n := f"4000000000{amount}{d}"))
        for code, amount in AMOUNTS.items()
    }
    check_none(
        f"scenarios/declines.yaml: add a rule `{code} by amount` of amount {amount}, after those "
        f"of the other declines, and a card {numbers[code]} of decline_code {code}"
        for code, amount in AMOUNTS.items()
        if code not in TRIGGERED
    )
    comment = f"#   10001 to {max(AMOUNTS.values())}  issuer declines"
    if comment not in read_scenario("declines").decode():
        check_none([f"scenarios/declines.yaml: say `{comment}` in its comment"])


def world_of(make_world: MakeWorld, rules: str, **switched: Any) -> World:
    return make_world(parse(f"name: t\n{rules}".encode(), "t.yaml"), **switched)


def charge(
    world: World, pan: str = VISA, *, headers: dict[str, str] | None = None, **changes: Any
) -> Answered:
    asked = {"amount": 1800, "currency": "usd"} | changes
    asked.setdefault("source", world.token(pan))
    return world.send("POST", "/v1/charges", asked, headers=headers)


def declined(charge_id: str, code: str, message: str) -> str:
    return (
        '{"message":"402 Payment Required","error":{"code":"card_declined",'
        f'"message":"{message}","charge":"{charge_id}","declineCode":"{code}"}}}}'
    )


def refused(name: str) -> dict[str, Any]:
    problem = SELECTABLE_ERRORS[name]
    error = {"type": problem.type, "code": problem.code, "message": problem.message}
    reason = {400: "400 Bad Request"}[problem.status]
    return {"message": reason, "error": {n: v for n, v in error.items() if v is not None}}


def by_card(world: World, code: str) -> Answered:
    return charge(world, CARDS[code])


def by_amount(world: World, code: str) -> Answered:
    return charge(world, amount=AMOUNTS[code])


def by_header(world: World, code: str) -> Answered:
    return charge(world, headers={OUTCOME: f"card_declined/{code}"})


def by_description(world: World, code: str) -> Answered:
    return charge(world, description=f"Order 7 mock-clover:card_declined/{code} please")


def by_metadata(world: World, code: str) -> Answered:
    return charge(world, metadata={"cart": 7, "note": f"mock-clover:card_declined/{code}"})


WHY: dict[Callable[[World, str], Answered], Callable[[str, int], str]] = {
    by_card: lambda code, _: f"declines: VISA ...{CARDS[code][-4:]} is listed to decline (",
    by_amount: lambda code, place: f"declines: rule {place} ({code} by amount) (",
    by_header: lambda code, _: f"header: card_declined/{code}",
    by_description: lambda code, _: f"text: mock-clover:card_declined/{code}",
    by_metadata: lambda code, _: f"text: mock-clover:card_declined/{code}",
}


@pytest.mark.parametrize("trigger", WHY, ids=lambda trigger: trigger.__name__)
@pytest.mark.parametrize("code", TRIGGERED)
def test_every_decline_by_every_trigger(
    make_world: MakeWorld, declines: Any, code: str, trigger: Callable[[World, str], Answered]
) -> None:
    world = make_world(declines)
    got = trigger(world, code)
    ((_, kept),) = world.sandbox.charges.items_newest_first()
    assert got.status == 402
    assert got.body.decode() == declined(kept.id, code, DECLINE_CODES[code])
    assert got.why.startswith(WHY[trigger](code, RULE_AT[code, AMOUNTS[code]]))
    assert world.send("GET", f"/v1/charges/{kept.id}").json["status"] == "failed"


@pytest.mark.parametrize("code", TRIGGERED)
def test_a_decline_by_amount_is_that_of_an_order_too(
    make_world: MakeWorld, declines: Any, code: str
) -> None:
    world = make_world(declines)
    order = world.order(AMOUNTS[code])["id"]
    got = world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()})
    assert got.json["error"]["declineCode"] == code
    at = RULE_AT[code, AMOUNTS[code]]
    assert got.why.startswith(f"declines: rule {at} ({code} by amount) (")


@pytest.mark.parametrize("name", TOKEN_ERRORS)
def test_every_token_error_by_card_and_by_amount(
    make_world: MakeWorld, declines: Any, name: str
) -> None:
    world, place = make_world(declines), TOKEN_ERRORS[name]
    cards = {rule.then.problem: rule.when.card.number for rule in declines.rules if rule.when.card}
    if name == "TOKEN_ALREADY_USED":
        got = charge(world, cards[name])
    else:
        got = world.send("POST", "/v1/tokens", world.card(cards[name]))
    assert (got.status, got.json) == (400, refused(name))
    assert got.why.startswith(f"declines: rule {RULE_AT[name, None]} ({name.lower()} by card) (")
    assert cards[name].startswith(f"4000000000{place}")
    got = charge(world, amount=place)
    assert (got.status, got.json) == (400, refused(name))
    assert got.why.startswith(f"declines: rule {RULE_AT[name, place]} ({name.lower()} by amount) (")
    assert len(world.sandbox.charges) == 0, "a refusal leaves no trace"


@pytest.mark.parametrize("name", TOKEN_ERRORS)
def test_every_token_error_by_header(world: World, name: str) -> None:
    got = world.send("POST", "/v1/tokens", world.card(), headers={OUTCOME: name})
    assert (got.status, got.json) == (400, refused(name))
    assert got.why == f"header: {name}: {name}"
    assert len(world.sandbox.tokens) == 0


@pytest.mark.parametrize("word", ["card_declined/lost_crad", "aprove", "card_declined/", "{}", "é"])
def test_an_unknown_outcome_is_told(world: World, word: str) -> None:
    got = charge(world, headers={OUTCOME: word})
    if word == "card_declined/":
        assert got.json["error"]["declineCode"] == "issuer_declined"
        return
    assert got.status == 400
    assert got.json["message"].startswith("x-mock-clover-outcome: unknown outcome '")
    meant = {"aprove": "approve", "card_declined/lost_crad": "card_declined/lost_card"}.get(word)
    assert got.json["message"].endswith(f"did you mean `{meant}`?") == (meant is not None)


@pytest.mark.parametrize("name", sorted(SELECTABLE_ERRORS))
def test_every_problem_of_the_catalogue_can_be_asked_for(world: World, name: str) -> None:
    got = charge(world, headers={OUTCOME: name})
    assert (got.status, got.why) == (SELECTABLE_ERRORS[name].status, f"header: {name}: {name}")


# Precedence ---------------------------------------------------------------------------------------

PRECEDENCE = """
rules:
  - {name: one, when: {amount: 7}, then: {decline: {decline_code: do_not_honor}}}
  - {name: two, when: {amount: {min: 5}}, then: {decline: {decline_code: lost_card}}}
cards:
  - {number: "4005571702222222", outcome: decline, decline_code: stolen_card}
  - {number: "4005571702222222", outcome: approve}
"""


@pytest.mark.parametrize(
    ("sends", "expected", "why"),
    [
        (
            {
                "headers": {OUTCOME: "card_declined/fraudulent"},
                "description": "mock-clover:card_declined/pickup_card",
                "amount": 7,
            },
            "fraudulent",
            "header: card_declined/fraudulent",
        ),
        (
            {"description": "mock-clover:card_declined/pickup_card", "amount": 7},
            "pickup_card",
            "text: mock-clover:card_declined/pickup_card",
        ),
        ({"amount": 7}, "do_not_honor", "t: rule 1 (one) (inferred)"),
        ({"amount": 6}, "lost_card", "t: rule 2 (two) (inferred)"),
        ({"amount": 4}, "stolen_card", "t: card ...2222 is listed to decline (inferred)"),
        ({"headers": {OUTCOME: "approve"}, "amount": 7}, None, "header: approve"),
        ({"description": "mock-clover:approve", "amount": 7}, None, "text: mock-clover:approve"),
        (
            {
                "description": "mock-clover:card_declined/pickup_card",
                "metadata": {"a": "mock-clover:card_declined/fraudulent"},
            },
            "pickup_card",
            "text: mock-clover:card_declined/pickup_card",
        ),
    ],
)
def test_precedence_of_triggers(
    make_world: MakeWorld, sends: dict[str, Any], expected: str | None, why: str
) -> None:
    got = charge(world_of(make_world, PRECEDENCE), DECLINES, **sends)
    assert got.json.get("error", {}).get("declineCode") == expected
    assert got.why == why


# Conditions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "declined_calls"),
    [
        ("nth: 3", [3]),
        ("first: 2", [1, 2]),
        ("every: 3", [3, 6]),
        ("after: 4", [5, 6]),
        ("after: 2, first: 4", [3, 4]),
        ("after: 2, every: 2", [4, 6]),
    ],
)
def test_rules_count_the_calls_that_match(
    make_world: MakeWorld, counts: str, declined_calls: list[int]
) -> None:
    rules = f"rules: [{{when: {{endpoint: create_charge, {counts}}}, then: {{decline: {{}}}}}}]"
    world = world_of(make_world, rules)
    statuses = []
    for _ in range(6):
        world.send("GET", "/v1/charges")  # does not match, so does not count
        statuses.append(charge(world).status)
    assert [n for n, status in enumerate(statuses, 1) if status == 402] == declined_calls


def test_a_sandbox_counts_for_itself(make_world: MakeWorld) -> None:
    rules = "rules: [{when: {endpoint: create_charge, first: 1}, then: {decline: {}}}]"
    world = world_of(make_world, rules)
    assert [charge(world).status for _ in range(2)] == [402, 200]
    world.sandbox = world.sandboxes.get_or_create("other")
    world.known = world.sandbox.credentials
    assert [charge(world).status for _ in range(2)] == [402, 200]


@pytest.mark.parametrize(
    ("when", "meets", "misses"),
    [
        ("endpoint: create_charge", {}, None),
        ("amount: 5", {"amount": 5}, {"amount": 6}),
        ("amount: {min: 5, max: 7}", {"amount": 5}, {"amount": 4}),
        ("amount: {min: 5, max: 7}", {"amount": 7}, {"amount": 8}),
        ("currency: USD", {"currency": "usd"}, {"currency": "cad"}),
        ("card: {number: '4242424242424242'}", {}, {"pan": "4111111111111111"}),
        ("card: {prefix: '42424'}", {}, {"pan": "4111111111111111"}),
        ("card: {last4: '4242'}", {}, {"pan": "4111111111111111"}),
        ("card: {brand: VISA}", {}, {"pan": "6011361000006668"}),
        ("card: {brand: VISA, last4: '1111'}", {"pan": "4111111111111111"}, {}),
        ("source: token", {}, None),
        ("header: {X-Shop: seven}", {"headers": {"x-shop": "seven"}}, {"headers": {"x-shop": "7"}}),
        ("header: {x-shop: seven}", {"headers": {"X-Shop": "seven"}}, {}),
        ("metadata: {cart: '7'}", {"metadata": {"cart": 7}}, {"metadata": {"cart": 70}}),
        ("metadata: {cart: '7'}", {"metadata": {"cart": "7", "b": 1}}, {}),
        ("description: amp", {"description": "Lamp"}, {"description": "LAMP"}),
        ("amount: 5, currency: usd", {"amount": 5}, {"amount": 5, "currency": "cad"}),
    ],
)
def test_every_condition_decides(
    make_world: MakeWorld, when: str, meets: dict[str, Any], misses: dict[str, Any] | None
) -> None:
    world = world_of(make_world, f"rules: [{{when: {{{when}}}, then: {{decline: {{}}}}}}]")
    assert charge(world, **meets).why == "t: rule 1 (inferred)"
    if misses is not None:
        assert charge(world, **misses).status == 200


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("email: JO@example.com", {"customer"}),
        ("email: eve@example.com", set()),
        ("source: customer", {"customer"}),
        ("source: multipay", {"multipay"}),
        ("source: token", {"token"}),
        ("card: {number: '4242424242424242'}", {"customer", "multipay", "token"}),
    ],
)
def test_source_conditions(make_world: MakeWorld, when: str, expected: set[str]) -> None:
    rule = f"{{when: {{endpoint: create_charge, {when}}}, then: {{decline: {{}}}}}}"
    world = world_of(make_world, f"rules: [{rule}]")
    saved = world.token()
    body = {"email": "jo@example.com", "source": saved}
    customer = world.send("POST", "/v1/customers", body).json["id"]
    stored = {"stored_credentials": {"sequence": "SUBSEQUENT", "initiator": "MERCHANT"}}
    got = {
        "customer": charge(world, source=customer),
        "multipay": charge(world, source=saved, **stored),
        "token": charge(world),
    }
    assert {name for name, each in got.items() if each.status == 402} == expected


# What a rule may have follow ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("{status: 502, body: Bad gateway, content_type: text/html}", (502, b"Bad gateway")),
        ("{status: 500, body: {a: [1, {b: null}]}}", (500, b'{"a":[1,{"b":null}]}')),
        ('{status: 200, body: ""}', (200, b"")),
    ],
)
def test_a_raw_reply_is_sent_as_it_is(
    make_world: MakeWorld, raw: str, expected: tuple[int, bytes]
) -> None:
    world = world_of(make_world, f"rules: [{{when: {{amount: 5}}, then: {{raw: {raw}}}}}]")
    got = charge(world, amount=5)
    assert (got.status, got.body) == expected
    assert got.content_type == ("text/html" if "html" in raw else "application/json")
    assert (got.why, len(world.sandbox.charges)) == ("t: rule 1 (inferred)", 0)


def test_partial_approval_amount(make_world: MakeWorld) -> None:
    world = world_of(make_world, "rules: [{when: {amount: 900}, then: {approve: {amount: 300}}}]")
    made = charge(world, amount=900).json
    assert (made["amount"], made["partial_auth"], made["paid"]) == (300, True, True)
    assert world.send("GET", f"/v1/charges/{made['id']}").json["amount_captured"] == 300
    order = world.order(900)["id"]
    paid = world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()}).json
    assert (paid["amount_paid"], paid["status"]) == (300, "created")


@pytest.mark.parametrize(
    "approved", [900, 5000], ids=["exactly the amount", "more than the amount"]
)
def test_an_approval_of_the_whole_amount_is_not_partial(
    make_world: MakeWorld, approved: int
) -> None:
    world = world_of(make_world, f"rules: [{{then: {{approve: {{amount: {approved}}}}}}}]")
    made = charge(world, amount=900).json
    assert (made["amount"], "partial_auth" in made) == (900, False)
    items = [{"amount": 1000, "tax_rates": [{"rate": 1_000_000}]}]
    order = world.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json["id"]
    part = {"source": world.token(), "amount": 500}
    paid = world.send("POST", f"/v1/orders/{order}/pay", part).json
    made = world.send("GET", f"/v1/charges/{paid['charge']}").json
    assert (paid["amount_paid"], made["amount"], made["tax_amount"]) == (500, 500, 45)


def test_card_on_file_warns_and_declines_saved_cards(make_world: MakeWorld) -> None:
    world = make_world(load("card-on-file"))
    warning = (
        "Subsequent credential on file pay request sent for without Initial credential on file "
        "pay request."
    )
    customer, saved = _saved(world, "kim@example.com")
    stored = {"stored_credentials": {"sequence": "SUBSEQUENT", "initiator": "MERCHANT"}}
    assert charge(world, source=customer, amount=30_001).json["warning_message"] == warning
    assert charge(world, source=saved, amount=30_001, **stored).json["warning_message"] == warning
    assert "warning_message" not in charge(world, amount=30_001).json
    first = {"stored_credentials": {"sequence": "FIRST"}}
    for amount, more, message in (
        (30_002, first, "CVV could not be verified"),
        (30_003, {}, "CVV is not provided"),
    ):
        got = charge(world, source=saved, amount=amount, **more)
        assert (got.status, got.json["error"]["message"]) == (402, message)
        assert got.why.startswith("card-on-file: rule ")
        assert charge(world, source=saved, amount=amount, **stored).status == 200
    got = charge(world, source=customer, amount=30_004)
    assert (got.status, got.json) == (400, refused("CARD_ON_FILE_MISSING"))
    got = charge(world, source=customer, amount=30_005)
    assert got.json["error"]["declineCode"] == "expired_card"
    jo, _ = _saved(world, "jo@example.com")
    assert [charge(world, source=jo).status for _ in range(6)] == [200, 200, 402] * 2


def _saved(world: World, email: str) -> tuple[str, str]:
    token = world.token("4111111111111111")
    made = world.send("POST", "/v1/customers", {"email": email, "source": token})
    return made.json["id"], token


@pytest.mark.parametrize(
    ("pan", "shown"),
    [
        ("4000000000200016", ("pass", "pass", "pass")),
        ("4000000000200024", ("pass", "failed", "pass")),
        ("4000000000200032", ("failed", "pass", "pass")),
        ("4000000000200040", ("pass", "pass", "failed")),
        ("4000000000200057", ("failed", "failed", "failed")),
        ("4000000000200065", ("unavailable", "unavailable", "unavailable")),
        ("4000000000200073", ("unchecked", "unchecked", "unchecked")),
    ],
)
def test_avs_and_cvc_checks_by_card(
    make_world: MakeWorld, pan: str, shown: tuple[str, str, str]
) -> None:
    world = make_world(load("avs-and-cvc"))
    token = world.token(pan, address_line1="1 Main St", address_zip="94041")
    paid = charge(world, source=token).json["source"]
    names = ("address_line1_check", "address_zip_check", "cvc_check")
    assert tuple(paid[name] for name in names) == shown
    bare = charge(world, source=world.token(pan, cvv=None)).json["source"]
    assert not set(names) & set(bare), "not given, not checked"


@pytest.mark.parametrize("pan_or_amount", [40_001, "4000000000400012"])
def test_phantom_decline(make_world: MakeWorld, pan_or_amount: int | str) -> None:
    world = make_world(load("phantom-decline"))
    if isinstance(pan_or_amount, int):
        rule, amount = "1 (phantom decline by amount)", pan_or_amount
        got = charge(world, amount=amount)
    else:
        rule, amount = "2 (phantom decline by card)", 1800
        got = charge(world, pan_or_amount)
    (listed,) = world.send("GET", "/v1/charges").json["data"]
    said = declined(listed["id"], "issuer_declined", "DECLINED: No reason provided.")
    assert (got.status, got.body.decode()) == (402, said)
    assert got.why.startswith(f"phantom-decline: rule {rule} (observed)")
    assert (listed["status"], listed["paid"], listed["amount_captured"]) == (
        "succeeded",
        True,
        amount,
    )
    refund = world.send("POST", "/v1/refunds", {"charge": listed["id"]})
    assert (refund.status, refund.json["amount"]) == (200, amount)


def test_an_expired_token_is_refused_twice(make_world: MakeWorld) -> None:
    world = make_world(load("expired-token"))
    got = [charge(world) for _ in range(6)]
    assert [each.status for each in got] == [200, 200, 200, 401, 401, 200]
    assert got[3].body == b'{"message":"401 Unauthorized"}'
    assert got[3].why.startswith("expired-token: rule 1 (the fourth and fifth charges get ")


# Time ---------------------------------------------------------------------------------------------


def test_seventeenth_request_in_a_second_gets_429(make_world: MakeWorld) -> None:
    world = make_world(load("rate-limited"))

    def call() -> Answered:
        return world.send("GET", "/v1/charges")

    assert {call().status for _ in range(16)} == {200}
    got = call()
    assert (got.status, got.body) == (429, b'{"message":"429 Too Many Requests"}')
    told = {name.lower(): value for name, value in got.headers.items()}
    assert told["x-ratelimit-tokenlimit"] == "16"
    assert told["retry-after"] == "1"
    early = {name.lower(): value for name, value in call().headers.items()}
    assert int(early["retry-after"]) > int(told["retry-after"]), "an early retry lengthens it"
    world.clock.advance(int(early["retry-after"]) * 1000 - 1)
    assert call().status == 429, "a millisecond too early, and longer again"
    world.clock.advance(10_000)
    assert call().status == 200


def test_rate_limit_window_is_one_second(make_world: MakeWorld) -> None:
    world = make_world(load("rate-limited"))
    for _ in range(5):
        assert {world.send("GET", "/v1/charges").status for _ in range(16)} == {200}
        world.clock.advance(1_000)


@pytest.mark.parametrize(
    ("pan", "days"), [(VISA, 7), ("5204245250003294", 30), ("6011361000006668", 7)]
)
def test_an_authorization_expires_by_the_clock(world: World, pan: str, days: int) -> None:
    early, late = (charge(world, pan, capture=False).json["id"] for _ in range(2))
    world.clock.advance(days * DAY_MS - 1)
    assert world.send("POST", f"/v1/charges/{early}/capture").status == 200
    world.clock.advance(1)
    got = world.send("POST", f"/v1/charges/{late}/capture")
    assert (got.status, got.json) == (400, refused("AUTHORIZATION_EXPIRED"))


def test_a_card_expires_by_the_clock(world: World) -> None:
    """The world's day is 2025-05-27: a card of 05/25 is good for five days more."""
    tokens = [world.token(exp_month="05", exp_year="2025") for _ in range(2)]
    assert charge(world, source=tokens[0]).status == 200
    world.clock.advance(5 * DAY_MS)
    got = charge(world, source=tokens[1])
    ((_, kept), *_) = world.sandbox.charges.items_newest_first()
    assert got.body.decode() == declined(kept.id, "expired_card", "Expired card")
    assert got.why == "the card has expired according to the sandbox's clock (inferred)"
    again = world.send("POST", "/v1/tokens", world.card(exp_month="05", exp_year="2025"))
    assert (again.status, again.json) == (400, refused("EXPIRED_CARD"))


def test_a_bearer_token_expires_by_the_clock(make_world: MakeWorld) -> None:
    world, known = make_world(load("expired-token")), None
    known = world.known
    location = world.send("GET", f"/oauth/authorize?client_id={known.client_id}").headers[
        "location"
    ]
    fields = {
        "client_id": known.client_id,
        "client_secret": known.client_secret,
        "code": location.partition("code=")[2].partition("&")[0],
    }
    bearer = json.loads(world.send("POST", "/oauth/token", fields).body)["access_token"]
    headers = {"authorization": f"Bearer {bearer}"}
    world.clock.advance(1_800_000)
    assert world.send("GET", "/v1/charges", headers=headers).status == 200
    world.clock.advance(1)
    assert world.send("GET", "/v1/charges", headers=headers).status == 401
