"""Each rule finds its mistake, and nothing in the case that only looks like it."""

import pytest

from mock_clover.audit.catalogue import RULES
from mock_clover.audit.context import build_context
from mock_clover.audit.formats import as_text
from mock_clover.clover.surface import SURFACE
from mock_clover.core.steps import finish
from mock_clover.scenario.load import parse
from tests.audit import cases_keys, cases_money, cases_parts, cases_requests
from tests.audit.cases_keys import Case
from tests.audit.shop_client import ShopClient, audited, found_in
from tests.failure_messages import assert_no_errors
from tests.in_process import InProcessServer, MakeServer

TABLES: dict[str, list[Case]] = {
    "keys": cases_keys.keys(),
    "requests": cases_requests.requests(),
    "cards": cases_requests.cards(),
    "access": cases_requests.access(),
    "money": cases_money.money(),
    "parts": [*cases_parts.parts(), *cases_parts.stored()],
    "amounts": cases_parts.amounts(),
    "webhooks": cases_money.webhooks(),
    "fulfilment": cases_money.fulfilment(),
    "production key": cases_requests.production_key(),
}
SLOW = {"production key": pytest.mark.system}
"""The key takes a second to generate."""
CASES = tuple(case for table in TABLES.values() for case in table)


def failure(make_server: MakeServer, case: Case) -> str:
    """Run a case in a server of its own; return what is wrong, or an empty text."""
    name, flow, expected = case
    server = make_server()
    flow(ShopClient(server))
    report = audited(server)
    found = found_in(report)
    messages = [each.message for each in report.findings]
    if torn := [each for each in messages if each.count("(") != each.count(")")]:
        return f"{name}: a message is cut: {torn}"
    return "" if found == expected else f"{name}: expected {expected}, found {found} {messages}"


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, ())) for name in TABLES])
def test_rules(make_server: MakeServer, name: str) -> None:
    wrong = (failure(make_server, case) for case in TABLES[name])
    assert_no_errors(filter(None, wrong))


def test_a_scenario_ignores_rules_with_a_reason(
    make_server: MakeServer,
) -> None:
    text = b"name: old\nextends: sandbox\naudit: {ignore: {CLV001: the old shop}}"
    server = make_server(parse(text, "old.yaml"))
    ShopClient(server).charge(key="", headers={"x-forwarded-for": None})
    report = audited(server)
    assert (found_in(report), report.ignored) == ({"CLV014": [(2,)]}, {"CLV001": "the old shop"})
    assert "CLV001" not in report.rules
    assert as_text(report, "a").endswith("\nThe scenario ignores CLV001: the old shop")


READ_BODIES = (
    *("retry-under-new-key", "reference-charged-twice", "refund-sent-twice"),
    *("card-data-outside-tokens", "amount-with-a-fraction", "amount-in-another-unit"),
)
"""Rules that read the bodies of requests, which may be long."""


def test_other_requests_are_handled_between_two_bodies(server: InProcessServer) -> None:
    """One step that reads all bodies of a full journal takes more than a second."""
    charge = server.charge()["id"]
    for _ in range(5):
        server.charge()
        server.send("POST", "/v1/refunds", {"charge": charge, "amount": 1})
    context = finish(build_context(server.sandbox))
    steps = {
        rule.name: sum(hit is None for hit in rule.find(context))
        for rule in RULES
        if rule.name in READ_BODIES
    }
    assert {name: count for name, count in steps.items() if count < 5} == {}
    assert len(steps) == len(READ_BODIES)


FORMS = ("x", ["a"])


def test_rules_read_bodies_of_any_form(server: InProcessServer) -> None:
    """A body that was rejected has any form; `tests/fuzz/test_hostile_journal.py` sends more."""
    for endpoint in SURFACE:
        if endpoint.request is None or endpoint.method == "GET":
            continue
        path = endpoint.path.replace("{merchant_id}", server.known.merchant_id)
        for form in FORMS:
            names = endpoint.request.__struct_encode_fields__
            server.send(endpoint.method, path, dict.fromkeys(names, form))
    report = audited(server)
    assert len(report.rules) == len(RULES)
