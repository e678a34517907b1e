"""The clock of a sandbox: set, advanced, and the jobs that become due."""

from typing import Any

import pytest

from mock_clover.sandbox.clock import LATEST_MS
from tests.control.calls import clock, got
from tests.fake_clock import calls_of
from tests.in_process import NOW_MS, VISA, InProcessServer

DAY_MS = 86_400_000
MASTERCARD = "5424180279791732"


def test_the_clock_is_frozen_set_advanced_and_resumed(server: InProcessServer) -> None:
    steps: list[tuple[dict[str, Any], int, bool]] = [
        ({}, 0, True),
        ({"freeze": True}, 0, True),
        ({"advance": "8d"}, 8 * DAY_MS, True),
        ({"advance": "90m"}, 8 * DAY_MS + 5_400_000, True),
        ({"advance": "2h"}, 8 * DAY_MS + 12_600_000, True),
        ({"advance": "30s"}, 8 * DAY_MS + 12_630_000, True),
        ({"advance": "500ms"}, 8 * DAY_MS + 12_630_500, True),
        ({"advance": "500 ms"}, 8 * DAY_MS + 12_631_000, True),
        ({"advance": 0}, 8 * DAY_MS + 12_631_000, True),
        ({"set": NOW_MS + 9 * DAY_MS}, 9 * DAY_MS, True),
        ({"set": NOW_MS + 9 * DAY_MS}, 9 * DAY_MS, True),
        ({"set": NOW_MS + 10 * DAY_MS, "advance": "1d"}, 11 * DAY_MS, True),
    ]
    for requested, ahead_ms, frozen in steps:
        expected = {"now_ms": NOW_MS + ahead_ms, "frozen": frozen, "fired": []}
        assert clock(server, **requested) == (200, expected)
        assert got(server.send("GET", "/_mock/clock")) == (200, expected)
    status, resumed = clock(server, resume=True)
    assert (status, resumed["frozen"], resumed["fired"]) == (200, False, [])
    assert 0 <= resumed["now_ms"] - NOW_MS - 11 * DAY_MS < 10_000


NOT_A_DURATION = (
    "is not a valid duration. Use a number and a unit (ms, s, m, h or d), for example 30s; "
    "the maximum is 3650d."
)
CLOCK_REFUSALS: list[tuple[Any, str]] = [
    (
        {"set": NOW_MS - 1},
        f"set: the clock cannot move back; the current time is 2025-05-27T10:22:50.775Z ({NOW_MS})",
    ),
    (
        {"set": NOW_MS * 9},
        "set: the time is more than ten years ahead of 2025-05-27T10:22:50.775Z (1748341370775)",
    ),
    ({"set": "soon"}, 'set is "soon"; must be a time in ms since 1970, for example 1748341370775'),
    (
        {"advance": -1},
        f"advance: '-1ms' {NOT_A_DURATION} Time moves forward only.",
    ),
    (
        {"advance": "8 weeks"},
        f"advance: '8 weeks' {NOT_A_DURATION}",
    ),
    (
        {"advance": "-8d"},
        f"advance: '-8d' {NOT_A_DURATION} Time moves forward only.",
    ),
    (
        {"advance": "99999999999d"},
        f"advance: '99999999999d' {NOT_A_DURATION}",
    ),
    ({"freze": True}, "Object contains unknown field `freze`; did you mean `freeze`?"),
    ({"freeze": "yes"}, 'freeze is "yes"; must be true or false'),
    ([], "the body: expected an object, got an array"),
]


@pytest.mark.parametrize(("requested", "message"), CLOCK_REFUSALS, ids=lambda each: str(each)[:30])
def test_invalid_clock_request_changes_nothing(
    server: InProcessServer, requested: Any, message: str
) -> None:
    assert got(server.send("PUT", "/_mock/clock", requested)) == (400, {"message": message})
    now = {"now_ms": NOW_MS, "frozen": True, "fired": []}
    assert got(server.send("GET", "/_mock/clock")) == (200, now)


def test_the_clock_stays_within_calendars(server: InProcessServer) -> None:
    """Each call with a date works at the latest time, and so does a snapshot."""
    server.clock.set(LATEST_MS)
    assert got(server.send("PUT", "/_mock/clock", {"advance": 1})) == (
        400,
        {"message": "the clock cannot go beyond the year 9899"},
    )
    gift = server.send("POST", "/v1/activate", {"promotion_code": "67062"})
    assert (gift.status, gift.json["gift_card"]["expiration_date"]) == (200, "9904-12-31")
    snapshot = server.send("GET", "/_mock/snapshot").body
    assert server.send("PUT", "/_mock/snapshot", raw=snapshot).status == 200


@pytest.mark.parametrize(("pan", "days"), [(VISA, 7), (MASTERCARD, 30)])
def test_an_authorization_expires_after_its_days(
    server: InProcessServer, pan: str, days: int
) -> None:
    created = server.charge(source=server.token(pan), capture=False)["id"]
    due_ms = NOW_MS + days * DAY_MS
    assert clock(server, set=due_ms - 1)[1]["fired"] == []
    fired = [{"at_ms": due_ms, "kind": "authorization_expired", "id": created}]
    note = 'advanced by 1 ms; for days, write "1d"; the units are ms, s, m, h and d'
    moved = {"now_ms": due_ms, "frozen": True, "fired": fired, "note": note}
    assert clock(server, advance=1) == (200, moved)
    assert clock(server, advance="1d")[1]["fired"] == []
    assert "note" not in clock(server, advance=3_651)[1]
    assert server.send("POST", f"/v1/charges/{created}/capture").status == 400


def test_due_jobs_run_in_order(server: InProcessServer) -> None:
    created = []
    for pan in (MASTERCARD, VISA, VISA, MASTERCARD, VISA):
        created.append(server.charge(source=server.token(pan), capture=False)["id"])
        clock(server, advance="1h")
    server.send("POST", f"/v1/charges/{created[1]}/capture")  # a captured charge does not expire
    fired = clock(server, advance="3650d")[1]["fired"]
    hour_ms = 3_600_000
    order = [(2, 7, 2), (4, 7, 4), (0, 30, 0), (3, 30, 3)]
    assert fired == [
        {
            "at_ms": NOW_MS + days * DAY_MS + hours * hour_ms,
            "kind": "authorization_expired",
            "id": created[at],
        }
        for at, days, hours in order
    ]


def test_moves_of_the_clock_are_listed(server: InProcessServer) -> None:
    clock(server, advance="1h")
    clock(server, freeze=True)
    clock(server, resume=True)
    clock(server, resume=True)  # it runs
    moves = got(server.send("GET", "/_mock/clock/moves"))[1]
    hour = NOW_MS + 3_600_000
    shown = [(each["from_ms"] - hour, each["frozen"]) for each in moves["data"]]
    assert shown[:2] == [(-3_600_000, True), (0, False)]
    assert moves["data"][0]["to_ms"] == hour  # a clock that runs may go on at any time
    assert moves["machine_ms"] >= moves["data"][-1]["machine_ms"]


def test_moves_of_the_clock_list_what_became_due(server: InProcessServer) -> None:
    held = server.charge(capture=False)["id"]
    fired = clock(server, advance="30d")[1]["fired"]
    assert [job["id"] for job in fired] == [held]
    due = {fired[0]["kind"]: 1}
    for query, jobs in (("", None), ("?jobs=true", fired)):
        moves = got(server.send("GET", f"/_mock/clock/moves{query}"))[1]["data"]
        assert (moves[-1]["due"], moves[-1].get("jobs")) == (due, jobs)
    clock(server, freeze=True)
    clock(server, resume=True)
    assert got(server.send("GET", "/_mock/clock/moves?jobs=true"))[1]["data"][0]["jobs"] == fired


def test_cost_of_advancing_does_not_depend_on_duration(server: InProcessServer) -> None:
    clock(server, advance="1h")  # the first step imports
    assert calls_of(lambda: clock(server, advance="3650d")) == calls_of(
        lambda: clock(server, advance="1h")
    )
