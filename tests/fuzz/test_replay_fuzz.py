"""Random runs of payments are repeated byte for byte from their capsules."""

import json

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine

from mock_clover.conformance.replay.file import decode_capsule
from mock_clover.conformance.replay.run import Replay
from mock_clover.core.masking import redact
from tests.clover.charges.test_money import Payments
from tests.clover.gift_cards.test_gift_cards import GiftCards
from tests.in_process import InProcessServer


def assert_repeated(server: InProcessServer) -> None:
    """Check that all that happened in a sandbox can be repeated with the same responses."""
    answer = server.send("POST", "/_mock/capsule", auth=False)
    assert answer.status == 200, answer
    text = answer.body.decode()
    assert redact(text) == text
    steps = list(Replay(decode_capsule(json.dumps(answer.json).encode()), server.keys).run())
    assert [step for step in steps if step.state not in ("same", "done")] == []


class RepeatedPayments(Payments):
    """Charges, 3-D Secure, captures and refunds, repeated at the end."""

    def teardown(self) -> None:
        assert_repeated(self.server)


class RepeatedGiftCards(GiftCards):
    """Payments by gift card, repeated at the end."""

    def teardown(self) -> None:
        assert_repeated(self.server)


def case_of(machine: type[RuleBasedStateMachine]) -> type:
    """Return the test case of a machine, with a bounded number of runs."""
    case = machine.TestCase
    case.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
    return case


TestRepeatedPayments = case_of(RepeatedPayments)
TestRepeatedGiftCards = case_of(RepeatedGiftCards)
