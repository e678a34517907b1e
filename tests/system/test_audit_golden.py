"""The audit of the golden flows: a reviewed list of true findings, and no other one.

The requests of the documentation have few headers, so the rules about headers are left out.
"""

import pytest

from tests.audit.shop_client import audited
from tests.conformance.test_golden import FILES, parse_examples, server_of, shown
from tests.in_process import MakeServer

pytestmark = pytest.mark.system

ABOUT_HEADERS = {"CLV001", "CLV014", "CLV015"}
FOUND = {
    "card-on-file-sequence": ["CLV016 create_charge"],
    "split-shipment": ["CLV017 capture_charge CHARGE_ALREADY_CAPTURED"],
}
"""An authorization that the flow leaves open, and a plain capture after the shipments."""


def test_findings_of_the_golden_flows(make_server: MakeServer) -> None:
    found = {}
    for file in FILES:
        server = server_of(file, make_server)
        for example in parse_examples(file.read_text()):
            shown(server, example)
        of_file = audited(server).findings
        found[file.stem] = [
            f"{each.rule} {each.subject}" for each in of_file if each.rule not in ABOUT_HEADERS
        ]
    assert {name: each for name, each in found.items() if each} == FOUND
