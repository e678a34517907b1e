"""The journal is bounded in bytes: for one sandbox, and for all sandboxes of a server."""

import gc
import json
import sys
from typing import Any

import msgspec
import pytest

from mock_clover.engine.endpoint import RawRequest
from mock_clover.sandbox.exchange import KEPT_HEADERS
from mock_clover.sandbox.journal import Journal, Turns
from mock_clover.sandbox.sandbox import Sandbox
from tests.canary import PAN, find_leaks
from tests.in_process import InProcessServer

HUGE = "x" * 60_000
NESTED = json.dumps({"email": "jo@example.com", "shipping": {"a": [[[[[[]]]]]] * 500}}).encode()
"""Decoded, it takes twenty times as much memory as its text."""


def memory_of(root: object) -> int:
    """Return the bytes that an object and all that it leads to take in memory."""
    seen: dict[int, object] = {}
    ahead: list[object] = [root]
    while ahead:
        each = ahead.pop()
        if id(each) in seen or isinstance(each, type) or callable(each):
            continue
        seen[id(each)] = each
        if isinstance(each, msgspec.Struct):
            ahead += [getattr(each, name) for name in each.__struct_fields__]
        else:
            ahead += gc.get_referents(each)
    return sum(map(sys.getsizeof, seen.values()))


def send(
    server: InProcessServer,
    path: str = "/v1/nothing",
    *,
    sandbox: Sandbox | None = None,
    query: str = "",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> None:
    raw = RawRequest(
        method="POST" if body else "GET",
        path=path,
        query=query.encode(),
        headers={name.encode(): value.encode() for name, value in (headers or {}).items()},
        body=body,
    )
    server.app.handle_in_sandbox(sandbox or server.sandbox, raw)


ATTACKS: dict[str, dict[str, Any]] = {
    "a user agent": {"headers": {"user-agent": HUGE}},
    "a user agent of an operation": {
        "path": "/v1/customers",
        "body": b"{}",
        "headers": {"user-agent": HUGE},
    },
    "all kept headers": {"headers": {name.decode(): HUGE[:10_000] for name in KEPT_HEADERS}},
    "a header that is not kept": {"headers": {"authorization": HUGE, "cookie": HUGE}},
    "a header name": {"headers": {HUGE: "x"}},
    "many header names": {"headers": {f"x-{number}": "" for number in range(1_000)}},
    "a path": {"path": f"/v1/{HUGE}"},
    "a query": {"query": f"a={HUGE}"},
    "a name in a query": {"path": "/v1/charges", "query": f"{HUGE}=1"},
    "a body without an operation": {"body": b'{"a":"%b"}' % HUGE.encode()},
    "a body without a credential": {"path": "/v1/charges", "body": b"[" + b"1," * 30_000 + b"1]"},
    "a body of lists": {"path": "/v1/customers", "body": NESTED},
    "a member name": {"path": "/v1/customers", "body": b'{"%b":1}' % HUGE.encode()},
    "many member names": {
        "path": "/v1/customers",
        "body": json.dumps({f"name-{number}": 1 for number in range(4_000)}).encode(),
    },
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_long_values_are_cut(server: InProcessServer, attack: dict[str, Any]) -> None:
    """An exchange takes no more memory than the journal counts for it."""
    journal, bearer = server.sandbox.journal, server.sandbox.bearer_header.decode()
    for number in range(5):
        # Sharing would hide what a real client sends.
        headers = {name: f"{value}{number}" for name, value in attack.get("headers", {}).items()}
        body = attack.get("body", b"").replace(b"1]", b"%d]" % number)
        if "v1/customers" in attack.get("path", ""):
            headers["authorization"] = bearer
        send(server, **(attack | {"headers": headers, "body": body}))
    kept = [journal._entries, journal.header_names, journal.header_values]
    assert memory_of(kept) <= journal.bytes < 5 * 350_000
    assert len(server.send("GET", "/_mock/journal").body) < 5 * 40_000


def test_a_line_break_in_a_header_is_kept_as_a_space(server: InProcessServer) -> None:
    """HTTP does not allow it, but a test client of an ASGI application may send it."""
    for path in ("/v1/charges", "/v1/nothing"):
        server.send("GET", path, headers={"idempotency-key": "a\nb", "user-agent": "c"})
    for each in server.sandbox.journal:
        assert each.kept_headers()[b"idempotency-key"] == b"a b"


def test_exchanges_that_are_removed_again_leave_the_places_of_the_others(
    server: InProcessServer,
) -> None:
    journal = server.sandbox.journal
    journal.turns = Turns()
    for _ in range(3):
        server.send("GET", "/v1/charges")
    journal.forget_after(2)
    journal.turns.count += 5  # those of another merchant
    server.send("GET", "/v1/charges")
    assert [journal.place_of(number) for number in (1, 2, 3)] == [1, 2, 9]


def test_a_full_journal_loses_its_oldest_exchanges(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_clover.sandbox.journal.JOURNAL_BYTES_MAX", 40_000)
    journal = server.sandbox.journal
    for number in range(50):
        send(server, f"/v1/{number}-{HUGE}")
    numbers = [each.number for each in journal]
    assert numbers == list(range(51 - len(numbers), 51))
    assert 5 < len(numbers) < 20
    assert 30_000 < journal.bytes <= 40_000
    assert journal.bytes == server.sandboxes.journal_budget.bytes
    assert (journal.find(numbers[0] - 1), journal.find(50)) == (None, list(journal)[-1])


def test_all_journals_together_are_bounded(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal that was idle for the longest time is shortened first."""
    monkeypatch.setattr("mock_clover.sandbox.journal.JOURNALS_BYTES_MAX", 50_000)
    budget = server.sandboxes.journal_budget
    boxes = [server.sandboxes.get_or_create(name) for name in ("a", "b", "c")]
    for box in boxes:
        for _ in range(8):
            send(server, sandbox=box)
    kept = [len(list(box.journal)) for box in boxes]
    send(server, sandbox=boxes[0])
    for _ in range(8):
        send(server, sandbox=boxes[2])
    after = [len(list(box.journal)) for box in boxes]
    assert kept == [8, 8, 8]
    assert (after[0], after[1] < 8, after[2]) == (9, True, 16)
    assert budget.bytes == sum(box.journal.bytes for box in boxes) <= 50_000
    server.sandboxes.delete("c")
    assert budget.bytes == sum(box.journal.bytes for box in boxes[:2])
    send(server, sandbox=boxes[2])
    assert boxes[2].journal.budget is None
    twin = server.sandboxes.fork(boxes[0], "twin")
    assert (twin.journal.budget, twin.journal.bytes) == (budget, 0)


def test_a_replaced_sandbox_keeps_its_share(server: InProcessServer) -> None:
    send(server)
    snapshot = server.send("GET", "/_mock/snapshot").json
    journal = server.sandbox.journal
    assert server.send("PUT", "/_mock/snapshot", snapshot).status == 200
    assert server.sandbox.journal is journal
    assert server.sandboxes.journal_budget.bytes == journal.bytes > 0


def test_a_number_is_masked_before_it_is_cut(server: InProcessServer) -> None:
    for length in range(4_078, 4_098):
        text = f"{'x' * length}{PAN[:8]}-{PAN[8:]}{'y' * 6_000}"
        headers = {"user-agent": text, text: "x"}
        send(server, f"/{text}", query=text, body=text.encode() * 4, headers=headers)
    shown = server.send("GET", "/_mock/journal").body.decode()
    assert (find_leaks(shown), PAN[:8] in shown) == ([], False)
    assert shown.count("[cut, ") > 80


def test_a_journal_without_a_server_has_its_own_bound() -> None:
    assert Journal().budget is None
