"""The audit of both official SDKs' flows: a reviewed list of true findings, and no other one.

They send neither an idempotency key nor the address of the customer. The flows use a token again
and pay an order twice on purpose.
"""

from pathlib import Path

import pytest
from clover_server import run_server
from toolbox import Run

BOTH = [
    *("CLV001 create_charge", "CLV001 capture_charge", "CLV001 create_refund", "CLV001 pay_order"),
    *("CLV014 create_charge", "CLV014 capture_charge", "CLV014 pay_order"),
]
NODE = [
    *("CLV015 create_charge", "CLV015 capture_charge", "CLV015 pay_order"),
    "CLV019 pay_order",
]
"""This SDK also sends no User-Agent."""
PYTHON = ["CLV006 create_charge"]


@pytest.mark.parametrize(
    ("fixture", "file", "own"),
    [("node", "sdk_flow.cjs", NODE), ("python_sdk", "sdk_flow.py", PYTHON)],
)
def test_findings_of_an_sdk(
    request: pytest.FixtureRequest, tmp_path: Path, fixture: str, file: str, own: list[str]
) -> None:
    run: Run = request.getfixturevalue(fixture)
    with run_server(tmp_path) as clover:
        run(file, clover)
        status, report = clover.call("GET", "/_mock/audit")
    assert status == 200
    found = [f"{each['rule']} {each['subject']}" for each in report["findings"]]
    assert found == sorted((*BOTH, *own), key=lambda each: each.partition(" ")[0])
