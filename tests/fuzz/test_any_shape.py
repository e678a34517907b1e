"""What reads the journal never fails, whatever JSON a request or a response is.

The flows are the cases of the audit: one that violates each rule. A new rule is covered by itself.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from msgspec.structs import replace

from mock_clover.audit.catalogue import RULES
from mock_clover.audit.context import build_context
from mock_clover.clover.surface import OPERATIONS
from mock_clover.core.steps import finish
from mock_clover.sandbox.exchange import Exchange
from mock_clover.sweep.calls import merge_equivalent, recorded_calls, recorded_webhooks
from mock_clover.sweep.money import Money, compare_money, read_money
from mock_clover.sweep.verdict import judge
from tests.audit.cases_keys import Flow
from tests.audit.shop_client import ShopClient
from tests.audit.test_audit_rules import CASES
from tests.failure_messages import assert_no_errors
from tests.in_process import InProcessServer, MakeServer

FLOWS: dict[str, Flow] = {
    rule.id: next(flow for _, flow, findings in reversed(CASES) if rule.id in findings)
    for rule in RULES
}
SHAPES: tuple[Any, ...] = (
    *(None, True, -1, 10**30, 1.5e300, "", "18.00", "x" * 20, "clv_1TST" + "0" * 24),
    *([], {}, [[{"a": [1]}]], {"id": {"a": [1]}}, [None, {"id": 1}]),
)
"""Values in place of a body, or of one of its members."""
CHANGED_MAX = 200
"""Changed exchanges of a flow; all of them stay in the journal."""
READS = ("audit", "ledger", "journal?limit=1000", "activity", "rows")


def shapes_of(data: bytes) -> Iterator[bytes]:
    """Yield other bodies: each shape in place of each member, and of the whole."""
    tree = json.loads(data) if data[:1] in (b"{", b"[") else None
    for shape in SHAPES:
        for name in tree if isinstance(tree, dict) else ():
            yield json.dumps({**tree, name: shape}).encode()
        yield json.dumps(shape).encode()


def changed(exchanges: list[Exchange]) -> Iterator[Exchange]:
    """Yield exchanges with other bodies and responses, in turn."""
    turns = [
        iterator
        for each in exchanges
        for iterator in (
            (replace(each, request=None, body=body) for body in shapes_of(each.sent_body())),
            (replace(each, reply=reply) for reply in shapes_of(each.reply)),
        )
    ]
    while turns:
        for turn in tuple(turns):
            found = next(turn, None)
            if found is None:
                turns.remove(turn)
            else:
                yield found


def judged(server: InProcessServer) -> None:
    """Judge a run of a sweep, with what the sweep reads of a sandbox."""
    money = read_money(server.send("GET", "/_mock/ledger").json)
    check = compare_money(money, Money())
    assert judge("succeeded", check).reasons == judge("succeeded", check, check).reasons
    exchanges = server.send("GET", "/_mock/journal?limit=1000").json
    merge_equivalent(recorded_calls(exchanges["data"], OPERATIONS))
    recorded_webhooks(server.send("GET", "/_mock/deliveries").json["data"])


def errors_of(server: InProcessServer) -> Iterator[str]:
    """Yield what fails with a journal."""
    context = finish(build_context(server.sandbox))
    for rule in RULES:
        try:
            list(rule.find(context))
        except Exception as error:  # noqa: BLE001 - each one is a fault that the test reports
            yield f"{rule.id}: {type(error).__name__} {error}"
    charges = islice(server.sandbox.charges.items_newest_first(), 3)
    exchanges = [each.number for each in server.sandbox.journal]
    paths = [*READS, *(f"payments/{key}" for key, _ in charges)]
    paths += [f"journal/{number}" for number in exchanges[:: len(exchanges) // 10 + 1]]
    for path in paths:
        if (status := server.send("GET", f"/_mock/{path}").status) != 200:
            yield f"GET {path} returned {status}"
    for number in exchanges[:: len(exchanges) // 10 + 1]:
        found = server.sandbox.journal.find(number)
        assert found is not None
        body = {"method": found.method, "path": found.path, "exchange": number}
        body["body"] = json.loads(found.sent_body() or b"null")
        if (status := server.send("POST", "/_mock/why", body).status) not in (200, 400):
            yield f"POST why of {body} returned {status}"
    if (status := server.send("POST", "/_mock/capsule").status) != 200:
        yield f"POST capsule returned {status}"
    judged(server)


@pytest.mark.parametrize("rule", FLOWS)
def test_any_json_in_the_journal_can_be_read(make_server: MakeServer, rule: str) -> None:
    server = make_server()
    FLOWS[rule](ShopClient(server))
    journal = server.sandbox.journal
    wrong = list(errors_of(server))
    for each in islice(changed(list(journal)), CHANGED_MAX):
        journal.add(each)
    assert_no_errors([*wrong, *errors_of(server)])
