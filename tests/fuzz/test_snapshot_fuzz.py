"""A snapshot restores the same state; one that is spoilt is rejected, or is harmless."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.hostile import create_fixtures, error_in
from tests.in_process import InProcessServer, Response

pytestmark = pytest.mark.fuzz

Path = tuple[str | int, ...]

SPLIT = "x\r\nset-cookie: a=b\r\n\r\nHTTP/1.1 200 OK"
TEXTS = ["", "x", SPLIT, "\x1b]0;x\x07", "\u2028\u202e", "é" * 300, "4539148803436467", "-1"]
NUMBERS = [-1, 0, 1, 2**31, 2**53, 10**13, 253_402_300_800_000, 10**18, -(10**15)]
EXPIRED = "status 410"
"""The page of a checkout session that has expired."""
GENERATORS = ("ids", "chances")
"""States of random generators: lists of 625 numbers."""


def server_with_rows() -> InProcessServer:
    """Return a server with rows of each kind, stored responses, a target and jobs."""
    server = InProcessServer()
    things = create_fixtures(server)
    hook = {"url": "http://127.0.0.1:9/x", "kind": "platform", "handshake": False}
    plan = [{"do": "delay", "delay_ms": 5}, {"do": "duplicate", "times": 3}]
    assert server.send("PUT", "/_mock/webhooks", hook | {"plan": plan}).status == 200
    fault = {"kind": "delay", "delay_ms": 1, "endpoint": "list_plans", "times": 3}
    assert server.send("POST", "/_mock/faults", fault).status == 200
    keyed = {"amount": 7, "currency": "usd", "source": things.ids["customer_id"]}
    assert server.send("POST", "/v1/charges", keyed, headers={"idempotency-key": "k"}).status == 200
    checkout = {
        "customer": {"email": "jo@example.com"},
        "shoppingCart": {"lineItems": [{"name": "Lamp", "price": 1, "unitQty": 1}]},
        "redirectUrls": {"success": "https://shop.example/paid"},
    }
    merchant = {"X-Clover-Merchant-Id": server.known.merchant_id}
    path = "/invoicingcheckoutservice/v1/checkouts"
    assert server.send("POST", path, checkout, headers=merchant).status == 200
    return server


BASE = server_with_rows().send("GET", "/_mock/snapshot").json


def paths(tree: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of each value of a snapshot."""
    if at and at[0] in GENERATORS:
        return
    if at:
        yield at
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from paths(value, (*at, name))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from paths(value, (*at, index))


PATHS = list(paths(BASE))
IN_LINES = {
    *(("answered", name) for name in ("why", "target", "endpoint")),
    *(("webhooks", name) for name in ("id", "about", "event", "object_id", "target", "secret")),
    ("faults", "id"),
}
"""Texts that get into a header or a log line, by member of the snapshot and name."""
IDS = sorted({key for rows in BASE.values() if isinstance(rows, dict) for key in rows})


def spoilt(at: Path, pick: Callable[[list[Any]], Any]) -> Any:
    """Return the snapshot with the value at a path replaced by another of its type, or removed."""
    whole = copy.deepcopy(BASE)
    inner = whole
    for step in at[:-1]:
        inner = inner[step]
    value = inner[at[-1]]
    if isinstance(value, bool):
        inner[at[-1]] = not value
    elif isinstance(value, int):
        inner[at[-1]] = pick([*NUMBERS, value + 1, value - 1])
    elif isinstance(value, str):
        inner[at[-1]] = pick([*TEXTS, *IDS, value + "x"])
    elif isinstance(value, list):
        inner[at[-1]] = pick([[], value * 2, value[:1] * 3, value[::-1]])
    elif isinstance(value, dict) and value:
        key = pick(list(value))
        moved = value.pop(key)
        if new := pick([None, *IDS, *TEXTS]):
            value[new] = moved
    else:
        inner[at[-1]] = pick([None, 1, "x", [], {}])
    return whole


def probes() -> list[tuple[str, str, Any]]:
    """Return requests that read every row and use most of them."""
    kinds = ["charges", "refunds", "customers", "orders", "tokens", "plans", "subscriptions"]
    reads = [f"/_mock/rows/{kind}" for kind in (*kinds, "checkouts", "gift_cards", "cards")]
    reads += ["/_mock/snapshot", "/_mock/journal", "/_mock/deliveries", "/_mock/webhooks"]
    reads += ["/_mock/faults", "/_mock/notices", "/_mock/checkouts", "/_mock/scenario"]
    reads += [f"/v1/{kind}?limit=100" for kind in ("charges", "refunds", "orders")]
    reads += [f"/v1/{kind}/{key}" for kind in kinds[:4] for key in BASE[kind]]
    reads += [f"/pay-checkout/{key}" for key in BASE["checkouts"]]
    charge = {"amount": 5, "currency": "usd"}
    writes: list[tuple[str, str, Any]] = [("PUT", "/_mock/clock", {"advance": "400d"})]
    sources = (*BASE["tokens"], *BASE["customers"])
    writes += [("POST", "/v1/charges", charge | {"source": source}) for source in sources]
    for key in BASE["charges"]:
        writes.append(("POST", f"/v1/charges/{key}/capture", {}))
        writes.append(("POST", "/v1/refunds", {"charge": key}))
    for key in BASE["orders"]:
        writes.append(("POST", f"/v1/orders/{key}/pay", {"source": next(iter(BASE["customers"]))}))
        writes.append(("POST", f"/v1/orders/{key}/returns", {}))
    return [("GET", path, None) for path in reads] + writes


PROBES = probes()


def send(server: InProcessServer, method: str, path: str, body: Any) -> Response:
    headers = {"idempotency-key": "k"} if method == "POST" else {}
    return server.send(method, path, body, headers=headers if path == "/v1/charges" else {})


@pytest.fixture(scope="module")
def server() -> InProcessServer:
    return InProcessServer()


@settings(
    max_examples=150,
    phases=(Phase.generate,),  # an example is as small as it can be
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(at=st.sampled_from(PATHS), data=st.data())
def test_a_spoilt_snapshot_is_rejected_or_harmless(
    server: InProcessServer, at: Path, data: st.DataObject
) -> None:
    whole = spoilt(at, lambda values: data.draw(st.sampled_from(values)))
    put = server.send("PUT", "/_mock/snapshot", whole)
    assert put.status in (200, 400), (at, put)
    if put.status == 400:
        assert put.json["message"]
        return
    found = {
        f"{method} {path}": wrong
        for method, path, body in [*PROBES, *PROBES[:20]]
        if (wrong := error_in(send(server, method, path, body))) not in ("", EXPIRED)
    }
    server.run_due_jobs()
    assert found == {}, at


def test_every_text_of_a_head_or_a_log_line_is_checked(server: InProcessServer) -> None:
    """Each text of a snapshot with a line break: rejected, or in no head."""
    texts = [at for at in PATHS if isinstance(_value(at), str) and at[-1] != "body"]
    assert len(texts) > 200
    wrong = {}
    for at in texts:
        put = server.send("PUT", "/_mock/snapshot", spoilt(at, lambda _: SPLIT))
        keyed = {"amount": 7, "currency": "usd", "source": next(iter(BASE["customers"]))}
        sent = send(server, "POST", "/v1/charges", keyed)
        expected = (400,) if (at[0], at[-1]) in IN_LINES else (200, 400)
        wrong[at] = error_in(sent) or ("" if put.status in expected else f"{put.status}")
    assert {at: said for at, said in wrong.items() if said} == {}


def _value(at: Path) -> Any:
    inner = BASE
    for step in at:
        inner = inner[step]
    return inner


@settings(max_examples=40, deadline=None, derandomize=True)
@given(picked=st.lists(st.sampled_from([each for each in PROBES if each[0] != "GET"]), max_size=12))
def test_a_restored_sandbox_answers_the_same(picked: list[tuple[str, str, Any]]) -> None:
    """Random requests after a snapshot, and after a snapshot of what they made."""
    here, there = (InProcessServer() for _ in range(2))
    assert here.send("PUT", "/_mock/snapshot", BASE).status == 200
    for method, path, body in picked:
        send(here, method, path, body)
    taken = here.send("GET", "/_mock/snapshot").body
    assert there.send("PUT", "/_mock/snapshot", raw=taken).status == 200
    for method, path, body in PROBES:
        if path in ("/_mock/journal", "/_mock/deliveries"):
            continue  # a new sandbox begins without the exchanges and deliveries of the old one
        one, other = (send(each, method, path, body) for each in (here, there))
        assert (one.status, one.body) == (other.status, other.body), (method, path)
