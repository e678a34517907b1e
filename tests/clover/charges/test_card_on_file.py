"""Credentials on file: which charges save a card, warnings about sequences, and rules."""

from typing import Any

import pytest

from mock_clover.clover.charges.records_on_file import SUBSEQUENT_WITHOUT_FIRST, transarmor_token
from mock_clover.clover.common.cards import Card
from mock_clover.core.masking import redact
from mock_clover.scenario.load import ScenarioError, parse
from tests.clover.tokens.test_instruments import ACH
from tests.hostile import BROWSER
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer, Response

FIRST = {"sequence": "FIRST", "initiator": "MERCHANT", "is_scheduled": False}
SUBSEQUENT = FIRST | {"sequence": "SUBSEQUENT"}
SAVING = {"intent": "save_credential_on_file", "stored_credentials": FIRST}


def charge(server: InProcessServer, source: str, **more: Any) -> Response:
    body = {"amount": 122, "currency": "usd", "source": source} | more
    return server.send("POST", "/v1/charges", body)


def state(server: InProcessServer, token: str) -> str:
    row = server.sandbox.tokens.get(token)
    assert row is not None
    return row.state


@pytest.mark.parametrize("intent", ["save_credential_on_file", "save_credentials_on_file"])
def test_an_intent_with_first_makes_a_token_multi_pay(server: InProcessServer, intent: str) -> None:
    token = server.token()
    created = charge(server, token, **SAVING | {"intent": intent}).json
    saved = created["saved_credentials_on_file"]
    assert list(saved) == ["tokenType", "value"]
    assert (saved["tokenType"], saved["value"][:2], len(saved["value"])) == ("TRANSARMOR", "88", 16)
    assert state(server, token) == "multipay"
    later = charge(server, token, stored_credentials=SUBSEQUENT)
    assert (later.status, "warning_message" in later.json) == (200, False)
    assert "saved_credentials_on_file" not in later.json
    assert charge(server, token).json["error"]["message"] == "CVV is not provided"


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
    server: InProcessServer, more: dict[str, Any], after: str
) -> None:
    token = server.token()
    assert charge(server, token, **more).status == 200
    assert state(server, token) == after


@pytest.mark.parametrize(
    ("instrument", "after"),
    [({"ach": ACH}, "used"), ({"gift_card": {"number": "98765441066"}}, "new")],
)
def test_only_cards_can_be_saved_by_intent(
    server: InProcessServer, instrument: dict[str, Any], after: str
) -> None:
    token = server.send("POST", "/v1/tokens", instrument).json["id"]
    got = charge(server, token, **SAVING)
    assert (got.status, "saved_credentials_on_file" in got.json) == (200, False)
    assert state(server, token) == after


def test_incomplete_credentials_of_a_saved_token(make_server: MakeServer) -> None:
    """Accepted and told; rejected with `strict`, even where inferred replies are."""
    sent = {"x-forwarded-for": "203.0.113.7", "user-agent": "shop/1.0"}
    for server in (make_server(), make_server(strict=True, refuse_inferred=True)):
        token = server.token()
        server.send("POST", "/v1/customers", {"email": "jo@example.com", "source": token})
        for missing in ((), ("sequence",), ("is_scheduled",), ("initiator",), tuple(FIRST)):
            stored = {name: value for name, value in FIRST.items() if name not in missing}
            order = server.order(122)["id"]
            for path, body in (
                ("/v1/charges", {"amount": 122, "currency": "usd", "source": token}),
                (f"/v1/orders/{order}/pay", {"source": token}),
            ):
                body |= {"stored_credentials": stored}
                got = server.send("POST", path, body, headers=sent)
                ordered = [n for n in ("sequence", "is_scheduled", "initiator") if n in missing]
                if missing and server.sandbox.settings.strict:
                    message = f"Please provide a valid stored_credentials.{ordered[0]}."
                    assert (got.status, got.json["error"]["message"]) == (400, message)
                    continue
                names = ", ".join(f"stored_credentials.{name}" for name in ordered)
                told = f"; {names} missing, required with a multi-pay token (documented)"
                assert (got.status, got.why) == (
                    200,
                    "sandbox: VISA ...4242 is listed to approve (documented)"
                    + (told if missing else ""),
                )


INSTALLMENT = {
    "bill_pay_indicator": "Installment",
    "invoice_number": "INV123456789",
    "description": "sofa",
    "total_count": 12,
    "total_amount": 120_000,
    "sequence_number": 1,
    "amount_type": "FIXED",
    "interval": "MONTH",
    "interval_count": 1,
}


def test_installment_members_and_their_limits(make_server: MakeServer) -> None:
    server = make_server(strict=True)
    sent = {"x-forwarded-for": "203.0.113.7", "user-agent": "shop/1.0"}

    def pay(**changes: Any) -> Response:
        stored = FIRST | {"installment_info": INSTALLMENT | changes}
        body = {"amount": 122, "currency": "usd", "source": server.token()}
        return server.send(
            "POST", "/v1/charges", body | {"stored_credentials": stored}, headers=sent
        )

    created = pay()
    assert created.status == 200, created
    shown = server.send("GET", f"/v1/charges/{created.json['id']}").json
    assert shown["stored_credentials"]["installment_info"] == INSTALLMENT
    for wrong in ({"invoice_number": "INV1234567890"}, {"total_count": -1}, {"total_amount": "x"}):
        got = pay(**wrong)
        assert (got.status, got.json["error"]["message"]) == (
            400,
            f"Please provide a valid stored_credentials.installment_info.{next(iter(wrong))}.",
        )


@pytest.mark.parametrize(("spends", "after"), [(True, "used"), (False, "new")])
def test_a_decline_saves_nothing(make_server: MakeServer, spends: bool, after: str) -> None:
    server = make_server(decline_spends_token=spends)
    token = server.token(DECLINED_CARD)
    got = charge(server, token, **SAVING)
    assert (got.status, "saved_credentials_on_file" in got.json) == (402, False)
    assert state(server, token) == after


def test_invalid_intent_is_rejected(server: InProcessServer) -> None:
    got = charge(server, server.token(), intent="save")
    assert (got.status, got.json["error"]["message"]) == (400, "Please provide a valid intent.")


def test_order_payment_can_save_card(server: InProcessServer) -> None:
    order, token = server.order(122)["id"], server.token()
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": token} | SAVING).json
    assert paid["saved_credentials_on_file"]["tokenType"] == "TRANSARMOR"
    assert state(server, token) == "multipay"


def test_card_is_saved_after_successful_challenge(server: InProcessServer) -> None:
    token = server.token()
    request_body = {"threeds": {"source": "CLOVER", "browser_info": BROWSER}} | SAVING
    pending = charge(
        server, token, description="mock-clover:threeds/challenge", **request_body
    ).json
    assert ("saved_credentials_on_file" in pending, state(server, token)) == (False, "used")
    threeds = {"source": "CLOVER", "flow_status": "SUCCESS"}
    body = {"charge_id": pending["id"], "threeds": threeds}
    result = server.send("POST", "/v1/charges/finalize_payment", body).json
    assert result["saved_credentials_on_file"]["value"].startswith("88")
    assert state(server, token) == "multipay"


def test_card_removed_during_challenge_is_not_saved(server: InProcessServer) -> None:
    customer = server.customer()
    ((token, _),) = server.sandbox.tokens.items_newest_first()
    request_body = {
        "threeds": {"source": "CLOVER", "browser_info": BROWSER},
        "description": "mock-clover:threeds/challenge",
        "stored_credentials": FIRST,
    }
    pending = charge(server, token, **request_body).json["id"]
    card = customer["sources"]["data"][0]
    server.send("DELETE", f"/v1/customers/{customer['id']}/sources/{card}")
    threeds = {"source": "CLOVER", "flow_status": "SUCCESS"}
    body = {"charge_id": pending, "threeds": threeds}
    assert server.send("POST", "/v1/charges/finalize_payment", body).status == 200
    assert state(server, token) == "revoked"


def test_one_card_has_one_transarmor_token(server: InProcessServer) -> None:
    values = [
        charge(server, server.token(pan), **SAVING).json["saved_credentials_on_file"]["value"]
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
        assert redact(transarmor_token(card)) == transarmor_token(card)


# The sequence -------------------------------------------------------------------------------------


def test_subsequent_without_first_gives_warning(server: InProcessServer) -> None:
    server.customer()
    ((token, _),) = server.sandbox.tokens.items_newest_first()
    body = {"stored_credentials": SUBSEQUENT}
    assert charge(server, token, **body).json["warning_message"] == SUBSEQUENT_WITHOUT_FIRST
    assert "warning_message" not in charge(server, token, stored_credentials=FIRST).json
    assert "warning_message" not in charge(server, token, **body).json
    order = server.order(122)["id"]
    fresh = server.token()
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": fresh} | body).json
    assert paid["warning_message"] == SUBSEQUENT_WITHOUT_FIRST


def test_declined_first_does_not_count(make_server: MakeServer) -> None:
    text = b"name: t\nrules: [{when: {amount: 1}, then: {decline: {}}}]"
    server = make_server(parse(text, "t.yaml"))
    server.customer()
    ((token, _),) = server.sandbox.tokens.items_newest_first()
    assert charge(server, token, amount=1, stored_credentials=FIRST).status == 402
    later = charge(server, token, stored_credentials=SUBSEQUENT).json
    assert later["warning_message"] == SUBSEQUENT_WITHOUT_FIRST


def test_warning_of_rule_is_kept(make_server: MakeServer) -> None:
    text = b"name: t\nrules: [{then: {approve: {warning_message: ours}}}]"
    server = make_server(parse(text, "t.yaml"))
    got = charge(server, server.token(), stored_credentials=SUBSEQUENT)
    assert got.json["warning_message"] == "ours"


def test_a_snapshot_knows_the_first(make_server: MakeServer) -> None:
    server, other = make_server(), make_server()
    token = server.token()
    charge(server, token, **SAVING)
    snapshot = server.send("GET", "/_mock/snapshot").json
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
    make_server: MakeServer, when: str, stored: dict[str, Any] | None, met: bool
) -> None:
    rule = f"{{when: {{stored_credentials: {when}}}, then: {{decline: {{}}}}}}"
    server = make_server(parse(f"name: t\nrules: [{rule}]".encode(), "t.yaml"))
    more = {} if stored is None else {"stored_credentials": stored}
    order = server.order(122)["id"]
    pay = {"source": server.token()} | more
    assert charge(server, server.token(), **more).status == (402 if met else 200)
    assert server.send("POST", f"/v1/orders/{order}/pay", pay).status == (402 if met else 200)


def test_why_names_the_condition_that_differs(make_server: MakeServer) -> None:
    rule = "{when: {stored_credentials: {sequence: FIRST}}, then: {decline: {}}}"
    server = make_server(parse(f"name: t\nrules: [{rule}]".encode(), "t.yaml"))
    body = {"amount": 1, "currency": "usd", "source": server.token()}
    why = server.send("POST", "/_mock/why", {"path": "/v1/charges", "body": body}).json
    assert why["rules"][0]["because"] == "the condition `stored_credentials` is not met"


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{stored_credentials: {}}", "is empty; set"),
        ("{stored_credentials: {given: false, sequence: FIRST}}", "cannot be combined with other"),
        ("{stored_credentials: {sequence: LAST}}", "LAST"),
        ("{stored_credentials: {sequense: FIRST}}", "did you mean `sequence`"),
        ("{endpoint: create_refund, stored_credentials: {given: true}}", "have no stored_credent"),
    ],
)
def test_invalid_condition_is_rejected(when: str, message: str) -> None:
    text = f"name: t\nrules: [{{when: {when}, then: {{decline: {{}}}}}}]"
    with pytest.raises(ScenarioError, match=message):
        parse(text.encode(), "t.yaml", ["create_refund"])


# Captures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "amount", "status"),
    [(0, 1_000, 200), (0, 1_001, 400), (15, 1_150, 200), (15, 1_151, 400), (1_000, 11_000, 200)],
)
def test_over_capture_percent_setting(
    make_server: MakeServer, percent: int, amount: int, status: int
) -> None:
    """Clover's pages mention hotels and cars, where another amount is captured, and no limit."""
    server = make_server(over_capture_percent=percent)
    created = server.charge(amount=1_000, capture=False)["id"]
    got = server.send("POST", f"/v1/charges/{created}/capture", {"amount": amount})
    assert got.status == status
    if status == 200:
        assert got.json["amount_captured"] == amount
        refund = server.send("POST", "/v1/refunds", {"charge": created}).json
        assert refund["amount"] == amount


def test_a_capture_above_the_authorization_pays_the_order(make_server: MakeServer) -> None:
    server = make_server(over_capture_percent=15)
    created = server.charge(amount=1_000, capture=False)["id"]
    server.send("POST", f"/v1/charges/{created}/capture", {"amount": 1_150})
    (paid,) = server.send("GET", "/v1/orders?status_transitions.paid.gte=0").json["data"]
    order = server.send("GET", f"/v1/orders/{paid['id']}").json
    assert (order["charge"], order["amount"], order["amount_paid"]) == (created, 1_000, 1_150)


def test_capture_is_limited_to_clovers_maximum(make_server: MakeServer) -> None:
    server = make_server(over_capture_percent=100)
    created = server.charge(amount=99_999_999, capture=False)["id"]
    got = server.send("POST", f"/v1/charges/{created}/capture", {"amount": 100_000_000})
    assert got.status == 400
