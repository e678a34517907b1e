"""Gift cards: responses and balances, which are never negative."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from mock_clover.scenario.load import parse
from tests.in_process import InProcessServer, MakeServer, Response

NUMBER = "98765441066"
"""From Clover's page."""
EXPIRES = "2030-05-26"
WARNING = "partial_redemption should be true for gift card"
DAY_MS = 86_400_000
ANSWERED = {"network_status": "approved_by_network", "type": "authorized"}


def gift(server: InProcessServer, number: str = NUMBER, **members: Any) -> str:
    """Return a gift card's token."""
    created = server.send("POST", "/v1/tokens", {"gift_card": {"card_number": number} | members})
    assert created.status == 200, created
    return str(created.json["id"])


def active(server: InProcessServer, amount: int, number: str = NUMBER) -> str:
    """Activate a card and return its token."""
    token = gift(server, number)
    body = {"source": token, "amount": amount, "currency": "USD"}
    assert server.send("POST", "/v1/activate", body).status == 200
    return token


def balance(server: InProcessServer, number: str = NUMBER) -> tuple[int, int]:
    """Return the balance of a card, and how much of it is locked."""
    got = server.send("POST", "/v1/balance_inquiry", {"source": gift(server, number)})
    shown = got.json["gift_card"]
    assert shown["previous_balance"] == shown["new_balance"]
    return shown["new_balance"] + shown["lock_amount"], shown["lock_amount"]


def charge(server: InProcessServer, source: str, amount: int = 100, **members: Any) -> Response:
    body = {"amount": amount, "currency": "USD", "source": source} | members
    return server.send("POST", "/v1/charges", body)


# Tokens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "requested",
    [
        {"card_number": NUMBER, "security_code": "785577", "foreign_access_code": "67755"},
        {"number": NUMBER},
        {"card_number": NUMBER, "number": NUMBER},
        {"number": "9876 544-1066"},
        {"number": int(NUMBER)},
    ],
)
def test_both_spellings_of_a_number_give_a_token_that_shows_its_last_four(
    server: InProcessServer, requested: dict[str, Any]
) -> None:
    got = server.send("POST", "/v1/tokens", {"gift_card": requested})
    assert got.status == 200
    assert got.json == {"id": got.json["id"], "object": "token", "giftCard": {"last4": "1066"}}


@pytest.mark.parametrize("length", range(1, 21))
def test_a_number_has_one_of_the_documented_lengths(server: InProcessServer, length: int) -> None:
    got = server.send("POST", "/v1/tokens", {"gift_card": {"number": "7" * length}})
    assert got.status == (200 if length in (6, 11, 13, 16, 19) else 400)


WRONG = {
    "card_number": [
        {},
        {"number": ""},
        {"number": "98765441O66"},
        {"number": "9876544106\u0666"},
        {"number": NUMBER, "card_number": "98765441067"},
    ],
    "security_code": [
        {"number": NUMBER, "security_code": code} for code in ("", "123", "123456789", "12a4")
    ],
}


@pytest.mark.parametrize(
    ("member", "requested"),
    [(member, requested) for member in WRONG for requested in WRONG[member]],
)
def test_invalid_gift_card_field_is_rejected(
    server: InProcessServer, member: str, requested: dict[str, str]
) -> None:
    got = server.send("POST", "/v1/tokens", {"gift_card": requested})
    assert (got.status, got.json["error"]) == (
        400,
        {
            "type": "invalid_request_error",
            "code": "invalid_request",
            "message": f"Please provide a valid gift_card.{member}.",
        },
    )


def test_a_rule_may_refuse_a_gift_cards_token(make_server: MakeServer) -> None:
    server = make_server()
    headers = {"x-mock-clover-outcome": "TOKEN_UPSTREAM_FAILURE"}
    got = server.send("POST", "/v1/tokens", {"gift_card": {"number": NUMBER}}, headers=headers)
    assert (got.status, got.json["error"]["code"]) == (400, "missing")


def test_token_response_names_its_kind(server: InProcessServer) -> None:
    got = server.send("GET", f"/v1/tokens/{gift(server)}").json
    assert got["tokenMeta"]["paymentInstrument"] == "GIFT_CARD"
    assert "card" not in got


# Balances -----------------------------------------------------------------------------------------


def test_a_card_that_expires_after_the_year_9999_can_be_activated(server: InProcessServer) -> None:
    server.clock.set(253_402_300_800_000)
    response = server.send("POST", "/v1/activate", {"promotion_code": "67062"})
    assert (response.status, response.json["gift_card"]["expiration_date"]) == (200, "9999-12-31")


@pytest.mark.parametrize("path", ["/v1/activate", "/v1/gift_cards/activate"])
def test_activation_sets_initial_balance(server: InProcessServer, path: str) -> None:
    body = {"source": gift(server), "amount": 2500, "currency": "USD"}
    got = server.send("POST", path, body)
    assert got.json == {
        "id": got.json["id"],
        "amount": 2500,
        "ref_num": "500005",
        "outcome": ANSWERED,
        "paid": True,
        "status": "succeeded",
        "source": {"last4": "1066"},
        "gift_card": {"expiration_date": EXPIRES, "previous_balance": 0, "new_balance": 2500},
    }
    assert balance(server) == (2500, 0)


@pytest.mark.parametrize("path", ["/v1/reload", "/v1/gift_cards/reload"])
def test_a_reload_adds_to_a_card(server: InProcessServer, path: str) -> None:
    body = {"source": active(server, 92), "amount": 500, "currency": "USD"}
    got = server.send("POST", path, body)
    assert got.status == 200
    assert (got.json["amount"], got.json["gift_card"]) == (
        500,
        {"expiration_date": EXPIRES, "previous_balance": 92, "new_balance": 592},
    )
    assert balance(server) == (592, 0)


@pytest.mark.parametrize("path", ["/v1/balance_inquiry", "/v1/gift_cards/balance"])
def test_balance_inquiry(server: InProcessServer, path: str) -> None:
    got = server.send("POST", path, {"source": active(server, 5000)})
    assert got.json == {
        "status": "succeeded",
        "gift_card": {
            "expiration_date": EXPIRES,
            "previous_balance": 5000,
            "new_balance": 5000,
            "lock_amount": 0,
        },
    }


@pytest.mark.parametrize("path", ["/v1/cashout", "/v1/gift_cards/cashout"])
def test_a_cashout_pays_all_that_is_not_locked(server: InProcessServer, path: str) -> None:
    token = active(server, 5000)
    assert charge(server, gift(server), 1000, capture=False).status == 200
    got = server.send("POST", path, {"source": token})
    assert (got.json["amount"], got.json["gift_card"]) == (
        4000,
        {"expiration_date": EXPIRES, "previous_balance": 4000, "new_balance": 0},
    )
    assert balance(server) == (1000, 1000)


@pytest.mark.parametrize(("requested", "code"), [({}, 8), ({"amount": 2000, "currency": "USD"}, 4)])
def test_a_promotion_code_makes_a_virtual_card(
    server: InProcessServer, requested: dict[str, Any], code: int
) -> None:
    amount = requested.get("amount", 5000)
    got = server.send("POST", "/v1/activate", {"promotion_code": "67062"} | requested)
    created = got.json["gift_card"]
    assert got.json["source"] == {"last4": created["number"][-4:]}
    assert (len(created["number"]), len(created["security_card_value"])) == (16, code)
    assert created["number"].startswith("777737")
    assert (created["previous_balance"], created["new_balance"]) == (0, amount)
    assert balance(server, created["number"]) == (amount, 0)


def test_each_virtual_card_is_another(server: InProcessServer) -> None:
    created = [server.send("POST", "/v1/activate", {"promotion_code": "67062"}) for _ in range(50)]
    assert len({each.json["gift_card"]["number"] for each in created}) == 50


def test_balance_of_unactivated_card_setting(
    make_server: MakeServer,
) -> None:
    assert balance(make_server()) == (5000, 0)
    holding_123 = make_server(gift_card_balance=123)
    assert balance(holding_123) == (123, 0)
    assert charge(holding_123, gift(holding_123), 200).json["amount"] == 123
    server = make_server(gift_card_balance=None)
    refused = {"code": "processing_error", "message": "Gift card is not active."}
    for path, more in (
        ("/v1/balance_inquiry", {}),
        ("/v1/cashout", {}),
        ("/v1/reload", {"amount": 1, "currency": "USD"}),
    ):
        got = server.send("POST", path, {"source": gift(server)} | more)
        assert (got.status, got.json["error"]) == (400, refused), path
    declined = charge(server, gift(server))
    assert (declined.status, declined.json["error"]["message"]) == (402, "Gift card is not active.")


def test_a_forced_approval_of_a_card_that_is_not_active_takes_nothing(
    make_server: MakeServer,
) -> None:
    server = make_server(gift_card_balance=None)
    body = {"amount": 100, "currency": "USD", "source": gift(server)}
    headers = {"x-mock-clover-outcome": "approve"}
    got = server.send("POST", "/v1/charges", body, headers=headers)
    assert (got.status, got.json["amount"]) == (200, 0)


REFUSALS: list[tuple[str, str, dict[str, Any], str]] = [
    ("neither a card nor a code", "activate", {"amount": 1}, "for the charge."),
    ("a code without its amount", "activate", {"promotion_code": "67063"}, "amount."),
    ("both", "activate", {"source": "{gift}", "promotion_code": "67062"}, "promotion_code."),
    ("a card's token", "activate", {"source": "{card}", "amount": 1}, "for the charge."),
    ("no token", "balance_inquiry", {"source": "clv_none"}, "for the charge."),
    ("no source", "cashout", {}, "for the charge."),
    ("nothing", "reload", {"source": "{gift}", "currency": "USD"}, "amount."),
    ("zero", "reload", {"source": "{gift}", "amount": 0, "currency": "USD"}, "amount."),
    ("no currency", "reload", {"source": "{gift}", "amount": 1}, "currency."),
    ("too much", "activate", {"source": "{gift}", "amount": 100_000_000}, "amount."),
]


@pytest.mark.parametrize(
    ("path", "requested", "words"),
    [each[1:] for each in REFUSALS],
    ids=[each[0] for each in REFUSALS],
)
def test_invalid_request_is_rejected(
    server: InProcessServer, path: str, requested: dict[str, Any], words: str
) -> None:
    known = {"{gift}": gift(server), "{card}": server.token()}
    body = {name: known.get(value, value) for name, value in requested.items()}
    got = server.send("POST", f"/v1/{path}", body)
    assert got.status == 400
    assert got.json["error"]["message"].endswith(words)


def test_a_reload_beyond_the_bound_is_refused(server: InProcessServer) -> None:
    token = active(server, 99_999_999)
    got = server.send("POST", "/v1/reload", {"source": token, "amount": 1, "currency": "USD"})
    assert (got.status, got.json["error"]["code"]) == (400, "amount_too_large")


def test_a_retried_activation_is_one(server: InProcessServer) -> None:
    headers = {"idempotency-key": "once"}
    sent = [
        server.send("POST", "/v1/activate", {"promotion_code": "67062"}, headers=headers)
        for _ in range(2)
    ]
    assert sent[0].body == sent[1].body
    assert len(server.sandbox.gift_cards) == 1


# Redemption ---------------------------------------------------------------------------------------


def test_a_charge_redeems(server: InProcessServer) -> None:
    token = active(server, 5000)
    got = charge(server, token, 1800)
    assert got.json == {
        "id": got.json["id"],
        "amount": 1800,
        "payment_method_details": "giftCard",
        "amount_refunded": 0,
        "currency": "USD",
        "created": 1748341370775,
        "captured": True,
        "ref_num": "500010",
        "auth_code": got.json["auth_code"],
        "outcome": ANSWERED,
        "paid": True,
        "status": "succeeded",
        "source": {"id": token, "brand": "GIFT_CARD", "last4": "1066"},
        "ecomind": "ecom",
        "gift_card": {
            "expiration_date": EXPIRES,
            "previous_balance": 5000,
            "new_balance": 3200,
        },
    }
    assert balance(server) == (3200, 0)
    assert charge(server, token, 200).json["gift_card"]["new_balance"] == 3000


LOW: list[tuple[int, int, int | None, bool, int, int | None, str | None]] = [
    # balance, amount, tip, partial_redemption -> amount, tip, warning
    (60, 100, None, False, 60, None, WARNING),
    (60, 100, None, True, 60, None, None),
    (0, 100, None, False, 0, None, WARNING),
    (100, 100, None, False, 100, None, None),
    (110, 100, 20, False, 100, 10, WARNING),
    (60, 100, 20, True, 60, 0, None),
    (120, 100, 20, False, 100, 20, None),
]


@pytest.mark.parametrize("low", LOW)
@pytest.mark.parametrize("capture", [True, False])
def test_insufficient_balance_is_charged_partially(
    server: InProcessServer,
    low: tuple[int, int, int | None, bool, int, int | None, str | None],
    capture: bool,
) -> None:
    held, requested, tip, partial, amount, tip_left, warning = low
    active(server, held or 1)
    if not held:
        assert charge(server, gift(server), 1).status == 200
    got = charge(
        server, gift(server), requested, tip_amount=tip, partial_redemption=partial, capture=capture
    )
    assert got.status == 200
    shown = got.json
    assert (shown["amount"], shown.get("tip_amount")) == (amount, tip_left)
    assert shown.get("warning_message") == warning
    result = amount < requested or (partial and not capture)
    assert shown.get("partial_auth") == (True if result else None)
    left = held - amount - (tip_left or 0)
    assert balance(server) == ((left, 0) if capture else (held, held - left))


def test_a_rule_may_decline_a_gift_card_and_then_nothing_is_taken(server: InProcessServer) -> None:
    active(server, 500)
    body = {"amount": 100, "currency": "USD", "source": gift(server)}
    headers = {"x-mock-clover-outcome": "card_declined/do_not_honor"}
    got = server.send("POST", "/v1/charges", body, headers=headers)
    assert (got.status, balance(server)) == (402, (500, 0))
    shown = server.send("GET", f"/v1/charges/{got.json['error']['charge']}").json
    assert "gift_card" not in shown


def test_an_order_may_be_paid_by_a_gift_card_and_the_rest_by_a_card(
    server: InProcessServer,
) -> None:
    active(server, 700)
    order = server.order(1000)["id"]
    first = server.send("POST", f"/v1/orders/{order}/pay", {"source": gift(server)})
    assert (first.json["amount_paid"], first.json["status"]) == (700, "created")
    assert first.json["source"] == {"brand": "GIFT_CARD", "last4": "1066"}
    second = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    assert (second.json["amount_paid"], second.json["status"]) == (1000, "paid")
    assert balance(server) == (0, 0)
    assert server.send("POST", f"/v1/orders/{order}/returns").status == 200
    assert balance(server) == (700, 0)


@pytest.mark.parametrize(("partial", "warned"), [(True, None), (False, WARNING), (None, WARNING)])
def test_the_payment_of_an_order_warns_as_a_charge_does(
    server: InProcessServer, partial: bool | None, warned: str | None
) -> None:
    active(server, 700)
    body = {"source": gift(server), "partial_redemption": partial}
    paid = server.send("POST", f"/v1/orders/{server.order(1000)['id']}/pay", body).json
    assert (paid["amount_paid"], paid.get("warning_message")) == (700, warned)


def test_the_tax_of_an_order_is_shared_by_what_each_payment_took(server: InProcessServer) -> None:
    active(server, 550)
    items = [{"amount": 1000}, {"amount": 100, "type": "tax"}]
    order = server.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json["id"]
    first = server.send("POST", f"/v1/orders/{order}/pay", {"source": gift(server)}).json
    paid = server.send("GET", f"/v1/charges/{first['charge']}").json
    assert (paid["amount"], paid["tax_amount"]) == (550, 50)


def test_a_card_expires_by_the_sandboxs_clock(server: InProcessServer) -> None:
    token = active(server, 700)
    server.clock._frozen_ms += 1_825 * DAY_MS
    got = charge(server, token)
    assert (got.status, got.json["error"]["message"]) == (402, "Expired card")


def test_charges_of_one_card_are_limited(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_clover.clover.gift_cards.operations.CHARGES_MAX", 1)
    active(server, 700)
    assert [charge(server, gift(server)).status for _ in range(2)] == [200, 503]


# Locks --------------------------------------------------------------------------------------------


def lock(server: InProcessServer, amount: int = 400) -> str:
    """Lock an amount of a card and return the charge."""
    got = charge(server, gift(server), amount, capture=False, partial_redemption=True)
    shown = got.json["gift_card"]
    assert got.json["partial_auth"] is True
    assert isinstance(shown.pop("lock_id"), int)
    assert shown == {
        "expiration_date": EXPIRES,
        "previous_balance": shown["previous_balance"],
        "new_balance": shown["previous_balance"] - amount,
    }
    return str(got.json["id"])


@pytest.mark.parametrize(("captured", "left"), [(400, 600), (150, 850), (0, 1000)])
def test_capture_redeems_and_zero_capture_releases(
    server: InProcessServer, captured: int, left: int
) -> None:
    active(server, 1000)
    locked = lock(server)
    assert balance(server) == (1000, 400)
    got = server.send("POST", f"/v1/charges/{locked}/capture", {"amount": captured})
    assert got.status == 200
    assert got.json["source"] == {
        "id": got.json["source"]["id"],
        "brand": "GIFT_CARD",
        "first6": "987654",
        "last4": "1066",
    }
    assert (got.json["captured"], got.json["amount_captured"]) == (captured > 0, captured)
    assert (got.json["payment_method_details"], got.json["ref_num"]) == ("giftCard", "500010")
    assert got.json["gift_card"] == {
        "expiration_date": EXPIRES,
        "previous_balance": 600,
        "new_balance": left,
        "lock_amount": 0,
        "lock_id": got.json["gift_card"]["lock_id"],
    }
    assert balance(server) == (left, 0)


def test_a_card_has_several_locks(server: InProcessServer) -> None:
    active(server, 1000)
    first, second = lock(server, 400), lock(server, 500)
    third = charge(server, gift(server), 400, capture=False, partial_redemption=True)
    assert third.json["amount"] == 100
    assert balance(server) == (1000, 1000)
    for each in (first, second):
        assert server.send("POST", f"/v1/charges/{each}/capture").status == 200
    assert balance(server) == (100, 100)


def test_a_void_releases_a_lock(server: InProcessServer) -> None:
    active(server, 1000)
    got = server.send("POST", "/v1/refunds", {"charge": lock(server)})
    assert got.json["metadata"]["refundType"] == "PREAUTH"
    assert got.json["gift_card"] == {
        "expiration_date": EXPIRES,
        "previous_balance": 600,
        "new_balance": 1000,
    }
    assert balance(server) == (1000, 0)


def test_expired_lock_is_released(server: InProcessServer) -> None:
    active(server, 1000)
    lock(server)
    server.clock._frozen_ms += 8 * DAY_MS
    assert balance(server) == (1000, 0)


# Refunds ------------------------------------------------------------------------------------------


def refunded(server: InProcessServer, amount: int = 100, given: int = 60) -> dict[str, Any]:
    """Charge a card of 500, refund a part, and return the refund."""
    active(server, 500)
    created = charge(server, gift(server), amount).json["id"]
    got = server.send("POST", "/v1/refunds", {"charge": created, "amount": given})
    assert got.status == 200, got
    return dict(got.json)


def test_a_refund_goes_back_to_the_card(server: InProcessServer) -> None:
    got = refunded(server)
    assert got["metadata"] == {
        "refundType": "AUTH",
        "authCode": got["metadata"]["authCode"],
        "refNum": "514700500015",
        "gatewayResponseCode": "00",
    }
    assert got["gift_card"] == {
        "expiration_date": EXPIRES,
        "previous_balance": 400,
        "new_balance": 460,
    }
    assert balance(server) == (460, 0)


def test_a_full_refund_of_a_gift_card_is_a_void_for_a_day(make_server: MakeServer) -> None:
    server = make_server(void_type="VOID")
    token = active(server, 500)
    kinds = []
    for advance in ("24h", "1441m"):
        created = charge(server, token).json["id"]
        server.send("PUT", "/_mock/clock", {"advance": advance})
        got = server.send("POST", "/v1/refunds", {"charge": created})
        kinds.append(got.json["metadata"]["refundType"])
    assert kinds == ["VOID", "AUTH"]


def test_a_refund_can_be_canceled_once(server: InProcessServer) -> None:
    refund = refunded(server)
    path = f"/v1/refunds/{refund['id']}/cancel"
    got = server.send("POST", path, {"reason": "USER_CANCEL"})
    assert got.json == {
        "id": refund["id"],
        "object": "void_on_refund",
        "amount": 60,
        "charge": refund["charge"],
        "status": "succeeded",
        "metadata": refund["metadata"] | {"refundType": "VOID"},
        "gift_card": {"expiration_date": EXPIRES, "previous_balance": 460, "new_balance": 400},
    }
    assert balance(server) == (400, 0)
    shown = server.send("GET", f"/v1/refunds/{refund['id']}").json
    assert shown["status"] == "canceled"
    assert server.send("POST", path).status == 400
    again = server.send("POST", "/v1/refunds", {"charge": refund["charge"]})
    assert again.json["amount"] == 100


def test_refund_cannot_be_canceled_twice(server: InProcessServer) -> None:
    refund = refunded(server, 100, 30)
    body = {"charge": refund["charge"], "amount": 40}
    assert server.send("POST", "/v1/refunds", body).status == 200
    path = f"/v1/refunds/{refund['id']}/cancel"
    assert [server.send("POST", path).status for _ in range(2)] == [200, 400]
    assert balance(server) == (440, 0)


def test_a_refund_that_was_spent_cannot_be_canceled(server: InProcessServer) -> None:
    refund = refunded(server)
    assert charge(server, gift(server), 450).status == 200
    got = server.send("POST", f"/v1/refunds/{refund['id']}/cancel")
    assert (got.status, got.json["error"]["code"]) == (400, "processing_error")
    assert balance(server) == (10, 0)


# Snapshots ----------------------------------------------------------------------------------------


def test_snapshot_restores_gift_cards(server: InProcessServer) -> None:
    active(server, 1000)
    lock(server)
    snapshot = server.send("GET", "/_mock/snapshot").json
    assert charge(server, gift(server), 600).json["amount"] == 600
    assert balance(server) == (400, 400)
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    assert server.send("PUT", "/_mock/snapshot", snapshot, headers=control).status == 200
    assert balance(server) == (1000, 400)


def test_gift_card_balance_is_isolated_in_fork(server: InProcessServer) -> None:
    active(server, 1000)
    lock(server)
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    created = server.send("POST", "/_mock/fork", {"name": "twin"}, headers=control).json
    twin = InProcessServer()
    twin.copy(server.sandboxes.get_or_create(created["name"]))
    twin.clock = server.clock
    assert charge(twin, gift(twin), 600).json["amount"] == 600
    assert (balance(twin), balance(server)) == ((400, 400), (1000, 400))


def test_phantom_decline_redeems_gift_card(make_server: MakeServer) -> None:
    rule = b"name: x\nrules: [{when: {amount: 300}, then: {decline: {phantom: true}}}]"
    server = make_server(parse(rule, "x.yaml"))
    active(server, 200)
    got = charge(server, gift(server), 300)
    assert (got.status, balance(server)) == (402, (0, 0))
    shown = server.send("GET", f"/v1/charges/{got.json['error']['charge']}").json
    assert (shown["status"], shown["amount"]) == ("succeeded", 200)


AMOUNTS = st.integers(1, 3_000)
NUMBERS = ("111111", "222222")


class GiftCards(RuleBasedStateMachine):
    """Random operations on a gift card's money, with any amount.

    A ledger is kept from the responses.
    """

    charges: Bundle[str] = Bundle("charges")
    refunds: Bundle[str] = Bundle("refunds")

    def __init__(self) -> None:
        super().__init__()
        self.server = InProcessServer(gift_card_balance=1_000, over_capture_percent=50)
        self.held = dict.fromkeys(NUMBERS, 1_000)
        self.numbers: dict[str, str] = {}
        """Amounts of charges, and of refunds to a card."""
        self.locks: dict[str, tuple[int, int]] = {}
        """By charge: amount and tip."""

    @initialize(target=refunds, number=st.sampled_from(NUMBERS), amount=st.integers(1, 900))
    def first(self, number: str, amount: int) -> str:
        charged = charge(self.server, gift(self.server, number), amount).json["id"]
        self.numbers[charged] = number
        self.held[number] -= amount
        return self._refunded(charged, None)

    def free(self, number: str) -> int:
        locked = (sum(lock) for key, lock in self.locks.items() if self.numbers[key] == number)
        return self.held[number] - sum(locked)

    @rule(
        target=charges,
        number=st.sampled_from(NUMBERS),
        amount=AMOUNTS,
        capture=st.booleans(),
        partial=st.booleans(),
        tip=st.none() | AMOUNTS,
    )
    def charge(
        self, *, number: str, amount: int, capture: bool, partial: bool, tip: int | None
    ) -> str:
        free = self.free(number)
        got = charge(
            self.server,
            gift(self.server, number),
            amount,
            capture=capture,
            partial_redemption=partial,
            tip_amount=tip,
        )
        assert got.status == 200
        taken = (got.json["amount"], got.json.get("tip_amount", 0))
        assert taken == (min(amount, free), min(tip or 0, max(0, free - amount)))
        created = str(got.json["id"])
        self.numbers[created] = number
        if capture:
            self.held[number] -= sum(taken)
        else:
            self.locks[created] = taken
        return created

    @rule(charge=charges, amount=st.none() | st.integers(0, 1_500))
    def capture(self, charge: str, amount: int | None) -> None:
        got = self.server.send("POST", f"/v1/charges/{charge}/capture", {"amount": amount})
        lock = self.locks.get(charge)
        legal = lock is not None and (amount or 0) <= lock[0]
        assert got.status == (200 if legal else 400)
        if lock is not None and legal:
            del self.locks[charge]
            taken = lock[0] if amount is None else amount
            self.held[self.numbers[charge]] -= taken + lock[1] if taken else 0

    @rule(target=refunds, charge=charges, amount=st.none() | st.integers(1, 1_500))
    def refund(self, charge: str, amount: int | None) -> str:
        return self._refunded(charge, amount)

    def _refunded(self, charge: str, amount: int | None) -> str:
        got = self.server.send("POST", "/v1/refunds", {"charge": charge, "amount": amount})
        if got.status != 200:
            assert got.status == 400
            return "none"
        created = str(got.json["id"])
        if self.locks.pop(charge, None) is None:
            self.held[self.numbers[charge]] += got.json["amount"]
            self.numbers[created] = self.numbers[charge]
        return created

    @rule(refund=refunds)
    def cancel(self, refund: str) -> None:
        got = self.server.send("POST", f"/v1/refunds/{refund}/cancel")
        assert got.status == 200 or (got.status == 404) == (refund == "none")
        if got.status == 200:
            self.held[self.numbers.pop(refund)] -= got.json["amount"]

    @rule(number=st.sampled_from(NUMBERS), amount=AMOUNTS)
    def reload(self, number: str, amount: int) -> None:
        body = {"source": gift(self.server, number), "amount": amount, "currency": "USD"}
        assert self.server.send("POST", "/v1/reload", body).status == 200
        self.held[number] += amount

    @rule(number=st.sampled_from(NUMBERS))
    def cash_out(self, number: str) -> None:
        got = self.server.send("POST", "/v1/cashout", {"source": gift(self.server, number)})
        assert (got.status, got.json["amount"]) == (200, self.free(number))
        self.held[number] -= got.json["amount"]

    @rule()
    def pass_eight_days(self) -> None:
        self.server.clock._frozen_ms += 8 * DAY_MS
        self.locks.clear()

    @invariant()
    def each_card_holds_what_the_replies_said_and_never_less_than_nothing(self) -> None:
        for number in NUMBERS:
            held, locked = balance(self.server, number)
            assert (held, held - locked) == (self.held[number], self.free(number))
            assert held >= locked >= 0


GiftCards.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, derandomize=True, deadline=None
)
TestGiftCards = GiftCards.TestCase
