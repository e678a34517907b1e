"""Plans and subscriptions: their terms, and what happens as the clock advances."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mock_clover.clover.gift_cards.records import CHARGES_MAX, GiftCard
from mock_clover.clover.recurring.endpoints_plans import ROWS_MAX
from mock_clover.clover.recurring.records_interval import (
    Interval,
    next_due_ms,
    nth_due_ms,
    parse_iso8601,
)
from mock_clover.clover.surface import SURFACE
from mock_clover.core.iso8601 import LAST_MS, format_iso8601
from mock_clover.engine.router import Router
from mock_clover.scenario.load import load, parse
from mock_clover.scenario.records import Scenario
from mock_clover.testing.clock import Clock
from tests.in_process import DECLINED_CARD, NOW_MS, VISA, InProcessServer, MakeServer
from tests.subscriptions import DAY_MS, PLANS, SUBSCRIPTIONS, SubscriptionShop, at

START = "2025-06-01T12:00:00+00:00"
NOW = "2025-05-27T10:22:50.775+0000"


def ruled(*rules: dict[str, Any], **more: Any) -> Scenario:
    return parse(json.dumps({"name": "x", "rules": rules, **more}).encode(), "x.yaml")


# The calendar -------------------------------------------------------------------------------------

CALENDAR: list[tuple[str, Interval, int, list[str]]] = [
    ("2025-01-31", "MONTH", 1, ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]),
    ("2024-01-31", "MONTH", 1, ["2024-01-31", "2024-02-29", "2024-03-31"]),
    ("2024-01-30", "MONTH", 1, ["2024-01-30", "2024-02-29", "2024-03-30"]),
    ("2025-08-31", "MONTH", 3, ["2025-08-31", "2025-11-30", "2026-02-28", "2026-05-31"]),
    ("2025-12-31", "MONTH", 2, ["2025-12-31", "2026-02-28", "2026-04-30", "2026-06-30"]),
    ("2024-02-29", "YEAR", 1, ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"]),
    ("2024-02-29", "YEAR", 4, ["2024-02-29", "2028-02-29", "2032-02-29"]),
    ("2096-02-29", "YEAR", 4, ["2096-02-29", "2100-02-28", "2104-02-29"]),
    ("2025-02-27", "DAY", 1, ["2025-02-27", "2025-02-28", "2025-03-01"]),
    ("2024-02-27", "DAY", 2, ["2024-02-27", "2024-02-29", "2024-03-02"]),
    ("2025-03-30", "WEEK", 1, ["2025-03-30", "2025-04-06"]),
    ("2025-12-24", "WEEK", 2, ["2025-12-24", "2026-01-07"]),
]


@pytest.mark.parametrize(("start", "interval", "count", "days"), CALENDAR)
@pytest.mark.parametrize("hour", ["00:00:00", "23:59:59.999"])
def test_months_are_calendar_months_and_a_missing_day_is_the_last_one(
    start: str, interval: Interval, count: int, days: list[str], hour: str
) -> None:
    start_ms = at(f"{start}T{hour}+00:00")
    expected = [at(f"{day}T{hour}+00:00") for day in days]
    found = [nth_due_ms(start_ms, interval, count, number) for number in range(len(days))]
    assert found == expected
    steps, after_ms = [], start_ms - 1
    for _ in days:
        steps.append(next_due_ms(start_ms, interval, count, after_ms))
        after_ms = steps[-1] or 0
    assert steps == expected


@given(
    st.integers(0, 4_102_444_800_000),
    st.sampled_from(["DAY", "WEEK", "MONTH", "YEAR"]),
    st.integers(1, 30),
    st.integers(0, 40),
    st.integers(-1, 1),
)
def test_next_due_date_is_computed_directly(
    start_ms: int, interval: Interval, count: int, number: int, beside_ms: int
) -> None:
    here = nth_due_ms(start_ms, interval, count, number)
    then = nth_due_ms(start_ms, interval, count, number + 1)
    assert here is not None
    found = next_due_ms(start_ms, interval, count, here + beside_ms)
    assert found == (here if beside_ms < 0 else then)


def test_after_the_year_9999_nothing_falls_due() -> None:
    start_ms = at("2025-01-01T00:00:00+00:00")
    for interval in ("DAY", "WEEK", "MONTH", "YEAR"):
        assert nth_due_ms(start_ms, interval, 1_000, 10_000) is None  # type: ignore[arg-type] # the names of a loop are any text
        assert next_due_ms(start_ms, interval, 7, LAST_MS) is None  # type: ignore[arg-type] # the names of a loop are any text
    assert nth_due_ms(LAST_MS, "DAY", 1, 0) == LAST_MS
    assert nth_due_ms(at("9999-11-30T00:00:00+00:00"), "MONTH", 1, 1) == at(
        "9999-12-30T00:00:00+00:00"
    )
    assert format_iso8601(LAST_MS + 1) == "9999-12-31T23:59:59.999+0000"


MOMENTS = {
    "2023-09-19T10:02:59.476+0000": "2023-09-19T10:02:59.476+0000",
    "2021-12-24@19:08:56.235+0000": "2021-12-24T19:08:56.235+0000",
    "2023-09-19T10:02:59Z": "2023-09-19T10:02:59.000+0000",
    "2023-09-19T10:02:59.4+02:00": None,
    "2023-09-19T10:02-0500": "2023-09-19T15:02:00.000+0000",
    "2023-09-19 10:02:59.476789": "2023-09-19T10:02:59.476+0000",
    "2024-02-29": "2024-02-29T00:00:00.000+0000",
    "2023-02-29": None,
    "1969-12-31T23:59:59.999Z": None,
    "0001-01-01T00:00:00+1400": None,
    "9999-12-31T23:59:59-1400": None,
}


@pytest.mark.parametrize(("text", "expected"), MOMENTS.items())
def test_moments_are_iso_8601(text: str, expected: str | None) -> None:
    if expected is None and not text.startswith("2023-09"):
        with pytest.raises(ValueError, match=r".+"):
            parse_iso8601(text)
    elif expected is not None:
        assert format_iso8601(parse_iso8601(text)) == expected


# Plans --------------------------------------------------------------------------------------------


def test_plan_response_is_as_documented(shop: SubscriptionShop) -> None:
    body = {
        "name": "Gold",
        "amount": 999,
        "interval": "MONTH",
        "intervalCount": 1,
        "note": "With coffee",
        "taxRateUuids": ["8YTCARDXSQHP0"],
        "tipAmount": 100,
    }
    created = shop.send_ok("POST", PLANS, body)
    credentials = shop.server.known
    assert created == {
        "name": "Gold",
        "taxRateUuids": ["8YTCARDXSQHP0"],
        "tipAmount": 100,
        "amount": 999,
        "active": True,
        "interval": "MONTH",
        "intervalCount": 1,
        "note": "With coffee",
        "createdTime": NOW,
        "modifiedTime": NOW,
        "id": created["id"],
        "merchantId": credentials.merchant_id,
        "developerAppId": credentials.client_id,
        "object": "plan",
    }
    assert shop.send_ok("GET", f"{PLANS}/{created['id']}") == created


def test_both_spellings_of_an_interval(shop: SubscriptionShop) -> None:
    plan = shop.plan(interval="Month")
    shown = shop.send_ok("GET", f"{PLANS}/{plan}")
    assert shown["interval"] == "MONTH"
    assert shop.send_ok("GET", f"{PLANS}?interval=Month") == [shown]
    changed = shop.send_ok("PUT", f"{PLANS}/{plan}", {"interval": "Month", "name": "Golden"})
    assert changed["name"] == "Golden"


def test_subscriptions_of_a_plan_and_their_deletion(shop: SubscriptionShop) -> None:
    plans = [shop.plan(), shop.plan()]
    first, second, third = (shop.subscribe(plan, startDate=START) for plan in (*plans, plans[0]))
    path = f"{PLANS}/{plans[0]}/subscriptions"
    assert [each["id"] for each in shop.send_ok("GET", path)] == [third["id"], first["id"]]
    assert shop.send("GET", f"{PLANS}/0000000000000/subscriptions").status == 404
    assert shop.send_ok("DELETE", f"{SUBSCRIPTIONS}/{first['id']}") == {
        "deleted": True,
        "id": first["id"],
        "object": "subscription",
    }
    assert shop.send("DELETE", f"{SUBSCRIPTIONS}/{first['id']}").status == 404
    assert [each["id"] for each in shop.send_ok("GET", path)] == [third["id"]]
    assert len(shop.payment_times("2025-06-02T00:00:00+00:00")) == 2
    assert shop.payments(first["customerUuid"]) == []
    assert len(shop.payments(second["customerUuid"])) == 1


def test_a_date_may_have_no_time_and_no_dashes(shop: SubscriptionShop) -> None:
    """Today is 2025-05-27, 10:22 UTC."""
    now = "2025-05-27T10:22:50.775+0000"
    for text, start in (
        ("20270107", "2027-01-07T00:00:00.000+0000"),
        ("2027-01-07", "2027-01-07T00:00:00.000+0000"),
        ("20250527", now),
        ("2025-05-27", now),
    ):
        assert shop.subscribe(startDate=text, endDate="20280107")["startDate"] == start, text
    customer = shop.customer()
    for text in ("20250526", "2025-05-26", "2025-05-27T00:00:00Z", "20251301", "2027010"):
        body = {"customerId": customer, "collectionMethod": "CHARGE_AUTOMATICALLY"}
        got = shop.send("POST", f"{PLANS}/{shop.plan()}/subscriptions", body | {"startDate": text})
        assert (got.status, got.json["error"]["message"]) == (
            400,
            "Please provide a valid startDate.",
        ), text


def test_plans_are_listed_as_a_bare_array_newest_first(shop: SubscriptionShop) -> None:
    plans = [
        shop.plan(interval=interval, intervalCount=count)
        for interval, count in (("MONTH", 1), ("MONTH", 3), ("YEAR", 1))
    ]
    assert [each["id"] for each in shop.send_ok("GET", PLANS)] == plans[::-1]
    assert [p["id"] for p in shop.send_ok("GET", f"{PLANS}?interval=MONTH")] == plans[1::-1]
    found = shop.send_ok("GET", f"{PLANS}?interval=MONTH&intervalCount=3")
    assert [each["id"] for each in found] == plans[1:2]
    assert shop.send_ok("GET", f"{PLANS}?interval=WEEK") == []


def test_a_list_has_a_thousand_rows_at_most(shop: SubscriptionShop) -> None:
    row = shop.sandbox.plans.get(shop.plan())
    assert row is not None
    for number in range(ROWS_MAX):
        shop.sandbox.plans.put(f"P{number}", row)
    assert len(shop.send_ok("GET", PLANS)) == ROWS_MAX == 1_000


def test_all_of_a_plan_but_its_interval_can_be_changed(shop: SubscriptionShop) -> None:
    plan = shop.plan()
    shop.set_clock("2025-06-01T00:00:00+00:00")
    changes = {
        "name": "Silver",
        "amount": 0,
        "note": "n",
        "taxRateUuids": ["A"],
        "tipAmount": 5,
        "active": False,
    }
    same = {"interval": "MONTH", "intervalCount": 1}
    before = shop.send_ok("GET", f"{PLANS}/{plan}")
    changed = shop.send_ok("PUT", f"{PLANS}/{plan}", changes | same)
    assert changed == before | changes | {"modifiedTime": "2025-06-01T00:00:00.000+0000"}
    assert shop.send_ok("PUT", f"{PLANS}/{plan}", {"active": True})["active"]


@pytest.mark.parametrize("end", ["stopped", "ended"])
def test_a_plan_ends_when_nobody_subscribes_any_more(shop: SubscriptionShop, end: str) -> None:
    plan = shop.plan()
    created = shop.subscribe(plan, startDate=START, endDate="2025-06-02")
    assert shop.send("PUT", f"{PLANS}/{plan}", {"active": False}).status == 409
    if end == "stopped":
        shop.send_ok("PUT", f"{SUBSCRIPTIONS}/{created['id']}", {"active": False})
    else:
        assert ("subscription_ended", at("2025-06-02T00:00:00+00:00")) in shop.set_clock(
            "2025-06-03"
        )
    assert not shop.send_ok("PUT", f"{PLANS}/{plan}", {"active": False})["active"]


@pytest.mark.parametrize(("used", "unused"), [(0, 1), (1, 0)])
def test_subscribers_of_another_plan_do_not_keep_a_plan_active(
    shop: SubscriptionShop, used: int, unused: int
) -> None:
    plans = [shop.plan() for _ in range(2)]
    shop.subscribe(plans[used], startDate=START)
    assert not shop.send_ok("PUT", f"{PLANS}/{plans[unused]}", {"active": False})["active"]


def test_paths_without_recurring_prefix(shop: SubscriptionShop) -> None:
    """So the permissions page writes them."""
    dispatch, named = Router(SURFACE), {"plan_id": "P", "subscription_id": "S"}
    twice = [each for each in SURFACE if each.path_alias and "recurring" in each.path]
    assert len(twice) == 10
    for each in twice:
        assert each.path == f"/recurring{each.path_alias}"
        path = each.path_alias.format(**named)
        assert dispatch.find(each.method, path)[0] is each
    assert shop.send_ok("GET", f"/v1/plans/{shop.plan()}")["object"] == "plan"


# Subscriptions ------------------------------------------------------------------------------------


def test_subscription_response_is_as_documented(shop: SubscriptionShop) -> None:
    plan, customer = shop.plan(), shop.customer()
    body = {
        "startDate": "2025-06-01T12:00:00.000+0000",
        "endDate": "2026-06-01",
        "softDescriptor": {"dbaName": "Shop"},
        "note": "n",
        "tipAmount": 50,
        "amount": 700,
        "taxRateUuids": ["A"],
    }
    created = shop.subscribe(plan, customer, **body)
    expected = {
        "id": created["id"],
        "customerUuid": customer,
        "collectionMethod": "CHARGE_AUTOMATICALLY",
        "active": True,
        "tipAmount": 50,
        "amount": 700,
        "total": 750,
        "note": "n",
        "softDescriptor": {"dbaName": "Shop"},
        "taxRateUuids": ["A"],
        "startDate": "2025-06-01T12:00:00.000+0000",
        "endDate": "2026-06-01T00:00:00.000+0000",
        "createdTime": NOW,
        "modifiedTime": NOW,
        "plan": shop.send_ok("GET", f"{PLANS}/{plan}"),
        "object": "subscription",
    }
    assert (list(created), created) == (list(expected), expected)
    assert shop.read(created) == expected | {"additionalCharges": []}
    shop.set_clock("2025-06-02T00:00:00+00:00")
    run = expected | {"additionalCharges": [], "lastRunDate": "2025-06-01T12:00:00.000+0000"}
    assert shop.read(created) == run
    assert shop.send_ok("GET", SUBSCRIPTIONS) == [run]


def test_a_subscription_takes_its_plans_amount_and_keeps_it(shop: SubscriptionShop) -> None:
    """It is inferred that a later change of the plan does not change a subscription."""
    plan = shop.plan(tipAmount=100, taxRateUuids=["A"])
    created = shop.subscribe(plan, startDate=START)
    assert (created["amount"], created["tipAmount"], created["total"]) == (999, 100, 1_099)
    shop.send_ok("PUT", f"{PLANS}/{plan}", {"amount": 1, "tipAmount": 2})
    now = shop.read(created)
    assert (now["amount"], now["total"], now["plan"]["amount"]) == (999, 1_099, 1)


def test_a_first_payment_without_a_start_date_is_made_at_once(shop: SubscriptionShop) -> None:
    customer = shop.customer()
    shop.subscribe(customer=customer)
    assert shop.payments(customer) == [(NOW_MS, 999, "succeeded")]


def test_charges_orders_and_the_journal_agree(shop: SubscriptionShop) -> None:
    customer = shop.customer()
    created = shop.subscribe(shop.plan(tipAmount=1), customer, startDate=START, note="n")
    shop.set_clock("2025-07-02T00:00:00+00:00")
    charges = shop.send_ok("GET", f"/v1/charges?customer={customer}")["data"]
    assert [each["created"] for each in charges] == [at("2025-07-01T12:00:00+00:00"), at(START)]
    orders = shop.send_ok("GET", "/v1/orders")["data"]
    assert [each["id"] for each in orders] == [each["order"] for each in charges]
    entries = shop.send_ok("GET", "/_mock/journal?endpoint=charge_subscription")["data"]
    assert [each["reply"]["id"] for each in entries] == [each["id"] for each in charges[::-1]]
    assert [each["at_ms"] for each in entries] == [each["created"] for each in charges[::-1]]
    assert {(e["method"], e["path"], e["status"]) for e in entries} == {
        ("CLOCK", f"{SUBSCRIPTIONS}/{created['id']}", 200)
    }
    assert not any("took_us" in each for each in entries)
    assert entries[0]["request"] == {
        "amount": 999,
        "currency": "USD",
        "source": customer,
        "description": "n",
        "stored_credentials": {"sequence": "FIRST", "is_scheduled": True, "initiator": "MERCHANT"},
        "tip_amount": 1,
    }
    assert charges[0]["stored_credentials"]["sequence"] == "SUBSEQUENT"
    verified = {"endpoint": "charge_subscription", "exactly": 2, "match": {"amount": 999}}
    assert shop.send_ok("POST", "/_mock/verify", verified)["verified"]
    (refund,) = [shop.send_ok("POST", "/v1/refunds", {"charge": charges[0]["id"]})]
    assert refund["status"] == "succeeded"


def test_one_year_of_payments_in_order(shop: SubscriptionShop) -> None:
    shop.subscribe(shop.plan(), startDate="2025-05-31T00:00:00Z")
    shop.subscribe(shop.plan(interval="YEAR", name="Year"), startDate="2025-05-31T00:00:00Z")
    fired = shop.set_clock("2026-05-31T00:00:00+00:00")
    assert [at_ms for _, at_ms in fired] == sorted(at_ms for _, at_ms in fired)
    days = [datetime.fromtimestamp(ms / 1000, UTC) for kind, ms in fired if kind.endswith("_run")]
    assert [f"{day:%m-%d}" for day in days] == [
        *("05-31", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31"),
        *("11-30", "12-31", "01-31", "02-28", "03-31", "04-30", "05-31", "05-31"),
    ]
    assert [row.created_ms for row in shop.sandbox.charges] == [
        at_ms for kind, at_ms in fired if kind == "subscription_run"
    ]


@pytest.mark.system  # slow
def test_remaining_due_jobs_are_reported(make_server: MakeServer) -> None:
    shop = SubscriptionShop(make_server(upcoming_charge_notice_ms=0))
    plan, customer = shop.plan(interval="DAY"), shop.customer()
    for _ in range(20):
        shop.subscribe(plan, customer, startDate=START)
    first = shop.send_ok("PUT", "/_mock/clock", {"set": at(START) + 1_010 * DAY_MS})
    rest = shop.send_ok("GET", "/_mock/clock")
    assert (len(first["fired"]), first["more"]) == (20_000, True)
    assert (len(rest["fired"]), "more" in rest) == (220, False)
    assert len(shop.sandbox.charges) == 20_220


def test_plugin_clock_runs_all_due_jobs() -> None:
    answers = [{"fired": [1, 2], "more": True}, {"fired": [3], "more": True}, {"fired": [4]}]
    requested = []

    def told(method: str, path: str, body: Any = None, **_: Any) -> dict[str, Any]:
        requested.append((method, path, body))
        return answers[len(requested) - 1]

    assert Clock(told).advance("1d") == [1, 2, 3, 4]
    assert requested == [
        ("PUT", "/_mock/clock", {"advance": "1d"}),
        ("GET", "/_mock/clock", None),
        ("GET", "/_mock/clock", None),
    ]


def test_nothing_is_due_from_the_end_date_on(shop: SubscriptionShop) -> None:
    created = shop.subscribe(startDate=START, endDate="2025-08-01T12:00:00Z")
    assert shop.payment_times("2025-12-01T00:00:00+00:00") == [
        at(START),
        at("2025-07-01T12:00:00+00:00"),
    ]
    now = shop.read(created)
    assert (now["active"], now["modifiedTime"]) == (False, "2025-08-01T12:00:00.000+0000")


def put(shop: SubscriptionShop, created: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return dict(shop.send_ok("PUT", f"{SUBSCRIPTIONS}/{created['id']}", changes))


def test_update_subscription_fields(shop: SubscriptionShop) -> None:
    created = shop.subscribe(startDate=START)
    changes = {"amount": 5, "note": "x", "taxRateUuids": ["B"], "endDate": "2026-01-01"}
    changed = put(shop, created, customerId="another", tipAmount=9, **changes)
    dated = {"endDate": "2026-01-01T00:00:00.000+0000", "total": 5}
    assert changed == created | changes | dated
    assert put(shop, created, startDate=START.replace("+00:00", "Z")) == changed


def test_new_start_date_restarts_schedule(shop: SubscriptionShop) -> None:
    created = shop.subscribe(startDate=START)
    put(shop, created, startDate="2025-06-15T00:00:00Z")
    assert shop.payment_times("2025-07-20T00:00:00+00:00") == [
        at("2025-06-15T00:00:00+00:00"),
        at("2025-07-15T00:00:00+00:00"),
    ]
    put(shop, created, startDate="2025-07-31T00:00:00Z")
    assert shop.payment_times("2025-09-30T00:00:00+00:00") == [
        at("2025-07-31T00:00:00+00:00"),
        at("2025-08-31T00:00:00+00:00"),
        at("2025-09-30T00:00:00+00:00"),
    ]


def test_moving_end_date_removes_and_restores_payments(shop: SubscriptionShop) -> None:
    created = shop.subscribe(startDate=START)
    shop.set_clock("2025-06-02T00:00:00+00:00")
    put(shop, created, endDate="2025-06-20")
    put(shop, created, endDate="2025-08-01")
    assert shop.payment_times("2025-12-01T00:00:00+00:00") == [at("2025-07-01T12:00:00+00:00")]


def test_an_end_date_that_moves_to_a_payment_takes_it_away(shop: SubscriptionShop) -> None:
    created = shop.subscribe(startDate=START)
    shop.set_clock("2025-06-02T00:00:00+00:00")
    put(shop, created, endDate="2025-07-01T12:00:00Z")
    assert shop.set_clock("2025-12-01T00:00:00+00:00") == [
        ("subscription_ended", at("2025-07-01T12:00:00+00:00"))
    ]


def test_stopped_subscription_skips_payments(shop: SubscriptionShop) -> None:
    created = shop.subscribe(startDate=START)
    shop.set_clock("2025-06-02T00:00:00+00:00")
    assert not put(shop, created, active=False)["active"]
    assert shop.set_clock("2025-09-10T00:00:00+00:00") == []
    assert put(shop, created, active=True)["active"]
    assert shop.payment_times("2025-11-01T00:00:00+00:00") == [at("2025-10-01T12:00:00+00:00")]


@pytest.mark.parametrize("resumed", ["2025-09-10T00:00:00+00:00", "2025-10-01T12:00:00+00:00"])
@pytest.mark.parametrize("active", [True, False])
def test_a_resumed_subscription_is_charged_when_it_is_due_next(
    shop: SubscriptionShop, resumed: str, *, active: bool
) -> None:
    """A payment that is due at the moment of resuming is made; earlier ones are not."""
    created = shop.subscribe(startDate=START, active=active)
    shop.set_clock("2025-06-02T00:00:00+00:00")
    put(shop, created, active=False)
    shop.set_clock(resumed)
    put(shop, created, active=True)
    assert shop.payment_times("2025-11-02T00:00:00+00:00") == [
        at("2025-10-01T12:00:00+00:00"),
        at("2025-11-01T12:00:00+00:00"),
    ]


def test_inactive_subscription_starts_when_activated(shop: SubscriptionShop) -> None:
    customer = shop.customer()
    created = shop.subscribe(customer=customer, active=False)
    assert shop.payments(customer) == []
    for active in (True, False, True, True):
        put(shop, created, active=active)
    assert shop.payments(customer) == [(NOW_MS, 999, "succeeded")]


@pytest.mark.parametrize(
    ("ended", "change", "problem"),
    [
        ("plan", {}, "PLAN_INACTIVE"),
        ("date", {}, "INVALID_REQUEST"),
        ("date", {"endDate": "2027-01-01"}, None),
    ],
)
def test_ended_subscription_cannot_be_reactivated(
    shop: SubscriptionShop, ended: str, change: dict[str, Any], problem: str | None
) -> None:
    plan = shop.plan()
    created = shop.subscribe(plan, startDate=START, endDate="2025-06-10")
    shop.set_clock("2025-07-10T00:00:00+00:00")
    if ended == "plan":
        shop.send_ok("PUT", f"{PLANS}/{plan}", {"active": False})
    got = shop.send("PUT", f"{SUBSCRIPTIONS}/{created['id']}", {"active": True} | change)
    if problem:
        assert got.status == 400
        assert got.why.startswith(problem)
    else:
        assert shop.payment_times("2025-08-10T00:00:00+00:00") == [at("2025-08-01T12:00:00+00:00")]


@pytest.mark.parametrize("ended", ["plan", "date"])
def test_the_note_of_an_ended_subscription_can_be_changed(
    shop: SubscriptionShop, ended: str
) -> None:
    plan = shop.plan()
    created = shop.subscribe(plan, startDate=START, endDate="2025-06-10")
    if ended == "plan":
        put(shop, created, active=False)
        shop.send_ok("PUT", f"{PLANS}/{plan}", {"active": False})
    else:
        shop.set_clock("2025-07-10T00:00:00+00:00")
    changed = put(shop, created, note="x")
    assert (changed["note"], changed["active"]) == ("x", False)


# Failed payments ----------------------------------------------------------------------------------


def declining(make_server: MakeServer, when: dict[str, Any], **more: Any) -> SubscriptionShop:
    rule = {"when": when, "then": {"decline": {"decline_code": "insufficient_funds"}}}
    return SubscriptionShop(make_server(ruled(rule, **more)))


def test_after_five_failed_payments_a_subscription_is_deactivated(make_server: MakeServer) -> None:
    shop = declining(make_server, {"endpoint": "charge_subscription"})
    customer = shop.customer()
    created = shop.subscribe(customer=customer, startDate=START)
    expected = [at(START) + days * DAY_MS for days in range(5)]
    assert shop.payment_times("2026-06-01T00:00:00+00:00") == expected
    assert shop.payments(customer) == [(at_ms, 999, "failed") for at_ms in expected]
    now = shop.read(created)
    assert (now["active"], now["lastRunDate"]) == (False, "2025-06-05T12:00:00.000+0000")
    assert now["modifiedTime"] == now["lastRunDate"]
    shop.server.sandbox.apply_scenario(
        shop.server.sandboxes.factory.compile_rules(load("sandbox")), shop.sandbox.settings
    )
    put(shop, created, active=True)
    assert shop.payment_times("2026-06-02T00:00:00+00:00") == [at("2026-06-01T12:00:00+00:00")]


def test_failed_payment_is_retried_daily(
    make_server: MakeServer,
) -> None:
    shop = declining(make_server, {"endpoint": "charge_subscription", "first": 2})
    created = shop.subscribe(startDate=START)
    assert shop.payment_times("2025-07-02T00:00:00+00:00") == [
        at(START),
        at(START) + DAY_MS,
        at(START) + 2 * DAY_MS,
        at("2025-07-01T12:00:00+00:00"),
    ]
    row = shop.sandbox.subscriptions.get(created["id"])
    assert row is not None
    assert (row.payments, row.failures) == (2, 0)


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        ({"subscription_retry_ms": 3 * DAY_MS}, [0, 3, 6, 7, 10]),
        ({"subscription_retry_ms": 0}, [0, 7, 14, 21, 28]),
        ({"subscription_retry_ms": 8 * DAY_MS}, [0, 7, 14, 21, 28]),
    ],
)
def test_retry_delay_setting(
    make_server: MakeServer, settings: dict[str, int], days: list[int]
) -> None:
    shop = declining(make_server, {"endpoint": "charge_subscription"}, settings=settings)
    shop.subscribe(shop.plan(interval="WEEK"), shop.customer(), startDate=START)
    assert shop.payment_times("2026-06-01T00:00:00+00:00") == [
        at(START) + day * DAY_MS for day in days
    ]


def test_reactivation_resets_failure_count(make_server: MakeServer) -> None:
    shop = declining(make_server, {"endpoint": "charge_subscription"})
    created = shop.subscribe(startDate=START)
    shop.set_clock("2025-06-20T00:00:00+00:00")
    put(shop, created, active=True)
    first = at("2025-07-01T12:00:00+00:00")
    tried = shop.payment_times("2025-12-01T00:00:00+00:00")
    assert tried == [first + days * DAY_MS for days in range(5)]


@pytest.mark.parametrize("change", [{"endDate": "2025-06-20"}, {"note": "x"}, {"amount": 1}])
def test_a_change_leaves_the_next_attempt_where_it_is(
    make_server: MakeServer, change: dict[str, Any]
) -> None:
    shop = declining(make_server, {"endpoint": "charge_subscription", "first": 1})
    created = shop.subscribe(startDate=START)
    shop.set_clock("2025-06-01T13:00:00+00:00")
    put(shop, created, **change)
    assert shop.payment_times("2025-06-20T00:00:00+00:00") == [at(START) + DAY_MS]


def test_no_retry_after_end_date(make_server: MakeServer) -> None:
    shop = declining(make_server, {"endpoint": "charge_subscription"})
    created = shop.subscribe(startDate=START, endDate="2025-06-02T12:00:00Z")
    assert shop.payment_times("2026-06-01T00:00:00+00:00") == [at(START)]
    assert not shop.read(created)["active"]


def test_success_resets_failure_count(make_server: MakeServer) -> None:
    """Four of every five attempts fail: never five in a row."""
    fail = {"when": {"endpoint": "charge_subscription", "every": 5}, "then": {"approve": {}}}
    other = {"when": {"endpoint": "charge_subscription"}, "then": {"decline": {}}}
    shop = SubscriptionShop(make_server(ruled(fail, other)))
    created = shop.subscribe(startDate=START)
    assert len(shop.payment_times("2026-06-01T00:00:00+00:00")) == 60
    assert shop.read(created)["active"]


def _removed(shop: SubscriptionShop, customer: str) -> None:
    (card,) = shop.send_ok("GET", f"/v1/customers/{customer}")["sources"]["data"]
    shop.send_ok("DELETE", f"/v1/customers/{customer}/sources/{card}")


@pytest.mark.parametrize(
    ("gone", "status"),
    [
        (_removed, 400),
        (lambda shop, customer: shop.send_ok("DELETE", f"/v1/customers/{customer}"), 400),
    ],
)
def test_without_a_card_a_payment_fails_without_a_charge(
    shop: SubscriptionShop, gone: Callable[[SubscriptionShop, str], None], status: int
) -> None:
    customer = shop.customer()
    created = shop.subscribe(customer=customer, startDate=START)
    gone(shop, customer)
    assert len(shop.payment_times("2026-06-01T00:00:00+00:00")) == 5
    assert len(shop.sandbox.charges) == 0
    assert not shop.read(created)["active"]
    entries = shop.send_ok("GET", "/_mock/journal?endpoint=charge_subscription")["data"]
    assert [each["status"] for each in entries] == [status] * 5


def test_full_sandbox_fails_only_the_payment(shop: SubscriptionShop) -> None:
    shop.sandbox.charges.rows_max = 0
    shop.subscribe(startDate=START)
    assert len(shop.payment_times("2025-06-03T00:00:00+00:00")) == 2
    assert shop.send_ok("GET", "/v1/charges") == {
        "object": "list",
        "url": "/v1/charges",
        "data": [],
    }


def test_card_expiry_is_checked_at_payment_time(shop: SubscriptionShop) -> None:
    card = shop.server.token(exp_month="07", exp_year="2025")
    body = {"email": "jo@example.com", "source": card}
    customer = str(shop.send_ok("POST", "/v1/customers", body)["id"])
    shop.subscribe(customer=customer, startDate=START)
    shop.set_clock("2025-08-02T00:00:00+00:00")
    assert [status for _, _, status in shop.payments(customer)] == [
        "succeeded",
        "succeeded",
        "failed",
    ]


# Rules --------------------------------------------------------------------------------------------

MATCHES: dict[str, dict[str, Any]] = {
    "card": {"card": {"last4": "4242"}},
    "number": {"card": {"number": VISA}},
    "amount": {"amount": 999},
    "customer's card": {"source": "customer"},
    "email": {"email": "jo@example.com"},
    "endpoint": {"endpoint": "charge_subscription"},
    "currency": {"currency": "usd"},
    "description": {"description": "Gold"},
}
MISSES: dict[str, dict[str, Any]] = {
    "another card": {"card": {"last4": "1111"}},
    "another amount": {"amount": 1},
    "another endpoint": {"endpoint": "create_charge"},
    "a header": {"header": {"x-a": "b"}},
}


@pytest.mark.parametrize(
    ("when", "status"),
    [
        *(pytest.param(when, "failed", id=name) for name, when in MATCHES.items()),
        *(pytest.param(when, "succeeded", id=name) for name, when in MISSES.items()),
    ],
)
def test_a_rule_sees_a_due_payment_as_it_sees_a_charge(
    make_server: MakeServer, when: dict[str, Any], status: str
) -> None:
    shop = SubscriptionShop(make_server())
    customer = shop.customer()
    rules = ruled({"when": when, "then": {"decline": {}}})
    shop.sandbox.apply_scenario(
        shop.server.sandboxes.factory.compile_rules(rules), shop.sandbox.settings
    )
    shop.subscribe(customer=customer)
    assert [message for _, _, message in shop.payments(customer)] == [status]


@pytest.mark.parametrize(
    ("then", "status"),
    [
        ({"problem": "UNAUTHORIZED"}, 401),
        ({"raw": {"status": 500}}, 500),
        ({"fault": {"kind": "problem", "problem": "RATE_LIMITED"}}, 429),
    ],
)
def test_rule_without_endpoint_ignores_scheduled_payment(
    make_server: MakeServer, then: dict[str, Any], status: int
) -> None:
    shop = SubscriptionShop(make_server())
    customer = shop.customer()
    shop.subscribe(customer=customer, startDate=START)
    rules = ruled({"when": {"first": 1}, "then": then})
    shop.sandbox.apply_scenario(
        shop.server.sandboxes.factory.compile_rules(rules), shop.sandbox.settings
    )
    assert len(shop.payment_times("2025-06-02T00:00:00+00:00")) == 1
    assert shop.send("GET", "/v1/charges").status == status, "the rule's first call is this one"
    assert [message for _, _, message in shop.payments(customer)] == ["succeeded"]


def test_problem_rule_for_charge_subscription_fails_payment(make_server: MakeServer) -> None:
    when = {"endpoint": "charge_subscription", "first": 1}
    shop = SubscriptionShop(
        make_server(ruled({"when": when, "then": {"problem": "SERVICE_UNAVAILABLE"}}))
    )
    customer = shop.customer()
    shop.subscribe(customer=customer, startDate=START)
    assert len(shop.payment_times("2025-06-03T00:00:00+00:00")) == 2
    assert shop.payments(customer) == [(at(START) + DAY_MS, 999, "succeeded")]
    (first, _) = shop.send_ok("GET", "/_mock/journal?endpoint=charge_subscription")["data"]
    assert (first["status"], first["why"]) == (503, "x: rule 1 (inferred): SERVICE_UNAVAILABLE")


@pytest.mark.parametrize("end", [{"decline": {}}, {"approve": {}}, {}])
def test_an_event_may_follow_a_payment(make_server: MakeServer, end: dict[str, Any]) -> None:
    rule = {"when": {"endpoint": "charge_subscription"}, "then": end | {"webhook": {}}}
    target = {"url": "http://127.0.0.1:9/", "secret": "a"}
    shop = SubscriptionShop(make_server(ruled(rule, webhooks=[target])))
    customer = shop.customer()
    shop.subscribe(customer=customer)
    shop.payments(customer)
    (charge,) = shop.sandbox.charges
    assert shop.sandbox.outbox is not None
    result = [f"{each.event} {each.object_id} {each.about}" for each in shop.sandbox.outbox]
    kind = "decline" if "decline" in end else "charge"
    assert [each for each in result if each.startswith("P:")] == [
        f"P:CREATE {charge.id} {kind}",
        f"P:CREATE {charge.id} rule",
    ]


def test_payments_count_as_calls_in_the_order_of_their_time(make_server: MakeServer) -> None:
    shop = SubscriptionShop(
        make_server(ruled({"when": {"source": "customer", "nth": 2}, "then": {"decline": {}}}))
    )
    customer = shop.customer()
    shop.subscribe(customer=customer, startDate=START)
    charge = {"amount": 999, "currency": "usd", "source": customer}
    shop.send_ok("POST", "/v1/charges", charge)
    shop.set_clock("2025-06-03T00:00:00+00:00")
    assert [message for _, _, message in shop.payments(customer)] == [
        "succeeded",
        "failed",
        "succeeded",
    ]


@pytest.mark.parametrize("where", ["the note", "the plan's name"])
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("card_declined/insufficient_funds", "(Insufficient funds)"),
        ("SERVICE_UNAVAILABLE", "(503 Service Unavailable)"),
    ],
)
def test_a_note_or_a_plans_name_can_say_how_payments_end(
    shop: SubscriptionShop, where: str, word: str, message: str
) -> None:
    text = f"mock-clover:{word}"
    if where == "the note":
        shop.subscribe(note=text, startDate=START)
    else:
        shop.subscribe(shop.plan(name=text), startDate=START)
    shop.set_clock("2025-06-01T13:00:00+00:00")
    (notice,) = shop.notices("kind=payment_failed")
    assert message in notice["text"]


def test_unknown_outcome_in_note_is_rejected(shop: SubscriptionShop) -> None:
    """And not when the payment falls due, where no client would see it."""
    plan, created = shop.plan(), shop.subscribe(startDate=START)
    wrong = "mock-clover:card_declned"
    joining = {"customerId": created["customerUuid"], "collectionMethod": "CHARGE_AUTOMATICALLY"}
    gold = {"name": wrong, "amount": 1, "interval": "DAY", "intervalCount": 1}
    for method, path, body in (
        ("POST", PLANS, gold),
        ("PUT", f"{PLANS}/{plan}", {"name": wrong}),
        ("POST", f"{PLANS}/{plan}/subscriptions", joining | {"note": wrong}),
        ("PUT", f"{SUBSCRIPTIONS}/{created['id']}", {"note": wrong}),
    ):
        got = shop.send(method, path, body)
        assert got.status == 400
        assert got.json["message"].endswith("did you mean `card_declined`?")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            {"rules": [{"when": {"endpoint": "charge_subscription"}, "then": {"raw": {}}}]},
            "rules[0].then: charge_subscription runs in the background and has no response",
        ),
        (
            {"faults": [{"kind": "drop", "endpoint": "charge_subscription"}]},
            "faults[0].endpoint: charge_subscription runs in the background and has no response",
        ),
    ],
)
def test_response_fault_is_rejected_for_charge_subscription(
    shop: SubscriptionShop, text: dict[str, Any], message: str
) -> None:
    got = shop.send("PUT", "/_mock/scenario", {"name": "x"} | text)
    assert got.status == 400
    assert got.json["message"].startswith(message)
    assert shop.send("PUT", "/_mock/scenario", {"name": "x", "rules": []}).status == 200


def test_phantom_decline_pays_subscription(make_server: MakeServer) -> None:
    when = {"endpoint": "charge_subscription"}
    shop = SubscriptionShop(
        make_server(ruled({"when": when, "then": {"decline": {"phantom": True}}}))
    )
    created = shop.subscribe(startDate=START)
    assert shop.payment_times("2025-07-02T00:00:00+00:00") == [
        at(START),
        at("2025-07-01T12:00:00+00:00"),
    ]
    assert shop.read(created)["active"]


# One step or many, copies, other sandboxes --------------------------------------------------------


def furnished(server: InProcessServer) -> SubscriptionShop:
    """Return a shop with subscriptions of every kind, some with failing payments."""
    shop = SubscriptionShop(server)
    for interval, count in (("DAY", 3), ("WEEK", 1), ("MONTH", 1), ("YEAR", 1)):
        plan = shop.plan(interval=interval, intervalCount=count, amount=count)
        shop.subscribe(plan, startDate="2025-05-31T08:00:00Z")
    shop.subscribe(shop.plan(amount=666), startDate="2025-06-05", endDate="2025-09-05")
    return shop


FLAKY = ruled(
    {"when": {"endpoint": "charge_subscription", "amount": 1, "every": 3}, "then": {"decline": {}}},
    {"when": {"endpoint": "charge_subscription", "amount": 666}, "then": {"decline": {}}},
)


def lived(shop: SubscriptionShop) -> tuple[Any, ...]:
    """Return all results of a shop."""
    return (
        list(shop.sandbox.charges),
        list(shop.sandbox.subscriptions),
        list(shop.sandbox.notices),
        shop.send_ok("GET", "/_mock/journal?endpoint=charge_subscription")["data"],
    )


@settings(
    deadline=None,
    max_examples=30,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.integers(0, 200 * DAY_MS), max_size=12), st.sampled_from(["put", "call"]))
def test_one_step_or_many_give_the_same_charges(
    make_server: MakeServer, steps: list[int], way: str
) -> None:
    one, many = (furnished(make_server(FLAKY)) for _ in range(2))
    one.set_clock(NOW_MS + sum(steps))
    to_ms = NOW_MS
    for step in steps:
        to_ms += step
        if way == "put":
            many.set_clock(to_ms)
        else:
            many.server.clock.set(to_ms)
            many.send_ok("GET", "/v1/charges?limit=1")
    assert lived(many)[:3] == lived(one)[:3]


def test_fork_and_parent_run_independently(make_server: MakeServer) -> None:
    shop, alone = furnished(make_server(FLAKY)), furnished(make_server(FLAKY))
    for each in (shop, alone):
        each.set_clock("2025-06-10T00:00:00+00:00")
    twin = SubscriptionShop(make_server(FLAKY))
    twin.server.copy(shop.sandbox)
    twin.server.clock = twin.sandbox.clock  # type: ignore[assignment] # its fork is manual too
    before = lived(shop)[:3]
    twin.set_clock("2025-12-01T00:00:00+00:00")
    assert lived(shop)[:3] == before
    for each in (shop, alone):
        each.set_clock("2025-12-01T00:00:00+00:00")
    assert lived(shop)[:3] == lived(alone)[:3] == lived(twin)[:3]


def test_a_snapshot_restores_running_subscriptions(make_server: MakeServer) -> None:
    shop = furnished(make_server(FLAKY))
    shop.set_clock("2025-06-10T00:00:00+00:00")
    taken = shop.send_ok("GET", "/_mock/snapshot")
    other = SubscriptionShop(make_server())
    other.send_ok("PUT", "/_mock/snapshot", taken)
    other.send_ok("PUT", "/_mock/clock", {"freeze": True})
    assert other.send_ok("GET", "/_mock/snapshot") == taken
    for each in (shop, other):
        each.set_clock("2025-12-01T00:00:00+00:00")
    assert lived(shop)[:3] == lived(other)[:3]
    assert other.send_ok("GET", SUBSCRIPTIONS) == shop.send_ok("GET", SUBSCRIPTIONS)
    plan = other.send_ok("GET", SUBSCRIPTIONS)[-1]["plan"]["id"]
    assert other.send("PUT", f"{PLANS}/{plan}", {"active": False}).status == 409


def test_snapshot_with_missing_plan(make_server: MakeServer) -> None:
    shop = furnished(make_server())
    taken = shop.send_ok("GET", "/_mock/snapshot") | {"plans": {}}
    reply = shop.server.send("PUT", "/_mock/snapshot", taken)
    first = next(iter(taken["subscriptions"].values()))
    said = f"subscriptions.{first['id']}.plan: {first['plan']!r} is not in plans"
    assert (reply.status, reply.json) == (
        400,
        {"message": f"the snapshot cannot be restored: {said}"},
    )


def test_a_payment_that_fails_inside_does_not_stop_the_clock(shop: SubscriptionShop) -> None:
    """A gift card takes a limited number of charges; a request gets an error for one more."""
    shop.subscribe(startDate=START)
    customer = next(iter(shop.sandbox.customers))
    token = shop.sandbox.tokens.get(customer.cards[-1].token)
    assert token is not None
    shop.sandbox.tokens.put(token.id, replace(token, kind="gift_card"))
    full = GiftCard(last4="0000", loaded=10**6, expires_ms=LAST_MS, charges=("C",) * CHARGES_MAX)
    shop.sandbox.gift_cards.put(token.card.fingerprint, full)
    shop.set_clock("2025-06-02T00:00:00+00:00")
    (row,) = shop.sandbox.subscriptions
    assert (row.failures, row.payments, len(shop.sandbox.charges)) == (1, 0, 0)


def test_what_is_due_in_one_sandbox_is_not_due_in_another(shop: SubscriptionShop) -> None:
    other = shop.server.sandboxes.create("other")
    shop.subscribe(startDate=START)
    shop.set_clock("2025-06-02T00:00:00+00:00")
    assert (len(shop.sandbox.charges), len(other.charges)) == (1, 0)
    assert (len(other.plans), len(other.subscriptions), list(other.notices)) == (0, 0, [])


def test_new_sandbox_has_no_jobs(shop: SubscriptionShop) -> None:
    shop.plan()
    shop.server.charge()
    assert not shop.sandbox.scheduler.heap


def test_a_card_that_is_declined_cannot_subscribe_at_all(shop: SubscriptionShop) -> None:
    body = {"email": "jo@example.com", "source": shop.server.token(DECLINED_CARD)}
    assert shop.send("POST", "/v1/customers", body).status == 402
