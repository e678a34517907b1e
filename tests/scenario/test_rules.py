"""The four ways to force an outcome: complete response bodies and the reason.

Precedence: the header, then the text, then the scenario's rules in their order, then its cards.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.clover.common.problems import SELECTABLE_ERRORS
from mock_clover.core.masking import passes_luhn
from mock_clover.scenario.load import builtin_names, load, parse, read_scenario
from mock_clover.scenario.records import ScenarioError
from mock_clover.scenario.records_card import DECLINE_CODES, ISSUER_DECLINES
from tests.failure_messages import assert_no_errors
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer, Response

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
"""A missing rule in declines.yaml fails one test, not all that follow."""
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
    assert_no_errors(
        f"mock_clover/scenario/records.py: add `{code}` and its message to the end of "
        f"DECLINE_CODES; scenarios/{name}.yaml has it"
        for code, name in used.items()
        if code not in DECLINE_CODES
    )


def test_every_decline_code_has_an_amount_and_a_card() -> None:
    """The amounts count from 10001 in the order of DECLINE_CODES of scenario/records_card.py."""
    numbers = {
        code: next(n for d in range(10) if passes_luhn(n := f"4000000000{amount}{d}"))
        for code, amount in AMOUNTS.items()
    }
    wrong = []
    for code in (code for code in AMOUNTS if code not in TRIGGERED):
        decline = f'decline_code: {code}, message: "{DECLINE_CODES[code]}"'
        rule = (
            f"{{name: {code} by amount, evidence: inferred, when: {{amount: {AMOUNTS[code]}}}, "
            f"then: {{decline: {{{decline}}}}}}}"
        )
        card = (
            f'{{number: "{numbers[code]}", brand: VISA, outcome: decline, evidence: inferred, '
            f"{decline}}}"
        )
        wrong.append(f"scenarios/declines.yaml: after the last decline rule, add `- {rule}`")
        wrong.append(f"scenarios/declines.yaml: at the end of cards, add `- {card}`")
    comment = f"#   10001 to {max(AMOUNTS.values())}  issuer declines"
    if comment not in read_scenario("declines").decode():
        wrong.append(f"scenarios/declines.yaml: say `{comment}` in its comment")
    assert_no_errors(wrong)


def test_messages_of_inferred_declines_agree() -> None:
    """A message is written in DECLINE_CODES, in a rule and on cards."""
    assert_no_errors(
        f"scenarios/{name}.yaml: card {card.number} says {card.message!r}, DECLINE_CODES of "
        f"scenario/records_card.py says {DECLINE_CODES[card.decline_code]!r}"
        for name in builtin_names()
        for card in load(name).cards
        if card.evidence == "inferred" and card.decline_code in DECLINE_CODES and card.message
        if card.message != DECLINE_CODES[card.decline_code]
    )


def server_of(make_server: MakeServer, rules: str, **switched: Any) -> InProcessServer:
    return make_server(parse(f"name: t\n{rules}".encode(), "t.yaml"), **switched)


def charge(
    server: InProcessServer,
    pan: str = VISA,
    *,
    headers: dict[str, str] | None = None,
    **changes: Any,
) -> Response:
    body = {"amount": 1800, "currency": "usd"} | changes
    body.setdefault("source", server.token(pan))
    return server.send("POST", "/v1/charges", body, headers=headers)


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


def by_card(server: InProcessServer, code: str) -> Response:
    return charge(server, CARDS[code])


def by_amount(server: InProcessServer, code: str) -> Response:
    return charge(server, amount=AMOUNTS[code])


def by_header(server: InProcessServer, code: str) -> Response:
    return charge(server, headers={OUTCOME: f"card_declined/{code}"})


def by_description(server: InProcessServer, code: str) -> Response:
    return charge(server, description=f"Order 7 mock-clover:card_declined/{code} please")


def by_metadata(server: InProcessServer, code: str) -> Response:
    return charge(server, metadata={"cart": 7, "note": f"mock-clover:card_declined/{code}"})


WHY: dict[Callable[[InProcessServer, str], Response], Callable[[str, int], str]] = {
    by_card: lambda code, _: f"declines: VISA ...{CARDS[code][-4:]} is listed to decline (",
    by_amount: lambda code, place: f"declines: rule {place} ({code} by amount) (",
    by_header: lambda code, _: f"header: card_declined/{code}",
    by_description: lambda code, _: f"text: mock-clover:card_declined/{code}",
    by_metadata: lambda code, _: f"text: mock-clover:card_declined/{code}",
}


@pytest.mark.parametrize("trigger", WHY, ids=lambda trigger: trigger.__name__)
@pytest.mark.parametrize("code", TRIGGERED)
def test_every_decline_by_every_trigger(
    make_server: MakeServer,
    declines: Any,
    code: str,
    trigger: Callable[[InProcessServer, str], Response],
) -> None:
    server = make_server(declines)
    got = trigger(server, code)
    ((_, saved),) = server.sandbox.charges.items_newest_first()
    assert got.status == 402
    assert got.body.decode() == declined(saved.id, code, DECLINE_CODES[code])
    assert got.why.startswith(WHY[trigger](code, RULE_AT[code, AMOUNTS[code]]))
    assert server.send("GET", f"/v1/charges/{saved.id}").json["status"] == "failed"


@pytest.mark.parametrize("code", TRIGGERED)
def test_a_decline_by_amount_is_that_of_an_order_too(
    make_server: MakeServer, declines: Any, code: str
) -> None:
    server = make_server(declines)
    order = server.order(AMOUNTS[code])["id"]
    got = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    assert got.json["error"]["declineCode"] == code
    at = RULE_AT[code, AMOUNTS[code]]
    assert got.why.startswith(f"declines: rule {at} ({code} by amount) (")


@pytest.mark.parametrize("name", TOKEN_ERRORS)
def test_every_token_error_by_card_and_by_amount(
    make_server: MakeServer, declines: Any, name: str
) -> None:
    server, place = make_server(declines), TOKEN_ERRORS[name]
    cards = {rule.then.problem: rule.when.card.number for rule in declines.rules if rule.when.card}
    if name == "TOKEN_ALREADY_USED":
        got = charge(server, cards[name])
    else:
        got = server.send("POST", "/v1/tokens", server.card(cards[name]))
    assert (got.status, got.json) == (400, refused(name))
    assert got.why.startswith(f"declines: rule {RULE_AT[name, None]} ({name.lower()} by card) (")
    assert cards[name].startswith(f"4000000000{place}")
    got = charge(server, amount=place)
    assert (got.status, got.json) == (400, refused(name))
    assert got.why.startswith(f"declines: rule {RULE_AT[name, place]} ({name.lower()} by amount) (")
    assert len(server.sandbox.charges) == 0, "a rejected request changes nothing"


@pytest.mark.parametrize("name", TOKEN_ERRORS)
def test_every_token_error_by_header(server: InProcessServer, name: str) -> None:
    got = server.send("POST", "/v1/tokens", server.card(), headers={OUTCOME: name})
    assert (got.status, got.json) == (400, refused(name))
    assert got.why == f"header: {name}: {name}"
    assert len(server.sandbox.tokens) == 0


@pytest.mark.parametrize("word", ["card_declined/lost_crad", "aprove", "card_declined/", "{}", "é"])
def test_an_unknown_outcome_is_told(server: InProcessServer, word: str) -> None:
    got = charge(server, headers={OUTCOME: word})
    if word == "card_declined/":
        assert got.json["error"]["declineCode"] == "issuer_declined"
        return
    assert got.status == 400
    assert got.json["message"].startswith("x-mock-clover-outcome: unknown outcome '")
    meant = {"aprove": "approve", "card_declined/lost_crad": "card_declined/lost_card"}.get(word)
    assert got.json["message"].endswith(f"did you mean `{meant}`?") == (meant is not None)


@pytest.mark.parametrize("name", sorted(SELECTABLE_ERRORS))
def test_every_problem_of_the_catalogue_can_be_asked_for(
    server: InProcessServer, name: str
) -> None:
    got = charge(server, headers={OUTCOME: name})
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
    make_server: MakeServer, sends: dict[str, Any], expected: str | None, why: str
) -> None:
    got = charge(server_of(make_server, PRECEDENCE), DECLINED_CARD, **sends)
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
    make_server: MakeServer, counts: str, declined_calls: list[int]
) -> None:
    rules = f"rules: [{{when: {{endpoint: create_charge, {counts}}}, then: {{decline: {{}}}}}}]"
    server = server_of(make_server, rules)
    statuses = []
    for _ in range(6):
        server.send("GET", "/v1/charges")  # does not match, so does not count
        statuses.append(charge(server).status)
    assert [n for n, status in enumerate(statuses, 1) if status == 402] == declined_calls


def test_a_sandbox_counts_for_itself(make_server: MakeServer) -> None:
    rules = "rules: [{when: {endpoint: create_charge, first: 1}, then: {decline: {}}}]"
    server = server_of(make_server, rules)
    assert [charge(server).status for _ in range(2)] == [402, 200]
    server.sandbox = server.sandboxes.get_or_create("other")
    server.known = server.sandbox.credentials
    assert [charge(server).status for _ in range(2)] == [402, 200]


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
    make_server: MakeServer, when: str, meets: dict[str, Any], misses: dict[str, Any] | None
) -> None:
    server = server_of(make_server, f"rules: [{{when: {{{when}}}, then: {{decline: {{}}}}}}]")
    assert charge(server, **meets).why == "t: rule 1 (inferred)"
    if misses is not None:
        assert charge(server, **misses).status == 200


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
def test_source_conditions(make_server: MakeServer, when: str, expected: set[str]) -> None:
    rule = f"{{when: {{endpoint: create_charge, {when}}}, then: {{decline: {{}}}}}}"
    server = server_of(make_server, f"rules: [{rule}]")
    saved = server.token()
    body = {"email": "jo@example.com", "source": saved}
    customer = server.send("POST", "/v1/customers", body).json["id"]
    stored = {"stored_credentials": {"sequence": "SUBSEQUENT", "initiator": "MERCHANT"}}
    got = {
        "customer": charge(server, source=customer),
        "multipay": charge(server, source=saved, **stored),
        "token": charge(server),
    }
    assert {name for name, each in got.items() if each.status == 402} == expected


# Outcomes of rules --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("{status: 502, body: Bad gateway, content_type: text/html}", (502, b"Bad gateway")),
        ("{status: 500, body: {a: [1, {b: null}]}}", (500, b'{"a":[1,{"b":null}]}')),
        ('{status: 200, body: ""}', (200, b"")),
    ],
)
def test_a_raw_reply_is_sent_as_it_is(
    make_server: MakeServer, raw: str, expected: tuple[int, bytes]
) -> None:
    server = server_of(make_server, f"rules: [{{when: {{amount: 5}}, then: {{raw: {raw}}}}}]")
    got = charge(server, amount=5)
    assert (got.status, got.body) == expected
    assert got.content_type == ("text/html" if "html" in raw else "application/json")
    assert (got.why, len(server.sandbox.charges)) == ("t: rule 1 (inferred)", 0)


@pytest.mark.parametrize("body", ["[" * 3_000, "[" * 3_000 + "]" * 3_000])
def test_a_deeply_nested_raw_reply_can_be_shown(make_server: MakeServer, body: str) -> None:
    then = f"{{raw: {{status: 200, body: '{body}'}}, webhook: {{type: CREATE}}}}"
    server = server_of(make_server, f"rules: [{{when: {{amount: 5}}, then: {then}}}]")
    assert charge(server, amount=5).body == body.encode()
    exchange = server.send("GET", f"/_mock/journal/{server.sandbox.journal.count}").json["exchange"]
    asked = {"path": "/v1/charges", "body": {"amount": 5, "currency": "usd", "source": "x"}}
    explained = server.send("POST", "/_mock/why", asked).json
    assert [exchange["reply"], explained["reply"]] == [body] * 2
    assert server.send("GET", "/_mock/snapshot").status == 200


def test_partial_approval_amount(make_server: MakeServer) -> None:
    server = server_of(
        make_server, "rules: [{when: {amount: 900}, then: {approve: {amount: 300}}}]"
    )
    created = charge(server, amount=900).json
    assert (created["amount"], created["partial_auth"], created["paid"]) == (300, True, True)
    assert server.send("GET", f"/v1/charges/{created['id']}").json["amount_captured"] == 300
    order = server.order(900)["id"]
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()}).json
    assert (paid["amount_paid"], paid["status"]) == (300, "created")


@pytest.mark.parametrize(
    "approved", [900, 5000], ids=["exactly the amount", "more than the amount"]
)
def test_an_approval_of_the_whole_amount_is_not_partial(
    make_server: MakeServer, approved: int
) -> None:
    server = server_of(make_server, f"rules: [{{then: {{approve: {{amount: {approved}}}}}}}]")
    created = charge(server, amount=900).json
    assert (created["amount"], "partial_auth" in created) == (900, False)
    items = [{"amount": 1000, "tax_rates": [{"rate": 1_000_000}]}]
    order = server.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json["id"]
    part = {"source": server.token(), "amount": 500}
    paid = server.send("POST", f"/v1/orders/{order}/pay", part).json
    created = server.send("GET", f"/v1/charges/{paid['charge']}").json
    assert (paid["amount_paid"], created["amount"], created["tax_amount"]) == (500, 500, 45)


def test_card_on_file_warns_and_declines_saved_cards(make_server: MakeServer) -> None:
    server = make_server(load("card-on-file"))
    warning = (
        "Subsequent credential on file pay request sent for without Initial credential on file "
        "pay request."
    )
    customer, saved = _saved(server, "kim@example.com")
    stored = {"stored_credentials": {"sequence": "SUBSEQUENT", "initiator": "MERCHANT"}}
    assert charge(server, source=customer, amount=30_001).json["warning_message"] == warning
    assert charge(server, source=saved, amount=30_001, **stored).json["warning_message"] == warning
    assert "warning_message" not in charge(server, amount=30_001).json
    first = {"stored_credentials": {"sequence": "FIRST"}}
    for amount, more, message in (
        (30_002, first, "CVV could not be verified"),
        (30_003, {}, "CVV is not provided"),
    ):
        got = charge(server, source=saved, amount=amount, **more)
        assert (got.status, got.json["error"]["message"]) == (402, message)
        assert got.why.startswith("card-on-file: rule ")
        assert charge(server, source=saved, amount=amount, **stored).status == 200
    got = charge(server, source=customer, amount=30_004)
    assert (got.status, got.json) == (400, refused("CARD_ON_FILE_MISSING"))
    got = charge(server, source=customer, amount=30_005)
    assert got.json["error"]["declineCode"] == "expired_card"
    jo, _ = _saved(server, "jo@example.com")
    assert [charge(server, source=jo).status for _ in range(6)] == [200, 200, 402] * 2


def _saved(server: InProcessServer, email: str) -> tuple[str, str]:
    token = server.token("4111111111111111")
    created = server.send("POST", "/v1/customers", {"email": email, "source": token})
    return created.json["id"], token


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
    make_server: MakeServer, pan: str, shown: tuple[str, str, str]
) -> None:
    server = make_server(load("avs-and-cvc"))
    token = server.token(pan, address_line1="1 Main St", address_zip="94041")
    paid = charge(server, source=token).json["source"]
    names = ("address_line1_check", "address_zip_check", "cvc_check")
    assert tuple(paid[name] for name in names) == shown
    bare = charge(server, source=server.token(pan, cvv=None)).json["source"]
    assert not set(names) & set(bare), "without a value there is no check"


@pytest.mark.parametrize("pan_or_amount", [40_001, "4000000000400012"])
def test_phantom_decline(make_server: MakeServer, pan_or_amount: int | str) -> None:
    server = make_server(load("phantom-decline"))
    if isinstance(pan_or_amount, int):
        rule, amount = "1 (phantom decline by amount)", pan_or_amount
        got = charge(server, amount=amount)
    else:
        rule, amount = "2 (phantom decline by card)", 1800
        got = charge(server, pan_or_amount)
    (listed,) = server.send("GET", "/v1/charges").json["data"]
    result = declined(listed["id"], "issuer_declined", "DECLINED: No reason provided.")
    assert (got.status, got.body.decode()) == (402, result)
    assert got.why.startswith(f"phantom-decline: rule {rule} (observed)")
    assert (listed["status"], listed["paid"], listed["amount_captured"]) == (
        "succeeded",
        True,
        amount,
    )
    refund = server.send("POST", "/v1/refunds", {"charge": listed["id"]})
    assert (refund.status, refund.json["amount"]) == (200, amount)


def test_an_expired_token_is_refused_twice(make_server: MakeServer) -> None:
    server = make_server(load("expired-token"))
    got = [charge(server) for _ in range(6)]
    assert [each.status for each in got] == [200, 200, 200, 401, 401, 200]
    assert got[3].body == b'{"message":"401 Unauthorized"}'
    assert got[3].why.startswith("expired-token: rule 1 (the fourth and fifth charges get ")


# Time ---------------------------------------------------------------------------------------------


def test_seventeenth_request_in_a_second_gets_429(make_server: MakeServer) -> None:
    server = make_server(load("rate-limited"))

    def call() -> Response:
        return server.send("GET", "/v1/charges")

    assert {call().status for _ in range(16)} == {200}
    got = call()
    assert (got.status, got.body) == (429, b'{"message":"429 Too Many Requests"}')
    result = {name.lower(): value for name, value in got.headers.items()}
    assert result["x-ratelimit-tokenlimit"] == "16"
    assert result["retry-after"] == "1"
    limit = "RATE_LIMITED (limit 16 requests a second for a token; retry in 1 s) ("
    assert got.why.startswith(limit)
    early = {name.lower(): value for name, value in call().headers.items()}
    assert int(early["retry-after"]) > int(result["retry-after"]), "an early retry lengthens it"
    server.clock.advance(int(early["retry-after"]) * 1000 - 1)
    assert call().status == 429, "a millisecond too early, and longer again"
    server.clock.advance(10_000)
    assert call().status == 200


def test_rate_limit_window_is_one_second(make_server: MakeServer) -> None:
    server = make_server(load("rate-limited"))
    for _ in range(5):
        assert {server.send("GET", "/v1/charges").status for _ in range(16)} == {200}
        server.clock.advance(1_000)


@pytest.mark.parametrize(
    ("pan", "days"), [(VISA, 7), ("5204245250003294", 30), ("6011361000006668", 7)]
)
def test_an_authorization_expires_by_the_clock(
    server: InProcessServer, pan: str, days: int
) -> None:
    early, late = (charge(server, pan, capture=False).json["id"] for _ in range(2))
    server.clock.advance(days * DAY_MS - 1)
    assert server.send("POST", f"/v1/charges/{early}/capture").status == 200
    server.clock.advance(1)
    got = server.send("POST", f"/v1/charges/{late}/capture")
    assert (got.status, got.json) == (400, refused("AUTHORIZATION_EXPIRED"))


def test_a_card_expires_by_the_clock(server: InProcessServer) -> None:
    """The server's date is 2025-05-27: a card of 05/25 is valid for five more days."""
    tokens = [server.token(exp_month="05", exp_year="2025") for _ in range(2)]
    assert charge(server, source=tokens[0]).status == 200
    server.clock.advance(5 * DAY_MS)
    got = charge(server, source=tokens[1])
    ((_, saved), *_) = server.sandbox.charges.items_newest_first()
    assert got.body.decode() == declined(saved.id, "expired_card", "Expired card")
    assert got.why == "the card has expired according to the sandbox's clock (inferred)"
    again = server.send("POST", "/v1/tokens", server.card(exp_month="05", exp_year="2025"))
    assert (again.status, again.json) == (400, refused("EXPIRED_CARD"))


def test_a_bearer_token_expires_by_the_clock(make_server: MakeServer) -> None:
    server, credentials = make_server(load("expired-token")), None
    credentials = server.known
    location = server.send("GET", f"/oauth/authorize?client_id={credentials.client_id}").headers[
        "location"
    ]
    fields = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "code": location.partition("code=")[2].partition("&")[0],
    }
    bearer = json.loads(server.send("POST", "/oauth/token", fields).body)["access_token"]
    headers = {"authorization": f"Bearer {bearer}"}
    server.clock.advance(1_800_000)
    assert server.send("GET", "/v1/charges", headers=headers).status == 200
    server.clock.advance(1)
    assert server.send("GET", "/v1/charges", headers=headers).status == 401


# Too many payments -------------------------------------------------------------------------------

PER_CARD, PER_ADDRESS, NOT_ENTITLED = ISSUER_DECLINES.values()


def test_declines_with_a_message_of_their_own_by_outcome_and_card(make_server: MakeServer) -> None:
    server = make_server(load("velocity"))
    cards = ("4000000000200016", "4000000000200024", "5100000000200012")
    for (name, message), number in zip(ISSUER_DECLINES.items(), cards, strict=True):
        for pan, headers in (
            (number, {}),
            (VISA, {"x-mock-clover-outcome": f"card_declined/{name}"}),
        ):
            body = {"amount": 1, "currency": "usd", "source": server.token(pan)}
            got = server.send("POST", "/v1/charges", body, headers=headers)
            error = {"code": "card_declined", "message": message}
            error |= {"charge": got.json["error"]["charge"], "declineCode": "issuer_declined"}
            assert (got.status, got.json) == (
                402,
                {"message": "402 Payment Required", "error": error},
            )


def test_payments_are_counted_by_card_and_by_address(make_server: MakeServer) -> None:
    server = make_server(load("velocity"))

    def pay(pan: str, address: str) -> str | None:
        body = {"amount": 1, "currency": "usd", "source": server.token(pan)}
        headers = {"x-forwarded-for": f"{address}, 10.0.0.1"}
        got = server.send("POST", "/v1/charges", body, headers=headers)
        return got.json["error"]["message"] if got.status == 402 else None

    other, third = "5204245250003294", "6011361000006668"
    assert [pay(VISA, "203.0.113.7") for _ in range(6)] == [None] * 5 + [PER_CARD]
    assert [pay(other, "203.0.113.7") for _ in range(5)] == [None] * 5
    assert pay(third, "203.0.113.7") == PER_ADDRESS
    assert pay(third, "203.0.113.8") is None
    assert pay(VISA, "203.0.113.8") == PER_CARD
    assert len(server.sandbox.rule_counts) == 5


def test_counters_are_bounded_and_need_a_position(make_server: MakeServer) -> None:
    with pytest.raises(ScenarioError, match="`per` needs `nth`, `first`, `every` or `after`"):
        parse(b"name: x\nrules:\n  - {when: {per: card}, then: {approve: {}}}\n", "x.yaml")
    server = make_server(load("velocity"))
    server.sandbox.rule_counts = {str(number): 1 for number in range(100, 10_100)}
    server.charge()
    assert len(server.sandbox.rule_counts) == 10_000
