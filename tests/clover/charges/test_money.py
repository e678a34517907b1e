"""Money in random flows: captures stay within authorizations, refunds within captures.

A charge that waits for 3-D Secure or has failed cannot be refunded, and a replay changes nothing.
"""

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from tests.hostile import BROWSER
from tests.in_process import InProcessServer, Response

AMOUNTS = st.integers(1, 5_000)
FLOWS = st.sampled_from(["frictionless", "method", "method_challenge", "challenge", "decline"])
WORDS = st.sampled_from(["SUCCESS", "FAILED", "done"])
SAID = st.sampled_from(["approve", "attempt", "unavailable", "fail", "challenge", "timeout"])


class Payments(RuleBasedStateMachine):
    """Charges, 3-D Secure, captures and refunds in any order and of any amount, each sent twice."""

    charges: Bundle[str] = Bundle("charges")

    def __init__(self) -> None:
        super().__init__()
        self.server = InProcessServer()
        self.customer = self.server.customer()["id"]
        self.given_back: dict[str, int] = {}
        self.sent = 0

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Response:
        """Send a request with a new key, twice."""
        self.sent += 1
        result = headers | {"idempotency-key": str(self.sent)}
        got = self.server.send("POST", path, body, headers=result)
        after = self.server.sandbox.state()
        if got.status in (200, 402):
            assert self.server.send("POST", path, body, headers=result).body == got.body
            assert self.server.sandbox.state() == after
        return got

    @initialize(target=charges)
    def first(self) -> str:
        return str(self.server.charge(source=self.customer, amount=1_000, capture=False)["id"])

    @rule(target=charges, amount=AMOUNTS, capture=st.booleans(), tip=st.none() | AMOUNTS)
    def charge(self, amount: int, capture: bool, tip: int | None) -> str:
        created = self.server.charge(
            source=self.customer, amount=amount, capture=capture, tip_amount=tip
        )
        return str(created["id"])

    @rule(target=charges, amount=AMOUNTS, capture=st.booleans(), flow=FLOWS)
    def charge_securely(self, amount: int, capture: bool, flow: str) -> str:
        body = {
            "source": self.customer,
            "amount": amount,
            "currency": "usd",
            "capture": capture,
            "threeds": {"source": "CLOVER", "browser_info": BROWSER},
        }
        header = {"x-mock-clover-outcome": f"threeds/{flow}"}
        got = self.post("/v1/charges", body, **header)
        assert got.status == (402 if flow == "decline" else 200)
        return str(got.json["error"]["charge"] if got.status == 402 else got.json["id"])

    @rule(charge=charges, result=SAID)
    def resolve(self, charge: str, result: str) -> None:
        got = self.server.send("POST", f"/_mock/threeds/{charge}", {"result": result})
        assert got.status in (200, 400)

    @rule(charge=charges, word=WORDS)
    def finalize(self, charge: str, word: str) -> None:
        before = self.server.sandbox.charges.get(charge)
        threeds = {"source": "CLOVER", "flow_status": word}
        got = self.post("/v1/charges/finalize_payment", {"charge_id": charge, "threeds": threeds})
        assert before is not None
        assert got.status in ((200, 400, 402) if before.state == "pending" else (400,))

    @rule(charge=charges, amount=st.none() | AMOUNTS)
    def capture(self, charge: str, amount: int | None) -> None:
        before = self.server.sandbox.charges.get(charge)
        got = self.post(f"/v1/charges/{charge}/capture", {"amount": amount})
        legal = (
            before is not None
            and before.state == "authorized"
            and (amount or 0) <= before.request.amount
        )
        assert got.status == (200 if legal else 400)

    @rule(charge=charges, amount=st.none() | AMOUNTS)
    def refund(self, charge: str, amount: int | None) -> None:
        before = self.server.sandbox.charges.get(charge)
        got = self.post("/v1/refunds", {"charge": charge, "amount": amount})
        assert before is not None
        alive = before.state in ("authorized", "captured")
        assert got.status in ((200, 400) if alive else (400,))
        if got.status == 200:
            self.given_back[charge] = self.given_back.get(charge, 0) + got.json["amount"]

    @invariant()
    def money_is_conserved(self) -> None:
        for row in self.server.sandbox.charges:
            taken = row.amount_captured + (row.request.tip_amount or 0)
            back = self.given_back.get(row.id, 0)
            assert row.amount_captured <= row.request.amount
            assert row.amount_refunded == back
            assert row.amount_refundable >= 0
            if row.state == "captured":
                assert back <= taken
            if row.state in ("pending", "failed"):
                assert (row.amount_captured, back) == (0, 0)

    @invariant()
    def ids_are_unique(self) -> None:
        rows = [*self.server.sandbox.charges, *self.server.sandbox.refunds]
        assert len({row.id for row in rows}) == len(rows)


Payments.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, derandomize=True, deadline=None
)
TestPayments = Payments.TestCase
