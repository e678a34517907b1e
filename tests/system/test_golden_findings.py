"""What the audit finds in the golden flows: exactly a reviewed list, of true findings.

The requests are the examples of Clover's documents, which lack headers that Clover requires.
"""

from pathlib import Path

import pytest

from mock_clover.reference.flows import parse_examples
from tests.audit.shop_client import audited
from tests.conformance.test_golden import FILES, server_of, shown
from tests.in_process import MakeServer

NO_HEADERS = {"CLV001", "CLV014", "CLV015"}
"""No idempotency key, no address of the customer and no User-Agent."""
FINDINGS = {
    "accept-payments-flow": {"CLV001", "CLV015"},
    "bank-account": NO_HEADERS,
    "card-on-file-sequence": NO_HEADERS | {"CLV016"},  # an example authorizes, and ends
    "gift-cards": NO_HEADERS,
    "lists-and-lookups": NO_HEADERS,
    "orders-and-returns": NO_HEADERS,
    "platform-v3": NO_HEADERS,
    "platform-v3-carts": NO_HEADERS,
    "platform-v3-inventory": NO_HEADERS,
    "platform-v3-lists": NO_HEADERS,
    "save-a-card": {"CLV001", "CLV015"},
    "split-shipment": NO_HEADERS | {"CLV017"},  # a capture after the rest was released
    "three-d-secure": NO_HEADERS,
    "webhooks": NO_HEADERS,
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_findings_in_a_flow(file: Path, make_server: MakeServer) -> None:
    server = server_of(file, make_server)
    for example in parse_examples(file.read_text()):
        shown(server, example)
    report = audited(server)
    found = {finding.rule for finding in report.findings}
    messages = "\n".join(f"{each.rule} {each.message}" for each in report.findings)
    assert found == FINDINGS.get(file.stem, set()), f"{file.stem}\n{messages}"
