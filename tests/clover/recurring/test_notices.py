"""Notices that Clover would send to a customer with a card on file. The mock sends none."""

import json
from typing import Any

import pytest

from mock_clover.sandbox.notices import NOTICES_MAX
from mock_clover.scenario.load import parse
from tests.in_process import NOW_MS, VISA, MakeServer
from tests.subscriptions import DAY_MS, SUBSCRIPTIONS, SubscriptionShop, at

START = "2025-06-01T12:00:00+00:00"
PHONE = "+1 555 0100"
DECLINE = {"when": {"endpoint": "charge_subscription"}, "then": {"decline": {"message": "No."}}}


def told(shop: SubscriptionShop, query: str = "") -> list[tuple[str, int]]:
    return [(each["kind"], each["at_ms"]) for each in shop.notices(query)]


def test_card_saved_notice_by_email_and_sms(
    shop: SubscriptionShop,
) -> None:
    customer = shop.customer(phone=PHONE)
    text = "VISA ending in 4242 is stored for future payments. Contact the merchant to remove it."
    result = {"at_ms": NOW_MS, "kind": "card_saved", "customer": customer, "text": text}
    assert shop.send_ok("GET", "/_mock/notices") == {
        "data": [
            {
                "id": "notice-1",
                "at_ms": NOW_MS,
                "channel": "email",
                "kind": "card_saved",
                "customer": customer,
                "to": "jo@example.com",
                "subject": "Your card is on file",
                "text": text,
            },
            result | {"id": "notice-2", "channel": "sms", "to": PHONE},
        ]
    }


def test_notice_for_additional_card_uses_given_address(shop: SubscriptionShop) -> None:
    customer = shop.customer()
    further = {"email": "new@example.com", "source": shop.server.token("5424180279791732")}
    shop.send_ok("PUT", f"/v1/customers/{customer}", further)
    shop.send_ok("PUT", f"/v1/customers/{customer}", {"email": "newer@example.com"})
    assert [each["to"] for each in shop.notices()] == ["jo@example.com", "new@example.com"]
    assert "MC ending in 1732" in shop.notices()[-1]["text"]


def test_no_notice_for_rejected_card(shop: SubscriptionShop) -> None:
    body = {"email": "jo@example.com", "source": shop.server.token(cvv=None)}
    assert shop.send("POST", "/v1/customers", body).status == 400
    assert shop.notices() == []


def test_upcoming_charge_and_renewal_notices(
    shop: SubscriptionShop,
) -> None:
    created = shop.subscribe(shop.plan(tipAmount=1), startDate=START)
    shop.set_clock("2025-07-02T00:00:00+00:00")
    second = at("2025-07-01T12:00:00+00:00")
    assert told(shop, f"subscription={created['id']}") == [
        ("upcoming_charge", at(START) - 3 * DAY_MS),
        ("upcoming_charge", second - 3 * DAY_MS),
        ("renewed", second),
    ]
    upcoming, renewed = shop.notices("kind=upcoming_charge")[0], shop.notices("kind=renewed")[0]
    (charge, _) = shop.send_ok("GET", "/v1/charges")["data"]
    about = {"channel": "email", "customer": created["customerUuid"], "to": "jo@example.com"}
    about |= {"subscription": created["id"], "amount": 1_000}
    assert upcoming == about | {
        "id": "notice-2",
        "at_ms": at(START) - 3 * DAY_MS,
        "kind": "upcoming_charge",
        "subject": "Upcoming payment for Gold",
        "text": "10.00 USD for Gold will be charged to VISA ending in 4242 on 2025-06-01.",
    }
    assert renewed == about | {
        "id": "notice-4",
        "at_ms": second,
        "kind": "renewed",
        "charge": charge["id"],
        "subject": "Gold has been renewed",
        "text": "10.00 USD for Gold was charged to VISA ending in 4242. "
        "The next payment is on 2025-08-01.",
    }


def test_upcoming_charge_notice_names_newest_card(shop: SubscriptionShop) -> None:
    created = shop.subscribe(startDate=START)
    newer = {"email": "jo@example.com", "source": shop.server.token("6011361000006668")}
    shop.send_ok("PUT", f"/v1/customers/{created['customerUuid']}", newer)
    shop.set_clock("2025-05-30T00:00:00+00:00")
    (upcoming,) = shop.notices("kind=upcoming_charge")
    assert "to DISCOVER ending in 6668 on" in upcoming["text"]


@pytest.mark.parametrize(
    ("lead_ms", "expected"),
    [
        (0, []),
        (DAY_MS, [at(START) - DAY_MS, at(START) + 6 * DAY_MS]),
        (30 * DAY_MS, [NOW_MS, at(START), at(START) + 7 * DAY_MS]),
    ],
)
def test_upcoming_charge_notice_time_is_configurable(
    make_server: MakeServer, lead_ms: int, expected: list[int]
) -> None:
    shop = SubscriptionShop(make_server(upcoming_charge_notice_ms=lead_ms))
    shop.subscribe(shop.plan(interval="WEEK"), startDate=START)
    shop.set_clock(at(START) + 10 * DAY_MS)
    assert told(shop, "kind=upcoming_charge") == [("upcoming_charge", each) for each in expected]


@pytest.mark.parametrize(
    "change", [{"active": False}, {"endDate": "2025-06-20"}, {"startDate": "2026-01-01"}]
)
def test_no_notice_for_charge_that_will_not_happen(
    shop: SubscriptionShop, change: dict[str, Any]
) -> None:
    created = shop.subscribe(startDate="2025-05-28")
    shop.set_clock("2025-05-29T00:00:00+00:00")
    shop.send_ok("PUT", f"{SUBSCRIPTIONS}/{created['id']}", change)
    shop.set_clock("2025-07-15T00:00:00+00:00")
    assert told(shop, "kind=upcoming_charge") == [("upcoming_charge", NOW_MS)]


def test_payment_failed_notice_has_reason_and_consequence(
    make_server: MakeServer,
) -> None:
    scenario = parse(json.dumps({"name": "x", "rules": [DECLINE]}).encode(), "x.yaml")
    shop = SubscriptionShop(make_server(scenario))
    created = shop.subscribe(customer=shop.customer(phone=PHONE), startDate=START)
    shop.set_clock("2025-08-01T00:00:00+00:00")
    notices = shop.notices("kind=payment_failed&channel=email")
    begin = "9.99 USD for Gold could not be charged (No). "
    assert [each["text"] for each in notices] == [
        begin + "We will try again on 2025-06-02.",
        begin + "We will try again on 2025-06-03.",
        begin + "We will try again on 2025-06-04.",
        begin + "We will try again on 2025-06-05.",
        begin + "The subscription has been deactivated.",
    ]
    assert [each["charge"] for each in notices] == [row.id for row in shop.sandbox.charges]
    assert [each["to"] for each in shop.notices("channel=sms")[1:]] == [PHONE] * 6
    assert {each["subscription"] for each in notices} == {created["id"]}


def test_failed_last_payment_is_not_retried(make_server: MakeServer) -> None:
    scenario = parse(json.dumps({"name": "x", "rules": [DECLINE]}).encode(), "x.yaml")
    shop = SubscriptionShop(make_server(scenario))
    shop.subscribe(startDate=START, endDate="2025-06-02")
    shop.set_clock("2025-06-01T13:00:00+00:00")
    (notice,) = shop.notices("kind=payment_failed")
    assert notice["text"].endswith("We will not try again.")


def test_the_newest_two_thousand_are_kept(shop: SubscriptionShop) -> None:
    shop.subscribe(shop.plan(interval="DAY"), startDate="2025-05-28")
    shop.set_clock("2028-10-01T00:00:00+00:00")
    notices = shop.notices()
    assert (len(notices), shop.sandbox.notices.count) == (NOTICES_MAX, 2 * 1_223 + 1)
    assert notices[-1]["id"] == f"notice-{shop.sandbox.notices.count}"
    assert shop.send_ok("GET", "/_mock/notices?limit=1") == {"data": notices[-1:]}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "kind=card_lost",
            'kind is "card_lost"; must be one of card_saved, upcoming_charge, payment_failed, '
            "renewed",
        ),
        ("limit=2001", "limit is 2001; at most 2000"),
        ("knd=renewed", "unknown query parameter `knd`; did you mean `kind`?"),
    ],
)
def test_invalid_notice_query_is_rejected(shop: SubscriptionShop, query: str, message: str) -> None:
    got = shop.send("GET", f"/_mock/notices?{query}")
    assert (got.status, got.json) == (400, {"message": message})


def test_notices_are_filtered(shop: SubscriptionShop) -> None:
    one, two = shop.customer(phone=PHONE), shop.customer("5424180279791732")
    assert [each["customer"] for each in shop.notices()] == [one, one, two]
    assert [each["id"] for each in shop.notices(f"customer={two}")] == ["notice-3"]
    assert [each["id"] for each in shop.notices(f"customer={one}&channel=sms")] == ["notice-2"]


def test_a_plain_charge_tells_nobody(shop: SubscriptionShop) -> None:
    shop.server.charge()
    assert shop.notices() == []


def test_a_card_number_in_a_name_or_address_is_masked(shop: SubscriptionShop) -> None:
    plan = shop.plan(name=f"Card {VISA}")
    body = {"email": f"{VISA}@a.b", "phone": VISA, "source": shop.server.token()}
    customer = str(shop.send_ok("POST", "/v1/customers", body)["id"])
    shop.subscribe(plan, customer, startDate=START)
    shop.set_clock("2025-07-02T00:00:00+00:00")
    assert len(shop.notices()) == 8
    assert VISA not in repr(list(shop.sandbox.notices))
    assert VISA not in json.dumps(shop.notices())


def test_notices_are_in_the_fork_and_in_the_snapshot(shop: SubscriptionShop) -> None:
    shop.customer()
    before = shop.notices()
    twin = shop.sandbox.fork("twin", shop.server.known)
    taken = shop.send_ok("GET", "/_mock/snapshot")
    shop.customer()
    assert len(list(twin.notices)) == 1
    shop.send_ok("PUT", "/_mock/snapshot", taken)
    assert shop.notices() == before
    shop.customer("5424180279791732")
    assert [each["id"] for each in shop.notices()] == ["notice-1", "notice-2"]
