"""Each rule finds its mistake, and nothing in the case that only looks like it."""

import pytest

from tests.audit import cases_keys, cases_money, cases_requests
from tests.audit.cases_keys import Flow
from tests.audit.shop_client import ShopClient, audited, found_in
from tests.in_process import InProcessServer

CASES = (
    *cases_keys.keys(),
    *cases_requests.requests(),
    *cases_requests.cards(),
    *cases_requests.access(),
    *cases_money.money(),
    *cases_money.webhooks(),
    *cases_money.fulfilment(),
)
SLOW = {"the production key": pytest.mark.system}
"""The key takes a second to generate."""


@pytest.mark.parametrize(
    ("flow", "found"),
    [pytest.param(flow, found, id=name, marks=SLOW.get(name, ())) for name, flow, found in CASES],
)
def test_rule(server: InProcessServer, flow: Flow, found: dict[str, list[tuple[int, ...]]]) -> None:
    flow(ShopClient(server))
    report = audited(server)
    assert found_in(report) == found, [each.message for each in report.findings]
