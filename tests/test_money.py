"""Money, over random flows: captures stay within authorisations, refunds within captures."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from tests.world import World

_KEYS, _SCENARIO = KeyRing(), load("sandbox")
AMOUNTS = st.integers(1, 5_000)


class Payments(RuleBasedStateMachine):
    """Charges, captures and refunds in any order and of any amount."""

    charges: Bundle[str] = Bundle("charges")

    def __init__(self) -> None:
        super().__init__()
        self.world = World(_KEYS, _SCENARIO)
        self.customer = self.world.customer()["id"]
        self.given_back: dict[str, int] = {}

    @initialize(target=charges)
    def first(self) -> str:
        return str(self.world.charge(source=self.customer, amount=1_000, capture=False)["id"])

    @rule(target=charges, amount=AMOUNTS, capture=st.booleans(), tip=st.none() | AMOUNTS)
    def charge(self, amount: int, capture: bool, tip: int | None) -> str:
        made = self.world.charge(
            source=self.customer, amount=amount, capture=capture, tip_amount=tip
        )
        return str(made["id"])

    @rule(charge=charges, amount=st.none() | AMOUNTS)
    def capture(self, charge: str, amount: int | None) -> None:
        before = self.world.sandbox.charges.get(charge)
        got = self.world.send("POST", f"/v1/charges/{charge}/capture", {"amount": amount})
        legal = (
            before is not None
            and before.state == "authorised"
            and (amount or 0) <= before.request.amount
        )
        assert got.status == (200 if legal else 400)

    @rule(charge=charges, amount=st.none() | AMOUNTS)
    def refund(self, charge: str, amount: int | None) -> None:
        got = self.world.send("POST", "/v1/refunds", {"charge": charge, "amount": amount})
        assert got.status in (200, 400)
        if got.status == 200:
            self.given_back[charge] = self.given_back.get(charge, 0) + got.json["amount"]

    @invariant()
    def money_is_conserved(self) -> None:
        for row in self.world.sandbox.charges:
            taken = row.amount_captured + (row.request.tip_amount or 0)
            back = self.given_back.get(row.id, 0)
            assert row.amount_captured <= row.request.amount
            assert row.amount_refunded == back
            assert row.amount_refundable >= 0
            if row.state == "captured":
                assert back <= taken

    @invariant()
    def ids_are_unique(self) -> None:
        rows = [*self.world.sandbox.charges, *self.world.sandbox.refunds]
        assert len({row.id for row in rows}) == len(rows)


Payments.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, derandomize=True, deadline=None
)
TestPayments = Payments.TestCase
