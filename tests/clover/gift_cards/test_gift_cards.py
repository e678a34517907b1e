"""Gift cards: what each call answers and what a card holds, which is never less than nothing."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load, parse
from tests.world import Answered, World

MakeWorld = Callable[..., World]

NUMBER = "98765441066"
"""Of Clover's page."""
EXPIRES = "2030-05-26"
WARNING = "partial_redemption should be true for gift card"
DAY_MS = 86_400_000
ANSWERED = {"network_status": "approved_by_network", "type": "authorized"}


def gift(world: World, number: str = NUMBER, **members: Any) -> str:
    """Return a gift card's token."""
    made = world.send("POST", "/v1/tokens", {"gift_card": {"card_number": number} | members})
    assert made.status == 200, made
    return str(made.json["id"])


def active(world: World, amount: int, number: str = NUMBER) -> str:
    """Activate a card and return its token."""
    token = gift(world, number)
    asked = {"source": token, "amount": amount, "currency": "USD"}
    assert world.send("POST", "/v1/activate", asked).status == 200
    return token


def balance(world: World, number: str = NUMBER) -> tuple[int, int]:
    """Return what a card holds, and how much of it is locked."""
    got = world.send("POST", "/v1/balance_inquiry", {"source": gift(world, number)})
    shown = got.json["gift_card"]
    assert shown["previous_balance"] == shown["new_balance"]
    return shown["new_balance"], shown["lock_amount"]


def charge(world: World, source: str, amount: int = 100, **members: Any) -> Answered:
    asked = {"amount": amount, "currency": "USD", "source": source} | members
    return world.send("POST", "/v1/charges", asked)


# Tokens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"card_number": NUMBER, "security_code": "785577", "foreign_access_code": "67755"},
        {"number": NUMBER},
        {"card_number": NUMBER, "number": NUMBER},
        {"number": "9876 544-1066"},
        {"number": int(NUMBER)},
    ],
)
def test_both_spellings_of_a_number_give_a_token_that_shows_its_last_four(
    world: World, asked: dict[str, Any]
) -> None:
    got = world.send("POST", "/v1/tokens", {"gift_card": asked})
    assert got.status == 200
    assert got.json == {"id": got.json["id"], "object": "token", "giftCard": {"last4": "1066"}}


@pytest.mark.parametrize("length", range(1, 21))
def test_a_number_has_one_of_the_documented_lengths(world: World, length: int) -> None:
    got = world.send("POST", "/v1/tokens", {"gift_card": {"number": "7" * length}})
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
    ("member", "asked"), [(member, asked) for member in WRONG for asked in WRONG[member]]
)
def test_invalid_gift_card_field_is_rejected(
    world: World, member: str, asked: dict[str, str]
) -> None:
    got = world.send("POST", "/v1/tokens", {"gift_card": asked})
    assert (got.status, got.json["error"]) == (
        400,
        {
            "type": "invalid_request_error",
            "code": "invalid_request",
            "message": f"Please provide a valid gift_card.{member}.",
        },
    )


def test_a_gift_card_is_not_saved_for_a_customer(world: World) -> None:
    body = {"email": "jo@example.com", "source": gift(world)}
    got = world.send("POST", "/v1/customers", body)
    assert (got.status, got.json["error"]["message"]) == (
        400,
        "Please provide a valid source or token.",
    )


def test_a_rule_may_refuse_a_gift_cards_token(make_world: MakeWorld) -> None:
    world = make_world()
    headers = {"x-mock-clover-outcome": "TOKEN_UPSTREAM_FAILURE"}
    got = world.send("POST", "/v1/tokens", {"gift_card": {"number": NUMBER}}, headers=headers)
    assert (got.status, got.json["error"]["code"]) == (400, "missing")


def test_token_response_names_its_kind(world: World) -> None:
    got = world.send("GET", f"/v1/tokens/{gift(world)}").json
    assert got["tokenMeta"]["paymentInstrument"] == "GIFT_CARD"
    assert "card" not in got


# What a card holds --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/activate", "/v1/gift_cards/activate"])
def test_activation_sets_initial_balance(world: World, path: str) -> None:
    asked = {"source": gift(world), "amount": 2500, "currency": "USD"}
    got = world.send("POST", path, asked)
    assert got.json == {
        "id": got.json["id"],
        "amount": 2500,
        "ref_num": "514700500005",
        "outcome": ANSWERED,
        "paid": True,
        "status": "succeeded",
        "source": {"last4": "1066"},
        "gift_card": {"expiration_date": EXPIRES, "previous_balance": 0, "new_balance": 2500},
    }
    assert balance(world) == (2500, 0)


@pytest.mark.parametrize("path", ["/v1/reload", "/v1/gift_cards/reload"])
def test_a_reload_adds_to_a_card(world: World, path: str) -> None:
    asked = {"source": active(world, 92), "amount": 500, "currency": "USD"}
    got = world.send("POST", path, asked)
    assert got.status == 200
    assert (got.json["amount"], got.json["gift_card"]) == (
        500,
        {"expiration_date": EXPIRES, "previous_balance": 92, "new_balance": 592},
    )
    assert balance(world) == (592, 0)


@pytest.mark.parametrize("path", ["/v1/balance_inquiry", "/v1/gift_cards/balance"])
def test_balance_inquiry(world: World, path: str) -> None:
    got = world.send("POST", path, {"source": active(world, 5000)})
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
def test_a_cashout_pays_all_that_is_not_locked(world: World, path: str) -> None:
    token = active(world, 5000)
    assert charge(world, gift(world), 1000, capture=False).status == 200
    got = world.send("POST", path, {"source": token})
    assert (got.json["amount"], got.json["gift_card"]) == (
        4000,
        {"expiration_date": EXPIRES, "previous_balance": 5000, "new_balance": 1000},
    )
    assert balance(world) == (1000, 1000)


@pytest.mark.parametrize(("asked", "code"), [({}, 8), ({"amount": 2000, "currency": "USD"}, 4)])
def test_a_promotion_code_makes_a_virtual_card(
    world: World, asked: dict[str, Any], code: int
) -> None:
    amount = asked.get("amount", 5000)
    got = world.send("POST", "/v1/activate", {"promotion_code": "67062"} | asked)
    made = got.json["gift_card"]
    assert got.json["source"] == {"last4": made["number"][-4:]}
    assert (len(made["number"]), len(made["security_card_value"])) == (16, code)
    assert made["number"].startswith("777737")
    assert (made["previous_balance"], made["new_balance"]) == (0, amount)
    assert balance(world, made["number"]) == (amount, 0)


def test_each_virtual_card_is_another(world: World) -> None:
    made = [world.send("POST", "/v1/activate", {"promotion_code": "67062"}) for _ in range(50)]
    assert len({each.json["gift_card"]["number"] for each in made}) == 50


def test_balance_of_unactivated_card_setting(
    make_world: MakeWorld,
) -> None:
    assert balance(make_world()) == (5000, 0)
    holding_123 = make_world(gift_card_balance=123)
    assert balance(holding_123) == (123, 0)
    assert charge(holding_123, gift(holding_123), 200).json["amount"] == 123
    world = make_world(gift_card_balance=None)
    refused = {"code": "processing_error", "message": "Gift card is not active."}
    for path, more in (
        ("/v1/balance_inquiry", {}),
        ("/v1/cashout", {}),
        ("/v1/reload", {"amount": 1, "currency": "USD"}),
    ):
        got = world.send("POST", path, {"source": gift(world)} | more)
        assert (got.status, got.json["error"]) == (400, refused), path
    declined = charge(world, gift(world))
    assert (declined.status, declined.json["error"]["message"]) == (402, "Gift card is not active.")


def test_a_forced_approval_of_a_card_that_is_not_active_takes_nothing(
    make_world: MakeWorld,
) -> None:
    world = make_world(gift_card_balance=None)
    asked = {"amount": 100, "currency": "USD", "source": gift(world)}
    headers = {"x-mock-clover-outcome": "approve"}
    got = world.send("POST", "/v1/charges", asked, headers=headers)
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
    ("path", "asked", "words"), [each[1:] for each in REFUSALS], ids=[each[0] for each in REFUSALS]
)
def test_invalid_request_is_rejected(
    world: World, path: str, asked: dict[str, Any], words: str
) -> None:
    known = {"{gift}": gift(world), "{card}": world.token()}
    body = {name: known.get(value, value) for name, value in asked.items()}
    got = world.send("POST", f"/v1/{path}", body)
    assert got.status == 400
    assert got.json["error"]["message"].endswith(words)


def test_a_reload_beyond_the_bound_is_refused(world: World) -> None:
    token = active(world, 99_999_999)
    got = world.send("POST", "/v1/reload", {"source": token, "amount": 1, "currency": "USD"})
    assert (got.status, got.json["error"]["code"]) == (400, "amount_too_large")


def test_a_retried_activation_is_one(world: World) -> None:
    headers = {"idempotency-key": "once"}
    sent = [
        world.send("POST", "/v1/activate", {"promotion_code": "67062"}, headers=headers)
        for _ in range(2)
    ]
    assert sent[0].body == sent[1].body
    assert len(world.sandbox.gift_cards) == 1


# Redemption ---------------------------------------------------------------------------------------


def test_a_charge_redeems(world: World) -> None:
    token = active(world, 5000)
    got = charge(world, token, 1800)
    assert got.json == {
        "id": got.json["id"],
        "amount": 1800,
        "payment_method_details": "giftCard",
        "amount_refunded": 0,
        "currency": "USD",
        "created": 1748341370775,
        "captured": True,
        "ref_num": "514700500010",
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
    assert balance(world) == (3200, 0)
    again = charge(world, token)
    assert again.json["error"]["code"] == "token_already_used"


LOW: list[tuple[int, int, int | None, bool, int, int | None, str | None]] = [
    # held, asked, tip, partial_redemption -> amount, tip, warning
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
    world: World,
    low: tuple[int, int, int | None, bool, int, int | None, str | None],
    capture: bool,
) -> None:
    held, asked, tip, partial, amount, tip_left, warning = low
    active(world, held or 1)
    if not held:
        assert charge(world, gift(world), 1).status == 200
    got = charge(
        world, gift(world), asked, tip_amount=tip, partial_redemption=partial, capture=capture
    )
    assert got.status == 200
    shown = got.json
    assert (shown["amount"], shown.get("tip_amount")) == (amount, tip_left)
    assert shown.get("warning_message") == warning
    told = amount < asked or (partial and not capture)
    assert shown.get("partial_auth") == (True if told else None)
    left = held - amount - (tip_left or 0)
    assert balance(world) == ((left, 0) if capture else (held, held - left))


def test_a_rule_may_decline_a_gift_card_and_then_nothing_is_taken(world: World) -> None:
    active(world, 500)
    asked = {"amount": 100, "currency": "USD", "source": gift(world)}
    headers = {"x-mock-clover-outcome": "card_declined/do_not_honor"}
    got = world.send("POST", "/v1/charges", asked, headers=headers)
    assert (got.status, balance(world)) == (402, (500, 0))
    shown = world.send("GET", f"/v1/charges/{got.json['error']['charge']}").json
    assert "gift_card" not in shown


def test_an_order_may_be_paid_by_a_gift_card_and_the_rest_by_a_card(world: World) -> None:
    active(world, 700)
    order = world.order(1000)["id"]
    first = world.send("POST", f"/v1/orders/{order}/pay", {"source": gift(world)})
    assert (first.json["amount_paid"], first.json["status"]) == (700, "created")
    assert first.json["source"] == {"brand": "GIFT_CARD", "last4": "1066"}
    second = world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()})
    assert (second.json["amount_paid"], second.json["status"]) == (1000, "paid")
    assert balance(world) == (0, 0)
    assert world.send("POST", f"/v1/orders/{order}/returns").status == 200
    assert balance(world) == (700, 0)


@pytest.mark.parametrize(("partial", "warned"), [(True, None), (False, WARNING), (None, WARNING)])
def test_the_payment_of_an_order_warns_as_a_charge_does(
    world: World, partial: bool | None, warned: str | None
) -> None:
    active(world, 700)
    asked = {"source": gift(world), "partial_redemption": partial}
    paid = world.send("POST", f"/v1/orders/{world.order(1000)['id']}/pay", asked).json
    assert (paid["amount_paid"], paid.get("warning_message")) == (700, warned)


def test_the_tax_of_an_order_is_shared_by_what_each_payment_took(world: World) -> None:
    active(world, 550)
    items = [{"amount": 1000}, {"amount": 100, "type": "tax"}]
    order = world.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json["id"]
    first = world.send("POST", f"/v1/orders/{order}/pay", {"source": gift(world)}).json
    paid = world.send("GET", f"/v1/charges/{first['charge']}").json
    assert (paid["amount"], paid["tax_amount"]) == (550, 50)


def test_a_card_expires_by_the_sandboxs_clock(world: World) -> None:
    token = active(world, 700)
    world.clock._frozen_ms += 1_825 * DAY_MS
    got = charge(world, token)
    assert (got.status, got.json["error"]["message"]) == (402, "Expired card")


def test_charges_of_one_card_are_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_clover.clover.gift_cards.operations.CHARGES_MAX", 1)
    active(world, 700)
    assert [charge(world, gift(world)).status for _ in range(2)] == [200, 503]


# Locks --------------------------------------------------------------------------------------------


def lock(world: World, amount: int = 400) -> str:
    """Lock so much of a card and return the charge."""
    got = charge(world, gift(world), amount, capture=False, partial_redemption=True)
    assert got.json["gift_card"]["lock_id"]
    return str(got.json["id"])


@pytest.mark.parametrize(("captured", "left"), [(400, 600), (150, 850), (0, 1000)])
def test_capture_redeems_and_zero_capture_releases(world: World, captured: int, left: int) -> None:
    active(world, 1000)
    locked = lock(world)
    assert balance(world) == (1000, 400)
    got = world.send("POST", f"/v1/charges/{locked}/capture", {"amount": captured})
    assert got.status == 200
    assert got.json["source"] == {
        "id": got.json["source"]["id"],
        "brand": "GIFT_CARD",
        "last4": "1066",
    }
    assert (got.json["captured"], got.json["amount_captured"]) == (captured > 0, captured)
    assert got.json["gift_card"] == {
        "expiration_date": EXPIRES,
        "previous_balance": 1000,
        "new_balance": left,
    }
    assert balance(world) == (left, 0)


def test_a_card_has_several_locks(world: World) -> None:
    active(world, 1000)
    first, second = lock(world, 400), lock(world, 500)
    third = charge(world, gift(world), 400, capture=False, partial_redemption=True)
    assert third.json["amount"] == 100
    assert balance(world) == (1000, 1000)
    for each in (first, second):
        assert world.send("POST", f"/v1/charges/{each}/capture").status == 200
    assert balance(world) == (100, 100)


def test_a_void_releases_a_lock(world: World) -> None:
    active(world, 1000)
    got = world.send("POST", "/v1/refunds", {"charge": lock(world)})
    assert got.json["metadata"]["refundType"] == "PREAUTH"
    assert got.json["gift_card"] == {
        "expiration_date": EXPIRES,
        "previous_balance": 1000,
        "new_balance": 1000,
    }
    assert balance(world) == (1000, 0)


def test_expired_lock_is_released(world: World) -> None:
    active(world, 1000)
    lock(world)
    world.clock._frozen_ms += 8 * DAY_MS
    assert balance(world) == (1000, 0)


# Refunds ------------------------------------------------------------------------------------------


def refunded(world: World, amount: int = 100, given: int = 60) -> dict[str, Any]:
    """Charge a card of 500, give a part back, and return the refund."""
    active(world, 500)
    made = charge(world, gift(world), amount).json["id"]
    got = world.send("POST", "/v1/refunds", {"charge": made, "amount": given})
    assert got.status == 200, got
    return dict(got.json)


def test_a_refund_goes_back_to_the_card(world: World) -> None:
    got = refunded(world)
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
    assert balance(world) == (460, 0)


def test_a_refund_can_be_canceled_once(world: World) -> None:
    refund = refunded(world)
    path = f"/v1/refunds/{refund['id']}/cancel"
    got = world.send("POST", path, {"reason": "USER_CANCEL"})
    assert got.json == {
        "id": refund["id"],
        "object": "void_on_refund",
        "amount": 60,
        "charge": refund["charge"],
        "status": "succeeded",
        "metadata": refund["metadata"] | {"refundType": "VOID"},
        "gift_card": {"expiration_date": EXPIRES, "previous_balance": 460, "new_balance": 400},
    }
    assert balance(world) == (400, 0)
    shown = world.send("GET", f"/v1/refunds/{refund['id']}").json
    assert shown["status"] == "canceled"
    assert world.send("POST", path).status == 400
    again = world.send("POST", "/v1/refunds", {"charge": refund["charge"]})
    assert again.json["amount"] == 100


def test_refund_cannot_be_canceled_twice(world: World) -> None:
    refund = refunded(world, 100, 30)
    asked = {"charge": refund["charge"], "amount": 40}
    assert world.send("POST", "/v1/refunds", asked).status == 200
    path = f"/v1/refunds/{refund['id']}/cancel"
    assert [world.send("POST", path).status for _ in range(2)] == [200, 400]
    assert balance(world) == (440, 0)


def test_a_refund_that_was_spent_cannot_be_canceled(world: World) -> None:
    refund = refunded(world)
    assert charge(world, gift(world), 450).status == 200
    got = world.send("POST", f"/v1/refunds/{refund['id']}/cancel")
    assert (got.status, got.json["error"]["code"]) == (400, "processing_error")
    assert balance(world) == (10, 0)


# Kept and put back --------------------------------------------------------------------------------


def test_snapshot_restores_gift_cards(world: World) -> None:
    active(world, 1000)
    lock(world)
    snapshot = world.send("GET", "/_mock/snapshot").json
    assert charge(world, gift(world), 600).json["amount"] == 600
    assert balance(world) == (400, 400)
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    assert world.send("PUT", "/_mock/snapshot", snapshot, headers=control).status == 200
    assert balance(world) == (1000, 400)


def test_gift_card_balance_is_isolated_in_fork(world: World) -> None:
    active(world, 1000)
    lock(world)
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    made = world.send("POST", "/_mock/fork", {"name": "twin"}, headers=control).json
    twin = World(_KEYS, _SCENARIO)
    twin.copy(world.sandboxes.get_or_create(made["name"]))
    twin.clock = world.clock
    assert charge(twin, gift(twin), 600).json["amount"] == 600
    assert (balance(twin), balance(world)) == ((400, 400), (1000, 400))


def test_phantom_decline_redeems_gift_card(make_world: MakeWorld) -> None:
    rule = b"name: x\nrules: [{when: {amount: 300}, then: {decline: {phantom: true}}}]"
    world = make_world(parse(rule, "x.yaml"))
    active(world, 200)
    got = charge(world, gift(world), 300)
    assert (got.status, balance(world)) == (402, (0, 0))
    shown = world.send("GET", f"/v1/charges/{got.json['error']['charge']}").json
    assert (shown["status"], shown["amount"]) == ("succeeded", 200)


_KEYS, _SCENARIO = KeyRing(), load("sandbox")
AMOUNTS = st.integers(1, 3_000)
NUMBERS = ("111111", "222222")


class GiftCards(RuleBasedStateMachine):
    """Everything that moves a gift card's money, in any order and of any amount.

    Beside it a ledger is kept of what the replies said.
    """

    charges: Bundle[str] = Bundle("charges")
    refunds: Bundle[str] = Bundle("refunds")

    def __init__(self) -> None:
        super().__init__()
        self.world = World(_KEYS, _SCENARIO, gift_card_balance=1_000, over_capture_percent=50)
        self.held = dict.fromkeys(NUMBERS, 1_000)
        self.numbers: dict[str, str] = {}
        """Of charges, and of refunds to a card."""
        self.locks: dict[str, tuple[int, int]] = {}
        """By charge: amount and tip."""

    @initialize(target=refunds, number=st.sampled_from(NUMBERS), amount=st.integers(1, 900))
    def first(self, number: str, amount: int) -> str:
        charged = charge(self.world, gift(self.world, number), amount).json["id"]
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
            self.world,
            gift(self.world, number),
            amount,
            capture=capture,
            partial_redemption=partial,
            tip_amount=tip,
        )
        assert got.status == 200
        taken = (got.json["amount"], got.json.get("tip_amount", 0))
        assert taken == (min(amount, free), min(tip or 0, max(0, free - amount)))
        made = str(got.json["id"])
        self.numbers[made] = number
        if capture:
            self.held[number] -= sum(taken)
        else:
            self.locks[made] = taken
        return made

    @rule(charge=charges, amount=st.none() | st.integers(0, 1_500))
    def capture(self, charge: str, amount: int | None) -> None:
        got = self.world.send("POST", f"/v1/charges/{charge}/capture", {"amount": amount})
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
        got = self.world.send("POST", "/v1/refunds", {"charge": charge, "amount": amount})
        if got.status != 200:
            assert got.status == 400
            return "none"
        made = str(got.json["id"])
        if self.locks.pop(charge, None) is None:
            self.held[self.numbers[charge]] += got.json["amount"]
            self.numbers[made] = self.numbers[charge]
        return made

    @rule(refund=refunds)
    def cancel(self, refund: str) -> None:
        got = self.world.send("POST", f"/v1/refunds/{refund}/cancel")
        assert got.status == 200 or (got.status == 404) == (refund == "none")
        if got.status == 200:
            self.held[self.numbers.pop(refund)] -= got.json["amount"]

    @rule(number=st.sampled_from(NUMBERS), amount=AMOUNTS)
    def reload(self, number: str, amount: int) -> None:
        asked = {"source": gift(self.world, number), "amount": amount, "currency": "USD"}
        assert self.world.send("POST", "/v1/reload", asked).status == 200
        self.held[number] += amount

    @rule(number=st.sampled_from(NUMBERS))
    def cash_out(self, number: str) -> None:
        got = self.world.send("POST", "/v1/cashout", {"source": gift(self.world, number)})
        assert (got.status, got.json["amount"]) == (200, self.free(number))
        self.held[number] -= got.json["amount"]

    @rule()
    def pass_eight_days(self) -> None:
        self.world.clock._frozen_ms += 8 * DAY_MS
        self.locks.clear()

    @invariant()
    def each_card_holds_what_the_replies_said_and_never_less_than_nothing(self) -> None:
        for number in NUMBERS:
            held, locked = balance(self.world, number)
            assert (held, held - locked) == (self.held[number], self.free(number))
            assert held >= locked >= 0


GiftCards.TestCase.settings = settings(
    max_examples=50, stateful_step_count=25, derandomize=True, deadline=None
)
TestGiftCards = GiftCards.TestCase
