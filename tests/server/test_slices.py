"""Long operations: other requests are answered in between, by the order of events in one loop."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from mock_clover.browser.surface import BROWSER_SURFACE
from mock_clover.clover.platform import listing
from mock_clover.clover.platform.records import PlatformQuery
from mock_clover.clover.recurring.records import PlanQuery
from mock_clover.clover.surface import SURFACE
from mock_clover.control.scenario.check import resolve_scenario
from mock_clover.core.steps import Steps, Work, finish
from mock_clover.engine import pagination
from mock_clover.engine.endpoint import RawRequest
from mock_clover.engine.pagination import ListQuery
from mock_clover.engine.router import Router
from mock_clover.sandbox.exchange import Exchange
from mock_clover.server.app.app import App
from mock_clover.server.housekeeping import DueJobs
from mock_clover.server.slices import RUNNING_MAX, Slices
from tests.fake_clock import FakeClockLoop, InProcessConnection, run, settle
from tests.hostile import create_fixtures, filled
from tests.in_process import InProcessServer, MakeServer
from tests.raw_http import request
from tests.subscriptions import SubscriptionShop

ROWS = 5


async def call(app: App, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Send a request to the ASGI application."""
    name = path.split("/")[2] if path.startswith("/sandbox/") else "default"
    headers = [
        *((b"host", b"localhost"), (b"content-type", b"application/json")),
        (b"authorization", (app.sandboxes.find(name) or app.sandboxes.default).bearer_header),
    ]
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path}
    scope |= {"query_string": b"", "headers": headers, "scheme": "http", "root_path": ""}
    sent: list[Any] = []

    async def receive() -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def subscribe(server: InProcessServer) -> None:
    """Create daily subscriptions, of which each was charged once."""
    shop = SubscriptionShop(server)
    plan, customer = shop.plan(interval="DAY"), shop.customer()
    for _ in range(ROWS):
        shop.subscribe(plan, customer)
    server.run_due_jobs()


def make_due(server: InProcessServer) -> None:
    """Let the jobs of the subscriptions be due."""
    subscribe(server)
    server.clock.advance(86_400_000)


def age_fixtures(server: InProcessServer) -> None:
    """Let the fixtures of the server's scenario be too old for a new sandbox."""
    server.clock.advance(86_400_000)


CUSTOMERS = {"customers": [{"email": f"{number}@example.com"} for number in range(ROWS)]}
SCENARIO = {"name": "rows", "data": CUSTOMERS}
SNAPSHOT = object()
"""A snapshot of the sandbox."""
Prepare = Callable[[InProcessServer], None]
LONG: dict[str, tuple[Prepare, str, str, Any]] = {
    "advance": (subscribe, "PUT", "/_mock/clock", {"advance": "1d"}),
    "due jobs before a request": (make_due, "GET", "/v1/charges", None),
    "create a sandbox": (subscribe, "PUT", "/_mock/sandboxes/new", {"scenario": SCENARIO}),
    "create a sandbox on its first use": (age_fixtures, "GET", "/sandbox/new/_mock/clock", None),
    "delete and recreate default": (age_fixtures, "DELETE", "/_mock/sandboxes/default", None),
    "take a snapshot": (subscribe, "GET", "/_mock/snapshot", None),
    "put it into a capsule": (subscribe, "POST", "/_mock/capsule", None),
    "restore a snapshot": (subscribe, "PUT", "/_mock/snapshot", SNAPSHOT),
    "explain a request": (make_due, "POST", "/_mock/why", {"method": "GET", "path": "/v1/charges"}),
    "compare the sandboxes": (make_due, "GET", "/_mock/activity", None),
    "read the journal": (make_due, "GET", "/_mock/journal", None),
    "the audit": (subscribe, "GET", "/_mock/audit", None),
    "the ledger": (subscribe, "GET", "/_mock/ledger", None),
    "tell a payment": (make_due, "GET", "/_mock/payments/PAYMENT", None),
    "verify requests": (make_due, "POST", "/_mock/verify", {"match": {"amount": 0}, "never": True}),
    "apply a scenario": (subscribe, "PUT", "/_mock/scenario", SCENARIO),
}
"""The operations that take long with many rows: a preparation, and the request."""
BOUNDED = {
    "a scenario of 1 MiB": ("get_scenario", "get_scenario_text", "check_scenario"),
    "built-in scenarios": ("list_scenarios", "get_shipped_scenario"),
    "the newest 10,000 rows": ("count_rows", "list_rows", "get_row"),
    "500,000 charges, of which it looks at one field": ("list_threeds",),
    "references to the rows, which the copy shares": ("fork",),
    "10,000 sessions, of which it shows 1,000": ("list_checkouts",),
    "5,000 sandboxes": ("list_sandboxes", "health"),
    "2,000 notices": ("list_notices",),
    "2,000 changes": ("get_exchange",),
    "1,000 deliveries": ("list_deliveries",),
    "20 targets and their 500 pending deliveries": (
        *("put_webhook", "list_webhooks", "clear_webhooks", "delete_webhook", "verify_webhook"),
        "send_webhook",
    ),
    "100 faults": ("add_fault", "list_faults", "clear_faults", "delete_fault"),
    "50 moves of a clock": ("list_clock_moves",),
    "100 armed outcomes": ("arm_next", "list_next", "clear_next", "disarm_next"),
    "one row, or none": (
        *("livez", "readyz", "healthz", "root", "openapi", "get_authority", "get_env"),
        *("replay_exchange", "send_request", "resend_delivery", "get_sandbox", "resolve_threeds"),
        *("threeds_method", "threeds_notification", "threeds_challenge", "threeds_status"),
        *("threeds_answer", "get_checkout", "pay_checkout", "cancel_checkout", "checkout_page"),
        "checkout_submit",
    ),
}
"""The other operations of the control API, by what they read at most."""


@pytest.mark.parametrize("name", LONG)
def test_another_request_is_answered_during(make_server: MakeServer, name: str) -> None:
    prepare, method, path, body = LONG[name]
    server = make_server(resolve_scenario(SCENARIO))
    server.sandboxes.get_or_create("other")
    prepare(server)
    path = path.replace("PAYMENT", next((each.id for each in server.sandbox.charges), ""))
    if body is SNAPSHOT:
        body = server.send("GET", "/_mock/snapshot").json
    server.app.slices = Slices(slice_ns=0)
    events: list[str] = []

    async def main(_: FakeClockLoop) -> None:
        long = asyncio.ensure_future(call(server.app, method, path, body))
        long.add_done_callback(lambda _: events.append("end"))
        while not long.done():
            await asyncio.sleep(0)
            assert (await call(server.app, "GET", "/sandbox/other/v1/charges"))[0] == 200
            events.append("other")
        assert long.result()[0] == 200

    run(main)
    assert events.index("end") >= ROWS


def test_every_control_operation_is_long_or_bounded(server: InProcessServer) -> None:
    router = Router(server.app.endpoints)
    paths = {(method, path.removeprefix("/sandbox/new")) for _, method, path, _ in LONG.values()}
    long = {router.find(*each)[0].name for each in (*paths, ("GET", "/_mock/clock"))}
    files = {each.name for each in BROWSER_SURFACE}
    classified = [
        *(long | {"post_scenario"}),
        *(name for names in BOUNDED.values() for name in names),
    ]
    control = {each.name for each in server.app.endpoints if not each.surface.journaled} - files
    assert sorted(classified) == sorted(control | {"list_charges"}), "add it to LONG or to BOUNDED"


LISTS = [
    each
    for each in SURFACE
    if (each.response_format == "array" and each.method == "GET")
    or (each.query is not None and issubclass(each.query, ListQuery | PlatformQuery))
]
QUERIES = (
    "",
    "expand=refunds,payments.refunds,lineItems,order",
    "orderBy=id%20DESC",
    "filter=id!=x",
)
V1_QUERIES = ("", "created.gt=1", "limit=2&created.lt=9999999999999", "ending_before=x")


def answered(server: InProcessServer, path: str, query: str) -> Any:
    """Return what the application returns for a GET."""
    headers = {b"host": b"localhost", b"authorization": server.sandbox.bearer_header}
    headers[b"x-clover-merchant-id"] = server.known.merchant_id.encode()
    raw = RawRequest(method="GET", path=path, query=query.encode(), headers=headers)
    return server.app.handle_in_sandbox(server.sandbox, raw)[0]


def now(reply: Any) -> Any:
    """Return a response, after its work if it is long."""
    return finish(reply.steps) if isinstance(reply, Work) else reply


def test_every_list_of_many_rows_is_long(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that has to look at many rows is read in slices, with the same response."""
    fixtures = create_fixtures(server)
    queries = {PlatformQuery: QUERIES, None: ("",), PlanQuery: ("", "interval=MONTH")}
    targets = [
        (filled(each, fixtures), query)
        for each in LISTS
        for query in queries.get(each.query, V1_QUERIES)
    ]
    assert len(LISTS) > 10
    short = [now(answered(server, *each)) for each in targets]
    monkeypatch.setattr(pagination, "_SHORT_STEPS", 0)
    monkeypatch.setattr(listing, "_CHUNK_ROWS", 1)
    monkeypatch.setattr(pagination, "_STEP_ROWS", 1)
    exchanges = list(server.sandbox.journal)
    for target, reply, exchange in zip(targets, short, exchanges[-len(short) :], strict=True):
        work = answered(server, *target)
        if not isinstance(work, Work):
            assert reply.status == 400, target
            continue
        assert finish(work.steps) == reply, target
        (added,) = server.sandbox.journal.after(server.sandbox.journal.count - 1)
        assert same_but_for_time(added, exchange), target


def test_rows_that_are_not_in_a_list_are_read_in_slices(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the rows that each list reads, none is in it."""
    merchant, charge = f"/v3/merchants/{server.known.merchant_id}", {"capture": False}
    tax, *deleted = [
        server.send("POST", f"{merchant}/tax_rates", {"name": "a", "rate": 1}).json["id"]
        for _ in range(ROWS + 1)
    ]
    for tax_id in deleted:
        server.send("DELETE", f"{merchant}/tax_rates/{tax_id}")
        server.send("POST", f"{merchant}/items", {"name": "a", "price": 1})
        server.send("POST", "/v1/refunds", {"charge": server.charge(**charge)["id"]})
    monkeypatch.setattr(pagination, "_SHORT_STEPS", 1)
    monkeypatch.setattr(pagination, "_STEP_ROWS", 1)
    for path in ("tax_rate_items", f"tax_rates/{tax}/items", "tax_rates", "refunds"):
        for query in ("", "offset=1"):
            steps = answered(server, f"{merchant}/{path}", query).steps
            assert sum(1 for _ in steps) >= ROWS, path


def test_a_list_is_sorted_by_few_fields(server: InProcessServer) -> None:
    """Each field takes time for each row."""
    path = f"/v3/merchants/{server.known.merchant_id}/orders?orderBy="
    most = ",".join(["id", "total DESC"] * 10)
    replies = [server.send("GET", path + text.replace(" ", "%20")) for text in (most, f"{most},id")]
    assert [each.status for each in replies] == [200, 400]
    assert "sorts by at most 20 fields" in replies[1].why


def same_but_for_time(one: Exchange, other: Exchange) -> bool:
    return replace(one, duration_ns=0, number=0) == replace(other, duration_ns=0, number=0)


def test_few_operations_hold_intermediate_results() -> None:
    """Hundreds of journals that are read side by side would take hundreds of megabytes."""
    begun: set[int] = set()
    most = [0]

    def steps(number: int) -> Steps[int]:
        begun.add(number)
        most[0] = max(most[0], len(begun))
        yield
        begun.remove(number)
        return number

    async def main(_: FakeClockLoop) -> list[int]:
        slices = Slices(slice_ns=0)
        works = [Work(steps(number), number % 7 or None) for number in range(70)]
        return list(await asyncio.gather(*map(slices.run, works)))

    assert run(main) == list(range(70))
    assert most == [RUNNING_MAX]


def test_requests_to_the_sandbox_wait_for_its_due_jobs(
    make_server: MakeServer,
) -> None:
    async def main(_: FakeClockLoop) -> tuple[list[Any], list[Any]]:
        one_by_one, at_once = make_server(), make_server()
        for server in (one_by_one, at_once):
            server.app.slices = Slices(slice_ns=0)
            subscribe(server)
        requests = (
            ("PUT", "/_mock/clock", {"advance": "1d"}),
            ("GET", "/v1/charges"),
            ("PUT", "/_mock/clock", {"advance": "2d"}),
            ("GET", "/_mock/clock"),
            ("GET", "/v1/charges"),
        )
        calls = [await call(one_by_one.app, *each) for each in requests]
        together = await asyncio.gather(*(call(at_once.app, *each) for each in requests))
        return calls, list(together)

    in_turn, together = run(main)
    assert together == in_turn


def test_a_pipelined_request_waits_for_due_jobs(server: InProcessServer) -> None:
    make_due(server)
    server.app.slices = Slices(slice_ns=0)
    headers = {"authorization": f"Bearer {server.known.access_token}"}
    pipelined = request("GET", "/v1/charges", headers=headers) + request("GET", "/readyz")

    async def main(_: FakeClockLoop) -> list[Any]:
        with InProcessConnection(server.app) as connection:
            connection.send(pipelined)
            with pytest.raises(BlockingIOError):
                connection.read_response()
            for _ in range(2):
                await settle()
            return [connection.read_response().json for _ in range(2)]

    charges, ready = run(main)
    assert len(charges["data"]) == 2 * ROWS
    assert ready["status"] == "ready"


def test_a_shutdown_ends_the_work_of_a_request(server: InProcessServer) -> None:
    make_due(server)
    server.app.slices = Slices(slice_ns=0)
    headers = {"authorization": f"Bearer {server.known.access_token}"}

    async def main(_: FakeClockLoop) -> None:
        with InProcessConnection(server.app) as connection:
            connection.send(request("GET", "/v1/charges", headers=headers))
            await asyncio.sleep(0)
            (task,) = connection.tasks
            task.cancel()
            await settle()
            assert connection.read_response().status == 503

    run(main)
    assert ROWS < len(server.sandbox.charges) < 2 * ROWS


def test_the_jobs_of_a_deleted_sandbox_run_no_more(server: InProcessServer) -> None:
    make_due(server)
    server.app.slices = Slices(slice_ns=0)

    async def main(_: FakeClockLoop) -> None:
        jobs = asyncio.ensure_future(DueJobs(server.app).run())
        await asyncio.sleep(0)
        deleted = server.sandboxes.default
        server.sandboxes.delete("default")
        await jobs
        assert ROWS < len(deleted.charges) < 2 * ROWS

    run(main)
